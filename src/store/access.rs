//! Who may do what, read back; and connections for those who do not see everything.
//!
//! A limited connection has a view in front of every table about conversations. In it exists only what the asker may
//! see, so no query can forget to ask: it does not name the tables, it cannot reach them. The views ask the SQL
//! functions `seen(account, assignee)` and `is_open(account)`, which know for whom the question is asked.

use super::rows::AccountNames;
use super::{Reader, StoreError};
use crate::model::access::{AccessBook, Scope};
use crate::model::ids::{AccountId, MessageId, ThreadId};
use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension};
use std::sync::{Arc, Mutex, PoisonError};

/// The tables about conversations and what of them a limited asker may see. A view of this name hides each of them.
const VIEWS: &[(&str, &str)] = &[
    ("threads", "seen(o.account_id, o.assignee)"),
    ("messages", "EXISTS(SELECT 1 FROM threads t WHERE t.id = o.thread_id)"),
    ("drafts", "EXISTS(SELECT 1 FROM threads t WHERE t.id = o.thread_id)"),
    ("thread_labels", "EXISTS(SELECT 1 FROM threads t WHERE t.id = o.thread_id)"),
    ("outbox", "EXISTS(SELECT 1 FROM threads t WHERE t.id = o.thread_id)"),
    ("attempts", "EXISTS(SELECT 1 FROM outbox b WHERE b.id = o.outbox_id)"),
    ("provider_ids", "EXISTS(SELECT 1 FROM outbox b WHERE b.id = o.outbox_id)"),
    ("reactions", "EXISTS(SELECT 1 FROM messages m WHERE m.id = o.message_id)"),
    ("versions", "EXISTS(SELECT 1 FROM messages m WHERE m.id = o.message_id)"),
    ("mentions", "EXISTS(SELECT 1 FROM messages m WHERE m.id = o.message_id)"),
    ("open_quotes", "EXISTS(SELECT 1 FROM messages m WHERE m.id = o.message_id)"),
    // A contact without any conversation is nobody's secret.
    (
        "contacts",
        "EXISTS(SELECT 1 FROM threads t WHERE t.contact_id = o.id) \
         OR NOT EXISTS(SELECT 1 FROM main.threads t WHERE t.contact_id = o.id)",
    ),
    ("identities", "EXISTS(SELECT 1 FROM contacts c WHERE c.id = o.contact_id)"),
    ("templates", "is_open(o.account_id)"),
    ("blocks", "is_open(o.account_id)"),
    ("template_news", "is_open(o.account_id)"),
    ("template_settings", "is_open(o.account_id)"),
    ("template_uses", "is_open(o.account_id)"),
    ("template_changes", "is_open(o.account_id)"),
    ("template_warnings", "is_open(o.account_id)"),
    ("actions", "is_open(o.account_id)"),
    ("webhooks", "is_open(o.account_id)"),
    ("notices", "is_open(o.account_id)"),
    ("deletions", "0"),
    ("waits", "EXISTS(SELECT 1 FROM threads t WHERE t.id = o.thread_id)"),
    ("spans", "is_open(o.account_id)"),
    ("tallies", "is_open(o.account_id)"),
    ("early", "0"),
    // Only the outbox asks for these.
    ("file_ids", "is_open(o.account_id)"),
    ("file_uses", "0"),
    (
        "feed",
        "o.thread IS NULL OR EXISTS(SELECT 1 FROM threads t WHERE t.uid = \
         coalesce((SELECT j.target FROM joined j WHERE j.uid = o.thread), o.thread))",
    ),
];

/// Columns of `accounts` that are counted anew: the counters there count everything.
const COUNTED: [(&str, &str); 3] = [
    ("threads", "count(*)"),
    ("unread", "coalesce(sum(t.unread), 0)"),
    ("unread_threads", "count(*) FILTER (WHERE t.unread > 0)"),
];

/// The rules; those of a new engine when none were ever changed.
pub(super) fn book(conn: &Connection) -> Result<AccessBook, StoreError> {
    let json: Option<String> = conn
        .prepare_cached("SELECT book FROM access WHERE id = 1")?
        .query_row([], |r| r.get(0))
        .optional()?;
    match json {
        None => Ok(AccessBook::new()),
        Some(json) => serde_json::from_str(&json).map_err(|e| StoreError::Corrupt(format!("access: {e}"))),
    }
}

