//! The stand-in for Kapso over real HTTP.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use reqwest::Method;
use serde_json::{Value, json};

use super::{quiet, until};
use crate::clock::Clock;
use crate::emulator::{DEMO_KAPSO_KEY, Emulator, EmulatorOptions, wire};

const NUMBER: &str = "110987654321040";
const OTHER: &str = "110987654321041";
const WABA: &str = "220033440055123";
const SECRET: &str = "wh_sec_number_02ab";

/// A webhook as it came in.
#[derive(Clone)]
struct Hooked {
    event: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Hooked {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|v| v.to_str().unwrap()).unwrap_or_default()
    }
}

#[derive(Clone, Default)]
struct Receiver {
    all: Arc<Mutex<Vec<Hooked>>>,
    refuse: Arc<Mutex<u32>>,
}

impl Receiver {
    async fn start() -> (Self, String) {
        let receiver = Self::default();
        let router = Router::new().route("/hook", post(take)).with_state(receiver.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (receiver, url)
    }

    fn of(&self, event: &str) -> Vec<Hooked> {
        self.all.lock().unwrap().iter().filter(|h| h.event == event).cloned().collect()
    }

    async fn first(&self, event: &str) -> Hooked {
        until(event, || self.of(event).first().cloned()).await
    }
}

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let event = headers.get("x-webhook-event").map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default();
    receiver.all.lock().unwrap().push(Hooked { event, headers, body });
    let mut refuse = receiver.refuse.lock().unwrap();
    if *refuse > 0 {
        *refuse -= 1;
        return StatusCode::INTERNAL_SERVER_ERROR;
    }
    StatusCode::OK
}

/// A client that knows nothing but HTTP.
struct Kapso {
    http: reqwest::Client,
    base: String,
    key: Option<&'static str>,
}

struct Answer {
    status: u16,
    headers: reqwest::header::HeaderMap,
    body: Value,
}

impl Kapso {
    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(key) = self.key {
            request = request.header("x-api-key", key);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.unwrap();
        Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
    }

    async fn platform(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.call(method, &format!("/platform/v1{path}"), body).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.platform(Method::GET, path, None).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.platform(Method::POST, path, Some(body)).await
    }

    async fn proxy(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.call(method, &format!("/meta/whatsapp/v24.0{path}"), body).await
    }

    async fn send(&self, to: &str, rest: Value) -> Answer {
        let mut body = json!({ "messaging_product": "whatsapp", "to": to });
        body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        self.proxy(Method::POST, &format!("/{NUMBER}/messages"), Some(body)).await
    }

    async fn control(&self, what: &str, body: Value) -> Value {
        let answer = self.call(Method::POST, &format!("/control/kapso/{what}"), Some(body)).await;
        assert_eq!(answer.status, 200, "{what}: {}", answer.body);
        answer.body
    }

