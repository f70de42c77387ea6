//! Kapso's platform: customers, setup links, numbers, their health, and the webhooks of a project and of a number.
//!
//! Owns these objects' forms. Every step that makes something has one that finds it, so that whoever was interrupted
//! finds what is there. Knows nothing of when a step is due.

use super::api::{Api, Surface};
use super::object::iso;
use crate::clock::Millis;
use crate::model::event::NumberFacts;
use crate::provider::CallError;
use crate::provider::http;
use crate::provider::meta::webhook::read::{id, integer, list, string, text_of};
use reqwest::{Method, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

/// Rows asked for in one page.
const PER_PAGE: &str = "100";
/// Pages that are read of one list.
const PAGES_MAX: u32 = 50;

/// Events of the project that are asked for.
pub const PROJECT_EVENTS: [&str; 5] = [
    "whatsapp.phone_number.created",
    "whatsapp.phone_number.deleted",
    "whatsapp.phone_number.disconnected",
    "whatsapp.phone_number.reconnected",
    "whatsapp.phone_number.offboarded",
];
/// Events of a number that are asked for. Ends of conversations say nothing that a thread needs.
pub const NUMBER_EVENTS: [&str; 8] = [
    "whatsapp.message.received",
    "whatsapp.message.sent",
    "whatsapp.message.delivered",
    "whatsapp.message.read",
    "whatsapp.message.failed",
    "whatsapp.conversation.created",
    "whatsapp.contact.identity_changed",
    "whatsapp.contact.marketing_preference_changed",
];
/// Without these events a number's webhook is of no use; the others are left out where a plan or a version has none.
pub const MESSAGE_EVENTS: usize = 5;

/// Whose number it is, in Kapso's words: for us one for each account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// Kapso's id.
    pub id: String,
    /// Its name there.
    pub name: String,
}

/// How a setup link stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// It can be opened.
    Active,
    /// A number was connected by it.
    Used,
    /// Its time is over.
    Expired,
    /// A newer link took its place, or somebody took it back.
    Revoked,
}

/// A page of Kapso's where a person connects a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetupLink {
    /// Kapso's id.
    pub id: String,
    /// Where the page is; only told when it was made, by some lists not at all.
    pub url: Option<String>,
    /// How it stands.
    pub state: LinkState,
    /// Until when it can be opened.
    pub expires_at: Option<Millis>,
    /// Which number it is to connect anew, in digits.
    pub reconnects: Option<String>,
    /// How far the connecting got (`pending`, `processing`, `completed`, `failed`).
    pub progress: String,
    /// Why it failed.
    pub error: Option<String>,
}

/// A number of the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    /// `phone_number_id`: what we call the number.
    pub id: String,
    /// The business account.
    pub business: String,
    /// Whose it is; empty for one of the project's own.
    pub customer: String,
    /// When it came.
    pub created_at: Millis,
    /// Whether what customers write is handed on.
    pub inbound: bool,
    /// What else is known.
    pub facts: NumberFacts,
}

/// A webhook that is registered at Kapso.
#[derive(Clone, Debug)]
pub struct Hook {
    /// Kapso's id.
    pub id: String,
    /// Where it goes.
    pub url: String,
    /// Whether it is delivered; Kapso switches one off that fails too often.
    pub active: bool,
    /// Payload version.
    pub version: String,
    /// `kapso` or `meta`.
    pub kind: String,
    /// The events.
    pub events: Vec<String>,
    /// What signs it, where Kapso tells.
    secret: Option<SecretString>,
}

impl Hook {
    /// Whether it does what is wanted: on, in our version, unbuffered, signed with this secret, with these events.
    #[must_use]
    pub fn serves(&self, secret: &SecretString, events: &[&str]) -> bool {
        let signed = self.secret.as_ref().is_none_or(|s| s.expose_secret() == secret.expose_secret());
        let heard = events.iter().all(|e| self.events.iter().any(|h| h == e));
        self.active && signed && (self.kind == "meta" || (self.version == "v2" && heard))
    }
}

