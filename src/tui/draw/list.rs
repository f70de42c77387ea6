//! The thread list: two lines a thread.

use super::{frame, handling, put, together};
use crate::model::thread::{ThreadFilter, ThreadRow};
use crate::model::{DeliveryState, Direction};
use crate::protocol::account_facts::{hindrance, is_development};
use crate::text;
use crate::tui::app::App;
use crate::tui::command::Scope;
use crate::tui::format;
use crate::tui::mask;
use crate::tui::transcript;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

pub(super) fn draw(app: &App, area: Rect, buf: &mut Buffer) {
    let t = &app.theme;
    let focused = app.scope == Scope::List;
    frame(buf, area, if focused { t.focus } else { t.border });
    let (view, total) = app.list_title();
    let account = app.account.as_ref().and_then(|id| app.accounts.iter().find(|a| a.spec.id == *id));
    let room = area.width.saturating_sub(4);
    let mut x = area.x + 2;
    let view = text::sanitize(&view);
    match account {
        None => x = put(buf, x, area.y, &format!(" {view} "), room.saturating_sub(8), t.strong),
        Some(a) => {
            let name = text::sanitize(&a.spec.name);
            x = put(buf, x, area.y, &format!(" {name} "), room.saturating_sub(8), t.strong);
            let room = area.right().saturating_sub(x + 10);
            x = put(buf, x, area.y, &format!("· {view} "), room, t.dim);
        }
    }
    let all_development = !app.accounts.is_empty() && app.accounts.iter().all(is_development);
    if account.map_or(all_development, is_development) {
        x = put(buf, x, area.y, "DEV ", area.right().saturating_sub(x + 8), t.warn);
    }
    let marked = app.marked_count();
    if marked > 0 {
        let words = format!("· {marked} marked ");
        x = put(buf, x, area.y, &words, area.right().saturating_sub(x + 8), t.focus);
    }
    let loaded = app.list.rows.len();
    // What is shown although it is no part of the view any more counts as well.
    let count = match total.map(|n| n as usize) {
        Some(n) if n >= loaded || app.list.has_more() => format!(" {n} "),
        _ => format!(" {loaded}{} ", if app.list.has_more() { "+" } else { "" }),
    };
    let at = area.right().saturating_sub(text::width(&count) as u16 + 2);
    if at > x {
        put(buf, at, area.y, &count, 12, t.dim);
    }
    let inner = Rect::new(area.x + 1, area.y + 1, area.width - 2, area.height.saturating_sub(2));
    let rows = usize::from(inner.height / 2);
    if app.list.rows.is_empty() {
        empty(app, inner, buf);
        return;
    }
    let now = app.clock.now();
    for (i, row) in app.list.visible(rows).iter().enumerate() {
        let y = inner.y + 2 * i as u16;
        let selected = app.list.top + i == app.list.cursor;
        let open = app.conversation.as_ref().is_some_and(|c| c.thread == row.id);
        let marked = marked > 0 && app.is_marked(app.list.top + i);
        thread(app, row, Rect { y, height: 2, ..inner }, Look { selected, open, marked }, now, buf);
    }
}

