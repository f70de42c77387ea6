//! Who is where: in memory only, gone with the screen that it is about.
//!
//! A screen says which conversation it shows and whether somebody writes there. Writing takes a lease: one writer for
//! each conversation, until it is not said again, or the line drops. Nobody is told anything while everybody who is
//! here is the same operator. Names are given out only with conversations that the asker may see.

use super::Shared;
use super::access::Who;
use crate::clock::Millis;
use crate::model::access::{Access, Resource, Verb};
use crate::model::event::{Actor, EventBody};
use crate::model::ids::{MessageId, ThreadId};
use crate::protocol::presence::{
    ASKED_MAX, Doing, InThread, LEASE, Person, PresenceRequest, Present, ScreenRow, Spot, TakenOver, Watched,
};
use crate::protocol::{Changed, Problem, Response};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// What comes within so long is told together.
const TOGETHER: Duration = Duration::from_millis(60);
/// More than this at once, and everybody is told to ask for all of it.
const NEWS_MAX: usize = 256;

/// One screen.
struct Screen {
    access: Access,
    spot: Spot,
    /// Writing counts until then.
    until: Millis,
    watching: Option<String>,
}

/// Who writes in a conversation.
struct Lease {
    session: u64,
    operator: String,
    until: Millis,
}

#[derive(Default)]
struct State {
    screens: BTreeMap<u64, Screen>,
    leases: HashMap<ThreadId, Lease>,
    news: HashSet<Changed>,
    company: bool,
    /// Operators who closed their last screen, and when.
    left: BTreeMap<String, Millis>,
}

/// All screens.
#[derive(Default)]
pub(super) struct Screens {
    state: Mutex<State>,
    changed: Notify,
    /// Somebody came or left.
    pub people: Notify,
}

impl State {
    fn touch(&mut self, thread: Option<ThreadId>) {
        if let Some(thread) = thread
            && self.company
        {
            self.news.insert(Changed::PresenceChanged { thread });
        }
    }

    /// What an operator does has changed: who follows them is told.
    fn moved(&mut self, operator: &str) {
        if self.screens.values().any(|s| s.watching.as_deref() == Some(operator)) {
            self.news.insert(Changed::WatchedChanged { operator: operator.to_owned() });
        }
    }

    fn count(&mut self) {
        let mut names = self.screens.values().map(|s| &s.access.operator);
        let first = names.next();
        let company = first.is_some_and(|first| names.any(|n| n != first));
        if company != self.company {
            self.company = company;
            self.news.retain(|n| !matches!(n, Changed::CompanyChanged { .. }));
            self.news.insert(Changed::CompanyChanged { company });
        }
    }

    fn is_here(&self, operator: &str) -> bool {
        self.screens.values().any(|s| s.access.operator == operator)
    }

    /// What was not said again has ended; when the next one ends.
    fn expire(&mut self, now: Millis) -> Option<Millis> {
        self.leases.retain(|_, l| l.until > now);
        let mut ended = Vec::new();
        for s in self.screens.values_mut() {
            if s.spot.doing == Doing::Typing && s.until <= now {
                s.spot.doing = Doing::Viewing;
                ended.push((s.spot.thread, s.access.operator.clone()));
            }
        }
        for (thread, operator) in ended {
            self.touch(thread);
            self.moved(&operator);
        }
        self.screens.values().filter(|s| s.spot.doing == Doing::Typing).map(|s| s.until).min()
    }

    fn holder(&self, thread: ThreadId, me: &str, now: Millis) -> Option<&str> {
        let lease = self.leases.get(&thread).filter(|l| l.until > now && l.operator != me)?;
        Some(&lease.operator)
    }

    /// Who else is in conversations: in these, or in all.
    fn people(&self, threads: Option<&[ThreadId]>, me: &str) -> Vec<InThread> {
        let mut all: BTreeMap<ThreadId, BTreeMap<&str, Doing>> = BTreeMap::new();
        for s in self.screens.values().filter(|s| s.access.operator != me) {
            let Some(thread) = s.spot.thread else { continue };
            if threads.is_none_or(|t| t.contains(&thread)) {
                let doing = all.entry(thread).or_default().entry(&s.access.operator).or_default();
                *doing = (*doing).max(s.spot.doing);
            }
        }
        all.into_iter()
            .map(|(thread, people)| {
                let holder = self.leases.get(&thread).map(|l| l.operator.as_str());
                let mut people: Vec<Person> = people
                    .into_iter()
                    .map(|(operator, doing)| Person { operator: operator.to_owned(), doing })
                    .collect();
                people.sort_by_key(|p| (Some(p.operator.as_str()) != holder, std::cmp::Reverse(p.doing)));
                InThread { thread, people }
            })
            .collect()
    }

