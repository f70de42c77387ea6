//! The rows of the form over a definition: which there are, what they say, and what typing into one changes.
//!
//! Rows are called as [`lint`](crate::model::template::lint) calls the fields, so that a finding stands where it belongs.

use crate::model::template::definition::{Button, Definition, Footer, Header};
use crate::model::template::lint::{BUTTONS, CATEGORIES, HEADER_FORMATS};
use crate::model::template::{ParameterFormat, variables};
use serde_json::{Value, json};

/// How a row is filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Control {
    /// One line.
    Text,
    /// Many lines.
    Tall,
    /// One of these: the value and its name for people.
    Choice(Vec<(String, String)>),
    /// Something to press.
    Press,
    /// Nothing can be done to it here.
    Fixed,
}

/// A row of the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub key: String,
    pub label: String,
    pub control: Control,
    /// What stands in the empty row.
    pub hint: String,
    /// Whether a new part begins here.
    pub begins: bool,
}

/// What may not be changed any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lock {
    /// Name, language and how variables are written.
    pub identity: bool,
    /// The category.
    pub category: bool,
}

fn item(key: impl Into<String>, label: impl Into<String>, control: Control, hint: &str) -> Item {
    Item { key: key.into(), label: label.into(), control, hint: hint.into(), begins: false }
}

fn choice(list: &[(&str, &str)]) -> Control {
    Control::Choice(list.iter().map(|(v, n)| ((*v).to_owned(), (*n).to_owned())).collect())
}

fn unless(locked: bool, control: Control) -> Control {
    if locked { Control::Fixed } else { control }
}

const HEADER_NAMES: [(&str, &str); 8] = [
    ("", "none"),
    ("text", "text"),
    ("image", "picture"),
    ("video", "video"),
    ("document", "document"),
    ("location", "place on a map"),
    ("gif", "moving picture"),
    ("product", "product"),
];

const BUTTON_NAMES: [(&str, &str); 11] = [
    ("quick_reply", "quick reply"),
    ("url", "web address"),
    ("phone_number", "phone call"),
    ("copy_code", "copy a code"),
    ("flow", "flow"),
    ("catalog", "catalogue"),
    ("mpm", "several products"),
    ("spm", "one product"),
    ("voice_call", "WhatsApp call"),
    ("request_contact_info", "ask for contact data"),
    ("otp", "login code"),
];

const OTP: [(&str, &str); 3] =
    [("COPY_CODE", "copy the code"), ("ONE_TAP", "one tap fills it in"), ("ZERO_TAP", "filled in by itself")];

/// The kinds of buttons that can be chosen, what is there now among them.
fn button_kinds(now: &str, authentication: bool) -> Control {
    let all = BUTTON_NAMES.iter().filter(|(kind, _)| {
        *kind == now || (authentication == (*kind == "otp") && BUTTONS.iter().any(|(k, _)| k == kind))
    });
    let mut list: Vec<(String, String)> = all.map(|(v, n)| ((*v).to_owned(), (*n).to_owned())).collect();
    if !list.iter().any(|(v, _)| v == now) {
        list.push((now.to_owned(), now.to_owned()));
    }
    Control::Choice(list)
}

