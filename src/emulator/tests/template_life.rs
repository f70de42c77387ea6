//! Templates over time: limits, edits, deletions, quality, categories, the library.

use super::*;
use crate::clock::Clock;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

fn base() -> String {
    format!("/v25.0/{DEMO_ACCOUNT}/message_templates")
}

async fn control(client: &Client, body: Value) -> Value {
    let (status, answer) = client.post("/control/template", body).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

async fn set(client: &Client, key: &str, value: &str) -> Value {
    control(client, json!({ "name": "order_ready", "language": "en", key: value })).await
}

async fn node(client: &Client, id: &str) -> Value {
    let fields = "status,category,quality_score,previous_category,correct_category,components,library_template_name,message_send_ttl_seconds";
    client.get(&format!("/v25.0/{id}?fields={fields}")).await.1
}

fn user_text(answer: &Value) -> &str {
    answer["error"]["error_user_msg"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn a_hundred_creations_an_hour_and_a_number_in_all() {
    let clock = Clock::manual(1_800_000_000_000);
    let (_emulator, client) = start(EmulatorOptions { clock: clock.clone(), ..quiet() }).await;
    for n in 0..100 {
        let (status, answer) =
            client.post(&base(), text_template(&format!("t{n}"), "Thank you for your visit.")).await;
        assert_eq!(status, 200, "{answer}");
    }
    let more = text_template("more", "Thank you for your visit.");
    let (_, answer) = client.post(&base(), more.clone()).await;
    assert_eq!((&answer["error"]["code"], &answer["error"]["is_transient"]), (&json!(80_008), &json!(true)));
    clock.advance(HOUR);
    assert_eq!(client.post(&base(), more).await.0, 200);
    let (_, list) = client.get(&format!("{}?summary=total_count&limit=1", base())).await;
    assert_eq!(list["summary"]["message_template_limit"], 250);
    let all = list["summary"]["message_template_count"].as_u64().unwrap();
    client.post("/control/limits", json!({ "templates": all })).await;
    let (_, answer) = client.post(&base(), text_template("last", "Thank you for your visit.")).await;
    assert_eq!(answer["error"]["error_subcode"], 2_388_019);
}

#[tokio::test]
async fn an_approved_one_is_edited_once_a_day_and_ten_times_in_thirty() {
    let clock = Clock::manual(1_800_000_000_000);
    let (_emulator, client) = start(EmulatorOptions { clock: clock.clone(), ..quiet() }).await;
    let node = "/v25.0/884201775533901";
    let text = |n: usize| json!({ "components": [{ "type": "BODY", "text": format!("This is text {n}.") }] });
    let approved = async || set(&client, "status", "APPROVED").await;
    for n in 0..10 {
        assert_eq!(client.post(node, text(n)).await.1["success"], true, "edit {n}");
        let (_, answer) = client.post(node, text(n)).await;
        assert_eq!(answer["error"]["error_subcode"], 2_388_039, "it is in review");
        approved().await;
        assert!(user_text(&client.post(node, text(n)).await.1).contains("once in 24 hours"));
        clock.advance(DAY);
    }
    assert!(user_text(&client.post(node, text(11)).await.1).contains("10 times in 30 days"));
    clock.advance(20 * DAY);
    let (_, fixed) = client.post(node, json!({ "category": "MARKETING" })).await;
    assert!(user_text(&fixed).contains("category"), "{fixed}");
    assert_eq!(client.post(node, json!({})).await.0, 400);
    let (_, range) = client.post(node, json!({ "message_send_ttl_seconds": 29 })).await;
    assert!(user_text(&range).contains("between 30 and 43200"), "{range}");
    // A rejected one as often as one likes, its category too.
    set(&client, "status", "REJECTED").await;
    assert_eq!(client.post(node, json!({ "category": "MARKETING" })).await.1["category"], "MARKETING");
    set(&client, "status", "DISABLED").await;
    assert!(client.post(node, text(0)).await.1["error"]["error_subcode"].is_null());
}

#[tokio::test]
async fn deleted_names_are_blocked_and_disabled_ones_stay() {
    let clock = Clock::manual(1_800_000_000_000);
    let (_emulator, client) = start(EmulatorOptions { clock: clock.clone(), ..quiet() }).await;
    let gone = async |query: &str| client.call(Method::DELETE, &format!("{}?{query}", base()), None).await;
    let again = async || {
        let d = text_template("order_ready", "Your order is ready now.");
        client.post(&base(), d).await.1
    };
    assert_eq!(gone("name=order_ready&hsm_id=884201775533901").await.1["success"], true);
    assert_eq!(again().await["error"]["error_subcode"], 2_388_023);
    let mut other = text_template("order_ready", "Ihr Auftrag ist jetzt fertig.");
    other["language"] = json!("de");
    assert_eq!(client.post(&base(), other).await.0, 200, "one language was deleted, not the name");
    clock.advance(30 * DAY);
    assert_eq!(again().await["status"], "PENDING");
    assert_eq!(gone("hsm_ids=[\"884201775533904\",\"884201775533905\"]").await.0, 200);
    assert_eq!(gone("hsm_ids=[\"1\"]&name=x").await.0, 400);
    assert_eq!(gone("hsm_ids=[]").await.0, 400);
    control(&client, json!({ "name": "track_parcel", "language": "en", "status": "DISABLED" })).await;
    assert!(user_text(&gone("name=track_parcel").await.1).contains("is disabled"));
}

#[tokio::test]
async fn red_ones_pause_for_three_hours_then_six_then_for_good() {
    let clock = Clock::manual(1_800_000_000_000);
    let (inbox, url) = Inbox::start().await;
    let (_emulator, client) = start(EmulatorOptions { clock: clock.clone(), speed: 1.0, ..quiet() }).await;
    client.subscribe(&url).await;
    let events = || inbox.values("message_template_status_update");
    let nth = async |n: usize| until("the event", || events().get(n - 1).cloned()).await;
    assert_eq!(set(&client, "quality", "RED").await["status"], "PAUSED");
    let told =
        until("the quality", || inbox.values("message_template_quality_update").first().cloned()).await;
    assert_eq!(
        (&told["previous_quality_score"], &told["new_quality_score"]),
        (&json!("GREEN"), &json!("RED"))
    );
    assert_eq!(nth(1).await["other_info"]["title"], "FIRST_PAUSE");
    clock.advance(3 * HOUR);
    let back = nth(2).await;
    assert_eq!((&back["event"], &back["other_info"]["title"]), (&json!("APPROVED"), &json!("UNPAUSE")));
    assert_eq!(set(&client, "quality", "RED").await["status"], "PAUSED");
    assert!(nth(3).await["other_info"]["description"].as_str().unwrap().contains("6 hours"));
    clock.advance(6 * HOUR);
    nth(4).await;
    assert_eq!(set(&client, "quality", "RED").await["status"], "DISABLED");
    assert!(nth(5).await["disable_info"]["disable_date"].is_i64());
}

#[tokio::test]
async fn categories_are_moved_with_and_without_notice() {
    let clock = Clock::manual(1_800_000_000_000);
    let (inbox, url) = Inbox::start().await;
    let (_emulator, client) = start(EmulatorOptions { clock: clock.clone(), speed: 1.0, ..quiet() }).await;
    client.subscribe(&url).await;
    let nth = async |n: usize| {
        until("the move", || inbox.values("template_category_update").get(n - 1).cloned()).await
    };
    let id = set(&client, "correct_category", "MARKETING").await["id"].as_str().unwrap().to_owned();
    let told = nth(1).await;
    assert_eq!((&told["new_category"], &told["correct_category"]), (&json!("UTILITY"), &json!("MARKETING")));
    assert_eq!(told["category_update_timestamp"], (1_800_000_000_000 + DAY) / 1000);
    assert_eq!(node(&client, &id).await["correct_category"], "MARKETING");
    clock.advance(DAY);
    let told = nth(2).await;
    assert_eq!((&told["previous_category"], &told["new_category"]), (&json!("UTILITY"), &json!("MARKETING")));
    let now = node(&client, &id).await;
    assert_eq!((&now["category"], &now["previous_category"]), (&json!("MARKETING"), &json!("UTILITY")));
    assert!(now["correct_category"].is_null());
    assert_eq!(set(&client, "category", "UTILITY").await["category"], "UTILITY");
    assert_eq!(nth(3).await["new_category"], "UTILITY");
    // A reader moves what advertises a little, and says so.
    let d = text_template("bells", "There is a discount on bells in our shop.");
    assert_eq!(client.post(&base(), d).await.1["category"], "UTILITY");
    clock.advance(HOUR);
    assert_eq!(nth(4).await["message_template_name"], "bells");
    let field = "message_template_status_update";
    let told = until("the verdict", || inbox.values(field).first().cloned()).await;
    assert_eq!(
        (&told["event"], &told["message_template_category"]),
        (&json!("APPROVED"), &json!("MARKETING"))
    );
}

#[tokio::test]
async fn the_library_is_looked_through_and_taken_from() {
    let (_emulator, client) = start(quiet()).await;
    let (_, found) = client.get("/v25.0/message_template_library?search=payment&language=en_US").await;
    let found = found["data"].as_array().unwrap().clone();
    assert!(
        found.iter().any(|t| t["name"] == "payment_overdue_1")
            && found.iter().all(|t| t["language"] == "en_US")
    );
    let take = |inputs: Value| {
        json!({ "name": "our_parcel", "language": "en_US", "category": "UTILITY",
            "library_template_name": "delivery_update_1", "library_template_button_inputs": inputs })
    };
    assert_eq!(client.post(&base(), take(json!([]))).await.0, 400, "its button needs an address");
    let inputs = json!([{ "type": "URL", "url": { "base_url": "https://a.example/{{1}}", "url_suffix_example": "https://a.example/1" } }]);
    let (_, made) = client.post(&base(), take(inputs)).await;
    assert_eq!(made["status"], "APPROVED", "{made}");
    let made = node(&client, made["id"].as_str().unwrap()).await;
    assert_eq!(made["library_template_name"], "delivery_update_1");
    assert_eq!(made["components"][2]["buttons"][0]["url"], "https://a.example/{{1}}");
    let (_, none) = client.post(&base(), json!({ "name": "x", "language": "fr", "category": "UTILITY", "library_template_name": "delivery_update_1" })).await;
    assert!(user_text(&none).contains("no library template"), "{none}");
}

#[tokio::test]
async fn templates_are_archived_and_come_back() {
    let (_emulator, client) = start(quiet()).await;
    let ids = json!({ "hsm_ids": ["884201775533901", "1"] });
    let (_, done) = client.post(&format!("{}/archive", base()), ids.clone()).await;
    assert_eq!(done["archived_templates"], json!(["884201775533901"]));
    assert!(done["failed_templates"]["1"].is_string(), "{done}");
    assert_eq!(node(&client, "884201775533901").await["status"], "ARCHIVED");
    client.post(&format!("{}/unarchive", base()), ids).await;
    assert_eq!(node(&client, "884201775533901").await["status"], "APPROVED");
}

#[tokio::test]
async fn a_sample_is_one_that_an_upload_gave_and_its_address_goes_back_to_its_own_template() {
    let (_emulator, client) = start(quiet()).await;
    let photo = |handle: &str| json!([{ "type": "HEADER", "format": "IMAGE", "example": { "header_handle": [handle] } }, { "type": "BODY", "text": "It stands there now." }]);
    let make = |handle: &str| json!({ "name": "photo", "language": "en", "category": "UTILITY", "components": photo(handle) });
    for handle in ["4::made_up", "https://acme.example/examples/image", "1183920045510077"] {
        let (_, answer) = client.post(&base(), make(handle)).await;
        assert_eq!(answer["error"]["error_subcode"], 2_388_047, "{handle}: {answer}");
    }
    let own = "https://acme.example/examples/image";
    let (_, edited) = client.post("/v25.0/884201775533909", json!({ "components": photo(own) })).await;
    assert_eq!(edited["success"], true, "{edited}");
}
