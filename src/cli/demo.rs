//! `switchboard demo`: the whole product against the emulator. Engine and screen are those of every day; only
//! the accounts come from here.

use super::args::Demo;
use super::failure::{Exit, Failure};
use super::host::{EmulatedNumber, EmulatorPlan};
use super::session::{self, Prepared, Role};
use super::{Context, emulate, tui};
use crate::config::settings::{AccountSettings, EngineSettings, ListenerSettings, Settings};
use crate::model::event::AccountSpec;
use crate::model::ids::AccountId;
use crate::protocol::Problem;
use secrecy::SecretString;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// Says that a folder belongs to the demo; no other is ever written to or emptied.
const MARK: &str = "demo-data";
/// Short name and environment of the emulator's numbers, in their order.
const ACCOUNTS: [(&str, &str); 3] =
    [("support", "production"), ("sales", "production"), ("lojas-br", "development")];

/// `named` says whether the folder was given on the command line.
pub(super) async fn run(mut ctx: Context<'_>, args: Demo, named: bool) -> Result<Exit, Failure> {
    if !named {
        ctx.checked.data_dir = ctx.checked.data_dir.join("demo");
    }
    claim(&ctx, args.fresh)?;
    let path = ctx.checked.data_dir.clone();
    let prepare = async || prepare(&ctx, &path, args.speed).await;
    let line = session::open(&path, ctx.env, &ctx.clock, ctx.launcher, Role::Shared, prepare).await?;
    ctx.log_to(&path);
    tui::show(&ctx, line).await
}

/// Makes sure that the folder is the demo's own; empties it when asked to.
fn claim(ctx: &Context<'_>, fresh: bool) -> Result<(), Failure> {
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
    if !mark.exists() {
        std::fs::write(&mark, "This folder belongs to `switchboard demo` and may be deleted.\n")
            .map_err(failed)?;
    }
    Ok(())
}

fn remove(entry: &Path) -> io::Result<()> {
    if std::fs::symlink_metadata(entry)?.is_dir() {
        std::fs::remove_dir_all(entry)
    } else {
        std::fs::remove_file(entry)
    }
}

/// Starts the emulator and describes its numbers as accounts.
async fn prepare(ctx: &Context<'_>, path: &Path, speed: f64) -> Result<Prepared, Failure> {
    let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let plan = EmulatorPlan {
        bind: loopback,
        speed,
        seed: None,
        scenario: None,
        state: Some(path.join("emulator.json")),
        play: true,
    };
    let emulator = ctx.launcher.emulator(plan, ctx.clock.clone()).await?;
    let base = emulator.base_url();
    let accounts = emulator
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
    let settings = Settings {
        file: None,
        engine: EngineSettings {
            data_dir: path.to_path_buf(),
            listener: ListenerSettings { bind: loopback, public_url: None, ..ctx.checked.listener.clone() },
            accounts,
            undo: ctx.checked.undo,
            keep_webhooks: ctx.checked.keep_webhooks,
            serve_listener: true,
            background: true,
        },
        ui: ctx.checked.ui.clone(),
    };
    Ok(Prepared { settings, emulator: Some(emulator) })
}
