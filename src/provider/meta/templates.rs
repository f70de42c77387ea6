//! Meta's template objects, in our words. Pure: no HTTP, no clock (`synced_at` is left at 0 for the caller).

use crate::model::template::{ParameterFormat, Template, TemplateButton, TemplateHeader};
use serde_json::Value;
use std::collections::BTreeMap;

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
    let mut t = Template {
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
        format: if text(v, "parameter_format").eq_ignore_ascii_case("named") {
            ParameterFormat::Named
        } else {
            ParameterFormat::Positional
        },
        ..Template::default()
    };
    if t.name.is_empty() || t.language.is_empty() {
        return None;
    }
    for c in v.get("components").and_then(Value::as_array).into_iter().flatten() {
        component(&mut t, c);
    }
    Some(t)
}

fn component(t: &mut Template, c: &Value) {
    let kind = text(c, "type").to_ascii_lowercase();
    match kind.as_str() {
        "header" => {
            let format = text(c, "format").to_ascii_lowercase();
            t.header = Some(TemplateHeader {
                format: if format.is_empty() { "text".into() } else { format },
                text: text(c, "text"),
                examples: examples(c.get("example"), "header_text"),
            });
        }
        "body" => {
            t.body = text(c, "text");
            t.body_examples = examples(c.get("example"), "body_text");
        }
        "footer" => t.footer = text(c, "text"),
        "buttons" => {
            for b in c.get("buttons").and_then(Value::as_array).into_iter().flatten() {
                t.buttons.push(button(b));
            }
            let unfit = t.buttons.iter().map(|b| b.kind.as_str()).filter(|k| {
                !matches!(*k, "quick_reply" | "url" | "phone_number" | "copy_code" | "request_contact_info")
            });
            for k in unfit {
                let name = format!("{k} button");
                if !t.unsupported.contains(&name) {
                    t.unsupported.push(name);
                }
            }
        }
        _ => t.unsupported.push(if kind.is_empty() { "unnamed part".into() } else { kind }),
    }
}

fn button(b: &Value) -> TemplateButton {
    let kind = text(b, "type").to_ascii_lowercase();
    let target = match kind.as_str() {
        "phone_number" => text(b, "phone_number"),
        _ => text(b, "url"),
    };
    let example = match b.get("example") {
        Some(Value::String(s)) => s.clone(),
        Some(Value::Array(list)) => list.first().and_then(Value::as_str).unwrap_or_default().to_owned(),
        _ => String::new(),
    };
    // The example of a link is often the whole link, where the form asks for its end.
    let stem = target.split("{{").next().unwrap_or_default();
    let example = if target.contains("{{") && !stem.is_empty() {
        example.strip_prefix(stem).map_or(example.clone(), str::to_owned)
    } else {
        example
    };
    TemplateButton { kind, text: text(b, "text"), target, example }
}

/// Examples by variable name: `{key}_named_params`, or `{key}` as a list (or a list of lists) by position.
fn examples(example: Option<&Value>, key: &str) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    let Some(example) = example else { return out };
    for p in example.get(format!("{key}_named_params")).and_then(Value::as_array).into_iter().flatten() {
        out.insert(text(p, "param_name"), text(p, "example"));
    }
    let list = match example.get(key) {
        Some(Value::Array(list)) => match list.first() {
            Some(Value::Array(inner)) => inner.as_slice(),
            _ => list.as_slice(),
        },
        _ => &[],
    };
    for (i, v) in list.iter().enumerate() {
        if let Some(s) = v.as_str() {
            out.insert((i + 1).to_string(), s.to_owned());
        }
    }
    out
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
                { "type": "BUTTONS", "buttons": [{ "type": "FLOW", "text": "Book" }, { "type": "PHONE_NUMBER",
                    "text": "Call", "phone_number": "+1555" }] },
            ],
        }))
        .unwrap();
        assert_eq!(t.provider_id, "9007199254740993");
        assert_eq!(t.language, "pt_BR");
        assert_eq!(t.header.as_ref().unwrap().format, "image");
        assert_eq!(t.unsupported, ["carousel", "flow button"]);
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
