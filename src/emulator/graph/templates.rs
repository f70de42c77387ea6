//! Templates: list, create, edit, delete.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::http::Method;
use serde_json::{Value, json};
use unicode_segmentation::UnicodeSegmentation as _;

use super::template_send::variables;
use super::{Answer, fields, length, page, select};
use crate::emulator::errors::GraphError;
use crate::emulator::server::Call;
use crate::emulator::{Core, Template, play};

/// Templates an account may have.
const MOST: usize = 250;
const CATEGORIES: [&str; 3] = ["UTILITY", "MARKETING", "AUTHENTICATION"];

fn node(template: &Template) -> Value {
    json!({
        "id": template.id, "name": template.name, "language": template.language, "status": template.status,
        "category": template.category, "parameter_format": template.parameter_format,
        "rejected_reason": template.rejected_reason, "quality_score": { "score": template.quality, "date": template.quality_date },
        "components": template.components,
    })
}

fn default_fields() -> Vec<String> {
    ["name", "language", "status", "category", "parameter_format", "components"].map(str::to_owned).to_vec()
}

/// `/{account}/message_templates`.
pub fn collection(core: &Arc<Core>, call: &Call) -> Answer {
    match call.method {
        Method::GET => list(core, call),
        Method::POST => create(core, call),
        Method::DELETE => delete(core, call),
        _ => Err(GraphError::unknown(call.method.as_str(), &core.scenario.account.id)),
    }
}

fn list(core: &Core, call: &Call) -> Answer {
    let any = |key: &str, value: &str| {
        call.query.get(key).is_none_or(|wanted| {
            let wanted = wanted.trim_matches(['[', ']']);
            wanted.split(',').any(|w| w.trim().trim_matches('"').eq_ignore_ascii_case(value))
        })
    };
    let fields = fields(call).unwrap_or_else(default_fields);
    let (nodes, total, complete) = {
        let st = core.state();
        let fits = st.templates.iter().filter(|t| {
            call.query.get("name").is_none_or(|n| *n == t.name)
                && any("status", &t.status)
                && any("language", &t.language)
                && any("category", &t.category)
                && any("quality_score", &t.quality)
                && call.query.get("name_or_content").or(call.query.get("content")).is_none_or(|words| {
                    let words = words.to_lowercase();
                    t.name.contains(&words)
                        || t.components.iter().any(|c| {
                            c["text"].as_str().is_some_and(|text| text.to_lowercase().contains(&words))
                        })
                })
        });
        (
            fits.map(|t| select(&node(t), &fields)).collect::<Vec<_>>(),
            st.templates.len(),
            translated(&st.templates),
        )
    };
    let mut answer = page(core, call, &format!("{}/message_templates", core.scenario.account.id), &nodes)?;
    if call.query.contains_key("summary") {
        answer["summary"] = json!({
            "total_count": nodes.len(), "message_template_count": total, "message_template_limit": MOST,
            "are_translations_complete": complete,
        });
    }
    Ok(answer)
}

/// Whether every name exists in every language in use.
fn translated(templates: &[Template]) -> bool {
    let names: BTreeSet<&str> = templates.iter().map(|t| t.name.as_str()).collect();
    let languages: BTreeSet<&str> = templates.iter().map(|t| t.language.as_str()).collect();
    // Name and language are unique together, so the count tells.
    templates.len() == names.len() * languages.len()
}

