//! Answers of the API that go wrong.
//!
//! Owns which fault a call meets and what is left of its answer. What a call does is `graph`'s business.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Method, Response, StatusCode, header};
use futures::stream;
use serde_json::{Value, json};

use super::{Argument, Hit, Kind, Side, Target, odd};
use crate::emulator::Core;
use crate::emulator::errors::GraphError;
use crate::emulator::server::Call;

/// Pieces of an answer that trickles.
const PIECES: usize = 8;

/// What the client gets.
pub enum Reply {
    Answer(Response<Body>),
    /// Nothing: the connection ends, with a reset or without.
    Cut {
        reset: bool,
    },
}

/// What a call is about.
pub fn target(core: &Core, call: &Call) -> Target {
    let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
    let number = path.first().filter(|id| core.number(id).is_some()).map(|id| (*id).to_owned());
    let endpoint = match path.as_slice() {
        ["debug_token"] => "token",
        [_, "messages"] if call.body.get("status").is_some() => "read",
        [_, "messages"] => "messages",
        [_, "media"] => "media",
        [_, "message_history"] => "history",
        [_, "message_templates"] => "templates",
        [_, "whatsapp_business_profile"] => "profile",
        [_, "block_users"] => "blocks",
        [_, "subscribed_apps" | "subscriptions"] => "subscribe",
        [_, "phone_numbers"] => "number",
        [_] if number.is_some() => "number",
        _ => "other",
    };
    let given = call.body["to"].as_str().or_else(|| call.body["recipient"].as_str());
    let mut people = Vec::new();
    if let Some(given) = given.filter(|_| endpoint == "messages") {
        let digits: String = given.chars().filter(char::is_ascii_digit).collect();
        let st = core.state();
        let known =
            core.customer(&st, |c| c.bsuid == given || c.phone == digits || c.aliases.contains(&digits));
        people.extend(known.map(|c| [c.key, c.phone, c.bsuid]).into_iter().flatten());
        people.extend([given.to_owned(), digits]);
    }
    let list = call.method == Method::GET
        && matches!(path.as_slice(), [_, "message_templates" | "message_history" | "phone_numbers"]);
    Target { endpoint, number, people, list }
}

/// The answer of a call that is not carried out; `None` when it is.
pub fn before(hit: &Hit) -> Option<Spoiled> {
    if hit.kind.side() != Side::Before {
        return None;
    }
    Some(match hit.kind {
        Kind::Cut | Kind::Reset => Spoiled::Cut { reset: hit.kind == Kind::Reset },
        Kind::TooMany if hit.luck < 0.5 => Spoiled::Refused(hit.too_many()),
        Kind::TooMany => Spoiled::Error(GraphError { http: 429, ..GraphError::of(4) }, hit.wait()),
        Kind::Error => Spoiled::Error(GraphError::of(hit.number().unwrap_or(131_000)), None),
        Kind::Expired => Spoiled::Error(GraphError::expired(), None),
        _ => Spoiled::Refused(hit.refused()),
    })
}

/// What is said instead of carrying a call out.
pub enum Spoiled {
    Cut {
        reset: bool,
    },
    /// An error of the API, and how many seconds it asks to wait.
    Error(GraphError, Option<u64>),
    Refused(Response<Body>),
}

impl Hit {
    pub fn number(&self) -> Option<i64> {
        match self.argument {
            Argument::Number(n) => Some(n),
            _ => None,
        }
    }

    fn time(&self) -> Duration {
        match self.argument {
            Argument::Time(t) => t,
            _ => Duration::ZERO,
        }
    }

    pub fn wait(&self) -> Option<u64> {
        match self.argument {
            Argument::Time(t) => Some(t.as_secs()),
            _ => None,
        }
    }

    /// A limit in front of the API, which knows no envelope.
    fn too_many(&self) -> Response<Body> {
        let mut response = Response::new(Body::from("Too Many Requests\n"));
        *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        if let Some(seconds) = self.wait() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    /// A gateway that gives up: a page for people, or nothing at all.
    fn refused(&self) -> Response<Body> {
        let drawn = [500, 502, 503][((self.luck * 3.0) as usize).min(2)];
        let status = self.number().and_then(|n| u16::try_from(n).ok()).unwrap_or(drawn);
        let empty = (self.luck * 6.0) as u64 % 2 == 1;
        let page = format!(
            "<!DOCTYPE html>\n<html><head><title>{status} Error</title></head><body><h1>Sorry, something went \
             wrong.</h1><hr><center>proxygen-bolt</center></body></html>\n"
        );
        let mut response = Response::new(Body::from(if empty { String::new() } else { page }));
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
        response
    }

    /// Changes a call that is carried out before it is.
    pub fn prepare(&self, call: &mut Call) {
        if self.kind == Kind::PagingLoop {
            call.query.remove("after");
        }
    }

    /// Changes what the answer says.
    pub fn bend(&self, core: &Core, body: &mut Value) {
        match self.kind {
            Kind::OddAnswer => odd(body),
            Kind::PagingLoop if body["paging"].is_object() => {
                body["paging"]["next"] = json!(format!("http://{}/v25.0/again", core.addr));
            }
            _ => {}
        }
    }

    /// What is left of the answer.
    pub async fn spoil(&self, core: &Arc<Core>, text: String, mut response: Response<Body>) -> Reply {
        match self.kind {
            Kind::CutAfter | Kind::ResetAfter => return Reply::Cut { reset: self.kind == Kind::ResetAfter },
            Kind::RefusedAfter => return Reply::Answer(self.refused()),
            Kind::Slow => {
                tokio::select! {
                    () = core.stop.cancelled() => {}
                    () = tokio::time::sleep(self.time()) => {}
                }
            }
            Kind::ContentType => {
                response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
            }
            Kind::Truncated => *response.body_mut() = Body::from(half(&text).to_owned()),
            Kind::BrokenOff => {
                response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(text.len()));
                let first = Bytes::from(half(&text).to_owned());
                let broken = std::io::Error::from(std::io::ErrorKind::ConnectionAborted);
                *response.body_mut() = Body::from_stream(stream::iter([Ok(first), Err(broken)]));
            }
            Kind::Trickle => {
                let pause = self.time() / PIECES as u32;
                let bytes = Bytes::from(text);
                let piece = bytes.len().div_ceil(PIECES).max(1);
                let stop = core.stop.clone();
                let pieces = stream::unfold(bytes, move |mut rest| {
                    let stop = stop.clone();
                    async move {
                        if rest.is_empty() {
                            return None;
                        }
                        tokio::select! {
                            () = stop.cancelled() => {}
                            () = tokio::time::sleep(pause) => {}
                        }
                        let part = rest.split_to(piece.min(rest.len()));
                        Some((Ok::<_, Infallible>(part), rest))
                    }
                });
                *response.body_mut() = Body::from_stream(pieces);
            }
            _ => {}
        }
        Reply::Answer(response)
    }
}

/// The first half, cut between two characters.
fn half(text: &str) -> &str {
    let mut end = text.len() / 2;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
