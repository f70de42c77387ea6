//! What the provider says about accounts: facts of the number, templates.

use super::{AccountRow, Context};
use crate::clock::Millis;
use crate::model::event::NumberFacts;
use crate::model::ids::AccountId;
use crate::model::template::Template;
use crate::protocol::Changed;
use crate::store::StoreError;
use crate::store::writer::Reply;
use rusqlite::{Connection, params};

pub(super) fn json<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::Rule(e.to_string()))
}

fn row(cx: &Context, account: &AccountId) -> Result<AccountRow, StoreError> {
    cx.account(account)
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
