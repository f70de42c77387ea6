//! What becomes of a form of accounts when it is saved: one request after the other.

use super::super::Step;
use super::admin::{AccountBox, Mode, Then, request};
use super::forms;
use crate::model::account::{CONNECTED, DISCONNECTED};
use crate::model::ids::AccountId;
use crate::protocol::Request;
use crate::protocol::access::AccessRequest;
use crate::protocol::account_facts::Openness;
use crate::protocol::accounts::AccountRequest;

impl AccountBox {
    pub(super) fn edit_saved(&mut self) -> Vec<Step> {
        let (Mode::Edit(sheet), Some(view)) = (&self.mode, self.view()) else { return Vec::new() };
        let account = view.spec.id.clone();
        let options = forms::options_of(sheet, &view.life.options);
        let open = match forms::openness_of(sheet, self.book.as_ref()) {
            Ok(open) => open,
            Err(p) => {
                self.say = Some(*p);
                return Vec::new();
            }
        };
        let before = self.openness(&account);
        let said = Then::Saved(format!("{account} is changed"));
        let set = request(AccountRequest::SetOptions { account: account.clone(), options });
        if open == Openness::Unknown || open == before {
            return self.ask(set, said);
        }
        let rule = open.rule().cloned();
        let act = AccessRequest::SetAccount { account, rule };
        self.queue.push_back((set, Then::Next));
        self.queue.push_back((Request::Access { act }, said));
        self.queue.push_back((Request::Access { act: AccessRequest::List }, Then::Book));
        self.go_on()
    }

    pub(super) fn key_saved(&mut self) -> Vec<Step> {
        let (Mode::Key(sheet), Some(view)) = (&self.mode, self.view()) else { return Vec::new() };
        let Some(act) = forms::key_of(sheet, &view.spec.id) else {
            return self.refuse("field", "nothing is typed", "type or paste it, then F10");
        };
        let account = view.spec.id.clone();
        let waits = view.state != CONNECTED && view.state != DISCONNECTED;
        let said = format!("the key of {account} is kept");
        if !waits {
            return self.ask(request(act), Then::Saved(said));
        }
        // Somebody types it anew because the old one was refused.
        self.queue.push_back((request(act), Then::Next));
        self.ask(request(AccountRequest::Connect { account }), Then::Connected)
    }

    pub(super) fn kapso_saved(&mut self) -> Vec<Step> {
        let Mode::Kapso(sheet, made) = &self.mode else { return Vec::new() };
        let taken =
            |id: &AccountId| made.as_ref() != Some(id) && self.accounts.iter().any(|a| a.spec.id == *id);
        match forms::kapso_of(sheet, made.as_ref(), taken) {
            Err((field, p)) => {
                self.say = Some(*p);
                if let Mode::Kapso(sheet, _) = &mut self.mode {
                    sheet.focus_on(field);
                }
                Vec::new()
            }
            Ok(acts) => {
                for act in acts {
                    let then = if matches!(act, AccountRequest::Connect { .. }) {
                        Then::Connected
                    } else {
                        Then::Next
                    };
                    self.queue.push_back((request(act), then));
                }
                self.go_on()
            }
        }
    }
}
