//! Accounts, templates, drafts.

use super::{AccountRow, Context, thread_by_uid};
use crate::clock::Millis;
use crate::model::event::{AccountSpec, NumberFacts};
use crate::model::ids::{AccountId, ThreadId};
use crate::model::template::Template;
use crate::model::thread::DraftMode;
use crate::protocol::Changed;
use crate::store::StoreError;
use crate::store::writer::Reply;
use rusqlite::{Connection, params};

/// Longest draft kept, in bytes.
const DRAFT_MAX: usize = 64 * 1024;

fn json<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::Rule(e.to_string()))
}

pub(super) fn account(conn: &Connection, cx: &mut Context, spec: &AccountSpec) -> Result<Reply, StoreError> {
    conn.prepare_cached(
        "INSERT INTO accounts(key, position, name, provider, environment, number, business) \
         VALUES(?1, (SELECT coalesce(max(position), 0) + 1 FROM accounts), ?2, ?3, ?4, ?5, ?6) \
         ON CONFLICT(key) DO UPDATE SET name = excluded.name, provider = excluded.provider, \
         environment = excluded.environment, number = excluded.number, business = excluded.business",
    )?
    .execute(params![
        spec.id.as_str(),
        spec.name,
        spec.provider,
        spec.environment,
        spec.number,
        spec.business
    ])?;
    // Counters of this transaction must survive the new list of accounts.
    cx.flush(conn)?;
    cx.read_accounts(conn)?;
    cx.changed(Changed::AccountChanged { account: spec.id.clone() });
    Ok(Reply::default())
}

fn row(cx: &Context, account: &AccountId) -> Result<AccountRow, StoreError> {
    cx.account(account)
}

pub(super) fn account_state(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountId,
    state: &str,
    text: &str,
) -> Result<Reply, StoreError> {
    let a = row(cx, account)?;
    let n = conn
        .prepare_cached("UPDATE accounts SET state = ?2, state_text = ?3 WHERE id = ?1 AND (state, state_text) <> (?2, ?3)")?
        .execute(params![a.id, state, text])?;
    if n > 0 {
        cx.changed(Changed::AccountChanged { account: account.clone() });
    }
    Ok(Reply::default())
}

pub(super) fn number(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountId,
    facts: &NumberFacts,
) -> Result<Reply, StoreError> {
    let a = row(cx, account)?;
    conn.prepare_cached("UPDATE accounts SET facts = ?2 WHERE id = ?1")?
        .execute(params![a.id, json(facts)?])?;
    cx.flush(conn)?;
    cx.read_accounts(conn)?;
    cx.changed(Changed::AccountChanged { account: account.clone() });
    Ok(Reply::default())
}

pub(super) fn templates(
    conn: &Connection,
    cx: &mut Context,
    at: Millis,
    account: &AccountId,
    templates: &[Template],
) -> Result<Reply, StoreError> {
    let a = row(cx, account)?;
    conn.prepare_cached("DELETE FROM templates WHERE account_id = ?1")?.execute([a.id])?;
    for t in templates {
        conn.prepare_cached(
            "INSERT OR REPLACE INTO templates(account_id, name, language, data) VALUES(?1, ?2, ?3, ?4)",
        )?
        .execute(params![a.id, t.name, t.language, json(t)?])?;
    }
    conn.prepare_cached("UPDATE accounts SET templates_synced = ?2 WHERE id = ?1")?
        .execute(params![a.id, at])?;
    cx.changed(Changed::TemplatesChanged { account: account.clone() });
    cx.changed(Changed::AccountChanged { account: account.clone() });
    Ok(Reply::default())
}

pub(super) fn draft(
    conn: &Connection,
    cx: &mut Context,
    at: Millis,
    thread: ThreadId,
    mode: DraftMode,
    text: &str,
) -> Result<Reply, StoreError> {
    if text.len() > DRAFT_MAX {
        return Err(StoreError::Rule(format!(
            "the draft has {} bytes, {DRAFT_MAX} are kept at most",
            text.len()
        )));
    }
    let t = thread_by_uid(conn, thread)?;
    if text.is_empty() {
        conn.prepare_cached("DELETE FROM drafts WHERE thread_id = ?1 AND mode = ?2")?
            .execute(params![t.id, mode.as_str()])?;
    } else {
        conn.prepare_cached(
            "INSERT INTO drafts(thread_id, mode, text, updated_at) VALUES(?1, ?2, ?3, ?4) \
             ON CONFLICT DO UPDATE SET text = excluded.text, updated_at = excluded.updated_at",
        )?
        .execute(params![t.id, mode.as_str(), text, at])?;
    }
    let n = conn
        .prepare_cached(
            "UPDATE threads SET draft = d.n FROM (SELECT EXISTS(SELECT 1 FROM drafts WHERE thread_id = ?1) AS n) d \
             WHERE id = ?1 AND draft <> d.n",
        )?
        .execute([t.id])?;
    if n > 0 {
        let account = cx.account_by_row(t.account_id)?;
        cx.thread_changed(&t, &account);
    }
    cx.changed(Changed::DraftChanged { thread: t.uid });
    Ok(Reply::default())
}
