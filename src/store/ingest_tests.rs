//! What webhooks do to the store: every shape, every order, every repetition.

use super::tests::{Bed, NOW, NUMBER, account, marta, says};
use super::*;
use crate::model::contact::Identity;
use crate::model::event::{AccountSpec, Actor, EventBody, Recipient};
use crate::model::ids::{AccountId, AttemptId, ContactId, EventId, MessageId};
use crate::model::inbound::{Change, Peer, Route, Routed, WebhookBatch};
use crate::model::message::Body;
use crate::model::outgoing::Outgoing;
use crate::model::thread::DraftMode;

fn batch(number: &str, changes: Vec<Change>) -> WebhookBatch {
    let route = Route { number: Some(number.into()), ..Route::default() };
    let changes = changes.into_iter().map(|change| Routed { route: route.clone(), change }).collect();
    WebhookBatch { changes, problems: vec![] }
}

/// A webhook with an id to name it by.
async fn post(bed: &Bed, batch: WebhookBatch) -> (EventId, Reply) {
    let event = Event::new(
        bed.clock.now(),
        Actor::Provider,
        EventBody::WebhookReceived {
            account: account(),
            provider: "meta".into(),
            raw: b"{}".to_vec(),
            batch: Some(batch),
            problem: None,
        },
    );
    (event.id, bed.store.apply(event).await.unwrap())
}

#[tokio::test]
async fn a_kept_webhook_is_replayed_after_a_fix_and_a_second_time_changes_nothing() {
    let bed = Bed::new().await;
    // The second number is not configured yet: its update is a problem, the first one's is not.
    let mut both = batch(NUMBER, vec![says(&marta(), "w1", NOW, "a")]);
    both.changes.extend(batch("77", vec![says(&marta(), "w2", NOW, "b")]).changes);
    let (webhook, reply) = post(&bed, both.clone()).await;
    assert_eq!(reply.problems, 1);
    assert_eq!(bed.store.read(Reader::webhook_facts).await.unwrap().1, 1);
    let raw = bed.store.read(move |r| r.raw_webhook(webhook)).await.unwrap().unwrap();
    assert_eq!((raw.account, raw.body), (account(), b"{}".to_vec()));
    let replay = || EventBody::WebhookReplayed { webhook, batch: Some(both.clone()), problem: None };
    assert_eq!(bed.apply(replay()).await.unwrap().problems, 1, "nothing was fixed");
    let spec = AccountSpec {
        id: AccountId::new("sales"),
        name: "Sales".into(),
        provider: "meta".into(),
        environment: "production".into(),
        number: "77".into(),
        business: "218834005551201".into(),
    };
    bed.apply(EventBody::AccountConfigured { spec }).await.unwrap();
    for _ in 0..2 {
        assert_eq!(bed.apply(replay()).await.unwrap().problems, 0);
        assert_eq!(bed.store.read(Reader::webhook_facts).await.unwrap().1, 0);
        assert_eq!(bed.threads().await.iter().map(|t| t.unread).collect::<Vec<_>>(), [1, 1]);
    }
    let gone = EventBody::WebhookReplayed { webhook: EventId::new(), batch: None, problem: None };
    assert!(matches!(bed.apply(gone).await, Err(StoreError::Missing(_))));
    bed.whole().await;
}

fn person(ids: &[Identity], name: &str) -> Peer {
    Peer { identities: ids.to_vec(), profile_name: name.into() }
}

async fn titles(bed: &Bed) -> Vec<(String, u32)> {
    let mut list: Vec<_> = bed.threads().await.into_iter().map(|t| (t.title, t.unread)).collect();
    list.sort();
    list
}

async fn notices(bed: &Bed) -> Vec<String> {
    bed.store.read(|r| r.notices(20)).await.unwrap().into_iter().map(|n| n.text).collect()
}

