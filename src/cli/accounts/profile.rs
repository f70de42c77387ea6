//! `accounts profile`, `block`, `unblock`, `blocked`, `commands`, `ice-breakers`, `links`, `number`: what is set at the provider.

use super::super::failure::{Exit, Failure};
use super::super::output::Output;
use super::super::profile_args::{
    Block, Commands, CommandsAction, IceBreakers, IceBreakersAction, Links, LinksAction, Number,
    NumberAction, Pin, Profile, ProfileAction, ProfileEdit,
};
use super::super::session::{Role, Session};
use super::super::table::Table;
use super::super::{Context, ask as terminal, files};
use super::connect::code;
use crate::model::business::{
    BotCommand, BusinessProfile, CodeBy, Components, ProfileChange, ShortLink, Standing, VERTICALS,
};
use crate::model::contact::{Identity, IdentityKind, display_phone};
use crate::model::ids::AccountId;
use crate::model::outgoing::FieldProblem;
use crate::protocol::accounts::Secret;
use crate::protocol::admin::{AdminAnswer, AdminRequest, BlockReport};
use crate::protocol::{Problem, Request, Response};
use crate::text::sanitize;
use std::path::Path;

async fn ask(session: &mut Session, act: AdminRequest) -> Result<AdminAnswer, Failure> {
    match session.client.ask(Request::Admin { act }).await? {
        Response::Admin(answer) => Ok(*answer),
        _ => Err(Failure::unexpected()),
    }
}

/// Opens a session, asks one thing, and closes it.
async fn once(ctx: &Context<'_>, act: AdminRequest) -> Result<AdminAnswer, Failure> {
    let mut session = ctx.session(Role::Reads).await?;
    let answer = ask(&mut session, act).await;
    session.close().await;
    answer
}

/// `accounts profile`.
pub(super) async fn profile(ctx: Context<'_>, args: Profile) -> Result<Exit, Failure> {
    let account = args.account;
    let answer = match args.action.unwrap_or(ProfileAction::Show) {
        ProfileAction::Show => once(&ctx, AdminRequest::Profile { account }).await?,
        ProfileAction::Edit(edit) => {
            let mut session = ctx.session(Role::Reads).await?;
            let answer = edited(&mut session, account, *edit).await;
            session.close().await;
            answer?
        }
    };
    let AdminAnswer::Profile(profile) = answer else { return Err(Failure::unexpected()) };
    if ctx.out.json {
        ctx.out.document(&profile)?;
    } else {
        print_profile(ctx.out, &profile)?;
    }
    Ok(Exit::Done)
}

async fn edited(
    session: &mut Session,
    account: AccountId,
    edit: ProfileEdit,
) -> Result<AdminAnswer, Failure> {
    let websites = match edit.websites.as_slice() {
        [] => None,
        given => Some(given.iter().filter(|w| !w.is_empty()).cloned().collect()),
    };
    let change = ProfileChange {
        about: edit.about,
        address: edit.address,
        description: edit.description,
        email: edit.email,
        websites,
        vertical: edit.vertical.map(|v| v.trim().to_ascii_uppercase()),
    };
    // What cannot be taken is said before a file is read.
    change.check()?;
    let picture = match &edit.picture {
        Some(path) => Some(files::upload(session, files::open(path)?).await?),
        None => None,
    };
    ask(session, AdminRequest::ChangeProfile { account, change, picture }).await
}

fn print_profile(out: &mut Output, p: &BusinessProfile) -> Result<(), Failure> {
    let words = VERTICALS.iter().find(|(v, _)| *v == p.vertical).map(|(_, words)| *words);
    let vertical = words.map_or_else(|| p.vertical.clone(), |words| format!("{} ({words})", p.vertical));
    let rows = [
        ("about", p.about.clone()),
        ("address", p.address.clone()),
        ("description", p.description.clone()),
        ("email", p.email.clone()),
        ("websites", p.websites.join(" ")),
        ("vertical", vertical),
        ("picture", p.picture.clone()),
    ];
    for (label, text) in rows {
        let text = if text.is_empty() { "none".to_owned() } else { text.replace('\n', " ") };
        out.line(&format!("{label:<14}{}", sanitize(&text)))?;
    }
    Ok(())
}