/// `/{template}`: read it, or edit it.
pub fn node_answer(core: &Arc<Core>, id: &str, call: &Call) -> Answer {
    let mut st = core.state();
    let Some(template) = st.templates.iter_mut().find(|t| t.id == id) else {
        return Err(GraphError::unknown(call.method.as_str(), id));
    };
    if call.method == Method::GET {
        return Ok(select(&node(template), &fields(call).unwrap_or_else(default_fields)));
    }
    if !["APPROVED", "REJECTED", "PAUSED"].contains(&template.status.as_str()) {
        return Err(GraphError::managed(
            Some(2_388_039),
            "The template cannot be edited",
            "Only templates that are approved, rejected or paused can be edited.",
        ));
    }
    let mut edited = template.clone();
    if let Some(category) = call.param("category") {
        if template.status == "APPROVED" && category != template.category {
            return Err(GraphError::managed(
                None,
                "The category is fixed",
                "The category of an approved template cannot be changed.",
            ));
        }
        edited.category = checked_category(&category)?;
    }
    if let Some(components) = call.body["components"].as_array() {
        edited.components = checked_components(components, &edited)?;
    }
    edited.status = "PENDING".into();
    edited.rejected_reason = "NONE".into();
    *template = edited.clone();
    play::submit(core, &mut st, id);
    Ok(json!({ "success": true, "id": edited.id, "name": edited.name, "category": edited.category }))
}

fn checked_category(category: &str) -> Result<String, GraphError> {
    let upper = category.to_ascii_uppercase();
    if CATEGORIES.contains(&upper.as_str()) {
        return Ok(upper);
    }
    Err(GraphError::parameter(format!("Param category must be one of {{{}}}", CATEGORIES.join(", "))))
}

fn create(core: &Arc<Core>, call: &Call) -> Answer {
    let Some(name) = call.param("name").filter(|n| !n.is_empty()) else {
        return Err(GraphError::parameter("The parameter name is required."));
    };
    if length(&name) > 512 {
        return Err(too_long("The name", 512));
    }
    if !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
        return Err(GraphError::managed(
            None,
            "The name is not valid",
            "A template name has only lower-case letters a to z, digits and underscores.",
        ));
    }
    let Some(language) = call.param("language").filter(|l| is_language(l)) else {
        return Err(GraphError::parameter(
            "Param language must be a language code such as en, en_GB or pt_BR",
        ));
    };
    let Some(category) = call.param("category") else {
        return Err(GraphError::parameter("The parameter category is required."));
    };
    let format = call.param("parameter_format").unwrap_or_else(|| "POSITIONAL".into()).to_ascii_uppercase();
    if !["POSITIONAL", "NAMED"].contains(&format.as_str()) {
        return Err(GraphError::parameter("Param parameter_format must be one of {POSITIONAL, NAMED}"));
    }
    let Some(components) = call.body["components"].as_array() else {
        return Err(GraphError::parameter("The parameter components is required."));
    };
    let mut template = Template {
        id: String::new(),
        name,
        language,
        category: checked_category(&category)?,
        status: "PENDING".into(),
        parameter_format: format,
        rejected_reason: "NONE".into(),
        quality: "UNKNOWN".into(),
        quality_date: core.clock.now() / 1000,
        components: Vec::new(),
    };
    template.components = checked_components(components, &template)?;
    let mut st = core.state();
    if st.templates.len() >= MOST {
        return Err(GraphError::managed(
            Some(2_388_019),
            "Template limit reached",
            "This account has as many templates as it may have. Delete one first.",
        ));
    }
    if st.templates.iter().any(|t| t.name == template.name && t.language == template.language) {
        return Err(GraphError::managed(
            Some(2_388_024),
            "Content in this language already exists",
            "There is already a template with this name and language.",
        ));
    }
    st.last_template += 1;
    template.id = st.last_template.to_string();
    let answer = json!({ "id": template.id, "status": template.status, "category": template.category });
    let id = template.id.clone();
    st.templates.push(template);
    play::submit(core, &mut st, &id);
    Ok(answer)
}

fn is_language(code: &str) -> bool {
    let (language, region) = code.split_once('_').map_or((code, None), |(l, r)| (l, Some(r)));
    (2..=3).contains(&language.len())
        && language.bytes().all(|b| b.is_ascii_lowercase())
        && region.is_none_or(|r| (2..=4).contains(&r.len()) && r.bytes().all(|b| b.is_ascii_alphanumeric()))
}

fn too_long(what: &str, limit: usize) -> GraphError {
    GraphError::managed(
        Some(2_388_040),
        "Character limit exceeded",
        &format!("{what} may have at most {limit} characters."),
    )
}

