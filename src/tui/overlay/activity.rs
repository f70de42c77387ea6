//! The activity log: who did what, when and from where; narrowed by words, with the details of a row below.
//!
//! Knows rows and the filter that is asked for; times are put into words, and read, by the host.

use super::field::Field;
use super::frame::{self, Rich, Selection, TimeText};
use super::{Delivery, Hint, Overlay, Step};
use crate::clock::Millis;
use crate::model::doing::{details, doing, timed};
use crate::model::ids::{AccountId, ThreadId};
use crate::model::seat::Seat;
use crate::protocol::activity::{
    ActivityAnswer, ActivityFilter, ActivityRequest, ActivityRow, ChainReport, Whose,
};
use crate::protocol::{Cursor, Problem, Request};
use crate::text;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use std::sync::Arc;

/// Rows asked for at a time.
const PAGE: u32 = 100;
/// When fewer rows than this are left below the cursor, the next page is asked for.
const AHEAD: usize = 30;
/// Rows of the details.
const DETAILS: u16 = 5;
/// A box narrower than this shows no terminals beside the rows.
const WITH_SEATS: u16 = 96;

/// Reads a day or a time as it is typed; `None` when it says nothing. The second is the end of what was meant.
pub type TimeRead = Arc<dyn Fn(&str) -> Option<(Millis, Millis)> + Send + Sync>;

/// Lists the activity log.
pub struct ActivityBox {
    when: TimeText,
    precise: TimeText,
    read: TimeRead,
    whose: Whose,
    field: Field,
    writing: bool,
    /// Only about this conversation, and its name.
    thread: Option<(ThreadId, String)>,
    rows: Vec<ActivityRow>,
    next: Option<Cursor>,
    /// A page is on its way; the pages before it are of the same question.
    waits: bool,
    /// Answers of earlier questions that are still on their way.
    stale: usize,
    verifying: bool,
    selection: Selection,
    problem: Option<Problem>,
    report: Option<ChainReport>,
}

/// What a word of the filter means.
fn token(word: &str) -> Option<(&str, &str)> {
    let (key, value) = word.split_once(':')?;
    (["by", "did", "on", "since", "until"].contains(&key) && !value.is_empty()).then_some((key, value))
}

impl ActivityBox {
    /// About everything, or about one conversation; `when` and `precise` put a time into words, `read` reads one.
    #[must_use]
    pub fn new(
        thread: Option<(ThreadId, String)>,
        when: TimeText,
        precise: TimeText,
        read: TimeRead,
    ) -> (Self, Request) {
        let new = Self {
            when,
            precise,
            read,
            whose: Whose::People,
            field: Field::line(200),
            writing: false,
            thread,
            rows: Vec::new(),
            next: None,
            waits: true,
            stale: 0,
            verifying: false,
            selection: Selection::default(),
            problem: None,
            report: None,
        };
        let request = new.request(None).unwrap_or(Request::Activity {
            act: ActivityRequest::List { filter: ActivityFilter::default(), before: None, limit: PAGE },
        });
        (new, request)
    }

    /// The filter that is typed, or what is wrong with it.
    fn filter(&self) -> Result<ActivityFilter, Problem> {
        let mut f = ActivityFilter {
            whose: self.whose,
            thread: self.thread.as_ref().map(|(id, _)| *id),
            ..ActivityFilter::default()
        };
        let mut words = Vec::new();
        for word in self.field.text().split_whitespace() {
            match token(word) {
                Some(("by", name)) => {
                    f.operator = Some(name.to_owned());
                    // One who is named is wanted, a person or not.
                    if self.whose == Whose::People {
                        f.whose = Whose::All;
                    }
                }
                Some(("did", action)) => f.action = Some(action.to_lowercase()),
                Some(("on", account)) => f.account = Some(AccountId::new(account)),
                Some((key, day)) => {
                    let Some((from, to)) = (self.read)(day) else {
                        return Err(Problem::new("field", format!("`{day}` is no day"))
                            .next("since:monday, since:2d, until:2026-11-03"));
                    };
                    if key == "since" {
                        f.since = Some(from);
                    } else {
                        f.until = Some(to);
                    }
                }
                None => words.push(word),
            }
        }
        f.text = (!words.is_empty()).then(|| words.join(" "));
        Ok(f)
    }

