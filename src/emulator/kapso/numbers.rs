//! Numbers of the project: list, one, health, and a number with credentials of its own.

use std::sync::Arc;

use axum::http::Method;
use serde_json::{Value, json};

use super::platform::{no_method, wrapped};
use super::{Answer, Out, onboarding, owns, paging, send, shapes};
use crate::emulator::Core;
use crate::emulator::server::Call;
use crate::emulator::state::State;

fn shown(core: &Core, st: &State, id: &str) -> Option<Value> {
    let mut shown = shapes::number(core, st.kapso.number(id)?, core.number(id)?);
    // What was set of a number holds whoever asks for it.
    for (key, value) in st.registry.of(id).facts {
        let names: &[&str] =
            if key == "verified_name" { &["verified_name", "display_name"] } else { &[key.as_str()] };
        for name in names.iter().filter(|n| shown.get(**n).is_some()).copied().collect::<Vec<_>>() {
            shown[name] = value.clone();
        }
    }
    Some(shown)
}

pub fn list(core: &Arc<Core>, call: &Call) -> Answer {
    if call.method != Method::GET {
        return Err(no_method());
    }
    let st = core.state();
    let all = st.kapso.numbers.iter().rev().filter_map(|n| shown(core, &st, &n.id));
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let fits = |n: &Value| {
        let is = |name: &str| call.query.get(name).is_none_or(|wanted| *wanted == text(&n[name]));
        is("phone_number_id")
            && is("business_account_id")
            && is("customer_id")
            && call
                .query
                .get("name_contains")
                .is_none_or(|part| text(&n["name"]).to_lowercase().contains(&part.to_lowercase()))
            && call
                .query
                .get("messaging_enabled")
                .is_none_or(|m| (m == "true") == (n["status"] == "CONNECTED"))
    };
    paging::numbered(call, all.filter(fits).collect())
}

pub fn one(core: &Arc<Core>, call: &Call, id: &str) -> Answer {
    let now = core.clock.now();
    let mut st = core.state();
    let place = st.kapso.numbers.iter().position(|n| n.id == id).ok_or_else(Out::not_found)?;
    match call.method {
        Method::GET => {}
        Method::PATCH => {
            let given = wrapped(call, "whatsapp_phone_number")?;
            let number = &mut st.kapso.numbers[place];
            if let Some(name) = given["name"].as_str() {
                if name.trim().is_empty() {
                    return Err(Out::error(422, "Name can't be blank"));
                }
                name.clone_into(&mut number.name);
            }
            if let Some(on) = given["inbound_processing_enabled"].as_bool() {
                number.processing = on;
            }
            if let Some(on) = given["calls_enabled"].as_bool() {
                number.calls = on;
            }
            number.updated_at = now;
        }
        Method::DELETE => {
            let number = st.kapso.numbers.remove(place);
            st.kapso.hooks.retain(|h| h.number.as_deref() != Some(id));
            let body = onboarding::small(core, &st, &number.id, number.client.as_deref());
            send::project(core, &mut st, "whatsapp.phone_number.deleted", &body);
            return Ok(Out::nothing());
        }
        _ => return Err(no_method()),
    }
    shown(core, &st, id).map(Out::data).ok_or_else(Out::not_found)
}

/// How a number is; without the envelope that everything else has.
pub fn health(core: &Arc<Core>, call: &Call, id: &str) -> Answer {
    if call.method != Method::GET {
        return Err(no_method());
    }
    let st = core.state();
    let number = st.kapso.number(id).ok_or_else(Out::not_found)?;
    let connected = number.status == "CONNECTED";
    let passed = |yes: bool, details: Value| json!({ "passed": yes, "details": details });
    let status = match (connected, number.processing) {
        (false, _) => "unhealthy",
        (true, false) => "degraded",
        (true, true) => "healthy",
    };
    let overall = if connected { "AVAILABLE" } else { "BLOCKED" };
    Ok(Out::ok(json!({
        "status": status, "timestamp": paging::iso(core.clock.now()), "error": null,
        "checks": {
            "phone_number_access": passed(connected, json!({})),
            "phone_number_connection": passed(connected, json!({ "status": number.status })),
            "messaging_health": { "passed": connected, "overall_status": overall, "details": {} },
            "webhook_subscription": passed(connected, json!({})),
            "webhook_verified": passed(true, json!({})),
            "token_validity": passed(connected, json!({})),
        },
    })))
}

/// Connects a number with credentials that the customer already has.
pub fn own(core: &Arc<Core>, call: &Call, client: &str) -> Answer {
    if call.method != Method::POST {
        return Err(no_method());
    }
    let given = wrapped(call, "whatsapp_phone_number")?;
    let mut st = core.state();
    if st.kapso.client(client).is_none() {
        return Err(Out::not_found());
    }
    let text = |name: &str| given[name].as_str().filter(|t| !t.is_empty());
    let (Some(name), Some(id), Some(business), Some(_)) =
        (text("name"), text("phone_number_id"), text("business_account_id"), text("access_token"))
    else {
        return Err(Out::error(
            422,
            "Name, phone_number_id, business_account_id and access_token can't be blank",
        ));
    };
    if st.kapso.number(id).is_some() {
        return Err(Out::error(409, "Phone number is already connected"));
    }
    if !owns(core, id) || business != core.scenario.kapso.business {
        return Err(Out::error(422, "Phone number could not be verified with Meta"));
    }
    onboarding::connect(core, &mut st, id, Some(client.to_owned()), false, Some(name));
    shown(core, &st, id).map(Out::created).ok_or_else(Out::not_found)
}
