//! The client against a small server on this machine that answers as the reference says.

use super::*;
use crate::model::contact::Identity;
use crate::model::delivery::HoldScope;
use crate::model::inbound::{Author, Change};
use crate::model::message::Body as Shown;
use crate::model::outgoing::Outgoing;
use crate::provider::templates_admin::TemplateAdministration as _;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use platform::{LinkState, LinkWish};
use serde_json::json;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

const KEY: &str = "kapso-project-key-0001";
const NUMBER: &str = "110987654321";

#[derive(Clone)]
struct Seen {
    method: String,
    /// With the query.
    path: String,
    key: String,
    body: Value,
}

type Scripted = (u16, Option<&'static str>, String);

#[derive(Clone, Default)]
struct Script {
    answers: Arc<Mutex<VecDeque<Scripted>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Script {
    #[allow(
        clippy::needless_pass_by_value,
        reason = "so that answers can be written down where they are given"
    )]
    fn then(self, status: u16, body: Value) -> Self {
        self.text(status, None, &body.to_string())
    }

    fn text(self, status: u16, wait: Option<&'static str>, body: &str) -> Self {
        self.answers.lock().unwrap().push_back((status, wait, body.to_owned()));
        self
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    fn calls(&self) -> Vec<String> {
        self.seen().iter().map(|s| format!("{} {}", s.method, s.path)).collect()
    }
}

async fn answer(State(script): State<Script>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let header = |name: &str| parts.headers.get(name).map_or("", |v| v.to_str().unwrap()).to_owned();
    assert_eq!(header("authorization"), "", "the key has a header of its own");
    script.seen.lock().unwrap().push(Seen {
        method: parts.method.to_string(),
        path: parts.uri.to_string(),
        key: header("x-api-key"),
        body: serde_json::from_slice(&bytes).unwrap_or_default(),
    });
    let (status, wait, body) =
        script.answers.lock().unwrap().pop_front().unwrap_or((418, None, "no more answers".into()));
    let mut out = Response::builder().status(StatusCode::from_u16(status).unwrap());
    if let Some(wait) = wait {
        out = out.header("retry-after", wait);
    }
    out.body(Body::from(body)).unwrap()
}

async fn base(script: &Script) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().fallback(answer).with_state(script.clone());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    format!("http://{address}")
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text.to_owned())
}

async fn provider(script: &Script) -> KapsoProvider {
    KapsoProvider::new(KapsoConfig {
        api_base: base(script).await,
        api_version: API_VERSION.into(),
        number: NUMBER.into(),
        business: "220033440055".into(),
        api_key: secret(KEY),
        webhook_secret: secret("wh_sec"),
    })
}

async fn api(script: &Script) -> Api {
    Api::new(&base(script).await, API_VERSION, secret(KEY))
}

async fn send(p: &KapsoProvider, content: &Outgoing, quote: Option<&str>) -> Outcome {
    let to = Identity::phone("+5215512345678");
    let request = SendRequest {
        to: &to,
        content,
        reaction_target: Some("wamid.T"),
        quote,
        media: Some("77"),
        opaque: "a1",
    };
    p.send(request).await
}

#[tokio::test]
async fn a_send_has_the_key_the_digits_and_our_word() {
    let script = Script::default().then(
        200,
        json!({ "messages": [{ "id": "wamid.1" }], "contacts": [{ "input": "x", "wa_id": "5215512345678" }] }),
    );
    let p = provider(&script).await;
    let outcome = send(&p, &Outgoing::text("Hola"), Some("wamid.Q")).await;
    let Outcome::Accepted { provider_id, recipient } = outcome else { panic!("{outcome:?}") };
    assert_eq!((provider_id.as_str(), recipient), ("wamid.1", Some(Identity::phone("5215512345678"))));
    let seen = script.seen().remove(0);
    assert_eq!(seen.path, format!("/meta/whatsapp/v24.0/{NUMBER}/messages"));
    assert_eq!((seen.method.as_str(), seen.key.as_str()), ("POST", KEY));
    assert_eq!(seen.body["to"], "5215512345678");
    assert_eq!(seen.body["context"]["message_id"], "wamid.Q");
    assert_eq!(seen.body["biz_opaque_callback_data"], "a1");
}

