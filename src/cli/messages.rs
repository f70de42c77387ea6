//! `switchboard messages THREAD`.

use super::args::Messages;
use super::failure::{Exit, Failure};
use super::session::Role;
use super::table::Table;
use super::{Context, Session, format};
use crate::model::ids::AccountId;
use crate::model::message::Message;
use crate::model::thread::ThreadDetail;
use crate::protocol::{Cursor, Place, Request, Response};
use crate::text::when;
use serde::Serialize;

/// What `--json` prints.
#[derive(Serialize)]
struct Document {
    thread: Box<ThreadDetail>,
    items: Vec<Message>,
    older: Option<Cursor>,
    newer: Option<Cursor>,
}

pub(super) async fn run(ctx: Context<'_>, args: Messages) -> Result<Exit, Failure> {
    let mut session = ctx.session(Role::Reads).await?;
    let result = read(&mut session, &args).await;
    session.close().await;
    let document = result?;
    if ctx.out.json {
        ctx.out.document(&document)?;
        return Ok(Exit::Done);
    }
    if let Some(older) = document.older {
        ctx.out.remark(&format!("older: --before {}", format::cursor(older)));
    }
    let now = ctx.clock.now();
    let mut table = if args.ids {
        Table::new(&["id", "time", "from", "message", "state"], 3)
    } else {
        Table::new(&["time", "from", "message", "state"], 2)
    };
    for m in &document.items {
        let mut text = format::body(&m.body);
        if m.edited {
            text.push_str(" (edited)");
        }
        if let Some(late) = m.lateness() {
            text = format!("{text} ({late})");
        }
        for r in &m.reactions {
            text.push(' ');
            text.push_str(&r.emoji);
        }
        let state = match &m.error {
            _ if m.waits.is_some_and(|w| w.until > now) => {
                let w = m.waits.map(|w| (when::distance(w.until, now), w.why.words()));
                w.map(|(left, why)| format!("queued, {left}: {why}")).unwrap_or_default()
            }
            Some(e) => format!("{} {} {}", m.state.as_str(), e.code, e.text),
            None => format::state(m.state).to_owned(),
        };
        let mut cells = vec![ctx.out.time(m.at), format::origin(m, &document.thread.row.title), text, state];
        if args.ids {
            cells.insert(0, m.id.to_string());
        }
        table.row(&cells);
    }
    ctx.out.table(&table)?;
    Ok(Exit::Done)
}

async fn read(session: &mut Session, args: &Messages) -> Result<Document, Failure> {
    let thread = find(session, args.account.as_ref(), &args.thread).await?;
    let place = args.before.map_or(Place::Newest, Place::Before);
    let request = Request::Messages { thread: thread.row.id, place, limit: args.limit };
    match session.client.ask(request).await? {
        Response::Messages { items, older, newer } => Ok(Document { thread, items, older, newer }),
        _ => Err(Failure::unexpected()),
    }
}

/// The thread that a text names.
pub(super) async fn find(
    session: &mut Session,
    account: Option<&AccountId>,
    text: &str,
) -> Result<Box<ThreadDetail>, Failure> {
    let request = Request::FindThread { account: account.cloned(), text: text.to_owned() };
    match session.client.ask(request).await? {
        Response::Thread(thread) => Ok(thread),
        _ => Err(Failure::unexpected()),
    }
}
