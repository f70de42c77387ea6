//! The webhook listener: HTTP in front of the engine's inlets.
//!
//! Bounds what strangers may cost: body size, time, connections' patience, and what is under way at the same time.
//! Knows the engine; what a webhook means is not its business. Bound to loopback unless configured otherwise: a reverse
//! proxy brings TLS.

mod actions;

use crate::config::settings::ListenerSettings;
use crate::engine::{Engine, Head, Refused};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures::StreamExt;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use secrecy::SecretString;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// A body that takes longer than this to come is given up.
const BODY_TIME: Duration = Duration::from_secs(10);
/// Headers that take longer than this to come end the connection; so does silence between two requests.
const HEADER_TIME: Duration = Duration::from_mins(1);
/// Connections at the same time; more wait in the system's queue. Below the 1024 files that a process may usually
/// have open.
const CONNECTIONS: usize = 768;
/// Webhooks under way at the same time, from their head to their commit: two commits full. More are told to come again.
const UNDER_WAY: usize = 512;
/// Bytes of long bodies under way, in all; at least two of the longest are always taken.
const ROOM: usize = 32 << 20;
/// A body up to this long needs no room: [`UNDER_WAY`] bounds them.
const SHORT: usize = 64 << 10;
/// What the provider is asked to wait when too much is under way, in seconds.
const COME_AGAIN: &str = "5";
/// How long open requests may take to end when the listener stops.
const STOP_TIME: Duration = Duration::from_secs(5);

/// A running listener.
#[derive(Debug)]
pub struct Listener {
    addr: SocketAddr,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Clone)]
struct Inside {
    engine: Engine,
    body_limit: usize,
    places: Arc<Semaphore>,
    /// In kibibytes.
    room: Arc<Semaphore>,
    /// What opens the address of the actions; without it there is none.
    token: Option<SecretString>,
    actions: Arc<Semaphore>,
}

impl Listener {
    /// Binds and serves. Tells the engine where it is, or why it is not.
    pub async fn start(engine: &Engine, settings: &ListenerSettings) -> Result<Self, String> {
        let bound = TcpListener::bind(settings.bind).await.and_then(|l| l.local_addr().map(|a| (l, a)));
        let (listener, addr) = match bound {
            Ok(bound) => bound,
            Err(e) => {
                let why = format!("the webhook listener cannot bind {}: {e}", settings.bind);
                engine.listener(Err(why.clone()));
                return Err(why);
            }
        };
        let stop = CancellationToken::new();
        let inside = Inside {
            engine: engine.clone(),
            body_limit: settings.body_limit,
            places: Arc::new(Semaphore::new(UNDER_WAY)),
            room: Arc::new(Semaphore::new(ROOM.max(2 * settings.body_limit) / 1024)),
            token: settings.actions_token.clone(),
            actions: Arc::new(Semaphore::new(actions::UNDER_WAY)),
        };
        let app = router(inside);
        let signal = stop.clone();
        let task = tokio::spawn(serve(listener, app, signal));
        engine.listener(Ok(addr));
        Ok(Self { addr, stop, task })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Takes no new connection, lets open requests end (at most five seconds).
    pub async fn stop(self) {
        self.stop.cancel();
        let _ = self.task.await;
    }
}

/// Takes connections until told to stop, then lets open requests end.
async fn serve(listener: TcpListener, app: Router, stop: CancellationToken) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADER_TIME);
    let open = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let taken = tokio::select! {
            () = stop.cancelled() => break,
            taken = accept(&listener, &places) => taken,
        };
        let (stream, place) = match taken {
            Ok(taken) => taken,
            Err(error) => {
                // Out of file descriptors, or the peer was gone before it was taken: neither ends the listener.
                tracing::warn!(%error, "a connection was not taken");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        // Answers are short: waiting for more bytes only delays them.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(app.clone());
        let connection = open.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a webhook connection broke");
            }
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(STOP_TIME, open.shutdown()).await.is_err() {
        tracing::warn!("webhook requests were cut off at the end");
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, Option<OwnedSemaphorePermit>)> {
    // The semaphore is never closed; without a permit the connection would merely not be counted.
    let place = Arc::clone(places).acquire_owned().await.ok();
    let (stream, _) = listener.accept().await?;
    Ok((stream, place))
}

fn router(inside: Inside) -> Router {
    Router::new()
        .route("/webhook/{path}", get(handshake).post(receive))
        .route("/webhook/{path}/{*rest}", post(receive_at))
        .route("/api/actions/{name}", post(actions::act))
        .with_state(inside)
}

/// An address of an account that is for one kind of news only.
async fn receive_at(
    State(inside): State<Inside>,
    Path((path, rest)): Path<(String, String)>,
    headers: HeaderMap,
    request: Request<Body>,
) -> Response {
    take(inside, &path, &rest, &headers, request).await
}

async fn handshake(
    State(inside): State<Inside>,
    Path(path): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let Some(inlet) = inside.engine.inlet(&path, "") else { return StatusCode::NOT_FOUND.into_response() };
    let pairs = decode_query(query.as_deref().unwrap_or(""));
    match inlet.challenge(pairs.iter().map(|(k, v)| (k.as_str(), v.as_str()))) {
        Some(challenge) => ([(header::CONTENT_TYPE, "text/plain")], challenge).into_response(),
        None => StatusCode::FORBIDDEN.into_response(),
    }
}

/// A query string as pairs; percent signs and plus decoded, the first 32 pairs.
pub(crate) fn decode_query(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .take(32)
        .map(|pair| {
            let (k, v) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(k), decode(v))
        })
        .collect()
}

