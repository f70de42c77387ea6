//! What is asked while a number is being connected: what the token is, whose the number is, whether the app secret is
//! the app's.

use super::super::text;
use super::{Ask, Graph, answers, call};
use crate::model::business::Standing;
use crate::provider::{CallError, http};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// What a token is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenIs {
    /// Whether the provider takes it.
    pub valid: bool,
    /// The app that it was made for.
    pub app: String,
    /// The app's name.
    pub app_name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// The business accounts that it may manage, where it is for some only.
    pub accounts: Vec<String>,
    /// When it ends (Unix milliseconds); `None` = never.
    pub expires_at: Option<i64>,
}

/// A number of a business account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    /// The provider's id of it.
    pub id: String,
    /// How it stands.
    pub standing: Standing,
}

/// What a token is. Asked as the token itself, or as its app (`id|secret`), which proves that the secret is the app's.
pub async fn token(graph: &dyn Graph, asked: &SecretString) -> Result<TokenIs, CallError> {
    let query = [("input_token", asked.expose_secret())];
    let v = call(graph, Ask::get(&["debug_token"], &query)).await;
    let v = v.map_err(|e| CallError { text: http::redact(&e.text, asked), ..e })?;
    Ok(token_is(v.get("data").unwrap_or(&Value::Null)))
}

fn token_is(data: &Value) -> TokenIs {
    let list = |v: Option<&Value>| -> Vec<String> {
        let list = v.and_then(Value::as_array).into_iter().flatten();
        list.filter_map(|s| s.as_str().map(str::to_owned)).collect()
    };
    let management = data
        .get("granular_scopes")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .find(|s| text(s, "scope") == "whatsapp_business_management");
    TokenIs {
        valid: data.get("is_valid").and_then(Value::as_bool).unwrap_or(false),
        app: match data.get("app_id") {
            Some(Value::Number(n)) => n.to_string(),
            _ => text(data, "app_id"),
        },
        app_name: text(data, "application"),
        scopes: list(data.get("scopes")),
        accounts: list(management.and_then(|s| s.get("target_ids"))),
        expires_at: data
            .get("expires_at")
            .and_then(Value::as_i64)
            .filter(|s| *s > 0)
            .map(|s| s.saturating_mul(1000)),
    }
}

/// The numbers of a business account: the first hundred, which is more than one has.
pub async fn numbers(graph: &dyn Graph, account: &str) -> Result<Vec<Owned>, CallError> {
    const FIELDS: &str = "id,display_phone_number,verified_name,name_status,code_verification_status,status,account_mode,is_pin_enabled";
    let query = [("fields", FIELDS), ("limit", "100")];
    let v = call(graph, Ask::get(&[account, "phone_numbers"], &query)).await?;
    let list = v.get("data").and_then(Value::as_array).into_iter().flatten();
    Ok(list.map(|n| Owned { id: text(n, "id"), standing: answers::standing(n) }).collect())
}

/// The name of a business account.
pub async fn account_name(graph: &dyn Graph, account: &str) -> Result<String, CallError> {
    Ok(text(&call(graph, Ask::get(&[account], &[("fields", "id,name")])).await?, "name"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_token_is_is_read_leniently() {
        let v = json!({ "app_id": 771_200_345_600_781_i64, "application": "Inbox", "is_valid": true,
            "expires_at": 1_795_176_000, "scopes": ["a", 1],
            "granular_scopes": [{ "scope": "whatsapp_business_management", "target_ids": ["218834005551201"] }] });
        let t = token_is(&v);
        assert_eq!((t.valid, t.app.as_str(), t.app_name.as_str()), (true, "771200345600781", "Inbox"));
        assert_eq!((t.scopes, t.accounts), (vec!["a".to_owned()], vec!["218834005551201".to_owned()]));
        assert_eq!(t.expires_at, Some(1_795_176_000_000));
        assert_eq!(token_is(&json!({})), TokenIs::default());
        assert_eq!(token_is(&json!({ "expires_at": 0 })).expires_at, None);
    }
}
