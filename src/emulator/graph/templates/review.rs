//! What becomes of a template: its review, changes of category and quality, pauses, and what is told of them.
//!
//! A review is a reader with a few simple rules, so that every verdict can be had on purpose:
//!
//! | the text | verdict |
//! | --- | --- |
//! | two variables with nothing but space between them | rejected, `INVALID_FORMAT` |
//! | asks for a seed phrase, a password, a PIN or a card number, or tells of a lottery | rejected, `SCAM` |
//! | insults or threatens | rejected, `ABUSIVE_CONTENT` |
//! | hardly any letter is of the script of its language | rejected, `TAG_CONTENT_MISMATCH` |
//! | `UTILITY` with a per cent sign | rejected, `INCORRECT_CATEGORY` |
//! | `UTILITY` with two words of advertising or more | rejected, `PROMOTIONAL` |
//! | `UTILITY` with one word of advertising | approved as `MARKETING` |
//!
//! Everything else is approved.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use unicode_segmentation::UnicodeSegmentation as _;

use crate::clock::Millis;
use crate::emulator::shelf::{NOTICE, PAUSES};
use crate::emulator::state::{Action, State};
use crate::emulator::{Core, Template, delivery, play, wire};

const SCAM: [&str; 6] =
    ["seed phrase", "your password", "your pin", "credit card number", "lottery", "wire the money"];
const ABUSE: [&str; 5] = ["idiot", "stupid", "moron", "shut up", "or you will regret"];
const ADVERTISING: [&str; 24] = [
    "discount",
    "discounts",
    "sale",
    "offer",
    "offers",
    "coupon",
    "voucher",
    "promo",
    "promotion",
    "bargain",
    "giveaway",
    "rabatt",
    "sonderangebot",
    "gutschein",
    "descuento",
    "oferta",
    "promoción",
    "desconto",
    "promoção",
    "cupom",
    "remise",
    "soldes",
    "reducere",
    "promoție",
];
/// Languages in another script than the Latin one, and where their letters are.
const SCRIPTS: [(&str, &[std::ops::RangeInclusive<char>]); 27] = [
    ("ar", &['\u{600}'..='\u{6ff}']),
    ("fa", &['\u{600}'..='\u{6ff}']),
    ("ur", &['\u{600}'..='\u{6ff}']),
    ("he", &['\u{590}'..='\u{5ff}']),
    ("ru", &['\u{400}'..='\u{4ff}']),
    ("uk", &['\u{400}'..='\u{4ff}']),
    ("bg", &['\u{400}'..='\u{4ff}']),
    ("mk", &['\u{400}'..='\u{4ff}']),
    ("kk", &['\u{400}'..='\u{4ff}']),
    ("be", &['\u{400}'..='\u{4ff}']),
    ("ky", &['\u{400}'..='\u{4ff}']),
    ("el", &['\u{370}'..='\u{3ff}']),
    ("ja", &['\u{3040}'..='\u{30ff}', '\u{4e00}'..='\u{9fff}']),
    ("zh", &['\u{4e00}'..='\u{9fff}']),
    ("ko", &['\u{ac00}'..='\u{d7af}', '\u{1100}'..='\u{11ff}']),
    ("hi", &['\u{900}'..='\u{97f}']),
    ("mr", &['\u{900}'..='\u{97f}']),
    ("bn", &['\u{980}'..='\u{9ff}']),
    ("pa", &['\u{a00}'..='\u{a7f}']),
    ("gu", &['\u{a80}'..='\u{aff}']),
    ("ta", &['\u{b80}'..='\u{bff}']),
    ("te", &['\u{c00}'..='\u{c7f}']),
    ("kn", &['\u{c80}'..='\u{cff}']),
    ("ml", &['\u{d00}'..='\u{d7f}']),
    ("th", &['\u{e00}'..='\u{e7f}']),
    ("lo", &['\u{e80}'..='\u{eff}']),
    ("ka", &['\u{10a0}'..='\u{10ff}']),
];

/// What a reader says.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Approved,
    /// Approved, in the other category.
    Moved,
    /// Reason, what is wrong, and what to do.
    Rejected(&'static str, &'static str, &'static str),
}

fn texts(components: &[Value], out: &mut Vec<String>) {
    for c in components {
        out.extend(c["text"].as_str().map(str::to_owned));
        for b in c["buttons"].as_array().into_iter().flatten() {
            out.extend(b["text"].as_str().map(str::to_owned));
        }
        for card in c["cards"].as_array().into_iter().flatten() {
            texts(card["components"].as_array().map_or(&[][..], Vec::as_slice), out);
        }
    }
}

