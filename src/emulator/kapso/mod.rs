//! The stand-in for Kapso: its platform, its proxy in front of Meta, its hosted setup page, its webhooks.
//!
//! Owns the routing between these surfaces, the key, the limit of calls and how errors look. What happens behind the
//! proxy is the same as for Meta: `graph` carries a send out, `play` reports its states, and this project hears of
//! them as Kapso does, by the webhooks of its numbers (`hear`).
//!
//! | where | what |
//! | --- | --- |
//! | `platform`, `numbers`, `hooks` | customers and links; numbers; webhooks |
//! | `messages`, `people` | stored messages; conversations and contacts |
//! | `proxy` | what is Graph-shaped |
//! | `onboarding` | the setup page, and what comes of it |
//! | `hear`, `send` | what numbers tell the project; webhooks until they are taken |
//! | `book`, `past` | what is remembered |
//! | `shapes`, `paging`, `files` | JSON of things; pages of lists; stored media |
//! | `control` | what a test or a person can make happen |

pub mod book;
pub mod control;
mod files;
pub mod hear;
mod hooks;
mod messages;
mod numbers;
mod onboarding;
mod paging;
pub mod past;
mod people;
mod platform;
mod proxy;
pub mod send;
mod shapes;

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Response, StatusCode, header};
use serde_json::{Value, json};

use super::errors::GraphError;
use super::faults::answer::{self as faulty, Reply, Spoiled};
use super::faults::{Kind, Target};
use super::server::{Call, parse};
use super::state::State;
use super::{Core, Number, graph};

/// An answer: what was asked for, or an error; both are written the same way.
pub struct Out {
    pub status: u16,
    pub body: Value,
    pub headers: Vec<(&'static str, String)>,
}

/// What a handler gives.
pub type Answer = Result<Out, Out>;

impl Out {
    pub fn ok(body: Value) -> Self {
        Self { status: 200, body, headers: Vec::new() }
    }

    /// One thing of the platform.
    pub fn data(data: Value) -> Self {
        Self::ok(Value::Object([("data".to_owned(), data)].into_iter().collect()))
    }

    pub fn created(data: Value) -> Self {
        Self { status: 201, ..Self::data(data) }
    }

    pub fn nothing() -> Self {
        Self { status: 204, body: Value::Null, headers: Vec::new() }
    }

    /// An error in one sentence.
    pub fn error(status: u16, text: impl Into<String>) -> Self {
        Self { status, body: json!({ "error": text.into() }), headers: Vec::new() }
    }

    /// An error with a code.
    pub fn coded(status: u16, code: &str, text: &str) -> Self {
        Self { status, body: json!({ "error": text, "code": code }), headers: Vec::new() }
    }

    pub fn not_found() -> Self {
        Self::error(404, "Not found")
    }

    fn too_many(wait: u64) -> Self {
        Self {
            status: 429,
            body: json!({
                "error": "Rate limit exceeded",
                "message": "You have exceeded the rate limit. Please try again later.",
            }),
            headers: vec![("retry-after", wait.to_string())],
        }
    }

    fn no_credits() -> Self {
        let mut out = Self::coded(402, "insufficient_credits", "Insufficient credits to send this message");
        out.body["billing_url"] = json!("https://app.kapso.ai/projects/emulator/billing");
        out
    }
}

impl From<GraphError> for Out {
    fn from(error: GraphError) -> Self {
        Self { status: error.http, body: error.body, headers: Vec::new() }
    }
}

/// Which part of the host a path belongs to.
enum Surface {
    Platform,
    Proxy,
    Download,
    Setup,
    Stored,
}

fn surface(path: &[String]) -> Option<(Surface, usize)> {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["platform", "v1", ..] => Some((Surface::Platform, 2)),
        ["meta", "whatsapp", "media_download"] => Some((Surface::Download, 2)),
        ["meta", "whatsapp", version, ..] if version.starts_with('v') => Some((Surface::Proxy, 3)),
        ["whatsapp", "setup", _] => Some((Surface::Setup, 2)),
        ["rails", "active_storage", "blobs", "redirect", ..] => Some((Surface::Stored, 4)),
        _ => None,
    }
}

/// Whether a path is one of Kapso's.
pub fn is_mine(path: &[String]) -> bool {
    surface(path).is_some()
}

/// Whether a number is one that Kapso stands in front of, connected or not.
pub fn owns(core: &Core, number: &str) -> bool {
    core.scenario.kapso.numbers.iter().any(|n| n.id == number)
}

