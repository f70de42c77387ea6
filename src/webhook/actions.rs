//! Business actions over HTTP: `POST /api/actions/{name}` with a bearer token, for programs on this machine or behind the same
//! proxy. Without a configured token there is no such address.
//!
//! The body is JSON: `to` (a phone number, a user id or the id of a thread), and optionally `account`, `set` (values by name)
//! and `file` (`name` and `base64`, or `url`). With an `Idempotency-Key` header the same call again sends nothing and gets the
//! same answer.

use super::{Inside, refuse};
use crate::engine::ActionCall;
use crate::protocol::Problem;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::time::Duration;
use subtle::ConstantTimeEq;

/// Longest body: a file of sixteen megabytes in base64 and something around it.
const BODY_MAX: usize = 23 << 20;
/// A body that takes longer than this to come is given up.
const BODY_TIME: Duration = Duration::from_secs(30);
/// Calls under way at the same time.
pub(super) const UNDER_WAY: usize = 4;

/// What a caller says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    to: String,
    #[serde(default)]
    account: Option<String>,
    #[serde(default)]
    set: BTreeMap<String, Value>,
    #[serde(default)]
    file: Option<CallFile>,
}

/// The file of the header.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallFile {
    #[serde(default)]
    name: String,
    #[serde(default)]
    base64: Option<String>,
    #[serde(default)]
    url: Option<String>,
}

/// Whether the caller has shown the token. Both are hashed first, so that not even its length can be told from the time.
fn knows(token: &SecretString, headers: &HeaderMap) -> bool {
    let given = headers.get(header::AUTHORIZATION).map(axum::http::HeaderValue::as_bytes).unwrap_or_default();
    let (scheme, given) = given.split_at(given.len().min(7));
    let hash = |bytes: &[u8]| Sha256::digest(bytes);
    let same: bool = hash(given).as_slice().ct_eq(hash(token.expose_secret().as_bytes()).as_slice()).into();
    same && scheme.eq_ignore_ascii_case(b"bearer ")
}

/// The HTTP status that fits a refusal.
fn status(problem: &Problem) -> StatusCode {
    match problem.kind.as_str() {
        "field" | "protocol" => StatusCode::UNPROCESSABLE_ENTITY,
        "forbidden" => StatusCode::FORBIDDEN,
        "not_found" => StatusCode::NOT_FOUND,
        "store" | "disk" | "engine" | "room" => StatusCode::SERVICE_UNAVAILABLE,
        "provider" => StatusCode::BAD_GATEWAY,
        _ => StatusCode::CONFLICT,
    }
}

fn answer(problem: &Problem) -> Response {
    let body = json!({
        "error": {
            "kind": problem.kind, "what": problem.what, "means": problem.means, "next": problem.next,
            "field": problem.field,
        },
    });
    let status = status(problem);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        return (status, [(header::RETRY_AFTER, super::COME_AGAIN)], Json(body)).into_response();
    }
    (status, Json(body)).into_response()
}

fn wrong(status: StatusCode, what: &str, next: &str) -> Response {
    let body =
        json!({ "error": { "kind": "request", "what": what, "means": "", "next": next, "field": null } });
    (status, Json(body)).into_response()
}

fn bad(what: &str) -> Response {
    wrong(StatusCode::BAD_REQUEST, what, "look at the documentation of the endpoint")
}