    async fn say(&self, customer: &str, text: &str) -> String {
        let body = json!({ "customer": customer, "number": NUMBER, "text": text });
        let answer = self.call(Method::POST, "/control/say", Some(body)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body["wamid"].as_str().unwrap().to_owned()
    }

    /// A webhook for the messages of the number.
    async fn listen(&self, url: &str, more: Value) -> Value {
        let mut hook = json!({ "url": url, "secret_key": SECRET, "events": [
            "whatsapp.message.received", "whatsapp.message.sent", "whatsapp.message.delivered",
            "whatsapp.message.read", "whatsapp.message.failed",
        ]});
        hook.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let path = format!("/whatsapp/phone_numbers/{NUMBER}/webhooks");
        let made = self.post(&path, json!({ "whatsapp_webhook": hook })).await;
        assert_eq!(made.status, 201, "{}", made.body);
        made.body["data"].clone()
    }
}

async fn start(o: EmulatorOptions) -> (Emulator, Kapso) {
    let emulator = Emulator::start(o).await.unwrap();
    let http =
        reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let base = emulator.base_url();
    (emulator, Kapso { http, base, key: Some(DEMO_KAPSO_KEY) })
}

fn text(body: &str) -> Value {
    json!({ "type": "text", "text": { "body": body } })
}

#[tokio::test]
async fn the_key_is_needed_and_limits_are_told() {
    let (_emulator, mut kapso) = start(quiet()).await;
    let good = kapso.get("/whatsapp/phone_numbers").await;
    assert_eq!(good.status, 200);
    assert_eq!(good.headers["x-ratelimit-limit"], "1000");
    assert_eq!(good.headers["x-ratelimit-remaining"], "999");
    kapso.key = Some("another");
    let wrong = kapso.get("/whatsapp/phone_numbers").await;
    assert_eq!((wrong.status, wrong.body["error"].is_string()), (401, true));
    kapso.key = None;
    assert_eq!(kapso.get("/customers").await.status, 401);
    let bearer = kapso
        .http
        .get(format!("{}/meta/whatsapp/v24.0/{NUMBER}/messages", kapso.base))
        .bearer_auth(DEMO_KAPSO_KEY)
        .send()
        .await
        .unwrap();
    assert_eq!(bearer.status(), 200);
    // Meta's own address does not know the numbers of the project.
    let direct = kapso
        .http
        .get(format!("{}/v25.0/{NUMBER}", kapso.base))
        .bearer_auth(crate::emulator::DEMO_ACCESS_TOKEN)
        .send()
        .await
        .unwrap();
    assert_eq!(direct.status(), 400);
}

#[tokio::test]
async fn too_many_calls_are_refused_until_the_minute_is_over() {
    let clock = Clock::manual(1_800_000_000_000);
    let (_emulator, kapso) = start(EmulatorOptions { clock: clock.clone(), ..quiet() }).await;
    kapso.control("plan", json!({ "limit": 2 })).await;
    assert_eq!(kapso.get("/customers").await.status, 200);
    assert_eq!(kapso.get("/customers").await.status, 200);
    let refused = kapso.get("/customers").await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.headers["retry-after"], "60");
    assert_eq!(refused.body["error"], "Rate limit exceeded");
    clock.advance(60_000);
    assert_eq!(kapso.get("/customers").await.status, 200);
}

