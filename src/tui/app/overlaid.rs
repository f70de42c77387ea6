//! What lies over the inbox: how it comes, and what it wants done.

use super::{App, Asked, Damage, Open};
use crate::model::handling::Act;
use crate::protocol::Request;
use crate::tui::command::Scope;
use crate::tui::overlay::{Overlay, Step};
use crate::tui::overlays::{self, Kind};

impl App {
    /// Puts an overlay on the screen.
    pub(super) fn open_overlay(&mut self, kind: Kind, word: Option<String>) {
        if let Some((overlay, request)) = overlays::open_overlay(kind, self) {
            let serial = self.next_serial;
            self.show_overlay(overlay, word);
            if let Some(request) = request {
                self.ask(request, Asked::Overlay { serial, search: String::new() });
            }
        }
    }

    pub(super) fn show_overlay(&mut self, overlay: Box<dyn Overlay>, word: Option<String>) {
        let serial = self.next_serial;
        self.next_serial += 1;
        self.overlays.push(Open { serial, overlay, word });
        self.damage = Damage::ALL;
    }

    /// Does what an overlay wants done.
    pub(super) fn steps(&mut self, serial: u64, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Close => {
                    self.overlays.retain(|o| o.serial != serial);
                    self.damage = Damage::ALL;
                }
                Step::Park => self.park(serial),
                Step::Talk(talk) => self.talk(talk),
                Step::Ask(request) => {
                    let search = match &*request {
                        Request::Search { text, .. }
                        | Request::People { text, .. }
                        | Request::Contacts { text, .. } => text.clone(),
                        _ => String::new(),
                    };
                    if self.keep_reply_files(serial, &request) {
                        continue;
                    }
                    if self.colleague_comes_first(serial, &request) {
                        continue;
                    }
                    self.asks_together(&request);
                    self.ask(*request, Asked::Overlay { serial, search });
                }
                Step::Insert { text, from } => {
                    let word =
                        self.overlays.iter_mut().find(|o| o.serial == serial).and_then(|o| o.word.take());
                    self.insert_text(&text, word.as_deref());
                    if let Some(id) = from {
                        self.ask(Request::UseQuickReply { id }, Asked::Plain);
                    }
                }
                Step::Attach(files) => self.attach_reply(files),
                Step::SwitchAccount(account) => self.switch_account(account),
                Step::OpenThread { thread, at } => {
                    self.list.select(thread);
                    self.keep_list_cursor_visible();
                    // What is written there stays as it is.
                    if at.is_some() || self.conversation.as_ref().is_none_or(|c| c.thread != thread) {
                        self.open_thread(thread, at);
                    }
                    self.focus(Scope::Conversation);
                }
                Step::Command(id) => self.run_named(&id),
                Step::CommandWith { id, argument } => self.run_with(&id, &argument),
                Step::GoToRow(row) => self.go_to_row(row),
                Step::PickTemplate { name, language } => self.fill_template(&name, &language),
                Step::PickReply(id) => self.insert_reply(id),
                Step::RunMacro(id) => self.look_at_macro_of(id),
                Step::OpenNextUnread => self.open_next_unread(),
                Step::OpenLink(link) => self.open_link(&link),
                Step::SendAt { at, words } => {
                    self.send(Some(at));
                    self.say(format!("to be sent {words}"));
                }
                Step::Say(s) => self.say(s),
                Step::Act { threads, act, words } => match *act {
                    Act::Snooze { .. } => self.finish(&threads, &act, &words),
                    _ => self.handle(&threads, &act, &words),
                },
                Step::Theme(theme) => self.retheme(*theme),
                Step::Copy(s) => self.copy(&s),
                Step::Edit { text, name } => self.edit_for(serial, text, name),
                Step::Sample { path, account } => self.hand_sample_over(serial, path, account),
                Step::SendFile { path, request } => self.hand_header_over(serial, path, request),
                Step::KeepTemplate { account, of, kept } => self.keep_template(account, &of, kept),
                Step::ShowSamples(on) => self.show_samples(on),
                Step::Picture { path, account, change } => {
                    self.hand_picture_over(serial, path, account, *change);
                }
            }
        }
        self.damage |= if self.overlays.is_empty() { Damage::NONE } else { Damage::ALL };
    }
}
