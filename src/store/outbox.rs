//! Reading the outbox: what is due, what was on the wire.

use super::StoreError;
use super::reader::Reader;
use super::{rows, threads};
use crate::clock::Millis;
use crate::model::contact::{Identity, IdentityKind};
use crate::model::delivery::{DeliveryState, DeliveryTimes, WaitReason, Waiting};
use crate::model::event::{AttemptOutcome, NumberFacts};
use crate::model::ids::{AccountId, AttemptId, MessageId, ThreadId};
use crate::model::inbound::{Change, StatusUpdate};
use crate::model::outgoing::Outgoing;
use crate::model::window::Window;
use crate::protocol::OutboxRow;
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
    /// Attempts made before this one since an operator sent it.
    pub tries: u32,
    /// Whether it has a file.
    pub media: bool,
}

/// What the outbox has to do now, and when next.
#[derive(Clone, Debug, Default)]
pub struct Due {
    /// May leave, as far as the outbox knows: account by account, those that could go first in front.
    pub sends: Vec<DueSend>,
    /// When something else comes due by itself.
    pub next: Option<Millis>,
}

/// An attempt of the last minutes: limits count it.
#[derive(Clone, Debug)]
pub struct RecentAttempt {
    /// From which account.
    pub account: AccountId,
    /// In which thread.
    pub thread: ThreadId,
    /// When.
    pub at: Millis,
    /// How it ended, once it has.
    pub outcome: Option<AttemptOutcome>,
}

/// What is known of a send whose fate is asked for.
#[derive(Clone, Debug)]
pub struct SendFacts {
    /// From which account.
    pub account: AccountId,
    /// How far it got.
    pub state: DeliveryState,
    /// The newest word of the provider about it, or the moment it was sent.
    pub since: Millis,
    /// Its attempts, and the provider's id of those that have one.
    pub attempts: Vec<(AttemptId, Option<String>)>,
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

/// Characters of a send that a list shows.
const OUTLINE: usize = 120;

fn outline(content: &Outgoing) -> String {
    let text = match content {
        Outgoing::Reaction { emoji, .. } => emoji.clone(),
        other => other.shown().map(|body| body.plain_text()).unwrap_or_default(),
    };
    text.chars().take(OUTLINE).collect()
}

impl Reader {
    /// What may leave now: of each account at most `limit`, of each thread the one that is next in its line, if
    /// none of it is on the wire. What is to be sent later joins the line when its time has come.
    pub fn due(&self, now: Millis, limit: u32) -> Result<Due, StoreError> {
        let mut due = Due::default();
        let mut ready = self.conn.prepare_cached(
            "SELECT o.uid, o.attempt, t.uid, o.tries - o.spent, o.content LIKE '{\"type\":\"media\"%' OR (o.content LIKE '{\"type\":\"template\"%' AND instr(o.content, '\"component\":\"header_file\"') > 0) FROM outbox o JOIN threads t ON t.id = o.thread_id \
             WHERE o.state = 'queued' AND o.account_id = ?1 AND o.not_before <= ?2 AND NOT EXISTS (\
               SELECT 1 FROM outbox b WHERE b.thread_id = o.thread_id AND b.state IN ('queued','sending') \
               AND (b.state = 'sending' OR ((b.send_at IS NULL OR b.send_at <= ?2) \
                 AND (b.line_at, b.id) < (o.line_at, o.id)))) \
             ORDER BY o.not_before, o.id LIMIT ?3",
        )?;
        let mut later = self.conn.prepare_cached(
            "SELECT min(not_before) FROM outbox WHERE state = 'queued' AND account_id = ?1 AND not_before > ?2",
        )?;
        for (row, key) in &self.names()? {
            let mut found = ready.query(params![row, now, limit])?;
            while let Some(r) = found.next()? {
                due.sends.push(DueSend {
                    message: rows::message_id(r, 0)?,
                    attempt: rows::attempt_id(r, 1)?,
                    thread: rows::thread_id(r, 2)?,
                    account: key.clone(),
                    tries: u32::try_from(r.get::<_, i64>(3)?).unwrap_or(0),
                    media: r.get(4)?,
                });
            }
            let next: Option<Millis> = later.query_row(params![row, now], |r| r.get(0))?;
            due.next = [due.next, next].into_iter().flatten().min();
        }
        Ok(due)
    }

