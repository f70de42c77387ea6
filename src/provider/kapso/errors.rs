//! Errors of Kapso: its own in words, and those of Meta that it passes through.
//!
//! Owns what an answer of refusal means and whether trying again helps. Knows nothing of HTTP clients: it gets a
//! status number and bytes. A refusal of Kapso's own has no number of its own; it is shown with its HTTP status.

use crate::model::delivery::{DeliveryError, HoldScope};
use crate::provider::meta::codes::WAIT_RETRY;
use crate::provider::meta::errors::{self, Failure, Retry, text_of};
use serde_json::Value;

/// Meta's code for “more than 24 hours since the customer wrote”: what corrects our own window.
pub const WINDOW_CLOSED: i64 = 131_047;
/// Meta's code for “the customer wants no marketing”.
pub const MARKETING_STOPPED: i64 = 131_050;

const NEW_KEY: &str = "copy an API key of the project from Kapso's dashboard, put it where the account has it, check with `switchboard doctor`, then try again";
const CHECK_NUMBER: &str = "check the number's id and the API key's project with `switchboard doctor`";
const LOOK_UP: &str = "correct what the text names, then try again";

/// What a refusal is: shown so, tried again so, and held up for whom.
fn refusal(code: i64, text: &str, cause: &str, next: &str, retry: Retry) -> Failure {
    let error = DeliveryError { code, ..errors::plain_error(text, cause, next) };
    Failure { error, auth: false, retry, ambiguous: false, throttled: false }
}

/// What Kapso says in words: the text, its slug and where the bill can be paid.
struct Said {
    text: String,
    slug: String,
    billing: Option<String>,
}

impl Said {
    /// `None` for an answer that says nothing in Kapso's form.
    fn of(value: &Value) -> Option<Self> {
        let error = text_of(value, "error");
        let message = text_of(value, "message").or_else(|| text_of(value, "detail"));
        let text = match (error, message) {
            (Some(error), Some(message)) if error != message => format!("{error}: {message}"),
            (Some(text), _) | (None, Some(text)) => text.to_owned(),
            (None, None) => return list(value),
        };
        let detail = text_of(value, "detail").filter(|d| !text.contains(*d));
        let text = detail.map_or(text.clone(), |d| format!("{text}: {d}"));
        Some(Self {
            text,
            slug: text_of(value, "code").unwrap_or_default().to_ascii_lowercase(),
            billing: text_of(value, "billing_url").map(str::to_owned),
        })
    }

    fn says(&self, words: &[&str]) -> bool {
        let text = self.text.to_lowercase();
        words.iter().all(|w| text.contains(w))
    }
}

/// `{"errors": ["…", "…"]}` and `{"errors": {"url": ["is no address"]}}`, as some checks answer.
fn list(value: &Value) -> Option<Said> {
    let lines: Vec<String> = match value.get("errors")? {
        Value::Array(items) => items
            .iter()
            .filter_map(|i| i.as_str().or_else(|| text_of(i, "message")))
            .map(str::to_owned)
            .collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(field, what)| {
                let what = match what {
                    Value::Array(w) => w.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
                    other => other.as_str().unwrap_or_default().to_owned(),
                };
                format!("{field} {what}")
            })
            .collect(),
        _ => return None,
    };
    (!lines.is_empty()).then(|| Said { text: lines.join("; "), slug: String::new(), billing: None })
}

/// The words of a page that is no JSON: without its marks, on one line, not long.
fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(4096)]);
    let mut out = String::new();
    let mut inside = false;
    for c in text.chars() {
        match c {
            '<' => inside = true,
            '>' => {
                inside = false;
                out.push(' ');
            }
            _ if inside => {}
            c => out.push(c),
        }
    }
    let words: Vec<&str> = out.split_whitespace().take(16).collect();
    words.join(" ").chars().take(120).collect()
}

