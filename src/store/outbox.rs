//! Reading the outbox: what is due, what was on the wire.

use super::StoreError;
use super::reader::Reader;
use super::{rows, threads};
use crate::clock::Millis;
use crate::model::contact::{Identity, IdentityKind};
use crate::model::ids::{AccountId, AttemptId, MessageId, ThreadId};
use crate::model::outgoing::Outgoing;
use crate::model::window::Window;
use rusqlite::{OptionalExtension, params};

/// A send that waits.
#[derive(Clone, Debug)]
pub struct DueSend {
    /// The message (or the reaction's id).
    pub message: MessageId,
    /// The attempt to make.
    pub attempt: AttemptId,
    /// Its thread: sends of one thread leave in order.
    pub thread: ThreadId,
    /// From which account.
    pub account: AccountId,
    /// Not before.
    pub not_before: Millis,
    /// Attempts made before this one.
    pub tries: u32,
}

/// What an attempt needs at the moment of sending.
#[derive(Clone, Debug)]
pub struct OpenAttempt {
    /// To whom, by the provider's own id.
    pub to: Identity,
    /// What.
    pub content: Outgoing,
    /// The provider's id of the quoted message.
    pub quote: Option<String>,
    /// The provider's id of the message a reaction goes to.
    pub target: Option<String>,
    /// The window as it is now.
    pub window: Window,
}

impl Reader {
    /// What waits in the outbox, oldest first, at most one send a thread: the one that has to leave next.
    pub fn due(&self, limit: u32) -> Result<Vec<DueSend>, StoreError> {
        let names = self.names()?;
        let mut st = self.conn.prepare_cached(
            "SELECT o.uid, o.attempt, t.uid, o.account_id, o.not_before, o.tries FROM outbox o \
             JOIN threads t ON t.id = o.thread_id \
             WHERE o.id IN (SELECT min(id) FROM outbox WHERE state IN ('queued','sending') GROUP BY thread_id) \
             AND o.state = 'queued' ORDER BY o.id LIMIT ?1",
        )?;
        let mut found = st.query([limit])?;
        let mut out = Vec::new();
        while let Some(r) = found.next()? {
            let account: i64 = r.get(3)?;
            let Some((_, key)) = names.iter().find(|(id, _)| *id == account) else { continue };
            out.push(DueSend {
                message: rows::message_id(r, 0)?,
                attempt: rows::attempt_id(r, 1)?,
                thread: rows::thread_id(r, 2)?,
                account: key.clone(),
                not_before: r.get(4)?,
                tries: u32::try_from(r.get::<_, i64>(5)?).unwrap_or(u32::MAX),
            });
        }
        Ok(out)
    }

    /// What an attempt needs.
    pub fn open_attempt(&self, message: MessageId) -> Result<Option<OpenAttempt>, StoreError> {
        let row = self
            .conn
            .prepare_cached(
                "SELECT t.contact_id, o.content, q.provider_id, x.provider_id, t.window_until FROM outbox o \
                 JOIN threads t ON t.id = o.thread_id LEFT JOIN messages q ON q.id = o.quote_id \
                 LEFT JOIN messages x ON x.id = o.target_id WHERE o.uid = ?1",
            )?
            .query_row([message.0], |r| {
                Ok((
                    r.get::<_, i64>(0)?,
                    r.get::<_, String>(1)?,
                    r.get::<_, Option<String>>(2)?,
                    r.get::<_, Option<String>>(3)?,
                    r.get::<_, Option<Millis>>(4)?,
                ))
            })
            .optional()?;
        let Some((contact, content, quote, target, until)) = row else { return Ok(None) };
        let content =
            serde_json::from_str(&content).map_err(|e| StoreError::Corrupt(format!("outbox: {e}")))?;
        let identities = threads::identities(&self.conn, contact)?;
        // Sending to the phone number keeps it visible to us; a user id is the way when there is none.
        let to = [IdentityKind::Phone, IdentityKind::Bsuid, IdentityKind::ParentBsuid, IdentityKind::Group]
            .into_iter()
            .find_map(|k| identities.iter().find(|i| i.kind == k))
            .cloned()
            .ok_or(StoreError::Missing("a way to reach this contact"))?;
        Ok(Some(OpenAttempt {
            to,
            content,
            quote,
            target,
            window: Window { until: until.filter(|u| *u > 0) },
        }))
    }

    /// Attempts that were on the wire when the program ended: nobody knows what became of them.
    pub fn interrupted(&self) -> Result<Vec<(MessageId, AttemptId)>, StoreError> {
        let mut st = self
            .conn
            .prepare_cached("SELECT uid, attempt FROM outbox WHERE state = 'sending' ORDER BY id")?;
        let list = st
            .query_map([], |r| Ok((rows::message_id(r, 0)?, rows::attempt_id(r, 1)?)))?
            .collect::<Result<_, _>>()?;
        Ok(list)
    }

    /// Messages waiting or on the wire, and messages whose fate is unknown.
    pub fn outbox_counts(&self) -> Result<(u32, u32), StoreError> {
        let (open, unknown): (i64, i64) = self
            .conn
            .prepare_cached(
                "SELECT count(*) FILTER (WHERE state <> 'unknown'), count(*) FILTER (WHERE state = 'unknown') \
                 FROM outbox WHERE state IN ('queued','sending','unknown')",
            )?
            .query_row(params![], |r| Ok((r.get(0)?, r.get(1)?)))?;
        Ok((u32::try_from(open).unwrap_or(u32::MAX), u32::try_from(unknown).unwrap_or(u32::MAX)))
    }
}
