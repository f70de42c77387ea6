//! How things of the project look as JSON.

use serde_json::{Map, Value, json};

use super::book::{Client, Connected, Delivery, Hook, Link, Person, Session};
use super::files;
use super::paging::iso;
use super::past::Stored;
use crate::clock::Millis;
use crate::emulator::{Core, Number};

pub fn client(c: &Client) -> Value {
    json!({
        "id": c.id, "name": c.name, "external_customer_id": c.external,
        "created_at": iso(c.created_at), "updated_at": iso(c.updated_at),
    })
}

/// A setup link; its token is shown only when it is made.
pub fn link(core: &Core, l: &Link, now: Millis, made: bool) -> Value {
    let asked = |name: &str, otherwise: Value| match &l.asked[name] {
        Value::Null => otherwise,
        given => given.clone(),
    };
    let mut shown = json!({
        "id": l.id, "status": l.shown_status(now), "created_at": iso(l.created_at), "expires_at": iso(l.expires_at),
        "url": format!("http://{}/whatsapp/setup/{}", core.addr, l.token),
        "success_redirect_url": l.asked["success_redirect_url"], "failure_redirect_url": l.asked["failure_redirect_url"],
        "allowed_connection_types": asked("allowed_connection_types", json!(["coexistence", "dedicated"])),
        "meta_billing_mode": asked("meta_billing_mode", json!("customer_managed")),
        "provision_phone_number": asked("provision_phone_number", json!(false)),
        "reconnect_phone_number": l.asked["reconnect_phone_number"], "language": l.asked["language"],
        "whatsapp_setup_status": l.setup, "whatsapp_setup_error": l.error,
    });
    if made {
        shown["token"] = json!(l.token);
    }
    shown
}

pub fn number(core: &Core, c: &Connected, facts: &Number) -> Value {
    json!({
        "id": c.id, "internal_id": c.internal, "phone_number_id": c.id, "name": c.name,
        "business_account_id": core.scenario.kapso.business, "customer_id": c.client,
        "is_coexistence": c.coexistence, "inbound_processing_enabled": c.processing, "calls_enabled": c.calls,
        "webhook_verified_at": iso(c.created_at), "display_name": facts.name,
        "display_phone_number": facts.display, "display_phone_number_normalized": facts.digits(),
        "verified_name": facts.name, "quality_rating": facts.quality, "code_verification_status": "VERIFIED",
        "name_status": "APPROVED", "status": c.status, "throughput_tier": "STANDARD",
        "whatsapp_business_manager_messaging_limit": "10000", "is_official_business_account": false,
        "is_pin_enabled": true, "created_at": iso(c.created_at), "updated_at": iso(c.updated_at),
    })
}

pub fn hook(core: &Core, h: &Hook) -> Value {
    let headers = if h.headers.is_empty() { Value::Null } else { json!(h.headers) };
    json!({
        "id": h.id, "url": h.url, "kind": h.kind, "events": h.events, "active": h.active, "secret_key": h.secret,
        "headers": headers, "buffer_enabled": h.buffer, "buffer_window_seconds": h.buffer_seconds,
        "max_buffer_size": h.buffer_size,
        "buffer_events": if h.buffer { json!(["whatsapp.message.received"]) } else { json!([]) },
        "inactivity_minutes": h.inactivity, "payload_version": h.version, "project_id": core.scenario.kapso.project,
        "phone_number_id": h.number, "created_at": iso(h.created_at), "updated_at": iso(h.updated_at),
    })
}

pub fn delivery(d: &Delivery) -> Value {
    json!({
        "id": d.id, "webhook_id": d.hook, "event": d.event, "status": d.status, "response_status": d.response,
        "attempt_count": d.attempts, "last_attempt_at": iso(d.at), "webhook_url": d.url, "phone_number_id": d.number,
    })
}

