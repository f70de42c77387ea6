//! Screens where accounts are in every state.

use super::stage::desk;
use crate::model::AccountId;
use crate::model::access::Role;
use crate::tui::app::App;
use crate::tui::app::tests::Script;
use crate::tui::overlay::accounts::sample;

/// Accounts in every state.
pub(super) fn numbers() -> Script {
    let mut s = desk();
    s.accounts = sample::accounts();
    s.role = Some(Role::admin());
    s
}

/// The first thread belongs to this account.
pub(super) fn on(account: &str) -> Script {
    let mut s = numbers();
    s.threads[0].account = AccountId::new(account);
    s
}

/// Only this account is shown, and it has no thread.
pub(super) fn on_account(s: &mut Script, app: &mut App, account: &str) {
    s.threads.clear();
    s.keys(app, "A");
    s.type_text(app, account);
    s.keys(app, "Enter");
}
