//! The customers of the demonstration: hidden numbers, failures, pressed buttons, callbacks of one number.

use super::*;

fn demo() -> EmulatorOptions {
    EmulatorOptions { speed: 300.0, ..EmulatorOptions::demo().unwrap() }
}

fn person(key: &str) -> crate::emulator::Customer {
    demo().scenario.customers.into_iter().find(|c| c.key == key).unwrap()
}

fn hello() -> Value {
    json!({ "type": "text", "text": { "body": "Hello" } })
}

/// The states of a send once `last` was reported.
async fn states(inbox: &Inbox, id: &str, last: &str) -> Vec<Value> {
    until(last, || Some(inbox.statuses(id)).filter(|all| all.iter().any(|s| s["status"] == last))).await
}

async fn playing(options: EmulatorOptions) -> (Inbox, Emulator, Client) {
    let history = super::told(&options);
    let (inbox, url) = Inbox::start().await;
    let (emulator, client) = start(options).await;
    client.subscribe(&url).await;
    until("the history", || Some(()).filter(|()| inbox.items("messages").len() >= history)).await;
    (inbox, emulator, client)
}

#[tokio::test]
async fn hidden_phone_never_shows() {
    let (inbox, _emulator, client) = playing(demo()).await;
    let zoe = person("zoe");
    let send = json!({ "messaging_product": "whatsapp", "recipient": zoe.bsuid, "type": "text",
        "text": { "body": "Hello" } });
    let (status, answer) = client.post(&format!("/v25.0/{SUPPORT}/messages"), send).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["contacts"][0], json!({ "input": zoe.bsuid, "user_id": zoe.bsuid }));
    let all = states(&inbox, &wamid(&answer), "read").await;
    assert!(all.iter().all(|s| s["recipient_user_id"] == zoe.bsuid && s.get("recipient_id").is_none()));
    let own: Vec<Value> =
        inbox.items("messages").into_iter().filter(|m| m["from_user_id"] == zoe.bsuid).collect();
    assert!(own.len() >= zoe.history.len());
    for post in inbox.posts() {
        let body: Value = serde_json::from_slice(&post.body).unwrap();
        assert!(!body.to_string().contains(&zoe.phone), "{body}");
    }
}

#[tokio::test]
async fn failing_customers_fail_with_their_code() {
    let (inbox, _emulator, client) = playing(demo()).await;
    let sales = format!("/v25.0/{}/messages", DEMO_NUMBERS[1]);
    let envelope = |to: &str, rest: Value| {
        let mut body = json!({ "messaging_product": "whatsapp", "to": format!("+{to}") });
        body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        body
    };
    for (key, code) in [("nadia", 131_026), ("omar", 131_047)] {
        let (_, answer) = client.post(&sales, envelope(&person(key).phone, hello())).await;
        let all = states(&inbox, &wamid(&answer), "failed").await;
        assert_eq!(all.len(), 1);
        assert_eq!(all[0]["errors"][0]["code"], code, "{key}");
    }
    let name = json!([{ "type": "body", "parameters": [{ "type": "text", "text": "Omar" }] }]);
    let follow_up = template("conversation_follow_up", "en", name);
    let (_, answer) = client.post(&sales, envelope(&person("omar").phone, follow_up)).await;
    states(&inbox, &wamid(&answer), "read").await;
}

#[tokio::test]
async fn closed_customer_reads_a_template_and_presses_its_quick_reply() {
    let (inbox, _emulator, client) = playing(demo()).await;
    let to = format!("+{}", person("tom").phone);
    let (_, refused) = client.send(&to, hello()).await;
    let failed = states(&inbox, &wamid(&refused), "failed").await;
    assert_eq!(failed[0]["errors"][0]["code"], 131_047);
    let components = json!([
        { "type": "body", "parameters": [{ "type": "text", "text": "Tom" }] },
        { "type": "button", "sub_type": "quick_reply", "index": 0,
          "parameters": [{ "type": "payload", "payload": "go-on" }] },
    ]);
    let (_, sent) = client.send(&to, template("conversation_follow_up", "en", components)).await;
    let id = wamid(&sent);
    let all = states(&inbox, &id, "read").await;
    assert_eq!(
        all[0]["pricing"],
        json!({ "billable": true, "pricing_model": "PMP", "type": "regular", "category": "utility" })
    );
    let pressed = until("the quick reply", || {
        inbox
            .items("messages")
            .into_iter()
            .find(|m| m["type"] == "button" && m["context"]["id"] == id.as_str())
    })
    .await;
    assert_eq!(pressed["button"], json!({ "payload": "go-on", "text": "Yes, please" }));
    let (_, free) = client.send(&to, hello()).await;
    states(&inbox, &wamid(&free), "read").await;
}

