//! Message objects: from Meta's types to [`Body`].

use super::read::{ITEMS_MAX, TEXT_MAX, decimal, first_chars, id, integer, owned, parts, string};
use crate::model::message::{
    Body, CardEntry, ContactCard, MediaCard, MediaKind, OrderItem, ShownButton, ShownRow,
};
use serde_json::Value;

/// What a message object says. Never fails: what is not known stays visible as such.
pub fn body(m: &Value) -> Body {
    let kind = match string(m, "type") {
        Some(kind) => kind,
        None if m.get("text").is_some() => "text",
        None => "",
    };
    let content = m.get(kind).unwrap_or(&Value::Null);
    let known = match kind {
        "text" => string(content, "body").map(Body::text),
        "image" => media(content, MediaKind::Image),
        "video" => media(content, MediaKind::Video),
        "audio" if content.get("voice").and_then(Value::as_bool) == Some(true) => {
            media(content, MediaKind::Voice)
        }
        "audio" => media(content, MediaKind::Audio),
        "voice" => media(content, MediaKind::Voice),
        "document" => media(content, MediaKind::Document),
        "sticker" => media(content, MediaKind::Sticker),
        "location" => location(content),
        "contacts" => {
            content.as_array().map(|c| Body::Contacts { cards: c.iter().take(ITEMS_MAX).map(card).collect() })
        }
        "button" => content.is_object().then(|| Body::Choice {
            source: "template".into(),
            id: owned(content, "payload"),
            title: owned(content, "text"),
            description: String::new(),
        }),
        "interactive" => interactive(content),
        "order" => content.is_object().then(|| order(content)),
        "template" => content.is_object().then(|| template(content)),
        "system" => content
            .is_object()
            .then(|| Body::System { kind: owned(content, "type"), text: owned(content, "body") }),
        "unsupported" | "unknown" => Some(unsupported(m, content)),
        _ => None,
    };
    known.unwrap_or_else(|| {
        let text = readable(content);
        let text = if text.is_empty() { explanation(m).to_owned() } else { text };
        Body::Unknown { kind: kind.to_owned(), text }
    })
}

/// The provider's explanation of what it could not hand over.
fn explanation(m: &Value) -> &str {
    let error = parts(m, "errors").first().unwrap_or(&Value::Null);
    let details = error.pointer("/error_data/details").and_then(Value::as_str);
    details
        .map(|d| first_chars(d, TEXT_MAX))
        .or_else(|| string(error, "message"))
        .or_else(|| string(error, "title"))
        .unwrap_or_default()
}

/// A text for people inside an object of an unknown kind.
fn readable(v: &Value) -> String {
    if let Some(s) = v.as_str() {
        return first_chars(s, TEXT_MAX).to_owned();
    }
    for key in ["body", "text", "caption", "title", "name", "description"] {
        match v.get(key) {
            Some(Value::String(s)) if !s.is_empty() => return first_chars(s, TEXT_MAX).to_owned(),
            Some(inner @ Value::Object(_)) => {
                if let Some(s) = string(inner, "text").or_else(|| string(inner, "body")) {
                    return s.to_owned();
                }
            }
            _ => {}
        }
    }
    String::new()
}

fn media(v: &Value, kind: MediaKind) -> Option<Body> {
    v.is_object().then(|| Body::Media {
        kind,
        media: MediaCard {
            stored: None,
            arrived: None,
            id: id(v, "id"),
            link: string(v, "link").map(str::to_owned),
            mime: owned(v, "mime_type"),
            filename: string(v, "filename").map(str::to_owned),
            sha256: string(v, "sha256").map(str::to_owned),
            size: integer(v, "file_size").and_then(|n| u64::try_from(n).ok()),
            animated: v.get("animated").and_then(Value::as_bool).unwrap_or(false),
        },
        caption: owned(v, "caption"),
    })
}

fn location(v: &Value) -> Option<Body> {
    Some(Body::Location {
        latitude: decimal(v, "latitude")?,
        longitude: decimal(v, "longitude")?,
        name: owned(v, "name"),
        address: owned(v, "address"),
    })
}

fn card(v: &Value) -> ContactCard {
    let entries = |key: &str, value_key: &str| -> Vec<CardEntry> {
        parts(v, key)
            .iter()
            .filter_map(|e| {
                let value = string(e, value_key).or_else(|| string(e, "wa_id"))?.to_owned();
                Some(CardEntry { label: owned(e, "type"), value, wa_id: id(e, "wa_id") })
            })
            .collect()
    };
    let name = v.get("name").unwrap_or(&Value::Null);
    let phones = entries("phones", "phone");
    let (first, last) = (owned(name, "first_name"), owned(name, "last_name"));
    let whole = string(name, "formatted_name").map_or_else(
        || {
            let joined = format!("{first} {last}").trim().to_owned();
            // A shared number of one's own comes without any name.
            if joined.is_empty() {
                phones.first().map(|p| p.value.clone()).unwrap_or_default()
            } else {
                joined
            }
        },
        str::to_owned,
    );
    ContactCard {
        name: whole,
        first_name: first,
        last_name: last,
        emails: entries("emails", "email"),
        organisation: v.get("org").map(|o| owned(o, "company")).unwrap_or_default(),
        phones,
    }
}

