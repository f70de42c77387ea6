//! Our copy of the provider's templates: read again by name when somebody asks, before a send when it is old, and while
//! something is being judged, in case the webhook that tells of it is lost.

use super::super::{Account, Shared};
use crate::clock::Millis;
use crate::engine::sync::SyncError;
use crate::model::event::EventBody;
use crate::model::ids::AccountId;
use crate::model::outgoing::Outgoing;
use crate::model::template::Template;
use crate::model::template::act::TemplateAct;
use crate::protocol::Problem;
use crate::provider::Outcome;
use crate::store::StoreError;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// First wait before the state of a template that is being judged is read again.
const LOOK: Millis = 5_000;
/// Longest wait: every one is half as long again as the one before.
const LOOK_MAX: Millis = 30 * 60_000;
/// A copy that was confirmed so long ago is noted as confirmed although nothing in it changed.
const CONFIRM: Millis = 60 * 60_000;
/// From so many names of one account on, the whole list is read instead.
const MANY: usize = 10;
/// How long a send waits for the provider's word about an old copy.
const SOON: Duration = Duration::from_secs(3);
/// After a failure nobody waits for it again for so long.
const REST: Millis = 60_000;

/// What is to be read again, and what could not be.
#[derive(Default)]
pub(in crate::engine) struct Desk {
    changed: Notify,
    doubted: Mutex<BTreeSet<(AccountId, String)>>,
    failed: Mutex<BTreeMap<AccountId, Millis>>,
}

impl Desk {
    /// Something about templates changed: it is looked whether any is being judged.
    pub fn wake(&self) {
        self.changed.notify_one();
    }

    /// The provider said something about a template that our copy does not know: it is read again now.
    pub fn doubt(&self, account: &AccountId, name: &str) {
        let mut doubted = self.doubted.lock().unwrap_or_else(PoisonError::into_inner);
        doubted.insert((account.clone(), name.to_owned()));
        self.changed.notify_one();
    }

