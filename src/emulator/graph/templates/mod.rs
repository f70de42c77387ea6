//! Templates: list, create, edit, delete, archive; and the library.
//!
//! | where | what |
//! | --- | --- |
//! | `rules`, `buttons` | what a template may be |
//! | `library` | templates that are approved at once |
//! | `review` | what becomes of one later, and what is told of it |

mod buttons;
pub mod library;
pub mod review;
mod rules;

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::{Answer, fields, length, page, select};
use crate::clock::Millis;
use crate::emulator::errors::GraphError;
use crate::emulator::server::Call;
use crate::emulator::shelf::{BLOCKED, EDIT_REST, EDITS, EDITS_WITHIN};
use crate::emulator::state::State;
use crate::emulator::{Core, Template};

/// Ids in one call.
const IDS: usize = 100;
/// States in which a template may be edited.
const EDITABLE: [&str; 3] = ["APPROVED", "REJECTED", "PAUSED"];

fn node(template: &Template) -> Value {
    let mut node = json!({
        "id": template.id, "name": template.name, "language": template.language, "status": template.status,
        "category": template.category, "parameter_format": template.parameter_format,
        "rejected_reason": template.rejected_reason, "quality_score": { "score": template.quality, "date": template.quality_date },
        "components": template.components,
    });
    let mut word = |key: &str, text: &str| {
        if !text.is_empty() {
            node[key] = json!(text);
        }
    };
    word("previous_category", &template.previous_category);
    word("correct_category", &template.correct_category);
    word("library_template_name", &template.library);
    if let Some(ttl) = template.ttl {
        node["message_send_ttl_seconds"] = json!(ttl);
    }
    if let Some(out) = template.link_tracking_opted_out {
        node["cta_url_link_tracking_opted_out"] = json!(out);
    }
    node
}

