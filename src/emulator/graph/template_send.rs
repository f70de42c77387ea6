//! Checks a template send against the template it names.
//!
//! Owns the rules of parameters: count, names, formats, buttons. Changes nothing.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{length, messages};
use crate::emulator::Template;
use crate::emulator::errors::GraphError;
use crate::emulator::state::State;

/// The template a send uses.
#[derive(Debug)]
pub struct Chosen {
    pub name: String,
    /// In lower case, as pricing prints it.
    pub category: String,
}

/// The names in `{{...}}`, each once, in order.
pub fn variables(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for part in text.split("{{").skip(1) {
        if let Some((name, _)) = part.split_once("}}") {
            let name = name.trim().to_owned();
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

/// `index` of a button component: a number, or a string that holds one.
pub fn button_index(component: &Value) -> Option<usize> {
    match &component["index"] {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64().and_then(|n| usize::try_from(n).ok()),
    }
}

fn is(value: &Value, word: &str) -> bool {
    value.as_str().is_some_and(|v| v.eq_ignore_ascii_case(word))
}

/// Checks `template` of a send. Gives what pricing needs to know.
pub fn check(st: &State, object: &Value) -> Result<Chosen, GraphError> {
    let Some(name) = object["name"].as_str().filter(|n| !n.is_empty()) else {
        return Err(GraphError::missing("Parameter 'template.name' is mandatory"));
    };
    let Some(language) = object["language"]["code"].as_str().filter(|n| !n.is_empty()) else {
        return Err(GraphError::missing("Parameter 'template.language.code' is mandatory"));
    };
    let missing =
        || GraphError::code(132_001, format!("template name ({name}) does not exist in {language}"));
    let template =
        st.templates.iter().find(|t| t.name == name && t.language == language).ok_or_else(missing)?;
    match template.status.as_str() {
        "APPROVED" => {}
        "PAUSED" => {
            return Err(GraphError::code(132_015, format!("Template {name} is paused due to low quality.")));
        }
        "DISABLED" => {
            return Err(GraphError::code(
                132_016,
                format!("Template {name} is disabled due to low quality."),
            ));
        }
        _ => return Err(missing()),
    }
    let none = Vec::new();
    let given = match &object["components"] {
        Value::Null => &none,
        Value::Array(components) => components,
        _ => return Err(GraphError::value("Parameter 'template.components' must be an array")),
    };
    header(template, given)?;
    body(template, given)?;
    buttons(template, given)?;
    for component in given {
        let kind = &component["type"];
        if !["header", "body", "button"].iter().any(|k| is(kind, k)) {
            return Err(GraphError::parameter(format!(
                "Invalid component type {kind} in the template message"
            )));
        }
    }
    Ok(Chosen { name: name.to_owned(), category: template.category.to_ascii_lowercase() })
}

fn part<'a>(template: &'a Template, kind: &str) -> Option<&'a Value> {
    template.components.iter().find(|c| is(&c["type"], kind))
}

fn parameters<'a>(given: &'a [Value], kind: &str) -> Result<&'a [Value], GraphError> {
    let mut found = given.iter().filter(|c| is(&c["type"], kind));
    let first = found.next();
    if found.next().is_some() {
        return Err(GraphError::parameter(format!("The component {kind} is given more than once.")));
    }
    match first.map(|c| &c["parameters"]) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(list)) => Ok(list),
        Some(_) => Err(GraphError::value(format!("Parameters of {kind} must be an array"))),
    }
}

fn header(template: &Template, given: &[Value]) -> Result<(), GraphError> {
    let parameters = parameters(given, "header")?;
    let Some(header) = part(template, "HEADER") else {
        return count("header", parameters.len(), 0);
    };
    let format = header["format"].as_str().unwrap_or("TEXT").to_ascii_lowercase();
    if format == "text" {
        let wanted = variables(header["text"].as_str().unwrap_or_default());
        texts(template, "header", parameters, &wanted)?;
        return Ok(());
    }
    let received = parameters.first().and_then(|p| p["type"].as_str()).unwrap_or("unknown");
    if received != format {
        return Err(GraphError::code(
            132_012,
            format!(
                "header: Format mismatch, expected {}, received {}",
                format.to_ascii_uppercase(),
                received.to_ascii_uppercase()
            ),
        ));
    }
    count("header", parameters.len(), 1)?;
    let object = &parameters[0][&format];
    if format == "location" {
        let whole = ["latitude", "longitude", "name", "address"].iter().all(|k| !object[*k].is_null());
        return if whole {
            Ok(())
        } else {
            Err(GraphError::code(132_012, "header: A location needs latitude, longitude, name and address"))
        };
    }
    messages::media_source(&format, object)
}

