//! What the provider says about accounts: facts of the number.

use super::{AccountRow, Context};
use crate::model::event::NumberFacts;
use crate::model::ids::AccountId;
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
