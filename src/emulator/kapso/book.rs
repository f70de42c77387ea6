//! What the Kapso project remembers: customers, setup links, numbers, webhooks, people, sessions, messages.
//!
//! Owns the state and the ids in it. Knows nothing of HTTP. The rows of stored messages are in `past`.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::past::{Fill, Index, Stored};
use crate::clock::Millis;

/// A session ends after so long without a message.
pub const SESSION: Millis = 24 * 60 * 60 * 1000;
/// How long a setup link is good for.
pub const LINK_LIVES: Millis = 30 * 24 * 60 * 60 * 1000;

/// A customer of the project: somebody who connects numbers of their own.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Client {
    pub id: String,
    pub name: String,
    pub external: Option<String>,
    pub created_at: Millis,
    pub updated_at: Millis,
}

/// A setup link.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Link {
    pub id: String,
    pub client: String,
    /// `active`, `used`, `revoked`; what is over its time is shown as `expired`.
    pub status: String,
    /// `pending`, `processing`, `completed`, `failed`.
    pub setup: String,
    pub error: Option<String>,
    pub token: String,
    pub created_at: Millis,
    pub expires_at: Millis,
    /// What was asked for, as the client wrote it.
    pub asked: Value,
}

impl Link {
    pub fn shown_status(&self, now: Millis) -> &str {
        if self.status == "active" && now >= self.expires_at { "expired" } else { &self.status }
    }

    pub fn is_open(&self, now: Millis) -> bool {
        self.shown_status(now) == "active"
    }
}

/// A number that is connected to the project, or was.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Connected {
    /// Phone number id.
    pub id: String,
    pub internal: String,
    pub client: Option<String>,
    /// The name it has in the project.
    pub name: String,
    /// `CONNECTED`, `DISCONNECTED`, `OFFBOARDED`.
    pub status: String,
    pub coexistence: bool,
    pub processing: bool,
    pub calls: bool,
    pub created_at: Millis,
    pub updated_at: Millis,
}

/// A webhook.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hook {
    pub id: String,
    /// The number it is for; none for those of the project.
    pub number: Option<String>,
    pub url: String,
    pub kind: String,
    pub events: Vec<String>,
    pub active: bool,
    pub secret: Option<String>,
    pub headers: BTreeMap<String, String>,
    pub version: String,
    pub buffer: bool,
    pub buffer_seconds: Option<i64>,
    pub buffer_size: Option<i64>,
    pub inactivity: i64,
    pub created_at: Millis,
    pub updated_at: Millis,
    /// How the last deliveries ended, for the automatic pause.
    #[serde(default)]
    pub recent: VecDeque<(Millis, bool)>,
}

/// A person as the project knows them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Person {
    pub id: String,
    /// Digits, unless hidden.
    pub phone: Option<String>,
    pub bsuid: String,
    pub username: Option<String>,
    pub name: String,
    pub created_at: Millis,
    pub updated_at: Millis,
    #[serde(default)]
    pub metadata: Value,
}

/// A session: what Kapso calls a conversation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Session {
    pub id: String,
    pub number: String,
    /// Id of the [`Person`].
    pub person: String,
    pub ended: bool,
    pub created_at: Millis,
    pub last_at: Millis,
    pub last_in: Option<Millis>,
    pub last_out: Option<Millis>,
    pub count: u64,
    pub last_message: String,
    pub last_kind: String,
    pub last_text: String,
}

/// A webhook on its way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sending {
    pub id: u64,
    /// The idempotency key.
    pub key: String,
    pub event: String,
    pub number: Option<String>,
    pub version: String,
    /// The exact bytes of one that is no batch.
    pub body: String,
    /// Of a batch: what is collected so far.
    #[serde(default)]
    pub batch: Vec<Value>,
    /// The session whose order it keeps.
    pub session: Option<String>,
    pub since: Millis,
    pub not_before: Millis,
    pub attempts: u32,
    #[serde(default)]
    pub forged: bool,
    #[serde(default)]
    pub tells: Vec<(String, String)>,
}

/// How a delivery went, for the list of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Delivery {
    pub id: String,
    pub hook: String,
    pub event: String,
    pub number: Option<String>,
    pub url: String,
    /// `pending`, `delivered`, `failed`.
    pub status: String,
    pub response: Option<u16>,
    pub attempts: u32,
    pub at: Millis,
}

/// What the project pays for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    pub name: String,
    /// Calls a minute.
    pub limit: u64,
    /// Sends that are left; none = as many as wanted.
    pub credits: Option<u64>,
}

impl Default for Plan {
    fn default() -> Self {
        Self { name: "platform".into(), limit: 1000, credits: None }
    }
}

/// Everything of the project.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Book {
    /// The seed of ids, so that a fresh project has others than the last one.
    pub salt: String,
    pub last_id: u64,
    pub plan: Plan,
    pub clients: Vec<Client>,
    pub links: Vec<Link>,
    pub numbers: Vec<Connected>,
    pub hooks: Vec<Hook>,
    pub people: Vec<Person>,
    pub sessions: Vec<Session>,
    pub live: Vec<Stored>,
    pub fills: Vec<Fill>,
    /// The place of the next message among those of the same time.
    pub last_seq: u64,
    pub queues: BTreeMap<String, VecDeque<Sending>>,
    pub deliveries: VecDeque<Delivery>,
    /// Webhooks that will never come: so many, of this event where one is named.
    pub lose: Vec<(u64, Option<String>)>,
    /// The next place in the list of messages that is asked for is one that nobody knows any more.
    #[serde(default)]
    pub forget: bool,
    /// Places that nobody knows any more.
    #[serde(default)]
    pub forgotten: Vec<String>,
    /// Requests so far.
    #[serde(default)]
    pub requests: u64,
    /// People who want no marketing, by number.
    pub stopped: BTreeMap<String, Vec<String>>,
    /// Deliveries that ended, and webhooks that were lost on purpose.
    pub delivered: u64,
    pub failed: u64,
    pub lost: u64,
    #[serde(skip)]
    pub index: Index,
    /// The minute and the calls in it.
    #[serde(skip)]
    pub used: (i64, u64),
    /// Sends under way, by `number/recipient`.
    #[serde(skip)]
    pub in_flight: std::collections::HashSet<String>,
}

