//! Quick replies: saved texts with variables.

use super::ids::QuickReplyId;
use super::outgoing::{FieldProblem, TEXT_MAX};
use crate::clock::Millis;
use serde::{Deserialize, Serialize};

/// A saved reply of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuickReply {
    /// Stable id.
    pub id: QuickReplyId,
    /// What is typed after `/`: lower case, no spaces.
    pub shortcut: String,
    /// The text; `{{ contact.first_name }}` and the like are filled in when inserted.
    pub text: String,
    /// Times it was used.
    #[serde(default)]
    pub used: u64,
    /// Last change.
    #[serde(default)]
    pub updated_at: Millis,
}

impl QuickReply {
    /// Checks shortcut and text; the shortcut's uniqueness is the store's to check.
    pub fn check(&self) -> Result<(), FieldProblem> {
        if self.shortcut.is_empty() {
            return Err(FieldProblem::new("shortcut", "is empty"));
        }
        let n = self.shortcut.chars().count();
        if n > 40 {
            return Err(FieldProblem::new("shortcut", format!("has {n} characters, 40 are allowed")));
        }
        if self.shortcut.chars().any(|c| c.is_whitespace() || c.is_control() || c == '/') {
            return Err(FieldProblem::new("shortcut", "must not contain spaces or `/`"));
        }
        if self.text.trim().is_empty() {
            return Err(FieldProblem::new("text", "is empty"));
        }
        let n = self.text.chars().count();
        if n > TEXT_MAX {
            return Err(FieldProblem::new("text", format!("has {n} characters, {TEXT_MAX} are allowed")));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortcuts_have_no_spaces() {
        let q = |s: &str, t: &str| QuickReply {
            id: QuickReplyId::new(),
            shortcut: s.into(),
            text: t.into(),
            used: 0,
            updated_at: 0,
        };
        assert!(q("hours", "We are open 9 to 18.").check().is_ok());
        assert_eq!(q("our hours", "x").check().unwrap_err().field, "shortcut");
        assert_eq!(q("hours", "  ").check().unwrap_err().field, "text");
    }
}
