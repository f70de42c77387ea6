//! `accounts edit`, `pause`, `resume`, `disconnect`, `delete`.

use super::super::accounts_args::{Delete, Edit};
use super::super::failure::{Exit, Failure};
use super::super::session::{Role, Session};
use super::super::{Context, ask as terminal};
use super::show::{Shown, print, with_rule};
use super::{ask, chosen};
use crate::model::account::AccountOptions;
use crate::model::ids::AccountId;
use crate::model::outgoing::FieldProblem;
use crate::protocol::access::AccessRequest;
use crate::protocol::account_facts::name;
use crate::protocol::accounts::{AccountDetail, AccountRequest};
use crate::protocol::{Problem, Request, Response};
use crate::text::sanitize;
use serde::Serialize;

async fn detail(session: &mut Session, account: &AccountId) -> Result<AccountDetail, Failure> {
    ask(session, AccountRequest::Show { account: account.clone() }).await
}

/// `accounts edit`.
pub(super) async fn edit(mut ctx: Context<'_>, args: Edit) -> Result<Exit, Failure> {
    let mut session = ctx.session(Role::Reads).await?;
    let result = edited(&mut session, args).await;
    session.close().await;
    print(&mut ctx, &result?)
}

async fn edited(session: &mut Session, args: Edit) -> Result<Shown, Failure> {
    let mut detail = detail(session, &args.account).await?;
    let before = detail.view.life.options.clone();
    let mut options = before.clone();
    if let Some(name) = args.name {
        options.name = Some(name);
    }
    if let Some(prefix) = args.prefix {
        options.prefix = prefix;
    }
    if let Some(list) = args.recipients {
        options.recipients =
            list.split(',').map(str::trim).filter(|n| !n.is_empty()).map(str::to_owned).collect();
    }
    if options != before {
        detail = ask(session, AccountRequest::SetOptions { account: args.account.clone(), options }).await?;
    }
    if let Some(access) = args.access {
        let act = AccessRequest::SetAccount { account: args.account, rule: access.0 };
        session.client.ask(Request::Access { act }).await?;
    }
    with_rule(session, detail).await
}

/// `accounts pause` and `accounts resume`.
pub(super) async fn pause(mut ctx: Context<'_>, account: AccountId, paused: bool) -> Result<Exit, Failure> {
    let mut session = ctx.session(Role::Reads).await?;
    let result = async {
        let before = detail(&mut session, &account).await?.view.life.options;
        let options = AccountOptions { paused, ..before };
        let detail =
            ask(&mut session, AccountRequest::SetOptions { account: account.clone(), options }).await?;
        with_rule(&mut session, detail).await
    }
    .await;
    session.close().await;
    let shown = result?;
    if ctx.out.json {
        return print(&mut ctx, &shown);
    }
    ctx.out.line(&if paused {
        format!("{account} is paused: nothing leaves it until `switchboard accounts resume {account}`")
    } else {
        format!("{account} is resumed: what has waited leaves")
    })?;
    Ok(Exit::Done)
}

/// `accounts disconnect`.
pub(super) async fn disconnect(mut ctx: Context<'_>, account: AccountId) -> Result<Exit, Failure> {
    let mut session = ctx.session(Role::Reads).await?;
    let result = async {
        let detail = ask(&mut session, AccountRequest::Disconnect { account: account.clone() }).await?;
        with_rule(&mut session, detail).await
    }
    .await;
    session.close().await;
    let shown = result?;
    if ctx.out.json {
        return print(&mut ctx, &shown);
    }
    ctx.out.line(&format!(
        "{account} is disconnected: nothing leaves it; `switchboard accounts reconnect {account}` connects it again"
    ))?;
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Deleted {
    deleted: AccountId,
}

/// `accounts delete`.
pub(super) async fn delete(ctx: Context<'_>, args: Delete) -> Result<Exit, Failure> {
    let mut session = ctx.session(Role::Reads).await?;
    let result = deleted(&mut session, &args).await;
    session.close().await;
    result?;
    if ctx.out.json {
        ctx.out.document(&Deleted { deleted: args.account })?;
    } else {
        let words = "is removed with its secrets; its conversations stay in the store";
        ctx.out.line(&format!("{} {words}", args.account))?;
    }
    Ok(Exit::Done)
}

async fn deleted(session: &mut Session, args: &Delete) -> Result<(), Failure> {
    let view = chosen(session, Some(&args.account)).await?.pop().ok_or_else(Failure::unexpected)?;
    let typed = match &args.yes_delete {
        Some(name) => name.clone(),
        None if terminal::somebody() => {
            let shown = sanitize(name(&view)).into_owned();
            terminal::line(format!(
                "Nothing brings its setup back. Type `{shown}` to delete {}:",
                args.account
            ))
            .await?
        }
        None => {
            return Err(FieldProblem::new(
                "yes-delete",
                format!("is needed where nobody can be asked: --yes-delete \"{}\"", name(&view)),
            )
            .into());
        }
    };
    let act = AccountRequest::Delete { account: args.account.clone(), name: typed };
    match session.client.ask(Request::Account { act }).await? {
        Response::Done => Ok(()),
        _ => Err(Failure::new(Problem::new("protocol", "the engine did not say that it is done"))),
    }
}
