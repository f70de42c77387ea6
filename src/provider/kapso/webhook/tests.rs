//! Every event of the reference, in every form that is known.

use super::*;
use crate::model::contact::{Identity, IdentityKind};
use crate::model::delivery::DeliveryState;
use crate::model::inbound::{Author, InboundMessage, StatusUpdate};
use crate::model::message::{Body, MediaKind};
use crate::provider::posts::TurnKind;
use serde_json::json;

const AT: Millis = 1_795_171_234_567;

fn head(event: &str) -> Head<'_> {
    Head { event: Some(event).filter(|e| !e.is_empty()), version: Some("v2"), ..Head::default() }
}

fn said(event: &str, body: &Value) -> Said {
    read(&head(event), body.to_string().as_bytes(), AT).unwrap()
}

fn changes(event: &str, body: &Value) -> Vec<Change> {
    let said = said(event, body);
    assert_eq!(said.batch.problems, Vec::<String>::new());
    said.batch.changes.into_iter().map(|r| r.change).collect()
}

fn message(event: &str, body: &Value) -> InboundMessage {
    let mut all = changes(event, body);
    match all.pop() {
        Some(Change::Message(m)) => *m,
        other => panic!("{other:?}"),
    }
}

fn statuses(event: &str, body: &Value) -> Vec<StatusUpdate> {
    changes(event, body)
        .into_iter()
        .filter_map(|c| if let Change::Status(s) = c { Some(*s) } else { None })
        .collect()
}

fn fixture(name: &str) -> Value {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/kapso").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn the_known_signature() {
    let body = "{\"message\":{\"id\":\"wamid.TEST1\",\"timestamp\":\"1795171200\",\"type\":\"text\",\"text\":{\"body\":\"Hola ñ\"},\"kapso\":{\"direction\":\"inbound\"}},\"phone_number_id\":\"110987654321\"}";
    assert_eq!(body.len(), 162);
    let secret = b"wh_sec_test_0001";
    let right = "26bf2106aedace8bca955b2bdf2d49bdc8269618474e154a68bd11d776372c01";
    assert_eq!(sign(secret, body.as_bytes()), right);
    let with = |signature: &str| {
        is_signed(secret, &Head { signature: Some(signature), ..Head::default() }, body.as_bytes())
    };
    assert!(with(right) && with(&format!("sha256={right}")) && with(&right.to_uppercase()));
    for bad in ["", "sha256=", &right[..63], &format!("{right}0"), &right.replace('2', "3"), "zz", "sha256=é"]
    {
        assert!(!with(bad), "{bad}");
    }
    let hub = format!("sha256={right}");
    let meta = |signature| Head { hub_signature: Some(signature), ..Head::default() };
    assert!(is_signed(secret, &meta(&hub), body.as_bytes()));
    assert!(!is_signed(secret, &meta(right), body.as_bytes()));
    // A wrong one of its own is not made good by another header.
    let both = Head { signature: Some("00"), hub_signature: Some(&hub), ..Head::default() };
    assert!(!is_signed(secret, &both, body.as_bytes()));
    assert!(!is_signed(b"", &Head { signature: Some(&sign(b"", b"x")), ..Head::default() }, b"x"));
    assert!(!is_signed(secret, &Head::default(), body.as_bytes()));
}

#[test]
fn a_message_of_a_customer() {
    let m = message("whatsapp.message.received", &fixture("received.json"));
    assert_eq!((m.provider_id.as_str(), m.at), ("wamid.HBgNNTIx1", 1_795_171_200_000));
    assert_eq!(m.body, Body::text("Hola"));
    assert_eq!(m.author, Author::Customer);
    assert!(m.opens_window && !m.history && m.state.is_none());
    assert_eq!(
        m.peer.identities,
        [
            Identity::bsuid("MX.20417755209913366482"),
            Identity::phone("5215512345678"),
            Identity { kind: IdentityKind::Username, value: "ana_r".into() },
        ]
    );
    assert_eq!(m.peer.profile_name, "Ana R");
    let said = said("whatsapp.message.received", &fixture("received.json"));
    assert_eq!(said.batch.changes[0].route.number.as_deref(), Some("110987654321"));
    // The same without the name of the event: it was kept, and is read again.
    assert_eq!(message("", &fixture("received.json")), m);
}

