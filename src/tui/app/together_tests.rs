//! Colleagues on the screen, by keys.

use super::App;
use super::tests::{NOW, Script, inbox};
use crate::model::event::Recipient;
use crate::model::template::Values;
use crate::model::thread::DraftMode;
use crate::model::{Body, Origin, ThreadId};
use crate::protocol::mentions::{MentionRequest, MentionRow};
use crate::protocol::presence::{
    Doing, InThread, Person, PresenceRequest, Present, ScreenRow, Spot, TakenOver, Watched,
};
use crate::protocol::{Changed, Problem, Request};
use crate::tui::app::Event;
use crate::tui::command::Scope;
use crate::tui::overlay::Step;

fn acts(s: &Script) -> Vec<PresenceRequest> {
    let act = |r: &Request| match r {
        Request::Presence { act } => Some(act.clone()),
        _ => None,
    };
    s.log.iter().filter_map(act).collect()
}

fn spots(s: &Script) -> Vec<Spot> {
    let spot = |a: PresenceRequest| match a {
        PresenceRequest::Here { spot } => Some(spot),
        _ => None,
    };
    acts(s).into_iter().filter_map(spot).collect()
}

fn present(thread: ThreadId, operator: &str, doing: Doing) -> Present {
    let people = vec![Person { operator: operator.into(), doing }];
    Present { company: true, threads: vec![InThread { thread, people }], watchers: vec![] }
}

/// An inbox where bo does something in the first thread.
fn with(doing: Doing) -> (Script, App, ThreadId) {
    let mut s = inbox();
    let id = s.threads[0].id;
    s.present = present(id, "bo", doing);
    let app = s.start((120, 36));
    (s, app, id)
}

/// Lets the deadline pass at which something is said.
fn later(s: &mut Script, app: &mut App, by: i64) {
    s.clock.advance(by);
    let effects = app.update(Event::Deadline);
    s.pump(app, effects);
}

fn name(app: &App) -> Option<&str> {
    app.overlays.last().map(|o| o.overlay.name())
}

fn sends(s: &Script) -> usize {
    let is = |r: &Request| match r {
        Request::Send { .. } => true,
        Request::Together { requests } => requests.iter().any(|r| matches!(r, Request::Send { .. })),
        _ => false,
    };
    s.log.iter().filter(|r| is(r)).count()
}

#[test]
fn alone_nothing_is_said_after_the_first_word() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    let joined = acts(&s).len();
    assert_eq!(joined, 1, "that this is a screen");
    s.keys(&mut app, "Enter r");
    s.type_text(&mut app, "Sai hoje");
    later(&mut s, &mut app, 5_000);
    s.keys(&mut app, "Enter Esc Esc j Enter");
    assert_eq!(acts(&s).len(), joined);
    assert_eq!(sends(&s), 1);
    assert!(app.together.due().is_none());
}

#[test]
fn with_company_the_screen_says_where_it_is_and_that_somebody_writes() {
    let (mut s, mut app, id) = with(Doing::Open);
    later(&mut s, &mut app, 1_000);
    let at = |doing| Spot { thread: Some(id), doing };
    s.keys(&mut app, "Enter");
    later(&mut s, &mut app, 300);
    assert_eq!(spots(&s).last(), Some(&at(Doing::Viewing)));
    s.keys(&mut app, "r");
    let before = spots(&s).len();
    s.type_text(&mut app, "Sai");
    later(&mut s, &mut app, 300);
    assert_eq!(spots(&s).last(), Some(&at(Doing::Typing)));
    assert_eq!(spots(&s).len(), before + 1, "not with every key");
    // Said again while keys come, and not when none come.
    later(&mut s, &mut app, 2_800);
    assert_eq!(spots(&s).len(), before + 1);
    s.type_text(&mut app, "!");
    later(&mut s, &mut app, 10);
    assert_eq!(spots(&s).len(), before + 2);
    // A note is nobody's business; the list is open, not looked at.
    s.keys(&mut app, "Esc n");
    s.type_text(&mut app, "hm");
    later(&mut s, &mut app, 300);
    assert_eq!(spots(&s).last(), Some(&at(Doing::Viewing)));
    s.keys(&mut app, "Esc Esc");
    later(&mut s, &mut app, 300);
    assert_eq!(spots(&s).last(), Some(&at(Doing::Open)));
    app.update(Event::Focus(false));
    s.tell(&mut app, vec![Changed::CompanyChanged { company: false }]);
    let n = acts(&s).len();
    s.keys(&mut app, "j Enter");
    later(&mut s, &mut app, 5_000);
    assert_eq!(acts(&s).len(), n, "alone again");
}

