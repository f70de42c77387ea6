//! Attach or host: how a command gets its line to the engine.

use super::failure::Failure;
use super::host::{Emulated, Hosted, Launcher};
use crate::clock::Clock;
use crate::config::Env;
use crate::config::settings::{EngineSettings, Settings};
use crate::daemon::{self, AttachError, DataDir, Lock, Server};
use crate::model::client::ClientInfo;
use crate::model::ids::AccountId;
use crate::protocol::Problem;
use crate::protocol::client::{Client, Connection};
use crate::users;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long to wait for an engine that is just starting or just ending.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two looks at it.
const PAUSE: Duration = Duration::from_millis(25);

/// What an engine hosted for a command does besides answering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Everything, and it opens the socket for others.
    Shared,
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

/// Attaches to the engine of a data folder, or hosts one. `prepare` is asked only when hosting: it is what
/// reads secrets.
pub(super) async fn open(
    path: &Path,
    env: &Env,
    clock: &Clock,
    launcher: &dyn Launcher,
    role: Role,
    prepare: impl AsyncFnOnce() -> Result<Prepared, Failure>,
) -> Result<Line, Failure> {
    let dir = data_dir(path)?;
    let socket = socket(&dir, env)?;
    let told = telling(ClientInfo::default(), env);
    let give_up = Instant::now() + PATIENCE;
    loop {
        match daemon::attach(&socket, &told).await {
            Ok(connection) => {
                return Ok(Line { connection, host: None, operator: users::name_of(dir.uid()) });
            }
            Err(AttachError::NoEngine | AttachError::Stale) => {}
            Err(AttachError::Refused(problem)) => return Err(Failure::engine(*problem)),
            Err(e @ (AttachError::Silent | AttachError::Io(_))) => {
                return Err(Failure::engine(
                    engine_problem(format!("{e} ({})", dir.holder()))
                        .next("end that process and try again; nothing that was sent or stored is lost"),
                ));
            }
        }
        let lock = dir.lock(clock.now()).map_err(|e| Failure::engine(engine_problem(e.to_string())))?;
        if let Some(lock) = lock {
            let prepared = prepare().await?;
            return host(&dir, lock, &socket, clock, launcher, role, prepared, env).await;
        }
        if Instant::now() >= give_up {
            return Err(Failure::engine(
                Problem::new("locked", format!("{} is in use by {}", path.display(), dir.holder()))
                    .means("one engine works on a data folder at a time, and that one does not take clients")
                    .next("wait for it to end, or give another folder with --data"),
            ));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

#[allow(clippy::too_many_arguments, reason = "each is a part of the start that the caller has")]
async fn host(
    dir: &DataDir,
    lock: Lock,
    socket: &Path,
    clock: &Clock,
    launcher: &dyn Launcher,
    role: Role,
    prepared: Prepared,
    env: &Env,
) -> Result<Line, Failure> {
    let Prepared { settings, emulator } = prepared;
    let engine_settings = EngineSettings {
        data_dir: dir.path().to_path_buf(),
        serve_listener: matches!(role, Role::Shared | Role::Listens),
        background: matches!(role, Role::Shared | Role::Sends),
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
    let server = if role == Role::Shared {
        match lock.bind(socket).await {
            Ok(listener) => {
                let shared = Arc::clone(&engine);
                let connect: daemon::Connect = Arc::new(move |client| shared.connect(client));
                Some(Server::start(listener, socket, connect))
            }
            Err(e) => {
                engine.stop().await;
                return Err(Failure::engine(engine_problem(e.to_string())));
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
