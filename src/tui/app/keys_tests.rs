//! Keys on their way to commands: rules that hold for every key, and what each key does.

use super::tests::{NOW, Script, inbox};
use super::*;
use crate::config::ConfigError;
use crate::config::settings::{KeyPreset, KeySettings};
use crate::model::Body;
use crate::model::thread::ThreadFilter;
use crate::tui::command::{Action, COMMANDS};
use crate::tui::draw;
use crate::tui::keymap;
use crossterm::event::{KeyCode, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::io::Write as _;

fn press(s: &mut Script, app: &mut App, code: KeyCode, modifiers: KeyModifiers) -> Vec<Effect> {
    let effects = app.update(Event::Key(KeyEvent::new(code, modifiers)));
    s.pump(app, effects)
}

/// What is on the screen.
fn screen(app: &App) -> String {
    let area = Rect::new(0, 0, app.size.0, app.size.1);
    let mut buf = Buffer::empty(area);
    draw::draw(app, &mut buf, Damage::ALL);
    let row = |y: u16| (0..area.width).map(|x| buf[(x, y)].symbol()).collect::<String>();
    (0..area.height).map(row).collect::<Vec<_>>().join("\n")
}

fn composer(app: &App) -> &str {
    app.conversation.as_ref().unwrap().composer.text()
}

/// Other keys over those of a preset.
fn keys_of(text: &str) -> (Keymap, Vec<ConfigError>) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let file = file.into_temp_path();
    keymap::load(&KeySettings { file: Some(file.to_path_buf()), named: true, ..KeySettings::default() })
}

#[test]
fn a_number_counts_for_what_moves_and_for_nothing_else() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "3 j");
    assert_eq!(app.list.cursor, 3);
    s.keys(&mut app, "2 k");
    assert_eq!(app.list.cursor, 1);
    s.keys(&mut app, "4 G");
    assert_eq!(app.list.cursor, 3);
    s.keys(&mut app, "2 g g");
    assert_eq!(app.list.cursor, 1);
    s.keys(&mut app, "9 9 9 9 9 j");
    assert_eq!(app.list.cursor, 4);
    s.keys(&mut app, "g g 1 0");
    assert_eq!(app.pending.count, Some(10));
    assert!(screen(&app).contains("10 …"));
    s.keys(&mut app, "Esc");
    assert!(app.pending.is_empty() && app.scope == Scope::List);
    // In a text a digit is a digit.
    s.keys(&mut app, "r 3 j");
    assert_eq!(composer(&app), "3j");
}

#[test]
fn digits_are_panes_where_nothing_counts() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    app.set_keys(Keymap::new(KeyPreset::Chatwoot), &[]);
    s.keys(&mut app, "2");
    assert_eq!(app.scope, Scope::Conversation);
    s.keys(&mut app, "3 Esc 1");
    assert_eq!(app.scope, Scope::List);
}

#[test]
fn a_dot_repeats_what_is_harmless_and_never_a_send() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, ".");
    assert!(app.say.as_ref().is_some_and(|s| s.text.contains("nothing to repeat")));
    s.keys(&mut app, "j U j .");
    let marked = s.log.iter().filter(|r| matches!(r, Request::MarkUnread { .. })).count();
    assert_eq!(marked, 2);
    s.keys(&mut app, "g g r");
    s.type_text(&mut app, "once");
    s.keys(&mut app, "Enter Esc . .");
    let sends = s.log.iter().filter(|r| matches!(r, Request::Send { .. })).count();
    assert_eq!(sends, 1);
    for action in [Action::Send, Action::Retry, Action::SendNow, Action::React, Action::Discard, Action::Quit]
    {
        assert!(!action.is_repeatable(), "{action:?}");
    }
}

