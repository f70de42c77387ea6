//! The store as its users see it: events in, rows out.

use super::*;
use crate::model::contact::{Identity, IdentityKind};
use crate::model::delivery::{DeliveryError, DeliveryState};
use crate::model::event::{AccountSpec, Actor, AttemptOutcome, EventBody, Recipient};
use crate::model::ids::{AccountId, AttemptId, MessageId, QuickReplyId, ThreadId};
use crate::model::inbound::{
    Author, Change, InboundMessage, Peer, Route, Routed, StatusUpdate, TemplateNews, WebhookBatch,
};
use crate::model::message::{Body, Message};
use crate::model::outgoing::Outgoing;
use crate::model::quick_reply::QuickReply;
use crate::model::thread::{DraftMode, ThreadFilter};
use crate::protocol::Place;
use health::Table;

mod files;
mod notes;
mod outbox;

pub(super) const NUMBER: &str = "339901477551020";
pub(super) const NOW: i64 = 1_795_176_000_000;

pub(super) struct Bed {
    pub(super) store: Store,
    pub(super) clock: Clock,
    _dir: tempfile::TempDir,
}

impl Bed {
    pub(super) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::manual(NOW);
        let store = Store::open(&dir.path().join("s.db"), clock.clone(), Box::new(|_| {})).unwrap();
        // What is applied here is ana's, and so is what is read.
        let bed = Self { store: store.asked_by("ana"), clock, _dir: dir };
        let spec = AccountSpec {
            id: account(),
            name: "Support".into(),
            provider: "meta".into(),
            environment: "production".into(),
            number: NUMBER.into(),
            business: "218834005551201".into(),
        };
        bed.apply(EventBody::AccountConfigured { spec }).await.unwrap();
        bed
    }

    pub(super) async fn apply(&self, body: EventBody) -> Result<Reply, StoreError> {
        self.store.apply(Event::new(self.clock.now(), Actor::Operator("ana".into()), body)).await
    }

    pub(super) async fn webhook(&self, changes: Vec<Change>) -> Reply {
        let route = Route { number: Some(NUMBER.into()), ..Route::default() };
        let changes = changes.into_iter().map(|change| Routed { route: route.clone(), change }).collect();
        self.apply(EventBody::WebhookReceived {
            account: account(),
            provider: "meta".into(),
            raw: b"{}".to_vec(),
            batch: Some(WebhookBatch { changes, problems: vec![] }),
            problem: None,
        })
        .await
        .unwrap()
    }

    pub(super) async fn threads(&self) -> Vec<crate::model::thread::ThreadRow> {
        self.store.read(|r| r.threads(None, ThreadFilter::All, None, 100)).await.unwrap().items
    }

    pub(super) async fn messages(&self, thread: ThreadId) -> Vec<Message> {
        self.store.read(move |r| r.messages(thread, Place::Newest, 100)).await.unwrap().items
    }

    pub(super) async fn message(&self, id: MessageId) -> Message {
        self.store.read(move |r| r.message_rows(&[id])).await.unwrap().pop().unwrap()
    }

    pub(super) async fn whole(&self) {
        let wrong = self.store.read_slow(|r| Ok((r.recount()?, r.quick_check()?))).await.unwrap();
        assert_eq!(wrong, (vec![], None));
    }

    /// Queues a text and takes it to the provider's answer.
    pub(super) async fn sent(&self, thread: ThreadId, text: &str, wamid: &str) -> (MessageId, AttemptId) {
        let (message, attempt) = self.queue(thread, text).await;
        self.apply(EventBody::AttemptStarted { message, attempt }).await.unwrap();
        let outcome = AttemptOutcome::Accepted { provider_id: wamid.into(), recipient: None };
        self.apply(EventBody::AttemptEnded { message, attempt, outcome }).await.unwrap();
        (message, attempt)
    }

    pub(super) async fn queue(&self, thread: ThreadId, text: &str) -> (MessageId, AttemptId) {
        let (message, attempt) = (MessageId::new(), AttemptId::new());
        self.apply(EventBody::MessageQueued {
            message,
            attempt,
            account: account(),
            to: Recipient::Thread { thread },
            content: Outgoing::text(text),
            quote: None,
            not_before: 0,
            send_at: None,
        })
        .await
        .unwrap();
        (message, attempt)
    }
}

