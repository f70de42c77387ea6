//! The resumable upload: a session is made, bytes are sent from an offset on, and what was lost on the way is asked for
//! and sent again.

use super::super::{MetaProvider, failure, lost, success, text};
use super::{Ask, Graph, call};
use crate::provider::CallError;
use crate::provider::http::{self, Answer};
use async_trait::async_trait;
use reqwest::{Method, Url};
use secrecy::ExposeSecret;
use serde_json::Value;

/// How often bytes are sent on after the connection broke.
const TRIES: u32 = 3;

/// Somebody who can send the bytes of an upload.
#[async_trait]
pub trait Pieces: Graph {
    /// Sends bytes to an upload session, from an offset on.
    async fn send(&self, session: &str, offset: usize, bytes: Vec<u8>) -> Result<Answer, CallError>;
    /// Asks how far a session got.
    async fn got(&self, session: &str) -> Result<Answer, CallError>;
}

fn odd(what: &str) -> CallError {
    CallError {
        code: 0,
        text: format!("the upload's answer {what}"),
        cause: Some("The provider's answer is not in its usual form; nothing was changed.".into()),
        next: Some("try again; if it stays, check the provider's address and version".into()),
        auth: false,
        transient: true,
        after: None,
    }
}

/// Hands a picture over; gives its handle.
pub async fn picture(
    pieces: &dyn Pieces,
    app: &str,
    bytes: Vec<u8>,
    mime: &str,
) -> Result<String, CallError> {
    let name = if mime == "image/png" { "picture.png" } else { "picture.jpg" };
    file(pieces, app, name, bytes, mime).await
}

/// Hands any file over; gives its handle.
pub async fn file(
    pieces: &dyn Pieces,
    app: &str,
    name: &str,
    bytes: Vec<u8>,
    mime: &str,
) -> Result<String, CallError> {
    let length = bytes.len().to_string();
    let query = [("file_name", name), ("file_length", length.as_str()), ("file_type", mime)];
    let path = [app, "uploads"];
    let made = Ask { method: Method::POST, path: &path, query: &query, body: None };
    let session = text(&call(pieces, made).await?, "id");
    if !session.starts_with("upload:") {
        return Err(odd("names no session"));
    }
    let mut offset = 0;
    let mut last = odd("never came");
    for _ in 0..TRIES {
        let rest = bytes.get(offset..).unwrap_or_default().to_vec();
        match pieces.send(&session, offset, rest).await {
            Ok(answer) => {
                return match success(&answer) {
                    Some(v) => {
                        let handle = text(&v, "h");
                        if handle.is_empty() { Err(odd("holds no handle")) } else { Ok(handle) }
                    }
                    None => Err(pieces.without_secrets(failure(&answer).into_call_error())),
                };
            }
            Err(e) if e.transient => last = e,
            Err(e) => return Err(e),
        }
        // The line broke: the other side knows how much it has.
        let got = pieces.got(&session).await?;
        let at = success(&got).and_then(|v| v.get("file_offset").and_then(Value::as_u64));
        offset = at.and_then(|at| usize::try_from(at).ok()).filter(|at| *at <= bytes.len()).unwrap_or(0);
    }
    Err(last)
}

#[async_trait]
impl Pieces for MetaProvider {
    async fn send(&self, session: &str, offset: usize, bytes: Vec<u8>) -> Result<Answer, CallError> {
        self.to_session(Method::POST, session, Some((offset, bytes))).await
    }

    async fn got(&self, session: &str) -> Result<Answer, CallError> {
        self.to_session(Method::GET, session, None).await
    }
}

impl MetaProvider {
    async fn to_session(
        &self,
        method: Method,
        session: &str,
        piece: Option<(usize, Vec<u8>)>,
    ) -> Result<Answer, CallError> {
        let unusable = |what: String| self.call_error(lost(&http::Transport::unusable(what)));
        let mut url = Url::parse(&self.config.api_base)
            .map_err(|e| unusable(format!("the provider's address is not one: {e}")))?;
        // The id of a session carries its own query.
        let (id, query) = session.split_once('?').map_or((session, None), |(id, q)| (id, Some(q)));
        url.path_segments_mut()
            .map_err(|()| unusable("the provider's address cannot carry a path".into()))?
            .pop_if_empty()
            .extend(Some(self.config.api_version.as_str()).filter(|v| !v.is_empty()))
            .push(id);
        url.set_query(query);
        let client = self.http.get().await.map_err(|e| self.call_error(lost(&e)))?;
        let token = self.config.access_token.expose_secret();
        let mut auth = reqwest::header::HeaderValue::from_str(&format!("OAuth {token}"))
            .map_err(|_| unusable("the token cannot be sent".into()))?;
        auth.set_sensitive(true);
        let mut request = client.request(method, url).header(reqwest::header::AUTHORIZATION, auth);
        if let Some((offset, bytes)) = piece {
            request = request.header("file_offset", offset.to_string()).body(bytes);
        }
        http::call(request).await.map_err(|e| self.call_error(lost(&e)))
    }
}