/// Whether two variables stand next to each other.
fn adjacent_variables(text: &str) -> bool {
    text.split("}}").skip(1).any(|rest| rest.trim_start().starts_with("{{"))
}

/// The text without its variables.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        rest = after.split_once("}}").map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out
}

/// Whether the letters are those of the language: most of them, for some names and terms are always foreign.
fn is_of_language(text: &str, language: &str) -> bool {
    let code = language.split('_').next().unwrap_or_default();
    let letters: Vec<char> = text.chars().filter(|c| c.is_alphabetic()).collect();
    if letters.len() < 8 {
        return true;
    }
    let own = if let Some((_, ranges)) = SCRIPTS.iter().find(|(l, _)| *l == code) {
        letters.iter().filter(|c| ranges.iter().any(|r| r.contains(*c))).count()
    } else {
        let foreign = |c: &char| SCRIPTS.iter().any(|(_, ranges)| ranges.iter().any(|r| r.contains(c)));
        letters.iter().filter(|c| !foreign(c)).count()
    };
    own * 4 >= letters.len()
}

fn judge(template: &Template) -> Verdict {
    use Verdict::{Approved, Moved, Rejected};
    let mut all = Vec::new();
    texts(&template.components, &mut all);
    if all.iter().any(|t| adjacent_variables(t)) {
        return Rejected(
            "INVALID_FORMAT",
            "Two variables stand next to each other.",
            "Put text between them.",
        );
    }
    // The text of a login code is the platform's own.
    if template.category == "AUTHENTICATION" {
        return Approved;
    }
    let text = plain(&all.join("\n"));
    let lower = text.to_lowercase();
    let says = |list: &[&str]| list.iter().any(|w| lower.contains(w));
    if says(&SCAM) {
        return Rejected(
            "SCAM",
            "It asks for what a business must not ask for, or promises what it cannot keep.",
            "Do not ask for secrets or money in a message.",
        );
    }
    if says(&ABUSE) {
        return Rejected("ABUSIVE_CONTENT", "It insults or threatens.", "Write it politely.");
    }
    // Footers and captions may be names of the business in another script.
    let body = template.components.iter().find(|c| c["type"] == "BODY").and_then(|c| c["text"].as_str());
    if !is_of_language(&plain(body.unwrap_or_default()), &template.language) {
        return Rejected(
            "TAG_CONTENT_MISMATCH",
            "The text is in another language than the template.",
            "Choose the language of the text, or translate it.",
        );
    }
    if template.category != "UTILITY" {
        return Approved;
    }
    if text.contains('%') {
        return Rejected(
            "INCORRECT_CATEGORY",
            "The template does not belong into the category UTILITY.",
            "Submit it as MARKETING, or take the offer out.",
        );
    }
    match lower.unicode_words().filter(|w| ADVERTISING.contains(w)).count() {
        0 => Approved,
        1 => Moved,
        _ => Rejected(
            "PROMOTIONAL",
            "The text advertises.",
            "Submit it as MARKETING, or say only what the customer has to know.",
        ),
    }
}

/// Plans the end of a review.
pub fn submit(core: &Arc<Core>, st: &mut State, template: &str) {
    if core.speed() > 0.0 {
        let at = core.clock.now() + play::pause(core, 4.0, 10.0, &["review", template]);
        st.plan(at, Action::Review { template: template.to_owned() });
        core.planned.notify_one();
    }
}

/// Ends the review of a template that is still pending.
pub fn end(core: &Arc<Core>, st: &mut State, id: &str) {
    let Some(t) = st.templates.iter_mut().find(|t| t.id == id && t.status == "PENDING") else { return };
    let mut more = Map::new();
    let mut moved = None;
    match judge(t) {
        Verdict::Rejected(reason, why, advice) => {
            t.status = "REJECTED".into();
            t.rejected_reason = reason.into();
            more.insert("rejection_info".into(), json!({ "reason": why, "recommendation": advice }));
        }
        verdict => {
            t.status = "APPROVED".into();
            t.rejected_reason = "NONE".into();
            if verdict == Verdict::Moved {
                moved = Some(std::mem::replace(&mut t.category, "MARKETING".into()));
                t.previous_category = "UTILITY".into();
                // What holds for one category need not hold for the other.
                t.ttl = None;
            }
        }
    }
    let edited = std::mem::take(&mut t.was_edited) && t.status == "APPROVED";
    let t = t.clone();
    tell(core, st, &t, more);
    if let Some(previous) = moved {
        say(
            core,
            st,
            "template_category_update",
            &t,
            json!({ "previous_category": previous, "new_category": t.category }),
        );
    }
    if edited {
        tell_components(core, st, &t);
    }
}

