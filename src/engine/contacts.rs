//! Requests about contacts: looking them up, joining two, taking one apart.

use super::Shared;
use crate::model::contact::Identity;
use crate::model::event::{Actor, EventBody};
use crate::model::ids::ContactId;
use crate::protocol::{ContactDetail, Problem, Response};

/// The contact that a text names.
pub(super) async fn find(shared: &Shared, text: String) -> Result<Response, Problem> {
    let wanted = text.clone();
    let found = shared.store.read_slow(move |r| Ok(r.find_contact(&text))).await?.map_err(|e| match e {
        crate::store::FindError::Ambiguous => {
            Problem::new("ambiguous", format!("several contacts are `{wanted}`"))
                .next("name it by number, user id or contact id; `switchboard contacts` lists them")
        }
        crate::store::FindError::Store(e) => e.into(),
    })?;
    let found = found.ok_or_else(|| {
        Problem::not_found(format!("there is no contact `{wanted}`")).next(
            "use a contact id, a phone number, a user id or a whole name; `switchboard contacts` lists them",
        )
    })?;
    Ok(Response::Contact(Box::new(found)))
}

async fn detail(shared: &Shared, id: ContactId) -> Result<ContactDetail, Problem> {
    Ok(shared.store.read(move |r| r.contact(id)).await?)
}

/// Makes one contact of two.
pub(super) async fn merge(
    shared: &Shared,
    by: Actor,
    into: ContactId,
    from: ContactId,
) -> Result<Response, Problem> {
    shared.store.apply(shared.event(by, EventBody::ContactsMerged { into, from })).await?;
    Ok(Response::Contact(Box::new(detail(shared, into).await?)))
}

/// Makes a contact of its own of some identities.
pub(super) async fn split(
    shared: &Shared,
    by: Actor,
    contact: ContactId,
    identities: Vec<Identity>,
) -> Result<Response, Problem> {
    let new = ContactId::new();
    shared.store.apply(shared.event(by, EventBody::ContactSplit { contact, identities, new })).await?;
    Ok(Response::Contact(Box::new(detail(shared, new).await?)))
}
