//! Webhooks in: checked, stored raw and applied, all before the answer.

use super::{Account, Engine, Shared, onboarding};
use crate::clock::Millis;
use crate::model::event::{Actor, EventBody};
use crate::model::ids::{AccountId, EventId};
use crate::model::inbound::{Change, Route, WebhookBatch};
use crate::provider::meta::webhook;
use crate::provider::posts::{self, Head, Turn, Way};
use crate::store::StoreError;
use secrecy::ExposeSecret;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Why a webhook was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The signature is missing or wrong: 401.
    Signature,
    /// It could not be stored now; the provider sends it again: 503.
    Unavailable(String),
}

/// The way in for one account's webhooks.
#[derive(Clone)]
pub struct Inlet {
    shared: Arc<Shared>,
    account: Arc<Account>,
}

impl std::fmt::Debug for Inlet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inlet").field("account", self.account().id()).finish()
    }
}

impl Engine {
    /// The inlet behind a webhook path: the account's own part, and what follows it. `None` for a path that is nobody's.
    #[must_use]
    pub fn inlet(&self, path: &str, rest: &str) -> Option<Inlet> {
        let way = Way::of_path(rest)?;
        let list = self.shared.accounts();
        let account = list.iter().find(|a| {
            use subtle::ConstantTimeEq;
            bool::from(a.path.as_bytes().ct_eq(path.as_bytes()))
        })?;
        if !way.is_of(&account.settings.spec.provider) {
            return None;
        }
        Some(Inlet { shared: Arc::clone(&self.shared), account: Arc::clone(account) })
    }
}

impl Inlet {
    fn account(&self) -> &Account {
        &self.account
    }

    /// Which account it belongs to.
    #[must_use]
    pub fn id(&self) -> &AccountId {
        self.account().id()
    }

    /// Answers the provider's handshake: the challenge, if the query carries our verify token.
    pub fn challenge<'a>(&self, query: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<String> {
        let token = self.account().settings.verify_token.expose_secret();
        // Without a token anybody would know the answer.
        if token.is_empty() {
            return None;
        }
        let answer = webhook::challenge(query, token)?;
        self.shared.handshakes.answered(self.id(), self.shared.clock.now());
        Some(answer)
    }

    /// Takes a POST: when this returns `Ok`, it is on the disk. What cannot be read is kept as failed.
    pub async fn receive(&self, head: &Head<'_>, body: Vec<u8>) -> Result<(), Refused> {
        let account = self.account();
        let provider = account.settings.spec.provider.as_str();
        let secret = account.settings.app_secret.expose_secret();
        // Without a secret anybody could sign.
        if secret.is_empty() || !posts::is_signed(provider, secret.as_bytes(), head, &body) {
            // What the doctor signs wrongly on purpose is no stranger's try.
            if !(is_test(&body) && self.shared.expected(&body)) {
                self.shared.counters.bad_signatures.fetch_add(1, Ordering::Relaxed);
            }
            return Err(Refused::Signature);
        }
        if let Some(trouble) = self.shared.disk.trouble() {
            return Err(Refused::Unavailable(trouble.to_string()));
        }
        if is_test(&body) {
            return self.test(body).await;
        }
        if let Some(key) = head.key {
            // What comes twice is known by the ids in it; the key is for whoever compares with the provider's list.
            tracing::debug!(account = %account.id(), event = head.event, %key, "a webhook");
        }
        let now = self.shared.clock.now();
        let (batch, turns, problem) = self.shared.read_webhook(account, head, &body, now);
        let of_templates =
            batch.as_ref().is_some_and(|b| b.changes.iter().any(|c| matches!(c.change, Change::Template(_))));
        let event = self.shared.event(
            Actor::Provider,
            EventBody::WebhookReceived {
                account: account.id().clone(),
                provider: account.settings.spec.provider.clone(),
                raw: body,
                batch,
                problem,
            },
        );
        match self.shared.store.try_apply(event).await {
            Ok(reply) => {
                if reply.problems > 0 {
                    tracing::warn!(account = %account.id(), problems = reply.problems, "a webhook was not understood in full");
                }
                self.shared.counters.webhooks.fetch_add(1, Ordering::Relaxed);
                self.shared.tidy.notify_one();
                self.shared.silence.heard();
                if of_templates {
                    self.shared.templates.wake();
                }
                if !turns.is_empty() {
                    onboarding::turned(&self.shared, turns).await;
                }
                Ok(())
            }
            Err(StoreError::Busy) => Err(Refused::Unavailable("too much is waiting".into())),
            Err(error) => {
                tracing::error!(%error, "a webhook could not be stored");
                Err(Refused::Unavailable(error.to_string()))
            }
        }
    }
}

