//! The state as cells. Reads only; draws the parts that are damaged, straight into the buffer.

mod bars;
mod composer;
mod conversation;
mod details;
mod finish;
mod handling;
mod list;
mod pending;
mod together;
mod welcome;

pub(crate) use finish::finish;

use super::app::{App, Damage};
use super::transcript::Span;
use crate::text;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};

/// The parts of the screen that [`draw`] touches for this damage.
pub(crate) fn areas(app: &App, damage: Damage) -> Vec<Rect> {
    let p = app.panes();
    if p.too_small || app.is_covered() {
        return vec![p.screen];
    }
    let mut out = Vec::new();
    let mut add = |d: Damage, r: Option<Rect>| {
        if damage.has(d) {
            out.extend(r);
        }
    };
    add(Damage::TOP, Some(p.top));
    add(Damage::LIST, p.list);
    add(Damage::CONVERSATION, p.conversation);
    add(Damage::DETAILS, p.details);
    add(Damage::STATUS, Some(p.status));
    if damage.has(Damage::COMPOSER) && !damage.has(Damage::CONVERSATION) && p.conversation.is_some() {
        out.push(p.composer);
    }
    out
}

/// Draws the damaged parts and says where the cursor is, if it is shown.
pub(crate) fn draw(app: &App, buf: &mut Buffer, damage: Damage) -> Option<Position> {
    let panes = app.panes();
    for area in areas(app, damage) {
        blank(buf, area);
    }
    if panes.too_small {
        let s = "The terminal is too small: 40 columns and 10 rows are needed.";
        for (i, r) in text::wrap(s, usize::from(panes.screen.width)).into_iter().enumerate() {
            if (i as u16) < panes.screen.height {
                buf.set_string(0, i as u16, &s[r], app.theme.warn);
            }
        }
        return None;
    }
    let damage = if app.is_covered() { Damage::ALL } else { damage };
    if damage.has(Damage::TOP) {
        bars::top(app, panes.top, buf);
    }
    if damage.has(Damage::LIST)
        && let Some(area) = panes.list
    {
        list::draw(app, area, buf);
    }
    let mut cursor = None;
    if let Some(area) = panes.conversation {
        if damage.has(Damage::CONVERSATION) {
            conversation::draw(app, area, &panes, buf);
        }
        if damage.has(Damage::CONVERSATION | Damage::COMPOSER) {
            composer::draw(app, panes.composer, buf);
        }
        cursor = composer::cursor(app, panes.composer);
    }
    if damage.has(Damage::DETAILS)
        && let Some(area) = panes.details
    {
        details::draw(app, area, buf);
    }
    if damage.has(Damage::STATUS) {
        bars::status(app, panes.status, buf);
    }
    if damage.has(Damage::CONVERSATION) && panes.conversation.is_some() {
        composer::offer(app, &panes, buf);
    }
    if !app.overlays.is_empty() {
        cursor = None;
        let area = Rect { height: panes.screen.height - 1, ..panes.screen };
        // What lies under it steps back.
        if app.overlays.iter().any(|o| o.overlay.covers()) {
            buf.set_style(area, app.theme.dim.remove_modifier(Modifier::BOLD));
        }
        for open in &app.overlays {
            cursor = open.overlay.draw(area, buf, &app.theme);
        }
    }
    if app.pending.explained {
        pending::draw(app, panes.screen, buf);
    }
    cursor
}

fn blank(buf: &mut Buffer, area: Rect) {
    let area = area.intersection(buf.area);
    let width = usize::from(buf.area.width);
    for y in area.top()..area.bottom() {
        let from = usize::from(y) * width + usize::from(area.x);
        for cell in &mut buf.content[from..from + usize::from(area.width)] {
            cell.reset();
        }
    }
}

/// Writes safe text, cut at `cells` with an ellipsis; returns the column behind it.
fn put(buf: &mut Buffer, x: u16, y: u16, s: &str, cells: u16, style: Style) -> u16 {
    if cells == 0 {
        return x;
    }
    // A style without a colour means the terminal's own, not that of the frame underneath.
    let style = Style::reset().patch(style);
    buf.set_stringn(x, y, text::truncate(s, usize::from(cells)), usize::from(cells), style).0
}

/// Writes spans one after the other up to column `right`; returns the column behind them.
fn spans(buf: &mut Buffer, mut x: u16, y: u16, spans: &[Span], right: u16) -> u16 {
    for (s, style) in spans {
        let room = right.saturating_sub(x);
        if room == 0 {
            break;
        }
        x = buf.set_stringn(x, y, s, usize::from(room), *style).0;
    }
    x
}

/// A frame with rounded corners.
fn frame(buf: &mut Buffer, area: Rect, style: Style) {
    if area.width < 2 || area.height < 2 {
        return;
    }
    let (l, t, r, b) = (area.left(), area.top(), area.right() - 1, area.bottom() - 1);
    for x in l + 1..r {
        buf[(x, t)].set_symbol("─").set_style(style);
        buf[(x, b)].set_symbol("─").set_style(style);
    }
    for y in t + 1..b {
        buf[(l, y)].set_symbol("│").set_style(style);
        buf[(r, y)].set_symbol("│").set_style(style);
    }
    for (x, y, s) in [(l, t, "╭"), (r, t, "╮"), (l, b, "╰"), (r, b, "╯")] {
        buf[(x, y)].set_symbol(s).set_style(style);
    }
}

#[cfg(test)]
mod bars_tests;
#[cfg(test)]
mod composer_tests;
#[cfg(test)]
pub(crate) mod tests;
