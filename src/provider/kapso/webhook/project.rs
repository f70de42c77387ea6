//! Events of the project: numbers come, go, lose and find their line, and business accounts get into trouble.

use super::{News, field};
use crate::model::inbound::{Change, Route};
use crate::provider::kapso::object::iso;
use crate::provider::meta::webhook::read::{id, list, owned, string};
use crate::provider::posts::{Turn, TurnKind};
use serde_json::Value;

/// Numbers named by one event of an account.
const NUMBERS: usize = 100;

fn kind(event: &str) -> Option<TurnKind> {
    Some(match event {
        "whatsapp.phone_number.created" => TurnKind::Created,
        "whatsapp.phone_number.deleted" => TurnKind::Deleted,
        "whatsapp.phone_number.disconnected" => TurnKind::Disconnected,
        "whatsapp.phone_number.reconnected" => TurnKind::Reconnected,
        "whatsapp.phone_number.offboarded" => TurnKind::Offboarded,
        "whatsapp.account.disabled" => TurnKind::AccountDisabled,
        "whatsapp.account.restricted" => TurnKind::AccountRestricted,
        "whatsapp.account.reinstated" => TurnKind::AccountReinstated,
        "whatsapp.account.violation" => TurnKind::AccountViolation,
        _ => return None,
    })
}

fn plain(word: &str) -> String {
    word.to_ascii_lowercase().replace('_', " ")
}

/// Why it happened, in words.
fn reason(v: &Value) -> String {
    let mut parts: Vec<String> = Vec::new();
    let text = |path: &str| v.pointer(path).and_then(Value::as_str).filter(|s| !s.is_empty());
    parts.extend(text("/disconnection/reason").map(plain));
    parts.extend(text("/disconnection/initiated_by").map(|by| format!("by {}", plain(by))));
    for r in list(v, "restrictions") {
        let kind = r.as_str().or_else(|| string(r, "restriction_type")).or_else(|| string(r, "type"));
        parts.extend(kind.map(plain));
    }
    parts.extend(text("/violation/violation_type").or_else(|| text("/violation/type")).map(plain));
    parts.extend(text("/ban/state").map(|state| match text("/ban/date_label") {
        Some(date) => format!("{} on {date}", plain(state)),
        None => plain(state),
    }));
    parts.join(", ").chars().take(200).collect()
}

/// One event.
pub fn turn(news: &mut News, event: &str, v: &Value) {
    let Some(kind) = kind(event) else {
        return news.push(&Route::default(), Change::Unknown { field: field(event) });
    };
    let customer = v.get("customer").unwrap_or(&Value::Null);
    let source = v.get("source").unwrap_or(&Value::Null);
    let base = Turn {
        kind,
        number: id(v, "phone_number_id").unwrap_or_default(),
        business: id(v, "business_account_id")
            .or_else(|| id(source, "business_account_id"))
            .unwrap_or_default(),
        customer: id(customer, "id").unwrap_or_default(),
        external: string(customer, "external_id")
            .or_else(|| string(customer, "external_customer_id"))
            .unwrap_or_default()
            .to_owned(),
        reason: reason(v),
        at: iso(v, "occurred_at"),
    };
    let numbers = list(v, "phone_numbers");
    if event.starts_with("whatsapp.account.") {
        if base.business.is_empty() && numbers.is_empty() {
            return news.problem(event, "an event of no business account");
        }
        // The account's event once for its whole business, and where only numbers are named, for each of them.
        if !base.business.is_empty() {
            return news.turn(base);
        }
        for n in numbers.iter().take(NUMBERS) {
            news.turn(Turn { number: owned(n, "id"), ..base.clone() });
        }
        return;
    }
    if base.number.is_empty() {
        return news.problem(event, "an event of no number");
    }
    news.turn(base);
}
