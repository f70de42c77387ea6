//! Notes that call the operator by name: those that were not read, or all; opened in place.
//!
//! Knows what the engine lists; where a note stands is the host's business.

use super::frame::{self, Selection, TimeText};
use super::{Delivery, Hint, Overlay, Step};
use crate::protocol::mentions::{MentionRequest, MentionRow};
use crate::protocol::{Cursor, Page, Request};
use crate::text;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Notes that are asked for at once.
const PAGE: u32 = 50;

/// Lists notes, newest first.
pub struct MentionList {
    rows: Vec<MentionRow>,
    next: Option<Cursor>,
    /// Whether those are listed too that were read.
    all: bool,
    loaded: bool,
    more: bool,
    problem: Option<String>,
    selection: Selection,
    when: TimeText,
}

impl MentionList {
    /// An empty list; `when` puts a time into a few words.
    #[must_use]
    pub fn new(when: TimeText) -> Self {
        Self {
            rows: Vec::new(),
            next: None,
            all: false,
            loaded: false,
            more: false,
            problem: None,
            selection: Selection::default(),
            when,
        }
    }

    /// The question for those that were not read.
    #[must_use]
    pub fn request(all: bool, before: Option<Cursor>) -> Request {
        Request::Mentions { act: MentionRequest::List { unread: !all, before, limit: PAGE } }
    }

    fn load(&mut self) -> Vec<Step> {
        (self.loaded, self.more) = (false, false);
        vec![Step::Ask(Box::new(Self::request(self.all, None)))]
    }

    fn read(&mut self, notes: Vec<crate::model::MessageId>) -> Step {
        for row in self.rows.iter_mut().filter(|r| notes.is_empty() || notes.contains(&r.note)) {
            row.read = true;
        }
        Step::Ask(Box::new(Request::Mentions { act: MentionRequest::Read { notes } }))
    }
}

