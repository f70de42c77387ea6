//! The database: whole, and in agreement with itself.

use super::{Finding, check, fail, pass, warn};
use crate::engine::{Shared, activity};
use crate::protocol::Check;
use crate::store::Reader;
use std::fmt::Write as _;

/// Whether the activity log is as it was written.
async fn chain(shared: &Shared) -> Finding {
    match activity::verify(shared).await {
        Ok(report) => match report.broken {
            None => {
                let mut seen =
                    format!("{} rows of the activity log are as they were written", report.checked);
                if report.before > 0 {
                    let _ = write!(seen, "; {} are older than the chain of hashes", report.before);
                }
                if let Some(row) = report.removed_upto {
                    let _ = write!(seen, "; rows up to {row} were kept long enough");
                }
                pass(seen)
            }
            Some(at) => fail(
                format!("the activity log was changed: row {}: {}", at.id, at.what),
                "`switchboard activity verify` says when; compare with a backup, and find out who could write the \
                 data folder: Switchboard itself never changes a row",
            ),
        },
        Err(e) => fail(e.to_string(), RESTORE),
    }
}

const RESTORE: &str = "stop Switchboard, keep a copy of the data folder, restore a backup";

pub(super) async fn run(shared: &Shared) -> Vec<Check> {
    let mut out = Vec::new();
    out.push(check(
        "store.integrity",
        None,
        match shared.store.read_slow(Reader::quick_check).await {
            Ok(None) => pass("the database is whole"),
            Ok(Some(why)) => fail(why, RESTORE),
            Err(e) => fail(e.to_string(), RESTORE),
        },
    ));
    out.push(check(
        "store.counters",
        None,
        match shared.store.read_slow(Reader::recount).await {
            Ok(wrong) if wrong.is_empty() => pass("counters agree with a recount"),
            Ok(wrong) => fail(wrong.join("; "), "report this as a bug, with the log"),
            Err(e) => fail(e.to_string(), RESTORE),
        },
    ));
    out.push(check("store.activity", None, chain(shared).await));
    if let Ok(known) = shared.store.read(Reader::accounts).await {
        for view in &known {
            let id = &view.spec.id;
            let Some(account) = shared.account(id) else {
                let seen = format!("`{id}` has {} threads here and is not configured any more", view.threads);
                out.push(check(
                    "config.unused",
                    None,
                    warn(seen, "configure it again, or leave it: its history stays"),
                ));
                continue;
            };
            let text =
                if view.state_text.is_empty() { String::new() } else { format!(": {}", view.state_text) };
            out.push(check(
                "account.state",
                Some(&account),
                match view.state.as_str() {
                    "connected" => pass("connected"),
                    "error" => {
                        fail(format!("the last sync failed{text}"), "see the checks of the provider below")
                    }
                    "pending" => warn("not synced yet", "wait a moment, then run the doctor again"),
                    other => warn(
                        format!("the state is `{other}`{text}"),
                        "`switchboard templates --sync` tries again",
                    ),
                },
            ));
        }
    }
    out
}
