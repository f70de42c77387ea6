//! The life of a message: what the store knows, and what the kept webhooks say about it.

use super::{blocking, cut, first_chars, mask, part, row, says};
use crate::clock::Millis;
use crate::engine::Shared;
use crate::model::delivery::DeliveryState;
use crate::model::event::AttemptOutcome;
use crate::model::ids::MessageId;
use crate::model::inbound::Change;
use crate::model::message::{Direction, Message, Origin};
use crate::protocol::{LifeStep, LifeWebhook, MessageLife, Problem, Response};
use crate::store::{Act, AttemptRow, Carriers, KeptWebhook, LifeRows};
use std::sync::Arc;

/// Longest piece of one body, in bytes.
const BODY_MAX: usize = 64 * 1024;
/// Longest bodies in all.
const BODIES_MAX: usize = 2 << 20;

/// Everything that is known of a message.
pub(in crate::engine) async fn life(shared: &Arc<Shared>, id: MessageId) -> Result<Response, Problem> {
    let rows = shared.store.read_slow(move |r| r.life(id)).await?;
    let (names, times) = (names(&rows), times(&rows.message));
    let wanted = names.clone();
    let (carriers, oldest) =
        shared.store.read_slow(move |r| Ok((r.carriers(&wanted, &times)?, r.oldest_webhook()?))).await?;
    let (mask, parsers) = (mask(shared), super::Parsers::of(shared));
    let life = blocking(move || {
        let mut steps = own_steps(&rows);
        let webhooks = told(&carriers, &names, &mut steps, &mask, &parsers);
        from_times(&rows.message, &mut steps);
        steps.sort_by_key(|s| (s.at, s.provider_at.unwrap_or(s.at)));
        MessageLife {
            message: rows.message,
            title: rows.title,
            steps,
            webhooks,
            complete: carriers.complete,
            kept_since: oldest,
        }
    })
    .await?;
    Ok(Response::Life(Box::new(life)))
}

fn outcome(a: &AttemptRow) -> Option<AttemptOutcome> {
    serde_json::from_str(a.outcome.as_deref()?).ok()
}

/// Everything that webhooks may call the message by: ids of the provider, and ids of our attempts, which travel along.
fn names(rows: &LifeRows) -> Vec<String> {
    let mut out: Vec<String> = rows.message.provider_id.iter().map(|p| p.as_str().to_owned()).collect();
    for a in &rows.attempts {
        out.push(a.id.to_string());
        if let Some(AttemptOutcome::Accepted { provider_id, .. }) = outcome(a) {
            out.push(provider_id);
        }
    }
    out.retain(|name| !name.is_empty());
    out.sort();
    out.dedup();
    out
}

/// Around when webhooks are to be expected.
fn times(m: &Message) -> Vec<Millis> {
    let t = &m.times;
    let mut out = vec![m.stored_at];
    out.extend([t.accepted, t.sent, t.delivered, t.read, t.played, t.failed].into_iter().flatten());
    out
}

fn step(at: Millis, kind: &str, text: impl Into<String>) -> LifeStep {
    LifeStep {
        at,
        provider_at: None,
        kind: kind.into(),
        text: text.into(),
        by: None,
        attempt: None,
        webhook: None,
        error: None,
    }
}

/// What the store knows: stored, queued, attempts.
fn own_steps(rows: &LifeRows) -> Vec<LifeStep> {
    let m = &rows.message;
    let mut out = Vec::new();
    let by = match &m.origin {
        Origin::Operator(name) => Some(name.clone()),
        _ => None,
    };
    if m.direction == Direction::Inbound || by.is_none() {
        let mut s = step(m.stored_at, "stored", "stored here");
        s.provider_at = Some(m.at);
        out.push(s);
    } else if !rows.acts.iter().any(|a| a.action == "message_queued") {
        out.push(LifeStep { by, ..step(m.stored_at, "queued", "committed to the outbox") });
    }
    for act in &rows.acts {
        if let Some((kind, text)) = act_words(act) {
            out.push(LifeStep { by: Some(act.actor.clone()), ..step(act.at, kind, text) });
        }
    }
    for a in &rows.attempts {
        let started = format!("attempt {}: the first byte is about to leave", a.number);
        out.push(LifeStep { attempt: Some(a.id), ..step(a.started_at, "attempt_started", started) });
        let Some(ended) = a.ended_at else { continue };
        let mut s = LifeStep { attempt: Some(a.id), ..step(ended, "attempt_ended", String::new()) };
        let n = a.number;
        s.text = match outcome(a) {
            Some(AttemptOutcome::Accepted { provider_id, .. }) => {
                format!("attempt {n}: accepted as {provider_id}")
            }
            Some(AttemptOutcome::Rejected { error }) => {
                s.error = Some(error);
                format!("attempt {n}: rejected")
            }
            Some(AttemptOutcome::RetryAt { at, error, .. }) => {
                s.error = Some(error);
                let wait = (at - ended).max(0);
                format!("attempt {n}: put off by {}.{} s", wait / 1000, wait % 1000 / 100)
            }
            Some(AttemptOutcome::Unknown { error }) => {
                s.error = Some(error);
                format!("attempt {n}: the answer was lost, its fate is unknown")
            }
            #[allow(
                unreachable_patterns,
                reason = "outcomes that are added later are shown as they are kept"
            )]
            _ => {
                let kept = a.outcome.as_deref().unwrap_or_default();
                format!("attempt {n}: ended: {}", first_chars(kept, 300))
            }
        };
        out.push(s);
    }
    if let Some((attempt, until)) = rows.waiting {
        let s = step(until, "waiting", "the next attempt may start");
        out.push(LifeStep { attempt: Some(attempt), ..s });
    }
    out
}

