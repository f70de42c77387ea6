//! `switchboard report`: the numbers and the end-of-shift report from the shell.

use super::Context;
use super::args::{EXIT_CODES, account};
use super::failure::{Exit, Failure};
use super::session::Role;
use super::since::{Since, since};
use crate::model::ids::AccountId;
use crate::protocol::numbers::{NamedNumbers, Numbers, NumbersWanted, Spread};
use crate::protocol::{Request, Response};
use crate::text::{csv, sanitize_lines};
use clap::{Args, ValueEnum};

/// In which form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ReportForm {
    /// Lines to read
    #[default]
    Text,
    /// A table for spreadsheets, times in seconds
    Csv,
    /// One JSON document, times in milliseconds
    Json,
}

/// `report`.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct Report {
    /// From then on: 30m, 12h, 7d, 2026-11-21 or 2026-11-21T09:00 [default: the beginning of today]
    #[arg(long, value_name = "WHEN", value_parser = since)]
    pub since: Option<Since>,
    /// Until then [default: now]
    #[arg(long, value_name = "WHEN", value_parser = since)]
    pub until: Option<Since>,
    /// Only of this operator; without the permission to see the activity log you see your own numbers
    #[arg(long, value_name = "NAME")]
    pub operator: Option<String>,
    /// Only of this account
    #[arg(long, value_name = "ID", value_parser = account)]
    pub account: Option<AccountId>,
    /// In which form
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    pub format: ReportForm,
    /// The same as --format json; errors become {"error": …} on standard error
    #[arg(long)]
    pub json: bool,
}

impl Report {
    /// Whether JSON is wanted.
    #[must_use]
    pub fn wants_json(&self) -> bool {
        self.json || self.format == ReportForm::Json
    }
}

/// `switchboard report`.
pub(super) async fn run(ctx: Context<'_>, args: Report) -> Result<Exit, Failure> {
    let now = ctx.clock.now();
    let name = ctx.checked.ui.timezone.clone();
    let zone = ctx.out.zone();
    let today = jiff::Timestamp::from_millisecond(now)
        .ok()
        .and_then(|t| t.to_zoned(zone.clone()).start_of_day().ok())
        .map_or(now - 86_400_000, |z| z.timestamp().as_millisecond());
    let at = |s: Since| s.millis(now, name.as_deref());
    let wanted = NumbersWanted {
        since: args.since.map_or(today, at),
        until: args.until.map_or(now + 1, at),
        zone: name.clone().or_else(|| zone.iana_name().map(str::to_owned)),
        account: args.account.clone(),
        operator: args.operator.clone(),
    };
    let mut session = ctx.session(Role::Reads).await?;
    let result = session.client.ask(Request::Numbers { wanted }).await;
    session.close().await;
    let Response::Numbers(numbers) = result? else { return Err(Failure::unexpected()) };
    if args.wants_json() {
        ctx.out.document(&numbers)?;
    } else if args.format == ReportForm::Csv {
        ctx.out.out().write_all(table(&numbers).as_bytes())?;
    } else {
        let zone = ctx.out.zone();
        let when = |at: i64| {
            jiff::Timestamp::from_millisecond(at)
                .map(|t| t.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string())
                .unwrap_or_default()
        };
        let text = numbers.report(&when);
        ctx.out.line(sanitize_lines(&text).trim_end())?;
    }
    Ok(Exit::Done)
}

/// All numbers as one table: the whole time, each day, each operator, each account.
fn table(n: &Numbers) -> String {
    let mut out = csv::line(&[
        "section",
        "name",
        "received",
        "sent",
        "answered",
        "resolved",
        "response_times",
        "response_median_s",
        "response_mean_s",
        "response_p90_s",
        "resolution_times",
        "resolution_median_s",
        "resolution_mean_s",
        "resolution_p90_s",
        "open",
        "unassigned",
        "waiting",
        "snoozed",
        "longest_wait_s",
    ]);
    let seconds = |s: &Spread| -> [String; 4] {
        if s.n == 0 {
            // Nothing is known, which is not the same as no time at all.
            return ["0".to_owned(), String::new(), String::new(), String::new()];
        }
        let in_s = |ms: i64| (ms / 1000).to_string();
        [s.n.to_string(), in_s(s.median), in_s(s.mean), in_s(s.p90)]
    };
    let mut add = |section: &str, row: &NamedNumbers, now: bool| {
        let w = &row.work;
        let mut cells = vec![section.to_owned(), row.name.clone()];
        cells.extend([w.received, w.sent, w.answered, w.resolved].map(|n| n.to_string()));
        cells.extend(seconds(&w.response));
        cells.extend(seconds(&w.resolution));
        if now {
            let s = &row.now;
            cells.extend([s.open, s.unassigned, s.waiting, s.snoozed].map(|n| n.to_string()));
            cells.push(s.oldest.map(|at| ((n.at - at) / 1000).to_string()).unwrap_or_default());
        } else {
            cells.extend(std::iter::repeat_n(String::new(), 5));
        }
        out.push_str(&csv::line(&cells));
    };
    add("all", &n.all, true);
    for d in &n.days {
        let row = NamedNumbers { name: d.day.clone(), work: d.work.clone(), ..NamedNumbers::default() };
        add("day", &row, false);
    }
    for o in &n.operators {
        add("operator", o, true);
    }
    for a in &n.accounts {
        add("account", a, true);
    }
    out
}
