//! `/control/kapso/...`: what a test, or a person at the keyboard, can make happen at the project.

use std::sync::Arc;

use axum::http::Method;
use serde_json::{Value, json};

use super::past::Fill;
use super::{hear, messages, onboarding, owns, paging, send};
use crate::emulator::Core;
use crate::emulator::server::Call;
use crate::emulator::state::State;

type Refusal = (u16, String);

/// How far apart filled-up messages are when nothing is said: half a year over all of them, but no day apart.
const SPREAD_DAYS: i64 = 180;

/// Connects the numbers of the scenario that are connected from the start, and begins what they play.
pub fn start(core: &Arc<Core>) {
    let mut st = core.state();
    for id in &core.scenario.kapso.connected {
        if st.kapso.number(id).is_none() && !st.played.contains(&format!("kapso:{id}")) {
            onboarding::connect(core, &mut st, id, None, false, None);
        }
    }
    hear::begin(core, &mut st);
}

/// Answers a control call with a status and a body.
pub fn answer(core: &Arc<Core>, call: &Call) -> (u16, Value) {
    let name = call.path.get(2).map(String::as_str).unwrap_or_default();
    let mut st = core.state();
    let body = &call.body;
    let result = match (&call.method, name) {
        (&Method::GET, "state") => Ok(state(core, &st)),
        (&Method::GET, "messages") => match call.query.get("number") {
            Some(number) => Ok(json!({ "messages": messages::listed(&st.kapso, number) })),
            None => Err((400, "give the number: ?number=ID".to_owned())),
        },
        (&Method::POST, "complete") => complete(core, &mut st, body),
        (&Method::POST, "fail") => {
            let why = body["error"].as_str().unwrap_or("phone_verification_failed");
            link(core, &st, body).and_then(|id| {
                onboarding::fail(core, &mut st, &id, why).map_err(|text| (409, text))?;
                Ok(json!({ "link": id }))
            })
        }
        (&Method::POST, "expire") => link(core, &st, body).map(|id| {
            let now = core.clock.now();
            st.kapso.links.iter_mut().filter(|l| l.id == id).for_each(|l| l.expires_at = now);
            json!({ "link": id })
        }),
        (&Method::POST, what @ ("disconnect" | "reconnect" | "offboard")) => change(core, &mut st, body, what),
        (&Method::POST, "lose") => {
            let n = body["count"].as_u64().unwrap_or(1);
            st.kapso.lose.push((n, body["event"].as_str().map(str::to_owned)));
            Ok(json!({ "lose": n }))
        }
        (&Method::POST, "fill") => fill(core, &mut st, body),
        (&Method::POST, "forget") => {
            st.kapso.forget = true;
            Ok(json!({ "forgotten": st.kapso.forgotten.len() }))
        }
        (&Method::POST, "plan") => plan(&mut st, body),
        (&Method::POST, "stop_marketing") => marketing(core, &mut st, body, true),
        (&Method::POST, "resume_marketing") => marketing(core, &mut st, body, false),
        _ => Err((
            404,
            "unknown; there is GET state, messages?number=, and POST complete, fail, expire, disconnect, reconnect, offboard, lose, fill, forget, plan, stop_marketing, resume_marketing"
                .to_owned(),
        )),
    };
    match result {
        Ok(body) => (200, body),
        Err((code, text)) => (code, json!({ "error": text })),
    }
}

/// The link that is named by id or token; else the newest one.
fn link(core: &Core, st: &State, body: &Value) -> Result<String, Refusal> {
    let links = &st.kapso.links;
    let found = if let Some(name) = body["link"].as_str() {
        links.iter().find(|l| l.id == name || l.token == name)
    } else {
        let now = core.clock.now();
        links.iter().rev().find(|l| l.is_open(now)).or(links.last())
    };
    found.map(|l| l.id.clone()).ok_or_else(|| (404, "there is no setup link".to_owned()))
}

fn complete(core: &Arc<Core>, st: &mut State, body: &Value) -> Result<Value, Refusal> {
    let id = link(core, st, body)?;
    let number = onboarding::complete(core, st, &id, body["number"].as_str()).map_err(|text| (409, text))?;
    Ok(json!({ "link": id, "phone_number_id": number }))
}

fn number(core: &Core, st: &State, body: &Value) -> Result<String, Refusal> {
    let id = match body["number"].as_str() {
        Some(id) => id.to_owned(),
        None => st.kapso.numbers.first().map(|n| n.id.clone()).unwrap_or_default(),
    };
    if st.kapso.number(&id).is_some() && owns(core, &id) {
        return Ok(id);
    }
    Err((404, format!("the project has no number '{id}'")))
}

fn change(core: &Arc<Core>, st: &mut State, body: &Value, what: &str) -> Result<Value, Refusal> {
    let id = number(core, st, body)?;
    let event = match what {
        "disconnect" => "disconnected",
        "offboard" => "offboarded",
        _ => "reconnected",
    };
    onboarding::change(core, st, &id, event, body["reason"].as_str());
    Ok(json!({ "number": id, "event": event }))
}

