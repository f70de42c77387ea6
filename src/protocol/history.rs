//! What a client may ask about the past of accounts: to read it, and to stop. How far it is stands in
//! [`crate::model::account::AccountLife::history`], and every page is told as a change of the account.

use crate::clock::Millis;
use crate::model::ids::AccountId;
use serde::{Deserialize, Serialize};

/// Read the past, go on with it, or stop.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryRequest {
    /// Which account; `None` = all whose provider keeps the past.
    pub account: Option<AccountId>,
    /// Stop; what is here stays, and the next request goes on.
    #[serde(default)]
    pub stop: bool,
    /// Nothing older than this; `None` = all there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Millis>,
}
