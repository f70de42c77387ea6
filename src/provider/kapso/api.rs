//! The way to Kapso: two surfaces behind one key, and the reading of their answers.
//!
//! The proxy (`/meta/whatsapp/{version}`) speaks Meta's forms, the platform (`/platform/v1`) its own. Owns addresses,
//! the key, time limits and what an answer of refusal becomes; knows nothing of what is asked.

use super::errors;
use crate::model::delivery::{DeliveryError, HoldScope};
use crate::provider::CallError;
use crate::provider::http::{self, Answer, LazyClient, Transport};
use crate::provider::meta::errors::Failure;
use crate::provider::meta::{is_local, lost, unreadable};
use reqwest::{Method, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::time::Duration;

/// Kapso's own address.
pub const API_BASE: &str = "https://api.kapso.ai";
/// The version of Meta's API that the proxy is asked for where the configuration names none.
pub const API_VERSION: &str = "v24.0";
/// The header of the key.
const KEY_HEADER: &str = "x-api-key";

/// Which of the two surfaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// Meta's forms.
    Proxy,
    /// Kapso's own.
    Platform,
}

/// A way to Kapso with a project's key. Making one costs nothing; the first call builds the HTTP client.
#[derive(Debug)]
pub struct Api {
    base: String,
    version: String,
    key: SecretString,
    http: LazyClient,
}

/// An answer of success, when it was given by Kapso's clock, and how many calls a minute are allowed and left.
type Success = (Value, Option<i64>, Option<(u64, u64)>);

impl Api {
    /// Takes the configuration as it is; a wrong one shows at the first call.
    #[must_use]
    pub fn new(base: &str, version: &str, key: SecretString) -> Self {
        let http = LazyClient::new(is_local(base));
        Self { base: base.to_owned(), version: version.to_owned(), key, http }
    }

    /// The same with another limit for a whole call.
    #[must_use]
    pub fn with_timeout(base: &str, version: &str, key: SecretString, total: Duration) -> Self {
        let http = LazyClient::with_timeout(is_local(base), total);
        Self { http, ..Self::new(base, version, key) }
    }

    /// A request with the key, to be filled and sent by the caller.
    pub async fn request(
        &self,
        surface: Surface,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<RequestBuilder, Transport> {
        let before: &[&str] = match surface {
            Surface::Proxy => &["meta", "whatsapp", &self.version],
            Surface::Platform => &["platform", "v1"],
        };
        let url = http::address(&self.base, before.iter().copied(), path, query)?;
        let client = self.http.get().await?;
        Ok(client.request(method, url).header(KEY_HEADER, self.header()?))
    }

    fn header(&self) -> Result<reqwest::header::HeaderValue, Transport> {
        let mut value = reqwest::header::HeaderValue::from_str(self.key.expose_secret().trim())
            .map_err(|_| Transport::unusable("the API key holds characters that no key has"))?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// The key, for what must hide it.
    pub(super) fn hide(&self, text: &str) -> String {
        http::redact(text, &self.key)
    }

    pub(super) fn hide_error(&self, error: DeliveryError) -> DeliveryError {
        DeliveryError { text: self.hide(&error.text), ..error }
    }

    fn call_error(&self, error: CallError) -> CallError {
        CallError { text: self.hide(&error.text), ..error }
    }

    /// A call that is not a send: the JSON of a success, or why not.
    pub async fn call(
        &self,
        surface: Surface,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value, CallError> {
        self.timed(surface, method, path, query, body).await.map(|(value, ..)| value)
    }

    /// The same, with the time of the answer.
    pub async fn timed(
        &self,
        surface: Surface,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Success, CallError> {
        let answer = match self.request(surface, method, path, query).await {
            Ok(r) => http::call(body.into_iter().fold(r, RequestBuilder::json)).await,
            Err(e) => Err(e),
        };
        let answer = answer.map_err(|e| self.call_error(lost(&e)))?;
        // A deletion is answered without a body.
        if answer.status == 204 {
            return Ok((Value::Null, answer.date, answer.room));
        }
        if let Some(value) = success(surface, &answer) {
            return Ok((value, answer.date, answer.room));
        }
        let wait = answer.retry_after;
        let mut error = failure(&answer).0.into_call_error();
        if let Some(wait) = wait.filter(|w| answer.status == 429 && !w.is_zero()) {
            error.next = Some(format!("wait {} s, then try again", wait.as_secs()));
            error.after = Some(wait);
        }
        Err(self.call_error(error))
    }

    /// Kapso's clock, to the second. Also an answer of refusal has a date.
    pub async fn time(&self) -> Result<Option<i64>, CallError> {
        let query = [("per_page", "1")];
        let path = ["whatsapp", "phone_numbers"];
        let answer = match self.request(Surface::Platform, Method::GET, &path, &query).await {
            Ok(request) => http::call(request).await,
            Err(e) => Err(e),
        };
        answer.map(|a| a.date).map_err(|e| self.call_error(lost(&e)))
    }
}

/// The JSON object of a 2xx answer. One of the proxy that holds an error is none; on the platform a report about the
/// health of a number may have that key.
pub(super) fn success(surface: Surface, answer: &Answer) -> Option<Value> {
    if !(200..300).contains(&answer.status) {
        return None;
    }
    let value: Value = serde_json::from_slice(&answer.body).ok()?;
    let fine = surface == Surface::Platform || value.get("error").is_none_or(Value::is_null);
    (value.is_object() && fine).then_some(value)
}

/// What an answer that is no success means, and who has to wait.
pub(super) fn failure(answer: &Answer) -> (Failure, HoldScope) {
    let (failure, scope) = errors::classify(answer.status, &answer.body);
    (unreadable(answer, failure), scope)
}