#[tokio::test]
async fn refusals_of_a_send_are_what_they_mean() {
    let window = r#"{"error":"Cannot send non-template messages outside the 24-hour window."}"#;
    let flight =
        r#"{"error":"Another message is already in-flight for this conversation. Please retry shortly."}"#;
    let script = Script::default()
        .text(422, None, window)
        .text(409, None, flight)
        .text(429, Some("60"), r#"{"error":"Rate limit exceeded"}"#)
        .text(
            402,
            None,
            r#"{"error":"Insufficient credits","code":"insufficient_credits","billing_url":"https://b"}"#,
        )
        .text(401, None, &format!(r#"{{"error":"Invalid API key {KEY}"}}"#))
        .text(502, None, "<html>bad gateway</html>")
        .text(404, None, "<html><h1>Not here</h1></html>")
        .text(200, None, "half of the ans");
    let p = provider(&script).await;
    let text = Outgoing::text("Hola");
    assert!(matches!(send(&p, &text, None).await, Outcome::Rejected(e) if e.code == 131_047));
    assert!(
        matches!(send(&p, &text, None).await, Outcome::Retry { scope: HoldScope::Pair, after: None, .. }),
        "the thread waits, not the number"
    );
    let Outcome::Retry { after, scope, .. } = send(&p, &text, None).await else { panic!() };
    assert_eq!((after.map(|a| a.as_secs()), scope), (Some(60), HoldScope::Number));
    assert!(
        matches!(send(&p, &text, None).await, Outcome::Rejected(e) if e.next.as_deref().is_some_and(|n| n.contains("https://b")))
    );
    let Outcome::Rejected(e) = send(&p, &text, None).await else { panic!() };
    assert!(!e.text.contains(KEY) && e.text.contains("Invalid API key"), "{e:?}");
    assert!(matches!(send(&p, &text, None).await, Outcome::Unknown(_)), "nobody knows whether it was sent");
    assert!(matches!(send(&p, &text, None).await, Outcome::Rejected(e) if e.text.contains("Not here")));
    assert!(matches!(send(&p, &text, None).await, Outcome::Unknown(_)));
}

#[tokio::test]
async fn history_is_read_newest_first_with_states_and_without_losing_neighbours() {
    let page = json!({ "data": [
        { "id": "wamid.1", "timestamp": "1795171200", "type": "text", "from": "5215512345678", "text": { "body": "one" },
          "kapso": { "direction": "inbound", "status": "delivered", "contact_name": "Ana", "phone_number": "5215512345678" } },
        { "nonsense": true },
        { "id": "wamid.2", "timestamp": "1795171300", "type": "text", "to": "5215512345678", "text": { "body": "two" },
          "kapso": { "direction": "outbound", "status": "read", "statuses": [
              { "id": "wamid.2", "status": "sent", "timestamp": "1795171301" },
              { "id": "wamid.2", "status": "read", "timestamp": "1795171350" } ] } },
    ], "paging": { "cursors": { "after": "CUR+/=" } } });
    let script = Script::default()
        .then(200, page.clone())
        .then(200, page)
        .then(200, json!({ "data": [], "paging": {} }));
    let p = provider(&script).await;
    let ask = |after: Option<&str>| HistoryPage {
        since: Some(1_795_171_000_000),
        until: None,
        after: after.map(str::to_owned),
        limit: 500,
    };
    let got = p.history(ask(None)).await.unwrap();
    assert_eq!(got.next.as_deref(), Some("CUR+/="));
    let shown: Vec<_> = got
        .messages
        .iter()
        .map(|i| match &i.change {
            Change::Message(m) => {
                assert!(m.history && !m.opens_window);
                (m.provider_id.clone(), m.body.clone(), m.author, i.statuses.len())
            }
            other => (format!("{other:?}"), Shown::text(""), Author::System, 0),
        })
        .collect();
    assert_eq!(shown[0], ("wamid.2".into(), Shown::text("two"), Author::Provider, 2));
    assert_eq!(shown[1], ("wamid.1".into(), Shown::text("one"), Author::Customer, 0));
    assert!(shown[2].0.starts_with("Unknown"), "{shown:?}");
    let path = script.seen().remove(0).path;
    assert!(path.starts_with(&format!("/meta/whatsapp/v24.0/{NUMBER}/messages?limit=100&")), "{path}");
    assert!(path.contains("since=2026-11-20T10%3A36%3A40Z") && path.contains("fields=kapso"), "{path}");
    let loops = p.history(ask(Some("CUR+/="))).await.unwrap_err();
    assert!(loops.text.contains("names itself") && loops.transient, "{loops:?}");
    let end = p.history(ask(Some("CUR+/="))).await.unwrap();
    assert_eq!((end.messages.len(), end.next), (0, None));
}

#[tokio::test]
async fn people_are_those_of_the_number() {
    let page = json!({ "data": [
        { "id": "u1", "phone_number": "+52 155", "business_scoped_user_id": "MX.1", "username": "@ana",
          "kapso": { "contact_name": "Ana R" } },
        { "id": "u2", "phone_number": null, "business_scoped_user_id": null },
    ], "paging": { "cursors": { "after": "A" }, "next": null } });
    let script = Script::default().then(200, page);
    let p = provider(&script).await;
    let got = p.people(None).await.unwrap();
    assert_eq!(got.next, None);
    assert_eq!(got.people.len(), 1);
    assert_eq!(got.people[0].profile_name, "Ana R");
    assert_eq!(got.people[0].identities[..2], [Identity::bsuid("MX.1"), Identity::phone("52155")]);
    let path = script.seen().remove(0).path;
    assert!(path.starts_with("/platform/v1/whatsapp/conversations?") && path.contains(NUMBER), "{path}");
}

#[tokio::test]
async fn what_became_of_a_message_is_asked_by_its_id() {
    let m = json!({ "data": { "id": "wamid.A/b+c=", "timestamp": "1795171300", "type": "text", "kapso": {
        "direction": "outbound", "status": "delivered", "statuses": [
            { "id": "wamid.A/b+c=", "status": "sent", "timestamp": "1795171301" } ] } } });
    let script = Script::default().then(200, m).then(404, json!({ "error": "Not found" }));
    let p = provider(&script).await;
    let got = p.delivery_history("wamid.A/b+c=").await.unwrap();
    let words: Vec<_> = got.iter().map(|s| s.word.as_str()).collect();
    assert_eq!(words, ["sent", "delivered"]);
    assert_eq!(script.seen()[0].path, "/platform/v1/whatsapp/messages/wamid.A%2Fb+c=");
    assert_eq!(p.delivery_history("wamid.X").await.unwrap(), [], "it knows nothing of it");
}

#[tokio::test]
async fn templates_follow_the_cursor_and_never_an_address() {
    let t = |name: &str| json!({ "id": "1", "name": name, "language": "en_US", "status": "APPROVED", "category": "UTILITY", "components": [] });
    let script = Script::default()
        .then(200, json!({ "data": [t("one")], "paging": { "cursors": { "after": "X" }, "next": "https://graph.facebook.com/evil" } }))
        .then(200, json!({ "data": [t("two")], "paging": { "cursors": { "after": "Y" } } }))
        .then(200, json!({ "data": [], "paging": {} }));
    let p = provider(&script).await;
    let names: Vec<String> = p.templates().await.unwrap().into_iter().map(|t| t.name).collect();
    assert_eq!(names, ["one", "two"]);
    assert!(
        script.calls().iter().all(|c| c.contains("/220033440055/message_templates?")),
        "{:?}",
        script.calls()
    );
}

#[tokio::test]
async fn templates_are_changed_and_deleted_by_their_id_at_the_list() {
    let script = Script::default()
        .then(200, json!({ "id": "17", "status": "PENDING", "category": "UTILITY" }))
        .then(200, json!({ "success": true }))
        .then(200, json!({ "success": true }))
        .then(200, json!({ "success": true }))
        .then(400, json!({ "error": "invalid template_id" }));
    let p = provider(&script).await;
    let document = json!({ "name": "order_update", "components": [] });
    let taken = p.create_template(&document).await.unwrap();
    assert_eq!((taken.id.as_str(), taken.status.as_str()), ("17", "PENDING"));
    p.edit_template("17", &json!({ "components": [] })).await.unwrap();
    p.delete_template("order_update", Some("17")).await.unwrap();
    p.delete_template("order_update", None).await.unwrap();
    let e = p.edit_template("x", &json!({})).await.unwrap_err();
    assert!(e.text.contains("invalid template_id"), "{e:?}");
    let at = "/meta/whatsapp/v24.0/220033440055/message_templates";
    let calls = script.calls();
    assert_eq!(calls[0], format!("POST {at}"));
    assert_eq!(calls[1], format!("POST {at}?hsm_id=17"));
    assert_eq!(calls[2], format!("DELETE {at}?hsm_id=17"));
    assert_eq!(calls[3], format!("DELETE {at}?name=order_update"));
    let e = p.template_library("", "").await.unwrap_err();
    assert_eq!(e.text, "this provider cannot show a library of templates");
    assert_eq!(script.calls().len(), 5);
}

#[tokio::test]
async fn facts_of_a_number_and_the_worth_of_the_key() {
    let number = json!({ "data": { "id": NUMBER, "phone_number_id": NUMBER, "whatsapp_business_account_id": "9",
        "display_phone_number": "+1 555-000-1111", "verified_name": "Tienda Sol", "quality_rating": "GREEN",
        "status": "CONNECTED", "whatsapp_business_manager_messaging_limit": "10000", "is_coexistence": true,
        "throughput_tier": "STANDARD" } });
    let health = |passed: Value| json!({ "status": "unhealthy", "error": null, "checks": { "token_validity": { "passed": passed } } });
    let script = Script::default()
        .then(200, number.clone())
        .then(403, json!({ "error": "not for sandbox numbers" }))
        .then(200, number.clone())
        .then(200, health(json!(false)))
        .then(200, number)
        .then(200, health(Value::Null))
        .then(401, json!({ "error": "Invalid API key" }));
    let p = provider(&script).await;
    let facts = p.number().await.unwrap();
    assert_eq!((facts.limit.as_str(), facts.on_app, facts.about.as_str()), ("TIER_10K", true, ""));
    assert!(!p.token().await.unwrap().valid, "Kapso's own token for the number is void");
    assert!(p.token().await.unwrap().valid);
    assert!(p.token().await.unwrap_err().auth);
}

#[tokio::test]
async fn a_webhook_that_is_there_is_used_and_mended() {
    let url = "https://inbox.example.net/webhook/t/kapso/messages";
    let hook = |id: &str, active: bool, events: &[&str]| {
        json!({ "id": id, "url": url, "kind": "kapso", "active": active, "events": events,
                "payload_version": "v2", "secret_key": "wh_sec" })
    };
    let list = |hooks: Vec<Value>| json!({ "data": hooks, "meta": { "page": 1, "total_pages": 1 } });
    let all = &platform::NUMBER_EVENTS;
    let script = Script::default()
        // As it should be.
        .then(200, list(vec![hook("h1", true, all)]))
        // Switched off, and there twice.
        .then(200, list(vec![hook("h1", false, all), hook("h2", false, all)]))
        .text(204, None, "")
        .then(200, json!({ "data": hook("h1", true, all) }))
        // One from before a move, somebody else's, and the plan lacks an event.
        .then(200, list(vec![
            json!({ "id": "old", "url": "https://old.example.net/webhook/t/kapso/messages", "active": true, "events": all }),
            json!({ "id": "other", "url": "https://crm.example.net/hook", "active": true, "events": all }),
        ]))
        .text(204, None, "")
        .then(422, json!({ "error": "Events contains unsupported events" }))
        .then(201, json!({ "data": hook("h3", true, &all[..5]) }));
    let api = api(&script).await;
    let ensure = || async { api.ensure_hook(Of::Number(NUMBER), url, &secret("wh_sec")).await };
    assert_eq!(ensure().await.unwrap(), "h1");
    assert_eq!(script.seen().len(), 1, "nothing to do");
    assert_eq!(ensure().await.unwrap(), "h1");
    assert_eq!(ensure().await.unwrap(), "h3");
    let calls: Vec<String> = script.seen().iter().map(|s| s.method.clone()).collect();
    assert_eq!(calls, ["GET", "GET", "DELETE", "PATCH", "GET", "DELETE", "POST", "POST"]);
    assert!(script.seen()[5].path.ends_with("/webhooks/old"));
    let changed = &script.seen()[3].body["whatsapp_webhook"];
    assert_eq!((changed["active"].as_bool(), changed["payload_version"].as_str()), (Some(true), Some("v2")));
    assert_eq!(script.seen()[7].body["whatsapp_webhook"]["events"].as_array().unwrap().len(), 5);
    assert_eq!(script.seen()[7].body["whatsapp_webhook"]["buffer_enabled"], false);
}

#[tokio::test]
async fn a_project_has_its_own_webhooks_apart_from_those_of_its_numbers() {
    let url = "https://inbox.example.net/webhook/t/kapso/project";
    let of_number = json!({ "id": "h1", "url": url, "active": true, "events": [], "payload_version": "v2", "phone_number_id": NUMBER });
    let script = Script::default()
        .then(200, json!({ "data": [of_number], "meta": { "page": 1, "total_pages": 1 } }))
        .then(402, json!({ "error": format!("Upgrade: the secret was wh_sec_x"), "code": "plan" }));
    let api = api(&script).await;
    let e = api.ensure_hook(Of::Project, url, &secret("wh_sec_x")).await.unwrap_err();
    assert_eq!(e.code, 402);
    assert!(!e.text.contains("wh_sec_x"), "{e:?}");
    assert!(e.cause.is_some() && e.next.is_some());
}

#[tokio::test]
async fn customers_and_links_are_found_before_they_are_made() {
    let customers = json!({ "data": [
        { "id": "c0", "name": "Other", "external_customer_id": "other" },
        { "id": "c1", "name": "Tienda", "external_customer_id": "support" } ], "meta": { "current_page": 1, "total_pages": 1 } });
    let links = json!({ "data": [
        { "id": "l1", "status": "expired", "created_at": "2026-11-01T10:00:00Z", "expires_at": "2026-11-02T10:00:00Z" },
        { "id": "l2", "status": "active", "created_at": "2026-11-20T10:00:00Z", "expires_at": "2026-12-20T10:01:00Z",
          "url": "https://app.kapso.ai/whatsapp/setup/x", "reconnect_phone_number": "+1 555-000", "whatsapp_setup_status": "failed",
          "whatsapp_setup_error": "waba_limit_reached" } ], "meta": { "total_pages": 1 } });
    let script = Script::default()
        .then(200, customers)
        .then(200, links)
        .then(201, json!({ "data": { "id": "l3", "status": "active", "url": "javascript:alert(1)" } }))
        .then(422, json!({ "error": "Setup link is not active" }));
    let api = api(&script).await;
    assert_eq!(api.customer("support").await.unwrap().unwrap().id, "c1");
    let links = api.links("c1").await.unwrap();
    assert_eq!((links[0].id.as_str(), links[0].state), ("l2", LinkState::Active));
    assert_eq!(
        (links[0].reconnects.as_deref(), links[0].error.as_deref()),
        (Some("1555000"), Some("waba_limit_reached"))
    );
    assert_eq!(links[1].state, LinkState::Expired);
    let wish = LinkWish { reconnect: Some("+1555000".into()) };
    assert!(api.create_link("c1", &wish).await.is_err(), "what cannot be opened in a browser is no link");
    assert_eq!(script.seen()[2].body["setup_link"]["reconnect_phone_number"], "+1555000");
    api.revoke_link("c1", "l2").await.unwrap();
    assert!(script.seen().iter().all(|s| s.key == KEY));
}

#[tokio::test]
async fn a_wait_is_told_and_an_account_without_a_number_calls_nobody() {
    let script = Script::default().text(429, Some("60"), r#"{"error":"Rate limit exceeded"}"#);
    let api = api(&script).await;
    let e = api.customer("support").await.unwrap_err();
    assert!(e.transient && e.next.as_deref() == Some("wait 60 s, then try again"), "{e:?}");
    let empty = KapsoProvider::new(KapsoConfig {
        api_base: "http://127.0.0.1:9".into(),
        api_version: API_VERSION.into(),
        number: String::new(),
        business: String::new(),
        api_key: secret(KEY),
        webhook_secret: secret(""),
    });
    assert!(matches!(send(&empty, &Outgoing::text("x"), None).await, Outcome::Rejected(_)));
    assert!(empty.people(None).await.is_err());
}

#[tokio::test]
async fn the_profile_and_the_block_list_go_by_the_proxy() {
    let script = Script::default()
        .then(200, json!({"data": [{"about": "Open 9 to 6", "websites": ["https://shop.example"]}]}))
        .then(200, json!({"data": [{"user": "15551234567"}]}))
        .then(403, json!({"error": "Active sandbox session required to send messages"}));
    let p = provider(&script).await;
    let admin = p.admin().unwrap();
    assert_eq!(admin.profile().await.unwrap().about, "Open 9 to 6");
    assert_eq!(admin.blocked(None).await.unwrap().items, [Identity::phone("15551234567")]);
    let refused = admin.profile().await.unwrap_err();
    assert!(refused.code == 403 && refused.text.contains("sandbox"), "{refused:?}");
    assert_eq!(admin.links().await.unwrap_err().text, "this provider cannot show short links");
    let seen = script.seen();
    assert!(seen.iter().all(|s| s.key == KEY));
    assert!(seen[0].path.starts_with(&format!("/meta/whatsapp/v24.0/{NUMBER}/whatsapp_business_profile?")));
    assert!(seen[1].path.starts_with(&format!("/meta/whatsapp/v24.0/{NUMBER}/block_users")));
}
