//! A text field of one or many lines whose cursor always stands between graphemes.
//!
//! Knows keys and cells; nothing of what the text is for. Unsafe characters never get in: pasted ones vanish.

use super::frame;
use crate::text;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use std::cell::Cell;
use std::ops::Range;
use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

/// What a key did to a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The text is another one.
    Changed,
    /// The cursor moved, or would have.
    Moved,
    /// Not a key of a text field.
    Ignored,
}

/// A text field.
#[derive(Clone, Debug)]
pub struct Field {
    text: String,
    cursor: usize,
    multi: bool,
    max: usize,
    width: Cell<u16>,
}

impl Field {
    /// One line of at most `max` bytes.
    #[must_use]
    pub fn line(max: usize) -> Self {
        Self { text: String::new(), cursor: 0, multi: false, max, width: Cell::new(40) }
    }

    /// Many lines, at most `max` bytes together.
    #[must_use]
    pub fn lines(max: usize) -> Self {
        Self { multi: true, ..Self::line(max) }
    }

    /// The same with a text in it and the cursor at its end.
    #[must_use]
    pub fn with(mut self, s: &str) -> Self {
        self.set(s);
        self
    }

    /// The same with the cursor at its beginning.
    #[must_use]
    pub fn at_start(mut self) -> Self {
        self.cursor = 0;
        self
    }

    /// What is in it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether the cursor is at the end.
    #[must_use]
    pub fn at_end(&self) -> bool {
        self.cursor == self.text.len()
    }

    /// Where the cursor is, in bytes.
    #[must_use]
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Replaces the text; the cursor goes to its end.
    pub fn set(&mut self, s: &str) {
        self.text.clear();
        self.cursor = 0;
        self.insert(s);
        self.cursor = self.text.len();
    }

    /// Puts text in at the cursor: safe characters only, as far as there is room. A field of one line takes a
    /// line break as a space. Says whether anything changed.
    pub fn insert(&mut self, s: &str) -> bool {
        let normal = s.replace("\r\n", "\n").replace('\r', "\n");
        let safe = if self.multi { text::sanitize_lines(&normal) } else { text::sanitize(&normal) };
        let room = self.max.saturating_sub(self.text.len());
        let mut end = 0;
        for (at, g) in safe.grapheme_indices(true) {
            if at + g.len() > room {
                break;
            }
            end = at + g.len();
        }
        if end == 0 {
            return false;
        }
        self.text.insert_str(self.cursor, &safe[..end]);
        self.cursor += end;
        self.snap();
        true
    }

    // Text that meets may join into one grapheme; the cursor then goes behind it.
    fn snap(&mut self) {
        let mut c = GraphemeCursor::new(self.cursor, self.text.len(), true);
        if !c.is_boundary(&self.text, 0).unwrap_or(true) {
            self.cursor = self.next(self.cursor);
        }
    }

    fn next(&self, from: usize) -> usize {
        let mut c = GraphemeCursor::new(from, self.text.len(), true);
        c.next_boundary(&self.text, 0).ok().flatten().unwrap_or(self.text.len())
    }

    fn previous(&self, from: usize) -> usize {
        let mut c = GraphemeCursor::new(from, self.text.len(), true);
        c.prev_boundary(&self.text, 0).ok().flatten().unwrap_or(0)
    }

    fn line_start(&self) -> usize {
        self.text[..self.cursor].rfind('\n').map_or(0, |i| i + 1)
    }

    fn line_end(&self) -> usize {
        self.text[self.cursor..].find('\n').map_or(self.text.len(), |i| self.cursor + i)
    }

    fn word_left(&self) -> usize {
        let before = &self.text[..self.cursor];
        before.split_word_bound_indices().rev().find(|(_, w)| !w.trim().is_empty()).map_or(0, |(at, _)| at)
    }

    fn word_right(&self) -> usize {
        let after = &self.text[self.cursor..];
        after
            .split_word_bound_indices()
            .find(|(_, w)| !w.trim().is_empty())
            .map_or(self.text.len(), |(at, w)| self.cursor + at + w.len())
    }

    fn remove(&mut self, range: Range<usize>) -> Effect {
        if range.is_empty() {
            return Effect::Moved;
        }
        self.cursor = range.start;
        self.text.replace_range(range, "");
        self.snap();
        Effect::Changed
    }

    fn go(&mut self, to: usize) -> Effect {
        self.cursor = to;
        self.snap();
        Effect::Moved
    }