/// The components with types in upper case, or what is wrong with them.
fn checked_components(components: &[Value], template: &Template) -> Result<Vec<Value>, GraphError> {
    let mut checked = Vec::new();
    let mut seen = Vec::new();
    for component in components {
        let mut component = component.clone();
        let kind = component["type"].as_str().unwrap_or_default().to_ascii_uppercase();
        if seen.contains(&kind) {
            return Err(GraphError::parameter(format!("components has more than one {kind}")));
        }
        match kind.as_str() {
            "HEADER" => header(&mut component, template)?,
            "BODY" => body(&component, template)?,
            "FOOTER" => footer(&component, template)?,
            "BUTTONS" => buttons(&mut component)?,
            _ => {
                return Err(GraphError::parameter(
                    "components[type] must be one of {HEADER, BODY, FOOTER, BUTTONS}",
                ));
            }
        }
        component["type"] = json!(kind);
        seen.push(kind);
        checked.push(component);
    }
    if !seen.iter().any(|k| k == "BODY") {
        return Err(GraphError::managed(Some(2_388_072), "The body is missing", "A template needs a BODY."));
    }
    Ok(checked)
}

fn header(component: &mut Value, template: &Template) -> Result<(), GraphError> {
    let wrong = |text: &str| Err(GraphError::managed(Some(2_388_047), "The header is not valid", text));
    let format = component["format"].as_str().unwrap_or_default().to_ascii_uppercase();
    match format.as_str() {
        "TEXT" => {
            let text = component["text"].as_str().unwrap_or_default();
            if text.is_empty() || length(text) > 60 || text.contains('\n') {
                return wrong("A header text has 1 to 60 characters on one line.");
            }
            let names = variables(text);
            if names.len() > 1 {
                return wrong("A header text has at most one variable.");
            }
            named(&names, template)?;
        }
        "LOCATION" => {}
        "IMAGE" | "VIDEO" | "DOCUMENT" => {
            if component["example"]["header_handle"][0].as_str().is_none_or(str::is_empty) {
                return wrong("A media header needs an example: example.header_handle.");
            }
        }
        _ => return wrong("The format must be TEXT, IMAGE, VIDEO, DOCUMENT or LOCATION."),
    }
    component["format"] = json!(format);
    Ok(())
}

/// Positional variables run from 1, named ones are lower case.
fn named(names: &[String], template: &Template) -> Result<(), GraphError> {
    let named = template.parameter_format == "NAMED";
    let fits = |(index, name): (usize, &String)| {
        if named {
            name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        } else {
            *name == (index + 1).to_string()
        }
    };
    let mut sorted = names.to_vec();
    if !named {
        sorted.sort_by_key(|n| n.parse::<u32>().unwrap_or(u32::MAX));
    }
    if sorted.iter().enumerate().all(fits) {
        return Ok(());
    }
    let text = if named {
        "Named variables have lower-case letters, digits and underscores."
    } else {
        "Positional variables must run {{1}}, {{2}} and so on."
    };
    Err(GraphError::managed(Some(2_388_073), "Variables are not valid", text))
}

fn body(component: &Value, template: &Template) -> Result<(), GraphError> {
    // The text of a login code is fixed by the platform, so there is nothing to check.
    if template.category == "AUTHENTICATION" {
        return Ok(());
    }
    let Some(text) = component["text"].as_str().map(str::trim).filter(|t| !t.is_empty()) else {
        return Err(GraphError::managed(Some(2_388_072), "The body is not valid", "The body needs a text."));
    };
    if length(text) > 1024 {
        return Err(too_long("The body", 1024));
    }
    let names = variables(text);
    named(&names, template)?;
    if text.starts_with("{{") || text.ends_with("}}") {
        return Err(GraphError::managed(
            Some(2_388_299),
            "Variables can't be at the start or end of the template",
            "This template has variables at the start or end of its text.",
        ));
    }
    // Words by the rules of Unicode: not every script has spaces. Each variable counts as one word itself.
    if text.unicode_words().count() < names.len() * 3 {
        return Err(GraphError::managed(
            Some(2_388_293),
            "Too many variables for the length",
            "This template has too many variables for its length. Use fewer, or more words.",
        ));
    }
    Ok(())
}

