//! Events of one number: messages and what became of them, conversations, people.

use super::{News, field};
use crate::model::contact::{Identity, IdentityKind};
use crate::model::inbound::{Change, Peer, Route, Severity};
use crate::provider::kapso::object::{Object, iso, peer_of};
use crate::provider::meta::webhook::read::{owned, string};
use serde_json::Value;

static NULL: Value = Value::Null;

/// A message came in, went out, or got further.
pub fn message(news: &mut News, event: &str, route: &Route, v: &Value) {
    let Some(m) = v.get("message").filter(|m| m.is_object()) else {
        return news.problem(event, "no message in it");
    };
    let (inbound, word) = match event.rsplit('.').next() {
        Some("received") => (Some(true), None),
        Some(word @ ("sent" | "delivered" | "read" | "failed")) => (Some(false), Some(word)),
        // The alias says only that something became of a message of ours.
        Some("status_update" | "status_updated") => (Some(false), None),
        _ => (None, None),
    };
    let o = Object::new(m, v.get("conversation").unwrap_or(&NULL)).told(inbound, word);
    let change = o.change(Some(news.received), false);
    if !o.is_inbound() {
        let at = match &change {
            Ok(Change::Message(message)) => message.at,
            Ok(Change::Reaction { at, .. }) => *at,
            _ => news.received,
        };
        // A reaction of ours is settled by its answer; of another's there is no message that a state could be on.
        let reaction = string(m, "type") == Some("reaction");
        // What became of it comes first: a status with our attempt's id tells that the message is one of ours.
        for s in o.all_statuses(at) {
            if !reaction || s.opaque.is_some() {
                news.push(route, Change::Status(Box::new(s)));
            }
        }
    }
    match change {
        Ok(change) => news.push(route, change),
        Err(text) => news.problem(event, &text),
    }
}

/// A session began or ended: for us that is the person, whose thread goes on.
pub fn conversation(news: &mut News, event: &str, route: &Route, v: &Value) {
    let Some(c) = v.get("conversation").filter(|c| c.is_object()) else {
        return news.problem(event, "no conversation in it");
    };
    // Nothing new is said of a person by an end.
    if !event.ends_with(".created") {
        return;
    }
    match peer_of(c) {
        Some(peer) => {
            let at = iso(c, "created_at").unwrap_or(0);
            news.push(route, Change::ContactSeen { peer, at });
        }
        None => news.problem(event, "a conversation with nobody"),
    }
}

/// A person's user id changed.
pub fn identity(news: &mut News, event: &str, route: &Route, v: &Value) {
    let contact = v.get("contact").unwrap_or(&NULL);
    let previous = v.get("previous").unwrap_or(&NULL);
    let Some(peer) = peer_of(contact) else { return news.problem(event, "a contact without an id") };
    let mut old: Vec<Identity> = [
        (IdentityKind::Bsuid, string(previous, "business_scoped_user_id")),
        (IdentityKind::ParentBsuid, string(previous, "parent_business_scoped_user_id")),
    ]
    .into_iter()
    .filter_map(|(kind, value)| Some(Identity { kind, value: value?.to_owned() }))
    .collect();
    // The number stays: it is what both sides have in common where the old id is not told.
    old.extend(peer.identities.iter().filter(|i| i.kind == IdentityKind::Phone).cloned());
    let at = iso(v, "occurred_at").or_else(|| iso(contact, "updated_at")).unwrap_or(news.received);
    let bsuid = peer.identities.iter().find(|i| i.kind == IdentityKind::Bsuid);
    let Some(bsuid) = bsuid.filter(|b| !old.is_empty() && !old.contains(b)) else {
        return news.push(route, Change::ContactSeen { peer, at });
    };
    // The same news again is the same line.
    let provider_id = format!("kapso.identity.{}.{}", owned(contact, "id"), bsuid.value);
    let text = "The customer's user id has changed.".to_owned();
    let new = peer.identities.iter().filter(|i| i.kind != IdentityKind::Username).cloned().collect();
    news.push(route, Change::IdentityChanged { provider_id, at, old, new, text });
}

/// A person stopped or resumed marketing.
pub fn preference(news: &mut News, event: &str, route: &Route, v: &Value) {
    let contact = v.get("contact").unwrap_or(&NULL);
    let p = v.get("marketing_preference").unwrap_or(&NULL);
    let stop = match string(p, "status").map(str::to_ascii_lowercase).as_deref() {
        Some("stopped" | "stop") => true,
        Some("resumed" | "resume") => false,
        _ => return news.push(route, Change::Unknown { field: field(event) }),
    };
    match peer_of(contact) {
        Some(peer) => {
            let at = iso(p, "occurred_at").unwrap_or(news.received);
            news.push(route, Change::Preference { peer, stop, at });
        }
        None => news.problem(event, "a preference of nobody"),
    }
}

/// Meta's own agent took a conversation or gave it back.
pub fn handover(news: &mut News, event: &str, route: &Route, v: &Value) {
    let c = v.get("conversation").or_else(|| v.get("contact")).unwrap_or(v);
    let peer: Option<Peer> = peer_of(c);
    let who = peer.map(|p| {
        if p.profile_name.is_empty() {
            p.identities.first().map(|i| i.value.clone()).unwrap_or_default()
        } else {
            p.profile_name
        }
    });
    let at = iso(v, "occurred_at");
    let text = match who.filter(|w| !w.is_empty()) {
        Some(who) => format!("Meta's agent handed over the conversation with {who}"),
        None => "Meta's agent handed over a conversation".into(),
    };
    news.push(
        route,
        Change::Notice {
            field: field(event),
            severity: Severity::Info,
            text,
            at,
            quality: None,
            limit: None,
        },
    );
}
