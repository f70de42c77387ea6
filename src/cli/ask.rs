//! Questions on the terminal: a line, and a line that is not shown while it is typed.

use super::failure::Failure;
use crate::config::secrets::read_file;
use crate::model::outgoing::FieldProblem;
use crate::protocol::accounts::Secret;
use crate::text::sanitize;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use secrecy::ExposeSecret;
use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::path::Path;

/// Longest line that is read, in bytes.
const LINE_MAX: u64 = 64 * 1024;

/// Whether somebody sits there who can be asked.
pub(super) fn somebody() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Gives the terminal back as it was.
struct Echo(Termios);

impl Drop for Echo {
    fn drop(&mut self) {
        // Nothing more can be done about a terminal that is gone.
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
    }
}

fn read_line() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().lock().take(LINE_MAX).read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Asks for a line. Waits: not for a thread that others need.
pub(super) async fn line(question: String) -> Result<String, Failure> {
    waiting(move || {
        write!(io::stderr(), "{} ", sanitize(&question))?;
        read_line()
    })
    .await
}

/// Asks for a secret: what is typed is not shown.
pub(super) async fn secret(question: String) -> Result<Secret, Failure> {
    let typed = waiting(move || {
        write!(io::stderr(), "{} ", sanitize(&question))?;
        let before = tcgetattr(io::stdin())?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        let echo = Echo(before);
        tcsetattr(io::stdin(), OptionalActions::Flush, &silent)?;
        let typed = read_line();
        drop(echo);
        writeln!(io::stderr())?;
        typed
    })
    .await?;
    Ok(Secret::new(&typed))
}

/// A secret out of a file that only its owner can read; `-` is standard input.
pub(super) async fn secret_in(file: &Path, field: &'static str) -> Result<Secret, Failure> {
    let file = file.to_owned();
    let text = tokio::task::spawn_blocking(move || -> Result<String, Failure> {
        if file != Path::new("-") {
            return Ok(read_file(&file)?.expose_secret().to_owned());
        }
        let mut text = String::new();
        let read = io::stdin().lock().take(LINE_MAX).read_to_string(&mut text);
        read.map_err(|e| FieldProblem::new(field, format!("cannot be read: {e}")))?;
        Ok(text)
    });
    let text = text.await.map_err(|e| io::Error::other(e.to_string()))??;
    let text = text.trim();
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(FieldProblem::new(field, "has to be one line that is not empty").into());
    }
    Ok(Secret::new(text))
}

async fn waiting(ask: impl FnOnce() -> io::Result<String> + Send + 'static) -> Result<String, Failure> {
    let answer = tokio::task::spawn_blocking(ask).await.map_err(|e| io::Error::other(e.to_string()))?;
    Ok(answer?)
}