#[test]
fn what_changes_off_the_screen_is_asked_for_when_it_comes_on() {
    let (mut s, mut app, id) = with(Doing::Open);
    let elsewhere = ThreadId([9; 16]);
    let asked = |s: &Script, wanted: ThreadId| {
        acts(s).iter().any(|a| matches!(a, PresenceRequest::Who { threads: Some(t) } if t.contains(&wanted)))
    };
    s.tell(&mut app, vec![Changed::PresenceChanged { thread: elsewhere }]);
    assert!(!asked(&s, elsewhere));
    s.present = present(id, "bo", Doing::Typing);
    s.tell(&mut app, vec![Changed::PresenceChanged { thread: id }]);
    assert!(asked(&s, id));
    assert_eq!(app.writer_in(id), Some("bo"));
}

#[test]
fn the_second_writer_is_asked_before_anything_is_sent() {
    let (mut s, mut app, id) = with(Doing::Typing);
    s.keys(&mut app, "Enter r");
    s.type_text(&mut app, "Sai hoje");
    s.clock.advance(1_000);
    s.keys(&mut app, "Enter");
    assert_eq!((name(&app), sends(&s)), (Some("clash"), 0));
    // The key that sent does nothing; looking first keeps the text.
    s.keys(&mut app, "Enter Esc");
    let c = app.conversation.as_ref().unwrap();
    assert_eq!(
        (app.scope, c.draft(DraftMode::Reply).text(), sends(&s)),
        (Scope::Conversation, "Sai hoje", 0)
    );
    // All the same: without a further question.
    s.keys(&mut app, "r");
    s.clock.advance(1_000);
    s.keys(&mut app, "Enter s");
    assert_eq!((name(&app), sends(&s)), (None, 1));
    assert!(s.log.iter().any(|r| matches!(r, Request::Send { .. })), "unguarded");
    let _ = id;
}

#[test]
fn an_answer_by_a_colleague_since_the_text_was_begun_is_said_first() {
    let (mut s, mut app, id) = with(Doing::Open);
    s.keys(&mut app, "Enter r");
    s.type_text(&mut app, "Sai hoje");
    s.clock.advance(2_000);
    let theirs = s.say(id, 0, false, Body::text("I have it"));
    let at = s.clock.now();
    s.change(theirs, |m| (m.at, m.origin) = (at, Origin::Operator("bo".into())));
    s.tell(&mut app, vec![Changed::MessageStored { thread: id, message: theirs, inbound: false }]);
    s.keys(&mut app, "Enter");
    assert_eq!((name(&app), sends(&s)), (Some("clash"), 0));
    s.keys(&mut app, "T");
    assert!(acts(&s).contains(&PresenceRequest::TakeOver { thread: id }));
}

#[test]
fn what_the_screen_does_not_know_yet_the_engine_says() {
    let (mut s, mut app, _) = with(Doing::Open);
    s.keys(&mut app, "Enter r");
    s.type_text(&mut app, "Sai hoje");
    s.clock.advance(1_000);
    s.claim = Some(Problem::new("busy", "bo is writing there"));
    s.keys(&mut app, "Enter");
    let c = app.conversation.as_ref().unwrap();
    assert_eq!((name(&app), c.draft(DraftMode::Reply).text()), (Some("clash"), "Sai hoje"));
    s.keys(&mut app, "s");
    assert_eq!(app.conversation.as_ref().unwrap().draft(DraftMode::Reply).text(), "");
}

