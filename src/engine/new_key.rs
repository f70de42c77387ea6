//! Another key for an account that is there: it is shown to the provider before it takes the place of the old one, so that
//! a wrong one leaves the account as it was.

use super::accounts::{self, Account, not_configured, sync_problem};
use super::{Shared, vault, wizard};
use crate::config::settings::AccountSettings;
use crate::model::account::SecretKey;
use crate::model::event::Actor;
use crate::model::ids::AccountId;
use crate::protocol::Problem;
use crate::protocol::accounts::Secret;
use crate::provider::CallError;
use crate::provider::kapso::Api;
use secrecy::SecretString;
use std::sync::Arc;

/// What came of showing a key to the provider.
enum Asked {
    /// It opens what it should; what the provider said of it, where the wizard notes that.
    Taken(Option<String>),
    /// The provider could not be asked.
    Unasked(Problem),
}

/// Keeps a secret of an account. `insists`: also a key that the provider cannot be asked about now.
pub(super) async fn set(
    shared: &Arc<Shared>,
    actor: Actor,
    id: &AccountId,
    key: SecretKey,
    secret: Option<Secret>,
    insists: bool,
) -> Result<(), Problem> {
    let secret = match (secret, key) {
        (Some(secret), _) => secret,
        (None, SecretKey::AccessToken) => {
            return Err(Problem::new("invalid", "an access token comes from the provider")
                .next("copy it from the provider's page"));
        }
        (None, _) => Secret::new(&uuid::Uuid::new_v4().simple().to_string()),
    };
    if key != SecretKey::AccessToken {
        return shared.keep_secret(actor, id, key, &secret).await;
    }
    let _alone = shared.board.alone(id).await;
    let account = shared.account(id).ok_or_else(|| not_configured(id))?;
    if !account.kept {
        // It says that the file has the secrets.
        return shared.keep_secret(actor, id, key, &secret).await;
    }
    vault::fits(key, &account.settings.spec.provider, secret.reveal())?;
    let token = SecretString::from(secret.reveal().to_owned());
    let said = match ask(shared, &account, &token).await? {
        Asked::Taken(said) => said,
        Asked::Unasked(_) if insists => None,
        Asked::Unasked(problem) => return Err(problem),
    };
    shared.keep_secret(actor.clone(), id, key, &secret).await?;
    match said {
        Some(text) => wizard::note_token(shared, actor, id, text).await,
        None => Ok(()),
    }
}

/// Shows a key to the provider; a refusal is a problem.
async fn ask(shared: &Shared, account: &Account, token: &SecretString) -> Result<Asked, Problem> {
    let id = account.id();
    let (kept, _) = shared.kept_account(id).await?;
    let Some(kept) = kept else { return Err(not_configured(id)) };
    let said = if kept.spec.provider == "meta" {
        match wizard::ask_token(&kept, token).await {
            Ok(is) => Some(wizard::judge_token(is, shared.clock.now())?),
            Err(e) if e.transient => return Ok(Asked::Unasked(unasked(account, e))),
            Err(e) => return Err(refused(account, e)),
        }
    } else {
        match Api::new(&kept.api_base, &kept.api_version, token.clone()).look().await {
            Ok(()) => None,
            Err(e) if e.transient => return Ok(Asked::Unasked(unasked(account, e))),
            Err(e) => return Err(refused(account, e)),
        }
    };
    // A good key of another project or business opens nothing here.
    let connected = shared.view(id).await?.is_some_and(|v| v.life.connected_at.is_some());
    if connected && account.is_connected() {
        let settings = AccountSettings { access_token: token.clone(), ..account.settings.clone() };
        let provider = accounts::provider(&settings).map_err(|e| Problem::new("engine", e.to_string()))?;
        match provider.number().await {
            Ok(_) => {}
            Err(e) if e.transient => return Ok(Asked::Unasked(unasked(account, e))),
            Err(e) => return Err(not_its_number(account, e)),
        }
    }
    Ok(Asked::Taken(said))
}

fn title(account: &Account) -> &'static str {
    SecretKey::AccessToken.title(&account.settings.spec.provider)
}

fn provider_name(account: &Account) -> &'static str {
    if account.settings.spec.provider == "meta" { "Meta" } else { "Kapso" }
}

fn about_key(problem: Problem) -> Problem {
    Problem { field: Some(SecretKey::AccessToken.word().into()), ..problem }
}

/// The provider does not take the key.
fn refused(account: &Account, e: CallError) -> Problem {
    let (title, provider) = (title(account), provider_name(account));
    about_key(sync_problem(account.id(), e.into()))
        .means(format!("{provider} does not accept the {title}; nothing was kept, the old one stays"))
        .next(format!("copy the {title} again, whole, and type it anew"))
}

/// The key is good, but not for the number of the account.
fn not_its_number(account: &Account, e: CallError) -> Problem {
    let (title, provider) = (title(account), provider_name(account));
    about_key(sync_problem(account.id(), e.into()))
        .means(format!(
            "{provider} takes the {title}, but it does not open the number of `{}`; nothing was kept, the old one stays",
            account.id()
        ))
        .next(format!("take the {title} of the project or business that the number is of"))
}

/// The provider cannot be asked now.
fn unasked(account: &Account, e: CallError) -> Problem {
    let (title, provider) = (title(account), provider_name(account));
    let wait = e.next.clone().map_or_else(|| "try again later, or ".into(), |n| format!("{n}; or "));
    let problem = about_key(sync_problem(account.id(), e.into()));
    Problem { kind: "unasked".into(), ..problem }
        .means(format!(
            "{provider} could not be asked about the {title}; nothing was kept, the old one stays"
        ))
        .next(format!("{wait}keep it unasked (`No answer` in the form, --unasked in the command)"))
}