    fn doubted(&self) -> BTreeSet<(AccountId, String)> {
        std::mem::take(&mut *self.doubted.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn has_failed(&self, account: &AccountId, now: Millis) -> bool {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.get(account).is_some_and(|at| now - at < REST)
    }

    fn note(&self, account: &AccountId, failed: Option<Millis>) {
        let mut list = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        match failed {
            Some(at) => list.insert(account.clone(), at),
            None => list.remove(account),
        };
    }
}

/// Reads a name again before a send, where the provider answers soon. Where it does not, the copy serves: nobody waits for
/// long, and nobody waits again right away.
pub(super) async fn freshen(shared: &Shared, account: &Account, name: &str) {
    let id = account.id();
    if shared.templates.has_failed(id, shared.clock.now()) {
        return;
    }
    let why = match tokio::time::timeout(SOON, refresh(shared, account, name)).await {
        Ok(Ok(())) => return shared.templates.note(id, None),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "the provider does not answer soon".to_owned(),
    };
    tracing::warn!(account = %id, name, why, "an old template was not read again: the copy serves");
    shared.templates.note(id, Some(shared.clock.now()));
}

/// Codes by which the provider says that a template is not as we have it.
const ABOUT_TEMPLATES: std::ops::RangeInclusive<i64> = 132_000..=132_999;

/// A send has ended: where the provider refuses the template itself, our copy is not to be trusted.
pub(in crate::engine) fn heard(shared: &Shared, account: &AccountId, content: &Outgoing, outcome: &Outcome) {
    if let (Outgoing::Template { send, .. }, Outcome::Rejected(error)) = (content, outcome)
        && ABOUT_TEMPLATES.contains(&error.code)
    {
        shared.templates.doubt(account, &send.name);
    }
}

/// A failure as a client gets it.
pub(super) fn problem(account: &AccountId, e: SyncError) -> Problem {
    match e {
        SyncError::Call(e) => super::refused(account, e),
        SyncError::Store(e) => e.into(),
    }
}

/// All languages of a name as the provider has them, read now.
async fn read(shared: &Shared, account: &Account, name: &str) -> Result<Vec<Template>, SyncError> {
    let began = shared.clock.now();
    let mut list = match account.provider.template_admin() {
        Some(admin) => admin.templates_named(name).await?,
        None => account.provider.templates().await?,
    };
    list.retain(|t| t.name == name);
    for t in &mut list {
        t.synced_at = began;
    }
    Ok(list)
}

/// Reads a name again and notes what there is.
pub(in crate::engine) async fn refresh(
    shared: &Shared,
    account: &Account,
    name: &str,
) -> Result<(), SyncError> {
    let templates = read(shared, account, name).await?;
    let what = TemplateAct::Read { name: name.to_owned(), templates };
    shared.engine_event(EventBody::TemplateAdministered { account: account.id().clone(), what }).await?;
    Ok(())
}

/// The same, noted only where something is new.
async fn look(shared: &Shared, account: &Account, name: &str) -> Result<(), SyncError> {
    let now = read(shared, account, name).await?;
    let (id, wanted) = (account.id().clone(), name.to_owned());
    let known = shared.store.read(move |r| r.template_rows(&id, Some(&wanted))).await?;
    let same = |(was, now): (&Template, &Template)| {
        let fresh = was.synced_at > 0 && now.synced_at - was.synced_at < CONFIRM;
        fresh && Template { synced_at: now.synced_at, ..was.clone() } == *now
    };
    let mut sorted: Vec<&Template> = now.iter().collect();
    sorted.sort_by(|a, b| a.language.cmp(&b.language));
    if known.len() == sorted.len() && known.iter().map(|r| &r.template).zip(sorted).all(same) {
        return Ok(());
    }
    let what = TemplateAct::Read { name: name.to_owned(), templates: now };
    shared.engine_event(EventBody::TemplateAdministered { account: account.id().clone(), what }).await?;
    Ok(())
}

/// When a name is looked at next.
#[derive(Clone, Copy)]
struct Turn {
    at: Millis,
    wait: Millis,
}

/// Looks again at what is being judged, less and less often, until the engine stops.
pub(in crate::engine) async fn run(shared: Arc<Shared>) {
    let mut turns: BTreeMap<(AccountId, String), Turn> = BTreeMap::new();
    loop {
        let next = match step(&shared, &mut turns).await {
            Ok(next) => next,
            Err(StoreError::Stopped) => return,
            Err(error) => {
                tracing::warn!(%error, "templates could not be looked at");
                Some(shared.clock.now() + LOOK_MAX)
            }
        };
        tokio::select! {
            () = shared.stop.cancelled() => return,
            () = shared.templates.changed.notified() => {}
            () = shared.clock.until(next.unwrap_or_default()), if next.is_some() => {}
        }
    }
}

async fn step(
    shared: &Shared,
    turns: &mut BTreeMap<(AccountId, String), Turn>,
) -> Result<Option<Millis>, StoreError> {
    let open = shared.store.read(crate::store::Reader::unsettled_templates).await?;
    turns.retain(|key, _| open.contains(key));
    let now = shared.clock.now();
    for key in &open {
        turns.entry(key.clone()).or_insert(Turn { at: now + LOOK, wait: LOOK });
    }
    let mut due: BTreeMap<AccountId, BTreeSet<String>> = BTreeMap::new();
    for (account, name) in shared.templates.doubted() {
        due.entry(account).or_default().insert(name);
    }
    for ((account, name), turn) in turns.iter_mut().filter(|(_, t)| t.at <= now) {
        turn.wait = (turn.wait + turn.wait / 2).min(LOOK_MAX);
        turn.at = now + turn.wait;
        due.entry(account.clone()).or_default().insert(name.clone());
    }
    // Numbers of one business share its templates: they are read once.
    let mut read = BTreeSet::new();
    for (id, names) in due {
        let Some(account) = shared.account(&id).filter(|a| a.is_connected()) else { continue };
        if names.len() > MANY {
            shared.sync.notify_one();
            continue;
        }
        let business = account.settings.spec.business.clone();
        for name in names {
            if !business.is_empty() && !read.insert((business.clone(), name.clone())) {
                continue;
            }
            let result = tokio::select! {
                () = shared.stop.cancelled() => return Err(StoreError::Stopped),
                r = look(shared, &account, &name) => r,
            };
            match result {
                Ok(()) => {}
                Err(SyncError::Store(e)) => return Err(e),
                // It is looked at again at its turn, and the next sync reads everything.
                Err(SyncError::Call(error)) => {
                    tracing::debug!(account = %id, name, %error, "a template was not read again");
                }
            }
        }
    }
    Ok(turns.values().map(|t| t.at).min())
}
