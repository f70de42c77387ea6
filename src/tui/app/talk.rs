//! Getting around in what was said: back to the results of a search, selections, search in the thread, dates.

use super::conversation::Load;
use super::{App, Asked, Conversation, Damage, Effect, Open};
use crate::clock::Millis;
use crate::export;
use crate::model::{Message, MessageId};
use crate::protocol::Request;
use crate::text::{past, query};
use crate::tui::command::Scope;
use crate::tui::overlay::Step;
use crate::tui::overlay::prompt::{Done, Judge, Prompt, Words};
use crate::tui::overlay::search::Language;
use crate::tui::overlay::talk::Talk;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Search results that are off the screen while one of them is looked at.
pub(crate) struct Parked {
    /// The results.
    pub open: Open,
    /// The message that was opened.
    at: Option<MessageId>,
}

impl App {
    /// How queries are read on this screen.
    pub(crate) fn language(&self) -> Language {
        let (now, tz) = (self.clock.now(), self.tz.clone());
        Language {
            zone: self.tz.iana_name().map(str::to_owned),
            read: Arc::new(move |text| query::parse(text, now, &tz)),
        }
    }

    /// Takes search results off the screen, to be brought back.
    pub(super) fn park(&mut self, serial: u64) {
        if let Some(i) = self.overlays.iter().position(|o| o.serial == serial) {
            let open = self.overlays.remove(i);
            // Where it was opened at is selected when its page has come.
            let at = self.conversation.as_ref().and_then(Conversation::going_to);
            self.parked = Some(Parked { open, at });
            self.damage = Damage::ALL;
        }
    }

    /// Brings search results back, unless something else was selected or begun meanwhile.
    pub(super) fn unpark(&mut self) -> bool {
        if !self.leads_to_results() {
            return false;
        }
        if let Some(parked) = self.parked.take() {
            self.overlays.push(parked.open);
            self.damage = Damage::ALL;
        }
        true
    }

    fn leads_to_results(&self) -> bool {
        let c = self.conversation.as_ref();
        self.parked.as_ref().is_some_and(|p| {
            c.is_none_or(|c| c.quote.is_none() && (c.selected.is_none() || c.selected == p.at))
        })
    }

    /// What leaving the conversation does, in a word.
    pub(crate) fn way_back(&self) -> &'static str {
        if self.leads_to_results() {
            "results"
        } else if self.conversation.as_ref().is_some_and(|c| c.selected.is_some()) {
            "unselect"
        } else {
            "back"
        }
    }
}

/// Messages that were marked, with when they were said.
pub(crate) type Marked = BTreeMap<(Millis, MessageId), Message>;

impl Conversation {
    /// What is marked, and what lies between the beginning of a range and the selected message, oldest first.
    pub(crate) fn chosen(&self) -> Vec<Message> {
        let mut all = self.marked_messages.clone();
        for m in self.in_range() {
            all.insert((m.at, m.id), m.clone());
        }
        // What is here is newer than what was marked.
        all.into_values().map(|m| self.message(m.id).cloned().unwrap_or(m)).collect()
    }

    fn in_range(&self) -> &[Message] {
        let place = |id: MessageId| self.messages.iter().position(|m| m.id == id);
        let (Some(from), Some(to)) = (self.range.and_then(place), self.selected.and_then(place)) else {
            return &[];
        };
        &self.messages[from.min(to)..=from.max(to)]
    }

    /// Whether a message is marked or in the range.
    pub(crate) fn is_chosen(&self, m: &Message) -> bool {
        self.marked_messages.contains_key(&(m.at, m.id)) || self.in_range().iter().any(|r| r.id == m.id)
    }

    /// Whether anything is.
    pub(crate) fn has_chosen(&self) -> bool {
        self.range.is_some() || !self.marked_messages.is_empty()
    }
}

impl App {
    /// Does what an overlay about the conversation wants.
    pub(super) fn talk(&mut self, talk: Talk) {
        match talk {
            Talk::Find(text) => self.find_text(&text),
            Talk::NextMatch { older } => self.step_match(older, 1),
            Talk::EndFind { keep } => self.end_find(keep),
            Talk::Jump(at) => self.jump(at),
            Talk::Pipe(command) => self.pipe(&command),
            Talk::StopPipe => self.effects.push(Effect::StopPipe),
            Talk::Names(typed) => self.effects.push(Effect::Files(super::files::Look::Names(typed))),
            Talk::Attach(path) => self.attach(&path),
            Talk::Export { path, replace } => self.export(&path, replace),
            Talk::Unmark => {
                self.unmark_messages();
            }
            Talk::SendAnyway(at) => self.send_anyway(at),
            Talk::LookFirst => {
                self.go_to_end();
                self.focus(Scope::Conversation);
            }
            Talk::TakeOver(thread) => {
                if let Some(id) = thread.or_else(|| self.conversation.as_ref().map(|c| c.thread)) {
                    self.take_over_now(id);
                }
            }
            Talk::Watch(operator) => self.begin_watch(operator),
            Talk::Whisper { thread, text } => self.whispered(thread, text),
            Talk::Share { threads, how } => {
                let count = threads.len();
                let words = format!("given out by {}", how.word());
                self.ask(Request::Share { threads, how, team: None }, Asked::Act { words, count });
            }
        }
    }

