//! News about numbers, business accounts, groups and hand-overs, each as one line for people.

use super::Sink;
use super::people::named_group;
use super::read::{day, id, integer, list, string};
use crate::model::inbound::{Change, Severity};
use serde_json::Value;

/// Reads the value of any field that is not about messages or templates.
pub fn field(sink: &mut Sink<'_>, v: &Value) {
    match sink.field {
        "phone_number_quality_update" => number_quality(sink, v),
        "phone_number_name_update" => number_name(sink, v),
        "security" => security(sink, v),
        "business_username_update" | "business_username_updates" => username(sink, v),
        "account_update" => account(sink, v),
        "account_alerts" => alert(sink, v),
        "account_review_update" => review(sink, v),
        "business_capability_update" => capability(sink, v),
        "messaging_handovers" => handover(sink, v),
        "group_lifecycle_update"
        | "group_participants_update"
        | "group_participant_update"
        | "group_settings_update"
        | "group_status_update" => groups(sink, v),
        _ => sink.push(Change::Unknown { field: sink.field.to_owned() }),
    }
}

fn notice(sink: &mut Sink<'_>, severity: Severity, text: String) {
    full_notice(sink, severity, text, None, None);
}

fn full_notice(
    sink: &mut Sink<'_>,
    severity: Severity,
    text: String,
    quality: Option<String>,
    limit: Option<String>,
) {
    let at = sink.at;
    sink.push(Change::Notice { field: sink.field.to_owned(), severity, text, at, quality, limit });
}

/// `SOME_WORD` as “some word”.
fn plain(word: &str) -> String {
    word.to_ascii_lowercase().replace('_', " ")
}

/// The first of these texts, in brackets, with a space before it.
fn bracket(text: Option<&str>) -> String {
    text.map(|t| format!(" ({t})")).unwrap_or_default()
}

/// A messaging limit as a word: Meta prints it as a word or as a number, -1 being no limit.
fn limit(v: &Value) -> Option<String> {
    let keys = ["current_limit", "max_daily_conversations_per_business", "max_daily_conversation_per_phone"];
    keys.iter().find_map(|k| match (string(v, k).filter(|s| s.starts_with("TIER")), integer(v, k)) {
        (Some(word), _) => Some(word.to_owned()),
        (None, Some(n)) if n < 0 => Some("TIER_UNLIMITED".into()),
        (None, Some(n)) if n >= 1000 && n % 1000 == 0 => Some(format!("TIER_{}K", n / 1000)),
        (None, Some(n)) => Some(format!("TIER_{n}")),
        (None, None) => None,
    })
}

fn number_quality(sink: &mut Sink<'_>, v: &Value) {
    // Meta's documentation prints a template payload under this name.
    if v.get("message_template_id").is_some() {
        return super::template::field(sink, v);
    }
    let event = string(v, "event").unwrap_or("CHANGED");
    let severity = match event {
        "FLAGGED" | "DOWNGRADE" => Severity::Warning,
        _ => Severity::Info,
    };
    let limit = limit(v);
    let quality = string(v, "quality_rating").map(str::to_owned);
    let text = format!("Number quality: {}{}", plain(event), bracket(limit.as_deref()));
    full_notice(sink, severity, text, quality, limit);
}

fn number_name(sink: &mut Sink<'_>, v: &Value) {
    let decision = string(v, "decision").unwrap_or("CHANGED");
    let severity = if decision == "REJECTED" { Severity::Warning } else { Severity::Info };
    let name = string(v, "requested_verified_name").unwrap_or("?");
    let text =
        format!("Display name “{name}”: {}{}", plain(decision), bracket(string(v, "rejection_reason")));
    notice(sink, severity, text);
}

fn security(sink: &mut Sink<'_>, v: &Value) {
    let event = string(v, "event").unwrap_or("CHANGED");
    let severity = if event == "PIN_RESET_REQUEST" { Severity::Critical } else { Severity::Warning };
    let by = id(v, "requester").map(|r| format!("by {r}"));
    notice(sink, severity, format!("Security of the number: {}{}", plain(event), bracket(by.as_deref())));
}

fn username(sink: &mut Sink<'_>, v: &Value) {
    let name = string(v, "username").unwrap_or("?");
    notice(
        sink,
        Severity::Info,
        format!("Username “{name}”: {}", plain(string(v, "status").unwrap_or("changed"))),
    );
}

