//! The text being written: a grapheme cursor, readline keys, lines as the transcript wraps them.
//!
//! Knows only text; what is sent and when is the app's business. The text is always safe to draw.

use crate::text;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;
use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

/// Longest text kept while writing, in bytes; more than any provider takes, so that a long paste can be cut
/// by hand instead of by us.
pub(crate) const MAX: usize = 64 * 1024;
/// Steps that can be taken back.
const UNDO: usize = 64;
/// Cut texts that can be inserted again.
const KILLS: usize = 32;

/// What was cut, the newest first. All texts of a screen share one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kills(Rc<RefCell<VecDeque<String>>>);

impl Kills {
    /// Keeps a cut text; one that was cut right after another one belongs to it.
    fn keep(&self, cut: &str, before: bool, joined: bool) {
        let mut ring = self.0.borrow_mut();
        match ring.front_mut().filter(|newest| joined && newest.len() + cut.len() <= MAX) {
            Some(newest) if before => newest.insert_str(0, cut),
            Some(newest) => newest.push_str(cut),
            None => {
                ring.push_front(cut.to_owned());
                ring.truncate(KILLS);
            }
        }
    }

    fn get(&self, i: usize) -> Option<String> {
        let ring = self.0.borrow();
        if ring.is_empty() { None } else { ring.get(i % ring.len()).cloned() }
    }
}

/// What was done last: some things go on with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Last {
    #[default]
    Other,
    /// A character was typed: the next one is part of the same step.
    Typed,
    /// Text was cut: the next cut joins it.
    Cut,
    /// What was cut was inserted here: it can be replaced by what was cut before.
    Inserted { at: Range<usize>, kill: usize },
}

/// The wrapped lines of a text, kept until text or width change.
#[derive(Clone, Debug)]
struct Wrapped {
    revision: u64,
    cells: usize,
    lines: Rc<[Range<usize>]>,
}

/// A text with a cursor.
#[derive(Clone, Debug, Default)]
pub(crate) struct Composer {
    text: String,
    cursor: usize,
    kills: Kills,
    goal: Option<usize>,
    undo: Vec<(String, usize)>,
    redo: Vec<(String, usize)>,
    last: Last,
    revision: u64,
    wrapped: RefCell<Option<Wrapped>>,
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

