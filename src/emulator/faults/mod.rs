//! Faults: what goes wrong on purpose, decided by a seed, counted, and told to whoever asks.
//!
//! | where | what |
//! | --- | --- |
//! | `spec` | the language of rules, the table of kinds, the named sets |
//! | `answer` | answers of the API that are refused, lost, late or spoiled |
//! | `webhook` | webhooks that come twice, late, never, or with odd things in them |
//!
//! Each rule draws from streams of its own, one for each endpoint, number and person, so that what happens to one
//! conversation does not depend on how others are interleaved with it.

pub mod answer;
pub mod spec;
pub mod webhook;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde_json::{Value, json};

use super::wire;
use crate::clock::Millis;
pub use spec::{Argument, Kind, Rate, Rule, Side};

/// Faults that are remembered one by one; the counts go on.
const LOG: usize = 2_000;

/// What a call or a webhook is about, as rules name it.
#[derive(Clone, Debug, Default)]
pub struct Target {
    pub endpoint: &'static str,
    pub number: Option<String>,
    /// Every way to name the person: digits, user id, key.
    pub people: Vec<String>,
    /// Whether a list is asked for.
    pub list: bool,
}

/// A rule that acts.
#[derive(Clone, Debug)]
pub struct Hit {
    pub kind: Kind,
    pub argument: Argument,
    /// From 0 up to 1, for what the rule leaves open.
    pub luck: f64,
    /// Its place in the log.
    n: u64,
}

/// A fault that happened.
#[derive(Clone, Debug, Serialize)]
struct Happened {
    n: u64,
    at: Millis,
    fault: &'static str,
    endpoint: &'static str,
    number: Option<String>,
    person: Option<String>,
    /// Of a call: whether it was carried out all the same.
    carried_out: bool,
    /// The message it was about, or that it brought.
    message: Option<String>,
}

#[derive(Debug)]
struct Live {
    rule: Rule,
    since: Millis,
    /// What fitted, and what went wrong.
    seen: u64,
    fired: u64,
    left: Option<u64>,
    streams: HashMap<String, u64>,
}

#[derive(Debug, Default)]
struct Inner {
    rules: Vec<Live>,
    counts: BTreeMap<&'static str, u64>,
    log: VecDeque<Happened>,
    last: u64,
}

/// The rules of one emulator and what came of them.
#[derive(Debug)]
pub struct Faults {
    seed: u64,
    inner: Mutex<Inner>,
}

