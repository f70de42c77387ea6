//! What all overlays share: the box, styled text, the window on a list, and fuzzy matching.
//!
//! Knows the buffer, the theme and `text`; nothing of what an overlay is about. Everything drawn here passes
//! [`crate::text::sanitize`] first.

use crate::clock::Millis;
use crate::protocol::Problem;
use crate::text;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::sync::Arc;
use unicode_segmentation::UnicodeSegmentation;

/// Narrowest screen an overlay draws itself on, in cells.
pub const MIN_WIDTH: u16 = 40;
/// Lowest screen an overlay draws itself on, in cells.
pub const MIN_HEIGHT: u16 = 12;

/// Turns a point in time into words (`14:05`, `3 min ago`). Handed in by the host, which has the clock and the
/// time zone; overlays read neither.
pub type TimeText = Arc<dyn Fn(Millis) -> String + Send + Sync>;

/// Opens a box of at most `width` x `height` cells in the middle of `area`: clears what lies under it, draws
/// border and title (and `right`, a short remark, at the other end of the top line). Returns the space inside,
/// with one cell of air on each side; `None` after saying so when the screen is too small.
pub fn open(
    area: Rect,
    width: u16,
    height: u16,
    title: &str,
    right: &str,
    buf: &mut Buffer,
    theme: &Theme,
) -> Option<Rect> {
    let area = area.intersection(buf.area);
    if area.width < MIN_WIDTH || area.height < MIN_HEIGHT {
        clear(area, buf, theme);
        let say = format!(
            "too small: {}x{}, needs {MIN_WIDTH}x{}",
            area.width,
            area.height.saturating_add(1),
            MIN_HEIGHT + 1
        );
        put(buf, area.x, area.y, area.width, &say, theme.warn);
        return None;
    }
    let (w, h) = (width.min(area.width), height.min(area.height));
    let outer = Rect::new(area.x + (area.width - w) / 2, area.y + (area.height - h) / 2, w, h);
    clear(outer, buf, theme);
    border(outer, buf, theme.focus);
    let room = w.saturating_sub(4);
    let title = text::sanitize(title);
    let after = put(buf, outer.x + 1, outer.y, room, &format!(" {title} "), theme.strong);
    let right_width = text::width(right) as u16;
    if right_width > 0 && after + right_width + 3 < outer.right() {
        put(buf, outer.right() - right_width - 3, outer.y, right_width + 2, &format!(" {right} "), theme.dim);
    }
    Some(Rect::new(outer.x + 2, outer.y + 1, w - 4, h - 2))
}

/// Empties a rectangle, wide characters that reach into it from the left included.
pub fn clear(area: Rect, buf: &mut Buffer, theme: &Theme) {
    let area = area.intersection(buf.area);
    for y in area.top()..area.bottom() {
        if area.x > buf.area.x
            && let Some(cell) = buf.cell_mut((area.x - 1, y))
            && text::width(cell.symbol()) > 1
        {
            cell.set_symbol(" ");
        }
        for x in area.left()..area.right() {
            if let Some(cell) = buf.cell_mut((x, y)) {
                cell.reset();
                cell.set_style(theme.text);
            }
        }
    }
}

/// A rounded border around the edge of `area`.
pub fn border(area: Rect, buf: &mut Buffer, style: Style) {
    if area.width < 2 || area.height < 2 {
        return;
    }
    let (left, right, top, bottom) = (area.left(), area.right() - 1, area.top(), area.bottom() - 1);
    for x in left + 1..right {
        glyph(buf, x, top, "─", style);
        glyph(buf, x, bottom, "─", style);
    }
    for y in top + 1..bottom {
        glyph(buf, left, y, "│", style);
        glyph(buf, right, y, "│", style);
    }
    glyph(buf, left, top, "╭", style);
    glyph(buf, right, top, "╮", style);
    glyph(buf, left, bottom, "╰", style);
    glyph(buf, right, bottom, "╯", style);
}

/// One symbol of one cell.
pub fn glyph(buf: &mut Buffer, x: u16, y: u16, symbol: &str, style: Style) {
    if let Some(cell) = buf.cell_mut((x, y)) {
        cell.set_symbol(symbol).set_style(style);
    }
}

/// A horizontal line with an optional word in it.
pub fn rule(buf: &mut Buffer, area: Rect, word: &str, theme: &Theme) {
    for x in area.left()..area.right() {
        glyph(buf, x, area.y, "─", theme.border);
    }
    if !word.is_empty() && area.width > 4 {
        put(buf, area.x + 1, area.y, area.width - 2, &format!(" {} ", text::sanitize(word)), theme.dim);
    }
}

