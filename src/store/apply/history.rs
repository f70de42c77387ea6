//! The past: messages that a provider hands over from before, in pages that are asked for or in webhooks of their own.
//!
//! The rules:
//!
//! 1. A message of the past counts as read, and is told to nobody. What a customer wrote while nobody listened is no
//!    past: it comes here as an ordinary message and counts as unread, however late it is.
//! 2. One that is here already stays as it is: what a webhook brought stays unread until somebody reads it.
//! 3. One that came as past and is brought by a webhook after all was news when it was listed: it becomes unread,
//!    unless somebody has answered it since ([`arrived_after_all`]).
//! 4. The window counts from the time of the newest message of the customer, wherever it came from.
//! 5. For a message of ours, what the list says moves its state forward and never back. A failure of the past is
//!    nobody's task any more.

use super::inbound::{self, Stored, status_of};
use super::{AccountRow, Context, attempts, thread_by_row};
use crate::model::delivery::DeliveryState;
use crate::model::event::Event;
use crate::model::history::{HistoryEntry, HistoryMark};
use crate::model::ids::{AccountId, MessageId};
use crate::model::inbound::{Change, InboundMessage, StatusUpdate};
use crate::protocol::Changed;
use crate::store::StoreError;
use crate::store::writer::Reply;
use rusqlite::{Connection, OptionalExtension, params};

/// A page that was read: what it says, and where the next one begins, in one transaction.
pub(super) fn page(
    conn: &Connection,
    cx: &mut Context,
    event: &Event,
    account: &AccountId,
    entries: &[HistoryEntry],
    mark: &HistoryMark,
) -> Result<Reply, StoreError> {
    let account = cx.account(account)?;
    cx.received = 0;
    let mut problems = 0;
    for entry in entries {
        conn.prepare_cached("SAVEPOINT past")?.execute([])?;
        match one(conn, cx, &account, entry) {
            Ok(()) => {}
            Err(e) if e.is_storage() => return Err(e),
            // It costs itself only: a list cannot be mended, and must not stop at one message.
            Err(error) => {
                conn.prepare_cached("ROLLBACK TO past")?.execute([])?;
                tracing::warn!(%error, account = %account.key, "a message of the past cannot be kept");
                problems += 1;
            }
        }
        conn.prepare_cached("RELEASE past")?.execute([])?;
    }
    let json = serde_json::to_string(mark).map_err(|e| StoreError::Rule(e.to_string()))?;
    conn.prepare_cached("UPDATE accounts SET history = ?2 WHERE id = ?1")?
        .execute(params![account.id, json])?;
    cx.changed(Changed::AccountChanged { account: account.key.clone() });
    cx.received = event.at;
    Ok(Reply { problems, ..Reply::default() })
}

fn one(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    entry: &HistoryEntry,
) -> Result<(), StoreError> {
    // A status that carries the id of an attempt says that the message is that send: it has to come first, or the
    // message would be taken for somebody else's.
    let mut named = false;
    for s in &entry.statuses {
        let key = MessageId::of_provider(&account.key, &s.provider_id);
        if s.opaque.is_some() && attempts::own_send(conn, account, s, key)?.is_some() {
            named = true;
            status_of(conn, cx, account, s)?;
        }
    }
    match &entry.change {
        // Something unreadable in a list is no news for anybody.
        Change::Unknown { .. } => {}
        Change::Message(m) => message(conn, cx, account, m)?,
        change => inbound::change(conn, cx, account, change)?,
    }
    if !named {
        for s in entry.statuses.iter().filter(|s| s.state.is_some()) {
            status_of(conn, cx, account, s)?;
        }
    }
    Ok(())
}

/// A message of a list, or of the past in a webhook.
pub(super) fn message(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    m: &InboundMessage,
) -> Result<(), StoreError> {
    // Its place is where its time is, not where it came within its second.
    let received = std::mem::replace(&mut cx.received, 0);
    let stored = inbound::message(conn, cx, account, m);
    cx.received = received;
    match stored? {
        Stored::New(row) => {
            let failed = m.state == Some(DeliveryState::Failed);
            if m.history || failed {
                conn.prepare_cached("UPDATE messages SET past = ?3, dismissed = ?2 WHERE id = ?1")?
                    .execute(params![row, failed, m.history.then_some(1)])?;
            }
        }
        Stored::Known => settle(conn, cx, account, m)?,
        Stored::Gone => {}
    }
    Ok(())
}

/// A message that is here: what the list says of its state moves it forward.
fn settle(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    m: &InboundMessage,
) -> Result<(), StoreError> {
    let Some(next) = m.state.filter(|s| *s != DeliveryState::Accepted) else { return Ok(()) };
    let Some(row) = inbound::find(conn, account, &m.provider_id)? else { return Ok(()) };
    let state: String = conn
        .prepare_cached("SELECT state FROM messages WHERE id = ?1 AND inbound = 0")?
        .query_row([row], |r| r.get(0))
        .optional()?
        .unwrap_or_default();
    if !DeliveryState::parse(&state).is_some_and(|old| old != next && old.may_become(next)) {
        return Ok(());
    }
    let status = StatusUpdate {
        provider_id: m.provider_id.clone(),
        opaque: None,
        state: Some(next),
        word: next.as_str().to_owned(),
        // Nobody knows when; not before it was sent, and now it is known.
        at: cx.now,
        recipient: Vec::new(),
        error: None,
        category: None,
        free_until: None,
    };
    status_of(conn, cx, account, &status)
}

/// A webhook brings a customer's message that came as past: it was news when it was listed.
pub(super) fn arrived_after_all(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    key: MessageId,
) -> Result<(), StoreError> {
    let found: Option<(i64, i64)> = conn
        .prepare_cached("SELECT id, thread_id FROM messages WHERE uid = ?1 AND past = 1 AND inbound = 1")?
        .query_row([key.0], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    let Some((row, thread)) = found else { return Ok(()) };
    let answered = conn
        .prepare_cached(
            "SELECT 1 FROM messages m, messages n WHERE n.id = ?1 AND m.thread_id = n.thread_id \
             AND (m.at, m.id) > (n.at, n.id) AND m.inbound = 0 LIMIT 1",
        )?
        .exists([row])?;
    conn.prepare_cached("UPDATE messages SET past = NULL, unread = ?2 WHERE id = ?1")?
        .execute(params![row, !answered])?;
    if answered {
        return Ok(());
    }
    let thread = thread_by_row(conn, thread)?;
    conn.prepare_cached("UPDATE threads SET unread = unread + 1 WHERE id = ?1")?.execute([thread.id])?;
    if !thread.open {
        super::handling::customer_wrote(conn, cx, &thread)?;
    }
    if let Some(d) = cx.delta(account.id) {
        d.unread += 1;
        d.unread_threads += i64::from(thread.unread == 0);
    }
    cx.changed(Changed::MessageStored { thread: thread.uid, message: key, inbound: true });
    cx.thread_changed(&thread, account);
    Ok(())
}
