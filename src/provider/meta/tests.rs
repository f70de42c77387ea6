//! The client against a small server on this machine that answers as the documentation says.

use super::*;
use crate::model::outgoing::Outgoing;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

pub(super) const TOKEN: &str = "EAAGm0PX4ZCpsBOtopSecretToken123456";

/// A request as it came in.
#[derive(Clone)]
pub(super) struct Seen {
    pub(super) method: String,
    /// With the query.
    pub(super) path: String,
    pub(super) auth: String,
    pub(super) body: String,
}

/// An answer to give: status, headers, body.
type Scripted = (u16, Vec<(&'static str, String)>, String);

#[derive(Clone, Default)]
pub(super) struct Script {
    answers: Arc<Mutex<VecDeque<Scripted>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Script {
    pub(super) fn then(self, status: u16, body: &str) -> Self {
        self.answers.lock().unwrap().push_back((status, vec![], body.to_owned()));
        self
    }

    fn then_with(self, status: u16, header: (&'static str, &str), body: &str) -> Self {
        self.answers.lock().unwrap().push_back((
            status,
            vec![(header.0, header.1.to_owned())],
            body.to_owned(),
        ));
        self
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn answer(State(script): State<Script>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let auth = parts.headers.get("authorization").map_or("", |v| v.to_str().unwrap()).to_owned();
    script.seen.lock().unwrap().push(Seen {
        method: parts.method.to_string(),
        path: parts.uri.to_string(),
        auth,
        body: String::from_utf8_lossy(&bytes).into_owned(),
    });
    let (status, headers, body) =
        script.answers.lock().unwrap().pop_front().unwrap_or((418, vec![], "no more answers".into()));
    let mut out = Response::builder().status(StatusCode::from_u16(status).unwrap());
    for (k, v) in headers {
        out = out.header(k, v);
    }
    out.body(Body::from(body)).unwrap()
}

fn config(api_base: String) -> MetaConfig {
    MetaConfig {
        api_base,
        api_version: "v25.0".into(),
        phone_number_id: "339901477551020".into(),
        waba_id: "218834005551201".into(),
        access_token: SecretString::from(TOKEN.to_owned()),
    }
}

pub(super) async fn serve(script: &Script) -> MetaProvider {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().fallback(answer).with_state(script.clone());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    MetaProvider::new(config(format!("http://{address}/")))
}

/// A server that reads a request, writes these bytes and hangs up (or, with `hold`, stays silent).
async fn raw(reply: &'static [u8], hold: bool) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = Vec::new();
            let mut part = [0u8; 4096];
            while !request.windows(4).any(|w| w == b"\r\n\r\n") {
                match socket.read(&mut part).await {
                    Ok(n) if n > 0 => request.extend_from_slice(&part[..n]),
                    _ => break,
                }
            }
            let _ = socket.write_all(reply).await;
            if hold {
                held.push(socket);
            }
        }
    });
    format!("http://{address}")
}

async fn send(provider: &MetaProvider) -> Outcome {
    let to = Identity::phone("447700900123");
    let content = Outgoing::text("hello");
    provider
        .send(SendRequest {
            to: &to,
            content: &content,
            reaction_target: None,
            quote: None,
            media: None,
            opaque: "attempt-1",
        })
        .await
}

fn error_of(outcome: &Outcome) -> &DeliveryError {
    match outcome {
        Outcome::Rejected(e) | Outcome::Unknown(e) | Outcome::Retry { error: e, .. } => e,
        Outcome::Accepted { .. } => panic!("accepted"),
    }
}

#[tokio::test]
async fn an_accepted_send_names_message_and_recipient() {
    let script = Script::default()
        .then(200, include_str!("../../../tests/fixtures/meta/accepted.json"))
        .then(200, include_str!("../../../tests/fixtures/meta/accepted-bsuid.json"))
        .then(200, include_str!("../../../tests/fixtures/meta/accepted-held.json"));
    let provider = serve(&script).await;
    let Outcome::Accepted { provider_id, recipient } = send(&provider).await else { panic!() };
    assert!(provider_id.starts_with("wamid.HBgM"));
    assert_eq!(recipient, Some(Identity::phone("447700900123")));
    let Outcome::Accepted { recipient, .. } = send(&provider).await else { panic!() };
    assert_eq!(recipient, Some(Identity::bsuid("GB.48820117365590214477")));
    assert!(matches!(send(&provider).await, Outcome::Accepted { .. }));
    let Seen { method, path, auth, body } = script.seen().remove(0);
    assert_eq!((method.as_str(), path.as_str()), ("POST", "/v25.0/339901477551020/messages"));
    assert_eq!(auth, format!("Bearer {TOKEN}"));
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["to"], "+447700900123");
    assert_eq!(body["biz_opaque_callback_data"], "attempt-1");
}

#[tokio::test]
async fn every_class_of_error_becomes_its_outcome() {
    let coded = |code: i64| format!(r#"{{"error":{{"message":"(#{code}) x","code":{code}}}}}"#);
    let script = Script::default()
        .then(400, &coded(131_009))
        .then(400, &coded(131_047))
        .then(400, &coded(131_049))
        .then(401, &coded(190))
        .then(400, &coded(130_429))
        .then_with(429, ("retry-after", "12"), "")
        .then(500, "")
        .then(400, &coded(999_999))
        .then(504, "<html>gateway</html>")
        .then_with(
            400,
            ("x-business-use-case-usage", r#"{"1":[{"estimated_time_to_regain_access":2}]}"#),
            &coded(80_007),
        )
        .then_with(302, ("location", "http://127.0.0.1:9/"), "");
    let provider = serve(&script).await;
    let o = send(&provider).await;
    assert!(matches!(&o, Outcome::Rejected(e) if e.code == 131_009), "{o:?}");
    let o = send(&provider).await;
    assert!(matches!(&o, Outcome::Rejected(e) if e.next.as_deref().unwrap().contains("template")), "{o:?}");
    assert!(matches!(send(&provider).await, Outcome::Rejected(e) if e.code == 131_049));
    assert!(matches!(send(&provider).await, Outcome::Rejected(e) if e.code == 190));
    assert!(
        matches!(send(&provider).await, Outcome::Retry { after: None, error, scope: HoldScope::Number } if error.code == 130_429)
    );
    assert!(
        matches!(send(&provider).await, Outcome::Retry { after: Some(d), .. } if d == Duration::from_secs(12))
    );
    assert!(matches!(send(&provider).await, Outcome::Unknown(_)), "nobody says who failed, and when");
    assert!(matches!(send(&provider).await, Outcome::Rejected(e) if e.code == 999_999 && e.cause.is_none()));
    assert!(matches!(send(&provider).await, Outcome::Unknown(_)));
    assert!(
        matches!(send(&provider).await, Outcome::Retry { after: Some(d), .. } if d == Duration::from_mins(2))
    );
    assert!(matches!(send(&provider).await, Outcome::Rejected(_)), "a redirect is not followed");
    assert_eq!(script.seen().len(), 11, "the provider never tries again by itself");
}

#[tokio::test]
async fn a_success_that_cannot_be_read_is_unknown() {
    let script = Script::default()
        .then(200, r#"{"messaging_product":"whatsapp","mess"#)
        .then(200, r#"{"messaging_product":"whatsapp","messages":[]}"#)
        .then(200, "");
    let provider = serve(&script).await;
    for _ in 0..3 {
        let o = send(&provider).await;
        assert!(matches!(o, Outcome::Unknown(_)), "{o:?}");
    }
}

#[tokio::test]
async fn a_broken_answer_is_unknown_and_a_refused_connection_is_not() {
    let cut = raw(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{\"messages\":[{\"id\":\"wa", false).await;
    let o = send(&MetaProvider::new(config(cut))).await;
    assert!(matches!(o, Outcome::Unknown(_)), "{o:?}");
    let gone = raw(b"", false).await;
    let o = send(&MetaProvider::new(config(gone))).await;
    assert!(matches!(o, Outcome::Unknown(_)), "{o:?}");
    let silent = raw(b"", true).await;
    let o = send(&MetaProvider::with_timeout(config(silent), Duration::from_millis(200))).await;
    assert!(matches!(o, Outcome::Unknown(_)), "{o:?}");

    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let provider = MetaProvider::new(config(format!("http://{address}")));
    let o = send(&provider).await;
    assert!(matches!(o, Outcome::Retry { after: None, .. }), "{o:?}");
    let e = provider.token().await.unwrap_err();
    assert!(e.transient && !e.text.contains(TOKEN), "{e:?}");
}

#[tokio::test]
async fn an_endless_answer_is_cut() {
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = format!("{:x}\r\n{}\r\n", 1 << 20, "x".repeat(1 << 20));
    let reply: &'static [u8] =
        Box::leak(format!("{head}{}", chunk.repeat(9)).into_bytes().into_boxed_slice());
    let o = send(&MetaProvider::new(config(raw(reply, true).await))).await;
    assert!(matches!(&o, Outcome::Unknown(e) if e.text.contains("longer")), "{o:?}");
}

#[tokio::test]
async fn the_token_is_in_no_error() {
    let script = Script::default()
        .then(401, &format!(r#"{{"error":{{"message":"Malformed access token {TOKEN}","code":190}}}}"#))
        .then(400, &format!(r#"{{"error":{{"message":"/debug_token?input_token={TOKEN}","code":100}}}}"#))
        .then(302, "");
    let provider = serve(&script).await;
    let o = send(&provider).await;
    assert_eq!(error_of(&o).text, "Malformed access token [hidden]");
    let e = provider.token().await.unwrap_err();
    assert!(!format!("{e:?}").contains("topSecret"), "{e:?}");
    let e = provider.token().await.unwrap_err();
    assert!(!format!("{e:?}").contains("topSecret"), "{e:?}");
    assert!(!format!("{provider:?}").contains("topSecret"));
    let bad = MetaConfig {
        access_token: SecretString::from(format!("{TOKEN}\n")),
        ..config("http://127.0.0.1:9".into())
    };
    let o = send(&MetaProvider::new(bad)).await;
    assert!(matches!(&o, Outcome::Rejected(e) if !e.text.contains("topSecret")), "{o:?}");
    for base in ["", "not an address", "data:x"] {
        let o = send(&MetaProvider::new(config(base.into()))).await;
        assert!(matches!(&o, Outcome::Rejected(e) if e.next.is_some()), "{o:?}");
    }
}

fn page(names: &[&str], after: Option<&str>, next: Option<&str>) -> String {
    let data: Vec<Value> = names
        .iter()
        .map(|n| json!({ "id": "1", "name": n, "language": "en", "status": "APPROVED", "components": [] }))
        .collect();
    let mut v = json!({ "data": data, "paging": { "cursors": { "after": after } } });
    if let Some(next) = next {
        v["paging"]["next"] = next.into();
    }
    v.to_string()
}

const FOREIGN: &str = "https://evil.example/v25.0/1/message_templates?after=zz";

fn names(list: &[Template]) -> Vec<&str> {
    list.iter().map(|t| t.name.as_str()).collect()
}

#[tokio::test]
async fn template_pages_are_followed_by_cursor_only_while_there_is_a_next() {
    let script = Script::default()
        .then(200, &page(&["a", "b"], Some("c1=="), Some(FOREIGN)))
        .then(200, &page(&["c"], Some("c2"), None));
    let provider = serve(&script).await;
    assert_eq!(names(&provider.templates().await.unwrap()), ["a", "b", "c"]);
    let seen = script.seen();
    assert_eq!(seen.len(), 2);
    assert!(seen[0].path.starts_with("/v25.0/218834005551201/message_templates?fields=id%2Cname"));
    assert!(!seen[0].path.contains("after=") && seen[1].path.ends_with("&after=c1%3D%3D"));
}

#[tokio::test]
async fn a_stale_cursor_starts_the_list_again_once() {
    let stale = r#"{"error":{"message":"cursor","code":131059}}"#;
    let first = page(&["a"], Some("c1"), Some(FOREIGN));
    let script = Script::default()
        .then(200, &first)
        .then(400, stale)
        .then(200, &first)
        .then(200, &page(&["b"], None, None));
    let provider = serve(&script).await;
    assert_eq!(names(&provider.templates().await.unwrap()), ["a", "b"]);
    let script = Script::default().then(200, &first).then(400, stale).then(200, &first).then(400, stale);
    let provider = serve(&script).await;
    assert_eq!(provider.templates().await.unwrap_err().code, 131_059);
    assert_eq!(script.seen().len(), 4);
}

#[tokio::test]
async fn a_list_that_bites_its_tail_is_an_error() {
    let again = page(&["a"], Some("c1"), Some(FOREIGN));
    let script = Script::default().then(200, &again).then(200, &again).then(200, &again);
    let provider = serve(&script).await;
    let e = provider.templates().await.unwrap_err();
    assert!(e.text.contains("names itself"), "{e:?}");
    assert_eq!(script.seen().len(), 2);
    let provider = serve(&Script::default().then(200, "{}")).await;
    assert!(provider.templates().await.is_err());
}

#[tokio::test]
async fn number_and_profile() {
    let list: Value =
        serde_json::from_str(include_str!("../../../tests/fixtures/meta/numbers.json")).unwrap();
    let number = list["data"][0].to_string();
    let script = Script::default()
        .then(200, &number)
        .then(200, include_str!("../../../tests/fixtures/meta/profile.json"))
        .then(200, &number)
        .then(403, r#"{"error":{"message":"no","code":10}}"#);
    let provider = serve(&script).await;
    let facts = provider.number().await.unwrap();
    assert_eq!(facts.display_phone, "+1 555-010-2030");
    assert_eq!((facts.quality.as_str(), facts.limit.as_str()), ("GREEN", "TIER_2K"));
    assert_eq!((facts.throughput.as_str(), facts.status.as_str()), ("STANDARD", "CONNECTED"));
    assert_eq!(facts.about, "Bikes since 1999");
    let without = provider.number().await.unwrap();
    assert_eq!((without.verified_name.as_str(), without.about.as_str()), ("Northwind Cycles", ""));
    let seen = script.seen();
    assert!(seen[0].path.starts_with("/v25.0/339901477551020?fields="));
    assert!(seen[1].path.starts_with("/v25.0/339901477551020/whatsapp_business_profile?fields="));
}

#[tokio::test]
async fn read_marks_subscription_and_token() {
    let script = Script::default()
        .then(200, r#"{"success":true}"#)
        .then(200, r#"{"success":false}"#)
        .then(200, r#"{"success":true}"#)
        .then(
            400,
            r#"{"error":{"message":"handshake with nw-verify-71 failed","code":100,"error_subcode":2200}}"#,
        )
        .then(200, include_str!("../../../tests/fixtures/meta/debug-token.json"))
        .then(200, r#"{"data":{"is_valid":false,"expires_at":1794536000,"scopes":[]}}"#);
    let provider = serve(&script).await;
    provider.mark_read("wamid.IN001", true).await.unwrap();
    provider.mark_read("wamid.IN001", false).await.unwrap_err();
    provider.subscribe("https://inbox.northwind.example/meta-waba", "nw-verify-71").await.unwrap();
    let e = provider.subscribe("https://inbox.northwind.example/x", "nw-verify-71").await.unwrap_err();
    assert_eq!((e.code, e.text.as_str()), (2200, "handshake with [hidden] failed"));
    let t = provider.token().await.unwrap();
    assert!(t.valid && t.expires_at.is_none() && t.scopes.len() == 2);
    let t = provider.token().await.unwrap();
    assert_eq!((t.valid, t.expires_at), (false, Some(1_794_536_000_000)));
    let seen = script.seen();
    let read: Value = serde_json::from_str(&seen[0].body).unwrap();
    assert_eq!(read["typing_indicator"]["type"], "text");
    assert_eq!(seen[2].path, "/v25.0/218834005551201/subscribed_apps");
    let body: Value = serde_json::from_str(&seen[2].body).unwrap();
    assert_eq!(body["override_callback_uri"], "https://inbox.northwind.example/meta-waba");
    assert!(seen[4].path.starts_with("/v25.0/debug_token?input_token=EAA"));
}

#[test]
fn only_addresses_of_this_machine_leave_out_proxies() {
    for local in ["http://127.0.0.1:8080/", "http://localhost:1", "http://[::1]:9/x"] {
        assert!(is_local(local), "{local}");
    }
    for far in
        ["https://graph.facebook.com", "http://127.0.0.1.evil.example", "http://10.0.0.1", "", "localhost"]
    {
        assert!(!is_local(far), "{far}");
    }
}
