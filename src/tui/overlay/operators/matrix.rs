//! A role: its name, what it allows as a grid of things and verbs, what it sees, and how it sends.

use super::super::field::{Effect, Field};
use super::super::frame;
use super::super::sheet::Outcome;
use crate::model::access::{Grant, Resource, Role, Verb, Visibility};
use crate::model::permission_words as words;
use crate::protocol::Problem;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;

/// Cells of the names of things.
const LABEL: u16 = 16;
/// Cells of a verb.
const COLUMN: u16 = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Focus {
    Name,
    Grid,
    Sees,
    Mask,
    Own,
    Save,
}

const ORDER: [Focus; 6] = [Focus::Name, Focus::Grid, Focus::Sees, Focus::Mask, Focus::Own, Focus::Save];

/// Edits a role.
pub(super) struct Matrix {
    role: Role,
    was: Role,
    name: Field,
    fresh: bool,
    focus: Focus,
    row: usize,
    column: usize,
    leaving: bool,
}

impl Matrix {
    /// For a new role that begins as `role`, or for this one.
    pub fn new(role: Role, fresh: bool) -> Self {
        let name = Field::line(200).with(if fresh { "" } else { &role.name });
        let focus = if fresh { Focus::Name } else { Focus::Grid };
        Self { was: role.clone(), role, name, fresh, focus, row: 0, column: 0, leaving: false }
    }

    /// Whether it is a new one.
    pub fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// The role as it is now.
    pub fn role(&self) -> Role {
        let name = if self.fresh { self.name.text().trim() } else { &*self.role.name };
        Role { name: name.to_owned(), ..self.role.clone() }
    }

    /// What is wrong is with its name.
    pub fn ask_name(&mut self) {
        if self.fresh {
            self.focus = Focus::Name;
        }
    }

    fn changed(&self) -> bool {
        self.role != self.was || (self.fresh && !self.name.is_empty())
    }

    fn step(&mut self, forward: bool) {
        let first = usize::from(!self.fresh);
        let n = ORDER.len();
        let at = ORDER.iter().position(|f| *f == self.focus).unwrap_or(first);
        let at = if forward { at + 1 } else { at + n - 1 } % n;
        self.focus = if at < first { if forward { ORDER[first] } else { Focus::Save } } else { ORDER[at] };
    }

    fn cell(&self) -> Option<Grant> {
        let (r, v) = (*Resource::ALL.get(self.row)?, *Verb::ALL.get(self.column)?);
        r.verbs().contains(&v).then_some(Grant(r, v))
    }

    /// To the next cell in this direction that there is.
    fn sideways(&mut self, forward: bool) {
        let Some(verbs) = Resource::ALL.get(self.row).map(|r| r.verbs()) else { return };
        let has = |c: &usize| Verb::ALL.get(*c).is_some_and(|v| verbs.contains(v));
        let next = if forward {
            (self.column + 1..Verb::ALL.len()).find(has)
        } else {
            (0..self.column).rev().find(has)
        };
        self.column = next.unwrap_or(self.column);
    }

    /// The row has changed: the cursor stands on a cell that it has.
    fn settle(&mut self) {
        if self.cell().is_none() {
            let column = self.column;
            self.column += 1;
            self.sideways(false);
            if self.cell().is_none() {
                self.column = column;
                self.sideways(true);
            }
        }
    }

    fn toggle(&mut self) {
        match self.focus {
            Focus::Grid => {
                if let Some(grant) = self.cell()
                    && !self.role.grants.remove(&grant)
                {
                    self.role.grants.insert(grant);
                }
            }
            Focus::Sees => self.turn(true),
            Focus::Mask => self.role.mask_numbers = !self.role.mask_numbers,
            Focus::Own => self.role.only_assigned = !self.role.only_assigned,
            Focus::Name | Focus::Save => {}
        }
    }

    fn turn(&mut self, forward: bool) {
        let all = Visibility::ALL;
        let at = all.iter().position(|(_, v)| *v == self.role.visibility).unwrap_or(0);
        let at = if forward { at + 1 } else { at + all.len() - 1 } % all.len();
        self.role.visibility = all[at].1;
    }

