//! What keys and frames of the engine do to the state.

use super::tests::*;
use super::*;
use crate::model::{Body, Outgoing};
use crate::protocol::{Changed, Place};
use crate::tui::overlay::{Delivery, Hint, Step};
use crossterm::event::{KeyCode, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::cell::RefCell;
#[test]
fn the_newest_conversation_is_on_the_screen_from_the_start_and_stays_unread() {
    let mut s = inbox();
    let app = s.start((120, 36));
    assert!(app.is_ready());
    let c = app.conversation.as_ref().unwrap();
    assert_eq!((c.title(), c.messages.len()), ("Marta Souza", 5));
    assert_eq!(c.unread.map(|(_, n)| n), Some(1));
    assert!(!s.log.iter().any(|r| matches!(r, Request::MarkRead { .. })));
}

#[test]
fn opening_a_thread_marks_it_read_with_the_newest_message_shown() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "Enter");
    let upto = app.conversation.as_ref().unwrap().messages.last().unwrap().at;
    let marks: Vec<_> = s.log.iter().filter(|r| matches!(r, Request::MarkRead { .. })).collect();
    let thread = app.conversation.as_ref().unwrap().thread;
    assert_eq!(marks, [&Request::MarkRead { thread, upto, stored: Some(upto), receipt: true }]);
}

#[test]
fn moving_in_the_list_asks_for_nothing() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    let before = s.log.len();
    s.keys(&mut app, "j j k Down");
    assert_eq!(s.log.len(), before);
    assert_eq!(app.list.cursor, 2);
}

#[test]
fn a_reply_is_sent_once_and_shown_when_the_engine_says_so() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "r");
    s.type_text(&mut app, "Sai hoje");
    s.keys(&mut app, "Enter Enter");
    assert_eq!(s.sent(), ["Sai hoje"]);
    let id = s.messages.last().unwrap().id;
    let thread = app.conversation.as_ref().unwrap().thread;
    s.tell(&mut app, vec![Changed::MessageStored { thread, message: id, inbound: false }]);
    let c = app.conversation.as_ref().unwrap();
    assert_eq!(c.messages.last().unwrap().id, id);
    assert!(c.composer.is_empty() && app.scope == Scope::Composer);
}

#[test]
fn a_refused_send_keeps_every_word() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "r");
    s.refuse = Some(Problem::new("window_closed", "131047 closed").means("too late").next("t"));
    s.type_text(&mut app, "first");
    // The answer comes only after more was typed.
    let effects = app.update(Event::Key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)));
    app.update(Event::Key(KeyEvent::new(KeyCode::Char('x'), KeyModifiers::NONE)));
    s.pump(&mut app, effects);
    assert_eq!(app.conversation.as_ref().unwrap().composer.text(), "first\nx");
    let say = app.say.as_ref().unwrap();
    assert!(say.bad && say.text == "131047 closed · too late · → t", "{say:?}");
}

#[test]
fn a_paste_never_sends() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "r");
    let effects = app.update(Event::Paste("one\r\ntwo\r\n".into()));
    s.pump(&mut app, effects);
    assert_eq!(app.conversation.as_ref().unwrap().composer.text(), "one\ntwo\n");
    assert!(s.sent().is_empty());
}

#[test]
fn drafts_are_saved_after_a_pause_on_leaving_and_on_quitting() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    let thread = app.conversation.as_ref().unwrap().thread;
    s.keys(&mut app, "r");
    s.type_text(&mut app, "half");
    assert!(s.drafts.is_empty());
    s.clock.advance(drafts::DRAFT_DELAY);
    assert!(app.deadline().is_some_and(|at| at <= s.clock.now()));
    let effects = app.update(Event::Deadline);
    s.pump(&mut app, effects);
    assert_eq!(s.drafts[&thread], "half");
    s.type_text(&mut app, " a");
    s.keys(&mut app, "Esc");
    assert_eq!(s.drafts[&thread], "half a");
    s.keys(&mut app, "i");
    s.type_text(&mut app, "nd");
    let effects = app.update(Event::Terminate);
    assert!(!effects.contains(&Effect::Quit), "the draft is on its way");
    let rest = s.pump(&mut app, effects);
    assert_eq!(s.drafts[&thread], "half and");
    assert_eq!(rest, [Effect::Quit]);
    // A new screen has it.
    let app = s.start((80, 24));
    assert_eq!(app.conversation.as_ref().unwrap().composer.text(), "half and");
}

