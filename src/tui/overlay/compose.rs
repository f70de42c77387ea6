//! Messages that are more than text, written as a form: buttons, a list, a link button, a place, a contact card.
//!
//! The rules are the model's: they are checked while typing and shown at the field that breaks one. What is half
//! filled in when the form is left is there when it is opened again.

use super::field::{Effect, Field};
use super::frame::{self, Rich};
use super::{Delivery, Hint, Overlay, Step};
use crate::model::event::Recipient;
use crate::model::ids::ThreadId;
use crate::model::message::{CardEntry, ContactCard, ShownRow};
use crate::model::outgoing::{
    BUTTON_MAX, FieldProblem, HEADER_MAX, INTERACTIVE_BODY_MAX, LIST_BODY_MAX, ListSection, Outgoing,
    ReplyButton, URL_MAX,
};
use crate::model::phone;
use crate::protocol::{Problem, Request};
use crate::text;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// Width of the picture of the message, border included: about what a phone shows in a line.
const PREVIEW: u16 = 36;

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Text with reply buttons.
    Buttons,
    /// Text with a list that opens.
    List,
    /// Text with a button that opens a web page.
    Link,
    /// A place.
    Place,
    /// A contact card.
    Card,
}

impl Shape {
    fn title(self) -> &'static str {
        match self {
            Self::Buttons => "Message with buttons",
            Self::List => "Message with a list",
            Self::Link => "Message with a link",
            Self::Place => "Place",
            Self::Card => "Contact card",
        }
    }
}

/// Half-written forms by thread and shape.
pub type Kept = Rc<RefCell<HashMap<(ThreadId, Shape), Vec<String>>>>;

struct Entry {
    /// The field's name in the model's rules.
    key: &'static str,
    label: &'static str,
    hint: &'static str,
    /// Characters allowed; 0 where the number says nothing.
    max: usize,
    many: bool,
    field: Field,
}

impl Entry {
    fn new(key: &'static str, label: &'static str, hint: &'static str, max: usize) -> Self {
        // What is too long can be typed and cut by hand; a paste of a book cannot.
        Self { key, label, hint, max, many: false, field: Field::line(4 * max.max(128) + 64) }
    }

    fn many(self) -> Self {
        Self { many: true, field: Field::lines(4 * self.max.max(1024) + 1024), ..self }
    }
}

fn entries(shape: Shape) -> Vec<Entry> {
    let header = || Entry::new("header", "Header", "optional", HEADER_MAX);
    let footer = || Entry::new("footer", "Footer", "optional", HEADER_MAX);
    let body = |max| Entry::new("text", "Text", "what the customer reads", max).many();
    match shape {
        Shape::Buttons => vec![
            header(),
            body(INTERACTIVE_BODY_MAX),
            footer(),
            Entry::new("button", "Buttons", "up to 3, one a line", 0).many(),
        ],
        Shape::List => vec![
            header(),
            body(LIST_BODY_MAX),
            footer(),
            Entry::new("caption", "Caption", "of the button that opens the list", BUTTON_MAX),
            Entry::new("row", "Rows", "# section, or title | description", 0).many(),
        ],
        Shape::Link => vec![
            header(),
            body(INTERACTIVE_BODY_MAX),
            footer(),
            Entry::new("button", "Caption", "of the button", BUTTON_MAX),
            Entry::new("url", "Address", "https://…", URL_MAX),
        ],
        Shape::Place => vec![
            Entry::new("latitude", "Degrees north", "38.7223, or both: 38.7223, -9.1393", 0),
            Entry::new("longitude", "Degrees east", "-9.1393", 0),
            Entry::new("name", "Name", "optional", 0),
            Entry::new("address", "Address", "optional", 0),
        ],
        Shape::Card => vec![
            Entry::new("name", "Name", "first and last name", 0),
            Entry::new("phone", "Phone", "+55 11 …; several with commas", 0),
            Entry::new("email", "E-mail", "optional; several: with commas", 0),
            Entry::new("organisation", "Company", "optional", 0),
        ],
    }
}

