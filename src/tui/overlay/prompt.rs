//! One line to fill in: a day to go to, a command to run, a file to write. It says what it understood while one types.
//!
//! Knows words; what is done with them is in the steps that it is given.

use super::field::{Effect, Field};
use super::frame;
use super::{Delivery, Hint, Overlay, Step};
use crate::protocol::Problem;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::sync::Arc;

/// Reads what was typed: what it means in words, or why it means nothing.
pub type Judge = Arc<dyn Fn(&str) -> Result<String, String> + Send + Sync>;
/// What is done with it.
pub type Done = Arc<dyn Fn(&str) -> Vec<Step> + Send + Sync>;

/// The words of a prompt.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    /// Its name for tests.
    pub name: &'static str,
    /// What stands before the line.
    pub label: &'static str,
    /// What stands in the empty line.
    pub empty: &'static str,
    /// Examples or advice.
    pub advice: &'static str,
    /// What Enter does.
    pub enter: &'static str,
}

/// Asks for one line.
pub struct Prompt {
    title: String,
    words: Words,
    field: Field,
    judge: Judge,
    done: Done,
    problem: Option<Problem>,
}

impl Prompt {
    /// A prompt.
    #[must_use]
    pub fn new(title: impl Into<String>, words: Words, judge: Judge, done: Done) -> Self {
        Self { title: title.into(), words, field: Field::line(1_000), judge, done, problem: None }
    }

    /// With a text in it.
    #[must_use]
    pub fn with(mut self, text: &str) -> Self {
        self.field = self.field.with(text);
        self
    }
}

impl Overlay for Prompt {
    fn name(&self) -> &'static str {
        self.words.name
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        match key.code {
            KeyCode::Esc => vec![Step::Close],
            KeyCode::Enter if (self.judge)(self.field.text()).is_ok() => {
                let mut steps = vec![Step::Close];
                steps.extend((self.done)(self.field.text()));
                steps
            }
            KeyCode::Enter => {
                let typed = self.field.text().trim();
                let why = (self.judge)(typed).err().filter(|_| !typed.is_empty());
                let what = why.unwrap_or_else(|| "nothing is typed yet".into());
                self.problem = Some(Problem::new("field", what).next(self.words.advice));
                Vec::new()
            }
            _ => {
                if self.field.key(key) == Effect::Changed {
                    self.problem = None;
                }
                Vec::new()
            }
        }
    }

    fn paste(&mut self, text: &str) -> Vec<Step> {
        self.field.insert(text);
        Vec::new()
    }

    fn deliver(&mut self, delivery: Delivery) -> Vec<Step> {
        if let Delivery::Problem(p) = delivery {
            self.problem = Some(p);
        }
        Vec::new()
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let inner = frame::open(area, 76, 9, &self.title, "", buf, theme)?;
        let line = |y: u16, rows: u16| Rect::new(inner.x, inner.y + y, inner.width, rows);
        let label = format!("{}  ", self.words.label);
        let x = frame::put(buf, inner.x, inner.y + 1, inner.width, &label, theme.dim);
        let room = Rect::new(x, inner.y + 1, inner.right().saturating_sub(x), 1);
        let cursor = self.field.draw(room, buf, theme.text, self.words.empty, theme);
        if let Some(p) = &self.problem {
            frame::problem(buf, line(3, 3), p, theme);
        } else if self.field.text().trim().is_empty() {
            frame::paragraph(buf, line(3, 2), self.words.advice, theme.dim);
        } else {
            match (self.judge)(self.field.text()) {
                Ok(words) => {
                    frame::paragraph(buf, line(3, 2), &words, theme.strong);
                }
                Err(why) => {
                    let rows = frame::paragraph(buf, line(3, 2), &why, theme.warn);
                    frame::paragraph(buf, line(3 + rows.min(2), 1), self.words.advice, theme.dim);
                }
            }
        }
        frame::keys(buf, line(inner.height - 1, 1), &[("Enter", self.words.enter), ("Esc", "close")], theme);
        Some(cursor)
    }

    fn hints(&self) -> Vec<Hint> {
        vec![Hint::new("Enter", self.words.enter), Hint::new("Esc", "close")]
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{draw_everywhere, picture, press, write};
    use super::*;

    fn prompt() -> Prompt {
        let words = Words {
            name: "go_to_day",
            label: "day",
            empty: "3 weeks ago",
            advice: "2025-11-03 · monday · 3 weeks ago",
            enter: "go there",
        };
        let judge: Judge = Arc::new(|text| match text {
            "monday" => Ok("Monday, 17 November 2025".into()),
            other => Err(format!("`{other}` is not understood")),
        });
        Prompt::new("Go to a day", words, judge, Arc::new(|text| vec![Step::Say(text.into())]))
    }

    #[test]
    fn only_what_is_understood_is_done() {
        let mut p = prompt();
        assert_eq!(press(&mut p, "Enter"), vec![]);
        write(&mut p, "mondax");
        assert_eq!(press(&mut p, "Enter"), vec![]);
        press(&mut p, "Backspace");
        p.paste("y\n");
        assert_eq!(press(&mut p, "Enter"), vec![], "a blank at the end is text");
        press(&mut p, "Backspace");
        assert_eq!(press(&mut p, "Enter"), vec![Step::Close, Step::Say("monday".into())]);
        assert_eq!(press(&mut prompt(), "Esc"), vec![Step::Close]);
    }

    #[test]
    fn looks() {
        let mut p = prompt();
        insta::assert_snapshot!("prompt_empty_80x24", picture(&p, 80, 24));
        write(&mut p, "monday");
        insta::assert_snapshot!("prompt_understood_80x24", picture(&p, 80, 24));
        write(&mut p, "x");
        insta::assert_snapshot!("prompt_unclear_80x24", picture(&p, 80, 24));
        draw_everywhere(&p);
    }
}
