//! Two operators at one engine: where they are, who writes, taking over, watching, mentions, giving out.

use super::{messages, thread_named, threads};
use crate::common::{Bed, DEADLINE, ask};
use serde_json::json;
use std::collections::BTreeSet;
use switchboard::model::ClientInfo;
use switchboard::model::access::{OperatorEntry, Principal, Role, Visibility};
use switchboard::model::event::Recipient;
use switchboard::model::handling::Act;
use switchboard::model::ids::ThreadId;
use switchboard::model::message::Origin;
use switchboard::model::outgoing::Outgoing;
use switchboard::model::sharing::{Share, ShareRule, ShareRules};
use switchboard::model::template::Values;
use switchboard::model::thread::{DraftMode, ThreadDetail};
use switchboard::model::{AccountId, ContactId, Identity};
use switchboard::protocol::access::AccessRequest;
use switchboard::protocol::client::Client;
use switchboard::protocol::mentions::{MentionRequest, MentionRow};
use switchboard::protocol::presence::{Doing, LEASE, Person, PresenceRequest, Present, Spot, Watched};
use switchboard::protocol::{Changed, Problem, Request, Response};

/// Asks again and again until there is something.
macro_rules! soon {
    ($what:literal, $probe:expr) => {{
        let start = std::time::Instant::now();
        loop {
            if let Some(found) = $probe {
                break found;
            }
            assert!(start.elapsed() < DEADLINE, "did not happen in time: {}", $what);
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }};
}

/// A client of an operator whom the rules know.
async fn member(bed: &Bed, user: &str) -> Client {
    let info = ClientInfo { uid: Some(60_001), user: user.into(), ..ClientInfo::default() };
    let mut c = Client::new(bed.engine.connect(&info));
    c.ask(Request::hello("", "")).await.unwrap();
    c
}

async fn lets_in(admin: &mut Client, user: &str, role: &str, teams: &[&str]) {
    let entry = OperatorEntry {
        who: Principal::User(user.into()),
        role: role.into(),
        teams: teams.iter().map(|t| (*t).to_owned()).collect(),
        active: true,
    };
    ask(admin, Request::Access { act: AccessRequest::SaveOperator { entry } }).await;
}

/// An engine with a conversation of Marta's; `ana` may everything, `bo` is an agent, `dana` a lead.
async fn team() -> (Bed, Client, Client, ThreadId) {
    let bed = Bed::new(0.0, 1).await;
    bed.control("say", json!({"customer": "marta", "text": "oi"})).await;
    let thread = thread_named(&bed, "Marta Souza").await.id;
    let mut ana = bed.client().await;
    lets_in(&mut ana, "bo", "agent", &[]).await;
    lets_in(&mut ana, "dana", "lead", &[]).await;
    let bo = member(&bed, "bo").await;
    (bed, ana, bo, thread)
}

fn presence(act: PresenceRequest) -> Request {
    Request::Presence { act }
}

async fn here(c: &mut Client, thread: Option<ThreadId>, doing: Doing) -> Present {
    let request = presence(PresenceRequest::Here { spot: Spot { thread, doing } });
    let Response::Present(p) = ask(c, request).await else { panic!() };
    p
}

async fn who(c: &mut Client) -> Present {
    let Response::Present(p) = ask(c, presence(PresenceRequest::Who { threads: None })).await else {
        panic!()
    };
    p
}

fn person(operator: &str, doing: Doing) -> Person {
    Person { operator: operator.into(), doing }
}

async fn told(c: &mut Client, wanted: &Changed) {
    let all = async { while !c.update().await.expect("the engine is there").changed.contains(wanted) {} };
    tokio::time::timeout(DEADLINE, all).await.unwrap_or_else(|_| panic!("never told: {wanted:?}"));
}

async fn claim(c: &mut Client, thread: ThreadId, since: Option<i64>) -> Result<Response, Problem> {
    c.ask(presence(PresenceRequest::Claim { thread, since })).await
}

async fn detail(c: &mut Client, id: ThreadId) -> ThreadDetail {
    let Response::Thread(d) = ask(c, Request::Thread { id }).await else { panic!() };
    *d
}

async fn draft(c: &mut Client, thread: ThreadId, text: &str) {
    ask(c, Request::SaveDraft { thread, mode: DraftMode::Reply, text: text.into() }).await;
}

async fn gone(c: Client, me: &mut Client) {
    drop(c);
    soon!("the session has ended", who(me).await.threads.is_empty().then_some(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_writer_at_a_time_and_the_second_is_told() {
    let (bed, mut ana, mut bo, thread) = team().await;
    assert!(!here(&mut ana, Some(thread), Doing::Viewing).await.company, "nobody else has a screen");
    let present = here(&mut bo, Some(thread), Doing::Viewing).await;
    assert!(present.company);
    assert_eq!(present.threads[0].people, [person("ana", Doing::Viewing)]);
    told(&mut ana, &Changed::CompanyChanged { company: true }).await;
    here(&mut bo, Some(thread), Doing::Typing).await;
    told(&mut ana, &Changed::PresenceChanged { thread }).await;
    assert_eq!(who(&mut ana).await.threads[0].people, [person("bo", Doing::Typing)]);
    // The second one writes too: the lease stays where it is, and sending is asked about.
    here(&mut ana, Some(thread), Doing::Typing).await;
    let refused = claim(&mut ana, thread, None).await.unwrap_err();
    assert_eq!((refused.kind.as_str(), refused.what.as_str()), ("busy", "bo is writing there"));
    assert_eq!(claim(&mut bo, thread, None).await, Ok(Response::Done));
    // A bundle sends nothing when it is refused.
    let send = |text: &str| Request::Send {
        account: None,
        to: Recipient::Thread { thread },
        content: Outgoing::text(text),
        quote: None,
        at: None,
    };
    let both = vec![presence(PresenceRequest::Claim { thread, since: None }), send("twice")];
    let Response::Together(results) = ask(&mut ana, Request::Together { requests: both }).await else {
        panic!()
    };
    assert!(matches!(results.as_slice(), [Err(p)] if p.kind == "busy"), "{results:?}");
    assert!(messages(&mut ana, thread).await.iter().all(|m| m.body.plain_text() != "twice"));
    // The line of the writer drops: free at once.
    let began = messages(&mut ana, thread).await[0].stored_at;
    gone(bo, &mut ana).await;
    assert_eq!(claim(&mut ana, thread, None).await, Ok(Response::Done));
    told(&mut ana, &Changed::CompanyChanged { company: false }).await;
    // A colleague's answer since then is said as well; one's own and what was before is not.
    let mut bo = member(&bed, "bo").await;
    ask(&mut bo, send("I have it")).await;
    let refused = claim(&mut ana, thread, Some(began)).await.unwrap_err();
    assert_eq!(refused.what, "bo has answered since you began");
    assert_eq!(claim(&mut bo, thread, Some(began)).await, Ok(Response::Done));
    let last = messages(&mut ana, thread).await.iter().map(|m| m.at).max();
    assert_eq!(claim(&mut ana, thread, last).await, Ok(Response::Done));
    bed.stop().await;
}

#[tokio::test]
async fn writing_that_is_not_said_again_ends() {
    let dir = crate::common::private_dir();
    let emulator = switchboard::emulator::Emulator::start(switchboard::emulator::EmulatorOptions {
        speed: 0.0,
        play: false,
        ..switchboard::emulator::EmulatorOptions::demo().unwrap()
    })
    .await
    .unwrap();
    let clock = switchboard::clock::Clock::manual(1_795_176_000_000);
    let settings = crate::common::settings(dir.path(), &emulator.base_url(), 1);
    let engine = switchboard::engine::Engine::start(settings, clock.clone()).await.unwrap();
    let client = async |user: &str| {
        let mut c = Client::new(engine.connect(&ClientInfo::inside(user)));
        c.ask(Request::hello("", "")).await.unwrap();
        c
    };
    let (mut ana, mut bo) = (client("ana").await, client("bo").await);
    let thread = ThreadId::between(&AccountId::new("support"), ContactId::derived(&["x"]));
    here(&mut ana, None, Doing::Open).await;
    here(&mut bo, Some(thread), Doing::Typing).await;
    assert!(claim(&mut ana, thread, None).await.is_err());
    clock.advance(LEASE - 1_000);
    here(&mut bo, Some(thread), Doing::Typing).await;
    clock.advance(LEASE - 1);
    assert!(claim(&mut ana, thread, None).await.is_err(), "it was said again");
    ana.forget_updates();
    clock.advance(1);
    assert_eq!(claim(&mut ana, thread, None).await, Ok(Response::Done));
    assert_eq!(who(&mut ana).await.threads[0].people, [person("bo", Doing::Viewing)]);
    told(&mut ana, &Changed::PresenceChanged { thread }).await;
    // Who closes the last screen lets go, by the rules, after a while; who comes back in time does not.
    let rules = ShareRules { release_minutes: Some(10), ..ShareRules::default() };
    ask(&mut ana, Request::Access { act: AccessRequest::SetSharing { rules } }).await;
    let identity = Identity::phone("447700900123");
    let act = Act::Assign { to: Some("bo".into()) };
    let template = soon!("a template that can be sent", {
        let request = Request::Templates { account: AccountId::new("support") };
        let Response::Templates(all) = ask(&mut ana, request).await else { panic!() };
        all.into_iter().find(|t| t.is_sendable() && t.fields().iter().all(|f| f.key.starts_with("body")))
    });
    let request = Request::SendTemplate {
        account: None,
        to: Recipient::Identity { identity },
        name: template.name.clone(),
        language: template.language.clone(),
        values: template.fields().iter().map(|f| (f.key.clone(), "x".to_owned())).collect(),
        file: None,
        knowing: false,
        at: None,
    };
    let Response::Queued { thread, .. } = ask(&mut ana, request).await else { panic!() };
    ask(&mut ana, Request::Act { threads: vec![thread], act }).await;
    here(&mut bo, Some(thread), Doing::Viewing).await;
    drop(bo);
    soon!("bo is gone", who(&mut ana).await.threads.is_empty().then_some(()));
    clock.advance(9 * 60_000);
    let mut bo = client("bo").await;
    here(&mut bo, None, Doing::Open).await;
    clock.advance(2 * 60_000);
    assert_eq!(assignee(&mut ana, thread).await.as_deref(), Some("bo"), "back in time");
    drop(bo);
    soon!("bo is gone", (!who(&mut ana).await.company).then_some(()));
    clock.advance(10 * 60_000);
    soon!("it is nobody's", assignee(&mut ana, thread).await.is_none().then_some(()));
    engine.stop().await;
    emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_has_a_draft_of_their_own_and_taking_over_hands_it_on() {
    let (bed, mut ana, mut bo, thread) = team().await;
    here(&mut ana, None, Doing::Open).await;
    here(&mut bo, Some(thread), Doing::Typing).await;
    draft(&mut bo, thread, "Dear Marta, we @ana will").await;
    draft(&mut ana, thread, "mine").await;
    assert_eq!(detail(&mut bo, thread).await.draft, "Dear Marta, we @ana will");
    assert_eq!(detail(&mut ana, thread).await.draft, "mine");
    // The same operator on another terminal goes on with it.
    let mut elsewhere = member(&bed, "bo").await;
    let seen = detail(&mut elsewhere, thread).await;
    assert!(seen.row.draft && seen.draft == "Dear Marta, we @ana will");
    draft(&mut elsewhere, thread, "").await;
    assert!(!detail(&mut bo, thread).await.row.draft && detail(&mut ana, thread).await.row.draft);
    draft(&mut bo, thread, "Dear Marta, we @ana will").await;
    // A viewer may not.
    lets_in(&mut ana, "vi", "viewer", &[]).await;
    let mut vi = member(&bed, "vi").await;
    let refused = vi.ask(presence(PresenceRequest::TakeOver { thread })).await.unwrap_err();
    assert_eq!(refused.kind, "forbidden");
    bo.forget_updates();
    let Response::TakenOver(done) = ask(&mut ana, presence(PresenceRequest::TakeOver { thread })).await
    else {
        panic!()
    };
    assert_eq!(done.from.as_deref(), Some("bo"));
    let note = done.note.expect("what was begun");
    told(&mut bo, &Changed::TakenOver { thread, from: "bo".into(), by: "ana".into() }).await;
    let m = messages(&mut ana, thread).await.into_iter().find(|m| m.id == note).unwrap();
    assert_eq!(m.origin, Origin::Operator("bo".into()));
    assert_eq!(m.body.plain_text(), "Begun by bo, taken over by ana:\nDear Marta, we @ana will");
    let now = detail(&mut bo, thread).await;
    assert_eq!((now.draft.as_str(), now.row.handling.assignee.as_deref()), ("", Some("ana")));
    assert_eq!(detail(&mut ana, thread).await.draft, "mine");
    // The lease has moved with it.
    assert!(claim(&mut bo, thread, None).await.unwrap_err().what.contains("ana is writing"));
    assert_eq!(unread(&mut ana).await, Vec::<MentionRow>::new(), "a text for the customer calls nobody");
    // Nothing to take: it is simply theirs.
    let Response::TakenOver(again) = ask(&mut ana, presence(PresenceRequest::TakeOver { thread })).await
    else {
        panic!()
    };
    assert_eq!((again.from, again.note), (None, None));
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_see_a_conversation_learns_of_nobody_in_it() {
    let (bed, mut ana, _, thread) = team().await;
    let own = Role { name: "own".into(), visibility: Visibility::Own, ..Role::built_in()[2].clone() };
    ask(&mut ana, Request::Access { act: AccessRequest::SaveRole { role: own } }).await;
    lets_in(&mut ana, "cy", "own", &[]).await;
    let mut cy = member(&bed, "cy").await;
    here(&mut cy, None, Doing::Open).await;
    cy.forget_updates();
    here(&mut ana, Some(thread), Doing::Typing).await;
    assert_eq!(who(&mut cy).await.threads, vec![]);
    for act in [
        PresenceRequest::Here { spot: Spot { thread: Some(thread), doing: Doing::Viewing } },
        PresenceRequest::Claim { thread, since: None },
        PresenceRequest::TakeOver { thread },
    ] {
        assert_eq!(cy.ask(presence(act.clone())).await.unwrap_err().kind, "not_found", "{act:?}");
    }
    let Response::Screens(screens) = ask(&mut cy, presence(PresenceRequest::Screens)).await else { panic!() };
    assert!(screens.iter().all(|s| s.thread.is_none() && s.title.is_empty()), "{screens:?}");
    // It is given to cy: now it exists.
    let act = Act::Assign { to: Some("cy".into()) };
    ask(&mut ana, Request::Act { threads: vec![thread], act }).await;
    assert_eq!(who(&mut cy).await.threads[0].people, [person("ana", Doing::Typing)]);
    // Nothing of it had been told before.
    let mut before = Vec::new();
    loop {
        let update = cy.update().await.unwrap();
        if update.changed.iter().any(|c| matches!(c, Changed::ThreadChanged { .. })) {
            break;
        }
        before.extend(update.changed);
    }
    assert!(!before.iter().any(|c| matches!(c, Changed::PresenceChanged { .. })), "{before:?}");
    // What cy begins by a number is cy's, or it would be hidden from them.
    let to = Recipient::Identity { identity: Identity::phone("447700900999") };
    let t = soon!("a template that can be sent", {
        let request = Request::Templates { account: AccountId::new("support") };
        let Response::Templates(all) = ask(&mut ana, request).await else { panic!() };
        all.into_iter().find(|t| t.is_sendable() && t.fields().iter().all(|f| f.key.starts_with("body")))
    });
    let values: Values = t.fields().iter().map(|f| (f.key.clone(), "x".to_owned())).collect();
    let request = Request::SendTemplate {
        account: None,
        to,
        name: t.name.clone(),
        language: t.language.clone(),
        values,
        file: None,
        knowing: false,
        at: None,
    };
    let Response::Queued { thread: new, .. } = ask(&mut cy, request).await else { panic!() };
    assert_eq!(detail(&mut cy, new).await.row.handling.assignee.as_deref(), Some("cy"));
    bed.stop().await;
}

async fn watched(c: &mut Client) -> Watched {
    let Response::Watched(w) = ask(c, presence(PresenceRequest::Watched)).await else { panic!() };
    *w
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lead_follows_and_whispers_and_the_one_who_is_followed_knows() {
    let (bed, mut ana, mut bo, thread) = team().await;
    let mut dana = member(&bed, "dana").await;
    here(&mut bo, None, Doing::Open).await;
    here(&mut dana, None, Doing::Open).await;
    let watch = |who: Option<&str>| presence(PresenceRequest::Watch { operator: who.map(str::to_owned) });
    // An agent may not; nobody who is not there, and not oneself.
    assert_eq!(bo.ask(watch(Some("dana"))).await.unwrap_err().kind, "forbidden");
    assert_eq!(dana.ask(watch(Some("zoe"))).await.unwrap_err().kind, "not_found");
    assert!(dana.ask(watch(Some("dana"))).await.is_err());
    bo.forget_updates();
    ask(&mut dana, watch(Some("bo"))).await;
    told(&mut bo, &Changed::WatchersChanged { operator: "bo".into() }).await;
    assert_eq!(who(&mut bo).await.watchers, ["dana"]);
    // They go somewhere and write.
    here(&mut bo, Some(thread), Doing::Typing).await;
    told(&mut dana, &Changed::WatchedChanged { operator: "bo".into() }).await;
    draft(&mut bo, thread, "Dear").await;
    told(&mut dana, &Changed::DraftChanged { thread, by: "bo".into() }).await;
    let w = watched(&mut dana).await;
    assert_eq!((w.row.unwrap().id, w.doing, w.draft.as_str()), (thread, Doing::Typing, "Dear"));
    // A whisper is a note that calls them.
    ask(&mut dana, Request::AddNote { thread, text: "@bo be kind".into() }).await;
    told(&mut bo, &Changed::Mentioned { thread, by: "dana".into(), who: vec!["bo".into()] }).await;
    // Others are told nothing of it.
    let mut told_ana = Vec::new();
    while !told_ana.iter().any(|c| matches!(c, Changed::Mentioned { .. })) {
        told_ana.extend(ana.update().await.unwrap().changed);
    }
    let private = |c: &Changed| matches!(c, Changed::WatchersChanged { .. } | Changed::WatchedChanged { .. });
    assert!(!told_ana.iter().any(private), "{told_ana:?}");
    // The watcher's line drops: nobody watches any more.
    drop(dana);
    soon!("nobody watches", who(&mut bo).await.watchers.is_empty().then_some(()));
    bed.stop().await;
}

async fn unread(c: &mut Client) -> Vec<MentionRow> {
    let act = MentionRequest::List { unread: true, before: None, limit: 50 };
    let Response::Mentions(page) = ask(c, Request::Mentions { act }).await else { panic!() };
    page.items
}

async fn count(c: &mut Client) -> u32 {
    let Response::Me(me) = ask(c, Request::Me).await else { panic!() };
    me.mentions
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notes_that_call_somebody_wait_until_they_are_read() {
    let (bed, mut ana, mut bo, thread) = team().await;
    let mut note = async |text: &str| {
        let Response::Noted { note, .. } =
            ask(&mut ana, Request::AddNote { thread, text: text.into() }).await
        else {
            panic!()
        };
        note
    };
    let first = note("@Bo look at this, @ana").await;
    let second = note("@bo and @dana too").await;
    note("nobody").await;
    let rows = unread(&mut bo).await;
    assert_eq!(rows.iter().map(|r| r.note).collect::<Vec<_>>(), [second, first], "newest first");
    assert_eq!((rows[1].by.as_str(), rows[1].title.as_str(), rows[1].thread), ("ana", "Marta Souza", thread));
    assert_eq!((count(&mut bo).await, count(&mut ana).await), (2, 0), "nobody calls themselves");
    bo.forget_updates();
    ask(&mut bo, Request::Mentions { act: MentionRequest::Read { notes: vec![first] } }).await;
    told(&mut bo, &Changed::MentionsChanged { operator: "bo".into() }).await;
    assert_eq!(unread(&mut bo).await.len(), 1);
    let mut dana = member(&bed, "dana").await;
    assert_eq!(count(&mut dana).await, 1, "read by one is not read by another");
    // Written anew without the name, or deleted: it waits no more.
    use switchboard::protocol::notes::NoteRequest;
    let edit = NoteRequest::Edit { note: second, text: "@dana only".into() };
    ask(&mut ana, Request::Note { act: edit }).await;
    assert_eq!((count(&mut bo).await, count(&mut dana).await), (0, 1));
    ask(&mut ana, Request::Note { act: NoteRequest::Delete { note: second } }).await;
    assert_eq!(count(&mut dana).await, 0);
    let act = MentionRequest::List { unread: false, before: None, limit: 1 };
    let Response::Mentions(page) = ask(&mut bo, Request::Mentions { act }).await else { panic!() };
    assert!(page.items.len() == 1 && page.items[0].read && page.next.is_none());
    bed.stop().await;
}

async fn assignee(c: &mut Client, thread: ThreadId) -> Option<String> {
    detail(c, thread).await.row.handling.assignee
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conversations_go_to_teams_and_to_whose_turn_it_is() {
    let (bed, mut ana, mut bo, thread) = team().await;
    // A team is who is in it; one that nobody is in takes nothing.
    let assign = |to: &str| Request::Act { threads: vec![thread], act: Act::Assign { to: Some(to.into()) } };
    assert!(ana.ask(assign("@night")).await.unwrap_err().what.contains("nobody is in"));
    let members = |names: &[&str]| -> BTreeSet<Principal> {
        names.iter().map(|n| Principal::User((*n).to_owned())).collect()
    };
    let save = |members| Request::Access { act: AccessRequest::SaveTeam { name: "night".into(), members } };
    assert_eq!(bo.ask(save(members(&["bo"]))).await.unwrap_err().kind, "forbidden");
    ask(&mut ana, save(members(&["bo"]))).await;
    ask(&mut ana, assign("@night")).await;
    let Response::Operators(names) = ask(&mut ana, Request::Operators).await else { panic!() };
    assert!(names.contains(&"@night".to_owned()) && names.contains(&"dana".to_owned()), "{names:?}");
    // Visibility `team`: what the team has is seen by its members and by nobody else of that kind.
    let role = Role { name: "team".into(), visibility: Visibility::Team, ..Role::built_in()[2].clone() };
    ask(&mut ana, Request::Access { act: AccessRequest::SaveRole { role } }).await;
    lets_in(&mut ana, "cy", "team", &["night"]).await;
    lets_in(&mut ana, "eve", "team", &["day"]).await;
    assert_eq!(assignee(&mut member(&bed, "cy").await, thread).await.as_deref(), Some("@night"));
    let mut eve = member(&bed, "eve").await;
    assert_eq!(eve.ask(Request::Thread { id: thread }).await.unwrap_err().kind, "not_found");
    // By turns, of those who have a screen open: bo, then dana, then bo again.
    let share = |how| Request::Share { threads: vec![thread], how, team: None };
    assert!(ana.ask(share(Share::Turns)).await.unwrap_err().what.contains("nobody is here"));
    let mut dana = member(&bed, "dana").await;
    here(&mut bo, None, Doing::Open).await;
    here(&mut dana, None, Doing::Open).await;
    let mut given = Vec::new();
    for _ in 0..3 {
        ask(&mut ana, share(Share::Turns)).await;
        given.extend(assignee(&mut ana, thread).await);
    }
    assert_eq!(given, ["bo", "dana", "bo"]);
    // By load: bo has one, dana none.
    bed.control("say", json!({"customer": "wang", "text": "hi"})).await;
    let other = soon!("a second conversation", {
        threads(&mut ana).await.into_iter().find(|t| t.id != thread).map(|t| t.id)
    });
    ask(&mut ana, Request::Share { threads: vec![other], how: Share::Load, team: None }).await;
    assert_eq!(assignee(&mut ana, other).await.as_deref(), Some("dana"));
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_the_rules_a_customer_gets_somebody_and_who_leaves_lets_go() {
    let (bed, mut ana, mut bo, thread) = team().await;
    let rules = |all: Option<ShareRule>, release| {
        let rules = ShareRules { all, release_minutes: release, ..ShareRules::default() };
        Request::Access { act: AccessRequest::SetSharing { rules } }
    };
    let rule = ShareRule { how: Share::Load, team: None, away: false };
    assert_eq!(bo.ask(rules(Some(rule.clone()), None)).await.unwrap_err().kind, "forbidden");
    assert!(ana.ask(rules(None, Some(0))).await.is_err());
    let nowhere = ShareRule { team: Some("nobody".into()), ..rule.clone() };
    assert!(ana.ask(rules(Some(nowhere), None)).await.unwrap_err().what.contains("nobody is in a team"));
    ask(&mut ana, rules(Some(rule), None)).await;
    assert_eq!(assignee(&mut ana, thread).await, None, "nobody is here who could have it");
    // Somebody comes: what waits is theirs; so is what comes then.
    here(&mut bo, None, Doing::Open).await;
    soon!("it is bo's", (assignee(&mut ana, thread).await.as_deref() == Some("bo")).then_some(()));
    let act = Act::Assign { to: None };
    ask(&mut ana, Request::Act { threads: vec![thread], act }).await;
    assert_eq!(assignee(&mut ana, thread).await, None, "nothing has been written since");
    bed.control("say", json!({"customer": "marta", "text": "hello?"})).await;
    soon!("it is bo's again", (assignee(&mut ana, thread).await.as_deref() == Some("bo")).then_some(()));
    bed.stop().await;
}
