//! The chain of hashes over the activity log: what was changed behind its back is found.

use super::tests::{Bed, NOW, account, marta, says};
use super::*;
use crate::model::event::{Actor, EventBody};
use crate::model::handling::Act;
use crate::model::seat::Seat;
use crate::protocol::activity::{ActivityFilter, ChainReport, Whose};
use proptest::prelude::*;

const DAY: i64 = 86_400_000;

async fn verify(bed: &Bed) -> ChainReport {
    bed.store.read_slow(whole).await.unwrap()
}

fn whole(r: &Reader) -> Result<ChainReport, StoreError> {
    let mut walk = ChainWalk::default();
    loop {
        if let Some(report) = r.walk_chain(&mut walk)? {
            return Ok(report);
        }
    }
}

/// Somebody edits the file, with the triggers out of the way.
fn tamper(bed: &Bed, sql: &str) {
    let conn = rusqlite::Connection::open(bed.store.path()).unwrap();
    conn.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    conn.execute_batch("DROP TRIGGER IF EXISTS audit_never_changes; DROP TRIGGER IF EXISTS audit_stays;")
        .unwrap();
    conn.execute_batch(sql).unwrap();
}

fn seat() -> Seat {
    Seat { uid: Some(1001), pid: Some(4711), terminal: "pts/3".into(), source: "10.0.0.9".into() }
}

async fn by(bed: &Bed, who: &str, body: EventBody) {
    let mut event = Event::new(bed.clock.now(), Actor::Operator(who.into()), body);
    event.seat = Some(Box::new(seat()));
    bed.store.apply(event).await.unwrap();
}

fn refusal(n: usize) -> EventBody {
    EventBody::RequestRefused { request: format!("backup{n}"), why: "bo may not do this".into(), times: 1 }
}

/// A log of some rows.
async fn bed_with(rows: usize) -> Bed {
    let bed = Bed::new().await;
    bed.webhook(vec![says(&marta(), "w1", NOW - 1000, "Oi")]).await;
    for n in 0..rows {
        by(&bed, "bo", refusal(n)).await;
    }
    bed
}

#[tokio::test]
async fn a_log_that_nobody_touched_is_whole() {
    let bed = bed_with(20).await;
    let report = verify(&bed).await;
    assert_eq!(report.broken, None);
    assert_eq!((report.checked, report.before, report.removed_upto), (22, 0, None));
    let head = report.head;
    assert_eq!(bed.store.read(move |r| r.chain_hash(head)).await.unwrap(), Some(report.hash));
}

#[tokio::test]
async fn the_log_refuses_to_be_edited() {
    let bed = bed_with(3).await;
    let conn = rusqlite::Connection::open(bed.store.path()).unwrap();
    for sql in ["UPDATE audit SET actor = 'eve'", "DELETE FROM audit", "DELETE FROM audit WHERE id = 2"] {
        let e = conn.execute_batch(sql).unwrap_err();
        assert!(e.to_string().contains("the activity log cannot be"), "{sql}: {e}");
    }
    assert_eq!(verify(&bed).await.broken, None);
}

#[tokio::test]
async fn every_kind_of_tampering_is_found_and_named() {
    let cases = [
        ("UPDATE audit SET actor = 'eve' WHERE id = 7", 7, "not as it was written"),
        ("UPDATE audit SET subject = subject || '.' WHERE id = 8", 8, "not as it was written"),
        ("UPDATE audit SET at = at + 1 WHERE id = 9", 9, "not as it was written"),
        ("UPDATE audit SET hash = NULL WHERE id = 9", 9, "not as it was written"),
        ("UPDATE audit SET seat = NULL WHERE id = 10", 10, "not as it was written"),
        ("UPDATE seats SET source = '10.0.0.8'", 3, "not as it was written"),
        ("DELETE FROM audit WHERE id = 12", 13, "row 12 is missing"),
        ("DELETE FROM audit WHERE id BETWEEN 5 AND 9", 10, "rows 5 to 9 are missing"),
        ("DELETE FROM audit WHERE id > 18", 19, "the end is missing: rows 19 to 22"),
        (
            "UPDATE audit SET id = 1000 WHERE id = 6; UPDATE audit SET id = 6 WHERE id = 7; \
             UPDATE audit SET id = 7 WHERE id = 1000",
            6,
            "not as it was written",
        ),
        (
            "INSERT INTO audit(uid, at, actor, action, subject) VALUES(x'00', 1, 'eve', 'x', '')",
            23,
            "not as it was written",
        ),
        // The anchor is moved over what was taken away: no row of the log says so.
        (
            "UPDATE audit_chain SET anchor = 5, anchor_hash = (SELECT hash FROM audit WHERE id = 5); \
             DELETE FROM audit WHERE id <= 5",
            5,
            "no row says that retention took them",
        ),
        (
            "UPDATE audit_chain SET head = 18, head_hash = (SELECT hash FROM audit WHERE id = 17)",
            18,
            "another one than was noted",
        ),
    ];
    for (sql, id, what) in cases {
        let bed = bed_with(20).await;
        tamper(&bed, sql);
        let broken = verify(&bed).await.broken.unwrap_or_else(|| panic!("{sql} is not found"));
        assert_eq!(broken.id, id, "{sql}: {broken:?}");
        assert!(broken.what.contains(what), "{sql}: {broken:?}");
    }
}

