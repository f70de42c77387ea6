//! `switchboard macros`.

use super::args::{MacroAction, Macros};
use super::failure::{Exit, Failure};
use super::session::Role;
use super::table::Table;
use super::{Context, Session, library, macro_run};
use crate::model::ids::MacroId;
use crate::model::macros::{Macro, MacroStep, STEP_FORMS};
use crate::protocol::macros::MacroRequest;
use crate::protocol::{Problem, Request, Response};
use std::fmt::Write as _;

/// The steps, for the help.
pub(super) fn steps_help() -> String {
    let mut out = String::from("Steps:\n");
    let width = STEP_FORMS.iter().map(|(form, _)| form.len()).max().unwrap_or(0);
    for (form, does) in STEP_FORMS {
        let _ = writeln!(out, "  {form:width$}  {does}");
    }
    out.trim_end().to_owned()
}

pub(super) async fn run(mut ctx: Context<'_>, args: Macros) -> Result<Exit, Failure> {
    let action = args.action.unwrap_or(MacroAction::List);
    let sends = matches!(action, MacroAction::Run { dry_run: false, .. });
    let mut session = ctx.session(if sends { Role::Sends } else { Role::Reads }).await?;
    let result = act(&mut ctx, &mut session, action).await;
    session.close().await;
    result
}

async fn act(ctx: &mut Context<'_>, session: &mut Session, action: MacroAction) -> Result<Exit, Failure> {
    let there = list(session).await?;
    let act = match action {
        MacroAction::List => return print(ctx, &there),
        MacroAction::Import(args) => return library::import(ctx, session, &args, &there).await,
        MacroAction::Export(args) => return library::export(ctx, session, &args, &there).await,
        MacroAction::Add { name, steps, about, private } => {
            let saved = Macro {
                id: MacroId::new(),
                name,
                about,
                steps: steps.into_iter().map(MacroStep::from).collect(),
                owner: private.then(String::new),
                used: 0,
                updated_at: ctx.clock.now(),
            };
            saved.check()?;
            library::check_texts(&saved)?;
            MacroRequest::Save { saved }
        }
        MacroAction::Run { name, to, account, values, dry_run } => {
            let run = macro_run::Run {
                found: named(&there, &name)?,
                to,
                account,
                values: values.into_iter().collect(),
                only_look: dry_run,
            };
            return macro_run::run(ctx, session, run).await;
        }
        MacroAction::Delete { name } => MacroRequest::Delete { id: named(&there, &name)?.id },
    };
    session.client.ask(Request::Macro { act }).await?;
    let now = list(session).await?;
    print(ctx, &now)
}

/// The one of this name; the operator's own comes first.
fn named(all: &[Macro], name: &str) -> Result<Macro, Failure> {
    let with_name = |own: bool| all.iter().find(|m| m.name == name && m.owner.is_some() == own);
    with_name(true).or_else(|| with_name(false)).cloned().ok_or_else(|| {
        Failure::new(
            Problem::not_found(format!("there is no macro `{name}`")).next("`switchboard macros` lists them"),
        )
    })
}

fn print(ctx: &mut Context<'_>, all: &[Macro]) -> Result<Exit, Failure> {
    if ctx.out.json {
        ctx.out.document(&all)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["name", ">used", "whose", "steps"], 3);
    for m in all {
        let steps: Vec<String> = m.steps.iter().map(ToString::to_string).collect();
        let whose = if m.owner.is_some() { "own" } else { "all" };
        table.row([&m.name, &m.used.to_string(), whose, &steps.join(" · ")]);
    }
    ctx.out.table(&table)?;
    Ok(Exit::Done)
}

async fn list(session: &mut Session) -> Result<Vec<Macro>, Failure> {
    match session.client.ask(Request::Macro { act: MacroRequest::List }).await? {
        Response::Macros(all) => Ok(all),
        _ => Err(Failure::unexpected()),
    }
}
