//! What a client may ask about macros.

use crate::model::ids::MacroId;
use crate::model::macros::Macro;
use serde::{Deserialize, Serialize};

/// Most changes that one [`super::Request::Together`] may have.
pub const TOGETHER_MAX: usize = 50;

/// Something about macros.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum MacroRequest {
    /// Those of everybody and of this operator, most used first. → [`super::Response::Macros`]
    List,
    /// Create or change one; one with an owner becomes this operator's. → [`super::Response::Done`]
    Save {
        /// The whole macro.
        saved: Macro,
    },
    /// Delete one. → [`super::Response::Done`]
    Delete {
        /// Which.
        id: MacroId,
    },
    /// Count a run. → [`super::Response::Done`]
    Use {
        /// Which.
        id: MacroId,
    },
}
