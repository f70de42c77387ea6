//! The flight recorder as its users see it.

use super::tests::{Bed, NOW, NUMBER, account, marta, says};
use super::*;
use crate::model::delivery::DeliveryState;
use crate::model::event::{AccountSpec, Actor, EventBody};
use crate::model::ids::{AccountId, EventId};
use crate::model::inbound::{Change, Route, Routed, StatusUpdate, WebhookBatch};
use crate::protocol::{WebhookFilter, WebhookState};
use health::Table;

const DAY: i64 = 86_400_000;

/// A webhook of so many bytes; without `good` it could not be read.
async fn post(bed: &Bed, raw: &str, good: bool) -> EventId {
    post_by(bed, raw, good.then(WebhookBatch::default)).await
}

async fn post_by(bed: &Bed, raw: &str, batch: Option<WebhookBatch>) -> EventId {
    let problem = batch.is_none().then(|| "the body is not JSON".to_owned());
    let body = EventBody::WebhookReceived {
        account: account(),
        provider: "meta".into(),
        raw: raw.as_bytes().to_vec(),
        batch,
        problem,
    };
    let event = Event::new(bed.clock.now(), Actor::Provider, body);
    let id = event.id;
    bed.store.apply(event).await.unwrap();
    id
}

async fn expire(bed: &Bed, before: i64, failed_before: i64, keep: Option<u64>) -> Reply {
    let mut reply = Reply { more: true, ..Reply::default() };
    for _ in 0..100 {
        if !reply.more {
            break;
        }
        let body =
            EventBody::WebhooksExpired { before, failed_before: Some(failed_before), keep_bytes: keep };
        reply = bed.apply(body).await.unwrap();
    }
    reply
}

async fn list(bed: &Bed, filter: WebhookFilter) -> Vec<KeptWebhook> {
    let (mut out, mut next, mut first) = (Vec::new(), None, true);
    while first || next.is_some() {
        first = false;
        let f = filter.clone();
        let (page, more) =
            bed.store.read_slow(move |r| r.webhooks(&f, Some("77"), next, 7, 0)).await.unwrap();
        assert!(page.len() <= 7);
        out.extend(page);
        next = more;
    }
    out
}

async fn room(bed: &Bed) -> u64 {
    bed.store.read_slow(|r| Ok(r.webhook_room()?.0)).await.unwrap()
}

#[tokio::test]
async fn the_oldest_applied_go_first_and_what_failed_stays_longer() {
    let bed = Bed::new().await;
    let mut failed = Vec::new();
    for day in 0..10 {
        bed.clock.set(NOW + day * DAY);
        failed.push(post(&bed, &"f".repeat(100), false).await);
        for _ in 0..3 {
            post(&bed, &"a".repeat(1000), true).await;
        }
    }
    assert_eq!(room(&bed).await, 31_000);
    bed.whole().await;
    // By age: the failed ones of the same days stay.
    expire(&bed, NOW + 2 * DAY, NOW - DAY, None).await;
    assert_eq!(room(&bed).await, 31_000 - 6_000);
    // By size: applied ones go first, the oldest before the newer.
    expire(&bed, NOW, NOW, Some(10_000)).await;
    assert!(room(&bed).await <= 10_000);
    let left = list(&bed, WebhookFilter::default()).await;
    assert_eq!(left.iter().filter(|w| w.state == WebhookState::Failed).count(), 10);
    let oldest = left.iter().filter(|w| w.state == WebhookState::Applied).map(|w| w.received_at).min();
    assert_eq!((left.len(), oldest), (19, Some(NOW + 7 * DAY)));
    // Nothing else is left: now the failed ones.
    expire(&bed, NOW, NOW, Some(500)).await;
    let left = list(&bed, WebhookFilter::default()).await;
    assert_eq!(
        left.iter().map(|w| w.id).collect::<Vec<_>>(),
        failed[5..].iter().rev().copied().collect::<Vec<_>>()
    );
    bed.whole().await;
    // The same again changes nothing.
    assert!(!expire(&bed, NOW, NOW, Some(500)).await.more);
    assert_eq!(room(&bed).await, 500);
    // By age, three times as old.
    expire(&bed, NOW + 20 * DAY, NOW + 7 * DAY, None).await;
    assert_eq!(list(&bed, WebhookFilter::default()).await.len(), 3);
}

