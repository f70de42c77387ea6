//! Sends on their way: queued, started, ended, sent again, withdrawn.

use super::inbound::{close_window, move_state, put_reaction, replay_early};
use super::{
    AccountRow, Context, NewMessage, add_message, content, first_chars, people, thread_by_row, thread_by_uid,
};
use crate::clock::Millis;
use crate::model::contact::Identity;
use crate::model::delivery::{DeliveryError, DeliveryState, DeliveryTimes};
use crate::model::event::{AttemptOutcome, Event, Recipient};
use crate::model::ids::{AccountId, AttemptId, MessageId, ThreadId};
use crate::model::inbound::{Peer, StatusUpdate};
use crate::model::message::{Origin, Quote};
use crate::model::outgoing::Outgoing;
use crate::protocol::Changed;
use crate::store::StoreError;
use crate::store::writer::Reply;
use rusqlite::{Connection, OptionalExtension, params};

/// The fields of a queued send.
pub(super) struct NewSend<'a> {
    pub message: MessageId,
    pub attempt: AttemptId,
    pub account: &'a AccountId,
    pub to: &'a Recipient,
    pub content: &'a Outgoing,
    pub quote: Option<MessageId>,
    pub not_before: Millis,
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::Rule(e.to_string()))
}

fn message_row(conn: &Connection, id: MessageId) -> Result<(i64, i64), StoreError> {
    conn.prepare_cached("SELECT id, thread_id FROM messages WHERE uid = ?1")?
        .query_row([id.0], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?
        .ok_or(StoreError::Missing("this message"))
}

fn own_quote(conn: &Connection, id: MessageId) -> Result<Option<(i64, String)>, StoreError> {
    conn.prepare_cached("SELECT id, provider_id, inbound, text, kind FROM messages WHERE uid = ?1")?
        .query_row([id.0], |r| {
            let text: String = r.get(3)?;
            let kind: String = r.get(4)?;
            Ok((
                r.get(0)?,
                Quote {
                    provider_id: r.get::<_, Option<String>>(1)?.unwrap_or_default(),
                    message: Some(id),
                    own: !r.get::<_, bool>(2)?,
                    text: if text.is_empty() {
                        format!("[{kind}]")
                    } else {
                        first_chars(&text, 200).to_owned()
                    },
                },
            ))
        })
        .optional()?
        .map(|(row, q)| Ok((row, json(&q)?)))
        .transpose()
}

pub(super) fn queue(
    conn: &Connection,
    cx: &mut Context,
    event: &Event,
    send: &NewSend<'_>,
) -> Result<Reply, StoreError> {
    let account = cx.account(send.account)?;
    let thread = match send.to {
        Recipient::Thread { thread } => thread_by_uid(conn, *thread)?,
        Recipient::Identity { identity } => {
            let peer = Peer { identities: vec![identity.clone()], profile_name: String::new() };
            // Typed by a person: it finds a contact, and only the provider says what the number really is.
            people::thread(conn, cx, &account, &peer, 0)?
        }
    };
    let quote = send.quote.map(|q| own_quote(conn, q)).transpose()?.flatten();
    let mut target = None;
    let mut message = None;
    if let Outgoing::Reaction { target: t, .. } = send.content {
        target = Some(message_row(conn, *t)?.0);
    } else {
        let body = send.content.shown().ok_or_else(|| StoreError::Rule("there is nothing to show".into()))?;
        let text = body.plain_text();
        let mut times = DeliveryTimes::default();
        times.note(DeliveryState::Queued, event.at);
        let new = NewMessage {
            uid: send.message.0,
            // The list sorts by time: a send belongs after what was on the screen when it was made.
            at: event.at.max(thread.last_at),
            inbound: false,
            unread: false,
            state: DeliveryState::Queued.as_str(),
            body: &body,
            text: &text,
            origin: Some(json(&Origin::Operator(event.actor.label().to_owned()))?),
            provider_id: None,
            quote: quote.as_ref().map(|(_, q)| q.clone()),
            times: Some(json(&times)?),
            tag: None,
            peer: None,
            late: None,
        };
        message = add_message(conn, cx, &account, &thread, &new, None)?;
        if message.is_none() {
            return Ok(Reply { thread: Some(thread.uid), repeated: true, ..Reply::default() });
        }
        cx.changed(Changed::MessageStored { thread: thread.uid, message: send.message, inbound: false });
    }
    conn.prepare_cached(
        "INSERT INTO outbox(uid, message_id, target_id, thread_id, account_id, attempt, state, not_before, content, \
         quote_id) VALUES(?1, ?2, ?3, ?4, ?5, ?6, 'queued', ?7, ?8, ?9)",
    )?
    .execute(params![
        send.message.0,
        message,
        target,
        thread.id,
        account.id,
        send.attempt.0,
        send.not_before,
        json(send.content)?,
        quote.map(|(row, _)| row)
    ])?;
    cx.thread_changed(&thread, &account);
    cx.changed(Changed::StatusChanged);
    Ok(Reply { thread: Some(thread.uid), ..Reply::default() })
}

struct Row {
    id: i64,
    message_id: Option<i64>,
    target_id: Option<i64>,
    thread_id: i64,
    account: AccountRow,
    attempt: AttemptId,
    state: String,
    content: String,
    tries: i64,
}

fn load(
    conn: &Connection,
    cx: &Context,
    column: &str,
    value: &dyn rusqlite::ToSql,
) -> Result<Row, StoreError> {
    let sql = format!(
        "SELECT id, message_id, target_id, thread_id, account_id, attempt, state, content, tries FROM outbox \
         WHERE {column} = ?1"
    );
    let row = conn
        .prepare_cached(&sql)?
        .query_row([value], |r| {
            Ok((
                r.get::<_, i64>(4)?,
                Row {
                    id: r.get(0)?,
                    message_id: r.get(1)?,
                    target_id: r.get(2)?,
                    thread_id: r.get(3)?,
                    account: AccountRow {
                        id: 0,
                        key: AccountId::new(""),
                        number: String::new(),
                        business: String::new(),
                        scope: String::new(),
                        phone_digits: String::new(),
                    },
                    attempt: crate::store::rows::attempt_id(r, 5)?,
                    state: r.get(6)?,
                    content: r.get(7)?,
                    tries: r.get(8)?,
                },
            ))
        })
        .optional()?;
    let (account, row) = row.ok_or(StoreError::Missing("this message in the outbox"))?;
    Ok(Row { account: cx.account_by_row(account)?, ..row })
}

fn set_state(conn: &Connection, cx: &mut Context, id: i64, state: &str) -> Result<(), StoreError> {
    conn.prepare_cached("UPDATE outbox SET state = ?2 WHERE id = ?1")?.execute(params![id, state])?;
    cx.changed(Changed::StatusChanged);
    Ok(())
}

pub(super) fn started(
    conn: &Connection,
    cx: &mut Context,
    event: &Event,
    message: MessageId,
    attempt: AttemptId,
) -> Result<Reply, StoreError> {
    let row = load(conn, cx, "uid", &message.0)?;
    if row.state != "queued" || row.attempt != attempt {
        return Err(StoreError::Rule("the message is no longer waiting".into()));
    }
    conn.prepare_cached("UPDATE outbox SET state = 'sending', tries = tries + 1 WHERE id = ?1")?
        .execute([row.id])?;
    conn.prepare_cached(
        "INSERT OR IGNORE INTO attempts(uid, outbox_id, n, started_at) VALUES(?1, ?2, ?3, ?4)",
    )?
    .execute(params![attempt.0, row.id, row.tries + 1, event.at])?;
    if let Some(m) = row.message_id {
        conn.prepare_cached("UPDATE messages SET attempts = ?2 WHERE id = ?1")?
            .execute(params![m, row.tries + 1])?;
        move_state(conn, cx, &row.account, m, DeliveryState::Sending, event.at, None)?;
    }
    cx.changed(Changed::StatusChanged);
    Ok(Reply::default())
}

pub(super) fn ended(
    conn: &Connection,
    cx: &mut Context,
    event: &Event,
    message: MessageId,
    attempt: AttemptId,
    outcome: &AttemptOutcome,
) -> Result<Reply, StoreError> {
    let row = load(conn, cx, "uid", &message.0)?;
    conn.prepare_cached("UPDATE attempts SET ended_at = ?2, outcome = ?3 WHERE uid = ?1")?
        .execute(params![attempt.0, event.at, json(outcome)?])?;
    if let AttemptOutcome::Accepted { provider_id, recipient } = outcome {
        return accepted(conn, cx, event.at, &row, provider_id, recipient.as_ref());
    }
    // A status may have settled the attempt before its answer came, and a newer attempt is not this one's business.
    if row.state != "sending" || row.attempt != attempt {
        return Ok(Reply::default());
    }
    match outcome {
        AttemptOutcome::Accepted { .. } => {}
        AttemptOutcome::Rejected { error } => {
            set_state(conn, cx, row.id, "failed")?;
            fail(conn, cx, event.at, &row, DeliveryState::Failed, error)?;
        }
        AttemptOutcome::Unknown { error } => {
            set_state(conn, cx, row.id, "unknown")?;
            fail(conn, cx, event.at, &row, DeliveryState::Unknown, error)?;
        }
        AttemptOutcome::RetryAt { at, error } => {
            let next = AttemptId::derived(&["retry", &attempt.to_string()]);
            conn.prepare_cached(
                "UPDATE outbox SET state = 'queued', attempt = ?2, not_before = ?3 WHERE id = ?1",
            )?
            .execute(params![row.id, next.0, at])?;
            requeue(conn, cx, &row, Some(error))?;
        }
    }
    Ok(Reply::default())
}

fn fail(
    conn: &Connection,
    cx: &mut Context,
    at: Millis,
    row: &Row,
    state: DeliveryState,
    error: &DeliveryError,
) -> Result<(), StoreError> {
    if let Some(m) = row.message_id {
        move_state(conn, cx, &row.account, m, state, at, Some(error))?;
        return Ok(());
    }
    reaction_failed(conn, cx, &row.account, error)
}

fn reaction_failed(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    error: &DeliveryError,
) -> Result<(), StoreError> {
    let text = format!("a reaction was not delivered: {} {}", error.code, error.text);
    conn.prepare_cached(
        "INSERT INTO notices(at, account_id, severity, field, text) VALUES(?1,?2,'warning','reaction',?3)",
    )?
    .execute(params![cx.now, account.id, first_chars(&text, 1000)])?;
    cx.changed(Changed::StatusChanged);
    Ok(())
}

fn accepted(
    conn: &Connection,
    cx: &mut Context,
    at: Millis,
    row: &Row,
    provider_id: &str,
    recipient: Option<&Identity>,
) -> Result<Reply, StoreError> {
    let key = MessageId::of_provider(&row.account.key, provider_id);
    conn.prepare_cached("INSERT OR IGNORE INTO provider_ids(key, outbox_id) VALUES(?1, ?2)")?
        .execute(params![key.0, row.id])?;
    if matches!(row.state.as_str(), "sending" | "unknown") {
        set_state(conn, cx, row.id, "done")?;
    }
    let thread = thread_by_row(conn, row.thread_id)?;
    if let Some(identity) = recipient {
        people::stated(conn, cx, &row.account, thread.contact_id, std::slice::from_ref(identity), at)?;
        if let Some(m) = row.message_id {
            // Whom it reached: that is what a split of the contact goes by.
            conn.prepare_cached("UPDATE messages SET peer = ?2 WHERE id = ?1 AND ?2 <> coalesce(?3, 0)")?
                .execute(params![m, identity.fingerprint(), thread.peer])?;
        }
    }
    if let Some(m) = row.message_id {
        conn.prepare_cached("UPDATE messages SET provider_id = coalesce(provider_id, ?2) WHERE id = ?1")?
            .execute(params![m, provider_id])?;
        move_state(conn, cx, &row.account, m, DeliveryState::Accepted, at, None)?;
    } else if let (Some(target), Ok(Outgoing::Reaction { emoji, .. })) =
        (row.target_id, serde_json::from_str::<Outgoing>(&row.content))
    {
        put_reaction(conn, cx, target, true, &emoji, at)?;
    }
    replay_early(conn, cx, &row.account, key)?;
    if row.message_id.is_some() {
        content::fill_quotes(conn, cx, &row.account, provider_id)?;
    }
    Ok(Reply::default())
}

/// A status for a reaction of ours: only a failure changes anything.
pub(super) fn reaction_status(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    outbox: i64,
    status: &StatusUpdate,
    state: DeliveryState,
) -> Result<(), StoreError> {
    if state != DeliveryState::Failed {
        return Ok(());
    }
    let row = load(conn, cx, "id", &outbox)?;
    if row.state == "failed" {
        return Ok(());
    }
    set_state(conn, cx, outbox, "failed")?;
    if let Some(target) = row.target_id {
        put_reaction(conn, cx, target, true, "", status.at.max(cx.now))?;
    }
    match &status.error {
        Some(e) => reaction_failed(conn, cx, account, e),
        None => Ok(()),
    }
}

/// Back to waiting: a new attempt of the same message.
fn requeue(
    conn: &Connection,
    cx: &mut Context,
    row: &Row,
    error: Option<&DeliveryError>,
) -> Result<(), StoreError> {
    let Some(m) = row.message_id else { return Ok(()) };
    let (uid, state, dismissed): (Vec<u8>, String, bool) = conn
        .prepare_cached("SELECT uid, state, dismissed FROM messages WHERE id = ?1")?
        .query_row([m], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
    let mut times = DeliveryTimes::default();
    times.note(DeliveryState::Queued, cx.now);
    conn.prepare_cached(
        "UPDATE messages SET state = 'queued', times = ?2, error = ?3, dismissed = 0, revision = revision + 1 WHERE id = ?1",
    )?
    .execute(params![m, json(&times)?, error.map(json).transpose()?])?;
    let thread = thread_by_row(conn, row.thread_id)?;
    if matches!(state.as_str(), "failed" | "unknown") && !dismissed {
        conn.prepare_cached("UPDATE threads SET failed = failed - 1 WHERE id = ?1")?.execute([thread.id])?;
    }
    if thread.last_row == m {
        conn.prepare_cached("UPDATE threads SET last_state = 'queued' WHERE id = ?1")?
            .execute([thread.id])?;
    }
    if let Some(message) = MessageId::from_slice(&uid) {
        cx.changed(Changed::MessageChanged { thread: thread.uid, message });
    }
    cx.thread_changed(&thread, &row.account);
    cx.changed(Changed::StatusChanged);
    Ok(())
}

pub(super) fn retry(
    conn: &Connection,
    cx: &mut Context,
    message: MessageId,
    attempt: AttemptId,
) -> Result<Reply, StoreError> {
    let row = load(conn, cx, "uid", &message.0)?;
    if !matches!(row.state.as_str(), "failed" | "unknown") {
        return Err(StoreError::Rule(format!(
            "the message is {}: only failed or unknown ones can be sent again",
            row.state
        )));
    }
    // The provider's id of the failed attempt must not name the new one.
    if let Some(m) = row.message_id {
        conn.prepare_cached("UPDATE messages SET provider_id = NULL WHERE id = ?1")?.execute([m])?;
    }
    conn.prepare_cached("UPDATE outbox SET state = 'queued', attempt = ?2, not_before = ?3 WHERE id = ?1")?
        .execute(params![row.id, attempt.0, cx.now])?;
    requeue(conn, cx, &row, None)?;
    Ok(Reply::default())
}

pub(super) fn cancel(conn: &Connection, cx: &mut Context, message: MessageId) -> Result<Reply, StoreError> {
    let row = load(conn, cx, "uid", &message.0)?;
    match row.state.as_str() {
        "queued" => {
            set_state(conn, cx, row.id, "cancelled")?;
            if let Some(m) = row.message_id {
                move_state(conn, cx, &row.account, m, DeliveryState::Cancelled, cx.now, None)?;
            }
        }
        "failed" | "unknown" => {
            let Some(m) = row.message_id else { return Ok(Reply::default()) };
            let n = conn
                .prepare_cached(
                    "UPDATE messages SET dismissed = 1, revision = revision + 1 WHERE id = ?1 AND dismissed = 0",
                )?
                .execute([m])?;
            if n > 0 {
                let thread = thread_by_row(conn, row.thread_id)?;
                conn.prepare_cached("UPDATE threads SET failed = failed - 1 WHERE id = ?1")?
                    .execute([thread.id])?;
                if row.state == "unknown" {
                    set_state(conn, cx, row.id, "cancelled")?;
                }
                cx.changed(Changed::MessageChanged { thread: thread.uid, message });
                cx.thread_changed(&thread, &row.account);
            }
        }
        "sending" => {
            return Err(StoreError::Rule("the message is on the wire: it cannot be withdrawn".into()));
        }
        _ => return Err(StoreError::Rule("the message has left: it cannot be withdrawn".into())),
    }
    Ok(Reply::default())
}

/// The provider says that the window is closed.
pub(super) fn window_closed(
    conn: &Connection,
    cx: &mut Context,
    thread: ThreadId,
) -> Result<Reply, StoreError> {
    let t = thread_by_uid(conn, thread)?;
    close_window(conn, t.id, cx.now)?;
    let account = cx.account_by_row(t.account_id)?;
    cx.thread_changed(&t, &account);
    Ok(Reply::default())
}
