//! Line mode against a scripted engine.

use super::commands::{COMMANDS, meant, template_words};
use super::*;
use crate::config::settings::Masking;
use crate::model::Body;
use crate::protocol::ServerFrame;
use crate::protocol::client::pair;
use crate::tui::app::tests::{Script, inbox};
use std::sync::Arc;

struct Bed {
    talk: Talk<Vec<u8>>,
    script: Arc<Mutex<Script>>,
    frames: mpsc::Sender<ServerFrame>,
}

fn bed(script: Script, settings: UiSettings) -> Bed {
    let (connection, mut peer) = pair();
    let clock = script.clock.clone();
    let script = Arc::new(Mutex::new(script));
    let engine = Arc::clone(&script);
    let frames = peer.frames.clone();
    tokio::spawn(async move {
        while let Some(frame) = peer.requests.recv().await {
            let result = engine.lock().unwrap().answer(frame.request);
            if peer.frames.send(ServerFrame::Answer { id: frame.id, result }).await.is_err() {
                break;
            }
        }
    });
    let options = TuiOptions { settings, clock, operator: "ana".into(), leave_when_gone: true };
    Bed { talk: Talk::new(connection, Vec::new(), options, TimeZone::UTC), script, frames }
}

impl Bed {
    /// Types a line; what is said to it.
    async fn type_line(&mut self, line: &str) -> String {
        self.talk.out.clear();
        assert!(!self.talk.line(line).await.unwrap(), "{line} ended it");
        self.said()
    }

    fn said(&self) -> String {
        let said = String::from_utf8(self.talk.out.clone()).unwrap();
        assert!(!said.chars().any(|c| c != '\n' && text::is_hostile(c)), "{said:?}");
        said
    }
}

#[tokio::test]
async fn a_customer_is_answered_line_by_line() {
    let mut b = bed(inbox(), UiSettings::default());
    b.talk.greet().await.unwrap();
    assert!(b.said().contains("Switchboard in line mode, ana."));
    let list = b.type_line("list").await;
    let first = b.script.lock().unwrap().threads[0].clone();
    assert!(list.starts_with(&format!("1. {}", first.title)), "{list}");
    assert!(list.lines().all(|l| l.contains("window")), "{list}");
    let opened = b.type_line("o 1").await;
    assert!(opened.starts_with(&first.title), "{opened}");
    let asked = |b: &Bed, f: fn(&Request) -> bool| b.script.lock().unwrap().log.iter().any(f);
    assert_eq!(asked(&b, |r| matches!(r, Request::MarkRead { .. })), first.unread > 0);
    assert!(b.type_line("reply On its way!").await.contains("queued"));
    assert!(asked(&b, |r| matches!(r, Request::Send { .. })));
    // Several lines, ended by a dot.
    b.type_line("reply").await;
    b.type_line("one").await;
    b.type_line("list").await;
    assert!(b.type_line(".").await.contains("queued"));
    let last = b.script.lock().unwrap().messages.last().unwrap().body.plain_text();
    assert_eq!(last, "one\nlist");
    b.type_line("reply").await;
    assert_eq!(b.type_line(".").await, "nothing was sent\n");
    // A note stays here.
    assert_eq!(b.type_line("note call her on Friday").await, "noted\n");
    assert!(asked(&b, |r| matches!(r, Request::AddNote { text, .. } if text == "call her on Friday")));
    assert!(b.talk.line("quit").await.unwrap());
}

#[tokio::test]
async fn what_comes_in_is_told_by_itself() {
    let mut b = bed(inbox(), UiSettings { notify_bell: true, mask: Masking::Names, ..UiSettings::default() });
    let (thread, message, title) = {
        let mut s = b.script.lock().unwrap();
        let row = s.threads[1].clone();
        let m = s.say(row.id, 0, true, Body::text("call me: +55 11 98888-1234\u{1b}[2J\nthanks"));
        (row.id, m, row.title)
    };
    let changed = vec![Changed::MessageStored { thread, message, inbound: true }];
    b.talk.out.clear();
    b.talk.changed(Update { seq: 1, changed: changed.clone() }).await.unwrap();
    let out = String::from_utf8(b.talk.out.clone()).unwrap();
    assert!(out.contains("call me: +55 11 9****-1234") && out.contains("\n  thanks\n"), "{out:?}");
    assert!(!out.contains(&title) && out.starts_with("\n\u{7}") && !out.contains('\u{1b}'), "{out:?}");
    // Muted: still told, without the bell.
    b.talk.muted.insert(thread);
    b.talk.out.clear();
    b.talk.changed(Update { seq: 2, changed }).await.unwrap();
    assert!(!b.talk.out.contains(&7) && !b.talk.out.is_empty());
}