#[tokio::test]
async fn list_rows_are_pressed_and_texts_are_answered_in_turn() {
    let (inbox, _emulator, client) = playing(demo()).await;
    let jonas = person("jonas");
    let to = format!("+{}", jonas.phone);
    let list = json!({ "type": "interactive", "interactive": {
        "type": "list", "body": { "text": "Plan?" },
        "action": { "button": "Show", "sections": [{ "rows": [
            { "id": "plan-full", "title": "Full", "description": "Four checks" },
        ]}]},
    }});
    let (_, sent) = client.send(&to, list).await;
    let id = wamid(&sent);
    let answer_to = |id: String| {
        let inbox = inbox.clone();
        move || inbox.items("messages").into_iter().find(|m| m["context"]["id"] == id.as_str())
    };
    let pressed = until("the row", answer_to(id)).await;
    let row = json!({ "id": "plan-full", "title": "Full", "description": "Four checks" });
    assert_eq!(pressed["interactive"], json!({ "type": "list_reply", "list_reply": row }));
    let first = jonas.replies[0].text.clone().unwrap();
    let second = jonas.replies[1].text.clone().unwrap();
    client.send(&to, hello()).await;
    until("the first reply", || inbox.items("messages").into_iter().find(|m| m["text"]["body"] == first))
        .await;
    let (_, sent) = client.send(&to, hello()).await;
    let quoting = until("the second reply", answer_to(wamid(&sent))).await;
    assert_eq!(quoting["text"]["body"], second);
}

#[tokio::test]
async fn two_sends_in_a_row_get_one_answer() {
    // The clock stands still between the sends, so the answer cannot come before the second one.
    let clock = crate::clock::Clock::manual(1_800_000_000_000);
    let options = EmulatorOptions { clock: clock.clone(), speed: 1.0, ..demo() };
    let (inbox, _emulator, client) = playing(options).await;
    let wang = person("wang");
    let to = format!("+{}", wang.phone);
    client.send(&to, hello()).await;
    client.send(&to, hello()).await;
    clock.advance(60_000);
    let said = || {
        let replies: Vec<&str> = wang.replies.iter().filter_map(|l| l.text.as_deref()).collect();
        let all = inbox.items("messages");
        all.iter().filter(|m| m["text"]["body"].as_str().is_some_and(|t| replies.contains(&t))).count()
    };
    until("an answer", || Some(()).filter(|()| said() > 0)).await;
    let marker = guest(&client, "447700900199").await;
    until("the marker", || inbox.items("messages").into_iter().find(|m| m["id"] == marker.as_str())).await;
    assert_eq!(said(), 1);
}

#[tokio::test]
async fn nothing_is_played_at_speed_0_until_the_speed_is_raised() {
    let (inbox, url) = Inbox::start().await;
    let (_emulator, client) = start(EmulatorOptions { speed: 0.0, ..demo() }).await;
    client.subscribe(&url).await;
    let marker = guest(&client, "447700900199").await;
    until("the marker", || Some(()).filter(|()| !inbox.items("messages").is_empty())).await;
    assert_eq!(inbox.items("messages")[0]["id"], marker.as_str());
    assert_eq!(client.get("/control/state").await.1["planned"], 0);
    client.post("/control/speed", json!({ "speed": 100 })).await;
    until("the history", || Some(()).filter(|()| inbox.items("messages").len() > 20)).await;
}

#[tokio::test]
async fn callback_of_one_number_wins_over_the_account() {
    let (of_account, account_url) = Inbox::start().await;
    let (of_number, number_url) = Inbox::start().await;
    let (_emulator, client) = start(quiet()).await;
    client.subscribe(&account_url).await;
    let sales = DEMO_NUMBERS[1];
    let configuration = json!({ "webhook_configuration": {
        "override_callback_uri": number_url, "verify_token": VERIFY,
    }});
    let (status, answer) = client.post(&format!("/v25.0/{sales}"), configuration).await;
    assert_eq!((status, &answer["success"]), (200, &json!(true)));
    let (_, shown) = client.get(&format!("/v25.0/{sales}?fields=webhook_configuration")).await;
    assert_eq!(shown["webhook_configuration"]["phone_number"], number_url);
    for number in [SUPPORT, sales] {
        let say = json!({ "customer": "447700900199", "text": number, "number": number });
        client.post("/control/say", say).await;
    }
    let at_number = until("the number's", || of_number.items("messages").first().cloned()).await;
    let at_account = until("the account's", || of_account.items("messages").first().cloned()).await;
    assert_eq!((&at_number["text"]["body"], &at_account["text"]["body"]), (&json!(sales), &json!(SUPPORT)));
    assert_eq!(of_account.posts().len(), 1);
}

#[tokio::test]
async fn sandbox_number_sends_to_known_people_only() {
    let (_emulator, client) = start(quiet()).await;
    let path = format!("/v25.0/{}/messages", DEMO_NUMBERS[2]);
    let to = |phone: &str| json!({ "messaging_product": "whatsapp", "to": phone, "type": "text", "text": { "body": "Oi" } });
    let (_, refused) = client.post(&path, to("+447700900777")).await;
    assert_eq!(refused["error"]["code"], 131_030);
    assert_eq!(client.post(&path, to(&format!("+{}", person("joao").phone))).await.0, 200);
}

