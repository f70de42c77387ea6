//! The label picker: which labels threads have; make one, choose its colour, rename and delete it.

use super::field::{Effect, Field};
use super::frame::{self, Needle, Rich, Selection};
use super::{Delivery, Hint, Overlay, Step};
use crate::model::handling::{Act, Label, LabelColor};
use crate::model::ids::{LabelId, ThreadId};
use crate::protocol::{LabelRow, Problem, Request};
use crate::text;
use crate::tui::format;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::collections::BTreeSet;

/// Rows of labels that the box is made for.
const ROWS: usize = 16;

/// Puts labels on threads, and keeps the labels themselves.
pub struct LabelPicker {
    about: String,
    threads: Vec<ThreadId>,
    labels: Vec<LabelRow>,
    /// Those that all of the threads have.
    on: BTreeSet<LabelId>,
    query: Field,
    rows: Vec<usize>,
    selection: Selection,
    mode: Mode,
    /// What was asked of the engine and not answered yet: an answer does not say what it answers.
    waits: Option<Wait>,
    say: Option<Problem>,
}

enum Mode {
    List,
    Edit(Edit),
    Delete(LabelId),
}

/// What is done when the engine has done its part.
struct Wait {
    words: String,
    /// A new label goes on the threads.
    puts_on: Option<LabelId>,
}

/// A label's name and colour.
struct Edit {
    id: LabelId,
    fresh: bool,
    name: Field,
    color: LabelColor,
}

impl Edit {
    fn label(&self) -> Label {
        Label { id: self.id, name: self.name.text().trim().to_owned(), color: self.color }
    }

    fn turn(&mut self, forward: bool) {
        let all = LabelColor::ALL;
        let at = all.iter().position(|c| *c == self.color).unwrap_or(0);
        let step = if forward { 1 } else { all.len() - 1 };
        self.color = all[(at + step) % all.len()];
    }
}

fn list() -> Step {
    Step::Ask(Box::new(Request::Labels))
}

impl LabelPicker {
    /// For these threads, which `about` names; `on` are the labels that all of them have.
    #[must_use]
    pub fn new(about: String, threads: Vec<ThreadId>, labels: Vec<LabelRow>, on: BTreeSet<LabelId>) -> Self {
        let mut s = Self {
            about,
            threads,
            labels,
            on,
            query: Field::line(200),
            rows: Vec::new(),
            selection: Selection::default(),
            mode: Mode::List,
            waits: None,
            say: None,
        };
        s.refilter();
        s
    }

    fn refilter(&mut self) {
        let needle = Needle::fuzzy(self.query.text().trim());
        let mut scored: Vec<(u32, usize)> = self
            .labels
            .iter()
            .enumerate()
            .filter_map(|(i, l)| Some((needle.score(&text::sanitize(&l.label.name))?, i)))
            .collect();
        if !needle.is_empty() {
            scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        }
        self.rows = scored.into_iter().map(|(_, i)| i).collect();
        self.selection.set(0);
    }

    /// The label that what is typed would make, or why it cannot be one.
    fn typed(&self) -> Option<Result<Label, String>> {
        let name = self.query.text().trim();
        let known = |l: &LabelRow| l.label.name.to_lowercase() == name.to_lowercase();
        if name.is_empty() || self.labels.iter().any(known) {
            return None;
        }
        let label = Label { id: LabelId::new(), name: name.to_owned(), color: self.next_color() };
        Some(label.check().map(|()| label).map_err(|e| e.to_string()))
    }

    /// The colour that the fewest labels have; grey is for those who want it.
    fn next_color(&self) -> LabelColor {
        let used = |c: LabelColor| self.labels.iter().filter(|l| l.label.color == c).count();
        let own = LabelColor::ALL.iter().copied().filter(|c| *c != LabelColor::Grey);
        own.min_by_key(|c| used(*c)).unwrap_or_default()
    }

    fn total(&self) -> usize {
        self.rows.len() + usize::from(matches!(self.typed(), Some(Ok(_))))
    }

    fn selected(&self) -> Option<&LabelRow> {
        self.rows.get(self.selection.at).and_then(|i| self.labels.get(*i))
    }

    fn put_on(&self, add: Vec<LabelId>, remove: Vec<LabelId>, words: String) -> Step {
        Step::Act { threads: self.threads.clone(), act: Box::new(Act::Label { add, remove }), words }
    }

