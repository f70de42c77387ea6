//! `switchboard threads`.

use super::args::Threads;
use super::failure::{Exit, Failure};
use super::handling_args::ThreadAction;
use super::session::Role;
use super::table::Table;
use super::{Context, accounts, format, handling};
use crate::model::handling::{Priority, State};
use crate::model::thread::{ThreadFilter, ThreadRow};
use crate::protocol::{Page, Request, Response};

pub(super) async fn run(mut ctx: Context<'_>, args: Threads) -> Result<Exit, Failure> {
    match args.action {
        Some(ThreadAction::Export(export)) => return super::export::run(ctx, export).await,
        Some(ThreadAction::Delete(args)) => return super::deletion::run(ctx, args).await,
        Some(ThreadAction::Act(action)) => return handling::act(ctx, action).await,
        None => {}
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
    let own = match (&args.filter, &args.view) {
        (Some(filter), _) => Some(filter.clone()),
        (None, Some(name)) if ThreadFilter::named(name).is_none() => {
            Some(handling::saved(session, name).await?.filter)
        }
        _ => None,
    };
    if let Some(filter) = own {
        return filtered(session, args, filter).await;
    }
    let filter = match (args.unread, args.failed) {
        (true, _) => ThreadFilter::Unread,
        (_, true) => ThreadFilter::Failed,
        _ => args.view.as_deref().and_then(ThreadFilter::named).unwrap_or_default(),
    };
    let request =
        Request::Threads { account: args.account.clone(), filter, before: args.before, limit: args.limit };
    match session.client.ask(request).await? {
        Response::Threads(page) => Ok(page),
        _ => Err(Failure::unexpected()),
    }
}

/// Threads of a filter. A page of them may be short and not the last one: it is filled up.
async fn filtered(
    session: &mut super::Session,
    args: &Threads,
    filter: String,
) -> Result<Page<ThreadRow>, Failure> {
    let mut all = Page { items: Vec::new(), next: args.before };
    loop {
        let limit = args.limit - u32::try_from(all.items.len()).unwrap_or(args.limit);
        let request = Request::Filtered {
            account: args.account.clone(),
            filter: filter.clone(),
            before: all.next,
            limit,
        };
        let Response::Threads(page) = session.client.ask(request).await? else {
            return Err(Failure::unexpected());
        };
        all.items.extend(page.items);
        all.next = page.next;
        if all.next.is_none() || all.items.len() >= args.limit as usize {
            return Ok(all);
        }
    }
}

/// A table of threads.
pub(super) fn rows(ctx: &mut Context<'_>, threads: &[ThreadRow]) -> Table {
    let now = ctx.clock.now();
    // A column of its own where there is something to say.
    let any = threads.iter().any(|t| !handled(ctx, t).is_empty());
    let head = ["thread", "account", "who", "last", ">unread", "window", "state", "message"];
    let mut table = if any {
        Table::new(&[&head[..7], &["handling", "message"]].concat(), 8)
    } else {
        Table::new(&head, 7)
    };
    for t in threads {
        let (state, text) =
            t.preview.as_ref().map_or(("", String::new()), |p| (format::state(p.state), format::preview(p)));
        let mut cells = vec![
            t.id.to_string(),
            t.account.as_str().to_owned(),
            format::who(t),
            ctx.out.time(t.last_at),
            t.unread.to_string(),
            format::window(t.window, now),
            state.to_owned(),
        ];
        if any {
            cells.push(handled(ctx, t));
        }
        cells.push(text);
        table.row(cells);
    }
    table
}

/// What operators have made of a thread, in few words.
fn handled(ctx: &mut Context<'_>, t: &ThreadRow) -> String {
    let h = &t.handling;
    let mut words = Vec::new();
    match (h.state, h.snooze.map(|s| s.until)) {
        (State::Open, _) => {}
        (State::Snoozed, Some(Some(until))) => words.push(format!("snoozed until {}", ctx.out.time(until))),
        (state, _) => words.push(state.as_str().to_owned()),
    }
    if let Some(who) = &h.assignee {
        words.push(format!("@{who}"));
    }
    if h.priority != Priority::Normal {
        words.push(h.priority.as_str().to_owned());
    }
    words.extend(h.labels.iter().map(|l| format!("#{}", l.name)));
    words.join(" ")
}