#[test]
fn a_sequence_that_stands_still_is_explained_by_a_deadline_and_not_before() {
    let mut s = inbox();
    let mut app = s.start((80, 24));
    app.take_damage();
    s.keys(&mut app, "Space");
    assert!(!screen(&app).contains("╭ Space …"));
    let due = app.deadline().unwrap();
    assert!(due <= NOW + 400, "{due}");
    s.clock.set(NOW + 400);
    app.update(Event::Deadline);
    assert!(app.take_damage().has(Damage::CONVERSATION | Damage::LIST));
    let picture = screen(&app);
    for words in ["Space …", "mark unread", "accounts", "failed only"] {
        assert!(picture.contains(words), "{words}:\n{picture}");
    }
    s.keys(&mut app, "u");
    assert!(app.pending.is_empty() && app.list.filter == ThreadFilter::Unread);
    assert!(app.take_damage().has(Damage::LIST), "what was under the box is drawn again");
    assert!(!screen(&app).contains("Space …"));
    // Typed through, no box comes up.
    s.keys(&mut app, "Space u");
    assert!(app.pending.due().is_none());
}

#[test]
fn looks() {
    let mut s = inbox();
    for (w, h) in [(80, 24), (120, 36), (200, 50)] {
        let mut app = s.start((w, h));
        s.keys(&mut app, "Space");
        s.clock.advance(400);
        app.update(Event::Deadline);
        insta::assert_snapshot!(format!("leader_{w}x{h}"), screen(&app));
    }
}

/// AltGr and Option type characters: they are text, whatever modifiers a terminal reports with them.
#[test]
fn letters_of_other_keyboards_are_text_and_trigger_nothing() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    let typed = "ąćęłńóśźż@€{}[]\\|~µ²³éßøåÆ";
    let none = KeyModifiers::NONE;
    for c in typed.chars() {
        press(&mut s, &mut app, KeyCode::Char(c), none);
        // Nothing but the beginnings of our own sequences.
        app.forget_pending();
    }
    assert!(s.log.iter().all(|r| !matches!(r, Request::Send { .. } | Request::Retry { .. })));
    s.keys(&mut app, "g g Enter i");
    for c in typed.chars() {
        press(&mut s, &mut app, KeyCode::Char(c), none);
    }
    assert_eq!((composer(&app), app.scope), (typed, Scope::Composer));
    // Some terminals report AltGr as Ctrl and Alt.
    press(&mut s, &mut app, KeyCode::Char('@'), KeyModifiers::CONTROL | KeyModifiers::ALT);
    press(&mut s, &mut app, KeyCode::Char('ł'), KeyModifiers::CONTROL | KeyModifiers::ALT);
    assert!(composer(&app).ends_with("@ł"));
}

#[test]
fn alt_with_a_letter_does_nothing_while_writing() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "r");
    s.type_text(&mut app, "text");
    let log = s.log.len();
    for c in ('a'..='z').chain('A'..='Z').chain('0'..='9') {
        let rest = press(&mut s, &mut app, KeyCode::Char(c), KeyModifiers::ALT);
        assert!(rest.is_empty(), "{c}");
    }
    assert_eq!((composer(&app), app.scope, app.overlays.len()), ("text", Scope::Composer, 0));
    assert_eq!(s.log.len(), log);
}

#[test]
fn a_paste_is_never_a_command() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    let log = s.log.len();
    for block in ["q", "x y", ":quit\n", "\u{3}", "r\nHello\n", " u"] {
        let effects = app.update(Event::Paste(block.into()));
        assert!(s.pump(&mut app, effects).is_empty(), "{block:?}");
        assert_eq!(app.scope, Scope::List);
    }
    assert_eq!(s.log.len(), log);
    s.keys(&mut app, ":");
    let effects = app.update(Event::Paste("quit\n".into()));
    assert!(s.pump(&mut app, effects).is_empty());
    assert_eq!(app.overlays.len(), 1);
}

