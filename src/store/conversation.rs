//! Looking around in one thread: matches of a search in it, and what stands around a message.

use super::StoreError;
use super::filter::{FIRST, Filters, Words, text_at};
use super::reader::Reader;
use super::rows;
use super::search::SearchError;
use crate::model::ids::{MessageId, ThreadId};
use crate::model::message::Direction;
use crate::protocol::{Cursor, Line, Matches, Neighbours};
use crate::text::query::Query;
use rusqlite::{OptionalExtension, params};

/// Messages that are looked at for one page; few in tests, so that they walk over several.
const LOOKED_AT: usize = if cfg!(test) { 40 } else { 20_000 };
/// Matches of one page.
const MATCHES: usize = 200;
// The filters' own parameters begin behind those of the statement.
const _: () = assert!(FIRST > 4);
/// Characters of a neighbour.
const SHOWN: usize = 200;

impl Reader {
    /// Messages of a thread that have what a query wants, newest first: parts of words, too, since a thread is small.
    pub fn find_in_thread(
        &self,
        thread: ThreadId,
        query: &Query,
        before: Option<Cursor>,
    ) -> Result<Matches, SearchError> {
        let thread = self.current(thread)?;
        let mut out = Matches { thread, ..Matches::default() };
        if query.is_empty() {
            return Ok(out);
        }
        let filters = Filters::of(&self.conn, query, self.recent()?.is_some())?;
        self.matches(&mut out, query, &filters, before)?;
        Ok(out)
    }

    fn matches(
        &self,
        out: &mut Matches,
        query: &Query,
        filters: &Filters,
        before: Option<Cursor>,
    ) -> Result<(), StoreError> {
        let id: i64 = self
            .conn
            .prepare_cached("SELECT id FROM threads WHERE uid = ?1")?
            .query_row([out.thread.0], |r| r.get(0))
            .optional()?
            .ok_or(StoreError::Missing("this thread"))?;
        let words = Words::All(query.needles());
        let from = before.unwrap_or(Cursor { at: i64::MAX, row: i64::MAX });
        let mut st = self.conn.prepare_cached(&format!(
            "SELECT m.id, m.uid, m.at, m.text, (1{}) FROM messages m WHERE m.thread_id = ?1 AND (m.at, m.id) < (?2, ?3) \
             ORDER BY m.at DESC, m.id DESC LIMIT ?4",
            filters.sql()
        ))?;
        filters.bind(&mut st)?;
        st.raw_bind_parameter(1, id)?;
        st.raw_bind_parameter(2, from.at)?;
        st.raw_bind_parameter(3, from.row)?;
        st.raw_bind_parameter(4, LOOKED_AT as i64)?;
        let mut found = st.raw_query();
        let (mut seen, mut last) = (0, None);
        while let Some(r) = found.next()? {
            seen += 1;
            let cursor = Cursor { at: r.get(2)?, row: r.get(0)? };
            last = Some(cursor);
            if r.get::<_, Option<bool>>(4)? == Some(true) && words.fit(text_at(r, 3)?) {
                out.items.push((rows::message_id(r, 1)?, cursor.at));
                if out.items.len() == MATCHES {
                    out.next = last;
                    return Ok(());
                }
            }
        }
        out.next = last.filter(|_| seen == LOOKED_AT);
        Ok(())
    }

    /// What stands before and after messages in their threads; unknown ids are left out.
    pub fn neighbours(&self, messages: &[MessageId]) -> Result<Vec<Neighbours>, StoreError> {
        let mut place = self.conn.prepare_cached("SELECT thread_id, at, id FROM messages WHERE uid = ?1")?;
        let mut out = Vec::with_capacity(messages.len());
        for message in messages {
            let found: Option<(i64, i64, i64)> =
                place.query_row([message.0], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))).optional()?;
            let Some(at) = found else { continue };
            out.push(Neighbours {
                message: *message,
                before: self.neighbour(at, false)?,
                after: self.neighbour(at, true)?,
            });
        }
        Ok(out)
    }

    fn neighbour(&self, (thread, at, row): (i64, i64, i64), after: bool) -> Result<Option<Line>, StoreError> {
        let (op, order) = if after { (">", "ASC") } else { ("<", "DESC") };
        let mut st = self.conn.prepare_cached(&format!(
            "SELECT inbound, at, kind, substr(text, 1, {SHOWN}) FROM messages WHERE thread_id = ?1 AND (at, id) {op} (?2, ?3) \
             ORDER BY at {order}, id {order} LIMIT 1"
        ))?;
        let line = st.query_row(params![thread, at, row], |r| {
            Ok(Line {
                direction: if r.get(0)? { Direction::Inbound } else { Direction::Outbound },
                at: r.get(1)?,
                kind: r.get(2)?,
                text: r.get(3)?,
            })
        });
        Ok(line.optional()?)
    }
}
