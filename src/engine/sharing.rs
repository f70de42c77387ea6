//! Giving out conversations that nobody has: at once when a customer writes, where the rules say so, or when an
//! operator asks for it; and letting go of those of somebody who left.

use super::Shared;
use super::access::Who;
use crate::clock::Millis;
use crate::model::access::{Access, Resource, Sees, Verb};
use crate::model::client::ClientInfo;
use crate::model::event::{Actor, EventBody};
use crate::model::ids::{AccountId, ThreadId};
use crate::model::sharing::{Share, ShareRule};
use crate::protocol::{Acted, Changed, Problem, Response, ServerFrame};
use crate::store::StoreError;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Threads that are looked through at once for those that wait for somebody.
const WAITING: u32 = 200;
/// Updates that wait to be looked at; more, and everything is looked through.
const QUEUE: usize = 64;
const MINUTE: Millis = 60_000;

/// Who may be given a conversation of an account: who may answer there, and would see it.
fn able(shared: &Shared, rule: &ShareRule, account: &AccountId) -> Vec<String> {
    let book = shared.book.borrow().clone();
    let mut all: Vec<Access> = shared.screens.accesses();
    if rule.away {
        // Who is not here is known by the rules only, without the groups of the system.
        let named = book.operators.iter().filter(|e| e.active).filter_map(|e| match &e.who {
            crate::model::access::Principal::User(name) => Some(name.clone()),
            crate::model::access::Principal::Group(_) => None,
        });
        for name in named {
            if !all.iter().any(|a| a.operator == name)
                && let Ok(access) = book.access(&ClientInfo::inside(name), false)
            {
                all.push(access);
            }
        }
    }
    let fits = |a: &Access| {
        a.allows(Resource::Chat, Verb::Create)
            && a.scope.has_account(account)
            && rule.team.as_ref().is_none_or(|t| a.teams.contains(t))
    };
    all.retain(fits);
    all.into_iter().map(|a| a.operator).collect()
}

/// The one who is next for a conversation.
async fn next(shared: &Shared, rule: &ShareRule, account: &AccountId) -> Result<Option<String>, StoreError> {
    let names = able(shared, rule, account);
    if names.is_empty() {
        return Ok(None);
    }
    let candidates = shared.store.read(move |r| r.candidates(&names)).await?;
    Ok(rule.how.next(&candidates).map(|c| c.operator.clone()))
}

/// Gives one conversation to whose turn it is; whether it is somebody's now.
async fn give(
    shared: &Shared,
    by: &Actor,
    rule: &ShareRule,
    (account, thread): (&AccountId, ThreadId),
) -> Result<bool, StoreError> {
    let Some(to) = next(shared, rule, account).await? else { return Ok(false) };
    let body = EventBody::ThreadGiven { thread, to, how: rule.how };
    let reply = shared.store.apply(shared.event(by.clone(), body)).await?;
    Ok(reply.problems == 0)
}

/// An operator wants conversations to be given out. Those that somebody has are taken from them first.
pub(super) async fn share(
    who: &Who,
    everything: &Shared,
    threads: Vec<ThreadId>,
    how: Share,
    team: Option<String>,
) -> Result<Response, Problem> {
    let by = Actor::Operator(who.operator().to_owned());
    let ids = threads.clone();
    let rows = who.shared.store.read(move |r| r.thread_rows(&ids)).await?;
    if let Some(team) = &team
        && !everything.book.borrow().teams().contains(team)
    {
        return Err(Problem::not_found(format!("nobody is in a team `{team}`"))
            .next("`switchboard teams` lists the teams"));
    }
    let rule = ShareRule { how, team, away: false };
    let mut acted =
        Acted { done: 0, left: u32::try_from(threads.len() - rows.len().min(threads.len())).unwrap_or(0) };
    for row in rows {
        if able(everything, &rule, &row.account).is_empty() {
            acted.left += 1;
            continue;
        }
        if row.handling.assignee.is_some() {
            let act = crate::model::handling::Act::Assign { to: None };
            let body = EventBody::ThreadsHandled { threads: vec![row.id], act };
            everything.store.apply(everything.event(by.clone(), body)).await?;
        }
        if give(everything, &by, &rule, (&row.account, row.id)).await? {
            acted.done += 1;
        } else {
            acted.left += 1;
        }
    }
    if acted.done == 0 && acted.left > 0 {
        return Err(Problem::new("refused", "nobody is here who could have it")
            .means("conversations are given to operators who have a screen open and may answer there")
            .next("give it to somebody by name, or to a team"));
    }
    Ok(Response::Acted(acted))
}

