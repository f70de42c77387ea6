//! What operators at work on the same conversations ask of the store.

use super::{Reader, StoreError};
use crate::clock::Millis;
use crate::model::ids::{AccountId, ThreadId};
use crate::model::message::Origin;
use crate::model::sharing::Candidate;
use rusqlite::params;
use std::collections::BTreeMap;

/// Answers that are looked through for one by a colleague.
const LOOK: i64 = 50;

impl Reader {
    /// Who else has answered in a thread after a time: a colleague by name, or somebody on the number's phone.
    pub fn answered_since(
        &self,
        thread: ThreadId,
        since: Millis,
        me: &str,
    ) -> Result<Option<String>, StoreError> {
        let mut st = self.conn.prepare_cached(
            "SELECT m.origin FROM messages m JOIN threads t ON t.id = m.thread_id WHERE t.uid = ?1 AND m.at > ?2 \
             AND m.inbound = 0 AND m.state NOT IN ('noted', 'cancelled') ORDER BY m.at DESC, m.id DESC LIMIT ?3",
        )?;
        let mut found = st.query(params![thread.0, since, LOOK])?;
        while let Some(r) = found.next()? {
            let origin: Option<String> = r.get(0)?;
            match origin.map(|o| serde_json::from_str(&o)) {
                Some(Ok(Origin::Operator(name))) if name != me => return Ok(Some(name)),
                None | Some(Ok(Origin::Phone)) => return Ok(Some("somebody on the phone".into())),
                _ => {}
            }
        }
        Ok(None)
    }

    /// How much these operators have, and when their last turn was.
    pub fn candidates(&self, operators: &[String]) -> Result<Vec<Candidate>, StoreError> {
        let mut load = self
            .conn
            .prepare_cached("SELECT count(*) FROM main.threads WHERE assignee = ?1 AND state = 0")?;
        let mut turn =
            self.conn.prepare_cached("SELECT coalesce(max(at), 0) FROM main.turns WHERE operator = ?1")?;
        operators
            .iter()
            .map(|operator| {
                let open: i64 = load.query_row([operator], |r| r.get(0))?;
                Ok(Candidate {
                    operator: operator.clone(),
                    open: u32::try_from(open).unwrap_or(u32::MAX),
                    turn: turn.query_row([operator], |r| r.get(0))?,
                })
            })
            .collect()
    }

    /// Open threads that nobody has and whose customer waits, by account: those that wait longest first.
    pub fn waiting_for_somebody(&self, most: u32) -> Result<Vec<(AccountId, ThreadId)>, StoreError> {
        let names: BTreeMap<i64, AccountId> = self.names()?.into_iter().collect();
        let mut out = Vec::new();
        for (id, account) in names {
            let mut st = self.conn.prepare_cached(
                "SELECT uid FROM threads WHERE account_id = ?1 AND state = 0 AND assignee IS NULL AND last_inbound = 1 \
                 ORDER BY last_at LIMIT ?2",
            )?;
            let mut found = st.query(params![id, most])?;
            while let Some(r) = found.next()? {
                out.push((account.clone(), super::rows::thread_id(r, 0)?));
            }
        }
        Ok(out)
    }
}
