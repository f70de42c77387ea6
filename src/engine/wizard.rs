//! Connecting a number of Meta's, step by step: each step is looked at at the provider first, and kept only when it is
//! right. How far it got is in the account's setup, so that it goes on where it stopped.

use super::access::Who;
use super::accounts::{self, Account, sync_problem};
use super::admin::refused;
use super::session::{self, Wanted, disk_problem};
use super::{Shared, sync};
use crate::clock::Millis;
use crate::model::account::{KeptAccount, SecretKey, Step};
use crate::model::business::{self, Standing};
use crate::model::contact::Identity;
use crate::model::delivery::DeliveryState;
use crate::model::event::{Actor, Recipient};
use crate::model::ids::{AccountId, MessageId};
use crate::model::outgoing::{FieldProblem, Outgoing};
use crate::model::template::{Template, Values};
use crate::protocol::accounts::Secret;
use crate::protocol::wizard::{WizardRequest, WizardStep, values};
use crate::protocol::{Problem, Response};
use crate::provider::admin::Administration as _;
use crate::provider::meta::admin::connect;
use crate::provider::meta::{MetaConfig, MetaProvider};
use crate::provider::{CallError, Provider as _};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What a token must be good for.
const NEEDED: [&str; 2] = ["whatsapp_business_messaging", "whatsapp_business_management"];
/// A token that ends within this time is spoken of.
const SOON: Millis = 7 * DAY;
const DAY: Millis = 86_400_000;
/// How long a handshake by hand, or a test message, is waited for.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often is looked.
const LOOK: Duration = Duration::from_millis(100);
/// Longest callback address that the provider takes.
const CALLBACK_MAX: usize = 200;
const TOKEN_NEXT: &str = "make a permanent system user token in Meta's Business Settings (System users > Generate token), and type it again";

/// When a provider's handshake was last answered for an account.
#[derive(Debug, Default)]
pub(super) struct Handshakes(Mutex<BTreeMap<AccountId, Millis>>);

impl Handshakes {
    pub fn answered(&self, account: &AccountId, at: Millis) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(account.clone(), at);
    }

    fn since(&self, account: &AccountId, from: Millis) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(account).is_some_and(|at| *at >= from)
    }
}

/// What a step has to work with.
struct Work<'a> {
    shared: &'a Arc<Shared>,
    by: Actor,
    account: Arc<Account>,
    kept: KeptAccount,
}

/// Takes one step.
pub(super) async fn answer(who: &Who, act: WizardRequest) -> Result<Response, Problem> {
    // What follows from a step concerns all: the engine's own eyes are needed.
    let shared = &who.engine();
    let id = act.account().clone();
    let there = shared.account(&id).filter(|_| who.access.scope.has_account(&id));
    let Some(account) = there else {
        return Err(Problem::not_found(format!("there is no account `{id}`"))
            .next(format!("begin with `switchboard accounts connect {id} --provider meta`")));
    };
    if let Some(trouble) = shared.disk.trouble() {
        return Err(disk_problem(&trouble.to_string()));
    }
    let (Some(kept), _) = shared.kept_account(&id).await? else {
        return Err(Problem::new(
            "configured",
            format!("the account `{id}` is part of the configuration file"),
        )
        .means("its token, ids and secrets are there, and only there")
        .next("change the [[accounts]] section in the file, and restart"));
    };
    if kept.spec.provider != "meta" {
        return Err(Problem::new(
            "unable",
            format!("the account `{id}` is connected by {}, which has its own way", kept.spec.provider),
        )
        .next(format!("`switchboard accounts connect {id}`")));
    }
    let work = Work { shared, by: Actor::Operator(who.operator().to_owned()), account, kept };
    let step = act.step();
    let (text, new) = match act {
        WizardRequest::Token { secret, .. } => (work.token(secret).await?, BTreeMap::new()),
        WizardRequest::Number { number, business, .. } => {
            let (number, business) = (number.trim().to_owned(), business.trim().to_owned());
            let text = work.number(&number, &business).await?;
            (text, BTreeMap::from([(values::NUMBER, number), (values::BUSINESS, business)]))
        }
        WizardRequest::AppSecret { secret, .. } => (work.app_secret(secret).await?, BTreeMap::new()),
        WizardRequest::VerifyToken { secret, .. } => (work.verify_token(secret).await?, BTreeMap::new()),
        WizardRequest::Register { pin, .. } => (work.register(pin).await?, BTreeMap::new()),
        WizardRequest::Webhooks { by_hand, .. } => (work.webhooks(by_hand).await?, BTreeMap::new()),
        WizardRequest::Test { to, .. } => {
            let text = work.test(&to).await?;
            (text, BTreeMap::from([(values::TEST_TO, to)]))
        }
    };
    note(shared, work.by.clone(), &id, step, text, new).await?;
    accounts::show(shared, who, &id).await
}