/// The form of a message.
pub struct Form {
    shape: Shape,
    thread: ThreadId,
    to: String,
    entries: Vec<Entry>,
    focus: usize,
    /// Whether the operator has tried to send: now what is empty is wrong too.
    tried: bool,
    sending: bool,
    refused: Option<Problem>,
    kept: Kept,
}

impl Form {
    /// A form for a thread, with what was written in it before.
    #[must_use]
    pub fn new(shape: Shape, thread: ThreadId, to: String, kept: Kept) -> Self {
        let mut form = Self {
            shape,
            thread,
            to,
            entries: entries(shape),
            focus: 0,
            tried: false,
            sending: false,
            refused: None,
            kept,
        };
        if let Some(texts) = form.kept.borrow().get(&(thread, shape)) {
            for (e, text) in form.entries.iter_mut().zip(texts) {
                e.field.set(text);
            }
        }
        form
    }

    /// The text of a field.
    fn of(&self, key: &str) -> String {
        let found = self.entries.iter().find(|e| e.key == key);
        found.map(|e| e.field.text().trim().to_owned()).unwrap_or_default()
    }

    fn number(key: &'static str, text: &str) -> Result<f64, FieldProblem> {
        let plain = text.trim().trim_end_matches('°').trim_start_matches('+');
        plain.parse().ok().filter(|n: &f64| n.is_finite()).ok_or_else(|| {
            FieldProblem::new(key, if text.is_empty() { "is empty" } else { "must be a number: 38.7223" })
        })
    }

    /// The message as it is written now, or the first rule that it breaks.
    fn content(&self) -> Result<Outgoing, FieldProblem> {
        let (header, text, footer) = (self.of("header"), self.of("text"), self.of("footer"));
        let content = match self.shape {
            Shape::Buttons => {
                let titles = self.of("button");
                let buttons = lines(&titles).map(|t| ReplyButton { id: t.into(), title: t.into() }).collect();
                Outgoing::Buttons { header, text, footer, buttons }
            }
            Shape::List => {
                let sections = sections(&self.of("row"));
                Outgoing::List { header, text, footer, button: self.of("caption"), sections }
            }
            Shape::Link => {
                Outgoing::Link { header, text, footer, button: self.of("button"), url: self.of("url") }
            }
            Shape::Place => {
                let (mut north, mut east) = (self.of("latitude"), self.of("longitude"));
                // A map gives both at once.
                if let Some((n, e)) = north.clone().split_once(',').filter(|_| east.is_empty()) {
                    (north, east) = (n.trim().to_owned(), e.trim().to_owned());
                }
                Outgoing::Location {
                    latitude: Self::number("latitude", &north)?,
                    longitude: Self::number("longitude", &east)?,
                    name: self.of("name"),
                    address: self.of("address"),
                }
            }
            Shape::Card => Outgoing::Contacts { cards: vec![self.card()?] },
        };
        content.check()?;
        Ok(content)
    }

    fn card(&self) -> Result<ContactCard, FieldProblem> {
        let name = self.of("name");
        let (first, last) = name.split_once(' ').unwrap_or((&name, ""));
        let mut phones = Vec::new();
        for number in list(&self.of("phone")) {
            let digits = phone::typed(number).filter(|d| (7..=15).contains(&d.len()));
            let digits = digits.ok_or_else(|| {
                FieldProblem::new("phone", format!("`{number}` is no number with a country code"))
            })?;
            phones.push(CardEntry { label: "CELL".into(), value: format!("+{digits}"), wa_id: None });
        }
        let mut emails = Vec::new();
        for address in list(&self.of("email")) {
            let fits = address.split_once('@').is_some_and(|(a, b)| !a.is_empty() && b.contains('.'));
            if !fits {
                return Err(FieldProblem::new("email", format!("`{address}` is no mail address")));
            }
            emails.push(CardEntry { label: "WORK".into(), value: address.into(), wa_id: None });
        }
        if !name.is_empty() && phones.is_empty() && emails.is_empty() {
            return Err(FieldProblem::new("phone", "is empty: a card needs a number or a mail address"));
        }
        Ok(ContactCard {
            first_name: first.to_owned(),
            last_name: last.trim().to_owned(),
            organisation: self.of("organisation"),
            phones,
            emails,
            name,
        })
    }

