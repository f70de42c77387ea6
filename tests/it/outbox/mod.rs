//! The outbox against the emulator over HTTP, with everything that can go wrong between them.

mod files;
mod front;
mod stage;

use crate::common::eventually;
use front::{Step, refusal, wait};
use serde_json::json;
use stage::Stage;
use std::collections::HashSet;
use switchboard::model::delivery::{DeliveryState, WaitReason};
use switchboard::model::ids::MessageId;
use switchboard::model::outgoing::Outgoing;
use switchboard::protocol::{Asked, Request, Response};

const HOUR: i64 = 3_600_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_limit_of_a_pair_is_obeyed_by_waiting_in_order_and_across_a_restart() {
    let mut s = Stage::new(0).await;
    let thread = s.thread("marta", "Marta Souza").await;
    let other = s.thread("tom", "Tom Harker").await;
    let mut ids = Vec::new();
    for i in 0..48 {
        ids.push(s.send(thread, &format!("{i}")).await);
    }
    s.came(45).await;
    let m = s.when("the next one waits", ids[45], |m| m.waits.is_some()).await;
    let w = m.waits.unwrap();
    assert_eq!((w.why, w.until), (WaitReason::Pair, s.clock.now() + 6_000));
    // Somebody else does not wait.
    let quick = s.send(other, "to Tom").await;
    s.in_state(quick, DeliveryState::Read).await;
    s.clock.advance(6_000);
    s.came(47).await;
    s.when("the next one waits", ids[46], |m| m.waits.is_some()).await;
    // A restart is no way past the limit, and forgets no wait.
    s.stop().await;
    s.start().await;
    let w = s.message(ids[46]).await.waits.unwrap();
    assert_eq!(w.why, WaitReason::Pair);
    s.clock.set(w.until);
    s.came(48).await;
    s.in_state(ids[46], DeliveryState::Read).await;
    s.when("the last one waits", ids[47], |m| m.waits.is_some()).await;
    s.clock.advance(6_000);
    s.in_state(ids[47], DeliveryState::Read).await;
    let mut texts = s.taken().await;
    texts.retain(|t| t != "to Tom");
    let expected: Vec<String> = (0..48).map(|i| i.to_string()).collect();
    assert_eq!(texts, expected, "all of them, once, in order, and none refused");
    assert_eq!(s.front.seen().len(), 49);
    s.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_fast_stops_the_whole_number_for_as_long_as_the_provider_wishes() {
    let s = Stage::with(0, 2, true).await;
    let (marta, tom) = (s.thread("marta", "Marta Souza").await, s.thread("tom", "Tom Harker").await);
    s.front.then([wait(130_429, "7")]);
    let first = s.send(marta, "first").await;
    let m = s.when("it was put off", first, |m| m.attempts == 1 && m.state == DeliveryState::Queued).await;
    let w = m.waits.unwrap();
    assert_eq!((w.why, w.until), (WaitReason::Provider, s.clock.now() + 7_000));
    assert_eq!(m.error.unwrap().code, 130_429);
    // Another thread of the number waits as well, though nobody refused it.
    let second = s.send(tom, "second").await;
    let m = s.when("the other thread waits", second, |m| m.waits.is_some()).await;
    assert_eq!((m.waits.unwrap().until, m.attempts), (w.until, 0));
    let Response::Outbox(rows) = s.ask(Request::Outbox { account: None, limit: 10 }).await else { panic!() };
    assert_eq!(rows.iter().map(|r| r.message).collect::<Vec<_>>(), [first, second]);
    assert!(rows.iter().all(|r| r.waits.is_some()));
    s.clock.advance(6_999);
    assert_eq!(s.front.seen().len(), 1);
    s.clock.advance(1);
    for id in [first, second] {
        s.in_state(id, DeliveryState::Read).await;
    }
    assert_eq!(s.front.seen().len(), 3);
    s.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_stop_of_the_number_outlives_a_restart() {
    let mut s = Stage::new(0).await;
    let (marta, tom) = (s.thread("marta", "Marta Souza").await, s.thread("tom", "Tom Harker").await);
    s.front.then([wait(4, "1800")]);
    let first = s.send(marta, "first").await;
    s.when("it was put off", first, |m| m.waits.is_some()).await;
    let until = s.clock.now() + 1_800_000;
    s.stop().await;
    s.clock.advance(600_000);
    s.start().await;
    let second = s.send(tom, "second").await;
    let m = s.when("the other thread waits", second, |m| m.waits.is_some()).await;
    assert_eq!(m.waits.map(|w| (w.until, w.why)), Some((until, WaitReason::Provider)));
    s.clock.set(until);
    for id in [first, second] {
        s.in_state(id, DeliveryState::Read).await;
    }
    // Two threads have no order between them.
    let mut texts = s.front.texts();
    texts.sort();
    assert_eq!(texts, ["first", "first", "second"]);
    s.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_sends_no_faster_than_its_level() {
    let s = Stage::new(0).await;
    let mut ids = Vec::new();
    for n in 0..90 {
        // Many people, so that no pair has a limit.
        let phone = format!("4477009{n:05}");
        s.control("say", json!({"customer": phone, "name": format!("P{n}"), "text": "oi"})).await;
    }
    let rows = eventually("all of them wrote", async || Some(s.rows().await).filter(|r| r.len() >= 90)).await;
    for row in &rows {
        ids.push(s.send(row.id, "hello").await);
    }
    s.came(80).await;
    // The clock stands: the second has not passed, so the others wait.
    let m = s.when("somebody waits for the number", ids[89], |m| m.waits.is_some()).await;
    assert_eq!(m.waits.unwrap().why, WaitReason::Rate);
    assert_eq!(s.front.seen().len(), 80);
    s.clock.advance(1_000);
    for id in ids {
        s.in_state(id, DeliveryState::Read).await;
    }
    s.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stays_put_off_fails_after_its_tries_each_with_an_id_of_its_own() {
    let s = Stage::new(0).await;
    let thread = s.thread("marta", "Marta Souza").await;
    s.front.then((0..4).map(|_| refusal(500, 131_000)));
    let id = s.send(thread, "again and again").await;
    let behind = s.send(thread, "behind it").await;
    for tries in 1..4 {
        let m = s.when("it waits", id, |m| m.attempts == tries && m.waits.is_some()).await;
        let w = m.waits.unwrap();
        assert_eq!(w.until - s.clock.now(), 1_000 << (tries - 1), "the pauses grow");
        assert_eq!(s.message(behind).await.attempts, 0, "nothing overtakes it");
        s.clock.set(w.until);
    }
    let m = s.in_state(id, DeliveryState::Failed).await;
    assert_eq!((m.attempts, m.error.unwrap().code), (4, 131_000));
    s.in_state(behind, DeliveryState::Read).await;
    let ids: HashSet<String> = s.front.seen().into_iter().map(|a| a.opaque).collect();
    assert_eq!(ids.len(), 5);
    // An operator's retry starts counting anew.
    s.front.then([refusal(500, 131_000)]);
    s.ask(Request::Retry { message: id }).await;
    let m = s.when("it waits again", id, |m| m.attempts == 5 && m.waits.is_some()).await;
    s.clock.set(m.waits.unwrap().until);
    s.in_state(id, DeliveryState::Read).await;
    s.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_is_unknown_until_a_status_settles_it_and_is_never_sent_again() {
    let s = Stage::new(0).await;
    let thread = s.thread("marta", "Marta Souza").await;
    s.front.then([Step::CutAfter]);
    let id = s.send(thread, "once").await;
    let m = s.in_state(id, DeliveryState::Read).await;
    assert!(m.provider_id.is_some() && m.error.is_none());
    assert_eq!((s.taken().await, s.front.seen().len()), (vec!["once".to_owned()], 1));
    // A failure that explains nothing may have acted as well.
    s.front.then([Step::Answer(502, vec![], "<html>bad gateway</html>".into())]);
    let id = s.send(thread, "twice?").await;
    s.in_state(id, DeliveryState::Unknown).await;
    s.clock.advance(HOUR);
    let later = s.send(thread, "later").await;
    s.in_state(later, DeliveryState::Read).await;
    assert_eq!(s.message(id).await.state, DeliveryState::Unknown, "it holds nobody up and is not sent again");
    let Response::Checked(report) = s.ask(Request::Check { message: id }).await else { panic!() };
    assert_eq!((report.state, &report.asked), (DeliveryState::Unknown, &Asked::NoId));
    assert_eq!(report.words(s.clock.now()), "no status since 1 h; the provider cannot be asked by our id");
    s.ask(Request::Cancel { message: id }).await;
    let m = s.message(id).await;
    assert!(m.put_aside && m.state == DeliveryState::Unknown);
    s.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resend_and_the_late_word_about_the_first_attempt_do_not_mix() {
    let s = Stage::new(0).await;
    let thread = s.thread("marta", "Marta Souza").await;
    s.front.then([Step::CutBefore]);
    let id = s.send(thread, "hello").await;
    s.in_state(id, DeliveryState::Unknown).await;
    s.ask(Request::Retry { message: id }).await;
    let m = s.in_state(id, DeliveryState::Read).await;
    let second = m.provider_id.clone().unwrap();
    let attempts = s.front.seen();
    assert!(attempts.len() == 2 && attempts[0].opaque != attempts[1].opaque);
    assert!(m.also_sent.is_none());
    let number = switchboard::emulator::DEMO_NUMBERS[0];
    let status = |word: &str| {
        json!({"field": "messages", "value": {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "0", "phone_number_id": number},
            "statuses": [{"id": "wamid.FIRST", "status": word, "timestamp": "1795176000",
                "biz_opaque_callback_data": attempts[0].opaque}],
        }})
    };
    s.control("webhook", status("delivered")).await;
    let m = s.when("the first attempt is known", id, |m| m.also_sent.is_some()).await;
    assert_eq!((m.state, m.provider_id.unwrap()), (DeliveryState::Read, second));
    assert_eq!(m.also_sent.unwrap().state, DeliveryState::Delivered);
    s.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_be_taken_back_never_leaves_and_what_has_left_cannot() {
    let s = Stage::new(5).await;
    let thread = s.thread("marta", "Marta Souza").await;
    let id = s.send(thread, "oops").await;
    let next = s.send(thread, "better").await;
    let w = s.message(id).await.waits.unwrap();
    assert_eq!((w.why, w.until), (WaitReason::Undo, s.clock.now() + 5_000));
    s.clock.advance(4_999);
    let Response::TakenBack { content, thread: of, .. } = s.ask(Request::TakeBack { message: id }).await
    else {
        panic!()
    };
    assert_eq!((*content, of), (Outgoing::text("oops"), thread));
    assert_eq!(s.message(id).await.state, DeliveryState::Cancelled);
    s.clock.advance(1);
    s.in_state(next, DeliveryState::Read).await;
    assert_eq!(s.taken().await, ["better"]);
    let mut c = s.client().await;
    for message in [id, next] {
        let e = c.ask(Request::TakeBack { message }).await.unwrap_err();
        assert!(e.kind == "refused" && e.what.contains("no longer waiting"), "{e:?}");
    }
    // At once means at once, also where others may think again.
    let now = s.send_at(thread, "script", Some(0)).await;
    s.in_state(now, DeliveryState::Read).await;
    let waits = s.send(thread, "sent now").await;
    s.ask(Request::Reschedule { message: waits, at: None }).await;
    s.in_state(waits, DeliveryState::Read).await;
    s.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn send_later_leaves_at_its_time_past_those_of_now_and_checks_the_window_then() {
    let s = Stage::new(0).await;
    let thread = s.thread("marta", "Marta Souza").await;
    let start = s.clock.now();
    let soon = s.send_at(thread, "soon", Some(start + HOUR)).await;
    let never = s.send_at(thread, "too late", Some(start + 25 * HOUR)).await;
    let moved = s.send_at(thread, "moved", Some(start + 20 * HOUR)).await;
    let now = s.send(thread, "now").await;
    s.in_state(now, DeliveryState::Read).await;
    let w = s.message(soon).await.waits.unwrap();
    assert_eq!((w.why, w.until), (WaitReason::Later, start + HOUR));
    let Response::Status(status) = s.ask(Request::Status).await else { panic!() };
    assert_eq!((status.outbox, status.later), (0, 3));
    s.ask(Request::Reschedule { message: moved, at: Some(start + 2 * HOUR) }).await;
    s.clock.set(start + HOUR);
    s.in_state(soon, DeliveryState::Read).await;
    s.clock.set(start + 2 * HOUR);
    s.in_state(moved, DeliveryState::Read).await;
    s.clock.set(start + 25 * HOUR);
    let m = s.in_state(never, DeliveryState::Failed).await;
    assert!(m.error.unwrap().text.contains("window closed"));
    assert_eq!(s.taken().await, ["now", "soon", "moved"], "free text never leaves with the window closed");
    let Response::Status(status) = s.ask(Request::Status).await else { panic!() };
    assert!(status.notices.iter().any(|n| n.text.contains("Marta Souza")), "{:?}", status.notices);
    let far = Request::Reschedule { message: never, at: Some(start + 9_999 * HOUR) };
    assert_eq!(s.client().await.ask(far).await.unwrap_err().field.as_deref(), Some("at"));
    s.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_window_said_at_once_corrects_our_clock() {
    let s = Stage::new(0).await;
    let thread = s.thread("marta", "Marta Souza").await;
    s.front.then([refusal(400, 131_047)]);
    let id = s.send(thread, "late").await;
    let m = s.in_state(id, DeliveryState::Failed).await;
    assert_eq!(m.error.unwrap().code, 131_047);
    assert_eq!(s.rows().await[0].window.until, None);
    s.clock.advance(2_000);
    s.thread("marta", "Marta Souza").await;
    eventually("the window is open again", async || s.rows().await[0].window.until).await;
    s.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_listener_a_check_learns_the_ticks_from_the_provider() {
    let mut s = Stage::new(0).await;
    let thread = s.thread("marta", "Marta Souza").await;
    // From now on no webhook reaches us.
    s.control("speed", json!({"speed": 0.0})).await;
    s.stop().await;
    s.deafen();
    s.start().await;
    let id = s.send(thread, "hello").await;
    s.in_state(id, DeliveryState::Accepted).await;
    let report = eventually("the provider knows more", async || {
        let Response::Checked(r) = s.ask(Request::Check { message: id }).await else { panic!() };
        Some(r).filter(|r| r.state == DeliveryState::Read)
    })
    .await;
    assert_eq!(report.asked, Asked::Yes);
    let m = s.message(id).await;
    assert!(m.state == DeliveryState::Read && m.times.delivered.is_some(), "{m:?}");
    // Once more changes nothing and says so.
    let Response::Checked(again) = s.ask(Request::Check { message: id }).await else { panic!() };
    assert!(!again.news);
    let e = s.client().await.ask(Request::Check { message: MessageId::new() }).await.unwrap_err();
    assert_eq!(e.kind, "not_found");
    s.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_while_the_request_was_on_its_way_leaves_an_unknown_and_nothing_is_sent_twice() {
    let mut s = Stage::new(0).await;
    let thread = s.thread("marta", "Marta Souza").await;
    s.front.then([Step::Silence]);
    let id = s.send(thread, "on its way").await;
    let behind = s.send(thread, "behind it").await;
    let later = s.send_at(thread, "later", Some(s.clock.now() + HOUR)).await;
    s.came(1).await;
    assert_eq!(s.message(id).await.state, DeliveryState::Sending);
    s.crash();
    s.start().await;
    let m = s.in_state(id, DeliveryState::Unknown).await;
    assert!(m.error.unwrap().text.contains("ended before"));
    s.in_state(behind, DeliveryState::Read).await;
    s.clock.advance(HOUR);
    s.in_state(later, DeliveryState::Read).await;
    assert_eq!(
        s.taken().await,
        ["behind it", "later"],
        "the provider never got it, and it is not sent again"
    );
    s.ask(Request::Retry { message: id }).await;
    s.in_state(id, DeliveryState::Read).await;
    assert_eq!(s.taken().await, ["behind it", "later", "on its way"]);
    s.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_after_the_provider_acted_is_settled_by_its_status() {
    let mut s = Stage::new(0).await;
    let thread = s.thread("marta", "Marta Souza").await;
    s.front.then([Step::SilenceAfter]);
    let id = s.send(thread, "once").await;
    s.came(1).await;
    // The provider has it; our answer is lost with the engine. Its ticks may come before the end or after it.
    eventually("the emulator took it", async || (s.taken().await.len() == 1).then_some(())).await;
    s.crash();
    s.start().await;
    let m = s.in_state(id, DeliveryState::Read).await;
    assert_eq!(m.attempts, 1);
    assert_eq!((s.taken().await, s.front.seen().len()), (vec!["once".to_owned()], 1));
    s.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_before_the_first_byte_sends_after_the_restart_and_once() {
    let mut s = Stage::new(5).await;
    let thread = s.thread("marta", "Marta Souza").await;
    let id = s.send(thread, "queued").await;
    s.crash();
    s.start().await;
    assert_eq!(s.message(id).await.waits.unwrap().why, WaitReason::Undo, "the wait is not forgotten");
    s.clock.advance(5_000);
    s.in_state(id, DeliveryState::Read).await;
    assert_eq!(s.taken().await, ["queued"]);
    s.end().await;
}
