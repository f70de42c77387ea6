//! Forwarding: to whom, then what exactly, then one message after the other. What cannot be forwarded is said before.
//!
//! The provider knows no forwarding: what leaves is a new message with the same content. The window of the other thread is
//! the engine's to check.

use super::field::{Effect, Field};
use super::frame::{self, Selection};
use super::talk::Talk;
use super::{Delivery, Hint, Overlay, Step, say_nothing};
use crate::clock::Millis;
use crate::model::contact::display_phone;
use crate::model::event::Recipient;
use crate::model::ids::{AccountId, ThreadId};
use crate::model::media::StoredFile;
use crate::model::message::{Body, ContactCard, Message};
use crate::model::outgoing::Outgoing;
use crate::model::thread::ThreadRow;
use crate::protocol::{Problem, Request};
use crate::text;
use crate::tui::mask;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Threads asked for at a time.
const ROWS: u32 = 20;

/// A message as it would be forwarded.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// In one safe line.
    pub line: String,
    /// What leaves, or why nothing can.
    pub content: Result<Outgoing, &'static str>,
    /// What is lost on the way.
    pub loss: Option<&'static str>,
}

impl Item {
    /// What of a message can be forwarded.
    #[must_use]
    pub fn of(m: &Message) -> Self {
        let plain = m.body.plain_text();
        let words = || {
            if plain.trim().is_empty() { Err("it has no text") } else { Ok(Outgoing::text(plain.clone())) }
        };
        let (content, loss) = match &m.body {
            Body::Text { .. } => (words(), None),
            Body::Media { kind, media, caption } if media.stored.is_some() => {
                let file = StoredFile::of_card(media)
                    .ok_or("files cannot be forwarded: they are not on this machine");
                let content =
                    file.map(|file| Outgoing::Media { kind: *kind, file, caption: caption.clone() });
                (content, None)
            }
            Body::Media { .. } => (Err("files cannot be forwarded: they are not on this machine"), None),
            Body::Location { latitude, longitude, name, address } => (
                Ok(Outgoing::Location {
                    latitude: *latitude,
                    longitude: *longitude,
                    name: name.clone(),
                    address: address.clone(),
                }),
                None,
            ),
            Body::Contacts { cards } => {
                (Ok(Outgoing::Contacts { cards: cards.iter().map(with_a_part).collect() }), None)
            }
            Body::Interactive { buttons, rows, .. } => {
                let choices = buttons.iter().map(|b| &b.text).chain(rows.iter().map(|r| &r.title));
                let choices: Vec<String> = choices.map(|c| format!("• {c}")).collect();
                let all = format!("{plain}\n{}", choices.join("\n"));
                (Ok(Outgoing::text(all.trim().to_owned())), Some("as text: its buttons cannot be pressed"))
            }
            Body::Template { .. } => (words(), Some("as text, without its buttons")),
            Body::Choice { .. } | Body::Form { .. } | Body::Order { .. } => (words(), Some("as text")),
            Body::Revoked => (Err("it was deleted by its sender"), None),
            Body::Call { .. } | Body::System { .. } => (Err("it is no message of anybody"), None),
            Body::Unsupported { .. } | Body::Unknown { .. } => {
                (Err("WhatsApp did not hand its content over"), None)
            }
            Body::Note { .. } => (Err("a note stays here: it is not for customers"), None),
        };
        let content = content.and_then(|c| match c.check() {
            Ok(()) => Ok(c),
            Err(_) => Err("it breaks a rule for new messages: it is too long, or a part is missing"),
        });
        let said = text::sanitize(&plain).into_owned();
        let kind = m.body.kind();
        let line = match (kind, said.is_empty()) {
            ("text", _) => said,
            (kind, true) => kind.to_owned(),
            (kind, false) => format!("{kind} · {said}"),
        };
        Self { line, content, loss }
    }
}

/// A card needs a part of the name besides the whole name.
fn with_a_part(card: &ContactCard) -> ContactCard {
    let mut card = card.clone();
    if card.first_name.is_empty() && card.last_name.is_empty() && card.organisation.is_empty() {
        card.first_name = card.name.split_whitespace().next().unwrap_or(&card.name).to_owned();
    }
    card
}

#[derive(Clone, Debug, PartialEq)]
enum State {
    Choosing,
    Asking(Box<ThreadRow>),
    /// So many have left.
    Sending(Box<ThreadRow>, usize),
}

/// Chooses a thread and forwards messages to it.
pub struct ForwardBox {
    items: Vec<Item>,
    query: Field,
    known: Vec<ThreadRow>,
    found: Option<Vec<ThreadRow>>,
    selection: Selection,
    names: Vec<(AccountId, String)>,
    now: Millis,
    state: State,
    problem: Option<Problem>,
}

