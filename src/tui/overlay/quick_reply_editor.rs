//! The form that creates and changes a quick reply.
//!
//! Knows the rules of [`QuickReply::check`]; whether a shortcut is taken is the engine's to say.

use super::field::{Effect, Field};
use super::{Delivery, Hint, Overlay, Step, frame, variables};
use crate::model::ids::QuickReplyId;
use crate::model::outgoing::{FieldProblem, TEXT_MAX};
use crate::model::quick_reply::QuickReply;
use crate::protocol::{Problem, Request};
use crate::text;
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Focus {
    Shortcut,
    Text,
    Save,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Editing,
    Leaving,
    Saving,
}

/// Creates or changes one quick reply. Closes when it is saved or given up.
pub struct QuickReplyEditor {
    original: QuickReply,
    fresh: bool,
    shortcut: Field,
    text: Field,
    focus: Focus,
    state: State,
    // Problems are shown for what was touched, or for everything after a try to save.
    touched: (bool, bool),
    refused: Option<Problem>,
}

impl QuickReplyEditor {
    /// A new reply; the shortcut may be suggested.
    #[must_use]
    pub fn create(shortcut: &str) -> Self {
        let reply = QuickReply {
            id: QuickReplyId::new(),
            shortcut: shortcut.trim_start_matches('/').to_owned(),
            text: String::new(),
            used: 0,
            updated_at: 0,
        };
        Self { fresh: true, ..Self::edit(reply) }
    }

    /// Changes a reply.
    #[must_use]
    pub fn edit(reply: QuickReply) -> Self {
        Self {
            shortcut: Field::line(200).with(&reply.shortcut),
            text: Field::lines(TEXT_MAX * 4).with(&reply.text),
            original: reply,
            fresh: false,
            focus: Focus::Shortcut,
            state: State::Editing,
            touched: (false, false),
            refused: None,
        }
    }

    fn reply(&self) -> QuickReply {
        QuickReply {
            shortcut: self.shortcut.text().to_owned(),
            text: self.text.text().to_owned(),
            ..self.original.clone()
        }
    }

    fn changed(&self) -> bool {
        self.shortcut.text() != self.original.shortcut || self.text.text() != self.original.text
    }

    fn problem(&self) -> Option<FieldProblem> {
        let reply = self.reply();
        if let Err(p) = reply.check() {
            return Some(p);
        }
        variables::check(&reply.text).err().map(|why| FieldProblem::new("text", why))
    }

    fn save(&mut self) -> Vec<Step> {
        self.refused = None;
        self.touched = (true, true);
        if let Some(p) = self.problem() {
            self.focus = if p.field == "text" { Focus::Text } else { Focus::Shortcut };
            return Vec::new();
        }
        self.state = State::Saving;
        vec![Step::Ask(Box::new(Request::SaveQuickReply { reply: self.reply() }))]
    }

    fn step(&mut self, forward: bool) {
        match self.focus {
            Focus::Shortcut => self.touched.0 = true,
            Focus::Text => self.touched.1 = true,
            Focus::Save => {}
        }
        self.focus = match (self.focus, forward) {
            (Focus::Shortcut, true) | (Focus::Save, false) => Focus::Text,
            (Focus::Text, true) | (Focus::Shortcut, false) => Focus::Save,
            (Focus::Save, true) | (Focus::Text, false) => Focus::Shortcut,
        };
    }

    fn field(&mut self) -> Option<&mut Field> {
        match self.focus {
            Focus::Shortcut => Some(&mut self.shortcut),
            Focus::Text => Some(&mut self.text),
            Focus::Save => None,
        }
    }

    fn shown_problem(&self, field: &str) -> Option<String> {
        if let Some(p) = self.refused.as_ref().filter(|p| p.field.as_deref() == Some(field)) {
            return Some(p.what.clone());
        }
        let touched = if field == "text" { self.touched.1 } else { self.touched.0 };
        // Each field is judged by itself, so that an empty shortcut does not hide a mistake in the text.
        let reply = if field == "text" {
            QuickReply { shortcut: "x".into(), ..self.reply() }
        } else {
            QuickReply { text: "x".into(), ..self.reply() }
        };
        let found = reply.check().err().or_else(|| {
            (field == "text")
                .then(|| variables::check(&reply.text).err().map(|why| FieldProblem::new("text", why)))
                .flatten()
        });
        found.filter(|_| touched).map(|p| format!("{} {}", p.field, p.problem))
    }