/// For whom a limited connection answers.
#[derive(Debug, Default)]
struct Asked {
    /// Nothing is seen without one.
    scope: Option<Scope>,
    closed: Vec<i64>,
}

/// A limited connection's knowledge of the asker.
#[derive(Clone, Debug, Default)]
pub(super) struct Asking(Arc<Mutex<Asked>>);

impl Asking {
    /// Puts the views in front of the tables of a connection that has just been opened.
    fn limit(&self, conn: &Connection) -> Result<(), StoreError> {
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_INNOCUOUS;
        let asked = Arc::clone(&self.0);
        conn.create_scalar_function("seen", 2, flags, move |cx| {
            let asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
            let account: i64 = cx.get(0)?;
            let assignee = match cx.get_raw(1) {
                ValueRef::Null => None,
                other => Some(other.as_str()?),
            };
            let seen = asked.scope.as_ref().is_some_and(|s| s.sees.has(assignee));
            Ok(seen && !asked.closed.contains(&account))
        })?;
        let asked = Arc::clone(&self.0);
        conn.create_scalar_function("is_open", 1, flags, move |cx| {
            let asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
            let account: i64 = cx.get(0)?;
            Ok(asked.scope.is_some() && !asked.closed.contains(&account))
        })?;
        for (table, seen) in VIEWS {
            conn.execute_batch(&format!(
                "CREATE TEMP VIEW {table} AS SELECT * FROM main.{table} o WHERE {seen}"
            ))?;
        }
        let mut columns = Vec::new();
        let mut st = conn.prepare("SELECT name FROM pragma_table_info('accounts', 'main')")?;
        let mut names = st.query([])?;
        while let Some(r) = names.next()? {
            let name: String = r.get(0)?;
            let counted = COUNTED.iter().find(|(column, _)| *column == name);
            columns.push(match counted {
                None => format!("o.{name}"),
                Some((_, sum)) => {
                    format!("(SELECT {sum} FROM threads t WHERE t.account_id = o.id) AS {name}")
                }
            });
        }
        conn.execute_batch(&format!(
            "CREATE TEMP VIEW accounts AS SELECT {} FROM main.accounts o WHERE is_open(o.id)",
            columns.join(", ")
        ))?;
        Ok(())
    }

    fn set(&self, scope: Option<Scope>, names: &AccountNames) {
        let open = |key: &AccountId| scope.as_ref().is_some_and(|s| s.has_account(key));
        let closed = names.iter().filter(|(_, key)| !open(key)).map(|(id, _)| *id).collect();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Asked { scope, closed };
    }
}

impl Reader {
    /// The rules.
    pub fn access_book(&self) -> Result<AccessBook, StoreError> {
        book(&self.conn)
    }

    /// The thread of a message, or of a send that is no message (a reaction).
    pub fn thread_of(&self, message: MessageId) -> Result<Option<ThreadId>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "SELECT t.uid FROM threads t WHERE t.id = coalesce((SELECT thread_id FROM messages WHERE uid = ?1), \
                 (SELECT thread_id FROM outbox WHERE uid = ?1))",
            )?
            .query_row([message.0], |r| super::rows::thread_id(r, 0))
            .optional()?)
    }

    /// Limits a connection: from now on it answers for somebody, or not at all.
    pub(super) fn limited(mut self) -> Result<Self, StoreError> {
        let asking = Asking::default();
        asking.limit(&self.conn)?;
        self.asking = Some(asking);
        Ok(self)
    }

    /// Answers a question on a limited connection for somebody who sees this much.
    pub(super) fn seeing<T>(
        &self,
        scope: &Scope,
        question: impl FnOnce(&Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let Some(asking) = &self.asking else {
            return Err(StoreError::Rule("this connection sees everything".into()));
        };
        let mut st = self.conn.prepare_cached("SELECT id, key FROM main.accounts")?;
        let names: AccountNames = st
            .query_map([], |r| Ok((r.get(0)?, AccountId::new(r.get::<_, String>(1)?))))?
            .collect::<Result<_, _>>()?;
        asking.set(Some(scope.clone()), &names);
        let answer = question(self);
        asking.set(None, &AccountNames::new());
        answer
    }

    /// Whether not everything can be seen here: then tables are views, and views have no indexes to name.
    pub(super) fn is_limited(&self) -> bool {
        self.asking.is_some()
    }
}
