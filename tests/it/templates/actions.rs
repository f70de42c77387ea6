//! Business actions, by an operator and by a program over HTTP.

use super::*;
use crate::common::files::{hand_over, pdf};
use base64::Engine as _;
use secrecy::SecretString;
use switchboard::model::contact::Identity;
use switchboard::model::event::Recipient;
use switchboard::model::template::local::{ActionDefinition, TemplateSettings};

const TOKEN: &str = "the-token-of-the-shop";

fn to() -> Recipient {
    Recipient::Identity { identity: Identity::phone("447700900124") }
}

/// An approved template with a document, and an action that sends it.
async fn invoice(bed: &Bed) {
    let mut c = bed.client().await;
    let sample = hand_over(&mut c, "sample.pdf", &pdf("sample")).await.unwrap();
    let TemplateAnswer::Sample(handle) =
        does(&mut c, TemplateRequest::Sample { account: support(), file: sample }).await
    else {
        panic!()
    };
    let d = components::from_document(&json!({
        "name": "invoice", "language": "en_GB", "category": "UTILITY", "parameter_format": "NAMED",
        "components": [
            { "type": "HEADER", "format": "DOCUMENT", "example": { "header_handle": [handle] } },
            { "type": "BODY", "text": "Hello {{name}}, here is your invoice of {{amount}}, with thanks from {{shop}} as ever.",
              "example": { "body_text_named_params": [{ "param_name": "name", "example": "Amara" },
                { "param_name": "amount", "example": "84.50 EUR" }, { "param_name": "shop", "example": "Acme" }] } },
        ],
    }))
    .unwrap();
    does(&mut c, create(&d)).await;
    bed.control("template", json!({ "name": "invoice", "language": "en_GB", "status": "APPROVED" })).await;
    in_state(bed, "invoice", "en_GB", "APPROVED").await;
    let settings = TemplateSettings {
        mapping: values(&[
            ("body.name", "{{ contact.first_name | default('there') }}"),
            ("body.shop", "{{ account.name }}"),
        ]),
        ..TemplateSettings::default()
    };
    let set = TemplateRequest::Set {
        account: support(),
        name: "invoice".into(),
        language: "en_GB".into(),
        settings,
    };
    does(&mut c, set).await;
    let action = ActionDefinition { template: "invoice".into(), ..ActionDefinition::default() };
    let set =
        TemplateRequest::SetAction { account: support(), name: "invoice_sent".into(), action: Some(action) };
    does(&mut c, set).await;
}

fn act(list: &[(&str, &str)], file: Option<switchboard::model::media::StoredFile>) -> TemplateRequest {
    TemplateRequest::Act { account: None, name: "invoice_sent".into(), to: to(), values: values(list), file }
}

