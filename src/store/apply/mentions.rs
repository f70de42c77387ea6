//! Whom notes call, kept for each: found again until it was read.

use super::Context;
use crate::model::event::{Actor, Event};
use crate::model::ids::MessageId;
use crate::model::mention::is_same;
use crate::protocol::Changed;
use crate::store::StoreError;
use crate::store::writer::Reply;
use rusqlite::{Connection, params};

/// A note calls these, as their names are written in it; its author calls not themselves.
pub(super) fn call(conn: &Connection, note: i64, author: &str, who: &[String]) -> Result<(), StoreError> {
    for name in who.iter().filter(|name| !is_same(name, author)) {
        conn.prepare_cached("INSERT OR IGNORE INTO mentions(operator, message_id) VALUES(?1, ?2)")?
            .execute(params![name.to_lowercase(), note])?;
    }
    Ok(())
}

/// A note was written anew: who is not called any more need not read it, who was called before has read what they
/// have read.
pub(super) fn call_again(
    conn: &Connection,
    cx: &mut Context,
    note: i64,
    author: &str,
    who: &[String],
) -> Result<(), StoreError> {
    let mut st = conn.prepare_cached("SELECT operator FROM mentions WHERE message_id = ?1")?;
    let before: Vec<String> = st.query_map([note], |r| r.get(0))?.collect::<Result<_, _>>()?;
    for operator in before.into_iter().filter(|o| !who.iter().any(|name| is_same(name, o))) {
        conn.prepare_cached("DELETE FROM mentions WHERE operator = ?1 AND message_id = ?2")?
            .execute(params![operator, note])?;
        cx.changed(Changed::MentionsChanged { operator });
    }
    call(conn, note, author, who)
}

/// An operator has read notes that call them; with none named, all of them.
pub(super) fn read(
    conn: &Connection,
    cx: &mut Context,
    event: &Event,
    notes: &[MessageId],
) -> Result<Reply, StoreError> {
    let Actor::Operator(operator) = &event.actor else {
        return Err(StoreError::Rule("only an operator is called by notes".into()));
    };
    let name = operator.to_lowercase();
    let mut n = 0;
    if notes.is_empty() {
        n = conn
            .prepare_cached("UPDATE mentions SET read_at = ?2 WHERE operator = ?1 AND read_at IS NULL")?
            .execute(params![name, event.at])?;
    }
    for note in notes {
        n += conn
            .prepare_cached(
                "UPDATE mentions SET read_at = ?3 WHERE operator = ?1 AND read_at IS NULL \
                 AND message_id = (SELECT id FROM messages WHERE uid = ?2)",
            )?
            .execute(params![name, note.0, event.at])?;
    }
    if n > 0 {
        cx.changed(Changed::MentionsChanged { operator: operator.clone() });
    }
    Ok(Reply::default())
}
