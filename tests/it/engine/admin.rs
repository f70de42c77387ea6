//! Administration of a number against the emulator: profile, block list, ice breakers, short links, registration.

use super::{messages, send, thread_named};
use crate::common::files::{hand_over, jpeg, pdf};
use crate::common::{Bed, ask, eventually};
use serde_json::json;
use switchboard::emulator::{DEMO_NUMBERS, DEMO_PIN};
use switchboard::model::business::{BotCommand, Components, ProfileChange};
use switchboard::model::contact::Identity;
use switchboard::model::ids::AccountId;
use switchboard::model::outgoing::Outgoing;
use switchboard::protocol::accounts::Secret;
use switchboard::protocol::activity::{ActivityAnswer, ActivityFilter, ActivityRequest};
use switchboard::protocol::admin::{AdminAnswer, AdminRequest};
use switchboard::protocol::client::Client;
use switchboard::protocol::{Problem, Request, Response};

fn support() -> AccountId {
    AccountId::new("support")
}

async fn admin(c: &mut Client, act: AdminRequest) -> AdminAnswer {
    let Response::Admin(answer) = ask(c, Request::Admin { act }).await else { panic!() };
    *answer
}

async fn refused(c: &mut Client, act: AdminRequest) -> Problem {
    c.ask(Request::Admin { act }).await.unwrap_err()
}

