//! Numbers that are also used from a phone, or answered by Meta's own agent: echoes, history, address book.

use super::Sink;
use super::messages::{self, Frame, message, message_id};
use super::people::{People, group};
use super::read::{NAME_MAX, first_chars, list, owned, seconds, string};
use crate::model::delivery::DeliveryState;
use crate::model::inbound::{Author, Change, Peer, Severity};
use crate::provider::meta::errors;
use serde_json::Value;

/// What somebody wrote on the number's phone.
pub fn echoes(sink: &mut Sink<'_>, value: &Value) {
    echo_list(sink, &messages::people(value, value), value, Author::Phone);
    messages::errors_of(sink, value);
}

fn echo_list(sink: &mut Sink<'_>, people: &People<'_>, value: &Value, author: Author) {
    for e in list(value, "message_echoes") {
        // Copies of the agent's messages carry the content one level deeper.
        let content = e.get("message").filter(|m| m.is_object() && e.get("type").is_none()).unwrap_or(e);
        let change = (|| {
            let id = message_id(e)?;
            let at = sink.time(e)?;
            let peer = recipient(people, content)
                .or_else(|| recipient(people, e))
                .ok_or_else(|| format!("echo {id} names no recipient"))?;
            let state = Some(DeliveryState::Sent);
            message(Frame { id, at, peer, participant: None, author, history: false, state }, content)
        })();
        sink.result(change);
    }
}

fn recipient(people: &People<'_>, m: &Value) -> Option<Peer> {
    if let Some(g) = string(m, "group_id") {
        return Some(group(g));
    }
    if string(m, "recipient_type") == Some("group") {
        return string(m, "to").map(group);
    }
    let user = string(m, "to_user_id").or_else(|| string(m, "recipient"));
    people.person(string(m, "to"), user, string(m, "to_parent_user_id"), &Value::Null)
}

/// The phone's address book. A removed entry says nothing about the person.
pub fn state_sync(sink: &mut Sink<'_>, value: &Value) {
    let people = People::new(value, 0);
    for s in list(value, "state_sync") {
        let Some(contact) = s.get("contact").filter(|_| string(s, "type").is_none_or(|t| t == "contact"))
        else {
            sink.push(Change::Unknown { field: sink.field.to_owned() });
            continue;
        };
        if string(s, "action") == Some("remove") {
            continue;
        }
        match people.peer(contact, "phone_number", "user_id", "parent_user_id") {
            Some(mut peer) => {
                if peer.profile_name.is_empty() {
                    let name = string(contact, "full_name").or_else(|| string(contact, "first_name"));
                    peer.profile_name = first_chars(name.unwrap_or_default(), NAME_MAX).into();
                }
                let at = s.get("metadata").and_then(|m| seconds(m, "timestamp")).unwrap_or(0);
                sink.push(Change::ContactSeen { peer, at });
            }
            None => sink.problem("an address book entry without a number"),
        }
    }
}

/// What was written before the number was connected.
pub fn history(sink: &mut Sink<'_>, value: &Value) {
    let people = People::new(value, 0);
    for chunk in list(value, "history") {
        for e in list(chunk, "errors") {
            let error = errors::from_object(e);
            sink.push(Change::Notice {
                field: sink.field.to_owned(),
                severity: Severity::Info,
                text: format!("{}: {}", error.code, error.text),
                at: sink.at,
                quality: None,
                limit: None,
            });
        }
        for thread in list(chunk, "threads") {
            let context = thread.get("context").unwrap_or(&Value::Null);
            let phone = string(context, "wa_id").or_else(|| {
                string(thread, "id").filter(|t| t.chars().all(|c| c.is_ascii_digit() || c == '+'))
            });
            let peer =
                people.person(phone, string(context, "user_id"), string(context, "parent_user_id"), context);
            for m in list(thread, "messages") {
                let change = past(sink, &people, m, peer.as_ref());
                sink.result(change);
            }
        }
    }
    // Files follow in posts of their own.
    for m in list(value, "messages") {
        let change = past(sink, &people, m, None);
        sink.result(change);
    }
}

fn past(sink: &Sink<'_>, people: &People<'_>, m: &Value, thread: Option<&Peer>) -> Result<Change, String> {
    let id = message_id(m)?;
    let at = sink.time(m)?;
    let from = string(m, "from");
    let own = match from {
        Some(f) => people.is_own(f),
        None => string(m, "from_user_id").is_none(),
    };
    let named = if own {
        recipient(people, m)
    } else {
        people.peer(m, "from", "from_user_id", "from_parent_user_id")
    };
    let peer = thread.cloned().or(named).ok_or_else(|| format!("message {id} names nobody"))?;
    let word = m.get("history_context").map(|h| owned(h, "status").to_ascii_lowercase());
    let state = own.then(|| match word.as_deref() {
        Some("pending") => DeliveryState::Accepted,
        Some("error") => DeliveryState::Failed,
        Some(word) => messages::state(word).unwrap_or(DeliveryState::Sent),
        None => DeliveryState::Sent,
    });
    let author = if own { Author::Phone } else { Author::Customer };
    message(Frame { id, at, peer, participant: None, author, history: true, state }, m)
}

/// Copies of a conversation that Meta's agent leads.
pub fn standby(sink: &mut Sink<'_>, value: &Value) {
    let Some(inner) = value.get("standby").filter(|v| v.is_object()) else {
        return sink.problem("nothing known in it");
    };
    let with_contacts = if inner.get("contacts").is_some() { inner } else { value };
    let people = messages::people(with_contacts, inner);
    let before = sink.batch.changes.len() + sink.batch.problems.len();
    messages::inbound(sink, &people, inner);
    messages::statuses(sink, &people, inner);
    echo_list(sink, &people, inner, Author::Provider);
    if sink.batch.changes.len() + sink.batch.problems.len() == before {
        sink.problem("nothing known in it");
    }
}
