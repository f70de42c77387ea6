//! What messages say and quote: edits, deletions, quotes that are found later.
//!
//! A message that was changed keeps all it ever said. What it says now is the change with the newest provider time
//! (of two with one time, the greater text), unless its sender deleted it; so the order in which the news come does
//! not matter.

use super::inbound::{find, keep_early};
use super::{AccountRow, Context, PREVIEW, ThreadState, first_chars, thread_by_row, words};
use crate::clock::Millis;
use crate::model::ids::MessageId;
use crate::model::inbound::Change;
use crate::model::message::{Body, Quote};
use crate::model::wamid;
use crate::protocol::Changed;
use crate::store::StoreError;
use rusqlite::{Connection, OptionalExtension, params};

/// Characters of a quoted message that are kept with the answer.
const QUOTED: usize = 200;
/// Messages of a thread in which a quote is looked for by its inner token, newest first.
const LOOK_BACK: i64 = 2_000;

fn json<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::Rule(e.to_string()))
}

/// A message whose content may change.
struct Row {
    id: i64,
    uid: MessageId,
    thread: i64,
    at: Millis,
    kind: String,
    text: String,
    body: Option<String>,
    edited: bool,
}

fn row(conn: &Connection, id: i64) -> Result<Row, StoreError> {
    Ok(conn
        .prepare_cached("SELECT uid, thread_id, at, kind, text, body, edited FROM messages WHERE id = ?1")?
        .query_row([id], |r| {
            Ok(Row {
                id,
                uid: crate::store::rows::message_id(r, 0)?,
                thread: r.get(1)?,
                at: r.get(2)?,
                kind: r.get(3)?,
                text: r.get(4)?,
                body: r.get(5)?,
                edited: r.get(6)?,
            })
        })?)
}

/// Writes what a message says now.
fn set(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    m: &Row,
    body: &Body,
    edited: bool,
) -> Result<(), StoreError> {
    let text = body.kept_text();
    let stored = match body {
        Body::Text { .. } => None,
        other => Some(json(other)?),
    };
    if (m.kind.as_str(), &m.text, &m.body, m.edited) == (body.kind(), &text, &stored, edited) {
        return Ok(());
    }
    if m.text != text {
        words::replace(conn, m.id, &m.text, &text)?;
    }
    conn.prepare_cached(
        "UPDATE messages SET kind = ?2, text = ?3, body = ?4, edited = ?5, revision = revision + 1 WHERE id = ?1",
    )?
    .execute(params![m.id, body.kind(), text, stored, edited])?;
    let thread = thread_by_row(conn, m.thread)?;
    if thread.last_row == m.id {
        conn.prepare_cached("UPDATE threads SET last_kind = ?2, last_text = ?3 WHERE id = ?1")?
            .execute(params![thread.id, body.kind(), first_chars(&text, PREVIEW)])?;
    }
    cx.changed(Changed::MessageChanged { thread: thread.uid, message: m.uid });
    cx.thread_changed(&thread, account);
    Ok(())
}

/// Keeps what a message says before it is changed for the first time.
fn keep_original(conn: &Connection, m: &Row) -> Result<(), StoreError> {
    if m.edited || m.kind == "revoked" {
        return Ok(());
    }
    let body = match &m.body {
        Some(body) => body.clone(),
        None => json(&Body::text(m.text.clone()))?,
    };
    conn.prepare_cached(
        "INSERT OR IGNORE INTO versions(message_id, original, at, body) VALUES(?1, 1, ?2, ?3)",
    )?
    .execute(params![m.id, m.at, body])?;
    Ok(())
}

fn parse(text: &str) -> Result<Body, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::Corrupt(format!("version: {e}")))
}

/// A message was changed by its sender.
pub(super) fn edit(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    target: &str,
    at: Millis,
    body: &Body,
    change: &Change,
) -> Result<(), StoreError> {
    let Some(id) = find(conn, account, target)? else {
        return keep_early(conn, cx, account, MessageId::of_provider(&account.key, target), change);
    };
    change_row(conn, cx, account, id, at, body)
}

/// A message that is here says something else since a time.
pub(super) fn change_row(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    id: i64,
    at: Millis,
    body: &Body,
) -> Result<(), StoreError> {
    let m = row(conn, id)?;
    keep_original(conn, &m)?;
    let added = conn
        .prepare_cached(
            "INSERT OR IGNORE INTO versions(message_id, original, at, body) VALUES(?1, 0, ?2, ?3)",
        )?
        .execute(params![id, at, json(body)?])?;
    if added == 0 {
        return Ok(());
    }
    if m.kind == "revoked" {
        set(conn, cx, account, &m, &Body::Revoked, true)?;
    } else {
        let newest: String = conn
            .prepare_cached(
                "SELECT body FROM versions WHERE message_id = ?1 AND original = 0 ORDER BY at DESC, body DESC LIMIT 1",
            )?
            .query_row([id], |r| r.get(0))?;
        set(conn, cx, account, &m, &parse(&newest)?, true)?;
    }
    requote_answers(conn, cx, account, &m)
}

