//! What the emulator remembers: templates, subscriptions, messages, windows, what is planned and queued.
//!
//! Owns the state and its file. Knows nothing of HTTP.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::errors::EmulatorError;
use super::kapso::book::Book;
use super::registry::Registry;
use super::scenario::{Customer, Scenario, Template};
use super::shelf::Shelf;
use crate::clock::Millis;

/// How long a customer's message keeps the window open.
pub const WINDOW: Millis = 24 * 60 * 60 * 1000;
/// Messages kept in each direction; older ones are forgotten.
const KEPT: usize = 10_000;
/// Management calls an hour for an account with a registered number.
const CALLS_AN_HOUR: u64 = 5_000;
/// Sends to one person at once, and how long one takes to come back.
const PAIR_BURST: f64 = 45.0;
const PAIR_REFILL_MS: f64 = 6_000.0;

/// Where webhooks go.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Callback {
    /// The address that answered the handshake.
    pub url: String,
}

/// A send the API accepted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Accepted {
    /// Counts from 1 in the order of acceptance.
    pub order: u64,
    pub wamid: String,
    /// Phone number id it was sent from.
    pub number: String,
    /// `to` or `recipient` as the client wrote it.
    pub to: String,
    /// Digits, or the user id.
    pub address: String,
    /// Whether it was addressed by user id.
    pub by_user_id: bool,
    /// Key of the customer, when the address belongs to one.
    pub customer: Option<String>,
    #[serde(rename = "type")]
    pub kind: String,
    /// Name of the template.
    pub template: Option<String>,
    /// Pricing category in lower case.
    pub category: String,
    /// Whether the window was open.
    pub in_window: bool,
    pub opaque: Option<String>,
    /// The request as the client sent it.
    pub body: Value,
    pub at: Millis,
    /// The states reported so far, in order.
    pub statuses: Vec<Reported>,
}

/// A state that was reported.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reported {
    pub status: String,
    pub at: Millis,
    /// Whether a webhook with it was taken.
    #[serde(default)]
    pub told: bool,
}

/// A message a customer wrote.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Inbound {
    pub wamid: String,
    pub number: String,
    pub customer: String,
    #[serde(rename = "type", default)]
    pub kind: String,
    pub at: Millis,
    /// Whether the client marked it as read.
    pub read: bool,
    /// Whether a webhook with it was taken.
    #[serde(default)]
    pub told: bool,
}

/// A file that a client handed over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Media {
    pub id: String,
    pub number: String,
    /// What it can be sent as.
    pub kind: String,
    pub mime: String,
    /// Hexadecimal.
    pub sha256: String,
    pub size: u64,
    pub at: Millis,
}

/// Something that will happen.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Planned {
    pub at: Millis,
    pub action: Action,
}

/// What may be planned.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Action {
    /// A status of an accepted send.
    Status { wamid: String, status: String, code: Option<i64> },
    /// The customer answers an accepted send.
    Answer { wamid: String },
    /// The customer says the line of this index.
    Line { customer: String, index: usize },
    /// The review of a template ends.
    Review { template: String },
    /// Something happens to a template: `removed`, `unpaused`, `moved`.
    Template { template: String, turn: String },
    /// Somebody opens a setup link of the Kapso project and connects their number.
    Setup { link: String },
}

/// A webhook on its way to a callback.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Queued {
    pub id: u64,
    /// The exact bytes; pure ASCII by construction.
    pub body: String,
    pub since: Millis,
    pub attempts: u32,
    /// Not posted before this time; later ones overtake it.
    #[serde(default)]
    pub not_before: Millis,
    /// Signed wrongly, and posted once.
    #[serde(default)]
    pub forged: bool,
    /// What it tells of: a message and its status, which is empty for a message of a customer.
    #[serde(default)]
    pub tells: Vec<(String, String)>,
}

/// Counters for the control API.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    pub requests: u64,
    pub accepted: u64,
    pub refused: u64,
    pub read_marks: u64,
    pub typing: u64,
    pub inbound: u64,
    pub webhooks_sent: u64,
    pub webhook_attempts_failed: u64,
    pub webhooks_dropped: u64,
    pub webhooks_unsubscribed: u64,
    /// Copies signed wrongly that were refused, and taken.
    pub forged_refused: u64,
    pub forged_taken: u64,
}

/// Everything that is kept across restarts, and the pair buckets, which are not.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    pub templates: Vec<Template>,
    pub last_template: u64,
    /// What is remembered about all templates together.
    pub shelf: Shelf,
    /// The callback of the app, of the account, and of single numbers: the narrowest wins.
    pub app_callback: Option<Callback>,
    pub subscribed: bool,
    pub account_callback: Option<Callback>,
    pub number_callbacks: BTreeMap<String, Callback>,
    pub media: VecDeque<Media>,
    pub last_media: u64,
    pub accepted: VecDeque<Accepted>,
    pub inbound: VecDeque<Inbound>,
    /// Last inbound message, by `number/customer`.
    pub windows: BTreeMap<String, Millis>,
    /// Customers blocked, by number.
    pub blocked: BTreeMap<String, BTreeSet<String>>,
    /// Registration, PIN, short links, uploads.
    pub registry: Registry,
    pub profiles: BTreeMap<String, Map<String, Value>>,
    /// Customers added by the control API.
    pub guests: Vec<Customer>,
    /// The numbers whose history was told.
    pub played: BTreeSet<String>,
    /// The next reply of each customer.
    pub positions: BTreeMap<String, usize>,
    pub plan: VecDeque<Planned>,
    pub queues: BTreeMap<String, VecDeque<Queued>>,
    pub last_webhook: u64,
    pub counts: Counts,
    /// The Kapso project.
    pub kapso: Book,
    /// The hour and the calls in it.
    #[serde(skip)]
    usage: (i64, u64),
    #[serde(skip)]
    buckets: HashMap<String, (f64, Millis)>,
}

