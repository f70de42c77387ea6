//! Filling the variables of quick replies, and of the texts that values of templates come from.
//!
//! The text of a reply is a template; values are data and are never read as one. Rendering is bounded by a
//! number of steps, so that no reply can hang the screen.

use jiff::tz::TimeZone;
use minijinja::{Environment, ErrorKind, UndefinedBehavior};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The names that are filled in without asking.
pub const NAMES: [&str; 7] = [
    "contact.first_name",
    "contact.name",
    "contact.phone",
    "operator.name",
    "account.name",
    "account.phone",
    "time.of_day",
];

/// Steps a reply may take to render; a reply of ordinary length takes a few dozen.
const FUEL: u64 = 20_000;
/// Longest rendered text in bytes; what is longer cannot be sent anyway.
const RENDERED_MAX: usize = 4_096 * 4;

/// What is known about the thread a reply goes to. An empty value counts as not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables {
    /// Full name of the contact.
    pub contact_name: String,
    /// First name of the contact.
    pub contact_first_name: String,
    /// Number of the contact, for people.
    pub contact_phone: String,
    /// Name of the operator.
    pub operator_name: String,
    /// Name of the account.
    pub account_name: String,
    /// Number of the account, for people.
    pub account_phone: String,
    /// `morning`, `afternoon` or `evening`, where the operator is.
    pub time_of_day: String,
}

/// Values the operator gave for names that are not known.
pub type Given = BTreeMap<String, String>;

/// What came of filling in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filled {
    /// The text, ready to insert.
    Text(String),
    /// These names have no value, in order of appearance.
    Missing(Vec<String>),
    /// The reply's text has a mistake; what, in one line.
    Broken(String),
}

/// The first name in a name; empty for a number or an @name.
#[must_use]
pub fn first_name(name: &str) -> String {
    if name.starts_with(['+', '@']) {
        return String::new();
    }
    let with_letters = |w: &&str| w.chars().any(char::is_alphabetic);
    name.split_whitespace().find(with_letters).unwrap_or("").to_owned()
}

/// What time of the day it is, for a greeting.
#[must_use]
pub fn time_of_day(now: i64, tz: &TimeZone) -> &'static str {
    let now = jiff::Timestamp::from_millisecond(now).unwrap_or_default();
    match now.to_zoned(tz.clone()).hour() {
        4..=11 => "morning",
        12..=17 => "afternoon",
        _ => "evening",
    }
}

impl Variables {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        let v = match name {
            "contact.name" => &self.contact_name,
            "contact.first_name" => &self.contact_first_name,
            "contact.phone" => &self.contact_phone,
            "operator.name" => &self.operator_name,
            "account.name" => &self.account_name,
            "account.phone" => &self.account_phone,
            "time.of_day" => &self.time_of_day,
            _ => return None,
        };
        // A name is one line, and one that shows nothing is none.
        Some(super::sanitize(v)).filter(|v| !v.trim().is_empty())
    }

    fn context(&self, given: &Given, mark: impl Fn(&str) -> String) -> Value {
        let mut root = Map::new();
        for name in NAMES {
            if let Some(v) = self.get(name) {
                place(&mut root, name, mark(&v));
            }
        }
        for (name, v) in given {
            if !v.trim().is_empty() {
                place(&mut root, name, mark(v));
            }
        }
        Value::Object(root)
    }

    /// Fills a reply's text in.
    #[must_use]
    pub fn fill(&self, reply: &str, given: &Given) -> Filled {
        match render(reply, &self.context(given, safe)) {
            Ok(text) => Filled::Text(text),
            Err(Failure::Missing) => {
                let unknown: Vec<String> = names(reply)
                    .into_iter()
                    .filter(|n| self.get(n).is_none() && given.get(n).is_none_or(|v| v.trim().is_empty()))
                    .collect();
                let missing = self.needed(reply, given, &unknown);
                if missing.is_empty() {
                    return Filled::Broken("uses a variable in a way that cannot be filled in".into());
                }
                Filled::Missing(missing)
            }
            Err(Failure::Broken(why)) => Filled::Broken(why),
        }
    }

    // Of the unknown names those that the text cannot do without (it can where it names a default), and that
    // help when they are given.
    fn needed(&self, reply: &str, given: &Given, unknown: &[String]) -> Vec<String> {
        let without = |left_out: Option<&String>| {
            let mut all = given.clone();
            all.extend(unknown.iter().filter(|n| Some(*n) != left_out).map(|n| (n.clone(), "x".to_owned())));
            render(reply, &self.context(&all, str::to_owned))
        };
        if matches!(without(None), Err(Failure::Missing)) {
            return Vec::new();
        }
        unknown.iter().filter(|n| matches!(without(Some(n)), Err(Failure::Missing))).cloned().collect()
    }

    /// The text as it would be inserted, with marks: \u{2} and \u{3} around known values, \u{4} and \u{5} around the names of
    /// those that are missing. `Err` says in one line what is wrong with the reply's text.
    pub fn marked(&self, reply: &str, given: &Given) -> Result<String, String> {
        let safe = super::sanitize_lines(reply);
        let mut context = self.context(given, |v| format!("\u{2}{}\u{3}", super::sanitize_lines(v)));
        if let (Value::Object(root), Filled::Missing(missing)) = (&mut context, self.fill(&safe, given)) {
            for name in missing {
                place(root, &name, format!("\u{4}‹{name}›\u{5}"));
            }
        }
        match render(&safe, &context) {
            Ok(out) => Ok(out),
            Err(Failure::Broken(why)) => Err(why),
            Err(Failure::Missing) => Err("uses a variable in a way that cannot be filled in".into()),
        }
    }
}

