//! The text being written, the line above it, and the emoji that fit.
//!
//! A note has another colour, another word and a sign of its own on every line: nobody takes it for a reply.

use super::{frame, put, together};
use crate::model::account::Hindrance;
use crate::model::delivery::WaitReason;
use crate::model::thread::DraftMode;
use crate::protocol::account_facts::state_word;
use crate::text;
use crate::tui::app::files::{LINES, Stand};
use crate::tui::app::{App, Conversation, Panes, can_be_undone};
use crate::tui::command::{Scope, by_id};
use crate::tui::links;
use crate::tui::marks::{self, Role};
use crate::tui::transcript;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;

/// Cells of the bar that shows how long a message can still be taken back.
const BAR: i64 = 5;

/// The colour of what is being written.
fn tone(app: &App, c: &Conversation) -> Style {
    if c.mode == DraftMode::Note { app.theme.note } else { app.theme.focus }
}

/// The line between messages and composer.
pub(super) fn separator(app: &App, c: &Conversation, area: Rect, panes: &Panes, buf: &mut Buffer) {
    let t = &app.theme;
    let y = panes.transcript.bottom();
    let note = c.mode == DraftMode::Note;
    let style = match (app.scope, note) {
        (Scope::List, _) => t.border,
        (Scope::Composer, true) => t.note,
        _ => t.focus,
    };
    for x in area.x + 1..area.right() - 1 {
        buf[(x, y)].set_symbol(if note { "╌" } else { "─" }).set_style(style);
    }
    buf[(area.x, y)].set_symbol("├").set_style(style);
    buf[(area.right() - 1, y)].set_symbol("┤").set_style(style);
    let open = c.row.is_none() || c.is_open(app.clock.now());
    let watched = together::watched(app);
    let stands = app.hindered().and(app.account_here()).map(|a| format!(" {} ", state_word(a)));
    let words = match (note, open) {
        _ if let Some(words) = &watched => words,
        _ if app.read_only().is_some() => " read only ",
        (false, _) if let Some(words) = &stands => words,
        (true, _) => " ✎ note · stays here ",
        (false, true) => " reply ",
        (false, false) => " template only ",
    };
    let strong = match (app.scope == Scope::Composer, note) {
        (_, false) if stands.is_some() => t.warn.add_modifier(Modifier::BOLD),
        (true, _) => tone(app, c).add_modifier(Modifier::BOLD),
        (false, true) => t.note,
        (false, false) => t.dim,
    };
    let mut x = put(buf, area.x + 1, y, words, area.width.saturating_sub(2), strong);
    if app.is_development_here() && !note {
        x = put(buf, x, y, "DEV ", area.right().saturating_sub(x + 2), t.warn);
    }
    let edge = area.right() - 2;
    let (right, style) = remark(app, c, open);
    let cells = text::width(&right) as u16;
    let right_at = edge.saturating_sub(cells).max(x);
    put(buf, right_at, y, &right, edge.saturating_sub(right_at), style);
    // What is waiting in the other mode is not forgotten.
    let (other, id) =
        if note { (DraftMode::Reply, "message.reply") } else { (DraftMode::Note, "message.note") };
    let parked = !c.draft(other).is_empty();
    if let Some((left, whole)) = undo_time(app, c) {
        undo_bar(app, buf, Rect::new(x, y, right_at.saturating_sub(x), 1), left, whole);
    } else if parked {
        let what = if note { "a reply is begun" } else { "a note is begun" };
        let key =
            if app.scope == Scope::Composer { String::new() } else { format!(" · {}", app.key_for(id)) };
        let words = format!(" {what}{key} ");
        if x + 1 + text::width(&words) as u16 + 2 < right_at {
            x = put(buf, x + 1, y, &words, right_at - x - 1, t.note);
        }
        let _ = x;
    }
}

