//! Quick replies: saved texts with variables.

use super::ids::QuickReplyId;
use super::media::StoredFile;
use super::outgoing::{FieldProblem, TEXT_MAX};
use crate::clock::Millis;
use serde::{Deserialize, Serialize};

/// Longest shortcut, name or category, in characters.
pub const NAME_MAX: usize = 40;
/// Most files a reply may have.
pub const FILES_MAX: usize = 10;
/// Longest name of a file, in characters.
const FILE_NAME_MAX: usize = 500;

/// A file that goes with a reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ReplyFile {
    /// One that is kept: whoever uses the reply has it.
    Stored(StoredFile),
    /// A path on the machine of whoever uses the reply.
    Path(String),
}

impl ReplyFile {
    /// Its name, or the path.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Stored(file) => &file.name,
            Self::Path(path) => path,
        }
    }
}

impl From<&str> for ReplyFile {
    fn from(path: &str) -> Self {
        Self::Path(path.to_owned())
    }
}

/// A saved reply of ours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuickReply {
    /// Stable id.
    pub id: QuickReplyId,
    /// What is typed after `/`: lower case, no spaces.
    pub shortcut: String,
    /// The text; `{{ contact.first_name }}` and the like are filled in when inserted.
    pub text: String,
    /// What it belongs to (`billing`); may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub category: String,
    /// Whose it is; `None` = everybody's. Nobody else ever gets one that has an owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Files that go with it, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<ReplyFile>,
    /// Times it was used.
    #[serde(default)]
    pub used: u64,
    /// Last change.
    #[serde(default)]
    pub updated_at: Millis,
}

impl QuickReply {
    /// Checks every field; the shortcut's uniqueness is the store's to check.
    pub fn check(&self) -> Result<(), FieldProblem> {
        check_name("shortcut", &self.shortcut)?;
        if self.text.trim().is_empty() {
            return Err(FieldProblem::new("text", "is empty"));
        }
        let n = self.text.chars().count();
        if n > TEXT_MAX {
            return Err(FieldProblem::new("text", format!("has {n} characters, {TEXT_MAX} are allowed")));
        }
        if !self.category.is_empty() {
            check_name("category", &self.category)?;
        }
        if self.files.len() > FILES_MAX {
            let n = self.files.len();
            return Err(FieldProblem::new("files", format!("are {n}, {FILES_MAX} are allowed")));
        }
        for file in self.files.iter().map(ReplyFile::name) {
            if file.trim().is_empty() || file.chars().any(char::is_control) {
                return Err(FieldProblem::new("files", "have one without a proper name"));
            }
            if file.chars().count() > FILE_NAME_MAX {
                let why = format!("have a name of more than {FILE_NAME_MAX} characters");
                return Err(FieldProblem::new("files", why));
            }
        }
        Ok(())
    }

    /// Those of its files that are kept here.
    pub fn stored_files(&self) -> impl Iterator<Item = &StoredFile> {
        self.files.iter().filter_map(|f| match f {
            ReplyFile::Stored(file) => Some(file),
            ReplyFile::Path(_) => None,
        })
    }

    /// The names of its files, with commas between them.
    #[must_use]
    pub fn file_names(&self) -> String {
        self.files.iter().map(ReplyFile::name).collect::<Vec<_>>().join(", ")
    }

    /// Whether only its owner has it.
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.owner.is_some()
    }
}

/// What may name a reply, a category or a macro: one word, so that it can be typed.
pub(super) fn check_name(field: &str, name: &str) -> Result<(), FieldProblem> {
    if name.is_empty() {
        return Err(FieldProblem::new(field, "is empty"));
    }
    let n = name.chars().count();
    if n > NAME_MAX {
        return Err(FieldProblem::new(field, format!("has {n} characters, {NAME_MAX} are allowed")));
    }
    if name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '/') {
        return Err(FieldProblem::new(field, "must not contain spaces or `/`"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(shortcut: &str, text: &str) -> QuickReply {
        QuickReply { shortcut: shortcut.into(), text: text.into(), ..QuickReply::default() }
    }

    #[test]
    fn shortcuts_have_no_spaces() {
        assert!(reply("hours", "We are open 9 to 18.").check().is_ok());
        assert_eq!(reply("our hours", "x").check().unwrap_err().field, "shortcut");
        assert_eq!(reply("hours", "  ").check().unwrap_err().field, "text");
    }

    #[test]
    fn a_category_is_one_word_and_files_have_names() {
        let with = |category: &str, files: &[&str]| QuickReply {
            category: category.into(),
            files: files.iter().map(|f| ReplyFile::from(*f)).collect(),
            ..reply("hours", "x")
        };
        assert!(with("billing", &["/srv/prices 2026.pdf"]).check().is_ok());
        assert_eq!(with("two words", &[]).check().unwrap_err().field, "category");
        assert_eq!(with("", &[" "]).check().unwrap_err().field, "files");
        assert_eq!(with("", &["a\u{1b}b"]).check().unwrap_err().field, "files");
        assert_eq!(with("", &["x"; 11]).check().unwrap_err().field, "files");
    }

    #[test]
    fn a_reply_of_before_is_everybodys_and_has_no_files() {
        let json = r#"{"id":"01010101010101010101010101010101","shortcut":"hours","text":"9 to 18"}"#;
        let old: QuickReply = serde_json::from_str(json).unwrap();
        assert!(!old.is_private() && old.files.is_empty() && old.category.is_empty());
    }
}
