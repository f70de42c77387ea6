//! Templates by Kapso's proxy, in Meta's forms. It names the one to be changed or deleted by `hsm_id`; a sample goes the way of a
//! profile's picture. The library is not passed on.

use super::KapsoProvider;
use crate::model::template::Template;
use crate::provider::CallError;
use crate::provider::meta::admin::templates::{create, delete, named, taken};
use crate::provider::meta::admin::{Ask, Graph};
use crate::provider::meta::success;
use crate::provider::templates_admin::{Sample, Taken, TemplateAdministration};
use async_trait::async_trait;
use reqwest::Method;
use serde_json::Value;

#[async_trait]
impl TemplateAdministration for KapsoProvider {
    async fn create_template(&self, document: &Value) -> Result<Taken, CallError> {
        create(self, &self.business, document).await
    }

    async fn edit_template(&self, id: &str, change: &Value) -> Result<Taken, CallError> {
        let (path, query) = ([self.business.as_str(), "message_templates"], [("hsm_id", id)]);
        let ask = Ask { method: Method::POST, path: &path, query: &query, body: Some(change) };
        let answer = self.ask(ask).await?;
        success(&answer).map(|v| taken(&v)).ok_or_else(|| self.refusal(&answer))
    }

    async fn delete_template(&self, name: &str, id: Option<&str>) -> Result<(), CallError> {
        let query = match id {
            Some(id) => [("hsm_id", id)],
            None => [("name", name)],
        };
        delete(self, &self.business, &query).await
    }

    async fn templates_named(&self, name: &str) -> Result<Vec<Template>, CallError> {
        named(self, &self.business, name, &[("limit", "100")]).await
    }

    async fn upload_sample(&self, sample: Sample) -> Result<String, CallError> {
        self.handle_of(sample.bytes, &sample.name, &sample.mime).await
    }
}
