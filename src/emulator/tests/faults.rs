//! What goes wrong on purpose, as a client that knows nothing but HTTP meets it.

use super::*;

async fn broken(faults: &str) -> (Emulator, Client) {
    start(EmulatorOptions { faults: Some(faults.into()), ..quiet() }).await
}

/// A send with its raw outcome: status, headers and text, or the words of the error.
async fn raw_send(client: &Client) -> Result<(u16, HeaderMap, String), String> {
    let body = json!({ "messaging_product": "whatsapp", "to": "+447700900199", "type": "text", "text": { "body": "Hi" } });
    let url = format!("{}/v25.0/{SUPPORT}/messages", client.base);
    let request = client.http.post(url).bearer_auth(DEMO_ACCESS_TOKEN).json(&body);
    let words = |e: reqwest::Error| {
        let mut text = format!("{e}");
        let mut source = std::error::Error::source(&e);
        while let Some(s) = source {
            text = format!("{text}: {s}");
            source = s.source();
        }
        text
    };
    let answer = request.send().await.map_err(words)?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Ok((status, headers, answer.text().await.map_err(words)?))
}

async fn accepted(client: &Client) -> u64 {
    client.get("/control/state").await.1["counts"]["accepted"].as_u64().unwrap()
}

async fn set(client: &Client, rules: &str) {
    let (status, answer) = client.post("/control/faults", json!({ "set": rules })).await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test]
async fn calls_that_are_not_carried_out() {
    let (_emulator, client) = start(quiet()).await;
    guest(&client, "447700900199").await;
    set(&client, "429").await;
    let (mut plain, mut envelope) = (0, 0);
    for _ in 0..20 {
        let (status, headers, text) = raw_send(&client).await.unwrap();
        assert!(status == 429 && !headers.contains_key("retry-after"));
        *(if text.contains("\"code\":4,") { &mut envelope } else { &mut plain }) += 1;
    }
    assert!(plain > 0 && envelope > 0, "both forms: {plain} {envelope}");
    set(&client, "429:7s").await;
    assert_eq!(raw_send(&client).await.unwrap().1["retry-after"], "7");
    for (code, http) in [(130_429, 400), (131_056, 400), (80_007, 400), (4, 400), (131_000, 500)] {
        set(&client, &format!("error:{code}")).await;
        let (status, _, text) = raw_send(&client).await.unwrap();
        let body: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((status, &body["error"]["code"]), (http, &json!(code)), "{text}");
    }
    set(&client, "5xx").await;
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..40 {
        let (status, _, text) = raw_send(&client).await.unwrap();
        seen.insert((status, text.is_empty()));
        assert!(text.is_empty() || text.starts_with("<!DOCTYPE html>"), "{text}");
    }
    assert_eq!(seen.len(), 6, "500, 502 and 503, with a page and empty: {seen:?}");
    set(&client, "cut").await;
    assert!(raw_send(&client).await.unwrap_err().contains("closed"));
    set(&client, "reset").await;
    let words = raw_send(&client).await.unwrap_err();
    assert!(words.contains("reset"), "{words}");
    assert_eq!(accepted(&client).await, 0);
    let (_, state) = client.get("/control/state").await;
    assert_eq!(
        state["faults"],
        json!({ "429": 21, "error": 5, "5xx": 40, "cut": 1, "reset": 1 }),
        "each is counted"
    );
    client.post("/control/faults", json!({ "clear": true })).await;
    assert_eq!(raw_send(&client).await.unwrap().0, 200);
}

