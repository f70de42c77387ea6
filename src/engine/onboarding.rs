//! Connecting a number at Kapso: a customer there, a link that a person opens, the number that comes of it, and the
//! webhooks that bring its messages here.
//!
//! Every step looks for what is there before it makes something, and notes what it found: whoever is interrupted goes
//! on where it stopped, and a second run finds what the first one made. The news that a number was connected comes by
//! webhook; it is also looked for, less and less often, in case the webhook is lost. What Kapso refuses changes nothing
//! but the note of the step.

mod turns;

pub(super) use turns::{concerned, notice, turned};

use super::accounts::{self, Account, sync_problem};
use super::{Shared, sync};
use crate::clock::Millis;
use crate::model::account::{self, KeptAccount, SecretKey, Setup, SetupLink, Step, onboarding as steps};
use crate::model::event::Actor;
use crate::model::ids::AccountId;
use crate::protocol::accounts::Secret;
use crate::protocol::{AccountView, Problem};
use crate::provider::CallError;
use crate::provider::kapso::Api;
use crate::provider::kapso::platform::{self, LinkState, LinkWish, Number, Of};
use crate::provider::posts::Way;
use crate::store::{Reader, StoreError};
use secrecy::ExposeSecret;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, OwnedMutexGuard};

/// First wait before it is looked whether somebody connected the number.
const LOOK: Millis = 5_000;
/// Longest wait: every one is half as long again as the one before.
const LOOK_MAX: Millis = 300_000;
/// Time for one call of those that nobody should wait for.
const SHORT: Duration = Duration::from_secs(5);
/// How a number may be at Meta and still be used.
const USABLE: [&str; 5] = ["", "CONNECTED", "FLAGGED", "RESTRICTED", "RATE_LIMITED"];

/// Who is to be looked at, and who is being worked at.
#[derive(Default)]
pub(super) struct Board {
    changed: Notify,
    awake: Mutex<BTreeSet<AccountId>>,
    busy: Mutex<BTreeMap<AccountId, Arc<tokio::sync::Mutex<()>>>>,
}

impl Board {
    /// An account for one at a time: two that connect it would each make what the other makes.
    pub async fn alone(&self, account: &AccountId) -> OwnedMutexGuard<()> {
        let lock = {
            let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(busy.entry(account.clone()).or_default())
        };
        lock.lock_owned().await
    }

    /// Something happened to an account: it is looked at now.
    pub fn wake(&self, account: &AccountId) {
        self.awake.lock().unwrap_or_else(PoisonError::into_inner).insert(account.clone());
        self.changed.notify_one();
    }

    fn woken(&self) -> BTreeSet<AccountId> {
        std::mem::take(&mut *self.awake.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether an account is connected by this: one at Kapso that was made here.
pub(super) fn is_ours(account: &Account) -> bool {
    account.kept && account.settings.spec.provider == "kapso"
}

/// Who asks for the next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// A person: what is missing is made.
    Connect,
    /// A person, for a number that was connected before.
    Reconnect,
    /// The engine looks whether somebody opened the link.
    Look,
}

/// Begins to connect, or goes on where it stopped.
pub(super) async fn connect(shared: &Arc<Shared>, actor: Actor, id: &AccountId) -> Result<(), Problem> {
    let done = advance(shared, actor, id, Mode::Connect).await;
    shared.board.changed.notify_one();
    done
}

/// Connects again what was connected before.
pub(super) async fn reconnect(shared: &Arc<Shared>, actor: Actor, id: &AccountId) -> Result<(), Problem> {
    let done = advance(shared, actor, id, Mode::Reconnect).await;
    shared.board.changed.notify_one();
    done
}

fn api(account: &Account, time: Option<Duration>) -> Api {
    let s = &account.settings;
    match time {
        None => Api::new(&s.api_base, &s.api_version, s.access_token.clone()),
        Some(time) => Api::with_timeout(&s.api_base, &s.api_version, s.access_token.clone(), time),
    }
}

/// Where the webhooks of an account have to go; a sentence where there is no such place.
fn address(shared: &Shared, account: &Account) -> Result<String, Problem> {
    let Some(url) = shared.url(account) else {
        return Err(Problem::new("incomplete", "the webhook listener is not running here")
            .means("Kapso tells by webhook that a number was connected, and brings its messages that way")
            .next("start `switchboard serve` (or the screen), then connect again"));
    };
    let near = |u: &str| {
        url::Url::parse(u).ok().and_then(|u| u.host_str().map(str::to_owned)).is_some_and(|h| {
            let h = h.trim_matches(['[', ']']).to_owned();
            h == "localhost" || h.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
        })
    };
    if !url.starts_with("https://") && !near(&account.settings.api_base) {
        return Err(Problem::new("incomplete", "there is no public https address for webhooks")
            .means("Kapso delivers to https addresses on the internet only")
            .next("set `public_url` under [listener] to the address of your reverse proxy, and restart"));
    }
    Ok(url)
}

/// One run through the steps.
struct Run<'a> {
    shared: &'a Arc<Shared>,
    actor: Actor,
    id: &'a AccountId,
    api: Api,
    setup: Setup,
    /// As it is kept.
    noted: Setup,
}

impl Run<'_> {
    /// Keeps what was found so far, if it is news.
    async fn note(&mut self) -> Result<(), Problem> {
        if self.setup != self.noted {
            self.shared.note_setup(self.actor.clone(), self.id, self.setup.clone()).await?;
            self.noted.clone_from(&self.setup);
        }
        Ok(())
    }

