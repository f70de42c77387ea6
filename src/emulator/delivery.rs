//! The webhook queues: one for each callback, in order, the same bytes again until they are taken.
//!
//! Owns enqueueing, signing, posting and the times between attempts. Does not know what a webhook says.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Notify;

use super::state::{Queued, State};
use super::wire;
use super::{Core, faults, kapso};
use crate::clock::Millis;

/// Webhooks older than this are dropped.
const KEEP_TRYING: Millis = 7 * 24 * 60 * 60 * 1000;
/// The longest wait between two attempts, before the speed is applied.
const LONGEST_WAIT: f64 = 64.0;
/// Webhooks waiting for one callback; beyond it the oldest is dropped.
const QUEUE: usize = 20_000;
/// A clock that is set by hand is looked at this often while something waits for its time.
const LOOK: Duration = Duration::from_millis(500);

/// Wakes the worker of one callback.
#[derive(Debug, Default)]
pub struct Bell {
    /// Something was queued.
    pub queued: Notify,
    /// The callback was set anew: try at once.
    moved: Notify,
}

impl Bell {
    /// Waits until it rings, or for so long. `false` when the emulator stops.
    pub async fn rings(&self, core: &Core, wait: Option<Duration>) -> bool {
        let pause = async {
            match wait {
                Some(wait) => tokio::time::sleep(wait.min(LOOK)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = core.stop.cancelled() => false,
            () = self.queued.notified() => true,
            () = pause => true,
        }
    }
}

/// Queues changes of one number, or of the account when `number` is none, as one POST.
pub fn enqueue(core: &Arc<Core>, st: &mut State, number: Option<&str>, changes: &[(String, Value)]) {
    if kapso::hear::heard(core, st, number, changes) {
        return;
    }
    let Some(slot) = st.slot(number) else {
        st.counts.webhooks_unsubscribed += 1;
        return;
    };
    let now = core.clock.now();
    let time = number.is_none().then_some(now);
    let mut body = wire::envelope(&core.scenario.account.id, changes, time);
    let target = faults::webhook::target(core, st, changes);
    let hits = core.faults.webhook(&target, now);
    let fate = faults::webhook::apply(core, st, &hits, changes, &mut body);
    let tells = told_by(&body);
    let body = wire::escaped(&body);
    let forged = fate.forged.then(|| (fate.times[0], true));
    for (not_before, forged) in forged.into_iter().chain(fate.times.into_iter().map(|t| (t, false))) {
        st.last_webhook += 1;
        let tells = if forged { Vec::new() } else { tells.clone() };
        let queued = Queued {
            id: st.last_webhook,
            body: body.clone(),
            since: now,
            attempts: 0,
            not_before,
            forged,
            tells,
        };
        let queue = st.queues.entry(slot.clone()).or_default();
        if queue.len() == QUEUE {
            queue.pop_front();
            st.counts.webhooks_dropped += 1;
        }
        queue.push_back(queued);
    }
    bell(core, &slot).queued.notify_one();
}

/// The states and messages that a webhook tells of.
fn told_by(body: &Value) -> Vec<(String, String)> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut tells = Vec::new();
    for change in list(&body["entry"][0]["changes"]) {
        for status in list(&change["value"]["statuses"]) {
            if let (Some(id), Some(word)) = (status["id"].as_str(), status["status"].as_str()) {
                tells.push((id.to_owned(), word.to_owned()));
            }
        }
        for message in list(&change["value"]["messages"]) {
            tells.extend(message["id"].as_str().map(|id| (id.to_owned(), String::new())));
        }
    }
    tells
}

/// Tells the worker of `slot` that its callback was set.
pub fn moved(core: &Arc<Core>, slot: &str) {
    let bell = bell(core, slot);
    bell.queued.notify_one();
    bell.moved.notify_one();
}

/// The bell of a slot; the first ring starts its worker.
fn bell(core: &Arc<Core>, slot: &str) -> Arc<Bell> {
    let (bell, new) = bell_of(core, slot);
    if new {
        core.tasks.spawn(work(core.clone(), slot.to_owned(), bell.clone()));
    }
    bell
}

/// The bell of a slot, and whether it is new, so that somebody has to listen to it.
pub fn bell_of(core: &Core, slot: &str) -> (Arc<Bell>, bool) {
    let mut bells = core.bells();
    if let Some(bell) = bells.get(slot) {
        return (bell.clone(), false);
    }
    let bell = Arc::new(Bell::default());
    bells.insert(slot.to_owned(), bell.clone());
    (bell, true)
}

async fn work(core: Arc<Core>, slot: String, bell: Arc<Bell>) {
    loop {
        let (url, head) = match next(&core, &slot) {
            Next::Due(url, head) => (url, head),
            Next::Later(wait) => {
                if !bell.rings(&core, wait).await {
                    return;
                }
                continue;
            }
        };
        let Queued { id, body, forged, .. } = *head;
        let taken = tokio::select! {
            () = core.stop.cancelled() => return,
            taken = post(&core, &url, body, forged) => taken,
        };
        match settle(&core, &slot, id, taken) {
            None => {}
            Some(wait) => tokio::select! {
                () = core.stop.cancelled() => return,
                () = bell.moved.notified() => {}
                () = tokio::time::sleep(wait) => {}
            },
        }
    }
}

/// What a worker does next.
enum Next {
    /// Posts this to there.
    Due(String, Box<Queued>),
    /// Waits for a time, or for something to be queued.
    Later(Option<Duration>),
}

/// The oldest webhook of a slot whose time has come, and where it goes.
fn next(core: &Core, slot: &str) -> Next {
    let now = core.clock.now();
    let st = core.state();
    let (Some(callback), Some(queue)) = (st.callback(slot), st.queues.get(slot)) else {
        return Next::Later(None);
    };
    if let Some(head) = queue.iter().find(|q| q.not_before <= now) {
        return Next::Due(callback.url.clone(), Box::new(head.clone()));
    }
    let soonest = queue.iter().map(|q| q.not_before - now).min();
    Next::Later(soonest.map(|ms| Duration::from_millis(u64::try_from(ms).unwrap_or(0).max(1))))
}

/// One attempt. True when the callback answered 200.
async fn post(core: &Core, url: &str, body: String, forged: bool) -> bool {
    let secret = if forged { "not the secret" } else { core.app_secret.as_str() };
    let signature = wire::signature(secret, body.as_bytes());
    core.client
        .post(url)
        .header("content-type", "application/json")
        .header("x-hub-signature-256", signature)
        .body(body)
        .send()
        .await
        .is_ok_and(|answer| answer.status() == reqwest::StatusCode::OK)
}

/// Takes a delivered webhook off the queue, or says how long to wait before it is tried again.
fn settle(core: &Core, slot: &str, id: u64, taken: bool) -> Option<Duration> {
    let now = core.clock.now();
    let mut st = core.state();
    let st = &mut *st;
    core.changed.notify_one();
    let queue = st.queues.get_mut(slot)?;
    let place = queue.iter().position(|q| q.id == id)?;
    let head = queue.get_mut(place)?;
    if head.forged {
        let count = if taken { &mut st.counts.forged_taken } else { &mut st.counts.forged_refused };
        *count += 1;
        queue.remove(place);
        return None;
    }
    if taken {
        let tells = std::mem::take(&mut head.tells);
        queue.remove(place);
        st.counts.webhooks_sent += 1;
        for (wamid, status) in tells {
            st.told(&wamid, &status);
        }
        return None;
    }
    st.counts.webhook_attempts_failed += 1;
    if now - head.since > KEEP_TRYING {
        queue.remove(place);
        st.counts.webhooks_dropped += 1;
        return None;
    }
    let seconds = 2_f64.powi(head.attempts.min(10).cast_signed()).min(LONGEST_WAIT);
    head.attempts += 1;
    Some(Duration::from_secs_f64(seconds / core.pace()))
}

/// The GET handshake of a callback. True when it answers the challenge.
pub async fn handshake(core: &Core, url: &str, verify_token: &str) -> bool {
    let challenge = uuid::Uuid::new_v4().as_u128() % 10_000_000_000;
    let challenge = challenge.to_string();
    let query =
        [("hub.mode", "subscribe"), ("hub.challenge", &challenge), ("hub.verify_token", verify_token)];
    let Ok(answer) = core.client.get(url).query(&query).send().await else {
        return false;
    };
    if answer.status() != reqwest::StatusCode::OK || answer.content_length().is_some_and(|n| n > 1024) {
        return false;
    }
    answer.text().await.is_ok_and(|text| text.trim() == challenge)
}
