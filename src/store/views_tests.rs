//! Views, states and labels as users of the store see them.

use super::tests::{Bed, NOW, account, marta, says};
use super::*;
use crate::model::contact::Identity;
use crate::model::event::{Actor, EventBody};
use crate::model::filter::{Asker, Filter};
use crate::model::handling::{Act, Label, LabelColor, Nap, Priority, Snooze, State, Wait};
use crate::model::ids::{LabelId, ThreadId};
use crate::model::inbound::Peer;
use crate::model::thread::{ThreadFilter, ThreadRow};
use crate::protocol::Cursor;
use proptest::prelude::*;
use std::collections::BTreeSet;

const HOUR: i64 = 3_600_000;

fn peer(n: usize) -> Peer {
    Peer { identities: vec![Identity::phone(format!("49151{n:07}"))], profile_name: format!("Customer {n}") }
}

/// A customer writes some minutes ago; gives back the thread.
async fn wrote(bed: &Bed, n: usize, ago: i64) -> ThreadId {
    let at = bed.clock.now() - ago * 60_000;
    bed.webhook(vec![says(&peer(n), &format!("w{n}.{ago}.{at}"), at, &format!("message of {n}"))]).await;
    let row = bed.threads().await.into_iter().find(|t| t.title == format!("Customer {n}"));
    row.expect("the thread is there").id
}

async fn act(bed: &Bed, threads: &[ThreadId], act: Act) -> Result<Reply, StoreError> {
    bed.apply(EventBody::ThreadsHandled { threads: threads.to_vec(), act }).await
}

async fn row(bed: &Bed, id: ThreadId) -> ThreadRow {
    bed.store.read(move |r| r.thread_rows(&[id])).await.unwrap().pop().unwrap()
}

async fn view(bed: &Bed, filter: ThreadFilter) -> Vec<ThreadId> {
    let now = bed.clock.now();
    let read = move |r: &Reader| r.view(None, filter, Asker { me: "ana", now }, None, 500);
    bed.store.read(read).await.unwrap().items.into_iter().map(|t| t.id).collect()
}

async fn label(bed: &Bed, name: &str) -> LabelId {
    let label = Label { id: LabelId::new(), name: name.into(), color: LabelColor::Red };
    let id = label.id;
    bed.apply(EventBody::LabelSaved { label }).await.unwrap();
    id
}

async fn audit(bed: &Bed, action: &'static str) -> i64 {
    bed.store
        .read(move |r| {
            let sql = "SELECT count(*) FROM audit WHERE action = ?1";
            Ok(r.conn.query_row(sql, [action], |row| row.get(0))?)
        })
        .await
        .unwrap()
}

#[tokio::test]
async fn a_resolved_thread_leaves_the_inbox_and_comes_back_when_the_customer_writes() {
    let bed = Bed::new().await;
    let (a, b) = (wrote(&bed, 1, 4).await, wrote(&bed, 2, 3).await);
    assert_eq!(view(&bed, ThreadFilter::Inbox).await, [b, a]);
    act(&bed, &[a], Act::Resolve).await.unwrap();
    assert_eq!(view(&bed, ThreadFilter::Inbox).await, [b]);
    assert_eq!(view(&bed, ThreadFilter::Resolved).await, [a]);
    assert_eq!(view(&bed, ThreadFilter::All).await, [b, a]);
    assert_eq!(audit(&bed, "thread_resolved").await, 1);
    // What we send does not open it again.
    bed.queue(a, "bye").await;
    assert_eq!(row(&bed, a).await.handling.state, State::Resolved);
    wrote(&bed, 1, 0).await;
    assert_eq!(row(&bed, a).await.handling.state, State::Open);
    assert_eq!(view(&bed, ThreadFilter::Inbox).await, [a, b]);
    assert_eq!(audit(&bed, "thread_reopened").await, 1);
    bed.whole().await;
}

