//! Views, labels and what operators do with threads; and the clock that wakes snoozed threads.

use super::Shared;
use crate::clock::Millis;
use crate::model::access::team_assignee;
use crate::model::event::{Actor, EventBody};
use crate::model::filter::{Asker, Filter};
use crate::model::handling::{ACT_MAX, Act, Label, Nap, operator_name};
use crate::model::ids::{AccountId, LabelId, ThreadId};
use crate::model::outgoing::FieldProblem;
use crate::protocol::{Acted, Cursor, Problem, Request, Response, SavedView};
use crate::store::StoreError;
use std::sync::Arc;
use std::time::Duration;

/// The furthest time that a thread may sleep until.
const YEAR: Millis = 366 * 86_400_000;
/// After the store refused, it is asked again this much later.
const LOOK_AGAIN: Duration = Duration::from_secs(15);

/// Answers a question about views and labels; `None` where it is none of those.
pub(super) async fn read(shared: &Shared, operator: &str, request: Request) -> Result<Response, Problem> {
    let store = &shared.store;
    let (me, now) = (operator.to_owned(), shared.clock.now());
    match request {
        Request::Threads { account, filter, before, limit } => {
            let read = move |r: &crate::store::Reader| {
                r.view(account.as_ref(), filter, Asker { me: &me, now }, before, limit)
            };
            Ok(Response::Threads(store.read(read).await?))
        }
        Request::Filtered { account, filter, before, limit } => {
            filtered(shared, me, account, &filter, before, limit).await
        }
        Request::ViewCounts { account, midnight } => {
            let read = move |r: &crate::store::Reader| {
                r.view_counts(account.as_ref(), Asker { me: &me, now }, midnight)
            };
            Ok(Response::ViewCounts(store.read(read).await?))
        }
        Request::Labels => Ok(Response::Labels(store.read(crate::store::Reader::labels).await?)),
        Request::Operators => {
            let mut names = store.read_slow(crate::store::Reader::operators).await?;
            if !names.contains(&me) {
                names.push(me);
            }
            names.retain(|n| !n.starts_with('@'));
            let book = shared.book.borrow().clone();
            // Who was let in is known before they have done anything.
            for entry in book.operators.iter().filter(|e| e.active) {
                if let crate::model::access::Principal::User(name) = &entry.who
                    && !names.contains(name)
                {
                    names.push(name.clone());
                }
            }
            names.sort();
            names.extend(book.teams().iter().map(|t| team_assignee(t)));
            Ok(Response::Operators(names))
        }
        _ => Err(Problem::new("protocol", "this request is not about views")),
    }
}

async fn filtered(
    shared: &Shared,
    me: String,
    account: Option<AccountId>,
    filter: &str,
    before: Option<Cursor>,
    limit: u32,
) -> Result<Response, Problem> {
    let now = shared.clock.now();
    let filter: Filter = parse(filter)?;
    // It may look at many rows: that is not to delay the short questions.
    let read = move |r: &crate::store::Reader| {
        r.filtered(account.as_ref(), &filter, Asker { me: &me, now }, before, limit)
    };
    Ok(Response::Threads(shared.store.read_slow(read).await?))
}

fn parse(filter: &str) -> Result<Filter, Problem> {
    filter.parse().map_err(|e: crate::model::filter::BadFilter| {
        Problem::from(FieldProblem::new("filter", e.to_string()))
            .next("write it like `label:vip state:open age:>2d \"late order\"`")
    })
}

/// A preference that is a view has a filter that can be read.
pub(super) fn check_view(p: &crate::protocol::preferences::Preference) -> Result<(), Problem> {
    if let Some(view) = SavedView::of(p) {
        view.check()?;
        parse(&view.filter)?;
    }
    Ok(())
}

/// As many threads as one request may name.
pub(super) fn countable(threads: &[ThreadId]) -> Result<(), FieldProblem> {
    if threads.is_empty() || threads.len() > ACT_MAX {
        return Err(FieldProblem::new("threads", format!("has to name 1 to {ACT_MAX} threads")));
    }
    Ok(())
}

/// An operator, or a team that somebody is in.
fn assignee(shared: &Shared, typed: &str) -> Result<String, FieldProblem> {
    let Some(team) = typed.trim().strip_prefix('@') else { return operator_name(typed) };
    if !shared.book.borrow().teams().contains(team) {
        return Err(FieldProblem::new("assignee", format!("is a team that nobody is in: `{team}`")));
    }
    Ok(team_assignee(team))
}

/// Does something to threads.
pub(super) async fn act(
    shared: &Shared,
    by: Actor,
    threads: Vec<ThreadId>,
    act: Act,
) -> Result<Response, Problem> {
    countable(&threads)?;
    let act = match act {
        Act::Assign { to: Some(name) } => Act::Assign { to: Some(assignee(shared, &name)?) },
        Act::Snooze { nap: Nap::Time { at } } => {
            let wait = at - shared.clock.now();
            if wait <= 0 {
                return Err(FieldProblem::new("until", "has passed").into());
            }
            if wait > YEAR {
                return Err(FieldProblem::new("until", "is more than a year from now").into());
            }
            act
        }
        other => other,
    };
    let all = threads.len();
    let body = EventBody::ThreadsHandled { threads, act };
    let reply = shared.store.apply(shared.event(by, body)).await?;
    shared.snooze.notify_one();
    let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Ok(Response::Acted(Acted { done: small(all - reply.problems.min(all)), left: small(reply.problems) }))
}

pub(super) async fn save_label(shared: &Shared, by: Actor, label: Label) -> Result<Response, Problem> {
    label.check()?;
    shared.store.apply(shared.event(by, EventBody::LabelSaved { label })).await?;
    Ok(Response::Done)
}

pub(super) async fn delete_label(shared: &Shared, by: Actor, label: LabelId) -> Result<Response, Problem> {
    shared.store.apply(shared.event(by, EventBody::LabelDeleted { label })).await?;
    Ok(Response::Done)
}

/// Wakes what is due, and says when the next one is.
async fn wake(shared: &Shared) -> Result<Option<Millis>, StoreError> {
    loop {
        let now = shared.clock.now();
        let (threads, next) = shared.store.read(move |r| r.due_snoozes(now)).await?;
        if threads.is_empty() {
            return Ok(next);
        }
        shared.engine_event(EventBody::SnoozesEnded { threads }).await?;
    }
}

/// Wakes snoozed threads when they are due, those first that became due while no engine ran.
pub(super) async fn wake_when_due(shared: Arc<Shared>) {
    loop {
        let next = match wake(&shared).await {
            Ok(next) => next,
            Err(StoreError::Stopped) => return,
            Err(error) => {
                tracing::warn!(%error, "snoozed threads could not be woken");
                tokio::select! {
                    () = shared.stop.cancelled() => return,
                    () = tokio::time::sleep(LOOK_AGAIN) => {}
                }
                continue;
            }
        };
        tokio::select! {
            () = shared.stop.cancelled() => return,
            () = shared.snooze.notified() => {}
            () = shared.clock.until(next.unwrap_or(Millis::MAX)) => {}
        }
    }
}
