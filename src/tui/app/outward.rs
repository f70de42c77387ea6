//! What leaves the conversation: messages to another thread, to a command, to a file.

use super::{App, Asked, Conversation, Damage, Effect};
use crate::export::{About, Format, Writer, file_name};
use crate::model::{DeliveryState, Message, ThreadId};
use crate::protocol::{Cursor, Place, Request};
use crate::text;
use crate::tui::format;
use crate::tui::outside::{FileDone, FileProblem, FileStep, Piped};
use crate::tui::overlay::Step;
use crate::tui::overlay::confirm::Confirm;
use crate::tui::overlay::forward::{ForwardBox, Item};
use crate::tui::overlay::pipe::PipeBox;
use crate::tui::overlay::prompt::{Done, Judge, Prompt, Words};
use crate::tui::overlay::talk::Talk;
use crate::tui::transcript;
use std::path::PathBuf;
use std::sync::Arc;

/// Messages of a page that goes to a file.
const PAGE: u32 = 500;

/// A conversation on its way to a file.
#[derive(Debug)]
pub(super) struct Exporting {
    thread: ThreadId,
    path: PathBuf,
    writer: Writer,
}

impl App {
    /// The marked messages, else the selected one, else those on the screen.
    fn at_hand(&self) -> Vec<Message> {
        let Some(c) = &self.conversation else { return Vec::new() };
        if c.has_chosen() {
            return c.chosen();
        }
        if let Some(m) = c.selected() {
            return vec![m.clone()];
        }
        self.visible(c).iter().map(|v| c.messages[v.index].clone()).collect()
    }

    /// Whether commands and files are allowed; says so when they are not.
    fn has_shell(&mut self) -> bool {
        if !self.shell {
            self.say_bad("commands and files are switched off here (`shell = false` in the configuration)");
        }
        self.shell
    }

    /// Asks for a command that gets messages.
    pub(super) fn ask_command(&mut self) {
        if !self.has_shell() {
            return;
        }
        let list = self.at_hand();
        if list.is_empty() {
            return self.say("there is no message to hand over");
        }
        let words = Words {
            name: "pipe_prompt",
            label: "command",
            empty: "wc -w",
            advice: "It gets the messages as text, with names and times. It may run for 30 seconds.",
            enter: "run",
        };
        let n = list.len();
        let title = format!("Pipe {n} message{} to a command", if n == 1 { "" } else { "s" });
        let judge: Judge = Arc::new(|text| match text.trim() {
            "" => Err("which command?".into()),
            _ => Ok("The shell runs it as you, on this machine.".into()),
        });
        let done: Done = Arc::new(|text| vec![Step::Talk(Talk::Pipe(text.trim().to_owned()))]);
        self.show_overlay(Box::new(Prompt::new(title, words, judge, done)), None);
    }

    /// Runs a command with the messages at hand.
    pub(super) fn pipe(&mut self, command: &str) {
        if !self.has_shell() {
            return;
        }
        let list = self.at_hand();
        let input = format!("{}\n", self.as_text(&list));
        self.show_overlay(Box::new(PipeBox::new(command, list.len())), None);
        self.effects.push(Effect::Pipe { command: command.to_owned(), input });
    }

    /// A command has ended.
    pub(super) fn piped(&mut self, piped: Piped) {
        let open = self.overlays.iter_mut().rev().find(|o| o.overlay.name() == "pipe");
        // Nobody waits for it when its box was closed.
        if let Some(open) = open {
            let serial = open.serial;
            let Piped { output, cut, ended } = piped;
            let steps = open.overlay.deliver(crate::tui::overlay::Delivery::Piped { output, cut, ended });
            self.steps(serial, steps);
            self.damage = Damage::ALL;
        }
    }

    /// Asks for the file that the thread is written to.
    pub(super) fn ask_file(&mut self) {
        if !self.has_shell() {
            return;
        }
        if self.exporting.is_some() {
            return self.say("an export is being written: one at a time");
        }
        let Some(c) = &self.conversation else { return self.say_no_conversation() };
        let words = Words {
            name: "export_prompt",
            label: "file",
            empty: "conversation.html",
            advice: "The end of the name decides: .html to read, .txt, .jsonl for programs.",
            enter: "write",
        };
        let name = format!("~/{}", file_name(c.title(), self.clock.now(), &self.tz));
        let judge: Judge = Arc::new(|text| match text.trim() {
            "" => Err("which file?".into()),
            name if name.ends_with('/') => Err("this is a folder: a file name is missing".into()),
            name => Ok(match Format::of_name(name) {
                Format::Html => "The whole thread as a page to read, only for you.".into(),
                Format::Jsonl => "The whole thread as JSON, a message a line, only for you.".into(),
                Format::Text => "The whole thread as text, only for you.".into(),
            }),
        });
        let done: Done =
            Arc::new(|text| vec![Step::Talk(Talk::Export { path: text.trim().to_owned(), replace: false })]);
        let prompt = Prompt::new("Export the whole thread", words, judge, done).with(&name);
        self.show_overlay(Box::new(prompt), None);
    }

