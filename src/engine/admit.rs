//! Who gets in.

use super::Shared;
use crate::model::client::ClientInfo;
use crate::protocol::Problem;
use crate::users;

/// The operator that a client works as, or why it may not come in. Asked once for each connection, before anything
/// else of it is read.
#[allow(clippy::unused_async, reason = "who is an operator will be looked up in the store")]
pub(super) async fn admit(shared: &Shared, client: &ClientInfo) -> Result<String, Problem> {
    // A client without a uid is a part of this process.
    if client.uid.is_none_or(|uid| uid == shared.uid) {
        return Ok(client.user.clone());
    }
    let uid = shared.uid;
    let engine = tokio::task::spawn_blocking(move || users::name_of(uid)).await.unwrap_or_default();
    Err(Problem::new(
        "forbidden",
        format!("the engine on this host runs as {engine}; {} is not one of its operators", client.user),
    )
    .means("the kernel says who you are, and the engine lets in the users that were added to it")
    .next(format!("ask its admin to add the OS user {} as an operator", client.user)))
}
