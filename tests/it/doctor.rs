//! The doctor over the real engine: every step of the chain, passing and failing.

use crate::common::{Bed, ask, eventually, private_dir, settings};
use crate::recorder::{list, post, says, status, support};
use axum::extract::{Request as HttpRequest, State};
use axum::response::{IntoResponse, Response as HttpResponse};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};
use switchboard::clock::Clock;
use switchboard::emulator::{DEMO_ACCOUNT, DEMO_NUMBERS};
use switchboard::engine::Engine;
use switchboard::model::ClientInfo;
use switchboard::protocol::client::Client;
use switchboard::protocol::{Check, Request, Response, Verdict, WebhookFilter, WebhookState};
use switchboard::webhook::Listener;

async fn checks(engine: &Engine) -> Vec<Check> {
    let mut c = Client::new(engine.connect(&ClientInfo::inside("ana")));
    let Response::Checks(list) = ask(&mut c, Request::Doctor).await else { panic!() };
    for c in &list {
        assert_eq!(c.fix.is_empty(), c.verdict == Verdict::Pass, "a fix where one is needed: {c:?}");
    }
    list
}

fn find<'a>(list: &'a [Check], name: &str) -> &'a Check {
    list.iter().find(|c| c.name == name).unwrap_or_else(|| panic!("{name}: {list:#?}"))
}

/// A provider that says what it is told to say, by the last part of the path.
#[derive(Clone, Default)]
struct Says(Arc<Mutex<HashMap<String, Value>>>);

impl Says {
    fn say(&self, what: &str, value: Value) {
        self.0.lock().unwrap().insert(what.to_owned(), value);
    }

    fn healthy() -> Self {
        let me = Self::default();
        me.say(
            "debug_token",
            json!({"data": {"is_valid": true, "expires_at": 0,
                "scopes": ["whatsapp_business_messaging", "whatsapp_business_management"]}}),
        );
        me.say(
            DEMO_NUMBERS[0],
            json!({"display_phone_number": "+1 555", "status": "CONNECTED", "quality_rating": "GREEN"}),
        );
        me.say("whatsapp_business_profile", json!({"data": []}));
        me.say("message_templates", json!({"data": []}));
        me.say("subscribed_apps", json!({"data": []}));
        me
    }

    async fn serve(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let app = axum::Router::new().fallback(answer).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        format!("http://{addr}")
    }
}

