//! Roles, visibility and access to accounts: what the engine answers to whom, and what it tells them.

use super::{messages, send, thread_named, threads};
use crate::common::{Bed, DEADLINE, ask, eventually};
use serde_json::json;
use std::collections::BTreeSet;
use switchboard::model::ClientInfo;
use switchboard::model::access::{
    AccountRule, Grant, OperatorEntry, Principal, Resource, Role, Verb, Visibility,
};
use switchboard::model::contact::Identity;
use switchboard::model::event::Recipient;
use switchboard::model::handling::Act;
use switchboard::model::ids::{AccountId, QuickReplyId, ThreadId};
use switchboard::model::outgoing::Outgoing;
use switchboard::model::quick_reply::QuickReply;
use switchboard::protocol::access::{AccessList, AccessRequest};
use switchboard::protocol::client::Client;
use switchboard::protocol::{Changed, Problem, Request, Response};

fn colleague(name: &str, groups: &[&str]) -> ClientInfo {
    // Nobody's uid, so that only the rules count.
    let uid = 60_000 + u32::try_from(name.len()).unwrap();
    let groups = groups.iter().map(|g| (*g).to_owned()).collect();
    ClientInfo { uid: Some(uid), user: name.into(), groups, pid: Some(7), ..ClientInfo::default() }
}

fn client(bed: &Bed, name: &str) -> Client {
    Client::new(bed.engine.connect(&colleague(name, &[])))
}

async fn rule(admin: &mut Client, act: AccessRequest) {
    assert_eq!(ask(admin, Request::Access { act }).await, Response::Done);
}

async fn let_in(admin: &mut Client, name: &str, role: &str) {
    let entry = OperatorEntry {
        who: Principal::User(name.into()),
        role: role.into(),
        teams: BTreeSet::new(),
        active: true,
    };
    rule(admin, AccessRequest::SaveOperator { entry }).await;
}

/// A role like `like` with something else about it.
async fn role(admin: &mut Client, name: &str, like: &str, change: impl FnOnce(&mut Role)) {
    let mut role = Role::built_in().into_iter().find(|r| r.name == like).unwrap();
    role.name = name.into();
    change(&mut role);
    rule(admin, AccessRequest::SaveRole { role }).await;
}

async fn assign(admin: &mut Client, thread: ThreadId, to: Option<&str>) {
    let act = Act::Assign { to: to.map(str::to_owned) };
    ask(admin, Request::Act { threads: vec![thread], act }).await;
}

async fn refused(c: &mut Client, request: Request) -> Problem {
    match c.ask(request.clone()).await {
        Err(problem) => problem,
        Ok(answer) => panic!("{request:?} was answered: {answer:?}"),
    }
}

/// What the next update says.
async fn next(c: &mut Client) -> Vec<Changed> {
    let update = tokio::time::timeout(DEADLINE, c.update()).await.expect("an update in time");
    update.expect("the engine is there").changed
}

fn text(thread: ThreadId, text: &str) -> Request {
    Request::Send {
        account: None,
        to: Recipient::Thread { thread },
        content: Outgoing::text(text),
        quote: None,
        at: None,
    }
}

