//! `switchboard outbox`: what has not got through, and what to do about it.

use super::args::{Outbox, OutboxAction};
use super::failure::{Exit, Failure};
use super::session::Role;
use super::table::Table;
use super::{Context, Session, accounts};
use crate::clock::Millis;
use crate::model::delivery::WaitReason;
use crate::model::ids::MessageId;
use crate::protocol::{CheckReport, OutboxRow, Request, Response};
use crate::text::when;
use serde::Serialize;

/// Rows shown at most.
const LIMIT: u32 = 1000;

/// What `--json` prints for a list.
#[derive(Serialize)]
struct Document {
    items: Vec<OutboxRow>,
}

/// What `--json` prints for a change.
#[derive(Serialize)]
struct Changed {
    message: MessageId,
    done: &'static str,
}

/// What came of it.
enum Answer {
    Rows(Vec<OutboxRow>),
    Checked(Box<CheckReport>),
    Changed(Changed),
}

pub(super) async fn run(ctx: Context<'_>, args: Outbox) -> Result<Exit, Failure> {
    // Asking the provider and looking need no outbox at work; sending again does.
    let role = match &args.action {
        Some(OutboxAction::Retry { .. } | OutboxAction::Now { .. }) => Role::Sends,
        _ => Role::Reads,
    };
    let mut session = ctx.session(role).await?;
    let result = act(&mut session, &args).await;
    session.close().await;
    let now = ctx.clock.now();
    match result? {
        Answer::Rows(items) if ctx.out.json => ctx.out.document(&Document { items })?,
        Answer::Rows(items) => {
            let zone = ctx.out.zone();
            let mut table = Table::new(&["message", "to", "state", "waits", "content"], 4);
            for row in &items {
                let waits = waits(row, now, &zone);
                table.row([&row.message.to_string(), &row.title, row.state.as_str(), &waits, &content(row)]);
            }
            ctx.out.table(&table)?;
        }
        Answer::Checked(report) if ctx.out.json => ctx.out.document(&report)?,
        Answer::Checked(report) => {
            let words = report.words(now);
            ctx.out.line(&format!("{}: {}", report.message, crate::text::sanitize(&words)))?;
        }
        Answer::Changed(changed) if ctx.out.json => ctx.out.document(&changed)?,
        Answer::Changed(changed) => ctx.out.line(&format!("{}: {}", changed.message, changed.done))?,
    }
    Ok(Exit::Done)
}

async fn act(session: &mut Session, args: &Outbox) -> Result<Answer, Failure> {
    let changed = |message: &MessageId, done| Ok(Answer::Changed(Changed { message: *message, done }));
    match &args.action {
        None | Some(OutboxAction::List) => {
            if args.account.is_some() {
                accounts::chosen(session, args.account.as_ref()).await?;
            }
            let request = Request::Outbox { account: args.account.clone(), limit: LIMIT };
            match session.client.ask(request).await? {
                Response::Outbox(rows) => Ok(Answer::Rows(rows)),
                _ => Err(Failure::unexpected()),
            }
        }
        Some(OutboxAction::Check { message }) => {
            match session.client.ask(Request::Check { message: *message }).await? {
                Response::Checked(report) => Ok(Answer::Checked(report)),
                _ => Err(Failure::unexpected()),
            }
        }
        Some(OutboxAction::Cancel { message }) => {
            session.client.ask(Request::Cancel { message: *message }).await?;
            changed(message, "withdrawn or put aside")
        }
        Some(OutboxAction::Now { message }) => {
            session.client.ask(Request::Reschedule { message: *message, at: None }).await?;
            changed(message, "to be sent now")
        }
        Some(OutboxAction::Retry { message, twice }) => {
            retry(session, *message, *twice).await?;
            changed(message, "to be sent again")
        }
    }
}

/// An unknown message may have arrived: sending it again has to be wanted in so many words.
async fn retry(session: &mut Session, message: MessageId, twice: bool) -> Result<(), Failure> {
    use crate::model::delivery::DeliveryState;
    use crate::protocol::Problem;
    let Response::MessageRows(rows) = session.client.ask(Request::MessageRows { ids: vec![message] }).await?
    else {
        return Err(Failure::unexpected());
    };
    if rows.first().is_some_and(|m| m.state == DeliveryState::Unknown) && !twice {
        return Err(Failure::new(
            Problem::new("refused", format!("message {message} may have arrived: its answer was lost"))
                .means("if it did, sending it again gives it to the customer twice")
                .next(format!(
                    "`switchboard outbox check {message}` looks for news; --maybe-twice sends it all the same"
                )),
        ));
    }
    session.client.ask(Request::Retry { message }).await?;
    Ok(())
}

/// Until when a row waits, and why.
fn waits(row: &OutboxRow, now: Millis, tz: &jiff::tz::TimeZone) -> String {
    let error = row.error.as_ref().map(|e| match e.code {
        0 => e.text.clone(),
        code => format!("{code} {}", e.text),
    });
    match row.waits {
        Some(w) if w.why == WaitReason::Later => {
            format!("{}, {}", when::describe(w.until, now, tz), when::distance(w.until, now))
        }
        Some(w) if w.until > now => {
            let why = error.filter(|_| w.why == WaitReason::Provider);
            format!("{}: {}", when::distance(w.until, now), why.as_deref().unwrap_or(w.why.words()))
        }
        _ => error.unwrap_or_default(),
    }
}

fn content(row: &OutboxRow) -> String {
    if row.kind == "text" { row.text.clone() } else { format!("[{}] {}", row.kind, row.text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::delivery::{DeliveryError, DeliveryState, Waiting};
    use crate::model::ids::{AccountId, ThreadId};

    #[test]
    fn a_row_says_until_when_and_why() {
        let row = |waits: Option<(Millis, WaitReason)>, error: Option<i64>| OutboxRow {
            message: MessageId::derived(&["m"]),
            thread: ThreadId::derived(&["t"]),
            account: AccountId::new("support"),
            title: "Marta".into(),
            kind: "text".into(),
            text: "Oi".into(),
            state: DeliveryState::Queued,
            waits: waits.map(|(until, why)| Waiting { until, why }),
            attempts: 1,
            error: error.map(|code| DeliveryError {
                code,
                text: "slow down".into(),
                cause: None,
                next: None,
            }),
        };
        let say = |r: OutboxRow| waits(&r, 0, &jiff::tz::TimeZone::UTC);
        assert_eq!(say(row(Some((4_000, WaitReason::Undo)), None)), "in 4 s: it can still be taken back");
        assert_eq!(say(row(Some((90_000_000, WaitReason::Later)), None)), "tomorrow 01:00, in 1 day");
        assert_eq!(
            say(row(Some((12_000, WaitReason::Provider)), Some(130_429))),
            "in 12 s: 130429 slow down"
        );
        assert_eq!(say(row(None, Some(0))), "slow down");
        assert_eq!(say(row(None, None)), "");
    }
}
