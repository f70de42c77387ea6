//! The platform's own templates: found by words, and approved at once when one is taken.

use serde_json::{Value, json};

use super::rules::wrong;
use crate::emulator::Core;
use crate::emulator::errors::GraphError;
use crate::emulator::graph::{Answer, page};
use crate::emulator::server::Call;

/// One template of the library.
#[derive(Debug)]
pub struct Entry {
    id: &'static str,
    name: &'static str,
    language: &'static str,
    pub category: &'static str,
    topic: &'static str,
    usecase: &'static str,
    industry: &'static [&'static str],
    header: &'static str,
    body: &'static str,
    /// Examples of the body's variables, and what each of them is.
    params: &'static [(&'static str, &'static str)],
    /// Kind, caption, and address or number.
    buttons: &'static [(&'static str, &'static str, &'static str)],
}

const SHOPS: &[&str] = &["E_COMMERCE"];
const BANKS: &[&str] = &["FINANCIAL_SERVICES"];

const ENTRIES: &[Entry] = &[
    Entry {
        id: "7147013345418927",
        name: "low_balance_warning_1",
        language: "en_US",
        category: "UTILITY",
        topic: "PAYMENTS",
        usecase: "LOW_BALANCE_WARNING",
        industry: BANKS,
        header: "Your account balance is low",
        body: "Hi {{1}}, your available balance in your {{2}} account is below {{3}}. Please add money to avoid fees.",
        params: &[("Jim", "TEXT"), ("checking", "TEXT"), ("$75.00", "AMOUNT")],
        buttons: &[
            ("URL", "Make a deposit", "https://www.example.com/"),
            ("PHONE_NUMBER", "Call us", "+15550102030"),
        ],
    },
    Entry {
        id: "7147013345418928",
        name: "payment_overdue_1",
        language: "en_US",
        category: "UTILITY",
        topic: "PAYMENTS",
        usecase: "PAYMENT_OVERDUE",
        industry: BANKS,
        header: "",
        body: "Hi {{1}}, the payment of {{2}} was due on {{3}}. Please pay it as soon as you can.",
        params: &[("Jim", "TEXT"), ("$75.00", "AMOUNT"), ("Jan 1, 2026", "DATE")],
        buttons: &[("URL", "Make a payment", "https://www.example.com/")],
    },
    Entry {
        id: "7147013345418929",
        name: "delivery_update_1",
        language: "en_US",
        category: "UTILITY",
        topic: "ORDER_MANAGEMENT",
        usecase: "DELIVERY_UPDATE",
        industry: SHOPS,
        header: "Your order is on its way",
        body: "{{1}}, your order {{2}} has left our warehouse and should reach you on {{3}}. Thank you for your order.",
        params: &[("Good news", "TEXT"), ("12345", "TEXT"), ("Jan 1, 2026", "DATE")],
        buttons: &[("URL", "Track the shipment", "https://www.example.com/track/{{1}}")],
    },
    Entry {
        id: "7147013345418930",
        name: "delivery_update_1",
        language: "de",
        category: "UTILITY",
        topic: "ORDER_MANAGEMENT",
        usecase: "DELIVERY_UPDATE",
        industry: SHOPS,
        header: "Ihre Bestellung ist unterwegs",
        body: "Guten Tag {{1}}, Ihre Bestellung {{2}} hat unser Lager verlassen und sollte am {{3}} bei Ihnen sein.",
        params: &[("Frau Weber", "TEXT"), ("12345", "TEXT"), ("1. Januar 2026", "DATE")],
        buttons: &[("URL", "Sendung verfolgen", "https://www.example.com/track/{{1}}")],
    },
    Entry {
        id: "7147013345418931",
        name: "order_confirmation_1",
        language: "en_US",
        category: "UTILITY",
        topic: "ORDER_MANAGEMENT",
        usecase: "ORDER_CONFIRMATION",
        industry: SHOPS,
        header: "",
        body: "Hi {{1}}, thank you for your order. The number is {{2}}, and you will hear from us when it ships.",
        params: &[("Jim", "TEXT"), ("12345", "TEXT")],
        buttons: &[],
    },
    Entry {
        id: "7147013345418932",
        name: "account_creation_confirmation_1",
        language: "en_US",
        category: "UTILITY",
        topic: "ACCOUNT_UPDATES",
        usecase: "ACCOUNT_CREATION_CONFIRMATION",
        industry: &["E_COMMERCE", "FINANCIAL_SERVICES"],
        header: "Finish the setup of your account",
        body: "Hi {{1}}, your new account has been created. Please confirm your address {{2}} to complete it.",
        params: &[("Jim", "TEXT"), ("jim@example.com", "EMAIL")],
        buttons: &[("URL", "Verify the account", "https://www.example.com/verify/{{1}}")],
    },
];

