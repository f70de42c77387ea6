//! Attach or host: how a command gets its line to the engine.

use super::failure::Failure;
use super::host::{Emulated, Hosted, Launcher};
use crate::clock::Clock;
use crate::config::Env;
use crate::config::settings::{EngineSettings, Settings, SocketSettings};
use crate::daemon::system;
use crate::daemon::{self, AttachError, DataDir, Door, Lock, Server};
use crate::model::client::ClientInfo;
use crate::model::ids::AccountId;
use crate::protocol::Problem;
use crate::protocol::client::{Client, Connection};
use crate::users;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long to wait for an engine that is just starting or just ending.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two looks at it.
const PAUSE: Duration = Duration::from_millis(25);

/// How long a service of our own user may take to come back before we take over.
const RESTART: Duration = Duration::from_secs(15);
/// Between two looks for an engine that somebody else starts.
const LONG_PAUSE: Duration = Duration::from_millis(100);

/// What an engine hosted for a command does besides answering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Everything, and it opens the socket for others.
    Shared,
    /// The same, and when it ends somebody starts it again.
    Service,
    /// Answers and sends what waits in the outbox.
    Sends,
    /// Answers only.
    Reads,
    /// Answers, and listens so that the doctor can reach the listener.
    Listens,
}

/// What a hosted engine is started with.
pub(super) struct Prepared {
    /// The settings.
    pub(super) settings: Settings,
    /// An emulator that lives as long as the engine.
    pub(super) emulator: Option<Arc<dyn Emulated>>,
}

/// An engine in this process with all that belongs to it.
pub(super) struct Host {
    engine: Arc<dyn Hosted>,
    server: Option<Server>,
    emulator: Option<Arc<dyn Emulated>>,
    /// What it was started with.
    pub(super) settings: Settings,
    /// Who we are.
    client: ClientInfo,
    // Last, so that it is freed after everything else.
    _lock: Lock,
}

impl Host {
    /// Takes over new settings as far as they can change now; says what changed and what waits for a restart.
    pub(super) fn reload(&self, new: &Settings) -> (Vec<String>, Vec<String>) {
        self.engine.reload(&EngineSettings { data_dir: new.engine.data_dir.clone(), ..new.engine.clone() })
    }

    /// One more connection for us.
    pub(super) fn connect(&self) -> Connection {
        self.engine.connect(&self.client)
    }

    /// Where the provider reaches the listener for an account.
    pub(super) fn listener_url(&self, account: &AccountId) -> Option<String> {
        self.engine.listener_url(account)
    }

    /// Stops in the order that loses nothing: clients, engine, emulator, lock.
    pub(super) async fn stop(self) {
        if let Some(server) = self.server {
            server.stop().await;
        }
        self.engine.stop().await;
        if let Some(emulator) = self.emulator {
            emulator.stop().await;
        }
    }
}

/// A line to the engine, and the engine itself when it runs here.
pub(super) struct Line {
    /// The connection.
    pub(super) connection: Connection,
    /// The engine, when no other process had one.
    pub(super) host: Option<Host>,
    /// Who we are.
    pub(super) operator: String,
}

/// A client over a [`Line`], for commands.
pub(super) struct Session {
    /// Asks.
    pub(super) client: Client,
    /// Who the engine takes us for.
    pub(super) operator: String,
    host: Option<Host>,
}

impl Session {
    /// Whether the engine runs in this process.
    pub(super) fn hosted(&self) -> bool {
        self.host.is_some()
    }

    /// Ends the line; stops an engine that was started for it.
    pub(super) async fn close(self) {
        drop(self.client);
        if let Some(host) = self.host {
            host.stop().await;
        }
    }
}

impl From<Line> for Session {
    fn from(line: Line) -> Self {
        Self { client: Client::new(line.connection), operator: line.operator, host: line.host }
    }
}

fn engine_problem(what: impl Into<String>) -> Problem {
    Problem::new("engine", what)
}

/// The data folder of an engine, checked.
pub(super) fn data_dir(path: &Path) -> Result<DataDir, Failure> {
    DataDir::open(path, users::own_uid()).map_err(|e| Failure::engine(engine_problem(e.to_string())))
}

