//! Sending: one template, and business actions, which a script calls by their name.

use super::super::args::templates::{Act, Actions, ActionsAction, TemplateSend};
use super::super::args::{Format, Send, Wait};
use super::super::failure::{Exit, Failure};
use super::super::session::Role;
use super::super::table::Table;
use super::super::{Context, Output, Session, accounts, files, format, send};
use super::local::field;
use super::{ask, named, one, with};
use crate::model::ids::AccountId;
use crate::model::media::StoredFile;
use crate::model::message::Message;
use crate::model::template::Values;
use crate::model::template::local::{ActionDefinition, check_action_name};
use crate::protocol::templates::{ActionRow, TemplateAnswer, TemplateRequest};
use crate::protocol::{Problem, Request, Response};
use crate::text::sanitize;
use serde::Serialize;
use std::path::Path;
use std::time::Duration;

/// The arguments by which `send` finds the recipient.
fn addressed(to: &str, account: Option<&AccountId>, wait: Wait, timeout: Duration) -> Send {
    Send {
        to: to.to_owned(),
        account: account.cloned(),
        text: None,
        template: None,
        language: None,
        values: Vec::new(),
        json_content: None,
        files: Vec::new(),
        caption: None,
        quote: None,
        at: None,
        anyway: false,
        wait,
        timeout,
        format: Format { json: false },
    }
}

async fn kept(session: &mut Session, file: Option<&Path>) -> Result<Option<StoredFile>, Failure> {
    match file {
        Some(path) => Ok(Some(files::upload(session, files::open(path)?).await?)),
        None => Ok(None),
    }
}

/// Prints a message that was sent.
fn sent(out: &mut Output, message: &Message) -> Result<Exit, Failure> {
    if out.json {
        out.document(message)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["message", "state", "time", "content"], 3);
    let time = out.time(message.at);
    table.row([&message.id.to_string(), message.state.as_str(), &time, &format::body(&message.body)]);
    out.table(&table)?;
    Ok(Exit::Done)
}

/// `templates send`.
pub(super) async fn send(
    mut ctx: Context<'_>,
    account: Option<AccountId>,
    args: TemplateSend,
) -> Result<Exit, Failure> {
    if let Some(path) = &args.file {
        files::open(path)?;
    }
    let message = with(&mut ctx, Role::Sends, async |session, out| {
        let all = accounts::chosen(session, account.as_ref()).await?;
        let like_send = addressed(&args.to, account.as_ref(), args.wait, args.timeout);
        let to = send::recipient(session, &like_send, out).await?;
        // Any account that has it knows what its values are called.
        let mut keys = None;
        let mut missing = None;
        for a in &all {
            match named(session, &a.spec.id, &args.name, Some(&args.language)).await {
                Ok(found) => {
                    keys = found.first().map(|r| r.template.fields().into_iter().map(|f| f.key).collect());
                    break;
                }
                Err(e) => missing = Some(e),
            }
        }
        let keys: Vec<String> = keys.ok_or_else(|| missing.unwrap_or_else(Failure::unexpected))?;
        let mut values = Values::new();
        for (name, value) in &args.values {
            values.insert(field(&keys, name)?, value.clone());
        }
        let file = kept(session, args.file.as_deref()).await?;
        let request = Request::SendTemplate {
            account: account.clone(),
            to,
            name: args.name.clone(),
            language: args.language.clone(),
            values,
            file: file.map(Box::new),
            knowing: args.knowing,
            at: Some(0),
        };
        let answer = session.client.ask(request).await;
        let Response::Queued { message, .. } = answer.map_err(with_option)? else {
            return Err(Failure::unexpected());
        };
        let wait = send::wait_for(session, &like_send, false);
        send::settle(session, message, wait, args.timeout).await
    })
    .await?;
    sent(ctx.out, &message)
}

/// Says which option says that one knows.
fn with_option(p: Problem) -> Failure {
    let knowing = p.field.as_deref() == Some("knowing");
    Failure::new(if knowing { p.next("send it again with --knowing, or use another template") } else { p })
}

