//! `switchboard macros run`: what a macro would do to a thread, step by step, and doing it.

use super::args::Wait;
use super::failure::{Exit, Failure};
use super::host::{Plan, Target, Variables, first_name, plan_macro, time_of_day, time_reader};
use super::{Context, Session, messages, send};
use crate::model::contact::{IdentityKind, display_phone};
use crate::model::ids::{AccountId, MessageId, ThreadId};
use crate::model::macros::{Macro, MacroStep};
use crate::model::outgoing::Outgoing;
use crate::model::thread::ThreadDetail;
use crate::protocol::macros::MacroRequest;
use crate::protocol::{Place, Problem, Request, Response};
use crate::text::sanitize;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long a message may be on its way to the provider before it is left to the next engine.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is to be run, and on what.
pub(super) struct Run {
    /// The macro.
    pub(super) found: Macro,
    /// What names the thread.
    pub(super) to: String,
    /// Only on this account.
    pub(super) account: Option<AccountId>,
    /// Values for what the texts ask for.
    pub(super) values: BTreeMap<String, String>,
    /// Nothing is done.
    pub(super) only_look: bool,
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Fate {
    /// Nothing yet: this was a dry run, or something stands in the way.
    Planned,
    /// It was done.
    Done,
    /// It was refused, and ended the run.
    Refused,
    /// One before it was refused.
    NotDone,
    /// It is the screen's to do.
    OnScreen,
}

#[derive(Serialize)]
struct StepRow {
    step: String,
    does: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
    fate: Fate,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<MessageId>,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Document {
    r#macro: String,
    thread: ThreadId,
    dry_run: bool,
    steps: Vec<StepRow>,
    /// Names that have no value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<String>,
}

pub(super) async fn run(ctx: &mut Context<'_>, session: &mut Session, run: Run) -> Result<Exit, Failure> {
    let thread = messages::find(session, run.account.as_ref(), &run.to).await?;
    let target = target(ctx, session, &thread, &run.found).await?;
    let plan = plan_macro(&run.found, &target, &run.values);
    let mut document = Document {
        r#macro: run.found.name.clone(),
        thread: target.thread,
        dry_run: run.only_look,
        steps: rows(&run, &plan, &target),
        missing: plan.missing.clone(),
    };
    if run.only_look || !plan.is_possible() {
        if run.only_look {
            print(ctx, &document, &target.title)?;
            ctx.out.remark("nothing was done: this was a dry run");
        }
        return hindrance(&document).map_or(Ok(Exit::Done), Err);
    }
    let refused = perform(session, &run.found, plan, &mut document.steps).await?;
    print(ctx, &document, &target.title)?;
    if let Some(problem) = refused {
        return Err(Failure::new(problem));
    }
    // An engine of our own ends with us: it must have handed the messages over first.
    let wait = if session.hosted() { Wait::Accepted } else { Wait::Queued };
    for message in document.steps.iter().filter_map(|s| s.message) {
        send::settle(session, message, wait, PATIENCE).await?;
    }
    Ok(Exit::Done)
}

/// What the plan has to know of the thread.
async fn target(
    ctx: &mut Context<'_>,
    session: &mut Session,
    thread: &ThreadDetail,
    found: &Macro,
) -> Result<Target, Failure> {
    let (row, contact) = (&thread.row, &thread.contact);
    let Response::QuickReplies(replies) = session.client.ask(Request::QuickReplies).await? else {
        return Err(Failure::unexpected());
    };
    let Response::Labels(labels) = session.client.ask(Request::Labels).await? else {
        return Err(Failure::unexpected());
    };
    let Response::Accounts(accounts) = session.client.ask(Request::Accounts).await? else {
        return Err(Failure::unexpected());
    };
    // Reading marks what is here now; what comes meanwhile stays unread.
    let stored = if found.steps.contains(&MacroStep::Read) {
        let request = Request::Messages { thread: row.id, place: Place::Newest, limit: 50 };
        let Response::Messages { items, .. } = session.client.ask(request).await? else {
            return Err(Failure::unexpected());
        };
        items.iter().map(|m| m.stored_at).max()
    } else {
        None
    };
    let account = accounts.iter().find(|a| a.spec.id == row.account);
    let name = if contact.name.is_empty() { &contact.profile_name } else { &contact.name };
    let (now, tz) = (ctx.clock.now(), ctx.out.zone());
    Ok(Target {
        thread: row.id,
        title: row.title.clone(),
        vars: Variables {
            contact_first_name: first_name(name),
            contact_name: name.clone(),
            contact_phone: contact.identity(IdentityKind::Phone).map(display_phone).unwrap_or_default(),
            operator_name: session.operator.clone(),
            account_name: account.map(|a| a.spec.name.clone()).unwrap_or_default(),
            account_phone: account.map(|a| a.facts.display_phone.clone()).unwrap_or_default(),
            time_of_day: time_of_day(now, &tz).to_owned(),
        },
        replies,
        window: row.window.left(now),
        labels: labels.into_iter().map(|l| l.label).collect(),
        me: session.operator.clone(),
        read_time: time_reader(ctx.clock.clone(), tz),
        newest: (row.last_at, stored),
    })
}

fn rows(run: &Run, plan: &Plan, target: &Target) -> Vec<StepRow> {
    // A text that lacks a value shows the others, and the names of those it lacks.
    let preview = |template: &String| target.vars.preview_text(template, &run.values);
    let mut steps = run.found.steps.iter();
    let mut step = None;
    let rows = plan.steps.iter().filter_map(|planned| {
        // A reply may be several messages.
        if !planned.part {
            step = steps.next();
        }
        let step = step?;
        let filled = match &planned.request {
            Some(
                Request::Send { content: Outgoing::Text { text, .. }, .. } | Request::AddNote { text, .. },
            ) => Some(text.clone()),
            Some(Request::Send { content: Outgoing::Media { caption, .. }, .. }) => Some(caption.clone()),
            _ => planned.template.as_ref().map(preview),
        };
        Some(StepRow {
            step: step.to_string(),
            does: planned.words.clone(),
            text: filled,
            trouble: planned.trouble.clone(),
            fate: if *step == MacroStep::Next { Fate::OnScreen } else { Fate::Planned },
            message: None,
        })
    });
    rows.collect()
}

/// What stands in the way of a plan.
fn hindrance(document: &Document) -> Option<Failure> {
    if let Some((n, why)) =
        document.steps.iter().enumerate().find_map(|(i, s)| Some((i + 1, s.trouble.as_ref()?)))
    {
        let problem = Problem::new("refused", format!("step {n} cannot be done: {why}"));
        return Some(Failure::new(problem.means("nothing was done")));
    }
    let name = document.missing.first()?;
    let mut problem = Problem::new("field", format!("value: `{name}` has no value"))
        .means("nothing was done")
        .next(document.missing.iter().map(|n| format!("--value {n}=…")).collect::<Vec<_>>().join(" "));
    problem.field = Some("value".into());
    Some(Failure::new(problem))
}

/// Does it, as one bundle, and notes what became of each step; gives back what refused one.
async fn perform(
    session: &mut Session,
    found: &Macro,
    plan: Plan,
    rows: &mut [StepRow],
) -> Result<Option<Problem>, Failure> {
    let mut requests = Vec::new();
    let mut asked = Vec::new();
    for (i, step) in plan.steps.into_iter().enumerate() {
        if let Some(mut request) = step.request {
            // A time that has passed is now: a script does not think again.
            if let Request::Send { at, .. } = &mut request {
                *at = Some(0);
            }
            asked.push(i);
            requests.push(request);
        }
    }
    requests.extend(plan.replies.iter().map(|id| Request::UseQuickReply { id: *id }));
    requests.push(Request::Macro { act: MacroRequest::Use { id: found.id } });
    let Response::Together(results) = session.client.ask(Request::Together { requests }).await? else {
        return Err(Failure::unexpected());
    };
    let mut results = results.into_iter();
    let mut refused = None;
    for i in asked {
        rows[i].fate = match results.next() {
            Some(Ok(response)) => {
                if let Response::Queued { message, .. } = response {
                    rows[i].message = Some(message);
                }
                Fate::Done
            }
            Some(Err(problem)) => {
                refused = Some(problem);
                Fate::Refused
            }
            None => Fate::NotDone,
        };
    }
    Ok(refused)
}

fn print(ctx: &mut Context<'_>, document: &Document, title: &str) -> Result<(), Failure> {
    if ctx.out.json {
        return ctx.out.document(document);
    }
    ctx.out.line(&format!("{} for {}", sanitize(&document.r#macro), sanitize(title)))?;
    for (i, row) in document.steps.iter().enumerate() {
        let fate = match row.fate {
            Fate::Planned => "",
            Fate::Done => ": done",
            Fate::Refused => ": refused",
            Fate::NotDone => ": not done",
            Fate::OnScreen => ": only on the screen",
        };
        ctx.out.line(&format!("{:>2}  {}{fate}", i + 1, sanitize(&row.does)))?;
        for line in row.text.iter().flat_map(|t| t.lines()) {
            ctx.out.line(&format!("      {}", sanitize(line)))?;
        }
        if let Some(trouble) = &row.trouble {
            ctx.out.line(&format!("      cannot be done: {}", sanitize(trouble)))?;
        }
    }
    Ok(())
}
