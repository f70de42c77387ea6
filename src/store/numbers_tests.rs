//! Numbers for the lead, from messages and acts to days and people.

use super::tests::{Bed, NOW, account, marta, says};
use super::*;
use crate::model::event::{Actor, EventBody, Recipient};
use crate::model::handling::Act;
use crate::model::ids::{AttemptId, MessageId, ThreadId};
use crate::model::outgoing::Outgoing;
use crate::protocol::numbers::{Numbers, NumbersWanted};
use jiff::tz::TimeZone;

const MIN: i64 = 60_000;
const DAY: i64 = 86_400_000;

async fn writes(bed: &Bed, n: usize) {
    let at = bed.clock.now();
    bed.webhook(vec![says(&marta(), &format!("w{n}"), at, "Oi")]).await;
}

async fn by(bed: &Bed, who: &str, body: EventBody) {
    bed.store.apply(Event::new(bed.clock.now(), Actor::Operator(who.into()), body)).await.unwrap();
}

async fn answers(bed: &Bed, who: &str, thread: ThreadId) -> MessageId {
    let message = MessageId::new();
    let attempt = AttemptId::new();
    by(
        bed,
        who,
        EventBody::MessageQueued {
            message,
            attempt,
            account: account(),
            to: Recipient::Thread { thread },
            content: Outgoing::Text { text: "já vai".into(), preview_url: false },
            quote: None,
            not_before: bed.clock.now() + 5000,
            send_at: None,
        },
    )
    .await;
    message
}

async fn tidy(bed: &Bed) {
    for _ in 0..100 {
        if !bed.store.tidy_numbers().await.unwrap() {
            return;
        }
    }
    panic!("it does not end");
}

async fn numbers(bed: &Bed, since: i64, until: i64) -> Numbers {
    tidy(bed).await;
    let wanted = NumbersWanted { since, until, ..NumbersWanted::default() };
    let now = bed.clock.now();
    bed.store.read_slow(move |r| r.numbers(&wanted, false, now, &TimeZone::UTC)).await.unwrap()
}

/// NOW is 2026-11-21 09:00 UTC or so: the whole of the days around it.
async fn week(bed: &Bed) -> Numbers {
    let day = NOW - NOW.rem_euclid(DAY);
    numbers(bed, day - 3 * DAY, day + 4 * DAY).await
}

#[tokio::test]
async fn a_wait_begins_with_the_first_message_and_ends_with_the_first_answer() {
    let bed = Bed::new().await;
    writes(&bed, 1).await;
    let thread = bed.threads().await[0].id;
    bed.clock.advance(2 * MIN);
    writes(&bed, 2).await;
    let n = week(&bed).await;
    assert_eq!((n.all.work.received, n.all.work.answered), (2, 0));
    assert_eq!((n.all.now.open, n.all.now.unassigned, n.all.now.waiting), (1, 1, 1));
    assert_eq!(n.all.now.oldest, Some(n.waiting[0].at));
    assert_eq!((n.waiting[0].thread, n.waiting[0].at), (thread, NOW));
    bed.clock.advance(MIN);
    answers(&bed, "bo", thread).await;
    // It may still be withdrawn.
    assert_eq!(week(&bed).await.all.work.answered, 0);
    assert_eq!(week(&bed).await.behind, 1);
    bed.clock.advance(2 * MIN);
    answers(&bed, "ana", thread).await;
    bed.clock.advance(2 * MIN);
    let n = week(&bed).await;
    assert_eq!((n.all.work.sent, n.all.work.answered, n.behind), (2, 1, 0));
    assert_eq!((n.all.work.response.n, n.all.work.response.median), (1, 3 * MIN));
    let who: Vec<_> = n.operators.iter().map(|o| (o.name.as_str(), o.work.sent, o.work.answered)).collect();
    assert_eq!(who, [("bo", 1, 1), ("ana", 1, 0)]);
    assert!(n.waiting.is_empty());
    assert!(!bed.store.tidy_numbers().await.unwrap(), "a second look adds nothing");
    assert_eq!(week(&bed).await.all, n.all);
}

#[tokio::test]
async fn what_was_withdrawn_was_no_answer() {
    let bed = Bed::new().await;
    writes(&bed, 1).await;
    let thread = bed.threads().await[0].id;
    let sent = answers(&bed, "bo", thread).await;
    tidy(&bed).await;
    by(&bed, "bo", EventBody::MessageCancelled { message: sent }).await;
    bed.clock.advance(5 * MIN);
    let n = week(&bed).await;
    assert_eq!((n.all.work.sent, n.all.work.answered, n.all.now.waiting), (0, 0, 1));
}

