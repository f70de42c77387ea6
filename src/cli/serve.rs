//! `switchboard serve`: the engine without a screen.

use super::failure::{Exit, Failure};
use super::session::{Host, Role};
use super::signals::{Signals, Told};
use super::{Context, settings};
use crate::config::{self, Flags};
use crate::daemon::system::{self, State};
use crate::protocol::Problem;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use std::fmt::Write as _;

pub(super) async fn run(mut ctx: Context<'_>, flags: &Flags) -> Result<Exit, Failure> {
    // From the start: a signal that comes while the engine starts is not lost.
    let mut signals = Signals::listen()?;
    if ctx.target().foreign() {
        let user = ctx.checked.socket.user.as_deref().unwrap_or("the owner of the data folder");
        return Err(Failure::engine(
            Problem::new("forbidden", format!("this engine runs as {user}, and you are somebody else"))
                .next("start it as that user, or let the system do it: `systemctl start switchboard`"),
        ));
    }
    many_files();
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
        Ok(()) => {
            system::tell(&State::Ready(format!("{} accounts", accounts.len())));
            while signals.next().await == Told::Reload {
                let words = reload(&mut ctx, &host, flags).await;
                system::tell(&State::Ready(words));
            }
            Ok(())
        }
        Err(e) => Err(e),
    };
    system::tell(&State::Stopping);
    host.stop().await;
    result.map(|()| Exit::Done)
}

/// Reads the configuration again, and takes over what can change. Says so in one line, in the log and on the screen
/// of whoever started the service. A mistake in it changes nothing.
async fn reload(ctx: &mut Context<'_>, host: &Host, flags: &Flags) -> String {
    let read = async {
        let checked = config::read(flags, ctx.env)?;
        let mut new = settings(checked.clone(), ctx.env.clone()).await?;
        // The socket is open already.
        let moved = checked.socket != ctx.checked.socket;
        new.engine.background = host.settings.engine.background;
        Ok::<_, Failure>((new, moved))
    };
    let words = match read.await {
        Err(e) => {
            let what = match e {
                Failure::Problem(_, problem) => problem.what,
                Failure::OutputClosed => "nobody reads".to_owned(),
            };
            tracing::error!("the configuration was not read again: {what}");
            format!("the configuration has a mistake, and the old one stays: {what}")
        }
        Ok((new, moved)) => {
            let (changed, mut restart) = host.reload(&new);
            if moved {
                restart.push("[engine]".to_owned());
            }
            let list = |what: &[String]| if what.is_empty() { "nothing".to_owned() } else { what.join(", ") };
            let mut words = format!("configuration read again: {} changed", list(&changed));
            if !restart.is_empty() {
                let _ = write!(words, "; waits for a restart: {}", list(&restart));
            }
            tracing::info!("{words}");
            words
        }
    };
    ctx.out.remark(&words);
    words
}

/// Every client and every webhook is an open file; the usual soft limit is meant for programs with few of them.
fn many_files() {
    const WANTED: u64 = 8192;
    let limit = getrlimit(Resource::Nofile);
    if let (Some(now), most) = (limit.current, limit.maximum)
        && now < WANTED
    {
        let current = Some(most.map_or(WANTED, |most| most.min(WANTED)));
        if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current, maximum: most }) {
            tracing::debug!(%error, "the limit of open files stays");
        }
    }
}
