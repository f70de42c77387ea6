//! The hash chain of the activity log: what is hashed, and whether it is whole.
//!
//! A row's hash is SHA-256 over the hash before it, the row's number and id, its time, and each text with its length.
//! Whoever can write the file can make a new chain; what the chain shows is any change that leaves it as it is, and a
//! hash that was written down elsewhere (`activity verify` says the newest) shows also that.

use super::reader::Reader;
use super::{StoreError, rows};
use crate::clock::Millis;
use crate::model::seat::Seat;
use crate::protocol::activity::{ChainBreak, ChainReport};
use rusqlite::{OptionalExtension, Row, params};
use sha2::{Digest, Sha256};

/// A hash of the chain.
pub(super) type Hash = [u8; 32];

/// Rows that are checked in one go, so that other questions get their turn.
const STEP: i64 = 20_000;

/// The action of the row in which retention says what it took away.
pub(super) const ANCHORED: &str = "activity_anchored";

/// What of a row is hashed.
pub(super) struct Hashed<'a> {
    pub id: i64,
    pub uid: &'a [u8],
    pub at: Millis,
    pub actor: &'a str,
    pub action: &'a str,
    pub subject: &'a str,
    pub seat: Option<&'a Seat>,
}

/// The hash of a row.
pub(super) fn hash(before: &Hash, row: &Hashed<'_>) -> Hash {
    let mut h = Sha256::new();
    h.update(before);
    h.update(row.id.to_le_bytes());
    h.update(row.uid);
    h.update(row.at.to_le_bytes());
    let mut text = |s: &str| {
        h.update((s.len() as u64).to_le_bytes());
        h.update(s.as_bytes());
    };
    text(row.actor);
    text(row.action);
    text(row.subject);
    if let Some(seat) = row.seat {
        text(&seat.uid.map(|n| n.to_string()).unwrap_or_default());
        text(&seat.pid.map(|n| n.to_string()).unwrap_or_default());
        text(&seat.terminal);
        text(&seat.source);
    }
    h.finalize().into()
}

