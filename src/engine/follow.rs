//! The feed for programs that follow along.

use super::Shared;
use crate::clock::Millis;
use crate::model::event::EventBody;
use crate::model::ids::{MessageId, ThreadId};
use crate::model::message::Message;
use crate::model::thread::ThreadRow;
use crate::protocol::follow::{FOLLOW_MAX, FollowKind, FollowPage, Followed};
use crate::protocol::{Problem, Response};
use crate::store::feed::{FeedEnds, FeedRow};
use std::collections::HashMap;
use std::sync::Arc;

/// Lines are written for this long after somebody last followed.
const KEEP: Millis = 30 * 86_400_000;
/// The promise is renewed when it is older than this.
const RENEW: Millis = 86_400_000;

fn kind(word: &str) -> FollowKind {
    match word {
        "message" => FollowKind::Message,
        "message_changed" => FollowKind::MessageChanged,
        "thread" => FollowKind::Thread,
        "thread_joined" => FollowKind::ThreadJoined,
        "gap" => FollowKind::Gap,
        _ => FollowKind::Other,
    }
}

fn line(
    row: FeedRow,
    threads: &HashMap<ThreadId, ThreadRow>,
    messages: &HashMap<MessageId, Message>,
) -> Followed {
    Followed {
        cursor: row.id.unsigned_abs(),
        at: row.at,
        kind: kind(&row.kind),
        actor: row.actor,
        action: row.action,
        state: row.state,
        message: row.message.and_then(|id| messages.get(&id)).cloned().map(Box::new),
        thread: row.thread.and_then(|id| threads.get(&id)).cloned().map(Box::new),
        joined: row.other,
    }
}

/// A page of the feed after a place; without a place only where its end is. Asking keeps the feed going.
pub(super) async fn page(shared: &Arc<Shared>, after: Option<u64>, limit: u32) -> Result<Response, Problem> {
    let now = shared.clock.now();
    let mut ends = shared.store.read(crate::store::Reader::feed_ends).await?;
    if ends.until < now + KEEP - RENEW {
        shared.engine_event(EventBody::FeedKept { until: now + KEEP }).await?;
        ends = shared.store.read(crate::store::Reader::feed_ends).await?;
    }
    let Some(after) = after else { return Ok(answer(Vec::new(), ends.last.unsigned_abs(), false)) };
    let from = i64::try_from(after).unwrap_or(i64::MAX);
    if from > ends.last {
        return Err(Problem::new(
            "cursor",
            format!("the feed ends at {}, and the cursor is {after}", ends.last),
        )
        .means("the cursor belongs to another database, or an older copy of this one was put back")
        .next("start with a new cursor file, and look at what happened meanwhile by other means"));
    }
    let limit = limit.clamp(1, FOLLOW_MAX);
    let items = shared.store.read(move |r| {
        let rows = r.feed(from, limit)?;
        let mut threads: Vec<ThreadId> = rows.iter().filter_map(|row| row.thread).collect();
        let mut messages: Vec<MessageId> = rows.iter().filter_map(|row| row.message).collect();
        threads.sort_unstable();
        threads.dedup();
        messages.sort_unstable();
        messages.dedup();
        let messages: HashMap<_, _> = r.message_rows(&messages)?.into_iter().map(|m| (m.id, m)).collect();
        let mut found = HashMap::new();
        for id in threads {
            // One by one: a thread that was joined with another answers under its new id.
            if let Some(row) = r.thread_rows(&[id])?.pop() {
                found.insert(id, row);
            }
        }
        Ok(rows.into_iter().map(|row| line(row, &found, &messages)).collect::<Vec<_>>())
    });
    let mut items = items.await?;
    if lost(&ends, from) {
        items.insert(0, gap(from, now));
    }
    // A page that is not full has come to the end, also when the last lines are not for this asker.
    let full = items.len() >= limit as usize;
    let last = items.last().map_or(after, |last| last.cursor);
    let cursor = if full { last } else { last.max(ends.last.unsigned_abs()) };
    Ok(answer(items, cursor, full))
}

/// Whether lines after this place are not here any more.
fn lost(ends: &FeedEnds, from: i64) -> bool {
    ends.first > from + 1
}

fn gap(from: i64, at: Millis) -> Followed {
    Followed {
        cursor: from.unsigned_abs(),
        at,
        kind: FollowKind::Gap,
        actor: "engine".into(),
        action: "feed_expired".into(),
        state: None,
        message: None,
        thread: None,
        joined: None,
    }
}

fn answer(items: Vec<Followed>, cursor: u64, more: bool) -> Response {
    Response::Followed(FollowPage { items, cursor, more })
}
