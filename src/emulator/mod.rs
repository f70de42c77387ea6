//! The stand-in provider: the WhatsApp Business Cloud API over real HTTP, with customers who write.
//!
//! Owns the server, its state, the webhook queues and the play. It speaks only the wire: it must not know the
//! model, the engine or any other part of this program, so that a foreign client works against it as well.
//!
//! | where | what |
//! | --- | --- |
//! | `graph` | the endpoints a client calls |
//! | `kapso` | the stand-in for Kapso, in front of the same numbers and people |
//! | `control` | what a test or a person at the keyboard can make happen |
//! | `play` | customers, and everything that happens later |
//! | `faults` | what goes wrong on purpose |
//! | `delivery` | signed webhooks, in order, until they are taken |
//! | `wire` | shapes of webhooks |
//! | `registry` | registration, PIN, short links, uploads, and what the token is worth |
//! | `shelf` | limits of templates |
//! | `scenario`, `state` | what is played, and what is remembered |

mod control;
mod control_number;
mod control_template;
mod delivery;
mod errors;
mod faults;
mod graph;
mod kapso;
mod play;
mod registry;
mod scenario;
mod server;
mod shelf;
mod state;
#[cfg(test)]
mod tests;
mod wire;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;

pub use errors::EmulatorError;
pub use scenario::{Account, Customer, Line, Number, Project, Scenario, Template};

/// The access token of the demonstration.
pub const DEMO_ACCESS_TOKEN: &str = "emulator-access-token";
/// The app secret of the demonstration.
pub const DEMO_APP_SECRET: &str = "emulator-app-secret";
/// The key of the stand-in for Kapso.
pub const DEMO_KAPSO_KEY: &str = "emulator-kapso-key";
/// The PIN of the built-in scenario's numbers.
pub const DEMO_PIN: &str = registry::FIRST_PIN;
/// The code that verifies a number.
pub const DEMO_CODE: &str = registry::CODE;
/// The account of the built-in scenario.
pub const DEMO_ACCOUNT: &str = "218834005551201";
/// The number of that account that is not registered, and used by nobody.
pub const DEMO_FREE_NUMBER: &str = "339901477551023";
/// The other numbers of the built-in scenario.
pub const DEMO_NUMBERS: [&str; 3] = ["339901477551020", "339901477551021", "339901477551022"];

/// How long the file waits for further changes before it is written.
const SAVE_AFTER: Duration = Duration::from_millis(200);
/// How long [`Emulator::stop`] waits for open connections.
const STOP_WITHIN: Duration = Duration::from_secs(2);

/// Whether a specification of faults can be used; the error says what is wrong.
///
/// # Errors
/// A sentence for the person who wrote it.
pub fn check_faults(text: &str) -> Result<(), String> {
    faults::spec::parse(text).map(|_| ())
}

/// What a specification of faults may say, for a help text.
#[must_use]
pub fn faults_help() -> String {
    faults::spec::help()
}

/// How an emulator is started.
#[derive(Clone)]
pub struct EmulatorOptions {
    /// Where to listen; port 0 takes a free one.
    pub bind: SocketAddr,
    /// The bearer token clients must send.
    pub access_token: String,
    /// The key that signs webhooks.
    pub app_secret: String,
    /// The key of the Kapso project.
    pub kapso_key: String,
    /// What is played.
    pub scenario: Scenario,
    /// 1 is natural, 10 ten times faster; at 0 nothing happens by itself, and states follow a send at once.
    pub speed: f64,
    /// The same seed gives the same history, pauses and choices.
    pub seed: u64,
    /// Whether customers write and answer by themselves.
    pub play: bool,
    /// A JSON file that keeps the state across restarts.
    pub state_file: Option<PathBuf>,
    /// What goes wrong on purpose; see [`faults_help`]. `None` = nothing.
    pub faults: Option<String>,
    /// Where the time comes from.
    pub clock: Clock,
}

impl EmulatorOptions {
    /// The built-in scenario on a free loopback port, playing at natural speed, keeping nothing.
    ///
    /// # Errors
    /// [`EmulatorError::Scenario`] as [`Scenario::builtin`].
    pub fn demo() -> Result<Self, EmulatorError> {
        Ok(Self {
            bind: SocketAddr::from(([127, 0, 0, 1], 0)),
            access_token: DEMO_ACCESS_TOKEN.into(),
            app_secret: DEMO_APP_SECRET.into(),
            kapso_key: DEMO_KAPSO_KEY.into(),
            scenario: Scenario::builtin()?,
            speed: 1.0,
            seed: 1,
            play: true,
            state_file: None,
            faults: None,
            clock: Clock::system(),
        })
    }
}

/// A running emulator. Dropping it stops it without waiting; [`Emulator::stop`] also writes the state.
pub struct Emulator {
    core: Arc<Core>,
    addr: SocketAddr,
}

