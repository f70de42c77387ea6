//! Connecting a number of Meta's, step by step. Every step can be repeated; what is refused changes nothing.

use super::accounts::Secret;
use crate::model::ids::AccountId;
use serde::{Deserialize, Serialize};

/// A step. They build on each other in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WizardStep {
    /// The access token: taken by the provider, with the permissions that are needed.
    Token,
    /// The number, and the business account that it belongs to.
    Number,
    /// The app secret, which is that of the token's app.
    AppSecret,
    /// The verify token, which answers the provider's handshake.
    VerifyToken,
    /// The number is registered, or is now.
    Register,
    /// The app is subscribed, and the webhooks come here.
    Webhooks,
    /// A test message.
    Test,
}

impl WizardStep {
    /// All of them, in their order.
    pub const ALL: [Self; 7] = [
        Self::Token,
        Self::Number,
        Self::AppSecret,
        Self::VerifyToken,
        Self::Register,
        Self::Webhooks,
        Self::Test,
    ];

    /// Its name in [`crate::model::account::Setup::steps`].
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Number => "number",
            Self::AppSecret => "app_secret",
            Self::VerifyToken => "verify_token",
            Self::Register => "register",
            Self::Webhooks => "webhooks",
            Self::Test => "test",
        }
    }
}

/// Under which names what was typed is kept.
pub mod values {
    /// The provider's id of the number.
    pub const NUMBER: &str = "phone_number_id";
    /// The provider's id of the business account.
    pub const BUSINESS: &str = "waba_id";
    /// Who gets the test message.
    pub const TEST_TO: &str = "test_to";
}

/// One step of connecting an account that was made here before (`pending`). Needs `connection.edit`.
/// → [`super::Response::Account`], with how the step went in its setup; a refusal is a problem, and changes nothing
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum WizardRequest {
    /// Looks at the token, and keeps it.
    Token {
        /// Which account.
        account: AccountId,
        /// The token; nothing: the one that is here is looked at again.
        secret: Option<Secret>,
    },
    /// Looks whether the number is one of the business account, and keeps both.
    Number {
        /// Which account.
        account: AccountId,
        /// The provider's id of the number.
        number: String,
        /// The provider's id of the business account.
        business: String,
    },
    /// Looks whether the secret is that of the token's app, and keeps it.
    AppSecret {
        /// Which account.
        account: AccountId,
        /// The secret; nothing: the one that is here is looked at again.
        secret: Option<Secret>,
    },
    /// Keeps a verify token.
    VerifyToken {
        /// Which account.
        account: AccountId,
        /// The token; nothing: the one that is here stays, or one is made.
        secret: Option<Secret>,
    },
    /// Registers the number where it is not registered yet.
    Register {
        /// Which account.
        account: AccountId,
        /// The PIN of the two-step verification, where one is needed.
        pin: Option<Secret>,
    },
    /// Subscribes the app, points the webhooks here, and waits for the handshake: then the account is connected.
    Webhooks {
        /// Which account.
        account: AccountId,
        /// The address was entered in the app's dashboard by hand: only the handshake is waited for.
        #[serde(default)]
        by_hand: bool,
    },
    /// Sends a test message.
    Test {
        /// Which account.
        account: AccountId,
        /// To whom.
        to: String,
    },
}

impl WizardRequest {
    /// Which step it is.
    #[must_use]
    pub fn step(&self) -> WizardStep {
        match self {
            Self::Token { .. } => WizardStep::Token,
            Self::Number { .. } => WizardStep::Number,
            Self::AppSecret { .. } => WizardStep::AppSecret,
            Self::VerifyToken { .. } => WizardStep::VerifyToken,
            Self::Register { .. } => WizardStep::Register,
            Self::Webhooks { .. } => WizardStep::Webhooks,
            Self::Test { .. } => WizardStep::Test,
        }
    }

    /// Which account it is about.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        match self {
            Self::Token { account, .. }
            | Self::Number { account, .. }
            | Self::AppSecret { account, .. }
            | Self::VerifyToken { account, .. }
            | Self::Register { account, .. }
            | Self::Webhooks { account, .. }
            | Self::Test { account, .. } => account,
        }
    }
}
