//! Applying events: the only code that writes.
//!
//! One file per area. Everything here runs on the writer's thread inside a transaction that is already open.

mod access;
mod accounts;
mod activity;
mod admin;
mod attempts;
mod blocks;
mod chain;
mod content;
mod deletion;
mod drafts;
mod feed;
mod files;
mod handling;
mod history;
mod inbound;
mod library;
mod mentions;
mod merge;
mod news;
mod notes;
mod numbers;
mod outbox;
mod parked;
mod people;
mod preferences;
mod reading;
mod recorder;
mod templates;
mod tidy;
mod together;
mod words;

#[cfg(any(test, fuzzing))]
pub(super) use tidy::step as tidy_in;
pub use tidy::tidy;
pub(super) use tidy::{parts_upto as tidy_upto, set_parts_upto as set_tidy_upto};
pub(super) use words::{add as index_words, set_upto as set_words_upto, upto as words_upto};
pub use words::{prepare_query_token, prepare_words};

use super::StoreError;
use super::writer::Reply;
use crate::clock::Millis;
use crate::model::event::{Event, EventBody};
use crate::model::ids::{AccountId, EventId, ThreadId};
use crate::protocol::Changed;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashSet;

/// Characters of a message kept for the thread list.
const PREVIEW: usize = 120;

/// An account as the writer needs it.
#[derive(Clone, Debug)]
pub(super) struct AccountRow {
    pub id: i64,
    pub key: AccountId,
    pub number: String,
    pub business: String,
    pub scope: String,
    pub phone_digits: String,
}

/// Counters of an account that a transaction changes, written once at its end.
#[derive(Clone, Copy, Debug, Default)]
struct Delta {
    threads: i64,
    unread: i64,
    unread_threads: i64,
    webhook_at: Option<Millis>,
    /// Raw webhooks that came or went.
    webhook_bytes: i64,
}

/// What the writer remembers within and between transactions.
pub(super) struct Context {
    accounts: Vec<AccountRow>,
    deltas: Vec<Delta>,
    early: i64,
    /// Quotes that wait for what they quote.
    open_quotes: i64,
    /// Whether anything was ever deleted.
    gone: bool,
    /// The newest message (row), and the last one that was known to be in the index of words.
    newest: i64,
    words_upto: i64,
    /// The activity log's end.
    chain: chain::Chain,
    /// The event that is being applied.
    event: EventId,
    now: Millis,
    /// When the webhook that is being applied was received.
    received: Millis,
    careful: bool,
    /// A message that comes this long after its provider's time came late; `None`: none does.
    late: Option<Millis>,
    /// Until when the feed is written; 0 when nobody follows.
    feed: Millis,
    changed: Vec<Changed>,
    seen: HashSet<Changed>,
}

impl Context {
    /// Reads what has to be known before the first event.
    pub fn load(conn: &Connection, late: Option<Millis>) -> Result<Self, StoreError> {
        let mut context = Self {
            accounts: Vec::new(),
            deltas: Vec::new(),
            early: 0,
            open_quotes: 0,
            gone: false,
            newest: 0,
            words_upto: 0,
            chain: chain::Chain::default(),
            event: EventId([0; 16]),
            now: 0,
            received: 0,
            careful: false,
            late,
            feed: 0,
            changed: Vec::new(),
            seen: HashSet::new(),
        };
        context.read_accounts(conn)?;
        Ok(context)
    }

    fn read_accounts(&mut self, conn: &Connection) -> Result<(), StoreError> {
        let mut st = conn.prepare_cached(
            "SELECT id, key, number, business, provider, facts FROM accounts ORDER BY position, id",
        )?;
        self.accounts = st
            .query_map([], |r| {
                let provider: String = r.get(4)?;
                let business: String = r.get(3)?;
                let facts: String = r.get(5)?;
                let facts: crate::model::event::NumberFacts =
                    serde_json::from_str(&facts).unwrap_or_default();
                Ok(AccountRow {
                    id: r.get(0)?,
                    key: AccountId::new(r.get::<_, String>(1)?),
                    number: r.get(2)?,
                    scope: format!("{provider}:{business}"),
                    business,
                    phone_digits: facts.display_phone.chars().filter(char::is_ascii_digit).collect(),
                })
            })?
            .collect::<Result<_, _>>()?;
        self.deltas = vec![Delta::default(); self.accounts.len()];
        self.feed = feed::until(conn)?;
        self.words_upto = words::upto(conn)?;
        self.newest =
            conn.prepare_cached("SELECT coalesce(max(id), 0) FROM messages")?.query_row([], |r| r.get(0))?;
        self.chain = chain::Chain::load(conn)?;
        self.gone = deletion::any_gone(conn)?;
        self.early = conn.prepare_cached("SELECT count(*) FROM early")?.query_row([], |r| r.get(0))?;
        self.open_quotes =
            conn.prepare_cached("SELECT count(*) FROM open_quotes")?.query_row([], |r| r.get(0))?;
        Ok(())
    }

