//! The outbox at work: sends of one thread leave in order, threads do not wait for each other.
//!
//! An attempt is committed as started before the first byte leaves, and its end is committed before the next send
//! of the thread. What was on the wire when something broke is `unknown`, never sent again by itself.

use super::Shared;
use crate::clock::Millis;
use crate::model::delivery::DeliveryError;
use crate::model::event::{AttemptOutcome, EventBody};
use crate::model::ids::ThreadId;
use crate::provider::{Outcome, SendRequest};
use crate::store::{DueSend, StoreError};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Attempts on the wire at the same time.
const PARALLEL: usize = 16;
/// Threads looked at in one go.
const LOOK: u32 = 256;
/// Attempts before a send that the provider keeps putting off counts as failed.
const TRIES: u32 = 8;
/// Longest wait of our own backoff: five minutes.
const BACKOFF_MAX: Millis = 300_000;

/// Sends what is due until the engine stops.
pub(super) async fn run(shared: Arc<Shared>) {
    let mut running: JoinSet<ThreadId> = JoinSet::new();
    let mut busy: HashSet<ThreadId> = HashSet::new();
    loop {
        let now = shared.clock.now();
        let due = match shared.store.read(|r| r.due(LOOK)).await {
            Ok(due) => due,
            Err(StoreError::Stopped) => break,
            Err(error) => {
                tracing::error!(%error, "the outbox could not be read");
                Vec::new()
            }
        };
        let mut next: Option<Millis> = None;
        for send in due {
            if busy.contains(&send.thread) {
                continue;
            }
            if send.not_before > now {
                next = Some(next.map_or(send.not_before, |n| n.min(send.not_before)));
                continue;
            }
            if running.len() >= PARALLEL {
                break;
            }
            busy.insert(send.thread);
            let shared = Arc::clone(&shared);
            running.spawn(async move {
                let thread = send.thread;
                if let Err(error) = attempt(&shared, &send).await {
                    tracing::error!(%error, message = %send.message, "an attempt could not be recorded");
                }
                thread
            });
        }
        let wait = next.map(|at| Duration::from_millis(u64::try_from(at - now).unwrap_or(0).max(1)));
        tokio::select! {
            () = shared.stop.cancelled() => break,
            () = shared.outbox.notified() => {}
            Some(done) = running.join_next(), if !running.is_empty() => {
                match done {
                    Ok(thread) => { busy.remove(&thread); }
                    Err(error) => {
                        tracing::error!(%error, "an attempt ended badly");
                        busy.clear();
                    }
                }
            }
            () = tokio::time::sleep(wait.unwrap_or_default()), if wait.is_some() => {}
        }
    }
    // What is on the wire may end; nothing new starts.
    while running.join_next().await.is_some() {}
}

/// How often a send is tried that the provider keeps putting off with this code: the reference limits retries of
/// unknown errors (1: once, 131000: three times).
fn tries_for(code: i64) -> u32 {
    match code {
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

/// Why free text did not leave.
pub(super) fn window_error() -> DeliveryError {
    DeliveryError {
        code: 0,
        text: "the customer service window closed before this was sent".into(),
        cause: Some("more than 24 hours have passed since the customer wrote".into()),
        next: Some("send a template, or wait until the customer writes".into()),
    }
}

async fn attempt(shared: &Shared, send: &DueSend) -> Result<(), StoreError> {
    let message = send.message;
    let attempt = send.attempt;
    let started = shared.engine_event(EventBody::AttemptStarted { message, attempt }).await;
    match started {
        Ok(()) => {}
        // Withdrawn in the meantime.
        Err(StoreError::Rule(_) | StoreError::Missing(_)) => return Ok(()),
        Err(e) => return Err(e),
    }
    let outcome = carry_out(shared, send).await;
    let body = EventBody::AttemptEnded { message, attempt, outcome };
    shared.engine_event(body).await
}

async fn carry_out(shared: &Shared, send: &DueSend) -> AttemptOutcome {
    let rejected = |text: String, next: &str| AttemptOutcome::Rejected {
        error: DeliveryError { code: 0, text, cause: None, next: Some(next.to_owned()) },
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
        return AttemptOutcome::Rejected { error: window_error() };
    }
    let opaque = send.attempt.to_string();
    let request = SendRequest {
        to: &open.to,
        content: &open.content,
        reaction_target: open.target.as_deref(),
        quote: open.quote.as_deref(),
        opaque: &opaque,
    };
    match account.provider.send(request).await {
        Outcome::Accepted { provider_id, recipient } => AttemptOutcome::Accepted { provider_id, recipient },
        Outcome::Rejected(error) => AttemptOutcome::Rejected { error },
        Outcome::Unknown(error) => AttemptOutcome::Unknown { error },
        Outcome::Retry { error, .. } if send.tries + 1 >= tries_for(error.code) => {
            AttemptOutcome::Rejected { error }
        }
        Outcome::Retry { after, error } => {
            let wait = after.map_or_else(
                || backoff(error.code, send.tries),
                |d| i64::try_from(d.as_millis()).unwrap_or(BACKOFF_MAX),
            );
            AttemptOutcome::RetryAt { at: shared.clock.now() + wait, error }
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
}
