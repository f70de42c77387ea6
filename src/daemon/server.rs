//! The socket's side of the engine: finds out who a client is, and carries frames to and fro. Whether a client may
//! come in is the engine's to say.

use super::outbound::Outbound;
use super::places::Places;
use crate::model::client::ClientInfo;
use crate::protocol::client::Connection;
use crate::protocol::codec::{self, decode, encode};
use crate::protocol::{ClientFrame, PROTOCOL, Problem, Request, ServerFrame};
use crate::users;
use futures::{SinkExt, StreamExt};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::codec::{FramedRead, FramedWrite, LengthDelimitedCodec};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Makes a connection to the engine for a client.
pub type Connect = Arc<dyn Fn(&ClientInfo) -> Connection + Send + Sync>;

/// How long a client may take for its first frame.
const HELLO_TIME: Duration = Duration::from_secs(5);
/// How long a stop waits for answers that are being written.
const STOP_TIME: Duration = Duration::from_secs(2);

type Reader = FramedRead<OwnedReadHalf, LengthDelimitedCodec>;
type Writer = FramedWrite<OwnedWriteHalf, LengthDelimitedCodec>;

/// The running server.
#[derive(Debug)]
pub struct Server {
    path: Option<PathBuf>,
    cancel: CancellationToken,
    tasks: TaskTracker,
}

impl Server {
    /// Serves a bound socket (see [`super::Lock::bind`]) to every process that the kernel lets open it.
    /// `path` is removed at the end; a socket that the system opened for us stays.
    #[must_use]
    pub fn start(listener: UnixListener, path: Option<&Path>, connect: Connect) -> Self {
        let cancel = CancellationToken::new();
        let tasks = TaskTracker::new();
        let (stop, sessions) = (cancel.clone(), tasks.clone());
        tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = accept(&listener, &connect, &stop, &sessions) => {}
            }
        });
        Self { path: path.map(Path::to_path_buf), cancel, tasks }
    }

    /// Ends all sessions and removes the socket.
    pub async fn stop(self) {
        // First the name, so that nobody finds a socket that no longer answers.
        if let Some(Err(e)) = self.path.as_deref().map(std::fs::remove_file) {
            tracing::warn!(error = %e, "the socket could not be removed");
        }
        self.cancel.cancel();
        self.tasks.close();
        if tokio::time::timeout(STOP_TIME, self.tasks.wait()).await.is_err() {
            tracing::warn!("clients of the socket did not end in time");
        }
    }
}

