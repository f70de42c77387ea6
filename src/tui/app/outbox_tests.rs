//! Messages on their way: countdowns, taking back, sending later, checking, sending again.

use super::tests::{NOW, Script, inbox};
use super::*;
use crate::model::delivery::{OtherAttempt, WaitReason, Waiting};
use crate::model::{Body, DeliveryState};
use crate::protocol::Changed;
use crate::tui::draw;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// The inbox with its first thread open, and a message of ours in it.
fn with_message(change: impl FnOnce(&mut crate::model::Message)) -> (Script, App, MessageId) {
    let mut s = inbox();
    let thread = s.threads[0].id;
    let id = s.say(thread, 0, false, Body::text("on its way"));
    s.change(id, change);
    let mut app = s.start((120, 36));
    s.keys(&mut app, "Enter");
    (s, app, id)
}

fn waits(left: Millis, why: WaitReason) -> impl FnOnce(&mut crate::model::Message) {
    move |m| {
        m.state = DeliveryState::Queued;
        m.waits = Some(Waiting { until: NOW + left, why });
    }
}

fn screen(app: &mut App) -> String {
    let area = Rect::new(0, 0, app.size.0, app.size.1);
    let mut buf = Buffer::empty(area);
    draw::draw(app, &mut buf, Damage::ALL);
    app.take_damage();
    app.drawn();
    (0..area.height)
        .map(|y| (0..area.width).map(|x| buf[(x, y)].symbol()).collect::<String>() + "\n")
        .collect()
}

#[test]
fn a_countdown_redraws_once_a_second_while_it_is_seen_and_not_otherwise() {
    let (mut s, mut app, id) = with_message(waits(4_500, WaitReason::Undo));
    assert!(screen(&mut app).contains("sends in 5 s"));
    assert_eq!(app.next_wait, Some(NOW + 500));
    assert!(app.deadline() <= app.next_wait);
    s.clock.advance(500);
    app.update(Event::Deadline);
    assert!(app.is_dirty() && screen(&mut app).contains("sends in 4 s"));
    assert_eq!(app.next_wait, Some(NOW + 1_500));
    s.clock.advance(4_000);
    app.update(Event::Deadline);
    assert!(!screen(&mut app).contains("sends in"));
    assert_eq!(app.next_wait, None, "nothing ticks any more");
    // Out of sight nothing ticks either.
    s.change(id, waits(60_000, WaitReason::Provider));
    let thread = s.threads[0].id;
    s.tell(&mut app, vec![Changed::MessageChanged { thread, message: id }]);
    assert!(screen(&mut app).contains("waiting 56 s"));
    assert!(app.next_wait.is_some());
    app.update(Event::Resize(80, 24));
    s.keys(&mut app, "Esc");
    assert!(!screen(&mut app).contains("waiting 56 s"));
    assert_eq!(app.next_wait, None);
}

#[test]
fn one_key_takes_a_message_back_into_the_composer() {
    let (mut s, mut app, id) = with_message(waits(5_000, WaitReason::Undo));
    s.keys(&mut app, "u");
    assert!(s.log.contains(&Request::TakeBack { message: id }));
    assert_eq!(
        (app.conversation.as_ref().unwrap().composer.text(), app.scope),
        ("on its way", Scope::Composer)
    );
    // The empty composer takes back what has just left it, and only while it can be taken back.
    let (mut s, mut app, id) = with_message(waits(5_000, WaitReason::Undo));
    s.keys(&mut app, "r Ctrl+7");
    assert!(s.log.contains(&Request::TakeBack { message: id }));
    let (mut s, mut app, _) = with_message(waits(5_000, WaitReason::Provider));
    s.keys(&mut app, "r Ctrl+7");
    assert!(!s.log.iter().any(|r| matches!(r, Request::TakeBack { .. })));
}

#[test]
fn a_text_is_sent_later_at_the_time_that_was_shown() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "Enter r Ctrl+G");
    assert!(app.overlays.is_empty(), "there is nothing to send yet");
    s.type_text(&mut app, "good morning");
    s.keys(&mut app, "Ctrl+G");
    s.type_text(&mut app, "tomorrow 9:00");
    let seen = screen(&mut app);
    assert!(seen.contains("tomorrow 09:00, in 23 h 20 min"), "{seen}");
    assert!(seen.contains("The window is closed by then"), "{seen}");
    s.keys(&mut app, "Enter");
    let at = NOW + 23 * 3_600_000 + 20 * 60_000;
    assert!(
        s.log.iter().any(|r| matches!(r, Request::Send { at: Some(t), .. } if *t == at)),
        "{:?}",
        s.log.last()
    );
    assert!(app.conversation.as_ref().unwrap().composer.is_empty() && app.overlays.is_empty());
    assert!(screen(&mut app).contains("to be sent tomorrow 09:00"));
}