impl ForwardBox {
    /// `known` are threads to choose from before anything is typed, `names` those of the accounts.
    #[must_use]
    pub fn new(
        items: Vec<Item>,
        known: Vec<ThreadRow>,
        names: Vec<(AccountId, String)>,
        now: Millis,
    ) -> Self {
        Self {
            items,
            query: Field::line(100),
            known,
            found: None,
            selection: Selection::default(),
            names,
            now,
            state: State::Choosing,
            problem: None,
        }
    }

    fn rows(&self) -> &[ThreadRow] {
        self.found.as_deref().unwrap_or(&self.known)
    }

    fn sendable(&self) -> Vec<&Outgoing> {
        self.items.iter().filter_map(|i| i.content.as_ref().ok()).collect()
    }

    fn typed(&mut self) -> Vec<Step> {
        self.problem = None;
        let text = self.query.text().trim().to_owned();
        if text.is_empty() {
            self.found = None;
            self.selection.set(0);
            return Vec::new();
        }
        vec![Step::Ask(Box::new(Request::People { account: None, text, limit: ROWS }))]
    }

    fn send(&self, thread: ThreadId, n: usize) -> Vec<Step> {
        match self.sendable().get(n) {
            Some(content) => vec![Step::Ask(Box::new(Request::Send {
                account: None,
                to: Recipient::Thread { thread },
                content: (*content).clone(),
                quote: None,
                at: None,
            }))],
            None => Vec::new(),
        }
    }

    fn who(row: &ThreadRow, theme: &Theme) -> String {
        let mut out = mask::name(&text::sanitize(&row.title), theme.mask).into_owned();
        if let Some(phone) = row.phone.as_deref().map(display_phone).filter(|p| *p != row.title) {
            out = format!("{out}  {}", mask::numbers(&phone, theme.mask));
        }
        out
    }

    fn account<'a>(&'a self, row: &'a ThreadRow) -> &'a str {
        self.names.iter().find(|(id, _)| *id == row.account).map_or(row.account.as_str(), |(_, n)| n)
    }

    fn draw_list(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let rows = self.rows();
        if rows.is_empty() {
            frame::paragraph(buf, area, "Nobody has this in the name or number.", theme.text);
            return;
        }
        for (n, i) in self.selection.window(rows.len(), usize::from(area.height)).enumerate() {
            let line = Rect::new(area.x, area.y + n as u16, area.width, 1);
            let row = &rows[i];
            let open = row.window.is_open(self.now);
            let (say, style) = if open { ("window open", theme.good) } else { ("window closed", theme.warn) };
            let right = frame::put_right(buf, line.right(), line.y, 14, say, style).saturating_sub(2);
            let right = if self.names.len() > 1 && line.width > 60 {
                frame::put_right(buf, right, line.y, 18, self.account(row), theme.dim).saturating_sub(2)
            } else {
                right
            };
            frame::put(buf, line.x, line.y, right.saturating_sub(line.x), &Self::who(row, theme), theme.text);
            if i == self.selection.at {
                frame::select(buf, line, theme);
            }
        }
    }

    fn draw_question(
        &self,
        row: &ThreadRow,
        sent: Option<usize>,
        area: Rect,
        buf: &mut Buffer,
        theme: &Theme,
    ) {
        let mut y = area.y;
        let mut put = |s: &str, style| {
            if y < area.bottom().saturating_sub(2) {
                frame::put(buf, area.x, y, area.width, s, style);
            }
            y += 1;
        };
        put(&format!("To {}", Self::who(row, theme)), theme.strong);
        put(&format!("on {}", self.account(row)), theme.dim);
        if !row.window.is_open(self.now) {
            put("Its window is closed: what is no template will be refused.", theme.warn);
        }
        put("", theme.text);
        for i in &self.items {
            let line = mask::numbers(&i.line, theme.mask).into_owned();
            match (&i.content, i.loss) {
                (Ok(_), None) => put(&format!("→ {line}"), theme.text),
                (Ok(_), Some(loss)) => {
                    put(&format!("→ {line}"), theme.text);
                    put(&format!("    {loss}"), theme.warn);
                }
                (Err(why), _) => {
                    put(&format!("✗ {line}"), theme.dim);
                    put(&format!("    not forwarded: {why}"), theme.warn);
                }
            }
        }
        let below = Rect::new(area.x, area.bottom().saturating_sub(3), area.width, 2);
        let keys = Rect::new(area.x, area.bottom().saturating_sub(1), area.width, 1);
        if let Some(p) = &self.problem {
            for line in [below, keys] {
                for x in line.left()..line.right() {
                    for y in line.top()..line.bottom() {
                        frame::glyph(buf, x, y, " ", theme.text);
                    }
                }
            }
            frame::problem(buf, below, p, theme);
            frame::keys(buf, keys, &[("Esc", "another thread")], theme);
        } else if let Some(sent) = sent {
            let say = format!("sending {} of {}…", sent + 1, self.sendable().len());
            frame::put(buf, keys.x, keys.y, keys.width, &say, theme.dim);
        } else if self.sendable().is_empty() {
            frame::keys(buf, keys, &[("Esc", "close: there is nothing to forward")], theme);
        } else {
            frame::keys(buf, keys, &[("y", "forward"), ("other key", "another thread")], theme);
        }
    }
}