/// A refusal of the provider's, about a step.
fn wrong(field: &str, what: impl Into<String>) -> Problem {
    Problem { field: Some(field.into()), ..Problem::new("field", what) }
}

fn code(e: &CallError) -> String {
    if e.code == 0 { e.text.clone() } else { format!("{} {}", e.code, e.text) }
}

/// A way to the provider with a token and the ids that are known so far.
fn provider(kept: &KeptAccount, token: SecretString, number: &str, business: &str) -> MetaProvider {
    MetaProvider::new(MetaConfig {
        api_base: kept.api_base.clone(),
        api_version: kept.api_version.clone(),
        phone_number_id: number.to_owned(),
        waba_id: business.to_owned(),
        access_token: token,
    })
}

/// Whether a token is one, and good for what is needed; in words.
pub(super) async fn look_at_token(
    kept: &KeptAccount,
    token: &SecretString,
    now: Millis,
) -> Result<String, Problem> {
    if token.expose_secret().is_empty() {
        return Err(wrong("token", "the access token is empty").next(TOKEN_NEXT));
    }
    let is = ask_token(kept, token).await.map_err(|e| {
        if e.auth {
            return wrong("token", format!("the provider refuses the token: {}", code(&e)))
                .means("it has ended, was withdrawn, or was not copied whole; nothing was kept")
                .next(TOKEN_NEXT);
        }
        refused(&kept.spec.id, e)
    })?;
    judge_token(is, now)
}

/// What the provider says of a token.
pub(super) async fn ask_token(
    kept: &KeptAccount,
    token: &SecretString,
) -> Result<connect::TokenIs, CallError> {
    connect::token(&provider(kept, token.clone(), "", ""), token).await
}

/// Whether what the provider says of a token is good for what is needed; in words.
pub(super) fn judge_token(is: connect::TokenIs, now: Millis) -> Result<String, Problem> {
    if !is.valid {
        return Err(wrong("token", "the provider says that the token is not valid")
            .means("it has ended, was withdrawn, or was not copied whole; nothing was kept")
            .next(TOKEN_NEXT));
    }
    let missing: Vec<&str> = NEEDED.into_iter().filter(|n| !is.scopes.iter().any(|s| s == n)).collect();
    if !missing.is_empty() {
        return Err(wrong("token", format!("the token lacks {}", missing.join(" and ")))
            .means("with it messages cannot be sent, or numbers and templates not be read; nothing was kept")
            .next("give the system user this permission for the app, make a new token, and type that"));
    }
    let until = match is.expires_at {
        None => "it does not end".to_owned(),
        Some(at) if at - now < SOON => {
            format!("it ends in {} days: a permanent one saves you the trouble", ((at - now) / DAY).max(0))
        }
        Some(at) => format!("it ends in {} days", (at - now) / DAY),
    };
    let app = if is.app_name.is_empty() { is.app } else { format!("{} ({})", is.app_name, is.app) };
    Ok(format!("the token of the app {app}; {until}"))
}

/// Notes that the first step is done: the token came with the account.
pub(super) async fn note_token(
    shared: &Shared,
    by: Actor,
    id: &AccountId,
    text: String,
) -> Result<(), Problem> {
    note(shared, by, id, WizardStep::Token, text, BTreeMap::new()).await
}

