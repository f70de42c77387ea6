//! Drafts, mentions, taking over and giving out in the store.

use super::migrate;
use super::tests::{Bed, NOW, marta, says};
use crate::model::event::{Actor, Event, EventBody};
use crate::model::handling::Act;
use crate::model::ids::{MessageId, ThreadId};
use crate::model::outgoing::NOTE_MAX;
use crate::model::sharing::Share;
use crate::model::thread::DraftMode;
use rusqlite::Connection;

fn by(who: &str, body: EventBody) -> Event {
    Event::new(NOW, Actor::Operator(who.into()), body)
}

async fn one() -> (Bed, ThreadId) {
    let bed = Bed::new().await;
    bed.webhook(vec![says(&marta(), "w1", NOW, "oi")]).await;
    let thread = bed.threads().await[0].id;
    (bed, thread)
}

fn draft(thread: ThreadId, text: &str) -> EventBody {
    EventBody::DraftSaved { thread, mode: DraftMode::Reply, text: text.into() }
}

#[test]
fn drafts_of_before_are_kept_for_whoever_goes_on_with_them() {
    let mut old = Connection::open_in_memory().unwrap();
    migrate::to(&mut old, 6);
    old.execute_batch(
        "INSERT INTO accounts(key, position, name, provider, environment, number, business) \
         VALUES('a', 0, 'A', 'meta', 'production', '1', '2'); \
         INSERT INTO contacts(uid, scope, created_at) VALUES(x'01', 'meta:2', 1); \
         INSERT INTO threads(uid, account_id, contact_id, contact_uid, title, last_at, draft) \
         VALUES(x'02', 1, 1, x'01', 'T', 1, 1); \
         INSERT INTO drafts(thread_id, mode, text, updated_at) VALUES(1, 'reply', 'half', 5), (1, 'note', 'n', 6);",
    )
    .unwrap();
    migrate::migrate(&mut old).unwrap();
    let mut st = old.prepare("SELECT operator, mode, text, updated_at FROM drafts ORDER BY mode").unwrap();
    let rows: Vec<(String, String, String, i64)> = st
        .query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let row = |mode: &str, text: &str, at| (String::new(), mode.to_owned(), text.to_owned(), at);
    assert_eq!(rows, [row("note", "n", 6), row("reply", "half", 5)]);
}

#[tokio::test]
async fn a_draft_that_nobody_owns_is_everybodys_until_somebody_goes_on_with_it() {
    let (bed, thread) = one().await;
    bed.store.apply(Event::new(NOW, Actor::Engine, draft(thread, "half"))).await.unwrap();
    let of = async |who: &str| {
        let d = bed.store.asked_by(who).read(move |r| r.thread(thread)).await.unwrap();
        (d.draft, d.row.draft)
    };
    assert_eq!((of("ana").await, of("bo").await), (("half".into(), true), ("half".into(), true)));
    bed.store.apply(by("bo", draft(thread, "half of bo"))).await.unwrap();
    assert_eq!((of("ana").await, of("bo").await), ((String::new(), false), ("half of bo".into(), true)));
    bed.store.apply(by("ana", draft(thread, "mine"))).await.unwrap();
    bed.store.apply(by("bo", draft(thread, ""))).await.unwrap();
    assert_eq!((of("ana").await, of("bo").await), (("mine".into(), true), (String::new(), false)));
    bed.whole().await;
}

#[tokio::test]
async fn taking_over_twice_hands_on_once_and_a_long_text_whole() {
    let (bed, thread) = one().await;
    let text = "ü".repeat(2 * NOTE_MAX);
    bed.store.apply(by("bo", draft(thread, &text))).await.unwrap();
    let body = EventBody::ThreadTakenOver { thread, from: Some("bo".into()), note: MessageId::new() };
    let event = by("ana", body);
    bed.store.apply(event.clone()).await.unwrap();
    assert!(bed.store.apply(event).await.unwrap().repeated);
    let notes: Vec<String> = bed.messages(thread).await[1..].iter().map(|m| m.body.plain_text()).collect();
    assert!(notes.len() == 3 && notes.iter().all(|n| n.chars().count() <= NOTE_MAX));
    let said: String = notes.iter().map(|n| n.split_once('\n').unwrap().1).collect();
    assert_eq!(said, text);
    assert_eq!(bed.threads().await[0].handling.assignee.as_deref(), Some("ana"));
    let engine = Event::new(
        NOW,
        Actor::Engine,
        EventBody::ThreadTakenOver { thread, from: None, note: MessageId::new() },
    );
    assert!(bed.store.apply(engine).await.is_err());
    bed.whole().await;
}

#[tokio::test]
async fn what_somebody_has_is_not_given_away_and_who_leaves_lets_go_of_what_is_open() {
    let (bed, thread) = one().await;
    let give = |to: &str| EventBody::ThreadGiven { thread, to: to.into(), how: Share::Turns };
    let who = async || bed.threads().await[0].handling.assignee.clone();
    assert_eq!(bed.apply(give("bo")).await.unwrap().problems, 0);
    assert_eq!(bed.apply(give("cy")).await.unwrap().problems, 1, "somebody was quicker");
    assert_eq!(who().await.as_deref(), Some("bo"));
    let names = ["bo".to_owned(), "cy".to_owned()];
    let all = bed.store.read(move |r| r.candidates(&names)).await.unwrap();
    assert_eq!((all[0].open, all[0].turn > 0, all[1].open, all[1].turn), (1, true, 0, 0));
    let release = EventBody::ThreadsReleased { operator: "bo".into() };
    bed.apply(EventBody::ThreadsHandled { threads: vec![thread], act: Act::Resolve }).await.unwrap();
    bed.apply(release.clone()).await.unwrap();
    assert_eq!(who().await.as_deref(), Some("bo"), "what is done stays whose it was");
    bed.apply(EventBody::ThreadsHandled { threads: vec![thread], act: Act::Reopen }).await.unwrap();
    bed.apply(release).await.unwrap();
    assert_eq!(who().await, None);
}
