//! `switchboard accounts` and its verbs.

mod change;
mod connect;
mod meta;
mod profile;
mod show;

use super::Context;
use super::accounts_args::{Accounts, AccountsCommand};
use super::failure::{Exit, Failure};
use super::session::{Role, Session};
use super::table::Table;
use crate::model::ids::AccountId;
use crate::protocol::account_facts::{name, number, state_line};
use crate::protocol::accounts::{AccountDetail, AccountRequest};
use crate::protocol::{AccountView, Problem, Request, Response};

pub(super) async fn run(ctx: Context<'_>, args: Accounts) -> Result<Exit, Failure> {
    match args.action.unwrap_or(AccountsCommand::List) {
        AccountsCommand::List => list(ctx).await,
        AccountsCommand::Show(one) => show::run(ctx, &one.account).await,
        AccountsCommand::Verify { account } => show::verify(ctx, account.as_ref()).await,
        AccountsCommand::Connect(args) => connect::run(ctx, *args).await,
        AccountsCommand::Reconnect(args) => connect::again(ctx, args).await,
        AccountsCommand::Edit(args) => change::edit(ctx, *args).await,
        AccountsCommand::Pause(one) => change::pause(ctx, one.account, true).await,
        AccountsCommand::Resume(one) => change::pause(ctx, one.account, false).await,
        AccountsCommand::Disconnect(one) => change::disconnect(ctx, one.account).await,
        AccountsCommand::Delete(args) => change::delete(ctx, args).await,
        AccountsCommand::Profile(args) => profile::profile(ctx, args).await,
        AccountsCommand::Blocked(one) => profile::blocked(ctx, one.account).await,
        AccountsCommand::Block(args) => profile::block(ctx, args, true).await,
        AccountsCommand::Unblock(args) => profile::block(ctx, args, false).await,
        AccountsCommand::Commands(args) => profile::commands(ctx, args).await,
        AccountsCommand::IceBreakers(args) => profile::ice_breakers(ctx, args).await,
        AccountsCommand::Links(args) => profile::links(ctx, args).await,
        AccountsCommand::Number(args) => profile::number(ctx, args).await,
    }
}

async fn list(ctx: Context<'_>) -> Result<Exit, Failure> {
    let mut session = ctx.session(Role::Reads).await?;
    let result = all(&mut session).await;
    session.close().await;
    let accounts = result?;
    if ctx.out.json {
        ctx.out.document(&accounts)?;
        return Ok(Exit::Done);
    }
    if accounts.is_empty() {
        let file = ctx.checked.file.as_ref().map_or_else(
            || "there is no configuration file; `switchboard demo` works without one".to_owned(),
            |f| format!("add [[accounts]] to {}", f.display()),
        );
        ctx.out.remark(&format!("no accounts are configured: {file}"));
        ctx.out.remark("`switchboard accounts connect` makes one here, see its --help");
        return Ok(Exit::Done);
    }
    let mut table = Table::new(
        &["id", "name", "number", "provider", "environment", "state", ">unread", ">threads", "last webhook"],
        1,
    );
    for a in &accounts {
        let last = a.last_webhook.map_or_else(|| "never".to_owned(), |at| ctx.out.time(at));
        table.row([
            a.spec.id.as_str(),
            name(a),
            &number(a),
            &a.spec.provider,
            &a.spec.environment,
            &state_line(a),
            &a.unread.to_string(),
            &a.threads.to_string(),
            &last,
        ]);
    }
    ctx.out.table(&table)?;
    Ok(Exit::Done)
}

/// All accounts.
pub(super) async fn all(session: &mut Session) -> Result<Vec<AccountView>, Failure> {
    match session.client.ask(Request::Accounts).await? {
        Response::Accounts(accounts) => Ok(accounts),
        _ => Err(Failure::unexpected()),
    }
}

/// The accounts a command works on: the one that was named, which must exist, or all.
pub(super) async fn chosen(
    session: &mut Session,
    account: Option<&AccountId>,
) -> Result<Vec<AccountView>, Failure> {
    let mut accounts = all(session).await?;
    let Some(id) = account else { return Ok(accounts) };
    let known: Vec<String> = accounts.iter().map(|a| a.spec.id.to_string()).collect();
    accounts.retain(|a| a.spec.id == *id);
    if accounts.is_empty() {
        let known = if known.is_empty() { "none is configured".to_owned() } else { known.join(", ") };
        return Err(Failure::new(
            Problem::not_found(format!("there is no account `{id}`"))
                .next(format!("known accounts: {known}")),
        ));
    }
    Ok(accounts)
}

/// Asks something about one account that is answered with everything about it.
async fn ask(session: &mut Session, act: AccountRequest) -> Result<AccountDetail, Failure> {
    match session.client.ask(Request::Account { act }).await? {
        Response::Account(detail) => Ok(*detail),
        _ => Err(Failure::unexpected()),
    }
}