impl Overlay for ForwardBox {
    fn name(&self) -> &'static str {
        "forward"
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        match self.state.clone() {
            State::Sending(..) if self.problem.is_none() => Vec::new(),
            State::Asking(row) if plain && key.code == KeyCode::Char('y') && !self.sendable().is_empty() => {
                let steps = self.send(row.id, 0);
                self.state = State::Sending(row, 0);
                steps
            }
            State::Asking(_) | State::Sending(..) => {
                let left = self.sendable().is_empty();
                self.state = State::Choosing;
                self.problem = None;
                if left { vec![Step::Close] } else { Vec::new() }
            }
            State::Choosing => {
                if self.selection.key(key, self.rows().len()) {
                    return Vec::new();
                }
                match key.code {
                    KeyCode::Esc => vec![Step::Close],
                    KeyCode::Enter => {
                        let Some(row) = self.rows().get(self.selection.at).cloned() else {
                            return say_nothing(self.query.text(), "fewer letters find more");
                        };
                        self.state = State::Asking(Box::new(row));
                        Vec::new()
                    }
                    _ if self.query.key(key) == Effect::Changed => self.typed(),
                    _ => Vec::new(),
                }
            }
        }
    }

    fn paste(&mut self, text: &str) -> Vec<Step> {
        if self.state == State::Choosing && self.query.insert(text) { self.typed() } else { Vec::new() }
    }

    fn deliver(&mut self, delivery: Delivery) -> Vec<Step> {
        match (delivery, self.state.clone()) {
            (Delivery::Threads(text, rows), _) if text == self.query.text().trim() => {
                self.found = Some(rows);
                self.selection.set(0);
                Vec::new()
            }
            (Delivery::Queued(_), State::Sending(row, n)) => {
                let total = self.sendable().len();
                if n + 1 < total {
                    let steps = self.send(row.id, n + 1);
                    self.state = State::Sending(row, n + 1);
                    return steps;
                }
                let s = if total == 1 { "" } else { "s" };
                let left = match self.items.len() - total {
                    0 => String::new(),
                    n => format!(" · {n} could not be"),
                };
                let say = format!("{total} message{s} forwarded to {}{left}", row.title);
                vec![Step::Close, Step::Talk(Talk::Unmark), Step::Say(say)]
            }
            (Delivery::Problem(mut p), State::Sending(_, n)) => {
                if n > 0 {
                    p.what = format!("{n} were forwarded, then: {}", p.what);
                    // What has left is not sent again.
                    let mut gone = 0;
                    self.items.retain(|i| {
                        gone += usize::from(i.content.is_ok());
                        i.content.is_err() || gone > n
                    });
                }
                self.problem = Some(p);
                Vec::new()
            }
            (Delivery::Problem(p), _) => {
                self.problem = Some(p);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let n = self.items.len();
        let right = format!("{n} message{}", if n == 1 { "" } else { "s" });
        let inner = frame::open(area, 90, 26, "Forward", &right, buf, theme)?;
        match &self.state {
            State::Choosing => {
                frame::put(buf, inner.x, inner.y, 3, "to ", theme.focus);
                let line = Rect::new(inner.x + 3, inner.y, inner.width.saturating_sub(3), 1);
                let cursor = self.query.draw(line, buf, theme.text, "a name or a number", theme);
                let list = Rect { y: inner.y + 2, height: inner.height.saturating_sub(2), ..inner };
                match &self.problem {
                    Some(p) => {
                        frame::problem(buf, list, p, theme);
                    }
                    None => self.draw_list(list, buf, theme),
                }
                Some(cursor)
            }
            State::Asking(row) => {
                self.draw_question(row, None, inner, buf, theme);
                None
            }
            State::Sending(row, n) => {
                self.draw_question(row, Some(*n), inner, buf, theme);
                None
            }
        }
    }

    fn hints(&self) -> Vec<Hint> {
        match self.state {
            State::Choosing => vec![Hint::new("Enter", "choose"), Hint::new("Esc", "close")],
            State::Asking(_) if self.sendable().is_empty() => vec![Hint::new("Esc", "close")],
            State::Asking(_) => vec![Hint::new("y", "forward"), Hint::new("Esc", "back")],
            State::Sending(..) => vec![Hint::new("Esc", "back")],
        }
    }
}

#[cfg(test)]
#[path = "forward_tests.rs"]
mod tests;
