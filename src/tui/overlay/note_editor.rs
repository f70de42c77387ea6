//! A note that is there, to be written anew.

use super::field::{Effect, Field};
use super::frame;
use super::{Delivery, Hint, Overlay, Step};
use crate::model::ids::MessageId;
use crate::model::outgoing::{NOTE_MAX, check_note};
use crate::protocol::notes::NoteRequest;
use crate::protocol::{Problem, Request};
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Changes the text of a note.
pub struct NoteEditor {
    note: MessageId,
    before: String,
    field: Field,
    waits: bool,
    /// Whether it was said that what was written is lost by leaving.
    warned: bool,
    problem: Option<Problem>,
}

impl NoteEditor {
    /// With what the note says now.
    #[must_use]
    pub fn new(note: MessageId, text: &str) -> Self {
        let field = Field::lines(NOTE_MAX * 4).with(text);
        Self { note, before: field.text().to_owned(), field, waits: false, warned: false, problem: None }
    }

    fn save(&mut self) -> Vec<Step> {
        let text = self.field.text().trim_end().to_owned();
        if text == self.before {
            return vec![Step::Close];
        }
        if let Err(e) = check_note(&text) {
            self.problem = Some(e.into());
            return Vec::new();
        }
        self.waits = true;
        vec![Step::Ask(Box::new(Request::Note { act: NoteRequest::Edit { note: self.note, text } }))]
    }
}

impl Overlay for NoteEditor {
    fn name(&self) -> &'static str {
        "note_editor"
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Step> {
        if self.waits {
            return Vec::new();
        }
        let plain = key.modifiers.is_empty();
        self.problem = None;
        let line = match key.code {
            KeyCode::Esc if self.field.text() == self.before || self.warned => return vec![Step::Close],
            KeyCode::Esc => {
                self.warned = true;
                let lost = Problem::new("usage", "what you changed is not saved");
                self.problem = Some(lost.next("Esc once more leaves the note as it was, Enter saves"));
                return Vec::new();
            }
            KeyCode::Enter if plain => return self.save(),
            KeyCode::F(10) => return self.save(),
            KeyCode::Enter => true,
            KeyCode::Char('j') => key.modifiers == KeyModifiers::CONTROL,
            _ => false,
        };
        let changed = if line { self.field.insert("\n") } else { self.field.key(key) == Effect::Changed };
        if changed {
            self.warned = false;
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str) -> Vec<Step> {
        if !self.waits {
            self.field.insert(text);
        }
        Vec::new()
    }

    fn deliver(&mut self, delivery: Delivery) -> Vec<Step> {
        match delivery {
            Delivery::Done => vec![Step::Close, Step::Say("the note is changed".into())],
            Delivery::Problem(p) => {
                self.waits = false;
                self.problem = Some(p);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let inner = frame::open(area, 76, 15, "Edit note", "", buf, theme)?;
        let foot = inner.bottom().saturating_sub(3);
        let room = Rect { height: foot.saturating_sub(inner.y), ..inner };
        let cursor = self.field.draw(room, buf, theme.note, "what colleagues should know", theme);
        frame::rule(buf, Rect::new(inner.x, foot, inner.width, 1), "", theme);
        let under = Rect::new(inner.x, foot + 1, inner.width, 2);
        if let Some(p) = &self.problem {
            frame::problem(buf, under, p, theme);
        } else if self.waits {
            frame::put(buf, under.x, under.y, under.width, "Saving…", theme.dim);
        } else {
            let say = "It stays here. What it said before is kept, and shown as edited.";
            frame::put(buf, under.x, under.y, under.width, say, theme.dim);
            let keys = Rect { y: under.y + 1, height: 1, ..under };
            frame::keys(buf, keys, &[("Enter", "save"), ("Ctrl+J", "line"), ("Esc", "close")], theme);
        }
        Some(cursor)
    }

    fn hints(&self) -> Vec<Hint> {
        vec![Hint::new("Enter", "save"), Hint::new("Ctrl+J", "line"), Hint::new("Esc", "close")]
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{draw_everywhere, picture, press, write};
    use super::*;

    #[test]
    fn what_cannot_be_a_note_is_said_and_what_is_the_same_is_not_asked() {
        let editor = || NoteEditor::new(MessageId([7; 16]), "call her\non Friday");
        assert_eq!(press(&mut editor(), "Enter"), vec![Step::Close]);
        assert_eq!(press(&mut editor(), "Esc"), vec![Step::Close]);
        let mut o = editor();
        press(&mut o, "Ctrl+U Backspace Ctrl+U");
        assert_eq!(press(&mut o, "Enter"), vec![]);
        assert!(o.problem.is_some());
        write(&mut o, "done");
        assert_eq!(press(&mut o, "Enter").len(), 1);
        assert_eq!(press(&mut o, "Enter x Esc"), vec![], "it is waited for");
        insta::assert_snapshot!("note_editor_80x24", picture(&editor(), 80, 24));
        draw_everywhere(&o);
        draw_everywhere(&editor());
    }
}
