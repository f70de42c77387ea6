//! Errors of the Cloud API: what an envelope says, and whether trying again helps.
//!
//! Owns the reading of error envelopes; what a code means is in [`super::codes`]. Knows nothing of HTTP clients: it
//! gets a status number and bytes, and never branches on the HTTP status where a code is given.

pub use super::codes::{Entry, Retry, describe};

use super::codes::{NEW_TOKEN, WAIT_RETRY, session};
use crate::model::delivery::{DeliveryError, HoldScope};
use crate::provider::{CallError, Outcome};
use serde_json::Value;
use std::time::Duration;

/// Longest provider text that is kept, in characters.
const TEXT_MAX: usize = 1000;

fn shorten(text: &str) -> String {
    text.chars().take(TEXT_MAX).collect()
}

/// An error with the table's cause and next step.
#[must_use]
pub fn delivery_error(code: i64, text: &str) -> DeliveryError {
    let entry = describe(code);
    DeliveryError {
        code,
        text: shorten(text),
        cause: entry.map(|e| e.cause.to_owned()),
        next: entry.map(|e| e.next.to_owned()),
    }
}

/// An error without a code of the provider's.
#[must_use]
pub fn plain_error(text: &str, cause: &str, next: &str) -> DeliveryError {
    DeliveryError { code: 0, text: shorten(text), cause: Some(cause.into()), next: Some(next.into()) }
}

/// Reads an integer that may come as a number or as digits.
fn integer(v: &Value) -> Option<i64> {
    v.as_i64().or_else(|| v.as_str()?.trim().parse().ok())
}

pub(in crate::provider) fn text_of<'a>(v: &'a Value, key: &str) -> Option<&'a str> {
    v.get(key).and_then(Value::as_str).map(str::trim).filter(|s| !s.is_empty())
}

/// The best sentence of an error object: `error_data.details`, else `error_user_msg`, else `message`, else
/// `title`. `error_data` may be a string that holds JSON.
fn best_text(error: &Value) -> Option<String> {
    let details = match error.get("error_data") {
        Some(Value::String(s)) => match serde_json::from_str::<Value>(s) {
            Ok(inner) => text_of(&inner, "details").map(str::to_owned),
            Err(_) => Some(s.trim().to_owned()).filter(|s| !s.is_empty()),
        },
        Some(data) => text_of(data, "details").map(str::to_owned),
        None => None,
    };
    details.or_else(|| {
        ["error_user_msg", "message", "title", "error_user_title"]
            .iter()
            .find_map(|k| text_of(error, k))
            .map(str::to_owned)
    })
}

/// An error object of a webhook or an error envelope, in our words.
#[must_use]
pub fn from_object(error: &Value) -> DeliveryError {
    let code = error.get("code").and_then(integer).unwrap_or(0);
    let sub = error.get("error_subcode").and_then(integer);
    // Template and lookup errors hide the telling number in the subcode of a generic code.
    let code = match sub {
        Some(s) if matches!(code, 100 | 200) && describe(s).is_some_and(|e| e.code == e.last) => s,
        _ => code,
    };
    let text = best_text(error).unwrap_or_else(|| "the provider gave no text".into());
    if error.get("code").is_none() {
        return DeliveryError { code: 0, text: shorten(&text), cause: None, next: None };
    }
    let mut out = delivery_error(code, &text);
    if let Some(cause) = sub.filter(|_| code == 190).and_then(session) {
        out.cause = Some(cause.to_owned());
    }
    out
}

/// A refused or failed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What to show.
    pub error: DeliveryError,
    /// Whether the token or a permission is at fault.
    pub auth: bool,
    /// Whether and when to try again.
    pub retry: Retry,
    /// Whether the request may have been carried out all the same.
    pub ambiguous: bool,
    /// Whether the other side said “too many requests” without saying of what.
    pub throttled: bool,
}