    /// Takes a key.
    pub fn key(&mut self, key: KeyEvent) -> Outcome {
        if std::mem::take(&mut self.leaving) {
            return if key.code == KeyCode::Char('y') { Outcome::Leave } else { Outcome::Open };
        }
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc if self.changed() => self.leaving = true,
            KeyCode::Esc => return Outcome::Leave,
            KeyCode::F(10) => return Outcome::Save,
            KeyCode::Enter if ctrl || self.focus == Focus::Save => return Outcome::Save,
            KeyCode::Tab | KeyCode::Enter => self.step(true),
            KeyCode::BackTab => self.step(false),
            _ => self.part_key(key),
        }
        Outcome::Open
    }

    fn part_key(&mut self, key: KeyEvent) {
        if self.focus == Focus::Name {
            let ignored = self.name.key(key) == Effect::Ignored;
            if ignored && key.code == KeyCode::Down {
                self.step(true);
            }
            return;
        }
        match key.code {
            KeyCode::Char(' ') => self.toggle(),
            KeyCode::Left | KeyCode::Char('h') if self.focus == Focus::Grid => self.sideways(false),
            KeyCode::Right | KeyCode::Char('l') if self.focus == Focus::Grid => self.sideways(true),
            KeyCode::Left if self.focus == Focus::Sees => self.turn(false),
            KeyCode::Right if self.focus == Focus::Sees => self.turn(true),
            KeyCode::Down | KeyCode::Char('j') => {
                if self.focus == Focus::Grid && self.row + 1 < Resource::ALL.len() {
                    self.row += 1;
                    self.settle();
                } else {
                    self.step(true);
                }
            }
            KeyCode::Up | KeyCode::Char('k') => {
                if self.focus == Focus::Grid && self.row > 0 {
                    self.row -= 1;
                    self.settle();
                } else {
                    self.step(false);
                }
            }
            _ => {}
        }
    }

    /// Takes a block of text.
    pub fn paste(&mut self, block: &str) {
        if self.focus == Focus::Name {
            self.name.insert(block);
        }
    }

    fn draw_grid(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        if area.height < 2 {
            return;
        }
        // On a narrow screen names and columns are cut, so that no column is out of sight.
        let label = if area.width < LABEL + 6 * COLUMN { LABEL - 4 } else { LABEL };
        let column = (area.width.saturating_sub(label) / Verb::ALL.len() as u16).clamp(4, COLUMN);
        for (c, v) in Verb::ALL.iter().enumerate() {
            let title = if *v == Verb::LoadTemplate { "load" } else { v.word() };
            frame::put(buf, area.x + label + c as u16 * column, area.y, column - 1, title, theme.dim);
        }
        let rows = usize::from(area.height - 1);
        // On a low screen the row with the cursor is seen.
        let first = (self.row + 1).saturating_sub(rows);
        for (i, r) in Resource::ALL.iter().enumerate().skip(first).take(rows) {
            let y = area.y + 1 + (i - first) as u16;
            let here = self.focus == Focus::Grid && i == self.row;
            frame::put(
                buf,
                area.x,
                y,
                label - 1,
                words::resource(*r),
                if here { theme.strong } else { theme.text },
            );
            for (c, v) in Verb::ALL.iter().enumerate() {
                let x = area.x + label + c as u16 * column;
                if !r.verbs().contains(v) {
                    continue;
                }
                let on = self.role.allows(*r, *v);
                let (mark, style) = if on { ("[x]", theme.good) } else { ("[ ]", theme.dim) };
                frame::put(buf, x, y, 3, mark, style);
                if here && c == self.column {
                    frame::select(buf, Rect::new(x, y, 3, 1), theme);
                }
            }
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
        let title = if self.fresh { "New role".to_owned() } else { format!("Role · {}", self.role.name) };
        let grid = Resource::ALL.len() as u16 + 1;
        let inner = frame::open(area, 80, grid + 11, &title, "", buf, theme)?;
        let label = |on: bool| if on { theme.strong } else { theme.dim };
        let mut cursor = None;
        let mut y = inner.y;
        if self.fresh {
            frame::put(buf, inner.x, y, LABEL, "Name", label(self.focus == Focus::Name));
            let room = Rect::new(inner.x + LABEL, y, inner.width.saturating_sub(LABEL), 1);
            let at = self.name.draw(room, buf, theme.text, "what it is called", theme);
            cursor = (self.focus == Focus::Name).then_some(at);
            y += 1;
        }
        // Three lines of settings, two of words, one of keys.
        let fixed = 6 + (y - inner.y);
        let room = inner.height.saturating_sub(fixed).min(grid);
        let roomy = inner.height >= fixed + grid + 2;
        y += u16::from(roomy);
        self.draw_grid(Rect::new(inner.x, y, inner.width, room), buf, theme);
        y += room + u16::from(roomy);
        frame::put(buf, inner.x, y, LABEL, "Sees", label(self.focus == Focus::Sees));
        let mut x = inner.x + LABEL;
        for (word, v) in Visibility::ALL {
            let on = v == self.role.visibility;
            let style = match (on, self.focus == Focus::Sees) {
                (true, true) => theme.focus.add_modifier(Modifier::BOLD),
                (true, false) => theme.text,
                _ => theme.dim,
            };
            let mark = if on { "(•) " } else { "( ) " };
            x = frame::put(buf, x, y, inner.right().saturating_sub(x), &format!("{mark}{word}"), style) + 2;
        }
        let rest = inner.right().saturating_sub(x);
        frame::put(buf, x, y, rest, words::visibility(self.role.visibility), theme.dim);
        for (focus, on, title, what) in [
            (Focus::Mask, self.role.mask_numbers, "Mask numbers", "phone numbers with their middle hidden"),
            (
                Focus::Own,
                self.role.only_assigned,
                "Only assigned",
                "sends only where it has the conversation",
            ),
        ] {
            y += 1;
            let here = self.focus == focus;
            frame::put(buf, inner.x, y, LABEL, title, label(here));
            let (mark, style) = if on { ("[x]", theme.good) } else { ("[ ]", theme.dim) };
            frame::put(buf, inner.x + LABEL, y, 3, mark, style);
            if here {
                frame::select(buf, Rect::new(inner.x + LABEL, y, 3, 1), theme);
            }
            let x = inner.x + LABEL + 4;
            frame::put(buf, x, y, inner.right().saturating_sub(x), what, theme.dim);
        }
        let said = Rect::new(inner.x, inner.bottom().saturating_sub(3), inner.width, 2);
        if let Some(p) = problem {
            frame::problem(buf, said, p, theme);
        } else if let (Focus::Grid, Some(grant)) = (self.focus, self.cell()) {
            let may = if self.role.grants.contains(&grant) { "may" } else { "may not" };
            let line = Rect { y: said.y + 1, height: 1, ..said };
            frame::paragraph(buf, line, &format!("{may} {}  ({grant})", words::deed(grant)), theme.text);
        }
        let foot = Rect::new(inner.x, inner.bottom().saturating_sub(1), inner.width, 1);
        if self.leaving {
            let say = "Throw the changes away?";
            let x = frame::put(buf, foot.x, foot.y, foot.width, say, theme.warn) + 2;
            let rest = Rect { x, width: foot.right().saturating_sub(x), ..foot };
            frame::keys(buf, rest, &[("y", "throw away"), ("other key", "go on editing")], theme);
            return None;
        }
        let x = frame::button(buf, foot.x, foot.y, "Save", self.focus == Focus::Save, theme) + 2;
        let rest = Rect { x, width: foot.right().saturating_sub(x), ..foot };
        let list: &[(&str, &str)] = match self.focus {
            Focus::Name => &[("Enter", "next"), ("F10", "save"), ("Esc", "back")],
            Focus::Save => &[("Enter", "save"), ("Esc", "back")],
            _ => &[
                ("Space", "change"),
                ("arrows", "move"),
                ("Tab", "next part"),
                ("F10", "save"),
                ("Esc", "back"),
            ],
        };
        frame::keys(buf, rest, list, theme);
        cursor
    }
}