#[tokio::test]
async fn a_snooze_that_ends_is_told_to_who_has_the_thread() {
    let mut b = bed(inbox(), UiSettings { notify_bell: true, ..UiSettings::default() });
    let (mine, theirs) = {
        let mut s = b.script.lock().unwrap();
        s.threads[0].handling.assignee = Some("ana".into());
        s.threads[1].handling.assignee = Some("bo".into());
        (s.threads[0].clone(), s.threads[1].id)
    };
    let ended = |thread| Changed::SnoozeEnded { thread };
    b.talk.out.clear();
    b.talk.changed(Update { seq: 1, changed: vec![ended(mine.id), ended(theirs)] }).await.unwrap();
    let out = String::from_utf8(b.talk.out.clone()).unwrap();
    assert_eq!(out, format!("\n\u{7}Snooze ended: {}\n", mine.title));
    b.talk.out.clear();
    b.talk.changed(Update { seq: 2, changed: vec![ended(theirs)] }).await.unwrap();
    assert_eq!(b.talk.out, b"");
}

#[tokio::test]
async fn views_are_told_by_name_and_filter() {
    let mut b = bed(inbox(), UiSettings::default());
    let (mine, asleep) = {
        let mut s = b.script.lock().unwrap();
        s.threads[0].handling.assignee = Some("ana".into());
        s.threads[1].handling.state = crate::model::handling::State::Snoozed;
        s.preferences.insert("view/hot".into(), "state:snoozed".into());
        (s.threads[0].title.clone(), s.threads[1].title.clone())
    };
    b.talk.greet().await.unwrap();
    let said = b.type_line("list mine").await;
    assert!(said.starts_with(&format!("1. {mine}")) && said.contains("ana has it"), "{said}");
    assert_eq!(said.lines().count(), 1);
    let said = b.type_line("list snoozed").await;
    assert!(said.contains(&asleep) && said.contains("snoozed until the customer replies"), "{said}");
    // An own view, and a filter; the numbers are those of the new list.
    assert_eq!(b.type_line("list hot").await, said);
    assert_eq!(b.type_line("list state:snoozed 5").await, said);
    assert!(b.type_line("open 1").await.starts_with(&asleep));
    assert_eq!(b.type_line("list inbox 1").await.lines().count(), 1);
    assert_eq!(b.type_line("list resolved").await, "There is nothing in this view.\n");
    let said = b.type_line("list lable:x").await;
    assert!(said.contains("not done") && said.contains("views tells what there is"), "{said}");
    let said = b.type_line("views").await;
    assert!(said.contains("inbox: ") && said.contains("hot, your own: state:snoozed"), "{said}");
}

