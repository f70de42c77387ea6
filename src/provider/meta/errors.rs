//! What the Cloud API's error codes mean, what to do about them, and whether trying again helps.
//!
//! Owns the one table of codes and the reading of error envelopes. Knows nothing of HTTP clients: it gets a
//! status number and bytes. Codes and classes follow Meta's error-code pages of 2025/26; never branch on the
//! HTTP status where a code is given.

use crate::model::delivery::{DeliveryError, HoldScope};
use crate::provider::{CallError, Outcome};
use serde_json::Value;
use std::time::Duration;

/// Whether and when the same request may be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Never by itself: the same request fails again.
    Never,
    /// Soon, with growing pauses.
    Backoff,
    /// After hours or a change of state; then a person decides.
    Wait,
    /// After somebody repaired the account, the token or the configuration.
    Config,
}

/// What one code (or a range of codes) means.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// The first code.
    pub code: i64,
    /// The last code; equal to `code` for a single one.
    pub last: i64,
    /// What it means, one line.
    pub cause: &'static str,
    /// What to do next.
    pub next: &'static str,
    /// Whether trying again helps.
    pub retry: Retry,
}

const fn one(code: i64, retry: Retry, cause: &'static str, next: &'static str) -> Entry {
    Entry { code, last: code, cause, next, retry }
}

const fn range(code: i64, last: i64, retry: Retry, cause: &'static str, next: &'static str) -> Entry {
    Entry { code, last, cause, next, retry }
}

use Retry::{Backoff as B, Config as C, Never as N, Wait as W};

const NEW_TOKEN: &str = "make a new token in the Meta business settings and put it into the configuration";
const PERMISSION: &str =
    "grant the permission and the asset access to the system user in the Meta business settings";
const WAIT_RETRY: &str = "wait; it is tried again by itself";
const TEMPLATE_SYNC: &str = "refresh the template list and fill the template in again";
const SEND_TEMPLATE: &str = "send a template, or wait until the customer writes";
const FIX_TEMPLATE: &str = "change the template's text in WhatsApp Manager and submit it again";
const GROUP: &str = "check the group in WhatsApp Manager";
const BILLING: &str = "check the payment method of the business account in Meta's billing settings";
const PIN: &str = "check the two-step PIN of the number in WhatsApp Manager";
const MIGRATION: &str = "finish or cancel the number's move in WhatsApp Manager";
const USERNAME: &str = "choose another username in WhatsApp Manager";

