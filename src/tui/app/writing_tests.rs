//! Writing: two texts that never take each other's place, what is kept and when, what is sent and what is not.

use super::drafts::DRAFT_DELAY;
use super::tests::{NOW, Script, inbox};
use super::*;
use crate::model::delivery::{WaitReason, Waiting};
use crate::model::outgoing::{Outgoing, ReplyButton, TEXT_MAX};
use crate::model::thread::DraftMode;
use crate::model::{Body, DeliveryState};
use crate::protocol::Changed;
use crate::tui::draw;
use crossterm::event::{KeyCode, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

pub(super) fn screen(app: &App) -> String {
    let area = Rect::new(0, 0, app.size.0, app.size.1);
    let mut buf = Buffer::empty(area);
    draw::draw(app, &mut buf, Damage::ALL);
    let row = |y: u16| (0..area.width).map(|x| buf[(x, y)].symbol()).collect::<String>();
    (0..area.height).map(row).collect::<Vec<_>>().join("\n")
}

fn text(app: &App) -> &str {
    app.conversation.as_ref().unwrap().composer.text()
}

fn mode(app: &App) -> DraftMode {
    app.conversation.as_ref().unwrap().mode
}

fn sends(s: &Script) -> usize {
    s.log.iter().filter(|r| matches!(r, Request::Send { .. } | Request::AddNote { .. })).count()
}

fn wait(s: &mut Script, app: &mut App, millis: Millis) {
    s.clock.advance(millis);
    let effects = app.update(Event::Deadline);
    s.pump(app, effects);
}

#[test]
fn a_note_is_kept_in_the_thread_and_never_sent() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    let thread = app.conversation.as_ref().unwrap().thread;
    s.keys(&mut app, "n");
    assert_eq!((mode(&app), app.scope), (DraftMode::Note, Scope::Composer));
    assert!(screen(&app).contains("✎ note · stays here"));
    s.type_text(&mut app, "carrier says *delayed*");
    s.keys(&mut app, "Enter");
    assert!(s.log.contains(&Request::AddNote { thread, text: "carrier says *delayed*".into() }));
    assert!(!s.log.iter().any(|r| matches!(r, Request::Send { .. } | Request::Typing { .. })));
    assert!(text(&app).is_empty());
    assert_eq!(mode(&app), DraftMode::Note, "it stays a note after one was kept");
    let note = s.messages.iter().find(|m| m.state == DeliveryState::Noted).unwrap().id;
    s.tell(&mut app, vec![Changed::MessageStored { thread, message: note, inbound: false }]);
    assert!(screen(&app).contains("✎ note · you"), "{}", screen(&app));
    // A second Enter keeps nothing.
    s.keys(&mut app, "Enter Enter");
    assert_eq!(sends(&s), 1);
    // It cannot be quoted, answered with a reaction or sent later.
    s.keys(&mut app, "Ctrl+G");
    assert!(app.overlays.is_empty());
    s.keys(&mut app, "Esc k r");
    assert!(app.conversation.as_ref().unwrap().quote.is_none());
    assert_eq!(mode(&app), DraftMode::Reply);
}

#[test]
fn a_note_is_not_forwarded() {
    let mut s = inbox();
    let thread = s.threads[0].id;
    s.note(thread, 0, "do not tell her");
    let mut app = s.start((120, 36));
    s.keys(&mut app, "Enter k");
    app.run_named("message.forward");
    assert!(app.overlays.is_empty(), "the note is selected");
    s.keys(&mut app, "Esc");
    app.run_named("message.forward");
    assert_eq!(app.overlays.len(), 1, "the newest message that is none");
}

