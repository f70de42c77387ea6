//! A thread: everything between one account and one contact, and its row in the list.

use super::contact::Contact;
use super::delivery::DeliveryState;
use super::handling::{Handling, State};
use super::ids::{AccountId, ContactId, MessageId, ThreadId};
use super::message::Direction;
use super::window::Window;
use crate::clock::Millis;
use serde::{Deserialize, Serialize};

/// The newest message of a thread, short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// Which message.
    pub message: MessageId,
    /// Which way.
    pub direction: Direction,
    /// Its kind (`text`, `image`, `template`, …).
    pub kind: String,
    /// The beginning of its text, at most 120 characters, as the sender wrote it.
    pub text: String,
    /// How far it got.
    pub state: DeliveryState,
}

/// A row of the thread list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadRow {
    /// The thread.
    pub id: ThreadId,
    /// Its account.
    pub account: AccountId,
    /// Who is on the other side.
    pub contact: ContactId,
    /// The name to show.
    pub title: String,
    /// Phone number in digits, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// When something last came: the time of the newest message, or the arrival of one that came late. The list
    /// is in this order.
    pub last_at: Millis,
    /// The newest message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preview: Option<Preview>,
    /// Inbound messages not marked read.
    pub unread: u32,
    /// The customer service window.
    pub window: Window,
    /// Whether a draft waits here.
    pub draft: bool,
    /// Messages of ours that failed and were not dealt with.
    pub failed: u32,
    /// What operators have made of it.
    #[serde(default)]
    pub handling: Handling,
}

impl ThreadRow {
    /// Whether the customer wrote last.
    #[must_use]
    pub fn is_unanswered(&self) -> bool {
        self.preview.as_ref().is_some_and(|p| p.direction == Direction::Inbound)
    }
}

/// Which text a draft is for. Reply and note never share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DraftMode {
    /// To the customer.
    Reply,
    /// Private.
    Note,
}

impl DraftMode {
    /// The short text kept in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::Note => "note",
        }
    }
}

/// A thread with what its header and composer need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadDetail {
    /// The list row.
    pub row: ThreadRow,
    /// The contact.
    pub contact: Contact,
    /// The reply draft; empty when there is none.
    pub draft: String,
    /// The draft of a note; empty when there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// The newest inbound message that was unread when last marked: where the unread line goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Millis>,
    /// That the contact is blocked on this number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked: Option<Blocked>,
    /// The oldest unread message that came late: it may stand far above the newest one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_unread: Option<MessageId>,
}

/// Somebody is blocked: the provider takes no message for them, and theirs do not come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocked {
    /// When it was done or first seen here.
    pub at: Millis,
    /// Who did it here; empty when it was done elsewhere.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
}

/// Which threads a list shows: the views that are always there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThreadFilter {
    /// All of them, newest first.
    #[default]
    All,
    /// With unread messages, newest first.
    Unread,
    /// With failed messages, newest first.
    Failed,
    /// Open ones, newest first.
    Inbox,
    /// Open ones of the operator who asks, newest first.
    Mine,
    /// Open ones that nobody has, newest first.
    Unassigned,
    /// Snoozed ones, newest first.
    Snoozed,
    /// Resolved ones, newest first.
    Resolved,
    /// Open ones whose window is open, the one that closes first before the others.
    Window,
}

impl ThreadFilter {
    /// All of them, in the order in which they are listed.
    pub const LISTED: [Self; 9] = [
        Self::Inbox,
        Self::Unread,
        Self::Mine,
        Self::Unassigned,
        Self::Window,
        Self::Snoozed,
        Self::Resolved,
        Self::Failed,
        Self::All,
    ];

    /// Its name, as it is typed and shown.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Unread => "unread",
            Self::Failed => "failed",
            Self::Inbox => "inbox",
            Self::Mine => "mine",
            Self::Unassigned => "unassigned",
            Self::Snoozed => "snoozed",
            Self::Resolved => "resolved",
            Self::Window => "window",
        }
    }

    /// From its name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::LISTED.into_iter().find(|f| f.name() == name)
    }

    /// Whether a thread belongs into the list.
    #[must_use]
    pub fn wants(self, row: &ThreadRow, me: &str, now: Millis) -> bool {
        let open = row.handling.state == State::Open;
        match self {
            Self::All => true,
            Self::Unread => row.unread > 0,
            Self::Failed => row.failed > 0,
            Self::Inbox => open,
            Self::Mine => open && row.handling.assignee.as_deref() == Some(me),
            Self::Unassigned => open && row.handling.assignee.is_none(),
            Self::Snoozed => row.handling.state == State::Snoozed,
            Self::Resolved => row.handling.state == State::Resolved,
            Self::Window => open && row.window.is_open(now),
        }
    }
}