fn default_fields() -> Vec<String> {
    ["name", "language", "status", "category", "parameter_format", "components", "previous_category"]
        .map(str::to_owned)
        .to_vec()
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
    let words = |key: &str| call.query.get(key).map(|w| w.to_lowercase());
    let (in_both, in_text) = (words("name_or_content"), words("content"));
    let (nodes, total, complete, most) = {
        let st = core.state();
        let says = |t: &Template, words: &str| {
            t.components.iter().any(|c| c["text"].as_str().is_some_and(|x| x.to_lowercase().contains(words)))
        };
        let fits = st.templates.iter().filter(|t| {
            call.query.get("name").is_none_or(|n| *n == t.name)
                && any("status", &t.status)
                && any("language", &t.language)
                && any("category", &t.category)
                && any("quality_score", &t.quality)
                && in_both.as_ref().is_none_or(|w| t.name.contains(w) || says(t, w))
                && in_text.as_ref().is_none_or(|w| says(t, w))
        });
        (
            fits.map(|t| select(&node(t), &fields)).collect::<Vec<_>>(),
            st.templates.len(),
            translated(&st.templates),
            st.shelf.most(),
        )
    };
    let mut answer = page(core, call, &format!("{}/message_templates", core.scenario.account.id), &nodes)?;
    if call.query.contains_key("summary") {
        answer["summary"] = json!({
            "total_count": nodes.len(), "message_template_count": total, "message_template_limit": most,
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
    let Some(template) = st.templates.iter().find(|t| t.id == id).cloned() else {
        return Err(GraphError::unknown(call.method.as_str(), id));
    };
    if call.method == Method::GET {
        return Ok(select(&node(&template), &fields(call).unwrap_or_else(default_fields)));
    }
    let edited = edited(&st, template, call, core.clock.now())?;
    if let Some(slot) = st.templates.iter_mut().find(|t| t.id == id) {
        *slot = edited.clone();
    }
    review::submit(core, &mut st, id);
    Ok(json!({ "success": true, "id": edited.id, "name": edited.name, "category": edited.category }))
}

/// The template as an edit wants it, or why it cannot be.
fn edited(st: &State, mut t: Template, call: &Call, now: Millis) -> Result<Template, GraphError> {
    let no = |subcode, text: &str| Err(rules::wrong(subcode, "The template cannot be edited", text));
    if matches!(t.status.as_str(), "PENDING" | "IN_APPEAL") {
        return no(Some(2_388_039), "A template that is in review cannot be edited.");
    }
    if !EDITABLE.contains(&t.status.as_str()) {
        return no(None, "Only templates that are approved, rejected or paused can be edited.");
    }
    if t.status == "APPROVED" {
        t.edits.retain(|at| now - at < EDITS_WITHIN);
        if t.edits.last().is_some_and(|at| now - at < EDIT_REST) {
            return no(None, "An approved template can be edited once in 24 hours.");
        }
        if t.edits.len() >= EDITS {
            return no(None, "An approved template can be edited 10 times in 30 days.");
        }
        t.edits.push(now);
    }
    let mut changed = false;
    if let Some(category) = call.param("category") {
        let category = rules::category(&category)?;
        if category != t.category && t.status == "APPROVED" {
            return Err(rules::wrong(
                None,
                "The category is fixed",
                "The category of an approved template cannot be changed.",
            ));
        }
        t.category = category;
        changed = true;
    }
    t.ttl = match rules::ttl(&call.body["message_send_ttl_seconds"], &t.category)? {
        Some(ttl) => {
            changed = true;
            Some(ttl)
        }
        None => t.ttl,
    };
    if let Some(out) = call.body["cta_url_link_tracking_opted_out"].as_bool() {
        t.link_tracking_opted_out = Some(out);
        changed = true;
    }
    if let Some(components) = call.body["components"].as_array() {
        t.components = rules::components(components, &t, &t.components, &st.registry)?;
        changed = true;
    }
    if !changed {
        return Err(GraphError::parameter("Give components, category or message_send_ttl_seconds."));
    }
    t.status = "PENDING".into();
    t.rejected_reason = "NONE".into();
    t.was_edited = true;
    Ok(t)
}

fn create(core: &Arc<Core>, call: &Call) -> Answer {
    let name = call.param("name").unwrap_or_default();
    rules::name(&name)?;
    let Some(language) = call.param("language").filter(|l| rules::is_language(l)) else {
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
    let category = rules::category(&category)?;
    let now = core.clock.now();
    let mut template = Template {
        ttl: rules::ttl(&call.body["message_send_ttl_seconds"], &category)?,
        link_tracking_opted_out: call.body["cta_url_link_tracking_opted_out"].as_bool(),
        ..Template::new(name, language, category, format, now)
    };
    let mut st = core.state();
    if let Some(library) = call.param("library_template_name") {
        let found = library::find(&library, &template.language).ok_or_else(|| {
            rules::wrong(
                None,
                "Library template not found",
                &format!("There is no library template '{library}' in {}.", template.language),
            )
        })?;
        template.components = found.components(&call.body["library_template_button_inputs"])?;
        found.category.clone_into(&mut template.category);
        template.status = "APPROVED".into();
        template.library = library;
    } else {
        let Some(components) = call.body["components"].as_array() else {
            return Err(GraphError::parameter("The parameter components is required."));
        };
        template.components = rules::components(components, &template, &[], &st.registry)?;
    }
    may_be_added(&mut st, &template, now)?;
    st.last_template += 1;
    template.id = st.last_template.to_string();
    let answer = json!({ "id": template.id, "status": template.status, "category": template.category });
    let id = template.id.clone();
    let is_approved = template.status == "APPROVED";
    st.templates.push(template.clone());
    if is_approved {
        review::tell(core, &mut st, &template, Map::new());
    } else {
        review::submit(core, &mut st, &id);
    }
    Ok(answer)
}

/// Whether there is room for one more, and for this one.
fn may_be_added(st: &mut State, template: &Template, now: Millis) -> Result<(), GraphError> {
    if st.templates.len() >= st.shelf.most() {
        return Err(rules::wrong(
            Some(2_388_019),
            "Template limit reached",
            "This account has as many templates as it may have. Delete one first.",
        ));
    }
    if st.templates.iter().any(|t| t.name == template.name && t.language == template.language) {
        return Err(rules::wrong(
            Some(2_388_024),
            "Content in this language already exists",
            "There is already a template with this name and language.",
        ));
    }
    if st.shelf.is_blocked(&template.name, &template.language, now) {
        return Err(rules::wrong(
            Some(2_388_023),
            "The name is not available",
            "The name of a deleted approved template cannot be used again for 30 days.",
        ));
    }
    if !st.shelf.take_creation(now) {
        // The application's own limit: waiting helps.
        return Err(GraphError::of(80_008));
    }
    Ok(())
}

fn ids(call: &Call) -> Option<Vec<String>> {
    if let Value::Array(list) = &call.body["hsm_ids"] {
        let word = |id: &Value| id.as_str().map(str::to_owned).or_else(|| Some(id.as_u64()?.to_string()));
        return Some(list.iter().filter_map(word).collect());
    }
    let text = call.param("hsm_ids")?;
    let ids = text.trim_matches(['[', ']']).split(',').map(|id| id.trim().trim_matches('"').to_owned());
    Some(ids.collect())
}

fn delete(core: &Arc<Core>, call: &Call) -> Answer {
    let mut st = core.state();
    let (one, name, several) = (call.param("hsm_id"), call.param("name"), ids(call));
    if several.is_some() && (one.is_some() || name.is_some()) {
        return Err(GraphError::parameter("hsm_ids goes without name and hsm_id."));
    }
    if several.as_ref().is_some_and(|ids| ids.is_empty() || ids.len() > IDS) {
        return Err(GraphError::parameter("Param hsm_ids must have 1 to 100 items."));
    }
    if several.is_none() && name.is_none() {
        return Err(GraphError::parameter("The parameter name is required."));
    }
    let fits = |t: &Template| match (&several, &one, &name) {
        (Some(ids), ..) => ids.contains(&t.id),
        (None, Some(id), Some(name)) => t.id == *id && t.name == *name,
        (None, None, Some(name)) => t.name == *name,
        _ => false,
    };
    let meant: Vec<Template> = st.templates.iter().filter(|t| fits(t)).cloned().collect();
    if meant.is_empty() {
        return Err(rules::wrong(None, "Message template not found", "There is no such template."));
    }
    if let Some(disabled) = meant.iter().find(|t| t.status == "DISABLED") {
        return Err(rules::wrong(
            None,
            "The template cannot be deleted",
            &format!("{} in {} is disabled, and cannot be deleted.", disabled.name, disabled.language),
        ));
    }
    let until = core.clock.now() + BLOCKED;
    for t in &meant {
        if t.status == "APPROVED" {
            let language = (one.is_some() || several.is_some()).then_some(t.language.as_str());
            st.shelf.block(&t.name, language, until);
        }
        review::remove(core, &mut st, &t.id);
    }
    Ok(json!({ "success": true }))
}

/// `/{account}/message_templates/archive` and `/unarchive`.
pub fn archive(core: &Arc<Core>, call: &Call, back: bool) -> Answer {
    let Some(ids) = ids(call).filter(|ids| (1..=IDS).contains(&ids.len())) else {
        return Err(GraphError::parameter("Param hsm_ids must have 1 to 100 items."));
    };
    let (from, to) = if back { ("ARCHIVED", "APPROVED") } else { ("APPROVED", "ARCHIVED") };
    let mut st = core.state();
    let (mut done, mut failed) = (Vec::new(), Map::new());
    for id in ids {
        let Some(t) = st.templates.iter_mut().find(|t| t.id == id && t.status == from) else {
            failed.insert(id, json!(format!("Template cannot be {}archived", if back { "un" } else { "" })));
            continue;
        };
        to.clone_into(&mut t.status);
        let mut told = t.clone();
        if back {
            "UNARCHIVED".clone_into(&mut told.status);
        }
        review::tell(core, &mut st, &told, Map::new());
        done.push(id);
    }
    let key = if back { "unarchived_templates" } else { "archived_templates" };
    Ok(json!({ key: done, "failed_templates": failed }))
}
