//! Silence: no webhook for so long, although one was to be expected.
//!
//! Nobody writing at night is no alarm. Something is wrong when the provider took a message of ours and no status came,
//! or when a number that is busy at this hour of this weekday is dead.

use super::Shared;
use crate::clock::Millis;
use crate::model::event::{Actor, EventBody};
use crate::model::inbound::Severity;
use crate::protocol::{Changed, Silence};
use crate::store::StoreError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(15);
/// So many webhooks in the same span a week ago, and two weeks ago, make a number busy.
const BUSY: u32 = 10;
const WEEK: Millis = 7 * 86_400_000;

/// What the rule needs to know of an account.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    /// Now.
    pub now: Millis,
    /// Silence is what lasts this long; zero = never.
    pub limit: Millis,
    /// Since when the listener answers; `None` while it does not.
    pub listening: Option<Millis>,
    /// The last webhook.
    pub last: Option<Millis>,
    /// When the provider took the first message of ours after the last webhook, of those without a status.
    pub waiting: Option<Millis>,
    /// Whether the number was busy in this span a week ago, and two weeks ago.
    pub busy: bool,
}

/// Whether it is long enough since anything came that the rest is worth asking.
fn quiet(f: &Facts) -> Option<Millis> {
    // While nobody listened nothing could come; the provider tries again for days.
    let from = f.listening?.max(f.last.unwrap_or(0));
    (f.limit > 0 && f.now - from >= f.limit).then_some(from)
}

/// Since when an account is silent, and why something was to be expected.
pub(super) fn silent(f: &Facts) -> Option<(Millis, &'static str)> {
    let from = quiet(f)?;
    if let Some(accepted) = f.waiting.filter(|at| f.last.is_none_or(|last| *at > last)) {
        let since = from.max(accepted);
        if f.now - since >= f.limit {
            return Some((since, "the provider took a message of ours, and no status came"));
        }
    }
    f.busy.then_some((from, "at this hour of this weekday the number is busy as a rule"))
}

/// What was found at the last look.
#[derive(Default)]
pub(super) struct Watch {
    found: Mutex<(Option<Millis>, Vec<Silence>)>,
    listening: Mutex<Option<Millis>>,
    any: AtomicBool,
    wake: Notify,
}

impl Watch {
    /// The listener answers from now on, or does not.
    pub(super) fn listening(&self, since: Option<Millis>) {
        *self.listening.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    /// A webhook came: who was silent may not be any more.
    pub(super) fn heard(&self) {
        if self.any.load(Ordering::Relaxed) {
            self.wake.notify_one();
        }
    }

    /// Who is silent; looked at again when the last look is too long ago.
    pub(super) async fn now(&self, shared: &Shared) -> Vec<Silence> {
        let now = shared.clock.now();
        let (at, found) = self.found.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if at.is_some_and(|at| (now - at).abs() < LOOK.as_millis() as Millis) {
            return found;
        }
        self.look(shared).await.unwrap_or(found)
    }

    async fn look(&self, shared: &Shared) -> Result<Vec<Silence>, StoreError> {
        let listening = *self.listening.lock().unwrap_or_else(PoisonError::into_inner);
        let found = find(shared, listening).await?;
        self.any.store(!found.is_empty(), Ordering::Relaxed);
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) =
            (Some(shared.clock.now()), found.clone());
        Ok(found)
    }
}

async fn find(shared: &Shared, listening: Option<Millis>) -> Result<Vec<Silence>, StoreError> {
    let now = shared.clock.now();
    let limit = i64::try_from(shared.live().silence.as_millis()).unwrap_or(0);
    if limit == 0 || listening.is_none() {
        return Ok(Vec::new());
    }
    let (views, waiting) = shared.store.read(|r| Ok((r.accounts()?, r.without_status()?))).await?;
    let mut out = Vec::new();
    for account in shared.accounts().iter().filter(|a| a.is_connected()) {
        let id = account.id();
        let last = views.iter().find(|v| v.spec.id == *id).and_then(|v| v.last_webhook);
        let mut facts = Facts {
            now,
            limit,
            listening,
            last,
            waiting: waiting
                .iter()
                .filter(|(a, at)| a == id && last.is_none_or(|last| *at > last))
                .map(|(_, at)| *at)
                .min(),
            busy: false,
        };
        if quiet(&facts).is_some() && silent(&facts).is_none() {
            let (id, number) = (id.clone(), account.settings.spec.number.clone());
            facts.busy = shared
                .store
                .read_slow(move |r| {
                    for weeks in 1..=2 {
                        let to = now - weeks * WEEK;
                        if r.webhooks_between(&id, &number, to - limit, to, BUSY)? < BUSY {
                            return Ok(false);
                        }
                    }
                    Ok(true)
                })
                .await?;
        }
        if let Some((since, why)) = silent(&facts) {
            out.push(Silence { account: id.clone(), since, why: why.into() });
        }
    }
    Ok(out)
}

