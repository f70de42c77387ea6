//! Templates for who makes them: what is asked is checked, handed to the provider, and noted with who did it.
//!
//! One file per area: `change` for what is done at the provider, `copy` for how our copy is kept up with it, `sending` for who
//! may send what, `values` for where values come from, `actions` for business actions.

mod actions;
mod change;
mod copy;
mod sending;
mod values;

pub use actions::{ActionCall, ActionDone};
pub(super) use copy::{Desk, heard, run as watch};
pub(super) use sending::{Wish, offered, send};

use super::Shared;
use super::access::Who;
use super::accounts::Account;
use super::admin::refused;
use super::session::disk_problem;
use crate::model::event::{Actor, EventBody};
use crate::model::ids::AccountId;
use crate::model::outgoing::FieldProblem;
use crate::model::template::act::TemplateAct;
use crate::model::template::local::TemplateSettings;
use crate::model::template::local::check_action_name;
use crate::protocol::templates::{TemplateAnswer, TemplateRequest, TemplateRow};
use crate::protocol::{Problem, Response};
use crate::provider::templates_admin::TemplateAdministration;
use std::sync::Arc;

/// Answers a request about templates.
pub(super) async fn answer(who: &Who, act: TemplateRequest) -> Result<Response, Problem> {
    if let Some(id) = act.account()
        && !who.access.scope.has_account(id)
    {
        return Err(unknown(id));
    }
    let answer = match act {
        TemplateRequest::Act { account, name, to, values, file } => {
            let deed = actions::Deed { account, name, to, values, file, id: None };
            return actions::act(who, deed).await;
        }
        TemplateRequest::Values { account, name, language, to, given } => {
            found(&who.shared, &account)?;
            let known = values::offered(who, &account, (&name, &language), &to, &given).await?;
            TemplateAnswer::Values(known)
        }
        act @ (TemplateRequest::List { .. }
        | TemplateRequest::History { .. }
        | TemplateRequest::Refresh { .. }
        | TemplateRequest::Library { .. }
        | TemplateRequest::Actions { .. }) => look(&who.shared, act).await?,
        act => {
            // What cannot be noted is not done.
            if let Some(trouble) = who.shared.disk.trouble() {
                return Err(disk_problem(&trouble.to_string()));
            }
            change(who, act).await?
        }
    };
    Ok(Response::Template(Box::new(answer)))
}

async fn look(shared: &Arc<Shared>, act: TemplateRequest) -> Result<TemplateAnswer, Problem> {
    Ok(match act {
        TemplateRequest::List { account } => {
            found(shared, &account)?;
            let rows = shared.store.read(move |r| r.template_rows(&account, None)).await?;
            TemplateAnswer::List(rows)
        }
        TemplateRequest::History { account, name, language } => {
            found(shared, &account)?;
            let list = shared.store.read(move |r| r.template_history(&account, &name, &language)).await?;
            TemplateAnswer::History(list)
        }
        TemplateRequest::Refresh { account, name } => {
            let a = found(shared, &account)?;
            copy::refresh(shared, &a, &name).await.map_err(|e| copy::problem(&account, e))?;
            let rows = shared.store.read(move |r| r.template_rows(&account, Some(&name))).await?;
            TemplateAnswer::List(rows)
        }
        TemplateRequest::Library { account, search, language } => {
            let a = found(shared, &account)?;
            let list = able(&a)?.template_library(search.trim(), language.trim()).await;
            TemplateAnswer::Library(list.map_err(|e| refused(&account, e))?)
        }
        TemplateRequest::Actions { account } => {
            found(shared, &account)?;
            let list = shared.store.read(move |r| r.actions(Some(&account))).await?;
            TemplateAnswer::Actions(list.into_iter().map(|(_, row)| row).collect())
        }
        _ => return Err(odd()),
    })
}

