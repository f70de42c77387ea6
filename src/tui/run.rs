//! The loop: signals, keys, frames of the engine, deadlines; then one frame for all that came.
//!
//! It has a thread of its own with a runtime of its own, so that nothing the engine does stands before a key.
//! When nothing happens, nothing runs.

use super::app::files::{Heard, Look};
use super::app::{App, Effect, Event};
use super::canvas::Canvas;
use super::editor;
use super::hyperlinks;
use super::keyboard;
use super::keymap;
use super::links;
use super::notify::Channel;
#[cfg(feature = "desktop-notify")]
use super::notify::Way;
use super::outside::{self, FileStep};
use super::query::{Query, Reply, Taken};
use super::reading;
use super::terminal::{self, Guard};
use super::theme::{self, Depth, Theme};
use crate::clock::Clock;
use crate::config::settings::UiSettings;
use crate::protocol::ClientFrame;
use crate::protocol::client::Connection;
use anyhow::Context as _;
use crossterm::event::{Event as TerminalEvent, KeyEvent, MouseButton, MouseEventKind};
use jiff::tz::TimeZone;
use rustix::process::{Signal, kill_current_process_group};
use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Events handled before a frame is drawn: a flood of them cannot keep the screen from changing.
const DRAIN: usize = 256;
/// The screen is drawn without its data after this long.
const FIRST: Duration = Duration::from_millis(100);
/// A process that nobody can stop goes on after this long.
const NOT_STOPPED: Duration = Duration::from_millis(300);

/// Keys wait at most this long for the place that the last screen left.
const HOLD: Duration = Duration::from_secs(3);

/// What the screen needs besides a connection.
#[derive(Clone, Debug)]
pub struct TuiOptions {
    /// Colours, mouse, notifications, time zone.
    pub settings: UiSettings,
    /// Where "now" comes from.
    pub clock: Clock,
    /// The operator's name, until the engine says whom it takes the client for.
    pub operator: String,
    /// End with [`Left::EngineGone`] as soon as the engine is gone, instead of saying so and waiting for the
    /// operator.
    pub leave_when_gone: bool,
}

/// Why the screen ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// The operator quit, or the process was told to end.
    Quit,
    /// The engine went away, and the operator left after that or [`TuiOptions::leave_when_gone`] is set.
    EngineGone,
}

/// What the outer thread tells the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// The process is to end.
    End,
    /// Somebody pressed what interrupts, in an editor that shares our terminal, or means us.
    Interrupted,
    /// The process was stopped and goes on.
    Continued,
}

/// Runs the inbox on this process's terminal until the operator quits, the process is told to end or, if wanted,
/// the engine is gone; tells which.
///
/// # Errors
/// When standard input or output is no terminal, when the time zone is unknown, or when the terminal fails.
pub async fn run(connection: Connection, options: TuiOptions) -> anyhow::Result<Left> {
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        anyhow::bail!("the inbox needs a terminal: run it without redirecting input or output");
    }
    let tz = time_zone(options.settings.timezone.as_deref())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut continued = signal(SignalKind::from_raw(Signal::CONT.as_raw()))?;
    // Whoever stops waiting for the screen gets the terminal back.
    let _give_back = GiveBack;
    let (end, ended) = mpsc::channel(4);
    let (done, mut result) = tokio::sync::oneshot::channel();
    let outside = tokio::runtime::Handle::current();
    std::thread::Builder::new().name("screen".into()).spawn(move || {
        // Without descriptors to wait for, the thread sleeps on a futex: waking it costs no write.
        let result = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(anyhow::Error::from)
            .and_then(|runtime| runtime.block_on(screen(connection, options, tz, ended, outside)));
        // Nobody waits any more when the process is ending.
        let _ = done.send(result);
    })?;
    loop {
        let told = tokio::select! {
            biased;
            _ = terminate.recv() => Told::End,
            _ = hangup.recv() => Told::End,
            _ = interrupt.recv() => Told::Interrupted,
            _ = continued.recv() => Told::Continued,
            result = &mut result => return result.context("the screen has stopped")?,
        };
        // Full means that it was told before.
        let _ = end.try_send(told);
    }
}

struct GiveBack;

impl Drop for GiveBack {
    fn drop(&mut self) {
        super::terminal::leave();
    }
}