    /// The field that a rule is about, and what is wrong there.
    fn problem(&self) -> Option<(usize, String)> {
        if let Some(p) = self.refused.as_ref().and_then(|p| Some((p.field.as_deref()?, p))) {
            let say = p.1.what.split_once(": ").map_or(&*p.1.what, |(_, rest)| rest);
            return Some((self.entry(p.0), say.to_owned()));
        }
        let p = self.content().err()?;
        let at = self.entry(&p.field);
        // Nobody is blamed for a field that is not written yet.
        let empty = self.entries[at].field.text().trim().is_empty();
        let place = place_of(&p.field);
        (self.tried || !empty).then(|| (at, format!("{place}{}", p.problem)))
    }

    fn entry(&self, field: &str) -> usize {
        let root = field.split('.').next().unwrap_or(field);
        let key = match (self.shape, root) {
            (Shape::List, "button") => "caption",
            (Shape::List, "rows" | "section") => "row",
            (_, "buttons") => "button",
            (Shape::Card, "contact" | "contacts") => "name",
            (_, other) => other,
        };
        self.entries.iter().position(|e| e.key == key).unwrap_or(0)
    }

    fn keep(&self) {
        let texts: Vec<String> = self.entries.iter().map(|e| e.field.text().to_owned()).collect();
        let mut kept = self.kept.borrow_mut();
        if texts.iter().all(String::is_empty) {
            kept.remove(&(self.thread, self.shape));
        } else {
            kept.insert((self.thread, self.shape), texts);
        }
    }

    fn step(&mut self, forward: bool) {
        let n = self.entries.len() + 1;
        self.focus = if forward { (self.focus + 1) % n } else { (self.focus + n - 1) % n };
    }

    fn send(&mut self) -> Vec<Step> {
        self.tried = true;
        self.refused = None;
        let Ok(content) = self.content() else {
            if let Some((at, _)) = self.problem() {
                self.focus = at;
            }
            return Vec::new();
        };
        self.sending = true;
        let to = Recipient::Thread { thread: self.thread };
        vec![Step::Ask(Box::new(Request::Send { account: None, to, content, quote: None, at: None }))]
    }

    fn draw_entry(
        &self,
        buf: &mut Buffer,
        area: Rect,
        i: usize,
        wrong: Option<&str>,
        theme: &Theme,
    ) -> Option<Position> {
        let e = &self.entries[i];
        let focused = i == self.focus && !self.sending;
        let style = if focused { theme.strong } else { theme.text };
        let x = frame::put(buf, area.x, area.y, area.width, e.label, style);
        let mut right = area.right();
        if e.max > 0 && !e.field.is_empty() {
            let n = e.field.text().trim().chars().count();
            let style = if n > e.max { theme.bad } else { theme.dim };
            right = frame::put_right(buf, right, area.y, 12, &format!("{n}/{}", e.max), style);
        }
        let room = right.saturating_sub(x + 2);
        if let Some(why) = wrong {
            frame::put(buf, x + 1, area.y, room, why, theme.bad);
        } else if !e.field.is_empty() {
            frame::put(buf, x + 1, area.y, room, e.hint, theme.dim);
        }
        let value = Rect::new(area.x + 2, area.y + 1, area.width - 2, area.height - 1);
        for y in value.top()..value.bottom() {
            frame::glyph(buf, area.x, y, "▏", if focused { theme.focus } else { theme.border });
        }
        let at = e.field.draw(value, buf, theme.text, e.hint, theme);
        focused.then_some(at)
    }