pub(super) fn account() -> AccountId {
    AccountId::new("support")
}

pub(super) fn marta() -> Peer {
    Peer {
        identities: vec![Identity::bsuid("BR.1"), Identity::phone("5511988881234")],
        profile_name: "Marta Souza".into(),
    }
}

pub(super) fn says(peer: &Peer, id: &str, at: i64, text: &str) -> Change {
    Change::Message(Box::new(InboundMessage {
        provider_id: id.into(),
        at,
        peer: peer.clone(),
        author: Author::Customer,
        participant: None,
        body: Body::text(text),
        quotes: None,
        tag: None,
        opens_window: true,
        history: false,
        state: None,
    }))
}

pub(super) fn status(id: &str, word: &str, opaque: Option<AttemptId>) -> Change {
    Change::Status(Box::new(StatusUpdate {
        provider_id: id.into(),
        opaque: opaque.map(|a| a.to_string()),
        state: DeliveryState::parse(word),
        word: word.into(),
        at: NOW + 1000,
        recipient: vec![],
        error: (word == "failed").then(|| DeliveryError {
            code: 131_047,
            text: "more than 24 hours".into(),
            cause: None,
            next: None,
        }),
        category: None,
        free_until: None,
    }))
}

#[tokio::test]
async fn a_message_makes_contact_thread_counters_and_is_found() {
    let bed = Bed::new().await;
    bed.webhook(vec![says(&marta(), "w1", NOW, "Cadê o meu pedido?")]).await;
    let rows = bed.threads().await;
    assert_eq!(rows.len(), 1);
    let row = &rows[0];
    assert_eq!(
        (row.title.as_str(), row.unread, row.phone.as_deref()),
        ("Marta Souza", 1, Some("5511988881234"))
    );
    assert!(row.window.is_open(NOW + 23 * 3_600_000));
    assert!(!row.window.is_open(NOW + 24 * 3_600_000 - 60_000));
    assert_eq!(bed.messages(row.id).await[0].body, Body::text("Cadê o meu pedido?"));
    let found = bed.store.read_slow(|r| r.search("cade ped", None, None, None, 10)).await.unwrap();
    assert_eq!(found.hits.items.len(), 1);
    let found = bed.store.read_slow(|r| r.search("98888", None, None, None, 10)).await.unwrap();
    assert_eq!(found.threads.len(), 1);
    let accounts = bed.store.read(Reader::accounts).await.unwrap();
    assert_eq!((accounts[0].unread, accounts[0].unread_threads, accounts[0].threads), (1, 1, 1));
    bed.whole().await;
}

#[tokio::test]
async fn the_same_message_twice_is_one_and_the_same_event_twice_is_none() {
    let bed = Bed::new().await;
    for _ in 0..2 {
        bed.webhook(vec![says(&marta(), "w1", NOW, "a"), says(&marta(), "w1", NOW, "a")]).await;
    }
    assert_eq!(bed.threads().await[0].unread, 1);
    let event = Event::new(
        NOW,
        Actor::Engine,
        EventBody::ThreadRead { thread: bed.threads().await[0].id, upto: NOW, stored: None },
    );
    assert!(!bed.store.apply(event.clone()).await.unwrap().repeated);
    assert!(bed.store.apply(event).await.unwrap().repeated);
    assert_eq!(bed.store.read(|r| r.count(Table::Webhooks)).await.unwrap(), 2, "every POST is kept raw");
    bed.whole().await;
}

#[tokio::test]
async fn a_contact_without_a_phone_is_the_same_person_when_the_phone_comes() {
    let bed = Bed::new().await;
    let hidden = Peer { identities: vec![Identity::bsuid("BR.1")], profile_name: "Marta".into() };
    bed.webhook(vec![says(&hidden, "w1", NOW, "a")]).await;
    bed.webhook(vec![says(&marta(), "w2", NOW + 1, "b")]).await;
    let phone_only = Peer { identities: vec![Identity::phone("5511988881234")], profile_name: String::new() };
    bed.webhook(vec![says(&phone_only, "w3", NOW + 2, "c")]).await;
    let rows = bed.threads().await;
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].unread, rows[0].title.as_str()), (3, "Marta Souza"));
    let id = rows[0].id;
    let detail = bed.store.read(move |r| r.thread(id)).await.unwrap();
    assert_eq!(detail.contact.identity(IdentityKind::Bsuid), Some("BR.1"));
    bed.whole().await;
}

