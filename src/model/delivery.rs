//! Delivery states: they only move forward, and every state keeps its own time.

use crate::clock::Millis;
use serde::{Deserialize, Serialize};

/// Where a message is on its way. The order of the first nine is the order of progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Inbound: the customer's message is here.
    Received,
    /// Committed to the outbox, no byte has left.
    Queued,
    /// An attempt is on the wire.
    Sending,
    /// The provider answered with an id; it has promised nothing else.
    Accepted,
    /// The provider handed it to the network (one tick).
    Sent,
    /// On the customer's device (two ticks).
    Delivered,
    /// Opened in the chat (blue ticks).
    Read,
    /// A voice message was listened to.
    Played,
    /// The answer of an attempt was lost: it may or may not have gone out.
    Unknown,
    /// An attempt ended without delivery.
    Failed,
    /// Withdrawn by an operator before it left.
    Cancelled,
    /// A note: it stays here.
    Noted,
}

impl DeliveryState {
    /// Whether the provider has the message: it answered with an id, or reported a tick.
    #[must_use]
    pub fn is_taken(self) -> bool {
        matches!(self, Self::Accepted | Self::Sent | Self::Delivered | Self::Read | Self::Played)
    }

    /// The short text kept in the store and shown in `--json`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Accepted => "accepted",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Played => "played",
            Self::Unknown => "unknown",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Noted => "noted",
        }
    }

    /// Reads what [`DeliveryState::as_str`] wrote, and a provider's status word.
    #[must_use]
    pub fn parse(s: &str) -> Option<Self> {
        Some(match s {
            "received" => Self::Received,
            "queued" => Self::Queued,
            "sending" => Self::Sending,
            "accepted" => Self::Accepted,
            "sent" => Self::Sent,
            "delivered" => Self::Delivered,
            "read" => Self::Read,
            "played" => Self::Played,
            "unknown" => Self::Unknown,
            "failed" => Self::Failed,
            "cancelled" => Self::Cancelled,
            "noted" => Self::Noted,
            _ => return None,
        })
    }

    /// Whether news `next` may replace this state.
    ///
    /// Forward only: `queued < sending < accepted < sent < delivered < read < played`. `failed` ends an attempt,
    /// unless the provider later proves that the message arrived (delivered, read or played). `unknown` is
    /// settled by any word of the provider. A `failed` that comes after proof of arrival changes nothing.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        use DeliveryState as D;
        match (self, next) {
            (D::Received | D::Cancelled, _) | (_, D::Received) => false,
            (D::Failed, D::Delivered | D::Read | D::Played) => true,
            (D::Failed, _) => false,
            (D::Unknown, D::Queued | D::Sending | D::Unknown) => false,
            (D::Unknown, _) => true,
            (D::Delivered | D::Read | D::Played, D::Failed) => false,
            (_, D::Failed) => true,
            (D::Queued, D::Cancelled) => true,
            (_, D::Cancelled) => false,
            (D::Queued | D::Sending, D::Unknown) => true,
            (_, D::Unknown) => false,
            (a, b) => b > a,
        }
    }
}

/// When each state was reached; `None` where it was not (or not yet).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeliveryTimes {
    /// Committed to the outbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queued: Option<Millis>,
    /// First byte on the wire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sending: Option<Millis>,
    /// The provider's answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Millis>,
    /// One tick.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent: Option<Millis>,
    /// Two ticks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered: Option<Millis>,
    /// Blue ticks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<Millis>,
    /// Voice message heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub played: Option<Millis>,
    /// The attempt ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<Millis>,
}

impl DeliveryTimes {
    /// Notes the time of a state; of several the earliest stays.
    pub fn note(&mut self, state: DeliveryState, at: Millis) {
        let slot = match state {
            DeliveryState::Queued => &mut self.queued,
            DeliveryState::Sending => &mut self.sending,
            DeliveryState::Accepted => &mut self.accepted,
            DeliveryState::Sent => &mut self.sent,
            DeliveryState::Delivered => &mut self.delivered,
            DeliveryState::Read => &mut self.read,
            DeliveryState::Played => &mut self.played,
            DeliveryState::Failed => &mut self.failed,
            DeliveryState::Received
            | DeliveryState::Unknown
            | DeliveryState::Cancelled
            | DeliveryState::Noted => return,
        };
        *slot = Some(slot.map_or(at, |t| t.min(at)));
    }