/// What the log says of a kind of change: who, and about what.
async fn log(c: &mut Client, action: &str) -> Vec<(String, String)> {
    let filter = ActivityFilter { action: Some(action.into()), ..ActivityFilter::default() };
    let act = ActivityRequest::List { filter, before: None, limit: 50 };
    let Response::Activity(answer) = ask(c, Request::Activity { act }).await else { panic!() };
    let ActivityAnswer::Rows(page) = *answer else { panic!() };
    page.items.into_iter().map(|r| (r.actor, r.subject)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_profile_is_changed_with_its_picture_and_noted() {
    let bed = Bed::new(0.0, 1).await;
    let mut c = bed.client().await;
    let AdminAnswer::Profile(before) = admin(&mut c, AdminRequest::Profile { account: support() }).await
    else {
        panic!()
    };
    let picture = hand_over(&mut c, "logo.jpg", &jpeg(700_000)).await.unwrap();
    let change = ProfileChange {
        about: Some("Bells since 1999".into()),
        websites: Some(vec!["https://bells.example".into()]),
        ..ProfileChange::default()
    };
    let act = AdminRequest::ChangeProfile { account: support(), change, picture: Some(picture) };
    let AdminAnswer::Profile(after) = admin(&mut c, act).await else { panic!() };
    assert_eq!((after.about.as_str(), &after.address), ("Bells since 1999", &before.address));
    assert_eq!(after.websites, ["https://bells.example"]);
    assert_ne!(after.picture, before.picture);
    assert_eq!(
        log(&mut c, "profile_changed").await,
        [("ana".to_owned(), "support about, websites, picture".to_owned())]
    );
    // What breaks a rule is named, and nothing leaves.
    let long = ProfileChange { about: Some("x".repeat(140)), ..ProfileChange::default() };
    let p = refused(&mut c, AdminRequest::ChangeProfile { account: support(), change: long, picture: None })
        .await;
    assert_eq!((p.kind.as_str(), p.field.as_deref()), ("field", Some("about")));
    let text = hand_over(&mut c, "logo.pdf", &pdf("x")).await.unwrap();
    let none = ProfileChange::default();
    let act = AdminRequest::ChangeProfile { account: support(), change: none, picture: Some(text) };
    assert_eq!(refused(&mut c, act).await.field.as_deref(), Some("picture"));
    let p = refused(&mut c, AdminRequest::Profile { account: AccountId::new("nowhere") }).await;
    assert_eq!(p.kind, "not_found");
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whom_one_talks_with_is_blocked_and_unblocked_from_there() {
    let bed = Bed::new(0.0, 1).await;
    bed.control("say", json!({"customer": "marta", "text": "oi"})).await;
    let thread = thread_named(&bed, "Marta Souza").await.id;
    let mut c = bed.client().await;
    let blocked = async |c: &mut Client| {
        let Response::Thread(detail) = ask(c, Request::Thread { id: thread }).await else { panic!() };
        detail.blocked
    };
    assert_eq!(blocked(&mut c).await, None);
    admin(&mut c, AdminRequest::BlockThread { thread, block: true }).await;
    assert_eq!(blocked(&mut c).await.unwrap().by, "ana");
    let to = switchboard::model::event::Recipient::Thread { thread };
    let content = Outgoing::text("hello?");
    let send_it = Request::Send { account: None, to, content, quote: None, at: None };
    let p = c.ask(send_it).await.unwrap_err();
    assert_eq!(p.kind, "blocked");
    assert!(p.what.contains("Marta Souza is blocked") && p.next.contains("unblock"), "{p:?}");
    assert!(bed.accepted().await.is_empty());
    let AdminAnswer::Blocked { rows, whole } =
        admin(&mut c, AdminRequest::Blocked { account: support() }).await
    else {
        panic!()
    };
    assert!(whole && rows.iter().any(|r| r.thread == Some(thread) && r.title == "Marta Souza"), "{rows:?}");
    admin(&mut c, AdminRequest::BlockThread { thread, block: false }).await;
    assert_eq!(blocked(&mut c).await, None);
    send(&mut c, thread, Outgoing::text("hello again"), None).await;
    eventually("the message left", || async { (bed.accepted().await.len() == 1).then_some(()) }).await;
    assert_eq!(log(&mut c, "contact_blocked").await, [("ana".to_owned(), thread.to_string())]);
    assert_eq!(log(&mut c, "contact_unblocked").await.len(), 1);
    assert_eq!(messages(&mut c, thread).await.len(), 2);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_block_that_fails_in_part_says_for_whom() {
    let bed = Bed::new(0.0, 1).await;
    bed.control("say", json!({"customer": "447700900199", "name": "Guest", "text": "hi"})).await;
    let thread = thread_named(&bed, "Guest").await.id;
    let mut c = bed.client().await;
    let whom = vec![Identity::phone("+44 7700 900199"), Identity::phone("447700900777")];
    let AdminAnswer::Outcome(report) = admin(&mut c, AdminRequest::Block { account: support(), whom }).await
    else {
        panic!()
    };
    assert_eq!(report.done, [Identity::phone("447700900199")]);
    assert_eq!(
        (report.failed[0].whom.value.as_str(), report.failed[0].error.code),
        ("447700900777", 131_047)
    );
    let Response::Thread(detail) = ask(&mut c, Request::Thread { id: thread }).await else { panic!() };
    assert!(detail.blocked.is_some());
    // Done elsewhere: the list of the provider is what counts.
    let url = format!("{}/v25.0/{}/block_users", bed.emulator.base_url(), DEMO_NUMBERS[0]);
    let body = json!({ "messaging_product": "whatsapp", "block_users": [{ "user": "+447700900199" }] });
    let answer =
        bed.http.delete(url).bearer_auth(switchboard::emulator::DEMO_ACCESS_TOKEN).json(&body).send().await;
    assert!(answer.unwrap().status().is_success());
    let AdminAnswer::Blocked { rows, .. } = admin(&mut c, AdminRequest::Blocked { account: support() }).await
    else {
        panic!()
    };
    assert!(rows.is_empty(), "{rows:?}");
    let Response::Thread(detail) = ask(&mut c, Request::Thread { id: thread }).await else { panic!() };
    assert_eq!(detail.blocked, None);
    // Blocked elsewhere: what is read from time to time, and when somebody asks how the number is, finds it.
    let url = format!("{}/v25.0/{}/block_users", bed.emulator.base_url(), DEMO_NUMBERS[0]);
    let answer =
        bed.http.post(url).bearer_auth(switchboard::emulator::DEMO_ACCESS_TOKEN).json(&body).send().await;
    assert!(answer.unwrap().status().is_success());
    ask(&mut c, Request::Sync { account: Some(support()) }).await;
    let Response::Thread(detail) = ask(&mut c, Request::Thread { id: thread }).await else { panic!() };
    assert!(detail.blocked.is_some());
    let nobody = AdminRequest::Block { account: support(), whom: vec![] };
    assert_eq!(refused(&mut c, nobody).await.field.as_deref(), Some("whom"));
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ice_breakers_links_and_registration() {
    let bed = Bed::new(0.0, 1).await;
    let mut c = bed.client().await;
    let account = support;
    let components = Components {
        prompts: vec!["Opening hours".into()],
        commands: vec![BotCommand { name: "ticket".into(), hint: "Look up a repair".into() }],
    };
    let set = AdminRequest::SetComponents { account: account(), components: components.clone() };
    admin(&mut c, set).await;
    let now = admin(&mut c, AdminRequest::Components { account: account() }).await;
    assert_eq!(now, AdminAnswer::Components(components.clone()));
    let many = Components { prompts: vec!["a".into(), "b".into(), "c".into(), "d".into()], ..components };
    let p = refused(&mut c, AdminRequest::SetComponents { account: account(), components: many }).await;
    assert_eq!(p.field.as_deref(), Some("ice_breakers"));

    let text = "Autumn check".to_owned();
    let AdminAnswer::Link(link) = admin(&mut c, AdminRequest::CreateLink { account: account(), text }).await
    else {
        panic!()
    };
    assert!(link.url.ends_with(&link.code));
    let (code, text) = (link.code.clone(), "Winter check".to_owned());
    admin(&mut c, AdminRequest::ChangeLink { account: account(), code: code.clone(), text }).await;
    let AdminAnswer::Links(all) = admin(&mut c, AdminRequest::Links { account: account() }).await else {
        panic!()
    };
    assert_eq!((all.len(), all[0].text.as_str()), (1, "Winter check"));
    admin(&mut c, AdminRequest::DeleteLink { account: account(), code: code.clone() }).await;
    let p = refused(&mut c, AdminRequest::DeleteLink { account: account(), code }).await;
    assert!(p.kind == "provider" && p.what.contains("does not exist"), "{p:?}");

    let pin = |p: &str| AdminRequest::Register { account: account(), pin: Secret::new(p) };
    admin(&mut c, AdminRequest::Deregister { account: account() }).await;
    let p = refused(&mut c, pin("999999")).await;
    assert!(p.what.contains("133005") && !p.what.contains("999999") && !p.next.is_empty(), "{p:?}");
    assert_eq!(refused(&mut c, pin("12")).await.field.as_deref(), Some("pin"));
    let AdminAnswer::Standing(s) = admin(&mut c, AdminRequest::Standing { account: account() }).await else {
        panic!()
    };
    assert_eq!((s.status.as_str(), s.can_send.as_str()), ("PENDING", "AVAILABLE"));
    admin(&mut c, pin(DEMO_PIN)).await;
    admin(&mut c, AdminRequest::SetPin { account: account(), pin: Secret::new("654321") }).await;
    for (action, n) in [
        ("components_set", 1),
        ("link_created", 1),
        ("link_changed", 1),
        ("link_deleted", 1),
        ("number_deregistered", 1),
        ("number_registered", 1),
        ("pin_set", 1),
    ] {
        let rows = log(&mut c, action).await;
        // `number_registered` is a part of `number_deregistered` too.
        assert!(
            rows.iter().filter(|(by, s)| by == "ana" && s.starts_with("support")).count() >= n,
            "{action}"
        );
        assert!(rows.iter().all(|(_, s)| !s.contains("654321")), "{rows:?}");
    }
    bed.stop().await;
}
