//! A number of Meta's in the demonstration, by keys alone: what is refused is said, and what was begun goes on.

use super::Term;
use super::connecting::control;
use serde_json::json;
use switchboard::emulator::{DEMO_ACCOUNT, DEMO_APP_SECRET, DEMO_FREE_NUMBER};

#[test]
fn steps_are_taken_refused_and_gone_on_with_by_keys_alone() {
    let mut t = Term::demo(24, 80);
    t.see("Marta Souza");
    t.press("gA");
    t.see("Acme Sales");
    t.press("n");
    t.see("Kapso");
    t.press("m");
    t.see("Connect a number");
    // Where the demonstration's provider is comes from the accounts that are there.
    t.see("http://127.0.0.1");
    t.press("Shop PT");
    t.see("Shop PT");
    t.press("\r\r\r\r");
    t.see("▌○ access token");
    t.press("EAAGnobodysnobodysnobodys\r");
    let s = t.see("refuses the token");
    assert!(!s.contains("nobodys"), "{s}");
    // With a wrong token nothing came to be.
    t.press("\x1b");
    t.wait("the accounts", |s| s.contains("Accounts · ") && !s.contains("Connect a number"));
    assert!(!t.text().contains("Shop PT"), "{}", t.text());
    t.press("nm");
    t.see("http://127.0.0.1");
    t.press("Shop PT\r\r\r\r");
    t.see("▌○ access token");
    t.press("emulator-access-token\r");
    let s = t.see("2 of 8 done");
    assert!(!s.contains("emulator-access-token"), "{s}");
    t.press("339901477551999\r218834005551201\r");
    t.see("is not one of the business");
    // Both fields are still there; the first is written anew.
    t.press("\x15339901477551020\r\r");
    t.see("is the account `support`");
    t.press("\x1b");
    t.see("pending");
    t.press("q");
    t.wait("the inbox", |s| !s.contains("pending"));
    t.press(":number.connect shop-pt\r");
    t.see("2 of 8 done");
    // The refusal has named a number of the business account that nobody uses: with it one gets to the end.
    t.wait("the first id", |s| s.contains("Phone number ID"));
    t.press(&format!("\x15{DEMO_FREE_NUMBER}\r\x15{DEMO_ACCOUNT}\r"));
    t.see("Acme Outlet");
    t.see("▌○ app secret");
    t.press("not-the-secret\r");
    t.see("this is not the secret of the app");
    t.press("\x15");
    t.press(&format!("{DEMO_APP_SECRET}\r"));
    t.see("▌○ verify token");
    assert!(!t.text().contains(DEMO_APP_SECRET));
    t.press("\r");
    t.see("▌○ registration");
    // It is not registered yet, which is found out; six digits do it.
    t.press("\r");
    t.see("its state is PENDING");
    t.press("314159\r");
    t.see("▌○ webhooks");
    assert!(!t.text().contains("314159"));
    t.press("\r");
    t.see("● connected");
    t.see("▌○ test message");
    t.press("+55 11 90000-0101\r");
    t.see("hello_world to +5511900000101");
    t.press("\x1b");
    t.wait("the inbox", |s| !s.contains("Connect a number"));
    t.press("gA");
    t.wait("the account at work", |s| {
        s.lines().any(|l| l.contains("Shop PT") && l.contains("connected") && l.contains('●'))
    });
    t.press("q");
    // A customer writes to it, and is there.
    let say = json!({"customer": "447700900778", "name": "Ann Lee", "text": "is the outlet open?", "number": DEMO_FREE_NUMBER});
    let data = t.data.clone();
    control(data.path(), "say", Some(&say));
    super::open(&mut t, "Ann Lee", "is the outlet open?");
}
