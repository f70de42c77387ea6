//! Questions about what was said: the search over everything, the search in one thread, what stands around a message.

use super::Shared;
use crate::model::ids::{AccountId, MessageId, ThreadId};
use crate::protocol::{Cursor, Problem, Response};
use crate::store::SearchError;
use crate::text::query::{self, BadQuery, Query};
use jiff::tz::TimeZone;

/// Most messages whose neighbours are asked for at once.
const NEIGHBOURS: usize = 100;

impl From<BadQuery> for Problem {
    fn from(e: BadQuery) -> Self {
        Self { field: Some("query".into()), ..Self::new("field", e.to_string()).next(e.next) }
    }
}

impl From<SearchError> for Problem {
    fn from(e: SearchError) -> Self {
        match e {
            SearchError::Store(e) => e.into(),
            SearchError::Query(e) => e.into(),
        }
    }
}

/// Reads a query with the days of a time zone.
fn parse(shared: &Shared, text: &str, zone: Option<&str>) -> Result<Query, Problem> {
    let tz = zone.and_then(|z| TimeZone::get(z).ok()).unwrap_or_else(TimeZone::system);
    Ok(query::parse(text, shared.clock.now(), &tz)?)
}

pub(super) async fn search(
    shared: &Shared,
    text: &str,
    zone: Option<&str>,
    (account, thread): (Option<AccountId>, Option<ThreadId>),
    before: Option<Cursor>,
    limit: u32,
) -> Result<Response, Problem> {
    let query = parse(shared, text, zone)?;
    let found = shared
        .store
        .read_slow(move |r| Ok(r.find(&query, account.as_ref(), thread, before, limit)))
        .await??;
    Ok(Response::Found(Box::new(found)))
}

pub(super) async fn find(
    shared: &Shared,
    thread: ThreadId,
    text: &str,
    zone: Option<&str>,
    before: Option<Cursor>,
) -> Result<Response, Problem> {
    let query = parse(shared, text, zone)?;
    let found = shared.store.read_slow(move |r| Ok(r.find_in_thread(thread, &query, before))).await??;
    Ok(Response::Matches(found))
}

pub(super) async fn neighbours(shared: &Shared, mut messages: Vec<MessageId>) -> Result<Response, Problem> {
    messages.truncate(NEIGHBOURS);
    Ok(Response::Neighbours(shared.store.read(move |r| r.neighbours(&messages)).await?))
}
