//! `switchboard quick-replies`.

use super::args::{QuickReplies, QuickReplyAction};
use super::failure::{Exit, Failure};
use super::session::Role;
use super::table::Table;
use super::{Context, Session, files, library};
use crate::model::ids::QuickReplyId;
use crate::model::quick_reply::{QuickReply, ReplyFile};
use crate::protocol::{Problem, Request, Response};

pub(super) async fn run(mut ctx: Context<'_>, args: QuickReplies) -> Result<Exit, Failure> {
    let mut session = ctx.session(Role::Reads).await?;
    let result = act(&mut ctx, &mut session, args.action.unwrap_or(QuickReplyAction::List)).await;
    session.close().await;
    result
}

fn print(ctx: &mut Context<'_>, replies: &[QuickReply]) -> Result<Exit, Failure> {
    if ctx.out.json {
        ctx.out.document(&replies)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["shortcut", ">used", "whose", "category", "text"], 4);
    for r in replies {
        let whose = if r.is_private() { "own" } else { "all" };
        table.row([&format!("/{}", r.shortcut), &r.used.to_string(), whose, &r.category, &r.text]);
    }
    ctx.out.table(&table)?;
    Ok(Exit::Done)
}

async fn act(
    ctx: &mut Context<'_>,
    session: &mut Session,
    action: QuickReplyAction,
) -> Result<Exit, Failure> {
    let before = list(session).await?;
    let updated_at = ctx.clock.now();
    let request = match action {
        QuickReplyAction::List => return print(ctx, &before),
        QuickReplyAction::Import(args) => return library::import(ctx, session, &args, &before).await,
        QuickReplyAction::Export(args) => return library::export(ctx, session, &args, &before).await,
        QuickReplyAction::Add { shortcut, text, category, private, files } => {
            let shortcut = plain(&shortcut).to_owned();
            if before.iter().any(|r| r.shortcut == shortcut && r.is_private() == private) {
                return Err(taken(&shortcut));
            }
            let reply = QuickReply {
                id: QuickReplyId::new(),
                shortcut,
                text,
                category: category.unwrap_or_default(),
                // The engine fills in who asks.
                owner: private.then(String::new),
                files: files.into_iter().map(ReplyFile::Path).collect(),
                used: 0,
                updated_at,
            };
            reply.check()?;
            let mut reply = reply;
            files::keep(session, &mut reply.files).await?;
            Request::SaveQuickReply { reply }
        }
        QuickReplyAction::Edit { shortcut, text, rename, category, files } => {
            let old = pick(&before, &shortcut)?;
            let mut reply = QuickReply { updated_at, ..old.clone() };
            if let Some(new) = rename {
                let new = plain(&new).to_owned();
                let same = |r: &&QuickReply| r.shortcut == new && r.is_private() == old.is_private();
                if before.iter().filter(same).any(|r| r.id != reply.id) {
                    return Err(taken(&new));
                }
                reply.shortcut = new;
            }
            reply.text = text.unwrap_or(reply.text);
            reply.category = category.unwrap_or(reply.category);
            let given = files.is_some();
            if let Some(files) = files {
                reply.files = files.into_iter().map(ReplyFile::Path).collect();
            }
            reply.check()?;
            if given {
                files::keep(session, &mut reply.files).await?;
            }
            Request::SaveQuickReply { reply }
        }
        QuickReplyAction::Delete { shortcut } => {
            Request::DeleteQuickReply { id: pick(&before, &shortcut)?.id }
        }
    };
    session.client.ask(request).await?;
    let now = list(session).await?;
    print(ctx, &now)
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