#[test]
fn a_reply_and_a_note_are_two_texts_with_drafts_of_their_own() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    let thread = app.conversation.as_ref().unwrap().thread;
    s.keys(&mut app, "r");
    s.type_text(&mut app, "to Marta");
    s.keys(&mut app, "Esc n");
    s.type_text(&mut app, "to bo");
    assert_eq!(text(&app), "to bo");
    assert!(screen(&app).contains("a reply is begun"));
    s.keys(&mut app, "Esc");
    assert_eq!((s.drafts[&thread].as_str(), s.notes[&thread].as_str()), ("to Marta", "to bo"));
    s.keys(&mut app, "i");
    assert_eq!((text(&app), mode(&app)), ("to Marta", DraftMode::Reply));
    s.keys(&mut app, "Enter");
    assert_eq!(sends(&s), 0, "a key that is held down sends nothing that was there before");
    s.clock.advance(600);
    s.keys(&mut app, "Enter");
    assert!(matches!(s.log.iter().rev().find(|r| matches!(r, Request::Send { .. })),
        Some(Request::Send { content: Outgoing::Text { text, .. }, .. }) if text == "to Marta"));
    assert_eq!((s.drafts[&thread].as_str(), s.notes[&thread].as_str()), ("", "to bo"));
    // The next thread has the mode, and texts of its own.
    s.keys(&mut app, "Esc n Esc ] t Tab");
    assert_eq!((text(&app), mode(&app), app.scope), ("", DraftMode::Note, Scope::Composer));
    s.keys(&mut app, "Esc [ t n");
    assert_eq!(text(&app), "to bo");
}

#[test]
fn a_note_is_written_in_a_closed_window_and_a_reply_is_not() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "G Enter");
    assert!(screen(&app).contains("writes a note"));
    s.keys(&mut app, "n");
    s.type_text(&mut app, "called twice");
    s.keys(&mut app, "Enter");
    assert_eq!(sends(&s), 1);
    s.keys(&mut app, "Esc r");
    assert_eq!(app.overlays.last().map(|o| o.overlay.name()), Some("templates"));
}

#[test]
fn a_refused_note_comes_back_and_a_refused_reply_does_not_land_in_the_note() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.refuse = Some(Problem::new("disk", "the disk is full"));
    s.keys(&mut app, "n");
    s.type_text(&mut app, "private");
    s.keys(&mut app, "Enter");
    assert_eq!(text(&app), "private");
    s.keys(&mut app, "Esc r");
    s.type_text(&mut app, "public");
    // The answer comes when the operator is at the note again.
    let effects = app.update(Event::Key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)));
    let more = ["Esc", "n"].map(|k| k.parse::<crate::tui::keymap::Key>().unwrap());
    let mut all = effects;
    for k in more {
        all.extend(app.update(Event::Key(KeyEvent::new(k.code, k.modifiers))));
    }
    s.pump(&mut app, all);
    assert_eq!((text(&app), mode(&app)), ("private", DraftMode::Note));
    assert_eq!(app.conversation.as_ref().unwrap().draft(DraftMode::Reply).text(), "public");
}

#[test]
fn every_change_is_kept_while_typing_goes_on() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    let thread = app.conversation.as_ref().unwrap().thread;
    s.keys(&mut app, "r");
    let mut kept = Vec::new();
    for c in "typing without a pause".chars() {
        s.type_text(&mut app, &c.to_string());
        wait(&mut s, &mut app, 100);
        kept.push(s.drafts.get(&thread).cloned().unwrap_or_default());
    }
    assert_eq!(kept[4], "typin", "half a second after the first key");
    assert!(kept[20].len() >= 15, "{kept:?}");
    wait(&mut s, &mut app, DRAFT_DELAY);
    assert_eq!(s.drafts[&thread], "typing without a pause");
    // The process is told to end: what was typed since goes first.
    s.type_text(&mut app, "!");
    let effects = app.update(Event::Terminate);
    assert_eq!(s.pump(&mut app, effects), [Effect::Quit]);
    assert_eq!(s.drafts[&thread], "typing without a pause!");
}

#[test]
fn a_draft_that_was_not_kept_is_kept_when_it_can_be() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    let thread = app.conversation.as_ref().unwrap().thread;
    s.keys(&mut app, "r");
    s.refuse_drafts = Some(Problem::new("busy", "the engine is busy"));
    s.type_text(&mut app, "Oi");
    wait(&mut s, &mut app, DRAFT_DELAY);
    assert_eq!(s.drafts.get(&thread), None);
    s.refuse_drafts = None;
    wait(&mut s, &mut app, 4 * DRAFT_DELAY);
    assert_eq!(s.drafts[&thread], "Oi");
}