/// Gives out what waits for somebody: some conversations, or all that wait.
async fn give_out(shared: &Shared, only: Option<Vec<ThreadId>>) -> Result<(), StoreError> {
    let rules = shared.book.borrow().sharing.clone();
    if !rules.is_on() {
        return Ok(());
    }
    let waiting = match only {
        Some(ids) => {
            let rows = shared.store.read(move |r| r.thread_rows(&ids)).await?;
            let free = rows.into_iter().filter(|r| {
                r.handling.assignee.is_none()
                    && r.handling.state == crate::model::handling::State::Open
                    && r.is_unanswered()
            });
            free.map(|r| (r.account, r.id)).collect()
        }
        None => shared.store.read(|r| r.waiting_for_somebody(WAITING)).await?,
    };
    for (account, thread) in waiting {
        if let Some(rule) = rules.of(&account) {
            give(shared, &Actor::Engine, rule, (&account, thread)).await?;
        }
    }
    Ok(())
}

/// Lets go of what those have who left long enough ago; when the next one will have.
async fn release(shared: &Shared) -> Result<Option<Millis>, StoreError> {
    let Some(minutes) = shared.book.borrow().sharing.release_minutes else { return Ok(None) };
    let grace = Millis::from(minutes) * MINUTE;
    let (gone, next) = shared.screens.left_by(shared.clock.now() - grace);
    for operator in gone {
        tracing::info!(operator, "an operator left: what they had open is nobody's");
        loop {
            let body = EventBody::ThreadsReleased { operator: operator.clone() };
            if !shared.store.apply(shared.event(Actor::Engine, body)).await?.more {
                break;
            }
        }
    }
    Ok(next.map(|at| at + grace))
}

/// Gives out and lets go, when something asks for it.
pub(super) async fn run(shared: Arc<Shared>) {
    let (to, mut from) = mpsc::channel(QUEUE);
    shared.hub.join(to);
    let mut book = shared.book.subscribe();
    let mut only: Option<Vec<ThreadId>> = None;
    loop {
        let done = async {
            give_out(&shared, only.take()).await?;
            release(&shared).await
        };
        let next = match done.await {
            Ok(next) => next,
            Err(StoreError::Stopped) => return,
            Err(error) => {
                tracing::warn!(%error, "conversations could not be given out");
                Some(shared.clock.now() + MINUTE)
            }
        };
        only = loop {
            tokio::select! {
                () = shared.stop.cancelled() => return,
                () = shared.screens.people.notified() => break None,
                changed = book.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    break None;
                }
                () = shared.clock.until(next.unwrap_or(Millis::MAX)) => break Some(Vec::new()),
                frame = from.recv() => match frame {
                    Some(ServerFrame::Update(update)) => {
                        let wanted = wanted(&update.changed);
                        if wanted.as_ref().is_none_or(|w| !w.is_empty()) {
                            break wanted;
                        }
                    }
                    Some(ServerFrame::Answer { .. }) => {}
                    None => return,
                },
            }
        };
    }
}

/// The conversations that an update says a customer wrote in; `None`: it may be any.
fn wanted(changed: &[Changed]) -> Option<Vec<ThreadId>> {
    let mut out = Vec::new();
    for c in changed {
        match c {
            Changed::Resync => return None,
            Changed::MessageStored { thread, inbound: true, .. } if !out.contains(thread) => {
                out.push(*thread);
            }
            _ => {}
        }
    }
    Some(out)
}

/// Somebody has written to a number. Where a conversation that nobody has would be hidden from them, or closed to what
/// they send next, the one that this began is theirs.
pub(super) async fn own_what_begins(
    who: &Who,
    begins: bool,
    sent: Result<Response, Problem>,
) -> Result<Response, Problem> {
    let to_own = begins && (matches!(who.access.scope.sees, Sees::Own(_)) || who.access.role.only_assigned);
    if let (true, Ok(Response::Queued { thread, .. })) = (to_own, &sent) {
        let (shared, thread) = (who.engine(), *thread);
        let row = shared.store.read(move |r| r.thread_rows(&[thread])).await?.pop();
        if row.is_some_and(|r| r.handling.assignee.is_none()) {
            let me = who.operator().to_owned();
            let act = crate::model::handling::Act::Assign { to: Some(me.clone()) };
            let body = EventBody::ThreadsHandled { threads: vec![thread], act };
            shared.store.apply(shared.event(Actor::Operator(me), body)).await?;
        }
    }
    sent
}