    /// Attempts that were started after a time, and those since `holding` that were put off; oldest first.
    pub fn recent_attempts(&self, after: Millis, holding: Millis) -> Result<Vec<RecentAttempt>, StoreError> {
        let names = self.names()?;
        let mut st = self.conn.prepare_cached(
            "SELECT o.account_id, t.uid, a.started_at, a.outcome FROM attempts a JOIN outbox o ON o.id = a.outbox_id \
             JOIN threads t ON t.id = o.thread_id WHERE a.started_at > ?2 \
             AND (a.started_at > ?1 OR a.outcome LIKE '{\"outcome\":\"retry_at\"%') ORDER BY a.started_at",
        )?;
        let mut found = st.query([after, holding])?;
        let mut out = Vec::new();
        while let Some(r) = found.next()? {
            let account: i64 = r.get(0)?;
            let Some((_, key)) = names.iter().find(|(id, _)| *id == account) else { continue };
            out.push(RecentAttempt {
                account: key.clone(),
                thread: rows::thread_id(r, 1)?,
                at: r.get(2)?,
                outcome: r.get::<_, Option<String>>(3)?.and_then(|o| serde_json::from_str(&o).ok()),
            });
        }
        Ok(out)
    }

    /// What the provider says about the numbers of all accounts.
    pub fn number_facts(&self) -> Result<Vec<(AccountId, NumberFacts)>, StoreError> {
        let mut st = self.conn.prepare_cached("SELECT key, facts FROM accounts")?;
        let list = st
            .query_map([], |r| {
                let facts: String = r.get(1)?;
                let key: String = r.get(0)?;
                Ok((AccountId::new(key), serde_json::from_str(&facts).unwrap_or_default()))
            })?
            .collect::<Result<_, _>>()?;
        Ok(list)
    }

    /// Accounts that are paused.
    pub fn paused(&self) -> Result<Vec<AccountId>, StoreError> {
        let mut st = self
            .conn
            .prepare_cached("SELECT key FROM accounts WHERE options ->> 'paused' AND removed_at IS NULL")?;
        let list =
            st.query_map([], |r| Ok(AccountId::new(r.get::<_, String>(0)?)))?.collect::<Result<_, _>>()?;
        Ok(list)
    }

    /// What waits, is on the wire, is unknown or failed and was not put aside: those that leave first in front.
    pub fn outbox_rows(&self, account: Option<&AccountId>, limit: u32) -> Result<Vec<OutboxRow>, StoreError> {
        let names = self.names()?;
        let mut st = self.conn.prepare_cached(
            "SELECT o.uid, t.uid, o.account_id, t.title, o.state, o.content, o.not_before, o.hold, o.tries, o.line_at, \
             m.error, o.message_id IS NULL FROM outbox o JOIN threads t ON t.id = o.thread_id \
             LEFT JOIN messages m ON m.id = o.message_id \
             WHERE o.id IN (SELECT id FROM outbox WHERE state IN ('queued','sending','unknown') \
                            UNION ALL SELECT id FROM outbox WHERE state = 'failed') \
             ORDER BY o.state = 'failed', o.state = 'unknown', o.not_before, o.line_at, o.id LIMIT ?1",
        )?;
        let mut found = st.query([limit])?;
        let mut out = Vec::new();
        while let Some(r) = found.next()? {
            let id: i64 = r.get(2)?;
            let Some((_, key)) = names.iter().find(|(row, _)| *row == id) else { continue };
            if account.is_some_and(|a| a != key) {
                continue;
            }
            let state: String = r.get(4)?;
            let content: String = r.get(5)?;
            let content: Option<Outgoing> = serde_json::from_str(&content).ok();
            let hold: String = r.get(7)?;
            let waits = WaitReason::parse(&hold).filter(|_| state == "queued");
            let until = r.get(6)?;
            let error: Option<String> = r.get(10)?;
            out.push(OutboxRow {
                message: rows::message_id(r, 0)?,
                thread: rows::thread_id(r, 1)?,
                account: key.clone(),
                title: r.get(3)?,
                kind: content.as_ref().map(|c| c.kind().to_owned()).unwrap_or_default(),
                text: content.as_ref().map(outline).unwrap_or_default(),
                state: DeliveryState::parse(&state).unwrap_or(DeliveryState::Queued),
                waits: waits.map(|why| Waiting { until, why }),
                attempts: u32::try_from(r.get::<_, i64>(8)?).unwrap_or(0),
                error: error.and_then(|e| serde_json::from_str(&e).ok()),
            });
        }
        Ok(out)
    }