/// What stands at the right end of the line.
fn remark(app: &App, c: &Conversation, open: bool) -> (String, Style) {
    let t = &app.theme;
    if let Some(words) = together::remark(app, c) {
        return (words, t.warn.add_modifier(Modifier::BOLD));
    }
    if let Some(place) = c.find.as_ref().map(crate::tui::app::Find::place).filter(|p| !p.is_empty()) {
        return (format!(" {} ", text::truncate(&text::sanitize(&place), 50)), t.unread);
    }
    if c.has_chosen() {
        return (format!(" {} marked ", c.chosen().len()), t.unread);
    }
    if c.late.is_some() {
        return (format!(" ↑ came late · {} ", app.key_for("list.next_unread")), t.unread);
    }
    if let Some((n, most)) = app.counter() {
        let style = if n > most { t.bad } else { t.warn };
        let over = if n > most { format!(" · {} too many", n - most) } else { String::new() };
        return (format!(" {n}/{most}{over} "), style.add_modifier(Modifier::BOLD));
    }
    if c.below > 0 {
        return (format!(" ↓ {} new · {} ", c.below, app.key_for("move.bottom")), t.unread);
    }
    if !c.is_at_end() && c.loaded {
        return (format!(" ↓ newer · {} ", app.key_for("move.bottom")), t.dim);
    }
    let quick =
        open && c.mode == DraftMode::Reply && app.read_only().is_none() && app.watched_here().is_none();
    (if quick { " quick: / ".to_owned() } else { String::new() }, t.dim)
}

/// How long the last message can still be taken back, and how long it could be.
fn undo_time(app: &App, c: &Conversation) -> Option<(i64, i64)> {
    let now = app.clock.now();
    let m = c.messages.iter().rev().find(|m| can_be_undone(m, now))?;
    let until = m.waits.filter(|w| w.why == WaitReason::Undo)?.until;
    Some((until - now, (until - m.at).max(1)))
}

/// The bar that says that a message has not left yet, and how it is taken back.
fn undo_bar(app: &App, buf: &mut Buffer, area: Rect, left: i64, whole: i64) {
    let t = &app.theme;
    let seconds = (left + 999) / 1000;
    let full = ((left * BAR + whole - 1) / whole).clamp(0, BAR) as usize;
    let bar = if t.plain {
        String::new()
    } else {
        format!("{}{} ", "▰".repeat(full), "▱".repeat(BAR as usize - full))
    };
    let empty = app.conversation.as_ref().is_some_and(|c| c.composer.is_empty());
    let key = match app.scope {
        Scope::Composer if empty => app.key_for("edit.undo"),
        Scope::Composer => app.key_for("compose.undo_send"),
        _ => app.key_for("message.undo"),
    };
    let loud = t.warn.add_modifier(Modifier::BOLD);
    let parts = [
        (format!(" ◷ sends in {seconds} s {bar}"), loud),
        ("· ".to_owned(), t.dim),
        (key, t.key),
        (" takes it back ".to_owned(), t.text),
    ];
    let mut x = area.x + 1;
    for (words, style) in parts {
        x = put(buf, x, area.y, &words, area.right().saturating_sub(x), style);
    }
}

/// The files that go with the text, a line each; what does not fit is counted.
fn files(app: &App, area: Rect, mut y: u16, buf: &mut Buffer) -> u16 {
    let t = &app.theme;
    let all = app.attached();
    let shown = if all.len() > LINES { LINES - 1 } else { all.len() };
    for a in &all[..shown] {
        if y >= area.bottom() {
            return y;
        }
        let (sign, style) = match a.stand {
            Stand::Here(_) => ("+ ", t.link.remove_modifier(Modifier::UNDERLINED)),
            Stand::Coming(..) => ("↑ ", t.dim),
            Stand::Failed(_) => ("✗ ", t.bad),
        };
        let x = put(buf, area.x, y, sign, area.width, style);
        let room = area.right().saturating_sub(x);
        put(buf, x, y, &text::truncate(&a.words(), usize::from(room)), room, style);
        y += 1;
    }
    if all.len() > shown && y < area.bottom() {
        put(buf, area.x, y, &format!("… and {} more files", all.len() - shown), area.width, t.dim);
        y += 1;
    }
    y
}

