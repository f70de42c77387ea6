//! The errors of the emulated API: Graph envelopes for the client, and why an emulator cannot start.
//!
//! Owns code, title and HTTP status of every error the emulator answers or reports in a failed status.
//! Knows nothing of the state.

use std::path::PathBuf;

use serde_json::{Value, json};

/// Why an emulator could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmulatorError {
    /// The listen address is in use or not allowed.
    #[error(
        "cannot listen on {addr}: {source}. The emulator needs a free address; choose another port, or port 0"
    )]
    Bind {
        /// The address asked for.
        addr: std::net::SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The scenario is not valid.
    #[error(
        "the scenario {name} cannot be used: {problem}. Correct the file, or leave it out for the built-in one"
    )]
    Scenario {
        /// The file, or `built-in`.
        name: String,
        /// What is wrong, with the line where there is one.
        problem: String,
    },
    /// The state file exists and cannot be used.
    #[error("the emulator's state {path} cannot be read: {problem}. Delete the file to begin anew")]
    State {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The specification of faults is wrong.
    #[error("faults: {0}. `switchboard emulate --help` lists them")]
    Faults(String),
    /// The HTTP client that delivers webhooks could not be made.
    #[error("cannot set up webhook delivery: {0}. Check the TLS setup of this machine")]
    Client(reqwest::Error),
}

/// An error answer of the Graph API.
#[derive(Clone, Debug)]
pub struct GraphError {
    /// HTTP status.
    pub http: u16,
    /// Whole body, envelope included.
    pub body: Value,
}

/// Title and HTTP status of a code, as printed in the error reference.
pub fn title(code: i64) -> (&'static str, u16) {
    match code {
        0 => ("AuthException", 401),
        1 => ("API Unknown", 400),
        2 => ("API Service", 503),
        3 => ("API Method", 500),
        4 => ("Application request limit reached", 400),
        10 => ("Permission denied", 403),
        33 => ("Parameter value is not valid", 400),
        100 => ("Invalid parameter", 400),
        190 => ("Access token has expired", 401),
        368 => ("Temporarily blocked for policies violations", 403),
        613 => ("Calls to this api have exceeded the rate limit", 400),
        80_007 => ("Rate limit issues", 400),
        80_008 => ("There have been too many calls to this WhatsApp Business account", 400),
        130_403 => ("User is blocked", 400),
        130_429 => ("Rate limit hit", 400),
        130_472 => ("User's number is part of an experiment", 400),
        130_497 => ("Business account is restricted from messaging users in this country", 403),
        131_000 => ("Something went wrong", 500),
        131_005 => ("Access denied", 403),
        131_008 => ("Required parameter is missing", 400),
        131_009 => ("Parameter value is not valid", 400),
        131_016 => ("Service unavailable", 500),
        131_021 => ("Recipient cannot be sender", 400),
        131_026 => ("Message undeliverable", 400),
        131_030 => ("Recipient phone number not in allowed list", 400),
        131_031 => ("Account has been locked", 403),
        131_037 => ("Display name approval needed", 400),
        131_041 => ("Group is unknown", 400),
        131_042 => ("Business eligibility payment issue", 400),
        131_045 => ("Incorrect certificate", 500),
        131_047 => ("Re-engagement message", 400),
        131_048 => ("Spam rate limit hit", 400),
        131_049 => ("Meta chose not to deliver", 400),
        131_050 => ("User has stopped marketing messages", 400),
        131_051 => ("Unsupported message type", 400),
        131_052 => ("Media download error", 400),
        131_053 => ("Media upload error", 400),
        131_056 => ("(Business Account, Consumer Account) pair rate limit hit", 400),
        131_057 => ("Account in maintenance mode", 500),
        131_059 => ("Invalid or expired cursor", 400),
        131_062 => ("This message cannot be sent to a business-scoped user ID", 400),
        132_000 => ("Number of parameters does not match the expected number of params", 400),
        132_001 => ("Template name does not exist in the translation", 404),
        132_005 => ("Translated text too long", 400),
        132_007 => ("Template format character policy violated", 400),
        132_012 => ("Parameter format does not match format in the created template", 400),
        132_015 => ("Template is paused", 400),
        132_016 => ("Template is disabled", 400),
        132_018 => ("Template parameters are not valid", 400),
        133_000 => ("Incomplete deregistration", 500),
        133_005 => ("Two-step verification PIN mismatch", 400),
        133_006 => ("Phone number re-verification needed", 400),
        133_008 => ("Too many two-step verification PIN guesses", 400),
        133_009 => ("Two-step verification PIN guessed too fast", 400),
        133_010 => ("Phone number not registered", 400),
        133_016 => ("Account register deregister rate limit exceeded", 400),
        139_100 => ("Failed to block/unblock some users", 400),
        _ => ("An unknown error has occurred", 400),
    }
}