/// The members that name a template.
fn head(t: &Template) -> Map<String, Value> {
    let mut m = Map::new();
    m.insert("message_template_id".into(), json!(t.id.parse::<u64>().unwrap_or_default()));
    m.insert("message_template_name".into(), json!(t.name));
    m.insert("message_template_language".into(), json!(t.language));
    m
}

fn say(core: &Arc<Core>, st: &mut State, field: &str, t: &Template, members: Value) {
    let mut value = head(t);
    if let Value::Object(members) = members {
        value.extend(members);
    }
    delivery::enqueue(core, st, None, &[(field.to_owned(), Value::Object(value))]);
}

/// Reports the state of a template.
pub fn tell(core: &Arc<Core>, st: &mut State, t: &Template, more: Map<String, Value>) {
    let mut value = wire::template_status(t, core.clock.now());
    if let Some(object) = value.as_object_mut() {
        object.extend(more);
    }
    delivery::enqueue(core, st, None, &[("message_template_status_update".into(), value)]);
}

fn tell_components(core: &Arc<Core>, st: &mut State, t: &Template) {
    let text = |kind: &str| {
        t.components.iter().find(|c| c["type"] == kind).and_then(|c| c["text"].as_str().map(str::to_owned))
    };
    let mut members = json!({ "message_template_element": text("BODY").unwrap_or_default() });
    if let Some(title) = text("HEADER") {
        members["message_template_title"] = json!(title);
    }
    if let Some(footer) = text("FOOTER") {
        members["message_template_footer"] = json!(footer);
    }
    let buttons = t.components.iter().find(|c| c["type"] == "BUTTONS").and_then(|c| c["buttons"].as_array());
    let shown: Vec<Value> = buttons
        .into_iter()
        .flatten()
        .map(|b| {
            let mut out = json!({ "message_template_button_type": b["type"], "message_template_button_text": b["text"] });
            for key in ["url", "phone_number"] {
                if b[key].is_string() {
                    out[format!("message_template_button_{key}")] = b[key].clone();
                }
            }
            out
        })
        .collect();
    if !shown.is_empty() {
        members["message_template_buttons"] = json!(shown);
    }
    say(core, st, "message_template_components_update", t, members);
}

/// Takes a template away: at once, or when what was sent with it has arrived.
pub fn remove(core: &Arc<Core>, st: &mut State, id: &str) {
    let Some(t) = st.templates.iter().find(|t| t.id == id).cloned() else { return };
    let under_way = st.accepted.iter().any(|send| {
        send.template.as_ref() == Some(&t.name)
            && send.body["template"]["language"]["code"] == t.language.as_str()
            && !send
                .statuses
                .iter()
                .any(|s| matches!(s.status.as_str(), "delivered" | "read" | "played" | "failed"))
    });
    if !under_way || core.speed() <= 0.0 {
        st.templates.retain(|t| t.id != id);
        return;
    }
    let Some(slot) = st.templates.iter_mut().find(|t| t.id == id) else { return };
    slot.status = "PENDING_DELETION".into();
    let t = slot.clone();
    tell(core, st, &t, Map::new());
    let at = core.clock.now() + play::pause(core, 20.0, 40.0, &["removal", id]);
    st.plan(at, Action::Template { template: id.to_owned(), turn: "removed".into() });
    core.planned.notify_one();
}

/// What was planned for a template: it is removed, its pause ends, its category changes.
pub fn turn(core: &Arc<Core>, st: &mut State, id: &str, turn: &str) {
    let Some(t) = st.templates.iter_mut().find(|t| t.id == id) else { return };
    match turn {
        "removed" if t.status == "PENDING_DELETION" => {
            t.status = "DELETED".into();
            let t = t.clone();
            st.templates.retain(|t| t.id != id);
            tell(core, st, &t, Map::new());
        }
        "unpaused" if t.status == "PAUSED" => {
            t.status = "APPROVED".into();
            let t = t.clone();
            let info = json!({ "title": "UNPAUSE", "description": "The template can be sent again." });
            tell(core, st, &t, Map::from_iter([("other_info".to_owned(), info)]));
        }
        "moved" if !t.correct_category.is_empty() => {
            let to = std::mem::take(&mut t.correct_category);
            move_to(core, st, id, &to);
        }
        _ => {}
    }
}

/// Moves a template into another category now.
pub fn move_to(core: &Arc<Core>, st: &mut State, id: &str, category: &str) {
    let Some(t) = st.templates.iter_mut().find(|t| t.id == id) else { return };
    let previous = std::mem::replace(&mut t.category, category.to_owned());
    t.previous_category.clone_from(&previous);
    t.correct_category.clear();
    t.ttl = None;
    let t = t.clone();
    say(
        core,
        st,
        "template_category_update",
        &t,
        json!({ "previous_category": previous, "new_category": t.category }),
    );
}