/// A vertical line.
pub fn bar(buf: &mut Buffer, x: u16, rows: Range<u16>, theme: &Theme) {
    for y in rows {
        glyph(buf, x, y, "│", theme.border);
    }
}

/// One line of text at (x, y) in at most `cells` cells, cut with `…`. Returns the column after it.
pub fn put(buf: &mut Buffer, x: u16, y: u16, cells: u16, s: &str, style: Style) -> u16 {
    let safe = text::sanitize(s);
    let cut = text::truncate(&safe, usize::from(cells));
    raw(buf, x, y, cells, &cut, style)
}

/// The same, ending at column `right` (exclusive). Returns the column where it begins.
pub fn put_right(buf: &mut Buffer, right: u16, y: u16, cells: u16, s: &str, style: Style) -> u16 {
    let safe = text::sanitize(s);
    let cut = text::truncate(&safe, usize::from(cells));
    let x = right.saturating_sub(text::width(&cut) as u16);
    raw(buf, x, y, cells, &cut, style);
    x
}

fn raw(buf: &mut Buffer, mut x: u16, y: u16, cells: u16, safe: &str, style: Style) -> u16 {
    let end = x.saturating_add(cells).min(buf.area.right());
    for g in safe.graphemes(true) {
        let w = text::width(g) as u16;
        if w == 0 {
            continue;
        }
        if x.saturating_add(w) > end {
            break;
        }
        glyph(buf, x, y, g, style);
        for follow in x + 1..x + w {
            if let Some(cell) = buf.cell_mut((follow, y)) {
                cell.reset();
                cell.set_style(style);
            }
        }
        x += w;
    }
    x
}

/// Marks a row as the selected one: its colours give way to the theme's, bold stays.
pub fn select(buf: &mut Buffer, area: Rect, theme: &Theme) {
    let area = area.intersection(buf.area);
    let reversed = theme.selected.add_modifier.contains(Modifier::REVERSED);
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            if let Some(cell) = buf.cell_mut((x, y)) {
                if reversed {
                    cell.set_fg(Color::Reset).set_bg(Color::Reset);
                }
                cell.set_style(theme.selected);
            }
        }
    }
}

/// A button of a form: `[ Save ]`.
pub fn button(buf: &mut Buffer, x: u16, y: u16, caption: &str, focused: bool, theme: &Theme) -> u16 {
    let style = if focused { theme.focus.patch(theme.selected) } else { theme.focus };
    let width = text::width(caption) as u16 + 4;
    put(buf, x, y, width, &format!("[ {caption} ]"), style)
}

/// Keys and what they do, on one line inside a box: the next key is where the eye is.
pub fn keys(buf: &mut Buffer, area: Rect, list: &[(&str, &str)], theme: &Theme) {
    let mut x = area.x;
    for (key, does) in list {
        let need = (text::width(key) + text::width(does) + 1) as u16;
        if x + need > area.right() {
            break;
        }
        x = put(buf, x, area.y, area.right() - x, key, theme.key);
        x = put(buf, x + 1, area.y, area.right().saturating_sub(x + 1), does, theme.dim) + 3;
    }
}

/// Asks on two rows whether something is to be deleted.
pub fn ask_delete(buf: &mut Buffer, area: Rect, question: &str, theme: &Theme) {
    put(buf, area.x, area.y, area.width, question, theme.bad);
    let below = Rect { y: area.y + 1, height: 1, ..area };
    keys(buf, below, &[("y", "delete"), ("other key", "keep it")], theme);
}

/// Wrapped plain text from the top of `area`; what does not fit ends in `…`. Returns the rows used.
pub fn paragraph(buf: &mut Buffer, area: Rect, s: &str, style: Style) -> u16 {
    let mut rich = Rich::default();
    rich.push(s, Style::new());
    rich.draw(buf, area, style)
}

/// A refusal in its three parts, on as many rows as `area` has. Returns the rows used.
pub fn problem(buf: &mut Buffer, area: Rect, p: &Problem, theme: &Theme) -> u16 {
    let mut rich = Rich::default();
    rich.push(&text::sanitize(&p.what), theme.bad);
    if !p.means.is_empty() {
        rich.push(&format!(" · {}", text::sanitize(&p.means)), theme.text);
    }
    if !p.next.is_empty() {
        rich.push(&format!(" · {}", text::sanitize(&p.next)), theme.key);
    }
    rich.draw(buf, area, theme.text)
}

/// Text with styles on parts of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rich {
    /// Safe text, may have line breaks.
    pub text: String,
    /// Which bytes are styled how; where they overlap, later ones go over earlier ones.
    pub spans: Vec<(Range<usize>, Style)>,
}

