//! `switchboard accounts`.

use super::Context;
use super::failure::{Exit, Failure};
use super::session::{Role, Session};
use super::table::Table;
use crate::model::contact::display_phone;
use crate::model::ids::AccountId;
use crate::protocol::{AccountView, Problem, Request, Response};

pub(super) async fn run(ctx: Context<'_>) -> Result<Exit, Failure> {
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
        return Ok(Exit::Done);
    }
    let mut table = Table::new(
        &["id", "name", "number", "environment", "state", ">unread", ">threads", "last webhook"],
        1,
    );
    for a in &accounts {
        let number = if a.facts.display_phone.is_empty() {
            a.spec.number.clone()
        } else {
            display_phone(&a.facts.display_phone)
        };
        let state =
            if a.state_text.is_empty() { a.state.clone() } else { format!("{}: {}", a.state, a.state_text) };
        let last = a.last_webhook.map_or_else(|| "never".to_owned(), |at| ctx.out.time(at));
        table.row([
            a.spec.id.as_str(),
            &a.spec.name,
            &number,
            &a.spec.environment,
            &state,
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
