//! Administration against a small server that answers as the documentation says.

use super::super::tests::{Script, TOKEN, serve};
use super::*;
use crate::model::business::{BotCommand, check_picture};
use crate::provider::Provider as _;
use serde_json::json;

const NUMBER: &str = "/v25.0/339901477551020";
const OK: &str = r#"{"success":true}"#;

#[tokio::test]
async fn a_profile_is_read_flat_or_wrapped_and_only_what_changes_is_sent() {
    let flat = include_str!("../../../../tests/fixtures/meta/profile.json");
    let inner: Value = serde_json::from_str(flat).unwrap();
    let wrapped = json!({ "data": [{ "business_profile": inner["data"][0] }] }).to_string();
    let script = Script::default().then(200, flat).then(200, &wrapped).then(200, OK);
    let meta = serve(&script).await;
    let admin = meta.admin().unwrap();
    let p = admin.profile().await.unwrap();
    assert_eq!((p.about.as_str(), p.vertical.as_str()), ("Bikes since 1999", "RETAIL"));
    assert_eq!((p.websites.len(), p.picture.is_empty()), (1, false));
    assert_eq!(admin.profile().await.unwrap(), p);
    let change = ProfileChange { email: Some(String::new()), ..ProfileChange::default() };
    admin.change_profile(&change, Some("4::handle")).await.unwrap();
    let seen = script.seen();
    assert!(seen[0].path.starts_with(&format!("{NUMBER}/whatsapp_business_profile?fields=about%2C")));
    let body: Value = serde_json::from_str(&seen[2].body).unwrap();
    assert_eq!(
        body,
        json!({ "messaging_product": "whatsapp", "email": "", "profile_picture_handle": "4::handle" })
    );
}

