//! Sends on their way: queued, started, ended, sent again, withdrawn.

use super::attempts::{self, Shown};
use super::inbound::{WINDOW_CLOSED, close_window, move_state, put_reaction, replay_early};
use super::{
    AccountRow, Context, NewMessage, add_message, content, files, first_chars, parked, people, templates,
    thread_by_row, thread_by_uid,
};
use crate::clock::Millis;
use crate::model::contact::Identity;
use crate::model::delivery::{DeliveryError, DeliveryState, DeliveryTimes, WaitReason};
use crate::model::event::{AttemptOutcome, Event, Recipient};
use crate::model::ids::{AccountId, AttemptId, MessageId, ThreadId};
use crate::model::inbound::Peer;
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
    pub send_at: Option<Millis>,
}

pub(super) fn json<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
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
        let text = body.kept_text();
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
    files::sent(conn, event.at, send.message.0, send.content)?;
    let hold = match send.send_at {
        Some(_) => WaitReason::Later.as_str(),
        None if send.not_before > event.at => WaitReason::Undo.as_str(),
        None => "",
    };
    // A clock that was set back does not change the order.
    let line_at = match send.send_at {
        Some(at) => at,
        None => event.at.max(last_in_line(conn, thread.id, event.at)?),
    };
    conn.prepare_cached(
        "INSERT INTO outbox(uid, message_id, target_id, thread_id, account_id, attempt, state, not_before, content, \
         quote_id, send_at, line_at, hold) VALUES(?1, ?2, ?3, ?4, ?5, ?6, 'queued', ?7, ?8, ?9, ?10, ?11, ?12)",
    )?
    .execute(params![
        send.message.0,
        message,
        target,
        thread.id,
        account.id,
        send.attempt.0,
        send.send_at.unwrap_or(send.not_before),
        json(send.content)?,
        quote.map(|(row, _)| row),
        send.send_at,
        line_at,
        hold
    ])?;
    templates::used(conn, &account, event.at, send.content)?;
    cx.thread_changed(&thread, &account);
    cx.changed(Changed::StatusChanged);
    Ok(Reply { thread: Some(thread.uid), ..Reply::default() })
}

/// The place of the last send that is in a thread's line already.
fn last_in_line(conn: &Connection, thread: i64, now: Millis) -> Result<Millis, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT coalesce(max(line_at), 0) FROM outbox WHERE thread_id = ?1 AND state IN ('queued','sending') \
             AND (send_at IS NULL OR send_at <= ?2)",
        )?
        .query_row(params![thread, now], |r| r.get(0))?)
}

/// A row of the outbox.
pub(super) struct Row {
    pub id: i64,
    pub message_id: Option<i64>,
    pub target_id: Option<i64>,
    pub thread_id: i64,
    pub account: AccountRow,
    pub attempt: AttemptId,
    pub state: String,
    pub send_at: Option<Millis>,
    pub content: String,
    tries: i64,
}

pub(super) fn load(
    conn: &Connection,
    cx: &Context,
    column: &str,
    value: &dyn rusqlite::ToSql,
) -> Result<Row, StoreError> {
    let sql = format!(
        "SELECT id, message_id, target_id, thread_id, account_id, attempt, state, content, tries, send_at FROM outbox \
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
                    send_at: r.get(9)?,
                },
            ))
        })
        .optional()?;
    let (account, row) = row.ok_or(StoreError::Missing("this message in the outbox"))?;
    Ok(Row { account: cx.account_by_row(account)?, ..row })
}

pub(super) fn set_state(conn: &Connection, cx: &mut Context, id: i64, state: &str) -> Result<(), StoreError> {
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
    conn.prepare_cached("UPDATE outbox SET state = 'sending', tries = tries + 1, hold = '' WHERE id = ?1")?
        .execute([row.id])?;
    conn.prepare_cached(
        "INSERT OR IGNORE INTO attempts(uid, outbox_id, n, started_at) VALUES(?1, ?2, ?3, ?4)",
    )?
    .execute(params![attempt.0, row.id, row.tries + 1, event.at])?;
    if let Some(m) = row.message_id {
        if row.send_at.is_some() {
            stands_now(conn, cx, &row, m, event.at)?;
        }
        conn.prepare_cached("UPDATE messages SET attempts = ?2 WHERE id = ?1")?
            .execute(params![m, row.tries + 1])?;
        move_state(conn, cx, &row.account, m, DeliveryState::Sending, event.at, None)?;
    }
    cx.changed(Changed::StatusChanged);
    Ok(Reply::default())
}

