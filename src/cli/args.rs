//! The tree of commands and flags, and the help that needs no manual.

mod inbox;
mod library;
pub mod templates;

use templates::{Act, Actions, Templates};

pub use library::{Export, Import, MacroAction, Macros, QuickReplies, QuickReplyAction};

use super::access_args::{Accesses, Operators, Roles};
use super::accounts_args::Accounts;
use super::activity_args::Activity;
use super::colleagues_args::{Mentions, Sharing, Teams, Whisper};
pub use super::follow_args::Follow;
use super::handling_args::{Labels, ThreadAction, Views};
pub use super::history_args::Sync;
pub use super::service_args::{Service, ServiceAction, ServicePart, ServicePrint};
use super::since::{Since, since};
use crate::model::ids::{AccountId, EventId};
use crate::protocol::Cursor;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Printed under every help text that may fail in more than one way.
pub(super) const EXIT_CODES: &str = "Exit codes:
  0  done
  1  something failed
  2  wrong usage, configuration or field
  3  not found
  4  refused by a rule or the provider (window closed, message failed)
  5  the engine cannot be reached or started (in use, database too new)
  6  doctor found a failure";

/// The operator inbox for WhatsApp Business in a terminal.
///
/// Without a command it opens the inbox: attached to a running engine if one answers, else with its own.
#[derive(Debug, Parser)]
#[command(name = "switchboard", version, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Cli {
    /// Configuration file [default: config.toml in the user's configuration folder]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder of the store, socket and log [default: the user's data folder]
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Lines of text and a prompt instead of a screen, for screen readers and slow lines
    #[arg(long)]
    pub line: bool,
    /// What to do
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// How a command prints.
#[derive(Clone, Copy, Debug, Args)]
pub struct Format {
    /// Print one JSON document instead of a table; errors become {"error": …} on standard error
    #[arg(long)]
    pub json: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open the inbox; the same as no command
    #[command(hide = true)]
    Inbox,
    /// Try everything without credentials: an emulated provider, customers who write, the real inbox
    Demo(Demo),
    /// Run the stand-in provider by itself, for tests and for trying a configuration
    #[command(after_long_help = super::host::faults_help())]
    Emulate(Emulate),
    /// Run the engine without a screen, until Ctrl+C or SIGTERM
    Serve {
        /// Output
        #[command(flatten)]
        format: Format,
    },
    /// Print the systemd units of the engine
    Service(Service),
    /// Tell the running engine to read its configuration again; says what waits for a restart
    Reload {
        /// Output
        #[command(flatten)]
        format: Format,
    },
    /// Read templates and number facts, or the past, from the provider now
    #[command(after_help = super::history_args::ABOUT)]
    Sync(Sync),
    /// Print what changes, line after line, and go on where it stopped; for programs that react
    #[command(after_help = super::follow_args::ABOUT)]
    Follow(Follow),
    /// List, show, connect, verify, change, pause, disconnect and delete accounts
    #[command(after_help = EXIT_CODES)]
    Accounts(Accounts),
    /// List threads by view or filter; resolve, snooze, assign and label them
    #[command(after_help = EXIT_CODES)]
    Threads(Threads),
    /// List, make, rename, colour and delete the labels of threads
    Labels(Labels),
    /// List the views, save and delete your own
    Views(Views),
    /// Show the messages of a thread, oldest first
    Messages(Messages),
    /// Write a note into a thread, change or delete one; notes never leave this machine
    Notes(super::notes::Notes),
    /// List contacts, show one, make one of two, take one apart
    Contacts(Contacts),
    /// Send a text, a template or other content, and wait for the provider's answer
    #[command(after_help = EXIT_CODES)]
    Send(Send),
    /// Show what has not got through, and withdraw, check or send it again
    #[command(after_help = EXIT_CODES)]
    Outbox(Outbox),
    /// List, show, make, edit, check, send and delete templates; keep them as files
    #[command(after_help = EXIT_CODES)]
    Templates(Templates),
    /// Do a business action: send its template, with its values and its file
    #[command(after_help = EXIT_CODES)]
    Action(Act),
    /// List, set and remove business actions
    Actions(Actions),
    /// Search messages, contacts and numbers, newest first
    #[command(after_help = super::search::FILTERS)]
    Search(Search),
    /// List, add, change and delete saved replies; import and export them
    QuickReplies(QuickReplies),
    /// List, add and delete macros: several commands for one key; import and export them
    Macros(Macros),
    /// Print what every key does, with your own keys
    Keys(Keys),
    /// Show how the engine and its accounts are, in a few lines
    #[command(after_help = EXIT_CODES)]
    Status {
        /// Output
        #[command(flatten)]
        format: Format,
    },
    /// Walk from configuration to provider and name the step that fails
    #[command(after_help = EXIT_CODES)]
    Doctor {
        /// Output
        #[command(flatten)]
        format: Format,
    },
    /// List, show and read again the raw webhooks that the provider sent
    Webhooks(Webhooks),
    /// Show the life of a message: received, stored, attempts, every status, the raw webhooks
    Message(MessageArgs),
    /// List who is let in and who is attached; let colleagues in, change what they are, switch them off
    #[command(after_help = EXIT_CODES)]
    Operators(Operators),
    /// List, show, make, change and remove roles: what operators may do
    #[command(after_help = EXIT_CODES)]
    Roles(Roles),
    /// Show and set who may work with which account
    #[command(after_help = EXIT_CODES)]
    Access(Accesses),
    /// Show who has a screen open, and what they do there
    Who {
        /// Output
        #[command(flatten)]
        format: Format,
    },
    /// Write to a colleague in the conversation that they have open: a note that calls them
    Whisper(Whisper),
    /// List the notes that call you by name
    Mentions(Mentions),
    /// List teams, put operators in and take them out; conversations can be given to a team
    #[command(after_help = EXIT_CODES)]
    Teams(Teams),
    /// Show and set how conversations that nobody has are given out
    #[command(after_help = EXIT_CODES)]
    Sharing(Sharing),
    /// Say who you are to the engine, and what you may do
    Whoami {
        /// Output
        #[command(flatten)]
        format: Format,
    },
    /// Print the numbers: what waits, how long answers took, who did what; the end-of-shift report
    Report(super::report::Report),
    /// Show, export and verify the activity log: who did what, when, and from where
    #[command(after_help = EXIT_CODES)]
    Activity(Activity),
    /// Copy the database to a file, safely while the engine runs
    Backup(Backup),
    /// Make and measure large stores
    Bench(Bench),
}

