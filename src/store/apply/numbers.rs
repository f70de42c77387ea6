//! Numbers for the lead, put together from messages and the activity log when the writer is idle: nothing here costs a
//! webhook anything. Both are read in the order of their times, a part at a time, from where the last look ended.

use crate::clock::Millis;
use crate::model::ids::ThreadId;
use crate::store::StoreError;
use crate::store::numbers::{ANSWERS, PHONE, QUARTER, RESOLUTIONS};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;

/// Messages looked at in one step, so that a webhook never waits long.
const MESSAGES: i64 = 500;
/// Rows of the activity log passed in one step.
const AUDIT: i64 = 5_000;
/// A send may be withdrawn for at most this long; it counts when that is over.
const SETTLES: Millis = 65_000;
/// What came longer after its time is history, and says nothing of how long anybody waited.
const HISTORY: Millis = 86_400_000;

/// One thing that happened.
enum Fact {
    Message { id: i64, thread: i64, account: i64, at: Millis, customer: bool, by: Option<String> },
    Resolved { seq: i64, thread: i64, account: i64, by: String },
    Reopened { thread: i64 },
}

/// Takes the next rows in; `true` when there are more.
pub(super) fn step(conn: &Connection, now: Millis) -> Result<bool, StoreError> {
    let (message, audit): (i64, i64) = conn
        .prepare_cached("SELECT message, audit FROM numbers_upto")?
        .query_row([], |r| Ok((r.get(0)?, r.get(1)?)))?;
    let (mut facts, messages_end, messages_upto) = messages(conn, message, now)?;
    let (acts, acts_end, acts_upto) = acts(conn, audit)?;
    facts.extend(acts);
    // What is behind the nearer of the two ends may still have something of the other before it.
    let end = messages_end.min(acts_end);
    facts.sort_by_key(|(at, ..)| *at);
    let mut upto = (messages_upto, acts_upto);
    let mut tallies = HashMap::new();
    for (at, seq, fact) in facts {
        if at > end {
            match fact {
                Fact::Message { .. } => upto.0 = upto.0.min(seq - 1),
                _ => upto.1 = upto.1.min(seq - 1),
            }
            continue;
        }
        take(conn, at, &fact, &mut tallies)?;
    }
    for ((quarter, account, operator), (received, sent)) in tallies {
        conn.prepare_cached(
            "INSERT INTO tallies(quarter, account_id, operator, received, sent) VALUES(?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT DO UPDATE SET received = received + excluded.received, sent = sent + excluded.sent",
        )?
        .execute(params![quarter, account, operator, received, sent])?;
    }
    if upto == (message, audit) {
        return Ok(false);
    }
    conn.prepare_cached("UPDATE numbers_upto SET message = ?1, audit = ?2")?.execute([upto.0, upto.1])?;
    Ok(true)
}

/// Facts with the time they were noted at, the time up to which they are complete, and the last row of them.
type Part = (Vec<(Millis, i64, Fact)>, Millis, i64);

fn messages(conn: &Connection, from: i64, now: Millis) -> Result<Part, StoreError> {
    let mut st = conn.prepare_cached(
        "SELECT m.id, m.thread_id, t.account_id, m.at, m.stored_at, m.inbound, m.state, m.origin, m.uid, m.late \
         FROM messages m LEFT JOIN threads t ON t.id = m.thread_id WHERE m.id > ?1 ORDER BY m.id LIMIT ?2",
    )?;
    let mut out = Vec::new();
    let (mut upto, mut end, mut n) = (from, Millis::MAX, 0);
    let mut rows = st.query(params![from, MESSAGES])?;
    while let Some(r) = rows.next()? {
        let (id, stored): (i64, Millis) = (r.get(0)?, r.get(4)?);
        let inbound: bool = r.get(5)?;
        let state = r.get_ref(6)?.as_str().unwrap_or_default();
        if state == "queued" && (stored..stored + SETTLES).contains(&now) {
            // It may still be withdrawn: everything behind it waits with it.
            end = stored - 1;
            break;
        }
        n += 1;
        upto = id;
        if n == MESSAGES {
            end = stored;
        }
        let Some(account) = r.get::<_, Option<i64>>(2)? else { continue };
        if matches!(state, "cancelled" | "noted") {
            continue;
        }
        let origin = r.get_ref(7)?.as_str_or_null().unwrap_or_default();
        let (customer, by) = author(inbound, origin);
        if !customer && by.is_none() {
            continue;
        }
        let mut at: Millis = r.get(3)?;
        if inbound && r.get::<_, Option<i64>>(9)?.is_some() {
            // Nobody can answer what has not come.
            at = stored;
        }
        if !inbound {
            let chosen: Option<Millis> = conn
                .prepare_cached("SELECT send_at FROM outbox WHERE uid = ?1")?
                .query_row([r.get::<_, Vec<u8>>(8)?], |r| r.get(0))
                .optional()?
                .flatten();
            at = chosen.unwrap_or(at);
        }
        if stored - at > HISTORY {
            continue;
        }
        out.push((stored, id, Fact::Message { id, thread: r.get(1)?, account, at, customer, by }));
    }
    Ok((out, end, upto))
}

