//! The activity log, numbers and deletion, asked for as clients ask.

use super::{thread_named, threads};
use crate::common::{Bed, ask, eventually};
use serde_json::json;
use std::collections::BTreeSet;
use switchboard::model::ClientInfo;
use switchboard::model::access::{OperatorEntry, Principal};
use switchboard::model::event::Recipient;
use switchboard::model::handling::Act;
use switchboard::model::outgoing::Outgoing;
use switchboard::protocol::access::AccessRequest;
use switchboard::protocol::activity::{ActivityAnswer, ActivityFilter, ActivityRequest, ActivityRow, Whose};
use switchboard::protocol::client::Client;
use switchboard::protocol::numbers::{Numbers, NumbersWanted};
use switchboard::protocol::{Problem, Request, Response, Verdict};

fn colleague(name: &str) -> ClientInfo {
    let uid = 61_000 + u32::try_from(name.len()).unwrap();
    ClientInfo { uid: Some(uid), user: name.into(), pid: Some(4711), ..ClientInfo::default() }
        .telling("pts/3", "10.0.0.9")
}

fn client(bed: &Bed, name: &str) -> Client {
    Client::new(bed.engine.connect(&colleague(name)))
}

async fn let_in(admin: &mut Client, name: &str, role: &str) {
    let who = Principal::User(name.into());
    let entry = OperatorEntry { who, role: role.into(), teams: BTreeSet::new(), active: true };
    let act = AccessRequest::SaveOperator { entry };
    assert_eq!(ask(admin, Request::Access { act }).await, Response::Done);
}

async fn log(c: &mut Client, filter: ActivityFilter) -> Vec<ActivityRow> {
    let act = ActivityRequest::List { filter, before: None, limit: 200 };
    let Response::Activity(answer) = ask(c, Request::Activity { act }).await else { panic!() };
    let ActivityAnswer::Rows(page) = *answer else { panic!() };
    page.items
}

