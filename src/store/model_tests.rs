//! Any order of the same news gives the same state.
//!
//! A case is a list of changes about a few people. It is applied in the order of time, one change a webhook, and in
//! other orders, in other batches and with repetitions. Everything that a client can see has to be the same then,
//! and the counters have to agree with a recount.
//!
//! What is left out because the order of arrival decides by rule: local row numbers and ids of contacts and threads
//! (they are derived from the identity that was seen first), the place of messages within one second, which of two
//! current numbers of one person is shown, and the sentences that tell of a join.
//!
//! `SWITCHBOARD_MODEL_CASES=1000 cargo test --lib model_tests` runs more cases.

use super::tests::{Bed, NOW, NUMBER, account};
use super::*;
use crate::model::contact::{Identity, IdentityKind};
use crate::model::delivery::{DeliveryError, DeliveryState};
use crate::model::event::EventBody;
use crate::model::inbound::{
    Author, Change, InboundMessage, Peer, Route, Routed, Severity, StatusUpdate, TemplateNews, WebhookBatch,
};
use crate::model::message::{Body, Message};
use crate::model::thread::ThreadFilter;
use crate::protocol::Place;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Which identities an update states.
#[derive(Clone, Copy, Debug)]
enum States {
    User,
    Phone,
    OtherForm,
    Both,
    All,
}