/// `action`.
pub(in crate::cli) async fn act(mut ctx: Context<'_>, args: Act) -> Result<Exit, Failure> {
    check_action_name(&args.name)?;
    if let Some(path) = &args.file {
        files::open(path)?;
    }
    let message = with(&mut ctx, Role::Sends, async |session, out| {
        let like_send = addressed(&args.to, args.account.as_ref(), args.wait, args.timeout);
        let to = send::recipient(session, &like_send, out).await?;
        let file = kept(session, args.file.as_deref()).await?;
        let act = TemplateRequest::Act {
            account: args.account.clone(),
            name: args.name.clone(),
            to,
            values: args.values.iter().cloned().collect(),
            file,
        };
        match session.client.ask(Request::Template { act: Box::new(act) }).await? {
            Response::Queued { message, .. } => {
                let wait = send::wait_for(session, &like_send, false);
                send::settle(session, message, wait, args.timeout).await
            }
            _ => Err(Failure::unexpected()),
        }
    })
    .await?;
    sent(ctx.out, &message)
}

#[derive(Serialize)]
struct Row {
    account: AccountId,
    #[serde(flatten)]
    row: ActionRow,
}

/// `actions`.
pub(in crate::cli) async fn actions(mut ctx: Context<'_>, args: Actions) -> Result<Exit, Failure> {
    let account = args.account;
    match args.action.unwrap_or(ActionsAction::List) {
        ActionsAction::List => {
            let rows = with(&mut ctx, Role::Reads, async |session, _| {
                let mut all = Vec::new();
                for a in accounts::chosen(session, account.as_ref()).await? {
                    let act = TemplateRequest::Actions { account: a.spec.id.clone() };
                    let TemplateAnswer::Actions(list) = ask(session, act).await? else {
                        return Err(Failure::unexpected());
                    };
                    all.extend(list.into_iter().map(|row| Row { account: a.spec.id.clone(), row }));
                }
                Ok(all)
            })
            .await?;
            if ctx.out.json {
                ctx.out.document(&rows)?;
                return Ok(Exit::Done);
            }
            let mut table = Table::new(&["account", "action", "template", "language", "values"], 4);
            for r in &rows {
                let a = &r.row.action;
                let values: Vec<String> = a.mapping.iter().map(|(k, v)| format!("{k}={v}")).collect();
                table.row([r.account.as_str(), &r.row.name, &a.template, &a.language, &values.join(" ")]);
            }
            ctx.out.table(&table)?;
            Ok(Exit::Done)
        }
        ActionsAction::Set { name, template, language, map } => {
            let action = ActionDefinition { template, language, mapping: map.into_iter().collect() };
            check_action_name(&name)?;
            action.check()?;
            change(ctx, account, name, Some(action)).await
        }
        ActionsAction::Remove { name } => change(ctx, account, name, None).await,
    }
}

async fn change(
    mut ctx: Context<'_>,
    account: Option<AccountId>,
    name: String,
    mut action: Option<ActionDefinition>,
) -> Result<Exit, Failure> {
    let is_set = action.is_some();
    with(&mut ctx, Role::Reads, async |session, _| {
        let account = one(session, account.as_ref()).await?;
        if let Some(a) = &mut action {
            let language = (!a.language.is_empty()).then_some(a.language.as_str());
            let found = named(session, &account, &a.template, language).await?;
            let keys: Vec<String> = found
                .first()
                .map(|r| r.template.fields().into_iter().map(|f| f.key).collect())
                .unwrap_or_default();
            let mut mapping = Values::new();
            for (name, source) in std::mem::take(&mut a.mapping) {
                mapping.insert(field(&keys, &name)?, source);
            }
            a.mapping = mapping;
        }
        let act = TemplateRequest::SetAction { account, name: name.clone(), action };
        match ask(session, act).await? {
            TemplateAnswer::Done => Ok(()),
            _ => Err(Failure::unexpected()),
        }
    })
    .await?;
    if ctx.out.json {
        #[derive(Serialize)]
        struct Document<'a> {
            action: &'a str,
            set: bool,
        }
        ctx.out.document(&Document { action: &name, set: is_set })?;
    } else {
        let what = if is_set { "is set" } else { "is no more" };
        ctx.out.line(&sanitize(&format!("the action {name} {what}")))?;
    }
    Ok(Exit::Done)
}
