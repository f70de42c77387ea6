//! The engine: owns the store and the providers, takes webhooks in, sends, syncs, and answers clients.
//!
//! Clients reach it only through [`crate::protocol`]: [`Engine::connect`] gives a connection, in process or for the
//! socket to pump. Knows `store`, `provider`, `protocol`, `model`; knows nothing of screens, shells or HTTP servers.

mod access;
mod accounts;
mod activity;
mod admin;
mod beginning;
pub mod bench;
mod blocks;
mod check;
mod contacts;
mod conversation;
mod deletion;
mod disk;
mod doctor;
mod files;
mod follow;
mod hand_over;
mod handling;
mod history;
mod hub;
mod ingest;
mod library;
mod limits;
mod masking;
mod mentions;
mod new_key;
mod notes;
mod numbers;
mod onboarding;
mod outbox;
mod paths;
mod preferences;
mod presence;
mod recorder;
mod reload;
mod sendable;
mod session;
mod sharing;
mod silence;
mod sync;
mod templates;
mod together;
mod updates;
mod vault;
mod wizard;

pub use crate::provider::posts::Head;
pub use ingest::{Inlet, Refused};
pub use reload::Reloaded;
pub use templates::{ActionCall, ActionDone};

use crate::clock::Clock;
use crate::config::settings::EngineSettings;
use crate::model::access::{AccessBook, Scope};
use crate::model::client::ClientInfo;
use crate::model::delivery::DeliveryError;
use crate::model::event::{Actor, AttemptOutcome, Event, EventBody};
use crate::model::ids::AccountId;
use crate::model::seat::Seat;
use crate::protocol::Changed;
use crate::protocol::access::Attached;
use crate::protocol::client::{Connection, pair};
use crate::store::{DiskTrouble, Store, StoreError};
use accounts::Account;
use hub::Hub;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Why the engine could not start.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The store could not be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file with the listener's paths could not be read or written.
    #[error("{path}: {error}")]
    Paths {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        error: String,
    },
    /// An account names a provider that this version does not have.
    #[error("account `{account}`: there is no provider `{provider}`")]
    Provider {
        /// Which account.
        account: AccountId,
        /// The provider's name.
        provider: String,
    },
}

impl EngineError {
    /// What to do, where that is plain.
    #[must_use]
    pub fn next(&self) -> Option<&'static str> {
        match self {
            Self::Store(e) => match e.disk()? {
                DiskTrouble::Full => Some("make room on the disk of the data folder, and start again"),
                DiskTrouble::ReadOnly => Some("make the data folder and its files writable, and start again"),
                DiskTrouble::Failing => {
                    Some("look at the system's log, at the disk, and at who may write the data folder")
                }
            },
            _ => None,
        }
    }
}

#[derive(Default)]
struct Counters {
    webhooks: AtomicU64,
    bad_signatures: AtomicU64,
}

type Bound = Result<SocketAddr, String>;

/// The engine as one client meets it: what there is is there for all, but the store shows to each what it may see.
/// The engine's own tasks see everything.
struct Shared {
    core: Arc<Core>,
    store: Store,
    /// Where the client sits; noted with what it does.
    seat: Option<Arc<Seat>>,
}

impl std::ops::Deref for Shared {
    type Target = Core;

    fn deref(&self) -> &Core {
        &self.core
    }
}

impl Shared {
    /// The engine for an operator who sits there and sees so much.
    fn seeing(&self, scope: &Scope, operator: &str, seat: Seat) -> Arc<Self> {
        let store = self.store.seeing(scope).asked_by(operator);
        Arc::new(Self { core: Arc::clone(&self.core), store, seat: Some(Arc::new(seat)) })
    }
}

impl Shared {
    /// The same with nothing hidden: for what follows from a change that somebody there was allowed to make.
    fn unlimited(&self) -> Arc<Self> {
        let store = self.store.seeing(&Scope::all()).asked_by("");
        Arc::new(Self { core: Arc::clone(&self.core), store, seat: self.seat.clone() })
    }

    /// The engine as its own tasks meet it.
    fn whole(&self) -> Self {
        let store = self.store.seeing(&Scope::all()).asked_by("");
        Self { core: Arc::clone(&self.core), store, seat: None }
    }
}

