//! The engine against the emulator over real HTTP: in, out, ticks, failures, two clients.

mod access;
mod activity;
mod admin;
mod admission;
mod colleagues;
mod notes;
mod permitted;
mod talk;

use crate::common::{Bed, ask, eventually};
use serde_json::json;
use switchboard::model::contact::Identity;
use switchboard::model::delivery::DeliveryState;
use switchboard::model::event::Recipient;
use switchboard::model::ids::{AccountId, MessageId, ThreadId};
use switchboard::model::message::ShownRow;
use switchboard::model::message::{Body, Message};
use switchboard::model::outgoing::{ListSection, Outgoing, ReplyButton};
use switchboard::model::thread::{ThreadFilter, ThreadRow};
use switchboard::protocol::client::Client;
use switchboard::protocol::{Changed, Place, Request, Response, Verdict};

async fn threads(c: &mut Client) -> Vec<ThreadRow> {
    let r = Request::Threads { account: None, filter: ThreadFilter::All, before: None, limit: 100 };
    let Response::Threads(page) = ask(c, r).await else { panic!() };
    page.items
}

async fn thread_named(bed: &Bed, title: &str) -> ThreadRow {
    eventually(&format!("a thread named {title}"), || async {
        threads(&mut bed.client().await).await.into_iter().find(|t| t.title == title)
    })
    .await
}

async fn messages(c: &mut Client, thread: ThreadId) -> Vec<Message> {
    let Response::Messages { items, .. } =
        ask(c, Request::Messages { thread, place: Place::Newest, limit: 100 }).await
    else {
        panic!()
    };
    items
}

async fn in_state(bed: &Bed, id: MessageId, state: DeliveryState) -> Message {
    eventually(&format!("the message is {}", state.as_str()), || async {
        let mut c = bed.client().await;
        let Response::MessageRows(list) = ask(&mut c, Request::MessageRows { ids: vec![id] }).await else {
            panic!()
        };
        list.into_iter().find(|m| m.state == state)
    })
    .await
}

