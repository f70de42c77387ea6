//! Following what a colleague does: the conversation that they have open, and their reply as they write it. Read only.

use super::{App, Asked, Damage};
use crate::model::ThreadId;
use crate::model::mention::mentions;
use crate::protocol::Request;
use crate::protocol::presence::{Doing, PresenceRequest, ScreenRow, Watched};
use crate::text;
use crate::tui::command::Scope;
use crate::tui::overlay::Step;
use crate::tui::overlay::pick::{Choice, Pick};
use crate::tui::overlay::prompt::{Done, Judge, Prompt, Words};
use crate::tui::overlay::talk::Talk;
use std::sync::Arc;

/// The colleague who is followed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Watch {
    /// Who.
    pub operator: String,
    /// Where they are, if it may be seen.
    pub thread: Option<ThreadId>,
    /// Whether they write there.
    pub writes: bool,
    /// What they have begun.
    pub draft: String,
    /// Whether a screen of theirs is open.
    pub here: bool,
}

impl App {
    /// What the colleague who is followed has begun in the conversation that is shown.
    pub(crate) fn watched_here(&self) -> Option<&Watch> {
        let open = self.conversation.as_ref()?.thread;
        self.together.watch.as_ref().filter(|w| w.thread == Some(open))
    }

    /// Follows a colleague, or nobody any more.
    pub(super) fn watch(&mut self) {
        if self.together.watch.is_some() {
            return self.end_watch();
        }
        self.ask(Request::Presence { act: PresenceRequest::Screens }, Asked::Screens);
    }

    /// Who may be followed is known.
    pub(super) fn screens_came(&mut self, screens: Vec<ScreenRow>) {
        let mut choices: Vec<Choice> = Vec::new();
        for s in screens.into_iter().filter(|s| text::sanitize(&s.operator) != self.operator) {
            if choices.iter().any(|c| c.text == s.operator) {
                continue;
            }
            let remark = match (&s.thread, s.doing) {
                (None, _) => "in the list".to_owned(),
                (Some(_), Doing::Typing) => format!("writes to {}", s.title),
                (Some(_), _) => format!("with {}", s.title),
            };
            choices.push(Choice {
                steps: vec![Step::Talk(Talk::Watch(s.operator.clone()))],
                text: s.operator,
                remark,
                ..Choice::default()
            });
        }
        if choices.is_empty() {
            return self.say("no colleague has a screen open");
        }
        let pick = Pick::new("watch", "Watch · they are told".to_owned(), "a name", choices);
        self.show_overlay(Box::new(pick), None);
    }

    pub(super) fn begin_watch(&mut self, operator: String) {
        let act = PresenceRequest::Watch { operator: Some(operator) };
        self.ask(Request::Presence { act }, Asked::Watched);
    }

    pub(super) fn end_watch(&mut self) {
        let Some(watch) = self.together.watch.take() else { return };
        self.ask(Request::Presence { act: PresenceRequest::Watch { operator: None } }, Asked::Quiet);
        self.say(format!("you watch {} no more", watch.operator));
        self.fit_composer();
        self.damage(Damage::ALL);
    }

    /// The colleague did something.
    pub(super) fn watched_changed(&mut self, operator: &str) {
        if self.together.watch.as_ref().is_some_and(|w| w.operator == operator) {
            self.ask_watched();
        }
    }

    /// Somebody's text changed: it may be the one that is followed.
    pub(super) fn watched_draft(&mut self, thread: ThreadId, by: &str) {
        if self.together.watch.as_ref().is_some_and(|w| w.operator == by && w.thread == Some(thread)) {
            self.ask_watched();
        }
    }

    fn ask_watched(&mut self) {
        if self.asked.values().any(|a| matches!(a, Asked::Watched)) {
            self.together.watch_again = true;
        } else {
            self.ask(Request::Presence { act: PresenceRequest::Watched }, Asked::Watched);
        }
    }

    /// What the colleague does is known.
    pub(super) fn watched_came(&mut self, w: Watched) {
        let before = self.together.watch.take();
        let first = before.as_ref().is_none_or(|b| b.operator != w.operator);
        let thread = w.row.as_ref().map(|r| r.id);
        let moved = first || before.as_ref().is_some_and(|b| b.thread != thread);
        if first {
            let key = self.key_for("team.watch");
            self.say(format!("you watch {}; they are told · {key} ends it", w.operator));
        } else if !w.attached && before.is_some_and(|b| b.here) {
            self.say(format!("{} has closed the last screen", w.operator));
        }
        self.together.watch = Some(Watch {
            operator: w.operator,
            thread,
            writes: w.doing == Doing::Typing,
            draft: w.draft,
            here: w.attached,
        });
        if let Some(thread) = thread.filter(|_| moved) {
            if !self.has_open(thread) {
                self.open_thread(thread, None);
            }
            self.focus(Scope::Conversation);
        }
        if std::mem::take(&mut self.together.watch_again) {
            self.ask_watched();
        }
        self.fit_composer();
        self.damage(Damage::ALL);
    }

    /// Writes to the colleague who is followed, in the conversation that they have open: a note that calls them.
    pub(super) fn whisper(&mut self) {
        let Some(watch) = self.together.watch.clone() else {
            let key = self.key_for("team.watch");
            return self.say(format!("you watch nobody · → {key} follows a colleague"));
        };
        let Some(thread) = watch.thread else {
            return self.say(format!("{} has no conversation open that you see", watch.operator));
        };
        if mentions(&format!("@{}", watch.operator)) != [watch.operator.as_str()] {
            return self
                .say_bad(format!("a note cannot call {}: the name is no single word", watch.operator));
        }
        let words = Words {
            name: "whisper",
            label: "note",
            empty: "what the customer is not to see",
            advice: "a note in this conversation that calls them by name",
            enter: "whisper",
        };
        let judge: Judge = Arc::new(|text: &str| {
            if text.trim().is_empty() { Err("nothing to say yet".to_owned()) } else { Ok(String::new()) }
        });
        let name = watch.operator.clone();
        let done: Done = Arc::new(move |text: &str| {
            let text = format!("@{name} {}", text.trim());
            vec![Step::Talk(Talk::Whisper { thread, text })]
        });
        let title = format!("Whisper to {}", watch.operator);
        self.show_overlay(Box::new(Prompt::new(title, words, judge, done)), None);
    }

    /// Keeps what was whispered as a note.
    pub(super) fn whispered(&mut self, thread: ThreadId, text: String) {
        self.ask(Request::AddNote { thread, text }, Asked::Saying("whispered: a note here that calls them"));
    }

    /// Writing for oneself ends following: two cannot write in one text.
    pub(super) fn writes_while_watching(&mut self) {
        if self.scope == Scope::Composer && self.watched_here().is_some() {
            self.end_watch();
        }
    }

    /// Whether what is shown is a colleague's: nothing counts as read then.
    pub(super) fn only_watches(&self) -> bool {
        self.watched_here().is_some()
    }

    /// The text of a colleague where one's own would be.
    pub(crate) fn shown_draft(&self) -> Option<(&str, &str)> {
        let watch = self.watched_here().filter(|w| !w.draft.is_empty())?;
        Some((&watch.operator, &watch.draft))
    }
}