#[tokio::test]
async fn snoozed_threads_wake_by_time_by_a_message_and_not_twice() {
    let bed = Bed::new().await;
    let (a, b, c) = (wrote(&bed, 1, 60).await, wrote(&bed, 2, 50).await, wrote(&bed, 3, 40).await);
    act(&bed, &[a], Act::Snooze { nap: Nap::Time { at: NOW + HOUR } }).await.unwrap();
    act(&bed, &[b], Act::Snooze { nap: Nap::Reply }).await.unwrap();
    act(&bed, &[c], Act::Snooze { nap: Nap::Window }).await.unwrap();
    assert_eq!(view(&bed, ThreadFilter::Inbox).await, []);
    assert_eq!(row(&bed, b).await.handling.snooze, Some(Snooze { wait: Wait::Reply, until: None }));
    let window = row(&bed, c).await.window.until.unwrap();
    assert_eq!(
        row(&bed, c).await.handling.snooze,
        Some(Snooze { wait: Wait::Window, until: Some(window - HOUR) })
    );
    let due = |now| bed.store.read(move |r| r.due_snoozes(now));
    assert_eq!(due(NOW).await.unwrap(), (vec![], Some(NOW + HOUR)));
    assert_eq!(due(NOW + HOUR).await.unwrap(), (vec![a], Some(window - HOUR)));
    let wake = |at, threads: Vec<ThreadId>| {
        bed.store.apply(Event::new(at, Actor::Engine, EventBody::SnoozesEnded { threads }))
    };
    // One that is not due stays asleep, whoever says so.
    wake(NOW + HOUR, vec![a, b, c]).await.unwrap();
    let woken = row(&bed, a).await;
    assert!(woken.handling.woken && woken.last_at == NOW + HOUR, "{woken:?}");
    assert_eq!(view(&bed, ThreadFilter::Inbox).await, [a]);
    assert_eq!(view(&bed, ThreadFilter::Snoozed).await, [c, b]);
    wake(NOW + HOUR, vec![a]).await.unwrap();
    assert_eq!(audit(&bed, "thread_woken").await, 1);
    // A message wakes whatever was waited for.
    bed.clock.advance(2 * HOUR);
    wrote(&bed, 2, 0).await;
    assert_eq!(row(&bed, b).await.handling.state, State::Open);
    wrote(&bed, 1, 0).await;
    assert!(!row(&bed, a).await.handling.woken, "something came since");
    bed.whole().await;
}

#[tokio::test]
async fn what_cannot_sleep_is_left_and_counted() {
    let bed = Bed::new().await;
    let (open, old) = (wrote(&bed, 1, 60).await, wrote(&bed, 2, 23 * 60 + 30).await);
    let nap = || Act::Snooze { nap: Nap::Window };
    assert!(matches!(act(&bed, &[old], nap()).await, Err(StoreError::Rule(_))));
    let reply = act(&bed, &[open, old, ThreadId([9; 16])], nap()).await.unwrap();
    assert_eq!(reply.problems, 2);
    assert_eq!(row(&bed, old).await.handling.state, State::Open);
    let past = Act::Snooze { nap: Nap::Time { at: NOW } };
    assert!(act(&bed, &[open], past).await.is_err());
    assert!(matches!(act(&bed, &[ThreadId([9; 16])], Act::Resolve).await, Err(StoreError::Missing(_))));
}

#[tokio::test]
async fn the_last_writer_wins_every_change_has_its_row_and_a_repeated_event_none() {
    let bed = Bed::new().await;
    let (a, b) = (wrote(&bed, 1, 9).await, wrote(&bed, 2, 8).await);
    let to = |who: &str| Act::Assign { to: Some(who.into()) };
    act(&bed, &[a], to("ana")).await.unwrap();
    act(&bed, &[a, b, a], to("bo")).await.unwrap();
    assert_eq!(row(&bed, a).await.handling.assignee.as_deref(), Some("bo"));
    // One for each act, and one more for each thread of an act with several.
    assert_eq!(audit(&bed, "thread_assigned").await, 4);
    let event = Event::new(
        1,
        Actor::Operator("bo".into()),
        EventBody::ThreadsHandled { threads: vec![a], act: Act::Priority { priority: Priority::Urgent } },
    );
    bed.store.apply(event.clone()).await.unwrap();
    act(&bed, &[a], Act::Priority { priority: Priority::Low }).await.unwrap();
    assert!(bed.store.apply(event).await.unwrap().repeated);
    assert_eq!(row(&bed, a).await.handling.priority, Priority::Low);
    assert_eq!(view(&bed, ThreadFilter::Mine).await, []);
    act(&bed, &[b], to("ana")).await.unwrap();
    assert_eq!(view(&bed, ThreadFilter::Mine).await, [b]);
    act(&bed, &[a], Act::Assign { to: None }).await.unwrap();
    assert_eq!(view(&bed, ThreadFilter::Unassigned).await, [a]);
}

