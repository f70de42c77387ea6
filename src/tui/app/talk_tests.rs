//! Getting around in what was said, by keys: search in the thread, marks, days, results, what leaves.

use super::tests::{NOW, Script, inbox, long};
use super::*;
use crate::model::Body;
use crate::protocol::{Matches, Place, Response};
use crate::tui::draw::tests::picture;
use crate::tui::keymap::Keymap;
use crate::tui::outside::{FileDone, FileProblem, FileStep, Piped};

fn selected(app: &App) -> String {
    let c = app.conversation.as_ref().unwrap();
    c.selected().map(|m| m.body.plain_text()).unwrap_or_default()
}

fn said(app: &App) -> &str {
    app.say.as_ref().map_or("", |s| &s.text)
}

/// A long thread in which every hundredth message is about an order.
fn orders() -> (Script, App) {
    let mut s = long(1_000);
    for (i, m) in s.messages.iter_mut().enumerate().filter(|(i, _)| i % 100 == 50) {
        m.body = Body::text(format!("Ordér number {i} is late"));
    }
    let mut app = s.start((120, 36));
    s.keys(&mut app, "Enter");
    (s, app)
}

#[test]
fn a_thread_is_searched_whole_while_one_types() {
    let (mut s, mut app) = orders();
    s.keys(&mut app, "/");
    assert_eq!(app.overlays.last().map(|o| o.overlay.name()), Some("find"));
    s.type_text(&mut app, "order");
    assert_eq!(selected(&app), "Ordér number 950 is late", "the newest one, though it was not loaded");
    s.keys(&mut app, "Enter");
    assert!(app.overlays.is_empty() && app.scope == Scope::Conversation && app.is_finding());
    s.keys(&mut app, "n");
    assert_eq!(selected(&app), "Ordér number 850 is late");
    s.keys(&mut app, "3 n");
    assert_eq!(selected(&app), "Ordér number 550 is late");
    s.keys(&mut app, "N ] m [ m [ m");
    assert_eq!(selected(&app), "Ordér number 750 is late");
    s.keys(&mut app, "9 n");
    assert_eq!(selected(&app), "Ordér number 850 is late", "on from the newest");
    assert!(said(&app).contains("oldest"), "{}", said(&app));
    // Esc ends it; then n is no key for it.
    s.keys(&mut app, "Esc");
    assert!(!app.is_finding() && app.conversation.as_ref().unwrap().selected.is_none());
    let before = app.conversation.as_ref().unwrap().selected;
    s.keys(&mut app, "] m");
    assert_eq!(app.conversation.as_ref().unwrap().selected, before);
    assert!(said(&app).contains("/ searches in this thread"), "{}", said(&app));
}

#[test]
fn a_search_that_is_given_up_leaves_everything_as_it_was() {
    let (mut s, mut app) = orders();
    s.keys(&mut app, "k k");
    let before = selected(&app);
    s.keys(&mut app, "/");
    s.type_text(&mut app, "order");
    assert_ne!(selected(&app), before);
    s.keys(&mut app, "Esc");
    assert_eq!((selected(&app), app.is_finding()), (before, false));
    s.keys(&mut app, "Esc G /");
    s.type_text(&mut app, "zebra");
    s.keys(&mut app, "Enter");
    assert!(said(&app).contains("nothing in this thread has “zebra”") && !app.is_finding());
    assert!(app.conversation.as_ref().unwrap().is_at_end());
}

