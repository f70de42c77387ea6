//! The search inside the open thread: what was typed, what the engine found, where in it we are.

use super::{App, Asked, Damage};
use crate::clock::Millis;
use crate::model::{MessageId, ThreadId};
use crate::protocol::{Cursor, Matches, Request};
use crate::text::query::BadQuery;
use crate::tui::command::Scope;
use crate::tui::overlay::find::FindBar;

/// A search in the open thread.
#[derive(Clone, Debug, Default)]
pub(crate) struct Find {
    /// What is looked for.
    pub text: String,
    /// Its words, folded, as they are marked on the screen.
    pub needles: Vec<String>,
    /// Messages that have it, newest first.
    pub hits: Vec<(MessageId, Millis)>,
    /// The one that was gone to.
    pub at: Option<usize>,
    /// Whether an answer is on its way.
    pub waiting: bool,
    /// What is wrong with the text.
    pub bad: Option<BadQuery>,
    next: Option<Cursor>,
    /// Where the search began: nothing newer is gone to first.
    from: Option<Millis>,
    /// What was selected then.
    home: Option<MessageId>,
    /// Go on to the next older one when more have come.
    step: bool,
}

impl Find {
    /// Where we are, in words.
    pub fn place(&self) -> String {
        let plus = if self.next.is_some() { "+" } else { "" };
        match (&self.bad, self.at) {
            (Some(bad), _) => bad.next.clone(),
            _ if self.text.trim().is_empty() => String::new(),
            (None, Some(at)) => format!("{} of {}{plus}", at + 1, self.hits.len()),
            (None, None) if self.waiting || self.next.is_some() => "searching…".into(),
            (None, None) => "nothing has this".into(),
        }
    }
}

impl App {
    /// Whether `n` and `N` go to matches now.
    pub(crate) fn is_finding(&self) -> bool {
        self.conversation.as_ref().and_then(|c| c.find.as_ref()).is_some_and(|f| !f.text.trim().is_empty())
    }

    /// Asks what to look for in the open thread.
    pub(super) fn begin_find(&mut self) {
        let Some(c) = &mut self.conversation else { return self.say_no_conversation() };
        let before = c.find.take();
        let text = before.as_ref().map(|f| f.text.clone()).unwrap_or_default();
        let from = c.selected().map(|m| m.at);
        let home = before.and_then(|f| f.home).or(c.selected);
        c.find = Some(Find { from, home, ..Find::default() });
        self.show_overlay(Box::new(FindBar::new(&text)), None);
        if !text.is_empty() {
            self.find_text(&text);
        }
    }

    /// The text that is looked for is another one.
    pub(super) fn find_text(&mut self, text: &str) {
        let language = self.language();
        let Some(c) = &mut self.conversation else { return };
        let Some(f) = &mut c.find else { return };
        text.clone_into(&mut f.text);
        (f.hits, f.at, f.next, f.step) = (Vec::new(), None, None, false);
        let read = (language.read)(text);
        f.needles = read.as_ref().map(crate::text::query::Query::needles).unwrap_or_default();
        f.bad = read.err();
        f.waiting = f.bad.is_none() && !text.trim().is_empty();
        if f.waiting {
            self.ask_matches(None);
        }
        self.damage(Damage::CONVERSATION);
    }

    fn ask_matches(&mut self, before: Option<Cursor>) {
        let zone = self.language().zone;
        let Some(c) = &self.conversation else { return };
        let Some(f) = &c.find else { return };
        let (thread, text) = (c.thread, f.text.clone());
        let request = Request::FindInThread { thread, text: text.clone(), zone, before };
        self.ask(request, Asked::Find { thread, text, more: before.is_some() });
    }