#[tokio::test]
async fn a_tail_that_was_cut_stays_missing_when_the_log_goes_on() {
    let bed = bed_with(20).await;
    tamper(&bed, "DELETE FROM audit WHERE id > 18");
    let path = bed.store.path().to_owned();
    bed.store.close().await;
    let store = Store::open(&path, bed.clock.clone(), Box::new(|_| {})).unwrap();
    let body = EventBody::RequestRefused { request: "a".into(), why: "b".into(), times: 1 };
    store.apply(Event::new(bed.clock.now(), Actor::Engine, body)).await.unwrap();
    let report = store.read_slow(whole).await.unwrap();
    let broken = report.broken.unwrap();
    assert_eq!(broken.id, 23);
    assert!(broken.what.contains("rows 19 to 22 are missing"), "{broken:?}");
    store.close().await;
}

#[tokio::test]
async fn an_event_that_is_applied_again_adds_no_row() {
    let bed = bed_with(2).await;
    let event = Event::new(bed.clock.now(), Actor::Operator("bo".into()), refusal(9));
    assert!(!bed.store.apply(event.clone()).await.unwrap().repeated);
    assert!(bed.store.apply(event).await.unwrap().repeated);
    // One that cannot be applied leaves nothing behind either.
    let unknown = crate::model::ids::ThreadId([9; 16]);
    bed.apply(EventBody::ThreadUnread { thread: unknown }).await.unwrap_err();
    by(&bed, "bo", refusal(10)).await;
    let report = verify(&bed).await;
    assert_eq!((report.broken, report.checked), (None, 6));
}

#[tokio::test]
async fn retention_leaves_an_anchor_from_which_the_chain_is_whole() {
    let bed = bed_with(2500).await;
    bed.clock.advance(10 * DAY);
    by(&bed, "ana", refusal(1)).await;
    let before = bed.clock.now() - DAY;
    assert_eq!(bed.store.read(Reader::oldest_activity).await.unwrap(), Some(NOW));
    let mut steps = 0;
    while bed.apply(EventBody::ActivityExpired { before }).await.unwrap().more {
        steps += 1;
        assert_eq!(verify(&bed).await.broken, None);
        assert!(steps < 100);
    }
    let report = verify(&bed).await;
    assert_eq!(report.broken, None);
    assert!(report.removed_upto.unwrap() > 2400, "{report:?}");
    assert!(report.checked < 20, "{report:?}");
    // Nothing is left to take away, and the next look adds nothing but its own row.
    assert!(!bed.apply(EventBody::ActivityExpired { before }).await.unwrap().more);
    assert_eq!(verify(&bed).await.removed_upto, report.removed_upto);
    // Also from an anchor a change is found.
    tamper(&bed, "UPDATE audit SET actor = 'eve' WHERE id = (SELECT anchor + 3 FROM audit_chain)");
    assert_eq!(verify(&bed).await.broken.unwrap().id, report.removed_upto.unwrap() + 3);
}

#[tokio::test]
async fn rows_of_before_the_chain_are_said_to_be_so() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    {
        let mut conn = rusqlite::Connection::open(&path).unwrap();
        migrate::to(&mut conn, 6);
        conn.execute_batch(
            "INSERT INTO audit(uid, at, actor, action) VALUES(zeroblob(16), 1, 'ana', 'x'), (randomblob(16), 2, 'ana', 'x')",
        )
        .unwrap();
    }
    let store = Store::open(&path, Clock::manual(NOW), Box::new(|_| {})).unwrap();
    let body = EventBody::RequestRefused { request: "a".into(), why: "b".into(), times: 1 };
    store.apply(Event::new(NOW, Actor::Engine, body)).await.unwrap();
    let report = store.read_slow(whole).await.unwrap();
    assert_eq!((report.broken, report.before, report.checked), (None, 2, 1));
    let rows = store.read_slow(|r| r.activity(&ActivityFilter::default(), "", None, 10)).await.unwrap();
    assert_eq!(rows.items.iter().map(|r| r.hash.is_empty()).collect::<Vec<_>>(), [false, true, true]);
    store.close().await;
}

