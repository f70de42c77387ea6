//! A number of Meta's in the demonstration, by keys alone: what is refused is said, and what was begun goes on.

use super::Term;

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
    t.see("1 of 8 done");
    t.press("EAAGnobodysnobodysnobodys\r");
    let s = t.see("refuses the token");
    assert!(!s.contains("nobodys"), "{s}");
    t.press("\x15");
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
}
