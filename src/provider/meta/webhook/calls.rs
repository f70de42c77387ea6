//! The field `calls`: a line in the conversation for each call that comes in or ends.

use super::Sink;
use super::people::{People, group};
use super::read::{id, integer, list, string};
use crate::model::delivery::DeliveryState;
use crate::model::inbound::{Author, Change, InboundMessage, Severity};
use crate::model::message::Body;
use serde_json::Value;

/// Reads a value of `calls`.
pub fn field(sink: &mut Sink<'_>, value: &Value) {
    let before = sink.batch.changes.len() + sink.batch.problems.len();
    let calls = list(value, "calls");
    let people = People::new(value, calls.len());
    for c in calls {
        let change = call(sink, &people, c);
        sink.result(change);
    }
    for s in list(value, "statuses") {
        let (word, who) = (string(s, "status").unwrap_or("unknown"), string(s, "recipient_id"));
        let who = who.or_else(|| string(s, "recipient_user_id")).unwrap_or("a customer");
        sink.push(Change::Notice {
            field: sink.field.to_owned(),
            severity: Severity::Info,
            text: format!("Call to {who}: {}", word.to_ascii_lowercase()),
            at: sink.time(s).ok(),
            quality: None,
            limit: None,
        });
    }
    super::messages::errors_of(sink, value);
    if sink.batch.changes.len() + sink.batch.problems.len() == before {
        sink.push(Change::Unknown { field: sink.field.to_owned() });
    }
}

fn call(sink: &Sink<'_>, people: &People<'_>, c: &Value) -> Result<Change, String> {
    let call = id(c, "id").ok_or("a call without an id")?;
    let at = sink.time(c)?;
    let ours = string(c, "direction").is_some_and(|d| d.eq_ignore_ascii_case("BUSINESS_INITIATED"));
    let peer = match string(c, "group_id") {
        Some(g) => Some(group(g)),
        None if ours => people.peer(c, "to", "to_user_id", "to_parent_user_id"),
        None => people.peer(c, "from", "from_user_id", "from_parent_user_id"),
    };
    let peer = peer.ok_or_else(|| format!("call {call} names nobody"))?;
    let event = string(c, "event").unwrap_or("unknown").to_ascii_lowercase();
    let ended = event == "terminate";
    let (event, seconds) = match event.as_str() {
        "connect" => ("ringing".to_owned(), None),
        "terminate" if c.get("start_time").is_none_or(Value::is_null) => ("missed".to_owned(), None),
        "terminate" => (
            string(c, "status").unwrap_or("completed").to_ascii_lowercase(),
            integer(c, "duration").and_then(|d| u64::try_from(d).ok()),
        ),
        _ => (event, None),
    };
    Ok(Change::Message(Box::new(InboundMessage {
        // One call has several events; each is a line of its own, and its end carries the call's id.
        provider_id: if ended { call } else { format!("{call}/{event}") },
        at,
        peer,
        author: if ours { Author::Phone } else { Author::Customer },
        participant: None,
        body: Body::Call { event, seconds },
        quotes: None,
        tag: None,
        opens_window: !ours,
        history: false,
        state: ours.then_some(DeliveryState::Sent),
    })))
}
