//! Who may do what, from a shell: `operators`, `roles`, `access`, `whoami`.

use super::access_args::{
    AccessAction, Accesses, OperatorAction, Operators, RoleAction, RoleChange, Roles, YesNo,
};
use super::failure::{Exit, Failure};
use super::session::Role as Part;
use super::table::Table;
use super::{Context, Session, accounts};
use crate::model::access::{AccountRule, OperatorEntry, Principal, Resource, Role, Verb};
use crate::model::ids::AccountId;
use crate::model::outgoing::FieldProblem;
use crate::model::permission_words as words;
use crate::protocol::access::{AccessList, AccessRequest, Attached, Me};
use crate::protocol::{Problem, Request, Response};
use crate::users;
use serde::Serialize;

async fn list(session: &mut Session) -> Result<AccessList, Failure> {
    match session.client.ask(Request::Access { act: AccessRequest::List }).await? {
        Response::Access(list) => Ok(*list),
        _ => Err(Failure::unexpected()),
    }
}

async fn change(session: &mut Session, act: AccessRequest) -> Result<(), Failure> {
    session.client.ask(Request::Access { act }).await.map(|_| ()).map_err(Failure::from)
}

/// A row of `switchboard operators`.
#[derive(Serialize)]
struct OperatorRow {
    /// The login name, or `@` and a group's name.
    who: String,
    role: String,
    teams: Vec<String>,
    /// Whether an entry lets it in; whoever comes in by a group, and the owner, has none.
    entry: bool,
    active: bool,
    /// Its terminals.
    attached: Vec<Attached>,
}