#[tokio::test]
async fn late_messages_go_where_their_time_says() {
    let bed = Bed::new().await;
    bed.webhook(vec![says(&marta(), "w2", NOW, "second")]).await;
    bed.webhook(vec![says(&marta(), "w1", NOW - 5000, "first")]).await;
    let row = bed.threads().await.remove(0);
    assert_eq!(row.preview.as_ref().unwrap().text, "second");
    assert_eq!(row.unread, 2);
    let texts: Vec<String> = bed.messages(row.id).await.iter().map(|m| m.body.plain_text()).collect();
    assert_eq!(texts, ["first", "second"]);
    bed.whole().await;
}

#[tokio::test]
async fn ticks_move_forward_in_any_order_and_overtaking_statuses_wait() {
    let bed = Bed::new().await;
    bed.webhook(vec![says(&marta(), "w1", NOW, "hi")]).await;
    let thread = bed.threads().await[0].id;
    let (message, attempt) = bed.queue(thread, "hello").await;
    bed.apply(EventBody::AttemptStarted { message, attempt }).await.unwrap();
    // The status comes before the answer of the send, without our id.
    bed.webhook(vec![status("out1", "delivered", None)]).await;
    assert_eq!(bed.message(message).await.state, DeliveryState::Sending);
    let outcome = AttemptOutcome::Accepted { provider_id: "out1".into(), recipient: None };
    bed.apply(EventBody::AttemptEnded { message, attempt, outcome }).await.unwrap();
    assert_eq!(bed.message(message).await.state, DeliveryState::Delivered);
    bed.webhook(vec![status("out1", "sent", None)]).await;
    assert_eq!(bed.message(message).await.state, DeliveryState::Delivered);
    bed.webhook(vec![status("out1", "read", None)]).await;
    let m = bed.message(message).await;
    assert_eq!(m.state, DeliveryState::Read);
    assert!(m.times.sent.is_some() && m.times.accepted.is_some());
    assert_eq!(bed.threads().await[0].preview.as_ref().unwrap().state, DeliveryState::Read);
    bed.whole().await;
}

#[tokio::test]
async fn an_unknown_attempt_is_settled_by_a_status_that_carries_our_id() {
    let bed = Bed::new().await;
    bed.webhook(vec![says(&marta(), "w1", NOW, "hi")]).await;
    let thread = bed.threads().await[0].id;
    let (message, attempt) = bed.queue(thread, "hello").await;
    bed.apply(EventBody::AttemptStarted { message, attempt }).await.unwrap();
    let error = DeliveryError { code: 0, text: "timeout".into(), cause: None, next: None };
    bed.apply(EventBody::AttemptEnded { message, attempt, outcome: AttemptOutcome::Unknown { error } })
        .await
        .unwrap();
    assert_eq!(bed.threads().await[0].failed, 1);
    bed.webhook(vec![status("out9", "sent", Some(attempt))]).await;
    let m = bed.message(message).await;
    assert_eq!((m.state, m.provider_id.unwrap().0.as_str()), (DeliveryState::Sent, "out9"));
    assert_eq!(bed.threads().await[0].failed, 0);
    assert!(bed.store.read(|r| r.due(NOW, 10)).await.unwrap().sends.is_empty(), "never sent again");
    bed.whole().await;
}