/// The rows, in the order of the form.
pub(super) fn items(d: &Definition, lock: Lock) -> Vec<Item> {
    let auth = d.is_authentication();
    let categories = CATEGORIES.map(|c| (c, c));
    let mut out = vec![
        item("name", "name", unless(lock.identity, Control::Text), "e.g. order_update"),
        item("language", "language", unless(lock.identity, Control::Press), "Enter chooses"),
        item("category", "category", unless(lock.category, choice(&categories)), ""),
    ];
    let named = |v: &str| format!("  {{{{{v}}}}} e.g.");
    if auth {
        out.push(item("body.security", "advice", choice(&[("true", "yes"), ("false", "no")]), ""));
        let hint = "minutes until the code ends, 1 to 90; empty = not said";
        out.push(item("footer.expires", "ends after", Control::Text, hint));
        if d.header.is_some() {
            let kinds = [("", "none"), ("text", "text: not allowed here")];
            out.push(item("header.format", "header", choice(&kinds), ""));
        }
        if !d.body.text.is_empty() {
            out.push(item("body.text", "body", Control::Tall, ""));
        }
    } else {
        let formats = [("POSITIONAL", "numbered {{1}}"), ("NAMED", "named {{first_name}}")];
        out.push(item("format", "variables", unless(lock.identity, choice(&formats)), ""));
        let kind = d.header.as_ref().map_or("", |h| h.format.as_str());
        let mut kinds: Vec<(String, String)> = HEADER_NAMES
            .iter()
            .filter(|(v, _)| v.is_empty() || HEADER_FORMATS.contains(v))
            .map(|(v, n)| ((*v).to_owned(), (*n).to_owned()))
            .collect();
        if !kinds.iter().any(|(v, _)| v == kind) {
            kinds.push((kind.to_owned(), kind.to_owned()));
        }
        let head = item("header.format", "header", Control::Choice(kinds), "");
        out.push(Item { begins: true, ..head });
        match (&d.header, kind) {
            (Some(h), "text") => {
                out.push(item("header.text", "  text", Control::Text, "one line, at most one variable"));
                for v in variables(&h.text) {
                    out.push(item(
                        format!("header.example.{v}"),
                        named(&v),
                        Control::Text,
                        "as it may be sent",
                    ));
                }
            }
            (Some(_), "image" | "video" | "document" | "gif") => {
                let hint = "path of a file; Enter hands it over for the review";
                out.push(item("header.sample", "  sample", Control::Text, hint));
            }
            _ => {}
        }
        let body =
            item("body.text", "body", Control::Tall, "What the customer reads. F5 puts a variable in.");
        out.push(Item { begins: true, ..body });
        for v in variables(&d.body.text) {
            out.push(item(format!("body.example.{v}"), named(&v), Control::Text, "as it may be sent"));
        }
        let foot = item("footer.text", "footer", Control::Text, "empty = none");
        out.push(Item { begins: true, ..foot });
    }
    for (i, b) in d.buttons.iter().enumerate() {
        let kind =
            item(format!("button.{i}.kind"), format!("button {}", i + 1), button_kinds(&b.kind, auth), "");
        out.push(Item { begins: true, ..kind });
        let text = |part: &str, label: &str, hint: &str| {
            item(format!("button.{i}.{part}"), format!("  {label}"), Control::Text, hint)
        };
        if !matches!(b.kind.as_str(), "request_contact_info" | "spm") || !b.text.is_empty() {
            let own = matches!(b.kind.as_str(), "copy_code" | "otp");
            out.push(text(
                "text",
                "caption",
                if own { "empty = the provider's own" } else { "what stands on it" },
            ));
        }
        match b.kind.as_str() {
            "url" => {
                out.push(text("target", "address", "e.g. https://shop.example/orders/{{1}}"));
                if !variables(&b.target).is_empty() || !b.example.is_empty() {
                    out.push(text("example", "{{1}} e.g.", "the end of the address, or the whole"));
                }
            }
            "phone_number" => out.push(text("target", "number", "e.g. +15550102030")),
            "copy_code" => out.push(text("example", "e.g.", "as it may be sent: SPRING20")),
            "flow" => {
                out.push(text("flow_id", "flow", "the id of a published flow"));
                out.push(text("navigate_screen", "screen", "where it begins; empty = its first"));
            }
            "otp" => {
                out.push(item(format!("button.{i}.otp_type"), "  code", choice(&OTP), ""));
                if !b.other("otp_type").eq_ignore_ascii_case("COPY_CODE") {
                    out.push(text("autofill_text", "autofill", "caption of the button that fills it in"));
                    out.push(text("apps", "apps", "com.example.app K8a/AINcGX7, … (package and hash)"));
                }
            }
            _ => {}
        }
    }
    let add = item("buttons", "buttons", Control::Press, "Enter adds one");
    out.push(Item { begins: true, ..add });
    out.push(item(
        "ttl",
        "delivery",
        Control::Text,
        "for how many seconds it is tried; empty = the provider's own",
    ));
    if !d.others.is_empty() {
        out.push(item("others", "other parts", Control::Fixed, ""));
    }
    out
}

fn button_part(key: &str) -> Option<(usize, &str)> {
    let (i, part) = key.strip_prefix("button.")?.split_once('.')?;
    Some((i.parse().ok()?, part))
}

