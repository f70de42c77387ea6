//! What the operator sees when the provider misbehaves: each fault of the emulator, and the truth about it.

use crate::common::{Bed, ask, eventually};
use serde_json::{Value, json};
use switchboard::model::delivery::DeliveryState;
use switchboard::model::event::Recipient;
use switchboard::model::ids::{AccountId, MessageId, ThreadId};
use switchboard::model::message::{Direction, Message};
use switchboard::model::outgoing::Outgoing;
use switchboard::model::thread::ThreadFilter;
use switchboard::protocol::client::Client;
use switchboard::protocol::{Place, Request, Response, Verdict};

async fn faults(bed: &Bed, rules: &str) {
    bed.control("faults", json!({ "set": rules })).await;
}

async fn clear(bed: &Bed) {
    bed.control("faults", json!({ "clear": true })).await;
}

async fn get(bed: &Bed, what: &str) -> Value {
    let url = format!("{}/control/{what}", bed.emulator.base_url());
    bed.http.get(url).send().await.unwrap().json().await.unwrap()
}

/// A thread whose customer has just written.
async fn thread(bed: &Bed, customer: &str) -> ThreadId {
    let said = bed.control("say", json!({ "customer": customer, "text": "oi" })).await;
    let id = MessageId::of_provider(&AccountId::new("support"), said["wamid"].as_str().unwrap());
    eventually("the customer's message is here", || async {
        let mut c = bed.client().await;
        let r = Request::Threads { account: None, filter: ThreadFilter::All, before: None, limit: 100 };
        let Response::Threads(page) = ask(&mut c, r).await else { panic!() };
        for t in page.items {
            if messages(&mut c, t.id).await.iter().any(|m| m.id == id) {
                return Some(t.id);
            }
        }
        None
    })
    .await
}

async fn messages(c: &mut Client, thread: ThreadId) -> Vec<Message> {
    let r = Request::Messages { thread, place: Place::Newest, limit: 100 };
    let Response::Messages { items, .. } = ask(c, r).await else { panic!() };
    items
}

async fn send(bed: &Bed, thread: ThreadId, text: &str) -> MessageId {
    let content = Outgoing::text(text);
    let r = Request::Send { account: None, to: Recipient::Thread { thread }, content, quote: None, at: None };
    let Response::Queued { message, .. } = ask(&mut bed.client().await, r).await else { panic!() };
    message
}

async fn row(bed: &Bed, id: MessageId) -> Message {
    let r = Request::MessageRows { ids: vec![id] };
    let Response::MessageRows(list) = ask(&mut bed.client().await, r).await else { panic!() };
    list.into_iter().next().unwrap()
}

async fn in_state(bed: &Bed, id: MessageId, state: DeliveryState) -> Message {
    eventually(&format!("the message is {}", state.as_str()), || async {
        Some(row(bed, id).await).filter(|m| m.state == state)
    })
    .await
}

