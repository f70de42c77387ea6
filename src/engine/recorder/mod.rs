//! The flight recorder: raw webhooks listed, shown, read again and removed; the life of a message.
//!
//! What leaves here has its secrets and tokens masked and is bounded in size.

mod life;
mod mask;

pub(super) use life::life;

use super::Shared;
use crate::clock::Millis;
use crate::model::event::{Actor, EventBody};
use crate::model::ids::{AccountId, EventId, MessageId};
use crate::model::inbound::{Change, Routed, WebhookBatch};
use crate::protocol::{
    Cursor, Page, Problem, RAW_MAX, Replayed, Response, WebhookDetail, WebhookFilter, WebhookPart,
    WebhookRow, WebhookState,
};
use crate::provider::posts;
use crate::store::{KeptWebhook, StoreError};
use mask::Mask;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

/// What a webhook of the doctor's says.
const TEST: &str = "a test by the doctor";
/// A body up to this size is read for the list, to say what is in it.
const SUMMARY_MAX: u64 = 64 * 1024;
/// Parts of one webhook that are listed.
const PARTS: usize = 200;
/// Between two looks at the room that raw webhooks take.
const LOOK: Duration = Duration::from_mins(1);
/// Looks between two removals by age: an hour.
const LOOKS: u32 = 60;
/// What could not be applied is kept this many times as long.
const FAILED_TIMES: i64 = 3;

/// Reads kept webhooks: each with the parser of the provider it came from.
#[derive(Clone)]
struct Parsers(BTreeMap<AccountId, String>);

impl Parsers {
    fn of(shared: &Shared) -> Self {
        let provider = |a: &Arc<super::Account>| (a.id().clone(), a.settings.spec.provider.clone());
        Self(shared.accounts().iter().map(provider).collect())
    }

    fn read(&self, w: &KeptWebhook) -> Result<WebhookBatch, String> {
        let provider = self.0.get(&w.account).map_or("", String::as_str);
        posts::read_kept(provider, &w.body, w.received_at)
    }
}

/// The secrets that no answer may hold.
fn mask(shared: &Shared) -> Mask {
    let secrets: Vec<SecretString> = shared
        .accounts()
        .iter()
        .map(|a| &a.settings)
        .flat_map(|s| [s.access_token.clone(), s.app_secret.clone(), s.verify_token.clone()])
        .collect();
    Mask::new(secrets)
}

/// The first characters of a text.
fn first_chars(s: &str, n: usize) -> &str {
    s.char_indices().nth(n).map_or(s, |(at, _)| &s[..at])
}

/// A text cut to a number of bytes, at a whole character; and how many bytes are gone.
fn cut(mut text: String, limit: usize) -> (String, u64) {
    if text.len() <= limit {
        return (text, 0);
    }
    let mut at = limit;
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let gone = (text.len() - at) as u64;
    text.truncate(at);
    (text, gone)
}

fn kind(change: &Change) -> &'static str {
    match change {
        Change::Message(_) => "message",
        Change::Status(_) => "status",
        Change::Reaction { .. } => "reaction",
        Change::Edited { .. } => "edit",
        Change::Revoked { .. } => "deletion",
        Change::IdentityChanged { .. } => "new number",
        Change::ContactSeen { .. } => "contact",
        Change::Preference { .. } => "preference",
        Change::Template(_) => "template",
        Change::Notice { .. } => "notice",
        Change::Unknown { .. } => "unknown update",
        #[allow(
            unreachable_patterns,
            reason = "kinds that are added later have a word until they get their own"
        )]
        _ => "update",
    }
}

/// `2 messages, 1 status`.
fn says(batch: &WebhookBatch) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for routed in &batch.changes {
        let word = kind(&routed.change);
        match counts.iter_mut().find(|(w, _)| *w == word) {
            Some((_, n)) => *n += 1,
            None => counts.push((word, 1)),
        }
    }
    let words: Vec<String> = counts
        .into_iter()
        .map(|(word, n)| match (n, word) {
            (1, word) => format!("1 {word}"),
            (n, "status") => format!("{n} statuses"),
            (n, word) => format!("{n} {word}s"),
        })
        .collect();
    words.join(", ")
}

