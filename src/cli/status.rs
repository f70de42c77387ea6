//! `switchboard status`: how the engine and its accounts are, in a few lines.

use super::failure::{Exit, Failure};
use super::session::Role;
use super::table::Table;
use super::{Context, accounts};
use crate::protocol::account_facts::{ago, hindrance, name, state_line};
use crate::protocol::{AccountView, Request, Response, Status};
use serde::Serialize;

/// What `--json` prints.
#[derive(Serialize)]
struct Document<'a> {
    /// Whether an engine was running; else one was started to look.
    running: bool,
    #[serde(flatten)]
    status: &'a Status,
    accounts: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    view: &'a AccountView,
    /// Why it cannot send now.
    #[serde(skip_serializing_if = "Option::is_none")]
    hindered: Option<String>,
}

pub(super) async fn run(ctx: Context<'_>) -> Result<Exit, Failure> {
    let mut session = ctx.session(Role::Reads).await?;
    let running = !session.hosted();
    let result = async {
        let accounts = accounts::all(&mut session).await?;
        match session.client.ask(Request::Status).await? {
            Response::Status(status) => Ok((status, accounts)),
            _ => Err(Failure::unexpected()),
        }
    }
    .await;
    session.close().await;
    let (status, accounts) = result?;
    if ctx.out.json {
        let rows = accounts.iter().map(|view| Row { view, hindered: hindrance(view).map(|h| h.what) });
        ctx.out.document(&Document { running, status: &status, accounts: rows.collect() })?;
        return Ok(Exit::Done);
    }
    let now = ctx.clock.now();
    let webhooks = match (&status.listener_problem, status.last_webhook) {
        _ if !running => "no engine is running: nothing comes in".to_owned(),
        (Some(problem), _) => format!("none: {problem}"),
        (None, Some(at)) => format!("the last one {}", ago(now - at)),
        (None, None) => "none yet".to_owned(),
    };
    ctx.out.line(&format!(
        "engine    {} {}",
        if running { "running" } else { "not running" },
        status.version
    ))?;
    ctx.out.line(&format!("webhooks  {}", crate::text::sanitize(&webhooks)))?;
    let outbox =
        format!("{} waiting, {} to be sent later, {} unknown", status.outbox, status.later, status.unknown);
    ctx.out.line(&format!("outbox    {outbox}"))?;
    if let Some(disk) = &status.disk {
        let what = crate::text::sanitize(&disk.what);
        ctx.out.line(&format!("disk      {what}; do next: {}", crate::text::sanitize(&disk.next)))?;
    }
    for s in &status.silent {
        let why = crate::text::sanitize(&s.why);
        ctx.out.line(&format!("silent    {}: nothing for {} ({why})", s.account, ago(now - s.since)))?;
    }
    if accounts.is_empty() {
        ctx.out.remark("there is no account: `switchboard accounts connect --help`");
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["account", "name", "environment", ">unread", "last webhook", "state"], 5);
    for a in &accounts {
        let last = a.last_webhook.map_or_else(|| "never".to_owned(), |at| ago(now - at));
        table.row([
            a.spec.id.as_str(),
            name(a),
            &a.spec.environment,
            &a.unread.to_string(),
            &last,
            &state_line(a),
        ]);
    }
    ctx.out.table(&table)?;
    Ok(Exit::Done)
}
