//! Drafts, read back.

use super::{Reader, StoreError};
use crate::model::ids::ThreadId;
use rusqlite::{OptionalExtension, params};

impl Reader {
    /// The reply and the note that the asker has begun in a thread.
    pub(super) fn drafts_in(&self, thread: i64) -> Result<[String; 2], StoreError> {
        let mut st = self.conn.prepare_cached(
            // What nobody owns comes first: one's own takes its place.
            "SELECT mode, text FROM drafts WHERE thread_id = ?1 AND operator IN ('', me()) ORDER BY operator",
        )?;
        let mut found = st.query([thread])?;
        let mut out = <[String; 2]>::default();
        while let Some(r) = found.next()? {
            let note = r.get_ref(0)?.as_str().is_ok_and(|m| m == "note");
            out[usize::from(note)] = r.get(1)?;
        }
        Ok(out)
    }

    /// The reply that somebody has begun in a thread; empty where there is none.
    pub fn reply_draft(&self, thread: ThreadId, operator: &str) -> Result<String, StoreError> {
        let found: Option<String> = self
            .conn
            .prepare_cached(
                "SELECT d.text FROM drafts d JOIN threads t ON t.id = d.thread_id \
                 WHERE t.uid = ?1 AND d.mode = 'reply' AND d.operator = ?2",
            )?
            .query_row(params![thread.0, operator], |r| r.get(0))
            .optional()?;
        Ok(found.unwrap_or_default())
    }
}