#[test]
fn quitting_does_not_wait_for_a_silent_engine_for_ever() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "r");
    s.type_text(&mut app, "x");
    app.update(Event::Terminate);
    s.clock.advance(QUIT_WAIT);
    assert!(app.update(Event::Deadline).contains(&Effect::Quit));
}

#[test]
fn a_row_that_changes_moves_to_its_place_and_the_cursor_stays_on_its_thread() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "j j");
    let under = app.list.current().unwrap().id;
    let last = s.threads.last().unwrap().id;
    s.say(last, 0, true, Body::text("again"));
    s.row(last).unread = 1;
    let account = AccountId::new("support");
    let before = s.log.len();
    s.tell(
        &mut app,
        vec![
            Changed::ThreadChanged { thread: last, account: account.clone() },
            Changed::ThreadChanged { thread: last, account },
        ],
    );
    assert_eq!(s.log.len(), before + 1, "asked once");
    assert_eq!(app.list.rows[0].id, last);
    assert_eq!(app.list.current().unwrap().id, under);
}

#[test]
fn a_gap_in_the_updates_asks_again_for_everything_shown() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.tell(&mut app, vec![]);
    s.sequence += 3;
    let before = s.log.len();
    s.tell(&mut app, vec![]);
    let asked = &s.log[before..];
    assert!(asked.iter().any(|r| matches!(r, Request::Threads { .. })));
    assert!(asked.iter().any(|r| matches!(r, Request::Messages { place: Place::Newest, .. })));
    assert!(asked.iter().any(|r| matches!(r, Request::Accounts)));
}

#[test]
fn a_message_elsewhere_notifies_and_one_that_is_seen_does_not() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "Enter");
    let (open, other) = (s.threads[0].id, s.threads[2].id);
    let m = s.say(other, 0, true, Body::text("hey; there"));
    let out = s.tell(&mut app, vec![Changed::MessageStored { thread: other, message: m, inbound: true }]);
    assert!(matches!(&out[..], [Effect::Notify(n)] if n.body == "hey, there"), "{out:?}");
    let m = s.say(open, 0, true, Body::text("seen"));
    assert!(
        s.tell(&mut app, vec![Changed::MessageStored { thread: open, message: m, inbound: true }]).is_empty()
    );
    app.update(Event::Focus(false));
    let m = s.say(open, 0, true, Body::text("away"));
    let out = s.tell(&mut app, vec![Changed::MessageStored { thread: open, message: m, inbound: true }]);
    // So soon after the last one it waits for what else may come.
    assert_eq!(out, []);
    let other_message = s.say(other, 0, true, Body::text("there?"));
    s.tell(&mut app, vec![Changed::MessageStored { thread: other, message: other_message, inbound: true }]);
    assert_eq!(app.notifier.due(), Some(NOW + 5_000));
    s.clock.set(NOW + 5_000);
    let out = app.update(Event::Deadline);
    let told = out.iter().find_map(|e| if let Effect::Notify(n) = e { Some(n) } else { None });
    assert_eq!(told.map(|n| &*n.title), Some("2 new messages from 2 people"), "{out:?}");
}

#[test]
fn a_muted_thread_is_quiet_and_the_engine_keeps_it() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    let other = s.threads[1].id;
    s.keys(&mut app, "j M");
    let kept = |s: &Script| {
        s.log.iter().rev().find_map(|r| match r {
            Request::SetPreference { preference } => Some(preference.clone()),
            _ => None,
        })
    };
    assert_eq!(kept(&s).and_then(|p| p.mutes()), Some(other));
    let m = s.say(other, 0, true, Body::text("hey"));
    assert_eq!(
        s.tell(&mut app, vec![Changed::MessageStored { thread: other, message: m, inbound: true }]),
        []
    );
    // Another screen of the same operator lifts it.
    app.preferences_came(&[]);
    let m = s.say(other, 0, true, Body::text("hey"));
    let out = s.tell(&mut app, vec![Changed::MessageStored { thread: other, message: m, inbound: true }]);
    assert!(matches!(&out[..], [Effect::Notify(_)]), "{out:?}");
}

