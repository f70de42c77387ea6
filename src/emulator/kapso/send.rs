//! Webhooks of the project: who is told of what, in which form, and until when it is tried.
//!
//! Three attempts: at once, after ten seconds, after forty more. Then it is lost. A webhook that mostly fails is
//! switched off. Messages and their `sent` keep their order within a session for half a minute.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::book::{Delivery, Hook, Sending};
use super::hear;
use super::past::Stored;
use super::shapes;
use crate::clock::Millis;
use crate::emulator::delivery::bell_of;
use crate::emulator::faults::{Argument, Kind, Target, odd};
use crate::emulator::state::State;
use crate::emulator::{Core, wire};

/// Waits before the second and the third attempt, at speed 1.
const WAITS: [Millis; 2] = [10_000, 40_000];
/// How long order is kept within a session, at speed 1.
const ORDER: Millis = 30_000;
/// A webhook that fails this often in this time is switched off.
const PAUSE_WITHIN: Millis = 15 * 60_000;
const PAUSE_FROM: usize = 40;
const PAUSE_FAILED: usize = 10;
/// Deliveries that are listed.
const LISTED: usize = 1_000;
/// Webhooks waiting for one address; beyond it the oldest is lost.
const QUEUE: usize = 50_000;
/// How long later webhooks have to overtake one, at speed 1.
const OVERTAKE: f64 = 2_000.0;

/// Something that happened, before it is known who is told.
struct News<'a> {
    event: &'a str,
    number: Option<&'a str>,
    /// Ordered within this session.
    session: Option<&'a str>,
    people: Vec<String>,
    tells: Vec<(String, String)>,
}

/// Tells of a message, or of a state of one.
pub fn message(
    core: &Arc<Core>,
    st: &mut State,
    event: &str,
    m: &Stored,
    new: bool,
    tells: Vec<(String, String)>,
) {
    let bodies = [false, true].map(|first| hear::body(core, st, m, new, first));
    let [Some(second), Some(first)] = bodies else { return };
    let ordered = ["whatsapp.message.received", "whatsapp.message.sent"].contains(&event);
    let person = st.kapso.person(&m.person).cloned();
    let mut people: Vec<String> = Vec::new();
    if let Some(person) = person {
        let known = core.customer(st, |c| c.bsuid == person.bsuid);
        people.extend(known.map(|c| c.key));
        people.extend(person.phone);
        people.push(person.bsuid);
    }
    let session = m.session.clone();
    let news =
        News { event, number: Some(&m.number), session: ordered.then_some(session.as_str()), people, tells };
    tell(core, st, &news, &second, Some(&first));
}

/// Tells of a session.
pub fn conversation(core: &Arc<Core>, st: &mut State, event: &str, place: usize) {
    let session = st.kapso.sessions[place].clone();
    let Some(person) = st.kapso.person(&session.person) else { return };
    let body = json!({
        "conversation": shapes::session(&session, person, false), "phone_number_id": session.number,
    });
    let news =
        News { event, number: Some(&session.number), session: None, people: Vec::new(), tells: Vec::new() };
    tell(core, st, &news, &body, None);
}

/// Tells the project of something that is not about one message.
pub fn project(core: &Arc<Core>, st: &mut State, event: &str, body: &Value) {
    let news = News { event, number: None, session: None, people: Vec::new(), tells: Vec::new() };
    tell(core, st, &news, body, None);
}

/// Tells of something at a number that is not about one message.
pub fn of_number(core: &Arc<Core>, st: &mut State, number: &str, event: &str, body: &Value) {
    let news = News { event, number: Some(number), session: None, people: Vec::new(), tells: Vec::new() };
    tell(core, st, &news, body, None);
}

/// Hands the raw webhook of a number to those who want it so.
pub fn forward(core: &Arc<Core>, st: &mut State, number: &str, changes: &[(String, Value)]) {
    let fits = |h: &&Hook| h.active && h.kind == "meta" && h.number.as_deref() == Some(number);
    let hooks: Vec<String> = st.kapso.hooks.iter().filter(fits).map(|h| h.id.clone()).collect();
    for hook in hooks {
        let body = wire::envelope(&core.scenario.kapso.business, changes, None).to_string();
        let key = wire::hex(&Sha256::digest(&body));
        let news = News {
            event: "whatsapp.meta",
            number: Some(number),
            session: None,
            people: Vec::new(),
            tells: Vec::new(),
        };
        let sending = sending(core, st, &news, key, "meta", body, core.clock.now());
        push(core, st, &hook, sending);
    }
}

