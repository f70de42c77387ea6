//! What a frame and a key cost at 200x50: `cargo bench --bench frame [-- --reps N --rounds N]`.
//!
//! First in one thread without a terminal: key, state, drawing and bytes of the product against the smallest
//! ratatui program that draws an inbox (`pty/limit.rs`), in turns. Then the real program in a pseudo-terminal,
//! hosting its engine on a seeded store, against that program (this binary itself with `--limit`).
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::print_stdout, clippy::print_stderr)]

#[path = "pty/limit.rs"]
mod limit;
mod pty;
#[path = "pty/stage.rs"]
mod stage;

use crossterm::event::{KeyCode, KeyModifiers};
use limit::Inbox;
use pty::{
    Goal, Line, Provider, Pty, SIZE, binary, config, count, cpu_us, folder, is_useful, median, percentile,
    table,
};
use ratatui::layout::Rect;
use stage::Ours;
use std::cell::Cell;
use std::io::{self, Write};
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Counts what is written.
#[derive(Clone, Default)]
struct Sink(Rc<Cell<usize>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.set(self.0.get() + bytes.len());
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

type Backend = ratatui::backend::CrosstermBackend<io::BufWriter<Sink>>;

/// The limit, drawn into the void.
struct Least {
    inbox: Inbox,
    terminal: ratatui::Terminal<Backend>,
    sink: Sink,
}

impl Least {
    fn new() -> Self {
        let sink = Sink::default();
        let out = io::BufWriter::with_capacity(1 << 16, sink.clone());
        let viewport = ratatui::Viewport::Fixed(Rect::new(0, 0, SIZE.0, SIZE.1));
        let backend = ratatui::backend::CrosstermBackend::new(out);
        let terminal =
            ratatui::Terminal::with_options(backend, ratatui::TerminalOptions { viewport }).unwrap();
        let mut least = Self { inbox: Inbox::new(1_000, 500, 136), terminal, sink };
        least.frame(|_| {});
        least
    }

    fn frame(&mut self, change: impl FnOnce(&mut Inbox)) -> (f64, f64) {
        let before = self.sink.0.get();
        let start = Instant::now();
        change(&mut self.inbox);
        self.terminal.draw(|f| self.inbox.draw(f)).unwrap();
        (start.elapsed().as_secs_f64() * 1e6, (self.sink.0.get() - before) as f64)
    }
}

type Sample = (f64, f64);

/// Runs both in turns; lines for time and bytes.
fn turns(
    what: &str,
    reps: u64,
    bytes: Goal,
    mut ours: impl FnMut(u64) -> Sample,
    mut limit: impl FnMut(u64) -> Sample,
    lines: &mut Vec<Line>,
) {
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for i in 0..reps {
        a.push(ours(i));
        b.push(limit(i));
    }
    let pick = |v: &[Sample], f: fn(&Sample) -> f64| median(&v.iter().map(f).collect::<Vec<_>>());
    lines.push((what.to_owned(), "us", pick(&a, |s| s.0), pick(&b, |s| s.0), Goal::Ratio(1.4)));
    lines.push((String::new(), "bytes", pick(&a, |s| s.1), pick(&b, |s| s.1), bytes));
}

const NONE: KeyModifiers = KeyModifiers::NONE;

fn frames(dir: &Path, name: &str, reps: u64, list: bool, lines: &mut Vec<Line>) {
    let mut ours = Ours::new(dir);
    let mut least = Least::new();
    let at = |what: &str| format!("{name}: {what}");
    turns(&at("nothing changed"), reps, Goal::None, |_| ours.unchanged(), |_| least.frame(|_| {}), lines);
    if list {
        // There and back, so that the list does not scroll.
        let step = |i: u64| if (i / 15).is_multiple_of(2) { 'j' } else { 'k' };
        turns(
            &at("the selection moves"),
            reps,
            Goal::Ratio(1.1),
            |i| ours.key(KeyCode::Char(step(i)), NONE),
            |i| {
                least.frame(|s| {
                    s.selected = if step(i) == 'j' { s.selected + 1 } else { s.selected.saturating_sub(1) }
                })
            },
            lines,
        );
        let page = |i: u64| if (i / 15).is_multiple_of(2) { KeyCode::PageDown } else { KeyCode::PageUp };
        turns(
            &at("the list scrolls a page"),
            reps,
            Goal::Ratio(1.1),
            |i| ours.key(page(i), NONE),
            |i| {
                least.frame(|s| {
                    s.selected = if page(i) == KeyCode::PageDown {
                        s.selected + 20
                    } else {
                        s.selected.saturating_sub(20)
                    }
                })
            },
            lines,
        );
    }
    ours.press(KeyCode::Enter, NONE);
    if !list {
        // Few pages, so that 50 messages are enough.
        let page = |i: u64| if i.is_multiple_of(2) { KeyCode::PageUp } else { KeyCode::PageDown };
        turns(
            &at("the conversation scrolls a page"),
            reps,
            Goal::Ratio(1.1),
            |i| ours.key(page(i), NONE),
            |i| least.frame(|s| s.scroll = if page(i) == KeyCode::PageUp { 40 } else { 0 }),
            lines,
        );
    }
    ours.press(KeyCode::Char('G'), KeyModifiers::SHIFT);
    ours.press(KeyCode::Char('r'), NONE);
    turns(
        &at("a character is typed"),
        reps,
        Goal::Most(40.0),
        |i| {
            if i % 60 == 59 {
                ours.press(KeyCode::Char('u'), KeyModifiers::CONTROL);
            }
            ours.key(KeyCode::Char('x'), NONE)
        },
        |i| {
            if i % 60 == 59 {
                least.frame(|s| s.input.clear());
            }
            least.frame(|s| s.input.push('x'))
        },
        lines,
    );
    ours.press(KeyCode::Char('u'), KeyModifiers::CONTROL);
    ours.stop();
}

/// What keys cost a program in a terminal: milliseconds to the screen, CPU microseconds, bytes, reads.
#[derive(Default)]
struct Keys {
    ms: Vec<f64>,
    cpu: Vec<f64>,
    bytes: Vec<f64>,
    chunks: Vec<f64>,
}

fn press(p: &mut Pty, keys: &str, into: &mut Keys) {
    let cpu = cpu_us(p.pid());
    let sent = p.send(keys);
    let Some(first) = p.chunk(Duration::from_secs(2)) else { return };
    let rest = p.settle(Duration::from_millis(25));
    into.ms.push((first.0 - sent).as_secs_f64() * 1e3);
    into.cpu.push(cpu_us(p.pid()) - cpu);
    into.bytes.push((first.1.len() + rest.iter().map(|c| c.1.len()).sum::<usize>()) as f64);
    into.chunks.push(1.0 + rest.len() as f64);
}

#[derive(Default)]
struct Run {
    moves: Keys,
    types: Keys,
    burst_us: Vec<f64>,
    burst_bytes: Vec<f64>,
    moves_cpu: Vec<f64>,
    types_cpu: Vec<f64>,
    idle_cpu: Vec<f64>,
    idle_bytes: Vec<f64>,
}

impl Run {
    /// `write` and `leave` lead into the line to write in and out of it.
    fn take(&mut self, p: &mut Pty, write: &str, leave: &str, empty: &str) {
        p.settle(Duration::from_millis(1_200));
        for key in ["j", "j", "j", "j", "k", "k", "k", "k"] {
            press(p, key, &mut self.moves);
        }
        self.moves_cpu.push(flood(p, &format!("{}{}", "j".repeat(500), "k".repeat(500))));
        let (cpu, start) = (cpu_us(p.pid()), Instant::now());
        let idle = p.settle(Duration::from_secs(3));
        let seconds = start.elapsed().as_secs_f64();
        self.idle_cpu.push((cpu_us(p.pid()) - cpu) / seconds);
        self.idle_bytes.push(idle.iter().map(|c| c.1.len()).sum::<usize>() as f64);
        if !write.is_empty() {
            p.send(write);
            p.settle(Duration::from_millis(100));
        }
        for key in "hello".chars() {
            press(p, &key.to_string(), &mut self.types);
        }
        let sent = p.send(&"x".repeat(50));
        let burst = p.settle(Duration::from_millis(100));
        if let Some(last) = burst.last() {
            self.burst_us.push((last.0 - sent).as_secs_f64() * 1e6 / 50.0);
            self.burst_bytes.push(burst.iter().map(|c| c.1.len()).sum::<usize>() as f64 / 50.0);
        }
        self.types_cpu.push(flood(p, &"y".repeat(1_000)));
        if !leave.is_empty() {
            p.send(empty);
            p.settle(Duration::from_millis(100));
            p.send(leave);
            p.settle(Duration::from_millis(100));
            p.send("q");
            p.settle(Duration::from_millis(100));
        }
    }
}

/// CPU of all threads for each of many keys at once, until the screen stands still.
fn flood(p: &mut Pty, keys: &str) -> f64 {
    let cpu = cpu_us(p.pid());
    p.send(keys);
    p.settle(Duration::from_millis(300));
    (cpu_us(p.pid()) - cpu) / keys.len() as f64
}

fn terminal(dir: &Path, rounds: u64) {
    let provider = Provider::start();
    let file = config(dir, &provider.api_base);
    let itself = std::env::current_exe().unwrap();
    let (mut ours, mut least) = (Run::default(), Run::default());
    for _ in 0..rounds {
        let mut p = Pty::start(&itself, &["--limit"]);
        p.until("the limit", |t| t.contains("READY"));
        least.take(&mut p, "", "", "");
        p.quit("q");
        let mut p = Pty::start(&binary(), &["--config", &file]);
        p.until("the inbox", is_useful);
        ours.take(&mut p, "\rr", "\x1b", "\x15");
        p.quit("q");
    }
    let mut lines: Vec<Line> = Vec::new();
    let mut keys = |what: &str, a: &Keys, b: &Keys, bytes: Goal| {
        let line = |m: &str, unit, f: fn(&Keys) -> &Vec<f64>, goal| {
            (format!("{what}: {m}"), unit, median(f(a)), median(f(b)), goal)
        };
        lines.push(line("key to screen", "ms", |k| &k.ms, Goal::Ratio(1.5)));
        let p95 = (percentile(&a.ms, 0.95), percentile(&b.ms, 0.95));
        lines.push((format!("{what}: key to screen, 95 %"), "ms", p95.0, p95.1, Goal::Ratio(2.0)));
        lines.push(line("CPU, all threads", "us", |k| &k.cpu, Goal::None));
        lines.push(line("bytes", "bytes", |k| &k.bytes, bytes));
        lines.push(line("reads", "", |k| &k.chunks, Goal::None));
    };
    keys("move", &ours.moves, &least.moves, Goal::None);
    keys("type", &ours.types, &least.types, Goal::Most(40.0));
    let pair = |f: fn(&Run) -> &Vec<f64>| (median(f(&ours)), median(f(&least)));
    let (us, bytes) = (pair(|r| &r.burst_us), pair(|r| &r.burst_bytes));
    lines.push(("50 keys at once: each".into(), "us", us.0, us.1, Goal::Ratio(5.0)));
    lines.push((
        "50 keys at once: each".into(),
        "bytes",
        bytes.0,
        bytes.1,
        Goal::Most(median(&ours.types.bytes)),
    ));
    for (what, f) in [
        ("1,000 moves at once: CPU of each", (|r| &r.moves_cpu) as fn(&Run) -> &Vec<f64>),
        ("1,000 characters at once: CPU of each", |r| &r.types_cpu),
    ] {
        let (a, b) = pair(f);
        lines.push((what.into(), "us", a, b, Goal::Most(100.0)));
    }
    let (cpu, bytes) = (pair(|r| &r.idle_cpu), pair(|r| &r.idle_bytes));
    lines.push(("idle: CPU a second".into(), "us", cpu.0, cpu.1, Goal::Most(200.0)));
    lines.push(("idle: written in 3 s".into(), "bytes", bytes.0, bytes.1, Goal::Most(0.0)));
    table(&format!("in a terminal, hosting the engine, {rounds} rounds in turns"), &lines);
}

fn main() {
    if std::env::args().any(|a| a == "--limit") {
        return limit::run();
    }
    let (reps, rounds) = (count("--reps", 600), count("--rounds", 5));
    let inbox = folder(50_000, 1_000);
    let mut lines = Vec::new();
    frames(&inbox, "inbox", reps, true, &mut lines);
    frames(&folder(50, 1), "50 messages", reps, false, &mut lines);
    frames(&folder(100_000, 1), "100000 messages", reps, false, &mut lines);
    table(&format!("one key or change and its frame, {reps} in turns"), &lines);
    terminal(&inbox, rounds);
}