fn apps(b: &Button) -> String {
    let list = b.extra.get("supported_apps").and_then(Value::as_array);
    let word = |a: &Value, k: &str| a[k].as_str().unwrap_or_default().to_owned();
    let one =
        |a: &Value| format!("{} {}", word(a, "package_name"), word(a, "signature_hash")).trim().to_owned();
    list.map(|l| l.iter().map(one).collect::<Vec<_>>().join(", ")).unwrap_or_default()
}

/// What a row says.
pub(super) fn value(d: &Definition, key: &str) -> String {
    if let Some((i, part)) = button_part(key) {
        let Some(b) = d.buttons.get(i) else { return String::new() };
        return match part {
            "kind" => b.kind.clone(),
            "text" => b.text.clone(),
            "target" => b.target.clone(),
            "example" => b.example.clone(),
            "apps" => apps(b),
            "otp_type" => b.other("otp_type").to_ascii_uppercase(),
            other => b.other(other).to_owned(),
        };
    }
    let header = d.header.as_ref();
    let number = |n: Option<i64>| n.map(|n| n.to_string()).unwrap_or_default();
    match key {
        "name" => d.name.clone(),
        "language" => d.language.clone(),
        "category" => d.category.clone(),
        "format" => if d.format == ParameterFormat::Named { "NAMED" } else { "POSITIONAL" }.into(),
        "header.format" => header.map(|h| h.format.clone()).unwrap_or_default(),
        "header.text" => header.map(|h| h.text.clone()).unwrap_or_default(),
        "header.sample" => header.map(|h| h.sample.clone()).unwrap_or_default(),
        "body.text" => d.body.text.clone(),
        "body.security" => d.body.security.unwrap_or(false).to_string(),
        "footer.text" => d.footer.as_ref().map(|f| f.text.clone()).unwrap_or_default(),
        "footer.expires" => number(d.footer.as_ref().and_then(|f| f.expires_minutes)),
        "ttl" => number(d.ttl),
        "others" => d.others.iter().map(part_name).collect::<Vec<_>>().join(", "),
        _ => {
            let example = |examples: &crate::model::template::definition::Examples, v: &str| {
                examples.get(v).cloned().unwrap_or_default()
            };
            if let Some(v) = key.strip_prefix("body.example.") {
                example(&d.body.examples, v)
            } else if let Some(v) = key.strip_prefix("header.example.") {
                header.map(|h| example(&h.examples, v)).unwrap_or_default()
            } else {
                String::new()
            }
        }
    }
}

fn part_name(c: &Value) -> String {
    c["type"].as_str().unwrap_or("unnamed").to_lowercase().replace('_', " ")
}

/// Digits as a number; nothing is none, and what is no number stays out.
fn number(text: &str) -> Option<i64> {
    text.trim().parse().ok()
}

fn set_button(b: &mut Button, part: &str, text: &str, authentication: bool) {
    match part {
        "kind" => turn_into(b, text, authentication),
        "text" => text.clone_into(&mut b.text),
        "target" => text.clone_into(&mut b.target),
        "example" => text.clone_into(&mut b.example),
        "apps" => {
            let app = |s: &str| {
                let mut words = s.split_whitespace();
                let (package, hash) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
                json!({ "package_name": package, "signature_hash": hash })
            };
            let list: Vec<Value> = text.split(',').filter(|s| !s.trim().is_empty()).map(app).collect();
            if list.is_empty() {
                b.extra.remove("supported_apps");
            } else {
                b.extra.insert("supported_apps".into(), Value::Array(list));
            }
        }
        other if text.is_empty() => drop(b.extra.remove(other)),
        other => drop(b.extra.insert(other.to_owned(), Value::String(text.to_owned()))),
    }
}

/// Members of the wire that belong to one kind of button.
const OF_KINDS: [&str; 9] = [
    "flow_id",
    "flow_name",
    "flow_json",
    "flow_action",
    "navigate_screen",
    "otp_type",
    "autofill_text",
    "supported_apps",
    "zero_tap_terms_accepted",
];

fn turn_into(b: &mut Button, kind: &str, authentication: bool) {
    if b.kind == kind {
        return;
    }
    kind.clone_into(&mut b.kind);
    for key in OF_KINDS {
        b.extra.remove(key);
    }
    b.target.clear();
    b.example.clear();
    match kind {
        "request_contact_info" | "spm" => b.text.clear(),
        "otp" if authentication => drop(b.extra.insert("otp_type".into(), json!("COPY_CODE"))),
        _ => {}
    }
}

