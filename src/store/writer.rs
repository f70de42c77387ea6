//! The single writer: one thread, one connection, everything that waits in one transaction.
//!
//! A batch that fails is rolled back and its events are applied again one by one, so that one poison event costs
//! itself and nothing else.

use super::apply::{self, Context};
use super::{DiskTrouble, OnCommit, StoreError};
use crate::clock::{Clock, Millis};
use crate::model::event::Event;
use crate::model::ids::ThreadId;
use crate::protocol::Changed;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot, watch};

/// Events that may wait for the writer; more is refused so that memory stays bounded.
const QUEUE: usize = 4096;
/// Events in one transaction.
const BATCH: usize = 256;
/// Bytes that a probe of the disk writes: more than a usual event needs.
const PROBE: i64 = 256 * 1024;

/// What applying an event brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// The thread that a send went to.
    pub thread: Option<ThreadId>,
    /// The event had been applied before; nothing changed.
    pub repeated: bool,
    /// Updates of a webhook that could not be applied.
    pub problems: usize,
    /// There is more to do of the same kind.
    pub more: bool,
}

/// A finished commit: what changed.
pub type Commit = Vec<Changed>;

enum Job {
    Apply(Box<Event>, oneshot::Sender<Result<Reply, StoreError>>),
    /// Work that was put off: all of it, or the numbers only.
    Tidy(bool, oneshot::Sender<Result<bool, StoreError>>),
    /// Does something with the connection that is no event.
    Maintain(
        fn(&Connection, Option<DiskTrouble>) -> Result<(), StoreError>,
        Option<DiskTrouble>,
        oneshot::Sender<Result<(), StoreError>>,
    ),
    Stop(oneshot::Sender<()>),
}

/// A handle to the writer thread.
#[derive(Clone)]
pub struct Writer {
    jobs: mpsc::Sender<Job>,
    disk: watch::Receiver<Option<DiskTrouble>>,
}

impl Writer {
    /// Starts the thread.
    pub fn start(
        conn: Connection,
        clock: Clock,
        on_commit: OnCommit,
        late: Option<Millis>,
    ) -> Result<Self, StoreError> {
        let (jobs, rx) = mpsc::channel(QUEUE);
        let context = Context::load(&conn, late)?;
        let (said, disk) = watch::channel(None);
        std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || run(conn, context, rx, &clock, &on_commit, &said))
            .map_err(|error| StoreError::File { path: "store-writer".into(), error })?;
        Ok(Self { jobs, disk })
    }

    /// Applies an event; waits for room.
    pub async fn apply(&self, event: Event) -> Result<Reply, StoreError> {
        let (tx, rx) = oneshot::channel();
        self.jobs.send(Job::Apply(Box::new(event), tx)).await.map_err(|_| StoreError::Stopped)?;
        rx.await.map_err(|_| StoreError::Stopped)?
    }

    /// Applies an event; refuses when there is no room.
    pub async fn try_apply(&self, event: Event) -> Result<Reply, StoreError> {
        let (tx, rx) = oneshot::channel();
        self.jobs.try_send(Job::Apply(Box::new(event), tx)).map_err(|e| match e {
            mpsc::error::TrySendError::Full(_) => StoreError::Busy,
            mpsc::error::TrySendError::Closed(_) => StoreError::Stopped,
        })?;
        rx.await.map_err(|_| StoreError::Stopped)?
    }

    /// Does a piece of the work that was put off; `true` when there is more.
    pub async fn tidy(&self) -> Result<bool, StoreError> {
        let (tx, rx) = oneshot::channel();
        self.jobs.send(Job::Tidy(true, tx)).await.map_err(|_| StoreError::Stopped)?;
        rx.await.map_err(|_| StoreError::Stopped)?
    }

    /// The same for the numbers only.
    pub async fn tidy_numbers(&self) -> Result<bool, StoreError> {
        let (tx, rx) = oneshot::channel();
        self.jobs.send(Job::Tidy(false, tx)).await.map_err(|_| StoreError::Stopped)?;
        rx.await.map_err(|_| StoreError::Stopped)?
    }

    /// What is wrong with the disk.
    pub fn disk(&self) -> watch::Receiver<Option<DiskTrouble>> {
        self.disk.clone()
    }

    /// Whether the disk takes a write.
    pub async fn probe(&self) -> Result<(), StoreError> {
        self.maintain(probe, None).await
    }

    /// See [`super::Store::hinder`].
    pub async fn hinder(&self, how: Option<DiskTrouble>) -> Result<(), StoreError> {
        self.maintain(hinder, how).await
    }

    async fn maintain(
        &self,
        work: fn(&Connection, Option<DiskTrouble>) -> Result<(), StoreError>,
        how: Option<DiskTrouble>,
    ) -> Result<(), StoreError> {
        let (tx, rx) = oneshot::channel();
        self.jobs.send(Job::Maintain(work, how, tx)).await.map_err(|_| StoreError::Stopped)?;
        rx.await.map_err(|_| StoreError::Stopped)?
    }

    /// Finishes the queue and ends the thread.
    pub async fn stop(&self) {
        let (tx, rx) = oneshot::channel();
        if self.jobs.send(Job::Stop(tx)).await.is_ok() {
            let _ = rx.await;
        }
    }
}

type Waiting = (Box<Event>, oneshot::Sender<Result<Reply, StoreError>>);

