//! The conversation: its frame with name and window, its messages, the composer.

use super::{frame, put, spans, together};
use crate::text::{self, fold};
use crate::tui::app::{App, Conversation, Panes};
use crate::tui::command::Scope;
use crate::tui::format;
use crate::tui::mask;
use crate::tui::transcript::{self, Line};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

/// A window that closes within this time is said loudly: thirty minutes.
const CLOSING: crate::clock::Millis = 30 * format::MINUTE;

pub(super) fn draw(app: &App, area: Rect, panes: &Panes, buf: &mut Buffer) {
    let t = &app.theme;
    let focused = app.scope != Scope::List;
    let border = if focused { t.focus } else { t.border };
    frame(buf, area, border);
    let Some(c) = &app.conversation else {
        if app.list.rows.is_empty() {
            if app.list.loaded && app.is_new() {
                let inner = Rect::new(area.x + 1, area.y + 1, area.width - 2, area.height.saturating_sub(2));
                super::welcome::draw(app, inner, buf);
            }
            return;
        }
        let words = format!("Choose a thread on the left and press {}.", app.key_for("list.open"));
        put(buf, area.x + 3, area.y + 2, &words, area.width.saturating_sub(4), t.dim);
        return;
    };
    header(app, c, area, buf);
    messages(app, c, panes.transcript, buf);
    super::composer::separator(app, c, area, panes, buf);
}

/// Name and number on the left of the upper edge, the window on its right.
fn header(app: &App, c: &Conversation, area: Rect, buf: &mut Buffer) {
    let t = &app.theme;
    let now = app.clock.now();
    let edge = area.right() - 2;
    let (window, style) = match c.row.as_ref().map(|r| r.window.left(now)) {
        None => (String::new(), t.dim),
        Some(Some(left)) => {
            let style = match left {
                ..CLOSING => t.bad.add_modifier(Modifier::BOLD),
                _ if left < 2 * format::HOUR => t.warn,
                _ => t.good,
            };
            (format!(" window {} ", format::left_long(left)), style)
        }
        Some(None) => (" window closed ".to_owned(), t.warn),
    };
    let cells = text::width(&window) as u16;
    let window_at = edge.saturating_sub(cells).max(area.x + 2);
    put(buf, window_at, area.y, &window, edge.saturating_sub(window_at), style);
    let room = window_at.saturating_sub(area.x + 3);
    let title = text::sanitize(c.title());
    let title = mask::name(&title, t.mask);
    let title = text::truncate(&title, usize::from(room).saturating_sub(2));
    let mut x = put(buf, area.x + 2, area.y, &format!(" {title} "), room, t.strong);
    if app.is_development_here() {
        x = put(buf, x, area.y, "DEV ", (window_at.saturating_sub(x)).min(4), t.warn);
    }
    if c.blocked.is_some() {
        x = put(buf, x, area.y, "BLOCKED ", (window_at.saturating_sub(x)).min(8), t.bad);
    }
    // Who else is here matters more than the number.
    let mut edge = window_at;
    if let Some((words, style)) = together::header(app, c.thread, window_at.saturating_sub(x + 2)) {
        let cells = text::width(&words) as u16;
        edge = window_at.saturating_sub(cells + 1);
        put(buf, edge, area.y, &words, cells, style);
    }
    if let Some(phone) = c.row.as_ref().and_then(|r| r.phone.as_deref()) {
        let phone = transcript::phone(phone);
        let phone = mask::numbers(&phone, t.mask);
        if phone != title {
            let s = format!(" {phone} ");
            let x = x + 2;
            if text::width(&s) as u16 + x + 1 < edge {
                put(buf, x, area.y, &s, 30, t.dim);
            }
        }
    }
}

fn messages(app: &App, c: &Conversation, area: Rect, buf: &mut Buffer) {
    let t = &app.theme;
    if !c.loaded {
        put(buf, area.x + 2, area.bottom().saturating_sub(1), "loading…", 12, t.dim);
        return;
    }
    let visible = app.visible(c);
    if visible.is_empty() {
        put(buf, area.x + 2, area.bottom().saturating_sub(1), "no messages yet", 20, t.dim);
        return;
    }
    let lines: usize = visible.iter().map(|v| v.lines.len()).sum();
    let mut y = area.bottom().saturating_sub(lines as u16).max(area.y);
    for v in &visible {
        let selected = c.selected == Some(c.messages[v.index].id);
        for n in v.lines.clone() {
            if y >= area.bottom() {
                break;
            }
            let line = &v.block.lines[n];
            spans(buf, area.x + line.x, y, &line.spans, area.right());
            let own = v.block.own.contains(&n);
            if own && let Some(f) = c.find.as_ref().filter(|f| !f.needles.is_empty()) {
                highlight(buf, area, y, line, &f.needles, t.matched);
            }
            if own && !selected && c.is_chosen(&c.messages[v.index]) {
                buf.set_style(Rect { y, height: 1, ..area }, t.selected);
                buf[(area.x, y)].set_symbol("┃").set_style(t.unread);
            }
            if selected && own {
                let row = Rect { y, height: 1, ..area };
                buf.set_style(row, t.selected);
                buf[(area.x, y)].set_symbol("▌").set_style(t.focus.add_modifier(Modifier::BOLD));
            }
            y += 1;
        }
    }
}

/// Marks what was searched for in a line.
fn highlight(buf: &mut Buffer, area: Rect, y: u16, line: &Line, needles: &[String], style: Style) {
    let text: String = line.spans.iter().map(|(s, _)| s.as_str()).collect();
    let left = area.x + line.x;
    for found in fold::found(&text, needles) {
        let from = left.saturating_add(text::width(&text[..found.start]) as u16);
        let cells = text::width(&text[found]) as u16;
        buf.set_style(Rect::new(from, y, cells, 1).intersection(area), style);
    }
}