#[tokio::test]
async fn login_codes_need_a_phone_number() {
    let (_emulator, client) = start(quiet()).await;
    let code = json!([
        { "type": "body", "parameters": [{ "type": "text", "text": "482913" }] },
        { "type": "button", "sub_type": "url", "index": "0",
          "parameters": [{ "type": "text", "text": "482913" }] },
    ]);
    let mut send = template("login_code", "en", code);
    assert_eq!(client.send("+447700900123", send.clone()).await.0, 200);
    send["messaging_product"] = json!("whatsapp");
    send["recipient"] = json!(person("zoe").bsuid);
    let (_, refused) = client.post(&format!("/v25.0/{SUPPORT}/messages"), send).await;
    assert_eq!(refused["error"]["code"], 131_062);
}

#[tokio::test]
async fn reactions_are_only_sent_and_need_a_known_target() {
    let (inbox, url) = Inbox::start().await;
    let (_emulator, client) = start(quiet()).await;
    client.subscribe(&url).await;
    let target = guest(&client, "447700900199").await;
    let react = |id: &str, emoji: &str| json!({ "type": "reaction", "reaction": { "message_id": id, "emoji": emoji } });
    let (_, good) = client.send("+447700900199", react(&target, "👩🏽‍🦱")).await;
    let (_, lost) = client.send("+447700900199", react("wamid.NONE", "👍")).await;
    let failed = states(&inbox, &wamid(&lost), "failed").await;
    assert_eq!(failed[0]["errors"][0]["code"], 131_009);
    let all = inbox.statuses(&wamid(&good));
    assert_eq!((all.len(), &all[0]["status"]), (1, &json!("sent")));
    assert_eq!(client.refused("+447700900199", react(&target, "ok")).await.0, 131_009);
}

#[tokio::test]
async fn forms_are_understood_as_well_as_json() {
    let (inbox, url) = Inbox::start().await;
    let (_emulator, client) = start(quiet()).await;
    client.subscribe(&url).await;
    guest(&client, "447700900199").await;
    let form = "messaging_product=whatsapp&to=%2B447700900199&type=text&text=%7B%22body%22%3A%22a+b%22%7D";
    let answer = client
        .http
        .post(format!("{}/{SUPPORT}/messages", client.base))
        .bearer_auth(DEMO_ACCESS_TOKEN)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form)
        .send()
        .await
        .unwrap();
    let answer: Value = answer.json().await.unwrap();
    states(&inbox, &wamid(&answer), "read").await;
    assert_eq!(client.get("/control/messages").await.1["messages"][0]["body"]["text"]["body"], "a b");
    let broken = client
        .http
        .post(format!("{}/{SUPPORT}/messages", client.base))
        .bearer_auth(DEMO_ACCESS_TOKEN)
        .body("{")
        .send()
        .await
        .unwrap();
    assert_eq!(broken.status().as_u16(), 400);
}

#[tokio::test]
async fn voice_notes_are_played_after_they_are_read() {
    let (inbox, url) = Inbox::start().await;
    let (_emulator, client) = start(quiet()).await;
    client.subscribe(&url).await;
    guest(&client, "447700900199").await;
    let id = super::media::handed_over(&client, "note.ogg", "audio/ogg", b"OggS").await;
    let voice = json!({ "type": "audio", "audio": { "id": id, "voice": true } });
    let (_, sent) = client.send("+447700900199", voice).await;
    let all = states(&inbox, &wamid(&sent), "played").await;
    let names: Vec<&str> = all.iter().map(|s| s["status"].as_str().unwrap()).collect();
    assert_eq!(names, ["sent", "delivered", "read", "played"]);
}

#[tokio::test]
async fn delivery_events_are_listed_by_message() {
    let (inbox, url) = Inbox::start().await;
    let (_emulator, client) = start(quiet()).await;
    client.subscribe(&url).await;
    guest(&client, "447700900199").await;
    let (_, sent) = client.send("+447700900199", hello()).await;
    let id = wamid(&sent);
    states(&inbox, &id, "read").await;
    let query = [("message_id", id.as_str())];
    let answer = client
        .http
        .get(format!("{}/v25.0/{SUPPORT}/message_history", client.base))
        .query(&query)
        .bearer_auth(DEMO_ACCESS_TOKEN)
        .send()
        .await
        .unwrap();
    let answer: Value = answer.json().await.unwrap();
    let events = answer["data"][0]["events"]["data"].as_array().unwrap();
    let states: Vec<&str> = events.iter().map(|e| e["delivery_status"].as_str().unwrap()).collect();
    assert_eq!(states, ["SENT", "DELIVERED", "READ"]);
}
