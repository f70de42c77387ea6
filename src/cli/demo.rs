//! `switchboard demo`: the whole product against the emulator. Engine and screen are those of every day; only
//! the accounts come from here.

use super::args::Demo;
use super::failure::{Exit, Failure};
use super::host::{EmulatedNumber, EmulatorPlan};
use super::library::Item;
use super::session::{self, Prepared, Role};
use super::{Context, emulate, tui};
use crate::config::Source;
use crate::config::settings::{AccountSettings, EngineSettings, ListenerSettings, Settings, SocketSettings};
use crate::model::event::AccountSpec;
use crate::model::ids::AccountId;
use crate::model::macros::Macro;
use crate::model::quick_reply::QuickReply;
use crate::protocol::client::{Client, Connection};
use crate::protocol::{Problem, Request, Response};
use secrecy::SecretString;
use std::fs::Permissions;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Says that a folder belongs to the demo; no other is ever written to or emptied.
const MARK: &str = "demo-data";
/// Where the port of the demo's provider is noted.
const PORT: &str = "emulator.port";
/// Saved replies and macros that a new demo begins with.
const QUICK_REPLIES: &str = include_str!("../../assets/demo-quick-replies.toml");
const MACROS: &str = include_str!("../../assets/demo-macros.toml");
/// Short name and environment of the emulator's numbers, in their order.
const ACCOUNTS: [(&str, &str); 3] =
    [("support", "production"), ("sales", "production"), ("lojas-br", "development")];
/// The same for the numbers of its Kapso project, and what their webhooks are signed with.
const KAPSO_ACCOUNTS: [&str; 1] = ["tienda-sol"];
const KAPSO_SECRET: &str = "demo-kapso-webhooks";

/// `named` says whether the folder was given on the command line.
pub(super) async fn run(mut ctx: Context<'_>, args: Demo, named: bool) -> Result<Exit, Failure> {
    if !named {
        ctx.checked.data_dir = ctx.checked.data_dir.join("demo");
    }
    // A demo is nobody else's, whatever the environment says about a team's engine.
    ctx.checked.socket = SocketSettings::default();
    let new = claim(&ctx, args.fresh)?;
    let path = ctx.checked.data_dir.clone();
    let open = async || {
        let prepare = async || prepare(&ctx, &path, args.speed, args.faults.clone()).await;
        session::open(ctx.target(), ctx.env, &ctx.clock, ctx.launcher, Role::Shared, prepare).await
    };
    let line = open().await?;
    ctx.log_to(&path);
    if let Some(host) = line.host.as_ref().filter(|_| new) {
        save_library(&ctx, host.connect()).await?;
    }
    tui::show(&ctx, line, open).await
}

/// What one of the demo's own files has.
fn read<T: Item>(name: &str, text: &str) -> Result<Vec<T>, Failure> {
    let entries = T::read(&Source::new(name.into(), text.to_owned())).map_err(|wrong| {
        let first = wrong.first().map(ToString::to_string).unwrap_or_default();
        Failure::engine(Problem::new("engine", first))
    })?;
    Ok(entries.into_iter().map(|(item, _)| item).collect())
}

fn quick_replies() -> Result<Vec<QuickReply>, Failure> {
    read("demo-quick-replies.toml", QUICK_REPLIES)
}

fn macros() -> Result<Vec<Macro>, Failure> {
    read("demo-macros.toml", MACROS)
}

/// Saves the replies and macros of a new demo through the engine, if it has none.
async fn save_library(ctx: &Context<'_>, connection: Connection) -> Result<(), Failure> {
    let mut client = Client::new(connection);
    match client.ask(Request::QuickReplies).await? {
        Response::QuickReplies(there) if there.is_empty() => {}
        _ => return Ok(()),
    }
    let now = ctx.clock.now();
    let replies = quick_replies()?.into_iter().map(|r| r.save(now));
    for request in replies.chain(macros()?.into_iter().map(|m| m.save(now))) {
        client.ask(request).await?;
    }
    Ok(())
}

/// Makes sure that the folder is the demo's own; empties it when asked to. Says whether it starts from nothing.
fn claim(ctx: &Context<'_>, fresh: bool) -> Result<bool, Failure> {
    let path = &ctx.checked.data_dir;
    let dir = session::data_dir(path)?;
    let failed = |e: io::Error| {
        Failure::engine(Problem::new("engine", format!("demo folder {}: {e}", path.display())))
    };
    let entries: Vec<PathBuf> =
        std::fs::read_dir(path).map_err(failed)?.filter_map(Result::ok).map(|e| e.path()).collect();
    let mark = path.join(MARK);
    if !entries.is_empty() && !mark.exists() {
        return Err(Failure::new(
            Problem::new("usage", format!("{} holds something else than a demo", path.display()))
                .means("the demo never touches a folder that it did not make")
                .next("give an empty folder with --data, or leave --data out"),
        ));
    }
    if fresh && mark.exists() {
        let lock =
            dir.lock(ctx.clock.now()).map_err(|e| Failure::engine(Problem::new("engine", e.to_string())))?;
        let Some(_lock) = lock else {
            return Err(Failure::engine(
                Problem::new("locked", format!("a demo is running ({})", dir.holder()))
                    .next("quit it first, or start without --fresh to attach to it"),
            ));
        };
        for entry in entries.iter().filter(|e| e.file_name().is_some_and(|n| n != "engine.lock" && n != MARK))
        {
            remove(entry).map_err(failed)?;
        }
    }
    let new = fresh || !mark.exists();
    if !mark.exists() {
        std::fs::write(&mark, "This folder belongs to `switchboard demo` and may be deleted.\n")
            .map_err(failed)?;
    }
    std::fs::set_permissions(&mark, Permissions::from_mode(0o600)).map_err(failed)?;
    Ok(new)
}

