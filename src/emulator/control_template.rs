//! `/control/template` and `/control/limits`: what happens to templates on demand.
//!
//! | given | what happens |
//! | --- | --- |
//! | `status` | it is in that state, and that is told; with `reason` for `REJECTED` |
//! | `quality` | it is judged so; `RED` pauses for 3 hours, then for 6, then disables |
//! | `category` | it is moved now |
//! | `correct_category` | it is told that it will be moved in a day, and then it is |

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::Core;
use super::control::{Refusal, text};
use super::graph::templates::review;
use super::state::State;

const STATES: [&str; 11] = [
    "APPROVED",
    "PENDING",
    "REJECTED",
    "PAUSED",
    "DISABLED",
    "ARCHIVED",
    "IN_APPEAL",
    "LIMIT_EXCEEDED",
    "FLAGGED",
    "LOCKED",
    "PENDING_DELETION",
];
const REASONS: [&str; 7] = [
    "INVALID_FORMAT",
    "ABUSIVE_CONTENT",
    "INCORRECT_CATEGORY",
    "PROMOTIONAL",
    "SCAM",
    "TAG_CONTENT_MISMATCH",
    "CATEGORY_NOT_AVAILABLE",
];
const SCORES: [&str; 4] = ["GREEN", "YELLOW", "RED", "UNKNOWN"];
const CATEGORIES: [&str; 3] = ["UTILITY", "MARKETING", "AUTHENTICATION"];

fn one_of<'a>(body: &'a Value, key: &str, words: &[&str]) -> Result<Option<&'a str>, Refusal> {
    match body[key].as_str() {
        None if body[key].is_null() => Ok(None),
        Some(word) if words.contains(&word) => Ok(Some(word)),
        _ => Err((400, format!("{key} must be one of {}", words.join(", ")))),
    }
}

/// `POST /control/template`.
pub fn template(core: &Arc<Core>, st: &mut State, body: &Value) -> Result<Value, Refusal> {
    let (name, language) = (text(body, "name")?, text(body, "language")?);
    let status = one_of(body, "status", &STATES)?;
    let reason = one_of(body, "reason", &REASONS)?;
    let quality = one_of(body, "quality", &SCORES)?;
    let category = one_of(body, "category", &CATEGORIES)?;
    let coming = one_of(body, "correct_category", &CATEGORIES)?;
    if [status, quality, category, coming].iter().all(Option::is_none) {
        return Err((400, "give status, quality, category or correct_category".to_owned()));
    }
    let found = st.templates.iter().find(|t| t.name == name && t.language == language);
    let id = found.map(|t| t.id.clone());
    let id = id.ok_or_else(|| (404, format!("there is no template '{name}' in '{language}'")))?;
    if let Some(status) = status {
        set_status(core, st, &id, status, reason.unwrap_or("INVALID_FORMAT"));
    }
    if let Some(score) = quality {
        review::quality(core, st, &id, score);
    }
    if let Some(category) = category {
        review::move_to(core, st, &id, category);
    }
    if let Some(category) = coming {
        review::announce(core, st, &id, category);
    }
    let t = st.templates.iter().find(|t| t.id == id);
    Ok(json!({
        "id": id, "status": t.map(|t| &t.status), "category": t.map(|t| &t.category), "quality": t.map(|t| &t.quality),
    }))
}

fn set_status(core: &Arc<Core>, st: &mut State, id: &str, status: &str, reason: &str) {
    let Some(t) = st.templates.iter_mut().find(|t| t.id == id) else { return };
    status.clone_into(&mut t.status);
    let mut more = Map::new();
    "NONE".clone_into(&mut t.rejected_reason);
    match status {
        "PAUSED" => return review::pause(core, st, id),
        "REJECTED" => {
            reason.clone_into(&mut t.rejected_reason);
            let info = json!({
                "reason": "The template does not follow the rules for its category and format.",
                "recommendation": "Correct the text or the category and submit it again.",
            });
            more.insert("rejection_info".into(), info);
        }
        _ => {}
    }
    let t = t.clone();
    review::tell(core, st, &t, more);
}

/// `POST /control/limits`: `templates` of the account, `creations` in an hour; `null` = as the platform has them.
pub fn limits(st: &mut State, body: &Value) -> Result<Value, Refusal> {
    let number =
        |key: &str| match &body[key] {
            Value::Null => Ok(None),
            n => n.as_u64().and_then(|n| usize::try_from(n).ok()).map(Some).ok_or_else(|| {
                (400, format!("{key} must be a number, or null for what the platform allows"))
            }),
        };
    let (most, an_hour) = (number("templates")?, number("creations")?);
    (st.shelf.most, st.shelf.an_hour) = (most, an_hour);
    Ok(json!({ "templates": most, "creations": an_hour }))
}