/// Reads an answer that is not a success: by its code, else by the HTTP status.
///
/// 429 is tried again. An answer of 5xx that explains nothing may come from something between us and the provider
/// that had passed the request on, so its fate is not known.
#[must_use]
pub fn classify(http_status: u16, body: &[u8]) -> Failure {
    let value: Option<Value> = serde_json::from_slice(body).ok();
    let object = value.as_ref().and_then(|v| v.get("error")).filter(|e| e.is_object());
    if let Some(object) = object {
        let error = from_object(object);
        let code = object.get("code").and_then(integer);
        let transient = object.get("is_transient").and_then(Value::as_bool).unwrap_or(false);
        let retry = if transient || http_status == 429 {
            Retry::Backoff
        } else {
            match code.and_then(|_| describe(error.code)) {
                Some(e) => e.retry,
                None if http_status >= 500 => Retry::Backoff,
                None => Retry::Never,
            }
        };
        let auth = match code {
            Some(0 | 3 | 10 | 104 | 190 | 200..=299 | 131_005) => true,
            _ => matches!(http_status, 401 | 403) && retry == Retry::Config,
        };
        let throttled = http_status == 429 && !matches!(error.code, OF_THE_PAIR);
        return Failure { error, auth, retry, ambiguous: false, throttled };
    }
    let text = format!("HTTP {http_status} without an explanation");
    let (cause, next, retry) = match http_status {
        429 => ("Too many requests in a short time.", WAIT_RETRY, Retry::Backoff),
        500..=599 => (
            "The provider, or something before it, failed without saying whether it had done it.",
            "wait for a delivery status, or look at the customer's chat before you send again",
            Retry::Backoff,
        ),
        401 | 403 => ("The provider does not accept the token.", NEW_TOKEN, Retry::Config),
        _ => (
            "The address does not answer as the provider does.",
            "check the provider's address and version in the configuration",
            Retry::Config,
        ),
    };
    Failure {
        error: plain_error(&text, cause, next),
        auth: matches!(http_status, 401 | 403),
        retry,
        ambiguous: http_status >= 500,
        throttled: http_status == 429,
    }
}

/// Codes that are about everything a number sends: its throughput, call budgets, maintenance.
const OF_THE_NUMBER: &[i64] = &[4, 613, 80007, 80008, 130_429, 131_057];
/// The code that is about one number and one person.
const OF_THE_PAIR: i64 = 131_056;

impl Failure {
    /// Who has to wait.
    pub(in crate::provider) fn scope(&self) -> HoldScope {
        match self.error.code {
            OF_THE_PAIR => HoldScope::Pair,
            code if OF_THE_NUMBER.contains(&code) || self.throttled => HoldScope::Number,
            _ => HoldScope::Message,
        }
    }

    /// What it means for a send. `after` is the provider's wish to wait.
    #[must_use]
    pub fn into_outcome(self, after: Option<Duration>) -> Outcome {
        if self.ambiguous {
            return Outcome::Unknown(self.error);
        }
        match self.retry {
            Retry::Backoff => Outcome::Retry { after, scope: self.scope(), error: self.error },
            Retry::Never | Retry::Wait | Retry::Config => Outcome::Rejected(self.error),
        }
    }