    /// Begins to write the thread to a file.
    pub(super) fn export(&mut self, path: &str, replace: bool) {
        if !self.has_shell() || self.exporting.is_some() {
            return;
        }
        let Some(c) = &self.conversation else { return };
        let about = About {
            title: c.title().to_owned(),
            phone: c.row.as_ref().and_then(|r| r.phone.as_deref()).map(transcript::phone).unwrap_or_default(),
            account: c.row.as_ref().map(|r| self.account_name(&r.account)).unwrap_or_default(),
        };
        let writer = Writer::new(Format::of_name(path), about, self.tz.clone(), self.clock.now());
        let path = PathBuf::from(path);
        self.exporting = Some(Exporting { thread: c.thread, path: path.clone(), writer });
        self.effects.push(Effect::File(FileStep::Open { path, replace }));
    }

    fn account_name(&self, id: &crate::model::AccountId) -> String {
        self.accounts
            .iter()
            .find(|a| a.spec.id == *id)
            .map_or_else(|| id.to_string(), |a| a.spec.name.clone())
    }

    /// A step of the file was done, or could not be.
    pub(super) fn file(&mut self, result: Result<FileDone, FileProblem>) {
        let Some(e) = &self.exporting else { return };
        match result {
            Ok(FileDone::Opened) => {
                let head = e.writer.head();
                self.effects.push(Effect::File(FileStep::More(head.into_bytes())));
                self.ask_export(Place::Oldest);
            }
            Ok(FileDone::Written { path, bytes }) => {
                let n = e.writer.count();
                self.exporting = None;
                let s = if n == 1 { "" } else { "s" };
                self.say(format!("{n} message{s}, {}, are in {}", format::size(bytes), path.display()));
            }
            Err(FileProblem::Exists(path)) => {
                let asked = e.path.to_string_lossy().into_owned();
                self.exporting = None;
                let lines = vec![path.display().to_string(), String::new(), "It is there already.".into()];
                let steps = vec![Step::Talk(Talk::Export { path: asked, replace: true })];
                self.show_overlay(Box::new(Confirm::new("Replace the file?", lines, 'y', steps)), None);
            }
            Err(FileProblem::Failed(why)) => {
                self.exporting = None;
                self.say_bad(format!("the file was not written: {why}"));
            }
        }
    }

    fn ask_export(&mut self, place: Place) {
        let Some(e) = &self.exporting else { return };
        self.ask(Request::Messages { thread: e.thread, place, limit: PAGE }, Asked::Export);
    }

    /// A page for the file.
    pub(super) fn export_page(&mut self, items: &[Message], newer: Option<Cursor>) {
        let Some(e) = &mut self.exporting else { return };
        let shown = items.iter().filter(|m| m.state != DeliveryState::Cancelled);
        let mut piece: String = shown.map(|m| e.writer.message(m)).collect();
        if newer.is_none() {
            piece.push_str(&e.writer.tail());
        }
        self.effects.push(Effect::File(FileStep::More(piece.into_bytes())));
        match newer {
            Some(next) => self.ask_export(Place::After(next)),
            None => self.effects.push(Effect::File(FileStep::End)),
        }
    }

    /// A page for the file did not come.
    pub(super) fn export_failed(&mut self) {
        self.exporting = None;
        self.effects.push(Effect::File(FileStep::Drop));
    }

    /// Asks to whom the marked messages, or the selected one, are forwarded.
    pub(super) fn forward(&mut self) {
        let chosen = self.conversation.as_ref().filter(|c| c.has_chosen()).map(Conversation::chosen);
        let list = match chosen {
            Some(list) => list,
            None => self.acted_on(|m| m.state != DeliveryState::Noted).into_iter().collect(),
        };
        if list.is_empty() {
            return;
        }
        // What colleagues wrote to each other never gets to a customer.
        if list.iter().any(|m| m.state == DeliveryState::Noted) {
            self.say_bad("a note stays here: it cannot be forwarded");
            return;
        }
        let items: Vec<Item> = list.iter().map(Item::of).collect();
        let now = self.clock.now();
        let names =
            self.accounts.iter().map(|a| (a.spec.id.clone(), text::sanitize(&a.spec.name).into_owned()));
        let rows = self.list.rows.iter().take(200).cloned().collect();
        let overlay = ForwardBox::new(items, rows, names.collect(), now);
        self.show_overlay(Box::new(overlay), None);
    }

    /// A search in the thread was refused.
    pub(super) fn not_found(&mut self, thread: ThreadId) {
        if let Some(f) =
            self.conversation.as_mut().filter(|c| c.thread == thread).and_then(|c| c.find.as_mut())
        {
            f.waiting = false;
        }
    }
}