fn row(w: &KeptWebhook, says: String) -> WebhookRow {
    WebhookRow {
        id: w.id,
        account: w.account.clone(),
        received_at: w.received_at,
        state: w.state,
        size: w.size,
        says,
        problem: w.problem.as_deref().and_then(|p| p.lines().next()).map(|p| first_chars(p, 300).to_owned()),
    }
}

/// What a webhook says in a few words, read with today's parser.
fn summary(w: &KeptWebhook, parsers: &Parsers) -> String {
    if w.state == WebhookState::Test {
        return TEST.into();
    }
    if w.body.is_empty() || w.size > SUMMARY_MAX {
        return String::new();
    }
    parsers.read(w).map(|b| says(&b)).unwrap_or_default()
}

/// A page of the list.
pub(super) async fn list(
    shared: &Arc<Shared>,
    filter: WebhookFilter,
    before: Option<Cursor>,
    limit: u32,
) -> Result<Response, Problem> {
    let number = match &filter.account {
        None => None,
        Some(id) => match shared.account(id) {
            Some(a) => Some(a.settings.spec.number.clone()),
            None => return Err(Problem::not_found(format!("the account `{id}` is not configured"))),
        },
    };
    let (found, next) = shared
        .store
        .read_slow(move |r| r.webhooks(&filter, number.as_deref(), before, limit, SUMMARY_MAX))
        .await?;
    let parsers = Parsers::of(shared);
    let items = blocking(move || found.iter().map(|w| row(w, summary(w, &parsers))).collect()).await?;
    Ok(Response::Webhooks(Page { items, next }))
}

/// Work that takes a while and waits for nothing.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|e| Problem::new("engine", e.to_string()))
}

/// What one update is, in a few words, and whose message it is about.
fn part(change: &Change) -> WebhookPart {
    let (what, at, id): (String, Option<Millis>, Option<&str>) = match change {
        Change::Message(m) => (format!("{} message", m.body.kind()), Some(m.at), Some(&m.provider_id)),
        Change::Status(s) => {
            let mut what = format!("status {}", s.word);
            if let Some(e) = &s.error {
                let _ = write!(what, " ({} {})", e.code, e.text);
            }
            (what, Some(s.at), Some(&s.provider_id))
        }
        Change::Reaction { at, target, emoji, .. } if emoji.is_empty() => {
            ("reaction taken away".into(), Some(*at), Some(target))
        }
        Change::Reaction { at, target, emoji, .. } => (format!("reaction {emoji}"), Some(*at), Some(target)),
        Change::Edited { at, target, .. } => ("edit".into(), Some(*at), Some(target)),
        Change::Revoked { at, target, .. } => ("deletion".into(), Some(*at), Some(target)),
        Change::IdentityChanged { at, provider_id, .. } => {
            ("new number or id of a customer".into(), Some(*at), Some(provider_id))
        }
        Change::Template(t) => (format!("template {} ({})", t.name, t.language), None, None),
        Change::Notice { field, text, .. } => (format!("{field}: {text}"), None, None),
        Change::Unknown { field } => (format!("unknown field {field}"), None, None),
        other => (kind(other).to_owned(), None, None),
    };
    WebhookPart {
        what: first_chars(&what, 300).to_owned(),
        at,
        provider_id: id.map(str::to_owned),
        message: None,
    }
}

/// The account that an update is about, as far as its route names one of ours.
fn account_of(shared: &Shared, path: &AccountId, routed: &Routed) -> AccountId {
    routed
        .route
        .number
        .as_ref()
        .and_then(|n| shared.accounts().iter().find(|a| a.settings.spec.number == *n).map(|a| a.id().clone()))
        .unwrap_or_else(|| path.clone())
}

