//! Kapso's webhooks: one POST body in, what it says in our words out.
//!
//! Owns the events of payload version 2, the older version 1 as far as it is known, batches, and Meta's own form as
//! Kapso forwards it. Lenient by rule: what is not known is kept and answered like the rest, because a webhook that
//! is refused too often is switched off. An event is named by its header, else by the body, else by what the body
//! holds, so that a body that was kept can be read again.

mod events;
mod project;
mod v1;

use crate::clock::Millis;
use crate::model::inbound::{Change, Route, Routed};
use crate::provider::meta::webhook as meta;
use crate::provider::meta::webhook::read::{id, repaired, string};
use crate::provider::meta::webhook::signature;
use crate::provider::posts::{Head, Said, Turn};
use serde_json::Value;

/// Longest body that is read, in bytes.
pub const BODY_MAX: usize = meta::BODY_MAX;
/// Parts of one batch that are read; Kapso sends at most a hundred.
const PARTS_MAX: usize = 1_000;
/// Lines of problems kept of one body.
const PROBLEMS_MAX: usize = 200;
/// Longest line of a problem, in characters.
const PROBLEM_CHARS: usize = 200;

/// Whether Kapso signed a body: in its own header as plain digits, or as Meta's header where it forwards Meta's form.
#[must_use]
pub fn is_signed(secret: &[u8], head: &Head<'_>, body: &[u8]) -> bool {
    let own = head.signature.map(str::trim).map(|s| s.strip_prefix("sha256=").unwrap_or(s));
    match own {
        Some(digits) => signature::verify_hex(secret, digits, body),
        None => meta::verify_signature(secret, head.hub_signature, body),
    }
}

/// The value of `X-Webhook-Signature` for a body.
#[must_use]
pub fn sign(secret: &[u8], body: &[u8]) -> String {
    let signed = meta::sign(secret, body);
    signed.strip_prefix("sha256=").unwrap_or(&signed).to_owned()
}

/// Reads a body. The error says why it is none at all (not JSON, not an object, too long or too deep).
pub fn read(head: &Head<'_>, body: &[u8], received: Millis) -> Result<Said, String> {
    if body.len() > BODY_MAX {
        return Err(format!("the body has {} bytes, at most {BODY_MAX} are read", body.len()));
    }
    let value: Value = match serde_json::from_slice(body) {
        Ok(value) => value,
        Err(e) => repaired(body)
            .and_then(|b| serde_json::from_slice(&b).ok())
            .ok_or_else(|| format!("the body is not JSON: {e}"))?,
    };
    if !value.is_object() {
        return Err("the body is JSON, but not an object".into());
    }
    // Meta's own form, forwarded.
    if value.get("entry").is_some_and(Value::is_array) {
        return meta::parse(body).map(|batch| Said { batch, turns: Vec::new() });
    }
    let mut news = News { said: Said::default(), received };
    let named = head.event.map(str::trim).filter(|e| !e.is_empty());
    let event = named.or_else(|| string(&value, "event")).or_else(|| string(&value, "type"));
    let parts = match value.get("data") {
        Some(Value::Array(parts)) => Some(parts),
        _ => None,
    };
    if let Some(parts) = parts {
        for part in parts.iter().take(PARTS_MAX) {
            news.payload(event, head.version, part);
        }
        if parts.len() > PARTS_MAX {
            news.problem("batch", &format!("{} parts are too many", parts.len()));
        }
    } else {
        // Older forms have an envelope around what happened.
        let holds = |v: &Value| v.get("message").is_some() || v.get("conversation").is_some();
        let inner = value.get("data").filter(|d| d.is_object() && !holds(&value));
        news.payload(event, head.version, inner.unwrap_or(&value));
    }
    Ok(news.said)
}

/// Where what a body says is gathered.
struct News {
    said: Said,
    received: Millis,
}

impl News {
    fn push(&mut self, route: &Route, change: Change) {
        self.said.batch.changes.push(Routed { route: route.clone(), change });
    }

    fn turn(&mut self, turn: Turn) {
        self.said.turns.push(turn);
    }

    fn problem(&mut self, event: &str, text: &str) {
        let problems: &mut Vec<String> = &mut self.said.batch.problems;
        if problems.len() < PROBLEMS_MAX {
            problems.push(format!("{event}: {text}").chars().take(PROBLEM_CHARS).collect());
        }
    }

    /// One thing that happened.
    fn payload(&mut self, event: Option<&str>, version: Option<&str>, v: &Value) {
        if !v.is_object() {
            return self.problem(event.unwrap_or("webhook"), "a part that is not an object");
        }
        let event = event.or_else(|| string(v, "event")).unwrap_or_else(|| guess(v));
        let event = event.trim().to_ascii_lowercase();
        let old = version.is_some_and(|v| v.trim().eq_ignore_ascii_case("v1"))
            || v.get("whatsapp_config").is_some();
        let upgraded = old.then(|| v1::upgraded(v));
        let v = upgraded.as_ref().unwrap_or(v);
        let route = Route {
            number: id(v, "phone_number_id")
                .or_else(|| v.get("conversation").and_then(|c| id(c, "phone_number_id")))
                .or_else(|| v.pointer("/message/kapso").and_then(|k| id(k, "phone_number_id"))),
            ..Route::default()
        };
        match event.as_str() {
            "whatsapp.message.received"
            | "whatsapp.message.sent"
            | "whatsapp.message.delivered"
            | "whatsapp.message.read"
            | "whatsapp.message.failed"
            | "whatsapp.message.status_update"
            | "whatsapp.message.status_updated" => events::message(self, &event, &route, v),
            "whatsapp.conversation.created"
            | "whatsapp.conversation.ended"
            | "whatsapp.conversation.inactive" => events::conversation(self, &event, &route, v),
            "whatsapp.contact.identity_changed" => events::identity(self, &event, &route, v),
            "whatsapp.contact.marketing_preference_changed" => events::preference(self, &event, &route, v),
            "whatsapp.meta_business_agent.handover" => events::handover(self, &event, &route, v),
            "whatsapp.config.created" => project::turn(self, "whatsapp.phone_number.created", v),
            e if e.starts_with("whatsapp.phone_number.") || e.starts_with("whatsapp.account.") => {
                project::turn(self, e, v);
            }
            // A message of an event that is not known is one all the same.
            _ if v.get("message").is_some_and(Value::is_object) => events::message(self, &event, &route, v),
            _ => self.push(&Route::default(), Change::Unknown { field: field(&event) }),
        }
    }
}

/// The name of an event for people: not longer than a name.
fn field(event: &str) -> String {
    let name = if event.is_empty() { "an event without a name" } else { event };
    name.chars().filter(|c| !c.is_control()).take(80).collect()
}

/// What a body without the name of its event is about. What only its name tells stays unknown.
fn guess(v: &Value) -> &'static str {
    let has = |key: &str| v.get(key).is_some_and(Value::is_object);
    if has("message") {
        "whatsapp.message"
    } else if has("contact") && has("marketing_preference") {
        "whatsapp.contact.marketing_preference_changed"
    } else if has("contact") && has("previous") {
        "whatsapp.contact.identity_changed"
    } else if has("conversation") {
        "whatsapp.conversation.created"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests;