#[derive(Clone, Debug)]
enum Op {
    Says { person: usize, states: States, quotes: Option<(usize, bool)> },
    Echo { person: usize, states: States },
    Status { target: usize, word: &'static str },
    Reacts { person: usize, target: usize, emoji: &'static str, own: bool },
    Edits { target: usize },
    Revokes { target: usize },
    Changes,
    Prefers { person: usize, states: States, stop: bool },
    Seen { person: usize, states: States },
    Template { word: &'static str, category: bool },
    Notice { n: usize },
    Unknown,
}

const PEOPLE: usize = 5;
/// The person who changes the number, and who has the old one later.
const MOVER: usize = 3;
const HEIR: usize = 4;

/// Whom an update names. The one who moves is known by new identities after the change; nobody is known by the old
/// number alone, because it has two owners.
fn peer(person: usize, states: States, after: bool, at: i64) -> Peer {
    let n = person + 1;
    let user = if person == MOVER && after { "BR.31".to_owned() } else { format!("BR.{n}") };
    let (phone, other) = match person {
        0 => ("5511988881234".to_owned(), "551188881234".to_owned()),
        1 => ("5215512345678".to_owned(), "525512345678".to_owned()),
        MOVER if after => ("447700900931".to_owned(), "447700900931".to_owned()),
        MOVER | HEIR => ("447700900900".to_owned(), "447700900900".to_owned()),
        _ => (format!("44770090090{n}"), format!("44770090090{n}")),
    };
    let shared = person == HEIR || (person == MOVER && !after);
    let states =
        if shared && matches!(states, States::Phone | States::OtherForm) { States::Both } else { states };
    let mut identities = Vec::new();
    if !matches!(states, States::Phone | States::OtherForm) {
        identities.push(Identity::bsuid(user));
    }
    match states {
        States::User => {}
        States::OtherForm => identities.push(Identity::phone(other)),
        States::Phone | States::Both | States::All => identities.push(Identity::phone(phone)),
    }
    if matches!(states, States::All) {
        if !(person == MOVER) {
            let value = format!("BR.ENT.{n}");
            identities.push(Identity { kind: IdentityKind::ParentBsuid, value });
        }
        identities.push(Identity { kind: IdentityKind::Username, value: format!("user{n}") });
    }
    // Names change now and then.
    let name = if at / 1000 % 7 < 3 { format!("Person {n}") } else { format!("Mx Person {n}") };
    Peer { identities, profile_name: name }
}

/// The id of a message; `other` is the one that the same message has with the user id in it.
fn wamid(i: usize, other: bool) -> String {
    let side = if other { "BR.48820117365590214477" } else { "447700900123" };
    let token = format!("3AA1F2B3C4D5E6F7{i:04}");
    let mut b = vec![0x1c, 0x18, side.len() as u8];
    b.extend(side.as_bytes());
    b.extend([0x15, 0x02, 0x00, 0x12, 0x18, token.len() as u8]);
    b.extend(token.as_bytes());
    b.push(0);
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::from("wamid.");
    for c in b.chunks(3) {
        let n = c.iter().fold(0u32, |n, b| (n << 8) | u32::from(*b)) << (8 * (3 - c.len()));
        for i in 0..=c.len() {
            out.push(ALPHABET[(n >> (18 - 6 * i)) as usize & 63] as char);
        }
    }
    out
}

fn message(i: usize, at: i64, peer: Peer, author: Author, quotes: Option<String>) -> Change {
    Change::Message(Box::new(InboundMessage {
        provider_id: wamid(i, false),
        at,
        peer,
        author,
        participant: None,
        body: Body::text(format!("text{i} of word{}", i % 3)),
        quotes,
        tag: None,
        opens_window: author == Author::Customer,
        history: false,
        state: (author == Author::Phone).then_some(DeliveryState::Sent),
    }))
}

/// What an operation says. Each has a second of its own; the number changes in the middle.
fn change(ops: &[Op], i: usize) -> Change {
    let at = NOW - 7_200_000 + 60_000 * i as i64;
    let middle = ops.len() / 2;
    let after = i >= middle;
    // A target is any operation; those that are no messages are messages that never come.
    let target = |t: &usize| wamid(t % (ops.len() + 2), false);
    match &ops[i] {
        Op::Says { person, states, quotes } => {
            let quotes = quotes.map(|(t, other)| wamid(t % (ops.len() + 2), other));
            // The heir has the number only after it was left.
            let person = if *person == HEIR && !after { 2 } else { *person };
            message(i, at, peer(person, *states, after, at), Author::Customer, quotes)
        }
        Op::Echo { person, states } => {
            let person = if *person == HEIR && !after { 2 } else { *person };
            message(i, at, peer(person, *states, after, at), Author::Phone, None)
        }
        Op::Status { target: t, word } => Change::Status(Box::new(StatusUpdate {
            provider_id: target(t),
            opaque: None,
            state: DeliveryState::parse(word),
            word: (*word).into(),
            at,
            recipient: vec![],
            error: (*word == "failed").then(|| DeliveryError {
                code: if i % 2 == 0 { 131_047 } else { 131_026 },
                text: format!("reason {}", i % 4),
                cause: None,
                next: None,
            }),
            category: None,
            free_until: None,
        })),
        Op::Reacts { person, target: t, emoji, own } => {
            let person = if *person == HEIR && !after { 2 } else { *person };
            Change::Reaction {
                provider_id: format!("r{i}"),
                at,
                peer: peer(person, States::Both, after, at),
                own: *own,
                target: target(t),
                emoji: (*emoji).into(),
            }
        }
        Op::Edits { target: t } => Change::Edited {
            at,
            peer: Peer::default(),
            target: target(t),
            body: Body::text(format!("edit{i} of word{}", i % 3)),
        },
        Op::Revokes { target: t } => Change::Revoked { at, peer: Peer::default(), target: target(t) },
        Op::Changes => Change::IdentityChanged {
            provider_id: wamid(i, false),
            at: NOW - 7_200_000 + 60_000 * middle as i64 - 30_000,
            old: peer(MOVER, States::Both, false, at).identities,
            new: peer(MOVER, States::Both, true, at).identities,
            text: "changed".into(),
        },
        Op::Prefers { person, states, stop } => {
            let person = if *person == HEIR && !after { 2 } else { *person };
            Change::Preference { peer: peer(person, *states, after, at), stop: *stop, at }
        }
        Op::Seen { person, states } => {
            let person = if *person == HEIR && !after { 2 } else { *person };
            Change::ContactSeen { peer: peer(person, *states, after, at), at }
        }
        Op::Template { word, category } => Change::Template(Box::new(TemplateNews {
            at,
            name: "order_update".into(),
            language: "en_GB".into(),
            status: (!category).then(|| (*word).into()),
            category: category.then(|| (*word).into()),
            ..TemplateNews::default()
        })),
        Op::Notice { n } => Change::Notice {
            field: "account_update".into(),
            severity: Severity::Info,
            text: format!("news {n}"),
            at: Some(*n as i64),
            quality: None,
            limit: None,
        },
        Op::Unknown => Change::Unknown { field: "automatic_events".into() },
    }
}

fn states() -> impl Strategy<Value = States> {
    prop_oneof![
        Just(States::User),
        Just(States::Phone),
        Just(States::OtherForm),
        Just(States::Both),
        Just(States::All)
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let word = prop_oneof![Just("sent"), Just("delivered"), Just("read"), Just("played"), Just("failed")];
    let quotes = proptest::option::weighted(0.3, (0..40usize, any::<bool>()));
    prop_oneof![
        8 => (0..PEOPLE, states(), quotes).prop_map(|(person, states, quotes)| Op::Says { person, states, quotes }),
        3 => (0..PEOPLE, states()).prop_map(|(person, states)| Op::Echo { person, states }),
        4 => (0..40usize, word).prop_map(|(target, word)| Op::Status { target, word }),
        2 => (0..PEOPLE, 0..40usize, prop_oneof![Just("👍"), Just(""), Just("❤️")], any::<bool>())
            .prop_map(|(person, target, emoji, own)| Op::Reacts { person, target, emoji, own }),
        2 => (0..40usize).prop_map(|target| Op::Edits { target }),
        1 => (0..40usize).prop_map(|target| Op::Revokes { target }),
        1 => Just(Op::Changes),
        1 => (0..PEOPLE, states(), any::<bool>())
            .prop_map(|(person, states, stop)| Op::Prefers { person, states, stop }),
        1 => (0..PEOPLE, states()).prop_map(|(person, states)| Op::Seen { person, states }),
        1 => (prop_oneof![Just("PENDING"), Just("APPROVED"), Just("PAUSED")], any::<bool>())
            .prop_map(|(word, category)| Op::Template { word, category }),
        1 => (0..3usize).prop_map(|n| Op::Notice { n }),
        1 => Just(Op::Unknown),
    ]
}

/// An operation, its place in two other orders, whether it comes twice, and whether a webhook ends after it.
type Entry = (Op, u16, u16, bool, bool);

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    proptest::collection::vec((op(), any::<u16>(), any::<u16>(), any::<bool>(), any::<bool>()), 2..32)
}

async fn post(bed: &Bed, changes: Vec<Change>) {
    let route = Route { number: Some(NUMBER.into()), ..Route::default() };
    let changes = changes.into_iter().map(|change| Routed { route: route.clone(), change }).collect();
    let reply = bed
        .apply(EventBody::WebhookReceived {
            account: account(),
            provider: "meta".into(),
            raw: b"{}".to_vec(),
            batch: Some(WebhookBatch { changes, problems: vec![] }),
            problem: None,
        })
        .await
        .unwrap();
    assert_eq!(reply.problems, 0);
}

/// Everything that can be seen, in an order of its own.
async fn dump(bed: &Bed, words: usize) -> String {
    let rows = bed.store.read(|r| r.threads(None, ThreadFilter::All, None, 500)).await.unwrap().items;
    let mut names: BTreeMap<crate::model::MessageId, String> = BTreeMap::new();
    let mut threads = Vec::new();
    for row in rows {
        let id = row.id;
        let detail = bed.store.read(move |r| r.thread(id)).await.unwrap();
        let page = bed.store.read(move |r| r.messages(id, Place::Newest, 500)).await.unwrap();
        for m in &page.items {
            names.insert(m.id, m.provider_id.clone().unwrap().0);
        }
        threads.push((row, detail, page.items));
    }
    let mut parts = Vec::new();
    for (row, detail, mut messages) in threads {
        let mut out = String::new();
        let mut ids: Vec<String> =
            detail.contact.identities.iter().map(|i| format!("{:?} {}", i.kind, i.value)).collect();
        ids.sort();
        writeln!(out, "thread of {ids:?}").unwrap();
        writeln!(
            out,
            "title {} unread {} failed {} window {:?} stop {}",
            row.title, row.unread, row.failed, row.window, detail.contact.marketing_opt_out
        )
        .unwrap();
        let preview = row.preview.map(|p| (names[&p.message].clone(), p.kind, p.text, p.state));
        writeln!(out, "newest {preview:?}").unwrap();
        messages.sort_by_key(|m| (m.at / 1000, m.provider_id.clone().map(|p| p.0)));
        for m in &messages {
            out.push_str(&line(m, &names));
        }
        parts.push(out);
    }
    parts.sort();
    let mut out = parts.concat();
    let mut queries: Vec<String> = (0..words).map(|i| format!("text{i} ")).collect();
    queries.extend((0..words).map(|i| format!("edit{i} ")));
    queries.extend((0..3).map(|i| format!("word{i}")));
    for q in queries {
        let text = q.clone();
        let found = bed.store.read_slow(move |r| r.search(&text, None, None, None, 200)).await.unwrap();
        let hits: BTreeSet<_> = found.hits.items.iter().map(|h| names[&h.message.id].clone()).collect();
        if !hits.is_empty() {
            writeln!(out, "search {q}: {hits:?}").unwrap();
        }
    }
    for q in ["Person", "88881234", "0900931", "user"] {
        let found = bed.store.read_slow(move |r| r.search(q, None, None, None, 10)).await.unwrap();
        writeln!(out, "people {q}: {}", found.threads.len()).unwrap();
    }
    let accounts = bed.store.read(Reader::accounts).await.unwrap();
    let a = &accounts[0];
    writeln!(out, "account {} {} {}", a.unread, a.unread_threads, a.threads).unwrap();
    for t in bed.store.read(|r| r.templates(&account())).await.unwrap() {
        writeln!(out, "template {} {} {}", t.name, t.status, t.category).unwrap();
    }
    let mut notices: Vec<String> = bed
        .store
        .read(|r| r.notices(500))
        .await
        .unwrap()
        .into_iter()
        .map(|n| n.text)
        .filter(|t| t.starts_with("news") || t.starts_with("WhatsApp sends"))
        .collect();
    notices.sort();
    writeln!(out, "notices {notices:?}").unwrap();
    let contacts: i64 = bed
        .store
        .read(|r| Ok(r.conn.query_row("SELECT count(*) FROM contacts", [], |x| x.get(0))?))
        .await
        .unwrap();
    writeln!(out, "contacts {contacts}").unwrap();
    out
}

fn line(m: &Message, names: &BTreeMap<crate::model::MessageId, String>) -> String {
    let quote =
        m.quote.as_ref().map(|q| (&q.provider_id, q.message.and_then(|id| names.get(&id)), q.own, &q.text));
    let mut reactions: Vec<_> = m.reactions.iter().map(|r| (r.own, &r.emoji, r.at)).collect();
    reactions.sort();
    format!(
        "  {} {:?} {:?} {:?} {:?} {:?} quote {quote:?} reactions {reactions:?} edited {} unread {} late {:?} {:?}\n",
        m.at / 1000,
        m.provider_id.as_ref().map(|p| &p.0),
        m.direction,
        m.body,
        m.state,
        m.times,
        m.edited,
        m.unread,
        m.late,
        m.error.as_ref().map(|e| (e.code, &e.text))
    )
}

/// Applies changes in an order, in webhooks that end where `ends` says.
async fn play(entries: &[Entry], order: &[usize], twice: bool, whole: bool) -> String {
    let bed = Bed::new().await;
    let ops: Vec<Op> = entries.iter().map(|e| e.0.clone()).collect();
    let mut batch = Vec::new();
    for &i in order {
        batch.push(change(&ops, i));
        if twice && entries[i].3 {
            batch.push(change(&ops, i));
        }
        if !whole && entries[i].4 || !twice {
            post(&bed, std::mem::take(&mut batch)).await;
        }
    }
    post(&bed, batch).await;
    if twice {
        // And some of it once more, at the end.
        let again = order.iter().filter(|i| entries[**i].3).map(|i| change(&ops, *i)).collect();
        post(&bed, again).await;
    }
    bed.whole().await;
    dump(&bed, ops.len()).await
}

async fn same_in_any_order(entries: &[Entry]) -> Result<(), TestCaseError> {
    let by_time: Vec<usize> = (0..entries.len()).collect();
    let first = play(entries, &by_time, false, false).await;
    for n in 0..2 {
        let mut order = by_time.clone();
        order.sort_by_key(|i| if n == 0 { entries[*i].1 } else { entries[*i].2 });
        let other = play(entries, &order, true, n == 1).await;
        if first != other {
            let lines = |a: &str, b: &str| -> String {
                let b: BTreeSet<&str> = b.lines().collect();
                a.lines().filter(|l| !b.contains(l)).fold(String::new(), |s, l| s + "\n" + l)
            };
            let (a, b) = (lines(&first, &other), lines(&other, &first));
            let changes: Vec<String> =
                entries.iter().enumerate().map(|(i, e)| format!("{i}: {:?}", e.0)).collect();
            return Err(TestCaseError::fail(format!(
                "{}\nin the order of time:{a}\nin the order {order:?}:{b}",
                changes.join("\n")
            )));
        }
    }
    Ok(())
}

#[test]
fn any_order_of_the_same_news_gives_the_same_state() {
    let cases = std::env::var("SWITCHBOARD_MODEL_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(40);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = ProptestConfig {
        cases,
        max_shrink_iters: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let result = runner.run(&entries(), |e| runtime.block_on(same_in_any_order(&e)));
    match result {
        Ok(()) => {}
        Err(proptest::test_runner::TestError::Fail(why, _)) => panic!("{why}"),
        Err(e) => panic!("{e}"),
    }
}