fn body(template: &Template, given: &[Value]) -> Result<(), GraphError> {
    let parameters = parameters(given, "body")?;
    let text = part(template, "BODY").and_then(|b| b["text"].as_str()).unwrap_or_default();
    let wanted = variables(text);
    let filled = texts(template, "body", parameters, &wanted)?;
    let holes: usize = wanted.iter().map(|name| length(name) + 4).sum();
    if length(text).saturating_sub(holes) + filled > 1024 {
        return Err(GraphError::code(
            132_005,
            "body: The text with its parameters is longer than 1024 characters",
        ));
    }
    Ok(())
}

fn count(place: &str, given: usize, wanted: usize) -> Result<(), GraphError> {
    if given == wanted {
        return Ok(());
    }
    Err(GraphError::code(
        132_000,
        format!(
            "{place}: number of localizable_params ({given}) does not match the expected number of params ({wanted})"
        ),
    ))
}

/// Checks the texts for `wanted` variables. Gives their length together.
fn texts(template: &Template, place: &str, given: &[Value], wanted: &[String]) -> Result<usize, GraphError> {
    count(place, given.len(), wanted.len())?;
    let mut names = BTreeSet::new();
    let mut total = 0;
    for (index, parameter) in given.iter().enumerate() {
        if template.parameter_format == "NAMED" {
            let Some(name) = parameter["parameter_name"].as_str().filter(|n| !n.is_empty()) else {
                return Err(GraphError::parameter(format!("{place}: Parameter name is missing or empty")));
            };
            if !wanted.iter().any(|w| w == name) || !names.insert(name) {
                return Err(GraphError::code(
                    132_018,
                    format!("{place}: parameter_name '{name}' is not in the template, or given twice"),
                ));
            }
        }
        let text = match parameter["type"].as_str() {
            Some("text") => parameter["text"].as_str(),
            Some(kind @ ("currency" | "date_time")) => parameter[kind]["fallback_value"].as_str(),
            _ => {
                return Err(GraphError::code(
                    132_012,
                    format!("{place}: Format mismatch at parameter {index}, expected TEXT"),
                ));
            }
        };
        match text {
            None | Some("") => {
                return Err(GraphError::missing(format!("{place}: parameter {index} has no text")));
            }
            Some(text) if text.contains(['\n', '\r', '\t']) || text.contains("     ") => {
                return Err(GraphError::code(
                    132_018,
                    format!(
                        "{place}: Param text cannot have new-line/tab characters or more than 4 consecutive spaces"
                    ),
                ));
            }
            Some(text) => total += length(text),
        }
    }
    Ok(total)
}

fn buttons(template: &Template, given: &[Value]) -> Result<(), GraphError> {
    let none = Vec::new();
    let buttons = part(template, "BUTTONS").and_then(|b| b["buttons"].as_array()).unwrap_or(&none);
    let mut seen = BTreeSet::new();
    for component in given.iter().filter(|c| is(&c["type"], "button")) {
        let Some(index) = button_index(component) else {
            return Err(GraphError::missing("buttons: index is missing or not a number"));
        };
        let Some(button) = buttons.get(index) else {
            return Err(GraphError::code(
                132_018,
                format!("buttons: The template has no button at index {index}"),
            ));
        };
        if !seen.insert(index) {
            return Err(GraphError::parameter(format!("buttons: index {index} is given twice")));
        }
        let kind = button["type"].as_str().unwrap_or_default();
        // A one-time-password button is sent as a URL button.
        let wanted = if kind.eq_ignore_ascii_case("OTP") { "URL" } else { kind };
        if !is(&component["sub_type"], wanted) {
            return Err(GraphError::code(
                132_012,
                format!("buttons: sub_type at index {index} does not match the button of type {kind}"),
            ));
        }
        let parameter = &component["parameters"][0];
        let (name, limit) = match wanted.to_ascii_uppercase().as_str() {
            "QUICK_REPLY" => ("payload", 128),
            "URL" => ("text", 2000),
            "COPY_CODE" => ("coupon_code", 20),
            _ => continue,
        };
        let fits = parameter[name].as_str().is_some_and(|t| (1..=limit).contains(&length(t)));
        if !is(&parameter["type"], name) || !fits {
            return Err(GraphError::code(
                132_012,
                format!(
                    "buttons: Button at index {index} needs a parameter of type {name}, 1 to {limit} characters"
                ),
            ));
        }
    }
    for (index, button) in buttons.iter().enumerate() {
        let variable = is(&button["type"], "URL") && button["url"].as_str().is_some_and(|u| u.contains("{{"));
        let needs = variable || is(&button["type"], "COPY_CODE") || is(&button["type"], "OTP");
        if needs && !seen.contains(&index) {
            let kind = button["type"].as_str().unwrap_or_default();
            return Err(GraphError::missing(format!(
                "buttons: Button at index {index} of type {kind} requires a parameter"
            )));
        }
    }
    Ok(())
}
