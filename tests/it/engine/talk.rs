//! What was said, through the protocol: filters, the search in one thread, what stands around a message, the whole thread.

use super::thread_named;
use crate::common::{Bed, ask};
use serde_json::json;
use switchboard::protocol::client::Client;
use switchboard::protocol::{Place, Request, Response};

async fn search(c: &mut Client, text: &str) -> Vec<String> {
    let request = Request::Search {
        text: text.into(),
        zone: Some("Europe/Lisbon".into()),
        account: None,
        thread: None,
        before: None,
        limit: 10,
    };
    let Response::Found(found) = ask(c, request).await else { panic!() };
    found.hits.items.iter().map(|h| h.message.body.plain_text()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_said_is_found_and_read_from_its_beginning() {
    let bed = Bed::new(0.0, 1).await;
    for text in ["where is my order", "it is late", "the order, please"] {
        bed.control("say", json!({"customer": "marta", "text": text})).await;
    }
    let thread = thread_named(&bed, "Marta Souza").await.id;
    let mut c = bed.client().await;
    crate::common::eventually("all three are here", || async {
        let mut c = bed.client().await;
        (search(&mut c, "from:marta").await.len() == 3).then_some(())
    })
    .await;
    assert_eq!(search(&mut c, "order from:marta").await, ["the order, please", "where is my order"]);
    assert_eq!(search(&mut c, "order -please after:yesterday").await, ["where is my order"]);
    assert!(search(&mut c, "order before:2001").await.is_empty());
    assert!(search(&mut c, "order from:us").await.is_empty());
    let bad = Request::Search {
        text: "order form:marta".into(),
        zone: None,
        account: None,
        thread: None,
        before: None,
        limit: 10,
    };
    let problem = c.ask(bad).await.unwrap_err();
    assert_eq!((problem.kind.as_str(), problem.field.as_deref()), ("field", Some("query")));
    assert!(problem.what.contains("at character 7") && problem.next.contains("from:"), "{problem:?}");
    let find = Request::FindInThread { thread, text: "RDER".into(), zone: None, before: None };
    let Response::Matches(found) = ask(&mut c, find).await else { panic!() };
    assert_eq!((found.items.len(), found.next), (2, None));
    let around = Request::Neighbours { messages: vec![found.items[1].0] };
    let Response::Neighbours(around) = ask(&mut c, around).await else { panic!() };
    assert_eq!(around[0].after.as_ref().unwrap().text, "it is late");
    assert_eq!(around[0].before, None);
    let oldest = Request::Messages { thread, place: Place::Oldest, limit: 2 };
    let Response::Messages { items, older, newer } = ask(&mut c, oldest).await else { panic!() };
    assert_eq!(items[0].body.plain_text(), "where is my order");
    assert!(older.is_none() && newer.is_some());
    let rest = Request::Messages { thread, place: Place::After(newer.unwrap()), limit: 2 };
    let Response::Messages { items, newer, .. } = ask(&mut c, rest).await else { panic!() };
    assert_eq!((items[0].body.plain_text().as_str(), newer), ("the order, please", None));
    bed.stop().await;
}
