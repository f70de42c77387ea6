//! What a search finds: anywhere, in one conversation, and what stands around a message.

use super::{Cursor, Page};
use crate::clock::Millis;
use crate::model::ids::{MessageId, ThreadId};
use crate::model::message::{Direction, Message};
use crate::model::thread::ThreadRow;
use serde::{Deserialize, Serialize};

/// Where to read messages of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The newest ones.
    Newest,
    /// Older than a place.
    Before(Cursor),
    /// Newer than a place.
    After(Cursor),
    /// Around a message (for search results and quotes).
    Around(MessageId),
    /// Around the first message at or after a time; the newest ones where there is none.
    Time(Millis),
    /// The oldest ones.
    Oldest,
}

/// A message that a search found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    /// The message.
    pub message: Message,
    /// The thread's title.
    pub title: String,
    /// The piece of text around the match, as stored; the match is between `\u{2}` and `\u{3}`.
    pub snippet: String,
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// Threads whose contact matches by name or number; only on the first page.
    pub threads: Vec<ThreadRow>,
    /// Messages, newest first.
    pub hits: Page<Hit>,
}

/// Messages of a thread that have what was looked for, newest first. A page may be empty and still have a next one: so
/// many messages are looked at a time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matches {
    /// The thread.
    pub thread: ThreadId,
    /// Messages with their times.
    pub items: Vec<(MessageId, Millis)>,
    /// Continue to older ones; `None` at the beginning of the thread.
    pub next: Option<Cursor>,
}

/// One line of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Which way.
    pub direction: Direction,
    /// When.
    pub at: Millis,
    /// The kind of the message.
    pub kind: String,
    /// The beginning of its text.
    pub text: String,
}

/// What stands around a message in its thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Neighbours {
    /// The message.
    pub message: MessageId,
    /// What was said before it.
    pub before: Option<Line>,
    /// What was said after it.
    pub after: Option<Line>,
}
