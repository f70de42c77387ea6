//! `switchboard reload`: the running service reads its configuration again.

use super::Context;
use super::failure::{Exit, Failure};
use super::session;
use crate::protocol::Problem;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

pub(super) async fn run(ctx: Context<'_>) -> Result<Exit, Failure> {
    if ctx.target().foreign() {
        return Err(Failure::engine(
            Problem::new("forbidden", "the engine runs as another user")
                .next("let its admin run this, or `systemctl reload switchboard`"),
        ));
    }
    // A mistake is said here and now, before the engine finds it.
    super::settings(ctx.checked.clone(), ctx.env.clone()).await?;
    let dir = session::data_dir(&ctx.checked.data_dir)?;
    let pid = dir.service().and_then(Pid::from_raw).ok_or_else(|| {
        Failure::engine(
            Problem::new("no_engine", "no service runs on this data folder")
                .means("the inbox that hosts an engine by itself reads its configuration when it starts")
                .next("start one with `switchboard serve`"),
        )
    })?;
    kill_process(pid, Signal::HUP)
        .map_err(|e| Failure::engine(Problem::new("engine", format!("process {pid}: {e}"))))?;
    if ctx.out.json {
        ctx.out.document(&json!({ "pid": pid.as_raw_nonzero().get() }))?;
    } else {
        ctx.out.line(&format!("process {pid} reads its configuration again; its log says what changed and what waits for a restart"))?;
    }
    Ok(Exit::Done)
}
