//! From database rows to model types.

use super::StoreError;
use crate::model::delivery::{
    DeliveryError, DeliveryState, DeliveryTimes, OtherAttempt, WaitReason, Waiting,
};
use crate::model::ids::{AccountId, AttemptId, ContactId, MessageId, ProviderMessageId, ThreadId};
use crate::model::message::{Body, Direction, Message, Origin, Quote, Reaction};
use crate::model::thread::{Preview, ThreadRow};
use crate::model::window::Window;
use rusqlite::Row;
use rusqlite::types::Type;

fn id16(r: &Row<'_>, i: usize) -> rusqlite::Result<[u8; 16]> {
    let bytes = r.get_ref(i)?.as_blob()?;
    bytes.try_into().map_err(|_| rusqlite::Error::InvalidColumnType(i, "uid".into(), Type::Blob))
}

pub(super) fn thread_id(r: &Row<'_>, i: usize) -> rusqlite::Result<ThreadId> {
    id16(r, i).map(ThreadId)
}

pub(super) fn contact_id(r: &Row<'_>, i: usize) -> rusqlite::Result<ContactId> {
    id16(r, i).map(ContactId)
}

pub(super) fn message_id(r: &Row<'_>, i: usize) -> rusqlite::Result<MessageId> {
    id16(r, i).map(MessageId)
}

pub(super) fn attempt_id(r: &Row<'_>, i: usize) -> rusqlite::Result<AttemptId> {
    id16(r, i).map(AttemptId)
}

fn json<T: serde::de::DeserializeOwned>(text: &str, what: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::Corrupt(format!("{what}: {e}")))
}

fn opt_json<T: serde::de::DeserializeOwned>(
    r: &Row<'_>,
    i: usize,
    what: &str,
) -> Result<Option<T>, StoreError> {
    match r.get_ref(i)?.as_str_or_null().map_err(|e| StoreError::Corrupt(e.to_string()))? {
        None => Ok(None),
        Some(text) => json(text, what).map(Some),
    }
}

fn state(text: &str) -> Result<DeliveryState, StoreError> {
    DeliveryState::parse(text).ok_or_else(|| StoreError::Corrupt(format!("delivery state {text}")))
}

fn text<'a>(r: &'a Row<'_>, i: usize) -> Result<&'a str, StoreError> {
    r.get_ref(i)?.as_str().map_err(|e| StoreError::Corrupt(e.to_string()))
}

/// A text, if it is one.
pub(super) fn plain<'a>(r: &'a Row<'_>, i: usize) -> Option<&'a str> {
    r.get_ref(i).ok()?.as_str().ok()
}

/// Local account numbers and their names.
pub(super) type AccountNames = Vec<(i64, AccountId)>;

fn account(names: &AccountNames, id: i64) -> Result<AccountId, StoreError> {
    names
        .iter()
        .find(|(n, _)| *n == id)
        .map(|(_, a)| a.clone())
        .ok_or_else(|| StoreError::Corrupt(format!("account number {id}")))
}

/// Columns of [`thread_row`], in its order.
pub(super) const THREAD_COLUMNS: &str = "t.id, t.uid, t.account_id, t.contact_uid, t.title, t.phone, t.last_at, \
     t.last_uid, t.last_inbound, t.last_kind, t.last_text, t.last_state, t.unread, t.failed, \
     t.draft AND EXISTS(SELECT 1 FROM drafts d WHERE d.thread_id = t.id AND d.operator IN ('', me())), t.window_until, \
     t.state, t.snooze, t.snooze_until, t.woken_at, t.priority, t.assignee, \
     (SELECT group_concat(lower(hex(l.uid)) || ' ' || l.color || ' ' || l.name, char(10)) \
      FROM thread_labels x JOIN labels l ON l.id = x.label_id WHERE x.thread_id = t.id)";

/// How many they are.
pub(super) const THREAD_WIDTH: usize = 23;

/// A row of the thread list, with its local number.
pub(super) fn thread_row(r: &Row<'_>, names: &AccountNames) -> Result<(i64, ThreadRow), StoreError> {
    let preview = match r.get_ref(7)? {
        rusqlite::types::ValueRef::Null => None,
        _ => Some(Preview {
            message: message_id(r, 7)?,
            direction: if r.get(8)? { Direction::Inbound } else { Direction::Outbound },
            kind: r.get(9)?,
            text: r.get(10)?,
            state: state(text(r, 11)?)?,
        }),
    };
    Ok((
        r.get(0)?,
        ThreadRow {
            id: thread_id(r, 1)?,
            account: account(names, r.get(2)?)?,
            contact: contact_id(r, 3)?,
            title: r.get(4)?,
            phone: r.get(5)?,
            last_at: r.get(6)?,
            preview,
            unread: u32::try_from(r.get::<_, i64>(12)?).unwrap_or(0),
            failed: u32::try_from(r.get::<_, i64>(13)?).unwrap_or(0),
            draft: r.get(14)?,
            window: Window { until: r.get::<_, Option<i64>>(15)?.filter(|u| *u > 0) },
            handling: super::views::handling(r, 16)?,
        },
    ))
}

