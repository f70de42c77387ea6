//! The arguments of `quick-replies` and `macros`.

use crate::model::ids::AccountId;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `quick-replies`.
#[derive(Debug, Args)]
pub struct QuickReplies {
    /// What to do [default: list]
    #[command(subcommand)]
    pub action: Option<QuickReplyAction>,
    /// Print one JSON document instead of a table; errors become {"error": …} on standard error
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do with quick replies.
#[derive(Debug, Subcommand)]
pub enum QuickReplyAction {
    /// List them, most used first
    List,
    /// Save a new one
    Add {
        /// What is typed after `/`
        shortcut: String,
        /// The text; {{ contact.first_name }} and the like are filled in when inserted
        text: String,
        /// What it belongs to, one word
        #[arg(long, value_name = "WORD")]
        category: Option<String>,
        /// Only you have it
        #[arg(long)]
        private: bool,
        /// A file that goes with it; may be given several times
        #[arg(long = "file", value_name = "FILE")]
        files: Vec<String>,
    },
    /// Change the text, the shortcut, the category or the files
    #[command(group = clap::ArgGroup::new("change").required(true).multiple(true))]
    Edit {
        /// Which one
        shortcut: String,
        /// The new text
        #[arg(long, group = "change")]
        text: Option<String>,
        /// The new shortcut
        #[arg(long, group = "change", value_name = "SHORTCUT")]
        rename: Option<String>,
        /// The new category; empty for none
        #[arg(long, group = "change", value_name = "WORD")]
        category: Option<String>,
        /// The files that go with it now; may be given several times
        #[arg(long = "file", group = "change", value_name = "FILE")]
        files: Option<Vec<String>>,
    },
    /// Delete one
    Delete {
        /// Which one
        shortcut: String,
    },
    /// Save all replies of a TOML file
    Import(Import),
    /// Write them as TOML, to be imported elsewhere
    Export(Export),
}

/// `macros`.
#[derive(Debug, Args)]
pub struct Macros {
    /// What to do [default: list]
    #[command(subcommand)]
    pub action: Option<MacroAction>,
    /// Print one JSON document instead of a table; errors become {"error": …} on standard error
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do with macros.
#[derive(Debug, Subcommand)]
pub enum MacroAction {
    /// List them, most used first
    List,
    /// Save a new one
    #[command(after_help = super::super::macros::steps_help())]
    Add {
        /// One word; `"F5" = "macro.run NAME"` in keys.toml puts it on a key
        name: String,
        /// What it does, one step each: `reply thanks`, `mark read`
        #[arg(required = true)]
        steps: Vec<String>,
        /// What it is for, in one line
        #[arg(long, value_name = "WORDS", default_value = "")]
        about: String,
        /// Only you have it
        #[arg(long)]
        private: bool,
    },
    /// Show what one would do to a thread, and do it
    #[command(after_help = super::EXIT_CODES)]
    Run {
        /// Which one; your own comes before everybody's
        name: String,
        /// To which thread: its id, a phone number, a user id, or a name that is unique
        #[arg(long, value_name = "THREAD")]
        to: String,
        /// Only on this account
        #[arg(long, value_name = "ID", value_parser = super::account)]
        account: Option<AccountId>,
        /// A value that its texts ask for, repeated: order=4711
        #[arg(long = "value", value_name = "NAME=VALUE", value_parser = super::value)]
        values: Vec<(String, String)>,
        /// Say what would be done, and do nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Delete one
    Delete {
        /// Which one
        name: String,
    },
    /// Save all macros of a TOML file
    #[command(after_help = super::super::macros::steps_help())]
    Import(Import),
    /// Write them as TOML, to be imported elsewhere
    Export(Export),
}

/// `import`.
#[derive(Debug, Args)]
pub struct Import {
    /// The file; with a mistake in it nothing is saved
    pub file: PathBuf,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Change what has the same name; without it that stays as it is
    #[arg(long)]
    pub replace: bool,
}

/// `export`.
#[derive(Debug, Args)]
pub struct Export {
    /// A new file [default: standard output]
    pub file: Option<PathBuf>,
}