/// One webhook with its body.
pub(super) async fn show(shared: &Arc<Shared>, id: EventId, limit: u32) -> Result<Response, Problem> {
    let limit = limit.clamp(256, RAW_MAX) as usize;
    let w = shared.store.read_slow(move |r| r.webhook(id)).await?;
    let (mask, parsers) = (mask(shared), Parsers::of(shared));
    let (w, batch, raw) = blocking(move || {
        let batch = parsers.read(&w).ok();
        let raw = mask.pretty(&w.body);
        (w, batch, raw)
    })
    .await?;
    let changes = batch.as_ref().map_or(&[][..], |b| &b.changes);
    let mut parts: Vec<(AccountId, WebhookPart)> =
        changes.iter().take(PARTS).map(|c| (account_of(shared, &w.account, c), part(&c.change))).collect();
    let left_out = changes.len() - parts.len();
    let wanted: Vec<(usize, AccountId, String)> = parts
        .iter()
        .enumerate()
        .filter_map(|(i, (a, p))| Some((i, a.clone(), p.provider_id.clone()?)))
        .collect();
    let here: BTreeMap<usize, MessageId> = shared
        .store
        .read(move |r| {
            let mut out = BTreeMap::new();
            for (i, account, id) in wanted {
                if let Some(message) = r.message_of(&account, &id)? {
                    out.insert(i, message);
                }
            }
            Ok(out)
        })
        .await?;
    for (i, message) in here {
        parts[i].1.message = Some(message);
    }
    let says = if w.state == WebhookState::Test {
        TEST.into()
    } else {
        batch.as_ref().map(says).unwrap_or_default()
    };
    let (raw, gone) = cut(raw, limit);
    Ok(Response::Webhook(Box::new(WebhookDetail {
        row: row(&w, says),
        problems: w.problem.iter().flat_map(|p| p.lines()).map(str::to_owned).collect(),
        parts: parts.into_iter().map(|(_, p)| p).collect(),
        parts_left_out: left_out,
        raw,
        cut: gone,
    })))
}

/// Reads a webhook again with today's parser and applies it. What is here already stays as it is.
pub(super) async fn replay(shared: &Arc<Shared>, actor: Actor, id: EventId) -> Result<Response, Problem> {
    let before = shared.store.read_slow(move |r| r.webhook(id)).await?;
    if before.state == WebhookState::Test {
        return Err(Problem::new("refused", "this webhook is a test by the doctor: it says nothing"));
    }
    let (was, parsers) = (before.state, Parsers::of(shared));
    let said = blocking(move || parsers.read(&before).map_or(0, |b| b.changes.len())).await?;
    let left = shared.replay(actor, id).await?;
    let now = shared.store.read_slow(move |r| r.webhook(id)).await?;
    Ok(Response::Replayed(Box::new(Replayed {
        id,
        was,
        state: now.state,
        applied: if now.state == WebhookState::Failed { 0 } else { said.saturating_sub(left) },
        problems: now.problem.iter().flat_map(|p| p.lines()).map(str::to_owned).collect(),
    })))
}

/// Removes raw webhooks that have been kept long enough, once an hour, and those that take too much room, once a
/// minute. A step is small, so that nothing waits long for the writer.
pub(super) async fn expire(shared: Arc<Shared>) {
    let keep = i64::try_from(shared.live().keep_webhooks.as_millis()).unwrap_or(i64::MAX);
    let bytes = shared.live().keep_webhooks_bytes;
    let mut looks = 0;
    let mut pause = LOOK;
    loop {
        tokio::select! {
            () = shared.stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        let by_age = looks % LOOKS == 0;
        looks += 1;
        pause = LOOK;
        match expire_some(&shared, keep, by_age, bytes).await {
            Ok(true) => {
                looks -= 1;
                pause = Duration::ZERO;
            }
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "old webhooks could not be removed"),
        }
    }
}

/// One step; `true` when there is more to remove.
async fn expire_some(shared: &Shared, keep: Millis, by_age: bool, bytes: u64) -> Result<bool, StoreError> {
    let now = shared.clock.now();
    let before = now.saturating_sub(keep);
    let failed_before = now.saturating_sub(keep.saturating_mul(FAILED_TIMES));
    let ((room, applied), failed) =
        shared.store.read_slow(|r| Ok((r.webhook_room()?, r.oldest_failed_webhook()?))).await?;
    let old =
        by_age && (applied.is_some_and(|at| at < before) || failed.is_some_and(|at| at < failed_before));
    if !old && room <= bytes {
        return Ok(false);
    }
    let body =
        EventBody::WebhooksExpired { before, failed_before: Some(failed_before), keep_bytes: Some(bytes) };
    Ok(shared.store.apply(shared.event(Actor::Engine, body)).await?.more)
}
