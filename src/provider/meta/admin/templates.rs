//! Templates of a business over a Graph-shaped API: made, changed, deleted, read by name, and the provider's library.

use super::{Ask, Graph, call, connect, done, upload};
use crate::model::template::Template;
use crate::model::template::library::LibraryTemplate;
use crate::provider::CallError;
use crate::provider::meta::{MetaProvider, TEMPLATE_FIELDS, templates, text};
use crate::provider::templates_admin::{LibraryWish, Sample, Taken, TemplateAdministration};
use async_trait::async_trait;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::HashSet;

/// Pages of a list that are read: of one name, or of the library.
const PAGES_MAX: usize = 20;

/// What an answer says about a template that was handed in.
pub fn taken(v: &Value) -> Taken {
    let upper = |key: &str| text(v, key).to_ascii_uppercase();
    let id = match v.get("id") {
        Some(Value::Number(n)) => n.to_string(),
        _ => text(v, "id"),
    };
    Taken { id, status: upper("status"), category: upper("category") }
}

/// Hands a new template in.
pub async fn create(graph: &dyn Graph, business: &str, document: &Value) -> Result<Taken, CallError> {
    Ok(taken(&call(graph, Ask::post(&[business, "message_templates"], document)).await?))
}

/// All pages of a list.
pub async fn pages(
    graph: &dyn Graph,
    path: &[&str],
    query: &[(&str, &str)],
) -> Result<Vec<Value>, CallError> {
    let mut out = Vec::new();
    let mut after: Option<String> = None;
    let mut seen = HashSet::new();
    for _ in 0..PAGES_MAX {
        let mut query = query.to_vec();
        query.extend(after.as_deref().map(|cursor| ("after", cursor)));
        let mut page = call(graph, Ask::get(path, &query)).await?;
        let more = page.pointer("/paging/next").and_then(Value::as_str).is_some_and(|s| !s.is_empty());
        let cursor = page.pointer("/paging/cursors/after").and_then(Value::as_str).filter(|s| !s.is_empty());
        let cursor = cursor.map(str::to_owned);
        if let Some(Value::Array(list)) = page.get_mut("data").map(Value::take) {
            out.extend(list);
        }
        match cursor {
            Some(cursor) if more && seen.insert(cursor.clone()) => after = Some(cursor),
            _ => break,
        }
    }
    Ok(out)
}

/// All languages of a name. The filter of the list may find more than the name itself.
pub async fn named(
    graph: &dyn Graph,
    business: &str,
    name: &str,
    query: &[(&str, &str)],
) -> Result<Vec<Template>, CallError> {
    let mut query = query.to_vec();
    query.push(("name", name));
    let list = pages(graph, &[business, "message_templates"], &query).await?;
    Ok(list.iter().filter_map(templates::template).filter(|t| t.name == name).collect())
}

/// Deletes what the query names.
pub async fn delete(graph: &dyn Graph, business: &str, query: &[(&str, &str)]) -> Result<(), CallError> {
    let path = [business, "message_templates"];
    done(graph, Ask { method: Method::DELETE, path: &path, query, body: None }).await
}

/// One of the library.
fn library_template(v: &Value) -> Option<LibraryTemplate> {
    // Texts stand beside the name here, not in components.
    let mut list = Vec::new();
    let header = text(v, "header");
    if !header.is_empty() {
        list.push(json!({ "type": "HEADER", "format": "TEXT", "text": header }));
    }
    let examples: Vec<&str> = v
        .get("body_params")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut body = json!({ "type": "BODY", "text": text(v, "body") });
    if !examples.is_empty() {
        body["example"] = json!({ "body_text": [examples] });
    }
    list.push(body);
    let footer = text(v, "footer");
    if !footer.is_empty() {
        list.push(json!({ "type": "FOOTER", "text": footer }));
    }
    if let Some(buttons) = v.get("buttons").filter(|b| b.as_array().is_some_and(|b| !b.is_empty())) {
        list.push(json!({ "type": "BUTTONS", "buttons": buttons }));
    }
    let mut whole = v.clone();
    if v.get("components").is_none_or(|c| !c.is_array()) {
        whole["components"] = Value::Array(list);
    }
    let words = |key: &str| match v.get(key) {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(one)) if !one.is_empty() => vec![one.clone()],
        _ => Vec::new(),
    };
    let template = templates::template(&whole)?;
    Some(LibraryTemplate {
        name: template.name.clone(),
        template,
        topic: text(v, "topic"),
        use_case: text(v, "usecase"),
        industry: words("industry"),
    })
}

