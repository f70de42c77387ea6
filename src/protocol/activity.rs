//! The activity log: what is asked of it, and its rows.

use crate::clock::Millis;
use crate::model::ids::{AccountId, EventId, MessageId, ThreadId};
use crate::model::seat::Seat;
use crate::protocol::{Cursor, Page};
use serde::{Deserialize, Serialize};

/// Whose doings are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// Everybody's, the engine's and the providers' too.
    #[default]
    All,
    /// People's only, without what screens do by themselves (drafts, preferences).
    People,
    /// What was refused.
    Refused,
}

impl Whose {
    /// All of them, in the order of the screen.
    pub const ALL: [Self; 3] = [Self::People, Self::Refused, Self::All];

    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::All => "everything",
            Self::People => "people",
            Self::Refused => "refused",
        }
    }
}

/// Which rows are wanted; all conditions hold at once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ActivityFilter {
    /// Whose.
    #[serde(skip_serializing_if = "is_default")]
    pub whose: Whose,
    /// One operator, by name; `engine` and `provider` are names too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// A part of the action's word (`resolved`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// About one conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread: Option<ThreadId>,
    /// About one account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// Not before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Millis>,
    /// Before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Millis>,
    /// A text in actor, action, subject, seat or the name of the conversation; capitals do not matter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

fn is_default<T: Default + PartialEq>(v: &T) -> bool {
    *v == T::default()
}

/// A row of the activity log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityRow {
    /// Its number in the chain of this host.
    pub n: i64,
    /// The event's id.
    pub id: EventId,
    /// When.
    pub at: Millis,
    /// Who: an operator, `engine` or `provider`.
    pub actor: String,
    /// What, in one word.
    pub action: String,
    /// What it is about, as it was written: ids, and details.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// Where the operator sat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat: Option<Seat>,
    /// The conversation, where it is about one that is still here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<ThreadId>,
    /// Its name now; of a label, a macro or a quick reply for everybody: theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The details of the subject for people, where it names labels by their ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// The message, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// The account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// Its hash in hexadecimal digits; empty for rows of before the chain.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hash: String,
}

/// What is asked about the activity log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "activity", rename_all = "snake_case")]
pub enum ActivityRequest {
    /// Rows, newest first. A page may hold fewer than asked for and still have a next one: so many are looked at a
    /// time. → [`ActivityAnswer::Rows`]
    List {
        /// Which ones.
        filter: ActivityFilter,
        /// Continue from here.
        before: Option<Cursor>,
        /// At most this many (1 to 500).
        limit: u32,
    },
    /// Whether the chain of hashes is whole. → [`ActivityAnswer::Verified`]
    Verify {
        /// A row whose hash was written down elsewhere is looked up too.
        row: Option<i64>,
    },
}

/// An answer about the activity log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "activity", content = "is", rename_all = "snake_case")]
pub enum ActivityAnswer {
    /// A page of rows.
    Rows(Page<ActivityRow>),
    /// How the chain is.
    Verified(ChainReport),
}

/// The first row at which the chain breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainBreak {
    /// Its number.
    pub id: i64,
    /// Its time, or that of the row before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Millis>,
    /// What is wrong.
    pub what: String,
}

/// How the chain is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainReport {
    /// Rows whose hash was found right.
    pub checked: u64,
    /// Rows of before the chain that are still here: they have no hash.
    pub before: u64,
    /// The last row that retention took away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_upto: Option<i64>,
    /// The newest row.
    pub head: i64,
    /// Its hash: written down elsewhere it proves later that nothing before it was changed.
    pub hash: String,
    /// Where it breaks; `None`: it is whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<ChainBreak>,
    /// The hash of the row that was asked for, where it is here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
}
