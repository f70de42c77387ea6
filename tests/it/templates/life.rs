//! From the draft to the end of a template.

use super::*;
use switchboard::model::template::local::TemplateSettings;

const READY: &str = "Hello {{1}}, your bike with the ticket {{2}} is ready to be fetched.";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_is_made_judged_changed_and_deleted_with_a_history() {
    let bed = Bed::new(0.0, 1).await;
    let mut c = bed.client().await;
    // Nothing is called new that was there at the first look.
    assert_eq!(history(&mut c, "order_update", "en").await, []);
    let d = definition("bike_ready", READY);
    let TemplateAnswer::Submitted(t) = does(&mut c, create(&d)).await else { panic!() };
    assert_eq!((t.status.as_str(), t.category.as_str()), ("PENDING", "UTILITY"));
    assert!(!t.provider_id.is_empty() && t.body == READY);
    assert_eq!(Definition::of(&t), d);
    // The provider rejects it, and tells so.
    let verdict = json!({ "name": "bike_ready", "language": "en_GB", "status": "REJECTED", "reason": "INVALID_FORMAT" });
    bed.control("template", verdict).await;
    let rejected = in_state(&bed, "bike_ready", "en_GB", "REJECTED").await;
    let warning = rejected.warning.unwrap();
    assert_eq!((warning.part.as_str(), warning.to.as_str()), ("status", "REJECTED"));
    assert!(rejected.template.rejected_reason.contains("INVALID_FORMAT"), "{:?}", rejected.template);
    // Another text is judged anew; a rejected one may be edited as often as one likes.
    let better = definition("bike_ready", "Hello {{1}}, your repaired bike, ticket {{2}}, waits for you.");
    let TemplateAnswer::Submitted(t) = does(&mut c, edit(&better)).await else { panic!() };
    assert_eq!((t.status.as_str(), &t.body), ("PENDING", &better.body.text));
    bed.control("template", json!({ "name": "bike_ready", "language": "en_GB", "status": "APPROVED" })).await;
    let approved = in_state(&bed, "bike_ready", "en_GB", "APPROVED").await;
    assert_eq!(approved.warning, None);
    let parts: Vec<_> = told(&mut c, "bike_ready", "en_GB").await;
    for expected in [
        line("created", "", "PENDING", "ana"),
        line("status", "PENDING", "REJECTED", "provider"),
        line("edited", "REJECTED", "PENDING", "ana"),
        line("status", "REJECTED", "PENDING", "ana"),
        line("status", "PENDING", "APPROVED", "provider"),
    ] {
        assert!(parts.contains(&expected), "{expected:?} is not in {parts:?}");
    }
    assert!(parts.iter().any(|p| p.0 == "components" && p.3 == "ana"), "{parts:?}");
    // Its category is fixed now, and it may be edited once a day.
    let moved = Definition { category: "MARKETING".into(), ..better.clone() };
    assert_eq!(refused(&mut c, edit(&moved)).await.field.as_deref(), Some("category"));
    does(&mut c, edit(&d)).await;
    bed.control("template", json!({ "name": "bike_ready", "language": "en_GB", "status": "APPROVED" })).await;
    in_state(&bed, "bike_ready", "en_GB", "APPROVED").await;
    let p = refused(&mut c, edit(&better)).await;
    assert_eq!(p.kind, "limit", "{p:?}");
    assert!(p.what.contains("once in 24 hours") && p.next.contains("24 h"), "{p:?}");
    // It goes, with all that was set surviving for the next of its name.
    let settings = TemplateSettings { enabled: false, ..TemplateSettings::default() };
    let set = |settings: TemplateSettings| TemplateRequest::Set {
        account: support(),
        name: "bike_ready".into(),
        language: "en_GB".into(),
        settings,
    };
    does(&mut c, set(settings.clone())).await;
    let delete = TemplateRequest::Delete { account: support(), name: "bike_ready".into(), language: None };
    does(&mut c, delete.clone()).await;
    assert_eq!(row(&mut c, "bike_ready", "en_GB").await, None);
    assert_eq!(refused(&mut c, delete).await.field.as_deref(), Some("template"));
    let p = refused(&mut c, create(&d)).await;
    assert_eq!(p.field.as_deref(), Some("name"), "the name of an approved one is closed: {p:?}");
    assert!(p.next.contains("wait 30 days"), "{p:?}");
    for (action, times) in
        [("template_created", 1), ("template_edited", 2), ("template_set", 1), ("template_deleted", 1)]
    {
        assert_eq!(log(&mut c, action).await.len(), times, "{action}");
    }
    assert_eq!(log(&mut c, "template_deleted").await[0], ("ana".to_owned(), "support bike_ready".to_owned()));
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_rule_is_named_and_nothing_leaves() {
    let bed = Bed::new(0.0, 1).await;
    let mut c = bed.client().await;
    let p = refused(&mut c, create(&definition("Bike Ready", READY))).await;
    assert_eq!((p.kind.as_str(), p.field.as_deref()), ("field", Some("name")));
    assert!(p.means.starts_with("rule name.characters") && !p.next.is_empty(), "{p:?}");
    let p = refused(&mut c, create(&definition("bike_ready", "{{1}} and {{2}} are ready to be fetched now")))
        .await;
    assert_eq!(p.field.as_deref(), Some("body.text"), "{p:?}");
    let known = rows(&mut c).await.remove(0).template;
    let p = refused(&mut c, create(&Definition::of(&known))).await;
    assert!(p.means.contains("beside.exists"), "{p:?}");
    let p = refused(&mut c, edit(&definition("nobody_made_this", READY))).await;
    assert_eq!(p.field.as_deref(), Some("template"));
    let pending = rows(&mut c).await.into_iter().find(|r| r.template.status == "PENDING").unwrap().template;
    let p = refused(&mut c, edit(&Definition::of(&pending))).await;
    assert!(p.what.contains("is PENDING"), "{p:?}");
    let elsewhere = TemplateRequest::List { account: AccountId::new("nowhere") };
    assert_eq!(refused(&mut c, elsewhere).await.kind, "not_found");
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_language_goes_and_the_other_stays() {
    let bed = Bed::new(0.0, 1).await;
    let mut c = bed.client().await;
    let d = definition("bike_ready", READY);
    does(&mut c, create(&d)).await;
    does(&mut c, create(&d.in_language("de"))).await;
    let delete = TemplateRequest::Delete {
        account: support(),
        name: "bike_ready".into(),
        language: Some("de".into()),
    };
    does(&mut c, delete).await;
    let left: Vec<String> = rows(&mut c)
        .await
        .into_iter()
        .filter(|r| r.template.name == "bike_ready")
        .map(|r| r.template.language)
        .collect();
    assert_eq!(left, ["en_GB"]);
    // The provider says the same.
    let refresh = TemplateRequest::Refresh { account: support(), name: "bike_ready".into() };
    let TemplateAnswer::List(now) = does(&mut c, refresh).await else { panic!() };
    assert_eq!(now.len(), 1);
    // It was never approved: its name is free.
    does(&mut c, create(&d.in_language("de"))).await;
    assert_eq!(
        told(&mut c, "bike_ready", "de").await,
        [
            line("created", "", "PENDING", "ana"),
            line("deleted", "PENDING", "", "ana"),
            line("created", "", "PENDING", "ana"),
        ]
    );
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_is_handed_over_as_a_sample() {
    let bed = Bed::new(0.0, 1).await;
    let mut c = bed.client().await;
    let file = crate::common::files::hand_over(&mut c, "bike.jpg", &crate::common::files::jpeg(50_000))
        .await
        .unwrap();
    let TemplateAnswer::Sample(handle) =
        does(&mut c, TemplateRequest::Sample { account: support(), file }).await
    else {
        panic!()
    };
    assert!(!handle.is_empty());
    let d = components::from_document(&json!({
        "name": "bike_picture", "language": "en_GB", "category": "UTILITY",
        "components": [
            { "type": "HEADER", "format": "IMAGE", "example": { "header_handle": [handle] } },
            { "type": "BODY", "text": READY, "example": { "body_text": [["Amara", "8812"]] } },
        ],
    }))
    .unwrap();
    let TemplateAnswer::Submitted(t) = does(&mut c, create(&d)).await else { panic!() };
    assert_eq!(t.header.unwrap().format, "image");
    let text = crate::common::files::hand_over(&mut c, "notes.txt", b"just words").await.unwrap();
    let p = refused(&mut c, TemplateRequest::Sample { account: support(), file: text }).await;
    assert_eq!(p.field.as_deref(), Some("sample"), "{p:?}");
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_is_loaded_with_its_sample_under_any_name() {
    let bed = Bed::new(0.0, 1).await;
    let mut c = bed.client().await;
    let load = |model: &str, language: &str, name: Option<&str>| TemplateRequest::Load {
        account: support(),
        model: model.into(),
        language: language.into(),
        name: name.map(Into::into),
    };
    for (language, name) in [("de", "our_invoice"), ("pt_BR", "our_invoice")] {
        let TemplateAnswer::Submitted(t) = does(&mut c, load("invoice", language, Some(name))).await else {
            panic!()
        };
        assert_eq!((t.name.as_str(), t.language.as_str(), t.status.as_str()), (name, language, "PENDING"));
        assert_eq!(t.header.as_ref().unwrap().format, "document");
    }
    assert_eq!(
        refused(&mut c, load("invoice", "de", Some("our_invoice"))).await.field.as_deref(),
        Some("name")
    );
    assert_eq!(refused(&mut c, load("love_letter", "de", None)).await.kind, "not_found");
    assert_eq!(log(&mut c, "template_loaded").await.len(), 2);
    let mut agent = colleague(&bed, "bo", "agent").await;
    assert_eq!(refused(&mut agent, load("estimate", "de", None)).await.kind, "forbidden");
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_is_refused_by_the_engine() {
    let bed = Bed::new(0.0, 1).await;
    let mut viewer = colleague(&bed, "vi", "viewer").await;
    let d = definition("bike_ready", READY);
    let name = || "order_update".to_owned();
    let language = || "en".to_owned();
    let settings = TemplateSettings::default();
    let acts = [
        create(&d),
        edit(&d),
        TemplateRequest::Load {
            account: support(),
            model: "invoice".into(),
            language: language(),
            name: None,
        },
        TemplateRequest::Delete { account: support(), name: name(), language: None },
        TemplateRequest::Set { account: support(), name: name(), language: language(), settings },
        TemplateRequest::SetAction { account: support(), name: "invoice_sent".into(), action: None },
        TemplateRequest::FromLibrary {
            account: support(),
            library: "x".into(),
            name: name(),
            language: language(),
            category: "UTILITY".into(),
            buttons: vec![],
        },
    ];
    for act in acts {
        let text = format!("{act:?}");
        assert_eq!(refused(&mut viewer, act).await.kind, "forbidden", "{text}");
    }
    // An agent sends, and makes none.
    let mut agent = colleague(&bed, "bo", "agent").await;
    assert!(!rows(&mut agent).await.is_empty());
    assert_eq!(refused(&mut agent, create(&d)).await.kind, "forbidden");
    bed.stop().await;
}
