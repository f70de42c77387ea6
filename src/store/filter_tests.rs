//! Searches with filters, in all accounts and in one thread: what fits, and that the work is bounded.

use super::tests::{Bed, NOW, account, marta, says, status};
use super::*;
use crate::model::contact::Identity;
use crate::model::delivery::DeliveryState;
use crate::model::event::{AccountSpec, EventBody, Recipient};
use crate::model::handling::{Act, Label, LabelColor};
use crate::model::ids::{AccountId, AttemptId, LabelId, MessageId, ThreadId};
use crate::model::inbound::{Change, Peer};
use crate::model::message::{Body, MediaCard, MediaKind};
use crate::model::outgoing::Outgoing;
use crate::model::template::TemplateSend;
use crate::protocol::{Cursor, Place};
use crate::text::query::{self, Query};
use jiff::tz::TimeZone;

const DAY: i64 = 86_400_000;

fn read(text: &str) -> Query {
    query::parse(text, NOW, &TimeZone::UTC).unwrap()
}

fn wang() -> Peer {
    Peer { identities: vec![Identity::phone("8613800138000")], profile_name: "王小明".into() }
}

fn shows(peer: &Peer, id: &str, at: i64, kind: MediaKind, caption: &str, quotes: Option<&str>) -> Change {
    let Change::Message(mut m) = says(peer, id, at, "") else { unreachable!() };
    m.body = Body::Media {
        kind,
        media: MediaCard { filename: Some("nota.pdf".into()), ..MediaCard::default() },
        caption: caption.into(),
    };
    m.quotes = quotes.map(str::to_owned);
    Change::Message(m)
}

async fn of_marta(bed: &Bed) -> ThreadId {
    bed.threads().await.into_iter().find(|t| t.title == "Marta Souza").unwrap().id
}

/// Two customers, two accounts, every kind of thing that a filter asks for.
async fn bed() -> Bed {
    let bed = Bed::new().await;
    let spec = AccountSpec {
        id: AccountId::new("sales"),
        name: "Acme Sales".into(),
        provider: "meta".into(),
        environment: "production".into(),
        number: "2".into(),
        business: "3".into(),
    };
    bed.apply(EventBody::AccountConfigured { spec }).await.unwrap();
    bed.webhook(vec![
        says(&marta(), "w1", NOW - 9 * DAY, "late order https://a.example/1"),
        says(&wang(), "w2", NOW - 8 * DAY, "请问订单 order"),
        shows(&marta(), "w3", NOW - 7 * DAY, MediaKind::Image, "photo of the order", None),
        shows(&wang(), "w4", NOW - 6 * DAY, MediaKind::Document, "", None),
        says(&marta(), "w5", NOW - DAY, "where is my order"),
    ])
    .await;
    let thread = of_marta(&bed).await;
    bed.sent(thread, "the order left", "out1").await;
    bed.sent(thread, "refused order", "out2").await;
    bed.webhook(vec![status("out1", "delivered", None), status("out2", "failed", None)]).await;
    bed.webhook(vec![shows(&marta(), "w6", NOW, MediaKind::Image, "thanks", Some("out1"))]).await;
    let shown = Body::Template {
        name: "order_update".into(),
        language: "en".into(),
        header: String::new(),
        text: "Your parcel is here".into(),
        footer: String::new(),
        buttons: Vec::new(),
    };
    let send = TemplateSend { name: "order_update".into(), language: "en".into(), components: Vec::new() };
    bed.apply(EventBody::MessageQueued {
        message: MessageId::new(),
        attempt: AttemptId::new(),
        account: account(),
        to: Recipient::Thread { thread },
        content: Outgoing::Template { send, shown },
        quote: None,
        not_before: 0,
        send_at: None,
    })
    .await
    .unwrap();
    bed
}

/// All pages of a search; how many there were.
async fn all(bed: &Bed, text: &str) -> (Vec<String>, usize) {
    let query = read(text);
    let (mut out, mut pages, mut before) = (Vec::new(), 0, None);
    loop {
        let query = query.clone();
        let found =
            bed.store.read_slow(move |r| Ok(r.find(&query, None, None, before, 5))).await.unwrap().unwrap();
        pages += 1;
        out.extend(found.hits.items.iter().map(|h| h.message.body.plain_text()));
        match found.hits.next {
            Some(next) => before = Some(next),
            None => return (out, pages),
        }
        assert!(pages < 200, "it never ends: {text}");
    }
}

