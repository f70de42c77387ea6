//! What a template may be: head, header, body, footer, variables, time for delivery. Written from the documentation of the wire.

use serde_json::{Value, json};
use unicode_segmentation::UnicodeSegmentation as _;

use super::{buttons, length};
use crate::emulator::Template;
use crate::emulator::errors::GraphError;
use crate::emulator::registry::Registry;

const CATEGORIES: [&str; 3] = ["UTILITY", "MARKETING", "AUTHENTICATION"];
const PARTS: [&str; 6] = ["HEADER", "BODY", "FOOTER", "BUTTONS", "CAROUSEL", "LIMITED_TIME_OFFER"];
/// A variable stands for one word, and this many are wanted for each.
const WORDS_EACH: usize = 3;

type Checked = Result<(), GraphError>;

/// An error of a part, with the texts for a person.
pub fn wrong(subcode: Option<i64>, title: &str, text: &str) -> GraphError {
    GraphError::managed(subcode, title, text)
}

pub fn too_long(what: &str, limit: usize) -> GraphError {
    wrong(
        Some(2_388_040),
        "Character limit exceeded",
        &format!("{what} may have at most {limit} characters."),
    )
}

/// The category in capitals.
pub fn category(category: &str) -> Result<String, GraphError> {
    let upper = category.to_ascii_uppercase();
    if CATEGORIES.contains(&upper.as_str()) {
        return Ok(upper);
    }
    Err(GraphError::parameter(format!("Param category must be one of {{{}}}", CATEGORIES.join(", "))))
}

/// The name of a template.
pub fn name(name: &str) -> Checked {
    if name.is_empty() {
        return Err(GraphError::parameter("The parameter name is required."));
    }
    if length(name) > 512 {
        return Err(too_long("The name", 512));
    }
    if !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
        return Err(wrong(
            None,
            "The name is not valid",
            "A template name has only lower-case letters a to z, digits and underscores.",
        ));
    }
    Ok(())
}