fn whom(list: &[String]) -> Vec<Identity> {
    list.iter()
        .map(|w| {
            let w = w.trim();
            if w.chars().any(char::is_alphabetic) { Identity::bsuid(w) } else { Identity::phone(w) }
        })
        .collect()
}

fn shown(who: &Identity) -> String {
    match who.kind {
        IdentityKind::Phone => display_phone(&who.value),
        _ => sanitize(&who.value).into_owned(),
    }
}

/// `accounts block` and `accounts unblock`.
pub(super) async fn block(ctx: Context<'_>, args: Block, block: bool) -> Result<Exit, Failure> {
    let (account, whom) = (args.account, whom(&args.whom));
    let act =
        if block { AdminRequest::Block { account, whom } } else { AdminRequest::Unblock { account, whom } };
    let AdminAnswer::Outcome(report) = once(&ctx, act).await? else { return Err(Failure::unexpected()) };
    let exit = if report.failed.is_empty() { Exit::Done } else { Exit::Refused };
    if ctx.out.json {
        ctx.out.document(&report)?;
        return Ok(exit);
    }
    let word = if block { "blocked" } else { "not blocked any more" };
    let BlockReport { done, failed } = report;
    for who in &done {
        ctx.out.line(&format!("{} is {word}", shown(who)))?;
    }
    for f in &failed {
        let code = if f.error.code == 0 { String::new() } else { format!("{} ", f.error.code) };
        ctx.out.remark(&format!("{} is not: {code}{}", shown(&f.whom), sanitize(&f.error.text)));
    }
    Ok(exit)
}

/// `accounts blocked`.
pub(super) async fn blocked(ctx: Context<'_>, account: AccountId) -> Result<Exit, Failure> {
    let AdminAnswer::Blocked { rows, whole } = once(&ctx, AdminRequest::Blocked { account }).await? else {
        return Err(Failure::unexpected());
    };
    if ctx.out.json {
        ctx.out.document(&rows)?;
        return Ok(Exit::Done);
    }
    if rows.is_empty() {
        ctx.out.remark("nobody is blocked");
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["who", "name", "since", "by"], 1);
    for r in &rows {
        let since = r.at.map(|at| ctx.out.time(at)).unwrap_or_default();
        let by = if r.by.is_empty() { "elsewhere" } else { &r.by };
        table.row([shown(&r.whom).as_str(), &r.title, &since, by]);
    }
    ctx.out.table(&table)?;
    if !whole {
        ctx.out.remark("there are more: these are the first thousands of the provider's list");
    }
    Ok(Exit::Done)
}

async fn components(session: &mut Session, account: &AccountId) -> Result<Components, Failure> {
    match ask(session, AdminRequest::Components { account: account.clone() }).await? {
        AdminAnswer::Components(c) => Ok(c),
        _ => Err(Failure::unexpected()),
    }
}

/// Reads the components of a number, and sets them anew where `change` makes others of them.
async fn with_components(
    ctx: &Context<'_>,
    account: &AccountId,
    change: impl FnOnce(&mut Components) -> bool,
) -> Result<Components, Failure> {
    let mut session = ctx.session(Role::Reads).await?;
    let result = async {
        let mut all = components(&mut session, account).await?;
        if change(&mut all) {
            all.check()?;
            let act = AdminRequest::SetComponents { account: account.clone(), components: all.clone() };
            ask(&mut session, act).await?;
        }
        Ok(all)
    }
    .await;
    session.close().await;
    result
}

