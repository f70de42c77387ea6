//! The emulator over real HTTP, with a small receiver for its webhooks.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    DEMO_ACCESS_TOKEN, DEMO_ACCOUNT, DEMO_APP_SECRET, DEMO_FREE_NUMBER, DEMO_NUMBERS, Emulator,
    EmulatorOptions, wire,
};

mod business;
mod faults;
mod kapso;
mod media;
mod people;
mod template_life;
mod templates;
mod time;

const VERIFY: &str = "verify-71";
const SUPPORT: &str = DEMO_NUMBERS[0];

/// A webhook as it came in.
#[derive(Clone)]
struct Post {
    signature: String,
    agent: String,
    body: Bytes,
}

#[derive(Clone, Default)]
struct Inbox {
    posts: Arc<Mutex<Vec<Post>>>,
    /// Answers still to be given before 200.
    refusals: Arc<Mutex<u32>>,
}

impl Inbox {
    async fn start() -> (Self, String) {
        let inbox = Self::default();
        let router = Router::new().route("/hook", get(handshake).post(take)).with_state(inbox.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (inbox, url)
    }

    fn posts(&self) -> Vec<Post> {
        self.posts.lock().unwrap().clone()
    }

    /// All changes of a field so far.
    fn values(&self, field: &str) -> Vec<Value> {
        let mut found = Vec::new();
        for post in self.posts() {
            let body: Value = serde_json::from_slice(&post.body).unwrap();
            for change in body["entry"][0]["changes"].as_array().unwrap() {
                if change["field"] == field {
                    found.push(change["value"].clone());
                }
            }
        }
        found
    }

    fn items(&self, key: &str) -> Vec<Value> {
        self.values("messages").iter().filter_map(|v| v[key].as_array().cloned()).flatten().collect()
    }

    fn statuses(&self, wamid: &str) -> Vec<Value> {
        self.items("statuses").into_iter().filter(|s| s["id"] == wamid).collect()
    }
}

async fn handshake(Query(q): Query<HashMap<String, String>>) -> (StatusCode, String) {
    if q.get("hub.verify_token").is_some_and(|t| t == VERIFY) {
        return (StatusCode::OK, q["hub.challenge"].clone());
    }
    (StatusCode::FORBIDDEN, String::new())
}

async fn take(State(inbox): State<Inbox>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let text = |name: &str| headers.get(name).map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default();
    let post = Post { signature: text("x-hub-signature-256"), agent: text("user-agent"), body };
    inbox.posts.lock().unwrap().push(post);
    let mut refusals = inbox.refusals.lock().unwrap();
    if *refusals > 0 {
        *refusals -= 1;
        return StatusCode::INTERNAL_SERVER_ERROR;
    }
    StatusCode::OK
}

/// Waits until `done` gives something.
async fn until<T>(what: &str, mut done: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = done() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited too long for {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A client of the API that knows nothing but HTTP.
struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<&'static str>,
}

impl Client {
    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(token) = self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.call(Method::GET, path, None).await
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.call(Method::POST, path, Some(body)).await
    }

    async fn send(&self, to: &str, rest: Value) -> (u16, Value) {
        let mut body = json!({ "messaging_product": "whatsapp", "recipient_type": "individual", "to": to });
        body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        self.post(&format!("/v25.0/{SUPPORT}/messages"), body).await
    }

    /// The code and details of a refused send.
    async fn refused(&self, to: &str, rest: Value) -> (i64, String) {
        let (status, answer) = self.send(to, rest).await;
        assert!(status >= 400, "accepted: {answer}");
        let error = &answer["error"];
        (
            error["code"].as_i64().unwrap(),
            error["error_data"]["details"].as_str().unwrap_or_default().to_owned(),
        )
    }

    async fn subscribe(&self, url: &str) {
        let body = json!({ "override_callback_uri": url, "verify_token": VERIFY });
        let (status, answer) = self.post(&format!("/v25.0/{DEMO_ACCOUNT}/subscribed_apps"), body).await;
        assert_eq!((status, &answer["success"]), (200, &json!(true)), "{answer}");
    }
}

/// How many messages of the past are told by webhooks.
fn told(o: &EmulatorOptions) -> usize {
    let told = o.scenario.customers.iter().filter(|c| o.scenario.numbers.iter().any(|n| n.id == c.number));
    told.map(|c| c.history.len()).sum()
}

fn quiet() -> EmulatorOptions {
    EmulatorOptions { speed: 0.0, play: false, ..EmulatorOptions::demo().unwrap() }
}

async fn start(o: EmulatorOptions) -> (Emulator, Client) {
    let emulator = Emulator::start(o).await.unwrap();
    let client = Client {
        http: reqwest::Client::builder().no_proxy().build().unwrap(),
        base: emulator.base_url(),
        token: Some(DEMO_ACCESS_TOKEN),
    };
    (emulator, client)
}

fn wamid(answer: &Value) -> String {
    answer["messages"][0]["id"].as_str().unwrap_or_else(|| panic!("no id in {answer}")).to_owned()
}

/// A guest with an open window.
async fn guest(client: &Client, phone: &str) -> String {
    let (status, said) =
        client.post("/control/say", json!({ "customer": phone, "name": "Guest", "text": "Hello" })).await;
    assert_eq!(status, 200, "{said}");
    said["wamid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn handshake_must_succeed_before_a_callback_is_taken() {
    let (_inbox, url) = Inbox::start().await;
    let (emulator, client) = start(quiet()).await;
    let path = format!("/v25.0/{DEMO_ACCOUNT}/subscribed_apps");
    let wrong = json!({ "override_callback_uri": url, "verify_token": "other" });
    let (status, answer) = client.post(&path, wrong).await;
    assert_eq!(status, 400);
    assert_eq!(answer["error"]["code"], 100);
    assert_eq!(answer["error"]["error_subcode"], 2200);
    assert_eq!(client.get(&path).await.1["data"], json!([]));
    client.subscribe(&url).await;
    assert_eq!(client.get(&path).await.1["data"][0]["override_callback_uri"], url);
    emulator.stop().await;
}

#[tokio::test]
async fn webhook_is_signed_over_its_raw_bytes() {
    let (inbox, url) = Inbox::start().await;
    let (_emulator, client) = start(quiet()).await;
    client.subscribe(&url).await;
    let text = "Olá 王小明 😀 https://acme.example/a";
    let body = json!({ "customer": "447700900199", "name": "Zoë", "text": text });
    let (_, said) = client.post("/control/say", body).await;
    let post = until("the webhook", || inbox.posts().first().cloned()).await;
    assert_eq!(post.signature, wire::signature(DEMO_APP_SECRET, &post.body));
    assert_ne!(post.signature, wire::signature("another-secret", &post.body));
    assert_eq!(post.agent, "facebookexternalua");
    let raw = std::str::from_utf8(&post.body).unwrap();
    assert!(raw.is_ascii() && raw.contains("\\u738b") && raw.contains("https:\\/\\/acme"), "{raw}");
    let message = &inbox.items("messages")[0];
    assert_eq!(message["text"]["body"], text);
    assert_eq!(message["id"], said["wamid"]);
    assert_eq!(message["from"], "447700900199");
    let value = &inbox.values("messages")[0];
    assert_eq!(value["contacts"][0]["profile"]["name"], "Zoë");
    assert_eq!(
        value["metadata"],
        json!({ "display_phone_number": "15550102030", "phone_number_id": SUPPORT })
    );
}

#[test]
fn signature_is_the_published_hmac_sha256() {
    // RFC 4231, test case 2.
    assert_eq!(
        wire::signature("Jefe", b"what do ya want for nothing?"),
        "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
}

#[test]
fn base64_pads() {
    let pairs = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
    for (plain, coded) in pairs {
        assert_eq!(wire::base64(plain.as_bytes()), coded);
    }
}

#[tokio::test]
async fn accepted_send_becomes_sent_delivered_read_with_its_opaque_data() {
    let (inbox, url) = Inbox::start().await;
    let (_emulator, client) = start(quiet()).await;
    client.subscribe(&url).await;
    guest(&client, "447700900199").await;
    let send = json!({ "type": "text", "text": { "body": "Hi" }, "biz_opaque_callback_data": "outbox:7" });
    let (status, answer) = client.send("+44 7700 900199", send).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["contacts"][0], json!({ "input": "+44 7700 900199", "wa_id": "447700900199" }));
    let id = wamid(&answer);
    let all = until("three states", || Some(inbox.statuses(&id)).filter(|s| s.len() == 3)).await;
    let names: Vec<&str> = all.iter().map(|s| s["status"].as_str().unwrap()).collect();
    assert_eq!(names, ["sent", "delivered", "read"]);
    assert!(all.iter().all(|s| s["biz_opaque_callback_data"] == "outbox:7"));
    assert!(all.iter().all(|s| s["recipient_id"] == "447700900199" && s["recipient_user_id"].is_string()));
    assert_eq!(all[0]["pricing"]["type"], "free_customer_service");
    assert!(all[2].get("pricing").is_none());
    let (_, listed) = client.get("/control/messages").await;
    assert_eq!(listed["messages"][0]["wamid"], id.as_str());
    assert_eq!(listed["messages"][0]["opaque"], "outbox:7");
}

#[tokio::test]
async fn closed_window_is_accepted_and_then_fails_with_131047() {
    let (inbox, url) = Inbox::start().await;
    let (_emulator, client) = start(quiet()).await;
    client.subscribe(&url).await;
    guest(&client, "447700900199").await;
    let window = json!({ "customer": "447700900199", "state": "closed" });
    assert_eq!(client.post("/control/window", window).await.1["open"], false);
    let text = json!({ "type": "text", "text": { "body": "Hi" } });
    let (status, answer) = client.send("+447700900199", text).await;
    assert_eq!(status, 200);
    let id = wamid(&answer);
    let all = until("the failure", || Some(inbox.statuses(&id)).filter(|s| !s.is_empty())).await;
    assert_eq!(all[0]["status"], "failed");
    assert_eq!(all[0]["errors"][0]["code"], 131_047);
    assert!(all[0].get("recipient_user_id").is_none());
}

#[tokio::test]
async fn stranger_is_accepted_and_then_fails_with_131026() {
    let (inbox, url) = Inbox::start().await;
    let (_emulator, client) = start(quiet()).await;
    client.subscribe(&url).await;
    let (_, answer) = client.send("+447700900777", json!({ "type": "text", "text": { "body": "Hi" } })).await;
    let id = wamid(&answer);
    let all = until("the failure", || Some(inbox.statuses(&id)).filter(|s| !s.is_empty())).await;
    assert_eq!(all[0]["errors"][0]["code"], 131_026);
}

#[tokio::test]
async fn bad_sends_are_refused_with_their_code() {
    let (_emulator, client) = start(quiet()).await;
    let text = |body: String| json!({ "type": "text", "text": { "body": body } });
    let buttons = |titles: &[&str]| {
        let buttons: Vec<Value> = titles
            .iter()
            .map(|t| json!({ "type": "reply", "reply": { "id": format!("id-{t}"), "title": t } }))
            .collect();
        json!({ "type": "interactive", "interactive": {
            "type": "button", "body": { "text": "?" }, "action": { "buttons": buttons },
        }})
    };
    let rows: Vec<Value> = (0..11).map(|n| json!({ "id": n.to_string(), "title": "row" })).collect();
    let list = json!({ "type": "interactive", "interactive": {
        "type": "list", "body": { "text": "?" },
        "action": { "button": "Show", "sections": [{ "title": "all", "rows": rows }] },
    }});
    let opaque =
        json!({ "type": "text", "text": { "body": "x" }, "biz_opaque_callback_data": "x".repeat(513) });
    let cases = [
        ("+447700900199", text("x".repeat(4097)), 100),
        ("+447700900199", text(String::new()), 100),
        ("+447700900199", json!({ "type": "text" }), 131_008),
        ("+447700900199", json!({ "type": "carrier_pigeon" }), 100),
        ("not a number", text("x".into()), 131_009),
        ("", text("x".into()), 100),
        ("+15550102030", text("x".into()), 131_021),
        ("+447700900199", buttons(&["1", "2", "3", "4"]), 131_009),
        ("+447700900199", buttons(&["a title of more than 20"]), 131_009),
        ("+447700900199", buttons(&["same", "same"]), 131_009),
        ("+447700900199", list, 131_009),
        ("+447700900199", opaque, 100),
        ("+447700900199", json!({ "type": "image", "image": {} }), 131_008),
        (
            "+447700900199",
            json!({ "type": "location", "location": { "latitude": 95, "longitude": 1 } }),
            131_009,
        ),
    ];
    for (to, send, code) in cases {
        let (got, details) = client.refused(to, send.clone()).await;
        assert_eq!(got, code, "{send} gave {details}");
        assert!(!details.is_empty());
    }
    let (_, listed) = client.get("/control/messages").await;
    assert_eq!(listed["messages"], json!([]));
}

#[tokio::test]
async fn pair_limit_refuses_the_46th_send_and_refills() {
    let clock = crate::clock::Clock::manual(1_800_000_000_000);
    let (_emulator, client) = start(EmulatorOptions { clock: clock.clone(), ..quiet() }).await;
    guest(&client, "447700900199").await;
    let text = || json!({ "type": "text", "text": { "body": "Hi" } });
    for _ in 0..45 {
        assert_eq!(client.send("+447700900199", text()).await.0, 200);
    }
    assert_eq!(client.refused("+447700900199", text()).await.0, 131_056);
    clock.advance(6_000);
    assert_eq!(client.send("+447700900199", text()).await.0, 200);
    assert_eq!(client.refused("+447700900199", text()).await.0, 131_056);
}

#[tokio::test]
async fn read_mark_covers_the_thread_and_knows_its_messages() {
    let (_emulator, client) = start(quiet()).await;
    guest(&client, "447700900199").await;
    let last = guest(&client, "447700900199").await;
    let path = format!("/v25.0/{SUPPORT}/messages");
    let mark = |id: &str| {
        json!({ "messaging_product": "whatsapp", "status": "read", "message_id": id,
            "typing_indicator": { "type": "text" } })
    };
    let (status, answer) = client.post(&path, mark("wamid.UNKNOWN")).await;
    assert_eq!((status, &answer["error"]["code"]), (400, &json!(100)));
    assert_eq!(client.get("/control/state").await.1["unread"], 2);
    assert_eq!(client.post(&path, mark(&last)).await.1, json!({ "success": true }));
    let (_, state) = client.get("/control/state").await;
    assert_eq!((&state["unread"], &state["counts"]["typing"]), (&json!(0), &json!(1)));
}

#[tokio::test]
async fn bad_or_missing_bearer_is_code_190_and_unknown_ids_are_100_33() {
    let (_emulator, mut client) = start(quiet()).await;
    let (status, answer) = client.get("/v25.0/123456").await;
    assert_eq!(status, 400);
    assert_eq!((&answer["error"]["code"], &answer["error"]["error_subcode"]), (&json!(100), &json!(33)));
    for token in [None, Some("wrong")] {
        client.token = token;
        let (status, answer) = client.get(&format!("/v25.0/{SUPPORT}")).await;
        assert_eq!((status, &answer["error"]["code"]), (401, &json!(190)));
    }
}

#[tokio::test]
async fn answers_carry_the_headers_of_the_platform() {
    let (_emulator, client) = start(quiet()).await;
    let url = format!("{}/v23.0/{SUPPORT}?fields=id,account_mode", client.base);
    let answer = client.http.get(url).bearer_auth(DEMO_ACCESS_TOKEN).send().await.unwrap();
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/json; charset=UTF-8");
    assert_eq!(header("facebook-api-version"), "v23.0");
    assert!(header("x-app-usage").contains("call_count"));
    assert!(!header("x-fb-trace-id").is_empty());
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body, json!({ "id": SUPPORT, "account_mode": "LIVE" }));
}

#[tokio::test]
async fn numbers_and_health_and_token_are_told() {
    let (_emulator, client) = start(quiet()).await;
    let (_, list) =
        client.get(&format!("/{DEMO_ACCOUNT}/phone_numbers?fields=id,verified_name,account_mode")).await;
    let ids: Vec<&str> = list["data"].as_array().unwrap().iter().map(|n| n["id"].as_str().unwrap()).collect();
    assert_eq!((&ids[..3], &ids[3..]), (&DEMO_NUMBERS[..], &[DEMO_FREE_NUMBER][..]));
    let (_, free) = client.get(&format!("/{}?fields=status,is_pin_enabled", ids[3])).await;
    assert_eq!((&free["status"], &free["is_pin_enabled"]), (&json!("PENDING"), &json!(false)));
    assert_eq!(list["data"][2]["account_mode"], "SANDBOX");
    let (_, health) = client.get(&format!("/v25.0/{SUPPORT}?fields=health_status")).await;
    assert_eq!(health["health_status"]["can_send_message"], "AVAILABLE");
    let (_, token) = client.get(&format!("/v25.0/debug_token?input_token={DEMO_ACCESS_TOKEN}")).await;
    assert_eq!(token["data"]["is_valid"], true);
    let (_, token) = client.get("/v25.0/debug_token?input_token=other").await;
    assert_eq!(token["data"]["is_valid"], false);
}

#[tokio::test]
async fn profile_changes_only_what_is_given() {
    let (_emulator, client) = start(quiet()).await;
    let path = format!("/v25.0/{SUPPORT}/whatsapp_business_profile");
    let fields = format!("{path}?fields=about,address");
    let (_, before) = client.get(&fields).await;
    let change = json!({ "messaging_product": "whatsapp", "about": "Open today" });
    assert_eq!(client.post(&path, change).await.1["success"], true);
    let (_, after) = client.get(&fields).await;
    assert_eq!(after["data"][0]["about"], "Open today");
    assert_eq!(after["data"][0]["address"], before["data"][0]["address"]);
    let long = json!({ "messaging_product": "whatsapp", "about": "x".repeat(140) });
    assert_eq!(client.post(&path, long).await.1["error"]["code"], 100);
}

#[allow(clippy::needless_pass_by_value, reason = "json! is written at the call")]
fn template(name: &str, language: &str, components: Value) -> Value {
    json!({ "type": "template",
        "template": { "name": name, "language": { "code": language }, "components": components } })
}

#[tokio::test]
async fn redelivery_after_a_500_has_the_same_bytes_and_keeps_the_order() {
    let (inbox, url) = Inbox::start().await;
    let (_emulator, client) = start(EmulatorOptions { speed: 500.0, ..quiet() }).await;
    client.subscribe(&url).await;
    *inbox.refusals.lock().unwrap() = 2;
    let first = guest(&client, "447700900199").await;
    let second = guest(&client, "447700900124").await;
    let posts = until("four attempts", || Some(inbox.posts()).filter(|p| p.len() == 4)).await;
    assert_eq!(posts[0].body, posts[1].body);
    assert_eq!(posts[0].body, posts[2].body);
    assert_eq!(posts[0].signature, posts[2].signature);
    let ids: Vec<Value> = inbox.items("messages").iter().map(|m| m["id"].clone()).collect();
    assert_eq!(ids, [json!(first), json!(first), json!(first), json!(second)]);
    let counts = client.get("/control/state").await.1["counts"].clone();
    assert_eq!(counts["webhook_attempts_failed"], 2);
}

#[tokio::test]
async fn state_is_kept_across_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let file: PathBuf = dir.path().join("emulator.json");
    let (inbox, url) = Inbox::start().await;
    let with_file = || EmulatorOptions { state_file: Some(file.clone()), ..quiet() };
    let (emulator, client) = start(with_file()).await;
    client.subscribe(&url).await;
    guest(&client, "447700900199").await;
    let (_, sent) = client.send("+447700900199", json!({ "type": "text", "text": { "body": "Hi" } })).await;
    let id = wamid(&sent);
    let base = format!("/v25.0/{DEMO_ACCOUNT}/message_templates");
    client.post(&base, text_template("kept", "This one is kept for later.")).await;
    until("the states", || Some(inbox.statuses(&id)).filter(|s| s.len() == 3)).await;
    emulator.stop().await;
    let before = inbox.posts().len();

