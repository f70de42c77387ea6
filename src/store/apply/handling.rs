//! What operators do with threads: states, assignees, priorities, labels; and what wakes a thread again.
//!
//! The last writer wins. Every thread that changes gets an audit row.

use super::{Context, ThreadState, reading, thread_by_uid};
use crate::clock::Millis;
use crate::model::event::Event;
use crate::model::handling::{
    Act, BEFORE_WINDOW, LABELS_MAX, Label, Nap, Priority, Snooze, State, THREAD_LABELS_MAX, Wait,
};
use crate::model::ids::{LabelId, ThreadId};
use crate::protocol::Changed;
use crate::store::StoreError;
use crate::store::writer::Reply;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeSet;

/// Puts a thread into a state; whether that changed anything.
fn set_state(
    conn: &Connection,
    thread: i64,
    state: State,
    snooze: Option<Snooze>,
) -> Result<bool, StoreError> {
    let n = conn
        .prepare_cached(
            "UPDATE threads SET state = ?2, snooze = ?3, snooze_until = ?4, woken_at = NULL WHERE id = ?1 \
             AND (state, snooze, snooze_until, woken_at) IS NOT (?2, ?3, ?4, NULL)",
        )?
        .execute(params![
            thread,
            state.number(),
            snooze.map(|s| s.wait.number()),
            snooze.and_then(|s| s.until)
        ])?;
    Ok(n > 0)
}

pub(super) fn assign(conn: &Connection, thread: i64, to: Option<&str>) -> Result<bool, StoreError> {
    let n = conn
        .prepare_cached("UPDATE threads SET assignee = ?2 WHERE id = ?1 AND assignee IS NOT ?2")?
        .execute(params![thread, to])?;
    Ok(n > 0)
}

fn prioritise(conn: &Connection, thread: i64, priority: Priority) -> Result<bool, StoreError> {
    let n = conn
        .prepare_cached("UPDATE threads SET priority = ?2 WHERE id = ?1 AND priority <> ?2")?
        .execute(params![thread, priority.number()])?;
    Ok(n > 0)
}

fn label(conn: &Connection, thread: i64, add: &[i64], remove: &[i64]) -> Result<bool, StoreError> {
    let mut n = 0;
    for id in remove {
        n += conn
            .prepare_cached("DELETE FROM thread_labels WHERE thread_id = ?1 AND label_id = ?2")?
            .execute([thread, *id])?;
    }
    for id in add {
        n += conn
            .prepare_cached("INSERT OR IGNORE INTO thread_labels(thread_id, label_id) VALUES(?1, ?2)")?
            .execute([thread, *id])?;
    }
    let all: i64 = conn
        .prepare_cached("SELECT count(*) FROM thread_labels WHERE thread_id = ?1")?
        .query_row([thread], |r| r.get(0))?;
    if n > 0 && all > THREAD_LABELS_MAX as i64 {
        return Err(StoreError::Rule(format!("a thread has at most {THREAD_LABELS_MAX} labels")));
    }
    Ok(n > 0)
}

/// The local numbers of labels.
fn label_rows(conn: &Connection, ids: &[LabelId]) -> Result<Vec<i64>, StoreError> {
    ids.iter()
        .map(|id| {
            conn.prepare_cached("SELECT id FROM labels WHERE uid = ?1")?
                .query_row([id.0], |r| r.get(0))
                .optional()?
                .ok_or(StoreError::Missing("this label"))
        })
        .collect()
}

/// When a thread that is to sleep wakes; `None` where it cannot sleep like that.
fn snooze(nap: Nap, t: &ThreadState, now: Millis) -> Option<Snooze> {
    let until = match nap {
        Nap::Reply => return Some(Snooze { wait: Wait::Reply, until: None }),
        Nap::Time { at } => Snooze { wait: Wait::Time, until: Some(at) },
        Nap::Window => Snooze { wait: Wait::Window, until: Some(t.window_until? - BEFORE_WINDOW) },
    };
    Some(until).filter(|s| s.until > Some(now))
}