#[tokio::test]
async fn calls_that_are_carried_out_although_the_answer_is_lost() {
    let (_emulator, client) = start(quiet()).await;
    guest(&client, "447700900199").await;
    set(&client, "5xx-after:503=1x").await;
    assert_eq!(raw_send(&client).await.unwrap().0, 503);
    set(&client, "cut-after=1x").await;
    assert!(raw_send(&client).await.unwrap_err().contains("closed"));
    set(&client, "reset-after=1x").await;
    assert!(raw_send(&client).await.unwrap_err().contains("reset"));
    set(&client, "broken-off=1x").await;
    raw_send(&client).await.unwrap_err();
    set(&client, "truncated=1x").await;
    let (status, _, text) = raw_send(&client).await.unwrap();
    assert!(status == 200 && serde_json::from_str::<Value>(&text).is_err() && !text.is_empty(), "{text}");
    set(&client, "content-type=1x").await;
    let (status, headers, text) = raw_send(&client).await.unwrap();
    assert!(status == 200 && headers["content-type"] == "text/html" && text.contains("wamid"), "{text}");
    set(&client, "odd-answer=1x").await;
    let text = raw_send(&client).await.unwrap().2;
    let body: Value = serde_json::from_str(&text).unwrap();
    assert!(body["contacts"][0]["wa_id"].is_u64() && body["x_never_seen"].is_object(), "{text}");
    for slow in ["slow:20ms=1x", "trickle:40ms=1x"] {
        set(&client, slow).await;
        let text = raw_send(&client).await.unwrap().2;
        assert!(serde_json::from_str::<Value>(&text).unwrap()["messages"][0]["id"].is_string(), "{slow}");
    }
    assert_eq!(accepted(&client).await, 9);
    let (_, shown) = client.get("/control/faults").await;
    let last = shown["last"].as_array().unwrap();
    let ids: Vec<String> = last.iter().map(|l| l["message"].as_str().unwrap().to_owned()).collect();
    let (_, messages) = client.get("/control/messages").await;
    let taken: Vec<String> = messages["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["wamid"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids, taken, "the log says which message each fault was about");
    assert!(last.iter().all(|l| l["carried_out"] == true));
}

#[tokio::test]
async fn tokens_expire_after_calls_and_lists_go_round_in_circles() {
    let (_emulator, client) = broken("expired:2,paging-loop@templates").await;
    let path = format!("/v25.0/{DEMO_ACCOUNT}/message_templates?limit=5");
    let (_, first) = client.get(&path).await;
    let after = first["paging"]["cursors"]["after"].as_str().unwrap().to_owned();
    assert!(first["paging"]["next"].is_string());
    let (_, second) = client.get(&format!("{path}&after={after}")).await;
    assert_eq!(second["paging"]["cursors"]["after"], after.as_str(), "the same page again");
    let (status, third) = client.get(&path).await;
    assert_eq!((status, &third["error"]["code"]), (401, &json!(190)));
    assert_eq!(third["error"]["error_subcode"], 463);
    client.post("/control/faults", json!({ "clear": true })).await;
    assert_eq!(client.get(&path).await.0, 200);
    for wrong in [json!({}), json!({ "set": "x" }), json!({ "set": "cut", "add": "cut" })] {
        let (status, answer) = client.post("/control/faults", wrong).await;
        assert!(status == 400 && answer["error"].is_string(), "{answer}");
    }
    assert!(Emulator::start(EmulatorOptions { faults: Some("nothing".into()), ..quiet() }).await.is_err());
}

#[tokio::test]
async fn webhooks_come_twice_late_never_and_with_strange_things() {
    let (inbox, url) = Inbox::start().await;
    let (_emulator, client) = start(EmulatorOptions { speed: 0.0, ..quiet() }).await;
    client.subscribe(&url).await;
    let say = async |text: &str| {
        let body = json!({ "customer": "447700900199", "name": "Guest", "text": text });
        client.post("/control/say", body).await.1["wamid"].as_str().unwrap().to_owned()
    };
    let ids = |inbox: &Inbox| -> Vec<String> {
        inbox.items("messages").iter().filter_map(|m| m["id"].as_str().map(str::to_owned)).collect()
    };
    set(&client, "duplicate=1x").await;
    let twice = say("twice").await;
    until("both", || (ids(&inbox).iter().filter(|i| **i == twice).count() == 2).then_some(())).await;
    set(&client, "drop=1x").await;
    let never = say("never").await;
    set(&client, "delay:300ms=1x").await;
    let late = say("late").await;
    let soon = say("soon").await;
    until("the late one", || ids(&inbox).contains(&late).then_some(())).await;
    let seen = ids(&inbox);
    assert!(!seen.contains(&never));
    let place = |id: &String| seen.iter().position(|i| i == id);
    assert!(place(&soon) < place(&late), "it was overtaken");
    set(&client, "unknown-message=1x,unknown-field=1x").await;
    let strange = say("strange").await;
    let post = until("the strange one", || {
        let text = |p: &Post| String::from_utf8_lossy(&p.body).into_owned();
        inbox.posts().iter().map(text).find(|t| t.contains(&strange))
    })
    .await;
    assert!(post.contains("hologram") && post.contains("quantum_updates") && post.contains("x_region"));
    set(&client, "odd-webhook=1x").await;
    let odd = say("odd").await;
    let odd = until("the odd one", || inbox.items("messages").into_iter().find(|m| m["id"] == odd)).await;
    assert!(odd["timestamp"].is_u64() && odd["from"].is_u64() && odd["text"]["body"] == "odd", "{odd}");
    set(&client, "bad-signature=1x").await;
    let signed = say("signed").await;
    until("both copies", || (ids(&inbox).iter().filter(|i| **i == signed).count() == 2).then_some(())).await;
    let good: Vec<bool> = inbox
        .posts()
        .iter()
        .filter(|p| String::from_utf8_lossy(&p.body).contains(&signed))
        .map(|p| p.signature == wire::signature(DEMO_APP_SECRET, &p.body))
        .collect();
    assert_eq!(good, [false, true]);
    // The receiver here takes everything, and the emulator says so.
    assert_eq!(client.get("/control/state").await.1["counts"]["forged_taken"], 1);
    set(&client, "unknown-status@statuses=1x,drop@statuses@+447700900199=0.0").await;
    let (_, answer) = client.send("+447700900199", json!({ "type": "text", "text": { "body": "Hi" } })).await;
    let id = wamid(&answer);
    until("all states", || (inbox.statuses(&id).len() == 4).then_some(())).await;
    assert!(inbox.statuses(&id).iter().any(|s| s["status"] == "teleported"));
    let (_, messages) = client.get("/control/messages").await;
    let statuses = messages["messages"][0]["statuses"].as_array().unwrap();
    assert!(statuses.iter().take(2).all(|s| s["told"] == true), "{statuses:?}");
}