    /// The engine has looked.
    pub(super) fn matches_came(&mut self, thread: ThreadId, text: &str, more: bool, found: Matches) {
        let Some(c) = self.conversation.as_mut().filter(|c| c.thread == thread) else { return };
        let Some(f) = c.find.as_mut().filter(|f| f.text == text && f.waiting) else { return };
        if !more {
            f.hits.clear();
        }
        f.hits.extend(found.items);
        f.next = found.next;
        f.waiting = false;
        let wanted = match (f.at, f.step) {
            (Some(at), true) => (at + 1 < f.hits.len()).then_some(at + 1),
            (Some(at), false) => Some(at),
            // Nothing newer than where the search began, if there is anything else.
            (None, _) => f.hits.iter().position(|(_, at)| f.from.is_none_or(|from| *at <= from)),
        };
        let (next, any) = (f.next, !f.hits.is_empty());
        match (wanted, next) {
            (Some(at), _) => self.go_to_match(at),
            // The whole thread is looked through, a piece at a time.
            (None, Some(next)) => {
                f.waiting = true;
                self.ask_matches(Some(next));
            }
            (None, None) if any => self.go_to_match(0),
            (None, None) => {}
        }
        self.damage(Damage::CONVERSATION);
    }

    fn go_to_match(&mut self, at: usize) {
        let Some(f) = self.conversation.as_mut().and_then(|c| c.find.as_mut()) else { return };
        f.step = false;
        let Some((id, _)) = f.hits.get(at).copied() else { return };
        if f.at.replace(at) != Some(at) || self.conversation.as_ref().is_some_and(|c| c.selected != Some(id))
        {
            self.go_to_message(id);
        }
    }

    /// Goes to the next older or newer match.
    pub(super) fn step_match(&mut self, older: bool, count: u32) {
        let Some(c) = &mut self.conversation else { return self.say_no_conversation() };
        let Some(f) = c.find.as_mut().filter(|f| !f.text.trim().is_empty()) else {
            let key = self.key_for("conversation.find");
            return self.say(format!("nothing is searched for here · → {key} searches in this thread"));
        };
        let count = count.max(1) as usize;
        let (total, at) = (f.hits.len(), f.at);
        if total == 0 {
            let words = if f.waiting { "searching…" } else { "nothing has this" };
            return self.say(words);
        }
        let to = match at {
            None => 0,
            Some(at) if older => at + count,
            Some(at) => (at + total - count % total) % total,
        };
        if older && to >= total {
            if let Some(next) = f.next {
                if !std::mem::replace(&mut f.waiting, true) {
                    (f.at, f.step) = (Some(total - 1), true);
                    self.ask_matches(Some(next));
                }
                return;
            }
            self.say("that was the oldest one: on from the newest");
            return self.go_to_match(to % total);
        }
        if !older && at.is_some_and(|at| count > at) {
            self.say("that was the newest one: on from the oldest that was found");
        }
        self.go_to_match(to);
    }

    /// The line in which it was typed is closed; without `keep` everything is as before.
    pub(super) fn end_find(&mut self, keep: bool) {
        let Some(c) = &mut self.conversation else { return };
        let Some(f) = &c.find else { return };
        if keep && f.bad.is_none() && !f.text.trim().is_empty() {
            let words =
                (f.hits.is_empty() && !f.waiting).then(|| format!("nothing in this thread has “{}”", f.text));
            if let Some(words) = words {
                c.find = None;
                self.say(words);
            }
            self.focus(Scope::Conversation);
        } else {
            let home = f.home;
            let moved = f.at.is_some();
            c.find = None;
            if moved {
                match home {
                    Some(id) => self.go_to_message(id),
                    None => self.go_to_end(),
                }
            }
        }
        self.damage = Damage::ALL;
    }

    /// Ends the search; `false` when there was none.
    pub(super) fn stop_finding(&mut self) -> bool {
        let Some(c) = self.conversation.as_mut().filter(|c| c.find.is_some()) else { return false };
        c.find = None;
        c.selected = None;
        self.damage(Damage::CONVERSATION);
        true
    }
}