pub fn contact(p: &Person, client: Option<&str>) -> Value {
    json!({
        "id": p.id, "wa_id": p.phone, "business_scoped_user_id": p.bsuid, "parent_business_scoped_user_id": null,
        "username": p.username.as_ref().map(|u| format!("@{u}")), "profile_name": p.name, "display_name": null,
        "customer_id": client, "metadata": p.metadata, "created_at": iso(p.created_at), "updated_at": iso(p.updated_at),
    })
}

/// A session. `in_list` puts the name where lists have it; webhooks have it beside the rest.
pub fn session(s: &Session, p: &Person, in_list: bool) -> Value {
    let mut more = json!({
        "messages_count": s.count, "last_message_id": s.last_message, "last_message_type": s.last_kind,
        "last_message_timestamp": iso(s.last_at), "last_message_text": s.last_text,
        "last_inbound_at": s.last_in.map(iso), "last_outbound_at": s.last_out.map(iso),
    });
    let mut shown = json!({
        "id": s.id, "phone_number": p.phone, "business_scoped_user_id": p.bsuid,
        "parent_business_scoped_user_id": null, "username": p.username.as_ref().map(|u| format!("@{u}")),
        "status": if s.ended { "ended" } else { "active" }, "last_active_at": iso(s.last_at),
        "created_at": iso(s.created_at), "updated_at": iso(s.last_at), "metadata": {}, "phone_number_id": s.number,
    });
    if in_list {
        more["contact_name"] = json!(p.name);
    } else {
        shown["contact_name"] = json!(p.name);
    }
    shown["kapso"] = more;
    shown
}

/// Which members of `kapso` a message gets.
pub enum Extras {
    None,
    /// What the platform always has.
    All,
    /// What webhooks have.
    Hook,
    /// Those that were named.
    Named(Vec<String>),
}

impl Extras {
    /// From `fields` of the proxy, which has none unless they are asked for.
    pub fn asked(fields: Option<&String>) -> Self {
        let Some(text) = fields else { return Self::None };
        let Some(inside) =
            text.split_once("kapso(").and_then(|(_, rest)| rest.split_once(')')).map(|(i, _)| i)
        else {
            return Self::None;
        };
        match inside.trim() {
            "" => Self::None,
            "default" | "*" | "all" => Self::Named(DEFAULT.map(str::to_owned).to_vec()),
            names => Self::Named(names.split(',').map(|n| n.trim().to_owned()).collect()),
        }
    }

    fn has(&self, name: &str) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Hook => HOOK.contains(&name),
            Self::Named(names) => names.iter().any(|n| n == name),
        }
    }
}

const DEFAULT: [&str; 14] = [
    "direction",
    "status",
    "processing_status",
    "origin",
    "phone_number",
    "phone_number_id",
    "has_media",
    "media_data",
    "media_url",
    "whatsapp_conversation_id",
    "contact_name",
    "message_type_data",
    "content",
    "transcript",
];
const HOOK: [&str; 10] = [
    "direction",
    "status",
    "processing_status",
    "origin",
    "has_media",
    "media_url",
    "media_data",
    "message_type_data",
    "content",
    "statuses",
];
const MEDIA: [&str; 5] = ["image", "video", "audio", "document", "sticker"];

/// The text that Kapso makes of a message.
pub fn text_of(core: &Core, m: &Stored) -> String {
    let kind = m.message["type"].as_str().unwrap_or_default();
    let object = &m.message[kind];
    let word = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    match kind {
        "text" => word(&object["body"]),
        "reaction" => word(&object["emoji"]),
        "button" => word(&object["text"]),
        "template" => m.rendered.clone().unwrap_or_else(|| format!("Template: {}", word(&object["name"]))),
        "interactive" => {
            let title = ["button_reply", "list_reply"].iter().find_map(|k| object[*k]["title"].as_str());
            title.map_or_else(|| word(&object["body"]["text"]), str::to_owned)
        }
        "location" => format!("Location: {}, {}", object["latitude"], object["longitude"]),
        kind if MEDIA.contains(&kind) => {
            let file = files::about(core, m);
            let mut first = word(&object["caption"]);
            if !first.is_empty() {
                first.push(' ');
            }
            let name = if kind == "audio" { "Audio" } else { "Image" };
            let name = match kind {
                "video" => "Video",
                "document" => "Document",
                "sticker" => "Sticker",
                _ => name,
            };
            format!(
                "{first}{name} attached ({}) [Size: {:.1} KB | Type: {}] URL: {}",
                file.name,
                file.size as f64 / 1024.0,
                file.mime,
                file.url
            )
        }
        other => format!("[{other}]"),
    }
}

