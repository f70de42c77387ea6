//! Operators at work on the same conversations: taking over, giving out, letting go.

use super::handling::assign;
use super::{Context, ThreadState, drafts, notes, thread_by_row, thread_by_uid};
use crate::model::event::{Actor, Event};
use crate::model::ids::{MessageId, ThreadId};
use crate::model::outgoing::NOTE_MAX;
use crate::protocol::Changed;
use crate::store::StoreError;
use crate::store::writer::Reply;
use rusqlite::{Connection, params};

/// Most threads that one event lets go.
const RELEASED_MAX: usize = 500;
/// Room in a note for who handed it on, in characters.
const HEAD: usize = 200;

/// An operator takes a thread over: it is theirs, and the reply that the other one has begun becomes a note.
pub(super) fn take_over(
    conn: &Connection,
    cx: &mut Context,
    event: &Event,
    thread: ThreadId,
    from: Option<&str>,
    note: MessageId,
) -> Result<Reply, StoreError> {
    let Actor::Operator(me) = &event.actor else {
        return Err(StoreError::Rule("only an operator takes over".into()));
    };
    let t = thread_by_uid(conn, thread)?;
    if let Some(from) = from {
        let begun = drafts::take(conn, cx, &t, from, event.at)?;
        if !begun.trim().is_empty() {
            hand_on(conn, cx, event, &t, (from, me), &begun, note)?;
        }
        cx.changed(Changed::TakenOver { thread: t.uid, from: from.to_owned(), by: me.clone() });
    }
    if assign(conn, t.id, Some(me))? {
        cx.audit(conn, "thread_assigned", &format!("{} to {me}", t.uid))?;
        let account = cx.account_by_row(t.account_id)?;
        cx.thread_changed(&t, &account);
    }
    Ok(Reply { thread: Some(t.uid), ..Reply::default() })
}

/// What somebody had begun becomes a note of theirs; a long one several. It calls nobody: it was for the customer.
fn hand_on(
    conn: &Connection,
    cx: &mut Context,
    event: &Event,
    t: &ThreadState,
    (from, me): (&str, &str),
    begun: &str,
    note: MessageId,
) -> Result<(), StoreError> {
    let chars: Vec<char> = begun.trim_end().chars().collect();
    for (i, part) in chars.chunks(NOTE_MAX - HEAD).enumerate() {
        let uid =
            if i == 0 { note } else { MessageId::derived(&["handed_on", &note.to_string(), &i.to_string()]) };
        let part: String = part.iter().collect();
        let text = format!("Begun by {from}, taken over by {me}:\n{part}");
        notes::put(conn, cx, event, t, uid, from, &text)?;
    }
    Ok(())
}

/// The engine gives a thread to somebody, unless somebody has it by now.
pub(super) fn give(
    conn: &Connection,
    cx: &mut Context,
    event: &Event,
    thread: ThreadId,
    to: &str,
) -> Result<Reply, StoreError> {
    let t = thread_by_uid(conn, thread)?;
    let n = conn
        .prepare_cached("UPDATE threads SET assignee = ?2 WHERE id = ?1 AND assignee IS NULL")?
        .execute(params![t.id, to])?;
    if n > 0 {
        conn.prepare_cached(
            "INSERT INTO turns(operator, at) VALUES(?1, ?2) ON CONFLICT(operator) DO UPDATE SET at = max(at + 1, ?2)",
        )?
        .execute(params![to, event.at])?;
        cx.audit(conn, "thread_assigned", &format!("{} to {to}", t.uid))?;
        let account = cx.account_by_row(t.account_id)?;
        cx.thread_changed(&t, &account);
    }
    Ok(Reply { thread: Some(t.uid), problems: usize::from(n == 0), ..Reply::default() })
}

/// Somebody has left: their open threads are nobody's. Some at a time; the reply says whether there are more.
pub(super) fn release(conn: &Connection, cx: &mut Context, operator: &str) -> Result<Reply, StoreError> {
    let mut st = conn.prepare_cached("SELECT id FROM threads WHERE assignee = ?1 AND state = 0 LIMIT ?2")?;
    let ids: Vec<i64> =
        st.query_map(params![operator, RELEASED_MAX as i64], |r| r.get(0))?.collect::<Result<_, _>>()?;
    for id in &ids {
        let t = thread_by_row(conn, *id)?;
        if assign(conn, t.id, None)? {
            cx.audit(conn, "thread_assigned", &format!("{} to nobody", t.uid))?;
            let account = cx.account_by_row(t.account_id)?;
            cx.thread_changed(&t, &account);
        }
    }
    Ok(Reply { more: ids.len() == RELEASED_MAX, ..Reply::default() })
}
