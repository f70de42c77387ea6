//! The inbox: attach or host, then the screen.

use super::Context;
use super::failure::{Exit, Failure};
use super::host::Left;
use super::session::{Line, Role};
use crate::protocol::Problem;

pub(super) async fn run(ctx: Context<'_>) -> Result<Exit, Failure> {
    for warning in &ctx.checked.warnings {
        tracing::warn!("{warning}");
    }
    loop {
        let line = ctx.line(Role::Shared).await?;
        ctx.log_to(&ctx.checked.data_dir);
        if let Some(exit) = show(&ctx, line).await? {
            return Ok(exit);
        }
    }
}

/// Shows the inbox on a line; `None` when the engine of another process ended and this one takes over.
pub(super) async fn show(ctx: &Context<'_>, line: Line) -> Result<Option<Exit>, Failure> {
    let Line { connection, host, operator } = line;
    let settings = ctx.checked.ui.clone();
    let left = ctx.launcher.screen(connection, settings, ctx.clock.clone(), &operator).await;
    let hosted = host.is_some();
    if let Some(host) = host {
        host.stop().await;
    }
    match left? {
        Left::Quit => Ok(Some(Exit::Done)),
        Left::EngineGone if hosted => Err(Failure::engine(
            Problem::new("engine_gone", "the engine stopped by itself")
                .next("start again; switchboard.log in the data folder says why"),
        )),
        Left::EngineGone => Ok(None),
    }
}