    fn step(&mut self, name: &str, done: bool, text: &str, next: &str) {
        let at = self.shared.clock.now();
        let step = Step { at, done, text: text.to_owned(), next: next.to_owned() };
        let same = |s: &Step| (s.done, &s.text, &s.next) == (step.done, &step.text, &step.next);
        // The time of a step is that of its news.
        if !self.setup.steps.get(name).is_some_and(same) {
            self.setup.steps.insert(name.to_owned(), step);
        }
    }

    /// Notes that a step was refused, and says so.
    async fn refused(&mut self, name: &str, error: CallError) -> Problem {
        let problem = sync_problem(self.id, error.into());
        self.stopped(name, problem).await
    }

    async fn stopped(&mut self, name: &str, problem: Problem) -> Problem {
        let what = problem.what.strip_prefix(&format!("{}: ", self.id)).unwrap_or(&problem.what).to_owned();
        self.step(name, false, &what, &problem.next);
        match self.note().await {
            Ok(()) => problem,
            Err(not_noted) => not_noted,
        }
    }
}

async fn advance(shared: &Arc<Shared>, actor: Actor, id: &AccountId, mode: Mode) -> Result<(), Problem> {
    let _alone = shared.board.alone(id).await;
    let view = shared.store.read(Reader::accounts).await?.into_iter().find(|v| v.spec.id == *id);
    let (Some(account), Some(view)) = (shared.account(id), view) else {
        return Err(Problem::not_found(format!("there is no account `{id}`")));
    };
    let (kept, setup) = shared.kept_account(id).await?;
    let Some(kept) = kept.filter(|_| is_ours(&account)) else {
        return Err(Problem::new("refused", format!("the account `{id}` is not connected by a link")));
    };
    // It was taken off, or is connected, since somebody wanted this.
    if mode == Mode::Look && view.state != account::PENDING {
        return Ok(());
    }
    if account.settings.access_token.expose_secret().is_empty() {
        return Err(Problem::new("incomplete", format!("the account `{id}` has no API key yet"))
            .means("Kapso lets nobody in without the key of a project")
            .next(format!(
                "copy it from Kapso's dashboard: `switchboard accounts connect {id}` asks for it"
            )));
    }
    let url = address(shared, &account)?;
    let account = with_secret(shared, &actor, account).await?;
    let mut run = Run { shared, actor, id, api: api(&account, None), noted: setup.clone(), setup };
    if mode != Mode::Look || run.setup.project_webhook.is_empty() {
        // Before the link: then no number can be connected unheard.
        let to = format!("{url}{}", Way::Project.path());
        match run.api.ensure_hook(Of::Project, &to, &account.settings.app_secret).await {
            Ok(hook) => run.setup.project_webhook = hook,
            Err(e) => return Err(run.refused(steps::PROJECT_WEBHOOK, e).await),
        }
        run.step(steps::PROJECT_WEBHOOK, true, "Kapso tells when a number comes or goes", "");
    }
    let number = match find_number(&mut run, &kept, mode).await? {
        Found::Number(number) => number,
        Found::Nothing { reconnect } => return link(&mut run, &view, mode, reconnect).await,
    };
    finish(&mut run, kept, &number, &url).await
}