async fn answer(State(says): State<Says>, request: HttpRequest) -> HttpResponse {
    let last = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
    let found = says.0.lock().unwrap().get(&last).cloned();
    match found {
        Some(Value::String(text)) => text.into_response(),
        Some(Value::Number(status)) => {
            axum::http::StatusCode::from_u16(status.as_u64().unwrap() as u16).unwrap().into_response()
        }
        Some(value) => axum::Json(value).into_response(),
        None => axum::http::StatusCode::NOT_FOUND.into_response(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_healthy_chain_passes_and_leaves_no_traffic() {
    let bed = Bed::new(0.0, 2).await;
    let url = bed.engine.listener_url(&support()).unwrap();
    assert_eq!(post(&bed.http, &url, says("wamid.H1", "hi")).await, 200);
    let mut c = bed.client().await;
    let before = status(&mut c).await;
    let list_of = checks(&bed.engine).await;
    let bad: Vec<_> = list_of.iter().filter(|c| c.verdict == Verdict::Fail).collect();
    assert!(bad.is_empty(), "{bad:#?}");
    for name in [
        "config.accounts",
        "files.modes",
        "store.integrity",
        "store.counters",
        "account.state",
        "clock",
        "provider.token",
        "provider.number",
        "provider.subscription",
        "listener.handshake",
        "listener.signature",
        "webhook.failed",
        "outbox",
    ] {
        assert_eq!(find(&list_of, name).verdict, Verdict::Pass, "{:?}", find(&list_of, name));
    }
    assert_eq!(list_of.iter().filter(|c| c.name == "listener.signature").count(), 2, "for each account");
    // The tests are kept, marked, and count as nothing.
    let tests = WebhookFilter { states: vec![WebhookState::Test], ..WebhookFilter::default() };
    assert_eq!(list(&mut c, tests).await.len(), 2);
    let after = status(&mut c).await;
    assert_eq!(
        (after.last_webhook, after.webhooks, after.failed_webhooks),
        (before.last_webhook, before.webhooks, 0)
    );
    assert_eq!(after.bad_signatures, before.bad_signatures, "our own wrong signature is no stranger's");
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_provider_says_is_judged() {
    let provider = Says::healthy();
    let dir = private_dir();
    let mut settings = settings(dir.path(), &provider.serve().await, 1);
    settings.background = false;
    settings.accounts[0].subscribe = false;
    let clock = Clock::manual(Clock::system().now());
    let engine = Engine::start(settings.clone(), clock.clone()).await.unwrap();
    let listener = Listener::start(&engine, &settings.listener).await.unwrap();
    let url = engine.listener_url(&support()).unwrap();
    let apps = |callback: &str| {
        json!({"data": [{"whatsapp_business_api_data": {"id": "7712", "name": "Inbox"},
            "override_callback_uri": callback}]})
    };
    provider.say("subscribed_apps", apps(&url));
    let all = checks(&engine).await;
    for name in ["clock", "provider.token", "provider.number", "provider.subscription"] {
        assert_eq!(find(&all, name).verdict, Verdict::Pass, "{:?}", find(&all, name));
    }
    // A clock that is off.
    for (by, verdict) in [(60_000, Verdict::Warn), (600_000, Verdict::Fail), (-120_000, Verdict::Warn)] {
        clock.set(Clock::system().now() + by);
        assert_eq!(find(&checks(&engine).await, "clock").verdict, verdict, "{by}");
    }
    clock.set(Clock::system().now());
    for (what, value, name, verdict, words) in [
        ("debug_token", json!({"data": {"is_valid": false}}), "provider.token", Verdict::Fail, "refuses"),
        (
            "debug_token",
            json!({"data": {"is_valid": true, "scopes": ["whatsapp_business_messaging"]}}),
            "provider.token",
            Verdict::Fail,
            "whatsapp_business_management",
        ),
        (
            "debug_token",
            json!({"data": {"is_valid": true, "expires_at": Clock::system().now() / 1000 + 86_400 * 3}}),
            "provider.token",
            Verdict::Warn,
            "days",
        ),
        (
            DEMO_NUMBERS[0],
            json!({"display_phone_number": "+1", "status": "CONNECTED", "quality_rating": "YELLOW"}),
            "provider.number",
            Verdict::Warn,
            "YELLOW",
        ),
        (
            DEMO_NUMBERS[0],
            json!({"display_phone_number": "+1", "status": "BANNED", "quality_rating": "RED"}),
            "provider.number",
            Verdict::Fail,
            "BANNED",
        ),
        ("subscribed_apps", json!({"data": []}), "provider.subscription", Verdict::Fail, "no app"),
        (
            "subscribed_apps",
            apps("https://old.example.com/hook"),
            "provider.subscription",
            Verdict::Fail,
            "https://old.example.com",
        ),
        (
            "subscribed_apps",
            json!({"error": {"message": "Missing permission", "code": 200, "type": "OAuthException"}}),
            "provider.subscription",
            Verdict::Fail,
            "200",
        ),
    ] {
        provider.say(what, value);
        let all = checks(&engine).await;
        let found = find(&all, name);
        assert!(found.verdict == verdict && found.seen.contains(words), "{words}: {found:?}");
    }
    // Nobody answers.
    listener.stop().await;
    engine.stop().await;
    settings.accounts[0].api_base = "http://127.0.0.1:9".into();
    let engine = Engine::start(settings, Clock::system()).await.unwrap();
    let all = checks(&engine).await;
    for name in ["provider.token", "provider.number", "provider.subscription"] {
        assert_eq!(find(&all, name).verdict, Verdict::Fail);
    }
    assert_eq!(find(&all, "clock").verdict, Verdict::Warn);
    assert_eq!(find(&all, "listener.bound").verdict, Verdict::Warn, "no listener runs");
    engine.stop().await;
}

/// A port that nobody uses now.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_public_address_is_walked_and_each_break_is_named() {
    let other = Says::default();
    let elsewhere = other.serve().await;
    let port = free_port();
    for (public, token, verdict, words) in [
        (format!("http://127.0.0.1:{port}"), None, Verdict::Warn, "without encryption"),
        (format!("https://127.0.0.1:{port}"), None, Verdict::Fail, "encryption of 127.0.0.1 fails"),
        ("https://switchboard.invalid".into(), None, Verdict::Fail, "cannot be resolved"),
        ("http://127.0.0.1:9".into(), None, Verdict::Fail, "nobody answers"),
        (elsewhere.clone(), None, Verdict::Fail, "404"),
        (elsewhere.clone(), Some(json!("hello")), Verdict::Fail, "not with the challenge"),
        (elsewhere.clone(), Some(json!(403)), Verdict::Fail, "verify token"),
        (elsewhere.clone(), Some(json!(301)), Verdict::Fail, "elsewhere"),
        (elsewhere, Some(json!(502)), Verdict::Fail, "502"),
    ] {
        let dir = private_dir();
        let mut settings = settings(dir.path(), "http://127.0.0.1:9", 1);
        settings.background = false;
        settings.listener.bind = ([127, 0, 0, 1], port).into();
        settings.listener.public_url = Some(public.clone());
        let engine = Engine::start(settings.clone(), Clock::system()).await.unwrap();
        let listener = Listener::start(&engine, &settings.listener).await.unwrap();
        if let Some(value) = token {
            let url = engine.listener_url(&support()).unwrap();
            other.say(url.rsplit('/').next().unwrap(), value);
        }
        let all = checks(&engine).await;
        let found = find(&all, "listener.public");
        assert!(found.verdict == verdict && found.seen.contains(words), "{public}: {found:?}");
        assert_eq!(find(&all, "listener.handshake").verdict, Verdict::Pass);
        listener.stop().await;
        engine.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_counters_and_what_was_not_understood_are_looked_at() {
    let bed = Bed::new(0.0, 1).await;
    let url = bed.engine.listener_url(&support()).unwrap();
    assert_eq!(post(&bed.http, &url, b"{oops".to_vec()).await, 200);
    let all = checks(&bed.engine).await;
    let failed = find(&all, "webhook.failed");
    assert!(failed.verdict == Verdict::Warn && failed.fix.contains("replay --failed"), "{failed:?}");
    let paths = bed.dir().join("webhook-paths.json");
    std::fs::set_permissions(&paths, std::fs::Permissions::from_mode(0o644)).unwrap();
    let all = checks(&bed.engine).await;
    let modes = find(&all, "files.modes");
    assert!(modes.verdict == Verdict::Fail && modes.seen.contains("644"), "{modes:?}");
    assert!(modes.fix.starts_with("chmod 600 "), "{modes:?}");
    // Somebody else writes into the database.
    let db = rusqlite::Connection::open(bed.dir().join("switchboard.db")).unwrap();
    db.execute_batch("UPDATE accounts SET unread = 7, webhook_bytes = 1").unwrap();
    let all = checks(&bed.engine).await;
    let counters = find(&all, "store.counters");
    assert!(counters.verdict == Verdict::Fail, "{counters:?}");
    assert!(
        counters.seen.contains("unread counts of accounts")
            && counters.seen.contains("sizes of raw webhooks")
    );
    db.execute_batch("UPDATE accounts SET unread = 0, webhook_bytes = 5").unwrap();
    // An account that was configured once.
    db.execute_batch(&format!(
        "INSERT INTO accounts(key, position, name, provider, environment, number, business) \
         VALUES('old', 9, 'Old', 'meta', 'production', '9', '{DEMO_ACCOUNT}')"
    ))
    .unwrap();
    let all = checks(&bed.engine).await;
    assert!(find(&all, "config.unused").seen.contains("`old`"));
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_that_is_not_ours_is_found_out() {
    let bed = Bed::new(0.0, 1).await;
    let provider = Says::healthy();
    let base = provider.serve().await;
    // The engine believes that the listener is where somebody else answers.
    bed.engine.listener(Ok(base.trim_start_matches("http://").parse().unwrap()));
    let all = checks(&bed.engine).await;
    assert_eq!(find(&all, "listener.handshake").verdict, Verdict::Fail);
    bed.engine.listener(Err("the port is taken".into()));
    let all = checks(&bed.engine).await;
    assert!(
        find(&all, "listener.bound").verdict == Verdict::Fail
            && find(&all, "listener.bound").seen.contains("taken")
    );
    eventually("it is in the status", || async {
        status(&mut bed.client().await).await.listener_problem.map(|_| ())
    })
    .await;
    bed.stop().await;
}
