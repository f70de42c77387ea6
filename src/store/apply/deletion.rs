//! A conversation is deleted: first it is nobody's any more, then what it holds goes bit by bit.
//!
//! The first step takes the conversation away from its contact and everything that leads to it, in one transaction. What
//! is left is a nameless rest that loses its oldest messages step by step, so that no webhook waits long, and that goes on
//! after a crash where it was. Every id that the provider may name again is remembered as gone.

use super::{Context, files, numbers, people, reading, thread_by_uid, tidy, words};
use crate::clock::Millis;
use crate::model::event::Event;
use crate::model::ids::{ContactId, MessageId, ThreadId};
use crate::protocol::Changed;
use crate::store::StoreError;
use crate::store::webhooks::row_at;
use crate::store::writer::Reply;
use memchr::memmem::Finder;
use rusqlite::{Connection, OptionalExtension, params};

/// Messages removed in one step.
const STEP: i64 = 250;
/// Raw webhooks looked at in one step, and bytes of them.
const LOOK: i64 = 2_000;
const LOOK_BYTES: i64 = 8 << 20;
/// Shorter names of people than this are not looked for in raw webhooks: they are in everything.
const NAME_MIN: usize = 6;

/// Whether something is remembered as deleted.
pub(super) fn is_gone(conn: &Connection, cx: &Context, uid: [u8; 16]) -> Result<bool, StoreError> {
    if !cx.gone {
        return Ok(false);
    }
    Ok(conn.prepare_cached("SELECT 1 FROM gone WHERE uid = ?1")?.exists([uid])?)
}

/// Whether anything was ever deleted: only then it has to be asked.
pub(super) fn any_gone(conn: &Connection) -> Result<bool, StoreError> {
    Ok(conn.prepare_cached("SELECT EXISTS(SELECT 1 FROM gone)")?.query_row([], |r| r.get(0))?)
}

fn remember(conn: &Connection, uid: [u8; 16]) -> Result<(), StoreError> {
    conn.prepare_cached("INSERT OR IGNORE INTO gone(uid) VALUES(?1)")?.execute([uid])?;
    Ok(())
}

