//! Reading what is known of the files that go out.

use super::{Reader, StoreError};
use crate::clock::Millis;
use crate::model::ids::AccountId;
use crate::model::media::{FileFacts, FileHash};
use rusqlite::{OptionalExtension, params};
use std::collections::BTreeSet;

/// Files that nothing needs: not used since ?1, or since ?2 where they went nowhere. What a quick reply has and what is
/// still to be sent stays.
pub(super) const MAY_GO: &str = "(used_at < ?1 OR (used_at < ?2 AND NOT EXISTS(\
       SELECT 1 FROM file_uses u WHERE u.hash = files.hash))) \
     AND NOT EXISTS(SELECT 1 FROM file_uses u LEFT JOIN outbox o ON o.uid = u.uid WHERE u.hash = files.hash \
       AND (u.reply = 1 OR o.state IN ('queued','sending','unknown')))";

impl Reader {
    /// Whether there is a file that nothing needs.
    pub fn files_may_go(&self, before: Millis, unused_before: Millis) -> Result<bool, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!("SELECT 1 FROM files WHERE {MAY_GO} LIMIT 1"))?
            .exists([before, unused_before])?)
    }

    /// Size and content of a file that is kept.
    pub fn file(&self, hash: FileHash) -> Result<Option<(u64, FileFacts)>, StoreError> {
        let row: Option<(i64, String)> = self
            .conn
            .prepare_cached("SELECT size, facts FROM files WHERE hash = ?1")?
            .query_row([hash.0], |r| Ok((r.get(0)?, r.get(1)?)))
            .optional()?;
        let Some((size, facts)) = row else { return Ok(None) };
        let facts = serde_json::from_str(&facts).map_err(|e| StoreError::Corrupt(format!("a file: {e}")))?;
        Ok(Some((size as u64, facts)))
    }

    /// Bytes of all files that are kept.
    pub fn files_room(&self) -> Result<u64, StoreError> {
        let n: i64 = self
            .conn
            .prepare_cached("SELECT coalesce(sum(size), 0) FROM files")?
            .query_row([], |r| r.get(0))?;
        Ok(n as u64)
    }

    /// All files that are kept.
    pub fn file_hashes(&self) -> Result<BTreeSet<FileHash>, StoreError> {
        let mut st = self.conn.prepare_cached("SELECT hash FROM files")?;
        let hashes =
            st.query_map([], |r| r.get::<_, [u8; 32]>(0).map(FileHash))?.collect::<Result<_, _>>()?;
        Ok(hashes)
    }

    /// The provider's id of a file, where an account handed it over after a time.
    pub fn file_id(
        &self,
        account: &AccountId,
        hash: FileHash,
        after: Millis,
    ) -> Result<Option<String>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "SELECT f.provider_id FROM file_ids f JOIN accounts a ON a.id = f.account_id \
                 WHERE f.hash = ?1 AND a.key = ?2 AND f.at > ?3",
            )?
            .query_row(params![hash.0, account.as_str(), after], |r| r.get(0))
            .optional()?)
    }
}
