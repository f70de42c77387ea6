//! What may leave: settings, moved categories, files in headers, login codes, counts.

use super::*;
use crate::common::files::{hand_over, jpeg, pdf};
use switchboard::model::contact::Identity;
use switchboard::model::event::Recipient;
use switchboard::model::media::StoredFile;
use switchboard::model::template::local::{TemplateSettings, TemplateUse};

fn to() -> Recipient {
    Recipient::Identity { identity: Identity::phone("447700900124") }
}

fn send(
    name: &str,
    language: &str,
    list: &[(&str, &str)],
    file: Option<StoredFile>,
    knowing: bool,
) -> Request {
    Request::SendTemplate {
        account: None,
        to: to(),
        name: name.into(),
        language: language.into(),
        values: values(list),
        file: file.map(Box::new),
        knowing,
        at: None,
    }
}

/// An approved template.
async fn approved(bed: &Bed, document: serde_json::Value) -> (String, String) {
    let d = components::from_document(&document).unwrap();
    does(&mut bed.client().await, create(&d)).await;
    bed.control("template", json!({ "name": d.name, "language": d.language, "status": "APPROVED" })).await;
    in_state(bed, &d.name, &d.language, "APPROVED").await;
    (d.name, d.language)
}

async fn bike(bed: &Bed) {
    let body = json!({
        "name": "bike_ready", "language": "en_GB", "category": "UTILITY",
        "components": [{ "type": "BODY", "text": "Hello {{1}}, your bike is ready to be fetched.",
            "example": { "body_text": [["Amara"]] } }],
    });
    approved(bed, body).await;
}

