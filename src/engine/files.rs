//! Files that go out: taken from clients piece by piece, kept in the data folder under their hash, handed to the
//! provider before the message that names them, and removed when nothing needs them any more.
//!
//! The folder holds a file for each hash (`media/<sha256>`, 0600) and `incoming/` for what is not whole yet. What counts
//! is the row in the store: bytes without one are swept away.

use super::Shared;
use super::access::Who;
use super::session::disk_problem;
use crate::clock::Millis;
use crate::model::event::{Actor, EventBody};
use crate::model::media::{FILE_MAX, FileHash, HEAD, StoredFile, clean_name, judge, size_words};
use crate::model::outgoing::{FieldProblem, Outgoing};
use crate::protocol::files::{FileAnswer, FileRequest, OPEN_MAX, PART_MAX, Piece};
use crate::protocol::{Problem, Response};
use crate::store::StoreError;
use rustix::fs::OFlags;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// Files that all clients together may be handing over.
const OPEN_ALL: usize = 64;
/// An upload that gets no part for this long is given up.
const IDLE: Millis = 5 * 60_000;
/// What was handed over and went nowhere is kept this long: a day.
const UNUSED: Millis = 86_400_000;
/// Between two looks for files that may go.
const LOOK: Duration = Duration::from_hours(1);

/// A file that is not whole yet.
struct Upload {
    session: u64,
    name: String,
    size: u64,
    got: u64,
    path: PathBuf,
    file: File,
    hash: Sha256,
    head: Vec<u8>,
    touched: Millis,
}

#[derive(Default)]
struct State {
    open: HashMap<u64, Upload>,
    /// Bytes of uploads whose part is being written just now.
    busy: HashMap<u64, (u64, u64)>,
    last: u64,
}

/// The folder of the files.
pub(super) struct Depot {
    dir: PathBuf,
    ready: OnceLock<Result<(), String>>,
    state: Mutex<State>,
    /// Held while a file becomes whole, and while the folder is swept.
    order: tokio::sync::Mutex<()>,
}

fn gone() -> Problem {
    Problem::not_found("this upload is not here")
        .means("it was given up, or it is somebody else's")
        .next("begin again")
}

fn field(problem: impl Into<String>) -> Problem {
    FieldProblem::new("file", problem).into()
}

fn failed(e: &std::io::Error) -> Problem {
    disk_problem(&format!("the file could not be kept: {e}"))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|e| Problem::new("engine", e.to_string()))
}

/// A folder of ours for our eyes, and no link to one.
fn own_folder(dir: &Path) -> Result<(), String> {
    match std::fs::DirBuilder::new().mode(0o700).create(dir) {
        Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(format!("{}: {e}", dir.display()));
        }
        _ => {}
    }
    let meta = std::fs::symlink_metadata(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    if !meta.is_dir() || meta.uid() != crate::users::own_uid() {
        return Err(format!("{} is no folder of the engine's user", dir.display()));
    }
    Ok(())
}

impl Depot {
    pub(super) fn new(data: &Path) -> Self {
        Self {
            dir: data.join("media"),
            ready: OnceLock::new(),
            state: Mutex::default(),
            order: tokio::sync::Mutex::default(),
        }
    }

    fn incoming(&self) -> PathBuf {
        self.dir.join("incoming")
    }