#[tokio::test]
async fn every_filter_finds_what_fits_and_nothing_else() {
    let bed = bed().await;
    for (text, expected) in [
        (
            "order from:marta",
            vec!["where is my order", "photo of the order\nnota.pdf", "late order https://a.example/1"],
        ),
        ("order from:王", vec!["请问订单 order"]),
        ("from:98888 type:text", vec!["where is my order", "late order https://a.example/1"]),
        ("order from:us", vec!["Your parcel is here", "refused order", "the order left"]),
        ("template from:us", vec![]),
        ("from:ana status:delivered", vec!["the order left"]),
        ("order -from:marta from:them", vec!["请问订单 order"]),
        ("from:nobody", vec![]),
        ("account:support type:document", vec!["nota.pdf"]),
        ("account:sales order", vec![]),
        ("-account:sales status:failed", vec!["refused order"]),
        ("has:link", vec!["late order https://a.example/1"]),
        ("has:media -type:image", vec!["nota.pdf"]),
        ("has:image order", vec!["photo of the order\nnota.pdf"]),
        ("has:quote", vec!["thanks\nnota.pdf"]),
        ("has:error", vec!["refused order"]),
        ("status:failed", vec!["refused order"]),
        ("status:unread thanks", vec!["thanks\nnota.pdf"]),
        ("tpl:order", vec!["Your parcel is here"]),
        ("tpl:invoice", vec![]),
        ("order -has:media -from:us -订单", vec!["where is my order", "late order https://a.example/1"]),
        ("订单 before:today", vec!["请问订单 order"]),
        ("单 type:text", vec!["请问订单 order"]),
        ("arcel tpl:order", vec!["Your parcel is here"]),
        (
            "orde from:marta",
            vec!["where is my order", "photo of the order\nnota.pdf", "late order https://a.example/1"],
        ),
        (
            "orde type:text from:them",
            vec!["where is my order", "请问订单 order", "late order https://a.example/1"],
        ),
        ("orde -from:us -from:marta", vec!["请问订单 order"]),
        ("\"my order\" has:link", vec![]),
    ] {
        assert_eq!(all(&bed, text).await.0, expected, "{text}");
    }
    let day = |n: i64| {
        let at = jiff::Timestamp::from_millisecond(NOW - n * DAY).unwrap();
        at.to_zoned(TimeZone::UTC).date().to_string()
    };
    let text = format!("from:them before:{} after:{}", day(6), day(8));
    assert_eq!(all(&bed, &text).await.0, ["photo of the order\nnota.pdf", "请问订单 order"]);
    let text = format!("from:them -before:{}", day(1));
    assert_eq!(all(&bed, &text).await.0, ["thanks\nnota.pdf", "where is my order"]);
}

#[tokio::test]
async fn people_are_found_unless_messages_are_asked_for() {
    let bed = bed().await;
    let people = async |text: &str| {
        let query = read(text);
        let found = bed.store.read_slow(move |r| Ok(r.find(&query, None, None, None, 5))).await.unwrap();
        found.unwrap().threads.len()
    };
    assert_eq!(people("marta").await, 1);
    assert_eq!(people("marta account:support").await, 1);
    assert_eq!(people("marta account:sales").await, 0);
    assert_eq!(people("marta type:image").await, 0);
    assert_eq!(people("from:marta").await, 0);
}

#[tokio::test]
async fn an_unknown_account_is_named_with_those_that_there_are() {
    let bed = bed().await;
    let query = read("order account:banana");
    let found = bed.store.read_slow(move |r| Ok(r.find(&query, None, None, None, 5))).await.unwrap();
    let Err(SearchError::Query(e)) = found else { panic!("{found:?}") };
    assert_eq!((e.at.start, e.next.as_str()), (6, "one of support, sales"));
}

#[tokio::test]
async fn labels_are_found_by_name_or_its_beginning() {
    let bed = bed().await;
    let thread = bed.threads().await.into_iter().find(|t| t.title == "王小明").unwrap().id;
    let label = Label { id: LabelId::new(), name: "VIP customer".into(), color: LabelColor::Red };
    let act = Act::Label { add: vec![label.id], remove: vec![] };
    bed.apply(EventBody::LabelSaved { label }).await.unwrap();
    bed.apply(EventBody::ThreadsHandled { threads: vec![thread], act }).await.unwrap();
    assert_eq!(all(&bed, "label:vip type:text").await.0, ["请问订单 order"]);
    assert_eq!(all(&bed, "order label:\"vip customer\"").await.0, ["请问订单 order"]);
    assert_eq!(all(&bed, "late -label:VIP").await.0, ["late order https://a.example/1"]);
    let query = read("label:gold");
    let found = bed.store.read_slow(move |r| Ok(r.find(&query, None, None, None, 5))).await.unwrap();
    let Err(SearchError::Query(e)) = found else { panic!("{found:?}") };
    assert_eq!(e.next, "one of VIP customer");
}

#[tokio::test]
async fn a_filter_that_fits_little_is_looked_for_in_pieces_and_complete() {
    let bed = bed().await;
    for part in 0..10 {
        let more =
            (0..50).map(|i| says(&wang(), &format!("m{part}-{i}"), NOW + part * 50 + i, "order again"));
        bed.webhook(more.collect()).await;
    }
    for (text, expected, least) in [
        ("order from:us", vec!["Your parcel is here", "refused order", "the order left"], 10),
        ("status:failed", vec!["refused order"], 10),
        ("order status:played", vec![], 10),
        ("again type:video", vec![], 10),
        ("orde has:error", vec!["refused order"], 10),
        ("order from:marta type:image", vec!["photo of the order\nnota.pdf"], 1),
    ] {
        let (found, pages) = all(&bed, text).await;
        assert_eq!(found, expected, "{text}");
        assert!(pages >= least, "{text}: {pages} pages");
    }
    // All of many, each once, newest first.
    let (found, _) = all(&bed, "again from:them").await;
    assert_eq!(found.len(), 500);
}

