//! Contacts as clients see them: who a person is known as, and what edited messages said before.

use crate::clock::Millis;
use crate::model::contact::{Contact, Identity};
use crate::model::message::Body;
use crate::model::thread::ThreadRow;
use serde::{Deserialize, Serialize};

/// An identity and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityFacts {
    /// The identity.
    #[serde(flatten)]
    pub identity: Identity,
    /// When the provider first stated it; `None` for one that was typed or that an older version stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Millis>,
    /// Whether another one took its place: it finds the person and is not written to.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retired: bool,
    /// Messages that came from it or went to it, as far as the messages tell.
    pub messages: u32,
}

/// A contact with all that hangs on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactDetail {
    /// The contact.
    pub contact: Contact,
    /// Its identities, in the order of [`Contact::identities`].
    pub identities: Vec<IdentityFacts>,
    /// Its threads, newest first; one for each account at most.
    pub threads: Vec<ThreadRow>,
    /// When it was first seen here.
    pub created_at: Millis,
}

/// What a message said at a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Version {
    /// The provider's time of the change; of the original, the message's own.
    pub at: Millis,
    /// Whether it is what was written first.
    pub original: bool,
    /// What it said.
    pub body: Body,
}
