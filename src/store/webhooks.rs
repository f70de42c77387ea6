//! Reading raw webhooks: lists, one by its id, and those that carried news of a message.

use super::StoreError;
use super::reader::Reader;
use super::rows::AccountNames;
use crate::clock::Millis;
use crate::model::delivery::DeliveryTimes;
use crate::model::ids::{AccountId, EventId, MessageId};
use crate::protocol::{Cursor, WebhookFilter, WebhookState};
use memchr::memmem::Finder;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::BTreeMap;

/// Rows that one look through the list may pass.
const LOOK_ROWS: usize = 20_000;
/// Bytes of bodies that one look through the list may read.
const LOOK_BYTES: usize = 64 << 20;
/// Rows that a search for the webhooks of one message may pass.
const CARRIER_ROWS: usize = 200_000;
/// Bytes that it may read.
const CARRIER_BYTES: usize = 256 << 20;
/// Sends that are looked at for one without a status.
const NEWEST: i64 = 300;
/// Webhooks of one message that are given.
const CARRIERS: usize = 64;
/// Bytes of their bodies that are given.
const CARRIERS_BYTES: usize = 24 << 20;
/// News of a message come at most this long before and after the provider's time of it, as a rule.
const BEFORE: Millis = 2 * 60_000;
const AFTER: Millis = 10 * 60_000;

/// A webhook as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptWebhook {
    /// Its id.
    pub id: EventId,
    /// The account whose listener path was used.
    pub account: AccountId,
    /// When it came.
    pub received_at: Millis,
    /// What became of it.
    pub state: WebhookState,
    /// What could not be applied, one line each.
    pub problem: Option<String>,
    /// Bytes of the body.
    pub size: u64,
    /// The body; empty where it was not asked for.
    pub body: Vec<u8>,
}

/// The webhooks that carried news of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carriers {
    /// In the order in which they came.
    pub found: Vec<KeptWebhook>,
    /// Whether every kept webhook since the message's beginning was looked at.
    pub complete: bool,
}

/// The first row of a table that is of a time or later. Rows are in the order of arrival, so that no index over the
/// time is needed: at most some forty rows are looked at.
pub(super) fn row_at(conn: &Connection, table: &str, column: &str, at: Millis) -> Result<i64, StoreError> {
    let (mut low, mut high): (i64, i64) = conn
        .prepare_cached(&format!("SELECT coalesce(min(id), 1), coalesce(max(id), 0) + 1 FROM {table}"))?
        .query_row([], |r| Ok((r.get(0)?, r.get(1)?)))?;
    let sql = format!("SELECT id, {column} FROM {table} WHERE id >= ?1 ORDER BY id LIMIT 1");
    let mut st = conn.prepare_cached(&sql)?;
    while low < high {
        let middle = low + (high - low) / 2;
        let found: Option<(i64, Millis)> =
            st.query_row([middle], |r| Ok((r.get(0)?, r.get(1)?))).optional()?;
        match found {
            Some((id, time)) if time < at => low = id + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}

/// A text and the form that JSON with escapes gives it: Meta writes everything but ASCII, and `/`, with a backslash.
fn forms(text: &str) -> Vec<Vec<u8>> {
    use std::fmt::Write as _;
    let mut escaped = String::with_capacity(text.len());
    let mut slashes = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                escaped.extend(['\\', c]);
                slashes.extend(['\\', c]);
            }
            '\n' => {
                escaped.push_str("\\n");
                slashes.push_str("\\n");
            }
            '/' => {
                escaped.push_str("\\/");
                slashes.push('/');
            }
            c if c.is_ascii() => {
                escaped.push(c);
                slashes.push(c);
            }
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(escaped, "\\u{unit:04x}");
                }
                slashes.push(c);
            }
        }
    }
    let mut out = vec![text.as_bytes().to_vec(), escaped.into_bytes(), slashes.into_bytes()];
    out.sort();
    out.dedup();
    out
}

const COLUMNS: &str =
    "w.id, w.uid, w.account_id, w.received_at, w.state, w.test, w.problem, length(w.body), w.body";

