//! What the line at the bottom says when something is wrong, and the keys that lead to why.

use super::*;
use crate::model::AccountId;
use crate::protocol::{Changed, DiskProblem, Request, Silence};
use crate::tui::app::tests::{Script, inbox};

fn bottom(app: &App) -> (String, ratatui::style::Style) {
    let mut buf = Buffer::empty(Rect::new(0, 0, app.size.0, app.size.1));
    draw(app, &mut buf, Damage::ALL);
    let y = app.size.1 - 1;
    let line: String = (0..app.size.0).map(|x| buf[(x, y)].symbol()).collect();
    (line, buf[(1, y)].style())
}

fn told(s: &mut Script, app: &mut App) {
    s.tell(app, vec![Changed::StatusChanged]);
}

#[test]
fn silence_is_said_with_its_length_and_ends() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    let now = app.clock.now();
    let account = app.accounts[0].spec.clone();
    s.status.silent =
        vec![Silence { account: account.id.clone(), since: now - 47 * 60_000, why: "no status".into() }];
    told(&mut s, &mut app);
    let (line, style) = bottom(&app);
    assert!(line.contains(&format!("⚠ no webhook for 47 min: {}", account.name)), "{line}");
    assert!(line.contains("g d doctor"), "{line}");
    assert_eq!(style.fg, app.theme.warn.fg);
    // The minutes go on although nothing comes.
    app.drawn();
    assert!(app.deadline().is_some_and(|at| at <= now + 60_000));
    s.status.silent[0].account = AccountId::new("unheard-of");
    s.status.silent.push(s.status.silent[0].clone());
    told(&mut s, &mut app);
    assert!(bottom(&app).0.contains("unheard-of +1"));
    s.status.silent.clear();
    told(&mut s, &mut app);
    assert!(!bottom(&app).0.contains("no webhook for"));
}

#[test]
fn a_full_disk_goes_before_everything_else() {
    for size in [(80, 24), (120, 36), (200, 50)] {
        let mut s = inbox();
        let mut app = s.start(size);
        s.status.disk = Some(DiskProblem {
            what: "the disk is full".into(),
            next: "make room on the disk of /srv/switchboard; it goes on by itself".into(),
            since: 0,
            free: Some(0),
        });
        s.status.outbox = 3;
        told(&mut s, &mut app);
        let (line, style) = bottom(&app);
        assert!(line.contains("✗ the disk is full: nothing in or out → make room on the disk of"), "{line}");
        assert!(size.0 < 120 || line.contains("make room on the disk of /srv/switchboard"), "{line}");
        assert_eq!(style.fg, app.theme.bad.fg);
    }
}

#[test]
fn a_key_shows_the_life_of_the_selected_message_and_another_the_doctor() {
    let mut s = inbox();
    let mut app = s.start((120, 36));
    s.keys(&mut app, "Enter k k");
    let wanted = app.conversation.as_ref().and_then(|c| c.selected).unwrap();
    s.keys(&mut app, "I");
    assert_eq!(s.log.last(), Some(&Request::MessageLife { message: wanted }));
    assert_eq!(app.overlays.last().map(|o| o.overlay.name()), Some("life"));
    s.keys(&mut app, "Esc g d");
    assert_eq!(s.log.last(), Some(&Request::Doctor));
    assert_eq!(app.overlays.last().map(|o| o.overlay.name()), Some("doctor"));
}
