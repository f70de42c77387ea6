//! The form that creates and changes what is saved under a name: a few lines, one tall text, whose it is, Save.
//!
//! Knows fields and how they look; what they mean, and what saves them, a [`Spec`] says.

use super::field::{Effect, Field};
use super::{Delivery, Hint, Overlay, Step, frame};
use crate::model::outgoing::FieldProblem;
use crate::protocol::{Problem, Request};
use crate::text;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// What a form is about.
pub trait Spec {
    /// Name for tests and snapshots.
    const NAME: &'static str;
    /// The title of the box.
    fn title(&self) -> &'static str;
    /// Everything that is wrong, each with its field.
    fn problems(&self, values: &Values<'_>) -> Vec<FieldProblem>;
    /// What saves it.
    fn request(&self, values: &Values<'_>) -> Request;
    /// What to say when it is saved.
    fn saved(&self, values: &Values<'_>) -> String;
    /// What may be written into the tall field.
    fn help(&self) -> String;
    /// How much of the tall field is used, and of how much.
    fn count(&self, tall: &str) -> (usize, usize);
}

/// What the form says now.
pub struct Values<'a>(&'a [Line], bool);

impl Values<'_> {
    /// The text of a field.
    #[must_use]
    pub fn get(&self, key: &str) -> &str {
        self.0.iter().find(|l| l.key == key).map_or("", |l| l.field.text())
    }

    /// Whether it is for its owner only.
    #[must_use]
    pub fn private(&self) -> bool {
        self.1
    }
}

/// One field of a form.
pub struct Line {
    key: &'static str,
    label: &'static str,
    hint: &'static str,
    before: &'static str,
    tall: bool,
    field: Field,
    was: String,
    // Problems are shown for what was touched, or for everything after a try to save.
    touched: bool,
}

impl Line {
    /// A field of one line.
    #[must_use]
    pub fn short(key: &'static str, label: &'static str, hint: &'static str, value: &str) -> Self {
        let field = Field::line(6_000).with(value);
        Self { key, label, hint, before: "", tall: false, field, was: value.to_owned(), touched: false }
    }

    /// The field that takes the room that is left; a form has one.
    #[must_use]
    pub fn tall(key: &'static str, label: &'static str, hint: &'static str, value: &str, max: usize) -> Self {
        let field = Field::lines(max).with(value);
        Self { field, tall: true, ..Self::short(key, label, hint, value) }
    }

    /// With a mark before what is written.
    #[must_use]
    pub fn before(self, before: &'static str) -> Self {
        Self { before, ..self }
    }

    /// With something in it that was not there before.
    #[must_use]
    pub fn suggesting(mut self, value: &str) -> Self {
        self.field.set(value);
        self.was = self.field.text().to_owned();
        self
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Editing,
    Leaving,
    Saving,
}

/// Creates or changes one thing. Closes when it is saved or given up.
pub struct Form<S> {
    spec: S,
    lines: Vec<Line>,
    private: bool,
    was_private: bool,
    focus: usize,
    state: State,
    refused: Option<Problem>,
}

impl<S: Spec> Form<S> {
    /// A form with these fields.
    #[must_use]
    pub fn new(spec: S, lines: Vec<Line>, private: bool) -> Self {
        Self { spec, lines, private, was_private: private, focus: 0, state: State::Editing, refused: None }
    }

    fn values(&self) -> Values<'_> {
        Values(&self.lines, self.private)
    }

    /// What is being edited.
    pub fn spec(&self) -> &S {
        &self.spec
    }

    fn on_private(&self) -> bool {
        self.focus == self.lines.len()
    }

    fn on_save(&self) -> bool {
        self.focus > self.lines.len()
    }

    fn changed(&self) -> bool {
        self.private != self.was_private || self.lines.iter().any(|l| l.field.text() != l.was)
    }

    fn place_of(&self, field: &str) -> Option<usize> {
        let key = field.split('.').next().unwrap_or(field);
        self.lines.iter().position(|l| l.key == key)
    }

    /// What is shown as wrong, with the place of its field.
    fn shown(&self) -> Vec<(usize, String)> {
        if let Some(p) = &self.refused
            && let Some(at) = p.field.as_deref().and_then(|f| self.place_of(f))
        {
            return vec![(at, p.what.clone())];
        }
        let all = self.spec.problems(&self.values());
        all.iter()
            .filter_map(|p| self.place_of(&p.field).map(|at| (at, format!("{} {}", p.field, p.problem))))
            .filter(|(at, _)| self.lines[*at].touched)
            .collect()
    }

    #[cfg(test)]
    pub(super) fn shown_problem(&self, key: &str) -> Option<String> {
        let at = self.place_of(key)?;
        self.shown().into_iter().find(|(i, _)| *i == at).map(|(_, what)| what)
    }

