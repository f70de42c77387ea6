//! A contact is a person with identities; a phone number is only one of them and may be absent.

use super::ids::ContactId;
use serde::{Deserialize, Serialize};

/// What kind of name an identity is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityKind {
    /// Business-scoped user id (`GB.48820117365590214477`); survives a hidden phone number.
    Bsuid,
    /// The phone number as the provider gave it (`wa_id`): digits without `+`.
    Phone,
    /// Business-scoped user id of a linked portfolio.
    ParentBsuid,
    /// A name the user chose; may change, display only, never a key to send to.
    Username,
    /// A group's id at the provider.
    Group,
}

impl IdentityKind {
    /// The short text kept in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bsuid => "bsuid",
            Self::Phone => "phone",
            Self::ParentBsuid => "parent_bsuid",
            Self::Username => "username",
            Self::Group => "group",
        }
    }

    /// Reads what [`IdentityKind::as_str`] wrote.
    #[must_use]
    pub fn parse(s: &str) -> Option<Self> {
        Some(match s {
            "bsuid" => Self::Bsuid,
            "phone" => Self::Phone,
            "parent_bsuid" => Self::ParentBsuid,
            "username" => Self::Username,
            "group" => Self::Group,
            _ => return None,
        })
    }
}

/// One name of a contact.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// What kind of name.
    pub kind: IdentityKind,
    /// The value, exactly as the provider gave it.
    pub value: String,
}

impl Identity {
    /// A phone identity.
    #[must_use]
    pub fn phone(value: impl Into<String>) -> Self {
        Self { kind: IdentityKind::Phone, value: value.into() }
    }

    /// Whether messages can be sent to it: a username is for display only.
    #[must_use]
    pub fn is_key(&self) -> bool {
        self.kind != IdentityKind::Username && !self.value.is_empty()
    }

    /// A short number for it, the same everywhere: what a message keeps of who was on the other side. FNV-1a.
    #[must_use]
    pub fn fingerprint(&self) -> i64 {
        let bytes = self.kind.as_str().bytes().chain([b':']).chain(self.value.bytes());
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)) as i64
    }

    /// A business-scoped user id.
    #[must_use]
    pub fn bsuid(value: impl Into<String>) -> Self {
        Self { kind: IdentityKind::Bsuid, value: value.into() }
    }
}

impl ContactId {
    /// The id of the contact first seen under `identity`. `scope` is the provider's business account: user ids
    /// mean the same person on all numbers of one business, and only there.
    #[must_use]
    pub fn of_identity(scope: &str, identity: &Identity) -> Self {
        Self::derived(&["contact", scope, identity.kind.as_str(), &identity.value])
    }
}

/// A person (or a group).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Stable id.
    pub id: ContactId,
    /// The name to show: given by an operator, else the profile name, else empty.
    pub name: String,
    /// The name the person gave themselves.
    pub profile_name: String,
    /// Everything the person is known as: by kind, and of one kind the current one first.
    pub identities: Vec<Identity>,
    /// Whether the person asked for no marketing messages.
    pub marketing_opt_out: bool,
}

impl Contact {
    /// The current identity of a kind: the first one.
    #[must_use]
    pub fn identity(&self, kind: IdentityKind) -> Option<&str> {
        self.identities.iter().find(|i| i.kind == kind).map(|i| i.value.as_str())
    }

    /// The name to show: name, else profile name, else username, else phone, else user id.
    #[must_use]
    pub fn display_name(&self) -> String {
        if shows(&self.name) {
            return self.name.clone();
        }
        if shows(&self.profile_name) {
            return self.profile_name.clone();
        }
        if let Some(u) = self.identity(IdentityKind::Username) {
            return format!("@{u}");
        }
        if let Some(p) = self.identity(IdentityKind::Phone) {
            return display_phone(p);
        }
        self.identities.first().map_or_else(String::new, |i| i.value.clone())
    }
}

/// Whether anything of a name can be seen: people hide behind fillers, joiners and spaces without width.
fn shows(name: &str) -> bool {
    let blank = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c as u32,
                0xad | 0x34f | 0x61c | 0x115f | 0x1160 | 0x17b4 | 0x17b5 | 0x180b..=0x180f | 0x200b..=0x200f
                | 0x202a..=0x202e | 0x2060..=0x206f | 0x2800 | 0x3164 | 0xfe00..=0xfe0f | 0xfeff | 0xffa0
                | 0xfff0..=0xffff | 0xe0000..=0xe0fff)
    };
    !name.chars().all(blank)
}

/// A phone number for people: `+` and the digits in groups. Never used to send.
#[must_use]
pub fn display_phone(digits: &str) -> String {
    let d: String = digits.chars().filter(char::is_ascii_digit).collect();
    if d.len() < 7 {
        return digits.to_owned();
    }
    // Country codes of one and two digits; every other code has three (ITU-T E.164 list of assigned codes).
    const TWO: [&str; 44] = [
        "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48",
        "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81",
        "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
    ];
    let cc = if d.starts_with('1') || d.starts_with('7') {
        1
    } else if TWO.contains(&&d[..2]) {
        2
    } else {
        3
    };
    let (code, rest) = d.split_at(cc);
    let area = match code {
        "55" | "52" | "86" | "61" | "34" | "33" => 2,
        _ => 3,
    };
    let (area, local) = rest.split_at(area.min(rest.len()));
    let cut = local.len().saturating_sub(4);
    let (head, tail) = local.split_at(cut);
    if head.is_empty() { format!("+{code} {area} {tail}") } else { format!("+{code} {area} {head}-{tail}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phone_numbers_are_grouped_for_people() {
        assert_eq!(display_phone("5511988881234"), "+55 11 98888-1234");
        assert_eq!(display_phone("447700900123"), "+44 770 090-0123");
        assert_eq!(display_phone("15550102030"), "+1 555 010-2030");
        assert_eq!(display_phone("12"), "12");
    }

    #[test]
    fn a_name_that_nobody_can_see_is_none() {
        for name in ["\u{3164}", " \u{200b}\u{2060}", "\u{202e}\u{1b}", "\u{2800}\u{fe0f}"] {
            let c = Contact {
                id: ContactId::new(),
                name: String::new(),
                profile_name: name.into(),
                identities: vec![Identity::phone("447700900123")],
                marketing_opt_out: false,
            };
            assert_eq!(c.display_name(), "+44 770 090-0123", "{name:?}");
        }
    }

    #[test]
    fn a_contact_without_a_phone_still_has_a_name() {
        let c = Contact {
            id: ContactId::new(),
            name: String::new(),
            profile_name: String::new(),
            identities: vec![
                Identity::bsuid("GB.1"),
                Identity { kind: IdentityKind::Username, value: "amara".into() },
            ],
            marketing_opt_out: false,
        };
        assert_eq!(c.display_name(), "@amara");
    }
}
