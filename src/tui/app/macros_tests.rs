//! Macros by their keys: nothing before Enter, all of it after, and what was refused is told.

use super::tests::{Script, inbox};
use super::*;
use crate::model::Outgoing;
use crate::model::ids::MacroId;
use crate::model::macros::MacroStep;
use crate::protocol::Changed;
use crate::protocol::macros::MacroRequest;
use crate::tui::draw;
use crate::tui::keymap;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::io::Write as _;

fn screen(app: &App) -> String {
    let area = Rect::new(0, 0, app.size.0, app.size.1);
    let mut buf = Buffer::empty(area);
    draw::draw(app, &mut buf, Damage::ALL);
    let row = |y: u16| (0..area.width).map(|x| buf[(x, y)].symbol()).collect::<String>();
    (0..area.height).map(row).collect::<Vec<_>>().join("\n")
}

fn a_macro(name: &str, steps: &[&str]) -> Macro {
    Macro {
        id: MacroId::derived(&[name]),
        name: name.into(),
        steps: steps.iter().map(|s| MacroStep::from((*s).to_owned())).collect(),
        ..Macro::default()
    }
}

/// An inbox with a quick reply and these macros.
fn with(macros: Vec<Macro>) -> (Script, App) {
    let mut s = inbox();
    s.replies = vec![QuickReply {
        id: crate::model::QuickReplyId::new(),
        shortcut: "thanks".into(),
        text: "Thank you, {{ contact.first_name }}!".into(),
        ..QuickReply::default()
    }];
    s.macros = macros;
    let mut app = s.start((120, 36));
    s.keys(&mut app, "Enter");
    s.log.clear();
    (s, app)
}

fn name(app: &App) -> Option<&str> {
    app.overlays.last().map(|o| o.overlay.name())
}

fn sent(s: &Script) -> Vec<String> {
    s.log
        .iter()
        .filter_map(|r| match r {
            Request::Send { content: Outgoing::Text { text, .. }, .. } => Some(text.clone()),
            _ => None,
        })
        .collect()
}

/// A key of the operator's own.
fn bind(app: &mut App, text: &str) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let file = file.into_temp_path();
    let settings = crate::config::settings::KeySettings {
        file: Some(file.to_path_buf()),
        named: true,
        ..crate::config::settings::KeySettings::default()
    };
    let (map, problems) = keymap::load(&settings);
    assert_eq!(problems, vec![]);
    app.set_keys(map, &problems);
}

