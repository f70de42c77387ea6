//! The field `messages`: what customers write, and what became of our own messages.

use super::Sink;
use super::body::body;
use super::people::{People, group, participant};
use super::read::{ID_MAX, TAG_MAX, first_chars, id, list, owned, seconds, string};
use crate::clock::Millis;
use crate::model::contact::{Identity, IdentityKind};
use crate::model::delivery::DeliveryState;
use crate::model::inbound::{Author, Change, InboundMessage, Peer, Severity, StatusUpdate};
use crate::model::message::Body;
use crate::provider::meta::errors;
use serde_json::Value;

/// Reads a value of `messages`.
pub fn field(sink: &mut Sink<'_>, value: &Value) {
    let before = sink.batch.changes.len() + sink.batch.problems.len();
    let people = people(value, value);
    inbound(sink, &people, value);
    statuses(sink, &people, value);
    errors_of(sink, value);
    if sink.batch.changes.len() + sink.batch.problems.len() == before {
        let seen: Vec<Peer> = people.all().collect();
        if seen.is_empty() {
            sink.problem("nothing known in it");
        }
        for peer in seen {
            sink.push(Change::ContactSeen { peer, at: 0 });
        }
    }
}

/// The contacts of `contacts`, for the messages and statuses of `value`.
pub fn people<'a>(contacts: &'a Value, value: &Value) -> People<'a> {
    let updates = ["messages", "statuses", "message_echoes"].iter().map(|k| list(value, k).len()).sum();
    People::new(contacts, updates)
}

/// Customers' messages under `messages`.
pub fn inbound(sink: &mut Sink<'_>, people: &People<'_>, value: &Value) {
    for m in list(value, "messages") {
        let change = customer(sink, people, m);
        sink.result(change);
    }
}

/// Errors of the number or the app under `errors`.
pub fn errors_of(sink: &mut Sink<'_>, value: &Value) {
    for e in list(value, "errors") {
        let error = errors::from_object(e);
        let critical = errors::describe(error.code)
            .is_some_and(|d| matches!(d.retry, errors::Retry::Config | errors::Retry::Wait));
        sink.push(Change::Notice {
            field: sink.field.to_owned(),
            severity: if critical { Severity::Critical } else { Severity::Warning },
            text: format!("{}: {}", error.code, error.text),
            at: sink.at,
            quality: None,
            limit: None,
        });
    }
}

/// What one message object is about, whoever made it.
pub struct Frame {
    /// The provider's id.
    pub id: String,
    /// Its time.
    pub at: Millis,
    /// Whose conversation.
    pub peer: Peer,
    /// In a group, who wrote.
    pub participant: Option<String>,
    /// Who made it.
    pub author: Author,
    /// Whether it comes from a history dump.
    pub history: bool,
    /// How far our own message got.
    pub state: Option<DeliveryState>,
}

/// The id of a message object, which it must have.
pub fn message_id(m: &Value) -> Result<String, String> {
    id(m, "id")
        .ok_or_else(|| format!("a message without an id (type {})", string(m, "type").unwrap_or("unknown")))
}

fn customer(sink: &Sink<'_>, people: &People<'_>, m: &Value) -> Result<Change, String> {
    if !m.is_object() {
        return Err("a message that is not an object".into());
    }
    let id = message_id(m)?;
    let at = sink.time(m)?;
    // `request_welcome` (chat opened, nothing written) is gone since 2026 and opens no window.
    if matches!(string(m, "type"), Some("system" | "request_welcome")) {
        return system(people, m, id, at);
    }
    let sender = people.peer(m, "from", "from_user_id", "from_parent_user_id");
    let (peer, participant) = match string(m, "group_id") {
        Some(g) => (group(g), participant(sender.as_ref())),
        None => (sender.ok_or_else(|| format!("message {id} names no sender"))?, None),
    };
    let frame = Frame { id, at, peer, participant, author: Author::Customer, history: false, state: None };
    message(frame, m)
}

/// Turns a message object into a change.
pub fn message(f: Frame, m: &Value) -> Result<Change, String> {
    let target = |v: &Value, key: &str| {
        self::id(v, key).ok_or_else(|| format!("message {} does not name its target", f.id))
    };
    let own = !matches!(f.author, Author::Customer | Author::System);
    match string(m, "type") {
        Some("reaction") => {
            let r = m.get("reaction").unwrap_or(&Value::Null);
            Ok(Change::Reaction {
                target: target(r, "message_id")?,
                emoji: owned(r, "emoji"),
                provider_id: f.id,
                at: f.at,
                peer: f.peer,
                own,
            })
        }
        Some("edit") => {
            let e = m.get("edit").unwrap_or(&Value::Null);
            let target = target(e, "original_message_id")?;
            let new = e.get("message").filter(|n| n.is_object());
            let new = new.ok_or_else(|| format!("edit {} has no new content", f.id))?;
            Ok(Change::Edited { at: f.at, peer: f.peer, target, body: body(new) })
        }
        Some("revoke") => {
            let r = m.get("revoke").unwrap_or(&Value::Null);
            Ok(Change::Revoked { target: target(r, "original_message_id")?, at: f.at, peer: f.peer })
        }
        _ => {
            let context = m.get("context").unwrap_or(&Value::Null);
            Ok(Change::Message(Box::new(InboundMessage {
                body: body(m),
                quotes: self::id(context, "id").or_else(|| self::id(context, "message_id")),
                tag: tag(m, context),
                opens_window: f.author == Author::Customer && !f.history,
                provider_id: f.id,
                at: f.at,
                peer: f.peer,
                author: f.author,
                participant: f.participant,
                history: f.history,
                state: f.state,
            })))
        }
    }
}