/// The account with a secret for its webhooks: one of our own choice where there is none.
async fn with_secret(
    shared: &Arc<Shared>,
    actor: &Actor,
    account: Arc<Account>,
) -> Result<Arc<Account>, Problem> {
    if !account.settings.app_secret.expose_secret().is_empty() {
        return Ok(account);
    }
    let random = || uuid::Uuid::new_v4().simple().to_string();
    let secret = Secret::new(&(random() + &random()));
    shared.keep_secret(actor.clone(), account.id(), SecretKey::AppSecret, &secret).await?;
    shared
        .account(account.id())
        .ok_or_else(|| Problem::not_found(format!("there is no account `{}` any more", account.id())))
}

/// What there is to connect.
enum Found {
    Number(Box<Number>),
    /// No number that can be used; `reconnect` (digits) is one that has to be connected anew.
    Nothing {
        reconnect: Option<String>,
    },
}

/// Makes sure of the customer, and looks for a number of it.
async fn find_number(run: &mut Run<'_>, kept: &KeptAccount, mode: Mode) -> Result<Found, Problem> {
    // One that is named already: it was found before, or somebody typed it.
    let mut named = None;
    if !kept.spec.number.is_empty() {
        match run.api.number(&kept.spec.number).await {
            Ok(number) => named = Some(number),
            // Taken out of the project since: another one takes its place.
            Err(e) if e.code == 404 && !run.setup.customer.is_empty() => {}
            Err(e) => return Err(run.refused(steps::NUMBER, e).await),
        }
    }
    if let Some(number) = &named {
        if !number.customer.is_empty() {
            run.setup.customer.clone_from(&number.customer);
        }
        if is_usable(&run.api, number).await {
            return Ok(Found::Number(Box::new(number.clone())));
        }
    }
    if mode != Mode::Look || run.setup.customer.is_empty() {
        customer(run, kept).await?;
    }
    let customer = run.setup.customer.clone();
    let numbers = match run.api.numbers_of(&customer).await {
        Ok(numbers) => numbers,
        Err(e) => return Err(run.refused(steps::NUMBER, e).await),
    };
    let taken: BTreeSet<String> = run
        .shared
        .accounts()
        .iter()
        .filter(|a| a.id() != run.id)
        .map(|a| a.settings.spec.number.clone())
        .collect();
    let was = run.setup.was_number.clone();
    let mut free: Vec<Number> = numbers.into_iter().filter(|n| !taken.contains(&n.id)).collect();
    // The one that was connected before comes first, then the newest.
    free.sort_by_key(|n| was.is_empty() || digits(&n.facts.display_phone) != was);
    for number in &free {
        if is_usable(&run.api, number).await {
            return Ok(Found::Number(Box::new(number.clone())));
        }
    }
    let known = free.first().or(named.as_ref()).map(|n| digits(&n.facts.display_phone));
    let reconnect = known.filter(|n| !n.is_empty());
    Ok(Found::Nothing { reconnect })
}

fn digits(phone: &str) -> String {
    phone.chars().filter(char::is_ascii_digit).collect()
}

/// Whether a number works at Kapso as it is. What its health does not say is taken as good.
async fn is_usable(api: &Api, number: &Number) -> bool {
    if !USABLE.contains(&number.facts.status.to_ascii_uppercase().as_str()) {
        return false;
    }
    let health = api.health(&number.id).await.unwrap_or_default();
    health.token != Some(false)
}

/// The customer at Kapso whose word for it is our account's id: found, else made.
async fn customer(run: &mut Run<'_>, kept: &KeptAccount) -> Result<(), Problem> {
    let external = run.id.to_string();
    let found = match run.api.customer(&external).await {
        Ok(Some(customer)) => Ok(customer),
        Ok(None) => match run.api.create_customer(&kept.spec.name, &external).await {
            Ok(customer) => Ok(customer),
            // Made in the meantime, or by a run whose answer was lost.
            Err(e) => match run.api.customer(&external).await {
                Ok(Some(customer)) => Ok(customer),
                _ => Err(e),
            },
        },
        Err(e) => Err(e),
    };
    match found {
        Ok(customer) => {
            let text = format!("{} ({})", customer.name, customer.id);
            run.setup.customer = customer.id;
            run.step(steps::CUSTOMER, true, &text, "");
            // From here on a second run finds it by its id as well.
            run.note().await
        }
        Err(e) => Err(run.refused(steps::CUSTOMER, e).await),
    }
}