#[tokio::test]
async fn a_resolution_counts_once_from_where_the_thread_was_opened() {
    let bed = Bed::new().await;
    writes(&bed, 1).await;
    let thread = bed.threads().await[0].id;
    let act = |act| EventBody::ThreadsHandled { threads: vec![thread], act };
    bed.clock.advance(10 * MIN);
    by(&bed, "ana", act(Act::Resolve)).await;
    by(&bed, "ana", act(Act::Resolve)).await;
    let n = week(&bed).await;
    assert_eq!((n.all.work.resolved, n.all.work.resolution.median), (1, 10 * MIN));
    assert_eq!((n.all.now.open, n.all.now.waiting), (0, 0), "nobody waits in what is resolved");
    // The customer comes back a day later: another episode, on another day.
    bed.clock.advance(DAY);
    writes(&bed, 2).await;
    bed.clock.advance(MIN);
    by(&bed, "bo", act(Act::Resolve)).await;
    let n = week(&bed).await;
    assert_eq!(n.all.work.resolved, 2);
    assert_eq!(n.all.work.resolution.p90, 10 * MIN);
    let days: Vec<u32> = n.days.iter().map(|d| d.work.resolved).collect();
    assert_eq!(days, [0, 0, 0, 1, 1, 0, 0]);
    let bo = n.operators.iter().find(|o| o.name == "bo").unwrap();
    assert_eq!((bo.work.resolved, bo.work.resolution.median), (1, MIN));
    assert_eq!(n.accounts.len(), 1);
    assert_eq!(n.accounts[0].work.resolved, 2);
}

#[tokio::test]
async fn it_is_the_same_in_one_go_and_bit_by_bit() {
    let mut all = Vec::new();
    for every in [1, 1000] {
        let bed = Bed::new().await;
        writes(&bed, 0).await;
        let thread = bed.threads().await[0].id;
        for n in 1..60usize {
            bed.clock.advance(7 * MIN);
            match n % 5 {
                0 | 3 => writes(&bed, n).await,
                1 => drop(answers(&bed, ["ana", "bo"][n % 2], thread).await),
                2 => {
                    let act = if n % 3 == 0 { Act::Reopen } else { Act::Resolve };
                    by(&bed, "ana", EventBody::ThreadsHandled { threads: vec![thread], act }).await;
                }
                _ => {
                    bed.store
                        .apply(Event::new(
                            bed.clock.now(),
                            Actor::Engine,
                            EventBody::SnoozesEnded { threads: vec![] },
                        ))
                        .await
                        .unwrap();
                }
            }
            if n % every == 0 {
                tidy(&bed).await;
            }
        }
        bed.clock.advance(5 * MIN);
        let n = week(&bed).await;
        assert!(n.all.work.answered > 5 && n.all.work.resolved > 3, "{n:?}");
        all.push((n.all, n.days, n.operators));
    }
    assert_eq!(all[0], all[1]);
}

#[tokio::test]
async fn a_person_of_a_limited_view_sees_no_hidden_threads() {
    use crate::model::access::{Scope, Sees};
    let bed = Bed::new().await;
    writes(&bed, 1).await;
    let scope = Scope { sees: Sees::Own("bo".into()), ..Scope::all() };
    tidy(&bed).await;
    let wanted = NumbersWanted { since: 0, until: NOW + DAY, ..NumbersWanted::default() };
    let n = bed
        .store
        .seeing(&scope)
        .read_slow(move |r| r.numbers(&wanted, true, NOW, &TimeZone::UTC))
        .await
        .unwrap();
    assert_eq!((n.all.now.open, n.waiting.len()), (0, 0));
}

#[tokio::test]
async fn days_are_those_of_the_zone() {
    let bed = Bed::new().await;
    writes(&bed, 1).await;
    let thread = bed.threads().await[0].id;
    bed.clock.advance(MIN);
    answers(&bed, "bo", thread).await;
    bed.clock.advance(5 * MIN);
    tidy(&bed).await;
    let zone = TimeZone::get("Pacific/Kiritimati").unwrap();
    let wanted = NumbersWanted { since: NOW - 2 * DAY, until: NOW + 2 * DAY, ..NumbersWanted::default() };
    let n = bed.store.read_slow(move |r| r.numbers(&wanted, false, NOW, &zone)).await.unwrap();
    let day = n.days.iter().find(|d| d.work.answered == 1).unwrap();
    let here = jiff::Timestamp::from_millisecond(NOW)
        .unwrap()
        .to_zoned(TimeZone::get("Pacific/Kiritimati").unwrap())
        .date()
        .to_string();
    assert_eq!(day.day, here);
}