/// An attempt that ended before anything of it could leave: as one that was made, in one step, so that no crash
/// leaves it in doubt.
pub(super) fn hindered(
    conn: &Connection,
    cx: &mut Context,
    event: &Event,
    message: MessageId,
    attempt: AttemptId,
    outcome: &AttemptOutcome,
) -> Result<Reply, StoreError> {
    if !matches!(outcome, AttemptOutcome::Rejected { .. } | AttemptOutcome::RetryAt { .. }) {
        return Err(StoreError::Rule("what did not leave was not taken either".into()));
    }
    started(conn, cx, event, message, attempt)?;
    ended(conn, cx, event, message, attempt, outcome)
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
        accepted(conn, cx, event.at, &row, attempt, provider_id, recipient.as_ref())?;
        parked::release(conn, cx, &row.account, row.thread_id)?;
        return Ok(Reply::default());
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
            notice_of(conn, cx, &row, error)?;
            attempts::give_way(conn, cx, &row)?;
        }
        AttemptOutcome::Unknown { error } => {
            set_state(conn, cx, row.id, "unknown")?;
            fail(conn, cx, event.at, &row, DeliveryState::Unknown, error)?;
            attempts::give_way(conn, cx, &row)?;
        }
        AttemptOutcome::RetryAt { at, error, .. } => {
            let next = AttemptId::derived(&["retry", &attempt.to_string()]);
            conn.prepare_cached(
                "UPDATE outbox SET state = 'queued', attempt = ?2, not_before = ?3, hold = ?4 WHERE id = ?1",
            )?
            .execute(params![row.id, next.0, at, WaitReason::Provider.as_str()])?;
            requeue(conn, cx, &row, Some(error))?;
        }
    }
    // Where nobody knows what became of it, it may still be what waits.
    if !matches!(outcome, AttemptOutcome::Unknown { .. }) {
        parked::release(conn, cx, &row.account, row.thread_id)?;
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
    files::failed(conn, row.account.id, &row.content, error.code)?;
    if let Some(m) = row.message_id {
        move_state(conn, cx, &row.account, m, state, at, Some(error))?;
        return Ok(());
    }
    reaction_failed(conn, cx, &row.account, row, error, at)
}

/// A message that an operator wanted to be sent later was not: nobody may be looking, so it is said aloud.
pub(super) fn notice_of(
    conn: &Connection,
    cx: &mut Context,
    row: &Row,
    error: &DeliveryError,
) -> Result<(), StoreError> {
    if row.send_at.is_none() {
        return Ok(());
    }
    let title: String = conn
        .prepare_cached("SELECT title FROM threads WHERE id = ?1")?
        .query_row([row.thread_id], |r| r.get(0))?;
    let code = if error.code == 0 { String::new() } else { format!("{} ", error.code) };
    let title = first_chars(&title, 60);
    let text = format!("the message to {title} that was to be sent later failed: {code}{}", error.text);
    conn.prepare_cached(
        "INSERT INTO notices(at, account_id, severity, field, text) VALUES(?1,?2,'warning','send_later',?3)",
    )?
    .execute(params![cx.now, row.account.id, first_chars(&text, 1000)])?;
    cx.changed(Changed::StatusChanged);
    Ok(())
}

pub(super) fn reaction_failed(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    row: &Row,
    error: &DeliveryError,
    at: Millis,
) -> Result<(), StoreError> {
    if error.code == WINDOW_CLOSED {
        let thread = thread_by_row(conn, row.thread_id)?;
        close_window(conn, thread.id, at)?;
        cx.thread_changed(&thread, account);
    }
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
    attempt: AttemptId,
    provider_id: &str,
    recipient: Option<&Identity>,
) -> Result<(), StoreError> {
    let key = MessageId::of_provider(&row.account.key, provider_id);
    attempts::name(conn, key, row.id, attempt)?;
    let thread = thread_by_row(conn, row.thread_id)?;
    if let Some(identity) = recipient {
        people::stated(conn, cx, &row.account, thread.contact_id, std::slice::from_ref(identity), at)?;
        if let Some(m) = row.message_id {
            // Whom it reached: that is what a split of the contact goes by.
            conn.prepare_cached("UPDATE messages SET peer = ?2 WHERE id = ?1 AND ?2 <> coalesce(?3, 0)")?
                .execute(params![m, identity.fingerprint(), thread.peer])?;
        }
    }
    if row.message_id.is_none() {
        reaction_taken(conn, cx, row, at)?;
    } else {
        let account = &row.account;
        attempts::heard(conn, cx, account, row, attempt, provider_id, DeliveryState::Accepted, at, None)?;
        // A tick may have come first; then the answer is no news, and the send is settled all the same.
        if row.attempt == attempt && matches!(row.state.as_str(), "sending" | "unknown") {
            set_state(conn, cx, row.id, "done")?;
        }
    }
    replay_early(conn, cx, &row.account, key)?;
    if row.message_id.is_some() {
        content::fill_quotes(conn, cx, &row.account, provider_id)?;
    }
    Ok(())
}