fn empty(app: &App, inner: Rect, buf: &mut Buffer) {
    let t = &app.theme;
    if app.list.loaded && app.is_new() && app.panes().conversation.is_none() {
        super::welcome::draw(app, inner, buf);
        return;
    }
    let account = app.account.as_ref().and_then(|id| app.view_of(id));
    if let Some((a, why)) = account.and_then(|a| Some((a, hindrance(a)?))).filter(|_| app.list.loaded)
        && a.threads == 0
    {
        let key = app.key_for("accounts.open");
        let next = if a.spec.number.is_empty() { "shows its setup link" } else { "shows what can be done" };
        let lines = [(text::sanitize(&why.what).into_owned(), t.warn), (format!("{key} {next}."), t.dim)];
        let mut y = inner.y + 1;
        for (words, style) in lines {
            for r in text::wrap(&words, usize::from(inner.width.saturating_sub(3))) {
                if y < inner.bottom() {
                    put(buf, inner.x + 2, y, &words[r], inner.width.saturating_sub(3), style);
                }
                y += 1;
            }
        }
        return;
    }
    let again = |id: &str| format!("{} shows the inbox.", app.key_for(id));
    let inbox = || again("list.inbox");
    let lines: Vec<String> = match app.list.filter {
        _ if !app.list.loaded => vec!["loading…".into()],
        _ if app.list.has_more() => vec!["looking…".into()],
        _ if app.list.own.is_some() => vec!["No thread is like that.".into(), inbox()],
        ThreadFilter::Inbox if app.is_new() => {
            vec!["No conversations yet.".into(), "They appear when a customer writes.".into()]
        }
        ThreadFilter::All => vec!["No conversations yet.".into(), inbox()],
        ThreadFilter::Inbox => vec![
            "Nothing is open: all done.".into(),
            format!("{} shows what was resolved.", app.key_for("view.resolved")),
        ],
        ThreadFilter::Unread => vec!["Everything is read.".into(), again("list.unread")],
        ThreadFilter::Failed => vec!["Nothing has failed.".into(), again("list.failed")],
        ThreadFilter::Mine => vec!["You have no open thread.".into(), inbox()],
        ThreadFilter::Unassigned => vec!["Every open thread has somebody.".into(), inbox()],
        ThreadFilter::Snoozed => vec!["Nothing is snoozed.".into(), inbox()],
        ThreadFilter::Resolved => vec!["Nothing is resolved yet.".into(), inbox()],
        ThreadFilter::Window => vec!["No window is open.".into(), inbox()],
    };
    for (i, line) in lines.iter().enumerate() {
        let y = inner.y + 1 + i as u16;
        if y < inner.bottom() {
            put(buf, inner.x + 2, y, line, inner.width.saturating_sub(3), t.dim);
        }
    }
}

/// How a row stands in the list.
#[derive(Clone, Copy)]
struct Look {
    selected: bool,
    open: bool,
    marked: bool,
}

