//! Meta's WhatsApp Business Cloud API: sends, read marks, templates, numbers and webhooks of one number.
//!
//! Owns the wire format. Knows nothing of the store or of when a message should leave.

pub mod admin;
pub mod codes;
pub mod errors;
mod history;
pub(super) mod media;
pub mod templates;
pub mod webhook;
pub mod wire;

use super::http::{self, Answer, LazyClient, Transport};
use super::{
    CallError, Capabilities, Handover, Outcome, Provider, SendRequest, Subscriber, Subscription, TokenFacts,
    Upload,
};
use crate::model::contact::{Identity, IdentityKind};
use crate::model::delivery::{DeliveryError, HoldScope};
use crate::model::event::NumberFacts;
use crate::model::inbound::StatusUpdate;
use crate::model::template::Template;
use async_trait::async_trait;
use reqwest::{Method, RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::collections::HashSet;

/// Meta's own address.
pub const API_BASE: &str = "https://graph.facebook.com";
/// The version spoken where the configuration names none.
pub const API_VERSION: &str = "v25.0";

/// Templates asked for in one page.
const PAGE_SIZE: &str = "100";
/// More pages than any account has (6000 templates at most).
const PAGES_MAX: usize = 200;
const TEMPLATE_FIELDS: &str = "id,name,language,status,category,components,parameter_format,rejected_reason,quality_score,\
     previous_category,correct_category,message_send_ttl_seconds,library_template_name";
const NUMBER_FIELDS: &str = "display_phone_number,verified_name,name_status,quality_rating,status,throughput,whatsapp_business_manager_messaging_limit,is_on_biz_app";
/// Code of a list cursor that is not valid any more.
const BAD_CURSOR: i64 = 131_059;

/// Where and as whom to speak.
#[derive(Clone, Debug)]
pub struct MetaConfig {
    /// Address without version, [`API_BASE`] or a stand-in's.
    pub api_base: String,
    /// `v25.0`; empty for none.
    pub api_version: String,
    /// The number's id.
    pub phone_number_id: String,
    /// The business account's id.
    pub waba_id: String,
    /// The token; never shown.
    pub access_token: SecretString,
}

/// One number at Meta. Making one costs nothing; the first call builds the HTTP client.
#[derive(Debug)]
pub struct MetaProvider {
    config: MetaConfig,
    http: LazyClient,
}

impl MetaProvider {
    /// Takes the configuration as it is; a wrong one shows at the first call.
    #[must_use]
    pub fn new(config: MetaConfig) -> Self {
        let http = LazyClient::new(is_local(&config.api_base));
        Self { config, http }
    }

    /// The same with another limit for a whole call.
    #[must_use]
    pub fn with_timeout(config: MetaConfig, total: std::time::Duration) -> Self {
        let http = LazyClient::with_timeout(is_local(&config.api_base), total);
        Self { config, http }
    }

    async fn request(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<RequestBuilder, Transport> {
        let url = http::address(&self.config.api_base, [self.config.api_version.as_str()], path, query)?;
        let client = self.http.get().await?;
        Ok(client.request(method, url).bearer_auth(self.config.access_token.expose_secret()))
    }

    fn hide(&self, text: &str) -> String {
        http::redact(text, &self.config.access_token)
    }

    fn hide_error(&self, error: DeliveryError) -> DeliveryError {
        DeliveryError { text: self.hide(&error.text), ..error }
    }

    fn call_error(&self, error: CallError) -> CallError {
        CallError { text: self.hide(&error.text), ..error }
    }

    /// A call that is not a send: the JSON of a success, or why not.
    async fn call(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value, CallError> {
        let request = self.request(method, path, query).await;
        let answer = match request {
            Ok(r) => http::call(body.into_iter().fold(r, RequestBuilder::json)).await,
            Err(e) => Err(e),
        };
        let answer = answer.map_err(|e| self.call_error(lost(&e)))?;
        match success(&answer) {
            Some(value) => Ok(value),
            None => Err(self.call_error(failure(&answer).into_call_error())),
        }
    }
}

/// Whether an address is on this machine.
pub(super) fn is_local(base: &str) -> bool {
    Url::parse(base).ok().is_some_and(|u| {
        let host = u.host_str().unwrap_or("").trim_matches(['[', ']']);
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    })
}

/// The JSON object of a 2xx answer that is not an error in disguise.
pub(super) fn success(answer: &Answer) -> Option<Value> {
    if !(200..300).contains(&answer.status) {
        return None;
    }
    let value: Value = serde_json::from_slice(&answer.body).ok()?;
    (value.is_object() && value.get("error").is_none()).then_some(value)
}

fn failure(answer: &Answer) -> errors::Failure {
    unreadable(answer, errors::classify(answer.status, &answer.body))
}

/// A failure as it was classified, unless the answer is one of success that cannot be read.
pub(super) fn unreadable(answer: &Answer, mut failure: errors::Failure) -> errors::Failure {
    let is_success = (200..300).contains(&answer.status);
    if is_success && failure.error.code == 0 {
        failure.error = errors::plain_error(
            "the answer of success cannot be read",
            "The provider's answer broke off or is not in its usual form.",
            "try again; if it stays, check the provider's address and version in the configuration",
        );
        failure.retry = errors::Retry::Backoff;
    }
    failure
}

pub(super) fn transport_error(e: &Transport) -> DeliveryError {
    if e.unusable {
        return errors::plain_error(
            &e.text,
            "The request cannot be made with this configuration.",
            "check the provider's address, the ids and the token in the configuration",
        );
    }
    if e.nothing_sent {
        return errors::plain_error(
            &e.text,
            "The provider cannot be reached; nothing was sent.",
            "check the network; it is tried again by itself",
        );
    }
    errors::plain_error(
        &e.text,
        "The answer was lost: it may or may not have been carried out.",
        "wait for a delivery status, or look at the customer's chat before you send again",
    )
}

pub(super) fn lost(e: &Transport) -> CallError {
    let error = transport_error(e);
    CallError {
        code: 0,
        text: error.text,
        cause: error.cause,
        next: error.next,
        auth: false,
        transient: !e.unusable,
        after: None,
    }
}

/// A message that has no form of the provider's.
pub(super) fn formless(why: &str) -> Outcome {
    Outcome::Rejected(errors::plain_error(
        why,
        "The message cannot be put into the provider's form; nothing was sent.",
        "choose another recipient or message",
    ))
}

/// What becomes of a send that got no answer.
pub(super) fn unanswered(e: &Transport) -> Outcome {
    let error = transport_error(e);
    match (e.unusable, e.nothing_sent) {
        (true, _) => Outcome::Rejected(error),
        (false, true) => Outcome::Retry { after: None, error, scope: HoldScope::Message },
        (false, false) => Outcome::Unknown(error),
    }
}

/// What an answer of success to a send says.
pub(super) fn accepted(value: &Value, to: &Identity) -> Option<Outcome> {
    let provider_id = value.pointer("/messages/0/id")?.as_str().filter(|s| !s.is_empty())?.to_owned();
    let text = |path: &str| value.pointer(path).and_then(Value::as_str).filter(|s| !s.is_empty());
    let recipient = match (text("/contacts/0/wa_id"), text("/contacts/0/user_id")) {
        (Some(group), _) if to.kind == IdentityKind::Group => {
            Some(Identity { kind: IdentityKind::Group, value: group.into() })
        }
        (Some(phone), _) => Some(Identity::phone(phone)),
        (None, Some(user)) if to.kind == IdentityKind::ParentBsuid => {
            Some(Identity { kind: IdentityKind::ParentBsuid, value: user.into() })
        }
        (None, Some(user)) => Some(Identity::bsuid(user)),
        (None, None) => None,
    };
    Some(Outcome::Accepted { provider_id, recipient })
}

pub(super) fn need_success(value: &Value) -> Result<(), CallError> {
    if value.get("success").and_then(Value::as_bool) == Some(true) {
        return Ok(());
    }
    Err(CallError {
        code: 0,
        text: "the provider did not report success".into(),
        cause: None,
        next: Some("try again; if it stays, check the provider's address and version".into()),
        auth: false,
        transient: true,
        after: None,
    })
}

fn text(v: &Value, key: &str) -> String {
    v.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[async_trait]
impl Provider for MetaProvider {
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
            history: false,
            window: true,
            delivery_history: true,
        }
    }

    async fn send(&self, request: SendRequest<'_>) -> Outcome {
        let body = match wire::send_body(&request) {
            Ok(body) => body,
            Err(why) => {
                return formless(why);
            }
        };
        let answer = match self.request(Method::POST, &[&self.config.phone_number_id, "messages"], &[]).await
        {
            Ok(r) => http::call(r.json(&body)).await,
            Err(e) => Err(e),
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(e) => return unanswered(&e).with_error(|e| self.hide_error(e)),
        };
        if let Some(outcome) = success(&answer).and_then(|v| accepted(&v, request.to)) {
            return outcome;
        }
        let failure = failure(&answer);
        let explained = failure.error.code != 0 || failure.auth;
        if (200..300).contains(&answer.status) && !explained {
            return Outcome::Unknown(self.hide_error(failure.error));
        }
        failure.into_outcome(answer.retry_after).with_error(|e| self.hide_error(e))
    }

    async fn upload(&self, file: Upload, progress: Box<dyn Fn(u64) + Send + Sync>) -> Handover {
        self.hand_over(file, progress).await
    }

    async fn mark_read(&self, provider_id: &str, typing: bool) -> Result<(), CallError> {
        let body = wire::read_body(provider_id, typing);
        let path = [self.config.phone_number_id.as_str(), "messages"];
        need_success(&self.call(Method::POST, &path, &[], Some(&body)).await?)
    }

    async fn templates(&self) -> Result<Vec<Template>, CallError> {
        let path = [self.config.waba_id.as_str(), "message_templates"];
        let endless = |text: &str| CallError {
            code: 0,
            text: text.into(),
            cause: Some("The provider's template list does not come to an end.".into()),
            next: Some("try again later; the templates that are here stay as they are".into()),
            auth: false,
            transient: true,
            after: None,
        };
        let mut out = Vec::new();
        let mut after: Option<String> = None;
        let mut seen = HashSet::new();
        let mut restarted = false;
        for _ in 0..PAGES_MAX {
            let mut query = vec![("fields", TEMPLATE_FIELDS), ("limit", PAGE_SIZE)];
            if let Some(cursor) = &after {
                query.push(("after", cursor));
            }
            let page = match self.call(Method::GET, &path, &query, None).await {
                Ok(page) => page,
                Err(e) if e.code == BAD_CURSOR && after.is_some() && !restarted => {
                    restarted = true;
                    after = None;
                    out.clear();
                    seen.clear();
                    continue;
                }
                Err(e) => return Err(e),
            };
            let Some(data) = page.get("data").and_then(Value::as_array) else {
                return Err(endless("the answer holds no list"));
            };
            out.extend(data.iter().filter_map(templates::template));
            // `next` only says that there is more; it is never followed, as the token must not go elsewhere.
            let more = page.pointer("/paging/next").and_then(Value::as_str).is_some_and(|s| !s.is_empty());
            let cursor =
                page.pointer("/paging/cursors/after").and_then(Value::as_str).filter(|s| !s.is_empty());
            let (true, Some(cursor)) = (more, cursor) else { return Ok(out) };
            if !seen.insert(cursor.to_owned()) {
                return Err(endless("a page of the list names itself as the next"));
            }
            after = Some(cursor.to_owned());
        }
        Err(endless("the list has too many pages"))
    }

    async fn delivery_history(&self, provider_id: &str) -> Result<Vec<StatusUpdate>, CallError> {
        let path = [self.config.phone_number_id.as_str(), "message_history"];
        let query = [("message_id", provider_id), ("fields", history::FIELDS), ("limit", "25")];
        let answer = self.call(Method::GET, &path, &query, None).await?;
        Ok(history::statuses(&answer, provider_id))
    }

    async fn number(&self) -> Result<NumberFacts, CallError> {
        let id = self.config.phone_number_id.as_str();
        let v = self.call(Method::GET, &[id], &[("fields", NUMBER_FIELDS)], None).await?;
        let profile = self
            .call(Method::GET, &[id, "whatsapp_business_profile"], &[("fields", "about,description")], None)
            .await
            .unwrap_or_default();
        let limit = text(&v, "whatsapp_business_manager_messaging_limit");
        Ok(NumberFacts {
            display_phone: text(&v, "display_phone_number"),
            verified_name: text(&v, "verified_name"),
            name_status: text(&v, "name_status"),
            quality: text(&v, "quality_rating"),
            status: text(&v, "status"),
            limit: if limit.is_empty() { text(&v, "messaging_limit_tier") } else { limit },
            throughput: v.get("throughput").map(|t| text(t, "level")).unwrap_or_default(),
            on_app: v.get("is_on_biz_app").and_then(Value::as_bool).unwrap_or(false),
            about: profile.pointer("/data/0").map(|p| text(p, "about")).unwrap_or_default(),
        })
    }

    async fn subscribe(&self, callback: &str, verify_token: &str) -> Result<(), CallError> {
        let body = json!({ "override_callback_uri": callback, "verify_token": verify_token });
        let path = [self.config.waba_id.as_str(), "subscribed_apps"];
        let hide = |e: CallError| CallError {
            text: http::redact(&e.text, &SecretString::from(verify_token.to_owned())),
            ..e
        };
        need_success(&self.call(Method::POST, &path, &[], Some(&body)).await.map_err(hide)?)
    }

    async fn subscription(&self) -> Result<Subscription, CallError> {
        let v = self.call(Method::GET, &[&self.config.waba_id, "subscribed_apps"], &[], None).await?;
        let apps = v.get("data").and_then(Value::as_array).into_iter().flatten().map(|item| {
            let app = item.get("whatsapp_business_api_data").unwrap_or(&Value::Null);
            Subscriber {
                app: text(app, "id"),
                name: text(app, "name"),
                callback: Some(text(item, "override_callback_uri")).filter(|u| !u.is_empty()),
            }
        });
        // Older versions do not tell it: then the override is all that is known.
        let number = self
            .call(Method::GET, &[&self.config.phone_number_id], &[("fields", "webhook_configuration")], None)
            .await
            .unwrap_or_default();
        let callback = ["phone_number", "whatsapp_business_account", "application"]
            .into_iter()
            .filter_map(|level| number.pointer(&format!("/webhook_configuration/{level}"))?.as_str())
            .find(|u| !u.is_empty())
            .map(str::to_owned);
        Ok(Subscription { apps: apps.collect(), callback })
    }

    fn admin(&self) -> Option<&dyn super::admin::Administration> {
        Some(self)
    }

    fn template_admin(&self) -> Option<&dyn super::templates_admin::TemplateAdministration> {
        Some(self)
    }

    async fn time(&self) -> Result<Option<i64>, CallError> {
        let path = [self.config.phone_number_id.as_str()];
        let answer = match self.request(Method::GET, &path, &[("fields", "id")]).await {
            Ok(request) => http::call(request).await,
            Err(e) => Err(e),
        };
        // Also an answer of refusal has a date.
        answer.map(|a| a.date).map_err(|e| self.call_error(lost(&e)))
    }

    async fn token(&self) -> Result<TokenFacts, CallError> {
        let token = self.config.access_token.expose_secret();
        let v = self.call(Method::GET, &["debug_token"], &[("input_token", token)], None).await?;
        let data = v.get("data").cloned().unwrap_or_default();
        Ok(TokenFacts {
            valid: data.get("is_valid").and_then(Value::as_bool).unwrap_or(false),
            scopes: data
                .get("scopes")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(|s| s.as_str().map(str::to_owned))
                .collect(),
            expires_at: data
                .get("expires_at")
                .and_then(Value::as_i64)
                .filter(|s| *s > 0)
                .map(|s| s.saturating_mul(1000)),
        })
    }
}

#[cfg(test)]
mod tests;