#[test]
fn answers_to_what_was_typed_before_are_dropped_and_pages_are_followed() {
    let (mut s, mut app) = orders();
    s.keys(&mut app, "/");
    let thread = app.conversation.as_ref().unwrap().thread;
    let type_one = |app: &mut App, c: char| {
        let key = KeyEvent::new(crossterm::event::KeyCode::Char(c), crossterm::event::KeyModifiers::NONE);
        app.update(Event::Key(key))
    };
    let asked = |effects: &[Effect]| match effects {
        [Effect::Send(f)] => (f.id, f.request.clone()),
        other => panic!("{other:?}"),
    };
    let answer = |app: &mut App, id: u64, items: Vec<(MessageId, Millis)>, next| {
        let result = Ok(Response::Matches(Matches { thread, items, next }));
        app.update(Event::Frame(ServerFrame::Answer { id, result }))
    };
    let (first, _) = asked(&type_one(&mut app, 'o'));
    let (second, _) = asked(&type_one(&mut app, 'r'));
    let all: Vec<(MessageId, Millis)> = s.messages.iter().map(|m| (m.id, m.at)).collect();
    let m = |i: usize| all[i];
    assert!(answer(&mut app, first, vec![m(3)], None).is_empty());
    assert_eq!(selected(&app), "", "that was for `o`");
    // A page without a match: the engine goes on by itself.
    let next = crate::protocol::Cursor { at: 7, row: 7 };
    let (third, request) = asked(&answer(&mut app, second, vec![], Some(next)));
    assert!(matches!(request, Request::FindInThread { before, .. } if before == Some(next)));
    let effects = answer(&mut app, third, vec![m(950), m(850)], Some(next));
    s.pump(&mut app, effects);
    assert_eq!(selected(&app), "Ordér number 950 is late");
    s.keys(&mut app, "Enter n");
    assert_eq!(selected(&app), "Ordér number 850 is late");
    // Beyond what was found the next page is asked for, once.
    let key = || {
        Event::Key(KeyEvent::new(crossterm::event::KeyCode::Char('n'), crossterm::event::KeyModifiers::NONE))
    };
    let (fourth, _) = asked(&app.update(key()));
    assert!(app.update(key()).is_empty());
    let effects = answer(&mut app, fourth, vec![m(750)], None);
    s.pump(&mut app, effects);
    assert_eq!(selected(&app), "Ordér number 750 is late");
}

#[test]
fn letters_are_no_keys_for_matches_where_letters_are_no_keys() {
    let (mut s, mut app) = orders();
    app.set_keys(Keymap::new(crate::config::settings::KeyPreset::Plain), &[]);
    s.keys(&mut app, "Space /");
    s.type_text(&mut app, "order");
    s.keys(&mut app, "Enter n");
    assert_eq!(selected(&app), "Ordér number 950 is late");
}

#[test]
fn messages_are_marked_one_by_one_and_as_a_range_and_copied_with_names() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "Enter k m m");
    let c = app.conversation.as_ref().unwrap();
    assert_eq!(c.chosen().len(), 2);
    let texts: Vec<String> = c.chosen().iter().map(|m| m.body.plain_text()).collect();
    let Some(Effect::Copy(copied)) = s.keys(&mut app, "y").pop() else { panic!() };
    assert_eq!(copied.lines().filter(|l| l.starts_with("[2025-11-21 09:")).count(), 2, "{copied}");
    assert!(texts.iter().all(|t| copied.contains(t.lines().next().unwrap())), "{copied}");
    // Esc takes the marks away first, then the selection.
    s.keys(&mut app, "Esc");
    let c = app.conversation.as_ref().unwrap();
    assert!(!c.has_chosen() && c.selected.is_some());
    s.keys(&mut app, "Esc V k k");
    assert_eq!(app.conversation.as_ref().unwrap().chosen().len(), 3);
    s.keys(&mut app, "V k");
    assert_eq!(app.conversation.as_ref().unwrap().chosen().len(), 3, "kept");
    s.keys(&mut app, "m");
    assert_eq!(app.conversation.as_ref().unwrap().chosen().len(), 4);
    // One alone is copied as it is.
    s.keys(&mut app, "Esc Esc k m");
    let newest = s.messages.last().unwrap().body.plain_text();
    assert_eq!(s.keys(&mut app, "y"), [Effect::Copy(newest)]);
}

#[test]
fn marks_outlive_the_pages_they_stood_on() {
    let (mut s, mut app) = orders();
    s.keys(&mut app, "k m");
    let id = app.conversation.as_ref().unwrap().chosen()[0].id;
    for _ in 0..60 {
        s.keys(&mut app, "PageUp PageUp PageUp PageUp");
    }
    let c = app.conversation.as_ref().unwrap();
    assert!(c.message(id).is_none(), "far away by now");
    assert_eq!(c.chosen()[0].id, id);
}