    fn watchers(&self, me: &str) -> Vec<String> {
        let all: BTreeSet<&String> = self
            .screens
            .values()
            .filter(|s| s.watching.as_deref() == Some(me))
            .map(|s| &s.access.operator)
            .collect();
        all.into_iter().cloned().collect()
    }
}

impl Screens {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A screen says where it is.
    fn here(&self, who: &Who, spot: Spot, now: Millis) {
        let mut state = self.state();
        state.expire(now);
        let me = who.operator();
        let new = !state.screens.contains_key(&who.session);
        let screen = state.screens.entry(who.session).or_insert_with(|| Screen {
            access: who.access.clone(),
            spot: Spot::default(),
            until: 0,
            watching: None,
        });
        screen.access.clone_from(&who.access);
        screen.until = if spot.doing == Doing::Typing { now + LEASE } else { 0 };
        let before = std::mem::replace(&mut screen.spot, spot);
        let writes = spot.thread.filter(|_| spot.doing == Doing::Typing);
        state.leases.retain(|thread, l| l.session != who.session || Some(*thread) == writes);
        if let Some(thread) = writes
            && state.holder(thread, me, now).is_none()
        {
            let lease = Lease { session: who.session, operator: me.to_owned(), until: now + LEASE };
            state.leases.insert(thread, lease);
        }
        if new {
            state.left.remove(me);
            state.count();
        }
        if before != spot {
            state.touch(before.thread);
            state.touch(spot.thread);
            state.moved(me);
        }
        drop(state);
        self.changed.notify_one();
        if new {
            self.people.notify_one();
        }
    }

    /// A session has ended: whatever it held is free.
    pub fn gone(&self, session: u64, now: Millis) {
        let mut state = self.state();
        let Some(screen) = state.screens.remove(&session) else { return };
        state.leases.retain(|_, l| l.session != session);
        let me = screen.access.operator;
        if let Some(operator) = screen.watching {
            state.news.insert(Changed::WatchersChanged { operator });
        }
        state.touch(screen.spot.thread);
        state.moved(&me);
        if !state.is_here(&me) {
            state.left.insert(me, now);
        }
        state.count();
        drop(state);
        self.changed.notify_one();
        self.people.notify_one();
    }

    /// Whether a session follows somebody.
    pub fn is_watching(&self, session: u64, operator: &str) -> bool {
        self.state().screens.get(&session).is_some_and(|s| s.watching.as_deref() == Some(operator))
    }

    /// What there is to tell, and when there is more by itself.
    fn news(&self, now: Millis) -> (Vec<Changed>, Option<Millis>) {
        let mut state = self.state();
        let next = state.expire(now);
        let mut news: Vec<Changed> = std::mem::take(&mut state.news).into_iter().collect();
        if news.len() > NEWS_MAX {
            news = vec![Changed::Resync];
        }
        (news, next)
    }

    /// The writer of a conversation changes: the one before writes no more.
    fn take(&self, who: &Who, thread: ThreadId, now: Millis) {
        let mut state = self.state();
        let me = who.operator();
        for s in state.screens.values_mut() {
            if s.spot.thread == Some(thread) && s.access.operator != me && s.spot.doing == Doing::Typing {
                s.spot.doing = Doing::Viewing;
                s.until = 0;
            }
        }
        let lease = Lease { session: who.session, operator: me.to_owned(), until: now + LEASE };
        state.leases.insert(thread, lease);
        state.touch(Some(thread));
        drop(state);
        self.changed.notify_one();
    }

    /// Somebody who has a screen open may be given conversations: what they may do.
    pub fn accesses(&self) -> Vec<Access> {
        let mut out: BTreeMap<String, Access> = BTreeMap::new();
        for s in self.state().screens.values() {
            out.entry(s.access.operator.clone()).or_insert_with(|| s.access.clone());
        }
        out.into_values().collect()
    }

