//! A role that allows less: what is not offered, what keys say then, and the list of who may do what.

use super::tests::{Script, inbox};
use super::*;
use crate::model::access::{OperatorEntry, Principal};
use crate::protocol::Changed;
use crate::tui::command::COMMANDS;
use crate::tui::draw;
use crate::tui::permissions::needs;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

fn role(name: &str) -> Role {
    Role::built_in().into_iter().find(|r| r.name == name).unwrap()
}

fn as_role(name: &str) -> Script {
    let mut s = inbox();
    s.role = Some(role(name));
    s
}

fn screen(app: &App) -> String {
    let area = Rect::new(0, 0, app.size.0, app.size.1);
    let mut buf = Buffer::empty(area);
    draw::draw(app, &mut buf, Damage::ALL);
    let row = |y: u16| (0..area.width).map(|x| buf[(x, y)].symbol()).collect::<String>();
    (0..area.height).map(row).collect::<Vec<_>>().join("\n")
}

fn said(app: &App) -> String {
    app.say.as_ref().map(|s| s.text.clone()).unwrap_or_default()
}

fn asks_to_write(s: &Script) -> Vec<Request> {
    let writes = |r: &&Request| {
        matches!(
            r,
            Request::Send { .. }
                | Request::SendTemplate { .. }
                | Request::SaveDraft { .. }
                | Request::Typing { .. }
                | Request::AddNote { .. }
                | Request::Act { .. }
                | Request::MarkUnread { .. }
                | Request::Retry { .. }
                | Request::Cancel { .. }
        )
    };
    s.log.iter().filter(writes).cloned().collect()
}

#[test]
fn a_viewer_is_told_what_its_role_lacks_and_nothing_is_sent() {
    let mut s = as_role("viewer");
    let mut app = s.start((120, 36));
    s.keys(&mut app, "r");
    assert_eq!(said(&app), "your role `viewer` may not answer customers · → ask an admin for chat.create");
    s.keys(&mut app, "e");
    assert!(said(&app).contains("ask an admin for chat.edit"), "{}", said(&app));
    s.keys(&mut app, "Enter t");
    assert!(said(&app).contains("chat.create") && app.overlays.is_empty());
    s.keys(&mut app, "g d");
    assert!(said(&app).contains("connection.view"), "{}", said(&app));
    s.keys(&mut app, "g O");
    assert!(said(&app).contains("operators.view") && app.overlays.is_empty());
    // The text is there to be seen, and takes nothing.
    s.keys(&mut app, "Tab");
    assert_eq!(app.scope, Scope::Composer);
    s.type_text(&mut app, "hello :smile");
    s.keys(&mut app, "Ctrl+J Ctrl+Y Ctrl+X Ctrl+E Enter");
    let effects = app.update(Event::Paste("pasted".into()));
    s.pump(&mut app, effects);
    s.clock.advance(60_000);
    let effects = app.update(Event::Deadline);
    s.pump(&mut app, effects);
    assert_eq!(app.conversation.as_ref().unwrap().composer.text(), "");
    assert_eq!(asks_to_write(&s), []);
    assert!(screen(&app).contains("read only: your role `viewer` may not answer customers"));
}

#[test]
fn what_is_not_allowed_is_not_offered() {
    for name in ["viewer", "agent", "lead", "admin"] {
        let mut s = as_role(name);
        let mut app = s.start((200, 50));
        for open in ["g g", "Enter", "Tab"] {
            s.keys(&mut app, open);
            for entry in app.offered() {
                for g in needs(entry.id) {
                    assert!(role(name).allows(g.0, g.1), "{name}: {} is offered", entry.id);
                }
            }
        }
        s.keys(&mut app, "Esc Esc");
        let picture = screen(&app);
        assert_eq!(picture.contains(" t template"), name != "viewer", "{name}:\n{picture}");
        s.keys(&mut app, "?");
        s.type_text(&mut app, "resolve");
        let picture = screen(&app);
        assert_eq!(picture.contains("nothing is left to do"), name != "viewer", "{name}:\n{picture}");
    }
    // Before the engine has said what is allowed everything is offered.
    let mut s = inbox();
    let app = s.start((120, 36));
    let here = COMMANDS.iter().filter(|c| c.scopes.contains(&app.scope));
    assert!(here.clone().all(|c| app.may_run(c)) && here.count() > 40);
}

