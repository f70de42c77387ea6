//! The provider's rules for templates, checked before anything leaves: [`lint`] names the field, the rule and what would be
//! right. Pure: it knows nothing of other templates (those rules are [`lint_beside`]).
//!
//! Source of the rules: the Cloud API documentation on templates and its component rules. Where the provider does not say a
//! number (how many words a variable needs), ours is the one that it has been seen to refuse.

use super::definition::{Definition, Examples};
use super::{ParameterFormat, Template, variables};
use buttons::{authentication, buttons, carousel};
use serde::Serialize;
use unicode_segmentation::UnicodeSegmentation as _;

mod buttons;

/// Longest name.
pub const NAME_MAX: usize = 512;
/// Longest body, with its variables as they are written.
pub const BODY_MAX: usize = 1024;
/// Longest text header.
pub const HEADER_MAX: usize = 60;
/// Longest footer.
pub const FOOTER_MAX: usize = 60;
/// Most buttons.
pub const BUTTONS_MAX: usize = 10;
/// Longest caption of a button.
pub const BUTTON_TEXT_MAX: usize = 25;
/// Longest address of a button.
pub const URL_MAX: usize = 2000;
/// Longest phone number of a button.
pub const PHONE_MAX: usize = 20;
/// Longest code of a copy-code button.
pub const CODE_MAX: usize = 20;
/// Cards of a carousel.
pub const CARDS: std::ops::RangeInclusive<usize> = 2..=10;
/// Longest body of a card.
pub const CARD_BODY_MAX: usize = 160;
/// Minutes that a login code may live.
pub const EXPIRES_MINUTES: std::ops::RangeInclusive<i64> = 1..=90;
/// The caption that the provider demands of a button that asks for contact data.
pub const CONTACT_INFO_TEXT: &str = "Share Contact Info";

/// The categories.
pub const CATEGORIES: [&str; 3] = ["UTILITY", "MARKETING", "AUTHENTICATION"];
/// Header formats.
pub const HEADER_FORMATS: [&str; 7] = ["text", "image", "video", "document", "location", "gif", "product"];
/// Buttons, and how many of each; quick replies may fill all places.
pub const BUTTONS: [(&str, usize); 11] = [
    ("quick_reply", BUTTONS_MAX),
    ("url", 2),
    ("phone_number", 1),
    ("copy_code", 1),
    ("flow", 1),
    ("catalog", 1),
    ("mpm", 1),
    ("spm", 1),
    ("voice_call", 1),
    ("request_contact_info", 1),
    ("otp", 1),
];
/// Components besides header, body, footer and buttons.
pub const OTHER_PARTS: [&str; 2] = ["CAROUSEL", "LIMITED_TIME_OFFER"];
/// Languages that the provider has; others may come.
pub const LANGUAGES: &[&str] = &[
    "af", "ar", "ar_AE", "ar_EG", "ar_LB", "ar_MA", "ar_QA", "az", "be_BY", "bg", "bn", "bn_IN", "ca", "cs",
    "da", "de", "de_AT", "de_CH", "el", "en", "en_AE", "en_AU", "en_CA", "en_GB", "en_GH", "en_IE", "en_IN",
    "en_JM", "en_MY", "en_NZ", "en_QA", "en_SG", "en_UG", "en_US", "en_ZA", "es", "es_AR", "es_CL", "es_CO",
    "es_CR", "es_DO", "es_EC", "es_ES", "es_HN", "es_MX", "es_PA", "es_PE", "es_UY", "et", "fa", "fi", "fil",
    "fr", "fr_BE", "fr_CA", "fr_CH", "fr_CI", "fr_MA", "ga", "gu", "ha", "he", "hi", "hr", "hu", "id", "it",
    "ja", "ka", "kk", "kn", "ko", "ky_KG", "lo", "lt", "lv", "mk", "ml", "mr", "ms", "nb", "nl", "nl_BE",
    "pa", "pl", "prs_AF", "ps_AF", "pt_BR", "pt_PT", "ro", "ru", "rw_RW", "si_LK", "sk", "sl", "sq", "sr",
    "sv", "sw", "ta", "te", "th", "tr", "uk", "ur", "uz", "vi", "zh_CN", "zh_HK", "zh_TW", "zu",
];

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Works, but not as one would think.
    Warning,
    /// The provider refuses or rejects it.
    Error,
}

