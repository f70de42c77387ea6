//! A form whose rows are known only when it opens: texts with what may go into them, and switches.

use crate::protocol::Problem;
use crate::text;
use crate::tui::overlay::field::{Effect, Field};
use crate::tui::overlay::frame;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// What a row holds.
enum Value {
    Text(Field),
    Switch(bool),
}

/// One row.
pub(super) struct Row {
    key: String,
    label: String,
    hint: String,
    value: Value,
    /// What may be put in, one after the other; then what was typed comes round again.
    offers: Vec<String>,
    next: usize,
    typed: String,
}

impl Row {
    /// A text; `hint` stands in the empty row.
    pub fn text(
        key: impl Into<String>,
        label: impl Into<String>,
        hint: impl Into<String>,
        now: &str,
    ) -> Self {
        Self {
            key: key.into(),
            label: label.into(),
            hint: hint.into(),
            value: Value::Text(Field::line(4_000).with(now)),
            offers: Vec::new(),
            next: 0,
            typed: String::new(),
        }
    }

    /// Yes or no.
    pub fn switch(key: impl Into<String>, label: impl Into<String>, on: bool) -> Self {
        Self { value: Value::Switch(on), ..Self::text(key, label, "", "") }
    }

    /// With texts that may be put in.
    pub fn offering(self, offers: Vec<String>) -> Self {
        Self { offers, ..self }
    }
}

/// What a key led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Open,
    Save,
    Leave,
}

/// The form.
pub(super) struct Rows {
    title: String,
    about: String,
    caption: &'static str,
    lines: Vec<Row>,
    was: Vec<String>,
    focus: usize,
    leaving: bool,
    pub problem: Option<Problem>,
}

impl Rows {
    pub fn new(
        title: impl Into<String>,
        about: impl Into<String>,
        caption: &'static str,
        rows: Vec<Row>,
    ) -> Self {
        let mut o = Self {
            title: title.into(),
            about: about.into(),
            caption,
            lines: rows,
            was: Vec::new(),
            focus: 0,
            leaving: false,
            problem: None,
        };
        o.was = o.all();
        o
    }

    fn all(&self) -> Vec<String> {
        self.lines.iter().map(|r| self.get(&r.key)).collect()
    }

    /// What a row says.
    pub fn get(&self, key: &str) -> String {
        match self.lines.iter().find(|r| r.key == key).map(|r| &r.value) {
            Some(Value::Text(field)) => field.text().trim().to_owned(),
            Some(Value::Switch(on)) => on.to_string(),
            None => String::new(),
        }
    }

