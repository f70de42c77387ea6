//! Where the values of a template come from: texts with the variables of quick replies, kept for each template and each
//! action, and what a caller gives.

use super::super::access::Who;
use super::super::{Shared, session};
use crate::model::contact::{Identity, IdentityKind, display_phone};
use crate::model::event::Recipient;
use crate::model::ids::AccountId;
use crate::model::outgoing::FieldProblem;
use crate::model::template::{Template, Values};
use crate::protocol::Problem;
use crate::protocol::templates::KnownValues;
use crate::text::variables::{Filled, Given, Variables, first_name, time_of_day};
use jiff::tz::TimeZone;

/// How a value that a caller gives is named in a mapping.
const SET: &str = "set.";

/// What is known about whom a template goes to, who sends it, and from where.
pub(super) async fn known(who: &Who, account: &AccountId, to: &Recipient) -> Result<Variables, Problem> {
    let shared: &Shared = &who.shared;
    let detail = session::thread_of(shared, account, to).await?;
    let view = shared.view(account).await?;
    let typed = match to {
        Recipient::Identity { identity: Identity { kind: IdentityKind::Phone, value } } => {
            Some(value.as_str())
        }
        _ => None,
    };
    let contact = detail.as_ref().map(|d| &d.contact);
    let name = contact.map_or("", |c| if c.name.is_empty() { &c.profile_name } else { &c.name });
    let phone = contact.and_then(|c| c.identity(IdentityKind::Phone)).or(typed);
    let digits = phone.map(|p| p.chars().filter(char::is_ascii_digit).collect::<String>());
    Ok(Variables {
        contact_first_name: first_name(name),
        contact_name: name.to_owned(),
        contact_phone: digits.as_deref().map(display_phone).unwrap_or_default(),
        operator_name: who.operator().to_owned(),
        account_name: view.as_ref().map(|v| v.spec.name.clone()).unwrap_or_default(),
        account_phone: view.map(|v| v.facts.display_phone).unwrap_or_default(),
        time_of_day: time_of_day(shared.clock.now(), &TimeZone::system()).to_owned(),
    })
}

/// What a caller gave, apart: values by field key, and values by name.
pub(super) fn apart(template: &Template, values: &Values) -> (Values, Given) {
    let fields = template.fields();
    let mut own = Values::new();
    let mut given = Given::new();
    for (key, value) in values {
        if fields.iter().any(|f| f.key == *key) {
            own.insert(key.clone(), value.clone());
        } else {
            let name = key.strip_prefix(SET).unwrap_or(key);
            given.insert(format!("{SET}{name}"), value.clone());
        }
    }
    (own, given)
}

/// Resolves what has a source. A named variable without one takes the given value of its name.
pub(super) fn resolve(
    template: &Template,
    mappings: &[&Values],
    vars: &Variables,
    own: &Values,
    given: &Given,
) -> Result<KnownValues, FieldProblem> {
    let mut out = KnownValues::default();
    for f in template.fields() {
        if let Some(value) = own.get(&f.key) {
            out.values.insert(f.key, value.clone());
            continue;
        }
        let source = mappings.iter().find_map(|m| m.get(&f.key)).filter(|s| !s.trim().is_empty());
        let Some(source) = source else {
            let name = f.key.split_once('.').map_or(f.key.as_str(), |(_, name)| name);
            if let Some(value) = given.get(&format!("{SET}{name}")) {
                out.values.insert(f.key, value.clone());
            }
            continue;
        };
        match vars.fill(source, given) {
            Filled::Text(text) => {
                let text = text.trim();
                if !text.is_empty() {
                    out.values.insert(f.key, text.to_owned());
                }
            }
            Filled::Missing(names) => {
                out.missing.insert(f.key, names);
            }
            Filled::Broken(why) => {
                return Err(FieldProblem::new(f.key, format!("its mapping cannot be filled in: {why}")));
            }
        }
    }
    Ok(out)
}

/// The values that are there for somebody.
pub(super) async fn offered(
    who: &Who,
    account: &AccountId,
    (name, language): (&str, &str),
    to: &Recipient,
    given: &Values,
) -> Result<KnownValues, Problem> {
    let row = super::row(&who.shared, account, name, language).await?;
    let mut vars = known(who, account, to).await?;
    if who.access.role.mask_numbers {
        // Half a number is no value, and a whole one is not theirs to see.
        vars.contact_phone.clear();
    }
    let (own, given) = apart(&row.template, given);
    Ok(resolve(&row.template, &[&row.settings.mapping], &vars, &own, &given)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::template::components;
    use serde_json::json;

    fn invoice() -> Template {
        components::from_document(&json!({
            "name": "invoice", "language": "en", "category": "UTILITY", "parameter_format": "NAMED",
            "components": [{ "type": "BODY", "text": "Hello {{name}}, your invoice of {{amount}} is due {{day}}, see." }],
        }))
        .unwrap()
        .as_template()
    }

    fn map(list: &[(&str, &str)]) -> Values {
        list.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn what_the_caller_says_goes_before_the_action_and_that_before_the_template() {
        let vars = Variables { contact_first_name: "Marta".into(), ..Variables::default() };
        let t = invoice();
        let (own, given) =
            apart(&t, &map(&[("amount", "84.50 EUR"), ("set.day", "today"), ("body.day", "Friday")]));
        assert_eq!(given, map(&[("set.amount", "84.50 EUR"), ("set.day", "today")]));
        let settings = map(&[("body.name", "nobody"), ("body.amount", "{{ set.amount }}")]);
        let action = map(&[("body.name", "{{ contact.first_name }}")]);
        let got = resolve(&t, &[&action, &settings], &vars, &own, &given).unwrap();
        assert_eq!(
            got.values,
            map(&[("body.name", "Marta"), ("body.amount", "84.50 EUR"), ("body.day", "Friday")])
        );
        assert!(got.missing.is_empty());
    }

    #[test]
    fn what_nobody_has_is_named_and_a_mistake_is_told() {
        let t = invoice();
        let settings = map(&[("body.name", "{{ contact.name }}"), ("body.day", "{{ set.day }}")]);
        let got = resolve(&t, &[&settings], &Variables::default(), &Values::new(), &Given::new()).unwrap();
        assert_eq!(got.missing["body.name"], ["contact.name"]);
        assert_eq!(got.missing["body.day"], ["set.day"]);
        assert!(got.values.is_empty());
        let broken = map(&[("body.name", "{{ contact.name")]);
        let e = resolve(&t, &[&broken], &Variables::default(), &Values::new(), &Given::new()).unwrap_err();
        assert_eq!(e.field, "body.name");
        // A given value of a variable's own name needs no mapping.
        let given = map(&[("set.name", "Amara")]);
        let got = resolve(&t, &[], &Variables::default(), &Values::new(), &given).unwrap();
        assert_eq!(got.values, map(&[("body.name", "Amara")]));
    }
}