    fn request(&self, before: Option<Cursor>) -> Result<Request, Problem> {
        let act = ActivityRequest::List { filter: self.filter()?, before, limit: PAGE };
        Ok(Request::Activity { act })
    }

    /// Asks anew.
    fn again(&mut self) -> Vec<Step> {
        self.problem = None;
        self.report = None;
        match self.request(None) {
            Err(p) => {
                self.problem = Some(p);
                Vec::new()
            }
            Ok(request) => {
                self.stale += usize::from(self.waits);
                self.waits = true;
                self.rows.clear();
                self.next = None;
                self.selection = Selection::default();
                vec![Step::Ask(Box::new(request))]
            }
        }
    }

    /// Asks for the next page when the end is near.
    fn onwards(&mut self) -> Vec<Step> {
        let near = self.rows.len().saturating_sub(self.selection.at) < AHEAD;
        match self.next {
            Some(next) if near && !self.waits => match self.request(Some(next)) {
                Ok(request) => {
                    self.waits = true;
                    vec![Step::Ask(Box::new(request))]
                }
                Err(_) => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    fn selected(&self) -> Option<&ActivityRow> {
        self.rows.get(self.selection.at)
    }

    fn show(&mut self, whose: Whose) -> Vec<Step> {
        self.whose = whose;
        self.again()
    }

    /// Puts a word into the filter, or takes it out.
    fn toggle(&mut self, key: &str, value: &str) -> Vec<Step> {
        let word = format!("{key}:{value}");
        let mut words: Vec<&str> = self.field.text().split_whitespace().collect();
        let there = words.contains(&word.as_str());
        words.retain(|w| token(w).is_none_or(|(k, _)| k != key));
        if !there {
            words.push(&word);
        }
        let text = words.join(" ");
        self.field.set(&text);
        self.again()
    }

    fn write_key(&mut self, key: KeyEvent) -> Vec<Step> {
        match key.code {
            KeyCode::Enter => {
                self.writing = false;
                self.again()
            }
            KeyCode::Esc => {
                self.writing = false;
                self.field.set("");
                self.again()
            }
            _ => {
                self.field.key(key);
                self.problem = None;
                Vec::new()
            }
        }
    }

    fn line(&self, row: &ActivityRow) -> (String, String) {
        let name = row.title.clone().or_else(|| row.account.as_ref().map(ToString::to_string));
        let more = row.words.clone().unwrap_or_else(|| timed(details(&row.subject), &|at| (self.when)(at)));
        let about = match name {
            Some(name) if more.is_empty() || more == name => name,
            Some(name) => format!("{name} · {more}"),
            None => more,
        };
        let seat = row.seat.as_ref().map(Seat::short).unwrap_or_default();
        (text::sanitize(&about).into_owned(), text::sanitize(&seat).into_owned())
    }

    fn detail(&self, row: &ActivityRow, theme: &Theme) -> Rich {
        let mut out = Rich::default();
        out.push(&format!("{} · ", (self.precise)(row.at)), theme.dim);
        out.push(&row.actor, theme.strong);
        out.push(&format!(" · {} ({})\n", doing(&row.action), row.action), Style::new());
        if let Some(title) = &row.title {
            out.push(&format!("{title} · "), Style::new());
        }
        out.push(&format!("{}\n", if row.subject.is_empty() { "–" } else { &row.subject }), theme.dim);
        let seat = row.seat.as_ref().map(Seat::line).unwrap_or_default();
        let seat = if seat.is_empty() { "no terminal is known of it".to_owned() } else { seat };
        out.push(&format!("{seat}\n"), Style::new());
        let hash = if row.hash.is_empty() { "older than the chain of hashes" } else { &row.hash };
        out.push(&format!("row {} · {hash}", row.n), theme.dim);
        out
    }

    fn copied(row: &ActivityRow) -> String {
        serde_json::to_string(row).unwrap_or_default()
    }

    fn foot(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        if let Some(p) = &self.problem {
            frame::problem(buf, area, p, theme);
            return;
        }
        if let Some(report) = &self.report {
            let (line, style) = match &report.broken {
                None => (
                    format!(
                        "The chain is whole: {} rows are as they were written. Newest: {}:{}",
                        report.checked, report.head, report.hash
                    ),
                    theme.good,
                ),
                Some(b) => (
                    format!(
                        "The log was changed at row {}{}: {}",
                        b.id,
                        b.at.map(|at| format!(" ({})", (self.precise)(at))).unwrap_or_default(),
                        b.what
                    ),
                    theme.bad,
                ),
            };
            frame::paragraph(buf, area, &line, style);
            return;
        }
        if self.verifying {
            frame::put(buf, area.x, area.y, area.width, "checking every row…", theme.dim);
            return;
        }
        if let Some(row) = self.selected() {
            self.detail(row, theme).draw(buf, area, theme.text);
        }
    }
}

impl Overlay for ActivityBox {
    fn name(&self) -> &'static str {
        "activity"
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        if self.writing {
            return self.write_key(key);
        }
        self.report = None;
        let total = self.rows.len();
        if self.selection.key(key, total) {
            return self.onwards();
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return if key.code == KeyCode::Char('r') { self.again() } else { Vec::new() };
        }
        match key.code {
            KeyCode::Esc if !self.field.is_empty() => {
                self.field.set("");
                self.again()
            }
            KeyCode::Esc | KeyCode::Char('q') => vec![Step::Close],
            KeyCode::Char('j') => {
                self.selection.set((self.selection.at + 1).min(total.saturating_sub(1)));
                self.onwards()
            }
            KeyCode::Char('k') => {
                self.selection.set(self.selection.at.saturating_sub(1));
                Vec::new()
            }
            KeyCode::Char('g') | KeyCode::Home => {
                self.selection.set(0);
                Vec::new()
            }
            KeyCode::Char('G') | KeyCode::End => {
                self.selection.set(total.saturating_sub(1));
                self.onwards()
            }
            KeyCode::Char('/') => {
                self.writing = true;
                Vec::new()
            }
            KeyCode::Tab | KeyCode::BackTab => {
                let n = Whose::ALL.len();
                let at = Whose::ALL.iter().position(|w| *w == self.whose).unwrap_or(0);
                let by = if key.code == KeyCode::Tab { 1 } else { n - 1 };
                self.show(Whose::ALL[(at + by) % n])
            }
            KeyCode::Char(c @ '1'..='3') => self.show(Whose::ALL[c as usize - '1' as usize]),
            KeyCode::Char('o') => match self.selected().map(|r| r.actor.clone()) {
                Some(actor) if !actor.contains(char::is_whitespace) => self.toggle("by", &actor),
                _ => Vec::new(),
            },
            KeyCode::Char('t') => {
                if self.thread.take().is_none() {
                    let row = self.selected();
                    let found = row.and_then(|r| Some((r.thread?, r.title.clone().unwrap_or_default())));
                    if found.is_none() {
                        return vec![Step::Say("this row is about no conversation".into())];
                    }
                    self.thread = found;
                }
                self.again()
            }
            KeyCode::Char('v') if !self.verifying => {
                self.verifying = true;
                let act = ActivityRequest::Verify { row: None };
                vec![Step::Ask(Box::new(Request::Activity { act }))]
            }
            KeyCode::Char('y') => match self.selected() {
                Some(row) => vec![Step::Copy(Self::copied(row))],
                None => Vec::new(),
            },
            KeyCode::Enter => match self.selected() {
                Some(ActivityRow { thread: Some(thread), message, .. }) => {
                    vec![Step::Close, Step::OpenThread { thread: *thread, at: *message }]
                }
                Some(_) => vec![Step::Say("this row is about no conversation that is here".into())],
                None => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    fn paste(&mut self, text: &str) -> Vec<Step> {
        if self.writing {
            self.field.insert(text);
        }
        Vec::new()
    }

    fn deliver(&mut self, delivery: Delivery) -> Vec<Step> {
        match delivery {
            Delivery::Activity(answer) => match *answer {
                ActivityAnswer::Verified(report) => {
                    self.verifying = false;
                    self.report = Some(report);
                }
                ActivityAnswer::Rows(_) if self.stale > 0 => self.stale -= 1,
                ActivityAnswer::Rows(page) => {
                    self.waits = false;
                    self.rows.extend(page.items);
                    self.next = page.next;
                    return self.onwards();
                }
            },
            Delivery::Problem(p) => {
                self.waits = false;
                self.stale = 0;
                self.verifying = false;
                self.problem = Some(p);
            }
            _ => {}
        }
        Vec::new()
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let right = match (self.rows.len(), self.next.is_some() || self.waits) {
            (0, true) => "one moment…".to_owned(),
            (n, more) => format!("{n}{}", if more { "+" } else { "" }),
        };
        let inner = frame::open(area, 150, area.height, "Activity", &right, buf, theme)?;
        let mut x = inner.x;
        for whose in Whose::ALL {
            let here = whose == self.whose;
            let style = if here { theme.focus.add_modifier(Modifier::BOLD) } else { theme.dim };
            let label = if here { format!("‹{}›", whose.word()) } else { format!(" {} ", whose.word()) };
            x = frame::put(buf, x, inner.y, inner.right().saturating_sub(x), &label, style) + 1;
        }
        let mut cursor = None;
        let room = inner.right().saturating_sub(x + 1);
        if self.writing || !self.field.is_empty() {
            let line = Rect::new(x + 1, inner.y, room, 1);
            let hint = "by:ana did:resolved on:support since:2d words";
            let at = self.field.draw(line, buf, theme.text, hint, theme);
            cursor = self.writing.then_some(at);
        } else if let Some((_, name)) = &self.thread {
            let name = format!("about {}", text::sanitize(name));
            frame::put(buf, x + 1, inner.y, room, &name, theme.matched);
        }
        let height = inner.height.saturating_sub(DETAILS + 3);
        let list = Rect::new(inner.x, inner.y + 2, inner.width, height);
        let (time, actor, seat) = if inner.width >= WITH_SEATS { (12, 14, 28) } else { (12, 10, 0) };
        for (i, at) in self.selection.window(self.rows.len(), usize::from(height)).enumerate() {
            let row = &self.rows[at];
            let y = list.y + i as u16;
            let (about, place) = self.line(row);
            frame::put(buf, list.x, y, time - 1, &(self.when)(row.at), theme.dim);
            let name = text::sanitize(&row.actor);
            let person = !matches!(row.actor.as_str(), "engine" | "provider");
            frame::put(
                buf,
                list.x + time,
                y,
                actor - 1,
                &name,
                if person { theme.strong } else { theme.dim },
            );
            let x = list.x + time + actor;
            let end = list.right().saturating_sub(seat);
            let style = if row.action == "request_refused" { theme.bad } else { theme.text };
            let x = frame::put(buf, x, y, end.saturating_sub(x), &doing(&row.action), style);
            if !about.is_empty() && x + 3 < end {
                let x = frame::put(buf, x, y, end - x, " · ", theme.dim);
                frame::put(buf, x, y, end.saturating_sub(x), &about, theme.text);
            }
            if seat > 0 {
                frame::put(buf, end + 1, y, seat - 1, &place, theme.dim);
            }
            if at == self.selection.at && !self.writing {
                frame::select(buf, Rect::new(list.x, y, list.width, 1), theme);
            }
        }
        if self.rows.is_empty() && !self.waits && self.problem.is_none() {
            let words = match (self.whose, self.field.is_empty() && self.thread.is_none()) {
                (_, false) => "Nothing fits. Esc clears the filter, Tab shows whose doings.",
                (Whose::Refused, _) => "Nothing was refused.",
                _ => "Nobody has done anything yet.",
            };
            frame::put(buf, list.x, list.y, list.width, words, theme.dim);
        }
        let rule = Rect::new(inner.x, list.bottom(), inner.width, 1);
        frame::rule(buf, rule, "", theme);
        let foot = Rect::new(inner.x, rule.y + 1, inner.width, inner.bottom().saturating_sub(rule.y + 1));
        self.foot(foot, buf, theme);
        cursor
    }

    fn hints(&self) -> Vec<Hint> {
        if self.writing {
            return vec![Hint::new("Enter", "show"), Hint::new("Esc", "clear")];
        }
        vec![
            Hint::new("Enter", "conversation"),
            Hint::new("/", "filter"),
            Hint::new("Tab", "whose"),
            Hint::new("o", "only who"),
            Hint::new("t", "only this thread"),
            Hint::new("v", "verify"),
            Hint::new("y", "copy"),
            Hint::new("Esc", "close"),
        ]
    }
}

/// An answer for tests of the screen.
#[cfg(test)]
pub(crate) fn sample() -> crate::protocol::Response {
    let items = tests::rows();
    crate::protocol::Response::Activity(Box::new(ActivityAnswer::Rows(crate::protocol::Page {
        items,
        next: None,
    })))
}

#[cfg(test)]
#[path = "activity_tests.rs"]
mod tests;
