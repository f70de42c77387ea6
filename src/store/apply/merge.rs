//! Two contacts become one, or one becomes two.
//!
//! A join moves everything: identities, threads, messages, drafts, what is in the outbox. Where both have a thread
//! on one account, the messages of the second go into the first one, and each of them remembers who was on its other
//! side. The ids of what is gone lead to what took its place.
//!
//! A split uses what the messages remember. It can separate what came from different identities, and what was
//! answered to them where the provider said whom it reached. It cannot divide the messages of one identity, nor a
//! draft, nor what was stored before identities were kept with messages: those stay.

use super::{AccountRow, Context, people};
use crate::clock::Millis;
use crate::model::contact::{Identity, IdentityKind};
use crate::model::ids::{ContactId, ThreadId};
use crate::model::window::{LENGTH, MARGIN};
use crate::protocol::Changed;
use crate::store::StoreError;
use crate::store::writer::Reply;
use rusqlite::{Connection, OptionalExtension, params};

/// What moving messages needs to know about a thread.
struct Moving {
    id: i64,
    uid: ThreadId,
    account: AccountRow,
    unread: i64,
    last_at: Millis,
    window_until: Option<Millis>,
    closed_at: Millis,
    read_at: Option<Millis>,
    peer: Option<i64>,
    search: String,
}

fn threads_of(conn: &Connection, cx: &Context, contact: i64) -> Result<Vec<Moving>, StoreError> {
    let mut st = conn.prepare_cached(
        "SELECT id, uid, account_id, unread, last_at, window_until, closed_at, read_at, peer, search \
         FROM threads WHERE contact_id = ?1 ORDER BY id",
    )?;
    let mut rows = st.query([contact])?;
    let mut out = Vec::new();
    while let Some(r) = rows.next()? {
        out.push(Moving {
            id: r.get(0)?,
            uid: crate::store::rows::thread_id(r, 1)?,
            account: cx.account_by_row(r.get(2)?)?,
            unread: r.get(3)?,
            last_at: r.get(4)?,
            window_until: r.get::<_, Option<Millis>>(5)?.filter(|u| *u > 0),
            closed_at: r.get(6)?,
            read_at: r.get(7)?,
            peer: r.get(8)?,
            search: r.get(9)?,
        });
    }
    Ok(out)
}

/// The identity that messages without one of their own are taken to be from.
fn default_peer(conn: &Connection, contact: i64) -> Result<Option<i64>, StoreError> {
    let all = crate::store::threads::identities(conn, contact)?;
    Ok(all.iter().find(|i| i.is_key()).map(Identity::fingerprint))
}

/// Who held `from` gets `to`.
fn lead(conn: &Connection, from: [u8; 16], to: [u8; 16]) -> Result<(), StoreError> {
    conn.prepare_cached("UPDATE joined SET target = ?2 WHERE target = ?1")?.execute([from, to])?;
    conn.prepare_cached("INSERT OR REPLACE INTO joined(uid, target) VALUES(?1, ?2)")?.execute([from, to])?;
    conn.prepare_cached("DELETE FROM joined WHERE uid = target")?.execute([])?;
    Ok(())
}

/// The newest message of a thread and its counters, written from the messages themselves.
fn recount(conn: &Connection, thread: i64, last_at: Millis) -> Result<(i64, i64), StoreError> {
    conn.prepare_cached(
        "UPDATE threads SET (last_row, last_uid, last_inbound, last_kind, last_text, last_state) = \
         (SELECT id, uid, inbound, kind, substr(text, 1, ?2), state FROM messages WHERE thread_id = ?1 \
          AND state <> 'noted' ORDER BY at DESC, id DESC LIMIT 1), \
         last_at = max(?3, (SELECT at FROM messages WHERE thread_id = ?1 AND state <> 'noted' ORDER BY at DESC, id DESC LIMIT 1)), \
         unread = (SELECT count(*) FROM messages WHERE thread_id = ?1 AND unread = 1), \
         failed = (SELECT count(*) FROM messages WHERE thread_id = ?1 AND state IN ('failed','unknown') AND dismissed = 0) \
         WHERE id = ?1 AND EXISTS(SELECT 1 FROM messages WHERE thread_id = ?1 AND state <> 'noted')",
    )?
    .execute(params![thread, super::PREVIEW as i64, last_at])?;
    Ok(conn
        .prepare_cached("SELECT unread, last_row FROM threads WHERE id = ?1")?
        .query_row([thread], |r| Ok((r.get(0)?, r.get(1)?)))?)
}

