//! Meta's webhooks: one POST body in, what it says in our words out.
//!
//! Owns the reading of every webhook field and the check of its signature. Knows nothing of accounts, the
//! store or HTTP. Lenient by rule: an unknown field, type or word is kept as such, and an update that cannot be
//! read becomes a line in [`WebhookBatch::problems`] without touching its neighbours.

mod account;
pub(in crate::provider) mod body;
mod calls;
mod coexistence;
pub(in crate::provider) mod messages;
pub(in crate::provider) mod people;
pub(in crate::provider) mod read;
pub(in crate::provider) mod signature;
mod template;

pub use read::{ID_MAX, ITEMS_MAX, NAME_MAX, TEXT_MAX};
pub use signature::{challenge, sign, verify_signature};

use crate::clock::Millis;
use crate::model::inbound::{Change, Route, Routed, WebhookBatch};
use people::People;
use read::{digits, id, list, seconds, string};
use serde_json::Value;

/// Longest body that is read, in bytes. Meta sends at most 3 MB.
pub const BODY_MAX: usize = 16 * 1024 * 1024;
/// Lines of problems kept of one body.
const PROBLEMS_MAX: usize = 200;
/// Longest line of a problem, in characters.
const PROBLEM_CHARS: usize = 200;

/// Reads a webhook body. The error says why it is none at all (not JSON, not an object, too long or too deep).
pub fn parse(body: &[u8]) -> Result<WebhookBatch, String> {
    if body.len() > BODY_MAX {
        return Err(format!("the body has {} bytes, at most {BODY_MAX} are read", body.len()));
    }
    let value: Value = match serde_json::from_slice(body) {
        Ok(value) => value,
        Err(e) => read::repaired(body)
            .and_then(|b| serde_json::from_slice(&b).ok())
            .ok_or_else(|| format!("the body is not JSON: {e}"))?,
    };
    if !value.is_object() {
        return Err("the body is JSON, but not an object".into());
    }
    let mut batch = WebhookBatch::default();
    let Some(entries) = value.get("entry").and_then(Value::as_array) else {
        batch.problems.push("the body has no entries".into());
        return Ok(batch);
    };
    for entry in entries {
        // Some partner events put the field beside the changes, or have none.
        match entry.get("changes").and_then(Value::as_array) {
            Some(changes) => {
                for c in changes {
                    change(&mut batch, entry, c);
                }
            }
            None => change(&mut batch, entry, entry),
        }
    }
    Ok(batch)
}

/// Where changes and problems of one update go.
pub(in crate::provider) struct Sink<'a> {
    pub(in crate::provider) batch: &'a mut WebhookBatch,
    pub(in crate::provider) route: Route,
    pub(in crate::provider) field: &'a str,
    /// The entry's own time: a fallback.
    pub(in crate::provider) at: Option<Millis>,
}

impl Sink<'_> {
    pub(in crate::provider) fn push(&mut self, change: Change) {
        self.batch.changes.push(Routed { route: self.route.clone(), change });
    }

    pub(in crate::provider) fn problem(&mut self, text: &str) {
        if self.batch.problems.len() < PROBLEMS_MAX {
            let line = format!("{}: {text}", self.field);
            self.batch.problems.push(line.chars().take(PROBLEM_CHARS).collect());
        }
    }

    pub(in crate::provider) fn result(&mut self, result: Result<Change, String>) {
        match result {
            Ok(change) => self.push(change),
            Err(text) => self.problem(&text),
        }
    }

    pub(in crate::provider) fn time(&self, v: &Value) -> Result<Millis, String> {
        seconds(v, "timestamp")
            .or(self.at)
            .ok_or_else(|| format!("no time on {}", id(v, "id").unwrap_or_default()))
    }
}

fn change(batch: &mut WebhookBatch, entry: &Value, change: &Value) {
    let Some(field) = string(change, "field").or_else(|| string(entry, "field")) else {
        let mut sink = Sink { batch, route: Route::default(), field: "webhook", at: None };
        return sink.problem("a change without a field");
    };
    let Some(value) = change.get("value").or_else(|| entry.get("value")).filter(|v| v.is_object()) else {
        let mut sink = Sink { batch, route: Route::default(), field, at: None };
        return sink.problem("a change without a value");
    };
    let about = value.get("metadata").or_else(|| value.get("recipient")).unwrap_or(&Value::Null);
    let business = value
        .pointer("/waba_info/waba_id")
        .and_then(read::text_of)
        .or_else(|| entry.get("id").and_then(read::text_of));
    let route = Route {
        number: id(about, "phone_number_id"),
        display_phone: string(about, "display_phone_number")
            .or_else(|| string(value, "display_phone_number"))
            .map(digits),
        business,
    };
    let sink = &mut Sink { batch, route, field, at: seconds(entry, "time") };
    match field {
        "messages" => messages::field(sink, value),
        "smb_message_echoes" => coexistence::echoes(sink, value),
        "smb_app_state_sync" => coexistence::state_sync(sink, value),
        "history" => coexistence::history(sink, value),
        "standby" => coexistence::standby(sink, value),
        "calls" => calls::field(sink, value),
        "user_preferences" => preferences(sink, value),
        "message_template_status_update"
        | "message_template_quality_update"
        | "message_template_components_update"
        | "template_category_update" => template::field(sink, value),
        _ => account::field(sink, value),
    }
}

fn preferences(sink: &mut Sink<'_>, value: &Value) {
    let preferences = list(value, "user_preferences");
    let people = People::new(value, preferences.len());
    for p in preferences {
        let marketing = string(p, "category").is_none_or(|c| c.eq_ignore_ascii_case("marketing_messages"));
        let stop = match string(p, "value").map(str::to_ascii_lowercase).as_deref() {
            Some("stop") if marketing => true,
            Some("resume" | "signup") if marketing => false,
            _ => {
                sink.push(Change::Unknown { field: sink.field.to_owned() });
                continue;
            }
        };
        match people.peer(p, "wa_id", "user_id", "parent_user_id") {
            Some(peer) => {
                let at = sink.time(p).unwrap_or(0);
                sink.push(Change::Preference { peer, stop, at });
            }
            None => sink.problem("a preference of nobody"),
        }
    }
}

#[cfg(test)]
mod fuzz_tests;
#[cfg(test)]
mod tests;
