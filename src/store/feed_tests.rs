//! The feed as those who follow read it.

use super::feed::FeedRow;
use super::tests::{Bed, NOW, says};
use super::*;
use crate::model::contact::Identity;
use crate::model::event::EventBody;
use crate::model::handling::Act;
use crate::model::ids::MessageId;
use crate::model::inbound::Peer;

const DAY: i64 = 86_400_000;

async fn wrote(bed: &Bed, id: &str) {
    let peer = Peer { identities: vec![Identity::phone("4915112345678")], profile_name: "Customer".into() };
    bed.webhook(vec![says(&peer, id, bed.clock.now(), id)]).await;
}

async fn lines(bed: &Bed, after: i64) -> Vec<FeedRow> {
    bed.store.read(move |r| r.feed(after, 100)).await.unwrap()
}

fn kinds(lines: &[FeedRow]) -> Vec<(&str, &str)> {
    lines.iter().map(|l| (l.kind.as_str(), l.action.as_str())).collect()
}

async fn keep(bed: &Bed, days: i64) {
    let until = bed.clock.now() + days * DAY;
    bed.apply(EventBody::FeedKept { until }).await.unwrap();
}

#[tokio::test]
async fn nothing_is_written_until_somebody_follows() {
    let bed = Bed::new().await;
    wrote(&bed, "one").await;
    assert!(lines(&bed, 0).await.is_empty());
    keep(&bed, 30).await;
    wrote(&bed, "two").await;
    let thread = bed.threads().await[0].id;
    bed.apply(EventBody::ThreadsHandled { threads: vec![thread], act: Act::Resolve }).await.unwrap();
    bed.apply(EventBody::NoteAdded { note: MessageId::new(), thread, text: "n".into() }).await.unwrap();
    let all = lines(&bed, 0).await;
    assert_eq!(
        kinds(&all),
        [
            ("gap", "feed_kept"),
            ("message", "webhook_received"),
            ("thread", "thread_resolved"),
            ("message", "note_added")
        ]
    );
    assert!(all[1].thread == Some(thread) && all[1].message.is_some(), "{all:?}");
    assert_eq!(all[1].state.as_deref(), Some("received"));
    assert_eq!(lines(&bed, all[2].id).await, all[3..]);
    // The promise is kept over a restart, and renewing it is no line.
    keep(&bed, 31).await;
    assert_eq!(lines(&bed, 0).await.len(), 4);
}

#[tokio::test]
async fn old_lines_go_but_their_numbers_never_come_again() {
    let bed = Bed::new().await;
    keep(&bed, 30).await;
    for id in ["one", "two", "three"] {
        wrote(&bed, id).await;
    }
    let before = lines(&bed, 0).await;
    bed.clock.set(NOW + 90 * DAY);
    // Nobody followed for long: what comes is not written, and whoever comes back is told of the gap.
    wrote(&bed, "unseen").await;
    assert_eq!(lines(&bed, 0).await, before);
    keep(&bed, 30).await;
    wrote(&bed, "seen").await;
    let after = lines(&bed, before.last().unwrap().id).await;
    assert_eq!(kinds(&after), [("gap", "feed_kept"), ("message", "webhook_received")]);
    assert!(after[0].id > before.last().unwrap().id);
    let ends = bed.store.read(Reader::feed_ends).await.unwrap();
    assert_eq!((ends.first, ends.last), (after[0].id, after[1].id), "the old ones are gone");
}