impl Emulator {
    /// Starts to listen, goes on with what was planned and queued in the last run.
    ///
    /// # Errors
    /// [`EmulatorError`] when the address is taken or the state file is not readable.
    pub async fn start(o: EmulatorOptions) -> Result<Self, EmulatorError> {
        let rules = o.faults.as_deref().map(faults::spec::parse).transpose();
        let rules = rules.map_err(EmulatorError::Faults)?.unwrap_or_default();
        let mut state = match o.state_file.clone() {
            Some(path) => load(path, o.scenario.clone()).await?,
            None => state::State::new(&o.scenario),
        };
        for number in o.scenario.numbers.iter().filter(|n| !n.registered) {
            state.registry.add_new(&number.id);
        }
        let listener = tokio::net::TcpListener::bind(o.bind)
            .await
            .map_err(|source| EmulatorError::Bind { addr: o.bind, source })?;
        let addr = listener.local_addr().map_err(|source| EmulatorError::Bind { addr: o.bind, source })?;
        install_tls();
        let client = reqwest::Client::builder()
            .user_agent("facebookexternalua")
            .timeout(Duration::from_secs(10))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(EmulatorError::Client)?;
        let core = Arc::new(Core {
            faults: faults::Faults::new(o.seed, rules, o.clock.now()),
            clock: o.clock,
            access_token: o.access_token,
            app_secret: o.app_secret,
            kapso_key: o.kapso_key,
            scenario: o.scenario,
            seed: o.seed,
            play: o.play,
            state_file: o.state_file,
            client,
            addr,
            speed: AtomicU64::new(0),
            state: Mutex::new(state),
            bytes: Mutex::default(),
            bells: Mutex::default(),
            planned: Notify::new(),
            changed: Notify::new(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        });
        core.set_speed(o.speed);
        core.tasks.spawn(server::serve(core.clone(), listener));
        core.tasks.spawn(play::run(core.clone()));
        if core.state_file.is_some() {
            core.tasks.spawn(save_changes(core.clone()));
        }
        let waiting: Vec<String> = core.state().queues.keys().cloned().collect();
        for slot in waiting {
            delivery::moved(&core, &slot);
        }
        kapso::send::resume(&core);
        kapso::control::start(&core);
        Ok(Self { core, addr })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The base URL for a client, without a version.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Stops listening and delivering, and writes the state.
    pub async fn stop(self) {
        self.core.stop.cancel();
        self.core.tasks.close();
        // A client that holds a connection open must not hold the stop.
        let _ = tokio::time::timeout(STOP_WITHIN, self.core.tasks.wait()).await;
        if self.core.state_file.is_some() {
            save(self.core.clone()).await;
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.core.stop.cancel();
    }
}

/// Without the state, which is large, and the secrets.
impl std::fmt::Debug for Emulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Emulator").field("addr", &self.addr).finish_non_exhaustive()
    }
}

/// What all parts of one emulator share.
struct Core {
    faults: faults::Faults,
    clock: Clock,
    access_token: String,
    app_secret: String,
    kapso_key: String,
    scenario: Scenario,
    seed: u64,
    play: bool,
    state_file: Option<PathBuf>,
    client: reqwest::Client,
    addr: SocketAddr,
    /// Bits of an `f64`.
    speed: AtomicU64,
    state: Mutex<state::State>,
    /// Files by id, where there is no folder for them.
    bytes: Mutex<HashMap<String, axum::body::Bytes>>,
    bells: Mutex<HashMap<String, Arc<delivery::Bell>>>,
    /// The plan has a new first entry.
    planned: Notify,
    /// The state differs from the file.
    changed: Notify,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Core {
    fn state(&self) -> MutexGuard<'_, state::State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bytes(&self) -> MutexGuard<'_, HashMap<String, axum::body::Bytes>> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bells(&self) -> MutexGuard<'_, HashMap<String, Arc<delivery::Bell>>> {
        self.bells.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn speed(&self) -> f64 {
        f64::from_bits(self.speed.load(Ordering::Relaxed))
    }

    fn set_speed(&self, speed: f64) {
        let speed = if speed.is_finite() { speed.clamp(0.0, 10_000.0) } else { 1.0 };
        self.speed.store(speed.to_bits(), Ordering::Relaxed);
    }

    /// The divisor of technical waits, which go on at natural speed when the play stands still.
    fn pace(&self) -> f64 {
        let speed = self.speed();
        if speed > 0.0 { speed } else { 1.0 }
    }

    fn number(&self, id: &str) -> Option<&Number> {
        self.scenario.numbers.iter().chain(&self.scenario.kapso.numbers).find(|n| n.id == id)
    }

    /// A customer of the scenario, or one the control API added.
    fn customer(&self, st: &state::State, fits: impl Fn(&Customer) -> bool) -> Option<Customer> {
        self.scenario.customers.iter().chain(&st.guests).find(|c| fits(c)).cloned()
    }
}

/// The one TLS provider of the process; a second installation is refused, which is fine.
fn install_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Reads the state file away from the threads that serve.
async fn load(path: PathBuf, scenario: Scenario) -> Result<state::State, EmulatorError> {
    let file = path.clone();
    let loaded = tokio::task::spawn_blocking(move || state::State::load(&path, &scenario)).await;
    loaded.unwrap_or_else(|e| Err(EmulatorError::State { path: file, problem: e.to_string() }))
}

async fn save_changes(core: Arc<Core>) {
    loop {
        tokio::select! {
            () = core.stop.cancelled() => return,
            () = core.changed.notified() => {}
        }
        tokio::select! {
            () = core.stop.cancelled() => return,
            () = tokio::time::sleep(SAVE_AFTER) => {}
        }
        save(core.clone()).await;
    }
}

/// Writes the state; a failure is reported and the next change tries again.
async fn save(core: Arc<Core>) {
    let done = tokio::task::spawn_blocking(move || {
        let Some(path) = &core.state_file else { return };
        let bytes = match serde_json::to_vec(&*core.state()) {
            Ok(bytes) => bytes,
            Err(e) => {
                tracing::error!("the emulator's state cannot be written as JSON: {e}");
                return;
            }
        };
        if let Err(e) = state::write(path, &bytes) {
            tracing::error!("cannot write the emulator's state {}: {e}", path.display());
        }
    });
    let _ = done.await;
}
