//! Who is meant: contacts are matched to updates by id, never by position.

use super::read::{ID_MAX, NAME_MAX, digits, first_chars, list, string};
use crate::model::contact::{Identity, IdentityKind};
use crate::model::inbound::Peer;
use serde_json::Value;

/// A phone number without its plus, as `wa_id` has it.
fn plain(phone: &str) -> &str {
    phone.trim_start_matches('+')
}

/// The contacts of one update.
pub struct People<'a> {
    contacts: &'a [Value],
    /// Whether there is exactly one contact for exactly one update.
    pair: bool,
    /// Our own number in digits.
    own: String,
}

impl<'a> People<'a> {
    /// The contacts of a value that brings `updates` updates.
    pub fn new(value: &'a Value, updates: usize) -> Self {
        let contacts = list(value, "contacts");
        let own = value.pointer("/metadata/display_phone_number").and_then(Value::as_str).map(digits);
        let pair = contacts.len() == 1 && updates == 1;
        Self { contacts, pair, own: own.unwrap_or_default() }
    }

    /// Whether a number is our own.
    pub fn is_own(&self, phone: &str) -> bool {
        !self.own.is_empty() && digits(phone) == self.own
    }

    /// Every contact as a person.
    pub fn all(&self) -> impl Iterator<Item = Peer> + '_ {
        self.contacts.iter().filter_map(|c| self.peer(c, "wa_id", "user_id", "parent_user_id"))
    }

    fn contact(&self, phone: Option<&str>, user: Option<&str>) -> Option<&'a Value> {
        let user_is = |c: &Value| user.is_some() && string(c, "user_id") == user;
        let phone_is = |c: &Value| phone.is_some() && string(c, "wa_id").map(plain) == phone;
        if let Some(c) = self.contacts.iter().find(|c| user_is(c)) {
            return Some(c);
        }
        let found = self.contacts.iter().find(|c| phone_is(c));
        let found = found.or_else(|| self.contacts.first().filter(|_| self.pair))?;
        // A contact that names another id of the same kind is somebody else.
        let other_user = user.is_some() && string(found, "user_id").is_some();
        let other_phone = phone.is_some() && string(found, "wa_id").is_some() && !phone_is(found);
        (!other_user && !other_phone).then_some(found)
    }

    /// The person whom an update names under these keys; `None` when it names nobody.
    pub fn peer(&self, v: &Value, phone_key: &str, user_key: &str, parent_key: &str) -> Option<Peer> {
        let (phone, user, parent) = (string(v, phone_key), string(v, user_key), string(v, parent_key));
        self.person(phone, user, parent, v)
    }

    /// The person with these ids. `v` may itself hold a profile or a username.
    pub fn person(
        &self,
        phone: Option<&str>,
        user: Option<&str>,
        parent: Option<&str>,
        v: &Value,
    ) -> Option<Peer> {
        let phone = phone.map(plain).filter(|p| !p.is_empty());
        let contact = self.contact(phone, user).unwrap_or(&Value::Null);
        let of = |key: &str| string(contact, key);
        let username = [contact, v].iter().find_map(|c| {
            let name =
                c.pointer("/profile/username").and_then(Value::as_str).or_else(|| string(c, "username"))?;
            Some(name.trim_start_matches('@')).filter(|n| !n.is_empty())
        });
        let identities: Vec<Identity> = [
            (IdentityKind::Bsuid, user.or(of("user_id"))),
            (IdentityKind::Phone, phone.or(of("wa_id").map(plain))),
            (IdentityKind::ParentBsuid, parent.or(of("parent_user_id"))),
            (IdentityKind::Username, username),
        ]
        .into_iter()
        .filter_map(|(kind, value)| {
            Some(Identity { kind, value: value.filter(|v| !v.is_empty() && v.len() <= ID_MAX)?.to_owned() })
        })
        .collect();
        // A username alone is no key to anybody.
        if identities.iter().all(|i| i.kind == IdentityKind::Username) {
            return None;
        }
        let name = contact
            .pointer("/profile/name")
            .or_else(|| v.pointer("/profile/name"))
            .and_then(Value::as_str)
            .unwrap_or_default();
        Some(Peer { identities, profile_name: first_chars(name, NAME_MAX).to_owned() })
    }
}

/// A group as the other side.
pub fn group(id: &str) -> Peer {
    Peer {
        identities: vec![Identity { kind: IdentityKind::Group, value: first_chars(id, ID_MAX).to_owned() }],
        profile_name: String::new(),
    }
}

/// How to call a participant of a group.
pub fn participant(peer: Option<&Peer>) -> Option<String> {
    let peer = peer?;
    if !peer.profile_name.is_empty() {
        return Some(peer.profile_name.clone());
    }
    let of = |kind: IdentityKind| peer.identities.iter().find(|i| i.kind == kind);
    of(IdentityKind::Phone)
        .or_else(|| of(IdentityKind::Username))
        .or(peer.identities.first())
        .map(|i| i.value.clone())
}

/// What a group is called, where an update says so.
pub fn named_group(id: &str, v: &Value) -> Peer {
    let name = first_chars(string(v, "subject").unwrap_or_default(), NAME_MAX);
    Peer { profile_name: name.to_owned(), ..group(id) }
}