fn kept(r: &Row<'_>, names: &AccountNames, body: bool) -> Result<(i64, KeptWebhook), StoreError> {
    let account: i64 = r.get(2)?;
    let state: String = r.get(4)?;
    let uid: Vec<u8> = r.get(1)?;
    Ok((
        r.get(0)?,
        KeptWebhook {
            id: EventId::from_slice(&uid).ok_or_else(|| StoreError::Corrupt("the id of a webhook".into()))?,
            account: names
                .iter()
                .find(|(n, _)| *n == account)
                .map(|(_, a)| a.clone())
                .ok_or_else(|| StoreError::Corrupt(format!("account number {account}")))?,
            received_at: r.get(3)?,
            state: match (r.get::<_, bool>(5)?, state.as_str()) {
                (true, _) => WebhookState::Test,
                (false, "applied") => WebhookState::Applied,
                (false, "partial") => WebhookState::Partial,
                (false, "failed") => WebhookState::Failed,
                (false, other) => return Err(StoreError::Corrupt(format!("webhook state {other}"))),
            },
            problem: r.get(6)?,
            size: u64::try_from(r.get::<_, i64>(7)?).unwrap_or(0),
            body: if body { r.get(8)? } else { Vec::new() },
        },
    ))
}

fn blob<'a>(r: &'a Row<'_>) -> Result<&'a [u8], StoreError> {
    r.get_ref(8)?.as_blob().map_err(|e| StoreError::Corrupt(e.to_string()))
}

impl Reader {
    /// Webhooks that fit, newest first, and where to go on. `number` is the provider's id of the account's number.
    /// Bodies larger than `bodies` bytes are not given.
    pub fn webhooks(
        &self,
        filter: &WebhookFilter,
        number: Option<&str>,
        before: Option<Cursor>,
        limit: u32,
        bodies: u64,
    ) -> Result<(Vec<KeptWebhook>, Option<Cursor>), StoreError> {
        let names = self.names()?;
        // Few are not applied: they have an index.
        let bad = !filter.states.is_empty()
            && filter.states.iter().all(|s| matches!(s, WebhookState::Partial | WebhookState::Failed));
        let only = if bad { "AND w.state <> 'applied'" } else { "" };
        let sql = format!("SELECT {COLUMNS} FROM webhooks w WHERE w.id < ?1 {only} ORDER BY w.id DESC");
        let text: Vec<Vec<u8>> = filter.text.as_deref().map(forms).unwrap_or_default();
        let text: Vec<Finder<'_>> = text.iter().map(|t| Finder::new(t)).collect();
        let number = number.filter(|n| !n.is_empty()).map(Finder::new);
        let mut st = self.conn.prepare_cached(&sql)?;
        let mut rows = st.query([before.map_or(i64::MAX, |c| c.row)])?;
        let (mut out, mut passed, mut read) = (Vec::new(), 0, 0);
        let mut last = None;
        while let Some(r) = rows.next()? {
            if out.len() == limit as usize || passed == LOOK_ROWS || read > LOOK_BYTES {
                return Ok((out, last));
            }
            passed += 1;
            let (row, w) = kept(r, &names, false)?;
            if filter.since.is_some_and(|since| w.received_at < since) {
                return Ok((out, None));
            }
            last = Some(Cursor { at: w.received_at, row });
            if !filter.states.is_empty() && !filter.states.contains(&w.state) {
                continue;
            }
            let foreign = filter.account.as_ref().is_some_and(|a| *a != w.account);
            if foreign || !text.is_empty() {
                let body = blob(r)?;
                read += body.len();
                if foreign && number.as_ref().is_none_or(|n| n.find(body).is_none()) {
                    continue;
                }
                if !text.is_empty() && text.iter().all(|t| t.find(body).is_none()) {
                    continue;
                }
            }
            let body = if w.size <= bodies { blob(r)?.to_vec() } else { Vec::new() };
            out.push(KeptWebhook { body, ..w });
        }
        Ok((out, None))
    }

