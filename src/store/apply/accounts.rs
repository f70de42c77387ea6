//! Accounts: definitions, what an admin set, how far connecting got, and how the connection is.

use super::{Context, admin::json};
use crate::clock::Millis;
use crate::model::account::{self, AccountOptions, KeptAccount, SecretKey, Setup};
use crate::model::event::AccountSpec;
use crate::model::ids::AccountId;
use crate::protocol::Changed;
use crate::store::StoreError;
use crate::store::writer::Reply;
use rusqlite::{Connection, params};

/// What of an account the writer remembers is different now.
fn changed(conn: &Connection, cx: &mut Context, account: &AccountId) -> Result<Reply, StoreError> {
    // Counters of this transaction must survive the new list of accounts.
    cx.flush(conn)?;
    cx.read_accounts(conn)?;
    cx.changed(Changed::AccountChanged { account: account.clone() });
    Ok(Reply::default())
}

fn define(conn: &Connection, spec: &AccountSpec, kept: Option<&str>) -> Result<(), StoreError> {
    conn.prepare_cached(
        "INSERT INTO accounts(key, position, name, provider, environment, number, business, kept) \
         VALUES(?1, (SELECT coalesce(max(position), 0) + 1 FROM accounts), ?2, ?3, ?4, ?5, ?6, ?7) \
         ON CONFLICT(key) DO UPDATE SET name = excluded.name, provider = excluded.provider, \
         environment = excluded.environment, number = excluded.number, business = excluded.business, \
         kept = excluded.kept, removed_at = NULL",
    )?
    .execute(params![
        spec.id.as_str(),
        spec.name,
        spec.provider,
        spec.environment,
        spec.number,
        spec.business,
        kept
    ])?;
    Ok(())
}

/// One of the configuration file.
pub(super) fn configured(
    conn: &Connection,
    cx: &mut Context,
    spec: &AccountSpec,
) -> Result<Reply, StoreError> {
    define(conn, spec, None)?;
    changed(conn, cx, &spec.id)
}

/// One that was made here.
pub(super) fn kept(conn: &Connection, cx: &mut Context, kept: &KeptAccount) -> Result<Reply, StoreError> {
    let spec = &kept.spec;
    // A number is one account's: a second one would take its messages.
    if !spec.number.is_empty()
        && let Some(other) = cx.accounts.iter().find(|a| a.number == spec.number && a.key != spec.id)
    {
        return Err(StoreError::Rule(format!("the number {} is the account `{}`", spec.number, other.key)));
    }
    define(conn, spec, Some(&json(kept)?))?;
    changed(conn, cx, &spec.id)
}

pub(super) fn state(
    conn: &Connection,
    cx: &mut Context,
    at: Millis,
    account: &AccountId,
    (state, text, blocks): (&str, &str, bool),
) -> Result<Reply, StoreError> {
    let a = cx.account(account)?;
    let n = conn
        .prepare_cached(
            "UPDATE accounts SET state = ?2, state_text = ?3, blocked = ?4, \
             connected_at = CASE WHEN ?2 = ?6 AND state <> ?6 THEN ?5 ELSE connected_at END, \
             disconnected_at = CASE WHEN ?2 <> ?6 AND state = ?6 THEN ?5 ELSE disconnected_at END \
             WHERE id = ?1 AND (state, state_text, blocked) <> (?2, ?3, ?4)",
        )?
        .execute(params![a.id, state, text, blocks, at, account::CONNECTED])?;
    if n > 0 {
        cx.changed(Changed::AccountChanged { account: account.clone() });
    }
    Ok(Reply::default())
}

pub(super) fn options(
    conn: &Connection,
    cx: &mut Context,
    at: Millis,
    account: &AccountId,
    options: &AccountOptions,
) -> Result<Reply, StoreError> {
    let a = cx.account(account)?;
    conn.prepare_cached("UPDATE accounts SET options = ?2 WHERE id = ?1")?
        .execute(params![a.id, json(options)?])?;
    if !options.paused {
        // What waited for it may leave.
        conn.prepare_cached(
            "UPDATE outbox SET not_before = ?2, hold = '' WHERE state = 'queued' AND hold = 'account' \
             AND thread_id IN (SELECT id FROM threads WHERE account_id = ?1)",
        )?
        .execute(params![a.id, at])?;
    }
    cx.changed(Changed::AccountChanged { account: account.clone() });
    Ok(Reply::default())
}

pub(super) fn setup(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountId,
    setup: &Setup,
) -> Result<Reply, StoreError> {
    let a = cx.account(account)?;
    conn.prepare_cached("UPDATE accounts SET setup = ?2 WHERE id = ?1")?
        .execute(params![a.id, json(setup)?])?;
    cx.changed(Changed::AccountChanged { account: account.clone() });
    Ok(Reply::default())
}

pub(super) fn secret(
    conn: &Connection,
    cx: &mut Context,
    at: Millis,
    account: &AccountId,
    key: SecretKey,
) -> Result<Reply, StoreError> {
    let a = cx.account(account)?;
    if key == SecretKey::AccessToken {
        conn.prepare_cached("UPDATE accounts SET token_at = ?2 WHERE id = ?1")?.execute(params![a.id, at])?;
    }
    cx.changed(Changed::AccountChanged { account: account.clone() });
    Ok(Reply::default())
}

/// The row stays for the conversations; the number is free for another account.
pub(super) fn removed(
    conn: &Connection,
    cx: &mut Context,
    at: Millis,
    account: &AccountId,
) -> Result<Reply, StoreError> {
    let a = cx.account(account)?;
    conn.prepare_cached(
        "UPDATE accounts SET removed_at = ?2, kept = NULL, setup = '{}', options = '{}', number = '', \
         state = ?3, state_text = '', blocked = 0, token_at = NULL, \
         disconnected_at = CASE WHEN state = ?4 THEN ?2 ELSE disconnected_at END WHERE id = ?1",
    )?
    .execute(params![a.id, at, account::DISCONNECTED, account::CONNECTED])?;
    conn.prepare_cached("DELETE FROM templates WHERE account_id = ?1")?.execute([a.id])?;
    changed(conn, cx, account)
}
