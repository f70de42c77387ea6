//! Two operators and one customer: what is asked before the second reply is sent.
//!
//! Knows the words of the question; nothing of who is where.

use super::frame::{self, Rich};
use super::talk::Talk;
use super::{Delivery, Hint, Overlay, Step};
use crate::clock::Millis;
use crate::text;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

/// Says who is there, and what can be done. The key that sent does nothing here.
#[derive(Clone, Debug)]
pub struct Clash {
    what: String,
    at: Option<Millis>,
    takes: bool,
}

impl Clash {
    /// `what` a colleague does; `at` when the reply was to be sent; `takes` whether it may be taken over.
    #[must_use]
    pub fn new(what: String, at: Option<Millis>, takes: bool) -> Self {
        Self { what, at, takes }
    }

    fn keys(&self) -> Vec<(&'static str, &'static str)> {
        let mut out = vec![("s", "send all the same")];
        if self.takes {
            out.push(("T", "take over"));
        }
        out.push(("Esc", "look first"));
        out
    }
}

impl Overlay for Clash {
    fn name(&self) -> &'static str {
        "clash"
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        if key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
            return Vec::new();
        }
        match key.code {
            KeyCode::Char('s') => vec![Step::Close, Step::Talk(Talk::SendAnyway(self.at))],
            KeyCode::Char('T') if self.takes => vec![Step::Close, Step::Talk(Talk::TakeOver(None))],
            KeyCode::Esc => vec![Step::Close, Step::Talk(Talk::LookFirst)],
            // What was meant for the text neither sends nor gets lost unnoticed.
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
        let mut rich = Rich::default();
        rich.push(&text::sanitize(&self.what), theme.warn);
        rich.push(".\n\nYour reply has not been sent; it is still in the composer.", Style::new());
        let width = 60.min(area.width);
        let rows = text::wrap(&rich.text, usize::from(width.saturating_sub(4))).len() as u16;
        let inner = frame::open(area, width, rows.saturating_add(4), "Send this too?", "", buf, theme)?;
        let body = Rect { height: inner.height.saturating_sub(2), ..inner };
        rich.draw(buf, body, theme.text);
        let line = Rect::new(inner.x, inner.bottom() - 1, inner.width, 1);
        frame::keys(buf, line, &self.keys(), theme);
        None
    }

    fn hints(&self) -> Vec<Hint> {
        self.keys().into_iter().map(|(key, does)| Hint::new(key, does)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{draw_everywhere, picture, press};
    use super::*;

    fn clash(takes: bool) -> Clash {
        Clash::new("bo is writing here".into(), None, takes)
    }

    #[test]
    fn the_key_that_sent_does_nothing_and_three_keys_lead_on() {
        for none in ["Enter", "x", "Space", "Ctrl+S", "S"] {
            assert_eq!(press(&mut clash(true), none), vec![], "{none}");
        }
        let anyway = vec![Step::Close, Step::Talk(Talk::SendAnyway(None))];
        assert_eq!(press(&mut clash(true), "s"), anyway);
        assert_eq!(press(&mut clash(true), "T"), vec![Step::Close, Step::Talk(Talk::TakeOver(None))]);
        assert_eq!(press(&mut clash(false), "T"), vec![]);
        assert_eq!(press(&mut clash(true), "Esc"), vec![Step::Close, Step::Talk(Talk::LookFirst)]);
        assert_eq!(clash(true).paste("s"), vec![]);
    }

    #[test]
    fn looks() {
        insta::assert_snapshot!("clash_80x24", picture(&clash(true), 80, 24));
        draw_everywhere(&clash(false));
    }
}
