//! The socket with a real server and real clients around a scripted engine.

mod crowd;

use futures::{SinkExt, StreamExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use switchboard::daemon::{AttachError, Connect, DataDir, Door, Lock, Server, attach};
use switchboard::model::ClientInfo;
use switchboard::model::thread::DraftMode;
use switchboard::protocol::client::{Client, Peer, pair};
use switchboard::protocol::codec::{self, decode, encode, framing};
use switchboard::protocol::{Changed, ClientFrame, PROTOCOL, Request, Response, ServerFrame, Status, Update};
use switchboard::users::{name_of, own_uid};
use tokio::net::UnixStream;
use tokio_util::codec::Framed;

/// Long enough for a busy machine; reached only when something is broken.
const PATIENCE: Duration = Duration::from_secs(20);

async fn soon<F: Future>(what: &str, f: F) -> F::Output {
    let Ok(out) = tokio::time::timeout(PATIENCE, f).await else {
        panic!("{what}: nothing within {PATIENCE:?}");
    };
    out
}

/// Answers like an engine: who the client is, and for `Status` the number of webhooks it was asked with.
async fn answer(mut peer: Peer, operator: String) {
    while let Some(ClientFrame { id, request }) = peer.requests.recv().await {
        let result = Ok(match request {
            Request::Hello { .. } => {
                Response::Hello { protocol: PROTOCOL, version: "test".into(), operator: operator.clone() }
            }
            Request::Status => Response::Status(Box::new(Status {
                version: "test".into(),
                webhooks: id,
                ..Status::default()
            })),
            _ => Response::Done,
        });
        if peer.frames.send(ServerFrame::Answer { id, result }).await.is_err() {
            return;
        }
    }
}

struct House {
    _dir: tempfile::TempDir,
    _lock: Lock,
    socket: PathBuf,
    server: Server,
}

async fn house(connect: Connect) -> House {
    let dir = tempfile::tempdir().unwrap();
    let uid = own_uid();
    let data = DataDir::open(&dir.path().join("data"), uid).unwrap();
    let lock = data.lock(0).unwrap().expect("the lock is free");
    let socket = data.socket_path(Some(dir.path())).unwrap();
    let listener = lock.bind(&Door::own(socket.clone())).await.unwrap();
    let server = Server::start(listener, Some(&socket), connect);
    House { _dir: dir, _lock: lock, socket, server }
}

fn answering() -> Connect {
    Arc::new(|client: &ClientInfo| {
        let (connection, peer) = pair();
        tokio::spawn(answer(peer, client.user.clone()));
        connection
    })
}

async fn raw(socket: &Path) -> Framed<UnixStream, tokio_util::codec::LengthDelimitedCodec> {
    Framed::new(UnixStream::connect(socket).await.unwrap(), framing())
}

async fn next(
    framed: &mut Framed<UnixStream, tokio_util::codec::LengthDelimitedCodec>,
) -> Option<ServerFrame> {
    soon("a frame", framed.next()).await.map(|bytes| decode(&bytes.unwrap()).unwrap())
}

#[tokio::test]
async fn clients_attach_ask_and_are_known_by_the_kernels_word() {
    let house = house(answering()).await;
    let mut a = Client::new(attach(&house.socket, &ClientInfo::default()).await.unwrap());
    let mut b = Client::new(attach(&house.socket, &ClientInfo::default()).await.unwrap());
    let hello = Request::hello("", "");
    let Ok(Response::Hello { operator, .. }) = soon("hello", a.ask(hello)).await else { panic!("no hello") };
    assert_eq!(operator, name_of(own_uid()));
    for n in 2..5 {
        let Ok(Response::Status(s)) = soon("status", a.ask(Request::Status)).await else {
            panic!("no status")
        };
        assert_eq!(s.webhooks, n, "answers belong to their requests");
    }
    assert_eq!(soon("b", b.ask(Request::QuickReplies)).await, Ok(Response::Done));
    house.server.stop().await;
}

#[tokio::test]
async fn the_engine_learns_who_is_there_and_what_the_client_tells() {
    let seen: Arc<Mutex<Vec<ClientInfo>>> = Arc::default();
    let kept = Arc::clone(&seen);
    let connect: Connect = Arc::new(move |client: &ClientInfo| {
        kept.lock().unwrap().push(client.clone());
        answering()(client)
    });
    let house = house(connect).await;
    // Who we are is not ours to say: only terminal and source are told, and they are made safe.
    let lie = ClientInfo { uid: Some(4711), user: "mallory".into(), ..ClientInfo::default() };
    let told = lie.telling("pts/3", "192.0.2.7");
    let client = attach(&house.socket, &told).await.unwrap();
    let mut line = raw(&house.socket).await;
    let hello = Request::hello("pts/4\u{1b}]0;x\u{7}", &"9".repeat(3000));
    line.send(encode(&ClientFrame { id: 1, request: hello }).unwrap()).await.unwrap();
    assert!(matches!(next(&mut line).await, Some(ServerFrame::Answer { id: 1, result: Ok(_) })));
    let seen = seen.lock().unwrap().clone();
    let pid = i32::try_from(std::process::id()).unwrap();
    let us = switchboard::users::client(own_uid(), Some(pid));
    assert_eq!(seen[0], us.clone().telling("pts/3", "192.0.2.7"));
    assert_eq!((seen[1].uid, seen[1].terminal.as_str(), seen[1].source.len()), (us.uid, "pts/4]0;x", 64));
    drop(client);
    house.server.stop().await;
}

#[tokio::test]
async fn a_stopped_server_leaves_no_socket_and_ends_its_clients() {
    let house = house(answering()).await;
    let mut client = Client::new(attach(&house.socket, &ClientInfo::default()).await.unwrap());
    house.server.stop().await;
    assert!(!house.socket.exists());
    assert!(soon("the end", client.update()).await.is_none());
    assert_eq!(client.ask(Request::Status).await.unwrap_err().kind, "engine_gone");
    assert!(matches!(attach(&house.socket, &ClientInfo::default()).await, Err(AttachError::NoEngine)));
    // What a crashed engine leaves behind.
    drop(std::os::unix::net::UnixListener::bind(&house.socket).unwrap());
    assert!(matches!(attach(&house.socket, &ClientInfo::default()).await, Err(AttachError::Stale)));
}

#[tokio::test]
async fn another_protocol_and_a_missing_hello_get_a_sentence() {
    let house = house(answering()).await;
    let mut line = raw(&house.socket).await;
    line.send(bytes::Bytes::from_static(br#"{"id":5,"request":{"request":"hello","protocol":99,"new":1}}"#))
        .await
        .unwrap();
    let Some(ServerFrame::Answer { id: 5, result: Err(p) }) = next(&mut line).await else {
        panic!("no refusal")
    };
    assert_eq!(p.kind, "protocol");
    assert!(p.what.contains("99") && !p.next.is_empty(), "{p:?}");
    assert!(next(&mut line).await.is_none(), "the line is closed afterwards");

    let mut line = raw(&house.socket).await;
    line.send(encode(&ClientFrame { id: 1, request: Request::Accounts }).unwrap()).await.unwrap();
    let Some(ServerFrame::Answer { id: 1, result: Err(p) }) = next(&mut line).await else {
        panic!("no refusal")
    };
    assert!(p.what.contains("hello"), "{p:?}");
    house.server.stop().await;
}

#[tokio::test]
async fn an_unknown_request_is_refused_by_its_id_and_the_line_goes_on() {
    let house = house(answering()).await;
    let mut line = raw(&house.socket).await;
    let hello = Request::hello("", "");
    line.send(encode(&ClientFrame { id: 1, request: hello }).unwrap()).await.unwrap();
    assert!(matches!(next(&mut line).await, Some(ServerFrame::Answer { id: 1, result: Ok(_) })));
    line.send(bytes::Bytes::from_static(br#"{"id":2,"request":{"request":"dance"}}"#)).await.unwrap();
    let Some(ServerFrame::Answer { id: 2, result: Err(p) }) = next(&mut line).await else {
        panic!("no refusal")
    };
    assert_eq!(p.kind, "protocol");
    line.send(encode(&ClientFrame { id: 3, request: Request::Status }).unwrap()).await.unwrap();
    assert!(matches!(next(&mut line).await, Some(ServerFrame::Answer { id: 3, result: Ok(_) })));
    house.server.stop().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_never_blocks_the_engine_and_learns_of_the_gap() {
    let peers: Arc<Mutex<Vec<Peer>>> = Arc::default();
    let kept = Arc::clone(&peers);
    let connect: Connect = Arc::new(move |_| {
        let (connection, peer) = pair();
        kept.lock().unwrap().push(peer);
        connection
    });
    let house = house(connect).await;
    let mut line = raw(&house.socket).await;
    let hello = Request::hello("", "");
    line.send(encode(&ClientFrame { id: 1, request: hello }).unwrap()).await.unwrap();
    let mut peer = soon("a connection", async {
        loop {
            if let Some(peer) = peers.lock().unwrap().pop() {
                return peer;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    let first = soon("hello", peer.requests.recv()).await.unwrap();
    // Far more than the socket's buffer, the queue of the pair and the queue of the session hold together.
    let total = 60_000u64;
    let changed: Vec<Changed> = vec![Changed::StatusChanged; 8];
    soon("the engine is never blocked", async {
        for seq in 1..=total {
            let update = Update { seq, changed: changed.clone() };
            peer.frames.send(ServerFrame::Update(update)).await.unwrap();
        }
        let done = ServerFrame::Answer { id: first.id, result: Ok(Response::Done) };
        peer.frames.send(done).await.unwrap();
    })
    .await;
    let (mut last, mut resyncs, mut answered) = (0, 0, false);
    while !answered {
        match next(&mut line).await.expect("the line stays open") {
            ServerFrame::Answer { id, .. } => answered = id == 1,
            ServerFrame::Update(u) => {
                if u.changed.contains(&Changed::Resync) {
                    assert!(u.seq > last + 1, "a gap shows at {}", u.seq);
                    resyncs += 1;
                } else {
                    assert_eq!(u.seq, last + 1, "nothing is lost without a word");
                }
                last = u.seq;
            }
        }
    }
    assert!(resyncs > 0, "the queue was never full: the test is too small");
    assert_eq!(last, total);
    house.server.stop().await;
}

#[tokio::test]
async fn a_request_that_is_too_long_costs_itself_only() {
    let house = house(answering()).await;
    let mut client = Client::new(attach(&house.socket, &ClientInfo::default()).await.unwrap());
    let text = "x".repeat(codec::MAX_REQUEST);
    let thread = switchboard::model::ThreadId::new();
    let long = Request::SaveDraft { thread, mode: DraftMode::Reply, text };
    assert_eq!(soon("an answer", client.ask(long)).await.unwrap_err().kind, "too_long");
    let Ok(Response::Status(_)) = soon("status", client.ask(Request::Status)).await else {
        panic!("the line is lost")
    };
    house.server.stop().await;
}

#[tokio::test]
async fn what_waits_is_written_when_the_engine_ends() {
    let connect: Connect = Arc::new(|_| {
        let (connection, mut peer) = pair();
        tokio::spawn(async move {
            while let Some(frame) = peer.requests.recv().await {
                let result = Ok(Response::Done);
                peer.frames.send(ServerFrame::Answer { id: frame.id, result }).await.unwrap();
                if frame.request == Request::Status {
                    return;
                }
            }
        });
        connection
    });
    let house = house(connect).await;
    let mut client = Client::new(attach(&house.socket, &ClientInfo::default()).await.unwrap());
    assert_eq!(soon("the last answer", client.ask(Request::Status)).await, Ok(Response::Done));
    assert!(soon("the end", client.update()).await.is_none());
    house.server.stop().await;
}
