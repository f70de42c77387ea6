//! What the numbers tell the project, as Meta tells Kapso: messages and states become stored rows and webhooks.

use std::sync::Arc;

use serde_json::{Value, json};

use super::book::Person;
use super::past::Stored;
use super::shapes::{self, Extras};
use super::{owns, send};
use crate::clock::Millis;
use crate::emulator::state::{Accepted, State};
use crate::emulator::{Core, Customer, play, wire};

/// How far a word of a state is.
fn rank(word: &str) -> u8 {
    match word {
        "sent" => 1,
        "delivered" => 2,
        "read" => 3,
        "failed" => 4,
        _ => 0,
    }
}

/// Takes what a number would tell its webhook. False when it is none of the project's.
pub fn heard(core: &Arc<Core>, st: &mut State, number: Option<&str>, changes: &[(String, Value)]) -> bool {
    let Some(number) = number.filter(|n| owns(core, n)) else { return false };
    let works = st.kapso.number(number).is_some_and(|n| n.status == "CONNECTED" && n.processing);
    if !works {
        st.counts.webhooks_unsubscribed += 1;
        return true;
    }
    send::forward(core, st, number, changes);
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    for (field, value) in changes {
        match field.as_str() {
            "messages" => {
                for message in list(&value["messages"]) {
                    inbound(core, st, number, value, &message);
                }
                for status in list(&value["statuses"]) {
                    state(core, st, number, &status);
                }
            }
            "smb_message_echoes" => {
                for message in list(&value["message_echoes"]) {
                    echo(core, st, number, value, &message);
                }
            }
            _ => {}
        }
    }
    true
}

/// The time in a message, or now.
fn time(message: &Value, now: Millis) -> Millis {
    let text = message["timestamp"].as_str();
    text.and_then(|t| t.parse::<Millis>().ok()).map_or(now, |s| s * 1000)
}

/// What a message says, without who and when.
fn content(message: &Value) -> Value {
    let mut content = message.clone();
    if let Some(members) = content.as_object_mut() {
        for name in ["id", "timestamp", "from", "from_user_id", "to", "to_user_id", "username"] {
            members.remove(name);
        }
    }
    content
}

fn word<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value[name].as_str().filter(|t| !t.is_empty())
}

fn inbound(core: &Arc<Core>, st: &mut State, number: &str, value: &Value, message: &Value) {
    let now = core.clock.now();
    let contact = &value["contacts"][0];
    let profile = &contact["profile"];
    let phone = word(message, "from").or_else(|| word(contact, "wa_id"));
    let bsuid = word(message, "from_user_id").or_else(|| word(contact, "user_id")).unwrap_or_default();
    let name = word(profile, "name").unwrap_or_default();
    let person = st.kapso.meet(phone, bsuid, name, word(profile, "username"), now);
    let Some(wamid) = word(message, "id") else { return };
    let stored = stored(number, wamid, (now, time(message, now)), true, person, content(message));
    if let Some((stored, new)) = keep(core, st, stored) {
        send::message(
            core,
            st,
            "whatsapp.message.received",
            &stored,
            new,
            vec![(wamid.to_owned(), String::new())],
        );
    }
}

fn echo(core: &Arc<Core>, st: &mut State, number: &str, value: &Value, message: &Value) {
    let now = core.clock.now();
    let contact = &value["contacts"][0];
    let phone = word(message, "to").or_else(|| word(contact, "wa_id"));
    let bsuid = word(message, "to_user_id").or_else(|| word(contact, "user_id")).unwrap_or_default();
    let person =
        st.kapso.meet(phone, bsuid, word(&contact["profile"], "name").unwrap_or_default(), None, now);
    let Some(wamid) = word(message, "id") else { return };
    let mut stored = stored(number, wamid, (now, time(message, now)), false, person, content(message));
    stored.origin = "business_app".into();
    stored.status = "sent".into();
    if let Some((stored, new)) = keep(core, st, stored) {
        send::message(
            core,
            st,
            "whatsapp.message.sent",
            &stored,
            new,
            vec![(wamid.to_owned(), "sent".into())],
        );
    }
}

