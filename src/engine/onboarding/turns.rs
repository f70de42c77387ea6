//! News about numbers and business accounts: what they mean for our accounts.

use super::Account;
use crate::engine::Shared;
use crate::model::account;
use crate::model::event::Actor;
use crate::model::ids::AccountId;
use crate::model::inbound::{Change, Route, Routed, Severity};
use crate::provider::posts::{Turn, TurnKind};
use crate::store::Reader;
use secrecy::ExposeSecret;
use std::sync::Arc;

/// Whom the news of a POST concern. It came in by the path of one account; others that have the same secret are its
/// sisters, those with another secret are none of its business.
pub(in crate::engine) fn concerned(
    shared: &Shared,
    by: &Account,
    turns: Vec<Turn>,
) -> Vec<(AccountId, Turn)> {
    if turns.is_empty() {
        return Vec::new();
    }
    let secret = by.settings.app_secret.expose_secret();
    let list = shared.accounts();
    let sisters: Vec<&Arc<Account>> = list
        .iter()
        .filter(|a| a.settings.spec.provider == by.settings.spec.provider)
        .filter(|a| a.id() == by.id() || a.settings.app_secret.expose_secret() == secret)
        .collect();
    let mut out = Vec::new();
    for turn in turns {
        for a in &sisters {
            let spec = &a.settings.spec;
            let named = (!turn.number.is_empty() && turn.number == spec.number)
                || (turn.number.is_empty() && !turn.business.is_empty() && turn.business == spec.business);
            // A number that nobody has yet may be the one that an account waits for.
            let awaited = turn.kind == TurnKind::Created && !a.is_connected() && super::is_ours(a);
            if named || awaited {
                out.push((a.id().clone(), turn.clone()));
            }
        }
    }
    out
}

fn words(turn: &Turn) -> (Severity, &'static str) {
    match turn.kind {
        TurnKind::Created => (Severity::Info, "The number was connected"),
        TurnKind::Deleted => (Severity::Critical, "The number was taken out of the provider's project"),
        TurnKind::Disconnected => (Severity::Critical, "The number was disconnected at the provider"),
        TurnKind::Reconnected => (Severity::Info, "The number was connected again"),
        TurnKind::Offboarded => (Severity::Critical, "The business left the provider"),
        TurnKind::AccountDisabled => (Severity::Critical, "The business account was disabled"),
        TurnKind::AccountRestricted => (Severity::Critical, "The business account was restricted"),
        TurnKind::AccountReinstated => (Severity::Info, "The business account was reinstated"),
        TurnKind::AccountViolation => (Severity::Warning, "The business account broke a rule"),
    }
}

fn sentence(turn: &Turn) -> String {
    let text = words(turn).1;
    if turn.reason.is_empty() { text.to_owned() } else { format!("{text}: {}", turn.reason) }
}

/// The news as one line for people.
pub(in crate::engine) fn notice(shared: &Shared, account: &AccountId, turn: &Turn) -> Routed {
    let number = shared.account(account).map(|a| a.settings.spec.number.clone()).filter(|n| !n.is_empty());
    let change = Change::Notice {
        field: "connection".into(),
        severity: words(turn).0,
        text: sentence(turn),
        at: turn.at,
        quality: None,
        limit: None,
    };
    Routed { route: Route { number, ..Route::default() }, change }
}

/// Carries out what the news mean. It is on the disk already; what fails here is found by looking.
pub(in crate::engine) async fn turned(shared: &Shared, turns: Vec<(AccountId, Turn)>) {
    for (id, turn) in turns {
        if let Err(problem) = one(shared, &id, &turn).await {
            tracing::error!(account = %id, what = %problem.what, "news about a number could not be carried out");
        }
    }
}

async fn one(shared: &Shared, id: &AccountId, turn: &Turn) -> Result<(), crate::protocol::Problem> {
    let views = shared.store.read(Reader::accounts).await?;
    let Some(view) = views.into_iter().find(|v| v.spec.id == *id) else { return Ok(()) };
    let actor = Actor::Provider;
    match turn.kind {
        TurnKind::Created => shared.board.wake(id),
        TurnKind::Reconnected | TurnKind::AccountReinstated => {
            // It is looked at before it counts as connected.
            if view.state != account::CONNECTED {
                shared.note_state(actor, id, account::PENDING, "", false).await?;
            }
            shared.board.wake(id);
            shared.sync.notify_one();
        }
        TurnKind::Disconnected | TurnKind::Deleted | TurnKind::Offboarded => {
            // News that were overtaken by a newer connection.
            if turn.at.zip(view.life.connected_at).is_some_and(|(at, connected)| at < connected) {
                return Ok(());
            }
            let (_, mut setup) = shared.kept_account(id).await?;
            let number = super::digits(&view.facts.display_phone);
            if !number.is_empty() && setup.was_number != number {
                setup.was_number = number;
                shared.note_setup(actor.clone(), id, setup).await?;
            }
            shared.note_state(actor, id, account::DISCONNECTED, &sentence(turn), true).await?;
        }
        TurnKind::AccountDisabled => {
            shared.note_state(actor, id, account::ERROR, &sentence(turn), true).await?;
        }
        TurnKind::AccountRestricted | TurnKind::AccountViolation => {}
    }
    Ok(())
}