/// What a number's health says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// `healthy`, `degraded`, `unhealthy` or `error`.
    pub status: String,
    /// What did not pass, in words.
    pub failed: Vec<String>,
    /// Whether the token that Kapso has for the number is good; `None` = not known.
    pub token: Option<bool>,
    /// `AVAILABLE`, `LIMITED` or `BLOCKED`; may be empty.
    pub messaging: String,
}

fn owned(v: &Value, key: &str) -> String {
    v.get(key).and_then(text_of).unwrap_or_default()
}

fn customer(v: &Value) -> Option<Customer> {
    Some(Customer { id: id(v, "id")?, name: owned(v, "name") })
}

fn link(v: &Value) -> Option<SetupLink> {
    let state = match string(v, "status").map(str::to_ascii_lowercase).as_deref() {
        Some("active") => LinkState::Active,
        Some("used") => LinkState::Used,
        Some("expired") => LinkState::Expired,
        // A word that is not known opens no page.
        _ => LinkState::Revoked,
    };
    let error = v.get("whatsapp_setup_error").filter(|e| !e.is_null()).map(|e| {
        e.as_str()
            .map_or_else(|| string(e, "message").map_or_else(|| e.to_string(), str::to_owned), str::to_owned)
    });
    Some(SetupLink {
        id: id(v, "id")?,
        url: string(v, "url").filter(|u| is_web(u)).map(str::to_owned),
        state,
        expires_at: iso(v, "expires_at"),
        reconnects: string(v, "reconnect_phone_number")
            .map(|n| n.chars().filter(char::is_ascii_digit).collect()),
        progress: owned(v, "whatsapp_setup_status"),
        error: error.filter(|e| !e.is_empty()),
    })
}

/// Whether an address can be opened in a browser, and is nothing else.
fn is_web(url: &str) -> bool {
    url.len() <= 2048
        && (url.starts_with("https://") || url.starts_with("http://"))
        && url.chars().all(|c| c.is_ascii_graphic())
}

/// A number as the platform lists it.
pub(super) fn number(v: &Value) -> Option<Number> {
    let limit = owned(v, "whatsapp_business_manager_messaging_limit");
    let facts = NumberFacts {
        display_phone: owned(v, "display_phone_number"),
        verified_name: owned(v, "verified_name"),
        name_status: owned(v, "name_status"),
        quality: owned(v, "quality_rating"),
        status: owned(v, "status"),
        limit: if limit.bytes().all(|b| b.is_ascii_digit()) && !limit.is_empty() {
            tier(&limit)
        } else {
            limit
        },
        throughput: owned(v, "throughput_tier"),
        on_app: v.get("is_coexistence").and_then(Value::as_bool).unwrap_or(false),
        ..NumberFacts::default()
    };
    Some(Number {
        id: id(v, "phone_number_id").or_else(|| id(v, "id"))?,
        business: id(v, "business_account_id")
            .or_else(|| id(v, "whatsapp_business_account_id"))
            .unwrap_or_default(),
        customer: id(v, "customer_id").unwrap_or_default(),
        created_at: iso(v, "created_at").unwrap_or_default(),
        inbound: v.get("inbound_processing_enabled").and_then(Value::as_bool).unwrap_or(true),
        facts,
    })
}

/// A messaging limit that is given as a number, in Meta's word.
fn tier(limit: &str) -> String {
    match limit.parse::<u64>() {
        Ok(n) if n >= 1000 && n.is_multiple_of(1000) => format!("TIER_{}K", n / 1000),
        _ => format!("TIER_{limit}"),
    }
}

fn hook(v: &Value) -> Option<Hook> {
    Some(Hook {
        id: id(v, "id")?,
        url: owned(v, "url"),
        active: v.get("active").and_then(Value::as_bool).unwrap_or(true),
        version: string(v, "payload_version").unwrap_or("v1").to_owned(),
        kind: string(v, "kind").unwrap_or("kapso").to_owned(),
        events: list(v, "events").iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        secret: string(v, "secret_key").map(|s| SecretString::from(s.to_owned())),
    })
}

