//! How conversations that nobody has are given out: by turns or by load, to whom, and what becomes of those of
//! somebody who leaves.
//!
//! Pure: from the candidates to the one who is next. The same candidates give the same answer everywhere.

use super::ids::AccountId;
use crate::clock::Millis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Longest time after which the conversations of somebody who left are nobody's, in minutes: a week.
pub const RELEASE_MAX: u32 = 10_080;

/// How the next one is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Share {
    /// By turns: whose last turn is longest ago.
    Turns,
    /// By load: who has the fewest open conversations; among those, by turns.
    Load,
}

impl Share {
    /// All of them, with their words.
    pub const ALL: [(&'static str, Self); 2] = [("turns", Self::Turns), ("load", Self::Load)];

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Turns => "turns",
            Self::Load => "load",
        }
    }

    /// The one with this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        let word = if word == "round-robin" { "turns" } else { word };
        Self::ALL.iter().find(|(w, _)| *w == word).map(|(_, s)| *s)
    }

    /// Who is next.
    #[must_use]
    pub fn next(self, candidates: &[Candidate]) -> Option<&Candidate> {
        let load = |c: &Candidate| if self == Self::Load { c.open } else { 0 };
        candidates.iter().min_by_key(|c| (load(c), c.turn, &c.operator))
    }
}

/// Somebody who may be given a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub operator: String,
    /// Open conversations that they have.
    pub open: u32,
    /// When they were last given one; 0: never.
    pub turn: Millis,
}

/// Who gets conversations that nobody has when a customer writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareRule {
    /// How.
    pub how: Share,
    /// Only members of this team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Also those who have no screen open now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub away: bool,
}

impl fmt::Display for ShareRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.how.word())?;
        if let Some(team) = &self.team {
            write!(f, " among @{team}")?;
        }
        f.write_str(if self.away { ", also those who are away" } else { "" })
    }
}

/// All rules of giving out. Off at first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareRules {
    /// For accounts that have no rule of their own; `None`: nothing is given out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<ShareRule>,
    /// For these accounts; `None`: nothing is given out there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub accounts: BTreeMap<AccountId, Option<ShareRule>>,
    /// What somebody has who closed their last screen is nobody's after so many minutes; `None`: it stays theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_minutes: Option<u32>,
}

impl ShareRules {
    /// The rule for an account.
    #[must_use]
    pub fn of(&self, account: &AccountId) -> Option<&ShareRule> {
        self.accounts.get(account).unwrap_or(&self.all).as_ref()
    }

    /// Whether anything is given out at all.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.all.is_some() || self.accounts.values().any(Option::is_some)
    }

    /// The teams that the rules name.
    pub fn teams(&self) -> impl Iterator<Item = &str> {
        let rules = self.accounts.values().chain([&self.all]).flatten();
        rules.filter_map(|r| r.team.as_deref())
    }
}

impl fmt::Display for ShareRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |r: &Option<ShareRule>| r.as_ref().map_or("off".to_owned(), ToString::to_string);
        write!(f, "all: {}", word(&self.all))?;
        for (account, rule) in &self.accounts {
            write!(f, "; {account}: {}", word(rule))?;
        }
        match self.release_minutes {
            None => Ok(()),
            Some(n) => write!(f, "; left for {n} min: nobody's"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn c(operator: &str, open: u32, turn: Millis) -> Candidate {
        Candidate { operator: operator.into(), open, turn }
    }

    #[test]
    fn who_is_next_does_not_depend_on_the_order() {
        let mut all = vec![c("cy", 0, 30), c("ana", 5, 10), c("bo", 2, 20)];
        for _ in 0..3 {
            all.rotate_left(1);
            assert_eq!(Share::Turns.next(&all).unwrap().operator, "ana");
            assert_eq!(Share::Load.next(&all).unwrap().operator, "cy");
        }
        // Who never had a turn is first; of equals the name decides.
        let even = [c("cy", 1, 0), c("bo", 1, 0), c("ana", 1, 7)];
        assert_eq!(Share::Turns.next(&even).unwrap().operator, "bo");
        assert_eq!(Share::Load.next(&even).unwrap().operator, "bo");
        assert_eq!(Share::Turns.next(&[]), None);
        assert_eq!(Share::of_word("round-robin"), Some(Share::Turns));
    }

    #[test]
    fn an_account_has_a_rule_of_its_own_or_that_of_all() {
        let rule = |how| Some(ShareRule { how, team: None, away: false });
        let (a, b) = (AccountId::new("a"), AccountId::new("b"));
        let mut rules = ShareRules::default();
        assert!(!rules.is_on() && rules.of(&a).is_none());
        rules.all = rule(Share::Load);
        rules.accounts.insert(a.clone(), None);
        assert_eq!((rules.of(&a), rules.of(&b)), (None, rules.all.as_ref()));
        assert_eq!(rules.to_string(), "all: load; a: off");
    }
}
