//! Kapso: sends, files and templates by its proxy in Meta's forms; history, numbers, webhooks and the connecting of
//! numbers by its platform.
//!
//! Owns what differs from Meta: addresses, key, errors, objects and webhooks. Knows nothing of the store or of when a
//! message should leave.

mod admin;
pub mod api;
pub mod errors;
mod history;
pub mod object;
pub mod platform;
mod templates_admin;
pub mod webhook;

pub use api::{API_BASE, API_VERSION, Api};

use super::history::{HistoryAnswer, HistoryPage, PeopleAnswer};
use super::http;
use super::meta::{accepted, formless, media, need_success, templates, unanswered, wire};
use super::posts::Way;
use super::{
    CallError, Capabilities, Handover, Outcome, Provider, SendRequest, Subscriber, Subscription, TokenFacts,
    Upload,
};
use crate::model::contact::IdentityKind;
use crate::model::event::NumberFacts;
use crate::model::inbound::StatusUpdate;
use crate::model::template::Template;
use api::{Surface, failure, success};
use async_trait::async_trait;
use platform::Of;
use reqwest::Method;
use secrecy::SecretString;
use serde_json::Value;
use std::collections::HashSet;

/// Templates asked for in one page.
const PAGE_SIZE: &str = "100";
/// More pages than any account has.
const PAGES_MAX: usize = 200;

/// Where and as whom to speak.
#[derive(Clone, Debug)]
pub struct KapsoConfig {
    /// Address, [`API_BASE`] or a stand-in's.
    pub api_base: String,
    /// Version of Meta's API behind the proxy, `v24.0`.
    pub api_version: String,
    /// The number's id; empty while none is connected.
    pub number: String,
    /// The business account's id; empty while none is connected.
    pub business: String,
    /// The project's key; never shown.
    pub api_key: SecretString,
    /// What signs our webhooks; never shown.
    pub webhook_secret: SecretString,
}

/// One number at Kapso. Making one costs nothing; the first call builds the HTTP client.
#[derive(Debug)]
pub struct KapsoProvider {
    api: Api,
    number: String,
    business: String,
    secret: SecretString,
}

impl KapsoProvider {
    /// Takes the configuration as it is; a wrong one shows at the first call.
    #[must_use]
    pub fn new(config: KapsoConfig) -> Self {
        let api = Api::new(&config.api_base, &config.api_version, config.api_key);
        Self { api, number: config.number, business: config.business, secret: config.webhook_secret }
    }

    /// The same with another limit for a whole call.
    #[must_use]
    pub fn with_timeout(config: KapsoConfig, total: std::time::Duration) -> Self {
        let api = Api::with_timeout(&config.api_base, &config.api_version, config.api_key, total);
        Self { api, number: config.number, business: config.business, secret: config.webhook_secret }
    }

    async fn proxy(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value, CallError> {
        self.api.call(Surface::Proxy, method, path, query, body).await
    }

    fn hidden(&self, outcome: Outcome) -> Outcome {
        outcome.with_error(|e| self.api.hide_error(e))
    }
}

/// The body of a send as Kapso takes it: Meta's, with the number in digits only.
fn send_body(request: &SendRequest<'_>) -> Result<Value, &'static str> {
    let mut body = wire::send_body(request)?;
    if request.to.kind == IdentityKind::Phone {
        body["to"] = request.to.value.trim_start_matches('+').into();
    }
    Ok(body)
}

fn endless(text: &str) -> CallError {
    CallError {
        code: 0,
        text: text.into(),
        cause: Some("The provider's template list does not come to an end.".into()),
        next: Some("try again later; the templates that are here stay as they are".into()),
        auth: false,
        transient: true,
        after: None,
    }
}

#[async_trait]
impl Provider for KapsoProvider {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            text: true,
            media: true,
            interactive: true,
            templates: true,
            read_receipts: true,
            typing: true,
            reactions: true,
            quoting: true,
            history: true,
            window: true,
            delivery_history: true,
        }
    }

    async fn send(&self, request: SendRequest<'_>) -> Outcome {
        let body = match send_body(&request) {
            Ok(body) => body,
            Err(why) => {
                return formless(why);
            }
        };
        let path = [self.number.as_str(), "messages"];
        let answer = match self.api.request(Surface::Proxy, Method::POST, &path, &[]).await {
            Ok(r) => http::call(r.json(&body)).await,
            Err(e) => Err(e),
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(e) => return self.hidden(unanswered(&e)),
        };
        if let Some(outcome) = success(Surface::Proxy, &answer).and_then(|v| accepted(&v, request.to)) {
            return outcome;
        }
        let (failure, scope) = failure(&answer);
        let explained = failure.error.code != 0 || failure.auth;
        if (200..300).contains(&answer.status) && !explained {
            return self.hidden(Outcome::Unknown(failure.error));
        }
        self.hidden(match failure.into_outcome(answer.retry_after) {
            Outcome::Retry { after, error, .. } => Outcome::Retry { after, error, scope },
            other => other,
        })
    }