    /// Handles a key. Enter, Tab, Esc and keys of lists are not the field's; up and down are when it has many
    /// lines and there is a line to go to.
    pub fn key(&mut self, key: KeyEvent) -> Effect {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        let at = self.cursor;
        match key.code {
            // AltGr is reported as both together by some terminals.
            KeyCode::Char(c) if ctrl == alt => {
                let mut bytes = [0; 4];
                if self.insert(c.encode_utf8(&mut bytes)) { Effect::Changed } else { Effect::Moved }
            }
            KeyCode::Char('j') if ctrl && self.multi => {
                if self.insert("\n") {
                    Effect::Changed
                } else {
                    Effect::Moved
                }
            }
            KeyCode::Backspace if ctrl || alt => self.remove(self.word_left()..at),
            KeyCode::Char('w') if ctrl => self.remove(self.word_left()..at),
            KeyCode::Backspace => self.remove(self.previous(at)..at),
            KeyCode::Char('h') if ctrl => self.remove(self.previous(at)..at),
            KeyCode::Delete => self.remove(at..self.next(at)),
            KeyCode::Char('u') if ctrl => self.remove(self.line_start()..at),
            KeyCode::Char('k') if ctrl => {
                let end = self.line_end();
                self.remove(at..if end == at { self.next(at) } else { end })
            }
            KeyCode::Left if ctrl => self.go(self.word_left()),
            KeyCode::Right if ctrl => self.go(self.word_right()),
            KeyCode::Left => self.go(self.previous(at)),
            KeyCode::Right => self.go(self.next(at)),
            KeyCode::Home => self.go(self.line_start()),
            KeyCode::End => self.go(self.line_end()),
            KeyCode::Char('a') if ctrl => self.go(self.line_start()),
            KeyCode::Char('e') if ctrl => self.go(self.line_end()),
            KeyCode::Up if self.multi => self.vertical(false),
            KeyCode::Down if self.multi => self.vertical(true),
            _ => Effect::Ignored,
        }
    }

    fn wrapped(&self) -> (Vec<Range<usize>>, usize) {
        // One cell stays free for the cursor behind a full line.
        let lines = text::wrap(&self.text, usize::from(self.width.get().max(3) - 1));
        let line = lines.iter().rposition(|r| r.start <= self.cursor).unwrap_or(0);
        (lines, line)
    }

    fn vertical(&mut self, down: bool) -> Effect {
        let (lines, line) = self.wrapped();
        let target = if down { line + 1 } else { line.wrapping_sub(1) };
        let (Some(from), Some(to)) = (lines.get(line), lines.get(target)) else { return Effect::Ignored };
        let column = text::width(&self.text[from.start..self.cursor.clamp(from.start, from.end)]);
        let mut used = 0;
        let mut goal = to.end;
        for (at, g) in self.text[to.clone()].grapheme_indices(true) {
            if used + text::width(g) > column {
                goal = to.start + at;
                break;
            }
            used += text::width(g);
        }
        self.go(goal)
    }

