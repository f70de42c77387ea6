//! Search over everything, as you type.
//!
//! Knows what was found; finding it is the engine's. What is on the screen always belongs to a text that was
//! typed; an answer to an older text is dropped.

use super::field::{Effect, Field};
use super::frame::{self, Rich, TimeText};
use super::{Delivery, Hint, Overlay, Step, say_nothing};
use crate::model::contact::display_phone;
use crate::model::ids::{AccountId, MessageId};
use crate::model::message::Direction;
use crate::model::thread::ThreadRow;
use crate::protocol::{Cursor, Found, Hit, Line, Neighbours, Problem, Request};
use crate::text;
use crate::text::query::{self, BadQuery, Query};
use crate::tui::mask;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;
use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;

/// Messages asked for at a time.
const PAGE: u32 = 50;
/// Longest text to search for, in bytes.
const QUERY_MAX: usize = 300;
/// Messages that are enough to stop looking further back by oneself.
const ENOUGH: usize = 12;
/// Pages that are looked through for so many.
const FURTHER: u32 = 60;
/// Rows from which on every message has what stands around it.
const TALL: usize = 26;
/// How close to the end the selection comes before more is asked for.
const AHEAD: usize = 8;

/// A line of a message in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Head,
    Before,
    Text,
    After,
}

/// Searches contacts and messages.
pub struct SearchBox {
    home: Option<AccountId>,
    account: Option<AccountId>,
    when: TimeText,
    language: Language,
    query: Field,
    shown: Option<String>,
    threads: Vec<ThreadRow>,
    hits: Vec<Hit>,
    next: Option<Cursor>,
    more: bool,
    at: usize,
    first: Cell<usize>,
    page: Cell<usize>,
    // Enter was pressed before the answer to what is typed was there.
    impatient: bool,
    refused: Option<Problem>,
    // What of the query is not understood, as it stands.
    bad: Option<BadQuery>,
    // What stands around the messages.
    around: HashMap<MessageId, Neighbours>,
    // Pages that were asked for because those before had little.
    further: u32,
    // Whether there is room for what stands around every message.
    tall: Cell<bool>,
}

/// How queries are read here.
#[derive(Clone)]
pub struct Language {
    /// The operator's time zone by its name.
    pub zone: Option<String>,
    /// Reads a query.
    pub read: ReadQuery,
}

/// Reads a query, or says where it is wrong.
pub type ReadQuery = Arc<dyn Fn(&str) -> Result<Query, BadQuery> + Send + Sync>;

impl Default for Language {
    /// Days are those of UTC, and nothing is relative to now.
    fn default() -> Self {
        Self { zone: None, read: Arc::new(|text| query::parse(text, 0, &TimeZone::UTC)) }
    }
}

impl SearchBox {
    /// Searches one account, or all; `when` puts the time of a message into a few words.
    #[must_use]
    pub fn new(account: Option<AccountId>, when: TimeText) -> Self {
        Self {
            home: account.clone(),
            account,
            when,
            language: Language::default(),
            query: Field::line(QUERY_MAX),
            shown: None,
            threads: Vec::new(),
            hits: Vec::new(),
            next: None,
            more: false,
            at: 0,
            first: Cell::new(0),
            page: Cell::new(5),
            impatient: false,
            refused: None,
            bad: None,
            around: HashMap::new(),
            further: 0,
            tall: Cell::new(false),
        }
    }

    /// Reads queries in the operator's time zone.
    #[must_use]
    pub fn reading(mut self, language: Language) -> Self {
        self.language = language;
        self
    }

    fn wanted(&self) -> &str {
        self.query.text().trim()
    }

    fn waiting(&self) -> bool {
        !self.wanted().is_empty() && self.bad.is_none() && self.shown.as_deref() != Some(self.wanted())
    }

    fn total(&self) -> usize {
        self.threads.len() + self.hits.len()
    }

    fn ask(&self, before: Option<Cursor>) -> Vec<Step> {
        vec![Step::Ask(Box::new(Request::Search {
            text: self.wanted().to_owned(),
            zone: self.language.zone.clone(),
            account: self.account.clone(),
            thread: None,
            before,
            limit: PAGE,
        }))]
    }

