//! The client's side of the socket: finds a running engine and makes a [`Connection`] to it.

use super::socket::{Found, look};
use crate::model::client::ClientInfo;
use crate::protocol::client::{Connection, Peer, pair};
use crate::protocol::codec::{self, decode, encode};
use crate::protocol::{ClientFrame, Problem, Request, ServerFrame};
use crate::users;
use futures::{SinkExt, StreamExt};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::UnixStream;
use tokio_util::codec::{Framed, LengthDelimitedCodec};

/// How long an engine may take to greet.
const HELLO_TIME: Duration = Duration::from_secs(5);
/// Id of our own greeting; far from the ids that clients count up.
const HELLO_ID: u64 = u64::MAX;

/// Why no connection was made.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// There is no socket: no engine runs here.
    #[error("no engine runs here")]
    NoEngine,
    /// The socket refuses: the engine that made it has ended without tidying up.
    #[error("the engine that was here has ended")]
    Stale,
    /// An engine is there and does not want us.
    #[error("{0}")]
    Refused(Box<Problem>),
    /// There may be one, and we may not open its socket.
    #[error("you may not open the engine's socket {}", .0.display())]
    Closed(PathBuf),
    /// Somebody else could have put the socket there.
    #[error("the engine's socket is not to be trusted: {0}")]
    Unsafe(String),
    /// Something is there and does not greet.
    #[error("the engine does not answer")]
    Silent,
    /// The socket failed.
    #[error("the engine's socket failed: {0}")]
    Io(#[from] io::Error),
}

/// Connects to the engine behind a socket and greets it. The connection lives until either side ends. Of `told` the
/// engine learns terminal and source; who we are it asks the kernel.
pub async fn attach(socket: &Path, told: &ClientInfo) -> Result<Connection, AttachError> {
    attach_to(socket, None, told).await
}

/// [`attach`] to an engine that is known to run as the user `engine`; without one it must be ours or root's.
pub async fn attach_to(
    socket: &Path,
    engine: Option<u32>,
    told: &ClientInfo,
) -> Result<Connection, AttachError> {
    let trusted = match look(socket, engine) {
        Found::Socket(trusted) => trusted,
        Found::Nothing => return Err(AttachError::NoEngine),
        Found::Closed => return Err(AttachError::Closed(socket.to_path_buf())),
        Found::Unsafe(why) => return Err(AttachError::Unsafe(why)),
    };
    let stream = match UnixStream::connect(socket).await {
        Ok(stream) => stream,
        Err(e) => {
            return Err(match e.kind() {
                io::ErrorKind::NotFound => AttachError::NoEngine,
                io::ErrorKind::ConnectionRefused => AttachError::Stale,
                io::ErrorKind::PermissionDenied => AttachError::Closed(socket.to_path_buf()),
                _ => AttachError::Io(e),
            });
        }
    };
    // The one who listens, by the kernel's word; root where the system opened the socket for a service.
    let listens = stream.peer_cred()?.uid();
    if !trusted.contains(&listens) {
        let who = users::name_of(listens);
        return Err(AttachError::Unsafe(format!("{who} listens on {}", socket.display())));
    }
    let mut framed = Framed::new(stream, codec::framing());
    match tokio::time::timeout(HELLO_TIME, greet(&mut framed, told)).await {
        Ok(result) => result?,
        Err(_) => return Err(AttachError::Silent),
    }
    let (connection, peer) = pair();
    tokio::spawn(async move {
        if let Err(e) = pump(framed, peer).await {
            tracing::info!(error = %e, "the line to the engine ended");
        }
    });
    Ok(connection)
}

async fn greet(
    framed: &mut Framed<UnixStream, LengthDelimitedCodec>,
    told: &ClientInfo,
) -> Result<(), AttachError> {
    let request = Request::hello(&told.terminal, &told.source);
    let hello = encode(&ClientFrame { id: HELLO_ID, request }).map_err(io::Error::from)?;
    // A server that refuses may close before it has read: its words matter more than our failed write.
    let sent = framed.send(hello).await;
    while let Some(bytes) = framed.next().await {
        match decode(&bytes?) {
            Ok(ServerFrame::Answer { result: Ok(_), .. }) => return Ok(()),
            Ok(ServerFrame::Answer { result: Err(problem), .. }) => {
                return Err(AttachError::Refused(Box::new(problem)));
            }
            Ok(ServerFrame::Update(_)) => {}
            Err(e) => {
                return Err(AttachError::Refused(Box::new(
                    Problem::new("protocol", format!("the running engine speaks another language: {e}"))
                        .next("stop the engine and start it again with this version"),
                )));
            }
        }
    }
    sent?;
    // It closed the line without a word, as a process does that is just ending.
    Err(AttachError::Stale)
}

async fn pump(framed: Framed<UnixStream, LengthDelimitedCodec>, peer: Peer) -> io::Result<()> {
    let Peer { mut requests, frames } = peer;
    let answers = frames.clone();
    let (mut sink, mut stream) = framed.split();
    let to_engine = async {
        while let Some(frame) = requests.recv().await {
            let bytes = encode(&frame)?;
            if bytes.len() > codec::MAX_REQUEST {
                // One request that is too long must not cost us the line.
                let problem = Problem::new("too_long", "this is too long to be handed to the engine")
                    .next("make it shorter, or make several of it");
                if answers.send(ServerFrame::Answer { id: frame.id, result: Err(problem) }).await.is_err() {
                    break;
                }
                continue;
            }
            sink.send(bytes).await?;
        }
        Ok(())
    };
    let from_engine = async {
        while let Some(bytes) = stream.next().await {
            let frame = decode(&bytes?)?;
            if frames.send(frame).await.is_err() {
                break;
            }
        }
        Ok(())
    };
    tokio::select! {
        r = to_engine => r,
        r = from_engine => r,
    }
}
