//! One picker for small lists: views, whom to give a thread to, how long it sleeps, how pressing it is.
//!
//! Typing narrows the list. What is typed may also mean something itself: a time, a new name, a filter. Knows choices
//! and the steps they lead to; nothing of what they do.

use super::field::{Effect, Field};
use super::frame::{self, Needle, Rich, Selection};
use super::{Delivery, Hint, Overlay, Step};
use crate::protocol::Problem;
use crate::text;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::sync::Arc;

/// One thing to choose.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Choice {
    /// What it is called.
    pub text: String,
    /// A remark behind it.
    pub remark: String,
    /// A number or a word at the right.
    pub right: String,
    /// What choosing it does.
    pub steps: Vec<Step>,
    /// What deleting it does; nothing where it cannot be deleted.
    pub delete: Vec<Step>,
}

/// What typed text means by itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Typed {
    /// Nothing.
    Nothing,
    /// One more thing to choose.
    Choice(Box<Choice>),
    /// Nothing, and why: which characters are at fault, from where on.
    Wrong {
        /// The first of them.
        at: usize,
        /// How many.
        len: usize,
        /// Why.
        what: String,
    },
}

/// Says what typed text means.
pub type Meaning = Arc<dyn Fn(&str) -> Typed + Send + Sync>;

/// Chooses one of a few.
pub struct Pick {
    name: &'static str,
    title: String,
    hint: &'static str,
    choices: Vec<Choice>,
    /// Indexes of those that match, the best first.
    shown: Vec<usize>,
    typed: Typed,
    meaning: Option<Meaning>,
    field: Field,
    selection: Selection,
    /// Asking whether this one is to be deleted.
    asking: Option<usize>,
    problem: Option<Problem>,
}

impl Pick {
    /// `hint` stands in the empty field.
    #[must_use]
    pub fn new(
        name: &'static str,
        title: impl Into<String>,
        hint: &'static str,
        choices: Vec<Choice>,
    ) -> Self {
        let mut pick = Self {
            name,
            title: title.into(),
            hint,
            choices,
            shown: Vec::new(),
            typed: Typed::Nothing,
            meaning: None,
            field: Field::line(1000),
            selection: Selection::default(),
            asking: None,
            problem: None,
        };
        pick.refilter();
        pick
    }

    /// What is typed may mean something by itself.
    #[must_use]
    pub fn with_meaning(mut self, meaning: Meaning) -> Self {
        self.meaning = Some(meaning);
        self.refilter();
        self
    }

    /// With the cursor on a choice.
    #[must_use]
    pub fn on(mut self, index: usize) -> Self {
        self.selection.set(index.min(self.choices.len().saturating_sub(1)));
        self
    }

    fn refilter(&mut self) {
        let needle = Needle::fuzzy(self.field.text());
        let mut scored: Vec<(u32, usize)> =
            self.choices.iter().enumerate().filter_map(|(i, c)| Some((needle.score(&c.text)?, i))).collect();
        if !needle.is_empty() {
            scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        }
        self.shown = scored.into_iter().map(|(_, i)| i).collect();
        let typed = self.field.text().trim();
        self.typed = match &self.meaning {
            Some(meaning) if !typed.is_empty() => meaning(self.field.text()),
            _ => Typed::Nothing,
        };
        self.selection.set(0);
        self.asking = None;
    }

    fn rows(&self) -> usize {
        self.shown.len() + usize::from(matches!(self.typed, Typed::Choice(_)))
    }

    fn current(&self) -> Option<usize> {
        self.shown.get(self.selection.at).copied()
    }

    fn choose(&mut self) -> Vec<Step> {
        let steps = match (self.current(), &self.typed) {
            (Some(i), _) => &self.choices[i].steps,
            (None, Typed::Choice(c)) => &c.steps,
            (None, Typed::Wrong { what, .. }) => {
                self.problem = Some(Problem::new("field", what.clone()));
                return Vec::new();
            }
            (None, Typed::Nothing) => {
                self.problem = Some(self.nothing());
                return Vec::new();
            }
        };
        [vec![Step::Close], steps.clone()].concat()
    }

    /// Why nothing can be chosen.
    fn nothing(&self) -> Problem {
        if self.choices.is_empty() {
            Problem::new("usage", "there is nothing yet").next("type a name")
        } else {
            let typed = text::sanitize(self.field.text().trim()).into_owned();
            Problem::new("usage", format!("nothing is called `{typed}`")).next("fewer letters find more")
        }
    }

    fn delete(&mut self, key: KeyEvent) -> Vec<Step> {
        let Some(i) = self.asking.take() else { return Vec::new() };
        if key.code != KeyCode::Char('y') {
            return Vec::new();
        }
        let steps = self.choices.remove(i).delete;
        self.refilter();
        steps
    }

