//! The box of what may follow a key that begins a sequence.

use super::put;
use crate::text;
use crate::tui::app::App;
use crate::tui::overlay::frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Fewest cells of a column.
const COLUMN: u16 = 24;

/// Draws it above the line at the bottom, as wide as the screen.
pub(super) fn draw(app: &App, screen: Rect, buf: &mut Buffer) {
    let t = &app.theme;
    let mut list: Vec<(&str, &str)> = app
        .keymap
        .continuations(app.scope, &app.pending.keys)
        .filter(|(_, c)| app.may_run(c))
        .map(|(rest, c)| (rest, c.title))
        .collect();
    list.sort_by_key(|(rest, _)| (rest.len() > 1, rest.to_lowercase()));
    let inside = screen.width.saturating_sub(4);
    let columns = (inside / COLUMN).clamp(1, 6);
    let rows = (list.len() as u16).div_ceil(columns).max(1);
    let height = (rows + 2).min(screen.height.saturating_sub(2));
    let area = Rect::new(screen.x, screen.bottom().saturating_sub(1 + height), screen.width, height);
    frame::clear(area, buf, t);
    frame::border(area, buf, t.focus);
    let typed: Vec<String> = app.pending.keys.iter().map(ToString::to_string).collect();
    put(buf, area.x + 2, area.y, &format!(" {} … ", typed.join(" ")), inside, t.strong);
    let width = inside / columns;
    let key_cells = list.iter().map(|(k, _)| text::width(k) as u16).max().unwrap_or(1).min(width / 2);
    for (i, (key, title)) in list.iter().enumerate() {
        let (column, row) = (i as u16 / rows, i as u16 % rows);
        let (x, y) = (area.x + 2 + column * width, area.y + 1 + row);
        if y >= area.bottom() - 1 {
            continue;
        }
        put(buf, x + key_cells.saturating_sub(text::width(key) as u16), y, key, key_cells, t.key);
        put(buf, x + key_cells + 2, y, title, width.saturating_sub(key_cells + 3), t.text);
    }
}