    let (emulator, client) = start(with_file()).await;
    assert_eq!(client.get(&format!("{base}?name=kept")).await.1["data"][0]["status"], "PENDING");
    assert_eq!(client.get("/control/messages").await.1["messages"][0]["wamid"], id.as_str());
    let (status, _) =
        client.send("+447700900199", json!({ "type": "text", "text": { "body": "Again" } })).await;
    assert_eq!(status, 200);
    let last = until("states after the restart", || inbox.items("statuses").get(3).cloned()).await;
    assert_eq!(last["status"], "sent", "the window and the callback were kept");
    emulator.stop().await;
    assert!(inbox.posts().len() > before);

    std::fs::write(&file, "{").unwrap();
    let error = Emulator::start(with_file()).await.unwrap_err().to_string();
    assert!(error.contains("emulator.json") && error.contains("Delete"), "{error}");
}

#[tokio::test]
async fn webhooks_wait_for_a_callback_that_moved() {
    let dir = tempfile::tempdir().unwrap();
    let with_file = || EmulatorOptions { state_file: Some(dir.path().join("s.json")), ..quiet() };
    let (inbox, url) = Inbox::start().await;
    let (emulator, client) = start(with_file()).await;
    client.subscribe(&url).await;
    *inbox.refusals.lock().unwrap() = u32::MAX;
    let id = guest(&client, "447700900199").await;
    until("one attempt", || Some(()).filter(|()| !inbox.posts().is_empty())).await;
    emulator.stop().await;

    let (other, url) = Inbox::start().await;
    let (_emulator, client) = start(with_file()).await;
    client.subscribe(&url).await;
    let message = until("the kept webhook", || other.items("messages").first().cloned()).await;
    assert_eq!(message["id"], id.as_str());
}

