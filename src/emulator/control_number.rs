//! `/control/number` and `/control/token`: how a number stands, and what the token is worth.

use serde_json::{Value, json};

use super::Core;
use super::state::State;

/// Members of a number's node that can be set.
const FACTS: [&str; 9] = [
    "status",
    "quality_rating",
    "name_status",
    "new_name_status",
    "verified_name",
    "messaging_limit_tier",
    "whatsapp_business_manager_messaging_limit",
    "is_on_biz_app",
    "health_status",
];

/// What is wrong: HTTP status and a sentence.
type Refusal = (u16, String);

/// Sets how a number stands.
pub fn number(core: &Core, st: &mut State, body: &Value) -> Result<Value, Refusal> {
    let id = body["number"].as_str().unwrap_or_default();
    if core.number(id).is_none() {
        return Err((404, format!("there is no number '{id}'")));
    }
    let entry = st.registry.change(id);
    for (key, value) in body.as_object().into_iter().flatten() {
        match key.as_str() {
            "number" => {}
            "registered" => entry.registered = value.as_bool(),
            "verified" => entry.verified = value.as_bool(),
            "pin" => entry.pin = value.as_str().map(str::to_owned),
            fact if FACTS.contains(&fact) => {
                if value.is_null() {
                    entry.facts.remove(fact);
                } else {
                    entry.facts.insert(fact.to_owned(), value.clone());
                }
            }
            other => {
                let known = FACTS.join(", ");
                return Err((
                    400,
                    format!("'{other}' cannot be set; there is registered, verified, pin, {known}"),
                ));
            }
        }
    }
    Ok(
        json!({ "number": id, "registered": entry.is_registered(), "verified": entry.is_verified(), "set": entry.facts }),
    )
}

/// Sets what the token is worth.
pub fn token(st: &mut State, body: &Value) -> Result<Value, Refusal> {
    let token = &mut st.registry.token;
    if let Some(scopes) = body.get("scopes") {
        token.scopes = serde_json::from_value(scopes.clone())
            .map_err(|_| (400, "scopes must be a list of texts, or null".to_owned()))?;
    }
    if let Some(at) = body.get("expires_at") {
        token.expires_at =
            at.as_i64().ok_or_else(|| (400, "expires_at must be Unix seconds, or 0".to_owned()))?;
    }
    Ok(json!({ "scopes": token.scopes, "expires_at": token.expires_at }))
}