/// Whether a reply's text can be read as one; `Err` says in one line what is wrong.
pub fn check(reply: &str) -> Result<(), String> {
    let env = environment();
    env.template_from_str(reply).map(|_| ()).map_err(|e| explain(&e))
}

fn place(root: &mut Map<String, Value>, name: &str, value: String) {
    match name.split_once('.') {
        None => {
            root.entry(name).or_insert(Value::String(value));
        }
        Some((head, rest)) => {
            let inner = root.entry(head).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(map) = inner {
                place(map, rest, value);
            }
        }
    }
}

enum Failure {
    Missing,
    Broken(String),
}

fn environment<'a>() -> Environment<'a> {
    // Nothing but these: no functions, no loading of other templates.
    let mut env = Environment::empty();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_fuel(Some(FUEL));
    env.set_recursion_limit(20);
    env.add_filter("default", minijinja::filters::default);
    env.add_filter("upper", minijinja::filters::upper);
    env.add_filter("lower", minijinja::filters::lower);
    env.add_filter("title", minijinja::filters::title);
    env.add_filter("trim", minijinja::filters::trim);
    env
}

fn explain(e: &minijinja::Error) -> String {
    let what = e.detail().map_or_else(|| e.kind().to_string(), str::to_owned);
    let what = super::truncate(&super::sanitize(&what), 120).into_owned();
    e.line().map_or_else(|| what.clone(), |line| format!("line {line}: {what}"))
}

// A contact's name is a stranger's text, and it ends up in a message.
fn safe(value: &str) -> String {
    super::sanitize_lines(value).into_owned()
}

// Strings and maps of them are all a context holds.
fn data(value: &Value) -> minijinja::Value {
    match value {
        Value::String(s) => minijinja::Value::from(s.as_str()),
        Value::Object(map) => minijinja::Value::from_pairs(map.iter().map(|(k, v)| (k.as_str(), data(v)))),
        _ => minijinja::Value::UNDEFINED,
    }
}

fn render(reply: &str, context: &Value) -> Result<String, Failure> {
    let env = environment();
    let template = env.template_from_str(reply).map_err(|e| Failure::Broken(explain(&e)))?;
    match template.render(data(context)) {
        Ok(out) if out.len() > RENDERED_MAX => Err(Failure::Broken("becomes too long when filled in".into())),
        Ok(out) => Ok(out),
        Err(e) if e.kind() == ErrorKind::UndefinedError => Err(Failure::Missing),
        Err(e) => Err(Failure::Broken(explain(&e))),
    }
}

/// The names a reply looks up, in order of appearance.
fn names(reply: &str) -> Vec<String> {
    let env = environment();
    let Ok(template) = env.template_from_str(reply) else { return Vec::new() };
    let mut found: Vec<String> = template.undeclared_variables(true).into_iter().collect();
    found.sort_by_key(|n| (reply.find(n.as_str()).unwrap_or(usize::MAX), n.clone()));
    found
}
