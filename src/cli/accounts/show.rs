//! `accounts show` and `accounts verify`: how an account is.

use super::super::Context;
use super::super::failure::{Exit, Failure};
use super::super::session::{Role, Session};
use super::super::table::Table;
use super::{ask, chosen};
use crate::model::access::AccountRule;
use crate::model::ids::AccountId;
use crate::protocol::access::AccessRequest;
use crate::protocol::account_facts::{Openness, Saying, facts, number, state_line, steps};
use crate::protocol::accounts::{AccountDetail, AccountRequest};
use crate::protocol::{AccountView, Problem, Request, Response};
use crate::text::{self, sanitize};
use serde::Serialize;

/// What `--json` prints of an account.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    #[serde(flatten)]
    detail: &'a AccountDetail,
    /// Who may work with it; `{"everybody": true}` where nobody is named, left out where the asker may not know.
    #[serde(skip_serializing_if = "Option::is_none")]
    access: Option<Open<'a>>,
}

#[derive(Serialize)]
struct Open<'a> {
    everybody: bool,
    #[serde(flatten)]
    rule: Option<&'a AccountRule>,
}

/// An account with who may work with it, where the asker may know that.
pub(super) struct Shown {
    pub detail: AccountDetail,
    pub open: Openness,
}

/// Adds who may work with it.
pub(super) async fn with_rule(session: &mut Session, detail: AccountDetail) -> Result<Shown, Failure> {
    let open = match session.client.ask(Request::Access { act: AccessRequest::List }).await {
        Ok(Response::Access(list)) => Openness::of(list.book.accounts.get(&detail.view.spec.id)),
        Ok(_) => return Err(Failure::unexpected()),
        Err(p) if p.kind == "forbidden" => Openness::Unknown,
        Err(p) => return Err(p.into()),
    };
    Ok(Shown { detail, open })
}

/// Prints everything about an account.
pub(super) fn print(ctx: &mut Context<'_>, shown: &Shown) -> Result<Exit, Failure> {
    if ctx.out.json {
        let access = (shown.open != Openness::Unknown)
            .then(|| Open { everybody: shown.open.rule().is_none(), rule: shown.open.rule() });
        ctx.out.document(&Document { detail: &shown.detail, access })?;
        return Ok(Exit::Done);
    }
    let zone = ctx.out.zone();
    let time = |at: i64| match jiff::Timestamp::from_millisecond(at) {
        Ok(t) => t.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string(),
        Err(_) => at.to_string(),
    };
    let saying = Saying { now: ctx.clock.now(), time: &time, shell: true };
    let name = sanitize(&shown.detail.view.spec.name);
    ctx.out.line(&format!("{:<14}{name}", "name"))?;
    for fact in facts(&shown.detail, &shown.open, &saying) {
        ctx.out.line(&format!("{:<14}{}", fact.label, sanitize(&fact.text)))?;
    }
    if let Some(link) = &shown.detail.setup.link {
        ctx.out.line(&format!("{:<14}{}", "", sanitize(&link.url)))?;
    }
    for (i, (name, step)) in steps(&shown.detail).into_iter().enumerate() {
        let label = if i == 0 { "setup" } else { "" };
        let mark = if step.done { "✓" } else { "✗" };
        let text = if step.text.is_empty() { String::new() } else { format!(": {}", step.text) };
        ctx.out.line(&format!("{label:<14}{mark} {}{}", sanitize(&name), sanitize(&text)))?;
        if !step.done && !step.next.is_empty() {
            ctx.out.line(&format!("{:<14}  do next: {}", "", sanitize(&step.next)))?;
        }
    }
    Ok(Exit::Done)
}

/// `accounts show`.
pub(super) async fn run(mut ctx: Context<'_>, account: &AccountId) -> Result<Exit, Failure> {
    let mut session = ctx.session(Role::Reads).await?;
    let result = async {
        let detail = ask(&mut session, AccountRequest::Show { account: account.clone() }).await?;
        with_rule(&mut session, detail).await
    }
    .await;
    session.close().await;
    print(&mut ctx, &result?)
}

/// What `accounts verify --json` prints of an account.
#[derive(Serialize)]
struct Verified {
    account: AccountId,
    ok: bool,
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
    #[serde(skip)]
    view: AccountView,
}

/// `accounts verify`: asks the provider. Ends as a refusal does when it refuses one of them.
pub(super) async fn verify(ctx: Context<'_>, account: Option<&AccountId>) -> Result<Exit, Failure> {
    let mut session = ctx.session(Role::Reads).await?;
    let result = verified(&mut session, account).await;
    session.close().await;
    let rows = result?;
    let exit = if rows.iter().all(|r| r.ok) { Exit::Done } else { Exit::Refused };
    if ctx.out.json {
        ctx.out.document(&rows)?;
        return Ok(exit);
    }
    let mut table = Table::new(&["account", "number", "quality", "limit", "state"], 4);
    for r in &rows {
        let state = r.problem.as_ref().map_or_else(|| state_line(&r.view), |p| p.what.clone());
        let facts = &r.view.facts;
        table.row([
            r.account.as_str(),
            &number(&r.view),
            &facts.quality.to_lowercase(),
            &facts.limit,
            &state,
        ]);
    }
    ctx.out.table(&table)?;
    for p in rows.iter().filter_map(|r| r.problem.as_ref()) {
        let parts: Vec<&str> = [&*p.means, &*p.next].into_iter().filter(|s| !s.is_empty()).collect();
        let what = text::truncate(&p.what, 60);
        ctx.out.remark(&format!("{what}: {}", parts.join("; do next: ")));
    }
    Ok(exit)
}

async fn verified(session: &mut Session, only: Option<&AccountId>) -> Result<Vec<Verified>, Failure> {
    let mut rows = Vec::new();
    for view in chosen(session, only).await? {
        let account = view.spec.id.clone();
        let answer = session.client.ask(Request::Account { act: AccountRequest::Verify { account } }).await;
        let (view, problem) = match answer {
            Ok(Response::Account(detail)) => (detail.view, None),
            Ok(_) => return Err(Failure::unexpected()),
            // Not its turn: a number that nobody has connected yet is not looked at among all.
            Err(p) if only.is_none() && matches!(&*p.kind, "incomplete" | "account") => continue,
            Err(p) if p.kind == "forbidden" => return Err(p.into()),
            Err(p) => (view, Some(p)),
        };
        rows.push(Verified {
            account: view.spec.id.clone(),
            ok: problem.is_none(),
            state: view.state.clone(),
            problem,
            view,
        });
    }
    Ok(rows)
}