/// No number yet: the link that a person has to open.
async fn link(
    run: &mut Run<'_>,
    view: &AccountView,
    mode: Mode,
    reconnect: Option<String>,
) -> Result<(), Problem> {
    let customer = run.setup.customer.clone();
    let links = match run.api.links(&customer).await {
        Ok(links) => links,
        Err(e) => return Err(run.refused(steps::LINK, e).await),
    };
    let now = run.shared.clock.now();
    let open = |l: &&platform::SetupLink| {
        l.state == LinkState::Active
            && l.expires_at.is_none_or(|end| end > now)
            && l.reconnects.as_deref().unwrap_or_default() == reconnect.as_deref().unwrap_or_default()
    };
    let mine = run.setup.link.as_ref().map(|l| l.id.clone()).unwrap_or_default();
    let theirs = links.iter().find(|l| l.id == mine);
    if let Some(link) = theirs.filter(|l| open(l)) {
        if let Some(kept) = &mut run.setup.link {
            kept.status = "active".into();
            kept.expires_at = link.expires_at.or(kept.expires_at);
        }
        let (text, next) = progress(link);
        run.step(steps::LINK, true, "it waits to be opened", "");
        run.step(steps::NUMBER, false, &text, &next);
        return pending(run, view).await;
    }
    if mode == Mode::Look {
        return spent(run, theirs, now).await;
    }
    // One that an earlier run made, and had no time to note.
    let found = links.iter().find(|l| open(l) && l.url.is_some()).cloned();
    let link = if let Some(link) = found {
        link
    } else {
        let wish = LinkWish { reconnect: reconnect.map(|n| format!("+{n}")) };
        match run.api.create_link(&customer, &wish).await {
            Ok(link) => link,
            Err(e) => return Err(run.refused(steps::LINK, e).await),
        }
    };
    run.setup.link = Some(SetupLink {
        id: link.id.clone(),
        url: link.url.clone().unwrap_or_default(),
        status: "active".into(),
        expires_at: link.expires_at,
    });
    run.step(steps::LINK, true, "it waits to be opened", "");
    let (text, next) = progress(&link);
    run.step(steps::NUMBER, false, &text, &next);
    pending(run, view).await
}

/// How far the person got on the page behind the link.
fn progress(link: &platform::SetupLink) -> (String, String) {
    match (link.progress.as_str(), &link.error) {
        (_, Some(error)) => (
            format!("it failed: {}", crate::text::sanitize(error)),
            "open the link again, or look at the number in Meta's WhatsApp Manager".into(),
        ),
        ("failed", None) => ("it failed".into(), "open the link again".into()),
        ("processing" | "completed", None) => {
            ("Kapso is connecting the number".into(), "wait a moment".into())
        }
        _ => (
            "nobody has connected a number yet".into(),
            "open the link in a browser, and follow its page".into(),
        ),
    }
}

/// The account waits for a person.
async fn pending(run: &mut Run<'_>, view: &AccountView) -> Result<(), Problem> {
    run.note().await?;
    if view.state != account::PENDING || !view.state_text.is_empty() {
        run.shared.note_state(run.actor.clone(), run.id, account::PENDING, "", false).await?;
    }
    Ok(())
}

/// The link can no longer be opened: a person has to ask for a new one.
async fn spent(run: &mut Run<'_>, theirs: Option<&platform::SetupLink>, now: Millis) -> Result<(), Problem> {
    let Some(link) = run.setup.link.as_mut() else { return run.note().await };
    let over = link.expires_at.is_some_and(|end| end <= now);
    let (word, text) = match theirs.map(|l| l.state) {
        Some(LinkState::Used) => ("used", "it was used; Kapso is connecting the number"),
        Some(LinkState::Active) if !over => ("revoked", "it is for another number"),
        Some(LinkState::Active | LinkState::Expired) => ("expired", "its time is over"),
        Some(LinkState::Revoked) | None if over => ("expired", "its time is over"),
        Some(LinkState::Revoked) | None => ("revoked", "Kapso took it back"),
    };
    word.clone_into(&mut link.status);
    let next = if word == "used" {
        "wait a moment".to_owned()
    } else {
        format!("make a new one: `switchboard accounts connect {}`", run.id)
    };
    run.step(steps::LINK, word == "used", text, &next);
    run.note().await
}