#[test]
fn when_a_thread_counts_as_read_is_a_setting() {
    use crate::config::settings::ReadOn;
    let reads = |read_on: ReadOn, keys: &str, text: &str| {
        let mut s = inbox();
        let open = s.threads[0].id;
        s.row(open).unread = 2;
        let (mut app, effects) = App::new(s.clock.clone(), TimeZone::UTC, Theme::basic(), "ana", (120, 36));
        app.read_on = read_on;
        s.pump(&mut app, effects);
        s.keys(&mut app, keys);
        s.type_text(&mut app, text);
        s.keys(&mut app, "Enter");
        s.log.iter().any(|r| matches!(r, Request::MarkRead { thread, .. } if *thread == open))
    };
    // The newest thread is on the screen from the start.
    assert!(reads(ReadOn::Visible, "j k", ""));
    assert!(!reads(ReadOn::Reply, "Enter", ""));
    assert!(reads(ReadOn::Reply, "Enter r", "done"));
    assert!(reads(ReadOn::Open, "Enter", ""));
}

#[test]
fn hiding_goes_over_every_pane_and_the_notification() {
    let mut s = inbox();
    let zelda = s.thread("Zelda Quux", Some("5511988881234"), Some(60));
    s.say(zelda, 1, true, Body::text("my other number is +55 11 97777-4321"));
    let mut app = s.start((200, 50));
    s.keys(&mut app, "g g Enter g h");
    let seen = |app: &mut App| {
        let mut canvas = crate::tui::canvas::Canvas::new(200, 50);
        app.redraw();
        let mut screen = vt100::Parser::new(
            std::num::NonZeroU16::new(50).unwrap(),
            std::num::NonZeroU16::new(200).unwrap(),
            0,
        );
        screen.process(canvas.frame(app, b""));
        screen.screen().contents()
    };
    let text = seen(&mut app);
    assert!(!text.contains("98888") && !text.contains("97777"), "{text}");
    assert!(
        text.contains("+55 11 9****-1234") && text.contains("+55 11 9****-4321") && text.contains("Zelda")
    );
    s.keys(&mut app, "g h");
    let text = seen(&mut app);
    assert!(!text.contains("Zelda") && text.contains("Z. Q."), "{text}");
    s.keys(&mut app, "g h");
    assert!(seen(&mut app).contains("+55 11 97777-4321"));
}

#[test]
fn a_closed_window_takes_no_text() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "G Enter r");
    s.type_text(&mut app, "hello");
    let c = app.conversation.as_ref().unwrap();
    assert_eq!(c.title(), "+49 151 2345 6789");
    assert!(c.composer.is_empty() && s.sent().is_empty());
}

#[test]
fn replying_to_a_selected_message_quotes_it() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "Enter k k r");
    let quoted = app.conversation.as_ref().unwrap().quote.unwrap();
    s.type_text(&mut app, "this");
    s.keys(&mut app, "Enter");
    assert!(s.log.iter().any(|r| matches!(r, Request::Send { quote: Some(q), .. } if *q == quoted)));
    assert_eq!(app.conversation.as_ref().unwrap().quote, None);
}

#[test]
fn a_failed_message_is_retried_or_put_aside() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "j Enter Ctrl+R x y");
    let id = app.conversation.as_ref().unwrap().messages[0].id;
    assert!(s.log.contains(&Request::Retry { message: id }));
    assert!(s.log.contains(&Request::Cancel { message: id }));
}

#[test]
fn copying_takes_the_text_without_what_no_terminal_may_see() {
    let mut s = inbox();
    let marta = s.threads[0].id;
    s.say(marta, 0, true, Body::text("a\u{1b}[31m\nb"));
    let mut app = s.start((120, 36));
    let out = s.keys(&mut app, "Enter y");
    assert_eq!(out, [Effect::Copy("a[31m\nb".into())]);
}

#[test]
fn a_reaction_is_one_request() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "Enter + 3");
    assert!(s.log.iter().any(|r| {
        matches!(r, Request::Send { content: Outgoing::Reaction { emoji, .. }, .. } if emoji == "😂")
    }));
    assert!(app.overlays.is_empty());
}

/// Records what it is given.
struct Probe(std::rc::Rc<RefCell<Vec<String>>>);