async fn refused(c: &mut Client, request: Request) -> Problem {
    match c.ask(request.clone()).await {
        Err(problem) => problem,
        Ok(answer) => panic!("{request:?} was answered: {answer:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_says_who_did_it_from_where_and_who_was_refused() {
    let bed = Bed::new(0.0, 1).await;
    bed.control("say", json!({"customer": "marta", "text": "oi"})).await;
    let thread = thread_named(&bed, "Marta Souza").await.id;
    let mut admin = bed.client().await;
    let_in(&mut admin, "bo", "agent").await;
    let mut bo = client(&bed, "bo");
    ask(&mut bo, Request::Act { threads: vec![thread], act: Act::Resolve }).await;
    let about = ActivityFilter { thread: Some(thread), ..ActivityFilter::default() };
    let rows = log(&mut admin, about.clone()).await;
    let row = rows.iter().find(|r| r.action == "thread_resolved").expect("the resolution is there");
    assert_eq!((row.actor.as_str(), row.title.as_deref()), ("bo", Some("Marta Souza")));
    let seat = row.seat.clone().expect("a seat");
    assert_eq!((seat.uid, seat.pid), (Some(61_002), Some(4711)));
    assert_eq!((seat.terminal.as_str(), seat.source.as_str()), ("pts/3", "10.0.0.9"));
    // What a customer or the engine did has none.
    let all = log(&mut admin, ActivityFilter::default()).await;
    assert!(all.iter().filter(|r| r.actor == "provider" || r.actor == "engine").all(|r| r.seat.is_none()));
    // An agent may not look, and that they tried is in the log; so is a stranger at the door.
    let act = ActivityRequest::Verify { row: None };
    let p = refused(&mut bo, Request::Activity { act: act.clone() }).await;
    assert!(p.what.contains("activity_log.view"), "{p:?}");
    assert_eq!(refused(&mut client(&bed, "eve"), Request::Accounts).await.kind, "forbidden");
    let refusals = ActivityFilter { whose: Whose::Refused, ..ActivityFilter::default() };
    let rows = log(&mut admin, refusals.clone()).await;
    let said: Vec<_> =
        rows.iter().map(|r| (r.actor.as_str(), r.subject.split(':').next().unwrap())).collect();
    assert_eq!(said, [("eve", "attach"), ("bo", "activity")]);
    // A flood of them is a few rows.
    for _ in 0..100 {
        refused(&mut bo, Request::Activity { act: act.clone() }).await;
    }
    assert!(log(&mut admin, refusals).await.len() < 10);
    // The chain is whole, and the doctor says so.
    let Response::Activity(answer) = ask(&mut admin, Request::Activity { act }).await else { panic!() };
    let ActivityAnswer::Verified(report) = *answer else { panic!() };
    assert!(report.broken.is_none() && report.checked > 5, "{report:?}");
    let Response::Checks(checks) = ask(&mut admin, Request::Doctor).await else { panic!() };
    let check = checks.iter().find(|c| c.name == "store.activity").unwrap();
    assert_eq!(check.verdict, Verdict::Pass, "{check:?}");
    // Somebody with a tool of their own takes a row away.
    let file = rusqlite::Connection::open(bed.dir().join("switchboard.db")).unwrap();
    file.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    assert!(file.execute("DELETE FROM audit WHERE action = 'thread_resolved'", []).is_err());
    file.execute_batch("DROP TRIGGER audit_stays; DELETE FROM audit WHERE action = 'thread_resolved'")
        .unwrap();
    let Response::Checks(checks) = ask(&mut admin, Request::Doctor).await else { panic!() };
    let check = checks.iter().find(|c| c.name == "store.activity").unwrap();
    assert!(check.verdict == Verdict::Fail && check.seen.contains("is missing"), "{check:?}");
    bed.stop().await;
}

async fn numbers(c: &mut Client) -> Numbers {
    let wanted = NumbersWanted { since: 0, until: 400 * 86_400_000, ..NumbersWanted::default() };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let now = i64::try_from(now).unwrap();
    let wanted = NumbersWanted { since: now - 86_400_000, until: now + 3_600_000, ..wanted };
    let Response::Numbers(n) = ask(c, Request::Numbers { wanted }).await else { panic!() };
    *n
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lead_sees_all_numbers_and_an_agent_their_own() {
    let bed = Bed::new(0.0, 1).await;
    bed.control("say", json!({"customer": "marta", "text": "oi"})).await;
    let thread = thread_named(&bed, "Marta Souza").await.id;
    let mut admin = bed.client().await;
    let_in(&mut admin, "bo", "agent").await;
    let_in(&mut admin, "cem", "agent").await;
    let mut bo = client(&bed, "bo");
    let n = numbers(&mut admin).await;
    assert_eq!((n.all.work.received, n.all.now.waiting, n.own), (1, 1, false));
    let content = Outgoing::text("já vai");
    let to = Recipient::Thread { thread };
    ask(&mut bo, Request::Send { account: None, to, content, quote: None, at: None }).await;
    // It counts when it cannot be withdrawn any more.
    let n = eventually("the answer is counted", || async {
        let n = numbers(&mut bed.client().await).await;
        (n.all.work.answered == 1).then_some(n)
    })
    .await;
    assert_eq!((n.all.work.sent, n.all.now.waiting, n.behind), (1, 0, 0));
    assert_eq!((n.operators.len(), n.operators[0].name.as_str()), (1, "bo"));
    assert_eq!(n.days.iter().map(|d| d.work.answered).sum::<u32>(), 1);
    let own = numbers(&mut bo).await;
    assert_eq!((own.own, own.all.work.answered, own.all.work.received), (true, 1, 0));
    let other = numbers(&mut client(&bed, "cem")).await;
    assert_eq!((other.own, other.all.work.answered), (true, 0));
    let wanted =
        NumbersWanted { operator: Some("bo".into()), since: 0, until: 1, ..NumbersWanted::default() };
    let p = refused(&mut client(&bed, "cem"), Request::Numbers { wanted }).await;
    assert!(p.kind == "forbidden" && p.next.contains("activity_log.view"), "{p:?}");
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_is_deleted_by_its_name_and_stays_so() {
    let bed = Bed::new(0.0, 1).await;
    bed.control("say", json!({"customer": "marta", "text": "segredo"})).await;
    let thread = thread_named(&bed, "Marta Souza").await.id;
    let mut admin = bed.client().await;
    let_in(&mut admin, "bo", "agent").await;
    let delete = |name: &str| Request::DeleteThread { thread, name: name.into() };
    let p = refused(&mut client(&bed, "bo"), delete("Marta Souza")).await;
    assert!(p.what.contains("chat.delete"), "{p:?}");
    let p = refused(&mut admin, delete("Marta")).await;
    assert!(p.field.as_deref() == Some("name") && p.means.contains("nothing was deleted"), "{p:?}");
    assert_eq!(threads(&mut admin).await.len(), 1);
    assert_eq!(ask(&mut admin, delete("Marta Souza")).await, Response::Done);
    assert!(threads(&mut admin).await.is_empty());
    assert_eq!(refused(&mut admin, delete("Marta Souza")).await.kind, "not_found");
    let rows =
        log(&mut admin, ActivityFilter { action: Some("thread_".into()), ..ActivityFilter::default() }).await;
    let told = rows.iter().find(|r| r.action == "thread_deleted").unwrap();
    assert!(told.subject.starts_with(&thread.to_string()) && !told.subject.contains("Marta"), "{told:?}");
    assert!(rows.iter().any(|r| r.action == "thread_erased"), "{rows:?}");
    let Response::Checks(checks) = ask(&mut admin, Request::Doctor).await else { panic!() };
    for name in ["store.counters", "store.integrity", "store.activity"] {
        let check = checks.iter().find(|c| c.name == name).unwrap();
        assert_eq!(check.verdict, Verdict::Pass, "{check:?}");
    }
    // Marta writes again: a conversation of its own, without what was said.
    bed.control("say", json!({"customer": "marta", "text": "oi de novo"})).await;
    let again = thread_named(&bed, "Marta Souza").await;
    assert_ne!(again.id, thread);
    assert_eq!(super::messages(&mut admin, again.id).await.len(), 1);
    bed.stop().await;
}