/// The explanation that goes with a code in a failed status.
pub fn details(code: i64) -> &'static str {
    match code {
        130_403 => "The business has blocked this user.",
        130_472 => "Message was not sent as part of an experiment.",
        131_009 => "The message this one refers to cannot be used.",
        131_026 => "Message undeliverable.",
        131_042 => {
            "Message failed to send because there were one or more errors related to your payment method."
        }
        131_047 => {
            "Message failed to send because more than 24 hours have passed since the customer last replied to this number."
        }
        130_429 => {
            "Message failed to send because there were too many messages sent from this phone number in a short period of time."
        }
        131_056 => {
            "Message failed to send because there were too many messages sent from this phone number to the same phone number in a short period of time."
        }
        131_049 => "This message was not delivered to maintain healthy ecosystem engagement.",
        131_050 => {
            "The recipient has chosen to stop receiving marketing messages on WhatsApp from your business."
        }
        131_053 => "The media could not be used.",
        _ => "Message failed to send because of an unknown error.",
    }
}

/// An item of `errors[]` in a webhook: same code, no `type` and no trace id.
pub fn webhook_error(code: i64) -> Value {
    let (title, _) = title(code);
    json!({
        "code": code, "title": title, "message": title,
        "error_data": { "details": details(code) },
        "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
    })
}

fn trace() -> String {
    format!("A{}", &uuid::Uuid::new_v4().simple().to_string()[..22])
}

impl GraphError {
    /// A messaging error: `(#code) title` with `error_data.details`.
    pub fn code(code: i64, details: impl Into<String>) -> Self {
        let (title, http) = title(code);
        Self {
            http,
            body: json!({ "error": {
                "message": format!("(#{code}) {title}"), "type": "OAuthException", "code": code,
                "error_data": { "messaging_product": "whatsapp", "details": details.into() },
                "fbtrace_id": trace(),
            }}),
        }
    }

    /// Code 100: a parameter is misspelt, missing or too long; the text is message and details at once.
    pub fn parameter(text: impl AsRef<str>) -> Self {
        let text = text.as_ref();
        let mut error = Self::code(100, text);
        error.body["error"]["message"] = json!(format!("(#100) {text}"));
        error
    }

    /// Code 131008: a required parameter is missing.
    pub fn missing(details: impl Into<String>) -> Self {
        Self::code(131_008, details)
    }

    /// Code 131009: a parameter has an unusable value.
    pub fn value(details: impl Into<String>) -> Self {
        Self::code(131_009, details)
    }

    /// Code 100 with a subcode and texts for a person, as management endpoints answer.
    pub fn managed(subcode: Option<i64>, title: &str, text: &str) -> Self {
        let mut error = json!({
            "message": "Invalid parameter", "type": "OAuthException", "code": 100, "is_transient": false,
            "error_user_title": title, "error_user_msg": text, "fbtrace_id": trace(),
        });
        if let Some(subcode) = subcode {
            error["error_subcode"] = json!(subcode);
        }
        Self { http: 400, body: json!({ "error": error }) }
    }

    /// The error of a code, in the shape in which that code comes.
    pub fn of(code: i64) -> Self {
        let mut error = Self::code(code, details(code));
        let subcode = match code {
            190 => return Self::expired(),
            4 => Some(2_446_079),
            80_007 | 80_008 => Some(2_446_080),
            _ => None,
        };
        if let Some(subcode) = subcode {
            let object = &mut error.body["error"];
            object["is_transient"] = json!(true);
            object["error_subcode"] = json!(subcode);
            if let Some(members) = object.as_object_mut() {
                members.remove("error_data");
            }
        }
        error
    }

    /// Code 190, subcode 463: the token has expired.
    pub fn expired() -> Self {
        let mut error = Self::token(
            "Error validating access token: Session has expired on Thursday, 19-Nov-26 04:00:00 PST. The current time is later.",
        );
        error.body["error"]["error_subcode"] = json!(463);
        error
    }

    /// Code 190: no bearer token, or one that is not known.
    pub fn token(text: &str) -> Self {
        Self {
            http: 401,
            body: json!({ "error": {
                "message": text, "type": "OAuthException", "code": 190, "fbtrace_id": trace(),
            }}),
        }
    }

    /// Code 100, subcode 33: no such node, or no such edge on it.
    pub fn unknown(method: &str, id: &str) -> Self {
        let verb = method.to_ascii_lowercase();
        Self {
            http: 400,
            body: json!({ "error": {
                "message": format!(
                    "Unsupported {verb} request. Object with ID '{id}' does not exist, cannot be loaded due to missing permissions, or does not support this operation."
                ),
                "type": "GraphMethodException", "code": 100, "error_subcode": 33, "fbtrace_id": trace(),
            }}),
        }
    }

    /// Adds members beside `error`, for answers that succeed in part.
    pub fn beside(mut self, key: &str, value: Value) -> Self {
        self.body[key] = value;
        self
    }
}
