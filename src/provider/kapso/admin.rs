//! Administration of a number by Kapso's proxy: the business profile and the block list, in Meta's forms. The rest of a number's
//! settings is in Kapso's dashboard.
//!
//! A picture goes a way of its own: Kapso hands on to Meta what lies at a public address. The bytes become a file of the number
//! first, which has such an address for a few minutes.

use super::KapsoProvider;
use super::api::{Surface, failure, success};
use crate::model::business::{BlockOutcome, BlockedPage, BusinessProfile, ProfileChange};
use crate::model::contact::Identity;
use crate::provider::CallError;
use crate::provider::admin::Administration;
use crate::provider::http::{self, Answer};
use crate::provider::meta::admin::{self, Ask, Graph};
use crate::provider::meta::lost;
use async_trait::async_trait;
use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

#[async_trait]
impl Graph for KapsoProvider {
    async fn ask(&self, ask: Ask<'_>) -> Result<Answer, CallError> {
        let answer = match self.api.request(Surface::Proxy, ask.method, ask.path, ask.query).await {
            Ok(r) => http::call(ask.body.into_iter().fold(r, RequestBuilder::json)).await,
            Err(e) => Err(e),
        };
        answer.map_err(|e| self.without_secrets(lost(&e)))
    }

    fn without_secrets(&self, error: CallError) -> CallError {
        CallError { text: self.api.hide(&error.text), ..error }
    }

    fn refusal(&self, answer: &Answer) -> CallError {
        self.without_secrets(failure(answer).0.into_call_error())
    }
}

fn odd(what: &str) -> CallError {
    CallError {
        code: 0,
        text: format!("the provider's answer names no {what}"),
        cause: Some("The answer is not in its usual form; nothing was changed.".into()),
        next: Some("try again, or do it in Kapso's dashboard".into()),
        auth: false,
        transient: true,
        after: None,
    }
}

impl KapsoProvider {
    /// Makes bytes a file of the number; gives its id.
    async fn lay_down(&self, bytes: Vec<u8>, name: &str, mime: &str) -> Result<String, CallError> {
        let part = Part::bytes(bytes).file_name(name.to_owned());
        let part = part.mime_str(mime).map_err(|_| odd("type that fits the picture"))?;
        let form = Form::new()
            .text("messaging_product", "whatsapp")
            .text("type", mime.to_owned())
            .part("file", part);
        let path = [self.number.as_str(), "media"];
        let answer = match self.api.request(Surface::Proxy, Method::POST, &path, &[]).await {
            Ok(r) => http::call(r.multipart(form)).await,
            Err(e) => Err(e),
        };
        let answer = answer.map_err(|e| self.without_secrets(lost(&e)))?;
        let made = success(Surface::Proxy, &answer).ok_or_else(|| self.refusal(&answer))?;
        made["id"].as_str().filter(|id| !id.is_empty()).map(str::to_owned).ok_or_else(|| odd("file"))
    }

    /// The handle of bytes, for a profile or for a template's header.
    pub(super) async fn handle_of(
        &self,
        bytes: Vec<u8>,
        name: &str,
        mime: &str,
    ) -> Result<String, CallError> {
        let file = self.lay_down(bytes, name, mime).await?;
        let handle = self.hand_on(&file, name, mime).await;
        // It was only for that.
        let of = [("phone_number_id", self.number.as_str())];
        if let Err(error) = self.proxy(Method::DELETE, &[&file], &of, None).await {
            tracing::debug!(%error, "a file that was only handed on was not deleted");
        }
        handle
    }

    /// Has a file handed on to where profiles take their pictures from; gives the handle.
    async fn hand_on(&self, file: &str, name: &str, mime: &str) -> Result<String, CallError> {
        let of = [("phone_number_id", self.number.as_str())];
        let node = self.proxy(Method::GET, &[file], &of, None).await?;
        let source = node["download_url"].as_str().ok_or_else(|| odd("address of the picture"))?;
        let body = json!({ "media_ingest": {
            "phone_number_id": self.number, "source": source, "delivery": "meta_resumable_asset",
            "filename": name, "mime_type": mime,
        }});
        let path = ["whatsapp", "media"];
        let answer = self.api.call(Surface::Platform, Method::POST, &path, &[], Some(&body)).await?;
        let handle = answer.pointer("/data/target/handle").and_then(Value::as_str);
        handle.filter(|h| !h.is_empty()).map(str::to_owned).ok_or_else(|| odd("handle"))
    }
}

#[async_trait]
impl Administration for KapsoProvider {
    async fn profile(&self) -> Result<BusinessProfile, CallError> {
        admin::profile(self, &self.number).await
    }

    async fn change_profile(&self, change: &ProfileChange, picture: Option<&str>) -> Result<(), CallError> {
        admin::change_profile(self, &self.number, change, picture).await
    }

    async fn upload_picture(&self, bytes: Vec<u8>, mime: &str) -> Result<String, CallError> {
        let name = if mime == "image/png" { "picture.png" } else { "picture.jpg" };
        self.handle_of(bytes, name, mime).await
    }

    async fn blocked(&self, after: Option<&str>) -> Result<BlockedPage, CallError> {
        admin::blocked(self, &self.number, after).await
    }

    async fn block(&self, whom: &[Identity]) -> Result<BlockOutcome, CallError> {
        admin::block(self, &self.number, whom).await
    }

    async fn unblock(&self, whom: &[Identity]) -> Result<BlockOutcome, CallError> {
        admin::unblock(self, &self.number, whom).await
    }
}
