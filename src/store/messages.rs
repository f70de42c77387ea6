//! Reading messages: pages by keyset, never by offset.

use super::StoreError;
use super::reader::Reader;
use super::rows::{self, MESSAGE_COLUMNS};
use crate::clock::Millis;
use crate::model::ids::{MessageId, ThreadId};
use crate::model::message::Message;
use crate::protocol::{Cursor, Place};
use rusqlite::{OptionalExtension, params};

/// A page of messages, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MessagePage {
    /// The messages.
    pub items: Vec<Message>,
    /// Continue to older ones.
    pub older: Option<Cursor>,
    /// Continue to newer ones.
    pub newer: Option<Cursor>,
}

type Keyed = (Cursor, Message);

impl Reader {
    fn keyed(
        &self,
        thread: i64,
        from: Cursor,
        newer: bool,
        limit: u32,
    ) -> Result<(Vec<Keyed>, bool), StoreError> {
        let names = self.names()?;
        let (op, order) = if newer { (">", "ASC") } else { ("<", "DESC") };
        let sql = format!(
            "SELECT {MESSAGE_COLUMNS} FROM messages m JOIN threads t ON t.id = m.thread_id \
             WHERE m.thread_id = ?1 AND (m.at, m.id) {op} (?2, ?3) ORDER BY m.at {order}, m.id {order} LIMIT ?4"
        );
        let mut st = self.conn.prepare_cached(&sql)?;
        let mut found = st.query(params![thread, from.at, from.row, limit + 1])?;
        let mut out = Vec::with_capacity(limit as usize);
        let mut bytes = 0;
        while let Some(r) = found.next()? {
            bytes += rows::message_bytes(r)?;
            if out.len() == limit as usize || bytes > rows::PAGE_BYTES && !out.is_empty() {
                return Ok((out, true));
            }
            let (row, has_reactions, mut m) = rows::message(r, &names)?;
            if has_reactions {
                m.reactions = self.reactions(row)?;
            }
            out.push((Cursor { at: m.at, row }, m));
        }
        Ok((out, false))
    }

    fn reactions(&self, row: i64) -> Result<Vec<crate::model::message::Reaction>, StoreError> {
        let mut st = self.conn.prepare_cached(
            "SELECT emoji, own, at FROM reactions WHERE message_id = ?1 AND emoji <> '' ORDER BY at",
        )?;
        let list = st.query_map([row], rows::reaction)?.collect::<Result<_, _>>()?;
        Ok(list)
    }

    fn place_of(&self, thread: i64, message: MessageId) -> Result<Cursor, StoreError> {
        self.conn
            .prepare_cached("SELECT at, id FROM messages WHERE uid = ?1 AND thread_id = ?2")?
            .query_row(params![message.0, thread], |r| Ok(Cursor { at: r.get(0)?, row: r.get(1)? }))
            .optional()?
            .ok_or(StoreError::Missing("this message"))
    }

    /// The first message at or after a time.
    fn first_since(&self, thread: i64, time: Millis) -> Result<Option<Cursor>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "SELECT at, id FROM messages WHERE thread_id = ?1 AND at >= ?2 ORDER BY at, id LIMIT 1",
            )?
            .query_row(params![thread, time], |r| Ok(Cursor { at: r.get(0)?, row: r.get(1)? }))
            .optional()?)
    }

    /// A page of a thread's messages: at most `limit`, and fewer where they are long.
    pub fn messages(&self, thread: ThreadId, place: Place, limit: u32) -> Result<MessagePage, StoreError> {
        let thread = self.current(thread)?;
        let id: i64 = self
            .conn
            .prepare_cached("SELECT id FROM threads WHERE uid = ?1")?
            .query_row([thread.0], |r| r.get(0))
            .optional()?
            .ok_or(StoreError::Missing("this thread"))?;
        let end = Cursor { at: i64::MAX, row: i64::MAX };
        let (mut list, older, newer) = match place {
            Place::Newest => {
                let (mut list, more) = self.keyed(id, end, false, limit)?;
                list.reverse();
                (list, more, false)
            }
            Place::Before(from) => {
                let (mut list, more) = self.keyed(id, from, false, limit)?;
                list.reverse();
                (list, more, true)
            }
            Place::After(from) => {
                let (list, more) = self.keyed(id, from, true, limit)?;
                (list, true, more)
            }
            Place::Oldest => {
                let start = Cursor { at: i64::MIN, row: i64::MIN };
                let (list, more) = self.keyed(id, start, true, limit)?;
                (list, false, more)
            }
            Place::Around(_) | Place::Time(_) => {
                let at = match place {
                    Place::Around(message) => Some(self.place_of(id, message)?),
                    Place::Time(time) => self.first_since(id, time)?,
                    _ => None,
                };
                let Some(at) = at else { return self.messages(thread, Place::Newest, limit) };
                let half = (limit / 2).max(1);
                let (mut list, older) = self.keyed(id, at, false, half)?;
                list.reverse();
                let from = Cursor { at: at.at, row: at.row - 1 };
                let (after, newer) = self.keyed(id, from, true, half)?;
                list.extend(after);
                (list, older, newer)
            }
        };
        let first = list.first().map(|(c, _)| *c);
        let last = list.last().map(|(c, _)| *c);
        Ok(MessagePage {
            items: list.drain(..).map(|(_, m)| m).collect(),
            older: first.filter(|_| older),
            newer: last.filter(|_| newer),
        })
    }

    /// Messages by id; unknown ids are left out.
    pub fn message_rows(&self, ids: &[MessageId]) -> Result<Vec<Message>, StoreError> {
        let names = self.names()?;
        let sql = format!(
            "SELECT {MESSAGE_COLUMNS} FROM messages m JOIN threads t ON t.id = m.thread_id WHERE m.uid = ?1"
        );
        let mut st = self.conn.prepare_cached(&sql)?;
        let mut out = Vec::with_capacity(ids.len());
        for id in ids {
            let mut found = st.query([id.0])?;
            if let Some(r) = found.next()? {
                let (row, has_reactions, mut m) = rows::message(r, &names)?;
                if has_reactions {
                    m.reactions = self.reactions(row)?;
                }
                out.push(m);
            }
        }
        Ok(out)
    }
}
