//! The arguments of `activity`.

use super::args::{account, cursor};
use super::since::{Since, since};
use crate::model::ids::AccountId;
use crate::protocol::Cursor;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// `activity`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Activity {
    /// What to do [default: list]
    #[command(subcommand)]
    pub action: Option<ActivityAction>,
    /// Which rows
    #[command(flatten)]
    pub list: ActivityList,
    /// Print one JSON document instead of a table; errors become {"error": …} on standard error
    #[arg(long, global = true)]
    pub json: bool,
}

/// Whose doings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum WhoseWord {
    /// Everybody's, the engine's and the provider's too
    All,
    /// People's only
    #[default]
    People,
    /// What was refused
    Refused,
}

/// Which rows.
#[derive(Clone, Debug, Default, Args)]
pub struct ActivityFilters {
    /// Whose doings
    #[arg(long, value_enum, default_value_t, value_name = "WHO")]
    pub whose: WhoseWord,
    /// Only of this operator; `engine` and `provider` are names too
    #[arg(long, value_name = "NAME")]
    pub operator: Option<String>,
    /// Only actions with this in their word: resolved, message, label
    #[arg(long, value_name = "WORD")]
    pub action: Option<String>,
    /// Only about this thread: id, phone number, user id, or a name that is unique
    #[arg(long, value_name = "THREAD")]
    pub thread: Option<String>,
    /// Only about this account
    #[arg(long, value_name = "ID", value_parser = account)]
    pub account: Option<AccountId>,
    /// Only since then: 30m, 12h, 7d, 2026-11-21 or 2026-11-21T09:00
    #[arg(long, value_name = "WHEN", value_parser = since)]
    pub since: Option<Since>,
    /// Only before then
    #[arg(long, value_name = "WHEN", value_parser = since)]
    pub until: Option<Since>,
    /// Only with this text in names, actions, terminals or addresses; capitals do not matter
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
}

/// Which rows, and how many.
#[derive(Clone, Debug, Default, Args)]
pub struct ActivityList {
    /// Which
    #[command(flatten)]
    pub filters: ActivityFilters,
    /// At most this many
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=500))]
    pub limit: u32,
    /// Continue a list: the cursor that the last one ended with
    #[arg(long, value_name = "CURSOR", value_parser = cursor)]
    pub before: Option<Cursor>,
}

/// In which form the log is written to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogForm {
    /// A table for spreadsheets; what looks like a formula is made a text
    Csv,
    /// One JSON document a line, a row each, with its hash
    Jsonl,
}

/// What to do with the log.
#[derive(Debug, Subcommand)]
pub enum ActivityAction {
    /// List rows, newest first
    List(ActivityList),
    /// Write rows to a file, newest first
    Export {
        /// The file; it must not exist, and is readable for you only
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Which rows
        #[command(flatten)]
        filters: ActivityFilters,
        /// In which form [default: by the end of the file's name, else CSV]
        #[arg(long, value_enum, value_name = "FORM")]
        format: Option<LogForm>,
        /// Replace the file if it is there
        #[arg(long)]
        force: bool,
    },
    /// Check the chain of hashes: whether a row was changed, moved or taken away
    ///
    /// It prints the newest row and its hash. Written down elsewhere, they prove later, with --expect, that nothing
    /// before that row was changed, not even by somebody who made a whole new chain.
    Verify {
        /// A row and the hash that was written down for it, as ROW:HASH
        #[arg(long, value_name = "ROW:HASH", value_parser = expected)]
        expect: Option<(i64, String)>,
    },
}

/// A row with its hash.
fn expected(text: &str) -> Result<(i64, String), String> {
    let wrong = || "the number of a row, a colon and 64 hexadecimal digits are expected".to_owned();
    let (row, hash) = text.split_once(':').ok_or_else(wrong)?;
    let hash = hash.trim().to_ascii_lowercase();
    if hash.len() != 64 || !hash.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    Ok((row.trim().parse().map_err(|_| wrong())?, hash))
}