#[tokio::test]
async fn a_closed_window_answer_corrects_our_clock_and_a_retry_is_a_new_attempt() {
    let bed = Bed::new().await;
    bed.webhook(vec![says(&marta(), "w1", NOW, "hi")]).await;
    let thread = bed.threads().await[0].id;
    let (message, first) = bed.sent(thread, "hello", "out1").await;
    bed.webhook(vec![status("out1", "failed", None)]).await;
    let row = bed.threads().await.remove(0);
    assert_eq!((row.failed, row.window.until), (1, None));
    let second = AttemptId::new();
    bed.apply(EventBody::MessageRetried { message, attempt: second }).await.unwrap();
    assert_eq!(bed.threads().await[0].failed, 0);
    let due = bed.store.read(|r| r.due(NOW, 10)).await.unwrap().sends;
    assert!(due.len() == 1 && due[0].attempt == second && second != first);
    // A late failure of the first attempt is not the second one's.
    let e = bed.apply(EventBody::MessageRetried { message, attempt: AttemptId::new() }).await.unwrap_err();
    assert!(e.to_string().contains("queued"), "{e}");
    bed.apply(EventBody::MessageCancelled { message }).await.unwrap();
    assert_eq!(bed.message(message).await.state, DeliveryState::Cancelled);
    bed.whole().await;
}

#[tokio::test]
async fn a_failed_message_can_be_put_aside() {
    let bed = Bed::new().await;
    bed.webhook(vec![says(&marta(), "w1", NOW, "hi")]).await;
    let thread = bed.threads().await[0].id;
    let (message, _) = bed.sent(thread, "hello", "out1").await;
    bed.webhook(vec![status("out1", "failed", None)]).await;
    assert!(!bed.message(message).await.put_aside);
    for _ in 0..2 {
        bed.apply(EventBody::MessageCancelled { message }).await.unwrap();
    }
    assert!(bed.message(message).await.put_aside);
    assert_eq!(bed.threads().await[0].failed, 0);
    bed.whole().await;
}

#[tokio::test]
async fn sends_of_one_thread_are_due_one_at_a_time_in_order() {
    let bed = Bed::new().await;
    bed.webhook(vec![says(&marta(), "w1", NOW, "hi")]).await;
    let thread = bed.threads().await[0].id;
    let (a, attempt) = bed.queue(thread, "1").await;
    let (b, _) = bed.queue(thread, "2").await;
    let due = |bed: &Bed| {
        let store = bed.store.clone();
        async move {
            store.read(|r| r.due(NOW, 10)).await.unwrap().sends.iter().map(|d| d.message).collect::<Vec<_>>()
        }
    };
    assert_eq!(due(&bed).await, [a]);
    bed.apply(EventBody::AttemptStarted { message: a, attempt }).await.unwrap();
    assert!(due(&bed).await.is_empty(), "the first is on the wire");
    let outcome = AttemptOutcome::Accepted { provider_id: "o1".into(), recipient: None };
    bed.apply(EventBody::AttemptEnded { message: a, attempt, outcome }).await.unwrap();
    assert_eq!(due(&bed).await, [b]);
}

#[tokio::test]
async fn reading_and_unreading_keep_the_counters() {
    let bed = Bed::new().await;
    bed.webhook((0..3).map(|i| says(&marta(), &format!("w{i}"), NOW + i, "x")).collect()).await;
    let thread = bed.threads().await[0].id;
    bed.apply(EventBody::ThreadRead { thread, upto: NOW + 1, stored: None }).await.unwrap();
    assert_eq!(bed.threads().await[0].unread, 1);
    bed.apply(EventBody::ThreadRead { thread, upto: NOW + 9, stored: None }).await.unwrap();
    bed.whole().await;
    assert!(
        bed.store.read(|r| r.threads(None, ThreadFilter::Unread, None, 9)).await.unwrap().items.is_empty()
    );
    bed.apply(EventBody::ThreadUnread { thread }).await.unwrap();
    assert_eq!(bed.threads().await[0].unread, 1);
    bed.whole().await;
}

#[tokio::test]
async fn a_poison_update_costs_itself_only() {
    let bed = Bed::new().await;
    let nobody = Peer::default();
    let changes =
        vec![says(&marta(), "w1", NOW, "a"), says(&nobody, "w2", NOW, "b"), says(&marta(), "w3", NOW, "c")];
    let reply = bed.webhook(changes).await;
    assert_eq!(reply.problems, 1);
    let row = bed.threads().await.remove(0);
    assert_eq!(row.unread, 2);
    let (_, failed) = bed.store.read(Reader::webhook_facts).await.unwrap();
    assert_eq!(failed, 1);
    bed.whole().await;
}

