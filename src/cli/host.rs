//! The seam to the big parts: engine, emulator, screen. The only file of the command line that touches them.
//!
//! Commands see the traits here, so that they are tested against a scripted engine.

use crate::clock::Clock;
use crate::config::settings::{EngineSettings, UiSettings};
use crate::model::ids::AccountId;
use crate::protocol::Problem;
use crate::protocol::client::Connection;
use async_trait::async_trait;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An engine in this process.
#[async_trait]
pub trait Hosted: Send + Sync {
    /// A connection for an operator.
    fn connect(&self, operator: &str) -> Connection;
    /// Where the provider reaches the listener for an account; holds the account's random path token.
    fn listener_url(&self, account: &AccountId) -> Option<String>;
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
    /// Stops and keeps its state.
    async fn stop(&self);
}

/// Why the screen was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// The operator quit, or a signal asked to.
    Quit,
    /// The engine went away.
    EngineGone,
}

/// Starts the big parts.
#[async_trait]
pub trait Launcher: Send + Sync {
    /// Starts an engine. The caller holds the lock of its data folder.
    async fn engine(&self, settings: EngineSettings, clock: Clock) -> Result<Arc<dyn Hosted>, Problem>;
    /// Starts an emulator.
    async fn emulator(&self, plan: EmulatorPlan, clock: Clock) -> Result<Arc<dyn Emulated>, Problem>;
    /// Shows the inbox until it is left.
    async fn screen(
        &self,
        connection: Connection,
        settings: UiSettings,
        clock: Clock,
        operator: &str,
    ) -> Result<Left, Problem>;
    /// Fills a data folder for measuring.
    fn seed(
        &self,
        dir: &Path,
        messages: u64,
        threads: u64,
        seed: u64,
        out: &mut dyn Write,
    ) -> Result<(), Problem>;
}

/// The parts of this program.
#[derive(Clone, Copy, Debug, Default)]
pub struct BuiltIn;

fn absent(part: &str) -> Problem {
    Problem::new("engine", format!("this build has no {part}"))
}

#[async_trait]
impl Launcher for BuiltIn {
    async fn engine(&self, _: EngineSettings, _: Clock) -> Result<Arc<dyn Hosted>, Problem> {
        Err(absent("engine"))
    }
    async fn emulator(&self, _: EmulatorPlan, _: Clock) -> Result<Arc<dyn Emulated>, Problem> {
        Err(absent("emulator"))
    }
    async fn screen(&self, _: Connection, _: UiSettings, _: Clock, _: &str) -> Result<Left, Problem> {
        Err(absent("screen"))
    }
    fn seed(&self, _: &Path, _: u64, _: u64, _: u64, _: &mut dyn Write) -> Result<(), Problem> {
        Err(absent("bench"))
    }
}
