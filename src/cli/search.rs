//! `switchboard search`.

use super::args::Search;
use super::failure::{Exit, Failure};
use super::session::Role;
use super::table::Table;
use super::{Context, Session, accounts, format, threads};
use crate::protocol::{Found, Request, Response};
use crate::text::query;

pub(super) async fn run(mut ctx: Context<'_>, args: Search) -> Result<Exit, Failure> {
    let mut session = ctx.session(Role::Reads).await?;
    let zone = ctx.checked.ui.timezone.clone();
    let result = find(&mut session, &args, zone).await;
    session.close().await;
    let found = result?;
    if ctx.out.json {
        ctx.out.document(&found)?;
        return Ok(Exit::Done);
    }
    if !found.threads.is_empty() {
        let table = threads::rows(&mut ctx, &found.threads);
        ctx.out.table(&table)?;
        ctx.out.line("")?;
    }
    let mut table = Table::new(&["thread", "time", "who", "message"], 3);
    for hit in &found.hits.items {
        // The marks around the match are control characters; they vanish with the rest.
        table.row([&hit.message.thread.to_string(), &ctx.out.time(hit.message.at), &hit.title, &hit.snippet]);
    }
    if found.threads.is_empty() && table.is_empty() {
        ctx.out.remark("nothing found");
        return Ok(Exit::Done);
    }
    ctx.out.table(&table)?;
    if let Some(next) = found.hits.next {
        ctx.out.remark(&format!("more: --before {}", format::cursor(next)));
    }
    Ok(Exit::Done)
}

async fn find(session: &mut Session, args: &Search, zone: Option<String>) -> Result<Box<Found>, Failure> {
    if args.account.is_some() {
        accounts::chosen(session, args.account.as_ref()).await?;
    }
    let request = Request::Search {
        text: query::joined(&args.words),
        zone,
        account: args.account.clone(),
        thread: None,
        before: args.before,
        limit: args.limit,
    };
    match session.client.ask(request).await? {
        Response::Found(found) => Ok(found),
        _ => Err(Failure::unexpected()),
    }
}
