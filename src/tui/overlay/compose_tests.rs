//! Forms of messages: what they send, what they refuse and where, and what stays when they are left.

use super::super::testing::{draw_everywhere, picture, press, write};
use super::*;
use crate::model::ids::{AccountId, ContactId};

fn thread() -> ThreadId {
    ThreadId::between(&AccountId::new("support"), ContactId::derived(&["marta"]))
}

fn form(shape: Shape) -> Form {
    Form::new(shape, thread(), "Marta Souza".into(), Kept::default())
}

/// Fills the fields from the first on and sends.
fn fill(f: &mut Form, texts: &[&str]) -> Vec<Step> {
    for text in texts {
        f.paste(text);
        press(f, "Tab");
    }
    press(f, "F10")
}

fn sent(steps: &[Step]) -> Outgoing {
    let [Step::Ask(request)] = steps else { panic!("{steps:?}") };
    let Request::Send { to, content, at: None, .. } = &**request else { panic!("{request:?}") };
    assert_eq!(*to, Recipient::Thread { thread: thread() });
    content.clone()
}

#[test]
fn buttons_are_sent_as_they_are_written() {
    let mut f = form(Shape::Buttons);
    let steps = fill(&mut f, &["Pick-up", "Does *Friday* suit you?", "", "Yes\n\n Another time "]);
    let button = |t: &str| ReplyButton { id: t.into(), title: t.into() };
    assert_eq!(
        sent(&steps),
        Outgoing::Buttons {
            header: "Pick-up".into(),
            text: "Does *Friday* suit you?".into(),
            footer: String::new(),
            buttons: vec![button("Yes"), button("Another time")],
        }
    );
    assert_eq!(f.deliver(Delivery::Queued(thread())), [Step::Close]);
}

#[test]
fn a_list_has_sections_descriptions_and_ids_of_its_own() {
    let rows = "# Yearly\nBasic | Two checks\nFull\n# Monthly\nBasic";
    let steps = fill(&mut form(Shape::List), &["", "Choose a plan", "", "Show plans", rows]);
    let Outgoing::List { button, sections, .. } = sent(&steps) else { panic!() };
    assert_eq!((button.as_str(), sections.len()), ("Show plans", 2));
    let ids: Vec<&str> = sections.iter().flat_map(|s| &s.rows).map(|r| r.id.as_str()).collect();
    assert_eq!(ids, ["Basic", "Full", "Basic 2"]);
    assert_eq!(sections[0].rows[0].description, "Two checks");
}

#[test]
fn a_link_a_place_and_a_card_are_sent() {
    let steps = fill(&mut form(Shape::Link), &["", "Track it", "", "Track", "https://northwind.example/t/1"]);
    assert!(matches!(sent(&steps), Outgoing::Link { url, .. } if url.ends_with("/t/1")));
    // Both numbers in one field, as maps give them.
    let steps = fill(&mut form(Shape::Place), &["38.7223, -9.1393", "", "Shop", "Rua 1"]);
    assert_eq!(
        sent(&steps),
        Outgoing::Location {
            latitude: 38.7223,
            longitude: -9.1393,
            name: "Shop".into(),
            address: "Rua 1".into()
        }
    );
    let texts = ["Tom Harker", "+44 7700 900456, +351 912 345 678", "tom@northwind.example", "Northwind"];
    let Outgoing::Contacts { cards } = sent(&fill(&mut form(Shape::Card), &texts)) else { panic!() };
    assert_eq!((cards[0].first_name.as_str(), cards[0].last_name.as_str()), ("Tom", "Harker"));
    assert_eq!(cards[0].phones[1].value, "+351912345678");
}

