//! `/control/...`: what a test, or a person at the keyboard, can make happen. Loopback only.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::http::Method;
use serde_json::{Value, json};

use super::faults::spec;
use super::scenario::Customer;
use super::server::Call;
use super::state::{State, WINDOW};
use super::{Core, control_number, control_template, delivery, play};

const STATUSES: [&str; 5] = ["sent", "delivered", "read", "played", "failed"];

/// What is wrong with a control call: HTTP status and a sentence.
pub type Refusal = (u16, String);

/// Answers a control call with a status and a body.
pub fn answer(core: &Arc<Core>, peer: SocketAddr, call: &Call) -> (u16, Value) {
    if !peer.ip().is_loopback() {
        return (
            403,
            json!({ "error": "the control API answers on this machine only; call it by 127.0.0.1" }),
        );
    }
    let name = call.path.get(1).map(String::as_str).unwrap_or_default();
    if name == "kapso" {
        let (status, body) = super::kapso::control::answer(core, call);
        core.changed.notify_one();
        return (status, body);
    }
    let mut st = core.state();
    let result = match (&call.method, name) {
        (&Method::GET, "state") => Ok(state(core, &st)),
        (&Method::GET, "faults") => Ok(core.faults.shown()),
        (&Method::POST, "faults") => faults(core, &call.body),
        (&Method::GET, "messages") => Ok(json!({ "messages": st.accepted })),
        (&Method::GET, "inbound") => Ok(json!({ "messages": st.inbound })),
        (&Method::POST, "say") => say(core, &mut st, &call.body),
        (&Method::POST, "webhook") => webhook(core, &mut st, &call.body),
        (&Method::POST, "template") => control_template::template(core, &mut st, &call.body),
        (&Method::POST, "limits") => control_template::limits(&mut st, &call.body),
        (&Method::POST, "window") => window(core, &mut st, &call.body),
        (&Method::POST, "status") => status(core, &mut st, &call.body),
        (&Method::POST, "number") => control_number::number(core, &mut st, &call.body),
        (&Method::POST, "token") => control_number::token(&mut st, &call.body),
        (&Method::POST, "speed") => match call.body["speed"].as_f64().filter(|s| *s >= 0.0) {
            Some(speed) => {
                drop(st);
                play::change_speed(core, speed);
                Ok(json!({ "speed": core.speed() }))
            }
            None => Err((400, "speed must be a number from 0 up".to_owned())),
        },
        _ => Err((
            404,
            "unknown; there is GET state, messages, inbound, faults, and POST say, webhook, template, limits, window, status, number, token, speed, faults"
                .to_owned(),
        )),
    };
    core.changed.notify_one();
    match result {
        Ok(body) => (200, body),
        Err((code, text)) => (code, json!({ "error": text })),
    }
}

pub fn text<'a>(body: &'a Value, key: &str) -> Result<&'a str, Refusal> {
    body[key].as_str().filter(|t| !t.is_empty()).ok_or_else(|| (400, format!("'{key}' must be a text")))
}

fn number<'a>(core: &'a Core, body: &'a Value, home: &'a str) -> Result<&'a str, Refusal> {
    let id = body["number"].as_str().unwrap_or(home);
    core.number(id).map(|n| n.id.as_str()).ok_or_else(|| (404, format!("there is no number '{id}'")))
}

fn customer(core: &Core, st: &State, body: &Value) -> Result<Customer, Refusal> {
    let key = text(body, "customer")?;
    core.customer(st, |c| c.key == key || c.phone == key || c.bsuid == key)
        .ok_or_else(|| (404, format!("there is no customer '{key}'")))
}

/// A customer says something; digits nobody has are a new customer.
fn say(core: &Arc<Core>, st: &mut State, body: &Value) -> Result<Value, Refusal> {
    let customer = match customer(core, st, body) {
        Ok(customer) => customer,
        Err(refusal) => guest(core, st, body).ok_or(refusal)?,
    };
    let content = match (&body["message"], body["text"].as_str()) {
        (Value::Object(_), None) if body["message"]["type"].is_string() => body["message"].clone(),
        (Value::Null, Some(text)) => json!({ "type": "text", "text": { "body": text } }),
        _ => return Err((400, "give 'text', or 'message' with a 'type'".to_owned())),
    };
    let context = match (&body["context"], content.get("context")) {
        (Value::Null, None) => None,
        (Value::Null, Some(given)) => Some(given.clone()),
        (given, _) => Some(given.clone()),
    };
    let number = number(core, body, &customer.number)?.to_owned();
    let wamid = play::say(core, st, &customer, &number, &content, context);
    Ok(json!({ "wamid": wamid }))
}