fn decode(s: &str) -> String {
    let bytes = s.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let hex = |b: u8| char::from(b).to_digit(16);
        match bytes[i] {
            b'+' => out.push(b' '),
            b'%' if i + 2 < bytes.len() => {
                if let (Some(h), Some(l)) = (hex(bytes[i + 1]), hex(bytes[i + 2])) {
                    out.push((h * 16 + l) as u8);
                    i += 2;
                } else {
                    out.push(b'%');
                }
            }
            b => out.push(b),
        }
        i += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

async fn receive(
    State(inside): State<Inside>,
    Path(path): Path<String>,
    headers: HeaderMap,
    request: Request<Body>,
) -> Response {
    take(inside, &path, "", &headers, request).await
}

async fn take(
    inside: Inside,
    path: &str,
    rest: &str,
    headers: &HeaderMap,
    request: Request<Body>,
) -> Response {
    let Some(inlet) = inside.engine.inlet(path, rest) else { return StatusCode::NOT_FOUND.into_response() };
    let place = inside.places.try_acquire();
    let read = read(request.into_body(), &inside, place.is_ok());
    let (body, _room) = match tokio::time::timeout(BODY_TIME, read).await {
        Ok(Ok(taken)) => taken,
        Ok(Err(status)) => return refuse(status),
        Err(_) => return StatusCode::REQUEST_TIMEOUT.into_response(),
    };
    match inlet.receive(&head(headers), body).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(Refused::Signature) => StatusCode::UNAUTHORIZED.into_response(),
        Err(Refused::Unavailable(_)) => refuse(StatusCode::SERVICE_UNAVAILABLE),
    }
}

/// What of the headers counts.
fn head(headers: &HeaderMap) -> Head<'_> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    Head {
        hub_signature: text("x-hub-signature-256"),
        signature: text("x-webhook-signature"),
        event: text("x-webhook-event"),
        version: text("x-webhook-payload-version"),
        key: text("x-idempotency-key"),
    }
}

fn refuse(status: StatusCode) -> Response {
    if status == StatusCode::SERVICE_UNAVAILABLE {
        return (status, [(header::RETRY_AFTER, COME_AGAIN)]).into_response();
    }
    status.into_response()
}

/// Reads a body. A long one takes room for as long as it is kept. When there is none, or no place, the rest is read
/// and forgotten, so that the answer reaches the sender: 503.
async fn read(
    body: Body,
    inside: &Inside,
    place: bool,
) -> Result<(Vec<u8>, Option<OwnedSemaphorePermit>), StatusCode> {
    let mut stream = body.into_data_stream();
    let mut kept: Option<Vec<u8>> = place.then(Vec::new);
    let mut room: Option<OwnedSemaphorePermit> = None;
    let mut length = 0;
    while let Some(part) = stream.next().await {
        let part = part.map_err(|_| StatusCode::BAD_REQUEST)?;
        length += part.len();
        if length > inside.body_limit {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        let Some(bytes) = &mut kept else { continue };
        let needed = if length > SHORT { length.div_ceil(1024) } else { 0 };
        let held = room.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        if needed > held {
            let more = u32::try_from(needed - held).unwrap_or(u32::MAX);
            match (Arc::clone(&inside.room).try_acquire_many_owned(more), &mut room) {
                (Ok(more), Some(room)) => room.merge(more),
                (Ok(more), none) => *none = Some(more),
                (Err(_), _) => {
                    kept = None;
                    room = None;
                    continue;
                }
            }
        }
        bytes.extend_from_slice(&part);
    }
    kept.map(|body| (body, room)).ok_or(StatusCode::SERVICE_UNAVAILABLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded_once() {
        let q = decode_query("hub.mode=subscribe&hub.verify_token=a%2Bb+c&x=%zz&y");
        assert_eq!(q[1], ("hub.verify_token".into(), "a+b c".into()));
        assert_eq!(q[2].1, "%zz");
        assert_eq!(q[3], ("y".into(), String::new()));
    }
}
