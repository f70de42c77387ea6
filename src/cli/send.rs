//! `switchboard send`: queues a message and waits until its fate is known.

use super::args::{Send, Wait};
use super::failure::{Exit, Failure};
use super::output::Output;
use super::session::Role;
use super::table::Table;
use super::{Context, Session, accounts, colleagues, files, format, messages};
use crate::clock::Millis;
use crate::model::contact::{Identity, IdentityKind, display_phone};
use crate::model::delivery::DeliveryState;
use crate::model::event::Recipient;
use crate::model::ids::MessageId;
use crate::model::message::Message;
use crate::model::outgoing::{FieldProblem, Outgoing, TEXT_MAX};
use crate::model::phone::{self, Meant};
use crate::model::thread::ThreadDetail;
use crate::protocol::{Changed, Problem, Request, Response};
use crate::text::when;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

/// Longest content file in bytes.
const CONTENT_MAX: u64 = 1 << 20;

pub(super) async fn run(ctx: Context<'_>, args: Send) -> Result<Exit, Failure> {
    let content = content(&args)?;
    let files = args.files.iter().map(|path| files::open(path)).collect::<Result<Vec<_>, _>>()?;
    let at = match &args.at {
        Some(text) => Some(when::parse(text, ctx.clock.now(), &ctx.out.zone()).map_err(|e| {
            Failure::new(
                Problem { field: Some("at".into()), ..Problem::new("field", format!("at: {e}")) }
                    .next(format!("write {}", when::EXAMPLES)),
            )
        })?),
        None => None,
    };
    let mut session = ctx.session(Role::Sends).await?;
    let result = if files.is_empty() {
        send(&mut session, &args, content, at, ctx.out).await.map(|m| vec![m])
    } else {
        send_files(&mut session, &args, files, at, ctx.out).await
    };
    session.close().await;
    let messages = result?;
    if ctx.out.json {
        // One thing that was sent is one document; several files are a list.
        match messages.as_slice() {
            [message] => ctx.out.document(message)?,
            messages => ctx.out.document(&messages)?,
        }
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["message", "state", "time", "content"], 3);
    for message in &messages {
        table.row([
            &message.id.to_string(),
            message.state.as_str(),
            &ctx.out.time(message.at),
            &format::body(&message.body),
        ]);
    }
    ctx.out.table(&table)?;
    if let Some(at) = at {
        let now = ctx.clock.now();
        let words = when::describe(at, now, &ctx.out.zone());
        ctx.out.remark(&format!(
            "to be sent {words}, {}, by the engine that runs then",
            when::distance(at, now)
        ));
    }
    Ok(Exit::Done)
}

/// What is sent, but for templates, whose values the engine fills in.
fn content(args: &Send) -> Result<Option<Outgoing>, Failure> {
    let content = match (&args.text, &args.json_content) {
        (Some(text), _) if text == "-" => {
            let text = read_bounded(Path::new("-"), "text", 4 * TEXT_MAX as u64 + 1)?;
            Outgoing::text(text.trim_end_matches('\n'))
        }
        (Some(text), _) => Outgoing::text(text.clone()),
        (None, Some(file)) => {
            let text = read_bounded(file, "json-content", CONTENT_MAX)?;
            serde_json::from_str(&text).map_err(|e| FieldProblem::new("json-content", e.to_string()))?
        }
        (None, None) => return Ok(None),
    };
    content.check()?;
    Ok(Some(content))
}

fn read_bounded(file: &Path, field: &str, max: u64) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().take(max + 1).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|f| f.take(max + 1).read_to_string(&mut text))
    };
    read.map_err(|e| FieldProblem::new(field, format!("{} cannot be read: {e}", file.display())))?;
    if text.len() as u64 > max {
        return Err(FieldProblem::new(field, format!("is longer than {max} bytes")).into());
    }
    Ok(text)
}

async fn send(
    session: &mut Session,
    args: &Send,
    content: Option<Outgoing>,
    at: Option<Millis>,
    out: &mut Output,
) -> Result<Message, Failure> {
    if args.account.is_some() {
        accounts::chosen(session, args.account.as_ref()).await?;
    }
    let to = recipient(session, args, out).await?;
    // A template is no answer to what a colleague is about to answer.
    if let (Some(_), Recipient::Thread { thread }, false) = (&content, &to, args.anyway) {
        colleagues::claim(session, *thread).await?;
    }
    let account = args.account.clone();
    // A time that has passed is now: a script does not think again.
    let later = at.is_some();
    let at = at.or(Some(0));
    let request = match content {
        Some(content) => Request::Send { account, to, content, quote: args.quote, at },
        None => Request::SendTemplate {
            account,
            to,
            name: args.template.clone().unwrap_or_default(),
            language: args.language.clone().unwrap_or_default(),
            values: args.values.iter().cloned().collect(),
            file: None,
            knowing: false,
            at,
        },
    };
    let Response::Queued { message, .. } = session.client.ask(request).await? else {
        return Err(Failure::unexpected());
    };
    settle(session, message, wait_for(session, args, later), args.timeout).await
}

