//! The flight recorder over the real engine: raw webhooks, the life of a message, silence.

use crate::common::{Bed, ask, eventually, private_dir, settings};
use serde_json::json;
use std::time::Duration;
use switchboard::clock::Clock;
use switchboard::emulator::{DEMO_ACCESS_TOKEN, DEMO_APP_SECRET, DEMO_NUMBERS};
use switchboard::engine::Engine;
use switchboard::model::ClientInfo;
use switchboard::model::delivery::DeliveryState;
use switchboard::model::event::Recipient;
use switchboard::model::ids::{AccountId, EventId, MessageId};
use switchboard::model::outgoing::Outgoing;
use switchboard::model::thread::ThreadFilter;
use switchboard::protocol::client::Client;
use switchboard::protocol::{
    MessageLife, Page, Place, Request, Response, Status, WebhookDetail, WebhookFilter, WebhookRow,
    WebhookState,
};
use switchboard::provider::meta::webhook::sign;
use switchboard::webhook::Listener;

pub fn support() -> AccountId {
    AccountId::new("support")
}

pub async fn status(c: &mut Client) -> Status {
    let Response::Status(s) = ask(c, Request::Status).await else { panic!() };
    *s
}

pub async fn list(c: &mut Client, filter: WebhookFilter) -> Vec<WebhookRow> {
    let r = Request::Webhooks { filter, before: None, limit: 100 };
    let Response::Webhooks(Page { items, .. }) = ask(c, r).await else { panic!() };
    items
}

async fn show(c: &mut Client, id: EventId, limit: u32) -> WebhookDetail {
    let Response::Webhook(d) = ask(c, Request::Webhook { id, limit }).await else { panic!() };
    *d
}

async fn life(c: &mut Client, message: MessageId) -> MessageLife {
    let Response::Life(l) = ask(c, Request::MessageLife { message }).await else { panic!() };
    *l
}

/// A body with a message from a customer.
pub fn says(id: &str, text: &str) -> Vec<u8> {
    json!({"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{
        "messaging_product":"whatsapp","metadata":{"display_phone_number":"15550102030","phone_number_id":DEMO_NUMBERS[0]},
        "contacts":[{"profile":{"name":"Amara"},"wa_id":"447700900999","user_id":"GB.1"}],
        "messages":[{"from":"447700900999","from_user_id":"GB.1","id":id,"timestamp":"1795176009","type":"text","text":{"body":text}}]}}]}]})
    .to_string()
    .into_bytes()
}

