//! Notes: rows among the messages, so that they are paged, searched and shown with them.
//!
//! A note is no answer. The thread's place in the list, its preview, its counters and its window stay as they are.

use super::{Context, thread_by_uid, words};
use crate::model::delivery::DeliveryState;
use crate::model::event::{Actor, Event};
use crate::model::ids::{MessageId, ThreadId};
use crate::model::message::{Body, Origin};
use crate::model::outgoing::check_note;
use crate::protocol::Changed;
use crate::store::StoreError;
use crate::store::writer::Reply;
use rusqlite::{Connection, params};

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
    let json = |e: serde_json::Error| StoreError::Rule(e.to_string());
    let body = Body::Note { text: text.to_owned() };
    let origin = Origin::Operator(author.clone());
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
    if added > 0 {
        words::add(conn, conn.last_insert_rowid(), text)?;
        cx.changed(Changed::MessageStored { thread: t.uid, message: note, inbound: false });
    }
    Ok(Reply { thread: Some(t.uid), ..Reply::default() })
}
