//! What an operator does with messages that have not got through: take back, send later or now, check, send again.

use super::{App, Asked, Damage};
use crate::clock::Millis;
use crate::model::delivery::WaitReason;
use crate::model::thread::DraftMode;
use crate::model::{DeliveryState, Direction, Message, MessageId, Outgoing, ThreadId};
use crate::protocol::{CheckReport, Request};
use crate::tui::command::Scope;
use crate::tui::format;
use crate::tui::overlay::Step;
use crate::tui::overlay::compose::texts_of;
use crate::tui::overlay::confirm::Confirm;
use crate::tui::overlay::later::{self, Purpose, ReadTime, SendLater};

/// Whether a message is in its first moments, in which it can be taken back.
pub(crate) fn can_be_undone(m: &Message, now: Millis) -> bool {
    m.state == DeliveryState::Queued && m.waits.is_some_and(|w| w.why == WaitReason::Undo && w.until > now)
}

impl App {
    /// When the countdown of a message on the screen changes.
    pub(super) fn next_wait(&self, now: Millis) -> Option<Millis> {
        let c = self.conversation.as_ref().filter(|_| self.panes().conversation.is_some())?;
        // Most of the time nothing waits, and what is on the screen need not be found out.
        let waiting = |m: &Message| m.state == DeliveryState::Queued && m.waits.is_some();
        if !c.messages.iter().rev().any(waiting) {
            return None;
        }
        self.visible(c)
            .iter()
            .map(|v| &c.messages[v.index])
            .filter(|m| waiting(m))
            .filter_map(|m| format::until_wait_changes(m.waits?, now))
            .min()
            .map(|left| now + left)
    }

    /// The message that was sent last and can still be taken back.
    pub(super) fn undoable(&self) -> Option<&Message> {
        let now = self.clock.now();
        self.conversation.as_ref()?.messages.iter().rev().find(|m| can_be_undone(m, now))
    }

    /// Takes a waiting message back into the composer.
    pub(super) fn undo_send(&mut self) {
        let Some(message) = self.acted_on(|m| m.state == DeliveryState::Queued).map(|m| m.id) else { return };
        self.take_back_all(message);
    }

    /// In the empty composer "undo" means the message that has just left it. Says whether there was one.
    pub(super) fn undo_last_send(&mut self) -> bool {
        let empty = self.conversation.as_ref().is_some_and(|c| c.composer.is_empty());
        let Some(message) = self.undoable().map(|m| m.id).filter(|_| empty) else { return false };
        self.take_back_all(message);
        true
    }

    /// While writing: takes the message back that left last, whatever is being written.
    pub(super) fn undo_send_writing(&mut self) {
        match self.undoable().map(|m| m.id) {
            Some(message) => self.take_back_all(message),
            None => self.say("nothing here can be taken back any more"),
        }
    }

    pub(super) fn taken_back(&mut self, thread: ThreadId, content: Outgoing, quote: Option<MessageId>) {
        match content {
            Outgoing::Text { text, .. } => {
                self.write_in(DraftMode::Reply);
                self.take_back(thread, text, quote);
                self.focus(Scope::Composer);
                self.entered_text();
                self.say("taken back: it has not left");
            }
            file @ Outgoing::Media { .. } => self.file_taken_back(thread, file, quote),
            other => match texts_of(&other)
                .filter(|_| self.conversation.as_ref().is_some_and(|c| c.thread == thread))
            {
                Some((shape, texts)) => {
                    self.forms.borrow_mut().insert((thread, shape), texts);
                    self.open_form(shape);
                    self.say("taken back: it has not left");
                }
                None => self.say(format!("the {} was withdrawn: it has not left", other.kind())),
            },
        }
    }

    /// Reads times as people write them.
    pub(crate) fn read_time(&self) -> ReadTime {
        later::reader(self.clock.clone(), self.tz.clone())
    }

    fn prompt(&mut self, purpose: Purpose, window: Option<Millis>) {
        let read = self.read_time();
        self.show_overlay(Box::new(SendLater::new(purpose, read, window)), None);
    }

