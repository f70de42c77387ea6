//! What is kept of an account beside its provider's ids: where its definition comes from, what an admin set, how far its
//! connecting got, and whether it can be used.
//!
//! No secret is part of any of this: secrets are named by [`SecretKey`] and lie in the engine's folder.

use super::event::AccountSpec;
use super::history::HistoryProgress;
use super::phone;
use crate::clock::Millis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Longest name of an account in characters.
pub const NAME_MAX: usize = 60;
/// Most numbers that a development account may be limited to.
pub const RECIPIENTS_MAX: usize = 100;

/// Works: sends leave, webhooks come in.
pub const CONNECTED: &str = "connected";
/// Not connected yet.
pub const PENDING: &str = "pending";
/// Was connected; it was taken off here or at the provider.
pub const DISCONNECTED: &str = "disconnected";
/// The provider refuses it; the text says why.
pub const ERROR: &str = "error";

/// The steps of connecting a number at Kapso, as [`Setup::steps`] names them.
pub mod onboarding {
    /// The webhook that tells when numbers come and go.
    pub const PROJECT_WEBHOOK: &str = "project_webhook";
    /// The customer at the provider.
    pub const CUSTOMER: &str = "customer";
    /// The link that a person opens.
    pub const LINK: &str = "link";
    /// The number that comes of it.
    pub const NUMBER: &str = "number";
    /// The webhook that brings its messages.
    pub const MESSAGE_WEBHOOK: &str = "message_webhook";
    /// All of them in their order, with a title for people.
    pub const STEPS: [(&str, &str); 5] = [
        (PROJECT_WEBHOOK, "webhook for news about numbers"),
        (CUSTOMER, "customer"),
        (LINK, "setup link"),
        (NUMBER, "number"),
        (MESSAGE_WEBHOOK, "webhook for messages"),
    ];
}

/// A secret of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretKey {
    /// What the provider lets us in by: Meta's access token, Kapso's API key.
    AccessToken,
    /// What webhooks are signed with: Meta's app secret, the secret that we give to Kapso's webhooks.
    AppSecret,
    /// What answers Meta's handshake.
    VerifyToken,
}

impl SecretKey {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::AccessToken, Self::AppSecret, Self::VerifyToken];

    /// Its word in file names, protocol and log.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::AppSecret => "app_secret",
            Self::VerifyToken => "verify_token",
        }
    }

    /// What people call it, with this provider.
    #[must_use]
    pub fn title(self, provider: &str) -> &'static str {
        match (self, provider) {
            (Self::AccessToken, "kapso") => "API key",
            (Self::AccessToken, _) => "access token",
            (Self::AppSecret, "kapso") => "webhook secret",
            (Self::AppSecret, _) => "app secret",
            (Self::VerifyToken, _) => "verify token",
        }
    }
}

/// An account that was made here and not in the configuration file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptAccount {
    /// Name, provider, environment and the provider's ids; the ids are empty until they are known.
    pub spec: AccountSpec,
    /// Where the provider's API is, without a trailing slash.
    pub api_base: String,
    /// Version part of the path.
    pub api_version: String,
    /// Whether the engine points the provider's webhooks here.
    #[serde(default)]
    pub subscribe: bool,
    /// Whether marking read also tells the customer.
    #[serde(default)]
    pub read_receipts: bool,
}

/// What an admin set for an account, wherever its definition is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AccountOptions {
    /// Another name to show than the definition's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The country prefix for numbers that are typed without one: digits (`351`), empty for none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    /// Nothing leaves while it is paused; what is queued waits.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,
    /// A development account sends only to these numbers (digits); empty: to everybody.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<String>,
}

/// A value that cannot be taken, and what is expected.
pub type Wrong = (&'static str, String);

impl AccountOptions {
    /// Brings it into the form in which it is kept, or says which field is wrong.
    pub fn settled(mut self) -> Result<Self, Wrong> {
        self.name = self.name.map(|n| n.trim().to_owned()).filter(|n| !n.is_empty());
        if self.name.as_ref().is_some_and(|n| n.chars().count() > NAME_MAX || n.chars().any(char::is_control))
        {
            return Err(("name", format!("has to be at most {NAME_MAX} characters in one line")));
        }
        let prefix = self.prefix.trim().trim_start_matches('+').trim_start_matches("00").to_owned();
        if prefix.len() > 4 || !prefix.bytes().all(|b| b.is_ascii_digit()) {
            return Err(("prefix", "has to be a country prefix such as +351".into()));
        }
        self.prefix = prefix;
        if self.recipients.len() > RECIPIENTS_MAX {
            return Err(("recipients", format!("has to be at most {RECIPIENTS_MAX} numbers")));
        }
        let mut recipients = Vec::with_capacity(self.recipients.len());
        for number in &self.recipients {
            let Some(digits) = phone::typed(number).filter(|d| d.len() <= 15) else {
                return Err((
                    "recipients",
                    format!("`{number}` has to be a number with its country prefix (+351 912 345 678)"),
                ));
            };
            if !recipients.contains(&digits) {
                recipients.push(digits);
            }
        }
        self.recipients = recipients;
        Ok(self)
    }
}

/// A link that a person opens to connect a number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SetupLink {
    /// The provider's id.
    pub id: String,
    /// What to open.
    pub url: String,
    /// `active`, `used`, `expired`, `revoked`; any word of the provider.
    pub status: String,
    /// When it ends.
    pub expires_at: Option<Millis>,
}