/// Puts the messages of `from` into `into`, which stays.
fn join_threads(conn: &Connection, cx: &mut Context, into: &Moving, from: &Moving) -> Result<(), StoreError> {
    conn.prepare_cached(
        "UPDATE messages SET thread_id = ?2, peer = coalesce(peer, ?3) WHERE thread_id = ?1",
    )?
    .execute(params![from.id, into.id, from.peer])?;
    conn.prepare_cached("UPDATE outbox SET thread_id = ?2 WHERE thread_id = ?1")?
        .execute([from.id, into.id])?;
    // Two drafts become one text; nothing that was typed is lost.
    conn.prepare_cached(
        "INSERT INTO drafts(thread_id, mode, operator, text, updated_at) \
         SELECT ?2, mode, operator, text, updated_at FROM drafts WHERE thread_id = ?1 \
         ON CONFLICT DO UPDATE SET text = text || char(10) || excluded.text, updated_at = max(updated_at, excluded.updated_at)",
    )?
    .execute([from.id, into.id])?;
    conn.prepare_cached("DELETE FROM drafts WHERE thread_id = ?1")?.execute([from.id])?;
    people::index_title(conn, from.id, Some(&from.search), None)?;
    super::handling::join(conn, into.id, from.id)?;
    super::numbers::join(conn, into.id, from.id)?;
    conn.prepare_cached("DELETE FROM threads WHERE id = ?1")?.execute([from.id])?;
    lead(conn, from.uid.0, into.uid.0)?;
    let closed_at = into.closed_at.max(from.closed_at);
    let until = into.window_until.max(from.window_until).filter(|u| u - LENGTH + MARGIN > closed_at);
    conn.prepare_cached(
        "UPDATE threads SET window_until = ?2, closed_at = ?3, read_at = ?4, \
         draft = EXISTS(SELECT 1 FROM drafts WHERE thread_id = ?1) WHERE id = ?1",
    )?
    .execute(params![into.id, until, closed_at, into.read_at.max(from.read_at)])?;
    let (unread, _) = recount(conn, into.id, into.last_at.max(from.last_at))?;
    if let Some(d) = cx.delta(into.account.id) {
        d.threads -= 1;
        d.unread_threads += i64::from(unread > 0) - i64::from(into.unread > 0) - i64::from(from.unread > 0);
    }
    super::content::requote_open(conn, cx, &into.account, into.id)?;
    cx.changed(Changed::ThreadJoined { thread: from.uid, into: into.uid, account: into.account.key.clone() });
    cx.changed(Changed::ThreadChanged { thread: into.uid, account: into.account.key.clone() });
    Ok(())
}

fn uid_of(conn: &Connection, contact: i64) -> Result<ContactId, StoreError> {
    Ok(conn
        .prepare_cached("SELECT uid FROM contacts WHERE id = ?1")?
        .query_row([contact], |r| crate::store::rows::contact_id(r, 0))?)
}

/// Makes one contact of two: `from` goes into `into`. `by` is named in the audit row.
pub(super) fn join(
    conn: &Connection,
    cx: &mut Context,
    into: i64,
    from: i64,
    by: &str,
) -> Result<(), StoreError> {
    let (into_uid, from_uid) = (uid_of(conn, into)?, uid_of(conn, from)?);
    let kept = threads_of(conn, cx, into)?;
    let moving = threads_of(conn, cx, from)?;
    // The newest news count for what a person has one of; a name is as new as the newest message with it.
    let heard = (people::last_heard(conn, into)?, people::last_heard(conn, from)?);
    let kept_peer = default_peer(conn, into)?;
    let from_peer = default_peer(conn, from)?;
    for mut t in moving {
        // Threads of an older version do not say who was on the other side: it was this contact.
        t.peer = t.peer.or(from_peer);
        if let Some(k) = kept.iter().find(|k| k.account.id == t.account.id) {
            conn.prepare_cached("UPDATE threads SET peer = ?2 WHERE id = ?1 AND peer IS NULL")?
                .execute(params![k.id, kept_peer])?;
            join_threads(conn, cx, k, &t)?;
        } else {
            conn.prepare_cached(
                "UPDATE threads SET contact_id = ?2, contact_uid = ?3, peer = ?4 WHERE id = ?1",
            )?
            .execute(params![t.id, into, into_uid.0, t.peer])?;
        }
    }
    let facts = |id: i64| -> Result<(String, String, Millis, bool, Millis, Millis), StoreError> {
        Ok(conn
            .prepare_cached(
                "SELECT name, profile_name, named_at, marketing_stop, stop_at, created_at FROM contacts WHERE id = ?1",
            )?
            .query_row([id], |r| {
                Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?, r.get(5)?))
            })?)
    };
    let (a, b) = (facts(into)?, facts(from)?);
    let name = if a.0.is_empty() { b.0 } else { a.0 };
    let (profile, named) = newer((a.1, a.2.max(heard.0)), (b.1, b.2.max(heard.1)));
    let (stop_at, stop) = (a.4, a.3).max((b.4, b.3));
    conn.prepare_cached("UPDATE identities SET contact_id = ?2 WHERE contact_id = ?1")?
        .execute([from, into])?;
    conn.prepare_cached(
        "DELETE FROM identities WHERE contact_id = ?1 AND kind = 'username' AND value <> \
         (SELECT value FROM identities WHERE contact_id = ?1 AND kind = 'username' ORDER BY since DESC, value LIMIT 1)",
    )?
    .execute([into])?;
    conn.prepare_cached("DELETE FROM apart WHERE a = ?1 OR b = ?1")?.execute([from])?;
    conn.prepare_cached("DELETE FROM contacts WHERE id = ?1")?.execute([from])?;
    conn.prepare_cached(
        "UPDATE contacts SET name = ?2, profile_name = ?3, named_at = ?4, marketing_stop = ?5, stop_at = ?6, \
         created_at = ?7 WHERE id = ?1",
    )?
    .execute(params![into, name, profile, named, stop, stop_at, a.5.min(b.5)])?;
    lead(conn, from_uid.0, into_uid.0)?;
    cx.audit(conn, "contacts_joined", &format!("{from_uid} into {into_uid} by {by}"))?;
    people::refresh(conn, cx, into)
}