    fn place(&self, hash: FileHash) -> PathBuf {
        self.dir.join(hash.to_string())
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the folders; what an engine before left unfinished goes.
    fn prepare(&self) -> Result<(), String> {
        let ready = self.ready.get_or_init(|| {
            own_folder(&self.dir)?;
            own_folder(&self.incoming())?;
            let left = std::fs::read_dir(self.incoming()).map_err(|e| e.to_string())?;
            for entry in left.flatten() {
                // What is no file is not ours, and in nobody's way.
                let _ = std::fs::remove_file(entry.path());
            }
            Ok(())
        });
        ready.clone()
    }

    /// Opens a file that is kept; whatever else stands in its place is not followed.
    fn open(&self, hash: FileHash, size: u64) -> std::io::Result<File> {
        let flags = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default();
        let file = OpenOptions::new().read(true).custom_flags(flags).open(self.place(hash))?;
        let meta = file.metadata()?;
        if !meta.is_file() || meta.len() != size {
            return Err(std::io::Error::other("the file has changed in the data folder"));
        }
        Ok(file)
    }

    /// Uploads of a session that has ended, and those that nobody goes on with.
    fn give_up(&self, which: impl Fn(&Upload) -> bool) {
        let mut state = self.state();
        let over: Vec<u64> = state.open.iter().filter(|(_, u)| which(u)).map(|(id, _)| *id).collect();
        for id in over {
            if let Some(upload) = state.open.remove(&id) {
                let _ = std::fs::remove_file(upload.path);
            }
        }
    }

    /// A place for a file of this size, if there is one.
    fn begin(&self, session: u64, name: &str, size: u64, room: u64, now: Millis) -> Result<u64, Problem> {
        self.prepare().map_err(|e| disk_problem(&e))?;
        self.give_up(|u| now - u.touched > IDLE);
        let id = {
            let mut state = self.state();
            let own = state.open.values().filter(|u| u.session == session).count()
                + state.busy.values().filter(|(s, _)| *s == session).count();
            if own >= OPEN_MAX || state.open.len() + state.busy.len() >= OPEN_ALL {
                return Err(Problem::new(
                    "refused",
                    format!("{OPEN_MAX} files at a time can be handed over"),
                )
                .next("wait until one of them is here"));
            }
            let coming: u64 =
                state.open.values().map(|u| u.size).chain(state.busy.values().map(|b| b.1)).sum();
            if coming.saturating_add(size) > room {
                return Err(Problem::new("room", format!("there is no room for {}", size_words(size)))
                    .means("the files that are kept take as much as they may")
                    .next("raise `keep_files_mb`, or lower `keep_files_days`, in the configuration"));
            }
            state.last += 1;
            let id = state.last;
            state.busy.insert(id, (session, size));
            id
        };
        let path = self.incoming().join(format!("{}-{id}", std::process::id()));
        let opened = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path);
        let mut state = self.state();
        state.busy.remove(&id);
        let file = opened.map_err(|e| failed(&e))?;
        let upload = Upload {
            session,
            name: clean_name(name),
            size,
            got: 0,
            path,
            file,
            hash: Sha256::new(),
            head: Vec::new(),
            touched: now,
        };
        state.open.insert(id, upload);
        Ok(id)
    }

    /// Takes an upload out to work on it.
    fn take(&self, session: u64, id: u64) -> Result<Upload, Problem> {
        let mut state = self.state();
        if state.open.get(&id).is_none_or(|u| u.session != session) {
            return Err(gone());
        }
        let upload = state.open.remove(&id).ok_or_else(gone)?;
        state.busy.insert(id, (session, upload.size));
        Ok(upload)
    }

    fn put_back(&self, id: u64, upload: Option<Upload>) {
        let mut state = self.state();
        state.busy.remove(&id);
        if let Some(upload) = upload {
            state.open.insert(id, upload);
        }
    }

    fn part(&self, session: u64, id: u64, at: u64, bytes: &[u8], now: Millis) -> Result<u64, Problem> {
        let mut upload = self.take(session, id)?;
        let done = upload.part(at, bytes, now);
        let got = upload.got;
        let keep = if done.is_ok() {
            Some(upload)
        } else {
            // What went wrong once is not mended by more of it.
            let _ = std::fs::remove_file(&upload.path);
            None
        };
        self.put_back(id, keep);
        done.map(|()| got)
    }

    /// Removes bytes that no row names. A file that becomes whole meanwhile waits.
    fn sweep(&self, named: impl Fn(FileHash) -> bool) {
        let Ok(entries) = std::fs::read_dir(&self.dir) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(hash) = name.to_str().and_then(|n| n.parse::<FileHash>().ok()) else { continue };
            if !named(hash)
                && let Err(error) = std::fs::remove_file(entry.path())
            {
                tracing::warn!(%error, "a file that nothing needs could not be removed");
            }
        }
    }
}

