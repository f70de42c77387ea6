//! A number is connected in the demo, by keyboard only: from nothing to the first answer, with a webhook that is lost, a
//! link that expires, and a second run.

use super::Term;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use switchboard::emulator::DEMO_KAPSO_KEY;

const F10: &str = "\u{1b}[21~";

/// Calls the demo's provider, as the person does who opens the link.
pub(super) fn control(data: &Path, what: &str, body: Option<&Value>) -> Value {
    let port = std::fs::read_to_string(data.join("demo/emulator.port")).unwrap();
    let url = format!("http://127.0.0.1:{}/control/{what}", port.trim());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let http = switchboard::provider::http::client(true, std::time::Duration::from_secs(10)).unwrap();
        let request = match body {
            Some(body) => http.post(&url).json(body),
            None => http.get(&url),
        };
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let body: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{what}: {body}");
        body
    })
}

fn customers(data: &Path) -> u64 {
    control(data, "kapso/state", None)["customers"].as_u64().unwrap()
}

/// Opens the accounts and fills in the form of a new one.
fn fill_in(t: &mut Term, name: &str) {
    t.press("gA");
    t.see("Accounts · ");
    t.press("n");
    t.see("New account of");
    t.press("k");
    t.see("New account · Kapso");
    t.press(name);
    t.see(name);
    t.press("\t\t\t");
    t.press(DEMO_KAPSO_KEY);
    t.see("••••••••••••••••••");
    t.press(F10);
}

/// The link in force, which is on the screen.
fn link_of(t: &Term) -> String {
    t.see("Open this to connect the number");
    let state = control(t.data.path(), "kapso/state", None);
    let mut links = state["links"].as_array().unwrap().iter().filter(|l| l["status"] == "active");
    let url = links.next_back().unwrap()["url"].as_str().unwrap().to_owned();
    // It goes over several lines there.
    t.wait("the end of the link", |s| s.contains(&url[url.len() - 5..]));
    url
}

#[test]
fn a_number_is_connected_although_the_webhook_is_lost_and_the_first_message_is_answered() {
    let mut t = Term::demo(36, 120);
    t.see("Marta Souza");
    fill_in(&mut t, "Shop Lisboa");
    let url = link_of(&t);
    assert!(url.starts_with("http://127.0.0.1:") && url.contains("/whatsapp/setup/"), "{url}");
    let data = t.data.clone();
    assert_eq!(customers(data.path()), 1);
    // Nobody hears that the number is there; it is found all the same.
    control(data.path(), "kapso/lose", Some(&json!({"count": 3, "event": "whatsapp.phone_number.created"})));
    let number = control(data.path(), "kapso/complete", Some(&json!({})))["phone_number_id"].clone();
    t.see("● connected: +");
    t.press("\u{1b}");
    t.see("Account · Shop Lisboa");
    t.see("connected");
    t.press("\u{1b}");
    t.see("Accounts · ");
    t.press("\u{1b}");
    t.wait("the list again", |s| !s.contains("Accounts · ") && s.contains("Inbox"));
    let hello = json!({"customer": "447700900777", "name": "Tom Baker", "text": "do you open today?", "number": number});
    control(data.path(), "say", Some(&hello));
    super::open(&mut t, "Tom Baker", "do you open today?");
    t.press("r");
    t.see("Enter send");
    t.press("Until six.\r");
    t.wait("it left", |s| s.contains("Until six.") && s.contains("✓"));
}

#[test]
fn an_expired_link_is_made_anew_by_a_key_and_a_second_run_doubles_nothing() {
    let mut t = Term::demo(36, 120);
    t.see("Marta Souza");
    fill_in(&mut t, "Shop Porto");
    let first = link_of(&t);
    let data = t.data.clone();
    control(data.path(), "kapso/expire", Some(&json!({})));
    t.see("c makes a new one");
    t.press("c");
    t.wait("a link that can be opened", |s| s.contains("this screen says when it is done"));
    let second = link_of(&t);
    assert!(second != first && second.contains("/whatsapp/setup/"), "{first} {second}");
    // The same once more: it is there already.
    t.press("\u{1b}");
    t.see("Account · Shop Porto");
    t.press("\u{1b}");
    t.see("Accounts · ");
    t.press("n");
    t.see("New account of");
    t.press("k");
    t.see("New account · Kapso");
    t.press("Shop Porto\t\t\tanother");
    t.press(F10);
    t.see("there is an account `shop-porto` already");
    t.press("\u{1b}");
    t.see("Throw the changes away?");
    t.press("y");
    t.see("Accounts · ");
    // Going on gives the same link, and the same customer.
    t.press("c");
    assert_eq!(link_of(&t), second);
    assert_eq!(customers(data.path()), 1);
    // The program is killed and starts again: it goes on where it was.
    drop(t);
    let mut t = Term::start(Arc::clone(&data), 36, 120);
    t.see("Marta Souza");
    t.press("gA");
    t.see("Shop Porto");
    control(data.path(), "kapso/complete", Some(&json!({})));
    t.wait("connected", |s| {
        s.lines().any(|l| l.contains("Shop Porto") && l.contains("connected") && l.contains('●'))
    });
    assert_eq!(customers(data.path()), 1);
}