/// How one step of connecting went last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// When.
    pub at: Millis,
    /// Whether it is done.
    pub done: bool,
    /// What was seen, or what is wrong, in one line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// What to do next where it is not done.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub next: String,
}

/// How far connecting an account got, so that it can go on where it stopped. What is here is found again and used again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Setup {
    /// The provider's id of the customer; kept when the account is disconnected.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub customer: String,
    /// The link in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<SetupLink>,
    /// The provider's id of the webhook about numbers.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub project_webhook: String,
    /// The provider's id of the webhook about messages.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message_webhook: String,
    /// The number (digits) that was connected before, for connecting it again.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub was_number: String,
    /// What was typed for the steps and is no secret, by its key (`phone_number_id`, `waba_id`, `test_to`).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
    /// The steps by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub steps: BTreeMap<String, Step>,
}

/// What there is to say about an account beside its definition and its provider's facts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AccountLife {
    /// Whether it was made here; else the configuration file has it.
    pub kept: bool,
    /// What an admin set.
    pub options: AccountOptions,
    /// The definition's name, where an admin gave it another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub defined_name: Option<String>,
    /// Whether its state means that nothing can be sent.
    pub blocked: bool,
    /// When it became connected last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connected_at: Option<Millis>,
    /// When it stopped being connected last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disconnected_at: Option<Millis>,
    /// When its access token was set here last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_at: Option<Millis>,
    /// How far its past was read, where the provider keeps it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history: Option<HistoryProgress>,
}

/// Why an account cannot send now: what it is, what it means, what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hindrance {
    /// What.
    pub what: String,
    /// What it means.
    pub means: String,
    /// What to do.
    pub next: String,
    /// Whether what is queued waits for its end instead of failing.
    pub waits: bool,
}

impl AccountLife {
    /// Why an account in this state cannot send; nothing when it can.
    #[must_use]
    pub fn hindrance(&self, spec: &AccountSpec, state: &str, text: &str) -> Option<Hindrance> {
        let id = &spec.id;
        let some = |what: String, means: &str, next: String, waits: bool| {
            Some(Hindrance { what, means: means.to_owned(), next, waits })
        };
        if self.options.paused {
            return some(
                format!("the account `{id}` is paused"),
                "nothing leaves it until somebody resumes it",
                format!("resume it: `switchboard accounts resume {id}`"),
                true,
            );
        }
        match state {
            DISCONNECTED => some(
                format!("the account `{id}` is disconnected"),
                "the number is not connected to Switchboard",
                format!("connect it again: `switchboard accounts reconnect {id}`"),
                false,
            ),
            PENDING if self.kept || spec.number.is_empty() => some(
                format!("the account `{id}` is not connected yet"),
                "its setup was begun and not finished",
                format!("go on with it: `switchboard accounts connect {id}`"),
                false,
            ),
            ERROR if self.blocked => some(
                format!("the account `{id}` does not work: {text}"),
                "the provider refuses this account",
                format!("mend it, then look again: `switchboard accounts verify {id}`"),
                false,
            ),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_brought_into_form_or_refused_by_field() {
        let given = AccountOptions {
            name: Some("  Support PT ".into()),
            prefix: "+351".into(),
            paused: false,
            recipients: vec!["+351 912 345 678".into(), "351912345678".into()],
        };
        let kept = given.settled().unwrap();
        assert_eq!(kept.name.as_deref(), Some("Support PT"));
        assert_eq!(
            (kept.prefix.as_str(), kept.recipients.as_slice()),
            ("351", &["351912345678".to_owned()][..])
        );
        let wrong = |o: AccountOptions| o.settled().unwrap_err().0;
        assert_eq!(wrong(AccountOptions { name: Some("a\nb".into()), ..Default::default() }), "name");
        assert_eq!(wrong(AccountOptions { prefix: "abc".into(), ..Default::default() }), "prefix");
        assert_eq!(
            wrong(AccountOptions { recipients: vec!["12".into()], ..Default::default() }),
            "recipients"
        );
        assert_eq!(
            AccountOptions { name: Some("  ".into()), ..Default::default() }.settled().unwrap().name,
            None
        );
    }

    #[test]
    fn only_an_account_that_works_or_may_soon_work_can_send() {
        let spec = AccountSpec {
            id: crate::model::ids::AccountId::new("support"),
            name: "Support".into(),
            provider: "meta".into(),
            environment: "production".into(),
            number: "1".into(),
            business: "2".into(),
        };
        let life = AccountLife::default();
        assert_eq!(life.hindrance(&spec, CONNECTED, ""), None);
        // One of the file is tried before its first check, and after a failure that may pass.
        assert_eq!(life.hindrance(&spec, PENDING, ""), None);
        assert_eq!(life.hindrance(&spec, ERROR, "the provider cannot be reached"), None);
        assert!(life.hindrance(&spec, DISCONNECTED, "").is_some());
        let refused = AccountLife { blocked: true, ..AccountLife::default() };
        let why = refused.hindrance(&spec, ERROR, "190 the token has expired").unwrap();
        assert!(why.what.contains("190 the token has expired") && !why.waits, "{why:?}");
        let kept = AccountLife { kept: true, ..AccountLife::default() };
        assert!(kept.hindrance(&spec, PENDING, "").is_some());
        let options = AccountOptions { paused: true, ..AccountOptions::default() };
        let paused = AccountLife { options, ..AccountLife::default() };
        assert!(paused.hindrance(&spec, CONNECTED, "").unwrap().waits);
    }
}
