//! The text being written at three sizes: notes, marks, emoji, what can be taken back.

use super::tests::picture;
use super::*;
use crate::model::delivery::{WaitReason, Waiting};
use crate::model::{Body, DeliveryState};
use crate::tui::app::tests::{NOW, Script, inbox};
use ratatui::style::Color;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 36), (200, 50)];

fn app(s: &mut Script, size: (u16, u16), keys: &str, text: &str) -> App {
    let mut app = s.start(size);
    s.keys(&mut app, keys);
    s.type_text(&mut app, text);
    app
}

#[test]
fn a_note_looks_like_nothing_that_is_sent() {
    let mut s = inbox();
    let thread = s.threads[0].id;
    s.note(thread, 1, "carrier says *delayed*, tell her on Friday");
    for (w, h) in SIZES {
        let app = app(&mut s, (w, h), "n", "ask *bo* about the refund");
        insta::assert_snapshot!(format!("note_{w}x{h}"), picture(&app));
    }
}

#[test]
fn marks_links_quotes_and_lists_look_as_they_will() {
    let mut s = inbox();
    let text = "*bold* _it_ ~no~ `x`";
    let mut app = app(&mut s, (120, 36), "r", text);
    for line in ["> quoted", "- one", "see https://a.example/1, *not bold"] {
        s.keys(&mut app, "Ctrl+J");
        s.type_text(&mut app, line);
    }
    insta::assert_snapshot!("marks_120x36", picture(&app));
    // What is shown is what is wrapped: a sign takes the place of a mark, and no line is longer for it.
    let area = app.panes().composer;
    let mut buf = Buffer::empty(Rect::new(0, 0, 120, 36));
    draw(&app, &mut buf, Damage::ALL);
    assert_eq!(buf[(area.x, area.y + 1)].symbol(), "▎");
    assert_eq!(buf[(area.x, area.y + 2)].symbol(), "•");
    assert!(buf[(area.x + 1, area.y)].modifier.contains(Modifier::BOLD));
    assert!(buf[(area.x + 4, area.y + 3)].modifier.contains(Modifier::UNDERLINED));
    assert_ne!(buf[(area.x + 4, area.y + 3)].fg, Color::Reset);
}

#[test]
fn emoji_lie_over_the_end_of_the_conversation() {
    let mut s = inbox();
    for (w, h) in SIZES {
        let mut app = app(&mut s, (w, h), "r", "thanks :hea");
        s.keys(&mut app, "Down");
        insta::assert_snapshot!(format!("emoji_{w}x{h}"), picture(&app));
    }
    // In a pane of few rows, too.
    let mut app = app(&mut s, (40, 10), "r", "a :hea");
    s.keys(&mut app, "Up");
    insta::assert_snapshot!("emoji_40x10", picture(&app));
}

#[test]
fn what_can_be_taken_back_is_seen_at_any_size() {
    let mut s = inbox();
    let thread = s.threads[0].id;
    let id = s.say(thread, 0, false, Body::text("Sai hoje!"));
    s.change(id, |m| {
        m.state = DeliveryState::Queued;
        m.waits = Some(Waiting { until: NOW + 4_000, why: WaitReason::Undo });
    });
    for (w, h) in SIZES {
        let app = app(&mut s, (w, h), "r", "");
        insta::assert_snapshot!(format!("undo_{w}x{h}"), picture(&app));
    }
}

#[test]
fn the_cursor_stands_where_the_next_letter_goes_in_every_script() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "r");
    let at = app.panes().composer;
    let place = |app: &App| {
        let mut buf = Buffer::empty(Rect::new(0, 0, 120, 36));
        draw(app, &mut buf, Damage::ALL)
    };
    assert_eq!(place(&app), Some(Position::new(at.x, at.y)));
    for (text, cells) in [("日本語", 6), ("👨‍👩‍👧", 2), ("नमस्ते", text::width("नमस्ते") as u16), ("مرحبا", 5)]
    {
        s.type_text(&mut app, text);
        assert_eq!(place(&app), Some(Position::new(at.x + cells, at.y)), "{text}");
        s.keys(&mut app, "Ctrl+U");
    }
}