/// Puts a row's text into the definition.
pub(super) fn set(d: &mut Definition, key: &str, text: &str) {
    let auth = d.is_authentication();
    if let Some((i, part)) = button_part(key) {
        if let Some(b) = d.buttons.get_mut(i) {
            set_button(b, part, text, auth);
        }
        return;
    }
    match key {
        "name" => text.clone_into(&mut d.name),
        "language" => text.clone_into(&mut d.language),
        "header.format" if text.is_empty() => d.header = None,
        "header.format" => {
            let h = d.header.get_or_insert_with(Header::default);
            if h.format != text {
                // A sample of one kind is none of another, and a text has no place beside a picture.
                *h = Header {
                    format: text.to_owned(),
                    text: if text == "text" { std::mem::take(&mut h.text) } else { String::new() },
                    ..Header::default()
                };
            }
        }
        "header.text" => {
            if let Some(h) = &mut d.header {
                carry(&mut h.examples, &h.text, text);
                text.clone_into(&mut h.text);
            }
        }
        "header.sample" => {
            if let Some(h) = &mut d.header {
                text.clone_into(&mut h.sample);
            }
        }
        "body.text" => {
            carry(&mut d.body.examples, &d.body.text, text);
            text.clone_into(&mut d.body.text);
        }
        "body.security" => d.body.security = Some(text == "true"),
        "footer.text" => {
            let f = d.footer.get_or_insert_with(Footer::default);
            text.clone_into(&mut f.text);
            if *f == Footer::default() {
                d.footer = None;
            }
        }
        "footer.expires" => {
            let f = d.footer.get_or_insert_with(Footer::default);
            f.expires_minutes = number(text);
            if *f == Footer::default() {
                d.footer = None;
            }
        }
        "ttl" => d.ttl = number(text),
        _ => {
            if let Some(v) = key.strip_prefix("body.example.") {
                d.body.examples.insert(v.to_owned(), text.to_owned());
            } else if let (Some(v), Some(h)) = (key.strip_prefix("header.example."), &mut d.header) {
                h.examples.insert(v.to_owned(), text.to_owned());
            }
        }
    }
}

/// Whether a row takes digits only.
pub(super) fn is_number(key: &str) -> bool {
    matches!(key, "ttl" | "footer.expires")
}

/// A variable that was given another name keeps its example.
fn carry(examples: &mut crate::model::template::definition::Examples, before: &str, after: &str) {
    let (was, is) = (variables(before), variables(after));
    if was.len() != is.len() {
        return;
    }
    let moved: Vec<(&String, &String)> = was.iter().zip(&is).filter(|(a, b)| a != b).collect();
    if let [(a, b)] = moved[..]
        && !is.contains(a)
        && !examples.contains_key(b)
        && let Some(e) = examples.remove(a)
    {
        examples.insert(b.clone(), e);
    }
}

/// The row where a finding stands.
pub(super) fn place(items: &[Item], field: &str) -> usize {
    let at = |key: &str| items.iter().position(|i| i.key == key);
    if let Some(i) = at(field) {
        return i;
    }
    let near = match field {
        "header" | "header.format" => "header.format".to_owned(),
        "footer" => "footer.text".to_owned(),
        f if f.starts_with("header.") => "header.format".to_owned(),
        f if f.starts_with("carousel") => "others".to_owned(),
        f => match button_part(f) {
            Some((i, _)) => format!("button.{i}.kind"),
            None if f.starts_with("body") => "body.text".to_owned(),
            None => "name".to_owned(),
        },
    };
    at(&near).or_else(|| at("buttons").filter(|_| field.starts_with("button"))).unwrap_or(0)
}

/// The definition without what was written for variables that are gone.
pub(super) fn pruned(d: &Definition) -> Definition {
    let mut d = d.clone();
    let names = variables(&d.body.text);
    d.body.examples.retain(|k, _| names.contains(k));
    if let Some(h) = &mut d.header {
        let names = variables(&h.text);
        h.examples.retain(|k, _| names.contains(k));
    }
    for b in &mut d.buttons {
        if b.kind == "url" && variables(&b.target).is_empty() {
            b.example.clear();
        }
    }
    d
}