impl Faults {
    pub fn new(seed: u64, rules: Vec<Rule>, now: Millis) -> Self {
        let faults = Self { seed, inner: Mutex::default() };
        faults.add(rules, now);
        faults
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// More rules, after those that are there.
    pub fn add(&self, rules: Vec<Rule>, now: Millis) {
        self.inner().rules.extend(rules.into_iter().map(|rule| {
            let left = match rule.rate {
                Rate::Times(n) => Some(n),
                Rate::Share(_) => None,
            };
            Live { rule, since: now, seen: 0, fired: 0, left, streams: HashMap::new() }
        }));
    }

    /// No rules any more; counts and log stay.
    pub fn clear(&self) {
        self.inner().rules.clear();
    }

    /// The one fault of a call: of the first rule that acts. All rules draw, so that their streams do not depend on
    /// each other.
    pub fn call(&self, target: &Target, now: Millis) -> Option<Hit> {
        let fits = |kind: Kind| kind.side() != Side::Webhook && (kind != Kind::PagingLoop || target.list);
        self.inner().draw(self.seed, target, now, true, fits).pop()
    }

    /// The faults of a webhook.
    pub fn webhook(&self, target: &Target, now: Millis) -> Vec<Hit> {
        let fits = |kind: Kind| match kind {
            Kind::UnknownMessage => target.endpoint == "messages",
            Kind::UnknownStatus => target.endpoint == "statuses",
            _ => kind.side() == Side::Webhook,
        };
        self.inner().draw(self.seed, target, now, false, fits)
    }

    /// Adds what became of a fault to the log.
    pub fn note(&self, hit: &Hit, carried_out: bool, message: Option<String>) {
        if let Some(entry) = self.inner().log.iter_mut().rev().find(|e| e.n == hit.n) {
            entry.carried_out = carried_out;
            entry.message = message;
        }
    }

    /// How often each kind happened.
    pub fn counts(&self) -> Value {
        json!(self.inner().counts)
    }

    /// Rules, counts and the last faults.
    pub fn shown(&self) -> Value {
        let inner = self.inner();
        let rules: Vec<Value> = inner
            .rules
            .iter()
            .map(|l| json!({ "rule": l.rule.to_string(), "seen": l.seen, "fired": l.fired, "left": l.left }))
            .collect();
        json!({ "seed": self.seed, "rules": rules, "counts": inner.counts, "last": inner.log })
    }
}

impl Inner {
    fn draw(
        &mut self,
        seed: u64,
        target: &Target,
        now: Millis,
        one: bool,
        fits: impl Fn(Kind) -> bool,
    ) -> Vec<Hit> {
        let mut hits: Vec<Hit> = Vec::new();
        for live in &mut self.rules {
            if !fits(live.rule.kind) || !live.rule.is_about(target) {
                continue;
            }
            let Some(luck) = live.luck(seed, target, now) else { continue };
            let taken = one && !hits.is_empty() || hits.iter().any(|h| h.kind == live.rule.kind);
            if taken || live.left == Some(0) {
                continue;
            }
            live.left = live.left.map(|n| n - 1);
            live.fired += 1;
            self.last += 1;
            *self.counts.entry(live.rule.kind.name()).or_default() += 1;
            if self.log.len() == LOG {
                self.log.pop_front();
            }
            self.log.push_back(Happened {
                n: self.last,
                at: now,
                fault: live.rule.kind.name(),
                endpoint: target.endpoint,
                number: target.number.clone(),
                person: target.people.first().cloned(),
                carried_out: false,
                message: None,
            });
            hits.push(Hit { kind: live.rule.kind, argument: live.rule.argument, luck, n: self.last });
        }
        // One-shot rules that are used up only lengthen the list.
        self.rules.retain(|live| live.left != Some(0));
        hits
    }
}

impl Live {
    /// The draw for a target; `None` when nothing goes wrong.
    fn luck(&mut self, seed: u64, target: &Target, now: Millis) -> Option<f64> {
        let number = target.number.as_deref().unwrap_or_default();
        let person = target.people.first().map_or("", String::as_str);
        let stream = format!("{}/{number}/{person}", target.endpoint);
        let turn = self.streams.entry(stream.clone()).or_default();
        *turn += 1;
        self.seen += 1;
        let text = self.rule.to_string();
        let words = [text.as_str(), stream.as_str(), &turn.to_string()];
        let due = match self.rule.argument {
            Argument::Number(calls) if self.rule.kind == Kind::Expired => {
                self.seen > u64::try_from(calls).unwrap_or(0)
            }
            Argument::Time(time) if self.rule.kind == Kind::Expired => {
                now - self.since >= i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
            }
            _ => true,
        };
        let share = match self.rule.rate {
            Rate::Share(share) => share,
            Rate::Times(_) => 1.0,
        };
        let [a, b, c] = words;
        (due && wire::dice(seed, &["fault", a, b, c]) < share).then(|| wire::dice(seed, &["luck", a, b, c]))
    }
}

impl Rule {
    fn is_about(&self, target: &Target) -> bool {
        self.endpoint.is_none_or(|e| e == target.endpoint)
            && self.number.as_ref().is_none_or(|n| target.number.as_ref() == Some(n))
            && self.person.as_ref().is_none_or(|p| target.people.contains(p))
    }
}

/// Numbers where strings are and the reverse, and members nobody knows. What people wrote stays as it is.
pub fn odd(value: &mut Value) {
    const IDS: [&str; 9] = [
        "timestamp",
        "phone_number_id",
        "display_phone_number",
        "wa_id",
        "from",
        "recipient_id",
        "id",
        "input",
        "message_template_id",
    ];
    match value {
        Value::Array(items) => items.iter_mut().for_each(odd),
        Value::Object(members) => {
            for (key, member) in members.iter_mut() {
                match member {
                    Value::Number(n) => *member = Value::String(n.to_string()),
                    Value::String(text) if IDS.contains(&key.as_str()) && text.len() <= 18 => {
                        if !text.starts_with('0')
                            && let Ok(n) = text.parse::<u64>()
                        {
                            *member = json!(n);
                        }
                    }
                    _ => odd(member),
                }
            }
            members.insert("x_never_seen".into(), json!({ "deep": [1, null, { "deeper": "\u{1b}[31m" }] }));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(seed: u64, order: &[&str]) -> BTreeMap<String, Vec<&'static str>> {
        let faults = Faults::new(seed, spec::parse("rough").unwrap(), 0);
        let mut out: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
        for person in order {
            let target = Target {
                endpoint: "messages",
                number: Some("1".into()),
                people: vec![(*person).to_owned()],
                list: false,
            };
            let hit = faults.call(&target, 0).map_or("-", |h| h.kind.name());
            out.entry((*person).to_owned()).or_default().push(hit);
        }
        out
    }

    #[test]
    fn a_conversation_meets_the_same_faults_however_others_are_interleaved() {
        let one: Vec<&str> = ["a"; 300].into_iter().chain(["b"; 300]).collect();
        let other: Vec<&str> = ["a", "b"].repeat(300);
        assert_eq!(run(7, &one), run(7, &other));
        assert_ne!(run(7, &one), run(8, &one));
        let calm = run(7, &one)["a"].iter().filter(|h| **h == "-").count();
        assert!((150..290).contains(&calm), "{calm} of 300 calls went well");
    }

    #[test]
    fn a_count_is_used_up_and_places_are_kept() {
        let faults = Faults::new(1, spec::parse("cut@messages@to:ana=2x,expired:3@number").unwrap(), 0);
        let target = |endpoint: &'static str, person: &str| Target {
            endpoint,
            people: vec![person.to_owned()],
            ..Target::default()
        };
        assert!(faults.call(&target("messages", "bo"), 0).is_none());
        assert!(faults.call(&target("read", "ana"), 0).is_none());
        let kinds: Vec<_> =
            (0..3).map(|_| faults.call(&target("messages", "ana"), 0).map(|h| h.kind)).collect();
        assert_eq!(kinds, [Some(Kind::Cut), Some(Kind::Cut), None]);
        let expired: Vec<_> = (0..5).map(|_| faults.call(&target("number", ""), 0).is_some()).collect();
        assert_eq!(expired, [false, false, false, true, true]);
        assert_eq!(faults.counts(), json!({ "cut": 2, "expired": 2 }));
    }
}