impl Command {
    /// Whether `--json` was given.
    #[must_use]
    pub fn json(&self) -> bool {
        match self {
            Self::Inbox | Self::Demo(_) | Self::Bench(_) => false,
            Self::Emulate(a) => a.format.json,
            Self::Service(a) => a.json,
            Self::Follow(a) => a.json,
            Self::Sync(a) => a.format.json,
            Self::Serve { format }
            | Self::Reload { format }
            | Self::Whoami { format }
            | Self::Who { format }
            | Self::Status { format }
            | Self::Doctor { format } => format.json,
            Self::Accounts(a) => a.json,
            Self::Operators(a) => a.json,
            Self::Roles(a) => a.json,
            Self::Whisper(a) => a.format.json,
            Self::Mentions(a) => a.json,
            Self::Teams(a) => a.json,
            Self::Sharing(a) => a.json,
            Self::Access(a) => a.json,
            Self::Threads(a) => a.json || matches!(&a.action, Some(ThreadAction::Export(e)) if e.json.json),
            Self::Labels(a) => a.json,
            Self::Views(a) => a.json,
            Self::Messages(a) => a.format.json,
            Self::Notes(a) => a.json,
            Self::Contacts(a) => a.json,
            Self::Send(a) => a.format.json,
            Self::Outbox(a) => a.json,
            Self::Templates(a) => a.json,
            Self::Action(a) => a.json,
            Self::Actions(a) => a.json,
            Self::Search(a) => a.format.json,
            Self::QuickReplies(a) => a.json,
            Self::Macros(a) => a.json,
            Self::Webhooks(a) => a.json,
            Self::Activity(a) => a.json,
            Self::Report(a) => a.wants_json(),
            Self::Message(a) => a.format.json,
            Self::Backup(a) => a.format.json,
            Self::Keys(a) => a.format.json,
        }
    }

    /// Whether the configuration file matters; the demo and the emulator bring their own accounts.
    #[must_use]
    pub fn needs_file(&self) -> bool {
        !matches!(self, Self::Demo(_) | Self::Emulate(_) | Self::Bench(_))
    }
}

