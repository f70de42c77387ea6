//! A number's registration, PIN, verification, and how it stands.

use super::{Ask, Graph, answers, call, done};
use crate::model::business::{CodeBy, Standing};
use crate::provider::CallError;
use reqwest::Method;
use serde_json::json;

const STANDING_FIELDS: &str = "display_phone_number,verified_name,name_status,new_name_status,code_verification_status,status,account_mode,is_pin_enabled,health_status";

/// How a number stands.
pub async fn standing(graph: &dyn Graph, number: &str) -> Result<Standing, CallError> {
    let v = call(graph, Ask::get(&[number], &[("fields", STANDING_FIELDS)])).await?;
    Ok(answers::standing(&v))
}

/// Registers a number. Whatever goes wrong, the PIN is in no error.
pub async fn register(graph: &dyn Graph, number: &str, pin: &str) -> Result<(), CallError> {
    let body = json!({ "messaging_product": "whatsapp", "pin": pin });
    done(graph, Ask::post(&[number, "register"], &body)).await.map_err(|e| hide(e, pin))
}

/// Takes a number out of use.
pub async fn deregister(graph: &dyn Graph, number: &str) -> Result<(), CallError> {
    done(graph, Ask { method: Method::POST, path: &[number, "deregister"], query: &[], body: None }).await
}

/// Sets the PIN.
pub async fn set_pin(graph: &dyn Graph, number: &str, pin: &str) -> Result<(), CallError> {
    let body = json!({ "pin": pin });
    done(graph, Ask::post(&[number], &body)).await.map_err(|e| hide(e, pin))
}

/// Has a code sent to the number.
pub async fn request_code(
    graph: &dyn Graph,
    number: &str,
    by: CodeBy,
    language: &str,
) -> Result<(), CallError> {
    let method = match by {
        CodeBy::Sms => "SMS",
        CodeBy::Voice => "VOICE",
    };
    let body = json!({ "code_method": method, "language": language });
    done(graph, Ask::post(&[number, "request_code"], &body)).await
}

/// Shows with the code that the number is ours.
pub async fn verify_code(graph: &dyn Graph, number: &str, code: &str) -> Result<(), CallError> {
    let body = json!({ "code": code });
    done(graph, Ask::post(&[number, "verify_code"], &body)).await.map_err(|e| hide(e, code))
}

fn hide(e: CallError, secret: &str) -> CallError {
    CallError { text: e.text.replace(secret, "[hidden]"), ..e }
}