    /// Operators who left at this time or before it and are not back, and when the next one will have.
    pub fn left_by(&self, then: Millis) -> (Vec<String>, Option<Millis>) {
        let mut state = self.state();
        let gone: Vec<String> =
            state.left.iter().filter(|(_, at)| **at <= then).map(|(name, _)| name.clone()).collect();
        for name in &gone {
            state.left.remove(name);
        }
        (gone, state.left.values().min().copied())
    }
}

/// Tells what has changed, a little at a time.
pub(super) async fn run(shared: Arc<Shared>) {
    loop {
        let (news, next) = shared.screens.news(shared.clock.now());
        if !news.is_empty() {
            shared.hub.publish(&news);
            tokio::select! {
                () = shared.stop.cancelled() => return,
                () = tokio::time::sleep(TOGETHER) => {}
            }
            continue;
        }
        tokio::select! {
            () = shared.stop.cancelled() => return,
            () = shared.screens.changed.notified() => {}
            () = shared.clock.until(next.unwrap_or(Millis::MAX)) => {}
        }
    }
}

/// A question about who is where.
pub(super) async fn read(who: &Who, act: PresenceRequest) -> Result<Response, Problem> {
    match act {
        PresenceRequest::Who { threads } => {
            let threads = threads.map(|mut t| {
                t.truncate(ASKED_MAX);
                t
            });
            Ok(Response::Present(present(who, threads.as_deref()).await?))
        }
        PresenceRequest::Watched => watched(who).await,
        PresenceRequest::Screens => screens(who).await,
        _ => Err(Problem::new("protocol", "this request changes something and was taken for a question")),
    }
}

/// Something is said or done about who is where.
pub(super) async fn change(who: &Who, act: PresenceRequest) -> Result<Response, Problem> {
    let shared = &who.shared;
    match act {
        PresenceRequest::Here { mut spot } => {
            // Who may not send keeps nobody from it.
            if spot.doing == Doing::Typing && !who.access.allows(Resource::Chat, Verb::Create) {
                spot.doing = Doing::Viewing;
            }
            shared.screens.here(who, spot, shared.clock.now());
            Ok(Response::Present(present(who, spot.thread.as_ref().map(std::slice::from_ref)).await?))
        }
        PresenceRequest::Claim { thread, since } => claim(who, thread, since).await,
        PresenceRequest::TakeOver { thread } => take_over(who, thread).await,
        PresenceRequest::Watch { operator } => watch(who, operator).await,
        _ => Err(Problem::new("protocol", "this request asks something and was taken for a change")),
    }
}

/// Of these conversations those that exist for the asker.
async fn visible(who: &Who, threads: Vec<ThreadId>) -> Result<HashSet<ThreadId>, Problem> {
    if who.access.scope.is_all() || threads.is_empty() {
        return Ok(threads.into_iter().collect());
    }
    let rows = who.shared.store.read(move |r| r.thread_rows(&threads)).await?;
    Ok(rows.into_iter().map(|r| r.id).collect())
}

async fn present(who: &Who, threads: Option<&[ThreadId]>) -> Result<Present, Problem> {
    let (company, mut people, watchers) = {
        let mut state = who.shared.screens.state();
        state.expire(who.shared.clock.now());
        let me = who.operator();
        (state.company, state.people(threads, me), state.watchers(me))
    };
    let seen = visible(who, people.iter().map(|p| p.thread).collect()).await?;
    people.retain(|p| seen.contains(&p.thread));
    Ok(Present { company, threads: people, watchers })
}

/// A colleague is there already.
fn busy(what: String) -> Problem {
    Problem::new("busy", what)
        .means("two answers to one question confuse the customer")
        .next("look first, take it over, or send it all the same")
}

async fn claim(who: &Who, thread: ThreadId, since: Option<Millis>) -> Result<Response, Problem> {
    let shared = &who.shared;
    let writer = {
        let state = shared.screens.state();
        state.holder(thread, who.operator(), shared.clock.now()).map(str::to_owned)
    };
    if let Some(writer) = writer {
        return Err(busy(format!("{writer} is writing there")));
    }
    if let Some(since) = since {
        let me = who.operator().to_owned();
        if let Some(other) = shared.store.read(move |r| r.answered_since(thread, since, &me)).await? {
            return Err(busy(format!("{other} has answered since you began")));
        }
    }
    Ok(Response::Done)
}

