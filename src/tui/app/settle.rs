//! What changed is asked for once, when everything that waited was handed over.

use super::{App, Asked};
use crate::protocol::Request;

/// Messages that are asked for by their ids at once.
const ROWS_AT_ONCE: usize = 30;
/// Threads that are asked for by their ids at once.
const THREADS_AT_ONCE: usize = 500;

impl App {
    /// Asks once for everything that changed; not again while the answer is on its way, so that a storm of
    /// changes becomes few requests.
    pub(super) fn settle(&mut self) {
        let asked = |kind: fn(&Asked) -> bool| self.asked.values().any(kind);
        let (rows, messages) =
            (asked(|a| matches!(a, Asked::ThreadRows)), asked(|a| matches!(a, Asked::MessageRows(_))));
        let (accounts, status) =
            (asked(|a| matches!(a, Asked::Accounts)), asked(|a| matches!(a, Asked::Status)));
        if !self.changed_messages.is_empty()
            && !messages
            && let Some(thread) = self.conversation.as_ref().map(|c| c.thread)
        {
            // A few at a time, so that the longest of them fit into an answer; the rest follows it.
            let rest = self.changed_messages.iter().nth(ROWS_AT_ONCE).copied();
            let rest = rest.map(|first| self.changed_messages.split_off(&first)).unwrap_or_default();
            let ids = std::mem::replace(&mut self.changed_messages, rest).into_iter().collect();
            self.ask(Request::MessageRows { ids }, Asked::MessageRows(thread));
        }
        if !self.changed_threads.is_empty() && !rows {
            // An answer has room for so many; the rest follows it.
            let rest = self.changed_threads.iter().nth(THREADS_AT_ONCE).copied();
            let rest = rest.map(|first| self.changed_threads.split_off(&first)).unwrap_or_default();
            let ids = std::mem::replace(&mut self.changed_threads, rest).into_iter().collect();
            self.ask(Request::ThreadRows { ids }, Asked::ThreadRows);
        }
        if self.accounts_changed && !accounts {
            self.accounts_changed = false;
            self.ask(Request::Accounts, Asked::Accounts);
        }
        self.settle_presence();
        if self.is_ready() {
            self.count_views();
        }
        if self.status_changed && !status {
            self.status_changed = false;
            self.ask(Request::Status, Asked::Status);
        }
    }
}
