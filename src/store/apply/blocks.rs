//! Block lists: what was blocked here, and what the provider says is blocked.

use super::{AccountRow, Context, thread_by_uid};
use crate::clock::Millis;
use crate::model::contact::Identity;
use crate::model::event::Event;
use crate::model::ids::{AccountId, ThreadId};
use crate::model::number_change::NumberChange;
use crate::protocol::Changed;
use crate::store::StoreError;
use crate::store::rows;
use crate::store::writer::Reply;
use rusqlite::{Connection, params};
use std::collections::HashSet;

fn set(
    conn: &Connection,
    account: &AccountRow,
    whom: &Identity,
    at: Millis,
    by: &str,
) -> Result<bool, StoreError> {
    let n = conn
        .prepare_cached(
            "INSERT INTO blocks(account_id, kind, value, at, actor) VALUES(?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![account.id, whom.kind.as_str(), whom.value, at, by])?;
    Ok(n > 0)
}

fn take(conn: &Connection, account: &AccountRow, whom: &Identity) -> Result<bool, StoreError> {
    let n = conn
        .prepare_cached("DELETE FROM blocks WHERE account_id = ?1 AND kind = ?2 AND value = ?3")?
        .execute(params![account.id, whom.kind.as_str(), whom.value])?;
    Ok(n > 0)
}

/// The conversation with somebody shows it.
fn tell(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountRow,
    whom: &Identity,
) -> Result<(), StoreError> {
    let mut st = conn.prepare_cached(
        "SELECT t.uid FROM identities i JOIN threads t ON t.contact_id = i.contact_id \
         WHERE i.scope = ?1 AND i.kind = ?2 AND i.value = ?3 AND t.account_id = ?4",
    )?;
    let threads: Vec<ThreadId> = st
        .query_map(params![account.scope, whom.kind.as_str(), whom.value, account.id], |r| {
            rows::thread_id(r, 0)
        })?
        .collect::<Result<_, _>>()?;
    for thread in threads {
        cx.changed(Changed::ThreadChanged { thread, account: account.key.clone() });
    }
    Ok(())
}

/// Something was changed at the provider: of most of it the row in the log is all there is.
pub(super) fn administered(
    conn: &Connection,
    cx: &mut Context,
    event: &Event,
    account: &AccountId,
    what: &NumberChange,
) -> Result<Reply, StoreError> {
    match what {
        NumberChange::Blocked { whom, thread } => changed(conn, cx, event, account, whom, true, *thread),
        NumberChange::Unblocked { whom, thread } => changed(conn, cx, event, account, whom, false, *thread),
        NumberChange::BlocksSeen { whom, whole } => seen(conn, cx, event.at, account, whom, *whole),
        _ => {
            let account = cx.account(account)?;
            cx.changed(Changed::AccountChanged { account: account.key });
            Ok(Reply::default())
        }
    }
}

/// Somebody was blocked or unblocked here.
fn changed(
    conn: &Connection,
    cx: &mut Context,
    event: &Event,
    account: &AccountId,
    whom: &[Identity],
    block: bool,
    thread: Option<ThreadId>,
) -> Result<Reply, StoreError> {
    let account = cx.account(account)?;
    if let Some(thread) = thread {
        // Of a conversation, every name of the person is free again.
        let t = thread_by_uid(conn, thread)?;
        if !block {
            conn.prepare_cached(
                "DELETE FROM blocks WHERE account_id = ?1 AND (kind, value) IN \
                 (SELECT kind, value FROM identities WHERE contact_id = ?2)",
            )?
            .execute(params![account.id, t.contact_id])?;
        }
        cx.thread_changed(&t, &account);
    }
    for who in whom {
        let other = if block {
            set(conn, &account, who, event.at, event.actor.label())?
        } else {
            take(conn, &account, who)?
        };
        if other {
            tell(conn, cx, &account, who)?;
        }
    }
    cx.changed(Changed::AccountChanged { account: account.key });
    Ok(Reply::default())
}

/// The provider said who is blocked; with the whole list, nobody else is.
fn seen(
    conn: &Connection,
    cx: &mut Context,
    at: Millis,
    account: &AccountId,
    whom: &[Identity],
    whole: bool,
) -> Result<Reply, StoreError> {
    let account = cx.account(account)?;
    for who in whom {
        if set(conn, &account, who, at, "")? {
            tell(conn, cx, &account, who)?;
        }
    }
    if whole {
        let named: HashSet<(&str, &str)> =
            whom.iter().map(|who| (who.kind.as_str(), who.value.as_str())).collect();
        let mut st = conn.prepare_cached("SELECT kind, value FROM blocks WHERE account_id = ?1")?;
        let known: Vec<(String, String)> =
            st.query_map([account.id], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<Result<_, _>>()?;
        for (kind, value) in known {
            if named.contains(&(kind.as_str(), value.as_str())) {
                continue;
            }
            let Some(kind) = crate::model::contact::IdentityKind::parse(&kind) else { continue };
            let gone = Identity { kind, value };
            if take(conn, &account, &gone)? {
                tell(conn, cx, &account, &gone)?;
            }
        }
    }
    Ok(Reply::default())
}