fn footer(component: &Value, template: &Template) -> Result<(), GraphError> {
    let text = component["text"].as_str().unwrap_or_default();
    if template.category == "AUTHENTICATION" && text.is_empty() {
        return Ok(());
    }
    if text.is_empty() || length(text) > 60 || text.contains("{{") {
        return Err(GraphError::managed(
            Some(2_388_073),
            "The footer is not valid",
            "A footer has 1 to 60 characters and no variables.",
        ));
    }
    Ok(())
}

fn buttons(component: &mut Value) -> Result<(), GraphError> {
    let wrong = |text: String| Err(GraphError::managed(None, "The buttons are not valid", &text));
    let Some(buttons) = component["buttons"].as_array_mut().filter(|b| (1..=10).contains(&b.len())) else {
        return wrong("A template has 1 to 10 buttons.".into());
    };
    let mut kinds = Vec::new();
    for button in buttons.iter_mut() {
        let kind = button["type"].as_str().unwrap_or_default().to_ascii_uppercase();
        let text = button["text"].as_str().unwrap_or_default();
        let needs_text = ["QUICK_REPLY", "URL", "PHONE_NUMBER"].contains(&kind.as_str());
        if length(text) > 25 || (needs_text && text.is_empty()) {
            return wrong("A button text has 1 to 25 characters.".into());
        }
        match kind.as_str() {
            "QUICK_REPLY" | "OTP" | "COPY_CODE" => {}
            "URL" => {
                let url = button["url"].as_str().unwrap_or_default();
                let inner =
                    url.find("{{").is_some_and(|at| !url.ends_with("}}") || url[at + 2..].contains("{{"));
                if !url.starts_with("http") || length(url) > 2000 || inner {
                    return wrong("A URL has at most 2000 characters and one variable, at its end.".into());
                }
            }
            "PHONE_NUMBER" => {
                let phone = button["phone_number"].as_str().unwrap_or_default();
                if phone.is_empty() || length(phone) > 20 {
                    return wrong("A phone number has 1 to 20 characters.".into());
                }
            }
            _ => return wrong(format!("The button type '{kind}' is not supported.")),
        }
        button["type"] = json!(kind);
        kinds.push(kind);
    }
    for (kind, most) in [("URL", 2), ("PHONE_NUMBER", 1), ("COPY_CODE", 1), ("OTP", 1)] {
        if kinds.iter().filter(|k| *k == kind).count() > most {
            return wrong(format!("A template has at most {most} buttons of type {kind}."));
        }
    }
    let mut blocks: Vec<bool> = kinds.iter().map(|k| k == "QUICK_REPLY").collect();
    blocks.dedup();
    if blocks.len() > 2 {
        return wrong("Quick replies must stand together, and the other buttons too.".into());
    }
    Ok(())
}

fn delete(core: &Arc<Core>, call: &Call) -> Answer {
    let mut st = core.state();
    let one = call.param("hsm_id");
    let name = call.param("name");
    let several: Option<Vec<String>> = call.param("hsm_ids").map(|text| {
        let ids = text.trim_matches(['[', ']']).split(',');
        ids.map(|id| id.trim().trim_matches('"').to_owned()).collect()
    });
    let fits = |t: &Template| match (&several, &one, &name) {
        (Some(ids), ..) => ids.contains(&t.id),
        (None, Some(id), Some(name)) => t.id == *id && t.name == *name,
        (None, None, Some(name)) => t.name == *name,
        _ => false,
    };
    if several.is_none() && name.is_none() {
        return Err(GraphError::parameter("The parameter name is required."));
    }
    let before = st.templates.len();
    st.templates.retain(|t| t.status == "DISABLED" || !fits(t));
    if st.templates.len() == before {
        return Err(GraphError::managed(
            None,
            "Message template not found",
            "There is no such template that can be deleted.",
        ));
    }
    Ok(json!({ "success": true }))
}