/// Every described code, ascending, without overlaps.
static TABLE: &[Entry] = &[
    one(0, C, "The access token is not valid any more.", NEW_TOKEN),
    one(
        1,
        B,
        "Meta reports an unknown error or a malformed request.",
        "try again; if it stays, report the request",
    ),
    one(2, B, "Meta's service is down or overloaded.", WAIT_RETRY),
    one(3, C, "The app lacks a capability or permission.", PERMISSION),
    one(4, B, "The app has used up its call budget for now.", WAIT_RETRY),
    one(10, C, "The permission is not granted, or the account may not use the API.", PERMISSION),
    one(
        33,
        C,
        "The number or account id does not exist, or the token may not see it.",
        "check the ids in the configuration and the token's asset access",
    ),
    one(
        100,
        N,
        "A parameter is missing, misspelt, too long or not allowed.",
        "correct the message; for a call of the program check ids and API version in the configuration",
    ),
    one(
        104,
        C,
        "The request carried no token, or Meta wants a proof with it.",
        "check the token, and the app setting that requires an app secret proof",
    ),
    one(190, C, "The access token has expired or was withdrawn.", NEW_TOKEN),
    range(200, 299, C, "The token lacks a permission for this.", PERMISSION),
    one(
        368,
        W,
        "The business account is restricted or disabled for breaking a policy.",
        "see the account quality page in WhatsApp Manager and appeal there",
    ),
    one(613, B, "The business account has reached its limit of management calls.", WAIT_RETRY),
    one(80007, B, "The business account has reached its limit of management calls.", WAIT_RETRY),
    one(80008, B, "The business account has reached its limit of management calls.", WAIT_RETRY),
    one(130_403, N, "This customer is on the number's block list.", "unblock the customer first"),
    one(130_429, B, "The number sends faster than its throughput allows.", WAIT_RETRY),
    one(
        130_472,
        N,
        "WhatsApp keeps marketing from this customer as part of an experiment.",
        "send nothing promotional; wait until the customer writes",
    ),
    one(
        130_497,
        N,
        "The business may not message people in that country.",
        "do not message this country from this account",
    ),
    one(131_000, B, "WhatsApp failed for an unknown reason.", "try again; if it stays, contact Meta support"),
    one(131_005, C, "Access was denied: the permission was not granted or was taken away.", PERMISSION),
    one(131_008, N, "A required part of the message is missing.", "fill in every field and send again"),
    one(
        131_009,
        N,
        "A value in the message is not valid, or the message reacted to cannot take a reaction.",
        "correct the message and send again",
    ),
    one(131_016, B, "A service of WhatsApp is down for the moment.", WAIT_RETRY),
    one(131_020, N, "The group has only one member.", "wait until somebody joins the group"),
    one(131_021, N, "The recipient is the sending number itself.", "choose another recipient"),
    one(
        131_026,
        N,
        "It cannot be delivered: not on WhatsApp, terms not accepted, or an old app.",
        "reach the customer another way",
    ),
    one(
        131_030,
        C,
        "A test number may message only numbers on its list.",
        "add the recipient to the test number's list in the app dashboard",
    ),
    one(
        131_031,
        W,
        "The account is locked, or the two-step PIN was wrong.",
        "see the account's status in WhatsApp Manager",
    ),
    one(
        131_037,
        C,
        "The number has no approved display name yet.",
        "get a display name approved in WhatsApp Manager",
    ),
    one(131_041, N, "The group is unknown, or the number is not a member.", GROUP),
    one(131_042, C, "There is a problem with the payment for messages.", BILLING),
    one(131_044, C, "There is a problem with the payment for calls.", BILLING),
    one(
        131_045,
        C,
        "The number's registration or certificate is not in order.",
        "register the number again in WhatsApp Manager",
    ),
    one(131_047, N, "More than 24 hours have passed since the customer wrote.", SEND_TEMPLATE),
    one(
        131_048,
        W,
        "Too many people blocked or reported this number.",
        "send less, and see the number's quality in WhatsApp Manager",
    ),
    one(
        131_049,
        W,
        "WhatsApp withheld it: the customer has had enough marketing for now.",
        "wait at least a day before sending marketing again",
    ),
    one(
        131_050,
        N,
        "The customer has stopped marketing messages from this business.",
        "send no marketing to this customer",
    ),
    one(131_051, N, "WhatsApp does not support this kind of message.", "use another kind of message"),
    one(
        131_052,
        N,
        "The customer's file could not be fetched, or is too large.",
        "ask the customer to send it again",
    ),
    one(
        131_053,
        N,
        "The file could not be used: wrong type, too large, or the link cannot be reached.",
        "correct the file or the link and send again",
    ),
    one(131_055, N, "This way of sending is for marketing templates only.", "send it as an ordinary message"),
    one(131_056, B, "Too many messages to the same customer in a short time.", WAIT_RETRY),
    one(131_057, B, "The number is in maintenance, usually for about a minute.", WAIT_RETRY),
    one(131_059, B, "The place in the list is no longer valid.", "load the list again from the start"),
    one(
        131_062,
        N,
        "This message may not go to a user id: it needs the phone number.",
        "ask the customer for the phone number, or send another kind of message",
    ),
    one(
        131_063,
        C,
        "Marketing templates are switched off for this business account.",
        "switch them on in WhatsApp Manager",
    ),
    one(
        131_064,
        W,
        "The account is limited because of wrongly classified templates.",
        "correct the templates' categories and see the account's status in WhatsApp Manager",
    ),
    one(131_201, N, "Part of the group change failed.", GROUP),
    one(131_202, N, "The same group request was made before.", GROUP),
    one(131_203, N, "The group request was refused.", GROUP),
    one(131_204, N, "Too many people for one group.", "remove somebody from the group first"),
    range(131_205, 131_206, N, "The group request was refused.", GROUP),
    one(131_207, N, "The group is suspended.", GROUP),
    one(131_208, B, "Too many group requests in a short time.", WAIT_RETRY),
    range(131_209, 131_210, N, "The group picture cannot be used.", "choose another picture"),
    one(131_211, N, "The number has as many groups as it may have.", "delete a group first"),
    one(131_212, N, "This person is not in the group.", GROUP),
    one(131_213, N, "There is no such request to join the group.", GROUP),
    one(131_214, N, "The number may not create groups.", GROUP),
    one(131_215, N, "The number is not eligible for groups.", GROUP),
    one(132_000, N, "The number of values differs from the template's variables.", TEMPLATE_SYNC),
    one(132_001, N, "The template does not exist in this language, or is not approved.", TEMPLATE_SYNC),
    one(132_005, N, "The template's text is too long with these values.", "shorten the values"),
    one(132_007, N, "The template's content breaks a policy.", FIX_TEMPLATE),
    one(
        132_008,
        N,
        "A value of the template is wrongly formatted.",
        "remove line breaks, tabs and long runs of spaces from the values",
    ),
    one(132_012, N, "A value of the template has the wrong type or format.", TEMPLATE_SYNC),
    one(
        132_015,
        W,
        "The template is paused because of low quality.",
        "use another template, or wait for the end of the pause",
    ),
    one(132_016, N, "The template is disabled for good because of low quality.", "use another template"),
    one(132_018, N, "The values do not fit the template.", TEMPLATE_SYNC),
    one(132_068, N, "The form (flow) is blocked.", "repair the flow in WhatsApp Manager"),
    one(
        132_069,
        W,
        "The form (flow) is throttled: it was sent too often this hour.",
        "wait an hour, and repair the flow in WhatsApp Manager",
    ),
    one(
        133_000,
        C,
        "An earlier deregistration of the number was not finished.",
        "deregister the number again, then register it",
    ),
    one(133_004, B, "Meta's server is not available for the moment.", WAIT_RETRY),
    one(133_005, C, "The two-step PIN is wrong.", PIN),
    one(133_006, C, "The number must be verified first.", "verify the number in WhatsApp Manager"),
    one(
        133_008,
        W,
        "The two-step PIN was wrong too often.",
        "wait as long as the text says, then use the right PIN",
    ),
    one(
        133_009,
        W,
        "The two-step PIN was tried too fast.",
        "wait as long as the text says, then use the right PIN",
    ),
    one(133_010, C, "The number is not registered.", "register the number in WhatsApp Manager"),
    one(133_015, W, "The number was deleted a moment ago.", "wait five minutes, then register it"),
    one(133_016, W, "The number was registered or deregistered too often.", "wait 72 hours"),
    one(134_011, C, "The terms for payments are not accepted.", "accept them in WhatsApp Manager"),
    one(134_100, N, "This way of sending is for marketing templates only.", "send it as an ordinary message"),
    one(134_101, B, "The template is still being prepared, which takes about ten minutes.", WAIT_RETRY),
    one(
        134_102,
        C,
        "The template is not available for this way of sending.",
        "send it as an ordinary message",
    ),
    one(135_000, N, "The message was refused because of its content.", "correct the message and send again"),
    one(
        137_000,
        N,
        "The customer's identity key has changed.",
        "make sure who the customer is, then send again",
    ),
    range(
        138_000,
        138_022,
        N,
        "The call was refused.",
        "check the calling settings of the number in WhatsApp Manager",
    ),
    range(139_000, 139_004, N, "The form (flow) was refused.", "check the flow in WhatsApp Manager"),
    one(139_100, N, "Some people could not be blocked or unblocked.", "see the result for each person"),
    one(139_101, N, "The block list is full (64,000).", "unblock somebody first"),
    one(
        139_102,
        B,
        "The block list was changed at the same time.",
        "load the block list again from the start",
    ),
    one(139_103, B, "The block list failed inside Meta.", WAIT_RETRY),
    one(147_001, N, "The username is taken.", USERNAME),
    one(147_002, N, "The number may not have this username.", USERNAME),
    one(
        147_003,
        N,
        "The username belongs to a Facebook page that is not linked.",
        "link the page in WhatsApp Manager",
    ),
    one(
        147_004,
        N,
        "The username belongs to an Instagram account that is not linked.",
        "link the account in WhatsApp Manager",
    ),
    one(
        147_005,
        N,
        "The username belongs to another number of the business.",
        "ask for the transfer explicitly",
    ),
    one(
        200_005,
        C,
        "Template figures are not available for this account.",
        "switch template insights on in WhatsApp Manager",
    ),
    one(200_006, C, "Template figures cannot be switched off.", "leave template insights on"),
    one(
        200_007,
        C,
        "Template figures are not switched on.",
        "switch template insights on in WhatsApp Manager",
    ),
    one(
        1_752_041,
        N,
        "This business has already asked for marketing messages.",
        "wait for the first request to be settled",
    ),
    one(2_388_012, C, "The number cannot be moved now.", MIGRATION),
    one(
        2_388_019,
        C,
        "The account has as many templates as it may have.",
        "delete templates that are not used",
    ),
    one(
        2_388_024,
        N,
        "A template with this name and language exists already.",
        "choose another name or language",
    ),
    one(2_388_039, W, "The template cannot be edited in its present state.", "wait until its review is over"),
    one(2_388_040, N, "A part of the template is too long.", FIX_TEMPLATE),
    one(2_388_047, N, "The template's header is wrongly formatted.", FIX_TEMPLATE),
    one(2_388_072, N, "The template's body is wrongly formatted.", FIX_TEMPLATE),
    one(2_388_073, N, "The template's footer is wrongly formatted.", FIX_TEMPLATE),
    one(2_388_091, C, "The number cannot be moved now.", MIGRATION),
    one(2_388_093, C, "The number cannot be moved now.", MIGRATION),
    one(2_388_103, C, "The number cannot be moved now.", MIGRATION),
    one(2_388_293, N, "The template has too many variables for its length.", FIX_TEMPLATE),
    one(2_388_299, N, "The template starts or ends with a variable.", FIX_TEMPLATE),
    one(2_494_100, B, "The number is being moved; Meta is not ready yet.", WAIT_RETRY),
    one(
        2_593_107,
        N,
        "The phone's history was already shared once.",
        "connect the number again to share it once more",
    ),
    one(
        2_593_108,
        N,
        "The phone's history can be shared only in the first 24 hours.",
        "connect the number again to share it",
    ),
    one(
        2_593_109,
        N,
        "The business declined to share the phone's history.",
        "share it from the WhatsApp Business app, if it is wanted",
    ),
];

