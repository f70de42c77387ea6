//! What the screen benches share: programs in a pseudo-terminal, seeded folders to run on, and a table.
//!
//! Ratios to a limit that ran in turns with ours are what counts; milliseconds differ between machines.
#![allow(dead_code)]

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};
use switchboard::store::seed::{ACCOUNT, BUSINESS, NUMBER, SeedOptions, seed};

/// Columns and rows of all screens here.
pub const SIZE: (u16, u16) = (200, 50);
/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a program in a pseudo-terminal wrote: when it was read, and the bytes.
pub type Chunk = (Instant, Vec<u8>);

/// A program in a pseudo-terminal.
pub struct Pty {
    child: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    chunks: Receiver<Chunk>,
    screen: vt100::Parser,
    /// When it was started.
    pub started: Instant,
}

impl Pty {
    pub fn start(program: &Path, args: &[&str]) -> Self {
        let pair = native_pty_system()
            .openpty(PtySize { rows: SIZE.1, cols: SIZE.0, pixel_width: 0, pixel_height: 0 })
            .unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env("TERM", "xterm-256color");
        for name in ["NO_COLOR", "COLORTERM"] {
            command.env_remove(name);
        }
        let (tx, chunks) = channel();
        let mut reader = pair.master.try_clone_reader().unwrap();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 65_536];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                if tx.send((Instant::now(), buffer[..n].to_vec())).is_err() {
                    break;
                }
            }
        });
        let keys = pair.master.take_writer().unwrap();
        let started = Instant::now();
        let child = pair.slave.spawn_command(command).unwrap();
        let screen = vt100::Parser::new(SIZE.1.try_into().unwrap(), SIZE.0.try_into().unwrap(), 0);
        Self { child, _master: pair.master, keys, chunks, screen, started }
    }

    pub fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    pub fn send(&mut self, keys: &str) -> Instant {
        let now = Instant::now();
        self.keys.write_all(keys.as_bytes()).unwrap();
        now
    }

    /// The next chunk within `wait`.
    pub fn chunk(&mut self, wait: Duration) -> Option<Chunk> {
        match self.chunks.recv_timeout(wait) {
            Ok((at, bytes)) => {
                self.screen.process(&bytes);
                Some((at, bytes))
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => None,
        }
    }

    /// Everything until nothing came for `quiet`.
    pub fn settle(&mut self, quiet: Duration) -> Vec<Chunk> {
        let mut all = Vec::new();
        while let Some(chunk) = self.chunk(quiet) {
            all.push(chunk);
        }
        all
    }

    pub fn text(&self) -> String {
        self.screen.screen().contents()
    }

    /// Reads until the screen shows what is wanted; the time of the chunk that brought it.
    pub fn until(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> Instant {
        let give_up = Instant::now() + PATIENCE;
        while Instant::now() < give_up {
            if let Some((at, _)) = self.chunk(Duration::from_millis(200))
                && wanted(&self.text())
            {
                return at;
            }
        }
        panic!("did not come: {what}\n{}", self.text());
    }

    /// Sends the last key and waits for the end.
    pub fn quit(mut self, key: &str) {
        self.send(key);
        let give_up = Instant::now() + PATIENCE;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < give_up {
            self.settle(Duration::from_millis(2));
        }
        // One that does not go by itself must not stay.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program under test.
pub fn binary() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_switchboard"))
}

/// The newest frame with threads and a conversation is on the screen.
pub fn is_useful(text: &str) -> bool {
    (text.contains(" reply ") || text.contains(" template only ")) && !text.contains("loading…")
}

/// A data folder with a seeded store, made once and kept below `target/`.
pub fn folder(messages: u64, threads: u64) -> PathBuf {
    use std::os::unix::fs::DirBuilderExt;
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("screen-{messages}-{threads}"));
    let done = dir.join("done");
    if !done.exists() {
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir).unwrap();
        let options = SeedOptions { messages, threads, seed: 1, newest: now() };
        seed(&dir.join("switchboard.db"), options, &mut |n| {
            eprintln!("making the store: {n} of {messages} messages");
        })
        .unwrap();
        std::fs::write(&done, "").unwrap();
    }
    dir
}

fn now() -> i64 {
    switchboard::clock::Clock::system().now()
}

