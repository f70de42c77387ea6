//! What is here about the life of one message: its attempts, and who did what to it.

use super::StoreError;
use super::reader::Reader;
use super::rows;
use super::webhooks::row_at;
use crate::clock::Millis;
use crate::model::ids::{AttemptId, EventId, MessageId};
use crate::model::message::Message;
use rusqlite::{OptionalExtension, params};
use std::collections::BTreeMap;

/// Rows of the audit log looked at around each time.
const AROUND: i64 = 2_000;
/// Rows of the audit log looked at from the message's beginning on.
const ONWARDS: i64 = 50_000;

/// One try at sending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptRow {
    /// Its id, which travels with the message.
    pub id: AttemptId,
    /// The first is 1.
    pub number: u32,
    /// When its first byte was about to leave.
    pub started_at: Millis,
    /// When it ended.
    pub ended_at: Option<Millis>,
    /// How, as JSON.
    pub outcome: Option<String>,
}

/// Something that was done to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// The event.
    pub id: EventId,
    /// When.
    pub at: Millis,
    /// By whom.
    pub actor: String,
    /// What (`message_queued`, …).
    pub action: String,
}

/// Everything that is here about one message, but for the webhooks.
#[derive(Clone, Debug, PartialEq)]
pub struct LifeRows {
    /// The message.
    pub message: Message,
    /// The thread's title.
    pub title: String,
    /// Its attempts, in order.
    pub attempts: Vec<AttemptRow>,
    /// The attempt that waits now, and until when.
    pub waiting: Option<(AttemptId, Millis)>,
    /// What was done to it, in order.
    pub acts: Vec<Act>,
}

impl Reader {
    /// What is here about a message.
    pub fn life(&self, id: MessageId) -> Result<LifeRows, StoreError> {
        let message = self.message_rows(&[id])?.pop().ok_or(StoreError::Missing("this message"))?;
        let title = self
            .conn
            .prepare_cached("SELECT title FROM threads WHERE uid = ?1")?
            .query_row([message.thread.0], |r| r.get(0))?;
        let outbox: Option<(i64, String, AttemptId, Millis)> = self
            .conn
            .prepare_cached("SELECT id, state, attempt, not_before FROM outbox WHERE uid = ?1")?
            .query_row([id.0], |r| Ok((r.get(0)?, r.get(1)?, rows::attempt_id(r, 2)?, r.get(3)?)))
            .optional()?;
        let mut attempts = Vec::new();
        let mut waiting = None;
        if let Some((outbox, state, attempt, not_before)) = outbox {
            let mut st = self.conn.prepare_cached(
                "SELECT uid, n, started_at, ended_at, outcome FROM attempts WHERE outbox_id = ?1 \
                 ORDER BY n, started_at",
            )?;
            attempts = st
                .query_map([outbox], |r| {
                    Ok(AttemptRow {
                        id: rows::attempt_id(r, 0)?,
                        number: u32::try_from(r.get::<_, i64>(1)?).unwrap_or(0),
                        started_at: r.get(2)?,
                        ended_at: r.get(3)?,
                        outcome: r.get(4)?,
                    })
                })?
                .collect::<Result<_, _>>()?;
            waiting = (state == "queued").then_some((attempt, not_before));
        }
        let acts = if attempts.is_empty() && waiting.is_none() {
            Vec::new()
        } else {
            self.acts(&message, &attempts)?
        };
        Ok(LifeRows { message, title, attempts, waiting, acts })
    }

    /// The audit log has no index over its subjects: what was done to a message is looked for near the times that are
    /// known of it.
    fn acts(&self, message: &Message, attempts: &[AttemptRow]) -> Result<Vec<Act>, StoreError> {
        let subject = message.id.to_string();
        let mut times = vec![message.stored_at];
        times.extend(message.times.queued);
        times.extend(message.times.failed);
        times.extend(attempts.iter().flat_map(|a| [Some(a.started_at), a.ended_at]).flatten());
        times.sort_unstable();
        times.dedup();
        let mut st = self.conn.prepare_cached(
            "SELECT id, uid, at, actor, action, subject FROM audit WHERE id >= ?1 ORDER BY id LIMIT ?2",
        )?;
        let mut found: BTreeMap<i64, Act> = BTreeMap::new();
        let mut look = |from: i64, limit: i64| -> Result<(), StoreError> {
            let mut rows = st.query(params![from, limit])?;
            while let Some(r) = rows.next()? {
                if r.get_ref(5)?.as_str().is_ok_and(|s| s == subject) {
                    let uid: Vec<u8> = r.get(1)?;
                    let id = EventId::from_slice(&uid)
                        .ok_or_else(|| StoreError::Corrupt("the id of an event".into()))?;
                    let act = Act { id, at: r.get(2)?, actor: r.get(3)?, action: r.get(4)? };
                    found.insert(r.get(0)?, act);
                }
            }
            Ok(())
        };
        for (i, at) in times.iter().enumerate() {
            let row = row_at(&self.conn, "audit", "at", *at)?;
            let before = (row - AROUND / 2).max(0);
            look(before, if i == 0 { ONWARDS } else { AROUND })?;
        }
        Ok(found.into_values().collect())
    }
}
