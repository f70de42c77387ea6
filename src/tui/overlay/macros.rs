//! The macro picker: find one, see its steps, run it; create, change and delete them.

use super::field::{Effect, Field};
use super::form;
use super::frame::{self, Needle, Rich, Selection};
use super::macro_editor::MacroEditor;
use super::{Delivery, Hint, Overlay, Step, nothing_chosen};
use crate::model::ids::MacroId;
use crate::model::macros::Macro;
use crate::protocol::macros::MacroRequest;
use crate::protocol::{Problem, Request};
use crate::text;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Picks a macro.
pub struct MacroPicker {
    all: Vec<Macro>,
    query: Field,
    rows: Vec<usize>,
    selection: Selection,
    mode: Mode,
    // What was asked of the engine and not answered yet.
    deleting: Option<String>,
    say: Option<Problem>,
}

enum Mode {
    List,
    Edit(Box<MacroEditor>),
    Delete(MacroId),
}

/// What a macro is for, or its steps in a line.
#[must_use]
pub fn summary(m: &Macro) -> String {
    if !m.about.is_empty() {
        return text::sanitize(&m.about).into_owned();
    }
    let steps: Vec<String> = m.steps.iter().map(ToString::to_string).collect();
    text::sanitize(&steps.join(" · ")).into_owned()
}

impl MacroPicker {
    /// Over these macros.
    #[must_use]
    pub fn new(all: Vec<Macro>) -> Self {
        let mut s = Self {
            all,
            query: Field::line(200),
            rows: Vec::new(),
            selection: Selection::default(),
            mode: Mode::List,
            deleting: None,
            say: None,
        };
        s.refilter();
        s
    }

    fn refilter(&mut self) {
        let query = self.query.text().trim();
        let (needle, words) = (Needle::fuzzy(query), Needle::words(query));
        let mut scored: Vec<((u32, u64), usize)> = Vec::new();
        for (i, m) in self.all.iter().enumerate() {
            let by_name = needle.score(&text::sanitize(&m.name)).map(|s| s.saturating_add(1000));
            let Some(score) = by_name.max(words.score(&summary(m))) else { continue };
            scored.push(((if needle.is_empty() { 0 } else { score }, m.used), i));
        }
        scored.sort_by(|(a, i), (b, j)| b.cmp(a).then_with(|| self.all[*i].name.cmp(&self.all[*j].name)));
        self.rows = scored.into_iter().map(|(_, i)| i).collect();
        self.selection.set(0);
    }

    fn selected(&self) -> Option<&Macro> {
        self.rows.get(self.selection.at).and_then(|i| self.all.get(*i))
    }

    fn ask_delete(&mut self) {
        if let Some(m) = self.selected() {
            self.mode = Mode::Delete(m.id);
        }
    }

    fn list_key(&mut self, key: KeyEvent) -> Vec<Step> {
        self.say = None;
        if self.selection.key(key, self.rows.len()) {
            return Vec::new();
        }
        match key.code {
            KeyCode::Esc => return vec![Step::Close],
            KeyCode::Enter | KeyCode::Tab => {
                if let Some(m) = self.selected() {
                    return vec![Step::Close, Step::RunMacro(m.id)];
                }
                let next = "fewer letters find more; F2 writes it new";
                self.say = Some(nothing_chosen(self.query.text(), next));
            }
            // One request at a time: an answer does not say what it answers.
            KeyCode::F(2..=4) | KeyCode::Delete if self.deleting.is_some() => {}
            KeyCode::F(2) => {
                let suggestion = if self.selected().is_some() { "" } else { self.query.text() };
                self.mode = Mode::Edit(Box::new(MacroEditor::create(suggestion)));
            }
            KeyCode::F(3) => {
                if let Some(m) = self.selected() {
                    self.mode = Mode::Edit(Box::new(MacroEditor::edit(m.clone())));
                }
            }
            KeyCode::F(4) => self.ask_delete(),
            KeyCode::Delete if self.query.at_end() => self.ask_delete(),
            _ => {
                if self.query.key(key) == Effect::Changed {
                    self.refilter();
                }
            }
        }
        Vec::new()
    }

    // The editor closes itself; here that means going back to the list.
    fn after_edit(&mut self, steps: Vec<Step>) -> Vec<Step> {
        if steps.contains(&Step::Close) {
            self.mode = Mode::List;
        }
        form::back_to_list(steps, Request::Macro { act: MacroRequest::List })
    }