fn thread(app: &App, row: &ThreadRow, area: Rect, look: Look, now: i64, buf: &mut Buffer) {
    let t = &app.theme;
    let Look { selected, open, marked } = look;
    let queue = app.list.own.is_none() && app.list.filter == ThreadFilter::Window;
    let (x, right) = (area.x, area.right());
    let text_x = x + 1;
    // First line: name, then time and unread count on the right.
    let time = format::short(row.last_at, now, &app.tz);
    let unread = if row.unread > 0 { format!("●{}", format::count(row.unread)) } else { String::new() };
    let unread_cells = text::width(&unread) as u16;
    let mut edge = right - 1;
    if unread_cells > 0 {
        edge -= unread_cells;
        put(buf, edge, area.y, &unread, unread_cells, t.unread);
        edge -= 1;
    }
    edge -= (text::width(&time) as u16).min(edge);
    put(buf, edge, area.y, &time, 12, t.dim);
    let mut room = edge.saturating_sub(text_x + 1);
    if row.draft {
        room = room.saturating_sub(2);
    }
    // Where accounts are mixed, each row says whether it is one for trying things.
    let mixed = app.account.is_none() && !app.accounts.iter().all(is_development);
    if mixed && app.view_of(&row.account).is_some_and(is_development) {
        put(buf, edge.saturating_sub(4), area.y, "DEV", 3, t.warn);
        room = room.saturating_sub(4);
    }
    let muted = app.muted.contains(&row.id);
    if muted {
        room = room.saturating_sub(3);
    }
    let title = text::sanitize(&row.title);
    let title = mask::name(&title, t.mask);
    let style = if row.unread > 0 || open { t.strong } else { t.text };
    let mut text_at = text_x;
    if let Some((mark, style)) = handling::priority(row.handling.priority, t) {
        text_at = put(buf, text_at, area.y, mark, 2, style) + 1;
        room = room.saturating_sub(text_at - text_x);
    }
    // Labels take a third at most; the name is what is looked for.
    let for_labels = if row.handling.labels.is_empty() { 0 } else { room / 3 };
    let after = put(buf, text_at, area.y, &title, room - for_labels, style);
    let left = (text_at + room).saturating_sub(after);
    let after = handling::labels(&row.handling, after, area.y, left, t, buf);
    let after = if row.draft { put(buf, after + 1, area.y, "✎", 1, t.note) } else { after };
    if muted {
        put(buf, after + 1, area.y, "🔇", 2, t.dim);
    }
    // Second line: ticks, preview, then failures and the window on the right.
    let y = area.y + 1;
    let mut edge = right - 1;
    let window = match row.window.left(now) {
        Some(left) if queue || left < 8 * format::HOUR => {
            Some((format!("⏳{}", format::left_short(left)), handling::left_style(left, t)))
        }
        Some(_) => None,
        None => Some(("⌛".to_owned(), t.dim)),
    };
    if let Some((s, style)) = window {
        edge -= text::width(&s) as u16;
        put(buf, edge, y, &s, 8, style);
        edge -= 1;
    }
    if queue && handling::closes_today(app, row, now) {
        edge -= 5;
        put(buf, edge, y, "today", 5, t.warn);
        edge -= 1;
    }
    for (words, style) in handling::remarks(app, row, now) {
        let cells = text::width(&words) as u16;
        if edge < text_x + cells + 8 {
            break;
        }
        edge -= cells;
        put(buf, edge, y, &words, cells, style);
        edge -= 1;
    }
    // A failed message that is shown below carries its own mark.
    let shown = row.preview.as_ref().is_some_and(|p| p.state == DeliveryState::Failed);
    if row.failed > u32::from(shown) {
        let s = format!("✗{}", if row.failed > 1 { format::count(row.failed) } else { String::new() });
        edge -= text::width(&s) as u16;
        put(buf, edge, y, &s, 5, t.bad);
        edge -= 1;
    }
    for (words, style) in together::remarks(app, row.id) {
        let cells = text::width(&words) as u16;
        if edge < text_x + cells + 8 {
            break;
        }
        edge -= cells;
        put(buf, edge, y, &words, cells, style);
        edge -= 1;
    }
    let mut at = text_x;
    if let Some(writing) = together::writing(app, row.id) {
        put(buf, at, y, &writing, edge.saturating_sub(at), t.note);
    } else if let Some(p) = &row.preview {
        if p.direction == Direction::Outbound {
            let (tick, style) = format::ticks(p.state, t);
            if !tick.is_empty() {
                at = put(buf, at, y, tick, 2, style) + 1;
            }
        }
        // More than any list is wide.
        let beginning: String = p.text.chars().take(400).collect();
        let preview = transcript::unmarked(&text::sanitize(&beginning));
        let preview = mask::numbers(&preview, t.mask);
        let style = if row.unread > 0 { t.text } else { t.dim };
        let room = edge.saturating_sub(at);
        match format::kind_prefix(&p.kind) {
            Some(prefix) if preview.is_empty() => {
                put(buf, at, y, prefix, room, style);
            }
            Some(prefix) => {
                put(buf, at, y, &format!("{prefix} · {preview}"), room, style);
            }
            None => {
                put(buf, at, y, &preview, room, style);
            }
        }
    }
    if marked {
        buf[(x, area.y)].set_symbol("◆").set_style(t.focus);
        buf[(x, y)].set_symbol("◆").set_style(t.focus);
    }
    if selected {
        buf.set_style(area, t.selected);
        if app.scope == Scope::List {
            for y in area.y + u16::from(marked)..area.bottom() {
                buf[(x, y)].set_symbol("▌").set_style(t.focus.add_modifier(Modifier::BOLD));
            }
        }
    } else if open && !marked {
        buf[(x, area.y)].set_symbol("▎").set_style(t.border);
        buf[(x, y)].set_symbol("▎").set_style(t.border);
    }
}