    /// Draws the text, or `hint` dimmed when there is none, and says where the cursor is.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, style: Style, hint: &str, theme: &Theme) -> Position {
        self.width.set(area.width);
        if self.text.is_empty() {
            frame::put(buf, area.x, area.y, area.width, hint, theme.dim);
            return Position::new(area.x, area.y);
        }
        if self.multi { self.draw_lines(area, buf, style) } else { self.draw_line(area, buf, style) }
    }

    fn draw_line(&self, area: Rect, buf: &mut Buffer, style: Style) -> Position {
        let room = usize::from(area.width.max(2)) - 1;
        // What is left of the cursor has to fit, what is right of it may be cut.
        let mut start = self.cursor;
        let mut before = 0;
        for (at, g) in self.text[..self.cursor].grapheme_indices(true).rev() {
            let w = text::width(g);
            if before + w > room {
                break;
            }
            before += w;
            start = at;
        }
        frame::put(buf, area.x, area.y, area.width, &self.text[start..], style);
        if start > 0 {
            frame::glyph(buf, area.x, area.y, "‹", style);
        }
        Position::new(area.x + (before as u16).min(area.width.saturating_sub(1)), area.y)
    }

    fn draw_lines(&self, area: Rect, buf: &mut Buffer, style: Style) -> Position {
        let (lines, line) = self.wrapped();
        let height = usize::from(area.height.max(1));
        let first = (line + 1).saturating_sub(height);
        for (row, range) in lines.iter().skip(first).take(height).enumerate() {
            frame::put(buf, area.x, area.y + row as u16, area.width, &self.text[range.clone()], style);
        }
        let shown = lines.get(line).cloned().unwrap_or(0..0);
        let before = text::width(&self.text[shown.start..self.cursor.clamp(shown.start, shown.end)]);
        let x = area.x + (before as u16).min(area.width.saturating_sub(1));
        Position::new(x, area.y + (line - first) as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::key;
    use super::*;
    use proptest::prelude::*;

    fn press(f: &mut Field, keys: &str) {
        for k in keys.split_whitespace() {
            f.key(key(k));
        }
    }

    fn bounded(f: &Field) -> bool {
        f.text().grapheme_indices(true).any(|(at, _)| at == f.cursor()) || f.cursor() == f.text().len()
    }

    #[test]
    fn backspace_takes_a_whole_grapheme() {
        let mut f = Field::line(100).with("a👨‍👩‍👧é");
        press(&mut f, "Backspace");
        assert_eq!(f.text(), "a👨‍👩‍👧");
        press(&mut f, "Left Left Delete Delete");
        assert_eq!(f.text(), "");
    }

    #[test]
    fn words_and_lines_as_in_a_shell() {
        let mut f = Field::lines(100).with("one two\nthree four");
        press(&mut f, "Ctrl+W");
        assert_eq!(f.text(), "one two\nthree ");
        press(&mut f, "Ctrl+Left Ctrl+K");
        assert_eq!(f.text(), "one two\n");
        press(&mut f, "Backspace Home Ctrl+Right X End Y");
        assert_eq!(f.text(), "oneX twoY");
        press(&mut f, "Ctrl+U");
        assert_eq!(f.text(), "");
    }

    #[test]
    fn one_line_stays_one_line_and_unsafe_characters_stay_out() {
        let mut f = Field::line(100);
        f.insert("a\r\nb\u{1b}[31m\u{202e}");
        assert_eq!(f.text(), "a b[31m");
        assert_eq!(f.key(key("Ctrl+J")), Effect::Ignored);
        let mut f = Field::lines(10);
        f.insert("a\r\nb\rc");
        assert_eq!(f.text(), "a\nb\nc");
        f.insert("王小明王小明");
        assert_eq!(f.text(), "a\nb\nc王", "no room for half a character");
    }

    #[test]
    fn up_and_down_follow_the_lines_on_the_screen() {
        let mut f = Field::lines(200).with("one two three four five");
        let area = Rect::new(0, 0, 10, 3);
        let mut buf = Buffer::empty(area);
        let theme = Theme::basic();
        assert_eq!(f.draw(area, &mut buf, Style::new(), "", &theme).y, 2);
        press(&mut f, "Up Home Up");
        let at = f.draw(area, &mut buf, Style::new(), "", &theme);
        assert_eq!(f.key(key("Up")), Effect::Ignored);
        assert_eq!(at, Position::new(0, 0));
    }

    #[test]
    fn a_long_line_scrolls_with_the_cursor() {
        let f = Field::line(200).with("0123456789王");
        let area = Rect::new(0, 0, 6, 1);
        let mut buf = Buffer::empty(area);
        let at = f.draw(area, &mut buf, Style::new(), "", &Theme::basic());
        assert_eq!(at, Position::new(5, 0));
        let shown: String = (0..4).map(|x| buf[(x, 0)].symbol()).collect();
        assert_eq!(shown, "‹89王");
    }

    #[test]
    fn letters_by_altgr_are_text_and_alt_letters_are_not() {
        let mut f = Field::line(10);
        f.key(key("Ctrl+Alt+@"));
        assert_eq!(f.key(key("Alt+l")), Effect::Ignored);
        assert_eq!(f.text(), "@");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_keys_keep_the_cursor_between_graphemes(
            multi: bool,
            ops in prop::collection::vec(
                prop_oneof![
                    "\\PC{1,3}".prop_map(Err),
                    prop::sample::select(vec![
                        "👨‍👩‍👧", "🇩🇪", "🇫", "e\u{301}", "\u{301}", "\u{200d}", "한", "ᄒ", "ᅡ", "क्ष", "\r\n", "لا"
                    ]).prop_map(|s| Err(s.to_owned())),
                    prop::sample::select(vec![
                        "Left", "Right", "Up", "Down", "Home", "End", "Backspace", "Delete", "Ctrl+W",
                        "Ctrl+Left", "Ctrl+Right", "Ctrl+K", "Ctrl+U", "Ctrl+J",
                    ]).prop_map(Ok),
                ],
                0..60,
            ),
            width in 1u16..20,
        ) {
            let mut f = if multi { Field::lines(300) } else { Field::line(300) };
            let area = Rect::new(0, 0, width, 4);
            for op in ops {
                match op {
                    Ok(name) => { f.key(key(name)); }
                    Err(text) => { f.insert(&text); }
                }
                prop_assert!(bounded(&f), "{:?} at {}", f.text(), f.cursor());
                prop_assert!(f.text().len() <= 300);
                prop_assert!(!f.text().chars().any(|c| text::is_hostile(c) && c != '\n'));
                let at = f.draw(area, &mut Buffer::empty(area), Style::new(), "", &Theme::basic());
                prop_assert!(area.contains(at), "{at} with {:?}", f.text());
            }
        }
    }
}