/// The provider took a reaction: it is on its message.
pub(super) fn reaction_taken(
    conn: &Connection,
    cx: &mut Context,
    row: &Row,
    at: Millis,
) -> Result<(), StoreError> {
    if matches!(row.state.as_str(), "sending" | "unknown") {
        set_state(conn, cx, row.id, "done")?;
    }
    if let (Some(target), Ok(Outgoing::Reaction { emoji, .. })) =
        (row.target_id, serde_json::from_str::<Outgoing>(&row.content))
    {
        put_reaction(conn, cx, target, true, &emoji, at)?;
    }
    Ok(())
}

/// Back to waiting: a new attempt of the same message.
fn requeue(
    conn: &Connection,
    cx: &mut Context,
    row: &Row,
    error: Option<&DeliveryError>,
) -> Result<(), StoreError> {
    let Some(m) = row.message_id else {
        cx.changed(Changed::StatusChanged);
        return Ok(());
    };
    let mut times = DeliveryTimes::default();
    times.note(DeliveryState::Queued, cx.now);
    // The provider's id of the attempt before must not name the new one.
    let next =
        Shown { state: DeliveryState::Queued, times, error: error.map(json).transpose()?, provider_id: None };
    attempts::show(conn, cx, &row.account, m, &next)
}

pub(super) fn retry(
    conn: &Connection,
    cx: &mut Context,
    message: MessageId,
    attempt: AttemptId,
) -> Result<Reply, StoreError> {
    let row = load(conn, cx, "uid", &message.0)?;
    let shown = row.message_id.map(|m| attempts::shown(conn, m)).transpose()?;
    // What was put aside may be taken up again; what was taken back before it left is written anew.
    let ended = |s: DeliveryState| matches!(s, DeliveryState::Failed | DeliveryState::Unknown);
    let again = match row.state.as_str() {
        "failed" | "unknown" => true,
        "cancelled" => shown.as_ref().is_some_and(|(s, _)| ended(s.state)),
        _ => false,
    };
    if !again {
        return Err(StoreError::Rule(format!(
            "the message is {}: only failed or unknown ones can be sent again",
            row.state
        )));
    }
    if let Some((shown, _)) = &shown {
        attempts::keep(conn, row.attempt, shown)?;
    }
    let line_at = cx.now.max(last_in_line(conn, row.thread_id, cx.now)? + 1);
    conn.prepare_cached(
        "UPDATE outbox SET state = 'queued', attempt = ?2, not_before = ?3, send_at = NULL, line_at = ?4, hold = '', \
         spent = tries WHERE id = ?1",
    )?
    .execute(params![row.id, attempt.0, cx.now, line_at])?;
    requeue(conn, cx, &row, None)?;
    Ok(Reply::default())
}

/// Queued sends wait longer. Those that have left in the meantime stay as they are.
pub(super) fn put_off(
    conn: &Connection,
    cx: &mut Context,
    messages: &[MessageId],
    until: Millis,
    why: WaitReason,
) -> Result<Reply, StoreError> {
    for id in messages {
        let row: Option<Option<i64>> = conn
            .prepare_cached(
                // A pause that has ended since it was seen holds nothing up: nobody would end it again.
                "UPDATE outbox SET not_before = ?2, hold = ?3 \
                 WHERE uid = ?1 AND state = 'queued' AND not_before < ?2 AND (?3 <> 'account' OR EXISTS \
                 (SELECT 1 FROM threads t JOIN accounts a ON a.id = t.account_id \
                 WHERE t.id = outbox.thread_id AND a.options ->> 'paused')) RETURNING message_id",
            )?
            .query_row(params![id.0, until, why.as_str()], |r| r.get(0))
            .optional()?;
        if let Some(Some(m)) = row {
            touch(conn, cx, m, *id)?;
        }
    }
    Ok(Reply::default())
}

