//! Help: every key and what it does, as the command table says.
//!
//! Knows sections of keys and words; the table itself is the host's.

use super::field::{Effect, Field};
use super::frame::{self, Needle, Rich};
use super::{Delivery, Hint, Overlay, Step};
use crate::text;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::cell::Cell;

/// Keys of one context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelpSection {
    /// The context (`Thread list`).
    pub title: String,
    /// Keys (`j, Down`) and what they do (`next thread`).
    pub rows: Vec<(String, String)>,
}

/// Shows the keys; typing filters them.
pub struct HelpBox {
    sections: Vec<HelpSection>,
    filter: Field,
    lines: Vec<Line>,
    first: usize,
    // Lines in the last frame: how far a page is and where the end is.
    visible: Cell<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Title(usize),
    Row(usize, usize),
    Blank,
}

impl HelpBox {
    /// Over these sections, in this order.
    #[must_use]
    pub fn new(sections: Vec<HelpSection>) -> Self {
        let mut s =
            Self { sections, filter: Field::line(100), lines: Vec::new(), first: 0, visible: Cell::new(10) };
        s.refilter();
        s
    }

    fn refilter(&mut self) {
        let needle = Needle::words(self.filter.text());
        self.first = 0;
        self.lines.clear();
        for (i, section) in self.sections.iter().enumerate() {
            let all = needle.score(&section.title).is_some();
            let rows: Vec<usize> = section
                .rows
                .iter()
                .enumerate()
                .filter(|(_, (keys, does))| {
                    all || needle.score(keys).is_some() || needle.score(does).is_some()
                })
                .map(|(j, _)| j)
                .collect();
            if rows.is_empty() {
                continue;
            }
            if !self.lines.is_empty() {
                self.lines.push(Line::Blank);
            }
            self.lines.push(Line::Title(i));
            self.lines.extend(rows.into_iter().map(|j| Line::Row(i, j)));
        }
    }

    fn scroll(&mut self, by: isize) {
        let last = self.lines.len().saturating_sub(self.visible.get());
        self.first = self.first.saturating_add_signed(by).min(last);
    }
}

/// Puts blocks of lines side by side, a blank line between those in one column. Returns the blocks that begin a
/// column and the lines of the longest column; `None` when they do not fit into `most` lines.
fn pack(blocks: &[usize], columns: usize, most: usize) -> Option<(Vec<usize>, usize)> {
    (1..=most).find_map(|rows| {
        let (mut starts, mut used) = (vec![0], 0);
        for (i, len) in blocks.iter().enumerate() {
            if *len > rows {
                return None;
            }
            if used > 0 && used + 1 + len > rows {
                starts.push(i);
                used = 0;
            }
            used += len + usize::from(used > 0);
        }
        (starts.len() <= columns).then_some((starts, rows))
    })
}