async fn send(c: &mut Client, thread: ThreadId, content: Outgoing, quote: Option<MessageId>) -> MessageId {
    let r = Request::Send { account: None, to: Recipient::Thread { thread }, content, quote, at: None };
    let Response::Queued { message, .. } = ask(c, r).await else { panic!() };
    message
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_writes_and_is_answered_with_blue_ticks() {
    let bed = Bed::new(0.0, 1).await;
    let mut watcher = bed.client().await;
    bed.control("say", json!({"customer": "marta", "text": "Cadê o meu pedido? 📦"})).await;
    let row = thread_named(&bed, "Marta Souza").await;
    assert_eq!((row.unread, row.preview.as_ref().unwrap().text.as_str()), (1, "Cadê o meu pedido? 📦"));
    // The other client was told without asking.
    loop {
        let update = watcher.update().await.expect("updates come");
        if update.changed.iter().any(|c| matches!(c, Changed::MessageStored { inbound: true, .. })) {
            break;
        }
    }
    let mut c = bed.client().await;
    let asked = messages(&mut c, row.id).await.pop().unwrap();
    let id = send(&mut c, row.id, Outgoing::text("Oi Marta, sai hoje!"), Some(asked.id)).await;
    let m = in_state(&bed, id, DeliveryState::Read).await;
    assert!(m.times.accepted.is_some() && m.times.sent.is_some() && m.provider_id.is_some());
    assert_eq!(m.quote.unwrap().text, "Cadê o meu pedido? 📦");
    let accepted = bed.accepted().await;
    assert_eq!(accepted.len(), 1, "{accepted:?}");
    ask(&mut c, Request::MarkRead { thread: row.id, upto: asked.at, stored: None, receipt: true }).await;
    assert_eq!(thread_named(&bed, "Marta Souza").await.unread, 0);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_send_is_taken_by_the_provider() {
    let bed = Bed::new(0.0, 1).await;
    bed.control("say", json!({"customer": "marta", "text": "oi"})).await;
    let thread = thread_named(&bed, "Marta Souza").await.id;
    let mut c = bed.client().await;
    let first = messages(&mut c, thread).await.pop().unwrap().id;
    let kinds = vec![
        Outgoing::text("text"),
        Outgoing::Buttons {
            header: "H".into(),
            text: "Friday?".into(),
            footer: "F".into(),
            buttons: vec![ReplyButton { id: "y".into(), title: "Yes".into() }],
        },
        Outgoing::List {
            header: String::new(),
            text: "Choose".into(),
            footer: String::new(),
            button: "Open".into(),
            sections: vec![ListSection {
                title: String::new(),
                rows: vec![ShownRow { id: "1".into(), title: "One".into(), description: String::new() }],
            }],
        },
        Outgoing::Link {
            header: "H".into(),
            text: "Track your order.".into(),
            footer: String::new(),
            button: "Track".into(),
            url: "https://northwind.example/t/8812".into(),
        },
        Outgoing::Location { latitude: 38.7, longitude: -9.1, name: "Shop".into(), address: "Rua 1".into() },
        Outgoing::Contacts {
            cards: vec![switchboard::model::message::ContactCard {
                name: "Tom Harker".into(),
                first_name: "Tom".into(),
                ..Default::default()
            }],
        },
    ];
    for kind in kinds {
        let id = send(&mut c, thread, kind.clone(), None).await;
        let m = in_state(&bed, id, DeliveryState::Read).await;
        assert!(m.error.is_none(), "{kind:?}: {m:?}");
    }
    send(&mut c, thread, Outgoing::Reaction { target: first, emoji: "👍".into() }, None).await;
    eventually("our reaction is on the message", || async {
        let mut c = bed.client().await;
        let m = messages(&mut c, thread).await.into_iter().find(|m| m.id == first)?;
        m.reactions.iter().any(|r| r.own && r.emoji == "👍").then_some(())
    })
    .await;
    assert_eq!(bed.accepted().await.len(), 7);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_window_refuses_text_and_takes_a_template() {
    let bed = Bed::new(0.0, 1).await;
    let mut c = bed.client().await;
    let to = || Recipient::Identity { identity: Identity::phone("+55 11 90000-0101") };
    let text =
        Request::Send { account: None, to: to(), content: Outgoing::text("hi"), quote: None, at: None };
    let refused = c.ask(text).await.unwrap_err();
    assert_eq!(refused.kind, "window_closed");
    assert!(threads(&mut c).await.is_empty(), "nothing was stored");
    let account = AccountId::new("support");
    let Response::Templates(list) = ask(&mut c, Request::Templates { account }).await else { panic!() };
    assert!(list.len() >= 10, "{}", list.len());
    let t = list
        .iter()
        .find(|t| t.is_sendable() && t.fields().iter().filter(|f| f.required).count() >= 2)
        .unwrap();
    let values = t
        .fields()
        .iter()
        .map(|f| {
            let v = if f.key == "header.link" {
                "https://acme.example/a.png".to_owned()
            } else {
                format!("v{}", f.key)
            };
            (f.key.clone(), v)
        })
        .collect();
    let make = |values| Request::SendTemplate {
        account: None,
        to: to(),
        name: t.name.clone(),
        language: t.language.clone(),
        values,
        file: None,
        knowing: false,
        at: None,
    };
    let missing = c.ask(make(std::collections::BTreeMap::new())).await.unwrap_err();
    assert!(missing.kind == "field" && missing.field.is_some(), "{missing:?}");
    let Response::Queued { message, .. } = ask(&mut c, make(values)).await else { panic!() };
    let m = in_state(&bed, message, DeliveryState::Read).await;
    assert!(matches!(m.body, Body::Template { .. }));
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_providers_no_is_shown_with_code_meaning_and_next_step() {
    let bed = Bed::new(0.0, 1).await;
    bed.control("say", json!({"customer": "marta", "text": "oi"})).await;
    let thread = thread_named(&bed, "Marta Souza").await.id;
    bed.control("window", json!({"customer": "marta", "state": "closed"})).await;
    let mut c = bed.client().await;
    let id = send(&mut c, thread, Outgoing::text("too late"), None).await;
    let m = in_state(&bed, id, DeliveryState::Failed).await;
    let e = m.error.unwrap();
    assert!(e.code == 131_047 && e.cause.is_some() && e.next.is_some(), "{e:?}");
    let row = thread_named(&bed, "Marta Souza").await;
    assert!(row.failed == 1 && row.window.until.is_none(), "the provider's word corrects our clock");
    assert_eq!(
        c.ask(Request::Send {
            account: None,
            to: Recipient::Thread { thread },
            content: Outgoing::text("again"),
            quote: None,
            at: None
        })
        .await
        .unwrap_err()
        .kind,
        "window_closed"
    );
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_sends_are_refused_before_anything_is_stored() {
    let bed = Bed::new(0.0, 2).await;
    bed.control("say", json!({"customer": "marta", "text": "oi"})).await;
    let thread = thread_named(&bed, "Marta Souza").await.id;
    let mut c = bed.client().await;
    let here = || Recipient::Thread { thread };
    let phone = |p: &str| Recipient::Identity { identity: Identity::phone(p) };
    let support = Some(AccountId::new("support"));
    let cases = [
        (None, here(), Outgoing::text(""), "text"),
        (None, here(), Outgoing::text("x".repeat(4097)), "text"),
        (None, phone("+55 11 1"), Outgoing::text("x"), "account"),
        (support.clone(), phone(""), Outgoing::text("x"), "to"),
        (support.clone(), phone("hello"), Outgoing::text("x"), "to"),
        (support.clone(), phone("0049123456"), Outgoing::text("x"), "to"),
        (Some(AccountId::new("sales")), here(), Outgoing::text("x"), "account"),
        (None, here(), Outgoing::Reaction { target: MessageId::new(), emoji: "👍".into() }, "emoji"),
    ];
    for (account, to, content, field) in cases {
        let e = c
            .ask(Request::Send { account, to, content: content.clone(), quote: None, at: None })
            .await
            .unwrap_err();
        assert_eq!(e.field.as_deref(), Some(field), "{content:?}: {e:?}");
    }
    assert_eq!(threads(&mut c).await.len(), 1);
    assert_eq!(messages(&mut c, thread).await.len(), 1);
    assert!(bed.accepted().await.is_empty());
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_play_is_stored_and_the_counters_agree() {
    let bed = Bed::new(50.0, 3).await;
    eventually("the customers of all numbers have written", || async {
        let mut c = bed.client().await;
        let list = threads(&mut c).await;
        let accounts: std::collections::BTreeSet<_> = list.iter().map(|t| t.account.clone()).collect();
        (list.len() >= 10 && accounts.len() == 3).then_some(())
    })
    .await;
    let mut c = bed.client().await;
    let Response::Checks(checks) = ask(&mut c, Request::Doctor).await else { panic!() };
    let bad: Vec<_> = checks.iter().filter(|k| k.verdict == Verdict::Fail).collect();
    assert!(bad.is_empty(), "{bad:?}");
    assert!(
        checks.iter().any(|k| k.name == "listener.handshake" && k.verdict == Verdict::Pass),
        "{checks:?}"
    );
    let found = Request::Search {
        text: "8812".into(),
        zone: None,
        account: None,
        thread: None,
        before: None,
        limit: 10,
    };
    let Response::Found(found) = ask(&mut c, found).await else { panic!() };
    assert!(!found.hits.items.is_empty());
    bed.stop().await;
}