/// Whether a customer wrote it, or which person of ours.
fn author(inbound: bool, origin: Option<&str>) -> (bool, Option<String>) {
    use crate::model::message::Origin;
    let origin = origin.and_then(|o| serde_json::from_str::<Origin>(o).ok());
    match (inbound, origin) {
        (true, None | Some(Origin::Customer(_))) => (true, None),
        (false, Some(Origin::Operator(name))) => (false, Some(name)),
        (false, Some(Origin::Phone)) => (false, Some(PHONE.to_owned())),
        _ => (false, None),
    }
}

fn acts(conn: &Connection, from: i64) -> Result<Part, StoreError> {
    let last: Option<(i64, Millis)> = conn
        .prepare_cached("SELECT id, at FROM audit WHERE id <= ?1 ORDER BY id DESC LIMIT 1")?
        .query_row([from + AUDIT], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?
        .filter(|(id, _)| *id > from);
    let Some((upto, at)) = last else {
        // A gap that retention left, or the end.
        let next: Option<i64> = conn
            .prepare_cached("SELECT min(id) FROM audit WHERE id > ?1")?
            .query_row([from], |r| r.get(0))?;
        return Ok((Vec::new(), Millis::MAX, next.map_or(from, |id| id - 1)));
    };
    let newest: i64 =
        conn.prepare_cached("SELECT coalesce(max(id), 0) FROM audit")?.query_row([], |r| r.get(0))?;
    let end = if upto < newest { at } else { Millis::MAX };
    let mut st = conn.prepare_cached(
        "SELECT id, at, actor, action, subject FROM audit WHERE id > ?1 AND id <= ?2 \
         AND action IN ('thread_resolved', 'thread_reopened', 'thread_restored') ORDER BY id",
    )?;
    let mut out = Vec::new();
    let mut rows = st.query([from, upto])?;
    while let Some(r) = rows.next()? {
        let subject = r.get_ref(4)?.as_str().unwrap_or_default();
        let (uid, detail) = subject.split_once(' ').unwrap_or((subject, ""));
        // The row of several threads together; each has one of its own.
        let Ok(uid) = uid.parse::<ThreadId>() else { continue };
        let found: Option<(i64, i64)> = conn
            .prepare_cached(
                "SELECT id, account_id FROM threads WHERE uid = coalesce((SELECT target FROM joined WHERE uid = ?1), ?1)",
            )?
            .query_row([uid.0], |r| Ok((r.get(0)?, r.get(1)?)))
            .optional()?;
        let Some((thread, account)) = found else { continue };
        let (seq, at): (i64, Millis) = (r.get(0)?, r.get(1)?);
        let resolved = match r.get_ref(3)?.as_str().unwrap_or_default() {
            "thread_resolved" => true,
            "thread_reopened" => false,
            // An undo tells what it led back to.
            _ if detail == "resolved" => continue,
            _ => false,
        };
        let fact = if resolved {
            Fact::Resolved { seq, thread, account, by: r.get(2)? }
        } else {
            Fact::Reopened { thread }
        };
        out.push((at, seq, fact));
    }
    Ok((out, end, upto))
}

fn wait(conn: &Connection, thread: i64) -> Result<(Option<Millis>, Option<Millis>), StoreError> {
    Ok(conn
        .prepare_cached("SELECT since, opened FROM waits WHERE thread_id = ?1")?
        .query_row([thread], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?
        .unwrap_or_default())
}

fn set(
    conn: &Connection,
    thread: i64,
    since: Option<Millis>,
    opened: Option<Millis>,
) -> Result<(), StoreError> {
    conn.prepare_cached(
        "INSERT INTO waits(thread_id, since, opened) VALUES(?1, ?2, ?3) \
         ON CONFLICT DO UPDATE SET since = excluded.since, opened = excluded.opened",
    )?
    .execute(params![thread, since, opened])?;
    Ok(())
}

fn span(
    conn: &Connection,
    kind: i64,
    at: Millis,
    seq: i64,
    account: i64,
    by: &str,
    took: Option<Millis>,
) -> Result<(), StoreError> {
    conn.prepare_cached(
        "INSERT OR IGNORE INTO spans(kind, at, seq, account_id, operator, took) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![kind, at, seq, account, by, took.filter(|t| *t >= 0)])?;
    Ok(())
}

type Tallies = HashMap<(Millis, i64, String), (i64, i64)>;

fn take(conn: &Connection, noted: Millis, fact: &Fact, tallies: &mut Tallies) -> Result<(), StoreError> {
    match fact {
        Fact::Message { id, thread, account, at, customer, by } => {
            let quarter = at.div_euclid(QUARTER);
            let tally = tallies.entry((quarter, *account, by.clone().unwrap_or_default())).or_default();
            let (since, opened) = wait(conn, *thread)?;
            if *customer {
                tally.0 += 1;
                if since.is_none() {
                    set(conn, *thread, Some(*at), opened)?;
                }
            } else if let Some(by) = by {
                tally.1 += 1;
                if let Some(since) = since {
                    span(conn, ANSWERS, *at, *id, *account, by, Some(at - since))?;
                    set(conn, *thread, None, opened)?;
                }
            }
        }
        Fact::Resolved { seq, thread, account, by } => {
            let (_, opened) = wait(conn, *thread)?;
            if opened == Some(0) {
                return Ok(());
            }
            let began = match opened {
                Some(at) => Some(at),
                None => conn
                    .prepare_cached("SELECT min(at) FROM messages WHERE thread_id = ?1 AND state <> 'noted'")?
                    .query_row([thread], |r| r.get(0))?,
            };
            span(conn, RESOLUTIONS, noted, *seq, *account, by, began.map(|b| noted - b))?;
            // What was left unanswered then is settled.
            set(conn, *thread, None, Some(0))?;
        }
        Fact::Reopened { thread } => {
            let (since, opened) = wait(conn, *thread)?;
            if opened.is_none_or(|o| o == 0) {
                set(conn, *thread, since, Some(noted))?;
            }
        }
    }
    Ok(())
}

/// Two threads become one: who waited longer still does.
pub(super) fn join(conn: &Connection, into: i64, from: i64) -> Result<(), StoreError> {
    conn.prepare_cached(
        "INSERT INTO waits(thread_id, since, opened) SELECT ?1, since, opened FROM waits WHERE thread_id = ?2 \
         ON CONFLICT DO UPDATE SET since = min(coalesce(since, excluded.since), coalesce(excluded.since, since))",
    )?
    .execute([into, from])?;
    forget(conn, from)
}

/// Messages behind this row are new again.
pub(super) fn rewind(conn: &Connection, newest: i64) -> Result<(), StoreError> {
    conn.prepare_cached("UPDATE numbers_upto SET message = ?1 WHERE message > ?1")?.execute([newest])?;
    Ok(())
}

/// A thread is gone: nothing waits in it.
pub(super) fn forget(conn: &Connection, thread: i64) -> Result<(), StoreError> {
    conn.prepare_cached("DELETE FROM waits WHERE thread_id = ?1")?.execute([thread])?;
    Ok(())
}
