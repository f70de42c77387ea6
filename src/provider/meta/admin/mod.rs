//! Administration of a number over a Graph-shaped API.
//!
//! The calls are functions over [`Graph`], so that whoever speaks the same words at another address and with another
//! header uses the same code: implement [`Graph::ask`], and hand the number's id over.

mod answers;
mod blocks;
mod business;
pub mod connect;
mod number;
pub mod templates;
#[cfg(test)]
mod tests;
mod upload;

pub use blocks::{block, blocked, unblock};
pub use business::{
    change_link, change_profile, components, create_link, delete_link, links, profile, set_components,
};
pub use number::{deregister, register, request_code, set_pin, standing, verify_code};
pub use upload::{Pieces, picture as upload_picture};

use super::{MetaProvider, failure, lost, need_success, success};
use crate::model::business::{
    BlockOutcome, BlockedPage, BusinessProfile, CodeBy, Components, ProfileChange, ShortLink, Standing,
};
use crate::model::contact::Identity;
use crate::provider::CallError;
use crate::provider::admin::Administration;
use crate::provider::http::{self, Answer};
use async_trait::async_trait;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

/// A call of a Graph-shaped API.
#[derive(Debug)]
pub struct Ask<'a> {
    /// `GET`, `POST` or `DELETE`.
    pub method: Method,
    /// The path behind the version.
    pub path: &'a [&'a str],
    /// Names and values behind the path.
    pub query: &'a [(&'a str, &'a str)],
    /// What is sent, as JSON.
    pub body: Option<&'a Value>,
}

impl<'a> Ask<'a> {
    /// Asks for something.
    #[must_use]
    pub fn get(path: &'a [&'a str], query: &'a [(&'a str, &'a str)]) -> Self {
        Self { method: Method::GET, path, query, body: None }
    }

    /// Says something.
    #[must_use]
    pub fn post(path: &'a [&'a str], body: &'a Value) -> Self {
        Self { method: Method::POST, path, query: &[], body: Some(body) }
    }
}

/// Somebody who speaks a Graph-shaped API: address, version and token are theirs.
#[async_trait]
pub trait Graph: Send + Sync {
    /// The answer, whatever it says; an error only where there was none. Its text holds no secret.
    async fn ask(&self, ask: Ask<'_>) -> Result<Answer, CallError>;
    /// Takes the secrets of this way out of an error.
    fn without_secrets(&self, error: CallError) -> CallError;
    /// What an answer that is no success means.
    fn refusal(&self, answer: &Answer) -> CallError {
        self.without_secrets(failure(answer).into_call_error())
    }
}

/// The JSON of a success, or why not.
pub(super) async fn call(graph: &dyn Graph, ask: Ask<'_>) -> Result<Value, CallError> {
    let answer = graph.ask(ask).await?;
    match success(&answer) {
        Some(value) => Ok(value),
        None => Err(graph.refusal(&answer)),
    }
}

/// A call that answers with success and nothing else.
pub(super) async fn done(graph: &dyn Graph, ask: Ask<'_>) -> Result<(), CallError> {
    need_success(&call(graph, ask).await?)
}

#[async_trait]
impl Graph for MetaProvider {
    async fn ask(&self, ask: Ask<'_>) -> Result<Answer, CallError> {
        let answer = match self.request(ask.method, ask.path, ask.query).await {
            Ok(r) => http::call(ask.body.into_iter().fold(r, RequestBuilder::json)).await,
            Err(e) => Err(e),
        };
        answer.map_err(|e| self.call_error(lost(&e)))
    }

    fn without_secrets(&self, error: CallError) -> CallError {
        self.call_error(error)
    }
}

#[async_trait]
impl Administration for MetaProvider {
    async fn profile(&self) -> Result<BusinessProfile, CallError> {
        profile(self, &self.config.phone_number_id).await
    }

    async fn change_profile(&self, change: &ProfileChange, picture: Option<&str>) -> Result<(), CallError> {
        change_profile(self, &self.config.phone_number_id, change, picture).await
    }

    async fn upload_picture(&self, bytes: Vec<u8>, mime: &str) -> Result<String, CallError> {
        let app = connect::token(self, &self.config.access_token).await?.app;
        upload_picture(self, &app, bytes, mime).await
    }

    async fn blocked(&self, after: Option<&str>) -> Result<BlockedPage, CallError> {
        blocked(self, &self.config.phone_number_id, after).await
    }

    async fn block(&self, whom: &[Identity]) -> Result<BlockOutcome, CallError> {
        block(self, &self.config.phone_number_id, whom).await
    }

    async fn unblock(&self, whom: &[Identity]) -> Result<BlockOutcome, CallError> {
        unblock(self, &self.config.phone_number_id, whom).await
    }

    async fn components(&self) -> Result<Components, CallError> {
        components(self, &self.config.phone_number_id).await
    }

    async fn set_components(&self, wanted: &Components) -> Result<(), CallError> {
        set_components(self, &self.config.phone_number_id, wanted).await
    }

    async fn links(&self) -> Result<Vec<ShortLink>, CallError> {
        links(self, &self.config.phone_number_id).await
    }

    async fn create_link(&self, text: &str) -> Result<ShortLink, CallError> {
        create_link(self, &self.config.phone_number_id, text).await
    }

    async fn change_link(&self, code: &str, text: &str) -> Result<ShortLink, CallError> {
        change_link(self, &self.config.phone_number_id, code, text).await
    }

    async fn delete_link(&self, code: &str) -> Result<(), CallError> {
        delete_link(self, &self.config.phone_number_id, code).await
    }

    async fn standing(&self) -> Result<Standing, CallError> {
        standing(self, &self.config.phone_number_id).await
    }

    async fn register(&self, pin: &str) -> Result<(), CallError> {
        register(self, &self.config.phone_number_id, pin).await
    }

    async fn deregister(&self) -> Result<(), CallError> {
        deregister(self, &self.config.phone_number_id).await
    }

    async fn set_pin(&self, pin: &str) -> Result<(), CallError> {
        set_pin(self, &self.config.phone_number_id, pin).await
    }

    async fn request_code(&self, by: CodeBy, language: &str) -> Result<(), CallError> {
        request_code(self, &self.config.phone_number_id, by, language).await
    }

    async fn verify_code(&self, code: &str) -> Result<(), CallError> {
        verify_code(self, &self.config.phone_number_id, code).await
    }
}