#[tokio::test]
async fn threads_are_resolved_snoozed_assigned_and_labelled() {
    use crate::model::handling::{Act, Label, LabelColor, Nap};
    use crate::model::ids::LabelId;
    let mut b = bed(inbox(), UiSettings::default());
    let vip = LabelId([3; 16]);
    let (first, second) = {
        let mut s = b.script.lock().unwrap();
        let label = Label { id: vip, name: "vip".into(), color: LabelColor::Red };
        s.labels = vec![crate::protocol::LabelRow { label, threads: 0 }];
        (s.threads[0].id, s.threads[1].id)
    };
    b.talk.greet().await.unwrap();
    for line in ["resolve", "snooze 2h", "assign me", "label vip"] {
        assert!(b.type_line(line).await.contains("no thread is open"), "{line}");
    }
    b.type_line("list").await;
    b.type_line("open 1").await;
    let act = |add: Vec<LabelId>, remove: Vec<LabelId>| Act::Label { add, remove };
    let now = b.talk.clock.now();
    for (line, said, want) in [
        ("label vip", "done: put the label vip on\n", act(vec![vip], vec![])),
        ("unlabel VIP", "done: take the label VIP off\n", act(vec![], vec![vip])),
        ("assign me", "done: give it to ana (you)\n", Act::Assign { to: Some("ana".into()) }),
        ("assign bo", "done: give it to bo\n", Act::Assign { to: Some("bo".into()) }),
        (
            "snooze until reply",
            "done: snooze it until the customer replies\n",
            Act::Snooze { nap: Nap::Reply },
        ),
        (
            "priority urgent",
            "done: priority urgent\n",
            Act::Priority { priority: crate::model::handling::Priority::Urgent },
        ),
        ("reopen", "open again\n", Act::Reopen),
        ("resolve", "resolved\n", Act::Resolve),
    ] {
        assert_eq!(b.type_line(line).await, said, "{line}");
        let asked = b.script.lock().unwrap().log.last().cloned();
        assert_eq!(asked, Some(Request::Act { threads: vec![first], act: want }), "{line}");
    }
    let said = b.type_line("snooze 2h").await;
    assert!(said.starts_with("done: snooze it until "), "{said}");
    let asked = b.script.lock().unwrap().log.last().cloned();
    let nap = Nap::Time { at: now + 7_200_000 };
    assert_eq!(asked, Some(Request::Act { threads: vec![first], act: Act::Snooze { nap } }));
    // By the numbers of the last list.
    assert_eq!(b.type_line("resolve 2 1 2").await, "2 threads: resolved\n");
    let asked = b.script.lock().unwrap().log.last().cloned();
    assert_eq!(asked, Some(Request::Act { threads: vec![second, first], act: Act::Resolve }));
    // What cannot be is said, and nothing is asked.
    let before = b.script.lock().unwrap().log.iter().filter(|r| matches!(r, Request::Act { .. })).count();
    for (line, why) in [
        ("label gold", "there is no label gold"),
        ("label", "`label` needs the name of a label"),
        ("snooze soonish", "nothing was done"),
        ("priority", "one of low"),
        ("resolve 99", "no number 99"),
    ] {
        let said = b.type_line(line).await;
        assert!(said.contains(why), "{line}: {said}");
    }
    let after = b.script.lock().unwrap().log.iter().filter(|r| matches!(r, Request::Act { .. })).count();
    assert_eq!(before, after);
    assert_eq!(b.type_line("labels").await, "vip, red: 0 threads\n");
    assert_eq!(b.type_line("note").await, "note what?\n");
}

