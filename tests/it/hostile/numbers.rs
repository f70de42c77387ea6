//! What others write about a number: its display name, its profile, short links, ready questions, people on its block list.
//! It is shown in tables, forms and lists, and acts on no terminal there.

use super::house::{House, KAPSO_NUMBER};
use super::{body, messages, phone, read};
use serde_json::json;
use switchboard::emulator::DEMO_NUMBERS;

const EVIL: &str = "bell\u{7}s \u{1b}[31mred\u{1b}]0;title\u{7} \u{202e}desrever\u{2066} \u{9b}2Jx\u{85}\ny";

fn set_up(house: &House) {
    let number = DEMO_NUMBERS[0];
    house.call(
        "/control/number",
        &json!({
            "number": number, "verified_name": EVIL, "name_status": EVIL, "quality_rating": EVIL,
            "whatsapp_business_manager_messaging_limit": EVIL, "new_name_status": EVIL,
        }),
    );
    let profile = json!({
        "messaging_product": "whatsapp", "about": EVIL, "address": EVIL, "description": EVIL,
        "email": format!("a{EVIL}@b.example"), "websites": [format!("https://x.example/{EVIL}")],
    });
    house.call(&format!("/v25.0/{number}/whatsapp_business_profile"), &profile);
    house.call(
        &format!("/v25.0/{number}/message_qrdls"),
        &json!({ "prefilled_message": EVIL, "generate_qr_image": "SVG" }),
    );
    house.call(
        &format!("/v25.0/{number}/conversational_automation"),
        &json!({ "prompts": [EVIL], "commands": [{ "command_name": "help", "command_description": EVIL }] }),
    );
    // Somebody with such a name writes, and is blocked.
    let evil: String = EVIL
        .chars()
        .map(|c| if c.is_control() { format!("\\u{:04x}", c as u32) } else { c.into() })
        .collect();
    let at = super::now();
    let text = format!(
        r#"{{"from":"{}","id":"wamid.B1","timestamp":"{at}","type":"text","text":{{"body":"{evil}"}}}}"#,
        phone(1)
    );
    house.post(&body("messages", &messages(1, &evil, &text)));
    house.call("/control/say", &json!({ "customer": phone(1), "name": EVIL, "text": "hi" }));
}

#[test]
fn what_is_set_at_the_provider_acts_on_no_terminal() {
    let house = House::open();
    set_up(&house);
    let accounts = house.json(&["accounts", "--json"]);
    let id = accounts[0]["spec"]["id"].as_str().unwrap().to_owned();
    assert_eq!(house.run(&["sync"]).code, 0);
    assert_eq!(house.run(&["accounts", "block", &id, &format!("+{}", phone(1))]).code, 0);
    let raw = house.json(&["accounts", "--json"]);
    assert_eq!(raw[0]["facts"]["verified_name"], json!(EVIL), "the store keeps the original: {raw}");
    let links = house.json(&["accounts", "links", &id, "--json"]);
    assert_eq!(links[0]["text"], json!(EVIL));
    let code = links[0]["code"].as_str().unwrap();
    for args in [
        &["accounts"][..],
        &["accounts", "show", &id],
        &["accounts", "verify", &id],
        &["accounts", "profile", &id],
        &["accounts", "blocked", &id],
        &["accounts", "commands", &id],
        &["accounts", "ice-breakers", &id],
        &["accounts", "links", &id],
        &["accounts", "links", &id, "show", code],
        &["accounts", "number", &id],
        &["status"],
    ] {
        let printed = house.run(args);
        assert_eq!(printed.code, 0, "{args:?}: {}", String::from_utf8_lossy(&printed.err));
        assert!(!printed.out.is_empty(), "{args:?}");
    }
    for (rows, columns) in [(24, 80), (36, 120)] {
        let mut screen = house.screen(&[], rows, columns);
        screen.wait("the list", |s| s.contains("Inbox"));
        screen.settle();
        // It comes up where the last one was left.
        screen.press("\u{1b}");
        screen.settle();
        screen.press("gA");
        screen.wait("the accounts", |s| s.contains("Accounts · "));
        screen.settle();
        for keys in ["\r", "\u{1b}", "x", "n", "e", "\u{1b}", "\u{1b}"] {
            screen.press(keys);
            screen.settle();
        }
        screen.press(&format!(":number.settings {id}\r"));
        screen.wait("what the provider has", |s| s.contains("at the provider"));
        screen.wait("the profile", |s| s.contains("desrever"));
        for keys in ["e", "\u{1b}", "2", "3", "4"] {
            screen.press(keys);
            screen.settle();
        }
        screen.wait("the link", |s| s.contains("https://wa.me"));
        screen.press("\r");
        screen.wait("its code", |s| s.contains("finds a chat"));
        screen.settle();
        screen.press("y");
        screen.settle();
        screen.press("\u{1b}");
        screen.settle();
        screen.press("5");
        screen.settle();
        screen.press("\u{1b}");
        screen.settle();
        screen.press("\u{3}");
        let seen = read(screen);
        for copied in &seen.clipboard {
            let copied = String::from_utf8_lossy(copied);
            assert!(!copied.chars().any(char::is_control), "{copied:?}");
        }
    }
}