async fn accept(
    listener: &UnixListener,
    connect: &Connect,
    stop: &CancellationToken,
    sessions: &TaskTracker,
) {
    let places = Arc::new(Places::default());
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let (connect, stop, places) = (Arc::clone(connect), stop.clone(), Arc::clone(&places));
                sessions.spawn(async move {
                    if let Err(e) = session(stream, &places, &connect, &stop).await {
                        tracing::debug!(error = %e, "a client's line ended");
                    }
                });
            }
            Err(e) => {
                // Out of file descriptors, most likely: wait for some to be freed instead of spinning.
                tracing::warn!(error = %e, "accepting a client failed");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn refuse(writer: &mut Writer, id: u64, problem: Problem) -> io::Result<()> {
    write(writer, &ServerFrame::Answer { id, result: Err(problem) }).await
}

async fn write(writer: &mut Writer, frame: &ServerFrame) -> io::Result<()> {
    let mut bytes = encode(frame)?;
    if let ServerFrame::Answer { id, .. } = frame
        && bytes.len() > codec::MAX_FRAME
    {
        // One answer that is too long must not cost the client its line.
        let problem = Problem::new("too_long", "the answer is too long to be handed over")
            .next("ask for fewer at once");
        bytes = encode(&ServerFrame::Answer { id: *id, result: Err(problem) })?;
    }
    writer.send(bytes).await
}

async fn session(
    stream: UnixStream,
    places: &Arc<Places>,
    connect: &Connect,
    stop: &CancellationToken,
) -> io::Result<()> {
    let peer = stream.peer_cred()?;
    let (read, write_half) = stream.into_split();
    let mut reader = FramedRead::new(read, codec::framing());
    let mut writer = FramedWrite::new(write_half, codec::framing());
    let _place = match Places::take(places, peer.uid()) {
        Ok(place) => place,
        Err(problem) => {
            places.log(peer.uid(), peer.pid(), &problem.what);
            // Its greeting is not read: the answer is short enough to be taken at once, or it is lost.
            let refused = refuse(&mut writer, 0, problem);
            return tokio::time::timeout(HELLO_TIME, refused).await.unwrap_or(Ok(()));
        }
    };
    reader.decoder_mut().set_max_frame_length(codec::MAX_HELLO);
    let odd = |what: &str| places.log(peer.uid(), peer.pid(), what);
    let first = match tokio::time::timeout(HELLO_TIME, reader.next()).await {
        Err(_) => {
            odd("no greeting in time");
            return Ok(());
        }
        Ok(None) => return Ok(()),
        Ok(Some(Err(e))) => {
            odd("no greeting but something else");
            return Err(e);
        }
        Ok(Some(Ok(first))) => first,
    };
    let hello = match greet(&first) {
        Ok(frame) => frame,
        Err((id, problem)) => {
            odd(&problem.what);
            let refused = refuse(&mut writer, id, *problem);
            return tokio::time::timeout(HELLO_TIME, refused).await.unwrap_or(Ok(()));
        }
    };
    reader.decoder_mut().set_max_frame_length(codec::MAX_REQUEST);
    let client = who(peer.uid(), peer.pid(), &hello).await?;
    let ClientInfo { user, pid, terminal, source, .. } = &client;
    tracing::info!(%user, pid, terminal, source, "a client attached");
    let result = tokio::select! {
        () = stop.cancelled() => Ok(()),
        r = pump(connect(&client), hello, &mut reader, &mut writer) => r,
    };
    if let Err(e) = &result
        && e.kind() == io::ErrorKind::InvalidData
    {
        places.log(peer.uid(), peer.pid(), &format!("frames that nobody understands: {e}"));
    }
    tracing::info!(%user, pid, "a client left");
    result
}

/// Who is behind a socket: the kernel's word for the user and the process, the system's for names and groups, and
/// the client's own for the rest.
async fn who(uid: u32, pid: Option<i32>, hello: &ClientFrame) -> io::Result<ClientInfo> {
    // A directory service may take its time.
    let client = tokio::task::spawn_blocking(move || users::client(uid, pid)).await?;
    Ok(match &hello.request {
        Request::Hello { terminal, source, .. } => client.telling(terminal, source),
        _ => client,
    })
}

/// Reads the first frame loosely, so that a client with another protocol gets a sentence and no decode error.
fn greet(bytes: &[u8]) -> Result<ClientFrame, (u64, Box<Problem>)> {
    let loose: serde_json::Value = serde_json::from_slice(bytes).unwrap_or_default();
    let id = loose["id"].as_u64().unwrap_or(0);
    let theirs = match (&loose["request"]["request"], &loose["request"]["protocol"]) {
        (serde_json::Value::String(word), serde_json::Value::Number(n)) if word == "hello" => n.as_u64(),
        _ => None,
    };
    let Some(theirs) = theirs else {
        return Err((id, Box::new(Problem::new("protocol", "the first request must be `hello`"))));
    };
    if theirs != u64::from(PROTOCOL) {
        return Err((
            id,
            Box::new(
                Problem::new(
                    "protocol",
                    format!("this client speaks protocol {theirs}, the running engine speaks {PROTOCOL}"),
                )
                .means("client and engine are different versions of switchboard")
                .next(if theirs < u64::from(PROTOCOL) {
                    "leave and start it again: the engine is the newer one, and drafts are kept there"
                } else {
                    "let the engine be stopped and started again with the new version (`systemctl restart switchboard`)"
                }),
            ),
        ));
    }
    decode(bytes).map_err(|e| (id, Box::new(Problem::new("protocol", format!("unreadable `hello`: {e}")))))
}

/// Carries frames until one side ends.
async fn pump(
    connection: Connection,
    hello: ClientFrame,
    reader: &mut Reader,
    writer: &mut Writer,
) -> io::Result<()> {
    let Connection { requests, mut frames } = connection;
    let out = Outbound::new();
    let from_engine = async {
        while let Some(frame) = frames.recv().await {
            out.push(frame);
        }
        out.close();
        // What waits is written by `to_client`, which then ends the session.
        std::future::pending::<io::Result<()>>().await
    };
    let to_client = async {
        while let Some(frame) = out.next().await {
            write(writer, &frame).await?;
        }
        Ok(())
    };
    let from_client = async {
        out.admit_request().await;
        if requests.send(hello).await.is_err() {
            return std::future::pending().await;
        }
        loop {
            out.admit_request().await;
            let Some(bytes) = reader.next().await else { return Ok(()) };
            let bytes = bytes?;
            match decode::<ClientFrame>(&bytes) {
                Ok(frame) => {
                    if requests.send(frame).await.is_err() {
                        return std::future::pending().await;
                    }
                }
                Err(e) => {
                    let loose: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
                    let Some(id) = loose["id"].as_u64() else {
                        return Err(io::Error::new(io::ErrorKind::InvalidData, e));
                    };
                    let problem = Problem::new("protocol", format!("the request is not understood: {e}"));
                    out.push(ServerFrame::Answer { id, result: Err(problem) });
                }
            }
        }
    };
    tokio::select! {
        r = from_engine => r,
        r = to_client => r,
        r = from_client => r,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_protocol_is_a_sentence() {
        let (id, p) =
            greet(br#"{"id":9,"request":{"request":"hello","protocol":77,"colour":"blue"}}"#).unwrap_err();
        assert_eq!(id, 9);
        assert!(p.what.contains("77") && p.next.contains("let the engine be stopped"), "{p:?}");
        let (_, p) = greet(br#"{"id":9,"request":{"request":"hello","protocol":3}}"#).unwrap_err();
        assert!(p.what.contains('3') && p.next.contains("the engine is the newer one"), "{p:?}");
        let (_, p) = greet(br#"{"id":1,"request":{"request":"accounts"}}"#).unwrap_err();
        assert!(p.what.contains("hello"));
        assert!(greet(b"\xff\x00").is_err());
        let good = encode(&ClientFrame { id: 3, request: Request::hello("", "") }).unwrap();
        assert_eq!(greet(&good).unwrap().id, 3);
    }
}
