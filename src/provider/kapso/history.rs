//! What Kapso keeps of the past: the messages of one number, and the people who wrote.
//!
//! Messages come from the proxy, the only reader that takes `since` and `until`; people from the conversations of the
//! number, because Kapso's contacts are those of the whole project.

use super::api::{Api, Surface};
use super::object::{Object, iso, peer_of};
use crate::clock::Millis;
use crate::model::inbound::{Change, StatusUpdate};
use crate::provider::CallError;
use crate::provider::history::{HistoryAnswer, HistoryItem, HistoryPage, PeopleAnswer};
use crate::provider::meta::webhook::read::{seconds, string};
use reqwest::Method;
use serde_json::Value;

/// What a list gives in one page at most.
const PAGE_MAX: u32 = 100;
/// The fields of Kapso's own that are asked for: all that it gives by itself.
const FIELDS: &str = "kapso(default)";

fn moment(at: Millis) -> Option<String> {
    jiff::Timestamp::from_millisecond(at).ok().map(|t| t.to_string())
}

/// Where a list goes on. On the platform `next` is a cursor; behind it, on lists of Meta's, it may be an address, which
/// is never followed.
fn next(answer: &Value) -> Option<String> {
    let paging = answer.get("paging")?;
    let after = paging.pointer("/cursors/after").and_then(Value::as_str).filter(|s| !s.is_empty());
    let next = paging.get("next").filter(|n| !n.is_null()).and_then(Value::as_str).filter(|s| !s.is_empty());
    match (after, next) {
        // Said in so many words: there is no more.
        (_, None) if paging.get("next").is_some_and(Value::is_null) => None,
        (Some(after), _) => Some(after.to_owned()),
        (None, Some(next)) if !next.contains("://") => Some(next.to_owned()),
        _ => None,
    }
}

/// One page of a number's messages.
pub async fn messages(api: &Api, number: &str, page: HistoryPage) -> Result<HistoryAnswer, CallError> {
    let limit = page.limit.clamp(1, PAGE_MAX).to_string();
    let (since, until) = (page.since.and_then(moment), page.until.and_then(moment));
    let mut query = vec![("limit", limit.as_str()), ("fields", FIELDS)];
    query.extend(since.as_deref().map(|s| ("since", s)));
    query.extend(until.as_deref().map(|u| ("until", u)));
    query.extend(page.after.as_deref().map(|a| ("after", a)));
    let path = [number, "messages"];
    let (answer, _, room) = api.timed(Surface::Proxy, Method::GET, &path, &query, None).await?;
    Ok(HistoryAnswer { room, ..read(&answer, page.after.as_deref())? })
}

fn read(answer: &Value, asked: Option<&str>) -> Result<HistoryAnswer, CallError> {
    let Some(data) = answer.get("data").and_then(Value::as_array) else {
        return Err(broken("the answer holds no list of messages"));
    };
    let mut messages: Vec<HistoryItem> = data.iter().map(item).collect();
    // Newest first is not promised.
    messages.sort_by_key(|i| std::cmp::Reverse(time(&i.change)));
    let next = next(answer).filter(|_| !data.is_empty());
    if next.is_some() && next.as_deref() == asked {
        return Err(broken("a page of the history names itself as the next"));
    }
    let total = answer.pointer("/meta/total_count").or_else(|| answer.pointer("/paging/total_count"));
    Ok(HistoryAnswer { messages, next, total: total.and_then(Value::as_u64), room: None })
}

fn time(change: &Change) -> Millis {
    match change {
        Change::Message(m) => m.at,
        Change::Reaction { at, .. } | Change::Edited { at, .. } | Change::Revoked { at, .. } => *at,
        _ => 0,
    }
}

fn item(m: &Value) -> HistoryItem {
    let object = Object::new(m, &Value::Null);
    match object.change(None, true) {
        Ok(change) => {
            let statuses = if object.is_inbound() { Vec::new() } else { object.statuses() };
            HistoryItem { change, statuses }
        }
        Err(why) => {
            tracing::warn!(%why, "a message of the history cannot be read");
            HistoryItem { change: Change::Unknown { field: "history".into() }, statuses: Vec::new() }
        }
    }
}

fn broken(text: &str) -> CallError {
    CallError {
        code: 0,
        text: text.into(),
        cause: Some("The provider's answer is not in its usual form.".into()),
        next: Some("try again later; what is here stays as it is".into()),
        auth: false,
        transient: true,
        after: None,
    }
}

/// One page of the people of a number: those of its conversations.
pub async fn people(api: &Api, number: &str, after: Option<String>) -> Result<PeopleAnswer, CallError> {
    if number.is_empty() {
        return Err(broken("the account has no number yet"));
    }
    let limit = PAGE_MAX.to_string();
    let mut query = vec![("phone_number_id", number), ("limit", limit.as_str())];
    query.extend(after.as_deref().map(|a| ("after", a)));
    let path = ["whatsapp", "conversations"];
    let answer = api.call(Surface::Platform, Method::GET, &path, &query, None).await?;
    let Some(data) = answer.get("data").and_then(Value::as_array) else {
        return Err(broken("the answer holds no list of conversations"));
    };
    let next = next(&answer).filter(|_| !data.is_empty());
    if next.is_some() && next == after {
        return Err(broken("a page of the conversations names itself as the next"));
    }
    Ok(PeopleAnswer { people: data.iter().filter_map(peer_of).collect(), next })
}

/// What became of one message, oldest first.
pub async fn delivery(api: &Api, provider_id: &str) -> Result<Vec<StatusUpdate>, CallError> {
    let path = ["whatsapp", "messages", provider_id];
    let answer = match api.call(Surface::Platform, Method::GET, &path, &[], None).await {
        Ok(answer) => answer,
        // It knows nothing of the message: that is an answer, too.
        Err(e) if e.code == 404 => return Ok(Vec::new()),
        Err(e) => return Err(e),
    };
    let m = answer.get("data").unwrap_or(&answer);
    let object = Object::new(m, &Value::Null);
    if string(m, "id") != Some(provider_id) || object.is_inbound() {
        return Ok(Vec::new());
    }
    let at = seconds(m, "timestamp").or_else(|| iso(m, "created_at")).unwrap_or_default();
    Ok(object.all_statuses(at))
}