/// One broken rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule's name (`body.length`), stable for scripts.
    pub rule: &'static str,
    /// The field as the form names it: `name`, `header.text`, `body.example.2`, `button.0.url`.
    pub field: String,
    /// How bad.
    pub severity: Severity,
    /// What is wrong.
    pub problem: String,
    /// What would be right.
    pub advice: String,
}

/// Every rule and what it says, for help, tests and documentation.
pub const RULES: &[(&str, &str)] = &[
    ("name.required", "A template has a name."),
    ("name.length", "A name has at most 512 characters."),
    ("name.characters", "A name has only a to z, 0 to 9 and underscores."),
    ("language.code", "A language is a code such as en, en_GB or pt_BR."),
    ("language.known", "The provider's list of languages has the code."),
    ("category.known", "The category is UTILITY, MARKETING or AUTHENTICATION."),
    ("header.format", "A header is a text, picture, video, document, location, GIF or product."),
    ("header.required", "A text header has a text."),
    ("header.length", "A text header has at most 60 characters."),
    ("header.line", "A text header stands on one line."),
    ("header.markup", "A text header has no markup: no *bold*, _italic_, ~struck~ or ```code```."),
    ("header.variables", "A text header has at most one variable."),
    ("header.sample", "A picture, video or document header comes with a sample file."),
    ("body.required", "A template has a body."),
    ("body.length", "A body has at most 1024 characters."),
    ("footer.required", "A footer has a text."),
    ("footer.length", "A footer has at most 60 characters."),
    ("footer.variables", "A footer has no variables."),
    ("variables.braces", "A variable is closed: {{1}}."),
    ("variables.name", "A named variable has only a to z, 0 to 9 and underscores, and begins with a letter."),
    ("variables.sequence", "Numbered variables run from 1 without a gap."),
    ("variables.edge", "A body neither begins nor ends with a variable."),
    ("variables.adjacent", "Two variables do not stand next to each other."),
    ("variables.ratio", "A body has at least two words for each variable."),
    ("variables.example", "Each variable has an example."),
    ("buttons.count", "A template has at most 10 buttons."),
    ("buttons.kind", "The kind of a button is one that the provider has."),
    ("buttons.most", "There are not more buttons of a kind than the provider takes."),
    ("buttons.order", "Quick replies stand together, and so do the others."),
    ("buttons.hidden", "With more than three buttons, the others wait behind “see all options”."),
    ("buttons.desktop", "Four buttons or a mix with quick replies are not shown on desktops."),
    ("button.text", "A button has a caption."),
    ("button.length", "A caption has at most 25 characters."),
    ("button.variables", "A caption has no variables."),
    ("button.url", "An address begins with https:// or http:// and has at most 2000 characters."),
    ("button.url_variable", "An address has at most one variable, at its end."),
    ("button.example", "An address with a variable, and a code to copy, come with an example."),
    ("button.phone", "A phone number has at most 20 characters: + and digits."),
    ("button.code", "A code to copy has at most 20 characters."),
    ("button.flow", "A flow button names its flow."),
    ("button.contact_info", "The caption that asks for contact data is fixed."),
    ("auth.body", "The text of an authentication template is the provider's."),
    ("auth.header", "An authentication template has no header."),
    ("auth.footer", "The footer of an authentication template is a time: 1 to 90 minutes."),
    ("auth.button", "An authentication template has exactly one button, for the code."),
    ("auth.otp_type", "The button is COPY_CODE, ONE_TAP or ZERO_TAP."),
    ("auth.apps", "ONE_TAP and ZERO_TAP name the apps that take the code."),
    ("auth.only", "Buttons for login codes belong to authentication templates only."),
    ("ttl.range", "The time for delivery lies within the range of the category."),
    ("carousel.cards", "A carousel has 2 to 10 cards."),
    ("carousel.same", "All cards have the same parts."),
    ("carousel.body", "The body of a card has at most 160 characters."),
    ("carousel.parts", "A card has header, body and buttons, and no other parts."),
    ("parts.known", "The provider has the kinds of all parts."),
    ("parts.once", "No kind of part comes twice."),
    ("beside.exists", "Name and language are not in use yet."),
    ("beside.same_body", "No other template has the same body."),
    ("beside.category", "A name has one category in all its languages."),
];

/// How much of a limit is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// The field.
    pub field: String,
    /// How many there are.
    pub used: usize,
    /// How many there may be.
    pub limit: usize,
}

/// Characters as the provider counts them.
#[must_use]
pub fn length(text: &str) -> usize {
    text.chars().count()
}