/// Looks now and then until the engine stops; tells the clients what changed, and notes who fell silent.
pub(super) async fn watch(shared: Arc<Shared>) {
    let mut known: Vec<Silence> = Vec::new();
    loop {
        tokio::select! {
            () = shared.stop.cancelled() => return,
            () = shared.silence.wake.notified() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
        let found = match shared.silence.look(&shared).await {
            Ok(found) => found,
            Err(StoreError::Stopped) => return,
            Err(error) => {
                tracing::warn!(%error, "whether an account is silent could not be found out");
                continue;
            }
        };
        if found == known {
            continue;
        }
        for s in found.iter().filter(|s| known.iter().all(|k| k.account != s.account)) {
            let minutes = (shared.clock.now() - s.since) / 60_000;
            let body = EventBody::Noticed {
                account: s.account.clone(),
                severity: Severity::Warning,
                field: "silence".into(),
                text: format!(
                    "no webhook for {minutes} min: {}; `switchboard doctor` walks the chain",
                    s.why
                ),
            };
            if let Err(error) = shared.store.apply(shared.event(Actor::Engine, body)).await {
                tracing::warn!(%error, "a notice could not be kept");
            }
        }
        known = found;
        shared.hub.publish(&[Changed::StatusChanged]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIN: Millis = 60_000;
    const NOW: Millis = 1_795_176_000_000;

    fn facts() -> Facts {
        Facts {
            now: NOW,
            limit: 30 * MIN,
            listening: Some(NOW - 600 * MIN),
            last: Some(NOW - 300 * MIN),
            waiting: None,
            busy: false,
        }
    }

    #[test]
    fn nobody_writing_is_no_alarm() {
        assert_eq!(silent(&facts()), None);
        assert_eq!(silent(&Facts { last: None, ..facts() }), None);
    }

    #[test]
    fn a_message_without_a_status_is_one() {
        let f = Facts { waiting: Some(NOW - 30 * MIN), ..facts() };
        assert_eq!(silent(&f).map(|s| s.0), Some(NOW - 30 * MIN));
        assert_eq!(silent(&Facts { waiting: Some(NOW - 29 * MIN), ..f }), None, "not long enough");
        assert_eq!(silent(&Facts { last: Some(NOW - 2 * MIN), ..f }), None, "something came since");
        assert_eq!(silent(&Facts { last: Some(NOW - 30 * MIN), ..f }), None, "its status may be what came");
        assert_eq!(silent(&Facts { last: None, ..f }).map(|s| s.0), Some(NOW - 30 * MIN));
        assert_eq!(silent(&Facts { limit: 0, ..f }), None, "switched off");
    }

    #[test]
    fn while_nobody_listened_nothing_could_come() {
        let f = Facts { waiting: Some(NOW - 500 * MIN), last: Some(NOW - 600 * MIN), ..facts() };
        assert_eq!(silent(&Facts { listening: None, ..f }), None);
        assert_eq!(silent(&Facts { listening: Some(NOW - 5 * MIN), ..f }), None);
        assert_eq!(
            silent(&Facts { listening: Some(NOW - 31 * MIN), ..f }).map(|s| s.0),
            Some(NOW - 31 * MIN)
        );
    }

    #[test]
    fn a_busy_number_that_is_dead_is_one() {
        let f = Facts { busy: true, last: Some(NOW - 31 * MIN), ..facts() };
        assert_eq!(silent(&f).map(|s| s.0), Some(NOW - 31 * MIN));
        assert_eq!(silent(&Facts { last: Some(NOW - 29 * MIN), ..f }), None);
    }
}