#[tokio::test]
async fn two_contacts_that_the_provider_states_as_one_are_joined_with_all_that_they_have() {
    let bed = Bed::new().await;
    let (user, phone) = (Identity::bsuid("BR.1"), Identity::phone("5511988881234"));
    bed.webhook(vec![says(&person(std::slice::from_ref(&user), "Marta"), "w1", NOW, "by user id")]).await;
    bed.webhook(vec![says(&person(std::slice::from_ref(&phone), "Marta"), "w2", NOW + 1000, "by phone")])
        .await;
    let rows = bed.threads().await;
    assert_eq!(rows.len(), 2, "nobody said yet that they are one");
    let old = rows.iter().find(|t| t.phone.is_some()).unwrap().id;
    let kept = rows.iter().find(|t| t.phone.is_none()).unwrap().id;
    let (queued, attempt) = bed.queue(old, "answer").await;
    bed.apply(EventBody::DraftSaved { thread: old, mode: DraftMode::Reply, text: "half".into() })
        .await
        .unwrap();
    bed.apply(EventBody::DraftSaved { thread: kept, mode: DraftMode::Reply, text: "other".into() })
        .await
        .unwrap();
    bed.webhook(vec![says(&person(&[user, phone], "Marta"), "w3", NOW + 2000, "both")]).await;
    let rows = bed.threads().await;
    assert_eq!((rows.len(), rows[0].id, rows[0].unread), (1, kept, 3));
    let texts: Vec<String> = bed.messages(kept).await.iter().map(|m| m.body.plain_text()).collect();
    assert_eq!(texts, ["by user id", "by phone", "answer", "both"]);
    // Who holds the old id gets the new one, for reading and for writing.
    let detail = bed.store.read(move |r| r.thread(old)).await.unwrap();
    assert_eq!((detail.row.id, detail.draft.as_str()), (kept, "other\nhalf"));
    bed.apply(EventBody::AttemptStarted { message: queued, attempt }).await.unwrap();
    bed.queue(old, "one more").await;
    assert_eq!(bed.messages(old).await.len(), 5);
    assert!(notices(&bed).await.iter().any(|n| n.contains("are one contact now")));
    let found = bed.store.read_slow(|r| r.search("98888", None, None, None, 10)).await.unwrap();
    assert_eq!(found.threads.len(), 1);
    bed.whole().await;
}

#[tokio::test]
async fn a_number_with_a_new_owner_moves_and_the_conversations_stay_apart() {
    let bed = Bed::new().await;
    let phone = Identity::phone("447700900123");
    bed.webhook(vec![says(&person(&[Identity::bsuid("GB.1"), phone.clone()], "Amara"), "w1", NOW, "a")])
        .await;
    bed.webhook(vec![says(&person(&[Identity::bsuid("GB.2"), phone.clone()], "Zoe"), "w2", NOW + 1000, "z")])
        .await;
    // Late news of the first owner does not take the number back.
    bed.webhook(vec![says(&person(&[Identity::bsuid("GB.1"), phone], "Amara"), "w3", NOW - 1000, "before")])
        .await;
    let rows = bed.threads().await;
    let of = |title: &str| rows.iter().find(|t| t.title == title).unwrap().phone.clone();
    assert_eq!((of("Amara"), of("Zoe").as_deref()), (None, Some("447700900123")));
    assert!(notices(&bed).await.iter().any(|n| n.contains("belongs to Zoe now")));
    bed.whole().await;
}

#[tokio::test]
async fn a_number_that_was_silent_for_long_may_have_a_new_owner_too() {
    let bed = Bed::new().await;
    let phone = Identity::phone("447700900123");
    bed.webhook(vec![says(
        &person(std::slice::from_ref(&phone), "Amara"),
        "w1",
        NOW - 200 * 86_400_000,
        "a",
    )])
    .await;
    bed.webhook(vec![says(&person(&[Identity::bsuid("GB.1")], "Zoe"), "w2", NOW - 1000, "z")]).await;
    bed.webhook(vec![says(&person(&[Identity::bsuid("GB.1"), phone], "Zoe"), "w3", NOW, "z")]).await;
    assert_eq!(titles(&bed).await, [("Amara".to_owned(), 1), ("Zoe".to_owned(), 2)]);
    bed.whole().await;
}