#[test]
fn a_day_is_gone_to() {
    let (mut s, mut app) = orders();
    s.keys(&mut app, "g D");
    s.type_text(&mut app, "2 hours ago");
    s.keys(&mut app, "Enter");
    assert!(s.log.contains(&Request::Messages {
        thread: s.threads[0].id,
        place: Place::Time(NOW - 7_200_000),
        limit: 60
    }));
    let c = app.conversation.as_ref().unwrap();
    assert_eq!(c.selected().unwrap().at, NOW - 7_200_000);
    assert_eq!(app.scope, Scope::Conversation);
    s.keys(&mut app, "g D");
    s.type_text(&mut app, "2024");
    s.keys(&mut app, "Enter");
    assert!(selected(&app).starts_with("message 0"));
    s.keys(&mut app, "g D");
    s.type_text(&mut app, "soon");
    s.keys(&mut app, "Enter");
    assert_eq!(app.overlays.len(), 1, "what is not understood goes nowhere");
    s.keys(&mut app, "Esc g D");
    s.type_text(&mut app, "2026-01-01");
    s.keys(&mut app, "Enter");
    assert!(selected(&app).starts_with("message 999") && said(&app).contains("nothing was said since"));
}

#[test]
fn leaving_a_found_message_leads_back_to_the_results() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "/");
    s.type_text(&mut app, "4711");
    s.keys(&mut app, "Down Enter");
    assert!(app.overlays.is_empty() && app.scope == Scope::Conversation);
    assert!(selected(&app).contains("4711"));
    assert_eq!(app.way_back(), "results");
    let opened = app.conversation.as_ref().unwrap().thread;
    s.keys(&mut app, "Esc");
    assert_eq!(app.overlays.last().map(|o| o.overlay.name()), Some("search"));
    // The place in the list is kept; another one is opened.
    s.keys(&mut app, "Up Enter");
    assert_ne!(app.conversation.as_ref().unwrap().thread, opened);
    // What was selected meanwhile goes first.
    s.keys(&mut app, "j");
    assert_eq!(app.way_back(), "unselect");
    s.keys(&mut app, "Esc Esc");
    assert_eq!(app.overlays.len(), 1);
    // Closed results do not come back, nor those of a thread that was left for another.
    s.keys(&mut app, "Esc Esc");
    assert!(app.overlays.is_empty() && app.scope == Scope::List);
    s.keys(&mut app, "/");
    s.type_text(&mut app, "4711");
    s.keys(&mut app, "Enter ] t Esc");
    assert!(app.overlays.is_empty() && app.scope == Scope::List);
}

#[test]
fn messages_go_to_a_command_and_its_output_comes_back() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "Enter k m m |");
    s.type_text(&mut app, "wc -l");
    let rest = s.keys(&mut app, "Enter");
    let [Effect::Pipe { command, input }] = rest.as_slice() else { panic!("{rest:?}") };
    assert_eq!(command, "wc -l");
    assert_eq!(input.lines().filter(|l| l.starts_with('[')).count(), 2);
    assert_eq!(app.overlays.last().map(|o| o.overlay.name()), Some("pipe"));
    app.update(Event::Piped(Box::new(Piped {
        output: "  2\u{1b}[31m\n".into(),
        cut: false,
        ended: String::new(),
    })));
    assert!(picture(&app).contains("  2[31m"));
    assert_eq!(s.keys(&mut app, "q"), []);
    // Nothing marked or selected: what is on the screen.
    s.keys(&mut app, "Esc Esc |");
    s.type_text(&mut app, "x");
    let rest = s.keys(&mut app, "Enter");
    assert!(matches!(rest.as_slice(), [Effect::Pipe { input, .. }] if input.lines().count() > 3), "{rest:?}");
    assert_eq!(s.keys(&mut app, "Esc"), [Effect::StopPipe]);
    // The result of one that was stopped changes nothing.
    app.update(Event::Piped(Box::default()));
    assert!(app.overlays.is_empty());
    app.shell = false;
    s.keys(&mut app, "|");
    assert!(app.overlays.is_empty() && said(&app).contains("switched off"));
    s.keys(&mut app, "g E");
    assert!(app.overlays.is_empty() && said(&app).contains("switched off"));
}