#[test]
fn taking_over_asks_where_somebody_writes() {
    let (mut s, mut app, id) = with(Doing::Typing);
    s.taken = TakenOver { from: Some("bo".into()), note: Some(crate::model::MessageId([7; 16])) };
    s.keys(&mut app, "T T");
    assert_eq!(name(&app), None, "another key leaves it as it is");
    assert!(!acts(&s).contains(&PresenceRequest::TakeOver { thread: id }));
    s.keys(&mut app, "T y");
    assert!(acts(&s).contains(&PresenceRequest::TakeOver { thread: id }));
    assert_eq!(app.say.as_ref().unwrap().text, "yours now · what bo had begun is a note");
    // Where nobody writes one key does it.
    s.keys(&mut app, "j");
    let other = app.list.current().unwrap().id;
    s.keys(&mut app, "T");
    assert!(acts(&s).contains(&PresenceRequest::TakeOver { thread: other }));
}

#[test]
fn what_is_taken_over_leaves_nothing_to_be_sent_by_accident() {
    let taken = |id| Changed::TakenOver { thread: id, from: "ana".into(), by: "bo".into() };
    // Kept by the engine: it is in the note, and the composer is empty.
    let (mut s, mut app, id) = with(Doing::Open);
    s.keys(&mut app, "Enter r");
    s.type_text(&mut app, "Dear Marta");
    later(&mut s, &mut app, 600);
    s.tell(&mut app, vec![taken(id)]);
    let c = app.conversation.as_ref().unwrap();
    assert!(c.draft(DraftMode::Reply).is_empty() && c.draft(DraftMode::Note).is_empty());
    assert_eq!(app.scope, Scope::Conversation);
    assert!(app.say.as_ref().unwrap().text.starts_with("bo took over: "), "{:?}", app.say);
    s.keys(&mut app, "Enter Enter");
    assert_eq!(sends(&s), 0);
    // The last words were not kept yet: they are in one's own note.
    let (mut s, mut app, id) = with(Doing::Open);
    s.keys(&mut app, "Enter r");
    s.type_text(&mut app, "Dear Marta");
    s.tell(&mut app, vec![taken(id)]);
    let c = app.conversation.as_ref().unwrap();
    assert_eq!((c.draft(DraftMode::Reply).text(), c.draft(DraftMode::Note).text()), ("", "Dear Marta"));
    // From somebody else it is nothing to this screen.
    let (mut s, mut app, id) = with(Doing::Open);
    s.keys(&mut app, "Enter r");
    s.type_text(&mut app, "Dear");
    s.tell(&mut app, vec![Changed::TakenOver { thread: id, from: "cy".into(), by: "bo".into() }]);
    assert_eq!(app.conversation.as_ref().unwrap().draft(DraftMode::Reply).text(), "Dear");
}

#[test]
fn a_colleagues_draft_does_not_come_into_this_text() {
    let (mut s, mut app, id) = with(Doing::Open);
    s.keys(&mut app, "Enter");
    let asked = |s: &Script| s.log.iter().filter(|r| matches!(r, Request::Thread { .. })).count();
    let n = asked(&s);
    s.tell(&mut app, vec![Changed::DraftChanged { thread: id, by: "bo".into() }]);
    assert_eq!(asked(&s), n);
    s.tell(&mut app, vec![Changed::DraftChanged { thread: id, by: "ana".into() }]);
    assert_eq!(asked(&s), n + 1);
}

