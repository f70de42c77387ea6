//! What a client may ask about notes that are there.

use crate::model::ids::MessageId;
use serde::{Deserialize, Serialize};

/// Something about a note; only who wrote it may ask it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum NoteRequest {
    /// Write another text into it; what it said is kept. → [`super::Response::Noted`]
    Edit {
        /// Which.
        note: MessageId,
        /// What it says now.
        text: String,
    },
    /// Delete it; what it said is kept. → [`super::Response::Noted`]
    Delete {
        /// Which.
        note: MessageId,
    },
}