#[tokio::test]
async fn labels_are_unique_go_on_threads_and_leave_them_when_deleted() {
    let bed = Bed::new().await;
    let (a, b) = (wrote(&bed, 1, 9).await, wrote(&bed, 2, 8).await);
    let (vip, late) = (label(&bed, "vip").await, label(&bed, "Late order").await);
    let again = Label { id: LabelId::new(), name: "VIP".into(), color: LabelColor::Blue };
    assert!(matches!(bed.apply(EventBody::LabelSaved { label: again }).await, Err(StoreError::Rule(_))));
    act(&bed, &[a, b], Act::Label { add: vec![vip, late], remove: vec![] }).await.unwrap();
    act(&bed, &[b], Act::Label { add: vec![], remove: vec![vip] }).await.unwrap();
    let names = |r: ThreadRow| r.handling.labels.into_iter().map(|l| l.name).collect::<Vec<_>>();
    assert_eq!(names(row(&bed, a).await), ["Late order", "vip"]);
    assert_eq!(names(row(&bed, b).await), ["Late order"]);
    let renamed = Label { id: vip, name: "gold".into(), color: LabelColor::Yellow };
    bed.apply(EventBody::LabelSaved { label: renamed.clone() }).await.unwrap();
    assert_eq!(
        row(&bed, a).await.handling.labels,
        [renamed, Label { id: late, name: "Late order".into(), color: LabelColor::Red }]
    );
    let all = bed.store.read(Reader::labels).await.unwrap();
    assert_eq!(
        all.iter().map(|l| (&*l.label.name, l.threads)).collect::<Vec<_>>(),
        [("gold", 1), ("Late order", 2)]
    );
    bed.apply(EventBody::LabelDeleted { label: late }).await.unwrap();
    assert_eq!(names(row(&bed, b).await), Vec::<String>::new());
    assert!(bed.apply(EventBody::LabelDeleted { label: late }).await.is_err());
    let unknown = Act::Label { add: vec![late], remove: vec![] };
    assert!(act(&bed, &[a], unknown).await.is_err());
    act(&bed, &[a], Act::Label { add: vec![], remove: vec![late] }).await.unwrap();
    bed.whole().await;
}

#[tokio::test]
async fn read_and_unread_keep_the_counters() {
    let bed = Bed::new().await;
    let ids = [wrote(&bed, 1, 9).await, wrote(&bed, 2, 8).await, wrote(&bed, 3, 7).await];
    act(&bed, &ids, Act::Read).await.unwrap();
    assert_eq!(view(&bed, ThreadFilter::Unread).await, []);
    bed.whole().await;
    act(&bed, &ids[..2], Act::Unread).await.unwrap();
    assert_eq!(view(&bed, ThreadFilter::Unread).await.len(), 2);
    bed.whole().await;
}

#[tokio::test]
async fn the_window_queue_comes_by_the_time_left() {
    let bed = Bed::new().await;
    let old = wrote(&bed, 1, 25 * 60).await;
    let (soon, later) = (wrote(&bed, 2, 23 * 60).await, wrote(&bed, 3, 60).await);
    let done = wrote(&bed, 4, 30).await;
    act(&bed, &[done], Act::Resolve).await.unwrap();
    act(&bed, &[later], Act::Assign { to: Some("ana".into()) }).await.unwrap();
    // What we sent last does not change when it closes.
    bed.queue(soon, "one moment").await;
    assert_eq!(view(&bed, ThreadFilter::Window).await, [soon, later]);
    assert!(!view(&bed, ThreadFilter::Window).await.contains(&old));
    let midnight = Some(NOW + 24 * HOUR);
    let now = bed.clock.now();
    let count = move |r: &Reader| r.view_counts(None, Asker { me: "ana", now }, midnight);
    let counts = bed.store.read(count).await.unwrap();
    assert_eq!(counts.of(ThreadFilter::Window), Some(2));
    assert_eq!(counts.closing, 1, "the other one was answered");
}

