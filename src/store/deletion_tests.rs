//! Deleted conversations: nothing of them is left, and nothing brings them back.

use super::tests::{Bed, NOW, account, marta, says, status};
use super::*;
use crate::model::event::{Actor, AttemptOutcome, EventBody, Recipient};
use crate::model::ids::{AttemptId, MessageId, ThreadId};
use crate::model::outgoing::Outgoing;
use crate::model::thread::DraftMode;
use crate::protocol::activity::ActivityFilter;

async fn thread(bed: &Bed) -> ThreadId {
    bed.threads().await[0].id
}

/// A message of ours that went out, and what the provider called it.
async fn sent(bed: &Bed, thread: ThreadId, name: Option<&str>) -> MessageId {
    let (message, attempt) = (MessageId::new(), AttemptId::new());
    bed.apply(EventBody::MessageQueued {
        message,
        attempt,
        account: account(),
        to: Recipient::Thread { thread },
        content: Outgoing::text("segredo"),
        quote: None,
        not_before: 0,
        send_at: None,
    })
    .await
    .unwrap();
    if let Some(name) = name {
        bed.apply(EventBody::AttemptStarted { message, attempt }).await.unwrap();
        let outcome = AttemptOutcome::Accepted { provider_id: name.into(), recipient: None };
        bed.apply(EventBody::AttemptEnded { message, attempt, outcome }).await.unwrap();
    }
    message
}

async fn delete(bed: &Bed, thread: ThreadId) -> bool {
    let body = EventBody::ThreadDeleted { thread, whom: "+55 ···· 1234".into() };
    bed.apply(body).await.unwrap().more
}

async fn finish(bed: &Bed, thread: ThreadId) {
    for _ in 0..1000 {
        if !bed.apply(EventBody::ThreadErased { thread }).await.unwrap().more {
            return;
        }
    }
    panic!("it does not end");
}

async fn count(bed: &Bed, sql: &'static str) -> i64 {
    bed.store.read(move |r| Ok(r.conn.query_row(sql, [], |r| r.get(0))?)).await.unwrap()
}

async fn sound(bed: &Bed) {
    assert_eq!(bed.store.read_slow(Reader::recount).await.unwrap(), Vec::<String>::new());
    assert_eq!(bed.store.read_slow(Reader::quick_check).await.unwrap(), None);
    let broken = count(bed, "SELECT count(*) FROM pragma_foreign_key_check").await;
    assert_eq!(broken, 0);
}

#[tokio::test]
async fn everything_of_it_goes_and_the_log_says_so() {
    let bed = Bed::new().await;
    bed.webhook(vec![says(&marta(), "w1", NOW - 2000, "palavra secreta")]).await;
    bed.webhook(vec![says(&marta(), "w2", NOW - 1000, "outra palavra")]).await;
    let t = thread(&bed).await;
    sent(&bed, t, Some("wamid.ours")).await;
    sent(&bed, t, None).await;
    bed.apply(EventBody::DraftSaved { thread: t, mode: DraftMode::Reply, text: "rascunho".into() })
        .await
        .unwrap();
    bed.apply(EventBody::NoteAdded { note: MessageId::new(), thread: t, text: "nota".into() }).await.unwrap();
    while bed.store.tidy().await.unwrap() {}
    delete(&bed, t).await;
    finish(&bed, t).await;
    assert!(bed.threads().await.is_empty());
    for table in [
        "SELECT count(*) FROM messages",
        "SELECT count(*) FROM outbox",
        "SELECT count(*) FROM attempts",
        "SELECT count(*) FROM provider_ids",
        "SELECT count(*) FROM drafts",
        "SELECT count(*) FROM waits",
        "SELECT count(*) FROM deletions",
        "SELECT count(*) FROM message_words('palavra OR segredo OR nota')",
        "SELECT count(*) FROM message_parts('palavra')",
        "SELECT count(*) FROM thread_parts('Marta')",
    ] {
        assert_eq!(count(&bed, table).await, 0, "{table}");
    }
    // The contact is no part of the conversation, and stays; nobody came in its place.
    assert_eq!(count(&bed, "SELECT count(*) FROM contacts").await, 1);
    sound(&bed).await;
    let rows =
        bed.store.read_slow(|r| r.activity(&ActivityFilter::default(), "", None, 50)).await.unwrap().items;
    let told = rows.iter().find(|r| r.action == "thread_deleted").unwrap();
    assert_eq!((told.actor.as_str(), told.thread), ("ana", None));
    assert_eq!(told.subject, format!("{t} of +55 ···· 1234"));
    let erased = rows.iter().find(|r| r.action == "thread_erased").unwrap();
    assert!(erased.subject.ends_with("5 messages, 0 raw webhooks"), "{erased:?}");
}

