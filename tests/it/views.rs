//! States, labels and views through the engine: two clients, a clock, a restart.

use crate::common::{ask, eventually, private_dir, settings};
use std::path::Path;
use switchboard::clock::Clock;
use switchboard::engine::Engine;
use switchboard::model::ClientInfo;
use switchboard::model::handling::{Act, Label, LabelColor, Nap, State};
use switchboard::model::ids::{LabelId, ThreadId};
use switchboard::model::thread::{ThreadFilter, ThreadRow};
use switchboard::protocol::client::Client;
use switchboard::protocol::{Acted, Changed, Request, Response, SavedView};
use switchboard::store::seed::{SeedOptions, seed};

const NOW: i64 = 1_795_176_000_000;
const HOUR: i64 = 3_600_000;

/// A folder with some threads, a few minutes old.
fn filled(threads: u64) -> tempfile::TempDir {
    let dir = private_dir();
    let options = SeedOptions { messages: threads * 2, threads, seed: 1, newest: NOW };
    seed(&dir.path().join("switchboard.db"), options, &mut |_| {}).unwrap();
    dir
}

async fn start(dir: &Path, clock: &Clock) -> Engine {
    Engine::start(settings(dir, "http://127.0.0.1:9", 0), clock.clone()).await.unwrap()
}

async fn client(engine: &Engine, who: &str) -> Client {
    let mut c = Client::new(engine.connect(&ClientInfo::inside(who)));
    ask(&mut c, Request::hello("", "")).await;
    c
}

async fn view(c: &mut Client, filter: ThreadFilter) -> Vec<ThreadRow> {
    let r = Request::Threads { account: None, filter, before: None, limit: 100 };
    let Response::Threads(page) = ask(c, r).await else { panic!() };
    page.items
}

async fn found(c: &mut Client, filter: &str) -> Vec<ThreadId> {
    let r = Request::Filtered { account: None, filter: filter.into(), before: None, limit: 100 };
    let Response::Threads(page) = ask(c, r).await else { panic!() };
    page.items.into_iter().map(|t| t.id).collect()
}

async fn act(c: &mut Client, threads: &[ThreadId], act: Act) -> Acted {
    let Response::Acted(acted) = ask(c, Request::Act { threads: threads.to_vec(), act }).await else {
        panic!()
    };
    acted
}

