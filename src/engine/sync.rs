//! What is read from the provider by itself: number facts, profile, templates, blocks; and pointing its webhooks here.

use super::{Account, Shared, blocks};
use crate::model::account::{CONNECTED, DISCONNECTED, ERROR, PENDING};
use crate::model::event::{Actor, EventBody};
use crate::model::ids::AccountId;
use crate::provider::CallError;
use crate::store::StoreError;
use secrecy::ExposeSecret;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Between two reads when all is well: six hours. Webhooks tell about changes in between.
const INTERVAL: Duration = Duration::from_hours(6);
/// From the start of the engine to the first read.
const FIRST: Duration = Duration::from_millis(300);
/// First wait after a failure; doubles up to [`RETRY_MAX`].
const RETRY: Duration = Duration::from_secs(1);
/// Longest wait after failures.
const RETRY_MAX: Duration = Duration::from_mins(5);
/// How long the writer must have been left alone before put-off work is done.
const QUIET: Duration = Duration::from_secs(2);
/// Waits of [`QUIET`] before put-off work is done although webhooks keep coming.
const ROUNDS: u32 = 15;

/// Why a sync failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum SyncError {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Syncs every account at the start, when asked, and now and then.
pub(super) async fn run(shared: Arc<Shared>) {
    let mut wait = RETRY;
    // The first frame of a screen in this process comes first, also when the listener is ready before it.
    let first = tokio::time::sleep(FIRST);
    tokio::pin!(first);
    loop {
        tokio::select! {
            () = shared.stop.cancelled() => return,
            () = shared.sync.notified() => {}
            () = &mut first => break,
        }
    }
    loop {
        let mut failed = false;
        let off = disconnected(&shared).await;
        for account in shared.accounts().iter().filter(|a| a.is_connected() && !off.contains(a.id())) {
            let result = tokio::select! {
                () = shared.stop.cancelled() => return,
                r = account_now(&shared, account) => r,
            };
            if let Err(error) = result {
                failed = true;
                tracing::warn!(account = %account.id(), %error, "sync failed");
            }
        }
        let pause = if failed { wait } else { INTERVAL };
        wait = if failed { (wait * 2).min(RETRY_MAX) } else { RETRY };
        tokio::select! {
            () = shared.stop.cancelled() => return,
            () = shared.sync.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Accounts that somebody took off: they are left alone until somebody connects them again. So are those that are just
/// being connected step by step: the last step syncs them.
async fn disconnected(shared: &Shared) -> Vec<AccountId> {
    let views = shared.store.read(crate::store::Reader::accounts).await.unwrap_or_default();
    let begun = |v: &crate::protocol::AccountView| {
        v.state == PENDING && shared.account(&v.spec.id).is_some_and(|a| super::onboarding::is_ours(&a))
    };
    views.into_iter().filter(|v| v.state == DISCONNECTED || begun(v)).map(|v| v.spec.id).collect()
}

/// Syncs one account now and records how its connection is. One that was taken off in the meantime stays so.
pub(super) async fn account_now(shared: &Shared, account: &Account) -> Result<(), SyncError> {
    let _alone = shared.board.alone(account.id()).await;
    let Some(account) = shared.account(account.id()).filter(|a| a.is_connected()) else { return Ok(()) };
    let views = shared.store.read(crate::store::Reader::accounts).await?;
    if views.iter().any(|v| v.spec.id == *account.id() && v.state == DISCONNECTED) {
        return Ok(());
    }
    account_alone(shared, &account).await
}

/// The same for who has the account to itself already.
pub(super) async fn account_alone(shared: &Shared, account: &Account) -> Result<(), SyncError> {
    let result = read(shared, account).await;
    let (state, text, blocks) = match &result {
        Ok(()) => (CONNECTED, String::new(), false),
        Err(SyncError::Call(e)) => {
            let code = if e.code == 0 { String::new() } else { format!("{} ", e.code) };
            // What may pass by itself must not hold up what waits in the outbox: that is tried again anyway.
            (ERROR, format!("{code}{}", e.text), e.auth && !e.transient)
        }
        Err(SyncError::Store(_)) => return result,
    };
    shared.note_state(Actor::Engine, account.id(), state, &text, blocks).await?;
    result
}

async fn read(shared: &Shared, account: &Account) -> Result<(), SyncError> {
    let id = account.id();
    let facts = account.provider.number().await?;
    shared.engine_event(EventBody::NumberSynced { account: id.clone(), facts }).await?;
    if account.provider.capabilities().templates {
        // What is handed in while the list is on its way is newer than the list.
        let began = shared.clock.now();
        let mut templates = account.provider.templates().await?;
        for t in &mut templates {
            t.synced_at = began;
        }
        shared.engine_event(EventBody::TemplatesSynced { account: id.clone(), templates }).await?;
        shared.templates.wake();
    }
    if let Some(admin) = account.provider.admin() {
        match blocks::look(shared, id, admin).await {
            // Nothing else depends on it, and whoever opens the list sees why it is not to be had.
            Err(SyncError::Call(error)) => {
                tracing::info!(account = %id, %error, "the block list was not read");
            }
            looked => {
                looked?;
            }
        }
    }
    if account.settings.spec.provider == "kapso" {
        // A webhook that failed too often was switched off: each look makes sure that it is on.
        if (account.settings.subscribe || account.kept)
            && let Some(url) = shared.url(account)
        {
            account.provider.subscribe(&url, "").await?;
        }
        return Ok(());
    }
    // One callback serves a whole business account: the numbers on it are told apart by their ids.
    let same = |a: &&Arc<Account>| {
        a.settings.subscribe
            && (&a.settings.spec.business, &a.settings.api_base)
                == (&account.settings.spec.business, &account.settings.api_base)
    };
    let speaks = shared.accounts().iter().find(same).is_some_and(|first| first.id() == account.id());
    if speaks && let Some(url) = shared.url(account) {
        account.provider.subscribe(&url, account.settings.verify_token.expose_secret()).await?;
    }
    Ok(())
}

/// Does put-off work of the store when it has been quiet for a while, or when too much is put off.
pub(super) async fn tidy(shared: Arc<Shared>) {
    loop {
        tokio::select! {
            () = shared.stop.cancelled() => return,
            () = shared.tidy.notified() => {}
        }
        // Wait for a quiet moment; a flood that does not end must not starve the index.
        for _ in 0..ROUNDS {
            let before = shared.counters.webhooks.load(Ordering::Relaxed);
            tokio::select! {
                () = shared.stop.cancelled() => return,
                () = tokio::time::sleep(QUIET) => {}
            }
            if shared.counters.webhooks.load(Ordering::Relaxed) == before {
                break;
            }
        }
        while !shared.stop.is_cancelled() {
            match shared.store.tidy().await {
                Ok(true) => tokio::task::yield_now().await,
                Ok(false) => break,
                Err(error) => {
                    tracing::warn!(%error, "put-off work failed");
                    break;
                }
            }
        }
    }
}