/// Somebody uses a setup link; one that is no good any more leads nowhere.
pub fn used(core: &Arc<Core>, st: &mut State, link: &str) {
    if let Err(why) = onboarding::complete(core, st, link, None) {
        tracing::debug!(%why, "a setup link could not be used");
    }
}

/// Answers one request.
pub async fn serve(
    core: &Arc<Core>,
    parts: &Parts,
    query: HashMap<String, String>,
    path: Vec<String>,
    body: &Bytes,
) -> Reply {
    let Some((surface, skip)) = surface(&path) else { return Reply::Answer(written(Out::not_found(), None)) };
    core.state().counts.requests += 1;
    let path: Vec<String> = path[skip..].iter().map(|s| decoded(s)).collect();
    let headers = &parts.headers;
    let given = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::trim);
    let bearer = given("authorization").and_then(|v| v.strip_prefix("Bearer "));
    let key = given("x-api-key").or(bearer.filter(|_| matches!(surface, Surface::Proxy)));
    let token = key.map(str::to_owned);
    let mut call = Call {
        method: parts.method.clone(),
        path,
        query,
        body: Value::Null,
        token,
        upload: None,
        piece: None,
    };
    match surface {
        Surface::Download => return Reply::Answer(files::download(core, &call).await),
        Surface::Stored => return Reply::Answer(files::stored(core, &call).await),
        Surface::Setup => return Reply::Answer(onboarding::page(core, &call)),
        Surface::Platform | Surface::Proxy => {}
    }
    let proxy = matches!(surface, Surface::Proxy);
    let (left, limit) = {
        let mut st = core.state();
        (st.kapso.count_call(core.clock.now()), st.kapso.plan.limit)
    };
    let limits = (limit, left.unwrap_or(0));
    let refuse = |out: Out| {
        core.state().counts.refused += 1;
        Reply::Answer(written(out, Some(limits)))
    };
    if left.is_none() {
        return refuse(Out::too_many(60));
    }
    let known = call.token.as_deref() == Some(core.kapso_key.as_str());
    let stranger = || refuse(Out::error(401, "Invalid API key"));
    let parsed = if graph::media::is_form(headers) {
        graph::media::parse(headers, body).await.map(|upload| {
            call.upload = Some(upload);
            Value::Null
        })
    } else {
        parse(headers, body)
    };
    match parsed {
        Ok(body) => call.body = body,
        Err(_) if !known => return stranger(),
        Err(error) if proxy => return refuse(error.into()),
        Err(_) => return refuse(Out::error(400, "The body is not valid JSON")),
    }
    let hit = core.faults.call(&target(core, proxy, &call), core.clock.now());
    if let Some(hit) = &hit
        && let Some(spoiled) = faulty::before(hit)
    {
        return match (spoiled, hit.kind) {
            (Spoiled::Cut { reset }, _) => Reply::Cut { reset },
            (_, Kind::TooMany) => refuse(Out::too_many(hit.wait().unwrap_or(60))),
            (_, Kind::Expired) => refuse(Out::error(401, "Invalid API key")),
            (_, Kind::Error) => refuse(asked_for(hit.number().unwrap_or(131_000))),
            (Spoiled::Refused(response), _) => {
                core.state().counts.refused += 1;
                Reply::Answer(response)
            }
            (Spoiled::Error(error, _), _) => refuse(error.into()),
        };
    }
    // An outage comes before the key is looked at.
    if !known {
        return stranger();
    }
    if let Some(hit) = &hit {
        hit.prepare(&mut call);
    }
    // It holds until the answer is on its way, so that a slow one keeps the next send waiting.
    let flight = if proxy { proxy::Flight::of(core, &call) } else { Ok(None) };
    let result = match &flight {
        Err(()) => Err(Out::error(
            409,
            "Another message is already in-flight for this conversation. Please retry shortly.",
        )),
        Ok(_) if proxy => proxy::answer(core, &call).await,
        Ok(_) if call.path == ["whatsapp", "media"] => files::ingest(core, &call).await,
        Ok(_) => platform::answer(core, &call),
    };
    core.changed.notify_one();
    let carried_out = result.is_ok();
    let mut out = result.unwrap_or_else(|out| {
        core.state().counts.refused += 1;
        out
    });
    let Some(hit) = hit else { return Reply::Answer(written(out, Some(limits))) };
    core.faults.note(&hit, carried_out, out.body["messages"][0]["id"].as_str().map(str::to_owned));
    hit.bend(core, &mut out.body);
    let text = out.body.to_string();
    let reply = hit.spoil(core, text, written(out, Some(limits))).await;
    drop(flight);
    reply
}

