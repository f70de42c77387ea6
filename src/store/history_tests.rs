//! What pages of the past do to the store, with webhooks before, between and after them.

use super::tests::{Bed, NOW, account, marta, says};
use super::*;
use crate::model::delivery::DeliveryState;
use crate::model::event::{Actor, AttemptOutcome, EventBody};
use crate::model::history::{HistoryEntry, HistoryMark, HistoryRun};
use crate::model::inbound::{Author, Change, StatusUpdate};
use crate::model::message::Message;

const HOUR: i64 = 3_600_000;

fn mark(after: &str) -> Box<HistoryMark> {
    let run = HistoryRun { after: Some(after.into()), ..HistoryRun::default() };
    Box::new(HistoryMark { number: "1".into(), back: Some(run), done: 1, ..HistoryMark::default() })
}

fn past(change: Change) -> HistoryEntry {
    let change = match change {
        Change::Message(mut m) => {
            m.history = true;
            Change::Message(m)
        }
        other => other,
    };
    HistoryEntry { change, statuses: Vec::new() }
}

fn answered(id: &str, at: i64, state: DeliveryState) -> HistoryEntry {
    let Change::Message(mut m) = says(&marta(), id, at, "answer") else { unreachable!() };
    (m.author, m.opens_window, m.state) = (Author::Provider, false, Some(state));
    past(Change::Message(m))
}

async fn page(bed: &Bed, entries: Vec<HistoryEntry>) -> Event {
    let event = Event::new(
        bed.clock.now(),
        Actor::Provider,
        EventBody::HistoryRead { account: account(), entries, mark: mark("c1") },
    );
    bed.store.apply(event.clone()).await.unwrap();
    event
}

async fn only(bed: &Bed) -> (crate::model::thread::ThreadRow, Vec<Message>) {
    let threads = bed.threads().await;
    assert_eq!(threads.len(), 1);
    let messages = bed.messages(threads[0].id).await;
    (threads.into_iter().next().unwrap(), messages)
}

#[tokio::test]
async fn a_page_is_read_by_nobody_told_to_nobody_and_applied_once() {
    let bed = Bed::new().await;
    let entries = vec![
        answered("w3", NOW - 2 * HOUR, DeliveryState::Failed),
        answered("w2", NOW - 3 * HOUR, DeliveryState::Read),
        past(says(&marta(), "w1", NOW - 4 * HOUR, "question")),
    ];
    let event = page(&bed, entries.clone()).await;
    let (thread, messages) = only(&bed).await;
    assert_eq!((thread.unread, messages.len()), (0, 3));
    let states: Vec<DeliveryState> = messages.iter().map(|m| m.state).collect();
    assert_eq!(states, [DeliveryState::Received, DeliveryState::Read, DeliveryState::Failed]);
    assert_eq!(messages[0].at, NOW - 4 * HOUR);
    assert_eq!(thread.window.until, Some(NOW + 20 * HOUR - 60_000), "from the customer's newest message");
    // The same event, and the same page as another event.
    assert!(bed.store.apply(event).await.unwrap().repeated);
    page(&bed, entries).await;
    let (again, messages) = only(&bed).await;
    assert_eq!((again.unread, messages.len()), (0, 3));
    let kept = bed.store.read(|r| r.history_mark(&account())).await.unwrap().unwrap();
    assert_eq!(kept.back.unwrap().after.as_deref(), Some("c1"));
    bed.whole().await;
}

