//! A conversation with somebody who has not written yet: a number is typed, shown as it will be written to, and gets a
//! template. Nothing else may begin one.

use super::{App, Asked};
use crate::model::contact::{Identity, display_phone};
use crate::model::event::Recipient;
use crate::model::phone::{Meant, international};
use crate::protocol::account_facts::{hindrance, name};
use crate::protocol::{AccountView, Request};
use crate::tui::overlay::Step;
use crate::tui::overlay::prompt::{Prompt, Words};
use crate::tui::overlay::template_form::TemplateTarget;
use crate::tui::overlays;
use std::sync::Arc;

impl App {
    /// The account that a new conversation is begun from: the one that is shown, or the only one.
    fn sender(&mut self) -> Option<AccountView> {
        let found = match (&self.account, self.accounts.as_slice()) {
            (Some(id), _) => self.view_of(id).cloned(),
            (None, [one]) => Some(one.clone()),
            (None, _) => None,
        };
        let Some(view) = found else {
            let key = self.key_for("account.switch");
            self.say_bad(format!("from which account? · → {key} chooses one"));
            return None;
        };
        if let Some(why) = hindrance(&view).filter(|h| !h.waits) {
            let key = self.key_for("accounts.open");
            self.say_bad(format!("{} · {} · → {key} opens the accounts", why.what, why.means));
            return None;
        }
        Some(view)
    }

    /// Asks for the number.
    pub(super) fn ask_number(&mut self) {
        let Some(view) = self.sender() else { return };
        let prefix = view.life.options.prefix.clone();
        let account = name(&view).to_owned();
        let words = Words {
            name: "new_thread",
            label: "number",
            empty: "+351 912 345 678",
            advice: "with + and the country code; without them the account's prefix goes before it",
            enter: "choose a template",
        };
        let judge = move |typed: &str| {
            let meant = international(typed, &prefix).map_err(|why| format!("`{}` {why}", typed.trim()))?;
            let number = display_phone(meant.digits());
            Ok(match meant {
                Meant::Whole(_) => format!("{number}, from {account}"),
                Meant::Prefixed(_) => format!("{number} (+{prefix} is the prefix of {account})"),
            })
        };
        let done = |typed: &str| {
            vec![Step::CommandWith { id: "thread.new".into(), argument: typed.trim().to_owned() }]
        };
        let title = format!("Write to a number · {}", name(&view));
        self.show_overlay(Box::new(Prompt::new(title, words, Arc::new(judge), Arc::new(done))), None);
    }

    /// Offers the templates for a number.
    pub(super) fn write_to(&mut self, typed: &str) {
        let Some(view) = self.sender() else { return };
        let meant = match international(typed, &view.life.options.prefix) {
            Ok(meant) => meant,
            Err(why) => return self.say_bad(format!("`{}` {why}", crate::text::sanitize(typed))),
        };
        let phone = display_phone(meant.digits());
        let target = TemplateTarget {
            account: view.spec.id.clone(),
            account_name: name(&view).to_owned(),
            to: Recipient::Identity { identity: Identity::phone(meant.digits()) },
            contact_name: phone.clone(),
            first_name: String::new(),
            phone,
            draft: String::new(),
            window_open: false,
            mask: self.theme.mask,
            mapped: true,
            marketing_opt_out: false,
        };
        let picker = overlays::templates_for(self, target);
        let serial = self.next_serial;
        self.show_overlay(Box::new(picker), None);
        let request = Request::Templates { account: view.spec.id };
        self.ask(request, Asked::Overlay { serial, search: String::new() });
    }
}
