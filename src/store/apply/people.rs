//! Contacts, their identities, their threads, and what was read.

use super::{AccountRow, Context, ThreadState, thread_by_uid};
use crate::clock::Millis;
use crate::model::contact::{Contact, Identity, IdentityKind};
use crate::model::ids::{ContactId, ThreadId};
use crate::model::inbound::Peer;
use crate::protocol::Changed;
use crate::store::StoreError;
use crate::store::writer::Reply;
use rusqlite::{Connection, OptionalExtension, params};

/// Longest name or identity that is kept, in characters.
const NAME_MAX: usize = 512;

struct ContactRow {
    id: i64,
    uid: ContactId,
    profile_name: String,
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

/// Finds or makes the contact of a peer. `None` when the peer has no identity at all.
fn contact(
    conn: &Connection,
    cx: &mut Context,
    scope: &str,
    peer: &Peer,
) -> Result<Option<ContactRow>, StoreError> {
    let keys = || peer.identities.iter().filter(|i| !i.value.is_empty() && i.kind != IdentityKind::Username);
    let mut found = None;
    let mut found_at = 0;
    for (n, identity) in keys().enumerate() {
        if let Some(row) = by_identity(conn, scope, identity)? {
            found = Some(row);
            found_at = n;
            break;
        }
    }
    let name = super::first_chars(&peer.profile_name, NAME_MAX);
    let mut stale = false;
    let row = if let Some(row) = found {
        if !name.is_empty() && row.profile_name != name {
            conn.prepare_cached("UPDATE contacts SET profile_name = ?2 WHERE id = ?1")?
                .execute(params![row.id, name])?;
            stale = true;
        }
        row
    } else {
        let Some(first) = keys().next() else { return Ok(None) };
        let uid = ContactId::of_identity(scope, first);
        conn.prepare_cached(
            "INSERT INTO contacts(uid, scope, profile_name, created_at) VALUES(?1, ?2, ?3, ?4)",
        )?
        .execute(params![uid.0, scope, name, cx.now])?;
        found_at = usize::MAX;
        ContactRow { id: conn.last_insert_rowid(), uid, profile_name: name.to_owned() }
    };
    // What was found first is known; the others may be new names of the same person.
    let mut key = 0;
    for identity in peer.identities.iter().filter(|i| !i.value.is_empty()) {
        let is_key = identity.kind != IdentityKind::Username;
        let known = is_key && key == found_at;
        key += usize::from(is_key);
        if known {
            continue;
        }
        let added = conn
            .prepare_cached(
                "INSERT OR IGNORE INTO identities(scope, kind, value, contact_id) VALUES(?1, ?2, ?3, ?4)",
            )?
            .execute(params![scope, identity.kind.as_str(), identity.value, row.id])?;
        stale |= added > 0 && found_at != usize::MAX;
    }
    if stale {
        refresh(conn, cx, row.id)?;
    }
    Ok(Some(row))
}

/// Reads a contact with all its identities.
fn load(conn: &Connection, id: i64) -> Result<Contact, StoreError> {
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
fn refresh(conn: &Connection, cx: &mut Context, contact_id: i64) -> Result<(), StoreError> {
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
            index_title(conn, id, Some(&old), &search)?;
        }
        conn.prepare_cached("UPDATE threads SET title = ?2, phone = ?3, search = ?4 WHERE id = ?1")?
            .execute(params![id, title, c.identity(IdentityKind::Phone), search])?;
        let account = cx.account_by_row(account_id)?.key;
        cx.changed(Changed::ThreadChanged { thread: uid, account });
    }
    Ok(())
}

fn index_title(conn: &Connection, thread: i64, old: Option<&str>, new: &str) -> Result<(), StoreError> {
    if let Some(old) = old {
        conn.prepare_cached("INSERT INTO thread_parts(thread_parts, rowid, text) VALUES('delete', ?1, ?2)")?
            .execute(params![thread, old])?;
    }
    conn.prepare_cached("INSERT INTO thread_parts(rowid, text) VALUES(?1, ?2)")?
        .execute(params![thread, new])?;
    Ok(())
}

/// Finds or makes the thread between an account and a peer.
pub(super) fn thread(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    peer: &Peer,
    at: Millis,
) -> Result<ThreadState, StoreError> {
    let row = contact(conn, cx, &account.scope, peer)?.ok_or_else(|| {
        StoreError::Rule("the update names nobody: neither phone number nor user id".into())
    })?;
    let found = conn
        .prepare_cached(
            "SELECT id, uid, account_id, contact_id, last_at, last_row, unread, window_until FROM threads \
             WHERE account_id = ?1 AND contact_id = ?2",
        )?
        .query_row(params![account.id, row.id], |r| {
            Ok(ThreadState {
                id: r.get(0)?,
                uid: crate::store::rows::thread_id(r, 1)?,
                account_id: r.get(2)?,
                contact_id: r.get(3)?,
                last_at: r.get(4)?,
                last_row: r.get(5)?,
                unread: r.get(6)?,
                window_until: r.get(7)?,
            })
        })
        .optional()?;
    if let Some(found) = found {
        return Ok(found);
    }
    let c = load(conn, row.id)?;
    let search = search_text(&c);
    let uid = ThreadId::between(&account.key, row.uid);
    conn.prepare_cached(
        "INSERT INTO threads(uid, account_id, contact_id, contact_uid, title, phone, last_at, search) \
         VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        uid.0,
        account.id,
        row.id,
        row.uid.0,
        c.display_name(),
        c.identity(IdentityKind::Phone),
        at,
        search
    ])?;
    let id = conn.last_insert_rowid();
    index_title(conn, id, None, &search)?;
    if let Some(d) = cx.delta(account.id) {
        d.threads += 1;
    }
    Ok(ThreadState {
        id,
        uid,
        account_id: account.id,
        contact_id: row.id,
        last_at: at,
        last_row: 0,
        unread: 0,
        window_until: None,
    })
}

