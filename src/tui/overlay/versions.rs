//! What an edited or deleted message said before, the newest last.
//!
//! Knows versions; when they were is put into words by the host.

use super::frame::{self, Rich, TimeText};
use super::{Delivery, Hint, Overlay, Step};
use crate::protocol::Version;
use crate::text;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use std::cell::Cell;

/// Lists versions.
pub struct VersionList {
    versions: Option<Vec<Version>>,
    when: TimeText,
    first: usize,
    fits: Cell<bool>,
}

impl VersionList {
    /// Versions are delivered; `when` puts a time into a few words.
    #[must_use]
    pub fn new(when: TimeText) -> Self {
        Self { versions: None, when, first: 0, fits: Cell::new(true) }
    }
}

impl Overlay for VersionList {
    fn name(&self) -> &'static str {
        "versions"
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        match key.code {
            KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q') => return vec![Step::Close],
            KeyCode::Down | KeyCode::Char('j') if !self.fits.get() => self.first += 1,
            KeyCode::Up | KeyCode::Char('k') => self.first = self.first.saturating_sub(1),
            _ => {}
        }
        Vec::new()
    }

    fn paste(&mut self, _text: &str) -> Vec<Step> {
        Vec::new()
    }

    fn deliver(&mut self, delivery: Delivery) -> Vec<Step> {
        match delivery {
            Delivery::Versions(list) if list.is_empty() => {
                vec![Step::Close, Step::Say("this message was never changed".into())]
            }
            Delivery::Versions(list) => {
                self.versions = Some(list);
                Vec::new()
            }
            Delivery::Problem(p) => vec![Step::Close, Step::Say(p.what)],
            _ => Vec::new(),
        }
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let list = self.versions.as_deref()?;
        let height = (list.len() as u16).saturating_mul(4).clamp(4, 30) + 2;
        let inner = frame::open(area, 84, height, "What it said", "", buf, theme)?;
        let mut y = inner.y;
        self.fits.set(true);
        for v in list.iter().skip(self.first.min(list.len() - 1)) {
            if y + 1 >= inner.bottom() {
                self.fits.set(false);
                break;
            }
            let word = if v.original { "written" } else { "changed" };
            let head = format!("{word} {}", (self.when)(v.at));
            frame::put(buf, inner.x, y, inner.width, &head, theme.dim);
            let plain = v.body.plain_text();
            let plain = if plain.is_empty() { format!("[{}]", v.body.kind()) } else { plain };
            let mut rich = Rich::default();
            rich.push(&text::sanitize_lines(&plain), Style::new());
            let room = Rect::new(inner.x + 2, y + 1, inner.width - 2, (inner.bottom() - y - 1).min(8));
            y += 2 + rich.draw(buf, room, theme.text).max(1);
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
    use crate::model::Body;
    use std::sync::Arc;

    fn open(n: i64) -> VersionList {
        let mut o = VersionList::new(Arc::new(|at| format!("{at} min ago")));
        let versions = (0..n)
            .map(|i| Version {
                at: 9 - i,
                original: i == 0,
                body: Body::text(format!("is the blue frame in stock?\u{1b}[2J ({i})")),
            })
            .collect();
        assert_eq!(o.deliver(Delivery::Versions(versions)), vec![]);
        o
    }

    #[test]
    fn looks() {
        insta::assert_snapshot!("versions_80x24", picture(&open(2), 80, 24));
        draw_everywhere(&open(40));
        assert_eq!(press(&mut open(2), "Esc"), vec![Step::Close]);
        let mut never = VersionList::new(Arc::new(|_| String::new()));
        assert_eq!(never.deliver(Delivery::Versions(vec![]))[0], Step::Close);
    }
}
