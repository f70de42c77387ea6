//! Webhooks: the raw body is kept, then every update is applied. One that cannot be applied costs itself only.

use super::{
    AccountRow, Context, NewMessage, ThreadState, add_message, attempts, content, deletion, first_chars,
    history, news, people, thread_by_row,
};
use crate::clock::Millis;
use crate::model::delivery::{DeliveryError, DeliveryState, DeliveryTimes};
use crate::model::event::Event;
use crate::model::ids::{AccountId, EventId, MessageId};
use crate::model::inbound::{
    Author, Change, InboundMessage, Peer, Route, Routed, StatusUpdate, WebhookBatch,
};
use crate::model::message::{Body, Origin};
use crate::model::window::Window;
use crate::protocol::Changed;
use crate::store::StoreError;
use crate::store::writer::Reply;
use rusqlite::{Connection, OptionalExtension, params};

/// The provider's code for “more than 24 hours since the customer wrote”.
pub(super) const WINDOW_CLOSED: i64 = 131_047;
/// An operator is told of a new message up to this age: also of one that was delayed for hours, and not of what a
/// provider hands over after days.
const FRESH: Millis = 24 * 3_600_000;
/// The answer to a send comes within this time, or not at all.
const ANSWER: Millis = 5 * 60_000;
/// Statuses and reactions that may wait for their message; older ones go first.
const EARLY_MAX: i64 = 100_000;

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
    if let Some(number) = route.number.as_ref().filter(|n| !n.is_empty()) {
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
    if let Some(business) = route.business.as_ref().filter(|b| !b.is_empty())
        && path.business != *business
        && let Some(a) = cx.accounts.iter().find(|a| a.business == *business)
    {
        return Ok(a.clone());
    }
    Ok(path.clone())
}

fn one(conn: &Connection, cx: &mut Context, path: &AccountRow, routed: &Routed) -> Result<(), StoreError> {
    let account = route(cx, path, &routed.route)?;
    change(conn, cx, &account, &routed.change)
}

/// Applies one thing that a provider said about an account.
pub(super) fn change(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    change: &Change,
) -> Result<(), StoreError> {
    match change {
        Change::Message(m) if m.history => history::message(conn, cx, account, m),
        Change::Message(m) => message(conn, cx, account, m).map(|_| ()),
        Change::Status(s) => status(conn, cx, account, s, change),
        Change::Reaction { at, peer, own, target, emoji, .. } => {
            reaction(conn, cx, account, *at, peer, *own, target, emoji, change)
        }
        Change::Edited { at, target, body, .. } => {
            content::edit(conn, cx, account, target, *at, body, change)
        }
        Change::Revoked { target, .. } => content::revoke(conn, cx, account, target, change),
        Change::IdentityChanged { provider_id, at, old, new, text } => {
            people::link(conn, cx, account, old, new, *at)?;
            let line = InboundMessage {
                provider_id: provider_id.clone(),
                at: *at,
                peer: Peer { identities: new.clone(), profile_name: String::new() },
                author: Author::System,
                participant: None,
                body: Body::System { kind: "user_changed_number".into(), text: text.clone() },
                quotes: None,
                tag: None,
                opens_window: false,
                history: true,
                state: None,
            };
            message(conn, cx, account, &line).map(|_| ())
        }
        Change::ContactSeen { peer, at } => people::seen(conn, cx, account, peer, *at).map(|_| ()),
        Change::Preference { peer, stop, at } => people::preference(conn, cx, account, peer, *stop, *at),
        Change::Template(template) => {
            let same: Vec<AccountRow> =
                cx.accounts.iter().filter(|a| a.business == account.business).cloned().collect();
            for a in same {
                news::template(conn, cx, &a, template)?;
            }
            Ok(())
        }
        Change::Notice { field, severity, text, at, quality, limit } => {
            news::notice(conn, cx, account, &news::Notice { severity: *severity, field, text, at: *at })?;
            if quality.is_some() || limit.is_some() {
                news::facts(conn, account, |f| {
                    if let Some(q) = quality {
                        f.quality.clone_from(q);
                    }
                    if let Some(l) = limit {
                        f.limit.clone_from(l);
                    }
                })?;
                cx.changed(Changed::AccountChanged { account: account.key.clone() });
            }
            Ok(())
        }
        Change::Unknown { field } => news::unknown(conn, cx, account, field),
    }
}