#[tokio::test]
async fn onboarding_goes_from_a_customer_to_a_number() {
    let (receiver, url) = Receiver::start().await;
    let (_emulator, kapso) = start(quiet()).await;
    let project = json!({ "whatsapp_webhook": { "url": url, "secret_key": "wh_sec_project",
        "events": ["whatsapp.phone_number.created"] } });
    assert_eq!(kapso.post("/whatsapp/webhooks", project).await.status, 201);
    let customer = json!({ "customer": { "name": "Atelier Nord", "external_customer_id": "org_42" } });
    let made = kapso.post("/customers", customer.clone()).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let id = made.body["data"]["id"].as_str().unwrap().to_owned();
    assert_eq!(kapso.post("/customers", customer).await.status, 422, "the external id is taken");
    let found = kapso.get("/customers?external_customer_id=org_42").await;
    assert_eq!(found.body["data"][0]["id"], id.as_str());
    assert_eq!(found.body["meta"]["total_count"], 1);

    let links = format!("/customers/{id}/setup_links");
    let first = kapso.post(&links, json!({ "setup_link": {} })).await;
    assert_eq!(first.status, 201);
    assert!(first.body["data"]["token"].is_string());
    let second = kapso.post(&links, json!({ "setup_link": {} })).await;
    let listed = kapso.get(&links).await;
    let states: Vec<&str> =
        listed.body["data"].as_array().unwrap().iter().map(|l| l["status"].as_str().unwrap()).collect();
    assert_eq!(states, ["active", "revoked"], "one at a time");
    assert!(listed.body["data"][0].get("token").is_none());

    let page = second.body["data"]["url"].as_str().unwrap().to_owned();
    let shown = kapso.http.get(&page).send().await.unwrap();
    assert_eq!(shown.status(), 200);
    assert!(shown.text().await.unwrap().contains("Atelier Nord"));
    let old = kapso.http.get(first.body["data"]["url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(old.status(), 410);
    assert_eq!(kapso.http.post(&page).send().await.unwrap().status(), 200);
    let told = receiver.first("whatsapp.phone_number.created").await;
    assert_eq!(told.header("x-webhook-signature"), &wire::signature("wh_sec_project", &told.body)[7..]);
    let body = told.json();
    assert_eq!(body["phone_number_id"], OTHER);
    assert_eq!(body["customer"], json!({ "id": id, "external_id": "org_42" }));

    let numbers = kapso.get(&format!("/whatsapp/phone_numbers?customer_id={id}")).await;
    assert_eq!(numbers.body["data"][0]["display_phone_number"], "+49 30 5550 2041");
    assert_eq!(numbers.body["data"][0]["business_account_id"], WABA);
    let health = kapso.get(&format!("/whatsapp/phone_numbers/{OTHER}/health")).await;
    assert_eq!(health.body["status"], "healthy");
    assert_eq!(kapso.get(&links).await.body["data"][0]["whatsapp_setup_status"], "completed");
    assert_eq!(kapso.http.post(&page).send().await.unwrap().status(), 410, "used once");
}

#[tokio::test]
async fn a_link_expires_fails_and_is_revoked() {
    let clock = Clock::manual(1_800_000_000_000);
    let (_emulator, kapso) = start(EmulatorOptions { clock: clock.clone(), ..quiet() }).await;
    let made = kapso.post("/customers", json!({ "customer": { "name": "A" } })).await;
    let links = format!("/customers/{}/setup_links", made.body["data"]["id"].as_str().unwrap());
    let link = || json!({ "setup_link": { "failure_redirect_url": "https://a.example/no" } });
    let first = kapso.post(&links, link()).await.body["data"].clone();
    kapso.control("fail", json!({ "error": "waba_limit_reached" })).await;
    let listed = kapso.get(&links).await.body["data"][0].clone();
    assert_eq!(listed["whatsapp_setup_status"], "failed");
    assert_eq!(listed["whatsapp_setup_error"], "waba_limit_reached");
    clock.advance(31 * 86_400_000);
    assert_eq!(kapso.get(&links).await.body["data"][0]["status"], "expired");
    let late = kapso.http.get(first["url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(late.status(), 302);
    assert!(late.headers()["location"].to_str().unwrap().contains("error_code=link_expired"));
    let second = kapso.post(&links, link()).await.body["data"].clone();
    let path = format!("{links}/{}", second["id"].as_str().unwrap());
    let revoke = json!({ "setup_link": { "status": "revoked" } });
    let revoked = kapso.platform(Method::PATCH, &path, Some(revoke.clone())).await;
    assert_eq!(revoked.body["data"]["status"], "revoked");
    assert_eq!(kapso.platform(Method::PATCH, &path, Some(revoke)).await.status, 422);
    kapso.post(&links, link()).await;
    kapso.control("expire", json!({})).await;
    let answer = kapso.call(Method::POST, "/control/kapso/complete", Some(json!({}))).await;
    assert_eq!(answer.status, 409, "{}", answer.body);
}

#[tokio::test]
async fn webhooks_are_checked_when_they_are_registered() {
    let (_emulator, kapso) = start(quiet()).await;
    let path = format!("/whatsapp/phone_numbers/{NUMBER}/webhooks");
    let hook = |events: Value, secret: Value| json!({ "whatsapp_webhook": { "url": "https://a.example/h", "events": events, "secret_key": secret } });
    let unknown = kapso.post(&path, hook(json!(["whatsapp.message.status_update"]), json!("s"))).await;
    assert_eq!(unknown.status, 422);
    assert_eq!(
        unknown.body["error"],
        "Events contains unsupported events: \"whatsapp.message.status_update\""
    );
    assert_eq!(kapso.post(&path, hook(json!(["whatsapp.message.sent"]), Value::Null)).await.status, 422);
    assert_eq!(
        kapso.post("/whatsapp/webhooks", hook(json!(["whatsapp.message.sent"]), json!("s"))).await.status,
        422
    );
    kapso.control("plan", json!({ "name": "free" })).await;
    assert_eq!(
        kapso.post("/whatsapp/webhooks", hook(json!(["project.event"]), json!("s"))).await.status,
        402
    );
    let made = kapso.post(&path, hook(json!(["whatsapp.message.sent"]), json!("s"))).await;
    let id = made.body["data"]["id"].as_str().unwrap().to_owned();
    assert_eq!(made.body["data"]["payload_version"], "v2");
    let one = format!("{path}/{id}");
    let patch = json!({ "whatsapp_webhook": { "active": false, "events": ["whatsapp.message.read"] } });
    let changed = kapso.platform(Method::PATCH, &one, Some(patch)).await;
    assert_eq!(changed.body["data"]["active"], false);
    assert_eq!(kapso.get(&path).await.body["data"][0]["events"], json!(["whatsapp.message.read"]));
    assert_eq!(kapso.platform(Method::DELETE, &one, None).await.status, 204);
    assert_eq!(kapso.get(&one).await.status, 404);
    assert_eq!(kapso.get("/whatsapp/phone_numbers/999/webhooks").await.status, 404);
}

#[tokio::test]
async fn a_message_and_its_states_come_as_events() {
    let (receiver, url) = Receiver::start().await;
    let (_emulator, kapso) = start(quiet()).await;
    kapso.listen(&url, json!({ "headers": { "X-Team": "blue" } })).await;
    let said = kapso.say("ines", "Hola ñ").await;
    let received = receiver.first("whatsapp.message.received").await;
    assert_eq!(received.header("x-webhook-signature"), &wire::signature(SECRET, &received.body)[7..]);
    assert_eq!(received.header("x-webhook-payload-version"), "v2");
    assert_eq!(received.header("x-team"), "blue");
    let body = received.json();
    assert_eq!(body["message"]["id"], said.as_str());
    assert_eq!(body["message"]["text"]["body"], "Hola ñ");
    assert_eq!(body["message"]["kapso"]["status"], "received");
    assert_eq!(body["conversation"]["contact_name"], "Inés Robles");
    assert_eq!(body["is_new_conversation"], true);
    assert_eq!(body["phone_number_id"], NUMBER);

    let sent = kapso
        .send(
            "+52 1 55 0000 0201",
            json!({ "type": "text", "text": { "body": "Sí" }, "biz_opaque_callback_data": "loc:1" }),
        )
        .await;
    assert_eq!(sent.status, 200, "{}", sent.body);
    let id = sent.body["messages"][0]["id"].as_str().unwrap().to_owned();
    let read = receiver.first("whatsapp.message.read").await.json();
    assert_eq!(read["message"]["id"], id.as_str());
    assert_eq!(read["message"]["to"], "5215500000201");
    let words: Vec<&str> = read["message"]["kapso"]["statuses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["status"].as_str().unwrap())
        .collect();
    assert_eq!(words, ["sent", "delivered", "read"]);
    assert_eq!(read["message"]["kapso"]["statuses"][0]["biz_opaque_callback_data"], "loc:1");
    assert_eq!(receiver.first("whatsapp.message.sent").await.json()["message"]["kapso"]["status"], "sent");
    // Marked as read, with and without typing.
    let mark = json!({ "messaging_product": "whatsapp", "status": "read", "message_id": said,
        "typing_indicator": { "type": "text" } });
    let marked = kapso.proxy(Method::POST, &format!("/{NUMBER}/messages"), Some(mark)).await;
    assert_eq!(marked.body["success"], true);
    let one = kapso.get(&format!("/whatsapp/messages/{}", id.replace('=', "%3D"))).await;
    assert_eq!(one.body["data"]["kapso"]["status"], "read");
}

#[tokio::test]
async fn sends_that_cannot_be_are_refused_as_kapso_does() {
    let (_emulator, kapso) = start(quiet()).await;
    let closed = kapso.send("5215500000201", text("hi")).await;
    assert_eq!(closed.status, 422);
    assert_eq!(closed.body["error"], "Cannot send non-template messages outside the 24-hour window.");
    kapso.say("ines", "hola").await;
    assert_eq!(kapso.send("5215500000201", text("hi")).await.status, 200);
    let mut wrong = text("hi");
    wrong["messaging_account_id"] = json!("1");
    assert_eq!(kapso.send("5215500000201", wrong).await.body["code"], "messaging_account_mismatch");
    let graph = kapso.send("5215500000201", json!({ "type": "text" })).await;
    assert_eq!(graph.body["error"]["code"], 131_008, "Meta's errors go through");
    kapso.control("plan", json!({ "credits": 1 })).await;
    assert_eq!(kapso.send("5215500000201", text("hi")).await.status, 200);
    let poor = kapso.send("5215500000201", text("hi")).await;
    assert_eq!((poor.status, poor.body["code"].as_str()), (402, Some("insufficient_credits")));
    assert!(poor.body["billing_url"].is_string());
    kapso.control("plan", json!({ "credits": "any" })).await;
    let unknown = kapso.proxy(Method::POST, "/999/messages", Some(json!({ "to": "1" }))).await;
    assert_eq!(unknown.status, 404);
    kapso.control("disconnect", json!({ "number": NUMBER })).await;
    assert_eq!(kapso.send("5215500000201", text("hi")).await.status, 400);
    let shown = kapso.get(&format!("/whatsapp/phone_numbers/{NUMBER}")).await;
    assert_eq!(shown.body["data"]["status"], "DISCONNECTED");
    kapso.control("reconnect", json!({ "number": NUMBER })).await;
    for (rule, status) in
        [("error:409", 409), ("error:402", 402), ("429", 429), ("expired", 401), ("error:131056", 400)]
    {
        let faults = json!({ "set": format!("{rule}@messages=1x") });
        kapso.call(Method::POST, "/control/faults", Some(faults)).await;
        assert_eq!(kapso.send("5215500000201", text("hi")).await.status, status, "{rule}");
    }
    assert_eq!(kapso.send("5215500000201", text("hi")).await.status, 200);
}

#[tokio::test]
async fn one_send_at_a_time_goes_to_one_person() {
    let (_emulator, kapso) = start(quiet()).await;
    kapso.say("ines", "hola").await;
    kapso.say("tomas", "hola").await;
    let slow = json!({ "set": "slow:600ms@messages@to:ines=1x" });
    kapso.call(Method::POST, "/control/faults", Some(slow)).await;
    let first = kapso.send("5215500000201", text("one"));
    let second = async {
        // The first one is counted before it is answered.
        let state = || async { kapso.call(Method::GET, "/control/state", None).await.body };
        while state().await["counts"]["accepted"] == 0 {
            tokio::task::yield_now().await;
        }
        let other = kapso.send("5215500000202", text("for another")).await;
        (kapso.send("5215500000201", text("two")).await, other)
    };
    let (first, (second, other)) = tokio::join!(first, second);
    assert_eq!((first.status, second.status, other.status), (200, 409, 200));
    assert!(second.body["error"].as_str().unwrap().contains("in-flight"));
    assert_eq!(kapso.send("5215500000201", text("three")).await.status, 200);
}

#[tokio::test]
async fn a_number_with_very_many_messages_is_read_page_by_page() {
    let (_emulator, kapso) = start(quiet()).await;
    let began = std::time::Instant::now();
    kapso.control("fill", json!({ "count": 200_000, "people": 300 })).await;
    assert!(began.elapsed().as_secs() < 20, "filled in {:?}", began.elapsed());
    kapso.say("ines", "the newest").await;
    let path = format!("/{NUMBER}/messages?limit=100&fields=kapso(default)");
    let first = kapso.proxy(Method::GET, &path, None).await;
    let data = first.body["data"].as_array().unwrap();
    assert_eq!(data.len(), 100);
    assert_eq!(data[0]["text"]["body"], "the newest");
    assert!(data[1]["kapso"]["direction"].is_string());
    let after = first.body["paging"]["cursors"]["after"].as_str().unwrap();
    let next = kapso
        .proxy(Method::GET, &format!("{path}&after={}", after.replace('=', "%3D").replace('+', "%2B")), None)
        .await;
    let ids = |v: &Value| -> Vec<String> {
        v["data"].as_array().unwrap().iter().map(|m| m["id"].as_str().unwrap().to_owned()).collect()
    };
    let (one, two) = (ids(&first.body), ids(&next.body));
    assert!(two.iter().all(|id| !one.contains(id)));
    let listed = kapso.call(Method::GET, &format!("/control/kapso/messages?number={NUMBER}"), None).await;
    let all = listed.body["messages"].as_array().unwrap();
    assert_eq!(all.len(), 200_001);
    let newest: Vec<&str> = all.iter().rev().take(200).map(|m| m["id"].as_str().unwrap()).collect();
    assert_eq!(newest, one.iter().chain(&two).map(String::as_str).collect::<Vec<_>>());
    // What is asked for by time.
    let since = jiff::Timestamp::from_millisecond(all[199_990]["at"].as_i64().unwrap()).unwrap();
    let late =
        kapso.proxy(Method::GET, &format!("/{NUMBER}/messages?limit=100&since={since:.3}"), None).await;
    assert_eq!(ids(&late.body).len(), 11);
    assert!(late.body["paging"]["cursors"]["after"].is_null());
    assert!(late.body["data"][0].get("kapso").is_none(), "only when it is asked for");
    let people = kapso.get("/whatsapp/contacts?limit=100").await;
    assert_eq!(people.body["data"].as_array().unwrap().len(), 100);
    assert!(people.body["paging"]["next"].is_string());
}

#[tokio::test]
async fn sessions_and_contacts_are_listed() {
    let (receiver, url) = Receiver::start().await;
    let (_emulator, kapso) = start(quiet()).await;
    kapso
        .listen(&url, json!({ "events": ["whatsapp.conversation.created", "whatsapp.conversation.ended"] }))
        .await;
    kapso.say("ines", "hola").await;
    let created = receiver.first("whatsapp.conversation.created").await.json();
    let id = created["conversation"]["id"].as_str().unwrap().to_owned();
    let listed = kapso.get(&format!("/whatsapp/conversations?phone_number_id={NUMBER}")).await;
    assert_eq!(listed.body["data"][0]["id"], id.as_str());
    assert_eq!(listed.body["data"][0]["kapso"]["contact_name"], "Inés Robles");
    let close = json!({ "whatsapp_conversation": { "status": "ended" } });
    let closed = kapso.platform(Method::PATCH, &format!("/whatsapp/conversations/{id}"), Some(close)).await;
    assert_eq!(closed.body["data"]["status"], "ended");
    receiver.first("whatsapp.conversation.ended").await;
    kapso.say("ines", "otra cosa").await;
    let again = kapso.proxy(Method::GET, &format!("/{NUMBER}/conversations"), None).await;
    assert_eq!(again.body["data"].as_array().unwrap().len(), 2, "another session of the same person");
    let contact = kapso.get("/whatsapp/contacts/5215500000201").await;
    assert_eq!(contact.body["data"]["business_scoped_user_id"], "MX.20417755209913366482");
    assert_eq!(
        kapso.get("/whatsapp/contacts?page=51").await.body["message"],
        "legacy_offset_pagination_limit_exceeded"
    );
}

#[tokio::test]
async fn a_webhook_is_tried_three_times_and_then_lost() {
    let (receiver, url) = Receiver::start().await;
    let clock = Clock::manual(1_800_000_000_000);
    let (_emulator, kapso) = start(EmulatorOptions { clock: clock.clone(), ..quiet() }).await;
    kapso.listen(&url, json!({})).await;
    *receiver.refuse.lock().unwrap() = 3;
    kapso.say("ines", "hola").await;
    for (n, wait) in [(1, 10_000), (2, 40_000), (3, 3_600_000)] {
        until("an attempt", || Some(()).filter(|()| receiver.of("whatsapp.message.received").len() == n))
            .await;
        until("it to be settled", || Some(()).filter(|()| *receiver.refuse.lock().unwrap() == 3 - n as u32))
            .await;
        let listed = async || kapso.get("/webhook_deliveries").await.body["data"][0].clone();
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while listed().await["attempt_count"] != n {
            assert!(std::time::Instant::now() < deadline, "attempt {n} is not listed");
            tokio::task::yield_now().await;
        }
        clock.advance(wait);
    }
    let keys: Vec<String> = receiver
        .of("whatsapp.message.received")
        .iter()
        .map(|h| h.header("x-idempotency-key").to_owned())
        .collect();
    assert_eq!(keys.len(), 3);
    assert!(keys.iter().all(|k| *k == keys[0]), "the same key each time");
    let failed = kapso.get("/webhook_deliveries?status=failed").await;
    assert_eq!(failed.body["data"][0]["response_status"], 500);
    // The next one comes.
    kapso.say("ines", "otra").await;
    until("the next one", || Some(()).filter(|()| receiver.of("whatsapp.message.received").len() == 4)).await;
}

#[tokio::test]
async fn messages_are_collected_when_that_is_asked_for() {
    let (receiver, url) = Receiver::start().await;
    let clock = Clock::manual(1_800_000_000_000);
    let (_emulator, kapso) = start(EmulatorOptions { clock: clock.clone(), ..quiet() }).await;
    kapso.listen(&url, json!({ "buffer_enabled": true, "buffer_window_seconds": 5 })).await;
    kapso.say("ines", "one").await;
    kapso.say("ines", "two").await;
    clock.advance(6_000);
    let batch = receiver.first("whatsapp.message.received").await;
    assert_eq!(batch.header("x-webhook-batch"), "true");
    assert_eq!(batch.header("x-batch-size"), "2");
    let body = batch.json();
    assert_eq!(body["data"][1]["message"]["text"]["body"], "two");
    assert_eq!(body["batch_info"]["size"], 2);
}

#[tokio::test]
async fn old_and_raw_forms_are_sent_where_they_are_asked_for() {
    let (receiver, url) = Receiver::start().await;
    let (_emulator, kapso) = start(quiet()).await;
    kapso.listen(&url, json!({ "payload_version": "v1" })).await;
    kapso.listen(&url, json!({ "kind": "meta", "events": [] })).await;
    let said = kapso.say("ines", "hola").await;
    let old = receiver.first("whatsapp.message.received").await;
    assert_eq!(old.header("x-webhook-payload-version"), "v1");
    assert_eq!(old.json()["message"]["whatsapp_message_id"], said.as_str());
    let raw = receiver.first("").await;
    assert_eq!(raw.header("x-hub-signature-256"), wire::signature(SECRET, &raw.body));
    assert_eq!(raw.json()["entry"][0]["changes"][0]["value"]["messages"][0]["id"], said.as_str());
}

#[tokio::test]
async fn a_webhook_that_mostly_fails_is_switched_off() {
    let (receiver, url) = Receiver::start().await;
    // Waits between attempts are short at this speed.
    let (_emulator, kapso) = start(EmulatorOptions { speed: 10_000.0, ..quiet() }).await;
    let hook = kapso.listen(&url, json!({})).await;
    *receiver.refuse.lock().unwrap() = u32::MAX;
    for n in 0..45 {
        kapso.say("ines", &n.to_string()).await;
    }
    let path = format!("/whatsapp/webhooks/{}", hook["id"].as_str().unwrap());
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    kapso.control("plan", json!({ "limit": 1_000_000 })).await;
    while kapso.get(&path).await.body["data"]["active"] == true {
        assert!(std::time::Instant::now() < deadline, "it is still on");
    }
    *receiver.refuse.lock().unwrap() = 0;
    let on = json!({ "whatsapp_webhook": { "active": true } });
    assert_eq!(kapso.platform(Method::PATCH, &path, Some(on)).await.body["data"]["active"], true);
    let before = receiver.all.lock().unwrap().len();
    kapso.say("ines", "again").await;
    until("a webhook", || Some(()).filter(|()| receiver.all.lock().unwrap().len() > before)).await;
}

#[tokio::test]
async fn a_webhook_can_be_lost_on_purpose() {
    let (receiver, url) = Receiver::start().await;
    let (_emulator, kapso) = start(quiet()).await;
    kapso.listen(&url, json!({})).await;
    kapso.control("lose", json!({ "event": "whatsapp.message.received" })).await;
    kapso.say("ines", "lost").await;
    kapso.say("ines", "found").await;
    let first = receiver.first("whatsapp.message.received").await.json();
    assert_eq!(first["message"]["text"]["body"], "found");
    let listed = kapso.proxy(Method::GET, &format!("/{NUMBER}/messages"), None).await;
    assert_eq!(listed.body["data"].as_array().unwrap().len(), 2, "the list has both");
}

#[tokio::test]
async fn media_templates_profile_and_blocks_go_through_the_proxy() {
    let (_emulator, kapso) = start(quiet()).await;
    kapso.say("ines", "hola").await;
    let form = reqwest::multipart::Form::new().text("messaging_product", "whatsapp").part(
        "file",
        reqwest::multipart::Part::bytes(vec![1, 2, 3]).file_name("a.png").mime_str("image/png").unwrap(),
    );
    let url = format!("{}/meta/whatsapp/v24.0/{NUMBER}/media", kapso.base);
    let up = kapso.http.post(url).header("x-api-key", DEMO_KAPSO_KEY).multipart(form).send().await.unwrap();
    let id = up.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned();
    let node = kapso.proxy(Method::GET, &format!("/{id}?phone_number_id={NUMBER}"), None).await;
    assert_eq!(node.body["file_size"], "3");
    let bytes = kapso.http.get(node.body["download_url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(bytes.bytes().await.unwrap().as_ref(), [1, 2, 3]);
    let sent = kapso
        .send("5215500000201", json!({ "type": "image", "image": { "id": id, "caption": "foto" } }))
        .await;
    let wamid = sent.body["messages"][0]["id"].as_str().unwrap().replace('=', "%3D");
    let row = kapso.get(&format!("/whatsapp/messages/{wamid}")).await.body["data"].clone();
    let stored = row["kapso"]["media_url"].as_str().unwrap().to_owned();
    let moved = kapso.http.get(&stored).send().await.unwrap();
    assert_eq!(moved.status(), 302);
    let direct = format!("{}{}", kapso.base, moved.headers()["location"].to_str().unwrap());
    assert_eq!(kapso.http.get(direct).send().await.unwrap().bytes().await.unwrap().as_ref(), [1, 2, 3]);
    let forged = stored.replace("--", "--0");
    assert_eq!(kapso.http.get(forged).send().await.unwrap().status(), 404);

    let templates =
        kapso.proxy(Method::GET, &format!("/{WABA}/message_templates?status=APPROVED"), None).await;
    assert!(!templates.body["data"].as_array().unwrap().is_empty(), "{}", templates.body);
    assert_eq!(
        kapso.proxy(Method::GET, &format!("/{WABA}/message_templates/x1"), None).await.body["error"],
        "invalid template_id"
    );
    let profile =
        kapso.proxy(Method::GET, &format!("/{NUMBER}/whatsapp_business_profile?fields=email"), None).await;
    assert_eq!(profile.body["data"][0]["email"], "hola@tiendasol.example");
    let block = json!({ "messaging_product": "whatsapp", "block_users": [{ "user": "5215500000201" }] });
    assert_eq!(kapso.proxy(Method::POST, &format!("/{NUMBER}/block_users"), Some(block)).await.status, 200);
    let blocked = kapso.proxy(Method::GET, &format!("/{NUMBER}/block_users"), None).await;
    assert_eq!(blocked.body["data"], json!([{ "user": "5215500000201" }]));
}
