//! The accounts as the engine tells of them, and what follows from how they are: who cannot send says so before
//! anything is typed in vain.

use super::{App, Damage};
use crate::model::AccountId;
use crate::model::account::Hindrance;
use crate::protocol::AccountView;
use crate::protocol::account_facts::{hindrance, is_development};
use crate::tui::overlay::Delivery;

impl App {
    /// The list of now. What is open and shows accounts hears of it too.
    pub(super) fn accounts_came(&mut self, accounts: Vec<AccountView>) {
        self.accounts = accounts;
        let open: Vec<u64> = self
            .overlays
            .iter()
            .filter(|o| o.overlay.name().starts_with("accounts"))
            .map(|o| o.serial)
            .collect();
        for serial in open {
            let news = Delivery::Accounts(self.accounts.clone());
            if let Some(o) = self.overlays.iter_mut().find(|o| o.serial == serial) {
                let steps = o.overlay.deliver(news);
                self.steps(serial, steps);
            }
        }
        // Marks and lights are on every part of the screen.
        self.damage(Damage::TOP | Damage::LIST | Damage::CONVERSATION | Damage::COMPOSER | Damage::STATUS);
        // One that is gone is shown no more.
        if self.account.as_ref().is_some_and(|id| self.view_of(id).is_none()) && !self.accounts.is_empty() {
            self.switch_account(None);
        }
    }

    /// An account by its id.
    pub fn view_of(&self, id: &AccountId) -> Option<&AccountView> {
        self.accounts.iter().find(|a| a.spec.id == *id)
    }

    /// The account of the open conversation.
    pub fn account_here(&self) -> Option<&AccountView> {
        self.view_of(&self.conversation.as_ref()?.row.as_ref()?.account)
    }

    /// Why nothing leaves the account of the open conversation.
    pub fn hindered(&self) -> Option<Hindrance> {
        self.account_here().and_then(hindrance)
    }

    /// Whether the open conversation belongs to an account for trying things.
    pub fn is_development_here(&self) -> bool {
        self.account_here().is_some_and(is_development)
    }

    /// Says so where nothing can be sent, as the engine would: what waits for the end of a pause may be sent.
    pub(super) fn refuses_to_send(&mut self) -> bool {
        let Some(why) = self.hindered().filter(|h| !h.waits) else { return false };
        let key = self.key_for("accounts.open");
        self.say_bad(format!("not sent: {} · {} · → {key} opens the accounts", why.what, why.means));
        true
    }
}