#[tokio::test]
async fn other_forms_of_a_number_find_the_contact_and_are_never_stored_by_themselves() {
    let bed = Bed::new().await;
    bed.webhook(vec![says(&person(&[Identity::phone("551188881234")], "Marta"), "w1", NOW, "a")]).await;
    // Typed with the ninth digit: the send goes to the number that the provider gave.
    let to = Recipient::Identity { identity: Identity::phone("5511988881234") };
    let message = MessageId::new();
    bed.apply(EventBody::MessageQueued {
        message,
        attempt: AttemptId::new(),
        account: account(),
        to,
        content: Outgoing::text("hi"),
        quote: None,
        not_before: 0,
        send_at: None,
    })
    .await
    .unwrap();
    let open = bed.store.read(move |r| r.open_attempt(message)).await.unwrap().unwrap();
    assert_eq!(open.to, Identity::phone("551188881234"));
    for text in ["+55 11 98888-1234", "551188881234"] {
        let found = bed.store.read_slow(move |r| Ok(r.find_thread(None, text))).await.unwrap().unwrap();
        assert_eq!(found, Some(bed.threads().await[0].id), "{text}");
    }
    let found = bed.store.read_slow(|r| r.search("5511988881234", None, None, None, 5)).await.unwrap();
    assert_eq!(found.threads.len(), 1);
    let contact = bed.store.read(|r| r.contacts("", None, 5)).await.unwrap().items.remove(0);
    assert_eq!(contact.contact.identities, [Identity::phone("551188881234")]);
    // The provider states the other form: the same person.
    bed.webhook(vec![says(&person(&[Identity::phone("5511988881234")], "Marta"), "w2", NOW, "b")]).await;
    assert_eq!(bed.threads().await.len(), 1);
    // Argentina: without the nine it may be a landline of somebody else.
    bed.webhook(vec![says(&person(&[Identity::phone("5491123456789")], "Luis"), "w3", NOW, "c")]).await;
    bed.webhook(vec![says(&person(&[Identity::phone("541123456789")], "Shop"), "w4", NOW, "d")]).await;
    assert_eq!(bed.threads().await.len(), 3);
    bed.whole().await;
}

#[tokio::test]
async fn contacts_are_merged_and_split_by_hand() {
    let bed = Bed::new().await;
    let (a, b) = (Identity::phone("447700900123"), Identity::phone("447700900456"));
    bed.webhook(vec![says(&person(std::slice::from_ref(&a), "Amara"), "w1", NOW, "one")]).await;
    bed.webhook(vec![says(&person(std::slice::from_ref(&b), "Amara (work)"), "w2", NOW + 1000, "two")]).await;
    let list = bed.store.read(|r| r.contacts("amara", None, 5)).await.unwrap().items;
    let id = |i: &Identity| list.iter().find(|c| c.contact.identities.contains(i)).unwrap().contact.id;
    let (into, from) = (id(&a), id(&b));
    bed.apply(EventBody::ContactsMerged { into, from }).await.unwrap();
    let again = bed.apply(EventBody::ContactsMerged { into, from }).await.unwrap_err();
    assert!(again.to_string().contains("one contact already"), "{again}");
    assert_eq!(bed.threads().await.len(), 1);
    bed.whole().await;
    let thread = bed.threads().await[0].id;
    let (_, attempt) = bed.queue(thread, "to the second").await;
    let _ = attempt;
    bed.webhook(vec![says(&person(std::slice::from_ref(&b), "Amara (work)"), "w3", NOW + 2000, "three")])
        .await;
    let counts: Vec<u32> = bed
        .store
        .read(move |r| r.contact(from))
        .await
        .unwrap()
        .identities
        .iter()
        .map(|i| i.messages)
        .collect();
    assert_eq!(counts.iter().sum::<u32>(), 4);
    let new = ContactId::new();
    for identities in [vec![], vec![Identity::phone("1")], vec![a.clone(), b.clone()]] {
        let split = EventBody::ContactSplit { contact: into, identities, new: ContactId::new() };
        assert!(bed.apply(split).await.is_err());
    }
    bed.apply(EventBody::ContactSplit { contact: into, identities: vec![b.clone()], new }).await.unwrap();
    bed.whole().await;
    let detail = bed.store.read(move |r| r.contact(new)).await.unwrap();
    let thread = detail.threads[0].id;
    let texts: Vec<String> = bed.messages(thread).await.iter().map(|m| m.body.plain_text()).collect();
    assert_eq!((texts, detail.threads[0].unread), (vec!["two".to_owned(), "three".to_owned()], 2));
    // What a person took apart is not joined by itself again.
    let user = Identity::bsuid("GB.1");
    bed.webhook(vec![says(&person(&[user.clone(), a], "Amara"), "w4", NOW + 3000, "x")]).await;
    bed.webhook(vec![says(&person(&[user, b], "Amara"), "w5", NOW + 4000, "y")]).await;
    assert_eq!(bed.threads().await.len(), 2);
    bed.whole().await;
}

