//! How long rows of the activity log stay, and what is written about refused requests.

use super::{Context, first_chars};
use crate::clock::Millis;
use crate::store::StoreError;
use crate::store::chain::{ANCHORED, Hash, anchored};
use crate::store::webhooks::row_at;
use crate::store::writer::Reply;
use rusqlite::{Connection, params};

/// Rows removed in one step, so that nothing waits long for the writer.
const STEP: i64 = 1000;
/// Seats of rows that are gone stay this much longer; a seat is noted anew each day.
const SEATS: Millis = 2 * 86_400_000;
/// Characters of a refusal that are kept.
const WHY: usize = 200;

/// What the log says of a refused request.
pub(super) fn refused(request: &str, why: &str, times: u32) -> String {
    let again = if times > 1 { format!(" ({times} times)") } else { String::new() };
    format!("{}{again}: {}", first_chars(request, 40), first_chars(why, WHY))
}

/// Removes some of the oldest rows. The hash of the last one that goes becomes the anchor of the chain, and is said in
/// the log itself.
pub(super) fn expire(conn: &Connection, cx: &mut Context, before: Millis) -> Result<Reply, StoreError> {
    let (first, newest): (i64, i64) = conn
        .prepare_cached("SELECT coalesce(min(id), 0), coalesce(max(id), 0) FROM audit")?
        .query_row([], |r| Ok((r.get(0)?, r.get(1)?)))?;
    let end = row_at(conn, "audit", "at", before)?.min(newest);
    if first == 0 || first >= end {
        return Ok(Reply::default());
    }
    let last = end.min(first + STEP) - 1;
    let hash: Option<Hash> = conn
        .prepare_cached("SELECT hash FROM audit WHERE id <= ?1 ORDER BY id DESC LIMIT 1")?
        .query_row([last], |r| r.get(0))?;
    // Rows of before the chain go without a trace in it.
    if let Some(hash) = hash {
        conn.prepare_cached("UPDATE audit_chain SET anchor = ?1, anchor_hash = ?2 WHERE anchor < ?1")?
            .execute(params![last, hash])?;
    }
    let removed = conn.prepare_cached("DELETE FROM audit WHERE id <= ?1")?.execute([last])?;
    if let Some(hash) = hash {
        let removed = i64::try_from(removed).unwrap_or(i64::MAX);
        cx.audit(conn, ANCHORED, &anchored(removed, last, &hash))?;
    }
    let more = last + 1 < end;
    if !more {
        conn.prepare_cached("DELETE FROM seats WHERE at < ?1")?.execute([before - SEATS])?;
    }
    Ok(Reply { more, ..Reply::default() })
}
