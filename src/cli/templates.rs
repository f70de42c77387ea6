//! `switchboard templates`.

use super::args::Templates;
use super::failure::{Exit, Failure};
use super::session::Role;
use super::table::Table;
use super::{Context, Session, accounts};
use crate::model::ids::AccountId;
use crate::model::template::Template;
use crate::protocol::{Request, Response};
use serde::Serialize;

/// A template and the account it is sent from.
#[derive(Serialize)]
struct Row {
    account: AccountId,
    #[serde(flatten)]
    template: Template,
}

pub(super) async fn run(ctx: Context<'_>, args: Templates) -> Result<Exit, Failure> {
    let mut session = ctx.session(Role::Reads).await?;
    let result = read(&mut session, &args).await;
    session.close().await;
    let rows = result?;
    if ctx.out.json {
        ctx.out.document(&rows)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["account", "name", "language", "category", "status", "values", "body"], 6);
    for r in &rows {
        let t = &r.template;
        let values: Vec<String> =
            t.fields().into_iter().map(|f| if f.required { f.key } else { format!("{}?", f.key) }).collect();
        table.row([
            r.account.as_str(),
            &t.name,
            &t.language,
            &t.category,
            &t.status,
            &values.join(" "),
            &t.body,
        ]);
    }
    ctx.out.table(&table)?;
    Ok(Exit::Done)
}

async fn read(session: &mut Session, args: &Templates) -> Result<Vec<Row>, Failure> {
    let accounts = accounts::chosen(session, args.account.as_ref()).await?;
    if args.sync {
        session.client.ask(Request::Sync { account: args.account.clone() }).await?;
    }
    let mut rows = Vec::new();
    for account in accounts {
        let account = account.spec.id;
        match session.client.ask(Request::Templates { account: account.clone() }).await? {
            Response::Templates(list) => {
                rows.extend(list.into_iter().map(|template| Row { account: account.clone(), template }));
            }
            _ => return Err(Failure::unexpected()),
        }
    }
    Ok(rows)
}