#[tokio::test]
async fn reactions_edits_and_deletions_find_their_message_even_when_they_overtake_it() {
    let bed = Bed::new().await;
    let react = |emoji: &str, at| Change::Reaction {
        provider_id: "r".into(),
        at,
        peer: marta(),
        own: false,
        target: "w1".into(),
        emoji: emoji.into(),
    };
    bed.webhook(vec![react("👍", NOW + 5)]).await;
    bed.webhook(vec![says(&marta(), "w1", NOW, "helo")]).await;
    let thread = bed.threads().await[0].id;
    assert_eq!(bed.messages(thread).await[0].reactions[0].emoji, "👍");
    bed.webhook(vec![react("", NOW + 9)]).await;
    bed.webhook(vec![react("👍", NOW + 5)]).await;
    assert!(bed.messages(thread).await[0].reactions.is_empty(), "old news brings nothing back");
    let edit =
        Change::Edited { at: NOW + 10, peer: marta(), target: "w1".into(), body: Body::text("hello wombat") };
    bed.webhook(vec![edit]).await;
    let m = bed.messages(thread).await.remove(0);
    assert!(m.edited && m.body == Body::text("hello wombat"));
    assert_eq!(
        bed.store.read_slow(|r| r.search("helo ", None, None, None, 5)).await.unwrap().hits.items.len(),
        0
    );
    assert_eq!(
        bed.store.read_slow(|r| r.search("womb", None, None, None, 5)).await.unwrap().hits.items.len(),
        1
    );
    bed.webhook(vec![Change::Revoked { at: NOW + 11, peer: marta(), target: "w1".into() }]).await;
    assert_eq!(bed.messages(thread).await[0].body, Body::Revoked);
    bed.whole().await;
}

#[tokio::test]
async fn quotes_keep_the_text_of_what_they_answer() {
    let bed = Bed::new().await;
    bed.webhook(vec![says(&marta(), "w1", NOW, "hi")]).await;
    let thread = bed.threads().await[0].id;
    bed.sent(thread, "does friday suit you?", "out1").await;
    let Change::Message(mut m) = says(&marta(), "w2", NOW + 9000, "yes") else { unreachable!() };
    m.quotes = Some("out1".into());
    bed.webhook(vec![Change::Message(m)]).await;
    let last = bed.messages(thread).await.pop().unwrap();
    let q = last.quote.unwrap();
    assert!(q.own && q.text == "does friday suit you?" && q.message.is_some());
}

#[tokio::test]
async fn search_finds_parts_of_words_before_and_after_they_are_indexed() {
    let bed = Bed::new().await;
    bed.webhook(vec![
        says(&marta(), "w1", NOW, "the delivery of 订单号 4711"),
        says(&marta(), "w2", NOW, "другой заказ"),
    ])
    .await;
    for round in 0..2 {
        for (text, n) in
            [("elive", 1), ("订单", 1), ("单号", 1), ("каз", 1), ("zzz", 0), ("4711", 1), ("\"of 订单\"", 1)]
        {
            let found = bed.store.read_slow(move |r| r.search(text, None, None, None, 10)).await.unwrap();
            assert_eq!(found.hits.items.len(), n, "{text} in round {round}");
        }
        while bed.store.tidy().await.unwrap() {}
    }
}

#[tokio::test]
async fn pages_are_continued_without_gaps_or_doubles() {
    let bed = Bed::new().await;
    bed.webhook((0..25).map(|i| says(&marta(), &format!("w{i}"), NOW + i / 3, &i.to_string())).collect())
        .await;
    let thread = bed.threads().await[0].id;
    let mut seen = Vec::new();
    let mut place = Place::Newest;
    loop {
        let page = bed.store.read(move |r| r.messages(thread, place, 10)).await.unwrap();
        seen.splice(0..0, page.items.iter().map(|m| m.body.plain_text()));
        match page.older {
            Some(c) => place = Place::Before(c),
            None => break,
        }
    }
    assert_eq!(seen, (0..25).map(|i| i.to_string()).collect::<Vec<_>>());
    let middle = bed.messages(thread).await[12].id;
    let page = bed.store.read(move |r| r.messages(thread, Place::Around(middle), 6)).await.unwrap();
    assert_eq!(page.items.len(), 6);
    assert!(page.items.iter().any(|m| m.id == middle) && page.older.is_some() && page.newer.is_some());
}