/// Stores very many messages at once, without telling anybody.
fn fill(core: &Core, st: &mut State, body: &Value) -> Result<Value, Refusal> {
    let id = number(core, st, body)?;
    let count = body["count"].as_u64().filter(|n| (1..=5_000_000).contains(n));
    let count = count.ok_or_else(|| (400, "'count' must be from 1 to 5000000".to_owned()))? as u32;
    let people = body["people"].as_u64().unwrap_or(u64::from(count / 100).max(1)).clamp(1, 100_000) as u32;
    let now = core.clock.now();
    let newest = body["newest"].as_i64().unwrap_or(now - 60_000);
    let days = body["days"].as_i64().unwrap_or(SPREAD_DAYS).max(1);
    let step = (days * 86_400_000 / i64::from(count)).clamp(1, 86_400_000);
    let seed = body["seed"].as_u64().unwrap_or(core.seed);
    st.kapso.fill(Fill { number: id.clone(), count, people, newest, step, first_seq: 0, seed });
    Ok(json!({ "number": id, "count": count, "people": people }))
}

fn plan(st: &mut State, body: &Value) -> Result<Value, Refusal> {
    let plan = &mut st.kapso.plan;
    if let Some(name) = body["name"].as_str() {
        plan.limit = match name {
            "free" => 100,
            "pro" => 500,
            "platform" => 1000,
            "enterprise" => 2000,
            _ => return Err((400, "name must be free, pro, platform or enterprise".to_owned())),
        };
        name.clone_into(&mut plan.name);
    }
    if let Some(limit) = body["limit"].as_u64() {
        plan.limit = limit;
    }
    match &body["credits"] {
        Value::Number(n) => plan.credits = n.as_u64(),
        Value::String(word) if word == "any" => plan.credits = None,
        _ => {}
    }
    Ok(json!({ "name": plan.name, "limit": plan.limit, "credits": plan.credits }))
}

fn marketing(core: &Arc<Core>, st: &mut State, body: &Value, stop: bool) -> Result<Value, Refusal> {
    let id = number(core, st, body)?;
    let key = body["customer"].as_str().unwrap_or_default();
    let customer = core.customer(st, |c| c.key == key || c.phone == key || c.bsuid == key);
    let customer = customer.ok_or_else(|| (404, format!("there is no customer '{key}'")))?;
    let list = st.kapso.stopped.entry(id.clone()).or_default();
    let was = list.contains(&customer.key);
    list.retain(|k| *k != customer.key);
    if stop {
        list.push(customer.key.clone());
    }
    let now = core.clock.now();
    let phone = Some(customer.phone.as_str()).filter(|_| !customer.hides_phone);
    let person = st.kapso.meet(phone, &customer.bsuid, &customer.name, customer.username.as_deref(), now);
    st.last_webhook += 1;
    let word = |stopped: bool| if stopped { "stopped" } else { "resumed" };
    let body = json!({
        "contact": st.kapso.person(&person).map(|p| super::shapes::contact(p, None)),
        "marketing_preference": {
            "status": word(stop), "previous_status": word(was), "detail": "user_preference",
            "occurred_at": paging::iso(now), "sequence": st.last_webhook,
        },
        "phone_number_id": id,
    });
    send::of_number(core, st, &id, "whatsapp.contact.marketing_preference_changed", &body);
    Ok(json!({ "customer": customer.key, "stopped": stop }))
}

fn state(core: &Core, st: &State) -> Value {
    let now = core.clock.now();
    let book = &st.kapso;
    let links: Vec<Value> = book
        .links
        .iter()
        .map(|l| {
            let url = format!("http://{}/whatsapp/setup/{}", core.addr, l.token);
            json!({ "id": l.id, "customer": l.client, "status": l.shown_status(now), "setup": l.setup, "url": url })
        })
        .collect();
    let numbers: Vec<Value> = book
        .numbers
        .iter()
        .map(|n| {
            let stored = book.index.rows.get(&n.id).map_or(0, Vec::len);
            json!({ "id": n.id, "status": n.status, "customer": n.client, "messages": stored })
        })
        .collect();
    let hooks: Vec<Value> = book
        .hooks
        .iter()
        .map(|h| {
            let waiting = book.queues.get(&h.id).map_or(0, std::collections::VecDeque::len);
            json!({ "id": h.id, "number": h.number, "url": h.url, "active": h.active, "events": h.events, "waiting": waiting })
        })
        .collect();
    json!({
        "customers": book.clients.len(), "links": links, "numbers": numbers, "webhooks": hooks, "plan": book.plan,
        "delivered": book.delivered, "failed": book.failed, "lost": book.lost, "requests_this_minute": book.used.1,
        "requests": book.requests, "forgotten": book.forgotten.len(),
    })
}