/// The synthetic webhook of a test.
pub fn test(core: &Arc<Core>, st: &mut State, hook: &str, event: &str) {
    let id = uuid::Uuid::new_v4();
    let body = json!({ "test": true, "id": id.to_string(), "phone_number_id": null, "project": {
        "id": core.scenario.kapso.project,
    }});
    let news = News { event, number: None, session: None, people: Vec::new(), tells: Vec::new() };
    let sending =
        sending(core, st, &news, uuid::Uuid::new_v4().to_string(), "v2", body.to_string(), core.clock.now());
    push(core, st, hook, sending);
}

fn sending(
    core: &Core,
    st: &mut State,
    news: &News<'_>,
    key: String,
    version: &str,
    body: String,
    not_before: Millis,
) -> Sending {
    st.last_webhook += 1;
    Sending {
        id: st.last_webhook,
        key,
        event: news.event.to_owned(),
        number: news.number.map(str::to_owned),
        version: version.to_owned(),
        body,
        batch: Vec::new(),
        session: news.session.map(str::to_owned),
        since: core.clock.now(),
        not_before,
        attempts: 0,
        forged: false,
        tells: news.tells.clone(),
    }
}

fn tell(core: &Arc<Core>, st: &mut State, news: &News<'_>, body: &Value, first_version: Option<&Value>) {
    let fits = |h: &&Hook| {
        h.active
            && h.kind == "kapso"
            && h.number.as_deref() == news.number
            && h.events.iter().any(|e| e == news.event)
    };
    let hooks: Vec<Hook> = st.kapso.hooks.iter().filter(fits).cloned().collect();
    if hooks.is_empty() {
        st.counts.webhooks_unsubscribed += 1;
        return;
    }
    if st.kapso.loses(news.event) {
        return;
    }
    let endpoint = match news.event {
        "whatsapp.message.received" => "messages",
        e if e.starts_with("whatsapp.message.") => "statuses",
        _ => "other",
    };
    let target =
        Target { endpoint, number: news.number.map(str::to_owned), people: news.people.clone(), list: false };
    let now = core.clock.now();
    for hook in hooks {
        let first = hook.version == "v1";
        let mut body = match first_version {
            Some(body) if first => body.clone(),
            // The old form knows nothing of what came later.
            None if first && news.event != "whatsapp.phone_number.created" => continue,
            _ => body.clone(),
        };
        let (mut times, mut forged, mut event) = (vec![now], false, news.event.to_owned());
        let wait = |ms: f64| now + (ms / core.pace()) as Millis;
        for hit in core.faults.webhook(&target, now) {
            match hit.kind {
                Kind::Drop => times.clear(),
                Kind::Duplicate => times.push(wait(OVERTAKE * hit.luck)),
                Kind::Reorder => delay(&mut times, wait(OVERTAKE * hit.luck)),
                Kind::Delay => {
                    let ms = match hit.argument {
                        Argument::Time(t) => t.as_secs_f64() * 1000.0,
                        _ => 0.0,
                    };
                    delay(&mut times, wait(ms));
                }
                Kind::BadSignature => forged = true,
                Kind::UnknownStatus => "whatsapp.message.teleported".clone_into(&mut event),
                Kind::UnknownMessage => strange(&mut body),
                Kind::UnknownField => body["x_batch"] = json!({ "beta": [null, 1.5, "a"] }),
                Kind::OddWebhook => odd(&mut body),
                _ => {}
            }
            core.faults.note(&hit, false, news.tells.first().map(|t| t.0.clone()));
        }
        if times.is_empty() {
            continue;
        }
        if hook.buffer && news.event == "whatsapp.message.received" {
            buffer(core, st, &hook, news, &body);
            continue;
        }
        let key = uuid::Uuid::new_v4().to_string();
        let text = body.to_string();
        let copies = forged.then(|| (times[0], true)).into_iter();
        for (at, forged) in copies.chain(times.into_iter().map(|t| (t, false))) {
            let mut one = sending(core, st, news, key.clone(), &hook.version, text.clone(), at);
            one.event.clone_from(&event);
            one.forged = forged;
            if forged || event != news.event {
                one.tells.clear();
            }
            push(core, st, &hook.id, one);
        }
    }
}

fn delay(times: &mut [Millis], until: Millis) {
    if let Some(first) = times.first_mut() {
        *first = (*first).max(until);
    }
}

/// Makes the message one of a type that nobody knows; it is still the same message.
fn strange(body: &mut Value) {
    let Some(message) = body["message"].as_object_mut() else { return };
    message.insert("type".into(), json!("hologram"));
    message.insert("hologram".into(), json!({ "frames": [1, 2, 3], "caption": "look" }));
}

