//! The endpoints of the API, by area.
//!
//! Owns the routing by node and edge, paging and the `fields` parameter.

pub mod blocks;
mod business;
pub mod media;
pub mod messages;
pub mod numbers;
mod registration;
mod subscriptions;
mod template_send;
pub mod templates;
pub mod uploads;

use std::sync::Arc;

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::errors::GraphError;
use super::server::Call;
use super::wire::base64;
use super::{Core, kapso};

pub use template_send::button_index;

type Answer = Result<Value, GraphError>;

/// Answers one authorised call.
pub async fn answer(core: &Arc<Core>, call: &Call) -> Answer {
    let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
    let unknown =
        || Err(GraphError::unknown(call.method.as_str(), path.first().copied().unwrap_or_default()));
    let [id, edge @ ..] = path.as_slice() else { return unknown() };
    let account = &core.scenario.account;
    if *id == "debug_token" && edge.is_empty() && call.method == Method::GET {
        return Ok(numbers::debug_token(core, call));
    }
    if *id == "message_template_library" && edge.is_empty() && call.method == Method::GET {
        return templates::library::list(core, call);
    }
    if *id == account.app {
        return match edge {
            ["subscriptions"] => subscriptions::app(core, call).await,
            ["uploads"] if call.method == Method::POST => uploads::begin(core, call),
            _ => unknown(),
        };
    }
    if uploads::is_session(id) && edge.is_empty() {
        return uploads::session(core, call, id);
    }
    if *id == account.id {
        return match (&call.method, edge) {
            (&Method::GET, []) => Ok(numbers::account(core, call)),
            (&Method::GET, ["phone_numbers"]) => numbers::list(core, call),
            (_, ["message_templates"]) => templates::collection(core, call),
            (&Method::POST, ["message_templates", word @ ("archive" | "unarchive")]) => {
                templates::archive(core, call, *word == "unarchive")
            }
            (_, ["subscribed_apps"]) => subscriptions::account(core, call).await,
            _ => unknown(),
        };
    }
    // The numbers of the Kapso project are reached through its proxy only.
    if let Some(number) = core.number(id).filter(|n| !kapso::owns(core, &n.id)) {
        return match (&call.method, edge) {
            (&Method::GET, []) => Ok(numbers::get(core, number, call)),
            (&Method::POST, []) => registration::set(core, number, call).await,
            (&Method::POST, ["messages"]) => messages::post(core, number, &call.body),
            (&Method::POST, ["media"]) => media::upload(core, number, call).await,
            (&Method::GET, ["message_history"]) => messages::history(core, number, call),
            (&Method::GET | &Method::POST, ["whatsapp_business_profile"]) => {
                numbers::profile(core, number, call)
            }
            (_, ["block_users"]) => blocks::answer(core, number, call),
            (&Method::POST, ["conversational_automation"]) => business::automation(core, number, &call.body),
            (_, ["message_qrdls"]) => business::links(core, number, call),
            (_, ["message_qrdls", code]) => business::link(core, number, call, code),
            (&Method::POST, ["register"]) => registration::register(core, number, &call.body),
            (&Method::POST, ["deregister"]) => registration::deregister(core, number),
            (&Method::POST, ["request_code"]) => registration::request_code(core, number, call),
            (&Method::POST, ["verify_code"]) => registration::verify_code(core, number, call),
            _ => unknown(),
        };
    }
    match (&call.method, edge) {
        (&Method::GET | &Method::DELETE, []) if media::knows(core, id) => media::node(core, id, call).await,
        (&Method::GET | &Method::POST, []) => templates::node_answer(core, id, call),
        _ => unknown(),
    }
}

/// The names in a `fields` parameter; what stands in braces or after a dot belongs to the name before it.
pub fn fields(call: &Call) -> Option<Vec<String>> {
    let text = call.query.get("fields")?;
    let mut names = vec![String::new()];
    let mut depth = 0_u32;
    for c in text.chars() {
        match c {
            '{' | '(' => depth += 1,
            '}' | ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => names.push(String::new()),
            c if depth == 0 && !c.is_whitespace() => {
                if let Some(name) = names.last_mut() {
                    name.push(c);
                }
            }
            _ => {}
        }
    }
    let names = names.iter().map(|n| n.split('.').next().unwrap_or_default().to_owned());
    Some(names.filter(|n| !n.is_empty()).collect())
}

/// The members of a node that were asked for, and its id.
pub fn select(node: &Value, fields: &[String]) -> Value {
    let members = node.as_object().into_iter().flatten();
    let wanted = members.filter(|(k, _)| *k == "id" || fields.contains(k));
    Value::Object(wanted.map(|(k, v)| (k.clone(), v.clone())).collect::<Map<_, _>>())
}

/// Cuts one page out of `nodes`, which have an `id`. Answers `data` and `paging`.
pub fn page(core: &Core, call: &Call, path: &str, nodes: &[Value]) -> Answer {
    let limit = match call.query.get("limit") {
        None => 25,
        Some(text) => text
            .parse::<usize>()
            .ok()
            .filter(|n| (1..=1000).contains(n))
            .ok_or_else(|| GraphError::parameter("Param limit must be a number from 1 to 1000"))?,
    };
    let cursor = |node: &Value| base64(format!("at:{}", node["id"].as_str().unwrap_or_default()).as_bytes());
    let find = |text: &String| {
        nodes.iter().position(|n| cursor(n) == *text).ok_or_else(|| {
            GraphError::code(
                131_059,
                "The cursor is not valid or has expired. Start the list without a cursor.",
            )
        })
    };
    let (start, end) = match (call.query.get("after"), call.query.get("before")) {
        (Some(after), _) => {
            let start = find(after)? + 1;
            (start, (start + limit).min(nodes.len()))
        }
        (None, Some(before)) => {
            let end = find(before)?;
            (end.saturating_sub(limit), end)
        }
        (None, None) => (0, limit.min(nodes.len())),
    };
    let data = nodes.get(start..end).unwrap_or_default();
    let (Some(first), Some(last)) = (data.first(), data.last()) else {
        return Ok(json!({ "data": [] }));
    };
    let mut paging = json!({ "cursors": { "before": cursor(first), "after": cursor(last) } });
    let link = |name: &str, value: String| {
        let mut url = reqwest::Url::parse(&format!("http://{}/v25.0/{path}", core.addr)).ok()?;
        let kept =
            call.query.iter().filter(|(k, _)| !["after", "before", "access_token"].contains(&k.as_str()));
        url.query_pairs_mut().extend_pairs(kept).append_pair(name, &value);
        Some(url.to_string())
    };
    if end < nodes.len()
        && let Some(url) = link("after", cursor(last))
    {
        paging["next"] = json!(url);
    }
    if start > 0
        && let Some(url) = link("before", cursor(first))
    {
        paging["previous"] = json!(url);
    }
    Ok(json!({ "data": data, "paging": paging }))
}

/// Characters, as the limits of the API count them.
pub fn length(text: &str) -> usize {
    text.chars().count()
}