/// The name with the newer time; of two with one time the greater one. An empty one never wins.
fn newer(a: (String, Millis), b: (String, Millis)) -> (String, Millis) {
    let key = |x: &(String, Millis)| (!x.0.is_empty(), x.1 / 1000, x.0.clone());
    if key(&b) > key(&a) { b } else { a }
}

fn contact_by_uid(conn: &Connection, uid: ContactId) -> Result<i64, StoreError> {
    conn.prepare_cached(
        "SELECT id FROM contacts WHERE uid = ?1 UNION ALL SELECT c.id FROM joined j JOIN contacts c \
         ON c.uid = j.target WHERE j.uid = ?1",
    )?
    .query_row([uid.0], |r| r.get(0))
    .optional()?
    .ok_or(StoreError::Missing("this contact"))
}

fn scope_of(conn: &Connection, contact: i64) -> Result<String, StoreError> {
    Ok(conn.prepare_cached("SELECT scope FROM contacts WHERE id = ?1")?.query_row([contact], |r| r.get(0))?)
}

/// An operator says that two contacts are one person.
pub(super) fn merge(
    conn: &Connection,
    cx: &mut Context,
    into: ContactId,
    from: ContactId,
    by: &str,
) -> Result<Reply, StoreError> {
    let (into, from) = (contact_by_uid(conn, into)?, contact_by_uid(conn, from)?);
    if into == from {
        return Err(StoreError::Rule("these are one contact already".into()));
    }
    if scope_of(conn, into)? != scope_of(conn, from)? {
        return Err(StoreError::Rule(
            "these contacts belong to different business accounts: only contacts of one can be joined".into(),
        ));
    }
    let group = |id: i64| -> Result<bool, StoreError> {
        Ok(crate::store::threads::identities(conn, id)?.iter().any(|i| i.kind == IdentityKind::Group))
    };
    if group(into)? || group(from)? {
        return Err(StoreError::Rule("a group is not a person: it cannot be joined with anybody".into()));
    }
    join(conn, cx, into, from, by)?;
    Ok(Reply::default())
}