    /// After a rollback: what was remembered may be wrong.
    pub fn reload(&mut self, conn: &Connection) {
        self.changed.clear();
        self.seen.clear();
        if self.read_accounts(conn).is_err() {
            tracing::warn!("accounts could not be read again after a rollback");
        }
    }

    /// A transaction begins. `careful` puts a savepoint around every update of a webhook.
    pub fn begin(&mut self, now: Millis, careful: bool) {
        self.now = now;
        self.careful = careful;
        self.changed.clear();
        self.seen.clear();
        self.deltas.fill(Delta::default());
    }

    /// Writes the counters that were put off, and the words of messages where many wait.
    pub fn flush(&mut self, conn: &Connection) -> Result<(), StoreError> {
        if self.newest - self.words_upto >= words::WAITING {
            self.words_upto = words::catch_up(conn, i64::MAX)?;
        }
        self.chain.flush(conn)?;
        for i in 0..self.accounts.len() {
            let d = std::mem::take(&mut self.deltas[i]);
            if d.threads == 0
                && d.unread == 0
                && d.unread_threads == 0
                && d.webhook_at.is_none()
                && d.webhook_bytes == 0
            {
                continue;
            }
            conn.prepare_cached(
                "UPDATE accounts SET threads = threads + ?2, unread = unread + ?3, \
                 unread_threads = unread_threads + ?4, last_webhook = nullif(max(coalesce(last_webhook, 0), coalesce(?5, 0)), 0), \
                 webhook_bytes = webhook_bytes + ?6 WHERE id = ?1",
            )?
            .execute(params![
                self.accounts[i].id,
                d.threads,
                d.unread,
                d.unread_threads,
                d.webhook_at,
                d.webhook_bytes
            ])?;
            let account = self.accounts[i].key.clone();
            self.changed(Changed::AccountChanged { account });
        }
        Ok(())
    }

    /// Whether news wait for a message that is not here.
    fn has_early(&self) -> bool {
        self.early > 0
    }

    /// Everything that changed in the transaction.
    pub fn take_changed(&mut self) -> Vec<Changed> {
        self.seen.clear();
        std::mem::take(&mut self.changed)
    }

    fn changed(&mut self, what: Changed) {
        if self.seen.insert(what.clone()) {
            self.changed.push(what);
        }
    }

    fn delta(&mut self, account_id: i64) -> Option<&mut Delta> {
        let i = self.accounts.iter().position(|a| a.id == account_id)?;
        self.deltas.get_mut(i)
    }

    fn account(&self, key: &AccountId) -> Result<AccountRow, StoreError> {
        self.accounts.iter().find(|a| a.key == *key).cloned().ok_or(StoreError::Missing("this account"))
    }

    fn account_by_row(&self, id: i64) -> Result<AccountRow, StoreError> {
        self.accounts.iter().find(|a| a.id == id).cloned().ok_or(StoreError::Missing("this account"))
    }

    /// A row of its own for something that an event brought about besides what its name says.
    fn audit(&mut self, conn: &Connection, action: &str, subject: &str) -> Result<(), StoreError> {
        let uid = EventId::derived(&["audit", &self.event.to_string(), action, subject]);
        self.chain.more(conn, uid.0, action, subject)
    }

    fn thread_changed(&mut self, thread: &ThreadState, account: &AccountRow) {
        self.changed(Changed::ThreadChanged { thread: thread.uid, account: account.key.clone() });
    }
}

/// What applying needs to know about a thread.
#[derive(Clone, Debug)]
struct ThreadState {
    id: i64,
    uid: ThreadId,
    account_id: i64,
    contact_id: i64,
    /// Its place in the list: the time of the newest message, or when a late one came.
    last_at: Millis,
    last_row: i64,
    unread: i64,
    window_until: Option<Millis>,
    /// When the provider last said that the window is closed.
    closed_at: Millis,
    /// Who is on the other side of messages that do not say.
    peer: Option<i64>,
    /// Whether it is neither snoozed nor resolved.
    open: bool,
}

