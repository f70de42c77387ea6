//! What was changed about a number at its provider, as the log keeps it. No secret, and no text of a profile, is part of it.

use super::contact::Identity;
use super::ids::{AccountId, ThreadId};
use serde::{Deserialize, Serialize};

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum NumberChange {
    /// The business profile.
    Profile {
        /// Which fields of it.
        fields: Vec<String>,
    },
    /// Ice breakers and commands.
    Components {
        /// So many ice breakers there are now.
        ice_breakers: usize,
        /// So many commands.
        commands: usize,
    },
    /// A short link was made.
    LinkCreated {
        /// Its code.
        code: String,
    },
    /// A short link says something else.
    LinkChanged {
        /// Its code.
        code: String,
    },
    /// A short link is gone.
    LinkDeleted {
        /// Its code.
        code: String,
    },
    /// The number was registered.
    Registered,
    /// The number was taken out of use.
    Deregistered,
    /// The PIN of the two-step verification was set.
    PinSet,
    /// A code was sent to the number.
    CodeAsked,
    /// The number was shown to be ours.
    Verified,
    /// People were blocked.
    Blocked {
        /// Whom, as the provider names them.
        whom: Vec<Identity>,
        /// The conversation from which it was done.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thread: Option<ThreadId>,
    },
    /// People were unblocked.
    Unblocked {
        /// Whom.
        whom: Vec<Identity>,
        /// The conversation from which it was done.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thread: Option<ThreadId>,
    },
    /// The provider was asked who is blocked.
    BlocksSeen {
        /// Who is.
        whom: Vec<Identity>,
        /// Whether nobody else is.
        whole: bool,
    },
}

impl NumberChange {
    /// One word for the audit log.
    #[must_use]
    pub fn action(&self) -> &'static str {
        match self {
            Self::Profile { .. } => "profile_changed",
            Self::Components { .. } => "components_set",
            Self::LinkCreated { .. } => "link_created",
            Self::LinkChanged { .. } => "link_changed",
            Self::LinkDeleted { .. } => "link_deleted",
            Self::Registered => "number_registered",
            Self::Deregistered => "number_deregistered",
            Self::PinSet => "pin_set",
            Self::CodeAsked => "code_asked",
            Self::Verified => "number_verified",
            Self::Blocked { .. } => "contact_blocked",
            Self::Unblocked { .. } => "contact_unblocked",
            Self::BlocksSeen { .. } => "blocks_seen",
        }
    }

    /// What it is about, for the audit log: the account or the conversation first.
    #[must_use]
    pub fn subject(&self, account: &AccountId) -> String {
        match self {
            Self::Profile { fields } => format!("{account} {}", fields.join(", ")),
            Self::Components { ice_breakers, commands } => {
                format!("{account} {ice_breakers} ice breakers, {commands} commands")
            }
            Self::LinkCreated { code } | Self::LinkChanged { code } | Self::LinkDeleted { code } => {
                format!("{account} {code}")
            }
            Self::Blocked { thread: Some(thread), .. } | Self::Unblocked { thread: Some(thread), .. } => {
                thread.to_string()
            }
            Self::Blocked { whom, .. } | Self::Unblocked { whom, .. } | Self::BlocksSeen { whom, .. } => {
                format!("{account} {} people", whom.len())
            }
            Self::Registered | Self::Deregistered | Self::PinSet | Self::CodeAsked | Self::Verified => {
                account.to_string()
            }
        }
    }
}
