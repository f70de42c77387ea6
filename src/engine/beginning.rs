//! A new account: its key is shown to the provider before anything is kept, so that a wrong one leaves nothing behind.

use super::Shared;
use super::accounts::{self, sync_problem};
use super::{vault, wizard};
use crate::model::account::{KeptAccount, SecretKey};
use crate::model::event::{Actor, EventBody};
use crate::model::ids::AccountId;
use crate::protocol::accounts::Secret;
use crate::protocol::{Changed, Problem};
use crate::provider::CallError;
use crate::provider::kapso::Api;
use secrecy::SecretString;
use std::sync::Arc;

/// Kapso does not let us in, or not now.
fn not_let_in(id: &AccountId, e: CallError) -> Problem {
    let is_key = e.auth && !e.transient;
    let problem = sync_problem(id, e.into());
    if !is_key {
        return problem;
    }
    Problem { field: Some(SecretKey::AccessToken.word().into()), ..problem }
        .means("Kapso does not accept the API key; nothing was kept")
        .next("copy the API key of the project from Kapso's dashboard again")
}

/// Makes an account with the key that opens the provider to it.
pub(super) async fn begin(
    shared: &Arc<Shared>,
    actor: Actor,
    account: KeptAccount,
    secret: &Secret,
) -> Result<(), Problem> {
    let account = accounts::sound(account)?;
    let id = account.spec.id.clone();
    let _alone = shared.board.alone(&id).await;
    if shared.account(&id).is_some() {
        return Err(Problem {
            field: Some("id".into()),
            ..Problem::new("conflict", format!("there is an account `{id}` already"))
        }
        .next(format!("take another id, or go on with that one: `switchboard accounts connect {id}`")));
    }
    accounts::fits(shared, &account).await?;
    vault::fits(SecretKey::AccessToken, &account.spec.provider, secret.reveal())?;
    let token = SecretString::from(secret.reveal().to_owned());
    // What the provider said of a token is the first step of the wizard.
    let said = if account.spec.provider == "meta" {
        Some(wizard::look_at_token(&account, &token, shared.clock.now()).await?)
    } else {
        let api = Api::new(&account.api_base, &account.api_version, token);
        api.look().await.map_err(|e| not_let_in(&id, e))?;
        None
    };
    shared.keep_account(actor.clone(), account).await?;
    if let Err(problem) = shared.keep_secret(actor.clone(), &id, SecretKey::AccessToken, secret).await {
        // An account without its key is what nobody asked for.
        shared.store.apply(shared.event(actor, EventBody::AccountRemoved { account: id.clone() })).await?;
        shared.registry.remove(&id);
        shared.hub.publish(&[Changed::AccountChanged { account: id }]);
        return Err(problem);
    }
    match said {
        Some(text) => wizard::note_token(shared, actor, &id, text).await,
        None => Ok(()),
    }
}
