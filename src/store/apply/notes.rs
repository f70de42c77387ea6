//! Notes: rows among the messages, so that they are paged, searched and shown with them.
//!
//! A note is no answer. The thread's place in the list, its preview, its counters and its window stay as they are.
//! Who wrote it may write it anew or delete it; what it said is kept, as with messages that were edited.

use super::{Context, ThreadState, content, mentions as called, thread_by_row, thread_by_uid};
use crate::model::delivery::DeliveryState;
use crate::model::event::{Actor, Event};
use crate::model::ids::{MessageId, ThreadId};
use crate::model::mention::{is_same, mentions};
use crate::model::message::{Body, Origin};
use crate::model::outgoing::check_note;
use crate::protocol::Changed;
use crate::store::StoreError;
use crate::store::writer::Reply;
use rusqlite::{Connection, OptionalExtension, params};

pub(super) fn add(
    conn: &Connection,
    cx: &mut Context,
    event: &Event,
    note: MessageId,
    thread: ThreadId,
    text: &str,
) -> Result<Reply, StoreError> {
    let Actor::Operator(author) = &event.actor else {
        return Err(StoreError::Rule("only an operator writes notes".into()));
    };
    check_note(text).map_err(|p| StoreError::Rule(p.to_string()))?;
    let t = thread_by_uid(conn, thread)?;
    if let Some(row) = put(conn, cx, event, &t, note, author, text)? {
        let who = mentions(text);
        called::call(conn, row, author, &who)?;
        if !who.is_empty() {
            cx.changed(Changed::Mentioned { thread: t.uid, by: author.clone(), who });
        }
    }
    Ok(Reply { thread: Some(t.uid), ..Reply::default() })
}

/// Puts a note of an operator into a thread; its row, unless it is there already.
pub(super) fn put(
    conn: &Connection,
    cx: &mut Context,
    event: &Event,
    t: &ThreadState,
    note: MessageId,
    author: &str,
    text: &str,
) -> Result<Option<i64>, StoreError> {
    let json = |e: serde_json::Error| StoreError::Rule(e.to_string());
    let body = Body::Note { text: text.to_owned() };
    let origin = Origin::Operator(author.to_owned());
    let added = conn
        .prepare_cached(
            "INSERT OR IGNORE INTO messages(uid, thread_id, at, stored_at, inbound, state, kind, text, body, origin) \
             VALUES(?1, ?2, ?3, ?4, 0, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            note.0,
            t.id,
            event.at,
            cx.now,
            DeliveryState::Noted.as_str(),
            body.kind(),
            text,
            serde_json::to_string(&body).map_err(json)?,
            serde_json::to_string(&origin).map_err(json)?,
        ])?;
    if added == 0 {
        return Ok(None);
    }
    cx.newest = conn.last_insert_rowid();
    cx.changed(Changed::MessageStored { thread: t.uid, message: note, inbound: false });
    Ok(Some(cx.newest))
}

/// The row of a note, and of its thread, that this operator wrote and nobody has deleted.
fn own(conn: &Connection, event: &Event, note: MessageId) -> Result<(i64, i64), StoreError> {
    let found: Option<(i64, i64, String, String)> = conn
        .prepare_cached("SELECT id, thread_id, kind, origin FROM messages WHERE uid = ?1 AND state = ?2")?
        .query_row(params![note.0, DeliveryState::Noted.as_str()], |r| {
            Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?))
        })
        .optional()?;
    let Some((id, thread, kind, origin)) = found else { return Err(StoreError::Missing("this note")) };
    if kind == "revoked" {
        return Err(StoreError::Rule("this note was deleted".into()));
    }
    let author: Origin =
        serde_json::from_str(&origin).map_err(|e| StoreError::Corrupt(format!("origin: {e}")))?;
    match (&author, &event.actor) {
        (Origin::Operator(author), Actor::Operator(me)) if author == me => Ok((id, thread)),
        (Origin::Operator(author), _) => {
            Err(StoreError::Rule(format!("{author} wrote this note, and nobody else changes it")))
        }
        _ => Err(StoreError::Rule("nobody here wrote this note".into())),
    }
}

pub(super) fn edit(
    conn: &Connection,
    cx: &mut Context,
    event: &Event,
    note: MessageId,
    text: &str,
) -> Result<Reply, StoreError> {
    check_note(text).map_err(|p| StoreError::Rule(p.to_string()))?;
    let (id, thread) = own(conn, event, note)?;
    let t = thread_by_row(conn, thread)?;
    let account = cx.account_by_row(t.account_id)?;
    let before: String =
        conn.prepare_cached("SELECT text FROM messages WHERE id = ?1")?.query_row([id], |r| r.get(0))?;
    content::change_row(conn, cx, &account, id, event.at, &Body::Note { text: text.to_owned() })?;
    // Who was called before is not called again.
    let before = mentions(&before);
    let now = mentions(text);
    called::call_again(conn, cx, id, event.actor.label(), &now)?;
    let who: Vec<String> = now.into_iter().filter(|name| !before.iter().any(|c| is_same(c, name))).collect();
    if !who.is_empty() {
        cx.changed(Changed::Mentioned { thread: t.uid, by: event.actor.label().to_owned(), who });
    }
    Ok(Reply { thread: Some(t.uid), ..Reply::default() })
}

pub(super) fn delete(
    conn: &Connection,
    cx: &mut Context,
    event: &Event,
    note: MessageId,
) -> Result<Reply, StoreError> {
    let (id, thread) = own(conn, event, note)?;
    let t = thread_by_row(conn, thread)?;
    let account = cx.account_by_row(t.account_id)?;
    content::revoke_row(conn, cx, &account, id)?;
    called::call_again(conn, cx, id, event.actor.label(), &[])?;
    Ok(Reply { thread: Some(t.uid), ..Reply::default() })
}
