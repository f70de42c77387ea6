//! Reading past messages and people from a provider that keeps them.
//!
//! Owns the questions and the answers. A message of history is the same [`Change`] that a webhook would have been,
//! marked as history, so that both meet in the dedupe of the store.

use super::CallError;
use crate::clock::Millis;
use crate::model::inbound::{Change, Peer, StatusUpdate};

/// Which page of past messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryPage {
    /// Nothing that is older than this (the provider's time of creation); `None` = from the beginning.
    pub since: Option<Millis>,
    /// Nothing that is newer than this; `None` = up to now.
    pub until: Option<Millis>,
    /// Where the page before this one ended: its [`HistoryAnswer::next`].
    pub after: Option<String>,
    /// How many messages at most; a provider may give fewer.
    pub limit: u32,
}

/// A page of past messages, the newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HistoryAnswer {
    /// The messages.
    pub messages: Vec<HistoryItem>,
    /// Where to go on; `None` when this was the last page.
    pub next: Option<String>,
    /// How many there are in all, where the provider says so.
    pub total: Option<u64>,
    /// How many calls a minute the provider allows, and how many are left of them, where it says so.
    pub room: Option<(u64, u64)>,
}

/// One message of the past, and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryItem {
    /// The message with `history: true`, or the reaction; [`Change::Unknown`] for one that cannot be read.
    pub change: Change,
    /// For a message of ours: every status the provider kept, oldest first.
    pub statuses: Vec<StatusUpdate>,
}

/// A page of the people whom a provider knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PeopleAnswer {
    /// Their identities and names.
    pub people: Vec<Peer>,
    /// Where to go on; `None` when this was the last page.
    pub next: Option<String>,
}

/// The answer of a provider that keeps no past.
pub(super) fn unsupported(what: &str) -> CallError {
    CallError {
        code: 0,
        text: format!("this provider keeps no {what} that can be read"),
        cause: Some("What came before the number was connected is not here.".into()),
        next: Some("nothing to do: new messages come by webhook".into()),
        auth: false,
        transient: false,
        after: None,
    }
}
