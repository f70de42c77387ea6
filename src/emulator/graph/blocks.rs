//! The block list of a number.

use std::sync::Arc;

use axum::http::Method;
use serde_json::{Value, json};

use super::{Answer, page};
use crate::emulator::errors::GraphError;
use crate::emulator::server::Call;
use crate::emulator::{Core, Number};

/// `/{number}/block_users`.
pub fn answer(core: &Arc<Core>, number: &Number, call: &Call) -> Answer {
    match call.method {
        Method::GET => list(core, number, call),
        Method::POST => change(core, number, call, true),
        Method::DELETE => change(core, number, call, false),
        _ => Err(GraphError::unknown(call.method.as_str(), &number.id)),
    }
}

fn list(core: &Core, number: &Number, call: &Call) -> Answer {
    let nodes: Vec<Value> = {
        let st = core.state();
        let keys = st.blocked.get(&number.id).cloned().unwrap_or_default();
        keys.iter()
            .filter_map(|key| core.customer(&st, |c| c.key == *key))
            .map(|c| {
                let mut item = json!({ "id": c.bsuid, "messaging_product": "whatsapp" });
                if c.hides_phone {
                    item["input"] = json!(c.bsuid);
                    item["user_id"] = json!(c.bsuid);
                } else {
                    item["input"] = json!(c.phone);
                    item["wa_id"] = json!(c.phone);
                }
                item
            })
            .collect()
    };
    let mut answer = page(core, call, &format!("{}/block_users", number.id), &nodes)?;
    for item in answer["data"].as_array_mut().into_iter().flatten() {
        if let Some(item) = item.as_object_mut() {
            item.remove("id");
        }
    }
    Ok(answer)
}

fn change(core: &Arc<Core>, number: &Number, call: &Call, block: bool) -> Answer {
    let Some(users) = call.body["block_users"].as_array().filter(|u| !u.is_empty()) else {
        return Err(GraphError::parameter("The parameter block_users is required."));
    };
    let now = core.clock.now();
    let mut done = Vec::new();
    let mut failed = Vec::new();
    let mut st = core.state();
    for user in users {
        let Some(input) = user["user"].as_str().or_else(|| user["user_id"].as_str()) else {
            return Err(GraphError::parameter("Every item of block_users needs user or user_id."));
        };
        let digits: String = input.chars().filter(char::is_ascii_digit).collect();
        let customer = core.customer(&st, |c| c.bsuid == input || c.phone == digits);
        let named = match &customer {
            Some(c) if !c.hides_phone => json!({ "input": input, "wa_id": c.phone }),
            _ if user["user_id"].is_string() => json!({ "input": input, "user_id": input }),
            _ => json!({ "input": input, "wa_id": digits }),
        };
        let open = customer.as_ref().is_some_and(|c| st.window_open(&number.id, &c.key, now));
        match customer {
            Some(c) if !block || open => {
                let list = st.blocked.entry(number.id.clone()).or_default();
                if block {
                    list.insert(c.key);
                } else {
                    list.remove(&c.key);
                }
                done.push(named);
            }
            _ => {
                let mut named = named;
                named["errors"] = json!([{
                    "message": "Re-engagement required", "code": 131_047,
                    "error_data": { "details": "The user has not messaged the business in the last 24 hours" },
                }]);
                failed.push(named);
            }
        }
    }
    let key = if block { "added_users" } else { "removed_users" };
    if failed.is_empty() {
        return Ok(json!({ "messaging_product": "whatsapp", "block_users": { key: done } }));
    }
    Err(GraphError::code(
        139_100,
        "Failed to block some users, see the block_users response list for details",
    )
    .beside("messaging_product", json!("whatsapp"))
    .beside("block_users", json!({ key: done, "failed_users": failed })))
}
