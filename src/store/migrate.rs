//! Schema versions: numbered files, applied in order in one transaction, never edited once released.

use super::StoreError;
use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

const STEPS: &[M<'static>] = &[
    M::up(include_str!("schema/0001_start.sql")),
    M::up(include_str!("schema/0002_trust.sql")),
    M::up(include_str!("schema/0003_inbox.sql")),
    M::up(include_str!("schema/0004_answers.sql")),
    M::up(include_str!("schema/0005_follow.sql")),
    M::up(include_str!("schema/0006_access.sql")),
    M::up(include_str!("schema/0007_together.sql")),
    M::up(include_str!("schema/0008_activity.sql")),
    M::up(include_str!("schema/0009_media.sql")),
    M::up(include_str!("schema/0010_words.sql")),
    M::up(include_str!("schema/0011_deletion.sql")),
    M::up(include_str!("schema/0012_accounts.sql")),
    M::up(include_str!("schema/0013_history.sql")),
    M::up(include_str!("schema/0014_blocks.sql")),
    M::up(include_str!("schema/0015_templates.sql")),
];

/// The schema version this program writes.
pub const VERSION: i64 = STEPS.len() as i64;

/// Brings a database to [`VERSION`]; refuses one that a newer program wrote.
pub fn migrate(conn: &mut Connection) -> Result<(), StoreError> {
    let found: i64 = conn.pragma_query_value(None, "user_version", |r| r.get(0))?;
    if found == VERSION {
        return Ok(());
    }
    if found > VERSION {
        return Err(StoreError::Newer { found, known: VERSION });
    }
    Migrations::from_slice(STEPS).to_latest(conn).map_err(|e| match e {
        rusqlite_migration::Error::RusqliteError { err, .. } => StoreError::Sqlite(err),
        other => StoreError::Migration(other.to_string()),
    })
}

/// Only the first steps; for tests of what comes after.
#[cfg(test)]
pub(super) fn to(conn: &mut Connection, step: usize) {
    Migrations::from_slice(&STEPS[..step]).to_latest(conn).unwrap();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_valid_sql() {
        assert!(Migrations::from_slice(STEPS).validate().is_ok());
    }

    #[test]
    fn a_newer_database_is_refused() {
        let mut c = Connection::open_in_memory().unwrap();
        c.pragma_update(None, "user_version", VERSION + 1).unwrap();
        let e = migrate(&mut c).unwrap_err();
        assert!(e.to_string().contains("newer"), "{e}");
    }

    #[test]
    fn an_old_database_becomes_the_same_as_a_new_one() {
        let schema = |c: &Connection| -> Vec<(String, Option<String>)> {
            let mut st = c.prepare("SELECT name, sql FROM sqlite_schema ORDER BY type, name").unwrap();
            st.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).unwrap().map(Result::unwrap).collect()
        };
        let mut new = Connection::open_in_memory().unwrap();
        migrate(&mut new).unwrap();
        for version in 1..STEPS.len() {
            let mut old = Connection::open_in_memory().unwrap();
            Migrations::from_slice(&STEPS[..version]).to_latest(&mut old).unwrap();
            old.execute_batch(
                "INSERT INTO accounts(key, position, name, provider, environment, number, business) \
                 VALUES('a', 0, 'A', 'meta', 'production', '1', '2'); \
                 INSERT INTO contacts(uid, scope, created_at) VALUES(x'01', 'meta:2', 1); \
                 INSERT INTO threads(uid, account_id, contact_id, contact_uid, title, last_at) \
                 VALUES(x'02', 1, 1, x'01', 'T', 1); \
                 INSERT INTO messages(uid, thread_id, at, stored_at, inbound, state, kind, text) \
                 VALUES(x'03', 1, 1, 1, 1, 'received', 'text', 'hello'); \
                 INSERT INTO webhooks(uid, account_id, received_at, state, body) \
                 VALUES(x'04', 1, 1, 'applied', x'7b7d');",
            )
            .unwrap();
            migrate(&mut old).unwrap();
            assert_eq!(schema(&old), schema(&new), "from version {version}");
            let kept: i64 = old.query_row("SELECT count(*) FROM messages", [], |r| r.get(0)).unwrap();
            assert_eq!(kept, 1);
        }
    }

    #[test]
    fn the_bundled_library_has_the_wal_reset_fix() {
        assert!(rusqlite::version_number() >= 3_051_003);
    }
}
