//! A question before something that cannot be taken back.
//!
//! Knows the words of the question and the steps of the answer; nothing of what they do.

use super::frame;
use super::{Delivery, Hint, Overlay, Step};
use crate::text;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

/// Says what will happen to what. Only the named key does it; every other key leaves everything as it is.
#[derive(Clone, Debug)]
pub struct Confirm {
    title: String,
    lines: Vec<String>,
    key: char,
    steps: Vec<Step>,
}

impl Confirm {
    /// `key` is another one than the key that asked. A [`Step::Close`] comes before `steps`.
    #[must_use]
    pub fn new(title: impl Into<String>, lines: Vec<String>, key: char, steps: Vec<Step>) -> Self {
        Self { title: title.into(), lines, key, steps }
    }

    fn verb(&self) -> String {
        let safe = text::sanitize(&self.title);
        safe.split_whitespace().next().unwrap_or("do it").trim_end_matches('?').to_lowercase()
    }
}

impl Overlay for Confirm {
    fn name(&self) -> &'static str {
        "confirm"
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        let mut out = vec![Step::Close];
        if plain && key.code == KeyCode::Char(self.key) {
            out.append(&mut self.steps);
        }
        out
    }

    fn paste(&mut self, _text: &str) -> Vec<Step> {
        Vec::new()
    }

    fn deliver(&mut self, _delivery: Delivery) -> Vec<Step> {
        Vec::new()
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let mut rich = frame::Rich::default();
        rich.push(&self.lines.join("\n"), Style::new());
        let width = 64.min(area.width);
        let rows = text::wrap(&rich.text, usize::from(width.saturating_sub(4))).len() as u16;
        let inner = frame::open(area, width, rows.saturating_add(4), &self.title, "", buf, theme)?;
        let body = Rect { height: inner.height.saturating_sub(2), ..inner };
        rich.draw(buf, body, theme.text);
        let line = Rect::new(inner.x, inner.bottom() - 1, inner.width, 1);
        let key = self.key.to_string();
        frame::keys(buf, line, &[(&key, &self.verb()), ("other key", "leave it as it is")], theme);
        None
    }

    fn hints(&self) -> Vec<Hint> {
        vec![Hint::new(&self.key.to_string(), &self.verb()), Hint::new("other key", "cancel")]
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{draw_everywhere, picture, press};
    use super::*;

    fn quit() -> Confirm {
        Confirm::new(
            "Quit with 2 messages in the outbox?",
            vec![
                "They stay in the outbox and leave when Switchboard runs again.".into(),
                String::new(),
                "To: Marta Souza, 王小明".into(),
            ],
            'y',
            vec![Step::Command("quit".into())],
        )
    }

    #[test]
    fn only_the_named_key_does_it() {
        assert_eq!(press(&mut quit(), "y"), vec![Step::Close, Step::Command("quit".into())]);
        for other in ["Enter", "q", "Y", "Ctrl+Y", "Esc", "Space"] {
            assert_eq!(press(&mut quit(), other), vec![Step::Close], "{other}");
        }
        assert_eq!(quit().paste("y"), vec![]);
    }

    #[test]
    fn looks() {
        insta::assert_snapshot!("confirm_80x24", picture(&quit(), 80, 24));
        draw_everywhere(&quit());
    }
}