/// `accounts commands`.
pub(super) async fn commands(ctx: Context<'_>, args: Commands) -> Result<Exit, Failure> {
    let change = |c: &mut Components| match args.action.unwrap_or(CommandsAction::List) {
        CommandsAction::List => false,
        CommandsAction::Set { commands } => {
            c.commands = commands.into_iter().map(|(name, hint)| BotCommand { name, hint }).collect();
            true
        }
        CommandsAction::Clear => {
            c.commands.clear();
            true
        }
    };
    let now = with_components(&ctx, &args.account, change).await?;
    if ctx.out.json {
        ctx.out.document(&now.commands)?;
        return Ok(Exit::Done);
    }
    if now.commands.is_empty() {
        ctx.out.remark("there are no commands");
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["command", "hint"], 1);
    for c in &now.commands {
        table.row([format!("/{}", c.name).as_str(), &c.hint]);
    }
    ctx.out.table(&table)?;
    Ok(Exit::Done)
}

/// `accounts ice-breakers`.
pub(super) async fn ice_breakers(ctx: Context<'_>, args: IceBreakers) -> Result<Exit, Failure> {
    let change = |c: &mut Components| match args.action.unwrap_or(IceBreakersAction::List) {
        IceBreakersAction::List => false,
        IceBreakersAction::Set { texts } => {
            c.prompts = texts;
            true
        }
        IceBreakersAction::Clear => {
            c.prompts.clear();
            true
        }
    };
    let now = with_components(&ctx, &args.account, change).await?;
    if ctx.out.json {
        ctx.out.document(&now.prompts)?;
        return Ok(Exit::Done);
    }
    if now.prompts.is_empty() {
        ctx.out.remark("there are no ice breakers");
    }
    for prompt in &now.prompts {
        ctx.out.line(&sanitize(prompt))?;
    }
    Ok(Exit::Done)
}

/// `accounts links`.
pub(super) async fn links(ctx: Context<'_>, args: Links) -> Result<Exit, Failure> {
    let account = args.account;
    match args.action.unwrap_or(LinksAction::List) {
        LinksAction::List => list_links(ctx, account).await,
        LinksAction::Show { code } => {
            let AdminAnswer::Links(all) = once(&ctx, AdminRequest::Links { account }).await? else {
                return Err(Failure::unexpected());
            };
            let link = all.into_iter().find(|l| l.code == code).ok_or_else(|| {
                Failure::new(
                    Problem::not_found(format!("there is no link `{code}`"))
                        .next("`switchboard accounts links ACCOUNT` lists those that there are"),
                )
            })?;
            print_link(ctx.out, &link)
        }
        LinksAction::Create { text } => one_link(ctx, AdminRequest::CreateLink { account, text }).await,
        LinksAction::Edit { code, text } => {
            one_link(ctx, AdminRequest::ChangeLink { account, code, text }).await
        }
        LinksAction::Delete { code } => {
            once(&ctx, AdminRequest::DeleteLink { account, code: code.clone() }).await?;
            if ctx.out.json {
                ctx.out.document(&serde_json::json!({ "deleted": code }))?;
            } else {
                ctx.out.line(&format!("the link {code} is deleted: whoever has it gets nowhere"))?;
            }
            Ok(Exit::Done)
        }
    }
}

async fn one_link(ctx: Context<'_>, act: AdminRequest) -> Result<Exit, Failure> {
    let AdminAnswer::Link(link) = once(&ctx, act).await? else { return Err(Failure::unexpected()) };
    print_link(ctx.out, &link)
}

fn print_link(out: &mut Output, link: &ShortLink) -> Result<Exit, Failure> {
    if out.json {
        out.document(link)?;
        return Ok(Exit::Done);
    }
    out.line(&sanitize(&link.url))?;
    out.line(&format!("writes: {}", sanitize(&link.text)))?;
    code(out, &link.url)?;
    Ok(Exit::Done)
}