    /// One webhook with its body.
    pub fn webhook(&self, id: EventId) -> Result<KeptWebhook, StoreError> {
        let names = self.names()?;
        let sql = format!("SELECT {COLUMNS} FROM webhooks w WHERE w.uid = ?1");
        let mut st = self.conn.prepare_cached(&sql)?;
        let mut rows = st.query([id.0])?;
        let r = rows.next()?.ok_or(StoreError::Missing("this webhook"))?;
        Ok(kept(r, &names, true)?.1)
    }

    /// Bytes of all raw webhooks, and when the oldest that was applied came.
    pub fn webhook_room(&self) -> Result<(u64, Option<Millis>), StoreError> {
        let bytes: i64 = self
            .conn
            .prepare_cached("SELECT coalesce(sum(webhook_bytes), 0) FROM accounts")?
            .query_row([], |r| r.get(0))?;
        let oldest = self
            .conn
            .prepare_cached("SELECT received_at FROM webhooks WHERE state = 'applied' ORDER BY id LIMIT 1")?
            .query_row([], |r| r.get(0))
            .optional()?;
        Ok((u64::try_from(bytes).unwrap_or(0), oldest))
    }

    /// When the oldest webhook came that could not be applied in full.
    pub fn oldest_failed_webhook(&self) -> Result<Option<Millis>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("SELECT received_at FROM webhooks WHERE state <> 'applied' ORDER BY id LIMIT 1")?
            .query_row([], |r| r.get(0))
            .optional()?)
    }

    /// How many webhooks came for an account in a span of time, counted up to `most`; the doctor's own do not count.
    pub fn webhooks_between(
        &self,
        account: &AccountId,
        number: &str,
        from: Millis,
        to: Millis,
        most: u32,
    ) -> Result<u32, StoreError> {
        let (first, end) = (self.webhook_row_at(from)?, self.webhook_row_at(to)?);
        let names = self.names()?;
        let sql = format!(
            "SELECT {COLUMNS} FROM webhooks w WHERE w.id >= ?1 AND w.id < ?2 AND w.test = 0 ORDER BY w.id LIMIT ?3"
        );
        let number = Finder::new(number);
        let mut st = self.conn.prepare_cached(&sql)?;
        let mut rows = st.query(params![first, end, LOOK_ROWS as i64])?;
        let mut n = 0;
        while let Some(r) = rows.next()? {
            let (_, w) = kept(r, &names, false)?;
            if w.account == *account || number.find(blob(r)?).is_some() {
                n += 1;
                if n == most {
                    break;
                }
            }
        }
        Ok(n)
    }

    /// When the provider took each of the newest messages of ours that have no status yet.
    pub fn without_status(&self) -> Result<Vec<(AccountId, Millis)>, StoreError> {
        let names = self.names()?;
        let mut st = self.conn.prepare_cached(
            "SELECT o.account_id, m.times FROM (SELECT message_id, account_id, state FROM outbox \
             ORDER BY id DESC LIMIT ?1) o JOIN messages m ON m.id = o.message_id \
             WHERE o.state = 'done' AND m.state = 'accepted'",
        )?;
        let mut rows = st.query([NEWEST])?;
        let mut out = Vec::new();
        while let Some(r) = rows.next()? {
            let account: i64 = r.get(0)?;
            let times: Option<String> = r.get(1)?;
            let times: DeliveryTimes =
                times.as_deref().and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default();
            if let (Some((_, id)), Some(at)) = (names.iter().find(|(n, _)| *n == account), times.accepted) {
                out.push((id.clone(), at));
            }
        }
        Ok(out)
    }

    fn webhook_row_at(&self, at: Millis) -> Result<i64, StoreError> {
        row_at(&self.conn, "webhooks", "received_at", at)
    }

    /// The webhooks whose body has one of these ids in it. Looked for around the given times first, then from the
    /// earliest of them on, as far as a bound allows.
    pub fn carriers(&self, ids: &[String], times: &[Millis]) -> Result<Carriers, StoreError> {
        let (Some(from), false) = (times.iter().min(), ids.is_empty()) else {
            return Ok(Carriers { found: Vec::new(), complete: true });
        };
        let needles: Vec<Vec<u8>> = ids.iter().flat_map(|id| forms(id)).collect();
        let finders: Vec<Finder<'_>> = needles.iter().map(|n| Finder::new(n)).collect();
        let mut spans: Vec<(i64, i64)> = Vec::new();
        for at in times {
            let from = self.webhook_row_at(at.saturating_sub(BEFORE))?;
            spans.push((from, self.webhook_row_at(at.saturating_add(AFTER))?));
        }
        spans.sort_unstable();
        spans.push((self.webhook_row_at(from.saturating_sub(BEFORE))?, i64::MAX));
        let names = self.names()?;
        let sql = format!("SELECT {COLUMNS} FROM webhooks w WHERE w.id >= ?1 AND w.id < ?2 ORDER BY w.id");
        let mut st = self.conn.prepare_cached(&sql)?;
        let mut found: BTreeMap<i64, KeptWebhook> = BTreeMap::new();
        let (mut passed, mut read, mut given) = (0, 0, 0);
        for (first, end) in spans {
            let mut rows = st.query([first, end])?;
            while let Some(r) = rows.next()? {
                let row: i64 = r.get(0)?;
                if passed == CARRIER_ROWS
                    || read > CARRIER_BYTES
                    || found.len() == CARRIERS
                    || given > CARRIERS_BYTES
                {
                    return Ok(Carriers { found: found.into_values().collect(), complete: false });
                }
                passed += 1;
                let body = blob(r)?;
                read += body.len();
                if !found.contains_key(&row) && finders.iter().any(|f| f.find(body).is_some()) {
                    given += body.len();
                    found.insert(row, kept(r, &names, true)?.1);
                }
            }
        }
        Ok(Carriers { found: found.into_values().collect(), complete: true })
    }

    /// The message here that a provider's id names.
    pub fn message_of(
        &self,
        account: &AccountId,
        provider_id: &str,
    ) -> Result<Option<MessageId>, StoreError> {
        let key = MessageId::of_provider(account, provider_id);
        let own: Option<Option<Vec<u8>>> = self
            .conn
            .prepare_cached(
                "SELECT m.uid FROM provider_ids p JOIN outbox o ON o.id = p.outbox_id \
                 LEFT JOIN messages m ON m.id = o.message_id WHERE p.key = ?1",
            )?
            .query_row([key.0], |r| r.get(0))
            .optional()?;
        if let Some(own) = own {
            return Ok(own.and_then(|uid| MessageId::from_slice(&uid)));
        }
        let here = self.conn.prepare_cached("SELECT 1 FROM messages WHERE uid = ?1")?.exists([key.0])?;
        Ok(here.then_some(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_by_time_across_holes() {
        let c = Connection::open_in_memory().unwrap();
        c.execute_batch("CREATE TABLE t(id INTEGER PRIMARY KEY, at INTEGER)").unwrap();
        assert_eq!(row_at(&c, "t", "at", 5).unwrap(), 1);
        for id in [3, 4, 9, 70, 71, 500] {
            c.execute("INSERT INTO t VALUES(?1, ?1 * 10)", [id]).unwrap();
        }
        for (at, row) in [(0, 3), (30, 3), (31, 4), (90, 9), (91, 70), (700, 70), (5000, 500), (5001, 501)] {
            let found = row_at(&c, "t", "at", at).unwrap();
            let first: Option<i64> = c
                .query_row("SELECT id FROM t WHERE id >= ?1 ORDER BY id LIMIT 1", [found], |r| r.get(0))
                .optional()
                .unwrap();
            assert_eq!(first.unwrap_or(501), row, "{at}");
        }
    }

    #[test]
    fn a_text_is_looked_for_as_json_writes_it() {
        let has = |t: &str, form: &str| forms(t).iter().any(|f| f == form.as_bytes());
        assert!(has("a/b", "a/b") && has("a/b", "a\\/b"));
        assert!(has("olá", "ol\\u00e1") && has("olá", "olá"));
        assert!(has("😀", "\\ud83d\\ude00"));
        assert!(has("\"x\"", "\\\"x\\\""));
        assert_eq!(forms("wamid.X").len(), 1);
    }
}
