//! Templates for who makes them: list with what is kept here, create, change, delete, samples, library, settings, actions.

use crate::model::access::{Resource, Verb};
use crate::model::ids::AccountId;
use crate::model::media::StoredFile;
use crate::model::template::definition::Definition;
pub use crate::model::template::library::LibraryTemplate;
use crate::model::template::local::{ActionDefinition, TemplateChange, TemplateSettings, TemplateUse};
use crate::model::template::{Template, Values};
use crate::protocol::Recipient;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What is asked about templates, or to be done with them. Looking needs `templates.view`, the rest the verb that is named.
/// → [`super::Response::Template`]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "template", rename_all = "snake_case")]
pub enum TemplateRequest {
    /// All of an account, those that are switched off, too. → [`TemplateAnswer::List`]
    List {
        /// Which account.
        account: AccountId,
    },
    /// What changed about one, the newest first. → [`TemplateAnswer::History`]
    History {
        /// Which account.
        account: AccountId,
        /// Name.
        name: String,
        /// Language code.
        language: String,
    },
    /// Reads all languages of a name from the provider now. → [`TemplateAnswer::List`] with those
    Refresh {
        /// Which account.
        account: AccountId,
        /// Name.
        name: String,
    },
    /// Hands a new one in (`create`). → [`TemplateAnswer::Submitted`]
    Create {
        /// Which account.
        account: AccountId,
        /// What.
        definition: Box<Definition>,
    },
    /// Hands a model of ours in (`load_template`). → [`TemplateAnswer::Submitted`]
    Load {
        /// Which account.
        account: AccountId,
        /// Which model.
        model: String,
        /// In which language.
        language: String,
        /// Another name than the model's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// Hands another text for one in (`edit`). → [`TemplateAnswer::Submitted`]
    Edit {
        /// Which account.
        account: AccountId,
        /// All of it; name and language say which one it is.
        definition: Box<Definition>,
    },
    /// Deletes one language, or all (`delete`). → [`TemplateAnswer::Done`]
    Delete {
        /// Which account.
        account: AccountId,
        /// Name.
        name: String,
        /// Which language; `None` = all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        language: Option<String>,
    },
    /// Hands over a file as the sample of a header (`create` or `edit`). → [`TemplateAnswer::Sample`]
    Sample {
        /// Which account.
        account: AccountId,
        /// The file, handed over to the engine before.
        file: StoredFile,
    },
    /// The provider's own templates. → [`TemplateAnswer::Library`]
    Library {
        /// Which account.
        account: AccountId,
        /// Words to look for; may be empty.
        search: String,
        /// Only of this language; may be empty.
        language: String,
    },
    /// Takes one of the provider's own (`create`): it is approved at once. → [`TemplateAnswer::Submitted`]
    FromLibrary {
        /// Which account.
        account: AccountId,
        /// The library's name of it.
        library: String,
        /// Our name for it.
        name: String,
        /// Language code.
        language: String,
        /// Category.
        category: String,
        /// What its buttons need, as the provider wants it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        buttons: Vec<Value>,
    },
    /// Sets what is kept here (`edit`). → [`TemplateAnswer::Done`]
    Set {
        /// Which account.
        account: AccountId,
        /// Name.
        name: String,
        /// Language code.
        language: String,
        /// All of it.
        settings: TemplateSettings,
    },
    /// Business actions of an account. → [`TemplateAnswer::Actions`]
    Actions {
        /// Which account.
        account: AccountId,
    },
    /// Defines an action, or takes it away (`edit`). → [`TemplateAnswer::Done`]
    SetAction {
        /// Which account.
        account: AccountId,
        /// Its name.
        name: String,
        /// What it does; `None` = it is no more.
        action: Option<ActionDefinition>,
    },
    /// The values that are there for a template and somebody, by its mapping (`templates.view`).
    /// → [`TemplateAnswer::Values`]
    Values {
        /// Which account.
        account: AccountId,
        /// Name.
        name: String,
        /// Language code.
        language: String,
        /// To whom.
        to: Recipient,
        /// `{{ set.… }}` values that are given.
        #[serde(default)]
        given: Values,
    },
    /// Does an action: sends its template, with the thread opened or made (`chat.create` and `templates.view`).
    /// → [`super::Response::Queued`]
    Act {
        /// Which account; `None` = the thread's, or the only one that has the action.
        account: Option<AccountId>,
        /// Its name.
        name: String,
        /// To whom.
        to: Recipient,
        /// `{{ set.… }}` values, and values by field key, which go before every mapping.
        #[serde(default)]
        values: Values,
        /// The file of the header.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<StoredFile>,
    },
}

/// A template with what is kept here about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateRow {
    /// As the provider has it.
    #[serde(flatten)]
    pub template: Template,
    /// What is set here.
    pub settings: TemplateSettings,
    /// How often it was sent.
    pub used: TemplateUse,
    /// The newest change that calls for attention (a moved category, a rejection), until it is sent again knowingly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<TemplateChange>,
}