#[test]
fn one_key_shows_all_steps_and_enter_does_them() {
    let close = a_macro("close", &["reply thanks", "mark read", "mute", "open next"]);
    let (mut s, mut app) = with(vec![close.clone()]);
    let first = app.conversation.as_ref().unwrap().thread;
    bind(&mut app, "[conversation]\n\"F5\" = \"macro.run close\"\n");
    s.keys(&mut app, "F5");
    assert_eq!(name(&app), Some("macro_run"));
    let shown = screen(&app);
    for words in [
        "send /thanks",
        "Thank you, Marta!",
        "mark the thread read",
        "no notifications",
        "open the next unread",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert!(s.log.iter().all(|r| !matches!(r, Request::Together { .. })), "nothing before Enter");
    s.keys(&mut app, "Enter");
    assert_eq!(name(&app), None);
    assert_eq!(sent(&s), ["Thank you, Marta!"]);
    assert!(s.log.iter().any(|r| matches!(r, Request::MarkRead { thread, .. } if *thread == first)));
    assert!(s.log.contains(&Request::UseQuickReply { id: s.replies[0].id }));
    assert!(s.log.contains(&Request::Macro { act: MacroRequest::Use { id: close.id } }));
    let now = app.conversation.as_ref().unwrap().thread;
    assert!(now != first && app.scope == Scope::Conversation);
    assert_eq!(app.say.as_ref().unwrap().text, "close: 4 steps done");
}

#[test]
fn reply_label_assign_resolve_is_one_key() {
    use crate::model::handling::{Act, Label, LabelColor};
    use crate::model::ids::LabelId;
    let steps = [
        "reply thanks",
        "label paid",
        "assign me",
        "note shipped to {{ contact.first_name }}",
        "priority low",
        "resolve",
    ];
    let (mut s, mut app) = with(vec![a_macro("close", &steps)]);
    let label = Label { id: LabelId([5; 16]), name: "paid".into(), color: LabelColor::Green };
    app.desk.labels = vec![crate::protocol::LabelRow { label: label.clone(), threads: 1 }];
    bind(&mut app, "[conversation]\n\"F5\" = \"macro.run close\"\n");
    s.keys(&mut app, "F5");
    let shown = screen(&app);
    for words in
        ["put the label paid on", "give it to ana (you)", "write a note", "shipped to Marta", "resolve it"]
    {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    s.keys(&mut app, "Enter");
    let acts: Vec<&Act> = s
        .log
        .iter()
        .filter_map(|r| match r {
            Request::Act { act, .. } => Some(act),
            _ => None,
        })
        .collect();
    assert_eq!(acts.len(), 4);
    assert_eq!(*acts[0], Act::Label { add: vec![label.id], remove: vec![] });
    assert_eq!(*acts[3], Act::Resolve);
    let note = |r: &Request| matches!(r, Request::AddNote { text, .. } if text == "shipped to Marta");
    assert!(s.log.iter().any(note));
    assert_eq!(sent(&s), ["Thank you, Marta!"]);
}

#[test]
fn the_palette_has_every_macro_by_its_name() {
    let mut own = a_macro("close", &["mute"]);
    (own.id, own.owner) = (MacroId([9; 16]), Some("ana".into()));
    let (mut s, mut app) =
        with(vec![a_macro("close", &["mark read"]), a_macro("shipped", &["resolve"]), own]);
    s.keys(&mut app, "Ctrl+K");
    s.type_text(&mut app, "shipp");
    s.keys(&mut app, "Enter");
    assert_eq!(name(&app), Some("macro_run"));
    assert!(screen(&app).contains("resolve it"), "{}", screen(&app));
    s.keys(&mut app, "Enter");
    assert!(s.log.iter().any(|r| matches!(r, Request::Act { .. })));
    // From the thread list it is for the thread under the cursor; the operator's own comes first.
    s.keys(&mut app, "Esc :");
    s.type_text(&mut app, "macro close");
    s.keys(&mut app, "Enter");
    assert_eq!(name(&app), Some("macro_run"));
    assert!(screen(&app).contains("no notifications for the thread"), "{}", screen(&app));
    // While writing too.
    s.keys(&mut app, "Esc Enter i F9");
    s.type_text(&mut app, "!shi");
    s.keys(&mut app, "Enter");
    assert_eq!(name(&app), Some("macro_run"));
}

#[test]
fn leaving_does_nothing() {
    let (mut s, mut app) = with(vec![a_macro("close", &["reply thanks", "mark read"])]);
    s.keys(&mut app, "g x Enter Esc");
    assert_eq!(name(&app), None);
    assert!(s.log.iter().all(|r| !matches!(r, Request::Together { .. })));
}

#[test]
fn values_are_asked_for_and_are_never_a_template() {
    let (mut s, mut app) =
        with(vec![a_macro("ship", &["text Order {{ order }} by {{ carrier }}", "text {{ carrier }}!"])]);
    s.keys(&mut app, "g x Enter");
    s.type_text(&mut app, "47{{ x }}");
    s.keys(&mut app, "Enter Enter");
    assert_eq!(sent(&s), Vec::<String>::new(), "a value is missing");
    s.type_text(&mut app, "UPS");
    s.keys(&mut app, "Enter");
    assert!(screen(&app).contains("Order 47{{ x }} by UPS"));
    s.keys(&mut app, "Enter");
    assert_eq!(sent(&s), ["Order 47{{ x }} by UPS", "UPS!"]);
}

#[test]
fn what_cannot_be_done_is_said_before_anything_is() {
    let (mut s, mut app) = with(vec![a_macro("close", &["mark read", "reply nothing", "dance"])]);
    s.keys(&mut app, "g x Enter");
    let shown = screen(&app);
    assert!(shown.contains("there is no quick reply /nothing"), "{shown}");
    assert!(shown.contains("is no step that this version knows"), "{shown}");
    s.keys(&mut app, "Enter");
    assert_eq!(name(&app), Some("macro_run"));
    assert!(s.log.iter().all(|r| !matches!(r, Request::Together { .. })));
    // A closed window is said in words, and nothing is sent.
    let (mut s, mut app) = with(vec![a_macro("close", &["mark read", "reply thanks"])]);
    let thread = app.conversation.as_ref().unwrap().thread;
    app.conversation.as_mut().unwrap().row.as_mut().unwrap().window = crate::model::Window::CLOSED;
    s.keys(&mut app, "g x Enter");
    assert!(screen(&app).contains("the window is closed"), "{}", screen(&app));
    s.keys(&mut app, "Enter");
    assert!(!s.log.iter().any(|r| matches!(r, Request::MarkRead { thread: t, .. } if *t == thread)));
    // So is a reply with a file that is on one machine only.
    let (mut s, mut app) = with(vec![a_macro("close", &["reply thanks"])]);
    app.quick_replies[0].files = vec!["prices.pdf".into()];
    s.keys(&mut app, "g x Enter");
    assert!(screen(&app).contains("is not kept with it"), "{}", screen(&app));
}

#[test]
fn what_is_refused_ends_it_and_the_rest_is_told() {
    let (mut s, mut app) = with(vec![a_macro("close", &["mark read", "reply thanks", "mute", "open next"])]);
    let thread = app.conversation.as_ref().unwrap().thread;
    s.refuse = Some(Problem::new("refused", "131026 not deliverable").next("send a template"));
    s.keys(&mut app, "g x Enter Enter");
    assert_eq!(name(&app), Some("macro_run"));
    let shown = screen(&app);
    assert!(shown.contains("done") && shown.contains("refused: 131026 not deliverable"), "{shown}");
    assert_eq!(shown.matches("not done").count(), 3, "two steps and the sum: {shown}");
    assert!(!s.log.iter().any(|r| matches!(r, Request::SetPreference { .. })));
    s.keys(&mut app, "Esc");
    assert_eq!(app.conversation.as_ref().unwrap().thread, thread);
}

#[test]
fn the_whole_bundle_refused_leaves_everything_as_it_is() {
    let (mut s, mut app) = with(vec![a_macro("close", &["mark read"])]);
    s.keys(&mut app, "g x Enter");
    let effects = app.update(Event::Key(KeyEvent::new(
        crossterm::event::KeyCode::Enter,
        crossterm::event::KeyModifiers::NONE,
    )));
    let Some(Effect::Send(frame)) = effects.first() else { panic!("{effects:?}") };
    let result = Err(Problem::new("window_closed", "the window is closed").next("send a template"));
    let effects = app.update(Event::Frame(ServerFrame::Answer { id: frame.id, result }));
    s.pump(&mut app, effects);
    assert!(screen(&app).contains("nothing was done: the window is closed"), "{}", screen(&app));
    // It can be tried again.
    s.keys(&mut app, "Enter");
    assert_eq!(name(&app), None);
}

#[test]
fn a_thread_marked_unread_by_a_macro_stays_unread() {
    let (mut s, mut app) = with(vec![a_macro("back", &["mark unread"])]);
    s.keys(&mut app, "g x Enter Enter");
    assert!(app.conversation.as_ref().unwrap().keep_unread);
}

#[test]
fn macros_are_written_and_deleted_in_the_picker() {
    let (mut s, mut app) = with(Vec::new());
    s.keys(&mut app, "g x");
    assert!(screen(&app).contains("No macros yet"));
    s.keys(&mut app, "F2");
    s.type_text(&mut app, "close");
    s.keys(&mut app, "Tab Tab");
    s.type_text(&mut app, "mark read");
    s.keys(&mut app, "F10");
    let saved = s.log.iter().find_map(|r| match r {
        Request::Macro { act: MacroRequest::Save { saved } } => Some(saved.clone()),
        _ => None,
    });
    assert_eq!(saved.as_ref().unwrap().steps, [MacroStep::Read]);
    s.macros = saved.into_iter().collect();
    s.tell(&mut app, vec![Changed::MacrosChanged]);
    assert_eq!(app.macros.len(), 1);
    s.keys(&mut app, "F4 y");
    assert!(s.log.iter().any(|r| matches!(r, Request::Macro { act: MacroRequest::Delete { .. } })));
}

#[test]
fn a_name_that_is_not_there_is_said() {
    let (mut s, mut app) = with(Vec::new());
    bind(&mut app, "[conversation]\n\"F5\" = \"macro.run gone\"\n");
    s.keys(&mut app, "F5");
    assert_eq!(name(&app), None);
    assert!(app.say.as_ref().unwrap().text.contains("there is no macro `gone`"));
}
