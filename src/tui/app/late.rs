//! Messages that came late: they stand where their time says, perhaps far above what is shown, and are not read
//! before they were on the screen.

use super::conversation::Load;
use super::{App, Damage, Scope};
use crate::model::{MessageId, ThreadId};

impl App {
    /// Whether the next unread message that came late is on the screen.
    fn late_is_visible(&self) -> bool {
        let Some(c) = self.conversation.as_ref().filter(|c| c.loaded) else { return false };
        self.visible(c).iter().any(|v| Some(c.messages[v.index].id) == c.late)
    }

    /// Whether an unread message that came late has not been seen yet. What is on the screen of an operator who
    /// reads the conversation has been.
    pub(super) fn has_unseen_late(&mut self) -> bool {
        let Some(id) = self.conversation.as_ref().and_then(|c| c.late) else { return false };
        if !self.focused || self.scope == Scope::List || !self.late_is_visible() {
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

    /// Goes to what came late, unless it is on the screen.
    pub(super) fn lead_to_late(&mut self) {
        if !self.late_is_visible() {
            self.go_to_late();
        }
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
        if first && c.loaded {
            self.lead_to_late();
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

#[cfg(test)]
mod tests {
    use super::super::tests::Script;
    use super::*;
    use crate::model::{AccountId, Body};
    use crate::protocol::{Changed, Request};

    /// A long thread that is read, and a message of three hours ago that has just come.
    fn late(s: &mut Script, thread: ThreadId) -> MessageId {
        let id = s.say(thread, 180, true, Body::text("three hours old"));
        s.change(id, |m| {
            m.unread = true;
            m.late = Some(3 * 3_600_000);
        });
        s.row(thread).unread = 1;
        id
    }

    fn long(s: &mut Script) -> ThreadId {
        let thread = s.thread("Marta", None, Some(600));
        for i in 0..40 {
            s.say(thread, 50 - i, true, Body::text("x"));
            s.say(thread, 300 - i, true, Body::text("before"));
        }
        thread
    }

    fn marks(s: &Script) -> usize {
        s.log.iter().filter(|r| matches!(r, Request::MarkRead { .. })).count()
    }

    fn sees(app: &App, id: MessageId) -> bool {
        let c = app.conversation.as_ref().unwrap();
        app.visible(c).iter().any(|v| c.messages[v.index].id == id)
    }

    #[test]
    fn opening_a_thread_shows_what_came_late_first() {
        let mut s = Script::new();
        let thread = long(&mut s);
        let id = late(&mut s, thread);
        let mut app = s.start((120, 36));
        s.keys(&mut app, "Enter");
        assert!(sees(&app, id));
        assert_eq!(marks(&s), 0, "what is below has not been seen");
        s.keys(&mut app, "G");
        assert_eq!(marks(&s), 1);
    }

    #[test]
    fn what_comes_late_while_a_thread_is_read_stays_unread_until_it_was_seen() {
        let mut s = Script::new();
        let thread = long(&mut s);
        let mut app = s.start((120, 36));
        s.keys(&mut app, "Enter");
        let message = late(&mut s, thread);
        let account = AccountId::new("support");
        s.tell(
            &mut app,
            vec![
                Changed::MessageStored { thread, message, inbound: true },
                Changed::ThreadChanged { thread, account },
            ],
        );
        assert!(!sees(&app, message) && app.conversation.as_ref().unwrap().is_at_end());
        assert_eq!(marks(&s), 0);
        s.keys(&mut app, ",");
        assert!(sees(&app, message), "the key for unread goes to it");
        s.keys(&mut app, "G");
        assert_eq!(marks(&s), 1);
    }

    #[test]
    fn a_thread_that_goes_into_another_takes_the_open_conversation_along() {
        let mut s = Script::new();
        let (gone, stays) = (s.thread("Old", None, Some(600)), s.thread("New", None, Some(600)));
        s.say(stays, 9, true, Body::text("here"));
        s.say(gone, 5, true, Body::text("there"));
        let mut app = s.start((120, 36));
        s.keys(&mut app, "Enter");
        assert_eq!(app.conversation.as_ref().unwrap().thread, gone);
        s.threads.retain(|t| t.id != gone);
        for m in s.messages.iter_mut().filter(|m| m.thread == gone) {
            m.thread = stays;
        }
        let account = AccountId::new("support");
        s.tell(&mut app, vec![Changed::ThreadJoined { thread: gone, into: stays, account }]);
        let c = app.conversation.as_ref().unwrap();
        assert_eq!((c.thread, c.messages.len(), app.list.rows.len()), (stays, 2, 1));
    }
}
