//! What is set at the provider, from the screen: the settings of a number, connecting one, and blocking whom one talks with.

use super::{App, Asked};
use crate::model::account::CONNECTED;
use crate::model::ids::{AccountId, ThreadId};
use crate::protocol::admin::AdminRequest;
use crate::protocol::{AccountView, Request};
use crate::text;
use crate::tui::overlay::Step;
use crate::tui::overlay::confirm::Confirm;
use crate::tui::overlays::{self, Kind, Opened};

impl App {
    /// The account that is named, else the one that is meant here: of the conversation, the one that is shown, the only one.
    pub(crate) fn account_meant(&self, name: &str) -> Option<&AccountView> {
        let name = name.trim();
        if !name.is_empty() {
            return self.view_of(&AccountId::new(name));
        }
        self.account_here()
            .or_else(|| self.account.as_ref().and_then(|id| self.view_of(id)))
            .or_else(|| self.accounts.first().filter(|_| self.accounts.len() == 1))
    }

    fn show_opened(&mut self, (overlay, request): Opened) {
        let serial = self.next_serial;
        self.show_overlay(overlay, None);
        if let Some(request) = request {
            self.ask(request, Asked::Overlay { serial, search: String::new() });
        }
    }

    /// Shows the settings of a number.
    pub(super) fn open_profile(&mut self, name: &str) {
        let Some(view) = self.account_meant(name).cloned() else {
            let key = self.key_for("accounts.open");
            return self.say(format!("which account? {key} lists them: choose one, then p"));
        };
        if view.spec.number.is_empty() {
            let key = self.key_for("accounts.open");
            return self
                .say_bad(format!("{} has no number yet: connect it first ({key}, then c)", view.spec.id));
        }
        let opened = overlays::profile(self, &view);
        self.show_opened(opened);
    }

    /// Connects a number: a new account, or the named one from where it stopped.
    pub(super) fn open_connect(&mut self, name: &str) {
        let name = name.trim();
        if name.is_empty() {
            // By whom is chosen first.
            return self.open_overlay(Kind::NewAccount, None);
        }
        let view = self.view_of(&AccountId::new(name)).cloned();
        if let Some(view) = view.as_ref().filter(|v| v.state == CONNECTED && !v.life.kept) {
            return self
                .say_bad(format!("{} is part of the configuration file, and connected", view.spec.id));
        }
        let opened = overlays::connect(self, view.as_ref());
        self.show_opened(opened);
    }

    /// The conversation that a block is about, with its name.
    fn whom(&self) -> Option<(ThreadId, String)> {
        let c = self.conversation.as_ref()?;
        Some((c.thread, text::truncate(&text::sanitize(c.title()), 40).into_owned()))
    }

    /// Asks before whom one talks with is blocked, or not blocked any more.
    pub(super) fn ask_block(&mut self, block: bool) {
        let Some((thread, title)) = self.whom() else { return self.say_no_conversation() };
        let is = self.conversation.as_ref().is_some_and(|c| c.blocked.is_some());
        if is == block {
            let word = if block { "blocked already" } else { "not blocked" };
            return self.say(format!("{title} is {word}"));
        }
        if !block {
            return self.set_block(thread, false);
        }
        let id = "contact.block".to_owned();
        let steps = vec![Step::CommandWith { id, argument: thread.to_string() }];
        let lines = vec![
            format!("{title} cannot write to this number any more, and nothing can be sent to them."),
            "They are not told. It can be taken back.".to_owned(),
        ];
        self.show_overlay(Box::new(Confirm::new(format!("Block {title}?"), lines, 'y', steps)), None);
    }

    /// Blocks whom it was asked about.
    pub(super) fn block_named(&mut self, thread: &str) {
        match thread.trim().parse::<ThreadId>() {
            Ok(thread) => self.set_block(thread, true),
            Err(_) => self.ask_block(true),
        }
    }

    fn set_block(&mut self, thread: ThreadId, block: bool) {
        let said = if block { "blocked: nothing comes from them any more" } else { "not blocked any more" };
        let act = AdminRequest::BlockThread { thread, block };
        self.ask(Request::Admin { act }, Asked::Saying(said));
    }
}