/// `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// How fast the customers play; 2 is twice as fast
    #[arg(long, default_value_t = 1.0, value_name = "N", value_parser = speed)]
    pub speed: f64,
    /// Forget the last demo and start a new one
    #[arg(long)]
    pub fresh: bool,
    /// What the provider does wrong, such as rough or duplicate=0.05 (see `switchboard emulate --help`)
    #[arg(long, value_name = "RULES", value_parser = super::host::faults)]
    pub faults: Option<String>,
}

/// `emulate`.
#[derive(Debug, Args)]
pub struct Emulate {
    /// Address and port; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:9099", value_name = "ADDR")]
    pub bind: SocketAddr,
    /// How fast the customers play; 2 is twice as fast
    #[arg(long, default_value_t = 1.0, value_name = "N", value_parser = speed)]
    pub speed: f64,
    /// Seed of everything random; the same seed plays the same
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Play this scenario instead of the built-in one
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<PathBuf>,
    /// Keep the provider's state in this file
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Answer requests only; no customer writes by itself
    #[arg(long)]
    pub no_play: bool,
    /// What goes wrong, such as rough or duplicate=0.05,cut-after@messages=0.02 (see --help)
    #[arg(long, value_name = "RULES", value_parser = super::host::faults)]
    pub faults: Option<String>,
    /// Output
    #[command(flatten)]
    pub format: Format,
}

/// `threads`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Threads {
    /// What to do with some [default: list]
    #[command(subcommand)]
    pub action: Option<ThreadAction>,
    /// Only this account (see `switchboard accounts`)
    #[arg(long, value_name = "ID", value_parser = account)]
    pub account: Option<AccountId>,
    /// Only threads with unread messages
    #[arg(long, conflicts_with = "failed")]
    pub unread: bool,
    /// Only threads with failed messages
    #[arg(long)]
    pub failed: bool,
    /// Only threads of a view: inbox, mine, unassigned, window, snoozed, resolved, or one of your own
    #[arg(long, value_name = "NAME", conflicts_with_all = ["unread", "failed"])]
    pub view: Option<String>,
    /// Only threads that a filter finds, such as 'label:vip state:open age:>2d' (see `switchboard views save --help`)
    #[arg(long, value_name = "EXPR", conflicts_with_all = ["unread", "failed", "view"])]
    pub filter: Option<String>,
    /// At most this many
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=500))]
    pub limit: u32,
    /// Continue a list: the cursor that the last one ended with
    #[arg(long, value_name = "CURSOR", value_parser = cursor)]
    pub before: Option<Cursor>,
    /// Print one JSON document instead of a table; errors become {"error": …} on standard error
    #[arg(long, global = true)]
    pub json: bool,
}

/// `messages`.
#[derive(Debug, Args)]
pub struct Messages {
    /// Thread id, phone number, user id, or a name that is unique
    #[arg(value_name = "THREAD")]
    pub thread: String,
    /// Only on this account
    #[arg(long, value_name = "ID", value_parser = account)]
    pub account: Option<AccountId>,
    /// At most this many
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=500))]
    pub limit: u32,
    /// Older ones: the cursor that the last list began with
    #[arg(long, value_name = "CURSOR", value_parser = cursor)]
    pub before: Option<Cursor>,
    /// Also print the id of each message, for `switchboard message`
    #[arg(long)]
    pub ids: bool,
    /// Output
    #[command(flatten)]
    pub format: Format,
}

/// A state to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Wait {
    /// In the outbox
    Queued,
    /// The provider took it
    Accepted,
    /// On its way (one tick)
    Sent,
    /// On the customer's device (two ticks)
    Delivered,
    /// Read (blue ticks)
    Read,
}

