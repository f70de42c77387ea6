//! Notes in the store: among the messages, found, and no answer to anybody.

use super::*;
use crate::model::message::Origin;

#[tokio::test]
async fn a_note_stands_among_the_messages_and_changes_nothing_else() {
    let bed = Bed::new().await;
    bed.webhook(vec![says(&marta(), "w1", NOW, "Cadê o meu pedido?")]).await;
    let before = bed.threads().await.remove(0);
    let note = MessageId::new();
    bed.clock.advance(5_000);
    let event = Event::new(
        bed.clock.now(),
        Actor::Operator("bo".into()),
        EventBody::NoteAdded { note, thread: before.id, text: "carrier says delayed".into() },
    );
    let reply = bed.store.apply(event.clone()).await.unwrap();
    assert_eq!(reply.thread, Some(before.id));
    assert!(bed.store.apply(event).await.unwrap().repeated);
    // The row of the list is the same: a note is no answer.
    assert_eq!(bed.threads().await, std::slice::from_ref(&before));
    let messages = bed.messages(before.id).await;
    assert_eq!(messages.len(), 2);
    let m = &messages[1];
    assert_eq!((m.id, m.state), (note, DeliveryState::Noted));
    assert_eq!(m.body, Body::Note { text: "carrier says delayed".into() });
    assert_eq!(m.origin, Origin::Operator("bo".into()));
    let found = bed.store.read_slow(|r| r.search("carrier del", None, None, None, 10)).await.unwrap();
    assert_eq!(found.hits.items.len(), 1);
    bed.whole().await;
    // What comes after it is the newest message again.
    bed.webhook(vec![says(&marta(), "w2", NOW + 6_000, "?")]).await;
    assert_eq!(bed.threads().await[0].preview.as_ref().unwrap().text, "?");
    bed.whole().await;
}

#[tokio::test]
async fn a_note_is_an_operators_and_has_a_text() {
    let bed = Bed::new().await;
    bed.webhook(vec![says(&marta(), "w1", NOW, "oi")]).await;
    let thread = bed.threads().await[0].id;
    let note = |text: &str| EventBody::NoteAdded { note: MessageId::new(), thread, text: text.into() };
    assert!(bed.apply(note("  ")).await.is_err());
    assert!(bed.apply(note(&"x".repeat(10_001))).await.is_err());
    assert!(bed.store.apply(Event::new(1, Actor::Engine, note("x"))).await.is_err());
    let nowhere =
        EventBody::NoteAdded { note: MessageId::new(), thread: ThreadId([9; 16]), text: "x".into() };
    assert!(bed.apply(nowhere).await.is_err());
    assert_eq!(bed.messages(thread).await.len(), 1);
}

#[tokio::test]
async fn reply_and_note_have_a_draft_each_and_one_mark() {
    let bed = Bed::new().await;
    bed.webhook(vec![says(&marta(), "w1", NOW, "oi")]).await;
    let thread = bed.threads().await[0].id;
    let save = async |mode, text: &str| {
        bed.apply(EventBody::DraftSaved { thread, mode, text: text.into() }).await.unwrap();
        let d = bed.store.read(move |r| r.thread(thread)).await.unwrap();
        (d.draft, d.note, d.row.draft)
    };
    assert_eq!(save(DraftMode::Note, "to bo").await, (String::new(), "to bo".into(), true));
    assert_eq!(save(DraftMode::Reply, "to her").await, ("to her".into(), "to bo".into(), true));
    assert_eq!(save(DraftMode::Note, "").await, ("to her".into(), String::new(), true));
    assert_eq!(save(DraftMode::Reply, "").await, (String::new(), String::new(), false));
}

#[tokio::test]
async fn a_note_is_changed_and_deleted_by_who_wrote_it_and_what_it_said_is_kept() {
    let bed = Bed::new().await;
    bed.webhook(vec![says(&marta(), "w1", NOW, "oi")]).await;
    let thread = bed.threads().await[0].id;
    let note = MessageId::new();
    let by = async |who: &str, body: EventBody| {
        bed.clock.advance(1_000);
        bed.store.apply(Event::new(bed.clock.now(), Actor::Operator(who.into()), body)).await
    };
    by("bo", EventBody::NoteAdded { note, thread, text: "carrier says delayed".into() }).await.unwrap();
    let before = bed.threads().await;
    let edit = |text: &str| EventBody::NoteEdited { note, text: text.into() };
    // Nobody else, no engine, no other message, and no empty text.
    assert!(by("ana", edit("mine now")).await.is_err());
    assert!(by("ana", EventBody::NoteDeleted { note }).await.is_err());
    assert!(bed.store.apply(Event::new(1, Actor::Engine, edit("x"))).await.is_err());
    assert!(by("bo", edit(" ")).await.is_err());
    let other = bed.messages(thread).await[0].id;
    assert!(by("bo", EventBody::NoteEdited { note: other, text: "x".into() }).await.is_err());
    assert!(by("bo", EventBody::NoteDeleted { note: other }).await.is_err());
    bed.clock.advance(1_000);
    let event = Event::new(bed.clock.now(), Actor::Operator("bo".into()), edit("carrier says tomorrow"));
    bed.store.apply(event.clone()).await.unwrap();
    assert!(bed.store.apply(event).await.unwrap().repeated);
    let m = bed.messages(thread).await.pop().unwrap();
    assert_eq!((m.body, m.edited), (Body::Note { text: "carrier says tomorrow".into() }, true));
    let hits = async |words: &'static str| {
        let found = bed.store.read_slow(move |r| r.search(words, None, None, None, 10)).await.unwrap();
        found.hits.items.len()
    };
    assert_eq!((hits("tomorrow").await, hits("delayed").await), (1, 0));
    let said = async || {
        let all = bed.store.read(move |r| r.versions(note)).await.unwrap();
        all.into_iter().map(|v| (v.original, v.body.plain_text())).collect::<Vec<_>>()
    };
    let both = [(true, "carrier says delayed".to_owned()), (false, "carrier says tomorrow".to_owned())];
    assert_eq!(said().await, both);
    by("bo", EventBody::NoteDeleted { note }).await.unwrap();
    let m = bed.messages(thread).await.pop().unwrap();
    assert_eq!((m.id, m.body, m.state), (note, Body::Revoked, DeliveryState::Noted));
    assert_eq!((hits("tomorrow").await, said().await), (0, both.to_vec()));
    assert!(by("bo", edit("back")).await.is_err(), "what is deleted stays so");
    // The thread's row says what it said before.
    assert_eq!(bed.threads().await, before);
    bed.whole().await;
}
