//! What overlays about the open conversation want done.

use crate::clock::Millis;
use crate::model::ids::ThreadId;
use crate::model::sharing::Share;

/// Something to do with the open conversation.
#[derive(Clone, Debug, PartialEq)]
pub enum Talk {
    /// Look for this in the thread.
    Find(String),
    /// Go to the next match.
    NextMatch {
        /// Further back.
        older: bool,
    },
    /// The line in which it was typed is closed.
    EndFind {
        /// Stay with what was found.
        keep: bool,
    },
    /// Go to the first message since then.
    Jump(Millis),
    /// Hand messages to a command.
    Pipe(String),
    /// Stop the command that runs.
    StopPipe,
    /// Write the conversation to a file.
    Export {
        /// Where.
        path: String,
        /// Also over a file that is there.
        replace: bool,
    },
    /// Look which names go on with a path.
    Names(String),
    /// A file goes with the text.
    Attach(String),
    /// Nothing is marked any more.
    Unmark,
    /// Send the reply although a colleague is there, as soon as it may leave or at a time.
    SendAnyway(Option<Millis>),
    /// Look at what a colleague has answered before sending.
    LookFirst,
    /// Take a conversation over; `None`: the open one.
    TakeOver(Option<ThreadId>),
    /// Follow what a colleague does.
    Watch(String),
    /// Keep a note that calls the colleague who is followed.
    Whisper {
        /// Where.
        thread: ThreadId,
        /// What.
        text: String,
    },
    /// Give threads to whoever's turn it is.
    Share {
        /// Which.
        threads: Vec<ThreadId>,
        /// By turns or by load.
        how: Share,
    },
}
