//! The store under fire: any webhook is applied, any query is asked, and the counters stay true.
//!
//! One database in memory for all inputs; each runs in a transaction that is taken back.

use super::apply::{self, Context};
use super::reader::Reader;
use super::{StoreError, migrate};
use crate::model::contact::Identity;
use crate::model::event::{AccountSpec, Actor, Event, EventBody};
use crate::model::ids::AccountId;
use crate::model::inbound::{Author, Change, InboundMessage, Peer, Route, Routed, WebhookBatch};
use crate::model::message::{Body, Message};
use crate::model::thread::{ThreadFilter, ThreadRow};
use crate::protocol::{Found, Place};
use rusqlite::Connection;
use std::cell::RefCell;

/// What a provider's parser made of a body.
pub type Parsed = Result<WebhookBatch, String>;

/// The time of everything.
pub const NOW: i64 = 1_795_176_100_000;
/// The number id that the recorded bodies name.
pub const NUMBER: &str = "339901477551020";

struct Bed {
    reader: Reader,
    context: Context,
}

impl Bed {
    fn new() -> Result<Self, StoreError> {
        let mut conn = Connection::open_in_memory()?;
        conn.set_prepared_statement_cache_capacity(128);
        migrate::migrate(&mut conn)?;
        let mut context = Context::load(&conn, None)?;
        context.begin(NOW, false);
        let spec = AccountSpec {
            id: AccountId::new("support"),
            name: "Support".into(),
            provider: "meta".into(),
            environment: "production".into(),
            number: NUMBER.into(),
            business: "218834005551201".into(),
        };
        let event = Event::new(NOW, Actor::Engine, EventBody::AccountConfigured { spec });
        apply::apply(&conn, &mut context, &event)?;
        context.flush(&conn)?;
        context.reload(&conn);
        Ok(Self { reader: Reader::over(conn)?, context })
    }

    fn webhook(&mut self, raw: &[u8], parsed: &Parsed, careful: bool) -> Result<(), StoreError> {
        let body = EventBody::WebhookReceived {
            account: AccountId::new("support"),
            provider: "meta".into(),
            raw: raw.to_vec(),
            batch: parsed.as_ref().ok().cloned(),
            problem: parsed.as_ref().err().cloned(),
        };
        self.context.begin(NOW, careful);
        let event = Event::new(NOW, Actor::Provider, body);
        apply::apply(&self.reader.conn, &mut self.context, &event)?;
        self.context.flush(&self.reader.conn)
    }
}

thread_local! {
    static EMPTY: RefCell<Option<Bed>> = const { RefCell::new(None) };
    static LIBRARY: RefCell<Option<Bed>> = const { RefCell::new(None) };
}

/// What the screen would ask for afterwards.
#[derive(Debug, Default)]
pub struct Shown {
    /// Threads.
    pub threads: Vec<ThreadRow>,
    /// Messages of the first threads.
    pub messages: Vec<Message>,
}

/// Applies a webhook as the writer does it: at once, and where that fails update by update.
fn apply_once(bed: &mut Bed, raw: &[u8], parsed: &Parsed) -> Result<Shown, StoreError> {
    bed.reader.conn.execute_batch("SAVEPOINT whole")?;
    if bed.webhook(raw, parsed, false).is_err() {
        bed.reader.conn.execute_batch("ROLLBACK TO whole")?;
        bed.context.reload(&bed.reader.conn);
        bed.webhook(raw, parsed, true)?;
    }
    bed.reader.conn.execute_batch("RELEASE whole")?;
    let threads = bed.reader.threads(None, ThreadFilter::All, None, 50)?.items;
    let mut messages = Vec::new();
    for t in threads.iter().take(20) {
        messages.extend(bed.reader.messages(t.id, Place::Newest, 50)?.items);
    }
    Ok(Shown { threads, messages })
}

fn apply_twice(bed: &mut Bed, raw: &[u8], parsed: &Parsed) -> Result<Shown, StoreError> {
    bed.reader.conn.execute_batch("BEGIN")?;
    let first = apply_once(bed, raw, parsed)?;
    let again = apply_once(bed, raw, parsed)?;
    let ids = |s: &Shown| s.messages.iter().map(|m| m.id).collect::<Vec<_>>();
    assert_eq!(ids(&first), ids(&again), "the same POST twice makes other messages");
    let wrong = bed.reader.recount()?;
    assert!(wrong.is_empty(), "{wrong:?}");
    while apply::tidy_in(&bed.reader.conn)? {}
    bed.reader.conn.execute_batch("ROLLBACK")?;
    bed.reader.recent.take();
    bed.context.reload(&bed.reader.conn);
    Ok(again)
}

/// Applies a webhook twice. The second time changes nothing, the counters agree with a recount, and everything can
/// be read again. The database is empty afterwards.
pub fn ingest(raw: &[u8], parsed: &Parsed) -> Shown {
    EMPTY.with_borrow_mut(|slot| {
        // A bed that an error left behind is not used again.
        let mut bed = match slot.take() {
            Some(bed) => bed,
            None => Bed::new().unwrap_or_else(|e| unreachable!("no database: {e}")),
        };
        let shown =
            apply_twice(&mut bed, raw, parsed).unwrap_or_else(|e| unreachable!("the store gave up: {e}"));
        *slot = Some(bed);
        shown
    })
}

const TEXTS: &[&str] = &[
    "Where is my order 4711? It was \"promised\" for two weeks ago",
    "Cadê o meu pedido? Não chegou 100% %_\\ ainda",
    "请问这个订单什么时候发货 こんにちは 한국어",
    "أين طلبي؟ שלום नमस्ते ไทย",
    "a\u{2}b\u{3}c \u{1b}[31m \u{202e} 👨‍👩‍👧 İstanbul ſtraße ﬁn",
];

/// A database with some texts; the newer ones are not in the index of word parts.
fn library() -> Result<Bed, StoreError> {
    let mut bed = Bed::new()?;
    for (i, text) in TEXTS.iter().enumerate() {
        let peer = Peer {
            identities: vec![Identity::phone(format!("44770090012{i}"))],
            profile_name: (*text).to_owned(),
        };
        let message = InboundMessage {
            provider_id: format!("wamid.{i}"),
            at: NOW - 90_000,
            peer,
            author: Author::Customer,
            participant: None,
            body: Body::text(*text),
            quotes: None,
            tag: None,
            opens_window: true,
            history: false,
            state: None,
        };
        let route = Route { number: Some(NUMBER.into()), ..Route::default() };
        let changes = vec![Routed { route, change: Change::Message(Box::new(message)) }];
        bed.webhook(b"{}", &Ok(WebhookBatch { changes, problems: Vec::new() }), false)?;
        if i == 2 {
            while apply::tidy_in(&bed.reader.conn)? {}
        }
    }
    Ok(bed)
}

/// Searches a store that holds some texts.
pub fn search(query: &str) -> Found {
    LIBRARY.with_borrow_mut(|slot| {
        let bed = slot.get_or_insert_with(|| library().unwrap_or_else(|e| unreachable!("no database: {e}")));
        match bed.reader.search(query, None, None, None, 10) {
            Ok(found) => found,
            // A mistake in a filter is told, not searched for.
            Err(super::StoreError::Rule(_)) => Found::default(),
            Err(e) => unreachable!("the query {query:?} broke: {e}"),
        }
    })
}
