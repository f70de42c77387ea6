//! Administration of a number at its provider: profile, block list, ice breakers and commands, short links, registration.

use super::accounts::Secret;
use crate::clock::Millis;
use crate::model::business::{
    BlockFailure, BusinessProfile, CodeBy, Components, ProfileChange, ShortLink, Standing,
};
use crate::model::contact::Identity;
use crate::model::ids::{AccountId, ThreadId};
use crate::model::media::StoredFile;
use serde::{Deserialize, Serialize};

/// What is asked about a number, or to be done with it. Looking needs `numbers.view`, a change `connection.edit`; to
/// block whom one talks with, `contacts.edit`. → [`super::Response::Admin`]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "admin", rename_all = "snake_case")]
pub enum AdminRequest {
    /// What customers see of the business. → [`AdminAnswer::Profile`]
    Profile {
        /// Which account.
        account: AccountId,
    },
    /// Changes the profile. → [`AdminAnswer::Profile`], as it is then
    ChangeProfile {
        /// Which account.
        account: AccountId,
        /// What is to be another.
        #[serde(default)]
        change: ProfileChange,
        /// A new picture, handed over before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        picture: Option<StoredFile>,
    },
    /// How the number stands: name, verification, what sending needs. → [`AdminAnswer::Standing`]
    Standing {
        /// Which account.
        account: AccountId,
    },
    /// Who is blocked, as the provider has it; what is known here is brought up to it. → [`AdminAnswer::Blocked`]
    Blocked {
        /// Which account.
        account: AccountId,
    },
    /// Blocks people. → [`AdminAnswer::Outcome`]
    Block {
        /// Which account.
        account: AccountId,
        /// Whom (1 to 100).
        whom: Vec<Identity>,
    },
    /// Unblocks people. → [`AdminAnswer::Outcome`]
    Unblock {
        /// Which account.
        account: AccountId,
        /// Whom (1 to 100).
        whom: Vec<Identity>,
    },
    /// Blocks whom a thread is with, or unblocks them. → [`AdminAnswer::Done`]
    BlockThread {
        /// Which thread.
        thread: ThreadId,
        /// Blocked, or not any more.
        block: bool,
    },
    /// Ice breakers and commands. → [`AdminAnswer::Components`]
    Components {
        /// Which account.
        account: AccountId,
    },
    /// Sets ice breakers and commands; what is not in them is gone. → [`AdminAnswer::Components`]
    SetComponents {
        /// Which account.
        account: AccountId,
        /// All of them.
        components: Components,
    },
    /// All short links. → [`AdminAnswer::Links`]
    Links {
        /// Which account.
        account: AccountId,
    },
    /// Makes a short link. → [`AdminAnswer::Link`]
    CreateLink {
        /// Which account.
        account: AccountId,
        /// What is already written for the customer.
        text: String,
    },
    /// Another text for a short link. → [`AdminAnswer::Link`]
    ChangeLink {
        /// Which account.
        account: AccountId,
        /// Which link.
        code: String,
        /// What is already written.
        text: String,
    },
    /// Deletes a short link. → [`AdminAnswer::Done`]
    DeleteLink {
        /// Which account.
        account: AccountId,
        /// Which link.
        code: String,
    },
    /// Makes the number ready to send here. → [`AdminAnswer::Done`]
    Register {
        /// Which account.
        account: AccountId,
        /// The PIN of the two-step verification; the first one that is given becomes it.
        pin: Secret,
    },
    /// Takes the number out of use. → [`AdminAnswer::Done`]
    Deregister {
        /// Which account.
        account: AccountId,
    },
    /// Sets the PIN of the two-step verification. → [`AdminAnswer::Done`]
    SetPin {
        /// Which account.
        account: AccountId,
        /// The new one.
        pin: Secret,
    },
    /// Has a code sent to the number. → [`AdminAnswer::Done`]
    RequestCode {
        /// Which account.
        account: AccountId,
        /// By text message or call.
        by: CodeBy,
    },
    /// Shows with the code that the number is ours. → [`AdminAnswer::Done`]
    VerifyCode {
        /// Which account.
        account: AccountId,
        /// The code.
        code: Secret,
    },
}

impl AdminRequest {
    /// Whether it only looks.
    #[must_use]
    pub fn looks(&self) -> bool {
        matches!(
            self,
            Self::Profile { .. }
                | Self::Standing { .. }
                | Self::Blocked { .. }
                | Self::Components { .. }
                | Self::Links { .. }
        )
    }

    /// The account it is about, where it names one.
    #[must_use]
    pub fn account(&self) -> Option<&AccountId> {
        match self {
            Self::BlockThread { .. } => None,
            Self::Profile { account }
            | Self::ChangeProfile { account, .. }
            | Self::Standing { account }
            | Self::Blocked { account }
            | Self::Block { account, .. }
            | Self::Unblock { account, .. }
            | Self::Components { account }
            | Self::SetComponents { account, .. }
            | Self::Links { account }
            | Self::CreateLink { account, .. }
            | Self::ChangeLink { account, .. }
            | Self::DeleteLink { account, .. }
            | Self::Register { account, .. }
            | Self::Deregister { account }
            | Self::SetPin { account, .. }
            | Self::RequestCode { account, .. }
            | Self::VerifyCode { account, .. } => Some(account),
        }
    }
}

/// Somebody on a block list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockedRow {
    /// Who, as the provider names them.
    #[serde(flatten)]
    pub whom: Identity,
    /// The conversation with them, where there is one that the asker may see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<ThreadId>,
    /// Its name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// When it was done or first seen here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Millis>,
    /// Who did it here; empty when it was done elsewhere.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
}

/// What came of blocking or unblocking.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockReport {
    /// Done.
    pub done: Vec<Identity>,
    /// Not done, and why.
    pub failed: Vec<BlockFailure>,
}

/// To an [`AdminRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "admin", content = "is", rename_all = "snake_case")]
pub enum AdminAnswer {
    /// The profile.
    Profile(BusinessProfile),
    /// How the number stands.
    Standing(Standing),
    /// Who is blocked; `whole` when that is the whole list.
    Blocked {
        /// People.
        rows: Vec<BlockedRow>,
        /// Whether nobody is left out.
        whole: bool,
    },
    /// What came of it for each.
    Outcome(BlockReport),
    /// Ice breakers and commands.
    Components(Components),
    /// All short links.
    Links(Vec<ShortLink>),
    /// One short link.
    Link(ShortLink),
    /// It is done.
    Done,
}
