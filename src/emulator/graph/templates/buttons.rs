//! Buttons, the one button of a login code, and the cards of a carousel.

use serde_json::{Value, json};

use super::length;
use super::rules::{body, header, too_long, variables, wrong};
use crate::emulator::Template;
use crate::emulator::errors::GraphError;
use crate::emulator::registry::Registry;

/// How many of a kind a template may have.
const MOST: [(&str, usize); 11] = [
    ("QUICK_REPLY", 10),
    ("URL", 2),
    ("PHONE_NUMBER", 1),
    ("COPY_CODE", 1),
    ("FLOW", 1),
    ("CATALOG", 1),
    ("MPM", 1),
    ("SPM", 1),
    ("VOICE_CALL", 1),
    ("REQUEST_CONTACT_INFO", 1),
    ("OTP", 1),
];
/// Kinds whose caption may be left out.
const CAPTION_GIVEN: [&str; 4] = ["COPY_CODE", "OTP", "REQUEST_CONTACT_INFO", "SPM"];

type Checked = Result<(), GraphError>;

fn no(text: &str) -> Checked {
    Err(wrong(None, "The buttons are not valid", text))
}

/// The buttons of a template or of a card. Writes their kinds in capitals.
pub fn check(component: &mut Value, authentication: bool) -> Checked {
    let Some(buttons) = component["buttons"].as_array_mut().filter(|b| (1..=10).contains(&b.len())) else {
        return no("A template has 1 to 10 buttons.");
    };
    let mut kinds: Vec<String> = Vec::new();
    for button in buttons.iter_mut() {
        let kind = button["type"].as_str().unwrap_or_default().to_ascii_uppercase();
        if !MOST.iter().any(|(k, _)| *k == kind) {
            return no(&format!("The button type '{kind}' is not supported."));
        }
        let text = button["text"].as_str().unwrap_or_default();
        if length(text) > 25 {
            return Err(too_long("A button text", 25));
        }
        if text.trim().is_empty() && !CAPTION_GIVEN.contains(&kind.as_str()) {
            return no("A button needs a text.");
        }
        if text.contains("{{") {
            return no("A button text has no variables.");
        }
        one(button, &kind, authentication)?;
        button["type"] = json!(kind);
        kinds.push(kind);
    }
    for (kind, most) in MOST {
        if kinds.iter().filter(|k| *k == kind).count() > most {
            return no(&format!("A template has at most {most} buttons of type {kind}."));
        }
    }
    let mut blocks: Vec<bool> = kinds.iter().map(|k| k == "QUICK_REPLY").collect();
    blocks.dedup();
    if blocks.len() > 2 {
        return no("Quick replies must stand together, and the other buttons too.");
    }
    Ok(())
}

fn one(button: &Value, kind: &str, authentication: bool) -> Checked {
    let text = |key: &str| button[key].as_str().unwrap_or_default();
    match kind {
        "URL" => url(button),
        "PHONE_NUMBER" => {
            let phone = text("phone_number");
            let digits = phone.trim_start_matches('+');
            let plus = phone.len() - digits.len();
            if plus > 1
                || digits.is_empty()
                || length(phone) > 20
                || digits.bytes().any(|b| !b.is_ascii_digit())
            {
                return no("A phone number has at most 20 characters: a plus sign and digits.");
            }
            Ok(())
        }
        "COPY_CODE" => {
            let example = example(button);
            if example.trim().is_empty() {
                return no("A code to copy needs an example.");
            }
            if length(example) > 20 { Err(too_long("A code to copy", 20)) } else { Ok(()) }
        }
        "FLOW" if ["flow_id", "flow_name", "flow_json"].iter().all(|k| text(k).is_empty()) => {
            no("A flow button needs flow_id, flow_name or flow_json.")
        }
        "REQUEST_CONTACT_INFO" if !text("text").is_empty() && text("text") != "Share Contact Info" => {
            no("The text of this button must be 'Share Contact Info'.")
        }
        "OTP" if !authentication => {
            no("A button of type OTP belongs to a template of the category AUTHENTICATION.")
        }
        _ => Ok(()),
    }
}