#[test]
fn notes_go_by_their_own_permission() {
    let mut s = inbox();
    let mut writer = role("viewer");
    writer.grants.insert("chat.edit".parse().unwrap());
    s.role = Some(Role { name: "writer".into(), ..writer });
    let mut app = s.start((120, 36));
    assert!(screen(&app).contains("n writes a note"), "{}", screen(&app));
    s.keys(&mut app, "n");
    s.type_text(&mut app, "call back");
    assert_eq!(app.conversation.as_ref().unwrap().composer.text(), "call back");
    s.keys(&mut app, "Enter");
    assert!(s.log.iter().any(|r| matches!(r, Request::AddNote { text, .. } if text == "call back")));
    s.keys(&mut app, "Esc r");
    assert!(said(&app).contains("answer customers"));
}

#[test]
fn another_role_counts_at_once() {
    let mut s = as_role("viewer");
    let mut app = s.start((120, 36));
    s.keys(&mut app, "Enter Tab");
    assert!(screen(&app).contains("read only"));
    s.role = Some(role("agent"));
    s.tell(&mut app, vec![Changed::AccessChanged]);
    s.type_text(&mut app, "hi");
    assert_eq!(app.conversation.as_ref().unwrap().composer.text(), "hi");
    s.role = Some(role("viewer"));
    s.tell(&mut app, vec![Changed::AccessChanged]);
    assert!(screen(&app).contains("read only"));
    s.type_text(&mut app, "!");
    s.keys(&mut app, "Enter");
    assert!(!s.log.iter().any(|r| matches!(r, Request::Send { .. })));
    assert_eq!(app.conversation.as_ref().unwrap().composer.text(), "hi", "what was written stays");
}

#[test]
fn repeating_is_asked_about_what_is_repeated() {
    let mut s = as_role("agent");
    let mut app = s.start((120, 36));
    s.keys(&mut app, "U");
    s.role = Some(role("viewer"));
    s.tell(&mut app, vec![Changed::AccessChanged]);
    let n = s.log.len();
    s.keys(&mut app, ".");
    assert!(said(&app).contains("chat.edit"), "{}", said(&app));
    assert_eq!(s.log.len(), n);
}

#[test]
fn an_admin_sees_who_is_let_in_and_what_changes() {
    let mut s = as_role("admin");
    let mut app = s.start((120, 36));
    s.keys(&mut app, "g O");
    assert_eq!(app.overlays.last().map(|o| o.overlay.name()), Some("operators"));
    assert!(screen(&app).contains("N lets a colleague in"), "{}", screen(&app));
    s.keys(&mut app, "N");
    s.type_text(&mut app, "bo");
    s.keys(&mut app, "F10");
    assert!(
        screen(&app).contains("bo is let in as agent") && screen(&app).contains("bo "),
        "{}",
        screen(&app)
    );
    // A colleague changes the rules elsewhere.
    let entry = OperatorEntry {
        who: Principal::User("cy".into()),
        role: "lead".into(),
        teams: BTreeSet::new(),
        active: true,
    };
    s.access.book.save_operator(entry).unwrap();
    s.tell(&mut app, vec![Changed::AccessChanged]);
    assert!(screen(&app).contains("cy "), "{}", screen(&app));
    // By the palette too.
    s.keys(&mut app, "Esc :");
    s.type_text(&mut app, "operators.open");
    s.keys(&mut app, "Enter");
    assert_eq!(app.overlays.last().map(|o| o.overlay.name()), Some("operators"));
}

#[test]
fn looks() {
    for (w, h) in [(80, 24), (120, 36), (200, 50)] {
        let mut s = as_role("viewer");
        let mut app = s.start((w, h));
        s.keys(&mut app, "Enter");
        insta::assert_snapshot!(format!("viewer_{w}x{h}"), screen(&app));
    }
}
