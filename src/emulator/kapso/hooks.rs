//! Registration of webhooks: of the project, and of single numbers.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::Method;
use serde_json::{Value, json};

use super::book::{Book, Hook};
use super::platform::{no_method, wrapped};
use super::{Answer, Out, hear, paging, send, shapes};
use crate::emulator::Core;
use crate::emulator::server::Call;

/// Events of a number.
const OF_NUMBERS: [&str; 11] = [
    "whatsapp.message.received",
    "whatsapp.message.sent",
    "whatsapp.message.delivered",
    "whatsapp.message.read",
    "whatsapp.message.failed",
    "whatsapp.conversation.created",
    "whatsapp.conversation.ended",
    "whatsapp.conversation.inactive",
    "whatsapp.contact.identity_changed",
    "whatsapp.contact.marketing_preference_changed",
    "whatsapp.meta_business_agent.handover",
];
/// Events of the project.
const OF_PROJECT: [&str; 12] = [
    "whatsapp.phone_number.created",
    "whatsapp.phone_number.deleted",
    "whatsapp.phone_number.offboarded",
    "whatsapp.phone_number.disconnected",
    "whatsapp.phone_number.reconnected",
    "whatsapp.account.disabled",
    "whatsapp.account.restricted",
    "whatsapp.account.reinstated",
    "whatsapp.account.violation",
    "workflow.execution.handoff",
    "workflow.execution.failed",
    "project.event",
];

/// List and registration.
pub fn collection(core: &Arc<Core>, call: &Call, number: Option<&str>) -> Answer {
    let mut st = core.state();
    if number.is_some_and(|n| st.kapso.number(n).is_none()) {
        return Err(Out::not_found());
    }
    match call.method {
        Method::GET => {
            let wanted = number.or(call.query.get("phone_number_id").map(String::as_str));
            let all = st.kapso.hooks.iter().rev();
            let all = all.filter(|h| wanted.is_none_or(|n| h.number.as_deref() == Some(n)));
            let all = all.map(|h| shapes::hook(core, h)).collect();
            drop(st);
            paging::numbered(call, all)
        }
        Method::POST => {
            let given = wrapped(call, "whatsapp_webhook")?;
            let number = match (number, given["phone_number_id"].as_str()) {
                (Some(number), _) | (None, Some(number)) => Some(number.to_owned()),
                (None, None) => None,
            };
            if number.as_ref().is_some_and(|n| st.kapso.number(n).is_none()) {
                return Err(Out::error(422, "Phone number must exist"));
            }
            let now = core.clock.now();
            let mut hook = Hook {
                id: st.kapso.new_id(),
                number,
                url: String::new(),
                kind: given["kind"].as_str().unwrap_or("kapso").to_owned(),
                events: Vec::new(),
                active: true,
                secret: None,
                headers: BTreeMap::new(),
                version: "v2".into(),
                buffer: false,
                buffer_seconds: None,
                buffer_size: None,
                inactivity: 60,
                created_at: now,
                updated_at: now,
                recent: std::collections::VecDeque::new(),
            };
            if hook.kind == "meta" {
                let another = |h: &Hook| h.kind == "meta" && h.number == hook.number;
                if hook.number.is_none() {
                    return Err(Out::error(422, "Phone number is required for meta webhooks"));
                }
                if st.kapso.hooks.iter().any(another) {
                    return Err(Out::error(422, "Only one meta webhook is allowed per phone number"));
                }
            }
            set(&mut hook, given)?;
            check(&st.kapso, &hook)?;
            st.kapso.hooks.push(hook.clone());
            hear::begin(core, &mut st);
            drop(st);
            Ok(Out::created(shapes::hook(core, &hook)))
        }
        _ => Err(no_method()),
    }
}

/// Takes over what is given.
fn set(hook: &mut Hook, given: &Value) -> Result<(), Out> {
    let wrong = |text: &str| Err(Out::error(422, text));
    if let Some(url) = given["url"].as_str() {
        url.clone_into(&mut hook.url);
    }
    if let Some(secret) = given["secret_key"].as_str() {
        hook.secret = Some(secret.to_owned()).filter(|s| !s.is_empty());
    }
    if let Some(kind) = given["kind"].as_str()
        && kind != hook.kind
    {
        return wrong("Kind cannot be changed");
    }
    if let Some(active) = given["active"].as_bool() {
        if active && !hook.active {
            hook.recent.clear();
        }
        hook.active = active;
    }
    match &given["events"] {
        Value::Null => {}
        Value::Array(events) if events.iter().all(Value::is_string) => {
            hook.events = events.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        }
        _ => return wrong("Events must be a list of names"),
    }
    match given["payload_version"].as_str() {
        None => {}
        Some(version @ ("v1" | "v2")) => version.clone_into(&mut hook.version),
        Some(_) => return wrong("Payload version is not included in the list"),
    }
    match &given["headers"] {
        Value::Null => {}
        Value::Object(headers) => {
            let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
            hook.headers = headers.iter().map(|(k, v)| (k.to_ascii_lowercase(), text(v))).collect();
        }
        _ => return wrong("Headers must be an object"),
    }
    if let Some(on) = given["buffer_enabled"].as_bool() {
        hook.buffer = on;
    }
    let within = |name: &str, most: i64| match &given[name] {
        Value::Null => Ok(None),
        value => match value.as_i64().filter(|n| (1..=most).contains(n)) {
            Some(n) => Ok(Some(n)),
            None => Err(Out::error(422, format!("{name} must be between 1 and {most}"))),
        },
    };
    if let Some(n) = within("buffer_window_seconds", 60)? {
        hook.buffer_seconds = Some(n);
    }
    if let Some(n) = within("max_buffer_size", 100)? {
        hook.buffer_size = Some(n);
    }
    if let Some(n) = within("inactivity_minutes", 1440)? {
        hook.inactivity = n;
    }
    Ok(())
}