    fn draw_row(&self, buf: &mut Buffer, line: Rect, column: u16, m: &Macro, theme: &Theme) {
        let mut right = line.right() - 1;
        if m.used > 0 {
            right = frame::put_right(buf, right, line.y, 7, &format!("{}×", m.used), theme.dim) - 1;
        }
        if m.owner.is_some() {
            right = frame::put_right(buf, right, line.y, 4, "own", theme.note) - 1;
        }
        let query = self.query.text().trim();
        let name = text::sanitize(&m.name).into_owned();
        let rich = Rich::line(&name, Needle::fuzzy(query).marks(&name), theme.matched);
        let x = line.x + 1;
        rich.draw_range(buf, x, line.y, column.min(right.saturating_sub(x)), 0..name.len(), theme.strong);
        let x = x + column + 2;
        if x + 4 < right {
            frame::put(buf, x, line.y, right - x, &summary(m), theme.dim);
        }
    }

    fn draw_preview(buf: &mut Buffer, area: Rect, m: &Macro, theme: &Theme) {
        let mut rich = Rich::default();
        for (i, step) in m.steps.iter().enumerate() {
            let end = if i + 1 < m.steps.len() { "\n" } else { "" };
            rich.push(&format!("{:>2}  ", i + 1), theme.dim);
            rich.push(&format!("{}{end}", text::sanitize(&step.to_string())), theme.text);
        }
        rich.draw(buf, area, theme.text);
    }
}

fn list() -> Step {
    Step::Ask(Box::new(Request::Macro { act: MacroRequest::List }))
}

