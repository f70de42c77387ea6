//! The inbox: attach or host, then the screen.

use super::failure::{Exit, Failure};
use super::host::{self, Left};
use super::session::{Line, Role};
use super::{Context, session, signals};
use crate::config::paths;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

pub(super) async fn run(ctx: Context<'_>) -> Result<Exit, Failure> {
    let line = ctx.line(Role::Shared).await?;
    // The log of an engine is its user's; ours is in our own folder.
    let log = if ctx.target().foreign() { paths::data_dir() } else { Some(ctx.checked.data_dir.clone()) };
    if let Some(log) = log.filter(|log| log.is_dir()) {
        ctx.log_to(&log);
    }
    for warning in &ctx.checked.warnings {
        tracing::warn!("{warning}");
    }
    show(&ctx, line, async || ctx.line(Role::Shared).await).await
}

/// Shows the inbox on a line until the operator quits. When the engine that it is attached to goes away, it opens
/// another line: to the next host, or it becomes the host itself where it may. All state is in the store.
pub(super) async fn show(
    ctx: &Context<'_>,
    mut line: Line,
    again: impl AsyncFn() -> Result<Line, Failure>,
) -> Result<Exit, Failure> {
    loop {
        let Line { connection, host: hosted, operator } = line;
        let settings = ctx.checked.ui.clone();
        let attached = hosted.is_none();
        let left = ctx.launcher.screen(connection, settings, ctx.clock.clone(), &operator, attached).await;
        if let Some(hosted) = hosted {
            hosted.stop().await;
        }
        match left? {
            Left::EngineGone if attached => {
                let waited = AtomicBool::new(false);
                let waits = |what: &str| {
                    // A closed standard error changes nothing.
                    let _ = writeln!(std::io::stderr(), "{what}; what is typed meanwhile is not kept");
                    waited.store(true, Ordering::Relaxed);
                    host::drop_keys(true);
                };
                line = tokio::select! {
                    line = session::reopen(ctx.target(), ctx.env, waits, &again) => line?,
                    // The screen has taken the signals from their usual way.
                    _ = signals::ended() => return Ok(Exit::Done),
                };
                if waited.into_inner() {
                    host::drop_keys(false);
                }
            }
            Left::EngineGone | Left::Quit => return Ok(Exit::Done),
        }
    }
}
