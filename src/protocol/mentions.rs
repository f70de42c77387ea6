//! Notes that call somebody by name.

use crate::clock::Millis;
use crate::model::ids::{AccountId, MessageId, ThreadId};
use serde::{Deserialize, Serialize};

/// Something about the notes that call the asker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum MentionRequest {
    /// A page of them, newest first. → [`super::Response::Mentions`]
    List {
        /// Only those that were not read.
        unread: bool,
        /// Continue from here.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<super::Cursor>,
        /// At most this many (1 to 200).
        limit: u32,
    },
    /// They were read. → [`super::Response::Done`]
    Read {
        /// Which; none: all.
        notes: Vec<MessageId>,
    },
}

/// A note that calls the asker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MentionRow {
    /// The note.
    pub note: MessageId,
    /// Its thread.
    pub thread: ThreadId,
    /// The thread's account.
    pub account: AccountId,
    /// Who is on the other side there.
    pub title: String,
    /// Who wrote it.
    pub by: String,
    /// When.
    pub at: Millis,
    /// What it says.
    pub text: String,
    /// Whether the asker has read it.
    pub read: bool,
}
