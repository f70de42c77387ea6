//! Line mode: the inbox as lines of text and a prompt, for screen readers, slow lines and terminals that can do nothing
//! else.
//!
//! No cursor is moved and no screen is taken: what was said stays where it was said. It is a client like any other.
//! States are words, not symbols, because they are read aloud.

mod accounts;
mod colleagues;
mod commands;
mod handling;

use super::app::woken::concerns;
use super::notify::WOKEN;
use super::run::{Left, TuiOptions, time_zone};
use super::{format, mask};
use crate::clock::Clock;
use crate::config::settings::{ReadOn, UiSettings};
use crate::model::contact::display_phone;
use crate::model::mention::is_same;
use crate::model::thread::ThreadRow;
use crate::model::{AccountId, DeliveryState, Direction, Message, MessageId, Origin, ThreadId};
use crate::protocol::client::{Client, Connection};
use crate::protocol::preferences::Preference;
use crate::protocol::{Changed, Cursor, Problem, Request, Response, Update};
use crate::text;
use jiff::tz::TimeZone;
use std::collections::BTreeSet;
use std::io::{self, BufRead as _, Write};
use std::sync::{Mutex, Once, PoisonError};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// Messages told at once when a thread is opened.
const SHOWN: u32 = 10;
/// Most new messages of one change that are told one by one.
const TOLD: usize = 20;

/// The lines that are typed. A process has one standard input, and one line mode may follow another on it.
static INPUT: Mutex<Option<mpsc::Receiver<String>>> = Mutex::new(None);
static READER: Once = Once::new();

