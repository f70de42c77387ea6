//! What is set here for a template: whether it is offered, to whom, and where its values come from.

use super::super::args::templates::{One, Which};
use super::super::failure::{Exit, Failure};
use super::super::session::Role;
use super::super::table::Table;
use super::super::{Context, Session, accounts};
use super::{ask, named, one, single, with};
use crate::model::ids::AccountId;
use crate::model::outgoing::FieldProblem;
use crate::model::template::local::TemplateSettings;
use crate::protocol::templates::{TemplateAnswer, TemplateRequest, TemplateRow};
use crate::text::sanitize;

async fn set(
    session: &mut Session,
    account: &AccountId,
    row: &TemplateRow,
    settings: TemplateSettings,
) -> Result<(), Failure> {
    settings.check()?;
    let act = TemplateRequest::Set {
        account: account.clone(),
        name: row.template.name.clone(),
        language: row.template.language.clone(),
        settings,
    };
    match ask(session, act).await? {
        TemplateAnswer::Done => Ok(()),
        _ => Err(Failure::unexpected()),
    }
}

/// `enable` and `disable`. What is set belongs to an account: without one it is set for all that share the template.
pub(super) async fn switch(
    mut ctx: Context<'_>,
    account: Option<AccountId>,
    which: Which,
    enabled: bool,
) -> Result<Exit, Failure> {
    let done = with(&mut ctx, Role::Reads, async |session, _| {
        // One that is not known to a single business is asked about before anything is changed.
        one(session, account.as_ref()).await?;
        let mut done = Vec::new();
        for a in accounts::chosen(session, account.as_ref()).await? {
            for mut row in named(session, &a.spec.id, &which.name, which.language.as_deref()).await? {
                let settings = TemplateSettings { enabled, ..row.settings.clone() };
                set(session, &a.spec.id, &row, settings.clone()).await?;
                row.settings = settings;
                done.push((a.spec.id.clone(), row));
            }
        }
        Ok(done)
    })
    .await?;
    if ctx.out.json {
        let rows: Vec<&TemplateRow> = done.iter().map(|(_, row)| row).collect();
        ctx.out.document(&rows)?;
        return Ok(Exit::Done);
    }
    for (account, row) in &done {
        let what = if enabled { "is offered" } else { "is not offered any more" };
        let t = &row.template;
        ctx.out.line(&sanitize(&format!("{account}: {} ({}) {what}", t.name, t.language)))?;
    }
    Ok(Exit::Done)
}

pub(super) async fn roles(
    mut ctx: Context<'_>,
    account: Option<AccountId>,
    which: One,
    only: Vec<String>,
    all: bool,
) -> Result<Exit, Failure> {
    let row = with(&mut ctx, Role::Reads, async |session, _| {
        let account = one(session, account.as_ref()).await?;
        let mut row = single(session, &account, &which.name, which.language.as_deref()).await?;
        if all || !only.is_empty() {
            let settings = TemplateSettings { roles: only, ..row.settings.clone() };
            set(session, &account, &row, settings.clone()).await?;
            row.settings = settings;
        }
        Ok(row)
    })
    .await?;
    if ctx.out.json {
        ctx.out.document(&row.settings)?;
    } else if row.settings.roles.is_empty() {
        ctx.out.line("every role that may send templates")?;
    } else {
        for role in &row.settings.roles {
            ctx.out.line(&sanitize(role))?;
        }
    }
    Ok(Exit::Done)
}

pub(super) async fn map(
    mut ctx: Context<'_>,
    account: Option<AccountId>,
    which: One,
    sources: Vec<(String, String)>,
    clear: Vec<String>,
) -> Result<Exit, Failure> {
    let row = with(&mut ctx, Role::Reads, async |session, _| {
        let account = one(session, account.as_ref()).await?;
        let mut row = single(session, &account, &which.name, which.language.as_deref()).await?;
        if sources.is_empty() && clear.is_empty() {
            return Ok(row);
        }
        let keys: Vec<String> = row.template.fields().into_iter().map(|f| f.key).collect();
        let mut settings = row.settings.clone();
        for name in clear {
            settings.mapping.remove(&field(&keys, &name)?);
        }
        for (name, source) in sources {
            settings.mapping.insert(field(&keys, &name)?, source);
        }
        set(session, &account, &row, settings.clone()).await?;
        row.settings = settings;
        Ok(row)
    })
    .await?;
    if ctx.out.json {
        ctx.out.document(&row.settings)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["value", "needed", "from"], 2);
    for f in row.template.fields() {
        let source = row.settings.mapping.get(&f.key).map_or("", String::as_str);
        table.row([f.key.as_str(), if f.required { "yes" } else { "" }, source]);
    }
    ctx.out.table(&table)?;
    Ok(Exit::Done)
}

/// The key of a value by its whole name (`body.amount`) or by its variable alone (`amount`).
pub(super) fn field(keys: &[String], name: &str) -> Result<String, FieldProblem> {
    if keys.iter().any(|k| k == name) {
        return Ok(name.to_owned());
    }
    let short: Vec<&String> =
        keys.iter().filter(|k| k.split_once('.').is_some_and(|(_, variable)| variable == name)).collect();
    match short.as_slice() {
        [one] => Ok((*one).clone()),
        [] => {
            let known = if keys.is_empty() { "none".to_owned() } else { keys.join(", ") };
            Err(FieldProblem::new(name, format!("this template has no such value; it has: {known}")))
        }
        several => {
            let names: Vec<&str> = several.iter().map(|k| k.as_str()).collect();
            Err(FieldProblem::new(name, format!("which one is meant: {}?", names.join(", "))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_goes_by_its_variable() {
        let keys = ["header.1", "body.1", "body.amount", "button.0"].map(str::to_owned);
        assert_eq!(field(&keys, "amount").unwrap(), "body.amount");
        assert_eq!(field(&keys, "body.1").unwrap(), "body.1");
        assert!(field(&keys, "1").unwrap_err().problem.contains("header.1, body.1"));
        assert!(field(&keys, "total").unwrap_err().problem.contains("it has: header.1"));
    }
}