    fn foot(&self, buf: &mut Buffer, area: Rect, theme: &Theme) {
        if let Some(p) = &self.problem {
            frame::problem(buf, area, p, theme);
            return;
        }
        if let Some(c) = self.asking.and_then(|i| self.choices.get(i)) {
            let ask = format!("Delete {}? y deletes it, any other key keeps it.", c.text);
            frame::put(buf, area.x, area.y, area.width, &ask, theme.warn);
            return;
        }
        let own = self.typed_wrong();
        if let Some(what) = own.filter(|_| self.shown.is_empty()) {
            frame::paragraph(buf, area, what, theme.warn);
            return;
        }
        let mut keys = vec![("Enter", "choose")];
        if self.current().is_some_and(|i| !self.choices[i].delete.is_empty()) {
            keys.push(("Delete", "delete"));
        }
        keys.push(("Esc", "close"));
        let line = Rect { y: area.bottom() - 1, height: 1, ..area };
        frame::keys(buf, line, &keys, theme);
    }

    fn typed_wrong(&self) -> Option<&str> {
        match &self.typed {
            Typed::Wrong { what, .. } => Some(what),
            _ => None,
        }
    }
}

/// A choice on its line.
fn row(buf: &mut Buffer, line: Rect, c: &Choice, needle: &Needle, theme: &Theme) {
    let x = line.x + 1;
    let right = frame::put_right(buf, line.right() - 1, line.y, 12, &c.right, theme.dim);
    let room = right.saturating_sub(x + 1);
    let label = text::sanitize(&c.text);
    let rich = Rich::line(&label, needle.marks(&label), theme.matched);
    let end = rich.draw_range(buf, x, line.y, room, 0..rich.text.len(), theme.text);
    let rest = right.saturating_sub(end + 3);
    if !c.remark.is_empty() && rest > 4 {
        frame::put(buf, end + 2, line.y, rest, &c.remark, theme.dim);
    }
}