/// How the body of a test begins that the doctor posts to our own listener. Only who knows the app secret can sign it.
pub(super) const TEST: &str = "{\"object\":\"switchboard_test\"";
/// Longest body of such a test.
const TEST_MAX: usize = 512;

fn is_test(body: &[u8]) -> bool {
    body.len() <= TEST_MAX && body.starts_with(TEST.as_bytes())
}

impl Inlet {
    /// A test says nothing: it is kept and marked, and counts as no traffic.
    async fn test(&self, raw: Vec<u8>) -> Result<(), Refused> {
        let body = EventBody::WebhookTested { account: self.account().id().clone(), raw };
        match self.shared.store.try_apply(self.shared.event(Actor::Engine, body)).await {
            Ok(_) => Ok(()),
            Err(error) => Err(Refused::Unavailable(error.to_string())),
        }
    }
}

impl Shared {
    /// Reads a body whose signature was good with an account's secret: what it says, what it means for the connections of
    /// our accounts, or why it says nothing.
    fn read_webhook(
        &self,
        account: &Account,
        head: &Head<'_>,
        body: &[u8],
        received: Millis,
    ) -> (Option<WebhookBatch>, Vec<(AccountId, Turn)>, Option<String>) {
        match posts::read(&account.settings.spec.provider, head, body, received) {
            Ok(said) => {
                let turns = onboarding::concerned(self, account, said.turns);
                let mut batch = self.own(account, said.batch);
                batch.changes.extend(turns.iter().map(|(id, turn)| onboarding::notice(self, id, turn)));
                (Some(batch), turns, None)
            }
            Err(problem) => (None, Vec::new(), Some(problem)),
        }
    }

    /// Drops updates for numbers and business accounts that another app's secret guards: who can sign for one of
    /// our accounts must not be able to write into another.
    fn own(&self, account: &Account, mut batch: WebhookBatch) -> WebhookBatch {
        let secret = account.settings.app_secret.expose_secret();
        let foreign = |route: &Route| {
            self.accounts().iter().filter(|a| a.is_connected()).any(|a| {
                let spec = &a.settings.spec;
                let named = route.number.as_deref() == Some(&spec.number)
                    || (route.number.is_none() && route.business.as_deref() == Some(&spec.business));
                named && a.settings.app_secret.expose_secret() != secret
            })
        };
        let before = batch.changes.len();
        batch.changes.retain(|c| !foreign(&c.route));
        let dropped = before - batch.changes.len();
        if dropped > 0 {
            batch.problems.push(format!("{dropped} updates are for an account with another app secret"));
        }
        batch
    }

    /// Reads a kept webhook again and applies what it says: for one that this version understands better than
    /// the version that took it. What is here already stays as it is. Gives the number of updates that still
    /// cannot be applied.
    pub(super) async fn replay(&self, actor: Actor, webhook: EventId) -> Result<usize, StoreError> {
        let raw = self.store.read(move |r| r.raw_webhook(webhook)).await?;
        let raw = raw.ok_or(StoreError::Missing("this webhook"))?;
        let account =
            self.account(&raw.account).ok_or(StoreError::Missing("the account that it came in by"))?;
        // What it meant for the connection then is not what it means now.
        let (batch, _, problem) = self.read_webhook(&account, &Head::default(), &raw.body, raw.received_at);
        let event = self.event(actor, EventBody::WebhookReplayed { webhook, batch, problem });
        let reply = self.store.apply(event).await?;
        self.tidy.notify_one();
        Ok(reply.problems)
    }
}

impl Engine {
    /// Reads a kept webhook again and applies it, in the name of an operator. Gives the number of updates that still
    /// cannot be applied.
    pub async fn replay(&self, operator: &str, webhook: EventId) -> Result<usize, StoreError> {
        self.shared.replay(Actor::Operator(operator.to_owned()), webhook).await
    }
}