/// What `switchboard operators --json` prints.
#[derive(Serialize)]
struct OperatorList {
    operators: Vec<OperatorRow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

fn operator_rows(list: &AccessList) -> Vec<OperatorRow> {
    let of = |name: &str| -> Vec<Attached> {
        list.attached.iter().filter(|a| a.operator == name).cloned().collect()
    };
    let mut rows: Vec<OperatorRow> = Vec::new();
    for e in &list.book.operators {
        rows.push(OperatorRow {
            who: e.who.to_string(),
            role: e.role.clone(),
            teams: e.teams.iter().cloned().collect(),
            entry: true,
            active: e.active,
            attached: match &e.who {
                Principal::User(name) => of(name),
                Principal::Group(_) => Vec::new(),
            },
        });
    }
    for a in &list.attached {
        if rows.iter().all(|r| r.who != a.operator) {
            let teams = list.book.seen.get(&a.operator).into_iter().flatten().cloned().collect();
            rows.push(OperatorRow {
                who: a.operator.clone(),
                role: a.role.clone(),
                teams,
                entry: false,
                active: true,
                attached: of(&a.operator),
            });
        }
    }
    rows
}

/// Says when this machine does not know whom a rule names: it may come to know them later.
async fn unknown(names: Vec<Principal>) -> Vec<String> {
    let look = move || {
        let missing = names.into_iter().filter_map(|who| match who {
            Principal::User(name) if users::uid_of(&name).is_none() => {
                Some(format!("this machine has no user `{name}` yet"))
            }
            Principal::Group(name) if users::gid_of(&name).is_none() => {
                Some(format!("this machine has no group `{name}` yet"))
            }
            _ => None,
        });
        missing.collect()
    };
    tokio::task::spawn_blocking(look).await.unwrap_or_default()
}

/// `switchboard operators`.
pub(super) async fn operators(ctx: Context<'_>, args: Operators) -> Result<Exit, Failure> {
    let action = args.action.unwrap_or(OperatorAction::List);
    let named = match &action {
        OperatorAction::Add { who, .. } => vec![who.clone()],
        _ => Vec::new(),
    };
    let mut session = ctx.session(Part::Reads).await?;
    let result = operator(&mut session, action).await;
    session.close().await;
    let (rows, said) = result?;
    let warnings = unknown(named).await;
    if ctx.out.json {
        ctx.out.document(&OperatorList { operators: rows, warnings })?;
        return Ok(Exit::Done);
    }
    for w in &warnings {
        ctx.out.remark(&format!("warning: {w}: the entry works as soon as it is there"));
    }
    if let Some(said) = said {
        ctx.out.line(&said)?;
        return Ok(Exit::Done);
    }
    if rows.iter().all(|r| !r.entry) {
        ctx.out.remark(
            "only the owner can get in; `switchboard operators add NAME --role agent` lets a colleague in",
        );
    }
    let mut table = Table::new(&["operator", "role", "teams", "in by", "attached"], 4);
    for r in &rows {
        let state = match (r.entry, r.active) {
            (true, true) => "entry",
            (true, false) => "off",
            (false, _) => "group, or owner",
        };
        let mut at = Vec::new();
        for a in &r.attached {
            let place = [a.terminal.as_str(), a.source.as_str()];
            let place: Vec<&str> = place.into_iter().filter(|s| !s.is_empty()).collect();
            let since = ctx.out.time(a.since);
            at.push(match place.as_slice() {
                [] => format!("since {since}"),
                _ => format!("{} since {since}", place.join(" from ")),
            });
        }
        table.row([&*r.who, &r.role, &r.teams.join(", "), state, &at.join("; ")]);
    }
    ctx.out.table(&table)?;
    Ok(Exit::Done)
}

fn no_operator(who: &Principal) -> Failure {
    Failure::new(Problem::not_found(format!("`{who}` is no operator")).next(format!(
        "`switchboard operators` lists them; `switchboard operators add {who} --role …` lets in"
    )))
}

/// Does it; gives back the list as it is then, and what was done.
async fn operator(
    session: &mut Session,
    action: OperatorAction,
) -> Result<(Vec<OperatorRow>, Option<String>), Failure> {
    let all = list(session).await?;
    let find = |who: &Principal| -> Result<OperatorEntry, Failure> {
        all.book.operators.iter().find(|e| e.who == *who).cloned().ok_or_else(|| no_operator(who))
    };
    let (act, said) = match action {
        OperatorAction::List => return Ok((operator_rows(&all), None)),
        OperatorAction::Add { who, role, teams } => {
            if find(&who).is_ok() {
                let what = format!("`{who}` is an operator already; `switchboard operators edit` changes it");
                return Err(FieldProblem::new("who", what).into());
            }
            role_of(&all, &role)?;
            let said = format!("{who} is let in as {role}");
            let entry = OperatorEntry { who, role, teams: teams.into_iter().collect(), active: true };
            (AccessRequest::SaveOperator { entry }, said)
        }
        OperatorAction::Edit { who, role, teams, no_team } => {
            let mut entry = find(&who)?;
            if let Some(role) = role {
                role_of(&all, &role)?;
                entry.role = role;
            }
            if no_team || teams.is_some() {
                entry.teams = teams.unwrap_or_default().into_iter().collect();
            }
            let teams: Vec<&str> = entry.teams.iter().map(String::as_str).collect();
            let teams = if teams.is_empty() { String::new() } else { format!(", {}", teams.join(", ")) };
            let said = format!("{who}: {}{teams}", entry.role);
            (AccessRequest::SaveOperator { entry }, said)
        }
        OperatorAction::Remove { who } => {
            find(&who)?;
            let said = format!("{who} is no operator any more");
            (AccessRequest::DeleteOperator { who }, said)
        }
        OperatorAction::On { who } => {
            let entry = OperatorEntry { active: true, ..find(&who)? };
            let said = format!("{who} is let in as {}", entry.role);
            (AccessRequest::SaveOperator { entry }, said)
        }
        OperatorAction::Off { who } => {
            let entry = OperatorEntry { active: false, ..find(&who)? };
            (AccessRequest::SaveOperator { entry }, format!("{who} is switched off"))
        }
    };
    change(session, act).await?;
    // Whoever has taken the right to look away from itself cannot be shown the list.
    let rows = list(session).await.map(|all| operator_rows(&all)).unwrap_or_default();
    Ok((rows, Some(said)))
}

fn role_of(all: &AccessList, name: &str) -> Result<Role, Failure> {
    all.book.role(name).cloned().ok_or_else(|| {
        let known: Vec<&str> = all.book.roles.iter().map(|r| r.name.as_str()).collect();
        Failure::new(
            Problem::not_found(format!("there is no role `{name}`"))
                .means(format!("there are {}", known.join(", ")))
                .next("`switchboard roles add` makes one"),
        )
    })
}

/// A row of `switchboard roles`.
#[derive(Serialize)]
struct RoleRow {
    #[serde(flatten)]
    role: Role,
    /// Entries that have it.
    entries: usize,
}

/// `switchboard roles`.
pub(super) async fn roles(ctx: Context<'_>, args: Roles) -> Result<Exit, Failure> {
    let mut session = ctx.session(Part::Reads).await?;
    let result = role(&mut session, args.action.unwrap_or(RoleAction::List)).await;
    session.close().await;
    match result? {
        Shown::One(row) if ctx.out.json => ctx.out.document(&row)?,
        Shown::All(rows, _) if ctx.out.json => ctx.out.document(&rows)?,
        Shown::One(row) => {
            for line in described(&row.role) {
                ctx.out.line(&line)?;
            }
        }
        Shown::All(_, Some(said)) => ctx.out.line(&said)?,
        Shown::All(rows, None) => {
            let mut table = Table::new(&["role", ">entries", "sees", "numbers", "sends", "allows"], 5);
            for r in &rows {
                table.row([
                    &*r.role.name,
                    &r.entries.to_string(),
                    r.role.visibility.word(),
                    if r.role.mask_numbers { "masked" } else { "shown" },
                    if r.role.only_assigned { "own only" } else { "all" },
                    &words::summary(&r.role),
                ]);
            }
            ctx.out.table(&table)?;
        }
    }
    Ok(Exit::Done)
}

enum Shown {
    One(Box<RoleRow>),
    All(Vec<RoleRow>, Option<String>),
}

fn role_rows(all: &AccessList) -> Vec<RoleRow> {
    let entries = |role: &Role| all.book.operators.iter().filter(|e| e.role == role.name).count();
    all.book.roles.iter().map(|r| RoleRow { entries: entries(r), role: r.clone() }).collect()
}

async fn role(session: &mut Session, action: RoleAction) -> Result<Shown, Failure> {
    let all = list(session).await?;
    let (act, said) = match action {
        RoleAction::List => return Ok(Shown::All(role_rows(&all), None)),
        RoleAction::Show { role } => {
            role_of(&all, &role)?;
            let row = role_rows(&all).into_iter().find(|r| r.role.name == role);
            return row.map(|r| Shown::One(Box::new(r))).ok_or_else(Failure::unexpected);
        }
        RoleAction::Add { role, like, change } => {
            if all.book.role(&role).is_some() {
                let what = format!("there is a role `{role}` already; `switchboard roles edit` changes it");
                return Err(FieldProblem::new("role", what).into());
            }
            let base = match like {
                Some(like) => role_of(&all, &like)?,
                None => Role { grants: std::collections::BTreeSet::new(), ..Role::admin() },
            };
            let new = changed(Role { name: role, ..base }, change);
            let said = format!("the role {} allows {}", new.name, words::summary(&new));
            (AccessRequest::SaveRole { role: new }, said)
        }
        RoleAction::Edit { role, change } => {
            let old = role_of(&all, &role)?;
            if change.is_empty() {
                return Err(FieldProblem::new("role", "nothing is to be changed; see `--help`").into());
            }
            let new = changed(old, change);
            let said = format!("the role {} allows {}", new.name, words::summary(&new));
            (AccessRequest::SaveRole { role: new }, said)
        }
        RoleAction::Remove { role } => {
            role_of(&all, &role)?;
            let said = format!("the role {role} is gone");
            (AccessRequest::DeleteRole { name: role }, said)
        }
    };
    change(session, act).await?;
    let rows = list(session).await.map(|all| role_rows(&all)).unwrap_or_default();
    Ok(Shown::All(rows, Some(said)))
}

fn changed(mut role: Role, change: RoleChange) -> Role {
    role.grants.extend(change.allow.into_iter().flat_map(|g| g.0));
    for grant in change.deny.into_iter().flat_map(|g| g.0) {
        role.grants.remove(&grant);
    }
    if let Some(v) = change.visibility {
        role.visibility = v.into();
    }
    if let Some(on) = change.mask_numbers {
        role.mask_numbers = on == YesNo::Yes;
    }
    if let Some(on) = change.only_assigned {
        role.only_assigned = on == YesNo::Yes;
    }
    role
}

/// What a role is, in words.
fn described(role: &Role) -> Vec<String> {
    let mut out = vec![format!("role      {}", role.name)];
    for (title, allowed) in [("may", true), ("may not", false)] {
        let all = words::listed(role, allowed);
        if all.is_empty() {
            out.push(format!("{title:<10}{}", if allowed { "nothing" } else { "-" }));
        }
        for (i, (thing, verbs)) in all.into_iter().enumerate() {
            let title = if i == 0 { title } else { "" };
            out.push(format!("{title:<10}{thing}: {verbs}"));
        }
    }
    out.push(format!("sees      {}", words::visibility(role.visibility)));
    out.push(format!("numbers   {}", if role.mask_numbers { "with their middle hidden" } else { "in full" }));
    let sends = match (role.allows(Resource::Chat, Verb::Create), role.only_assigned) {
        (false, _) => "nothing",
        (true, true) => "only in conversations of one's own",
        (true, false) => "in all conversations that are seen",
    };
    out.push(format!("sends     {sends}"));
    out
}

/// What `switchboard access --json` prints of an account.
#[derive(Serialize)]
struct AccessRow {
    account: AccountId,
    /// None: everybody who is let in.
    rule: Option<AccountRule>,
}

/// What `switchboard access --json` prints.
#[derive(Serialize)]
struct AccessRows {
    accounts: Vec<AccessRow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// `switchboard access`.
pub(super) async fn access(ctx: Context<'_>, args: Accesses) -> Result<Exit, Failure> {
    let action = args.action.unwrap_or(AccessAction::Show { account: None });
    let named = match &action {
        AccessAction::Set { groups, operators, .. } => {
            let groups = groups.iter().cloned().map(Principal::Group);
            groups.chain(operators.iter().cloned().map(Principal::User)).collect()
        }
        _ => Vec::new(),
    };
    let mut session = ctx.session(Part::Reads).await?;
    let result = rule(&mut session, action).await;
    session.close().await;
    let rows = result?;
    let warnings = unknown(named).await;
    if ctx.out.json {
        ctx.out.document(&AccessRows { accounts: rows, warnings })?;
        return Ok(Exit::Done);
    }
    for w in &warnings {
        ctx.out.remark(&format!("warning: {w}: the rule works as soon as it is there"));
    }
    let mut table = Table::new(&["account", "open to"], 1);
    for r in &rows {
        table.row([r.account.as_str(), &words::rule(r.rule.as_ref())]);
    }
    ctx.out.table(&table)?;
    Ok(Exit::Done)
}

/// Does it, and gives back what is open to whom then: of the account that is named, or of all.
async fn rule(session: &mut Session, action: AccessAction) -> Result<Vec<AccessRow>, Failure> {
    let all = list(session).await?;
    let known: Vec<AccountId> = accounts::all(session).await?.into_iter().map(|a| a.spec.id).collect();
    let (only, set) = match action {
        AccessAction::Show { account } => (account, None),
        AccessAction::Open { account } => (Some(account), Some(None)),
        AccessAction::Set { account, roles, groups, operators } => {
            for role in &roles {
                role_of(&all, role)?;
            }
            let rule = AccountRule {
                roles: roles.into_iter().collect(),
                groups: groups.into_iter().collect(),
                operators: operators.into_iter().collect(),
            };
            (Some(account), Some(Some(rule)))
        }
    };
    if let Some(account) = only.as_ref().filter(|a| !known.contains(a)) {
        return Err(Failure::new(
            Problem::not_found(format!("there is no account `{account}`"))
                .next("`switchboard accounts` lists them"),
        ));
    }
    let mut rules = all.book.accounts;
    if let (Some(account), Some(new)) = (&only, set) {
        change(session, AccessRequest::SetAccount { account: account.clone(), rule: new.clone() }).await?;
        match new {
            Some(rule) => rules.insert(account.clone(), rule),
            None => rules.remove(account),
        };
    }
    let wanted = known.into_iter().filter(|a| only.as_ref().is_none_or(|o| o == a));
    Ok(wanted.map(|account| AccessRow { rule: rules.get(&account).cloned(), account }).collect())
}

/// What `switchboard whoami --json` prints.
#[derive(Serialize)]
struct Whoami {
    #[serde(flatten)]
    me: Me,
    /// The accounts that are open to the operator.
    accounts: Vec<AccountId>,
}

/// `switchboard whoami`.
pub(super) async fn whoami(ctx: Context<'_>) -> Result<Exit, Failure> {
    let mut session = ctx.session(Part::Reads).await?;
    let result = who(&mut session).await;
    session.close().await;
    let Whoami { me, accounts } = result?;
    if ctx.out.json {
        ctx.out.document(&Whoami { me, accounts })?;
        return Ok(Exit::Done);
    }
    let join = |all: Vec<&str>| if all.is_empty() { "none".to_owned() } else { all.join(", ") };
    ctx.out.line(&format!("operator  {}", me.operator))?;
    ctx.out.line(&format!("teams     {}", join(me.teams.iter().map(String::as_str).collect())))?;
    ctx.out.line(&format!("accounts  {}", join(accounts.iter().map(AccountId::as_str).collect())))?;
    for line in described(&me.role) {
        ctx.out.line(&line)?;
    }
    Ok(Exit::Done)
}

async fn who(session: &mut Session) -> Result<Whoami, Failure> {
    let Response::Me(me) = session.client.ask(Request::Me).await? else {
        return Err(Failure::unexpected());
    };
    // A role that reads no conversations is told of no accounts.
    let reads = me.role.allows(Resource::Chat, Verb::View);
    let accounts = if reads { accounts::all(session).await? } else { Vec::new() };
    Ok(Whoami { me: *me, accounts: accounts.into_iter().map(|a| a.spec.id).collect() })
}
