//! Time and place: the window's end, changed speed, who may use the control API, an address in use.

use super::*;
use crate::clock::Clock;
use crate::emulator::server::Call;
use crate::emulator::{EmulatorError, control};

const HOUR: i64 = 3_600_000;

fn hello() -> Value {
    json!({ "type": "text", "text": { "body": "Hello" } })
}

#[tokio::test]
async fn window_ends_24_hours_after_the_last_message() {
    let clock = Clock::manual(1_800_000_000_000);
    let (inbox, url) = Inbox::start().await;
    let (_emulator, client) = start(EmulatorOptions { clock: clock.clone(), ..quiet() }).await;
    client.subscribe(&url).await;
    let first_state = async |hours: i64| {
        clock.advance(hours * HOUR);
        let id = wamid(&client.send("+447700900199", hello()).await.1);
        until("a state", || inbox.statuses(&id).first().map(|s| s["status"].clone())).await
    };
    guest(&client, "447700900199").await;
    assert_eq!(first_state(23).await, "sent");
    assert_eq!(first_state(1).await, "failed");
    guest(&client, "447700900199").await;
    assert_eq!(first_state(0).await, "sent");
}

#[tokio::test]
async fn raised_speed_brings_forward_what_is_planned() {
    let (inbox, url) = Inbox::start().await;
    let (_emulator, client) = start(EmulatorOptions { speed: 0.000_1, ..quiet() }).await;
    client.subscribe(&url).await;
    guest(&client, "447700900199").await;
    let id = wamid(&client.send("+447700900199", hello()).await.1);
    until("the plan", || Some(()).filter(|()| !inbox.items("messages").is_empty())).await;
    assert_eq!(inbox.statuses(&id), Vec::<Value>::new());
    assert_eq!(client.post("/control/speed", json!({ "speed": 1000 })).await.1["speed"], 1000.0);
    until("the states", || Some(()).filter(|()| inbox.statuses(&id).len() == 3)).await;
    assert_eq!(client.post("/control/speed", json!({ "speed": -1 })).await.0, 400);
}

#[tokio::test]
async fn control_answers_on_this_machine_only() {
    let (emulator, _client) = start(quiet()).await;
    let call = Call {
        method: Method::GET,
        path: vec!["control".into(), "state".into()],
        query: HashMap::new(),
        body: Value::Null,
        token: Some(DEMO_ACCESS_TOKEN.into()),
        upload: None,
        piece: None,
    };
    let from = |peer: &str| control::answer(&emulator.core, peer.parse().unwrap(), &call).0;
    assert_eq!(from("192.0.2.7:40000"), 403);
    assert_eq!(from("127.0.0.1:40000"), 200);
}

#[tokio::test]
async fn address_in_use_is_told_with_the_address() {
    let (emulator, _client) = start(quiet()).await;
    let error = Emulator::start(EmulatorOptions { bind: emulator.addr(), ..quiet() }).await.unwrap_err();
    assert!(matches!(error, EmulatorError::Bind { .. }));
    assert!(error.to_string().contains(&emulator.addr().to_string()), "{error}");
}
