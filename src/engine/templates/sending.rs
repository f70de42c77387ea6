//! Who may send which template, and what has to be known about it before it leaves.

use super::super::access::Who;
use super::super::session::{self, Wanted};
use super::super::{Shared, files, sharing};
use super::copy;
use crate::clock::Millis;
use crate::model::event::{Actor, EventBody, Recipient};
use crate::model::ids::{AccountId, MessageId};
use crate::model::media::StoredFile;
use crate::model::outgoing::Outgoing;
use crate::model::template::act::TemplateAct;
use crate::model::template::local::TemplateChange;
use crate::model::template::{Template, Values};
use crate::protocol::templates::TemplateRow;
use crate::protocol::{Problem, Response};
use std::sync::Arc;

/// A template that somebody wants to send.
pub(in crate::engine) struct Wish {
    pub account: Option<AccountId>,
    pub to: Recipient,
    pub name: String,
    pub language: String,
    pub values: Values,
    pub file: Option<StoredFile>,
    pub knowing: bool,
    pub at: Option<Millis>,
    pub id: Option<MessageId>,
}

/// The templates of an account that somebody may send.
pub(in crate::engine) async fn offered(who: &Who, account: AccountId) -> Result<Response, Problem> {
    let rows = who.shared.store.read(move |r| r.template_rows(&account, None)).await?;
    let role = &who.access.role.name;
    let may = rows.into_iter().filter(|r| r.settings.admits(role));
    // The components are for who makes them; with thousands of templates they would not fit into one answer.
    let short = |r: TemplateRow| Template { components: Vec::new(), ..r.template };
    Ok(Response::Templates(may.map(short).collect()))
}

/// Whether somebody may send it.
fn admitted(who: &Who, row: &TemplateRow) -> Result<(), Problem> {
    let (name, role) = (&row.template.name, &who.access.role.name);
    if !row.settings.enabled {
        return Err(Problem::new(
            "refused",
            format!("the template `{name}` ({}) is switched off", row.template.language),
        )
        .means("an admin took it from those that are offered; the provider would take it")
        .next("use another one, or ask an admin to switch it on"));
    }
    if !row.settings.admits(role) {
        return Err(Problem::new("forbidden", format!("the template `{name}` is not for the role `{role}`"))
            .means(format!("it is for: {}", row.settings.roles.join(", ")))
            .next("use another one, or ask an admin"));
    }
    Ok(())
}

/// What a category costs, in a sentence.
fn price(category: &str) -> &'static str {
    match category {
        "MARKETING" => {
            "each delivered one is paid at the marketing price, also in an open window, and the provider limits how many a \
             customer gets"
        }
        "UTILITY" => "each delivered one is paid at the utility price, and costs nothing in an open window",
        "AUTHENTICATION" => "each delivered one is paid at the authentication price, also in an open window",
        _ => "it may be paid at another price",
    }
}

/// A template that was moved to another category goes out when somebody says that they know.
fn moved(row: &TemplateRow, change: &TemplateChange) -> Problem {
    let (t, from, to) = (&row.template, &change.from, &change.to);
    let (name, language) = (&t.name, &t.language);
    let what = if change.part == "coming_category" {
        format!("the provider is going to move the template `{name}` ({language}) from {from} to {to}")
    } else {
        format!("the provider moved the template `{name}` ({language}) from {from} to {to}")
    };
    let means = format!("as {to}, {}", price(to));
    Problem { field: Some("knowing".into()), ..Problem::new("category_moved", what) }
        .means(means)
        .next("send it again and say that you know, or use another template")
}

/// The category that somebody has to know of before this is sent.
fn warned(row: &TemplateRow) -> Option<&TemplateChange> {
    row.warning.as_ref().filter(|w| matches!(w.part.as_str(), "category" | "coming_category"))
}

/// Reads the template, again from the provider where the copy is old.
async fn current(
    shared: &Shared,
    account: &AccountId,
    name: &str,
    language: &str,
) -> Result<TemplateRow, Problem> {
    let row = super::row(shared, account, name, language).await?;
    let most = i64::try_from(shared.live().template_age.as_millis()).unwrap_or(i64::MAX);
    let age = shared.clock.now() - row.template.synced_at;
    if (most > 0 && age > most)
        && let Some(a) = shared.account(account)
    {
        copy::freshen(shared, &a, name).await;
        return super::row(shared, account, name, language).await;
    }
    Ok(row)
}

/// Sends a template: everything that is known against it is said before anything is stored.
pub(in crate::engine) async fn send(who: &Who, wish: Wish) -> Result<Response, Problem> {
    let shared: &Arc<Shared> = &who.shared;
    let Wish { account, to, name, language, values, file, knowing, at, id: message } = wish;
    let id = session::which_account(shared, account.clone(), &to).await?;
    let row = current(shared, &id, &name, &language).await?;
    admitted(who, &row)?;
    let warning = warned(&row);
    if let Some(change) = warning.filter(|_| !knowing) {
        return Err(moved(&row, change));
    }
    let file = match file {
        Some(file) => Some(files::known(shared, file).await?),
        None => None,
    };
    let (send_as, shown) = row.template.fill_with(&values, file.as_ref())?;
    let content = Outgoing::Template { send: send_as, shown };
    let begins = matches!(to, Recipient::Identity { .. });
    let by = || Actor::Operator(who.operator().to_owned());
    let sent =
        session::send(shared, by(), Wanted { account, to, content, quote: None, at, id: message }).await;
    if let (Ok(_), Some(change)) = (&sent, warning) {
        let category = change.to.clone();
        let what = TemplateAct::Acknowledged { name, language, category };
        let body = EventBody::TemplateAdministered { account: id, what };
        // It is queued: what cannot be noted now is asked once more.
        if let Err(error) = shared.store.apply(shared.event(by(), body)).await {
            tracing::warn!(%error, "it was not noted that somebody knows of a moved template");
        }
    }
    sharing::own_what_begins(who, begins, sent).await
}
