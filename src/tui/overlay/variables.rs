//! The variables of quick replies on the screen: filled in by [`crate::text::variables`], shown with styles.

use super::frame::Rich;
pub use crate::text::variables::{Filled, Given, NAMES, Variables, check, first_name, time_of_day};
use ratatui::style::Style;

impl Variables {
    /// The text as it would be inserted, known values in `known`, names without a value in `open`. `Err` says in
    /// one line what is wrong with the reply's text.
    pub fn preview(&self, reply: &str, given: &Given, known: Style, open: Style) -> Result<Rich, String> {
        self.marked(reply, given).map(|out| Rich::marked(&out, known, open))
    }

    /// The same as plain text; a text with a mistake as it is.
    #[must_use]
    pub fn preview_text(&self, reply: &str, given: &Given) -> String {
        let rich = self.preview(reply, given, Style::new(), Style::new());
        rich.map_or_else(|_| reply.to_owned(), |rich| rich.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text;
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