/// `GET /message_template_library`.
pub fn list(core: &Core, call: &Call) -> Answer {
    let word = |key: &str, value: &str| call.query.get(key).is_none_or(|w| w.eq_ignore_ascii_case(value));
    let search = call.query.get("search").map(|s| s.to_lowercase()).unwrap_or_default();
    let nodes: Vec<Value> = ENTRIES
        .iter()
        .filter(|e| {
            word("language", e.language)
                && word("topic", e.topic)
                && word("usecase", e.usecase)
                && word("name", e.name)
                && call
                    .query
                    .get("industry")
                    .is_none_or(|w| e.industry.iter().any(|i| i.eq_ignore_ascii_case(w)))
                && (e.name.contains(&search)
                    || e.body.to_lowercase().contains(&search)
                    || e.header.to_lowercase().contains(&search))
        })
        .map(Entry::node)
        .collect();
    page(core, call, "message_template_library", &nodes)
}

/// One by name and language.
pub fn find(name: &str, language: &str) -> Option<&'static Entry> {
    ENTRIES.iter().find(|e| e.name == name && e.language == language)
}

impl Entry {
    fn node(&self) -> Value {
        let target = |kind: &str| if kind == "URL" { "url" } else { "phone_number" };
        let buttons: Vec<Value> = self
            .buttons
            .iter()
            .map(|(kind, text, to)| json!({ "type": kind, "text": text, target(kind): to }))
            .collect();
        let mut node = json!({
            "id": self.id, "name": self.name, "language": self.language, "category": self.category,
            "topic": self.topic, "usecase": self.usecase, "industry": self.industry, "body": self.body,
            "body_params": self.params.iter().map(|(example, _)| example).collect::<Vec<_>>(),
            "body_param_types": self.params.iter().map(|(_, kind)| kind).collect::<Vec<_>>(),
        });
        if !self.header.is_empty() {
            node["header"] = json!(self.header);
        }
        if !buttons.is_empty() {
            node["buttons"] = json!(buttons);
        }
        node
    }

    /// What a template that is made of it consists of; `inputs` has an entry for each button.
    pub fn components(&self, inputs: &Value) -> Result<Vec<Value>, GraphError> {
        let mut out = Vec::new();
        if !self.header.is_empty() {
            out.push(json!({ "type": "HEADER", "format": "TEXT", "text": self.header }));
        }
        let examples: Vec<&str> = self.params.iter().map(|(example, _)| *example).collect();
        out.push(json!({ "type": "BODY", "text": self.body, "example": { "body_text": [examples] } }));
        let mut buttons = Vec::new();
        for (i, (kind, text, _)) in self.buttons.iter().enumerate() {
            let input = &inputs[i];
            let missing = |what: &str| {
                wrong(
                    None,
                    "Button inputs are missing",
                    &format!("library_template_button_inputs[{i}] needs {what}."),
                )
            };
            let fits = input["type"].as_str().is_some_and(|t| t.eq_ignore_ascii_case(kind));
            let mut button = json!({ "type": kind, "text": text });
            if *kind == "URL" {
                let base = input["url"]["base_url"].as_str().filter(|u| fits && u.starts_with("https://"));
                let base = base.ok_or_else(|| missing("url.base_url"))?;
                button["url"] = json!(base);
                if base.ends_with("}}") {
                    let example = input["url"]["url_suffix_example"].as_str().filter(|e| !e.is_empty());
                    button["example"] = json!([example.ok_or_else(|| missing("url.url_suffix_example"))?]);
                }
            } else {
                let phone = input["phone_number"].as_str().filter(|p| fits && !p.is_empty());
                button["phone_number"] = json!(phone.ok_or_else(|| missing("phone_number"))?);
            }
            buttons.push(button);
        }
        if !buttons.is_empty() {
            out.push(json!({ "type": "BUTTONS", "buttons": buttons }));
        }
        Ok(out)
    }
}