/// There is a number: it is ours from now on, and its messages come here.
async fn finish(run: &mut Run<'_>, mut kept: KeptAccount, number: &Number, url: &str) -> Result<(), Problem> {
    let (shared, id) = (run.shared, run.id);
    if kept.spec.number != number.id || (kept.spec.business != number.business && !number.business.is_empty())
    {
        kept.spec.number.clone_from(&number.id);
        if !number.business.is_empty() {
            kept.spec.business.clone_from(&number.business);
        }
        if let Err(problem) = accounts::keep(shared, run.actor.clone(), kept).await {
            return Err(run.stopped(steps::NUMBER, problem).await);
        }
    }
    run.step(steps::NUMBER, true, &number.facts.display_phone, "");
    run.setup.was_number = digits(&number.facts.display_phone);
    run.note().await?;
    let account = shared
        .account(id)
        .ok_or_else(|| Problem::not_found(format!("there is no account `{id}` any more")))?;
    let to = format!("{url}{}", Way::Messages.path());
    match run.api.ensure_hook(Of::Number(&number.id), &to, &account.settings.app_secret).await {
        Ok(hook) => run.setup.message_webhook = hook,
        Err(e) => return Err(run.refused(steps::MESSAGE_WEBHOOK, e).await),
    }
    let (text, next) = if number.inbound {
        ("messages come here", "")
    } else {
        (
            "Kapso does not hand on what customers write",
            "switch the processing of inbound messages on for this number in Kapso's dashboard",
        )
    };
    run.step(steps::MESSAGE_WEBHOOK, true, text, next);
    if run.setup.link.take().is_some() {
        run.step(steps::LINK, true, "it was used", "");
    }
    run.note().await?;
    sync::account_alone(shared, &account).await.map_err(|e| sync_problem(id, e))
}

/// Takes our webhook off the number before the account lets go of it; the link is taken back. The customer stays.
pub(super) async fn leave(shared: &Shared, account: &Account, setup: &Setup) -> Result<(), Problem> {
    if !is_ours(account) || account.settings.access_token.expose_secret().is_empty() {
        return Ok(());
    }
    let id = account.id();
    let api = api(account, None);
    if account.is_connected() {
        unhook(shared, account, &api, setup).await.map_err(|e| sync_problem(id, e.into()))?;
    }
    if let Some(link) = setup.link.as_ref().filter(|l| !l.id.is_empty() && !setup.customer.is_empty()) {
        // Somebody may still have the page open: it must not connect a number to an account that is taken off.
        api.revoke_link(&setup.customer, &link.id).await.map_err(|e| sync_problem(id, e.into()))?;
    }
    Ok(())
}

async fn unhook(shared: &Shared, account: &Account, api: &Api, setup: &Setup) -> Result<(), CallError> {
    let of = Of::Number(&account.settings.spec.number);
    let to = shared.url(account).map(|url| format!("{url}{}", Way::Messages.path()));
    let hooks = match api.hooks(of).await {
        Ok(hooks) => hooks,
        // The number is gone, and its webhooks with it.
        Err(e) if e.code == 404 => return Ok(()),
        Err(e) => return Err(e),
    };
    for hook in hooks {
        if hook.id == setup.message_webhook || Some(&hook.url) == to.as_ref() {
            api.delete_hook(of, &hook.id).await?;
        }
    }
    Ok(())
}

/// What a removed account leaves behind at Kapso is cleared away as far as that can be done; its removal does not
/// depend on it.
pub(super) async fn forget(shared: &Shared, account: &Account, setup: &Setup) {
    if !is_ours(account) || account.settings.access_token.expose_secret().is_empty() {
        return;
    }
    let api = api(account, Some(SHORT));
    let mut failed = Vec::new();
    if account.is_connected() {
        failed.extend(unhook(shared, account, &api, setup).await.err());
    }
    if !setup.project_webhook.is_empty() {
        failed.extend(api.delete_hook(Of::Project, &setup.project_webhook).await.err());
    }
    if let Some(link) = setup.link.as_ref().filter(|_| !setup.customer.is_empty()) {
        failed.extend(api.revoke_link(&setup.customer, &link.id).await.err());
    }
    for error in failed {
        tracing::warn!(account = %account.id(), %error, "something of a removed account is left at the provider");
    }
}

