//! The activity log: what is asked of it, what was refused, and how long it is kept.

use super::access::Who;
use super::{Core, Shared};
use crate::clock::Millis;
use crate::model::event::{Actor, EventBody};
use crate::model::seat::Seat;
use crate::protocol::activity::{ActivityAnswer, ActivityFilter, ActivityRequest, ChainReport};
use crate::protocol::{Cursor, Problem, Response};
use crate::store::{ChainWalk, StoreError};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Most rows of a page.
const PAGE_MAX: u32 = 500;
/// Longest word that a filter may have, in characters.
const WORD_MAX: usize = 200;
/// Refused requests of one operator that get a row of their own in a minute; the rest is counted in one row.
const ROWS: u32 = 5;
const MINUTE: Millis = 60_000;
/// Operators whose refused requests are counted apart; more share one count.
const APART: usize = 200;
/// How often old rows are looked for.
const LOOK: Duration = Duration::from_hours(1);

/// Answers what is asked about the log.
pub(super) async fn answer(who: &Who, act: ActivityRequest) -> Result<Response, Problem> {
    Ok(Response::Activity(Box::new(match act {
        ActivityRequest::List { filter, before, limit } => list(who, filter, before, limit).await?,
        ActivityRequest::Verify { row } => {
            let mut report = verify(&who.shared).await?;
            if let Some(row) = row {
                report.found = who.shared.store.read(move |r| r.chain_hash(row)).await?;
            }
            ActivityAnswer::Verified(report)
        }
    })))
}

async fn list(
    who: &Who,
    filter: ActivityFilter,
    before: Option<Cursor>,
    limit: u32,
) -> Result<ActivityAnswer, Problem> {
    for word in [&filter.operator, &filter.action, &filter.text].into_iter().flatten() {
        if word.chars().count() > WORD_MAX {
            return Err(Problem::new("field", format!("a filter has at most {WORD_MAX} characters")));
        }
    }
    let me = who.operator().to_owned();
    let limit = limit.clamp(1, PAGE_MAX) as usize;
    let page = who.shared.store.read_slow(move |r| r.activity(&filter, &me, before, limit)).await?;
    Ok(ActivityAnswer::Rows(page))
}

/// Walks along the chain, a part at a time: others who ask something get their turn.
pub(super) async fn verify(shared: &Shared) -> Result<ChainReport, StoreError> {
    let mut walk = ChainWalk::default();
    loop {
        let (now, report) = shared
            .store
            .read_slow(move |r| {
                let report = r.walk_chain(&mut walk)?;
                Ok((walk, report))
            })
            .await?;
        match report {
            Some(report) => return Ok(report),
            None => walk = now,
        }
        if shared.stop.is_cancelled() {
            return Err(StoreError::Stopped);
        }
    }
}

/// What one operator was refused lately.
#[derive(Debug)]
struct Count {
    since: Millis,
    rows: u32,
    more: u32,
}

/// Refused requests: a hostile client cannot fill the disk with them.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<HashMap<String, Count>>);

enum Told {
    /// It gets a row.
    Row,
    /// It is counted, and the count is written when the minute is over.
    First(Millis),
    /// It is counted.
    Counted,
}

impl Refusals {
    fn count(&self, key: &str, now: Millis) -> Told {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= APART && !counts.contains_key(key) {
            counts.retain(|_, c| c.more > 0 || now - c.since < MINUTE);
        }
        let key = if counts.len() >= APART && !counts.contains_key(key) { "" } else { key };
        let count = counts.entry(key.to_owned()).or_insert(Count { since: now, rows: 0, more: 0 });
        if count.more == 0 && now - count.since >= MINUTE {
            *count = Count { since: now, rows: 0, more: 0 };
        }
        if count.rows < ROWS {
            count.rows += 1;
            return Told::Row;
        }
        count.more = count.more.saturating_add(1);
        if count.more == 1 { Told::First(count.since + MINUTE) } else { Told::Counted }
    }

