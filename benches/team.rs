//! Many terminals on one engine while customers write:
//! `cargo bench --bench team [-- --terminals 50,200 --messages N --rate N]`.
//!
//! The real program in pseudo-terminals, attached to `serve` over its socket; signed webhooks come in over HTTP. A
//! word that no screen had before tells when each terminal has drawn a message; the clock starts when the webhook's
//! 200 is here, which the engine gives after the commit.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod pty;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use pty::{
    Goal, Provider, binary, config, count, cpu_us, folder, median, option, percentile, private_mb, table,
};
use std::collections::HashMap;
use std::io::{BufRead, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};
use switchboard::store::seed::{BUSINESS, NUMBER};

const PATIENCE: Duration = Duration::from_mins(1);
/// Columns and rows of the terminals.
const SIZE: (u16, u16) = (120, 36);

/// What a terminal's reader saw: which terminal, which word, when.
type Seen = (usize, String, Instant);

/// A word for each message whose every letter differs from the one before at its place: a screen that sends only the
/// cells that changed sends all of it.
fn word(n: usize) -> String {
    let base = if n.is_multiple_of(2) { b'a' } else { b'n' };
    let mut rest = n / 2;
    let mut out = vec![if base == b'a' { b'Q' } else { b'Z' }];
    for _ in 0..7 {
        out.push(base + (rest % 13) as u8);
        rest /= 13;
    }
    String::from_utf8(out).unwrap()
}

/// The inbox in a pseudo-terminal; only its bytes are looked at, so that two hundred of them cost little.
struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
    start_ms: f64,
}

impl Terminal {
    fn start(config: &str, id: usize, seen: Sender<Seen>) -> Self {
        let size = PtySize { rows: SIZE.1, cols: SIZE.0, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(binary());
        command.args(["--config", config]);
        command.env("TERM", "xterm-256color");
        let mut reader = pair.master.try_clone_reader().unwrap();
        let started = Instant::now();
        let child = pair.slave.spawn_command(command).unwrap();
        let (tx, first) = channel();
        std::thread::spawn(move || {
            let mut tx = Some(tx);
            let mut buffer = vec![0; 65_536];
            let mut tail: Vec<u8> = Vec::new();
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                let at = Instant::now();
                tail.extend_from_slice(&buffer[..n]);
                // The name of the shown business is on the first frame with data.
                if tx.is_some() && tail.windows(5).any(|w| w == b"Bench") {
                    let _ = tx.take().unwrap().send(at);
                }
                let mut from = 0;
                while let Some(i) = tail[from..].iter().position(|b| *b == b'Q' || *b == b'Z') {
                    let start = from + i;
                    let Some(found) = tail.get(start..start + 8) else { break };
                    if found[1..].iter().all(u8::is_ascii_lowercase) {
                        let _ = seen.send((id, String::from_utf8_lossy(found).into_owned(), at));
                    }
                    from = start + 1;
                }
                // A word may be cut in two.
                let keep = tail.len().saturating_sub(8).max(from);
                tail.drain(..keep.min(tail.len()));
            }
        });
        let at = first.recv_timeout(PATIENCE).expect("a first frame");
        Self { child, _master: pair.master, start_ms: (at - started).as_secs_f64() * 1e3 }
    }

    fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Resident memory in megabytes.
fn resident_mb(pid: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    text.lines()
        .find_map(|l| l.strip_prefix("VmRSS:"))
        .and_then(|l| l.trim().trim_end_matches(" kB").parse::<f64>().ok())
        .map_or(f64::NAN, |kb| kb / 1024.0)
}

/// The engine as a service.
struct Engine {
    child: std::process::Child,
    hook: String,
}

impl Engine {
    fn start(config: &str) -> Self {
        let mut child = Command::new(binary())
            .args(["--config", config, "serve", "--json"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: serde_json::Value = serde_json::from_str(&line).unwrap();
        Self { child, hook: said["accounts"][0]["webhook"].as_str().unwrap().to_owned() }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn body(n: usize, text: &str) -> Vec<u8> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let run = std::process::id();
    format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":"{BUSINESS}","time":{now},"changes":[{{"field":"messages","value":{{"messaging_product":"whatsapp","metadata":{{"display_phone_number":"15550000000","phone_number_id":"{NUMBER}"}},"contacts":[{{"profile":{{"name":"Team"}},"wa_id":"4915100000{:03}"}}],"messages":[{{"from":"4915100000{:03}","id":"wamid.team{run}.{n}","timestamp":"{now}","type":"text","text":{{"body":"{text}"}}}}]}}}}]}}]}}"#,
        n % 5,
        n % 5,
    )
    .into_bytes()
}

struct Webhooks {
    http: reqwest::Client,
    runtime: tokio::runtime::Runtime,
    secret: String,
}

impl Webhooks {
    /// Posts a message; the time at which the 200 was here.
    fn post(&self, hook: &str, body: &[u8]) -> Instant {
        let signature = switchboard::provider::meta::webhook::sign(self.secret.as_bytes(), body);
        let request = self.http.post(hook).header("X-Hub-Signature-256", signature).body(body.to_vec());
        let status = self.runtime.block_on(async { request.send().await }).unwrap().status();
        let at = Instant::now();
        assert_eq!(status.as_u16(), 200);
        at
    }
}

/// Messages come at a steady rate; for each the time in milliseconds until every terminal had drawn it.
fn rounds(
    sender: &Webhooks,
    hook: &str,
    seen: &Receiver<Seen>,
    terminals: usize,
    numbers: std::ops::Range<usize>,
    rate: u64,
) -> (Vec<f64>, Vec<f64>, usize) {
    let (mut each, mut last, mut missed) = (Vec::new(), Vec::new(), 0);
    for n in numbers {
        let next = Instant::now() + Duration::from_millis(1000 / rate);
        let text = word(n);
        let committed = sender.post(hook, &body(n, &text));
        let mut drawn: HashMap<usize, f64> = HashMap::new();
        let give_up = committed + Duration::from_secs(5);
        while drawn.len() < terminals {
            let left = give_up.saturating_duration_since(Instant::now());
            let Ok((id, what, at)) = seen.recv_timeout(left) else { break };
            if what == text {
                // A frame may be there before the answer to the webhook is.
                let ms = at.saturating_duration_since(committed).as_secs_f64() * 1e3;
                drawn.entry(id).or_insert(ms);
            }
        }
        missed += terminals - drawn.len();
        last.push(drawn.values().copied().fold(0.0, f64::max));
        each.extend(drawn.into_values());
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    (each, last, missed)
}

fn main() {
    let sizes: Vec<usize> = option("--terminals")
        .unwrap_or_else(|| "50,200".into())
        .split(',')
        .map(|n| n.trim().parse().expect("numbers, with commas between them"))
        .collect();
    let (messages, rate) = (count("--messages", 100) as usize, count("--rate", 10));
    let dir = folder(10_000, 500);
    let provider = Provider::start();
    let config = config(&dir, &provider.api_base);
    let engine = Engine::start(&config);
    let pid = engine.child.id();
    let sender = Webhooks {
        http: switchboard::provider::http::client(true, Duration::from_secs(20)).unwrap(),
        runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
        // All secrets of the configuration are this one.
        secret: switchboard::emulator::DEMO_ACCESS_TOKEN.to_owned(),
    };
    let (tx, seen) = channel();
    let mut terminals: Vec<Terminal> = Vec::new();
    let mut number = 0;
    // The rounds before count for nothing: pages of the store are read, connections are made.
    for _ in 0..20 {
        sender.post(&engine.hook, &body(number, &word(number)));
        number += 1;
    }
    let alone_memory = private_mb(pid);
    let cpu = cpu_us(pid);
    for _ in 0..messages {
        sender.post(&engine.hook, &body(number, &word(number)));
        number += 1;
        std::thread::sleep(Duration::from_millis(1000 / rate));
    }
    let alone_cpu = (cpu_us(pid) - cpu) / messages as f64;
    for size in sizes {
        let mut starts = Vec::new();
        while terminals.len() < size {
            let terminal = Terminal::start(&config, terminals.len(), tx.clone());
            starts.push(terminal.start_ms);
            terminals.push(terminal);
        }
        std::thread::sleep(Duration::from_secs(2));
        while seen.try_recv().is_ok() {}
        let all: Vec<u32> = terminals.iter().map(Terminal::pid).collect();
        let work = || all.iter().map(|p| cpu_us(*p)).sum::<f64>();
        // Nothing happens: neither the engine nor a terminal has anything to do.
        let (engine_before, terminals_before) = (cpu_us(pid), work());
        std::thread::sleep(Duration::from_secs(5));
        let idle_engine = (cpu_us(pid) - engine_before) / 5.0;
        let idle_each = (work() - terminals_before) / 5.0 / size as f64;
        let (engine_before, terminals_before) = (cpu_us(pid), work());
        let (each, last, missed) =
            rounds(&sender, &engine.hook, &seen, size, number..number + messages, rate);
        number += messages;
        let engine_cpu = (cpu_us(pid) - engine_before) / messages as f64;
        let each_cpu = (work() - terminals_before) / messages as f64 / size as f64;
        let resident: Vec<f64> = all.iter().map(|p| resident_mb(*p)).collect();
        let private: Vec<f64> = all.iter().map(|p| private_mb(*p)).collect();
        let tight = size <= 50;
        let n = f64::NAN;
        table(
            &format!("{size} terminals on one engine, {messages} messages at {rate}/s, 120x36"),
            &[
                (
                    "start of an attached terminal to its first frame".into(),
                    "ms",
                    median(&starts),
                    n,
                    Goal::Most(40.0),
                ),
                ("resident memory of a terminal".into(), "MB", median(&resident), n, Goal::Most(12.0)),
                ("private memory of a terminal".into(), "MB", median(&private), n, Goal::Most(7.0)),
                ("private memory of the engine".into(), "MB", private_mb(pid), alone_memory, Goal::None),
                (
                    "engine's memory for each terminal".into(),
                    "MB",
                    (private_mb(pid) - alone_memory) / size as f64,
                    n,
                    Goal::None,
                ),
                ("commit to a terminal's frame, median".into(), "ms", median(&each), n, Goal::None),
                ("commit to a terminal's frame, p99".into(), "ms", percentile(&each, 0.99), n, Goal::None),
                (
                    "commit to the last terminal's frame, p99".into(),
                    "ms",
                    percentile(&last, 0.99),
                    n,
                    if tight { Goal::Most(50.0) } else { Goal::None },
                ),
                ("frames that did not come".into(), "", missed as f64, n, Goal::Most(0.0)),
                ("CPU of the engine for a message".into(), "us", engine_cpu, alone_cpu, Goal::None),
                ("CPU of a terminal for a message".into(), "us", each_cpu, n, Goal::None),
                ("CPU of the idle engine in a second".into(), "us", idle_engine, n, Goal::None),
                ("CPU of an idle terminal in a second".into(), "us", idle_each, n, Goal::Most(200.0)),
            ],
        );
    }
    println!("\nThe limit of the engine's lines is the same engine without a terminal.");
}