/// What became of a message that was handed over.
pub(super) enum Stored {
    /// It is new, in this row.
    New(i64),
    /// It is here already, it is a send of ours, or it waits to find out whether it is.
    Known,
    /// It was deleted.
    Gone,
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

pub(super) fn message(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    m: &InboundMessage,
) -> Result<Stored, StoreError> {
    let key = MessageId::of_provider(&account.key, &m.provider_id);
    // It was deleted with its conversation, and comes again.
    if deletion::is_gone(conn, cx, key.0)? {
        return Ok(Stored::Gone);
    }
    let inbound = matches!(m.author, Author::Customer | Author::System);
    if !inbound {
        // An echo of what was sent from here is that message, not another one.
        let own = conn.prepare_cached("SELECT 1 FROM provider_ids WHERE key = ?1")?.exists([key.0])?;
        if own {
            return Ok(Stored::Known);
        }
    }
    let thread = people::thread(conn, cx, account, &m.peer, m.at)?;
    // A provider that reports every message may be faster with its report of ours than with its answer to us: what may
    // be ours waits until that answer tells.
    let recent = !m.history || cx.now - m.at < ANSWER;
    if m.author == Author::Provider && recent && attempts::is_on_wire(conn, thread.id)? {
        let change = Change::Message(Box::new(m.clone()));
        keep_early(conn, cx, account, key, &change)?;
        return Ok(Stored::Known);
    }
    if m.author != Author::Customer {
        people::confirm_name(conn, thread.contact_id, &m.peer.profile_name, m.at)?;
    }
    let origin = match m.author {
        Author::Customer => m.participant.clone().map(|p| Origin::Customer(Some(p))),
        Author::Phone => Some(Origin::Phone),
        Author::Provider => Some(Origin::Provider),
        Author::System => Some(Origin::System),
    };
    let origin =
        origin.map(|o| serde_json::to_string(&o)).transpose().map_err(|e| StoreError::Rule(e.to_string()))?;
    let at = within_second(m.at, cx.received);
    let quote = m.quotes.as_deref().map(|q| content::quote(conn, account, thread.id, q, at)).transpose()?;
    let quote_waits = quote.as_ref().is_some_and(|(_, exact)| !exact);
    let state = if inbound { DeliveryState::Received } else { m.state.unwrap_or(DeliveryState::Sent) };
    let text = m.body.kept_text();
    let new = NewMessage {
        uid: key.0,
        at,
        inbound,
        unread: m.author == Author::Customer && !m.history,
        state: state.as_str(),
        body: &m.body,
        text: &text,
        origin,
        provider_id: Some(&m.provider_id),
        quote: quote.map(|(q, _)| q),
        times: None,
        tag: m.tag.as_deref(),
        peer: people::fingerprint(&m.peer),
        late: Some(cx.now - m.at).filter(|late| cx.late.is_some_and(|most| *late > most) && !m.history),
    };
    let window = m.opens_window.then(|| Window::after(m.at).until).flatten();
    let Some(row) = add_message(conn, cx, account, &thread, &new, window)? else {
        if m.author == Author::Customer && !m.history {
            history::arrived_after_all(conn, cx, account, key)?;
        }
        content::fill_placeholder(conn, cx, account, key, &m.body)?;
        return Ok(Stored::Known);
    };
    if let Some(quoted) = m.quotes.as_deref().filter(|_| quote_waits) {
        content::wait_for_quoted(conn, cx, account, row, quoted)?;
    }
    if cx.early > 0 {
        replay_early(conn, cx, account, key)?;
    }
    content::fill_quotes(conn, cx, account, &m.provider_id)?;
    let fresh = new.unread && cx.now - m.at < FRESH;
    cx.changed(Changed::MessageStored { thread: thread.uid, message: key, inbound: fresh });
    cx.thread_changed(&thread, account);
    Ok(Stored::New(row))
}

/// Providers count in whole seconds. Within its second a message belongs where it came, so that an answer that
/// arrives in the second of our question stands after it.
fn within_second(at: Millis, received: Millis) -> Millis {
    if at % 1000 == 0 { received.clamp(at, at + 999) } else { at }
}

pub(super) fn keep_early(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    key: MessageId,
    change: &Change,
) -> Result<(), StoreError> {
    if deletion::is_gone(conn, cx, key.0)? {
        return Ok(());
    }
    let json = serde_json::to_string(change).map_err(|e| StoreError::Rule(e.to_string()))?;
    // The same news again waits once.
    let added = conn
        .prepare_cached(
            "INSERT INTO early(key, received_at, change) SELECT ?1, ?2, ?3 \
             WHERE NOT EXISTS(SELECT 1 FROM early WHERE key = ?1 AND change = ?3)",
        )?
        .execute(params![key.0, cx.now, json])?;
    cx.early += added as i64;
    if cx.early > EARLY_MAX {
        let n = conn
            .prepare_cached("DELETE FROM early WHERE id IN (SELECT id FROM early ORDER BY id LIMIT 1000)")?
            .execute([])?;
        cx.early -= n as i64;
        let text = format!(
            "more than {EARLY_MAX} statuses, reactions and edits are for messages that never came: the oldest \
             are dropped"
        );
        let severity = crate::model::inbound::Severity::Warning;
        news::notice(conn, cx, account, &news::Notice { severity, field: "early", text: &text, at: None })?;
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
    let mut st = conn.prepare_cached("SELECT change FROM early WHERE key = ?1 ORDER BY id")?;
    let found: Vec<String> = st.query_map([key.0], |r| r.get(0))?.collect::<Result<_, _>>()?;
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

/// A status that was learned otherwise than by a webhook.
pub(super) fn status_of(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    s: &StatusUpdate,
) -> Result<(), StoreError> {
    status(conn, cx, account, s, &Change::Status(Box::new(s.clone())))
}

fn status(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    s: &StatusUpdate,
    change: &Change,
) -> Result<(), StoreError> {
    let Some(state) = s.state else {
        return news::unknown(conn, cx, account, &format!("status {}", s.word));
    };
    let key = MessageId::of_provider(&account.key, &s.provider_id);
    let row = if let Some(send) = attempts::own_send(conn, account, s, key)? {
        attempts::status(conn, cx, account, &send, key, s, state)?
    } else {
        let echo: Option<i64> = conn
            .prepare_cached("SELECT id FROM messages WHERE uid = ?1")?
            .query_row([key.0], |r| r.get(0))
            .optional()?;
        let Some(echo) = echo else { return keep_early(conn, cx, account, key, change) };
        move_state(conn, cx, account, echo, state, s.at, s.error.as_ref())?;
        Some(echo)
    };
    let Some(row) = row else { return Ok(()) };
    if !s.recipient.is_empty() {
        let contact: i64 = conn
            .prepare_cached(
                "SELECT t.contact_id FROM messages m JOIN threads t ON t.id = m.thread_id WHERE m.id = ?1",
            )?
            .query_row([row], |r| r.get(0))?;
        people::stated(conn, cx, account, contact, &s.recipient, s.at)?;
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
    error: Option<&DeliveryError>,
) -> Result<bool, StoreError> {
    type Found = (Vec<u8>, i64, String, Option<String>, bool, Option<String>);
    let (uid, thread_id, state, times, dismissed, known): Found = conn
        .prepare_cached("SELECT uid, thread_id, state, times, dismissed, error FROM messages WHERE id = ?1")?
        .query_row([row], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?, r.get(5)?)))?;
    let old =
        DeliveryState::parse(&state).ok_or_else(|| StoreError::Corrupt(format!("delivery state {state}")))?;
    let mut noted: DeliveryTimes =
        times.as_deref().map_or_else(DeliveryTimes::default, |t| serde_json::from_str(t).unwrap_or_default());
    let before = noted;
    noted.note(next, at);
    let moves = old.may_become(next);
    let closes = next == DeliveryState::Failed && error.is_some_and(|e| e.code == WINDOW_CLOSED);
    // What the customer wrote after the send left says more about the window of now than its refusal.
    let refused_at = noted.sending.unwrap_or(at).min(at);
    // A second failure of the same attempt: the earlier one is the reason.
    let reason = match error {
        Some(e) if old == DeliveryState::Failed && next == old => {
            let known: Option<DeliveryError> = known.as_deref().and_then(|k| serde_json::from_str(k).ok());
            let key = |at: Option<Millis>, e: &DeliveryError| (at, e.code, e.text.clone());
            known.is_none_or(|k| key(Some(at), e) < key(before.failed, &k)).then_some(e)
        }
        _ => None,
    };
    if !moves && noted == before && reason.is_none() {
        if closes {
            close_window(conn, thread_id, refused_at)?;
        }
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
        let reason =
            reason.map(serde_json::to_string).transpose().map_err(|e| StoreError::Rule(e.to_string()))?;
        conn.prepare_cached(
            "UPDATE messages SET times = ?2, error = coalesce(?3, error), revision = revision + 1 WHERE id = ?1",
        )?
        .execute(params![row, times, reason])?;
    }
    let thread = thread_by_row(conn, thread_id)?;
    if closes {
        close_window(conn, thread.id, refused_at)?;
        cx.thread_changed(&thread, account);
    }
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
    // A customer's reaction opens the window, whether or not the message it is on is here.
    if !own {
        let thread = people::thread(conn, cx, account, peer, at)?;
        people::confirm_name(conn, thread.contact_id, &peer.profile_name, at)?;
        open_window(conn, cx, account, &thread, at)?;
    }
    let Some(row) = find(conn, account, target)? else {
        return keep_early(conn, cx, account, MessageId::of_provider(&account.key, target), change);
    };
    put_reaction(conn, cx, row, own, emoji, at)
}

/// The provider said at a time that the window is closed: only what the customer wrote later opens it.
pub(super) fn close_window(conn: &Connection, thread: i64, at: Millis) -> Result<(), StoreError> {
    conn.prepare_cached(
        "UPDATE threads SET closed_at = max(closed_at, ?2), window_until = CASE \
         WHEN window_until - ?3 > max(closed_at, ?2) THEN window_until END WHERE id = ?1",
    )?
    .execute(params![thread, at, crate::model::window::LENGTH - crate::model::window::MARGIN])?;
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
    if at > thread.closed_at && until > thread.window_until {
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
