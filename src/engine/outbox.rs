//! The outbox at work: sends of one thread leave in order, threads do not wait for each other.
//!
//! An attempt is committed as started before the first byte leaves, and its end is committed before the next send
//! of the thread. What was on the wire when something broke is `unknown`, never sent again by itself. What a limit
//! of the provider holds up waits in the store, so that it is seen and survives a restart.

use super::hand_over::{self, Ready};
use super::limits::{self, Limits, Verdict};
use super::sendable;
use super::{Shared, history, templates};
use crate::clock::Millis;
use crate::model::delivery::{DeliveryError, HoldScope, WaitReason};
use crate::model::event::{AttemptOutcome, EventBody};
use crate::model::ids::{AccountId, MessageId, ThreadId};
use crate::provider::{Outcome, SendRequest};
use crate::store::{Due, DueSend, StoreError};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Attempts of one account on the wire at the same time: one that hangs does not hold up the others.
const PARALLEL: usize = 32;
/// Threads of an account looked at in one go.
const LOOK: u32 = 256;
/// Attempts before a send that the provider keeps putting off counts as failed.
const TRIES: u32 = 8;
/// Attempts before a send counts as failed whose provider cannot be reached at all: with our backoff about four hours.
const TRIES_UNREACHED: u32 = 56;
/// Longest wait of our own backoff: five minutes.
const BACKOFF_MAX: Millis = 300_000;
/// Longest wait that a provider may ask for: a day.
const HOLD_MAX: Millis = 86_400_000;
/// Shortest wait before another attempt, whatever the provider says.
const PAUSE: Millis = 1_000;
/// A wait from this length on is kept and shown; shorter ones only happen.
const SHOWN: Millis = 1_000;
/// A message of a paused account is looked at again after this long; going on frees it at once.
const PAUSED: Millis = 24 * 3_600_000;
/// A store that could not be read is asked again after this long.
const AGAIN: Millis = 5_000;

/// How an attempt ended, for the limits.
struct Done {
    account: AccountId,
    thread: ThreadId,
    held: Option<(HoldScope, Millis)>,
    /// The store did not take it.
    unrecorded: bool,
}

/// The worker's memory.
#[derive(Default)]
struct Worker {
    limits: Limits,
    busy: HashSet<ThreadId>,
    on_wire: HashMap<AccountId, usize>,
    /// Accounts that are paused.
    paused: Vec<AccountId>,
    /// Nothing starts before this time: the store does not take anything.
    rest_until: Millis,
}

/// Sends what is due until the engine stops.
pub(super) async fn run(shared: Arc<Shared>) {
    let mut worker = Worker::default();
    let mut running: JoinSet<Done> = JoinSet::new();
    if let Err(error) = worker.remember(&shared).await {
        tracing::error!(%error, "the last attempts could not be read");
    }
    loop {
        let now = shared.clock.now();
        let due = match worker.look(&shared, now).await {
            Ok(due) => due,
            Err(StoreError::Stopped) => break,
            Err(error) => {
                tracing::error!(%error, "the outbox could not be read");
                Due { next: Some(now + AGAIN), ..Due::default() }
            }
        };
        let next = worker.start(&shared, &mut running, due, now).await;
        tokio::select! {
            () = shared.stop.cancelled() => break,
            () = shared.outbox.notified() => {}
            Some(done) = running.join_next(), if !running.is_empty() => match done {
                Ok(done) => worker.ended(&done, shared.clock.now()),
                Err(error) => {
                    tracing::error!(%error, "an attempt ended badly");
                    worker.busy.clear();
                    worker.on_wire.clear();
                }
            },
            () = shared.clock.until(next.unwrap_or_default()), if next.is_some() => {}
        }
    }
    // What is on the wire may end; nothing new starts.
    while running.join_next().await.is_some() {}
}

impl Worker {
    /// Counts what left before this engine started, so that a restart is no way past a limit.
    async fn remember(&mut self, shared: &Shared) -> Result<(), StoreError> {
        let now = shared.clock.now();
        let (memory, holds) = (now - limits::MEMORY, now - HOLD_MAX);
        let recent = shared.store.read_slow(move |r| r.recent_attempts(memory, holds)).await?;
        for a in recent {
            if a.at > memory {
                self.limits.count(&a.account, a.thread, a.at.min(now));
            }
            if let Some(AttemptOutcome::RetryAt { at, scope, .. }) = a.outcome {
                self.limits.hold(scope, &a.account, a.thread, at, now);
            }
        }
        Ok(())
    }

    async fn look(&mut self, shared: &Shared, now: Millis) -> Result<Due, StoreError> {
        let (due, facts, paused) =
            shared.store.read(move |r| Ok((r.due(now, LOOK)?, r.number_facts()?, r.paused()?))).await?;
        self.paused = paused;
        for (account, facts) in facts {
            self.limits.set_level(&account, limits::level(&facts));
        }
        Ok(due)
    }

