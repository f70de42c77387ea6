//! `switchboard webhooks` and `switchboard message`: the flight recorder from the shell.

use super::args::{MessageArgs, WebhookAction, WebhookList, WebhookWord, Webhooks};
use super::failure::{Exit, Failure};
use super::session::Role;
use super::table::Table;
use super::{Context, Session, format};
use crate::model::ids::EventId;
use crate::protocol::{
    Cursor, MessageLife, Page, Replayed, Request, Response, WebhookDetail, WebhookFilter, WebhookRow,
    WebhookState,
};
use crate::text::{sanitize, sanitize_lines};
use std::fmt::Write as _;

/// `switchboard webhooks`.
pub(super) async fn webhooks(ctx: Context<'_>, args: Webhooks) -> Result<Exit, Failure> {
    match args.action.unwrap_or(WebhookAction::List(WebhookList { limit: 50, ..WebhookList::default() })) {
        WebhookAction::List(which) => list(ctx, which).await,
        WebhookAction::Failed(mut which) => {
            if which.state.is_empty() {
                which.state = vec![WebhookWord::Partial, WebhookWord::Failed];
            }
            list(ctx, which).await
        }
        WebhookAction::Show { id, limit } => show(ctx, id, limit * 1024).await,
        WebhookAction::Replay { id, .. } => replay(ctx, id).await,
    }
}

/// Asks until the page is full: an engine looks through so many at a time.
async fn page(
    session: &mut Session,
    filter: &WebhookFilter,
    before: Option<Cursor>,
    limit: u32,
) -> Result<Page<WebhookRow>, Failure> {
    let mut out = Page { items: Vec::new(), next: before };
    loop {
        let left = limit.saturating_sub(out.items.len() as u32);
        let request = Request::Webhooks { filter: filter.clone(), before: out.next, limit: left };
        let Response::Webhooks(page) = session.client.ask(request).await? else {
            return Err(Failure::unexpected());
        };
        out.items.extend(page.items);
        out.next = page.next;
        if out.next.is_none() || out.items.len() as u32 >= limit {
            return Ok(out);
        }
    }
}

async fn list(ctx: Context<'_>, which: WebhookList) -> Result<Exit, Failure> {
    let now = ctx.clock.now();
    let filter = WebhookFilter {
        account: which.account,
        states: which
            .state
            .iter()
            .map(|s| match s {
                WebhookWord::Applied => WebhookState::Applied,
                WebhookWord::Partial => WebhookState::Partial,
                WebhookWord::Failed => WebhookState::Failed,
                WebhookWord::Test => WebhookState::Test,
            })
            .collect(),
        since: which.since.map(|s| s.millis(now, ctx.checked.ui.timezone.as_deref())),
        text: which.text.filter(|t| !t.is_empty()),
    };
    let mut session = ctx.session(Role::Reads).await?;
    let result = page(&mut session, &filter, which.before, which.limit).await;
    session.close().await;
    let page = result?;
    if ctx.out.json {
        ctx.out.document(&page)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["id", "received", "account", "state", ">bytes", "says"], 5);
    for w in &page.items {
        let says = match &w.problem {
            Some(problem) if w.says.is_empty() => problem.clone(),
            Some(problem) => format!("{} · {problem}", w.says),
            None => w.says.clone(),
        };
        table.row([
            &w.id.to_string(),
            &ctx.out.time(w.received_at),
            w.account.as_str(),
            w.state.as_str(),
            &w.size.to_string(),
            &says,
        ]);
    }
    ctx.out.table(&table)?;
    if let Some(next) = page.next {
        ctx.out.remark(&format!("more: --before {}", format::cursor(next)));
    }
    Ok(Exit::Done)
}

async fn show(ctx: Context<'_>, id: EventId, limit: u32) -> Result<Exit, Failure> {
    let mut session = ctx.session(Role::Reads).await?;
    let result = session.client.ask(Request::Webhook { id, limit }).await;
    session.close().await;
    let Response::Webhook(detail) = result? else { return Err(Failure::unexpected()) };
    if ctx.out.json {
        ctx.out.document(&detail)?;
        return Ok(Exit::Done);
    }
    let WebhookDetail { row, problems, parts, parts_left_out, raw, cut } = *detail;
    let received = ctx.out.time(row.received_at);
    ctx.out.line(&format!("webhook  {}", row.id))?;
    ctx.out.line(&format!("received {received} by {}, {} bytes", row.account, row.size))?;
    ctx.out.line(&format!("state    {}", row.state.as_str()))?;
    for problem in &problems {
        ctx.out.line(&format!("problem  {}", sanitize(problem)))?;
    }
    if !parts.is_empty() {
        let mut table = Table::new(&["says", "time", "provider id", "message"], 0);
        for p in &parts {
            let at = p.at.map(|at| ctx.out.time(at)).unwrap_or_default();
            let message = match (&p.message, &p.provider_id) {
                (Some(id), _) => id.to_string(),
                (None, Some(_)) => "not here".to_owned(),
                (None, None) => String::new(),
            };
            table.row([&p.what, &at, p.provider_id.as_deref().unwrap_or_default(), &message]);
        }
        ctx.out.line("")?;
        ctx.out.table(&table)?;
        if parts_left_out > 0 {
            ctx.out.line(&format!("… {parts_left_out} more"))?;
        }
    }
    ctx.out.line("")?;
    ctx.out.line(&sanitize_lines(&raw))?;
    if cut > 0 {
        ctx.out.remark(&format!("{cut} bytes are cut off: --limit KB shows more"));
    }
    Ok(Exit::Done)
}

