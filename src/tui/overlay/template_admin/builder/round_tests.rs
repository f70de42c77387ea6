//! Random templates that keep every rule go through the form and the JSON document, and come out as they were.

use super::parts::{Control, Lock, items};
use super::{Builder, Purpose, read, written};
use crate::model::template::ParameterFormat;
use crate::model::template::definition::{BodyPart, Button, Definition, Examples, Footer, Header};
use crate::model::template::lint;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, json};

const WORDS: [&str; 14] = [
    "your",
    "order",
    "is",
    "ready",
    "café",
    "注文",
    "طلبك",
    "👍🏽",
    "=",
    "it’s",
    "\"q\"",
    "a_b",
    "Straße",
    "e\u{301}te",
];
const NAMES: [&str; 3] = ["first_name", "order_number", "day"];

fn words(n: std::ops::Range<usize>) -> impl Strategy<Value = Vec<&'static str>> {
    vec(select(&WORDS[..]), n)
}

/// A text with so many variables between its words, and their examples.
fn text(words: &[&str], variables: usize, format: ParameterFormat) -> (String, Examples) {
    let mut out: Vec<String> = Vec::new();
    let mut examples = Examples::new();
    for (i, word) in words.iter().enumerate() {
        out.push((*word).to_owned());
        if i % 4 == 2 && i / 4 < variables {
            let name = match format {
                ParameterFormat::Named => NAMES[i / 4].to_owned(),
                ParameterFormat::Positional => (i / 4 + 1).to_string(),
            };
            out.push(format!("{{{{{name}}}}}"));
            examples.insert(name, format!("{word} 8812"));
        }
    }
    out.push("end".into());
    (out.join(" "), examples)
}

fn header(format: ParameterFormat) -> impl Strategy<Value = Option<Header>> {
    let plain = |kind: &str| Header { format: kind.into(), ..Header::default() };
    let media = select(&["image", "video", "document", "gif"][..])
        .prop_map(move |k| Header { sample: "4::aGFuZGxl:ARb".into(), ..plain(k) });
    let lettered = (words(3..5), 0..2_usize).prop_map(move |(w, n)| {
        let (text, examples) = text(&w, n, format);
        Header { text, examples, ..plain("text") }
    });
    option::of(prop_oneof![lettered, media, Just(plain("location"))])
}

fn buttons() -> impl Strategy<Value = Vec<Button>> {
    let button = |kind: &str, text: &str, target: &str, example: &str| Button {
        kind: kind.into(),
        text: text.into(),
        target: target.into(),
        example: example.into(),
        ..Button::default()
    };
    let flow = Button {
        extra: [("flow_id".to_owned(), json!("1")), ("icon".to_owned(), json!({ "a": [1, null] }))]
            .into_iter()
            .collect(),
        ..button("flow", "Book", "", "")
    };
    let others = [
        button("url", "Details", "https://n.example/t/{{1}}", "8812"),
        button("url", "Shop", "https://n.example", ""),
        button("phone_number", "Call", "+15550102030", ""),
        button("copy_code", "", "", "SPRING20"),
        button("request_contact_info", "", "", ""),
        flow,
    ];
    (vec(select(&WORDS[..]), 0..4), proptest::sample::subsequence(others.to_vec(), 0..=6)).prop_map(
        move |(replies, others)| {
            let reply = |(i, w): (usize, &&str)| button("quick_reply", &format!("{w} {i}"), "", "");
            replies.iter().enumerate().map(reply).chain(others).collect()
        },
    )
}

fn message() -> impl Strategy<Value = Definition> {
    let format = select(&[ParameterFormat::Positional, ParameterFormat::Named][..]);
    format.prop_flat_map(|format| {
        let parts = (header(format), words(14..20), 0..4_usize, option::of(words(1..5)), buttons());
        let rest = (select(&["UTILITY", "MARKETING"][..]), option::of(Just(43_200)), any::<bool>());
        (parts, rest).prop_map(move |((header, body, n, footer, buttons), (category, ttl, tracked))| {
            let (text, examples) = text(&body, n, format);
            let mut extra = Map::new();
            if tracked {
                extra.insert("cta_url_link_tracking_opted_out".into(), json!(true));
            }
            Definition {
                category: category.into(),
                format,
                header,
                body: BodyPart { text, examples, ..BodyPart::default() },
                footer: footer.map(|w| Footer { text: w.join(" "), ..Footer::default() }),
                buttons,
                ttl,
                extra,
                ..Definition::default()
            }
        })
    })
}

fn login_code() -> impl Strategy<Value = Definition> {
    let kinds = select(&["COPY_CODE", "ONE_TAP", "ZERO_TAP"][..]);
    (kinds, any::<bool>(), option::of(1..=90_i64), option::of(30..=900_i64)).prop_map(
        |(otp, security, ends, ttl)| {
            let mut extra: Map<_, _> = [("otp_type".to_owned(), json!(otp))].into_iter().collect();
            if otp != "COPY_CODE" {
                let app = json!({ "package_name": "com.example.app", "signature_hash": "K8a/AINcGX7" });
                extra.insert("supported_apps".into(), json!([app]));
            }
            Definition {
                category: "AUTHENTICATION".into(),
                body: BodyPart { security: Some(security), ..BodyPart::default() },
                footer: ends.map(|n| Footer { expires_minutes: Some(n), ..Footer::default() }),
                buttons: vec![Button { kind: "otp".into(), text: "Copy".into(), extra, ..Button::default() }],
                ttl,
                ..Definition::default()
            }
        },
    )
}

fn definition() -> impl Strategy<Value = Definition> {
    let named = ("[a-z][a-z0-9_]{2,20}", select(lint::LANGUAGES));
    (prop_oneof![6 => message(), 1 => login_code()], named).prop_map(|(d, (name, language))| Definition {
        name,
        language: language.into(),
        ..d
    })
}

/// A letter more and less in every row that is typed into.
fn walked(d: &Definition) -> Definition {
    let press = |b: &mut Builder, code| drop(b.press(KeyEvent::new(code, KeyModifiers::NONE)));
    let mut b = Builder::new(d.clone(), Purpose::New, Vec::new());
    let mut rows = 0;
    for item in items(d, Lock::default()) {
        if matches!(item.control, Control::Text | Control::Tall) {
            b = b.at(&item.key);
            press(&mut b, KeyCode::Char('7'));
            assert_ne!(b.definition(), *d, "{}: nothing was typed", item.key);
            press(&mut b, KeyCode::Backspace);
            rows += 1;
        }
    }
    assert!(rows > 0);
    b.definition()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_template_comes_out_of_form_and_document_as_it_was(d in definition()) {
        let found = lint::lint(&d);
        prop_assert!(lint::is_clean(&found), "{found:?}");
        prop_assert_eq!(&walked(&d), &d);
        prop_assert_eq!(&read(&written(&d)).unwrap(), &d);
        // Back and forth between the two views.
        let mut b = Builder::new(d.clone(), Purpose::New, Vec::new());
        b.take_document(&written(&walked(&d)));
        prop_assert_eq!(&b.definition(), &d);
    }
}
