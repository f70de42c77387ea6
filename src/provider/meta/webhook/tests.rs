//! Every sample of the documentation, and what must come out of it.

use super::*;
use crate::model::contact::{Identity, IdentityKind};
use crate::model::delivery::DeliveryState;
use crate::model::inbound::{Author, InboundMessage, Severity, StatusUpdate, TemplateNews};
use crate::model::message::{Body, MediaKind};
use serde_json::json;

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../../../tests/fixtures/meta/", $name, ".json"))
    };
}

const BSUID: &str = "GB.48820117365590214477";
const GROUP: &str = "Y2FwaV9ncm91cDoxNTU1MDEwMjAzMDoxMjAzNjM5OTAwMTEyMjMzNDQZD";

fn batch(body: &str) -> WebhookBatch {
    parse(body.as_bytes()).unwrap()
}

/// The changes of a whole body that must hold no problem.
fn changes(body: &str) -> Vec<Routed> {
    let b = batch(body);
    assert_eq!(b.problems, Vec::<String>::new());
    b.changes
}

fn only(body: &str) -> Routed {
    let mut all = changes(body);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

/// A body of the field `field` whose value has these parts beside the metadata.
fn wrap(field: &str, parts: &Value) -> String {
    let mut value = json!({
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "15550102030", "phone_number_id": "339901477551020" },
        "contacts": [{ "profile": { "name": "Amara Field", "username": "@amara.field" },
            "wa_id": "447700900123", "user_id": BSUID }],
    });
    for (k, v) in parts.as_object().unwrap() {
        value[k] = v.clone();
    }
    json!({ "object": "whatsapp_business_account",
        "entry": [{ "id": "218834005551201", "changes": [{ "field": field, "value": value }] }] })
    .to_string()
}

fn wrapped(sample: &str) -> Change {
    let m: Value = serde_json::from_str(sample).unwrap();
    only(&wrap("messages", &json!({ "messages": [m] }))).change
}

fn message(sample: &str) -> InboundMessage {
    as_message(wrapped(sample))
}

fn as_message(change: Change) -> InboundMessage {
    match change {
        Change::Message(m) => *m,
        other => panic!("not a message: {other:?}"),
    }
}

fn status(sample: &str) -> StatusUpdate {
    let s: Value = serde_json::from_str(sample).unwrap();
    match only(&wrap("messages", &json!({ "statuses": [s] }))).change {
        Change::Status(s) => *s,
        other => panic!("not a status: {other:?}"),
    }
}

fn amara() -> Vec<Identity> {
    vec![
        Identity::bsuid(BSUID),
        Identity::phone("447700900123"),
        Identity { kind: IdentityKind::Username, value: "amara.field".into() },
    ]
}

#[test]
fn the_envelope_names_number_business_and_person() {
    let r = only(fixture!("envelope"));
    assert_eq!(r.route.number.as_deref(), Some("339901477551020"));
    assert_eq!(r.route.display_phone.as_deref(), Some("15550102030"));
    assert_eq!(r.route.business.as_deref(), Some("218834005551201"));
    let m = as_message(r.change);
    assert_eq!(m.at, 1_795_176_009_000);
    assert_eq!(m.peer.identities, amara());
    assert_eq!(m.peer.profile_name, "Amara Field");
    assert_eq!(m.body, Body::text("Hi, is the blue frame in stock?"));
    assert_eq!((m.author, m.opens_window, m.history), (Author::Customer, true, false));
    assert_eq!(message(fixture!("in-text")).body, m.body);
}

#[test]
fn media_are_cards_without_the_short_lived_link() {
    let card = |sample: &str| match message(sample).body {
        Body::Media { kind, media, caption } => (kind, media, caption),
        other => panic!("{other:?}"),
    };
    let (kind, media, caption) = card(fixture!("in-image"));
    assert_eq!((kind, caption.as_str()), (MediaKind::Image, "Scratch here"));
    assert_eq!(media.id.as_deref(), Some("1290044501177301"));
    assert_eq!(media.mime, "image/jpeg");
    assert_eq!(media.sha256.as_deref(), Some("b4RknJVvLf9dJGU/5jz9SpViRrug/qfbK6eJB9F1QNg="));
    assert_eq!(media.link, None);
    assert_eq!(card(fixture!("in-video")).0, MediaKind::Video);
    assert_eq!(card(fixture!("in-voice")).0, MediaKind::Voice);
    let (kind, media, _) = card(fixture!("in-document"));
    assert_eq!((kind, media.filename.as_deref()), (MediaKind::Document, Some("receipt.pdf")));
    let (kind, media, _) = card(fixture!("in-sticker"));
    assert_eq!((kind, media.animated), (MediaKind::Sticker, true));
    let plain = fixture!("in-voice").replace(",\"voice\":true", "");
    assert_eq!(card(&plain).0, MediaKind::Audio);
}