pub async fn post(http: &reqwest::Client, url: &str, body: Vec<u8>) -> u16 {
    let sig = sign(DEMO_APP_SECRET.as_bytes(), &body);
    http.post(url).header("X-Hub-Signature-256", sig).body(body).send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn raw_webhooks_are_listed_shown_masked_and_read_again() {
    let bed = Bed::new(0.0, 1).await;
    let url = bed.engine.listener_url(&support()).unwrap();
    let secret = format!("the token {DEMO_ACCESS_TOKEN} and the secret {DEMO_APP_SECRET}");
    assert_eq!(post(&bed.http, &url, says("wamid.R1", &secret)).await, 200);
    let mut half: serde_json::Value = serde_json::from_slice(&says("wamid.R2", "good")).unwrap();
    half["entry"][0]["changes"].as_array_mut().unwrap().push(json!({"field": "messages", "value": {
        "metadata": {"phone_number_id": "1"}, "messages": [{"from": "447700900999", "id": "wamid.R3",
        "timestamp": "1795176009", "type": "text", "text": {"body": "for a number that is not configured"}}]}}));
    assert_eq!(post(&bed.http, &url, half.to_string().into_bytes()).await, 200);
    assert_eq!(post(&bed.http, &url, b"{oops".to_vec()).await, 200);
    let mut c = bed.client().await;
    let all = list(&mut c, WebhookFilter::default()).await;
    let states: Vec<WebhookState> = all.iter().map(|w| w.state).take(3).collect();
    assert_eq!(states, [WebhookState::Failed, WebhookState::Partial, WebhookState::Applied], "newest first");
    assert_eq!(all[1].says, "2 messages");
    assert!(all[0].problem.as_ref().unwrap().contains("not JSON"));
    let failed = WebhookFilter {
        states: vec![WebhookState::Partial, WebhookState::Failed],
        ..WebhookFilter::default()
    };
    assert_eq!(list(&mut c, failed).await.len(), 2);
    let found =
        list(&mut c, WebhookFilter { text: Some("wamid.R1".into()), ..WebhookFilter::default() }).await;
    assert_eq!(found.len(), 1);
    let one = show(&mut c, found[0].id, 1 << 20).await;
    assert!(!one.raw.contains(DEMO_ACCESS_TOKEN) && !one.raw.contains(DEMO_APP_SECRET), "{}", one.raw);
    assert!(one.raw.contains("[hidden]") && one.raw.contains("wamid.R1") && one.cut == 0);
    assert_eq!(one.parts.len(), 1);
    assert!(one.parts[0].what == "text message" && one.parts[0].message.is_some());
    let cut = show(&mut c, found[0].id, 300).await;
    assert!(cut.raw.len() <= 300 && cut.cut > 0);
    // Half of it is here, the other half is said to be missing.
    let two = show(&mut c, all[1].id, 1 << 20).await;
    assert_eq!(two.parts.iter().map(|p| p.message.is_some()).collect::<Vec<_>>(), [true, false]);
    assert!(two.problems[0].contains("no account has the number id"), "{:?}", two.problems);
    let Response::Replayed(r) = ask(&mut c, Request::ReplayWebhook { id: all[1].id }).await else { panic!() };
    assert_eq!((r.was, r.state, r.applied), (WebhookState::Partial, WebhookState::Partial, 1));
    let gone = c.ask(Request::Webhook { id: EventId::new(), limit: 1 }).await.unwrap_err();
    assert_eq!(gone.kind, "not_found");
    let nobody = WebhookFilter { account: Some(AccountId::new("x")), ..WebhookFilter::default() };
    assert_eq!(
        c.ask(Request::Webhooks { filter: nobody, before: None, limit: 1 }).await.unwrap_err().kind,
        "not_found"
    );
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_failed_is_applied_after_a_fix() {
    let dir = private_dir();
    let mut one = settings(dir.path(), "http://127.0.0.1:9", 1);
    one.background = false;
    let engine = Engine::start(one.clone(), Clock::system()).await.unwrap();
    let listener = Listener::start(&engine, &one.listener).await.unwrap();
    let http = switchboard::provider::http::client(true, Duration::from_secs(5)).unwrap();
    let url = engine.listener_url(&support()).unwrap();
    let body = String::from_utf8(says("wamid.F1", "hi")).unwrap().replace(DEMO_NUMBERS[0], DEMO_NUMBERS[1]);
    assert_eq!(post(&http, &url, body.into_bytes()).await, 200);
    listener.stop().await;
    engine.stop().await;
    // The second number is configured now.
    let mut two = settings(dir.path(), "http://127.0.0.1:9", 2);
    two.background = false;
    let engine = Engine::start(two, Clock::system()).await.unwrap();
    let mut c = Client::new(engine.connect(&ClientInfo::inside("ana")));
    let failed = list(&mut c, WebhookFilter::default()).await;
    assert_eq!((failed.len(), failed[0].state), (1, WebhookState::Partial));
    for was in [WebhookState::Partial, WebhookState::Applied] {
        let r = ask(&mut c, Request::ReplayWebhook { id: failed[0].id }).await;
        let Response::Replayed(r) = r else { panic!() };
        assert_eq!((r.was, r.state, r.applied), (was, WebhookState::Applied, 1));
        assert!(r.problems.is_empty());
        let r = Request::Threads { account: None, filter: ThreadFilter::All, before: None, limit: 10 };
        let Response::Threads(page) = ask(&mut c, r).await else { panic!() };
        assert_eq!((page.items.len(), page.items[0].unread), (1, 1), "applied once");
    }
    assert_eq!(status(&mut c).await.failed_webhooks, 0);
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_life_of_a_message_has_every_step_and_its_webhooks() {
    let bed = Bed::new(0.0, 1).await;
    bed.control("say", json!({"customer": "marta", "text": "Cadê?"})).await;
    let mut c = bed.client().await;
    let thread = eventually("the thread", || async {
        let r = Request::Threads { account: None, filter: ThreadFilter::All, before: None, limit: 10 };
        let Response::Threads(page) = ask(&mut bed.client().await, r).await else { panic!() };
        page.items.first().map(|t| t.id)
    })
    .await;
    let r = Request::Messages { thread, place: Place::Newest, limit: 9 };
    let Response::Messages { items, .. } = ask(&mut c, r).await else { panic!() };
    let inbound = life(&mut c, items[0].id).await;
    let kinds: Vec<&str> = inbound.steps.iter().map(|s| s.kind.as_str()).collect();
    assert!(kinds.contains(&"received") && kinds.contains(&"stored"), "{kinds:?}");
    assert!(inbound.complete && inbound.webhooks.len() == 1 && inbound.webhooks[0].raw.contains("Cad"));
    let received = inbound.steps.iter().find(|s| s.kind == "received").unwrap();
    assert_eq!(received.webhook, Some(inbound.webhooks[0].row.id));
    assert!(received.provider_at.is_some());
    let to = Recipient::Thread { thread };
    let r = Request::Send { account: None, to, content: Outgoing::text("Sai hoje"), quote: None, at: None };
    let Response::Queued { message, .. } = ask(&mut c, r).await else { panic!() };
    eventually("it is read", || async {
        let mut c = bed.client().await;
        let Response::MessageRows(m) = ask(&mut c, Request::MessageRows { ids: vec![message] }).await else {
            panic!()
        };
        (m[0].state == DeliveryState::Read).then_some(())
    })
    .await;
    let l = life(&mut c, message).await;
    let story: Vec<String> = l.steps.iter().map(|s| format!("{} {}", s.kind, s.text)).collect();
    for wanted in [
        "queued committed to the outbox",
        "attempt_started attempt 1",
        "attempt_ended attempt 1: accepted as wamid.",
        "status status sent",
        "status status delivered",
        "status status read",
    ] {
        let n = story.iter().filter(|s| s.starts_with(wanted)).count();
        assert_eq!(n, 1, "{wanted}: {story:#?}");
    }
    assert!(l.steps.iter().any(|s| s.kind == "queued" && s.by.as_deref() == Some("ana")), "{:#?}", l.steps);
    assert!(l.steps.windows(2).all(|w| w[0].at <= w[1].at), "in order");
    for s in l.steps.iter().filter(|s| s.kind == "status") {
        assert!(s.provider_at.is_some() && s.webhook.is_some(), "its own time and the time it came: {s:?}");
    }
    assert!(l.webhooks.len() >= 3 && l.complete);
    let none = c.ask(Request::MessageLife { message: MessageId::new() }).await.unwrap_err();
    assert_eq!(none.kind, "not_found");
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_should_be_heard_of_and_is_not_is_said_to_be_silent() {
    const MIN: i64 = 60_000;
    let emulator = switchboard::emulator::Emulator::start(switchboard::emulator::EmulatorOptions {
        speed: 0.0,
        play: false,
        ..switchboard::emulator::EmulatorOptions::demo().unwrap()
    })
    .await
    .unwrap();
    let dir = private_dir();
    let mut settings = settings(dir.path(), &emulator.base_url(), 2);
    for a in &mut settings.accounts {
        // The statuses of what is sent have nowhere to go.
        a.subscribe = false;
    }
    let clock = Clock::manual(1_795_176_100_000);
    let engine = Engine::start(settings.clone(), clock.clone()).await.unwrap();
    let listener = Listener::start(&engine, &settings.listener).await.unwrap();
    let http = switchboard::provider::http::client(true, Duration::from_secs(5)).unwrap();
    let url = engine.listener_url(&support()).unwrap();
    assert_eq!(post(&http, &url, says("wamid.S1", "hi")).await, 200);
    let mut c = Client::new(engine.connect(&ClientInfo::inside("ana")));
    clock.advance(90 * MIN);
    assert_eq!(status(&mut c).await.silent, [], "nobody writes, nothing was sent: no alarm");
    let r = Request::Threads { account: None, filter: ThreadFilter::All, before: None, limit: 10 };
    let Response::Threads(page) = ask(&mut c, r).await else { panic!() };
    let say = json!({"customer": "447700900999", "name": "Amara", "text": "x"});
    http.post(format!("{}/control/say", emulator.base_url())).json(&say).send().await.unwrap();
    let to = Recipient::Thread { thread: page.items[0].id };
    let r = Request::Send { account: None, to, content: Outgoing::text("hello"), quote: None, at: None };
    let Response::Queued { message, .. } = ask(&mut c, r).await else { panic!() };
    eventually("the provider took it", || async {
        let mut c = Client::new(engine.connect(&ClientInfo::inside("ana")));
        let Response::MessageRows(m) = ask(&mut c, Request::MessageRows { ids: vec![message] }).await else {
            panic!()
        };
        (m[0].state == DeliveryState::Accepted).then_some(())
    })
    .await;
    let sent = clock.now();
    clock.advance(29 * MIN);
    assert_eq!(status(&mut c).await.silent, []);
    clock.advance(2 * MIN);
    let silent = status(&mut c).await.silent;
    assert_eq!(silent.len(), 1, "{silent:?}");
    assert_eq!((&silent[0].account, silent[0].since), (&support(), sent));
    assert!(silent[0].why.contains("no status"));
    let Response::Checks(checks) = ask(&mut c, Request::Doctor).await else { panic!() };
    assert!(checks.iter().any(|k| k.name == "webhook.last" && k.seen.contains("no webhook for 31 min")));
    // Anything that comes ends it.
    assert_eq!(post(&http, &url, says("wamid.S2", "hello?")).await, 200);
    clock.advance(MIN);
    assert_eq!(status(&mut c).await.silent, []);
    listener.stop().await;
    engine.stop().await;
    emulator.stop().await;
}
