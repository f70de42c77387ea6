//! `switchboard sync`: what is read from the provider, now.

use super::failure::{Exit, Failure};
use super::history_args::Sync;
use super::output::Output;
use super::session::{Role, Session};
use super::{Context, accounts, signals};
use crate::model::history::{HistoryProgress, HistoryState};
use crate::model::ids::AccountId;
use crate::protocol::history::HistoryRequest;
use crate::protocol::{Problem, Request};
use serde_json::json;
use std::time::Duration;

/// How often progress is told at most.
const TELL: Duration = Duration::from_secs(1);

type Row = (AccountId, HistoryProgress);

pub(super) async fn run(mut ctx: Context<'_>, args: Sync) -> Result<Exit, Failure> {
    let mut session = ctx.session(Role::Sends).await?;
    let result = if args.history {
        past(&mut ctx, &mut session, &args).await
    } else {
        facts(&mut session, &args).await
    };
    session.close().await;
    let (rows, left) = result?;
    if ctx.out.json {
        let rows: Vec<_> = rows.iter().map(|(id, p)| json!({ "account": id, "history": p })).collect();
        ctx.out.document(&rows)?;
    } else if args.history {
        for (id, p) in &rows {
            let text = line(ctx.out, id, p);
            ctx.out.line(&text)?;
        }
        if left {
            ctx.out.remark("it is not all here yet; the same command goes on where it stopped");
        }
    } else {
        ctx.out.line("templates and number facts were read")?;
    }
    let stuck = rows.iter().find(|(_, p)| p.state == HistoryState::Stuck && args.history && !args.no_wait);
    match stuck {
        Some((id, p)) => {
            Err(Failure::new(Problem::new("provider", format!("{id}: {}", p.problem)).next(p.next.clone())))
        }
        None => Ok(Exit::Done),
    }
}

async fn facts(session: &mut Session, args: &Sync) -> Result<(Vec<Row>, bool), Failure> {
    session.client.ask(Request::Sync { account: args.account.clone() }).await?;
    Ok((Vec::new(), false))
}

/// Asks for the past, and tells how far it is until all is here or somebody leaves.
async fn past(
    ctx: &mut Context<'_>,
    session: &mut Session,
    args: &Sync,
) -> Result<(Vec<Row>, bool), Failure> {
    let zone = ctx.checked.ui.timezone.clone();
    let from = args.from.map(|f| f.millis(ctx.clock.now(), zone.as_deref()));
    let act = HistoryRequest { account: args.account.clone(), stop: args.stop, from };
    session.client.ask(Request::History { act }).await?;
    let leave = signals::ended();
    tokio::pin!(leave);
    let mut told = None;
    loop {
        let rows: Vec<Row> = accounts::chosen(session, args.account.as_ref())
            .await?
            .into_iter()
            .filter_map(|a| Some((a.spec.id, a.life.history?)))
            .collect();
        let reading = |p: &HistoryProgress| p.state == HistoryState::Reading || p.catching_up;
        if args.stop
            || args.no_wait
            || !rows.iter().any(|(_, p)| reading(p) && p.state != HistoryState::Stuck)
        {
            return Ok((rows, false));
        }
        let sum: u64 = rows.iter().map(|(_, p)| p.done).sum();
        if told != Some(sum) && !ctx.out.json {
            told = Some(sum);
            ctx.out.remark(&rows.iter().map(|(id, p)| short(id, p)).collect::<Vec<_>>().join(" · "));
        }
        tokio::select! {
            _ = &mut leave => return Ok((rows, true)),
            () = tokio::time::sleep(TELL) => {}
        }
        session.client.forget_updates();
    }
}

fn count(p: &HistoryProgress) -> String {
    match p.total {
        Some(total) if total >= p.done => format!("{} of {total} messages", p.done),
        _ => format!("{} messages", p.done),
    }
}

fn short(id: &AccountId, p: &HistoryProgress) -> String {
    format!("{id}: {}", count(p))
}

fn line(out: &mut Output, id: &AccountId, p: &HistoryProgress) -> String {
    let mut text = format!("{id}: {}, {}", p.state.word(), count(p));
    if let Some(oldest) = p.oldest {
        text.push_str(&format!(", back to {}", out.time(oldest)));
    }
    if !p.problem.is_empty() {
        text.push_str(&format!(" ({})", p.problem));
    }
    text
}
