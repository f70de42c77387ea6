//! A short form: lines of text, choices and switches, and a button. What they mean its owner knows.

use super::field::{Effect, Field};
use super::frame;
use crate::protocol::Problem;
use crate::text;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// What a line holds.
enum Value {
    Text(Field, &'static str),
    /// Shown as dots only.
    Secret(Field, &'static str),
    Choice(Vec<String>, usize),
    Switch(bool),
}

impl Value {
    fn text(&self) -> String {
        match self {
            Self::Text(field, _) | Self::Secret(field, _) => field.text().trim().to_owned(),
            Self::Choice(all, at) => all.get(*at).cloned().unwrap_or_default(),
            Self::Switch(on) => on.to_string(),
        }
    }
}

/// One line.
pub(in crate::tui::overlay) struct Line {
    key: &'static str,
    label: &'static str,
    value: Value,
    was: String,
}

impl Line {
    fn new(key: &'static str, label: &'static str, value: Value) -> Self {
        Self { key, label, was: value.text(), value }
    }

    /// A text; `hint` stands in the empty line.
    pub fn text(key: &'static str, label: &'static str, hint: &'static str, text: &str) -> Self {
        Self::new(key, label, Value::Text(Field::line(2_000).with(text), hint))
    }

    /// A text that is not shown; `hint` stands in the empty line.
    pub fn secret(key: &'static str, label: &'static str, hint: &'static str) -> Self {
        Self::new(key, label, Value::Secret(Field::line(16_000), hint))
    }

    /// One of these.
    pub fn choice(key: &'static str, label: &'static str, all: Vec<String>, now: &str) -> Self {
        let at = all.iter().position(|a| a == now).unwrap_or(0);
        Self::new(key, label, Value::Choice(all, at))
    }

    /// Yes or no.
    pub fn switch(key: &'static str, label: &'static str, on: bool) -> Self {
        Self::new(key, label, Value::Switch(on))
    }
}

/// What a key led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui::overlay) enum Outcome {
    /// It is still open.
    Open,
    /// It is to be saved.
    Save,
    /// It is given up.
    Leave,
}

/// The form.
pub(in crate::tui::overlay) struct Sheet {
    pub title: String,
    about: &'static str,
    lines: Vec<Line>,
    focus: usize,
    leaving: bool,
    /// What it said was refused: who types into a hidden line means another secret, not a longer one.
    refused: bool,
}

impl Sheet {
    /// With these lines.
    pub fn new(title: impl Into<String>, about: &'static str, lines: Vec<Line>) -> Self {
        Self { title: title.into(), about, lines, focus: 0, leaving: false, refused: false }
    }

    /// What a line says.
    pub fn get(&self, key: &str) -> String {
        self.lines.iter().find(|l| l.key == key).map(|l| l.value.text()).unwrap_or_default()
    }

    /// Puts the cursor on a line, for what is wrong with it.
    pub fn focus_on(&mut self, key: &str) {
        if let Some(at) = self.lines.iter().position(|l| l.key == key) {
            self.focus = at;
        }
    }

    /// Another text to begin with, in a line that nobody has touched.
    pub fn begin_with(&mut self, key: &str, text: &str) {
        if let Some(Line { value: Value::Text(field, _), was, .. }) =
            self.lines.iter_mut().find(|l| l.key == key && l.value.text() == l.was)
        {
            field.set(text);
            text.clone_into(was);
        }
    }

    /// What was saved is refused.
    pub fn refused(&mut self) {
        self.refused = true;
    }

    /// Empties a hidden line in which somebody begins anew after a refusal.
    fn begin_anew(&mut self) {
        if let Some(Value::Secret(field, _)) = self.lines.get_mut(self.focus).map(|l| &mut l.value)
            && std::mem::take(&mut self.refused)
        {
            field.set("");
        }
    }

    /// Whether it asks for this.
    pub fn has(&self, key: &str) -> bool {
        self.lines.iter().any(|l| l.key == key)
    }

    /// Whether a switch is on.
    pub fn is_on(&self, key: &str) -> bool {
        self.lines.iter().any(|l| l.key == key && matches!(l.value, Value::Switch(true)))
    }

    /// The names in a line, separated by commas.
    pub fn names(&self, key: &str) -> Vec<String> {
        let text = self.get(key);
        text.split(',').map(str::trim).filter(|s| !s.is_empty()).map(str::to_owned).collect()
    }

    fn on_save(&self) -> bool {
        self.focus >= self.lines.len()
    }

    fn step(&mut self, forward: bool) {
        let n = self.lines.len() + 1;
        self.focus = if forward { self.focus + 1 } else { self.focus + n - 1 } % n;
    }

    /// Takes a key.
    pub fn key(&mut self, key: KeyEvent) -> Outcome {
        if std::mem::take(&mut self.leaving) {
            return if key.code == KeyCode::Char('y') { Outcome::Leave } else { Outcome::Open };
        }
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc if self.lines.iter().any(|l| l.value.text() != l.was) => self.leaving = true,
            KeyCode::Esc => return Outcome::Leave,
            KeyCode::F(10) => return Outcome::Save,
            KeyCode::Enter if ctrl || self.on_save() => return Outcome::Save,
            KeyCode::Tab | KeyCode::Enter => self.step(true),
            KeyCode::BackTab => self.step(false),
            _ => self.field_key(key),
        }
        Outcome::Open
    }

