//! Webhooks as they come in, whoever sends them: one POST in, what it says in our words out.
//!
//! Owns which provider's reading and which signature count. Knows nothing of accounts, the store or HTTP servers.

use super::kapso::webhook as kapso;
use super::meta::webhook as meta;
use crate::clock::Millis;
use crate::model::inbound::WebhookBatch;

/// Which of an account's addresses a POST came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// The address for everything.
    #[default]
    Whole,
    /// News about the project: numbers come and go.
    Project,
    /// Messages of one number.
    Messages,
}

impl Way {
    /// The end of the path behind the account's own part (`kapso/messages`).
    #[must_use]
    pub fn of_path(rest: &str) -> Option<Self> {
        match rest {
            "" => Some(Self::Whole),
            "kapso/project" => Some(Self::Project),
            "kapso/messages" => Some(Self::Messages),
            _ => None,
        }
    }

    /// The path behind the account's own part, with its slash.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Whole => "",
            Self::Project => "/kapso/project",
            Self::Messages => "/kapso/messages",
        }
    }

    /// Whether a provider sends webhooks there.
    #[must_use]
    pub fn is_of(self, provider: &str) -> bool {
        (provider == "kapso") == (self != Self::Whole)
    }
}

/// What a POST carries besides its body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head<'a> {
    /// `X-Hub-Signature-256`.
    pub hub_signature: Option<&'a str>,
    /// `X-Webhook-Signature`.
    pub signature: Option<&'a str>,
    /// `X-Webhook-Event`.
    pub event: Option<&'a str>,
    /// `X-Webhook-Payload-Version`.
    pub version: Option<&'a str>,
    /// `X-Idempotency-Key`: for the log. What came before is known by the ids in the body.
    pub key: Option<&'a str>,
}

/// Something that happened to a number or a business account at the provider, which is more than a line for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// What.
    pub kind: TurnKind,
    /// The provider's id of the number; empty for news about a whole business account.
    pub number: String,
    /// The provider's id of the business account; empty where it is not named.
    pub business: String,
    /// The provider's id of the customer whose number it is; empty where it is not named.
    pub customer: String,
    /// Our own word for that customer; empty where it is not named.
    pub external: String,
    /// Why, in the provider's words; may be empty.
    pub reason: String,
    /// The provider's time, where it gave one.
    pub at: Option<Millis>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnKind {
    /// A number was connected.
    Created,
    /// A number was taken out of the project.
    Deleted,
    /// A number cannot send or receive any more.
    Disconnected,
    /// It can again.
    Reconnected,
    /// The business left the provider.
    Offboarded,
    /// The business account was disabled.
    AccountDisabled,
    /// The business account may not do everything any more.
    AccountRestricted,
    /// The business account may work again.
    AccountReinstated,
    /// The business account broke a rule.
    AccountViolation,
}

/// What a POST says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    /// What the store applies.
    pub batch: WebhookBatch,
    /// What concerns an account's connection.
    pub turns: Vec<Turn>,
}

/// Whether a provider signed a body with this secret.
#[must_use]
pub fn is_signed(provider: &str, secret: &[u8], head: &Head<'_>, body: &[u8]) -> bool {
    match provider {
        "kapso" => kapso::is_signed(secret, head, body),
        _ => meta::verify_signature(secret, head.hub_signature, body),
    }
}

/// Reads a body. `received` is when it came: a fallback for times that it does not tell. The error says why it is
/// none at all.
pub fn read(provider: &str, head: &Head<'_>, body: &[u8], received: Millis) -> Result<Said, String> {
    match provider {
        "kapso" => kapso::read(head, body, received),
        _ => meta::parse(body).map(|batch| Said { batch, turns: Vec::new() }),
    }
}

/// Reads a body that was kept: what stood around it is gone.
pub fn read_kept(provider: &str, body: &[u8], received: Millis) -> Result<WebhookBatch, String> {
    read(provider, &Head::default(), body, received).map(|said| said.batch)
}
