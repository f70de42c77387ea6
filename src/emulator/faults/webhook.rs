//! Webhooks that go wrong.
//!
//! Owns which faults a webhook meets and what they make of it. When it is posted is `delivery`'s business.

use serde_json::{Value, json};

use super::{Argument, Hit, Kind, Target, odd};
use crate::clock::Millis;
use crate::emulator::state::{Inbound, State};
use crate::emulator::{Core, wire};

/// How long later webhooks have to overtake one, at speed 1.
const OVERTAKE: f64 = 2_000.0;

/// What a webhook is about.
pub fn target(core: &Core, st: &State, changes: &[(String, Value)]) -> Target {
    let Some((field, value)) = changes.first() else { return Target::default() };
    let endpoint = match field.as_str() {
        "messages" if value["statuses"].is_array() => "statuses",
        "messages" => "messages",
        f if f.starts_with("message_template") => "templates",
        _ => "other",
    };
    let number = value["metadata"]["phone_number_id"].as_str().map(str::to_owned);
    let mut named: Vec<&str> = Vec::new();
    for (list, keys) in [
        ("contacts", ["wa_id", "user_id"]),
        ("messages", ["from", "from_user_id"]),
        ("statuses", ["recipient_id", "recipient_user_id"]),
    ] {
        let items = value[list].as_array().into_iter().flatten();
        named.extend(items.flat_map(|item| keys.map(|k| item[k].as_str())).flatten());
    }
    let known = core.customer(st, |c| named.iter().any(|n| *n == c.phone || *n == c.bsuid));
    let mut people: Vec<String> = known.map(|c| [c.key, c.phone, c.bsuid]).into_iter().flatten().collect();
    people.extend(named.into_iter().map(str::to_owned));
    Target { endpoint, number, people, list: false }
}

/// What becomes of a webhook: how it is sent, in the order of the queue.
pub struct Fate {
    /// The times at which it may be posted; none when it is lost.
    pub times: Vec<Millis>,
    /// Whether a copy that is signed wrongly goes before it.
    pub forged: bool,
}

/// Applies the faults of one webhook to its body.
pub fn apply(
    core: &Core,
    st: &mut State,
    hits: &[Hit],
    changes: &[(String, Value)],
    body: &mut Value,
) -> Fate {
    let now = core.clock.now();
    let mut fate = Fate { times: vec![now], forged: false };
    let wait = |ms: f64| now + (ms / core.pace()) as Millis;
    let mut lost = false;
    for hit in hits {
        let mut message = subject(changes);
        match hit.kind {
            Kind::Drop => lost = true,
            Kind::Duplicate => {
                let again = wait(OVERTAKE * hit.luck);
                fate.times.push(again);
            }
            Kind::Reorder => fate.times[0] = fate.times[0].max(wait(OVERTAKE * hit.luck)),
            Kind::Delay => {
                let time = match hit.argument {
                    Argument::Time(t) => t.as_secs_f64() * 1000.0,
                    _ => 0.0,
                };
                fate.times[0] = fate.times[0].max(wait(time));
            }
            Kind::BadSignature => fate.forged = true,
            Kind::UnknownMessage => message = unknown_message(core, st, changes, body),
            Kind::UnknownStatus => unknown_status(body),
            Kind::UnknownField => unknown_field(body),
            _ => {}
        }
        core.faults.note(hit, false, message);
    }
    // After what was added, so that it is odd as well.
    if hits.iter().any(|h| h.kind == Kind::OddWebhook) {
        odd(body);
    }
    if lost {
        fate.times.clear();
        fate.forged = false;
    }
    fate
}

/// The message that a webhook tells of.
fn subject(changes: &[(String, Value)]) -> Option<String> {
    let (_, value) = changes.first()?;
    ["statuses", "messages"].iter().find_map(|list| value[*list][0]["id"].as_str()).map(str::to_owned)
}

fn value(body: &mut Value) -> &mut Value {
    &mut body["entry"][0]["changes"][0]["value"]
}

/// A message of a type that nobody knows, from the same person; gives its id.
fn unknown_message(
    core: &Core,
    st: &mut State,
    changes: &[(String, Value)],
    body: &mut Value,
) -> Option<String> {
    let target = target(core, st, changes);
    let value = value(body);
    let mut message = value["messages"].get(0)?.clone();
    let members = message.as_object_mut()?;
    members.retain(|key, _| ["from", "from_user_id", "timestamp"].contains(&key.as_str()));
    let id = wire::new_wamid(value["contacts"][0]["user_id"].as_str().unwrap_or_default(), false);
    members.insert("id".into(), json!(id));
    members.insert("type".into(), json!("hologram"));
    members.insert("hologram".into(), json!({ "id": "8800", "frames": [1, 2, 3], "caption": "look" }));
    value["messages"].as_array_mut()?.push(message);
    st.hear(Inbound {
        wamid: id.clone(),
        number: target.number?,
        customer: target.people.into_iter().next()?,
        kind: "hologram".into(),
        at: core.clock.now(),
        read: false,
        told: false,
    });
    Some(id)
}

/// A status that nobody knows, of the same message.
fn unknown_status(body: &mut Value) {
    let value = value(body);
    let Some(mut status) = value["statuses"].get(0).cloned() else { return };
    status["status"] = json!("teleported");
    if let Some(list) = value["statuses"].as_array_mut() {
        list.push(status);
    }
}

/// A field that nobody knows, and members at every level.
fn unknown_field(body: &mut Value) {
    body["x_batch"] = json!(7);
    body["entry"][0]["x_region"] = json!(["ash", 3]);
    value(body)["x_flags"] = json!({ "beta": true });
    if let Some(changes) = body["entry"][0]["changes"].as_array_mut() {
        changes.push(json!({ "field": "quantum_updates", "value": { "state": [null, 1.5, "a"] } }));
    }
}
