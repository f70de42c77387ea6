//! The accounts at work: those of the configuration file and those that were made here. They come, change and go while
//! the engine runs; whoever works with one holds it until it is done.

use super::access::Who;
use super::vault::{self, Vault};
use super::{EngineError, Shared, beginning, new_key, onboarding, paths, sync};
use crate::config::settings::AccountSettings;
use crate::model::access::{Resource, Verb};
use crate::model::account::{
    self, AccountOptions, Hindrance, KeptAccount, SecretKey, Setup, onboarding as steps,
};
use crate::model::event::{Actor, EventBody};
use crate::model::ids::AccountId;
use crate::protocol::accounts::{AccountDetail, AccountRequest, Secret};
use crate::protocol::{AccountView, Changed, Problem, Response};
use crate::provider::Provider;
use crate::provider::kapso::{KapsoConfig, KapsoProvider};
use crate::provider::meta::{MetaConfig, MetaProvider};
use crate::store::{Reader, StoreError};
use secrecy::SecretString;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

/// One account at work.
pub(super) struct Account {
    pub settings: AccountSettings,
    pub provider: Arc<dyn Provider>,
    pub path: String,
    /// Whether it was made here; else the configuration file has it.
    pub kept: bool,
}

impl Account {
    pub fn id(&self) -> &AccountId {
        &self.settings.spec.id
    }

    /// Whether it has a number: only then anything comes in or goes out.
    pub fn is_connected(&self) -> bool {
        !self.settings.spec.number.is_empty()
    }
}

/// All accounts, in the order in which they are shown.
pub(super) type List = Arc<Vec<Arc<Account>>>;

/// The accounts at work.
pub(super) struct Registry {
    list: RwLock<List>,
    /// How many are of the configuration file: they stand in front.
    configured: usize,
    vault: Vault,
}

/// The way to its provider that these settings make.
pub(super) fn provider(account: &AccountSettings) -> Result<Arc<dyn Provider>, EngineError> {
    match account.spec.provider.as_str() {
        "meta" => Ok(Arc::new(MetaProvider::new(MetaConfig {
            api_base: account.api_base.clone(),
            api_version: account.api_version.clone(),
            phone_number_id: account.spec.number.clone(),
            waba_id: account.spec.business.clone(),
            access_token: account.access_token.clone(),
        }))),
        "kapso" => Ok(Arc::new(KapsoProvider::new(KapsoConfig {
            api_base: account.api_base.clone(),
            api_version: account.api_version.clone(),
            number: account.spec.number.clone(),
            business: account.spec.business.clone(),
            api_key: account.access_token.clone(),
            webhook_secret: account.app_secret.clone(),
        }))),
        other => Err(EngineError::Provider { account: account.spec.id.clone(), provider: other.to_owned() }),
    }
}

/// The path of an account's webhooks, made if there is none.
fn path_of(data_dir: &Path, account: &AccountId) -> Result<String, EngineError> {
    let mut paths = paths::load(data_dir)?;
    let path = paths.of(account);
    paths.save()?;
    Ok(path)
}

impl Registry {
    /// Those of the configuration file, and those that were made here.
    pub fn open(
        data_dir: &Path,
        settings: &[AccountSettings],
        kept: Vec<KeptAccount>,
    ) -> Result<Self, EngineError> {
        let vault = Vault::new(data_dir);
        let mut list = Vec::with_capacity(settings.len() + kept.len());
        for account in settings {
            list.push(Arc::new(Account {
                path: path_of(data_dir, &account.spec.id)?,
                provider: provider(account)?,
                settings: account.clone(),
                kept: false,
            }));
        }
        let configured = list.len();
        for account in kept {
            // What the file says wins.
            if list.iter().any(|a: &Arc<Account>| *a.id() == account.spec.id) {
                continue;
            }
            list.push(Arc::new(made_here(&vault, data_dir, account)?));
        }
        Ok(Self { list: RwLock::new(Arc::new(list)), configured, vault })
    }

