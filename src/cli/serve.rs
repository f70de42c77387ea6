//! `switchboard serve`: the engine without a screen.

use super::failure::{Exit, Failure};
use super::session::Role;
use super::{Context, signals};
use crate::protocol::Problem;
use serde_json::json;

pub(super) async fn run(ctx: Context<'_>) -> Result<Exit, Failure> {
    if ctx.target().foreign() {
        let user = ctx.checked.socket.user.as_deref().unwrap_or("the owner of the data folder");
        return Err(Failure::engine(
            Problem::new("forbidden", format!("this engine runs as {user}, and you are somebody else"))
                .next("start it as that user, or let the system do it: `systemctl start switchboard`"),
        ));
    }
    let line = ctx.line(Role::Service).await?;
    let Some(host) = line.host else {
        return Err(Failure::engine(
            Problem::new("locked", "an engine runs already for this data folder")
                .means("one engine serves a data folder; all clients attach to it")
                .next("stop the other one first, or give another folder with --data"),
        ));
    };
    // Nobody asks on our own line; dropping it frees what the engine keeps for a client.
    drop(line.connection);
    ctx.log_to(&ctx.checked.data_dir);
    for warning in &ctx.checked.warnings {
        tracing::warn!("{warning}");
        ctx.out.remark(&format!("warning: {warning}"));
    }
    let accounts: Vec<_> = host
        .settings
        .engine
        .accounts
        .iter()
        .map(|a| (a.spec.id.clone(), a.spec.name.clone(), host.listener_url(&a.spec.id)))
        .collect();
    let shown = if ctx.out.json {
        let list: Vec<_> = accounts
            .iter()
            .map(|(id, name, url)| json!({ "account": id, "name": name, "webhook": url }))
            .collect();
        ctx.out.document(&json!({ "data_dir": ctx.checked.data_dir, "accounts": list }))
    } else {
        let mut lines = vec![format!("engine on {}", ctx.checked.data_dir.display())];
        for (id, name, url) in &accounts {
            let url = url.as_deref().unwrap_or("no listener: see `switchboard doctor`");
            lines.push(format!("{id}  {}  {url}", crate::text::sanitize(name)));
        }
        lines.push("stop with Ctrl+C".to_owned());
        ctx.out.line(&lines.join("\n")).map_err(Failure::from)
    };
    let result = match shown {
        Ok(()) => signals::ended().await.map_err(Failure::from),
        Err(e) => Err(e),
    };
    host.stop().await;
    result.map(|()| Exit::Done)
}
