//! `switchboard follow`: what changes, line after line, for scripts.

use super::failure::{Exit, Failure};
use super::session;
use super::{Context, follow_args::Follow, signals};
use crate::protocol::client::Client;
use crate::protocol::follow::{FollowKind, FollowPage, Followed};
use crate::protocol::{Problem, Request, Response};
use crate::text::sanitize;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt as _;

/// Lines asked for at once.
const PAGE: u32 = 200;
/// How long an engine may take to be there, where nobody waits for the next one.
const SOON: Duration = Duration::from_secs(5);
/// What a cursor file begins with.
const MARK: &str = "switchboard feed ";

/// Where the place is kept.
struct CursorFile(PathBuf);

impl CursorFile {
    fn failed(&self, e: &io::Error) -> Failure {
        Failure::new(Problem::new("io", format!("cursor file {}: {e}", self.0.display())))
    }

    fn read(&self) -> Result<Option<u64>, Failure> {
        let text = match fs::read_to_string(&self.0) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(self.failed(&e)),
        };
        let place = text.strip_prefix(MARK).and_then(|n| n.trim().parse().ok());
        place.map(Some).ok_or_else(|| {
            Failure::new(
                Problem::new("usage", format!("{} is no cursor file", self.0.display()))
                    .means("it is not overwritten, because it may be something else of yours")
                    .next("name another file, or remove this one"),
            )
        })
    }

    /// The whole file or the old one, also when the power goes.
    fn write(&self, cursor: u64) -> Result<(), Failure> {
        let mut name = self.0.clone().into_os_string();
        name.push(".new");
        let new = Path::new(&name);
        let put = || -> io::Result<()> {
            let mut file =
                OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(new)?;
            writeln!(file, "{MARK}{cursor}")?;
            file.sync_data()?;
            fs::rename(new, &self.0)?;
            let folder = self.0.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
            File::open(folder)?.sync_all()
        };
        put().map_err(|e| self.failed(&e))
    }
}

/// A line for people.
fn short(line: &Followed) -> String {
    let kind = match line.kind {
        FollowKind::Message => "message",
        FollowKind::MessageChanged => "changed",
        FollowKind::Thread => "thread",
        FollowKind::ThreadJoined => "joined",
        FollowKind::Gap => "gap",
        FollowKind::Other => "other",
    };
    let mut words = vec![line.cursor.to_string(), kind.to_owned(), line.action.clone(), line.actor.clone()];
    words.extend(line.state.clone());
    words.extend(line.thread.as_ref().map(|t| t.title.clone()));
    words.iter().map(|w| sanitize(w).into_owned()).collect::<Vec<_>>().join("  ")
}

/// Gives a line to the command; an error says how it ended.
async fn execute(command: &str, json: &str) -> Result<(), Failure> {
    let failed = |what: String| {
        Failure::new(
            Problem::new("command", what)
                .means("its line counts as not dealt with")
                .next("mend the command and start again: it begins with that line"),
        )
    };
    let mut child = tokio::process::Command::new("/bin/sh")
        .arg("-c")
        .arg(command)
        .stdin(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| failed(format!("the command could not be started: {e}")))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A command need not read what it is given.
        let _ = stdin.write_all(format!("{json}\n").as_bytes()).await;
    }
    let status = child.wait().await.map_err(|e| failed(format!("the command was lost: {e}")))?;
    if status.success() { Ok(()) } else { Err(failed(format!("the command failed: {status}"))) }
}

/// Deals with lines, one after the other.
struct Follower<'c, 'a> {
    ctx: &'c mut Context<'a>,
    args: Follow,
    file: Option<CursorFile>,
    place: Option<u64>,
}

impl Follower<'_, '_> {
    fn keep(&mut self, cursor: u64) -> Result<(), Failure> {
        if self.place == Some(cursor) {
            return Ok(());
        }
        if let Some(file) = &self.file {
            file.write(cursor)?;
        }
        self.place = Some(cursor);
        Ok(())
    }

    async fn deal(&mut self, page: FollowPage) -> Result<(), Failure> {
        for line in &page.items {
            let json = serde_json::to_string(line)
                .map_err(|e| Failure::new(Problem::new("io", format!("a line cannot be written: {e}"))))?;
            match &self.args.exec {
                Some(command) => {
                    execute(command, &json).await?;
                    self.keep(line.cursor)?;
                }
                None if self.args.json => self.ctx.out.line(&json)?,
                None => self.ctx.out.line(&short(line))?,
            }
        }
        // Printed lines have left us, each by itself, before the place says so.
        self.keep(page.cursor)
    }

    /// Follows one engine until it goes; says whether everything is done.
    async fn along(&mut self, client: &mut Client) -> Result<bool, Failure> {
        loop {
            client.forget_updates();
            let request = Request::Follow { after: self.place, limit: PAGE };
            let page = match client.ask(request).await {
                Ok(Response::Followed(page)) => page,
                Ok(_) => return Err(Failure::unexpected()),
                Err(problem) if problem.kind == "engine_gone" => return Ok(false),
                Err(problem) => return Err(problem.into()),
            };
            let more = page.more;
            self.deal(page).await?;
            if more {
                continue;
            }
            if self.args.once {
                return Ok(true);
            }
            // What changed while we asked is among the updates that wait.
            if client.update().await.is_none() {
                return Ok(false);
            }
        }
    }
}

pub(super) async fn run(mut ctx: Context<'_>, args: Follow) -> Result<Exit, Failure> {
    let file = args.cursor_file.clone().map(CursorFile);
    let place = file.as_ref().map(CursorFile::read).transpose()?.flatten();
    let once = args.once;
    let mut follower = Follower { ctx: &mut ctx, args, file, place };
    let follow = async {
        loop {
            let give_up = once.then(|| Instant::now() + SOON);
            let (target, env) = (follower.ctx.target(), follower.ctx.env);
            // Nothing changes where no engine runs: one of our own would be of no use.
            let now = session::await_engine(target, env, Some(give_up.unwrap_or_else(Instant::now))).await?;
            let line = match now {
                Some(line) => line,
                None if once => {
                    return Err(Failure::engine(
                        Problem::new("no_engine", "no engine runs")
                            .next("start the inbox or `switchboard serve`"),
                    ));
                }
                None => {
                    follower.ctx.out.remark("no engine runs: waiting for one");
                    let (target, env) = (follower.ctx.target(), follower.ctx.env);
                    let Some(line) = session::await_engine(target, env, None).await? else { continue };
                    line
                }
            };
            if follower.along(&mut Client::new(line.connection)).await? {
                return Ok(Exit::Done);
            }
        }
    };
    tokio::select! {
        result = follow => result,
        // The place is written after each line, so an end in between repeats one at most.
        ended = signals::ended() => ended.map(|()| Exit::Done).map_err(Failure::from),
    }
}