fn guest(core: &Core, st: &mut State, body: &Value) -> Option<Customer> {
    let phone = body["customer"].as_str()?.trim_start_matches('+');
    if !(7..=15).contains(&phone.len()) || !phone.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let guest = Customer {
        key: phone.to_owned(),
        name: body["name"].as_str().unwrap_or(phone).to_owned(),
        phone: phone.to_owned(),
        bsuid: format!("US.{phone}"),
        username: None,
        hides_phone: false,
        aliases: Vec::new(),
        number: core.scenario.numbers.first()?.id.clone(),
        fails_with: None,
        reads: true,
        history: Vec::new(),
        lines: Vec::new(),
        replies: Vec::new(),
    };
    st.guests.push(guest.clone());
    Some(guest)
}

/// A raw value for a field.
fn webhook(core: &Arc<Core>, st: &mut State, body: &Value) -> Result<Value, Refusal> {
    let field = text(body, "field")?.to_owned();
    if body["value"].is_null() {
        return Err((400, "'value' is missing".to_owned()));
    }
    let number = body["value"]["metadata"]["phone_number_id"].as_str();
    delivery::enqueue(core, st, number, &[(field, body["value"].clone())]);
    Ok(json!({ "queued": true }))
}

fn window(core: &Core, st: &mut State, body: &Value) -> Result<Value, Refusal> {
    let customer = customer(core, st, body)?;
    let number = number(core, body, &customer.number)?;
    let now = core.clock.now();
    let last = match text(body, "state")? {
        "open" => now,
        "closed" => now - WINDOW,
        _ => return Err((400, "state must be open or closed".to_owned())),
    };
    st.windows.insert(State::pair(number, &customer.key), last);
    Ok(json!({ "open": st.window_open(number, &customer.key, now) }))
}

fn status(core: &Arc<Core>, st: &mut State, body: &Value) -> Result<Value, Refusal> {
    let (wamid, status) = (text(body, "wamid")?, text(body, "status")?);
    if !STATUSES.contains(&status) {
        return Err((400, format!("status must be one of {}", STATUSES.join(", "))));
    }
    if st.send(wamid).is_none() {
        return Err((404, "no accepted message has this wamid".to_owned()));
    }
    play::report(core, st, wamid, status, body["code"].as_i64());
    Ok(json!({ "queued": true }))
}

/// Sets, adds or clears rules.
fn faults(core: &Core, body: &Value) -> Result<Value, Refusal> {
    let rules = |text: &str| spec::parse(text).map_err(|why| (400, why));
    let now = core.clock.now();
    match (body["set"].as_str(), body["add"].as_str(), body["clear"].as_bool()) {
        (Some(text), None, None) => {
            let rules = rules(text)?;
            core.faults.clear();
            core.faults.add(rules, now);
        }
        (None, Some(text), None) => core.faults.add(rules(text)?, now),
        (None, None, Some(true)) => core.faults.clear(),
        _ => {
            let text = "give one of {\"set\": RULES}, {\"add\": RULES}, {\"clear\": true}; `switchboard emulate --help` lists the rules";
            return Err((400, text.to_owned()));
        }
    }
    Ok(core.faults.shown())
}

fn state(core: &Core, st: &State) -> Value {
    let now = core.clock.now();
    let customers: Vec<Value> = core
        .scenario
        .customers
        .iter()
        .chain(&st.guests)
        .map(|c| {
            json!({
                "key": c.key, "name": c.name, "phone": c.phone, "user_id": c.bsuid, "number": c.number,
                "window_open": st.window_open(&c.number, &c.key, now),
                "last_message_at": st.windows.get(&State::pair(&c.number, &c.key)),
            })
        })
        .collect();
    let waiting: serde_json::Map<String, Value> =
        st.queues.iter().map(|(slot, queue)| (slot.clone(), json!(queue.len()))).collect();
    let mut kinds = std::collections::BTreeMap::<&str, usize>::new();
    for send in &st.accepted {
        *kinds.entry(&send.kind).or_default() += 1;
    }
    let unread = st.inbound.iter().filter(|m| !m.read).count();
    json!({
        "speed": core.speed(), "counts": st.counts, "faults": core.faults.counts(), "messages": kinds, "unread": unread, "planned": st.plan.len(),
        "webhooks_waiting": waiting, "customers": customers, "templates": st.templates.len(),
        "subscriptions": {
            "app": st.app_callback, "account": st.callback("account"), "numbers": st.number_callbacks,
        },
    })
}
