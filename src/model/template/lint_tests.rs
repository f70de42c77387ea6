//! Every rule is broken once by a case of `tests/fixtures/templates/broken.json`, which the emulator's tests read, too.

use super::super::components::from_document;
use super::*;
use serde_json::{Value, json};

fn fixtures() -> Value {
    serde_json::from_str(include_str!("../../../tests/fixtures/templates/broken.json")).unwrap()
}

/// The base of a case with its changes; a place one past the end of a list is added to it.
fn document(all: &Value, case: &Value) -> Value {
    let mut doc = all["bases"][case["on"].as_str().unwrap()].clone();
    for (path, value) in case["set"].as_object().unwrap() {
        if let Some(slot) = doc.pointer_mut(path) {
            *slot = value.clone();
            continue;
        }
        let (parent, key) = path.rsplit_once('/').unwrap();
        match doc.pointer_mut(parent).unwrap() {
            Value::Array(list) => list.push(value.clone()),
            parent => parent[key] = value.clone(),
        }
    }
    doc
}

#[test]
fn every_broken_rule_is_named_with_its_field() {
    let all = fixtures();
    for case in all["cases"].as_array().unwrap() {
        let d = from_document(&document(&all, case)).unwrap();
        let found = lint(&d);
        let severity = if case["warning"] == json!(true) { Severity::Warning } else { Severity::Error };
        assert!(
            found
                .iter()
                .any(|f| case["rule"] == f.rule && case["field"] == f.field && f.severity == severity),
            "{case}\n{found:#?}"
        );
        // A case breaks its own rule only, so that the provider's verdict is about that rule.
        let errors: Vec<&Finding> =
            found.iter().filter(|f| f.severity == Severity::Error && case["rule"] != f.rule).collect();
        assert!(errors.is_empty(), "{case}\n{errors:#?}");
    }
}

#[test]
fn every_rule_has_a_case() {
    let all = fixtures();
    let cases = all["cases"].as_array().unwrap();
    for (rule, _) in RULES.iter().filter(|(name, _)| !name.starts_with("beside.")) {
        assert!(cases.iter().any(|c| c["rule"] == *rule), "{rule} has no case");
    }
    for c in cases {
        assert!(RULES.iter().any(|(rule, _)| c["rule"] == *rule), "{c}: no such rule");
    }
}

#[test]
fn the_bases_are_clean() {
    let all = fixtures();
    for (name, doc) in all["bases"].as_object().unwrap() {
        let found = lint(&from_document(doc).unwrap());
        assert!(is_clean(&found), "{name}: {found:#?}");
    }
}

#[test]
fn beside_others() {
    let all = fixtures();
    let d = from_document(&all["bases"]["plain"]).unwrap();
    let mut same = d.as_template();
    same.status = "APPROVED".into();
    assert_eq!(lint_beside(&d, &[same.clone()])[0].rule, "beside.exists");
    let other = Template { language: "de".into(), category: "MARKETING".into(), ..same.clone() };
    assert_eq!(lint_beside(&d, &[other])[0].rule, "beside.category");
    let copy = Template { name: "other".into(), ..same };
    assert_eq!(lint_beside(&d, &[copy])[0].rule, "beside.same_body");
}

#[test]
fn counters_count_what_is_written() {
    let all = fixtures();
    let d = from_document(&all["bases"]["plain"]).unwrap();
    let found: Vec<(String, usize, usize)> =
        counters(&d).into_iter().map(|c| (c.field, c.used, c.limit)).collect();
    assert!(found.contains(&("header.text".into(), 12, 60)));
    assert!(found.contains(&("footer.text".into(), 16, 60)));
    assert!(found.contains(&("buttons".into(), 2, 10)));
    assert!(found.contains(&("button.1.target".into(), 33, 2000)), "{found:?}");
}

#[test]
fn markup_is_a_pair_around_words() {
    for text in ["a *b* c", "_all_", "~x y~", "```code```"] {
        assert!(has_markup(text), "{text}");
    }
    for text in ["5 * 3 * 2", "snake_case_name", "a*b", "Ticket {{first_name}} and {{last_name}}", "~ 5 ~"] {
        assert!(!has_markup(text), "{text}");
    }
}
