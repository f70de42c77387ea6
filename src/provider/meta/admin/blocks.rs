//! The block list of a number.

use super::{Ask, Graph, answers, call, success};
use crate::model::business::{BlockOutcome, BlockedPage};
use crate::model::contact::{Identity, IdentityKind};
use crate::provider::CallError;
use reqwest::Method;
use serde_json::{Value, json};

/// Asked for in one page.
const PAGE: &str = "100";

/// A part of the list.
pub async fn blocked(graph: &dyn Graph, number: &str, after: Option<&str>) -> Result<BlockedPage, CallError> {
    let mut query = vec![("limit", PAGE)];
    query.extend(after.map(|cursor| ("after", cursor)));
    Ok(answers::blocked(&call(graph, Ask::get(&[number, "block_users"], &query)).await?))
}

/// Blocks people.
pub async fn block(graph: &dyn Graph, number: &str, whom: &[Identity]) -> Result<BlockOutcome, CallError> {
    change(graph, number, Method::POST, whom).await
}

/// Unblocks people.
pub async fn unblock(graph: &dyn Graph, number: &str, whom: &[Identity]) -> Result<BlockOutcome, CallError> {
    change(graph, number, Method::DELETE, whom).await
}

async fn change(
    graph: &dyn Graph,
    number: &str,
    method: Method,
    whom: &[Identity],
) -> Result<BlockOutcome, CallError> {
    let users: Vec<Value> = whom
        .iter()
        .map(|who| match who.kind {
            IdentityKind::Phone => json!({ "user": format!("+{}", who.value.trim_start_matches('+')) }),
            _ => json!({ "user_id": who.value }),
        })
        .collect();
    let body = json!({ "messaging_product": "whatsapp", "block_users": users });
    let path = [number, "block_users"];
    let answer = graph.ask(Ask { method, path: &path, query: &[], body: Some(&body) }).await?;
    // Some may have been blocked although the answer is one of refusal: then it says who.
    let value = success(&answer).or_else(|| serde_json::from_slice::<Value>(&answer.body).ok());
    match value.as_ref().and_then(answers::block_outcome) {
        Some(outcome) => Ok(outcome),
        None => Err(graph.refusal(&answer)),
    }
}