#[tokio::test]
async fn two_threads_that_become_one_keep_what_was_said_about_both() {
    let bed = Bed::new().await;
    let (a, b) = (wrote(&bed, 1, 9).await, wrote(&bed, 2, 8).await);
    let (vip, late) = (label(&bed, "vip").await, label(&bed, "late").await);
    act(&bed, &[a], Act::Label { add: vec![vip], remove: vec![] }).await.unwrap();
    act(&bed, &[b], Act::Label { add: vec![vip, late], remove: vec![] }).await.unwrap();
    act(&bed, &[a], Act::Resolve).await.unwrap();
    act(&bed, &[b], Act::Snooze { nap: Nap::Reply }).await.unwrap();
    act(&bed, &[b], Act::Assign { to: Some("bo".into()) }).await.unwrap();
    act(&bed, &[b], Act::Priority { priority: Priority::High }).await.unwrap();
    let (into, from) = (row(&bed, a).await.contact, row(&bed, b).await.contact);
    bed.apply(EventBody::ContactsMerged { into, from }).await.unwrap();
    let h = row(&bed, a).await.handling;
    assert_eq!((h.state, h.assignee.as_deref(), h.priority), (State::Snoozed, Some("bo"), Priority::High));
    assert_eq!(h.labels.len(), 2);
    bed.whole().await;
}

#[tokio::test]
async fn no_view_sorts_all_its_threads_for_a_page() {
    let bed = Bed::new().await;
    wrote(&bed, 1, 1).await;
    let plans = bed.store.read(views::plans).await.unwrap();
    for (name, plan) in plans {
        let index = match name {
            "unread" => "threads_unread",
            "failed" => "threads_failed",
            "assigned" => "threads_assignee",
            "labelled" => "thread_labels_label",
            _ => "threads_list",
        };
        assert!(plan.contains(index), "{name}: {plan}");
        // Few by their nature, or by the rule that chooses them: these may be sorted.
        let few = ["unread", "failed", "labelled", "window"].contains(&name);
        assert!(few || !plan.contains("TEMP B-TREE"), "{name}: {plan}");
        // The merged list is the outer loop; nothing else is read whole.
        assert!(!plan.replace("SCAN k", "").contains("SCAN"), "{name}: {plan}");
    }
}

#[tokio::test]
async fn counts_that_many_ask_for_are_those_of_now_and_each_ones_own() {
    let bed = Bed::new().await;
    bed.webhook(vec![says(&marta(), "w1", NOW, "hello")]).await;
    let id = bed.threads().await[0].id;
    let count = async |me: &'static str, filter: ThreadFilter, now: i64| {
        let read = move |r: &Reader| r.view_counts(None, Asker { me, now }, None);
        bed.store.read(read).await.unwrap().of(filter).unwrap()
    };
    assert_eq!(count("ana", ThreadFilter::Mine, NOW).await, 0);
    act(&bed, &[id], Act::Assign { to: Some("bo".into()) }).await.unwrap();
    assert_eq!(
        (count("ana", ThreadFilter::Mine, NOW).await, count("bo", ThreadFilter::Mine, NOW).await),
        (0, 1)
    );
    assert_eq!(count("cy", ThreadFilter::Unassigned, NOW).await, 0);
    assert_eq!(
        (count("bo", ThreadFilter::Mine, NOW).await, count("ana", ThreadFilter::Mine, NOW).await),
        (1, 0)
    );
    // A window closes though nothing is written.
    assert_eq!(count("ana", ThreadFilter::Window, NOW).await, 1);
    assert_eq!(count("ana", ThreadFilter::Window, NOW + 25 * HOUR).await, 0);
    act(&bed, &[id], Act::Resolve).await.unwrap();
    assert_eq!(count("bo", ThreadFilter::Mine, NOW).await, 0);
}

/// What was done to each of some threads.
#[derive(Clone, Debug)]
struct Made {
    state: usize,
    mine: Option<bool>,
    urgent: bool,
    labelled: bool,
    read: bool,
    ago: i64,
}

fn made() -> impl Strategy<Value = Made> {
    (0..3usize, prop::option::of(any::<bool>()), any::<bool>(), any::<bool>(), any::<bool>(), 1..40i64)
        .prop_map(|(state, mine, urgent, labelled, read, hours)| Made {
            state,
            mine,
            urgent,
            labelled,
            read,
            ago: hours * 60,
        })
}

