//! `switchboard threads export THREAD`.

use super::args::{Format, account};
use super::failure::{Exit, Failure};
use super::session::Role;
use super::{Context, Session, messages};
use crate::clock::Millis;
use crate::export::file::{FileProblem, PrivateFile};
use crate::export::{self, About, Writer};
use crate::model::contact::{IdentityKind, display_phone};
use crate::model::delivery::DeliveryState;
use crate::model::ids::AccountId;
use crate::protocol::{Place, Problem, Request, Response};
use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;
use serde::Serialize;
use std::path::PathBuf;

/// Messages asked for at a time.
const PAGE: u32 = 500;

/// In which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// Lines to read
    Text,
    /// One JSON document a line, a message each
    Jsonl,
    /// A page for a browser, without scripts
    Html,
}

/// `threads export`.
#[derive(Debug, Args)]
pub struct Export {
    /// Thread id, phone number, user id, or a name that is unique
    #[arg(value_name = "THREAD")]
    pub thread: String,
    /// Only on this account
    #[arg(long, value_name = "ID", value_parser = account)]
    pub account: Option<AccountId>,
    /// In which form [default: by the end of the file's name, else text]
    #[arg(long, value_enum, value_name = "FORM")]
    pub format: Option<Form>,
    /// Write to this file, readable for you only [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long, requires = "out")]
    pub force: bool,
    /// Output
    #[command(flatten)]
    pub json: Format,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Document {
    messages: u64,
    bytes: u64,
    file: Option<PathBuf>,
}

/// Where it goes.
enum Sink {
    File(PrivateFile),
    Standard(u64),
}

impl Sink {
    fn put(&mut self, ctx: &mut Context<'_>, piece: &str) -> Result<(), Failure> {
        match self {
            Self::File(file) => file.more(piece.as_bytes()).map_err(refused),
            Self::Standard(bytes) => {
                *bytes += piece.len() as u64;
                ctx.out.out().write_all(piece.as_bytes())?;
                Ok(())
            }
        }
    }

    fn bytes(&self) -> u64 {
        match self {
            Self::File(file) => file.bytes(),
            Self::Standard(bytes) => *bytes,
        }
    }
}

fn refused(e: FileProblem) -> Failure {
    match e {
        FileProblem::Exists(path) => Problem {
            field: Some("out".into()),
            ..Problem::new("field", format!("out: {} exists already", path.display()))
                .next("name another file, or replace it with --force")
        }
        .into(),
        FileProblem::Failed(why) => Problem::new("io", format!("the export was not written: {why}")).into(),
    }
}

pub(super) async fn run(mut ctx: Context<'_>, args: Export) -> Result<Exit, Failure> {
    if args.out.is_none() && args.json.json {
        return Err(Problem {
            field: Some("out".into()),
            ..Problem::new("field", "out: --json says what was written, so a file is needed")
                .next("name it with --out; --format jsonl prints the messages as JSON")
        }
        .into());
    }
    // Before anything is asked: a name that cannot be used costs nothing.
    let mut sink = match &args.out {
        Some(path) => Sink::File(PrivateFile::open(path, args.force).map_err(refused)?),
        None => Sink::Standard(0),
    };
    let mut session = ctx.session(Role::Reads).await?;
    let result = write(&mut ctx, &mut session, &args, &mut sink).await;
    session.close().await;
    let messages = result?;
    let bytes = sink.bytes();
    match sink {
        Sink::File(file) => file.end().map_err(refused)?,
        Sink::Standard(_) => ctx.out.out().flush()?,
    }
    if ctx.out.json {
        ctx.out.document(&Document { messages, bytes, file: args.out })?;
    } else if let Some(path) = &args.out {
        let s = if messages == 1 { "" } else { "s" };
        ctx.out.line(&crate::text::sanitize(&format!("{messages} message{s} in {}", path.display())))?;
    }
    Ok(Exit::Done)
}

async fn write(
    ctx: &mut Context<'_>,
    session: &mut Session,
    args: &Export,
    sink: &mut Sink,
) -> Result<u64, Failure> {
    let detail = messages::find(session, args.account.as_ref(), &args.thread).await?;
    let form = match args.format {
        Some(Form::Text) => export::Format::Text,
        Some(Form::Jsonl) => export::Format::Jsonl,
        Some(Form::Html) => export::Format::Html,
        None => {
            export::Format::of_name(&args.out.as_ref().map_or(String::new(), |p| p.to_string_lossy().into()))
        }
    };
    let about = About {
        title: detail.row.title.clone(),
        phone: detail.contact.identity(IdentityKind::Phone).map(display_phone).unwrap_or_default(),
        account: detail.row.account.to_string(),
    };
    let zone = ctx.checked.ui.timezone.as_deref().and_then(|z| TimeZone::get(z).ok());
    let now: Millis = ctx.clock.now();
    let mut writer = Writer::new(form, about, zone.unwrap_or_else(TimeZone::system), now);
    sink.put(ctx, &writer.head())?;
    let mut place = Place::Oldest;
    loop {
        let request = Request::Messages { thread: detail.row.id, place, limit: PAGE };
        let Response::Messages { items, newer, .. } = session.client.ask(request).await? else {
            return Err(Failure::unexpected());
        };
        for m in items.iter().filter(|m| m.state != DeliveryState::Cancelled) {
            sink.put(ctx, &writer.message(m))?;
        }
        match newer {
            Some(next) => place = Place::After(next),
            None => break,
        }
    }
    sink.put(ctx, &writer.tail())?;
    Ok(writer.count())
}