/// Waits until this client is told that a thread changed.
async fn told(c: &mut Client, id: ThreadId) {
    loop {
        let update = c.update().await.expect("updates come");
        if update.changed.iter().any(|x| matches!(x, Changed::ThreadChanged { thread, .. } if *thread == id))
        {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_operator_does_the_other_is_told_and_the_last_one_counts() {
    let dir = filled(6);
    let engine = start(dir.path(), &Clock::manual(NOW)).await;
    let (mut ana, mut bo) = (client(&engine, "ana").await, client(&engine, "bo").await);
    let rows = view(&mut ana, ThreadFilter::Inbox).await;
    let (first, second) = (rows[0].id, rows[1].id);
    assert_eq!(
        act(&mut ana, &[first], Act::Assign { to: Some("ana".into()) }).await,
        Acted { done: 1, left: 0 }
    );
    told(&mut bo, first).await;
    assert_eq!(view(&mut bo, ThreadFilter::Mine).await, []);
    act(&mut bo, &[first, second], Act::Assign { to: Some("bo".into()) }).await;
    told(&mut ana, second).await;
    assert_eq!(view(&mut ana, ThreadFilter::Mine).await, []);
    assert_eq!(view(&mut bo, ThreadFilter::Mine).await.len(), 2);
    assert_eq!(found(&mut ana, "assignee:bo").await.len(), 2);
    assert_eq!(found(&mut bo, "assignee:me").await.len(), 2);
    act(&mut ana, &[second], Act::Resolve).await;
    told(&mut bo, second).await;
    assert_eq!(view(&mut bo, ThreadFilter::Mine).await.len(), 1);
    let Response::Operators(names) = ask(&mut ana, Request::Operators).await else { panic!() };
    assert_eq!(names, ["ana", "bo"]);
    // A label, and what it is called now.
    let mut label = Label { id: LabelId::new(), name: "vip".into(), color: LabelColor::Red };
    ask(&mut ana, Request::SaveLabel { label: label.clone() }).await;
    act(&mut ana, &[first], Act::Label { add: vec![label.id], remove: vec![] }).await;
    label.name = "gold".into();
    ask(&mut bo, Request::SaveLabel { label: label.clone() }).await;
    assert_eq!(found(&mut ana, "label:GOLD").await, [first]);
    assert_eq!(found(&mut ana, "label:vip").await, []);
    let twice = Label { id: LabelId::new(), ..label };
    assert_eq!(ana.ask(Request::SaveLabel { label: twice }).await.unwrap_err().kind, "refused");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snoozed_thread_wakes_at_its_time_and_also_when_no_engine_ran_then() {
    let dir = filled(6);
    let clock = Clock::manual(NOW);
    let engine = start(dir.path(), &clock).await;
    let mut c = client(&engine, "ana").await;
    let rows = view(&mut c, ThreadFilter::Inbox).await;
    let (soon, later, reply) = (rows[3].id, rows[4].id, rows[5].id);
    act(&mut c, &[soon], Act::Snooze { nap: Nap::Time { at: NOW + HOUR } }).await;
    act(&mut c, &[later], Act::Snooze { nap: Nap::Time { at: NOW + 5 * HOUR } }).await;
    act(&mut c, &[reply], Act::Snooze { nap: Nap::Reply }).await;
    assert_eq!(view(&mut c, ThreadFilter::Snoozed).await.len(), 3);
    clock.advance(HOUR);
    // Everybody hears that it was the snooze that ended, and of which thread.
    while !c.update().await.expect("updates come").changed.contains(&Changed::SnoozeEnded { thread: soon }) {}
    let woken = eventually("the thread wakes", || async {
        let mut c = client(&engine, "ana").await;
        view(&mut c, ThreadFilter::Inbox).await.into_iter().find(|t| t.id == soon)
    })
    .await;
    assert!(woken.handling.woken && woken.last_at == NOW + HOUR, "{woken:?}");
    assert_eq!(view(&mut c, ThreadFilter::Inbox).await[0].id, soon, "at the top");
    engine.stop().await;
    // Nobody is there when the next one is due.
    clock.advance(10 * HOUR);
    let engine = start(dir.path(), &clock).await;
    eventually("it wakes when an engine runs again", || async {
        let mut c = client(&engine, "ana").await;
        view(&mut c, ThreadFilter::Inbox).await.into_iter().find(|t| t.id == later)
    })
    .await;
    let mut c = client(&engine, "ana").await;
    let asleep = view(&mut c, ThreadFilter::Snoozed).await;
    assert_eq!(
        asleep.iter().map(|t| (t.id, t.handling.state)).collect::<Vec<_>>(),
        [(reply, State::Snoozed)]
    );
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_is_refused_with_its_field_and_place() {
    let dir = filled(3);
    let engine = start(dir.path(), &Clock::manual(NOW)).await;
    let mut c = client(&engine, "ana").await;
    let id = view(&mut c, ThreadFilter::All).await[0].id;
    let r = Request::Filtered { account: None, filter: "is:unread lable:x".into(), before: None, limit: 10 };
    let p = c.ask(r).await.unwrap_err();
    assert_eq!((p.kind.as_str(), p.field.as_deref()), ("field", Some("filter")));
    assert!(p.what.contains("column 11: `lable:` is no word"), "{}", p.what);
    let past = Act::Snooze { nap: Nap::Time { at: NOW - 1 } };
    for (threads, act, field) in [
        (vec![id], past, "until"),
        (vec![id], Act::Assign { to: Some("two words".into()) }, "assignee"),
        (vec![], Act::Resolve, "threads"),
        (vec![id; 1001], Act::Resolve, "threads"),
    ] {
        let p = c.ask(Request::Act { threads, act }).await.unwrap_err();
        assert_eq!(p.field.as_deref(), Some(field), "{p:?}");
    }
    let gone = c.ask(Request::Act { threads: vec![ThreadId([9; 16])], act: Act::Resolve }).await.unwrap_err();
    assert_eq!(gone.kind, "not_found");
    let view = |name: &str, filter: &str| Request::SetPreference {
        preference: SavedView { name: name.into(), filter: filter.into() }.preference(),
    };
    assert_eq!(c.ask(view("hot", "is:odd")).await.unwrap_err().field.as_deref(), Some("filter"));
    assert_eq!(c.ask(view("inbox", "is:unread")).await.unwrap_err().field.as_deref(), Some("name"));
    ask(&mut c, view("hot", "is:unread")).await;
    let mut other = client(&engine, "bo").await;
    let Response::Preferences(theirs) = ask(&mut other, Request::Preferences).await else { panic!() };
    assert_eq!(theirs, [], "a view belongs to an operator");
    engine.stop().await;
}

/// Many threads in two states: every page of a view is full, and each thread is on one page.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn views_of_many_threads_are_read_page_by_page() {
    let dir = filled(3_000);
    let engine = start(dir.path(), &Clock::manual(NOW)).await;
    let mut c = client(&engine, "ana").await;
    let mut ids = Vec::new();
    let mut before = None;
    loop {
        let r = Request::Threads { account: None, filter: ThreadFilter::All, before, limit: 500 };
        let Response::Threads(page) = ask(&mut c, r).await else { panic!() };
        ids.extend(page.items.iter().map(|t| t.id));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(ids.len(), 3_000);
    // Every second one is resolved.
    let half: Vec<ThreadId> = ids.iter().step_by(2).copied().collect();
    for some in half.chunks(1_000) {
        act(&mut c, some, Act::Resolve).await;
    }
    for (filter, expected) in
        [(ThreadFilter::Inbox, 1_500), (ThreadFilter::Resolved, 1_500), (ThreadFilter::Unassigned, 1_500)]
    {
        let (mut n, mut before) = (0, None);
        loop {
            let r = Request::Threads { account: None, filter, before, limit: 200 };
            let Response::Threads(page) = ask(&mut c, r).await else { panic!() };
            n += page.items.len();
            before = page.next;
            if before.is_none() {
                break;
            }
            assert_eq!(page.items.len(), 200, "{filter:?}: a page is full until the last one");
        }
        assert_eq!(n, expected, "{filter:?}");
    }
    engine.stop().await;
}