async fn make(bed: &Bed, all: &[Made]) -> Vec<ThreadId> {
    let vip = label(bed, "vip").await;
    let mut ids = Vec::new();
    for (i, m) in all.iter().enumerate() {
        let id = wrote(bed, i, m.ago).await;
        ids.push(id);
        match m.state {
            1 => act(bed, &[id], Act::Snooze { nap: Nap::Reply }).await.unwrap(),
            2 => act(bed, &[id], Act::Resolve).await.unwrap(),
            _ => Reply::default(),
        };
        if let Some(mine) = m.mine {
            let to = Some(if mine { "ana" } else { "bo" }.to_owned());
            act(bed, &[id], Act::Assign { to }).await.unwrap();
        }
        if m.urgent {
            act(bed, &[id], Act::Priority { priority: Priority::Urgent }).await.unwrap();
        }
        if m.labelled {
            act(bed, &[id], Act::Label { add: vec![vip], remove: vec![] }).await.unwrap();
        }
        if m.read {
            act(bed, &[id], Act::Read).await.unwrap();
        }
    }
    ids
}

async fn pages(bed: &Bed, limit: u32, which: Result<ThreadFilter, Filter>) -> Vec<ThreadRow> {
    let now = bed.clock.now();
    let mut out = Vec::new();
    let mut before: Option<Cursor> = None;
    loop {
        let which = which.clone();
        let read = move |r: &Reader| {
            let asker = Asker { me: "ana", now };
            match &which {
                Ok(filter) => r.view(None, *filter, asker, before, limit),
                Err(own) => r.filtered(None, own, asker, before, limit),
            }
        };
        let page = bed.store.read(read).await.unwrap();
        assert!(page.items.len() <= limit as usize);
        out.extend(page.items);
        match page.next {
            Some(next) => before = Some(next),
            None => return out,
        }
    }
}

const FILTERS: [&str; 14] = [
    "",
    "state:open",
    "state:snoozed,resolved",
    "-state:open",
    "assignee:me",
    "assignee:none state:open",
    "assignee:bo state:resolved",
    "label:vip",
    "label:VIP -assignee:none",
    "is:unread",
    "is:unread priority:urgent",
    "-is:unread age:>1d",
    "window:<10h",
    "\"customer 1\"",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    /// Page by page and whatever index was taken: each thread that fits is there once, in order, and the numbers
    /// are those of the lists.
    #[test]
    fn every_view_has_exactly_its_threads(all in prop::collection::vec(made(), 1..14), limit in 1..5u32) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let bed = Bed::new().await;
            make(&bed, &all).await;
            let now = bed.clock.now();
            let rows = bed.threads().await;
            let asker = Asker { me: "ana", now };
            let counts = bed.store.read(move |r| r.view_counts(None, Asker { me: "ana", now }, None)).await.unwrap();
            for filter in ThreadFilter::LISTED {
                let found = pages(&bed, limit, Ok(filter)).await;
                let ids: BTreeSet<_> = found.iter().map(|t| t.id).collect();
                let wanted: BTreeSet<_> =
                    rows.iter().filter(|r| filter.wants(r, "ana", now)).map(|r| r.id).collect();
                assert_eq!(ids, wanted, "{filter:?}");
                assert_eq!(found.len(), wanted.len(), "{filter:?} has a thread twice");
                assert_eq!(counts.of(filter), u32::try_from(wanted.len()).ok(), "{filter:?}");
                if filter == ThreadFilter::Window {
                    assert!(found.is_sorted_by_key(|t| t.window.until));
                } else {
                    assert!(found.is_sorted_by_key(|t| std::cmp::Reverse(t.last_at)), "{filter:?}");
                }
            }
            for text in FILTERS {
                let filter: Filter = text.parse().unwrap();
                let found = pages(&bed, limit, Err(filter.clone())).await;
                let wanted: Vec<_> = rows.iter().filter(|r| filter.matches(r, asker)).map(|r| r.id).collect();
                let ids: Vec<_> = found.iter().map(|t| t.id).collect();
                assert_eq!(ids.iter().collect::<BTreeSet<_>>(), wanted.iter().collect(), "{text}");
                assert_eq!(ids.len(), wanted.len(), "{text}");
                assert!(found.is_sorted_by_key(|t| std::cmp::Reverse(t.last_at)), "{text}");
            }
            bed.whole().await;
        });
    }
}