fn tag(m: &Value, context: &Value) -> Option<String> {
    whole_tag(m, context).map(|t| first_chars(&t, TAG_MAX).to_owned())
}

fn whole_tag(m: &Value, context: &Value) -> Option<String> {
    if let Some(r) = m.get("referral").filter(|r| r.is_object()) {
        let what = ["headline", "body", "source_url"].iter().find_map(|k| string(r, k)).unwrap_or_default();
        return Some(format!("{}: {what}", string(r, "source_type").unwrap_or("ad")));
    }
    if let Some(p) = context.get("referred_product") {
        return Some(format!("product: {}", id(p, "product_retailer_id").unwrap_or_default()));
    }
    let is = |key: &str| context.get(key).and_then(Value::as_bool) == Some(true);
    if is("frequently_forwarded") {
        return Some("forwarded many times".into());
    }
    is("forwarded").then(|| "forwarded".into())
}

pub fn identities(list: [(IdentityKind, Option<&str>); 3]) -> Vec<Identity> {
    let short = |v: &&str| v.len() <= ID_MAX;
    list.into_iter()
        .filter_map(|(kind, v)| Some(Identity { kind, value: v.filter(short)?.to_owned() }))
        .collect()
}

/// System messages have no contacts: everything they say is in themselves.
pub fn system(people: &People<'_>, m: &Value, id: String, at: Millis) -> Result<Change, String> {
    let s = m.get("system").unwrap_or(&Value::Null);
    let kind = string(s, "type").or_else(|| string(m, "type")).unwrap_or_default();
    let phone = string(m, "from").or_else(|| string(s, "customer"));
    if kind.contains("changed_number") || kind.contains("changed_user_id") {
        let user = string(s, "user_id");
        let previous =
            string(s, "previous_user_id").or_else(|| string(m, "from_user_id").filter(|u| Some(*u) != user));
        let new_phone = string(s, "wa_id").or_else(|| string(s, "new_wa_id"));
        let old = identities([
            (IdentityKind::Bsuid, previous),
            (IdentityKind::Phone, phone),
            (IdentityKind::ParentBsuid, string(s, "previous_parent_user_id")),
        ]);
        let new = identities([
            (IdentityKind::Bsuid, user),
            (IdentityKind::Phone, new_phone),
            (IdentityKind::ParentBsuid, string(s, "parent_user_id")),
        ]);
        if !old.is_empty() && !new.is_empty() {
            return Ok(Change::IdentityChanged { provider_id: id, at, old, new, text: owned(s, "body") });
        }
    }
    let user = string(m, "from_user_id").or_else(|| string(s, "user_id"));
    let parent = string(m, "from_parent_user_id").or_else(|| string(s, "parent_user_id"));
    let peer = match string(m, "group_id") {
        Some(g) => Some(group(g)),
        None => people.person(phone.or_else(|| string(s, "wa_id")), user, parent, &Value::Null),
    };
    Ok(Change::Message(Box::new(InboundMessage {
        peer: peer.ok_or_else(|| format!("system message {id} names nobody"))?,
        provider_id: id,
        at,
        author: Author::System,
        participant: None,
        body: match body(m) {
            Body::Unknown { text, .. } => Body::System { kind: kind.to_owned(), text },
            known => known,
        },
        quotes: None,
        tag: None,
        opens_window: false,
        history: false,
        state: None,
    })))
}

/// Delivery statuses under `statuses`.
pub fn statuses(sink: &mut Sink<'_>, people: &People<'_>, value: &Value) {
    for s in list(value, "statuses") {
        let change = status(sink, people, s);
        sink.result(change);
    }
}

/// A provider's status word; `None` for one that this version does not know.
pub fn state(word: &str) -> Option<DeliveryState> {
    Some(match word {
        "accepted" => DeliveryState::Accepted,
        "sent" => DeliveryState::Sent,
        "delivered" => DeliveryState::Delivered,
        "read" => DeliveryState::Read,
        "played" => DeliveryState::Played,
        "failed" => DeliveryState::Failed,
        _ => return None,
    })
}

fn status(sink: &Sink<'_>, people: &People<'_>, s: &Value) -> Result<Change, String> {
    let provider_id = id(s, "id").ok_or("a status without a message id")?;
    let word = string(s, "status").ok_or_else(|| format!("a status of {provider_id} without a word"))?;
    let word = word.to_ascii_lowercase();
    let (phone, user) = (string(s, "recipient_id"), string(s, "recipient_user_id"));
    // The key had other names in 2025 and the spring of 2026.
    let parent = ["recipient_parent_user_id", "parent_recipient_user_id", "parent_user_id"]
        .iter()
        .find_map(|k| string(s, k));
    let recipient = match (string(s, "recipient_type"), phone) {
        (Some("group"), Some(g)) => group(g).identities,
        _ => people.person(phone, user, parent, &Value::Null).map(|p| p.identities).unwrap_or_default(),
    };
    let pricing = s.get("pricing").unwrap_or(&Value::Null);
    let conversation = s.get("conversation").unwrap_or(&Value::Null);
    let free = string(pricing, "type") == Some("free_entry_point")
        || conversation.pointer("/origin/type").and_then(Value::as_str) == Some("referral_conversion");
    Ok(Change::Status(Box::new(StatusUpdate {
        at: sink.time(s)?,
        opaque: string(s, "biz_opaque_callback_data").map(str::to_owned),
        state: state(&word),
        word,
        recipient,
        error: list(s, "errors").first().map(errors::from_object),
        category: string(pricing, "category").map(|c| c.replace('-', "_")),
        free_until: if free { seconds(conversation, "expiration_timestamp") } else { None },
        provider_id,
    })))
}
