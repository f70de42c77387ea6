//! What an operator set on a screen and finds again on the next one.

use crate::model::ids::ThreadId;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// Longest key in bytes.
pub const KEY_MAX: usize = 80;
/// Longest value in bytes.
pub const VALUE_MAX: usize = 4096;
/// Most preferences an operator may have.
pub const PREFERENCES_MAX: usize = 10_000;

/// Where the operator is on the screen, in the screen's own words. Nobody is told when it changes: screens that are
/// open at the same time do not follow each other.
pub const PLACE: &str = "screen/place";

/// One preference of an operator. Keys are words with an optional part behind a slash (`muted/<thread>`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preference {
    /// What it is about.
    pub key: String,
    /// What was set; an empty value removes it.
    pub value: String,
}

impl Preference {
    /// No notifications for a thread, or notifications again.
    #[must_use]
    pub fn muted(thread: ThreadId, muted: bool) -> Self {
        let value = if muted { "yes" } else { "" };
        Self { key: format!("muted/{thread}"), value: value.into() }
    }

    /// The thread that this preference mutes.
    #[must_use]
    pub fn mutes(&self) -> Option<ThreadId> {
        let id = self.key.strip_prefix("muted/")?;
        if self.value.is_empty() { None } else { ThreadId::from_str(id).ok() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ids::{AccountId, ContactId};

    #[test]
    fn a_muted_thread_is_found_again_by_its_key() {
        let thread = ThreadId::between(&AccountId::new("support"), ContactId::derived(&["x"]));
        let p = Preference::muted(thread, true);
        assert_eq!(p.mutes(), Some(thread));
        assert!(p.key.len() <= KEY_MAX);
        assert_eq!(Preference::muted(thread, false).mutes(), None);
        assert_eq!(Preference { key: "muted/what".into(), value: "yes".into() }.mutes(), None);
    }
}