#[test]
fn ctrl_c_never_takes_a_draft_away() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    let thread = app.conversation.as_ref().unwrap().thread;
    s.keys(&mut app, "r");
    s.type_text(&mut app, "half a reply");
    assert!(s.keys(&mut app, "Ctrl+C").is_empty(), "it leaves the text only");
    assert_eq!((composer(&app), app.scope), ("half a reply", Scope::Conversation));
    assert_eq!(s.drafts[&thread], "half a reply");
    // Over the inbox it leaves what is on top.
    s.keys(&mut app, "/");
    assert!(s.keys(&mut app, "Ctrl+C").is_empty());
    assert!(app.overlays.is_empty());
    assert_eq!(s.keys(&mut app, "Ctrl+C"), [Effect::Quit]);
}

#[test]
fn esc_goes_one_step_at_a_time() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "Enter k r k F1");
    assert!(app.conversation.as_ref().unwrap().quote.is_some() && !app.overlays.is_empty());
    s.keys(&mut app, "Esc");
    assert!(app.overlays.is_empty() && app.scope == Scope::Composer, "popup");
    s.keys(&mut app, "Esc");
    assert!(app.conversation.as_ref().unwrap().quote.is_none() && app.scope == Scope::Composer, "quote");
    s.keys(&mut app, "Esc");
    assert_eq!((app.scope, composer(&app)), (Scope::Conversation, "k"));
    s.keys(&mut app, "k g Esc");
    assert!(app.conversation.as_ref().unwrap().selected.is_some(), "the sequence only");
    s.keys(&mut app, "Esc");
    assert!(app.conversation.as_ref().unwrap().selected.is_none() && app.scope == Scope::Conversation);
    s.keys(&mut app, "Esc");
    assert_eq!(app.scope, Scope::List);
}

#[test]
fn hints_and_sentences_name_the_keys_in_force() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    let (map, problems) = keys_of(
        "[list]\n\"F6\" = \"message.reply\"\n\"F7\" = \"search.open\"\n\"F8\" = \"list.unread\"\n\"F11\" = \"help.keys\"\n\
         [conversation]\n\"F6\" = \"message.reply\"\n\"F9\" = \"message.retry\"\n\"oops\" = \"quit\"\n",
    );
    app.set_keys(map, &problems);
    let say = app.say.clone().unwrap();
    assert!(
        say.bad && say.text.contains(":9:1: `oops` is not a key") && say.text.contains("→ g n"),
        "{say:?}"
    );
    s.keys(&mut app, "F8 F8");
    let picture = screen(&app);
    for words in ["F6 reply", "F7 search", "F11 keys", "F6 writes a reply"] {
        assert!(picture.contains(words), "{words}:\n{picture}");
    }
    // Under the message that failed, too.
    let failed = s.messages.iter().find(|m| m.state == crate::model::DeliveryState::Failed).unwrap().thread;
    app.open_thread(failed, None);
    let effects = std::mem::take(&mut app.effects);
    s.pump(&mut app, effects);
    assert!(screen(&app).contains("F9 sends it again"), "{}", screen(&app));
    // An empty list says how to get out of it.
    s.threads.iter_mut().for_each(|t| t.unread = 0);
    s.keys(&mut app, "F8");
    assert!(screen(&app).contains("F8 shows the inbox."), "{}", screen(&app));
    s.keys(&mut app, "F8 F11");
    assert!(screen(&app).contains("F7  /  Space f"), "{}", screen(&app));
    s.keys(&mut app, "Esc g n");
    assert!(screen(&app).contains("`oops` is not a key"), "the notices list it");
}

/// What anybody can see or hear of the screen's state.
fn trace(app: &App, s: &Script, rest: &[Effect]) -> String {
    let c = app.conversation.as_ref();
    let place =
        c.map(|c| (c.thread, c.selected, c.quote, c.composer.text().to_owned(), c.composer.before().len()));
    format!(
        "{:?} {} {:?} {:?} {} {:?} {:?} {:?}\n{}",
        app.scope,
        app.overlays.len(),
        app.say,
        app.list.filter,
        app.list.cursor,
        place,
        s.log.len(),
        rest,
        screen(app)
    )
}

