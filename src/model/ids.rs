//! Identifiers: 128-bit values that mean the same on every host, never a row number.
//!
//! Ids of things that come from a provider are derived from the provider's own id, so that the same event
//! applied on two hosts (or twice on one) names the same thing. Ids of things that start here are UUID v7.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// Text that is not an id: 32 hexadecimal digits are expected.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not an id: 32 hexadecimal digits are expected")]
pub struct BadId(pub String);

fn hash(parts: &[&str]) -> [u8; 16] {
    let mut h = Sha256::new();
    for p in parts {
        h.update((p.len() as u64).to_le_bytes());
        h.update(p.as_bytes());
    }
    let full = h.finalize();
    let mut out = [0u8; 16];
    out.copy_from_slice(&full[..16]);
    out
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub [u8; 16]);

        impl $name {
            /// A new id, ordered by creation time (UUID v7).
            #[must_use]
            pub fn new() -> Self {
                Self(uuid::Uuid::now_v7().into_bytes())
            }

            /// The id of something that is already named elsewhere: the same parts give the same id everywhere.
            #[must_use]
            pub fn derived(parts: &[&str]) -> Self {
                Self(hash(parts))
            }

            /// From raw bytes; `None` unless there are exactly 16.
            #[must_use]
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                for b in self.0 {
                    write!(f, "{b:02x}")?;
                }
                Ok(())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(s: &str) -> Result<Self, BadId> {
                let bad = || BadId(s.chars().take(64).collect());
                if s.len() != 32 || !s.is_ascii() {
                    return Err(bad());
                }
                let mut out = [0u8; 16];
                for (i, b) in out.iter_mut().enumerate() {
                    *b = u8::from_str_radix(&s[2 * i..2 * i + 2], 16).map_err(|_| bad())?;
                }
                Ok(Self(out))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = String::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(
    /// A person. Derived from the first identity seen, see [`ContactId::of_identity`].
    ContactId
);
id!(
    /// Everything between one account and one contact (or group).
    ThreadId
);
id!(
    /// One message, inbound or outbound.
    MessageId
);
id!(
    /// One try at sending one message; travels in `biz_opaque_callback_data`.
    AttemptId
);
id!(
    /// A saved reply of ours.
    QuickReplyId
);
id!(
    /// A label that operators put on threads.
    LabelId
);
id!(
    /// Several commands under one name.
    MacroId
);
id!(
    /// One change of state in the log of events.
    EventId
);

impl MessageId {
    /// The id of a message that a provider named: the dedupe key (account, provider message id).
    #[must_use]
    pub fn of_provider(account: &AccountId, provider_id: &str) -> Self {
        Self::derived(&["message", account.as_str(), provider_id])
    }
}

impl ThreadId {
    /// The thread between an account and a contact.
    #[must_use]
    pub fn between(account: &AccountId, contact: ContactId) -> Self {
        Self::derived(&["thread", account.as_str(), &contact.to_string()])
    }
}

/// An account's short name from the configuration (`id = "support"`): stable, unique, lower case.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountId(String);

impl AccountId {
    /// Wraps a short name; the configuration has checked its form.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The short name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountId({})", self.0)
    }
}

/// A message id as the provider gave it (`wamid.…`): opaque; only [`super::wamid`] looks inside.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProviderMessageId(pub String);

impl ProviderMessageId {
    /// The provider's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProviderMessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_round_trip_through_text() {
        let id = MessageId::new();
        assert_eq!(id.to_string().parse::<MessageId>(), Ok(id));
        assert!("xyz".parse::<MessageId>().is_err());
        assert!("é".repeat(16).parse::<MessageId>().is_err());
    }

    #[test]
    fn derived_ids_do_not_mix_their_parts() {
        assert_ne!(MessageId::derived(&["ab", "c"]), MessageId::derived(&["a", "bc"]));
        let a = AccountId::new("support");
        assert_eq!(MessageId::of_provider(&a, "wamid.X"), MessageId::of_provider(&a, "wamid.X"));
        assert_ne!(
            MessageId::of_provider(&a, "wamid.X"),
            MessageId::of_provider(&AccountId::new("sales"), "wamid.X")
        );
    }
}
