//! The flight recorder: raw webhooks, and the life of a message.

use crate::clock::Millis;
use crate::model::delivery::DeliveryError;
use crate::model::ids::{AccountId, AttemptId, EventId, MessageId};
use crate::model::message::Message;
use serde::{Deserialize, Serialize};

/// Longest piece of a raw body in one answer, in bytes.
pub const RAW_MAX: u32 = 4 << 20;

/// What became of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookState {
    /// Everything it said was applied.
    Applied,
    /// Some of its updates could not be applied.
    Partial,
    /// It could not be read at all.
    Failed,
    /// The doctor posted it to our own listener; it says nothing.
    Test,
}

impl WebhookState {
    /// The word for people and `--json`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Test => "test",
        }
    }
}

/// Which webhooks to list; everything that is set must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WebhookFilter {
    /// Came in by this account's path, or names its number.
    pub account: Option<AccountId>,
    /// In one of these states; empty = in any.
    pub states: Vec<WebhookState>,
    /// Received at this time or later.
    pub since: Option<Millis>,
    /// The body has this text in it (an id, a number, words), in the same case.
    pub text: Option<String>,
}

/// A webhook in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookRow {
    /// Its id, for ever.
    pub id: EventId,
    /// The account whose listener path was used.
    pub account: AccountId,
    /// When it came, by the engine's clock.
    pub received_at: Millis,
    /// What became of it.
    pub state: WebhookState,
    /// Bytes of the body.
    pub size: u64,
    /// What it says, in a few words (`2 messages, 1 status`); empty for a long body.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub says: String,
    /// The first problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// One thing that a webhook says, read with this version's parser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookPart {
    /// In a few words (`text message`, `status delivered`).
    pub what: String,
    /// The provider's time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Millis>,
    /// The provider's id of the message it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
    /// The message here; `None` when it is not here, or when this is about no message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
}

/// A webhook with its body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookDetail {
    /// What the list says.
    pub row: WebhookRow,
    /// Everything that could not be applied, one line each.
    pub problems: Vec<String>,
    /// What it says, in its order.
    pub parts: Vec<WebhookPart>,
    /// Parts that are not listed because there are too many.
    pub parts_left_out: usize,
    /// The body, indented where it is JSON, with secrets and tokens masked.
    pub raw: String,
    /// Bytes of [`WebhookDetail::raw`] that were cut off at its end; 0 when it is whole.
    pub cut: u64,
}

/// What came of reading a webhook again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replayed {
    /// Which.
    pub id: EventId,
    /// What it was before.
    pub was: WebhookState,
    /// What it is now.
    pub state: WebhookState,
    /// Things it says that were applied, or were here already.
    pub applied: usize,
    /// What still cannot be applied.
    pub problems: Vec<String>,
}

/// A moment in the life of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LifeStep {
    /// When, by the engine's clock: for what a webhook brought, when it came. The provider's time where ours is not
    /// known.
    pub at: Millis,
    /// The provider's own time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_at: Option<Millis>,
    /// Stable word: `received`, `stored`, `queued`, `waiting`, `retried`, `moved`, `withdrawn`, `attempt_started`, `attempt_ended`,
    /// `status`, `edited`, `revoked`, `reaction`, `quoted`, `other`.
    pub kind: String,
    /// One line for people.
    pub text: String,
    /// The operator, where one did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The attempt it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<AttemptId>,
    /// The webhook that brought it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<EventId>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<DeliveryError>,
}

/// A webhook that carried news of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LifeWebhook {
    /// What the list says.
    pub row: WebhookRow,
    /// The body, indented, masked, and without the updates about other messages.
    pub raw: String,
    /// Bytes that were cut off; 0 when it is whole.
    pub cut: u64,
}

/// Everything that is known of how a message came, went and was told about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageLife {
    /// The message.
    pub message: Message,
    /// The thread's title.
    pub title: String,
    /// From the first moment to the last.
    pub steps: Vec<LifeStep>,
    /// The webhooks, in the order in which they came.
    pub webhooks: Vec<LifeWebhook>,
    /// Whether every kept webhook since the message's beginning was looked at; `false` when there were too many.
    pub complete: bool,
    /// When the oldest webhook that is still kept came: nothing before it can be shown.
    pub kept_since: Option<Millis>,
}
