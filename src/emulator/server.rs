//! The HTTP side: takes a request apart, hands it to the right handler, writes the answer.
//!
//! Owns parsing, the bearer check and the headers. Knows no endpoint.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Query;
use axum::http::header::RETRY_AFTER;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::errors::GraphError;
use super::faults::answer::{Reply, Spoiled};
use super::graph::media::Upload;
use super::graph::uploads::{self, Piece};
use super::{Core, control, faults, graph, kapso};

/// The version that serves calls without one.
const VERSION: &str = "v25.0";
/// The largest request taken, in bytes.
const BODY_LIMIT: usize = 3 * 1024 * 1024;
/// After a connection that could not be taken.
const PAUSE: Duration = Duration::from_millis(50);

/// A request, taken apart.
#[derive(Debug)]
pub struct Call {
    pub method: Method,
    /// Path segments without the version.
    pub path: Vec<String>,
    pub query: HashMap<String, String>,
    /// JSON, or a form turned into an object of strings. `Null` when there is no body.
    pub body: Value,
    pub token: Option<String>,
    /// A form with a file, where the call is one.
    pub upload: Option<Upload>,
    /// Bytes of a resumable upload, where the call brings some.
    pub piece: Option<Piece>,
}

impl Call {
    /// A parameter from the query or the body.
    pub fn param(&self, name: &str) -> Option<String> {
        self.query.get(name).cloned().or_else(|| match self.body.get(name)? {
            Value::String(s) => Some(s.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        })
    }
}

/// Serves until the emulator stops.
pub async fn serve(core: Arc<Core>, listener: tokio::net::TcpListener) {
    let open = GracefulShutdown::new();
    loop {
        let taken = tokio::select! {
            () = core.stop.cancelled() => break,
            taken = listener.accept() => taken,
        };
        let (stream, peer) = match taken {
            Ok(taken) => taken,
            Err(e) => {
                tracing::warn!("the emulator could not take a connection: {e}");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let reset = Arc::new(AtomicBool::new(false));
        let line = Line { stream, reset: reset.clone() };
        let inside = core.clone();
        let service = service_fn(move |request| serve_one(inside.clone(), peer, reset.clone(), request));
        let connection = open.watch(http1::Builder::new().serve_connection(TokioIo::new(line), service));
        core.tasks.spawn(async move {
            if let Err(e) = connection.await {
                tracing::debug!("a connection to the emulator ended: {e}");
            }
        });
    }
    drop(listener);
    open.shutdown().await;
}

/// A connection that can end with a reset.
struct Line {
    stream: TcpStream,
    reset: Arc<AtomicBool>,
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.reset.load(Ordering::Relaxed) {
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A call that gets no answer: the connection ends.
#[derive(Debug, thiserror::Error)]
#[error("cut on purpose")]
struct Cut;

async fn serve_one(
    core: Arc<Core>,
    peer: SocketAddr,
    reset: Arc<AtomicBool>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Cut> {
    let (parts, body) = request.into_parts();
    let with_file = graph::media::is_form(&parts.headers) && parts.uri.path().ends_with("/media");
    let limit = if uploads::is_session(parts.uri.path()) {
        uploads::BODY_LIMIT
    } else if with_file {
        graph::media::BODY_LIMIT
    } else {
        BODY_LIMIT
    };
    let Ok(body) = axum::body::to_bytes(Body::new(body), limit).await else {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return Ok(response);
    };
    match handle(&core, peer, &parts, &body).await {
        Reply::Answer(response) => Ok(response),
        Reply::Cut { reset: hard } => {
            reset.store(hard, Ordering::Relaxed);
            Err(Cut)
        }
    }
}

async fn handle(core: &Arc<Core>, peer: SocketAddr, parts: &Parts, body: &Bytes) -> Reply {
    let (uri, headers) = (&parts.uri, &parts.headers);
    let mut path: Vec<String> = uri.path().split('/').filter(|s| !s.is_empty()).map(str::to_owned).collect();
    let version = if path.first().is_some_and(|s| is_version(s)) { path.remove(0) } else { VERSION.into() };
    let query = Query::<HashMap<String, String>>::try_from_uri(uri).map(|q| q.0).unwrap_or_default();
    if kapso::is_mine(&path) {
        return kapso::serve(core, parts, query, path, body).await;
    }
    let token = headers
        .get("authorization")
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.strip_prefix("Bearer ").or_else(|| v.strip_prefix("OAuth ")))
        .map(|t| t.trim().to_owned())
        .or_else(|| query.get("access_token").cloned());
    let control = path.first().is_some_and(|s| s == "control");
    let used = if control { 0 } else { core.state().count_call(core.clock.now()) };
    let mut call = Call {
        method: parts.method.clone(),
        path,
        query,
        body: Value::Null,
        token,
        upload: None,
        piece: None,
    };
    if graph::media::is_download(&call) {
        return Reply::Answer(graph::media::download(core, &call).await);
    }
    let mut hit = None;
    let parsed = if graph::media::is_form(headers) {
        graph::media::parse(headers, body).await.map(|upload| {
            call.upload = Some(upload);
            Value::Null
        })
    } else if uploads::is_session(uri.path()) {
        call.piece = uploads::piece(headers, body);
        Ok(Value::Null)
    } else {
        parse(headers, body)
    };
    let result = match parsed {
        Ok(body) => {
            call.body = body;
            if control {
                let (status, body) = control::answer(core, peer, &call);
                return Reply::Answer(respond(status, &version, core, used, &body));
            }
            hit = core.faults.call(&faults::answer::target(core, &call), core.clock.now());
            match hit.as_ref().and_then(faults::answer::before) {
                None => {
                    if let Some(hit) = &hit {
                        hit.prepare(&mut call);
                    }
                    answer(core, &call).await
                }
                Some(Spoiled::Cut { reset }) => return Reply::Cut { reset },
                Some(Spoiled::Refused(response)) => {
                    core.state().counts.refused += 1;
                    return Reply::Answer(response);
                }
                Some(Spoiled::Error(error, wait)) => {
                    core.state().counts.refused += 1;
                    let mut response = respond(error.http, &version, core, used, &error.body);
                    if let Some(seconds) = wait {
                        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
                    }
                    return Reply::Answer(response);
                }
            }
        }
        Err(error) => Err(error),
    };
    core.changed.notify_one();
    let carried_out = result.is_ok();
    let (status, mut body) = match result {
        Ok(body) => (200, body),
        Err(error) => {
            core.state().counts.refused += 1;
            (error.http, error.body)
        }
    };
    let Some(hit) = hit else { return Reply::Answer(respond(status, &version, core, used, &body)) };
    core.faults.note(&hit, carried_out, body["messages"][0]["id"].as_str().map(str::to_owned));
    hit.bend(core, &mut body);
    let response = respond(status, &version, core, used, &body);
    hit.spoil(core, body.to_string(), response).await
}

fn is_version(segment: &str) -> bool {
    segment
        .strip_prefix('v')
        .and_then(|s| s.split_once('.'))
        .is_some_and(|(a, b)| a.parse::<u16>().is_ok() && b.parse::<u16>().is_ok())
}

/// Checks the token, then asks the endpoint.
async fn answer(core: &Arc<Core>, call: &Call) -> Result<Value, GraphError> {
    let app_token = format!("{}|{}", core.scenario.account.app, core.app_secret);
    match &call.token {
        None => {
            return Err(GraphError::token(
                "An access token is required to request this resource. Send it as 'Authorization: Bearer'.",
            ));
        }
        Some(token) if *token != core.access_token && *token != app_token => {
            return Err(GraphError::token("Invalid OAuth access token - Cannot parse access token"));
        }
        Some(token) => {
            let over = core.state().registry.token.expires_at;
            if *token == core.access_token && over > 0 && over <= core.clock.now() / 1000 {
                return Err(GraphError::expired());
            }
        }
    }
    graph::answer(core, call).await
}

/// The body as JSON, whatever it came as.
pub fn parse(headers: &HeaderMap, body: &Bytes) -> Result<Value, GraphError> {
    if body.is_empty() {
        return Ok(Value::Null);
    }
    let kind = headers.get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default();
    if kind.starts_with("application/x-www-form-urlencoded") {
        return Ok(form(body));
    }
    serde_json::from_slice(body).map_err(|e| {
        GraphError::parameter(format!("The body is not valid JSON: {e}. Send application/json or a form."))
    })
}

/// A form as an object; members that hold JSON are parsed.
fn form(body: &Bytes) -> Value {
    let uri: Option<Uri> = std::str::from_utf8(body).ok().and_then(|s| format!("/?{s}").parse().ok());
    let pairs = uri
        .and_then(|uri| Query::<HashMap<String, String>>::try_from_uri(&uri).ok())
        .map(|q| q.0)
        .unwrap_or_default();
    let members = pairs.into_iter().map(|(key, text)| {
        let json = if text.starts_with(['{', '[']) { serde_json::from_str(&text).ok() } else { None };
        (key, json.unwrap_or(Value::String(text)))
    });
    Value::Object(members.collect::<Map<_, _>>())
}

fn respond(status: u16, version: &str, core: &Core, used: u64, body: &Value) -> Response<Body> {
    let mut usage = Map::new();
    usage.insert(
        core.scenario.account.id.clone(),
        json!([{
            "type": "whatsapp_business_management", "call_count": used, "total_cputime": used, "total_time": used,
            "estimated_time_to_regain_access": 0,
        }]),
    );
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let trace = body["error"]["fbtrace_id"]
        .as_str()
        .map_or_else(|| uuid::Uuid::new_v4().simple().to_string(), str::to_owned);
    let headers = [
        ("content-type", "application/json; charset=UTF-8".to_owned()),
        ("facebook-api-version", version.to_owned()),
        ("x-app-usage", json!({ "call_count": used, "total_cputime": used, "total_time": used }).to_string()),
        ("x-business-use-case-usage", Value::Object(usage).to_string()),
        ("x-fb-trace-id", trace),
    ];
    for (name, value) in headers {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