    fn draw_fields(&self, buf: &mut Buffer, area: Rect, theme: &Theme) -> Option<Position> {
        let wrong = self.problem();
        let many = self.entries.iter().filter(|e| e.many).count() as u16;
        let single = 2 * (self.entries.len() as u16 - many);
        let share = area.height.saturating_sub(single).checked_div(many).unwrap_or(2).clamp(3, 12);
        let height = |e: &Entry| if e.many { share } else { 2 };
        let focus = self.focus.min(self.entries.len() - 1);
        // From the first field on from which the focused one is on the screen.
        let mut first = 0;
        while first < focus && self.entries[first..=focus].iter().map(height).sum::<u16>() > area.height {
            first += 1;
        }
        let mut y = area.y;
        let mut cursor = None;
        for (i, e) in self.entries.iter().enumerate().skip(first) {
            let h = height(e).min(area.bottom().saturating_sub(y));
            if h < 2 {
                break;
            }
            let say = wrong.as_ref().filter(|(at, _)| *at == i).map(|(_, say)| say.as_str());
            let place = Rect { y, height: h, ..area };
            cursor = cursor.or(self.draw_entry(buf, place, i, say, theme));
            y += h;
        }
        cursor
    }

    fn draw_foot(&self, buf: &mut Buffer, area: Rect, theme: &Theme) {
        if self.sending {
            frame::put(buf, area.x, area.y, area.width, "Sending…", theme.dim);
            return;
        }
        let on_button = self.focus == self.entries.len();
        let x = frame::button(buf, area.x, area.y, "Send", on_button, theme) + 2;
        let many = self.entries.get(self.focus).is_some_and(|e| e.many);
        let enter = if on_button {
            "send"
        } else if many {
            "new line"
        } else {
            "next"
        };
        let keys = Rect::new(x, area.y, area.right().saturating_sub(x), 1);
        frame::keys(
            buf,
            keys,
            &[("Enter", enter), ("Tab", "next"), ("F10", "send"), ("Esc", "later")],
            theme,
        );
        let below = Rect::new(area.x, area.y + 1, area.width, area.height - 1);
        match (&self.refused, self.problem()) {
            (Some(p), _) => {
                frame::problem(buf, below, p, theme);
            }
            // At the field there may be no room for all of it.
            (None, Some((at, say))) => {
                let label = self.entries[at].label;
                frame::paragraph(buf, below, &format!("{label}: {say}"), theme.bad);
            }
            (None, None) => {
                let say = format!("to {} · can be taken back for a moment", text::sanitize(&self.to));
                frame::put(buf, below.x, below.y, below.width, &say, theme.dim);
            }
        }
    }
}

/// Which of several a rule is about, in words.
fn place_of(field: &str) -> String {
    let parts: Vec<&str> = field.split('.').collect();
    let n = |s: &str| s.parse::<usize>().map_or(0, |n| n + 1);
    match parts.as_slice() {
        ["button", i, ..] => format!("button {} ", n(i)),
        ["section", s, "row", r, "description"] => format!("section {}, row {}: description ", n(s), n(r)),
        ["section", s, "row", r, ..] => format!("section {}, row {} ", n(s), n(r)),
        ["section", s] => format!("section {} ", n(s)),
        _ => String::new(),
    }
}

fn lines(s: &str) -> impl Iterator<Item = &str> {
    s.lines().map(str::trim).filter(|l| !l.is_empty())
}

fn list(s: &str) -> impl Iterator<Item = &str> {
    s.split([',', ';']).map(str::trim).filter(|l| !l.is_empty())
}

/// Rows from lines: `title | description`; a line that begins with `#` begins a section.
fn sections(s: &str) -> Vec<ListSection> {
    let mut out: Vec<ListSection> = Vec::new();
    let mut ids: HashMap<String, usize> = HashMap::new();
    for line in lines(s) {
        if let Some(title) = line.strip_prefix('#') {
            out.push(ListSection { title: title.trim().to_owned(), rows: Vec::new() });
            continue;
        }
        let (title, description) = line.split_once('|').unwrap_or((line, ""));
        let title = title.trim().to_owned();
        // The id comes back with the choice: the words say most. Two rows may have the same.
        let n = ids.entry(title.clone()).or_default();
        *n += 1;
        let id = if *n == 1 { title.clone() } else { format!("{title} {n}") };
        if out.is_empty() {
            out.push(ListSection { title: String::new(), rows: Vec::new() });
        }
        if let Some(section) = out.last_mut() {
            section.rows.push(ShownRow { id, title, description: description.trim().to_owned() });
        }
    }
    out
}

