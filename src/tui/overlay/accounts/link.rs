//! The link by which a number is connected: to be opened, copied, or read off the screen by a phone.

use super::super::Step;
use super::super::frame;
use super::admin::{AccountBox, Mode};
use crate::model::account::{CONNECTED, SetupLink};
use crate::protocol::account_facts::{link_is_over, link_words, name, number, steps};
use crate::text::{self, qr};
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use std::cell::Cell;

/// Cells that the words beside the code need at least.
const BESIDE: u16 = 30;

impl AccountBox {
    /// What is set for it at the provider lies in a screen of its own.
    pub(super) fn settings(&self) -> Vec<Step> {
        let Some(account) = self.id() else { return Vec::new() };
        vec![Step::CommandWith { id: "number.settings".into(), argument: account.to_string() }]
    }

    fn link(&self) -> Option<&SetupLink> {
        self.detail()?.setup.link.as_ref().filter(|l| !l.url.is_empty())
    }

    /// Puts the link on the clipboard.
    pub(super) fn copy_link(&mut self) -> Vec<Step> {
        match self.link().map(|l| l.url.clone()) {
            Some(url) => vec![Step::Copy(url)],
            None => self.refuse(
                "usage",
                "there is no setup link",
                "c makes one for an account that is not connected",
            ),
        }
    }

    /// Shows the link.
    pub(super) fn show_link(&mut self) -> Vec<Step> {
        if self.link().is_none() {
            return self.refuse(
                "usage",
                "there is no setup link",
                "c makes one for an account that is not connected",
            );
        }
        self.mode = Mode::Link;
        Vec::new()
    }

    pub(super) fn link_key(&mut self, key: KeyEvent) -> Vec<Step> {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return Vec::new();
        }
        self.say = None;
        match key.code {
            KeyCode::Esc | KeyCode::Char('q' | 'h') | KeyCode::Left | KeyCode::Enter => {
                self.mode = Mode::Detail(Cell::new(0));
                Vec::new()
            }
            KeyCode::Char('y') => self.copy_link(),
            KeyCode::Char('b' | 'o') => {
                self.link().map(|l| vec![Step::OpenLink(l.url.clone())]).unwrap_or_default()
            }
            KeyCode::Char('c') if self.rights.edit && !self.is_busy() => self.connect(),
            _ => Vec::new(),
        }
    }

    pub(super) fn draw_link(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let title = self.view().map_or_else(String::new, |v| format!("Connect · {}", name(v)));
        let code = self.link().and_then(|l| qr::lines(&l.url)).unwrap_or_default();
        let (cells, rows) = (code.first().map_or(0, |r| r.chars().count()) as u16, code.len() as u16);
        let (w, h) = ((cells + 3 + 60).min(area.width), (rows + 3).max(14).min(area.height));
        let Some(inner) = frame::open(area, w.max(76), h, &title, "", buf, theme) else { return };
        let fits = cells > 0 && rows <= inner.height && cells + BESIDE + 2 <= inner.width;
        let words = if fits {
            draw_code(&code, inner, buf, theme);
            let x = inner.x + cells + 2;
            Rect { x, width: inner.right().saturating_sub(x), ..inner }
        } else {
            inner
        };
        self.draw_words(words, fits || cells == 0, (cells, rows), buf, theme);
    }

    fn draw_words(&self, area: Rect, fits: bool, (cells, rows): (u16, u16), buf: &mut Buffer, theme: &Theme) {
        let (Some(view), Some(detail)) = (self.view(), self.detail()) else { return };
        let mut y = area.y;
        let foot = area.bottom().saturating_sub(1);
        let mut say = |s: &str, style: Style, gap: bool| {
            let room = Rect::new(area.x, y, area.width, foot.saturating_sub(y));
            if room.height > 0 {
                y += frame::paragraph(buf, room, s, style) + u16::from(gap);
            }
        };
        let over = self.link().is_some_and(|l| link_is_over(l, (self.times.now)()));
        if view.state == CONNECTED {
            say(&format!("● connected: {}", number(view)), theme.good, true);
            say("Messages come in and go out. There is nothing left to do here.", theme.text, true);
        } else {
            if let Some(link) = self.link() {
                let (words, tone) = self.times.with(|saying| link_words(link, saying));
                let style = super::draw::tone(tone, theme);
                say("Open this to connect the number:", theme.text, false);
                say(&link.url, if over { theme.dim } else { theme.link }, true);
                say(&words, style, true);
            }
            if self.link().is_some_and(|l| l.status == "used") {
                say("◐ the link was used: the number is being connected.", theme.warn, true);
            } else if over {
                say("c makes a new one; customer and webhooks stay.", theme.key, true);
            } else {
                say("◐ waiting: this screen says when it is done.", theme.warn, true);
            }
            if !fits {
                let needed = format!("As a QR code it needs {}x{} cells.", cells + BESIDE + 6, rows + 3);
                say(&needed, theme.dim, true);
            }
        }
        if let Some(p) = &self.say {
            let parts = [&p.what, &p.means, &p.next].map(|s| text::sanitize(s).into_owned());
            let parts: Vec<String> = parts.into_iter().filter(|s| !s.is_empty()).collect();
            say(&parts.join(" · "), theme.bad, true);
        } else if self.is_busy() {
            say("asking the provider…", theme.warn, true);
        }
        for (name, step) in steps(detail) {
            let mark = if step.done { "✓" } else { "✗" };
            let text = if step.text.is_empty() { String::new() } else { format!(": {}", step.text) };
            say(&format!("{mark} {name}{text}"), if step.done { theme.good } else { theme.warn }, false);
        }
        let keys: &[(&str, &str)] = if view.state == CONNECTED {
            &[("Esc", "details")]
        } else if self.rights.edit {
            &[("y", "copy"), ("b", "open"), ("c", "new"), ("Esc", "back")]
        } else {
            &[("y", "copy"), ("b", "open"), ("Esc", "back")]
        };
        frame::keys(buf, Rect::new(area.x, foot, area.width, 1), keys, theme);
    }
}

/// Dark on light, whatever the theme is: not every phone reads the other. Without colours most terminals are light on
/// dark, and reversed that is the same.
fn draw_code(code: &[String], area: Rect, buf: &mut Buffer, theme: &Theme) {
    let style = if theme.name == Theme::plain().name {
        Style::new().add_modifier(Modifier::REVERSED)
    } else {
        Style::new().fg(Color::Black).bg(Color::White)
    };
    for (y, row) in (area.y..area.bottom()).zip(code) {
        for (x, c) in (area.x..area.right()).zip(row.chars()) {
            let mut bytes = [0; 4];
            frame::glyph(buf, x, y, c.encode_utf8(&mut bytes), style);
        }
    }
}