/// A message was deleted for everyone by its sender: it is shown as such, and searched and listed no more.
pub(super) fn revoke(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    target: &str,
    change: &Change,
) -> Result<(), StoreError> {
    let Some(id) = find(conn, account, target)? else {
        return keep_early(conn, cx, account, MessageId::of_provider(&account.key, target), change);
    };
    revoke_row(conn, cx, account, id)
}

/// A message that is here was deleted; what it said is kept.
pub(super) fn revoke_row(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    id: i64,
) -> Result<(), StoreError> {
    let m = row(conn, id)?;
    keep_original(conn, &m)?;
    set(conn, cx, account, &m, &Body::Revoked, m.edited)
}

/// History brings media twice under one id: first a placeholder, later the real message, which takes its place.
pub(super) fn fill_placeholder(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    key: MessageId,
    body: &Body,
) -> Result<(), StoreError> {
    if !matches!(body, Body::Media { .. }) {
        return Ok(());
    }
    let id: Option<i64> = conn
        .prepare_cached("SELECT id FROM messages WHERE uid = ?1")?
        .query_row([key.0], |r| r.get(0))
        .optional()?;
    let Some(id) = id else { return Ok(()) };
    let m = row(conn, id)?;
    let placeholder =
        m.kind == "unknown" && m.body.as_deref().unwrap_or("").contains("\"media_placeholder\"");
    if !placeholder {
        return Ok(());
    }
    set(conn, cx, account, &m, body, m.edited)
}

/// What a message said at a time, shortened.
fn said(conn: &Connection, m: &Row, at: Millis) -> Result<String, StoreError> {
    let mut text = m.text.clone();
    let mut kind = m.kind.clone();
    if m.edited || m.kind == "revoked" {
        let version: Option<String> = conn
            .prepare_cached(
                "SELECT body FROM versions WHERE message_id = ?1 AND (original = 1 OR at <= ?2) \
                 ORDER BY original, at DESC, body DESC LIMIT 1",
            )?
            .query_row(params![m.id, at], |r| r.get(0))
            .optional()?;
        if let Some(version) = version {
            let body = parse(&version)?;
            text = body.kept_text();
            body.kind().clone_into(&mut kind);
        }
    }
    Ok(if text.is_empty() { format!("[{kind}]") } else { first_chars(&text, QUOTED).to_owned() })
}

/// The message that a quote means, and whether its id says so: by the whole id, else by the inner token where one
/// message of the thread has it.
fn quoted(
    conn: &Connection,
    account: &AccountRow,
    thread: i64,
    provider_id: &str,
) -> Result<Option<(i64, bool)>, StoreError> {
    if let Some(row) = find(conn, account, provider_id)? {
        return Ok(Some((row, true)));
    }
    let Some(token) = wamid::token(provider_id) else { return Ok(None) };
    let mut st = conn.prepare_cached(
        "SELECT id, provider_id FROM messages WHERE thread_id = ?1 ORDER BY at DESC, id DESC LIMIT ?2",
    )?;
    let mut rows = st.query(params![thread, LOOK_BACK])?;
    let mut found = None;
    while let Some(r) = rows.next()? {
        let id = r.get_ref(1)?.as_str_or_null().map_err(|e| StoreError::Corrupt(e.to_string()))?;
        if id.and_then(wamid::token).as_ref() == Some(&token) {
            if found.is_some() {
                return Ok(None);
            }
            found = Some((r.get(0)?, false));
        }
    }
    Ok(found)
}

/// A quote as it is known now, and whether its own id was found: else it may become known later.
pub(super) fn quote(
    conn: &Connection,
    account: &AccountRow,
    thread: i64,
    provider_id: &str,
    at: Millis,
) -> Result<(String, bool), StoreError> {
    let mut q = Quote { provider_id: provider_id.to_owned(), message: None, own: false, text: String::new() };
    let found = quoted(conn, account, thread, provider_id)?;
    if let Some((id, _)) = found {
        let m = row(conn, id)?;
        q.message = Some(m.uid);
        q.own = !conn
            .prepare_cached("SELECT inbound FROM messages WHERE id = ?1")?
            .query_row([id], |r| r.get::<_, bool>(0))?;
        q.text = said(conn, &m, at)?;
    }
    Ok((json(&q)?, found.is_some_and(|(_, exact)| exact)))
}

