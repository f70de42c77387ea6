//! The engine is replaced while terminals are attached to it.

use super::house::House;
use crate::common::private_dir;
use crate::pty::Term;
use std::sync::Arc;

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
    // Typed while there is nothing to type into: none of it becomes a command.
    t.press("q\rxy");
    let engine = house.serve();
    t.wait("the draft", |s| s.contains("half a thought") && s.contains("Enter send"));
    t.press(" and more");
    t.see("half a thought and more");
    t.see("pedido 8812?");
    assert_eq!(house.run(&["outbox", "--json"]).out, before);
    // It works with the new one.
    house.connected();
    house.say("marta", "Oi??");
    t.see("Oi??");
    t.press("\r");
    t.wait("the reply has left", |s| s.contains("half a thought and more  ✓"));
    drop(t);
    engine.end();
}

#[test]
fn keys_between_two_engines_go_where_they_were_meant_to() {
    let dir = Arc::new(private_dir());
    let data = dir.path().join("demo");
    let demo = ["demo", "--speed", "20", "--data", data.to_str().unwrap()];
    let mut host = Term::program(&demo, Arc::clone(&dir), 24, 80);
    host.see("Marta Souza");
    let mut t = Term::program(&demo, Arc::clone(&dir), 36, 120);
    t.see("Marta Souza");
    t.press("/");
    t.see("Search");
    t.press("Marta Souza");
    t.wait("a contact in the search", |s| s.contains("contacts ─") && s.matches("Marta Souza").count() >= 2);
    t.press("\r");
    t.see("pedido 8812");
    t.press("r");
    t.see("Enter send");
    t.press("Quero dizer");
    t.see("Quero dizer");
    // The host dies in the middle of a word; this terminal becomes the host.
    host.child.kill().unwrap();
    let _ = host.child.wait();
    t.press(" que ja saiu");
    t.wait("all of it in the composer", |s| {
        s.contains("Quero dizer que ja saiu") && s.contains("Enter send")
    });
}