async fn read(body: Body) -> Result<Vec<u8>, StatusCode> {
    let mut stream = body.into_data_stream();
    let mut bytes = Vec::new();
    while let Some(part) = stream.next().await {
        let part = part.map_err(|_| StatusCode::BAD_REQUEST)?;
        if bytes.len() + part.len() > BODY_MAX {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        bytes.extend_from_slice(&part);
    }
    Ok(bytes)
}

/// What the body says, or what is wrong with it.
fn call(name: String, key: Option<String>, bytes: &[u8]) -> Result<ActionCall, String> {
    let said: Call = serde_json::from_slice(bytes).map_err(|e| format!("the body cannot be read: {e}"))?;
    let mut set = BTreeMap::new();
    for (key, value) in said.set {
        let text = match value {
            Value::String(s) => s,
            Value::Number(n) => n.to_string(),
            Value::Bool(b) => b.to_string(),
            _ => return Err(format!("`set.{key}` has to be a text or a number")),
        };
        set.insert(key, text);
    }
    let mut file = None;
    match said.file {
        None => {}
        Some(CallFile { name, base64: Some(text), url: None }) => {
            let bytes = STANDARD.decode(text.trim()).map_err(|_| "`file.base64` is no base64".to_owned())?;
            if name.trim().is_empty() {
                return Err("`file.name` is missing".into());
            }
            file = Some((name, bytes));
        }
        Some(CallFile { name, base64: None, url: Some(url) }) => {
            set.insert("header.link".into(), url);
            if !name.is_empty() {
                set.insert("header.filename".into(), name);
            }
        }
        Some(_) => return Err("`file` has either `base64` or `url`".into()),
    }
    Ok(ActionCall { name, account: said.account, to: said.to, set, file, key })
}

/// Does an action.
pub(super) async fn act(
    State(inside): State<Inside>,
    Path(name): Path<String>,
    headers: HeaderMap,
    request: Request<Body>,
) -> Response {
    let Some(token) = &inside.token else { return StatusCode::NOT_FOUND.into_response() };
    if !knows(token, &headers) {
        tracing::warn!("an action was asked for without the right token");
        let text = "the token is missing or wrong";
        let answer =
            wrong(StatusCode::UNAUTHORIZED, text, "send `Authorization: Bearer …` with `actions_token`");
        return ([(header::WWW_AUTHENTICATE, "Bearer")], answer).into_response();
    }
    let Ok(_place) = inside.actions.try_acquire() else { return refuse(StatusCode::SERVICE_UNAVAILABLE) };
    let bytes = match tokio::time::timeout(BODY_TIME, read(request.into_body())).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(StatusCode::PAYLOAD_TOO_LARGE)) => {
            let next = "send a smaller file, or its address as `file.url`";
            return wrong(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long", next);
        }
        Ok(Err(status)) => return refuse(status),
        Err(_) => return StatusCode::REQUEST_TIMEOUT.into_response(),
    };
    let key = match headers.get("idempotency-key").map(|v| v.to_str()) {
        None => None,
        Some(Ok(key)) => Some(key.trim().to_owned()),
        Some(Err(_)) => return bad("`Idempotency-Key` has to be plain text"),
    };
    let call = match call(name, key, &bytes) {
        Ok(call) => call,
        Err(what) => return bad(&what),
    };
    match inside.engine.action(call, "http").await {
        Ok(done) => {
            let body = json!({
                "message": done.message.to_string(), "thread": done.thread.to_string(), "repeated": done.repeated,
            });
            let status = if done.repeated { StatusCode::OK } else { StatusCode::ACCEPTED };
            (status, Json(body)).into_response()
        }
        Err(problem) => answer(&problem),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_token_opens() {
        let token = SecretString::from("s3cret");
        let with = |value: &str| {
            let mut h = HeaderMap::new();
            h.insert(header::AUTHORIZATION, value.parse().unwrap());
            knows(&token, &h)
        };
        assert!(with("Bearer s3cret") && with("bearer s3cret"));
        for wrong in ["Bearer s3cre", "Bearer s3cret ", "s3cret", "Basic s3cret", "Bearer", "Bearer "] {
            assert!(!with(wrong), "{wrong}");
        }
        assert!(!knows(&token, &HeaderMap::new()));
    }

    #[test]
    fn a_body_is_read_strictly() {
        let read = |text: &str| call("invoice_sent".into(), None, text.as_bytes());
        let got = read(r#"{"to":"+44","set":{"amount":84.5,"day":"Friday"},"file":{"url":"https://a.example/x.pdf","name":"x.pdf"}}"#)
            .unwrap();
        assert_eq!(got.set["amount"], "84.5");
        assert_eq!(
            (got.set["header.link"].as_str(), got.set["header.filename"].as_str()),
            ("https://a.example/x.pdf", "x.pdf")
        );
        let got = read(r#"{"to":"+44","file":{"name":"x.pdf","base64":"aGk="}}"#).unwrap();
        assert_eq!(got.file, Some(("x.pdf".into(), b"hi".to_vec())));
        for odd in [
            "{}",
            "[]",
            r#"{"to":"+44","path":"/etc/passwd"}"#,
            r#"{"to":"+44","file":{"path":"/etc/passwd"}}"#,
            r#"{"to":"+44","file":{"name":"x"}}"#,
            r#"{"to":"+44","file":{"base64":"aGk="}}"#,
            r#"{"to":"+44","file":{"base64":"a","url":"b"}}"#,
            r#"{"to":"+44","set":{"a":[1]}}"#,
        ] {
            assert!(read(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn refusals_have_fitting_numbers() {
        for (kind, number) in [
            ("field", 422),
            ("forbidden", 403),
            ("not_found", 404),
            ("disk", 503),
            ("category_moved", 409),
            ("blocked", 409),
        ] {
            assert_eq!(status(&Problem::new(kind, "x")).as_u16(), number, "{kind}");
        }
    }
}