/// Reads an answer that is not a success, and who has to wait where it is to be tried again.
#[must_use]
pub fn classify(status: u16, body: &[u8]) -> (Failure, HoldScope) {
    let value: Option<Value> = serde_json::from_slice(body).ok();
    if value.as_ref().and_then(|v| v.get("error")).is_some_and(Value::is_object) {
        return graph(status, body);
    }
    let said = value.as_ref().and_then(Said::of);
    let scope = match status {
        409 => HoldScope::Pair,
        429 => HoldScope::Number,
        _ => HoldScope::Message,
    };
    (said.map_or_else(|| silent(status, body), |said| spoken(status, &said)), scope)
}

/// An error of Meta's that is passed through, or Kapso's own in Meta's form.
fn graph(status: u16, body: &[u8]) -> (Failure, HoldScope) {
    let mut failure = errors::classify(status, body);
    let scope = failure.scope();
    if status == 401 {
        failure.auth = true;
        failure.retry = Retry::Config;
        failure.error.next = Some(NEW_KEY.into());
    }
    if failure.error.code == 1026 {
        failure.error.cause = Some("The customer's app cannot show this kind of message.".into());
        failure.error.next = Some("write it as another kind of message".into());
        failure.retry = Retry::Never;
    }
    if failure.error.next.is_none() {
        let known = (status, failure.retry);
        let (cause, next) = match known {
            (_, Retry::Backoff) => ("The provider could not do it now.", WAIT_RETRY),
            _ => ("The provider refused it.", LOOK_UP),
        };
        failure.error.cause.get_or_insert_with(|| cause.into());
        failure.error.next = Some(next.into());
    }
    (failure, scope)
}

/// A refusal in Kapso's words.
fn spoken(status: u16, said: &Said) -> Failure {
    let text = said.text.as_str();
    let code = i64::from(status);
    // The window: documented with Meta's code, seen as a sentence. Both close it here as well.
    if said.says(&["24", "hour", "window"]) || said.says(&["24-hour"]) {
        return Failure {
            error: errors::delivery_error(WINDOW_CLOSED, text),
            ..refusal(WINDOW_CLOSED, text, "", "", Retry::Never)
        };
    }
    match (status, said.slug.as_str()) {
        (_, "marketing_preference_stopped") => Failure {
            error: errors::delivery_error(MARKETING_STOPPED, text),
            ..refusal(MARKETING_STOPPED, text, "", "", Retry::Never)
        },
        (_, "messaging_account_mismatch") => refusal(
            code,
            text,
            "The number belongs to another business account than the one named.",
            "correct the business account's id of this account, then try again",
            Retry::Config,
        ),
        (402, _) => {
            let place = said.billing.as_deref().unwrap_or("Kapso's dashboard, billing");
            let (cause, next) = if said.slug == "insufficient_credits" {
                (
                    "The Kapso project has no balance left for messages.",
                    format!("pay in money at {place}, then try again"),
                )
            } else {
                (
                    "The plan of the Kapso project does not include this.",
                    format!("choose a larger plan at {place}, then try again"),
                )
            };
            refusal(code, text, cause, &next, Retry::Config)
        }
        (401, _) => Failure {
            auth: true,
            ..refusal(code, text, "Kapso does not accept the API key.", NEW_KEY, Retry::Config)
        },
        (403, _) if said.says(&["sandbox"]) => refusal(
            code,
            text,
            "This is Kapso's sandbox number: it may only message phones that joined its session.",
            "start a sandbox session in Kapso's dashboard with the customer's phone, then send it again",
            Retry::Config,
        ),
        (403, _) => Failure {
            auth: true,
            ..refusal(code, text, "The API key may not do this.", NEW_KEY, Retry::Config)
        },
        (404, _) => refusal(
            code,
            text,
            "Kapso's project of this API key does not know it.",
            CHECK_NUMBER,
            Retry::Config,
        ),
        (409, _) if said.says(&["flight"]) || said.says(&["retry"]) => refusal(
            code,
            text,
            "Another message to this customer is just on its way; Kapso sends one at a time.",
            "nothing to do: it is tried again by itself",
            Retry::Backoff,
        ),
        (409, _) => refusal(
            code,
            text,
            "It exists already, or the project has as many as its plan allows.",
            "look at the numbers in Kapso's dashboard, then try again",
            Retry::Never,
        ),
        (400 | 422, _) => refusal(
            code,
            text,
            "Kapso does not accept a value of the request; nothing was done.",
            LOOK_UP,
            Retry::Never,
        ),
        // Without a number of its own: it may be tried longer than a refusal.
        (429, _) => Failure {
            throttled: true,
            ..refusal(
                0,
                &format!("429 {text}"),
                "The API key has made as many calls as it may in this minute.",
                "nothing to do: it is tried again by itself",
                Retry::Backoff,
            )
        },
        // A definite word of Kapso's: it says that it did not do it.
        (500..=599, _) => refusal(
            code,
            text,
            "Kapso failed, or could not reach Meta.",
            "wait a moment, then try again",
            Retry::Backoff,
        ),
        _ => refusal(code, text, "Kapso refused it.", LOOK_UP, Retry::Never),
    }
}