    /// What was counted for somebody, which begins anew.
    fn take(&self, key: &str) -> u32 {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = if counts.contains_key(key) { key } else { "" };
        counts.remove(key).map_or(0, |c| c.more)
    }
}

async fn write(core: &Core, shared: &Shared, operator: String, seat: Option<Arc<Seat>>, body: EventBody) {
    let mut event = crate::model::event::Event::new(core.clock.now(), Actor::Operator(operator), body);
    event.seat = seat.map(|s| Box::new((*s).clone()));
    if let Err(error) = shared.store.apply(event).await {
        tracing::warn!(%error, "a refused request was not noted");
    }
}

/// Notes that somebody was refused: the first few in a minute one by one, the rest as a number at its end.
pub(super) async fn refused(
    shared: &Arc<Shared>,
    operator: &str,
    seat: Option<Arc<Seat>>,
    request: &str,
    why: &str,
) {
    let body = |times| EventBody::RequestRefused {
        request: crate::text::sanitize(request).into_owned(),
        why: crate::text::sanitize(why).into_owned(),
        times,
    };
    match shared.refusals.count(operator, shared.clock.now()) {
        Told::Row => write(shared, shared, operator.to_owned(), seat, body(1)).await,
        Told::Counted => {}
        Told::First(until) => {
            let (shared, operator, body) = (Arc::clone(shared), operator.to_owned(), body(1));
            let tasks = shared.tasks.clone();
            tasks.spawn(async move {
                tokio::select! {
                    () = shared.clock.until(until) => {}
                    () = shared.stop.cancelled() => {}
                }
                let n = shared.refusals.take(&operator);
                let EventBody::RequestRefused { request, why, .. } = body else { return };
                let body = EventBody::RequestRefused { request, why, times: n.max(1) };
                write(&shared, &shared, operator, seat, body).await;
            });
        }
    }
}

/// Removes rows that have been kept long enough, once an hour and a little at a time.
pub(super) async fn expire(shared: Arc<Shared>) {
    let mut pause = Duration::from_mins(1);
    loop {
        tokio::select! {
            () = shared.stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = LOOK;
        match expire_some(&shared).await {
            Ok(true) => pause = Duration::from_millis(20),
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "old rows of the activity log could not be removed"),
        }
    }
}

/// One step; `true` when there is more to remove.
async fn expire_some(shared: &Shared) -> Result<bool, StoreError> {
    let keep = i64::try_from(shared.live().keep_activity.as_millis()).unwrap_or(i64::MAX);
    if keep == 0 {
        return Ok(false);
    }
    let before = shared.clock.now().saturating_sub(keep);
    let oldest = shared.store.read(crate::store::Reader::oldest_activity).await?;
    if oldest.is_none_or(|at| at >= before) {
        return Ok(false);
    }
    let body = EventBody::ActivityExpired { before };
    Ok(shared.store.apply(shared.event(Actor::Engine, body)).await?.more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_refusals_is_a_few_rows_and_a_number() {
        let r = Refusals::default();
        let rows = (0..1000).filter(|_| matches!(r.count("bo", 1000), Told::Row)).count();
        assert_eq!(rows, ROWS as usize);
        assert!(matches!(r.count("ana", 1000), Told::Row), "others are not affected");
        assert_eq!(r.take("bo"), 1000 - ROWS);
        assert!(matches!(r.count("bo", 1000), Told::Row), "it begins anew");
        // A quiet minute, and the count begins anew as well.
        assert!(matches!(r.count("ana", 1000 + MINUTE), Told::Row));
    }

    #[test]
    fn ever_new_names_take_no_more_room() {
        let r = Refusals::default();
        for n in 0..10_000 {
            r.count(&format!("user{n}"), 1000);
        }
        assert!(r.0.lock().unwrap().len() <= APART + 1);
    }
}