impl Overlay for MacroPicker {
    fn name(&self) -> &'static str {
        match &self.mode {
            Mode::Edit(e) => e.name(),
            Mode::List | Mode::Delete(_) => "macros",
        }
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        match &mut self.mode {
            Mode::List => self.list_key(key),
            Mode::Edit(e) => {
                let steps = e.key(key);
                self.after_edit(steps)
            }
            Mode::Delete(id) => {
                let id = *id;
                self.mode = Mode::List;
                if key.code != KeyCode::Char('y') {
                    return Vec::new();
                }
                self.deleting = self.all.iter().find(|m| m.id == id).map(|m| m.name.clone());
                vec![Step::Ask(Box::new(Request::Macro { act: MacroRequest::Delete { id } }))]
            }
        }
    }

    fn paste(&mut self, pasted: &str) -> Vec<Step> {
        match &mut self.mode {
            Mode::List => {
                if self.query.insert(pasted) {
                    self.refilter();
                }
                Vec::new()
            }
            Mode::Edit(e) => e.paste(pasted),
            Mode::Delete(_) => Vec::new(),
        }
    }

    fn deliver(&mut self, delivery: Delivery) -> Vec<Step> {
        if let Delivery::Macros(all) = delivery {
            let selected = self.selected().map(|m| m.id);
            self.all = all;
            self.refilter();
            let at = selected.and_then(|id| self.rows.iter().position(|i| self.all[*i].id == id));
            self.selection.set(at.unwrap_or(0));
            return Vec::new();
        }
        if let Mode::Edit(e) = &mut self.mode {
            let steps = e.deliver(delivery);
            return self.after_edit(steps);
        }
        match delivery {
            Delivery::Done => self
                .deleting
                .take()
                .map_or_else(Vec::new, |name| vec![Step::Say(format!("macro {name} deleted")), list()]),
            Delivery::Problem(p) => {
                self.deleting = None;
                self.say = Some(p);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        if let Mode::Edit(e) = &self.mode {
            return e.draw(area, buf, theme);
        }
        let count = match self.rows.len() {
            n if n == self.all.len() => format!("{n}"),
            n => format!("{n} of {}", self.all.len()),
        };
        let height = (self.all.len() as u16).saturating_add(16).clamp(18, 32);
        let inner = frame::open(area, 100, height, "Macros", &count, buf, theme)?;
        let line = Rect::new(inner.x, inner.y, inner.width, 1);
        let cursor = self.query.draw(line, buf, theme.text, "type a name or words", theme);
        frame::rule(buf, Rect::new(inner.x, inner.y + 1, inner.width, 1), "", theme);
        let foot = if self.say.is_some() || matches!(self.mode, Mode::Delete(_)) { 3 } else { 0 };
        let body = Rect::new(inner.x, inner.y + 2, inner.width, inner.height.saturating_sub(2 + foot));
        let top = body.height / 2;
        let rows = Rect { height: top, ..body };
        frame::rule(buf, Rect { y: body.y + top, height: 1, ..body }, "steps", theme);
        let below = Rect { y: body.y + top + 1, height: body.height.saturating_sub(top + 1), ..body };
        if self.rows.is_empty() {
            let say = if self.all.is_empty() {
                "No macros yet. F2 writes the first one: several commands for one key."
            } else {
                "Nothing matches. F2 writes a new macro."
            };
            frame::paragraph(buf, rows, say, theme.dim);
        }
        let window = self.selection.window(self.rows.len(), usize::from(rows.height));
        let widest = self.rows[window.clone()].iter().map(|i| text::width(&self.all[*i].name)).max();
        let column = (widest.unwrap_or(0) as u16).min(rows.width / 3);
        for (i, at) in window.enumerate() {
            let line = Rect::new(rows.x, rows.y + i as u16, rows.width, 1);
            self.draw_row(buf, line, column, &self.all[self.rows[at]], theme);
            if at == self.selection.at {
                frame::select(buf, line, theme);
            }
        }
        if let Some(m) = self.selected() {
            Self::draw_preview(buf, below, m, theme);
        }
        let under = Rect::new(inner.x, body.bottom() + 1, inner.width, 2);
        if foot > 0 {
            frame::rule(buf, Rect::new(inner.x, body.bottom(), inner.width, 1), "", theme);
        }
        if let Mode::Delete(id) = &self.mode {
            if let Some(m) = self.all.iter().find(|m| m.id == *id) {
                let whose = if m.owner.is_some() { "" } else { " It is gone for everybody." };
                let say = format!("Delete {}?{whose}", text::sanitize(&m.name));
                frame::ask_delete(buf, under, &say, theme);
            }
            return None;
        }
        if let Some(p) = &self.say {
            frame::problem(buf, under, p, theme);
        }
        Some(cursor)
    }

    fn hints(&self) -> Vec<Hint> {
        match &self.mode {
            Mode::Edit(e) => e.hints(),
            Mode::Delete(_) => vec![Hint::new("y", "delete"), Hint::new("other key", "keep")],
            Mode::List => {
                let some = self.selected().is_some();
                let mut out = if some { vec![Hint::new("Enter", "look at it")] } else { Vec::new() };
                out.push(Hint::new("F2", "new"));
                if some {
                    out.extend([Hint::new("F3", "edit"), Hint::new("F4", "delete")]);
                }
                out.push(Hint::new("Esc", "close"));
                out
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{draw_everywhere, picture, press, write};
    use super::*;
    use crate::model::macros::MacroStep;

    fn all() -> Vec<Macro> {
        let make = |n: u8, name: &str, about: &str, steps: &[&str], used: u64, own: bool| Macro {
            id: MacroId([n; 16]),
            name: name.into(),
            about: about.into(),
            steps: steps.iter().map(|s| MacroStep::from((*s).to_owned())).collect(),
            owner: own.then(|| "ana".into()),
            used,
            updated_at: 0,
        };
        vec![
            make(
                1,
                "thank-and-close",
                "Thanks, then the next",
                &["reply thanks", "mark read", "open next"],
                41,
                false,
            ),
            make(2, "shipped", "", &["reply order", "mark read"], 3, true),
            make(3, "noise", "\u{1b}[31mred", &["mute", "dance"], 0, false),
        ]
    }

    #[test]
    fn a_macro_is_found_by_name_and_by_what_it_does() {
        let o = || MacroPicker::new(all());
        assert_eq!(press(&mut o(), "Enter"), vec![Step::Close, Step::RunMacro(MacroId([1; 16]))]);
        let mut by_name = o();
        write(&mut by_name, "ship");
        assert_eq!(press(&mut by_name, "Enter"), vec![Step::Close, Step::RunMacro(MacroId([2; 16]))]);
        let mut by_step = o();
        write(&mut by_step, "reply order");
        assert_eq!(press(&mut by_step, "Enter"), vec![Step::Close, Step::RunMacro(MacroId([2; 16]))]);
        let mut none = o();
        write(&mut none, "zzz");
        assert_eq!(press(&mut none, "Enter F3 F4"), vec![]);
    }

    #[test]
    fn deleting_takes_another_key() {
        let mut o = MacroPicker::new(all());
        assert_eq!(press(&mut o, "F4 n"), vec![]);
        let id = MacroId([1; 16]);
        let ask = Step::Ask(Box::new(Request::Macro { act: MacroRequest::Delete { id } }));
        assert_eq!(press(&mut o, "F4 y"), vec![ask]);
        assert_eq!(
            o.deliver(Delivery::Done),
            vec![Step::Say("macro thank-and-close deleted".into()), list()]
        );
    }

    #[test]
    fn looks() {
        let mut o = MacroPicker::new(all());
        for (w, h) in [(80, 24), (120, 36), (200, 50)] {
            insta::assert_snapshot!(format!("macros_{w}x{h}"), picture(&o, w, h));
        }
        press(&mut o, "Down F4");
        insta::assert_snapshot!("macros_delete_80x24", picture(&o, 80, 24));
        draw_everywhere(&o);
        insta::assert_snapshot!("macros_none_80x24", picture(&MacroPicker::new(Vec::new()), 80, 24));
        draw_everywhere(&MacroPicker::new(Vec::new()));
    }
}
