//! The rules of buttons, of templates for login codes, and of carousels.

use super::{
    BUTTON_TEXT_MAX, BUTTONS, BUTTONS_MAX, CARD_BODY_MAX, CARDS, CODE_MAX, CONTACT_INFO_TEXT,
    EXPIRES_MINUTES, Finding, Findings, PHONE_MAX, Severity, URL_MAX, length,
};
use crate::model::template::components;
use crate::model::template::definition::{BodyPart, Button, Definition};
use crate::model::template::{ParameterFormat, variables};
use serde_json::Value;

pub(super) fn authentication(f: &mut Findings, d: &Definition) {
    if d.header.is_some() {
        f.error("auth.header", "header", "an authentication template has no header", "take the header out");
    }
    if !d.body.text.is_empty() {
        f.error(
            "auth.body",
            "body.text",
            "the text of an authentication template is the provider's",
            "leave it empty; choose only whether the security advice is added",
        );
    }
    if let Some(footer) = &d.footer
        && (!footer.text.is_empty() || !footer.expires_minutes.is_some_and(|m| EXPIRES_MINUTES.contains(&m)))
    {
        f.error(
            "auth.footer",
            "footer.expires",
            "the footer is the time after which the code ends",
            "give 1 to 90 minutes and no text, or take the footer out",
        );
    }
    let [button] = d.buttons.as_slice() else {
        f.error("auth.button", "buttons", "there must be exactly one button", "leave the one for the code");
        return;
    };
    if button.kind != "otp" {
        f.error(
            "auth.button",
            "button.0.kind",
            "the button must be the one for the code",
            "choose the kind otp",
        );
        return;
    }
    let otp = button.other("otp_type").to_ascii_uppercase();
    match otp.as_str() {
        "COPY_CODE" => {}
        "ONE_TAP" | "ZERO_TAP" => {
            let apps = button.extra.get("supported_apps").and_then(Value::as_array);
            let named = |a: &Value| {
                ["package_name", "signature_hash"]
                    .iter()
                    .all(|k| a[k].as_str().is_some_and(|s| !s.is_empty()))
            };
            if !apps.is_some_and(|list| !list.is_empty() && list.iter().all(named)) {
                f.error(
                    "auth.apps",
                    "button.0.apps",
                    "the apps that take the code are missing",
                    "name package and signature hash of each app",
                );
            }
        }
        _ => f.error(
            "auth.otp_type",
            "button.0.otp_type",
            "there is no such kind of code button",
            "use COPY_CODE, ONE_TAP or ZERO_TAP",
        ),
    }
}

pub(super) fn buttons(f: &mut Findings, d: &Definition) {
    let n = d.buttons.len();
    if n > BUTTONS_MAX {
        f.error("buttons.count", "buttons", format!("{n} of {BUTTONS_MAX} buttons"), "take some out");
    }
    for (i, b) in d.buttons.iter().enumerate() {
        button(f, i, b, d.is_authentication());
    }
    for (kind, most) in BUTTONS {
        let n = d.buttons.iter().filter(|b| b.kind == kind).count();
        if n > most && kind != "quick_reply" && !(kind == "otp" && d.is_authentication()) {
            f.error(
                "buttons.most",
                "buttons",
                format!("{n} buttons of the kind {kind}, {most} allowed"),
                "take some out",
            );
        }
    }
    let mut blocks: Vec<bool> = d.buttons.iter().map(|b| b.kind == "quick_reply").collect();
    blocks.dedup();
    if blocks.len() > 2 {
        f.error(
            "buttons.order",
            "buttons",
            "quick replies and other buttons are mixed",
            "put all quick replies together, before or after the others",
        );
    }
    if n > 3 {
        f.warning(
            "buttons.hidden",
            "buttons",
            "more than three buttons",
            "customers see two and “see all options”",
        );
    }
    if n > 3 || blocks.len() == 2 {
        f.warning(
            "buttons.desktop",
            "buttons",
            "four buttons or more, or quick replies beside others, are not shown on desktops",
            "use at most three of one kind if customers read there",
        );
    }
}