/// How far a message has to get before the command ends.
pub(super) fn wait_for(session: &Session, args: &Send, later: bool) -> Wait {
    match args.wait {
        _ if later => Wait::Queued,
        // An engine of our own ends with us: it must have handed the message over first.
        Wait::Queued if session.hosted() => Wait::Accepted,
        wait => wait,
    }
}

/// Hands the files over, then sends them in their order. All are looked at before the first leaves.
async fn send_files(
    session: &mut Session,
    args: &Send,
    files: Vec<files::Opened<'_>>,
    at: Option<Millis>,
    out: &mut Output,
) -> Result<Vec<Message>, Failure> {
    if args.account.is_some() {
        accounts::chosen(session, args.account.as_ref()).await?;
    }
    let to = recipient(session, args, out).await?;
    let later = at.is_some();
    let mut requests = Vec::with_capacity(files.len());
    let mut caption = args.caption.clone().unwrap_or_default();
    for file in files {
        let file = files::upload(session, file).await?;
        let content = Outgoing::file(file, std::mem::take(&mut caption));
        content.check()?;
        let (account, to) = (args.account.clone(), to.clone());
        requests.push(Request::Send { account, to, content, quote: args.quote, at: at.or(Some(0)) });
    }
    let Response::Together(done) = session.client.ask(Request::Together { requests }).await? else {
        return Err(Failure::unexpected());
    };
    let wait = wait_for(session, args, later);
    let mut messages = Vec::with_capacity(done.len());
    for result in done {
        let Response::Queued { message, .. } = result? else { return Err(Failure::unexpected()) };
        messages.push(settle(session, message, wait, args.timeout).await?);
    }
    Ok(messages)
}

/// A thread that exists, else a number or user id that is written in full.
pub(super) async fn recipient(
    session: &mut Session,
    args: &Send,
    out: &mut Output,
) -> Result<Recipient, Failure> {
    let found = messages::find(session, args.account.as_ref(), &args.to).await;
    match found {
        // A number finds a contact in other forms too. One that may be somebody else's line is not written to.
        Ok(thread) => match phone::typed(&args.to).filter(|n| !is_known(&thread, n)) {
            Some(number) => Ok(Recipient::Identity { identity: Identity::phone(number) }),
            None => Ok(Recipient::Thread { thread: thread.row.id }),
        },
        Err(Failure::Problem(Exit::NotFound, problem)) => somebody_new(session, args, problem, out).await,
        Err(e) => Err(e),
    }
}

