//! The store: one SQLite file, one writer thread, a few readers.
//!
//! Owns everything on disk but configuration and media. Knows `model`; knows nothing of providers, clients or the
//! screen. Every change is an [`Event`] applied by the writer in one group-committed transaction; reading never
//! waits for writing. Tests are beside each area and in `tests/it/store`.

mod access;
#[cfg(test)]
mod access_tests;
mod activity;
mod apply;
mod blocks;
mod chain;
#[cfg(test)]
mod chain_tests;
mod contacts;
mod conversation;
#[cfg(test)]
mod deletion_tests;
mod drafts;
pub mod feed;
#[cfg(test)]
mod feed_tests;
mod files;
mod filter;
#[cfg(test)]
mod filter_tests;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
pub mod health;
mod history;
#[cfg(test)]
mod history_tests;
#[cfg(test)]
mod ingest_tests;
mod library;
mod life;
mod mentions;
mod messages;
mod migrate;
#[cfg(test)]
mod model_tests;
mod numbers;
#[cfg(test)]
mod numbers_tests;
mod outbox;
mod preferences;
mod reader;
mod recent;
#[cfg(test)]
mod recorder_tests;
mod rows;
mod search;
mod templates;
#[cfg(test)]
mod templates_tests;
#[cfg(test)]
mod tests;
mod threads;
mod together;
#[cfg(test)]
mod together_tests;
mod views;
#[cfg(test)]
mod views_tests;
mod webhooks;
mod writer;

pub mod seed;

pub use chain::ChainWalk;
pub use life::{Act, AttemptRow, LifeRows};
pub use outbox::{Due, DueSend, OpenAttempt, RecentAttempt, SendFacts};
pub use reader::Reader;
pub use search::SearchError;
pub use threads::FindError;
pub use webhooks::{Carriers, KeptWebhook};
pub use writer::{Commit, Reply};

use crate::clock::{Clock, Millis};
use crate::model::access::Scope;
use crate::model::event::Event;
use crate::protocol::Changed;
use reader::Readers;
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use writer::Writer;

/// Why a disk does not take anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiskTrouble {
    /// There is no room.
    #[error("the disk is full")]
    Full,
    /// The file system, or the file, can only be read.
    #[error("the disk can only be read, not written")]
    ReadOnly,
    /// Reading or writing failed.
    #[error("the disk failed")]
    Failing,
}

/// What can go wrong with the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite said no.
    #[error("the database failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The file could not be made or opened.
    #[error("{path}: {error}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// A newer program wrote it.
    #[error(
        "the database has schema version {found}, this program knows {known}: it was written by a newer Switchboard"
    )]
    Newer {
        /// Version in the file.
        found: i64,
        /// Version this program writes.
        known: i64,
    },
    /// The schema could not be brought up to date.
    #[error("the database could not be brought up to date: {0}")]
    Migration(String),
    /// Something that an event or a request names is not there.
    #[error("{0} is not here")]
    Missing(&'static str),
    /// A rule of the data was broken.
    #[error("{0}")]
    Rule(String),
    /// A value in the database makes no sense.
    #[error("the database holds something unreadable: {0}")]
    Corrupt(String),
    /// The disk does not take anything.
    #[error("{0}")]
    Disk(DiskTrouble),
    /// The writer or a reader has stopped.
    #[error("the store has stopped")]
    Stopped,
    /// Too much is waiting to be written.
    #[error("too much is waiting to be written")]
    Busy,
}

impl StoreError {
    /// Whether the disk or the file is at fault rather than the request: nothing can be acknowledged.
    #[must_use]
    pub fn is_storage(&self) -> bool {
        match self {
            Self::Sqlite(e) => !matches!(
                e.sqlite_error_code(),
                Some(rusqlite::ErrorCode::ConstraintViolation | rusqlite::ErrorCode::TypeMismatch) | None
            ),
            Self::File { .. } | Self::Disk(_) | Self::Stopped | Self::Busy => true,
            _ => false,
        }
    }

    /// What is wrong with the disk, if that is why.
    #[must_use]
    pub fn disk(&self) -> Option<DiskTrouble> {
        use rusqlite::ErrorCode;
        use std::io::ErrorKind;
        match self {
            Self::Disk(trouble) => Some(*trouble),
            Self::Sqlite(e) => match e.sqlite_error_code()? {
                ErrorCode::DiskFull => Some(DiskTrouble::Full),
                ErrorCode::ReadOnly => Some(DiskTrouble::ReadOnly),
                ErrorCode::SystemIoFailure | ErrorCode::CannotOpen => Some(DiskTrouble::Failing),
                _ => None,
            },
            Self::File { error, .. } => match error.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Some(DiskTrouble::Full),
                ErrorKind::ReadOnlyFilesystem => Some(DiskTrouble::ReadOnly),
                _ => None,
            },
            _ => None,
        }
    }
}

/// What the store tells after each commit.
pub type OnCommit = Box<dyn Fn(&[Changed]) + Send>;

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    path: Arc<PathBuf>,
    writer: Writer,
    readers: Arc<Readers>,
    /// What reading through this handle shows.
    scope: Arc<Scope>,
    /// Who reads through it; empty for the engine itself.
    asker: Arc<str>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("path", &self.path).finish_non_exhaustive()
    }
}

/// With less room than this a database cannot be opened: its log has to be made first.
const NO_ROOM: u64 = 1 << 20;

/// Bytes that are free for us on the file system of a path.
pub fn free_bytes(path: &Path) -> std::io::Result<u64> {
    let fs = rustix::fs::statvfs(path)?;
    Ok(fs.f_bavail.saturating_mul(fs.f_frsize))
}

