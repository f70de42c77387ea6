//! The table of the Cloud API's error codes: what each means, what to do next, and whether trying again helps.
//!
//! Codes and classes follow Meta's error pages of 2025/26. The next step names a place or a command that exists; the
//! screen adds its keys (a step with "template" in it gets the key for templates, one with "again" the key that
//! sends again).

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

pub(super) const NEW_TOKEN: &str = "make a new token in the Meta business settings, put it where the configuration names it, check with `switchboard doctor`, then try again";
const PERMISSION: &str = "give the system user the permission and the account in the Meta business settings, check with `switchboard doctor`, then try again";
pub(in crate::provider) const WAIT_RETRY: &str = "wait a moment, then try again";
const TEMPLATE_SYNC: &str =
    "read the templates anew (`switchboard templates --sync`), then send the template with new values";
const SEND_TEMPLATE: &str = "send a template, or wait until the customer writes";
const FIX_TEMPLATE: &str = "change the template in WhatsApp Manager, or send another template";
const GROUP: &str = "check the group in WhatsApp Manager";
const BILLING: &str = "check the payment method in Meta's billing settings, then try again";
const PIN: &str = "check the two-step PIN of the number in WhatsApp Manager, then try again";
const MIGRATION: &str = "finish or cancel the number's move in WhatsApp Manager, then try again";
const USERNAME: &str = "choose another username in WhatsApp Manager";

