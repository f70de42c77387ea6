//! The engine is replaced while terminals are attached to it.

use super::house::House;

#[test]
fn a_terminal_comes_back_with_its_draft_its_place_and_the_outbox() {
    let house = House::open("");
    let engine = house.serve();
    house.connected();
    house.say("marta", "Cadê o meu pedido 8812?");
    house.say("tom", "Any news?");
    let mut t = house.terminal();
    t.see("Marta Souza");
    t.see("Tom Harker");
    t.press("/");
    t.see("Search");
    t.press("Marta Souza");
    t.wait("a contact in the search", |s| s.contains("contacts ─") && s.matches("Marta Souza").count() >= 2);
    t.press("\r");
    t.see("pedido 8812?");
    t.press("r");
    t.see("Enter send");
    t.press("half a thought");
    t.see("half a thought");
    let queued = house.run(&["send", "Marta Souza", "--text", "later", "--at", "2h", "--json"]);
    assert_eq!(queued.code, 0, "{queued:?}");
    let before = house.run(&["outbox", "--json"]).out;
    assert!(before.contains("later"), "{before}");
    engine.end();
    t.see("waiting a moment for it to come back");
    // Typed while no engine is there: it belongs to the screen that comes.
    t.press(" and more");
    let engine = house.serve();
    t.wait("the draft", |s| s.contains("half a thought and more") && s.contains("Enter send"));
    t.see("pedido 8812?");
    assert_eq!(house.run(&["outbox", "--json"]).out, before);
    // It works with the new one.
    house.connected();
    house.say("marta", "Oi??");
    t.see("Oi??");
    t.press("\r");
    t.wait("the reply has left", |s| s.matches("half a thought and more").count() == 1 && s.contains("✓"));
    drop(t);
    engine.end();
}
