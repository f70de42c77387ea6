//! The links of a message, to open one of them.
//!
//! Knows addresses; opening them is the host's.

use super::frame::{self, Selection};
use super::{Delivery, Hint, Overlay, Step};
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Chooses a link.
pub struct LinkList {
    links: Vec<String>,
    selection: Selection,
}

impl LinkList {
    /// Over these links, in the order of the message.
    #[must_use]
    pub fn new(links: Vec<String>) -> Self {
        Self { links, selection: Selection::default() }
    }

    fn open(&self, at: usize) -> Vec<Step> {
        match self.links.get(at) {
            Some(link) => vec![Step::Close, Step::OpenLink(link.clone())],
            None => Vec::new(),
        }
    }
}

impl Overlay for LinkList {
    fn name(&self) -> &'static str {
        "links"
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        if self.selection.key(key, self.links.len()) {
            return Vec::new();
        }
        let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        let last = self.links.len().saturating_sub(1);
        match key.code {
            KeyCode::Esc | KeyCode::Char('q') if plain => vec![Step::Close],
            KeyCode::Enter => self.open(self.selection.at),
            KeyCode::Char('j') if plain => {
                self.selection.set((self.selection.at + 1).min(last));
                Vec::new()
            }
            KeyCode::Char('k') if plain => {
                self.selection.set(self.selection.at.saturating_sub(1));
                Vec::new()
            }
            KeyCode::Char(c @ '1'..='9') if plain => self.open(c as usize - '1' as usize),
            _ => Vec::new(),
        }
    }

    fn paste(&mut self, _text: &str) -> Vec<Step> {
        Vec::new()
    }

    fn deliver(&mut self, _delivery: Delivery) -> Vec<Step> {
        Vec::new()
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let height = (self.links.len() as u16).clamp(1, 20) + 2;
        let count = self.links.len().to_string();
        let inner = frame::open(area, 100, height, "Open a link", &count, buf, theme)?;
        let rows = self.selection.window(self.links.len(), usize::from(inner.height));
        for (n, i) in rows.enumerate() {
            let line = Rect::new(inner.x, inner.y + n as u16, inner.width, 1);
            let digit = if i < 9 { (i + 1).to_string() } else { String::new() };
            frame::put(buf, line.x, line.y, 1, &digit, theme.key);
            frame::put(buf, line.x + 2, line.y, line.width.saturating_sub(2), &self.links[i], theme.text);
            if i == self.selection.at {
                frame::select(buf, line, theme);
            }
        }
        None
    }

    fn hints(&self) -> Vec<Hint> {
        vec![Hint::new("Enter", "open"), Hint::new("1-9", "open"), Hint::new("Esc", "close")]
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{draw_everywhere, picture, press};
    use super::*;

    fn list() -> LinkList {
        LinkList::new(vec!["https://a.example/order/4711".into(), "http://b.example/送货?x=1".into()])
    }

    fn opened(link: &str) -> Vec<Step> {
        vec![Step::Close, Step::OpenLink(link.into())]
    }

    #[test]
    fn a_digit_or_enter_opens() {
        assert_eq!(press(&mut list(), "j Enter"), opened("http://b.example/送货?x=1"));
        assert_eq!(press(&mut list(), "1"), opened("https://a.example/order/4711"));
        assert_eq!(press(&mut list(), "9"), vec![]);
        assert_eq!(press(&mut list(), "Esc"), vec![Step::Close]);
    }

    #[test]
    fn looks() {
        insta::assert_snapshot!("links_80x24", picture(&list(), 80, 24));
        draw_everywhere(&list());
        draw_everywhere(&LinkList::new(Vec::new()));
    }
}
