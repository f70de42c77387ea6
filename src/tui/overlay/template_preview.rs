//! A template as the customer's phone shows it: header, body, footer and buttons in a bubble.
//!
//! Knows a template and the values given so far; nothing of who gets it.

use super::frame::{self, Rich};
use crate::model::template::{Template, TemplateButton, Values, substitute, variables};
use crate::text;
use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use std::ops::Range;

/// Width of the bubble in cells, border included: about what a phone shows in a line.
pub const WIDTH: u16 = 40;

struct Part {
    rich: Rich,
    base: Style,
    centred: bool,
}

enum Row {
    Text(usize, Range<usize>),
    Line,
}

/// The price class of a category in words. `window` is whether the customer service window is open: it decides
/// whether a utility template is free (Meta's price list since July 2025).
#[must_use]
pub fn price(category: &str, window: bool) -> String {
    match (category.to_ascii_uppercase().as_str(), window) {
        ("MARKETING", _) => "marketing, charged".into(),
        ("UTILITY", true) => "utility, free: the window is open".into(),
        ("UTILITY", false) => "utility, charged: the window is closed".into(),
        ("AUTHENTICATION", _) => "authentication, charged".into(),
        ("", _) => "category unknown, may be charged".into(),
        (other, _) => format!("{}, charged", text::sanitize(other).to_lowercase()),
    }
}

fn filled(source: &str, part: &str, values: &Values, focus: &str) -> String {
    // The marks of `Rich::marked` cannot come from the template or a value: unsafe characters are gone by then.
    substitute(&text::sanitize_lines(source), |v| {
        let key = format!("{part}.{v}");
        let value = values.get(&key).filter(|v| !v.trim().is_empty());
        let shown = value.map_or_else(|| format!("{{{{{v}}}}}"), |v| text::sanitize(v).into_owned());
        Some(if key == focus { format!("\u{4}{shown}\u{5}") } else { format!("\u{2}{shown}\u{3}") })
    })
}

fn button(i: usize, b: &TemplateButton, values: &Values, focus: &str) -> String {
    let mark = match b.kind.as_str() {
        "url" => "↗",
        "phone_number" => "☎",
        "copy_code" | "otp" => "⧉",
        "quick_reply" => "↩",
        _ => "▸",
    };
    let caption = text::sanitize(&b.text);
    let key = format!("button.{i}");
    let value = values.get(&key).filter(|v| !v.trim().is_empty());
    let open = match b.kind.as_str() {
        "url" if !variables(&b.target).is_empty() => Some("link end"),
        "copy_code" => Some("code"),
        _ => None,
    };
    let shown =
        value.map(|v| text::sanitize(v).into_owned()).or_else(|| open.map(|o| format!("{{{{{o}}}}}")));
    let Some(shown) = shown else { return format!("{mark} {caption}") };
    if key == focus {
        format!("{mark} {caption} \u{4}{shown}\u{5}")
    } else {
        format!("{mark} {caption} \u{2}{shown}\u{3}")
    }
}

fn header(t: &Template, values: &Values, focus: &str) -> Option<String> {
    let h = t.header.as_ref()?;
    if h.format == "text" {
        return Some(filled(&h.text, "header", values, focus));
    }
    let shown = |name: &str| {
        let key = format!("header.{name}");
        let v = text::sanitize(values.get(&key).map_or("", String::as_str)).into_owned();
        if v.trim().is_empty() {
            String::new()
        } else if key == focus {
            format!("\u{4}{v}\u{5}")
        } else {
            format!("\u{2}{v}\u{3}")
        }
    };
    let names: &[&str] = match h.format.as_str() {
        "location" => &["name", "address", "latitude", "longitude"],
        _ => &["filename", "link"],
    };
    let mut out = format!("▣ {}", text::sanitize(&h.format));
    for v in names.iter().map(|n| shown(n)).filter(|v| !v.is_empty()) {
        out.push_str("\n  ");
        out.push_str(&v);
    }
    Some(out)
}