/// Where the socket of a data folder is.
pub(super) fn socket(dir: &DataDir, env: &Env) -> Result<PathBuf, Failure> {
    let runtime = env.get("XDG_RUNTIME_DIR").map(Path::new);
    dir.socket_path(runtime).map_err(|e| Failure::engine(engine_problem(e.to_string())))
}

/// Adds what we tell about ourselves: our terminal, and where our login came from.
fn telling(client: ClientInfo, env: &Env) -> ClientInfo {
    let tty = rustix::termios::ttyname(std::io::stdin(), Vec::new()).ok();
    let tty = tty.as_ref().and_then(|name| name.to_str().ok()).unwrap_or_default();
    let line = env.get("SSH_CONNECTION").or_else(|| env.get("SSH_CLIENT")).unwrap_or_default();
    let source = line.split_whitespace().next().unwrap_or_default();
    client.telling(tty.strip_prefix("/dev/").unwrap_or(tty), source)
}

/// Which engine is meant.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    /// Its data folder.
    pub(super) data: &'a Path,
    /// Its socket, and who may be behind it.
    pub(super) socket: &'a SocketSettings,
}

/// What we may be to an engine.
enum Standing {
    /// Its user: we may host it.
    Own(DataDir),
    /// Another user than the one that the engine runs as: we attach and never host.
    Other {
        /// The engine's user.
        engine: String,
        /// Its id, where we were told whom to trust.
        uid: Option<u32>,
    },
}

impl Target<'_> {
    fn standing(&self) -> Result<Standing, Failure> {
        let own = users::own_uid();
        if let Some(user) = &self.socket.user {
            let Some(uid) = users::uid_of(user) else {
                return Err(Failure::new(
                    Problem::new(
                        "usage",
                        format!("there is no OS user {user}, whom the engine should run as"),
                    )
                    .next("correct `user` in [engine] of the configuration"),
                ));
            };
            if uid != own {
                return Ok(Standing::Other { engine: user.clone(), uid: Some(uid) });
            }
        } else if let Some(socket) = &self.socket.path {
            let owner = |path: &Path| std::fs::symlink_metadata(path).ok().map(|meta| meta.uid());
            if let Some(uid) = owner(self.data).filter(|uid| *uid != own) {
                return Ok(Standing::Other { engine: users::name_of(uid), uid: Some(uid) });
            }
            // Who cannot make the socket cannot be its engine. That a folder is somebody's is no reason to trust them.
            if let Some(uid) = socket.parent().and_then(owner).filter(|uid| *uid != own) {
                return Ok(Standing::Other { engine: users::name_of(uid), uid: None });
            }
        }
        data_dir(self.data).map(Standing::Own)
    }

    /// Whether only another user may host this engine.
    pub(super) fn foreign(&self) -> bool {
        matches!(self.standing(), Ok(Standing::Other { .. }))
    }

    fn door(&self, dir: &DataDir, env: &Env) -> Result<Door, Failure> {
        let Some(path) = &self.socket.path else { return socket(dir, env).map(Door::own) };
        let group = match &self.socket.group {
            None => None,
            Some(name) => Some((
                name.clone(),
                users::gid_of(name).ok_or_else(|| {
                    Failure::new(
                        Problem::new("usage", format!("there is no OS group {name}, which may attach"))
                            .next("make it, or correct `group` in [engine] of the configuration"),
                    )
                })?,
            )),
        };
        Ok(Door { path: path.clone(), group })
    }

    /// The socket for a client that is not the engine's user.
    fn far_socket(&self, engine: &str) -> Result<&Path, Failure> {
        self.socket.path.as_deref().ok_or_else(|| {
            Failure::engine(
                engine_problem(format!("the engine runs as {engine}, and its socket is not known"))
                    .next("set `socket` in [engine] of the configuration, or SWITCHBOARD_SOCKET"),
            )
        })
    }
}

