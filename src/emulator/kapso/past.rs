//! The messages that the project keeps, in the order of their creation.
//!
//! Owns the index over them and what a filled-up number has: those messages are made from their place when somebody
//! reads them, so that a number with very many of them is there at once and takes no room. Knows no shapes of the wire
//! beyond the content of a message.

use std::collections::{BTreeMap, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::book::{Book, Person, uuid_of};
use crate::clock::Millis;
use crate::emulator::wire;

const DAY: Millis = 24 * 60 * 60 * 1000;
/// Ids of filled-up messages carry this, so that they can be told from others.
const MARK: &str = "F111";

/// A message that came or went while the emulator ran.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stored {
    /// Its place among messages of the same time.
    pub seq: u64,
    pub wamid: String,
    pub number: String,
    /// When the project took it.
    pub at: Millis,
    /// The provider's time.
    pub time: Millis,
    pub inbound: bool,
    /// Id of the person.
    pub person: String,
    /// Id of the session.
    pub session: String,
    /// `type`, the object of that name, `context`: as the wire has them.
    pub message: Value,
    /// `pending`, `sent`, `delivered`, `read`, `failed`, `received`.
    pub status: String,
    /// What the provider said of it, raw, oldest first.
    pub statuses: Vec<Value>,
    /// `cloud_api`, `business_app`, `history_sync`.
    pub origin: String,
    /// The text of a template with its variables in it.
    #[serde(default)]
    pub rendered: Option<String>,
    /// Type and size of a file that was uploaded.
    #[serde(default)]
    pub mime: Option<String>,
    #[serde(default)]
    pub size: Option<u64>,
}

/// A run of messages that are made when they are read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fill {
    pub number: String,
    pub count: u32,
    pub people: u32,
    pub newest: Millis,
    /// Between two messages.
    pub step: Millis,
    pub first_seq: u64,
    pub seed: u64,
}

/// Where a message of the index is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Of [`Book::live`].
    Live(u32),
    /// Of [`Book::fills`], and which of it.
    Fill(u32, u32),
}

#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub at: Millis,
    pub seq: u64,
    pub what: What,
}

/// Every message of every number, oldest first, and those that are live by id.
#[derive(Debug, Default)]
pub struct Index {
    pub rows: BTreeMap<String, Vec<Row>>,
    ids: HashMap<String, u32>,
}

/// A message whatever it is kept as.
pub struct Seen<'a> {
    pub stored: std::borrow::Cow<'a, Stored>,
    pub person: std::borrow::Cow<'a, Person>,
}

/// Spreads the bits of a number: the same for the same, with nothing to see of the order.
fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

const FIRST: [&str; 16] = [
    "Ana", "Bruno", "Chiara", "David", "Elif", "Farid", "Grace", "Hiro", "Inês", "Jürgen", "Kemal", "Lena",
    "Mateo", "Nadia", "王芳", "أمل",
];
const LAST: [&str; 12] = [
    "Silva", "Rossi", "Nowak", "Yılmaz", "Okafor", "Schmidt", "García", "Ito", "Haddad", "Larsen", "Dubois",
    "Costa",
];
const ASKED: [&str; 12] = [
    "Hello, where is my order {n}?",
    "Thank you, it arrived.",
    "Could you send me the invoice for {n}?",
    "Is the green one still there?",
    "Bom dia! O pedido {n} já saiu?",
    "¿Puedo cambiar la dirección del pedido {n}?",
    "Guten Tag, ich habe eine Frage zu Rechnung {n}.",
    "请问订单{n}什么时候发货？",
    "متى يصل الطلب {n}؟",
    "Perfect 👍",
    "One more question about number {n}:\ncan it come on Friday?",
    "ok",
];
const ANSWERED: [&str; 8] = [
    "Good morning! Order {n} left yesterday.",
    "You are welcome.",
    "The invoice for {n} is on its way to you.",
    "Yes, there are three left.",
    "Saiu hoje às 9h, chega amanhã. Pedido {n}.",
    "Claro, ¿cuál es la nueva dirección?",
    "Gern, worum geht es bei {n}?",
    "Friday is fine.",
];