#[test]
fn what_breaks_a_rule_is_said_at_its_field_while_typing_and_nothing_is_sent() {
    let say = |f: &Form| f.problem().map(|(i, s)| (f.entries[i].key, s));
    let mut f = form(Shape::Buttons);
    assert_eq!(say(&f), None, "nobody is blamed for an empty form");
    fill(&mut f, &["", "q", "", ""]);
    assert_eq!(say(&f), Some(("button", "0 given, 1 to 3 are allowed".into())));
    assert_eq!(f.focus, 3);
    f.paste("one\na caption of more than twenty");
    assert_eq!(say(&f), Some(("button", "button 2 has 29 characters, 20 are allowed".into())));
    assert_eq!(press(&mut f, "F10"), []);
    let mut f = form(Shape::Link);
    for _ in 0..4 {
        press(&mut f, "Tab");
    }
    write(&mut f, "javascript:alert(1)");
    press(&mut f, "F10");
    assert_eq!(f.focus, 1, "the text is empty: that comes first");
    let mut f = form(Shape::List);
    assert_eq!(
        fill(&mut f, &["", "q", "", "open", "# a\nx\n# b\nthis title is longer than twenty-four"]),
        []
    );
    assert_eq!(say(&f), Some(("row", "section 2, row 1 has 37 characters, 24 are allowed".into())));
    let mut f = form(Shape::Place);
    fill(&mut f, &["91", "0"]);
    assert_eq!(say(&f), Some(("latitude", "must lie between -90 and 90".into())));
    let mut f = form(Shape::Card);
    fill(&mut f, &["Tom", "123"]);
    assert_eq!(say(&f).map(|s| s.0), Some("phone"));
}

#[test]
fn a_form_that_is_left_is_found_as_it_was_and_one_that_was_sent_is_empty() {
    let kept = Kept::default();
    let open = || Form::new(Shape::Link, thread(), "Marta".into(), Rc::clone(&kept));
    let mut f = open();
    write(&mut f, "Order");
    press(&mut f, "Tab");
    write(&mut f, "Track it");
    assert_eq!(press(&mut f, "Esc").first(), Some(&Step::Close));
    let mut f = open();
    assert_eq!((f.of("header"), f.of("text")), ("Order".into(), "Track it".into()));
    press(&mut f, "Tab Tab Tab");
    write(&mut f, "Track");
    press(&mut f, "Tab");
    write(&mut f, "https://a.example");
    press(&mut f, "Enter");
    sent(&press(&mut f, "Enter"));
    // Refused: everything is still there, and why is said.
    let p = Problem::new("window_closed", "the window is closed");
    assert_eq!(f.deliver(Delivery::Problem(p)), []);
    sent(&press(&mut f, "F10"));
    f.deliver(Delivery::Queued(thread()));
    assert_eq!(open().of("text"), "");
}

#[test]
fn what_is_taken_back_has_the_fields_it_was_written_in() {
    for (shape, texts) in [
        (Shape::Buttons, vec!["H", "q", "F", "Yes\nNo"]),
        (Shape::List, vec!["", "q", "", "open", "# A\nx | y\n# B\nz"]),
        (Shape::Link, vec!["", "q", "", "go", "https://a.example"]),
        (Shape::Place, vec!["1.5", "-2", "N", "A"]),
        (Shape::Card, vec!["Tom Harker", "+447700900456", "t@a.example", "Co"]),
    ] {
        let mut f = form(shape);
        let content = sent(&fill(&mut f, &texts));
        assert_eq!(texts_of(&content), Some((shape, texts.iter().map(|t| (*t).to_owned()).collect())));
    }
    assert_eq!(texts_of(&Outgoing::text("x")), None);
}

#[test]
fn looks() {
    let mut f = form(Shape::Buttons);
    draw_everywhere(&f);
    insta::assert_snapshot!("compose_buttons_empty_80x24", picture(&f, 80, 24));
    fill(
        &mut f,
        &[
            "Pick-up",
            "Does *Friday* suit you?\nWe are open from _8 to 18_.",
            "Northwind",
            "Yes\na caption of more than twenty",
        ],
    );
    draw_everywhere(&f);
    for (w, h) in [(80, 24), (120, 36), (200, 50)] {
        insta::assert_snapshot!(format!("compose_buttons_{w}x{h}"), picture(&f, w, h));
    }
    let mut f = form(Shape::List);
    f.focus = 4;
    f.paste("# Yearly\nBasic | Two checks a year\nFull | Four checks and parts\n# Monthly\nBasic");
    insta::assert_snapshot!("compose_list_120x36", picture(&f, 120, 36));
    let mut f = form(Shape::Place);
    fill(&mut f, &["38.7223, -9.1393"]);
    insta::assert_snapshot!("compose_place_80x24", picture(&f, 80, 24));
    let mut f = form(Shape::Card);
    f.paste("Tom Harker");
    f.refused =
        Some(Problem::new("window_closed", "the customer service window is closed").next("send a template"));
    insta::assert_snapshot!("compose_card_refused_60x20", picture(&f, 60, 20));
    draw_everywhere(&f);
}
