//! Following along: what changed, line after line, for programs that react to it.

use crate::clock::Millis;
use crate::model::ids::ThreadId;
use crate::model::message::Message;
use crate::model::thread::ThreadRow;
use serde::{Deserialize, Serialize};

/// Most lines of one page.
pub const FOLLOW_MAX: u32 = 500;

/// What a line of the feed is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FollowKind {
    /// A message is new: a customer's, ours, or a note.
    Message,
    /// A message changed: a tick, a failure, a reaction, an edit.
    MessageChanged,
    /// A thread changed: read, assigned, labelled, snoozed, resolved, and so on.
    Thread,
    /// A thread went into another one, because their contacts are one person.
    ThreadJoined,
    /// Something happened before this that was not kept.
    Gap,
    /// What a newer engine knows.
    #[serde(other)]
    Other,
}

/// A line. It says what happened when, and shows thread and message as they are when it is read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Followed {
    /// Its place: to go on after it.
    pub cursor: u64,
    /// When.
    pub at: Millis,
    /// What it is about.
    pub kind: FollowKind,
    /// Who did it: an operator, `engine` or `provider`.
    pub actor: String,
    /// What was done (`webhook_received`, `thread_assigned`, `note_added`, …).
    pub action: String,
    /// The state that the message had then (`received`, `sent`, `delivered`, …).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The message, unless it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Box<Message>>,
    /// The thread, unless it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<Box<ThreadRow>>,
    /// The thread that went into it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined: Option<ThreadId>,
}

/// A page of lines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FollowPage {
    /// The lines, oldest first.
    pub items: Vec<Followed>,
    /// To go on from here.
    pub cursor: u64,
    /// Whether there are more already.
    pub more: bool,
}
