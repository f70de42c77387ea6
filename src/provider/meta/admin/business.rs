//! Business profile, ice breakers and commands, short links.

use super::{Ask, Graph, answers, call, done};
use crate::model::business::{BusinessProfile, Components, ProfileChange, ShortLink};
use crate::provider::CallError;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::HashSet;

const PROFILE_FIELDS: &str = "about,address,description,email,profile_picture_url,websites,vertical";
const LINK_FIELDS: &str = "code,prefilled_message,deep_link_url,qr_image_url.format(PNG)";
/// More pages than 2000 short links have.
const PAGES_MAX: usize = 100;

/// The profile of a number.
pub async fn profile(graph: &dyn Graph, number: &str) -> Result<BusinessProfile, CallError> {
    let path = [number, "whatsapp_business_profile"];
    Ok(answers::profile(&call(graph, Ask::get(&path, &[("fields", PROFILE_FIELDS)])).await?))
}

/// Changes the profile of a number.
pub async fn change_profile(
    graph: &dyn Graph,
    number: &str,
    change: &ProfileChange,
    picture: Option<&str>,
) -> Result<(), CallError> {
    let mut body = json!({ "messaging_product": "whatsapp" });
    let texts = [
        ("about", &change.about),
        ("address", &change.address),
        ("description", &change.description),
        ("email", &change.email),
        ("vertical", &change.vertical),
    ];
    for (key, value) in texts {
        if let Some(value) = value {
            body[key] = json!(value);
        }
    }
    if let Some(sites) = &change.websites {
        body["websites"] = json!(sites);
    }
    if let Some(handle) = picture {
        body["profile_picture_handle"] = json!(handle);
    }
    done(graph, Ask::post(&[number, "whatsapp_business_profile"], &body)).await
}

/// Ice breakers and commands of a number.
pub async fn components(graph: &dyn Graph, number: &str) -> Result<Components, CallError> {
    let v = call(graph, Ask::get(&[number], &[("fields", "conversational_automation")])).await?;
    Ok(answers::components(&v))
}

/// Sets ice breakers and commands of a number.
pub async fn set_components(graph: &dyn Graph, number: &str, wanted: &Components) -> Result<(), CallError> {
    let commands: Vec<Value> = wanted
        .commands
        .iter()
        .map(|c| json!({ "command_name": c.name, "command_description": c.hint }))
        .collect();
    let body = json!({ "prompts": wanted.prompts, "commands": commands });
    done(graph, Ask::post(&[number, "conversational_automation"], &body)).await
}

fn odd() -> CallError {
    CallError {
        code: 0,
        text: "the answer holds no short link".into(),
        cause: Some("The provider's answer is not in its usual form.".into()),
        next: Some("look at the list of short links before you try again".into()),
        auth: false,
        transient: true,
        after: None,
    }
}

/// All short links of a number.
pub async fn links(graph: &dyn Graph, number: &str) -> Result<Vec<ShortLink>, CallError> {
    let path = [number, "message_qrdls"];
    let mut out: Vec<ShortLink> = Vec::new();
    let mut after: Option<String> = None;
    let mut seen = HashSet::new();
    for _ in 0..PAGES_MAX {
        let mut query = vec![("fields", LINK_FIELDS), ("limit", "100")];
        query.extend(after.as_deref().map(|cursor| ("after", cursor)));
        let page = call(graph, Ask::get(&path, &query)).await?;
        out.extend(
            page.get("data").and_then(Value::as_array).into_iter().flatten().filter_map(answers::link),
        );
        let more = page.pointer("/paging/next").and_then(Value::as_str).is_some_and(|s| !s.is_empty());
        let cursor = page.pointer("/paging/cursors/after").and_then(Value::as_str).filter(|s| !s.is_empty());
        match cursor {
            Some(cursor) if more && seen.insert(cursor.to_owned()) => after = Some(cursor.to_owned()),
            _ => break,
        }
    }
    Ok(out)
}

/// Makes a short link.
pub async fn create_link(graph: &dyn Graph, number: &str, text: &str) -> Result<ShortLink, CallError> {
    let body = json!({ "prefilled_message": text, "generate_qr_image": "PNG" });
    let v = call(graph, Ask::post(&[number, "message_qrdls"], &body)).await?;
    answers::link(&v).ok_or_else(odd)
}

/// Another text for a short link.
pub async fn change_link(
    graph: &dyn Graph,
    number: &str,
    code: &str,
    text: &str,
) -> Result<ShortLink, CallError> {
    let body = json!({ "code": code, "prefilled_message": text });
    let v = call(graph, Ask::post(&[number, "message_qrdls"], &body)).await?;
    answers::link(&v).ok_or_else(odd)
}

/// Deletes a short link.
pub async fn delete_link(graph: &dyn Graph, number: &str, code: &str) -> Result<(), CallError> {
    let path = [number, "message_qrdls", code];
    done(graph, Ask { method: Method::DELETE, path: &path, query: &[], body: None }).await
}