/// The fields that a message was written in; `None` for one that has no form.
#[must_use]
pub fn texts_of(content: &Outgoing) -> Option<(Shape, Vec<String>)> {
    let join = |list: &[CardEntry]| list.iter().map(|e| e.value.clone()).collect::<Vec<_>>().join(", ");
    Some(match content.clone() {
        Outgoing::Buttons { header, text, footer, buttons } => {
            let titles: Vec<String> = buttons.into_iter().map(|b| b.title).collect();
            (Shape::Buttons, vec![header, text, footer, titles.join("\n")])
        }
        Outgoing::List { header, text, footer, button, sections } => {
            let mut rows = Vec::new();
            for s in sections {
                if !s.title.is_empty() {
                    rows.push(format!("# {}", s.title));
                }
                rows.extend(s.rows.into_iter().map(|r| {
                    if r.description.is_empty() {
                        r.title
                    } else {
                        format!("{} | {}", r.title, r.description)
                    }
                }));
            }
            (Shape::List, vec![header, text, footer, button, rows.join("\n")])
        }
        Outgoing::Link { header, text, footer, button, url } => {
            (Shape::Link, vec![header, text, footer, button, url])
        }
        Outgoing::Location { latitude, longitude, name, address } => {
            (Shape::Place, vec![latitude.to_string(), longitude.to_string(), name, address])
        }
        Outgoing::Contacts { cards } => {
            let c = cards.into_iter().next()?;
            (Shape::Card, vec![c.name, join(&c.phones), join(&c.emails), c.organisation])
        }
        Outgoing::Text { .. }
        | Outgoing::Template { .. }
        | Outgoing::Reaction { .. }
        | Outgoing::Media { .. } => return None,
    })
}

/// The message about as a phone shows it, as far as it is written.
fn preview(form: &Form, buf: &mut Buffer, area: Rect, theme: &Theme) {
    let width = area.width.min(PREVIEW);
    if width < 16 || area.height < 4 {
        return;
    }
    let inner = usize::from(width - 4);
    let mut parts: Vec<Rich> = Vec::new();
    let mut add = |s: &str, style| {
        if !s.is_empty() {
            let mut rich = Rich::default();
            rich.push(s, style);
            parts.push(rich);
        }
    };
    let of = |key: &str| form.of(key);
    add(&of("header"), theme.strong);
    if form.shape != Shape::Card && form.shape != Shape::Place {
        let text = of("text");
        let mut rich = Rich::default();
        rich.push(if text.is_empty() { "…" } else { &text }, theme.text);
        parts.push(rich.formatted());
        let mut add = |s: &str, style| {
            let mut rich = Rich::default();
            rich.push(s, style);
            parts.push(rich);
        };
        let footer = of("footer");
        if !footer.is_empty() {
            add(&footer, theme.dim);
        }
        match form.shape {
            Shape::Buttons => {
                for b in lines(&of("button")) {
                    add(&format!("[ ↩ {b} ]"), theme.link);
                }
            }
            Shape::Link => add(&format!("[ ↗ {} ]\n{}", of("button"), of("url")), theme.link),
            _ => {
                add(&format!("[ ≡ {} ]", of("caption")), theme.link);
                for s in sections(&of("row")) {
                    if !s.title.is_empty() {
                        add(&s.title, theme.strong);
                    }
                    for r in s.rows {
                        add(&format!("• {}", r.title), theme.text);
                        if !r.description.is_empty() {
                            add(&format!("  {}", r.description), theme.dim);
                        }
                    }
                }
            }
        }
    } else if form.shape == Shape::Place {
        let name = of("name");
        add(&format!("📍 {}", if name.is_empty() { "place" } else { &name }), theme.strong);
        add(&of("address"), theme.text);
        if let Ok(Outgoing::Location { latitude, longitude, .. }) = form.content() {
            add(&format!("{latitude:.5}, {longitude:.5}"), theme.dim);
        }
    } else {
        add(&format!("👤 {}", of("name")), theme.strong);
        add(&of("organisation"), theme.dim);
        if let Ok(card) = form.card() {
            for e in card.phones.iter().chain(&card.emails) {
                add(&e.value, theme.text);
            }
        }
    }
    let rows: u16 = parts.iter().map(|p| text::wrap(&p.text, inner).len() as u16).sum();
    let outer = Rect { width, height: (rows + 2).min(area.height), ..area };
    frame::border(outer, buf, theme.ours);
    let mut y = outer.y + 1;
    for p in parts {
        let room = (outer.bottom() - 1).saturating_sub(y);
        if room == 0 {
            break;
        }
        let place = Rect::new(outer.x + 2, y, width - 4, room);
        y += p.draw(buf, place, theme.text);
    }
}

