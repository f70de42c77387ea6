//! A big store for measuring, made as the engine would find it.

use super::EngineError;
use crate::clock::Millis;
use crate::store::seed::{self, SeedOptions};
use std::io::Write;
use std::path::Path;

/// Fills a new data folder with made-up conversations whose newest message is of time `newest`, and tells `out`
/// how far it is. The same numbers give the same content.
pub fn seed(
    dir: &Path,
    messages: u64,
    threads: u64,
    seed: u64,
    newest: Millis,
    out: &mut dyn Write,
) -> Result<(), EngineError> {
    let path = dir.join("switchboard.db");
    // Progress is a courtesy: a closed output must not leave half a store behind.
    let mut progress = |done: u64| {
        let _ = writeln!(out, "{done} of {messages} messages").and_then(|()| out.flush());
    };
    seed::seed(&path, SeedOptions { messages, threads, seed, newest }, &mut progress)?;
    let _ = writeln!(out, "{} is ready", path.display());
    Ok(())
}