/// The text being written, or why nothing can be written.
pub(super) fn draw(app: &App, area: Rect, buf: &mut Buffer) {
    let t = &app.theme;
    let Some(c) = &app.conversation else { return };
    let note = c.mode == DraftMode::Note;
    if together::draft(app, area, buf) {
        return;
    }
    if let Some(why) = app.read_only() {
        let mut x = put(buf, area.x, area.y, &why, area.width, t.warn);
        if !note && app.scope != Scope::Composer && by_id("message.note").is_some_and(|c| app.may_run(c)) {
            for (s, style) in
                [(" · ", t.dim), (&*app.key_for("message.note"), t.key), (" writes a note", t.dim)]
            {
                x = put(buf, x, area.y, s, area.right().saturating_sub(x), style);
            }
        }
        return;
    }
    if c.row.is_some() && !c.can_write(app.clock.now()) {
        let mut x = put(buf, area.x, area.y, "window closed", area.width, t.warn);
        // While writing, what sends opens the templates.
        let id = if app.scope == Scope::Composer { "compose.send" } else { "template.pick" };
        let key = app.key_for(id);
        let note = app.key_for("message.note");
        let mut parts = vec![(" - ", t.dim), (&*key, t.key), (" sends a template", t.dim)];
        if app.scope != Scope::Composer {
            parts.extend([(" · ", t.dim), (&*note, t.key), (" writes a note", t.dim)]);
        }
        for (s, style) in parts {
            x = put(buf, x, area.y, s, area.right().saturating_sub(x), style);
        }
        return;
    }
    let hindered = app.hindered().filter(|_| !note);
    if let Some(why) = hindered.as_ref().filter(|_| c.composer.is_empty()) {
        hindrance(app, why, area, buf);
        return;
    }
    let mut y = area.y;
    if let Some(quoted) = c.quote {
        let line = c.message(quoted).map(transcript::one_line).unwrap_or_default();
        let x = put(buf, area.x, y, "▎ ", area.width, t.ours);
        put(buf, x, y, &line, area.right().saturating_sub(x), t.dim);
        y += 1;
    }
    y = files(app, area, y, buf);
    if note {
        for y in y..area.bottom() {
            put(buf, area.x - 1, y, "┊", 1, t.note);
        }
    }
    if c.composer.is_empty() {
        let words = match (app.scope == Scope::Composer, note) {
            (false, false) => format!("{} writes a reply", app.key_for("message.reply")),
            (false, true) => format!("{} writes a note", app.key_for("message.note")),
            (true, true) => "for colleagues: the customer never sees it".to_owned(),
            (true, false) => return,
        };
        put(buf, area.x, y, &words, area.width, t.dim);
        return;
    }
    let base = if note { t.note } else { t.text };
    let paint = Paint::new(app, c.composer.text(), base);
    let lines = c.composer.lines(usize::from(area.width));
    let first = first_line(c, &lines, area.bottom().saturating_sub(y));
    for (i, r) in lines[first..].iter().enumerate() {
        let y = y + i as u16;
        if y >= area.bottom() {
            break;
        }
        paint.line(buf, area.x, y, area.width, r.clone());
    }
}

/// Why nothing leaves, and which key is next: said where one would type.
fn hindrance(app: &App, why: &Hindrance, area: Rect, buf: &mut Buffer) {
    let t = &app.theme;
    let what = crate::text::sanitize(&why.what);
    let does = if why.waits { "what you send waits" } else { "nothing can be sent" };
    let key = app.key_for("accounts.open");
    let keys = if app.scope == Scope::Composer { String::new() } else { key };
    // The key is what helps: the reason is cut for it.
    let tail = text::width(does) + if keys.is_empty() { 2 } else { text::width(&keys) + 14 };
    let room = usize::from(area.width).saturating_sub(tail).max(12);
    let mut x = put(buf, area.x, area.y, &text::truncate(&what, room), area.width, t.warn);
    x = put(buf, x, area.y, ": ", area.right().saturating_sub(x), t.warn);
    x = put(buf, x, area.y, does, area.right().saturating_sub(x), t.warn);
    if !keys.is_empty() {
        for (s, style) in [(" · ", t.dim), (&*keys, t.key), (" accounts", t.dim)] {
            x = put(buf, x, area.y, s, area.right().saturating_sub(x), style);
        }
    }
}

/// How the parts of the text look: as on a phone, with the marks still there to be changed.
struct Paint<'a> {
    text: &'a str,
    base: Style,
    dim: Style,
    link: Style,
    quote: Style,
    pieces: Vec<marks::Piece>,
    links: Vec<Range<usize>>,
}

impl<'a> Paint<'a> {
    fn new(app: &App, text: &'a str, base: Style) -> Self {
        let t = &app.theme;
        // Most texts have no mark and no link.
        let plain = !text.contains(['*', '_', '~', '`', '>', '-']);
        let pieces = if plain {
            vec![marks::Piece { range: 0..text.len(), style: Modifier::empty(), role: Role::Text }]
        } else {
            marks::parse(text)
        };
        Self { text, base, dim: t.dim, link: t.link, quote: t.ours, pieces, links: links::places(text) }
    }

