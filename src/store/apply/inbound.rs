//! Webhooks: the raw body is kept, then every update is applied. One that cannot be applied costs itself only.

use super::{
    AccountRow, Context, NewMessage, ThreadState, add_message, first_chars, people, thread_by_row, words,
};
use crate::clock::Millis;
use crate::model::delivery::{DeliveryState, DeliveryTimes};
use crate::model::event::{Event, NumberFacts};
use crate::model::ids::{AccountId, AttemptId, EventId, MessageId};
use crate::model::inbound::{
    Author, Change, InboundMessage, Peer, Route, Routed, StatusUpdate, TemplateNews, WebhookBatch,
};
use crate::model::message::{Body, Origin, Quote};
use crate::model::template::Template;
use crate::model::window::Window;
use crate::protocol::Changed;
use crate::store::StoreError;
use crate::store::writer::Reply;
use rusqlite::{Connection, OptionalExtension, params};

/// The provider's code for “more than 24 hours since the customer wrote”.
pub(super) const WINDOW_CLOSED: i64 = 131_047;
/// Characters of a quoted message that are kept with the answer.
const QUOTED: usize = 200;
/// Statuses and reactions that may wait for their message; older ones go first.
const EARLY_MAX: i64 = 100_000;
/// Changes to the same state replayed for one message.
const EARLY_PER_MESSAGE: i64 = 64;