/// The time zone to show times in: the one named, else the machine's.
///
/// Its file is read directly first: the library looks through the whole database for a name, which costs more
/// than the first frame.
pub(super) fn time_zone(name: Option<&str>) -> anyhow::Result<TimeZone> {
    let direct = match name {
        Some(name) if name.starts_with(|c: char| c.is_ascii_alphabetic()) && !name.contains("..") => {
            std::fs::read(format!("/usr/share/zoneinfo/{name}")).ok()
        }
        None if std::env::var_os("TZ").is_none() => std::fs::read("/etc/localtime").ok(),
        _ => None,
    };
    if let Some(zone) = direct.and_then(|bytes| TimeZone::tzif(name.unwrap_or("local"), &bytes).ok()) {
        return Ok(zone);
    }
    match name {
        Some(name) => TimeZone::get(name)
            .with_context(|| format!("unknown time zone `{name}`: expected a name such as Europe/Lisbon")),
        None => Ok(TimeZone::system()),
    }
}

/// What a screen whose engine went away leaves to the next one of this process.
static LEFT: Mutex<Option<super::app::Left>> = Mutex::new(None);

/// The state of drawing.
struct Screen {
    app: App,
    guard: Guard,
    canvas: Canvas,
    extra: Vec<u8>,
    channel: Channel,
    query: Query,
    settings: UiSettings,
    /// What was fetched on the side comes back here.
    later: mpsc::Sender<Event>,
    /// What opens web addresses, where the operator would see it.
    browser: Option<String>,
    /// Stops the command that runs.
    pipe: Option<outside::Stop>,
    /// Takes the steps of the file that is written.
    file: Option<std::sync::mpsc::Sender<FileStep>>,
    /// Asks for the next piece of the file that is attached.
    reading: Option<std::sync::mpsc::Sender<()>>,
    /// Tells what came of opening one.
    opened: mpsc::Sender<Result<(), String>>,
    quit: bool,
    suspend: bool,
    /// A text for the operator's editor.
    edit: Option<(String, &'static str)>,
    /// The runtime that has sockets.
    #[cfg(feature = "desktop-notify")]
    outside: Handle,
}

async fn screen(
    connection: Connection,
    options: TuiOptions,
    tz: TimeZone,
    mut told: mpsc::Receiver<Told>,
    #[cfg_attr(
        not(feature = "desktop-notify"),
        allow(unused_variables, reason = "only desktop notifications need it")
    )]
    outside: Handle,
) -> anyhow::Result<Left> {
    let Connection { requests, mut frames } = connection;
    let env = |name: &str| std::env::var(name).ok();
    let (theme, theme_problem) = Theme::for_settings(&options.settings, env, None);
    let channel = Channel::choose(&options.settings, env);
    let size = crossterm::terminal::size()?;
    let (mut app, first) = App::new(options.clock.clone(), tz, theme, &options.operator, size);
    app.apply(&options.settings);
    if let Some(left) = LEFT.lock().unwrap_or_else(PoisonError::into_inner).take() {
        app.go_on(left);
    }
    if let Some(problem) = theme_problem {
        app.complain(&problem);
    }
    let hold_end = Instant::now() + HOLD;
    let (later, mut side) = mpsc::channel(4);
    let (keys, problems) = keymap::load(&options.settings.keys);
    app.set_keys(keys, &problems);
    let (opened, mut opening) = mpsc::channel(4);
    let guard = Guard::enter(options.settings.mouse)?;
    let mut s = Screen {
        app,
        guard,
        canvas: Canvas::new(size.0, size.1)
            .with_hyperlinks(hyperlinks::wanted(options.settings.hyperlinks, env)),
        extra: Vec::new(),
        channel,
        query: Query::default(),
        settings: options.settings.clone(),
        later,
        browser: links::browser(env, std::path::Path::is_file),
        pipe: None,
        file: None,
        reading: None,
        opened,
        quit: false,
        suspend: false,
        edit: None,
        #[cfg(feature = "desktop-notify")]
        outside,
    };
    s.effects(first, &requests);
    let mut keys = keyboard::listen();
    let started = Instant::now();
    let mut shown = false;
    let mut last_frame: Option<Instant> = None;
    // What the operator does is seen at once; what the engine does at most once in a frame's time.
    let mut urgent = false;
    loop {
        let now = Instant::now();
        let frame_at = if !shown && !s.app.is_ready() {
            Some(started + FIRST)
        } else if s.app.is_waiting() {
            None
        } else if s.app.is_dirty() || !s.extra.is_empty() {
            Some(last_frame.filter(|_| !urgent).map_or(now, |t| t + options.settings.frame))
        } else {
            None
        };
        if frame_at.is_some_and(|t| t <= now) {
            s.draw()?;
            if !std::mem::replace(&mut shown, true) {
                s.ask_terminal(&options.clock, env);
            }
            urgent = false;
            last_frame = Some(now);
            continue;
        }
        let deadline = s.app.deadline().map(|at| {
            let left = u64::try_from(at - options.clock.now()).unwrap_or(0);
            // A clock may be set back; looking again after a minute costs nothing.
            now + Duration::from_millis(left.min(60_000))
        });
        // Keys wait for the place that they were meant for, but not for ever.
        let hold = (s.app.restoring() && Instant::now() < hold_end).then_some(hold_end);
        let wake = [frame_at, deadline, hold].into_iter().flatten().min();
        let sleep = async {
            match wake {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            Some(told) = told.recv() => match told {
                Told::End | Told::Interrupted => s.update(Event::Terminate, &requests),
                Told::Continued => s.reopen(&requests)?,
            },
            batch = keys.recv(), if hold.is_none() => {
                let batch = batch.context("the terminal is gone")?;
                urgent = true;
                for event in batch {
                    s.input(event, &requests)?;
                }
            }
            Some(event) = side.recv() => s.update(event, &requests),
            frame = frames.recv(), if !s.app.gone => match frame {
                Some(frame) => s.update(Event::Frame(frame), &requests),
                None => s.update(Event::EngineGone, &requests),
            },
            Some(result) = opening.recv() => s.update(Event::Opened(result), &requests),
            () = sleep => s.update(Event::Deadline, &requests),
        }
        for _ in 0..DRAIN {
            let held = s.app.restoring() && Instant::now() < hold_end;
            if let Some(batch) = (!held).then(|| keys.try_recv().ok()).flatten() {
                urgent = true;
                for event in batch {
                    s.input(event, &requests)?;
                }
            } else if let Ok(frame) = frames.try_recv() {
                s.update(Event::Frame(frame), &requests);
            } else {
                break;
            }
        }
        s.update(Event::Settle, &requests);
        if s.app.gone && (s.quit || options.leave_when_gone) {
            *LEFT.lock().unwrap_or_else(PoisonError::into_inner) = Some(s.app.leave());
            return Ok(Left::EngineGone);
        }
        if s.quit {
            return Ok(Left::Quit);
        }
        if let Some(text) = s.edit.take() {
            let away = keyboard::call_away();
            let result = s.edit(&text.0, text.1, &mut told, &requests).await;
            s.reopen(&requests)?;
            drop(away);
            s.update(Event::Edited(result), &requests);
        }
        if std::mem::take(&mut s.suspend) {
            terminal::leave();
            // The whole job, so that the shell sees it stopped also behind `cargo run`.
            kill_current_process_group(Signal::TSTP)?;
            // The stop is over when this is told; a process without a shell is not stopped at all.
            if let Ok(Some(Told::End | Told::Interrupted)) =
                tokio::time::timeout(NOT_STOPPED, told.recv()).await
            {
                s.update(Event::Terminate, &requests);
            }
            s.reopen(&requests)?;
        }
    }
}

impl Screen {
    fn update(&mut self, event: Event, requests: &mpsc::Sender<ClientFrame>) {
        let effects = self.app.update(event);
        self.effects(effects, requests);
    }

    fn input(&mut self, event: TerminalEvent, requests: &mpsc::Sender<ClientFrame>) -> anyhow::Result<()> {
        let event = match event {
            TerminalEvent::Key(key) => {
                self.key(key, requests);
                return Ok(());
            }
            TerminalEvent::Paste(block) => Event::Paste(block),
            TerminalEvent::FocusGained => Event::Focus(true),
            TerminalEvent::FocusLost => Event::Focus(false),
            TerminalEvent::Resize(..) => return self.resize(requests),
            TerminalEvent::Mouse(m) => match m.kind {
                MouseEventKind::ScrollUp => Event::Wheel { up: true, x: m.column },
                MouseEventKind::ScrollDown => Event::Wheel { up: false, x: m.column },
                MouseEventKind::Down(MouseButton::Left) => Event::Click { x: m.column, y: m.row },
                _ => return Ok(()),
            },
        };
        self.update(event, requests);
        Ok(())
    }

    fn key(&mut self, key: KeyEvent, requests: &mpsc::Sender<ClientFrame>) {
        match self.query.take(key, self.app.clock.now()) {
            Taken::Keys(keys) => {
                for key in keys {
                    self.update(Event::Key(key), requests);
                }
            }
            Taken::Part => {}
            Taken::Reply(Reply::Name(name)) => self.channel.named(&name),
            Taken::Reply(Reply::Light(light)) => {
                let env = |name: &str| std::env::var(name).ok();
                let (theme, _) = Theme::for_settings(&self.settings, env, Some(light));
                if self.app.theme.name != theme.name {
                    self.app.retheme(theme);
                }
            }
        }
    }

    /// Asks the terminal what only it knows, with the bytes of the next frame. Nothing waits for the answer.
    fn ask_terminal(&mut self, clock: &Clock, env: impl Fn(&str) -> Option<String>) {
        let colour = self.settings.theme == "auto" && Depth::of(self.settings.color, &env) != Depth::None;
        let bytes = self.query.ask(colour, self.channel.wants_name(), clock.now(), env);
        self.extra.extend(bytes);
    }

    /// Takes the terminal back after the process was stopped.
    fn reopen(&mut self, requests: &mpsc::Sender<ClientFrame>) -> anyhow::Result<()> {
        self.guard.reopen()?;
        self.canvas.invalidate();
        self.app.redraw();
        self.resize(requests)
    }

    fn resize(&mut self, requests: &mpsc::Sender<ClientFrame>) -> anyhow::Result<()> {
        let (columns, rows) = crossterm::terminal::size()?;
        if self.app.size != (columns, rows) {
            self.canvas.resize(columns, rows);
            self.update(Event::Resize(columns, rows), requests);
        }
        Ok(())
    }

    fn effects(&mut self, effects: Vec<Effect>, requests: &mpsc::Sender<ClientFrame>) {
        for effect in effects {
            match effect {
                Effect::Send(frame) => {
                    use mpsc::error::TrySendError;
                    match requests.try_send(*frame) {
                        Ok(()) => {}
                        // The screen never waits: a request that finds no room is refused like any other.
                        Err(TrySendError::Full(frame)) => {
                            let problem = crate::protocol::Problem::new("busy", "the engine is busy")
                                .next("try again in a moment");
                            let answer =
                                crate::protocol::ServerFrame::Answer { id: frame.id, result: Err(problem) };
                            self.update(Event::Frame(answer), requests);
                        }
                        Err(TrySendError::Closed(_)) => {
                            if !self.app.gone {
                                self.update(Event::EngineGone, requests);
                            }
                        }
                    }
                }
                Effect::Copy(text) => self.extra.extend(clipboard(&text)),
                Effect::Pipe { command, input } => {
                    let later = self.later.clone();
                    self.pipe = Some(outside::pipe(command, input, move |piped| {
                        // Nobody listens any more when the screen is gone.
                        let _ = later.blocking_send(Event::Piped(Box::new(piped)));
                    }));
                }
                Effect::StopPipe => {
                    if let Some(pipe) = self.pipe.take() {
                        pipe.stop();
                    }
                }
                Effect::File(step) => self.file(step),
                Effect::Files(look) => self.look(look),
                Effect::Open(link) => self.open(link, requests),
                Effect::Notify(note) => {
                    self.extra.extend(self.channel.bytes(&note));
                    #[cfg(feature = "desktop-notify")]
                    if self.channel.way == Way::Desktop {
                        self.outside.spawn(super::notify::desktop(note));
                    }
                }
                Effect::ReadThemes => {
                    let folder = self.settings.themes.clone();
                    let depth = Depth::of(self.settings.color, |name: &str| std::env::var(name).ok());
                    let later = self.later.clone();
                    let reader = std::thread::Builder::new().name("themes".into()).spawn(move || {
                        // Nobody listens any more when the screen is gone.
                        let _ =
                            later.blocking_send(Event::Themes(theme::installed(folder.as_deref(), depth)));
                    });
                    if let Err(error) = reader {
                        tracing::warn!(%error, "themes were not read");
                    }
                }
                Effect::Redraw => self.canvas.invalidate(),
                Effect::Edit { text, name } => self.edit = Some((text, name)),
                Effect::Suspend => self.suspend = true,
                Effect::Quit => self.quit = true,
            }
        }
    }

    /// Hands a step of writing a file to the thread that writes it.
    fn file(&mut self, step: FileStep) {
        if let FileStep::Open { path, replace } = step {
            let home = std::env::var_os("HOME").map(std::path::PathBuf::from);
            let path = match (path.strip_prefix("~"), home) {
                (Ok(rest), Some(home)) => home.join(rest),
                _ => path,
            };
            let later = self.later.clone();
            self.file = Some(outside::file(path, replace, move |result| {
                let _ = later.blocking_send(Event::File(result));
            }));
        } else if let Some(file) = &self.file {
            // One that has failed has said so.
            let _ = file.send(step);
        }
    }

    /// Reads the operator's files, on threads of their own.
    fn look(&mut self, look: Look) {
        // Nobody listens any more when the screen is gone.
        let later = self.later.clone();
        match look {
            Look::Read { id, path } => {
                let path = reading::path_of(&path, reading::home().as_deref());
                self.reading = Some(reading::read(path, move |piece| {
                    let _ = later.blocking_send(Event::Files(Heard::Piece(id, piece)));
                }));
            }
            Look::On => {
                if let Some(next) = &self.reading {
                    // One that has ended has said so.
                    let _ = next.send(());
                }
            }
            Look::Stop => self.reading = None,
            Look::Names(typed) => {
                let looked = std::thread::Builder::new().name("names".into()).spawn(move || {
                    let names = reading::names(&typed, reading::home().as_deref());
                    let _ = later.blocking_send(Event::Files(Heard::Names(names)));
                });
                if let Err(error) = looked {
                    tracing::warn!(%error, "a folder was not read");
                }
            }
        }
    }

    /// Opens a link on a thread of its own; where there is no browser it goes to the clipboard.
    fn open(&mut self, link: String, requests: &mpsc::Sender<ClientFrame>) {
        let Some(program) = self.browser.clone() else {
            self.extra.extend(clipboard(&link));
            self.update(Event::LinkCopied, requests);
            return;
        };
        let opened = self.opened.clone();
        let started = std::thread::Builder::new().name("link".into()).spawn(move || {
            // Nobody listens any more when the screen has been left.
            let _ = opened.blocking_send(links::open(&program, &link));
        });
        if let Err(e) = started {
            self.update(Event::Opened(Err(e.to_string())), requests);
        }
    }

    /// Lends the terminal to the operator's editor until it ends. What the engine says meanwhile waits. A process
    /// that is to end ends the editor first, and keeps what was saved in it.
    async fn edit(
        &mut self,
        text: &str,
        name: &str,
        told: &mut mpsc::Receiver<Told>,
        requests: &mpsc::Sender<ClientFrame>,
    ) -> editor::Edited {
        terminal::leave();
        let program = editor::program(|name| std::env::var(name).ok());
        let running = editor::Running::start(&program, text, name)?;
        let pid = running.pid();
        let ending = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&ending);
        let (done, mut result) = tokio::sync::oneshot::channel();
        std::thread::Builder::new()
            .name("editor".into())
            .spawn(move || {
                // Somebody waits for it, here below.
                let _ = done.send(running.wait(&program, || asked.load(Ordering::SeqCst)));
            })
            .map_err(|e| e.to_string())?;
        loop {
            tokio::select! {
                biased;
                Some(told) = told.recv() => if told == Told::End {
                    ending.store(true, Ordering::SeqCst);
                    if let Some(pid) = pid {
                        editor::end(pid);
                    }
                },
                result = &mut result => {
                    if ending.load(Ordering::SeqCst) {
                        // The text comes in before the process ends: what is written next is the draft.
                        let edited = result.unwrap_or_else(|_| Err("it was lost".into()));
                        self.update(Event::Edited(edited), requests);
                        self.update(Event::Terminate, requests);
                        return Err("the process is ending".into());
                    }
                    return result.unwrap_or_else(|_| Err("it was lost".into()));
                }
            }
        }
    }

    fn draw(&mut self) -> anyhow::Result<()> {
        let bytes = self.canvas.frame(&mut self.app, &self.extra);
        if !bytes.is_empty() {
            self.guard.write(bytes)?;
        }
        self.extra.clear();
        Ok(())
    }
}

/// Puts text on the terminal's clipboard (OSC 52).
fn clipboard(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    // Writing to a vector does not fail.
    let _ = crossterm::execute!(out, crossterm::clipboard::CopyToClipboard::to_clipboard_from(text));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_zone_is_found_by_name_and_nonsense_is_refused() {
        let zone = time_zone(Some("America/Sao_Paulo")).unwrap();
        assert_eq!(super::super::format::clock(1_763_718_000_000, &zone), "06:40");
        for bad in ["Nowhere/Else", "../../etc/passwd", ""] {
            assert!(time_zone(Some(bad)).is_err(), "{bad}");
        }
        assert!(time_zone(None).is_ok());
    }

    #[test]
    fn the_clipboard_sequence_is_osc_52() {
        assert_eq!(clipboard("hi"), b"\x1b]52;c;aGk=\x1b\\");
    }
}
