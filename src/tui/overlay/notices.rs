//! What the provider's side said lately, newest first.
//!
//! Knows notices; when they were is put into words by the host.

use super::frame::{self, Rich, TimeText};
use super::{Delivery, Hint, Overlay, Step};
use crate::model::inbound::Severity;
use crate::protocol::Notice;
use crate::text;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use std::cell::Cell;

/// Lists notices.
pub struct NoticeList {
    notices: Vec<Notice>,
    when: TimeText,
    first: usize,
    fits: Cell<bool>,
}

impl NoticeList {
    /// Over these notices, newest first; `when` puts a time into a few words.
    #[must_use]
    pub fn new(notices: Vec<Notice>, when: TimeText) -> Self {
        Self { notices, when, first: 0, fits: Cell::new(true) }
    }
}

impl Overlay for NoticeList {
    fn name(&self) -> &'static str {
        "notices"
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        match key.code {
            KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q') => return vec![Step::Close],
            KeyCode::Down | KeyCode::Char('j') if !self.fits.get() => self.first += 1,
            KeyCode::Up | KeyCode::Char('k') => self.first = self.first.saturating_sub(1),
            _ => {}
        }
        self.first = self.first.min(self.notices.len().saturating_sub(1));
        Vec::new()
    }

    fn paste(&mut self, _text: &str) -> Vec<Step> {
        Vec::new()
    }

    fn deliver(&mut self, _delivery: Delivery) -> Vec<Step> {
        Vec::new()
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let height = (self.notices.len() as u16).saturating_mul(3).clamp(4, 30) + 2;
        let count = format!("{}", self.notices.len());
        let inner = frame::open(area, 90, height, "Notices", &count, buf, theme)?;
        if self.notices.is_empty() {
            frame::put(buf, inner.x, inner.y, inner.width, "Nothing to tell: all is well.", theme.dim);
        }
        let mut y = inner.y;
        self.fits.set(true);
        for n in self.notices.iter().skip(self.first) {
            if y + 1 >= inner.bottom() {
                self.fits.set(false);
                break;
            }
            let (mark, style) = match n.severity {
                Severity::Critical => ("✗", theme.bad),
                Severity::Warning => ("!", theme.warn),
                Severity::Info => ("·", theme.dim),
            };
            frame::put(buf, inner.x, y, 1, mark, style);
            let when = (self.when)(n.at);
            let head = format!("{} · {}", n.account, when);
            frame::put(buf, inner.x + 2, y, inner.width - 2, &head, theme.dim);
            let mut rich = Rich::default();
            rich.push(&text::sanitize(&n.text), Style::new());
            let room = Rect::new(inner.x + 2, y + 1, inner.width - 2, (inner.bottom() - y - 1).min(3));
            y += 1 + rich.draw(buf, room, style.patch(theme.text)).max(1);
        }
        None
    }

    fn hints(&self) -> Vec<Hint> {
        let mut out = Vec::new();
        if !self.fits.get() || self.first > 0 {
            out.push(Hint::new("Up/Down", "scroll"));
        }
        out.push(Hint::new("Esc", "close"));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{draw_everywhere, picture, press};
    use super::*;
    use crate::model::ids::AccountId;
    use std::sync::Arc;

    fn open(n: usize) -> NoticeList {
        let notices = (0..n)
            .map(|i| Notice {
                at: 60_000 * i as i64,
                account: AccountId::new("support"),
                severity: [Severity::Critical, Severity::Warning, Severity::Info][i % 3],
                text: format!(
                    "template repair_ready was moved to MARKETING: the next send costs more\u{1b}[2J ({i})"
                ),
            })
            .collect();
        NoticeList::new(notices, Arc::new(|at| format!("{} min ago", at / 60_000)))
    }

    #[test]
    fn it_scrolls_and_closes() {
        let mut o = open(30);
        let before = picture(&o, 80, 24);
        press(&mut o, "Down j");
        assert_eq!(o.first, 2);
        press(&mut o, "Up Up Up");
        assert_eq!(picture(&o, 80, 24), before);
        assert_eq!(press(&mut o, "Esc"), vec![Step::Close]);
    }

    #[test]
    fn looks() {
        insta::assert_snapshot!("notices_80x24", picture(&open(3), 80, 24));
        draw_everywhere(&open(30));
        draw_everywhere(&open(0));
    }
}
