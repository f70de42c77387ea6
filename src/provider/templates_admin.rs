//! What a provider can do about templates besides listing and sending them.
//!
//! Every call has a body that says that the provider cannot, so that each provider writes only what it has.

use super::CallError;
use super::admin::cannot;
use crate::model::template::Template;
use crate::model::template::library::LibraryTemplate;
use async_trait::async_trait;
use serde_json::Value;

/// What the provider made of a template that was handed in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// The provider's id.
    pub id: String,
    /// Its status: pending, or what was decided at once. Empty when it was not said.
    pub status: String,
    /// Its category: the provider may choose another. Empty when it was not said.
    pub category: String,
}

/// A file that shows what a header may hold.
#[derive(Debug)]
pub struct Sample {
    /// Its name.
    pub name: String,
    /// MIME type.
    pub mime: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// One of the provider's own templates, as it is asked for.
#[derive(Clone, Copy, Debug)]
pub struct LibraryWish<'a> {
    /// The library's name of it.
    pub library: &'a str,
    /// Our name for it.
    pub name: &'a str,
    /// Language code.
    pub language: &'a str,
    /// Category.
    pub category: &'a str,
    /// What its buttons need, as the provider wants it.
    pub buttons: &'a [Value],
}

/// Administration of the templates of a business. What a call is given was checked before
/// ([`crate::model::template::lint`]).
#[async_trait]
pub trait TemplateAdministration: Send + Sync {
    /// Hands a new one in; `document` is the whole of it ([`crate::model::template::components::document`]).
    async fn create_template(&self, document: &Value) -> Result<Taken, CallError> {
        let _ = document;
        Err(cannot("make templates"))
    }
    /// Hands another text in for one that is there; `change` has only members that may be changed.
    async fn edit_template(&self, id: &str, change: &Value) -> Result<Taken, CallError> {
        let _ = (id, change);
        Err(cannot("change templates"))
    }
    /// Deletes one language, by the provider's id of it, or all.
    async fn delete_template(&self, name: &str, id: Option<&str>) -> Result<(), CallError> {
        let _ = (name, id);
        Err(cannot("delete templates"))
    }
    /// All languages of a name, as they are now.
    async fn templates_named(&self, name: &str) -> Result<Vec<Template>, CallError> {
        let _ = name;
        Err(cannot("show a single template"))
    }
    /// Takes a file as the sample of a header; gives the handle that a header names it by.
    async fn upload_sample(&self, sample: Sample) -> Result<String, CallError> {
        let _ = sample;
        Err(cannot("take a sample file for a header"))
    }
    /// The provider's own templates with these words, in this language where one is named.
    async fn template_library(
        &self,
        search: &str,
        language: &str,
    ) -> Result<Vec<LibraryTemplate>, CallError> {
        let _ = (search, language);
        Err(cannot("show a library of templates"))
    }
    /// Takes one of the provider's own.
    async fn create_from_library(&self, wish: LibraryWish<'_>) -> Result<Taken, CallError> {
        let _ = wish;
        Err(cannot("take templates from a library"))
    }
}