impl Upload {
    fn part(&mut self, at: u64, bytes: &[u8], now: Millis) -> Result<(), Problem> {
        if bytes.is_empty() || bytes.len() > PART_MAX {
            return Err(field(format!("comes in parts of 1 to {PART_MAX} bytes")));
        }
        if at != self.got {
            return Err(field(format!("has a part at {at}, and {} was expected", self.got)));
        }
        if self.got + bytes.len() as u64 > self.size {
            return Err(field(format!("has more than the {} bytes that were announced", self.size)));
        }
        self.file.write_all(bytes).map_err(|e| failed(&e))?;
        self.hash.update(bytes);
        let head = HEAD.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..head]);
        self.got += bytes.len() as u64;
        self.touched = now;
        Ok(())
    }

    /// What it is, now that it should be whole.
    fn end(self, hash: FileHash) -> Result<StoredFile, Problem> {
        if self.got != self.size {
            return Err(field(format!("has {} bytes, and {} were announced", self.got, self.size)));
        }
        if self.hash.finalize().as_slice() != hash.0 {
            return Err(field("came otherwise than it was read: its hash is not the announced one")
                .next("try again; if it stays, the file changes while it is read"));
        }
        let facts = judge(&self.name, &self.head, self.size)?;
        self.file.sync_all().map_err(|e| failed(&e))?;
        Ok(StoredFile { hash, name: self.name, size: self.size, facts })
    }
}

/// The uploads of one session; what is not whole when it ends goes with it.
pub(super) struct Uploads {
    shared: Arc<Shared>,
    session: u64,
}

impl Uploads {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        let session = {
            let mut state = shared.files.state();
            state.last += 1;
            state.last
        };
        Self { shared: Arc::clone(shared), session }
    }

    /// Answers what may be asked; the caller has looked whether it may.
    pub(super) async fn answer(&self, who: &Who, act: FileRequest) -> Result<Response, Problem> {
        let (shared, session) = (Arc::clone(&self.shared), self.session);
        let now = shared.clock.now();
        let answer = match act {
            FileRequest::Begin { name, size } => {
                if size == 0 || size > FILE_MAX {
                    judge(&name, &[], size)?;
                }
                if let Some(trouble) = shared.disk.trouble() {
                    return Err(disk_problem(&trouble.to_string()));
                }
                let kept = shared.store.read(crate::store::Reader::files_room).await?;
                let room = shared.live().keep_files_bytes.saturating_sub(kept);
                let upload = blocking(move || shared.files.begin(session, &name, size, room, now)).await??;
                FileAnswer::Begun { upload }
            }
            FileRequest::Part { upload, at, bytes: Piece(bytes) } => {
                let bytes = blocking(move || shared.files.part(session, upload, at, &bytes, now)).await??;
                FileAnswer::Got { bytes }
            }
            FileRequest::End { upload, hash } => {
                FileAnswer::Stored { file: self.end(who, upload, hash).await? }
            }
            FileRequest::Drop { upload } => {
                let taken = shared.files.take(session, upload)?;
                let path = taken.path;
                blocking(move || std::fs::remove_file(path)).await?.map_err(|e| failed(&e))?;
                shared.files.put_back(upload, None);
                FileAnswer::Dropped
            }
            FileRequest::Read { .. } => {
                return Err(Problem::new(
                    "protocol",
                    "this request asks something and was taken for a change",
                ));
            }
        };
        Ok(Response::File(answer))
    }

    async fn end(&self, who: &Who, upload: u64, hash: FileHash) -> Result<StoredFile, Problem> {
        let shared = &self.shared;
        let taken = shared.files.take(self.session, upload)?;
        let path = taken.path.clone();
        let whole = blocking(move || taken.end(hash)).await;
        let done = match whole {
            Ok(Ok(file)) => self.keep(who, &path, file).await,
            Ok(Err(problem)) | Err(problem) => Err(problem),
        };
        if done.is_err() {
            let _ = blocking(move || std::fs::remove_file(path)).await;
        }
        shared.files.put_back(upload, None);
        done
    }

    /// The bytes get their place, then their row.
    async fn keep(&self, who: &Who, path: &Path, file: StoredFile) -> Result<StoredFile, Problem> {
        let shared = &self.shared;
        let _order = shared.files.order.lock().await;
        let (from, to, dir) = (path.to_owned(), shared.files.place(file.hash), shared.files.dir.clone());
        blocking(move || {
            std::fs::rename(&from, &to)?;
            File::open(&dir)?.sync_all()
        })
        .await?
        .map_err(|e: std::io::Error| failed(&e))?;
        let body = EventBody::FileStored { hash: file.hash, size: file.size, facts: file.facts.clone() };
        shared.store.apply(shared.event(Actor::Operator(who.operator().to_owned()), body)).await?;
        Ok(file)
    }
}

