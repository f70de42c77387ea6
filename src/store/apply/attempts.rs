//! What the provider says about our sends, and to which attempt it belongs.
//!
//! A message shows its present attempt. What is heard of an earlier one is kept with that attempt, and the earlier
//! one takes the message over where it got through and the present one did not: then the message has arrived, and a
//! new attempt that has not left is not needed any more.

use super::inbound::{self, move_state, put_reaction, replay_early};
use super::outbox::{Row, json, load, notice_of, reaction_failed};
use super::{AccountRow, Context, content, files, parked, thread_by_row};
use crate::clock::Millis;
use crate::model::delivery::{DeliveryError, DeliveryState, DeliveryTimes};
use crate::model::ids::{AttemptId, MessageId};
use crate::model::inbound::StatusUpdate;
use crate::protocol::Changed;
use crate::store::StoreError;
use rusqlite::{Connection, OptionalExtension, params};

/// Where a status belongs among our sends.
pub(super) struct OwnSend {
    outbox: i64,
    /// The attempt; `None` for ids that were kept before attempts were told apart.
    attempt: Option<AttemptId>,
    /// Whether the provider's id was not known before.
    new: bool,
}

/// How a message stands: what its row says of its present attempt.
pub(super) struct Shown {
    pub state: DeliveryState,
    pub times: DeliveryTimes,
    /// As JSON.
    pub error: Option<String>,
    pub provider_id: Option<String>,
}