fn remove(entry: &Path) -> io::Result<()> {
    if std::fs::symlink_metadata(entry)?.is_dir() {
        std::fs::remove_dir_all(entry)
    } else {
        std::fs::remove_file(entry)
    }
}

/// Starts the emulator and describes its numbers as accounts.
async fn prepare(
    ctx: &Context<'_>,
    path: &Path,
    speed: f64,
    faults: Option<String>,
) -> Result<Prepared, Failure> {
    let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let plan = |port: u16| EmulatorPlan {
        bind: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        speed,
        seed: None,
        scenario: None,
        state: Some(path.join("emulator.json")),
        play: true,
        faults: faults.clone(),
    };
    // Accounts that were connected in the demo know the address of its provider: it stays, unless somebody else took it.
    let remembered = path.join(PORT);
    let port = std::fs::read_to_string(&remembered).ok().and_then(|p| p.trim().parse().ok()).unwrap_or(0);
    let emulator = match ctx.launcher.emulator(plan(port), ctx.clock.clone()).await {
        Err(_) if port != 0 => ctx.launcher.emulator(plan(0), ctx.clock.clone()).await?,
        other => other?,
    };
    let base = emulator.base_url();
    if let Some(port) = base.rsplit(':').next().filter(|p| p.parse::<u16>().is_ok()) {
        // Only convenience hangs on it.
        if let Err(error) = std::fs::write(&remembered, port) {
            tracing::warn!(%error, "the port of the demo's provider was not noted");
        }
    }
    let mut accounts: Vec<AccountSettings> = emulator
        .numbers()
        .into_iter()
        .zip(ACCOUNTS)
        .map(|(number, (id, environment))| {
            let EmulatedNumber { id: number, business, name } = number;
            AccountSettings {
                spec: AccountSpec {
                    id: AccountId::new(id),
                    name,
                    provider: "meta".into(),
                    environment: environment.into(),
                    number,
                    business,
                },
                api_base: base.clone(),
                api_version: "v25.0".into(),
                access_token: SecretString::from(emulator.access_token()),
                app_secret: SecretString::from(emulator.app_secret()),
                verify_token: SecretString::from(emulate::VERIFY_TOKEN),
                subscribe: true,
                read_receipts: true,
            }
        })
        .collect();
    accounts.extend(emulator.kapso_numbers().into_iter().zip(KAPSO_ACCOUNTS).map(|(number, id)| {
        let EmulatedNumber { id: number, business, name } = number;
        AccountSettings {
            spec: AccountSpec {
                id: AccountId::new(id),
                name,
                provider: "kapso".into(),
                environment: "production".into(),
                number,
                business,
            },
            api_base: base.clone(),
            api_version: "v24.0".into(),
            access_token: SecretString::from(emulator.kapso_key()),
            app_secret: SecretString::from(KAPSO_SECRET),
            verify_token: SecretString::from(""),
            subscribe: true,
            read_receipts: true,
        }
    }));
    let settings = Settings {
        file: None,
        engine: EngineSettings {
            data_dir: path.to_path_buf(),
            listener: ListenerSettings { bind: loopback, public_url: None, ..ctx.checked.listener.clone() },
            accounts,
            undo: ctx.checked.undo,
            keep_webhooks: ctx.checked.keep_webhooks,
            keep_webhooks_bytes: ctx.checked.keep_webhooks_bytes,
            keep_activity: ctx.checked.keep_activity,
            keep_files: ctx.checked.keep_files,
            keep_files_bytes: ctx.checked.keep_files_bytes,
            silence: ctx.checked.silence,
            // What the customers of the play wrote before it began is no news.
            late: Duration::ZERO,
            template_age: ctx.checked.template_age,
            serve_listener: true,
            background: true,
        },
        ui: ctx.checked.ui.clone(),
    };
    Ok(Prepared { settings, emulator: Some(emulator) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_saved_replies_are_good_and_differ() {
        let replies = quick_replies().unwrap();
        assert!(replies.len() >= 5);
        for (i, r) in replies.iter().enumerate() {
            assert!(replies[..i].iter().all(|o| o.shortcut != r.shortcut), "{}", r.shortcut);
        }
        let asks = |r: &QuickReply| r.text.contains("{{ order_number }}");
        assert!(replies.iter().any(asks), "one asks for a value that nobody knows");
        assert!(replies.iter().all(|r| !r.category.is_empty()));
    }

    #[test]
    fn the_macros_use_replies_that_are_there() {
        let replies = quick_replies().unwrap();
        let macros = macros().unwrap();
        assert!(macros.len() >= 2);
        for step in macros.iter().flat_map(|m| &m.steps) {
            if let crate::model::macros::MacroStep::Reply(shortcut) = step {
                assert!(replies.iter().any(|r| r.shortcut == *shortcut), "{shortcut}");
            }
        }
    }
}
