//! `switchboard activity`: the activity log from the shell.

use super::activity_args::{Activity, ActivityAction, ActivityFilters, ActivityList, LogForm, WhoseWord};
use super::failure::{Exit, Failure};
use super::session::Role;
use super::table::Table;
use super::{Context, Session, format};
use crate::export::file::{FileProblem, PrivateFile};
use crate::model::doing::{details, doing, timed};
use crate::protocol::activity::{ActivityAnswer, ActivityFilter, ActivityRequest, ActivityRow, Whose};
use crate::protocol::{Cursor, Page, Problem, Request, Response};
use crate::text::csv;
use serde::Serialize;
use std::path::Path;

/// Rows asked for at a time.
const PAGE: u32 = 500;

/// `switchboard activity`.
pub(super) async fn run(ctx: Context<'_>, args: Activity) -> Result<Exit, Failure> {
    match args.action.unwrap_or(ActivityAction::List(args.list)) {
        ActivityAction::List(which) => list(ctx, which).await,
        ActivityAction::Export { file, filters, format, force } => {
            export(ctx, &file, &filters, format, force).await
        }
        ActivityAction::Verify { expect } => verify(ctx, expect).await,
    }
}

async fn filter(
    ctx: &Context<'_>,
    session: &mut Session,
    which: &ActivityFilters,
) -> Result<ActivityFilter, Failure> {
    let now = ctx.clock.now();
    let zone = ctx.checked.ui.timezone.as_deref();
    let thread = match &which.thread {
        None => None,
        Some(text) => {
            let asked = Request::FindThread { account: which.account.clone(), text: text.clone() };
            let Response::Thread(found) = session.client.ask(asked).await? else {
                return Err(Failure::unexpected());
            };
            Some(found.row.id)
        }
    };
    Ok(ActivityFilter {
        // One who is named is wanted, a person or not.
        whose: match which.whose {
            WhoseWord::People if which.operator.is_some() => Whose::All,
            WhoseWord::All => Whose::All,
            WhoseWord::People => Whose::People,
            WhoseWord::Refused => Whose::Refused,
        },
        operator: which.operator.clone(),
        action: which.action.clone(),
        thread,
        account: which.account.clone(),
        since: which.since.map(|s| s.millis(now, zone)),
        until: which.until.map(|s| s.millis(now, zone)),
        text: which.text.clone().filter(|t| !t.is_empty()),
    })
}

async fn ask(session: &mut Session, act: ActivityRequest) -> Result<ActivityAnswer, Failure> {
    match session.client.ask(Request::Activity { act }).await? {
        Response::Activity(answer) => Ok(*answer),
        _ => Err(Failure::unexpected()),
    }
}

/// Asks until the page is full: an engine looks through so many at a time.
async fn page(
    session: &mut Session,
    filter: &ActivityFilter,
    before: Option<Cursor>,
    limit: u32,
) -> Result<Page<ActivityRow>, Failure> {
    let mut out = Page { items: Vec::new(), next: before };
    loop {
        let left = limit.saturating_sub(out.items.len() as u32);
        let act = ActivityRequest::List { filter: filter.clone(), before: out.next, limit: left };
        let ActivityAnswer::Rows(page) = ask(session, act).await? else {
            return Err(Failure::unexpected());
        };
        out.items.extend(page.items);
        out.next = page.next;
        if out.next.is_none() || out.items.len() as u32 >= limit {
            return Ok(out);
        }
    }
}

/// What a row is about, in words.
fn about(row: &ActivityRow, when: &dyn Fn(i64) -> String) -> String {
    let name = row.title.clone().or_else(|| row.account.as_ref().map(ToString::to_string));
    let more = row.words.clone().unwrap_or_else(|| timed(details(&row.subject), when));
    match name {
        Some(name) if more.is_empty() || more == name => name,
        Some(name) => format!("{name} · {more}"),
        None if more.is_empty() => row.subject.chars().take(8).collect(),
        None => more,
    }
}

async fn list(ctx: Context<'_>, which: ActivityList) -> Result<Exit, Failure> {
    let mut session = ctx.session(Role::Reads).await?;
    let result = async {
        let filter = filter(&ctx, &mut session, &which.filters).await?;
        page(&mut session, &filter, which.before, which.limit).await
    }
    .await;
    session.close().await;
    let page = result?;
    if ctx.out.json {
        ctx.out.document(&page)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["time", "who", "did", "about", "where"], 3);
    let zone = ctx.out.zone();
    let when = |at: i64| {
        jiff::Timestamp::from_millisecond(at)
            .map(|t| t.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string())
            .unwrap_or_default()
    };
    for row in &page.items {
        let seat = row.seat.as_ref().map(crate::model::seat::Seat::short).unwrap_or_default();
        table.row([&ctx.out.time(row.at), &row.actor, &doing(&row.action), &about(row, &when), &seat]);
    }
    ctx.out.table(&table)?;
    if let Some(next) = page.next {
        ctx.out.remark(&format!("more: --before {}", format::cursor(next)));
    }
    Ok(Exit::Done)
}

