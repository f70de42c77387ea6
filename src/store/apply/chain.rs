//! The activity log's rows: each carries a hash over itself and the hash before it.
//!
//! The end of the chain is remembered between transactions and noted once in each, so that a row costs one hash and no
//! statement more than it did without.

use crate::clock::Millis;
use crate::model::event::Event;
use crate::model::seat::Seat;
use crate::store::StoreError;
use crate::store::chain::{Hash, Hashed, hash};
use rusqlite::{Connection, params};
use std::collections::HashMap;

/// A seat is noted anew after this time.
const SEAT_DAY: Millis = 86_400_000;
/// Seats that are remembered; more are forgotten and noted again.
const SEATS: usize = 1024;

/// The end of the chain, and what belongs to the event that is being applied.
#[derive(Debug, Default)]
pub(super) struct Chain {
    head: i64,
    hash: Hash,
    /// Whether rows were added in this transaction.
    grown: bool,
    seats: HashMap<Seat, (i64, Millis)>,
    at: Millis,
    actor: String,
    seat: Option<(i64, Seat)>,
}

impl Chain {
    /// Reads the end of the chain.
    pub fn load(conn: &Connection) -> Result<Self, StoreError> {
        let (head, hash, last): (i64, Hash, i64) = conn
            .prepare_cached(
                "SELECT head, head_hash, (SELECT coalesce(max(id), 0) FROM audit) FROM audit_chain",
            )?
            .query_row([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
        // Rows that are missing at the end, or should not be there, stay missing or odd: the chain goes on behind them.
        Ok(Self { head: head.max(last), hash, ..Self::default() })
    }

    /// An event begins: what its rows have in common.
    fn begin(&mut self, conn: &Connection, event: &Event) -> Result<(), StoreError> {
        self.at = event.at;
        self.actor.clear();
        self.actor.push_str(event.actor.label());
        self.seat = None;
        if let Some(seat) = &event.seat {
            let known = self.seats.get(seat.as_ref()).filter(|(_, since)| event.at - since < SEAT_DAY);
            let row = if let Some((row, _)) = known {
                *row
            } else {
                conn.prepare_cached(
                    "INSERT INTO seats(at, uid, pid, terminal, source) VALUES(?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![
                    event.at,
                    seat.uid,
                    seat.pid,
                    seat.terminal,
                    seat.source
                ])?;
                let row = conn.last_insert_rowid();
                if self.seats.len() >= SEATS {
                    self.seats.clear();
                }
                self.seats.insert((**seat).clone(), (row, event.at));
                row
            };
            self.seat = Some((row, (**seat).clone()));
        }
        Ok(())
    }

    /// Adds a row of the event that has begun; `false` when its id is here.
    fn add(
        &mut self,
        conn: &Connection,
        uid: [u8; 16],
        action: &str,
        subject: &str,
    ) -> Result<bool, StoreError> {
        let id = self.head + 1;
        let hashed = Hashed {
            id,
            uid: &uid,
            at: self.at,
            actor: &self.actor,
            action,
            subject,
            seat: self.seat.as_ref().map(|(_, s)| s),
        };
        let next = hash(&self.hash, &hashed);
        // Only the event's id may be there before; a taken row number is a fault that must not swallow an event.
        let added = conn
            .prepare_cached(
                "INSERT INTO audit(id, uid, at, actor, action, subject, seat, hash) VALUES(?1,?2,?3,?4,?5,?6,?7,?8) \
                 ON CONFLICT(uid) DO NOTHING",
            )?
            .execute(params![
                id,
                uid,
                self.at,
                self.actor,
                action,
                subject,
                self.seat.as_ref().map(|(row, _)| row),
                next
            ])?;
        if added == 0 {
            return Ok(false);
        }
        self.head = id;
        self.hash = next;
        self.grown = true;
        Ok(true)
    }

    /// The first row of an event; `false` when the event was applied before.
    pub fn event(
        &mut self,
        conn: &Connection,
        event: &Event,
        action: &str,
        subject: &str,
    ) -> Result<bool, StoreError> {
        self.begin(conn, event)?;
        self.add(conn, event.id.0, action, subject)
    }

    /// One more row of the event that is being applied.
    pub fn more(
        &mut self,
        conn: &Connection,
        uid: [u8; 16],
        action: &str,
        subject: &str,
    ) -> Result<(), StoreError> {
        self.add(conn, uid, action, subject).map(|_| ())
    }

    /// Notes the end of the chain, once in a transaction.
    pub fn flush(&mut self, conn: &Connection) -> Result<(), StoreError> {
        if std::mem::take(&mut self.grown) {
            conn.prepare_cached("UPDATE audit_chain SET head = ?1, head_hash = ?2")?
                .execute(params![self.head, self.hash])?;
        }
        Ok(())
    }
}
