//! The feed: one line for each thing that an event changed, in the order of the commits. Nothing is written while
//! nobody follows.

use super::Context;
use crate::clock::Millis;
use crate::model::event::Event;
use crate::protocol::Changed;
use crate::store::StoreError;
use crate::store::writer::Reply;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashSet;

/// Lines are kept this long.
const KEEP: Millis = 30 * 86_400_000;

/// Until when lines are written.
pub(super) fn until(conn: &Connection) -> Result<Millis, StoreError> {
    let found = conn.prepare_cached("SELECT until FROM feed_kept")?.query_row([], |r| r.get(0)).optional()?;
    Ok(found.unwrap_or(0))
}

/// Somebody follows: lines are written until then, and old ones go.
pub(super) fn keep(
    conn: &Connection,
    cx: &mut Context,
    event: &Event,
    until: Millis,
) -> Result<Reply, StoreError> {
    if cx.feed <= event.at {
        // What happened since the last line was not written: whoever comes from before learns that.
        insert(conn, event, &Line { kind: "gap", ..Line::default() })?;
    }
    cx.feed = until.max(cx.feed);
    conn.prepare_cached(
        "INSERT INTO feed_kept(id, until) VALUES(1, ?1) ON CONFLICT(id) DO UPDATE SET until = max(until, ?1)",
    )?
    .execute([until])?;
    conn.prepare_cached("DELETE FROM feed WHERE at < ?1 AND id < (SELECT max(id) FROM feed)")?
        .execute([event.at - KEEP])?;
    Ok(Reply::default())
}

#[derive(Default)]
struct Line<'a> {
    kind: &'a str,
    thread: Option<[u8; 16]>,
    message: Option<[u8; 16]>,
    other: Option<[u8; 16]>,
    state: Option<String>,
}

fn insert(conn: &Connection, event: &Event, line: &Line<'_>) -> Result<(), StoreError> {
    conn.prepare_cached(
        "INSERT INTO feed(at, actor, action, kind, thread, message, other, state) VALUES(?1,?2,?3,?4,?5,?6,?7,?8)",
    )?
    .execute(params![
        event.at,
        event.actor.label(),
        event.body.action(),
        line.kind,
        line.thread,
        line.message,
        line.other,
        line.state
    ])?;
    Ok(())
}

/// Writes down what an event changed: `changed` is what it added to the news of the transaction.
pub(super) fn note(conn: &Connection, cx: &Context, event: &Event, from: usize) -> Result<(), StoreError> {
    if cx.feed <= event.at {
        return Ok(());
    }
    let changed = cx.changed.get(from..).unwrap_or_default();
    // The past is no news: who follows would take thousands of old messages for new ones.
    let past = matches!(event.body, crate::model::event::EventBody::HistoryRead { .. });
    // A message brings its thread along: the thread gets a line of its own only when nothing else names it.
    let named: HashSet<_> = changed
        .iter()
        .filter_map(|c| match c {
            Changed::MessageStored { thread, .. } | Changed::MessageChanged { thread, .. } => Some(*thread),
            _ => None,
        })
        .collect();
    let mut state = conn.prepare_cached("SELECT state FROM messages WHERE uid = ?1")?;
    for change in changed {
        if past
            && matches!(change, Changed::MessageStored { inbound: false, .. } | Changed::ThreadChanged { .. })
        {
            continue;
        }
        let line = match change {
            Changed::MessageStored { thread, message, .. } | Changed::MessageChanged { thread, message } => {
                let new = matches!(change, Changed::MessageStored { .. });
                Line {
                    kind: if new { "message" } else { "message_changed" },
                    thread: Some(thread.0),
                    message: Some(message.0),
                    state: state.query_row([message.0], |r| r.get(0)).optional()?,
                    other: None,
                }
            }
            Changed::ThreadChanged { thread, .. } if !named.contains(thread) => {
                Line { kind: "thread", thread: Some(thread.0), ..Line::default() }
            }
            Changed::ThreadJoined { thread, into, .. } => {
                Line { kind: "thread_joined", thread: Some(into.0), other: Some(thread.0), ..Line::default() }
            }
            _ => continue,
        };
        insert(conn, event, &line)?;
    }
    Ok(())
}
