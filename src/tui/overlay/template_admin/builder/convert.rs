//! Variables of a definition: the next one, and numbers for names and back.

use crate::model::template::definition::{Definition, Examples};
use crate::model::template::{ParameterFormat, variables};
use std::collections::BTreeMap;

/// Names that were given, by part and number, so that going back and forth loses none.
pub(super) type Names = BTreeMap<(&'static str, usize), String>;

/// What is put in as the next variable of a text.
pub(super) fn next(text: &str, format: ParameterFormat) -> String {
    let names = variables(text);
    if format == ParameterFormat::Positional {
        let last = names.iter().filter_map(|n| n.parse::<u32>().ok()).max().unwrap_or(0);
        return format!("{{{{{}}}}}", last.saturating_add(1));
    }
    let usual = ["first_name", "order_number", "date", "amount"];
    let free = usual.iter().map(|s| (*s).to_owned()).chain((1..).map(|n| format!("value_{n}")));
    let name = free.into_iter().find(|n| !names.contains(n)).unwrap_or_else(|| "value".into());
    format!("{{{{{name}}}}}")
}

/// The same text and examples with other names; `to` says what each is called, by its place.
fn rename(text: &mut String, examples: &mut Examples, order: &[String], to: &[String]) {
    let of = |name: &str| order.iter().position(|o| o == name).and_then(|i| to.get(i));
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(start) = rest.find("{{") {
        let after = &rest[start + 2..];
        let Some(end) = after.find("}}") else { break };
        out.push_str(&rest[..start]);
        match of(after[..end].trim()) {
            Some(name) => {
                out.push_str("{{");
                out.push_str(name);
                out.push_str("}}");
            }
            None => out.push_str(&rest[start..start + end + 4]),
        }
        rest = &after[end + 2..];
    }
    out.push_str(rest);
    *text = out;
    *examples =
        std::mem::take(examples).into_iter().map(|(k, v)| (of(&k).cloned().unwrap_or(k), v)).collect();
}

fn one(part: &'static str, text: &mut String, examples: &mut Examples, named: bool, names: &mut Names) {
    let mut order = variables(text);
    let to: Vec<String> = if named {
        order.sort_by_key(|n| n.parse::<u32>().unwrap_or(u32::MAX));
        let mut to: Vec<String> = Vec::new();
        for i in 0..order.len() {
            let kept = names.get(&(part, i)).filter(|n| !to.contains(n)).cloned();
            to.push(kept.unwrap_or_else(|| format!("{part}_{}", i + 1)));
        }
        to
    } else {
        for (i, name) in order.iter().enumerate() {
            names.insert((part, i), name.clone());
        }
        (1..=order.len()).map(|n| n.to_string()).collect()
    };
    rename(text, examples, &order, &to);
}

/// Writes variables the other way; an address keeps its own.
pub(super) fn convert(d: &mut Definition, to: ParameterFormat, names: &mut Names) {
    if d.format == to {
        return;
    }
    d.format = to;
    let named = to == ParameterFormat::Named;
    if let Some(h) = &mut d.header {
        one("title", &mut h.text, &mut h.examples, named, names);
    }
    one("value", &mut d.body.text, &mut d.body.examples, named, names);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::template::definition::{BodyPart, Header};

    #[test]
    fn names_become_numbers_and_names_again() {
        let examples = |list: &[(&str, &str)]| -> Examples {
            list.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
        };
        let mut d = Definition {
            format: ParameterFormat::Named,
            header: Some(Header {
                format: "text".into(),
                text: "Ticket {{ticket}}".into(),
                examples: examples(&[("ticket", "8812")]),
                ..Header::default()
            }),
            body: BodyPart {
                text: "Hi {{ first_name }}, {{amount}} for {{first_name}}. {{".into(),
                examples: examples(&[("first_name", "Amara"), ("amount", "9 €")]),
                ..BodyPart::default()
            },
            ..Definition::default()
        };
        let (before, mut names) = (d.clone(), Names::new());
        convert(&mut d, ParameterFormat::Positional, &mut names);
        assert_eq!(d.body.text, "Hi {{1}}, {{2}} for {{1}}. {{");
        assert_eq!(d.body.examples, examples(&[("1", "Amara"), ("2", "9 €")]));
        assert_eq!(d.header.as_ref().unwrap().text, "Ticket {{1}}");
        convert(&mut d, ParameterFormat::Named, &mut names);
        assert_eq!(d.body.text, before.body.text.replace("{{ first_name }}", "{{first_name}}"));
        assert_eq!((d.body.examples, d.header), (before.body.examples, before.header));
        let mut numbered = Definition {
            body: BodyPart { text: "{{2}} and {{1}}".into(), ..BodyPart::default() },
            ..Definition::default()
        };
        convert(&mut numbered, ParameterFormat::Named, &mut Names::new());
        assert_eq!(numbered.body.text, "{{value_2}} and {{value_1}}");
    }

    #[test]
    fn the_next_variable_is_one_that_is_not_there() {
        assert_eq!(next("a {{1}} b {{7}}", ParameterFormat::Positional), "{{8}}");
        assert_eq!(next("", ParameterFormat::Positional), "{{1}}");
        assert_eq!(next("{{first_name}}", ParameterFormat::Named), "{{order_number}}");
    }
}