impl Overlay for Form {
    fn name(&self) -> &'static str {
        "compose"
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        if self.sending {
            return if key.code == KeyCode::Esc { vec![Step::Close] } else { Vec::new() };
        }
        let many = self.entries.get(self.focus).is_some_and(|e| e.many);
        match key.code {
            KeyCode::Esc => {
                self.keep();
                let begun = self.kept.borrow().contains_key(&(self.thread, self.shape));
                let say = begun.then(|| Step::Say("what is written in the form stays in it".into()));
                return std::iter::once(Step::Close).chain(say).collect();
            }
            KeyCode::F(10) => return self.send(),
            KeyCode::Enter if ctrl => return self.send(),
            KeyCode::Tab => self.step(true),
            KeyCode::BackTab => self.step(false),
            KeyCode::Enter if self.focus == self.entries.len() => return self.send(),
            KeyCode::Enter if many => {
                if let Some(e) = self.entries.get_mut(self.focus) {
                    e.field.insert("\n");
                }
            }
            KeyCode::Enter => self.step(true),
            _ => {
                let effect = self.entries.get_mut(self.focus).map_or(Effect::Ignored, |e| e.field.key(key));
                match (effect, key.code) {
                    (Effect::Changed, _) => self.refused = None,
                    (Effect::Ignored, KeyCode::Down) => self.step(true),
                    (Effect::Ignored, KeyCode::Up) => self.step(false),
                    _ => {}
                }
            }
        }
        self.keep();
        Vec::new()
    }

    fn paste(&mut self, pasted: &str) -> Vec<Step> {
        if !self.sending
            && let Some(e) = self.entries.get_mut(self.focus)
            && e.field.insert(pasted)
        {
            self.refused = None;
            self.keep();
        }
        Vec::new()
    }

    fn deliver(&mut self, delivery: Delivery) -> Vec<Step> {
        match delivery {
            Delivery::Queued(_) => {
                self.kept.borrow_mut().remove(&(self.thread, self.shape));
                vec![Step::Close]
            }
            Delivery::Problem(p) => {
                self.sending = false;
                if let Some(field) = &p.field {
                    self.focus = self.entry(field);
                }
                self.refused = Some(p);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let inner = frame::open(area, 104, 30, self.shape.title(), "", buf, theme)?;
        let foot = 3;
        let body = Rect { height: inner.height.saturating_sub(foot + 1), ..inner };
        frame::rule(buf, Rect::new(inner.x, body.bottom(), inner.width, 1), "", theme);
        self.draw_foot(buf, Rect::new(inner.x, body.bottom() + 1, inner.width, foot), theme);
        let wide = body.width >= 66;
        let fields = if wide {
            let at = body.right() - PREVIEW;
            preview(self, buf, Rect { x: at, width: PREVIEW, ..body }, theme);
            Rect { width: at - body.x - 2, ..body }
        } else {
            body
        };
        self.draw_fields(buf, fields, theme)
    }

    fn hints(&self) -> Vec<Hint> {
        if self.sending {
            return vec![Hint::new("Esc", "close, it goes on")];
        }
        vec![Hint::new("Tab", "next field"), Hint::new("F10", "send"), Hint::new("Esc", "later")]
    }
}

#[cfg(test)]
#[path = "compose_tests.rs"]
mod tests;