/// How often the provider took a message with this text.
async fn taken(bed: &Bed, text: &str) -> usize {
    bed.accepted().await.iter().filter(|m| m["body"]["text"]["body"] == text).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_is_unknown_until_a_status_tells_and_never_sent_twice() {
    let bed = Bed::new(0.0, 1).await;
    let marta = thread(&bed, "marta").await;
    for fault in ["5xx-after", "cut-after", "reset-after", "broken-off", "truncated"] {
        // No status comes: nobody knows.
        faults(&bed, &format!("{fault}@messages=1x,drop@statuses")).await;
        let id = send(&bed, marta, fault).await;
        let m = in_state(&bed, id, DeliveryState::Unknown).await;
        let e = m.error.unwrap();
        assert!(!e.text.is_empty() && e.next.is_some(), "{fault}: {e:?}");
        assert_eq!(taken(&bed, fault).await, 1, "{fault}");
        // The next one of the thread leaves, and the one before it is left alone.
        let after = send(&bed, marta, &format!("after {fault}")).await;
        in_state(&bed, after, DeliveryState::Accepted).await;
        assert_eq!(row(&bed, id).await.state, DeliveryState::Unknown, "{fault}");
        assert_eq!(taken(&bed, fault).await, 1, "{fault}");
        // A status comes: it settles.
        faults(&bed, &format!("{fault}@messages=1x")).await;
        let text = format!("{fault} with a status");
        let id = send(&bed, marta, &text).await;
        let m = in_state(&bed, id, DeliveryState::Read).await;
        assert!(m.error.is_none() && m.provider_id.is_some(), "{fault}: {m:?}");
        assert_eq!(taken(&bed, &text).await, 1, "{fault}");
    }
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_broke_before_it_was_carried_out_is_sent_again_by_the_operator_only() {
    let bed = Bed::new(0.0, 1).await;
    let marta = thread(&bed, "marta").await;
    for fault in ["5xx", "cut", "reset"] {
        faults(&bed, &format!("{fault}@messages=1x")).await;
        let id = send(&bed, marta, fault).await;
        in_state(&bed, id, DeliveryState::Unknown).await;
        assert_eq!(taken(&bed, fault).await, 0, "{fault}");
        ask(&mut bed.client().await, Request::Retry { message: id }).await;
        let m = in_state(&bed, id, DeliveryState::Read).await;
        assert!(m.error.is_none(), "{fault}: {m:?}");
        assert_eq!(taken(&bed, fault).await, 1, "{fault}");
    }
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_are_waited_for_and_the_message_leaves_once() {
    let bed = Bed::new(0.0, 1).await;
    let marta = thread(&bed, "marta").await;
    for fault in ["429", "429:1s", "error:130429", "error:80007", "error:4", "error:131016"] {
        faults(&bed, &format!("{fault}@messages=1x")).await;
        let id = send(&bed, marta, fault).await;
        let waits = eventually("it waits, or has left", || async {
            let m = row(&bed, id).await;
            (m.attempts > 0 && m.state != DeliveryState::Sending).then_some(m)
        })
        .await;
        assert_ne!(waits.state, DeliveryState::Failed, "{fault}: {waits:?}");
        in_state(&bed, id, DeliveryState::Read).await;
        assert_eq!(taken(&bed, fault).await, 1, "{fault}");
    }
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_odd_but_true_answer_is_an_answer() {
    let bed = Bed::new(0.0, 1).await;
    let marta = thread(&bed, "marta").await;
    for fault in ["content-type", "odd-answer", "slow:50ms", "trickle:80ms"] {
        faults(&bed, &format!("{fault}@messages=1x,drop@statuses")).await;
        let id = send(&bed, marta, fault).await;
        let m = in_state(&bed, id, DeliveryState::Accepted).await;
        assert!(m.error.is_none() && m.provider_id.is_some(), "{fault}: {m:?}");
    }
    let counts = get(&bed, "state").await["faults"].clone();
    assert_eq!(counts["odd-answer"], 1, "{counts}");
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_token_is_said_where_it_shows() {
    let bed = Bed::new(0.0, 1).await;
    let marta = thread(&bed, "marta").await;
    faults(&bed, "expired").await;
    let id = send(&bed, marta, "too late").await;
    let m = in_state(&bed, id, DeliveryState::Failed).await;
    let e = m.error.unwrap();
    assert!(e.code == 190 && e.cause.is_some() && e.next.is_some(), "{e:?}");
    let mut c = bed.client().await;
    let account = AccountId::new("support");
    let refused = c.ask(Request::Sync { account: Some(account.clone()) }).await.unwrap_err();
    assert!(refused.what.contains("190") || refused.what.contains("expired"), "{refused:?}");
    let Response::Checks(checks) = ask(&mut c, Request::Doctor).await else { panic!() };
    let token = checks.iter().find(|c| c.name == "provider.token").unwrap();
    assert!(token.verdict == Verdict::Fail && !token.fix.is_empty(), "{token:?}");
    let Response::Accounts(list) = ask(&mut c, Request::Accounts).await else { panic!() };
    assert_eq!(list[0].state, "error", "{list:?}");
    clear(&bed).await;
    ask(&mut c, Request::Sync { account: Some(account) }).await;
    ask(&mut c, Request::Retry { message: id }).await;
    in_state(&bed, id, DeliveryState::Read).await;
    assert_eq!(taken(&bed, "too late").await, 1);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_template_list_without_an_end_ends_and_keeps_what_was_there() {
    let bed = Bed::new(0.0, 1).await;
    let mut c = bed.client().await;
    let account = AccountId::new("support");
    let list = async |c: &mut Client| {
        let r = Request::Templates { account: AccountId::new("support") };
        let Response::Templates(list) = ask(c, r).await else { panic!() };
        list.len()
    };
    let before = list(&mut c).await;
    assert!(before >= 10);
    for fault in ["paging-loop@templates", "truncated@templates", "broken-off@templates", "5xx@templates"] {
        faults(&bed, fault).await;
        let refused = c.ask(Request::Sync { account: Some(account.clone()) }).await.unwrap_err();
        assert!(!refused.what.is_empty() && !refused.next.is_empty(), "{fault}: {refused:?}");
        assert_eq!(list(&mut c).await, before, "{fault}");
    }
    faults(&bed, "odd-answer@templates,odd-answer@number").await;
    ask(&mut c, Request::Sync { account: Some(account) }).await;
    assert_eq!(list(&mut c).await, before);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_in_any_shape_and_order_are_one_truth() {
    let bed = Bed::new(0.0, 1).await;
    let rules =
        "duplicate,reorder=0.5,unknown-message=1x,unknown-status,unknown-field,odd-webhook=0.5,bad-signature";
    faults(&bed, rules).await;
    let marta = thread(&bed, "marta").await;
    let id = send(&bed, marta, "through the storm").await;
    let m = in_state(&bed, id, DeliveryState::Read).await;
    assert!(m.times.delivered.is_some() || m.times.read.is_some());
    eventually("every webhook is delivered", || async {
        let waiting = get(&bed, "state").await["webhooks_waiting"].clone();
        waiting.as_object().unwrap().values().all(|n| n == 0).then_some(())
    })
    .await;
    let mut c = bed.client().await;
    let all = messages(&mut c, marta).await;
    let inbound: Vec<&Message> = all.iter().filter(|m| m.direction == Direction::Inbound).collect();
    assert_eq!(inbound.len(), 2, "what was said, and one thing that nobody knows: {all:?}");
    assert!(inbound.iter().any(|m| m.body.kind() == "unknown" || m.body.kind() == "unsupported"));
    let state = get(&bed, "state").await;
    assert_eq!(state["counts"]["forged_taken"], 0);
    assert!(state["counts"]["forged_refused"].as_u64().unwrap() >= 4, "{state}");
    let Response::Status(status) = ask(&mut c, Request::Status).await else { panic!() };
    assert!(status.bad_signatures >= 4);
    assert_eq!(row(&bed, id).await.state, DeliveryState::Read);
    bed.stop().await;
}
