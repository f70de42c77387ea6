//! How the accounts are, in sentences.

use super::{Talk, count};
use crate::protocol::account_facts::{Standing, hindrance, is_development, name, number, state_line};
use crate::protocol::{AccountView, Request, Response};
use std::io::{self, Write};

/// What is said of an account when one begins.
pub(super) fn greeting(a: &AccountView) -> String {
    let state =
        if Standing::of(a) == Standing::Connected { String::new() } else { format!(", {}", state_line(a)) };
    let kind = if is_development(a) { ", for development" } else { "" };
    format!("{}: {} unread{kind}{state}", name(a), count(a.unread_threads, "thread"))
}

impl<W: Write> Talk<W> {
    /// Tells how every account is.
    pub(super) async fn accounts(&mut self) -> io::Result<()> {
        let Some(Response::Accounts(accounts)) = self.ask(Request::Accounts).await? else { return Ok(()) };
        if accounts.is_empty() {
            return self.say("there is no account; switchboard accounts connect makes one, from a shell");
        }
        for a in &accounts {
            let number = number(a);
            let number = if number.is_empty() { "no number yet".to_owned() } else { number };
            let kind = if is_development(a) { ", for development" } else { "" };
            let unread = count(a.unread_threads, "thread");
            self.say(format!("{}: {}, {number}{kind}, {unread} unread", name(a), state_line(a)))?;
            if let Some(at) = a.last_webhook {
                let when = self.when(at);
                self.say(format!("  last webhook {when}"))?;
            }
            if let Some(why) = hindrance(a) {
                self.say(format!("  {}: {}", why.means, why.next))?;
            }
        }
        Ok(())
    }
}
