//! Two operators, two terminals, one customer: the real program, with a real second user.

use super::house::{DEADLINE, House, Other};
use std::process::Command;
use std::time::Instant;
use switchboard::users::{gid_of, name_of, own_uid};

const GROUP: &str = "daemon";
const NOBODY: u32 = 65534;

#[test]
fn two_write_to_one_customer_and_one_is_killed() {
    let Some(gid) = gid_of(GROUP).filter(|_| own_uid() == 0) else { return };
    let house = House::open(&format!("socket = \"run/engine.sock\"\ngroup = \"{GROUP}\""));
    let engine = house.serve();
    house.connected();
    let bo = name_of(NOBODY);
    let added = house.run(&["operators", "add", &bo, "--role", "agent"]);
    assert_eq!(added.code, 0, "{added:?}");
    house.say("marta", "Cadê o meu pedido?");
    let mut one = house.terminal();
    one.see("Marta Souza");
    one.press("\r");
    one.see("Cadê o meu pedido?");
    let member = Other { uid: NOBODY, gid };
    let mut two = house.terminal_as(member);
    two.see("Marta Souza");
    two.press("\r");
    two.see("Cadê o meu pedido?");
    two.press("r");
    two.see("Enter send");
    two.press("Dear Marta");
    one.see(&format!("{bo} is writing"));
    let who = house.run(&["who", "--json"]);
    assert!(who.out.contains("\"typing\"") && who.out.contains(&bo), "{who:?}");
    // The second one is told before anything is sent, on the screen and in the shell; a script does not wait.
    one.press("r");
    one.see("Enter send");
    one.press("Sai hoje");
    one.see("Sai hoje");
    one.press("\r");
    one.see("Send this too?");
    one.press("\u{1b}");
    one.wait("the question is gone", |s| !s.contains("Send this too?") && s.contains("Sai hoje"));
    two.press(", we");
    let refused = house.run(&["send", "Marta Souza", "--text", "from a script"]);
    assert_eq!(refused.code, 4, "{refused:?}");
    assert!(refused.err.contains("is writing there") && refused.err.contains("--anyway"), "{refused:?}");
    // The other one is killed: within a moment the conversation is free, and what was begun is not lost.
    two.see("Dear Marta, we");
    let start = Instant::now();
    while !house.run_as(member, &["threads", "--json"]).out.contains("\"draft\":true") {
        assert!(start.elapsed() < DEADLINE, "the draft is not kept");
    }
    let pid = two.child.process_id().unwrap().to_string();
    assert!(Command::new("kill").args(["-9", &pid]).status().unwrap().success());
    one.wait("nobody writes any more", |s| !s.contains("is writing"));
    one.press("r");
    one.see("Enter send");
    one.press("!");
    one.see("Sai hoje!");
    one.press("\r");
    one.wait("the reply has left", |s| s.contains("Sai hoje!  ✓"));
    let again = house.terminal_as(member);
    again.see("Dear Marta");
    // It is taken over: a note, and nothing that could be sent.
    one.press("\u{1b}");
    let taken = house.run(&["threads", "assign", "Marta Souza", "--to", &bo]);
    assert_eq!(taken.code, 0, "{taken:?}");
    one.press("T");
    one.see(&format!("Begun by {bo}, taken over by"));
    again.see("took over: Marta Souza");
    again.wait("nothing is left to be sent", |s| s.contains("r writes a reply") || s.contains("Begun by"));
    drop((one, two, again));
    engine.end();
}