fn run(
    mut conn: Connection,
    mut context: Context,
    mut jobs: mpsc::Receiver<Job>,
    clock: &Clock,
    on_commit: &OnCommit,
    disk: &watch::Sender<Option<DiskTrouble>>,
) {
    let mut batch: Vec<Waiting> = Vec::with_capacity(BATCH);
    let mut stop = None;
    while let Some(job) = jobs.blocking_recv() {
        let mut next = Some(job);
        let mut tidy = None;
        let mut maintain = None;
        while let Some(job) = next.take() {
            match job {
                Job::Apply(event, reply) => batch.push((event, reply)),
                Job::Tidy(all, reply) => tidy = Some((all, reply)),
                Job::Maintain(work, how, reply) => maintain = Some((work, how, reply)),
                Job::Stop(reply) => stop = Some(reply),
            }
            if batch.len() < BATCH && tidy.is_none() && maintain.is_none() && stop.is_none() {
                next = jobs.try_recv().ok();
            }
        }
        if !batch.is_empty() {
            let trouble = commit(&mut conn, &mut context, &mut batch, clock, on_commit);
            disk.send_if_modified(|t| std::mem::replace(t, trouble) != trouble);
        }
        if let Some((all, reply)) = tidy {
            let _ = reply.send(apply::tidy(&mut conn, clock.now(), all));
        }
        if let Some((work, how, reply)) = maintain {
            let result = work(&conn, how);
            if result.is_err() && !conn.is_autocommit() {
                let _ = conn.execute_batch("ROLLBACK");
            }
            if result.is_ok() {
                disk.send_if_modified(|t| t.take().is_some());
            }
            let _ = reply.send(result);
        }
        if stop.is_some() {
            break;
        }
    }
    let _ = conn.execute_batch("PRAGMA optimize;");
    drop(conn);
    if let Some(reply) = stop {
        let _ = reply.send(());
    }
}

/// Writes so many bytes and takes them away again. They have to be committed: what is taken away before it is
/// committed never reaches the disk.
fn probe(conn: &Connection, _: Option<DiskTrouble>) -> Result<(), StoreError> {
    conn.execute_batch(&format!(
        "BEGIN IMMEDIATE; INSERT OR REPLACE INTO meta(key, value) VALUES('probe', printf('%.{PROBE}c', 'x')); COMMIT; \
         DELETE FROM meta WHERE key = 'probe';"
    ))?;
    Ok(())
}

/// For tests: no page more than there are, or no write at all.
fn hinder(conn: &Connection, how: Option<DiskTrouble>) -> Result<(), StoreError> {
    let (pages, read_only) = match how {
        None => (i64::from(u32::MAX) - 1, 0),
        Some(DiskTrouble::Full) => (1, 0),
        Some(DiskTrouble::ReadOnly | DiskTrouble::Failing) => (i64::from(u32::MAX) - 1, 1),
    };
    conn.query_row(&format!("PRAGMA max_page_count={pages}"), [], |_| Ok(()))?;
    conn.execute_batch(&format!("PRAGMA query_only={read_only}"))?;
    Ok(())
}

/// Applies what waits. Says what is wrong with the disk, if that is why it failed.
fn commit(
    conn: &mut Connection,
    context: &mut Context,
    batch: &mut Vec<Waiting>,
    clock: &Clock,
    on_commit: &OnCommit,
) -> Option<DiskTrouble> {
    let now = clock.now();
    match apply_all(conn, context, batch.iter().map(|(e, _)| e.as_ref()), now, false) {
        Ok((replies, changed)) => {
            // Clients hear of it before the sender's answer, so that an answer never refers to the unseen.
            if !changed.is_empty() {
                on_commit(&changed);
            }
            for ((_, waiting), reply) in batch.drain(..).zip(replies) {
                let _ = waiting.send(Ok(reply));
            }
            None
        }
        // No event is at fault: each would fail by itself as well.
        Err(error) if error.disk().is_some() => {
            let trouble = error.disk()?;
            tracing::error!(%error, "nothing can be written");
            for (_, waiting) in batch.drain(..) {
                let _ = waiting.send(Err(StoreError::Disk(trouble)));
            }
            Some(trouble)
        }
        Err(error) if batch.len() == 1 && !is_webhook(&batch[0].0) => {
            if let Some((_, waiting)) = batch.pop() {
                let _ = waiting.send(Err(error));
            }
            None
        }
        Err(_) => {
            let mut trouble = None;
            for (event, waiting) in batch.drain(..) {
                let mut result = apply_all(conn, context, std::iter::once(event.as_ref()), now, true);
                if let Some(t) = result.as_ref().err().and_then(StoreError::disk) {
                    trouble = Some(t);
                    result = Err(StoreError::Disk(t));
                }
                let _ = waiting.send(result.map(|(mut replies, changed)| {
                    if !changed.is_empty() {
                        on_commit(&changed);
                    }
                    replies.pop().unwrap_or_default()
                }));
            }
            trouble
        }
    }
}

fn is_webhook(event: &Event) -> bool {
    matches!(event.body, crate::model::event::EventBody::WebhookReceived { .. })
}

fn apply_all<'a>(
    conn: &mut Connection,
    context: &mut Context,
    events: impl Iterator<Item = &'a Event>,
    now: i64,
    careful: bool,
) -> Result<(Vec<Reply>, Commit), StoreError> {
    let result = (|| {
        conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        context.begin(now, careful);
        let mut replies = Vec::new();
        for event in events {
            replies.push(apply::apply(conn, context, event)?);
        }
        context.flush(conn)?;
        conn.prepare_cached("COMMIT")?.execute([])?;
        Ok(replies)
    })();
    match result {
        Ok(replies) => Ok((replies, context.take_changed())),
        Err(error) => {
            if !conn.is_autocommit() {
                let _ = conn.execute_batch("ROLLBACK");
            }
            context.reload(conn);
            Err(error)
        }
    }
}