/// Whether a webhook can be kept so.
fn check(book: &Book, hook: &Hook) -> Result<(), Out> {
    let wrong = |text: String| Err(Out::error(422, text));
    let url = reqwest::Url::parse(&hook.url).ok();
    // Loopback has no certificate; everything else needs one.
    let good = url.is_some_and(|u| match u.scheme() {
        "https" => true,
        "http" => u.host_str().is_some_and(|h| h == "localhost" || h.starts_with("127.") || h == "[::1]"),
        _ => false,
    });
    if !good {
        return wrong("Url must be a valid HTTPS URL".into());
    }
    if hook.number.is_some() && hook.secret.is_none() {
        return wrong("Secret key can't be blank".into());
    }
    if hook.kind == "meta" {
        return if hook.events.is_empty() && !hook.buffer {
            Ok(())
        } else {
            wrong("Events and buffering are not supported for meta webhooks".into())
        };
    }
    if hook.kind != "kapso" {
        return wrong("Kind is not included in the list".into());
    }
    if hook.events.is_empty() {
        return wrong("Events can't be blank".into());
    }
    let first = hook.version == "v1";
    let known = |e: &str| {
        let mine: &[&str] = if hook.number.is_some() { &OF_NUMBERS } else { &OF_PROJECT };
        let only_second = e.starts_with("whatsapp.phone_number.")
            && !["whatsapp.phone_number.created", "whatsapp.phone_number.deleted"].contains(&e);
        (mine.contains(&e) && !(first && only_second)) || (first && e == "whatsapp.config.created")
    };
    let unknown: Vec<String> = hook.events.iter().filter(|e| !known(e)).map(|e| format!("\"{e}\"")).collect();
    if !unknown.is_empty() {
        return wrong(format!("Events contains unsupported events: {}", unknown.join(", ")));
    }
    if hook.events.iter().any(|e| e == "project.event") && book.plan.name == "free" {
        return Err(Out::error(402, "Your plan does not include the event \"project.event\""));
    }
    Ok(())
}

/// One webhook.
pub fn one(core: &Arc<Core>, call: &Call, number: Option<&str>, id: &str) -> Answer {
    let now = core.clock.now();
    let mut st = core.state();
    let fits = |h: &Hook| h.id == id && number.is_none_or(|n| h.number.as_deref() == Some(n));
    let place = st.kapso.hooks.iter().position(fits).ok_or_else(Out::not_found)?;
    match call.method {
        Method::GET => {}
        Method::PATCH => {
            let given = wrapped(call, "whatsapp_webhook")?;
            let mut hook = st.kapso.hooks[place].clone();
            set(&mut hook, given)?;
            check(&st.kapso, &hook)?;
            hook.updated_at = now;
            st.kapso.hooks[place] = hook;
            hear::begin(core, &mut st);
            send::ring(core, id);
        }
        Method::DELETE => {
            st.kapso.hooks.remove(place);
            st.kapso.queues.remove(id);
            return Ok(Out::nothing());
        }
        _ => return Err(no_method()),
    }
    let hook = st.kapso.hooks[place].clone();
    drop(st);
    Ok(Out::data(shapes::hook(core, &hook)))
}

/// Sends a synthetic webhook.
pub fn test(core: &Arc<Core>, call: &Call, id: &str) -> Answer {
    if call.method != Method::POST {
        return Err(no_method());
    }
    let mut st = core.state();
    let hook = st.kapso.hooks.iter().find(|h| h.id == id).ok_or_else(Out::not_found)?;
    let Some(event) = call.body["event_type"].as_str() else {
        return Err(Out::error(422, "Event type can't be blank"));
    };
    if !hook.events.iter().any(|e| e == event) {
        return Err(Out::error(422, "Webhook is not subscribed to this event"));
    }
    send::test(core, &mut st, id, event);
    Ok(Out::data(json!({ "success": true })))
}

/// How deliveries went.
pub fn deliveries(core: &Arc<Core>, call: &Call) -> Answer {
    let st = core.state();
    let all = st.kapso.deliveries.iter().rev().filter(|d| {
        call.query.get("webhook_id").is_none_or(|id| *id == d.hook)
            && call.query.get("status").is_none_or(|s| *s == d.status)
    });
    let mut all: Vec<_> = all.collect();
    all.sort_by_key(|d| std::cmp::Reverse((d.at, d.id.clone())));
    let wanted = paging::wanted(call, "last_attempt_at")?;
    let all = all.into_iter().map(|d| (paging::Place { at: d.at, id: d.id.clone() }, d));
    Ok(wanted.page(all, |(_, d)| shapes::delivery(d), true))
}
