//! News about templates. One reader for all fields: Meta's own samples mix their names up.

use super::Sink;
use super::read::{day, id, integer, owned, string};
use crate::model::inbound::{Change, TemplateNews};
use crate::provider::meta::templates::language;
use serde_json::Value;

/// Reads a value of a template field.
pub fn field(sink: &mut Sink<'_>, v: &Value) {
    let text = |key: &str| string(v, key).map(str::to_owned);
    let event = string(v, "event").map(str::to_ascii_uppercase);
    let status = event.as_deref().and_then(|e| match e {
        "REINSTATED" => Some("APPROVED".to_owned()),
        // A warning; the template may still be sent.
        "FLAGGED" => None,
        other => Some(other.to_owned()),
    });
    let coming = text("correct_category");
    let news = TemplateNews {
        at: sink.at.unwrap_or(0),
        provider_id: id(v, "message_template_id").unwrap_or_default(),
        name: owned(v, "message_template_name"),
        language: language(string(v, "message_template_language").unwrap_or_default()),
        status,
        quality: text("new_quality_score"),
        category: text("new_category").or_else(|| text("message_template_category")),
        coming_category: coming,
        reason: reason(v).or_else(|| {
            (event.as_deref() == Some("FLAGGED")).then(|| "flagged: it may be paused or disabled soon".into())
        }),
        body: text("message_template_element"),
    };
    if news.provider_id.is_empty() && (news.name.is_empty() || news.language.is_empty()) {
        return sink.problem("a template without id and name");
    }
    sink.push(Change::Template(Box::new(news)));
}

fn reason(v: &Value) -> Option<String> {
    let null = Value::Null;
    let part = |key: &str| v.get(key).unwrap_or(&null);
    let rejection = part("rejection_info");
    let word = string(v, "reason").filter(|r| !r.eq_ignore_ascii_case("NONE"));
    if let Some(why) = string(rejection, "reason") {
        let advice = string(rejection, "recommendation").map(|r| format!(" {r}")).unwrap_or_default();
        let word = word.map(|w| format!("{w}: ")).unwrap_or_default();
        return Some(format!("{word}{why}{advice}"));
    }
    if let Some(what) =
        string(part("other_info"), "description").or_else(|| string(part("other_info"), "title"))
    {
        return Some(what.to_owned());
    }
    if let Some(word) = word {
        return Some(word.to_owned());
    }
    let disabled = part("disable_info");
    integer(disabled, "disable_date")
        .map(day)
        .or_else(|| string(disabled, "disable_date").map(str::to_owned))
        .map(|d| format!("disabled on {d}"))
}