#[tokio::test]
async fn after_a_number_change_messages_go_to_the_new_number() {
    let bed = Bed::new().await;
    let old = vec![Identity::bsuid("GB.1"), Identity::phone("447700900900")];
    let new = vec![Identity::bsuid("GB.2"), Identity::phone("447700900001")];
    bed.webhook(vec![says(&person(&old, "Amara"), "w1", NOW, "a")]).await;
    let change = Change::IdentityChanged {
        provider_id: "sys1".into(),
        at: NOW + 1000,
        old: old.clone(),
        new: new.clone(),
        text: "User Amara changed from 447700900900 to 447700900001".into(),
    };
    bed.webhook(vec![change.clone()]).await;
    bed.webhook(vec![change]).await;
    bed.webhook(vec![says(&person(&new, "Amara"), "w2", NOW + 2000, "b")]).await;
    let rows = bed.threads().await;
    assert_eq!((rows.len(), rows[0].unread, rows[0].phone.as_deref()), (1, 2, Some("447700900001")));
    assert_eq!(bed.messages(rows[0].id).await.len(), 3, "with the line that says so, once");
    let (message, _) = bed.queue(rows[0].id, "hi").await;
    let open = bed.store.read(move |r| r.open_attempt(message)).await.unwrap().unwrap();
    assert_eq!(open.to, new[1]);
    bed.whole().await;
}

#[tokio::test]
async fn an_edited_message_keeps_what_it_said_and_a_deleted_one_too() {
    let bed = Bed::new().await;
    let edit = |at: i64, text: &str| Change::Edited {
        at,
        peer: marta(),
        target: "w1".into(),
        body: Body::text(text),
    };
    bed.webhook(vec![edit(NOW + 9000, "third")]).await;
    bed.webhook(vec![says(&marta(), "w1", NOW, "first")]).await;
    bed.webhook(vec![edit(NOW + 5000, "second")]).await;
    let thread = bed.threads().await[0].id;
    let m = bed.messages(thread).await.remove(0);
    assert_eq!((m.body, m.edited), (Body::text("third"), true));
    bed.webhook(vec![Change::Revoked { at: NOW + 10_000, peer: marta(), target: "w1".into() }]).await;
    bed.webhook(vec![edit(NOW + 9500, "fourth")]).await;
    assert_eq!(bed.messages(thread).await[0].body, Body::Revoked);
    let versions = bed.store.read(move |r| r.versions(m.id)).await.unwrap();
    let texts: Vec<_> = versions.iter().map(|v| (v.original, v.body.plain_text())).collect();
    let text = |s: &str| s.to_owned();
    assert_eq!(
        texts,
        [(true, text("first")), (false, text("second")), (false, text("third")), (false, text("fourth"))]
    );
    let found = bed.store.read_slow(|r| r.search("third", None, None, None, 5)).await.unwrap();
    assert!(found.hits.items.is_empty(), "what was deleted is not found");
    bed.whole().await;
}

#[tokio::test]
async fn quotes_are_found_by_the_inner_token_and_when_their_message_comes_later() {
    let bed = Bed::new().await;
    let by_phone = "wamid.HBgMNDQ3NzAwOTAwMTIzFQIAEhgUM0FBMUYyQjNDNEQ1RTZGNzg5QUIA";
    let by_user = "wamid.HBgVQlIuNDg4MjAxMTczNjU5MDIxNDQ3FQIAEhgUM0FBMUYyQjNDNEQ1RTZGNzg5QUIA";
    let answer = |id: &str, quoted: &str| {
        let Change::Message(mut m) = says(&marta(), id, NOW + 9000, "yes") else { unreachable!() };
        m.quotes = Some(quoted.into());
        Change::Message(m)
    };
    bed.webhook(vec![answer("w2", by_user), answer("w3", "wamid.later")]).await;
    let thread = bed.threads().await[0].id;
    let quotes = async || -> Vec<String> {
        bed.messages(thread).await.into_iter().filter_map(|m| m.quote).map(|q| q.text).collect()
    };
    assert_eq!(quotes().await, ["", ""]);
    bed.webhook(vec![says(&marta(), by_phone, NOW, "friday?"), says(&marta(), "wamid.later", NOW, "where?")])
        .await;
    assert_eq!(quotes().await, ["friday?", "where?"]);
    bed.whole().await;
}

