//! Block lists as the provider has them: somebody may have been blocked or unblocked elsewhere.

use super::Shared;
use super::sync::SyncError;
use crate::model::contact::Identity;
use crate::model::event::EventBody;
use crate::model::ids::AccountId;
use crate::model::number_change::NumberChange;
use crate::provider::admin::Administration;

/// Pages of the block list that are read at once.
const PAGES: usize = 50;

/// Brings what is known of an account's block list up to the provider's; for who has the account to itself. Says whether
/// all of it was read.
pub(super) async fn look(
    shared: &Shared,
    id: &AccountId,
    admin: &dyn Administration,
) -> Result<bool, SyncError> {
    let mut list: Vec<Identity> = Vec::new();
    let mut after: Option<String> = None;
    let mut whole = false;
    for _ in 0..PAGES {
        let page = admin.blocked(after.as_deref()).await?;
        list.extend(page.items);
        if page.next.is_none() || page.next == after {
            whole = page.next.is_none();
            break;
        }
        after = page.next;
    }
    let known = {
        let id = id.clone();
        shared.whole().store.read(move |r| r.blocked(&id)).await?
    };
    let is_known = |who: &Identity| known.iter().any(|row| row.whom == *who);
    if !list.iter().all(is_known) || (whole && known.len() != list.len()) {
        let what = NumberChange::BlocksSeen { whom: list, whole };
        shared.engine_event(EventBody::NumberAdministered { account: id.clone(), what }).await?;
    }
    Ok(whole)
}
