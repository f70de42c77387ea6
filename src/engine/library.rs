//! Quick replies and macros: what is private is the asking operator's, whatever name the client wrote.

use super::Shared;
use crate::model::event::EventBody;
use crate::model::quick_reply::QuickReply;
use crate::protocol::macros::MacroRequest;
use crate::protocol::{Problem, Response};

pub(super) async fn macros(shared: &Shared, operator: &str) -> Result<Response, Problem> {
    let operator = operator.to_owned();
    Ok(Response::Macros(shared.store.read(move |r| r.macros(&operator)).await?))
}

/// The change that saves a reply.
pub(super) fn reply(mut reply: QuickReply, operator: &str) -> Result<EventBody, Problem> {
    reply.check()?;
    reply.owner = reply.owner.map(|_| operator.to_owned());
    Ok(EventBody::QuickReplySaved { reply })
}

/// The change that a request about macros makes.
pub(super) fn change(act: MacroRequest, operator: &str) -> Result<EventBody, Problem> {
    Ok(match act {
        MacroRequest::Save { mut saved } => {
            saved.check()?;
            saved.owner = saved.owner.map(|_| operator.to_owned());
            EventBody::MacroSaved { saved }
        }
        MacroRequest::Delete { id } => EventBody::MacroDeleted { id },
        MacroRequest::Use { id } => EventBody::MacroUsed { id },
        MacroRequest::List => {
            return Err(Problem::new("protocol", "this request asks something and was taken for a change"));
        }
    })
}
