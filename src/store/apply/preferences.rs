//! What operators set on their screens.

use super::Context;
use crate::model::event::Actor;
use crate::protocol::Changed;
use crate::protocol::preferences::{KEY_MAX, PLACE, PREFERENCES_MAX, VALUE_MAX};
use crate::store::StoreError;
use crate::store::writer::Reply;
use rusqlite::{Connection, params};

pub(super) fn set(
    conn: &Connection,
    cx: &mut Context,
    actor: &Actor,
    key: &str,
    value: &str,
) -> Result<Reply, StoreError> {
    let Actor::Operator(operator) = actor else {
        return Err(StoreError::Rule("only an operator has preferences".into()));
    };
    if key.is_empty() || key.len() > KEY_MAX || value.len() > VALUE_MAX {
        return Err(StoreError::Rule(format!(
            "a preference has a key of 1 to {KEY_MAX} bytes and a value of at most {VALUE_MAX}"
        )));
    }
    let n = if value.is_empty() {
        conn.prepare_cached("DELETE FROM preferences WHERE operator = ?1 AND key = ?2")?
            .execute(params![operator, key])?
    } else {
        let there: i64 = conn
            .prepare_cached("SELECT count(*) FROM preferences WHERE operator = ?1 AND key <> ?2")?
            .query_row(params![operator, key], |r| r.get(0))?;
        if there >= PREFERENCES_MAX as i64 {
            return Err(StoreError::Rule(format!("an operator has at most {PREFERENCES_MAX} preferences")));
        }
        conn.prepare_cached(
            "INSERT INTO preferences(operator, key, value) VALUES(?1, ?2, ?3) \
             ON CONFLICT(operator, key) DO UPDATE SET value = excluded.value WHERE value <> excluded.value",
        )?
        .execute(params![operator, key, value])?
    };
    if n > 0 && key != PLACE {
        cx.changed(Changed::PreferencesChanged);
    }
    Ok(Reply::default())
}
