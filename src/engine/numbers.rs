//! Numbers for the lead: brought up to date, then looked up.

use super::access::Who;
use crate::model::access::{Resource, Verb};
use crate::protocol::numbers::NumbersWanted;
use crate::protocol::{Problem, Response};
use jiff::tz::TimeZone;

/// Steps of bringing up to date that a question waits for; the rest is done when the writer is idle.
const STEPS: usize = 40;
/// Longest time that can be asked for.
const RANGE: i64 = 400 * 86_400_000;

/// Answers a question about numbers. Whoever may not see the activity log sees their own.
pub(super) async fn answer(who: &Who, mut wanted: NumbersWanted) -> Result<Response, Problem> {
    if wanted.until <= wanted.since || wanted.until - wanted.since > RANGE {
        return Err(Problem::new("field", "the time must end after it begins, and be at most 400 days long"));
    }
    let own = !who.access.allows(Resource::ActivityLog, Verb::View);
    if own {
        let me = who.operator();
        if wanted.operator.as_deref().is_some_and(|o| o != me) {
            return Err(Problem::new("forbidden", "your role sees its own numbers, not those of others")
                .next("ask an admin for activity_log.view"));
        }
        wanted.operator = Some(me.to_owned());
    }
    let shared = &who.shared;
    for _ in 0..STEPS {
        if !shared.store.tidy_numbers().await? {
            break;
        }
    }
    shared.tidy.notify_one();
    let zone = wanted.zone.as_deref().and_then(|z| TimeZone::get(z).ok()).unwrap_or_else(TimeZone::system);
    let now = shared.clock.now();
    let numbers = shared.store.read_slow(move |r| r.numbers(&wanted, own, now, &zone)).await?;
    Ok(Response::Numbers(Box::new(numbers)))
}