    pub fn all(&self) -> List {
        Arc::clone(&self.list.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts a new state of an account in its place, or at the end.
    fn put(&self, account: Account) {
        let mut list = self.list.write().unwrap_or_else(PoisonError::into_inner);
        let mut new: Vec<Arc<Account>> = list.to_vec();
        let account = Arc::new(account);
        match new.iter_mut().find(|a| a.id() == account.id()) {
            Some(place) => *place = account,
            None => new.push(account),
        }
        *list = Arc::new(new);
    }

    pub fn remove(&self, account: &AccountId) {
        let mut list = self.list.write().unwrap_or_else(PoisonError::into_inner);
        *list = Arc::new(list.iter().filter(|a| a.id() != account).cloned().collect());
    }
}

fn made_here(vault: &Vault, data_dir: &Path, account: KeptAccount) -> Result<Account, EngineError> {
    let id = account.spec.id.clone();
    let path = path_of(data_dir, &id)?;
    let secret = |key: SecretKey| {
        vault
            .get(&id, key)
            .unwrap_or_else(|error| {
                // It cannot be used until its file is mended; the others can.
                tracing::error!(account = %id, %error, "a secret cannot be used");
                None
            })
            .unwrap_or_else(|| SecretString::from(""))
    };
    let settings = AccountSettings {
        access_token: secret(SecretKey::AccessToken),
        app_secret: secret(SecretKey::AppSecret),
        verify_token: secret(SecretKey::VerifyToken),
        spec: account.spec,
        api_base: account.api_base,
        api_version: account.api_version,
        subscribe: account.subscribe,
        read_receipts: account.read_receipts,
    };
    Ok(Account { provider: provider(&settings)?, path, settings, kept: true })
}

/// Runs what waits for the disk where it keeps nobody waiting.
async fn blocking<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    tokio::task::spawn_blocking(f).await.map_err(|e| Problem::new("engine", format!("a task ended: {e}")))
}

pub(super) fn not_configured(account: &AccountId) -> Problem {
    Problem::not_found(format!("there is no account `{account}`"))
        .next("`switchboard accounts` lists those that there are")
}

/// What only holds for accounts that were made here.
fn of_the_file(account: &AccountId, what: &str) -> Problem {
    Problem::new("configured", format!("the account `{account}` is part of the configuration file: {what}"))
        .means("what the file says is read at the start and when it is reloaded; nothing else changes it")
        .next("change the [[accounts]] section in the file, and restart")
}

impl Shared {
    /// The accounts at work, as they are now.
    pub(super) fn accounts(&self) -> List {
        self.registry.all()
    }

    pub(super) fn account(&self, id: &AccountId) -> Option<Arc<Account>> {
        self.registry.all().iter().find(|a| a.id() == id).cloned()
    }

    /// An account with its state, as everybody sees it who may see it.
    pub(super) async fn view(&self, account: &AccountId) -> Result<Option<AccountView>, StoreError> {
        Ok(self.store.read(Reader::accounts).await?.into_iter().find(|v| v.spec.id == *account))
    }

    /// The definition of an account that was made here, and how far connecting it got. Those of the file have the second.
    pub(super) async fn kept_account(
        &self,
        account: &AccountId,
    ) -> Result<(Option<KeptAccount>, Setup), StoreError> {
        let all = self.store.read(Reader::kept_accounts).await?;
        Ok(all.into_iter().find(|(id, ..)| id == account).map(|(_, k, s)| (k, s)).unwrap_or_default())
    }

    /// Keeps a definition, and works by it from now on.
    pub(super) async fn keep_account(&self, actor: Actor, account: KeptAccount) -> Result<(), Problem> {
        let event = EventBody::AccountKept { account: account.clone() };
        self.store.apply(self.event(actor, event)).await?;
        self.renew(account).await
    }

