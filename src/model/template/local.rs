//! What is kept here about a template and the provider knows nothing of: whether agents get it, where its values come from,
//! how often it was used; and business actions, which send one by a name of the business's own.

use super::Values;
use crate::clock::Millis;
use crate::model::outgoing::FieldProblem;
use serde::{Deserialize, Serialize};

/// Longest name of an action, in characters.
pub const ACTION_NAME_MAX: usize = 64;
/// Most values in a mapping.
pub const MAPPING_MAX: usize = 64;
/// Longest text that a value comes from, in characters.
pub const SOURCE_MAX: usize = 1024;

/// What is set here for one template of one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TemplateSettings {
    /// Whether it is offered and may be sent; an admin switches it off without asking the provider.
    pub enabled: bool,
    /// Who may send it, by role; empty = every role that may send templates.
    pub roles: Vec<String>,
    /// Where values come from, by field key (`body.1`): text with variables as in quick replies
    /// (`{{ contact.first_name }}`), and `{{ set.amount }}` for what a caller gives.
    pub mapping: Values,
}

impl Default for TemplateSettings {
    fn default() -> Self {
        Self { enabled: true, roles: Vec::new(), mapping: Values::new() }
    }
}

impl TemplateSettings {
    /// Checks sizes.
    pub fn check(&self) -> Result<(), FieldProblem> {
        check_mapping(&self.mapping)
    }

    /// Whether a role may send it.
    #[must_use]
    pub fn admits(&self, role: &str) -> bool {
        self.enabled && (self.roles.is_empty() || self.roles.iter().any(|r| r == role))
    }
}

fn check_mapping(mapping: &Values) -> Result<(), FieldProblem> {
    if mapping.len() > MAPPING_MAX {
        let n = mapping.len();
        return Err(FieldProblem::new("mapping", format!("has {n} values, {MAPPING_MAX} are allowed")));
    }
    for (key, source) in mapping {
        let n = source.chars().count();
        if n > SOURCE_MAX {
            return Err(FieldProblem::new(key, format!("has {n} characters, {SOURCE_MAX} are allowed")));
        }
    }
    Ok(())
}

/// How often a template went out, over every path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateUse {
    /// How many messages were queued with it.
    pub count: u64,
    /// The newest of them.
    pub last: Option<Millis>,
}

/// One change of a template, as it was seen here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateChange {
    /// When it happened, as the provider says, or when it was seen.
    pub at: Millis,
    /// `status`, `category`, `coming_category`, `quality`, `reason`, `components`, `created`, `deleted`.
    pub part: String,
    /// What it was; may be empty.
    pub from: String,
    /// What it is.
    pub to: String,
    /// Who did it: an operator's name, or `provider`.
    pub by: String,
}

/// A business action: a name that sends a template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ActionDefinition {
    /// Which template.
    pub template: String,
    /// In which language; empty = the first that may be sent.
    pub language: String,
    /// Where values come from, before those of the template's own mapping.
    pub mapping: Values,
}

impl ActionDefinition {
    /// Checks names and sizes.
    pub fn check(&self) -> Result<(), FieldProblem> {
        if self.template.is_empty() {
            return Err(FieldProblem::new("template", "is missing"));
        }
        check_mapping(&self.mapping)
    }
}

/// Names that businesses usually have, offered where an action is defined.
pub const USUAL_ACTIONS: [&str; 9] = [
    "proposal_sent",
    "invoice_sent",
    "proforma_sent",
    "storno_sent",
    "estimate_sent",
    "order_updated",
    "appointment_reminder",
    "delivery_update",
    "login_code",
];

/// Whether an action may be called so: one word of a to z, 0 to 9, `_`, `-`, `.`.
pub fn check_action_name(name: &str) -> Result<(), FieldProblem> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || name.len() > ACTION_NAME_MAX || !name.chars().all(fits) {
        let why =
            format!("must be a word of a to z, 0 to 9, _, - and . with at most {ACTION_NAME_MAX} characters");
        return Err(FieldProblem::new("action", why));
    }
    Ok(())
}