    /// The time of a state, where it is known.
    #[must_use]
    pub fn of(&self, state: DeliveryState) -> Option<Millis> {
        match state {
            DeliveryState::Queued => self.queued,
            DeliveryState::Sending => self.sending,
            DeliveryState::Accepted => self.accepted,
            DeliveryState::Sent => self.sent,
            DeliveryState::Delivered => self.delivered,
            DeliveryState::Read => self.read,
            DeliveryState::Played => self.played,
            DeliveryState::Failed => self.failed,
            DeliveryState::Received
            | DeliveryState::Unknown
            | DeliveryState::Cancelled
            | DeliveryState::Noted => None,
        }
    }
}

/// Why a send failed, in the provider's words. The cause in ours comes from the provider's error table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryError {
    /// The provider's code (`131047`); 0 when there was none.
    pub code: i64,
    /// The provider's text, the most helpful one it gave.
    pub text: String,
    /// What it means in one line, and `None` for a code nobody has described.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// What to do next, in words an operator can act on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Whom a provider's wish to wait is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldScope {
    /// This message only.
    #[default]
    Message,
    /// Everything from this number to this person.
    Pair,
    /// Everything from this number.
    Number,
}

/// Why a queued message has not left yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitReason {
    /// It can still be taken back.
    Undo,
    /// An operator chose the time.
    Later,
    /// So many messages may go to one person in a time.
    Pair,
    /// So many messages may leave a number in a second.
    Rate,
    /// The provider put it off, or cannot be reached; the message's error says why.
    Provider,
    /// Its account is paused.
    Account,
}

impl WaitReason {
    /// The short text kept in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Undo => "undo",
            Self::Later => "later",
            Self::Pair => "pair",
            Self::Rate => "rate",
            Self::Provider => "provider",
            Self::Account => "account",
        }
    }

    /// Reads what [`WaitReason::as_str`] wrote.
    #[must_use]
    pub fn parse(s: &str) -> Option<Self> {
        Some(match s {
            "undo" => Self::Undo,
            "later" => Self::Later,
            "pair" => Self::Pair,
            "rate" => Self::Rate,
            "provider" => Self::Provider,
            "account" => Self::Account,
            _ => return None,
        })
    }

    /// What it means for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Undo => "it can still be taken back",
            Self::Later => "to be sent later",
            Self::Pair => "many messages to this customer in a short time",
            Self::Rate => "the number sends as fast as it may",
            Self::Provider => "the provider put it off",
            Self::Account => "the account is paused",
        }
    }
}

/// Until when a queued message waits, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Waiting {
    /// Not before this time.
    pub until: Millis,
    /// Why.
    pub why: WaitReason,
}

/// Another attempt of a message that the provider took as well: the customer may have it twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherAttempt {
    /// How far it got.
    pub state: DeliveryState,
    /// When it got there, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Millis>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use DeliveryState as D;

    const ALL: [D; 11] = [
        D::Received,
        D::Queued,
        D::Sending,
        D::Accepted,
        D::Sent,
        D::Delivered,
        D::Read,
        D::Played,
        D::Unknown,
        D::Failed,
        D::Cancelled,
    ];

    #[test]
    fn text_form_round_trips() {
        for s in ALL {
            assert_eq!(D::parse(s.as_str()), Some(s));
        }
        assert_eq!(D::parse("held"), None);
    }

    #[test]
    fn no_state_replaces_itself_and_ticks_never_go_back() {
        for s in ALL {
            assert!(!s.may_become(s), "{s:?}");
        }
        assert!(!D::Read.may_become(D::Delivered));
        assert!(!D::Delivered.may_become(D::Sent));
        assert!(D::Accepted.may_become(D::Read), "read without delivered is normal");
        assert!(!D::Read.may_become(D::Failed));
        assert!(D::Sent.may_become(D::Failed));
        assert!(D::Failed.may_become(D::Delivered));
        assert!(!D::Failed.may_become(D::Sent));
    }

    #[test]
    fn unknown_is_settled_by_the_providers_word_only() {
        assert!(D::Sending.may_become(D::Unknown));
        assert!(!D::Accepted.may_become(D::Unknown));
        assert!(D::Unknown.may_become(D::Accepted) && D::Unknown.may_become(D::Failed));
        assert!(!D::Unknown.may_become(D::Sending));
    }

    #[test]
    fn the_first_time_of_a_state_stays() {
        let mut t = DeliveryTimes::default();
        t.note(D::Sent, 5);
        t.note(D::Sent, 9);
        assert_eq!(t.of(D::Sent), Some(5));
    }
}