    fn restart(&mut self) -> Vec<Step> {
        self.refused = None;
        self.impatient = false;
        self.more = false;
        self.next = None;
        self.further = 0;
        self.bad = (self.language.read)(self.query.text()).err();
        if self.bad.is_some() {
            // What was found before stays while a filter is being typed.
            return Vec::new();
        }
        if self.wanted().is_empty() {
            self.shown = None;
            self.threads.clear();
            self.hits.clear();
            self.at = 0;
            return Vec::new();
        }
        self.ask(None)
    }

    fn typed(&mut self, before: &str) -> Vec<Step> {
        if self.wanted() == before { Vec::new() } else { self.restart() }
    }

    fn open(&self) -> Vec<Step> {
        if let Some(t) = self.threads.get(self.at) {
            return vec![Step::OpenThread { thread: t.id, at: None }, Step::Close];
        }
        match self.hits.get(self.at - self.threads.len()) {
            Some(h) => {
                let (thread, id) = (h.message.thread, h.message.id);
                vec![Step::OpenThread { thread, at: Some(id) }, Step::Park]
            }
            None => say_nothing(self.query.text(), "other words, or fewer filters"),
        }
    }

    fn travel(&mut self, to: usize) -> Vec<Step> {
        self.at = to.min(self.total().saturating_sub(1));
        self.impatient = false;
        self.further = 0;
        let near = self.at + AHEAD >= self.total();
        match self.next {
            Some(cursor) if near && !self.more && !self.waiting() => {
                self.more = true;
                self.ask(Some(cursor))
            }
            _ => Vec::new(),
        }
    }

    fn take(&mut self, text: &str, found: Found) -> Vec<Step> {
        let elsewhere = |account: &AccountId| self.account.as_ref().is_some_and(|mine| mine != account);
        let foreign = found.threads.iter().any(|t| elsewhere(&t.account))
            || found.hits.items.iter().any(|h| elsewhere(&h.message.account));
        if text.trim() != self.wanted() || foreign {
            return Vec::new();
        }
        if self.more {
            let known = |h: &Hit| self.hits.iter().any(|have| have.message.id == h.message.id);
            // A second answer to the first page: we have it, the next page is still to come.
            if !found.threads.is_empty() || found.hits.items.first().is_some_and(known) {
                return Vec::new();
            }
            self.more = false;
            self.next = found.hits.next;
            let new: Vec<Hit> = found.hits.items.into_iter().filter(|h| !known(h)).collect();
            let mut steps = Self::ask_around(&new);
            self.hits.extend(new);
            steps.extend(self.go_on());
            return steps;
        }
        // The same text asked for again (another scope, or typed back and forth) starts over.
        let again = self.shown.as_deref() == Some(text.trim());
        self.shown = Some(text.trim().to_owned());
        self.threads = found.threads;
        self.hits = found.hits.items;
        self.next = found.hits.next;
        self.at = if again { self.at.min(self.total().saturating_sub(1)) } else { 0 };
        if !again {
            self.first.set(0);
        }
        if self.impatient && (self.total() > 0 || self.next.is_none()) {
            self.impatient = false;
            return self.open();
        }
        self.around.clear();
        let mut steps = Self::ask_around(&self.hits);
        steps.extend(self.go_on());
        steps
    }

    /// Asks for what stands around messages.
    fn ask_around(hits: &[Hit]) -> Vec<Step> {
        let messages: Vec<MessageId> = hits.iter().map(|h| h.message.id).collect();
        if messages.is_empty() {
            return Vec::new();
        }
        vec![Step::Ask(Box::new(Request::Neighbours { messages }))]
    }

    /// Looks further back where little was found: filters look at so many messages at a time.
    fn go_on(&mut self) -> Vec<Step> {
        match self.next {
            Some(cursor) if self.hits.len() < ENOUGH && self.further < FURTHER => {
                self.further += 1;
                self.more = true;
                self.ask(Some(cursor))
            }
            _ => Vec::new(),
        }
    }

    /// Takes a completion of what is being typed.
    fn complete(&mut self) -> Vec<Step> {
        let Some(first) = query::complete(self.query.text()).into_iter().next() else { return Vec::new() };
        let before = self.wanted().to_owned();
        let text = self.query.text();
        let begun = text.rfind(|c: char| c.is_whitespace() || c == ':' || c == '-').map_or(0, |at| at + 1);
        let done = format!("{}{first}{}", &text[..begun], if first.ends_with(':') { "" } else { " " });
        self.query.set(&done);
        self.typed(&before)
    }

