//! Providers: the wire protocols that carry messages, behind one trait.
//!
//! Knows `model` and HTTP. Knows nothing of the store, the engine or a screen.

pub mod admin;
pub mod history;
pub mod http;
pub mod kapso;
pub mod meta;
pub mod posts;
pub mod templates_admin;

use crate::model::contact::Identity;
use crate::model::delivery::{DeliveryError, HoldScope};
use crate::model::event::NumberFacts;
use crate::model::inbound::StatusUpdate;
use crate::model::outgoing::Outgoing;
use crate::model::template::Template;
use async_trait::async_trait;
use history::{HistoryAnswer, HistoryPage, PeopleAnswer};
use std::time::Duration;

/// What a provider (or one account of it) can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Free text.
    pub text: bool,
    /// Pictures, sounds, files.
    pub media: bool,
    /// Buttons and lists.
    pub interactive: bool,
    /// Approved templates.
    pub templates: bool,
    /// Telling the customer that a message was read.
    pub read_receipts: bool,
    /// Showing that somebody types.
    pub typing: bool,
    /// Emoji on messages.
    pub reactions: bool,
    /// Answering to a given message.
    pub quoting: bool,
    /// Reading past messages.
    pub history: bool,
    /// Has a customer service window.
    pub window: bool,
    /// Can be asked what became of a message that it named.
    pub delivery_history: bool,
}

/// A send as a provider needs it: every id is the provider's own.
#[derive(Clone, Debug)]
pub struct SendRequest<'a> {
    /// To whom: a phone number or a user id, exactly as the provider gave it.
    pub to: &'a Identity,
    /// What.
    pub content: &'a Outgoing,
    /// The provider's id of the message a reaction goes to.
    pub reaction_target: Option<&'a str>,
    /// The provider's id of the quoted message.
    pub quote: Option<&'a str>,
    /// The provider's id of the file that the message names.
    pub media: Option<&'a str>,
    /// Travels with the message and comes back in its statuses; no secrets.
    pub opaque: &'a str,
}

/// What became of a send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The provider took it.
    Accepted {
        /// The provider's id of the new message.
        provider_id: String,
        /// Who the provider resolved the recipient to, where it says so.
        recipient: Option<Identity>,
    },
    /// Refused for good.
    Rejected(DeliveryError),
    /// Nothing was sent; try again after this long (`None` = the caller's own backoff).
    Retry {
        /// The provider's wish (`Retry-After`).
        after: Option<Duration>,
        /// Why.
        error: DeliveryError,
        /// Who has to wait.
        scope: HoldScope,
    },
    /// The answer was lost after bytes had left: it may or may not have been sent.
    Unknown(DeliveryError),
}

impl Outcome {
    /// The same, with another error where it has one.
    #[must_use]
    pub fn with_error(self, change: impl FnOnce(DeliveryError) -> DeliveryError) -> Self {
        match self {
            Self::Rejected(error) => Self::Rejected(change(error)),
            Self::Retry { after, error, scope } => Self::Retry { after, error: change(error), scope },
            Self::Unknown(error) => Self::Unknown(change(error)),
            accepted @ Self::Accepted { .. } => accepted,
        }
    }
}

/// A file as a provider gets it.
#[derive(Debug)]
pub struct Upload {
    /// Its bytes, from the beginning.
    pub bytes: std::fs::File,
    /// Its name: never a path, without quotes and control characters.
    pub name: String,
    /// MIME type.
    pub mime: String,
    /// Size in bytes.
    pub size: u64,
}

/// What became of a file. Whatever it is, no customer has got anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handover {
    /// The provider has it, under this id.
    Done(String),
    /// Refused for good.
    Rejected(DeliveryError),
    /// It may go better later.
    Retry {
        /// The provider's wish (`Retry-After`).
        after: Option<Duration>,
        /// Why.
        error: DeliveryError,
        /// Who has to wait.
        scope: HoldScope,
    },
}

/// Why a call that is not a send failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct CallError {
    /// The provider's code, 0 without one.
    pub code: i64,
    /// What happened, in the provider's words where there are any. Never holds a token.
    pub text: String,
    /// What it means.
    pub cause: Option<String>,
    /// What to do next.
    pub next: Option<String>,
    /// Whether the token or a permission is at fault.
    pub auth: bool,
    /// Whether trying again later may help.
    pub transient: bool,
    /// How long the provider wants to be left alone, where it says so.
    pub after: Option<Duration>,
}

/// What a token is worth.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenFacts {
    /// Whether the provider takes it.
    pub valid: bool,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it ends (Unix milliseconds); `None` = never.
    pub expires_at: Option<i64>,
}

/// An app of the provider that hears what happens on our business account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscriber {
    /// The provider's id of the app.
    pub app: String,
    /// Its name.
    pub name: String,
    /// Where its webhooks for our business account go, where that differs from the app's own setting.
    pub callback: Option<String>,
}

/// Where the provider sends our webhooks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscription {
    /// The apps.
    pub apps: Vec<Subscriber>,
    /// The address that counts for our number (its own before the business account's before the app's), where the
    /// provider says it.
    pub callback: Option<String>,
}

/// One account's way to its provider. Cheap to share; opens connections when first used.
#[async_trait]
pub trait Provider: Send + Sync {
    /// What it can do.
    fn capabilities(&self) -> Capabilities;
    /// Sends. Never retries by itself.
    async fn send(&self, request: SendRequest<'_>) -> Outcome;
    /// Takes a file that a message is going to name. `progress` hears how many bytes have left.
    async fn upload(&self, file: Upload, progress: Box<dyn Fn(u64) + Send + Sync>) -> Handover;
    /// What it reported about a message of ours, oldest first; nothing where it knows nothing.
    async fn delivery_history(&self, provider_id: &str) -> Result<Vec<StatusUpdate>, CallError>;
    /// Marks a customer's message (and all before it) read; `typing` also shows that somebody types.
    async fn mark_read(&self, provider_id: &str, typing: bool) -> Result<(), CallError>;
    /// The whole template list, all pages.
    async fn templates(&self) -> Result<Vec<Template>, CallError>;
    /// What the provider says about our number and its profile.
    async fn number(&self) -> Result<NumberFacts, CallError>;
    /// Points the provider's webhooks for our business account at `callback` (at most 200 characters); the
    /// provider checks it with a handshake before it answers.
    async fn subscribe(&self, callback: &str, verify_token: &str) -> Result<(), CallError>;
    /// Where the provider sends our webhooks.
    async fn subscription(&self) -> Result<Subscription, CallError>;
    /// The provider's clock, to the second; `None` when it does not say.
    async fn time(&self) -> Result<Option<i64>, CallError>;
    /// Administration of the number, where the provider has any.
    fn admin(&self) -> Option<&dyn admin::Administration> {
        None
    }
    /// Administration of templates, where the provider has any.
    fn template_admin(&self) -> Option<&dyn templates_admin::TemplateAdministration> {
        None
    }
    /// What the token is worth.
    async fn token(&self) -> Result<TokenFacts, CallError>;
    /// One page of past messages, the newest first. Only with [`Capabilities::history`].
    async fn history(&self, _page: HistoryPage) -> Result<HistoryAnswer, CallError> {
        Err(history::unsupported("messages"))
    }
    /// One page of the people it knows; `after` is where the page before ended. Only with [`Capabilities::history`].
    async fn people(&self, _after: Option<String>) -> Result<PeopleAnswer, CallError> {
        Err(history::unsupported("contacts"))
    }
}
