//! How far the past of an account was read from its provider, and what a page of it brought.
//!
//! The past is read backwards, the newest first, so that the inbox can be used at once. What came while nobody listened
//! is read from the last time up to which nothing is missing. Both go on where they stopped.

use super::inbound::{Change, StatusUpdate};
use crate::clock::Millis;
use serde::{Deserialize, Serialize};

/// One thing of the past, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// What. A message whose `history` is not set is news that was missed: it counts as if a webhook had brought it.
    pub change: Change,
    /// For a message of ours: what the provider said of it, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statuses: Vec<StatusUpdate>,
}

/// A reading that is under way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HistoryRun {
    /// When it was begun, by our clock.
    pub began: Millis,
    /// Nothing older than this is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Millis>,
    /// Nothing newer than this is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Millis>,
    /// Where the last page ended; nothing before the first one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// The oldest time that it brought so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest: Option<Millis>,
}

/// How far it got, as it is kept with the account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HistoryMark {
    /// The provider's id of the number that it is about: another number has another past.
    pub number: String,
    /// What a customer wrote from here on is news, not the past.
    pub news_from: Millis,
    /// Nothing up to here is missing but what the runs still bring.
    pub upto: Millis,
    /// Reading the past.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub back: Option<HistoryRun>,
    /// Reading what came while nobody listened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap: Option<HistoryRun>,
    /// Messages of the past that were read so far.
    pub done: u64,
    /// How many there are, where the provider says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// The oldest message that was reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest: Option<Millis>,
    /// When the past was read to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished: Option<Millis>,
    /// Somebody asked for a part of it only: there may be more before the oldest.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    /// Somebody stopped it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,
    /// Why it does not go on at present.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub problem: String,
    /// What to do about that.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub next: String,
}

/// What the reading of the past is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HistoryState {
    /// Pages are read.
    Reading,
    /// Somebody stopped it; it can go on.
    Paused,
    /// The provider refuses it, or cannot be reached; it is tried again.
    Stuck,
    /// All is here.
    Done,
}

impl HistoryState {
    /// The word for people and scripts.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Reading => "reading",
            Self::Paused => "paused",
            Self::Stuck => "stuck",
            Self::Done => "done",
        }
    }
}

/// The same as clients see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryProgress {
    /// What it is doing.
    pub state: HistoryState,
    /// Messages of the past that were read so far.
    pub done: u64,
    /// How many there are, where the provider says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// The oldest message that was reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest: Option<Millis>,
    /// Nothing older than this is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Millis>,
    /// When the past was read to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<Millis>,
    /// Whether it reads what came while nobody listened.
    #[serde(default)]
    pub catching_up: bool,
    /// Why it does not go on at present.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub problem: String,
    /// What to do about that.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub next: String,
}

impl HistoryMark {
    /// As clients see it; nothing before anything was read, or when another number is connected.
    #[must_use]
    pub fn progress(&self, number: &str) -> Option<HistoryProgress> {
        if self.number.is_empty() || self.number != number {
            return None;
        }
        let state = match (&self.back, self.paused, self.problem.is_empty()) {
            (_, true, _) => HistoryState::Paused,
            (_, false, false) => HistoryState::Stuck,
            (Some(_), false, true) => HistoryState::Reading,
            (None, false, true) => HistoryState::Done,
        };
        Some(HistoryProgress {
            state,
            done: self.done,
            total: self.total,
            oldest: self.oldest,
            from: self.back.as_ref().and_then(|b| b.since),
            finished: self.finished,
            catching_up: self.gap.is_some(),
            problem: self.problem.clone(),
            next: self.next.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_see_follows_from_the_mark() {
        let mark = HistoryMark { number: "1".into(), ..HistoryMark::default() };
        let state = |m: &HistoryMark| m.progress("1").map(|p| p.state);
        assert_eq!(HistoryMark::default().progress(""), None);
        assert_eq!(mark.progress("2"), None, "the past of another number");
        assert_eq!(state(&mark), Some(HistoryState::Done));
        let reading = HistoryMark { back: Some(HistoryRun::default()), ..mark.clone() };
        assert_eq!(state(&reading), Some(HistoryState::Reading));
        let stuck = HistoryMark { problem: "429".into(), ..reading.clone() };
        assert_eq!(state(&stuck), Some(HistoryState::Stuck));
        assert_eq!(state(&HistoryMark { paused: true, ..stuck }), Some(HistoryState::Paused));
        let gap = HistoryMark { gap: Some(HistoryRun::default()), ..mark };
        assert!(gap.progress("1").is_some_and(|p| p.catching_up && p.state == HistoryState::Done));
    }
}