/// The send that a status belongs to: by the provider's id, else by our attempt id.
pub(super) fn own_send(
    conn: &Connection,
    account: &AccountRow,
    s: &StatusUpdate,
    key: MessageId,
) -> Result<Option<OwnSend>, StoreError> {
    let known: Option<(i64, Option<Vec<u8>>)> = conn
        .prepare_cached("SELECT outbox_id, attempt FROM provider_ids WHERE key = ?1")?
        .query_row([key.0], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    if let Some((outbox, attempt)) = known {
        let attempt = attempt.as_deref().and_then(AttemptId::from_slice);
        return Ok(Some(OwnSend { outbox, attempt, new: false }));
    }
    let Some(attempt) = s.opaque.as_deref().and_then(|o| o.parse::<AttemptId>().ok()) else {
        return Ok(None);
    };
    let outbox: Option<i64> = conn
        .prepare_cached(
            "SELECT o.id FROM attempts a JOIN outbox o ON o.id = a.outbox_id WHERE a.uid = ?1 AND o.account_id = ?2",
        )?
        .query_row(params![attempt.0, account.id], |r| r.get(0))
        .optional()?;
    let Some(outbox) = outbox else { return Ok(None) };
    name(conn, key, outbox, attempt)?;
    Ok(Some(OwnSend { outbox, attempt: Some(attempt), new: true }))
}

/// Whether an attempt of a thread is on the wire: its answer is still to come.
pub(super) fn is_on_wire(conn: &Connection, thread: i64) -> Result<bool, StoreError> {
    let found = conn
        .prepare_cached(
            // Named twice, so that the index of the line is used.
            "SELECT 1 FROM outbox WHERE thread_id = ?1 AND state IN ('queued','sending') AND state = 'sending'",
        )?
        .exists([thread])?;
    Ok(found)
}

/// Notes which attempt a provider's id belongs to.
pub(super) fn name(
    conn: &Connection,
    key: MessageId,
    outbox: i64,
    attempt: AttemptId,
) -> Result<(), StoreError> {
    conn.prepare_cached("INSERT OR IGNORE INTO provider_ids(key, outbox_id, attempt) VALUES(?1, ?2, ?3)")?
        .execute(params![key.0, outbox, attempt.0])?;
    Ok(())
}

/// A status of one of our sends. The row of its message, where it has one.
pub(super) fn status(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    send: &OwnSend,
    key: MessageId,
    s: &StatusUpdate,
    state: DeliveryState,
) -> Result<Option<i64>, StoreError> {
    let row = load(conn, cx, "id", &send.outbox)?;
    let attempt = send.attempt.unwrap_or(row.attempt);
    heard(conn, cx, account, &row, attempt, &s.provider_id, state, s.at, s.error.as_ref())?;
    if send.new && row.message_id.is_some() {
        content::fill_quotes(conn, cx, account, &s.provider_id)?;
    }
    if send.new && cx.has_early() {
        // Ticks that came without our id had to wait for one that has it.
        replay_early(conn, cx, account, key)?;
    }
    Ok(row.message_id)
}

/// News of an attempt, be it the present one or an earlier one.
#[allow(clippy::too_many_arguments, reason = "one argument for each part of the news")]
pub(super) fn heard(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    row: &Row,
    attempt: AttemptId,
    provider_id: &str,
    state: DeliveryState,
    at: Millis,
    error: Option<&DeliveryError>,
) -> Result<(), StoreError> {
    let Some(m) = row.message_id else { return reaction_heard(conn, cx, account, row, state, at, error) };
    if attempt != row.attempt {
        return earlier(conn, cx, row, m, attempt, provider_id, state, at, error);
    }
    conn.prepare_cached("UPDATE messages SET provider_id = ?2 WHERE id = ?1 AND provider_id IS NULL")?
        .execute(params![m, provider_id])?;
    if move_state(conn, cx, account, m, state, at, error)? {
        let to = if state == DeliveryState::Failed { "failed" } else { "done" };
        conn.prepare_cached("UPDATE outbox SET state = ?2 WHERE id = ?1")?.execute(params![row.id, to])?;
        cx.changed(Changed::StatusChanged);
        if let (Some(error), DeliveryState::Failed) = (error, state) {
            files::failed(conn, account.id, &row.content, error.code)?;
            notice_of(conn, cx, row, error)?;
        }
        if state == DeliveryState::Failed {
            give_way(conn, cx, row)?;
        }
        // It is known now that this is it; what else waited is not.
        parked::release(conn, cx, account, row.thread_id)?;
    }
    Ok(())
}

/// A status for a reaction of ours: only a failure changes anything.
fn reaction_heard(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    row: &Row,
    state: DeliveryState,
    at: Millis,
    error: Option<&DeliveryError>,
) -> Result<(), StoreError> {
    if state != DeliveryState::Failed {
        // What was unknown is settled.
        if matches!(row.state.as_str(), "sending" | "unknown") {
            super::outbox::reaction_taken(conn, cx, row, at)?;
        }
        return Ok(());
    }
    if row.state == "failed" {
        return Ok(());
    }
    super::outbox::set_state(conn, cx, row.id, "failed")?;
    if let Some(target) = row.target_id {
        put_reaction(conn, cx, target, true, "", at.max(cx.now))?;
    }
    match error {
        Some(e) => reaction_failed(conn, cx, account, row, e, at),
        None => Ok(()),
    }
}

/// News of an attempt that is not the message's present one.
#[allow(clippy::too_many_arguments, reason = "one argument for each part of the news")]
fn earlier(
    conn: &Connection,
    cx: &mut Context,
    row: &Row,
    m: i64,
    attempt: AttemptId,
    provider_id: &str,
    state: DeliveryState,
    at: Millis,
    error: Option<&DeliveryError>,
) -> Result<(), StoreError> {
    let Some(mut kept) = kept(conn, attempt)? else { return Ok(()) };
    let before = (kept.state, kept.times);
    kept.times.note(state, at);
    if kept.state.may_become(state) {
        kept.state = state;
        kept.error = error.map(json).transpose()?;
    }
    if kept.provider_id.is_none() {
        kept.provider_id = Some(provider_id.to_owned());
    }
    if before == (kept.state, kept.times) {
        return Ok(());
    }
    keep(conn, attempt, &kept)?;
    // Where the present attempt did not get through, or has not left, the earlier one is the message's.
    let takes_over =
        kept.state.is_taken() && matches!(row.state.as_str(), "queued" | "failed" | "unknown" | "cancelled");
    if takes_over {
        if row.state != "queued" {
            keep(conn, row.attempt, &shown(conn, m)?.0)?;
        }
        return take_over(conn, cx, row, m, attempt, &kept);
    }
    let (uid, thread): (Vec<u8>, i64) = conn
        .prepare_cached("UPDATE messages SET revision = revision + 1 WHERE id = ?1 RETURNING uid, thread_id")?
        .query_row([m], |r| Ok((r.get(0)?, r.get(1)?)))?;
    if let Some(message) = MessageId::from_slice(&uid) {
        cx.changed(Changed::MessageChanged { thread: thread_by_row(conn, thread)?.uid, message });
    }
    Ok(())
}

/// How far an attempt got that is not the present one. Nothing was heard of it so far: nobody knows.
fn kept(conn: &Connection, attempt: AttemptId) -> Result<Option<Shown>, StoreError> {
    type Columns = (Option<String>, Option<String>, Option<String>, Option<String>);
    let found: Option<Columns> = conn
        .prepare_cached("SELECT state, times, error, provider_id FROM attempts WHERE uid = ?1")?
        .query_row([attempt.0], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))
        .optional()?;
    Ok(found.map(|(state, times, error, provider_id)| Shown {
        state: state.as_deref().and_then(DeliveryState::parse).unwrap_or(DeliveryState::Unknown),
        times: times.and_then(|t| serde_json::from_str(&t).ok()).unwrap_or_default(),
        error,
        provider_id,
    }))
}

/// Keeps with an attempt how far it got.
pub(super) fn keep(conn: &Connection, attempt: AttemptId, s: &Shown) -> Result<(), StoreError> {
    conn.prepare_cached(
        "UPDATE attempts SET state = ?2, times = ?3, error = ?4, provider_id = ?5 WHERE uid = ?1",
    )?
    .execute(params![attempt.0, s.state.as_str(), json(&s.times)?, s.error, s.provider_id])?;
    Ok(())
}