/// Somebody that nobody has written to yet: a number is read with the account's country prefix, and shown as it will be
/// written to before anything is sent.
async fn somebody_new(
    session: &mut Session,
    args: &Send,
    not_found: Box<Problem>,
    out: &mut Output,
) -> Result<Recipient, Failure> {
    if let Some(identity) = user_id(&args.to) {
        return Ok(Recipient::Identity { identity });
    }
    let accounts = accounts::chosen(session, args.account.as_ref()).await?;
    let prefix = match accounts.as_slice() {
        [one] => one.life.options.prefix.clone(),
        _ => String::new(),
    };
    let meant = match phone::international(&args.to, &prefix) {
        Ok(meant) => meant,
        // What looks like a number is told why it is none; a name is not known.
        Err(why) if args.to.chars().filter(char::is_ascii_digit).count() >= 4 && !has_letters(&args.to) => {
            let what = format!("`{}` {why}", args.to.trim());
            return Err(FieldProblem::new("to", what).into());
        }
        Err(_) => return Err(Failure::Problem(Exit::NotFound, not_found)),
    };
    if let Meant::Prefixed(digits) = &meant {
        let account = accounts.first().map(|a| a.spec.id.as_str()).unwrap_or_default();
        out.remark(&format!("to {} (+{prefix} is the prefix of {account})", display_phone(digits)));
        // With the prefix it may be somebody who has written before.
        let whole = format!("+{digits}");
        match messages::find(session, args.account.as_ref(), &whole).await {
            Ok(thread) if is_known(&thread, digits) => {
                return Ok(Recipient::Thread { thread: thread.row.id });
            }
            Ok(_) | Err(Failure::Problem(Exit::NotFound, _)) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(Recipient::Identity { identity: Identity::phone(meant.digits()) })
}

fn has_letters(text: &str) -> bool {
    text.chars().any(char::is_alphabetic)
}

/// Whether a number is surely a line of this thread's contact.
fn is_known(thread: &ThreadDetail, number: &str) -> bool {
    let phones = thread.contact.identities.iter().filter(|i| i.kind == IdentityKind::Phone);
    phones.into_iter().any(|i| phone::same_line(number, &i.value))
}

/// A user id such as `GB.488…`.
fn user_id(text: &str) -> Option<Identity> {
    let text = text.trim();
    let (country, id) = text.split_once('.')?;
    let fits = country.len() == 2
        && country.bytes().all(|b| b.is_ascii_uppercase())
        && (1..=64).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric());
    fits.then(|| Identity::bsuid(text))
}

/// Waits until the message got as far as asked, failed, or the time is over.
pub(super) async fn settle(
    session: &mut Session,
    id: MessageId,
    wait: Wait,
    timeout: Duration,
) -> Result<Message, Failure> {
    let mut last = None;
    let watch = async {
        loop {
            let request = Request::MessageRows { ids: vec![id] };
            let Response::MessageRows(rows) = session.client.ask(request).await? else {
                return Err(Failure::unexpected());
            };
            if let Some(message) = rows.into_iter().next() {
                if let Some(end) = verdict(&message, wait) {
                    return end.map(|()| message);
                }
                last = Some(message.state);
            }
            loop {
                let Some(update) = session.client.update().await else {
                    return Err(Failure::new(
                        Problem::new(
                            "engine_gone",
                            "the engine has stopped while the message was on its way",
                        )
                        .next(format!("message {id} is kept; look at it with `switchboard messages`")),
                    ));
                };
                let ours = update.changed.iter().any(|c| match c {
                    Changed::MessageStored { message, .. } | Changed::MessageChanged { message, .. } => {
                        *message == id
                    }
                    Changed::Resync => true,
                    _ => false,
                });
                if ours {
                    break;
                }
            }
        }
    };
    match tokio::time::timeout(timeout, watch).await {
        Ok(result) => result,
        Err(_) => Err(Failure::new(
            Problem::new(
                "timeout",
                format!(
                    "message {id} is {} after {} s",
                    last.map_or("queued", DeliveryState::as_str),
                    timeout.as_secs_f32()
                ),
            )
            .means("it is stored; a running engine goes on with it")
            .next("wait longer with --timeout, or look at it later with `switchboard messages`"),
        )),
    }
}

/// Whether the wait is over, and how.
fn verdict(m: &Message, wait: Wait) -> Option<Result<(), Failure>> {
    let goal = match wait {
        Wait::Queued => DeliveryState::Queued,
        Wait::Accepted => DeliveryState::Accepted,
        Wait::Sent => DeliveryState::Sent,
        Wait::Delivered => DeliveryState::Delivered,
        Wait::Read => DeliveryState::Read,
    };
    match m.state {
        DeliveryState::Failed => {
            let problem = match &m.error {
                Some(e) => {
                    let what = if e.code == 0 { e.text.clone() } else { format!("{} {}", e.code, e.text) };
                    let mut p = Problem::new("failed", what);
                    p.means = e.cause.clone().unwrap_or_default();
                    p.next = e.next.clone().unwrap_or_default();
                    p
                }
                None => Problem::new("failed", "the message failed"),
            };
            Some(Err(Failure::new(problem)))
        }
        DeliveryState::Cancelled => {
            Some(Err(Failure::new(Problem::new("failed", "the message was withdrawn by an operator"))))
        }
        DeliveryState::Unknown => Some(Err(Failure::new(
            Problem::new("unknown", "the provider's answer was lost")
                .means("the message may or may not have been sent; it is not sent again by itself")
                .next(format!(
                    "`switchboard outbox check {}` looks for news; then decide whether to send it again",
                    m.id
                )),
        ))),
        state if state >= goal => Some(Ok(())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_id_is_told_from_a_name_and_a_number() {
        assert_eq!(user_id("GB.48820117365590214477"), Some(Identity::bsuid("GB.48820117365590214477")));
        for other in ["11988881234", "+1234", "Ana", "+55 11 Ana", "gb.1", "+", "GB."] {
            assert_eq!(user_id(other), None, "{other}");
        }
    }
}