    /// Keys of the rows.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(|r| r.key.as_str())
    }

    /// Shows what is wrong, with the cursor there.
    pub fn refuse(&mut self, p: Problem) {
        if let Some(at) = p.field.as_ref().and_then(|f| self.lines.iter().position(|r| r.key == *f)) {
            self.focus = at;
        }
        self.problem = Some(p);
    }

    fn step(&mut self, forward: bool) {
        let n = self.lines.len() + 1;
        self.focus = if forward { self.focus + 1 } else { self.focus + n - 1 } % n;
    }

    fn offer(&mut self) {
        let Some(row) = self.lines.get_mut(self.focus).filter(|r| !r.offers.is_empty()) else { return };
        let Value::Text(field) = &mut row.value else { return };
        if row.next == 0 {
            field.text().clone_into(&mut row.typed);
        }
        if let Some(offer) = row.offers.get(row.next) {
            field.set(offer);
            row.next += 1;
        } else {
            field.set(&row.typed.clone());
            row.next = 0;
        }
    }

    /// Takes a key.
    pub fn key(&mut self, key: KeyEvent) -> Outcome {
        if std::mem::take(&mut self.leaving) {
            return if key.code == KeyCode::Char('y') { Outcome::Leave } else { Outcome::Open };
        }
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc if self.all() != self.was => self.leaving = true,
            KeyCode::Esc => return Outcome::Leave,
            KeyCode::F(10) => return Outcome::Save,
            KeyCode::Enter if ctrl || self.focus >= self.lines.len() => return Outcome::Save,
            KeyCode::Enter | KeyCode::Tab => self.step(true),
            KeyCode::BackTab => self.step(false),
            KeyCode::Char('o') if ctrl => self.offer(),
            _ => self.row_key(key),
        }
        Outcome::Open
    }

    fn row_key(&mut self, key: KeyEvent) {
        let mut ignored = true;
        if let Some(row) = self.lines.get_mut(self.focus) {
            match &mut row.value {
                Value::Text(field) => {
                    let effect = field.key(key);
                    ignored = effect == Effect::Ignored;
                    if effect == Effect::Changed {
                        row.next = 0;
                        self.problem = None;
                    }
                }
                Value::Switch(on) => {
                    if matches!(key.code, KeyCode::Char(' ') | KeyCode::Left | KeyCode::Right) {
                        *on = !*on;
                        ignored = false;
                    }
                }
            }
        }
        match key.code {
            KeyCode::Down if ignored => self.step(true),
            KeyCode::Up if ignored => self.step(false),
            _ => {}
        }
    }

    /// Takes a block of text.
    pub fn paste(&mut self, block: &str) {
        if let Some(Row { value: Value::Text(field), .. }) = self.lines.get_mut(self.focus) {
            field.insert(block);
        }
    }

    /// Draws it in a box of its own.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let about = text::wrap(&self.about, 80).len() as u16;
        let height = (self.lines.len() as u16 + about + 9).min(area.height);
        let inner = frame::open(area, 88, height, &self.title, "", buf, theme)?;
        let most = self.lines.iter().map(|r| text::width(&text::sanitize(&r.label))).max().unwrap_or(0);
        let label = (most as u16 + 2).min(inner.width / 2);
        let foot = inner.bottom().saturating_sub(1);
        let used = frame::paragraph(buf, Rect { height: about.min(3), ..inner }, &self.about, theme.dim);
        let top = inner.y + used + 1;
        let visible = usize::from(foot.saturating_sub(top + 3)).max(1);
        let at = self.focus.min(self.lines.len().saturating_sub(1));
        let first = (at + 1).saturating_sub(visible);
        let mut cursor = None;
        for (y, (i, row)) in (top..).zip(self.lines.iter().enumerate().skip(first).take(visible)) {
            let focused = i == self.focus;
            let style = if focused { theme.strong } else { theme.dim };
            frame::put(buf, inner.x, y, label.saturating_sub(1), &row.label, style);
            let x = inner.x + label;
            let room = Rect::new(x, y, inner.right().saturating_sub(x), 1);
            match &row.value {
                Value::Text(field) => {
                    let place = field.draw(room, buf, theme.text, &row.hint, theme);
                    cursor = cursor.or(focused.then_some(place));
                }
                Value::Switch(on) => {
                    let words = if *on { "[x] yes" } else { "[ ] no" };
                    let style = if focused { theme.focus } else { theme.text };
                    frame::put(buf, x, y, room.width, words, style);
                }
            }
        }
        let hidden = self.lines.len().saturating_sub(first + visible);
        if hidden > 0 {
            frame::put_right(buf, inner.right(), foot - 3, 10, &format!("↓ {hidden} more"), theme.key);
        }
        let say = Rect::new(inner.x, foot.saturating_sub(2), inner.width, 2);
        if let Some(p) = &self.problem {
            frame::problem(buf, say, p, theme);
        } else if let Some(offer) = self.lines.get(self.focus).and_then(|r| r.offers.get(r.next)) {
            let x = frame::put(buf, say.x, say.y, say.width, "Ctrl+O ", theme.key);
            frame::put(buf, x, say.y, say.right().saturating_sub(x), offer, theme.dim);
        }
        let line = Rect::new(inner.x, foot, inner.width, 1);
        if self.leaving {
            let x = frame::put(buf, line.x, line.y, line.width, "Throw the changes away?", theme.warn) + 2;
            let rest = Rect { x, width: line.right().saturating_sub(x), ..line };
            frame::keys(buf, rest, &[("y", "throw away"), ("other key", "go on editing")], theme);
            return None;
        }
        let on = self.focus >= self.lines.len();
        let x = frame::button(buf, line.x, line.y, self.caption, on, theme) + 2;
        let rest = Rect { x, width: line.right().saturating_sub(x), ..line };
        let save = self.caption.to_lowercase();
        let keys =
            [("Enter", if on { save.as_str() } else { "next" }), ("F10", save.as_str()), ("Esc", "back")];
        frame::keys(buf, rest, &keys, theme);
        cursor
    }
}
