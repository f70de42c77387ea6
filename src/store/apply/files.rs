//! Files that go out: what is known of them, what has them, and when they may go.
//!
//! The bytes are the engine's business. A row here is what makes a file exist: bytes without one are swept away.

use super::{Context, outbox::json};
use crate::clock::Millis;
use crate::model::event::Event;
use crate::model::ids::AccountId;
use crate::model::media::{FileFacts, FileHash};
use crate::model::outgoing::Outgoing;
use crate::model::quick_reply::QuickReply;
use crate::store::StoreError;
use crate::store::files::MAY_GO;
use crate::store::writer::Reply;
use rusqlite::{Connection, params};

/// Codes by which the provider says that it cannot use the file of a message: its id may be gone there.
const UNUSABLE: [i64; 4] = [33, 100, 131_009, 131_053];

/// The bytes of a file are in the data folder.
pub(super) fn stored(
    conn: &Connection,
    event: &Event,
    hash: FileHash,
    size: u64,
    facts: &FileFacts,
) -> Result<Reply, StoreError> {
    conn.prepare_cached(
        "INSERT INTO files(hash, size, facts, used_at) VALUES(?1, ?2, ?3, ?4) \
         ON CONFLICT(hash) DO UPDATE SET used_at = max(used_at, excluded.used_at)",
    )?
    .execute(params![hash.0, size as i64, json(facts)?, event.at])?;
    Ok(Reply::default())
}

fn used(conn: &Connection, at: Millis, hash: FileHash, uid: [u8; 16], reply: bool) -> Result<(), StoreError> {
    let known = conn
        .prepare_cached("UPDATE files SET used_at = max(used_at, ?2) WHERE hash = ?1")?
        .execute(params![hash.0, at])?;
    if known == 0 {
        return Err(StoreError::Rule("the file is not kept here any more: attach it again".into()));
    }
    conn.prepare_cached("INSERT OR IGNORE INTO file_uses(hash, uid, reply) VALUES(?1, ?2, ?3)")?
        .execute(params![hash.0, uid, reply])?;
    Ok(())
}

/// A send was queued: its file stays while it may be needed.
pub(super) fn sent(
    conn: &Connection,
    at: Millis,
    uid: [u8; 16],
    content: &Outgoing,
) -> Result<(), StoreError> {
    match content.stored_file() {
        Some(file) => used(conn, at, file.hash, uid, false),
        None => Ok(()),
    }
}

/// A quick reply was saved: its files stay as long as it does.
pub(super) fn kept(conn: &Connection, at: Millis, reply: &QuickReply) -> Result<(), StoreError> {
    forgotten(conn, reply.id.0)?;
    for file in reply.stored_files() {
        used(conn, at, file.hash, reply.id.0, true)?;
    }
    Ok(())
}

/// What had files is gone.
pub(super) fn forgotten(conn: &Connection, uid: [u8; 16]) -> Result<(), StoreError> {
    conn.prepare_cached("DELETE FROM file_uses WHERE uid = ?1")?.execute([uid])?;
    Ok(())
}

/// The provider has the file, under this id.
pub(super) fn handed_over(
    conn: &Connection,
    cx: &Context,
    at: Millis,
    account: &AccountId,
    hash: FileHash,
    provider_id: &str,
) -> Result<Reply, StoreError> {
    let account = cx.account(account)?;
    conn.prepare_cached(
        "INSERT INTO file_ids(hash, account_id, provider_id, at) VALUES(?1, ?2, ?3, ?4) \
         ON CONFLICT(hash, account_id) DO UPDATE SET provider_id = excluded.provider_id, at = excluded.at",
    )?
    .execute(params![hash.0, account.id, provider_id, at])?;
    Ok(Reply::default())
}

/// A message failed: where the provider could not use its file, the next attempt hands it over anew.
pub(super) fn failed(conn: &Connection, account: i64, content: &str, code: i64) -> Result<(), StoreError> {
    let may_have = content.starts_with(r#"{"type":"media""#) || content.starts_with(r#"{"type":"template""#);
    if !UNUSABLE.contains(&code) || !may_have {
        return Ok(());
    }
    if let Some(file) =
        serde_json::from_str::<Outgoing>(content).ok().as_ref().and_then(Outgoing::stored_file)
    {
        conn.prepare_cached("DELETE FROM file_ids WHERE hash = ?1 AND account_id = ?2")?
            .execute(params![file.hash.0, account])?;
    }
    Ok(())
}

/// Files that nothing needs any more go: those that were sent and not used since `before`, and those that were handed
/// over before `unused_before` and went nowhere.
pub(super) fn expire(conn: &Connection, before: Millis, unused_before: Millis) -> Result<Reply, StoreError> {
    conn.prepare_cached(&format!("DELETE FROM files WHERE {MAY_GO}"))?.execute([before, unused_before])?;
    for table in ["file_uses", "file_ids"] {
        conn.prepare_cached(&format!("DELETE FROM {table} WHERE hash NOT IN (SELECT hash FROM files)"))?
            .execute([])?;
    }
    Ok(Reply::default())
}
