//! The text being written: into the composer, sent to the customer or kept as a note, taken back.

use super::drafts::DRAFT_DELAY;
use super::{App, Asked, Damage, TYPING};
use crate::clock::Millis;
use crate::model::event::Recipient;
use crate::model::outgoing::{NOTE_MAX, TEXT_MAX, check_note};
use crate::model::thread::DraftMode;
use crate::model::{MessageId, Outgoing, ThreadId};
use crate::protocol::Request;
use crate::tui::command::Scope;
use crate::tui::overlay::compose::{Form, Shape};
use std::rc::Rc;

impl App {
    /// Puts text at the cursor of the composer, replacing the word that was being completed.
    pub(super) fn insert_text(&mut self, block: &str, word: Option<&str>) {
        if self.conversation.is_none() {
            self.say_no_conversation();
            return;
        }
        self.focus(Scope::Composer);
        if self.read_only().is_some() {
            return;
        }
        if let Some(c) = &mut self.conversation {
            if let Some(word) = word {
                c.composer.remove_before(word);
            }
            c.composer.insert(block);
        }
        self.composed();
    }

    /// The text changed: a draft is due, and it may need another number of lines.
    pub(super) fn composed(&mut self) {
        let due = self.clock.now() + DRAFT_DELAY;
        let before = self.conversation.as_ref().map(|c| c.composer_rows);
        if let Some(c) = &mut self.conversation {
            // Not put off by further keys: what is typed without a pause is kept all the same.
            c.draft_due.get_or_insert(due);
        }
        self.tell_typing();
        self.typed_reply();
        let rows = self.fit_composer();
        // The line above the text counts and says what can be taken back: it is part of the conversation's frame.
        let line = self.offer_emoji() || self.counter().is_some();
        self.damage(if rows == before && !line {
            Damage::COMPOSER
        } else {
            Damage::COMPOSER | Damage::CONVERSATION
        });
    }

    /// How long the text is and how long it may be, once it comes near that.
    pub fn counter(&self) -> Option<(usize, usize)> {
        let c = self.conversation.as_ref()?;
        let most = if c.mode == DraftMode::Note { NOTE_MAX } else { TEXT_MAX };
        // A character has at least one byte: most texts need not be counted.
        if c.composer.text().len() < most - most / 8 {
            return None;
        }
        let n = c.composer.text().trim_end().chars().count();
        (n >= most - most / 8).then_some((n, most))
    }

    /// Lets the customer see that a reply is being written, if that is wanted.
    pub(super) fn tell_typing(&mut self) {
        let now = self.clock.now();
        let wanted = self.send_typing && self.scope == Scope::Composer && !self.gone;
        let Some(c) = self
            .conversation
            .as_mut()
            .filter(|c| wanted && c.mode == DraftMode::Reply && !c.composer.is_empty() && c.is_open(now))
        else {
            return;
        };
        if c.typing_told.is_none_or(|at| now - at >= TYPING) {
            c.typing_told = Some(now);
            let thread = c.thread;
            self.ask(Request::Typing { thread }, Asked::Quiet);
        }
    }

    /// Recomputes how many rows the composer has.
    pub(super) fn fit_composer(&mut self) -> Option<u16> {
        let panes = self.panes();
        let width = panes.composer_width();
        let most = (panes.body_height() / 3).clamp(1, 8);
        let watched = self.shown_draft().map(|(_, d)| crate::text::wrap(d, usize::from(width)).len());
        let c = self.conversation.as_mut()?;
        if let Some(lines) = watched {
            c.composer_rows = (lines as u16).clamp(1, most);
            return Some(c.composer_rows);
        }
        let lines = if c.composer.is_empty() { 1 } else { c.composer.lines(usize::from(width)).len() };
        c.composer_rows = (lines as u16).clamp(1, most);
        Some(c.composer_rows)
    }

    /// What the key that sends does: a note is kept, a reply leaves, a closed window offers templates.
    pub(super) fn enter(&mut self, held: bool) {
        let now = self.clock.now();
        let Some(c) = &self.conversation else { return };
        let empty = c.composer.text().trim().is_empty();
        if !empty && (held || self.is_hasty()) {
            let key = self.key_for("compose.send");
            self.say(format!("not sent yet: the text was here before · → {key} again sends it"));
        } else if c.mode == DraftMode::Note {
            self.keep_note();
        } else if c.is_open(now) {
            self.send(None);
        } else {
            self.pick_template();
        }
    }

