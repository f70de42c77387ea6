//! Notes: text of operators in a thread that never leaves the machine. They need no window and no provider.

use super::Shared;
use super::session::disk_problem;
use crate::model::event::{Actor, EventBody};
use crate::model::ids::{MessageId, ThreadId};
use crate::model::outgoing::check_note;
use crate::protocol::notes::NoteRequest;
use crate::protocol::{Problem, Response};

/// Checks a note and stores it.
pub(super) async fn add(
    shared: &Shared,
    by: Actor,
    thread: ThreadId,
    text: String,
) -> Result<Response, Problem> {
    if let Some(trouble) = shared.disk.trouble() {
        return Err(disk_problem(&trouble.to_string()));
    }
    check_note(&text)?;
    let note = MessageId::new();
    let reply = shared.store.apply(shared.event(by, EventBody::NoteAdded { note, thread, text })).await?;
    // A thread that was joined with another is that one now.
    Ok(Response::Noted { note, thread: reply.thread.unwrap_or(thread) })
}

/// Changes or deletes a note of this operator.
pub(super) async fn change(shared: &Shared, by: Actor, act: NoteRequest) -> Result<Response, Problem> {
    if let Some(trouble) = shared.disk.trouble() {
        return Err(disk_problem(&trouble.to_string()));
    }
    let (note, body) = match act {
        NoteRequest::Edit { note, text } => {
            check_note(&text)?;
            (note, EventBody::NoteEdited { note, text })
        }
        NoteRequest::Delete { note } => (note, EventBody::NoteDeleted { note }),
    };
    let reply = shared.store.apply(shared.event(by, body)).await?;
    let thread = reply.thread.ok_or_else(|| Problem::not_found("this note is not here"))?;
    Ok(Response::Noted { note, thread })
}
