//! What belongs to one operator, and changes that belong together, over the real engine.

use crate::common::{Bed, ask, eventually};
use serde_json::json;
use switchboard::model::ClientInfo;
use switchboard::model::event::Recipient;
use switchboard::model::ids::{MacroId, QuickReplyId, ThreadId};
use switchboard::model::macros::{Macro, MacroStep};
use switchboard::model::outgoing::Outgoing;
use switchboard::model::quick_reply::QuickReply;
use switchboard::model::thread::{ThreadFilter, ThreadRow};
use switchboard::protocol::client::Client;
use switchboard::protocol::macros::MacroRequest;
use switchboard::protocol::{Request, Response};

async fn client(bed: &Bed, operator: &str) -> Client {
    let mut c = Client::new(bed.engine.connect(&ClientInfo::inside(operator)));
    ask(&mut c, Request::hello("", "")).await;
    c
}

async fn replies(c: &mut Client) -> Vec<QuickReply> {
    let Response::QuickReplies(all) = ask(c, Request::QuickReplies).await else { panic!() };
    all
}

async fn macros(c: &mut Client) -> Vec<Macro> {
    let Response::Macros(all) = ask(c, Request::Macro { act: MacroRequest::List }).await else { panic!() };
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gets_what_is_private_to_another() {
    let bed = Bed::new(0.0, 1).await;
    let (mut ana, mut bo) = (client(&bed, "ana").await, client(&bed, "bo").await);
    let own = QuickReply {
        id: QuickReplyId::new(),
        shortcut: "raise".into(),
        text: "about my pay".into(),
        // Whatever name a client writes, it is the operator's own.
        owner: Some("bo".into()),
        ..QuickReply::default()
    };
    ask(&mut ana, Request::SaveQuickReply { reply: own.clone() }).await;
    assert_eq!(replies(&mut ana).await[0].owner.as_deref(), Some("ana"));
    assert_eq!(replies(&mut bo).await, []);
    for request in [
        Request::SaveQuickReply { reply: QuickReply { owner: None, text: "x".into(), ..own.clone() } },
        Request::SaveQuickReply { reply: QuickReply { text: "x".into(), ..own.clone() } },
        Request::DeleteQuickReply { id: own.id },
    ] {
        assert_eq!(bo.ask(request.clone()).await.unwrap_err().kind, "not_found", "{request:?}");
    }
    ask(&mut bo, Request::UseQuickReply { id: own.id }).await;
    let kept = replies(&mut ana).await.remove(0);
    assert_eq!((kept.text.as_str(), kept.used), ("about my pay", 0));
    ask(&mut ana, Request::UseQuickReply { id: own.id }).await;
    assert_eq!(replies(&mut ana).await[0].used, 1);
    let m = Macro {
        id: MacroId::new(),
        name: "close".into(),
        steps: vec![MacroStep::Read],
        owner: Some(String::new()),
        ..Macro::default()
    };
    ask(&mut ana, Request::Macro { act: MacroRequest::Save { saved: m.clone() } }).await;
    assert_eq!((macros(&mut ana).await.len(), macros(&mut bo).await.len()), (1, 0));
    let taken = Request::Macro { act: MacroRequest::Save { saved: Macro { owner: None, ..m.clone() } } };
    assert!(bo.ask(taken).await.is_err());
    assert!(bo.ask(Request::Macro { act: MacroRequest::Delete { id: m.id } }).await.is_err());
    let wrong = Macro { id: MacroId::new(), steps: vec![MacroStep::Unknown("dance".into())], ..m };
    let refused = bo.ask(Request::Macro { act: MacroRequest::Save { saved: wrong } }).await.unwrap_err();
    assert_eq!(refused.field.as_deref(), Some("steps.1"));
    bed.stop().await;
}

async fn thread(bed: &Bed) -> ThreadRow {
    eventually("a thread", || async {
        let r = Request::Threads { account: None, filter: ThreadFilter::All, before: None, limit: 10 };
        let Response::Threads(page) = ask(&mut bed.client().await, r).await else { panic!() };
        page.items.into_iter().next()
    })
    .await
}

fn send(thread: ThreadId, text: &str) -> Request {
    let content = Outgoing::text(text);
    Request::Send { account: None, to: Recipient::Thread { thread }, content, quote: None, at: None }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bundle_is_looked_at_before_anything_is_done() {
    let bed = Bed::new(0.0, 1).await;
    bed.control("say", json!({"customer": "marta", "text": "oi"})).await;
    let row = thread(&bed).await;
    let mut ana = client(&bed, "ana").await;
    let read = Request::MarkRead { thread: row.id, upto: row.last_at, stored: None, receipt: false };
    let bundle = |requests: Vec<Request>| Request::Together { requests };
    // The last one cannot be: the first is not made.
    for bad in [send(row.id, ""), send(ThreadId::default(), "hi"), Request::Accounts, bundle(vec![])] {
        let refused = ana.ask(bundle(vec![read.clone(), bad.clone()])).await.unwrap_err();
        assert!(!refused.what.is_empty(), "{bad:?}");
        assert_eq!(thread(&bed).await.unread, 1, "{bad:?}");
    }
    assert!(ana.ask(bundle(vec![read.clone(); 51])).await.is_err());
    // What can only be seen when it is its turn ends the bundle, and the answer says how far it went.
    let gone = Request::DeleteQuickReply { id: QuickReplyId::new() };
    let result = ask(&mut ana, bundle(vec![read, gone, send(row.id, "never")])).await;
    let Response::Together(results) = result else { panic!("{result:?}") };
    assert_eq!(results.len(), 2);
    assert!(results[0].is_ok() && results[1].is_err(), "{results:?}");
    assert_eq!(thread(&bed).await.unread, 0);
    let result =
        ask(&mut ana, bundle(vec![send(row.id, "Thank you!"), Request::MarkUnread { thread: row.id }])).await;
    let Response::Together(results) = result else { panic!("{result:?}") };
    assert!(results.len() == 2 && results.iter().all(Result::is_ok), "{results:?}");
    eventually("the text got out", || async { (bed.accepted().await.len() == 1).then_some(()) }).await;
    bed.stop().await;
}