/// Every limit that has a number, with what is used of it.
#[must_use]
pub fn counters(d: &Definition) -> Vec<Counter> {
    let mut out = Vec::new();
    let mut add = |field: String, used: usize, limit: usize| out.push(Counter { field, used, limit });
    add("name".into(), length(&d.name), NAME_MAX);
    if let Some(h) = d.header.as_ref().filter(|h| h.format == "text") {
        add("header.text".into(), length(&h.text), HEADER_MAX);
    }
    if !d.is_authentication() {
        add("body.text".into(), length(&d.body.text), BODY_MAX);
    }
    if let Some(f) = d.footer.as_ref().filter(|_| !d.is_authentication()) {
        add("footer.text".into(), length(&f.text), FOOTER_MAX);
    }
    add("buttons".into(), d.buttons.len(), BUTTONS_MAX);
    for (i, b) in d.buttons.iter().enumerate() {
        add(format!("button.{i}.text"), length(&b.text), BUTTON_TEXT_MAX);
        match b.kind.as_str() {
            "url" => add(format!("button.{i}.target"), length(&b.target), URL_MAX),
            "phone_number" => add(format!("button.{i}.target"), length(&b.target), PHONE_MAX),
            "copy_code" => add(format!("button.{i}.example"), length(&b.example), CODE_MAX),
            _ => {}
        }
    }
    out
}

/// Whether nothing stands in the way of handing it in.
#[must_use]
pub fn is_clean(findings: &[Finding]) -> bool {
    findings.iter().all(|f| f.severity != Severity::Error)
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn error(
        &mut self,
        rule: &'static str,
        field: impl Into<String>,
        problem: impl Into<String>,
        advice: &str,
    ) {
        self.add(rule, field.into(), Severity::Error, problem.into(), advice);
    }

    fn warning(
        &mut self,
        rule: &'static str,
        field: impl Into<String>,
        problem: impl Into<String>,
        advice: &str,
    ) {
        self.add(rule, field.into(), Severity::Warning, problem.into(), advice);
    }

    fn add(&mut self, rule: &'static str, field: String, severity: Severity, problem: String, advice: &str) {
        debug_assert!(RULES.iter().any(|(name, _)| *name == rule), "{rule} is not in the list");
        self.0.push(Finding { rule, field, severity, problem, advice: advice.to_owned() });
    }

    fn longest(&mut self, rule: &'static str, field: impl Into<String>, text: &str, max: usize) {
        let n = length(text);
        if n > max {
            let over = n - max;
            self.error(rule, field, format!("{n} of {max} characters"), &format!("take {over} out"));
        }
    }
}

/// Checks a definition by itself.
#[must_use]
pub fn lint(d: &Definition) -> Vec<Finding> {
    let mut f = Findings::default();
    head(&mut f, d);
    if d.is_authentication() {
        authentication(&mut f, d);
    } else {
        header(&mut f, d);
        body(&mut f, d);
        footer(&mut f, d);
    }
    buttons(&mut f, d);
    ttl(&mut f, d);
    let mut kinds: Vec<String> = ["HEADER", "BODY", "FOOTER", "BUTTONS"].map(str::to_owned).to_vec();
    for c in &d.others {
        let kind = c["type"].as_str().unwrap_or_default().to_ascii_uppercase();
        if kind == "CAROUSEL" {
            carousel(&mut f, c, d.format);
        }
        if kinds.contains(&kind) {
            f.error("parts.once", "others", format!("there is more than one {kind}"), "leave one of them");
        } else if !OTHER_PARTS.contains(&kind.as_str()) {
            f.error(
                "parts.known",
                "others",
                format!("there is no part of the kind “{kind}”"),
                "take it out: besides header, body, footer and buttons there are CAROUSEL and LIMITED_TIME_OFFER",
            );
        }
        kinds.push(kind);
    }
    f.0
}

/// Checks a new definition beside the templates that there are already.
#[must_use]
pub fn lint_beside(d: &Definition, others: &[Template]) -> Vec<Finding> {
    let mut f = Findings::default();
    for t in others {
        let same_name = t.name == d.name;
        if same_name && t.language == d.language {
            f.error(
                "beside.exists",
                "name",
                format!("{} ({}) exists already and is {}", t.name, t.language, t.status),
                "edit that one, or choose another name or language",
            );
        } else if same_name && !t.category.is_empty() && t.category != d.category {
            f.warning(
                "beside.category",
                "category",
                format!("{} in {} is {}", t.name, t.language, t.category),
                "use the same category in all languages",
            );
        }
        if !same_name && !d.body.text.is_empty() && t.body.trim() == d.body.text.trim() {
            f.warning(
                "beside.same_body",
                "body.text",
                format!("{} has the same body", t.name),
                "use that one, or change the text: the provider may reject a copy",
            );
        }
    }
    f.0
}

