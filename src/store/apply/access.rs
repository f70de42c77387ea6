//! Changes of who may do what. Whether the actor may change it was decided by the engine.

use super::Context;
use crate::model::access::AccessBook;
use crate::model::event::AccessChange;
use crate::protocol::Changed;
use crate::store::StoreError;
use crate::store::access::book;
use crate::store::writer::Reply;
use rusqlite::Connection;

pub(super) fn change(
    conn: &Connection,
    cx: &mut Context,
    change: &AccessChange,
) -> Result<Reply, StoreError> {
    let before = book(conn)?;
    let mut after = before.clone();
    let done = match change.clone() {
        AccessChange::RoleSaved { role } => after.save_role(role),
        AccessChange::RoleDeleted { name } => after.delete_role(&name),
        AccessChange::OperatorSaved { entry } => after.save_operator(entry),
        AccessChange::OperatorDeleted { who } => after.delete_operator(&who),
        AccessChange::AccountSet { account, rule } => after.set_account(account, rule),
        AccessChange::TeamSaved { name, members } => after.save_team(&name, &members),
        AccessChange::SharingSet { rules } => after.set_sharing(rules),
        AccessChange::OperatorSeen { name, teams } => {
            after.seen.insert(name, teams);
            Ok(())
        }
    };
    done.map_err(|e| StoreError::Rule(e.to_string()))?;
    if after != before {
        save(conn, &after)?;
        cx.changed(Changed::AccessChanged);
    }
    Ok(Reply::default())
}

fn save(conn: &Connection, book: &AccessBook) -> Result<(), StoreError> {
    let json = serde_json::to_string(book).map_err(|e| StoreError::Rule(e.to_string()))?;
    conn.prepare_cached(
        "INSERT INTO access(id, book) VALUES(1, ?1) ON CONFLICT(id) DO UPDATE SET book = ?1",
    )?
    .execute([json])?;
    Ok(())
}
