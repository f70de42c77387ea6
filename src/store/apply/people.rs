//! Contacts, their identities and their threads: who an update is from.
//!
//! A contact is found by the identities that the provider states, the most stable first. The rules, in the order in
//! which they count:
//!
//! 1. A user id (BSUID) is one person. Two different user ids are two persons, unless the provider says that one
//!    took the place of the other.
//! 2. A phone number belongs to the person with whom the provider stated it last. Stated together with a user id
//!    it joins a contact that was known by the number only. If the number was another user id's, it has a new
//!    owner: it moves, the conversations stay apart.
//! 3. A contact known by the number only, and silent for so long that the number may have been given to somebody
//!    else, is not joined either.
//! 4. Another form of a number ([`phone::variants`]) finds a contact where the exact one finds none. It is never
//!    stored.
//! 5. What an operator took apart stays apart.

use super::{AccountRow, Context, ThreadState, merge, news};
use crate::clock::Millis;
use crate::model::contact::{Contact, Identity, IdentityKind, display_phone};
use crate::model::ids::{ContactId, ThreadId};
use crate::model::inbound::{Peer, Severity};
use crate::model::phone;
use crate::protocol::Changed;
use crate::store::StoreError;
use rusqlite::{Connection, OptionalExtension, params};

/// Longest name or identity that is kept, in characters.
const NAME_MAX: usize = 512;
/// A number whose owner was silent for this long may have a new owner: 90 days, the shortest time after which
/// networks give a number to somebody else.
const RECYCLED: Millis = 90 * 86_400_000;

/// A contact as it was found.
#[derive(Clone, Debug)]
pub(super) struct ContactRow {
    pub id: i64,
    pub uid: ContactId,
    pub profile_name: String,
}

fn by_identity(
    conn: &Connection,
    scope: &str,
    identity: &Identity,
) -> Result<Option<ContactRow>, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT c.id, c.uid, c.profile_name FROM identities i JOIN contacts c ON c.id = i.contact_id \
             WHERE i.scope = ?1 AND i.kind = ?2 AND i.value = ?3",
        )?
        .query_row(params![scope, identity.kind.as_str(), identity.value], |r| {
            Ok(ContactRow {
                id: r.get(0)?,
                uid: crate::store::rows::contact_id(r, 1)?,
                profile_name: r.get(2)?,
            })
        })
        .optional()?)
}

/// Whose an identity is, and since when.
fn owner(conn: &Connection, scope: &str, i: &Identity) -> Result<Option<(i64, Millis)>, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT contact_id, since FROM identities WHERE scope = ?1 AND kind = ?2 AND value = ?3",
        )?
        .query_row(params![scope, i.kind.as_str(), i.value], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?)
}

fn user_ids(conn: &Connection, contact: i64) -> Result<Vec<String>, StoreError> {
    let mut st =
        conn.prepare_cached("SELECT value FROM identities WHERE contact_id = ?1 AND kind = 'bsuid'")?;
    let list = st.query_map([contact], |r| r.get(0))?.collect::<Result<_, _>>()?;
    Ok(list)
}

/// Whether the contact is somebody else than the peer: both have user ids, and none in common.
fn is_another(conn: &Connection, contact: i64, peer: &[Identity]) -> Result<bool, StoreError> {
    let mut stated = peer.iter().filter(|i| i.kind == IdentityKind::Bsuid).peekable();
    if stated.peek().is_none() {
        return Ok(false);
    }
    let has = user_ids(conn, contact)?;
    Ok(!has.is_empty() && !stated.any(|i| has.contains(&i.value)))
}

/// Whether an operator took these two apart.
fn kept_apart(conn: &Connection, a: i64, b: i64) -> Result<bool, StoreError> {
    Ok(conn
        .prepare_cached("SELECT 1 FROM apart WHERE a = ?1 AND b = ?2")?
        .exists(params![a.min(b), a.max(b)])?)
}

/// The time of the newest customer's message of a contact, over all its threads; 0 when there is none.
pub(super) fn last_heard(conn: &Connection, contact: i64) -> Result<Millis, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT coalesce(max((SELECT m.at FROM messages m WHERE m.thread_id = t.id AND m.inbound = 1 \
             AND m.origin IS NOT '{\"by\":\"system\"}' ORDER BY m.at DESC LIMIT 1)), 0) FROM threads t WHERE t.contact_id = ?1",
        )?
        .query_row([contact], |r| r.get(0))?)
}