#[test]
fn places_and_cards() {
    let Body::Location { latitude, name, address, .. } = message(fixture!("in-location")).body else {
        panic!()
    };
    assert!((latitude - 51.5033).abs() < 1e-9);
    assert_eq!((name.as_str(), address.as_str()), ("Example Wharf", "1 Example Wharf, London"));
    let m = message(fixture!("in-contacts"));
    assert_eq!(m.peer.identities, amara(), "the hidden phone comes from the matching contact");
    let Body::Contacts { cards } = m.body else { panic!() };
    assert_eq!((cards[0].name.as_str(), cards[0].first_name.as_str()), ("Tom Harker", "Tom"));
    assert_eq!(cards[0].phones[0].value, "+44 7700 900456");
    assert_eq!(cards[0].phones[0].wa_id.as_deref(), Some("447700900456"));
    let nameless = r#"{"from_user_id":"GB.48820117365590214477","id":"w","timestamp":1,"type":"contacts",
        "contacts":[{"phones":[{"phone":"+44 1"}],"origin":"contact_request"}]}"#;
    let Body::Contacts { cards } = message(nameless).body else { panic!() };
    assert_eq!(cards[0].name, "+44 1");
}

#[test]
fn reactions_come_and_go() {
    let Change::Reaction { target, emoji, own, provider_id, .. } = wrapped(fixture!("in-reaction")) else {
        panic!()
    };
    assert_eq!((target.as_str(), emoji.as_str(), own), ("wamid.OUT001", "❤️", false));
    assert_eq!(provider_id, "wamid.IN009");
    let gone = fixture!("in-reaction").replace(",\"emoji\":\"❤️\"", "");
    assert!(matches!(wrapped(&gone), Change::Reaction { emoji, .. } if emoji.is_empty()));
}

#[test]
fn choices_of_all_three_sources() {
    for (sample, source, id, title, quotes) in [
        (fixture!("in-template-button"), "template", "repair:8812:ack", "Thanks", "wamid.OUT002"),
        (fixture!("in-button"), "button", "slot-fri-10-yes", "Yes", "wamid.OUT003"),
        (fixture!("in-list"), "list", "plan-full", "Full", "wamid.OUT004"),
    ] {
        let m = message(sample);
        assert_eq!(m.quotes.as_deref(), Some(quotes));
        let Body::Choice { source: s, id: i, title: t, .. } = m.body else { panic!() };
        assert_eq!((s.as_str(), i.as_str(), t.as_str()), (source, id, title));
    }
    let Body::Choice { description, .. } = message(fixture!("in-list")).body else { panic!() };
    assert_eq!(description, "Four checks and parts");
}