fn create_private(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::OpenOptionsExt;
    match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(StoreError::File { path: path.to_owned(), error }),
    }
}

/// Settings of every connection, in the order in which they matter.
fn configure(conn: &Connection, cache_kib: i64) -> Result<(), StoreError> {
    conn.set_prepared_statement_cache_capacity(128);
    // Else a statement is planned anew each time its values change, where statistics are kept of an index.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.busy_timeout(std::time::Duration::from_secs(5))?;
    conn.execute_batch(&format!(
        "PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; \
         PRAGMA cache_size=-{cache_kib}; PRAGMA temp_store=MEMORY;"
    ))?;
    Ok(())
}

/// How long after its provider's time a message comes late where nothing else is said: five minutes, more than
/// clocks differ and ordinary delivery takes.
pub const LATE: Millis = 5 * 60_000;

impl Store {
    /// Opens (or makes) the database at `path`, readable by its owner only. `on_commit` is called on the writer's
    /// thread after every commit and must not block.
    pub fn open(path: &Path, clock: Clock, on_commit: OnCommit) -> Result<Self, StoreError> {
        Self::open_with(path, clock, on_commit, Some(LATE))
    }

    /// Like [`Store::open`]. An inbound message that comes more than `late` after its provider's time is marked late
    /// and brings its thread up; with `None` none is.
    pub fn open_with(
        path: &Path,
        clock: Clock,
        on_commit: OnCommit,
        late: Option<Millis>,
    ) -> Result<Self, StoreError> {
        Self::begin(path, clock, on_commit, late).map_err(|e| match e.disk() {
            // Without room for its log SQLite only says that the disk failed.
            Some(DiskTrouble::Failing) if free_bytes(path).is_ok_and(|f| f < NO_ROOM) => {
                StoreError::Disk(DiskTrouble::Full)
            }
            Some(trouble @ (DiskTrouble::Full | DiskTrouble::ReadOnly)) => StoreError::Disk(trouble),
            _ => e,
        })
    }

    fn begin(
        path: &Path,
        clock: Clock,
        on_commit: OnCommit,
        late: Option<Millis>,
    ) -> Result<Self, StoreError> {
        create_private(path)?;
        let mut conn = Connection::open(path)?;
        configure(&conn, 8_000)?;
        // FULL: an acknowledged webhook survives a power cut.
        conn.execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")?;
        migrate::migrate(&mut conn)?;
        let readers = Arc::new(Readers::open(path)?);
        let writer = Writer::start(conn, clock, on_commit, late)?;
        Ok(Self {
            path: Arc::new(path.to_owned()),
            writer,
            readers,
            scope: Arc::new(Scope::all()),
            asker: "".into(),
        })
    }

    /// Where the database is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of the database with its log.
    #[must_use]
    pub fn size(&self) -> u64 {
        ["", "-wal"]
            .iter()
            .filter_map(|end| {
                let mut name = self.path.as_os_str().to_owned();
                name.push(end);
                std::fs::metadata(name).ok()
            })
            .map(|m| m.len())
            .sum()
    }

    /// Applies an event and waits until it is on the disk. Waits for room in the queue.
    pub async fn apply(&self, event: Event) -> Result<Reply, StoreError> {
        self.writer.apply(event).await
    }

    /// Like [`Store::apply`], but says [`StoreError::Busy`] at once when the queue is full.
    pub async fn try_apply(&self, event: Event) -> Result<Reply, StoreError> {
        self.writer.try_apply(event).await
    }

    /// What is wrong with the disk, as the writer met it last; `None` after a commit that went well.
    #[must_use]
    pub fn disk(&self) -> tokio::sync::watch::Receiver<Option<DiskTrouble>> {
        self.writer.disk()
    }

    /// Writes a little more than a usual event needs, and takes it away again: whether the disk takes it.
    pub async fn probe(&self) -> Result<(), StoreError> {
        self.writer.probe().await
    }

    /// Makes the database behave as if its disk were full, or could only be read, until called with `None`. For tests:
    /// they cannot fill a disk.
    #[doc(hidden)]
    pub async fn hinder(&self, how: Option<DiskTrouble>) -> Result<(), StoreError> {
        self.writer.hinder(how).await
    }

    /// Lets the writer do what it puts off while busy (part-of-word index, planner statistics).
    pub async fn tidy(&self) -> Result<bool, StoreError> {
        self.writer.tidy().await
    }

    /// Takes the next messages into the numbers for the lead; `true` when there are more.
    pub async fn tidy_numbers(&self) -> Result<bool, StoreError> {
        self.writer.tidy_numbers().await
    }

    /// Runs a short query on a reader thread.
    pub async fn read<T, F>(&self, query: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    {
        self.readers.run(false, (&self.scope, &self.asker), query).await
    }

    /// Runs a query that may take long (search, checks) where it delays no short one.
    pub async fn read_slow<T, F>(&self, query: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    {
        self.readers.run(true, (&self.scope, &self.asker), query).await
    }

    /// The same store for somebody who sees so much: what is hidden does not exist for its questions. Events are
    /// applied as ever; whether somebody may cause one is decided before.
    #[must_use]
    pub fn seeing(&self, scope: &Scope) -> Self {
        Self { scope: Arc::new(scope.clone()), ..self.clone() }
    }

    /// The same store for an operator: of drafts it shows theirs.
    #[must_use]
    pub fn asked_by(&self, operator: &str) -> Self {
        Self { asker: operator.into(), ..self.clone() }
    }

    /// Finishes what is queued and stops the writer and the readers.
    pub async fn close(&self) {
        // The last connection to close folds the log into the database, and a reader may not write.
        self.readers.stop().await;
        self.writer.stop().await;
    }
}