/// A client's failure to attach that no waiting mends.
fn refused(e: AttachError, holder: &str) -> Failure {
    match e {
        AttachError::Refused(problem) => Failure::engine(*problem),
        AttachError::Closed(path) => Failure::engine(
            engine_problem(format!("you may not open the engine's socket {}", path.display()))
                .means("only the engine's user and the members of its group may")
                .next("ask its admin to add you to that group, and log in again"),
        ),
        AttachError::Unsafe(why) => Failure::engine(
            engine_problem(format!("the engine's socket is not to be trusted: {why}"))
                .means(
                    "who can write its folder can put a socket of their own there, and read what you write",
                )
                .next("if the engine runs as that user, set `user` in [engine] of the configuration"),
        ),
        e => {
            let who = if holder.is_empty() { String::new() } else { format!(" ({holder})") };
            Failure::engine(
                engine_problem(format!("{e}{who}"))
                    .next("end that process and try again; nothing that was sent or stored is lost"),
            )
        }
    }
}

/// Attaches to an engine, or hosts one. `prepare` is asked only when hosting: it is what reads secrets.
pub(super) async fn open(
    target: Target<'_>,
    env: &Env,
    clock: &Clock,
    launcher: &dyn Launcher,
    role: Role,
    prepare: impl AsyncFnOnce() -> Result<Prepared, Failure>,
) -> Result<Line, Failure> {
    let dir = match target.standing()? {
        Standing::Own(dir) => dir,
        Standing::Other { engine, uid } => return join(target, env, &engine, uid).await,
    };
    let door = target.door(&dir, env)?;
    let told = telling(ClientInfo::default(), env);
    let give_up = Instant::now() + PATIENCE;
    let mut given = match role {
        Role::Service => system::inherited(&door.path)
            .map_err(|e| Failure::engine(engine_problem(format!("the socket of the service: {e}"))))?,
        _ => None,
    };
    loop {
        // Behind a socket that the system opened for us there is nobody but us.
        let there = match &given {
            Some(_) => Err(AttachError::NoEngine),
            None => daemon::attach(&door.path, &told).await,
        };
        match there {
            Ok(connection) => {
                return Ok(Line { connection, host: None, operator: users::name_of(dir.uid()) });
            }
            Err(AttachError::NoEngine | AttachError::Stale) => {}
            Err(e) => return Err(refused(e, &dir.holder())),
        }
        let lock = dir.lock(clock.now()).map_err(|e| Failure::engine(engine_problem(e.to_string())))?;
        if let Some(lock) = lock {
            let prepared = prepare().await?;
            return host(&dir, lock, (&door, given.take()), clock, launcher, role, prepared, env).await;
        }
        if Instant::now() >= give_up {
            return Err(Failure::engine(
                Problem::new("locked", format!("{} is in use by {}", target.data.display(), dir.holder()))
                    .means("one engine works on a data folder at a time, and that one does not take clients")
                    .next("wait for it to end, or give another folder with --data"),
            ));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Attaches to an engine that only another user may host; one that is just being started is waited for.
async fn join(target: Target<'_>, env: &Env, engine: &str, uid: Option<u32>) -> Result<Line, Failure> {
    let socket = target.far_socket(engine)?;
    let told = telling(ClientInfo::default(), env);
    let give_up = Instant::now() + PATIENCE;
    loop {
        match daemon::attach_to(socket, uid, &told).await {
            Ok(connection) => {
                return Ok(Line { connection, host: None, operator: users::name_of(users::own_uid()) });
            }
            Err(AttachError::NoEngine | AttachError::Stale) if Instant::now() < give_up => {
                tokio::time::sleep(PAUSE).await;
            }
            Err(AttachError::NoEngine | AttachError::Stale) => {
                return Err(Failure::engine(
                    Problem::new("no_engine", format!("no engine answers on {}", socket.display()))
                        .means(format!("it runs as {engine}, and only that user can start it"))
                        .next("ask its admin to start it: `systemctl start switchboard`"),
                ));
            }
            Err(e) => return Err(refused(e, "")),
        }
    }
}

/// Opens a line again after the engine of the last one has gone. When another user runs it, or when it was a service,
/// somebody will start it again: `waits` is told so once, and it is waited for; a service of our own user is not
/// waited for longer than a restart takes.
pub(super) async fn reopen(
    target: Target<'_>,
    env: &Env,
    waits: impl Fn(&str),
    open: impl AsyncFn() -> Result<Line, Failure>,
) -> Result<Line, Failure> {
    let give_up = match target.standing()? {
        Standing::Other { engine, .. } => {
            waits(&format!(
                "the engine has gone; it runs as {engine}: waiting for it to come back (Ctrl+C ends)"
            ));
            None
        }
        Standing::Own(dir) if dir.was_service() => {
            waits(
                "the engine has gone; it was a service: waiting a moment for it to come back (Ctrl+C ends)",
            );
            Some(Instant::now() + RESTART)
        }
        Standing::Own(_) => return open().await,
    };
    match await_engine(target, env, give_up).await? {
        Some(line) => Ok(line),
        None => open().await,
    }
}

/// Attaches as soon as an engine is there, and never hosts; `None` when none came in time.
pub(super) async fn await_engine(
    target: Target<'_>,
    env: &Env,
    give_up: Option<Instant>,
) -> Result<Option<Line>, Failure> {
    let told = telling(ClientInfo::default(), env);
    let (socket, engine) = match target.standing()? {
        Standing::Other { engine, uid } => (target.far_socket(&engine)?.to_path_buf(), uid),
        Standing::Own(dir) => (target.door(&dir, env)?.path, None),
    };
    loop {
        match daemon::attach_to(&socket, engine, &told).await {
            Ok(connection) => {
                let operator = users::name_of(users::own_uid());
                return Ok(Some(Line { connection, host: None, operator }));
            }
            Err(AttachError::NoEngine | AttachError::Stale | AttachError::Silent | AttachError::Io(_)) => {}
            // The folder of a service goes and comes with it, and is ours to enter only when it is whole.
            Err(AttachError::Closed(_)) if give_up.is_none() => {}
            Err(e) => return Err(refused(e, "")),
        }
        if give_up.is_some_and(|end| Instant::now() >= end) {
            return Ok(None);
        }
        tokio::time::sleep(LONG_PAUSE).await;
    }
}

#[allow(clippy::too_many_arguments, reason = "each is a part of the start that the caller has")]
async fn host(
    dir: &DataDir,
    mut lock: Lock,
    (door, given): (&Door, Option<UnixListener>),
    clock: &Clock,
    launcher: &dyn Launcher,
    role: Role,
    prepared: Prepared,
    env: &Env,
) -> Result<Line, Failure> {
    let Prepared { settings, emulator } = prepared;
    let engine_settings = EngineSettings {
        data_dir: dir.path().to_path_buf(),
        serve_listener: matches!(role, Role::Shared | Role::Service | Role::Listens),
        background: matches!(role, Role::Shared | Role::Service | Role::Sends),
        ..settings.engine.clone()
    };
    let engine = match launcher.engine(engine_settings, clock.clone()).await {
        Ok(engine) => engine,
        Err(problem) => {
            if let Some(emulator) = emulator {
                emulator.stop().await;
            }
            return Err(Failure::engine(problem));
        }
    };
    if role == Role::Service
        && let Err(error) = lock.note_service()
    {
        tracing::warn!(%error, "the lock file could not be written");
    }
    let server = if matches!(role, Role::Shared | Role::Service) {
        let (ours, listener) = match given {
            Some(given) => (None, tokio::net::UnixListener::from_std(given).map_err(|e| e.to_string())),
            None => (Some(door.path.as_path()), lock.bind(door).await.map_err(|e| e.to_string())),
        };
        match listener {
            Ok(listener) => {
                let shared = Arc::clone(&engine);
                let connect: daemon::Connect = Arc::new(move |client| shared.connect(client));
                Some(Server::start(listener, ours, connect))
            }
            Err(e) => {
                engine.stop().await;
                return Err(Failure::engine(engine_problem(e)));
            }
        }
    } else {
        None
    };
    let pid = i32::try_from(std::process::id()).ok();
    let client = telling(users::client(dir.uid(), pid), env);
    let operator = client.user.clone();
    let connection = engine.connect(&client);
    let host = Host { engine, server, emulator, settings, client, _lock: lock };
    Ok(Line { connection, host: Some(host), operator })
}
