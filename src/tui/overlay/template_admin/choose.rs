//! One of many: a line to type into and the rows that match it. What a row means its owner knows.

use crate::protocol::Problem;
use crate::text;
use crate::tui::overlay::field::{Effect, Field};
use crate::tui::overlay::frame::{self, Needle, Selection};
use crate::tui::overlay::nothing_chosen;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// What can be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    /// What it is called by the owner.
    pub key: String,
    /// What it is called on the screen.
    pub title: String,
    /// What stands at the end of its line.
    pub about: String,
}

/// What a key led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Open,
    Chosen(String),
    Leave,
}

/// The list.
#[derive(Clone, Debug)]
pub(super) struct Choose {
    rows: Vec<Row>,
    shown: Vec<usize>,
    query: Field,
    selection: Selection,
    problem: Option<Problem>,
}

impl Choose {
    /// Over these rows, with one of them under the cursor.
    pub fn new(rows: Vec<Row>, now: &str) -> Self {
        let mut o = Self {
            shown: (0..rows.len()).collect(),
            rows,
            query: Field::line(200),
            selection: Selection::default(),
            problem: None,
        };
        if let Some(at) = o.rows.iter().position(|r| r.key == now) {
            o.selection.set(at);
        }
        o
    }

    /// The key of the row under the cursor.
    pub fn current(&self) -> Option<&str> {
        self.shown.get(self.selection.at).and_then(|i| self.rows.get(*i)).map(|r| r.key.as_str())
    }

    /// Other rows; what was typed stays.
    pub fn replace(&mut self, rows: Vec<Row>) {
        self.rows = rows;
        self.filter();
    }

    fn filter(&mut self) {
        let needle = Needle::fuzzy(self.query.text().trim());
        let mut found: Vec<(u32, usize)> = Vec::new();
        for (i, row) in self.rows.iter().enumerate() {
            let hay = format!("{} {} {}", row.title, row.key, row.about);
            if let Some(score) = needle.score(&text::sanitize(&hay)) {
                found.push((score, i));
            }
        }
        if !needle.is_empty() {
            found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        }
        self.shown = found.into_iter().map(|(_, i)| i).collect();
        self.selection.set(0);
    }

    /// Takes a key.
    pub fn key(&mut self, key: KeyEvent) -> Outcome {
        self.problem = None;
        if self.selection.key(key, self.shown.len()) {
            return Outcome::Open;
        }
        match key.code {
            KeyCode::Esc => return Outcome::Leave,
            KeyCode::Enter => match self.current() {
                Some(key) => return Outcome::Chosen(key.to_owned()),
                None => self.problem = Some(nothing_chosen(self.query.text(), "fewer letters find more")),
            },
            _ => {
                if self.query.key(key) == Effect::Changed {
                    self.filter();
                }
            }
        }
        Outcome::Open
    }

    /// Takes a block of text.
    pub fn paste(&mut self, block: &str) {
        if self.query.insert(block) {
            self.filter();
        }
    }

    /// Draws the line and the rows.
    pub fn draw(&self, area: Rect, hint: &str, empty: &str, buf: &mut Buffer, theme: &Theme) -> Position {
        frame::put(buf, area.x, area.y, 1, "›", theme.focus);
        let line = Rect::new(area.x + 2, area.y, area.width.saturating_sub(2), 1);
        let cursor = self.query.draw(line, buf, theme.text, hint, theme);
        frame::rule(buf, Rect::new(area.x, area.y + 1, area.width, 1), "", theme);
        let body = Rect::new(area.x, area.y + 2, area.width, area.height.saturating_sub(2));
        if let Some(p) = &self.problem {
            frame::problem(buf, body, p, theme);
        } else if self.shown.is_empty() {
            let say = if self.rows.is_empty() { empty } else { "Nothing matches." };
            frame::paragraph(buf, body, say, theme.dim);
        }
        let needle = Needle::fuzzy(self.query.text().trim());
        let wide = self.rows.iter().map(|r| text::width(&text::sanitize(&r.about))).max().unwrap_or(0);
        let about = (wide as u16).min(body.width / 2);
        for (y, at) in (body.y..).zip(self.selection.window(self.shown.len(), usize::from(body.height))) {
            let row = &self.rows[self.shown[at]];
            let line = Rect::new(body.x, y, body.width, 1);
            let right = line.right().saturating_sub(1);
            if about > 0 {
                let x = right.saturating_sub(about);
                frame::put(buf, x, y, about, &row.about, theme.dim);
            }
            let title = text::sanitize(&row.title);
            let rich = frame::Rich::line(&title, needle.marks(&title), theme.matched);
            let room = right.saturating_sub(line.x + 1 + about + u16::from(about > 0));
            rich.draw_range(buf, line.x + 1, y, room, 0..title.len(), theme.text);
            if at == self.selection.at {
                frame::select(buf, line, theme);
            }
        }
        cursor
    }
}