/// An inbox in the middle of things: nothing is at its beginning or end.
fn busy(scope: Scope) -> (Script, App) {
    let mut s = inbox();
    let thread = s.threads[0].id;
    for i in 0..120 {
        s.say(thread, 9 - i / 20, i % 2 == 0, Body::text(format!("message {i} https://a.example/{i}")));
    }
    s.row(thread).unread = 3;
    let mut app = s.start((120, 36));
    s.keys(&mut app, "j j");
    if scope != Scope::List {
        s.keys(&mut app, "g g Enter PageUp PageUp k");
    }
    if scope == Scope::Composer {
        s.keys(&mut app, "i");
        s.type_text(&mut app, "one two three\nfour five six\nseven");
        s.keys(&mut app, "Up Right Right Right Ctrl+W");
    }
    app.say = None;
    (s, app)
}

#[test]
fn every_key_of_every_preset_does_something_that_can_be_seen() {
    let mut idle = Vec::new();
    for preset in KeyPreset::ALL {
        for scope in Scope::ALL {
            for row in keymap::rows::rows(&Keymap::new(preset)) {
                // To the pane where the cursor is already there is no way.
                let here = matches!(
                    (row.command, scope),
                    ("pane.list", Scope::List)
                        | ("pane.conversation", Scope::Conversation)
                        | ("pane.composer", Scope::Composer)
                );
                if row.scope != scope.id() || here {
                    continue;
                }
                for keys in &row.keys {
                    let (mut s, mut app) = busy(scope);
                    app.set_keys(Keymap::new(preset), &[]);
                    let action = COMMANDS.iter().find(|c| c.id == row.command).unwrap().action;
                    if action == Action::Repeat {
                        app.set_keys(Keymap::new(preset), &[]);
                    }
                    let before = trace(&app, &s, &[]);
                    let rest = s.keys(&mut app, keys);
                    let after = trace(&app, &s, &rest);
                    if before == after {
                        idle.push(format!("{preset:?} {scope:?}: `{keys}` ({}) did nothing", row.command));
                    }
                    assert!(app.pending.is_empty());
                }
            }
        }
    }
    assert!(idle.is_empty(), "{}", idle.join("\n"));
}

#[test]
fn every_command_has_a_key_or_a_palette_entry_and_a_place_in_the_readme() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    for preset in KeyPreset::ALL {
        let map = Keymap::new(preset);
        for c in COMMANDS {
            assert!(!c.help.is_empty() && !c.title.is_empty(), "{}", c.id);
            assert!(readme.contains(&format!("`{}`", c.id)), "README.md does not name {}", c.id);
            for scope in c.scopes {
                let key = map.shown(*scope, c.id).is_some();
                assert!(key || palette::is_offered(c), "{preset:?}: {} in {scope:?}", c.id);
            }
        }
    }
}

#[test]
fn the_palette_finds_and_runs() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "Ctrl+K");
    s.type_text(&mut app, "amara");
    s.keys(&mut app, "Enter");
    assert_eq!(app.conversation.as_ref().unwrap().title(), "Amara 🌻");
    assert_eq!(app.scope, Scope::Conversation);
    s.keys(&mut app, ":");
    s.type_text(&mut app, "inbox");
    s.keys(&mut app, "Enter");
    assert_eq!(app.scope, Scope::List);
    s.keys(&mut app, ":");
    s.type_text(&mut app, "account lojas");
    s.keys(&mut app, "Enter");
    assert_eq!(app.account.as_ref().map(AccountId::as_str), Some("lojas"));
    s.keys(&mut app, ":");
    s.type_text(&mut app, "account nobody");
    s.keys(&mut app, "Enter");
    assert!(app.say.as_ref().is_some_and(|s| s.bad && s.text.contains("A lists them")), "{:?}", app.say);
    s.keys(&mut app, ":");
    s.type_text(&mut app, "show failed");
    s.keys(&mut app, "Enter");
    assert_eq!(app.list.filter, ThreadFilter::Failed);
    s.keys(&mut app, ":");
    s.type_text(&mut app, "search pedido");
    s.keys(&mut app, "Enter");
    assert_eq!(app.overlays.last().map(|o| o.overlay.name()), Some("search"));
    assert!(
        matches!(s.log.last(), Some(Request::Search { text, .. }) if text == "pedido"),
        "{:?}",
        s.log.last()
    );
    // While writing its key is no letter, and what was written stays.
    s.keys(&mut app, "Esc g i Enter i");
    s.type_text(&mut app, "draft");
    s.keys(&mut app, "F9");
    s.type_text(&mut app, "copy");
    s.keys(&mut app, "Enter");
    assert_eq!((composer(&app), app.scope), ("draft", Scope::Conversation));
    assert!(app.say.as_ref().is_some_and(|s| s.text.contains("copied")), "{:?}", app.say);
}