#[test]
fn a_draft_from_another_terminal_is_taken_over_where_nothing_else_is_written() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    let thread = app.conversation.as_ref().unwrap().thread;
    s.drafts.insert(thread, "from the other one".into());
    s.tell(&mut app, vec![Changed::DraftChanged { thread, by: "ana".into() }]);
    assert_eq!(text(&app), "from the other one");
    // What is being written here stays.
    s.keys(&mut app, "r");
    s.type_text(&mut app, "!");
    s.drafts.insert(thread, "theirs".into());
    s.tell(&mut app, vec![Changed::DraftChanged { thread, by: "ana".into() }]);
    assert_eq!(text(&app), "from the other one!");
    wait(&mut s, &mut app, DRAFT_DELAY);
    assert_eq!(s.drafts[&thread], "from the other one!", "the last one wins");
}

#[test]
fn enter_again_and_again_sends_once_and_a_held_key_sends_nothing() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "r");
    s.type_text(&mut app, "once");
    s.keys(&mut app, "Enter Enter Enter Enter");
    assert_eq!(sends(&s), 1);
    // From the list a held Enter opens, goes to the text, and stops there.
    let thread = app.conversation.as_ref().unwrap().thread;
    s.keys(&mut app, "Esc Esc");
    s.drafts.insert(thread, "half a thought".into());
    s.tell(&mut app, vec![Changed::DraftChanged { thread, by: "ana".into() }]);
    s.keys(&mut app, "Enter Enter Enter Enter Enter");
    assert_eq!((sends(&s), text(&app)), (1, "half a thought"));
    assert!(app.say.as_ref().is_some_and(|s| s.text.contains("Enter again sends it")), "{:?}", app.say);
    s.clock.advance(5_000);
    let mut held = KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE);
    held.kind = KeyEventKind::Repeat;
    let effects = app.update(Event::Key(held));
    s.pump(&mut app, effects);
    assert_eq!(sends(&s), 1);
    s.keys(&mut app, "Enter");
    assert_eq!(sends(&s), 2);
}

#[test]
fn undo_and_redo_and_what_was_cut_have_keys() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "r");
    s.type_text(&mut app, "one two three");
    s.keys(&mut app, "Ctrl+W Left Ctrl+W Ctrl+Y Ctrl+X Ctrl+Y");
    assert_eq!(text(&app), "one three ");
    s.keys(&mut app, "Ctrl+7 Ctrl+7 Ctrl+7");
    assert_eq!(text(&app), "one two three");
    s.keys(&mut app, "Ctrl+R");
    assert_eq!(text(&app), "one two ");
    s.keys(&mut app, "Ctrl+A Ctrl+Delete");
    assert_eq!(text(&app), " two ");
    // What was cut here is there for the note.
    s.keys(&mut app, "Esc n Ctrl+Y");
    assert_eq!(text(&app), "one");
    s.keys(&mut app, "Ctrl+R");
    assert!(app.say.as_ref().is_some_and(|s| s.text.contains("nothing was taken back")));
}

#[test]
fn the_length_is_counted_near_the_limit_and_nothing_too_long_leaves() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "r");
    let paste = |s: &mut Script, app: &mut App, n: usize| {
        let effects = app.update(Event::Paste("é".repeat(n)));
        s.pump(app, effects);
    };
    paste(&mut s, &mut app, 3_000);
    assert_eq!(app.counter(), None);
    paste(&mut s, &mut app, 1_000);
    assert!(screen(&app).contains("4000/4096"), "{}", screen(&app));
    paste(&mut s, &mut app, 100);
    assert!(screen(&app).contains("4100/4096 · 4 too many"));
    s.keys(&mut app, "Enter");
    assert_eq!((sends(&s), text(&app).chars().count()), (0, TEXT_MAX + 4));
    assert!(app.say.as_ref().is_some_and(|s| s.bad && s.text.contains("4096 are allowed")), "{:?}", app.say);
    s.keys(&mut app, "Backspace Backspace Backspace Backspace Enter");
    assert_eq!(sends(&s), 1);
}