#[tokio::test]
async fn a_step_is_small_and_says_that_there_is_more() {
    let bed = Bed::new().await;
    for _ in 0..1100 {
        post(&bed, "x", true).await;
    }
    let body = EventBody::WebhooksExpired { before: NOW + 1, failed_before: None, keep_bytes: None };
    let mut left = Vec::new();
    loop {
        let more = bed.apply(body.clone()).await.unwrap().more;
        left.push(bed.store.read(|r| r.count(Table::Webhooks)).await.unwrap());
        if !more {
            break;
        }
    }
    assert_eq!(left, [600, 100, 0]);
    bed.whole().await;
}

#[tokio::test]
async fn the_list_is_filtered_and_paged() {
    let bed = Bed::new().await;
    let mut ids = Vec::new();
    for i in 0..30 {
        bed.clock.advance(60_000);
        let raw = match i % 3 {
            0 => format!("{{\"id\":\"wamid.A\\/{i}\",\"phone_number_id\":\"77\"}}"),
            1 => format!("{{\"id\":\"wamid.B{i}\",\"body\":\"ol\\u00e1\"}}"),
            _ => format!("{{oops {i}"),
        };
        ids.push(post(&bed, &raw, i % 3 != 2).await);
    }
    let all = list(&bed, WebhookFilter::default()).await;
    assert_eq!(all.iter().map(|w| w.id).collect::<Vec<_>>(), ids.iter().rev().copied().collect::<Vec<_>>());
    let text = |t: &str| WebhookFilter { text: Some(t.into()), ..WebhookFilter::default() };
    assert_eq!(list(&bed, text("wamid.A/27")).await.len(), 1, "as JSON writes a slash");
    assert_eq!(list(&bed, text("olá")).await.len(), 10);
    assert_eq!(list(&bed, text("nobody")).await.len(), 0);
    let failed = WebhookFilter {
        states: vec![WebhookState::Partial, WebhookState::Failed],
        ..WebhookFilter::default()
    };
    assert_eq!(list(&bed, failed).await.len(), 10);
    let since = WebhookFilter { since: Some(bed.clock.now() - 4 * 60_000), ..WebhookFilter::default() };
    assert_eq!(list(&bed, since).await.len(), 5);
    // By the account's path, or by its number in the body.
    let of = |a: &str| WebhookFilter { account: Some(AccountId::new(a)), ..WebhookFilter::default() };
    assert_eq!(list(&bed, of("support")).await.len(), 30);
    assert_eq!(list(&bed, of("sales")).await.len(), 10);
    let id = ids[4];
    let one = bed.store.read_slow(move |r| r.webhook(id)).await.unwrap();
    assert_eq!((one.state, one.size as usize), (WebhookState::Applied, one.body.len()));
    let gone = bed.store.read_slow(|r| r.webhook(EventId::new())).await;
    assert!(matches!(gone, Err(StoreError::Missing(_))));
}

#[tokio::test]
async fn a_test_of_the_doctor_is_kept_and_is_no_traffic() {
    let bed = Bed::new().await;
    let before = bed.store.read(Reader::webhook_facts).await.unwrap();
    let raw = b"{\"object\":\"switchboard_test\"}".to_vec();
    bed.apply(EventBody::WebhookTested { account: account(), raw: raw.clone() }).await.unwrap();
    assert_eq!(bed.store.read(Reader::webhook_facts).await.unwrap(), before);
    let kept = list(&bed, WebhookFilter::default()).await;
    assert_eq!((kept.len(), kept[0].state), (1, WebhookState::Test));
    assert_eq!(room(&bed).await, raw.len() as u64);
    let n = bed.store.read(|r| r.webhooks_between(&account(), NUMBER, 0, i64::MAX, 9)).await.unwrap();
    assert_eq!(n, 0);
    bed.whole().await;
}