#[test]
fn following_a_colleague_shows_their_text_and_sends_nothing() {
    let (mut s, mut app, id) = with(Doing::Typing);
    let row = s.threads[1].clone();
    s.screens = vec![ScreenRow {
        operator: "bo".into(),
        terminal: String::new(),
        thread: Some(row.id),
        title: row.title.clone(),
        doing: Doing::Typing,
    }];
    s.watched = Watched {
        operator: "bo".into(),
        attached: true,
        row: Some(row.clone()),
        doing: Doing::Typing,
        draft: "Dear".into(),
    };
    s.keys(&mut app, "W Enter");
    assert_eq!(app.conversation.as_ref().unwrap().thread, row.id);
    assert_eq!(app.shown_draft(), Some(("bo", "Dear")));
    assert!(!s.log.iter().any(|r| matches!(r, Request::MarkRead { .. })), "what is watched is not read");
    s.watched.draft = "Dear Fatima".into();
    s.tell(&mut app, vec![Changed::DraftChanged { thread: row.id, by: "bo".into() }]);
    assert_eq!(app.shown_draft(), Some(("bo", "Dear Fatima")));
    // They go on to another thread, and so does this screen.
    s.watched.row = Some(s.threads[0].clone());
    s.tell(&mut app, vec![Changed::WatchedChanged { operator: "bo".into() }]);
    assert_eq!(app.conversation.as_ref().unwrap().thread, id);
    s.keys(&mut app, "g W");
    assert_eq!(name(&app), Some("whisper"));
    s.type_text(&mut app, "be kind");
    s.keys(&mut app, "Enter");
    let note = Request::AddNote { thread: id, text: "@bo be kind".into() };
    assert!(s.log.contains(&note), "{:?}", s.log.last());
    // The same key ends it; so does writing.
    s.keys(&mut app, "W");
    assert!(app.together.watch.is_none());
    assert_eq!(acts(&s).iter().filter(|a| **a == PresenceRequest::Watch { operator: None }).count(), 1);
    s.keys(&mut app, "W Enter r");
    assert!(app.together.watch.is_none() && app.scope == Scope::Composer);
}

#[test]
fn a_note_that_calls_is_counted_listed_and_opened_in_place() {
    let mut s = inbox();
    let row = s.threads[1].clone();
    let note = s.note(row.id, 1, "@ana look");
    s.mentions = 1;
    s.mention_rows = vec![MentionRow {
        note,
        thread: row.id,
        account: row.account,
        title: row.title,
        by: "bo".into(),
        at: NOW,
        text: "@ana look".into(),
        read: false,
    }];
    s.role = Some(crate::model::access::Role::admin());
    let mut app = s.start((120, 36));
    assert_eq!(app.together.mentions, 1);
    s.keys(&mut app, "g @ Enter");
    let c = app.conversation.as_ref().unwrap();
    assert_eq!((c.thread, c.selected), (row.id, Some(note)));
    let read = Request::Mentions { act: MentionRequest::Read { notes: vec![note] } };
    assert!(s.log.contains(&read));
    s.mentions = 0;
    s.tell(&mut app, vec![Changed::MentionsChanged { operator: "ana".into() }]);
    assert_eq!(app.together.mentions, 0);
}

#[test]
fn a_note_that_calls_and_stands_on_the_screen_is_read() {
    let mut s = inbox();
    let id = s.threads[0].id;
    let note = s.note(id, 0, "hm, @Ana?");
    s.role = Some(crate::model::access::Role::admin());
    s.mentions = 1;
    let mut app = s.start((120, 36));
    let read = Request::Mentions { act: MentionRequest::Read { notes: vec![note] } };
    assert!(!s.log.contains(&read), "the list shows no notes");
    s.keys(&mut app, "Enter k j j");
    assert_eq!(s.log.iter().filter(|r| **r == read).count(), 1, "once");
}

#[test]
fn what_an_overlay_sends_is_held_back_once_when_a_colleague_writes() {
    let (mut s, mut app, thread) = with(Doing::Typing);
    let templates = |s: &Script| s.log.iter().filter(|r| matches!(r, Request::SendTemplate { .. })).count();
    s.keys(&mut app, "Enter t");
    let send = |thread| {
        vec![Step::Ask(Box::new(Request::SendTemplate {
            account: None,
            to: Recipient::Thread { thread },
            name: "order_update".into(),
            language: "en".into(),
            values: Values::default(),
            file: None,
            knowing: false,
            at: None,
        }))]
    };
    let serial = app.overlays.last().unwrap().serial;
    app.steps(serial, send(thread));
    let effects = app.update(Event::Deadline);
    s.pump(&mut app, effects);
    assert_eq!(templates(&s), 0, "said first");
    // Where nobody is, nothing is asked.
    let other = s.threads[1].id;
    app.steps(serial, send(other));
    let effects = app.update(Event::Deadline);
    s.pump(&mut app, effects);
    assert_eq!(templates(&s), 1);
    app.steps(serial, send(thread));
    let effects = app.update(Event::Deadline);
    s.pump(&mut app, effects);
    assert_eq!(templates(&s), 2, "once more sends it all the same");
}
