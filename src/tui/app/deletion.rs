//! Deleting a conversation: only whoever types its name does.

use super::{App, Asked};
use crate::model::ids::ThreadId;
use crate::protocol::Request;
use crate::tui::command::Scope;
use crate::tui::overlay::Step;
use crate::tui::overlay::prompt::{Done, Judge, Prompt, Words};
use std::sync::Arc;

impl App {
    /// The conversation under the cursor, or the open one, with its name.
    fn doomed(&self) -> Option<(ThreadId, String, Option<String>)> {
        match self.scope {
            Scope::List => self.list.current().map(|r| (r.id, r.title.clone(), r.phone.clone())),
            _ => self
                .conversation
                .as_ref()
                .map(|c| (c.thread, c.title().to_owned(), c.row.as_ref().and_then(|r| r.phone.clone()))),
        }
    }

    /// Asks for the name of the conversation that is to be deleted.
    pub(super) fn ask_deletion(&mut self) {
        let Some((thread, title, phone)) = self.doomed() else { return self.say_no_conversation() };
        let words = Words {
            name: "delete_thread",
            label: "name",
            empty: "its name as it is shown, or its number",
            advice: "it is deleted here for everybody and cannot be brought back",
            enter: "delete for ever",
        };
        let shown = crate::text::sanitize(&title).into_owned();
        let name = title.trim().to_owned();
        let wanted = crate::text::truncate(&shown, 40).into_owned();
        let heading = wanted.clone();
        let judge: Judge = Arc::new(move |text| {
            // What cannot be typed as it is stored may be typed as it is shown.
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            let number = digits.len() >= 7 && phone.as_deref() == Some(digits.as_str());
            if text.trim() == name || text.trim() == shown.trim() || number {
                Ok("messages, notes, drafts and waiting sends of this conversation go".to_owned())
            } else {
                Err(format!("type its name, or its number: {wanted}"))
            }
        });
        let done: Done = Arc::new(move |_| {
            vec![Step::CommandWith { id: "thread.delete".into(), argument: format!("{thread} {title}") }]
        });
        let prompt = Prompt::new(format!("Delete the conversation with {heading}"), words, judge, done);
        self.show_overlay(Box::new(prompt), None);
    }

    /// Deletes it; the engine looks at the name again.
    pub(super) fn delete_named(&mut self, name: &str) {
        // The one that was asked about, wherever the cursor is by now; by itself: the one under it.
        let named = name.split_once(' ').and_then(|(id, name)| Some((id.parse::<ThreadId>().ok()?, name)));
        let Some((thread, name)) = named.or(self.doomed().map(|(thread, ..)| (thread, name))) else {
            return self.say_no_conversation();
        };
        let request = Request::DeleteThread { thread, name: name.to_owned() };
        self.ask(request, Asked::Saying("the conversation is deleted; the activity log says who did it"));
    }
}