/// An action with its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionRow {
    /// Its name.
    pub name: String,
    /// What it does.
    #[serde(flatten)]
    pub action: ActionDefinition,
}

/// Values that are there for a template, by its mapping.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KnownValues {
    /// By field key.
    pub values: Values,
    /// Names that a mapping asks for and nobody has (`set.amount`, `contact.phone`), by field key.
    pub missing: BTreeMap<String, Vec<String>>,
}

/// What comes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "template", content = "value", rename_all = "snake_case")]
pub enum TemplateAnswer {
    /// Templates by name and language.
    List(Vec<TemplateRow>),
    /// Changes, the newest first.
    History(Vec<TemplateChange>),
    /// As it is at the provider now: status and category may be others than asked for.
    Submitted(Box<Template>),
    /// The handle that a definition names the sample by.
    Sample(String),
    /// The provider's own templates.
    Library(Vec<LibraryTemplate>),
    /// Actions by name.
    Actions(Vec<ActionRow>),
    /// Values by field key, and what is missing.
    Values(KnownValues),
    /// Done.
    Done,
}

impl TemplateRequest {
    /// What it takes to ask this. An action is a send, and a sample serves what is created or edited.
    #[must_use]
    pub fn needs(&self) -> (Resource, Verb) {
        match self {
            Self::List { .. }
            | Self::History { .. }
            | Self::Refresh { .. }
            | Self::Library { .. }
            | Self::Values { .. }
            | Self::Actions { .. } => (Resource::Templates, Verb::View),
            Self::Create { .. } | Self::FromLibrary { .. } => (Resource::Templates, Verb::Create),
            Self::Load { .. } => (Resource::Templates, Verb::LoadTemplate),
            Self::Edit { .. } | Self::Sample { .. } | Self::Set { .. } | Self::SetAction { .. } => {
                (Resource::Templates, Verb::Edit)
            }
            Self::Delete { .. } => (Resource::Templates, Verb::Delete),
            Self::Act { .. } => (Resource::Chat, Verb::Create),
        }
    }

    /// The account that it is about, where one is named.
    #[must_use]
    pub fn account(&self) -> Option<&AccountId> {
        match self {
            Self::List { account }
            | Self::History { account, .. }
            | Self::Refresh { account, .. }
            | Self::Create { account, .. }
            | Self::Load { account, .. }
            | Self::Edit { account, .. }
            | Self::Delete { account, .. }
            | Self::Sample { account, .. }
            | Self::Library { account, .. }
            | Self::FromLibrary { account, .. }
            | Self::Values { account, .. }
            | Self::Set { account, .. }
            | Self::Actions { account }
            | Self::SetAction { account, .. } => Some(account),
            Self::Act { account, .. } => account.as_ref(),
        }
    }

    /// Whom it is about, where it is about somebody.
    #[must_use]
    pub fn recipient(&self) -> Option<&Recipient> {
        match self {
            Self::Act { to, .. } | Self::Values { to, .. } => Some(to),
            _ => None,
        }
    }
}
