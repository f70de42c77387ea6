//! Our rules and those of the emulator, which were written apart from each other, come to the same verdict.

use super::random::Maker;
use super::wire::{Samples, Verdict, Wire};
use crate::common::process::{Dice, scale};
use serde_json::{Value, json};
use switchboard::model::template::components::{document, from_document, read_lenient};
use switchboard::model::template::definition::Definition;
use switchboard::model::template::files::{self, FileFormat};
use switchboard::model::template::lint::{Severity, is_clean, lint};
use switchboard::model::template::models;

/// The base of a case with its changes; a place one past the end of a list is added to it.
fn broken(all: &Value, case: &Value) -> Value {
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

/// Puts real samples where the fixture has a word for one.
fn with_samples(doc: &Value, samples: &Samples) -> Value {
    serde_json::from_str(&doc.to_string().replace("4::h", &samples.image)).unwrap()
}

#[tokio::test]
async fn every_broken_rule_is_broken_for_the_provider_too() {
    let all: Value = serde_json::from_str(include_str!("../../fixtures/templates/broken.json")).unwrap();
    let wire = Wire::start().await;
    let samples = wire.samples().await;
    let mut differ = Vec::new();
    let bases = all["bases"].as_object().unwrap().keys().map(|base| json!({ "on": base, "set": {} }));
    let cases: Vec<Value> = all["cases"].as_array().unwrap().iter().cloned().chain(bases).collect();
    assert!(cases.len() > 90);
    for (i, case) in cases.iter().enumerate() {
        let mut doc = with_samples(&broken(&all, case), &samples);
        if !case["set"].as_object().unwrap().contains_key("/name") {
            doc["name"] = json!(format!("case_{i}"));
        }
        let ours = lint(&from_document(&doc).unwrap());
        let theirs = wire.submit(&doc).await;
        match (&theirs, is_clean(&ours)) {
            (Verdict::Approved(_), true) | (Verdict::Rejected(_), false) => {}
            (Verdict::Refused(answer), false) => {
                let error = &answer["error"];
                assert_eq!(error["code"], 100, "{case}: {answer}");
                assert!(error["fbtrace_id"].is_string() && error["message"].is_string(), "{case}: {answer}");
            }
            _ => differ.push(format!("{case}\n  ours: {ours:?}\n  theirs: {theirs:?}")),
        }
        if case["rule"] == "variables.adjacent" {
            let Verdict::Rejected(t) = theirs else { panic!("{case}: {theirs:?}") };
            assert_eq!(t["rejected_reason"], "INVALID_FORMAT");
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

#[tokio::test]
async fn what_is_valid_is_approved_and_survives_every_way_through() {
    let wire = Wire::start().await;
    let samples = wire.samples().await;
    let n = scale("SWITCHBOARD_TEMPLATES", 100);
    for seed in 0..n {
        let mut maker = Maker { dice: Dice::new(seed), samples: &samples };
        let d = maker.definition(format!("random_{seed}"));
        let found = lint(&d);
        let errors: Vec<_> = found.iter().filter(|f| f.severity == Severity::Error).collect();
        assert!(errors.is_empty(), "seed {seed}: {errors:?}\n{d:#?}");
        let doc = document(&d);
        assert_eq!(from_document(&doc).unwrap(), d, "seed {seed}: JSON");
        for format in [FileFormat::Toml, FileFormat::Json] {
            let text = files::write(&d, format);
            let read = files::read(&text, format).unwrap_or_else(|e| panic!("seed {seed}: {e:?}\n{text}"));
            assert_eq!(read.definition, d, "seed {seed}:\n{text}");
        }
        let t = match wire.submit(&doc).await {
            Verdict::Approved(t) => t,
            other => panic!("seed {seed}: {other:?}\n{doc:#}"),
        };
        if d.is_authentication() || !d.others.is_empty() {
            continue;
        }
        // What the provider lists says the same, but for the sample, of which it shows a copy.
        let listed = read_lenient(t["components"].as_array().unwrap(), d.format);
        let plain = |d: &Definition| {
            let mut d = d.clone();
            if let Some(h) = &mut d.header {
                h.sample.clear();
            }
            (d.header, d.body, d.footer, d.buttons, d.others)
        };
        assert_eq!(plain(&listed), plain(&d), "seed {seed}");
    }
}

#[tokio::test]
async fn every_model_is_approved_in_every_language() {
    let wire = Wire::start().await;
    let samples = wire.samples().await;
    for d in models::all() {
        let mut d = Definition { name: format!("model_{}", d.name), ..d.clone() };
        if models::needs_sample(&d)
            && let Some(h) = &mut d.header
        {
            h.sample.clone_from(&samples.document);
        }
        match wire.submit(&document(&d)).await {
            Verdict::Approved(t) => {
                assert_eq!(t["category"], d.category.as_str(), "{} {}", d.name, d.language);
            }
            other => panic!("{} {}: {other:?}", d.name, d.language),
        }
    }
}