async fn left(bed: &Bed, n: usize) -> Vec<serde_json::Value> {
    eventually(&format!("{n} messages left"), || async {
        Some(bed.accepted().await).filter(|list| list.len() >= n)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_switched_off_or_not_for_a_role_is_neither_offered_nor_sent() {
    let bed = Bed::new(0.0, 1).await;
    bike(&bed).await;
    let mut c = bed.client().await;
    let mut agent = colleague(&bed, "bo", "agent").await;
    let offered = async |c: &mut Client| {
        let Response::Templates(list) = ask(c, Request::Templates { account: support() }).await else {
            panic!()
        };
        list.iter().any(|t| t.name == "bike_ready")
    };
    let set = |settings: TemplateSettings| TemplateRequest::Set {
        account: support(),
        name: "bike_ready".into(),
        language: "en_GB".into(),
        settings,
    };
    assert!(offered(&mut agent).await);
    does(&mut c, set(TemplateSettings { enabled: false, ..TemplateSettings::default() })).await;
    assert!(!offered(&mut agent).await && !offered(&mut c).await);
    let one = || send("bike_ready", "en_GB", &[("body.1", "Amara")], None, false);
    let p = agent.ask(one()).await.unwrap_err();
    assert_eq!(p.kind, "refused", "{p:?}");
    does(&mut c, set(TemplateSettings { roles: vec!["admin".into()], ..TemplateSettings::default() })).await;
    assert!(!offered(&mut agent).await && offered(&mut c).await);
    assert_eq!(agent.ask(one()).await.unwrap_err().kind, "forbidden");
    let p =
        refused(&mut c, set(TemplateSettings { roles: vec!["king".into()], ..TemplateSettings::default() }))
            .await;
    assert_eq!(p.field.as_deref(), Some("roles"));
    assert!(bed.accepted().await.is_empty());
    // A read of the list takes none of it away.
    ask(&mut c, Request::Sync { account: None }).await;
    assert!(!offered(&mut agent).await);
    does(&mut c, set(TemplateSettings::default())).await;
    ask(&mut agent, one()).await;
    left(&bed, 1).await;
    let used = row(&mut c, "bike_ready", "en_GB").await.unwrap().used;
    assert!(matches!(used, TemplateUse { count: 1, last: Some(_) }), "{used:?}");
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_moved_category_is_sent_by_who_knows() {
    let bed = Bed::new(0.0, 1).await;
    bike(&bed).await;
    let mut c = bed.client().await;
    let id = row(&mut c, "bike_ready", "en_GB").await.unwrap().template.provider_id;
    let news = |value: serde_json::Value| json!({ "field": "template_category_update", "value": value });
    let coming = json!({ "message_template_id": id, "message_template_name": "bike_ready", "message_template_language": "en_GB",
        "new_category": "UTILITY", "correct_category": "MARKETING", "category_update_timestamp": 1_795_262_612 });
    bed.control("webhook", news(coming)).await;
    let warned = eventually("the announcement is here", || async {
        row(&mut bed.client().await, "bike_ready", "en_GB").await.filter(|r| r.warning.is_some())
    })
    .await;
    assert_eq!(
        (warned.template.category.as_str(), warned.template.coming_category.as_str()),
        ("UTILITY", "MARKETING")
    );
    let one = |knowing| send("bike_ready", "en_GB", &[("body.1", "Amara")], None, knowing);
    let p = c.ask(one(false)).await.unwrap_err();
    assert_eq!((p.kind.as_str(), p.field.as_deref()), ("category_moved", Some("knowing")));
    assert!(p.what.contains("from UTILITY to MARKETING") && p.means.contains("marketing price"), "{p:?}");
    assert!(bed.accepted().await.is_empty());
    ask(&mut c, one(true)).await;
    assert_eq!(row(&mut c, "bike_ready", "en_GB").await.unwrap().warning, None);
    ask(&mut c, one(false)).await;
    left(&bed, 2).await;
    // When it comes true it is said once more.
    let done = json!({ "message_template_id": id, "message_template_name": "bike_ready", "message_template_language": "en_GB",
        "previous_category": "UTILITY", "new_category": "MARKETING" });
    bed.control("webhook", news(done)).await;
    let moved = eventually("the move is here", || async {
        row(&mut bed.client().await, "bike_ready", "en_GB").await.filter(|r| r.warning.is_some())
    })
    .await;
    assert_eq!(
        (moved.template.category.as_str(), moved.template.coming_category.as_str()),
        ("MARKETING", "")
    );
    assert!(c.ask(one(false)).await.unwrap_err().what.contains("moved the template"));
    assert_eq!(
        log(&mut c, "template_acknowledged").await,
        [("ana".to_owned(), "support bike_ready (en_GB), MARKETING".to_owned())]
    );
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_ours_stands_in_the_header() {
    let bed = Bed::new(0.0, 1).await;
    let mut c = bed.client().await;
    let sample = hand_over(&mut c, "sample.pdf", &pdf("sample")).await.unwrap();
    let TemplateAnswer::Sample(handle) =
        does(&mut c, TemplateRequest::Sample { account: support(), file: sample }).await
    else {
        panic!()
    };
    approved(&bed, json!({
        "name": "invoice", "language": "en_GB", "category": "UTILITY",
        "components": [
            { "type": "HEADER", "format": "DOCUMENT", "example": { "header_handle": [handle] } },
            { "type": "BODY", "text": "Hello {{1}}, here is your invoice.", "example": { "body_text": [["Amara"]] } },
        ],
    }))
    .await;
    let list = [("body.1", "Amara")];
    let p = c.ask(send("invoice", "en_GB", &list, None, false)).await.unwrap_err();
    assert_eq!(p.field.as_deref(), Some("header.link"));
    let picture = hand_over(&mut c, "bike.jpg", &jpeg(3_000)).await.unwrap();
    let p = c.ask(send("invoice", "en_GB", &list, Some(picture), false)).await.unwrap_err();
    assert_eq!(p.field.as_deref(), Some("file"), "{p:?}");
    let invoice = hand_over(&mut c, "invoice 17.pdf", &pdf("the invoice")).await.unwrap();
    ask(&mut c, send("invoice", "en_GB", &list, Some(invoice), false)).await;
    let sent = left(&bed, 1).await.remove(0);
    let text = sent.to_string();
    assert!(
        text.contains("invoice 17.pdf") && text.contains(r#""document":{"#) && !text.contains("link"),
        "{text}"
    );
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_template_that_the_provider_refuses_is_read_again() {
    let bed = Bed::new(0.0, 1).await;
    bike(&bed).await;
    let mut c = bed.client().await;
    // Somebody deleted it elsewhere, and no webhook says so.
    let url = format!(
        "{}/v25.0/{}/message_templates?name=bike_ready",
        bed.emulator.base_url(),
        switchboard::emulator::DEMO_ACCOUNT
    );
    let answer =
        bed.http.delete(url).bearer_auth(switchboard::emulator::DEMO_ACCESS_TOKEN).send().await.unwrap();
    assert!(answer.status().is_success());
    assert!(row(&mut c, "bike_ready", "en_GB").await.is_some());
    ask(&mut c, send("bike_ready", "en_GB", &[("body.1", "Amara")], None, false)).await;
    eventually("the copy is gone, too", || async {
        row(&mut bed.client().await, "bike_ready", "en_GB").await.is_none().then_some(())
    })
    .await;
    let parts = told(&mut c, "bike_ready", "en_GB").await;
    assert_eq!(parts.last(), Some(&line("deleted", "APPROVED", "", "provider")), "{parts:?}");
    bed.stop().await;
}
