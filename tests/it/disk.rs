//! A disk that takes nothing: nothing is acknowledged, nothing leaves, reading goes on, and it ends by itself.

use crate::common::{Bed, ask, eventually};
use crate::recorder::{post, says, status, support};
use serde_json::json;
use switchboard::model::ClientInfo;
use switchboard::model::delivery::DeliveryState;
use switchboard::model::event::Recipient;
use switchboard::model::outgoing::Outgoing;
use switchboard::model::thread::{ThreadFilter, ThreadRow};
use switchboard::protocol::client::Client;
use switchboard::protocol::{Place, Request, Response, Verdict};
use switchboard::store::DiskTrouble;

async fn threads(c: &mut Client) -> Vec<ThreadRow> {
    let r = Request::Threads { account: None, filter: ThreadFilter::All, before: None, limit: 100 };
    let Response::Threads(page) = ask(c, r).await else { panic!() };
    page.items
}

async fn thread(bed: &Bed) -> ThreadRow {
    bed.control("say", json!({"customer": "marta", "text": "oi"})).await;
    eventually("the thread", || async { threads(&mut bed.client().await).await.pop() }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_stops_taking_and_sending_and_goes_on_when_there_is_room() {
    let bed = Bed::new(0.0, 1).await;
    let url = bed.engine.listener_url(&support()).unwrap();
    let thread = thread(&bed).await;
    let mut c = bed.client().await;
    // As much as is free inside the database, so that nothing fits after it.
    bed.engine.hinder(Some(DiskTrouble::Full)).await.unwrap();
    let long = "x".repeat(1 << 20);
    let mut acknowledged = Vec::new();
    for i in 0..4 {
        let id = format!("wamid.D{i}");
        match post(&bed.http, &url, says(&id, &long)).await {
            200 => acknowledged.push(id),
            503 => {}
            other => panic!("{other}"),
        }
    }
    assert!(acknowledged.len() < 4, "the disk is full");
    let said =
        eventually("the engine says so", || async { status(&mut bed.client().await).await.disk }).await;
    assert!(said.what.contains("full") && said.next.contains("make room"), "{said:?}");
    // Now also what would still fit is refused, with a wish to wait.
    let body = says("wamid.SMALL", "hi");
    let sig =
        switchboard::provider::meta::webhook::sign(switchboard::emulator::DEMO_APP_SECRET.as_bytes(), &body);
    let answer = bed.http.post(&url).header("X-Hub-Signature-256", sig).body(body).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    // Sends are refused before anything is stored; reading goes on.
    let to = Recipient::Thread { thread: thread.id };
    let send = Request::Send { account: None, to, content: Outgoing::text("hello"), quote: None, at: None };
    let e = c.ask(send.clone()).await.unwrap_err();
    assert!(e.kind == "disk" && e.next.contains("make room"), "{e:?}");
    let r = Request::Messages { thread: thread.id, place: Place::Newest, limit: 9 };
    let Response::Messages { items, .. } = ask(&mut c, r).await else { panic!() };
    assert!(!items.is_empty());
    let Response::Checks(checks) = ask(&mut c, Request::Doctor).await else { panic!() };
    let space = checks.iter().find(|k| k.name == "disk.space").unwrap();
    assert!(space.verdict == Verdict::Fail && space.seen.contains("full"), "{space:?}");
    let signature = checks.iter().find(|k| k.name == "listener.signature").unwrap();
    assert!(signature.verdict == Verdict::Fail && signature.seen.contains("503"), "{signature:?}");
    assert!(bed.accepted().await.is_empty(), "nothing left");
    // Room again.
    bed.engine.hinder(None).await.unwrap();
    eventually("it goes on by itself", || async {
        status(&mut bed.client().await).await.disk.is_none().then_some(())
    })
    .await;
    for i in 0..4 {
        assert_eq!(post(&bed.http, &url, says(&format!("wamid.D{i}"), &long)).await, 200);
    }
    let Response::Queued { message, .. } = ask(&mut c, send).await else { panic!() };
    eventually("it is sent", || async {
        let mut c = bed.client().await;
        let Response::MessageRows(m) = ask(&mut c, Request::MessageRows { ids: vec![message] }).await else {
            panic!()
        };
        (m[0].state == DeliveryState::Read).then_some(())
    })
    .await;
    let amara = threads(&mut c).await.into_iter().find(|t| t.title == "Amara").unwrap();
    assert_eq!(amara.unread, 4, "each is here once");
    let notices = status(&mut c).await.notices;
    assert!(notices.iter().any(|n| n.text.contains("nothing could be written")), "{notices:?}");
    let Response::Checks(checks) = ask(&mut c, Request::Doctor).await else { panic!() };
    let bad: Vec<_> = checks.iter().filter(|k| k.verdict == Verdict::Fail).collect();
    assert!(bad.is_empty(), "{bad:?}");
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_in_the_outbox_does_not_leave_while_nothing_can_be_noted() {
    let dir = crate::common::private_dir();
    let emulator = switchboard::emulator::Emulator::start(switchboard::emulator::EmulatorOptions {
        speed: 0.0,
        play: false,
        ..switchboard::emulator::EmulatorOptions::demo().unwrap()
    })
    .await
    .unwrap();
    let mut settings = crate::common::settings(dir.path(), &emulator.base_url(), 1);
    settings.undo = std::time::Duration::from_millis(300);
    let engine = switchboard::engine::Engine::start(settings.clone(), switchboard::clock::Clock::system())
        .await
        .unwrap();
    let listener = switchboard::webhook::Listener::start(&engine, &settings.listener).await.unwrap();
    let http = switchboard::provider::http::client(true, std::time::Duration::from_secs(10)).unwrap();
    let bed = |path: &str| format!("{}/control/{path}", emulator.base_url());
    eventually("connected", || async {
        let mut c = Client::new(engine.connect(&ClientInfo::inside("ana")));
        let Response::Accounts(list) = ask(&mut c, Request::Accounts).await else { panic!() };
        (list[0].state == "connected").then_some(())
    })
    .await;
    http.post(bed("say")).json(&json!({"customer": "marta", "text": "oi"})).send().await.unwrap();
    let thread = eventually("the thread", || async {
        threads(&mut Client::new(engine.connect(&ClientInfo::inside("ana")))).await.pop()
    })
    .await;
    let mut c = Client::new(engine.connect(&ClientInfo::inside("ana")));
    let to = Recipient::Thread { thread: thread.id };
    let r = Request::Send { account: None, to, content: Outgoing::text("hello"), quote: None, at: None };
    let Response::Queued { message, .. } = ask(&mut c, r).await else { panic!() };
    engine.hinder(Some(DiskTrouble::ReadOnly)).await.unwrap();
    let said = eventually("the engine says so", || async {
        status(&mut Client::new(engine.connect(&ClientInfo::inside("ana")))).await.disk
    })
    .await;
    assert!(said.what.contains("only be read"), "{said:?}");
    let accepted = || async {
        let v: serde_json::Value = http.get(bed("messages")).send().await.unwrap().json().await.unwrap();
        v["messages"].as_array().unwrap().len()
    };
    assert_eq!(accepted().await, 0, "nothing left");
    engine.hinder(None).await.unwrap();
    eventually("it leaves once, when it can be noted", || async {
        let mut c = Client::new(engine.connect(&ClientInfo::inside("ana")));
        let Response::MessageRows(m) = ask(&mut c, Request::MessageRows { ids: vec![message] }).await else {
            panic!()
        };
        (m[0].state == DeliveryState::Read).then_some(())
    })
    .await;
    assert_eq!(accepted().await, 1);
    listener.stop().await;
    engine.stop().await;
    emulator.stop().await;
}
