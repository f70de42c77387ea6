//! What a provider's webhook says, in our words. Produced by a provider's parser, applied by the store.
//!
//! One POST becomes a [`WebhookBatch`]: the changes that were understood, and the updates that were not.

use super::contact::Identity;
use super::delivery::{DeliveryError, DeliveryState};
use super::message::Body;
use crate::clock::Millis;
use serde::{Deserialize, Serialize};

/// Where an update belongs: a number, or a whole business account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The provider's id of our number (`phone_number_id`), where the update names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Our number in digits, where only that is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_phone: Option<String>,
    /// The provider's id of the business account (WABA).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business: Option<String>,
}

/// The other side of a conversation as a webhook names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// Every identity given, the most stable first (BSUID, phone, parent BSUID, username).
    pub identities: Vec<Identity>,
    /// The name the person gave themselves; empty when not given.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub profile_name: String,
}

/// Who made an inbound or echoed message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The customer.
    Customer,
    /// Somebody with the number's phone in hand (coexistence echo, phone history).
    Phone,
    /// The provider's own agent.
    Provider,
    /// WhatsApp itself.
    System,
}

/// A message that a provider hands over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InboundMessage {
    /// The provider's id: the dedupe key together with the account.
    pub provider_id: String,
    /// The provider's time.
    pub at: Millis,
    /// Whose conversation it belongs to.
    pub peer: Peer,
    /// Who made it; everything but [`Author::Customer`] and [`Author::System`] is outbound.
    pub author: Author,
    /// In a group: the participant's name or number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub participant: Option<String>,
    /// What it says.
    pub body: Body,
    /// The provider's id of the message it quotes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quotes: Option<String>,
    /// `forwarded`, `ad: …`, `product: …`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Whether it opens the customer service window (a customer's message or call, not a system line).
    pub opens_window: bool,
    /// Whether it comes from a history dump: it counts as read and opens nothing new.
    #[serde(default)]
    pub history: bool,
    /// For echoes and history: how far our message got.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<DeliveryState>,
}

/// A delivery status for a message of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusUpdate {
    /// The provider's id of the message.
    pub provider_id: String,
    /// What we sent along as `biz_opaque_callback_data`: our attempt id, where it is ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opaque: Option<String>,
    /// The state, and `None` for a status word this version does not know.
    pub state: Option<DeliveryState>,
    /// The provider's word.
    pub word: String,
    /// The provider's time.
    pub at: Millis,
    /// Identities of the recipient: news for the contact.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipient: Vec<Identity>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<DeliveryError>,
    /// Price category (`utility`, `service`, …).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// End of a free entry point window, where the status names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_until: Option<Millis>,
}

/// News about a template. Only the fields that the webhook carried are set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TemplateNews {
    /// The provider's time; 0 when it gave none.
    pub at: Millis,
    /// The provider's id.
    pub provider_id: String,
    /// Name.
    pub name: String,
    /// Language with an underscore (`en_GB`).
    pub language: String,
    /// New status word (`APPROVED`, `PAUSED`, anything).
    pub status: Option<String>,
    /// New quality word.
    pub quality: Option<String>,
    /// New category.
    pub category: Option<String>,
    /// Category that Meta announces for later.
    pub coming_category: Option<String>,
    /// Why it was rejected, paused or disabled, in the provider's words.
    pub reason: Option<String>,
    /// Body text, when the components changed.
    pub body: Option<String>,
}

/// How much a notice matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Will matter soon.
    Warning,
    /// Sending is or will be impaired.
    Critical,
}

/// One thing a webhook told us.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// A message.
    Message(Box<InboundMessage>),
    /// A delivery status.
    Status(Box<StatusUpdate>),
    /// An emoji was put on a message, or taken away (`emoji` empty).
    Reaction {
        /// The provider's id of this event.
        provider_id: String,
        /// Time.
        at: Millis,
        /// Whose conversation.
        peer: Peer,
        /// Whether we did it (echo).
        own: bool,
        /// The provider's id of the message.
        target: String,
        /// The emoji, or empty.
        emoji: String,
    },
    /// A message was changed by its sender.
    Edited {
        /// Time.
        at: Millis,
        /// Whose conversation.
        peer: Peer,
        /// The provider's id of the message.
        target: String,
        /// The whole new content.
        body: Body,
    },
    /// A message was deleted for everyone by its sender.
    Revoked {
        /// Time.
        at: Millis,
        /// Whose conversation.
        peer: Peer,
        /// The provider's id of the message.
        target: String,
    },
    /// A customer changed number or user id: old identities and new ones are the same person.
    IdentityChanged {
        /// The provider's id of the system message.
        provider_id: String,
        /// Time.
        at: Millis,
        /// Known so far as.
        old: Vec<Identity>,
        /// Known from now on as.
        new: Vec<Identity>,
        /// The provider's sentence.
        text: String,
    },
    /// What we know about a person without a message (address book of the phone, group data).
    ContactSeen {
        /// The person.
        peer: Peer,
        /// The provider's time; 0 when it gave none.
        #[serde(default)]
        at: Millis,
    },
    /// A customer stopped or resumed marketing messages.
    Preference {
        /// The person.
        peer: Peer,
        /// `true` = wants none.
        stop: bool,
        /// The provider's time; 0 when it gave none.
        #[serde(default)]
        at: Millis,
    },
    /// Template news.
    Template(Box<TemplateNews>),
    /// News about the number or business account, as one line for people.
    Notice {
        /// The webhook field (`account_update`, …).
        field: String,
        /// How much it matters.
        severity: Severity,
        /// One line.
        text: String,
        /// The provider's time, where it gave one: the same news with the same time is told once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Millis>,
        /// New quality rating of the number, where this is what changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        quality: Option<String>,
        /// New messaging limit, where this is what changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<String>,
    },
    /// Something this version does not know: kept raw, and told once a day.
    Unknown {
        /// The webhook field, or what in it.
        field: String,
    },
}

/// A change and where it belongs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Routed {
    /// Where.
    pub route: Route,
    /// What.
    pub change: Change,
}

/// Everything one POST said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WebhookBatch {
    /// Understood, in the order of the body.
    pub changes: Vec<Routed>,
    /// Not understood: one line each. The raw body is kept, so they can be replayed after a fix.
    pub problems: Vec<String>,
}
