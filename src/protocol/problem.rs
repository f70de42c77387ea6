//! Why a request was refused.

use crate::model::outgoing::FieldProblem;
use serde::{Deserialize, Serialize};

/// Why a request was refused. Three parts: what happened, what it means, what to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{what}")]
pub struct Problem {
    /// Stable word for scripts (`field`, `window_closed`, `not_found`, `store`, `provider`, `protocol`, …).
    pub kind: String,
    /// What happened, with a provider's code and text where there is one.
    pub what: String,
    /// What it means; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub means: String,
    /// What to do next; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub next: String,
    /// The field at fault, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

impl Problem {
    /// A problem of a kind.
    #[must_use]
    pub fn new(kind: &str, what: impl Into<String>) -> Self {
        Self { kind: kind.into(), what: what.into(), means: String::new(), next: String::new(), field: None }
    }

    /// Adds what it means.
    #[must_use]
    pub fn means(mut self, means: impl Into<String>) -> Self {
        self.means = means.into();
        self
    }

    /// Adds what to do next.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = next.into();
        self
    }

    /// Something that is not there.
    #[must_use]
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::new("not_found", what)
    }
}

impl From<FieldProblem> for Problem {
    fn from(p: FieldProblem) -> Self {
        Self { field: Some(p.field.clone()), ..Self::new("field", p.to_string()) }
    }
}