#[test]
fn a_scheduled_message_shows_its_time_and_is_moved_or_sent_now() {
    let (mut s, mut app, id) = with_message(waits(2 * 3_600_000, WaitReason::Later));
    assert!(screen(&mut app).contains("to be sent today 11:40"));
    s.keys(&mut app, "Ctrl+G");
    s.type_text(&mut app, "10m");
    s.keys(&mut app, "Enter");
    assert!(s.log.contains(&Request::Reschedule { message: id, at: Some(NOW + 600_000) }));
    assert!(app.overlays.is_empty());
    s.keys(&mut app, "S");
    assert!(s.log.contains(&Request::Reschedule { message: id, at: None }));
    // It stands where it is sent once it is sent.
    s.clock.advance(60_000);
    let thread = s.threads[0].id;
    let before = s.say(thread, 0, true, Body::text("in between"));
    s.tell(&mut app, vec![Changed::MessageStored { thread, message: before, inbound: true }]);
    s.change(id, |m| (m.at, m.state, m.waits) = (NOW + 90_000, DeliveryState::Sent, None));
    s.tell(&mut app, vec![Changed::MessageChanged { thread, message: id }]);
    let c = app.conversation.as_ref().unwrap();
    assert_eq!(c.messages.last().map(|m| m.id), Some(id));
    assert_eq!(c.messages.iter().filter(|m| m.id == id).count(), 1);
}

#[test]
fn an_unknown_message_is_sent_again_only_after_a_second_key() {
    let (mut s, mut app, id) = with_message(|m| m.state = DeliveryState::Unknown);
    let seen = screen(&mut app);
    assert!(seen.contains("c checks, Ctrl+R sends it again, x y puts it aside"), "{seen}");
    s.keys(&mut app, "Ctrl+R");
    assert!(screen(&mut app).contains("the customer gets this message twice"));
    assert!(!s.log.contains(&Request::Retry { message: id }));
    s.keys(&mut app, "Ctrl+R");
    assert!(app.overlays.is_empty() && !s.log.contains(&Request::Retry { message: id }));
    s.keys(&mut app, "Ctrl+R y");
    assert!(s.log.contains(&Request::Retry { message: id }));
    s.keys(&mut app, "c");
    assert!(s.log.contains(&Request::Check { message: id }));
    // What failed for good did not arrive: no question.
    let (mut s, mut app, id) = with_message(|m| m.state = DeliveryState::Failed);
    s.keys(&mut app, "Ctrl+R");
    assert!(s.log.contains(&Request::Retry { message: id }));
}

#[test]
fn every_state_says_what_it_is() {
    for (change, words) in [
        (
            (|m| m.state = DeliveryState::Unknown) as fn(&mut crate::model::Message),
            "it may or may not have gone out",
        ),
        (
            |m| (m.state, m.put_aside) = (DeliveryState::Unknown, true),
            "put aside: nobody knows whether it went out",
        ),
        (|m| m.state = DeliveryState::Cancelled, "⊘ taken back: on its way"),
        (
            |m| {
                m.also_sent = Some(OtherAttempt { state: DeliveryState::Delivered, at: None });
                m.state = DeliveryState::Sent;
            },
            "an earlier attempt got through too (✓✓): it may be there twice",
        ),
        (
            |m| {
                m.state = DeliveryState::Queued;
                m.waits = Some(Waiting { until: NOW + 4_000, why: WaitReason::Pair });
            },
            "waiting 4 s: many messages to this customer",
        ),
    ] {
        let (_, mut app, _) = with_message(change);
        let seen = screen(&mut app);
        assert!(seen.contains(words), "{words}: {seen}");
        app.update(Event::Resize(80, 24));
        let seen = screen(&mut app).replace(['\n', '│', '▕'], "");
        assert!(seen.contains(&words[..20]), "{words}: {seen}");
    }
}

#[test]
fn what_waits_behind_another_one_says_so() {
    let (mut s, mut app, _) = with_message(waits(9_000, WaitReason::Provider));
    let thread = s.threads[0].id;
    let message = s.say(thread, 0, false, Body::text("behind it"));
    s.change(message, |m| m.state = DeliveryState::Queued);
    s.tell(&mut app, vec![Changed::MessageStored { thread, message, inbound: false }]);
    assert!(screen(&mut app).contains("waiting for its turn"));
}
