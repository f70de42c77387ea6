//! Deleting a conversation, and going on with what a crash interrupted.

use super::Shared;
use super::access::Who;
use crate::model::event::{Actor, EventBody};
use crate::model::ids::ThreadId;
use crate::model::outgoing::FieldProblem;
use crate::protocol::{Problem, Response};
use crate::store::StoreError;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Steps that the one who deletes waits for; the rest is done meanwhile.
const STEPS: usize = 40;

/// What the activity log keeps of a deleted conversation's name: the number with its middle hidden, else a few digits of
/// a hash, so that whoever knows the name can find it again.
fn whom(title: &str, phone: Option<&str>) -> String {
    if let Some(phone) = phone {
        return crate::text::mask::numbers(&format!("+{}", phone.trim_start_matches('+'))).into_owned();
    }
    let hash = Sha256::digest(title.as_bytes());
    format!("name #{:02x}{:02x}{:02x}{:02x}", hash[0], hash[1], hash[2], hash[3])
}

/// Deletes a conversation whose name was typed.
pub(super) async fn delete(
    who: &Who,
    actor: Actor,
    thread: ThreadId,
    name: &str,
) -> Result<Response, Problem> {
    let shared = &who.shared;
    let row = shared.store.read(move |r| r.thread(thread)).await?.row;
    // Who does not see the number types what they see.
    let masked = crate::text::mask::numbers(&row.title);
    let seen = who.access.role.mask_numbers && name.trim() == masked.trim();
    // Not every name can be typed on every keyboard.
    let digits: String = name.chars().filter(char::is_ascii_digit).collect();
    let number = digits.len() >= 7
        && name.chars().all(|c| c.is_ascii_digit() || "+ -()".contains(c))
        && row.phone.as_deref() == Some(digits.as_str());
    if name.trim() != row.title.trim() && !seen && !number {
        return Err(Problem::from(FieldProblem::new("name", "is not the name of this conversation"))
            .means("nothing was deleted")
            .next("type the name exactly as the list shows it, or the number"));
    }
    let body = EventBody::ThreadDeleted { thread: row.id, whom: whom(&row.title, row.phone.as_deref()) };
    let mut more = shared.store.apply(shared.event(actor, body)).await?.more;
    for _ in 0..STEPS {
        if !more {
            return Ok(Response::Done);
        }
        more = step(shared, row.id).await?;
    }
    let tasks = shared.tasks.clone();
    tasks.spawn(rest(Arc::clone(shared), row.id));
    Ok(Response::Done)
}

async fn step(shared: &Shared, thread: ThreadId) -> Result<bool, StoreError> {
    let event = shared.event(Actor::Engine, EventBody::ThreadErased { thread });
    Ok(shared.store.apply(event).await?.more)
}

async fn rest(shared: Arc<Shared>, thread: ThreadId) {
    while !shared.stop.is_cancelled() {
        match step(&shared, thread).await {
            Ok(true) => tokio::task::yield_now().await,
            Ok(false) => return,
            Err(error) => {
                tracing::warn!(%error, "what is left of a deleted conversation stays until the next start");
                return;
            }
        }
    }
}

/// Goes on with what was being deleted when the last engine ended.
pub(super) async fn resume(shared: Arc<Shared>) {
    match shared.store.read(crate::store::Reader::deletions).await {
        Ok(threads) => {
            for thread in threads {
                rest(Arc::clone(&shared), thread).await;
            }
        }
        Err(error) => tracing::warn!(%error, "unfinished deletions could not be read"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_keeps_no_name_and_no_whole_number() {
        let masked = whom("Marta Souza", Some("5511988881234"));
        assert!(masked.ends_with("1234") && !masked.contains("988"), "{masked}");
        let hashed = whom("Marta Souza", None);
        assert!(hashed.starts_with("name #") && !hashed.contains("Marta"), "{hashed}");
        assert_eq!(hashed, whom("Marta Souza", None));
    }
}
