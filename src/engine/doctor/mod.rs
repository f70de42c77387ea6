//! Walks the chain from the data folder to the provider and back, and says which step fails and what to do.
//!
//! One file per area. A check looks at one thing and never changes anything, but for the tests that go through the
//! listener: they are kept and marked as such.

mod account;
mod disk;
mod files;
mod kapso;
mod listener;
mod provider;
mod store;
mod traffic;

use super::{Account, Shared};
use crate::protocol::{Check, Verdict};
use std::sync::Arc;

/// A verdict, what was seen, and what to do about it.
type Finding = (Verdict, String, String);

fn pass(seen: impl Into<String>) -> Finding {
    (Verdict::Pass, seen.into(), String::new())
}

fn warn(seen: impl Into<String>, fix: impl Into<String>) -> Finding {
    (Verdict::Warn, seen.into(), fix.into())
}

fn fail(seen: impl Into<String>, fix: impl Into<String>) -> Finding {
    (Verdict::Fail, seen.into(), fix.into())
}

fn check(name: &str, account: Option<&Account>, finding: Finding) -> Check {
    let (verdict, seen, fix) = finding;
    Check { name: name.into(), account: account.map(|a| a.id().clone()), verdict, seen, fix }
}

/// Runs every check, in the order of the chain.
pub(super) async fn run(shared: &Arc<Shared>) -> Vec<Check> {
    // It asks the provider and the disk, and posts to the listener: one at a time, however many ask.
    let _turn = shared.doctor.lock().await;
    let mut out = Vec::new();
    if shared.accounts().is_empty() {
        let fix = "add an [[accounts]] section to the configuration, see config.example.toml";
        out.push(check("config.accounts", None, fail("no account is configured", fix)));
    } else {
        out.push(check("config.accounts", None, pass(format!("{} configured", shared.accounts().len()))));
    }
    out.extend(files::run(shared).await);
    out.extend(store::run(shared).await);
    out.extend(disk::run(shared).await);
    out.extend(provider::clock(shared).await);
    for account in shared.accounts().iter() {
        out.extend(account::run(shared, account).await);
        if !account.is_connected() {
            continue;
        }
        out.extend(provider::run(shared, account).await);
        out.extend(listener::run(shared, account).await);
    }
    out.extend(traffic::run(shared).await);
    out
}