fn head(f: &mut Findings, d: &Definition) {
    if d.name.is_empty() {
        f.error("name.required", "name", "the name is missing", "give a name such as order_update");
    }
    f.longest("name.length", "name", &d.name, NAME_MAX);
    if !d.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
        f.error(
            "name.characters",
            "name",
            "only a to z, 0 to 9 and underscores are allowed",
            "write order_update instead of “Order update”",
        );
    }
    if !is_language(&d.language) {
        f.error(
            "language.code",
            "language",
            if d.language.is_empty() { "the language is missing" } else { "this is no language code" },
            "use a code such as en, en_GB or pt_BR",
        );
    } else if !LANGUAGES.contains(&d.language.as_str()) {
        f.warning(
            "language.known",
            "language",
            format!("{} is not in the list of languages that is known here", d.language),
            "look whether the provider has it",
        );
    }
    if !CATEGORIES.contains(&d.category.as_str()) {
        f.error(
            "category.known",
            "category",
            if d.category.is_empty() { "the category is missing" } else { "there is no such category" },
            "use UTILITY, MARKETING or AUTHENTICATION",
        );
    }
}

fn is_language(code: &str) -> bool {
    let (language, region) = code.split_once('_').map_or((code, None), |(l, r)| (l, Some(r)));
    (2..=3).contains(&language.len())
        && language.bytes().all(|b| b.is_ascii_lowercase())
        && region.is_none_or(|r| (2..=4).contains(&r.len()) && r.bytes().all(|b| b.is_ascii_alphanumeric()))
}

fn header(f: &mut Findings, d: &Definition) {
    let Some(h) = &d.header else { return };
    match h.format.as_str() {
        "text" => {
            if h.text.trim().is_empty() {
                f.error(
                    "header.required",
                    "header.text",
                    "the text is missing",
                    "write one, or take the header out",
                );
            }
            f.longest("header.length", "header.text", &h.text, HEADER_MAX);
            if h.text.contains(['\n', '\r']) {
                f.error("header.line", "header.text", "there is a line break in it", "write it on one line");
            }
            if has_markup(&h.text) {
                f.error(
                    "header.markup",
                    "header.text",
                    "there is markup in it",
                    "take *, _, ~ and ``` out: a header is bold anyway",
                );
            }
            if variables(&h.text).len() > 1 {
                f.error("header.variables", "header.text", "there is more than one variable", "leave one");
            }
            spelling(f, "header.text", &h.text, d.format);
            examples(f, "header.example", &h.text, &h.examples);
        }
        "image" | "video" | "document" | "gif" => {
            if h.sample.is_empty() {
                f.error(
                    "header.sample",
                    "header.sample",
                    format!("a sample {} is missing", h.format),
                    "give a file: it is handed to the reviewers, not to customers",
                );
            }
        }
        "location" | "product" => {}
        _ => f.error(
            "header.format",
            "header.format",
            format!("there is no header of the kind “{}”", h.format),
            "use text, image, video, document or location",
        ),
    }
}

/// Whether a pair of markup characters stands around something, outside of variables.
fn has_markup(text: &str) -> bool {
    let plain = super::substitute(text, |_| Some("x".into()));
    if plain.contains("```") {
        return true;
    }
    let chars: Vec<char> = plain.chars().collect();
    let outside = |c: Option<&char>| c.is_none_or(|c| !c.is_alphanumeric());
    ['*', '_', '~'].iter().any(|mark| {
        let mut open = None;
        for (i, c) in chars.iter().enumerate() {
            if c != mark {
                continue;
            }
            let before = i.checked_sub(1).and_then(|b| chars.get(b));
            let after = chars.get(i + 1);
            if open.is_some_and(|o| i > o + 1) && outside(after) && before.is_some_and(|c| !c.is_whitespace())
            {
                return true;
            }
            if outside(before) && after.is_some_and(|c| !c.is_whitespace()) {
                open = Some(i);
            }
        }
        false
    })
}