#[tokio::test]
async fn a_message_that_was_planned_long_before_is_not_lost() {
    let bed = bed().await;
    let thread = bed.threads().await[0].id;
    let (message, attempt) = bed.queue(thread, "planned order").await;
    bed.apply(EventBody::SendMoved { message, send_at: Some(NOW + 30 * DAY) }).await.unwrap();
    bed.clock.set(NOW + 30 * DAY);
    bed.apply(EventBody::AttemptStarted { message, attempt }).await.unwrap();
    let m = bed.message(message).await;
    assert_eq!((m.at, m.stored_at), (NOW + 30 * DAY, NOW));
    assert_eq!(all(&bed, "planned after:2026-12-01").await.0, ["planned order"]);
}

async fn matches(bed: &Bed, thread: ThreadId, text: &str) -> (Vec<String>, usize) {
    let query = read(text);
    let (mut out, mut pages, mut before) = (Vec::new(), 0, None);
    loop {
        let query = query.clone();
        let found = bed
            .store
            .read_slow(move |r| Ok(r.find_in_thread(thread, &query, before)))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(found.thread, thread);
        pages += 1;
        for (id, at) in found.items {
            let m = bed.message(id).await;
            assert_eq!(m.at, at);
            out.push(m.body.plain_text());
        }
        match found.next {
            Some(next) => before = Some(next),
            None => return (out, pages),
        }
    }
}

#[tokio::test]
async fn a_thread_is_searched_whole_newest_first() {
    let bed = bed().await;
    let thread = of_marta(&bed).await;
    assert_eq!(
        matches(&bed, thread, "ORDER from:them").await.0,
        ["where is my order", "photo of the order\nnota.pdf", "late order https://a.example/1"]
    );
    assert_eq!(matches(&bed, thread, "rder lat").await.0, ["late order https://a.example/1"]);
    assert_eq!(matches(&bed, thread, "has:image").await.0.len(), 2);
    assert!(matches(&bed, thread, "订单").await.0.is_empty());
    assert!(matches(&bed, thread, "").await.0.is_empty());
    // One that came late stands where its time says.
    bed.webhook(vec![says(&marta(), "w9", NOW - 5 * DAY, "Ordér in between")]).await;
    assert_eq!(matches(&bed, thread, "order from:them").await.0[1], "Ordér in between");
    bed.webhook((0..99).map(|i| says(&marta(), &format!("x{i}"), NOW + i, "noise")).collect()).await;
    let (found, pages) = matches(&bed, thread, "late").await;
    assert_eq!((found.len(), pages), (1, 3));
}

#[tokio::test]
async fn neighbours_and_times_are_found() {
    let bed = bed().await;
    let thread = of_marta(&bed).await;
    let ids: Vec<MessageId> = bed.messages(thread).await.iter().map(|m| m.id).collect();
    let asked = vec![ids[1], ids[0], MessageId::new()];
    let around = bed.store.read(move |r| r.neighbours(&asked)).await.unwrap();
    assert_eq!(around.len(), 2);
    assert_eq!(around[0].before.as_ref().unwrap().text, "late order https://a.example/1");
    assert_eq!(around[0].after.as_ref().unwrap().text, "where is my order");
    assert_eq!(around[1].before, None);
    assert_eq!(ids.len(), 7);
    let at = async |place: Place| {
        let page = bed.store.read(move |r| r.messages(thread, place, 4)).await.unwrap();
        (
            page.items.iter().map(|m| m.body.plain_text()).collect::<Vec<_>>(),
            page.older.is_some(),
            page.newer.is_some(),
        )
    };
    let (list, older, newer) = at(Place::Time(NOW - 8 * DAY)).await;
    assert_eq!((list[1].as_str(), older, newer), ("photo of the order\nnota.pdf", false, true));
    let (list, older, newer) = at(Place::Time(NOW + 999 * DAY)).await;
    assert_eq!((list.len(), older, newer), (4, true, false));
    let (list, older, newer) = at(Place::Oldest).await;
    assert_eq!((list[0].as_str(), older, newer), ("late order https://a.example/1", false, true));
    let mut place = Place::Oldest;
    let mut all = Vec::new();
    loop {
        let page = bed.store.read(move |r| r.messages(thread, place, 2)).await.unwrap();
        all.extend(page.items.iter().map(|m| m.id));
        let next: Option<Cursor> = page.newer;
        let Some(next) = next else { break };
        place = Place::After(next);
    }
    assert_eq!(all, ids);
    assert!(bed.message(ids[0]).await.state == DeliveryState::Received);
}