    /// Switches the marked label, or makes the one that is typed.
    fn choose(&mut self, close: bool) -> Vec<Step> {
        let mut out: Vec<Step> = if close { vec![Step::Close] } else { Vec::new() };
        if let Some(label) = self.selected().map(|l| l.label.clone()) {
            let name = text::sanitize(&label.name).into_owned();
            if self.on.remove(&label.id) {
                out.push(self.put_on(vec![], vec![label.id], format!("no longer labelled {name}")));
            } else {
                self.on.insert(label.id);
                out.push(self.put_on(vec![label.id], vec![], format!("labelled {name}")));
            }
            return out;
        }
        match self.typed() {
            Some(Ok(label)) if close => {
                let (id, words) = (label.id, format!("labelled {}", text::sanitize(&label.name)));
                out.push(Step::Ask(Box::new(Request::SaveLabel { label })));
                out.push(self.put_on(vec![id], vec![], words));
                out
            }
            Some(Err(why)) => {
                self.say = Some(Problem::new("field", why));
                Vec::new()
            }
            Some(Ok(_)) => Vec::new(),
            None => {
                self.say = Some(Problem::new("usage", "there is no label yet").next("type a name"));
                Vec::new()
            }
        }
    }

    fn list_key(&mut self, key: KeyEvent) -> Vec<Step> {
        self.say = None;
        if self.selection.key(key, self.total()) {
            return Vec::new();
        }
        match key.code {
            KeyCode::Esc => return vec![Step::Close],
            KeyCode::Enter => return self.choose(true),
            KeyCode::Tab => return self.choose(false),
            KeyCode::F(2..=4) | KeyCode::Delete if self.waits.is_some() => {}
            KeyCode::F(2) => {
                let name = if self.typed().is_some() { self.query.text().trim() } else { "" };
                let (name, color) = (Field::line(200).with(name), self.next_color());
                self.mode = Mode::Edit(Edit { id: LabelId::new(), fresh: true, name, color });
            }
            KeyCode::F(3) => match self.selected().map(|l| l.label.clone()) {
                Some(l) => {
                    let name = Field::line(200).with(&l.name);
                    self.mode = Mode::Edit(Edit { id: l.id, fresh: false, name, color: l.color });
                }
                None => self.say_none("change"),
            },
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

    fn say_none(&mut self, what: &str) {
        self.say = Some(Problem::new("usage", format!("there is no label here to {what}")));
    }

    fn ask_delete(&mut self) {
        match self.selected().map(|l| l.label.id) {
            Some(id) => self.mode = Mode::Delete(id),
            None => self.say_none("delete"),
        }
    }

    fn edit_key(&mut self, key: KeyEvent) -> Vec<Step> {
        self.say = None;
        let Mode::Edit(edit) = &mut self.mode else { return Vec::new() };
        if self.waits.is_some() {
            return Vec::new();
        }
        match key.code {
            KeyCode::Esc => self.mode = Mode::List,
            KeyCode::Tab | KeyCode::Down => edit.turn(true),
            KeyCode::BackTab | KeyCode::Up => edit.turn(false),
            KeyCode::Enter | KeyCode::F(10) => {
                let label = edit.label();
                let taken = |l: &LabelRow| {
                    l.label.id != label.id && l.label.name.to_lowercase() == label.name.to_lowercase()
                };
                if let Err(e) = label.check() {
                    self.say = Some(e.into());
                } else if self.labels.iter().any(taken) {
                    let what = format!("there is a label `{}` already", label.name);
                    self.say = Some(Problem::new("field", what).next("choose another name"));
                } else {
                    let name = text::sanitize(&label.name).into_owned();
                    let puts_on = edit.fresh.then_some(label.id);
                    let words =
                        if edit.fresh { format!("labelled {name}") } else { format!("label {name} saved") };
                    self.waits = Some(Wait { words, puts_on });
                    return vec![Step::Ask(Box::new(Request::SaveLabel { label }))];
                }
            }
            _ => {
                edit.name.key(key);
            }
        }
        Vec::new()
    }

    /// The engine has saved or deleted a label.
    fn done(&mut self) -> Vec<Step> {
        let Some(wait) = self.waits.take() else { return Vec::new() };
        self.mode = Mode::List;
        self.query.set("");
        match wait.puts_on {
            Some(id) => {
                self.on.insert(id);
                vec![self.put_on(vec![id], vec![], wait.words), list()]
            }
            None => vec![Step::Say(wait.words), list()],
        }
    }

    fn draw_row(&self, buf: &mut Buffer, line: Rect, l: &LabelRow, theme: &Theme) {
        let on = if self.on.contains(&l.label.id) { "✓" } else { " " };
        frame::put(buf, line.x + 1, line.y, 1, on, theme.good);
        frame::put(buf, line.x + 3, line.y, 1, "●", theme.label(l.label.color));
        let count = if l.threads > 0 { format::count(l.threads) } else { String::new() };
        let right = frame::put_right(buf, line.right() - 1, line.y, 12, &count, theme.dim);
        let name = text::sanitize(&l.label.name).into_owned();
        let marks = Needle::fuzzy(self.query.text().trim()).marks(&name);
        let rich = Rich::line(&name, marks, theme.matched);
        let x = line.x + 5;
        rich.draw_range(buf, x, line.y, right.saturating_sub(x + 1), 0..name.len(), theme.text);
    }

    fn draw_edit(&self, edit: &Edit, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let title = if edit.fresh { "New label" } else { "Change label" };
        let colors = LabelColor::ALL.len() as u16;
        let inner = frame::open(area, 60, colors + 8, title, "", buf, theme)?;
        frame::put(buf, inner.x, inner.y, 6, "Name", theme.dim);
        let line = Rect::new(inner.x + 7, inner.y, inner.width.saturating_sub(7), 1);
        let cursor = edit.name.draw(line, buf, theme.text, "what it is called", theme);
        frame::put(buf, inner.x, inner.y + 2, 6, "Colour", theme.dim);
        let foot = inner.bottom().saturating_sub(3);
        for (y, color) in (inner.y + 2..foot).zip(LabelColor::ALL) {
            let line = Rect::new(line.x, y, line.width, 1);
            frame::put(buf, line.x + 1, y, 1, "●", theme.label(*color));
            frame::put(buf, line.x + 3, y, line.width.saturating_sub(3), color.as_str(), theme.text);
            if *color == edit.color {
                frame::select(buf, line, theme);
            }
        }
        let under = Rect::new(inner.x, foot + 1, inner.width, 2);
        if let Some(p) = &self.say {
            frame::problem(buf, under, p, theme);
        } else {
            let keys = Rect { y: under.y + 1, height: 1, ..under };
            frame::keys(buf, keys, &[("Enter", "save"), ("Up/Down", "colour"), ("Esc", "back")], theme);
        }
        Some(cursor)
    }

    fn draw_foot(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let keys = Rect { y: area.bottom().saturating_sub(1), height: 1, ..area };
        if let Mode::Delete(id) = self.mode {
            if let Some(l) = self.labels.iter().find(|l| l.label.id == id) {
                let lose = match l.threads {
                    0 => String::new(),
                    1 => " 1 thread loses it.".into(),
                    n => format!(" {n} threads lose it."),
                };
                let say = format!("Delete {}?{lose}", text::sanitize(&l.label.name));
                frame::ask_delete(buf, area, &say, theme);
            }
            return;
        }
        if let Some(p) = &self.say {
            frame::problem(buf, area, p, theme);
            return;
        }
        if let (Some(Err(why)), true) = (self.typed(), self.rows.is_empty()) {
            frame::paragraph(buf, area, &why, theme.warn);
            return;
        }
        let first = Rect { y: area.y, height: 1, ..area };
        frame::keys(buf, first, &[("Enter", "choose"), ("Tab", "switch, and stay"), ("Esc", "close")], theme);
        frame::keys(buf, keys, &[("F2", "new"), ("F3", "name and colour"), ("F4", "delete")], theme);
    }
}

impl Overlay for LabelPicker {
    fn name(&self) -> &'static str {
        "labels"
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        match self.mode {
            Mode::List => self.list_key(key),
            Mode::Edit(_) => self.edit_key(key),
            Mode::Delete(id) => {
                self.mode = Mode::List;
                if key.code != KeyCode::Char('y') {
                    return Vec::new();
                }
                let name = self.labels.iter().find(|l| l.label.id == id).map(|l| l.label.name.clone());
                let words = format!("label {} deleted", text::sanitize(&name.unwrap_or_default()));
                self.waits = Some(Wait { words, puts_on: None });
                vec![Step::Ask(Box::new(Request::DeleteLabel { id }))]
            }
        }
    }

    fn paste(&mut self, pasted: &str) -> Vec<Step> {
        match &mut self.mode {
            Mode::List => {
                if self.query.insert(pasted) {
                    self.refilter();
                }
            }
            Mode::Edit(edit) => {
                edit.name.insert(pasted);
            }
            Mode::Delete(_) => {}
        }
        Vec::new()
    }

    fn deliver(&mut self, delivery: Delivery) -> Vec<Step> {
        match delivery {
            Delivery::Labels(labels) => {
                let selected = self.selected().map(|l| l.label.id);
                self.labels = labels;
                self.refilter();
                let at =
                    selected.and_then(|id| self.rows.iter().position(|i| self.labels[*i].label.id == id));
                self.selection.set(at.unwrap_or(0));
                Vec::new()
            }
            Delivery::Done => self.done(),
            Delivery::Problem(p) => {
                self.waits = None;
                self.say = Some(p);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        if let Mode::Edit(edit) = &self.mode {
            return self.draw_edit(edit, area, buf, theme);
        }
        let height = self.labels.len().clamp(4, ROWS) as u16 + 8;
        let title = format!("Labels · {}", self.about);
        let inner = frame::open(area, 66, height, &title, "", buf, theme)?;
        frame::put(buf, inner.x, inner.y, 2, "›", theme.focus);
        let line = Rect::new(inner.x + 2, inner.y, inner.width - 2, 1);
        let cursor = self.query.draw(line, buf, theme.text, "a label, or a new one", theme);
        let list = Rect::new(inner.x, inner.y + 2, inner.width, inner.height.saturating_sub(5));
        let typed = self.typed();
        for (i, at) in self.selection.window(self.total(), usize::from(list.height)).enumerate() {
            let line = Rect::new(list.x, list.y + i as u16, list.width, 1);
            match (self.rows.get(at), &typed) {
                (Some(index), _) => self.draw_row(buf, line, &self.labels[*index], theme),
                (None, Some(Ok(label))) => {
                    frame::put(buf, line.x + 3, line.y, 1, "●", theme.label(label.color));
                    let words = format!("new label “{}”", text::sanitize(&label.name));
                    let end = frame::put(buf, line.x + 5, line.y, line.width - 5, &words, theme.text);
                    let rest = line.right().saturating_sub(end + 2);
                    frame::put(buf, end + 2, line.y, rest, label.color.as_str(), theme.dim);
                }
                _ => {}
            }
            if at == self.selection.at {
                frame::select(buf, line, theme);
            }
        }
        if self.labels.is_empty() && typed.is_none() {
            frame::put(buf, list.x + 1, list.y, list.width, "There is nothing yet: type a name.", theme.dim);
        }
        let foot = Rect::new(inner.x, inner.bottom() - 2, inner.width, 2);
        self.draw_foot(foot, buf, theme);
        (!matches!(self.mode, Mode::Delete(_))).then_some(cursor)
    }

    fn hints(&self) -> Vec<Hint> {
        match self.mode {
            Mode::List => vec![
                Hint::new("Enter", "choose"),
                Hint::new("Tab", "switch, and stay"),
                Hint::new("F2", "new"),
                Hint::new("F3", "change"),
                Hint::new("F4", "delete"),
                Hint::new("Esc", "close"),
            ],
            Mode::Edit(_) => {
                vec![Hint::new("Enter", "save"), Hint::new("Up/Down", "colour"), Hint::new("Esc", "back")]
            }
            Mode::Delete(_) => vec![Hint::new("y", "delete"), Hint::new("other key", "keep it")],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{draw_everywhere, picture, press, write};
    use super::*;

    const T: ThreadId = ThreadId([1; 16]);
    const VIP: LabelId = LabelId([5; 16]);

    fn row(id: LabelId, name: &str, color: LabelColor, threads: u32) -> LabelRow {
        LabelRow { label: Label { id, name: name.into(), color }, threads }
    }

    fn picker() -> LabelPicker {
        let labels = vec![
            row(VIP, "vip", LabelColor::Red, 12),
            row(LabelId([6; 16]), "refund", LabelColor::Yellow, 1),
            row(LabelId([7; 16]), "王小明\u{1b}[2J", LabelColor::Green, 0),
        ];
        LabelPicker::new("Marta Souza".into(), vec![T], labels, BTreeSet::from([VIP]))
    }

    fn saved(steps: &[Step]) -> Label {
        let found = steps.iter().find_map(|s| match s {
            Step::Ask(r) => match &**r {
                Request::SaveLabel { label } => Some(label.clone()),
                _ => None,
            },
            _ => None,
        });
        found.unwrap_or_else(|| panic!("{steps:?}"))
    }

    fn act(add: &[LabelId], remove: &[LabelId], words: &str) -> Step {
        let act = Act::Label { add: add.into(), remove: remove.into() };
        Step::Act { threads: vec![T], act: Box::new(act), words: words.into() }
    }

    #[test]
    fn a_label_is_put_on_and_taken_off() {
        assert_eq!(press(&mut picker(), "Enter"), [Step::Close, act(&[], &[VIP], "no longer labelled vip")]);
        let refund = LabelId([6; 16]);
        assert_eq!(
            press(&mut picker(), "Down Tab Tab"),
            [act(&[refund], &[], "labelled refund"), act(&[], &[refund], "no longer labelled refund")]
        );
        let mut p = picker();
        write(&mut p, "late order");
        let steps = press(&mut p, "Enter");
        let label = saved(&steps);
        assert_eq!((&*label.name, label.color), ("late order", LabelColor::Cyan), "a colour that is free");
        assert_eq!((&steps[0], &steps[2]), (&Step::Close, &act(&[label.id], &[], "labelled late order")));
    }

    #[test]
    fn a_new_one_is_made_with_its_colour_and_put_on() {
        let mut p = picker();
        write(&mut p, "late");
        assert_eq!(press(&mut p, "F2"), vec![]);
        write(&mut p, " order");
        let label = saved(&press(&mut p, "Down Enter"));
        assert_eq!((&*label.name, label.color), ("late order", LabelColor::Blue));
        assert_eq!(press(&mut p, "Enter Esc"), vec![], "it is waited for");
        let steps = p.deliver(Delivery::Done);
        assert_eq!(steps, [act(&[label.id], &[], "labelled late order"), list()]);
    }

    #[test]
    fn one_is_renamed_and_gets_another_colour() {
        let mut p = picker();
        press(&mut p, "F3 Ctrl+U");
        write(&mut p, "gold");
        let label = saved(&press(&mut p, "Up Enter"));
        assert_eq!(label, Label { id: VIP, name: "gold".into(), color: LabelColor::Grey });
        assert_eq!(p.deliver(Delivery::Done), [Step::Say("label gold saved".into()), list()]);
        p.deliver(Delivery::Labels(vec![row(VIP, "gold", LabelColor::Grey, 12)]));
        assert!(picture(&p, 80, 24).contains("gold") && !picture(&p, 80, 24).contains("vip"));
        // What cannot be is said before it is asked; what the engine refuses is said too.
        let mut p = picker();
        press(&mut p, "F3 Ctrl+U");
        assert_eq!(press(&mut p, "Enter"), vec![]);
        assert!(picture(&p, 80, 24).contains("is empty"));
        write(&mut p, "REFUND");
        assert_eq!(press(&mut p, "Enter"), vec![]);
        assert!(picture(&p, 80, 24).contains("already"));
        press(&mut p, "Ctrl+U");
        write(&mut p, "gold");
        press(&mut p, "Enter");
        p.deliver(Delivery::Problem(Problem::new("refused", "there is a label `gold` already")));
        assert!(picture(&p, 80, 24).contains("there is a label `gold` already"));
        assert_eq!(saved(&press(&mut p, "Enter")).name, "gold", "it can be tried again");
    }

    #[test]
    fn deleting_asks_first_and_says_what_is_lost() {
        let mut p = picker();
        assert_eq!(press(&mut p, "F4"), vec![]);
        assert!(picture(&p, 80, 24).contains("Delete vip? 12 threads lose it."));
        assert_eq!(press(&mut p, "n Delete"), vec![]);
        assert_eq!(press(&mut p, "y"), [Step::Ask(Box::new(Request::DeleteLabel { id: VIP }))]);
        assert_eq!(p.deliver(Delivery::Done), [Step::Say("label vip deleted".into()), list()]);
    }

    #[test]
    fn every_key_that_can_do_nothing_says_why() {
        let mut p = LabelPicker::new("Marta".into(), vec![T], vec![], BTreeSet::new());
        for key in ["Enter", "Tab", "F3", "F4"] {
            assert_eq!(press(&mut p, key), vec![]);
            assert!(p.say.is_some(), "{key}");
        }
        write(&mut p, "a,b");
        assert_eq!(press(&mut p, "Enter"), vec![]);
        assert!(p.say.is_some());
    }

    #[test]
    fn looks() {
        let mut p = picker();
        write(&mut p, "late");
        insta::assert_snapshot!("labels_new_80x24", picture(&p, 80, 24));
        draw_everywhere(&p);
        press(&mut p, "F2");
        insta::assert_snapshot!("labels_edit_80x24", picture(&p, 80, 24));
        draw_everywhere(&p);
        let mut p = picker();
        insta::assert_snapshot!("labels_80x24", picture(&p, 80, 24));
        press(&mut p, "F4");
        insta::assert_snapshot!("labels_delete_120x36", picture(&p, 120, 36));
        draw_everywhere(&p);
    }
}
