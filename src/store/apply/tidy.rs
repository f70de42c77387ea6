//! Work that is put off while the writer is busy: the indexes of words and of their parts, and the numbers.

use super::numbers;
use crate::clock::Millis;
use crate::store::StoreError;
use rusqlite::{Connection, OptionalExtension, params};

/// Messages indexed in one step, so that a webhook never waits long.
const STEP: i64 = 500;
/// Pages of the index of words that are merged in one step.
const MERGE: i64 = 64;

/// The newest message (row) that the index of word parts has.
pub(in crate::store) fn parts_upto(conn: &Connection) -> Result<i64, StoreError> {
    Ok(conn
        .prepare_cached("SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'parts_upto'")?
        .query_row([], |r| r.get(0))
        .optional()?
        .unwrap_or(0))
}

/// Remembers how far the index of word parts is.
pub(in crate::store) fn set_parts_upto(conn: &Connection, row: i64) -> Result<(), StoreError> {
    conn.prepare_cached(
        "INSERT INTO meta(key, value) VALUES('parts_upto', ?1) ON CONFLICT(key) DO UPDATE SET value = excluded.value",
    )?
    .execute(params![row.to_string()])?;
    Ok(())
}

/// Merges a few segments of the index of words; `true` when there may be more to merge.
fn merge_words(conn: &Connection) -> Result<bool, StoreError> {
    let before = conn.total_changes();
    conn.prepare_cached("INSERT INTO message_words(message_words, rank) VALUES('merge', ?1)")?
        .execute([MERGE])?;
    // FTS5 documents a difference below two as “nothing was done”.
    Ok(conn.total_changes() - before >= 2)
}

/// Takes the next messages into the numbers; indexes the next messages, then merges segments of the index of words, where
/// `all` is wanted. `true` when there is more to do.
pub fn tidy(conn: &mut Connection, now: Millis, all: bool) -> Result<bool, StoreError> {
    let tx = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let counted = numbers::step(&tx, now)?;
    let more = (all && step(&tx)?) || counted;
    tx.commit()?;
    Ok(more)
}

/// The same inside a transaction that is open.
pub(in crate::store) fn step(conn: &Connection) -> Result<bool, StoreError> {
    let words = super::words::upto(conn)?;
    if super::words::catch_up(conn, STEP)? > words {
        return Ok(true);
    }
    let from = parts_upto(conn)?;
    let mut last = from;
    let mut n = 0;
    {
        let mut read =
            conn.prepare_cached("SELECT id, text FROM messages WHERE id > ?1 ORDER BY id LIMIT ?2")?;
        let mut add = conn.prepare_cached("INSERT INTO message_parts(rowid, text) VALUES(?1, ?2)")?;
        let mut rows = read.query(params![from, STEP])?;
        while let Some(row) = rows.next()? {
            last = row.get(0)?;
            n += 1;
            let text: &str = row.get_ref(1)?.as_str().map_err(|e| StoreError::Corrupt(e.to_string()))?;
            if !text.is_empty() {
                add.execute(params![last, crate::model::message::searched_text(text)])?;
            }
        }
    }
    if n == 0 {
        return merge_words(conn);
    }
    set_parts_upto(conn, last)?;
    Ok(true)
}