/// Columns of [`message`], in its order.
pub(super) const MESSAGE_COLUMNS: &str = "m.id, m.uid, t.uid, t.account_id, m.at, m.stored_at, m.inbound, m.state, \
     m.text, m.body, m.origin, m.provider_id, m.quote, m.times, m.error, m.tag, m.edited, m.attempts, m.revision, \
     m.dismissed, EXISTS(SELECT 1 FROM reactions x WHERE x.message_id = m.id), m.unread, m.late, \
     CASE WHEN m.state = 'queued' THEN (SELECT o.not_before || ' ' || o.hold FROM outbox o WHERE o.message_id = m.id) \
     END, \
     CASE WHEN m.attempts > 1 THEN (SELECT a.state || ' ' || coalesce(a.times, '{}') FROM outbox o \
       JOIN attempts a ON a.outbox_id = o.id WHERE o.message_id = m.id AND a.uid <> o.attempt \
       AND a.state IN ('accepted','sent','delivered','read','played') ORDER BY a.n DESC LIMIT 1) END";

/// Bytes of text after which a page of messages ends, however few they are. As JSON a control character takes six
/// bytes, and a frame has an end.
pub(super) const PAGE_BYTES: usize = 2 << 20;

/// Bytes of text and body of a message row.
pub(super) fn message_bytes(r: &Row<'_>) -> Result<usize, StoreError> {
    let len = |i| r.get_ref(i).map(|v| v.as_bytes_or_null().ok().flatten().map_or(0, <[u8]>::len));
    Ok(len(8)? + len(9)?)
}

/// `until reason`, as the columns above give it.
fn waits(r: &Row<'_>, i: usize) -> rusqlite::Result<Option<Waiting>> {
    let Some(text) = r.get_ref(i)?.as_str_or_null()? else { return Ok(None) };
    let Some((until, why)) = text.split_once(' ') else { return Ok(None) };
    Ok(until.parse().ok().zip(WaitReason::parse(why)).map(|(until, why)| Waiting { until, why }))
}

/// `state times`, as the columns above give it.
fn other_attempt(r: &Row<'_>, i: usize) -> rusqlite::Result<Option<OtherAttempt>> {
    let Some(text) = r.get_ref(i)?.as_str_or_null()? else { return Ok(None) };
    let Some((state, times)) = text.split_once(' ') else { return Ok(None) };
    let times: DeliveryTimes = serde_json::from_str(times).unwrap_or_default();
    Ok(DeliveryState::parse(state).map(|state| OtherAttempt { state, at: times.of(state) }))
}

/// A message, its local number, and whether it has reactions (to be read apart).
pub(super) fn message(r: &Row<'_>, names: &AccountNames) -> Result<(i64, bool, Message), StoreError> {
    let inbound: bool = r.get(6)?;
    let body = match opt_json::<Body>(r, 9, "body")? {
        Some(b) => b,
        None => Body::Text { text: r.get(8)? },
    };
    let origin = match opt_json::<Origin>(r, 10, "origin")? {
        Some(o) => o,
        None if inbound => Origin::Customer(None),
        None => Origin::Phone,
    };
    let error = opt_json::<DeliveryError>(r, 14, "error")?;
    let state = state(text(r, 7)?)?;
    let ended = matches!(state, DeliveryState::Failed | DeliveryState::Unknown);
    Ok((
        r.get(0)?,
        r.get(20)?,
        Message {
            id: message_id(r, 1)?,
            thread: thread_id(r, 2)?,
            account: account(names, r.get(3)?)?,
            direction: if inbound { Direction::Inbound } else { Direction::Outbound },
            origin,
            at: r.get(4)?,
            stored_at: r.get(5)?,
            body,
            state,
            times: opt_json::<DeliveryTimes>(r, 13, "times")?.unwrap_or_default(),
            error,
            waits: waits(r, 23)?,
            put_aside: ended && r.get(19)?,
            also_sent: other_attempt(r, 24)?,
            quote: opt_json::<Quote>(r, 12, "quote")?,
            reactions: Vec::new(),
            provider_id: r.get::<_, Option<String>>(11)?.map(ProviderMessageId),
            tag: r.get(15)?,
            edited: r.get(16)?,
            unread: r.get(21)?,
            late: r.get(22)?,
            attempts: u32::try_from(r.get::<_, i64>(17)?).unwrap_or(0),
            revision: r.get::<_, i64>(18)? as u32,
        },
    ))
}

/// A reaction row: emoji, own, at.
pub(super) fn reaction(r: &Row<'_>) -> rusqlite::Result<Reaction> {
    Ok(Reaction { emoji: r.get(0)?, own: r.get(1)?, at: r.get(2)? })
}
