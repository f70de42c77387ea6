//! Profile pictures, ice breakers, short links, registration: over HTTP, as the documentation has it.

use super::*;
use crate::emulator::{DEMO_CODE, DEMO_PIN};

const APP: &str = "771200345600781";

async fn app(client: &Client) -> String {
    let (_, token) = client.get(&format!("/v25.0/debug_token?input_token={DEMO_ACCESS_TOKEN}")).await;
    token["data"]["app_id"].as_str().unwrap_or(APP).to_owned()
}

async fn bytes(client: &Client, session: &str, offset: usize, bytes: &[u8]) -> (u16, Value) {
    let answer = client
        .http
        .post(format!("{}/v25.0/{session}", client.base))
        .header("authorization", format!("OAuth {DEMO_ACCESS_TOKEN}"))
        .header("file_offset", offset.to_string())
        .body(bytes.to_vec())
        .send()
        .await
        .unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn a_profile_picture_comes_by_a_resumable_upload() {
    let (_emulator, client) = start(quiet()).await;
    let app = app(&client).await;
    let uploads = format!("/v25.0/{app}/uploads?file_name=p.png&file_length=12&file_type=image/png");
    let (_, made) = client.post(&uploads, json!(null)).await;
    let session = made["id"].as_str().unwrap().to_owned();
    assert!(session.starts_with("upload:"), "{made}");
    let (status, odd) = bytes(&client, &session, 5, b"whatever").await;
    assert_eq!((status, &odd["error"]["code"]), (400, &json!(100)), "an offset that does not match: {odd}");
    let (_, half) = bytes(&client, &session, 0, b"\x89PNG\r\n\x1a\n").await;
    assert_eq!(half["file_offset"], 8);
    assert_eq!(client.get(&format!("/v25.0/{session}")).await.1["file_offset"], 8);
    let (_, whole) = bytes(&client, &session, 8, b"rest").await;
    let handle = whole["h"].as_str().unwrap();
    let profile = format!("/v25.0/{SUPPORT}/whatsapp_business_profile");
    let shown = format!("{profile}?fields=profile_picture_url");
    let (_, before) = client.get(&shown).await;
    let set = |handle: &str| json!({ "messaging_product": "whatsapp", "profile_picture_handle": handle });
    assert_eq!(client.post(&profile, set("4::none")).await.1["error"]["code"], 100);
    assert_eq!(client.get(&shown).await.1, before);
    assert_eq!(client.post(&profile, set(handle)).await.1["success"], true);
    let (_, after) = client.get(&shown).await;
    assert!(after["data"][0]["profile_picture_url"].as_str().unwrap().starts_with("https://"));
    let wrong = format!("/v25.0/{app}/uploads?file_name=p&file_length=4&file_type=text/html");
    assert_eq!(client.post(&wrong, json!(null)).await.0, 400);
    assert_eq!(client.get("/v25.0/upload:bm9uZQ==").await.1["error"]["error_subcode"], 33);
}

#[tokio::test]
async fn ice_breakers_and_commands_are_kept_within_their_limits() {
    let (_emulator, client) = start(quiet()).await;
    let path = format!("/v25.0/{SUPPORT}/conversational_automation");
    let read = format!("/v25.0/{SUPPORT}?fields=conversational_automation");
    assert!(client.get(&read).await.1["conversational_automation"].is_null());
    let commands = json!([{ "command_name": "ticket", "command_description": "Look up a repair" }]);
    let (_, set) = client.post(&path, json!({ "prompts": ["Opening hours"], "commands": commands })).await;
    assert_eq!(set["success"], true, "{set}");
    client.post(&path, json!({ "prompts": [] })).await;
    let (_, now) = client.get(&read).await;
    assert_eq!(now["conversational_automation"], json!({ "prompts": [], "commands": commands }));
    for bad in [
        json!({ "prompts": ["a", "b", "c", "d", "e"] }),
        json!({ "prompts": ["x".repeat(81)] }),
        json!({ "commands": [{ "command_name": "x".repeat(33), "command_description": "y" }] }),
        json!({ "commands": [{ "command_name": "x" }] }),
    ] {
        assert_eq!(client.post(&path, bad.clone()).await.1["error"]["code"], 100, "{bad}");
    }
    assert_eq!(client.get(&read).await.1, now);
}

#[tokio::test]
async fn short_links_are_made_changed_listed_and_deleted() {
    let (_emulator, client) = start(quiet()).await;
    let path = format!("/v25.0/{SUPPORT}/message_qrdls");
    let (_, made) =
        client.post(&path, json!({ "prefilled_message": "Hi", "generate_qr_image": "PNG" })).await;
    let code = made["code"].as_str().unwrap().to_owned();
    assert_eq!(code.len(), 14);
    assert_eq!(made["deep_link_url"], format!("https://wa.me/message/{code}"));
    assert!(made["qr_image_url"].is_string());
    let (_, changed) = client.post(&path, json!({ "code": code, "prefilled_message": "Hello" })).await;
    assert_eq!((&changed["code"], &changed["prefilled_message"]), (&json!(code), &json!("Hello")));
    client.post(&path, json!({ "prefilled_message": "Other" })).await;
    let (_, all) = client.get(&path).await;
    assert_eq!(all["data"].as_array().unwrap().len(), 2);
    let (_, page) = client.get(&format!("{path}?limit=1")).await;
    assert!(page["data"][0]["id"].is_null() && page["paging"]["next"].is_string(), "{page}");
    let (_, one) = client.get(&format!("{path}/{code}")).await;
    assert_eq!(one["data"][0]["prefilled_message"], "Hello");
    let gone = format!("{path}/{code}");
    assert_eq!(client.call(Method::DELETE, &gone, None).await.1["success"], true);
    assert_eq!(client.call(Method::DELETE, &gone, None).await.1["error"]["error_subcode"], 33);
    let (_, none) = client.post(&path, json!({ "code": code, "prefilled_message": "x" })).await;
    assert_eq!(none["error"]["code"], 100);
    for bad in [json!({}), json!({ "prefilled_message": "x".repeat(141) })] {
        assert_eq!(client.post(&path, bad).await.0, 400);
    }
}

#[tokio::test]
async fn a_number_is_verified_and_registered_with_its_pin() {
    let (_emulator, client) = start(quiet()).await;
    let node = format!("/v25.0/{SUPPORT}");
    let post = async |edge: &str, body: Value| client.post(&format!("{node}/{edge}"), body).await.1;
    let register = |pin: &str| json!({ "messaging_product": "whatsapp", "pin": pin });
    guest(&client, "447700900199").await;
    let (_, set) = client
        .post("/control/number", json!({ "number": SUPPORT, "registered": false, "verified": false }))
        .await;
    assert_eq!((&set["registered"], &set["verified"]), (&json!(false), &json!(false)), "{set}");
    let fields = format!("{node}?fields=status,code_verification_status");
    let (_, now) = client.get(&fields).await;
    assert_eq!(
        (&now["status"], &now["code_verification_status"]),
        (&json!("PENDING"), &json!("NOT_VERIFIED"))
    );
    let text = json!({ "type": "text", "text": { "body": "Hi" } });
    assert_eq!(client.refused("+447700900199", text.clone()).await.0, 133_010);
    assert_eq!(post("register", register(DEMO_PIN)).await["error"]["code"], 133_006);
    assert_eq!(
        post("request_code", json!({ "code_method": "PIGEON", "language": "en_US" })).await["error"]["code"],
        100
    );
    assert_eq!(
        post("verify_code", json!({ "code": DEMO_CODE })).await["error"]["code"],
        100,
        "none was sent"
    );
    assert_eq!(
        post("request_code", json!({ "code_method": "SMS", "language": "en_US" })).await["success"],
        true
    );
    assert_eq!(post("verify_code", json!({ "code": "000000" })).await["error"]["code"], 100);
    assert_eq!(post("verify_code", json!({ "code": DEMO_CODE })).await["success"], true);
    assert_eq!(post("register", register("12")).await["error"]["code"], 100);
    assert_eq!(post("register", register("999999")).await["error"]["code"], 133_005);
    assert_eq!(post("register", register(DEMO_PIN)).await["success"], true);
    assert_eq!(client.get(&fields).await.1["status"], "CONNECTED");
    assert_eq!(client.send("+447700900199", text).await.0, 200);
    assert_eq!(client.post(&node, json!({ "pin": "654321" })).await.1["success"], true);
    assert_eq!(post("register", register(DEMO_PIN)).await["error"]["code"], 133_005, "it has another PIN");
    assert_eq!(post("deregister", json!({})).await["success"], true);
    assert_eq!(post("deregister", json!({})).await["error"]["code"], 133_010);
    assert_eq!(client.post(&node, json!({ "pin": "654321" })).await.1["error"]["code"], 133_010);
}

#[tokio::test]
async fn a_test_says_how_a_number_stands_and_what_the_token_is_worth() {
    let (_emulator, client) = start(quiet()).await;
    let set = json!({ "number": SUPPORT, "status": "FLAGGED", "name_status": "DECLINED" });
    assert_eq!(client.post("/control/number", set).await.0, 200);
    let (_, now) = client.get(&format!("/v25.0/{SUPPORT}?fields=status,name_status")).await;
    assert_eq!((&now["status"], &now["name_status"]), (&json!("FLAGGED"), &json!("DECLINED")));
    assert_eq!(client.post("/control/number", json!({ "number": SUPPORT, "colour": "red" })).await.0, 400);
    assert_eq!(client.post("/control/number", json!({ "number": "1" })).await.0, 404);
    let scopes = json!({ "scopes": ["whatsapp_business_messaging"] });
    assert_eq!(client.post("/control/token", scopes).await.0, 200);
    let debug = format!("/v25.0/debug_token?input_token={DEMO_ACCESS_TOKEN}");
    let (_, token) = client.get(&debug).await;
    assert_eq!(token["data"]["scopes"], json!(["whatsapp_business_messaging"]));
    let (_, app) = client.get(&format!("/v25.0/{SUPPORT}")).await;
    assert!(app["error"].is_null(), "{app}");
    client.post("/control/token", json!({ "expires_at": 1000 })).await;
    let (status, over) = client.get(&format!("/v25.0/{SUPPORT}")).await;
    assert_eq!((status, &over["error"]["error_subcode"]), (401, &json!(463)));
}