/// An example as text, or as a list of one.
fn example(button: &Value) -> &str {
    let example = &button["example"];
    example.as_str().or_else(|| example[0].as_str()).unwrap_or_default()
}

fn url(button: &Value) -> Checked {
    let url = button["url"].as_str().unwrap_or_default();
    let host = url.split_once("://").filter(|(scheme, _)| ["http", "https"].contains(scheme));
    let whole = host
        .is_some_and(|(_, h)| !h.is_empty() && !h.starts_with('/') && !h.chars().any(char::is_whitespace));
    if !whole || length(url) > 2000 {
        return no("A URL begins with https:// or http:// and has at most 2000 characters.");
    }
    let holes = url.matches("{{").count();
    if holes == 0 && !url.contains("}}") {
        return Ok(());
    }
    if holes != 1
        || !url.ends_with("}}")
        || url.matches("}}").count() != 1
        || variables(url)?
            .iter()
            .any(|n| n.is_empty() || !n.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
    {
        return no("A URL has at most one variable, at its end.");
    }
    if example(button).trim().is_empty() {
        return no("A URL with a variable needs an example.");
    }
    Ok(())
}

/// An authentication template has one button, and it is for the code.
pub fn one_for_the_code(components: &[Value]) -> Checked {
    let list = components.iter().find(|c| c["type"] == "BUTTONS").and_then(|c| c["buttons"].as_array());
    let Some([button]) = list.map(Vec::as_slice) else {
        return no("An authentication template has exactly one button.");
    };
    if button["type"] != "OTP" {
        return no("The button of an authentication template has the type OTP.");
    }
    match button["otp_type"].as_str().unwrap_or_default().to_ascii_uppercase().as_str() {
        "COPY_CODE" => Ok(()),
        "ONE_TAP" | "ZERO_TAP" => {
            let apps = button["supported_apps"].as_array().filter(|apps| !apps.is_empty());
            let told = |app: &Value| {
                ["package_name", "signature_hash"]
                    .iter()
                    .all(|k| app[*k].as_str().is_some_and(|t| !t.is_empty()))
            };
            if apps.is_some_and(|apps| apps.iter().all(told)) {
                Ok(())
            } else {
                no("supported_apps needs package_name and signature_hash of each app.")
            }
        }
        _ => no("otp_type must be one of {COPY_CODE, ONE_TAP, ZERO_TAP}"),
    }
}

/// 2 to 10 cards with the same parts.
pub fn carousel(component: &mut Value, template: &Template, old: &[Value], files: &Registry) -> Checked {
    let no = |text: &str| Err(wrong(None, "The carousel is not valid", text));
    let Some(cards) = component["cards"].as_array_mut().filter(|c| (2..=10).contains(&c.len())) else {
        return no("A carousel has 2 to 10 cards.");
    };
    let mut first: Option<Vec<String>> = None;
    for card in cards {
        let Some(parts) = card["components"].as_array_mut() else {
            return no("A card needs components.");
        };
        let mut shape = Vec::new();
        for part in parts {
            let kind = part["type"].as_str().unwrap_or_default().to_ascii_uppercase();
            match kind.as_str() {
                "HEADER" => {
                    header(part, template, old, files)?;
                    shape.push(format!("HEADER {}", part["format"]));
                }
                "BODY" => {
                    body(part, template)?;
                    if length(part["text"].as_str().unwrap_or_default()) > 160 {
                        return Err(too_long("The body of a card", 160));
                    }
                    shape.push(kind.clone());
                }
                "BUTTONS" => {
                    check(part, false)?;
                    let list = part["buttons"].as_array().map_or(&[][..], Vec::as_slice);
                    shape.extend(list.iter().map(|b| format!("BUTTON {}", b["type"])));
                }
                _ => return no("A card has a HEADER, a BODY and BUTTONS."),
            }
            part["type"] = json!(kind);
        }
        if first.get_or_insert_with(|| shape.clone()) != &shape {
            return no("All cards have the same components and buttons.");
        }
    }
    Ok(())
}