fn button(f: &mut Findings, i: usize, b: &Button, authentication: bool) {
    let at = |part: &str| format!("button.{i}.{part}");
    if !BUTTONS.iter().any(|(kind, _)| *kind == b.kind) {
        f.error(
            "buttons.kind",
            at("kind"),
            format!("there is no button of the kind “{}”", b.kind),
            "use quick_reply, url, phone_number, copy_code or flow",
        );
        return;
    }
    // Their captions are the provider's, or may be left to it.
    let own_caption = matches!(b.kind.as_str(), "copy_code" | "otp" | "request_contact_info" | "spm");
    if b.text.trim().is_empty() && !own_caption {
        f.error("button.text", at("text"), "the caption is missing", "write one of at most 25 characters");
    }
    f.longest("button.length", at("text"), &b.text, BUTTON_TEXT_MAX);
    if b.text.contains("{{") {
        f.error(
            "button.variables",
            at("text"),
            "there is a variable in the caption",
            "write a fixed caption",
        );
    }
    match b.kind.as_str() {
        "url" => address(f, i, b),
        "phone_number" => {
            let digits = b.target.strip_prefix('+').unwrap_or(&b.target);
            let fits = !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit());
            if !fits || length(&b.target) > PHONE_MAX {
                f.error(
                    "button.phone",
                    at("target"),
                    if b.target.is_empty() {
                        "the phone number is missing"
                    } else {
                        "this is no phone number"
                    },
                    "write + and at most 19 digits, without spaces",
                );
            }
        }
        "copy_code" => {
            if b.example.trim().is_empty() {
                f.error(
                    "button.example",
                    at("example"),
                    "an example of the code is missing",
                    "give one such as SPRING20",
                );
            }
            f.longest("button.code", at("example"), &b.example, CODE_MAX);
        }
        "flow" if ["flow_id", "flow_name", "flow_json"].iter().all(|k| b.other(k).is_empty()) => {
            f.error("button.flow", at("flow_id"), "the flow is missing", "give the id of a published flow");
        }
        "request_contact_info" if !b.text.is_empty() && b.text != CONTACT_INFO_TEXT => f.error(
            "button.contact_info",
            at("text"),
            "the caption of this button is fixed",
            &format!("leave it empty, or write “{CONTACT_INFO_TEXT}”"),
        ),
        "otp" if !authentication => f.error(
            "auth.only",
            at("kind"),
            "this button belongs to authentication templates",
            "choose another kind, or the category AUTHENTICATION",
        ),
        _ => {}
    }
}

fn address(f: &mut Findings, i: usize, b: &Button) {
    let at = |part: &str| format!("button.{i}.{part}");
    let n = length(&b.target);
    let host = b.target.strip_prefix("https://").or_else(|| b.target.strip_prefix("http://"));
    if host.is_none_or(|h| h.is_empty() || h.starts_with('/') || h.contains(char::is_whitespace))
        || n > URL_MAX
    {
        f.error(
            "button.url",
            at("target"),
            match n {
                0 => "the address is missing".to_owned(),
                n if n > URL_MAX => format!("{n} of {URL_MAX} characters"),
                _ => "this is no address".to_owned(),
            },
            "write it whole: https://shop.example/orders/{{1}}",
        );
        return;
    }
    let Some(open) = b.target.find("{{") else {
        if b.target.contains("}}") {
            f.error("button.url_variable", at("target"), "a variable is not closed", "write it as {{1}}");
        }
        return;
    };
    let alone =
        b.target.ends_with("}}") && !b.target[open + 2..].contains("{{") && variables(&b.target).len() == 1;
    if !alone {
        f.error(
            "button.url_variable",
            at("target"),
            "an address has at most one variable, at its end",
            "put it last: https://shop.example/orders/{{1}}",
        );
    } else if b.example.trim().is_empty() {
        f.error(
            "button.example",
            at("example"),
            "an example of the address is missing",
            "give the end, or the whole address",
        );
    }
}

pub(super) fn carousel(f: &mut Findings, c: &Value, format: ParameterFormat) {
    let cards: &[Value] = c["cards"].as_array().map_or(&[], Vec::as_slice);
    if !CARDS.contains(&cards.len()) {
        f.error("carousel.cards", "carousel", format!("{} cards", cards.len()), "use 2 to 10");
    }
    let shape = |card: &Value| -> Vec<String> {
        let parts = card["components"].as_array().map_or(&[][..], Vec::as_slice);
        let mut words = Vec::new();
        for p in parts {
            words.push(format!("{}{}", p["type"], p["format"]).to_ascii_uppercase());
            for b in p["buttons"].as_array().map_or(&[][..], Vec::as_slice) {
                words.push(b["type"].to_string().to_ascii_uppercase());
            }
        }
        words
    };
    if let Some((first, rest)) = cards.split_first()
        && rest.iter().any(|card| shape(card) != shape(first))
    {
        f.error(
            "carousel.same",
            "carousel",
            "the cards have different parts",
            "give each card the same parts and buttons",
        );
    }
    for (i, card) in cards.iter().enumerate() {
        let parts = card["components"].as_array().map_or(&[][..], Vec::as_slice);
        let d = components::read_lenient(parts, format);
        let mut own = Findings::default();
        super::header(&mut own, &d);
        if d.body != BodyPart::default() {
            super::body(&mut own, &d);
            own.longest("carousel.body", "body", &d.body.text, CARD_BODY_MAX);
        }
        buttons(&mut own, &d);
        if d.footer.is_some() || !d.others.is_empty() {
            own.error(
                "carousel.parts",
                "parts",
                "a card has other parts than header, body and buttons",
                "take them out",
            );
        }
        // What a row of buttons looks like on a desktop is said of the template, not of each card.
        let errors = own.0.into_iter().filter(|f| f.severity == Severity::Error);
        f.0.extend(errors.map(|e| Finding { field: format!("carousel.{i}.{}", e.field), ..e }));
    }
}
