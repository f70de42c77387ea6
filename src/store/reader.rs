//! Readers: a thread with a connection each for short queries and for those that may take long, and two more for
//! clients who may not see everything. A connection is opened when it is used for the first time.

use super::access::Asking;
use super::recent::Recent;
use super::rows::AccountNames;
use super::views::Counted;
use super::{StoreError, configure};
use crate::model::access::Scope;
use crate::model::ids::AccountId;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OpenFlags};
use std::cell::{Cell, RefCell};
use std::path::Path;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

type Task = Box<dyn FnOnce(&Reader) + Send>;

enum Message {
    Task(Task),
    /// Answered when the connection is closed.
    Stop(oneshot::Sender<()>),
}

/// A read connection.
#[derive(Debug)]
pub struct Reader {
    pub(super) conn: Connection,
    /// For whom it answers; `None`: it sees everything.
    pub(super) asking: Option<Asking>,
    /// The counts of views that were asked for last.
    pub(super) counted: RefCell<Vec<Counted>>,
    /// What is known of the messages that wait for the index of words.
    pub(super) recent: Cell<Recent>,
    /// Who asks; empty for the engine itself. Queries know it as `me()`.
    me: Asker,
}

/// Who asks, known to the connection's functions too.
type Asker = Arc<Mutex<Arc<str>>>;

impl Reader {
    /// Opens a read-only connection.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags)?;
        configure(&conn, 2_000)?;
        Self::over(conn)
    }

    /// Reads through a connection that is open already.
    pub(super) fn over(conn: Connection) -> Result<Self, StoreError> {
        let me: Asker = Arc::new(Mutex::new("".into()));
        let asker = Arc::clone(&me);
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_INNOCUOUS;
        conn.create_scalar_function("me", 0, flags, move |_| {
            Ok(asker.lock().unwrap_or_else(PoisonError::into_inner).to_string())
        })?;
        Ok(Self { conn, asking: None, counted: RefCell::default(), recent: Cell::default(), me })
    }

    /// From now on somebody asks.
    fn asked_by(&self, operator: &Arc<str>) {
        let mut me = self.me.lock().unwrap_or_else(PoisonError::into_inner);
        if *me != *operator {
            *me = Arc::clone(operator);
        }
    }

    pub(super) fn names(&self) -> Result<AccountNames, StoreError> {
        let mut st = self.conn.prepare_cached("SELECT id, key FROM accounts")?;
        let names = st
            .query_map([], |r| Ok((r.get(0)?, AccountId::new(r.get::<_, String>(1)?))))?
            .collect::<Result<_, _>>()?;
        Ok(names)
    }
}

/// The reader threads.
pub(super) struct Readers {
    fast: mpsc::Sender<Message>,
    slow: mpsc::Sender<Message>,
    /// The same for those who do not see everything.
    limited: mpsc::Sender<Message>,
    limited_slow: mpsc::Sender<Message>,
}

fn start(path: &Path, name: &str, limited: bool) -> Result<mpsc::Sender<Message>, StoreError> {
    let (tx, rx) = mpsc::channel::<Message>();
    let path = path.to_owned();
    let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        // Opened on first use: the slow reader costs nothing until somebody searches.
        let mut reader: Option<Reader> = None;
        while let Ok(message) = rx.recv() {
            let task = match message {
                Message::Task(task) => task,
                Message::Stop(closed) => {
                    drop(reader);
                    let _ = closed.send(());
                    return;
                }
            };
            if reader.is_none() {
                let opened = Reader::open(&path);
                match if limited { opened.and_then(Reader::limited) } else { opened } {
                    Ok(r) => reader = Some(r),
                    // The task is dropped, its caller hears that the store has stopped.
                    Err(error) => tracing::error!(%error, "a reader could not be opened"),
                }
            }
            if let Some(r) = &reader {
                task(r);
            }
        }
    });
    spawned.map_err(|error| StoreError::File { path: name.into(), error })?;
    Ok(tx)
}

impl Readers {
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self {
            fast: start(path, "store-reader", false)?,
            slow: start(path, "store-search", false)?,
            limited: start(path, "store-limited", true)?,
            limited_slow: start(path, "store-limited-search", true)?,
        })
    }

    /// Runs a query for somebody who sees so much.
    pub async fn run<T, F>(
        &self,
        slow: bool,
        (scope, asker): (&Arc<Scope>, &Arc<str>),
        query: F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    {
        let asker = Arc::clone(asker);
        let query = move |reader: &Reader| {
            reader.asked_by(&asker);
            query(reader)
        };
        if scope.is_all() {
            let queue = if slow { &self.slow } else { &self.fast };
            return send(queue, query).await;
        }
        let scope = Arc::clone(scope);
        let queue = if slow { &self.limited_slow } else { &self.limited };
        send(queue, move |reader| reader.seeing(&scope, query)).await
    }

    /// Closes the connections and waits until they are closed.
    pub async fn stop(&self) {
        for queue in [&self.fast, &self.slow, &self.limited, &self.limited_slow] {
            let (tx, rx) = oneshot::channel();
            if queue.send(Message::Stop(tx)).is_ok() {
                let _ = rx.await;
            }
        }
    }
}

async fn send<T, F>(queue: &mpsc::Sender<Message>, query: F) -> Result<T, StoreError>
where
    T: Send + 'static,
    F: FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
{
    let (tx, rx) = oneshot::channel();
    let task: Task = Box::new(move |reader| {
        let _ = tx.send(query(reader));
    });
    queue.send(Message::Task(task)).map_err(|_| StoreError::Stopped)?;
    rx.await.map_err(|_| StoreError::Stopped)?
}
