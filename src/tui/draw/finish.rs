//! What is done to cells after everything is drawn: numbers are hidden, symbols made plain, the background painted.
//!
//! It works on cells, so that nothing that is drawn anywhere can be forgotten. Doing it twice changes nothing.

use crate::config::settings::Masking;
use crate::text;
use crate::tui::mask;
use crate::tui::theme::Theme;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::Color;

/// Stands for a cell that holds no single character.
const OTHER: char = '\u{fffc}';

/// Finishes the cells of these areas.
pub(crate) fn finish(buf: &mut Buffer, areas: &[Rect], theme: &Theme) {
    if theme.mask == Masking::Off && !theme.plain && theme.paint.is_none() {
        return;
    }
    let width = usize::from(buf.area.width);
    for area in areas {
        let area = area.intersection(buf.area);
        for y in area.top()..area.bottom() {
            let from = usize::from(y) * width + usize::from(area.x);
            let row = &mut buf.content[from..from + usize::from(area.width)];
            if theme.mask != Masking::Off {
                hide(row);
            }
            if theme.plain {
                simplify(row);
            }
            if let Some((background, front)) = theme.paint {
                for cell in row {
                    if cell.bg == Color::Reset {
                        cell.bg = background;
                    }
                    if cell.fg == Color::Reset {
                        cell.fg = front;
                    }
                }
            }
        }
    }
}

fn single(cell: &Cell) -> char {
    let mut chars = cell.symbol().chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => c,
        (None, _) => ' ',
        _ => OTHER,
    }
}

fn hide(row: &mut [Cell]) {
    if row.iter().filter(|c| c.symbol().as_bytes().first().is_some_and(u8::is_ascii_digit)).count() < 8 {
        return;
    }
    let chars: Vec<char> = row.iter().map(single).collect();
    for i in mask::hidden(&chars) {
        row[i].set_char('*');
    }
}

fn simplify(row: &mut [Cell]) {
    for i in 0..row.len() {
        let symbol = row[i].symbol();
        if symbol.is_ascii() {
            continue;
        }
        let Some(plain) = plain(symbol) else { continue };
        // As many cells as before: what stands to the right stays where it is.
        let cells = text::width(symbol).max(1);
        let mut letters = plain.chars();
        for cell in row.iter_mut().skip(i).take(cells) {
            cell.set_char(letters.next().unwrap_or(' '));
        }
    }
}

/// What stands for a symbol of ours where only ASCII is wanted.
pub(crate) fn plain(symbol: &str) -> Option<&'static str> {
    // Some terminals want to be told that an emoji is one.
    Some(match symbol.trim_end_matches('\u{fe0f}') {
        "─" | "–" | "—" => "-",
        "│" | "▏" | "▕" | "▎" | "┃" => "|",
        "╭" | "╮" | "╰" | "╯" | "├" | "┤" | "┬" | "┴" | "┼" | "┌" | "┐" | "└" | "┘" => {
            "+"
        }
        "▌" | "▸" | "▶" | "›" | "❯" => ">",
        "●" => "*",
        "○" | "◌" | "◉" => "o",
        "✓" => "v",
        "✗" | "×" => "x",
        "◷" => "~",
        "⊘" => "/",
        "↑" => "^",
        "↓" => "v",
        "→" | "↗" => ">",
        "←" | "↩" => "<",
        "·" | "•" => "-",
        "…" => ".",
        "✎" => "%",
        "≡" | "▤" => "=",
        "▢" => "?",
        "ⓘ" => "i",
        "⚠" => "!",
        "☎" => "t",
        "⧉" => "c",
        "█" | "▓" | "▒" | "░" => "#",
        "⏳" | "⌛" => "t:",
        "📷" | "🎬" | "🎵" | "🎤" | "📄" | "🎨" | "📍" | "👤" | "📝" | "🛒" | "📞" => {
            "[]"
        }
        "🔇" => "-m",
        "💤" => "zz",
        "⏰" => "!z",
        "‼" => "!",
        "◆" => "+",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Style;

    fn line(s: &str) -> Buffer {
        let mut buf = Buffer::empty(Rect::new(0, 0, 40, 1));
        buf.set_string(0, 0, s, Style::new());
        buf
    }

    fn read(buf: &Buffer) -> String {
        buf.content.iter().map(Cell::symbol).collect::<String>().trim_end().to_owned()
    }

    fn done(s: &str, theme: &Theme) -> (String, Buffer) {
        let mut buf = line(s);
        let area = buf.area;
        finish(&mut buf, &[area], theme);
        let once = buf.clone();
        finish(&mut buf, &[area], theme);
        assert_eq!(buf, once, "twice is more than once: {s}");
        (read(&buf), buf)
    }

    #[test]
    fn numbers_are_hidden_wherever_they_are_drawn() {
        let theme = Theme { mask: Masking::Numbers, ..Theme::basic() };
        assert_eq!(done("│é👍 +55 11 98888-1234│ 09:31", &theme).0, "│é👍  +55 11 9****-1234│ 09:31");
        assert_eq!(done("Paid 12 of 30 at 09:31", &theme).0, "Paid 12 of 30 at 09:31");
    }

    #[test]
    fn symbols_become_ascii_of_the_same_width() {
        let theme = Theme { plain: true, ..Theme::basic() };
        assert_eq!(done("╭─ ●3 ✓✓ ─╮ 📷 photo … é", &theme).0, "+- *3 vv -+ [] photo . é");
        // Our own symbols are in the table: nothing of a frame is left.
        for s in ["╭", "─", "│", "├", "┤", "▏", "▕", "▌", "✎", "✗", "◷", "⏳", "📄", "⚠"]
        {
            let plain = plain(s).unwrap();
            assert!(plain.is_ascii() && plain.len() <= text::width(s).max(1), "{s}");
        }
    }

    #[test]
    fn a_painted_theme_leaves_no_cell_to_the_terminal() {
        let theme = Theme { paint: Some((Color::Blue, Color::White)), ..Theme::basic() };
        let (_, buf) = done("x", &theme);
        assert!(buf.content.iter().all(|c| c.bg == Color::Blue && c.fg == Color::White));
    }
}
