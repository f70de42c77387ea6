//! The arguments of `sync`.

use super::args::Format;
use super::since::{Since, since};
use crate::model::ids::AccountId;
use clap::Args;

/// Printed under the help.
pub const ABOUT: &str = "\
Without --history it reads templates and the facts of the number.

With --history it reads the past of accounts whose provider keeps it (Kapso), the newest first, and shows how far it is \
until all is here. Ctrl+C leaves; a running engine goes on by itself, and one that was started for this command goes on \
where it stopped the next time. It takes at most half of the calls that the provider allows, and lets sends go first.";

/// `sync`.
#[derive(Debug, Args)]
pub struct Sync {
    /// Only this account
    #[arg(long, value_name = "ACCOUNT", value_parser = account)]
    pub account: Option<AccountId>,
    /// Read the past messages
    #[arg(long)]
    pub history: bool,
    /// Nothing older than this (30d, 2026-01-31, 2026-01-31T09:00)
    #[arg(long, value_name = "TIME", requires = "history", value_parser = since)]
    pub from: Option<Since>,
    /// Stop reading the past; what is here stays
    #[arg(long, requires = "history", conflicts_with = "from")]
    pub stop: bool,
    /// Do not wait until all is here
    #[arg(long, requires = "history", conflicts_with = "stop")]
    pub no_wait: bool,
    /// Output
    #[command(flatten)]
    pub format: Format,
}

fn account(text: &str) -> Result<AccountId, String> {
    if text.is_empty() { Err("the name of an account is expected".into()) } else { Ok(AccountId::new(text)) }
}