    fn draw_footer(&self, buf: &mut Buffer, area: Rect, theme: &Theme) {
        let line = Rect { height: 1, ..area };
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
                let x = frame::button(buf, line.x, line.y, "Save", self.focus == Focus::Save, theme) + 2;
                let rest = Rect { x, width: line.right().saturating_sub(x), ..line };
                let list: &[(&str, &str)] = match self.focus {
                    Focus::Shortcut => &[("Enter", "to the text"), ("F10", "save"), ("Esc", "back")],
                    Focus::Text => {
                        &[("Tab", "to Save"), ("F10", "save"), ("Enter", "new line"), ("Esc", "back")]
                    }
                    Focus::Save => &[("Enter", "save"), ("Tab", "to the shortcut"), ("Esc", "back")],
                };
                frame::keys(buf, rest, list, theme);
            }
        }
        if let Some(p) =
            self.refused.as_ref().filter(|p| !matches!(p.field.as_deref(), Some("shortcut" | "text")))
        {
            let below = Rect::new(area.x, area.y + 1, area.width, area.height.saturating_sub(1));
            frame::problem(buf, below, p, theme);
        }
    }
}

impl Overlay for QuickReplyEditor {
    fn name(&self) -> &'static str {
        "quick_reply_editor"
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
            KeyCode::Esc => {
                if self.changed() {
                    self.state = State::Leaving;
                    return Vec::new();
                }
                return vec![Step::Close];
            }
            KeyCode::F(10) => return self.save(),
            KeyCode::Enter if ctrl => return self.save(),
            KeyCode::Tab => self.step(true),
            KeyCode::BackTab => self.step(false),
            KeyCode::Enter => match self.focus {
                Focus::Shortcut => self.step(true),
                Focus::Text => {
                    self.text.insert("\n");
                }
                Focus::Save => return self.save(),
            },
            _ => {
                let effect = self.field().map_or(Effect::Ignored, |f| f.key(key));
                match (effect, key.code) {
                    (Effect::Changed, _) => {
                        self.refused = None;
                        if self.focus == Focus::Text && !self.text.is_empty() {
                            self.touched.1 = true;
                        }
                        if self.focus == Focus::Shortcut {
                            self.touched.0 = true;
                        }
                    }
                    (Effect::Ignored, KeyCode::Down) => self.step(true),
                    (Effect::Ignored, KeyCode::Up) => self.step(false),
                    _ => {}
                }
            }
        }
        Vec::new()
    }

    fn paste(&mut self, pasted: &str) -> Vec<Step> {
        if self.state == State::Editing
            && let Some(f) = self.field()
            && f.insert(pasted)
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
            Delivery::Done => {
                vec![Step::Close, Step::Say(format!("quick reply /{} saved", self.shortcut.text()))]
            }
            Delivery::Problem(p) => {
                self.state = State::Editing;
                self.focus = match p.field.as_deref() {
                    Some("text") => Focus::Text,
                    Some("shortcut") => Focus::Shortcut,
                    _ => self.focus,
                };
                self.refused = Some(p);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let title = if self.fresh { "New quick reply" } else { "Edit quick reply" };
        let inner = frame::open(area, 90, 26, title, "", buf, theme)?;
        let mut y = inner.y;
        let strong = |on: bool| if on { theme.strong } else { theme.dim };
        let editing = self.state == State::Editing;
        frame::put(buf, inner.x, y, inner.width, "Shortcut", strong(self.focus == Focus::Shortcut));
        if let Some(p) = self.shown_problem("shortcut") {
            frame::put(buf, inner.x + 10, y, inner.width.saturating_sub(10), &p, theme.bad);
        }
        y += 1;
        frame::put(buf, inner.x, y, 1, "/", theme.dim);
        let line = Rect::new(inner.x + 1, y, inner.width - 1, 1);
        let at_shortcut = self.shortcut.draw(line, buf, theme.text, "hours", theme);
        y += 2;
        frame::put(buf, inner.x, y, inner.width, "Text", strong(self.focus == Focus::Text));
        let n = self.text.text().chars().count();
        let count = format!("{n} of {TEXT_MAX}");
        let count_x = frame::put_right(
            buf,
            inner.right(),
            y,
            20,
            &count,
            if n > TEXT_MAX { theme.bad } else { theme.dim },
        );
        if let Some(p) = self.shown_problem("text") {
            frame::put(buf, inner.x + 6, y, count_x.saturating_sub(inner.x + 7), &p, theme.bad);
        }
        y += 1;
        let help = format!(
            "{{{{ name }}}} is filled in: {}. Any other name is asked for.",
            variables::NAMES.join(", ")
        );
        let help_rows = text::wrap(&help, usize::from(inner.width)).len().min(3) as u16;
        let refused = u16::from(self.refused.is_some()) * 2;
        let bottom = inner.bottom().saturating_sub(1 + refused);
        let room = bottom.saturating_sub(y + help_rows + 2);
        let lines = Rect::new(inner.x + 2, y, inner.width - 2, room);
        for row in lines.top()..lines.bottom() {
            let style = if self.focus == Focus::Text { theme.focus } else { theme.border };
            frame::glyph(buf, inner.x, row, "▏", style);
        }
        let at_text = self.text.draw(lines, buf, theme.text, "Hello {{ contact.first_name }}, …", theme);
        frame::paragraph(
            buf,
            Rect::new(inner.x, lines.bottom() + 1, inner.width, help_rows),
            &help,
            theme.dim,
        );
        self.draw_footer(buf, Rect::new(inner.x, bottom, inner.width, 1 + refused), theme);
        match self.focus {
            Focus::Shortcut if editing => Some(at_shortcut),
            Focus::Text if editing => Some(at_text),
            _ => None,
        }
    }

    fn hints(&self) -> Vec<Hint> {
        match self.state {
            State::Leaving => vec![Hint::new("y", "throw away"), Hint::new("other key", "go on")],
            State::Saving => Vec::new(),
            State::Editing => {
                let mut out = vec![Hint::new("F10", "save"), Hint::new("Tab", "next field")];
                if self.focus == Focus::Text {
                    out.push(Hint::new("Ctrl+J", "new line"));
                }
                out.push(Hint::new("Esc", "back"));
                out
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{draw_everywhere, picture, press, quick_replies, write};
    use super::*;

    fn saved(steps: &[Step]) -> Option<(String, String)> {
        match steps {
            [Step::Ask(r)] => match r.as_ref() {
                Request::SaveQuickReply { reply } => Some((reply.shortcut.clone(), reply.text.clone())),
                _ => None,
            },
            _ => None,
        }
    }

    #[test]
    fn a_reply_is_written_with_the_keyboard() {
        let mut o = QuickReplyEditor::create("/hi");
        press(&mut o, "Enter");
        write(&mut o, "one");
        press(&mut o, "Ctrl+J");
        write(&mut o, "two");
        let steps = press(&mut o, "Tab Enter");
        assert_eq!(saved(&steps), Some(("hi".into(), "one\ntwo".into())));
        assert_eq!(press(&mut o, "F10"), vec![], "saved once");
        assert_eq!(o.deliver(Delivery::Done), vec![Step::Close, Step::Say("quick reply /hi saved".into())]);
    }

    #[test]
    fn what_breaks_a_rule_is_not_sent_and_its_field_is_shown() {
        let mut o = QuickReplyEditor::create("");
        write(&mut o, "our hours");
        assert_eq!(o.shown_problem("shortcut").unwrap(), "shortcut must not contain spaces or `/`");
        assert!(o.shown_problem("text").is_none(), "not touched yet");
        assert_eq!(press(&mut o, "F10"), vec![]);
        assert_eq!(o.shown_problem("text").unwrap(), "text is empty");
        press(&mut o, "Ctrl+U");
        write(&mut o, "hours");
        assert_eq!(press(&mut o, "F10"), vec![]);
        assert_eq!(o.focus, Focus::Text);
        write(&mut o, "Hi {{ contact.name");
        assert!(o.shown_problem("text").unwrap().contains("line 1"));
        write(&mut o, " }}");
        assert!(saved(&press(&mut o, "Ctrl+Enter")).is_some());
    }

    #[test]
    fn a_refusal_keeps_everything_and_names_the_field() {
        let mut o = QuickReplyEditor::edit(quick_replies().swap_remove(0));
        press(&mut o, "Tab F10");
        let p =
            Problem { field: Some("shortcut".into()), ..Problem::new("field", "shortcut: `hours` is taken") };
        assert_eq!(o.deliver(Delivery::Problem(p)), vec![]);
        assert_eq!(o.focus, Focus::Shortcut);
        assert_eq!(o.shown_problem("shortcut").unwrap(), "shortcut: `hours` is taken");
        write(&mut o, "2");
        assert!(o.shown_problem("shortcut").is_none());
        assert_eq!(saved(&press(&mut o, "F10")).unwrap().0, "hours2");
    }

    #[test]
    fn leaving_with_changes_asks() {
        let mut o = QuickReplyEditor::edit(quick_replies().swap_remove(0));
        assert_eq!(press(&mut o, "Esc"), vec![Step::Close]);
        write(&mut o, "x");
        assert_eq!(press(&mut o, "Esc n"), vec![]);
        assert_eq!(o.shortcut.text(), "hoursx", "the key that answers is not typed");
        assert_eq!(press(&mut o, "Esc y"), vec![Step::Close]);
    }

    #[test]
    fn looks() {
        let mut o = QuickReplyEditor::edit(quick_replies().swap_remove(0));
        press(&mut o, "Tab");
        insta::assert_snapshot!("quick_reply_editor_80x24", picture(&o, 80, 24));
        draw_everywhere(&o);
        let mut o = QuickReplyEditor::create("");
        write(&mut o, "a b");
        press(&mut o, "F10");
        insta::assert_snapshot!("quick_reply_editor_problems_120x36", picture(&o, 120, 36));
        let mut o = QuickReplyEditor::create("a");
        o.text.set("t");
        press(&mut o, "F10");
        o.deliver(Delivery::Problem(
            Problem::new("store", "the disk is full").means("nothing was saved").next("free some space"),
        ));
        draw_everywhere(&o);
        press(&mut o, "Esc");
        insta::assert_snapshot!("quick_reply_editor_leaving_80x24", picture(&o, 80, 24));
    }
}