    async fn upload(&self, file: Upload, progress: Box<dyn Fn(u64) + Send + Sync>) -> Handover {
        let (form, time) = match media::form(file, progress) {
            Ok(form) => form,
            Err(refused) => return refused,
        };
        let path = [self.number.as_str(), "media"];
        let answer = match self.api.request(Surface::Proxy, Method::POST, &path, &[]).await {
            Ok(r) => http::call(r.timeout(time).multipart(form)).await,
            Err(e) => Err(e),
        };
        media::handed_over(answer, failure, |error| self.api.hide_error(error))
    }

    async fn delivery_history(&self, provider_id: &str) -> Result<Vec<StatusUpdate>, CallError> {
        history::delivery(&self.api, provider_id).await
    }

    async fn mark_read(&self, provider_id: &str, typing: bool) -> Result<(), CallError> {
        let body = wire::read_body(provider_id, typing);
        let path = [self.number.as_str(), "messages"];
        need_success(&self.proxy(Method::POST, &path, &[], Some(&body)).await?)
    }

    async fn templates(&self) -> Result<Vec<Template>, CallError> {
        let path = [self.business.as_str(), "message_templates"];
        let mut out = Vec::new();
        let mut after: Option<String> = None;
        let mut seen = HashSet::new();
        for _ in 0..PAGES_MAX {
            let mut query = vec![("limit", PAGE_SIZE)];
            query.extend(after.as_deref().map(|a| ("after", a)));
            let page = self.proxy(Method::GET, &path, &query, None).await?;
            let Some(data) = page.get("data").and_then(Value::as_array) else {
                return Err(endless("the answer holds no list"));
            };
            out.extend(data.iter().filter_map(templates::template));
            // Whether there is more, only the cursor says for sure.
            let ends = page.pointer("/paging/next").is_some_and(Value::is_null);
            let cursor =
                page.pointer("/paging/cursors/after").and_then(Value::as_str).filter(|s| !s.is_empty());
            let Some(cursor) = cursor.filter(|_| !data.is_empty() && !ends) else { return Ok(out) };
            if !seen.insert(cursor.to_owned()) {
                return Err(endless("a page of the list names itself as the next"));
            }
            after = Some(cursor.to_owned());
        }
        Err(endless("the list has too many pages"))
    }

    fn admin(&self) -> Option<&dyn super::admin::Administration> {
        Some(self)
    }

    fn template_admin(&self) -> Option<&dyn super::templates_admin::TemplateAdministration> {
        Some(self)
    }

    async fn number(&self) -> Result<NumberFacts, CallError> {
        let number = self.api.number(&self.number).await?;
        let path = [self.number.as_str(), "whatsapp_business_profile"];
        // A sandbox number has no profile.
        let profile = self
            .proxy(Method::GET, &path, &[("fields", "about,description")], None)
            .await
            .unwrap_or_default();
        let about = profile.pointer("/data/0/about").and_then(Value::as_str).unwrap_or_default();
        Ok(NumberFacts { about: about.to_owned(), ..number.facts })
    }

    async fn subscribe(&self, callback: &str, _verify_token: &str) -> Result<(), CallError> {
        let messages = format!("{callback}{}", Way::Messages.path());
        self.api.ensure_hook(Of::Number(&self.number), &messages, &self.secret).await?;
        let project = format!("{callback}{}", Way::Project.path());
        // Without news about the number the messages still come.
        match self.api.ensure_hook(Of::Project, &project, &self.secret).await {
            Err(e) if e.transient || e.auth => Err(e),
            Err(e) => {
                tracing::warn!(error = %e, "the provider will not tell when the number is disconnected");
                Ok(())
            }
            Ok(_) => Ok(()),
        }
    }

    async fn subscription(&self) -> Result<Subscription, CallError> {
        let hooks = self.api.hooks(Of::Number(&self.number)).await?;
        let apps = hooks.into_iter().filter(|h| h.active).map(|h| Subscriber {
            app: h.id,
            name: format!("webhook {}", h.version),
            callback: Some(h.url).filter(|u| !u.is_empty()),
        });
        Ok(Subscription { apps: apps.collect(), callback: None })
    }

    async fn time(&self) -> Result<Option<i64>, CallError> {
        self.api.time().await
    }

    async fn token(&self) -> Result<TokenFacts, CallError> {
        self.api.number(&self.number).await?;
        // The key is good; whether Kapso's own token for the number is, only the health says.
        let health = self.api.health(&self.number).await.unwrap_or_default();
        Ok(TokenFacts { valid: health.token != Some(false), ..TokenFacts::default() })
    }

    async fn history(&self, page: HistoryPage) -> Result<HistoryAnswer, CallError> {
        history::messages(&self.api, &self.number, page).await
    }

    async fn people(&self, after: Option<String>) -> Result<PeopleAnswer, CallError> {
        history::people(&self.api, &self.number, after).await
    }
}

#[cfg(test)]
mod tests;