/// A hash in hexadecimal digits.
pub(super) fn hex(hash: &[u8]) -> String {
    use std::fmt::Write as _;
    hash.iter().fold(String::with_capacity(64), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

/// What retention writes into the log about the last row that it took away.
pub(super) fn anchored(removed: i64, id: i64, hash: &Hash) -> String {
    format!("{removed} rows up to {id}, {}", hex(hash))
}

/// A walk along the chain, a part at a time.
#[derive(Debug, Default)]
pub struct ChainWalk {
    begun: bool,
    anchor: i64,
    prev: Hash,
    /// The last row that was looked at.
    last: i64,
    /// When it was made.
    at: Millis,
    checked: u64,
    /// Whether a row of the log names the anchor, where it has to.
    named: bool,
}

struct Ends {
    start: i64,
    anchor: i64,
    anchor_hash: Hash,
    head: i64,
    head_hash: Hash,
}

impl Reader {
    fn chain_ends(&self) -> Result<Ends, StoreError> {
        Ok(self
            .conn
            .prepare_cached("SELECT start, anchor, anchor_hash, head, head_hash FROM audit_chain")?
            .query_row([], |r| {
            Ok(Ends {
                start: r.get(0)?,
                anchor: r.get(1)?,
                anchor_hash: r.get(2)?,
                head: r.get(3)?,
                head_hash: r.get(4)?,
            })
        })?)
    }

    /// Checks the next part of the chain; `Some` at its end, or at the first row that is not as it was written.
    pub fn walk_chain(&self, walk: &mut ChainWalk) -> Result<Option<ChainReport>, StoreError> {
        // One view of it all: retention may be at work.
        let _snapshot = self.conn.unchecked_transaction()?;
        let ends = self.chain_ends()?;
        if !walk.begun || ends.anchor > walk.last {
            *walk = ChainWalk {
                begun: true,
                anchor: ends.anchor,
                prev: ends.anchor_hash,
                last: ends.anchor,
                named: ends.anchor == ends.start,
                ..ChainWalk::default()
            };
        }
        let mut st = self.conn.prepare_cached(
            "SELECT a.id, a.uid, a.at, a.actor, a.action, a.subject, a.hash, a.seat, s.uid, s.pid, s.terminal, s.source \
             FROM audit a LEFT JOIN seats s ON s.id = a.seat WHERE a.id > ?1 ORDER BY a.id LIMIT ?2",
        )?;
        let mut rows = st.query(params![walk.last, STEP])?;
        let mut n = 0;
        while let Some(r) = rows.next()? {
            n += 1;
            let broken = walk.row(r, &ends)?;
            if broken.is_some() {
                return self.report(walk, &ends, broken).map(Some);
            }
        }
        if n == STEP {
            return Ok(None);
        }
        let broken = if walk.last < ends.head {
            Some(ChainBreak {
                id: walk.last + 1,
                at: (walk.at > 0).then_some(walk.at),
                what: format!("the end is missing: rows {} to {}", walk.last + 1, ends.head),
            })
        } else if !walk.named {
            Some(ChainBreak {
                id: walk.anchor,
                at: None,
                what: format!(
                    "rows up to {} are gone, and no row says that retention took them",
                    walk.anchor
                ),
            })
        } else {
            None
        };
        self.report(walk, &ends, broken).map(Some)
    }

    fn report(
        &self,
        walk: &ChainWalk,
        ends: &Ends,
        broken: Option<ChainBreak>,
    ) -> Result<ChainReport, StoreError> {
        let old: i64 = self
            .conn
            .prepare_cached("SELECT count(*) FROM audit WHERE id <= ?1")?
            .query_row([ends.start], |r| r.get(0))?;
        Ok(ChainReport {
            checked: walk.checked,
            before: u64::try_from(old).unwrap_or(0),
            removed_upto: (ends.anchor > ends.start).then_some(ends.anchor),
            head: ends.head,
            hash: hex(&ends.head_hash),
            broken,
            found: None,
        })
    }

    /// The hash that a row has; `None` when the row is not here.
    pub fn chain_hash(&self, id: i64) -> Result<Option<String>, StoreError> {
        let ends = self.chain_ends()?;
        if id == ends.anchor {
            return Ok(Some(hex(&ends.anchor_hash)));
        }
        let found: Option<Option<Vec<u8>>> = self
            .conn
            .prepare_cached("SELECT hash FROM audit WHERE id = ?1")?
            .query_row([id], |r| r.get(0))
            .optional()?;
        Ok(found.flatten().map(|h| hex(&h)))
    }
}

/// The seat of a row, from four columns on.
pub(super) fn seat(r: &Row<'_>, i: usize) -> Result<Seat, StoreError> {
    Ok(Seat {
        uid: r.get(i)?,
        pid: r.get(i + 1)?,
        terminal: r.get::<_, Option<String>>(i + 2)?.unwrap_or_default(),
        source: r.get::<_, Option<String>>(i + 3)?.unwrap_or_default(),
    })
}

impl ChainWalk {
    /// Rows that were looked at.
    #[must_use]
    pub fn checked(&self) -> u64 {
        self.checked
    }

    fn row(&mut self, r: &Row<'_>, ends: &Ends) -> Result<Option<ChainBreak>, StoreError> {
        let id: i64 = r.get(0)?;
        let at: Millis = r.get(2)?;
        let broken = |what: String| Ok(Some(ChainBreak { id, at: Some(at), what }));
        if id != self.last + 1 {
            let (from, to) = (self.last + 1, id - 1);
            let gone = if from == to {
                format!("row {from} is missing")
            } else {
                format!("rows {from} to {to} are missing")
            };
            return broken(format!("{gone} before this one"));
        }
        let uid = r.get_ref(1)?.as_blob_or_null().unwrap_or_default().unwrap_or_default();
        let seat = match r.get::<_, Option<i64>>(7)? {
            Some(_) => Some(seat(r, 8)?),
            None => None,
        };
        let (Some(actor), Some(action), Some(subject)) =
            (rows::plain(r, 3), rows::plain(r, 4), rows::plain(r, 5))
        else {
            return broken("a text of this row cannot be read".into());
        };
        let row = Hashed { id, uid, at, actor, action, subject, seat: seat.as_ref() };
        let now = hash(&self.prev, &row);
        if r.get_ref(6)?.as_blob_or_null().ok().flatten() != Some(now.as_slice()) {
            return broken("this row is not as it was written".into());
        }
        if id == ends.head && now != ends.head_hash {
            return broken("the end of the chain is another one than was noted".into());
        }
        if !self.named && action == ANCHORED {
            let named = format!(" up to {}, {}", ends.anchor, hex(&ends.anchor_hash));
            self.named = subject.ends_with(&named);
        }
        self.prev = now;
        self.last = id;
        self.at = at;
        self.checked += 1;
        Ok(None)
    }
}
