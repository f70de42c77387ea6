//! `POST /{number}/messages`: sends of every type, read marks, typing; and the history of delivery events.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Value, json};
use unicode_segmentation::UnicodeSegmentation as _;

use super::{Answer, length, media, page, template_send};
use crate::emulator::errors::GraphError;
use crate::emulator::server::Call;
use crate::emulator::state::{Accepted, State};
use crate::emulator::{Core, Customer, Number, play, wire};

const TYPES: [&str; 11] = [
    "text",
    "image",
    "audio",
    "video",
    "document",
    "sticker",
    "template",
    "location",
    "contacts",
    "interactive",
    "reaction",
];

const MEDIA: [&str; 5] = ["image", "audio", "video", "document", "sticker"];

/// Takes a send, or marks a message as read.
pub fn post(core: &Arc<Core>, number: &Number, body: &Value) -> Answer {
    if body["messaging_product"] != "whatsapp" {
        return Err(GraphError::parameter("The parameter messaging_product is required."));
    }
    let mut st = core.state();
    if !st.registry.of(&number.id).is_registered() {
        return Err(GraphError::code(133_010, "The phone number is not registered."));
    }
    if body.get("status").is_some() {
        return mark_read(&mut st, number, body);
    }
    send(core, &mut st, number, body)
}

fn mark_read(st: &mut State, number: &Number, body: &Value) -> Answer {
    if body["status"] != "read" {
        return Err(GraphError::parameter("Param status must be one of {read}"));
    }
    let Some(wamid) = body["message_id"].as_str() else {
        return Err(GraphError::parameter("The parameter message_id is required."));
    };
    let target = st.inbound.iter().find(|m| m.wamid == wamid && m.number == number.id);
    let Some((customer, at)) = target.map(|m| (m.customer.clone(), m.at)) else {
        return Err(GraphError::parameter(
            "Invalid parameter: message_id is not a message this number received.",
        ));
    };
    let typing = &body["typing_indicator"];
    if !typing.is_null() {
        if typing["type"] != "text" {
            return Err(GraphError::parameter("Param typing_indicator['type'] must be one of {text}"));
        }
        st.counts.typing += 1;
    }
    for message in &mut st.inbound {
        if message.number == number.id && message.customer == customer && message.at <= at {
            message.read = true;
        }
    }
    st.counts.read_marks += 1;
    Ok(json!({ "success": true }))
}

/// Who a send goes to.
struct Recipient {
    input: String,
    address: String,
    by_user_id: bool,
    customer: Option<Customer>,
}

fn recipient(core: &Core, st: &State, number: &Number, body: &Value) -> Result<Recipient, GraphError> {
    match body["recipient_type"].as_str() {
        None | Some("individual") => {}
        Some("group") => {
            return Err(GraphError::code(131_041, "The group is unknown or you are not a member."));
        }
        Some(_) => {
            return Err(GraphError::parameter("Param recipient_type must be one of {individual, group}"));
        }
    }
    if let Some(input) = body["to"].as_str().filter(|t| !t.is_empty()) {
        let odd = |c: char| !(c.is_ascii_digit() || "+ -()".contains(c));
        let address: String = input.chars().filter(char::is_ascii_digit).collect();
        if input.contains(odd) || !(7..=15).contains(&address.len()) {
            return Err(GraphError::value("Recipient phone number is not a valid WhatsApp address."));
        }
        if address == number.digits() {
            return Err(GraphError::code(131_021, "Recipient and sender phone number is the same."));
        }
        let customer = core.customer(st, |c| c.phone == address || c.aliases.contains(&address));
        return Ok(Recipient { input: input.to_owned(), address, by_user_id: false, customer });
    }
    let Some(input) = body["recipient"].as_str().filter(|t| !t.is_empty()) else {
        return Err(GraphError::parameter("The parameter to is required."));
    };
    let valid = input.split_once('.').is_some_and(|(country, rest)| {
        let id = rest.strip_prefix("ENT.").unwrap_or(rest);
        country.len() == 2
            && country.bytes().all(|b| b.is_ascii_uppercase())
            && (1..=128).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric())
    });
    if !valid {
        return Err(GraphError::value("Recipient is not a valid business-scoped user ID."));
    }
    let customer = core.customer(st, |c| c.bsuid == input);
    Ok(Recipient { input: input.to_owned(), address: input.to_owned(), by_user_id: true, customer })
}