async fn change(who: &Who, act: TemplateRequest) -> Result<TemplateAnswer, Problem> {
    let shared = &who.shared;
    match act {
        TemplateRequest::Create { account, definition } => change::create(who, &account, *definition).await,
        TemplateRequest::Load { account, model, language, name } => {
            change::load(who, &account, model, language, name).await
        }
        TemplateRequest::Edit { account, definition } => change::edit(who, &account, *definition).await,
        TemplateRequest::Delete { account, name, language } => {
            change::delete(who, &account, name, language).await
        }
        TemplateRequest::Sample { account, file } => change::sample(who, &account, file).await,
        TemplateRequest::FromLibrary { account, library, name, language, category, buttons } => {
            let wish = change::Wish { library, name, language, category, buttons };
            change::from_library(who, &account, wish).await
        }
        TemplateRequest::Set { account, name, language, settings } => {
            found(shared, &account)?;
            settings.check()?;
            roles_exist(shared, &settings)?;
            let row = row(shared, &account, &name, &language).await?;
            if row.settings != settings {
                note(who, &account, TemplateAct::Set { name, language, settings }).await?;
            }
            Ok(TemplateAnswer::Done)
        }
        TemplateRequest::SetAction { account, name, action } => {
            found(shared, &account)?;
            check_action_name(&name)?;
            if let Some(action) = &action {
                action.check()?;
                let (id, template) = (account.clone(), action.template.clone());
                let rows = shared.store.read(move |r| r.template_rows(&id, Some(&template))).await?;
                if rows.is_empty() {
                    let text = format!("there is no template `{}` on `{account}`", action.template);
                    return Err(FieldProblem::new("template", text).into());
                }
                let has = |r: &TemplateRow| r.template.language == action.language;
                if !action.language.is_empty() && !rows.iter().any(has) {
                    let text = format!("`{}` has no language `{}`", action.template, action.language);
                    return Err(FieldProblem::new("language", text).into());
                }
            }
            note(who, &account, TemplateAct::ActionSet { name, action }).await?;
            Ok(TemplateAnswer::Done)
        }
        _ => Err(odd()),
    }
}

fn roles_exist(shared: &Shared, settings: &TemplateSettings) -> Result<(), FieldProblem> {
    let book = shared.book.borrow();
    match settings.roles.iter().find(|r| book.role(r).is_none()) {
        Some(unknown) => Err(FieldProblem::new("roles", format!("there is no role `{unknown}`"))),
        None => Ok(()),
    }
}

fn odd() -> Problem {
    Problem::new("protocol", "this request is not understood")
}

fn unknown(id: &AccountId) -> Problem {
    Problem::not_found(format!("there is no account `{id}`"))
        .next("`switchboard accounts` lists those that there are")
}

fn found(shared: &Shared, id: &AccountId) -> Result<Arc<Account>, Problem> {
    shared.account(id).ok_or_else(|| unknown(id))
}

fn able(account: &Account) -> Result<&dyn TemplateAdministration, Problem> {
    account.provider.template_admin().ok_or_else(|| {
        Problem::new(
            "unable",
            format!("the provider of `{}` lets nobody change templates here", account.id()),
        )
        .next("do it in the provider's own dashboard")
    })
}

/// A template with what is kept here, or that there is none.
async fn row(
    shared: &Shared,
    account: &AccountId,
    name: &str,
    language: &str,
) -> Result<TemplateRow, Problem> {
    let (id, n, l) = (account.clone(), name.to_owned(), language.to_owned());
    let row = shared.store.read(move |r| r.template_row(&id, &n, &l)).await?;
    row.ok_or_else(|| missing(name, language))
}

pub(super) fn missing(name: &str, language: &str) -> Problem {
    let language = if language.is_empty() { String::new() } else { format!(" in language `{language}`") };
    Problem {
        field: Some("template".into()),
        ..Problem::new("field", format!("template: there is no template `{name}`{language}"))
    }
    .next("`switchboard templates sync` reads the list again")
}

/// Notes what an operator did.
async fn note(who: &Who, account: &AccountId, what: TemplateAct) -> Result<(), Problem> {
    let by = Actor::Operator(who.operator().to_owned());
    let body = EventBody::TemplateAdministered { account: account.clone(), what };
    who.shared.store.apply(who.shared.event(by, body)).await?;
    who.shared.templates.wake();
    Ok(())
}