/// Announces that a template will move in a day.
pub fn announce(core: &Arc<Core>, st: &mut State, id: &str, category: &str) {
    let at = core.clock.now() + (NOTICE as f64 / core.pace()) as Millis;
    let Some(t) = st.templates.iter_mut().find(|t| t.id == id) else { return };
    category.clone_into(&mut t.correct_category);
    let t = t.clone();
    say(
        core,
        st,
        "template_category_update",
        &t,
        json!({ "new_category": t.category, "correct_category": category, "category_update_timestamp": at / 1000 }),
    );
    st.plan(at, Action::Template { template: id.to_owned(), turn: "moved".into() });
    core.planned.notify_one();
}

/// Sets the quality; a red one pauses for three hours, then for six, then disables.
pub fn quality(core: &Arc<Core>, st: &mut State, id: &str, score: &str) {
    let now = core.clock.now();
    let Some(t) = st.templates.iter_mut().find(|t| t.id == id) else { return };
    let previous = std::mem::replace(&mut t.quality, score.to_owned());
    t.quality_date = now / 1000;
    let told = t.clone();
    say(
        core,
        st,
        "message_template_quality_update",
        &told,
        json!({ "previous_quality_score": previous, "new_quality_score": score }),
    );
    if score == "RED" && told.status == "APPROVED" {
        pause(core, st, id);
    }
}

/// Pauses a template, or disables one that was paused twice.
pub fn pause(core: &Arc<Core>, st: &mut State, id: &str) {
    let now = core.clock.now();
    let Some(t) = st.templates.iter_mut().find(|t| t.id == id) else { return };
    let times = t.pauses;
    t.pauses += 1;
    let Some(rest) = PAUSES.get(times) else {
        t.status = "DISABLED".into();
        let t = t.clone();
        tell(core, st, &t, Map::new());
        return;
    };
    t.status = "PAUSED".into();
    let t = t.clone();
    let hours = rest / 3_600_000;
    let title = if times == 0 { "FIRST_PAUSE" } else { "SECOND_PAUSE" };
    let info = json!({ "title": title, "description": format!("Paused for {hours} hours because of negative feedback.") });
    tell(core, st, &t, Map::from_iter([("other_info".to_owned(), info)]));
    st.plan(
        now + (*rest as f64 / core.pace()) as Millis,
        Action::Template { template: id.to_owned(), turn: "unpaused".into() },
    );
    core.planned.notify_one();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(category: &str, language: &str, text: &str) -> Verdict {
        let mut t = Template::new("a".into(), language.into(), category.into(), "POSITIONAL".into(), 0);
        t.components = vec![json!({ "type": "BODY", "text": text })];
        judge(&t)
    }

    fn reason(category: &str, language: &str, text: &str) -> &'static str {
        match of(category, language, text) {
            Verdict::Rejected(reason, ..) => reason,
            Verdict::Moved => "moved",
            Verdict::Approved => "approved",
        }
    }

    #[test]
    fn each_verdict_can_be_had() {
        assert_eq!(reason("UTILITY", "en", "Hello {{1}} {{2}}, welcome."), "INVALID_FORMAT");
        assert_eq!(reason("UTILITY", "en", "Send us your password, please."), "SCAM");
        assert_eq!(reason("MARKETING", "en", "Buy now, idiot."), "ABUSIVE_CONTENT");
        assert_eq!(reason("UTILITY", "en", "Ваш заказ готов к получению."), "TAG_CONTENT_MISMATCH");
        assert_eq!(reason("UTILITY", "ru", "Your order is ready."), "TAG_CONTENT_MISMATCH");
        assert_eq!(reason("UTILITY", "en", "Today 20 % less for bells."), "INCORRECT_CATEGORY");
        assert_eq!(reason("UTILITY", "en", "A discount and a voucher for you."), "PROMOTIONAL");
        assert_eq!(reason("UTILITY", "en", "A discount waits for you."), "moved");
        for (category, language, text) in [
            ("UTILITY", "en", "Your order {{1}} is ready in the shop."),
            ("MARKETING", "en", "Today 20 % discount, a sale of sales!"),
            ("UTILITY", "ru", "Ваш заказ {{1}} готов к получению, Acme GmbH."),
            ("UTILITY", "ja", "お問い合わせありがとうございます。担当者よりご連絡いたします。"),
            ("AUTHENTICATION", "ja", "*{{1}}* is your verification code."),
        ] {
            assert_eq!(of(category, language, text), Verdict::Approved, "{text}");
        }
    }
}
