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

    pub(super) fn show_opened(&mut self, (overlay, request): Opened) {
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

#[cfg(test)]
mod tests {
    use super::super::tests::{Script, inbox};
    use super::*;
    use crate::protocol::accounts::AccountRequest;
    use crate::protocol::wizard::WizardStep;

    fn desk() -> (Script, App) {
        let mut s = inbox();
        let app = s.start((120, 36));
        (s, app)
    }

    fn steps(s: &Script) -> Vec<WizardStep> {
        let found = s.log.iter().filter_map(|r| match r {
            Request::Wizard { act } => Some(act.step()),
            _ => None,
        });
        found.collect()
    }

    fn blocks(s: &Script) -> Vec<bool> {
        let found = s.log.iter().filter_map(|r| match r {
            Request::Admin { act: AdminRequest::BlockThread { block, .. } } => Some(*block),
            _ => None,
        });
        found.collect()
    }

    #[test]
    fn a_number_is_connected_by_keys_alone() {
        let (mut s, mut app) = desk();
        s.keys(&mut app, ":");
        s.type_text(&mut app, "number.connect");
        s.keys(&mut app, "Enter");
        assert_eq!(app.overlays.last().unwrap().overlay.name(), "accounts_screen", "by whom is chosen first");
        s.keys(&mut app, "m");
        assert_eq!(app.overlays.last().unwrap().overlay.name(), "connect");
        s.type_text(&mut app, "Shop PT");
        s.keys(&mut app, "Enter Enter Enter Enter");
        let kept = |r: &&Request| matches!(r, Request::Account { act } if !act.looks());
        assert_eq!(s.log.iter().find(kept), None, "nothing is made without a token");
        s.type_text(&mut app, "EAAsecret");
        s.keys(&mut app, "Enter");
        s.type_text(&mut app, "339901477551020");
        s.keys(&mut app, "Enter");
        s.type_text(&mut app, "218834005551201");
        s.keys(&mut app, "Enter");
        s.type_text(&mut app, "secret");
        s.keys(&mut app, "Enter Enter Enter Enter");
        s.type_text(&mut app, "+351 912 345 678");
        s.keys(&mut app, "Enter");
        assert_eq!(steps(&s), WizardStep::ALL[1..], "the first comes with the account");
        let kept = s.log.iter().find_map(|r| match r {
            Request::Account { act: AccountRequest::Begin { secret, .. } } => Some(secret.reveal()),
            _ => None,
        });
        assert_eq!(kept, Some("EAAsecret"));
        s.keys(&mut app, "Esc");
        assert_eq!(
            app.overlays.last().unwrap().overlay.name(),
            "accounts_screen",
            "back to where it came from"
        );
    }

    #[test]
    fn blocking_asks_and_unblocking_does_not() {
        let (mut s, mut app) = desk();
        s.keys(&mut app, "Enter");
        app.run_named("contact.block");
        s.keys(&mut app, "n");
        assert!(blocks(&s).is_empty() && app.overlays.is_empty());
        app.run_named("contact.block");
        s.keys(&mut app, "y");
        assert_eq!(blocks(&s), [true]);
        app.conversation.as_mut().unwrap().blocked =
            Some(crate::model::thread::Blocked { at: 0, by: "ana".into() });
        app.run_named("contact.block");
        assert!(app.overlays.is_empty(), "they are blocked already");
        app.run_named("contact.unblock");
        let effects = app.update(super::super::Event::Settle);
        s.pump(&mut app, effects);
        assert_eq!(blocks(&s), [true, false]);
    }

    #[test]
    fn the_settings_are_those_of_the_account_that_is_meant() {
        let (mut s, mut app) = desk();
        s.keys(&mut app, "g P");
        let open = app.overlays.last().expect("the only account, or the one here");
        assert_eq!(open.overlay.name(), "profile");
        s.keys(&mut app, "Esc");
        app.run_with("number.settings", "nobody");
        assert!(app.overlays.is_empty());
    }
}