/// Columns of [`thread_state`], in its order.
const THREAD_STATE: &str =
    "id, uid, account_id, contact_id, last_at, last_row, unread, window_until, closed_at, peer, state = 0";

fn thread_state(r: &rusqlite::Row<'_>) -> rusqlite::Result<ThreadState> {
    Ok(ThreadState {
        id: r.get(0)?,
        uid: super::rows::thread_id(r, 1)?,
        account_id: r.get(2)?,
        contact_id: r.get(3)?,
        last_at: r.get(4)?,
        last_row: r.get(5)?,
        unread: r.get(6)?,
        window_until: r.get(7)?,
        closed_at: r.get(8)?,
        peer: r.get(9)?,
        open: r.get(10)?,
    })
}

fn thread_by(
    conn: &Connection,
    column: &str,
    value: &dyn rusqlite::ToSql,
) -> Result<Option<ThreadState>, StoreError> {
    let sql = format!("SELECT {THREAD_STATE} FROM threads WHERE {column} = ?1");
    Ok(conn.prepare_cached(&sql)?.query_row([value], thread_state).optional()?)
}

/// A thread by its id, or the one that it was joined with.
fn thread_by_uid(conn: &Connection, uid: ThreadId) -> Result<ThreadState, StoreError> {
    if let Some(found) = thread_by(conn, "uid", &uid.0)? {
        return Ok(found);
    }
    let target: Option<Vec<u8>> = conn
        .prepare_cached("SELECT target FROM joined WHERE uid = ?1")?
        .query_row([uid.0], |r| r.get(0))
        .optional()?;
    let found = target.map(|t| thread_by(conn, "uid", &t)).transpose()?.flatten();
    found.ok_or(StoreError::Missing("this thread"))
}

fn thread_by_row(conn: &Connection, id: i64) -> Result<ThreadState, StoreError> {
    thread_by(conn, "id", &id)?.ok_or(StoreError::Missing("this thread"))
}

fn first_chars(s: &str, n: usize) -> &str {
    s.char_indices().nth(n).map_or(s, |(at, _)| &s[..at])
}

/// Applies one event. An event whose id was seen before changes nothing.
pub(super) fn apply(conn: &Connection, cx: &mut Context, event: &Event) -> Result<Reply, StoreError> {
    if !cx.chain.event(conn, event, event.body.action(), &subject(&event.body))? {
        return Ok(Reply { repeated: true, ..Reply::default() });
    }
    cx.event = event.id;
    let before = cx.changed.len();
    let reply = apply_body(conn, cx, event)?;
    feed::note(conn, cx, event, before)?;
    Ok(reply)
}