#[tokio::test]
async fn filters_of_unknown_things_find_nothing_and_accounts_are_told_apart() {
    let bed = Bed::new().await;
    wrote(&bed, 1, 9).await;
    let asker = Asker { me: "ana", now: NOW };
    let find = |text: &'static str, account: Option<crate::model::AccountId>| {
        bed.store.read(move |r| r.filtered(account.as_ref(), &text.parse().unwrap(), asker, None, 10))
    };
    assert_eq!(find("label:nothing", None).await.unwrap().items.len(), 0);
    assert_eq!(find("account:support", Some(account())).await.unwrap().items.len(), 1);
    assert_eq!(find("account:sales", None).await.unwrap().items.len(), 0);
    assert!(find("", Some(crate::model::AccountId::new("sales"))).await.is_err());
}

#[tokio::test]
async fn more_accounts_than_one_statement_can_merge_are_one_list_all_the_same() {
    use crate::model::event::AccountSpec;
    use crate::model::ids::AccountId;
    use crate::model::inbound::{Route, Routed, WebhookBatch};
    const ACCOUNTS: usize = 130;
    const THREADS: usize = 300;
    let bed = Bed::new().await;
    for n in 0..ACCOUNTS {
        let spec = AccountSpec {
            id: AccountId::new(format!("a{n}")),
            name: format!("Account {n}"),
            provider: "meta".into(),
            environment: "production".into(),
            number: format!("n{n}"),
            business: format!("b{n}"),
        };
        bed.apply(EventBody::AccountConfigured { spec }).await.unwrap();
    }
    let changes = (0..THREADS)
        .map(|i| {
            let number = format!("n{}", i * 7 % ACCOUNTS);
            // Some share a time, so that the tie-break counts.
            let change = says(&peer(i), &format!("w{i}"), NOW - HOUR + i as i64 / 4, "x");
            Routed { route: Route { number: Some(number), ..Route::default() }, change }
        })
        .collect();
    let body = EventBody::WebhookReceived {
        account: account(),
        provider: "meta".into(),
        raw: b"{}".to_vec(),
        batch: Some(WebhookBatch { changes, problems: vec![] }),
        problem: None,
    };
    bed.apply(body).await.unwrap();
    for filter in [ThreadFilter::All, ThreadFilter::Inbox, ThreadFilter::Unread, ThreadFilter::Window] {
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let read = move |r: &Reader| r.view(None, filter, Asker { me: "ana", now: NOW }, before, 17);
            let page = bed.store.read(read).await.unwrap();
            seen.extend(page.items);
            match page.next {
                Some(c) => before = Some(c),
                None => break,
            }
        }
        let ids: BTreeSet<_> = seen.iter().map(|t| t.id).collect();
        assert_eq!((seen.len(), ids.len()), (THREADS, THREADS), "{filter:?}");
        if filter == ThreadFilter::Window {
            assert!(seen.is_sorted_by_key(|t| t.window.until), "the one that closes first");
        } else {
            assert!(seen.is_sorted_by_key(|t| std::cmp::Reverse(t.last_at)), "{filter:?}");
        }
    }
}

#[tokio::test]
async fn of_a_name_that_many_have_the_newest_are_found_first() {
    // So few that the index gives all of them, and more.
    for count in [60, 1_100] {
        the_newest_of_a_name(count).await;
    }
}

async fn the_newest_of_a_name(count: usize) {
    let bed = Bed::new().await;
    let named = |n: usize| Peer {
        identities: vec![Identity::phone(format!("49151{n:07}"))],
        profile_name: format!("{} {n}", if n.is_multiple_of(2) { "Élodie" } else { "Marta" }),
    };
    let changes =
        (0..count).map(|n| says(&named(n), &format!("w{n}"), NOW - HOUR + n as i64 * 1000, "x")).collect();
    bed.webhook(changes).await;
    let people = async |text: &'static str| {
        let found = bed.store.read(move |r| r.people(text, None, 50)).await.unwrap();
        found.into_iter().map(|t| t.title).collect::<Vec<_>>()
    };
    let newest = |name: &str, odd: usize| -> Vec<String> {
        (0..20).map(|i| format!("{name} {}", count - 2 + odd - 2 * i)).collect()
    };
    for text in ["m", "Ma", "mart", "MARTA"] {
        assert_eq!(people(text).await, newest("Marta", 1), "{text}");
    }
    for text in ["É", "elod", "élodie"] {
        assert_eq!(people(text).await, newest("Élodie", 0), "{text}");
    }
    if count < 100 {
        assert_eq!(people("marta 11").await, ["Marta 11"]);
    }
    assert_eq!(people("0000011").await, ["Marta 11"]);
    assert_eq!(people("x").await, Vec::<String>::new());
}