impl Drop for Uploads {
    fn drop(&mut self) {
        let session = self.session;
        self.shared.files.give_up(|u| u.session == session);
    }
}

/// A piece of a file that is kept.
pub(super) async fn read(shared: &Arc<Shared>, hash: FileHash, at: u64) -> Result<Response, Problem> {
    let Some((size, _)) = shared.store.read(move |r| r.file(hash)).await? else {
        return Err(Problem::not_found("this file is not kept here"));
    };
    let shared = Arc::clone(shared);
    let bytes = blocking(move || -> std::io::Result<Vec<u8>> {
        let mut file = shared.files.open(hash, size)?;
        file.seek(SeekFrom::Start(at))?;
        let mut bytes = Vec::new();
        file.take(PART_MAX as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    })
    .await?
    .map_err(|e| {
        Problem::new("store", format!("the file cannot be read: {e}")).next("run `switchboard doctor`")
    })?;
    Ok(Response::File(FileAnswer::Bytes { bytes: Piece(bytes) }))
}

/// The content with what is known here of its file: what a client says of one is not asked.
pub(super) async fn settled(shared: &Shared, content: Outgoing) -> Result<Outgoing, Problem> {
    let Outgoing::Media { kind, file, caption } = content else { return Ok(content) };
    Ok(Outgoing::Media { kind, file: known(shared, file).await?, caption })
}

/// A file that a client names, with what is known here of it.
pub(super) async fn known(shared: &Shared, file: StoredFile) -> Result<StoredFile, Problem> {
    let hash = file.hash;
    let Some((size, facts)) = shared.store.read(move |r| r.file(hash)).await? else {
        return Err(field("is not kept here any more").next("attach it again"));
    };
    Ok(StoredFile { size, facts, ..file })
}

/// Opens the bytes of a file for the provider.
pub(super) async fn bytes(shared: &Arc<Shared>, file: &StoredFile) -> Result<File, String> {
    let (shared, hash, size) = (Arc::clone(shared), file.hash, file.size);
    match blocking(move || shared.files.open(hash, size)).await {
        Ok(Ok(file)) => Ok(file),
        Ok(Err(e)) => Err(e.to_string()),
        Err(problem) => Err(problem.what),
    }
}

/// Removes what nothing needs, until the engine stops.
pub(super) async fn expire(shared: Arc<Shared>) {
    loop {
        if let Err(error) = expire_some(&shared).await {
            tracing::warn!(%error, "old files could not be removed");
        }
        tokio::select! {
            () = shared.stop.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

async fn expire_some(shared: &Arc<Shared>) -> Result<(), StoreError> {
    let now = shared.clock.now();
    shared.files.give_up(|u| now - u.touched > IDLE);
    let keep = i64::try_from(shared.live().keep_files.as_millis()).unwrap_or(i64::MAX);
    let (before, unused_before) = (now.saturating_sub(keep), now - UNUSED);
    let _order = shared.files.order.lock().await;
    if shared.store.read(move |r| r.files_may_go(before, unused_before)).await? {
        shared.engine_event(EventBody::FilesExpired { before, unused_before }).await?;
    }
    let named = shared.store.read(crate::store::Reader::file_hashes).await?;
    let folder = Arc::clone(shared);
    let swept = tokio::task::spawn_blocking(move || folder.files.sweep(|hash| named.contains(&hash)));
    // A sweep that ended badly is tried again the next time.
    let _ = swept.await;
    Ok(())
}