fn apply_body(conn: &Connection, cx: &mut Context, event: &Event) -> Result<Reply, StoreError> {
    match &event.body {
        EventBody::WebhookReceived { account, raw, batch, problem, .. } => {
            inbound::webhook(conn, cx, event, account, raw, batch.as_ref(), problem.as_deref())
        }
        EventBody::WebhookReplayed { webhook, batch, problem } => {
            inbound::replay(conn, cx, *webhook, batch.as_ref(), problem.as_deref())
        }
        EventBody::MessageQueued { message, attempt, account, to, content, quote, not_before, send_at } => {
            let send = outbox::NewSend {
                message: *message,
                attempt: *attempt,
                account,
                to,
                content,
                quote: *quote,
                not_before: *not_before,
                send_at: *send_at,
            };
            outbox::queue(conn, cx, event, &send)
        }
        EventBody::SendsPutOff { messages, until, why } => outbox::put_off(conn, cx, messages, *until, *why),
        EventBody::SendMoved { message, send_at } => outbox::moved(conn, cx, *message, *send_at),
        EventBody::StatusesLearned { account, statuses } => {
            let account = cx.account(account)?;
            attempts::learned(conn, cx, &account, statuses).map(|()| Reply::default())
        }
        EventBody::AttemptStarted { message, attempt } => {
            outbox::started(conn, cx, event, *message, *attempt)
        }
        EventBody::AttemptEnded { message, attempt, outcome } => {
            outbox::ended(conn, cx, event, *message, *attempt, outcome)
        }
        EventBody::AttemptHindered { message, attempt, outcome } => {
            outbox::hindered(conn, cx, event, *message, *attempt, outcome)
        }
        EventBody::FileStored { hash, size, facts } => files::stored(conn, event, *hash, *size, facts),
        EventBody::FileHandedOver { account, hash, provider_id } => {
            files::handed_over(conn, cx, event.at, account, *hash, provider_id)
        }
        EventBody::FilesExpired { before, unused_before } => files::expire(conn, *before, *unused_before),
        EventBody::MessageRetried { message, attempt } => outbox::retry(conn, cx, *message, *attempt),
        EventBody::MessageCancelled { message } => outbox::cancel(conn, cx, *message),
        EventBody::WindowClosed { thread } => outbox::window_closed(conn, cx, *thread),
        EventBody::ThreadRead { thread, upto, stored } => reading::read(conn, cx, *thread, *upto, *stored),
        EventBody::ThreadUnread { thread } => reading::unread(conn, cx, *thread),
        EventBody::ContactsMerged { into, from } => merge::merge(conn, cx, *into, *from, event.actor.label()),
        EventBody::ContactSplit { contact, identities, new } => {
            merge::split(conn, cx, *contact, identities, *new, event.actor.label())
        }
        EventBody::DraftSaved { thread, mode, text } => drafts::save(conn, cx, event, *thread, *mode, text),
        EventBody::NoteAdded { note, thread, text } => notes::add(conn, cx, event, *note, *thread, text),
        EventBody::NoteEdited { note, text } => notes::edit(conn, cx, event, *note, text),
        EventBody::NoteDeleted { note } => notes::delete(conn, cx, event, *note),
        EventBody::QuickReplySaved { reply } => library::save_reply(conn, cx, event, reply),
        EventBody::QuickReplyDeleted { reply } => library::delete_reply(conn, cx, &event.actor, *reply),
        EventBody::QuickReplyUsed { reply } => library::use_reply(conn, cx, &event.actor, *reply),
        EventBody::MacroSaved { saved } => library::save_macro(conn, cx, event, saved),
        EventBody::MacroDeleted { id } => library::delete_macro(conn, cx, &event.actor, *id),
        EventBody::MacroUsed { id } => library::use_macro(conn, cx, &event.actor, *id),
        EventBody::PreferenceSet { key, value } => preferences::set(conn, cx, &event.actor, key, value),
        EventBody::WebhooksExpired { before, failed_before, keep_bytes } => {
            recorder::expire(conn, cx, *before, failed_before.unwrap_or(*before), *keep_bytes)
        }
        EventBody::ThreadsHandled { threads, act } => handling::act(conn, cx, event, threads, act),
        EventBody::FeedKept { until } => feed::keep(conn, cx, event, *until),
        EventBody::SnoozesEnded { threads } => handling::wake(conn, cx, event.at, threads),
        EventBody::ThreadTakenOver { thread, from, note } => {
            together::take_over(conn, cx, event, *thread, from.as_deref(), *note)
        }
        EventBody::ThreadGiven { thread, to, .. } => together::give(conn, cx, event, *thread, to),
        EventBody::ThreadsReleased { operator } => together::release(conn, cx, operator),
        EventBody::OperatorWatched { .. } => Ok(Reply::default()),
        EventBody::MentionsRead { notes } => mentions::read(conn, cx, event, notes),
        EventBody::LabelSaved { label } => handling::save_label(conn, cx, label),
        EventBody::LabelDeleted { label } => handling::delete_label(conn, cx, *label),
        EventBody::ThreadDeleted { thread, .. } => deletion::delete(conn, cx, event, *thread),
        EventBody::ThreadErased { thread } => deletion::erase(conn, cx, *thread),
        EventBody::ActivityExpired { before } => activity::expire(conn, cx, *before),
        // The row in the log is all there is of it.
        EventBody::RequestRefused { .. } => Ok(Reply::default()),
        EventBody::WebhookTested { account, raw } => recorder::tested(conn, cx, event, account, raw),
        EventBody::Noticed { account, severity, field, text } => {
            recorder::noticed(conn, cx, account, *severity, field, text)
        }
        EventBody::AccessChanged { change } => access::change(conn, cx, change),
        EventBody::AccountConfigured { spec } => accounts::configured(conn, cx, spec),
        EventBody::AccountState { account, state, text, blocks } => {
            accounts::state(conn, cx, event.at, account, (state, text, *blocks))
        }
        EventBody::AccountKept { account } => accounts::kept(conn, cx, account),
        EventBody::HistoryRead { account, entries, mark } => {
            history::page(conn, cx, event, account, entries, mark)
        }
        EventBody::AccountOptionsSet { account, options } => {
            accounts::options(conn, cx, event.at, account, options)
        }
        EventBody::AccountSetup { account, setup } => accounts::setup(conn, cx, account, setup),
        EventBody::AccountSecretKept { account, key } => accounts::secret(conn, cx, event.at, account, *key),
        EventBody::AccountRemoved { account } => accounts::removed(conn, cx, event.at, account),
        EventBody::NumberAdministered { account, what } => {
            blocks::administered(conn, cx, event, account, what)
        }
        EventBody::NumberSynced { account, facts } => admin::number(conn, cx, account, facts),
        EventBody::TemplatesSynced { account, templates } => {
            templates::synced(conn, cx, event, account, templates)
        }
        EventBody::TemplateAdministered { account, what } => {
            templates::administered(conn, cx, event, account, what)
        }
    }
}