#[test]
fn a_customer_without_a_number() {
    let mut v = fixture("received.json");
    v["message"]["from"] = Value::Null;
    v["conversation"]["phone_number"] = Value::Null;
    let m = message("whatsapp.message.received", &v);
    assert_eq!(m.peer.identities[0], Identity::bsuid("MX.20417755209913366482"));
    assert!(m.peer.identities.iter().all(|i| i.kind != IdentityKind::Phone));
    v["message"]["from_user_id"] = Value::Null;
    v["conversation"]["business_scoped_user_id"] = Value::Null;
    let said = said("whatsapp.message.received", &v);
    assert!(said.batch.changes.is_empty() && said.batch.problems[0].contains("names nobody"), "{said:?}");
}

#[test]
fn batches_are_read_part_by_part() {
    let said = said("whatsapp.message.received", &fixture("batch.json"));
    assert_eq!(said.batch.changes.len(), 2);
    assert!(said.batch.problems.len() == 1 && said.batch.problems[0].contains("not an object"), "{said:?}");
    let ids: Vec<_> = said
        .batch
        .changes
        .iter()
        .map(|r| match &r.change {
            Change::Message(m) => (m.provider_id.clone(), m.peer.identities[0].value.clone()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        ids,
        [("wamid.111".into(), "5215512345678".into()), ("wamid.112".into(), "5215512345678".into())]
    );
}

#[test]
fn what_became_of_a_message_of_ours() {
    let v = fixture("failed.json");
    let got = statuses("whatsapp.message.failed", &v);
    let states: Vec<_> = got.iter().map(|s| (s.state, s.at)).collect();
    assert_eq!(
        states,
        [(Some(DeliveryState::Sent), 1_795_171_400_000), (Some(DeliveryState::Failed), 1_795_171_500_000)]
    );
    assert_eq!(got[0].opaque.as_deref(), Some("loc:01JD8Q"));
    assert_eq!(got[1].error.as_ref().map(|e| e.code), Some(131_047));
    assert_eq!(got[0].recipient, [Identity::phone("5215512345678")]);
    // And the message itself, for one that was not sent from here.
    let m = message("whatsapp.message.failed", &v);
    assert_eq!(m.author, Author::Provider);
    assert_eq!(m.state, Some(DeliveryState::Accepted), "the status tells of the failure");
    assert_eq!(m.peer.identities, [Identity::phone("5215512345678")], "digits, whatever the form");
    assert!(!m.opens_window);
}

#[test]
fn a_state_without_its_history_is_a_status() {
    for (event, state) in [
        ("whatsapp.message.sent", DeliveryState::Sent),
        ("whatsapp.message.delivered", DeliveryState::Delivered),
        ("whatsapp.message.read", DeliveryState::Read),
    ] {
        let mut v = fixture("failed.json");
        v["message"]["kapso"].as_object_mut().unwrap().remove("statuses");
        v["message"]["kapso"].as_object_mut().unwrap().remove("status");
        let got = statuses(event, &v);
        assert_eq!(got.len(), 1, "{event}");
        assert_eq!((got[0].state, got[0].provider_id.as_str()), (Some(state), "wamid.789"));
    }
    let mut v = fixture("failed.json");
    v["message"]["kapso"].as_object_mut().unwrap().remove("statuses");
    let got = statuses("whatsapp.message.failed", &v);
    assert!(got[0].error.as_ref().is_some_and(|e| e.next.is_some()), "{got:?}");
}

#[test]
fn the_alias_takes_the_state_from_the_message() {
    let mut v = fixture("failed.json");
    v["message"]["kapso"]["status"] = "delivered".into();
    v["message"]["kapso"]["statuses"] = json!([
        {"id": "wamid.789", "status": "delivered", "timestamp": "1795171450"}
    ]);
    for alias in ["whatsapp.message.status_update", "whatsapp.message.status_updated"] {
        let got = statuses(alias, &v);
        assert_eq!(got.iter().map(|s| s.state).collect::<Vec<_>>(), [Some(DeliveryState::Delivered)]);
    }
    v["message"]["kapso"].as_object_mut().unwrap().remove("status");
    let got = statuses("whatsapp.message.status_update", &v);
    assert_eq!(got[0].state, Some(DeliveryState::Delivered), "of the last status");
}

#[test]
fn statuses_of_other_messages_are_not_looked_at() {
    let mut v = fixture("failed.json");
    v["message"]["kapso"]["statuses"][0]["id"] = "wamid.other".into();
    assert!(statuses("whatsapp.message.failed", &v).iter().all(|s| s.provider_id == "wamid.789"));
}

#[test]
fn the_phone_of_the_number_and_its_past() {
    let mut v = fixture("failed.json");
    v["message"]["kapso"]["origin"] = "business_app".into();
    v["message"]["kapso"]["status"] = "sent".into();
    v["message"]["kapso"].as_object_mut().unwrap().remove("statuses");
    assert_eq!(message("whatsapp.message.sent", &v).author, Author::Phone);
    let mut v = fixture("received.json");
    v["message"]["kapso"]["origin"] = "history_sync".into();
    let m = message("whatsapp.message.received", &v);
    assert!(m.history && !m.opens_window);
}

#[test]
fn files_keep_their_place_and_not_kapsos_words() {
    let m = message("whatsapp.message.received", &fixture("image.json"));
    let Body::Media { kind: MediaKind::Image, media, caption } = &m.body else { panic!("{:?}", m.body) };
    assert_eq!(caption, "factura");
    assert_eq!(media.id.as_deref(), Some("2200334455667788"));
    assert!(media.link.as_ref().is_some_and(|l| l.starts_with("https://app.kapso.ai/rails/")));
    assert_eq!(
        (media.mime.as_str(), media.size, media.filename.as_deref()),
        ("image/jpeg", Some(90_112), None)
    );
    assert_eq!(m.quotes.as_deref(), Some("wamid.HBgNQUJD="));
    // Without the object of its type the file is known all the same.
    let mut v = fixture("image.json");
    v["message"].as_object_mut().unwrap().remove("image");
    let m = message("whatsapp.message.received", &v);
    let Body::Media { media, caption, .. } = &m.body else { panic!("{:?}", m.body) };
    assert_eq!((caption.as_str(), media.mime.as_str()), ("factura", "image/jpeg"));
}

#[test]
fn kapsos_text_is_the_last_resort() {
    let mut v = fixture("received.json");
    v["message"]["kapso"]["content"] = "generated".into();
    assert_eq!(message("whatsapp.message.received", &v).body, Body::text("Hola"));
    v["message"].as_object_mut().unwrap().remove("text");
    assert_eq!(message("whatsapp.message.received", &v).body, Body::text("generated"));
    v["message"]["kapso"]["content"] = json!({ "text": "in an object" });
    assert_eq!(message("whatsapp.message.received", &v).body, Body::text("in an object"));
    v["message"]["type"] = "something_new".into();
    let Body::Unknown { kind, text } = message("whatsapp.message.received", &v).body else { panic!() };
    assert_eq!((kind.as_str(), text.as_str()), ("something_new", "in an object"));
}

#[test]
fn a_template_shows_its_text_or_its_values() {
    let mut v = fixture("failed.json");
    v["message"]["type"] = "template".into();
    v["message"].as_object_mut().unwrap().remove("text");
    v["message"]["kapso"]["message_type_data"] =
        json!({ "name": "order_update", "language": "en-US", "params": ["Ana", { "text": "4711" }] });
    v["message"]["kapso"]["content"] = "Template: order_update".into();
    let Body::Template { name, language, text, .. } = message("whatsapp.message.sent", &v).body else {
        panic!()
    };
    assert_eq!((name.as_str(), language.as_str(), text.as_str()), ("order_update", "en_US", "Ana · 4711"));
    v["message"]["kapso"]["content"] = "Hi Ana, your order 4711 is ready.".into();
    let Body::Template { text, .. } = message("whatsapp.message.sent", &v).body else { panic!() };
    assert_eq!(text, "Hi Ana, your order 4711 is ready.");
}

#[test]
fn reactions_are_on_their_message() {
    let mut v = fixture("received.json");
    v["message"]["type"] = "reaction".into();
    v["message"]["reaction"] = json!({ "message_id": "wamid.1", "emoji": "👍" });
    let all = changes("whatsapp.message.received", &v);
    assert!(
        matches!(&all[..], [Change::Reaction { own: false, target, emoji, .. }] if target == "wamid.1" && emoji == "👍"),
        "{all:?}"
    );
    // One of another program on our side: no state waits for a message that never comes.
    v["message"]["kapso"]["direction"] = "outbound".into();
    let all = changes("whatsapp.message.sent", &v);
    assert!(matches!(&all[..], [Change::Reaction { own: true, .. }]), "{all:?}");
}

#[test]
fn conversations_tell_of_people() {
    let v = json!({ "conversation": fixture("received.json")["conversation"], "phone_number_id": "110987654321" });
    let all = changes("whatsapp.conversation.created", &v);
    assert!(
        matches!(&all[..], [Change::ContactSeen { peer, .. }] if peer.profile_name == "Ana R"),
        "{all:?}"
    );
    assert_eq!(changes("whatsapp.conversation.ended", &v), []);
    assert_eq!(changes("whatsapp.conversation.inactive", &v), []);
}

#[test]
fn people_change_their_id_and_their_mind() {
    let v = fixture("identity.json");
    let all = changes("whatsapp.contact.identity_changed", &v);
    let [Change::IdentityChanged { old, new, provider_id, .. }] = &all[..] else { panic!("{all:?}") };
    assert_eq!(old, &[Identity::bsuid("MX.1111"), Identity::phone("5215512345678")]);
    assert_eq!(new, &[Identity::bsuid("MX.2222"), Identity::phone("5215512345678")]);
    assert_eq!(all, changes("", &v), "the same news again is the same line: {provider_id}");
    let v = json!({
        "contact": v["contact"], "phone_number_id": "110987654321",
        "marketing_preference": { "status": "stopped", "occurred_at": "2026-11-20T10:40:00Z", "sequence": 2 }
    });
    let all = changes("whatsapp.contact.marketing_preference_changed", &v);
    assert!(matches!(&all[..], [Change::Preference { stop: true, at: 1_795_171_200_000, .. }]), "{all:?}");
}

#[test]
fn numbers_come_and_go() {
    let created = json!({
        "phone_number_id": "110987654321", "project": { "id": "p" },
        "customer": { "id": "c1", "external_id": "support" }
    });
    let said = said("whatsapp.phone_number.created", &created);
    assert_eq!(said.batch, crate::model::inbound::WebhookBatch::default());
    let turn = &said.turns[0];
    assert_eq!((turn.kind, turn.number.as_str()), (TurnKind::Created, "110987654321"));
    assert_eq!((turn.customer.as_str(), turn.external.as_str()), ("c1", "support"));
    for (event, kind) in [
        ("whatsapp.phone_number.deleted", TurnKind::Deleted),
        ("whatsapp.phone_number.disconnected", TurnKind::Disconnected),
        ("whatsapp.phone_number.reconnected", TurnKind::Reconnected),
        ("whatsapp.phone_number.offboarded", TurnKind::Offboarded),
    ] {
        let v = json!({
            "id": "e1", "event": event, "occurred_at": "2026-11-20T10:40:00Z", "phone_number_id": "110987654321",
            "disconnection": { "reason": "TOKEN_REVOKED", "initiated_by": "business" }
        });
        // By the header, and by the body.
        for named in [event, ""] {
            let turn = &super::tests::said(named, &v).turns[0];
            assert_eq!((turn.kind, turn.at), (kind, Some(1_795_171_200_000)), "{event}");
            assert_eq!(turn.reason, "token revoked, by business");
        }
    }
    for (event, kind) in [
        ("whatsapp.account.disabled", TurnKind::AccountDisabled),
        ("whatsapp.account.restricted", TurnKind::AccountRestricted),
        ("whatsapp.account.reinstated", TurnKind::AccountReinstated),
        ("whatsapp.account.violation", TurnKind::AccountViolation),
    ] {
        let v = json!({
            "id": "e2", "event": event, "business_account_id": "220033440055",
            "phone_numbers": [{ "id": "110987654321" }], "restrictions": ["SEND"],
            "violation": { "violation_type": "SPAM" }, "ban": { "state": "DISABLE", "date_label": "2026-12-01" }
        });
        let turn = &super::tests::said(event, &v).turns[0];
        assert_eq!((turn.kind, turn.business.as_str()), (kind, "220033440055"));
        assert_eq!(turn.reason, "send, spam, disable on 2026-12-01");
    }
}

#[test]
fn the_older_form_is_read_as_far_as_it_is_known() {
    let v = fixture("v1.json");
    let head = Head { event: Some("whatsapp.message.received"), version: Some("v1"), ..Head::default() };
    let said = read(&head, v.to_string().as_bytes(), AT).unwrap();
    assert_eq!(said.batch.changes[0].route.number.as_deref(), Some("110987654321"));
    let Change::Message(m) = &said.batch.changes[0].change else { panic!("{said:?}") };
    assert_eq!((m.provider_id.as_str(), &m.body), ("wamid.V1", &Body::text("Hola v1")));
    assert_eq!(m.peer.identities, [Identity::phone("5215512345678")]);
    let head = Head { event: Some("whatsapp.config.created"), version: Some("v1"), ..Head::default() };
    let body = json!({ "whatsapp_config": { "id": "u", "phone_number_id": "110987654321" } }).to_string();
    let said = read(&head, body.as_bytes(), AT).unwrap();
    assert_eq!(said.turns[0].number, "110987654321");
}

#[test]
fn metas_own_form_and_old_envelopes() {
    let meta = include_bytes!("../../../../tests/fixtures/meta/envelope.json");
    let said = read(&Head::default(), meta, AT).unwrap();
    assert_eq!(said.batch, crate::provider::meta::webhook::parse(meta).unwrap());
    assert!(!said.batch.changes.is_empty());
    let enveloped = json!({ "event": "whatsapp.message.received", "data": fixture("received.json") });
    assert_eq!(message("", &enveloped), message("whatsapp.message.received", &fixture("received.json")));
}

#[test]
fn what_is_not_known_is_kept() {
    for (event, body) in [
        ("workflow.execution.handoff", json!({ "execution": {} })),
        ("", json!({ "phone_number_id": "1" })),
        ("whatsapp.phone_number.moved", json!({ "phone_number_id": "1" })),
    ] {
        let all = changes(event, &body);
        assert!(matches!(&all[..], [Change::Unknown { .. }]), "{event}: {all:?}");
    }
    for nonsense in ["", "[]", "3", "{", "null"] {
        assert!(read(&Head::default(), nonsense.as_bytes(), AT).is_err(), "{nonsense}");
    }
}

mod fuzz {
    use super::*;
    use proptest::prelude::*;

    const EVENTS: &[&str] = &[
        "",
        "whatsapp.message.received",
        "whatsapp.message.sent",
        "whatsapp.message.read",
        "whatsapp.message.failed",
        "whatsapp.message.status_update",
        "whatsapp.conversation.created",
        "whatsapp.contact.identity_changed",
        "whatsapp.contact.marketing_preference_changed",
        "whatsapp.meta_business_agent.handover",
        "whatsapp.phone_number.created",
        "whatsapp.account.violation",
        "whatsapp.config.created",
        "project.event",
    ];

    fn any_json() -> impl Strategy<Value = Value> {
        let word = prop::sample::select(vec![
            "id",
            "type",
            "text",
            "message",
            "conversation",
            "kapso",
            "statuses",
            "direction",
            "inbound",
            "outbound",
            "status",
            "from",
            "to",
            "timestamp",
            "1795171200",
            "image",
            "reaction",
            "message_id",
            "content",
            "data",
            "phone_number_id",
            "phone_number",
            "contact",
            "previous",
            "business_scoped_user_id",
            "wa_id",
            "template",
            "message_type_data",
            "params",
            "whatsapp_config",
            "message_type",
            "marketing_preference",
            "stopped",
            "customer",
            "phone_numbers",
            "restrictions",
            "occurred_at",
            "2026-11-20T10:40:00Z",
            "media_data",
            "wamid.1",
            "system",
            "group_id",
            "entry",
            "changes",
        ]);
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            word.clone().prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 64, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((word.clone(), inner), 0..6)
                    .prop_map(|kv| Value::Object(kv.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
            ]
        })
    }

    fn sound(said: &Said) {
        for p in &said.batch.problems {
            assert!(p.chars().count() <= PROBLEM_CHARS, "{p}");
        }
        for r in &said.batch.changes {
            match &r.change {
                Change::Message(m) => assert!(!m.provider_id.is_empty() && !m.peer.identities.is_empty()),
                Change::Unknown { field } => assert!(field.chars().count() <= 80),
                _ => {}
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&Head::default(), &bytes, AT);
        }

        #[test]
        fn any_json_of_any_event_is_read_without_a_panic(
            event in prop::sample::select(EVENTS), version in prop::sample::select(vec!["v1", "v2"]),
            parts in prop::collection::vec(("message|conversation|contact|previous|data|kapso|customer", any_json()), 0..5),
        ) {
            let body = Value::Object(parts.into_iter().collect());
            let head = Head { event: Some(event), version: Some(version), ..Head::default() };
            sound(&read(&head, body.to_string().as_bytes(), AT).unwrap());
        }

        #[test]
        fn a_damaged_body_is_read_without_a_panic(at in 0usize..900, with in any::<u8>(), cut in 0usize..900) {
            for name in ["received.json", "failed.json", "image.json", "batch.json", "identity.json", "v1.json"] {
                let mut bytes = fixture(name).to_string().into_bytes();
                let at = at % bytes.len();
                bytes[at] = with;
                let _ = read(&head("whatsapp.message.sent"), &bytes, AT).map(|s| sound(&s));
                bytes.truncate(cut);
                let _ = read(&Head::default(), &bytes, AT);
            }
        }
    }
}