/// An operator does one thing to threads. Those that are gone, or cannot sleep until the time, are left as they are
/// and counted; when that is all of them, it is refused.
pub(super) fn act(
    conn: &Connection,
    cx: &mut Context,
    event: &Event,
    threads: &[ThreadId],
    act: &Act,
) -> Result<Reply, StoreError> {
    let (add, remove) = match act {
        // A label that is gone is off already.
        Act::Label { add, remove } => {
            let off: Vec<i64> = remove.iter().filter_map(|l| label_rows(conn, &[*l]).ok()?.pop()).collect();
            (label_rows(conn, add)?, off)
        }
        _ => Default::default(),
    };
    let mut left = 0;
    let mut refused = None;
    let mut seen = BTreeSet::new();
    for uid in threads {
        let t = match thread_by_uid(conn, *uid) {
            Ok(t) => t,
            Err(StoreError::Missing(what)) => {
                left += 1;
                refused = Some(StoreError::Missing(what));
                continue;
            }
            Err(e) => return Err(e),
        };
        if !seen.insert(t.id) {
            continue;
        }
        let changed = match act {
            Act::Resolve => set_state(conn, t.id, State::Resolved, None)?,
            Act::Reopen => set_state(conn, t.id, State::Open, None)?,
            Act::Snooze { nap } => {
                if let Some(s) = snooze(*nap, &t, event.at) {
                    set_state(conn, t.id, State::Snoozed, Some(s))?
                } else {
                    left += 1;
                    refused = Some(StoreError::Rule(match nap {
                        Nap::Window => "the window is closed, or closes in less than an hour".into(),
                        _ => "this time has passed".into(),
                    }));
                    false
                }
            }
            Act::Assign { to } => assign(conn, t.id, to.as_deref())?,
            Act::Priority { priority } => prioritise(conn, t.id, *priority)?,
            Act::Label { .. } => label(conn, t.id, &add, &remove)?,
            // These say by themselves what changed.
            Act::Read => {
                reading::read(conn, cx, t.uid, t.last_at.max(event.at), None)?;
                false
            }
            Act::Unread => {
                reading::unread(conn, cx, t.uid)?;
                false
            }
            Act::Restore { state, snooze } => {
                // What has become due meanwhile does not sleep on, and only what sleeps has a time to wake.
                let asleep = *state == State::Snoozed && snooze.is_some();
                let due = snooze.and_then(|s| s.until).is_some_and(|until| until <= event.at);
                match state {
                    State::Snoozed if asleep && !due => set_state(conn, t.id, State::Snoozed, *snooze)?,
                    State::Resolved => set_state(conn, t.id, State::Resolved, None)?,
                    _ => set_state(conn, t.id, State::Open, None)?,
                }
            }
        };
        if changed {
            if threads.len() > 1 {
                cx.audit(conn, act.word(), &act.subject(&[t.uid]))?;
            }
            let account = cx.account_by_row(t.account_id)?;
            cx.thread_changed(&t, &account);
        }
    }
    match refused {
        Some(why) if left == threads.len() => Err(why),
        _ => Ok(Reply { problems: left, ..Reply::default() }),
    }
}

/// Wakes threads that are due. The thread goes to the top of the list, as if something had come.
pub(super) fn wake(
    conn: &Connection,
    cx: &mut Context,
    at: Millis,
    threads: &[ThreadId],
) -> Result<Reply, StoreError> {
    for uid in threads {
        let t = match thread_by_uid(conn, *uid) {
            Ok(t) => t,
            Err(StoreError::Missing(_)) => continue,
            Err(e) => return Err(e),
        };
        let n = conn
            .prepare_cached(
                "UPDATE threads SET state = 0, snooze = NULL, snooze_until = NULL, woken_at = max(last_at, ?2), \
                 last_at = max(last_at, ?2) WHERE id = ?1 AND state = 1 AND snooze_until <= ?2",
            )?
            .execute(params![t.id, at])?;
        if n > 0 {
            cx.audit(conn, "thread_woken", &t.uid.to_string())?;
            let account = cx.account_by_row(t.account_id)?;
            cx.thread_changed(&t, &account);
            cx.changed(Changed::SnoozeEnded { thread: t.uid });
        }
    }
    Ok(Reply::default())
}