/// Reads standard input on a thread of its own, for as long as the process lives.
fn input() -> Option<mpsc::Receiver<String>> {
    READER.call_once(|| {
        let (tx, rx) = mpsc::channel(16);
        *INPUT.lock().unwrap_or_else(PoisonError::into_inner) = Some(rx);
        let reader = std::thread::Builder::new().name("lines".into()).spawn(move || {
            for line in io::stdin().lock().lines() {
                // A line that is no text ends it like the end of the input.
                let Ok(line) = line else { break };
                if tx.blocking_send(line).is_err() {
                    break;
                }
            }
        });
        if reader.is_err() {
            *INPUT.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    });
    INPUT.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Runs line mode on standard input and output until the operator quits, the input ends, the process is told to end
/// or the engine is gone; tells which.
///
/// # Errors
/// When the time zone is unknown, or when the output fails.
pub async fn run_lines(connection: Connection, options: TuiOptions) -> anyhow::Result<Left> {
    let tz = time_zone(options.settings.timezone.as_deref())?;
    let mut end =
        [SignalKind::terminate(), SignalKind::hangup(), SignalKind::interrupt()].map(signal).into_iter();
    let mut next = || end.next().transpose();
    let (mut terminate, mut hangup, mut interrupt) = (next()?, next()?, next()?);
    let Some(mut lines) = input() else { anyhow::bail!("standard input is read already") };
    let mut talk = Talk::new(connection, io::stdout(), options, tz);
    let told = async {
        tokio::select! {
            Some(()) = async { terminate.as_mut()?.recv().await } => {}
            Some(()) = async { hangup.as_mut()?.recv().await } => {}
            Some(()) = async { interrupt.as_mut()?.recv().await } => {}
            else => std::future::pending().await,
        }
    };
    let left = tokio::select! {
        left = talk.run(&mut lines) => left,
        () = told => Ok(Left::Quit),
    };
    // The next line mode of this process goes on reading here.
    *INPUT.lock().unwrap_or_else(PoisonError::into_inner) = Some(lines);
    left
}

/// The open thread.
struct Open {
    thread: ThreadId,
    account: AccountId,
    title: String,
    older: Option<Cursor>,
    newest: i64,
    stored: Option<i64>,
}

/// One conversation with the operator.
struct Talk<W> {
    client: Client,
    out: W,
    clock: Clock,
    tz: TimeZone,
    settings: UiSettings,
    leave_when_gone: bool,
    /// Threads by the numbers they were last told with, and the message to go to.
    listed: Vec<(ThreadId, Option<MessageId>)>,
    open: Option<Open>,
    muted: BTreeSet<ThreadId>,
    /// Whom the engine takes us for.
    me: String,
    /// Lines of a reply that is being written.
    writing: Option<Vec<String>>,
    /// A reply that was not sent, because a colleague is there.
    held: Option<(Option<ThreadId>, String)>,
    gone: bool,
}

impl<W: Write> Talk<W> {
    fn new(connection: Connection, out: W, options: TuiOptions, tz: TimeZone) -> Self {
        Self {
            client: Client::new(connection),
            out,
            clock: options.clock,
            tz,
            settings: options.settings,
            leave_when_gone: options.leave_when_gone,
            listed: Vec::new(),
            open: None,
            muted: BTreeSet::new(),
            me: options.operator,
            writing: None,
            held: None,
            gone: false,
        }
    }

    async fn run(&mut self, lines: &mut mpsc::Receiver<String>) -> anyhow::Result<Left> {
        self.greet().await?;
        loop {
            if self.gone {
                self.say("the engine has stopped")?;
                return Ok(Left::EngineGone);
            }
            self.prompt()?;
            tokio::select! {
                line = lines.recv() => match line {
                    None => return Ok(Left::Quit),
                    Some(line) => if self.line(&line).await? {
                        return Ok(Left::Quit);
                    },
                },
                update = self.client.update() => match update {
                    None => self.gone = true,
                    Some(update) => self.changed(update).await?,
                },
            }
            let _ = self.leave_when_gone;
        }
    }

    /// One line, made safe: whatever strangers wrote, it stays a line.
    fn say(&mut self, words: impl AsRef<str>) -> io::Result<()> {
        let safe = text::sanitize(words.as_ref());
        let shown = mask::numbers(&safe, self.settings.mask);
        if self.settings.plain {
            let plain: String = shown.chars().filter(char::is_ascii).collect();
            writeln!(self.out, "{}", if plain.trim().is_empty() { &shown } else { plain.trim_end() })
        } else {
            writeln!(self.out, "{shown}")
        }
    }

    fn prompt(&mut self) -> io::Result<()> {
        let title = match (&self.writing, &self.open) {
            (Some(_), _) => "text".to_owned(),
            (None, Some(open)) => self.name(&open.title),
            (None, None) => "inbox".to_owned(),
        };
        let title = text::sanitize(&title).into_owned();
        write!(self.out, "{}> ", text::truncate(&title, 24))?;
        self.out.flush()
    }

    fn name(&self, title: &str) -> String {
        mask::name(&text::sanitize(title), self.settings.mask).into_owned()
    }

    fn when(&self, at: i64) -> String {
        format::short(at, self.clock.now(), &self.tz)
    }

    /// Asks the engine; a refusal is told in its three parts.
    async fn ask(&mut self, request: Request) -> io::Result<Option<Response>> {
        match self.client.ask(request).await {
            Ok(response) => Ok(Some(response)),
            Err(problem) => {
                self.gone = problem.kind == "engine_gone";
                self.problem(&problem)?;
                Ok(None)
            }
        }
    }

    fn problem(&mut self, p: &Problem) -> io::Result<()> {
        self.say(format!("not done: {}", p.what))?;
        if !p.means.is_empty() {
            self.say(format!("  {}", p.means))?;
        }
        if !p.next.is_empty() {
            self.say(format!("  next: {}", p.next))?;
        }
        Ok(())
    }

    async fn greet(&mut self) -> io::Result<()> {
        let hello = Request::hello("", "");
        let Some(Response::Hello { operator, .. }) = self.ask(hello).await? else { return Ok(()) };
        self.me.clone_from(&operator);
        self.say(format!("Switchboard in line mode, {operator}. Every line is a command; help lists them."))?;
        if let Some(Response::Preferences(all)) = self.ask(Request::Preferences).await? {
            self.muted = all.iter().filter_map(Preference::mutes).collect();
        }
        self.here(false).await;
        if let Some(Response::Accounts(all)) = self.ask(Request::Accounts).await? {
            for a in &all {
                self.say(accounts::greeting(a))?;
            }
            if all.iter().all(|a| a.threads == 0) {
                self.say("No conversations yet: they are told here when a customer writes.")?;
            } else if all.iter().any(|a| a.unread_threads > 0) {
                self.say("next opens the first unread thread, list tells the newest ones.")?;
            }
        }
        Ok(())
    }

    /// A thread in one line.
    fn thread_line(&self, n: usize, row: &ThreadRow) -> String {
        let preview = row.preview.as_ref().map(|p| {
            let who = if p.direction == Direction::Outbound { "you: " } else { "" };
            let kind = if p.kind == "text" { String::new() } else { format!("[{}] ", p.kind) };
            format!("{who}{kind}{}", p.text.chars().take(200).collect::<String>())
        });
        format!("{n}. {}: {}", self.thread_head(row), preview.unwrap_or_default())
    }

    /// Who it is, how it stands, and how long its window is open.
    fn thread_head(&self, row: &ThreadRow) -> String {
        let mut out = self.name(&row.title);
        if let Some(phone) = row.phone.as_deref().map(display_phone).filter(|p| *p != row.title) {
            out = format!("{out}, {phone}");
        }
        if row.unread > 0 {
            out = format!("{out}, {} unread", row.unread);
        }
        if row.failed > 0 {
            out = format!("{out}, {} failed", row.failed);
        }
        let window = match row.window.left(self.clock.now()) {
            Some(left) => format!("window {}", format::left_long(left)),
            None => "window closed".to_owned(),
        };
        let stands = handling::words(&row.handling, self.clock.now(), &self.tz);
        if !stands.is_empty() {
            out = format!("{out}, {stands}");
        }
        format!("{out}, {}, {window}", self.when(row.last_at))
    }

    /// A message in one or more lines.
    fn message(&mut self, m: &Message, title: &str) -> io::Result<()> {
        let who = match m.direction {
            Direction::Inbound => self.name(title),
            Direction::Outbound => match m.state {
                DeliveryState::Received => "you".to_owned(),
                DeliveryState::Noted => match &m.origin {
                    Origin::Operator(name) => self.name(name),
                    _ => "you".to_owned(),
                },
                state => format!("you ({})", state.as_str()),
            },
        };
        let kind = if m.body.kind() == "text" { String::new() } else { format!("[{}] ", m.body.kind()) };
        let head = format!("{} {who}: {kind}", self.when(m.at));
        if let Some(q) = &m.quote {
            let quoted: String = q.text.chars().take(80).collect();
            self.say(format!("  (about: {quoted})"))?;
        }
        let body = m.body.plain_text();
        let safe = text::sanitize_lines(&body).into_owned();
        let mut lines = safe.lines();
        let first = format!("{head}{}", lines.next().unwrap_or_default());
        self.say(first)?;
        for line in lines {
            self.say(format!("  {line}"))?;
        }
        if let (DeliveryState::Failed, Some(e)) = (m.state, &m.error) {
            let code = if e.code == 0 { String::new() } else { format!("{} ", e.code) };
            self.say(format!("  failed: {code}{}", e.text))?;
            if let Some(next) = &e.next {
                self.say(format!("  next: {next}; or: retry"))?;
            }
        }
        Ok(())
    }

    /// Tells what came in, and what failed.
    async fn changed(&mut self, update: Update) -> io::Result<()> {
        let mut ids = Vec::new();
        let (mut woken, mut called) = (Vec::new(), Vec::new());
        for change in update.changed {
            match change {
                Changed::SnoozeEnded { thread } => woken.push(thread),
                Changed::Mentioned { thread, by, who }
                    if by != self.me && who.iter().any(|name| is_same(name, &self.me)) =>
                {
                    called.push((thread, by));
                }
                Changed::TakenOver { thread, from, by } if from == self.me && by != self.me => {
                    self.taken(thread, &by).await?;
                }
                Changed::MessageStored { message, inbound: true, .. } => ids.push(message),
                Changed::MessageChanged { thread, message }
                    if self.open.as_ref().is_some_and(|o| o.thread == thread) =>
                {
                    ids.push(message);
                }
                Changed::AccessChanged => {}
                Changed::PreferencesChanged => {
                    if let Some(Response::Preferences(all)) = self.ask(Request::Preferences).await? {
                        self.muted = all.iter().filter_map(Preference::mutes).collect();
                    }
                }
                _ => {}
            }
        }
        if !woken.is_empty() {
            self.woken(woken).await?;
        }
        if !called.is_empty() {
            self.called(called).await?;
        }
        if ids.is_empty() {
            return Ok(());
        }
        let Some(Response::MessageRows(mut messages)) = self.ask(Request::MessageRows { ids }).await? else {
            return Ok(());
        };
        messages.retain(|m| m.direction == Direction::Inbound || m.state == DeliveryState::Failed);
        messages.sort_by_key(|m| m.at);
        let ids: Vec<ThreadId> =
            messages.iter().map(|m| m.thread).collect::<BTreeSet<_>>().into_iter().collect();
        if ids.is_empty() {
            return Ok(());
        }
        let Some(Response::ThreadRows(rows)) = self.ask(Request::ThreadRows { ids }).await? else {
            return Ok(());
        };
        let more = messages.len().saturating_sub(TOLD);
        // The prompt stands there already.
        writeln!(self.out)?;
        if self.settings.notify_bell && messages.iter().any(|m| !self.muted.contains(&m.thread)) {
            self.out.write_all(b"\x07")?;
        }
        for m in messages.iter().skip(more) {
            let Some(row) = rows.iter().find(|r| r.id == m.thread) else { continue };
            self.message(m, &row.title)?;
        }
        if more > 0 {
            self.say(format!("and {} before them", count(more as u32, "message")))?;
        }
        let open = self.open.as_ref().map(|o| o.thread);
        let here = messages.iter().filter(|m| Some(m.thread) == open).map(|m| (m.at, m.stored_at)).max();
        if let (Some((at, stored)), Some(open)) = (here, &mut self.open) {
            open.stored = open.stored.max(Some(stored));
            open.newest = open.newest.max(at);
            if self.settings.read_on != ReadOn::Reply {
                self.mark_read().await?;
            }
        }
        Ok(())
    }

    /// Tells whose snooze ended: to who has the thread, or to everybody when nobody has it.
    async fn woken(&mut self, ids: Vec<ThreadId>) -> io::Result<()> {
        let Some(Response::ThreadRows(mut rows)) = self.ask(Request::ThreadRows { ids }).await? else {
            return Ok(());
        };
        rows.retain(|r| concerns(&r.handling, &self.me));
        if rows.is_empty() {
            return Ok(());
        }
        writeln!(self.out)?;
        if self.settings.notify_bell && rows.iter().any(|r| !self.muted.contains(&r.id)) {
            self.out.write_all(b"\x07")?;
        }
        for row in rows {
            let words = format!("{WOKEN}: {}", self.name(&row.title));
            self.say(words)?;
        }
        Ok(())
    }

    /// Tells who calls this operator in a note.
    async fn called(&mut self, by: Vec<(ThreadId, String)>) -> io::Result<()> {
        let ids = by.iter().map(|(thread, _)| *thread).collect();
        let Some(Response::ThreadRows(rows)) = self.ask(Request::ThreadRows { ids }).await? else {
            return Ok(());
        };
        writeln!(self.out)?;
        for (thread, by) in by {
            let Some(row) = rows.iter().find(|r| r.id == thread) else { continue };
            if self.settings.notify_bell && !self.muted.contains(&thread) {
                self.out.write_all(b"\x07")?;
            }
            let words = format!("{} mentioned you: {}", text::sanitize(&by), self.name(&row.title));
            self.say(words)?;
        }
        Ok(())
    }

    async fn mark_read(&mut self) -> io::Result<()> {
        let Some(open) = &self.open else { return Ok(()) };
        let request =
            Request::MarkRead { thread: open.thread, upto: open.newest, stored: open.stored, receipt: true };
        self.ask(request).await?;
        Ok(())
    }
}

/// `1 message`, `3 messages`.
fn count(n: u32, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests;