#[test]
fn emoji_are_offered_by_name_and_enter_takes_one_instead_of_sending() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "r");
    s.type_text(&mut app, "at 10:30 :he");
    assert!(app.emoji.is_open(), "two letters");
    s.type_text(&mut app, "art");
    assert!(screen(&app).contains(":heart"), "{}", screen(&app));
    s.keys(&mut app, "Down Up Enter");
    assert_eq!((text(&app), sends(&s)), ("at 10:30 ❤️", 0));
    assert!(!app.emoji.is_open() && !screen(&app).contains(" emoji "));
    // The whole name needs no key, a name that is none stays, and Esc goes to the offer first.
    s.type_text(&mut app, " :+1: :nosuchname:");
    assert_eq!(text(&app), "at 10:30 ❤️ 👍 :nosuchname:");
    s.type_text(&mut app, " :smi");
    s.keys(&mut app, "Esc");
    assert!(app.scope == Scope::Composer && !app.emoji.is_open());
    s.type_text(&mut app, "l");
    assert!(!app.emoji.is_open(), "not for this word any more");
    s.keys(&mut app, "Ctrl+X Ctrl+J");
    assert!(app.emoji.is_open() || text(&app).ends_with(":smil"));
    s.keys(&mut app, "Ctrl+U Ctrl+X Ctrl+J Tab");
    assert_eq!(text(&app), "👍");
    s.keys(&mut app, "Ctrl+7");
    assert_eq!(text(&app), ":", "one step");
    s.keys(&mut app, "Backspace Esc");
    assert_eq!(app.scope, Scope::Conversation);
}

#[test]
fn the_editor_gets_the_text_and_what_comes_back_is_safe_and_one_step() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    let thread = app.conversation.as_ref().unwrap().thread;
    s.keys(&mut app, "r");
    s.type_text(&mut app, "helo");
    assert_eq!(
        s.keys(&mut app, "Ctrl+X Ctrl+E"),
        [Effect::Edit { text: "helo".into(), name: "message.txt" }]
    );
    assert_eq!(s.drafts[&thread], "helo", "kept before");
    let back = |s: &mut Script, app: &mut App, r: Result<Option<String>, String>| {
        let effects = app.update(Event::Edited(r));
        s.pump(app, effects);
    };
    back(&mut s, &mut app, Ok(Some("hello\nthere\u{1b}[31m\u{202e}\n".into())));
    assert_eq!(text(&app), "hello\nthere[31m");
    assert_eq!(sends(&s), 0);
    s.keys(&mut app, "Enter");
    assert_eq!(sends(&s), 0, "a key pressed for the editor sends nothing");
    s.keys(&mut app, "Ctrl+7");
    assert_eq!(text(&app), "helo");
    back(&mut s, &mut app, Ok(None));
    back(&mut s, &mut app, Err("vi: not found".into()));
    assert_eq!(text(&app), "helo");
    assert!(app.say.as_ref().is_some_and(|s| s.bad && s.text.contains("not found")));
    back(&mut s, &mut app, Ok(Some("x".repeat(70_000))));
    assert_eq!(text(&app), "helo");
}

#[test]
fn what_can_be_taken_back_is_said_above_the_text_with_its_key() {
    let mut s = inbox();
    let thread = s.threads[0].id;
    let id = s.say(thread, 0, false, Body::text("on its way"));
    s.change(id, |m| {
        m.state = DeliveryState::Queued;
        m.waits = Some(Waiting { until: NOW + 5_000, why: WaitReason::Undo });
    });
    let mut app = s.start((120, 36));
    s.keys(&mut app, "Enter");
    assert!(screen(&app).contains("◷ sends in 5 s ▰▰▰▰▰ · u takes it back"), "{}", screen(&app));
    s.keys(&mut app, "i");
    assert!(screen(&app).contains("· Ctrl+7 takes it back"));
    // Under the message too: the key that works while writing.
    assert!(screen(&app).contains("→ Ctrl+X Ctrl+U takes it back"), "{}", screen(&app));
    assert!(!screen(&app).contains("→ u takes it back"));
    s.type_text(&mut app, "and");
    assert!(screen(&app).contains("· Ctrl+X Ctrl+U takes it back"));
    s.clock.advance(3_100);
    assert!(screen(&app).contains("◷ sends in 2 s ▰▰▱▱▱"));
    s.keys(&mut app, "Ctrl+X Ctrl+U");
    assert_eq!(text(&app), "on its way\nand");
    s.keys(&mut app, "Enter");
    assert_eq!(sends(&s), 0, "a key too many does not send it again");
    s.tell(&mut app, vec![Changed::MessageChanged { thread, message: id }]);
    assert!(!screen(&app).contains("sends in"));
    s.keys(&mut app, "Ctrl+X Ctrl+U");
    assert!(app.say.as_ref().is_some_and(|s| s.text.contains("nothing here")));
}