#[tokio::test]
async fn late_news_do_not_bring_it_back_and_a_new_message_begins_anew() {
    let bed = Bed::new().await;
    bed.webhook(vec![says(&marta(), "w1", NOW - 2000, "um")]).await;
    let t = thread(&bed).await;
    sent(&bed, t, Some("wamid.ours")).await;
    bed.clock.advance(100_000);
    while bed.store.tidy().await.unwrap() {}
    delete(&bed, t).await;
    // Also while it is not quite gone.
    bed.webhook(vec![says(&marta(), "w1", NOW - 2000, "um")]).await;
    finish(&bed, t).await;
    bed.webhook(vec![
        says(&marta(), "w1", NOW - 2000, "um"),
        status("wamid.ours", "read", None),
        status("w1", "read", None),
    ])
    .await;
    assert!(bed.threads().await.is_empty());
    assert_eq!(count(&bed, "SELECT count(*) FROM early").await, 0);
    bed.webhook(vec![says(&marta(), "w9", NOW + 1000, "olá de novo")]).await;
    let all = bed.threads().await;
    assert_eq!(all.len(), 1);
    // The numbers of its rows are those of rows that are gone: they are indexed and counted all the same.
    while bed.store.tidy().await.unwrap() {}
    assert_eq!(count(&bed, "SELECT count(*) FROM message_words('novo')").await, 1);
    assert_eq!(count(&bed, "SELECT count(*) FROM message_parts('olá')").await, 1);
    assert_eq!(count(&bed, "SELECT count(*) FROM waits WHERE since IS NOT NULL").await, 1);
    assert_ne!(all[0].id, t, "another conversation, which old ids do not lead to");
    assert_eq!((all[0].title.as_str(), all[0].unread), ("Marta Souza", 1));
    assert_eq!(count(&bed, "SELECT count(*) FROM messages").await, 1);
    let later = bed.store.seeing(&crate::model::access::Scope::all());
    assert!(matches!(later.read(move |r| r.thread(t)).await, Err(StoreError::Missing(_))));
    sound(&bed).await;
}

#[tokio::test]
async fn what_is_on_the_wire_is_not_deleted_under_it() {
    let bed = Bed::new().await;
    bed.webhook(vec![says(&marta(), "w1", NOW - 2000, "um")]).await;
    let t = thread(&bed).await;
    let (message, attempt) = (MessageId::new(), AttemptId::new());
    bed.apply(EventBody::MessageQueued {
        message,
        attempt,
        account: account(),
        to: Recipient::Thread { thread: t },
        content: Outgoing::text("já"),
        quote: None,
        not_before: 0,
        send_at: None,
    })
    .await
    .unwrap();
    bed.apply(EventBody::AttemptStarted { message, attempt }).await.unwrap();
    let e = bed.apply(EventBody::ThreadDeleted { thread: t, whom: String::new() }).await.unwrap_err();
    assert!(e.to_string().contains("on the wire"), "{e}");
    assert_eq!(bed.threads().await.len(), 1);
    sound(&bed).await;
}

#[tokio::test]
async fn a_long_one_goes_bit_by_bit_and_a_crash_in_between_changes_nothing() {
    let bed = Bed::new().await;
    let changes = (0..900).map(|n| says(&marta(), &format!("w{n}"), NOW - 10_000 + n, &format!("linha {n}")));
    bed.webhook(changes.collect()).await;
    let t = thread(&bed).await;
    while bed.store.tidy().await.unwrap() {}
    assert!(delete(&bed, t).await, "there is more to do");
    let left = count(&bed, "SELECT count(*) FROM messages").await;
    assert!((500..900).contains(&left), "{left}");
    sound(&bed).await;
    // The customer writes meanwhile: that is another conversation already.
    bed.webhook(vec![says(&marta(), "new", NOW + 1000, "novo")]).await;
    bed.store.close().await;
    let store = Store::open(bed.store.path(), bed.clock.clone(), Box::new(|_| {})).unwrap();
    assert_eq!(store.read(Reader::deletions).await.unwrap(), vec![t]);
    let mut steps = 0;
    loop {
        let event = Event::new(NOW, Actor::Engine, EventBody::ThreadErased { thread: t });
        if !store.apply(event).await.unwrap().more {
            break;
        }
        steps += 1;
        assert_eq!(store.read_slow(Reader::recount).await.unwrap(), Vec::<String>::new());
    }
    assert!(steps >= 2, "{steps}");
    let rows: i64 = store
        .read(|r| Ok(r.conn.query_row("SELECT count(*) FROM messages", [], |r| r.get(0))?))
        .await
        .unwrap();
    assert_eq!(rows, 1);
    assert!(store.read(Reader::deletions).await.unwrap().is_empty());
    store.close().await;
}

#[tokio::test]
async fn raw_webhooks_that_name_the_customer_go_too() {
    let bed = Bed::new().await;
    let post = |raw: String, ok: bool| EventBody::WebhookReceived {
        account: account(),
        provider: "meta".into(),
        raw: raw.into_bytes(),
        batch: ok.then(crate::model::inbound::WebhookBatch::default),
        problem: (!ok).then(|| "odd".to_owned()),
    };
    bed.webhook(vec![says(&marta(), "w1", NOW - 2000, "um")]).await;
    let t = thread(&bed).await;
    let phone = bed.threads().await[0].phone.clone().unwrap();
    let phone: String = phone.chars().filter(char::is_ascii_digit).collect();
    let number = super::tests::NUMBER;
    for (raw, ok) in [
        (format!("{{\"id\":\"{number}\",\"from\":\"{phone}\",\"text\":\"segredo\"}}"), true),
        (format!("{{\"id\":\"{number}\",\"from\":\"4915100000000\"}}"), true),
        (format!("{{\"id\":\"999\",\"from\":\"{phone}\"}}"), true),
        (format!("{{\"id\":\"{number}\",\"from\":\"{phone}\" half"), false),
    ] {
        bed.apply(post(raw, ok)).await.unwrap();
    }
    delete(&bed, t).await;
    finish(&bed, t).await;
    assert_eq!(count(&bed, "SELECT count(*) FROM webhooks WHERE instr(body, 'segredo')").await, 0);
    assert_eq!(
        count(&bed, "SELECT count(*) FROM webhooks").await,
        4,
        "the first one of all, and three that stay"
    );
    sound(&bed).await;
}
