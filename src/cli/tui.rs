//! The inbox: attach or host, then the screen.

use super::Context;
use super::failure::{Exit, Failure};
use super::host::Left;
use super::session::{Line, Role};

pub(super) async fn run(ctx: Context<'_>) -> Result<Exit, Failure> {
    let line = ctx.line(Role::Shared).await?;
    ctx.log_to(&ctx.checked.data_dir);
    for warning in &ctx.checked.warnings {
        tracing::warn!("{warning}");
    }
    show(&ctx, line, async || ctx.line(Role::Shared).await).await
}

/// Shows the inbox on a line until the operator quits. When the engine that it is attached to goes away, it opens
/// another line: to the next host, or it becomes the host itself. All state is in the store.
pub(super) async fn show(
    ctx: &Context<'_>,
    mut line: Line,
    again: impl AsyncFn() -> Result<Line, Failure>,
) -> Result<Exit, Failure> {
    loop {
        let Line { connection, host, operator } = line;
        let settings = ctx.checked.ui.clone();
        let attached = host.is_none();
        let left = ctx.launcher.screen(connection, settings, ctx.clock.clone(), &operator, attached).await;
        if let Some(host) = host {
            host.stop().await;
        }
        match left? {
            Left::EngineGone if attached => line = again().await?,
            Left::EngineGone | Left::Quit => return Ok(Exit::Done),
        }
    }
}