impl Rich {
    /// Appends text, made safe, in a style over the base style.
    pub fn push(&mut self, s: &str, style: Style) {
        let start = self.text.len();
        self.text.push_str(&text::sanitize_lines(s));
        if style != Style::new() {
            self.spans.push((start..self.text.len(), style));
        }
    }

    /// One safe line with some of its bytes marked.
    #[must_use]
    pub fn line(safe: &str, marks: Vec<Range<usize>>, style: Style) -> Self {
        Self { text: safe.to_owned(), spans: marks.into_iter().map(|m| (m, style)).collect() }
    }

    /// Text with `\u{2}…\u{3}` in one style and `\u{4}…\u{5}` in another; the marks are taken out, the rest is
    /// made safe.
    #[must_use]
    pub fn marked(s: &str, first: Style, second: Style) -> Self {
        let mut rich = Self::default();
        let mut rest = s;
        let mut style = Style::new();
        while let Some(at) = rest.find(['\u{2}', '\u{3}', '\u{4}', '\u{5}']) {
            rich.push(&rest[..at], style);
            style = match rest.as_bytes()[at] {
                2 => first,
                4 => second,
                _ => Style::new(),
            };
            rest = &rest[at + 1..];
        }
        rich.push(rest, style);
        rich
    }

    /// WhatsApp's own marks for bold (`*`), italic (`_`) and struck (`~`) text become styles, as on a phone: they
    /// stand at the edges of words and span no line break.
    #[must_use]
    pub fn formatted(self) -> Self {
        let mut gone: Vec<usize> = Vec::new();
        let mut spans: Vec<(Range<usize>, Style)> = Vec::new();
        for (mark, style) in [('*', Modifier::BOLD), ('_', Modifier::ITALIC), ('~', Modifier::CROSSED_OUT)] {
            let mut open: Option<usize> = None;
            for (at, c) in self.text.char_indices() {
                if c == '\n' {
                    open = None;
                }
                if c != mark {
                    continue;
                }
                let before = self.text[..at].chars().next_back();
                let after = self.text[at + 1..].chars().next();
                let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
                let solid = |c: Option<char>| c.is_some_and(|c| !c.is_whitespace() && c != mark);
                match open {
                    Some(from) if solid(before) && edge(after) => {
                        gone.extend([from, at]);
                        spans.push((from + 1..at, Style::new().add_modifier(style)));
                        open = None;
                    }
                    _ if edge(before) && solid(after) => open = Some(at),
                    _ => {}
                }
            }
        }
        gone.sort_unstable();
        let moved = |byte: usize| byte - gone.partition_point(|g| *g < byte);
        let mut text = String::with_capacity(self.text.len());
        text.extend(
            self.text.char_indices().filter(|(at, _)| gone.binary_search(at).is_err()).map(|(_, c)| c),
        );
        spans.extend(self.spans);
        let spans = spans.into_iter().map(|(r, s)| (moved(r.start)..moved(r.end), s)).collect();
        Self { text, spans }
    }

    /// Draws wrapped from the top of `area`. Returns the rows used; text that does not fit ends in `…`.
    pub fn draw(&self, buf: &mut Buffer, area: Rect, base: Style) -> u16 {
        let lines = text::wrap(&self.text, usize::from(area.width));
        let fits = usize::from(area.height);
        for (i, range) in lines.iter().take(fits).enumerate() {
            let y = area.y + i as u16;
            let cut = i + 1 == fits && lines.len() > fits;
            let room = if cut { area.width.saturating_sub(1) } else { area.width };
            let x = self.draw_range(buf, area.x, y, room, range.clone(), base);
            if cut {
                put(buf, x, y, 1, "…", base);
            }
        }
        lines.len().min(fits) as u16
    }

    /// Draws the whole text on one line. When the first mark would be cut off, what is before it is cut instead.
    pub fn draw_line(&self, buf: &mut Buffer, x: u16, y: u16, cells: u16, base: Style) -> u16 {
        let all = 0..self.text.len();
        let hidden = |m: &Range<usize>| {
            self.text.get(..m.end).is_some_and(|t| text::width(t) + 1 > usize::from(cells))
        };
        let Some((mark, _)) = self.spans.first().filter(|(m, _)| hidden(m) && cells > 4) else {
            return self.draw_range(buf, x, y, cells, all, base);
        };
        // A third of the line stays for what comes before.
        let room = usize::from(cells) / 3;
        let (mut from, mut used) = (mark.start, 0);
        for (at, g) in self.text[..mark.start].grapheme_indices(true).rev() {
            used += text::width(g);
            if used > room {
                break;
            }
            from = at;
        }
        let x = raw(buf, x, y, 1, "…", base);
        self.draw_range(buf, x, y, cells - 1, from..all.end, base)
    }