/// `send`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("content").required(true))]
pub struct Send {
    /// Thread id, phone number, user id, or a name that is unique
    #[arg(value_name = "TO")]
    pub to: String,
    /// From which account; needed for a new contact when there are several accounts
    #[arg(long, value_name = "ID", value_parser = account)]
    pub account: Option<AccountId>,
    /// Free text; `-` reads standard input. Needs an open 24-hour window
    #[arg(long, group = "content", value_name = "TEXT")]
    pub text: Option<String>,
    /// An approved template (see `switchboard templates`); may leave when the window is closed
    #[arg(long, group = "content", value_name = "NAME", requires = "language")]
    pub template: Option<String>,
    /// Language code of the template (en_GB)
    #[arg(long, value_name = "CODE", requires = "template")]
    pub language: Option<String>,
    /// A value of the template, repeated: body.1=Ana, header.link=https://…, button.0=4711
    #[arg(long = "value", value_name = "KEY=VALUE", requires = "template", value_parser = value)]
    pub values: Vec<(String, String)>,
    /// Other content from a file, `-` for standard input:
    /// {"type":"location","latitude":38.7,"longitude":-9.1}
    #[arg(long, group = "content", value_name = "FILE")]
    pub json_content: Option<PathBuf>,
    /// A file; may be given several times, each is a message of its own. Needs an open 24-hour window
    #[arg(long = "file", group = "content", value_name = "PATH")]
    pub files: Vec<PathBuf>,
    /// Text under the first file: an image, a video or a document
    #[arg(long, value_name = "TEXT", requires = "files")]
    pub caption: Option<String>,
    /// The message it answers to, by id
    #[arg(long, value_name = "MESSAGE", value_parser = message, conflicts_with = "template")]
    pub quote: Option<crate::model::ids::MessageId>,
    /// Send it at this time, local time: 10m, 2h, 14:30, "tomorrow 9:00", "mon 9", "2026-12-01 14:30".
    /// The 24-hour window is checked then. An engine has to run at that time (the inbox, or `serve`)
    #[arg(long, value_name = "TIME", conflicts_with = "wait")]
    pub at: Option<String>,
    /// Also when a colleague is writing to the same customer; else a text is refused then
    #[arg(long)]
    pub anyway: bool,
    /// Return when the message got this far
    #[arg(long, value_enum, default_value = "accepted", value_name = "STATE")]
    pub wait: Wait,
    /// Give up waiting after this time (500ms, 30s, 2m); the message stays in the outbox
    #[arg(long, default_value = "30s", value_name = "TIME", value_parser = duration)]
    pub timeout: Duration,
    /// Output
    #[command(flatten)]
    pub format: Format,
}

/// `outbox`.
#[derive(Debug, Args)]
pub struct Outbox {
    /// What to do [default: list]
    #[command(subcommand)]
    pub action: Option<OutboxAction>,
    /// Only this account
    #[arg(long, value_name = "ID", value_parser = account)]
    pub account: Option<AccountId>,
    /// Print one JSON document instead of a table; errors become {"error": …} on standard error
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do with the outbox.
#[derive(Debug, Subcommand)]
pub enum OutboxAction {
    /// List what waits, is on the wire, is unknown or failed: until when, and why
    List,
    /// Withdraw a message that waits, or put a failed or unknown one aside
    Cancel {
        /// Which one, by id
        #[arg(value_parser = message)]
        message: crate::model::ids::MessageId,
    },
    /// Send a failed or unknown message again, as a new attempt
    Retry {
        /// Which one, by id
        #[arg(value_parser = message)]
        message: crate::model::ids::MessageId,
        /// Also one that may have arrived: then the customer gets it twice
        #[arg(long = "maybe-twice")]
        twice: bool,
    },
    /// Find out what became of a message: look through what was kept, ask the provider where it can be asked
    Check {
        /// Which one, by id
        #[arg(value_parser = message)]
        message: crate::model::ids::MessageId,
    },
    /// Send a message now that is to be sent later
    Now {
        /// Which one, by id
        #[arg(value_parser = message)]
        message: crate::model::ids::MessageId,
    },
}

/// `search`.
#[derive(Debug, Args)]
pub struct Search {
    /// Words, the last one as a beginning; '"exact words"' in quotes; part of a number; filters
    #[arg(required = true, value_name = "WORDS")]
    pub words: Vec<String>,
    /// Only this account
    #[arg(long, value_name = "ID", value_parser = account)]
    pub account: Option<AccountId>,
    /// At most this many messages
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=200))]
    pub limit: u32,
    /// Continue a list: the cursor that the last one ended with
    #[arg(long, value_name = "CURSOR", value_parser = cursor)]
    pub before: Option<Cursor>,
    /// Output
    #[command(flatten)]
    pub format: Format,
}

