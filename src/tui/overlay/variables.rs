//! Filling the variables of quick replies.
//!
//! The text of a reply is a template; values are data and are never read as one. Rendering is bounded by a
//! number of steps, so that no reply can hang the screen.

use super::frame::Rich;
use crate::clock::Millis;
use crate::model::outgoing::TEXT_MAX;
use crate::text;
use jiff::tz::TimeZone;
use minijinja::{Environment, ErrorKind, UndefinedBehavior};
use ratatui::style::Style;
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
const RENDERED_MAX: usize = TEXT_MAX * 4;

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
pub fn time_of_day(now: Millis, tz: &TimeZone) -> &'static str {
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
        Some(text::sanitize(v)).filter(|v| !v.trim().is_empty())
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

    /// The text as it would be inserted, known values in `known`, names without a value in `open`. `Err` says in
    /// one line what is wrong with the reply's text.
    pub fn preview(&self, reply: &str, given: &Given, known: Style, open: Style) -> Result<Rich, String> {
        let safe = text::sanitize_lines(reply);
        let mut context = self.context(given, |v| format!("\u{2}{}\u{3}", text::sanitize_lines(v)));
        if let (Value::Object(root), Filled::Missing(missing)) = (&mut context, self.fill(&safe, given)) {
            for name in missing {
                place(root, &name, format!("\u{4}‹{name}›\u{5}"));
            }
        }
        match render(&safe, &context) {
            Ok(out) => Ok(Rich::marked(&out, known, open)),
            Err(Failure::Broken(why)) => Err(why),
            Err(Failure::Missing) => Err("uses a variable in a way that cannot be filled in".into()),
        }
    }
}

impl Variables {
    /// The same as plain text; a text with a mistake as it is.
    #[must_use]
    pub fn preview_text(&self, reply: &str, given: &Given) -> String {
        let rich = self.preview(reply, given, Style::new(), Style::new());
        rich.map_or_else(|_| reply.to_owned(), |rich| rich.text)
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
    let what = text::truncate(&text::sanitize(&what), 120).into_owned();
    e.line().map_or_else(|| what.clone(), |line| format!("line {line}: {what}"))
}

// A contact's name is a stranger's text, and it ends up in a message.
fn safe(value: &str) -> String {
    text::sanitize_lines(value).into_owned()
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn vars() -> Variables {
        Variables {
            contact_name: "Marta Souza".into(),
            contact_first_name: "Marta".into(),
            operator_name: "Ana".into(),
            account_name: "Acme".into(),
            ..Variables::default()
        }
    }

    fn given(list: &[(&str, &str)]) -> Given {
        list.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn known_values_go_in_and_missing_ones_are_named_in_order() {
        let v = vars();
        let none = Given::new();
        assert_eq!(v.fill("Hi {{ contact.first_name }}!", &none), Filled::Text("Hi Marta!".into()));
        let reply = "{{ order.number }} by {{ carrier }} to {{ contact.phone }}, {{ operator.name }}";
        assert_eq!(
            v.fill(reply, &none),
            Filled::Missing(vec!["order.number".into(), "carrier".into(), "contact.phone".into()])
        );
        let g = given(&[("order.number", "4711"), ("carrier", "UPS"), ("contact.phone", "+55")]);
        assert_eq!(v.fill(reply, &g), Filled::Text("4711 by UPS to +55, Ana".into()));
        assert_eq!(
            v.fill("{{ carrier | default('the carrier') }}", &none),
            Filled::Text("the carrier".into())
        );
    }

    #[test]
    fn the_time_of_day_greets_in_any_language() {
        let v = Variables { time_of_day: "morning".into(), ..vars() };
        let reply =
            "Good {{ time.of_day }}! {% if time.of_day == 'morning' %}Bom dia{% else %}Boa tarde{% endif %}";
        assert_eq!(v.fill(reply, &Given::new()), Filled::Text("Good morning! Bom dia".into()));
    }

    #[test]
    fn control_characters_of_a_name_do_not_get_into_a_message() {
        let v = Variables { contact_name: "Ma\u{202e}r\u{1b}[31mta".into(), ..vars() };
        assert_eq!(v.fill("Hi {{ contact.name }}", &Given::new()), Filled::Text("Hi Mar[31mta".into()));
        // Nor do its line breaks; and a name of nothing but controls is asked for.
        let v = Variables { contact_name: "Marta\nSent by the bank".into(), ..vars() };
        assert_eq!(
            v.fill("Hi {{ contact.name }}", &Given::new()),
            Filled::Text("Hi Marta Sent by the bank".into())
        );
        let v = Variables { contact_name: "\u{202e}\u{1b}".into(), ..vars() };
        assert!(matches!(v.fill("Hi {{ contact.name }}", &Given::new()), Filled::Missing(_)));
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        let Filled::Broken(why) = vars().fill("ok\n{{ contact.name", &Given::new()) else { panic!() };
        assert!(why.starts_with("line 2"), "{why}");
        assert!(check("{% if x %}").is_err());
        for odd in
            ["{{ contact }}{{ contact.x.y }}", "{{ nothing() }}", "{{ contact['x'] }}", "{{ a }}{{ a.b }}"]
        {
            let mut g = Given::new();
            for _ in 0..4 {
                match vars().fill(odd, &g) {
                    Filled::Missing(names) => g.extend(names.into_iter().map(|n| (n, "v".to_owned()))),
                    Filled::Text(_) | Filled::Broken(_) => break,
                }
            }
            assert!(!matches!(vars().fill(odd, &g), Filled::Missing(_)), "{odd} asks for ever");
        }
    }

    #[test]
    fn a_reply_that_never_ends_is_stopped() {
        let deep = "{% for a in [1,2,3,4,5,6,7,8,9] %}".repeat(9) + "x" + &"{% endfor %}".repeat(9);
        assert!(matches!(vars().fill(&deep, &Given::new()), Filled::Broken(_)));
        assert!(matches!(vars().fill("{{ 'x' * 60000 }}", &Given::new()), Filled::Broken(_)));
    }

    #[test]
    fn a_preview_shows_what_is_filled_and_what_is_open() {
        let (known, open) = (Style::new().bold(), Style::new().italic());
        let rich =
            vars().preview("Hi {{ contact.first_name }}, {{ order }}.", &Given::new(), known, open).unwrap();
        assert_eq!(rich.text, "Hi Marta, ‹order›.");
        assert_eq!(rich.text[rich.spans[0].0.clone()], *"Marta");
        assert_eq!(rich.spans[0].1, known);
        assert_eq!(rich.text[rich.spans[1].0.clone()], *"‹order›");
        assert_eq!(rich.spans[1].1, open);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_value_is_never_read_as_a_template(value in "[{}% a-z\\n|]{1,40}") {
            prop_assume!(!value.trim().is_empty());
            let g = given(&[("x", &value)]);
            let v = Variables { contact_name: value.clone(), ..Variables::default() };
            let name = text::sanitize(&value);
            prop_assert_eq!(v.fill("<{{ x }}{{ contact.name }}>", &g), Filled::Text(format!("<{value}{name}>")));
        }

        #[test]
        fn any_text_of_a_reply_is_survived(reply in "(\\{\\{|\\}\\}|\\{%|%\\}|[a-z. |()*'\"0-9]|\\PC|\\n){0,60}") {
            let _ = vars().fill(&reply, &Given::new());
            let _ = vars().preview(&reply, &Given::new(), Style::new(), Style::new());
            let _ = check(&reply);
        }
    }
}
