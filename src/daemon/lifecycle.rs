//! The data folder, its lock and its socket.
//!
//! The folder is ours alone (0700, checked before use). The lock is held by the operating system, not by a
//! file's existence, so a crash frees it. A socket is stale when it refuses a connection, and only the holder of
//! the lock removes it.

use super::socket::Door;
use crate::clock::Millis;
use crate::users;
use sha2::{Digest, Sha256};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::{UnixListener, UnixStream};

/// Longest socket path in bytes that every system takes (the limit is 104 to 108).
pub const SOCKET_PATH_MAX: usize = 100;

/// Why a data folder, lock or socket cannot be used. The text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The folder could not be made or looked at.
    #[error("data folder {path}: {source}")]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder is not safe to use.
    #[error("data folder {path} {why}")]
    Unsafe {
        /// Which.
        path: PathBuf,
        /// Why, and what to do.
        why: String,
    },
    /// The socket or its folder is not safe to use.
    #[error("socket: {path} {why}")]
    Socket {
        /// Which.
        path: PathBuf,
        /// Why, and what to do.
        why: String,
    },
    /// The lock or socket file failed.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something answers on the socket although the lock is free.
    #[error("{path} is answered by a program that does not hold the lock")]
    Foreign {
        /// The socket.
        path: PathBuf,
    },
}

/// A line of the lock file.
const SERVICE: &str = "service yes";

/// How often a socket that answers is looked at again before it is called foreign: half a second in all.
const LOOKS_AT_A_LIVING_SOCKET: u32 = 25;
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// A data folder that was checked to be ours alone.
#[derive(Clone, Debug)]
pub struct DataDir {
    path: PathBuf,
    uid: u32,
}

/// The lock of a data folder. Freed when dropped, also by a crash.
#[derive(Debug)]
pub struct Lock {
    file: File,
    dir: PathBuf,
    uid: u32,
}