/// `contacts`.
#[derive(Debug, Args)]
pub struct Contacts {
    /// What to do [default: list]
    #[command(subcommand)]
    pub action: Option<ContactAction>,
    /// Print one JSON document instead of a table; errors become {"error": …} on standard error
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do with contacts.
#[derive(Debug, Subcommand)]
pub enum ContactAction {
    /// List them, newest first
    List {
        /// Only those with this in their name, number or user id
        text: Option<String>,
        /// At most this many
        #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=200))]
        limit: u32,
        /// Continue a list: the cursor that the last one ended with
        #[arg(long, value_name = "CURSOR", value_parser = cursor)]
        before: Option<Cursor>,
    },
    /// Show one with everything it is known as
    Show {
        /// Contact or thread id, phone number, user id, or a name that is unique
        contact: String,
    },
    /// Make one contact of two that are the same person; their conversations become one
    Merge {
        /// The one that stays
        into: String,
        /// The one that goes into it
        from: String,
    },
    /// Make a contact of its own of numbers or user ids that are somebody else; what came from them moves there
    ///
    /// Messages go with the number or user id that they came from. Messages of one number cannot be divided, and
    /// drafts stay. Nothing joins the two again by itself.
    Split {
        /// The contact
        contact: String,
        /// What leaves it
        #[arg(required = true, value_name = "IDENTITY")]
        identities: Vec<String>,
    },
}

impl Default for ContactAction {
    fn default() -> Self {
        Self::List { text: None, limit: 50, before: None }
    }
}

/// A set of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Preset {
    /// Letters as in vim and mail programs; numbers count
    Vim,
    /// Arrows and function keys; no single letter does anything
    Plain,
    /// The letters of Chatwoot's terminal client
    Chatwoot,
}

/// `keys`.
#[derive(Debug, Args)]
pub struct Keys {
    /// The keys of this preset instead of those in force
    #[arg(long, value_enum, value_name = "NAME")]
    pub preset: Option<Preset>,
    /// Show what the terminal sends for each key pressed, until Ctrl+C
    #[arg(long, conflicts_with = "json")]
    pub probe: bool,
    /// Output
    #[command(flatten)]
    pub format: Format,
}

/// `webhooks`.
#[derive(Debug, Args)]
pub struct Webhooks {
    /// What to do [default: list]
    #[command(subcommand)]
    pub action: Option<WebhookAction>,
    /// Print one JSON document instead of a table; errors become {"error": …} on standard error
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do with webhooks.
#[derive(Debug, Subcommand)]
pub enum WebhookAction {
    /// List them, newest first
    List(WebhookList),
    /// List those that could not be applied in full, newest first
    Failed(WebhookList),
    /// Show one: what it says, what could not be applied, the body with secrets masked
    Show {
        /// Id, as the list prints it
        #[arg(value_name = "ID", value_parser = event)]
        id: EventId,
        /// At most this many kilobytes of the body
        #[arg(long, default_value_t = 1024, value_name = "KB", value_parser = clap::value_parser!(u32).range(1..=4096))]
        limit: u32,
    },
    /// Read kept webhooks again, as this version understands them, and apply them; what is here stays as it is
    #[command(group = clap::ArgGroup::new("which").required(true))]
    Replay {
        /// Id, as the list prints it
        #[arg(value_name = "ID", value_parser = event, group = "which")]
        id: Option<EventId>,
        /// All that could not be applied in full
        #[arg(long, group = "which")]
        failed: bool,
    },
}

/// A state of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WebhookWord {
    /// Everything it said was applied
    Applied,
    /// Some of its updates could not be applied
    Partial,
    /// It could not be read at all
    Failed,
    /// A test by the doctor
    Test,
}

/// Which webhooks.
#[derive(Clone, Debug, Default, Args)]
pub struct WebhookList {
    /// Only those that came in by this account's address, or name its number
    #[arg(long, value_name = "ID", value_parser = account)]
    pub account: Option<AccountId>,
    /// Only in this state; may be given more than once
    #[arg(long, value_enum, value_name = "STATE")]
    pub state: Vec<WebhookWord>,
    /// Only since then: 30m, 12h, 7d, 2026-11-21 or 2026-11-21T09:00
    #[arg(long, value_name = "WHEN", value_parser = since)]
    pub since: Option<Since>,
    /// Only with this text in the body (an id, a number, words), in the same case
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
    /// At most this many
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=500))]
    pub limit: u32,
    /// Continue a list: the cursor that the last one ended with
    #[arg(long, value_name = "CURSOR", value_parser = cursor)]
    pub before: Option<Cursor>,
}

