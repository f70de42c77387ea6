//! Numbers for the lead: what is open and waits, how long answers took, by day, operator and account.

use crate::clock::Millis;
use crate::model::ids::{AccountId, ThreadId};
use serde::{Deserialize, Serialize};

/// Which numbers are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NumbersWanted {
    /// From this time on.
    pub since: Millis,
    /// Until this time.
    pub until: Millis,
    /// The time zone of days, by name; `None` = the engine's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// One account, or all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// One operator, or all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
}

/// How long something took: how often it is known, the middle one, the average, and the one that nine of ten were
/// quicker than. In milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spread {
    /// Of how many.
    pub n: u32,
    /// The middle one.
    pub median: Millis,
    /// The average.
    pub mean: Millis,
    /// Nine of ten took no longer.
    pub p90: Millis,
}

/// What happened in a time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// Messages of customers.
    pub received: u32,
    /// Messages of ours.
    pub sent: u32,
    /// Times that customers waited and were answered.
    pub answered: u32,
    /// Conversations that were resolved.
    pub resolved: u32,
    /// From a customer's first unanswered message to the first answer by a person.
    pub response: Spread,
    /// From the opening of a conversation to its resolution.
    pub resolution: Spread,
}

/// One day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayNumbers {
    /// `2026-11-21`.
    pub day: String,
    /// What happened.
    pub work: Work,
}

/// How things are now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Open conversations.
    pub open: u32,
    /// Of them, those that nobody has.
    pub unassigned: u32,
    /// Of them, those in which a customer waits for an answer.
    pub waiting: u32,
    /// The one that waits longest: since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest: Option<Millis>,
    /// Snoozed conversations.
    pub snoozed: u32,
}

/// Numbers of one operator or account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedNumbers {
    /// Whose.
    pub name: String,
    /// What happened.
    pub work: Work,
    /// How things are now.
    pub now: Standing,
}

/// A conversation in which a customer waits, or that was put off until a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// Which.
    pub thread: ThreadId,
    /// Its name.
    pub title: String,
    /// Its account.
    pub account: AccountId,
    /// Who has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// Since when, or until when.
    pub at: Millis,
}

/// The numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbers {
    /// When they were looked up.
    pub at: Millis,
    /// The wish, as it was understood.
    pub wanted: NumbersWanted,
    /// Only the asker's own: the role does not show others'.
    pub own: bool,
    /// Messages that are not in the numbers yet.
    pub behind: u64,
    /// All together.
    pub all: NamedNumbers,
    /// Day by day, also days on which nothing happened.
    pub days: Vec<DayNumbers>,
    /// By operator; `(phone)` is the number's own phone.
    pub operators: Vec<NamedNumbers>,
    /// By account.
    pub accounts: Vec<NamedNumbers>,
    /// Who waits longest, the first before the others.
    pub waiting: Vec<Pending>,
    /// What was put off until a time, the next before the others.
    pub promised: Vec<Pending>,
}