async fn list_links(ctx: Context<'_>, account: AccountId) -> Result<Exit, Failure> {
    let AdminAnswer::Links(all) = once(&ctx, AdminRequest::Links { account }).await? else {
        return Err(Failure::unexpected());
    };
    if ctx.out.json {
        ctx.out.document(&all)?;
        return Ok(Exit::Done);
    }
    if all.is_empty() {
        ctx.out.remark("there are no short links");
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["code", "link", "text"], 2);
    for l in &all {
        table.row([&l.code, &l.url, &l.text]);
    }
    ctx.out.table(&table)?;
    Ok(Exit::Done)
}

/// A PIN or a code: from a file, or typed and not shown.
async fn hidden(file: Option<&Path>, field: &'static str, question: &str) -> Result<Secret, Failure> {
    match file {
        Some(file) => terminal::secret_in(file, field).await,
        None if terminal::somebody() => terminal::secret(question.to_owned()).await,
        None => Err(FieldProblem::new(field, "is needed where nobody can be asked").into()),
    }
}

/// `accounts number`.
pub(super) async fn number(ctx: Context<'_>, args: Number) -> Result<Exit, Failure> {
    let account = args.account;
    let pin = async |p: Pin| hidden(p.pin_file.as_deref(), "pin-file", "PIN, six digits (not shown):").await;
    let (act, said) = match args.action.unwrap_or(NumberAction::Show) {
        NumberAction::Show => return stands(ctx, account).await,
        NumberAction::Register(p) => {
            (AdminRequest::Register { account, pin: pin(p).await? }, "the number is registered")
        }
        NumberAction::Deregister => (
            AdminRequest::Deregister { account },
            "the number is out of use: nothing is sent or received until it is registered again",
        ),
        NumberAction::Pin(p) => (AdminRequest::SetPin { account, pin: pin(p).await? }, "the PIN is set"),
        NumberAction::RequestCode { voice } => {
            let by = if voice { CodeBy::Voice } else { CodeBy::Sms };
            (AdminRequest::RequestCode { account, by }, "a code is on its way to the number")
        }
        NumberAction::VerifyCode { code_file } => {
            let code = hidden(code_file.as_deref(), "code-file", "code, six digits (not shown):").await?;
            (AdminRequest::VerifyCode { account, code }, "the number is verified")
        }
    };
    once(&ctx, act).await?;
    if ctx.out.json {
        ctx.out.document(&serde_json::json!({ "done": true }))?;
    } else {
        ctx.out.line(said)?;
    }
    Ok(Exit::Done)
}

async fn stands(ctx: Context<'_>, account: AccountId) -> Result<Exit, Failure> {
    let AdminAnswer::Standing(s) = once(&ctx, AdminRequest::Standing { account }).await? else {
        return Err(Failure::unexpected());
    };
    if ctx.out.json {
        ctx.out.document(&s)?;
        return Ok(Exit::Done);
    }
    let Standing { phone, name, name_status, new_name_status, verification, status, mode, .. } = &s;
    let pin = match s.has_pin {
        Some(true) => "set",
        Some(false) => "not set",
        None => "not known",
    };
    let rows = [
        ("number", phone.as_str()),
        ("name", name),
        ("name status", name_status),
        ("new name", new_name_status),
        ("verification", verification),
        ("state", status),
        ("mode", mode),
        ("PIN", pin),
        ("can send", &s.can_send),
    ];
    for (label, text) in rows.into_iter().filter(|(_, t)| !t.is_empty()) {
        ctx.out.line(&format!("{label:<14}{}", sanitize(text)))?;
    }
    for part in &s.parts {
        let notes =
            if part.notes.is_empty() { String::new() } else { format!(": {}", part.notes.join("; ")) };
        let line = format!("{:<14}{} {} {}{notes}", "", part.kind, part.id, part.can_send);
        ctx.out.line(&sanitize(&line))?;
    }
    Ok(Exit::Done)
}