/// Learns about a person without a message.
pub(super) fn seen(conn: &Connection, cx: &mut Context, scope: &str, peer: &Peer) -> Result<(), StoreError> {
    contact(conn, cx, scope, peer).map(|_| ())
}

/// Links new identities to the person known under old ones.
pub(super) fn link(
    conn: &Connection,
    cx: &mut Context,
    scope: &str,
    old: &[Identity],
    new: &[Identity],
) -> Result<(), StoreError> {
    for identity in old.iter().chain(new) {
        let Some(row) = by_identity(conn, scope, identity)? else { continue };
        for n in new.iter().filter(|n| !n.value.is_empty()) {
            conn.prepare_cached(
                "INSERT OR IGNORE INTO identities(scope, kind, value, contact_id) VALUES(?1, ?2, ?3, ?4)",
            )?
            .execute(params![scope, n.kind.as_str(), n.value, row.id])?;
        }
        return refresh(conn, cx, row.id);
    }
    Ok(())
}

/// Notes an identity that the provider resolved a contact of ours to.
pub(super) fn add_identity(
    conn: &Connection,
    cx: &mut Context,
    scope: &str,
    contact_id: i64,
    identity: &Identity,
) -> Result<(), StoreError> {
    if identity.value.is_empty() {
        return Ok(());
    }
    let added = conn
        .prepare_cached(
            "INSERT OR IGNORE INTO identities(scope, kind, value, contact_id) VALUES(?1, ?2, ?3, ?4)",
        )?
        .execute(params![scope, identity.kind.as_str(), identity.value, contact_id])?;
    if added > 0 { refresh(conn, cx, contact_id) } else { Ok(()) }
}

/// A customer stopped or resumed marketing messages.
pub(super) fn preference(
    conn: &Connection,
    cx: &mut Context,
    scope: &str,
    peer: &Peer,
    stop: bool,
) -> Result<(), StoreError> {
    if let Some(row) = contact(conn, cx, scope, peer)? {
        conn.prepare_cached("UPDATE contacts SET marketing_stop = ?2 WHERE id = ?1")?
            .execute(params![row.id, stop])?;
        refresh(conn, cx, row.id)?;
    }
    Ok(())
}

/// Marks the messages of a thread up to a time as read; how many that were. There is no index of unread messages
/// (every webhook would pay for it): the counter tells how many there are, and they are the newest.
fn read_messages(conn: &Connection, t: &ThreadState, upto: Millis) -> Result<i64, StoreError> {
    if t.unread == 0 {
        return Ok(0);
    }
    let newer: i64 = conn
        .prepare_cached("SELECT count(*) FROM messages WHERE thread_id = ?1 AND at > ?2 AND unread = 1")?
        .query_row(params![t.id, upto], |r| r.get(0))?;
    if newer >= t.unread {
        return Ok(0);
    }
    let n = conn
        .prepare_cached(
            "UPDATE messages SET unread = 0 WHERE id IN (SELECT id FROM messages WHERE thread_id = ?1 \
             AND at <= ?2 AND unread = 1 ORDER BY at DESC, id DESC LIMIT ?3)",
        )?
        .execute(params![t.id, upto, t.unread - newer])?;
    Ok(n as i64)
}

/// Marks a thread read up to a time.
pub(super) fn read(
    conn: &Connection,
    cx: &mut Context,
    thread: ThreadId,
    upto: Millis,
) -> Result<Reply, StoreError> {
    let t = thread_by_uid(conn, thread)?;
    let n = read_messages(conn, &t, upto)?;
    conn.prepare_cached(
        "UPDATE threads SET unread = unread - ?2, read_at = max(coalesce(read_at, 0), ?3) WHERE id = ?1",
    )?
    .execute(params![t.id, n, upto])?;
    if n > 0 {
        let account = cx.account_by_row(t.account_id)?;
        if let Some(d) = cx.delta(t.account_id) {
            d.unread -= n;
            d.unread_threads -= i64::from(t.unread == n);
        }
        cx.thread_changed(&t, &account);
    }
    Ok(Reply::default())
}

/// Marks a thread unread: its newest inbound message counts again.
pub(super) fn unread(conn: &Connection, cx: &mut Context, thread: ThreadId) -> Result<Reply, StoreError> {
    let t = thread_by_uid(conn, thread)?;
    if t.unread > 0 {
        return Ok(Reply::default());
    }
    let newest: Option<i64> = conn
        .prepare_cached(
            "SELECT id FROM messages WHERE thread_id = ?1 AND inbound = 1 ORDER BY at DESC, id DESC LIMIT 1",
        )?
        .query_row([t.id], |r| r.get(0))
        .optional()?;
    let Some(id) = newest else { return Ok(Reply::default()) };
    conn.prepare_cached("UPDATE messages SET unread = 1 WHERE id = ?1")?.execute([id])?;
    conn.prepare_cached("UPDATE threads SET unread = 1 WHERE id = ?1")?.execute([t.id])?;
    let account = cx.account_by_row(t.account_id)?;
    if let Some(d) = cx.delta(t.account_id) {
        d.unread += 1;
        d.unread_threads += 1;
    }
    cx.thread_changed(&t, &account);
    Ok(Reply::default())
}
