//! Many clients on one engine, some of which do not read: nobody waits for them, and nobody misses anything unsaid.

use super::{PATIENCE, raw, soon};
use crate::common::Bed;
use futures::SinkExt as _;
use serde_json::json;
use std::sync::Arc;
use std::time::Instant;
use switchboard::daemon::{Connect, DataDir, Door, Server, attach};
use switchboard::model::ClientInfo;
use switchboard::protocol::client::Client;
use switchboard::protocol::codec::{decode, encode};
use switchboard::protocol::{Changed, ClientFrame, Request, Response, ServerFrame, Update};
use switchboard::users::own_uid;

const CLIENTS: usize = 50;
const STATUSES: usize = 6000;

/// Reads updates until a message of a customer is told of, or until something was lost and is asked for again. Gives
/// back the last number, and how often something was lost.
async fn until_told(client: &mut Client, seq: &mut u64) -> usize {
    let mut lost = 0;
    loop {
        let Update { seq: next, changed } = client.update().await.expect("the engine is there");
        let resync = changed.contains(&Changed::Resync);
        assert!(
            next == *seq + 1 || (resync && next > *seq),
            "{next} after {seq} without a word: {changed:?}"
        );
        *seq = next;
        lost += usize::from(resync);
        if changed.iter().any(|c| matches!(c, Changed::MessageStored { inbound: true, .. })) {
            return lost;
        }
        if resync {
            // What was lost may be the message: ask, as a screen does.
            let Ok(Response::Accounts(list)) = client.ask(Request::Accounts).await else {
                panic!("no answer")
            };
            if list.iter().any(|a| a.unread > 0) {
                return lost;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_read_slows_nobody() {
    let bed = Bed::new(0.0, 1).await;
    let dir = tempfile::tempdir().unwrap();
    let data = DataDir::open(&dir.path().join("data"), own_uid()).unwrap();
    let lock = data.lock(0).unwrap().expect("free");
    let socket = data.socket_path(None).unwrap();
    let engine = bed.engine.clone();
    let connect: Connect = Arc::new(move |client| engine.connect(client));
    let listener = lock.bind(&Door::own(socket.clone())).await.unwrap();
    let server = Server::start(listener, Some(&socket), connect);
    // Three who greet and then never read: a stopped terminal, a dead line.
    let mut stuck = Vec::new();
    for _ in 0..3 {
        let mut line = raw(&socket).await;
        line.send(encode(&ClientFrame { id: 1, request: Request::hello("", "") }).unwrap()).await.unwrap();
        stuck.push(line);
    }
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push((Client::new(attach(&socket, &ClientInfo::default()).await.unwrap()), 0u64));
    }
    let start = Instant::now();
    let publisher = bed.engine.clone();
    let statuses = tokio::task::spawn_blocking(move || {
        for _ in 0..STATUSES {
            publisher.listener(Err("for a test".into()));
        }
    });
    // The engine's own side never waits.
    soon("the statuses are told", statuses).await.unwrap();
    let told = start.elapsed();
    bed.control("say", json!({"customer": "marta", "text": "oi"})).await;
    let readers = clients.into_iter().map(|(mut client, mut seq)| {
        tokio::spawn(async move {
            let lost = until_told(&mut client, &mut seq).await;
            (client, lost)
        })
    });
    let mut held = Vec::new();
    for reader in readers.collect::<Vec<_>>() {
        held.push(soon("every client hears of the message", reader).await.unwrap().0);
    }
    assert!(told < PATIENCE / 2, "telling took {told:?}");
    // A stuck one reads again: a gap is said, and then it is up to date.
    let mut line = stuck.pop().unwrap();
    let mut seq = 0;
    let mut resyncs = 0;
    let caught = async {
        loop {
            let frame = futures::StreamExt::next(&mut line).await.expect("still open").unwrap();
            let ServerFrame::Update(u) = decode(&frame).unwrap() else { continue };
            let resync = u.changed.contains(&Changed::Resync);
            assert!(u.seq == seq + 1 || resync, "{} after {seq} without a word", u.seq);
            seq = u.seq;
            resyncs += usize::from(resync);
            if resyncs > 0 {
                return;
            }
        }
    };
    soon("the stuck one catches up", caught).await;
    line.send(encode(&ClientFrame { id: 2, request: Request::Accounts }).unwrap()).await.unwrap();
    let answered = async {
        loop {
            let frame = futures::StreamExt::next(&mut line).await.expect("still open").unwrap();
            if let ServerFrame::Answer { id: 2, result } = decode(&frame).unwrap() {
                return result;
            }
        }
    };
    let Ok(Response::Accounts(list)) = soon("an answer", answered).await else { panic!("no accounts") };
    assert!(list.iter().any(|a| a.unread > 0), "{list:?}");
    drop(held);
    server.stop().await;
    bed.stop().await;
}
