//! The arguments of `follow`.

use clap::Args;
use std::path::PathBuf;

/// Printed under the help.
pub const ABOUT: &str = "\
Each line is about one thing: a message that is new (a customer's, yours, a note), a message that changed (ticks, \
failures, reactions), a thread that changed (read, assigned, labelled, resolved, …), or a gap, when something was not \
kept. A line says what happened when, and shows message and thread as they are by now.

With a cursor file it goes on where it stopped: the place is written after a line was printed or the command ended \
well, never before. So a line may come twice after a crash, and none is lost (at least once). Lines are kept for 30 \
days after somebody last followed; without a cursor file, and with a new one, it begins now.

The command gets the line on standard input, as JSON; nothing of it stands in its arguments or its environment. A \
command that fails ends `follow`, and its line comes again.";

/// `follow`.
#[derive(Debug, Args)]
pub struct Follow {
    /// Keep the place in this file
    #[arg(long, value_name = "FILE")]
    pub cursor_file: Option<PathBuf>,
    /// Run this with `sh -c` for each line, with the line on its standard input, instead of printing it
    #[arg(long, value_name = "COMMAND")]
    pub exec: Option<String>,
    /// End when everything up to now was dealt with
    #[arg(long, requires = "cursor_file")]
    pub once: bool,
    /// Print JSON, one document for each line; without it, a short line for people
    #[arg(long)]
    pub json: bool,
}
