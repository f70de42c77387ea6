//! What a client is told without asking: ids of what changed, never rows.

use crate::model::ids::{AccountId, MessageId, ThreadId};
use serde::{Deserialize, Serialize};

/// Something changed. `seq` counts up by one per connection; a gap means that updates were dropped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Update {
    /// Sequence number.
    pub seq: u64,
    /// What changed, merged over one commit of the store.
    pub changed: Vec<Changed>,
}

/// One thing that changed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "changed", rename_all = "snake_case")]
pub enum Changed {
    /// A message is new.
    MessageStored {
        /// Its thread.
        thread: ThreadId,
        /// The message.
        message: MessageId,
        /// Whether a customer wrote it just now (worth a notification).
        inbound: bool,
    },
    /// A message changed (tick, reaction, edit, failure).
    MessageChanged {
        /// Its thread.
        thread: ThreadId,
        /// The message.
        message: MessageId,
    },
    /// A row of the thread list changed (also: a new thread).
    ThreadChanged {
        /// Which.
        thread: ThreadId,
        /// Its account.
        account: AccountId,
    },
    /// A snooze ended by itself; the row changed too.
    SnoozeEnded {
        /// Of which thread.
        thread: ThreadId,
    },
    /// A note calls operators by name.
    Mentioned {
        /// In which thread.
        thread: ThreadId,
        /// Who wrote it.
        by: String,
        /// The names, as they are written.
        who: Vec<String>,
    },
    /// A thread went into another one, because their contacts are one person.
    ThreadJoined {
        /// The one that is gone.
        thread: ThreadId,
        /// The one that has its messages.
        into: ThreadId,
        /// Their account.
        account: AccountId,
    },
    /// Counters, state or facts of an account changed.
    AccountChanged {
        /// Which.
        account: AccountId,
    },
    /// The template list changed.
    TemplatesChanged {
        /// Which account.
        account: AccountId,
    },
    /// A draft of a thread was kept or removed.
    DraftChanged {
        /// Which.
        thread: ThreadId,
        /// Whose.
        by: String,
    },
    /// Who is in a conversation, or what they do there, changed.
    PresenceChanged {
        /// Which.
        thread: ThreadId,
    },
    /// Somebody else works here now, or nobody any more.
    CompanyChanged {
        /// Whether somebody does.
        company: bool,
    },
    /// A conversation was taken over from somebody; what they had begun is a note there.
    TakenOver {
        /// Which.
        thread: ThreadId,
        /// From whom.
        from: String,
        /// Who has it now.
        by: String,
    },
    /// What a colleague does, who is followed, changed. Only their followers are told.
    WatchedChanged {
        /// Who is followed.
        operator: String,
    },
    /// Somebody follows what an operator does, or does no more. Only that operator is told.
    WatchersChanged {
        /// Who is followed.
        operator: String,
    },
    /// The notes that call an operator were read, or are gone. Only that operator is told.
    MentionsChanged {
        /// Who.
        operator: String,
    },
    /// The quick replies changed.
    QuickRepliesChanged,
    /// The labels changed, their names or colours too.
    LabelsChanged,
    /// The macros changed.
    MacrosChanged,
    /// Somebody set a preference.
    PreferencesChanged,
    /// Who may do what changed; so may what this client sees.
    AccessChanged,
    /// Engine status changed (outbox, listener, webhook age, notices).
    StatusChanged,
    /// Updates were dropped: ask again for everything shown.
    Resync,
}