#[tokio::test]
async fn numbers_that_share_a_callback_have_all_been_heard_of() {
    let bed = Bed::new().await;
    let spec = AccountSpec {
        id: AccountId::new("sales"),
        name: "Sales".into(),
        provider: "meta".into(),
        environment: "production".into(),
        number: "77".into(),
        business: "218834005551201".into(),
    };
    bed.apply(EventBody::AccountConfigured { spec }).await.unwrap();
    let last = async |name: &str| {
        let list = bed.store.read(Reader::accounts).await.unwrap();
        list.into_iter().find(|a| a.spec.id.as_str() == name).unwrap().last_webhook
    };
    post_by(&bed, "{}", Some(WebhookBatch::default())).await;
    assert_eq!((last("support").await, last("sales").await), (Some(NOW), None));
    bed.clock.advance(1000);
    let route = Route { number: Some("77".into()), ..Route::default() };
    let change = says(&marta(), "w1", NOW, "a");
    let batch = WebhookBatch { changes: vec![Routed { route, change }], problems: vec![] };
    let id = post_by(&bed, "{}", Some(batch.clone())).await;
    assert_eq!((last("support").await, last("sales").await), (Some(NOW + 1000), Some(NOW + 1000)));
    // Reading an old one again is no news.
    bed.clock.advance(1000);
    bed.apply(EventBody::WebhookReplayed { webhook: id, batch: Some(batch), problem: None }).await.unwrap();
    assert_eq!(last("sales").await, Some(NOW + 1000));
}

#[tokio::test]
async fn attempts_acts_and_carriers_of_a_message_are_found() {
    let bed = Bed::new().await;
    let thread = {
        bed.webhook(vec![says(&marta(), "w1", NOW, "oi")]).await;
        bed.threads().await[0].id
    };
    for i in 0..50 {
        post(&bed, &format!("{{\"id\":\"other{i}\"}}"), true).await;
    }
    let (message, attempt) = bed.sent(thread, "hello", "wamid.OUT/1").await;
    bed.clock.advance(5 * DAY);
    let status = StatusUpdate {
        provider_id: "wamid.OUT/1".into(),
        opaque: Some(attempt.to_string()),
        state: Some(DeliveryState::Read),
        word: "read".into(),
        at: bed.clock.now() - 3 * DAY,
        recipient: vec![],
        error: None,
        category: None,
        free_until: None,
    };
    let route = Route { number: Some(NUMBER.into()), ..Route::default() };
    let change = Change::Status(Box::new(status));
    let batch = WebhookBatch { changes: vec![Routed { route, change }], problems: vec![] };
    let late = post_by(&bed, "{\"id\":\"wamid.OUT\\/1\",\"status\":\"read\"}", Some(batch)).await;
    let rows = bed.store.read_slow(move |r| r.life(message)).await.unwrap();
    assert_eq!(rows.attempts.len(), 1);
    assert_eq!((rows.attempts[0].id, rows.attempts[0].number), (attempt, 1));
    assert!(rows.attempts[0].outcome.as_ref().unwrap().contains("accepted"));
    assert_eq!(rows.waiting, None);
    let acts: Vec<&str> = rows.acts.iter().map(|a| a.action.as_str()).collect();
    assert_eq!(acts, ["message_queued", "attempt_started", "attempt_ended"]);
    let times = [rows.message.stored_at, rows.message.times.read.unwrap()];
    let found = bed.store.read_slow(move |r| r.carriers(&["wamid.OUT/1".into()], &times)).await.unwrap();
    assert!(found.complete);
    assert_eq!(found.found.iter().map(|w| w.id).collect::<Vec<_>>(), [late]);
}
