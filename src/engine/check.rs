//! Finding out what became of a message: what was kept is looked through, and the provider is asked where it can be.
//!
//! What is learned is applied like any status. What cannot be known is said.

use super::Shared;
use crate::model::event::{Actor, EventBody};
use crate::model::ids::MessageId;
use crate::protocol::{Asked, CheckReport, Problem, Response};

/// Checks one message of ours.
pub(super) async fn check(shared: &Shared, actor: Actor, message: MessageId) -> Result<Response, Problem> {
    let before = shared.store.read(move |r| r.send_facts(message)).await?;
    if before.attempts.is_empty() {
        return Err(Problem::new("refused", "the message was never sent: there is nothing to check"));
    }
    let account = shared.account(&before.account).ok_or_else(|| {
        Problem::not_found(format!("the account `{}` is not configured any more", before.account))
            .next("configure it again")
    })?;
    let mut statuses = Vec::new();
    let mut unread_webhooks = 0;
    for (attempt, _) in &before.attempts {
        let attempt = *attempt;
        let (kept, raw) = shared.store.read_slow(move |r| r.kept_about(attempt)).await?;
        statuses.extend(kept);
        unread_webhooks += raw;
    }
    let mut asked = Asked::NoId;
    for id in before.attempts.iter().filter_map(|(_, id)| id.as_deref()) {
        if !account.provider.capabilities().delivery_history {
            asked = Asked::Unable;
            break;
        }
        match account.provider.delivery_history(id).await {
            Ok(events) => {
                statuses.extend(events);
                asked = Asked::Yes;
            }
            Err(e) => {
                let code = if e.code == 0 { String::new() } else { format!("{} ", e.code) };
                let mut problem = Problem::new("provider", format!("{code}{}", e.text));
                problem.means = e.cause.unwrap_or_default();
                problem.next = e.next.unwrap_or_default();
                asked = Asked::Refused(Box::new(problem));
            }
        }
    }
    statuses.retain(|s| s.state.is_some());
    if !statuses.is_empty() {
        let body = EventBody::StatusesLearned { account: before.account.clone(), statuses };
        shared.store.apply(shared.event(actor, body)).await?;
    }
    let after = shared.store.read(move |r| r.send_facts(message)).await?;
    Ok(Response::Checked(Box::new(CheckReport {
        message,
        state: after.state,
        since: after.since,
        news: after.state != before.state,
        asked,
        unread_webhooks,
    })))
}

/// Withdraws a queued message and gives its content back.
pub(super) async fn take_back(
    shared: &Shared,
    actor: Actor,
    message: MessageId,
) -> Result<Response, Problem> {
    let (thread, content, quote) = shared.store.read(move |r| r.queued_content(message)).await?;
    let waits = shared.store.read(move |r| r.is_queued(message)).await?;
    if !waits {
        return Err(Problem::new("refused", "the message is no longer waiting: it cannot be taken back"));
    }
    // Between the look and this it may have left: then the store refuses, and nothing is given back.
    shared.store.apply(shared.event(actor, EventBody::MessageCancelled { message })).await?;
    shared.outbox.notify_one();
    Ok(Response::TakenBack { thread, content, quote })
}
