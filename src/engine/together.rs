//! Changes that belong together: looked at as a whole, then made one after the other.

use super::Shared;
use super::access::{Who, gate};
use super::session::{Wanted, answer, check_send, is_read};
use crate::model::outgoing::check_note;
use crate::protocol::macros::TOGETHER_MAX;
use crate::protocol::{Problem, Request, Response};
use std::sync::Arc;

/// Makes them in order. What can be refused beforehand is, before the first is made; if one is refused all the same
/// (somebody else was quicker), the rest is not made, and the answer says what was.
pub(super) async fn run(who: &Who, requests: Vec<Request>) -> Result<Response, Problem> {
    let shared = &who.shared;
    if requests.len() > TOGETHER_MAX {
        let n = requests.len();
        return Err(Problem::new("field", format!("{n} changes at once, {TOGETHER_MAX} are allowed")));
    }
    for request in &requests {
        gate(who, request).await?;
        look(shared, request).await?;
    }
    let mut done = Vec::with_capacity(requests.len());
    for request in requests {
        // The one place where a change makes changes: a bundle holds no bundle, so it goes one level deep.
        let result = Box::pin(answer(who, request)).await;
        let refused = result.is_err();
        done.push(result);
        if refused {
            break;
        }
    }
    Ok(Response::Together(done))
}

/// Whether this change could be made now.
async fn look(shared: &Arc<Shared>, request: &Request) -> Result<(), Problem> {
    if is_read(request)
        || matches!(request, Request::Together { .. } | Request::Hello { .. } | Request::File { .. })
    {
        return Err(Problem::new("protocol", "this request is no change that can be bundled"));
    }
    match request.clone() {
        Request::Send { account, to, content, quote, at } => {
            check_send(shared, Wanted { account, to, content, quote, at, id: None }).await.map(|_| ())
        }
        Request::AddNote { thread, text } => {
            check_note(&text)?;
            shared.store.read(move |r| r.thread(thread)).await?;
            Ok(())
        }
        Request::MarkRead { thread, .. } | Request::MarkUnread { thread } => {
            shared.store.read(move |r| r.thread(thread)).await?;
            Ok(())
        }
        _ => Ok(()),
    }
}