    fn line(&self, buf: &mut Buffer, x: u16, y: u16, cells: u16, line: Range<usize>) {
        let right = x.saturating_add(cells);
        let mut x = x;
        let from = self.pieces.partition_point(|p| p.range.end <= line.start);
        for p in self.pieces[from..].iter().take_while(|p| p.range.start < line.end) {
            let part = p.range.start.max(line.start)..p.range.end.min(line.end);
            if let Some(glyph) = p.role.glyph() {
                x = buf.set_stringn(x, y, glyph, usize::from(right.saturating_sub(x)), self.quote).0;
                continue;
            }
            let style = match p.role {
                Role::Mark => self.dim,
                _ => self.base.add_modifier(p.style),
            };
            for (at, g) in self.text[part.clone()].grapheme_indices(true) {
                let at = part.start + at;
                let link = self.links.iter().any(|l| l.contains(&at));
                let style = if link { style.patch(self.link) } else { style };
                x = buf.set_stringn(x, y, g, usize::from(right.saturating_sub(x)), style).0;
            }
        }
    }
}

/// The first line of the text that is shown, so that the cursor's line is.
fn first_line(c: &Conversation, lines: &[Range<usize>], rows: u16) -> usize {
    let rows = usize::from(rows.max(1));
    let row = c.composer.place(lines).row;
    (row + 1).saturating_sub(rows).min(lines.len().saturating_sub(rows))
}

/// Where the cursor is while writing: the terminal's own stands there, and with it what an input method shows.
pub(super) fn cursor(app: &App, area: Rect) -> Option<Position> {
    let c = app.conversation.as_ref().filter(|_| app.scope == Scope::Composer)?;
    if c.row.is_some() && !c.can_write(app.clock.now()) || app.read_only().is_some() {
        return None;
    }
    let y = area.y + u16::from(c.quote.is_some()) + app.attached_rows();
    let lines = c.composer.lines(usize::from(area.width));
    let place = c.composer.place(&lines);
    let first = first_line(c, &lines, area.bottom().saturating_sub(y));
    let x = area.x + (place.column as u16).min(area.width.saturating_sub(1));
    let y = (y + place.row.saturating_sub(first) as u16).min(area.bottom().saturating_sub(1));
    Some(Position::new(x, y))
}

/// The emoji that fit what is being written, over the end of the conversation.
pub(super) fn offer(app: &App, panes: &Panes, buf: &mut Buffer) {
    let t = &app.theme;
    let list = &app.emoji.list;
    if list.is_empty() || app.scope != Scope::Composer {
        return;
    }
    let Some(at) = cursor(app, panes.composer) else { return };
    let widest = list.iter().map(|e| text::width(e.name)).max().unwrap_or(0) as u16;
    let inside = panes.transcript;
    let width = (widest + 9).clamp(24, 40).min(inside.width);
    let height = (list.len() as u16 + 2).min(inside.height);
    if height < 3 || width < 16 {
        return;
    }
    let x = at.x.saturating_sub(3).clamp(inside.x, inside.right() - width);
    let area = Rect::new(x, inside.bottom() - height, width, height);
    crate::tui::overlay::frame::clear(area, buf, t);
    frame(buf, area, t.focus);
    put(buf, area.x + 1, area.y, " emoji ", width - 2, t.strong);
    let keys = " Tab takes it ";
    put(buf, area.right() - 1 - text::width(keys) as u16, area.bottom() - 1, keys, width - 2, t.dim);
    let rows = usize::from(height - 2);
    let first = (app.emoji.at + 1).saturating_sub(rows);
    for (i, e) in list.iter().enumerate().skip(first).take(rows) {
        let y = area.y + 1 + (i - first) as u16;
        let chosen = i == app.emoji.at;
        let style = if chosen { t.strong } else { t.text };
        put(buf, area.x + 2, y, e.glyph, 3, t.text);
        put(buf, area.x + 5, y, &format!(":{}", e.name), width - 6, style);
        if chosen {
            buf.set_style(Rect::new(area.x + 1, y, width - 2, 1), t.selected);
        }
    }
}
