//! What a client may ask about connecting numbers and keeping them healthy.

use super::status::AccountView;
use crate::clock::Millis;
use crate::model::account::{AccountOptions, KeptAccount, SecretKey, Setup};
use crate::model::ids::AccountId;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A secret on its way from who types it to the engine; never the other way. It is not shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// What was typed, without blanks around it.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// For the engine, which keeps it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([hidden])")
    }
}

/// Something about one account. Looking needs the permission `numbers.view` (where a secret's name or an address is part of it:
/// `connection.view`), a change `connection.edit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum AccountRequest {
    /// Everything about it. → [`super::Response::Account`]
    Show {
        /// Which.
        account: AccountId,
    },
    /// Make a new account, or change the definition of one that was made here. It is `pending` until it is connected.
    /// → [`super::Response::Account`]
    Keep {
        /// The whole definition.
        account: KeptAccount,
    },
    /// Make a new account with the key that opens the provider to it. The provider is asked first: what it refuses leaves
    /// nothing behind. → [`super::Response::Account`]
    Begin {
        /// The whole definition.
        account: KeptAccount,
        /// The API key, or the access token.
        secret: Secret,
    },
    /// Keep a secret of an account that was made here. The provider is asked about an access token or API key first: one that
    /// it refuses changes nothing, and one that it cannot be asked about is the problem `unasked`.
    /// → [`super::Response::Account`]
    SetSecret {
        /// Which account.
        account: AccountId,
        /// Which secret.
        key: SecretKey,
        /// The secret; nothing makes a random one (not for an access token).
        secret: Option<Secret>,
        /// Keep it also where the provider cannot be asked about it now.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unasked: bool,
    },
    /// Change what an admin may set for any account. → [`super::Response::Account`]
    SetOptions {
        /// Which.
        account: AccountId,
        /// All of them.
        options: AccountOptions,
    },
    /// Ask the provider how the number is. → [`super::Response::Account`]; a refusal of the provider is a problem
    Verify {
        /// Which.
        account: AccountId,
    },
    /// Begin to connect, or go on where it stopped. → [`super::Response::Account`]
    Connect {
        /// Which.
        account: AccountId,
    },
    /// Take the number off; what the provider has of us stays. → [`super::Response::Account`]
    Disconnect {
        /// Which.
        account: AccountId,
    },
    /// Connect it again. → [`super::Response::Account`]
    Reconnect {
        /// Which.
        account: AccountId,
    },
    /// Remove an account that was made here with its secrets. Its conversations stay. → [`super::Response::Done`]
    Delete {
        /// Which.
        account: AccountId,
        /// Its name as it is shown, typed by who wants it gone.
        name: String,
    },
}

impl AccountRequest {
    /// Whether it only looks.
    #[must_use]
    pub fn looks(&self) -> bool {
        matches!(self, Self::Show { .. } | Self::Verify { .. })
    }

    /// Which account it is about.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        match self {
            Self::Keep { account } | Self::Begin { account, .. } => &account.spec.id,
            Self::Show { account }
            | Self::SetSecret { account, .. }
            | Self::SetOptions { account, .. }
            | Self::Verify { account }
            | Self::Connect { account }
            | Self::Disconnect { account }
            | Self::Reconnect { account }
            | Self::Delete { account, .. } => account,
        }
    }
}

/// Everything about one account. No secret is part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountDetail {
    /// What every list has.
    pub view: AccountView,
    /// How far connecting it got.
    pub setup: Setup,
    /// Where the provider's API is.
    pub api_base: String,
    /// Version part of the path.
    pub api_version: String,
    /// The address that its webhooks come to, where the asker may know it and there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback: Option<String>,
    /// Which secrets are here.
    pub secrets: Vec<SecretKey>,
    /// The newest message of it, either way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_activity: Option<Millis>,
    /// Why it cannot send now, in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hindered: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown_by_accident() {
        let request = AccountRequest::SetSecret {
            account: AccountId::new("a"),
            key: SecretKey::AccessToken,
            secret: Some(Secret::new(" EAAG-hush ")),
            unasked: false,
        };
        assert!(!format!("{request:?}").contains("hush"));
        let there: AccountRequest = serde_json::from_str(&serde_json::to_string(&request).unwrap()).unwrap();
        let AccountRequest::SetSecret { secret: Some(secret), .. } = &there else { panic!("{there:?}") };
        assert_eq!(secret.reveal(), "EAAG-hush");
    }
}
