//! Notes that call somebody, read back.

use super::rows::{self, MESSAGE_COLUMNS};
use super::{Reader, StoreError};
use crate::model::message::Origin;
use crate::protocol::mentions::MentionRow;
use crate::protocol::{Cursor, Page};
use rusqlite::params;

impl Reader {
    /// How many notes call an operator that they have not read.
    pub fn unread_mentions(&self, operator: &str) -> Result<u32, StoreError> {
        let n: i64 = self
            .conn
            .prepare_cached("SELECT count(*) FROM mentions WHERE operator = ?1 AND read_at IS NULL")?
            .query_row([operator.to_lowercase()], |r| r.get(0))?;
        Ok(u32::try_from(n).unwrap_or(u32::MAX))
    }

    /// Notes that call an operator, newest first.
    pub fn mentions(
        &self,
        operator: &str,
        unread: bool,
        before: Option<Cursor>,
        limit: u32,
    ) -> Result<Page<MentionRow>, StoreError> {
        let names = self.names()?;
        // The columns of a message, then what is about the mention.
        let sql = format!(
            "SELECT {MESSAGE_COLUMNS}, x.read_at IS NOT NULL AS seen, t.title FROM mentions x \
             JOIN messages m ON m.id = x.message_id JOIN threads t ON t.id = m.thread_id \
             WHERE x.operator = ?1 AND (?2 = 0 OR x.read_at IS NULL) AND x.message_id < ?3 \
             ORDER BY x.message_id DESC LIMIT ?4"
        );
        let mut st = self.conn.prepare_cached(&sql)?;
        let most = i64::from(limit);
        let from = before.map_or(i64::MAX, |c| c.row);
        let mut found = st.query(params![operator.to_lowercase(), unread, from, most + 1])?;
        let mut page = Page::default();
        let mut last = None;
        while let Some(r) = found.next()? {
            if page.items.len() as i64 == most {
                page.next = last;
                break;
            }
            let (row, _, m) = rows::message(r, &names)?;
            last = Some(Cursor { at: m.at, row });
            page.items.push(MentionRow {
                note: m.id,
                thread: m.thread,
                account: m.account,
                title: r.get("title")?,
                by: match m.origin {
                    Origin::Operator(name) => name,
                    _ => String::new(),
                },
                at: m.at,
                text: m.body.plain_text(),
                read: r.get("seen")?,
            });
        }
        Ok(page)
    }
}
