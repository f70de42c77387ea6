//! What was read and what was not.

use super::{Context, ThreadState, thread_by_uid};
use crate::clock::Millis;
use crate::model::ids::ThreadId;
use crate::store::StoreError;
use crate::store::writer::Reply;
use rusqlite::{Connection, OptionalExtension, params};

/// Marks the messages of a thread up to a time as read; how many that were. There is no index of unread messages
/// (every webhook would pay for it): the counter tells how many there are, and they are the newest.
fn read_messages(
    conn: &Connection,
    t: &ThreadState,
    upto: Millis,
    stored: Millis,
) -> Result<i64, StoreError> {
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
             AND at <= ?2 AND unread = 1 ORDER BY at DESC, id DESC LIMIT ?3) AND stored_at <= ?4",
        )?
        .execute(params![t.id, upto, t.unread - newer, stored])?;
    Ok(n as i64)
}

/// Marks a thread read up to a time, but for what was stored after `stored`.
pub(super) fn read(
    conn: &Connection,
    cx: &mut Context,
    thread: ThreadId,
    upto: Millis,
    stored: Option<Millis>,
) -> Result<Reply, StoreError> {
    let t = thread_by_uid(conn, thread)?;
    let n = read_messages(conn, &t, upto, stored.unwrap_or(Millis::MAX))?;
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