    #[cfg(test)]
    pub(super) fn focused(&self) -> &str {
        self.lines.get(self.focus).map_or("", |l| l.key)
    }

    #[cfg(test)]
    pub(super) fn text_of(&self, key: &str) -> &str {
        self.lines.iter().find(|l| l.key == key).map_or("", |l| l.field.text())
    }

    fn save(&mut self) -> Vec<Step> {
        self.refused = None;
        for line in &mut self.lines {
            line.touched = true;
        }
        if let Some((at, _)) = self.shown().into_iter().next() {
            self.focus = at;
            return Vec::new();
        }
        self.state = State::Saving;
        vec![Step::Ask(Box::new(self.spec.request(&self.values())))]
    }

    fn step(&mut self, forward: bool) {
        if let Some(line) = self.lines.get_mut(self.focus) {
            line.touched = true;
        }
        let n = self.lines.len() + 2;
        self.focus = if forward { (self.focus + 1) % n } else { (self.focus + n - 1) % n };
    }

    fn enter(&mut self) -> Vec<Step> {
        if self.on_save() {
            return self.save();
        }
        match self.lines.get_mut(self.focus) {
            Some(line) if line.tall => {
                line.field.insert("\n");
            }
            _ => self.step(true),
        }
        Vec::new()
    }

    fn field_key(&mut self, key: KeyEvent) {
        let Some(line) = self.lines.get_mut(self.focus) else {
            match key.code {
                KeyCode::Char(' ') | KeyCode::Left | KeyCode::Right if self.on_private() => {
                    self.private = !self.private;
                    self.refused = None;
                }
                KeyCode::Down => self.step(true),
                KeyCode::Up => self.step(false),
                _ => {}
            }
            return;
        };
        match (line.field.key(key), key.code) {
            (Effect::Changed, _) => {
                line.touched = !line.tall || !line.field.is_empty();
                self.refused = None;
            }
            (Effect::Ignored, KeyCode::Down) => self.step(true),
            (Effect::Ignored, KeyCode::Up) => self.step(false),
            _ => {}
        }
    }

    fn draw_footer(&self, buf: &mut Buffer, line: Rect, theme: &Theme) {
        match self.state {
            State::Leaving => {
                let x =
                    frame::put(buf, line.x, line.y, line.width, "Throw the changes away?", theme.warn) + 2;
                let rest = Rect { x, width: line.right().saturating_sub(x), ..line };
                frame::keys(buf, rest, &[("y", "throw away"), ("other key", "go on editing")], theme);
            }
            State::Saving => {
                frame::put(buf, line.x, line.y, line.width, "Saving…", theme.dim);
            }
            State::Editing => {
                let x = frame::button(buf, line.x, line.y, "Save", self.on_save(), theme) + 2;
                let rest = Rect { x, width: line.right().saturating_sub(x), ..line };
                let list: &[(&str, &str)] = if self.on_save() {
                    &[("Enter", "save"), ("Tab", "to the first field"), ("Esc", "back")]
                } else if self.on_private() {
                    &[("Space", "change it"), ("F10", "save"), ("Esc", "back")]
                } else if self.lines[self.focus].tall {
                    &[("Tab", "next field"), ("F10", "save"), ("Enter", "new line"), ("Esc", "back")]
                } else {
                    &[("Enter", "next field"), ("F10", "save"), ("Esc", "back")]
                };
                frame::keys(buf, rest, list, theme);
            }
        }
    }