/// A Kapso number whose platform and proxy, and whose customers, say such things.
fn set_up_kapso(house: &House) {
    let number = KAPSO_NUMBER;
    house.call(
        "/control/number",
        &json!({
            "number": number, "verified_name": EVIL, "name_status": EVIL, "quality_rating": EVIL, "status": EVIL,
            "whatsapp_business_manager_messaging_limit": EVIL,
        }),
    );
    house.call_kapso(
        "PATCH",
        &format!("/platform/v1/whatsapp/phone_numbers/{number}"),
        &json!({ "whatsapp_phone_number": { "name": EVIL } }),
    );
    house.call_kapso(
        "POST",
        &format!("/meta/whatsapp/v24.0/{number}/whatsapp_business_profile"),
        &json!({
            "messaging_product": "whatsapp", "about": EVIL, "address": EVIL, "description": EVIL,
            "email": format!("a{EVIL}@b.example"), "websites": [format!("https://x.example/{EVIL}")],
        }),
    );
    // Somebody that the project knows by such a name, and who writes such a text.
    house.call_kapso(
        "POST",
        "/platform/v1/whatsapp/contacts",
        &json!({ "contact": { "wa_id": phone(2), "profile_name": EVIL, "display_name": EVIL } }),
    );
    let message = json!({ "customer": phone(2), "number": number, "name": EVIL, "text": EVIL });
    house.call("/control/say", &message);
}

#[test]
fn what_kapso_tells_acts_on_no_terminal() {
    let id = "tienda";
    let house = House::with_kapso(id);
    set_up_kapso(&house);
    assert_eq!(house.run(&["sync"]).code, 0);
    let printed = house.run(&["sync", "--history", "--account", id]);
    assert_eq!(printed.code, 0, "{}", String::from_utf8_lossy(&printed.err));
    let all = house.json(&["accounts", "--json"]);
    let raw = all.as_array().unwrap().iter().find(|a| a["spec"]["id"] == id).unwrap();
    assert_eq!(raw["facts"]["verified_name"], json!(EVIL), "the store keeps the original: {raw}");
    assert_eq!(house.run(&["accounts", "block", id, &format!("+{}", phone(2))]).code, 0);
    let threads = house.json(&["threads", "--account", id, "--json"]);
    assert!(threads.to_string().contains("desrever"), "the customer's text is here: {threads}");
    for args in [
        &["accounts"][..],
        &["accounts", "show", id],
        &["accounts", "profile", id],
        &["accounts", "blocked", id],
        &["threads", "--account", id],
        &["messages", &format!("+{}", phone(2))],
        &["contacts"],
        &["status"],
    ] {
        let printed = house.run(args);
        assert_eq!(printed.code, 0, "{args:?}: {}", String::from_utf8_lossy(&printed.err));
        assert!(!printed.out.is_empty(), "{args:?}");
    }
    // A refusal, too: what it prints was looked at where it was run.
    house.run(&["accounts", "verify", id]);
    for (rows, columns) in [(24, 80), (36, 120)] {
        let mut screen = house.screen(&[], rows, columns);
        screen.wait("the list", |s| s.contains("Inbox"));
        screen.settle();
        screen.press("\u{1b}");
        screen.settle();
        screen.press("gA");
        screen.wait("the accounts", |s| s.contains("Accounts · "));
        screen.settle();
        for keys in ["G", "\r", "\u{1b}", "x", "n", "e", "\u{1b}", "K", "\u{1b}", "\u{1b}"] {
            screen.press(keys);
            screen.settle();
        }
        screen.press(&format!(":number.settings {id}\r"));
        screen.wait("what the provider has", |s| s.contains("at the provider"));
        screen.wait("the profile", |s| s.contains("desrever"));
        for keys in ["e", "\u{1b}", "2", "3", "4", "5", "\u{1b}"] {
            screen.press(keys);
            screen.settle();
        }
        screen.press("\u{3}");
        let seen = read(screen);
        for copied in &seen.clipboard {
            let copied = String::from_utf8_lossy(copied);
            assert!(!copied.chars().any(char::is_control), "{copied:?}");
        }
    }
}
