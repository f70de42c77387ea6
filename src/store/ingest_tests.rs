//! What webhooks do to the store: every shape, every order, every repetition.

use super::tests::{Bed, NOW, NUMBER, account, marta, says};
use super::*;
use crate::model::event::{AccountSpec, Actor, EventBody};
use crate::model::ids::{AccountId, EventId};
use crate::model::inbound::{Change, Route, Routed, WebhookBatch};

fn batch(number: &str, changes: Vec<Change>) -> WebhookBatch {
    let route = Route { number: Some(number.into()), ..Route::default() };
    let changes = changes.into_iter().map(|change| Routed { route: route.clone(), change }).collect();
    WebhookBatch { changes, problems: vec![] }
}

/// A webhook with an id to name it by.
async fn post(bed: &Bed, batch: WebhookBatch) -> (EventId, Reply) {
    let event = Event::new(
        bed.clock.now(),
        Actor::Provider,
        EventBody::WebhookReceived {
            account: account(),
            provider: "meta".into(),
            raw: b"{}".to_vec(),
            batch: Some(batch),
            problem: None,
        },
    );
    (event.id, bed.store.apply(event).await.unwrap())
}

#[tokio::test]
async fn a_kept_webhook_is_replayed_after_a_fix_and_a_second_time_changes_nothing() {
    let bed = Bed::new().await;
    // The second number is not configured yet: its update is a problem, the first one's is not.
    let mut both = batch(NUMBER, vec![says(&marta(), "w1", NOW, "a")]);
    both.changes.extend(batch("77", vec![says(&marta(), "w2", NOW, "b")]).changes);
    let (webhook, reply) = post(&bed, both.clone()).await;
    assert_eq!(reply.problems, 1);
    assert_eq!(bed.store.read(Reader::webhook_facts).await.unwrap().1, 1);
    let raw = bed.store.read(move |r| r.raw_webhook(webhook)).await.unwrap().unwrap();
    assert_eq!((raw.account, raw.body), (account(), b"{}".to_vec()));
    let replay = || EventBody::WebhookReplayed { webhook, batch: Some(both.clone()), problem: None };
    assert_eq!(bed.apply(replay()).await.unwrap().problems, 1, "nothing was fixed");
    let spec = AccountSpec {
        id: AccountId::new("sales"),
        name: "Sales".into(),
        provider: "meta".into(),
        environment: "production".into(),
        number: "77".into(),
        business: "218834005551201".into(),
    };
    bed.apply(EventBody::AccountConfigured { spec }).await.unwrap();
    for _ in 0..2 {
        assert_eq!(bed.apply(replay()).await.unwrap().problems, 0);
        assert_eq!(bed.store.read(Reader::webhook_facts).await.unwrap().1, 0);
        assert_eq!(bed.threads().await.iter().map(|t| t.unread).collect::<Vec<_>>(), [1, 1]);
    }
    let gone = EventBody::WebhookReplayed { webhook: EventId::new(), batch: None, problem: None };
    assert!(matches!(bed.apply(gone).await, Err(StoreError::Missing(_))));
    bed.whole().await;
}