async fn replay(ctx: Context<'_>, id: Option<EventId>) -> Result<Exit, Failure> {
    let mut session = ctx.session(Role::Reads).await?;
    let result = replay_all(&mut session, id).await;
    session.close().await;
    let done = result?;
    let left = done.iter().filter(|r| r.state != WebhookState::Applied).count();
    if ctx.out.json {
        ctx.out.document(&done)?;
    } else {
        let mut table = Table::new(&["id", "was", "is", ">applied", "problem"], 4);
        for r in &done {
            let problem = r.problems.first().map(String::as_str).unwrap_or_default();
            table.row([&r.id.to_string(), r.was.as_str(), r.state.as_str(), &r.applied.to_string(), problem]);
        }
        ctx.out.table(&table)?;
        let good = done.len() - left;
        ctx.out.remark(&format!("{good} applied in full, {left} not"));
    }
    Ok(if left == 0 { Exit::Done } else { Exit::Failed })
}

async fn replay_all(session: &mut Session, id: Option<EventId>) -> Result<Vec<Replayed>, Failure> {
    let ids = if let Some(id) = id {
        vec![id]
    } else {
        let filter = WebhookFilter {
            states: vec![WebhookState::Partial, WebhookState::Failed],
            ..WebhookFilter::default()
        };
        let mut ids = Vec::new();
        let mut next = None;
        loop {
            let page = page(session, &filter, next, 500).await?;
            ids.extend(page.items.iter().map(|w| w.id));
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        // In the order in which they came.
        ids.reverse();
        ids
    };
    let mut out = Vec::with_capacity(ids.len());
    for id in ids {
        match session.client.ask(Request::ReplayWebhook { id }).await? {
            Response::Replayed(r) => out.push(*r),
            _ => return Err(Failure::unexpected()),
        }
    }
    Ok(out)
}

/// `switchboard message`.
pub(super) async fn message(ctx: Context<'_>, args: MessageArgs) -> Result<Exit, Failure> {
    let mut session = ctx.session(Role::Reads).await?;
    let result = session.client.ask(Request::MessageLife { message: args.id }).await;
    session.close().await;
    let Response::Life(life) = result? else { return Err(Failure::unexpected()) };
    if ctx.out.json {
        ctx.out.document(&life)?;
        return Ok(Exit::Done);
    }
    print_life(ctx, &life, args.raw)?;
    Ok(Exit::Done)
}

fn print_life(ctx: Context<'_>, life: &MessageLife, raw: bool) -> Result<(), Failure> {
    let m = &life.message;
    let out = ctx.out;
    let provider = m.provider_id.as_ref().map_or("none yet", |p| p.as_str());
    out.line(&format!("message     {}", m.id))?;
    out.line(&format!("thread      {} on {}", sanitize(&life.title), m.account))?;
    out.line(&format!("provider id {}", sanitize(provider)))?;
    out.line(&format!("state       {}", m.state.as_str()))?;
    out.line(&format!("says        {}", sanitize(&format::body(&m.body))))?;
    out.line("")?;
    let mut table = Table::new(&["time", "provider's time", "what", "webhook"], 2);
    for s in &life.steps {
        let mut text = s.text.clone();
        if let Some(by) = &s.by {
            let _ = write!(text, " by {by}");
        }
        if let Some(e) = &s.error {
            let _ = write!(text, ": {} {}", e.code, e.text);
        }
        if let Some(a) = s.attempt {
            let _ = write!(text, " [{a}]");
        }
        table.row([
            &out.precise(s.at),
            &s.provider_at.map(|at| out.precise(at)).unwrap_or_default(),
            &text,
            &s.webhook.map(|w| w.to_string()).unwrap_or_default(),
        ]);
    }
    out.table(&table)?;
    if !life.complete {
        out.remark("not every kept webhook was looked at: there are too many");
    }
    if raw {
        for w in &life.webhooks {
            let at = out.precise(w.row.received_at);
            out.line("")?;
            out.line(&format!("webhook {} of {at}, {} bytes", w.row.id, w.row.size))?;
            out.line(&sanitize_lines(&w.raw))?;
            if w.cut > 0 {
                out.line(&format!("… {} bytes are cut off: switchboard webhooks show {}", w.cut, w.row.id))?;
            }
        }
    }
    Ok(())
}
