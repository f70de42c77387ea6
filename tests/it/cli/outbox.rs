//! `outbox` and `send --at` around a scripted engine.

use super::commands::{MESSAGE, THREAD, detail, message};
use super::scripted::{Place, Scripted};
use serde_json::Value;
use switchboard::cli::failure::Exit;
use switchboard::clock::Clock;
use switchboard::model::delivery::{DeliveryState, WaitReason, Waiting};
use switchboard::model::ids::AccountId;
use switchboard::protocol::{Asked, CheckReport, OutboxRow, Request, Response};

/// An engine with one message that got no further than this.
fn engine(state: DeliveryState) -> Scripted {
    Scripted::new(move |request| {
        let response = match request {
            Request::FindThread { .. } => detail(),
            Request::MessageRows { .. } => Response::MessageRows(vec![message(state)]),
            Request::Send { .. } => Response::Queued { message: MESSAGE, thread: THREAD },
            Request::Outbox { .. } => Response::Outbox(vec![OutboxRow {
                message: MESSAGE,
                thread: THREAD,
                account: AccountId::new("support"),
                title: "Marta".into(),
                kind: "text".into(),
                text: "Olá \u{1b}[31m".into(),
                state,
                waits: Some(Waiting { until: Clock::system().now() + 90_500, why: WaitReason::Pair }),
                attempts: 1,
                error: None,
            }]),
            Request::Check { .. } => Response::Checked(Box::new(CheckReport {
                message: MESSAGE,
                state,
                since: Clock::system().now() - 720_500,
                news: false,
                asked: Asked::NoId,
                unread_webhooks: 0,
            })),
            _ => Response::Done,
        };
        (Ok(response), Vec::new())
    })
}

#[tokio::test]
async fn the_list_says_what_waits_and_why() {
    let (place, launcher) = (Place::new(), engine(DeliveryState::Queued));
    let e = place.run(&launcher, &["outbox"]).await;
    assert_eq!(e.exit, Exit::Done);
    for words in ["Marta", "queued", "in 1 min: many messages to this customer", &MESSAGE.to_string()] {
        assert!(e.out.contains(words), "{words}: {}", e.out);
    }
    assert!(!e.out.contains('\u{1b}'), "{:?}", e.out);
    let e = place.run(&launcher, &["outbox", "list", "--json"]).await;
    let v: Value = serde_json::from_str(&e.out).unwrap();
    assert_eq!((&v["items"][0]["waits"]["why"], &v["items"][0]["state"]), (&"pair".into(), &"queued".into()));
    assert!(!launcher.seen.engines.lock().unwrap()[0].background, "looking sends nothing");
}

#[tokio::test]
async fn what_may_have_arrived_is_sent_again_only_in_so_many_words() {
    let id = MESSAGE.to_string();
    let (place, launcher) = (Place::new(), engine(DeliveryState::Unknown));
    let e = place.run(&launcher, &["outbox", "retry", &id]).await;
    assert_eq!(e.exit, Exit::Refused);
    assert!(e.err.contains("twice") && e.err.contains("--maybe-twice"), "{}", e.err);
    let asked = |r: &Request| launcher.seen.requests.lock().unwrap().contains(r);
    assert!(!asked(&Request::Retry { message: MESSAGE }));
    let e = place.run(&launcher, &["outbox", "retry", &id, "--maybe-twice"]).await;
    assert_eq!(e.exit, Exit::Done);
    assert!(asked(&Request::Retry { message: MESSAGE }));
    let e = place.run(&launcher, &["outbox", "check", &id]).await;
    assert!(e.out.contains("no status since 12 min; the provider cannot be asked by our id"), "{}", e.out);
    let e = place.run(&launcher, &["outbox", "check", &id, "--json"]).await;
    let v: Value = serde_json::from_str(&e.out).unwrap();
    assert_eq!((&v["asked"], &v["state"]), (&"no_id".into(), &"unknown".into()));
    let e = place.run(&launcher, &["outbox", "cancel", &id, "--json"]).await;
    assert_eq!(e.exit, Exit::Done);
    assert!(asked(&Request::Cancel { message: MESSAGE }));
    let e = place.run(&launcher, &["outbox", "now", &id]).await;
    assert_eq!(e.exit, Exit::Done);
    assert!(asked(&Request::Reschedule { message: MESSAGE, at: None }));
}

#[tokio::test]
async fn a_failed_message_is_sent_again_without_a_question() {
    let (place, launcher) = (Place::new(), engine(DeliveryState::Failed));
    let e = place.run(&launcher, &["outbox", "retry", &MESSAGE.to_string()]).await;
    assert_eq!(e.exit, Exit::Done);
    let asked = launcher.seen.requests.lock().unwrap();
    assert!(asked.contains(&Request::Retry { message: MESSAGE }));
}

#[tokio::test]
async fn a_send_at_a_time_returns_at_once_and_says_when() {
    let (place, launcher) = (Place::new(), engine(DeliveryState::Queued));
    let before = Clock::system().now();
    let e = place.run(&launcher, &["send", "Marta", "--text", "Olá", "--at", "2h"]).await;
    assert_eq!(e.exit, Exit::Done);
    // The distance is cut down to whole minutes: 1 h 59 min, or 2 h when no millisecond has passed.
    assert!(
        e.err.contains("to be sent") && (e.err.contains("in 1 h 59") || e.err.contains("in 2 h")),
        "{}",
        e.err
    );
    let asked = launcher.seen.requests.lock().unwrap().clone();
    let at = asked.iter().find_map(|r| match r {
        Request::Send { at, .. } => *at,
        _ => None,
    });
    assert!(at.is_some_and(|at| (before + 7_200_000..before + 7_260_000).contains(&at)), "{at:?}");
    for bad in ["soon", "25:00", "tomorrow"] {
        let e = place.run(&launcher, &["send", "Marta", "--text", "Olá", "--at", bad]).await;
        assert_eq!(e.exit, Exit::Usage, "{bad}");
        assert!(e.err.starts_with("error: at: "), "{}", e.err);
    }
}