#[test]
fn a_thread_is_written_to_a_file_page_by_page() {
    let mut s = long(1_200);
    let mut app = s.start((120, 36));
    s.keys(&mut app, "Enter g E");
    assert!(picture(&app).contains("~/Long-2025-11-21.html"));
    s.keys(&mut app, "Ctrl+U");
    s.type_text(&mut app, "/tmp/x.jsonl");
    let rest = s.keys(&mut app, "Enter");
    let path = std::path::PathBuf::from("/tmp/x.jsonl");
    assert_eq!(rest, [Effect::File(FileStep::Open { path: path.clone(), replace: false })]);
    let effects = app.update(Event::File(Ok(FileDone::Opened)));
    let rest = s.pump(&mut app, effects);
    let written: Vec<u8> = rest
        .iter()
        .filter_map(|e| if let Effect::File(FileStep::More(b)) = e { Some(b.clone()) } else { None })
        .flatten()
        .collect();
    assert_eq!(String::from_utf8(written).unwrap().lines().count(), 1_200);
    assert_eq!(rest.last(), Some(&Effect::File(FileStep::End)));
    app.update(Event::File(Ok(FileDone::Written { path, bytes: 2_048 })));
    assert!(said(&app).contains("1200 messages") && said(&app).contains("/tmp/x.jsonl"), "{}", said(&app));
    // One that is there is replaced only after a yes.
    s.keys(&mut app, "g E Ctrl+U");
    s.type_text(&mut app, "/tmp/y.txt");
    s.keys(&mut app, "Enter");
    app.update(Event::File(Err(FileProblem::Exists("/tmp/y.txt".into()))));
    assert!(picture(&app).contains("Replace the file?"));
    let rest = s.keys(&mut app, "y");
    assert_eq!(rest, [Effect::File(FileStep::Open { path: "/tmp/y.txt".into(), replace: true })]);
    app.update(Event::File(Err(FileProblem::Failed("no room".into()))));
    assert!(said(&app).contains("no room"));
}

#[test]
fn a_refused_page_leaves_no_file() {
    let mut s = long(10);
    let mut app = s.start((120, 36));
    s.keys(&mut app, "Enter g E Enter");
    let effects = app.update(Event::File(Ok(FileDone::Opened)));
    let Some(Effect::Send(frame)) = effects.last() else { panic!("{effects:?}") };
    let result = Err(Problem::new("store", "the disk failed"));
    let rest = app.update(Event::Frame(ServerFrame::Answer { id: frame.id, result }));
    assert_eq!(rest, [Effect::File(FileStep::Drop)]);
    assert!(said(&app).contains("the disk failed"));
}

#[test]
fn marked_messages_are_forwarded_to_a_thread_that_was_asked_for() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "Enter k m m f");
    s.type_text(&mut app, "amara");
    s.keys(&mut app, "Enter");
    assert!(!s.log.iter().any(|r| matches!(r, Request::Send { .. })), "not before the yes");
    s.keys(&mut app, "y");
    let to = s.threads.iter().find(|t| t.title.starts_with("Amara")).unwrap().id;
    let sends: Vec<&Request> = s.log.iter().filter(|r| matches!(r, Request::Send { .. })).collect();
    assert!(!sends.is_empty());
    for r in sends {
        let Request::Send { to: crate::model::event::Recipient::Thread { thread }, .. } = r else { panic!() };
        assert_eq!(*thread, to);
    }
    assert!(app.overlays.is_empty() && said(&app).contains("forwarded to Amara"), "{}", said(&app));
    assert!(!app.conversation.as_ref().unwrap().has_chosen());
}

#[test]
fn looks() {
    for (w, h) in [(80, 24), (120, 36), (200, 50)] {
        let mut s = inbox();
        let mut app = s.start((w, h));
        s.keys(&mut app, "Enter /");
        s.type_text(&mut app, "o");
        insta::assert_snapshot!(format!("find_typing_{w}x{h}"), picture(&app));
        s.keys(&mut app, "Enter n");
        insta::assert_snapshot!(format!("find_{w}x{h}"), picture(&app));
        s.keys(&mut app, "Esc k m m V k");
        insta::assert_snapshot!(format!("marks_{w}x{h}"), picture(&app));
        s.keys(&mut app, "f");
        insta::assert_snapshot!(format!("forward_{w}x{h}"), picture(&app));
        s.keys(&mut app, "Esc g D");
        s.type_text(&mut app, "monday");
        insta::assert_snapshot!(format!("day_{w}x{h}"), picture(&app));
        s.keys(&mut app, "Esc Esc Esc g /");
        s.type_text(&mut app, "471 type:tex");
        insta::assert_snapshot!(format!("search_typing_{w}x{h}"), picture(&app));
        s.type_text(&mut app, "t ");
        insta::assert_snapshot!(format!("search_filters_{w}x{h}"), picture(&app));
        s.type_text(&mut app, "form:x");
        insta::assert_snapshot!(format!("search_mistake_{w}x{h}"), picture(&app));
    }
}