    /// The same with what was cut in other texts.
    pub fn sharing(mut self, other: &Self) -> Self {
        self.kills = other.kills.clone();
        self
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Counts up with every change of the text.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Where the cursor is, in bytes.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Puts the cursor near a place in bytes: between two graphemes.
    pub fn go_to(&mut self, at: usize) {
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        self.move_to(at);
    }

    /// Takes the text out.
    pub fn take(&mut self) -> String {
        self.remember(Last::Other);
        self.cursor = 0;
        std::mem::take(&mut self.text)
    }

    /// Another text instead of this one, as one edit.
    pub fn replace(&mut self, block: &str) {
        let safe = text::sanitize_lines(block);
        if *safe == self.text {
            return;
        }
        self.remember(Last::Other);
        self.text.clear();
        self.cursor = 0;
        self.put(&safe);
    }

    /// The part of the text before the cursor.
    pub fn before(&self) -> &str {
        &self.text[..self.cursor]
    }

    /// The text will change: what it is now can be brought back.
    fn remember(&mut self, now: Last) {
        // A run of typed characters is one step.
        if !(now == Last::Typed && self.last == Last::Typed) {
            if self.undo.len() == UNDO {
                self.undo.remove(0);
            }
            self.undo.push((self.text.clone(), self.cursor));
        }
        self.redo.clear();
        self.last = now;
        self.goal = None;
        self.revision += 1;
    }

    fn back(&mut self, (text, cursor): (String, usize)) -> (String, usize) {
        self.last = Last::Other;
        self.goal = None;
        self.revision += 1;
        (std::mem::replace(&mut self.text, text), std::mem::replace(&mut self.cursor, cursor))
    }

    /// Takes the last change back. Says whether there was one.
    pub fn undo(&mut self) -> bool {
        let Some(step) = self.undo.pop() else { return false };
        let undone = self.back(step);
        self.redo.push(undone);
        true
    }

    /// Does again what was taken back. Says whether there was something.
    pub fn redo(&mut self) -> bool {
        let Some(step) = self.redo.pop() else { return false };
        let undone = self.back(step);
        self.undo.push(undone);
        true
    }

    /// One typed character.
    pub fn type_char(&mut self, c: char) {
        if text::is_hostile(c) && c != '\n' || self.text.len() + c.len_utf8() > MAX {
            return;
        }
        self.remember(if c == '\n' || c == ' ' { Last::Other } else { Last::Typed });
        self.text.insert(self.cursor, c);
        self.cursor += c.len_utf8();
        self.align();
    }

    /// A block of text as one edit; what no terminal may see is left out.
    pub fn insert(&mut self, block: &str) {
        let normal = block.replace("\r\n", "\n").replace('\r', "\n");
        let safe = text::sanitize_lines(&normal);
        if self.room(&safe) > 0 {
            self.remember(Last::Other);
            self.put(&safe);
        }
    }

    /// Bytes of a text that there is room for.
    fn room(&self, safe: &str) -> usize {
        let mut end = safe.len().min(MAX.saturating_sub(self.text.len()));
        while !safe.is_char_boundary(end) {
            end -= 1;
        }
        end
    }

    /// Puts safe text in at the cursor; gives back where it ends.
    fn put(&mut self, safe: &str) -> usize {
        let room = self.room(safe);
        self.text.insert_str(self.cursor, &safe[..room]);
        let end = self.cursor + room;
        self.cursor = end;
        self.align();
        end
    }

    /// An insertion may join the text around it to one grapheme; the cursor goes behind it.
    fn align(&mut self) {
        if self.cursor >= self.text.len() || self.text.is_ascii() {
            return;
        }
        let mut c = GraphemeCursor::new(self.cursor, self.text.len(), true);
        if !c.is_boundary(&self.text, 0).unwrap_or(true) {
            self.cursor = c.next_boundary(&self.text, 0).ok().flatten().unwrap_or(self.text.len());
        }
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
        self.last = Last::Other;
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

    fn remove(&mut self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        self.remember(Last::Other);
        self.cursor = range.start;
        self.text.replace_range(range, "");
        self.align();
    }

    /// Removes what can be inserted again.
    fn cut(&mut self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        let joined = self.last == Last::Cut;
        self.kills.keep(&self.text[range.clone()], range.end == self.cursor, joined);
        self.remove(range);
        self.last = Last::Cut;
    }

    pub fn backspace(&mut self) {
        self.remove(self.previous()..self.cursor);
    }

    pub fn delete(&mut self) {
        self.remove(self.cursor..self.next());
    }

    pub fn cut_word(&mut self) {
        self.cut(self.word_start()..self.cursor);
    }

    pub fn cut_word_forward(&mut self) {
        // What a word ends inside of goes with it.
        let end = self.word_end();
        let mut c = GraphemeCursor::new(end, self.text.len(), true);
        let whole = c.is_boundary(&self.text, 0).unwrap_or(true);
        let end = if whole { end } else { c.next_boundary(&self.text, 0).ok().flatten().unwrap_or(end) };
        self.cut(self.cursor..end);
    }

    pub fn cut_to_start(&mut self) {
        self.cut(self.line_range().start..self.cursor);
    }

    pub fn cut_to_end(&mut self) {
        let end = self.line_range().end;
        // At the end of a line the line break goes, as in readline's relatives.
        let end = if end == self.cursor { self.next() } else { end };
        self.cut(self.cursor..end);
    }

    /// Inserts what was cut last.
    pub fn yank(&mut self) {
        let Some(cut) = self.kills.get(0).filter(|cut| self.room(cut) > 0) else { return };
        self.remember(Last::Other);
        let start = self.cursor;
        let end = self.put(&cut);
        self.last = Last::Inserted { at: start..end, kill: 0 };
    }

    /// Right after inserting what was cut: what was cut before it instead. Says whether that was the case.
    pub fn yank_next(&mut self) -> bool {
        let Last::Inserted { at, kill } = self.last.clone() else { return false };
        let Some(cut) = self.kills.get(kill + 1) else { return false };
        // No step of its own: one undo takes the whole change back.
        self.revision += 1;
        self.cursor = at.start;
        self.text.replace_range(at.clone(), "");
        let end = self.put(&cut);
        self.last = Last::Inserted { at: at.start..end, kill: kill + 1 };
        true
    }

    /// Puts a text where `tail` stands before the cursor, as one edit; at the cursor if it does not.
    pub fn complete(&mut self, tail: &str, with: &str) {
        if tail.is_empty() || !self.before().ends_with(tail) {
            return self.insert(with);
        }
        self.remember(Last::Other);
        let start = self.cursor - tail.len();
        self.text.replace_range(start..self.cursor, "");
        self.cursor = start;
        self.align();
        self.put(&text::sanitize_lines(with));
    }

    /// Removes the last `bytes` before the cursor if they are `tail`.
    pub fn remove_before(&mut self, tail: &str) {
        if self.before().ends_with(tail) {
            self.remove(self.cursor - tail.len()..self.cursor);
        }
    }

    /// The lines at a width of `cells`; one cell is kept free for the cursor.
    pub fn lines(&self, cells: usize) -> Rc<[Range<usize>]> {
        let mut kept = self.wrapped.borrow_mut();
        if let Some(w) = kept.as_ref().filter(|w| w.revision == self.revision && w.cells == cells) {
            return Rc::clone(&w.lines);
        }
        let lines: Rc<[Range<usize>]> = text::wrap(&self.text, cells.saturating_sub(1).max(2)).into();
        *kept = Some(Wrapped { revision: self.revision, cells, lines: Rc::clone(&lines) });
        lines
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

    #[test]
    fn what_was_undone_is_done_again_until_something_else_is_written() {
        let mut c = Composer::with_text("");
        for word in ["one", " two", " three"] {
            word.chars().for_each(|ch| c.type_char(ch));
        }
        assert!(c.undo() && c.undo());
        assert_eq!(c.text(), "one two");
        assert!(c.redo());
        assert_eq!((c.text(), c.cursor()), ("one two ", 8));
        c.type_char('!');
        assert!(!c.redo(), "a new text has no future");
        assert_eq!(c.text(), "one two !");
        while c.undo() {}
        assert_eq!((c.text(), c.cursor()), ("", 0));
    }

    #[test]
    fn cuts_are_kept_and_gone_through() {
        let mut c = Composer::with_text("one two three");
        c.cut_word();
        c.cut_word();
        assert_eq!(c.text(), "one ", "cuts in a row are one");
        c.left();
        c.cut_to_start();
        assert_eq!(c.text(), " ");
        assert!(!c.yank_next(), "only right after inserting");
        c.yank();
        assert_eq!(c.text(), "one ");
        assert!(c.yank_next());
        assert_eq!((c.text(), c.before()), ("two three ", "two three"));
        assert!(c.yank_next());
        assert_eq!(c.text(), "one ");
        c.undo();
        assert_eq!(c.text(), " ");
        // Another text of the screen has them too.
        let mut d = Composer::with_text("x").sharing(&c);
        d.yank();
        assert_eq!(d.text(), "xone");
        d.cut_word_forward();
        d.line_start();
        d.cut_word_forward();
        assert!(d.is_empty());
    }

    #[test]
    fn a_completion_and_another_text_are_one_step() {
        let mut c = Composer::with_text("hi :smi");
        c.complete(":smi", "😄");
        assert_eq!(c.text(), "hi 😄");
        c.replace("from\tthe editor\u{1b}[2J\n");
        assert_eq!(c.text(), "from    the editor[2J\n");
        c.undo();
        assert_eq!(c.text(), "hi 😄");
        c.undo();
        assert_eq!(c.text(), "hi :smi");
    }

    #[test]
    fn arabic_and_hindi_go_by_what_is_read_as_one() {
        let mut c = Composer::with_text("नमस्ते");
        c.backspace();
        assert_eq!(c.text(), "नम");
        let mut c = Composer::with_text("مُحَمَّد");
        c.backspace();
        c.backspace();
        assert_eq!(c.text(), "مُحَ");
        // The cursor of an input method stands behind what is written, in cells.
        let c = Composer::with_text("日本語 مرحبا");
        assert_eq!(c.place(&c.lines(40)), Place { row: 0, column: 12 });
    }

    #[test]
    fn it_wraps_as_the_conversation_does() {
        let s = "请问这个订单什么时候发货？ aVeryLongWordThatMustBreak, (really) — शुक्रिया";
        let c = Composer::with_text(s);
        for cells in 3..50 {
            assert_eq!(*c.lines(cells + 1), *text::wrap(s, cells));
        }
    }

    proptest! {
        #[test]
        fn undo_restores_every_text_and_redo_every_next_one(
            steps in prop::collection::vec(("\\PC{1,4}", 0u8..8), 1..30),
        ) {
            let mut c = Composer::with_text("start 👨‍👩‍👧 नमस्ते");
            let mut seen = vec![c.text().to_owned()];
            for (s, k) in steps {
                match k {
                    0 => c.insert(&s),
                    1 => c.backspace(),
                    2 => c.delete(),
                    3 => c.cut_word(),
                    4 => c.cut_word_forward(),
                    5 => c.yank(),
                    6 => c.complete("t", &s),
                    _ => c.replace(&s),
                }
                if c.text() != seen[seen.len() - 1] {
                    seen.push(c.text().to_owned());
                }
            }
            for s in seen.iter().rev().skip(1) {
                prop_assert!(c.undo());
                prop_assert_eq!(c.text(), s);
            }
            for s in &seen[1..] {
                prop_assert!(c.redo());
                prop_assert_eq!(c.text(), s);
            }
        }

        #[test]
        fn any_keys_keep_the_cursor_between_graphemes(
            start in "\\PC{0,12}",
            keys in prop::collection::vec(0u8..20, 0..60),
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
                    12 => { c.undo(); }
                    13 => { c.redo(); }
                    14 => { c.yank_next(); }
                    15 => c.cut_word_forward(),
                    16 => c.cut_to_end(),
                    17 => c.complete("\u{301}", "🇩"),
                    18 => c.insert("🇪क्ष\nlal\u{627}"),
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
