//! Plain data: what a message, a thread, a template, a window *is*.
//!
//! No I/O, no async, no knowledge of the store, a provider or the screen. Everything here can be serialised.
//! Words follow the glossary in `README.md`.

pub mod access;
pub mod account;
pub mod business;
pub mod client;
pub mod contact;
pub mod delivery;
pub mod doing;
pub mod event;
pub mod filter;
pub mod handling;
pub mod history;
pub mod ids;
pub mod inbound;
pub mod macros;
pub mod media;
pub mod mention;
pub mod message;
pub mod number_change;
pub mod outgoing;
pub mod permission_words;
pub mod phone;
pub mod quick_reply;
mod raw_bytes;
pub mod seat;
pub mod sharing;
pub mod template;
pub mod thread;
pub mod wamid;
pub mod window;

pub use client::ClientInfo;
pub use contact::{Contact, Identity, IdentityKind};
pub use delivery::{DeliveryError, DeliveryState, DeliveryTimes};
pub use event::{Actor, Event, EventBody};
pub use ids::{
    AccountId, AttemptId, ContactId, LabelId, MessageId, ProviderMessageId, QuickReplyId, ThreadId,
};
pub use media::{FileHash, StoredFile};
pub use message::{Body, Direction, MediaCard, MediaKind, Message, Origin, Quote, Reaction};
pub use outgoing::Outgoing;
pub use quick_reply::QuickReply;
pub use template::Template;
pub use thread::ThreadRow;
pub use window::Window;