async fn note(
    shared: &Shared,
    by: Actor,
    id: &AccountId,
    step: WizardStep,
    text: String,
    new: BTreeMap<&'static str, String>,
) -> Result<(), Problem> {
    let (_, mut setup) = shared.kept_account(id).await?;
    setup.values.extend(new.into_iter().map(|(k, v)| (k.to_owned(), v)));
    let at = shared.clock.now();
    setup.steps.insert(step.word().into(), Step { at, done: true, text, next: String::new() });
    shared.note_setup(by, id, setup).await?;
    Ok(())
}

impl Work<'_> {
    fn id(&self) -> &AccountId {
        &self.kept.spec.id
    }

    fn provider(&self, token: SecretString, number: &str, business: &str) -> MetaProvider {
        provider(&self.kept, token, number, business)
    }

    /// The token that is kept.
    fn kept_token(&self) -> Result<SecretString, Problem> {
        let token = self.account.settings.access_token.clone();
        if token.expose_secret().is_empty() {
            return Err(wrong("token", "the access token comes first: there is none yet"));
        }
        Ok(token)
    }

    /// The ids that were looked at.
    async fn ids(&self) -> Result<(String, String), Problem> {
        let spec = &self.kept.spec;
        if !spec.number.is_empty() {
            return Ok((spec.number.clone(), spec.business.clone()));
        }
        let (_, setup) = self.shared.kept_account(self.id()).await?;
        match (setup.values.get(values::NUMBER), setup.values.get(values::BUSINESS)) {
            (Some(number), Some(business)) => Ok((number.clone(), business.clone())),
            _ => Err(wrong(values::NUMBER, "the number comes first: its ids are not known yet")),
        }
    }

    async fn token(&self, secret: Option<Secret>) -> Result<String, Problem> {
        let token = match &secret {
            Some(secret) => SecretString::from(secret.reveal().to_owned()),
            None => self.kept_token()?,
        };
        let text = look_at_token(&self.kept, &token, self.shared.clock.now()).await?;
        if let Some(secret) = &secret {
            self.shared.keep_secret(self.by.clone(), self.id(), SecretKey::AccessToken, secret).await?;
        }
        Ok(text)
    }

    async fn number(&self, number: &str, business: &str) -> Result<String, Problem> {
        for (field, value) in [(values::NUMBER, number), (values::BUSINESS, business)] {
            if value.is_empty() || value.len() > 32 || !value.bytes().all(|b| b.is_ascii_digit()) {
                return Err(wrong(field, format!("{field} has to be digits only"))
                    .next("copy it from the app's page WhatsApp > API Setup"));
            }
        }
        if number == business {
            return Err(wrong(values::NUMBER, "both ids are the same: one of them is of the other thing")
                .next("the page WhatsApp > API Setup shows them one below the other"));
        }
        let spec = &self.kept.spec;
        if !spec.number.is_empty() && spec.number != number {
            return Err(Problem::new("conflict", format!("`{}` is connected with another number", spec.id))
                .next(format!("disconnect it first: `switchboard accounts disconnect {}`", spec.id)));
        }
        let taken = self.shared.accounts();
        if let Some(other) = taken.iter().find(|a| a.settings.spec.number == number && a.id() != &spec.id) {
            return Err(wrong(values::NUMBER, format!("this number is the account `{}`", other.id()))
                .next("connect each number once"));
        }
        let provider = self.provider(self.kept_token()?, number, business);
        let all = connect::numbers(&provider, business).await.map_err(|e| {
            if matches!(e.code, 33 | 100) {
                return wrong(values::BUSINESS, format!("there is no business account {business} for this token: {}", code(&e)))
                    .means("the id is of something else, or the token's system user has no access to it; nothing was kept")
                    .next("copy the WhatsApp Business Account ID, and assign the account to the system user in Meta's Business Settings");
            }
            refused(&spec.id, e)
        })?;
        let Some(owned) = all.iter().find(|n| n.id == number) else {
            let there: Vec<String> =
                all.iter().take(5).map(|n| format!("{} is {}", n.standing.phone, n.id)).collect();
            let there = if there.is_empty() { "it has no number".into() } else { there.join("; ") };
            return Err(wrong(
                values::NUMBER,
                format!("the number {number} is not one of the business account {business}"),
            )
            .means(format!("nothing was kept; of its numbers, {there}"))
            .next("copy the Phone number ID (not the number itself) from WhatsApp > API Setup"));
        };
        let name = connect::account_name(&provider, business).await.unwrap_or_default();
        let of = if name.is_empty() { business.to_owned() } else { name };
        let Standing { phone, name, .. } = &owned.standing;
        Ok(format!("{phone}, {name}, of {of}"))
    }

    async fn app_secret(&self, secret: Option<Secret>) -> Result<String, Problem> {
        let token = self.kept_token()?;
        let asked = match &secret {
            Some(secret) => secret.reveal().to_owned(),
            None => self.account.settings.app_secret.expose_secret().to_owned(),
        };
        if asked.is_empty() {
            return Err(wrong("app_secret", "the app secret is empty")
                .next("copy it from the app's page App settings > Basic"));
        }
        let is = connect::token(&self.provider(token.clone(), "", ""), &token)
            .await
            .map_err(|e| refused(self.id(), e))?;
        // As the app itself: only its own secret opens this door.
        let app = SecretString::from(format!("{}|{asked}", is.app));
        let as_app = connect::token(&self.provider(app, "", ""), &token).await;
        let named = if is.app_name.is_empty() { is.app.clone() } else { is.app_name.clone() };
        let proven = as_app.map_err(|e| {
            let text = crate::provider::http::redact(&code(&e), &SecretString::from(asked.clone()));
            if e.auth || e.code != 0 {
                return wrong("app_secret", format!("this is not the secret of the app {named}: {text}"))
                    .means("webhooks could not be told from forged ones; nothing was kept")
                    .next("copy it again from the app's page App settings > Basic: it is shown after Show");
            }
            refused(self.id(), CallError { text, ..e })
        })?;
        if !proven.valid || proven.app != is.app {
            return Err(wrong("app_secret", format!("this is not the secret of the app {named}"))
                .means("webhooks could not be told from forged ones; nothing was kept")
                .next("copy it again from the app's page App settings > Basic"));
        }
        if let Some(secret) = &secret {
            self.shared.keep_secret(self.by.clone(), self.id(), SecretKey::AppSecret, secret).await?;
        }
        Ok(format!("it is the secret of the app {named}"))
    }

    async fn verify_token(&self, secret: Option<Secret>) -> Result<String, Problem> {
        let there = !self.account.settings.verify_token.expose_secret().is_empty();
        let (secret, text) = match secret.filter(|s| !s.reveal().is_empty()) {
            Some(secret) => (secret, "the one that was typed"),
            None if there => return Ok("the one that is here".into()),
            None => (Secret::new(&uuid::Uuid::new_v4().simple().to_string()), "one was made"),
        };
        self.shared.keep_secret(self.by.clone(), self.id(), SecretKey::VerifyToken, &secret).await?;
        Ok(text.into())
    }

    async fn register(&self, pin: Option<Secret>) -> Result<String, Problem> {
        let (number, business) = self.ids().await?;
        let provider = self.provider(self.kept_token()?, &number, &business);
        let s = provider.standing().await.map_err(|e| refused(self.id(), e))?;
        let known = |s: &str| if s.is_empty() { "UNKNOWN".to_owned() } else { s.to_owned() };
        if s.status == "CONNECTED" {
            return Ok(format!("the number is registered; its name is {}", known(&s.name_status)));
        }
        let not = |what: String| {
            wrong("pin", what).means("an unregistered number can neither send nor receive here")
        };
        let Some(pin) = pin.filter(|p| !p.reveal().is_empty()) else {
            return Err(not(format!("the number is not registered: its state is {}", known(&s.status)))
                .next(
                    "type six digits: the PIN of its two-step verification, or a new one where it has none",
                ));
        };
        business::check_pin(pin.reveal())?;
        provider.register(pin.reveal()).await.map_err(|e| {
            let next = match e.code {
                133_006 => Some(
                    "show first that the number is yours: WhatsApp Manager > Phone numbers, or a code by text message"
                        .to_owned(),
                ),
                133_005 => Some("type the PIN that was set before, or reset it in WhatsApp Manager".to_owned()),
                _ => e.next.clone(),
            };
            let mut problem = refused(self.id(), CallError { next, ..e });
            problem.field = Some("pin".into());
            problem
        })?;
        Ok("the number is registered now".into())
    }

    /// What of the other accounts is on the same business account, and speaks for all with the provider.
    fn speaker(&self, business: &str) -> Option<AccountId> {
        let list = self.shared.accounts();
        let same = |a: &&Arc<Account>| {
            let s = &a.settings;
            s.subscribe
                && a.is_connected()
                && s.spec.provider == "meta"
                && s.spec.business == business
                && s.api_base == self.kept.api_base
                && a.id() != self.id()
        };
        list.iter().find(same).map(|a| a.id().clone())
    }

    async fn webhooks(&self, by_hand: bool) -> Result<String, Problem> {
        let (number, business) = self.ids().await?;
        let settings = &self.account.settings;
        self.kept_token()?;
        for (secret, field, name) in [
            (&settings.app_secret, "app_secret", "app secret"),
            (&settings.verify_token, "verify_token", "verify token"),
        ] {
            if secret.expose_secret().is_empty() {
                return Err(wrong(field, format!("the {name} comes first: there is none yet")));
            }
        }
        let Some(url) = self.shared.url(&self.account) else {
            return Err(Problem::new("listener", "there is no webhook listener in this engine")
                .means("the provider would find nobody at the address")
                .next("start `switchboard serve` (or the screen), and take the step again"));
        };
        let provider = self.provider(settings.access_token.clone(), &number, &business);
        let from = self.shared.clock.now();
        let place = url::Url::parse(&url).map_or_else(|_| url.clone(), |u| u.origin().ascii_serialization());
        let speaker = self.speaker(&business);
        let text = if let Some(other) = &speaker {
            // One address serves a whole business account: the numbers on it are told apart by their ids.
            format!("the webhooks of this business account come in by `{other}`")
        } else if by_hand {
            self.handshake(from).await?;
            format!("the handshake came to {place}")
        } else {
            if url.len() > CALLBACK_MAX {
                return Err(Problem::new(
                    "callback",
                    format!("the address of the webhooks has {} characters", url.len()),
                )
                .means(format!("the provider takes {CALLBACK_MAX}"))
                .next("set a shorter `public_url` in the configuration"));
            }
            let token = settings.verify_token.expose_secret();
            provider.subscribe(&url, token).await.map_err(|e| self.unreachable(e, &place))?;
            format!("the app is subscribed, and its webhooks come to {place}")
        };
        // From here on it is the number's account. What the provider refuses now takes it back.
        let mut kept = self.kept.clone();
        kept.spec.number = number;
        kept.spec.business = business;
        kept.subscribe = !by_hand;
        let was = self.kept.clone();
        if kept != was {
            self.shared.keep_account(self.by.clone(), kept).await?;
        }
        let Some(account) = self.shared.account(self.id()) else {
            return Err(Problem::not_found("the account was removed meanwhile"));
        };
        if let Err(e) = sync::account_now(self.shared, &account).await {
            let problem = sync_problem(self.id(), e);
            if was.spec.number.is_empty() {
                self.shared.keep_account(self.by.clone(), was).await?;
                let (by, state) = (self.by.clone(), crate::model::account::PENDING);
                self.shared.note_state(by, self.id(), state, "", false).await?;
            }
            return Err(problem);
        }
        Ok(text)
    }

    /// Why the provider does not take our address.
    fn unreachable(&self, e: CallError, place: &str) -> Problem {
        if e.code == 2200 || (e.code == 100 && e.text.to_lowercase().contains("callback")) {
            let local = ["127.0.0.1", "localhost", "[::1]"].iter().any(|h| place.contains(h));
            let next = if local {
                "set `public_url` in the configuration to the https address that the internet reaches this listener by, restart, and take the step again"
            } else {
                "look whether the address reaches this listener from outside (`switchboard doctor`), and take the step again"
            };
            return Problem::new(
                "callback",
                format!("the provider called {place} and did not get the right answer: {}", code(&e)),
            )
            .means("no webhook would come; nothing was changed")
            .next(next);
        }
        refused(self.id(), e)
    }

    /// Waits until the provider has asked for the challenge.
    async fn handshake(&self, from: Millis) -> Result<(), Problem> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while !self.shared.handshakes.since(self.id(), from.saturating_sub(5 * 60_000)) {
            if tokio::time::Instant::now() >= deadline {
                return Err(Problem::new("callback", "nobody has asked for the challenge yet")
                    .means("the provider does so when address and verify token are saved in the app's dashboard")
                    .next("enter both under WhatsApp > Configuration, press Verify and save, and take the step again"));
            }
            tokio::select! {
                () = self.shared.stop.cancelled() => return Err(Problem::new("engine", "the engine is stopping")),
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        Ok(())
    }

    async fn test(&self, to: &str) -> Result<String, Problem> {
        if self.kept.spec.number.is_empty() {
            return Err(Problem::new("incomplete", "the number is not connected yet")
                .next("take the step of the webhooks first"));
        }
        let identity = session::clean(&Identity::phone(to.trim()))
            .map_err(|p| FieldProblem::new(values::TEST_TO, p.problem))?;
        let id = self.id().clone();
        let wanted = |content| Wanted {
            account: Some(id.clone()),
            to: Recipient::Identity { identity: identity.clone() },
            content,
            quote: None,
            at: None,
            id: None,
        };
        let text = Outgoing::text("This is a test of Switchboard: the number is connected.");
        // In an open window a text is enough; else it takes a template.
        let (message, body, what) = match session::check_send(self.shared, wanted(text)).await {
            Ok((message, body)) => (message, body, "a text".to_owned()),
            Err(p) if p.kind == "window_closed" => {
                let template = self.plain_template().await?;
                let (send, shown) = template.fill(&Values::default())?;
                let content = Outgoing::Template { send, shown };
                let (message, body) = session::check_send(self.shared, wanted(content)).await?;
                (message, body, format!("the template {}", template.name))
            }
            Err(p) => return Err(p),
        };
        self.shared.store.apply(self.shared.event(self.by.clone(), body)).await?;
        self.shared.outbox.notify_one();
        let state = self.settled(message).await?;
        Ok(format!("{what} to +{}: {}", identity.value, state.as_str()))
    }

    /// A template that asks for nothing.
    async fn plain_template(&self) -> Result<Template, Problem> {
        let id = self.id().clone();
        let all = self.shared.store.read(move |r| r.templates(&id)).await?;
        let mut plain: Vec<Template> =
            all.into_iter().filter(|t| t.is_sendable() && t.fill(&Values::default()).is_ok()).collect();
        plain.sort_by_key(|t| t.name != "hello_world");
        plain.into_iter().next().ok_or_else(|| {
            Problem::new("template", "there is no approved template without variables to send")
                .means("who has not written in the last 24 hours can only be sent a template")
                .next("write to the number from a phone, and take the step again: then a text is sent")
        })
    }

    /// Waits until the provider has taken the message, or refused it.
    async fn settled(&self, message: MessageId) -> Result<DeliveryState, Problem> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let row = self.shared.store.read(move |r| r.message_rows(&[message])).await?.pop();
            let row = row.ok_or_else(|| Problem::not_found("the test message is gone"))?;
            match (row.state, row.error) {
                (DeliveryState::Failed | DeliveryState::Unknown, Some(e)) => {
                    let code = if e.code == 0 { String::new() } else { format!("{} ", e.code) };
                    return Err(Problem::new(
                        "provider",
                        format!("the test message failed: {code}{}", e.text),
                    )
                    .means(e.cause.unwrap_or_default())
                    .next(e.next.unwrap_or_default()));
                }
                (state, _) if state.is_taken() => return Ok(state),
                (state, _) if tokio::time::Instant::now() >= deadline => {
                    return Err(Problem::new(
                        "timeout",
                        format!("the test message is still {}", state.as_str()),
                    )
                    .means("it is in the outbox, and leaves as soon as it can")
                    .next("look at its conversation, or at `switchboard outbox`"));
                }
                _ => {}
            }
            tokio::select! {
                () = self.shared.stop.cancelled() => return Err(Problem::new("engine", "the engine is stopping")),
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }
}