impl Overlay for Pick {
    fn name(&self) -> &'static str {
        self.name
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        self.problem = None;
        if self.asking.is_some() {
            return self.delete(key);
        }
        if self.selection.key(key, self.rows()) {
            return Vec::new();
        }
        let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        match key.code {
            KeyCode::Esc => return vec![Step::Close],
            KeyCode::Enter => return self.choose(),
            KeyCode::Delete if self.field.at_end() => {
                self.asking = self.current().filter(|i| !self.choices[*i].delete.is_empty());
                return Vec::new();
            }
            KeyCode::Char(c @ '1'..='9') if plain && self.field.is_empty() => {
                let at = c.to_digit(10).unwrap_or(1) as usize - 1;
                // A time may begin with a digit: where there is no such row it is typed.
                if at < self.shown.len() && self.meaning.is_none() {
                    self.selection.set(at);
                    return self.choose();
                }
            }
            _ => {}
        }
        if self.field.key(key) == Effect::Changed {
            self.refilter();
        }
        Vec::new()
    }

    fn paste(&mut self, pasted: &str) -> Vec<Step> {
        if self.field.insert(pasted) {
            self.refilter();
        }
        Vec::new()
    }

    fn deliver(&mut self, delivery: Delivery) -> Vec<Step> {
        if let Delivery::Problem(p) = delivery {
            self.problem = Some(p);
        }
        Vec::new()
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let rows = self.choices.len().clamp(4, 16) as u16;
        let inner = frame::open(area, 66, rows + 7, &self.title, "", buf, theme)?;
        frame::put(buf, inner.x, inner.y, 2, "›", theme.focus);
        let line = Rect::new(inner.x + 2, inner.y, inner.width - 2, 1);
        let cursor = self.field.draw(line, buf, theme.text, self.hint, theme);
        if let Typed::Wrong { at, len, .. } = &self.typed
            && self.shown.is_empty()
        {
            let before: String = self.field.text().chars().take(*at).collect();
            let wrong: String = self.field.text().chars().skip(*at).take(*len).collect();
            let x = line.x + text::width(&before) as u16;
            let carets = "^".repeat(text::width(&wrong).max(1));
            if x < line.right() {
                frame::put(buf, x, inner.y + 1, line.right() - x, &carets, theme.bad);
            }
        }
        let list = Rect::new(inner.x, inner.y + 2, inner.width, inner.height.saturating_sub(5));
        let needle = Needle::fuzzy(self.field.text());
        for (i, at) in self.selection.window(self.rows(), usize::from(list.height)).enumerate() {
            let line = Rect::new(list.x, list.y + i as u16, list.width, 1);
            match (self.shown.get(at), &self.typed) {
                (Some(index), _) => row(buf, line, &self.choices[*index], &needle, theme),
                (None, Typed::Choice(c)) => row(buf, line, c, &Needle::fuzzy(""), theme),
                _ => {}
            }
            if at == self.selection.at {
                frame::select(buf, line, theme);
            }
        }
        if self.rows() == 0 && self.typed_wrong().is_none() {
            let none = if self.choices.is_empty() {
                "There is nothing yet: type a name."
            } else {
                "Nothing is called that."
            };
            frame::put(buf, list.x + 1, list.y, list.width, none, theme.dim);
        }
        let foot = Rect::new(inner.x, inner.bottom() - 2, inner.width, 2);
        self.foot(buf, foot, theme);
        Some(cursor)
    }

    fn hints(&self) -> Vec<Hint> {
        vec![Hint::new("Enter", "choose"), Hint::new("Up/Down", "move"), Hint::new("Esc", "close")]
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{draw_everywhere, picture, press, write};
    use super::*;

    fn say(s: &str) -> Vec<Step> {
        vec![Step::Say(s.into())]
    }

    fn pick() -> Pick {
        let choice = |name: &str| Choice {
            text: name.into(),
            right: "12".into(),
            steps: say(&format!("+{name}")),
            delete: say(&format!("delete {name}")),
            ..Choice::default()
        };
        Pick::new(
            "views",
            "Views",
            "a view, or a filter",
            vec![choice("vip"), choice("refund"), choice("王小明\u{1b}[2J")],
        )
        .with_meaning(Arc::new(|typed| match typed {
            "bad:" => Typed::Wrong { at: 0, len: 4, what: "column 1: `bad:` is no word".into() },
            t => Typed::Choice(Box::new(Choice {
                text: format!("create “{t}”"),
                steps: say(&format!("new {t}")),
                ..Choice::default()
            })),
        }))
    }

    #[test]
    fn enter_chooses_and_closes() {
        assert_eq!(press(&mut pick(), "Enter"), [vec![Step::Close], say("+vip")].concat());
        assert_eq!(press(&mut pick(), "Down Enter"), [vec![Step::Close], say("+refund")].concat());
        assert_eq!(press(&mut pick(), "Esc"), vec![Step::Close]);
    }

    #[test]
    fn typing_narrows_and_means_something_itself() {
        let mut p = pick();
        write(&mut p, "ref");
        assert_eq!(press(&mut p, "Enter"), [vec![Step::Close], say("+refund")].concat());
        let mut p = pick();
        write(&mut p, "late");
        assert_eq!(press(&mut p, "Enter"), [vec![Step::Close], say("new late")].concat());
        let mut p = pick();
        write(&mut p, "bad:");
        assert_eq!(press(&mut p, "Enter"), vec![]);
        assert!(picture(&p, 80, 24).contains("^^^^"));
        // What matches comes first, what is typed after it.
        let mut p = pick();
        write(&mut p, "vip");
        assert_eq!(press(&mut p, "Down Enter"), [vec![Step::Close], say("new vip")].concat());
    }

    #[test]
    fn enter_with_nothing_to_choose_says_what_to_do() {
        let mut none = Pick::new("views", "Views", "a view", Vec::new());
        assert_eq!(press(&mut none, "Enter"), vec![]);
        assert!(picture(&none, 80, 24).contains("type a name"));
        let choice = Choice { text: "vip".into(), ..Choice::default() };
        let mut p = Pick::new("views", "Views", "a view", vec![choice]);
        write(&mut p, "zzz");
        assert_eq!(press(&mut p, "Enter"), vec![]);
        assert!(picture(&p, 80, 24).contains("nothing is called `zzz`"));
        press(&mut p, "Backspace");
        assert!(!picture(&p, 80, 24).contains("nothing is called"));
    }

    #[test]
    fn deleting_asks_first() {
        let mut p = pick();
        assert_eq!(press(&mut p, "Delete"), vec![]);
        assert!(picture(&p, 80, 24).contains("Delete vip?"));
        assert_eq!(press(&mut p, "n Delete"), vec![]);
        assert_eq!(press(&mut p, "y"), say("delete vip"));
        assert!(!picture(&p, 80, 24).contains("vip"));
    }

    #[test]
    fn a_refusal_is_shown_until_the_next_key() {
        let mut p = pick();
        p.deliver(Delivery::Problem(Problem::new("refused", "there is a label `vip` already")));
        assert!(picture(&p, 80, 24).contains("already"));
        press(&mut p, "Down");
        assert!(!picture(&p, 80, 24).contains("already"));
    }

    #[test]
    fn looks() {
        let mut p = pick();
        insta::assert_snapshot!("pick_80x24", picture(&p, 80, 24));
        write(&mut p, "bad:");
        insta::assert_snapshot!("pick_wrong_120x36", picture(&p, 120, 36));
        draw_everywhere(&p);
        draw_everywhere(&pick());
        draw_everywhere(&Pick::new("empty", "Nothing", "type", Vec::new()));
    }
}