#[test]
fn forms_keep_their_answers_as_text() {
    let Body::Form { name, text, response } = message(fixture!("in-flow")).body else { panic!() };
    assert_eq!((name.as_str(), text.as_str()), ("flow", "Sent"));
    assert_eq!(response, r#"{"flow_token":"ft-77a1","slot":"2026-11-24T10:00"}"#);
    let Body::Form { name, text, .. } = message(fixture!("in-call-permission")).body else { panic!() };
    assert_eq!((name.as_str(), text.as_str()), ("call_permission", "accept"));
}

#[test]
fn orders() {
    let Body::Order { catalog, text, items } = message(fixture!("in-order")).body else { panic!() };
    assert_eq!((catalog.as_str(), text.as_str()), ("5512345678901", "Please gift wrap"));
    assert_eq!((items[0].product.as_str(), items[0].currency.as_str()), ("sku-41", "GBP"));
    assert!((items[0].price - 14.5).abs() < 1e-9 && (items[0].quantity - 2.0).abs() < 1e-9);
}

#[test]
fn tags_say_how_a_message_came() {
    let m = message(fixture!("in-product"));
    assert_eq!((m.tag.as_deref(), m.quotes.as_deref()), (Some("product: sku-41"), Some("wamid.OUT007")));
    assert_eq!(message(fixture!("in-ad")).tag.as_deref(), Some("ad: Chat with us"));
    let m = message(fixture!("in-forwarded"));
    assert_eq!((m.tag.as_deref(), m.quotes), (Some("forwarded"), None));
    let many = fixture!("in-forwarded").replace("\"forwarded\"", "\"frequently_forwarded\"");
    assert_eq!(message(&many).tag.as_deref(), Some("forwarded many times"));
}

#[test]
fn system_messages() {
    let Change::IdentityChanged { old, new, text, at, provider_id } = wrapped(fixture!("in-number-changed"))
    else {
        panic!()
    };
    assert_eq!(old, [Identity::bsuid(BSUID), Identity::phone("447700900123")]);
    assert_eq!(new, [Identity::bsuid("GB.71190045118873660012"), Identity::phone("447700900789")]);
    assert!(text.starts_with("User Amara Field changed"));
    assert_eq!((at, provider_id.as_str()), (1_795_176_037_000, "wamid.SY001"));
    let Change::IdentityChanged { old, new, .. } = wrapped(fixture!("in-user-id-changed")) else { panic!() };
    assert_eq!(old, [Identity::bsuid(BSUID)]);
    assert_eq!(new, [Identity::bsuid("GB.71190045118873660012")]);
    let m = message(fixture!("in-identity-changed"));
    assert_eq!((m.author, m.opens_window), (Author::System, false));
    assert_eq!(
        m.body,
        Body::System { kind: "customer_identity_changed".into(), text: "User identity changed".into() }
    );
    // The oldest form names the new number differently, and no user ids.
    let old_form = r#"{"from":"447700900123","id":"s","timestamp":"1","type":"system",
        "system":{"body":"b","new_wa_id":"447700900789","type":"customer_changed_number"}}"#;
    let Change::IdentityChanged { old, new, .. } = wrapped(old_form) else { panic!() };
    assert_eq!((old, new), (vec![Identity::phone("447700900123")], vec![Identity::phone("447700900789")]));
}

#[test]
fn unsupported_and_unknown_types_stay_visible() {
    let m = message(fixture!("in-unsupported"));
    assert_eq!(
        m.body,
        Body::Unsupported { what: "poll".into(), details: "Message type is currently not supported.".into() }
    );
    assert!(m.opens_window);
    let new =
        r#"{"from":"447700900123","id":"x","timestamp":"5","type":"hologram","hologram":{"text":"hey"}}"#;
    assert_eq!(message(new).body, Body::Unknown { kind: "hologram".into(), text: "hey".into() });
    let new = r#"{"from":"447700900123","id":"x","timestamp":"5","type":"interactive",
        "interactive":{"type":"product_question","product_question":{"body":"which size?"}}}"#;
    assert_eq!(
        message(new).body,
        Body::Unknown { kind: "interactive product_question".into(), text: "which size?".into() }
    );
}

#[test]
fn an_opened_chat_and_a_lost_file() {
    let m = message(r#"{"from":"447700900123","id":"x","timestamp":"5","type":"request_welcome"}"#);
    assert_eq!((m.author, m.opens_window), (Author::System, false));
    assert_eq!(m.body, Body::System { kind: "request_welcome".into(), text: String::new() });
    let lost = r#"{"from":"447700900123","id":"x","timestamp":"5","type":"video",
        "errors":[{"code":131052,"title":"Media download error","error_data":{"details":"over 100 MB"}}]}"#;
    assert_eq!(message(lost).body, Body::Unknown { kind: "video".into(), text: "over 100 MB".into() });
}