/// Draws the bubble at the top of `area`, at most [`WIDTH`] wide. `focus` is the key of the value being typed: it
/// is underlined and kept in sight. Returns whether everything was shown.
pub fn draw(buf: &mut Buffer, area: Rect, t: &Template, values: &Values, focus: &str, theme: &Theme) -> bool {
    let width = area.width.min(WIDTH);
    if width < 12 || area.height < 3 {
        return false;
    }
    let inner = usize::from(width - 4);
    let focused = theme.variable.add_modifier(Modifier::UNDERLINED | Modifier::BOLD);
    let mut parts: Vec<Part> = Vec::new();
    let mut rows: Vec<Row> = Vec::new();
    let read = |marked: &str| Rich::marked(marked, theme.variable, focused);
    let mut add = |rich: Rich, base: Style, centred: bool, rows: &mut Vec<Row>| {
        rows.extend(text::wrap(&rich.text, inner).into_iter().map(|r| Row::Text(parts.len(), r)));
        parts.push(Part { rich, base, centred });
    };
    if let Some(h) = header(t, values, focus) {
        add(read(&h), theme.strong, false, &mut rows);
    }
    // Only the body is formatted: an underscore in a link is an underscore.
    add(read(&filled(&t.body, "body", values, focus)).formatted(), theme.text, false, &mut rows);
    if !t.footer.is_empty() {
        add(read(&text::sanitize_lines(&t.footer)), theme.dim, false, &mut rows);
    }
    for (i, b) in t.buttons.iter().enumerate() {
        rows.push(Row::Line);
        add(read(&button(i, b, values, focus)), theme.link, true, &mut rows);
    }
    let marked = |row: &Row| match row {
        Row::Text(part, range) => parts[*part]
            .rich
            .spans
            .iter()
            .any(|(r, style)| *style == focused && r.start < range.end && range.start < r.end),
        Row::Line => false,
    };
    let visible = usize::from(area.height - 2);
    let wanted = rows.iter().position(marked).unwrap_or(0);
    let first = (wanted + 2).saturating_sub(visible).min(rows.len().saturating_sub(visible));
    let shown = rows.len().min(visible);
    let bubble = Rect { width, height: shown as u16 + 2, ..area };
    frame::border(bubble, buf, theme.border);
    for (n, row) in rows.iter().skip(first).take(visible).enumerate() {
        let y = bubble.y + 1 + n as u16;
        match row {
            Row::Line => {
                frame::glyph(buf, bubble.x, y, "├", theme.border);
                for x in bubble.x + 1..bubble.right() - 1 {
                    frame::glyph(buf, x, y, "─", theme.border);
                }
                frame::glyph(buf, bubble.right() - 1, y, "┤", theme.border);
            }
            Row::Text(part, range) => {
                let p = &parts[*part];
                let free = inner.saturating_sub(text::width(&p.rich.text[range.clone()])) as u16;
                let x = bubble.x + 2 + if p.centred { free / 2 } else { 0 };
                p.rich.draw_range(buf, x, y, inner as u16, range.clone(), p.base);
            }
        }
    }
    if first > 0 {
        frame::put(buf, bubble.right() - 5, bubble.y, 3, " ↑ ", theme.key);
    }
    if first + shown < rows.len() {
        frame::put(buf, bubble.right() - 5, bubble.bottom() - 1, 3, " ↓ ", theme.key);
    }
    shown == rows.len()
}

#[cfg(test)]
mod tests {
    use super::super::testing::templates;
    use super::*;

    fn text_of(t: &Template, values: &[(&str, &str)], focus: &str, height: u16) -> String {
        let values: Values = values.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let area = Rect::new(0, 0, 44, height);
        let mut buf = Buffer::empty(area);
        draw(&mut buf, area, t, &values, focus, &Theme::basic());
        (0..height)
            .map(|y| (0..44).map(|x| buf[(x, y)].symbol()).collect::<String>().trim_end().to_owned() + "\n")
            .collect()
    }

    #[test]
    fn open_variables_are_seen_and_values_are_never_read_as_variables() {
        let t = templates().swap_remove(0);
        let shown = text_of(&t, &[("body.1", "{{2}} \u{4}x\u{1b}[2J"), ("header.1", "8812")], "", 16);
        assert!(shown.contains("Ticket 8812"), "{shown}");
        assert!(shown.contains("Hello {{2}}"), "{shown}");
        assert!(shown.contains("{{2}} x[2J"), "{shown}");
        assert!(!shown.contains('\u{1b}') && !shown.contains('\u{4}'));
    }

    #[test]
    fn the_value_being_typed_stays_in_sight() {
        let t = Template { body: format!("{} {{{{1}}}}", "a long text ".repeat(40)), ..Template::default() };
        assert!(!text_of(&t, &[("body.1", "HERE")], "", 8).contains("HERE"));
        assert!(text_of(&t, &[("body.1", "HERE")], "body.1", 8).contains("HERE"));
    }

    #[test]
    fn bold_text_is_bold_as_on_the_phone() {
        let t = Template { body: "Your *order {{1}}* left.".into(), ..Template::default() };
        assert!(text_of(&t, &[("body.1", "4711")], "", 6).contains("Your order 4711 left."));
    }

    #[test]
    fn price_classes_are_named() {
        assert_eq!(price("MARKETING", true), "marketing, charged");
        assert_eq!(price("utility", true), "utility, free: the window is open");
        assert_eq!(price("UTILITY", false), "utility, charged: the window is closed");
        assert_eq!(price("NEW_KIND", true), "new_kind, charged");
    }
}
