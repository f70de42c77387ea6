//! Notes that call the asker by name.

use super::access::Who;
use crate::model::event::{Actor, EventBody};
use crate::protocol::mentions::MentionRequest;
use crate::protocol::{Problem, Response};

/// Most notes that one request marks read.
const NOTES_MAX: usize = 1_000;

pub(super) async fn answer(who: &Who, act: MentionRequest) -> Result<Response, Problem> {
    let (shared, me) = (&who.shared, who.operator().to_owned());
    match act {
        MentionRequest::List { unread, before, limit } => {
            let limit = limit.clamp(1, 200);
            let page = shared.store.read(move |r| r.mentions(&me, unread, before, limit)).await?;
            Ok(Response::Mentions(page))
        }
        MentionRequest::Read { mut notes } => {
            notes.truncate(NOTES_MAX);
            let read = EventBody::MentionsRead { notes };
            shared.store.apply(shared.event(Actor::Operator(me), read)).await?;
            Ok(Response::Done)
        }
    }
}