/// Accounts whose link somebody may open at any time.
async fn waiting(shared: &Shared) -> Result<BTreeSet<AccountId>, StoreError> {
    let pending: BTreeSet<AccountId> = shared
        .store
        .read(Reader::accounts)
        .await?
        .into_iter()
        .filter(|v| v.state == account::PENDING && v.life.kept && v.spec.provider == "kapso")
        .map(|v| v.spec.id)
        .collect();
    let all = shared.store.read(Reader::kept_accounts).await?;
    let begun = |kept: &KeptAccount, setup: &Setup| {
        // Nobody can open a link that is over; whoever wants a new one asks for it.
        let open = setup.link.as_ref().is_some_and(|l| matches!(l.status.as_str(), "active" | "used"));
        open || (!setup.project_webhook.is_empty() && !kept.spec.number.is_empty())
    };
    let ours = all.into_iter().filter(|(id, kept, setup)| {
        pending.contains(id) && kept.as_ref().is_some_and(|kept| begun(kept, setup))
    });
    Ok(ours.map(|(id, ..)| id).collect())
}

/// How long it is waited after so many looks.
fn wait(looks: u32) -> Millis {
    let mut wait = LOOK;
    for _ in 0..looks.min(20) {
        wait = (wait + wait / 2).min(LOOK_MAX);
    }
    wait
}

/// Looks after numbers that are being connected: at once when there is news, else less and less often.
pub(super) async fn run(shared: Arc<Shared>) {
    // When each is looked at next, and how often it was.
    let mut plan: BTreeMap<AccountId, (Millis, u32)> = BTreeMap::new();
    let mut first = true;
    loop {
        let now = shared.clock.now();
        let woken = shared.board.woken();
        match waiting(&shared).await {
            Ok(waiting) => {
                plan.retain(|id, _| waiting.contains(id));
                for id in waiting {
                    // What an engine before this one began is looked at when this one has started.
                    plan.entry(id).or_insert((if first { now + 1_000 } else { now + LOOK }, 0));
                }
            }
            Err(StoreError::Stopped) => return,
            Err(error) => {
                tracing::error!(%error, "the accounts that wait for their number could not be read");
            }
        }
        first = false;
        for id in woken {
            plan.insert(id, (now, 0));
        }
        let due: Vec<AccountId> =
            plan.iter().filter(|(_, (at, _))| *at <= now).map(|(id, _)| id.clone()).collect();
        for id in due {
            let looked = tokio::select! {
                () = shared.stop.cancelled() => return,
                looked = advance(&shared, Actor::Engine, &id, Mode::Look) => looked,
            };
            if let Err(problem) = looked {
                tracing::warn!(account = %id, what = %problem.what, "connecting does not get on");
            }
            if let Some((at, looks)) = plan.get_mut(&id) {
                *at = shared.clock.now() + wait(*looks);
                *looks += 1;
            }
        }
        let next = plan.values().map(|(at, _)| *at).min();
        tokio::select! {
            () = shared.stop.cancelled() => return,
            () = shared.board.changed.notified() => {}
            () = shared.clock.until(next.unwrap_or_default()), if next.is_some() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_become_rare_and_never_stop_being_bounded() {
        assert_eq!(wait(0), LOOK);
        assert!(wait(1) > wait(0) && wait(5) > wait(4));
        assert_eq!(wait(400), LOOK_MAX);
    }

    #[test]
    fn progress_says_what_a_person_can_do() {
        let link = |progress: &str, error: Option<&str>| platform::SetupLink {
            id: "l".into(),
            url: None,
            state: LinkState::Active,
            expires_at: None,
            reconnects: None,
            progress: progress.into(),
            error: error.map(str::to_owned),
        };
        assert!(progress(&link("pending", None)).1.contains("open the link"));
        assert!(progress(&link("processing", None)).0.contains("connecting"));
        let (text, next) = progress(&link("failed", Some("waba_limit_reached\u{1b}[31m")));
        assert!(
            text.contains("waba_limit_reached") && !text.contains('\u{1b}') && !next.is_empty(),
            "{text}"
        );
    }
}