/// What is inside the envelope of an answer.
fn data(answer: Value) -> Value {
    match answer {
        Value::Object(mut map) => map.remove("data").unwrap_or(Value::Object(map)),
        other => other,
    }
}

fn strange(what: &str) -> CallError {
    CallError {
        code: 0,
        text: format!("the answer holds no {what}"),
        cause: Some("The provider's answer is not in its usual form.".into()),
        next: Some("try again; if it stays, check the provider's address".into()),
        auth: false,
        transient: true,
        after: None,
    }
}

/// An error without the secret that the request had in it.
fn without(e: CallError, secret: &SecretString) -> CallError {
    CallError { text: http::redact(&e.text, secret), ..e }
}

/// Whether two addresses have the same path at different places.
fn moved(one: &str, other: &str) -> bool {
    let parts = |text: &str| {
        let url = Url::parse(text).ok()?;
        Some((url.origin().ascii_serialization(), url.path().to_owned()))
    };
    match (parts(one), parts(other)) {
        (Some(a), Some(b)) => a.1 == b.1 && a.1.len() > 1 && a.0 != b.0,
        _ => false,
    }
}

/// Which webhooks: the project's, or a number's.
#[derive(Clone, Copy, Debug)]
pub enum Of<'a> {
    /// The project's.
    Project,
    /// Those of the number with this id.
    Number(&'a str),
}

impl<'a> Of<'a> {
    fn path(self) -> Vec<&'a str> {
        match self {
            Self::Project => vec!["whatsapp", "webhooks"],
            Self::Number(number) => vec!["whatsapp", "phone_numbers", number, "webhooks"],
        }
    }

    fn events(self) -> &'static [&'static str] {
        match self {
            Self::Project => &PROJECT_EVENTS,
            Self::Number(_) => &NUMBER_EVENTS,
        }
    }
}

/// What is wanted of a new setup link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkWish {
    /// A number that is to be connected anew, with its plus.
    pub reconnect: Option<String>,
}

impl Api {
    async fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Value, CallError> {
        self.call(Surface::Platform, Method::GET, path, query, None).await
    }