/// An operator deletes a conversation.
pub(super) fn delete(
    conn: &Connection,
    cx: &mut Context,
    event: &Event,
    thread: ThreadId,
) -> Result<Reply, StoreError> {
    let t = thread_by_uid(conn, thread)?;
    let account = cx.account_by_row(t.account_id)?;
    let flying = conn
        .prepare_cached("SELECT 1 FROM outbox WHERE thread_id = ?1 AND state = 'sending'")?
        .exists([t.id])?;
    if flying {
        return Err(StoreError::Rule("a message of it is on the wire: wait until it has arrived".into()));
    }
    reading::read(conn, cx, t.uid, Millis::MAX, None)?;
    for sql in [
        "UPDATE outbox SET state = 'cancelled', hold = '' WHERE thread_id = ?1 AND state = 'queued'",
        "DELETE FROM drafts WHERE thread_id = ?1",
        "DELETE FROM thread_labels WHERE thread_id = ?1",
    ] {
        conn.prepare_cached(sql)?.execute([t.id])?;
    }
    numbers::forget(conn, t.id)?;
    let search: String =
        conn.prepare_cached("SELECT search FROM threads WHERE id = ?1")?.query_row([t.id], |r| r.get(0))?;
    people::index_title(conn, t.id, Some(&search), None)?;
    // The customer's next message begins a new conversation at once: this one is of nobody.
    let nobody = ContactId::derived(&["deleted", &event.id.to_string()]);
    conn.prepare_cached("INSERT INTO contacts(uid, scope, created_at) VALUES(?1, '', ?2)")?
        .execute(params![nobody.0, event.at])?;
    let nobody_row = conn.last_insert_rowid();
    let rest = ThreadId::derived(&["deleted", &event.id.to_string()]);
    conn.prepare_cached(
        "UPDATE threads SET uid = ?2, contact_id = ?3, contact_uid = ?4, title = 'deleted conversation', phone = NULL, \
         search = '', last_text = '', state = 2, snooze = NULL, snooze_until = NULL, woken_at = NULL, assignee = NULL, \
         draft = 0, window_until = NULL, peer = NULL WHERE id = ?1",
    )?
    .execute(params![t.id, rest.0, nobody_row, nobody.0])?;
    conn.prepare_cached(
        "INSERT INTO deletions(thread_id, account_id, contact_id, uid, began) VALUES(?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![t.id, t.account_id, t.contact_id, t.uid.0, cx.now])?;
    remember(conn, t.uid.0)?;
    cx.gone = true;
    cx.changed(Changed::ThreadChanged { thread: t.uid, account: account.key.clone() });
    // Whoever shows anything of it asks again.
    cx.changed(Changed::Resync);
    cx.changed(Changed::StatusChanged);
    erase(conn, cx, t.uid)
}

struct Rest {
    thread: i64,
    account: i64,
    contact: i64,
    began: Millis,
    messages: i64,
    webhooks: i64,
    webhook: i64,
}

/// Takes the next bit of a deleted conversation away.
pub(super) fn erase(conn: &Connection, cx: &mut Context, thread: ThreadId) -> Result<Reply, StoreError> {
    let rest = conn
        .prepare_cached(
            "SELECT thread_id, account_id, contact_id, began, messages, webhooks, webhook FROM deletions WHERE uid = ?1",
        )?
        .query_row([thread.0], |r| {
            Ok(Rest {
                thread: r.get(0)?,
                account: r.get(1)?,
                contact: r.get(2)?,
                began: r.get(3)?,
                messages: r.get(4)?,
                webhooks: r.get(5)?,
                webhook: r.get(6)?,
            })
        })
        .optional()?;
    let Some(rest) = rest else { return Ok(Reply::default()) };
    let more = if rest.webhook == 0 {
        messages(conn, cx, &rest)?;
        true
    } else {
        webhooks(conn, cx, thread, &rest)?
    };
    Ok(Reply { more, ..Reply::default() })
}

/// Removes the oldest messages, then the conversation itself.
fn messages(conn: &Connection, cx: &mut Context, rest: &Rest) -> Result<(), StoreError> {
    let account = cx.account_by_row(rest.account)?;
    let mut st = conn.prepare_cached(
        "SELECT id, uid, text, provider_id, state IN ('failed','unknown') AND dismissed = 0 FROM messages \
         WHERE thread_id = ?1 ORDER BY at, id LIMIT ?2",
    )?;
    type Found = (i64, [u8; 16], String, Option<String>, bool);
    let found: Vec<Found> = st
        .query_map([rest.thread, STEP], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?)))?
        .collect::<Result<_, _>>()?;
    let mut failed = 0;
    for (row, uid, text, provider_id, bad) in &found {
        remember(conn, *uid)?;
        if let Some(id) = provider_id {
            remember(conn, MessageId::of_provider(&account.key, id).0)?;
        }
        conn.prepare_cached("UPDATE outbox SET quote_id = NULL WHERE quote_id = ?1")?.execute([row])?;
        for column in ["message_id", "target_id"] {
            let sends: Vec<i64> = conn
                .prepare_cached(&format!("SELECT id FROM outbox WHERE {column} = ?1"))?
                .query_map([row], |r| r.get(0))?
                .collect::<Result<_, _>>()?;
            for send in sends {
                remove_send(conn, &account.key, send)?;
            }
        }
        for sql in
            ["DELETE FROM reactions WHERE message_id = ?1", "DELETE FROM versions WHERE message_id = ?1"]
        {
            conn.prepare_cached(sql)?.execute([row])?;
        }
        let n = conn.prepare_cached("DELETE FROM open_quotes WHERE message_id = ?1")?.execute([row])?;
        cx.open_quotes -= n as i64;
        let n = conn.prepare_cached("DELETE FROM early WHERE key = ?1")?.execute([uid])?;
        cx.early -= n as i64;
        words::remove(conn, *row, text)?;
        conn.prepare_cached("DELETE FROM messages WHERE id = ?1")?.execute([row])?;
        failed += i64::from(*bad);
    }
    rewind(conn, cx)?;
    let n = found.len() as i64;
    conn.prepare_cached("UPDATE deletions SET messages = messages + ?2 WHERE thread_id = ?1")?
        .execute([rest.thread, n])?;
    if n == STEP {
        conn.prepare_cached("UPDATE threads SET failed = failed - ?2 WHERE id = ?1")?
            .execute([rest.thread, failed])?;
        return Ok(());
    }
    // Sends that are no message and whose target never came.
    let sends: Vec<i64> = conn
        .prepare_cached("SELECT id FROM outbox WHERE thread_id = ?1")?
        .query_map([rest.thread], |r| r.get(0))?
        .collect::<Result<_, _>>()?;
    for send in sends {
        remove_send(conn, &account.key, send)?;
    }
    let nobody: i64 = conn
        .prepare_cached("SELECT contact_id FROM threads WHERE id = ?1")?
        .query_row([rest.thread], |r| r.get(0))?;
    conn.prepare_cached("DELETE FROM threads WHERE id = ?1")?.execute([rest.thread])?;
    conn.prepare_cached("DELETE FROM contacts WHERE id = ?1")?.execute([nobody])?;
    if let Some(d) = cx.delta(rest.account) {
        d.threads -= 1;
    }
    let first: i64 =
        conn.prepare_cached("SELECT coalesce(min(id), 1) FROM webhooks")?.query_row([], |r| r.get(0))?;
    conn.prepare_cached("UPDATE deletions SET webhook = ?2 WHERE thread_id = ?1")?
        .execute([rest.thread, first])?;
    cx.changed(Changed::AccountChanged { account: account.key });
    Ok(())
}