#[test]
fn what_we_sent_from_the_phone_with_buttons_stays_readable() {
    let echo = |content: &str| {
        let mut m: Value = serde_json::from_str(content).unwrap();
        m["id"] = "wamid.E".into();
        m["timestamp"] = "7".into();
        as_message(only(&wrap("smb_message_echoes", &json!({ "message_echoes": [m] }))).change)
    };
    let m = echo(fixture!("send-buttons"));
    assert_eq!(m.peer.identities, amara());
    let Body::Interactive { kind, header, text, footer, buttons, .. } = m.body else { panic!() };
    assert_eq!((kind.as_str(), header.as_str()), ("button", "Pick-up"));
    assert_eq!((text.as_str(), footer.as_str()), ("Does Friday 10:00 suit you?", "Northwind Cycles"));
    assert_eq!(buttons[1].text, "Another time");
    let Body::Interactive { rows, buttons, .. } = echo(fixture!("send-list")).body else { panic!() };
    assert_eq!((rows[1].title.as_str(), buttons[0].text.as_str()), ("Full", "Show plans"));
    let Body::Template { name, language, text, .. } = echo(fixture!("send-template-named")).body else {
        panic!()
    };
    assert_eq!((name.as_str(), language.as_str()), ("repair_ready_named", "en_GB"));
    assert_eq!(text, "8812 · Amara");
    let mut own = serde_json::from_str::<Value>(fixture!("send-reaction")).unwrap();
    own["id"] = "wamid.E".into();
    own["timestamp"] = "7".into();
    let change = only(&wrap("smb_message_echoes", &json!({ "message_echoes": [own] }))).change;
    assert!(matches!(change, Change::Reaction { own: true, .. }));
}

#[test]
fn one_contact_does_not_colour_a_whole_history() {
    let body = fixture!("history")
        .replacen("\"history\":[", "\"contacts\":[{\"user_id\":\"GB.9\"}],\"history\":[", 1)
        .replace("\"user_id\":\"GB.48820117365590214477\",", "");
    let all = changes(&body);
    let m = as_message(all[0].change.clone());
    assert!(m.peer.identities.iter().all(|i| i.value != "GB.9"), "{:?}", m.peer);
}

#[test]
fn edits_and_deletions_name_their_target() {
    let Change::Edited { target, body, .. } = wrapped(fixture!("in-edit")) else { panic!() };
    assert_eq!((target.as_str(), body), ("wamid.IN001", Body::text("Hi, is the *red* frame in stock?")));
    let Change::Revoked { target, peer, .. } = wrapped(fixture!("in-revoke")) else { panic!() };
    assert_eq!((target.as_str(), peer.identities), ("wamid.IN001", amara()));
}

#[test]
fn in_a_group_the_group_is_the_peer() {
    let m = message(fixture!("in-group"));
    assert_eq!(m.peer.identities, [Identity { kind: IdentityKind::Group, value: GROUP.into() }]);
    assert_eq!(m.participant.as_deref(), Some("Amara Field"));
    let s = status(fixture!("status-group"));
    assert_eq!(s.recipient, [Identity { kind: IdentityKind::Group, value: GROUP.into() }]);
    assert_eq!(s.category.as_deref(), Some("group_service"));
}

#[test]
fn errors_of_the_number_are_notices() {
    let Change::Notice { field, severity, text, .. } = only(fixture!("in-errors")).change else { panic!() };
    assert_eq!((field.as_str(), severity), ("messages", Severity::Warning));
    assert!(text.starts_with("130429: Message failed to send because"), "{text}");
}