/// Writes a configuration for a folder whose provider is at `api_base`.
pub fn config(dir: &Path, api_base: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let secret = dir.join("secret");
    std::fs::write(&secret, switchboard::emulator::DEMO_ACCESS_TOKEN).unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    let secrets: String = ["access_token", "app_secret", "verify_token"]
        .map(|name| format!("{name} = {{ file = \"secret\" }}\n"))
        .concat();
    let text = format!(
        "data_dir = \".\"\n[listener]\nbind = \"127.0.0.1:0\"\n[[accounts]]\nid = \"{ACCOUNT}\"\nname = \"Bench\"\n\
         provider = \"meta\"\nenvironment = \"development\"\n\
         phone_number_id = \"{NUMBER}\"\nwaba_id = \"{BUSINESS}\"\napi_base = \"{api_base}\"\n{secrets}"
    );
    let path = dir.join("config.toml");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// An emulator in a process of its own, so that the engine has somebody to talk to.
pub struct Provider {
    child: std::process::Child,
    pub api_base: String,
}

impl Provider {
    pub fn start() -> Self {
        let mut child = Command::new(binary())
            .args(["emulate", "--no-play", "--bind", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        std::io::BufRead::read_line(&mut out, &mut line).unwrap();
        let api_base = line.split('"').nth(1).unwrap().to_owned();
        std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
        Self { child, api_base }
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Private memory of a process in megabytes.
pub fn private_mb(pid: u32) -> f64 {
    let smaps = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let kb: f64 = smaps
        .lines()
        .filter(|l| l.starts_with("Private_"))
        .filter_map(|l| l.split_ascii_whitespace().nth(1)?.parse::<f64>().ok())
        .sum();
    kb / 1024.0
}

/// CPU time of all threads of a process so far in microseconds.
pub fn cpu_us(pid: u32) -> f64 {
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return f64::NAN };
    let nanos: f64 = tasks
        .filter_map(Result::ok)
        .filter_map(|t| std::fs::read_to_string(t.path().join("schedstat")).ok())
        .filter_map(|s| s.split(' ').next()?.parse::<f64>().ok())
        .sum();
    nanos / 1000.0
}

pub fn percentile(values: &[f64], p: f64) -> f64 {
    let mut v = values.to_vec();
    v.sort_by(f64::total_cmp);
    if v.is_empty() { f64::NAN } else { v[((v.len() - 1) as f64 * p).round() as usize] }
}

pub fn median(values: &[f64]) -> f64 {
    percentile(values, 0.5)
}

/// The value of `--name VALUE` on the command line.
pub fn option(name: &str) -> Option<String> {
    std::env::args().skip_while(|a| a != name).nth(1)
}

pub fn count(name: &str, default: u64) -> u64 {
    option(name).map_or(default, |v| v.replace('_', "").parse().expect("a number"))
}

/// What a line of the table has to reach.
#[derive(Clone, Copy)]
pub enum Goal {
    /// Ours divided by the limit, at most.
    Ratio(f64),
    /// Ours, at most.
    Most(f64),
    /// For information.
    None,
}

/// One line: what, unit, ours, limit, goal.
pub type Line = (String, &'static str, f64, f64, Goal);

fn number(x: f64) -> String {
    match x {
        x if x.is_nan() => "-".into(),
        x if x.abs() >= 100.0 || x == 0.0 => format!("{x:.0}"),
        x => format!("{x:.2}"),
    }
}

/// Prints a table; nothing fails when a goal is missed.
pub fn table(title: &str, lines: &[Line]) {
    println!("\n{title}");
    println!(
        "{:<46} {:>9} {:>9} {:<6} {:>6}  {:<12} result",
        "what", "ours", "limit", "unit", "ratio", "goal"
    );
    for (what, unit, ours, limit, goal) in lines {
        let ratio = ours / limit;
        let (goal, met) = match *goal {
            Goal::Ratio(g) => (format!("<= {g} x"), Some(ratio <= g)),
            Goal::Most(g) => (format!("<= {g} {unit}"), Some(*ours <= g)),
            Goal::None => (String::new(), None),
        };
        println!(
            "{what:<46} {:>9} {:>9} {unit:<6} {:>6}  {goal:<12} {}",
            number(*ours),
            number(*limit),
            number(ratio),
            met.map_or("", |m| if m { "met" } else { "MISSED" })
        );
    }
}
