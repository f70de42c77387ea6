//! The flight recorder: how long raw webhooks stay, the doctor's own posts, and what the engine has to say.

use super::{Context, first_chars};
use crate::clock::Millis;
use crate::model::event::Event;
use crate::model::ids::AccountId;
use crate::model::inbound::Severity;
use crate::protocol::Changed;
use crate::store::StoreError;
use crate::store::webhooks::row_at;
use crate::store::writer::Reply;
use rusqlite::{Connection, params};

/// Raw webhooks removed in one step, so that nothing waits long for the writer.
const STEP_ROWS: i64 = 500;
/// Bytes removed in one step, but for a single webhook that is larger.
const STEP_BYTES: i64 = 32 << 20;

/// A webhook that may go: row, account, bytes.
type Candidate = (i64, i64, i64);

/// What a step may still remove.
struct Step {
    gone: Vec<Candidate>,
    bytes: i64,
}

impl Step {
    fn full(&self) -> bool {
        self.gone.len() as i64 >= STEP_ROWS || self.bytes >= STEP_BYTES
    }

    /// Takes the oldest rows of a query with a row number as its only parameter; at least `wanted` bytes in all when
    /// that is set.
    fn take(
        &mut self,
        conn: &Connection,
        sql: &str,
        upto: i64,
        wanted: Option<i64>,
    ) -> Result<(), StoreError> {
        let mut st = conn.prepare_cached(sql)?;
        let mut rows = st.query([upto])?;
        while !self.full() && wanted.is_none_or(|w| self.bytes < w) {
            let Some(r) = rows.next()? else { break };
            let c: Candidate = (r.get(0)?, r.get(1)?, r.get(2)?);
            if !self.gone.iter().any(|(id, ..)| *id == c.0) {
                self.bytes += c.2;
                self.gone.push(c);
            }
        }
        Ok(())
    }
}

const APPLIED: &str =
    "SELECT id, account_id, length(body) FROM webhooks WHERE id < ?1 AND state = 'applied' ORDER BY id";
const FAILED: &str =
    "SELECT id, account_id, length(body) FROM webhooks WHERE id < ?1 AND state <> 'applied' ORDER BY id";

/// Removes some of the raw webhooks that are too old or too many. What could not be applied stays longer.
pub(super) fn expire(
    conn: &Connection,
    cx: &mut Context,
    before: Millis,
    failed_before: Millis,
    keep_bytes: Option<u64>,
) -> Result<Reply, StoreError> {
    let mut step = Step { gone: Vec::new(), bytes: 0 };
    step.take(conn, APPLIED, row_at(conn, "webhooks", "received_at", before)?, None)?;
    step.take(conn, FAILED, row_at(conn, "webhooks", "received_at", failed_before)?, None)?;
    let mut over = false;
    if let Some(keep) = keep_bytes {
        let kept: i64 = conn
            .prepare_cached("SELECT coalesce(sum(webhook_bytes), 0) FROM accounts")?
            .query_row([], |r| r.get(0))?;
        let pending: i64 = cx.deltas.iter().map(|d| d.webhook_bytes).sum();
        let surplus = kept + pending - i64::try_from(keep).unwrap_or(i64::MAX);
        if surplus > step.bytes {
            step.take(conn, APPLIED, i64::MAX, Some(surplus))?;
            step.take(conn, FAILED, i64::MAX, Some(surplus))?;
        }
        over = surplus > step.bytes && !step.gone.is_empty();
    }
    let mut delete = conn.prepare_cached("DELETE FROM webhooks WHERE id = ?1")?;
    let mut failed = false;
    for (id, account, bytes) in &step.gone {
        delete.execute([id])?;
        if let Some(d) = cx.delta(*account) {
            d.webhook_bytes -= bytes;
        }
        failed = true;
    }
    if failed {
        cx.changed(Changed::StatusChanged);
    }
    Ok(Reply { more: step.full() || over, ..Reply::default() })
}

/// Keeps what the doctor posted to the listener. It says nothing, so it is no traffic.
pub(super) fn tested(
    conn: &Connection,
    cx: &mut Context,
    event: &Event,
    account: &AccountId,
    raw: &[u8],
) -> Result<Reply, StoreError> {
    let account = cx.account(account)?;
    conn.prepare_cached(
        "INSERT INTO webhooks(uid, account_id, received_at, state, body, test) VALUES(?1, ?2, ?3, 'applied', ?4, 1)",
    )?
    .execute(params![event.id.0, account.id, event.at, raw])?;
    if let Some(d) = cx.delta(account.id) {
        d.webhook_bytes += raw.len() as i64;
    }
    Ok(Reply::default())
}

/// Keeps a line for the operators.
pub(super) fn noticed(
    conn: &Connection,
    cx: &mut Context,
    account: &AccountId,
    severity: Severity,
    field: &str,
    text: &str,
) -> Result<Reply, StoreError> {
    let account = cx.account(account)?;
    let word = match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    };
    conn.prepare_cached("INSERT INTO notices(at, account_id, severity, field, text) VALUES(?1,?2,?3,?4,?5)")?
        .execute(params![cx.now, account.id, word, first_chars(field, 40), first_chars(text, 1000)])?;
    cx.changed(Changed::StatusChanged);
    Ok(Reply::default())
}
