//! `switchboard templates`, `action` and `actions`: for who makes templates, and for scripts that send them.

mod actions;
mod diff;
mod editor;
mod files;
mod folder;
mod list;
mod local;
mod submit;

pub(super) use actions::{act, actions};

use super::args::templates::{TemplateAction, TemplateList, Templates};
use super::failure::{Exit, Failure};
use super::session::Role;
use super::{Context, Session, accounts};
use crate::clock::Millis;
use crate::model::ids::AccountId;
use crate::protocol::templates::{TemplateAnswer, TemplateRequest, TemplateRow};
use crate::protocol::{Problem, Request, Response};

pub(super) async fn run(mut ctx: Context<'_>, args: Templates) -> Result<Exit, Failure> {
    let account = args.account;
    match args.action {
        None => list::list(ctx, account, args.sync, TemplateList::default()).await,
        Some(TemplateAction::List(filter)) => list::list(ctx, account, args.sync, filter).await,
        Some(TemplateAction::Show(which)) => list::show(ctx, account, which).await,
        Some(TemplateAction::History(which)) => list::history(ctx, account, which).await,
        Some(TemplateAction::Sync) => list::sync(ctx, account).await,
        Some(TemplateAction::Create { file, how }) => submit::create(ctx, account, file, how).await,
        Some(TemplateAction::Edit { which, file, how }) => submit::edit(ctx, account, which, file, how).await,
        Some(TemplateAction::Duplicate { which, to, name_to, how }) => {
            submit::duplicate(ctx, account, which, to, name_to, how).await
        }
        Some(TemplateAction::Delete { which, yes }) => submit::delete(ctx, account, which, yes).await,
        Some(TemplateAction::Load { model, language, name, wait }) => {
            submit::load(ctx, account, model, language, name, wait).await
        }
        Some(TemplateAction::Models { name, language }) => list::our_models(&mut ctx, name, &language),
        Some(TemplateAction::Library { search, language, take, name, buttons }) => {
            list::library(ctx, account, list::Wanted { search, language, take, name, buttons }).await
        }
        Some(TemplateAction::Lint { files }) => files::lint(&mut ctx, &files),
        Some(TemplateAction::Pull { dir, format, names }) => {
            folder::pull(ctx, account, &dir, format, &names).await
        }
        Some(TemplateAction::Push { dir, dry_run, delete, wait }) => {
            folder::push(ctx, account, &dir, folder::Push { dry_run, delete, wait }).await
        }
        Some(TemplateAction::Diff { dir }) => folder::diff(ctx, account, &dir).await,
        Some(TemplateAction::Enable(which)) => local::switch(ctx, account, which, true).await,
        Some(TemplateAction::Disable(which)) => local::switch(ctx, account, which, false).await,
        Some(TemplateAction::Roles { which, only, all }) => {
            local::roles(ctx, account, which, only, all).await
        }
        Some(TemplateAction::Map { which, set, clear }) => local::map(ctx, account, which, set, clear).await,
        Some(TemplateAction::Send(args)) => actions::send(ctx, account, args).await,
    }
}

/// Opens a session, does something in it and closes it.
async fn with<T>(
    ctx: &mut Context<'_>,
    role: Role,
    work: impl AsyncFnOnce(&mut Session, &mut super::Output) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut session = ctx.session(role).await?;
    let result = work(&mut session, ctx.out).await;
    session.close().await;
    result
}

async fn ask(session: &mut Session, act: TemplateRequest) -> Result<TemplateAnswer, Failure> {
    match session.client.ask(Request::Template { act: Box::new(act) }).await? {
        Response::Template(answer) => Ok(*answer),
        _ => Err(Failure::unexpected()),
    }
}

async fn rows(session: &mut Session, account: &AccountId) -> Result<Vec<TemplateRow>, Failure> {
    match ask(session, TemplateRequest::List { account: account.clone() }).await? {
        TemplateAnswer::List(rows) => Ok(rows),
        _ => Err(Failure::unexpected()),
    }
}

/// The accounts whose templates are meant: numbers of one business share them, and one of these stands for all.
async fn meant(session: &mut Session, given: Option<&AccountId>) -> Result<Vec<AccountId>, Failure> {
    let mut seen: Vec<(String, String)> = Vec::new();
    let mut out = Vec::new();
    for a in accounts::chosen(session, given).await? {
        let business = (a.spec.provider.clone(), a.spec.business.clone());
        if given.is_some() || business.1.is_empty() || !seen.contains(&business) {
            seen.push(business);
            out.push(a.spec.id);
        }
    }
    Ok(out)
}

/// The one account that something is done for.
async fn one(session: &mut Session, given: Option<&AccountId>) -> Result<AccountId, Failure> {
    let mut all = meant(session, given).await?;
    if all.len() > 1 {
        let names: Vec<&str> = all.iter().map(AccountId::as_str).collect();
        return Err(Failure::new(
            Problem::new("usage", "there are several business accounts, and each has templates of its own")
                .next(format!("say which one with --account: {}", names.join(", "))),
        ));
    }
    all.pop().ok_or_else(|| {
        Failure::new(
            Problem::not_found("no account is connected").next("connect one: `switchboard accounts connect`"),
        )
    })
}

/// Those of a name, in one language or in all.
async fn named(
    session: &mut Session,
    account: &AccountId,
    name: &str,
    language: Option<&str>,
) -> Result<Vec<TemplateRow>, Failure> {
    let all = rows(session, account).await?;
    let mut found: Vec<TemplateRow> = all.iter().filter(|r| r.template.name == name).cloned().collect();
    let languages: Vec<String> = found.iter().map(|r| r.template.language.clone()).collect();
    if let Some(language) = language {
        found.retain(|r| r.template.language == language);
    }
    if !found.is_empty() {
        return Ok(found);
    }
    let problem = if languages.is_empty() {
        Problem::not_found(format!("there is no template `{name}`"))
            .next("`switchboard templates list --samples` lists all; --sync reads them again")
    } else {
        Problem::not_found(format!(
            "there is no template `{name}` in language `{}`",
            language.unwrap_or_default()
        ))
        .next(format!("it is there in: {}", languages.join(", ")))
    };
    Err(Failure::new(problem))
}

/// One in one language.
async fn single(
    session: &mut Session,
    account: &AccountId,
    name: &str,
    language: Option<&str>,
) -> Result<TemplateRow, Failure> {
    let mut found = named(session, account, name, language).await?;
    if found.len() > 1 {
        let languages: Vec<&str> = found.iter().map(|r| r.template.language.as_str()).collect();
        return Err(Failure::new(
            Problem::new("usage", format!("`{name}` is there in several languages"))
                .next(format!("say which one after the name: {}", languages.join(", "))),
        ));
    }
    found.pop().ok_or_else(Failure::unexpected)
}

/// How long ago something was.
fn ago(at: Millis, now: Millis) -> String {
    let minutes = (now - at).max(0) / 60_000;
    match minutes {
        0 => "now".into(),
        1..60 => format!("{minutes} min"),
        60..2_880 => format!("{} h", minutes / 60),
        _ => format!("{} days", minutes / 1_440),
    }
}
