//! Notes that are there: written anew or deleted by who wrote them.

use super::{App, Asked};
use crate::model::{Body, DeliveryState, Message, Origin};
use crate::protocol::Request;
use crate::protocol::notes::NoteRequest;
use crate::text;
use crate::tui::overlay::note_editor::NoteEditor;

impl App {
    /// Whether a message is a note that this operator wrote.
    fn is_own_note(&self, m: &Message) -> bool {
        let mine = matches!(&m.origin, Origin::Operator(name) if text::sanitize(name) == self.operator);
        matches!(m.body, Body::Note { .. }) && m.state == DeliveryState::Noted && mine
    }

    /// The selected message, where it is a note; says so where it is not this operator's to change.
    fn selected_note(&mut self) -> Option<Result<Message, ()>> {
        let m = self.conversation.as_ref()?.selected()?.clone();
        if m.state != DeliveryState::Noted {
            return None;
        }
        if self.is_own_note(&m) {
            return Some(Ok(m));
        }
        match &m.origin {
            _ if m.body == Body::Revoked => self.say("this note was deleted"),
            Origin::Operator(who) => {
                self.say_bad(format!("{who} wrote this note, and nobody else changes it"));
            }
            _ => self.say_bad("nobody here wrote this note"),
        }
        Some(Err(()))
    }

    /// Writes the selected note anew, or the newest one that this operator wrote.
    pub(super) fn edit_note(&mut self) {
        let found = match self.selected_note() {
            Some(Ok(m)) => Some(m),
            Some(Err(())) => return,
            None => {
                let me = self.operator.clone();
                let mine = move |m: &Message| {
                    matches!(m.body, Body::Note { .. })
                        && matches!(&m.origin, Origin::Operator(name) if text::sanitize(name) == me)
                };
                self.acted_on(mine)
            }
        };
        if let Some(m) = found {
            self.show_overlay(Box::new(NoteEditor::new(m.id, &m.body.plain_text())), None);
        }
    }

    /// Deletes the selected message where it is a note of this operator; whether it was a note at all.
    pub(super) fn delete_note(&mut self) -> bool {
        match self.selected_note() {
            Some(Ok(m)) => {
                let act = NoteRequest::Delete { note: m.id };
                self.ask(Request::Note { act }, Asked::Saying("the note is deleted"));
                true
            }
            Some(Err(())) => true,
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{DeliveryState, MessageId};
    use crate::protocol::notes::NoteRequest;
    use crate::protocol::{Problem, Request};
    use crate::tui::app::App;
    use crate::tui::app::tests::{Script, inbox};

    /// A conversation with a note of this operator's, and one of another's after it.
    fn bed() -> (Script, App, MessageId) {
        let mut s = inbox();
        let thread = s.threads[0].id;
        let mine = s.note(thread, 2, "carrier says delayed");
        let theirs = s.note(thread, 1, "call her");
        s.change(theirs, |m| m.origin = crate::model::Origin::Operator("bo".into()));
        let mut app = s.start((120, 36));
        s.keys(&mut app, "Enter");
        (s, app, mine)
    }

    fn asked(s: &Script) -> Vec<NoteRequest> {
        let notes = s.log.iter().filter_map(|r| match r {
            Request::Note { act } => Some(act.clone()),
            _ => None,
        });
        notes.collect()
    }

    fn name(app: &App) -> Option<&str> {
        app.overlays.last().map(|o| o.overlay.name())
    }

    #[test]
    fn a_note_of_ones_own_is_written_anew() {
        let (mut s, mut app, mine) = bed();
        // Without a selection: the newest of one's own.
        s.keys(&mut app, "g e");
        assert_eq!(name(&app), Some("note_editor"));
        s.type_text(&mut app, "!");
        s.keys(&mut app, "Ctrl+J");
        s.type_text(&mut app, "again");
        s.keys(&mut app, "Enter");
        let text = "carrier says delayed!\nagain".to_owned();
        assert_eq!(asked(&s), [NoteRequest::Edit { note: mine, text }]);
        assert_eq!(name(&app), None);
        assert_eq!(app.say.as_ref().unwrap().text, "the note is changed");
    }

    #[test]
    fn a_note_of_another_is_not_touched() {
        let (mut s, mut app, _) = bed();
        s.keys(&mut app, "k");
        for keys in ["g e", "D y"] {
            s.keys(&mut app, keys);
            assert_eq!((name(&app), asked(&s)), (None, vec![]), "{keys}");
            assert!(app.say.as_ref().unwrap().text.starts_with("bo wrote this note"), "{keys}");
        }
    }

    #[test]
    fn only_a_selected_note_is_deleted() {
        let (mut s, mut app, mine) = bed();
        s.keys(&mut app, "D y");
        assert_eq!(asked(&s), vec![]);
        s.keys(&mut app, "k k D");
        assert_eq!(asked(&s), vec![], "one more key");
        s.keys(&mut app, "y");
        assert_eq!(asked(&s), [NoteRequest::Delete { note: mine }]);
        // One that was deleted says so, in the conversation and to the keys.
        s.change(mine, |m| m.body = crate::model::Body::Revoked);
        assert_eq!(s.messages.iter().find(|m| m.id == mine).unwrap().state, DeliveryState::Noted);
        let thread = app.conversation.as_ref().unwrap().thread;
        s.tell(&mut app, vec![crate::protocol::Changed::MessageChanged { thread, message: mine }]);
        s.keys(&mut app, "g e");
        assert_eq!(app.say.as_ref().unwrap().text, "this note was deleted");
    }

    #[test]
    fn a_refusal_keeps_what_was_written() {
        let (mut s, mut app, _) = bed();
        s.keys(&mut app, "g e");
        s.type_text(&mut app, "!");
        let effects = app.update(crate::tui::app::Event::Key(crossterm::event::KeyEvent::new(
            crossterm::event::KeyCode::Enter,
            crossterm::event::KeyModifiers::NONE,
        )));
        let Some(crate::tui::app::Effect::Send(frame)) = effects.first() else { panic!("{effects:?}") };
        let result = Err(Problem::new("refused", "this note was deleted"));
        app.update(crate::tui::app::Event::Frame(crate::protocol::ServerFrame::Answer {
            id: frame.id,
            result,
        }));
        assert_eq!(name(&app), Some("note_editor"));
        // A text that was changed is not thrown away by one key.
        s.keys(&mut app, "Esc");
        assert_eq!(name(&app), Some("note_editor"));
        s.keys(&mut app, "Esc");
        assert_eq!(name(&app), None);
    }
}