fn send(core: &Arc<Core>, st: &mut State, number: &Number, body: &Value) -> Answer {
    let to = recipient(core, st, number, body)?;
    let kind = match &body["type"] {
        Value::Null if body["text"].is_object() => "text",
        Value::String(kind) => kind.as_str(),
        _ => return Err(GraphError::parameter("The parameter type is required.")),
    };
    if !TYPES.contains(&kind) {
        return Err(GraphError::parameter(format!("Param type must be one of {{{}}}", TYPES.join(", "))));
    }
    let object = &body[kind];
    if object.is_null() {
        return Err(GraphError::missing(format!("Parameter '{kind}' is mandatory for type '{kind}'")));
    }
    let opaque = opaque(body)?;
    if !body["context"].is_null() {
        if kind == "reaction" {
            return Err(GraphError::parameter("Param context is not supported for type reaction"));
        }
        need(&body["context"], "context", "message_id")?;
    }
    let template = check(st, kind, object)?;
    let unusable =
        if MEDIA.contains(&kind) { media::named(st, core.clock.now(), number, kind, object)? } else { None };
    if to.by_user_id && template.as_ref().is_some_and(|t| t.category == "authentication") {
        return Err(GraphError::code(131_062, "Authentication templates need a phone number."));
    }
    if number.mode == "SANDBOX" && to.customer.is_none() {
        return Err(GraphError::code(131_030, "Recipient phone number not in allowed list"));
    }
    let now = core.clock.now();
    let who = to.customer.as_ref().map_or(to.address.as_str(), |c| c.bsuid.as_str());
    if !st.take_pair(&number.id, who, now) {
        return Err(GraphError::of(131_056));
    }
    let in_window = to.customer.as_ref().is_some_and(|c| st.window_open(&number.id, &c.key, now));
    let fails = failure(st, number, to.customer.as_ref(), template.is_some(), in_window)
        .or_else(|| unusable_target(st, number, kind, object))
        .or(unusable);
    let wamid = wire::new_wamid(&to.address, true);
    let accepted = Accepted {
        order: 0,
        wamid: wamid.clone(),
        number: number.id.clone(),
        to: to.input.clone(),
        address: to.address.clone(),
        by_user_id: to.by_user_id,
        customer: to.customer.as_ref().map(|c| c.key.clone()),
        kind: kind.to_owned(),
        category: template.as_ref().map_or("service", |t| t.category.as_str()).to_owned(),
        template: template.map(|t| t.name),
        in_window,
        opaque,
        body: body.clone(),
        at: now,
        statuses: Vec::new(),
    };
    st.accept(accepted.clone());
    play::follow(core, st, &accepted, fails);
    let contact = if to.by_user_id {
        json!({ "input": to.input, "user_id": to.address })
    } else {
        let wa_id = to.customer.map_or(to.address, |c| c.phone);
        json!({ "input": to.input, "wa_id": wa_id })
    };
    let mut message = json!({ "id": wamid });
    if kind == "template" {
        message["message_status"] = json!("accepted");
    }
    Ok(json!({ "messaging_product": "whatsapp", "contacts": [contact], "messages": [message] }))
}

/// The code an accepted send will fail with.
fn failure(
    st: &State,
    number: &Number,
    customer: Option<&Customer>,
    template: bool,
    open: bool,
) -> Option<i64> {
    let Some(customer) = customer else { return Some(131_026) };
    if st.blocked.get(&number.id).is_some_and(|b| b.contains(&customer.key)) {
        return Some(130_403);
    }
    match customer.fails_with {
        Some(131_047) if template => None,
        Some(code) => Some(code),
        None if template || open => None,
        None => Some(131_047),
    }
}

/// A reaction to what this number neither sent nor received fails later.
fn unusable_target(st: &State, number: &Number, kind: &str, object: &Value) -> Option<i64> {
    let target = object["message_id"].as_str().filter(|_| kind == "reaction")?;
    let known = st.inbound.iter().any(|m| m.number == number.id && m.wamid == target)
        || st.accepted.iter().any(|m| m.number == number.id && m.wamid == target && m.kind != "reaction");
    (!known).then_some(131_009)
}

fn opaque(body: &Value) -> Result<Option<String>, GraphError> {
    match &body["biz_opaque_callback_data"] {
        Value::Null => Ok(None),
        Value::String(text) if length(text) <= 512 => Ok(Some(text.clone())),
        _ => {
            Err(GraphError::parameter("Param biz_opaque_callback_data must be at most 512 characters long."))
        }
    }
}

/// The string at `key`, which must be there and not empty.
fn need<'a>(object: &'a Value, name: &str, key: &str) -> Result<&'a str, GraphError> {
    object[key]
        .as_str()
        .filter(|t| !t.is_empty())
        .ok_or_else(|| GraphError::missing(format!("Parameter '{name}.{key}' is mandatory")))
}