    // The lines of a message: what was said before it, where there is room, its head, what was found, what was said after.
    fn parts(&self, hit: usize) -> Vec<Part> {
        let open = self.tall.get() || self.threads.len() + hit == self.at;
        let around = self.around.get(&self.hits[hit].message.id).filter(|_| open);
        let mut out = vec![Part::Head];
        if around.is_some_and(|a| a.before.is_some()) {
            out.push(Part::Before);
        }
        out.push(Part::Text);
        if around.is_some_and(|a| a.after.is_some()) {
            out.push(Part::After);
        }
        out
    }

    // The list on the screen in lines: a heading, people in one line each, a heading, messages in several each.
    fn line_of(&self, item: usize) -> usize {
        let people = self.threads.len();
        if item < people {
            return item + 1;
        }
        let heads = usize::from(people > 0) + 1;
        people + heads + (0..(item - people).min(self.hits.len())).map(|i| self.parts(i).len()).sum::<usize>()
    }

    // The message that a line belongs to, and which of its lines it is.
    fn place(&self, line: usize) -> Option<(usize, Part)> {
        let mut left = line.checked_sub(self.line_of(self.threads.len()))?;
        for i in 0..self.hits.len() {
            let parts = self.parts(i);
            match parts.get(left) {
                Some(part) => return Some((i, *part)),
                None => left -= parts.len(),
            }
        }
        None
    }

    fn draw_neighbour(&self, buf: &mut Buffer, line: Rect, said: &Line, theme: &Theme) {
        let ours = said.direction == Direction::Outbound;
        let x = line.x + 3;
        let right = frame::put_right(buf, line.right() - 1, line.y, 14, &(self.when)(said.at), theme.dim);
        let who = if ours { "us: " } else { "" };
        let kind = if said.text.is_empty() { said.kind.as_str() } else { "" };
        let say = format!("{who}{kind}{}", said.text);
        let say = mask::numbers(&text::sanitize(&say), theme.mask).into_owned();
        frame::put(buf, x, line.y, right.saturating_sub(x + 2), &say, theme.dim);
    }

    fn lines(&self) -> usize {
        if self.total() == 0 { 0 } else { self.line_of(self.total()) }
    }

    fn draw_thread(&self, buf: &mut Buffer, line: Rect, t: &ThreadRow, theme: &Theme) {
        let mut right = line.right() - 1;
        if t.unread > 0 {
            right = frame::put_right(buf, right, line.y, 8, &format!("● {}", t.unread), theme.unread) - 2;
        }
        right =
            frame::put_right(buf, right, line.y, 12, &(self.when)(t.last_at), theme.dim).saturating_sub(2);
        if self.account.is_none() && line.width > 60 {
            right = frame::put_right(buf, right, line.y, 12, t.account.as_str(), theme.dim).saturating_sub(2);
        }
        let x = line.x + 1;
        let x = frame::put(
            buf,
            x,
            line.y,
            right.saturating_sub(x).min(line.width / 2),
            &mask::name(&t.title, theme.mask),
            theme.strong,
        ) + 2;
        if let Some(phone) = t.phone.as_deref().map(display_phone).filter(|p| *p != t.title) {
            frame::put(buf, x, line.y, right.saturating_sub(x), &phone, theme.dim);
        }
    }

    fn draw_hit(&self, buf: &mut Buffer, line: Rect, h: &Hit, second: bool, theme: &Theme) {
        let ours = h.message.direction == Direction::Outbound;
        frame::glyph(buf, line.x + 1, line.y, "▏", if ours { theme.ours } else { theme.theirs });
        let x = line.x + 3;
        let right = line.right() - 1;
        if second {
            let rich = snippet(&h.snippet, theme);
            rich.draw_line(buf, x, line.y, right.saturating_sub(x), theme.text);
            return;
        }
        let right =
            frame::put_right(buf, right, line.y, 14, &(self.when)(h.message.at), theme.dim).saturating_sub(2);
        let mut after = frame::put(
            buf,
            x,
            line.y,
            right.saturating_sub(x),
            &mask::name(&h.title, theme.mask),
            theme.strong,
        );
        if ours {
            after = frame::put(buf, after, line.y, right.saturating_sub(after), " · from us", theme.dim);
        }
        let kind = h.message.body.kind();
        if kind != "text" {
            let say = format!(" · {kind}");
            after = frame::put(buf, after, line.y, right.saturating_sub(after), &say, theme.dim);
        }
        if self.account.is_none() {
            let say = format!(" · {}", h.message.account);
            frame::put(buf, after, line.y, right.saturating_sub(after), &say, theme.dim);
        }
    }

