//! `switchboard threads`.

use super::args::{Threads, ThreadsAction};
use super::failure::{Exit, Failure};
use super::session::Role;
use super::table::Table;
use super::{Context, accounts, format};
use crate::model::thread::{ThreadFilter, ThreadRow};
use crate::protocol::{Page, Request, Response};

pub(super) async fn run(mut ctx: Context<'_>, args: Threads) -> Result<Exit, Failure> {
    if let Some(ThreadsAction::Export(args)) = args.action {
        return super::export::run(ctx, args).await;
    }
    let mut session = ctx.session(Role::Reads).await?;
    let result = page(&mut session, &args).await;
    session.close().await;
    let page = result?;
    if ctx.out.json {
        ctx.out.document(&page)?;
        return Ok(Exit::Done);
    }
    let table = rows(&mut ctx, &page.items);
    ctx.out.table(&table)?;
    if let Some(next) = page.next {
        ctx.out.remark(&format!("more: --before {}", format::cursor(next)));
    }
    Ok(Exit::Done)
}

async fn page(session: &mut super::Session, args: &Threads) -> Result<Page<ThreadRow>, Failure> {
    if args.account.is_some() {
        accounts::chosen(session, args.account.as_ref()).await?;
    }
    let filter = match (args.unread, args.failed) {
        (true, _) => ThreadFilter::Unread,
        (_, true) => ThreadFilter::Failed,
        _ => ThreadFilter::All,
    };
    let request =
        Request::Threads { account: args.account.clone(), filter, before: args.before, limit: args.limit };
    match session.client.ask(request).await? {
        Response::Threads(page) => Ok(page),
        _ => Err(Failure::unexpected()),
    }
}

/// A table of threads.
pub(super) fn rows(ctx: &mut Context<'_>, threads: &[ThreadRow]) -> Table {
    let now = ctx.clock.now();
    let mut table =
        Table::new(&["thread", "account", "who", "last", ">unread", "window", "state", "message"], 7);
    for t in threads {
        let (state, text) =
            t.preview.as_ref().map_or(("", String::new()), |p| (format::state(p.state), format::preview(p)));
        table.row([
            &t.id.to_string(),
            t.account.as_str(),
            &format::who(t),
            &ctx.out.time(t.last_at),
            &t.unread.to_string(),
            &format::window(t.window, now),
            state,
            &text,
        ]);
    }
    table
}
