//! The text being written: a grapheme cursor, readline keys, lines as the transcript wraps them.
//!
//! Knows only text; what is sent and when is the app's business. The text is always safe to draw.

use crate::text;
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;

/// Longest text kept while writing, in bytes; more than any provider takes, so that a long paste can be cut
/// by hand instead of by us.
const MAX: usize = 64 * 1024;
/// Steps that can be taken back.
const UNDO: usize = 64;

/// A text with a cursor.
#[derive(Clone, Debug, Default)]
pub(crate) struct Composer {
    text: String,
    cursor: usize,
    cut: String,
    goal: Option<usize>,
    undo: Vec<(String, usize)>,
    typing: bool,
}

/// Where the cursor is among the wrapped lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Line, from 0.
    pub row: usize,
    /// Cells from the left.
    pub column: usize,
}

impl Composer {
    /// A text with the cursor at its end.
    pub fn with_text(text: &str) -> Self {
        let mut c = Self::default();
        c.insert(text);
        c.undo.clear();
        c
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Takes the text out.
    pub fn take(&mut self) -> String {
        self.remember(false);
        self.cursor = 0;
        self.goal = None;
        std::mem::take(&mut self.text)
    }

    /// The part of the text before the cursor.
    pub fn before(&self) -> &str {
        &self.text[..self.cursor]
    }

    fn remember(&mut self, typing: bool) {
        // A run of typed characters is one step.
        if !(typing && self.typing) {
            if self.undo.len() == UNDO {
                self.undo.remove(0);
            }
            self.undo.push((self.text.clone(), self.cursor));
        }
        self.typing = typing;
        self.goal = None;
    }

    /// Takes the last change back.
    pub fn undo(&mut self) {
        if let Some((text, cursor)) = self.undo.pop() {
            self.text = text;
            self.cursor = cursor;
            self.typing = false;
            self.goal = None;
        }
    }

    /// One typed character.
    pub fn type_char(&mut self, c: char) {
        if text::is_hostile(c) && c != '\n' || self.text.len() + c.len_utf8() > MAX {
            return;
        }
        self.remember(c != '\n' && c != ' ');
        self.text.insert(self.cursor, c);
        self.cursor += c.len_utf8();
        self.align();
    }

    /// A block of text as one edit; what no terminal may see is left out.
    pub fn insert(&mut self, block: &str) {
        let normal = block.replace("\r\n", "\n").replace('\r', "\n");
        let safe = text::sanitize_lines(&normal);
        let mut end = safe.len().min(MAX.saturating_sub(self.text.len()));
        while !safe.is_char_boundary(end) {
            end -= 1;
        }
        if end == 0 {
            return;
        }
        self.remember(false);
        self.text.insert_str(self.cursor, &safe[..end]);
        self.cursor += end;
        self.align();
    }

    /// An insertion may join the text around it to one grapheme; the cursor goes behind it.
    fn align(&mut self) {
        if self.text.is_ascii() {
            return;
        }
        let mut at = 0;
        for g in self.text.graphemes(true) {
            if at >= self.cursor {
                break;
            }
            at += g.len();
        }
        self.cursor = at;
    }

    fn previous(&self) -> usize {
        self.before().grapheme_indices(true).next_back().map_or(0, |(i, _)| i)
    }

    fn next(&self) -> usize {
        self.text[self.cursor..].graphemes(true).next().map_or(self.cursor, |g| self.cursor + g.len())
    }

    fn word_start(&self) -> usize {
        let mut at = 0;
        let mut in_word = false;
        for (i, w) in self.before().split_word_bound_indices() {
            let word = w.chars().any(char::is_alphanumeric);
            if word && !in_word {
                at = i;
            }
            in_word = word;
        }
        at
    }

    fn word_end(&self) -> usize {
        for (i, w) in self.text[self.cursor..].split_word_bound_indices() {
            if w.chars().any(char::is_alphanumeric) {
                return self.cursor + i + w.len();
            }
        }
        self.text.len()
    }

    fn line_range(&self) -> Range<usize> {
        let start = self.before().rfind('\n').map_or(0, |i| i + 1);
        let end = self.text[self.cursor..].find('\n').map_or(self.text.len(), |i| self.cursor + i);
        start..end
    }

    /// Word bounds may lie inside a grapheme; the cursor never does.
    fn move_to(&mut self, at: usize) {
        self.cursor = at;
        self.align();
        self.goal = None;
        self.typing = false;
    }

    pub fn left(&mut self) {
        self.move_to(self.previous());
    }

    pub fn right(&mut self) {
        self.move_to(self.next());
    }

    pub fn word_left(&mut self) {
        self.move_to(self.word_start());
    }

    pub fn word_right(&mut self) {
        self.move_to(self.word_end());
    }

    pub fn line_start(&mut self) {
        self.move_to(self.line_range().start);
    }

    pub fn line_end(&mut self) {
        self.move_to(self.line_range().end);
    }

    fn remove(&mut self, range: Range<usize>, keep: bool) {
        if range.is_empty() {
            return;
        }
        self.remember(false);
        if keep {
            self.cut = self.text[range.clone()].to_owned();
        }
        self.cursor = range.start;
        self.text.replace_range(range, "");
        self.align();
    }

    pub fn backspace(&mut self) {
        self.remove(self.previous()..self.cursor, false);
    }

    pub fn delete(&mut self) {
        self.remove(self.cursor..self.next(), false);
    }

    pub fn cut_word(&mut self) {
        self.remove(self.word_start()..self.cursor, true);
    }

    pub fn cut_to_start(&mut self) {
        self.remove(self.line_range().start..self.cursor, true);
    }

    pub fn cut_to_end(&mut self) {
        let end = self.line_range().end;
        // At the end of a line the line break goes, as in readline's relatives.
        let end = if end == self.cursor { self.next() } else { end };
        self.remove(self.cursor..end, true);
    }

    /// Inserts what was cut last.
    pub fn yank(&mut self) {
        let cut = std::mem::take(&mut self.cut);
        self.insert(&cut);
        self.cut = cut;
    }

    /// Removes the last `bytes` before the cursor if they are `tail`.
    pub fn remove_before(&mut self, tail: &str) {
        if self.before().ends_with(tail) {
            self.remove(self.cursor - tail.len()..self.cursor, false);
        }
    }

    /// The lines at a width of `cells`; one cell is kept free for the cursor.
    pub fn lines(&self, cells: usize) -> Vec<Range<usize>> {
        text::wrap(&self.text, cells.saturating_sub(1).max(2))
    }

    /// Where the cursor is among `lines`.
    pub fn place(&self, lines: &[Range<usize>]) -> Place {
        let row = lines.iter().rposition(|l| l.start <= self.cursor).unwrap_or(0);
        let column = lines.get(row).map_or(0, |l| text::width(&self.text[l.start..self.cursor.min(l.end)]));
        Place { row, column }
    }

    /// Moves a wrapped line up or down, keeping the column; `false` at the first or last line.
    pub fn vertical(&mut self, down: bool, cells: usize) -> bool {
        let lines = self.lines(cells);
        let Place { row, column } = self.place(&lines);
        let goal = self.goal.unwrap_or(column);
        let target = if down { row + 1 } else { row.wrapping_sub(1) };
        let Some(line) = lines.get(target) else { return false };
        let mut used = 0;
        let mut at = line.start;
        for g in self.text[line.clone()].graphemes(true) {
            let w = text::width(g);
            if used + w > goal {
                break;
            }
            used += w;
            at += g.len();
        }
        self.move_to(at);
        self.goal = Some(goal);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_family_is_one_backspace() {
        let mut c = Composer::with_text("a👨‍👩‍👧");
        c.backspace();
        assert_eq!(c.text(), "a");
        c.type_char('é');
        c.left();
        c.delete();
        assert_eq!(c.text(), "a");
    }

    #[test]
    fn a_paste_is_one_edit_without_controls() {
        let mut c = Composer::with_text("x");
        c.insert("one\r\ntwo\u{1b}[31m\u{202e}");
        assert_eq!(c.text(), "xone\ntwo[31m");
        c.undo();
        assert_eq!(c.text(), "x");
    }

    #[test]
    fn readline_keys_cut_and_yank() {
        let mut c = Composer::with_text("hello brave world");
        c.cut_word();
        assert_eq!(c.text(), "hello brave ");
        c.line_start();
        c.yank();
        assert_eq!(c.text(), "worldhello brave ");
        c.word_right();
        c.cut_to_end();
        assert_eq!(c.text(), "worldhello");
        c.cut_to_start();
        assert!(c.is_empty());
        c.undo();
        assert_eq!(c.text(), "worldhello");
    }

    #[test]
    fn the_cursor_walks_wrapped_lines_and_keeps_its_column() {
        let mut c = Composer::with_text("aaaa bbbb cc");
        let lines = c.lines(6);
        assert_eq!(lines.len(), 3);
        assert_eq!(c.place(&lines), Place { row: 2, column: 2 });
        assert!(c.vertical(false, 6));
        assert_eq!(c.place(&c.lines(6)), Place { row: 1, column: 2 });
        assert!(c.vertical(false, 6));
        assert!(!c.vertical(false, 6));
        assert_eq!(c.before(), "aa");
        assert!(c.vertical(true, 6));
        assert_eq!(c.before(), "aaaa bb");
    }

    #[test]
    fn wide_text_puts_the_cursor_behind_its_cells() {
        let c = Composer::with_text("王小明");
        assert_eq!(c.place(&c.lines(20)), Place { row: 0, column: 6 });
    }

    #[test]
    fn a_word_bound_inside_a_grapheme_is_no_place_for_the_cursor() {
        // A letter that belongs to whatever follows it.
        let mut c = Composer::with_text("\u{11941}🌀");
        c.word_left();
        c.word_right();
        assert_eq!(c.before(), "\u{11941}🌀");
    }

    proptest! {
        #[test]
        fn any_keys_keep_the_cursor_between_graphemes(
            start in "\\PC{0,12}",
            keys in prop::collection::vec(0u8..14, 0..40),
        ) {
            let mut c = Composer::with_text(&start);
            for k in keys {
                match k {
                    0 => c.left(),
                    1 => c.right(),
                    2 => c.backspace(),
                    3 => c.delete(),
                    4 => c.cut_word(),
                    5 => c.yank(),
                    6 => c.type_char('\u{301}'),
                    7 => c.insert("👨\u{200d}👩"),
                    8 => c.word_left(),
                    9 => c.word_right(),
                    10 => { c.vertical(true, 5); }
                    11 => { c.vertical(false, 5); }
                    12 => c.undo(),
                    _ => c.cut_to_start(),
                }
                let at = c.before().len();
                let bounds: Vec<usize> = c.text().grapheme_indices(true).map(|(i, _)| i)
                    .chain([c.text().len()]).collect();
                prop_assert!(bounds.contains(&at), "{:?} at {at}", c.text());
                let lines = c.lines(8);
                let place = c.place(&lines);
                prop_assert!(place.row < lines.len() && place.column < 8 + 2);
            }
        }
    }
}