    /// Starts what may leave and puts off what may not; says when something comes due by itself.
    async fn start(
        &mut self,
        shared: &Arc<Shared>,
        running: &mut JoinSet<Done>,
        due: Due,
        now: Millis,
    ) -> Option<Millis> {
        if now < self.rest_until {
            return Some(self.rest_until);
        }
        // What cannot be noted must not leave.
        if shared.disk.trouble().is_some() {
            return Some(now + AGAIN);
        }
        let mut next = due.next;
        let mut put_off: BTreeMap<(Millis, &str), (WaitReason, Vec<MessageId>)> = BTreeMap::new();
        for send in due.sends {
            if self.busy.contains(&send.thread) {
                continue;
            }
            let on_wire = self.on_wire.entry(send.account.clone()).or_default();
            if *on_wire >= PARALLEL {
                continue;
            }
            let verdict = if self.paused.contains(&send.account) {
                Verdict::Wait(now + PAUSED, WaitReason::Account)
            } else {
                self.limits.ask(&send.account, send.thread, now)
            };
            match verdict {
                Verdict::Go => {
                    *on_wire += 1;
                    self.busy.insert(send.thread);
                    let shared = Arc::clone(shared);
                    running.spawn(async move {
                        let result = attempt(&shared, &send).await;
                        if let Err(error) = &result {
                            tracing::error!(%error, message = %send.message, "an attempt could not be recorded");
                        }
                        Done {
                            account: send.account,
                            thread: send.thread,
                            unrecorded: result.is_err(),
                            held: result.unwrap_or_default(),
                        }
                    });
                }
                Verdict::Wait(until, why) => {
                    next = Some(next.map_or(until, |n| n.min(until)));
                    if until - now >= SHOWN {
                        let same = put_off.entry((until, why.as_str())).or_insert((why, Vec::new()));
                        same.1.push(send.message);
                    }
                }
            }
        }
        for ((until, _), (why, messages)) in put_off {
            if let Err(error) = shared.engine_event(EventBody::SendsPutOff { messages, until, why }).await {
                tracing::error!(%error, "a wait could not be recorded");
            }
        }
        next
    }

    fn ended(&mut self, done: &Done, now: Millis) {
        self.busy.remove(&done.thread);
        if let Some(n) = self.on_wire.get_mut(&done.account) {
            *n = n.saturating_sub(1);
        }
        if done.unrecorded {
            self.rest_until = now + AGAIN;
        }
        if let Some((scope, until)) = done.held {
            self.limits.hold(scope, &done.account, done.thread, until, now);
        }
    }
}

/// How often a send is tried that the provider keeps putting off with this code: the reference limits retries of
/// unknown errors (1: once, 131000: three times). Without a code the provider was not reached, or said only that
/// there are too many requests.
fn tries_for(code: i64) -> u32 {
    match code {
        0 => TRIES_UNREACHED,
        1 => 2,
        131_000 => 4,
        _ => TRIES,
    }
}

/// Our own wait before the next attempt. Too many messages to one person (131056) ask for 4^n seconds.
fn backoff(code: i64, tries: u32) -> Millis {
    let base: Millis = if code == 131_056 { 4 } else { 2 };
    base.saturating_pow(tries.min(16)).saturating_mul(1_000).min(BACKOFF_MAX)
}

/// When the next attempt may start: as the provider wishes, else after our own wait.
fn wait_of(after: Option<Duration>, code: i64, tries: u32) -> Millis {
    match after {
        Some(wish) => i64::try_from(wish.as_millis()).unwrap_or(BACKOFF_MAX).max(PAUSE),
        None => backoff(code, tries),
    }
}

/// Why free text did not leave.
pub(super) fn window_error() -> DeliveryError {
    DeliveryError {
        code: 0,
        text: "the customer service window closed before this was sent".into(),
        cause: Some("more than 24 hours have passed since the customer wrote".into()),
        next: Some("send a template, or wait until the customer writes".into()),
    }
}

