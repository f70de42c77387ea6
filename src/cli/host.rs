//! The seam to the big parts: engine, emulator, screen. The only file of the command line that touches them.
//!
//! Commands see the traits here, so that they are tested against a scripted engine.

use crate::clock::{Clock, Millis};
use crate::config::settings::{EngineSettings, KeySettings, UiSettings};
use crate::emulator::{self, Emulator, EmulatorError, EmulatorOptions, Scenario};
use crate::engine::{self, Engine};
use crate::model::client::ClientInfo;
use crate::model::ids::AccountId;
use crate::protocol::Problem;
use crate::protocol::client::Connection;
pub use crate::tui::Left;
pub use crate::tui::keymap::rows::KeyRow;
pub(super) use crate::tui::overlay::later::reader as time_reader;
pub(super) use crate::tui::overlay::macro_plan::{Plan, Target, plan as plan_macro};
pub(super) use crate::tui::overlay::variables::{Variables, first_name, time_of_day};
use crate::tui::{self, TuiOptions, keymap};
use crate::webhook::Listener;
use async_trait::async_trait;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// An engine in this process.
#[async_trait]
pub trait Hosted: Send + Sync {
    /// A connection for a client.
    fn connect(&self, client: &ClientInfo) -> Connection;
    /// Where the provider reaches the listener for an account; holds the account's random path token.
    fn listener_url(&self, account: &AccountId) -> Option<String>;
    /// Takes over new settings as far as it can while it runs; says what changed, and what waits for a restart.
    fn reload(&self, settings: &EngineSettings) -> (Vec<String>, Vec<String>);
    /// Finishes what is under way and closes the store.
    async fn stop(&self);
}

/// How an emulator is started.
#[derive(Clone, Debug)]
pub struct EmulatorPlan {
    /// Where it listens; port 0 takes a free one.
    pub bind: SocketAddr,
    /// 1 is natural.
    pub speed: f64,
    /// The same seed plays the same; `None` = the built-in one.
    pub seed: Option<u64>,
    /// A scenario file instead of the built-in one.
    pub scenario: Option<PathBuf>,
    /// Where its state is kept; `None` = nowhere.
    pub state: Option<PathBuf>,
    /// Whether customers write by themselves.
    pub play: bool,
    /// What goes wrong on purpose; checked with `faults`.
    pub faults: Option<String>,
}

/// Takes a specification of faults that can be used.
pub(super) fn faults(text: &str) -> Result<String, String> {
    emulator::check_faults(text).map(|()| text.to_owned())
}

/// What a specification of faults may say.
pub(super) fn faults_help() -> String {
    emulator::faults_help()
}

/// What every key does, and what of the operator's own cannot be used.
pub(super) fn key_rows(settings: &KeySettings) -> (Vec<KeyRow>, Vec<String>) {
    let (map, problems) = keymap::load(settings);
    (keymap::rows::rows(&map), problems.iter().map(ToString::to_string).collect())
}

/// Whether the text of a quick reply can be filled in; else what is wrong with it.
pub(super) fn check_reply(text: &str) -> Result<(), String> {
    tui::overlay::variables::check(text)
}

/// Drops keys that are pressed while no screen is there, or takes them again.
pub(super) fn drop_keys(drop: bool) {
    tui::drop_keys(drop);
}

/// Shows what the terminal sends.
pub(super) async fn probe_keys(settings: &KeySettings) -> Result<(), Problem> {
    tui::probe(settings).await.map_err(|e| Problem::new("screen", format!("{e:#}")))
}

/// A number that an emulator serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmulatedNumber {
    /// Phone number id.
    pub id: String,
    /// Id of the business account it belongs to.
    pub business: String,
    /// The verified name.
    pub name: String,
}

/// A running emulator.
#[async_trait]
pub trait Emulated: Send + Sync {
    /// Its address, without a version.
    fn base_url(&self) -> String;
    /// The numbers it serves.
    fn numbers(&self) -> Vec<EmulatedNumber>;
    /// The token it takes.
    fn access_token(&self) -> String;
    /// The secret it signs with.
    fn app_secret(&self) -> String;
    /// The key of its Kapso project; empty without one.
    fn kapso_key(&self) -> String {
        String::new()
    }
    /// The numbers of the Kapso project that are connected from the start.
    fn kapso_numbers(&self) -> Vec<EmulatedNumber> {
        Vec::new()
    }
    /// Stops and keeps its state.
    async fn stop(&self);
}

/// Starts the big parts.
#[async_trait]
pub trait Launcher: Send + Sync {
    /// Starts an engine. The caller holds the lock of its data folder.
    async fn engine(&self, settings: EngineSettings, clock: Clock) -> Result<Arc<dyn Hosted>, Problem>;
    /// Starts an emulator.
    async fn emulator(&self, plan: EmulatorPlan, clock: Clock) -> Result<Arc<dyn Emulated>, Problem>;
    /// Shows the inbox until it is left; one that is attached is also left when its engine goes away.
    async fn screen(
        &self,
        connection: Connection,
        settings: UiSettings,
        clock: Clock,
        operator: &str,
        attached: bool,
    ) -> Result<Left, Problem>;
    /// Fills a data folder for measuring; the newest message is of time `newest`.
    #[allow(clippy::too_many_arguments, reason = "one argument for each option of the command")]
    fn seed(
        &self,
        dir: &Path,
        messages: u64,
        threads: u64,
        seed: u64,
        newest: Millis,
        out: &mut dyn Write,
    ) -> Result<(), Problem>;
}