fn body(f: &mut Findings, d: &Definition) {
    let text = d.body.text.trim();
    if text.is_empty() {
        f.error("body.required", "body.text", "the body is missing", "write what the customer is to read");
        return;
    }
    f.longest("body.length", "body.text", &d.body.text, BODY_MAX);
    spelling(f, "body.text", text, d.format);
    let names = variables(text);
    if text.starts_with("{{") || text.ends_with("}}") {
        f.error(
            "variables.edge",
            "body.text",
            "it begins or ends with a variable",
            "put a word or a full stop before or after it",
        );
    }
    if is_adjacent(text) {
        f.error(
            "variables.adjacent",
            "body.text",
            "two variables stand next to each other",
            "put text between them",
        );
    }
    // By the rules of Unicode: not every script has spaces. A variable counts as one word itself.
    if text.unicode_words().count() < names.len() * 3 {
        let n = names.len();
        f.error(
            "variables.ratio",
            "body.text",
            format!("{n} variables are too many for so few words"),
            "write more text around them, or use fewer",
        );
    }
    examples(f, "body.example", text, &d.body.examples);
}

/// Whether only white space stands between two variables.
fn is_adjacent(text: &str) -> bool {
    let mut rest = text;
    while let Some(end) = rest.find("}}") {
        let after = &rest[end + 2..];
        if after.trim_start().starts_with("{{") {
            return true;
        }
        rest = after;
    }
    false
}

/// How variables are written: closed, named as the format wants, numbered without a gap.
fn spelling(f: &mut Findings, field: &str, text: &str, format: ParameterFormat) {
    let mut rest = text;
    let mut names: Vec<&str> = Vec::new();
    let mut broken = false;
    while let Some(open) = rest.find("{{") {
        broken |= rest[..open].contains("}}");
        let after = &rest[open + 2..];
        let Some(end) = after.find("}}") else {
            broken = true;
            rest = "";
            break;
        };
        let name = after[..end].trim();
        broken |= name.contains(['{', '}']);
        if !names.contains(&name) {
            names.push(name);
        }
        rest = &after[end + 2..];
    }
    broken |= rest.contains("}}");
    if broken {
        f.error(
            "variables.braces",
            field,
            "a variable is not closed",
            "write two braces on each side: {{1}}",
        );
        return;
    }
    if format == ParameterFormat::Named {
        for name in names {
            let fits = name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            if !fits {
                f.error(
                    "variables.name",
                    field,
                    format!("“{name}” is no name for a variable"),
                    "use a to z, 0 to 9 and underscores, beginning with a letter",
                );
            }
        }
        return;
    }
    let mut numbers: Vec<Option<u32>> =
        names.iter().map(|n| n.parse().ok().filter(|p: &u32| p.to_string() == **n)).collect();
    numbers.sort_unstable();
    if !numbers.iter().zip(1_u32..).all(|(n, want)| *n == Some(want)) {
        f.error(
            "variables.sequence",
            field,
            "variables must be numbered 1, 2, 3 without a gap",
            "number them anew, or choose named variables",
        );
    }
}

fn examples(f: &mut Findings, field: &str, text: &str, examples: &Examples) {
    for v in variables(text) {
        if examples.get(&v).is_none_or(|e| e.trim().is_empty()) {
            f.error(
                "variables.example",
                format!("{field}.{v}"),
                format!("{{{{{v}}}}} has no example"),
                "give a value as it may be sent, without anybody's data",
            );
        }
    }
}

fn footer(f: &mut Findings, d: &Definition) {
    let Some(footer) = &d.footer else { return };
    if footer.text.trim().is_empty() {
        f.error("footer.required", "footer.text", "the text is missing", "write one, or take the footer out");
    }
    f.longest("footer.length", "footer.text", &footer.text, FOOTER_MAX);
    if footer.text.contains("{{") {
        f.error("footer.variables", "footer.text", "there is a variable in it", "move it to the body");
    }
}

fn ttl(f: &mut Findings, d: &Definition) {
    let Some(ttl) = d.ttl else { return };
    let (range, forever) = match d.category.as_str() {
        "AUTHENTICATION" => (30..=900, true),
        "UTILITY" => (30..=43_200, true),
        "MARKETING" => (43_200..=2_592_000, false),
        _ => return,
    };
    if !(range.contains(&ttl) || forever && ttl == -1) {
        let (from, to) = range.into_inner();
        let or = if forever { ", or -1 for 30 days" } else { "" };
        f.error(
            "ttl.range",
            "ttl",
            format!("{ttl} seconds are out of range"),
            &format!("use {from} to {to} seconds{or}"),
        );
    }
}

#[cfg(test)]
#[path = "lint_tests.rs"]
mod tests;
