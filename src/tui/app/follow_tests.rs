//! The first minute: what comes before the operator does anything; and what the customer sees of typing.

use super::tests::{NOW, Script, inbox};
use super::*;
use crate::model::Body;
use crate::protocol::Changed;

fn arrives(s: &mut Script, app: &mut App, title: &str, ago: i64) -> ThreadId {
    let thread = s.thread(title, None, Some(600));
    let message = s.say(thread, ago, true, Body::text("hello"));
    s.row(thread).unread = 1;
    let account = AccountId::new("support");
    s.tell(
        app,
        vec![
            Changed::MessageStored { thread, message, inbound: true },
            Changed::ThreadChanged { thread, account },
        ],
    );
    thread
}

fn shown(app: &App) -> &str {
    app.conversation.as_ref().map_or("", |c| c.title())
}

#[test]
fn the_newest_thread_is_followed_until_a_key_is_pressed() {
    let mut s = Script::new();
    let mut app = s.start((120, 36));
    assert!(app.conversation.is_none());
    arrives(&mut s, &mut app, "first", 9);
    assert_eq!((shown(&app), app.list.cursor), ("first", 0));
    arrives(&mut s, &mut app, "newer", 5);
    arrives(&mut s, &mut app, "older", 7);
    assert_eq!((shown(&app), app.list.cursor, app.list.rows.len()), ("newer", 0, 3));
    assert!(!s.log.iter().any(|r| matches!(r, Request::MarkRead { .. })), "nobody has read it yet");
    s.keys(&mut app, "j");
    s.keys(&mut app, "k");
    arrives(&mut s, &mut app, "newest", 1);
    assert_eq!((shown(&app), app.list.cursor), ("newer", 1), "from now on the cursor keeps its thread");
}

#[test]
fn a_conversation_that_was_on_the_screen_for_a_moment_stays_there() {
    let mut s = Script::new();
    let mut app = s.start((120, 36));
    arrives(&mut s, &mut app, "first", 9);
    arrives(&mut s, &mut app, "second", 8);
    assert_eq!(shown(&app), "second", "at the start many come at once");
    s.clock.advance(super::list::FOLLOWED);
    arrives(&mut s, &mut app, "third", 1);
    assert_eq!((shown(&app), app.list.cursor), ("second", 1), "somebody may be about to answer it");
    s.keys(&mut app, "Enter r");
    s.type_text(&mut app, "hello");
    assert_eq!(shown(&app), "second");
}

#[test]
fn escape_takes_back_one_thing_after_the_other() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "Enter k r");
    s.keys(&mut app, "Esc");
    assert!(app.conversation.as_ref().unwrap().quote.is_none(), "first the message that is answered");
    assert_eq!(app.scope, Scope::Composer);
    s.keys(&mut app, "Esc");
    assert_eq!(app.scope, Scope::Conversation);
    s.keys(&mut app, "k g Esc");
    assert!(app.pending.is_empty() && app.conversation.as_ref().unwrap().selected.is_some());
    s.keys(&mut app, "Esc");
    assert!(app.conversation.as_ref().unwrap().selected.is_none());
    s.keys(&mut app, "Esc");
    assert_eq!(app.scope, Scope::List);
}

#[test]
fn typing_is_told_when_wanted_and_seldom() {
    let told = |s: &Script| s.log.iter().filter(|r| matches!(r, Request::Typing { .. })).count();
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "r");
    s.type_text(&mut app, "hello");
    assert_eq!(told(&s), 0, "nobody asked for it");
    app.send_typing = true;
    s.type_text(&mut app, " there");
    assert_eq!(told(&s), 1);
    s.clock.advance(TYPING - 1);
    s.type_text(&mut app, "!");
    assert_eq!(told(&s), 1);
    s.clock.advance(1);
    s.type_text(&mut app, "!");
    assert_eq!(told(&s), 2);
    assert!(app.clock.now() > NOW);
}

#[test]
fn ctrl_z_stops_the_process_from_everywhere() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    for keys in ["Ctrl+Z", "Enter Ctrl+Z", "r Ctrl+Z"] {
        let effects = s.keys(&mut app, keys);
        assert!(effects.contains(&Effect::Suspend), "{keys}: {effects:?}");
    }
}
