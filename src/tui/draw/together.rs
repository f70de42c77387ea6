//! Colleagues: who writes and who looks, in a row, in the conversation's frame, over the text, in the status line.

use super::put;
use crate::model::ThreadId;
use crate::model::thread::DraftMode;
use crate::protocol::presence::Doing;
use crate::text;
use crate::tui::app::{App, Conversation};
use crate::tui::transcript::Span;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

/// A name in few cells.
fn short(name: &str, cells: usize) -> String {
    text::truncate(&text::sanitize(name), cells).into_owned()
}

/// Who writes in a conversation, in place of what was said last.
pub(super) fn writing(app: &App, thread: ThreadId) -> Option<String> {
    let people = app.people_in(thread);
    let writers = people.iter().filter(|p| p.doing == Doing::Typing).count();
    let first = short(&people.first().filter(|_| writers > 0)?.operator, 16);
    Some(if writers > 1 {
        format!("✎ {first} and {} more write…", writers - 1)
    } else {
        format!("✎ {first} is writing…")
    })
}

/// Who has a conversation open and writes nothing, in the little space of a row.
pub(super) fn remarks(app: &App, thread: ThreadId) -> Vec<(String, Style)> {
    let t = &app.theme;
    let people = app.people_in(thread);
    if people.iter().any(|p| p.doing == Doing::Typing) {
        return Vec::new();
    }
    let Some(first) = people.first() else { return Vec::new() };
    let (mark, style) = match first.doing {
        Doing::Open => ("○", t.dim),
        _ => ("◉", t.text),
    };
    let more = if people.len() > 1 { format!("+{}", people.len() - 1) } else { String::new() };
    vec![(format!("{mark}{}{more}", short(&first.operator, 7)), style)]
}

/// Who else is in the conversation, in at most so many cells.
pub(super) fn header(app: &App, thread: ThreadId, cells: u16) -> Option<(String, Style)> {
    let t = &app.theme;
    let people = app.people_in(thread);
    let first = people.first()?;
    let (does, style) = match first.doing {
        Doing::Typing => ("is writing", t.warn.add_modifier(Modifier::BOLD)),
        Doing::Viewing => ("looks too", t.text),
        Doing::Open => ("has it open", t.dim),
    };
    let more = if people.len() > 1 { format!(" +{}", people.len() - 1) } else { String::new() };
    let long = format!(" {} {does}{more} ", short(&first.operator, 16));
    let brief = match first.doing {
        Doing::Typing => format!(" ✎ {}{more} ", short(&first.operator, 8)),
        _ => format!(" ◉ {}{more} ", short(&first.operator, 8)),
    };
    [long, brief].into_iter().find(|s| text::width(s) <= usize::from(cells)).map(|s| (s, style))
}

/// What is said over the text while a colleague writes to the same customer.
pub(super) fn remark(app: &App, c: &Conversation) -> Option<String> {
    if c.mode == DraftMode::Note || app.watched_here().is_some() {
        return None;
    }
    let writer = short(app.writer_in(c.thread)?, 16);
    // While writing, the key that takes over is in the question that sending asks.
    let key = match app.scope {
        crate::tui::command::Scope::Composer => String::new(),
        _ => format!(" · {} takes over", app.key_for("thread.take_over")),
    };
    Some(format!(" {writer} is writing{key} "))
}

/// The word over the text where a colleague is followed.
pub(super) fn watched(app: &App) -> Option<String> {
    let w = app.watched_here()?;
    let does = if w.writes { "writes" } else { "does not write" };
    let (end, whisper) = (app.key_for("team.watch"), app.key_for("team.whisper"));
    Some(format!(" watching {} · {does} · {whisper} whisper · {end} end ", short(&w.operator, 16)))
}

/// What a colleague who is followed has begun, where one's own text would be; whether that is so.
pub(super) fn draft(app: &App, area: Rect, buf: &mut Buffer) -> bool {
    if app.watched_here().is_none() {
        return false;
    }
    let t = &app.theme;
    let Some((_, draft)) = app.shown_draft() else {
        put(buf, area.x, area.y, "nothing is begun", area.width, t.dim);
        return true;
    };
    let safe = text::sanitize_lines(draft);
    let lines = text::wrap(&safe, usize::from(area.width.max(1)));
    // The end is where it is written.
    let first = lines.len().saturating_sub(usize::from(area.height));
    for (i, line) in lines.iter().skip(first).enumerate() {
        put(buf, area.x, area.y + i as u16, &safe[line.clone()], area.width, t.note);
    }
    true
}

/// Who follows what is done here, and the notes that wait.
pub(super) fn status(app: &App) -> Vec<Span> {
    let t = &app.theme;
    let mut out = Vec::new();
    if let Some(first) = app.together.watchers.first() {
        let more = match app.together.watchers.len() {
            1 => String::new(),
            n => format!(" and {} more", n - 1),
        };
        let verb = if more.is_empty() { "watches" } else { "watch" };
        out.push((format!("   ◉ {}{more} {verb} you", short(first, 16)), t.warn));
    }
    if app.together.mentions > 0 {
        out.push((format!("   {} ", app.key_for("mentions.open")), t.key));
        out.push((format!("{} for you", app.together.mentions), t.note));
    }
    out
}
