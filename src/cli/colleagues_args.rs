//! The arguments of `who`, `whisper`, `mentions`, `teams` and `sharing`.

use super::access_args::{name, principal};
use super::args::{Format, account, message};
use crate::model::access::Principal;
use crate::model::ids::{AccountId, MessageId};
use crate::model::sharing::RELEASE_MAX;
use clap::{Args, Subcommand, ValueEnum};

/// `whisper`.
#[derive(Debug, Args)]
pub struct Whisper {
    /// The colleague; a screen of theirs has to be open, with a conversation on it
    #[arg(value_name = "NAME")]
    pub operator: String,
    /// What to say; it becomes a note there that calls them
    #[arg(value_name = "TEXT", allow_hyphen_values = true)]
    pub text: String,
    /// Output
    #[command(flatten)]
    pub format: Format,
}

/// `mentions`.
#[derive(Debug, Args)]
pub struct Mentions {
    /// What to do [default: list]
    #[command(subcommand)]
    pub action: Option<MentionAction>,
    /// Print one JSON document instead of a table; errors become {"error": …} on standard error
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do with notes that call you.
#[derive(Debug, Subcommand)]
pub enum MentionAction {
    /// List those that you have not read, newest first
    List {
        /// Those too that you have read
        #[arg(long)]
        all: bool,
        /// At most so many
        #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=200))]
        limit: u32,
    },
    /// Say that you have read some, or with --all all of them
    #[command(group = clap::ArgGroup::new("which").required(true))]
    Read {
        /// The notes, by id
        #[arg(value_name = "NOTE", group = "which", value_parser = message)]
        notes: Vec<MessageId>,
        /// All of them
        #[arg(long, group = "which")]
        all: bool,
    },
}

/// `teams`.
#[derive(Debug, Args)]
pub struct Teams {
    /// What to do [default: list]
    #[command(subcommand)]
    pub action: Option<TeamAction>,
    /// Print one JSON document instead of a table; errors become {"error": …} on standard error
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do with teams.
#[derive(Debug, Subcommand)]
pub enum TeamAction {
    /// List them with their members
    List,
    /// Put operators into a team; one that is not there yet is made
    Add {
        /// Its name
        #[arg(value_name = "TEAM", value_parser = name)]
        team: String,
        /// Login names, or @ and the name of a group, as `switchboard operators` lists them
        #[arg(required = true, value_name = "WHO", value_parser = principal)]
        who: Vec<Principal>,
    },
    /// Take operators out of a team; without any it is gone
    Remove {
        /// Its name
        #[arg(value_name = "TEAM", value_parser = name)]
        team: String,
        /// Login names, or @ and the name of a group
        #[arg(required = true, value_name = "WHO", value_parser = principal)]
        who: Vec<Principal>,
    },
    /// Take everybody out of a team
    Delete {
        /// Its name
        #[arg(value_name = "TEAM", value_parser = name)]
        team: String,
    },
}

/// `sharing`.
#[derive(Debug, Args)]
pub struct Sharing {
    /// What to do [default: show]
    #[command(subcommand)]
    pub action: Option<SharingAction>,
    /// Print one JSON document instead of a table; errors become {"error": …} on standard error
    #[arg(long, global = true)]
    pub json: bool,
}

/// How conversations are given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ShareWord {
    /// Whose last turn is longest ago
    #[value(alias = "round-robin")]
    Turns,
    /// Who has the fewest open conversations
    Load,
    /// They wait until somebody takes them
    Off,
}

/// What to do with the rules of giving out.
#[derive(Debug, Subcommand)]
pub enum SharingAction {
    /// Show the rules
    Show,
    /// Who gets a conversation that nobody has when a customer writes there
    Set {
        /// How
        #[arg(value_enum, value_name = "HOW")]
        how: ShareWord,
        /// Only on this account; without it on all that have no rule of their own
        #[arg(long, value_name = "ID", value_parser = account)]
        account: Option<AccountId>,
        /// Only members of this team
        #[arg(long, value_name = "TEAM", value_parser = name)]
        team: Option<String>,
        /// Also those who have no screen open now
        #[arg(long)]
        away: bool,
    },
    /// An account follows the rule of all again
    Unset {
        /// Which
        #[arg(value_name = "ID", value_parser = account)]
        account: AccountId,
    },
    /// What somebody has open who closed their last screen is nobody's after so many minutes, or stays theirs (off)
    Release {
        /// Minutes, or off
        #[arg(value_name = "MINUTES", value_parser = minutes)]
        after: Minutes,
    },
}

/// A number of minutes, or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Minutes(pub Option<u32>);

fn minutes(text: &str) -> Result<Minutes, String> {
    if text == "off" {
        return Ok(Minutes(None));
    }
    match text.parse::<u32>() {
        Ok(n) if (1..=RELEASE_MAX).contains(&n) => Ok(Minutes(Some(n))),
        _ => Err(format!("1 to {RELEASE_MAX} minutes, or off")),
    }
}
