//! Reading how far the past of accounts was read, and which sends of ours are not settled.

use super::{Reader, StoreError};
use crate::clock::Millis;
use crate::model::history::HistoryMark;
use crate::model::ids::{AccountId, MessageId};
use rusqlite::{OptionalExtension, params};
use std::collections::BTreeSet;

/// Sends that are asked about in one go.
const ASKED: i64 = 100;

impl Reader {
    /// How far the past of an account was read.
    pub fn history_mark(&self, account: &AccountId) -> Result<Option<HistoryMark>, StoreError> {
        let json: Option<Option<String>> = self
            .conn
            .prepare_cached("SELECT history FROM accounts WHERE key = ?1 AND removed_at IS NULL")?
            .query_row([account.as_str()], |r| r.get(0))
            .optional()?;
        json.flatten().map(|json| read(account, &json)).transpose()
    }

    /// When those attempts started of which nobody knows whether they went out, and that have no id of the provider's.
    pub fn unnamed_attempts(&self, account: &AccountId) -> Result<Vec<Millis>, StoreError> {
        let mut st = self.conn.prepare_cached(
            "SELECT a.started_at FROM outbox o JOIN accounts c ON c.id = o.account_id \
             JOIN attempts a ON a.uid = o.attempt \
             WHERE c.key = ?1 AND o.state IN ('sending', 'unknown') \
             AND NOT EXISTS(SELECT 1 FROM provider_ids p WHERE p.outbox_id = o.id AND p.attempt = a.uid)",
        )?;
        let found = st.query_map([account.as_str()], |r| r.get(0))?.collect::<Result<_, _>>()?;
        Ok(found)
    }

    /// Which of these ids of the provider's are here, as messages or as sends of ours.
    pub fn known_messages(
        &self,
        account: &AccountId,
        ids: &[String],
    ) -> Result<BTreeSet<String>, StoreError> {
        let mut message = self.conn.prepare_cached("SELECT 1 FROM messages WHERE uid = ?1")?;
        let mut send = self.conn.prepare_cached("SELECT 1 FROM provider_ids WHERE key = ?1")?;
        let mut known = BTreeSet::new();
        for id in ids {
            let key = MessageId::of_provider(account, id);
            if send.exists([key.0])? || message.exists([key.0])? {
                known.insert(id.clone());
            }
        }
        Ok(known)
    }

    /// Messages of ours since a time that the provider took and of which no tick or only the first one came.
    pub fn unsettled(&self, account: &AccountId, since: Millis) -> Result<Vec<String>, StoreError> {
        let mut st = self.conn.prepare_cached(
            "SELECT m.provider_id FROM attempts a JOIN outbox o ON o.attempt = a.uid \
             JOIN accounts c ON c.id = o.account_id JOIN messages m ON m.id = o.message_id \
             WHERE a.started_at >= ?2 AND c.key = ?1 AND m.state IN ('accepted', 'sent', 'unknown') \
             AND m.provider_id IS NOT NULL ORDER BY a.started_at DESC LIMIT ?3",
        )?;
        let found =
            st.query_map(params![account.as_str(), since, ASKED], |r| r.get(0))?.collect::<Result<_, _>>()?;
        Ok(found)
    }
}

/// What is kept of an account.
pub(super) fn read(account: &AccountId, json: &str) -> Result<HistoryMark, StoreError> {
    serde_json::from_str(json).map_err(|e| StoreError::Corrupt(format!("history of {account}: {e}")))
}
