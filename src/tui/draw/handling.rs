//! What operators have made of a thread, in the little space of a row and in words.

use super::put;
use crate::clock::Millis;
use crate::model::handling::{Handling, Label, Priority, Snooze, State, Wait};
use crate::model::thread::ThreadRow;
use crate::text;
use crate::text::when;
use crate::tui::app::{App, short_snooze};
use crate::tui::format;
use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::style::{Modifier, Style};

/// A window that closes within this time is said loudly: thirty minutes.
pub(super) const CLOSING: Millis = 30 * format::MINUTE;

/// How the time that a window has left looks.
pub(super) fn left_style(left: Millis, t: &Theme) -> Style {
    match left {
        ..CLOSING => t.bad.add_modifier(Modifier::BOLD),
        _ if left < 2 * format::HOUR => t.warn,
        _ => t.dim,
    }
}

/// The mark of a priority; nothing for the usual one.
pub(super) fn priority(p: Priority, t: &Theme) -> Option<(&'static str, Style)> {
    match p {
        Priority::Urgent => Some(("‼", t.bad.add_modifier(Modifier::BOLD))),
        Priority::High => Some(("!", t.warn)),
        Priority::Normal => None,
        Priority::Low => Some(("↓", t.dim)),
    }
}

/// The beginning of a label's name, for the list.
fn short(label: &Label) -> String {
    let safe = text::sanitize(&label.name);
    text::truncate(&safe, 6).into_owned()
}

/// Labels from `x` on in at most `room` cells, those that do not fit as a number. Returns the column after them.
pub(super) fn labels(h: &Handling, mut x: u16, y: u16, room: u16, t: &Theme, buf: &mut Buffer) -> u16 {
    let edge = x + room;
    for (i, label) in h.labels.iter().enumerate() {
        let name = short(label);
        let cells = text::width(&name) as u16 + 1;
        let left = h.labels.len() - i;
        // Where more follow, there is to be room for saying so.
        let rest = if left > 1 { 3 } else { 0 };
        if x + cells + rest > edge {
            if x + 3 <= edge {
                return put(buf, x + 1, y, &format!("+{}", left.min(9)), 2, t.dim);
            }
            return x;
        }
        x = put(buf, x + 1, y, &name, cells, t.label(label.color));
    }
    x
}

/// What stands at the right of a row's second line: who has it, and until when it sleeps.
pub(super) fn remarks(app: &App, row: &ThreadRow, now: Millis) -> Vec<(String, Style)> {
    let t = &app.theme;
    let h = &row.handling;
    let mut out = Vec::new();
    match (h.state, h.snooze) {
        (State::Snoozed, Some(s)) => out.push((format!("💤{}", short_snooze(s, now, &app.tz)), t.note)),
        (State::Resolved, _) => out.push(("✓".into(), t.good)),
        _ if h.woken => out.push(("⏰".into(), t.note)),
        _ => {}
    }
    if let Some(who) = &h.assignee {
        let me = *who == app.operator;
        let safe = text::sanitize(who);
        let name = if me { "@me".to_owned() } else { format!("@{}", text::truncate(&safe, 7)) };
        out.push((name, if me { t.key } else { t.dim }));
    }
    out
}

/// Until when a thread sleeps, in words.
fn sleeps(s: Snooze, now: Millis, app: &App) -> String {
    let at = s.until.map(|at| when::describe(at, now, &app.tz)).unwrap_or_default();
    match s.wait {
        Wait::Time => format!("snoozed until {at}"),
        Wait::Reply => "snoozed until the customer replies".into(),
        Wait::Window => format!("snoozed until {at}, 1 hour before the window closes"),
    }
}

/// All of it in words, for the pane of the contact.
pub(super) fn in_words(app: &App, row: &ThreadRow, now: Millis) -> Vec<(String, Style)> {
    let t = &app.theme;
    let h = &row.handling;
    let mut out = Vec::new();
    out.push(match (h.state, h.snooze) {
        (State::Open, _) if h.woken => ("open: it was snoozed until now".into(), t.note),
        (State::Open, _) => ("open".into(), t.text),
        (State::Snoozed, Some(s)) => (sleeps(s, now, app), t.note),
        (State::Snoozed, None) => ("snoozed".into(), t.note),
        (State::Resolved, _) => ("resolved".into(), t.good),
    });
    out.push(match &h.assignee {
        None => ("nobody has it".into(), t.dim),
        Some(who) if *who == app.operator => ("yours".into(), t.key),
        Some(who) => (format!("{} has it", text::sanitize(who)), t.text),
    });
    if h.priority != Priority::Normal {
        let style = priority(h.priority, t).map_or(t.text, |(_, style)| style);
        out.push((format!("priority {}", h.priority.as_str()), style));
    }
    for label in &h.labels {
        out.push((format!("● {}", text::sanitize(&label.name)), t.label(label.color)));
    }
    out
}

/// Whether a thread is unanswered and its window closes before the day ends.
pub(super) fn closes_today(app: &App, row: &ThreadRow, now: Millis) -> bool {
    let midnight = now + format::until_midnight(now, &app.tz);
    row.is_unanswered() && row.window.left(now).is_some_and(|left| now + left < midnight)
}
