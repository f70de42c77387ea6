//! The older payload version: its objects in the form of the newer one, as far as it is known.

use crate::provider::meta::webhook::read::{id, string};
use serde_json::{Map, Value, json};

/// A payload of version 1 as one of version 2. What is already in the newer form stays as it is.
pub fn upgraded(v: &Value) -> Value {
    let mut out = v.as_object().cloned().unwrap_or_default();
    let config = v.get("whatsapp_config").cloned().unwrap_or(Value::Null);
    if id(v, "phone_number_id").is_none()
        && let Some(number) = id(&config, "phone_number_id")
    {
        out.insert("phone_number_id".into(), number.into());
    }
    if let Some(m) = v.get("message").filter(|m| m.get("message_type").is_some()) {
        out.insert("message".into(), message(m));
    }
    Value::Object(out)
}

fn message(m: &Value) -> Value {
    let mut out = m.as_object().cloned().unwrap_or_default();
    // The uuid is Kapso's; the other id is what everybody else calls the message.
    if let Some(wamid) = id(m, "whatsapp_message_id") {
        out.insert("id".into(), wamid.into());
    }
    let kind = string(m, "message_type").unwrap_or("text").to_owned();
    let content = m.get("content").cloned().unwrap_or(Value::Null);
    out.insert("type".into(), kind.clone().into());
    if !out.contains_key(&kind) && kind == "text" {
        let text = content.as_str().or_else(|| string(&content, "text")).or_else(|| string(&content, "body"));
        if let Some(text) = text {
            out.insert("text".into(), json!({ "body": text }));
        }
    }
    let mut kapso = m.get("kapso").and_then(Value::as_object).cloned().unwrap_or_else(Map::new);
    for (from, to) in [
        ("direction", "direction"),
        ("status", "status"),
        ("phone_number", "phone_number"),
        ("origin", "origin"),
        ("content", "content"),
        ("media_url", "media_url"),
        ("media_data", "media_data"),
        ("message_type_data", "message_type_data"),
        ("statuses", "statuses"),
    ] {
        if let Some(value) = m.get(from).filter(|value| !value.is_null() && !kapso.contains_key(to)) {
            kapso.insert(to.into(), value.clone());
        }
    }
    out.insert("kapso".into(), Value::Object(kapso));
    Value::Object(out)
}