impl Fill {
    fn draw(&self, index: u32, what: u64) -> u64 {
        mix(self.seed ^ mix(u64::from(index) << 8 | what))
    }

    /// Which of the people a message is with.
    pub fn person_of(&self, index: u32) -> u32 {
        (self.draw(index, 1) % u64::from(self.people.max(1))) as u32
    }

    pub fn at(&self, index: u32) -> Millis {
        let back = Millis::from(self.count - 1 - index) * self.step;
        // Somewhere within the step, so that no two are at the same distance; the newest is on time.
        let shift =
            if self.step > 1 { (self.draw(index, 2) % self.step.unsigned_abs()) as Millis } else { 0 };
        self.newest - back - if index + 1 == self.count { 0 } else { shift }
    }

    /// Whether the business wrote a message.
    pub fn own(&self, index: u32) -> bool {
        self.draw(index, 3) % 5 < 2
    }

    pub fn wamid(&self, fill: u32, index: u32) -> String {
        let person = self.person(fill, self.person_of(index));
        let unique = format!("{MARK}{fill:08X}{index:020X}");
        wire::wamid_of(person.phone.as_deref().unwrap_or_default(), self.own(index), &unique)
    }

    /// One of the people of a fill.
    pub fn person(&self, fill: u32, which: u32) -> Person {
        let draw = mix(self.seed ^ mix(u64::from(which) << 8 | 7));
        let first = FIRST[(draw % FIRST.len() as u64) as usize];
        let last = LAST[(draw / 64 % LAST.len() as u64) as usize];
        let phone = format!("4917{:02}{which:07}", fill % 100);
        Person {
            id: uuid_of(&["person", &self.seed.to_string(), &fill.to_string(), &which.to_string()]),
            bsuid: format!("DE.{:020}", u128::from(draw) * 7 + u128::from(which)),
            phone: Some(phone),
            username: None,
            name: format!("{first} {last}"),
            created_at: self.at(0) - DAY + Millis::from(which),
            updated_at: self.newest,
            metadata: json!({}),
        }
    }

    /// The session of a message: those of one person on one day.
    pub fn session(&self, fill: u32, index: u32) -> String {
        let day = self.at(index).div_euclid(DAY).to_string();
        let (seed, which) = (self.seed.to_string(), self.person_of(index).to_string());
        uuid_of(&["session", &seed, &fill.to_string(), &which, &day])
    }

    pub fn stored(&self, fill: u32, index: u32) -> Stored {
        let (inbound, at) = (!self.own(index), self.at(index));
        let draw = self.draw(index, 4);
        let wamid = self.wamid(fill, index);
        let person = self.person(fill, self.person_of(index));
        let texts: &[&str] = if inbound { &ASKED } else { &ANSWERED };
        let text = texts[(draw % texts.len() as u64) as usize].replace("{n}", &format!("{}", 1000 + index));
        let time = at.div_euclid(1000) * 1000;
        let message = match draw / 100 % 20 {
            0 if inbound => json!({ "type": "image", "image": {
                "id": format!("7{:015}", u64::from(index) + (u64::from(fill) << 32)), "mime_type": "image/png",
                "sha256": "q1W2e3R4t5Y6u7I8o9P0a1S2d3F4g5H6j7K8l9Z0x1C=", "caption": text,
            }}),
            1 if inbound => json!({ "type": "location", "location": {
                "latitude": 38.72 + f64::from(index % 100) / 1000.0, "longitude": -9.14, "name": "Loja",
            }}),
            _ => json!({ "type": "text", "text": { "body": text } }),
        };
        let word = match draw / 10_000 % 50 {
            _ if inbound => "delivered",
            0 => "failed",
            1 => "sent",
            2..10 => "delivered",
            _ => "read",
        };
        let statuses = if inbound { Vec::new() } else { statuses(&wamid, &person, word, time) };
        Stored {
            seq: self.first_seq + u64::from(index),
            wamid,
            number: self.number.clone(),
            at,
            time,
            inbound,
            person: person.id,
            session: self.session(fill, index),
            message,
            status: word.to_owned(),
            statuses,
            origin: "cloud_api".into(),
            rendered: None,
            mime: None,
            size: None,
        }
    }
}