impl Overlay for Probe {
    fn name(&self) -> &'static str {
        "probe"
    }
    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        match key.code {
            KeyCode::Char('a') => vec![Step::Ask(Box::new(Request::Search {
                text: "zzz".into(),
                zone: None,
                account: None,
                thread: None,
                before: None,
                limit: 1,
            }))],
            KeyCode::Char('i') => vec![Step::Insert { text: "hello".into(), from: None }, Step::Close],
            _ => vec![Step::Close],
        }
    }
    fn paste(&mut self, text: &str) -> Vec<Step> {
        self.0.borrow_mut().push(format!("paste {text}"));
        Vec::new()
    }
    fn deliver(&mut self, delivery: Delivery) -> Vec<Step> {
        self.0.borrow_mut().push(format!("{delivery:?}").chars().take(20).collect());
        Vec::new()
    }
    fn draw(&self, area: Rect, buf: &mut Buffer, _theme: &Theme) -> Option<Position> {
        buf.set_string(area.x + 4, area.y + 4, "┃PROBE┃", Theme::basic().strong);
        Some(Position::new(5, 4))
    }
    fn hints(&self) -> Vec<Hint> {
        vec![Hint::new("a", "ask")]
    }
}

#[test]
fn an_overlay_takes_the_keys_gets_its_answers_and_inserts_into_the_text() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "r");
    s.type_text(&mut app, "say /");
    assert_eq!(app.overlays.last().map(|o| o.overlay.name()), Some("quick_replies"));
    s.keys(&mut app, "Esc");
    let log = std::rc::Rc::new(RefCell::new(Vec::new()));
    app.show_overlay(Box::new(Probe(log.clone())), Some("/".into()));
    s.keys(&mut app, "a");
    let effects = app.update(Event::Paste("p".into()));
    s.pump(&mut app, effects);
    assert_eq!(*log.borrow(), ["Found(\"zzz\", Found {", "paste p"]);
    s.keys(&mut app, "i");
    assert!(app.overlays.is_empty());
    assert_eq!(app.conversation.as_ref().unwrap().composer.text(), "say hello");
}

#[test]
fn the_screen_says_when_the_engine_is_gone_and_still_quits() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    app.update(Event::EngineGone);
    assert!(app.say.as_ref().is_some_and(|s| s.bad));
    assert_eq!(s.keys(&mut app, "q"), [Effect::Quit]);
}

#[test]
fn the_countdown_asks_for_the_moment_of_its_next_change_and_idle_asks_for_nothing_else() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    app.take_damage();
    app.drawn();
    let at = app.deadline().unwrap();
    assert!(at > NOW && at <= NOW + 61_000, "{}", at - NOW);
    s.clock.set(at);
    app.update(Event::Deadline);
    assert!(app.take_damage().has(Damage::CONVERSATION));
}

#[test]
fn resizing_keeps_cursor_draft_and_place() {
    let mut s = long(300);
    let mut app = s.start((160, 50));
    s.keys(&mut app, "Enter PageUp PageUp r");
    s.type_text(&mut app, "draft");
    let bottom = |app: &App| {
        let c = app.conversation.as_ref().unwrap();
        c.messages[app.visible(c).last().unwrap().index].id
    };
    let before = bottom(&app);
    for size in [(80, 24), (20, 5), (100, 30), (160, 50)] {
        let effects = app.update(Event::Resize(size.0, size.1));
        s.pump(&mut app, effects);
    }
    assert_eq!(bottom(&app), before);
    assert_eq!(app.conversation.as_ref().unwrap().composer.text(), "draft");
    assert_eq!(app.scope, Scope::Composer);
}

#[test]
fn a_storm_of_changes_is_one_request_at_a_time() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    let (thread, account) = (s.threads[1].id, s.threads[1].account.clone());
    let mut asked = Vec::new();
    for _ in 0..100 {
        let frame = s.update(vec![
            Changed::ThreadChanged { thread, account: account.clone() },
            Changed::AccountChanged { account: account.clone() },
        ]);
        asked.extend(app.update(Event::Frame(frame)));
        asked.extend(app.update(Event::Settle));
    }
    assert_eq!(asked.len(), 2, "{asked:?}");
    let before = s.log.len();
    s.pump(&mut app, asked);
    assert_eq!(s.log.len() - before, 4, "what changed meanwhile is asked for once more");
}

#[test]
fn opening_waits_a_moment_for_the_conversation_and_no_longer() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "j");
    let effects = app.update(Event::Key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)));
    assert!(app.is_waiting() && app.deadline() == Some(NOW + PATIENCE));
    s.clock.advance(PATIENCE);
    app.update(Event::Deadline);
    assert!(!app.is_waiting() && app.is_dirty());
    s.pump(&mut app, effects);
    assert!(app.conversation.as_ref().is_some_and(|c| c.loaded));
}
