//! `switchboard notes`: text for colleagues in a thread, which never leaves the machine.

use super::failure::{Exit, Failure};
use super::messages::find;
use super::session::Role;
use super::{Context, Session};
use crate::model::ids::{AccountId, MessageId, ThreadId};
use crate::model::outgoing::{FieldProblem, check_note};
use crate::protocol::notes::NoteRequest;
use crate::protocol::{Request, Response};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::io::Read as _;

/// `notes`.
#[derive(Debug, Args)]
pub struct Notes {
    /// What to do
    #[command(subcommand)]
    pub action: NoteAction,
    /// Print one JSON document instead of a line; errors become {"error": …} on standard error
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do with notes.
#[derive(Debug, Subcommand)]
pub enum NoteAction {
    /// Write one; `switchboard messages` shows it among the messages
    Add {
        /// Thread id, phone number, user id, or a name that is unique
        #[arg(value_name = "THREAD")]
        thread: String,
        /// The text; `-` reads standard input
        #[arg(value_name = "TEXT", allow_hyphen_values = true)]
        text: String,
        /// Only on this account
        #[arg(long, value_name = "ID", value_parser = super::args::account)]
        account: Option<AccountId>,
    },
    /// Write one of yours anew; what it said before is kept
    Edit {
        /// The note's id: `switchboard messages --ids` shows it
        #[arg(value_name = "NOTE", value_parser = super::args::message)]
        note: MessageId,
        /// The text; `-` reads standard input
        #[arg(value_name = "TEXT", allow_hyphen_values = true)]
        text: String,
    },
    /// Delete one of yours; what it said is kept
    Delete {
        /// The note's id
        #[arg(value_name = "NOTE", value_parser = super::args::message)]
        note: MessageId,
    },
}

/// More than any note may have, in bytes.
const TEXT_BYTES: u64 = 64 * 1024;

/// What `--json` prints.
#[derive(Serialize)]
struct Document {
    note: MessageId,
    thread: ThreadId,
}

pub(super) async fn run(ctx: Context<'_>, args: Notes) -> Result<Exit, Failure> {
    // What cannot be kept needs no engine.
    let action = match args.action {
        NoteAction::Add { thread, text, account } => NoteAction::Add { thread, text: read(text)?, account },
        NoteAction::Edit { note, text } => NoteAction::Edit { note, text: read(text)? },
        delete @ NoteAction::Delete { .. } => delete,
    };
    let mut session = ctx.session(Role::Reads).await?;
    let result = match action {
        NoteAction::Add { thread, text, account } => {
            let added = add(&mut session, account.as_ref(), &thread, text).await;
            added.map(|(document, title)| (document, format!("noted at {}", crate::text::sanitize(&title))))
        }
        NoteAction::Edit { note, text } => {
            let changed = change(&mut session, NoteRequest::Edit { note, text }).await;
            changed.map(|document| (document, "the note is changed".into()))
        }
        NoteAction::Delete { note } => {
            let changed = change(&mut session, NoteRequest::Delete { note }).await;
            changed.map(|document| (document, "the note is deleted".into()))
        }
    };
    session.close().await;
    let (document, words) = result?;
    if ctx.out.json {
        ctx.out.document(&document)?;
    } else {
        ctx.out.line(&words)?;
    }
    Ok(Exit::Done)
}

/// The text, from standard input where it is `-`; checked.
fn read(text: String) -> Result<String, Failure> {
    let text = if text == "-" {
        let mut all = String::new();
        let read = std::io::stdin().take(TEXT_BYTES).read_to_string(&mut all);
        read.map_err(|e| FieldProblem::new("text", format!("standard input cannot be read: {e}")))?;
        all
    } else {
        text
    };
    let text = text.trim_end().to_owned();
    check_note(&text)?;
    Ok(text)
}

async fn change(session: &mut Session, act: NoteRequest) -> Result<Document, Failure> {
    match session.client.ask(Request::Note { act }).await? {
        Response::Noted { note, thread } => Ok(Document { note, thread }),
        _ => Err(Failure::unexpected()),
    }
}

async fn add(
    session: &mut Session,
    account: Option<&AccountId>,
    thread: &str,
    text: String,
) -> Result<(Document, String), Failure> {
    let found = find(session, account, thread).await?;
    match session.client.ask(Request::AddNote { thread: found.row.id, text }).await? {
        Response::Noted { note, thread } => Ok((Document { note, thread }, found.row.title)),
        _ => Err(Failure::unexpected()),
    }
}
