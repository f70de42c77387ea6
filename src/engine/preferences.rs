//! What operators set on their screens: each one reads and changes only their own.

use super::Shared;
use crate::model::event::{Actor, EventBody};
use crate::protocol::preferences::Preference;
use crate::protocol::{Problem, Response};

pub(super) async fn list(shared: &Shared, operator: &str) -> Result<Response, Problem> {
    let operator = operator.to_owned();
    Ok(Response::Preferences(shared.store.read(move |r| r.preferences(&operator)).await?))
}

pub(super) async fn set(shared: &Shared, by: Actor, p: Preference) -> Result<Response, Problem> {
    super::handling::check_view(&p)?;
    let body = EventBody::PreferenceSet { key: p.key, value: p.value };
    shared.store.apply(shared.event(by, body)).await?;
    Ok(Response::Done)
}