#[tokio::test]
async fn rows_say_who_where_and_about_what() {
    let bed = bed_with(0).await;
    let thread = bed.threads().await[0].id;
    by(&bed, "bo", EventBody::ThreadsHandled { threads: vec![thread], act: Act::Resolve }).await;
    let list = |filter: ActivityFilter| {
        let store = bed.store.clone();
        async move { store.read_slow(move |r| r.activity(&filter, "", None, 50)).await.unwrap().items }
    };
    let rows = list(ActivityFilter { thread: Some(thread), ..ActivityFilter::default() }).await;
    assert_eq!(rows.len(), 1);
    let row = &rows[0];
    assert_eq!((row.actor.as_str(), row.action.as_str()), ("bo", "thread_resolved"));
    assert_eq!(row.seat, Some(seat()));
    assert_eq!(row.title.as_deref(), Some("Marta Souza"));
    assert_eq!(row.account, Some(account()));
    let of = |f: fn(&mut ActivityFilter)| {
        let mut filter = ActivityFilter::default();
        f(&mut filter);
        list(filter)
    };
    assert_eq!(of(|f| f.operator = Some("bo".into())).await.len(), 1);
    assert_eq!(of(|f| f.text = Some("marta".into())).await.len(), 1);
    assert_eq!(of(|f| f.text = Some("10.0.0".into())).await.len(), 1);
    assert_eq!(of(|f| f.action = Some("resol".into())).await.len(), 1);
    assert_eq!(of(|f| f.account = Some(account())).await.len(), 3);
    assert_eq!(of(|f| f.whose = Whose::Refused).await.len(), 0);
    assert_eq!(of(|f| f.until = Some(NOW - 1)).await.len(), 0);
    assert_eq!(of(|f| f.since = Some(NOW)).await.len(), 3);
    assert_eq!(of(|f| f.operator = Some("nobody".into())).await.len(), 0);
}

#[tokio::test]
async fn who_sees_some_conversations_sees_the_log_of_those() {
    use crate::model::access::{Scope, Sees};
    let bed = bed_with(0).await;
    let thread = bed.threads().await[0].id;
    let note =
        EventBody::NoteAdded { note: crate::model::ids::MessageId::new(), thread, text: "between us".into() };
    by(&bed, "ana", note).await;
    by(&bed, "bo", refusal(1)).await;
    by(&bed, "ana", refusal(2)).await;
    let scope = Scope { sees: Sees::Own("bo".into()), ..Scope::all() };
    let seen = || async {
        let store = bed.store.seeing(&scope);
        let page = store.read_slow(|r| r.activity(&ActivityFilter::default(), "bo", None, 50)).await;
        page.unwrap().items.into_iter().map(|r| (r.actor, r.action)).collect::<Vec<_>>()
    };
    let before = seen().await;
    assert!(before.iter().all(|(_, action)| !action.starts_with("note")), "{before:?}");
    assert!(before.contains(&("bo".into(), "request_refused".into())), "{before:?}");
    assert!(!before.contains(&("ana".into(), "request_refused".into())), "{before:?}");
    by(
        &bed,
        "ana",
        EventBody::ThreadsHandled { threads: vec![thread], act: Act::Assign { to: Some("bo".into()) } },
    )
    .await;
    let after = seen().await;
    assert!(after.contains(&("ana".into(), "note_added".into())), "{after:?}");
    assert!(after.contains(&("ana".into(), "thread_assigned".into())), "{after:?}");
}

#[tokio::test]
async fn pages_follow_one_another_without_a_gap() {
    let bed = bed_with(40).await;
    let (mut all, mut next) = (Vec::new(), None);
    loop {
        let from = next;
        let page =
            bed.store.read_slow(move |r| r.activity(&ActivityFilter::default(), "", from, 7)).await.unwrap();
        assert!(page.items.len() <= 7);
        all.extend(page.items.into_iter().map(|r| r.n));
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    assert_eq!(all, (1..=42).rev().collect::<Vec<_>>());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Whatever single byte of a row is changed, the walk stops at that row.
    #[test]
    fn any_change_of_a_row_is_found(
        n in 3i64..20,
        column in prop::sample::select(vec!["uid", "at", "actor", "action", "subject", "hash"]),
    ) {
        let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        rt.block_on(async {
            let bed = bed_with(20).await;
            let new = match column {
                "at" => "at + 1".to_owned(),
                "uid" | "hash" => "randomblob(32)".to_owned(),
                text => format!("{text} || 'x'"),
            };
            tamper(&bed, &format!("UPDATE audit SET {column} = {new} WHERE id = {n}"));
            assert_eq!(verify(&bed).await.broken.unwrap().id, n);
        });
    }
}