/// Adds a message to the batch of its session, which waits a while for more.
fn buffer(core: &Arc<Core>, st: &mut State, hook: &Hook, news: &News<'_>, body: &Value) {
    let now = core.clock.now();
    let window = hook.buffer_seconds.unwrap_or(5) as f64 * 1000.0;
    let until = now + (window / core.pace()) as Millis;
    let most = usize::try_from(hook.buffer_size.unwrap_or(50)).unwrap_or(50);
    let queue = st.kapso.queues.entry(hook.id.clone()).or_default();
    let open = queue.iter_mut().find(|q| {
        !q.batch.is_empty() && q.attempts == 0 && q.session.as_deref() == news.session && q.not_before > now
    });
    if let Some(open) = open {
        open.batch.push(body.clone());
        open.tells.extend(news.tells.iter().cloned());
        open.not_before = if open.batch.len() >= most { now } else { until };
        ring(core, &hook.id);
        return;
    }
    let key = uuid::Uuid::new_v4().to_string();
    let mut one = sending(core, st, news, key, &hook.version, String::new(), until);
    one.batch.push(body.clone());
    push(core, st, &hook.id, one);
}

fn push(core: &Arc<Core>, st: &mut State, hook: &str, sending: Sending) {
    let queue = st.kapso.queues.entry(hook.to_owned()).or_default();
    if queue.len() == QUEUE {
        queue.pop_front();
        st.counts.webhooks_dropped += 1;
    }
    queue.push_back(sending);
    ring(core, hook);
}

fn slot(hook: &str) -> String {
    format!("kapso:{hook}")
}

/// Wakes the worker of a webhook; the first time starts it.
pub fn ring(core: &Arc<Core>, hook: &str) {
    let (bell, new) = bell_of(core, &slot(hook));
    if new {
        core.tasks.spawn(work(core.clone(), hook.to_owned()));
    }
    bell.queued.notify_one();
}

/// Goes on with what waited when the emulator was last stopped.
pub fn resume(core: &Arc<Core>) {
    let waiting: Vec<String> = core.state().kapso.queues.keys().cloned().collect();
    for hook in waiting {
        ring(core, &hook);
    }
}

async fn work(core: Arc<Core>, hook: String) {
    let (bell, _) = bell_of(&core, &slot(&hook));
    loop {
        let (to, one) = match next(&core, &hook) {
            Next::Due(to, one) => (to, one),
            Next::Later(wait) => {
                if !bell.rings(&core, wait).await {
                    return;
                }
                continue;
            }
        };
        let response = tokio::select! {
            () = core.stop.cancelled() => return,
            response = post(&core, &to, &one) => response,
        };
        settle(&core, &to, one.id, response);
    }
}

enum Next {
    Due(Box<Hook>, Box<Sending>),
    Later(Option<Duration>),
}

fn next(core: &Core, hook: &str) -> Next {
    let now = core.clock.now();
    let st = core.state();
    let found = st.kapso.hooks.iter().find(|h| h.id == hook && h.active);
    let (Some(hook), Some(queue)) = (found, st.kapso.queues.get(hook)) else { return Next::Later(None) };
    let patience = (ORDER as f64 / core.pace()) as Millis;
    let waits_for_another = |place: usize, one: &Sending| {
        let Some(session) = &one.session else { return false };
        now - one.since < patience
            && queue.iter().take(place).any(|q| q.session.as_ref() == Some(session) && !q.forged)
    };
    let mut soonest: Option<Millis> = None;
    for (place, one) in queue.iter().enumerate() {
        let at = if waits_for_another(place, one) {
            // At the latest when patience ends; when the one before it is done, the worker looks again anyway.
            one.not_before.max(one.since + patience)
        } else {
            one.not_before
        };
        if at <= now {
            return Next::Due(Box::new(hook.clone()), Box::new(one.clone()));
        }
        soonest = Some(soonest.map_or(at, |s| s.min(at)));
        // What is far down the queue is not due before what is at its head, except after waits.
        if place > 1_000 {
            break;
        }
    }
    Next::Later(soonest.map(|at| Duration::from_millis(u64::try_from(at - now).unwrap_or(0).max(1))))
}

/// The body of a batch.
fn batch(hook: &Hook, one: &Sending) -> String {
    let size = one.batch.len() as u64;
    json!({
        "type": one.event, "batch": true, "data": one.batch,
        "batch_info": {
            "size": size, "window_ms": hook.buffer_seconds.unwrap_or(5) * 1000, "first_sequence": one.id * 100 + 1,
            "last_sequence": one.id * 100 + size, "conversation_id": one.session,
        },
    })
    .to_string()
}