/// What `export --json` prints.
#[derive(Serialize)]
struct Exported<'a> {
    rows: u64,
    bytes: u64,
    file: &'a Path,
}

fn refused(problem: FileProblem) -> Failure {
    let next = match &problem {
        FileProblem::Exists(_) => "choose another name, or replace it with --force",
        FileProblem::Failed(_) => "choose another place",
    };
    Problem { field: Some("file".into()), ..Problem::new("field", problem.to_string()).next(next) }.into()
}

const COLUMNS: [&str; 13] = [
    "row", "time", "operator", "action", "subject", "account", "thread", "name", "uid", "pid", "terminal",
    "source", "hash",
];

fn cells(row: &ActivityRow) -> [String; 13] {
    let seat = row.seat.clone().unwrap_or_default();
    let time = jiff::Timestamp::from_millisecond(row.at).map(|t| t.to_string()).unwrap_or_default();
    [
        row.n.to_string(),
        time,
        row.actor.clone(),
        row.action.clone(),
        row.subject.clone(),
        row.account.as_ref().map(ToString::to_string).unwrap_or_default(),
        row.thread.map(|t| t.to_string()).unwrap_or_default(),
        row.title.clone().unwrap_or_default(),
        seat.uid.map(|n| n.to_string()).unwrap_or_default(),
        seat.pid.map(|n| n.to_string()).unwrap_or_default(),
        seat.terminal,
        seat.source,
        row.hash.clone(),
    ]
}

async fn export(
    ctx: Context<'_>,
    path: &Path,
    which: &ActivityFilters,
    form: Option<LogForm>,
    force: bool,
) -> Result<Exit, Failure> {
    let by_name = match path.extension().and_then(|e| e.to_str()) {
        Some("jsonl" | "ndjson" | "json") => LogForm::Jsonl,
        _ => LogForm::Csv,
    };
    let form = form.unwrap_or(by_name);
    let mut file = PrivateFile::open(path, force).map_err(refused)?;
    let mut session = ctx.session(Role::Reads).await?;
    let result = async {
        let filter = filter(&ctx, &mut session, which).await?;
        if form == LogForm::Csv {
            file.more(csv::line(&COLUMNS).as_bytes()).map_err(refused)?;
        }
        let (mut rows, mut next) = (0u64, None);
        loop {
            let page = page(&mut session, &filter, next, PAGE).await?;
            for row in &page.items {
                rows += 1;
                let line = match form {
                    LogForm::Csv => csv::line(&cells(row)),
                    LogForm::Jsonl => {
                        let json = serde_json::to_string(row).map_err(|_| Failure::unexpected())?;
                        json + "\n"
                    }
                };
                file.more(line.as_bytes()).map_err(refused)?;
            }
            next = page.next;
            if next.is_none() {
                return Ok::<_, Failure>(rows);
            }
        }
    }
    .await;
    session.close().await;
    let rows = result?;
    let bytes = file.bytes();
    file.end().map_err(refused)?;
    if ctx.out.json {
        ctx.out.document(&Exported { rows, bytes, file: path })?;
    } else {
        let what = if rows == 1 { "row" } else { "rows" };
        ctx.out.line(&format!("{rows} {what}, {bytes} bytes: {}", path.display()))?;
    }
    Ok(Exit::Done)
}

async fn verify(ctx: Context<'_>, expect: Option<(i64, String)>) -> Result<Exit, Failure> {
    let mut session = ctx.session(Role::Reads).await?;
    let row = expect.as_ref().map(|(row, _)| *row);
    let result = ask(&mut session, ActivityRequest::Verify { row }).await;
    session.close().await;
    let ActivityAnswer::Verified(report) = result? else { return Err(Failure::unexpected()) };
    let other = expect.filter(|(_, hash)| report.found.as_ref() != Some(hash));
    let good = report.broken.is_none() && other.is_none();
    if ctx.out.json {
        ctx.out.document(&report)?;
        return Ok(if good { Exit::Done } else { Exit::Doctor });
    }
    ctx.out.line(&format!("{} rows are as they were written", report.checked))?;
    if report.before > 0 {
        ctx.out.line(&format!("{} rows are older than the chain of hashes", report.before))?;
    }
    if let Some(row) = report.removed_upto {
        ctx.out.line(&format!("rows up to {row} were kept long enough and removed"))?;
    }
    ctx.out.line(&format!("newest: {}:{}", report.head, report.hash))?;
    if let Some(broken) = &report.broken {
        let at = broken.at.map(|at| format!(" of {}", ctx.out.time(at))).unwrap_or_default();
        ctx.out.line(&format!("BROKEN at row {}{at}: {}", broken.id, broken.what))?;
    }
    if let Some((row, _)) = other {
        let what = match report.found {
            Some(now) => format!("BROKEN: row {row} has another hash now: {now}"),
            None => format!("row {row} is not here, or has no hash: nothing is proved"),
        };
        ctx.out.line(&what)?;
    }
    Ok(if good { Exit::Done } else { Exit::Doctor })
}
