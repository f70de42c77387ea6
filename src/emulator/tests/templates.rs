//! Templates: paging, review, the checks of a send, and that the demonstration keeps the rules it plays.

use super::*;

#[tokio::test]
async fn template_list_is_paged_and_filtered() {
    let (_emulator, client) = start(quiet()).await;
    let base = format!("/v25.0/{DEMO_ACCOUNT}/message_templates");
    let (_, all) = client.get(&format!("{base}?limit=100")).await;
    let all: Vec<String> = all["data"].as_array().unwrap().iter().map(|t| t["id"].to_string()).collect();
    assert!(all.len() >= 12);
    let mut seen = Vec::new();
    let mut path = format!("{base}?limit=3&fields=id,name");
    loop {
        let (status, page) = client.get(&path).await;
        assert_eq!(status, 200, "{page}");
        let data = page["data"].as_array().unwrap();
        assert!(data.len() <= 3);
        assert!(data.iter().all(|t| t.as_object().unwrap().len() == 2));
        seen.extend(data.iter().map(|t| t["id"].to_string()));
        if let Some(next) = page["paging"]["next"].as_str() {
            path = next.strip_prefix(&client.base).unwrap().to_owned();
        } else {
            break;
        }
    }
    assert_eq!(seen, all);
    let (status, bad) = client.get(&format!("{base}?after=nonsense")).await;
    assert_eq!((status, &bad["error"]["code"]), (400, &json!(131_059)));
    let (_, paused) = client.get(&format!("{base}?status=PAUSED,REJECTED")).await;
    let states = paused["data"].as_array().unwrap();
    assert!(states.len() >= 2 && states.iter().all(|t| t["status"] == "PAUSED" || t["status"] == "REJECTED"));
}

#[tokio::test]
async fn template_is_created_reviewed_and_deleted() {
    let (inbox, url) = Inbox::start().await;
    let (_emulator, client) = start(EmulatorOptions { speed: 200.0, ..quiet() }).await;
    client.subscribe(&url).await;
    let base = format!("/v25.0/{DEMO_ACCOUNT}/message_templates");
    let (status, made) =
        client.post(&base, text_template("pickup", "Your order {{1}} is ready to pick up.")).await;
    assert_eq!((status, &made["status"]), (200, &json!("PENDING")), "{made}");
    let discount = text_template("discount", "Only today you get 20 % off all bells.");
    assert_eq!(client.post(&base, discount).await.0, 200);
    let field = "message_template_status_update";
    let told = until("both reviews", || Some(inbox.values(field)).filter(|v| v.len() == 2)).await;
    let of = |name: &str| told.iter().find(|v| v["message_template_name"] == name).unwrap();
    assert_eq!(of("pickup")["event"], "APPROVED");
    assert_eq!(of("pickup")["message_template_id"].to_string(), made["id"].as_str().unwrap());
    assert_eq!(
        (&of("discount")["event"], &of("discount")["reason"]),
        (&json!("REJECTED"), &json!("INCORRECT_CATEGORY"))
    );
    let (_, again) =
        client.post(&base, text_template("pickup", "Your order {{1}} is ready to pick up.")).await;
    assert_eq!(again["error"]["error_subcode"], 2_388_024);
    let (_, edge) = client.post(&base, text_template("edge", "{{1}} is ready to be picked up")).await;
    assert_eq!(edge["error"]["error_subcode"], 2_388_299);
    let (_, name) = client.post(&base, text_template("Not Allowed", "Text")).await;
    assert_eq!(name["error"]["code"], 100);
    let node = format!("/v25.0/{}", made["id"].as_str().unwrap());
    let edit = json!({ "components": [{ "type": "BODY", "text": "Order {{1}} waits for you here.", "example": { "body_text": [["1"]] } }] });
    assert_eq!(client.post(&node, edit.clone()).await.1["success"], true);
    let (_, while_pending) = client.post(&node, edit).await;
    if while_pending["success"].is_null() {
        assert_eq!(while_pending["error"]["error_subcode"], 2_388_039);
    }
    let gone = format!("{base}?name=pickup");
    assert_eq!(client.call(Method::DELETE, &gone, None).await.1["success"], true);
    assert_eq!(client.call(Method::DELETE, &gone, None).await.0, 400);
    assert_eq!(client.get(&node).await.1["error"]["error_subcode"], 33);
}

