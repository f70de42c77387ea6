//! Registration of a number: PIN, code, register, deregister; and `POST /{number}` for what is set on it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Answer, subscriptions};
use crate::emulator::errors::GraphError;
use crate::emulator::registry::{CODE, No};
use crate::emulator::server::Call;
use crate::emulator::{Core, Number};

fn refused(no: No) -> GraphError {
    match no {
        No::TooOften => GraphError::code(
            133_016,
            "Registration and deregistration of a number is limited to 10 requests in 72 hours.",
        ),
        No::NotVerified => GraphError::code(133_006, "Phone number needs to be verified before registering."),
        No::WrongPin => GraphError::code(133_005, "Two-step verification PIN mismatch."),
        No::PinRests => GraphError::code(133_008, "Too many PIN guesses. Try again in 5 minutes."),
    }
}

/// A PIN of a body.
fn pin(body: &Value) -> Result<&str, GraphError> {
    body["pin"]
        .as_str()
        .filter(|p| p.len() == 6 && p.bytes().all(|b| b.is_ascii_digit()))
        .ok_or_else(|| GraphError::parameter("Param pin must be a 6-digit number."))
}

/// `POST /{number}/register`.
pub fn register(core: &Core, number: &Number, body: &Value) -> Answer {
    if body["messaging_product"] != "whatsapp" {
        return Err(GraphError::parameter("The parameter messaging_product is required."));
    }
    let pin = pin(body)?;
    let now = core.clock.now();
    core.state().registry.change(&number.id).register(pin, now).map_err(refused)?;
    Ok(json!({ "success": true }))
}

/// `POST /{number}/deregister`.
pub fn deregister(core: &Core, number: &Number) -> Answer {
    let now = core.clock.now();
    let mut st = core.state();
    let entry = st.registry.change(&number.id);
    if entry.facts.get("is_on_biz_app").is_some_and(|v| v == true) {
        return Err(GraphError::parameter("This number is in use in the WhatsApp Business app."));
    }
    if !entry.is_registered() {
        return Err(GraphError::code(133_010, "The phone number is not registered."));
    }
    entry.deregister(now).map_err(refused)?;
    Ok(json!({ "success": true }))
}

/// `POST /{number}/request_code`.
pub fn request_code(core: &Core, number: &Number, call: &Call) -> Answer {
    let method = call.param("code_method").unwrap_or_default();
    if !["SMS", "VOICE"].contains(&method.as_str()) {
        return Err(GraphError::parameter("Param code_method must be one of {SMS, VOICE}"));
    }
    if call.param("language").is_none_or(|l| l.is_empty()) {
        return Err(GraphError::parameter("The parameter language is required."));
    }
    let now = core.clock.now();
    let mut st = core.state();
    let entry = st.registry.change(&number.id);
    if entry.is_verified() {
        return Err(GraphError::managed(
            None,
            "Phone number already verified",
            "This phone number was verified before. There is no need to request a code.",
        ));
    }
    entry.code_sent = Some(now);
    Ok(json!({ "success": true }))
}

/// `POST /{number}/verify_code`.
pub fn verify_code(core: &Core, number: &Number, call: &Call) -> Answer {
    let Some(code) = call.param("code") else {
        return Err(GraphError::parameter("The parameter code is required."));
    };
    let mut st = core.state();
    let entry = st.registry.change(&number.id);
    if entry.code_sent.is_none() || code != CODE {
        return Err(GraphError::managed(
            None,
            "Code couldn't be verified",
            "The code is wrong or no longer valid. Request a new one and try again.",
        ));
    }
    entry.code_sent = None;
    entry.verified = Some(true);
    Ok(json!({ "success": true }))
}

/// `POST /{number}`: the PIN, or a callback for this number alone.
pub async fn set(core: &Arc<Core>, number: &Number, call: &Call) -> Answer {
    if call.body.get("pin").is_none() {
        return subscriptions::number(core, number, call).await;
    }
    let pin = pin(&call.body)?;
    let mut st = core.state();
    let entry = st.registry.change(&number.id);
    if !entry.is_registered() {
        return Err(GraphError::code(133_010, "The phone number is not registered."));
    }
    entry.pin = Some(pin.to_owned());
    Ok(json!({ "success": true }))
}