#[test]
fn forms_open_in_an_open_window_and_come_back_with_what_was_taken_back() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "Enter");
    let top = |app: &App| app.overlays.last().map(|o| o.overlay.name());
    for keys in ["Space c b", "Space c l", "Space c u", "Space c p", "Space c c"] {
        s.keys(&mut app, keys);
        assert_eq!(top(&app), Some("compose"), "{keys}");
        s.keys(&mut app, "Esc");
        assert_eq!(top(&app), None);
    }
    let thread = app.conversation.as_ref().unwrap().thread;
    let content = Outgoing::Buttons {
        header: String::new(),
        text: "Friday?".into(),
        footer: String::new(),
        buttons: vec![ReplyButton { id: "Yes".into(), title: "Yes".into() }],
    };
    app.taken_back(thread, content, None);
    assert_eq!(top(&app), Some("compose"));
    assert!(screen(&app).contains("Friday?"));
    s.keys(&mut app, "F10");
    assert!(top(&app).is_none() && sends(&s) == 1);
    s.keys(&mut app, "Esc G Enter Space c p");
    assert_eq!(top(&app), Some("templates"), "the window is closed");
}

#[test]
fn a_click_on_the_text_does_not_change_what_it_is() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "n Esc");
    let at = app.panes().composer;
    app.update(Event::Click { x: at.x, y: at.y });
    assert_eq!((mode(&app), app.scope), (DraftMode::Note, Scope::Composer));
}

mod place {
    use super::*;
    use crate::model::thread::ThreadFilter;

    fn leave(s: &mut Script, app: &mut App) {
        let effects = app.update(Event::Terminate);
        assert_eq!(s.pump(app, effects), [Effect::Quit]);
    }

    #[test]
    fn the_inbox_comes_up_as_it_was_left() {
        let mut s = inbox();
        let mut app = s.start((120, 36));
        s.keys(&mut app, "f n");
        s.type_text(&mut app, "half a note");
        s.keys(&mut app, "Ctrl+Left Left");
        let (thread, at) = app.conversation.as_ref().map(|c| (c.thread, c.composer.cursor())).unwrap();
        leave(&mut s, &mut app);
        let app = s.start((80, 24));
        let c = app.conversation.as_ref().unwrap();
        assert_eq!((c.thread, c.mode, c.composer.text()), (thread, DraftMode::Note, "half a note"));
        assert_eq!((c.composer.cursor(), app.scope), (at, Scope::Composer));
        assert_eq!(app.list.filter, ThreadFilter::Failed);
        assert_eq!(app.list.current().map(|r| r.id), Some(thread));
        assert!(app.is_ready());
    }

    #[test]
    fn who_did_nothing_starts_with_the_newest_conversation_and_keeps_no_place() {
        let mut s = inbox();
        let mut app = s.start((120, 36));
        leave(&mut s, &mut app);
        assert!(s.preferences.is_empty());
        s.preferences.insert(crate::protocol::preferences::PLACE.into(), "{\"thread\":7".into());
        let app = s.start((120, 36));
        assert_eq!(app.conversation.as_ref().unwrap().title(), "Marta Souza");
        assert_eq!(app.scope, Scope::List);
    }

    #[test]
    fn a_place_is_kept_a_moment_after_it_changed_and_not_with_every_key() {
        let mut s = inbox();
        let mut app = s.start((120, 36));
        let places = |s: &Script| s.log.iter().filter(|r| matches!(r, Request::SetPreference { .. })).count();
        s.keys(&mut app, "j j j k");
        assert_eq!(places(&s), 0);
        wait(&mut s, &mut app, 1_000);
        assert_eq!(places(&s), 1);
        wait(&mut s, &mut app, 10_000);
        assert_eq!(places(&s), 1, "nothing moved");
        assert!(app.deadline().is_none_or(|at| at > s.clock.now()));
    }