/// One attempt: what the address answered.
async fn post(core: &Core, hook: &Hook, one: &Sending) -> Option<u16> {
    let body = if one.batch.is_empty() { one.body.clone() } else { batch(hook, one) };
    let secret = if one.forged { "not the secret" } else { hook.secret.as_deref().unwrap_or_default() };
    let signed = wire::signature(secret, body.as_bytes());
    let hex = signed.trim_start_matches("sha256=").to_owned();
    let mut request = core
        .client
        .post(&hook.url)
        .header("content-type", "application/json")
        .header("user-agent", "Kapso-Webhooks/1.0")
        .header("x-webhook-signature", hex)
        .header("x-idempotency-key", &one.key);
    if hook.kind == "meta" {
        request = request.header("x-hub-signature-256", signed);
    } else {
        request =
            request.header("x-webhook-event", &one.event).header("x-webhook-payload-version", &one.version);
    }
    if !one.batch.is_empty() {
        request =
            request.header("x-webhook-batch", "true").header("x-batch-size", one.batch.len().to_string());
    }
    for (name, value) in &hook.headers {
        request = request.header(name, value);
    }
    request.body(body).send().await.ok().map(|answer| answer.status().as_u16())
}

fn settle(core: &Arc<Core>, hook: &Hook, id: u64, response: Option<u16>) {
    let now = core.clock.now();
    let mut st = core.state();
    let st = &mut *st;
    core.changed.notify_one();
    let Some(queue) = st.kapso.queues.get_mut(&hook.id) else { return };
    let Some(place) = queue.iter().position(|q| q.id == id) else { return };
    let taken = response == Some(200);
    let Some(one) = queue.get_mut(place) else { return };
    if one.forged {
        queue.remove(place);
        *(if taken { &mut st.counts.forged_taken } else { &mut st.counts.forged_refused }) += 1;
        return;
    }
    one.attempts += 1;
    let wait = WAITS.get(one.attempts as usize - 1).filter(|_| !taken);
    if let Some(wait) = wait {
        st.counts.webhook_attempts_failed += 1;
        one.not_before = now + (*wait as f64 / core.pace()) as Millis;
        let one = one.clone();
        list(&mut st.kapso.deliveries, hook, &one, "pending", response, now);
        return;
    }
    let Some(one) = queue.remove(place) else { return };
    list(&mut st.kapso.deliveries, hook, &one, if taken { "delivered" } else { "failed" }, response, now);
    if taken {
        st.kapso.delivered += 1;
        st.counts.webhooks_sent += 1;
        for (wamid, status) in &one.tells {
            st.told(wamid, status);
        }
    } else {
        st.kapso.failed += 1;
        st.counts.webhook_attempts_failed += 1;
        for body in &one.batch {
            // What a batch could not bring is brought one by one, with keys of their own.
            st.last_webhook += 1;
            let single = Sending {
                id: st.last_webhook,
                key: uuid::Uuid::new_v4().to_string(),
                body: body.to_string(),
                batch: Vec::new(),
                since: now,
                not_before: now,
                attempts: 0,
                tells: body["message"]["id"]
                    .as_str()
                    .map(|id| (id.to_owned(), String::new()))
                    .into_iter()
                    .collect(),
                ..one.clone()
            };
            if let Some(queue) = st.kapso.queues.get_mut(&hook.id) {
                queue.push_back(single);
            }
        }
    }
    let Some(kept) = st.kapso.hooks.iter_mut().find(|h| h.id == hook.id) else { return };
    kept.recent.push_back((now, taken));
    while kept.recent.front().is_some_and(|(at, _)| now - at > PAUSE_WITHIN) || kept.recent.len() > 1_000 {
        kept.recent.pop_front();
    }
    let failed = kept.recent.iter().filter(|(_, taken)| !taken).count();
    if kept.recent.len() >= PAUSE_FROM && failed >= PAUSE_FAILED && failed * 100 >= kept.recent.len() * 85 {
        kept.active = false;
        kept.updated_at = now;
        kept.recent.clear();
        // What waited for it is lost: it is not delivered again when the webhook is switched on.
        if let Some(waiting) = st.kapso.queues.remove(&hook.id) {
            st.counts.webhooks_dropped += waiting.len() as u64;
        }
    }
}

fn list(
    deliveries: &mut VecDeque<Delivery>,
    hook: &Hook,
    one: &Sending,
    status: &str,
    response: Option<u16>,
    now: Millis,
) {
    let id = super::book::uuid_of(&["delivery", &hook.id, &one.id.to_string()]);
    deliveries.retain(|d| d.id != id);
    if deliveries.len() == LISTED {
        deliveries.pop_front();
    }
    deliveries.push_back(Delivery {
        id,
        hook: hook.id.clone(),
        event: one.event.clone(),
        number: one.number.clone(),
        url: hook.url.clone(),
        status: status.to_owned(),
        response,
        attempts: one.attempts,
        at: now,
    });
}