#[tokio::test]
async fn play_tells_the_history_once_and_answers_the_operator() {
    let dir = tempfile::tempdir().unwrap();
    let options = || EmulatorOptions {
        speed: 300.0,
        state_file: Some(dir.path().join("s.json")),
        ..EmulatorOptions::demo().unwrap()
    };
    let history = told(&options());
    let (inbox, url) = Inbox::start().await;
    let (emulator, client) = start(options()).await;
    client.subscribe(&url).await;
    let told = until("the history", || Some(inbox.items("messages")).filter(|m| m.len() >= history)).await;
    let now = crate::clock::Clock::system().now() / 1000;
    let age = |m: &Value| now - m["timestamp"].as_str().unwrap().parse::<i64>().unwrap();
    assert!(told.iter().any(|m| age(m) > 24 * 3600), "somebody's window is closed");
    assert!(told.iter().all(|m| m["from_user_id"].is_string()));
    assert!(told.iter().any(|m| m.get("from").is_none()), "somebody hides the phone");
    for kind in
        ["text", "image", "audio", "document", "sticker", "location", "contacts", "reaction", "unsupported"]
    {
        assert!(told.iter().any(|m| m["type"] == kind), "no {kind} in the history");
    }
    let buttons = json!({ "type": "interactive", "interactive": {
        "type": "button", "body": { "text": "Friday?" },
        "action": { "buttons": [{ "type": "reply", "reply": { "id": "yes", "title": "Yes" } }] },
    }});
    let to = options().scenario.customers.iter().find(|c| c.key == "marta").unwrap().phone.clone();
    let (_, sent) = client.send(&format!("+{to}"), buttons).await;
    let id = wamid(&sent);
    let pressed = until("the button", || {
        inbox
            .items("messages")
            .into_iter()
            .find(|m| m["type"] == "interactive" && m["context"]["id"] == id.as_str())
    })
    .await;
    assert_eq!(pressed["interactive"]["button_reply"], json!({ "id": "yes", "title": "Yes" }));
    emulator.stop().await;

    let (second, url) = Inbox::start().await;
    let (_emulator, client) = start(options()).await;
    client.subscribe(&url).await;
    let marker = guest(&client, "447700900999").await;
    let after = until("the marker", || {
        Some(second.items("messages")).filter(|all| all.iter().any(|m| m["id"] == marker.as_str()))
    })
    .await;
    let repeated = after.iter().filter(|m| told.iter().any(|t| t["id"] == m["id"])).count();
    assert_eq!(repeated, 0);
}