/// Makes a folder for us alone, and checks that it is: a plain folder, owned by `uid`, closed to others.
fn own_folder(path: &Path, uid: u32) -> Result<(), DaemonError> {
    let failed = |source| DaemonError::Folder { path: path.to_path_buf(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
    let meta = fs::symlink_metadata(path).map_err(failed)?;
    let refuse = |why: String| Err(DaemonError::Unsafe { path: path.to_path_buf(), why });
    if meta.is_symlink() || !meta.is_dir() {
        return refuse("is not a plain folder: name the folder itself, not a link to it".into());
    }
    if meta.uid() != uid {
        return refuse(format!("belongs to another user (uid {}): use a folder of your own", meta.uid()));
    }
    let mode = meta.mode() & 0o777;
    if mode & 0o077 != 0 {
        return refuse(format!("is open to others (mode {mode:04o}): run chmod 700 {}", path.display()));
    }
    Ok(())
}

impl DataDir {
    /// Makes the folder if needed and checks it. `uid` is ours, see [`crate::users::own_uid`].
    pub fn open(path: &Path, uid: u32) -> Result<Self, DaemonError> {
        own_folder(path, uid)?;
        Ok(Self { path: path.to_path_buf(), uid })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The owner.
    #[must_use]
    pub fn uid(&self) -> u32 {
        self.uid
    }

    fn lock_path(&self) -> PathBuf {
        self.path.join("engine.lock")
    }

    /// Takes the lock, and writes our process id, our user and the time into it; `None` when another process has it.
    pub fn lock(&self, now: Millis) -> Result<Option<Lock>, DaemonError> {
        let path = self.lock_path();
        let failed = |source| DaemonError::File { path: path.clone(), source };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(e)) => return Err(failed(e)),
        }
        let started =
            jiff::Timestamp::from_millisecond(now).map_or_else(|_| now.to_string(), |t| t.to_string());
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| {
                let (pid, user) = (std::process::id(), users::name_of(self.uid));
                file.write_all(format!("pid {pid}\nuser {user}\nstarted {started}\n").as_bytes())
            })
            .and_then(|()| file.flush())
            .map_err(failed)?;
        Ok(Some(Lock { file, dir: self.path.clone(), uid: self.uid }))
    }

    /// Who holds the lock, as far as the file says: `process 4711 of ana since 2026-11-21T09:12:00Z`.
    #[must_use]
    pub fn holder(&self) -> String {
        let mut text = String::new();
        // Only for a sentence to people; a file that cannot be read names nobody.
        let _ = File::open(self.lock_path()).and_then(|f| f.take(256).read_to_string(&mut text));
        let word = |key: &str| {
            text.lines()
                .find_map(|l| l.strip_prefix(key))
                .map(str::trim)
                .filter(|w| !w.is_empty() && w.chars().all(|c| c.is_ascii_graphic()))
        };
        let Some(pid) = word("pid ") else { return "another process".to_owned() };
        let user = word("user ").map(|user| format!(" of {user}")).unwrap_or_default();
        let since = word("started ").map(|since| format!(" since {since}")).unwrap_or_default();
        format!("process {pid}{user}{since}")
    }

    /// Whether the engine that has or had the lock was a service, which somebody will start again.
    #[must_use]
    pub fn was_service(&self) -> bool {
        let mut text = String::new();
        let read = File::open(self.lock_path()).and_then(|f| f.take(256).read_to_string(&mut text));
        read.is_ok() && text.lines().any(|line| line == SERVICE)
    }

    /// The process of the service that has the lock now; `None` when nobody has it, or it is no service.
    #[must_use]
    pub fn service(&self) -> Option<i32> {
        let file = File::open(self.lock_path()).ok()?;
        // A lock that can be shared is nobody's, whatever the file says.
        if !matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)) {
            return None;
        }
        let mut text = String::new();
        file.take(256).read_to_string(&mut text).ok()?;
        let pid = text.lines().find_map(|l| l.strip_prefix("pid "))?.trim().parse().ok()?;
        text.lines().any(|line| line == SERVICE).then_some(pid)
    }

    /// Where the socket is: in the folder, or, when that path is too long for a socket, in `runtime` (the
    /// user's runtime folder) or a 0700 folder under `/tmp`, by a name made from the data folder's path.
    pub fn socket_path(&self, runtime: Option<&Path>) -> Result<PathBuf, DaemonError> {
        let near = self.path.join("engine.sock");
        if near.as_os_str().len() <= SOCKET_PATH_MAX {
            return Ok(near);
        }
        let digest = Sha256::digest(self.path.as_os_str().as_encoded_bytes());
        let short = digest.iter().take(8).fold(0u64, |n, b| n << 8 | u64::from(*b));
        let name = format!("engine-{short:016x}.sock");
        if let Some(runtime) = runtime.filter(|r| r.is_absolute()) {
            let folder = runtime.join("switchboard");
            let far = folder.join(&name);
            if far.as_os_str().len() <= SOCKET_PATH_MAX {
                own_folder(&folder, self.uid)?;
                return Ok(far);
            }
        }
        let folder = PathBuf::from(format!("/tmp/switchboard-{}", self.uid));
        own_folder(&folder, self.uid)?;
        Ok(folder.join(name))
    }
}

impl Lock {
    /// Notes that this engine is a service: when it ends, its clients wait for the next one.
    pub fn note_service(&mut self) -> io::Result<()> {
        self.file.write_all(format!("{SERVICE}\n").as_bytes())?;
        self.file.flush()
    }

    /// Opens the socket, after removing a stale one. Only the holder of the lock can.
    pub async fn bind(&self, door: &Door) -> Result<UnixListener, DaemonError> {
        let path = door.path.as_path();
        door.folder(self.uid)?;
        let failed = |source| DaemonError::File { path: path.to_path_buf(), source };
        let mut looks = LOOKS_AT_A_LIVING_SOCKET;
        loop {
            match UnixStream::connect(path).await {
                // We have the lock, so no engine listens here. But a program that an ended engine was just starting
                // has a copy of its socket until it runs.
                Ok(_) if looks > 0 => {
                    looks -= 1;
                    tokio::time::sleep(BETWEEN_LOOKS).await;
                }
                Ok(_) => return Err(DaemonError::Foreign { path: path.to_path_buf() }),
                Err(e) if e.kind() == io::ErrorKind::NotFound => break,
                Err(e) if e.kind() == io::ErrorKind::ConnectionRefused => {
                    tracing::info!(folder = %self.dir.display(), "removing the socket of an engine that ended");
                    fs::remove_file(path).map_err(failed)?;
                    break;
                }
                Err(e) => return Err(failed(e)),
            }
        }
        let listener = UnixListener::bind(path).map_err(failed)?;
        door.hand_out()?;
        Ok(listener)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::users::own_uid;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("data");
        (dir, path)
    }

