//! What the message history endpoint says: delivery events of one message, no content.

use super::errors;
use crate::model::delivery::DeliveryState;
use crate::model::inbound::StatusUpdate;
use serde_json::Value;

/// What is asked for.
pub(super) const FIELDS: &str =
    "id,message_id,events{delivery_status,webhook_update_state,timestamp,application,error_description}";

fn event(provider_id: &str, e: &Value) -> Option<StatusUpdate> {
    let word = e.get("delivery_status")?.as_str()?.to_ascii_lowercase();
    let stamp = e.get("timestamp")?;
    let seconds = stamp.as_i64().or_else(|| stamp.as_str()?.parse().ok())?;
    let state = DeliveryState::parse(&word).filter(|s| {
        matches!(
            s,
            DeliveryState::Sent
                | DeliveryState::Delivered
                | DeliveryState::Read
                | DeliveryState::Played
                | DeliveryState::Failed
        )
    });
    let error = (state == Some(DeliveryState::Failed)).then(|| {
        let why = e.get("error_description").and_then(Value::as_str).filter(|t| !t.trim().is_empty());
        errors::plain_error(
            why.unwrap_or("the provider reports that it failed and gives no reason"),
            "The provider could not deliver it.",
            "send it again, or reach the customer another way",
        )
    });
    Some(StatusUpdate {
        provider_id: provider_id.to_owned(),
        opaque: None,
        state,
        word,
        at: seconds.saturating_mul(1000),
        recipient: Vec::new(),
        error,
        category: None,
        free_until: None,
    })
}

/// The events of one message, oldest first. What is about another message is not looked at.
pub(super) fn statuses(answer: &Value, provider_id: &str) -> Vec<StatusUpdate> {
    let nodes = answer.get("data").and_then(Value::as_array).into_iter().flatten();
    let mut out: Vec<StatusUpdate> = nodes
        .filter(|n| n.get("message_id").and_then(Value::as_str) == Some(provider_id))
        .filter_map(|n| n.pointer("/events/data")?.as_array())
        .flatten()
        .filter_map(|e| event(provider_id, e))
        .collect();
    out.sort_by_key(|s| (s.at, s.state));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn events_become_statuses_and_strange_ones_are_kept_as_words() {
        let answer = json!({"data": [
            {"id": "1", "message_id": "wamid.A", "events": {"data": [
                {"id": "3", "delivery_status": "READ", "timestamp": 1_795_176_071},
                {"id": "2", "delivery_status": "SENT", "timestamp": "1795176001", "webhook_update_state": "FAILED"},
                {"id": "4", "delivery_status": "DELETED", "timestamp": 1_795_176_080},
                {"id": "5", "delivery_status": "SENT"},
                {"id": "6", "delivery_status": "QUEUED", "timestamp": 1_795_176_090},
            ]}},
            {"id": "9", "message_id": "wamid.B", "events": {"data": [
                {"delivery_status": "FAILED", "timestamp": 1}
            ]}},
        ]});
        let got: Vec<_> =
            statuses(&answer, "wamid.A").into_iter().map(|s| (s.state, s.word, s.at / 1000)).collect();
        assert_eq!(
            got,
            [
                (Some(DeliveryState::Sent), "sent".to_owned(), 1_795_176_001),
                (Some(DeliveryState::Read), "read".to_owned(), 1_795_176_071),
                (None, "deleted".to_owned(), 1_795_176_080),
                (None, "queued".to_owned(), 1_795_176_090),
            ]
        );
        let failed = statuses(&answer, "wamid.B").remove(0);
        assert!(failed.error.is_some_and(|e| e.next.is_some()));
        for nonsense in [json!(null), json!({"data": 3}), json!({"data": [{"message_id": "x"}]})] {
            assert!(statuses(&nonsense, "x").is_empty());
        }
    }
}