    fn draw_list(&self, buf: &mut Buffer, area: Rect, theme: &Theme) {
        let height = usize::from(area.height);
        self.tall.set(height >= TALL);
        let people = self.threads.len();
        let (top, bottom) = (self.line_of(self.at), self.line_of(self.at + 1) - 1);
        let bottom = if self.at < people { top } else { bottom.max(top) };
        let mut first = self.first.get().min(self.lines().saturating_sub(height));
        if top < first {
            first = top;
        }
        if bottom >= first + height {
            first = bottom + 1 - height;
        }
        if self.at == 0 {
            first = 0;
        }
        self.first.set(first);
        self.page.set((height / 2).max(1));
        let heads = usize::from(people > 0) + 1;
        for n in first..self.lines().min(first + height) {
            let line = Rect::new(area.x, area.y + (n - first) as u16, area.width, 1);
            if people > 0 && n == 0 {
                frame::rule(buf, line, "contacts", theme);
            } else if n < people + heads - 1 {
                let item = n - 1;
                self.draw_thread(buf, line, &self.threads[item], theme);
                if item == self.at {
                    frame::select(buf, line, theme);
                }
            } else if n == people + heads - 1 {
                let none = self.hits.is_empty();
                frame::rule(
                    buf,
                    line,
                    if none { "no message has this" } else { "messages, newest first" },
                    theme,
                );
            } else {
                let Some((hit, part)) = self.place(n) else { continue };
                let h = &self.hits[hit];
                let around = self.around.get(&h.message.id);
                match part {
                    Part::Head | Part::Text => self.draw_hit(buf, line, h, part == Part::Text, theme),
                    Part::Before | Part::After => {
                        let said = around.and_then(|a| {
                            if part == Part::Before { a.before.as_ref() } else { a.after.as_ref() }
                        });
                        if let Some(said) = said {
                            self.draw_neighbour(buf, line, said, theme);
                        }
                    }
                }
                if people + hit == self.at {
                    frame::select(buf, line, theme);
                }
            }
        }
    }

    fn draw_advice(buf: &mut Buffer, area: Rect, theme: &Theme) {
        const ADVICE: [(&str, &str); 4] = [
            ("order late", "messages with both words; the last one may be a beginning"),
            ("\"very late\"", "these words in this order; -late: without it"),
            ("98888", "a part of a phone number"),
            ("invoice.pdf", "file names, captions, template texts, names"),
        ];
        frame::put(buf, area.x, area.y, area.width, "Everything is searched, however old.", theme.text);
        let filters = query::KEYS.iter().map(|(key, what)| (format!("{key}:"), *what));
        let words = ADVICE.iter().map(|(example, what)| ((*example).to_owned(), *what));
        for (i, (example, what)) in words.chain(filters).enumerate() {
            // A gap between words and filters.
            let y = area.y + 2 + i as u16 + u16::from(i >= ADVICE.len());
            if y >= area.bottom() {
                return;
            }
            frame::put(buf, area.x + 1, y, 13, &example, theme.key);
            frame::put(buf, area.x + 15, y, area.width.saturating_sub(15), what, theme.dim);
        }
    }
}

// The mark of the match is kept, everything else that is unsafe goes.
fn snippet(s: &str, theme: &Theme) -> Rich {
    let mut clean = String::with_capacity(s.len());
    for c in s.chars() {
        match c {
            '\u{2}' | '\u{3}' => clean.push(c),
            '\n' | '\t' | '\u{2028}' | '\u{2029}' => {
                if !clean.ends_with(' ') {
                    clean.push(' ');
                }
            }
            c if text::is_hostile(c) => {}
            c => clean.push(c),
        }
    }
    Rich::marked(&clean, theme.matched, theme.matched)
}