/// The newest messages may be among those that went, and their row numbers are used again: what is remembered of “up to
/// this row” must not reach beyond the end.
fn rewind(conn: &Connection, cx: &mut Context) -> Result<(), StoreError> {
    let newest: i64 =
        conn.prepare_cached("SELECT coalesce(max(id), 0) FROM messages")?.query_row([], |r| r.get(0))?;
    if words::upto(conn)? > newest {
        words::set_upto(conn, newest)?;
    }
    if tidy::parts_upto(conn)? > newest {
        tidy::set_parts_upto(conn, newest)?;
    }
    numbers::rewind(conn, newest)?;
    cx.newest = newest;
    cx.words_upto = cx.words_upto.min(newest);
    Ok(())
}

/// Removes a send with its attempts. What the provider called it is remembered.
fn remove_send(
    conn: &Connection,
    account: &crate::model::ids::AccountId,
    send: i64,
) -> Result<(), StoreError> {
    let uid: [u8; 16] =
        conn.prepare_cached("SELECT uid FROM outbox WHERE id = ?1")?.query_row([send], |r| r.get(0))?;
    remember(conn, uid)?;
    files::forgotten(conn, uid)?;
    let ids: Vec<String> = conn
        .prepare_cached(
            "SELECT provider_id FROM attempts WHERE outbox_id = ?1 AND provider_id IS NOT NULL \
             UNION SELECT m.provider_id FROM outbox o JOIN messages m ON m.id = o.message_id \
             WHERE o.id = ?1 AND m.provider_id IS NOT NULL",
        )?
        .query_map([send], |r| r.get(0))?
        .collect::<Result<_, _>>()?;
    for id in ids {
        remember(conn, MessageId::of_provider(account, &id).0)?;
    }
    // Its keys are few, and so are sends that got more than one.
    let keys: Vec<[u8; 16]> = conn
        .prepare_cached("SELECT key FROM provider_ids WHERE outbox_id = ?1")?
        .query_map([send], |r| r.get(0))?
        .collect::<Result<_, _>>()?;
    for key in keys {
        remember(conn, key)?;
        conn.prepare_cached("DELETE FROM provider_ids WHERE key = ?1")?.execute([key])?;
    }
    conn.prepare_cached("DELETE FROM attempts WHERE outbox_id = ?1")?.execute([send])?;
    conn.prepare_cached("DELETE FROM outbox WHERE id = ?1")?.execute([send])?;
    Ok(())
}

/// Removes raw webhooks of before the deletion that name the customer and the account. Those that could not be applied
/// stay: they may hold what nobody has seen.
fn webhooks(conn: &Connection, cx: &mut Context, thread: ThreadId, rest: &Rest) -> Result<bool, StoreError> {
    let account = cx.account_by_row(rest.account)?;
    let names: Vec<String> = conn
        .prepare_cached("SELECT value FROM identities WHERE contact_id = ?1")?
        .query_map([rest.contact], |r| r.get(0))?
        .collect::<Result<_, _>>()?;
    let finders: Vec<Finder<'_>> =
        names.iter().filter(|n| n.len() >= NAME_MIN).map(|n| Finder::new(n.as_bytes())).collect();
    let number = Finder::new(account.number.as_bytes());
    let end = row_at(conn, "webhooks", "received_at", rest.began + 1)?;
    let (mut at, mut looked, mut bytes) = (rest.webhook, 0, 0);
    let mut gone: Vec<(i64, i64, i64)> = Vec::new();
    {
        let mut st = conn.prepare_cached(
            "SELECT id, account_id, state, body FROM webhooks WHERE id >= ?1 AND id < ?2 ORDER BY id",
        )?;
        let mut rows = st.query([rest.webhook, end])?;
        while looked < LOOK && bytes < LOOK_BYTES {
            let Some(r) = rows.next()? else { break };
            let body = r.get_ref(3)?.as_blob().map_err(|e| StoreError::Corrupt(e.to_string()))?;
            at = r.get::<_, i64>(0)? + 1;
            looked += 1;
            bytes += body.len() as i64;
            let applied = r.get_ref(2)?.as_str().is_ok_and(|s| s == "applied");
            if applied && number.find(body).is_some() && finders.iter().any(|f| f.find(body).is_some()) {
                gone.push((at - 1, r.get(1)?, body.len() as i64));
            }
        }
    }
    for (id, of, size) in &gone {
        conn.prepare_cached("DELETE FROM webhooks WHERE id = ?1")?.execute([id])?;
        if let Some(d) = cx.delta(*of) {
            d.webhook_bytes -= size;
        }
    }
    let total = rest.webhooks + gone.len() as i64;
    if looked == LOOK || bytes >= LOOK_BYTES {
        conn.prepare_cached("UPDATE deletions SET webhook = ?2, webhooks = ?3 WHERE thread_id = ?1")?
            .execute([rest.thread, at, total])?;
        return Ok(true);
    }
    conn.prepare_cached("DELETE FROM deletions WHERE thread_id = ?1")?.execute([rest.thread])?;
    let left = format!("{thread} {} messages, {total} raw webhooks", rest.messages);
    cx.audit(conn, "thread_erased", &left)?;
    Ok(false)
}