    #[test]
    fn a_thread_that_is_gone_is_no_place() {
        let mut s = inbox();
        let mut app = s.start((120, 36));
        s.keys(&mut app, "j Enter");
        leave(&mut s, &mut app);
        let gone = app.conversation.as_ref().unwrap().thread;
        let (mut app, effects) = App::new(s.clock.clone(), TimeZone::UTC, Theme::basic(), "ana", (120, 36));
        s.threads.retain(|t| t.id != gone);
        let mut queue = effects;
        while !queue.is_empty() {
            let mut next = Vec::new();
            for effect in queue {
                let Effect::Send(frame) = effect else { continue };
                let lost = matches!(&frame.request, Request::Thread { id } | Request::Messages { thread: id, .. } if *id == gone);
                let result = if lost {
                    Err(Problem::not_found("this thread is not here"))
                } else {
                    s.answer(frame.request)
                };
                next.extend(app.update(Event::Frame(ServerFrame::Answer { id: frame.id, result })));
            }
            queue = next;
        }
        let c = app.conversation.as_ref().unwrap();
        assert_eq!((c.title(), app.scope), ("Marta Souza", Scope::List));
    }

    #[test]
    fn two_screens_do_not_fight_and_the_last_to_move_is_kept() {
        let mut s = inbox();
        let mut one = s.start((120, 36));
        let mut two = s.start((80, 24));
        s.keys(&mut one, "j j Enter");
        wait(&mut s, &mut one, 1_000);
        // The other one hears of it and stays where it is.
        s.tell(&mut two, vec![Changed::PreferencesChanged]);
        assert_eq!(two.conversation.as_ref().unwrap().title(), "Marta Souza");
        s.keys(&mut two, "j Enter");
        wait(&mut s, &mut two, 1_000);
        let last = two.conversation.as_ref().unwrap().thread;
        let three = s.start((120, 36));
        assert_eq!(three.conversation.as_ref().unwrap().thread, last);
        assert_ne!(one.conversation.as_ref().unwrap().thread, last);
    }

    #[test]
    fn a_screen_that_takes_over_goes_on_in_the_middle_of_a_word() {
        let mut s = inbox();
        let mut app = s.start((120, 36));
        s.keys(&mut app, "j r");
        s.type_text(&mut app, "not kept yet");
        s.keys(&mut app, "Left Left Left");
        let thread = app.conversation.as_ref().unwrap().thread;
        // Another terminal has moved since, and the engine goes away before the draft is kept.
        app.update(Event::EngineGone);
        let left = app.leave();
        assert_eq!(s.drafts.get(&thread), None);
        let (mut app, effects) = App::new(s.clock.clone(), TimeZone::UTC, Theme::basic(), "ana", (120, 36));
        app.go_on(left);
        s.pump(&mut app, effects);
        let c = app.conversation.as_ref().unwrap();
        assert_eq!((c.thread, c.composer.text(), c.composer.before()), (thread, "not kept yet", "not kept "));
        assert_eq!(app.scope, Scope::Composer);
        wait(&mut s, &mut app, DRAFT_DELAY);
        assert_eq!(s.drafts[&thread], "not kept yet");
    }

    #[test]
    fn a_message_whose_fate_was_not_heard_of_is_not_lost() {
        let mut s = inbox();
        let mut app = s.start((120, 36));
        s.keys(&mut app, "r");
        s.type_text(&mut app, "did it leave?");
        // Enter, and no answer comes.
        app.update(Event::Key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)));
        app.update(Event::EngineGone);
        let left = app.leave();
        let (mut app, effects) = App::new(s.clock.clone(), TimeZone::UTC, Theme::basic(), "ana", (120, 36));
        app.go_on(left);
        s.pump(&mut app, effects);
        assert_eq!(text(&app), "did it leave?");
        assert!(app.say.as_ref().is_some_and(|s| s.text.contains("look above")), "{:?}", app.say);
    }
}