    /// What it means for a call that is not a send.
    #[must_use]
    pub fn into_call_error(self) -> CallError {
        CallError {
            code: self.error.code,
            text: self.error.text,
            cause: self.error.cause,
            next: self.error.next,
            auth: self.auth,
            transient: self.ambiguous || self.retry == Retry::Backoff,
            after: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_nobody_described_show_as_they_are() {
        for code in [-1, 5, 199, 300, 131_065, 999_999, i64::MAX, i64::MIN] {
            assert!(describe(code).is_none(), "{code}");
        }
        let e = delivery_error(999_999, "something new");
        assert_eq!((e.code, e.text.as_str(), e.cause, e.next), (999_999, "something new", None, None));
    }

    fn fixture(name: &str, status: u16) -> Failure {
        let body: &[u8] = match name {
            "131009" => include_bytes!("../../../tests/fixtures/meta/error-131009.json"),
            "expired" => include_bytes!("../../../tests/fixtures/meta/error-expired.json"),
            "permission" => include_bytes!("../../../tests/fixtures/meta/error-permission.json"),
            "unknown-node" => include_bytes!("../../../tests/fixtures/meta/error-unknown-node.json"),
            "throttled" => include_bytes!("../../../tests/fixtures/meta/error-throttled.json"),
            other => panic!("{other}"),
        };
        classify(status, body)
    }

    #[test]
    fn envelopes_of_every_class() {
        let f = fixture("131009", 400);
        assert_eq!((f.error.code, f.retry, f.auth), (131_009, Retry::Never, false));
        assert_eq!(f.error.text, "Recipient phone number is not a valid WhatsApp address.");
        let f = fixture("expired", 401);
        assert_eq!((f.error.code, f.retry, f.auth), (190, Retry::Config, true));
        let f = fixture("permission", 403);
        assert_eq!((f.error.code, f.retry, f.auth), (200, Retry::Config, true));
        let f = fixture("unknown-node", 400);
        assert_eq!((f.error.code, f.retry), (33, Retry::Config));
        let f = fixture("throttled", 400);
        assert_eq!((f.error.code, f.retry), (4, Retry::Backoff));
    }

    #[test]
    fn the_subcode_tells_why_a_token_is_void() {
        let f = fixture("expired", 401);
        assert_eq!((f.error.code, f.error.cause.as_deref()), (190, Some("The access token has expired.")));
        let other = classify(401, br#"{"error":{"message":"m","code":190,"error_subcode":1}}"#);
        assert_eq!(other.error.cause.as_deref(), Some("The access token has expired or was withdrawn."));
    }

    #[test]
    fn the_subcode_tells_what_is_wrong_with_a_template() {
        let body = br#"{"error":{"message":"Invalid parameter","code":100,"error_subcode":2388299,
            "is_transient":false,"error_user_msg":"Variables at the start or end."}}"#;
        let f = classify(400, body);
        assert_eq!((f.error.code, f.error.text.as_str()), (2_388_299, "Variables at the start or end."));
        assert_eq!(f.retry, Retry::Never);
    }

    #[test]
    fn error_data_may_be_a_string_of_json() {
        let body =
            br#"{"error":{"message":"m","code":"132000","error_data":"{\"details\":\"counts differ\"}"}}"#;
        let f = classify(400, body);
        assert_eq!((f.error.code, f.error.text.as_str()), (132_000, "counts differ"));
        let f = classify(400, br#"{"error":{"message":"m","code":132000,"error_data":"not json"}}"#);
        assert_eq!(f.error.text, "not json");
    }

    #[test]
    fn transient_wins_over_the_table_and_http_decides_without_a_code() {
        let f = classify(400, br#"{"error":{"message":"m","code":131009,"is_transient":true}}"#);
        assert_eq!(f.retry, Retry::Backoff);
        assert_eq!(classify(500, b"").retry, Retry::Backoff);
        assert_eq!(classify(503, b"<html>busy</html>").retry, Retry::Backoff);
        assert_eq!(classify(429, b"{}").retry, Retry::Backoff);
        assert!(!classify(429, b"{}").ambiguous);
        assert_eq!(classify(404, b"not here").retry, Retry::Config);
        assert!(classify(401, b"").auth);
        for status in [500, 502, 503, 504] {
            assert!(classify(status, b"<html>").ambiguous, "{status}");
        }
        let explained = br#"{"error":{"message":"m","code":131000}}"#;
        assert!(!classify(500, explained).ambiguous, "a definite error");
        assert_eq!(classify(400, br#"{"error":{"message":"m","code":777777}}"#).retry, Retry::Never);
        assert_eq!(classify(500, br#"{"error":{"message":"m","code":777777}}"#).retry, Retry::Backoff);
    }

    #[test]
    fn outcomes_follow_the_class() {
        let after = Some(Duration::from_secs(7));
        assert!(matches!(
            fixture("throttled", 400).into_outcome(after),
            Outcome::Retry { after: Some(d), .. } if d.as_secs() == 7
        ));
        for name in ["131009", "expired", "permission"] {
            assert!(matches!(fixture(name, 400).into_outcome(after), Outcome::Rejected(_)), "{name}");
        }
        assert!(matches!(classify(504, b"").into_outcome(None), Outcome::Unknown(_)));
        let wait = classify(400, br#"{"error":{"message":"m","code":131049}}"#);
        assert_eq!(wait.retry, Retry::Wait);
        assert!(matches!(wait.into_outcome(None), Outcome::Rejected(_)));
    }
}
