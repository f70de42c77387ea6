//! Notes, drafts and the operator's place, seen by two clients of one engine.

use super::{messages, thread_named};
use crate::common::{Bed, ask, eventually};
use serde_json::json;
use switchboard::model::ClientInfo;
use switchboard::model::delivery::DeliveryState;
use switchboard::model::message::{Body, Origin};
use switchboard::model::thread::DraftMode;
use switchboard::protocol::client::Client;
use switchboard::protocol::notes::NoteRequest;
use switchboard::protocol::preferences::{PLACE, Preference};
use switchboard::protocol::{Changed, Request, Response};

async fn place(c: &mut Client) -> Option<String> {
    let Response::Preferences(all) = ask(c, Request::Preferences).await else { panic!() };
    all.into_iter().find(|p| p.key == PLACE).map(|p| p.value)
}

async fn set_place(c: &mut Client, value: &str) {
    let preference = Preference { key: PLACE.into(), value: value.into() };
    ask(c, Request::SetPreference { preference }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_note_reaches_every_client_and_never_the_provider() {
    let bed = Bed::new(0.0, 1).await;
    bed.control("say", json!({"customer": "marta", "text": "oi"})).await;
    let row = thread_named(&bed, "Marta Souza").await;
    let (mut one, mut two) = (bed.client().await, bed.client().await);
    let request = Request::AddNote { thread: row.id, text: "carrier says delayed".into() };
    let Response::Noted { note, thread } = ask(&mut one, request).await else { panic!() };
    assert_eq!(thread, row.id);
    let stored = Changed::MessageStored { thread, message: note, inbound: false };
    loop {
        let update = two.update().await.unwrap();
        if update.changed.contains(&stored) {
            break;
        }
    }
    // A name in it calls a colleague, once.
    let calls = Request::AddNote { thread: row.id, text: "@bo please call, or mail x@example.com".into() };
    let Response::Noted { note: call, .. } = ask(&mut one, calls).await else { panic!() };
    let told = Changed::Mentioned { thread, by: "ana".into(), who: vec!["bo".into()] };
    while !two.update().await.unwrap().changed.contains(&told) {}
    ask(&mut one, Request::Note { act: NoteRequest::Edit { note: call, text: "@bo @cy call".into() } }).await;
    let told = Changed::Mentioned { thread, by: "ana".into(), who: vec!["cy".into()] };
    while !two.update().await.unwrap().changed.contains(&told) {}
    ask(&mut one, Request::Note { act: NoteRequest::Delete { note: call } }).await;
    let m = messages(&mut two, thread).await.into_iter().find(|m| m.id == note).unwrap();
    assert_eq!((m.id, m.state, m.attempts), (note, DeliveryState::Noted, 0));
    assert_eq!(m.body, Body::Note { text: "carrier says delayed".into() });
    assert_eq!(m.origin, Origin::Operator("ana".into()));
    // It cannot be sent again, withdrawn, quoted or reacted to.
    for refused in [
        Request::Retry { message: note },
        Request::Cancel { message: note },
        Request::TakeBack { message: note },
    ] {
        assert!(one.ask(refused).await.is_err());
    }
    assert!(bed.accepted().await.is_empty());
    // Who wrote it changes and deletes it; the other client is told, and another operator is refused.
    let edit = |text: &str| Request::Note { act: NoteRequest::Edit { note, text: text.into() } };
    let mut bo = Client::new(bed.engine.connect(&switchboard::model::client::ClientInfo::inside("bo")));
    assert!(bo.ask(edit("mine")).await.unwrap_err().what.contains("ana wrote this note"));
    assert_eq!(ask(&mut one, edit("carrier says tomorrow")).await, Response::Noted { note, thread });
    let changed = Changed::MessageChanged { thread, message: note };
    while !two.update().await.unwrap().changed.contains(&changed) {}
    let m = messages(&mut two, thread).await.into_iter().find(|m| m.id == note).unwrap();
    assert_eq!((m.body, m.edited), (Body::Note { text: "carrier says tomorrow".into() }, true));
    let Response::Versions(said) = ask(&mut two, Request::Versions { message: note }).await else { panic!() };
    assert_eq!(said.len(), 2);
    let delete = Request::Note { act: NoteRequest::Delete { note } };
    assert!(bo.ask(delete.clone()).await.is_err());
    ask(&mut one, delete).await;
    assert_eq!(
        messages(&mut two, thread).await.into_iter().find(|m| m.id == note).unwrap().body,
        Body::Revoked
    );
    assert!(bed.accepted().await.is_empty());
    // A closed window does not matter: there is nobody it goes to.
    bed.control("window", json!({"customer": "marta", "state": "closed"})).await;
    ask(&mut one, Request::AddNote { thread, text: "called twice".into() }).await;
    assert_eq!(messages(&mut one, thread).await.len(), 4);
    assert!(one.ask(Request::AddNote { thread, text: " ".into() }).await.is_err());
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_is_one_operators_and_the_last_one_is_kept() {
    let bed = Bed::new(0.0, 1).await;
    bed.control("say", json!({"customer": "marta", "text": "oi"})).await;
    let thread = thread_named(&bed, "Marta Souza").await.id;
    let (mut one, mut two) = (bed.client().await, bed.client().await);
    assert_eq!(place(&mut one).await, None);
    set_place(&mut one, "{\"view\":\"a\"}").await;
    set_place(&mut two, "{\"view\":\"b\"}").await;
    assert_eq!(place(&mut one).await.as_deref(), Some("{\"view\":\"b\"}"));
    let mut other = Client::new(bed.engine.connect(&ClientInfo::inside("bo")));
    assert_eq!(place(&mut other).await, None);
    // Nobody is told: a screen does not ask for its preferences with every step of another one. A draft is told.
    ask(&mut one, Request::SaveDraft { thread, mode: DraftMode::Note, text: "half".into() }).await;
    eventually("the other client has the draft", || async {
        let mut c = bed.client().await;
        let Response::Thread(d) = ask(&mut c, Request::Thread { id: thread }).await else { panic!() };
        (d.note == "half" && d.draft.is_empty() && d.row.draft).then_some(())
    })
    .await;
    let mut seen = Vec::new();
    while !seen.iter().any(|c| matches!(c, Changed::DraftChanged { thread: t, .. } if *t == thread)) {
        seen.extend(two.update().await.unwrap().changed);
    }
    assert!(!seen.contains(&Changed::PreferencesChanged), "{seen:?}");
    bed.stop().await;
}
