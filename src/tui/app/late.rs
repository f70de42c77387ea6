//! Messages that came late: they stand where their time says, perhaps far above what is shown, and are not read
//! before they were on the screen.

use super::conversation::Load;
use super::{App, Damage};
use crate::model::{MessageId, ThreadId};

impl App {
    /// Whether an unread message that came late has not been on the screen yet. What is on the screen now has been.
    pub(super) fn has_unseen_late(&mut self) -> bool {
        let Some(c) = &self.conversation else { return false };
        let Some(id) = c.late else { return false };
        if !c.loaded || !self.visible(c).iter().any(|v| c.messages[v.index].id == id) {
            return true;
        }
        let Some(c) = &mut self.conversation else { return false };
        // The next one further down, if there is more than one.
        let from = c.messages.iter().position(|m| m.id == id).map_or(0, |i| i + 1);
        c.late_seen.insert(id);
        c.late = c.messages[from..]
            .iter()
            .find(|m| m.unread && m.late.is_some() && !c.late_seen.contains(&m.id))
            .map(|m| m.id);
        self.damage(Damage::CONVERSATION);
        self.has_unseen_late()
    }

    /// Shows the unread message that came late; `false` when there is none.
    pub(super) fn go_to_late(&mut self) -> bool {
        let Some(c) = &mut self.conversation else { return false };
        let Some(id) = c.late else { return false };
        if c.message(id).is_some() {
            c.show(id);
            let half = isize::try_from(self.panes().transcript.height / 2).unwrap_or(0);
            self.scroll(-half);
        } else {
            self.load_messages(Load::Around(id));
        }
        self.damage(Damage::CONVERSATION);
        true
    }

    /// The thread was opened and its oldest unread message came late: it is shown first.
    pub(super) fn late_came(&mut self, id: Option<MessageId>) {
        let Some(c) = &mut self.conversation else { return };
        let first = !c.late_asked;
        c.late_asked = true;
        c.late = c.late.or(id.filter(|id| !c.late_seen.contains(id)));
        if first && c.loaded && self.has_unseen_late() {
            self.go_to_late();
        }
    }

    /// A thread went into another one: what is open follows.
    pub(super) fn joined(&mut self, thread: ThreadId, into: ThreadId) {
        self.list.forget(thread);
        self.changed_threads.remove(&thread);
        self.changed_threads.insert(into);
        if self.conversation.as_ref().is_some_and(|c| c.thread == thread) {
            self.open_thread(into, None);
        } else if self.conversation.as_ref().is_some_and(|c| c.thread == into) {
            self.open_again();
        }
        self.damage(Damage::LIST);
    }

    /// Reads the open conversation again; the text being written stays.
    fn open_again(&mut self) {
        let Some(thread) = self.conversation.as_ref().map(|c| c.thread) else { return };
        self.ask(crate::protocol::Request::Thread { id: thread }, super::Asked::Thread(thread));
        self.load_messages(Load::Newest);
    }
}
