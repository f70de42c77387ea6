//! Drafts: what somebody writes and has not sent, one for each operator, thread and mode.

use super::{Context, ThreadState, thread_by_uid};
use crate::model::event::{Actor, Event};
use crate::model::ids::ThreadId;
use crate::model::thread::DraftMode;
use crate::protocol::Changed;
use crate::store::StoreError;
use crate::store::writer::Reply;
use rusqlite::{Connection, OptionalExtension, params};

/// Longest draft kept, in bytes.
const DRAFT_MAX: usize = 64 * 1024;

/// Whether an operator has a draft in a thread.
fn has(conn: &Connection, thread: i64, operator: &str) -> Result<bool, StoreError> {
    Ok(conn
        .prepare_cached("SELECT 1 FROM drafts WHERE thread_id = ?1 AND operator IN ('', ?2)")?
        .exists(params![thread, operator])?)
}

/// Keeps a draft of the operator who writes it; an empty text removes it.
pub(super) fn save(
    conn: &Connection,
    cx: &mut Context,
    event: &Event,
    thread: ThreadId,
    mode: DraftMode,
    text: &str,
) -> Result<Reply, StoreError> {
    if text.len() > DRAFT_MAX {
        return Err(StoreError::Rule(format!(
            "the draft has {} bytes, {DRAFT_MAX} are kept at most",
            text.len()
        )));
    }
    let operator = match &event.actor {
        Actor::Operator(name) => name.as_str(),
        _ => "",
    };
    let t = thread_by_uid(conn, thread)?;
    put(conn, cx, &t, operator, mode, text, event.at)?;
    Ok(Reply::default())
}

fn put(
    conn: &Connection,
    cx: &mut Context,
    t: &ThreadState,
    operator: &str,
    mode: DraftMode,
    text: &str,
    at: i64,
) -> Result<(), StoreError> {
    let before = has(conn, t.id, operator)?;
    // What nobody owned is of whoever goes on with it.
    conn.prepare_cached("DELETE FROM drafts WHERE thread_id = ?1 AND mode = ?2 AND operator IN ('', ?3)")?
        .execute(params![t.id, mode.as_str(), operator])?;
    if !text.is_empty() {
        conn.prepare_cached(
            "INSERT INTO drafts(thread_id, mode, operator, text, updated_at) VALUES(?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![t.id, mode.as_str(), operator, text, at])?;
    }
    conn.prepare_cached(
        "UPDATE threads SET draft = d.n FROM (SELECT EXISTS(SELECT 1 FROM drafts WHERE thread_id = ?1) AS n) d \
         WHERE id = ?1 AND draft <> d.n",
    )?
    .execute([t.id])?;
    if before != has(conn, t.id, operator)? {
        let account = cx.account_by_row(t.account_id)?;
        cx.thread_changed(t, &account);
    }
    cx.changed(Changed::DraftChanged { thread: t.uid, by: operator.to_owned() });
    Ok(())
}

/// Takes the reply that somebody has begun out of a thread; empty where there is none.
pub(super) fn take(
    conn: &Connection,
    cx: &mut Context,
    t: &ThreadState,
    operator: &str,
    at: i64,
) -> Result<String, StoreError> {
    let reply = DraftMode::Reply;
    let found: Option<String> = conn
        .prepare_cached("SELECT text FROM drafts WHERE thread_id = ?1 AND mode = ?2 AND operator = ?3")?
        .query_row(params![t.id, reply.as_str(), operator], |r| r.get(0))
        .optional()?;
    if found.is_some() {
        put(conn, cx, t, operator, reply, "", at)?;
    }
    Ok(found.unwrap_or_default())
}
