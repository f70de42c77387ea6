//! `switchboard search`.

use super::args::Search;
use super::failure::{Exit, Failure};
use super::session::Role;
use super::table::Table;
use super::{Context, Session, accounts, format, threads};
use crate::protocol::{Found, Request, Response};
use crate::text::query;

/// Printed under the help.
pub(super) const FILTERS: &str = "Filters, each turned round by a `-` in front (after `--`):
  from:marta from:98888 from:us   who wrote it
  account:sales label:vip         where it is
  has:media has:link has:reaction has:quote has:error
  type:image type:document type:location type:template
  status:failed status:read status:unread
  tpl:order_update                the name of a template
  before:2025-11-03 after:monday after:\"3 weeks ago\"";

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
    let text = query::joined(&args.words);
    let mut all: Option<Box<Found>> = None;
    let mut before = args.before;
    loop {
        let have = all.as_ref().map_or(0, |f| f.hits.items.len() as u32);
        let request = Request::Search {
            text: text.clone(),
            zone: zone.clone(),
            account: args.account.clone(),
            thread: None,
            before,
            limit: args.limit - have,
        };
        let Response::Found(found) = session.client.ask(request).await? else {
            return Err(Failure::unexpected());
        };
        before = found.hits.next;
        let whole = match all.as_mut() {
            None => all.insert(found),
            Some(all) => {
                all.hits.items.extend(found.hits.items);
                all.hits.next = found.hits.next;
                all
            }
        };
        // Filters look at so many messages at a time: there may be more further back.
        if whole.hits.items.len() as u32 >= args.limit || before.is_none() {
            return all.ok_or_else(Failure::unexpected);
        }
    }
}