/// What a code means; `None` for one that nobody has described.
#[must_use]
pub fn describe(code: i64) -> Option<&'static Entry> {
    let at = TABLE.partition_point(|e| e.code <= code).checked_sub(1)?;
    TABLE.get(at).filter(|e| code <= e.last)
}

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

fn text_of<'a>(v: &'a Value, key: &str) -> Option<&'a str> {
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
    delivery_error(code, &text)
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
    fn scope(&self) -> HoldScope {
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
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every code of Meta's error pages of 2025/26 (ranges by their ends).
    const LISTED: &[i64] = &[
        0, 1, 2, 3, 4, 10, 33, 100, 104, 190, 200, 250, 299, 368, 613, 80007, 80008, 130_403, 130_429,
        130_472, 130_497, 131_000, 131_005, 131_008, 131_009, 131_016, 131_020, 131_021, 131_026, 131_030,
        131_031, 131_037, 131_041, 131_042, 131_044, 131_045, 131_047, 131_048, 131_049, 131_050, 131_051,
        131_052, 131_053, 131_055, 131_056, 131_057, 131_059, 131_062, 131_063, 131_064, 131_201, 131_202,
        131_203, 131_204, 131_205, 131_206, 131_207, 131_208, 131_209, 131_210, 131_211, 131_212, 131_213,
        131_214, 131_215, 132_000, 132_001, 132_005, 132_007, 132_008, 132_012, 132_015, 132_016, 132_018,
        132_068, 132_069, 133_000, 133_004, 133_005, 133_006, 133_008, 133_009, 133_010, 133_015, 133_016,
        134_011, 134_100, 134_101, 134_102, 135_000, 137_000, 138_000, 138_011, 138_022, 139_000, 139_004,
        139_100, 139_101, 139_102, 139_103, 147_001, 147_002, 147_003, 147_004, 147_005, 2_388_019,
        2_388_039, 2_388_040, 2_388_047, 2_388_072, 2_388_073, 2_388_293, 2_388_299, 2_388_103, 2_388_012,
        2_388_091, 2_388_093, 2_494_100, 200_005, 200_006, 200_007, 2_593_107, 2_593_108, 2_593_109,
        1_752_041, 2_388_024,
    ];

    #[test]
    fn every_listed_code_is_described() {
        for code in LISTED {
            let e = describe(*code).unwrap_or_else(|| panic!("{code} has no entry"));
            assert!(e.code <= *code && *code <= e.last);
            assert!(e.cause.ends_with('.') && !e.next.is_empty(), "{code}");
        }
    }

    #[test]
    fn the_table_is_sorted_and_its_ranges_do_not_overlap() {
        for pair in TABLE.windows(2) {
            assert!(pair[0].last < pair[1].code, "{} and {}", pair[0].code, pair[1].code);
        }
        assert!(TABLE.iter().all(|e| e.code <= e.last));
    }

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