/// An answer that explains nothing: a page, or no text at all.
fn silent(status: u16, body: &[u8]) -> Failure {
    let mut failure = errors::classify(status, body);
    let page = excerpt(body);
    if !page.is_empty() && !failure.error.text.contains(&page) {
        failure.error.text = format!("HTTP {status}: {page}");
    }
    if (400..500).contains(&status) && status != 429 {
        failure.error.code = i64::from(status);
    }
    match status {
        401 | 403 => failure.error.next = Some(NEW_KEY.into()),
        409 => {
            failure.retry = Retry::Backoff;
            failure.error.cause = Some("Kapso says that something else is just happening to it.".into());
            failure.error.next = Some(WAIT_RETRY.into());
        }
        _ => {}
    }
    failure
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Outcome;
    use std::time::Duration;

    /// Status, body, and what is expected: code, retry, auth, scope.
    type Case = (u16, &'static str, i64, Retry, bool, HoldScope);

    const CASES: &[Case] = &[
        (401, r#"{"error":"Invalid API key"}"#, 401, Retry::Config, true, HoldScope::Message),
        (401, r#"{"error":{"message":"bad key","code":190}}"#, 190, Retry::Config, true, HoldScope::Message),
        (
            402,
            r#"{"error":"Insufficient credits","code":"insufficient_credits","billing_url":"https://app.kapso.ai/projects/1/billing"}"#,
            402,
            Retry::Config,
            false,
            HoldScope::Message,
        ),
        (
            402,
            r#"{"error":"Your plan does not include project.event"}"#,
            402,
            Retry::Config,
            false,
            HoldScope::Message,
        ),
        (
            403,
            r#"{"error":"Active sandbox session required to send messages"}"#,
            403,
            Retry::Config,
            false,
            HoldScope::Message,
        ),
        (
            404,
            r#"{"error":"WhatsApp phone number not found"}"#,
            404,
            Retry::Config,
            false,
            HoldScope::Message,
        ),
        (
            409,
            r#"{"error":"Another message is already in-flight for this conversation. Please retry shortly."}"#,
            409,
            Retry::Backoff,
            false,
            HoldScope::Pair,
        ),
        (
            409,
            r#"{"error":"Phone number limit reached for this plan"}"#,
            409,
            Retry::Never,
            false,
            HoldScope::Pair,
        ),
        (
            422,
            r#"{"error":"Cannot send non-template messages outside the 24-hour window."}"#,
            WINDOW_CLOSED,
            Retry::Never,
            false,
            HoldScope::Message,
        ),
        (
            422,
            r#"{"error":{"message":"Re-engagement message","type":"MessageError","code":131047}}"#,
            WINDOW_CLOSED,
            Retry::Never,
            false,
            HoldScope::Message,
        ),
        (
            422,
            r#"{"error":"Contact stopped marketing messages on this WhatsApp number","code":"marketing_preference_stopped"}"#,
            MARKETING_STOPPED,
            Retry::Never,
            false,
            HoldScope::Message,
        ),
        (
            422,
            r#"{"error":"wrong account","code":"messaging_account_mismatch"}"#,
            422,
            Retry::Config,
            false,
            HoldScope::Message,
        ),
        (
            422,
            r#"{"error":{"message":"unsupported","code":1026}}"#,
            1026,
            Retry::Never,
            false,
            HoldScope::Message,
        ),
        (
            422,
            r#"{"error":"Events contains unsupported events: \"x\""}"#,
            422,
            Retry::Never,
            false,
            HoldScope::Message,
        ),
        (422, r#"{"errors":{"url":["is no address"]}}"#, 422, Retry::Never, false, HoldScope::Message),
        (
            429,
            r#"{"error":"Rate limit exceeded","message":"You have exceeded the rate limit. Please try again later."}"#,
            0,
            Retry::Backoff,
            false,
            HoldScope::Number,
        ),
        (
            400,
            r#"{"message":"legacy_offset_pagination_limit_exceeded","detail":"too far","max_page":50}"#,
            400,
            Retry::Never,
            false,
            HoldScope::Message,
        ),
        (502, r#"{"error":"Media download failed"}"#, 502, Retry::Backoff, false, HoldScope::Message),
        (
            400,
            r#"{"error":{"message":"pair","code":131056}}"#,
            131_056,
            Retry::Backoff,
            false,
            HoldScope::Pair,
        ),
        (
            400,
            r#"{"error":{"message":"fast","code":130429}}"#,
            130_429,
            Retry::Backoff,
            false,
            HoldScope::Number,
        ),
    ];

    #[test]
    fn every_shape_has_its_meaning_and_three_parts() {
        for (status, body, code, retry, auth, scope) in CASES {
            let (f, s) = classify(*status, body.as_bytes());
            assert_eq!((f.error.code, f.retry, f.auth, s), (*code, *retry, *auth, *scope), "{status} {body}");
            assert!(!f.ambiguous, "{body}");
            for part in [Some(f.error.text.clone()), f.error.cause.clone(), f.error.next.clone()] {
                assert!(part.is_some_and(|p| p.len() > 3), "{status} {body}: {:?}", f.error);
            }
        }
    }

    #[test]
    fn the_bill_names_its_place() {
        let body = br#"{"error":"no","code":"insufficient_credits","billing_url":"https://app.kapso.ai/b"}"#;
        let next = classify(402, body).0.error.next.unwrap();
        assert!(next.contains("https://app.kapso.ai/b"), "{next}");
    }

    #[test]
    fn pages_keep_their_status_and_a_few_words() {
        let page =
            b"<!doctype html><html><head><title>Not found</title></head><body><h1>404</h1></body></html>";
        let (f, _) = classify(404, page);
        assert_eq!(f.error.text, "HTTP 404: Not found 404");
        assert_eq!(f.retry, Retry::Config);
        let (f, _) = classify(502, b"<html><h1>Bad gateway</h1></html>");
        assert!(f.ambiguous && f.error.text.contains("Bad gateway"), "{f:?}");
        let (f, scope) = classify(429, b"");
        assert_eq!((f.retry, scope), (Retry::Backoff, HoldScope::Number));
        assert_eq!(classify(409, b"").0.retry, Retry::Backoff);
        assert!(classify(401, b"").0.auth);
        assert!(classify(404, &[0xff; 9000]).0.error.text.chars().count() < 200);
    }

    #[test]
    fn the_wish_to_wait_is_kept() {
        let after = Some(Duration::from_mins(1));
        let (f, _) = classify(429, br#"{"error":"Rate limit exceeded"}"#);
        assert!(matches!(f.into_outcome(after), Outcome::Retry { after: Some(d), .. } if d.as_secs() == 60));
    }
}