    /// Works by a definition and the secrets that are kept from now on.
    async fn renew(&self, account: KeptAccount) -> Result<(), Problem> {
        let (vault, dir) = (self.registry.vault.clone(), self.settings.data_dir.clone());
        let made = blocking(move || made_here(&vault, &dir, account))
            .await?
            .map_err(|e| Problem::new("engine", e.to_string()))?;
        let id = made.id().clone();
        self.registry.put(made);
        self.hub.publish(&[Changed::AccountChanged { account: id }]);
        self.outbox.notify_one();
        Ok(())
    }

    /// Keeps a secret of an account that was made here, and works with it from now on.
    pub(super) async fn keep_secret(
        &self,
        actor: Actor,
        account: &AccountId,
        key: SecretKey,
        secret: &Secret,
    ) -> Result<(), Problem> {
        let (kept, _) = self.kept_account(account).await?;
        let Some(kept) = kept else {
            return Err(match self.account(account) {
                Some(_) => of_the_file(account, "it also says where its secrets are"),
                None => not_configured(account),
            });
        };
        vault::fits(key, &kept.spec.provider, secret.reveal())?;
        let (vault, id, secret) = (self.registry.vault.clone(), account.clone(), secret.clone());
        blocking(move || vault.set(&id, key, secret.reveal())).await?.map_err(|e| {
            Problem::new("disk", format!("the secret could not be kept: {e}"))
                .next("make the data folder writable, and type it again")
        })?;
        let event = EventBody::AccountSecretKept { account: account.clone(), key };
        self.store.apply(self.event(actor, event)).await?;
        self.renew(kept).await
    }

    /// Notes how far connecting an account got.
    pub(super) async fn note_setup(
        &self,
        actor: Actor,
        account: &AccountId,
        setup: Setup,
    ) -> Result<(), StoreError> {
        let event = EventBody::AccountSetup { account: account.clone(), setup: Box::new(setup) };
        self.store.apply(self.event(actor, event)).await.map(|_| ())
    }