/// What an event is about, for the audit log.
fn subject(body: &EventBody) -> String {
    match body {
        EventBody::WebhookReceived { account, .. }
        | EventBody::AccountState { account, .. }
        | EventBody::AccountOptionsSet { account, .. }
        | EventBody::HistoryRead { account, .. }
        | EventBody::AccountSetup { account, .. }
        | EventBody::AccountRemoved { account }
        | EventBody::NumberSynced { account, .. }
        | EventBody::StatusesLearned { account, .. }
        | EventBody::TemplatesSynced { account, .. } => account.to_string(),
        EventBody::AccountConfigured { spec } => spec.id.to_string(),
        EventBody::AccountKept { account } => account.spec.id.to_string(),
        EventBody::AccountSecretKept { account, key } => format!("{} of {account}", key.word()),
        EventBody::WebhookReplayed { webhook, .. } => webhook.to_string(),
        EventBody::MessageQueued { message, .. }
        | EventBody::AttemptStarted { message, .. }
        | EventBody::AttemptEnded { message, .. }
        | EventBody::AttemptHindered { message, .. }
        | EventBody::MessageRetried { message, .. }
        | EventBody::SendMoved { message, .. }
        | EventBody::MessageCancelled { message } => message.to_string(),
        EventBody::SendsPutOff { messages, .. } => {
            messages.first().map(ToString::to_string).unwrap_or_default()
        }
        EventBody::WindowClosed { thread }
        | EventBody::ThreadRead { thread, .. }
        | EventBody::ThreadUnread { thread }
        | EventBody::DraftSaved { thread, .. } => thread.to_string(),
        EventBody::ContactsMerged { into, from } => format!("{from} into {into}"),
        EventBody::ContactSplit { contact, new, .. } => format!("{new} from {contact}"),
        EventBody::NoteAdded { note, .. }
        | EventBody::NoteEdited { note, .. }
        | EventBody::NoteDeleted { note } => note.to_string(),
        EventBody::QuickReplySaved { reply } => reply.id.to_string(),
        EventBody::QuickReplyDeleted { reply } | EventBody::QuickReplyUsed { reply } => reply.to_string(),
        EventBody::MacroSaved { saved } => saved.id.to_string(),
        EventBody::MacroDeleted { id } | EventBody::MacroUsed { id } => id.to_string(),
        EventBody::PreferenceSet { key, .. } => key.clone(),
        EventBody::ThreadsHandled { threads, act } => act.subject(threads),
        EventBody::FeedKept { until } => until.to_string(),
        EventBody::SnoozesEnded { threads } => format!("{} threads", threads.len()),
        EventBody::AccessChanged { change } => change.subject(),
        EventBody::NumberAdministered { account, what } => what.subject(account),
        EventBody::TemplateAdministered { account, what } => what.subject(account),
        EventBody::ThreadTakenOver { thread, from: Some(from), .. } => format!("{thread} from {from}"),
        EventBody::ThreadTakenOver { thread, .. } => thread.to_string(),
        EventBody::ThreadGiven { thread, to, how } => format!("{thread} to {to} by {}", how.word()),
        EventBody::ThreadsReleased { operator } | EventBody::OperatorWatched { operator } => operator.clone(),
        EventBody::MentionsRead { notes } => match notes.as_slice() {
            [] => "all".into(),
            [one] => one.to_string(),
            many => format!("{} notes", many.len()),
        },
        EventBody::LabelSaved { label } => label.id.to_string(),
        EventBody::LabelDeleted { label } => label.to_string(),
        EventBody::WebhooksExpired { before, .. } | EventBody::ActivityExpired { before } => {
            before.to_string()
        }
        EventBody::ThreadDeleted { thread, whom } => format!("{thread} of {}", first_chars(whom, 60)),
        EventBody::ThreadErased { thread } => thread.to_string(),
        EventBody::RequestRefused { request, why, times } => activity::refused(request, why, *times),
        EventBody::FileStored { hash, .. } => hash.to_string(),
        EventBody::FileHandedOver { account, hash, .. } => format!("{hash} to {account}"),
        EventBody::FilesExpired { before, .. } => before.to_string(),
        EventBody::WebhookTested { account, .. } | EventBody::Noticed { account, .. } => account.to_string(),
    }
}