#[tokio::test]
async fn drafts_templates_and_quick_replies_are_kept() {
    let bed = Bed::new().await;
    bed.webhook(vec![says(&marta(), "w1", NOW, "hi")]).await;
    let thread = bed.threads().await[0].id;
    bed.apply(EventBody::DraftSaved { thread, mode: DraftMode::Reply, text: "Oi Ma".into() }).await.unwrap();
    let detail = bed.store.read(move |r| r.thread(thread)).await.unwrap();
    assert!(detail.row.draft && detail.draft == "Oi Ma");
    let long = "x".repeat(70_000);
    assert!(bed.apply(EventBody::DraftSaved { thread, mode: DraftMode::Reply, text: long }).await.is_err());
    let news = TemplateNews {
        name: "t".into(),
        language: "en".into(),
        status: Some("SOMETHING_NEW".into()),
        ..TemplateNews::default()
    };
    bed.webhook(vec![Change::Template(Box::new(news))]).await;
    let list = bed.store.read(|r| r.templates(&account())).await.unwrap();
    assert_eq!(list[0].status, "SOMETHING_NEW");
    let q = |id, shortcut: &str| QuickReply {
        id,
        shortcut: shortcut.into(),
        text: "t".into(),
        ..QuickReply::default()
    };
    let a = QuickReplyId::new();
    bed.apply(EventBody::QuickReplySaved { reply: q(a, "hours") }).await.unwrap();
    let taken =
        bed.apply(EventBody::QuickReplySaved { reply: q(QuickReplyId::new(), "HOURS") }).await.unwrap_err();
    assert!(taken.to_string().contains("another quick reply"), "{taken}");
    bed.apply(EventBody::QuickReplyUsed { reply: a }).await.unwrap();
    assert_eq!(bed.store.read(|r| r.quick_replies("ana")).await.unwrap()[0].used, 1);
    bed.apply(EventBody::QuickReplyDeleted { reply: a }).await.unwrap();
    assert!(bed.apply(EventBody::QuickReplyDeleted { reply: a }).await.is_err());
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_reopen_and_the_files_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    let clock = Clock::manual(NOW);
    let store = Store::open(&path, clock.clone(), Box::new(|_| {})).unwrap();
    let spec = AccountSpec {
        id: account(),
        name: "S".into(),
        provider: "meta".into(),
        environment: "production".into(),
        number: NUMBER.into(),
        business: "1".into(),
    };
    store.apply(Event::new(NOW, Actor::Engine, EventBody::AccountConfigured { spec })).await.unwrap();
    for file in ["s.db", "s.db-wal", "s.db-shm"] {
        let mode = std::fs::metadata(dir.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let copy = dir.path().join("copy.db");
    let target = copy.clone();
    store.read_slow(move |r| r.backup(&target)).await.unwrap();
    store.close().await;
    assert!(!dir.path().join("s.db-wal").exists(), "the log is folded in");
    for p in [path, copy] {
        let store = Store::open(&p, clock.clone(), Box::new(|_| {})).unwrap();
        assert_eq!(store.read(Reader::accounts).await.unwrap().len(), 1);
        store.close().await;
    }
}

#[tokio::test]
async fn a_history_placeholder_is_replaced_by_its_media() {
    let bed = Bed::new().await;
    let entry = |body: Body| {
        let Change::Message(mut m) = says(&marta(), "h1", NOW - 9_000_000, "") else { unreachable!() };
        m.body = body;
        m.history = true;
        m.opens_window = false;
        Change::Message(m)
    };
    bed.webhook(vec![entry(Body::Unknown { kind: "media_placeholder".into(), text: String::new() })]).await;
    let image = Body::Media {
        kind: crate::model::message::MediaKind::Image,
        media: crate::model::message::MediaCard::default(),
        caption: "the rim".into(),
    };
    for _ in 0..2 {
        bed.webhook(vec![entry(image.clone())]).await;
    }
    let row = bed.threads().await.remove(0);
    assert_eq!((row.unread, row.window.until), (0, None));
    assert_eq!(bed.messages(row.id).await[0].body, image);
    assert_eq!(
        bed.store.read_slow(|r| r.search("rim", None, None, None, 5)).await.unwrap().hits.items.len(),
        1
    );
}

#[tokio::test]
async fn raw_webhooks_are_kept_as_long_as_wanted_and_their_messages_for_ever() {
    let bed = Bed::new().await;
    bed.webhook(vec![says(&marta(), "w1", NOW, "old")]).await;
    bed.clock.advance(1000);
    bed.webhook(vec![says(&marta(), "w2", NOW, "new")]).await;
    assert_eq!(bed.store.read(Reader::oldest_webhook).await.unwrap(), Some(NOW));
    let reply = bed
        .apply(EventBody::WebhooksExpired { before: NOW + 500, failed_before: None, keep_bytes: None })
        .await
        .unwrap();
    assert!(!reply.more);
    assert_eq!(bed.store.read(Reader::oldest_webhook).await.unwrap(), Some(NOW + 1000));
    assert_eq!(bed.store.read(|r| r.count(Table::Messages)).await.unwrap(), 2);
}

#[tokio::test]
async fn an_answer_within_the_second_of_the_question_stands_after_it() {
    let bed = Bed::new().await;
    bed.webhook(vec![says(&marta(), "w1", NOW - 60_000, "hi")]).await;
    let thread = bed.threads().await[0].id;
    bed.clock.set(NOW + 700);
    bed.sent(thread, "question", "out1").await;
    bed.clock.set(NOW + 900);
    bed.webhook(vec![says(&marta(), "w2", NOW, "answer")]).await;
    let texts: Vec<String> = bed.messages(thread).await.iter().map(|m| m.body.plain_text()).collect();
    assert_eq!(texts, ["hi", "question", "answer"]);
    bed.whole().await;
}

#[tokio::test]
async fn threads_of_all_accounts_are_one_list_without_gaps_or_doubles() {
    let bed = Bed::new().await;
    let spec = AccountSpec {
        id: AccountId::new("sales"),
        name: "Sales".into(),
        provider: "meta".into(),
        environment: "production".into(),
        number: "2".into(),
        business: "218834005551201".into(),
    };
    bed.apply(EventBody::AccountConfigured { spec }).await.unwrap();
    let route = |n: &str| Route { number: Some(n.into()), ..Route::default() };
    let changes = (0..20)
        .map(|i| {
            let peer = Peer {
                identities: vec![Identity::phone(format!("49151000{i:02}"))],
                profile_name: String::new(),
            };
            let number = if i % 3 == 0 { "2" } else { NUMBER };
            // Some share a time, so that the tie-break counts.
            Routed { route: route(number), change: says(&peer, &format!("w{i}"), NOW + 1 + (i / 4), "x") }
        })
        .collect();
    bed.apply(EventBody::WebhookReceived {
        account: account(),
        provider: "meta".into(),
        raw: b"{}".to_vec(),
        batch: Some(WebhookBatch { changes, problems: vec![] }),
        problem: None,
    })
    .await
    .unwrap();
    for filter in [ThreadFilter::All, ThreadFilter::Unread] {
        let mut seen = Vec::new();
        let mut before = None;
        loop {
            let page = bed.store.read(move |r| r.threads(None, filter, before, 3)).await.unwrap();
            seen.extend(page.items);
            match page.next {
                Some(c) => before = Some(c),
                None => break,
            }
        }
        assert_eq!(seen.len(), 20, "{filter:?}");
        assert!(seen.is_sorted_by_key(|t| std::cmp::Reverse(t.last_at)));
        let ids: std::collections::BTreeSet<_> = seen.iter().map(|t| t.id).collect();
        assert_eq!(ids.len(), 20, "{filter:?}");
    }
    bed.whole().await;
}