    /// Notes how an account's connection is.
    pub(super) async fn note_state(
        &self,
        actor: Actor,
        account: &AccountId,
        state: &str,
        text: &str,
        blocks: bool,
    ) -> Result<(), StoreError> {
        let event = EventBody::AccountState {
            account: account.clone(),
            state: state.to_owned(),
            text: text.to_owned(),
            blocks,
        };
        self.store.apply(self.event(actor, event)).await?;
        self.outbox.notify_one();
        Ok(())
    }
}

/// Why an account cannot send now.
pub(super) fn hindrance(view: &AccountView) -> Option<Hindrance> {
    view.life.hindrance(&view.spec, &view.state, &view.state_text)
}

/// What the views of accounts are for a client: those at work, in their order.
pub(super) fn in_order(shared: &Shared, mut views: Vec<AccountView>) -> Vec<AccountView> {
    let list = shared.accounts();
    let place = |v: &AccountView| list.iter().position(|a| *a.id() == v.spec.id);
    views.retain(|v| place(v).is_some());
    views.sort_by_key(place);
    views
}

/// Answers a request about one account.
pub(super) async fn answer(
    shared: &Arc<Shared>,
    who: &Who,
    act: AccountRequest,
) -> Result<Response, Problem> {
    let by = || Actor::Operator(who.operator().to_owned());
    let id = act.account().clone();
    if !who.access.scope.has_account(&id) && shared.account(&id).is_some() {
        return Err(not_configured(&id));
    }
    match act {
        AccountRequest::Show { .. } => {}
        AccountRequest::Keep { account } => keep(shared, by(), account).await?,
        AccountRequest::Begin { account, secret } => {
            beginning::begin(shared, by(), account, &secret).await?;
        }
        AccountRequest::SetSecret { account, key, secret, unasked } => {
            new_key::set(shared, by(), &account, key, secret, unasked).await?;
        }
        AccountRequest::SetOptions { account, options } => {
            set_options(shared, by(), &account, options).await?;
        }
        AccountRequest::Verify { account } => verify(shared, &account).await?,
        AccountRequest::Connect { account } => connect(shared, by(), &account).await?,
        AccountRequest::Reconnect { account } => reconnect(shared, by(), &account).await?,
        AccountRequest::Disconnect { account } => disconnect(shared, by(), &account).await?,
        AccountRequest::Delete { account, name } => {
            delete(shared, by(), &account, &name).await?;
            return Ok(Response::Done);
        }
    }
    show(shared, who, &id).await
}

pub(super) async fn show(shared: &Arc<Shared>, who: &Who, id: &AccountId) -> Result<Response, Problem> {
    let account = shared.account(id).ok_or_else(|| not_configured(id))?;
    let view = who.shared.store.read(Reader::accounts).await?.into_iter().find(|v| v.spec.id == *id);
    let view = view.ok_or_else(|| not_configured(id))?;
    let (_, setup) = shared.kept_account(id).await?;
    let newest = {
        let id = id.clone();
        who.shared.store.read(move |r| r.last_activity(&id)).await?
    };
    let (vault, key) = (shared.registry.vault.clone(), id.clone());
    let secrets =
        if account.kept { blocking(move || vault.has(&key)).await? } else { SecretKey::ALL.to_vec() };
    // The address is a secret of a kind: who knows it can knock.
    let knows = who.access.allows(Resource::Connection, Verb::View);
    Ok(Response::Account(Box::new(AccountDetail {
        hindered: hindrance(&view).map(|h| h.what),
        callback: if knows { shared.url(&account) } else { None },
        secrets: if knows { secrets } else { Vec::new() },
        setup: if knows { setup } else { Setup::default() },
        api_base: account.settings.api_base.clone(),
        api_version: account.settings.api_version.clone(),
        last_activity: newest,
        view,
    })))
}

/// A definition without what was typed beside it, if it is one.
pub(super) fn sound(mut account: KeptAccount) -> Result<KeptAccount, Problem> {
    account.spec.name = account.spec.name.trim().to_owned();
    account.api_base = account.api_base.trim().trim_end_matches('/').to_owned();
    check(&account)?;
    Ok(account)
}

fn check(account: &KeptAccount) -> Result<(), Problem> {
    let wrong = |field: &str, what: String| {
        Err(Problem { field: Some(field.into()), ..Problem::new("invalid", format!("{field} {what}")) })
    };
    let spec = &account.spec;
    let id = spec.id.as_str();
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if id.is_empty() || id.len() > 32 || !id.chars().all(fits) {
        return wrong("id", "has to be 1 to 32 characters out of a-z, 0-9 and `-`".into());
    }
    let name = spec.name.trim();
    if name.is_empty() || name.chars().count() > account::NAME_MAX || name.chars().any(char::is_control) {
        return wrong("name", format!("has to be 1 to {} characters in one line", account::NAME_MAX));
    }
    if !["development", "production"].contains(&spec.environment.as_str()) {
        return wrong("environment", "has to be `development` or `production`".into());
    }
    for (field, value) in [("phone_number_id", &spec.number), ("waba_id", &spec.business)] {
        if value.len() > 32 || !value.bytes().all(|b| b.is_ascii_digit()) {
            return wrong(field, "has to be digits only".into());
        }
    }
    let base = url::Url::parse(&account.api_base).ok();
    if base.is_none_or(|u| !["http", "https"].contains(&u.scheme()) || !u.username().is_empty()) {
        return wrong("api_base", "has to be an address such as https://graph.facebook.com".into());
    }
    if account.api_version.len() > 12
        || account.api_version.chars().any(|c| !c.is_ascii_alphanumeric() && c != '.')
    {
        return wrong("api_version", "has to be a version such as v25.0".into());
    }
    Ok(())
}

pub(super) async fn keep(shared: &Arc<Shared>, actor: Actor, account: KeptAccount) -> Result<(), Problem> {
    let account = sound(account)?;
    fits(shared, &account).await?;
    shared.keep_account(actor, account).await
}

/// Whether a definition fits the accounts that are there.
pub(super) async fn fits(shared: &Arc<Shared>, account: &KeptAccount) -> Result<(), Problem> {
    let id = &account.spec.id;
    if shared.account(id).is_some_and(|a| !a.kept) {
        return Err(of_the_file(id, "its definition is there"));
    }
    let same = |a: &&Arc<Account>| a.is_connected() && a.settings.spec.number == account.spec.number;
    if let Some(other) = shared.accounts().iter().find(same)
        && other.id() != id
    {
        return Err(Problem {
            field: Some("phone_number_id".into()),
            ..Problem::new(
                "conflict",
                format!("the number {} is the account `{}`", account.spec.number, other.id()),
            )
        }
        .next("connect each number once"));
    }
    if !["meta", "kapso"].contains(&account.spec.provider.as_str()) {
        return Err(Problem {
            field: Some("provider".into()),
            ..Problem::new("invalid", format!("there is no provider `{}`", account.spec.provider))
        });
    }
    if let (Some(before), _) = shared.kept_account(id).await?
        && (before.spec.provider != account.spec.provider
            || (!before.spec.business.is_empty() && before.spec.business != account.spec.business))
        && shared.view(id).await?.is_some_and(|v| v.threads > 0)
    {
        return Err(Problem::new(
            "conflict",
            format!("the account `{id}` has conversations of another business account"),
        )
        .means("people are known by ids that only hold within one business account")
        .next("make a new account for it"));
    }
    Ok(())
}

async fn set_options(
    shared: &Arc<Shared>,
    actor: Actor,
    account: &AccountId,
    options: AccountOptions,
) -> Result<(), Problem> {
    let there = shared.account(account).ok_or_else(|| not_configured(account))?;
    let options = options.settled().map_err(|(field, what)| Problem {
        field: Some(field.into()),
        ..Problem::new("invalid", format!("{field} {what}"))
    })?;
    if !options.recipients.is_empty() && there.settings.spec.environment != "development" {
        return Err(Problem {
            field: Some("recipients".into()),
            ..Problem::new("invalid", "only a development account is limited to some recipients")
        });
    }
    let event = EventBody::AccountOptionsSet { account: account.clone(), options };
    shared.store.apply(shared.event(actor, event)).await?;
    shared.outbox.notify_one();
    Ok(())
}

async fn verify(shared: &Arc<Shared>, id: &AccountId) -> Result<(), Problem> {
    let account = shared.account(id).ok_or_else(|| not_configured(id))?;
    if let Some(view) = shared.view(id).await?.filter(|v| v.state == account::DISCONNECTED)
        && let Some(why) = hindrance(&view)
    {
        return Err(Problem::new("account", why.what).means(why.means).next(why.next));
    }
    if !account.is_connected() {
        return Err(Problem::new("incomplete", format!("the account `{id}` has no number yet"))
            .next(format!("go on connecting it: `switchboard accounts connect {id}`")));
    }
    sync::account_now(shared, &account).await.map_err(|e| sync_problem(id, e))
}

/// A failed sync as a client hears of it.
pub(super) fn sync_problem(id: &AccountId, error: sync::SyncError) -> Problem {
    match error {
        sync::SyncError::Store(e) => e.into(),
        sync::SyncError::Call(e) => {
            let code = if e.code == 0 { String::new() } else { format!("{} ", e.code) };
            Problem::new("provider", format!("{id}: {code}{}", e.text))
                .means(e.cause.unwrap_or_default())
                .next(e.next.unwrap_or_else(|| "run `switchboard doctor`".into()))
        }
    }
}

/// Connects what has all it needs. Looks at the provider first: what it refuses changes nothing.
async fn connect(shared: &Arc<Shared>, actor: Actor, id: &AccountId) -> Result<(), Problem> {
    let account = shared.account(id).ok_or_else(|| not_configured(id))?;
    if onboarding::is_ours(&account) {
        return onboarding::connect(shared, actor, id).await;
    }
    if !account.is_connected() {
        return Err(Problem::new("incomplete", format!("the account `{id}` has no number yet"))
            .next("give it the ids of its number first"));
    }
    account.provider.number().await.map_err(|e| sync_problem(id, e.into()))?;
    shared.note_state(actor, id, account::PENDING, "", false).await?;
    sync::account_now(shared, &account).await.map_err(|e| sync_problem(id, e))
}

/// Under which name the number of an account that was taken off is kept, for connecting it again.
const NUMBER: &str = "phone_number_id";

/// Connects what was taken off.
async fn reconnect(shared: &Arc<Shared>, actor: Actor, id: &AccountId) -> Result<(), Problem> {
    let account = shared.account(id).ok_or_else(|| not_configured(id))?;
    if onboarding::is_ours(&account) {
        return onboarding::connect(shared, actor, id).await;
    }
    let (kept, setup) = shared.kept_account(id).await?;
    if let Some(mut kept) = kept.filter(|_| !account.is_connected())
        && let Some(number) = setup.values.get(NUMBER)
    {
        kept.spec.number.clone_from(number);
        keep(shared, actor.clone(), kept.clone()).await?;
        if let Err(problem) = connect(shared, actor.clone(), id).await {
            // As it was: what the provider refuses changes nothing.
            kept.spec.number.clear();
            shared.keep_account(actor, kept).await?;
            return Err(problem);
        }
        return Ok(());
    }
    connect(shared, actor, id).await
}

/// Takes the number off: it is cleared, and so is the link by which it was set up. What the provider knows of us stays.
async fn disconnect(shared: &Arc<Shared>, actor: Actor, id: &AccountId) -> Result<(), Problem> {
    let _alone = shared.board.alone(id).await;
    let account = shared.account(id).ok_or_else(|| not_configured(id))?;
    let (kept, mut setup) = shared.kept_account(id).await?;
    onboarding::leave(shared, &account, &setup).await?;
    setup.link = None;
    if onboarding::is_ours(&account) {
        setup.message_webhook.clear();
        setup.steps.retain(|name, _| [steps::PROJECT_WEBHOOK, steps::CUSTOMER].contains(&name.as_str()));
    }
    if account.is_connected() {
        setup.values.insert(NUMBER.into(), account.settings.spec.number.clone());
    }
    if let Some(view) = shared.view(id).await?
        && let Some(number) = crate::model::phone::typed(&view.facts.display_phone)
    {
        setup.was_number = number;
    }
    shared.note_setup(actor.clone(), id, setup).await?;
    shared.note_state(actor.clone(), id, account::DISCONNECTED, "", false).await?;
    if let Some(mut kept) = kept {
        kept.spec.number.clear();
        shared.keep_account(actor, kept).await?;
    }
    Ok(())
}

async fn delete(shared: &Arc<Shared>, actor: Actor, id: &AccountId, name: &str) -> Result<(), Problem> {
    let _alone = shared.board.alone(id).await;
    let account = shared.account(id).ok_or_else(|| not_configured(id))?;
    if !account.kept {
        return Err(of_the_file(id, "it goes with its section there"));
    }
    let shown = shared.view(id).await?.map_or_else(|| id.to_string(), |v| v.spec.name);
    if name.trim() != shown {
        return Err(Problem {
            field: Some("name".into()),
            ..Problem::new("invalid", "the name is not that of the account")
        }
        .next(format!("type `{shown}` to remove it")));
    }
    let (_, setup) = shared.kept_account(id).await?;
    onboarding::forget(shared, &account, &setup).await;
    let event = EventBody::AccountRemoved { account: id.clone() };
    shared.store.apply(shared.event(actor, event)).await?;
    shared.registry.remove(id);
    let (vault, key) = (shared.registry.vault.clone(), id.clone());
    if let Err(error) = blocking(move || vault.forget(&key)).await? {
        return Err(Problem::new("disk", format!("the account is gone, its secrets are not: {error}"))
            .next(format!("remove the files `{id}.*` in the folder `{}` of the data folder", "secrets")));
    }
    shared.hub.publish(&[Changed::AccountChanged { account: id.clone() }]);
    Ok(())
}

impl Registry {
    /// How many accounts the configuration file has.
    pub fn configured(&self) -> usize {
        self.configured
    }
}