    /// What is known of a send.
    pub fn send_facts(&self, message: MessageId) -> Result<SendFacts, StoreError> {
        let names = self.names()?;
        let (row, account, state, present): (i64, i64, String, [u8; 16]) = self
            .conn
            .prepare_cached("SELECT id, account_id, state, attempt FROM outbox WHERE uid = ?1")?
            .query_row([message.0], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))
            .optional()?
            .ok_or(StoreError::Missing("this message in the outbox"))?;
        let account = names
            .iter()
            .find(|(id, _)| *id == account)
            .map(|(_, key)| key.clone())
            .ok_or(StoreError::Missing("this account"))?;
        type Columns = (String, Option<String>, Option<String>);
        let shown: Option<Columns> = self
            .conn
            .prepare_cached("SELECT state, times, provider_id FROM messages WHERE uid = ?1")?
            .query_row([message.0], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
            .optional()?;
        let mut st = self.conn.prepare_cached(
            "SELECT uid, started_at, provider_id FROM attempts WHERE outbox_id = ?1 ORDER BY n",
        )?;
        let mut found = st.query([row])?;
        let mut since = 0;
        let mut attempts = Vec::new();
        while let Some(r) = found.next()? {
            let uid: [u8; 16] = r.get(0)?;
            let mut provider_id: Option<String> = r.get(2)?;
            if uid == present {
                since = r.get(1)?;
                provider_id = shown.as_ref().and_then(|(_, _, id)| id.clone());
            }
            attempts.push((AttemptId(uid), provider_id));
        }
        let word = shown.as_ref().map_or(state.as_str(), |(s, _, _)| s);
        let state = DeliveryState::parse(word).unwrap_or(DeliveryState::Unknown);
        let times: DeliveryTimes = shown
            .as_ref()
            .and_then(|(_, times, _)| serde_json::from_str(times.as_deref()?).ok())
            .unwrap_or_default();
        Ok(SendFacts { account, state, since: times.of(state).unwrap_or(since), attempts })
    }

    /// What was kept and not applied that names an attempt: statuses whose send was not found, and how many raw
    /// webhooks of trouble hold its id.
    pub fn kept_about(&self, attempt: AttemptId) -> Result<(Vec<StatusUpdate>, u32), StoreError> {
        let id = attempt.to_string();
        let mut st =
            self.conn.prepare_cached("SELECT change FROM early WHERE instr(change, ?1) > 0 ORDER BY id")?;
        let mut statuses = Vec::new();
        let mut found = st.query([&id])?;
        while let Some(r) = found.next()? {
            let text: String = r.get(0)?;
            if let Ok(Change::Status(s)) = serde_json::from_str(&text)
                && s.opaque.as_deref() == Some(id.as_str())
            {
                statuses.push(*s);
            }
        }
        let raw: i64 = self
            .conn
            .prepare_cached(
                "SELECT count(*) FROM webhooks WHERE state <> 'applied' AND instr(body, CAST(?1 AS BLOB)) > 0",
            )?
            .query_row([&id], |r| r.get(0))?;
        Ok((statuses, u32::try_from(raw).unwrap_or(u32::MAX)))
    }

    /// The content of a queued send, and what it quotes.
    pub fn queued_content(
        &self,
        message: MessageId,
    ) -> Result<(ThreadId, Outgoing, Option<MessageId>), StoreError> {
        let (thread, content, quote): (ThreadId, String, Option<MessageId>) = self
            .conn
            .prepare_cached(
                "SELECT t.uid, o.content, q.uid FROM outbox o JOIN threads t ON t.id = o.thread_id \
                 LEFT JOIN messages q ON q.id = o.quote_id WHERE o.uid = ?1",
            )?
            .query_row([message.0], |r| {
                let quote: Option<[u8; 16]> = r.get(2)?;
                Ok((rows::thread_id(r, 0)?, r.get(1)?, quote.map(MessageId)))
            })
            .optional()?
            .ok_or(StoreError::Missing("this message in the outbox"))?;
        let content =
            serde_json::from_str(&content).map_err(|e| StoreError::Corrupt(format!("outbox: {e}")))?;
        Ok((thread, content, quote))
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

    /// Whether a message waits in the outbox.
    pub fn is_queued(&self, message: MessageId) -> Result<bool, StoreError> {
        Ok(self
            .conn
            .prepare_cached("SELECT 1 FROM outbox WHERE uid = ?1 AND state = 'queued'")?
            .exists([message.0])?)
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

    /// Messages waiting or on the wire, messages to be sent later, and messages whose fate is unknown.
    pub fn outbox_counts(&self) -> Result<(u32, u32, u32), StoreError> {
        let count = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
        let counts = self
            .conn
            .prepare_cached(
                "SELECT count(*) FILTER (WHERE state <> 'unknown' AND hold <> 'later'), \
                 count(*) FILTER (WHERE state = 'queued' AND hold = 'later'), \
                 count(*) FILTER (WHERE state = 'unknown') \
                 FROM outbox WHERE state IN ('queued','sending','unknown')",
            )?
            .query_row([], |r| Ok((count(r.get(0)?), count(r.get(1)?), count(r.get(2)?))))?;
        Ok(counts)
    }
}