    #[tokio::test]
    async fn the_folder_is_made_for_us_alone_and_refused_otherwise() {
        let (_keep, path) = folder();
        let uid = own_uid();
        DataDir::open(&path, uid).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
        for mode in [0o750, 0o705, 0o755] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let e = DataDir::open(&path, uid).unwrap_err().to_string();
            assert!(e.contains("chmod 700") && e.contains(&format!("{mode:04o}")), "{e}");
        }
        fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
        let e = DataDir::open(&path, uid + 1).unwrap_err().to_string();
        assert!(e.contains("another user"), "{e}");
        let link = path.with_file_name("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let e = DataDir::open(&link, uid).unwrap_err().to_string();
        assert!(e.contains("not a plain folder"), "{e}");
    }

    #[tokio::test]
    async fn one_holds_the_lock_and_others_learn_who() {
        let (_keep, path) = folder();
        let dir = DataDir::open(&path, own_uid()).unwrap();
        let lock = dir.lock(1_763_716_320_000).unwrap().expect("free");
        assert!(dir.lock(0).unwrap().is_none());
        let holder = dir.holder();
        assert!(
            holder.contains(&std::process::id().to_string()) && holder.contains("2025-11-21T"),
            "{holder}"
        );
        drop(lock);
        assert!(dir.lock(0).unwrap().is_some());
        assert_eq!(fs::metadata(path.join("engine.lock")).unwrap().mode() & 0o777, 0o600);
    }

    #[tokio::test]
    async fn a_stale_socket_is_replaced_and_a_living_one_is_not() {
        let (_keep, path) = folder();
        let dir = DataDir::open(&path, own_uid()).unwrap();
        let lock = dir.lock(0).unwrap().expect("free");
        let socket = dir.socket_path(None).unwrap();
        // A listener that is dropped leaves its file behind, as a crash does.
        drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
        assert!(socket.exists());
        let living = lock.bind(&Door::own(socket.clone())).await.unwrap();
        assert_eq!(fs::metadata(&socket).unwrap().mode() & 0o777, 0o600);
        assert!(matches!(lock.bind(&Door::own(socket.clone())).await, Err(DaemonError::Foreign { .. })));
        drop(living);
    }

    #[tokio::test]
    async fn a_socket_that_its_engine_left_to_a_child_for_a_moment_is_waited_for() {
        let (_keep, path) = folder();
        let dir = DataDir::open(&path, own_uid()).unwrap();
        let lock = dir.lock(0).unwrap().expect("free");
        let socket = dir.socket_path(None).unwrap();
        let left = UnixListener::bind(&socket).unwrap();
        // Gone as soon as somebody has looked.
        let gone = async {
            left.accept().await.unwrap();
            drop(left);
        };
        let door = Door::own(socket);
        let (bound, ()) = tokio::join!(lock.bind(&door), gone);
        bound.unwrap();
    }

    #[tokio::test]
    async fn a_long_folder_gets_a_short_socket() {
        let dir = tempfile::tempdir().unwrap();
        let uid = own_uid();
        let long = dir.path().join("d".repeat(120));
        let data = DataDir::open(&long, uid).unwrap();
        let runtime = dir.path().join("run");
        let a = data.socket_path(Some(&runtime)).unwrap();
        assert!(a.starts_with(&runtime) && a.as_os_str().len() <= SOCKET_PATH_MAX, "{a:?}");
        let b = data.socket_path(None).unwrap();
        assert!(b.starts_with(format!("/tmp/switchboard-{uid}")) && b.as_os_str().len() <= SOCKET_PATH_MAX);
        let other = DataDir::open(&dir.path().join("e".repeat(120)), uid).unwrap();
        assert_ne!(other.socket_path(Some(&runtime)).unwrap(), a);
    }
}