/// A stored message.
pub fn message(core: &Core, m: &Stored, p: &Person, extras: &Extras, listed: bool) -> Value {
    let mut shown = m.message.as_object().cloned().unwrap_or_default();
    shown.insert("id".into(), json!(m.wamid));
    shown.insert("timestamp".into(), json!((m.time / 1000).to_string()));
    let (phone, user) = if m.inbound { ("from", "from_user_id") } else { ("to", "to_user_id") };
    for (name, value) in [(phone, p.phone.clone()), (user, Some(p.bsuid.clone()).filter(|b| !b.is_empty()))] {
        match value {
            Some(value) => shown.insert(name.into(), json!(value)),
            None => shown.remove(name),
        };
    }
    if let Some(name) = p.username.as_ref().filter(|_| m.inbound) {
        shown.insert("username".into(), json!(format!("@{name}")));
    }
    let kind = shown.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let has_media = MEDIA.contains(&kind.as_str());
    let mut more = Map::new();
    let mut put = |name: &str, value: Value| {
        if extras.has(name) {
            more.insert(name.to_owned(), value);
        }
    };
    let word = match (m.inbound, listed) {
        (true, true) => "delivered",
        (true, false) => "received",
        (false, _) => m.status.as_str(),
    };
    put("direction", json!(if m.inbound { "inbound" } else { "outbound" }));
    put("status", json!(word));
    put("processing_status", json!(if m.inbound { "pending" } else { "completed" }));
    put("origin", json!(m.origin));
    put("phone_number", json!(p.phone));
    put("phone_number_id", json!(m.number));
    put("has_media", json!(has_media));
    put("whatsapp_conversation_id", json!(m.session));
    put("contact_name", json!(p.name));
    put("content", json!(text_of(core, m)));
    if has_media {
        let file = files::about(core, m);
        if file.size > 0 {
            put("media_url", json!(file.url));
            put(
                "media_data",
                json!({
                    "url": file.url, "filename": file.name, "content_type": file.mime, "byte_size": file.size,
                }),
            );
        }
        if let (Some(hash), Some(object)) = (&file.sha256, shown.get_mut(&kind)) {
            object["sha256"] = json!(hash);
        }
        let caption = &m.message[&kind]["caption"];
        if caption.is_string() {
            put("message_type_data", json!({ "caption": caption }));
        }
    }
    if kind == "template" {
        let t = &m.message["template"];
        put(
            "message_type_data",
            json!({
                "name": t["name"], "language": t["language"]["code"], "params": t["components"],
            }),
        );
    }
    if !m.statuses.is_empty() {
        put("statuses", json!(m.statuses));
    }
    if !more.is_empty() {
        shown.insert("kapso".into(), Value::Object(more));
    }
    Value::Object(shown)
}

/// The old form of a message's webhook.
pub fn first_version(core: &Core, m: &Stored, s: &Session, p: &Person, config: &Value, new: bool) -> Value {
    json!({
        "message": {
            "id": super::book::uuid_of(&["message", &m.wamid]), "whatsapp_message_id": m.wamid,
            "message_type": m.message["type"], "content": text_of(core, m),
            "direction": if m.inbound { "inbound" } else { "outbound" }, "status": m.status,
            "phone_number": p.phone, "created_at": iso(m.at), "origin": m.origin,
        },
        "conversation": {
            "id": s.id, "phone_number": p.phone, "contact_name": p.name, "status": if s.ended { "ended" } else { "active" },
            "last_active_at": iso(s.last_at), "whatsapp_config_id": config["id"],
        },
        "is_new_conversation": new, "whatsapp_config": config,
    })
}
