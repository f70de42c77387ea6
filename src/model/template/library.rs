//! The provider's own templates: ready to be taken, with a text that nobody can change.

use super::Template;
use serde::{Deserialize, Serialize};

/// One of the provider's own templates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LibraryTemplate {
    /// Its name in the library.
    pub name: String,
    /// What it shows.
    pub template: Template,
    /// `ACCOUNT_UPDATES`, `ORDER_MANAGEMENT`, …
    pub topic: String,
    /// `ACCOUNT_CREATION_CONFIRMATION`, …
    pub use_case: String,
    /// `E_COMMERCE`, `FINANCIAL_SERVICES`, …
    pub industry: Vec<String>,
}