fn reply(owner: Option<&str>) -> QuickReply {
    QuickReply {
        id: QuickReplyId::new(),
        shortcut: "hours".into(),
        text: "9 to 18".into(),
        category: String::new(),
        owner: owner.map(str::to_owned),
        files: vec![],
        used: 0,
        updated_at: 0,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_allows_what_it_says_and_takes_effect_at_once() {
    let bed = Bed::new(0.0, 1).await;
    bed.control("say", json!({"customer": "marta", "text": "oi"})).await;
    let thread = thread_named(&bed, "Marta Souza").await.id;
    let mut admin = bed.client().await;
    assert_eq!(refused(&mut client(&bed, "bo"), Request::Accounts).await.kind, "forbidden");
    let_in(&mut admin, "bo", "viewer").await;
    let mut bo = client(&bed, "bo");
    assert_eq!(messages(&mut bo, thread).await.len(), 1);
    for (request, lacks) in [
        (text(thread, "hi"), "chat.create"),
        (Request::AddNote { thread, text: "n".into() }, "chat.edit"),
        (Request::Act { threads: vec![thread], act: Act::Resolve }, "chat.edit"),
        (Request::SaveQuickReply { reply: reply(None) }, "quick_replies.create"),
        (Request::Doctor, "connection.view"),
        (Request::Backup { file: "/tmp/x".into() }, "connection.edit"),
        (Request::Access { act: AccessRequest::List }, "operators.view"),
        (Request::Access { act: AccessRequest::DeleteRole { name: "lead".into() } }, "operators.edit"),
        (Request::Together { requests: vec![text(thread, "hi")] }, "chat.create"),
    ] {
        let p = refused(&mut bo, request).await;
        assert!(p.kind == "forbidden" && p.what.contains(lacks) && p.what.contains("viewer"), "{p:?}");
    }
    assert!(bed.accepted().await.is_empty());
    // A private quick reply is one's own.
    ask(&mut bo, Request::SaveQuickReply { reply: reply(Some("bo")) }).await;
    // Attached terminals have the new role with their next request, and are told.
    let_in(&mut admin, "bo", "agent").await;
    while !next(&mut bo).await.contains(&Changed::AccessChanged) {}
    let Response::Me(me) = ask(&mut bo, Request::Me).await else { panic!() };
    assert_eq!((me.operator.as_str(), me.role.name.as_str()), ("bo", "agent"));
    send(&mut bo, thread, Outgoing::text("hi"), None).await;
    eventually("the send went out", || async { (bed.accepted().await.len() == 1).then_some(()) }).await;
    let Response::Access(list) = ask(&mut admin, Request::Access { act: AccessRequest::List }).await else {
        panic!()
    };
    let AccessList { book, attached } = *list;
    assert_eq!(book.operators.len(), 1);
    assert!(
        attached.iter().any(|a| a.operator == "bo" && a.role == "agent" && a.pid == Some(7)),
        "{attached:?}"
    );
    // Who is let in no more has to go, also in the middle of a session.
    rule(&mut admin, AccessRequest::DeleteOperator { who: Principal::User("bo".into()) }).await;
    let gone = refused(&mut bo, Request::Accounts).await;
    assert!(["forbidden", "engine_gone"].contains(&gone.kind.as_str()), "{gone:?}");
    assert_eq!(refused(&mut client(&bed, "bo"), Request::Accounts).await.kind, "forbidden");
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_that_one_may_not_see_does_not_exist() {
    let bed = Bed::new(0.0, 1).await;
    for (customer, says) in [("marta", "oi"), ("tom", "hello order")] {
        bed.control("say", json!({"customer": customer, "text": says})).await;
    }
    let marta = thread_named(&bed, "Marta Souza").await;
    let mut admin = bed.client().await;
    let other = eventually("the other conversation is there", || async {
        threads(&mut bed.client().await).await.into_iter().find(|t| t.id != marta.id)
    })
    .await;
    role(&mut admin, "own", "agent", |r| r.visibility = Visibility::Own).await;
    let_in(&mut admin, "bo", "own").await;
    assign(&mut admin, marta.id, Some("bo")).await;
    let mut bo = client(&bed, "bo");
    assert_eq!(threads(&mut bo).await.iter().map(|t| t.id).collect::<Vec<_>>(), [marta.id]);
    let hidden = messages(&mut admin, other.id).await.pop().unwrap();
    for request in [
        Request::Thread { id: other.id },
        text(other.id, "hi"),
        Request::AddNote { thread: other.id, text: "n".into() },
        Request::Act { threads: vec![marta.id, other.id], act: Act::Resolve },
        Request::MarkUnread { thread: other.id },
        Request::Messages { thread: other.id, place: switchboard::protocol::Place::Newest, limit: 5 },
        Request::MessageLife { message: hidden.id },
        Request::Versions { message: hidden.id },
        Request::Retry { message: hidden.id },
        Request::Follow { after: None, limit: 5 },
    ] {
        let p = refused(&mut bo, request.clone()).await;
        assert!(["not_found", "forbidden"].contains(&p.kind.as_str()), "{request:?}: {p:?}");
        assert!(!format!("{p:?}").contains(&other.title), "{p:?}");
    }
    let rows = ask(&mut bo, Request::MessageRows { ids: vec![hidden.id] }).await;
    assert_eq!(rows, Response::MessageRows(vec![]));
    // Writing to the number behind a hidden conversation would be one in it.
    let identity = Identity::phone(other.phone.clone().unwrap());
    let to = Recipient::Identity { identity };
    let by_number = Request::Send { account: None, to, content: Outgoing::text("hi"), quote: None, at: None };
    assert!(refused(&mut bo, by_number).await.what.contains("colleague"));
    assert!(bed.accepted().await.is_empty());
    // Updates: nothing of the hidden one, all of one's own, and the last of one that goes.
    bed.control("say", json!({"customer": "tom", "text": "still there?"})).await;
    bed.control("say", json!({"customer": "marta", "text": "e agora?"})).await;
    let mut told = Vec::new();
    let wrote = |c: &Changed| matches!(c, Changed::MessageStored { thread, inbound: true, .. } if *thread == marta.id);
    while !told.iter().any(wrote) {
        told.extend(next(&mut bo).await);
    }
    assign(&mut admin, marta.id, Some("cy")).await;
    let went = |c: &Changed| matches!(c, Changed::ThreadChanged { thread, .. } if *thread == marta.id);
    loop {
        let changed = next(&mut bo).await;
        let any = changed.iter().any(went);
        told.extend(changed);
        if any && threads(&mut bo).await.is_empty() {
            break;
        }
    }
    assert!(!format!("{told:?}").contains(&other.id.to_string()), "{told:?}");
    let ids = Request::ThreadRows { ids: vec![marta.id, other.id] };
    assert_eq!(ask(&mut bo, ids).await, Response::ThreadRows(vec![]));
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_can_be_for_some_only() {
    let bed = Bed::new(0.0, 2).await;
    bed.control("say", json!({"customer": "marta", "text": "oi"})).await;
    thread_named(&bed, "Marta Souza").await;
    let mut admin = bed.client().await;
    let_in(&mut admin, "bo", "agent").await;
    let accounts = async |c: &mut Client| -> Vec<String> {
        let Response::Accounts(list) = ask(c, Request::Accounts).await else { panic!() };
        list.into_iter().map(|a| a.spec.id.to_string()).collect()
    };
    let mut bo = client(&bed, "bo");
    assert_eq!(accounts(&mut bo).await, ["support", "sales"]);
    let support = AccountId::new("support");
    let sellers = AccountRule { groups: BTreeSet::from(["helpers".to_owned()]), ..AccountRule::default() };
    let act = AccessRequest::SetAccount { account: support.clone(), rule: Some(sellers) };
    rule(&mut admin, act).await;
    assert_eq!(accounts(&mut bo).await, ["sales"]);
    assert!(threads(&mut bo).await.is_empty());
    let to = Recipient::Identity { identity: Identity::phone("447700900123") };
    let content = Outgoing::text("hi");
    let request = Request::Send { account: Some(support), to, content, quote: None, at: None };
    let p = refused(&mut bo, request).await;
    assert!(p.what.contains("not configured"), "{p:?}");
    let mut helper = Client::new(bed.engine.connect(&colleague("bo", &["helpers"])));
    assert_eq!(accounts(&mut helper).await, ["support", "sales"]);
    let unknown = AccessRequest::SetAccount { account: AccountId::new("x"), rule: None };
    assert_eq!(refused(&mut admin, Request::Access { act: unknown }).await.kind, "field");
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_can_be_hidden_and_sending_be_for_the_assignee() {
    let bed = Bed::new(0.0, 1).await;
    bed.control("say", json!({"customer": "marta", "text": "oi"})).await;
    let row = thread_named(&bed, "Marta Souza").await;
    let mut admin = bed.client().await;
    role(&mut admin, "night", "agent", |r| {
        r.mask_numbers = true;
        r.only_assigned = true;
        r.grants.remove(&Grant(Resource::Contacts, Verb::Edit));
    })
    .await;
    let entry = OperatorEntry {
        who: Principal::Group("helpers".into()),
        role: "night".into(),
        teams: BTreeSet::from(["one".to_owned()]),
        active: true,
    };
    rule(&mut admin, AccessRequest::SaveOperator { entry }).await;
    let mut bo = Client::new(bed.engine.connect(&colleague("bo", &["helpers"])));
    let phone = row.phone.clone().unwrap();
    let shown = format!(
        "{:?} {:?} {:?}",
        threads(&mut bo).await,
        ask(&mut bo, Request::Thread { id: row.id }).await,
        ask(&mut bo, Request::Contacts { text: String::new(), before: None, limit: 9 }).await,
    );
    assert!(!shown.contains(&phone) && shown.contains("****"), "{shown}");
    let p = refused(&mut bo, text(row.id, "hi")).await;
    assert!(p.what.contains("nobody has it") && p.next.contains("take"), "{p:?}");
    // Nor by the number behind the conversation.
    let to = Recipient::Identity { identity: Identity::phone(phone.clone()) };
    let by_number = Request::Send { account: None, to, content: Outgoing::text("hi"), quote: None, at: None };
    assert!(refused(&mut bo, by_number).await.what.contains("nobody has it"));
    assert!(bed.accepted().await.is_empty());
    assign(&mut bo, row.id, Some("bo")).await;
    send(&mut bo, row.id, Outgoing::text("hi"), None).await;
    eventually("it went out to the whole number", || async {
        (bed.accepted().await.len() == 1).then_some(())
    })
    .await;
    // Whoever came in by a group is known to the team by name.
    let Response::Access(list) = ask(&mut admin, Request::Access { act: AccessRequest::List }).await else {
        panic!()
    };
    assert_eq!(list.book.seen.keys().collect::<Vec<_>>(), ["bo"]);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_send_hands_no_file_over() {
    use crate::common::files::{about, begin, hand_over, pdf};
    let bed = Bed::new(0.0, 1).await;
    let mut admin = bed.client().await;
    let_in(&mut admin, "vera", "viewer").await;
    let_in(&mut admin, "ana", "agent").await;
    let file = hand_over(&mut client(&bed, "ana"), "a.pdf", &pdf("x")).await.unwrap();
    let mut vera = client(&bed, "vera");
    assert_eq!(begin(&mut vera, "a.pdf", 10).await.unwrap_err().kind, "forbidden");
    // What was sent may be looked at by whoever sees conversations.
    let read = switchboard::protocol::files::FileRequest::Read { hash: file.hash, at: 0 };
    assert!(about(&mut vera, read).await.is_ok());
    bed.stop().await;
}