/// A text of at most `limit` characters, where it is given.
fn at_most(object: &Value, name: &str, key: &str, limit: usize) -> Result<(), GraphError> {
    match &object[key] {
        Value::Null => Ok(()),
        Value::String(text) if length(text) <= limit => Ok(()),
        _ => Err(GraphError::parameter(format!(
            "Param {name}['{key}'] must be at most {limit} characters long."
        ))),
    }
}

/// Checks the object of a type. Gives name and category of a template.
fn check(st: &State, kind: &str, object: &Value) -> Result<Option<template_send::Chosen>, GraphError> {
    match kind {
        "text" => {
            match object["body"].as_str() {
                None => return Err(GraphError::missing("Parameter 'text.body' is mandatory")),
                Some("") => {
                    return Err(GraphError::parameter(
                        "Param text['body'] must be at least 1 character long.",
                    ));
                }
                Some(_) => at_most(object, "text", "body", 4096)?,
            }
            if !(object["preview_url"].is_null() || object["preview_url"].is_boolean()) {
                return Err(GraphError::parameter("Param text['preview_url'] must be a boolean."));
            }
        }
        "template" => return template_send::check(st, object).map(Some),
        "reaction" => {
            need(object, "reaction", "message_id")?;
            let one = |e: &str| e.is_empty() || (!e.is_ascii() && e.graphemes(true).count() == 1);
            if !object["emoji"].as_str().is_some_and(one) {
                return Err(GraphError::value(
                    "Parameter 'reaction.emoji' must be one emoji, or empty to remove it",
                ));
            }
        }
        "location" => location(object)?,
        "contacts" => contacts(object)?,
        "interactive" => interactive(object)?,
        _ => file(kind, object)?,
    }
    Ok(None)
}

fn file(kind: &str, object: &Value) -> Result<(), GraphError> {
    media_source(kind, object)?;
    if ["image", "video", "document"].contains(&kind) {
        at_most(object, kind, "caption", 1024)?;
    } else if !object["caption"].is_null() {
        return Err(GraphError::parameter(format!("Param {kind}['caption'] is not supported.")));
    }
    Ok(())
}

/// Exactly one of id and link.
pub fn media_source(kind: &str, object: &Value) -> Result<(), GraphError> {
    let id = object["id"].as_str().filter(|t| !t.is_empty());
    let link = object["link"].as_str().filter(|t| !t.is_empty());
    match (id, link) {
        (Some(_), None) => Ok(()),
        (None, Some(link)) if link.starts_with("http://") || link.starts_with("https://") => Ok(()),
        (None, Some(_)) => {
            Err(GraphError::value(format!("Parameter '{kind}.link' must be an http or https URL")))
        }
        (None, None) => {
            Err(GraphError::missing(format!("Parameter '{kind}.id' or '{kind}.link' is mandatory")))
        }
        (Some(_), Some(_)) => {
            Err(GraphError::parameter(format!("Param {kind} must have exactly one of id and link.")))
        }
    }
}

fn location(object: &Value) -> Result<(), GraphError> {
    for (key, limit) in [("latitude", 90.0), ("longitude", 180.0)] {
        let value = match &object[key] {
            Value::Null => {
                return Err(GraphError::missing(format!("Parameter 'location.{key}' is mandatory")));
            }
            Value::String(text) => text.parse::<f64>().ok(),
            other => other.as_f64(),
        };
        if !value.is_some_and(|v| v.abs() <= limit) {
            return Err(GraphError::value(format!(
                "Parameter 'location.{key}' must be between -{limit} and {limit}"
            )));
        }
    }
    Ok(())
}

fn contacts(object: &Value) -> Result<(), GraphError> {
    let Some(cards) = object.as_array().filter(|c| (1..=257).contains(&c.len())) else {
        return Err(GraphError::value("Parameter 'contacts' must hold 1 to 257 contacts"));
    };
    for card in cards {
        let name = &card["name"];
        need(name, "contacts.name", "formatted_name")?;
        let parts = ["first_name", "last_name", "middle_name", "suffix", "prefix"];
        if !parts.iter().any(|p| name[*p].as_str().is_some_and(|t| !t.is_empty())) {
            return Err(GraphError::missing(
                "A contact name needs formatted_name and at least one other name part",
            ));
        }
    }
    Ok(())
}

/// A text between one and `limit` characters.
fn label(text: &Value, what: &str, limit: usize) -> Result<(), GraphError> {
    match text.as_str().map(length) {
        Some(n) if (1..=limit).contains(&n) => Ok(()),
        _ => Err(GraphError::value(format!("{what} length invalid. Min length: 1, Max length: {limit}"))),
    }
}