#[tokio::test]
async fn a_quote_says_what_was_said_though_the_edit_comes_before_two_conversations_become_one() {
    let bed = Bed::new().await;
    let (user, phone) = (Identity::bsuid("BR.1"), Identity::phone("5511988881234"));
    let both = [user.clone(), phone.clone()];
    let by = |id: &Identity| person(std::slice::from_ref(id), "Marta");
    bed.webhook(vec![says(&by(&user), "w1", NOW, "at five")]).await;
    let Change::Message(mut answer) = says(&by(&phone), "w2", NOW + 9000, "fine") else { unreachable!() };
    answer.quotes = Some("w1".into());
    bed.webhook(vec![Change::Message(answer)]).await;
    let edit =
        Change::Edited { at: NOW + 5000, peer: by(&user), target: "w1".into(), body: Body::text("at six") };
    bed.webhook(vec![edit]).await;
    bed.webhook(vec![says(&person(&both, "Marta"), "w3", NOW + 10_000, "both")]).await;
    let thread = bed.threads().await[0].id;
    let quote = bed.messages(thread).await.into_iter().find_map(|m| m.quote).unwrap();
    assert_eq!(quote.text, "at six", "the answer was written after the edit");
    bed.whole().await;
}

#[tokio::test]
async fn a_late_message_is_marked_counted_and_brings_its_thread_up() {
    let bed = Bed::new().await;
    let amara = person(&[Identity::phone("447700900123")], "Amara");
    bed.webhook(vec![says(&amara, "w1", NOW - 7_200_000, "earlier")]).await;
    bed.webhook(vec![says(&marta(), "w2", NOW - 60_000, "newer")]).await;
    let amaras = bed.threads().await.iter().find(|t| t.title == "Amara").unwrap().id;
    bed.apply(EventBody::ThreadRead { thread: amaras, upto: NOW, stored: Some(NOW) }).await.unwrap();
    bed.clock.set(NOW + 1000);
    bed.webhook(vec![says(&amara, "w0", NOW - 3 * 3_600_000, "three hours old")]).await;
    let first = bed.threads().await.remove(0);
    assert_eq!((first.title.as_str(), first.unread), ("Amara", 1));
    assert_eq!(first.preview.unwrap().text, "earlier", "the newest message is still another one");
    let m = bed.messages(amaras).await.remove(0);
    assert_eq!((m.body.plain_text().as_str(), m.unread), ("three hours old", true));
    assert_eq!(m.lateness().as_deref(), Some("arrived 3 h late"));
    let detail = bed.store.read(move |r| r.thread(amaras)).await.unwrap();
    assert_eq!(detail.late_unread, Some(m.id));
    // Who has not seen it does not mark it read, whatever its time.
    bed.apply(EventBody::ThreadRead { thread: amaras, upto: NOW, stored: Some(NOW) }).await.unwrap();
    assert_eq!(bed.threads().await[0].unread, 1);
    bed.apply(EventBody::ThreadRead { thread: amaras, upto: NOW, stored: Some(NOW + 1000) }).await.unwrap();
    assert_eq!(bed.threads().await[0].unread, 0);
    bed.whole().await;
}

#[tokio::test]
async fn what_is_not_known_is_told_once_a_day() {
    let bed = Bed::new().await;
    for _ in 0..3 {
        bed.webhook(vec![
            Change::Unknown { field: "automatic_events".into() },
            super::tests::status("out1", "held", None),
        ])
        .await;
    }
    let told = notices(&bed).await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().any(|t| t.contains("automatic_events")) && told.iter().any(|t| t.contains("held")));
}

#[tokio::test]
async fn a_thousand_updates_in_one_post_with_one_poison_update_cost_that_one() {
    let bed = Bed::new().await;
    let mut changes: Vec<Change> = (0..1000)
        .map(|i| {
            let who = person(&[Identity::phone(format!("4477009{:05}", i % 40))], "P");
            says(&who, &format!("w{i}"), NOW + i, "x")
        })
        .collect();
    changes[500] = says(&Peer::default(), "poison", NOW, "x");
    let (webhook, reply) = post(&bed, batch(NUMBER, changes.clone())).await;
    assert_eq!(reply.problems, 1);
    assert_eq!(bed.store.read(|r| r.count(health::Table::Messages)).await.unwrap(), 999);
    // A later version understands it; nothing else changes.
    changes[500] = says(&marta(), "poison", NOW, "x");
    let replay = EventBody::WebhookReplayed { webhook, batch: Some(batch(NUMBER, changes)), problem: None };
    assert_eq!(bed.apply(replay).await.unwrap().problems, 0);
    assert_eq!(bed.store.read(|r| r.count(health::Table::Messages)).await.unwrap(), 1000);
    bed.whole().await;
}