#[tokio::test]
async fn what_a_webhook_brought_stays_unread_and_what_is_news_in_a_page_is_unread() {
    let bed = Bed::new().await;
    bed.webhook(vec![says(&marta(), "w2", NOW, "by webhook")]).await;
    let missed = HistoryEntry { change: says(&marta(), "w3", NOW + 1_000, "missed"), statuses: Vec::new() };
    page(
        &bed,
        vec![
            missed,
            past(says(&marta(), "w2", NOW, "by webhook")),
            past(says(&marta(), "w1", NOW - HOUR, "old")),
        ],
    )
    .await;
    let (thread, messages) = only(&bed).await;
    assert_eq!(thread.unread, 2);
    assert_eq!(messages.len(), 3);
    // Its webhook comes after all: it is here, once.
    bed.webhook(vec![says(&marta(), "w3", NOW + 1_000, "missed")]).await;
    assert_eq!(only(&bed).await.0.unread, 2);
    bed.whole().await;
}

#[tokio::test]
async fn one_that_was_listed_before_its_webhook_came_becomes_unread_unless_it_was_answered() {
    let bed = Bed::new().await;
    page(&bed, vec![past(says(&marta(), "w1", NOW - 1_000, "just now"))]).await;
    assert_eq!(only(&bed).await.0.unread, 0);
    for _ in 0..2 {
        bed.webhook(vec![says(&marta(), "w1", NOW - 1_000, "just now")]).await;
        assert_eq!(only(&bed).await.0.unread, 1);
    }
    let thread = only(&bed).await.0.id;
    bed.apply(EventBody::ThreadRead { thread, upto: NOW, stored: None }).await.unwrap();
    bed.webhook(vec![says(&marta(), "w1", NOW - 1_000, "just now")]).await;
    assert_eq!(only(&bed).await.0.unread, 0, "it was read since");
    // Another one, which somebody answered elsewhere.
    let listed = vec![
        answered("w3", NOW + 20_000, DeliveryState::Sent),
        past(says(&marta(), "w2", NOW + 10_000, "and this")),
    ];
    page(&bed, listed).await;
    bed.webhook(vec![says(&marta(), "w2", NOW + 10_000, "and this")]).await;
    assert_eq!(only(&bed).await.0.unread, 0);
    bed.whole().await;
}

#[tokio::test]
async fn a_send_whose_answer_was_lost_is_found_in_a_page_by_what_was_sent_along() {
    let bed = Bed::new().await;
    bed.webhook(vec![says(&marta(), "w1", NOW, "question")]).await;
    let thread = bed.threads().await[0].id;
    let (message, attempt) = bed.queue(thread, "answer").await;
    bed.apply(EventBody::AttemptStarted { message, attempt }).await.unwrap();
    let error =
        crate::model::delivery::DeliveryError { code: 0, text: "lost".into(), cause: None, next: None };
    bed.apply(EventBody::AttemptEnded { message, attempt, outcome: AttemptOutcome::Unknown { error } })
        .await
        .unwrap();
    assert_eq!(bed.store.read(|r| r.unnamed_attempts(&account())).await.unwrap(), [NOW]);
    let mut entry = answered("w2", NOW + 1_000, DeliveryState::Delivered);
    for (word, state) in [("sent", DeliveryState::Sent), ("delivered", DeliveryState::Delivered)] {
        entry.statuses.push(StatusUpdate {
            provider_id: "w2".into(),
            opaque: Some(attempt.to_string()),
            state: Some(state),
            word: word.into(),
            at: NOW + 1_000,
            recipient: Vec::new(),
            error: None,
            category: None,
            free_until: None,
        });
    }
    page(&bed, vec![entry]).await;
    let (_, messages) = only(&bed).await;
    assert_eq!(messages.len(), 2, "it is the message that was sent, and not another one");
    assert_eq!(messages[1].state, DeliveryState::Delivered);
    assert!(bed.store.read(|r| r.unnamed_attempts(&account())).await.unwrap().is_empty());
    // What a later page says moves it forward, and never back.
    page(&bed, vec![answered("w2", NOW + 1_000, DeliveryState::Read)]).await;
    page(&bed, vec![answered("w2", NOW + 1_000, DeliveryState::Sent)]).await;
    assert_eq!(only(&bed).await.1[1].state, DeliveryState::Read);
    bed.whole().await;
}