/// The provider's own templates.
pub async fn library(
    graph: &dyn Graph,
    search: &str,
    language: &str,
) -> Result<Vec<LibraryTemplate>, CallError> {
    let mut query = vec![("limit", "100")];
    if !search.is_empty() {
        query.push(("search", search));
    }
    if !language.is_empty() {
        query.push(("language", language));
    }
    let list = pages(graph, &["message_template_library"], &query).await?;
    Ok(list.iter().filter_map(library_template).collect())
}

/// What asks for one of the library.
pub fn library_document(wish: LibraryWish<'_>) -> Value {
    let mut document = json!({
        "name": wish.name,
        "language": wish.language,
        "category": wish.category,
        "library_template_name": wish.library,
    });
    if !wish.buttons.is_empty() {
        document["library_template_button_inputs"] = json!(wish.buttons);
    }
    document
}

#[async_trait]
impl TemplateAdministration for MetaProvider {
    async fn create_template(&self, document: &Value) -> Result<Taken, CallError> {
        create(self, &self.config.waba_id, document).await
    }

    async fn edit_template(&self, id: &str, change: &Value) -> Result<Taken, CallError> {
        Ok(taken(&call(self, Ask::post(&[id], change)).await?))
    }

    async fn delete_template(&self, name: &str, id: Option<&str>) -> Result<(), CallError> {
        let mut query = vec![("name", name)];
        query.extend(id.map(|id| ("hsm_id", id)));
        delete(self, &self.config.waba_id, &query).await
    }

    async fn templates_named(&self, name: &str) -> Result<Vec<Template>, CallError> {
        let query = [("fields", TEMPLATE_FIELDS), ("limit", "100")];
        named(self, &self.config.waba_id, name, &query).await
    }

    async fn upload_sample(&self, sample: Sample) -> Result<String, CallError> {
        let app = connect::token(self, &self.config.access_token).await?.app;
        upload::file(self, &app, &sample.name, sample.bytes, &sample.mime).await
    }

    async fn template_library(
        &self,
        search: &str,
        language: &str,
    ) -> Result<Vec<LibraryTemplate>, CallError> {
        library(self, search, language).await
    }

    async fn create_from_library(&self, wish: LibraryWish<'_>) -> Result<Taken, CallError> {
        create(self, &self.config.waba_id, &library_document(wish)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_may_say_little() {
        let v = json!({ "id": "7", "status": "pending", "category": "UTILITY" });
        assert_eq!(taken(&v), Taken { id: "7".into(), status: "PENDING".into(), category: "UTILITY".into() });
        assert_eq!(taken(&json!({ "success": true })), Taken::default());
        assert_eq!(taken(&json!({ "id": 9 })).id, "9");
    }

    #[test]
    fn a_library_template_has_its_texts_beside_its_name() {
        let v = json!({
            "name": "delivery_update_1", "language": "en_US", "category": "UTILITY", "topic": "ORDER_MANAGEMENT",
            "usecase": "DELIVERY_UPDATE", "industry": ["E_COMMERCE"], "header": "Your order",
            "body": "Your order {{1}} is on its way.", "body_params": ["8812"],
            "buttons": [{ "type": "URL", "text": "Track", "url": "https://example.com/{{1}}" }], "id": "1",
        });
        let t = library_template(&v).unwrap();
        assert_eq!(
            (t.name.as_str(), t.topic.as_str(), t.use_case.as_str()),
            ("delivery_update_1", "ORDER_MANAGEMENT", "DELIVERY_UPDATE")
        );
        assert_eq!(t.industry, ["E_COMMERCE"]);
        assert_eq!(t.template.body, "Your order {{1}} is on its way.");
        assert_eq!(t.template.body_examples["1"], "8812");
        assert_eq!((t.template.header.unwrap().text.as_str(), t.template.buttons.len()), ("Your order", 1));
        assert!(library_template(&json!({ "body": "x" })).is_none());
    }
}
