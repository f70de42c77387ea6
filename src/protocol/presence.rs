//! Who is where: which conversation each screen shows, who writes there, and what colleagues do about it.

use crate::clock::Millis;
use crate::model::ids::{MessageId, ThreadId};
use crate::model::thread::ThreadRow;
use serde::{Deserialize, Serialize};

/// Most conversations that one question names.
pub const ASKED_MAX: usize = 500;

/// What a screen does with the conversation that it shows. The later ones say more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doing {
    /// It is open somewhere.
    #[default]
    Open,
    /// Somebody looks at it.
    Viewing,
    /// Somebody writes a reply there.
    Typing,
}

impl Doing {
    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Viewing => "viewing",
            Self::Typing => "typing",
        }
    }
}

/// Where a screen is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Spot {
    /// The conversation that it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<ThreadId>,
    /// What it does with it.
    #[serde(default)]
    pub doing: Doing,
}

/// Something about who is where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum PresenceRequest {
    /// This client is a screen and is here. Writing is to be said again within [`LEASE`], or it counts as ended.
    /// → [`super::Response::Present`] with the people of that conversation
    Here {
        /// Where.
        spot: Spot,
    },
    /// Who else is in these conversations. → [`super::Response::Present`]
    Who {
        /// Which; `None`: in all.
        threads: Option<Vec<ThreadId>>,
    },
    /// A reply is about to be sent: refused as `busy` when a colleague writes one, or has sent one.
    /// → [`super::Response::Done`]
    Claim {
        /// Where.
        thread: ThreadId,
        /// What was sent before this is known to the asker; `None`: whatever was sent is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Millis>,
    },
    /// Take a conversation over from whoever writes there or has it: it is the asker's, and what the other one has
    /// begun becomes a note. → [`super::Response::TakenOver`]
    TakeOver {
        /// Which.
        thread: ThreadId,
    },
    /// Follow what a colleague does, or nobody any more. The colleague is told. → [`super::Response::Watched`] or
    /// [`super::Response::Done`]
    Watch {
        /// Whom.
        operator: Option<String>,
    },
    /// What the colleague who is followed does now. → [`super::Response::Watched`]
    Watched,
    /// Everybody who has a screen open. → [`super::Response::Screens`]
    Screens,
}

/// Writing that is not said again for so long has ended, in milliseconds.
pub const LEASE: Millis = 8_000;

/// Somebody in a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Who.
    pub operator: String,
    /// What they do there.
    pub doing: Doing,
}

/// Who else is in a conversation, those who write first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InThread {
    /// Which.
    pub thread: ThreadId,
    /// Who; nobody twice.
    pub people: Vec<Person>,
}

/// Who else is where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Present {
    /// Whether anybody else works here; while nobody does, nothing need be said.
    pub company: bool,
    /// By conversation; one in which nobody else is, is left out.
    #[serde(default)]
    pub threads: Vec<InThread>,
    /// Who follows what the asker does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub watchers: Vec<String>,
}

/// What came of taking a conversation over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenOver {
    /// From whom; `None`: nobody had it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The note with what they had begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<MessageId>,
}

/// What a colleague does, as far as the asker may see it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Watched {
    /// Who.
    pub operator: String,
    /// Whether a screen of theirs is open.
    pub attached: bool,
    /// The conversation that they have open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<ThreadRow>,
    /// What they do there.
    #[serde(default)]
    pub doing: Doing,
    /// The reply that they have begun there.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub draft: String,
}

/// A screen that is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScreenRow {
    /// Whose.
    pub operator: String,
    /// Its terminal, as it says.
    #[serde(default)]
    pub terminal: String,
    /// The conversation that it shows, if the asker may see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<ThreadId>,
    /// Who is on the other side there.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// What it does with it.
    pub doing: Doing,
}