/// Every described code, ascending, without overlaps.
pub(super) static TABLE: &[Entry] = &[
    one(0, C, "The access token is not valid any more.", NEW_TOKEN),
    one(
        1,
        B,
        "Meta reports an unknown error or a malformed request.",
        "try again; if it stays, report it to Meta",
    ),
    one(2, B, "Meta's service is down or overloaded.", WAIT_RETRY),
    one(3, C, "The app lacks a capability or permission.", PERMISSION),
    one(4, B, "The app has used up its call budget for now.", WAIT_RETRY),
    one(10, C, "The permission is not granted, or the account may not use the API.", PERMISSION),
    one(
        33,
        C,
        "The number or account id does not exist, or the token may not see it.",
        "check the ids in the configuration with `switchboard doctor`, then try again",
    ),
    one(
        100,
        N,
        "A value is missing, misspelt, too long or not allowed.",
        "write it differently; `switchboard doctor` checks ids and API version",
    ),
    one(
        104,
        C,
        "The request carried no token, or Meta wants a proof with it.",
        "check the token with `switchboard doctor`, and the app setting that requires an app secret proof, then try again",
    ),
    one(190, C, "The access token has expired or was withdrawn.", NEW_TOKEN),
    range(200, 299, C, "The token lacks a permission for this.", PERMISSION),
    one(
        368,
        W,
        "The business account is restricted or disabled for breaking a policy.",
        "appeal on the account quality page in WhatsApp Manager; when it is lifted, try again",
    ),
    one(613, B, "The business account has reached its limit of management calls.", WAIT_RETRY),
    one(
        2200,
        C,
        "Meta called the webhook address and did not get the right answer.",
        "check address and verify token with `switchboard doctor`, then try again",
    ),
    one(80007, B, "The business account has reached its limit of management calls.", WAIT_RETRY),
    one(80008, B, "The business account has reached its limit of management calls.", WAIT_RETRY),
    one(
        130_403,
        N,
        "This customer is on the number's block list.",
        "unblock the customer, then send it again",
    ),
    one(130_429, B, "The number sends faster than its throughput allows.", WAIT_RETRY),
    one(
        130_472,
        N,
        "WhatsApp keeps marketing from this customer as part of an experiment.",
        "send no marketing to this customer; wait until the customer writes",
    ),
    one(
        130_497,
        N,
        "The business may not message people in that country.",
        "reach the customer another way, or from another account",
    ),
    one(131_000, B, "WhatsApp failed for an unknown reason.", "try again; if it stays, contact Meta support"),
    one(131_005, C, "Access was denied: the permission was not granted or was taken away.", PERMISSION),
    one(
        131_008,
        N,
        "A required part of the message is missing.",
        "write it differently and fill in every field",
    ),
    one(
        131_009,
        N,
        "A value in the message is not valid, or the message reacted to cannot take a reaction.",
        "write it differently",
    ),
    one(131_016, B, "A service of WhatsApp is down for the moment.", WAIT_RETRY),
    one(131_020, N, "The group has only one member.", "wait until somebody joins the group"),
    one(131_021, N, "The recipient is the sending number itself.", "choose another recipient"),
    one(
        131_026,
        N,
        "It cannot be delivered: not on WhatsApp, terms not accepted, or an old app.",
        "ask the customer to update WhatsApp and accept its terms, or reach them another way",
    ),
    one(
        131_030,
        C,
        "A test number may message only numbers on its list.",
        "add the recipient to the test number's list in the app dashboard, then send it again",
    ),
    one(
        131_031,
        W,
        "The account is locked, or the two-step PIN was wrong.",
        "see the account's status in WhatsApp Manager; when it is cleared, try again",
    ),
    one(
        131_037,
        C,
        "The number has no approved display name yet.",
        "get a display name approved in WhatsApp Manager, then send it again",
    ),
    one(131_041, N, "The group is unknown, or the number is not a member.", GROUP),
    one(131_042, C, "There is a problem with the payment for messages.", BILLING),
    one(131_044, C, "There is a problem with the payment for calls.", BILLING),
    one(
        131_045,
        C,
        "The number's registration or certificate is not in order.",
        "register the number anew in WhatsApp Manager, then try again",
    ),
    one(131_047, N, "More than 24 hours have passed since the customer wrote.", SEND_TEMPLATE),
    one(
        131_048,
        W,
        "Too many people blocked or reported this number.",
        "send less, see the number's quality in WhatsApp Manager, and try again tomorrow",
    ),
    one(
        131_049,
        W,
        "WhatsApp withheld it: the customer has had enough marketing for now.",
        "wait at least a day before you send marketing again",
    ),
    one(
        131_050,
        N,
        "The customer has stopped marketing messages from this business.",
        "send no marketing to this customer",
    ),
    one(131_051, N, "WhatsApp does not support this kind of message.", "write it as another kind of message"),
    one(
        131_052,
        N,
        "The customer's file could not be fetched, or is too large.",
        "ask the customer to send the file once more",
    ),
    one(
        131_053,
        N,
        "The file could not be used: wrong type, too large, or the link cannot be reached.",
        "correct the file or make the link reachable, then send it again",
    ),
    one(131_055, N, "This way of sending is for marketing templates only.", "send it as an ordinary message"),
    one(131_056, B, "Too many messages to the same customer in a short time.", WAIT_RETRY),
    one(131_057, B, "The number is in maintenance, usually for about a minute.", WAIT_RETRY),
    one(
        131_059,
        B,
        "The place in the list is no longer valid.",
        "load the list from the start, then try again",
    ),
    one(
        131_062,
        N,
        "This message may not go to a user id: it needs the phone number.",
        "ask the customer for the phone number, or send another template",
    ),
    one(
        131_063,
        C,
        "Marketing templates are switched off for this business account.",
        "switch them on in WhatsApp Manager, then send it again",
    ),
    one(
        131_064,
        W,
        "The account is limited because of wrongly classified templates.",
        "correct the templates' categories in WhatsApp Manager; when the limit is lifted, try again",
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
    one(
        132_005,
        N,
        "The template's text is too long with these values.",
        "shorten the values and send the template with them",
    ),
    one(132_007, N, "The template's content breaks a policy.", FIX_TEMPLATE),
    one(
        132_008,
        N,
        "A value of the template is wrongly formatted.",
        "take line breaks, tabs and runs of spaces out of the values and send the template with them",
    ),
    one(132_012, N, "A value of the template has the wrong type or format.", TEMPLATE_SYNC),
    one(
        132_015,
        W,
        "The template is paused because of low quality.",
        "send another template, or wait for the end of the pause",
    ),
    one(132_016, N, "The template is disabled for good because of low quality.", "send another template"),
    one(132_018, N, "The values do not fit the template.", TEMPLATE_SYNC),
    one(132_068, N, "The form (flow) is blocked.", "repair the flow in WhatsApp Manager"),
    one(
        132_069,
        W,
        "The form (flow) is throttled: it was sent too often this hour.",
        "repair the flow in WhatsApp Manager, wait an hour, then try again",
    ),
    one(
        133_000,
        C,
        "An earlier deregistration of the number was not finished.",
        "deregister the number once more, register it, then try again",
    ),
    one(133_004, B, "Meta's server is not available for the moment.", WAIT_RETRY),
    one(133_005, C, "The two-step PIN is wrong.", PIN),
    one(
        133_006,
        C,
        "The number must be verified first.",
        "verify the number in WhatsApp Manager, then try again",
    ),
    one(
        133_008,
        W,
        "The two-step PIN was wrong too often.",
        "wait as long as the text says, then try again with the right PIN",
    ),
    one(
        133_009,
        W,
        "The two-step PIN was tried too fast.",
        "wait as long as the text says, then try again with the right PIN",
    ),
    one(
        133_010,
        C,
        "The number is not registered.",
        "register the number in WhatsApp Manager, then try again",
    ),
    one(133_015, W, "The number was deleted a moment ago.", "wait five minutes, then try again"),
    one(133_016, W, "The number was registered or deregistered too often.", "wait 72 hours, then try again"),
    one(
        134_011,
        C,
        "The terms for payments are not accepted.",
        "accept them in WhatsApp Manager, then try again",
    ),
    one(134_100, N, "This way of sending is for marketing templates only.", "send it as an ordinary message"),
    one(134_101, B, "The template is still being prepared, which takes about ten minutes.", WAIT_RETRY),
    one(
        134_102,
        C,
        "The template is not available for this way of sending.",
        "send it as an ordinary message",
    ),
    one(135_000, N, "The message was refused because of its content.", "write it differently"),
    one(
        137_000,
        N,
        "The customer's identity key has changed.",
        "make sure who the customer is, then send it again",
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
        "load the block list from the start, then try again",
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
        "switch template insights on in WhatsApp Manager, then try again",
    ),
    one(200_006, C, "Template figures cannot be switched off.", "leave template insights on"),
    one(
        200_007,
        C,
        "Template figures are not switched on.",
        "switch template insights on in WhatsApp Manager, then try again",
    ),
    one(
        1_752_041,
        N,
        "This business has already asked for marketing messages.",
        "wait until Meta has settled the first request",
    ),
    one(2_388_012, C, "The number cannot be moved now.", MIGRATION),
    one(
        2_388_019,
        C,
        "The account has as many templates as it may have.",
        "delete templates that are not used in WhatsApp Manager, then try again",
    ),
    one(
        2_388_024,
        N,
        "A template with this name and language exists already.",
        "choose another name or language for the template",
    ),
    one(
        2_388_039,
        W,
        "The template cannot be edited in its present state.",
        "wait until its review is over, then try again",
    ),
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
        "connect the number anew to share it once more",
    ),
    one(
        2_593_108,
        N,
        "The phone's history can be shared only in the first 24 hours.",
        "connect the number anew to share it",
    ),
    one(
        2_593_109,
        N,
        "The business declined to share the phone's history.",
        "share it from the WhatsApp Business app, if it is wanted",
    ),
];

/// What a session error (code 190) means by its subcode.
pub(super) fn session(subcode: i64) -> Option<&'static str> {
    Some(match subcode {
        458 => "The app was removed from the business, and its token with it.",
        460 => "The token is void because a password was changed.",
        463 => "The access token has expired.",
        467 => "The access token was withdrawn.",
        492 => "The session of the token is not valid any more.",
        _ => return None,
    })
}

/// What a code means; `None` for one that nobody has described.
#[must_use]
pub fn describe(code: i64) -> Option<&'static Entry> {
    let at = TABLE.partition_point(|e| e.code <= code).checked_sub(1)?;
    TABLE.get(at).filter(|e| code <= e.last)
}

/// Every entry, ascending.
#[must_use]
pub fn all() -> &'static [Entry] {
    TABLE
}
