//! The listener as a stranger meets it: signatures, limits, paths, broken bodies.

use crate::common::Bed;
use serde_json::json;
use switchboard::emulator::{DEMO_APP_SECRET, DEMO_NUMBERS};
use switchboard::model::ClientInfo;
use switchboard::model::ids::AccountId;
use switchboard::model::thread::ThreadFilter;
use switchboard::protocol::{Request, Response};
use switchboard::provider::meta::webhook::sign;

fn body(id: &str) -> Vec<u8> {
    json!({"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{
        "messaging_product":"whatsapp","metadata":{"display_phone_number":"15550102030","phone_number_id":DEMO_NUMBERS[0]},
        "contacts":[{"profile":{"name":"Amara"},"wa_id":"447700900999","user_id":"GB.1"}],
        "messages":[{"from":"447700900999","from_user_id":"GB.1","id":id,"timestamp":"1795176009","type":"text","text":{"body":"hi"}}]}}]}]})
    .to_string()
    .into_bytes()
}

async fn status(bed: &Bed) -> switchboard::protocol::Status {
    let Response::Status(s) = bed.client().await.ask(Request::Status).await.unwrap() else { panic!() };
    *s
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_is_signed_gets_in() {
    let bed = Bed::new(0.0, 1).await;
    let url = bed.engine.listener_url(&AccountId::new("support")).unwrap();
    assert!(!url.contains('+') && !url.contains("15550102030"), "{url}");
    let good = body("wamid.T1");
    let post = |body: Vec<u8>, signature: Option<String>| {
        let mut r = bed.http.post(&url).body(body);
        if let Some(s) = signature {
            r = r.header("X-Hub-Signature-256", s);
        }
        async move { r.send().await.unwrap().status().as_u16() }
    };
    let sig = sign(DEMO_APP_SECRET.as_bytes(), &good);
    assert_eq!(post(good.clone(), None).await, 401);
    assert_eq!(post(good.clone(), Some("sha256=00".into())).await, 401);
    assert_eq!(post(good.clone(), Some(sign(b"other", &good))).await, 401);
    let mut changed = good.clone();
    changed.push(b' ');
    assert_eq!(post(changed, Some(sig.clone())).await, 401);
    assert_eq!(post(good.clone(), Some(sig.clone())).await, 200);
    assert_eq!(post(good.clone(), Some(sig)).await, 200, "a repetition is acknowledged");
    let s = status(&bed).await;
    assert_eq!((s.bad_signatures, s.webhooks), (4, 2));
    let broken = b"{\"object\": oops".to_vec();
    let sig = sign(DEMO_APP_SECRET.as_bytes(), &broken);
    assert_eq!(post(broken, Some(sig)).await, 200);
    assert_eq!(status(&bed).await.failed_webhooks, 1, "kept as failed");
    let long = vec![b'x'; (4 << 20) + 1];
    let sig = sign(DEMO_APP_SECRET.as_bytes(), &long);
    assert_eq!(post(long, Some(sig)).await, 413);
    let r = Request::Threads { account: None, filter: ThreadFilter::default(), before: None, limit: 10 };
    let Response::Threads(page) = bed.client().await.ask(r).await.unwrap() else { panic!() };
    assert_eq!((page.items.len(), page.items[0].unread), (1, 1));
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_handshake_answers_the_right_token_only() {
    let bed = Bed::new(0.0, 1).await;
    let url = bed.engine.listener_url(&AccountId::new("support")).unwrap();
    let get = |url: String, token: &'static str| {
        let r = bed.http.get(url).query(&[
            ("hub.mode", "subscribe"),
            ("hub.challenge", "1729384756"),
            ("hub.verify_token", token),
        ]);
        async move {
            let a = r.send().await.unwrap();
            (a.status().as_u16(), a.text().await.unwrap())
        }
    };
    assert_eq!(get(url.clone(), "it-verify").await, (200, "1729384756".into()));
    assert_eq!(get(url.clone(), "wrong").await.0, 403);
    assert_eq!(get(format!("{url}0"), "it-verify").await.0, 404);
    bed.stop().await;
}

/// A body that stops one byte before its end; dropping it ends it.
async fn held(url: &str, body: &[u8]) -> tokio::net::TcpStream {
    use tokio::io::AsyncWriteExt;
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
    let head = format!("POST /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&body[..body.len() - 1]).await.unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_much_at_once_is_told_to_come_again_and_short_ones_still_get_in() {
    let bed = Bed::new(0.0, 1).await;
    let url = bed.engine.listener_url(&AccountId::new("support")).unwrap();
    let post = async |body: Vec<u8>| {
        let signature = sign(DEMO_APP_SECRET.as_bytes(), &body);
        let answer = bed.http.post(&url).header("X-Hub-Signature-256", signature).body(body).send().await;
        let answer = answer.unwrap();
        (answer.status().as_u16(), answer.headers().get("retry-after").cloned())
    };
    // Valid, and long because of blanks.
    let long = [body("wamid.LONG"), vec![b' '; 3 << 20]].concat();
    let mut open = Vec::new();
    for _ in 0..11 {
        open.push(held(&url, &long).await);
    }
    crate::common::eventually("there is no room", || async {
        let (status, wait) = post(long.clone()).await;
        assert!(status == 200 || wait.is_some(), "{status}");
        (status == 503).then_some(())
    })
    .await;
    assert_eq!(post(body("wamid.SHORT")).await.0, 200, "a short one needs no room");
    drop(open);
    let mut open = Vec::new();
    for _ in 0..512 {
        open.push(held(&url, &body("wamid.HELD")).await);
    }
    // Those that were there first are given up after a while: on a slow machine more have to come.
    let start = std::time::Instant::now();
    while post(body("wamid.SHORT")).await.0 != 503 {
        assert!(start.elapsed() < crate::common::DEADLINE, "there is always a place");
        open.push(held(&url, &body("wamid.HELD")).await);
    }
    drop(open);
    crate::common::eventually("there is room again", || async {
        (post(long.clone()).await.0 == 200).then_some(())
    })
    .await;
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_can_sign_for_one_account_cannot_write_into_another() {
    let dir = crate::common::private_dir();
    let mut settings = crate::common::settings(dir.path(), "http://127.0.0.1:9", 2);
    settings.background = false;
    settings.accounts[1].app_secret = "another app".to_owned().into();
    let engine = switchboard::engine::Engine::start(settings.clone(), switchboard::clock::Clock::system())
        .await
        .unwrap();
    let listener = switchboard::webhook::Listener::start(&engine, &settings.listener).await.unwrap();
    let url = engine.listener_url(&AccountId::new("support")).unwrap();
    let http = switchboard::provider::http::client(true, std::time::Duration::from_secs(5)).unwrap();
    for (number, threads) in [(DEMO_NUMBERS[1], 0), (DEMO_NUMBERS[0], 1)] {
        let body = String::from_utf8(body("wamid.X1")).unwrap().replace(DEMO_NUMBERS[0], number).into_bytes();
        let sig = sign(DEMO_APP_SECRET.as_bytes(), &body);
        let status =
            http.post(&url).header("X-Hub-Signature-256", sig).body(body).send().await.unwrap().status();
        assert_eq!(status.as_u16(), 200, "kept, so that it can be looked at");
        let mut c = switchboard::protocol::client::Client::new(engine.connect(&ClientInfo::inside("ana")));
        let r = Request::Threads { account: None, filter: ThreadFilter::default(), before: None, limit: 10 };
        let Response::Threads(page) = c.ask(r).await.unwrap() else { panic!() };
        assert_eq!(page.items.len(), threads, "{number}");
    }
    listener.stop().await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_updates_of_every_shape_in_one_post_twice() {
    let bed = Bed::new(0.0, 1).await;
    let url = bed.engine.listener_url(&AccountId::new("support")).unwrap();
    let metadata = json!({"display_phone_number":"15550102030","phone_number_id":DEMO_NUMBERS[0]});
    let mut messages: Vec<serde_json::Value> = (0..990)
        .map(|i| {
            json!({"from": format!("4477009{:05}", i % 30), "id": format!("wamid.K{i}"), "timestamp": format!("{}", 1_795_176_009 + i),
                   "type":"text","text":{"body":format!("message {i}")}})
        })
        .collect();
    // One that names nobody is poison; one without `from`, and one of a kind that is not known, are not.
    messages[500] = json!({"id":"wamid.POISON","timestamp":"1795176009","type":"text","text":{"body":"?"}});
    messages[501] = json!({"from_user_id":"GB.9","id":"wamid.HIDDEN","timestamp":"1795176009","type":"text","text":{"body":"no number"}});
    messages[502] = json!({"from":"447700900000","id":"wamid.NEW","timestamp":"1795176009","type":"hologram","hologram":{"body":"wave"}});
    let statuses: Vec<serde_json::Value> = ["read", "delivered", "sent", "held"]
        .iter()
        .map(
            |s| json!({"id":"wamid.NEVER","status":s,"timestamp":"1795176050","recipient_id":"447700900001"}),
        )
        .collect();
    let body = json!({"object":"whatsapp_business_account","entry":[
        {"id":"1","changes":[{"field":"messages","value":{"messaging_product":"whatsapp","metadata":metadata,"messages":messages,"statuses":statuses}}]},
        {"id":switchboard::emulator::DEMO_ACCOUNT,"time":1_795_176_200,"changes":[
            {"field":"message_template_status_update","value":{"event":"PAUSED","message_template_id":77,"message_template_name":"from_a_webhook","message_template_language":"en_GB","reason":"NONE"}},
            {"field":"account_update","value":{"event":"VERIFIED_ACCOUNT"}},
            {"field":"automatic_events","value":{"x":1}}
        ]}
    ]})
    .to_string()
    .into_bytes();
    let sig = sign(DEMO_APP_SECRET.as_bytes(), &body);
    for _ in 0..2 {
        let r =
            bed.http.post(&url).header("X-Hub-Signature-256", &sig).body(body.clone()).send().await.unwrap();
        assert_eq!(r.status().as_u16(), 200);
    }
    let mut c = bed.client().await;
    let Response::Accounts(accounts) = c.ask(Request::Accounts).await.unwrap() else { panic!() };
    // 990 messages but the poison one, each once.
    assert_eq!((accounts[0].unread, accounts[0].threads), (989, 31));
    let s = status(&bed).await;
    assert_eq!(s.failed_webhooks, 2, "each POST is kept as partly applied");
    let told: Vec<&str> = s.notices.iter().map(|n| n.text.as_str()).collect();
    for what in ["held", "automatic_events", "verified account", "from_a_webhook"] {
        assert_eq!(told.iter().filter(|t| t.contains(what)).count(), 1, "{what} in {told:?}");
    }
    let r = Request::Search {
        text: "\"no number\"".into(),
        zone: None,
        account: None,
        thread: None,
        before: None,
        limit: 5,
    };
    let Response::Found(found) = c.ask(r).await.unwrap() else { panic!() };
    assert_eq!(found.hits.items.len(), 1);
    let Response::Templates(list) =
        c.ask(Request::Templates { account: AccountId::new("support") }).await.unwrap()
    else {
        panic!()
    };
    assert!(list.iter().any(|t| t.name == "from_a_webhook" && t.status == "PAUSED"));
    bed.stop().await;
}