/// The contact that has another form of one of these numbers. Forms that may be somebody else's line count only
/// for numbers that were typed and that the provider never stated.
fn by_variant(
    conn: &Connection,
    scope: &str,
    identities: &[Identity],
) -> Result<Option<ContactRow>, StoreError> {
    for number in identities.iter().filter(|i| i.kind == IdentityKind::Phone) {
        for v in phone::variants(&number.value) {
            let form = Identity::phone(v.digits);
            let Some((_, since)) = owner(conn, scope, &form)? else { continue };
            let Some(row) = by_identity(conn, scope, &form)? else { continue };
            if (v.sure || since == 0) && !is_another(conn, row.id, identities)? {
                return Ok(Some(row));
            }
        }
    }
    Ok(None)
}

/// Finds or makes the contact of a peer. `None` when the peer has no identity at all. `at` is the provider's time;
/// 0 for what a person typed.
pub(super) fn contact(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    peer: &Peer,
    at: Millis,
) -> Result<Option<ContactRow>, StoreError> {
    let scope = account.scope.as_str();
    let mut found = None;
    for (n, identity) in peer.identities.iter().enumerate().filter(|(_, i)| i.is_key()) {
        let Some(row) = by_identity(conn, scope, identity)? else { continue };
        // Another user id's number (rule 2): it says nothing about who this is.
        if identity.kind == IdentityKind::Phone && is_another(conn, row.id, &peer.identities)? {
            continue;
        }
        found = Some((Some(n), row));
        break;
    }
    if found.is_none() {
        found = by_variant(conn, scope, &peer.identities)?.map(|row| (None, row));
        if at == 0
            && let Some((_, row)) = found
        {
            // What was typed finds the contact and is not stored: messages go to what the provider gave.
            return Ok(Some(row));
        }
    }
    let name = super::first_chars(&peer.profile_name, NAME_MAX);
    let mut stale = false;
    let (known, row) = if let Some((known, row)) = found {
        if !name.is_empty() && row.profile_name != name {
            stale = rename(conn, row.id, &row.profile_name, name, at)?;
        }
        (known, row)
    } else {
        let Some(first) = peer.identities.iter().find(|i| i.is_key()) else { return Ok(None) };
        let uid = free_uid(conn, cx, ContactId::of_identity(scope, first))?;
        conn.prepare_cached(
            "INSERT INTO contacts(uid, scope, profile_name, named_at, created_at) VALUES(?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![uid.0, scope, name, at, cx.now])?;
        (None, ContactRow { id: conn.last_insert_rowid(), uid, profile_name: name.to_owned() })
    };
    // What was found first is known; the others may be new names of the same person.
    for (n, identity) in peer.identities.iter().enumerate() {
        if Some(n) != known && !identity.value.is_empty() {
            stale |= claim(conn, cx, account, row.id, identity, at)?;
        }
    }
    if stale {
        // A contact that was joined just now may have had a name of its own.
        let now: String = conn
            .prepare_cached("SELECT profile_name FROM contacts WHERE id = ?1")?
            .query_row([row.id], |r| r.get(0))?;
        if !name.is_empty() && now != name {
            rename(conn, row.id, &now, name, at)?;
        }
        refresh(conn, cx, row.id)?;
    }
    Ok(Some(row))
}

/// A contact id that is not taken: the first identity's, unless a contact that lost this identity has it.
fn free_uid(conn: &Connection, cx: &Context, wanted: ContactId) -> Result<ContactId, StoreError> {
    let taken = conn
        .prepare_cached(
            "SELECT 1 FROM contacts WHERE uid = ?1 UNION ALL SELECT 1 FROM joined WHERE uid = ?1",
        )?
        .exists([wanted.0])?;
    if !taken {
        return Ok(wanted);
    }
    Ok(ContactId::derived(&["contact again", &cx.event.to_string(), &wanted.to_string()]))
}

/// Takes a name that a person gave themselves, unless a newer message came with the one that is here. Of two with
/// one time the greater one counts, so that the order of arrival does not matter.
fn rename(conn: &Connection, contact: i64, old: &str, new: &str, at: Millis) -> Result<bool, StoreError> {
    if !old.is_empty() {
        let named: Millis = conn
            .prepare_cached("SELECT named_at FROM contacts WHERE id = ?1")?
            .query_row([contact], |r| r.get(0))?;
        let since = named.max(last_heard(conn, contact)?);
        if (at / 1000, new) < (since / 1000, old) {
            return Ok(false);
        }
    }
    conn.prepare_cached("UPDATE contacts SET profile_name = ?2, named_at = ?3 WHERE id = ?1")?
        .execute(params![contact, new, at])?;
    Ok(true)
}

/// News that are no message of the customer stated this name too. A message needs no such note: its own time says
/// how new its sender's name is.
pub(super) fn confirm_name(
    conn: &Connection,
    contact: i64,
    name: &str,
    at: Millis,
) -> Result<(), StoreError> {
    if !name.is_empty() {
        conn.prepare_cached(
            "UPDATE contacts SET named_at = ?3 WHERE id = ?1 AND profile_name = ?2 AND named_at < ?3",
        )?
        .execute(params![contact, super::first_chars(name, NAME_MAX), at])?;
    }
    Ok(())
}

/// What is known of a person without a message.
pub(super) fn seen(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    peer: &Peer,
    at: Millis,
) -> Result<Option<ContactRow>, StoreError> {
    let row = contact(conn, cx, account, peer, at.max(1))?;
    if let Some(row) = &row {
        confirm_name(conn, row.id, &peer.profile_name, at)?;
    }
    Ok(row)
}

fn add(conn: &Connection, scope: &str, contact: i64, i: &Identity, at: Millis) -> Result<(), StoreError> {
    conn.prepare_cached(
        "INSERT INTO identities(scope, kind, value, contact_id, since) VALUES(?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![scope, i.kind.as_str(), i.value, contact, at])?;
    Ok(())
}

fn hand_over(conn: &Connection, scope: &str, to: i64, i: &Identity, at: Millis) -> Result<(), StoreError> {
    conn.prepare_cached(
        "UPDATE identities SET contact_id = ?4, since = ?5, retired = 0 WHERE scope = ?1 AND kind = ?2 AND value = ?3",
    )?
    .execute(params![scope, i.kind.as_str(), i.value, to, at])?;
    Ok(())
}

/// The provider stated an identity together with those of a contact. `true` when the contact shows something new.
fn claim(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    contact: i64,
    identity: &Identity,
    at: Millis,
) -> Result<bool, StoreError> {
    let scope = account.scope.as_str();
    let holder = owner(conn, scope, identity)?;
    if identity.kind == IdentityKind::Username {
        return username(conn, cx, scope, contact, identity, holder, at);
    }
    let Some((other, since)) = holder else {
        if identity.kind == IdentityKind::Bsuid && !user_ids(conn, contact)?.is_empty() {
            // Another user id is another person (rule 1).
            return Ok(false);
        }
        add(conn, scope, contact, identity, at)?;
        if let Some(same) = by_variant(conn, scope, &own_ids(conn, contact, identity)?)?
            && same.id != contact
        {
            join_if_safe(conn, cx, account, contact, same.id, identity, at)?;
        }
        return Ok(true);
    };
    if other == contact {
        if since == 0 && at > 0 {
            hand_over(conn, scope, contact, identity, at)?;
            return Ok(true);
        }
        return Ok(false);
    }
    let two_users = {
        let (a, b) = (user_ids(conn, contact)?, user_ids(conn, other)?);
        !a.is_empty() && !b.is_empty() && !a.iter().any(|x| b.contains(x))
    };
    if !two_users || identity.kind == IdentityKind::ParentBsuid {
        return join_if_safe(conn, cx, account, contact, other, identity, at);
    }
    if identity.kind == IdentityKind::Phone && at >= since && !kept_apart(conn, contact, other)? {
        take_number(conn, cx, account, contact, other, identity, at)?;
        return Ok(true);
    }
    Ok(false)
}

/// The user ids of a contact and a new identity, as a peer that states both.
fn own_ids(conn: &Connection, contact: i64, new: &Identity) -> Result<Vec<Identity>, StoreError> {
    let mut list: Vec<Identity> = user_ids(conn, contact)?.into_iter().map(Identity::bsuid).collect();
    if new.kind == IdentityKind::Phone {
        list.push(new.clone());
    }
    Ok(list)
}

/// A username is one person's at a time, and a person has one at a time: the newest news count.
fn username(
    conn: &Connection,
    cx: &mut Context,
    scope: &str,
    contact: i64,
    name: &Identity,
    holder: Option<(i64, Millis)>,
    at: Millis,
) -> Result<bool, StoreError> {
    match holder {
        Some((other, _)) if other == contact => return Ok(false),
        Some((other, since)) if at < since.max(last_heard(conn, other)?) => return Ok(false),
        Some(_) | None => {}
    }
    let old: Option<(String, Millis)> = conn
        .prepare_cached(
            "SELECT value, since FROM identities WHERE contact_id = ?1 AND kind = 'username' ORDER BY since DESC",
        )?
        .query_row([contact], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    if let Some((old, since)) = old {
        let since = since.max(last_heard(conn, contact)?);
        if (at / 1000, name.value.as_str()) < (since / 1000, old.as_str()) {
            return Ok(false);
        }
        conn.prepare_cached("DELETE FROM identities WHERE contact_id = ?1 AND kind = 'username'")?
            .execute([contact])?;
    }
    match holder {
        Some((other, _)) => {
            hand_over(conn, scope, contact, name, at)?;
            refresh(conn, cx, other)?;
        }
        None => add(conn, scope, contact, name, at)?,
    }
    Ok(true)
}

fn name_of(conn: &Connection, contact: i64) -> Result<String, StoreError> {
    Ok(load(conn, contact)?.display_name())
}

/// Joins two contacts that the provider stated as one, or says why not.
fn join_if_safe(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    contact: i64,
    other: i64,
    identity: &Identity,
    at: Millis,
) -> Result<bool, StoreError> {
    if kept_apart(conn, contact, other)? {
        return Ok(false);
    }
    let (name, was) = (name_of(conn, contact)?, name_of(conn, other)?);
    let heard = last_heard(conn, other)?;
    let silent = heard > 0 && at > 0 && (at - heard).abs() > RECYCLED;
    if silent && name != was && identity.kind == IdentityKind::Phone {
        take_number(conn, cx, account, contact, other, identity, at)?;
        return Ok(true);
    }
    merge::join(conn, cx, contact, other, "provider")?;
    let what = display(identity);
    let text = format!(
        "{was} and {name} are one contact now: WhatsApp states {what} for both. If they are not, \
                 `switchboard contacts split` takes them apart"
    );
    let n = news::Notice { severity: Severity::Info, field: "contacts", text: &text, at: Some(at) };
    news::notice(conn, cx, account, &n)?;
    Ok(true)
}

/// A number has a new owner: the conversations stay apart.
fn take_number(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    contact: i64,
    other: i64,
    identity: &Identity,
    at: Millis,
) -> Result<(), StoreError> {
    let was = name_of(conn, other)?;
    hand_over(conn, &account.scope, contact, identity, at)?;
    let text = format!(
        "{} belongs to {} now; it was the number of {was}. If they are one person, `switchboard contacts merge` \
         joins them",
        display(identity),
        name_of(conn, contact)?
    );
    cx.audit(conn, "number_moved", &text)?;
    refresh(conn, cx, other)?;
    let n = news::Notice { severity: Severity::Warning, field: "contacts", text: &text, at: Some(at) };
    news::notice(conn, cx, account, &n)
}

fn display(i: &Identity) -> String {
    if i.kind == IdentityKind::Phone { display_phone(&i.value) } else { i.value.clone() }
}

/// Reads a contact with all its identities.
pub(super) fn load(conn: &Connection, id: i64) -> Result<Contact, StoreError> {
    let mut contact = conn
        .prepare_cached("SELECT uid, name, profile_name, marketing_stop FROM contacts WHERE id = ?1")?
        .query_row([id], |r| {
            Ok(Contact {
                id: crate::store::rows::contact_id(r, 0)?,
                name: r.get(1)?,
                profile_name: r.get(2)?,
                identities: Vec::new(),
                marketing_opt_out: r.get(3)?,
            })
        })?;
    contact.identities = crate::store::threads::identities(conn, id)?;
    Ok(contact)
}

fn search_text(c: &Contact) -> String {
    let mut out = vec![c.name.as_str(), c.profile_name.as_str()];
    out.extend(c.identities.iter().map(|i| i.value.as_str()));
    out.retain(|s| !s.is_empty());
    out.join("\n")
}

/// Writes what the threads of a contact show of it: title, number, search text.
pub(super) fn refresh(conn: &Connection, cx: &mut Context, contact_id: i64) -> Result<(), StoreError> {
    let c = load(conn, contact_id)?;
    let title = c.display_name();
    let search = search_text(&c);
    let mut st =
        conn.prepare_cached("SELECT id, uid, account_id, search FROM threads WHERE contact_id = ?1")?;
    let rows: Vec<(i64, ThreadId, i64, String)> = st
        .query_map([contact_id], |r| {
            Ok((r.get(0)?, crate::store::rows::thread_id(r, 1)?, r.get(2)?, r.get(3)?))
        })?
        .collect::<Result<_, _>>()?;
    for (id, uid, account_id, old) in rows {
        if old != search {
            index_title(conn, id, Some(&old), Some(&search))?;
        }
        conn.prepare_cached("UPDATE threads SET title = ?2, phone = ?3, search = ?4 WHERE id = ?1")?
            .execute(params![id, title, c.identity(IdentityKind::Phone), search])?;
        let account = cx.account_by_row(account_id)?.key;
        cx.changed(Changed::ThreadChanged { thread: uid, account });
    }
    Ok(())
}

/// Puts a thread's names into the search index, takes them out, or both.
pub(super) fn index_title(
    conn: &Connection,
    thread: i64,
    old: Option<&str>,
    new: Option<&str>,
) -> Result<(), StoreError> {
    if let Some(old) = old {
        conn.prepare_cached("INSERT INTO thread_parts(thread_parts, rowid, text) VALUES('delete', ?1, ?2)")?
            .execute(params![thread, old])?;
    }
    if let Some(new) = new {
        conn.prepare_cached("INSERT INTO thread_parts(rowid, text) VALUES(?1, ?2)")?
            .execute(params![thread, new])?;
    }
    Ok(())
}

/// Finds or makes the thread between an account and a peer. `at` is the provider's time; 0 for what was typed.
pub(super) fn thread(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    peer: &Peer,
    at: Millis,
) -> Result<ThreadState, StoreError> {
    let row = contact(conn, cx, account, peer, at)?.ok_or_else(|| {
        StoreError::Rule("the update names nobody: neither phone number nor user id".into())
    })?;
    let found = conn
        .prepare_cached(&format!(
            "SELECT {} FROM threads WHERE account_id = ?1 AND contact_id = ?2",
            super::THREAD_STATE
        ))?
        .query_row(params![account.id, row.id], super::thread_state)
        .optional()?;
    if let Some(found) = found {
        return Ok(found);
    }
    let at = if at == 0 { cx.now } else { at };
    let uid = ThreadId::between(&account.key, row.uid);
    make_thread(conn, cx, account, (row.id, row.uid), uid, at, fingerprint(peer))
}

/// Who a message of this peer is from: the most stable identity.
pub(super) fn fingerprint(peer: &Peer) -> Option<i64> {
    peer.identities.iter().find(|i| i.is_key()).map(Identity::fingerprint)
}

/// Makes an empty thread.
pub(super) fn make_thread(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    (contact, contact_uid): (i64, ContactId),
    uid: ThreadId,
    at: Millis,
    peer: Option<i64>,
) -> Result<ThreadState, StoreError> {
    let c = load(conn, contact)?;
    let search = search_text(&c);
    let taken = conn
        .prepare_cached(
            "SELECT 1 FROM threads WHERE uid = ?1 UNION ALL SELECT 1 FROM joined WHERE uid = ?1 \
             UNION ALL SELECT 1 FROM gone WHERE uid = ?1",
        )?
        .exists([uid.0])?;
    let uid = if taken {
        ThreadId::derived(&["thread again", &cx.event.to_string(), &uid.to_string()])
    } else {
        uid
    };
    conn.prepare_cached(
        "INSERT INTO threads(uid, account_id, contact_id, contact_uid, title, phone, last_at, search, peer) \
         VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        uid.0,
        account.id,
        contact,
        contact_uid.0,
        c.display_name(),
        c.identity(IdentityKind::Phone),
        at,
        search,
        peer
    ])?;
    let id = conn.last_insert_rowid();
    index_title(conn, id, None, Some(&search))?;
    if let Some(d) = cx.delta(account.id) {
        d.threads += 1;
    }
    Ok(ThreadState {
        id,
        uid,
        account_id: account.id,
        contact_id: contact,
        last_at: at,
        last_row: 0,
        unread: 0,
        window_until: None,
        closed_at: 0,
        peer,
        open: true,
    })
}

/// The provider says that one person has new identities. Every contact that has one of them, old or new, is this
/// person; the old ones of a kind that has a new one are retired.
pub(super) fn link(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    old: &[Identity],
    new: &[Identity],
    at: Millis,
) -> Result<(), StoreError> {
    let scope = account.scope.as_str();
    let mut base: Option<i64> = None;
    let all: Vec<Identity> = old.iter().chain(new).cloned().collect();
    for identity in all.iter().filter(|i| i.is_key()) {
        let Some((holder, _)) = owner(conn, scope, identity)? else { continue };
        // An old number may have a new owner by now, and a new one an old owner still.
        if identity.kind == IdentityKind::Phone && is_another(conn, holder, &all)? {
            continue;
        }
        match base {
            None => base = Some(holder),
            Some(b) if b == holder => {}
            Some(b) if kept_apart(conn, b, holder)? => {}
            Some(b) => merge::join(conn, cx, b, holder, "provider")?,
        }
    }
    let base = if let Some(base) = base {
        base
    } else {
        let Some(first) = new.iter().chain(old).find(|i| i.is_key()) else { return Ok(()) };
        let peer = Peer { identities: vec![first.clone()], profile_name: String::new() };
        let Some(row) = contact(conn, cx, account, &peer, at.max(1))? else { return Ok(()) };
        row.id
    };
    for identity in new.iter().chain(old).filter(|i| i.is_key()) {
        let retired = !new.contains(identity) && new.iter().any(|n| n.kind == identity.kind);
        match owner(conn, scope, identity)? {
            None => add(conn, scope, base, identity, at)?,
            Some((holder, since)) if holder != base => {
                if new.contains(identity)
                    && identity.kind == IdentityKind::Phone
                    && at >= since
                    && !kept_apart(conn, base, holder)?
                {
                    take_number(conn, cx, account, base, holder, identity, at)?;
                }
                continue;
            }
            Some((_, since)) if since > at && retired => continue,
            Some(_) => {}
        }
        if retired {
            conn.prepare_cached(
                "UPDATE identities SET retired = 1 WHERE scope = ?1 AND kind = ?2 AND value = ?3",
            )?
            .execute(params![scope, identity.kind.as_str(), identity.value])?;
        }
    }
    refresh(conn, cx, base)
}

/// The provider stated these identities for the other side of one of our messages.
pub(super) fn stated(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    contact: i64,
    identities: &[Identity],
    at: Millis,
) -> Result<(), StoreError> {
    if is_another(conn, contact, identities)? {
        return Ok(());
    }
    let mut stale = false;
    for identity in identities.iter().filter(|i| !i.value.is_empty()) {
        stale |= claim(conn, cx, account, contact, identity, at)?;
    }
    if stale { refresh(conn, cx, contact) } else { Ok(()) }
}

/// A customer stopped or resumed marketing messages; older news than what is known change nothing.
pub(super) fn preference(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    peer: &Peer,
    stop: bool,
    at: Millis,
) -> Result<(), StoreError> {
    if let Some(row) = seen(conn, cx, account, peer, at)? {
        let n = conn
            .prepare_cached(
                "UPDATE contacts SET marketing_stop = ?2, stop_at = ?3 WHERE id = ?1 AND (stop_at, marketing_stop) < (?3, ?2)",
            )?
            .execute(params![row.id, stop, at])?;
        if n > 0 || at == 0 {
            if at == 0 {
                conn.prepare_cached("UPDATE contacts SET marketing_stop = ?2 WHERE id = ?1 AND stop_at = 0")?
                    .execute(params![row.id, stop])?;
            }
            refresh(conn, cx, row.id)?;
        }
    }
    Ok(())
}