    fn field_key(&mut self, key: KeyEvent) {
        if matches!(key.code, KeyCode::Char(_) | KeyCode::Backspace) {
            self.begin_anew();
        }
        let turn = match key.code {
            KeyCode::Char(' ') | KeyCode::Right => Some(true),
            KeyCode::Left => Some(false),
            _ => None,
        };
        let ignored = match (self.lines.get_mut(self.focus).map(|l| &mut l.value), turn) {
            (Some(Value::Text(field, _) | Value::Secret(field, _)), _) => field.key(key) == Effect::Ignored,
            (Some(Value::Choice(all, at)), Some(forward)) if !all.is_empty() => {
                let n = all.len();
                *at = if forward { *at + 1 } else { *at + n - 1 } % n;
                false
            }
            (Some(Value::Switch(on)), Some(_)) => {
                *on = !*on;
                false
            }
            _ => true,
        };
        match key.code {
            KeyCode::Down if ignored => self.step(true),
            KeyCode::Up if ignored => self.step(false),
            _ => {}
        }
    }

    /// Takes a block of text.
    pub fn paste(&mut self, block: &str) {
        self.begin_anew();
        if let Some(Value::Text(field, _) | Value::Secret(field, _)) =
            self.lines.get_mut(self.focus).map(|l| &mut l.value)
        {
            field.insert(block);
        }
    }

    /// Draws it in a box of its own, with what is wrong.
    pub fn draw(
        &self,
        area: Rect,
        buf: &mut Buffer,
        theme: &Theme,
        problem: Option<&Problem>,
    ) -> Option<Position> {
        let inner = frame::open(area, 76, self.lines.len() as u16 + 11, &self.title, "", buf, theme)?;
        let label = self.lines.iter().map(|l| text::width(l.label)).max().unwrap_or(0) as u16 + 2;
        let mut cursor = None;
        for (i, line) in self.lines.iter().enumerate() {
            let (y, focused) = (inner.y + 1 + i as u16, i == self.focus);
            if y + 2 >= inner.bottom() {
                break;
            }
            let style = if focused { theme.strong } else { theme.dim };
            frame::put(buf, inner.x, y, label, line.label, style);
            let x = inner.x + label;
            let room = Rect::new(x, y, inner.right().saturating_sub(x), 1);
            match &line.value {
                Value::Text(field, hint) => {
                    let at = field.draw(room, buf, theme.text, hint, theme);
                    cursor = cursor.or(focused.then_some(at));
                }
                Value::Secret(field, hint) => {
                    let n = field.text().chars().count();
                    // How long it is says little; that something was pasted says much.
                    let dots = Field::line(100).with(&"•".repeat(n.min(24)));
                    let at = dots.draw(room, buf, theme.text, hint, theme);
                    cursor = cursor.or(focused.then_some(at));
                }
                Value::Choice(..) | Value::Switch(_) => {
                    let words = match &line.value {
                        Value::Switch(on) => if *on { "[x] yes" } else { "[ ] no" }.to_owned(),
                        value => format!("‹ {} ›", value.text()),
                    };
                    let style = if focused { theme.focus } else { theme.text };
                    frame::put(buf, x, y, room.width, &words, style);
                }
            }
        }
        let under = inner.y + 2 + self.lines.len() as u16;
        let rest = inner.bottom().saturating_sub(under + 2);
        let words = Rect::new(inner.x, under, inner.width, rest);
        match problem {
            Some(p) => frame::problem(buf, words, p, theme),
            None => frame::paragraph(buf, words, self.about, theme.dim),
        };
        let foot = Rect::new(inner.x, inner.bottom().saturating_sub(1), inner.width, 1);
        if self.leaving {
            let say = "Throw the changes away?";
            let x = frame::put(buf, foot.x, foot.y, foot.width, say, theme.warn) + 2;
            let rest = Rect { x, width: foot.right().saturating_sub(x), ..foot };
            frame::keys(buf, rest, &[("y", "throw away"), ("other key", "go on editing")], theme);
            return None;
        }
        let x = frame::button(buf, foot.x, foot.y, "Save", self.on_save(), theme) + 2;
        let rest = Rect { x, width: foot.right().saturating_sub(x), ..foot };
        let list: &[(&str, &str)] = match self.lines.get(self.focus).map(|l| &l.value) {
            None => &[("Enter", "save"), ("Esc", "back")],
            Some(Value::Text(..) | Value::Secret(..)) => {
                &[("Enter", "next"), ("F10", "save"), ("Esc", "back")]
            }
            Some(_) => &[("Space", "change it"), ("Enter", "next"), ("F10", "save"), ("Esc", "back")],
        };
        frame::keys(buf, rest, list, theme);
        cursor
    }
}