/// The customer wrote: whatever was thought about the thread, it is open.
pub(super) fn customer_wrote(conn: &Connection, cx: &mut Context, t: &ThreadState) -> Result<(), StoreError> {
    if set_state(conn, t.id, State::Open, None)? {
        cx.audit(conn, "thread_reopened", &t.uid.to_string())?;
    }
    Ok(())
}

/// Two threads become one: it is open if one of them was, and nothing that was said about either is lost.
pub(super) fn join(conn: &Connection, into: i64, from: i64) -> Result<(), StoreError> {
    conn.prepare_cached(
        "UPDATE threads SET assignee = coalesce(threads.assignee, f.assignee), priority = max(threads.priority, f.priority) \
         FROM (SELECT assignee, priority FROM threads WHERE id = ?2) f WHERE threads.id = ?1",
    )?
    .execute([into, from])?;
    let states = |id: i64| -> Result<i64, StoreError> {
        Ok(conn
            .prepare_cached("SELECT state FROM threads WHERE id = ?1")?
            .query_row([id], |r| r.get::<_, i64>(0))?)
    };
    let (a, b) = (states(into)?, states(from)?);
    if b < a {
        // Open before snoozed before resolved: the one that asks for more counts.
        conn.prepare_cached(
            "UPDATE threads SET (state, snooze, snooze_until, woken_at) = \
             (SELECT state, snooze, snooze_until, woken_at FROM threads WHERE id = ?2) WHERE id = ?1",
        )?
        .execute([into, from])?;
    }
    conn.prepare_cached(
        "INSERT OR IGNORE INTO thread_labels(thread_id, label_id) SELECT ?1, label_id FROM thread_labels \
         WHERE thread_id = ?2",
    )?
    .execute([into, from])?;
    conn.prepare_cached("DELETE FROM thread_labels WHERE thread_id = ?1")?.execute([from])?;
    Ok(())
}

/// Creates or changes a label.
pub(super) fn save_label(conn: &Connection, cx: &mut Context, label: &Label) -> Result<Reply, StoreError> {
    let taken = conn
        .prepare_cached("SELECT 1 FROM labels WHERE name = ?2 COLLATE NOCASE AND uid <> ?1")?
        .exists(params![label.id.0, label.name])?;
    if taken {
        return Err(StoreError::Rule(format!("there is a label `{}` already", label.name)));
    }
    let others: i64 = conn
        .prepare_cached("SELECT count(*) FROM labels WHERE uid <> ?1")?
        .query_row([label.id.0], |r| r.get(0))?;
    if others >= LABELS_MAX as i64 {
        return Err(StoreError::Rule(format!("there are at most {LABELS_MAX} labels")));
    }
    conn.prepare_cached(
        "INSERT INTO labels(uid, name, color) VALUES(?1, ?2, ?3) \
         ON CONFLICT(uid) DO UPDATE SET name = excluded.name, color = excluded.color",
    )?
    .execute(params![label.id.0, label.name, label.color.number()])?;
    cx.changed(Changed::LabelsChanged);
    Ok(Reply::default())
}

/// Deletes a label; threads lose it.
pub(super) fn delete_label(conn: &Connection, cx: &mut Context, id: LabelId) -> Result<Reply, StoreError> {
    let row = label_rows(conn, &[id])?.pop().ok_or(StoreError::Missing("this label"))?;
    conn.prepare_cached("DELETE FROM thread_labels WHERE label_id = ?1")?.execute([row])?;
    conn.prepare_cached("DELETE FROM labels WHERE id = ?1")?.execute([row])?;
    cx.changed(Changed::LabelsChanged);
    Ok(Reply::default())
}
