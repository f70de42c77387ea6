//! Files: what is written is read again unchanged, and mistakes are named with line and field.

use super::*;
use serde_json::json;

fn whole() -> Definition {
    Definition {
        name: "repair_ready".into(),
        language: "en_GB".into(),
        category: "UTILITY".into(),
        format: ParameterFormat::Named,
        header: Some(Header {
            format: "document".into(),
            sample: "4::aGFuZGxl".into(),
            extra: Map::from_iter([("hint".into(), json!(null))]),
            ..Header::default()
        }),
        body: BodyPart {
            text:
                "Hello {{first_name}},\n\nyour \"bicycle\" is ready. \\o/ \"\"\"\n\tSee you.\r\n\u{202e}end\""
                    .into(),
            examples: Examples::from([("first_name".into(), "Amara \"A\"".into())]),
            ..BodyPart::default()
        },
        footer: Some(Footer { text: "Northwind Cycles".into(), ..Footer::default() }),
        buttons: vec![
            Button { kind: "quick_reply".into(), text: "Thanks".into(), ..Button::default() },
            Button {
                kind: "flow".into(),
                text: "Book".into(),
                extra: Map::from_iter([
                    ("flow_id".into(), json!("8812")),
                    (
                        "strange key".into(),
                        json!({ "a": [1, -2.5, 1e300, u64::MAX, null, { "json:": "x" }, []], "b": {} }),
                    ),
                ]),
                ..Button::default()
            },
        ],
        ttl: Some(-1),
        others: vec![
            json!({ "type": "CAROUSEL", "cards": [{ "components": [{ "type": "BODY", "text": "one\ntwo" }] }, {}] }),
            json!(7),
            json!({ "json:": "mine" }),
        ],
        extra: Map::from_iter([("cta_url_link_tracking_opted_out".into(), json!(true))]),
    }
}

#[test]
fn what_is_written_is_read_again() {
    for d in [whole(), Definition::default()] {
        let text = write(&d, FileFormat::Toml);
        let read = read(&text, FileFormat::Toml).unwrap_or_else(|e| panic!("{e:?}\n{text}"));
        assert_eq!(read.definition, d, "{text}");
        assert_eq!(write(&read.definition, FileFormat::Toml), text, "and is written the same");
        assert!(!text.contains('\u{202e}'), "what nobody sees is written out");
    }
}

#[test]
fn a_body_of_several_lines_is_read_as_such() {
    let mut d = Definition { name: "a".into(), ..Definition::default() };
    d.body.text = "Hello {{1}},\n\nyour order is here.".into();
    d.body.examples = (1..=11).map(|n| (n.to_string(), "x".into())).collect();
    let text = write(&d, FileFormat::Toml);
    assert!(text.contains("text = \"\"\"\nHello {{1}},\n\nyour order is here.\"\"\"\n"), "{text}");
    let at = |n: &str| text.find(&format!("\n{n} = ")).unwrap();
    assert!(at("9") < at("10"), "examples in the order of their numbers");
}

#[test]
fn mistakes_have_line_and_field() {
    let of = |text: &str| -> Vec<String> {
        read(text, FileFormat::Toml).unwrap_err().iter().map(ToString::to_string).collect()
    };
    assert_eq!(
        of("name = 7\nlanguage = \"en\"\nformat = \"roman\"\n[body]\ntxt = \"x\"\n[[buttons]]\ntext = [1]\n"),
        [
            "line 1: name: must be text in quotes, not a number",
            "line 3: format: must be \"positional\" or \"named\"",
            "line 5: body.txt: there is no such field; what the provider has besides belongs into `extra`",
            "line 7: button.0.text: must be text in quotes, not a list",
        ]
    );
    assert!(of("name = \"a\"\nname = \"b\"\n")[0].starts_with("line 2: "));
    assert!(of("name = \"a\n")[0].starts_with("line 1: "));
    assert_eq!(of("ttl = \"x\"\nbody = 1\n")[1], "line 2: body: must be a table: [body]");
    let json = read("{\"name\": \"a\",\n \"components\": [}", FileFormat::Json).unwrap_err();
    assert_eq!(json[0].line, Some(2));
    assert_eq!(read("{\"name\": 1}", FileFormat::Json).unwrap_err()[1].field, "name");
}

#[test]
fn fields_know_their_lines() {
    let text = write(&whole(), FileFormat::Toml);
    let file = read(&text, FileFormat::Toml).unwrap();
    let line = |field: &str| text.lines().nth(file.line(field).unwrap() - 1).unwrap();
    assert!(line("header.sample").starts_with("sample = "));
    assert!(line("body.example.first_name").starts_with("first_name = "));
    assert!(line("button.1.text").starts_with("text = \"Book\""));
    assert!(line("button.1.apps").starts_with("[[buttons]]"), "{}", line("button.1.apps"));
    assert!(line("carousel.0.body").starts_with("[[others]]"), "{}", line("carousel.0.body"));
    assert!(line("name").starts_with("name = "));
}

#[test]
fn file_names_stay_in_their_folder() {
    let name = |n: &str, l: &str| file_name(n, l, FileFormat::Toml);
    assert_eq!(name("invoice", "pt_BR"), "invoice.pt_BR.toml");
    let strange = [
        "../../etc/passwd",
        "",
        "-rf",
        "a\u{202e}b",
        "A",
        "a",
        "é",
        &"x".repeat(512),
        &"x".repeat(511),
        "a/b",
        ".",
    ];
    let mut seen = std::collections::BTreeSet::new();
    for n in strange {
        let file = name(n, "en");
        assert!(file.len() < 200 && !file.starts_with(['.', '-']), "{file}");
        assert!(file.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)), "{file}");
        assert!(seen.insert(file.to_lowercase()), "{file} stands for two");
    }
    assert!(!name("a", "../x").contains(".."));
    assert!(!name("a", "").contains(".."));
    assert_eq!(FileFormat::of_name("x.en.JSON"), Some(FileFormat::Json));
    assert_eq!(FileFormat::of_name(".toml"), None);
    assert_eq!(FileFormat::of_name("README.md"), None);
}
