//! Whatever comes in: reading it never panics, and what comes out can be applied.

use super::*;
use proptest::prelude::*;
use serde_json::json;

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../../../tests/fixtures/meta/", $name, ".json"))
    };
}

/// JSON of any shape, with words of the wire format among its keys and values.
fn any_json() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "id",
        "type",
        "text",
        "messages",
        "statuses",
        "from",
        "timestamp",
        "image",
        "system",
        "edit",
        "reaction",
        "contacts",
        "calls",
        "groups",
        "history",
        "threads",
        "standby",
        "message_echoes",
        "body",
        "context",
        "1",
        "interactive",
        "button",
        "value",
        "field",
        "metadata",
        "group_id",
        "errors",
        "code",
        "status",
        "1795176009",
        "recipient_id",
        "event",
        "message_template_id",
        "state_sync",
        "contact",
        "user_preferences",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
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

const FIELDS: &[&str] = &[
    "messages",
    "smb_message_echoes",
    "smb_app_state_sync",
    "history",
    "standby",
    "calls",
    "user_preferences",
    "message_template_status_update",
    "phone_number_quality_update",
    "phone_number_name_update",
    "security",
    "business_username_update",
    "account_update",
    "account_alerts",
    "account_review_update",
    "business_capability_update",
    "messaging_handovers",
    "group_lifecycle_update",
    "other",
];

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn a_damaged_body_is_read_without_a_panic(at in 0usize..600, with in any::<u8>(), cut in 0usize..700) {
        for sample in [fixture!("envelope"), fixture!("status-delivered"), fixture!("history"), fixture!("standby")] {
            let mut bytes = sample.as_bytes().to_vec();
            let at = at % bytes.len();
            bytes[at] = with;
            let _ = parse(&bytes);
            bytes.truncate(cut);
            let _ = parse(&bytes);
        }
    }

    #[test]
    fn any_json_in_any_field_is_read_without_a_panic(
        field in prop::sample::select(FIELDS), value in any_json(), key in prop::sample::select(vec![
            "messages", "statuses", "history", "calls", "groups", "message_echoes", "state_sync", "standby",
            "user_preferences", "errors", "contacts",
        ]), items in prop::collection::vec(any_json(), 0..4),
    ) {
        let mut value = value;
        if let Some(o) = value.as_object_mut() {
            o.insert(key.to_owned(), items.into());
        }
        let body = json!({ "entry": [{ "id": "1", "changes": [{ "field": field, "value": value }] }] }).to_string();
        let b = parse(body.as_bytes()).unwrap();
        prop_assert!(b.problems.iter().all(|p| p.chars().count() <= PROBLEM_CHARS));
        for r in &b.changes {
            if let Change::Message(m) = &r.change {
                prop_assert!(!m.provider_id.is_empty() && !m.peer.identities.is_empty());
            }
        }
    }
}