/// The parts of this program.
#[derive(Clone, Copy, Debug, Default)]
pub struct BuiltIn;

/// An engine and the listener in front of it.
struct Running {
    engine: Engine,
    listener: Mutex<Option<Listener>>,
}

#[async_trait]
impl Hosted for Running {
    fn connect(&self, client: &ClientInfo) -> Connection {
        self.engine.connect(client)
    }

    fn listener_url(&self, account: &AccountId) -> Option<String> {
        self.engine.listener_url(account)
    }

    fn reload(&self, settings: &EngineSettings) -> (Vec<String>, Vec<String>) {
        let reloaded = self.engine.reload(settings);
        (reloaded.changed, reloaded.restart)
    }

    async fn stop(&self) {
        // Strangers first: what was answered with 200 must still reach the store.
        let listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(listener) = listener {
            listener.stop().await;
        }
        self.engine.stop().await;
    }
}

/// An emulator and what it was started with.
struct Playing {
    emulator: Mutex<Option<Emulator>>,
    base_url: String,
    numbers: Vec<EmulatedNumber>,
    access_token: String,
    app_secret: String,
    kapso_key: String,
    kapso_numbers: Vec<EmulatedNumber>,
}

#[async_trait]
impl Emulated for Playing {
    fn base_url(&self) -> String {
        self.base_url.clone()
    }

    fn numbers(&self) -> Vec<EmulatedNumber> {
        self.numbers.clone()
    }

    fn access_token(&self) -> String {
        self.access_token.clone()
    }

    fn app_secret(&self) -> String {
        self.app_secret.clone()
    }

    fn kapso_key(&self) -> String {
        self.kapso_key.clone()
    }

    fn kapso_numbers(&self) -> Vec<EmulatedNumber> {
        self.kapso_numbers.clone()
    }

    async fn stop(&self) {
        let emulator = self.emulator.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(emulator) = emulator {
            emulator.stop().await;
        }
    }
}

#[async_trait]
impl Launcher for BuiltIn {
    async fn engine(&self, settings: EngineSettings, clock: Clock) -> Result<Arc<dyn Hosted>, Problem> {
        let listens = settings.serve_listener.then(|| settings.listener.clone());
        let engine = Engine::start(settings, clock).await.map_err(|e| {
            Problem::new("engine", e.to_string())
                .means("the engine could not start; nothing was changed")
                .next(
                    e.next()
                        .unwrap_or("`switchboard doctor` walks through the steps; switchboard.log has more"),
                )
        })?;
        let listener = match listens {
            // An engine without a listener still reads and sends; its status says why.
            Some(settings) => {
                Listener::start(&engine, &settings).await.inspect_err(|why| tracing::error!("{why}")).ok()
            }
            None => None,
        };
        Ok(Arc::new(Running { engine, listener: Mutex::new(listener) }))
    }

    async fn emulator(&self, plan: EmulatorPlan, clock: Clock) -> Result<Arc<dyn Emulated>, Problem> {
        let failed = |e: EmulatorError| Problem::new("emulator", e.to_string());
        let mut options = EmulatorOptions::demo().map_err(failed)?;
        if let Some(file) = &plan.scenario {
            options.scenario = Scenario::load(file).map_err(failed)?;
        }
        options.bind = plan.bind;
        options.speed = plan.speed;
        options.seed = plan.seed.unwrap_or(options.seed);
        options.play = plan.play;
        options.state_file = plan.state;
        options.faults = plan.faults;
        options.clock = clock;
        let business = options.scenario.account.id.clone();
        let numbers = options
            .scenario
            .numbers
            .iter()
            .map(|n| EmulatedNumber { id: n.id.clone(), business: business.clone(), name: n.name.clone() })
            .collect();
        let project = &options.scenario.kapso;
        let kapso_numbers = project
            .numbers
            .iter()
            .filter(|n| project.connected.contains(&n.id))
            .map(|n| EmulatedNumber {
                id: n.id.clone(),
                business: project.business.clone(),
                name: n.name.clone(),
            })
            .collect();
        let (access_token, app_secret) = (options.access_token.clone(), options.app_secret.clone());
        let kapso_key = options.kapso_key.clone();
        let emulator = Emulator::start(options).await.map_err(failed)?;
        Ok(Arc::new(Playing {
            base_url: emulator.base_url(),
            emulator: Mutex::new(Some(emulator)),
            numbers,
            access_token,
            app_secret,
            kapso_key,
            kapso_numbers,
        }))
    }

    async fn screen(
        &self,
        connection: Connection,
        settings: UiSettings,
        clock: Clock,
        operator: &str,
        attached: bool,
    ) -> Result<Left, Problem> {
        let options =
            TuiOptions { settings, clock, operator: operator.to_owned(), leave_when_gone: attached };
        // A terminal that can move no cursor shows no screen.
        let lines = options.settings.line || std::env::var("TERM").is_ok_and(|t| t == "dumb");
        let left = if lines {
            tui::run_lines(connection, options).await
        } else {
            tui::run(connection, options).await
        };
        left.map_err(|e| {
            Problem::new("screen", format!("{e:#}"))
                .next("`switchboard threads` and the other commands work without a terminal")
        })
    }

    fn seed(
        &self,
        dir: &Path,
        messages: u64,
        threads: u64,
        seed: u64,
        newest: Millis,
        out: &mut dyn Write,
    ) -> Result<(), Problem> {
        engine::bench::seed(dir, messages, threads, seed, newest, out)
            .map_err(|e| Problem::new("store", e.to_string()))
    }
}
