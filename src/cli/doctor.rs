//! `switchboard doctor`: configuration and folder from here, the rest by the engine.

use super::Context;
use super::failure::{Exit, Failure};
use super::host;
use super::output::Output;
use super::session::Role;
use crate::config::ConfigError;
use crate::protocol::{Check, Request, Response, Verdict};
use crate::text::sanitize;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// What is said when the configuration cannot even be read.
pub(super) fn broken_config(e: &ConfigError, out: &mut Output) -> Result<Exit, Failure> {
    let check = Check {
        name: "config".into(),
        account: None,
        verdict: Verdict::Fail,
        seen: e.to_string(),
        fix: "correct that place; config.example.toml shows every key".into(),
    };
    print(&[check], out)
}

pub(super) async fn run(ctx: Context<'_>) -> Result<Exit, Failure> {
    let mut checks = own(&ctx);
    match ctx.session(Role::Listens).await {
        Ok(mut session) => {
            let answer = session.client.ask(Request::Doctor).await;
            let hosted = session.hosted();
            session.close().await;
            checks.push(Check {
                name: "engine".into(),
                account: None,
                verdict: Verdict::Pass,
                seen: if hosted { "none was running; started one for this check" } else { "running" }.into(),
                fix: String::new(),
            });
            match answer? {
                Response::Checks(list) => checks.extend(list),
                _ => return Err(Failure::unexpected()),
            }
        }
        Err(Failure::Problem(exit, p)) => checks.push(Check {
            name: if exit == Exit::Usage { "config.secrets" } else { "engine" }.into(),
            account: None,
            verdict: Verdict::Fail,
            seen: p.what,
            fix: p.next,
        }),
        Err(e @ Failure::OutputClosed) => return Err(e),
    }
    print(&checks, ctx.out)
}

/// What can be checked without an engine.
fn own(ctx: &Context<'_>) -> Vec<Check> {
    let check = |name: &str, verdict, seen: String, fix: &str| Check {
        name: name.into(),
        account: None,
        verdict,
        seen,
        fix: fix.into(),
    };
    let mut checks = Vec::new();
    let n = ctx.checked.accounts.len();
    checks.push(match &ctx.checked.file {
        Some(file) if n > 0 => {
            check("config", Verdict::Pass, format!("{}: {n} account(s)", file.display()), "")
        }
        Some(file) => check(
            "config",
            Verdict::Warn,
            format!("{}: no accounts", file.display()),
            "add [[accounts]]; config.example.toml shows how",
        ),
        None => check(
            "config",
            Verdict::Warn,
            "there is no configuration file".into(),
            "copy config.example.toml to the place that `switchboard --help` names, or try `switchboard demo`",
        ),
    });
    if let Some(file) = &ctx.checked.file {
        // It says where the messages go and which programs are run for secrets.
        checks.extend(mode(file, 0o022, "config.mode", "others can change it", "chmod go-w"));
    }
    for file in ctx.checked.secret_files() {
        checks.extend(mode(&file, 0o077, "config.secrets", "others can read it", "chmod 600"));
    }
    let (_, problems) = host::key_rows(&ctx.checked.ui.keys);
    for problem in problems {
        checks.push(check(
            "config.keys",
            Verdict::Warn,
            problem,
            "correct that line; `switchboard keys` prints every name",
        ));
    }
    for warning in &ctx.checked.warnings {
        checks.push(check("config", Verdict::Warn, warning.clone(), "change it, or leave it knowingly"));
    }
    checks
}

/// A file that others must not be able to do something with.
fn mode(file: &Path, closed: u32, name: &str, open: &str, fix: &str) -> Option<Check> {
    let shown = file.display();
    let (seen, fix) = match std::fs::metadata(file).map(|m| m.permissions().mode() & 0o777) {
        Err(e) => (format!("{shown}: {e}"), "check the path and its owner".to_owned()),
        Ok(mode) if mode & closed != 0 => {
            (format!("{shown} has mode {mode:o}: {open}"), format!("{fix} {shown}"))
        }
        Ok(_) => return None,
    };
    Some(Check { name: name.into(), account: None, verdict: Verdict::Fail, seen, fix })
}

fn print(checks: &[Check], out: &mut Output) -> Result<Exit, Failure> {
    let failed = checks.iter().any(|c| c.verdict == Verdict::Fail);
    if out.json {
        out.document(&checks)?;
    } else {
        for c in checks {
            let (word, color) = match c.verdict {
                Verdict::Pass => ("pass", "32"),
                Verdict::Warn => ("warn", "33"),
                Verdict::Fail => ("FAIL", "31"),
            };
            let word = if out.color { format!("\u{1b}[{color}m{word}\u{1b}[0m") } else { word.to_owned() };
            let account = c.account.as_ref().map(|a| format!(" ({a})")).unwrap_or_default();
            out.line(&format!("{word}  {}{account}: {}", sanitize(&c.name), sanitize(&c.seen)))?;
            if !c.fix.is_empty() {
                out.line(&format!("      do: {}", sanitize(&c.fix)))?;
            }
        }
    }
    Ok(if failed { Exit::Doctor } else { Exit::Done })
}
