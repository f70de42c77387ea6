//! Choosing a theme: the screen behind shows each one at once.
//!
//! Knows themes; what the screen shows is the host's business.

use super::frame;
use super::{Delivery, Hint, Overlay, Step};
use crate::tui::theme::{Listed, Theme};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Lists themes; the one under the cursor is shown.
pub struct ThemePicker {
    themes: Vec<Listed>,
    before: Theme,
    cursor: usize,
}

impl ThemePicker {
    /// Over these themes; `before` comes back when nothing is chosen.
    #[must_use]
    pub fn new(themes: Vec<Listed>, before: Theme) -> Self {
        let cursor = themes.iter().position(|t| t.name == before.name).unwrap_or(0);
        Self { themes, before, cursor }
    }

    fn go(&mut self, to: usize) -> Vec<Step> {
        let to = to.min(self.themes.len().saturating_sub(1));
        if to == self.cursor {
            return Vec::new();
        }
        self.cursor = to;
        match self.themes.get(to).map(|t| &t.theme) {
            Some(Ok(theme)) => vec![Step::Theme(theme.clone())],
            _ => Vec::new(),
        }
    }
}

impl Overlay for ThemePicker {
    fn name(&self) -> &'static str {
        "themes"
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Down | KeyCode::Tab => self.go(self.cursor + 1),
            KeyCode::Up | KeyCode::BackTab => self.go(self.cursor.saturating_sub(1)),
            KeyCode::Char('n') if control => self.go(self.cursor + 1),
            KeyCode::Char('p') if control => self.go(self.cursor.saturating_sub(1)),
            KeyCode::Char('j') => self.go(self.cursor + 1),
            KeyCode::Char('k') => self.go(self.cursor.saturating_sub(1)),
            KeyCode::Home => self.go(0),
            KeyCode::End => self.go(usize::MAX),
            KeyCode::Enter => match self.themes.get(self.cursor) {
                Some(Listed { name, theme: Ok(theme) }) => vec![
                    Step::Theme(theme.clone()),
                    Step::Close,
                    Step::Say(format!(
                        "theme {name} · theme = \"{name}\" under [ui] in the configuration keeps it"
                    )),
                ],
                _ => Vec::new(),
            },
            KeyCode::Esc => vec![Step::Theme(Box::new(self.before.clone())), Step::Close],
            KeyCode::Char('q') => vec![Step::Theme(Box::new(self.before.clone())), Step::Close],
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
        let rows = self.themes.len() as u16;
        let count = self.themes.len().to_string();
        let inner = frame::open(area, 48, rows.saturating_add(4).clamp(6, 18), "Theme", &count, buf, theme)?;
        let list = inner.height.saturating_sub(2);
        let first = (self.cursor as u16 + 1).saturating_sub(list);
        for (i, t) in self.themes.iter().enumerate().skip(usize::from(first)).take(usize::from(list)) {
            let y = inner.y + i as u16 - first;
            let row = Rect { y, height: 1, ..inner };
            let Ok(own) = &t.theme else {
                frame::put(buf, inner.x + 1, y, 18, &t.name, theme.bad);
                let cells = inner.width.saturating_sub(20);
                frame::put(buf, inner.x + 20, y, cells, "cannot be used", theme.dim);
                if i == self.cursor {
                    frame::select(buf, row, theme);
                }
                continue;
            };
            let x = frame::put(buf, inner.x + 1, y, 18, &t.name, theme.text);
            let mut x = x.max(inner.x + 20);
            // Its own colours, whatever theme the screen has.
            for style in
                [own.key, own.good, own.read, own.link, own.variable, own.note, own.warn, own.bad, own.dim]
            {
                let fg = style.fg.unwrap_or_default();
                x = frame::put(buf, x, y, inner.right().saturating_sub(x), "██", theme.text.fg(fg));
            }
            if i == self.cursor {
                frame::select(buf, Rect { width: 20, ..row }, theme);
            }
        }
        let foot = Rect::new(inner.x, inner.bottom() - 1, inner.width, 1);
        match self.themes.get(self.cursor).map(|t| &t.theme) {
            Some(Err(why)) => {
                frame::put(buf, foot.x, foot.y, foot.width, why, theme.bad);
            }
            _ => frame::keys(buf, foot, &[("Enter", "take it"), ("Esc", "as before")], theme),
        }
        None
    }

    fn covers(&self) -> bool {
        false
    }

    fn hints(&self) -> Vec<Hint> {
        vec![Hint::new("Up/Down", "look"), Hint::new("Enter", "take it"), Hint::new("Esc", "as before")]
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{draw_everywhere, picture, press};
    use super::*;

    fn open() -> ThemePicker {
        let ok = |name: &str| Listed {
            name: name.into(),
            theme: Ok(Box::new(Theme { name: name.into(), ..Theme::basic() })),
        };
        let broken =
            Listed { name: "mine".into(), theme: Err("/x/mine.toml:2:3: `blurple` is no colour".into()) };
        ThemePicker::new(vec![ok("dark"), ok("sixteen"), broken], Theme::basic())
    }

    fn shown(steps: &[Step]) -> Vec<&str> {
        steps.iter().filter_map(|s| if let Step::Theme(t) = s { Some(&*t.name) } else { None }).collect()
    }

    #[test]
    fn moving_shows_a_theme_and_only_enter_keeps_it() {
        let mut o = open();
        assert_eq!(shown(&press(&mut o, "Up")), ["dark"]);
        assert_eq!(shown(&press(&mut o, "Down")), ["sixteen"]);
        // One that cannot be used is not shown and not taken.
        assert_eq!(press(&mut o, "j Enter"), vec![]);
        assert_eq!(shown(&press(&mut o, "Esc")), ["sixteen"]);
        let mut o = open();
        let steps = press(&mut o, "k Enter");
        assert_eq!(shown(&steps), ["dark", "dark"]);
        assert!(steps.contains(&Step::Close));
    }

    #[test]
    fn looks() {
        insta::assert_snapshot!("themes_80x24", picture(&open(), 80, 24));
        draw_everywhere(&open());
    }
}
