//! What a client may ask about operators, roles and access.

use crate::model::access::{AccessBook, AccountRule, OperatorEntry, Principal, Role};
use crate::model::ids::AccountId;
use crate::model::sharing::ShareRules;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Something about operators, roles and access. Needs the permission `operators.view`, a change `operators.edit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum AccessRequest {
    /// All rules, and who is attached. → [`super::Response::Access`]
    List,
    /// Add a role or change it. → [`super::Response::Done`]
    SaveRole {
        /// The whole role.
        role: Role,
    },
    /// Remove a role that nobody has. → [`super::Response::Done`]
    DeleteRole {
        /// Its name.
        name: String,
    },
    /// Let somebody in, or change how. → [`super::Response::Done`]
    SaveOperator {
        /// The whole entry.
        entry: OperatorEntry,
    },
    /// Let somebody in no more. → [`super::Response::Done`]
    DeleteOperator {
        /// Who.
        who: Principal,
    },
    /// Say who is in a team; without members it is gone. → [`super::Response::Done`]
    SaveTeam {
        /// Its name.
        name: String,
        /// Its members.
        members: BTreeSet<Principal>,
    },
    /// Say how conversations are given out. → [`super::Response::Done`]
    SetSharing {
        /// All the rules.
        rules: ShareRules,
    },
    /// Say who may work with an account. → [`super::Response::Done`]
    SetAccount {
        /// Which.
        account: AccountId,
        /// Who; `None`: everybody.
        rule: Option<AccountRule>,
    },
}

/// A terminal that is attached now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    /// The operator.
    pub operator: String,
    /// The role it works in.
    pub role: String,
    /// Its terminal, as it says.
    pub terminal: String,
    /// Where its login came from, as it says.
    pub source: String,
    /// Its process.
    pub pid: Option<i32>,
    /// Since when.
    pub since: crate::clock::Millis,
}

/// The rules, and who is attached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessList {
    /// The rules.
    pub book: AccessBook,
    /// Who is attached, the first who came in front.
    pub attached: Vec<Attached>,
}

/// What the asking client itself may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// The operator's name.
    pub operator: String,
    /// The role.
    pub role: Role,
    /// The teams.
    #[serde(default)]
    pub teams: BTreeSet<String>,
    /// Notes that call the operator and were not read.
    #[serde(default)]
    pub mentions: u32,
}
