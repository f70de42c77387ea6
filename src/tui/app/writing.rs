//! The text being written: into the composer, kept as a draft, sent.

use super::{App, Asked, DRAFT_DELAY, Damage, TYPING};
use crate::clock::Millis;
use crate::model::event::Recipient;
use crate::model::{MessageId, Outgoing, ThreadId};
use crate::protocol::Request;
use crate::tui::command::Scope;
use crate::tui::composer::Composer;

impl App {
    pub(super) fn save_draft(&mut self) {
        let Some(c) = &mut self.conversation else { return };
        c.draft_due = None;
        if let Some(request) = c.draft_request() {
            self.ask(request, Asked::Draft);
        }
    }

    /// Puts text at the cursor of the composer, replacing the word that was being completed.
    pub(super) fn insert_text(&mut self, block: &str, word: Option<&str>) {
        if self.conversation.is_none() {
            self.say_no_conversation();
            return;
        }
        self.focus(Scope::Composer);
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
            c.draft_due = Some(due);
            c.touched = true;
        }
        self.tell_typing();
        let rows = self.fit_composer();
        self.damage(if rows == before { Damage::COMPOSER } else { Damage::COMPOSER | Damage::CONVERSATION });
    }

    /// Lets the customer see that a reply is being written, if that is wanted.
    pub(super) fn tell_typing(&mut self) {
        let now = self.clock.now();
        let wanted = self.send_typing && self.scope == Scope::Composer && !self.gone;
        let Some(c) =
            self.conversation.as_mut().filter(|c| wanted && !c.composer.is_empty() && c.is_open(now))
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
        let c = self.conversation.as_mut()?;
        let lines = if c.composer.is_empty() { 1 } else { c.composer.lines(usize::from(width)).len() };
        c.composer_rows = (lines as u16).clamp(1, most);
        Some(c.composer_rows)
    }

    /// Sends the text, as soon as it may leave or at a time.
    pub(super) fn send(&mut self, at: Option<Millis>) {
        let Some(c) = &mut self.conversation else { return };
        if c.composer.text().trim().is_empty() {
            self.say("there is nothing to send");
            return;
        }
        let thread = c.thread;
        let quote = c.quote.take();
        let text = c.composer.take();
        c.draft_due = None;
        c.unread = None;
        let content = Outgoing::text(text.trim_end());
        self.ask(
            Request::Send { account: None, to: Recipient::Thread { thread }, content, quote, at },
            Asked::Send { thread, text, quote },
        );
        self.go_to_end();
        self.fit_composer();
        self.damage(Damage::COMPOSER | Damage::CONVERSATION);
    }

    /// A send was refused: nothing written is lost.
    pub(super) fn take_back(&mut self, thread: ThreadId, text: String, quote: Option<MessageId>) {
        match &mut self.conversation {
            Some(c) if c.thread == thread => {
                let since = c.composer.take();
                let mut whole = text;
                if !since.is_empty() {
                    whole.push('\n');
                    whole.push_str(&since);
                }
                c.composer = Composer::with_text(&whole);
                c.quote = c.quote.or(quote);
                self.fit_composer();
                self.composed();
                self.damage(Damage::CONVERSATION | Damage::COMPOSER);
            }
            _ => {
                let mode = crate::model::thread::DraftMode::Reply;
                self.ask(Request::SaveDraft { thread, mode, text }, Asked::Draft);
            }
        }
    }
}