pub fn is_language(code: &str) -> bool {
    let (language, region) = code.split_once('_').map_or((code, None), |(l, r)| (l, Some(r)));
    (2..=3).contains(&language.len())
        && language.bytes().all(|b| b.is_ascii_lowercase())
        && region.is_none_or(|r| (2..=4).contains(&r.len()) && r.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// `message_send_ttl_seconds` within the range of the category.
pub fn ttl(value: &Value, category: &str) -> Result<Option<i64>, GraphError> {
    if value.is_null() {
        return Ok(None);
    }
    let number = value.as_i64().or_else(|| value.as_str().and_then(|t| t.parse().ok()));
    let (least, most, forever) = match category {
        "AUTHENTICATION" => (30, 900, true),
        "UTILITY" => (30, 43_200, true),
        _ => (43_200, 2_592_000, false),
    };
    match number {
        Some(n) if (least..=most).contains(&n) || (forever && n == -1) => Ok(Some(n)),
        _ => Err(wrong(
            None,
            "Time to live is out of range",
            &format!("message_send_ttl_seconds must be between {least} and {most} for {category} templates."),
        )),
    }
}

/// The components with types in upper case, or what is wrong with them. `old` is what the template shows now: the address
/// of a sample that it has already may be given back.
pub fn components(
    given: &[Value],
    template: &Template,
    old: &[Value],
    files: &Registry,
) -> Result<Vec<Value>, GraphError> {
    let mut checked = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    let authentication = template.category == "AUTHENTICATION";
    for component in given {
        let mut component = component.clone();
        let kind = component["type"].as_str().unwrap_or_default().to_ascii_uppercase();
        if !PARTS.contains(&kind.as_str()) {
            return Err(GraphError::parameter(format!(
                "components[type] must be one of {{{}}}",
                PARTS.join(", ")
            )));
        }
        if seen.contains(&kind) {
            return Err(GraphError::parameter(format!("components has more than one {kind}")));
        }
        match kind.as_str() {
            "HEADER" if authentication => {
                return Err(wrong(
                    Some(2_388_047),
                    "The header is not valid",
                    "An authentication template has no header.",
                ));
            }
            "HEADER" => header(&mut component, template, old, files)?,
            "BODY" if authentication => code_body(&mut component)?,
            "BODY" => body(&component, template)?,
            "FOOTER" if authentication => code_footer(&mut component)?,
            "FOOTER" => footer(&component)?,
            "BUTTONS" => buttons::check(&mut component, authentication)?,
            "CAROUSEL" => buttons::carousel(&mut component, template, old, files)?,
            _ => {}
        }
        component["type"] = json!(kind);
        seen.push(kind);
        checked.push(component);
    }
    if !seen.iter().any(|k| k == "BODY") {
        return Err(wrong(Some(2_388_072), "The body is missing", "A template needs a BODY."));
    }
    if authentication {
        buttons::one_for_the_code(&checked)?;
    }
    Ok(checked)
}

/// A header of a template, or of a card.
pub fn header(component: &mut Value, template: &Template, old: &[Value], files: &Registry) -> Checked {
    let no = |text: &str| Err(wrong(Some(2_388_047), "The header is not valid", text));
    let format = component["format"].as_str().unwrap_or("TEXT").to_ascii_uppercase();
    match format.as_str() {
        "TEXT" => {
            let text = component["text"].as_str().unwrap_or_default();
            if text.trim().is_empty() || length(text) > 60 || text.contains(['\n', '\r']) {
                return no("A header text has 1 to 60 characters on one line.");
            }
            if marked_up(text) {
                return no("A header text has no markup: no asterisks, underscores, tildes or backticks.");
            }
            let names = variables(text)?;
            if names.len() > 1 {
                return no("A header text has at most one variable.");
            }
            named(&names, template)?;
            examples(&names, template, &component["example"], "header_text")?;
        }
        "LOCATION" | "PRODUCT" => {}
        "IMAGE" | "VIDEO" | "DOCUMENT" | "GIF" => {
            let Some(handle) = component["example"]["header_handle"][0].as_str().filter(|h| !h.is_empty())
            else {
                return no("A media header needs an example: example.header_handle.");
            };
            if shows(old, handle) {
                component["format"] = json!(format);
                return Ok(());
            }
            let Some(mime) = files.file(handle) else {
                return no("The header handle is not one that an upload gave.");
            };
            let fits = match format.as_str() {
                "IMAGE" => mime.starts_with("image/"),
                "VIDEO" | "GIF" => mime == "video/mp4",
                _ => mime == "application/pdf",
            };
            if !fits {
                return no("The type of the sample does not fit the format of the header.");
            }
            // From here on it is an address under which the sample can be seen for a while.
            component["example"]["header_handle"] = json!([address(handle)]);
        }
        _ => return no("The format must be TEXT, IMAGE, VIDEO, DOCUMENT, LOCATION, GIF or PRODUCT."),
    }
    component["format"] = json!(format);
    Ok(())
}

/// Whether one of these components shows this address.
fn shows(components: &[Value], address: &str) -> bool {
    address.starts_with("https://")
        && components.iter().any(|c| {
            c["example"]["header_handle"][0] == address
                || c["cards"].as_array().is_some_and(|cards| {
                    cards.iter().any(|card| card["components"].as_array().is_some_and(|p| shows(p, address)))
                })
        })
}

fn address(handle: &str) -> String {
    let id: String = handle.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("https://scontent.whatsapp.net/v/t61.29466-34/{id}_n?ccb=1-7&oe=6B00F00D")
}

/// Whether something stands between two signs of markup.
fn marked_up(text: &str) -> bool {
    if text.contains("```") {
        return true;
    }
    let mut clean = String::new();
    let mut rest = text;
    // The names of variables have underscores of their own.
    while let Some((before, after)) = rest.split_once("{{") {
        clean.push_str(before);
        clean.push('v');
        rest = after.split_once("}}").map_or("", |(_, after)| after);
    }
    clean.push_str(rest);
    let signs: Vec<char> = clean.chars().collect();
    let word = |i: Option<usize>| i.and_then(|i| signs.get(i)).is_some_and(|c| c.is_alphanumeric());
    let space = |i: Option<usize>| i.and_then(|i| signs.get(i)).is_none_or(|c| c.is_whitespace());
    "*_~".chars().any(|mark| {
        let at: Vec<usize> = signs.iter().enumerate().filter(|(_, c)| **c == mark).map(|(i, _)| i).collect();
        let opens = |i: usize| !word(i.checked_sub(1)) && !space(Some(i + 1));
        let closes = |i: usize| !word(Some(i + 1)) && !space(i.checked_sub(1));
        at.iter().any(|a| opens(*a) && at.iter().any(|b| *b > a + 1 && closes(*b)))
    })
}

/// The names between braces, each once, in order; an error when a brace has no partner.
pub fn variables(text: &str) -> Result<Vec<String>, GraphError> {
    let broken = || {
        wrong(
            Some(2_388_073),
            "Variables are not valid",
            "A variable has two braces on each side, as in {{1}}.",
        )
    };
    let mut names: Vec<String> = Vec::new();
    let mut parts = text.split("{{");
    if parts.next().is_some_and(|before| before.contains("}}")) {
        return Err(broken());
    }
    for part in parts {
        let (name, after) = part.split_once("}}").ok_or_else(broken)?;
        let name = name.trim();
        if name.contains(['{', '}']) || after.contains("}}") {
            return Err(broken());
        }
        if !names.iter().any(|n| n == name) {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

/// Positional variables run from 1, named ones are lower case.
fn named(names: &[String], template: &Template) -> Checked {
    let text = if template.parameter_format == "NAMED" {
        let fits = |n: &String| {
            n.starts_with(|c: char| c.is_ascii_lowercase())
                && n.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        if names.iter().all(fits) {
            return Ok(());
        }
        "Named variables have lower-case letters, digits and underscores."
    } else {
        if (1..=names.len()).all(|n| names.contains(&n.to_string())) {
            return Ok(());
        }
        "Positional variables must run {{1}}, {{2}} and so on."
    };
    Err(wrong(Some(2_388_073), "Variables are not valid", text))
}

/// Each variable has an example: `KEY: [[…]]` or `KEY: […]` by position, `KEY_named_params` by name.
fn examples(names: &[String], template: &Template, example: &Value, key: &str) -> Checked {
    let given = |name: &String| {
        let text = if template.parameter_format == "NAMED" {
            let list = example[format!("{key}_named_params")].as_array();
            list.and_then(|list| list.iter().find(|p| p["param_name"] == **name))
                .and_then(|p| p["example"].as_str())
        } else {
            let list = &example[key];
            let list = if list[0].is_array() { &list[0] } else { list };
            name.parse::<usize>().ok().and_then(|n| list.get(n.checked_sub(1)?)).and_then(Value::as_str)
        };
        text.is_some_and(|t| !t.trim().is_empty())
    };
    if names.iter().all(given) {
        return Ok(());
    }
    Err(wrong(
        Some(2_388_043),
        "Message template is missing expected fields",
        &format!("Every variable needs an example in {key}."),
    ))
}

/// Texts of a body and of a card's.
pub fn body(component: &Value, template: &Template) -> Checked {
    let whole = component["text"].as_str().unwrap_or_default();
    let text = whole.trim();
    if text.is_empty() {
        return Err(wrong(Some(2_388_072), "The body is not valid", "The body needs a text."));
    }
    if length(whole) > 1024 {
        return Err(too_long("The body", 1024));
    }
    let names = variables(text)?;
    named(&names, template)?;
    if text.starts_with("{{") || text.ends_with("}}") {
        return Err(wrong(
            Some(2_388_299),
            "Variables can't be at the start or end of the template",
            "This template has variables at the start or end of its text.",
        ));
    }
    // By the rules of Unicode: not every script has spaces.
    if text.unicode_words().count() < names.len() * WORDS_EACH {
        return Err(wrong(
            Some(2_388_293),
            "Too many variables for the length",
            "This template has too many variables for its length. Use fewer, or more words.",
        ));
    }
    examples(&names, template, &component["example"], "body_text")
}

fn footer(component: &Value) -> Checked {
    let text = component["text"].as_str().unwrap_or_default();
    if text.trim().is_empty() || length(text) > 60 || text.contains("{{") {
        return Err(wrong(
            Some(2_388_073),
            "The footer is not valid",
            "A footer has 1 to 60 characters and no variables.",
        ));
    }
    Ok(())
}

/// The text of a login code is the platform's: it is shown in the list, and not taken from a client.
fn code_body(component: &mut Value) -> Checked {
    if component["text"].as_str().is_some_and(|t| !t.is_empty()) {
        return Err(wrong(
            Some(2_388_072),
            "The body is not valid",
            "The text of an authentication template cannot be set.",
        ));
    }
    let mut text = "*{{1}}* is your verification code.".to_owned();
    if component["add_security_recommendation"] == true {
        text.push_str(" For your security, do not share this code.");
    }
    component["text"] = json!(text);
    component["example"] = json!({ "body_text": [["482913"]] });
    Ok(())
}

fn code_footer(component: &mut Value) -> Checked {
    let own = component["text"].as_str().is_some_and(|t| !t.is_empty());
    match component["code_expiration_minutes"].as_i64().filter(|n| (1..=90).contains(n) && !own) {
        Some(n) => {
            component["text"] = json!(format!("This code expires in {n} minutes."));
            Ok(())
        }
        None => Err(wrong(
            Some(2_388_073),
            "The footer is not valid",
            "The footer of an authentication template is code_expiration_minutes, from 1 to 90.",
        )),
    }
}
