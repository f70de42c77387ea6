//! Random templates that keep every rule, from a seed.

use super::wire::Samples;
use crate::common::process::Dice;
use serde_json::{Map, Value, json};
use switchboard::model::template::ParameterFormat;
use switchboard::model::template::definition::{BodyPart, Button, Definition, Examples, Footer, Header};

const LATIN: [&str; 24] = [
    "your",
    "order",
    "is",
    "ready",
    "with",
    "café",
    "naïve",
    "Straße",
    "\"quoted\"",
    "back\\slash",
    "don’t",
    "über",
    "ação",
    "👍",
    "a_b",
    "=",
    "#",
    "it’s",
    "'single'",
    "[x]",
    "tomorrow",
    "workshop",
    "ticket",
    "țară",
];
const RUSSIAN: [&str; 8] = ["ваш", "заказ", "готов", "сегодня", "магазин", "номер", "завтра", "спасибо"];
const ARABIC: [&str; 6] = ["طلبك", "جاهز", "الاستلام", "شكرا", "اليوم", "رقم"];
const NAMES: [&str; 6] = ["first_name", "order_number", "day", "a", "x9", "long_name_of_a_value"];
const KINDS: [&str; 8] =
    ["url", "phone_number", "copy_code", "flow", "catalog", "mpm", "voice_call", "request_contact_info"];

pub struct Maker<'a> {
    pub dice: Dice,
    pub samples: &'a Samples,
}

