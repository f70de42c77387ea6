//! The inbox: attach or host, then the screen.

use super::Context;
use super::failure::{Exit, Failure};
use super::session::{Line, Role};

pub(super) async fn run(ctx: Context<'_>) -> Result<Exit, Failure> {
    let line = ctx.line(Role::Shared).await?;
    ctx.log_to(&ctx.checked.data_dir);
    for warning in &ctx.checked.warnings {
        tracing::warn!("{warning}");
    }
    show(&ctx, line).await
}

/// Shows the inbox on a line until the operator quits.
pub(super) async fn show(ctx: &Context<'_>, line: Line) -> Result<Exit, Failure> {
    let Line { connection, host, operator } = line;
    let settings = ctx.checked.ui.clone();
    let left = ctx.launcher.screen(connection, settings, ctx.clock.clone(), &operator).await;
    if let Some(host) = host {
        host.stop().await;
    }
    left?;
    Ok(Exit::Done)
}
