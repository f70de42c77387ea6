//! Templates for who makes them: what is asked is checked, handed to the provider, and noted with who did it.

use super::access::Who;
use crate::model::ids::AccountId;
use crate::model::template::local::{TemplateSettings, TemplateUse};
use crate::protocol::templates::{TemplateAnswer, TemplateRequest, TemplateRow};
use crate::protocol::{Problem, Response};

/// Answers a request about templates.
pub(super) async fn answer(who: &Who, act: TemplateRequest) -> Result<Response, Problem> {
    if let Some(id) = act.account()
        && !who.access.scope.has_account(id)
    {
        return Err(unknown(id));
    }
    let answer = match act {
        TemplateRequest::List { account } => {
            let list = who.shared.store.read(move |r| r.templates(&account)).await?;
            let row = |template| TemplateRow {
                template,
                settings: TemplateSettings::default(),
                used: TemplateUse::default(),
                warning: None,
            };
            TemplateAnswer::List(list.into_iter().map(row).collect())
        }
        _ => return Err(Problem::new("unable", "this cannot be done with templates yet")),
    };
    Ok(Response::Template(Box::new(answer)))
}

fn unknown(id: &AccountId) -> Problem {
    Problem::not_found(format!("there is no account `{id}`"))
        .next("`switchboard accounts` lists those that there are")
}
