//! Colleagues from a shell: `who`, `whisper`, `mentions`, `teams`, `sharing`.

use super::colleagues_args::{
    MentionAction, Mentions, Minutes, ShareWord, Sharing, SharingAction, TeamAction, Teams, Whisper,
};
use super::failure::{Exit, Failure};
use super::session::Role;
use super::table::Table;
use super::{Context, Session};
use crate::model::access::{AccessBook, Principal, team_assignee};
use crate::model::ids::{MessageId, ThreadId};
use crate::model::mention::mentions as mentions_in;
use crate::model::outgoing::{FieldProblem, check_note};
use crate::model::sharing::{Share, ShareRule, ShareRules};
use crate::protocol::access::AccessRequest;
use crate::protocol::mentions::MentionRequest;
use crate::protocol::presence::{PresenceRequest, ScreenRow};
use crate::protocol::{Problem, Request, Response};
use crate::text;
use serde::Serialize;
use std::collections::BTreeSet;

async fn screens(session: &mut Session) -> Result<Vec<ScreenRow>, Failure> {
    match session.client.ask(Request::Presence { act: PresenceRequest::Screens }).await? {
        Response::Screens(rows) => Ok(rows),
        _ => Err(Failure::unexpected()),
    }
}

/// `switchboard who`.
pub(super) async fn who(ctx: Context<'_>) -> Result<Exit, Failure> {
    let mut session = ctx.session(Role::Reads).await?;
    let result = screens(&mut session).await;
    session.close().await;
    let rows = result?;
    if ctx.out.json {
        ctx.out.document(&rows)?;
        return Ok(Exit::Done);
    }
    if rows.is_empty() {
        ctx.out.remark("nobody has a screen open");
    }
    let mut table = Table::new(&["operator", "terminal", "does", "with"], 3);
    for r in &rows {
        let does = if r.thread.is_some() { r.doing.word() } else { "" };
        table.row([&*r.operator, &*r.terminal, does, &*text::sanitize(&r.title)]);
    }
    ctx.out.table(&table)?;
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Whispered {
    note: MessageId,
    thread: ThreadId,
}

/// `switchboard whisper`.
pub(super) async fn whisper(ctx: Context<'_>, args: Whisper) -> Result<Exit, Failure> {
    let said = format!("@{} {}", args.operator, args.text.trim());
    check_note(args.text.trim())?;
    if mentions_in(&said).first() != Some(&args.operator) {
        return Err(FieldProblem::new("name", "cannot be called by a note: it is no single word").into());
    }
    check_note(&said)?;
    let mut session = ctx.session(Role::Reads).await?;
    let result = async {
        let rows = screens(&mut session).await?;
        let best = rows.into_iter().filter(|r| r.operator == args.operator);
        let Some(best) = best.max_by_key(|r| (r.thread.is_some(), r.doing)) else {
            let what = format!("{} has no screen open", args.operator);
            return Err(Problem::not_found(what).next("`switchboard who` lists who has").into());
        };
        let Some(thread) = best.thread else {
            let what = format!("{} has no conversation open that you see", args.operator);
            return Err(Problem::not_found(what)
                .next("write a note where you mean: `switchboard notes add THREAD '@name …'`")
                .into());
        };
        match session.client.ask(Request::AddNote { thread, text: said }).await? {
            Response::Noted { note, thread } => Ok((Whispered { note, thread }, best.title)),
            _ => Err(Failure::unexpected()),
        }
    }
    .await;
    session.close().await;
    let (document, title) = result?;
    if ctx.out.json {
        ctx.out.document(&document)?;
    } else {
        ctx.out.line(&format!("whispered to {} at {}", args.operator, text::sanitize(&title)))?;
    }
    Ok(Exit::Done)
}

/// `switchboard mentions`.
pub(super) async fn mentions(ctx: Context<'_>, args: Mentions) -> Result<Exit, Failure> {
    let action = args.action.unwrap_or(MentionAction::List { all: false, limit: 50 });
    let act = match action {
        MentionAction::List { all, limit } => MentionRequest::List { unread: !all, before: None, limit },
        MentionAction::Read { notes, .. } => MentionRequest::Read { notes },
    };
    let mut session = ctx.session(Role::Reads).await?;
    let result = session.client.ask(Request::Mentions { act }).await;
    session.close().await;
    let page = match result? {
        Response::Mentions(page) => page,
        _ if ctx.out.json => {
            ctx.out.document(&serde_json::json!({ "done": true }))?;
            return Ok(Exit::Done);
        }
        _ => {
            ctx.out.line("marked read")?;
            return Ok(Exit::Done);
        }
    };
    if ctx.out.json {
        ctx.out.document(&page.items)?;
        return Ok(Exit::Done);
    }
    if page.items.is_empty() {
        ctx.out.remark("no note waits for you");
    }
    let mut table = Table::new(&["note", "", "time", "by", "thread", "text"], 5);
    for m in &page.items {
        let text = text::sanitize(&m.text.replace('\n', " ")).into_owned();
        table.row([
            &*m.note.to_string(),
            if m.read { "" } else { "●" },
            &*ctx.out.time(m.at),
            &*text::sanitize(&m.by),
            &*text::sanitize(&m.title),
            &*text,
        ]);
    }
    ctx.out.table(&table)?;
    if page.next.is_some() {
        ctx.out.remark("there are more: --limit shows up to 200");
    }
    Ok(Exit::Done)
}

async fn book(session: &mut Session) -> Result<AccessBook, Failure> {
    match session.client.ask(Request::Access { act: AccessRequest::List }).await? {
        Response::Access(list) => Ok(list.book),
        _ => Err(Failure::unexpected()),
    }
}

/// A row of `switchboard teams`.
#[derive(Serialize)]
struct TeamRow {
    team: String,
    members: Vec<String>,
    /// Whom a group of the system has let in, and into the team with it.
    by_group: Vec<String>,
}

fn team_rows(book: &AccessBook) -> Vec<TeamRow> {
    let row = |team: String| {
        let of = book.operators.iter().filter(|e| e.teams.contains(&team));
        TeamRow {
            members: of.map(|e| e.who.to_string()).collect(),
            by_group: book.seen.iter().filter(|(_, t)| t.contains(&team)).map(|(n, _)| n.clone()).collect(),
            team,
        }
    };
    book.teams().into_iter().map(row).collect()
}

/// Who is in a team after a change.
fn members(book: &AccessBook, action: &TeamAction) -> Result<Option<(String, BTreeSet<Principal>)>, Problem> {
    let now = |team: &str| -> BTreeSet<Principal> {
        book.operators.iter().filter(|e| e.teams.contains(team)).map(|e| e.who.clone()).collect()
    };
    let there = |team: &str| {
        if book.teams().contains(team) {
            return Ok(());
        }
        Err(Problem::not_found(format!("there is no team `{team}`")).next("`switchboard teams` lists them"))
    };
    Ok(match action {
        TeamAction::List => None,
        TeamAction::Add { team, who } => {
            let mut all = now(team);
            all.extend(who.iter().cloned());
            Some((team.clone(), all))
        }
        TeamAction::Remove { team, who } => {
            there(team)?;
            let mut all = now(team);
            if let Some(stranger) = who.iter().find(|w| !all.remove(*w)) {
                return Err(Problem::not_found(format!("{stranger} is not in the team `{team}`")));
            }
            Some((team.clone(), all))
        }
        TeamAction::Delete { team } => {
            there(team)?;
            Some((team.clone(), BTreeSet::new()))
        }
    })
}

/// `switchboard teams`.
pub(super) async fn teams(ctx: Context<'_>, args: Teams) -> Result<Exit, Failure> {
    let action = args.action.unwrap_or(TeamAction::List);
    let mut session = ctx.session(Role::Reads).await?;
    let result = async {
        let before = book(&mut session).await?;
        let Some((name, members)) = members(&before, &action)? else { return Ok(before) };
        let act = AccessRequest::SaveTeam { name, members };
        session.client.ask(Request::Access { act }).await?;
        book(&mut session).await
    }
    .await;
    session.close().await;
    let rows = team_rows(&result?);
    if ctx.out.json {
        ctx.out.document(&rows)?;
        return Ok(Exit::Done);
    }
    if rows.is_empty() {
        ctx.out.remark("there is no team; `switchboard teams add NAME WHO…` makes one");
    }
    let mut table = Table::new(&["team", "members", "by group", "assigned as"], 1);
    for r in &rows {
        let assigned = team_assignee(&r.team);
        table.row([&r.team, &r.members.join(", "), &r.by_group.join(", "), &assigned]);
    }
    ctx.out.table(&table)?;
    Ok(Exit::Done)
}

fn changed(mut rules: ShareRules, action: SharingAction) -> ShareRules {
    match action {
        SharingAction::Show => {}
        SharingAction::Set { how, account, team, away } => {
            let how = match how {
                ShareWord::Turns => Some(Share::Turns),
                ShareWord::Load => Some(Share::Load),
                ShareWord::Off => None,
            };
            let rule = how.map(|how| ShareRule { how, team, away });
            match account {
                None => rules.all = rule,
                Some(id) => drop(rules.accounts.insert(id, rule)),
            }
        }
        SharingAction::Unset { account } => drop(rules.accounts.remove(&account)),
        SharingAction::Release { after: Minutes(after) } => rules.release_minutes = after,
    }
    rules
}

/// `switchboard sharing`.
pub(super) async fn sharing(ctx: Context<'_>, args: Sharing) -> Result<Exit, Failure> {
    let action = args.action.unwrap_or(SharingAction::Show);
    let mut session = ctx.session(Role::Reads).await?;
    let result = async {
        let before = book(&mut session).await?.sharing;
        let rules = changed(before.clone(), action);
        if rules != before {
            let act = AccessRequest::SetSharing { rules };
            session.client.ask(Request::Access { act }).await?;
        }
        Ok::<_, Failure>(book(&mut session).await?.sharing)
    }
    .await;
    session.close().await;
    let rules = result?;
    if ctx.out.json {
        ctx.out.document(&rules)?;
        return Ok(Exit::Done);
    }
    let words = |rule: &Option<ShareRule>| {
        rule.as_ref().map_or("off: they wait until somebody takes them".to_owned(), |r| format!("by {r}"))
    };
    let mut table = Table::new(&["what", "rule"], 1);
    table.row(["all accounts", &*words(&rules.all)]);
    for (account, rule) in &rules.accounts {
        table.row([account.as_str(), &*words(rule)]);
    }
    let release = match rules.release_minutes {
        None => "stay theirs".to_owned(),
        Some(1) => "are nobody's after 1 minute".to_owned(),
        Some(n) => format!("are nobody's after {n} minutes"),
    };
    table.row(["conversations of who leaves", &*release]);
    ctx.out.table(&table)?;
    Ok(Exit::Done)
}

/// Refused where a colleague is about to answer: a text from a shell is asked about like one from a screen, and a
/// script does not wait for an answer to that.
pub(super) async fn claim(session: &mut Session, thread: ThreadId) -> Result<(), Failure> {
    let act = PresenceRequest::Claim { thread, since: None };
    session.client.ask(Request::Presence { act }).await.map(|_| ()).map_err(|p| match &*p.kind {
        "busy" => Failure::new(p.next("--anyway sends it all the same")),
        _ => Failure::from(p),
    })
}

/// `--next`: whose turn it is.
pub(super) fn share(word: ShareWord) -> Option<Share> {
    match word {
        ShareWord::Turns => Some(Share::Turns),
        ShareWord::Load => Some(Share::Load),
        ShareWord::Off => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::access::OperatorEntry;
    use crate::model::ids::AccountId;

    fn two() -> AccessBook {
        let mut book = AccessBook::new();
        for (name, team) in [("ana", Some("day")), ("bo", None)] {
            let who = Principal::User(name.into());
            let teams = team.into_iter().map(str::to_owned).collect();
            book.save_operator(OperatorEntry { who, role: "agent".into(), teams, active: true }).unwrap();
        }
        book
    }

    #[test]
    fn a_team_is_who_is_in_it() {
        let mut book = two();
        let user = |n: &str| Principal::User(n.into());
        let add = TeamAction::Add { team: "day".into(), who: vec![user("bo")] };
        let (name, all) = members(&book, &add).unwrap().unwrap();
        assert_eq!((name.as_str(), all.len()), ("day", 2));
        book.save_team(&name, &all).unwrap();
        assert_eq!(team_rows(&book)[0].members, ["ana", "bo"]);
        for wrong in [
            TeamAction::Delete { team: "night".into() },
            TeamAction::Remove { team: "day".into(), who: vec![user("cy")] },
        ] {
            assert_eq!(members(&book, &wrong).unwrap_err().kind, "not_found");
        }
        let (_, none) = members(&book, &TeamAction::Delete { team: "day".into() }).unwrap().unwrap();
        book.save_team("day", &none).unwrap();
        assert!(book.teams().is_empty());
        assert!(book.save_team("day", &BTreeSet::from([user("zoe")])).is_err());
    }

    #[test]
    fn rules_of_giving_out_are_changed_one_by_one() {
        let rules = ShareRules::default();
        let set = |how, account: Option<&str>| SharingAction::Set {
            how,
            account: account.map(AccountId::new),
            team: None,
            away: false,
        };
        let rules = changed(rules, set(ShareWord::Load, None));
        let rules = changed(rules, set(ShareWord::Off, Some("sales")));
        assert_eq!(rules.to_string(), "all: load; sales: off");
        let rules = changed(rules, SharingAction::Release { after: Minutes(Some(10)) });
        let rules = changed(rules, SharingAction::Unset { account: AccountId::new("sales") });
        assert_eq!(rules.to_string(), "all: load; left for 10 min: nobody's");
    }
}
