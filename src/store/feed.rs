//! Reading the feed.

use super::StoreError;
use super::reader::Reader;
use super::rows;
use crate::clock::Millis;
use crate::model::ids::{MessageId, ThreadId};
use rusqlite::{OptionalExtension, params};

/// A line of the feed as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedRow {
    /// Its place.
    pub id: i64,
    /// When.
    pub at: Millis,
    /// Who.
    pub actor: String,
    /// The event.
    pub action: String,
    /// `message`, `message_changed`, `thread`, `thread_joined` or `gap`.
    pub kind: String,
    /// The thread.
    pub thread: Option<ThreadId>,
    /// The message.
    pub message: Option<MessageId>,
    /// The thread that is gone.
    pub other: Option<ThreadId>,
    /// The message's state then.
    pub state: Option<String>,
}

/// The ends of the feed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeedEnds {
    /// The oldest line that is here.
    pub first: i64,
    /// The newest; 0 when there is none.
    pub last: i64,
    /// Lines are written until then.
    pub until: Millis,
}

impl Reader {
    /// The ends of the feed, whether or not the asker may see what stands there.
    pub fn feed_ends(&self) -> Result<FeedEnds, StoreError> {
        let end = |sql: &str| -> Result<i64, StoreError> {
            Ok(self.conn.prepare_cached(sql)?.query_row([], |r| r.get::<_, Option<i64>>(0))?.unwrap_or(0))
        };
        let until = self
            .conn
            .prepare_cached("SELECT until FROM feed_kept")?
            .query_row([], |r| r.get(0))
            .optional()?;
        Ok(FeedEnds {
            first: end("SELECT min(id) FROM main.feed")?,
            last: end("SELECT max(id) FROM main.feed")?,
            until: until.unwrap_or(0),
        })
    }

    /// Lines after a place, oldest first.
    pub fn feed(&self, after: i64, limit: u32) -> Result<Vec<FeedRow>, StoreError> {
        let mut st = self.conn.prepare_cached(
            "SELECT id, at, actor, action, kind, state, thread, message, other FROM feed \
             WHERE id > ?1 ORDER BY id LIMIT ?2",
        )?;
        let mut found = st.query(params![after, limit])?;
        let mut out = Vec::new();
        while let Some(r) = found.next()? {
            let some = |at: usize| r.get_ref(at).is_ok_and(|v| v != rusqlite::types::ValueRef::Null);
            out.push(FeedRow {
                id: r.get(0)?,
                at: r.get(1)?,
                actor: r.get(2)?,
                action: r.get(3)?,
                kind: r.get(4)?,
                state: r.get(5)?,
                thread: if some(6) { Some(rows::thread_id(r, 6)?) } else { None },
                message: if some(7) { Some(rows::message_id(r, 7)?) } else { None },
                other: if some(8) { Some(rows::thread_id(r, 8)?) } else { None },
            });
        }
        Ok(out)
    }
}
