//! What is done to threads, labels and views from a shell.

use super::failure::{Exit, Failure};
use super::handling_args::{
    ColorWord, LabelAction, Labels, PriorityWord, ThreadAct, ViewAction, Views, Which,
};
use super::session::Role;
use super::table::Table;
use super::{Context, Session};
use crate::model::access::team_assignee;
use crate::model::handling::{Act, Label, LabelColor, Nap, Priority};
use crate::model::ids::{LabelId, ThreadId};
use crate::model::outgoing::FieldProblem;
use crate::model::thread::ThreadFilter;
use crate::protocol::{Acted, LabelRow, Problem, Request, Response, SavedView};
use crate::text::when;
use serde::Serialize;

/// What `--json` prints of an act.
#[derive(Serialize)]
struct Document {
    #[serde(flatten)]
    acted: Acted,
    threads: Vec<ThreadId>,
}

/// `switchboard threads resolve` and its like.
pub(super) async fn act(ctx: Context<'_>, action: ThreadAct) -> Result<Exit, Failure> {
    let tz = ctx.out.zone();
    let now = ctx.clock.now();
    let mut session = ctx.session(Role::Reads).await?;
    let result = async {
        let next = match &action {
            ThreadAct::Assign { next: Some(word), .. } => {
                Some(super::colleagues::share(*word).ok_or_else(|| {
                    FieldProblem::new("next", "is `turns` or `load`; --nobody takes it from whoever has it")
                })?)
            }
            _ => None,
        };
        let (which, act, words) = read(&mut session, action, now, &tz).await?;
        let mut threads = Vec::new();
        for text in which.threads {
            let id = find(&mut session, text).await?;
            if !threads.contains(&id) {
                threads.push(id);
            }
        }
        let (request, words) = match next {
            None => (Request::Act { threads: threads.clone(), act }, words),
            Some(how) => {
                let words = format!("given out by {}", how.word());
                (Request::Share { threads: threads.clone(), how, team: None }, words)
            }
        };
        match session.client.ask(request).await? {
            Response::Acted(acted) => Ok((acted, threads, words)),
            _ => Err(Failure::unexpected()),
        }
    }
    .await;
    session.close().await;
    let (acted, threads, words) = result?;
    if ctx.out.json {
        ctx.out.document(&Document { acted, threads })?;
        return Ok(Exit::Done);
    }
    let count = |n: u32| if n == 1 { "1 thread".to_owned() } else { format!("{n} threads") };
    ctx.out.line(&format!("{}: {words}", count(acted.done)))?;
    if acted.left > 0 {
        ctx.out.remark(&format!("{} could not be and stayed as before", count(acted.left)));
    }
    Ok(Exit::Done)
}

async fn find(session: &mut Session, text: String) -> Result<ThreadId, Failure> {
    match session.client.ask(Request::FindThread { account: None, text }).await? {
        Response::Thread(detail) => Ok(detail.row.id),
        _ => Err(Failure::unexpected()),
    }
}

/// The threads, the act and what is done then, in words.
async fn read(
    session: &mut Session,
    action: ThreadAct,
    now: i64,
    tz: &jiff::tz::TimeZone,
) -> Result<(Which, Act, String), Failure> {
    Ok(match action {
        ThreadAct::Resolve(which) => (which, Act::Resolve, "resolved".into()),
        ThreadAct::Reopen(which) => (which, Act::Reopen, "open again".into()),
        ThreadAct::Read(which) => (which, Act::Read, "marked read".into()),
        ThreadAct::Unread(which) => (which, Act::Unread, "marked unread".into()),
        ThreadAct::Snooze { which, until: Some(time), .. } => {
            let at = when::parse(&time, now, tz).map_err(|e| FieldProblem::new("until", e.to_string()))?;
            let words = format!("snoozed until {}", when::describe(at, now, tz));
            (which, Act::Snooze { nap: Nap::Time { at } }, words)
        }
        ThreadAct::Snooze { which, until_reply: true, .. } => {
            (which, Act::Snooze { nap: Nap::Reply }, "snoozed until the customer replies".into())
        }
        ThreadAct::Snooze { which, .. } => {
            (which, Act::Snooze { nap: Nap::Window }, "snoozed until 1 hour before the window closes".into())
        }
        ThreadAct::Assign { which, to, me, team, .. } => {
            let to = if me { Some(session.operator.clone()) } else { to };
            let to = to.or(team.map(|t| team_assignee(&t)));
            let words = to.as_ref().map_or("nobody's now".into(), |name| format!("{name}'s now"));
            (which, Act::Assign { to }, words)
        }
        ThreadAct::Label { which, add, remove } => {
            let all = labels_of(session).await?;
            let ids = |names: &[String]| -> Result<Vec<LabelId>, Failure> {
                names.iter().map(|n| Ok(pick(&all, n)?.id)).collect()
            };
            let act = Act::Label { add: ids(&add)?, remove: ids(&remove)? };
            let marks = add.iter().map(|l| format!("+{l}")).chain(remove.iter().map(|l| format!("-{l}")));
            (which, act, format!("labels {}", marks.collect::<Vec<_>>().join(" ")))
        }
        ThreadAct::Priority { priority, which } => {
            let priority = match priority {
                PriorityWord::Low => Priority::Low,
                PriorityWord::Normal => Priority::Normal,
                PriorityWord::High => Priority::High,
                PriorityWord::Urgent => Priority::Urgent,
            };
            (which, Act::Priority { priority }, format!("priority {}", priority.as_str()))
        }
    })
}