#[tokio::test]
async fn the_accounts_are_told_with_what_can_be_done() {
    let mut b = bed(inbox(), UiSettings::default());
    b.script.lock().unwrap().accounts = crate::tui::overlay::accounts::sample::accounts();
    let said = b.type_line("accounts").await;
    for line in [
        "Acme Support: connected, +351 912 34-5678, 3 threads unread\n",
        "Acme Sales: error: 190 the access token has expired",
        "Shop Lisboa: pending, no number yet, for development",
        "  its setup was begun and not finished: go on with it: `switchboard accounts connect shop-pt`",
        "Lojas BR: paused",
        "  nothing leaves it until somebody resumes it",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
}

#[tokio::test]
async fn it_ends_with_the_input_and_with_the_engine() {
    let mut b = bed(inbox(), UiSettings::default());
    let (tx, mut lines) = mpsc::channel(4);
    tx.send("help".to_owned()).await.unwrap();
    drop(tx);
    assert_eq!(b.talk.run(&mut lines).await.unwrap(), Left::Quit);
    let said = b.said();
    for (name, ..) in COMMANDS {
        assert!(said.contains(&format!("\n{name}")) || said.contains(&format!("> {name}")), "{name}\n{said}");
    }
    drop(b.frames);
    let (connection, peer) = pair();
    drop(peer);
    let options = TuiOptions {
        settings: UiSettings::default(),
        clock: Clock::manual(0),
        operator: "ana".into(),
        leave_when_gone: true,
    };
    let mut talk = Talk::new(connection, Vec::new(), options, TimeZone::UTC);
    let (_tx, mut lines) = mpsc::channel(4);
    assert_eq!(talk.run(&mut lines).await.unwrap(), Left::EngineGone);
}

#[tokio::test]
async fn refusals_have_three_parts_and_nothing_typed_is_lost() {
    let mut b = bed(inbox(), UiSettings::default());
    assert!(b.type_line("reply hi").await.contains("no thread is open"));
    assert!(b.type_line("frobnicate").await.contains("help"));
    assert!(b.type_line("open").await.contains("open what?"));
    b.type_line("list").await;
    b.type_line("open 1").await;
    b.script.lock().unwrap().refuse =
        Some(Problem::new("window_closed", "the window is closed").means("too late").next("send a template"));
    let said = b.type_line("reply precious words").await;
    assert_eq!(
        said,
        "not done: the window is closed\n  too late\n  next: send a template\nyour text was: precious words\n"
    );
}

#[tokio::test]
async fn what_the_role_lacks_is_a_sentence() {
    let mut b = bed(inbox(), UiSettings::default());
    b.type_line("list").await;
    b.type_line("open 1").await;
    let lacks = "ana may not do this: the role `viewer` lacks `chat.edit`";
    b.script.lock().unwrap().refuse =
        Some(Problem::new("forbidden", lacks).next("ask an admin for it, or for another role"));
    let said = b.type_line("note call back").await;
    assert!(said.starts_with(&format!("not done: {lacks}\n  next: ask an admin")), "{said}");
}

#[test]
fn beginnings_of_commands_are_enough() {
    assert_eq!(meant("o"), Some("open"));
    assert_eq!(meant("template"), Some("template"));
    assert_eq!(meant("t"), Some("templates"));
    assert_eq!(meant(""), None);
    assert_eq!(meant("x"), None);
    let (name, language, values) = template_words("order en_US body.1=\"Ana Maria\" body.2=4711").unwrap();
    assert_eq!((&*name, &*language), ("order", "en_US"));
    assert_eq!((&*values["body.1"], &*values["body.2"]), ("Ana Maria", "4711"));
    for bad in ["", "order", "order en x", "order en a=\"b"] {
        assert!(template_words(bad).is_none(), "{bad}");
    }
}

#[tokio::test]
async fn a_reply_waits_where_a_colleague_is_and_goes_when_it_is_said_again() {
    let mut b = bed(inbox(), UiSettings::default());
    b.type_line("list").await;
    b.type_line("open 1").await;
    let sends =
        |b: &Bed| b.script.lock().unwrap().log.iter().filter(|r| matches!(r, Request::Send { .. })).count();
    assert_eq!(b.type_line("anyway").await, "nothing was held back\n");
    b.script.lock().unwrap().claim = Some(Problem::new("busy", "bo is writing there"));
    let said = b.type_line("reply On its way!").await;
    assert!(said.starts_with("not sent: bo is writing there\nanyway sends it"), "{said}");
    assert_eq!(sends(&b), 0);
    assert!(b.type_line("anyway").await.contains("queued"));
    assert_eq!((sends(&b), b.type_line("anyway").await.as_str()), (1, "nothing was held back\n"));
    assert_eq!(b.type_line("who").await, "nobody else is here\n");
    b.script.lock().unwrap().taken.from = Some("bo".into());
    assert_eq!(b.type_line("take").await, "yours now; bo had it\n");
    assert_eq!(b.type_line("mentions").await, "no note waits for you\n");
    // Somebody else takes it while a text is being typed: it is told, and nothing of it is sent.
    b.type_line("reply").await;
    b.type_line("half a").await;
    let thread = b.script.lock().unwrap().threads[0].id;
    b.talk.out.clear();
    let taken = Changed::TakenOver { thread, from: "ana".into(), by: "bo".into() };
    b.talk.changed(Update { seq: 1, changed: vec![taken] }).await.unwrap();
    assert!(b.said().ends_with("your text was: half a\n") && b.said().contains("bo took over: "));
    b.type_line(".").await;
    assert_eq!(sends(&b), 1);
}