fn stored(
    number: &str,
    wamid: &str,
    (at, time): (Millis, Millis),
    inbound: bool,
    person: String,
    message: Value,
) -> Stored {
    Stored {
        seq: 0,
        wamid: wamid.to_owned(),
        number: number.to_owned(),
        at,
        time,
        inbound,
        person,
        session: String::new(),
        message,
        status: if inbound { "received" } else { "pending" }.to_owned(),
        statuses: Vec::new(),
        origin: "cloud_api".into(),
        rendered: None,
        mime: None,
        size: None,
    }
}

/// Keeps a message in its session. None when it is there already; else the message, and whether the session is new.
fn keep(core: &Arc<Core>, st: &mut State, mut stored: Stored) -> Option<(Stored, bool)> {
    if st.kapso.live(&stored.wamid).is_some() {
        return None;
    }
    let (place, new) = st.kapso.session(&stored.number, &stored.person, stored.at);
    stored.session.clone_from(&st.kapso.sessions[place].id);
    let kind = stored.message["type"].as_str().unwrap_or_default().to_owned();
    let file = stored.message[&kind]["id"].as_str().and_then(|id| st.media.iter().find(|m| m.id == id));
    if let Some(file) = file {
        stored.mime = Some(file.mime.clone());
        stored.size = Some(file.size);
    }
    let text = shapes::text_of(core, &stored);
    let session = &mut st.kapso.sessions[place];
    session.count += 1;
    if stored.at >= session.last_at {
        session.last_at = stored.at;
        session.last_message.clone_from(&stored.wamid);
        stored.message["type"].as_str().unwrap_or_default().clone_into(&mut session.last_kind);
        session.last_text = text;
    }
    let last = if stored.inbound { &mut session.last_in } else { &mut session.last_out };
    *last = (*last).max(Some(stored.at));
    st.kapso.keep(stored.clone());
    if new {
        send::conversation(core, st, "whatsapp.conversation.created", place);
    }
    st.kapso.live(&stored.wamid).cloned().map(|stored| (stored, new))
}

/// A send that Meta took.
pub fn sent(core: &Arc<Core>, st: &mut State, send: &Accepted) {
    if st.kapso.live(&send.wamid).is_some() {
        return;
    }
    let customer = send.customer.as_ref().and_then(|key| core.customer(st, |c| c.key == *key));
    let now = core.clock.now();
    let person = match &customer {
        Some(c) => meet(st, c, now),
        None if send.by_user_id => st.kapso.meet(None, &send.address, "", None, now),
        None => st.kapso.meet(Some(&send.address), "", "", None, now),
    };
    let mut message = json!({ "type": send.kind, &send.kind: send.body[&send.kind] });
    if send.body["context"].is_object() {
        message["context"] = json!({ "id": send.body["context"]["message_id"] });
    }
    let mut stored =
        stored(&send.number, &send.wamid, (send.at, send.at / 1000 * 1000), false, person, message);
    if send.kind == "template" {
        stored.rendered = rendered(st, &send.body["template"]);
    }
    keep(core, st, stored);
}

fn meet(st: &mut State, c: &Customer, now: Millis) -> String {
    let phone = Some(c.phone.as_str()).filter(|_| !c.hides_phone);
    st.kapso.meet(phone, &c.bsuid, &c.name, c.username.as_deref(), now)
}

/// The body of a template with what was given for its variables.
fn rendered(st: &State, object: &Value) -> Option<String> {
    let (name, language) = (object["name"].as_str()?, object["language"]["code"].as_str()?);
    let template = st.templates.iter().find(|t| t.name == name && t.language == language)?;
    let body = template.components.iter().find(|c| c["type"] == "BODY")?["text"].as_str()?;
    let mut given = object["components"].as_array().into_iter().flatten();
    let body_part = given.find(|c| c["type"].as_str().is_some_and(|t| t.eq_ignore_ascii_case("body")));
    let mut text = body.to_owned();
    for (n, p) in body_part.and_then(|c| c["parameters"].as_array()).into_iter().flatten().enumerate() {
        let name = p["parameter_name"].as_str().map_or_else(|| (n + 1).to_string(), str::to_owned);
        let value =
            p["text"].as_str().or_else(|| p["currency"]["fallback_value"].as_str()).unwrap_or_default();
        text = text.replace(&format!("{{{{{name}}}}}"), value);
    }
    Some(text)
}