impl State {
    /// The state at the first start.
    pub fn new(scenario: &Scenario) -> Self {
        let last_template = scenario.templates.iter().filter_map(|t| t.id.parse().ok()).max().unwrap_or(0);
        Self { templates: scenario.templates.clone(), last_template, ..Self::default() }
    }

    /// The state of the last run, or a new one when there is no file.
    pub fn load(path: &Path, scenario: &Scenario) -> Result<Self, EmulatorError> {
        let bad = |problem: String| EmulatorError::State { path: path.to_owned(), problem };
        match std::fs::read(path) {
            Ok(bytes) => {
                let mut state: Self = serde_json::from_slice(&bytes).map_err(|e| bad(e.to_string()))?;
                state.kapso.reindex();
                Ok(state)
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Self::new(scenario)),
            Err(e) => Err(bad(e.to_string())),
        }
    }

    /// Where the last message of this customer to this number stands in `windows`.
    pub fn pair(number: &str, customer: &str) -> String {
        format!("{number}/{customer}")
    }

    /// Whether free messages may be sent.
    pub fn window_open(&self, number: &str, customer: &str, now: Millis) -> bool {
        self.windows.get(&Self::pair(number, customer)).is_some_and(|last| now - last < WINDOW)
    }

    /// Takes one send from the pair's bucket; false when it is empty.
    pub fn take_pair(&mut self, number: &str, address: &str, now: Millis) -> bool {
        let bucket = self.buckets.entry(Self::pair(number, address)).or_insert((PAIR_BURST, now));
        let back = (now - bucket.1).max(0) as f64 / PAIR_REFILL_MS;
        bucket.0 = (bucket.0 + back).min(PAIR_BURST);
        bucket.1 = now;
        if bucket.0 < 1.0 {
            return false;
        }
        bucket.0 -= 1.0;
        true
    }

    /// Counts a call. Gives the percentage of the hourly budget that is used.
    pub fn count_call(&mut self, now: Millis) -> u64 {
        self.counts.requests += 1;
        let hour = now / 3_600_000;
        if self.usage.0 != hour {
            self.usage = (hour, 0);
        }
        self.usage.1 += 1;
        (self.usage.1 * 100 / CALLS_AN_HOUR).min(100)
    }

    /// Keeps an accepted send.
    pub fn accept(&mut self, mut send: Accepted) {
        self.counts.accepted += 1;
        send.order = self.counts.accepted;
        if self.accepted.len() == KEPT {
            self.accepted.pop_front();
        }
        self.accepted.push_back(send);
    }

    /// An accepted send by id.
    pub fn send(&mut self, wamid: &str) -> Option<&mut Accepted> {
        self.accepted.iter_mut().rev().find(|s| s.wamid == wamid)
    }

    /// Notes that a webhook with this was taken.
    pub fn told(&mut self, wamid: &str, status: &str) {
        if status.is_empty() {
            if let Some(message) = self.inbound.iter_mut().rev().find(|m| m.wamid == wamid) {
                message.told = true;
            }
            return;
        }
        let send = self.send(wamid);
        if let Some(reported) = send.and_then(|s| s.statuses.iter_mut().find(|r| r.status == status)) {
            reported.told = true;
        }
    }

    /// Keeps a customer's message and opens the window from its time on.
    pub fn hear(&mut self, message: Inbound) {
        self.counts.inbound += 1;
        let last = self.windows.entry(Self::pair(&message.number, &message.customer)).or_insert(message.at);
        *last = (*last).max(message.at);
        if self.inbound.len() == KEPT {
            self.inbound.pop_front();
        }
        self.inbound.push_back(message);
    }

    /// Plans `action`, after everything planned for the same time.
    pub fn plan(&mut self, at: Millis, action: Action) {
        let index = self.plan.partition_point(|p| p.at <= at);
        self.plan.insert(index, Planned { at, action });
    }

    /// The callback for a webhook: its slot and address. `number` is set for fields of one number.
    pub fn slot(&self, number: Option<&str>) -> Option<String> {
        if let Some(number) = number
            && self.number_callbacks.contains_key(number)
        {
            return Some(format!("number:{number}"));
        }
        if self.subscribed && self.account_callback.is_some() {
            return Some("account".into());
        }
        if self.app_callback.is_some() {
            return Some("app".into());
        }
        // Account fields of an account that only has callbacks for numbers go to the first of them.
        if number.is_none() {
            return self.number_callbacks.keys().next().map(|n| format!("number:{n}"));
        }
        None
    }

    /// The address behind a slot.
    pub fn callback(&self, slot: &str) -> Option<&Callback> {
        match slot {
            "app" => self.app_callback.as_ref(),
            "account" => self.account_callback.as_ref().filter(|_| self.subscribed),
            _ => slot.strip_prefix("number:").and_then(|n| self.number_callbacks.get(n)),
        }
    }
}

/// Writes a state so that a crash leaves either the old file or the new one.
pub fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    // It holds the play's tokens: readable by its owner only.
    let _ = std::fs::remove_file(&beside);
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    std::fs::rename(&beside, path)
}