/// Everything in the engine but the store.
struct Core {
    settings: EngineSettings,
    /// What of the settings may change meanwhile.
    live: RwLock<reload::Live>,
    clock: Clock,
    /// The user that the engine runs as.
    uid: u32,
    /// Who may do what; told to every session when it changes.
    book: watch::Sender<Arc<AccessBook>>,
    /// Who is attached, by the number of the session.
    attached: Mutex<BTreeMap<u64, Attached>>,
    last_session: AtomicU64,
    /// Which of them are screens, and what they show.
    screens: presence::Screens,
    hub: Arc<Hub>,
    /// The accounts at work.
    registry: accounts::Registry,
    counters: Counters,
    listener: Mutex<Option<Bound>>,
    disk: disk::Disk,
    files: files::Depot,
    /// Files on their way to the provider.
    uploading: hand_over::Progress,
    /// Bodies that the doctor is about to post with a wrong signature.
    expected: Mutex<Vec<Vec<u8>>>,
    silence: silence::Watch,
    /// When providers asked for their challenge.
    handshakes: wizard::Handshakes,
    refusals: activity::Refusals,
    board: onboarding::Board,
    /// The doctor sees one patient at a time.
    doctor: tokio::sync::Mutex<()>,
    outbox: Notify,
    sync: Notify,
    /// Templates that are to be looked at again.
    templates: templates::Desk,
    /// Reading the past of accounts.
    history: history::Desk,
    /// Sends on their way to a provider.
    sending: AtomicU64,
    tidy: Notify,
    /// Something was snoozed, or is not any more.
    snooze: Notify,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Shared {
    fn event(&self, actor: Actor, body: EventBody) -> Event {
        // What the engine does by itself while it answers somebody is not their doing.
        let seat = match &actor {
            Actor::Operator(_) => self.seat.as_deref().cloned().map(Box::new),
            _ => None,
        };
        Event { seat, ..Event::new(self.clock.now(), actor, body) }
    }

    async fn engine_event(&self, body: EventBody) -> Result<(), StoreError> {
        self.store.apply(self.event(Actor::Engine, body)).await.map(|_| ())
    }

    fn live(&self) -> reload::Live {
        *self.live.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn bound(&self) -> Option<Bound> {
        self.listener.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the doctor said that this body would come with a wrong signature; once.
    fn expected(&self, body: &[u8]) -> bool {
        let mut list = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        let found = list.iter().position(|b| b == body);
        found.map(|i| list.swap_remove(i)).is_some()
    }

    /// The address that the provider reaches an account's webhooks by.
    fn url(&self, account: &Account) -> Option<String> {
        let base = match (&self.settings.listener.public_url, self.bound()) {
            (Some(url), _) => url.trim_end_matches('/').to_owned(),
            (None, Some(Ok(addr))) => format!("http://{addr}"),
            (None, _) => return None,
        };
        Some(format!("{base}/webhook/{}", account.path))
    }
}

/// A running engine. Cheap to clone; [`Engine::stop`] ends it for all.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("data_dir", &self.shared.settings.data_dir).finish_non_exhaustive()
    }
}

impl Engine {
    /// Opens the store in the data folder (which exists and is locked by the caller) and starts the outbox and the
    /// sync. Must be called inside a tokio runtime.
    pub async fn start(settings: EngineSettings, clock: Clock) -> Result<Self, EngineError> {
        let hub = Arc::new(Hub::default());
        let on_commit = {
            let hub = Arc::clone(&hub);
            Box::new(move |changed: &[Changed]| hub.publish(changed))
        };
        let late = i64::try_from(settings.late.as_millis()).ok().filter(|late| *late > 0);
        let store =
            Store::open_with(&settings.data_dir.join("switchboard.db"), clock.clone(), on_commit, late)?;
        let kept = store.read(crate::store::Reader::kept_accounts).await?;
        let kept = kept.into_iter().filter_map(|(_, kept, _)| kept).collect();
        let registry = accounts::Registry::open(&settings.data_dir, &settings.accounts, kept)?;
        let background = settings.background;
        let disk = disk::Disk::new(&settings.data_dir);
        let files = files::Depot::new(&settings.data_dir);
        let book = store.read(crate::store::Reader::access_book).await?;
        let core = Core {
            live: RwLock::new(reload::Live::of(&settings)),
            settings,
            clock,
            uid: crate::users::own_uid(),
            book: watch::Sender::new(Arc::new(book)),
            attached: Mutex::default(),
            last_session: AtomicU64::new(0),
            screens: presence::Screens::default(),
            hub,
            registry,
            counters: Counters::default(),
            listener: Mutex::new(None),
            disk,
            files,
            uploading: hand_over::Progress::default(),
            expected: Mutex::default(),
            silence: silence::Watch::default(),
            handshakes: wizard::Handshakes::default(),
            refusals: activity::Refusals::default(),
            board: onboarding::Board::default(),
            doctor: tokio::sync::Mutex::default(),
            outbox: Notify::new(),
            sync: Notify::new(),
            templates: templates::Desk::default(),
            history: history::Desk::default(),
            sending: AtomicU64::new(0),
            tidy: Notify::new(),
            snooze: Notify::new(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        let shared = Arc::new(Shared { core: Arc::new(core), store, seat: None });
        let engine = Self { shared };
        if let Err(error) = engine.begin().await {
            // What is here can be read while there is no room; the rest is done when there is.
            match (&error, background) {
                (EngineError::Store(e), true) if e.disk().is_some() => {
                    engine.shared.disk.set(&engine.shared, e.disk());
                    tracing::error!(%error, "the engine starts without being able to write");
                }
                _ => return Err(error),
            }
        }
        if background {
            let tasks = &engine.shared.tasks;
            tasks.spawn(outbox::run(Arc::clone(&engine.shared)));
            tasks.spawn(onboarding::run(Arc::clone(&engine.shared)));
            tasks.spawn(sync::run(Arc::clone(&engine.shared)));
            tasks.spawn(sync::tidy(Arc::clone(&engine.shared)));
            tasks.spawn(templates::watch(Arc::clone(&engine.shared)));
            tasks.spawn(history::run(Arc::clone(&engine.shared)));
            tasks.spawn(recorder::expire(Arc::clone(&engine.shared)));
            tasks.spawn(deletion::resume(Arc::clone(&engine.shared)));
            tasks.spawn(activity::expire(Arc::clone(&engine.shared)));
            tasks.spawn(files::expire(Arc::clone(&engine.shared)));
            tasks.spawn(disk::watch(engine.clone()));
            tasks.spawn(silence::watch(Arc::clone(&engine.shared)));
            tasks.spawn(handling::wake_when_due(Arc::clone(&engine.shared)));
            tasks.spawn(presence::run(Arc::clone(&engine.shared)));
            tasks.spawn(sharing::run(Arc::clone(&engine.shared)));
        }
        Ok(engine)
    }

    /// What has to be written before anything else.
    async fn begin(&self) -> Result<(), EngineError> {
        self.configure().await?;
        self.settle().await
    }

    /// Tells the store about accounts whose configuration changed.
    async fn configure(&self) -> Result<(), EngineError> {
        let known = self.shared.store.read(crate::store::Reader::accounts).await?;
        for account in self.shared.accounts().iter().take(self.shared.registry.configured()) {
            let spec = &account.settings.spec;
            if !known.iter().any(|k| !k.life.kept && k.defined() == *spec) {
                self.shared.engine_event(EventBody::AccountConfigured { spec: spec.clone() }).await?;
            }
        }
        Ok(())
    }

    /// Attempts that were on the wire when the last engine ended are unknown, not sent again.
    async fn settle(&self) -> Result<(), EngineError> {
        for (message, attempt) in self.shared.store.read(crate::store::Reader::interrupted).await? {
            let error = DeliveryError {
                code: 0,
                text: "the program ended before the provider's answer came".into(),
                cause: Some(
                    "nobody knows yet whether it was sent; a status from the provider will tell".into(),
                ),
                next: Some("wait for a status, send it again, or put it aside".into()),
            };
            let outcome = AttemptOutcome::Unknown { error };
            self.shared.engine_event(EventBody::AttemptEnded { message, attempt, outcome }).await?;
        }
        Ok(())
    }

    /// A new client's connection. Who it is was found out by the caller; whether it may come in is decided here,
    /// and answered to its first request.
    pub fn connect(&self, client: &ClientInfo) -> Connection {
        let (connection, peer) = pair();
        let shared = Arc::clone(&self.shared);
        self.shared.tasks.spawn(session::run(shared, peer, client.clone()));
        connection
    }

    /// Says where the webhook listener is, or why it is not. Wakes the sync, which points the provider here.
    pub fn listener(&self, bound: Bound) {
        self.shared.silence.listening(bound.is_ok().then(|| self.shared.clock.now()));
        *self.shared.listener.lock().unwrap_or_else(PoisonError::into_inner) = Some(bound);
        self.shared.hub.publish(&[Changed::StatusChanged]);
        self.shared.sync.notify_one();
    }

    /// The webhook address of an account, for the provider's settings page.
    #[must_use]
    pub fn listener_url(&self, account: &AccountId) -> Option<String> {
        self.shared.account(account).and_then(|a| self.shared.url(&a))
    }

    /// Stops taking requests, lets attempts on the wire end (at most ten seconds), and closes the store.
    pub async fn stop(&self) {
        self.shared.stop.cancel();
        self.shared.tasks.close();
        if tokio::time::timeout(std::time::Duration::from_secs(10), self.shared.tasks.wait()).await.is_err() {
            tracing::warn!("some tasks did not end in time");
        }
        self.shared.store.close().await;
    }

    /// Makes the database behave as if its disk were full, or could only be read; for tests.
    #[doc(hidden)]
    pub async fn hinder(&self, how: Option<DiskTrouble>) -> Result<(), StoreError> {
        self.shared.store.hinder(how).await
    }

    /// Webhooks stored since the start.
    #[must_use]
    pub fn webhooks(&self) -> u64 {
        self.shared.counters.webhooks.load(Ordering::Relaxed)
    }
}
