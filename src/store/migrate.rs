//! Schema versions: numbered files, applied in order in one transaction, never edited once released.

use super::StoreError;
use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

const STEPS: &[M<'static>] = &[M::up(include_str!("schema/0001_start.sql"))];

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
    fn the_bundled_library_has_the_wal_reset_fix() {
        assert!(rusqlite::version_number() >= 3_051_003);
    }
}
