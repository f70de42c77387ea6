//! How messages and states look on the wire: ids, contacts, webhook envelopes, the odd escapes.
//!
//! Owns the shapes of webhooks. Decides nothing about when they are sent.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::errors;
use super::scenario::{Customer, Number, Template};
use super::state::Accepted;
use crate::clock::Millis;

/// Base64 with padding, the standard alphabet.
pub fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |w, b| (w << 8) | u32::from(*b)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            if place <= chunk.len() {
                out.push(char::from(ALPHABET[((word >> (18 - 6 * place)) & 63) as usize]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

/// Bytes in hexadecimal, lower case.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, b| {
        for nibble in [b >> 4, b & 15] {
            out.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
        out
    })
}

/// 32 bytes that depend on the seed and the words only.
fn digest(seed: u64, words: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    for word in words {
        hash.update(word.as_bytes());
        hash.update([0]);
    }
    hash.finalize().into()
}

/// A number from 0 up to 1 that depends on the seed and the words only.
pub fn dice(seed: u64, words: &[&str]) -> f64 {
    let bytes = digest(seed, words);
    let word = bytes.iter().take(4).fold(0_u32, |w, b| (w << 8) | u32::from(*b));
    f64::from(word) / 4_294_967_296.0
}

fn wamid(address: &str, direction: u8, unique: &str) -> String {
    let mut bytes = vec![0x1c, 0x18, u8::try_from(address.len()).unwrap_or(u8::MAX)];
    bytes.extend_from_slice(address.as_bytes());
    bytes.extend_from_slice(&[0x15, 0x02, 0x00, direction, 0x18, 0x20]);
    bytes.extend_from_slice(unique.to_ascii_uppercase().as_bytes());
    bytes.push(0);
    format!("wamid.{}", base64(&bytes))
}

/// A new message id; `outbound` for messages of the business.
pub fn new_wamid(address: &str, outbound: bool) -> String {
    wamid(address, if outbound { 0x11 } else { 0x12 }, &uuid::Uuid::new_v4().simple().to_string())
}

/// The message id with these 32 characters in it.
pub fn wamid_of(address: &str, outbound: bool, unique: &str) -> String {
    wamid(address, if outbound { 0x11 } else { 0x12 }, unique)
}

/// The message id of a history line: the same in every run with the same seed.
pub fn history_wamid(seed: u64, customer: &Customer, index: usize) -> String {
    let bytes = digest(seed, &["history", &customer.key, &index.to_string()]);
    wamid(&customer.phone, 0x12, &hex(&bytes[..16]))
}

/// The value of `X-Hub-Signature-256`.
pub fn signature(app_secret: &str, body: &[u8]) -> String {
    // HMAC takes keys of every length, so the error arm cannot be reached.
    Hmac::<Sha256>::new_from_slice(app_secret.as_bytes()).map_or_else(
        |_| String::new(),
        |mut mac| {
            mac.update(body);
            format!("sha256={}", hex(&mac.finalize().into_bytes()))
        },
    )
}

/// JSON as the platform writes it: ASCII only, every slash escaped.
pub fn escaped(value: &Value) -> String {
    let mut out = String::new();
    for c in value.to_string().chars() {
        match c {
            '/' => out.push_str("\\/"),
            c if c.is_ascii() => out.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out
}

/// `value.contacts[0]`.
pub fn contact(customer: &Customer, with_username: bool) -> Value {
    let mut profile = json!({ "name": customer.name });
    if let Some(username) = customer.username.as_ref().filter(|_| with_username) {
        profile["username"] = json!(username);
    }
    let mut contact = json!({ "profile": profile, "user_id": customer.bsuid });
    if !customer.hides_phone {
        contact["wa_id"] = json!(customer.phone);
    }
    contact
}

/// `context` of a customer who quotes an own message.
pub fn own_quote(customer: &Customer, wamid: &str) -> Value {
    if customer.hides_phone {
        json!({ "from_user_id": customer.bsuid, "id": wamid })
    } else {
        json!({ "from": customer.phone, "id": wamid })
    }
}

/// `value.messages[0]`: `content` has `type` and the object of that name; the rest is filled in.
pub fn inbound(
    customer: &Customer,
    wamid: &str,
    at: Millis,
    content: &Value,
    context: Option<Value>,
) -> Value {
    let mut message = content.clone();
    if !customer.hides_phone {
        message["from"] = json!(customer.phone);
    }
    message["from_user_id"] = json!(customer.bsuid);
    message["id"] = json!(wamid);
    message["timestamp"] = json!((at / 1000).to_string());
    if let Some(context) = context {
        message["context"] = context;
    }
    let kind = content["type"].as_str().unwrap_or_default().to_owned();
    if matches!(kind.as_str(), "image" | "video" | "audio" | "document" | "sticker")
        && let Some(media) = message.get_mut(&kind).filter(|m| m.is_object())
    {
        let bytes = digest(0, &["media", wamid]);
        let id = bytes.iter().take(6).fold(0_u64, |w, b| (w << 8) | u64::from(*b));
        if media.get("id").is_none() {
            media["id"] = json!(format!("1{id:015}"));
        }
        if media.get("sha256").is_none() {
            media["sha256"] = json!(base64(&bytes));
        }
    }
    message
}

/// The value of a `messages` webhook.
pub fn messages_value(number: &Number, contacts: Option<Value>, key: &str, item: &Value) -> Value {
    let mut value = json!({
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": number.digits(), "phone_number_id": number.id },
        key: [item],
    });
    if let Some(contact) = contacts {
        value["contacts"] = json!([contact]);
    }
    value
}

/// `value.statuses[0]`.
pub fn status(
    send: &Accepted,
    customer: Option<&Customer>,
    status: &str,
    code: Option<i64>,
    at: Millis,
) -> Value {
    let mut item = json!({ "id": send.wamid, "status": status, "timestamp": (at / 1000).to_string() });
    let hidden = send.by_user_id && customer.is_none_or(|c| c.hides_phone);
    if !hidden {
        let phone = customer.map_or(send.address.as_str(), |c| c.phone.as_str());
        item["recipient_id"] = json!(phone);
    }
    if status != "failed" || send.by_user_id {
        let user = customer.map_or(send.address.as_str(), |c| c.bsuid.as_str());
        item["recipient_user_id"] = json!(user);
    }
    if let Some(opaque) = &send.opaque {
        item["biz_opaque_callback_data"] = json!(opaque);
    }
    let priced = status == "sent"
        || status == "delivered"
        || (status == "read" && !send.statuses.iter().any(|s| s.status == "delivered"));
    if status == "failed" {
        item["errors"] = json!([errors::webhook_error(code.unwrap_or(131_000))]);
    } else if priced {
        let free = send.template.is_none() || (send.in_window && send.category == "utility");
        item["pricing"] = json!({
            "billable": !free, "pricing_model": "PMP",
            "type": if free { "free_customer_service" } else { "regular" },
            "category": send.category,
        });
    }
    item
}

/// The value of `message_template_status_update`.
pub fn template_status(template: &Template, now: Millis) -> Value {
    let mut value = json!({
        "event": template.status,
        "message_template_id": template.id.parse::<u64>().unwrap_or_default(),
        "message_template_name": template.name,
        "message_template_language": template.language,
        "message_template_category": template.category,
        "reason": template.rejected_reason,
    });
    if template.status == "DISABLED" {
        value["disable_info"] = json!({ "disable_date": now / 1000 });
    }
    value
}

/// A whole webhook body. Account fields carry the time of the entry.
pub fn envelope(account: &str, changes: &[(String, Value)], time: Option<Millis>) -> Value {
    let changes: Vec<Value> =
        changes.iter().map(|(field, value)| json!({ "field": field, "value": value })).collect();
    let mut entry = json!({ "id": account, "changes": changes });
    if let Some(time) = time {
        entry["time"] = json!(time / 1000);
    }
    json!({ "object": "whatsapp_business_account", "entry": [entry] })
}