/// Makes an attempt. Who has to wait until when because of its end.
async fn attempt(shared: &Arc<Shared>, send: &DueSend) -> Result<Option<(HoldScope, Millis)>, StoreError> {
    let message = send.message;
    let attempt = send.attempt;
    let ready = match sendable::at_attempt(shared, send).await? {
        // It was paused this moment: the next look lets it wait.
        Some(why) if why.waits => Ready::Stopped,
        Some(why) => Ready::Refused(DeliveryError {
            code: 0,
            text: why.what,
            cause: Some(why.means),
            next: Some(why.next),
        }),
        None => hand_over::prepare(shared, send).await?,
    };
    let (ended, hindered) = match ready {
        Ready::Stopped => return Ok(None),
        Ready::Refused(error) => (Ended::Is(AttemptOutcome::Rejected { error }), true),
        Ready::PutOff { after, error, scope } => {
            let at = shared.clock.now() + wait_of(after, error.code, send.tries);
            (Ended::PutOff { at, error, scope }, true)
        }
        ready @ (Ready::Has(_) | Ready::Nothing) => {
            let started = shared.engine_event(EventBody::AttemptStarted { message, attempt }).await;
            match started {
                Ok(()) => {}
                // Withdrawn in the meantime.
                Err(StoreError::Rule(_) | StoreError::Missing(_)) => return Ok(None),
                Err(e) => return Err(e),
            }
            let media = if let Ready::Has(id) = ready { Some(id) } else { None };
            (carry_out(shared, send, media.as_deref()).await, false)
        }
    };
    let (outcome, held) = match ended {
        Ended::Is(outcome) => (outcome, None),
        Ended::PutOff { at, error, scope } if send.tries + 1 >= tries_for(error.code) => {
            (AttemptOutcome::Rejected { error }, Some((scope, at)))
        }
        Ended::PutOff { at, error, scope } => {
            (AttemptOutcome::RetryAt { at, error, scope }, Some((scope, at)))
        }
    };
    loop {
        let outcome = outcome.clone();
        let body = if hindered {
            EventBody::AttemptHindered { message, attempt, outcome }
        } else {
            EventBody::AttemptEnded { message, attempt, outcome }
        };
        match shared.engine_event(body).await {
            Ok(()) => return Ok(held),
            // Withdrawn while its file was on its way.
            Err(StoreError::Rule(_) | StoreError::Missing(_)) if hindered => return Ok(held),
            Err(e @ (StoreError::Stopped | StoreError::Rule(_) | StoreError::Missing(_))) => return Err(e),
            // A full disk: what is known of the attempt must not be lost, and the thread waits.
            Err(error) => tracing::error!(%error, %message, "the end of an attempt could not be recorded"),
        }
        let again = shared.clock.now() + AGAIN;
        tokio::select! {
            () = shared.stop.cancelled() => return Err(StoreError::Stopped),
            () = shared.clock.until(again) => {}
        }
    }
}

/// How an attempt went.
enum Ended {
    /// So.
    Is(AttemptOutcome),
    /// The provider wants it later.
    PutOff { at: Millis, error: DeliveryError, scope: HoldScope },
}

async fn carry_out(shared: &Shared, send: &DueSend, media: Option<&str>) -> Ended {
    let rejected = |text: String, next: &str| {
        let error = DeliveryError { code: 0, text, cause: None, next: Some(next.to_owned()) };
        Ended::Is(AttemptOutcome::Rejected { error })
    };
    let Some(account) = shared.account(&send.account) else {
        return rejected(
            format!("the account `{}` is not configured any more", send.account),
            "configure it again, then send the message again",
        );
    };
    let message = send.message;
    let open = match shared.store.read(move |r| r.open_attempt(message)).await {
        Ok(Some(open)) => open,
        Ok(None) => return rejected("the message is gone from the outbox".into(), "write it again"),
        Err(error) => return rejected(error.to_string(), "run `switchboard doctor`"),
    };
    let closed = account.provider.capabilities().window && !open.window.is_open(shared.clock.now());
    if closed && !open.content.may_leave_closed_window() {
        return Ended::Is(AttemptOutcome::Rejected { error: window_error() });
    }
    let opaque = send.attempt.to_string();
    let request = SendRequest {
        to: &open.to,
        content: &open.content,
        reaction_target: open.target.as_deref(),
        quote: open.quote.as_deref(),
        media,
        opaque: &opaque,
    };
    let on_its_way = history::OnItsWay::new(shared);
    let outcome = account.provider.send(request).await;
    drop(on_its_way);
    templates::heard(shared, &send.account, &open.content, &outcome);
    match outcome {
        Outcome::Accepted { provider_id, recipient } => {
            Ended::Is(AttemptOutcome::Accepted { provider_id, recipient })
        }
        Outcome::Rejected(error) => Ended::Is(AttemptOutcome::Rejected { error }),
        Outcome::Unknown(error) => Ended::Is(AttemptOutcome::Unknown { error }),
        Outcome::Retry { after, error, scope } => {
            let at = shared.clock.now() + wait_of(after, error.code, send.tries);
            Ended::PutOff { at, error, scope }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_grows_and_is_bounded() {
        assert_eq!(backoff(130_429, 0), 1_000);
        assert_eq!(backoff(130_429, 3), 8_000);
        assert_eq!(backoff(131_056, 3), 64_000);
        assert_eq!(backoff(131_056, 60), BACKOFF_MAX);
        assert!(tries_for(1) < tries_for(131_000) && tries_for(131_000) < tries_for(130_429));
    }

    #[test]
    fn the_providers_wish_wins_but_never_spins() {
        assert_eq!(wait_of(Some(Duration::from_secs(7)), 130_429, 5), 7_000);
        assert_eq!(wait_of(Some(Duration::ZERO), 130_429, 0), PAUSE);
        assert_eq!(wait_of(None, 131_056, 2), 16_000);
    }
}