/// The error of a code that a rule of faults names: an HTTP status, or a code of Meta's that goes through.
fn asked_for(code: i64) -> Out {
    match code {
        401 => Out::error(401, "Invalid API key"),
        402 => Out::no_credits(),
        403 => Out::error(403, "Active sandbox session required to send messages"),
        404 => Out::not_found(),
        409 => Out::error(
            409,
            "Another message is already in-flight for this conversation. Please retry shortly.",
        ),
        422 => Out::error(422, "Cannot send non-template messages outside the 24-hour window."),
        429 => Out::too_many(60),
        400..600 => Out::error(code as u16, "Something went wrong"),
        _ => GraphError::of(code).into(),
    }
}

/// What a call is about, as rules of faults name it.
fn target(core: &Core, proxy: bool, call: &Call) -> Target {
    let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
    let get = call.method == Method::GET;
    let (endpoint, number) = match (proxy, path.as_slice()) {
        (true, [number, "messages", ..]) if get => ("history", Some(*number)),
        (true, [number, "messages"]) if call.body.get("status").is_some() => ("read", Some(*number)),
        (true, [number, "messages" | "marketing_messages"]) => ("messages", Some(*number)),
        (true, [number, "media"]) => ("media", Some(*number)),
        (true, [_, "message_templates", ..]) => ("templates", None),
        (true, [number, "whatsapp_business_profile"]) => ("profile", Some(*number)),
        (true, [number, "block_users"]) => ("blocks", Some(*number)),
        (true, [number, "contacts" | "conversations", ..]) => ("contacts", Some(*number)),
        (true, [_]) => ("media", None),
        (false, ["whatsapp", "media"]) => ("media", None),
        (false, ["whatsapp", "messages", ..]) => {
            ("history", call.query.get("phone_number_id").map(String::as_str))
        }
        (false, ["whatsapp", "contacts" | "conversations", ..]) => ("contacts", None),
        (false, ["whatsapp", "webhooks", ..]) => ("subscribe", None),
        (false, ["whatsapp", "phone_numbers", number, "webhooks", ..]) => ("subscribe", Some(*number)),
        (false, ["whatsapp", "phone_numbers"]) => ("number", None),
        (false, ["whatsapp", "phone_numbers", number, ..]) => ("number", Some(*number)),
        (false, ["customers", ..]) => ("onboarding", None),
        _ => ("other", None),
    };
    let mut people = Vec::new();
    let given = call.body["to"].as_str().or_else(|| call.body["recipient"].as_str());
    if let Some(given) = given.filter(|_| endpoint == "messages") {
        let digits: String = given.chars().filter(char::is_ascii_digit).collect();
        let known = core.customer(&core.state(), |c| c.bsuid == given || c.phone == digits);
        people.extend(known.map(|c| [c.key, c.phone, c.bsuid]).into_iter().flatten());
        people.extend([given.to_owned(), digits]);
    }
    let list = get && ["history", "contacts", "templates"].contains(&endpoint);
    Target { endpoint, number: number.map(str::to_owned), people, list }
}

/// `%3D` is `=`; what is no escape stays.
fn decoded(segment: &str) -> String {
    let mut out = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, tail @ ..] = rest {
        let byte = if *first == b'%' { tail.get(..2) } else { None };
        let byte =
            byte.and_then(|b| std::str::from_utf8(b).ok()).and_then(|b| u8::from_str_radix(b, 16).ok());
        out.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn written(out: Out, limits: Option<(u64, u64)>) -> Response<Body> {
    let body = if out.status == 204 { Body::empty() } else { Body::from(out.body.to_string()) };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(out.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut headers = out.headers;
    headers.push(("x-request-id", uuid::Uuid::new_v4().to_string()));
    if let Some((limit, left)) = limits {
        headers
            .extend([("x-ratelimit-limit", limit.to_string()), ("x-ratelimit-remaining", left.to_string())]);
    }
    if out.status != 204 {
        headers.push(("content-type", "application/json; charset=utf-8".into()));
    }
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// A page for people.
fn html(status: u16, title: &str, inside: &str) -> Response<Body> {
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head>\
         <body><h1>{title}</h1>{inside}</body></html>\n"
    );
    let mut response = Response::new(Body::from(page));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// A number of the project by id, working or not, with its facts.
fn known<'a>(core: &'a Core, id: &str) -> Option<&'a Number> {
    let connected = core.state().kapso.number(id).is_some();
    core.number(id).filter(|_| connected)
}