pub(super) fn webhook(
    conn: &Connection,
    cx: &mut Context,
    event: &Event,
    account: &AccountId,
    raw: &[u8],
    batch: Option<&WebhookBatch>,
    problem: Option<&str>,
) -> Result<Reply, StoreError> {
    let path = cx.account(account)?;
    cx.received = event.at;
    let mut problems: Vec<String> = problem.map(str::to_owned).into_iter().collect();
    if let Some(batch) = batch {
        problems.extend(batch.problems.iter().cloned());
        for routed in &batch.changes {
            if cx.careful {
                careful(conn, cx, &path, routed, &mut problems)?;
            } else {
                one(conn, cx, &path, routed)?;
            }
        }
    }
    let (state, text) = verdict(batch.is_some(), &problems);
    conn.prepare_cached(
        "INSERT INTO webhooks(uid, account_id, received_at, state, problem, body) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![event.id.0, path.id, event.at, state, text, raw])?;
    if let Some(d) = cx.delta(path.id) {
        d.webhook_at = Some(event.at);
        d.webhook_bytes += raw.len() as i64;
    }
    heard(cx, &path, batch, event.at);
    if state != "applied" {
        cx.changed(Changed::StatusChanged);
    }
    Ok(Reply { problems: problems.len(), ..Reply::default() })
}

/// One callback serves all numbers of a business account: those that a webhook names have been heard of too.
fn heard(cx: &mut Context, path: &AccountRow, batch: Option<&WebhookBatch>, at: Millis) {
    for routed in batch.iter().flat_map(|b| &b.changes) {
        if let Some(number) = routed.route.number.as_ref().filter(|n| **n != path.number)
            && let Some(id) = cx.accounts.iter().find(|a| a.number == *number).map(|a| a.id)
            && let Some(d) = cx.delta(id)
        {
            d.webhook_at = d.webhook_at.max(Some(at));
        }
    }
}

/// Applies a kept webhook again. One update that still cannot be applied costs itself only.
pub(super) fn replay(
    conn: &Connection,
    cx: &mut Context,
    webhook: EventId,
    batch: Option<&WebhookBatch>,
    problem: Option<&str>,
) -> Result<Reply, StoreError> {
    let (row, account, received): (i64, i64, Millis) = conn
        .prepare_cached("SELECT id, account_id, received_at FROM webhooks WHERE uid = ?1")?
        .query_row([webhook.0], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
        .optional()?
        .ok_or(StoreError::Missing("this webhook"))?;
    let path = cx.account_by_row(account)?;
    cx.received = received;
    let mut problems: Vec<String> = problem.map(str::to_owned).into_iter().collect();
    if let Some(batch) = batch {
        problems.extend(batch.problems.iter().cloned());
        for routed in &batch.changes {
            careful(conn, cx, &path, routed, &mut problems)?;
        }
    }
    let (state, text) = verdict(batch.is_some(), &problems);
    conn.prepare_cached("UPDATE webhooks SET state = ?2, problem = ?3 WHERE id = ?1")?
        .execute(params![row, state, text])?;
    cx.changed(Changed::StatusChanged);
    Ok(Reply { problems: problems.len(), ..Reply::default() })
}

/// The state of a webhook that was read, and what was wrong with it.
fn verdict(read: bool, problems: &[String]) -> (&'static str, Option<String>) {
    let state = match (read, problems.is_empty()) {
        (false, _) => "failed",
        (true, true) => "applied",
        (true, false) => "partial",
    };
    let text = (!problems.is_empty()).then(|| first_chars(&problems.join("\n"), 4000).to_owned());
    (state, text)
}

fn careful(
    conn: &Connection,
    cx: &mut Context,
    path: &AccountRow,
    routed: &Routed,
    problems: &mut Vec<String>,
) -> Result<(), StoreError> {
    conn.prepare_cached("SAVEPOINT one")?.execute([])?;
    match one(conn, cx, path, routed) {
        Ok(()) => {}
        // A full disk is no fault of the update: nothing of the POST may be acknowledged.
        Err(e) if e.is_storage() => return Err(e),
        Err(e) => {
            conn.prepare_cached("ROLLBACK TO one")?.execute([])?;
            problems.push(e.to_string());
        }
    }
    conn.prepare_cached("RELEASE one")?.execute([])?;
    Ok(())
}

fn route(cx: &Context, path: &AccountRow, route: &Route) -> Result<AccountRow, StoreError> {
    if let Some(number) = &route.number {
        if path.number == *number {
            return Ok(path.clone());
        }
        return cx.accounts.iter().find(|a| a.number == *number).cloned().ok_or_else(|| {
            StoreError::Rule(format!("no account has the number id {}", first_chars(number, 40)))
        });
    }
    if let Some(phone) = &route.display_phone {
        let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
        if let Some(a) = cx.accounts.iter().find(|a| !digits.is_empty() && a.phone_digits == digits) {
            return Ok(a.clone());
        }
    }
    if let Some(business) = &route.business
        && path.business != *business
        && let Some(a) = cx.accounts.iter().find(|a| a.business == *business)
    {
        return Ok(a.clone());
    }
    Ok(path.clone())
}

fn one(conn: &Connection, cx: &mut Context, path: &AccountRow, routed: &Routed) -> Result<(), StoreError> {
    let account = route(cx, path, &routed.route)?;
    match &routed.change {
        Change::Message(m) => message(conn, cx, &account, m),
        Change::Status(s) => status(conn, cx, &account, s, &routed.change),
        Change::Reaction { at, peer, own, target, emoji, .. } => {
            reaction(conn, cx, &account, *at, peer, *own, target, emoji, &routed.change)
        }
        Change::Edited { target, body, .. } => edit(conn, cx, &account, target, body, true, &routed.change),
        Change::Revoked { target, .. } => {
            edit(conn, cx, &account, target, &Body::Revoked, false, &routed.change)
        }
        Change::IdentityChanged { provider_id, at, old, new, text } => {
            people::link(conn, cx, &account.scope, old, new)?;
            let identities = new.iter().chain(old).cloned().collect();
            let line = InboundMessage {
                provider_id: provider_id.clone(),
                at: *at,
                peer: Peer { identities, profile_name: String::new() },
                author: Author::System,
                participant: None,
                body: Body::System { kind: "user_changed_number".into(), text: text.clone() },
                quotes: None,
                tag: None,
                opens_window: false,
                history: true,
                state: None,
            };
            message(conn, cx, &account, &line)
        }
        Change::ContactSeen { peer } => people::seen(conn, cx, &account.scope, peer),
        Change::Preference { peer, stop } => people::preference(conn, cx, &account.scope, peer, *stop),
        Change::Template(news) => {
            let same: Vec<AccountRow> =
                cx.accounts.iter().filter(|a| a.business == account.business).cloned().collect();
            for a in same {
                template(conn, cx, &a, news)?;
            }
            Ok(())
        }
        Change::Notice { field, severity, text, quality, limit } => {
            let word = match severity {
                crate::model::inbound::Severity::Info => "info",
                crate::model::inbound::Severity::Warning => "warning",
                crate::model::inbound::Severity::Critical => "critical",
            };
            conn.prepare_cached(
                "INSERT INTO notices(at, account_id, severity, field, text) VALUES(?1,?2,?3,?4,?5)",
            )?
            .execute(params![cx.now, account.id, word, field, first_chars(text, 1000)])?;
            if quality.is_some() || limit.is_some() {
                facts(conn, &account, |f| {
                    if let Some(q) = quality {
                        f.quality.clone_from(q);
                    }
                    if let Some(l) = limit {
                        f.limit.clone_from(l);
                    }
                })?;
            }
            cx.changed(Changed::AccountChanged { account: account.key });
            cx.changed(Changed::StatusChanged);
            Ok(())
        }
        Change::Unknown { .. } => Ok(()),
    }
}

fn facts(
    conn: &Connection,
    account: &AccountRow,
    change: impl FnOnce(&mut NumberFacts),
) -> Result<(), StoreError> {
    let text: String = conn
        .prepare_cached("SELECT facts FROM accounts WHERE id = ?1")?
        .query_row([account.id], |r| r.get(0))?;
    let mut f: NumberFacts = serde_json::from_str(&text).unwrap_or_default();
    change(&mut f);
    let text = serde_json::to_string(&f).map_err(|e| StoreError::Rule(e.to_string()))?;
    conn.prepare_cached("UPDATE accounts SET facts = ?2 WHERE id = ?1")?
        .execute(params![account.id, text])?;
    Ok(())
}

/// A message by the provider's id: its row, whether it came from here or from the provider.
pub(super) fn find(
    conn: &Connection,
    account: &AccountRow,
    provider_id: &str,
) -> Result<Option<i64>, StoreError> {
    let key = MessageId::of_provider(&account.key, provider_id);
    let own: Option<Option<i64>> = conn
        .prepare_cached(
            "SELECT o.message_id FROM provider_ids p JOIN outbox o ON o.id = p.outbox_id WHERE p.key = ?1",
        )?
        .query_row([key.0], |r| r.get(0))
        .optional()?;
    if let Some(own) = own {
        return Ok(own);
    }
    Ok(conn
        .prepare_cached("SELECT id FROM messages WHERE uid = ?1")?
        .query_row([key.0], |r| r.get(0))
        .optional()?)
}

fn quote(conn: &Connection, account: &AccountRow, provider_id: &str) -> Result<String, StoreError> {
    let mut q = Quote { provider_id: provider_id.to_owned(), message: None, own: false, text: String::new() };
    if let Some(row) = find(conn, account, provider_id)? {
        let (uid, inbound, text, kind): (Vec<u8>, bool, String, String) = conn
            .prepare_cached("SELECT uid, inbound, text, kind FROM messages WHERE id = ?1")?
            .query_row([row], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))?;
        q.message = MessageId::from_slice(&uid);
        q.own = !inbound;
        q.text = if text.is_empty() { format!("[{kind}]") } else { first_chars(&text, QUOTED).to_owned() };
    }
    serde_json::to_string(&q).map_err(|e| StoreError::Rule(e.to_string()))
}

fn message(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    m: &InboundMessage,
) -> Result<(), StoreError> {
    let key = MessageId::of_provider(&account.key, &m.provider_id);
    let inbound = matches!(m.author, Author::Customer | Author::System);
    if !inbound {
        // An echo of what was sent from here is that message, not another one.
        let own = conn.prepare_cached("SELECT 1 FROM provider_ids WHERE key = ?1")?.exists([key.0])?;
        if own {
            return Ok(());
        }
    }
    let thread = people::thread(conn, cx, account, &m.peer, m.at)?;
    let origin = match m.author {
        Author::Customer => m.participant.clone().map(|p| Origin::Customer(Some(p))),
        Author::Phone => Some(Origin::Phone),
        Author::Provider => Some(Origin::Provider),
        Author::System => Some(Origin::System),
    };
    let origin =
        origin.map(|o| serde_json::to_string(&o)).transpose().map_err(|e| StoreError::Rule(e.to_string()))?;
    let quote = m.quotes.as_deref().map(|q| quote(conn, account, q)).transpose()?;
    let state = if inbound { DeliveryState::Received } else { m.state.unwrap_or(DeliveryState::Sent) };
    let text = m.body.plain_text();
    let new = NewMessage {
        uid: key.0,
        at: within_second(m.at, cx.received),
        inbound,
        unread: m.author == Author::Customer && !m.history,
        state: state.as_str(),
        body: &m.body,
        text: &text,
        origin,
        provider_id: Some(&m.provider_id),
        quote,
        times: None,
        tag: m.tag.as_deref(),
    };
    let window = m.opens_window.then(|| Window::after(m.at).until).flatten();
    if add_message(conn, cx, account, &thread, &new, window)?.is_none() {
        return fill_placeholder(conn, cx, account, &thread, key, &m.body);
    }
    if cx.early > 0 {
        replay_early(conn, cx, account, key)?;
    }
    let fresh = new.unread && cx.now - m.at < 3_600_000;
    cx.changed(Changed::MessageStored { thread: thread.uid, message: key, inbound: fresh });
    cx.thread_changed(&thread, account);
    Ok(())
}

/// History brings media twice under one id: first a placeholder, later the real message, which takes its place.
fn fill_placeholder(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    thread: &ThreadState,
    key: MessageId,
    body: &Body,
) -> Result<(), StoreError> {
    let is_placeholder = |kind: &str, json: &str| kind == "unknown" && json.contains("\"media_placeholder\"");
    if !matches!(body, Body::Media { .. }) {
        return Ok(());
    }
    let (row, kind, json): (i64, String, Option<String>) = conn
        .prepare_cached("SELECT id, kind, body FROM messages WHERE uid = ?1")?
        .query_row([key.0], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
    if !is_placeholder(&kind, json.as_deref().unwrap_or("")) {
        return Ok(());
    }
    let json = serde_json::to_string(body).map_err(|e| StoreError::Rule(e.to_string()))?;
    let text = body.plain_text();
    words::replace(conn, row, "", &text)?;
    conn.prepare_cached(
        "UPDATE messages SET kind = ?2, text = ?3, body = ?4, revision = revision + 1 WHERE id = ?1",
    )?
    .execute(params![row, body.kind(), text, json])?;
    if thread.last_row == row {
        conn.prepare_cached("UPDATE threads SET last_kind = ?2, last_text = ?3 WHERE id = ?1")?
            .execute(params![thread.id, body.kind(), first_chars(&text, super::PREVIEW)])?;
    }
    cx.changed(Changed::MessageChanged { thread: thread.uid, message: key });
    cx.thread_changed(thread, account);
    Ok(())
}

/// Providers count in whole seconds. Within its second a message belongs where it came, so that an answer that
/// arrives in the second of our question stands after it.
fn within_second(at: Millis, received: Millis) -> Millis {
    if at % 1000 == 0 { received.clamp(at, at + 999) } else { at }
}

fn keep_early(
    conn: &Connection,
    cx: &mut Context,
    key: MessageId,
    change: &Change,
) -> Result<(), StoreError> {
    let json = serde_json::to_string(change).map_err(|e| StoreError::Rule(e.to_string()))?;
    conn.prepare_cached("INSERT INTO early(key, received_at, change) VALUES(?1, ?2, ?3)")?
        .execute(params![key.0, cx.now, json])?;
    cx.early += 1;
    if cx.early > EARLY_MAX {
        let n = conn
            .prepare_cached("DELETE FROM early WHERE id IN (SELECT id FROM early ORDER BY id LIMIT 1000)")?
            .execute([])?;
        cx.early -= n as i64;
    }
    Ok(())
}

/// Applies what overtook a message that has now come.
pub(super) fn replay_early(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    key: MessageId,
) -> Result<(), StoreError> {
    let mut st = conn.prepare_cached("SELECT change FROM early WHERE key = ?1 ORDER BY id LIMIT ?2")?;
    let found: Vec<String> =
        st.query_map(params![key.0, EARLY_PER_MESSAGE], |r| r.get(0))?.collect::<Result<_, _>>()?;
    if found.is_empty() {
        return Ok(());
    }
    let n = conn.prepare_cached("DELETE FROM early WHERE key = ?1")?.execute([key.0])?;
    cx.early -= n as i64;
    for json in found {
        let change: Change = serde_json::from_str(&json).map_err(|e| StoreError::Corrupt(e.to_string()))?;
        let routed =
            Routed { route: Route { number: Some(account.number.clone()), ..Route::default() }, change };
        one(conn, cx, account, &routed)?;
    }
    Ok(())
}

/// The outbox row that a status belongs to: by the provider's id, else by our attempt id.
fn own_send(
    conn: &Connection,
    account: &AccountRow,
    s: &StatusUpdate,
    key: MessageId,
) -> Result<Option<(i64, Option<i64>)>, StoreError> {
    let known = conn
        .prepare_cached("SELECT o.id, o.message_id FROM provider_ids p JOIN outbox o ON o.id = p.outbox_id WHERE p.key = ?1")?
        .query_row([key.0], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    if known.is_some() {
        return Ok(known);
    }
    let Some(attempt) = s.opaque.as_deref().and_then(|o| o.parse::<AttemptId>().ok()) else {
        return Ok(None);
    };
    let found: Option<(i64, Option<i64>)> = conn
        .prepare_cached(
            "SELECT o.id, o.message_id FROM attempts a JOIN outbox o ON o.id = a.outbox_id \
             WHERE a.uid = ?1 AND o.account_id = ?2",
        )?
        .query_row(params![attempt.0, account.id], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    if let Some((outbox, message)) = found {
        conn.prepare_cached("INSERT OR IGNORE INTO provider_ids(key, outbox_id) VALUES(?1, ?2)")?
            .execute(params![key.0, outbox])?;
        if let Some(m) = message {
            conn.prepare_cached("UPDATE messages SET provider_id = coalesce(provider_id, ?2) WHERE id = ?1")?
                .execute(params![m, s.provider_id])?;
        }
    }
    Ok(found)
}

fn status(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    s: &StatusUpdate,
    change: &Change,
) -> Result<(), StoreError> {
    let Some(state) = s.state else { return Ok(()) };
    let key = MessageId::of_provider(&account.key, &s.provider_id);
    let send = own_send(conn, account, s, key)?;
    let message = if let Some((_, message)) = send {
        message
    } else {
        let echo: Option<i64> = conn
            .prepare_cached("SELECT id FROM messages WHERE uid = ?1")?
            .query_row([key.0], |r| r.get(0))
            .optional()?;
        if echo.is_none() {
            return keep_early(conn, cx, key, change);
        }
        echo
    };
    if let Some((outbox, None)) = send {
        return super::outbox::reaction_status(conn, cx, account, outbox, s, state);
    }
    let Some(row) = message else { return Ok(()) };
    let moved = move_state(conn, cx, account, row, state, s.at, s.error.as_ref())?;
    if let Some((outbox, _)) = send
        && moved
    {
        let to = if state == DeliveryState::Failed { "failed" } else { "done" };
        conn.prepare_cached("UPDATE outbox SET state = ?2 WHERE id = ?1")?.execute(params![outbox, to])?;
        cx.changed(Changed::StatusChanged);
    }
    if !s.recipient.is_empty() {
        let contact: i64 = conn
            .prepare_cached(
                "SELECT t.contact_id FROM messages m JOIN threads t ON t.id = m.thread_id WHERE m.id = ?1",
            )?
            .query_row([row], |r| r.get(0))?;
        for identity in &s.recipient {
            people::add_identity(conn, cx, &account.scope, contact, identity)?;
        }
    }
    Ok(())
}

/// Moves a message's delivery state forward and keeps counters and the thread's row true. `false` when the news is
/// old; its time is noted all the same.
pub(super) fn move_state(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    row: i64,
    next: DeliveryState,
    at: Millis,
    error: Option<&crate::model::delivery::DeliveryError>,
) -> Result<bool, StoreError> {
    let (uid, thread_id, state, times, dismissed): (Vec<u8>, i64, String, Option<String>, bool) = conn
        .prepare_cached("SELECT uid, thread_id, state, times, dismissed FROM messages WHERE id = ?1")?
        .query_row([row], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?)))?;
    let old =
        DeliveryState::parse(&state).ok_or_else(|| StoreError::Corrupt(format!("delivery state {state}")))?;
    let mut noted: DeliveryTimes =
        times.as_deref().map_or_else(DeliveryTimes::default, |t| serde_json::from_str(t).unwrap_or_default());
    let before = noted;
    noted.note(next, at);
    let moves = old.may_become(next);
    if !moves && noted == before {
        return Ok(false);
    }
    let times = serde_json::to_string(&noted).map_err(|e| StoreError::Rule(e.to_string()))?;
    let state = if moves { next } else { old };
    if moves {
        let error =
            error.map(serde_json::to_string).transpose().map_err(|e| StoreError::Rule(e.to_string()))?;
        conn.prepare_cached(
            "UPDATE messages SET state = ?2, times = ?3, error = ?4, revision = revision + 1 WHERE id = ?1",
        )?
        .execute(params![row, state.as_str(), times, error])?;
    } else {
        conn.prepare_cached("UPDATE messages SET times = ?2, revision = revision + 1 WHERE id = ?1")?
            .execute(params![row, times])?;
    }
    let thread = thread_by_row(conn, thread_id)?;
    if moves {
        let counts = |s: DeliveryState| matches!(s, DeliveryState::Failed | DeliveryState::Unknown);
        let by = i64::from(counts(state)) - i64::from(counts(old));
        if by != 0 && !dismissed {
            conn.prepare_cached("UPDATE threads SET failed = failed + ?2 WHERE id = ?1")?
                .execute(params![thread.id, by])?;
        }
        if thread.last_row == row {
            conn.prepare_cached("UPDATE threads SET last_state = ?2 WHERE id = ?1")?
                .execute(params![thread.id, state.as_str()])?;
        }
        if error.is_some_and(|e| e.code == WINDOW_CLOSED) {
            conn.prepare_cached("UPDATE threads SET window_until = NULL WHERE id = ?1")?
                .execute([thread.id])?;
        }
        cx.thread_changed(&thread, account);
    }
    if let Some(message) = MessageId::from_slice(&uid) {
        cx.changed(Changed::MessageChanged { thread: thread.uid, message });
    }
    Ok(moves)
}

#[allow(clippy::too_many_arguments, reason = "one argument per field of the change")]
fn reaction(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    at: Millis,
    peer: &Peer,
    own: bool,
    target: &str,
    emoji: &str,
    change: &Change,
) -> Result<(), StoreError> {
    let Some(row) = find(conn, account, target)? else {
        return keep_early(conn, cx, MessageId::of_provider(&account.key, target), change);
    };
    put_reaction(conn, cx, row, own, emoji, at)?;
    if !own {
        let thread = people::thread(conn, cx, account, peer, at)?;
        open_window(conn, cx, account, &thread, at)?;
    }
    Ok(())
}

fn open_window(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    thread: &ThreadState,
    at: Millis,
) -> Result<(), StoreError> {
    let until = Window::after(at).until;
    if until > thread.window_until {
        conn.prepare_cached("UPDATE threads SET window_until = ?2 WHERE id = ?1")?
            .execute(params![thread.id, until])?;
        cx.thread_changed(thread, account);
    }
    Ok(())
}

/// Puts an emoji on a message or takes it away; older news than what is there changes nothing.
pub(super) fn put_reaction(
    conn: &Connection,
    cx: &mut Context,
    row: i64,
    own: bool,
    emoji: &str,
    at: Millis,
) -> Result<(), StoreError> {
    let there: Option<Millis> = conn
        .prepare_cached("SELECT at FROM reactions WHERE message_id = ?1 AND own = ?2")?
        .query_row(params![row, own], |r| r.get(0))
        .optional()?;
    if there.is_some_and(|t| t > at) {
        return Ok(());
    }
    // An empty emoji is kept as a row: news older than the removal must not bring the emoji back.
    conn.prepare_cached(
        "INSERT OR REPLACE INTO reactions(message_id, own, emoji, at) VALUES(?1, ?2, ?3, ?4)",
    )?
    .execute(params![row, own, first_chars(emoji, 32), at])?;
    conn.prepare_cached("UPDATE messages SET revision = revision + 1 WHERE id = ?1")?.execute([row])?;
    let (uid, thread_id): (Vec<u8>, i64) = conn
        .prepare_cached("SELECT uid, thread_id FROM messages WHERE id = ?1")?
        .query_row([row], |r| Ok((r.get(0)?, r.get(1)?)))?;
    let thread = thread_by_row(conn, thread_id)?;
    if let Some(message) = MessageId::from_slice(&uid) {
        cx.changed(Changed::MessageChanged { thread: thread.uid, message });
    }
    Ok(())
}

fn edit(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    target: &str,
    body: &Body,
    edited: bool,
    change: &Change,
) -> Result<(), StoreError> {
    let Some(row) = find(conn, account, target)? else {
        return keep_early(conn, cx, MessageId::of_provider(&account.key, target), change);
    };
    let (uid, thread_id, old, kind): (Vec<u8>, i64, String, String) = conn
        .prepare_cached("SELECT uid, thread_id, text, kind FROM messages WHERE id = ?1")?
        .query_row([row], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))?;
    if kind == "revoked" {
        return Ok(());
    }
    let text = body.plain_text();
    let json = match body {
        Body::Text { .. } => None,
        other => Some(serde_json::to_string(other).map_err(|e| StoreError::Rule(e.to_string()))?),
    };
    words::replace(conn, row, &old, &text)?;
    conn.prepare_cached(
        "UPDATE messages SET kind = ?2, text = ?3, body = ?4, edited = edited OR ?5, revision = revision + 1 WHERE id = ?1",
    )?
    .execute(params![row, body.kind(), text, json, edited])?;
    let thread = thread_by_row(conn, thread_id)?;
    if thread.last_row == row {
        conn.prepare_cached("UPDATE threads SET last_kind = ?2, last_text = ?3 WHERE id = ?1")?
            .execute(params![thread.id, body.kind(), first_chars(&text, super::PREVIEW)])?;
    }
    if let Some(message) = MessageId::from_slice(&uid) {
        cx.changed(Changed::MessageChanged { thread: thread.uid, message });
    }
    cx.thread_changed(&thread, account);
    Ok(())
}

fn template(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    news: &TemplateNews,
) -> Result<(), StoreError> {
    let known: Option<String> = conn
        .prepare_cached("SELECT data FROM templates WHERE account_id = ?1 AND name = ?2 AND language = ?3")?
        .query_row(params![account.id, news.name, news.language], |r| r.get(0))
        .optional()?;
    let mut t: Template =
        known.as_deref().map_or_else(Template::default, |d| serde_json::from_str(d).unwrap_or_default());
    let was = t.clone();
    t.name.clone_from(&news.name);
    t.language.clone_from(&news.language);
    if !news.provider_id.is_empty() {
        t.provider_id.clone_from(&news.provider_id);
    }
    for (slot, value) in [
        (&mut t.status, &news.status),
        (&mut t.quality, &news.quality),
        (&mut t.category, &news.category),
        (&mut t.rejected_reason, &news.reason),
        (&mut t.body, &news.body),
    ] {
        if let Some(v) = value {
            slot.clone_from(v);
        }
    }
    let json = serde_json::to_string(&t).map_err(|e| StoreError::Rule(e.to_string()))?;
    conn.prepare_cached(
        "INSERT INTO templates(account_id, name, language, data) VALUES(?1, ?2, ?3, ?4) \
         ON CONFLICT DO UPDATE SET data = excluded.data",
    )?
    .execute(params![account.id, t.name, t.language, json])?;
    let mut lines = Vec::new();
    if was.status != t.status && !t.status.is_empty() {
        lines.push(format!("template {} ({}) is {}", t.name, t.language, t.status));
    }
    if !was.category.is_empty() && was.category != t.category {
        lines.push(format!(
            "template {} ({}) moved from {} to {}",
            t.name, t.language, was.category, t.category
        ));
    }
    if let Some(c) = &news.coming_category {
        lines.push(format!("template {} ({}) will move to {c}", t.name, t.language));
    }
    for line in lines {
        conn.prepare_cached(
            "INSERT INTO notices(at, account_id, severity, field, text) VALUES(?1,?2,'info','template',?3)",
        )?
        .execute(params![cx.now, account.id, first_chars(&line, 1000)])?;
        cx.changed(Changed::StatusChanged);
    }
    cx.changed(Changed::TemplatesChanged { account: account.key.clone() });
    Ok(())
}