    fn draw_private(&self, buf: &mut Buffer, row: Rect, label: u16, theme: &Theme) {
        let strong = if self.on_private() { theme.strong } else { theme.dim };
        frame::put(buf, row.x, row.y, label, "For", strong);
        let mut x = row.x + label;
        for (on, word) in [(!self.private, "everybody"), (self.private, "only me")] {
            let mark = if on { "(•) " } else { "( ) " };
            let style = if on && self.on_private() {
                theme.focus
            } else if on {
                theme.text
            } else {
                theme.dim
            };
            x = frame::put(buf, x, row.y, row.right().saturating_sub(x), &format!("{mark}{word}"), style) + 2;
        }
    }
}

/// What a form that a picker holds wants done: its closing is the picker's own business, and what was saved is read
/// anew by `read`.
pub fn back_to_list(steps: Vec<Step>, read: Request) -> Vec<Step> {
    if !steps.contains(&Step::Close) {
        return steps;
    }
    let saved = steps.iter().any(|s| matches!(s, Step::Say(_)));
    let read = saved.then(|| Step::Ask(Box::new(read)));
    steps.into_iter().filter(|s| *s != Step::Close).chain(read).collect()
}

impl<S: Spec> Overlay for Form<S> {
    fn name(&self) -> &'static str {
        S::NAME
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        match self.state {
            State::Saving => return Vec::new(),
            State::Leaving => {
                self.state = State::Editing;
                return if key.code == KeyCode::Char('y') { vec![Step::Close] } else { Vec::new() };
            }
            State::Editing => {}
        }
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc if self.changed() => self.state = State::Leaving,
            KeyCode::Esc => return vec![Step::Close],
            KeyCode::F(10) => return self.save(),
            KeyCode::Enter if ctrl => return self.save(),
            KeyCode::Tab => self.step(true),
            KeyCode::BackTab => self.step(false),
            KeyCode::Enter => return self.enter(),
            _ => self.field_key(key),
        }
        Vec::new()
    }

    fn paste(&mut self, pasted: &str) -> Vec<Step> {
        if self.state == State::Editing
            && let Some(line) = self.lines.get_mut(self.focus)
            && line.field.insert(pasted)
        {
            self.refused = None;
        }
        Vec::new()
    }

    fn deliver(&mut self, delivery: Delivery) -> Vec<Step> {
        if self.state != State::Saving {
            return Vec::new();
        }
        match delivery {
            Delivery::Done => vec![Step::Close, Step::Say(self.spec.saved(&self.values()))],
            Delivery::Problem(p) => {
                self.state = State::Editing;
                self.focus = p.field.as_deref().and_then(|f| self.place_of(f)).unwrap_or(self.focus);
                self.refused = Some(p);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let inner = frame::open(area, 92, 28, self.spec.title(), "", buf, theme)?;
        let label =
            self.lines.iter().filter(|l| !l.tall).map(|l| text::width(l.label)).max().unwrap_or(0).max(3)
                as u16
                + 2;
        let help = self.spec.help();
        let after = self.lines.iter().skip_while(|l| !l.tall).skip(1).count() as u16 + 1;
        let help_rows = text::wrap(&help, usize::from(inner.width)).len() as u16;
        // On a small screen the help goes first.
        let help_rows = help_rows.min(inner.height.saturating_sub(after + 8)).min(4);
        let shown = self.shown();
        let mut cursor = None;
        let mut y = inner.y;
        for (i, line) in self.lines.iter().enumerate() {
            let focused = i == self.focus;
            let wrong = shown.iter().any(|(at, _)| *at == i);
            let style = match (wrong, focused) {
                (true, _) => theme.bad,
                (false, true) => theme.strong,
                (false, false) => theme.dim,
            };
            let room = if line.tall { inner.width.saturating_sub(20) } else { label };
            frame::put(buf, inner.x, y, room, line.label, style);
            let at = if line.tall {
                let (n, max) = self.spec.count(line.field.text());
                let style = if n > max { theme.bad } else { theme.dim };
                frame::put_right(buf, inner.right(), y, 20, &format!("{n} of {max}"), style);
                y += 1;
                let room = inner.bottom().saturating_sub(y + after + help_rows + 3).max(1);
                for row in y..y + room {
                    frame::glyph(buf, inner.x, row, "▏", if focused { theme.focus } else { theme.border });
                }
                let lines = Rect::new(inner.x + 2, y, inner.width - 2, room);
                y += room;
                line.field.draw(lines, buf, theme.text, line.hint, theme)
            } else {
                let x = frame::put(buf, inner.x + label, y, 2, line.before, theme.dim);
                let row = Rect::new(x, y, inner.right().saturating_sub(x), 1);
                y += 1;
                line.field.draw(row, buf, theme.text, line.hint, theme)
            };
            if focused && self.state == State::Editing {
                cursor = Some(at);
            }
        }
        self.draw_private(buf, Rect::new(inner.x, y, inner.width, 1), label, theme);
        let help_at = Rect::new(inner.x, y + 1, inner.width, help_rows);
        frame::paragraph(buf, help_at, &help, theme.dim);
        let trouble = Rect::new(inner.x, inner.bottom().saturating_sub(2), inner.width, 1);
        let first = shown.iter().find(|(at, _)| *at == self.focus).or_else(|| shown.first());
        if let Some((_, what)) = first {
            frame::put(buf, trouble.x, trouble.y, trouble.width, &text::sanitize(what), theme.bad);
        } else if let Some(p) = &self.refused {
            frame::problem(buf, trouble, p, theme);
        }
        self.draw_footer(buf, Rect::new(inner.x, inner.bottom() - 1, inner.width, 1), theme);
        cursor
    }

    fn hints(&self) -> Vec<Hint> {
        match self.state {
            State::Leaving => vec![Hint::new("y", "throw away"), Hint::new("other key", "go on")],
            State::Saving => Vec::new(),
            State::Editing => {
                let mut out = vec![Hint::new("F10", "save"), Hint::new("Tab", "next field")];
                if self.lines.get(self.focus).is_some_and(|l| l.tall) {
                    out.push(Hint::new("Ctrl+J", "new line"));
                }
                out.push(Hint::new("Esc", "back"));
                out
            }
        }
    }
}
