//! Files over HTTP, as any client of the API hands them over and gets them back.

use super::*;
use reqwest::multipart::{Form, Part};

/// Hands a file over as a form; HTTP status and body of the answer.
async fn post(client: &Client, fields: &[(&'static str, &'static str)], file: Option<Part>) -> (u16, Value) {
    let mut form = Form::new();
    for (name, value) in fields {
        form = form.text(*name, *value);
    }
    if let Some(file) = file {
        form = form.part("file", file);
    }
    let request = client.http.post(format!("{}/v25.0/{SUPPORT}/media", client.base)).multipart(form);
    let answer = request.bearer_auth(client.token.unwrap_or_default()).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn part(name: &str, mime: &str, bytes: &[u8]) -> Part {
    Part::bytes(bytes.to_vec()).file_name(name.to_owned()).mime_str(mime).unwrap()
}

const PRODUCT: (&str, &str) = ("messaging_product", "whatsapp");

/// The id of a file that was handed over.
pub(super) async fn handed_over(client: &Client, name: &str, mime: &str, bytes: &[u8]) -> String {
    let (status, body) = post(client, &[PRODUCT], Some(part(name, mime, bytes))).await;
    assert_eq!(status, 200, "{body}");
    body["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_file_comes_back_as_it_went_and_can_be_deleted() {
    let (_emulator, client) = start(quiet()).await;
    let id = handed_over(&client, "blue.jpg", "image/jpeg", b"\xff\xd8\xffblue").await;
    let (status, facts) = client.get(&format!("/v25.0/{id}?phone_number_id={SUPPORT}")).await;
    assert_eq!(
        (status, facts["mime_type"].as_str(), facts["file_size"].as_u64()),
        (200, Some("image/jpeg"), Some(7))
    );
    assert_eq!(facts["sha256"].as_str().map(str::len), Some(64));
    let url = facts["url"].as_str().unwrap();
    let bytes = client.http.get(url).bearer_auth(DEMO_ACCESS_TOKEN).send().await.unwrap();
    assert_eq!(bytes.headers()["content-type"], "image/jpeg");
    assert_eq!(&bytes.bytes().await.unwrap()[..], b"\xff\xd8\xffblue");
    // Without the token, with another number, and by a made-up address there is nothing.
    assert_eq!(client.http.get(url).send().await.unwrap().status().as_u16(), 401);
    let forged = url.replace("hash=", "hash=0");
    let answer = client.http.get(forged).bearer_auth(DEMO_ACCESS_TOKEN).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 404);
    let other = format!("/v25.0/{id}?phone_number_id={}", DEMO_NUMBERS[1]);
    assert_eq!(client.get(&other).await.1["error"]["error_subcode"], 33);
    let (status, gone) = client.call(Method::DELETE, &format!("/v25.0/{id}"), None).await;
    assert_eq!((status, gone), (200, json!({ "success": true })));
    assert_eq!(client.get(&format!("/v25.0/{id}")).await.1["error"]["error_subcode"], 33);
}

#[tokio::test]
async fn what_the_api_does_not_take_is_refused_with_its_words() {
    let (_emulator, mut client) = start(quiet()).await;
    let said = async |fields: &[(&'static str, &'static str)], file| {
        let (status, body) = post(&client, fields, file).await;
        assert_eq!((status, body["error"]["code"].as_i64()), (400, Some(100)), "{body}");
        body["error"]["message"].as_str().unwrap().to_owned()
    };
    let odd = said(&[PRODUCT], Some(part("a.bin", "application/octet-stream", b"x"))).await;
    assert!(odd.contains("must be a file with one of the following types: audio/aac, audio/mp4"), "{odd}");
    assert!(odd.ends_with("Received file of type 'application/octet-stream'."), "{odd}");
    let pdf = || Some(part("a.pdf", "application/pdf", b"%PDF"));
    assert!(said(&[], pdf()).await.contains("messaging_product"));
    assert!(said(&[PRODUCT], None).await.contains("file"));
    let large = part("a.jpg", "image/jpeg", &vec![0; (5 << 20) + 1]);
    assert!(said(&[PRODUCT], Some(large)).await.contains("too large"));
    client.token = None;
    assert_eq!(post(&client, &[PRODUCT], pdf()).await.0, 401);
}

#[tokio::test]
async fn a_message_names_a_file_of_its_number_and_kind() {
    let (inbox, url) = Inbox::start().await;
    let (_emulator, client) = start(quiet()).await;
    client.subscribe(&url).await;
    client.post("/control/say", json!({ "customer": "447700900199", "text": "hi" })).await;
    let id = handed_over(&client, "a.pdf", "application/pdf", b"%PDF").await;
    let document = |id: &str| json!({ "type": "document", "document": { "id": id, "filename": "a.pdf" } });
    let (status, sent) = client.send("+447700900199", document(&id)).await;
    assert_eq!(status, 200, "{sent}");
    let (status, refused) = client.send("+447700900199", document("1183920999999999")).await;
    assert_eq!((status, refused["error"]["code"].as_i64()), (400, Some(131_009)));
    // Another kind is taken, and fails later.
    let (_, sent) = client.send("+447700900199", json!({ "type": "image", "image": { "id": id } })).await;
    let wamid = sent["messages"][0]["id"].as_str().unwrap().to_owned();
    let failed =
        until("the status", || inbox.statuses(&wamid).into_iter().find(|s| s["status"] == "failed")).await;
    assert_eq!(failed["errors"][0]["code"], 131_053);
}