    /// Every row of a list that has page numbers.
    async fn rows(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Vec<Value>, CallError> {
        let mut out = Vec::new();
        for n in 1..=PAGES_MAX {
            let page = n.to_string();
            let mut all = vec![("page", page.as_str()), ("per_page", PER_PAGE)];
            all.extend_from_slice(query);
            let answer = self.get(path, &all).await?;
            let Some(rows) = answer.get("data").and_then(Value::as_array) else {
                return Err(strange("list"));
            };
            let meta = answer.get("meta").unwrap_or(&Value::Null);
            let last = integer(meta, "total_pages").is_none_or(|pages| i64::from(n) >= pages);
            let empty = rows.is_empty();
            out.extend(rows.iter().cloned());
            if last || empty {
                return Ok(out);
            }
        }
        Ok(out)
    }

    /// The customer whose word for it is ours.
    pub async fn customer(&self, external: &str) -> Result<Option<Customer>, CallError> {
        let rows = self.rows(&["customers"], &[("external_customer_id", external)]).await?;
        // A filter that is not known is left out by some: then every customer comes.
        let mut ours = rows.iter().filter(|v| string(v, "external_customer_id") == Some(external));
        Ok(ours.find_map(customer))
    }

    /// A new customer.
    pub async fn create_customer(&self, name: &str, external: &str) -> Result<Customer, CallError> {
        let body = json!({ "customer": { "name": name, "external_customer_id": external } });
        let answer = self.call(Surface::Platform, Method::POST, &["customers"], &[], Some(&body)).await?;
        customer(&data(answer)).ok_or_else(|| strange("customer"))
    }

    /// The setup links of a customer, the newest first.
    pub async fn links(&self, customer: &str) -> Result<Vec<SetupLink>, CallError> {
        let rows = self.rows(&["customers", customer, "setup_links"], &[]).await?;
        let mut links: Vec<(Option<Millis>, SetupLink)> =
            rows.iter().filter_map(|v| Some((iso(v, "created_at"), link(v)?))).collect();
        links.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        Ok(links.into_iter().map(|(_, link)| link).collect())
    }

    /// A new setup link; it takes the place of the one before.
    pub async fn create_link(&self, customer: &str, wish: &LinkWish) -> Result<SetupLink, CallError> {
        let mut form = Map::new();
        if let Some(number) = &wish.reconnect {
            form.insert("reconnect_phone_number".into(), number.as_str().into());
        }
        let body = json!({ "setup_link": form });
        let path = ["customers", customer, "setup_links"];
        let answer = self.call(Surface::Platform, Method::POST, &path, &[], Some(&body)).await?;
        let link = link(&data(answer)).ok_or_else(|| strange("setup link"))?;
        if link.url.is_none() {
            return Err(strange("address of the setup link"));
        }
        Ok(link)
    }

    /// Takes a setup link back. One that is gone or spent needs no taking back.
    pub async fn revoke_link(&self, customer: &str, link: &str) -> Result<(), CallError> {
        let body = json!({ "setup_link": { "status": "revoked" } });
        let path = ["customers", customer, "setup_links", link];
        match self.call(Surface::Platform, Method::PATCH, &path, &[], Some(&body)).await {
            Ok(_) => Ok(()),
            // One that was used, or is over, cannot be opened either.
            Err(e) if matches!(e.code, 404 | 422) => Ok(()),
            Err(e) => Err(e),
        }
    }

    /// The numbers of a customer, the newest first.
    pub async fn numbers_of(&self, customer: &str) -> Result<Vec<Number>, CallError> {
        let rows = self.rows(&["whatsapp", "phone_numbers"], &[("customer_id", customer)]).await?;
        let mut numbers: Vec<Number> =
            rows.iter().filter_map(number).filter(|n| n.customer == customer).collect();
        numbers.sort_by_key(|n| std::cmp::Reverse(n.created_at));
        Ok(numbers)
    }

    /// Every number of the project.
    pub async fn numbers(&self) -> Result<Vec<Number>, CallError> {
        let rows = self.rows(&["whatsapp", "phone_numbers"], &[]).await?;
        Ok(rows.iter().filter_map(number).collect())
    }

    /// Asks for as little as can be asked for: whether Kapso lets the key in.
    pub async fn look(&self) -> Result<(), CallError> {
        self.get(&["whatsapp", "phone_numbers"], &[("per_page", "1")]).await.map(|_| ())
    }

    /// One number.
    pub async fn number(&self, id: &str) -> Result<Number, CallError> {
        let answer = self.get(&["whatsapp", "phone_numbers", id], &[]).await?;
        number(&data(answer)).ok_or_else(|| strange("number"))
    }

    /// What Kapso finds out about a number; it looks every three minutes.
    pub async fn health(&self, number: &str) -> Result<Health, CallError> {
        let v = self.get(&["whatsapp", "phone_numbers", number, "health"], &[]).await?;
        let checks = v.get("checks").and_then(Value::as_object);
        let passed = |key: &str| checks.and_then(|c| c.get(key)?.get("passed")?.as_bool());
        let mut failed: Vec<String> = checks
            .into_iter()
            .flatten()
            .filter(|(_, c)| c.get("passed").and_then(Value::as_bool) == Some(false))
            .map(|(name, _)| name.replace('_', " "))
            .take(20)
            .collect();
        failed.sort();
        Ok(Health {
            status: owned(&v, "status"),
            failed,
            token: passed("token_validity"),
            messaging: v
                .pointer("/checks/messaging_health/overall_status")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
        })
    }

    /// The webhooks that are registered.
    pub async fn hooks(&self, of: Of<'_>) -> Result<Vec<Hook>, CallError> {
        let rows = self.rows(&of.path(), &[]).await?;
        // The project's list holds those of its numbers, too.
        let mine = rows.iter().filter(|v| match of {
            Of::Project => id(v, "phone_number_id").is_none(),
            Of::Number(_) => true,
        });
        Ok(mine.filter_map(hook).collect())
    }

    /// Makes sure that there is exactly one webhook to an address that does what we need: the one that is there is
    /// taken, switched on again and corrected; a new one is made only where there is none. Gives its id.
    pub async fn ensure_hook(
        &self,
        of: Of<'_>,
        url: &str,
        secret: &SecretString,
    ) -> Result<String, CallError> {
        let mut there: Vec<Hook> = self.hooks(of).await?.into_iter().filter(|h| h.kind != "meta").collect();
        // The path holds a random part of our own: the same path at another place is ours from before a move.
        for old in there.iter().filter(|h| moved(&h.url, url)) {
            self.delete_hook(of, &old.id).await?;
        }
        there.retain(|h| h.url == url);
        let events = of.events();
        let Some(hook) = there.iter().find(|h| h.serves(secret, events)).or(there.first()) else {
            return self.create_hook(of, url, secret, events).await;
        };
        for other in there.iter().filter(|h| h.id != hook.id) {
            self.delete_hook(of, &other.id).await?;
        }
        if !hook.serves(secret, events) {
            let needed = &events[..events.len().min(MESSAGE_EVENTS)];
            let useful = hook.serves(secret, needed);
            let changed = self.change_hook(of, &hook.id, secret, events).await;
            match changed {
                // What is missing is not to be had; what there is is enough.
                Err(e) if useful && matches!(e.code, 402 | 422) => {}
                Err(e) if matches!(e.code, 402 | 422) && needed.len() < events.len() => {
                    self.change_hook(of, &hook.id, secret, needed).await?;
                }
                other => other?,
            }
        }
        Ok(hook.id.clone())
    }

    fn form(of: Of<'_>, url: Option<&str>, secret: &SecretString, events: &[&str]) -> Value {
        let mut form = Map::new();
        if let Some(url) = url {
            form.insert("url".into(), url.into());
            if matches!(of, Of::Number(_)) {
                form.insert("kind".into(), "kapso".into());
            }
        }
        form.insert("secret_key".into(), secret.expose_secret().into());
        form.insert("events".into(), events.to_vec().into());
        form.insert("active".into(), true.into());
        form.insert("payload_version".into(), "v2".into());
        if matches!(of, Of::Number(_)) {
            // A message must not wait for the next one.
            form.insert("buffer_enabled".into(), false.into());
        }
        json!({ "whatsapp_webhook": form })
    }

    async fn create_hook(
        &self,
        of: Of<'_>,
        url: &str,
        secret: &SecretString,
        events: &[&str],
    ) -> Result<String, CallError> {
        let body = Self::form(of, Some(url), secret, events);
        let made = self.call(Surface::Platform, Method::POST, &of.path(), &[], Some(&body)).await;
        let answer = match made {
            Ok(answer) => answer,
            // An event that the plan or this version does not have must not cost the others.
            Err(e) if matches!(e.code, 402 | 422) && events.len() > MESSAGE_EVENTS => {
                let body = Self::form(of, Some(url), secret, &events[..MESSAGE_EVENTS]);
                self.call(Surface::Platform, Method::POST, &of.path(), &[], Some(&body)).await?
            }
            Err(e) => return Err(without(e, secret)),
        };
        id(&data(answer), "id").ok_or_else(|| strange("webhook"))
    }

    async fn change_hook(
        &self,
        of: Of<'_>,
        hook: &str,
        secret: &SecretString,
        events: &[&str],
    ) -> Result<(), CallError> {
        let body = Self::form(of, None, secret, events);
        let mut path = of.path();
        path.push(hook);
        let answer = self.call(Surface::Platform, Method::PATCH, &path, &[], Some(&body)).await;
        answer.map(|_| ()).map_err(|e| without(e, secret))
    }

    /// Removes a webhook. One that is gone is removed already.
    pub async fn delete_hook(&self, of: Of<'_>, hook: &str) -> Result<(), CallError> {
        let mut path = of.path();
        path.push(hook);
        match self.call(Surface::Platform, Method::DELETE, &path, &[], None).await {
            Ok(_) => Ok(()),
            Err(e) if e.code == 404 => Ok(()),
            Err(e) => Err(e),
        }
    }
}
