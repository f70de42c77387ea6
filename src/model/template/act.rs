//! What was done about templates, here or at the provider, as the log keeps it.

use super::Template;
use super::local::{ActionDefinition, TemplateSettings};
use serde::{Deserialize, Serialize};

/// How a template came to the provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum Submission {
    /// Written here.
    Created,
    /// Another text for one that was there.
    Edited,
    /// From a model of ours.
    Loaded {
        /// Which.
        model: String,
    },
    /// From the provider's library.
    Library,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum TemplateAct {
    /// One was handed in.
    Submitted {
        /// As the provider has it now.
        template: Box<Template>,
        /// The category that was asked for.
        asked: String,
        /// How.
        how: Submission,
    },
    /// The languages of a name were read; what is not here is gone.
    Read {
        /// Which name.
        name: String,
        /// What there is of it.
        templates: Vec<Template>,
    },
    /// One language was deleted, or all.
    Deleted {
        /// Which name.
        name: String,
        /// Which language; `None` = all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        language: Option<String>,
    },
    /// What is set here was changed.
    Set {
        /// Which name.
        name: String,
        /// Which language.
        language: String,
        /// All of it.
        settings: TemplateSettings,
    },
    /// Somebody sent it although it was moved to another category.
    Acknowledged {
        /// Which name.
        name: String,
        /// Which language.
        language: String,
        /// The category that they were warned of.
        category: String,
    },
    /// A business action was defined, or is no more.
    ActionSet {
        /// Its name.
        name: String,
        /// What it does.
        action: Option<ActionDefinition>,
    },
}

impl TemplateAct {
    /// One word for the log.
    #[must_use]
    pub fn action(&self) -> &'static str {
        match self {
            Self::Submitted { how: Submission::Edited, .. } => "template_edited",
            Self::Submitted { how: Submission::Loaded { .. }, .. } => "template_loaded",
            Self::Submitted { .. } => "template_created",
            Self::Read { .. } => "template_read",
            Self::Deleted { .. } => "template_deleted",
            Self::Set { .. } => "template_set",
            Self::Acknowledged { .. } => "template_acknowledged",
            Self::ActionSet { action: Some(_), .. } => "action_set",
            Self::ActionSet { action: None, .. } => "action_removed",
        }
    }

    /// What it is about, for the log.
    #[must_use]
    pub fn subject(&self, account: &crate::model::ids::AccountId) -> String {
        let one = |name: &str, language: &str| format!("{account} {name} ({language})");
        match self {
            Self::Submitted { template: t, .. } => one(&t.name, &t.language),
            Self::Read { name, .. }
            | Self::Deleted { name, language: None }
            | Self::ActionSet { name, .. } => {
                format!("{account} {name}")
            }
            Self::Deleted { name, language: Some(language) } => one(name, language),
            Self::Set { name, language, settings } => {
                let off = if settings.enabled { "" } else { ", off" };
                format!("{}{off}", one(name, language))
            }
            Self::Acknowledged { name, language, category } => {
                format!("{}, {category}", one(name, language))
            }
        }
    }
}