async fn take_over(who: &Who, thread: ThreadId) -> Result<Response, Problem> {
    let shared = &who.shared;
    let row = shared.store.read(move |r| r.thread(thread)).await?.row;
    let (thread, me) = (row.id, who.operator());
    let writer = {
        let state = shared.screens.state();
        state.holder(thread, me, shared.clock.now()).map(str::to_owned)
    };
    // What a team has is nobody's text.
    let had = row.handling.assignee.filter(|a| a != me && !a.starts_with('@'));
    let from = writer.or(had);
    let note = MessageId::new();
    let body = EventBody::ThreadTakenOver { thread, from: from.clone(), note };
    shared.store.apply(shared.event(Actor::Operator(me.to_owned()), body)).await?;
    shared.screens.take(who, thread, shared.clock.now());
    let noted = !shared.store.read(move |r| r.message_rows(&[note])).await?.is_empty();
    Ok(Response::TakenOver(TakenOver { from, note: noted.then_some(note) }))
}

async fn watch(who: &Who, operator: Option<String>) -> Result<Response, Problem> {
    let screens = &who.shared.screens;
    if operator.as_deref() == Some(who.operator()) {
        return Err(Problem::new("field", "this is you"));
    }
    {
        let mut state = screens.state();
        if let Some(operator) = operator.as_deref().filter(|o| !state.is_here(o)) {
            return Err(Problem::not_found(format!("{operator} has no screen open"))
                .next("`switchboard who` lists those who have"));
        }
        let Some(screen) = state.screens.get_mut(&who.session) else {
            return Err(Problem::new("protocol", "only a screen follows a colleague"));
        };
        let before = std::mem::replace(&mut screen.watching, operator.clone());
        if before != operator {
            for operator in [before, operator.clone()].into_iter().flatten() {
                state.news.insert(Changed::WatchersChanged { operator });
            }
        }
    }
    screens.changed.notify_one();
    match operator {
        None => Ok(Response::Done),
        Some(operator) => {
            // Who looks over a shoulder leaves a trace.
            let shared = &who.shared;
            let by = Actor::Operator(who.operator().to_owned());
            shared.store.apply(shared.event(by, EventBody::OperatorWatched { operator })).await?;
            watched(who).await
        }
    }
}

async fn watched(who: &Who) -> Result<Response, Problem> {
    let shared = &who.shared;
    let found = {
        let mut state = shared.screens.state();
        state.expire(shared.clock.now());
        let operator = state.screens.get(&who.session).and_then(|s| s.watching.clone());
        operator.map(|operator| {
            let of = state.screens.values().filter(|s| s.access.operator == operator);
            // Of several screens the one that is worked at.
            let best = of.max_by_key(|s| (s.spot.thread.is_some(), s.spot.doing)).map(|s| s.spot);
            (operator, best)
        })
    };
    let Some((operator, spot)) = found else {
        return Err(Problem::new("protocol", "nobody is watched"));
    };
    let mut out = Watched { attached: spot.is_some(), operator, ..Watched::default() };
    if let Some(Spot { thread: Some(thread), doing }) = spot {
        let writer = out.operator.clone();
        let (rows, draft) = shared
            .store
            .read(move |r| Ok((r.thread_rows(&[thread])?, r.reply_draft(thread, &writer)?)))
            .await?;
        if let Some(row) = rows.into_iter().next() {
            out = Watched { row: Some(row), doing, draft, ..out };
        }
    }
    Ok(Response::Watched(Box::new(out)))
}

async fn screens(who: &Who) -> Result<Response, Problem> {
    let shared = &who.shared;
    let mut out: Vec<ScreenRow> = {
        let mut state = shared.screens.state();
        state.expire(shared.clock.now());
        let attached = shared.attached.lock().unwrap_or_else(PoisonError::into_inner);
        state
            .screens
            .iter()
            .map(|(session, s)| ScreenRow {
                operator: s.access.operator.clone(),
                terminal: attached.get(session).map(|a| a.terminal.clone()).unwrap_or_default(),
                thread: s.spot.thread,
                title: String::new(),
                doing: s.spot.doing,
            })
            .collect()
    };
    let ids: Vec<ThreadId> = out.iter().filter_map(|s| s.thread).collect();
    let rows = shared.store.read(move |r| r.thread_rows(&ids)).await?;
    for s in &mut out {
        if let Some(row) = rows.iter().find(|r| Some(r.id) == s.thread) {
            s.title.clone_from(&row.title);
        } else {
            (s.thread, s.doing) = (None, Doing::Open);
        }
    }
    out.sort_by(|a, b| a.operator.cmp(&b.operator));
    Ok(Response::Screens(out))
}
