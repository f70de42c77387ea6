//! `switchboard bench`.

use super::Context;
use super::args::{Bench, BenchAction};
use super::failure::{Exit, Failure};
use super::session;
use crate::protocol::Problem;

pub(super) fn run(ctx: &mut Context<'_>, args: &Bench) -> Result<Exit, Failure> {
    let BenchAction::Seed { messages, threads, seed } = args.action;
    let path = &ctx.checked.data_dir;
    let dir = session::data_dir(path)?;
    let now = ctx.clock.now();
    let lock = dir.lock(now).map_err(|e| Failure::engine(Problem::new("engine", e.to_string())))?;
    let Some(_lock) = lock else {
        return Err(Failure::engine(
            Problem::new("locked", format!("{} is in use by {}", path.display(), dir.holder()))
                .next("give an empty folder with --data"),
        ));
    };
    let others = std::fs::read_dir(path)?.filter_map(Result::ok).any(|e| e.file_name() != "engine.lock");
    if others {
        return Err(Failure::new(
            Problem::new("usage", format!("{} is not empty", path.display()))
                .means("made-up conversations are never mixed with real ones")
                .next("give an empty folder with --data"),
        ));
    }
    let threads = threads.unwrap_or((messages / 20).max(1)).min(messages);
    ctx.launcher.seed(path, messages, threads, seed, now, ctx.out.out())?;
    ctx.out.out().flush()?;
    Ok(Exit::Done)
}
