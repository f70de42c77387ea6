//! A thread: everything between one account and one contact, and its row in the list.

use super::contact::Contact;
use super::delivery::DeliveryState;
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
    /// The oldest unread message that came late: it may stand far above the newest one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_unread: Option<MessageId>,
}

/// Which threads a list shows.
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
}