/// A message that was to be sent later belongs where it is sent, not where it was written.
fn stands_now(conn: &Connection, cx: &mut Context, row: &Row, m: i64, now: Millis) -> Result<(), StoreError> {
    let thread = thread_by_row(conn, row.thread_id)?;
    let at = now.max(thread.last_at);
    let (uid, kind, text, state): (Vec<u8>, String, String, String) = conn
        .prepare_cached(
            "UPDATE messages SET at = ?2, revision = revision + 1 WHERE id = ?1 RETURNING uid, kind, text, state",
        )?
        .query_row(params![m, at], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))?;
    conn.prepare_cached(
        "UPDATE threads SET last_at = ?2, last_row = ?3, last_uid = ?4, last_inbound = 0, last_kind = ?5, \
         last_text = ?6, last_state = ?7 WHERE id = ?1",
    )?
    .execute(params![thread.id, at, m, uid, kind, first_chars(&text, super::PREVIEW), state])?;
    cx.thread_changed(&thread, &row.account);
    Ok(())
}

/// A message is to be looked at again though its state is the same.
fn touch(conn: &Connection, cx: &mut Context, m: i64, message: MessageId) -> Result<(), StoreError> {
    let thread: i64 = conn
        .prepare_cached("UPDATE messages SET revision = revision + 1 WHERE id = ?1 RETURNING thread_id")?
        .query_row([m], |r| r.get(0))?;
    cx.changed(Changed::MessageChanged { thread: thread_by_row(conn, thread)?.uid, message });
    Ok(())
}

/// Another time for a queued send, or now.
pub(super) fn moved(
    conn: &Connection,
    cx: &mut Context,
    message: MessageId,
    send_at: Option<Millis>,
) -> Result<Reply, StoreError> {
    let row = load(conn, cx, "uid", &message.0)?;
    if row.state != "queued" {
        return Err(StoreError::Rule("the message is no longer waiting".into()));
    }
    let held: String =
        conn.prepare_cached("SELECT hold FROM outbox WHERE id = ?1")?.query_row([row.id], |r| r.get(0))?;
    let by_operator = matches!(WaitReason::parse(&held), None | Some(WaitReason::Undo | WaitReason::Later));
    if !by_operator {
        return Err(StoreError::Rule("the message waits for the provider: it goes as soon as it may".into()));
    }
    if let Some(at) = send_at {
        conn.prepare_cached(
            "UPDATE outbox SET send_at = ?2, not_before = ?2, line_at = ?2, hold = 'later' WHERE id = ?1",
        )?
        .execute(params![row.id, at])?;
    } else {
        // A scheduled one joins the line where the others are; one in the line keeps its place.
        let line_at = match row.send_at {
            Some(_) => Some(cx.now.max(last_in_line(conn, row.thread_id, cx.now)? + 1)),
            None => None,
        };
        conn.prepare_cached(
            "UPDATE outbox SET send_at = NULL, not_before = ?2, line_at = coalesce(?3, line_at), hold = '' \
             WHERE id = ?1",
        )?
        .execute(params![row.id, cx.now, line_at])?;
    }
    if let Some(m) = row.message_id {
        if send_at.is_none() && row.send_at.is_some() {
            stands_now(conn, cx, &row, m, cx.now)?;
        }
        touch(conn, cx, m, message)?;
    }
    cx.changed(Changed::StatusChanged);
    Ok(Reply::default())
}

pub(super) fn cancel(conn: &Connection, cx: &mut Context, message: MessageId) -> Result<Reply, StoreError> {
    let row = load(conn, cx, "uid", &message.0)?;
    match row.state.as_str() {
        "queued" => withdraw(conn, cx, &row)?,
        "failed" | "unknown" => {
            set_state(conn, cx, row.id, "cancelled")?;
            parked::release(conn, cx, &row.account, row.thread_id)?;
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
                cx.changed(Changed::MessageChanged { thread: thread.uid, message });
                cx.thread_changed(&thread, &row.account);
            }
        }
        "sending" => {
            return Err(StoreError::Rule("the message is on the wire: it cannot be withdrawn".into()));
        }
        // Once more changes nothing.
        "cancelled" => {}
        _ => return Err(StoreError::Rule("the message has left: it cannot be withdrawn".into())),
    }
    Ok(Reply::default())
}

/// A queued send is withdrawn. One that was to be sent again is what it was before: nobody takes back what may
/// have arrived.
fn withdraw(conn: &Connection, cx: &mut Context, row: &Row) -> Result<(), StoreError> {
    set_state(conn, cx, row.id, "cancelled")?;
    let Some(m) = row.message_id else { return Ok(()) };
    let Some((attempt, before)) = attempts::in_doubt(conn, row)? else {
        move_state(conn, cx, &row.account, m, DeliveryState::Cancelled, cx.now, None)?;
        return Ok(());
    };
    conn.prepare_cached("UPDATE outbox SET state = 'unknown', attempt = ?2, hold = '' WHERE id = ?1")?
        .execute(params![row.id, attempt.0])?;
    attempts::show(conn, cx, &row.account, m, &before)
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