    /// Marks the selected message, or takes the mark away, and goes on to the next.
    pub(super) fn mark_message(&mut self) {
        let Some(m) = self.acted_on(|_| true) else { return };
        let Some(c) = &mut self.conversation else { return };
        let key = (m.at, m.id);
        if c.marked_messages.remove(&key).is_none() {
            c.marked_messages.insert(key, m.clone());
        }
        let first = c.selected.is_none();
        c.selected = Some(m.id);
        if !first {
            self.select_message(true);
        }
        self.say_chosen();
    }

    /// Begins a range at the selected message, or keeps the one that was begun.
    pub(super) fn mark_messages(&mut self) {
        let Some(m) = self.acted_on(|_| true) else { return };
        let Some(c) = &mut self.conversation else { return };
        if c.range.is_some() {
            let marked: Vec<Message> = c.in_range().to_vec();
            c.marked_messages.extend(marked.into_iter().map(|m| ((m.at, m.id), m)));
            c.range = None;
        } else {
            c.selected = Some(m.id);
            c.range = Some(m.id);
        }
        self.say_chosen();
    }

    fn say_chosen(&mut self) {
        let n = self.conversation.as_ref().map_or(0, |c| c.chosen().len());
        let (copy, forward, pipe) =
            (self.key_for("message.copy"), self.key_for("message.forward"), self.key_for("message.pipe"));
        let s = if n == 1 { "" } else { "s" };
        self.say(format!("{n} message{s} marked · {copy} copy · {forward} forward · {pipe} pipe"));
        self.damage(Damage::CONVERSATION);
    }

    /// Takes all marks away; `false` when there were none.
    pub(super) fn unmark_messages(&mut self) -> bool {
        let Some(c) = self.conversation.as_mut().filter(|c| c.has_chosen()) else { return false };
        c.range = None;
        c.marked_messages.clear();
        self.damage(Damage::CONVERSATION);
        true
    }

    /// Copies the marked messages with names and times, or the text of the selected one.
    pub(super) fn copy_messages(&mut self) {
        let chosen = self.conversation.as_ref().filter(|c| c.has_chosen()).map(Conversation::chosen);
        let text = match chosen {
            Some(list) if list.len() > 1 => Some(self.as_text(&list)),
            Some(mut list) => list.pop().map(|m| m.body.plain_text()),
            None => self.acted_on(|_| true).map(|m| m.body.plain_text()),
        };
        if let Some(text) = text {
            self.copy(&text);
        }
    }

    /// Messages as lines with names and times.
    pub(super) fn as_text(&self, list: &[Message]) -> String {
        let title = self.conversation.as_ref().map_or("", Conversation::title);
        let lines: Vec<String> = list.iter().map(|m| export::line(m, title, &self.tz)).collect();
        lines.join("\n")
    }

    /// Asks for a day to go to.
    pub(super) fn ask_day(&mut self) {
        if self.conversation.is_none() {
            return self.say_no_conversation();
        }
        let words = Words {
            name: "go_to_day",
            label: "day",
            empty: "3 weeks ago",
            advice: past::EXAMPLES,
            enter: "go there",
        };
        let (now, tz) = (self.clock.now(), self.tz.clone());
        let judged = tz.clone();
        let judge: Judge = Arc::new(move |text| {
            let p = past::parse(text, now, &judged).map_err(|e| e.to_string())?;
            let at = jiff::Timestamp::from_millisecond(p.from).map_err(|e| e.to_string())?;
            let form = if p.to - p.from > 1 { "%A, %-d %B %Y" } else { "%A, %-d %B %Y %H:%M" };
            Ok(at.to_zoned(judged.clone()).strftime(form).to_string())
        });
        let done: Done = Arc::new(move |text| match past::parse(text, now, &tz) {
            Ok(p) => vec![Step::Talk(Talk::Jump(p.from))],
            Err(_) => Vec::new(),
        });
        self.show_overlay(Box::new(Prompt::new("Go to a day", words, judge, done)), None);
    }

    /// Goes to the first message since a time.
    fn jump(&mut self, at: Millis) {
        self.load_messages(Load::Time(at));
        self.focus(Scope::Conversation);
    }

    /// The page around a time is here.
    pub(super) fn came_to(&mut self, at: Millis) {
        let Some(c) = &self.conversation else { return };
        let found = c.messages.iter().find(|m| m.at >= at);
        let (id, past_end) = match (found, c.messages.last()) {
            (Some(m), _) => (m.id, false),
            (None, Some(last)) => (last.id, true),
            (None, None) => return self.say("there is no message in this conversation"),
        };
        if past_end {
            self.say("nothing was said since then: this is the newest message");
        }
        self.go_to_message(id);
    }
}