#[tokio::test]
async fn history_is_the_same_for_the_same_seed() {
    let ids = async |seed: u64| {
        let (inbox, url) = Inbox::start().await;
        let options = EmulatorOptions { seed, ..EmulatorOptions::demo().unwrap() };
        let history = told(&options);
        let (emulator, client) = start(options).await;
        client.subscribe(&url).await;
        let told =
            until("the history", || Some(inbox.items("messages")).filter(|m| m.len() >= history)).await;
        emulator.stop().await;
        told.iter().take(history).map(|m| m["id"].to_string()).collect::<Vec<_>>()
    };
    let first = ids(7).await;
    assert_eq!(first, ids(7).await);
    assert_ne!(first, ids(8).await);
}

#[tokio::test]
async fn block_list_needs_a_recent_message_and_stops_delivery() {
    let (inbox, url) = Inbox::start().await;
    let (_emulator, client) = start(quiet()).await;
    client.subscribe(&url).await;
    guest(&client, "447700900199").await;
    let path = format!("/v25.0/{SUPPORT}/block_users");
    let users = |user: &str| json!({ "messaging_product": "whatsapp", "block_users": [{ "user": user }] });
    let (status, never) = client.post(&path, users("+447700900999")).await;
    assert_eq!((status, &never["error"]["code"]), (400, &json!(139_100)));
    assert_eq!(never["block_users"]["failed_users"][0]["errors"][0]["code"], 131_047);
    let (_, blocked) = client.post(&path, users("+447700900199")).await;
    assert_eq!(blocked["block_users"]["added_users"][0]["wa_id"], "447700900199");
    assert_eq!(client.get(&path).await.1["data"][0]["wa_id"], "447700900199");
    let (_, sent) = client.send("+447700900199", json!({ "type": "text", "text": { "body": "Hi" } })).await;
    let id = wamid(&sent);
    let all = until("the failure", || Some(inbox.statuses(&id)).filter(|s| !s.is_empty())).await;
    assert_eq!(all[0]["errors"][0]["code"], 130_403);
    let (_, freed) = client.call(Method::DELETE, &path, Some(users("+447700900199"))).await;
    assert_eq!(freed["block_users"]["removed_users"][0]["wa_id"], "447700900199");
    assert_eq!(client.get(&path).await.1["data"], json!([]));
}

