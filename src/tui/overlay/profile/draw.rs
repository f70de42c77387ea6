//! How it looks.

use super::super::frame;
use super::{Mode, ProfileBox, Tab, forms};
use crate::model::business::{Standing, VERTICALS};
use crate::text::{self, qr};
use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};

/// Columns of the names before what they name.
const LABEL: u16 = 14;

/// A name, and what it says.
type Fact = (&'static str, String, Style);

impl ProfileBox {
    pub(super) fn keys(&self) -> &'static [(&'static str, &'static str)] {
        match &self.mode {
            Mode::Form(..) => &[("F10", "save"), ("Esc", "back")],
            Mode::Ask { .. } => &[("y", "yes"), ("other key", "no")],
            Mode::Code => &[("y", "copy"), ("b", "open"), ("Esc", "back")],
            Mode::List => match (self.tab, self.edits) {
                (Tab::Profile, true) => &[("e", "edit"), ("Tab", "next part"), ("Esc", "close")],
                (Tab::Blocked, true) => {
                    &[("n", "block"), ("D", "unblock"), ("Enter", "conversation"), ("Tab", "next part")]
                }
                (Tab::Blocked, false) => &[("Enter", "conversation"), ("Tab", "next part"), ("Esc", "close")],
                (Tab::Chat, true) => &[
                    ("i", "ice breaker"),
                    ("c", "command"),
                    ("e", "edit"),
                    ("D", "take away"),
                    ("Tab", "next part"),
                ],
                (Tab::Links, true) => {
                    &[("n", "new"), ("Enter", "code"), ("y", "copy"), ("e", "edit"), ("D", "delete")]
                }
                (Tab::Links, false) => &[("Enter", "code"), ("y", "copy"), ("Tab", "next part")],
                (Tab::Number, true) => &[
                    ("r", "register"),
                    ("p", "PIN"),
                    ("c", "send code"),
                    ("v", "type code"),
                    ("x", "out of use"),
                ],
                (_, false) => &[("Tab", "next part"), ("Esc", "close")],
            },
        }
    }

    pub(super) fn draw_list(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let title = format!("{} · at the provider", text::truncate(&text::sanitize(&self.title), 40));
        let right = if self.is_busy() { "asking the provider…" } else { "" };
        let Some(inner) = frame::open(area, 110, area.height.min(32), &title, right, buf, theme) else {
            return;
        };
        self.draw_tabs(Rect { height: 1, ..inner }, buf, theme);
        let foot = inner.bottom().saturating_sub(1);
        let mut bottom = foot.saturating_sub(1);
        if let Some(p) = &self.say {
            let room = Rect::new(inner.x, foot.saturating_sub(3), inner.width, 3);
            if room.y > inner.y + 2 {
                frame::problem(buf, room, p, theme);
                bottom = room.y.saturating_sub(1);
            }
        }
        let body = Rect::new(inner.x, inner.y + 2, inner.width, bottom.saturating_sub(inner.y + 2));
        match self.tab {
            Tab::Profile => self.draw_profile(body, buf, theme),
            Tab::Blocked => self.draw_blocked(body, buf, theme),
            Tab::Chat => self.draw_chat(body, buf, theme),
            Tab::Links => self.draw_links(body, buf, theme),
            Tab::Number => self.draw_number(body, buf, theme),
        }
        let line = Rect::new(inner.x, foot, inner.width, 1);
        if let Mode::Ask { title, words, .. } = &self.mode {
            let room = Rect::new(inner.x, foot.saturating_sub(2), inner.width, 3);
            frame::clear(room, buf, theme);
            frame::put(buf, room.x, room.y, room.width, title, theme.warn);
            frame::put(buf, room.x, room.y + 1, room.width, words, theme.text);
        }
        frame::keys(buf, line, self.keys(), theme);
    }

    fn draw_tabs(&self, line: Rect, buf: &mut Buffer, theme: &Theme) {
        // All names where there is room, else the number alone for those that are not shown.
        let whole: usize = Tab::ALL.iter().map(|(_, name)| text::width(name) + 5).sum();
        let mut x = line.x;
        for (n, (tab, name)) in Tab::ALL.iter().enumerate() {
            let here = *tab == self.tab;
            let digit = format!("{} ", n + 1);
            x = frame::put(buf, x, line.y, line.right().saturating_sub(x), &digit, theme.key);
            if here || whole <= usize::from(line.width) {
                let style = if here { theme.focus } else { theme.dim };
                x = frame::put(buf, x, line.y, line.right().saturating_sub(x), name, style);
            }
            x += 2;
        }
    }

    /// Whether there is something to draw; says that it is on its way.
    fn waits(&self, known: bool, area: Rect, buf: &mut Buffer, theme: &Theme) -> bool {
        if !known && self.is_busy() {
            frame::put(buf, area.x, area.y, area.width, "The provider is asked…", theme.dim);
        } else if !known && self.say.is_none() {
            frame::put(buf, area.x, area.y, area.width, "Not read yet: Ctrl+R", theme.dim);
        }
        !known
    }

    fn facts(area: Rect, rows: &[Fact], buf: &mut Buffer, theme: &Theme) -> u16 {
        let mut y = area.y;
        for (label, text, style) in rows {
            if y >= area.bottom() {
                break;
            }
            frame::put(buf, area.x, y, LABEL, label, theme.dim);
            let room = Rect::new(
                area.x + LABEL,
                y,
                area.width.saturating_sub(LABEL),
                area.bottom().saturating_sub(y),
            );
            y += frame::paragraph(buf, room, &text::sanitize(text), *style).max(1);
        }
        y
    }

    fn draw_profile(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        if self.waits(self.profile.is_some(), area, buf, theme) {
            return;
        }
        let Some(p) = &self.profile else { return };
        let none =
            |t: &str| if t.is_empty() { ("none".to_owned(), theme.dim) } else { (t.to_owned(), theme.text) };
        let does = VERTICALS.iter().find(|(v, _)| *v == p.vertical).map_or(p.vertical.as_str(), |(_, w)| *w);
        let fact = |label, t: &str| {
            let (text, style) = none(t);
            (label, text, style)
        };
        let rows = [
            fact("about", &p.about),
            fact("description", &p.description),
            fact("address", &p.address),
            fact("e-mail", &p.email),
            fact("websites", &p.websites.join("  ")),
            fact("does", does),
            fact("picture", if p.picture.is_empty() { "" } else { "set (y copies its address)" }),
        ];
        Self::facts(area, &rows, buf, theme);
    }

    fn draw_blocked(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        if self.waits(self.blocked.is_some(), area, buf, theme) {
            return;
        }
        let Some((rows, whole)) = &self.blocked else { return };
        if rows.is_empty() {
            frame::put(buf, area.x, area.y, area.width, "Nobody is blocked on this number.", theme.dim);
            return;
        }
        let visible = usize::from(area.height.saturating_sub(u16::from(!whole)));
        for (y, at) in (area.y..).zip(self.selection.window(rows.len(), visible)) {
            let Some(row) = rows.get(at) else { continue };
            let line = Rect::new(area.x, y, area.width, 1);
            let by = if row.by.is_empty() { "elsewhere" } else { &row.by };
            let when = row.at.map(|at| (self.time)(at)).unwrap_or_default();
            let right = format!("{by} · {when}");
            let room = text::width(&right).min(32) as u16;
            frame::put_right(buf, line.right(), y, room, &right, theme.dim);
            let width = line.width.saturating_sub(room + 2);
            let x = frame::put(buf, line.x + 1, y, width, &forms::who(row), theme.text);
            if !row.title.is_empty() {
                let left = (line.x + width).saturating_sub(x + 2);
                frame::put(buf, x + 2, y, left, &forms::shown(&row.whom), theme.dim);
            }
            if at == self.selection.at {
                frame::select(buf, line, theme);
            }
        }
        if !whole {
            let last = area.bottom().saturating_sub(1);
            frame::put(buf, area.x, last, area.width, "… and more at the provider", theme.dim);
        }
    }

    fn draw_chat(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        if self.waits(self.components.is_some(), area, buf, theme) {
            return;
        }
        let Some(c) = &self.components else { return };
        let total = c.prompts.len() + c.commands.len();
        if total == 0 {
            let words = "Neither ice breakers nor commands: i makes a ready question under an empty chat, c a command.";
            frame::paragraph(buf, area, words, theme.dim);
            return;
        }
        for (y, at) in (area.y..).zip(self.selection.window(total, usize::from(area.height))) {
            let line = Rect::new(area.x, y, area.width, 1);
            match at.checked_sub(c.prompts.len()) {
                None => {
                    frame::put(buf, line.x + 1, y, LABEL, "ice breaker", theme.dim);
                    let room = line.width.saturating_sub(LABEL + 1);
                    frame::put(buf, line.x + 1 + LABEL, y, room, &c.prompts[at], theme.text);
                }
                Some(n) => {
                    let Some(command) = c.commands.get(n) else { continue };
                    frame::put(buf, line.x + 1, y, LABEL, "command", theme.dim);
                    let name = format!("/{}", command.name);
                    let room = line.width.saturating_sub(LABEL + 1);
                    let x = frame::put(buf, line.x + 1 + LABEL, y, room, &name, theme.strong);
                    frame::put(buf, x + 2, y, line.right().saturating_sub(x + 2), &command.hint, theme.text);
                }
            }
            if at == self.selection.at {
                frame::select(buf, line, theme);
            }
        }
    }

    fn draw_links(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        if self.waits(self.links.is_some(), area, buf, theme) {
            return;
        }
        let Some(all) = &self.links else { return };
        if all.is_empty() {
            let words =
                "No short links yet: n makes one. Whoever opens it finds a chat with a text already written.";
            frame::paragraph(buf, area, words, theme.dim);
            return;
        }
        for (y, at) in (area.y..).zip(self.selection.window(all.len(), usize::from(area.height))) {
            let Some(link) = all.get(at) else { continue };
            let line = Rect::new(area.x, y, area.width, 1);
            let x = frame::put(buf, line.x + 1, y, 38, &link.url, theme.link);
            let x = x.max(line.x + 1 + 38.min(line.width / 2)) + 2;
            frame::put(buf, x, y, line.right().saturating_sub(x), &link.text, theme.text);
            if at == self.selection.at {
                frame::select(buf, line, theme);
            }
        }
    }

    fn draw_number(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        if self.waits(self.standing.is_some(), area, buf, theme) {
            return;
        }
        let Some(s) = &self.standing else { return };
        let Standing { phone, name, name_status, new_name_status, verification, status, mode, .. } = s;
        let judged = |word: &str, good: &[&str]| {
            if word.is_empty() || good.contains(&word) { theme.text } else { theme.warn }
        };
        let pin = match s.has_pin {
            Some(true) => ("set", theme.text),
            Some(false) => ("not set: p sets one", theme.warn),
            None => ("", theme.dim),
        };
        let can = match s.can_send.as_str() {
            "AVAILABLE" => theme.good,
            "BLOCKED" => theme.bad,
            _ => theme.warn,
        };
        let mut rows: Vec<Fact> = vec![
            ("number", phone.clone(), theme.text),
            ("name", name.clone(), theme.text),
            (
                "name status",
                name_status.clone(),
                judged(name_status, &["APPROVED", "AVAILABLE_WITHOUT_REVIEW"]),
            ),
            ("new name", new_name_status.clone(), theme.text),
            ("verification", verification.clone(), judged(verification, &["VERIFIED"])),
            ("state", status.clone(), judged(status, &["CONNECTED"])),
            ("mode", mode.clone(), theme.text),
            ("PIN", pin.0.into(), pin.1),
            ("can send", s.can_send.clone(), can),
        ];
        rows.retain(|(_, text, _)| !text.is_empty() && text != "NONE");
        for part in &s.parts {
            let style = if part.can_send == "AVAILABLE" { theme.dim } else { theme.warn };
            let notes =
                if part.notes.is_empty() { String::new() } else { format!(": {}", part.notes.join("; ")) };
            let kind = part.kind.to_lowercase().replace('_', " ");
            rows.push(("", format!("{kind} {} {}{notes}", part.id, part.can_send.to_lowercase()), style));
        }
        Self::facts(area, &rows, buf, theme);
    }

    /// A link as a code, with the words beside it.
    pub(super) fn draw_code(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let Some(link) = self.link() else { return };
        let code = qr::lines(&link.url).unwrap_or_default();
        let (cells, rows) = (code.first().map_or(0, |r| r.chars().count()) as u16, code.len() as u16);
        let size = ((cells + 50).clamp(76, area.width.max(76)), (rows + 4).max(14).min(area.height));
        let Some(inner) = frame::open(area, size.0, size.1, "Short link", &link.code, buf, theme) else {
            return;
        };
        let fits = cells > 0 && rows < inner.height && cells + 26 <= inner.width;
        let x = if fits {
            // Dark on light, whatever the theme is: a phone reads no other.
            let style = Style::new().fg(Color::Black).bg(Color::White);
            for (y, row) in (inner.y..inner.bottom()).zip(&code) {
                for (x, c) in (inner.x..inner.right()).zip(row.chars()) {
                    frame::glyph(buf, x, y, c.encode_utf8(&mut [0; 4]), style);
                }
            }
            inner.x + cells + 2
        } else {
            inner.x
        };
        let foot = inner.bottom().saturating_sub(1);
        let width = inner.right().saturating_sub(x);
        let mut y = inner.y;
        let mut say = |s: &str, style: Style| {
            if y < foot {
                y += frame::paragraph(buf, Rect::new(x, y, width, foot - y), &text::sanitize(s), style) + 1;
            }
        };
        say("Whoever opens this, or reads the code with a phone:", theme.dim);
        say(&link.url, theme.link);
        say("finds a chat with this already written:", theme.dim);
        say(&link.text, theme.text);
        if !fits && cells > 0 {
            say(&format!("The code needs {}x{} cells.", cells + 30, rows + 3), theme.warn);
        }
        frame::keys(buf, Rect::new(x, foot, width, 1), self.keys(), theme);
    }
}