/// A UUID that depends on the words only.
pub fn uuid_of(words: &[&str]) -> String {
    let mut hash = Sha256::new();
    for word in words {
        hash.update(word.as_bytes());
        hash.update([0]);
    }
    let digest: [u8; 32] = hash.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

impl Book {
    /// A new UUID.
    pub fn new_id(&mut self) -> String {
        if self.salt.is_empty() {
            self.salt = uuid::Uuid::new_v4().to_string();
        }
        self.last_id += 1;
        uuid_of(&[&self.salt, &self.last_id.to_string()])
    }

    /// A number of the project, whether it works at present or not.
    pub fn number(&self, id: &str) -> Option<&Connected> {
        self.numbers.iter().find(|n| n.id == id)
    }

    pub fn client(&self, id: &str) -> Option<&Client> {
        self.clients.iter().find(|c| c.id == id)
    }

    pub fn person(&self, id: &str) -> Option<&Person> {
        self.people.iter().find(|p| p.id == id)
    }

    /// Counts a call of this minute. Gives how many are left, or none when there are no more.
    pub fn count_call(&mut self, now: Millis) -> Option<u64> {
        let minute = now.div_euclid(60_000);
        if self.used.0 != minute {
            self.used = (minute, 0);
        }
        if self.used.1 >= self.plan.limit {
            return None;
        }
        self.used.1 += 1;
        self.requests += 1;
        Some(self.plan.limit - self.used.1)
    }

    /// The person with these ids: found, corrected, or new.
    pub fn meet(
        &mut self,
        phone: Option<&str>,
        bsuid: &str,
        name: &str,
        username: Option<&str>,
        now: Millis,
    ) -> String {
        let known = self.people.iter_mut().find(|p| {
            (!bsuid.is_empty() && p.bsuid == bsuid) || (phone.is_some() && p.phone.as_deref() == phone)
        });
        if let Some(person) = known {
            if person.phone.is_none() && phone.is_some() {
                person.phone = phone.map(str::to_owned);
                person.updated_at = now;
            }
            if !name.is_empty() && person.name != name {
                name.clone_into(&mut person.name);
                person.updated_at = now;
            }
            if username.is_some() && person.username.as_deref() != username {
                person.username = username.map(str::to_owned);
                person.updated_at = now;
            }
            if person.bsuid.is_empty() {
                bsuid.clone_into(&mut person.bsuid);
            }
            return person.id.clone();
        }
        // Somebody who is known from what a number was filled with stays who they are.
        let filled = self.filled_people().find(|p| {
            (!bsuid.is_empty() && p.bsuid == bsuid) || (phone.is_some() && p.phone.as_deref() == phone)
        });
        if let Some(person) = filled {
            let id = person.id.clone();
            self.people.push(person);
            return id;
        }
        let id = self.new_id();
        self.people.push(Person {
            id: id.clone(),
            phone: phone.map(str::to_owned),
            bsuid: bsuid.to_owned(),
            username: username.map(str::to_owned),
            name: name.to_owned(),
            created_at: now,
            updated_at: now,
            metadata: serde_json::json!({}),
        });
        id
    }

    /// The session of a message of this time: the one that goes on, or a new one. Says whether it is new.
    pub fn session(&mut self, number: &str, person: &str, at: Millis) -> (usize, bool) {
        let last = self.sessions.iter().rposition(|s| s.number == number && s.person == person);
        if let Some(place) = last {
            let s = &self.sessions[place];
            if !s.ended && at - s.last_at < SESSION {
                return (place, false);
            }
        }
        if let Some(place) = last {
            self.sessions[place].ended = true;
        }
        let id = self.new_id();
        self.sessions.push(Session {
            id,
            number: number.to_owned(),
            person: person.to_owned(),
            ended: false,
            created_at: at,
            last_at: at,
            last_in: None,
            last_out: None,
            count: 0,
            last_message: String::new(),
            last_kind: String::new(),
            last_text: String::new(),
        });
        (self.sessions.len() - 1, true)
    }

    /// Whether a place in the list of messages is one that nobody knows any more.
    pub fn forgets(&mut self, cursor: &str) -> bool {
        if std::mem::take(&mut self.forget) {
            self.forgotten.push(cursor.to_owned());
        }
        self.forgotten.iter().any(|c| c == cursor)
    }

    /// Whether the next webhook of this event is lost, which uses up one of those that are to be lost.
    pub fn loses(&mut self, event: &str) -> bool {
        let Some(place) =
            self.lose.iter().position(|(n, of)| *n > 0 && of.as_deref().is_none_or(|of| of == event))
        else {
            return false;
        };
        self.lose[place].0 -= 1;
        self.lose.retain(|(n, _)| *n > 0);
        self.lost += 1;
        true
    }
}