/// The keys under which a quote waits: its id, and its inner token.
fn keys(account: &AccountRow, provider_id: &str) -> Vec<[u8; 16]> {
    let mut keys = vec![MessageId::of_provider(&account.key, provider_id).0];
    if let Some(token) = wamid::token(provider_id) {
        keys.push(MessageId::derived(&["quoted token", account.key.as_str(), &token]).0);
    }
    keys
}

/// Remembers that a message quotes something that is not here.
pub(super) fn wait_for_quoted(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    message: i64,
    provider_id: &str,
) -> Result<(), StoreError> {
    for key in keys(account, provider_id) {
        conn.prepare_cached("INSERT OR IGNORE INTO open_quotes(key, message_id) VALUES(?1, ?2)")?
            .execute(params![key, message])?;
        cx.open_quotes += 1;
    }
    Ok(())
}

/// A message with this id is here now: answers that came before it get its text.
pub(super) fn fill_quotes(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    provider_id: &str,
) -> Result<(), StoreError> {
    if cx.open_quotes == 0 {
        return Ok(());
    }
    for key in keys(account, provider_id) {
        let mut st = conn.prepare_cached("SELECT message_id FROM open_quotes WHERE key = ?1")?;
        let waiting: Vec<i64> = st.query_map([key], |r| r.get(0))?.collect::<Result<_, _>>()?;
        for message in waiting {
            requote(conn, cx, account, message)?;
        }
    }
    Ok(())
}

/// Looks again for what a message quotes.
fn requote(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    message: i64,
) -> Result<(), StoreError> {
    let (old, thread, at): (Option<String>, i64, Millis) = conn
        .prepare_cached("SELECT quote, thread_id, at FROM messages WHERE id = ?1")?
        .query_row([message], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
    let Some(old) = old else { return Ok(()) };
    let q: Quote = serde_json::from_str(&old).map_err(|e| StoreError::Corrupt(format!("quote: {e}")))?;
    if q.provider_id.is_empty() {
        return Ok(());
    }
    let (new, exact) = quote(conn, account, thread, &q.provider_id, at)?;
    if exact {
        for key in keys(account, &q.provider_id) {
            conn.prepare_cached("DELETE FROM open_quotes WHERE key = ?1 AND message_id = ?2")?
                .execute(params![key, message])?;
        }
    }
    if new != old {
        conn.prepare_cached("UPDATE messages SET quote = ?2, revision = revision + 1 WHERE id = ?1")?
            .execute(params![message, new])?;
        let thread = thread_by_row(conn, thread)?;
        let uid = row(conn, message)?.uid;
        cx.changed(Changed::MessageChanged { thread: thread.uid, message: uid });
    }
    Ok(())
}

/// Looks again for what the messages of a thread quote and that was not found by its id.
pub(super) fn requote_open(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    thread: i64,
) -> Result<(), StoreError> {
    if cx.open_quotes == 0 {
        return Ok(());
    }
    let mut st = conn.prepare_cached(
        "SELECT DISTINCT o.message_id FROM open_quotes o JOIN messages m ON m.id = o.message_id WHERE m.thread_id = ?1",
    )?;
    let waiting: Vec<i64> = st.query_map([thread], |r| r.get(0))?.collect::<Result<_, _>>()?;
    for message in waiting {
        requote(conn, cx, account, message)?;
    }
    Ok(())
}

/// A message was changed: answers to it say what it said when they were written. They may be in another thread, when
/// two contacts are not known as one yet, or were split by hand.
fn requote_answers(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    changed: &Row,
) -> Result<(), StoreError> {
    let mut st = conn.prepare_cached(
        "SELECT id FROM messages WHERE quote IS NOT NULL AND json_extract(quote, '$.message') = ?1",
    )?;
    let answers: Vec<i64> =
        st.query_map([changed.uid.to_string()], |r| r.get(0))?.collect::<Result<_, _>>()?;
    for message in answers {
        requote(conn, cx, account, message)?;
    }
    Ok(())
}

/// Whether a thread's newest message is older than `at` (or there is none).
pub(super) fn is_newest(conn: &Connection, thread: &ThreadState, at: Millis) -> Result<bool, StoreError> {
    if thread.last_row == 0 || at >= thread.last_at {
        return Ok(true);
    }
    // The place in the list may be newer than the newest message: something came late.
    let newest: Millis = conn
        .prepare_cached("SELECT at FROM messages WHERE id = ?1")?
        .query_row([thread.last_row], |r| r.get(0))?;
    Ok(at >= newest)
}
