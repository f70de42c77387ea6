//! How the engine is, and what its doctor sees.

use crate::clock::Millis;
use crate::model::account::AccountLife;
use crate::model::event::{AccountSpec, NumberFacts};
use crate::model::ids::AccountId;
use crate::model::inbound::Severity;
use serde::{Deserialize, Serialize};

/// A line about the provider's side that an operator should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// When.
    pub at: Millis,
    /// Which account.
    pub account: AccountId,
    /// How much it matters.
    pub severity: Severity,
    /// One line.
    pub text: String,
}

/// How the engine is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Status {
    /// Program version.
    pub version: String,
    /// Address of the webhook listener (`127.0.0.1:8080`); `None` when it could not bind.
    pub listener: Option<String>,
    /// Why the listener is not there.
    pub listener_problem: Option<String>,
    /// Last webhook stored.
    pub last_webhook: Option<Millis>,
    /// Webhooks stored since the start.
    pub webhooks: u64,
    /// Refused for a bad signature since the start.
    pub bad_signatures: u64,
    /// Stored but not understood, in all.
    pub failed_webhooks: u64,
    /// Messages waiting in the outbox.
    pub outbox: u32,
    /// Messages to be sent later.
    pub later: u32,
    /// Messages whose fate is unknown.
    pub unknown: u32,
    /// The last few notices, newest first.
    pub notices: Vec<Notice>,
    /// Accounts from which a webhook is missing that was to be expected.
    pub silent: Vec<Silence>,
    /// What is wrong with the disk; nothing comes in or goes out while it lasts.
    pub disk: Option<DiskProblem>,
}

/// An account from which nothing comes although something should.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// Which.
    pub account: AccountId,
    /// Nothing since then.
    pub since: Millis,
    /// Why something was to be expected.
    pub why: String,
}

/// What is wrong with the disk of the data folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskProblem {
    /// What happened.
    pub what: String,
    /// What to do.
    pub next: String,
    /// Since when.
    pub since: Millis,
    /// Bytes that are free, where that is known.
    pub free: Option<u64>,
}

/// Verdict of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Pass,
    /// Works, but look at it.
    Warn,
    /// Does not work.
    Fail,
}

/// One step of the doctor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Stable name (`store.integrity`, `provider.token`).
    pub name: String,
    /// Which account, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// Verdict.
    pub verdict: Verdict,
    /// What was seen.
    pub seen: String,
    /// What to do; empty when it passed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fix: String,
}

/// An account as clients see it. No secret is part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountView {
    /// What the configuration says.
    pub spec: AccountSpec,
    /// `pending`, `connected`, `disconnected`, `error`.
    pub state: String,
    /// Text of an error.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub state_text: String,
    /// What the provider says about the number.
    pub facts: NumberFacts,
    /// Threads with unread messages.
    pub unread_threads: u32,
    /// Unread messages.
    pub unread: u32,
    /// Threads in all.
    pub threads: u32,
    /// Last webhook for it.
    pub last_webhook: Option<Millis>,
    /// Templates last read.
    pub templates_synced: Option<Millis>,
    /// What else there is to say about it.
    #[serde(default)]
    pub life: AccountLife,
}

impl AccountView {
    /// What it is by its definition, without the name that an admin gave it.
    #[must_use]
    pub fn defined(&self) -> AccountSpec {
        let mut spec = self.spec.clone();
        if let Some(name) = &self.life.defined_name {
            spec.name.clone_from(name);
        }
        spec
    }
}