fn act_words(act: &Act) -> Option<(&'static str, &'static str)> {
    Some(match act.action.as_str() {
        "message_queued" => ("queued", "committed to the outbox"),
        "message_retried" => ("retried", "sent again, as a new attempt"),
        "send_moved" => ("moved", "given another time to leave"),
        "message_cancelled" => ("withdrawn", "withdrawn or put aside"),
        "sends_put_off" => ("waits", "put off: a limit of the provider was reached"),
        // Attempts have rows of their own.
        "attempt_started" | "attempt_ended" => return None,
        _ => return None,
    })
}

/// What the webhooks told, in the order in which they came. Adds a step for each piece of news.
fn told(
    carriers: &Carriers,
    names: &[String],
    steps: &mut Vec<LifeStep>,
    mask: &super::mask::Mask,
    parsers: &super::Parsers,
) -> Vec<LifeWebhook> {
    let mut out = Vec::new();
    let mut room = BODIES_MAX;
    for w in &carriers.found {
        let batch = parsers.read(w).ok();
        let mut any = false;
        for routed in batch.iter().flat_map(|b| &b.changes) {
            if let Some(s) = news(w, &routed.change, names) {
                steps.push(s);
                any = true;
            }
        }
        if !any {
            let what = w.problem.as_deref().and_then(|p| p.lines().next()).unwrap_or("it names this message");
            let s = step(w.received_at, "other", format!("a webhook came: {}", first_chars(what, 300)));
            steps.push(LifeStep { webhook: Some(w.id), ..s });
        }
        let (raw, gone) = cut(mask.about(&w.body, names), BODY_MAX.min(room));
        room -= raw.len();
        let said = batch.as_ref().map(says).unwrap_or_default();
        out.push(LifeWebhook { row: row(w, said), raw, cut: gone });
    }
    out
}

/// The step that an update of a webhook is, if it is about this message.
fn news(w: &KeptWebhook, change: &Change, names: &[String]) -> Option<LifeStep> {
    let ours = |id: &str| names.iter().any(|n| n == id);
    let p = part(change);
    let (kind, text, error) = match change {
        Change::Message(m) if ours(&m.provider_id) => {
            ("received", format!("a webhook brought it: {}", p.what), None)
        }
        Change::Message(m) if m.quotes.as_deref().is_some_and(ours) => {
            ("quoted", format!("quoted by a {}", p.what), None)
        }
        Change::Status(s) if ours(&s.provider_id) || s.opaque.as_deref().is_some_and(ours) => {
            let priced = s.category.as_ref().map(|c| format!(", priced as {c}")).unwrap_or_default();
            ("status", format!("status {}{priced}", s.word), s.error.clone())
        }
        Change::Reaction { target, .. } if ours(target) => ("reaction", p.what, None),
        Change::Edited { target, .. } if ours(target) => ("edited", "edited by its sender".into(), None),
        Change::Revoked { target, .. } if ours(target) => ("revoked", "deleted by its sender".into(), None),
        Change::IdentityChanged { provider_id, .. } if ours(provider_id) => {
            ("received", format!("a webhook brought it: {}", p.what), None)
        }
        _ => return None,
    };
    Some(LifeStep { provider_at: p.at, webhook: Some(w.id), error, ..step(w.received_at, kind, text) })
}

/// States whose webhook is not kept any more (or never was one): their time is all there is.
fn from_times(m: &Message, steps: &mut Vec<LifeStep>) {
    use DeliveryState as D;
    for state in [D::Accepted, D::Sent, D::Delivered, D::Read, D::Played, D::Failed] {
        let Some(at) = m.times.of(state) else { continue };
        let status = format!("status {}", state.as_str());
        let known = match state {
            D::Accepted => steps.iter().any(|s| s.kind == "attempt_ended" && s.text.contains("accepted")),
            D::Failed => steps.iter().any(|s| s.error.is_some() || s.text.starts_with(&status)),
            _ => steps.iter().any(|s| s.kind == "status" && s.text.starts_with(&status)),
        };
        if !known {
            let mut s = step(at, "status", format!("{status} (its webhook is not kept)"));
            s.provider_at = Some(at);
            if state == D::Failed {
                s.error.clone_from(&m.error);
            }
            steps.push(s);
        }
    }
}
