//! The line in which one types what to look for in the open thread. It covers one row, so that what is found is seen.

use super::field::{Effect, Field};
use super::frame;
use super::talk::Talk;
use super::{Delivery, Hint, Overlay, Step};
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Asks what to look for.
pub struct FindBar {
    field: Field,
}

impl FindBar {
    /// With what was looked for last.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self { field: Field::line(300).with(text) }
    }

    fn typed(&self) -> Vec<Step> {
        vec![Step::Talk(Talk::Find(self.field.text().to_owned()))]
    }
}

impl Overlay for FindBar {
    fn name(&self) -> &'static str {
        "find"
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        match key.code {
            KeyCode::Esc => vec![Step::Close, Step::Talk(Talk::EndFind { keep: false })],
            KeyCode::Enter => vec![Step::Close, Step::Talk(Talk::EndFind { keep: true })],
            KeyCode::Up => vec![Step::Talk(Talk::NextMatch { older: true })],
            KeyCode::Down => vec![Step::Talk(Talk::NextMatch { older: false })],
            _ if self.field.key(key) == Effect::Changed => self.typed(),
            _ => Vec::new(),
        }
    }

    fn paste(&mut self, text: &str) -> Vec<Step> {
        self.field.insert(text);
        self.typed()
    }

    fn deliver(&mut self, _delivery: Delivery) -> Vec<Step> {
        Vec::new()
    }

    fn covers(&self) -> bool {
        false
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let line = Rect::new(area.x, area.bottom().saturating_sub(1), area.width, 1);
        for x in line.left()..line.right() {
            if let Some(cell) = buf.cell_mut((x, line.y)) {
                cell.reset();
            }
        }
        let x = frame::put(buf, line.x + 1, line.y, 18, "in this thread / ", theme.focus);
        let room = Rect::new(x, line.y, line.right().saturating_sub(x + 1), 1);
        Some(self.field.draw(room, buf, theme.text, "words, has:image, before:monday", theme))
    }

    fn hints(&self) -> Vec<Hint> {
        vec![
            Hint::new("Enter", "keep"),
            Hint::new("Up", "older"),
            Hint::new("Down", "newer"),
            Hint::new("Esc", "back"),
        ]
    }
}
