//! Paging, scrolling and selecting in a conversation.

use super::tests::{NOW, long};
use super::*;
use crate::model::Body;
use crate::protocol::{Changed, Place};
use crossterm::event::{KeyCode, KeyModifiers};

#[test]
fn older_pages_load_while_scrolling_and_memory_stays_bounded() {
    let mut s = long(3_000);
    let mut app = s.start((120, 36));
    s.keys(&mut app, "Enter");
    for _ in 0..400 {
        s.keys(&mut app, "PageUp");
    }
    let c = app.conversation.as_ref().unwrap();
    assert!(c.messages.len() <= 900, "{}", c.messages.len());
    assert!(!c.is_at_end());
    assert_eq!(c.messages[0].id, s.messages[0].id, "the beginning is reached");
    let seen = app.visible(app.conversation.as_ref().unwrap());
    assert_eq!(seen[0].index, 0);
    for _ in 0..600 {
        s.keys(&mut app, "PageDown");
    }
    let c = app.conversation.as_ref().unwrap();
    assert_eq!(c.messages.last().unwrap().id, s.messages.last().unwrap().id);
    assert!(c.is_at_end());
    s.keys(&mut app, "g g");
    s.keys(&mut app, "G");
    assert!(app.conversation.as_ref().unwrap().is_at_end());
}

#[test]
fn what_is_read_does_not_move_when_messages_arrive() {
    let mut s = long(300);
    let mut app = s.start((120, 36));
    s.keys(&mut app, "Enter PageUp PageUp");
    let top = |app: &App| {
        let c = app.conversation.as_ref().unwrap();
        let v = app.visible(c);
        (c.messages[v[0].index].id, v[0].lines.clone())
    };
    let before = top(&app);
    let thread = s.threads[0].id;
    let m = s.say(thread, 0, true, Body::text("new"));
    s.tell(&mut app, vec![Changed::MessageStored { thread, message: m, inbound: true }]);
    assert_eq!(top(&app), before);
    assert_eq!(app.conversation.as_ref().unwrap().below, 1);
    // Nor is it marked read before it is seen.
    assert!(!s.log.iter().any(|r| matches!(r, Request::MarkRead { upto, .. } if *upto == NOW)));
    s.keys(&mut app, "G");
    assert_eq!(app.conversation.as_ref().unwrap().below, 0);
}

#[test]
fn selecting_walks_through_the_whole_conversation_and_keeps_the_message_in_view() {
    let mut s = long(200);
    let mut app = s.start((80, 24));
    s.keys(&mut app, "Enter");
    for key in [("k", 260), ("j", 260)] {
        for _ in 0..key.1 {
            s.keys(&mut app, key.0);
            let c = app.conversation.as_ref().unwrap();
            let i = c.messages.iter().position(|m| Some(m.id) == c.selected).unwrap();
            assert!(app.visible(c).iter().any(|v| v.index == i), "message {i} is not in view");
        }
        let c = app.conversation.as_ref().unwrap();
        let edge = if key.0 == "k" { s.messages.first() } else { s.messages.last() };
        assert_eq!(c.selected, edge.map(|m| m.id));
    }
}

#[test]
fn a_message_found_by_search_is_opened_in_the_middle() {
    let mut s = long(1_000);
    let mut app = s.start((120, 36));
    let (thread, id) = (s.threads[0].id, s.messages[400].id);
    app.open_thread(thread, Some(id));
    let effects = std::mem::take(&mut app.effects);
    s.pump(&mut app, effects);
    let c = app.conversation.as_ref().unwrap();
    let seen = app.visible(c);
    let at = seen.iter().position(|v| c.messages[v.index].id == id).unwrap();
    assert!(at > 0 && at + 1 < seen.len(), "{at} of {}", seen.len());
    assert!(!c.is_at_end());
}

#[test]
fn a_page_that_failed_is_asked_for_again() {
    let mut s = long(500);
    let mut app = s.start((120, 36));
    let older = |effects: &[Effect]| {
        effects.iter().find_map(|e| match e {
            Effect::Send(f) if matches!(f.request, Request::Messages { place: Place::Before(_), .. }) => {
                Some(f.id)
            }
            _ => None,
        })
    };
    s.keys(&mut app, "Enter");
    let up = |app: &mut App| app.update(Event::Key(KeyEvent::new(KeyCode::PageUp, KeyModifiers::NONE)));
    let id = (0..20).find_map(|_| older(&up(&mut app))).unwrap();
    assert_eq!(older(&up(&mut app)), None, "asked once");
    let result = Err(Problem::new("store", "disk full"));
    app.update(Event::Frame(ServerFrame::Answer { id, result }));
    assert!(older(&up(&mut app)).is_some());
}