async fn left(bed: &Bed, n: usize) -> Vec<serde_json::Value> {
    eventually(&format!("{n} messages left"), || async {
        Some(bed.accepted().await).filter(|list| list.len() >= n)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_action_sends_its_template_with_file_and_values() {
    let bed = Bed::new(0.0, 2).await;
    invoice(&bed).await;
    let mut c = bed.client().await;
    let TemplateAnswer::Actions(list) = does(&mut c, TemplateRequest::Actions { account: support() }).await
    else {
        panic!()
    };
    assert_eq!(
        (list.len(), list[0].name.as_str(), list[0].action.template.as_str()),
        (1, "invoice_sent", "invoice")
    );
    // What it lacks is named.
    let file = hand_over(&mut c, "invoice 17.pdf", &pdf("seventeen")).await.unwrap();
    let p = refused(&mut c, act(&[], Some(file.clone()))).await;
    assert_eq!(p.field.as_deref(), Some("body.amount"), "{p:?}");
    // The same values are offered to a client.
    let offered = TemplateRequest::Values {
        account: support(),
        name: "invoice".into(),
        language: "en_GB".into(),
        to: to(),
        given: values(&[("amount", "84.50 EUR")]),
    };
    let TemplateAnswer::Values(known) = does(&mut c, offered).await else { panic!() };
    let expected =
        values(&[("body.name", "there"), ("body.amount", "84.50 EUR"), ("body.shop", "Acme Support")]);
    assert_eq!((known.values, known.missing.len()), (expected, 0));
    // From the only account that has it.
    let r = template(act(&[("amount", "84.50 EUR")], Some(file)));
    let Response::Queued { thread, .. } = ask(&mut c, r).await else { panic!() };
    let text = left(&bed, 1).await.remove(0).to_string();
    for part in ["invoice 17.pdf", "84.50 EUR", "Acme Support", "there"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let Response::ThreadRows(rows) = ask(&mut c, Request::ThreadRows { ids: vec![thread] }).await else {
        panic!()
    };
    let line = &rows[0].preview.as_ref().unwrap().text;
    assert!(line.starts_with("[Template: invoice]") && line.contains("84.50 EUR"), "{line}");
    let unknown = TemplateRequest::Act {
        account: None,
        name: "nobody_defined".into(),
        to: to(),
        values: values(&[]),
        file: None,
    };
    assert_eq!(refused(&mut c, unknown).await.kind, "not_found");
    let mut viewer = colleague(&bed, "vi", "viewer").await;
    assert_eq!(refused(&mut viewer, act(&[("amount", "1")], None)).await.kind, "forbidden");
    assert_eq!(log(&mut c, "action_set").await, [("ana".to_owned(), "support invoice_sent".to_owned())]);
    let gone = TemplateRequest::SetAction { account: support(), name: "invoice_sent".into(), action: None };
    does(&mut c, gone).await;
    assert_eq!(refused(&mut c, act(&[("amount", "1")], None)).await.kind, "not_found");
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_does_the_same_over_http_and_repeats_itself_safely() {
    let bed = Bed::with(0.0, 1, |s| s.listener.actions_token = Some(SecretString::from(TOKEN))).await;
    invoice(&bed).await;
    let url = format!("http://{}/api/actions/invoice_sent", bed.listener.addr());
    let post = async |token: &str, key: Option<&str>, body: serde_json::Value| {
        let mut request = bed.http.post(&url).bearer_auth(token).json(&body);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json::<serde_json::Value>().await.unwrap())
    };
    let file = base64::engine::general_purpose::STANDARD.encode(pdf("seventeen"));
    let body = json!({
        "to": "+44 7700 900124", "set": { "amount": "84.50 EUR" }, "file": { "name": "invoice 17.pdf", "base64": file },
    });
    let (status, answer) = post("another", None, body.clone()).await;
    assert_eq!((status, answer["error"]["kind"].as_str()), (401, Some("request")));
    assert!(bed.accepted().await.is_empty());
    let (status, first) = post(TOKEN, Some("order-17"), body.clone()).await;
    assert_eq!((status, first["repeated"].as_bool()), (202, Some(false)), "{first}");
    let (status, again) = post(TOKEN, Some("order-17"), body.clone()).await;
    assert_eq!((status, again["repeated"].as_bool()), (200, Some(true)), "{again}");
    assert_eq!(first["message"], again["message"]);
    let (status, other) = post(TOKEN, Some("order-18"), body.clone()).await;
    assert_eq!(status, 202, "{other}");
    assert_ne!(first["message"], other["message"]);
    let sent = left(&bed, 2).await;
    assert!(sent[0].to_string().contains("invoice 17.pdf"), "{}", sent[0]);
    let mut c = bed.client().await;
    let used = row(&mut c, "invoice", "en_GB").await.unwrap().used;
    assert_eq!(used.count, 2);
    // A refusal has its three parts and its field.
    let (status, answer) = post(TOKEN, None, json!({ "to": "Marta" })).await;
    assert_eq!((status, answer["error"]["field"].as_str()), (422, Some("to")), "{answer}");
    let (status, answer) =
        post(TOKEN, None, json!({ "to": "+447700900124", "file": { "path": "/etc/passwd" } })).await;
    assert_eq!(status, 400, "{answer}");
    // With a role of its own it may what that may.
    let _viewer = colleague(&bed, "api", "viewer").await;
    let (status, answer) = post(TOKEN, Some("order-19"), body.clone()).await;
    assert_eq!((status, answer["error"]["kind"].as_str()), (403, Some("forbidden")), "{answer}");
    assert_eq!(bed.accepted().await.len(), 2);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_token_there_is_no_such_address() {
    let bed = Bed::new(0.0, 1).await;
    let url = format!("http://{}/api/actions/invoice_sent", bed.listener.addr());
    for token in ["", "x"] {
        let answer = bed
            .http
            .post(&url)
            .bearer_auth(token)
            .json(&json!({ "to": "+447700900124" }))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status().as_u16(), 404);
    }
    bed.stop().await;
}