impl Overlay for MentionList {
    fn name(&self) -> &'static str {
        "mentions"
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        if key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
            return Vec::new();
        }
        match key.code {
            KeyCode::Esc | KeyCode::Char('q') => return vec![Step::Close],
            KeyCode::Tab | KeyCode::Char('a') => {
                self.all = !self.all;
                return self.load();
            }
            KeyCode::Char('m') => {
                let Some(note) = self.rows.get(self.selection.at).map(|r| r.note) else { return Vec::new() };
                return vec![self.read(vec![note])];
            }
            KeyCode::Char('M') if self.rows.iter().any(|r| !r.read) => return vec![self.read(Vec::new())],
            KeyCode::Enter => {
                let Some(row) = self.rows.get(self.selection.at) else {
                    return vec![Step::Say("there is no note here · → Tab shows all of them".into())];
                };
                let (thread, note) = (row.thread, row.note);
                let read = self.read(vec![note]);
                return vec![read, Step::Close, Step::OpenThread { thread, at: Some(note) }];
            }
            KeyCode::Char('j') => return self.key(KeyEvent::new(KeyCode::Down, KeyModifiers::NONE)),
            KeyCode::Char('k') => return self.key(KeyEvent::new(KeyCode::Up, KeyModifiers::NONE)),
            _ => {}
        }
        self.selection.key(key, self.rows.len());
        if self.selection.at + 1 >= self.rows.len() && self.next.is_some() && self.loaded {
            (self.loaded, self.more) = (false, true);
            return vec![Step::Ask(Box::new(Self::request(self.all, self.next)))];
        }
        Vec::new()
    }

    fn paste(&mut self, _text: &str) -> Vec<Step> {
        Vec::new()
    }

    fn deliver(&mut self, delivery: Delivery) -> Vec<Step> {
        match delivery {
            Delivery::Mentions(Page { items, next }) => {
                if std::mem::take(&mut self.more) {
                    self.rows.extend(items);
                } else {
                    self.rows = items;
                    self.selection.set(self.selection.at.min(self.rows.len().saturating_sub(1)));
                }
                self.next = next;
                (self.loaded, self.problem) = (true, None);
            }
            Delivery::Problem(p) => (self.loaded, self.problem) = (true, Some(p.what)),
            _ => {}
        }
        Vec::new()
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let title = if self.all { "Notes that call you" } else { "Notes that call you · not read" };
        let count = match (self.loaded || self.more, self.next) {
            (false, _) => String::new(),
            (true, None) => self.rows.len().to_string(),
            (true, Some(_)) => format!("{}+", self.rows.len()),
        };
        let height = (self.rows.len() as u16).saturating_mul(2).clamp(4, 26) + 4;
        let inner = frame::open(area, 90, height, title, &count, buf, theme)?;
        let body = Rect { height: inner.height.saturating_sub(2), ..inner };
        let words = match (&self.problem, self.loaded) {
            (Some(problem), _) => Some((problem.as_str(), theme.bad)),
            (None, false) if !self.more => Some(("loading…", theme.dim)),
            (None, _) if self.rows.is_empty() && self.all => {
                Some(("No note has called you yet: colleagues write @ and your name.", theme.dim))
            }
            (None, _) if self.rows.is_empty() => Some(("You have read them all.", theme.dim)),
            _ => None,
        };
        if let Some((words, style)) = words {
            frame::put(buf, body.x + 1, body.y, body.width.saturating_sub(1), words, style);
        }
        let shown = self.selection.window(self.rows.len(), usize::from(body.height / 2));
        for (i, row) in self.rows[shown.clone()].iter().enumerate() {
            let y = body.y + 2 * i as u16;
            let mark = if row.read { " " } else { "●" };
            frame::put(buf, body.x, y, 1, mark, theme.unread);
            let when = (self.when)(row.at);
            let right = text::width(&when) as u16 + 1;
            let room = body.width.saturating_sub(right + 3);
            let by = text::sanitize(&row.by);
            let style = if row.read { theme.text } else { theme.strong };
            let x = frame::put(buf, body.x + 2, y, room.min(24), &by, style);
            let title = format!(" · {}", text::sanitize(&row.title));
            let left = (body.x + 2 + room).saturating_sub(x);
            frame::put(buf, x, y, left, &title, theme.dim);
            frame::put_right(buf, body.right(), y, right, &when, theme.dim);
            let said: String = row.text.chars().take(300).collect();
            let said = text::sanitize(&said.replace('\n', " ")).into_owned();
            frame::put(buf, body.x + 2, y + 1, body.width.saturating_sub(3), &said, theme.note);
            if shown.start + i == self.selection.at {
                frame::select(buf, Rect { y, height: 2, ..body }, theme);
            }
        }
        let line = Rect::new(inner.x, inner.bottom() - 1, inner.width, 1);
        let other = if self.all { "not read" } else { "all" };
        frame::keys(
            buf,
            line,
            &[("Enter", "open"), ("Tab", other), ("m", "mark read"), ("M", "all read"), ("Esc", "close")],
            theme,
        );
        None
    }

    fn hints(&self) -> Vec<Hint> {
        vec![Hint::new("Enter", "open"), Hint::new("Tab", "all or not read"), Hint::new("Esc", "close")]
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{draw_everywhere, picture, press};
    use super::*;
    use crate::model::ids::{AccountId, ContactId, MessageId, ThreadId};
    use std::sync::Arc;

    fn rows(n: u8) -> Vec<MentionRow> {
        let account = AccountId::new("support");
        (0..n)
            .map(|i| MentionRow {
                note: MessageId([i; 16]),
                thread: ThreadId::between(&account, ContactId([i; 16])),
                account: account.clone(),
                title: format!("Customer {i}"),
                by: "bo".into(),
                at: 60_000 * i64::from(i),
                text: format!("@ana please look at this\n\u{1b}[2J ({i})"),
                read: i % 2 == 1,
            })
            .collect()
    }

    fn open(n: u8) -> MentionList {
        let mut list = MentionList::new(Arc::new(|at| format!("{} min", at / 60_000)));
        list.deliver(Delivery::Mentions(Page { items: rows(n), next: None }));
        list
    }

    #[test]
    fn a_note_is_opened_in_place_and_read() {
        let mut list = open(3);
        press(&mut list, "Down Down");
        let row = rows(3).pop().unwrap();
        let read = MentionRequest::Read { notes: vec![row.note] };
        assert_eq!(
            press(&mut list, "Enter"),
            [
                Step::Ask(Box::new(Request::Mentions { act: read })),
                Step::Close,
                Step::OpenThread { thread: row.thread, at: Some(row.note) }
            ]
        );
    }

    #[test]
    fn all_of_them_are_a_key_away_and_marked_read_together() {
        let mut list = open(3);
        let all = MentionRequest::Read { notes: vec![] };
        assert_eq!(press(&mut list, "M"), [Step::Ask(Box::new(Request::Mentions { act: all }))]);
        assert!(list.rows.iter().all(|r| r.read));
        assert_eq!(press(&mut list, "M"), [], "there is nothing more to mark");
        let steps = press(&mut list, "Tab");
        assert_eq!(steps, [Step::Ask(Box::new(MentionList::request(true, None)))]);
        assert!(matches!(press(&mut open(0), "Enter").as_slice(), [Step::Say(_)]));
    }

    #[test]
    fn further_pages_come_at_the_end() {
        let mut list = open(2);
        let place = Cursor { at: 0, row: 7 };
        list.next = Some(place);
        let steps = press(&mut list, "Down");
        assert_eq!(steps, [Step::Ask(Box::new(MentionList::request(false, Some(place))))]);
        list.deliver(Delivery::Mentions(Page { items: rows(1), next: None }));
        assert_eq!(list.rows.len(), 3);
    }

    #[test]
    fn looks() {
        insta::assert_snapshot!("mentions_80x24", picture(&open(3), 80, 24));
        draw_everywhere(&open(40));
        draw_everywhere(&open(0));
        draw_everywhere(&MentionList::new(Arc::new(|_| String::new())));
    }
}
