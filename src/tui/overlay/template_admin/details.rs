//! What is known of one template: how it stands, why, and what happened to it.

use super::state;
use crate::model::template::local::TemplateChange;
use crate::protocol::templates::TemplateRow;
use crate::text;
use crate::tui::overlay::frame::{self, TimeText};
use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// How it stands, line by line. Returns the rows used.
pub(super) fn facts(area: Rect, row: &TemplateRow, ago: &TimeText, buf: &mut Buffer, theme: &Theme) -> u16 {
    let t = &row.template;
    let mut y = area.y;
    let mut line = |s: &str, style: Style| {
        if y < area.bottom() {
            let room = Rect::new(area.x, y, area.width, area.bottom() - y);
            y += frame::paragraph(buf, room, &text::sanitize(s), style);
        }
    };
    let (mark, style) = state::mark(&t.status, theme);
    line(&format!("{mark} {} · {}", t.status, state::meaning(&t.status)), style);
    if !matches!(t.rejected_reason.as_str(), "" | "NONE") {
        let (words, _) = state::reason(&t.rejected_reason);
        let told = words.is_empty() || t.rejected_reason.contains(':');
        let more = if told { String::new() } else { format!(": {words}") };
        line(&format!("{}{more}", t.rejected_reason), theme.bad);
    }
    // That it was refused stands above.
    if let Some(w) = row.warning.as_ref().filter(|w| w.part != "status") {
        line(&format!("! {} ({})", state::warning(w), ago(w.at)), theme.warn);
    }
    if !t.coming_category.is_empty() && t.coming_category != t.category {
        line(&format!("! is going to be {}", t.coming_category), theme.warn);
    }
    let before = if t.previous_category.is_empty() || t.previous_category == t.category {
        String::new()
    } else {
        format!(", was {}", t.previous_category)
    };
    let (quality, _) = state::quality(&t.quality, theme);
    line(&format!("{}{before} · quality {quality}", t.category), theme.text);
    let used = match (row.used.count, row.used.last) {
        (0, _) => "never sent from here".to_owned(),
        (n, Some(at)) => format!("sent {n} times, last {}", ago(at)),
        (n, None) => format!("sent {n} times"),
    };
    line(&used, theme.dim);
    if !row.settings.enabled {
        line("switched off: agents are not offered it (x)", theme.warn);
    }
    if !row.settings.roles.is_empty() {
        line(&format!("only for {}", row.settings.roles.join(", ")), theme.dim);
    }
    if !row.settings.mapping.is_empty() {
        line(&format!("{} values come by themselves (m)", row.settings.mapping.len()), theme.dim);
    }
    if !t.unsupported.is_empty() {
        line(&format!("cannot be filled in here: {}", t.unsupported.join(", ")), theme.warn);
    }
    if !t.library.is_empty() {
        line(&format!("from the library: {}", t.library), theme.dim);
    }
    y - area.y
}

/// What happened to it, the newest first.
pub(super) fn history(
    area: Rect,
    changes: Option<&[TemplateChange]>,
    from: usize,
    time: &TimeText,
    buf: &mut Buffer,
    theme: &Theme,
) {
    let Some(changes) = changes else { return };
    if changes.is_empty() {
        frame::put(buf, area.x, area.y, area.width, "nothing seen to change yet", theme.dim);
        return;
    }
    let from = from.min(changes.len().saturating_sub(1));
    let mut y = area.y;
    for c in &changes[from..] {
        if y >= area.bottom() {
            break;
        }
        let when = time(c.at);
        let x = frame::put(buf, area.x, y, area.width, &format!("{when}  "), theme.dim);
        let by =
            if matches!(c.by.as_str(), "" | "provider") { String::new() } else { format!(" · {}", c.by) };
        let room = Rect::new(x, y, area.right().saturating_sub(x), area.bottom() - y);
        let bad = matches!(c.to.as_str(), "REJECTED" | "PAUSED" | "DISABLED") || c.part == "category";
        let style = if bad { theme.warn } else { theme.text };
        y += frame::paragraph(buf, room, &format!("{}{by}", text::sanitize(&state::change(c))), style).max(1);
    }
}
