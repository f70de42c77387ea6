//! What the doctor and the status line ask: is the database whole, do the counters agree, what came last.

use super::StoreError;
use super::reader::Reader;
use crate::clock::Millis;
use crate::model::ids::{AccountId, EventId};
use crate::model::inbound::Severity;
use crate::protocol::Notice;
use rusqlite::params;
use std::path::Path;

impl Reader {
    /// SQLite's own check; `None` when the file is whole, else its first complaint.
    pub fn quick_check(&self) -> Result<Option<String>, StoreError> {
        // A connection of its own: one that has used the word index remembers segments that were merged since, and
        // would find damage where there is none.
        let fresh = match self.conn.path() {
            Some(path) if !path.is_empty() => Some(Self::open(Path::new(path))?),
            _ => None,
        };
        let conn = fresh.as_ref().map_or(&self.conn, |r| &r.conn);
        let word: String = conn.query_row("PRAGMA quick_check(1)", [], |r| r.get(0))?;
        Ok((word != "ok").then_some(word))
    }

    /// Counters that disagree with a recount, as sentences; empty when all agree.
    pub fn recount(&self) -> Result<Vec<String>, StoreError> {
        let mut out = Vec::new();
        let checks = [
            (
                "unread counts of threads",
                "SELECT count(*) FROM threads t LEFT JOIN (SELECT thread_id, count(*) AS n FROM messages \
                 WHERE unread = 1 GROUP BY thread_id) u ON u.thread_id = t.id \
                 WHERE t.unread <> coalesce(u.n, 0)",
            ),
            (
                "failed counts of threads",
                "SELECT count(*) FROM threads t LEFT JOIN (SELECT thread_id, count(*) AS n FROM messages \
                 WHERE state IN ('failed','unknown') AND dismissed = 0 GROUP BY thread_id) f ON f.thread_id = t.id \
                 WHERE t.failed <> coalesce(f.n, 0)",
            ),
            (
                "unread counts of accounts",
                "SELECT count(*) FROM accounts a WHERE (a.unread, a.unread_threads, a.threads) <> \
                 (SELECT coalesce(sum(t.unread),0), count(*) FILTER (WHERE t.unread > 0), count(*) \
                  FROM threads t WHERE t.account_id = a.id)",
            ),
            (
                "snoozed threads",
                "SELECT count(*) FROM threads WHERE (state = 1) <> (snooze IS NOT NULL) \
                 OR (snooze_until IS NOT NULL AND snooze IS NULL)",
            ),
            (
                "sizes of raw webhooks",
                "SELECT count(*) FROM accounts a WHERE a.webhook_bytes <> \
                 (SELECT coalesce(sum(length(w.body)), 0) FROM webhooks w WHERE w.account_id = a.id)",
            ),
            (
                "newest messages of threads",
                "SELECT count(*) FROM threads t JOIN messages n ON n.id = \
                 (SELECT id FROM messages m WHERE m.thread_id = t.id AND m.state <> 'noted' ORDER BY at DESC, id DESC LIMIT 1) \
                 WHERE t.last_row <> n.id OR t.last_uid <> n.uid OR t.last_at < n.at OR t.last_state <> n.state \
                 OR t.last_kind <> n.kind",
            ),
        ];
        for (what, sql) in checks {
            let n: i64 = self.conn.query_row(sql, [], |r| r.get(0))?;
            if n > 0 {
                out.push(format!("{what}: {n} wrong"));
            }
        }
        Ok(out)
    }

    /// When the last webhook came, and how many were kept without being understood.
    pub fn webhook_facts(&self) -> Result<(Option<Millis>, u64), StoreError> {
        let last = self
            .conn
            .prepare_cached("SELECT max(last_webhook) FROM accounts")?
            .query_row([], |r| r.get::<_, Option<Millis>>(0))?;
        let failed: i64 = self
            .conn
            .prepare_cached("SELECT count(*) FROM webhooks WHERE state <> 'applied'")?
            .query_row([], |r| r.get(0))?;
        Ok((last, u64::try_from(failed).unwrap_or(0)))
    }

    /// A webhook as it was kept; `None` when it is gone (or never was).
    pub fn raw_webhook(&self, id: EventId) -> Result<Option<RawWebhook>, StoreError> {
        use rusqlite::OptionalExtension;
        Ok(self
            .conn
            .prepare_cached(
                "SELECT a.key, w.body, w.received_at FROM webhooks w JOIN accounts a ON a.id = w.account_id WHERE w.uid = ?1",
            )?
            .query_row([id.0], |r| {
                Ok(RawWebhook {
                    account: AccountId::new(r.get::<_, String>(0)?),
                    body: r.get(1)?,
                    received_at: r.get(2)?,
                })
            })
            .optional()?)
    }

    /// When the oldest raw webhook that is kept was received.
    pub fn oldest_webhook(&self) -> Result<Option<Millis>, StoreError> {
        use rusqlite::OptionalExtension;
        Ok(self
            .conn
            .prepare_cached("SELECT received_at FROM webhooks ORDER BY id LIMIT 1")?
            .query_row([], |r| r.get(0))
            .optional()?)
    }

    /// The last notices, newest first.
    pub fn notices(&self, limit: u32) -> Result<Vec<Notice>, StoreError> {
        let mut st = self.conn.prepare_cached(
            "SELECT n.at, a.key, n.severity, n.text FROM notices n JOIN accounts a ON a.id = n.account_id \
             ORDER BY n.id DESC LIMIT ?1",
        )?;
        let list = st
            .query_map([limit], |r| {
                let severity: String = r.get(2)?;
                Ok(Notice {
                    at: r.get(0)?,
                    account: AccountId::new(r.get::<_, String>(1)?),
                    severity: match severity.as_str() {
                        "critical" => Severity::Critical,
                        "warning" => Severity::Warning,
                        _ => Severity::Info,
                    },
                    text: r.get(3)?,
                })
            })?
            .collect::<Result<_, _>>()?;
        Ok(list)
    }

    /// How many rows a table has; for tests and the doctor.
    pub fn count(&self, table: Table) -> Result<i64, StoreError> {
        let name = match table {
            Table::Messages => "messages",
            Table::Threads => "threads",
            Table::Webhooks => "webhooks",
            Table::Audit => "audit",
        };
        Ok(self.conn.query_row(&format!("SELECT count(*) FROM {name}"), params![], |r| r.get(0))?)
    }

    /// Copies the database to a file that does not exist yet, while others write.
    pub fn backup(&self, to: &Path) -> Result<(), StoreError> {
        super::create_private(to)?;
        let mut target = rusqlite::Connection::open(to)?;
        let backup = rusqlite::backup::Backup::new(&self.conn, &mut target)?;
        backup.run_to_completion(1024, std::time::Duration::from_millis(1), None)?;
        Ok(())
    }
}

/// A webhook as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawWebhook {
    /// The account whose listener path was used.
    pub account: AccountId,
    /// The body.
    pub body: Vec<u8>,
    /// When it came.
    pub received_at: Millis,
}

/// Tables that can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// Messages.
    Messages,
    /// Threads.
    Threads,
    /// Raw webhooks.
    Webhooks,
    /// Applied events.
    Audit,
}
