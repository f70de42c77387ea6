//! `switchboard quick-replies`.

use super::args::{QuickReplies, QuickReplyAction};
use super::failure::{Exit, Failure};
use super::session::Role;
use super::table::Table;
use super::{Context, Session};
use crate::clock::Millis;
use crate::model::ids::QuickReplyId;
use crate::model::quick_reply::QuickReply;
use crate::protocol::{Problem, Request, Response};

pub(super) async fn run(ctx: Context<'_>, args: QuickReplies) -> Result<Exit, Failure> {
    let mut session = ctx.session(Role::Reads).await?;
    let result = act(&mut session, args.action.unwrap_or(QuickReplyAction::List), ctx.clock.now()).await;
    session.close().await;
    let replies = result?;
    if ctx.out.json {
        ctx.out.document(&replies)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["shortcut", ">used", "text"], 2);
    for r in &replies {
        table.row([&format!("/{}", r.shortcut), &r.used.to_string(), &r.text]);
    }
    ctx.out.table(&table)?;
    Ok(Exit::Done)
}

/// Does it, and gives back the list as it is then.
async fn act(
    session: &mut Session,
    action: QuickReplyAction,
    now: Millis,
) -> Result<Vec<QuickReply>, Failure> {
    let before = list(session).await?;
    let request = match action {
        QuickReplyAction::List => return Ok(before),
        QuickReplyAction::Add { shortcut, text } => {
            let shortcut = plain(&shortcut).to_owned();
            if before.iter().any(|r| r.shortcut == shortcut) {
                return Err(taken(&shortcut));
            }
            let reply = QuickReply { id: QuickReplyId::new(), shortcut, text, used: 0, updated_at: now };
            reply.check()?;
            Request::SaveQuickReply { reply }
        }
        QuickReplyAction::Edit { shortcut, text, rename } => {
            let mut reply = pick(&before, &shortcut)?;
            if let Some(new) = rename {
                let new = plain(&new).to_owned();
                if before.iter().any(|r| r.shortcut == new && r.id != reply.id) {
                    return Err(taken(&new));
                }
                reply.shortcut = new;
            }
            if let Some(text) = text {
                reply.text = text;
            }
            reply.updated_at = now;
            reply.check()?;
            Request::SaveQuickReply { reply }
        }
        QuickReplyAction::Delete { shortcut } => {
            Request::DeleteQuickReply { id: pick(&before, &shortcut)?.id }
        }
    };
    session.client.ask(request).await?;
    list(session).await
}

fn plain(shortcut: &str) -> &str {
    shortcut.strip_prefix('/').unwrap_or(shortcut)
}

fn taken(shortcut: &str) -> Failure {
    let mut p = Problem::new("field", format!("shortcut: `{shortcut}` exists already"))
        .next("change it with `switchboard quick-replies edit`, or choose another");
    p.field = Some("shortcut".into());
    Failure::new(p)
}

fn pick(replies: &[QuickReply], shortcut: &str) -> Result<QuickReply, Failure> {
    replies.iter().find(|r| r.shortcut == plain(shortcut)).cloned().ok_or_else(|| {
        Failure::new(
            Problem::not_found(format!("there is no quick reply `{}`", plain(shortcut)))
                .next("`switchboard quick-replies` lists them"),
        )
    })
}

async fn list(session: &mut Session) -> Result<Vec<QuickReply>, Failure> {
    match session.client.ask(Request::QuickReplies).await? {
        Response::QuickReplies(replies) => Ok(replies),
        _ => Err(Failure::unexpected()),
    }
}