/// A state of a send: kept with the message, and told as an event of its own.
fn state(core: &Arc<Core>, st: &mut State, number: &str, status: &Value) {
    let (Some(wamid), Some(state)) = (word(status, "id"), word(status, "status")) else { return };
    if st.kapso.live(wamid).is_none() {
        // It is told before the answer of the send was written down here.
        let Some(send) = st.send(wamid).cloned().filter(|s| s.number == number) else { return };
        sent(core, st, &send);
    }
    let Some(message) = st.kapso.live_mut(wamid) else { return };
    message.statuses.push(status.clone());
    if rank(state) == 0 {
        return;
    }
    if rank(state) > rank(&message.status) {
        state.clone_into(&mut message.status);
    }
    // The event says which state it is about, also when a later one is known.
    let mut told = message.clone();
    state.clone_into(&mut told.status);
    let event = format!("whatsapp.message.{state}");
    send::message(core, st, &event, &told, false, vec![(wamid.to_owned(), state.to_owned())]);
}

/// `message`, `conversation` and the rest of a webhook of a message.
pub fn body(core: &Core, st: &State, m: &Stored, new: bool, first_version: bool) -> Option<Value> {
    let person: &Person = st.kapso.person(&m.person)?;
    let session = st.kapso.sessions.iter().rev().find(|s| s.id == m.session)?;
    if first_version {
        let connected = st.kapso.number(&m.number)?;
        let display = core.number(&m.number).map(|n| n.display.clone());
        let config =
            json!({ "id": connected.internal, "phone_number_id": m.number, "display_phone_number": display });
        return Some(shapes::first_version(core, m, session, person, &config, new));
    }
    Some(json!({
        "message": shapes::message(core, m, person, &Extras::Hook, false),
        "conversation": shapes::session(session, person, false),
        "is_new_conversation": new, "phone_number_id": m.number,
    }))
}

/// Begins the play of the numbers that are connected: what was written before is there at once, the lines come when
/// somebody is to be told.
pub fn begin(core: &Arc<Core>, st: &mut State) {
    if !core.play || core.speed() <= 0.0 {
        return;
    }
    let numbers: Vec<String> = st.kapso.numbers.iter().map(|n| n.id.clone()).collect();
    for number in numbers {
        if st.played.insert(format!("kapso:{number}")) {
            before(core, st, &number);
        }
        let listens = st.kapso.hooks.iter().any(|h| h.number.as_deref() == Some(&number) && h.active);
        if listens && st.played.insert(number.clone()) {
            play::plan_lines(core, st, &number);
        }
    }
    core.planned.notify_one();
    core.changed.notify_one();
}

/// What was written before the emulator started, both ways.
fn before(core: &Arc<Core>, st: &mut State, number: &str) {
    let now = core.clock.now();
    let customers: Vec<Customer> =
        core.scenario.customers.iter().filter(|c| c.number == number).cloned().collect();
    let mut lines: Vec<(Millis, &Customer, usize)> = Vec::new();
    for customer in &customers {
        let times = customer.history.iter().enumerate();
        lines.extend(times.map(|(n, line)| (now - line.ago.unwrap_or(0) * 60_000, customer, n)));
    }
    lines.sort_by_key(|(at, ..)| *at);
    for (at, customer, index) in lines {
        let Some(line) = customer.history.get(index) else { continue };
        let id = |n: usize| wire::history_wamid(core.seed, customer, n);
        let target = line.quote.map(id);
        let mut content = play::content(line, target.as_deref().unwrap_or_default());
        if let Some(target) = target.filter(|_| line.react.is_none()) {
            content["context"] = json!({ "id": target });
        }
        let person = meet(st, customer, at);
        let wamid = id(index);
        let message = if line.own {
            content
        } else {
            let whole = play::remember(st, customer, number, &wamid, at, &content);
            self::content(&whole)
        };
        let mut stored = stored(number, &wamid, (at, at / 1000 * 1000), !line.own, person, message);
        if line.own {
            let statuses = ["sent", "delivered", "read"].map(|word| {
                json!({ "id": wamid, "status": word, "timestamp": (at / 1000 + 1).to_string(),
                    "recipient_id": customer.phone, "recipient_user_id": customer.bsuid })
            });
            stored.statuses = statuses.to_vec();
            stored.status = "read".into();
        }
        keep(core, st, stored);
    }
}