#[test]
fn statuses() {
    let r = only(fixture!("status-delivered"));
    let Change::Status(s) = r.change else { panic!() };
    assert_eq!((s.state, s.word.as_str()), (Some(DeliveryState::Delivered), "delivered"));
    assert_eq!(s.opaque.as_deref(), Some("outbox:01JD3KA2"));
    assert_eq!(s.recipient, amara());
    assert_eq!((s.category.as_deref(), s.free_until, s.at), (Some("utility"), None, 1_795_176_050_000));
    let s = status(fixture!("status-sent-free-entry"));
    assert_eq!((s.state, s.free_until), (Some(DeliveryState::Sent), Some(1_795_435_248_000)));
    assert_eq!(status(fixture!("status-read")).state, Some(DeliveryState::Read));
    assert_eq!(status(fixture!("status-played")).state, Some(DeliveryState::Played));
    let s = status(fixture!("status-failed"));
    let e = s.error.unwrap();
    assert_eq!((s.state, e.code), (Some(DeliveryState::Failed), 131_047));
    assert!(e.text.starts_with("Message failed to send because more than 24 hours"));
    assert!(e.cause.is_some() && e.next.unwrap().contains("template"));
    for word in ["warming", "unknown", "queued", "deleted"] {
        let s =
            status(&format!(r#"{{"id":"w","status":"{word}","timestamp":1795176050,"template_id":"1"}}"#));
        assert_eq!((s.state, s.word.as_str()), (None, word));
    }
}

#[test]
fn hidden_phones_and_parent_ids() {
    let m = as_message(only(fixture!("in-hidden-phone")).change);
    let kinds: Vec<_> = m.peer.identities.iter().map(|i| i.kind).collect();
    assert_eq!(kinds, [IdentityKind::Bsuid, IdentityKind::ParentBsuid, IdentityKind::Username]);
    assert_eq!(m.peer.profile_name, "Amara");
    let parts: Value = serde_json::from_str(fixture!("status-hidden-phone")).unwrap();
    let Change::Status(s) = only(&wrap("messages", &parts)).change else { panic!() };
    assert_eq!(s.recipient[0], Identity::bsuid(BSUID));
    assert!(s.recipient.iter().all(|i| i.kind != IdentityKind::Phone));
    for key in ["recipient_parent_user_id", "parent_recipient_user_id", "parent_user_id"] {
        let s = status(&format!(r#"{{"id":"w","status":"read","timestamp":"1","{key}":"GB.ENT.9"}}"#));
        assert!(
            s.recipient.iter().any(|i| i.kind == IdentityKind::ParentBsuid && i.value == "GB.ENT.9"),
            "{key}"
        );
    }
    let empty =
        r#"{"from":"","from_user_id":"GB.1","id":"w","timestamp":"1","type":"text","text":{"body":"x"}}"#;
    let body = wrap(
        "messages",
        &json!({ "messages": [serde_json::from_str::<Value>(empty).unwrap()],
        "contacts": [{ "wa_id": "", "user_id": "GB.1", "profile": {} }] }),
    );
    assert_eq!(as_message(only(&body).change).peer.identities, [Identity::bsuid("GB.1")]);
}

#[test]
fn contacts_are_matched_by_id_and_not_by_place() {
    let text = |from: &str, id: &str| {
        json!({ "from": from, "id": id, "timestamp": "1", "type": "text",
        "text": { "body": "x" } })
    };
    let body = wrap(
        "messages",
        &json!({
            "contacts": [{ "wa_id": "2", "profile": { "name": "Two" } }, { "wa_id": "1", "profile": { "name": "One" } }],
            "messages": [text("1", "a"), text("2", "b"), text("3", "c")],
        }),
    );
    let names: Vec<String> =
        changes(&body).into_iter().map(|r| as_message(r.change).peer.profile_name).collect();
    assert_eq!(names, ["One", "Two", ""]);
    // A single contact with another number is another person.
    let body = wrap(
        "messages",
        &json!({
            "contacts": [{ "wa_id": "2", "user_id": "GB.2", "profile": { "name": "Two" } }],
            "messages": [text("1", "a")],
        }),
    );
    let m = as_message(only(&body).change);
    assert_eq!((m.peer.identities, m.peer.profile_name), (vec![Identity::phone("1")], String::new()));
}

fn news(sample: &str) -> TemplateNews {
    match only(sample).change {
        Change::Template(t) => *t,
        other => panic!("{other:?}"),
    }
}

#[test]
fn template_news() {
    let t = news(fixture!("template-approved"));
    assert_eq!((t.provider_id.as_str(), t.name.as_str()), ("884201775533901", "repair_ready"));
    assert_eq!((t.language.as_str(), t.status.as_deref(), t.reason), ("en_GB", Some("APPROVED"), None));
    let t = news(fixture!("template-rejected"));
    assert_eq!(t.status.as_deref(), Some("REJECTED"));
    assert_eq!(
        t.reason.as_deref(),
        Some("INVALID_FORMAT: Two variables stand next to each other. Put text between them.")
    );
    let t = news(fixture!("template-paused"));
    assert_eq!(t.reason.as_deref(), Some("Paused for 3 hours because of negative feedback."));
    let t = news(fixture!("template-disabled"));
    assert_eq!(
        (t.status.as_deref(), t.reason.as_deref()),
        (Some("DISABLED"), Some("disabled on 2026-11-20"))
    );
    let t = news(fixture!("template-quality"));
    assert_eq!((t.quality.as_deref(), t.status), (Some("YELLOW"), None));
    let t = news(fixture!("template-components"));
    assert_eq!(t.body.as_deref(), Some("Hello {{1}}, ticket {{2}} is ready."));
    let t = news(fixture!("template-category-coming"));
    assert_eq!((t.category.as_deref(), t.coming_category.as_deref()), (Some("UTILITY"), Some("MARKETING")));
    let t = news(fixture!("template-category"));
    assert_eq!((t.category.as_deref(), t.coming_category), (Some("MARKETING"), None));
}

#[test]
fn template_ids_above_2_to_the_53_stay_exact_and_languages_get_an_underscore() {
    let body = fixture!("template-approved")
        .replace("884201775533901", "9007199254740993123")
        .replace("en_GB", "en-GB")
        .replace("APPROVED", "REINSTATED");
    let t = news(&body);
    assert_eq!((t.provider_id.as_str(), t.language.as_str()), ("9007199254740993123", "en_GB"));
    assert_eq!(t.status.as_deref(), Some("APPROVED"));
    let t = news(&fixture!("template-approved").replace("APPROVED", "FLAGGED"));
    assert!(t.status.is_none() && t.reason.unwrap().starts_with("flagged"));
    // The documentation prints a quality payload under the name of the status field.
    let mixed = fixture!("template-quality")
        .replace("message_template_quality_update", "message_template_status_update");
    assert_eq!(news(&mixed).quality.as_deref(), Some("YELLOW"));
}

fn notice(sample: &str) -> (Severity, String, Option<String>) {
    match only(sample).change {
        Change::Notice { severity, text, limit, .. } => (severity, text, limit),
        other => panic!("{other:?}"),
    }
}

#[test]
fn news_about_the_number() {
    let (severity, text, limit) = notice(fixture!("number-quality"));
    assert_eq!((severity, limit.as_deref()), (Severity::Info, Some("TIER_UNLIMITED")));
    assert_eq!(text, "Number quality: throughput upgrade (TIER_UNLIMITED)");
    assert_eq!(only(fixture!("number-quality")).route.display_phone.as_deref(), Some("15550102030"));
    let (severity, text, _) = notice(fixture!("number-name"));
    assert_eq!(
        (severity, text.as_str()),
        (Severity::Warning, "Display name “Northwind”: rejected (NAME_NOT_CONSISTENT)")
    );
    let (severity, text, _) = notice(fixture!("number-security"));
    assert_eq!(severity, Severity::Critical);
    assert_eq!(text, "Security of the number: pin reset request (by 61500011122233)");
    assert_eq!(notice(fixture!("number-username")).1, "Username “northwind.cycles”: reserved");
}

#[test]
fn news_about_the_account() {
    let (severity, text, _) = notice(fixture!("account-restriction"));
    assert_eq!(severity, Severity::Critical);
    assert_eq!(
        text,
        "Business account: account restriction: restricted biz initiated messaging until 2026-11-27, violation: spam"
    );
    let (severity, text, _) = notice(fixture!("account-disabled"));
    assert_eq!(severity, Severity::Critical);
    assert!(text.ends_with("schedule for disable on November 30, 2026"), "{text}");
    let r = only(fixture!("account-partner"));
    assert_eq!(r.route.business.as_deref(), Some("218834005551201"), "the entry names another business");
    assert!(notice(fixture!("account-partner")).1.contains("primary inactivity"));
    assert!(notice(fixture!("account-volume")).1.contains("utility 100001:250000, United Kingdom"));
    let r = only(fixture!("account-alert"));
    assert_eq!(r.route.number.as_deref(), Some("339901477551020"));
    assert_eq!(notice(fixture!("account-alert")).0, Severity::Warning);
    assert_eq!(notice(fixture!("account-review")).1, "Review of the business account: approved");
    let (_, text, limit) = notice(fixture!("account-capability"));
    assert_eq!(
        (text.as_str(), limit.as_deref()),
        ("The account may now use: messaging limit TIER_2K, 25 numbers", Some("TIER_2K"))
    );
    let endless = fixture!("account-capability").replace("2000", "-1");
    assert_eq!(notice(&endless).2.as_deref(), Some("TIER_UNLIMITED"));
}

#[test]
fn preferences_stop_and_resume() {
    let Change::Preference { peer, stop, at } = only(fixture!("preference")).change else { panic!() };
    assert!(stop && at == 1_795_176_240_000);
    assert_eq!(peer.identities[0], Identity::bsuid(BSUID));
    let resumed = fixture!("preference").replace("\"stop\"", "\"resume\"");
    assert!(matches!(only(&resumed).change, Change::Preference { stop: false, .. }));
    let other = fixture!("preference").replace("\"stop\"", "\"perhaps\"");
    assert!(matches!(only(&other).change, Change::Unknown { .. }));
}

#[test]
fn echoes_are_ours_and_were_sent() {
    let m = as_message(only(fixture!("echo")).change);
    assert_eq!((m.author, m.state, m.opens_window), (Author::Phone, Some(DeliveryState::Sent), false));
    assert_eq!(m.peer.identities, [Identity::bsuid(BSUID), Identity::phone("447700900123")]);
    assert_eq!(
        (m.peer.profile_name.as_str(), m.body),
        ("Amara Field", Body::text("Answered from the phone"))
    );
}

#[test]
fn the_address_book_names_people() {
    let Change::ContactSeen { peer, .. } = only(fixture!("state-sync")).change else { panic!() };
    assert_eq!((peer.identities, peer.profile_name.as_str()), (amara(), "Amara Field"));
    assert_eq!(changes(&fixture!("state-sync").replace("\"add\"", "\"remove\"")), []);
}

#[test]
fn history_knows_whose_message_it_was() {
    let all = changes(fixture!("history"));
    let ours = as_message(all[0].change.clone());
    assert_eq!((ours.author, ours.state), (Author::Phone, Some(DeliveryState::Read)));
    assert!(ours.history && !ours.opens_window);
    assert_eq!(ours.peer.identities, amara());
    let theirs = as_message(all[1].change.clone());
    assert_eq!((theirs.author, theirs.state), (Author::Customer, None));
    assert!(theirs.history && !theirs.opens_window);
    assert_eq!(theirs.body, Body::Unknown { kind: "media_placeholder".into(), text: String::new() });
    assert_eq!(theirs.peer.identities, amara());
    let file = as_message(only(fixture!("history-media")).change);
    assert!(file.history && file.provider_id == theirs.provider_id);
    assert!(matches!(file.body, Body::Media { kind: MediaKind::Image, .. }));
    let (severity, text, _) = notice(fixture!("history-declined"));
    assert_eq!(
        (severity, text.as_str()),
        (Severity::Info, "2593109: History sharing is turned off by the business")
    );
}

#[test]
fn groups_are_notices_and_names() {
    let all = changes(fixture!("group-lifecycle"));
    let Change::ContactSeen { peer, .. } = &all[0].change else { panic!() };
    assert_eq!((peer.identities[0].kind, peer.profile_name.as_str()), (IdentityKind::Group, "Saturday ride"));
    assert!(
        matches!(&all[1].change, Change::Notice { text, .. } if text == "Group Saturday ride: group create")
    );
    let (_, text, _) = notice(fixture!("group-participants"));
    assert!(text.ends_with("group participants remove: removed 447700900123"), "{text}");
    assert!(notice(fixture!("group-settings")).1.ends_with("group settings update"));
}

#[test]
fn calls_are_lines_and_open_the_window() {
    let m = as_message(only(fixture!("call-connect")).change);
    assert_eq!(m.body, Body::Call { event: "ringing".into(), seconds: None });
    assert!(m.opens_window);
    assert_eq!(m.peer.profile_name, "Amara Field");
    let end: Value = serde_json::from_str(fixture!("call-terminate")).unwrap();
    let ended = as_message(only(&wrap("calls", &json!({ "calls": [end.clone()] }))).change);
    assert_eq!(ended.body, Body::Call { event: "completed".into(), seconds: Some(50) });
    assert_ne!(ended.provider_id, m.provider_id, "the end of a call is not a repetition of its start");
    let mut missed = end;
    missed.as_object_mut().unwrap().remove("start_time");
    let m = as_message(only(&wrap("calls", &json!({ "calls": [missed] }))).change);
    assert_eq!(m.body, Body::Call { event: "missed".into(), seconds: None });
    let s: Value = serde_json::from_str(fixture!("call-status")).unwrap();
    let (_, text, _) = notice(&wrap("calls", &json!({ "statuses": [s] })));
    assert_eq!(text, "Call to 447700900123: ringing");
}

#[test]
fn the_providers_own_agent() {
    let m = as_message(only(fixture!("standby")).change);
    assert_eq!((m.author, m.peer.identities[0].value.as_str()), (Author::Customer, BSUID));
    let m = as_message(only(fixture!("standby-echo")).change);
    assert_eq!((m.author, m.state), (Author::Provider, Some(DeliveryState::Sent)));
    assert_eq!(
        (m.peer.identities, m.body),
        (vec![Identity::phone("447700900123")], Body::text("We are open 9 to 18."))
    );
    let r = only(fixture!("handover"));
    assert_eq!(r.route.number.as_deref(), Some("339901477551020"));
    let (_, text, _) = notice(fixture!("handover"));
    assert_eq!(
        text,
        "The conversation with 447700900123 was handed to us by ai agent, now with escalation: asked for a human"
    );
}

#[test]
fn unknown_fields_are_counted() {
    for field in ["flows", "automatic_events", "user_id_update", "something_of_2027"] {
        let r = only(&wrap(field, &json!({ "x": 1 })));
        assert_eq!(r.change, Change::Unknown { field: field.into() });
    }
}

#[test]
fn one_poison_update_does_not_break_the_batch() {
    let good = |id: &str| {
        json!({ "from": "447700900123", "id": id, "timestamp": 5, "type": "text",
        "text": { "body": "x" } })
    };
    let body = wrap(
        "messages",
        &json!({ "messages": [
        good("a"), 7, null, {}, { "id": "no-time", "from": "1" }, { "id": "nobody", "timestamp": "5" },
        { "id": "e", "timestamp": "5", "from": "447700900123", "type": "edit", "edit": {} }, good("b"),
        { "id": 12, "timestamp": "5", "from": "447700900123", "type": "text", "text": "not an object" },
    ], "statuses": [{ "status": "read" }, { "id": "w" }, { "id": "w", "status": "read", "timestamp": "9" }] }),
    );
    let b = batch(&body);
    let ids: Vec<String> = b
        .changes
        .iter()
        .map(|r| match &r.change {
            Change::Message(m) => m.provider_id.clone(),
            Change::Status(s) => s.word.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(ids, ["a", "b", "12", "read"]);
    assert_eq!(b.problems.len(), 8, "{:?}", b.problems);
    assert!(b.problems.iter().all(|p| p.starts_with("messages: ")));
}

#[test]
fn several_entries_and_changes_keep_their_order() {
    let one: Value = serde_json::from_str(fixture!("envelope")).unwrap();
    let two: Value = serde_json::from_str(fixture!("status-delivered")).unwrap();
    let body = json!({ "object": "whatsapp_business_account", "entry": [
        { "id": "1", "changes": [two["entry"][0]["changes"][0], {}, { "field": "messages" }, one["entry"][0]["changes"][0]] },
        { "id": "2", "field": "account_review_update", "value": { "decision": "REJECTED" } },
        3,
    ] });
    let b = batch(&body.to_string());
    assert!(matches!(b.changes[0].change, Change::Status(_)));
    assert!(matches!(b.changes[1].change, Change::Message(_)));
    assert!(matches!(b.changes[2].change, Change::Notice { severity: Severity::Critical, .. }));
    assert_eq!(b.changes[2].route.business.as_deref(), Some("2"));
    assert_eq!(b.problems.len(), 3, "{:?}", b.problems);
}

#[test]
fn what_is_no_webhook_at_all() {
    for bad in ["", "{", "nope", "[]", "7", "null", "\"x\"", "{\"entry\":[}"] {
        assert!(parse(bad.as_bytes()).is_err(), "{bad}");
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(parse(deep.as_bytes()).is_err());
    assert!(parse(&vec![b' '; BODY_MAX + 1]).unwrap_err().contains("bytes"));
    assert_eq!(batch("{}").problems.len(), 1);
}

#[test]
fn a_text_cut_inside_a_character_does_not_lose_the_batch() {
    let cut = fixture!("envelope").replace("in stock?", r"in stock? \ud83d \\ud83d \ud83d\ude00");
    let m = as_message(only(&cut).change);
    assert_eq!(
        m.body,
        Body::text("Hi, is the blue frame \u{0}".replace('\u{0}', "in stock? \u{fffd} \\ud83d 😀"))
    );
    let mut bytes = fixture!("envelope").as_bytes().to_vec();
    let at = bytes.windows(4).position(|w| w == b"blue").unwrap();
    bytes[at] = 0xff;
    let b = parse(&bytes).unwrap();
    let m = as_message(b.changes[0].change.clone());
    assert_eq!(m.body, Body::text("Hi, is the \u{fffd}lue frame in stock?"));
}

#[test]
fn escapes_of_metas_writer_are_read() {
    let escaped = fixture!("envelope").replace("Amara Field", r"Zo\u00eb \ud83d\ude00 a\/b");
    assert_eq!(as_message(only(&escaped).change).peer.profile_name, "Zoë 😀 a/b");
}
