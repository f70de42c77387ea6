//! What clients are told of the outbox: its rows, and what a check of a message found.

use super::Problem;
use crate::clock::Millis;
use crate::model::delivery::{DeliveryError, DeliveryState, Waiting};
use crate::model::ids::{AccountId, MessageId, ThreadId};
use serde::{Deserialize, Serialize};

/// A send that has not got through yet: queued, on the wire, unknown or failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxRow {
    /// The message (or the reaction's id).
    pub message: MessageId,
    /// Its thread.
    pub thread: ThreadId,
    /// From which account.
    pub account: AccountId,
    /// Who it goes to, as the thread is called.
    pub title: String,
    /// Its kind (`text`, `template`, `reaction`, …).
    pub kind: String,
    /// The beginning of its text, as it was written.
    pub text: String,
    /// `queued`, `sending`, `unknown` or `failed`.
    pub state: DeliveryState,
    /// While it is queued: until when it waits, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits: Option<Waiting>,
    /// How often sending was tried.
    pub attempts: u32,
    /// Why it failed or was put off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<DeliveryError>,
}

/// Whether the provider could be asked what became of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "asked", content = "why")]
pub enum Asked {
    /// It was asked and answered.
    Yes,
    /// It cannot be asked: no id of it is known for this message.
    NoId,
    /// It cannot be asked: this provider has no such call.
    Unable,
    /// It was asked and refused.
    Refused(Box<Problem>),
}

/// What a check of a message found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckReport {
    /// The message.
    pub message: MessageId,
    /// How far it got, with everything that was learned.
    pub state: DeliveryState,
    /// The provider's newest word about it, or the moment it was sent.
    pub since: Millis,
    /// Whether something new was learned.
    pub news: bool,
    /// Whether the provider was asked.
    #[serde(flatten)]
    pub asked: Asked,
    /// Kept webhooks that could not be understood and name this send.
    pub unread_webhooks: u32,
}

/// `12 s`, `3 min`, `2 h`, `4 days`.
fn ago(ms: Millis) -> String {
    match ms / 1000 {
        s @ ..60 => format!("{} s", s.max(0)),
        s @ 60..3600 => format!("{} min", s / 60),
        s @ 3600..172_800 => format!("{} h", s / 3600),
        s => format!("{} days", s / 86_400),
    }
}

impl CheckReport {
    /// One sentence for people: what is known, and what cannot be known.
    #[must_use]
    pub fn words(&self, now: Millis) -> String {
        let since = ago(now - self.since);
        let mut out = match (self.state, self.news) {
            (DeliveryState::Unknown, _) => format!("no status since {since}"),
            (state, true) => format!("it is {} since {since}", state.as_str()),
            (state, false) => format!("nothing new: {} since {since}", state.as_str()),
        };
        match &self.asked {
            Asked::Yes if self.state == DeliveryState::Unknown => {
                out.push_str("; the provider knows no delivery of it");
            }
            Asked::Yes => {}
            Asked::NoId if self.news => {}
            Asked::NoId => out.push_str("; the provider cannot be asked by our id"),
            Asked::Unable => out.push_str("; this provider cannot be asked"),
            Asked::Refused(p) => {
                out.push_str("; the provider did not say: ");
                out.push_str(&p.what);
            }
        }
        match self.unread_webhooks {
            0 => {}
            1 => out.push_str("; a webhook that was not understood names it"),
            n => out.push_str(&format!("; {n} webhooks that were not understood name it")),
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(state: DeliveryState, news: bool, asked: Asked) -> CheckReport {
        let message = MessageId::derived(&["m"]);
        CheckReport { message, state, since: 0, news, asked, unread_webhooks: 0 }
    }

    #[test]
    fn it_says_what_is_known_and_no_more() {
        let words = |r: CheckReport| r.words(12 * 60_000);
        assert_eq!(
            words(report(DeliveryState::Unknown, false, Asked::NoId)),
            "no status since 12 min; the provider cannot be asked by our id"
        );
        assert_eq!(words(report(DeliveryState::Read, true, Asked::Yes)), "it is read since 12 min");
        assert_eq!(words(report(DeliveryState::Sent, false, Asked::Yes)), "nothing new: sent since 12 min");
        let refused = Asked::Refused(Box::new(Problem::new("provider", "10 not eligible")));
        let mut r = report(DeliveryState::Accepted, false, refused);
        r.unread_webhooks = 2;
        assert_eq!(
            words(r.clone()),
            "nothing new: accepted since 12 min; the provider did not say: 10 not eligible; \
             2 webhooks that were not understood name it"
        );
        let json = serde_json::to_string(&r).unwrap();
        assert_eq!(serde_json::from_str::<CheckReport>(&json).unwrap(), r);
    }

    #[test]
    fn times_are_short() {
        let said: Vec<String> = [5, 65, 7_300, 259_200].iter().map(|s| ago(s * 1000)).collect();
        assert_eq!(said, ["5 s", "1 min", "2 h", "3 days"]);
    }
}
