//! `switchboard threads delete`.

use super::Context;
use super::args::account;
use super::failure::{Exit, Failure};
use super::session::Role;
use crate::model::ids::{AccountId, ThreadId};
use crate::protocol::{Request, Response};
use clap::Args;
use serde::Serialize;

/// `threads delete`.
#[derive(Debug, Args)]
pub struct Delete {
    /// Thread id, phone number, user id, or a name that is unique
    #[arg(value_name = "THREAD")]
    pub thread: String,
    /// Its name, exactly as `switchboard threads` shows it, or its number: nothing brings back what is deleted
    #[arg(long, value_name = "NAME")]
    pub confirm: String,
    /// Only on this account
    #[arg(long, value_name = "ID", value_parser = account)]
    pub account: Option<AccountId>,
}

#[derive(Serialize)]
struct Document {
    deleted: ThreadId,
}

pub(super) async fn run(ctx: Context<'_>, args: Delete) -> Result<Exit, Failure> {
    let mut session = ctx.session(Role::Reads).await?;
    let result = async {
        let asked = Request::FindThread { account: args.account, text: args.thread };
        let Response::Thread(found) = session.client.ask(asked).await? else {
            return Err(Failure::unexpected());
        };
        let thread = found.row.id;
        match session.client.ask(Request::DeleteThread { thread, name: args.confirm }).await? {
            Response::Done => Ok(thread),
            _ => Err(Failure::unexpected()),
        }
    }
    .await;
    session.close().await;
    let deleted = result?;
    if ctx.out.json {
        ctx.out.document(&Document { deleted })?;
    } else {
        ctx.out.line("the conversation is deleted; `switchboard activity` says who did it")?;
    }
    Ok(Exit::Done)
}