impl Overlay for HelpBox {
    fn name(&self) -> &'static str {
        "help"
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        let page = self.visible.get().saturating_sub(1).max(1) as isize;
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc | KeyCode::F(1) => return vec![Step::Close],
            KeyCode::Enter => return vec![Step::Close],
            KeyCode::Char('?') if self.filter.is_empty() => return vec![Step::Close],
            KeyCode::Down => self.scroll(1),
            KeyCode::Up => self.scroll(-1),
            KeyCode::Char('n') if ctrl => self.scroll(1),
            KeyCode::Char('p') if ctrl => self.scroll(-1),
            KeyCode::PageDown => self.scroll(page),
            KeyCode::PageUp => self.scroll(-page),
            _ => {
                if self.filter.key(key) == Effect::Changed {
                    self.refilter();
                }
            }
        }
        Vec::new()
    }

    fn paste(&mut self, pasted: &str) -> Vec<Step> {
        if self.filter.insert(pasted) {
            self.refilter();
        }
        Vec::new()
    }

    fn deliver(&mut self, _delivery: Delivery) -> Vec<Step> {
        Vec::new()
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        // Words that are cut help nobody: a column is as wide as a line of help.
        let columns = usize::from((area.width.saturating_sub(4) / 76).clamp(1, 3));
        let most = usize::from(area.height.saturating_sub(4));
        let all: Vec<usize> = self.sections.iter().map(|s| s.rows.len() + 1).collect();
        let height = pack(&all, columns, most).map_or(most, |(_, rows)| rows.max(8)) as u16;
        let width = if columns == 1 { 96 } else { columns as u16 * 92 + 4 };
        // The size is that of the whole list, so that the box stands still while filtering.
        let inner = frame::open(area, width, height + 4, "Keys", "", buf, theme)?;
        frame::put(buf, inner.x, inner.y, 1, "›", theme.focus);
        let line = Rect::new(inner.x + 2, inner.y, inner.width - 2, 1);
        let cursor = self.filter.draw(line, buf, theme.text, "type to find a key or what it does", theme);
        let list = Rect::new(inner.x, inner.y + 2, inner.width, inner.height.saturating_sub(2));
        let rows = usize::from(list.height).max(1);
        let heads: Vec<usize> =
            (0..self.lines.len()).filter(|i| matches!(self.lines[*i], Line::Title(_))).collect();
        let ends = heads.iter().skip(1).map(|h| h - 1).chain([self.lines.len()]);
        let blocks: Vec<usize> = heads.iter().zip(ends).map(|(head, end)| end - head).collect();
        let starts: Option<Vec<usize>> = pack(&blocks, columns, rows)
            .map(|(starts, _)| starts.into_iter().filter_map(|s| heads.get(s).copied()).collect());
        let visible = if starts.is_some() { self.lines.len().max(1) } else { rows * columns };
        self.visible.set(visible);
        if self.lines.is_empty() {
            frame::put(
                buf,
                list.x,
                list.y,
                list.width,
                "No key does this: other words, or fewer, find more.",
                theme.dim,
            );
        }
        let needle = Needle::words(self.filter.text());
        let keys_of = |l: &Line| match l {
            Line::Row(i, j) => text::width(&self.sections[*i].rows[*j].0),
            _ => 0,
        };
        let column = list.width / columns as u16;
        let keys = (self.lines.iter().map(keys_of).max().unwrap_or(0) as u16).min((column / 4).max(14));
        let first = self.first.min(self.lines.len().saturating_sub(visible));
        let place = |n: usize| match &starts {
            Some(starts) => {
                let across = starts.iter().rposition(|s| *s <= n).unwrap_or(0);
                (across, n - starts.get(across).copied().unwrap_or(0))
            }
            None => (n / rows, n % rows),
        };
        for (n, l) in self.lines.iter().skip(first).take(visible).enumerate() {
            let (across, down) = place(n);
            if down >= rows {
                continue;
            }
            let x = list.x + across as u16 * column;
            let y = list.y + down as u16;
            let room = column.saturating_sub(u16::from(across + 1 < columns) * 2);
            match l {
                Line::Blank => {}
                Line::Title(i) => {
                    frame::put(buf, x, y, room, &self.sections[*i].title, theme.strong);
                }
                Line::Row(i, j) => {
                    let (key, does) = &self.sections[*i].rows[*j];
                    let (key, does) = (text::sanitize(key), text::sanitize(does));
                    let key = Rich::line(&key, needle.marks(&key), theme.matched);
                    key.draw_range(buf, x + 1, y, keys, 0..key.text.len(), theme.key);
                    let does = Rich::line(&does, needle.marks(&does), theme.matched);
                    let at = x + keys + 3;
                    let room = (x + room).saturating_sub(at);
                    does.draw_range(buf, at, y, room, 0..does.text.len(), theme.text);
                }
            }
        }
        let left = self.lines.len().saturating_sub(first + visible);
        if left > 0 {
            let say = format!(" {left} more below ");
            frame::put_right(buf, inner.right(), inner.bottom(), 20, &say, theme.key);
        }
        Some(cursor)
    }

    fn hints(&self) -> Vec<Hint> {
        let mut out = Vec::new();
        if self.lines.len() > self.visible.get() {
            out.push(Hint::new("Up/Down", "scroll"));
            out.push(Hint::new("PageDown", "next page"));
        }
        out.push(Hint::new("Esc", "close"));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{draw_everywhere, picture, press, write};
    use super::*;

    fn open() -> HelpBox {
        let section = |title: &str, rows: &[(&str, &str)]| HelpSection {
            title: title.into(),
            rows: rows.iter().map(|(k, d)| ((*k).to_owned(), (*d).to_owned())).collect(),
        };
        HelpBox::new(vec![
            section(
                "Everywhere",
                &[
                    ("?, F1", "keys of this place"),
                    (":", "command line"),
                    ("Ctrl+L", "draw again"),
                    ("q", "quit"),
                ],
            ),
            section(
                "Thread list",
                &[
                    ("j, Down", "next thread"),
                    ("k, Up", "previous thread"),
                    ("g g", "first thread"),
                    ("G", "last thread"),
                    ("Enter", "open"),
                    ("U", "mark unread"),
                    ("A", "switch account"),
                    ("/", "search over everything"),
                ],
            ),
            section(
                "Thread",
                &[
                    ("r, i", "reply"),
                    ("t", "send a template"),
                    ("Ctrl+R", "send again, as a new attempt"),
                    ("y", "copy the text"),
                ],
            ),
            section(
                "Composer",
                &[
                    ("Enter", "send"),
                    ("Ctrl+J", "new line"),
                    ("/", "quick replies"),
                    ("Esc", "leave, the draft stays"),
                ],
            ),
        ])
    }

    #[test]
    fn typing_finds_keys_and_words() {
        let mut o = open();
        write(&mut o, "template");
        assert_eq!(o.lines, vec![Line::Title(2), Line::Row(2, 1)]);
        press(&mut o, "Ctrl+U");
        write(&mut o, "ctrl+r");
        assert_eq!(o.lines, vec![Line::Title(2), Line::Row(2, 2)]);
        press(&mut o, "Ctrl+U");
        write(&mut o, "composer");
        assert_eq!(o.lines.len(), 5);
    }

    #[test]
    fn it_scrolls_to_the_end_and_no_further() {
        let mut o = open();
        let before = picture(&o, 80, 16);
        assert!(before.contains("more below"));
        press(&mut o, "PageDown PageDown PageDown PageDown");
        let end = picture(&o, 80, 16);
        assert!(end.contains("the draft stays") && !end.contains("more below"));
        press(&mut o, "PageUp PageUp PageUp PageUp Up");
        assert_eq!(picture(&o, 80, 16), before);
    }

    #[test]
    fn it_closes_with_the_key_that_opened_it() {
        for key in ["?", "F1", "Esc", "Enter"] {
            assert_eq!(press(&mut open(), key), vec![Step::Close]);
        }
        let mut o = open();
        assert_eq!(press(&mut o, "a ?"), vec![]);
    }

    #[test]
    fn looks() {
        insta::assert_snapshot!("help_80x24", picture(&open(), 80, 24));
        let mut o = open();
        write(&mut o, "send");
        insta::assert_snapshot!("help_filtered_120x36", picture(&o, 120, 36));
        insta::assert_snapshot!("help_120x36", picture(&open(), 120, 36));
        draw_everywhere(&o);
        draw_everywhere(&open());
        draw_everywhere(&HelpBox::new(Vec::new()));
    }
}
