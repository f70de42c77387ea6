//! Files on their way: handed over before the message, once, and never a reason for doubt.

use super::front::{Step, refusal, wait};
use super::stage::Stage;
use crate::common::files::{about, begin, hand_over, hash, jpeg, part, pdf};
use crate::common::{ask, eventually};
use switchboard::model::delivery::DeliveryState;
use switchboard::model::ids::ThreadId;
use switchboard::model::media::{FILE_MAX, StoredFile};
use switchboard::model::message::Body;
use switchboard::model::outgoing::Outgoing;
use switchboard::protocol::files::{FileAnswer, FileRequest, OPEN_MAX, PART_MAX};
use switchboard::protocol::{Request, Response};

async fn staged() -> (Stage, ThreadId, StoredFile) {
    let s = Stage::new(0).await;
    let thread = s.thread("marta", "Marta Souza").await;
    let file = hand_over(&mut s.client().await, "price list.pdf", &pdf("prices")).await.unwrap();
    (s, thread, file)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_handed_over_once_and_its_messages_name_it() {
    let (s, thread, file) = staged().await;
    assert_eq!((file.name.as_str(), file.facts.mime.as_str()), ("price list.pdf", "application/pdf"));
    let first = s.put(thread, Outgoing::file(file.clone(), "our prices")).await;
    let m = s.in_state(first, DeliveryState::Read).await;
    let Body::Media { media, caption, .. } = &m.body else { panic!("{:?}", m.body) };
    assert_eq!(
        (caption.as_str(), media.size, media.stored),
        ("our prices", Some(file.size), Some(file.hash))
    );
    let again = s.put(thread, Outgoing::file(file, "")).await;
    s.in_state(again, DeliveryState::Read).await;
    assert_eq!(s.front.uploads(), 1);
    let bodies = s.bodies().await;
    let id = bodies[0]["document"]["id"].as_str().unwrap();
    assert_eq!(bodies[0]["document"]["filename"], "price list.pdf");
    assert_eq!(bodies[0]["document"]["caption"], "our prices");
    assert_eq!(bodies[1]["document"]["id"], id);
    assert!(bodies[1]["document"].get("caption").is_none());
    s.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_does_not_arrive_leaves_no_doubt_and_is_tried_again() {
    for step in
        [Step::CutBefore, Step::CutAfter, Step::Answer(503, vec![], String::new()), refusal(400, 131_000)]
    {
        let (s, thread, file) = staged().await;
        s.front.then_files([step.clone()]);
        let id = s.put(thread, Outgoing::file(file, "")).await;
        let after = s.send(thread, "after it").await;
        let m = s.when("it waits for the next attempt", id, |m| m.waits.is_some()).await;
        assert_eq!((m.state, m.attempts), (DeliveryState::Queued, 1), "{step:?}");
        assert!(m.error.unwrap().text.contains("did not get to the provider"));
        assert_eq!(s.front.seen().len(), 0, "what comes after it waits as well");
        s.clock.set(m.waits.unwrap().until);
        for id in [id, after] {
            s.in_state(id, DeliveryState::Read).await;
        }
        assert_eq!(
            (s.front.uploads(), s.front.texts()),
            (2, vec!["document ".into(), "after it".to_owned()])
        );
        s.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_the_provider_refuses_fails_at_once() {
    let (s, thread, file) = staged().await;
    s.front.then_files([refusal(400, 100)]);
    let id = s.put(thread, Outgoing::file(file, "")).await;
    let m = s.in_state(id, DeliveryState::Failed).await;
    assert_eq!((m.error.unwrap().code, s.front.seen().len()), (100, 0));
    s.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_of_the_message_is_in_doubt_and_another_attempt_has_its_file() {
    let (s, thread, file) = staged().await;
    s.front.then([Step::CutBefore]);
    let id = s.put(thread, Outgoing::file(file, "")).await;
    s.in_state(id, DeliveryState::Unknown).await;
    s.ask(Request::Retry { message: id }).await;
    s.in_state(id, DeliveryState::Read).await;
    assert_eq!((s.front.uploads(), s.front.seen().len()), (1, 2));
    s.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_between_file_and_message_hands_nothing_over_twice() {
    let (mut s, thread, file) = staged().await;
    s.front.then([wait(4, "1800")]);
    let id = s.put(thread, Outgoing::file(file, "")).await;
    let until = s.when("the message was put off", id, |m| m.waits.is_some()).await.waits.unwrap().until;
    s.crash();
    s.start().await;
    s.clock.set(until);
    s.in_state(id, DeliveryState::Read).await;
    assert_eq!(s.front.uploads(), 1);
    s.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_while_the_file_is_on_its_way_leaves_no_doubt() {
    let (mut s, thread, file) = staged().await;
    s.front.then_files([Step::Silence]);
    let id = s.put(thread, Outgoing::file(file, "")).await;
    eventually("the file is on its way", async || (s.front.uploads() == 1).then_some(())).await;
    s.crash();
    s.start().await;
    let m = s.in_state(id, DeliveryState::Read).await;
    assert_eq!((m.attempts, s.front.uploads(), s.front.seen().len()), (1, 2, 1));
    s.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_withdrawn_while_its_file_is_on_its_way() {
    let (s, thread, file) = staged().await;
    s.front.then_files([Step::Answer(503, vec![], String::new()), Step::Silence]);
    let id = s.put(thread, Outgoing::file(file, "")).await;
    let m = s.when("the first attempt is over", id, |m| m.waits.is_some()).await;
    s.clock.set(m.waits.unwrap().until);
    eventually("the file is on its way again", async || (s.front.uploads() == 2).then_some(())).await;
    s.ask(Request::Cancel { message: id }).await;
    s.in_state(id, DeliveryState::Cancelled).await;
    assert_eq!(s.front.seen().len(), 0);
    s.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_that_is_old_or_refused_is_not_used_again() {
    const DAY: i64 = 86_400_000;
    let (s, thread, file) = staged().await;
    let first = s.put(thread, Outgoing::file(file.clone(), "")).await;
    s.in_state(first, DeliveryState::Read).await;
    s.clock.advance(30 * DAY);
    s.thread("marta", "Marta Souza").await;
    eventually("the window is open again", async || {
        let open = s.rows().await.iter().any(|r| r.id == thread && r.window.is_open(s.clock.now()));
        open.then_some(())
    })
    .await;
    s.front.then([refusal(400, 131_009)]);
    let id = s.put(thread, Outgoing::file(file, "")).await;
    s.in_state(id, DeliveryState::Failed).await;
    assert_eq!(s.front.uploads(), 2, "the old id was not used");
    s.ask(Request::Retry { message: id }).await;
    s.in_state(id, DeliveryState::Read).await;
    assert_eq!(s.front.uploads(), 3, "nor the refused one");
    s.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_that_lie_are_refused_and_leave_nothing() {
    let (s, thread, file) = staged().await;
    let mut c = s.client().await;
    let said = async |c: &mut _, name: &str, size| begin(c, name, size).await.unwrap_err().what;
    assert_eq!(said(&mut c, "a.pdf", 0).await, "file: is empty");
    assert!(said(&mut c, "a.pdf", FILE_MAX + 1).await.contains("100 MB are allowed"));
    assert!(said(&mut c, "a.pdf", u64::MAX).await.contains("100 MB are allowed"));
    let bytes = pdf("x");
    let size = bytes.len() as u64;
    // Out of order, too much, nothing, too large a part: the upload is gone with it.
    for (at, piece) in
        [(1, &bytes[..]), (0, &[bytes.as_slice(), b"!"].concat()), (0, b""), (0, &vec![0; PART_MAX + 1])]
    {
        let upload = begin(&mut c, "a.pdf", size).await.unwrap();
        let p = part(&mut c, upload, at, piece).await.unwrap_err();
        assert_eq!(p.field.as_deref(), Some("file"), "{p:?}");
        assert_eq!(part(&mut c, upload, 0, &bytes).await.unwrap_err().kind, "not_found");
    }
    // Too little, and another hash.
    for (piece, what) in [(&bytes[..5], bytes.as_slice()), (&bytes[..], b"other")] {
        let upload = begin(&mut c, "a.pdf", size).await.unwrap();
        part(&mut c, upload, 0, piece).await.unwrap();
        let end = FileRequest::End { upload, hash: hash(what) };
        assert_eq!(about(&mut c, end).await.unwrap_err().field.as_deref(), Some("file"));
    }
    // What it says it is does not count.
    let p = hand_over(&mut c, "holiday.jpg", b"MZ\x90\0\x03\0\0\0\x04\0").await.unwrap_err();
    assert!(p.what.starts_with("file: is"), "{p:?}");
    // A path is no name, and another client's upload is nobody else's.
    let sly = hand_over(&mut c, "../../etc/cron.d/x\u{202e}fdp.pdf\r\nX-Evil: 1", &bytes).await.unwrap();
    assert_eq!(sly.name, "xfdp.pdfX-Evil: 1");
    let upload = begin(&mut c, "a.pdf", size).await.unwrap();
    let mut other = s.client().await;
    assert_eq!(part(&mut other, upload, 0, &bytes).await.unwrap_err().kind, "not_found");
    // Nobody sends what is not here, and what a client says of a file does not count.
    let nothing = StoredFile { hash: hash(b"never"), ..file.clone() };
    let send = |content| Request::Send {
        account: None,
        to: switchboard::model::event::Recipient::Thread { thread },
        content,
        quote: None,
        at: None,
    };
    assert_eq!(c.ask(send(Outgoing::file(nothing, ""))).await.unwrap_err().field.as_deref(), Some("file"));
    let lie = StoredFile {
        size: 1,
        facts: switchboard::model::media::FileFacts { mime: "image/png".into(), animated: false },
        ..file
    };
    assert_eq!(c.ask(send(Outgoing::file(lie, ""))).await.unwrap_err().field.as_deref(), Some("file"));
    // An upload is no part of a bundle.
    let act = FileRequest::Begin { name: "a".into(), size: 5 };
    let bundle = Request::Together { requests: vec![Request::File { act }] };
    assert_eq!(c.ask(bundle).await.unwrap_err().kind, "protocol");
    drop((c, other));
    let incoming = s.data().join("media/incoming");
    eventually("nothing unfinished is left", async || {
        (std::fs::read_dir(&incoming).unwrap().count() == 0).then_some(())
    })
    .await;
    s.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_begins_without_end() {
    let (s, ..) = staged().await;
    let mut c = s.client().await;
    for _ in 0..OPEN_MAX {
        begin(&mut c, "a.pdf", 10).await.unwrap();
    }
    assert_eq!(begin(&mut c, "a.pdf", 10).await.unwrap_err().kind, "refused");
    let mut other = s.client().await;
    begin(&mut other, "a.pdf", 10).await.unwrap();
    // What nobody goes on with is given up.
    s.clock.advance(10 * 60_000);
    begin(&mut c, "a.pdf", 10).await.unwrap();
    // All of them together may not take more than there is room for.
    let mut crowd = Vec::new();
    let refused = loop {
        assert!(crowd.len() < 4, "the room has an end");
        let mut next = s.client().await;
        let mut result = Ok(0);
        for _ in 0..OPEN_MAX {
            result = begin(&mut next, "a.pdf", FILE_MAX).await;
            if result.is_err() {
                break;
            }
        }
        crowd.push(next);
        if let Err(p) = result {
            break p;
        }
    };
    assert_eq!(refused.kind, "room");
    assert!(refused.next.contains("keep_files_mb"), "{refused:?}");
    drop(crowd);
    eventually("their room is free again", async || {
        begin(&mut s.client().await, "a.pdf", FILE_MAX).await.ok()
    })
    .await;
    s.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_is_private_and_links_are_not_followed() {
    use std::os::unix::fs::PermissionsExt as _;
    let (s, thread, file) = staged().await;
    let place = s.data().join("media").join(file.hash.to_string());
    let mode = |p: &std::path::Path| std::fs::metadata(p).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&place), mode(place.parent().unwrap())), (0o600, 0o700));
    let mut c = s.client().await;
    let read = FileRequest::Read { hash: file.hash, at: 0 };
    let FileAnswer::Bytes { bytes } = about(&mut c, read.clone()).await.unwrap() else { panic!() };
    assert_eq!(bytes.0, pdf("prices"));
    // Somebody puts a link in its place.
    let elsewhere = s.data().join("elsewhere");
    std::fs::rename(&place, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &place).unwrap();
    assert_eq!(about(&mut c, read).await.unwrap_err().kind, "store");
    let id = s.put(thread, Outgoing::file(file.clone(), "")).await;
    let m = s.in_state(id, DeliveryState::Failed).await;
    assert!(m.error.unwrap().text.contains("could not be read"));
    assert_eq!(s.front.uploads(), 0);
    // Handed over again it is whole, and the link is gone.
    hand_over(&mut c, "again.pdf", &pdf("prices")).await.unwrap();
    assert!(std::fs::symlink_metadata(&place).unwrap().is_file());
    ask(&mut c, Request::Retry { message: id }).await;
    s.in_state(id, DeliveryState::Read).await;
    s.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn free_files_need_an_open_window() {
    let (s, thread, file) = staged().await;
    s.clock.advance(25 * 3_600_000);
    let mut c = s.client().await;
    let r = Request::Send {
        account: None,
        to: switchboard::model::event::Recipient::Thread { thread },
        content: Outgoing::file(file, ""),
        quote: None,
        at: None,
    };
    assert_eq!(c.ask(r).await.unwrap_err().kind, "window_closed");
    s.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_file_arrives_whole() {
    let (s, thread, _) = staged().await;
    let bytes = jpeg(3_000_000);
    let file = hand_over(&mut s.client().await, "big.jpg", &bytes).await.unwrap();
    let id = s.put(thread, Outgoing::file(file, "")).await;
    s.in_state(id, DeliveryState::Read).await;
    assert!(s.bodies().await[0]["image"]["id"].is_string());
    let Response::Outbox(rows) = s.ask(Request::Outbox { account: None, limit: 10 }).await else { panic!() };
    assert_eq!(rows, []);
    s.end().await;
}