#[tokio::test]
async fn template_sends_are_checked_against_the_template() {
    let (_emulator, client) = start(quiet()).await;
    let to = "+447700900199";
    let text = |t: &str| json!({ "type": "text", "text": t });
    let body = |parameters: Value| json!([{ "type": "body", "parameters": parameters }]);
    let cases = [
        (template("nowhere", "en", json!([])), 132_001),
        (template("order_ready", "de", json!([])), 132_001),
        (template("order_ready", "en", body(json!([text("Ann")]))), 132_000),
        (template("order_ready", "en", json!([])), 132_000),
        (template("order_ready", "en", body(json!([text("Ann"), { "type": "image" }]))), 132_012),
        (template("order_ready", "en", body(json!([text("Ann"), text("two\nlines")]))), 132_018),
        (template("order_ready", "en", body(json!([text("Ann"), text("")]))), 131_008),
        (template("order_ready", "en", body(json!([text("Ann"), text(&"x".repeat(1100))]))), 132_005),
        (template("spring_sale", "en", json!([])), 132_015),
        (template("loyalty_card", "en", json!([])), 132_001),
        (template("flash_offer", "en", json!([])), 132_001),
        (template("delivery_photo", "en", body(json!([text("8812")]))), 132_012),
        (template("track_parcel", "en", body(json!([text("8812")]))), 131_008),
        (template("appointment_named", "en", body(json!([text("Ann"), text("Friday")]))), 100),
    ];
    for (send, code) in cases {
        let (got, details) = client.refused(to, send.clone()).await;
        assert_eq!(got, code, "{send} gave {details}");
    }
    let named = |name: &str, t: &str| json!({ "type": "text", "parameter_name": name, "text": t });
    let url = json!({ "type": "button", "sub_type": "url", "index": "0", "parameters": [text("8812")] });
    let good = [
        template("order_ready", "en", body(json!([text("Ann"), text("8812")]))),
        template(
            "appointment_named",
            "en",
            body(json!([named("day", "Friday"), named("first_name", "Ann")])),
        ),
        template("track_parcel", "en", json!([{ "type": "body", "parameters": [text("8812")] }, url])),
    ];
    for send in good {
        let (status, answer) = client.send(to, send).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["messages"][0]["message_status"], "accepted");
    }
}

#[tokio::test]
async fn templates_of_the_demonstration_keep_the_rules_of_creation() {
    let (_emulator, client) = start(quiet()).await;
    let base = format!("/v25.0/{DEMO_ACCOUNT}/message_templates");
    let app = EmulatorOptions::demo().unwrap().scenario.account.app;
    let handle = async |mime: &str, bytes: &'static [u8]| {
        let path = format!("/v25.0/{app}/uploads?file_length={}&file_type={mime}", bytes.len());
        let (_, session) = client.post(&path, json!({})).await;
        let url = format!("{}/v25.0/{}", client.base, session["id"].as_str().unwrap());
        let request = client.http.post(url).bearer_auth(DEMO_ACCESS_TOKEN).header("file_offset", "0");
        let text = request.body(bytes).send().await.unwrap().text().await.unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["h"].as_str().unwrap().to_owned()
    };
    let image = handle("image/png", b"\x89PNG").await;
    let document = handle("application/pdf", b"%PDF-1.4").await;
    for template in EmulatorOptions::demo().unwrap().scenario.templates {
        let text = json!(template.components).to_string();
        let text = text.replace("https://acme.example/examples/image", &image);
        let text = text.replace("https://acme.example/examples/document", &document);
        let mut components: Value = serde_json::from_str(&text).unwrap();
        if template.category == "AUTHENTICATION" {
            // These texts are the platform's: it shows them and does not take them.
            for part in components.as_array_mut().unwrap() {
                part.as_object_mut().unwrap().remove("text");
            }
        }
        let copy = json!({
            "name": format!("{}_copy", template.name), "language": template.language,
            "category": template.category, "parameter_format": template.parameter_format,
            "components": components,
        });
        let (status, answer) = client.post(&base, copy).await;
        assert_eq!(status, 200, "{} {}: {answer}", template.name, template.language);
        if template.category == "AUTHENTICATION" {
            let (_, made) = client.get(&format!("/v25.0/{}", answer["id"].as_str().unwrap())).await;
            let shown = |t: &Value, i: usize| t[i]["text"].clone();
            assert_eq!(shown(&made["components"], 0), shown(&json!(template.components), 0));
            assert_eq!(shown(&made["components"], 1), shown(&json!(template.components), 1));
        }
    }
}