    /// Asks when the text is to be sent, or a waiting message.
    pub(super) fn send_later(&mut self) {
        let window = self.conversation.as_ref().and_then(|c| c.row.as_ref()).and_then(|r| r.window.until);
        if self.scope != Scope::Composer {
            let Some(m) = self.acted_on(|m| m.state == DeliveryState::Queued) else { return };
            let free = !matches!(m.body, crate::model::Body::Template { .. });
            self.prompt(Purpose::Move(m.id), window.filter(|_| free));
            return;
        }
        let now = self.clock.now();
        let Some(c) = &self.conversation else { return };
        if c.mode == DraftMode::Note {
            self.say("a note goes to nobody: it is kept at once");
        } else if !c.is_open(now) {
            self.pick_template();
        } else if c.composer.text().trim().is_empty() && self.attached().is_empty() {
            self.say("write the message first, then choose when to send it");
        } else {
            self.prompt(Purpose::Draft, window);
        }
    }

    /// Sends what waits because an operator wants it to.
    pub(super) fn send_now(&mut self) {
        let own = |m: &Message| {
            m.state == DeliveryState::Queued
                && m.waits.is_none_or(|w| matches!(w.why, WaitReason::Undo | WaitReason::Later))
        };
        if let Some(m) = self.acted_on(own) {
            self.ask(Request::Reschedule { message: m.id, at: None }, Asked::Saying("sent now"));
        }
    }

    /// Asks what became of a message.
    pub(super) fn check(&mut self) {
        let unknown = |m: &Message| m.state == DeliveryState::Unknown && !m.put_aside;
        let none_selected = self.conversation.as_ref().is_some_and(|c| c.selected().is_none());
        let any_unknown =
            self.conversation.as_ref().is_some_and(|c| none_selected && c.messages.iter().any(unknown));
        let sent = |m: &Message| {
            m.direction == Direction::Outbound
                && m.attempts > 0
                && !matches!(
                    m.state,
                    DeliveryState::Queued | DeliveryState::Sending | DeliveryState::Cancelled
                )
        };
        let found = if any_unknown { self.acted_on(unknown) } else { self.acted_on(sent) };
        if let Some(m) = found {
            self.say("looking for news of it…");
            self.ask(Request::Check { message: m.id }, Asked::Check);
        }
    }

    pub(super) fn checked(&mut self, report: &CheckReport) {
        self.say(report.words(self.clock.now()));
    }

    /// Sends a failed or unknown message again; asks first where the customer might get it twice.
    pub(super) fn retry(&mut self) {
        let selected = self.conversation.as_ref().is_some_and(|c| c.selected().is_some());
        let fits = |m: &Message| {
            matches!(m.state, DeliveryState::Failed | DeliveryState::Unknown) && (selected || !m.put_aside)
        };
        let Some(m) = self.acted_on(fits) else { return };
        let request = Request::Retry { message: m.id };
        if m.state == DeliveryState::Failed {
            self.ask(request, Asked::Saying("sent again, as a new attempt"));
            return;
        }
        let lines = vec![
            "Nobody knows whether the last attempt went out.".to_owned(),
            "If it did, the customer gets this message twice.".to_owned(),
            String::new(),
            crate::text::truncate(&crate::tui::transcript::one_line(&m), 200).into_owned(),
        ];
        let steps = vec![Step::Ask(Box::new(request)), Step::Say("sent again, as a new attempt".into())];
        self.show_overlay(Box::new(Confirm::new("Send it again?", lines, 'y', steps)), None);
    }

    /// Withdraws a queued message, or puts a failed or unknown one aside.
    pub(super) fn discard(&mut self) {
        if self.delete_note() {
            return;
        }
        let fits = |m: &Message| {
            matches!(m.state, DeliveryState::Failed | DeliveryState::Unknown | DeliveryState::Queued)
                && !m.put_aside
        };
        if let Some(m) = self.acted_on(fits) {
            let words = if m.state == DeliveryState::Queued { "withdrawn" } else { "put aside" };
            self.ask(Request::Cancel { message: m.id }, Asked::Saying(words));
        }
    }

    /// A countdown on the screen has changed.
    pub(super) fn wait_changed(&mut self, now: Millis) {
        if self.next_wait.is_some_and(|at| now >= at) {
            self.next_wait = None;
            self.damage(Damage::CONVERSATION);
        }
    }
}