/// `message`.
#[derive(Debug, Args)]
pub struct MessageArgs {
    /// Message id, as `switchboard messages --ids` and every `--json` prints it
    #[arg(value_name = "ID", value_parser = message)]
    pub id: crate::model::ids::MessageId,
    /// Also print the raw webhooks that carried news of it, with secrets masked
    #[arg(long)]
    pub raw: bool,
    /// Output
    #[command(flatten)]
    pub format: Format,
}

/// `backup`.
#[derive(Debug, Args)]
pub struct Backup {
    /// Where to; must not exist yet
    pub file: PathBuf,
    /// Output
    #[command(flatten)]
    pub format: Format,
}

/// `bench`.
#[derive(Debug, Args)]
pub struct Bench {
    /// What to do
    #[command(subcommand)]
    pub action: BenchAction,
}

/// Ways to measure.
#[derive(Debug, Subcommand)]
pub enum BenchAction {
    /// Fill a new data folder with made-up conversations; give the folder with --data
    Seed {
        /// How many messages
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
        messages: u64,
        /// In how many threads [default: a twentieth of the messages]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
        threads: Option<u64>,
        /// The same seed makes the same store
        #[arg(long, default_value_t = 1, value_name = "N")]
        seed: u64,
    },
}

pub(super) fn account(text: &str) -> Result<AccountId, String> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if text.is_empty() || text.len() > 32 || !text.chars().all(fits) {
        return Err("an account id has 1 to 32 characters out of a-z, 0-9 and `-`".into());
    }
    Ok(AccountId::new(text))
}

pub(super) fn message(text: &str) -> Result<crate::model::ids::MessageId, String> {
    text.parse().map_err(|e: crate::model::ids::BadId| e.to_string())
}

fn event(text: &str) -> Result<EventId, String> {
    text.parse().map_err(|e: crate::model::ids::BadId| e.to_string())
}

pub(super) fn cursor(text: &str) -> Result<Cursor, String> {
    let wrong = || "a cursor looks like 1764000000000.42, as the last list printed it".to_owned();
    let (at, row) = text.split_once('.').ok_or_else(wrong)?;
    Ok(Cursor { at: at.parse().map_err(|_| wrong())?, row: row.parse().map_err(|_| wrong())? })
}

fn value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE, such as body.1=Ana".into()),
    }
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(n) if (0.01..=1000.0).contains(&n) => Ok(n),
        _ => Err("a number from 0.01 to 1000 is expected".into()),
    }
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "a time such as 500ms, 30s or 2m is expected, up to one day".to_owned();
    let at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let millis = match unit {
        "ms" => 1,
        "" | "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(wrong()),
    };
    number.checked_mul(millis).filter(|ms| *ms <= 86_400_000).map(Duration::from_millis).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_tree_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn times_cursors_and_values_are_read() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("30"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("2m"), Ok(Duration::from_mins(2)));
        assert!(duration("-1s").is_err() && duration("25h").is_err() && duration("").is_err());
        assert_eq!(cursor("1764000000000.42"), Ok(Cursor { at: 1_764_000_000_000, row: 42 }));
        assert!(cursor("42").is_err());
        assert_eq!(value("body.1=a=b"), Ok(("body.1".into(), "a=b".into())));
        assert!(value("=x").is_err() && value("x").is_err());
        assert!(speed("nan").is_err() && speed("0").is_err() && speed("4").is_ok());
    }

    #[test]
    fn a_send_has_exactly_one_content() {
        let parse = |line: &str| Cli::try_parse_from(line.split(' ')).map_err(|e| e.kind());
        use clap::error::ErrorKind as K;
        assert!(parse("switchboard send ana --text hi").is_ok());
        assert!(parse("switchboard send ana --template t --language en --value body.1=x").is_ok());
        assert_eq!(parse("switchboard send ana").unwrap_err(), K::MissingRequiredArgument);
        assert_eq!(parse("switchboard send ana --template t").unwrap_err(), K::MissingRequiredArgument);
        assert_eq!(parse("switchboard send ana --text a --json-content f").unwrap_err(), K::ArgumentConflict);
        assert_eq!(parse("switchboard threads --limit 0").unwrap_err(), K::ValueValidation);
    }
}
