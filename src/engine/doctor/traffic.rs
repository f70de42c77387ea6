//! What came last, what could not be read, and what waits to leave.

use super::{Finding, check, fail, pass, warn};
use crate::clock::Millis;
use crate::engine::Shared;
use crate::protocol::Check;
use crate::store::Reader;

/// Without a webhook for this long, something may be wrong: three hours.
const SILENCE: Millis = 3 * 3_600_000;
/// So many messages in the outbox deserve a look.
const BACKLOG: u32 = 100;

const POINT: &str =
    "check that the provider's webhook settings point at the listener and that the app is subscribed";

pub(super) async fn run(shared: &Shared) -> Vec<Check> {
    let mut out = Vec::new();
    let now = shared.clock.now();
    let silent = shared.silence.now(shared).await;
    let views = shared.store.read(Reader::accounts).await.unwrap_or_default();
    for account in shared.accounts().iter().filter(|a| a.is_connected()) {
        let last = views.iter().find(|v| v.spec.id == *account.id()).and_then(|v| v.last_webhook);
        let silence = silent.iter().find(|s| s.account == *account.id());
        let finding = match silence {
            Some(s) => fail(format!("no webhook for {}: {}", age(now - s.since), s.why), POINT),
            None => last_webhook(now, last),
        };
        out.push(check("webhook.last", Some(account), finding));
    }
    out.push(check("webhook.failed", None, match shared.store.read(Reader::webhook_facts).await {
        Err(e) => fail(e.to_string(), "run the doctor again"),
        Ok((_, 0)) => pass("every webhook that is kept was understood"),
        Ok((_, n)) => warn(
            format!("{n} webhooks were kept without being understood in full"),
            "`switchboard webhooks failed` lists them; after an update `switchboard webhooks replay --failed` reads them again",
        ),
    }));
    out.push(check(
        "outbox",
        None,
        match shared.store.read(Reader::outbox_counts).await {
            Err(e) => fail(e.to_string(), "run the doctor again"),
            Ok((open, _, unknown)) => outbox(open, unknown),
        },
    ));
    out
}

fn age(by: Millis) -> String {
    match by.max(0) / 60_000 {
        m if m < 120 => format!("{m} min"),
        m if m < 48 * 60 => format!("{} h", m / 60),
        m => format!("{} days", m / 1440),
    }
}

fn last_webhook(now: Millis, last: Option<Millis>) -> Finding {
    match last {
        None => warn("no webhook has ever come", POINT),
        Some(at) => {
            let seen = format!("the last webhook came {} ago", age(now - at));
            if now - at > SILENCE { warn(seen, POINT) } else { pass(seen) }
        }
    }
}

fn outbox(open: u32, unknown: u32) -> Finding {
    let seen = format!("{open} waiting, {unknown} with unknown fate");
    match (open, unknown) {
        (_, 1..) => warn(seen, "open the threads marked ✗ and send again or put aside"),
        (o, 0) if o > BACKLOG => {
            warn(seen, "see whether the provider takes messages: it may limit this number")
        }
        _ => pass(seen),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Verdict::{Pass, Warn};

    #[test]
    fn what_came_and_what_waits_is_judged() {
        assert_eq!(last_webhook(SILENCE, None).0, Warn);
        assert_eq!(last_webhook(SILENCE, Some(0)).0, Pass);
        assert_eq!(last_webhook(SILENCE + 1, Some(0)).0, Warn);
        assert_eq!(outbox(0, 0).0, Pass);
        assert_eq!(outbox(101, 0).0, Warn);
        assert_eq!(outbox(0, 1).0, Warn);
        assert_eq!(
            (age(60_000), age(7_200_000), age(172_800_000)),
            ("1 min".into(), "2 h".into(), "2 days".into())
        );
    }
}