/// The newest attempt before the present one of which nobody knows whether it went out: what a message falls back
/// to when its new attempt is withdrawn before it left.
pub(super) fn in_doubt(conn: &Connection, row: &Row) -> Result<Option<(AttemptId, Shown)>, StoreError> {
    other(
        conn,
        row,
        "SELECT uid FROM attempts WHERE outbox_id = ?1 AND uid <> ?2 AND state = 'unknown' ORDER BY n DESC LIMIT 1",
    )
}

fn other(conn: &Connection, row: &Row, sql: &str) -> Result<Option<(AttemptId, Shown)>, StoreError> {
    let uid: Option<Vec<u8>> =
        conn.prepare_cached(sql)?.query_row(params![row.id, row.attempt.0], |r| r.get(0)).optional()?;
    let Some(attempt) = uid.as_deref().and_then(AttemptId::from_slice) else { return Ok(None) };
    Ok(kept(conn, attempt)?.map(|s| (attempt, s)))
}

/// The present attempt did not get through. Where an earlier one did, the message has arrived.
pub(super) fn give_way(conn: &Connection, cx: &mut Context, row: &Row) -> Result<(), StoreError> {
    let Some(m) = row.message_id else { return Ok(()) };
    let taken = "SELECT uid FROM attempts WHERE outbox_id = ?1 AND uid <> ?2 \
                 AND state IN ('accepted','sent','delivered','read','played') ORDER BY n DESC LIMIT 1";
    let Some((attempt, arrived)) = other(conn, row, taken)? else { return Ok(()) };
    keep(conn, row.attempt, &shown(conn, m)?.0)?;
    take_over(conn, cx, row, m, attempt, &arrived)
}

/// Makes an earlier attempt the present one.
fn take_over(
    conn: &Connection,
    cx: &mut Context,
    row: &Row,
    m: i64,
    attempt: AttemptId,
    with: &Shown,
) -> Result<(), StoreError> {
    conn.prepare_cached("UPDATE outbox SET state = 'done', attempt = ?2, hold = '' WHERE id = ?1")?
        .execute(params![row.id, attempt.0])?;
    show(conn, cx, &row.account, m, with)
}

/// What a message's row says now, and whether it was put aside.
pub(super) fn shown(conn: &Connection, m: i64) -> Result<(Shown, bool), StoreError> {
    let (state, times, error, provider_id, dismissed): (
        String,
        Option<String>,
        Option<String>,
        Option<String>,
        bool,
    ) = conn
        .prepare_cached("SELECT state, times, error, provider_id, dismissed FROM messages WHERE id = ?1")?
        .query_row([m], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?)))?;
    let state =
        DeliveryState::parse(&state).ok_or_else(|| StoreError::Corrupt(format!("delivery state {state}")))?;
    let times = times.and_then(|t| serde_json::from_str(&t).ok()).unwrap_or_default();
    Ok((Shown { state, times, error, provider_id }, dismissed))
}

/// Puts another attempt's state on a message, and keeps counters and the thread's row true.
pub(super) fn show(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    m: i64,
    next: &Shown,
) -> Result<(), StoreError> {
    let (old, dismissed) = shown(conn, m)?;
    let (uid, thread): (Vec<u8>, i64) = conn
        .prepare_cached(
            "UPDATE messages SET state = ?2, times = ?3, error = ?4, provider_id = ?5, dismissed = 0, \
             revision = revision + 1 WHERE id = ?1 RETURNING uid, thread_id",
        )?
        .query_row(
            params![m, next.state.as_str(), json(&next.times)?, next.error, next.provider_id],
            |r| Ok((r.get(0)?, r.get(1)?)),
        )?;
    let thread = thread_by_row(conn, thread)?;
    let counts = |s: DeliveryState| matches!(s, DeliveryState::Failed | DeliveryState::Unknown);
    let by = i64::from(counts(next.state)) - i64::from(counts(old.state) && !dismissed);
    if by != 0 {
        conn.prepare_cached("UPDATE threads SET failed = failed + ?2 WHERE id = ?1")?
            .execute(params![thread.id, by])?;
    }
    if thread.last_row == m {
        conn.prepare_cached("UPDATE threads SET last_state = ?2 WHERE id = ?1")?
            .execute(params![thread.id, next.state.as_str()])?;
    }
    if let Some(message) = MessageId::from_slice(&uid) {
        cx.changed(Changed::MessageChanged { thread: thread.uid, message });
    }
    cx.thread_changed(&thread, account);
    cx.changed(Changed::StatusChanged);
    Ok(())
}

/// What was learned by asking, or by looking through what was kept.
pub(super) fn learned(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    statuses: &[StatusUpdate],
) -> Result<(), StoreError> {
    for s in statuses {
        inbound::status_of(conn, cx, account, s)?;
    }
    Ok(())
}