fn account(sink: &mut Sink<'_>, v: &Value) {
    let event = string(v, "event").unwrap_or("CHANGED");
    let null = Value::Null;
    let part = |key: &str| v.get(key).unwrap_or(&null);
    let ban = part("ban_info");
    let ban_state = string(ban, "waba_ban_state");
    let severity = match event {
        "DISABLED_UPDATE" if ban_state == Some("REINSTATE") => Severity::Info,
        "ACCOUNT_DELETED"
        | "ACCOUNT_RESTRICTION"
        | "DISABLED_UPDATE"
        | "ACCOUNT_OFFBOARDED"
        | "PARTNER_REMOVED"
        | "PARTNER_APP_UNINSTALLED" => Severity::Critical,
        "ACCOUNT_VIOLATION" => Severity::Warning,
        _ => Severity::Info,
    };
    let mut details = Vec::new();
    for r in list(v, "restriction_info") {
        let kind = plain(string(r, "restriction_type").unwrap_or("restriction"));
        details.push(match integer(r, "expiration") {
            Some(end) => format!("{kind} until {}", day(end)),
            None => kind,
        });
    }
    details
        .extend(string(part("violation_info"), "violation_type").map(|t| format!("violation: {}", plain(t))));
    details.extend(ban_state.map(|s| match string(ban, "waba_ban_date") {
        Some(date) => format!("{} on {date}", plain(s)),
        None => plain(s),
    }));
    details.extend(string(part("disconnection_info"), "reason").map(plain));
    let tier = part("volume_tier_info");
    if let (Some(tier_name), Some(category)) = (string(tier, "tier"), string(tier, "pricing_category")) {
        let region = string(tier, "region").map(|r| format!(", {r}")).unwrap_or_default();
        details.push(format!("{} {tier_name}{region}", plain(category)));
    }
    details.extend(string(v, "country").map(str::to_owned));
    let more = if details.is_empty() { String::new() } else { format!(": {}", details.join(", ")) };
    notice(sink, severity, format!("Business account: {}{more}", plain(event)));
}

fn alert(sink: &mut Sink<'_>, v: &Value) {
    let info = v.get("alert_info").unwrap_or(v);
    let severity = match string(info, "alert_severity") {
        Some("CRITICAL") => Severity::Critical,
        Some("WARNING") => Severity::Warning,
        _ => Severity::Info,
    };
    if string(v, "entity_type") == Some("PHONE_NUMBER") {
        sink.route.number = id(v, "entity_id");
    }
    let kind = plain(string(info, "alert_type").unwrap_or("alert"));
    let text = string(info, "alert_description").map(|d| format!(": {d}")).unwrap_or_default();
    notice(sink, severity, format!("Alert: {kind}{text}"));
}

fn review(sink: &mut Sink<'_>, v: &Value) {
    let decision = string(v, "decision").unwrap_or("CHANGED");
    let severity = if decision == "REJECTED" { Severity::Critical } else { Severity::Info };
    notice(sink, severity, format!("Review of the business account: {}", plain(decision)));
}

fn capability(sink: &mut Sink<'_>, v: &Value) {
    let limit = limit(v);
    let numbers =
        integer(v, "max_phone_numbers_per_waba").or_else(|| integer(v, "max_phone_numbers_per_business"));
    let mut parts = Vec::new();
    parts.extend(limit.as_ref().map(|l| format!("messaging limit {l}")));
    parts.extend(numbers.map(|n| format!("{n} numbers")));
    full_notice(sink, Severity::Info, format!("The account may now use: {}", parts.join(", ")), None, limit);
}

fn handover(sink: &mut Sink<'_>, v: &Value) {
    let who = v.get("sender").and_then(|s| ["phone_number", "user_id"].iter().find_map(|k| string(s, k)));
    let kind = string(v, "type").unwrap_or("control_passed");
    let info = v.get(kind).unwrap_or(&Value::Null);
    let role = |keys: [&str; 2]| keys.iter().find_map(|k| id(info, k));
    let from = role(["previous_owner_role", "previous_owner_app_role"]).map(|r| plain(&r));
    let to = role(["new_owner_role", "new_owner_app_role"]).map(|r| plain(&r));
    let what = if kind == "control_taken" { "was taken from us" } else { "was handed to us" };
    let from = from.map(|f| format!(" by {f}")).unwrap_or_default();
    let to = to.map(|t| format!(", now with {t}")).unwrap_or_default();
    let why = string(info, "metadata").map(|m| format!(": {m}")).unwrap_or_default();
    let who = who.unwrap_or("a customer");
    notice(sink, Severity::Info, format!("The conversation with {who} {what}{from}{to}{why}"));
}

fn groups(sink: &mut Sink<'_>, v: &Value) {
    let items = list(v, "groups");
    if items.is_empty() {
        return sink.problem("nothing known in it");
    }
    for g in items {
        let Some(group) = string(g, "group_id") else {
            sink.problem("a group without an id");
            continue;
        };
        let subject = string(g, "subject");
        if subject.is_some() {
            let at = sink.time(g).unwrap_or(0);
            sink.push(Change::ContactSeen { peer: named_group(group, g), at });
        }
        let people = |key: &str, word: &str| {
            let names: Vec<&str> = list(g, key)
                .iter()
                .filter_map(|p| ["wa_id", "user_id", "input"].iter().find_map(|k| string(p, k)))
                .collect();
            (!names.is_empty()).then(|| format!("{word} {}", names.join(", ")))
        };
        let mut details: Vec<String> = Vec::new();
        details.extend(people("added_participants", "added"));
        details.extend(people("removed_participants", "removed"));
        details.extend(people("failed_participants", "failed"));
        let mut severity = Severity::Info;
        for e in list(g, "errors") {
            let error = crate::provider::meta::errors::from_object(e);
            details.push(format!("{}: {}", error.code, error.text));
            severity = Severity::Warning;
        }
        let more = if details.is_empty() { String::new() } else { format!(": {}", details.join("; ")) };
        let kind = plain(string(g, "type").unwrap_or(sink.field));
        notice(sink, severity, format!("Group {}: {kind}{more}", subject.unwrap_or(group)));
    }
}
