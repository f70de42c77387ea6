//! Meta's template objects, in our words. Pure: no HTTP, no clock (`synced_at` is left at 0 for the caller).

use crate::model::template::{ParameterFormat, Template, components};
use serde_json::Value;

fn text(v: &Value, key: &str) -> String {
    v.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// An id that may come as a string or as a number.
fn id(v: &Value, key: &str) -> String {
    match v.get(key) {
        Some(Value::String(s)) => s.clone(),
        Some(Value::Number(n)) => n.to_string(),
        _ => String::new(),
    }
}

/// A language code with an underscore (`en-US` is `en_US`).
#[must_use]
pub fn language(code: &str) -> String {
    code.trim().replace('-', "_")
}

/// One object of the template list; `None` without a name or a language.
#[must_use]
pub fn template(v: &Value) -> Option<Template> {
    let format = if text(v, "parameter_format").eq_ignore_ascii_case("named") {
        ParameterFormat::Named
    } else {
        ParameterFormat::Positional
    };
    let list = v.get("components").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let t = Template {
        provider_id: id(v, "id"),
        name: text(v, "name"),
        language: language(&text(v, "language")),
        category: text(v, "category").to_ascii_uppercase(),
        status: text(v, "status").to_ascii_uppercase(),
        quality: match v.get("quality_score") {
            Some(Value::String(s)) => s.clone(),
            Some(score) => text(score, "score"),
            None => String::new(),
        },
        rejected_reason: text(v, "rejected_reason"),
        previous_category: text(v, "previous_category").to_ascii_uppercase(),
        coming_category: coming(v),
        ttl: v.get("message_send_ttl_seconds").and_then(Value::as_i64),
        library: text(v, "library_template_name"),
        ..components::shown(list, format)
    };
    (!t.name.is_empty() && !t.language.is_empty()).then_some(t)
}

/// The category that was announced, where it is another than the one it has.
fn coming(v: &Value) -> String {
    let coming = text(v, "correct_category").to_ascii_uppercase();
    if coming == text(v, "category").to_ascii_uppercase() { String::new() } else { coming }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_list_of_the_documentation() {
        let page: Value =
            serde_json::from_str(include_str!("../../../tests/fixtures/meta/templates.json")).unwrap();
        let list: Vec<Template> = page["data"].as_array().unwrap().iter().filter_map(template).collect();
        assert_eq!(list.len(), 2);
        let t = &list[0];
        assert_eq!((t.name.as_str(), t.language.as_str()), ("repair_ready", "en_GB"));
        assert_eq!((t.status.as_str(), t.category.as_str()), ("APPROVED", "UTILITY"));
        assert_eq!((t.provider_id.as_str(), t.quality.as_str()), ("884201775533901", "GREEN"));
        assert_eq!(t.header.as_ref().unwrap().text, "Repair ready");
        assert_eq!(t.body_examples["2"], "8812");
        assert_eq!(t.footer, "Northwind Cycles");
        assert_eq!(t.buttons[0].kind, "quick_reply");
        assert_eq!(t.buttons[1].example, "8812");
        assert!(t.is_sendable());
        let t = &list[1];
        assert_eq!(t.format, ParameterFormat::Named);
        assert_eq!(t.body_examples["first_name"], "Amara");
        assert_eq!(t.status, "PENDING");
    }

    #[test]
    fn parts_of_other_kinds_are_named() {
        let t = template(&json!({
            "id": 9_007_199_254_740_993_u64, "name": "x", "language": "pt-BR", "status": "APPROVED",
            "components": [
                { "type": "HEADER", "format": "IMAGE", "example": { "header_handle": ["u"] } },
                { "type": "BODY", "text": "b" },
                { "type": "CAROUSEL", "cards": [] },
                { "type": "BUTTONS", "buttons": [{ "type": "CATALOG", "text": "View" }, { "type": "PHONE_NUMBER",
                    "text": "Call", "phone_number": "+1555" }] },
            ],
        }))
        .unwrap();
        assert_eq!(t.provider_id, "9007199254740993");
        assert_eq!(t.language, "pt_BR");
        assert_eq!(t.header.as_ref().unwrap().format, "image");
        assert_eq!(t.unsupported, ["carousel", "catalog button"]);
        assert_eq!(t.buttons[1].target, "+1555");
        assert!(!t.is_sendable());
    }

    #[test]
    fn objects_that_are_no_templates_are_left_out() {
        for v in [
            json!({}),
            json!({ "name": "x" }),
            json!([]),
            json!(null),
            json!({ "name": 1, "language": "en" }),
        ] {
            assert!(template(&v).is_none(), "{v}");
        }
    }
}