fn interactive(object: &Value) -> Result<(), GraphError> {
    let kind = need(object, "interactive", "type")?;
    let action = &object["action"];
    let body_limit = if kind == "list" { 4096 } else { 1024 };
    label(&object["body"]["text"], "Body text", body_limit)?;
    if !object["footer"].is_null() {
        label(&object["footer"]["text"], "Footer text", 60)?;
    }
    if !object["header"].is_null() {
        match object["header"]["type"].as_str() {
            Some("text") => label(&object["header"]["text"], "Header text", 60)?,
            Some(media @ ("image" | "video" | "document")) if kind != "list" => {
                media_source(media, &object["header"][media])?;
            }
            _ => return Err(GraphError::value("Header type invalid for this interactive message")),
        }
    }
    match kind {
        "button" => buttons(action),
        "list" => list(action),
        "cta_url" => {
            if action["name"] != "cta_url" {
                return Err(GraphError::value("Action name must be cta_url"));
            }
            label(&action["parameters"]["display_text"], "Button display_text", 20)?;
            match action["parameters"]["url"].as_str() {
                Some(url) if url.starts_with("http://") || url.starts_with("https://") => Ok(()),
                _ => Err(GraphError::value("Button url must be an http or https URL")),
            }
        }
        "location_request_message" if action["name"] == "send_location" => Ok(()),
        _ => Err(GraphError::code(131_051, format!("Interactive type '{kind}' is not supported."))),
    }
}

fn buttons(action: &Value) -> Result<(), GraphError> {
    let Some(buttons) = action["buttons"].as_array().filter(|b| (1..=3).contains(&b.len())) else {
        return Err(GraphError::value(
            "Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3",
        ));
    };
    let mut seen = HashSet::new();
    for button in buttons {
        if button["type"] != "reply" {
            return Err(GraphError::value("Button type must be reply"));
        }
        let reply = &button["reply"];
        label(&reply["id"], "Button id", 256)?;
        label(&reply["title"], "Button title", 20)?;
        if !seen.insert(("id", reply["id"].as_str())) || !seen.insert(("title", reply["title"].as_str())) {
            return Err(GraphError::value("Duplicated id or title in buttons"));
        }
    }
    Ok(())
}

fn list(action: &Value) -> Result<(), GraphError> {
    label(&action["button"], "List button", 20)?;
    let Some(sections) = action["sections"].as_array().filter(|s| (1..=10).contains(&s.len())) else {
        return Err(GraphError::value(
            "Invalid sections count. Min allowed sections: 1, Max allowed sections: 10",
        ));
    };
    let mut ids = HashSet::new();
    let mut rows = 0;
    for section in sections {
        if sections.len() > 1 || !section["title"].is_null() {
            label(&section["title"], "Section title", 24)?;
        }
        let Some(given) = section["rows"].as_array().filter(|r| !r.is_empty()) else {
            return Err(GraphError::value("A section needs at least one row"));
        };
        rows += given.len();
        for row in given {
            label(&row["id"], "Row id", 200)?;
            label(&row["title"], "Row title", 24)?;
            if !row["description"].is_null() {
                label(&row["description"], "Row description", 72)?;
            }
            if !ids.insert(row["id"].as_str()) {
                return Err(GraphError::value("Duplicated row id"));
            }
        }
    }
    if rows > 10 {
        return Err(GraphError::value("Total row count exceed max allowed count: 10"));
    }
    Ok(())
}

/// Delivery events of one send.
pub fn history(core: &Core, number: &Number, call: &Call) -> Answer {
    let Some(wamid) = call.param("message_id") else {
        return Err(GraphError::parameter("The parameter message_id is required."));
    };
    let nodes: Vec<Value> = {
        let st = core.state();
        let sends = st.accepted.iter().filter(|s| s.wamid == wamid && s.number == number.id);
        sends
            .map(|s| {
                let id = format!("77812003456{:05}", s.order);
                let events = s.statuses.iter().enumerate().map(|(n, reported)| {
                    json!({
                        "id": format!("{id}{n}"), "delivery_status": reported.status.to_ascii_uppercase(),
                        "timestamp": reported.at / 1000, "application": { "id": core.scenario.account.app },
                    })
                });
                json!({ "id": id, "message_id": s.wamid, "events": { "data": events.collect::<Vec<_>>() } })
            })
            .collect()
    };
    page(core, call, &format!("{}/message_history", number.id), &nodes)
}