/// What the provider said on the way to a state.
fn statuses(wamid: &str, person: &Person, last: &str, time: Millis) -> Vec<Value> {
    let words: &[&str] = match last {
        "failed" => &["failed"],
        "sent" => &["sent"],
        "delivered" => &["sent", "delivered"],
        _ => &["sent", "delivered", "read"],
    };
    let item = |(n, word): (usize, &str)| {
        let mut item = json!({
            "id": wamid, "status": word, "timestamp": (time / 1000 + 1 + n as Millis).to_string(),
            "recipient_id": person.phone, "recipient_user_id": person.bsuid,
        });
        if word == "failed" {
            item["errors"] = json!([crate::emulator::errors::webhook_error(131_026)]);
        }
        item
    };
    words.iter().copied().enumerate().map(item).collect()
}

impl Book {
    /// Makes the index anew, after the state was read.
    pub fn reindex(&mut self) {
        let mut index = Index::default();
        for (n, fill) in self.fills.iter().enumerate() {
            let rows = index.rows.entry(fill.number.clone()).or_default();
            rows.extend(fill.rows(n as u32));
        }
        for (n, m) in self.live.iter().enumerate() {
            index.ids.insert(m.wamid.clone(), n as u32);
            let row = Row { at: m.at, seq: m.seq, what: What::Live(n as u32) };
            index.rows.entry(m.number.clone()).or_default().push(row);
        }
        for rows in index.rows.values_mut() {
            rows.sort_unstable_by_key(|r| (r.at, r.seq));
        }
        self.index = index;
    }

    /// Adds a run of messages to a number.
    pub fn fill(&mut self, mut fill: Fill) {
        fill.first_seq = self.last_seq + 1;
        self.last_seq += u64::from(fill.count);
        let rows = self.index.rows.entry(fill.number.clone()).or_default();
        rows.extend(fill.rows(self.fills.len() as u32));
        rows.sort_unstable_by_key(|r| (r.at, r.seq));
        self.fills.push(fill);
    }

    /// Keeps a message; one that is there already stays as it is.
    pub fn keep(&mut self, mut stored: Stored) -> bool {
        if self.index.ids.contains_key(&stored.wamid) {
            return false;
        }
        self.last_seq += 1;
        stored.seq = self.last_seq;
        let place = self.live.len() as u32;
        self.index.ids.insert(stored.wamid.clone(), place);
        let row = Row { at: stored.at, seq: stored.seq, what: What::Live(place) };
        let rows = self.index.rows.entry(stored.number.clone()).or_default();
        let index = rows.partition_point(|r| (r.at, r.seq) < (row.at, row.seq));
        rows.insert(index, row);
        self.live.push(stored);
        true
    }

    pub fn live(&self, wamid: &str) -> Option<&Stored> {
        self.index.ids.get(wamid).and_then(|n| self.live.get(*n as usize))
    }

    pub fn live_mut(&mut self, wamid: &str) -> Option<&mut Stored> {
        self.index.ids.get(wamid).and_then(|n| self.live.get_mut(*n as usize))
    }

    /// Forgets everything of one person at every number.
    pub fn forget(&mut self, person: &str) {
        self.live.retain(|m| m.person != person);
        self.sessions.retain(|s| s.person != person);
        self.people.retain(|p| p.id != person);
        self.reindex();
    }