/// An operator says that some identities of a contact are another person.
pub(super) fn split(
    conn: &Connection,
    cx: &mut Context,
    contact: ContactId,
    identities: &[Identity],
    new: ContactId,
    by: &str,
) -> Result<Reply, StoreError> {
    let old = contact_by_uid(conn, contact)?;
    let has = crate::store::threads::identities(conn, old)?;
    if let Some(other) = identities.iter().find(|i| !has.contains(i)) {
        return Err(StoreError::Rule(format!("{} is no identity of this contact", other.value)));
    }
    if !identities.iter().any(Identity::is_key) {
        return Err(StoreError::Rule("name at least one phone number or user id to take out".into()));
    }
    if !has.iter().any(|i| i.is_key() && !identities.contains(i)) {
        return Err(StoreError::Rule("at least one phone number or user id has to stay".into()));
    }
    let scope = scope_of(conn, old)?;
    conn.prepare_cached(
        "INSERT INTO contacts(uid, scope, profile_name, named_at, created_at) \
         SELECT ?2, scope, profile_name, named_at, ?3 FROM contacts WHERE id = ?1",
    )?
    .execute(params![old, new.0, cx.now])?;
    let made = conn.last_insert_rowid();
    for i in identities {
        conn.prepare_cached(
            "UPDATE identities SET contact_id = ?4, retired = 0 WHERE scope = ?1 AND kind = ?2 AND value = ?3",
        )?
        .execute(params![scope, i.kind.as_str(), i.value, made])?;
    }
    // What stays is current again when the newer identity of its kind has gone.
    for kind in ["phone", "bsuid"] {
        conn.prepare_cached(
            "UPDATE identities SET retired = 0 WHERE contact_id = ?1 AND kind = ?2 AND NOT EXISTS \
             (SELECT 1 FROM identities x WHERE x.contact_id = ?1 AND x.kind = ?2 AND x.retired = 0)",
        )?
        .execute(params![old, kind])?;
    }
    conn.prepare_cached("INSERT OR IGNORE INTO apart(a, b) VALUES(?1, ?2)")?
        .execute([old.min(made), old.max(made)])?;
    let taken: Vec<i64> = identities.iter().filter(|i| i.is_key()).map(Identity::fingerprint).collect();
    let stays = default_peer(conn, old)?;
    for t in threads_of(conn, cx, old)? {
        split_thread(conn, cx, &t, &taken, stays, (made, new))?;
    }
    cx.audit(conn, "contact_split", &format!("{new} from {contact} by {by}"))?;
    people::refresh(conn, cx, old)?;
    people::refresh(conn, cx, made)?;
    cx.changed(Changed::Resync);
    Ok(Reply::default())
}

/// Moves what came from the identities that left into a thread of the new contact.
fn split_thread(
    conn: &Connection,
    cx: &mut Context,
    t: &Moving,
    taken: &[i64],
    stays: Option<i64>,
    (contact, uid): (i64, ContactId),
) -> Result<(), StoreError> {
    let list = serde_json::to_string(taken).map_err(|e| StoreError::Rule(e.to_string()))?;
    let peer = t.peer.or(stays);
    let which = "thread_id = ?1 AND coalesce(peer, ?2) IN (SELECT value FROM json_each(?3))";
    let count: i64 = conn
        .prepare_cached(&format!("SELECT count(*) FROM messages WHERE {which}"))?
        .query_row(params![t.id, peer, list], |r| r.get(0))?;
    if count == 0 {
        return Ok(());
    }
    let rest: i64 = conn
        .prepare_cached("SELECT count(*) FROM messages WHERE thread_id = ?1")?
        .query_row([t.id], |r| r.get(0))?;
    if rest == count {
        conn.prepare_cached("UPDATE threads SET contact_id = ?2, contact_uid = ?3 WHERE id = ?1")?
            .execute(params![t.id, contact, uid.0])?;
        return Ok(());
    }
    let thread_uid = ThreadId::between(&t.account.key, uid);
    let made = people::make_thread(
        conn,
        cx,
        &t.account,
        (contact, uid),
        thread_uid,
        t.last_at,
        taken.first().copied(),
    )?;
    conn.prepare_cached(&format!(
        "UPDATE messages SET thread_id = ?4, peer = coalesce(peer, ?2) WHERE {which}"
    ))?
    .execute(params![t.id, peer, list, made.id])?;
    conn.prepare_cached(
        "UPDATE outbox SET thread_id = ?2 WHERE thread_id = ?1 AND EXISTS(SELECT 1 FROM messages m \
         WHERE m.id = coalesce(outbox.message_id, outbox.target_id) AND m.thread_id = ?2)",
    )?
    .execute([t.id, made.id])?;
    conn.prepare_cached("UPDATE threads SET peer = ?2 WHERE id = ?1")?.execute(params![
        t.id,
        // Messages without a peer of their own stayed only if the thread's was not taken.
        if peer.is_some_and(|p| taken.contains(&p)) { stays } else { peer }
    ])?;
    let mut unread_threads = -i64::from(t.unread > 0);
    for id in [t.id, made.id] {
        let (unread, _) = recount(conn, id, 0)?;
        unread_threads += i64::from(unread > 0);
        // The window is of the one who wrote.
        conn.prepare_cached(
            "UPDATE threads SET closed_at = ?2, read_at = ?3, window_until = (SELECT min(?4, max(m.at) + ?5) FROM messages m \
             WHERE m.thread_id = ?1 AND m.inbound = 1 AND m.origin IS NOT '{\"by\":\"system\"}' AND m.at > ?2) WHERE id = ?1",
        )?
        .execute(params![id, t.closed_at, t.read_at, t.window_until, LENGTH - MARGIN])?;
    }
    if let Some(d) = cx.delta(t.account.id) {
        d.unread_threads += unread_threads;
    }
    Ok(())
}