/// Columns of a message row that differ between kinds of messages.
struct NewMessage<'a> {
    uid: [u8; 16],
    at: Millis,
    inbound: bool,
    unread: bool,
    state: &'a str,
    body: &'a crate::model::message::Body,
    text: &'a str,
    origin: Option<String>,
    provider_id: Option<&'a str>,
    quote: Option<String>,
    times: Option<String>,
    tag: Option<&'a str>,
    /// Who was on the other side, where the provider said it.
    peer: Option<i64>,
    /// How long after its time it came, if that is late.
    late: Option<Millis>,
}

/// Adds a message to a thread with everything that follows from it: words, counters, the thread's row. `None` when
/// it is here already.
fn add_message(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    thread: &ThreadState,
    m: &NewMessage<'_>,
    window_until: Option<Millis>,
) -> Result<Option<i64>, StoreError> {
    use crate::model::message::Body;
    let json = match m.body {
        Body::Text { .. } => None,
        other => Some(serde_json::to_string(other).map_err(|e| StoreError::Rule(e.to_string()))?),
    };
    let added = conn
        .prepare_cached(
            "INSERT OR IGNORE INTO messages(uid, thread_id, at, stored_at, inbound, unread, state, kind, text, body, \
             origin, provider_id, quote, times, tag, peer, late) \
             VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17)",
        )?
        .execute(params![
            m.uid,
            thread.id,
            m.at,
            cx.now,
            m.inbound,
            m.unread,
            m.state,
            m.body.kind(),
            m.text,
            json,
            m.origin,
            m.provider_id,
            m.quote,
            m.times,
            m.tag,
            m.peer.filter(|p| thread.peer != Some(*p)),
            m.late
        ])?;
    if added == 0 {
        return Ok(None);
    }
    let row = conn.last_insert_rowid();
    cx.newest = row;
    // What came late and nobody has seen brings its thread up, wherever in the thread it belongs.
    let place = if m.late.is_some() && m.unread { cx.now } else { m.at };
    let place = if thread.last_row == 0 { place } else { place.max(thread.last_at) };
    let window_until = window_until.filter(|_| m.at > thread.closed_at);
    if content::is_newest(conn, thread, m.at)? {
        conn.prepare_cached(
            "UPDATE threads SET last_at=?2, last_row=?3, last_uid=?4, last_inbound=?5, last_kind=?6, last_text=?7, \
             last_state=?8, unread=unread+?9, window_until=max(coalesce(window_until,0), coalesce(?10,0)) WHERE id=?1",
        )?
        .execute(params![
            thread.id,
            place,
            row,
            m.uid,
            m.inbound,
            m.body.kind(),
            first_chars(m.text, PREVIEW),
            m.state,
            m.unread,
            window_until
        ])?;
    } else if m.unread || window_until.is_some() {
        conn.prepare_cached(
            "UPDATE threads SET unread=unread+?2, window_until=max(coalesce(window_until,0), coalesce(?3,0)) WHERE id=?1",
        )?
        .execute(params![thread.id, m.unread, window_until])?;
        if place > thread.last_at {
            conn.prepare_cached("UPDATE threads SET last_at = ?2 WHERE id = ?1")?
                .execute(params![thread.id, place])?;
        }
    }
    if m.unread && !thread.open {
        handling::customer_wrote(conn, cx, thread)?;
    }
    if m.unread {
        let first = thread.unread == 0;
        if let Some(d) = cx.delta(account.id) {
            d.unread += 1;
            d.unread_threads += i64::from(first);
        }
    }
    Ok(Some(row))
}