    /// Sends the text, as soon as it may leave or at a time. What breaks a rule stays as it is.
    pub(super) fn send(&mut self, at: Option<Millis>) {
        self.send_if(at, false);
    }

    /// Sends the text although a colleague writes to the same customer, or has answered.
    pub(super) fn send_anyway(&mut self, at: Option<Millis>) {
        self.send_if(at, true);
    }

    fn send_if(&mut self, at: Option<Millis>, anyway: bool) {
        let Some(c) = &self.conversation else { return };
        if c.mode == DraftMode::Note {
            self.say_bad("a note goes to nobody");
            return;
        }
        if self.refuses_to_send() {
            return;
        }
        if self.send_with_files(at, anyway) {
            return;
        }
        let Some(c) = &mut self.conversation else { return };
        if c.composer.text().trim().is_empty() {
            self.say("there is nothing to send");
            return;
        }
        let content = Outgoing::text(c.composer.text().trim_end());
        if let Err(p) = content.check() {
            self.say_bad(format!("not sent: the {p}"));
            return;
        }
        if !anyway && self.collides(at) {
            return;
        }
        let Some(c) = &mut self.conversation else { return };
        let thread = c.thread;
        let quote = c.quote.take();
        let text = c.composer.take();
        c.draft_due = None;
        c.unread = None;
        let send = Request::Send { account: None, to: Recipient::Thread { thread }, content, quote, at };
        self.ask(self.guarded(send, anyway), Asked::Send { thread, text, quote });
        self.emoji.close();
        self.go_to_end();
        self.fit_composer();
        self.damage(Damage::COMPOSER | Damage::CONVERSATION);
    }

    /// Keeps the text as a note in the thread.
    fn keep_note(&mut self) {
        let Some(c) = &mut self.conversation else { return };
        if c.composer.text().trim().is_empty() {
            self.say("there is nothing to keep");
            return;
        }
        let whole = c.composer.text().trim_end().to_owned();
        if let Err(p) = check_note(&whole) {
            self.say_bad(format!("not kept: the {p}"));
            return;
        }
        let thread = c.thread;
        let text = c.composer.take();
        c.draft_due = None;
        self.ask(Request::AddNote { thread, text: whole }, Asked::Note { thread, text });
        self.emoji.close();
        self.go_to_end();
        self.fit_composer();
        self.damage(Damage::COMPOSER | Damage::CONVERSATION);
    }

    /// A note is in the thread: now its draft may go.
    pub(super) fn noted(&mut self, thread: ThreadId) {
        self.drop_draft(thread, DraftMode::Note);
    }

    /// A note was refused: nothing written is lost.
    pub(super) fn note_refused(&mut self, thread: ThreadId, text: String) {
        self.restore(thread, DraftMode::Note, text);
    }

    /// What was written has got where it should: the engine forgets the draft.
    pub(super) fn drop_draft(&mut self, thread: ThreadId, mode: DraftMode) {
        if self.conversation.as_ref().is_some_and(|c| c.thread == thread) {
            self.save_draft();
        } else {
            self.ask(Request::SaveDraft { thread, mode, text: String::new() }, Asked::Draft);
        }
    }

    /// Puts a text that did not get where it should back into its composer.
    fn restore(&mut self, thread: ThreadId, mode: DraftMode, text: String) {
        match &mut self.conversation {
            Some(c) if c.thread == thread => {
                c.put_back(mode, text);
                self.fit_composer();
                self.composed();
                self.damage(Damage::CONVERSATION | Damage::COMPOSER);
            }
            _ => self.ask(Request::SaveDraft { thread, mode, text }, Asked::Draft),
        }
    }

    /// A send was refused or taken back: nothing written is lost.
    pub(super) fn take_back(&mut self, thread: ThreadId, text: String, quote: Option<MessageId>) {
        if let Some(c) = self.conversation.as_mut().filter(|c| c.thread == thread) {
            c.quote = c.quote.or(quote);
        }
        self.restore(thread, DraftMode::Reply, text);
    }

    /// Opens the form of a message that is more than text; in a closed window the templates.
    pub(super) fn open_form(&mut self, shape: Shape) {
        let now = self.clock.now();
        let Some(c) = &self.conversation else { return self.say_no_conversation() };
        let open = c.is_open(now);
        if self.refuses_to_send() {
            return;
        }
        if !open {
            self.say("the window is closed: only a template can be sent");
            return self.pick_template();
        }
        let Some(c) = &self.conversation else { return };
        let form = Form::new(shape, c.thread, c.title().to_owned(), Rc::clone(&self.forms));
        self.show_overlay(Box::new(form), None);
    }
}