async fn labels_of(session: &mut Session) -> Result<Vec<LabelRow>, Failure> {
    match session.client.ask(Request::Labels).await? {
        Response::Labels(labels) => Ok(labels),
        _ => Err(Failure::unexpected()),
    }
}

fn pick(all: &[LabelRow], name: &str) -> Result<Label, Failure> {
    let lower = name.to_lowercase();
    all.iter().find(|l| l.label.name.to_lowercase() == lower).map(|l| l.label.clone()).ok_or_else(|| {
        Failure::new(
            Problem::not_found(format!("there is no label `{name}`"))
                .next("`switchboard labels` lists them; `switchboard labels create` makes one"),
        )
    })
}

fn color(word: ColorWord) -> LabelColor {
    match word {
        ColorWord::Grey => LabelColor::Grey,
        ColorWord::Red => LabelColor::Red,
        ColorWord::Yellow => LabelColor::Yellow,
        ColorWord::Green => LabelColor::Green,
        ColorWord::Cyan => LabelColor::Cyan,
        ColorWord::Blue => LabelColor::Blue,
        ColorWord::Purple => LabelColor::Purple,
    }
}

/// `switchboard labels`.
pub(super) async fn labels(ctx: Context<'_>, args: Labels) -> Result<Exit, Failure> {
    let mut session = ctx.session(Role::Reads).await?;
    let result = label(&mut session, args.action.unwrap_or(LabelAction::List)).await;
    session.close().await;
    let rows = result?;
    if ctx.out.json {
        ctx.out.document(&rows)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["label", "color", ">threads"], 0);
    for r in &rows {
        table.row([&*r.label.name, r.label.color.as_str(), &r.threads.to_string()]);
    }
    ctx.out.table(&table)?;
    Ok(Exit::Done)
}

/// Does it, and gives back the list as it is then.
async fn label(session: &mut Session, action: LabelAction) -> Result<Vec<LabelRow>, Failure> {
    let all = labels_of(session).await?;
    let save = |label: Label| -> Result<Request, Failure> {
        label.check()?;
        Ok(Request::SaveLabel { label })
    };
    let request = match action {
        LabelAction::List => return Ok(all),
        LabelAction::Create { name, color: c } => save(Label { id: LabelId::new(), name, color: color(c) })?,
        LabelAction::Rename { name, new } => save(Label { name: new, ..pick(&all, &name)? })?,
        LabelAction::Color { name, color: c } => save(Label { color: color(c), ..pick(&all, &name)? })?,
        LabelAction::Delete { name } => Request::DeleteLabel { id: pick(&all, &name)?.id },
    };
    session.client.ask(request).await?;
    labels_of(session).await
}

/// A row of `switchboard views`.
#[derive(Serialize)]
struct ViewRow {
    name: String,
    /// Its filter; none for those that are always there.
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<String>,
    /// How many threads it has, where that is counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    threads: Option<u32>,
}

/// `switchboard views`.
pub(super) async fn views(ctx: Context<'_>, args: Views) -> Result<Exit, Failure> {
    let mut session = ctx.session(Role::Reads).await?;
    let result = view(&mut session, args.action.unwrap_or(ViewAction::List)).await;
    session.close().await;
    let rows = result?;
    if ctx.out.json {
        ctx.out.document(&rows)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["view", ">threads", "filter"], 2);
    for r in &rows {
        let n = r.threads.map(|n| n.to_string()).unwrap_or_default();
        table.row([&*r.name, &n, r.filter.as_deref().unwrap_or("")]);
    }
    ctx.out.table(&table)?;
    Ok(Exit::Done)
}

async fn view(session: &mut Session, action: ViewAction) -> Result<Vec<ViewRow>, Failure> {
    let keep = |view: SavedView| Request::SetPreference { preference: view.preference() };
    match action {
        ViewAction::List => {}
        ViewAction::Save { name, filter } => {
            let view = SavedView { name, filter };
            view.check()?;
            if view.filter.trim().is_empty() {
                return Err(FieldProblem::new("filter", "is empty").into());
            }
            session.client.ask(keep(view)).await?;
        }
        ViewAction::Delete { name } => {
            let view = saved(session, &name).await?;
            session.client.ask(keep(SavedView { filter: String::new(), ..view })).await?;
        }
    }
    let Response::ViewCounts(counts) =
        session.client.ask(Request::ViewCounts { account: None, midnight: None }).await?
    else {
        return Err(Failure::unexpected());
    };
    let built = ThreadFilter::LISTED.into_iter().map(|f| ViewRow {
        name: f.name().into(),
        filter: None,
        threads: counts.of(f),
    });
    let own = all_saved(session).await?;
    let own = own.into_iter().map(|v| ViewRow { name: v.name, filter: Some(v.filter), threads: None });
    Ok(built.chain(own).collect())
}

async fn all_saved(session: &mut Session) -> Result<Vec<SavedView>, Failure> {
    match session.client.ask(Request::Preferences).await? {
        Response::Preferences(all) => Ok(all.iter().filter_map(SavedView::of).collect()),
        _ => Err(Failure::unexpected()),
    }
}

/// One of the operator's own views.
pub(super) async fn saved(session: &mut Session, name: &str) -> Result<SavedView, Failure> {
    all_saved(session).await?.into_iter().find(|v| v.name == name).ok_or_else(|| {
        Failure::new(
            Problem::not_found(format!("there is no view `{name}`")).next("`switchboard views` lists them"),
        )
    })
}