    /// The message of a row.
    pub fn seen(&self, row: &Row) -> Option<Seen<'_>> {
        use std::borrow::Cow::{Borrowed, Owned};
        match row.what {
            What::Live(n) => {
                let stored = self.live.get(n as usize)?;
                let person = self.person(&stored.person)?;
                Some(Seen { stored: Borrowed(stored), person: Borrowed(person) })
            }
            What::Fill(f, n) => {
                let fill = self.fills.get(f as usize)?;
                let person = fill.person(f, fill.person_of(n));
                Some(Seen { stored: Owned(fill.stored(f, n)), person: Owned(person) })
            }
        }
    }

    /// The session of a row.
    pub fn session_of(&self, row: &Row) -> Option<String> {
        match row.what {
            What::Live(n) => self.live.get(n as usize).map(|m| m.session.clone()),
            What::Fill(f, n) => self.fills.get(f as usize).map(|fill| fill.session(f, n)),
        }
    }

    /// A message by its id, whatever it is kept as.
    pub fn find(&self, wamid: &str) -> Option<Seen<'_>> {
        let what = match self.index.ids.get(wamid) {
            Some(n) => What::Live(*n),
            None => self.filled(wamid)?,
        };
        self.seen(&Row { at: 0, seq: 0, what })
    }

    /// Where a message of a fill is, by its id.
    fn filled(&self, wamid: &str) -> Option<What> {
        let bytes = STANDARD.decode(wamid.strip_prefix("wamid.")?).ok()?;
        let unique = std::str::from_utf8(bytes.get(bytes.len().checked_sub(33)?..bytes.len() - 1)?).ok()?;
        let rest = unique.strip_prefix(MARK)?;
        let number = |text: Option<&str>| text.and_then(|t| u32::from_str_radix(t, 16).ok());
        let (f, n) = (number(rest.get(..8))?, number(rest.get(8..))?);
        let fill = self.fills.get(f as usize)?;
        (n < fill.count && fill.wamid(f, n) == wamid).then_some(What::Fill(f, n))
    }

    /// A person by id, digits or user id, also one of a fill.
    pub fn anyone(&self, name: &str) -> Option<Person> {
        let digits = name.trim_start_matches('+');
        let fits = |p: &Person| p.id == name || p.bsuid == name || p.phone.as_deref() == Some(digits);
        let live = self.people.iter().find(|p| fits(p)).cloned();
        live.or_else(|| self.filled_people().find(|p| fits(p)))
    }

    /// Everybody of the fills.
    pub fn filled_people(&self) -> impl Iterator<Item = Person> + '_ {
        let one =
            |(f, fill): (usize, &Fill)| (0..fill.people).map(move |n| (f as u32, n)).collect::<Vec<_>>();
        let all = self.fills.iter().enumerate().flat_map(one);
        all.filter_map(|(f, n)| self.fills.get(f as usize).map(|fill| fill.person(f, n)))
    }

    /// When this person last wrote to a number.
    pub fn last_heard(&self, number: &str, person: &str) -> Option<Millis> {
        let rows = self.index.rows.get(number)?;
        rows.iter()
            .rev()
            .filter_map(|r| self.seen(r))
            .find(|s| s.stored.inbound && s.stored.person == person)
            .map(|s| s.stored.time)
    }
}

impl Fill {
    fn rows(&self, fill: u32) -> impl Iterator<Item = Row> + '_ {
        (0..self.count).map(move |n| Row {
            at: self.at(n),
            seq: self.first_seq + u64::from(n),
            what: What::Fill(fill, n),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book() -> Book {
        let mut book = Book::default();
        let fill = Fill {
            number: "1".into(),
            count: 500,
            people: 20,
            newest: 1_800_000_000_000,
            step: 60_000,
            first_seq: 0,
            seed: 7,
        };
        book.fill(fill);
        book
    }

    #[test]
    fn filled_messages_are_found_by_their_id_and_are_the_same_again() {
        let mut book = book();
        for index in [0, 17, 499] {
            let wamid = book.fills[0].wamid(0, index);
            let seen = book.find(&wamid).unwrap();
            assert_eq!(seen.stored.wamid, wamid);
            assert_eq!(seen.person.id, seen.stored.person);
            let body = seen.stored.message.to_string();
            book.reindex();
            assert_eq!(book.find(&wamid).unwrap().stored.message.to_string(), body);
        }
        assert!(book.find("wamid.AAAA").is_none());
    }

    #[test]
    fn what_comes_in_stands_where_its_time_is() {
        let mut book = book();
        let middle = book.index.rows["1"][250].at;
        let stored = Stored { wamid: "wamid.x".into(), at: middle, ..book.fills[0].stored(0, 250) };
        assert!(book.keep(stored.clone()));
        assert!(!book.keep(stored), "twice");
        let rows = &book.index.rows["1"];
        assert_eq!(rows.len(), 501);
        assert!(rows.is_sorted_by_key(|r| (r.at, r.seq)));
        assert_eq!(rows[251].what, What::Live(0));
    }
}
