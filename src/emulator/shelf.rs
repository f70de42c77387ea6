//! What is remembered about all templates together: how many were made of late, and names that are blocked.
//!
//! Owns these data and their rules in time. Knows nothing of HTTP.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::clock::Millis;

const HOUR: Millis = 60 * 60 * 1000;
/// Templates that an account of an unverified portfolio may have.
const MOST: usize = 250;
/// Templates that may be made in an hour.
const AN_HOUR: usize = 100;
/// How long the name of a deleted approved template is blocked.
pub const BLOCKED: Millis = 30 * 24 * HOUR;
/// Edits of an approved template in [`EDITS_WITHIN`], and the pause between two.
pub const EDITS: usize = 10;
pub const EDITS_WITHIN: Millis = 30 * 24 * HOUR;
pub const EDIT_REST: Millis = 24 * HOUR;
/// How long a template that displeases pauses: the first time, the second time.
pub const PAUSES: [Millis; 2] = [3 * HOUR, 6 * HOUR];
/// How long before it comes a change of category is announced.
pub const NOTICE: Millis = 24 * HOUR;

/// Everything of this file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Shelf {
    /// When templates were made, the oldest first.
    made: VecDeque<Millis>,
    /// Until when a name, or a name and a language, cannot be used.
    blocked: BTreeMap<String, Millis>,
    /// Other limits, set by the control API.
    pub most: Option<usize>,
    pub an_hour: Option<usize>,
}

impl Shelf {
    /// How many templates there may be.
    pub fn most(&self) -> usize {
        self.most.unwrap_or(MOST)
    }

    /// Counts one that is made; false when there were too many.
    pub fn take_creation(&mut self, now: Millis) -> bool {
        while self.made.front().is_some_and(|at| *at <= now - HOUR) {
            self.made.pop_front();
        }
        if self.made.len() >= self.an_hour.unwrap_or(AN_HOUR) {
            return false;
        }
        self.made.push_back(now);
        true
    }

    fn key(name: &str, language: Option<&str>) -> String {
        format!("{name}/{}", language.unwrap_or("*"))
    }

    /// Blocks a name in one language, or in all.
    pub fn block(&mut self, name: &str, language: Option<&str>, until: Millis) {
        self.blocked.insert(Self::key(name, language), until);
    }

    /// Whether a name cannot be used.
    pub fn is_blocked(&self, name: &str, language: &str, now: Millis) -> bool {
        [None, Some(language)]
            .into_iter()
            .any(|l| self.blocked.get(&Self::key(name, l)).is_some_and(|until| now < *until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_in_an_hour() {
        let mut s = Shelf::default();
        assert!((0..100).all(|n| s.take_creation(n)));
        assert!(!s.take_creation(HOUR - 1));
        assert!(s.take_creation(HOUR), "the first one is an hour ago");
        assert!(!s.take_creation(HOUR));
    }

    #[test]
    fn a_name_is_blocked_for_a_time_and_where_it_was() {
        let mut s = Shelf::default();
        s.block("a", Some("en"), 10);
        s.block("b", None, 10);
        assert!(s.is_blocked("a", "en", 9) && !s.is_blocked("a", "de", 9) && !s.is_blocked("a", "en", 10));
        assert!(s.is_blocked("b", "de", 9) && !s.is_blocked("c", "de", 9));
    }
}