impl Maker<'_> {
    fn below(&mut self, n: u64) -> usize {
        usize::try_from(self.dice.below(n)).unwrap()
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.dice.below(100) < percent
    }

    fn pick<'w>(&mut self, words: &[&'w str]) -> &'w str {
        words[self.below(words.len() as u64)]
    }

    fn words(&mut self, language: &str, n: usize) -> String {
        let list: &[&str] = match language {
            "ru" => &RUSSIAN,
            "ar" => &ARABIC,
            _ => &LATIN,
        };
        (0..n).map(|_| self.pick(list)).collect::<Vec<_>>().join(" ")
    }

    /// A text with `n` variables from `names`, and their examples.
    fn text(&mut self, language: &str, names: &[String]) -> (String, Examples) {
        let mut text = self.words(language, 3);
        let mut examples = Examples::new();
        for name in names {
            // Six words each: some of the list are none by the rules of Unicode.
            let (before, after) = (self.words(language, 3), self.words(language, 3));
            let plain =
                if language == "ru" { "слово заказ номер" } else { "word order number" };
            let gap = self.pick(&[" ", "\n", "\n\n", ", "]);
            text.push_str(&format!("{gap}{before} {plain} {{{{{name}}}}} {after}"));
            examples.insert(name.clone(), self.words("en", 2));
        }
        text.push('.');
        (text, examples)
    }

    fn names(&mut self, format: ParameterFormat, most: u64) -> Vec<String> {
        let n = self.below(most + 1);
        match format {
            ParameterFormat::Positional => (1..=n).map(|n| n.to_string()).collect(),
            ParameterFormat::Named => NAMES.iter().take(n).map(|n| (*n).to_owned()).collect(),
        }
    }

    fn extra(&mut self) -> Map<String, Value> {
        if !self.chance(15) {
            return Map::new();
        }
        let values =
            [json!(null), json!(7), json!(-1.5), json!({ "a b": [1, { "c": null }] }), json!("two\nlines")];
        let value = values[self.below(values.len() as u64)].clone();
        Map::from_iter([("something_new".to_owned(), value)])
    }

    fn header(&mut self, language: &str, format: ParameterFormat) -> Header {
        let kind = self.pick(&["text", "text", "image", "video", "document", "gif", "location", "product"]);
        let mut h = Header { format: kind.into(), extra: self.extra(), ..Header::default() };
        match kind {
            "text" => {
                h.text = if language == "ru" { "Заказ" } else { "Order ü" }.into();
                let name = match format {
                    ParameterFormat::Positional => "1",
                    ParameterFormat::Named => "ticket_no",
                };
                if self.chance(50) {
                    h.text.push_str(&format!(" {{{{{name}}}}}"));
                    h.examples.insert(name.into(), "8812".into());
                }
            }
            "image" => h.sample.clone_from(&self.samples.image),
            "video" | "gif" => h.sample.clone_from(&self.samples.video),
            "document" => h.sample.clone_from(&self.samples.document),
            _ => {}
        }
        h
    }

    fn button(&mut self, kind: &str) -> Button {
        let mut b = Button { kind: kind.into(), text: "Tap “here”".into(), ..Button::default() };
        match kind {
            "url" if self.chance(50) => {
                b.target = "https://shop.example/o?id={{1}}".into();
                b.example = self.pick(&["8812", "https://shop.example/o?id=8812"]).into();
            }
            "url" => b.target = "https://shop.example/ünder/way".into(),
            "phone_number" => b.target = self.pick(&["+15550102030", "15550102030"]).into(),
            "copy_code" => {
                b.text = if self.chance(50) { "Copy it".into() } else { String::new() };
                b.example = "SPRING-20".into();
            }
            "flow" => {
                b.extra.insert("flow_id".into(), json!("4711"));
                b.extra.insert("flow_action".into(), json!("navigate"));
            }
            "request_contact_info" => {
                b.text = self.pick(&["", "Share Contact Info"]).into();
            }
            _ => {}
        }
        b
    }

    fn buttons(&mut self) -> Vec<Button> {
        let quick = self.below(4);
        let mut quick: Vec<Button> = (0..quick).map(|_| self.button("quick_reply")).collect();
        let mut others = Vec::new();
        for kind in KINDS {
            if self.chance(20) {
                others.push(self.button(kind));
            }
        }
        if self.chance(50) {
            quick.extend(others);
            return quick;
        }
        others.extend(quick);
        others.truncate(10);
        others
    }

    fn carousel(&mut self, language: &str) -> Value {
        let n = 2 + self.below(9);
        let button = self.pick(&["QUICK_REPLY", "CATALOG"]);
        let card = |m: &mut Self| {
            json!({ "components": [
                { "type": "HEADER", "format": "IMAGE", "example": { "header_handle": [m.samples.image] } },
                { "type": "BODY", "text": m.words(language, 4) },
                { "type": "BUTTONS", "buttons": [{ "type": button, "text": "Show me" }] },
            ] })
        };
        let cards: Vec<Value> = (0..n).map(|_| card(self)).collect();
        json!({ "type": "CAROUSEL", "cards": cards })
    }

    fn code(&mut self, name: String, language: &str) -> Definition {
        let mut b = Button { kind: "otp".into(), text: "Copy code".into(), ..Button::default() };
        let kind = self.pick(&["COPY_CODE", "ONE_TAP", "ZERO_TAP"]);
        b.extra.insert("otp_type".into(), json!(kind));
        if kind != "COPY_CODE" {
            let app = json!({ "package_name": "com.example.shop", "signature_hash": "K8a/AINcGX7" });
            b.extra.insert("supported_apps".into(), json!([app]));
        }
        let minutes = 1 + self.below(90);
        Definition {
            name,
            language: language.into(),
            category: "AUTHENTICATION".into(),
            body: BodyPart {
                security: [None, Some(true), Some(false)][self.below(3)],
                ..BodyPart::default()
            },
            footer: self.chance(60).then(|| Footer {
                expires_minutes: Some(i64::try_from(minutes).unwrap()),
                ..Footer::default()
            }),
            buttons: vec![b],
            ttl: [None, Some(30), Some(900), Some(-1)][self.below(4)],
            ..Definition::default()
        }
    }

    pub fn definition(&mut self, name: String) -> Definition {
        let language = self.pick(&["en", "en_GB", "de", "pt_BR", "fil", "ru", "ar"]);
        if self.chance(15) {
            return self.code(name, language);
        }
        let marketing = self.chance(40);
        let format = if self.chance(50) { ParameterFormat::Named } else { ParameterFormat::Positional };
        let names = self.names(format, 6);
        let (text, examples) = self.text(language, &names);
        let mut d = Definition {
            name,
            language: language.into(),
            category: if marketing { "MARKETING" } else { "UTILITY" }.into(),
            format,
            body: BodyPart { text, examples, extra: self.extra(), ..BodyPart::default() },
            ttl: if marketing {
                [None, Some(43_200), Some(2_592_000)][self.below(3)]
            } else {
                [None, Some(30), Some(43_200), Some(-1)][self.below(4)]
            },
            extra: if self.chance(30) {
                Map::from_iter([("cta_url_link_tracking_opted_out".to_owned(), json!(true))])
            } else {
                Map::new()
            },
            ..Definition::default()
        };
        if marketing && self.chance(30) {
            let carousel = self.carousel(language);
            d.others.push(carousel);
            return d;
        }
        if self.chance(60) {
            d.header = Some(self.header(language, format));
        }
        if self.chance(60) {
            d.footer =
                Some(Footer {
                    text: "Northwind “Cycles”".into(), extra: self.extra(), ..Footer::default()
                });
        }
        d.buttons = self.buttons();
        if marketing && self.chance(20) {
            d.others.push(json!({ "type": "LIMITED_TIME_OFFER", "limited_time_offer": { "text": "Soon over", "has_expiration": true } }));
        }
        d
    }
}