fn interactive(v: &Value) -> Option<Body> {
    let kind = string(v, "type")?;
    let content = v.get(kind).unwrap_or(&Value::Null);
    let choice = |source: &str| Body::Choice {
        source: source.into(),
        id: owned(content, "id"),
        title: owned(content, "title"),
        description: owned(content, "description"),
    };
    Some(match kind {
        "button_reply" => choice("button"),
        "list_reply" => choice("list"),
        "nfm_reply" => Body::Form {
            name: string(content, "name").unwrap_or("flow").to_owned(),
            text: owned(content, "body"),
            response: match content.get("response_json") {
                Some(Value::String(s)) => first_chars(s, TEXT_MAX).to_owned(),
                Some(other) => first_chars(&other.to_string(), TEXT_MAX).to_owned(),
                None => String::new(),
            },
        },
        "call_permission_reply" => Body::Form {
            name: "call_permission".into(),
            text: owned(content, "response"),
            response: first_chars(&content.to_string(), TEXT_MAX).to_owned(),
        },
        _ if v.get("action").is_some() || v.get("body").is_some() => shown(kind, v),
        _ => Body::Unknown {
            kind: format!("interactive {kind}"),
            text: if content.is_null() { readable(v) } else { readable(content) },
        },
    })
}

/// Our own message with buttons or a list, as an echo brings it.
fn shown(kind: &str, v: &Value) -> Body {
    let part = |key: &str| v.get(key).map(|p| owned(p, "text")).unwrap_or_default();
    let action = v.get("action").unwrap_or(&Value::Null);
    let button = |kind: &str, text: Option<&str>, target: Option<&str>| {
        text.map(|t| ShownButton { kind: kind.into(), text: t.into(), target: target.map(str::to_owned) })
    };
    let mut buttons: Vec<ShownButton> = parts(action, "buttons")
        .iter()
        .filter_map(|b| {
            let reply = b.get("reply")?;
            button("reply", string(reply, "title"), string(reply, "id"))
        })
        .collect();
    buttons.extend(button("list", string(action, "button"), None));
    if let Some(p) = action.get("parameters") {
        buttons.extend(button("url", string(p, "display_text"), string(p, "url")));
    }
    let rows = parts(action, "sections")
        .iter()
        .flat_map(|s| parts(s, "rows"))
        .take(ITEMS_MAX)
        .map(|r| ShownRow {
            id: owned(r, "id"),
            title: owned(r, "title"),
            description: owned(r, "description"),
        })
        .collect();
    Body::Interactive {
        kind: kind.to_owned(),
        header: part("header"),
        text: part("body"),
        footer: part("footer"),
        buttons,
        rows,
    }
}

/// Our own template as an echo brings it: its values, as the text itself is not told.
fn template(v: &Value) -> Body {
    let values: Vec<&str> = parts(v, "components")
        .iter()
        .filter(|c| string(c, "type").is_some_and(|t| t.eq_ignore_ascii_case("body")))
        .flat_map(|c| parts(c, "parameters"))
        .filter_map(|p| string(p, "text"))
        .collect();
    let language = match v.get("language") {
        Some(Value::String(s)) => s.clone(),
        Some(l) => owned(l, "code"),
        None => String::new(),
    };
    Body::Template {
        name: owned(v, "name"),
        language: crate::provider::meta::templates::language(&language),
        header: String::new(),
        text: values.join(" · "),
        footer: String::new(),
        buttons: Vec::new(),
    }
}

fn order(v: &Value) -> Body {
    Body::Order {
        catalog: id(v, "catalog_id").unwrap_or_default(),
        text: owned(v, "text"),
        items: parts(v, "product_items")
            .iter()
            .map(|i| OrderItem {
                product: id(i, "product_retailer_id").unwrap_or_default(),
                quantity: decimal(i, "quantity").unwrap_or(0.0),
                price: decimal(i, "item_price").unwrap_or(0.0),
                currency: owned(i, "currency"),
            })
            .collect(),
    }
}

fn unsupported(m: &Value, content: &Value) -> Body {
    Body::Unsupported { what: owned(content, "type"), details: explanation(m).to_owned() }
}
