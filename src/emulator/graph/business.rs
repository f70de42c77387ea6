//! Ice breakers and commands, short links.

use std::sync::Arc;

use axum::http::Method;
use serde_json::{Value, json};

use super::{Answer, length, page};
use crate::emulator::errors::GraphError;
use crate::emulator::registry::Link;
use crate::emulator::server::Call;
use crate::emulator::{Core, Number};

/// Short links of a number.
const LINKS: usize = 2000;

fn text<'a>(value: &'a Value, what: &str, max: usize) -> Result<&'a str, GraphError> {
    value
        .as_str()
        .filter(|t| !t.is_empty() && length(t) <= max)
        .ok_or_else(|| GraphError::parameter(format!("Param {what} must be 1 to {max} characters long.")))
}

/// `POST /{number}/conversational_automation`.
pub fn automation(core: &Core, number: &Number, body: &Value) -> Answer {
    let none = Vec::new();
    let prompts = body["prompts"].as_array().unwrap_or(&none);
    if prompts.len() > 4 {
        return Err(GraphError::parameter("Param prompts must have at most 4 items."));
    }
    for prompt in prompts {
        text(prompt, "prompts", 80)?;
    }
    let commands = body["commands"].as_array().unwrap_or(&none);
    if commands.len() > 30 {
        return Err(GraphError::parameter("Param commands must have at most 30 items."));
    }
    for command in commands {
        text(&command["command_name"], "command_name", 32)?;
        text(&command["command_description"], "command_description", 256)?;
    }
    let mut st = core.state();
    let entry = st.registry.change(&number.id);
    let now = entry.components.get_or_insert_with(|| json!({}));
    for key in ["prompts", "commands"] {
        if body[key].is_array() {
            now[key] = body[key].clone();
        }
    }
    Ok(json!({ "success": true }))
}

fn shown(core: &Core, link: &Link) -> Value {
    let mut shown = json!({
        "code": link.code, "prefilled_message": link.text,
        "deep_link_url": format!("https://wa.me/message/{}", link.code),
    });
    if link.image {
        shown["qr_image_url"] = json!(format!("http://{}/qr/{}.png", core.addr, link.code));
    }
    shown
}

/// A code that no other link has: 14 capital letters and digits.
fn code(n: u64, number: &str) -> String {
    const SIGNS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let mut x = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number.parse::<u64>().unwrap_or(7).rotate_left(17);
    (0..14)
        .map(|_| {
            x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(SIGNS[(x >> 59) as usize])
        })
        .collect()
}

/// `/{number}/message_qrdls`.
pub fn links(core: &Arc<Core>, number: &Number, call: &Call) -> Answer {
    if call.method == Method::GET {
        let nodes: Vec<Value> = {
            let st = core.state();
            let entry = st.registry.of(&number.id);
            let with_id = |l: &Link| {
                let mut node = shown(core, l);
                node["id"] = json!(l.code);
                node
            };
            entry.links.iter().map(with_id).collect()
        };
        let mut answer = page(core, call, &format!("{}/message_qrdls", number.id), &nodes)?;
        for item in answer["data"].as_array_mut().into_iter().flatten() {
            if let Some(item) = item.as_object_mut() {
                item.remove("id");
            }
        }
        return Ok(answer);
    }
    if call.method != Method::POST {
        return Err(GraphError::unknown(call.method.as_str(), &number.id));
    }
    let message = call.param("prefilled_message").map_or(Value::Null, Value::String);
    let message = text(&message, "prefilled_message", 140)?.to_owned();
    let image = match call.param("generate_qr_image").as_deref() {
        None => None,
        Some("PNG" | "SVG") => Some(true),
        Some(_) => return Err(GraphError::parameter("Param generate_qr_image must be one of {PNG, SVG}")),
    };
    let mut st = core.state();
    let entry = st.registry.change(&number.id);
    if let Some(code) = call.param("code") {
        let Some(link) = entry.links.iter_mut().find(|l| l.code == code) else {
            return Err(GraphError::parameter(format!("There is no QR code {code}.")));
        };
        link.text = message;
        link.image |= image.unwrap_or(false);
        return Ok(shown(core, &link.clone()));
    }
    if entry.links.len() >= LINKS {
        return Err(GraphError::parameter("This number has reached its limit of 2000 QR codes."));
    }
    entry.last_link += 1;
    let link = Link { code: code(entry.last_link, &number.id), text: message, image: image.unwrap_or(false) };
    entry.links.push(link.clone());
    Ok(shown(core, &link))
}

/// `/{number}/message_qrdls/{code}`.
pub fn link(core: &Core, number: &Number, call: &Call, code: &str) -> Answer {
    let mut st = core.state();
    let entry = st.registry.change(&number.id);
    let Some(at) = entry.links.iter().position(|l| l.code == code) else {
        return Err(GraphError::unknown(call.method.as_str(), code));
    };
    match call.method {
        Method::GET => Ok(json!({ "data": [shown(core, &entry.links[at])] })),
        Method::DELETE => {
            entry.links.remove(at);
            Ok(json!({ "success": true }))
        }
        _ => Err(GraphError::unknown(call.method.as_str(), code)),
    }
}

#[cfg(test)]
mod tests {
    use super::code;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_fourteen_signs_and_differ() {
        let all: BTreeSet<String> = (1..=5000).map(|n| code(n, "339901477551020")).collect();
        assert_eq!(all.len(), 5000);
        assert!(all.iter().all(|c| c.len() == 14 && c.chars().all(|c| c.is_ascii_alphanumeric())));
    }
}