    /// Draws some bytes on one line, in at most `cells` cells, cut with `…`. Returns the column after it.
    pub fn draw_range(
        &self,
        buf: &mut Buffer,
        x: u16,
        y: u16,
        cells: u16,
        range: Range<usize>,
        base: Style,
    ) -> u16 {
        let Some(part) = self.text.get(range.clone()) else { return x };
        let whole = text::width(part) <= usize::from(cells);
        let end = x.saturating_add(if whole { cells } else { cells.saturating_sub(1) });
        let mut at = x;
        for (offset, g) in part.grapheme_indices(true) {
            let w = text::width(g) as u16;
            if at.saturating_add(w) > end {
                break;
            }
            let byte = range.start + offset;
            let over = self.spans.iter().filter(|(r, _)| r.contains(&byte));
            at = raw(buf, at, y, w, g, over.fold(base, |style, (_, s)| style.patch(*s)));
        }
        if !whole && cells > 0 {
            at = raw(buf, at, y, 1, "…", base);
        }
        at
    }
}

/// The selection in a list and the window on it. Scrolls only when the selection leaves the window.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Index of the selected row.
    pub at: usize,
    first: Cell<usize>,
    page: Cell<usize>,
}

impl Selection {
    /// Handles the keys of a list: arrows, `Ctrl+N`, `Ctrl+P`, pages, `Ctrl+Home`, `Ctrl+End`. `false` when the
    /// key is none of them.
    pub fn key(&mut self, key: KeyEvent, total: usize) -> bool {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let page = self.page.get().max(1);
        let last = total.saturating_sub(1);
        self.at = match key.code {
            KeyCode::Down => self.at.saturating_add(1),
            KeyCode::Up => self.at.saturating_sub(1),
            KeyCode::Char('n') if ctrl => self.at.saturating_add(1),
            KeyCode::Char('p') if ctrl => self.at.saturating_sub(1),
            KeyCode::PageDown => self.at.saturating_add(page),
            KeyCode::PageUp => self.at.saturating_sub(page),
            KeyCode::Home if ctrl => 0,
            KeyCode::End if ctrl => last,
            _ => return false,
        }
        .min(last);
        true
    }

    /// Goes to a row.
    pub fn set(&mut self, at: usize) {
        self.at = at;
    }

    /// The rows to draw when `visible` fit.
    pub fn window(&self, total: usize, visible: usize) -> Range<usize> {
        self.page.set(visible.saturating_sub(1).max(1));
        let mut first = self.first.get().min(total.saturating_sub(visible));
        if self.at < first {
            first = self.at;
        }
        if visible > 0 && self.at >= first + visible {
            first = self.at + 1 - visible;
        }
        self.first.set(first);
        first..(first + visible).min(total)
    }
}

thread_local! {
    // The matcher holds scratch space of more than 100 kB: one for all overlays.
    static MATCHER: RefCell<Matcher> = RefCell::new(Matcher::new(Config::DEFAULT));
}

/// What is searched for in a list. Words match in any order; case and accents matter only when typed.
#[derive(Clone, Debug)]
pub struct Needle(Pattern);

impl Needle {
    /// Matches words whose letters appear in order, with gaps.
    #[must_use]
    pub fn fuzzy(query: &str) -> Self {
        Self(Pattern::new(query, CaseMatching::Smart, Normalization::Smart, AtomKind::Fuzzy))
    }

    /// Matches words as they are.
    #[must_use]
    pub fn words(query: &str) -> Self {
        Self(Pattern::new(query, CaseMatching::Smart, Normalization::Smart, AtomKind::Substring))
    }