#[tokio::test]
async fn a_picture_goes_through_an_upload_session_of_the_app() {
    let session = r#"{"id":"upload:MTpudy11c==?sig=AR_x"}"#;
    let script = Script::default()
        .then(200, include_str!("../../../../tests/fixtures/meta/debug-token.json"))
        .then(200, session)
        .then(200, r#"{"h":"4::aW1hZ2UvanBlZw==:ARaExample"}"#);
    let meta = serve(&script).await;
    let bytes = b"\x89PNG\r\n\x1a\npicture".to_vec();
    let mime = check_picture(&bytes).unwrap();
    let handle = meta.admin().unwrap().upload_picture(bytes, mime).await.unwrap();
    assert_eq!(handle, "4::aW1hZ2UvanBlZw==:ARaExample");
    let seen = script.seen();
    assert_eq!(
        seen[1].path,
        "/v25.0/771200345600781/uploads?file_name=picture.png&file_length=15&file_type=image%2Fpng"
    );
    assert_eq!(seen[2].path, "/v25.0/upload:MTpudy11c==?sig=AR_x");
    assert_eq!(seen[2].auth, format!("OAuth {TOKEN}"));
    assert!(seen[2].body.ends_with("picture"));
}

#[tokio::test]
async fn some_may_be_blocked_although_the_answer_is_a_refusal() {
    let part = r#"{"messaging_product":"whatsapp","block_users":{"added_users":[{"input":"+447700900123","wa_id":"447700900123"}],"failed_users":[{"input":"+447700900999","wa_id":"447700900999","errors":[{"message":"Re-engagement required","code":131047,"error_data":{"details":"The user has not messaged the business in the last 24 hours"}}]}]},"error":{"message":"(#139100) Failed to block/unblock some users","type":"OAuthException","code":139100,"error_data":{"details":"Failed to block some users"},"fbtrace_id":"A3"}}"#;
    let script = Script::default()
        .then(400, part)
        .then(200, r#"{"messaging_product":"whatsapp","block_users":{"removed_users":[{"input":"GB.4882","user_id":"GB.4882"}]}}"#)
        .then(400, r#"{"error":{"message":"(#139102) Concurrent update","code":139102}}"#);
    let meta = serve(&script).await;
    let admin = meta.admin().unwrap();
    let who = [Identity::phone("447700900123"), Identity::phone("447700900999")];
    let outcome = admin.block(&who).await.unwrap();
    assert_eq!(outcome.done, [who[0].clone()]);
    assert_eq!((outcome.failed[0].whom.clone(), outcome.failed[0].error.code), (who[1].clone(), 131_047));
    let outcome = admin.unblock(&[Identity::bsuid("GB.4882")]).await.unwrap();
    assert_eq!(outcome.done, [Identity::bsuid("GB.4882")]);
    assert_eq!(admin.block(&who).await.unwrap_err().code, 139_102);
    let seen = script.seen();
    assert_eq!((seen[0].method.as_str(), seen[1].method.as_str()), ("POST", "DELETE"));
    let body: Value = serde_json::from_str(&seen[0].body).unwrap();
    assert_eq!(body["block_users"][0], json!({ "user": "+447700900123" }));
    let body: Value = serde_json::from_str(&seen[1].body).unwrap();
    assert_eq!(body["block_users"], json!([{ "user_id": "GB.4882" }]));
}

#[tokio::test]
async fn the_block_list_is_read_in_every_shape_and_by_pages() {
    let flat = r#"{"data":[{"messaging_product":"whatsapp","wa_id":"447700900123"},{"user_id":"GB.4882"}],"paging":{"cursors":{"before":"NDMy","after":"MTAx"},"next":"https://elsewhere.example/x"}}"#;
    let nested = r#"{"data":[{"block_users":[{"messaging_product":"whatsapp","wa_id":"447700900123"}]}],"paging":{"cursors":{"after":"MTAx"}}}"#;
    let kapso = r#"{"data":[{"user":"15551234567"},{"user":"GB.77"}]}"#;
    let script = Script::default().then(200, flat).then(200, nested).then(200, kapso);
    let meta = serve(&script).await;
    let admin = meta.admin().unwrap();
    let page = admin.blocked(None).await.unwrap();
    assert_eq!(page.items, [Identity::phone("447700900123"), Identity::bsuid("GB.4882")]);
    assert_eq!(page.next.as_deref(), Some("MTAx"));
    let page = admin.blocked(page.next.as_deref()).await.unwrap();
    assert_eq!((page.items.len(), page.next), (1, None), "without `next` there is no more");
    let page = admin.blocked(None).await.unwrap();
    assert_eq!(page.items, [Identity::phone("15551234567"), Identity::bsuid("GB.77")]);
    assert!(script.seen()[1].path.ends_with("&after=MTAx"));
}

#[tokio::test]
async fn ice_breakers_commands_and_links() {
    let link = r#"{"code":"K7NQ2WJX5BTRA1","prefilled_message":"Autumn check","deep_link_url":"https://wa.me/message/K7NQ2WJX5BTRA1","qr_image_url":"https://scontent.example/qr.png"}"#;
    let script = Script::default()
        .then(200, r#"{"id":"339901477551020"}"#)
        .then(200, r#"{"conversational_automation":{"prompts":["Hours"],"commands":[{"command_name":"ticket","command_description":"Look up"}]},"id":"3"}"#)
        .then(200, OK)
        .then(200, link)
        .then(200, &format!(r#"{{"data":[{link}],"paging":{{"cursors":{{"after":"a"}},"next":"x"}}}}"#))
        .then(200, r#"{"data":[]}"#)
        .then(200, link)
        .then(200, OK);
    let meta = serve(&script).await;
    let admin = meta.admin().unwrap();
    assert_eq!(admin.components().await.unwrap(), Components::default());
    let c = admin.components().await.unwrap();
    assert_eq!(c.prompts, ["Hours"]);
    assert_eq!(c.commands, [BotCommand { name: "ticket".into(), hint: "Look up".into() }]);
    admin.set_components(&c).await.unwrap();
    let made = admin.create_link("Autumn check").await.unwrap();
    assert_eq!((made.code.as_str(), made.text.as_str()), ("K7NQ2WJX5BTRA1", "Autumn check"));
    assert_eq!(admin.links().await.unwrap(), std::slice::from_ref(&made));
    admin.change_link(&made.code, "Autumn check").await.unwrap();
    admin.delete_link(&made.code).await.unwrap();
    let seen = script.seen();
    let body: Value = serde_json::from_str(&seen[2].body).unwrap();
    assert_eq!(body["commands"][0]["command_name"], "ticket");
    assert_eq!(seen[2].path, format!("{NUMBER}/conversational_automation"));
    let body: Value = serde_json::from_str(&seen[6].body).unwrap();
    assert_eq!(body, json!({ "code": "K7NQ2WJX5BTRA1", "prefilled_message": "Autumn check" }));
    let last = &seen[7];
    assert_eq!(
        (last.method.as_str(), last.path.as_str()),
        ("DELETE", "/v25.0/339901477551020/message_qrdls/K7NQ2WJX5BTRA1")
    );
}

#[tokio::test]
async fn registration_keeps_pins_out_of_errors() {
    let script = Script::default()
        .then(200, OK)
        .then(400, r#"{"error":{"message":"(#133005) PIN 150954 is wrong","code":133005}}"#)
        .then(200, OK)
        .then(400, r#"{"error":{"message":"(#133016) too many","code":133016}}"#)
        .then(200, OK)
        .then(200, OK);
    let meta = serve(&script).await;
    let admin = meta.admin().unwrap();
    admin.register("150954").await.unwrap();
    let e = admin.register("150954").await.unwrap_err();
    assert!(e.code == 133_005 && !e.text.contains("150954") && e.next.is_some(), "{e:?}");
    admin.set_pin("150954").await.unwrap();
    let e = admin.deregister().await.unwrap_err();
    assert!(e.code == 133_016 && e.cause.is_some(), "{e:?}");
    admin.request_code(CodeBy::Voice, "en_US").await.unwrap();
    admin.verify_code("123456").await.unwrap();
    let seen = script.seen();
    let body: Value = serde_json::from_str(&seen[0].body).unwrap();
    assert_eq!(body, json!({ "messaging_product": "whatsapp", "pin": "150954" }));
    assert_eq!(seen[2].path, NUMBER);
    let body: Value = serde_json::from_str(&seen[4].body).unwrap();
    assert_eq!(body, json!({ "code_method": "VOICE", "language": "en_US" }));
}

#[tokio::test]
async fn how_a_number_stands_names_what_is_in_the_way() {
    let v = r#"{"display_phone_number":"+1 555","verified_name":"N","name_status":"DECLINED","is_pin_enabled":false,"health_status":{"can_send_message":"LIMITED","entities":[{"entity_type":"PHONE_NUMBER","id":"3","can_send_message":"AVAILABLE"},{"entity_type":"BUSINESS","id":"5","can_send_message":"LIMITED","additional_info":["Not verified."]},{"entity_type":"WABA","id":"2","can_send_message":"BLOCKED","errors":[{"error_code":141006,"error_description":"No payment","possible_solution":"Add a card"}]}]}}"#;
    let meta = serve(&Script::default().then(200, v)).await;
    let s = meta.admin().unwrap().standing().await.unwrap();
    assert_eq!(
        (s.name_status.as_str(), s.has_pin, s.can_send.as_str()),
        ("DECLINED", Some(false), "LIMITED")
    );
    assert_eq!(s.parts[1].notes, ["Not verified."]);
    assert_eq!(s.parts[2].notes, ["141006 No payment (Add a card)"]);
}