#[tokio::test]
async fn control_makes_states_and_raw_webhooks() {
    let (inbox, url) = Inbox::start().await;
    let (_emulator, client) = start(quiet()).await;
    client.subscribe(&url).await;
    guest(&client, "447700900199").await;
    let (_, sent) = client.send("+447700900199", json!({ "type": "text", "text": { "body": "Hi" } })).await;
    let id = wamid(&sent);
    until("the states", || Some(inbox.statuses(&id)).filter(|s| s.len() == 3)).await;
    let failed = json!({ "wamid": id, "status": "failed", "code": 131_049 });
    assert_eq!(client.post("/control/status", failed).await.0, 200);
    let all = until("the failure", || Some(inbox.statuses(&id)).filter(|s| s.len() == 4)).await;
    assert_eq!(all[3]["errors"][0]["code"], 131_049);
    let raw = json!({ "field": "account_review_update", "value": { "decision": "APPROVED" } });
    client.post("/control/webhook", raw).await;
    until("the raw webhook", || inbox.values("account_review_update").first().cloned()).await;
    let pause = json!({ "name": "order_ready", "language": "en", "status": "PAUSED" });
    client.post("/control/template", pause).await;
    let told = until("the pause", || inbox.values("message_template_status_update").first().cloned()).await;
    assert_eq!(told["event"], "PAUSED");
    assert_eq!(client.post("/control/nothing", json!({})).await.0, 404);
    assert_eq!(client.post("/control/say", json!({ "customer": "nobody", "text": "x" })).await.0, 404);
}

#[test]
fn scenario_errors_name_the_line_and_the_customer() {
    let error = super::Scenario::parse("mine.toml", "[account]\nname = 1\n").unwrap_err().to_string();
    assert!(error.contains("mine.toml") && error.contains("line 2"), "{error}");
    let mut text = include_str!("../../../assets/scenarios/demo.toml").replace("339901477551021\"", "1\"");
    text = text.replacen("id = \"1\"", "id = \"2\"", 1);
    let error = super::Scenario::parse("mine.toml", &text).unwrap_err().to_string();
    assert!(error.contains("unknown number '1'"), "{error}");
}

fn text_template(name: &str, body: &str) -> Value {
    json!({ "name": name, "language": "en", "category": "UTILITY",
        "components": [{ "type": "body", "text": body, "example": { "body_text": [["Amara"]] } }] })
}