    /// Whether there is nothing to look for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.atoms.is_empty()
    }

    /// How well it matches, more is better; `None` when it does not.
    #[must_use]
    pub fn score(&self, hay: &str) -> Option<u32> {
        if self.is_empty() {
            return Some(0);
        }
        let mut chars = Vec::new();
        MATCHER.with_borrow_mut(|m| self.0.score(Utf32Str::new(hay, &mut chars), m))
    }

    /// The bytes of `hay` that match; empty when it does not match.
    #[must_use]
    pub fn marks(&self, hay: &str) -> Vec<Range<usize>> {
        if self.is_empty() {
            return Vec::new();
        }
        let (mut chars, mut found) = (Vec::new(), Vec::new());
        let hit = MATCHER.with_borrow_mut(|m| self.0.indices(Utf32Str::new(hay, &mut chars), m, &mut found));
        if hit.is_none() {
            return Vec::new();
        }
        found.sort_unstable();
        found.dedup();
        let mut wanted = found.into_iter().map(|i| i as usize).peekable();
        let mut out: Vec<Range<usize>> = Vec::new();
        for (i, (at, g)) in hay.grapheme_indices(true).enumerate() {
            if wanted.next_if_eq(&i).is_none() {
                continue;
            }
            match out.last_mut() {
                Some(last) if last.end == at => last.end = at + g.len(),
                _ => out.push(at..at + g.len()),
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_whole_graphemes() {
        let hay = "Café 王小明 👨‍👩‍👧 hours";
        let marks = Needle::fuzzy("cafe hrs").marks(hay);
        let marked: Vec<&str> = marks.iter().map(|r| &hay[r.clone()]).collect();
        assert_eq!(marked.concat(), "Caféhrs");
        assert!(Needle::fuzzy("zz").marks(hay).is_empty());
        assert_eq!(&hay[Needle::words("小").marks(hay)[0].clone()], "小");
    }

    #[test]
    fn a_list_scrolls_only_when_the_selection_leaves_it() {
        let mut s = Selection::default();
        assert_eq!(s.window(10, 4), 0..4);
        s.set(3);
        assert_eq!(s.window(10, 4), 0..4);
        s.set(4);
        assert_eq!(s.window(10, 4), 1..5);
        s.set(2);
        assert_eq!(s.window(10, 4), 1..5);
        s.set(0);
        assert_eq!(s.window(2, 4), 0..2);
    }

    #[test]
    fn cutting_never_leaves_half_a_wide_character() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 6, 1));
        let rich = Rich::line("王小明王", Vec::new(), Style::new());
        let end = rich.draw_range(&mut buf, 0, 0, 6, 0..rich.text.len(), Style::new());
        assert_eq!(end, 5);
        assert_eq!(buf[(4, 0)].symbol(), "…");
    }

    #[test]
    fn marks_of_bold_and_italic_become_styles() {
        let f = |s: &str| {
            let mut rich = Rich::default();
            rich.push(s, Style::new());
            let rich = rich.formatted();
            let parts: Vec<String> =
                rich.spans.iter().map(|(r, _)| rich.text[r.clone()].to_owned()).collect();
            (rich.text, parts)
        };
        assert_eq!(
            f("a *bold* and _it*alic_."),
            ("a bold and it*alic.".into(), vec!["bold".into(), "it*alic".into()])
        );
        assert_eq!(f("~*王*~!"), ("王!".into(), vec!["王".into(), "王".into()]));
        for plain in ["2 * 3 * 4", "snake_case_name", "* a*", "*a\nb*", "**", "~"] {
            assert_eq!(f(plain), (plain.into(), vec![]), "{plain}");
        }
        let rich = Rich::marked("*x \u{2}v\u{3}* y", Style::new().fg(Color::Red), Style::new()).formatted();
        assert_eq!(rich.text, "x v y");
        let red = rich.spans.iter().find(|(_, s)| s.fg.is_some()).unwrap();
        assert_eq!(&rich.text[red.0.clone()], "v");
    }

    #[test]
    fn a_match_far_to_the_right_is_brought_into_sight() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 20, 1));
        let safe = "a long beginning that nobody looks for, then order here";
        let at = safe.find("order").unwrap();
        let rich = Rich::line(safe, vec![at..at + 5, at + 6..at + 10], Style::new());
        rich.draw_line(&mut buf, 0, 0, 20, Style::new());
        let shown: String = (0..20).map(|x| buf[(x, 0)].symbol()).collect();
        assert_eq!(shown, "… then order here   ");
    }

    #[test]
    fn a_box_over_a_wide_character_takes_its_other_half_away() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 60, 20));
        let theme = Theme::basic();
        for y in 0..20 {
            put(&mut buf, 9, y, 2, "王", Style::new());
        }
        assert!(open(Rect::new(0, 0, 60, 20), 40, 12, "t", "", &mut buf, &theme).is_some());
        assert_eq!(buf[(9, 10)].symbol(), " ");
        assert_eq!(buf[(10, 10)].symbol(), "│");
        assert_eq!(buf[(9, 0)].symbol(), "王");
    }

    #[test]
    fn a_small_screen_is_told_so() {
        let area = Rect::new(0, 0, 30, 5);
        let mut buf = Buffer::empty(area);
        assert!(open(area, 60, 20, "t", "", &mut buf, &Theme::basic()).is_none());
        let first: String = (0..30).map(|x| buf[(x, 0)].symbol()).collect();
        assert!(first.starts_with("too small"), "{first}");
    }
}
