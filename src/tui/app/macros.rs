//! Macros: the picker, the look before one runs, and what the screen does when one ran.

use super::{App, Asked};
use crate::model::ids::MacroId;
use crate::model::macros::Macro;
use crate::protocol::macros::MacroRequest;
use crate::protocol::{Problem, Request, Response};
use crate::tui::command::Scope;
use crate::tui::overlay::macro_run::MacroRun;
use crate::tui::overlays::{self, Kind};

impl App {
    /// Reads them again.
    pub(super) fn macros_changed(&mut self) {
        let request = Request::Macro { act: MacroRequest::List };
        self.refresh_overlays("macros", &request);
        self.ask(request, Asked::Macros);
    }

    /// The word with a `/` at its start that ends at the cursor.
    pub(crate) fn slash_word(&self) -> Option<String> {
        let before = self.conversation.as_ref().filter(|_| self.scope == Scope::Composer)?.composer.before();
        let word = before.rsplit([' ', '\n']).next().unwrap_or_default();
        (word.starts_with('/') && !word[1..].contains('/')).then(|| word.to_owned())
    }

    /// Opens the quick replies; one takes the place of the word that was begun.
    pub(super) fn pick_reply(&mut self) {
        let word = self.slash_word();
        self.open_overlay(Kind::QuickReplies, word);
    }

    pub(super) fn pick_macro(&mut self) {
        self.open_overlay(Kind::Macros, None);
    }

    /// Looks at a macro by its name; the operator's own comes before everybody's.
    pub(super) fn look_at_macro(&mut self, name: &str) {
        let named = |own: bool| self.macros.iter().find(|m| m.name == name && m.owner.is_some() == own);
        match named(true).or_else(|| named(false)).cloned() {
            Some(found) => self.show_macro(found),
            None if name.is_empty() => self.pick_macro(),
            None => {
                let key = self.key_for("macro.pick");
                self.say_bad(format!("there is no macro `{name}` · → {key} lists them"));
            }
        }
    }

    pub(super) fn look_at_macro_of(&mut self, id: MacroId) {
        if let Some(found) = self.macros.iter().find(|m| m.id == id).cloned() {
            self.show_macro(found);
        }
    }

    /// Shows what a macro would do to the open thread, or to the one under the cursor.
    fn show_macro(&mut self, found: Macro) {
        self.open_current();
        let Some(target) = overlays::macro_target(self) else {
            self.say_no_conversation();
            return;
        };
        self.show_overlay(Box::new(MacroRun::new(found, target)), None);
    }

    /// A bundle of changes is on its way: what was marked unread by hand stays so.
    pub(super) fn asks_together(&mut self, request: &Request) {
        let Request::Together { requests } = request else { return };
        for r in requests {
            if let Request::MarkUnread { thread } = r
                && let Some(c) = self.conversation.as_mut().filter(|c| c.thread == *thread)
            {
                c.keep_unread = true;
                c.marked = None;
            }
        }
    }

    /// What came of a bundle, before its overlay hears of it.
    pub(super) fn came_together(&mut self, results: &[Result<Response, Problem>]) {
        for result in results {
            if let Ok(Response::Queued { thread, .. }) = result {
                self.answered(*thread);
                if self.has_open(*thread) {
                    self.go_to_end();
                }
            }
        }
    }

    /// Opens the next thread with unread messages, wherever the keys are.
    pub(super) fn open_next_unread(&mut self) {
        if self.conversation.is_some() {
            self.focus(Scope::Conversation);
        }
        if self.find_unread_thread(true) {
            self.open_under_cursor();
        }
    }
}