#[test]
fn the_palette_offers_no_send_and_only_what_works_here() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    let ids = |app: &App| app.offered().iter().map(|c| c.id).collect::<Vec<_>>();
    let list = ids(&app);
    for absent in ["compose.send", "message.retry", "message.now", "message.react", "edit.undo"] {
        assert!(!list.contains(&absent), "{absent}");
    }
    s.keys(&mut app, "Enter");
    assert!(ids(&app).contains(&"message.retry"));
    s.keys(&mut app, "i");
    let writing = ids(&app);
    assert!(!writing.contains(&"compose.send") && writing.contains(&"message.copy"), "{writing:?}");
}

#[test]
fn a_reply_from_the_palette_goes_into_the_text() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    let reply = QuickReply {
        id: crate::model::QuickReplyId::new(),
        shortcut: "hours".into(),
        text: "Hello {{ contact.first_name }}, 9 to 18.".into(),
        ..QuickReply::default()
    };
    app.quick_replies = vec![reply.clone()];
    s.keys(&mut app, "Enter Ctrl+K");
    s.type_text(&mut app, "/hours");
    s.keys(&mut app, "Enter");
    assert_eq!((composer(&app), app.scope), ("Hello Marta, 9 to 18.", Scope::Composer));
    assert!(app.overlays.is_empty());
    assert!(s.log.contains(&Request::UseQuickReply { id: reply.id }));
    assert!(!s.log.iter().any(|r| matches!(r, Request::Send { .. })));
}

#[test]
fn the_next_unread_thread_is_opened_from_a_conversation() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "Enter ,");
    assert_eq!(app.conversation.as_ref().unwrap().title(), "王小明");
    assert_eq!(app.list.current().unwrap().title, "王小明");
    s.keys(&mut app, "] t");
    assert_eq!(app.conversation.as_ref().unwrap().title(), app.list.current().unwrap().title);
    s.keys(&mut app, "[ t");
    assert_eq!(app.conversation.as_ref().unwrap().title(), "王小明");
}

#[test]
fn quotes_unread_messages_and_links_are_gone_to() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "Enter g f");
    let c = app.conversation.as_ref().unwrap();
    assert_eq!(c.selected, c.unread.map(|(id, _)| id));
    s.keys(&mut app, "Esc g o");
    let photo = app.conversation.as_ref().unwrap().selected().unwrap();
    assert!(matches!(photo.body, Body::Media { .. }));
    s.keys(&mut app, "Esc o");
    assert!(app.say.is_some(), "no link here");
    let thread = app.conversation.as_ref().unwrap().thread;
    let id = s.say(thread, 0, true, Body::text("see https://a.example/1 and www.b.example"));
    s.tell(&mut app, vec![crate::protocol::Changed::MessageStored { thread, message: id, inbound: true }]);
    s.keys(&mut app, "o");
    assert_eq!(app.overlays.last().map(|o| o.overlay.name()), Some("links"));
    assert_eq!(s.keys(&mut app, "2"), [Effect::Open("https://www.b.example".into())]);
}
