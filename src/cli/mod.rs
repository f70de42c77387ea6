//! The command line: what a shell command asks for and what it prints.
//!
//! Knows `protocol`, `model`, `text` and `config`; starts an engine, the screen and the emulator through
//! [`host`] only, and never sees the store or a provider. One file per subcommand.

pub mod args;
pub mod failure;
mod history;
pub mod history_args;
pub mod host;
pub mod logging;
pub mod output;
pub mod table;

mod access;
pub mod access_args;
mod accounts;
pub mod accounts_args;
mod activity;
pub mod activity_args;
mod ask;
mod backup;
mod bench;
mod colleagues;
mod colleagues_args;
mod contacts;
mod deletion;
mod demo;
mod doctor;
mod emulate;
pub mod export;
mod files;
mod follow;
pub mod follow_args;
mod format;
mod handling;
pub mod handling_args;
mod keys;
mod library;
mod macro_run;
mod macros;
mod messages;
pub mod notes;
mod outbox;
mod profile_args;
mod quick_replies;
mod recorder;
mod reload;
pub mod report;
mod search;
mod send;
mod serve;
mod service;
pub mod service_args;
mod session;
mod signals;
mod since;
mod status;
mod templates;
mod threads;
mod tui;

use crate::clock::Clock;
use crate::config::settings::Settings;
use crate::config::{self, Checked, Env, Flags};
use crate::protocol::Problem;
use args::{Cli, Command};
use failure::{Exit, Failure};
use host::Launcher;
use output::Output;
use session::{Line, Prepared, Role, Session, Target};
use std::path::{Path, PathBuf};

/// What every command works with.
struct Context<'a> {
    /// What the configuration says; for `demo` and `emulate` without the file.
    checked: Checked,
    /// The data folder, when the command line names it.
    data_given: Option<PathBuf>,
    /// The environment.
    env: &'a Env,
    /// Where "now" comes from.
    clock: Clock,
    /// Starts engine, screen and emulator.
    launcher: &'a dyn Launcher,
    /// Where to print.
    out: &'a mut Output,
}

impl Context<'_> {
    /// The engine that is meant.
    fn target(&self) -> Target<'_> {
        Target { data: &self.checked.data_dir, socket: &self.checked.socket }
    }

    /// The line to the engine; hosts one with the configured accounts when none answers.
    async fn line(&self, role: Role) -> Result<Line, Failure> {
        let prepare = async || {
            let settings = settings(self.checked.clone(), self.env.clone()).await?;
            Ok(Prepared { settings, emulator: None })
        };
        session::open(self.target(), self.env, &self.clock, self.launcher, role, prepare).await
    }

    /// The same for a command that asks one thing after the other.
    async fn session(&self, role: Role) -> Result<Session, Failure> {
        Ok(self.line(role).await?.into())
    }

    /// Starts the log of a process that works for longer.
    fn log_to(&self, dir: &Path) {
        logging::start(dir, self.env.get("SWITCHBOARD_LOG"));
    }
}

/// The settings with their secrets. A secret may be the output of a program: that wait belongs to a thread for waiting.
async fn settings(checked: Checked, env: Env) -> Result<Settings, Failure> {
    Ok(tokio::task::spawn_blocking(move || checked.settings(&env))
        .await
        .map_err(|e| Failure::engine(Problem::new("engine", e.to_string())))??)
}

/// Runs a command and says how it ended. Problems are printed here.
pub async fn run(cli: Cli, env: &Env, launcher: &dyn Launcher, out: &mut Output) -> Exit {
    out.json = cli.command.as_ref().is_some_and(Command::json);
    let result = dispatch(cli, env, launcher, out).await;
    match result {
        Ok(exit) => exit,
        Err(failure) => out.failure(&failure),
    }
}

async fn dispatch(cli: Cli, env: &Env, launcher: &dyn Launcher, out: &mut Output) -> Result<Exit, Failure> {
    let flags = Flags { config: cli.config, data: cli.data };
    let command = cli.command.unwrap_or(Command::Inbox);
    let read =
        if command.needs_file() { config::read(&flags, env) } else { config::check(None, &flags, env) };
    let checked = match (read, &command) {
        (Ok(mut checked), _) => {
            checked.ui.line |= cli.line;
            checked
        }
        (Err(e), Command::Doctor { .. }) => return doctor::broken_config(&e, out),
        (Err(e), _) => return Err(e.into()),
    };
    out.timezone(checked.ui.timezone.as_deref());
    let mut context =
        Context { checked, data_given: flags.data.clone(), env, clock: Clock::system(), launcher, out };
    match command {
        Command::Inbox => tui::run(context).await,
        Command::Demo(a) => demo::run(context, a, flags.data.is_some()).await,
        Command::Emulate(a) => emulate::run(context, a).await,
        Command::Serve { .. } => serve::run(context, &flags).await,
        Command::Follow(a) => follow::run(context, a).await,
        Command::Sync(a) => history::run(context, a).await,
        Command::Service(a) => service::run(&mut context, &a.action),
        Command::Reload { .. } => reload::run(context).await,
        Command::Accounts(a) => accounts::run(context, a).await,
        Command::Threads(a) => threads::run(context, a).await,
        Command::Labels(a) => handling::labels(context, a).await,
        Command::Views(a) => handling::views(context, a).await,
        Command::Messages(a) => messages::run(context, a).await,
        Command::Notes(a) => notes::run(context, a).await,
        Command::Contacts(a) => contacts::run(context, a).await,
        Command::Send(a) => send::run(context, a).await,
        Command::Outbox(a) => outbox::run(context, a).await,
        Command::Templates(a) => templates::run(context, a).await,
        Command::Action(a) => templates::act(context, a).await,
        Command::Actions(a) => templates::actions(context, a).await,
        Command::Search(a) => search::run(context, a).await,
        Command::Macros(a) => macros::run(context, a).await,
        Command::QuickReplies(a) => quick_replies::run(context, a).await,
        Command::Doctor { .. } => doctor::run(context).await,
        Command::Status { .. } => status::run(context).await,
        Command::Keys(a) => keys::run(context, a).await,
        Command::Webhooks(a) => recorder::webhooks(context, a).await,
        Command::Message(a) => recorder::message(context, a).await,
        Command::Backup(a) => backup::run(context, a).await,
        Command::Report(a) => report::run(context, a).await,
        Command::Activity(a) => activity::run(context, a).await,
        Command::Operators(a) => access::operators(context, a).await,
        Command::Who { .. } => colleagues::who(context).await,
        Command::Whisper(a) => colleagues::whisper(context, a).await,
        Command::Mentions(a) => colleagues::mentions(context, a).await,
        Command::Teams(a) => colleagues::teams(context, a).await,
        Command::Sharing(a) => colleagues::sharing(context, a).await,
        Command::Roles(a) => access::roles(context, a).await,
        Command::Access(a) => access::access(context, a).await,
        Command::Whoami { .. } => access::whoami(context).await,
        Command::Bench(a) => bench::run(&mut context, &a),
    }
}