/// Marks the characters of a query that are not understood, where they are on the screen.
fn underline(buf: &mut Buffer, line: Rect, field: &Field, bad: &BadQuery, theme: &Theme) {
    if bad.unfinished || text::width(field.text()) > usize::from(line.width) {
        return;
    }
    let cells = |n: usize| text::width(&field.text().chars().take(n).collect::<String>()) as u16;
    let (from, to) = (cells(bad.at.start), cells(bad.at.end));
    let area = Rect::new(line.x + from, line.y, to.saturating_sub(from), 1).intersection(line);
    buf.set_style(area, theme.warn.add_modifier(Modifier::UNDERLINED));
}

impl Overlay for SearchBox {
    fn name(&self) -> &'static str {
        "search"
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let page = self.page.get();
        match key.code {
            KeyCode::Esc => return vec![Step::Close],
            // What is shown belongs to an earlier text.
            KeyCode::Enter if self.bad.is_some() => return Vec::new(),
            KeyCode::Enter if self.waiting() => {
                self.impatient = true;
                return Vec::new();
            }
            KeyCode::Enter => return self.open(),
            KeyCode::Down => return self.travel(self.at + 1),
            KeyCode::Up => return self.travel(self.at.saturating_sub(1)),
            KeyCode::Char('n') if ctrl => return self.travel(self.at + 1),
            KeyCode::Char('p') if ctrl => return self.travel(self.at.saturating_sub(1)),
            KeyCode::PageDown => return self.travel(self.at + page),
            KeyCode::PageUp => return self.travel(self.at.saturating_sub(page)),
            KeyCode::Home if ctrl => return self.travel(0),
            KeyCode::End if ctrl => return self.travel(usize::MAX),
            KeyCode::Right if self.query.at_end() => return self.complete(),
            KeyCode::Tab if self.home.is_some() => {
                self.account = if self.account.is_some() { None } else { self.home.clone() };
                self.shown = None;
                return self.restart();
            }
            _ => {}
        }
        let before = self.wanted().to_owned();
        if self.query.key(key) == Effect::Changed {
            return self.typed(&before);
        }
        Vec::new()
    }

    fn paste(&mut self, pasted: &str) -> Vec<Step> {
        let before = self.wanted().to_owned();
        self.query.insert(pasted);
        self.typed(&before)
    }

    fn deliver(&mut self, delivery: Delivery) -> Vec<Step> {
        match delivery {
            Delivery::Found(text, found) => self.take(&text, *found),
            Delivery::Neighbours(all) => {
                self.around.extend(all.into_iter().map(|n| (n.message, n)));
                Vec::new()
            }
            Delivery::Problem(p) => {
                self.refused = Some(p);
                self.more = false;
                self.impatient = false;
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let scope = self.account.as_ref().map_or("all accounts", AccountId::as_str);
        let right = match (self.wanted().is_empty(), self.waiting() || self.more) {
            (true, _) => String::new(),
            (false, true) if self.more && !self.hits.is_empty() => {
                format!("{}+ messages, looking further back…", self.hits.len())
            }
            (false, true) => "searching…".to_owned(),
            (false, false) => {
                let n = self.hits.len();
                let plus = if self.next.is_some() { "+" } else { "" };
                format!("{n}{plus} message{}", if n == 1 && plus.is_empty() { "" } else { "s" })
            }
        };
        let inner = frame::open(area, 110, 44, &format!("Search · {scope}"), &right, buf, theme)?;
        frame::put(buf, inner.x, inner.y, 1, "›", theme.focus);
        let line = Rect::new(inner.x + 2, inner.y, inner.width - 2, 1);
        let cursor = self.query.draw(line, buf, theme.text, "words, a name or a number", theme);
        let list = Rect::new(inner.x, inner.y + 2, inner.width, inner.height - 2);
        let below = Rect::new(inner.x + 2, inner.y + 1, inner.width - 2, 1);
        let offered = query::complete(self.query.text());
        if let Some(bad) = &self.bad {
            underline(buf, line, &self.query, bad, theme);
            let style = if bad.unfinished { theme.dim } else { theme.warn };
            let say = if bad.unfinished { bad.next.clone() } else { format!("{} · {}", bad.what, bad.next) };
            frame::put(buf, below.x, below.y, below.width, &say, style);
        } else if !offered.is_empty() && self.query.at_end() {
            let x = frame::put(buf, below.x, below.y, below.width, "→ ", theme.key);
            frame::put(buf, x, below.y, below.right().saturating_sub(x), &offered.join("  "), theme.dim);
        }
        if let Some(p) = &self.refused {
            frame::problem(buf, list, p, theme);
        } else if self.wanted().is_empty() {
            Self::draw_advice(buf, list, theme);
        } else if self.total() > 0 {
            self.draw_list(buf, list, theme);
        } else if !self.waiting() && !self.more && self.bad.is_none() {
            let say = format!("Nothing has “{}” in {scope}.", self.wanted());
            let rows = frame::paragraph(buf, list, &say, theme.text);
            let below = Rect { y: list.y + rows, height: list.height.saturating_sub(rows), ..list };
            let try_next = if self.account.is_some() {
                "Tab searches all accounts. Fewer words, or the beginning of one, find more."
            } else {
                "Fewer words, or the beginning of one, find more."
            };
            frame::paragraph(buf, below, try_next, theme.dim);
        }
        Some(cursor)
    }

    fn hints(&self) -> Vec<Hint> {
        let mut out = Vec::new();
        if self.total() > 0 {
            out.push(Hint::new("Enter", "open"));
            out.push(Hint::new("Up/Down", "choose"));
        }
        if let Some(home) = &self.home {
            out.push(if self.account.is_some() {
                Hint::new("Tab", "all accounts")
            } else {
                Hint::new("Tab", &format!("only {home}"))
            });
        }
        out.push(Hint::new("Esc", "close"));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{draw_everywhere, hit, picture, press, thread_row, write};
    use super::*;
    use crate::protocol::Page;

    fn open(account: Option<&str>) -> SearchBox {
        let when: TimeText = Arc::new(|at| format!("{:02}:{:02}", at / 3_600_000 % 24, at / 60_000 % 60));
        SearchBox::new(account.map(AccountId::new), when)
    }

    fn found(threads: usize, hits: std::ops::Range<usize>, next: bool) -> Found {
        let last = hits.end as i64;
        Found {
            threads: (0..threads).map(thread_row).collect(),
            hits: Page {
                items: hits.map(hit).collect(),
                next: next.then_some(Cursor { at: -last, row: last }),
            },
        }
    }

    fn asked(steps: &[Step]) -> (String, Option<AccountId>, Option<Cursor>) {
        let [Step::Ask(r)] = steps else { panic!("{steps:?}") };
        let Request::Search { text, account, before, .. } = r.as_ref() else { panic!("{r:?}") };
        (text.clone(), account.clone(), *before)
    }

    #[test]
    fn every_change_asks_and_only_the_newest_answer_counts() {
        let mut o = open(None);
        assert_eq!(asked(&write(&mut o, "o")), ("o".into(), None, None));
        assert_eq!(asked(&write(&mut o, "r")).0, "or");
        assert_eq!(write(&mut o, " "), vec![], "a space changes nothing");
        o.deliver(Delivery::Found("o".into(), Box::new(found(1, 0..3, false))));
        assert_eq!(o.total(), 0);
        o.deliver(Delivery::Found("or".into(), Box::new(found(1, 0..3, false))));
        assert_eq!(o.total(), 4);
        press(&mut o, "Ctrl+U");
        assert_eq!(o.total(), 0);
        o.deliver(Delivery::Found("or".into(), Box::new(found(1, 0..3, false))));
        assert_eq!(o.total(), 0);
    }

    #[test]
    fn enter_opens_people_and_messages() {
        let mut o = open(None);
        write(&mut o, "x");
        o.deliver(Delivery::Found("x".into(), Box::new(found(2, 0..3, false))));
        let person = thread_row(0);
        assert_eq!(
            press(&mut o, "Enter"),
            vec![Step::OpenThread { thread: person.id, at: None }, Step::Close]
        );
        let m = hit(1).message;
        assert_eq!(
            press(&mut o, "Down Down Down Enter"),
            vec![Step::OpenThread { thread: m.thread, at: Some(m.id) }, Step::Park]
        );
    }

    #[test]
    fn enter_before_the_answer_opens_what_was_typed_for() {
        let mut o = open(None);
        write(&mut o, "ma");
        o.deliver(Delivery::Found("ma".into(), Box::new(found(1, 0..2, false))));
        write(&mut o, "r");
        assert_eq!(press(&mut o, "Enter"), vec![], "what is shown belongs to `ma`");
        let steps = o.deliver(Delivery::Found("mar".into(), Box::new(found(0, 5..6, false))));
        let m = hit(5).message;
        assert_eq!(steps, vec![Step::OpenThread { thread: m.thread, at: Some(m.id) }, Step::Park]);
    }

    #[test]
    fn more_is_loaded_near_the_end_and_the_selection_stays() {
        let mut o = open(None);
        write(&mut o, "x");
        o.deliver(Delivery::Found("x".into(), Box::new(found(1, 0..50, true))));
        let steps = press(&mut o, "Ctrl+End");
        assert_eq!(asked(&steps).2, Some(Cursor { at: -50, row: 50 }));
        assert_eq!(press(&mut o, "Up Down"), vec![], "asked once");
        o.deliver(Delivery::Found("x".into(), Box::new(found(0, 50..60, false))));
        assert_eq!((o.total(), o.at), (61, 50));
        assert_eq!(press(&mut o, "Ctrl+End Down"), vec![]);
        assert_eq!(o.at, 60);
    }

    #[test]
    fn a_first_page_that_comes_late_is_not_appended() {
        let mut o = open(None);
        write(&mut o, "x");
        o.deliver(Delivery::Found("x".into(), Box::new(found(0, 0..50, true))));
        press(&mut o, "Ctrl+End");
        o.deliver(Delivery::Found("x".into(), Box::new(found(0, 0..50, true))));
        assert_eq!(o.total(), 50);
        o.deliver(Delivery::Found("x".into(), Box::new(found(0, 50..60, false))));
        assert_eq!(o.total(), 60);
    }

    #[test]
    fn tab_widens_and_narrows_the_scope() {
        let mut o = open(Some("support"));
        assert_eq!(asked(&write(&mut o, "x")).1, Some(AccountId::new("support")));
        assert_eq!(asked(&press(&mut o, "Tab")).1, None);
        assert_eq!(asked(&press(&mut o, "Tab")).1, Some(AccountId::new("support")));
        // An answer from all accounts that comes late is not this account's.
        let mut foreign = found(0, 0..1, false);
        foreign.hits.items[0].message.account = AccountId::new("sales");
        o.deliver(Delivery::Found("x".into(), Box::new(foreign)));
        assert_eq!(o.total(), 0);
        assert_eq!(press(&mut open(None), "Tab"), vec![]);
    }

    #[test]
    fn a_refusal_is_shown_until_the_next_key() {
        let mut o = open(None);
        write(&mut o, "x");
        o.deliver(Delivery::Problem(Problem::new("store", "the database is locked").next("try again")));
        assert!(picture(&o, 80, 24).contains("the database is locked · try again"));
        write(&mut o, "y");
        assert!(!picture(&o, 80, 24).contains("locked"));
    }

    #[test]
    fn a_snippet_keeps_the_mark_and_nothing_unsafe() {
        let rich = snippet("a\u{1b}[2J\n\u{2}b\u{202e}c\u{3}\u{4}d\u{5}", &Theme::basic());
        assert_eq!(rich.text, "a[2J bcd");
        assert_eq!(rich.spans.len(), 1);
        assert_eq!(&rich.text[rich.spans[0].0.clone()], "bc");
    }

    #[test]
    fn looks() {
        insta::assert_snapshot!("search_empty_80x24", picture(&open(Some("support")), 80, 24));
        let mut o = open(None);
        write(&mut o, "pedido");
        draw_everywhere(&o);
        o.deliver(Delivery::Found("pedido".into(), Box::new(found(2, 0..50, true))));
        press(&mut o, "Down Down Down");
        insta::assert_snapshot!("search_80x24", picture(&o, 80, 24));
        insta::assert_snapshot!("search_120x36", picture(&o, 120, 36));
        insta::assert_snapshot!("search_200x50", picture(&o, 200, 50));
        draw_everywhere(&o);
        press(&mut o, "Ctrl+End");
        draw_everywhere(&o);
        insta::assert_snapshot!("search_end_80x24", picture(&o, 80, 24));
        let mut o = open(Some("support"));
        write(&mut o, "zebra");
        o.deliver(Delivery::Found("zebra".into(), Box::default()));
        insta::assert_snapshot!("search_nothing_80x24", picture(&o, 80, 24));
        draw_everywhere(&o);
        o.deliver(Delivery::Found("zebra".into(), Box::new(found(1, 0..0, false))));
        draw_everywhere(&o);
    }
}
