//! Webhooks in: `cargo bench --bench ingest [-- --requests N] [--rounds N] [--stored N]`.
//!
//! A sender posts signed webhooks with different ids over loopback, one at a time on each kept connection. The limit
//! is the smallest receiver that may answer 200: hyper, signature, JSON, the raw row in SQLite (WAL,
//! `synchronous=FULL`), one commit for all that wait. Ours stores message, counters and search index too. Both run as
//! processes of their own and take turns; then ours is killed under load and its store compared with what it
//! acknowledged.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::print_stderr)]

mod common;

use common::{Goal, Line, count, folder, median, option, private_memory, process_cpu, table};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rusqlite::Connection;
use secrecy::SecretString;
use std::collections::HashSet;
use std::convert::Infallible;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use switchboard::clock::Clock;
use switchboard::config::settings::{AccountSettings, EngineSettings, ListenerSettings};
use switchboard::engine::Engine;
use switchboard::model::event::AccountSpec;
use switchboard::model::ids::AccountId;
use switchboard::provider::meta::webhook::{sign, verify_signature};
use switchboard::store::seed::{self, SeedOptions};
use switchboard::webhook::Listener;
use tokio::sync::{mpsc, oneshot};

const SECRET: &str = "bench-secret";
/// Customers who write.
const PEOPLE: u64 = 500;

fn main() {
    match option("--serve").as_deref() {
        Some("ours") => serve_ours(&option("--dir").map(PathBuf::from).unwrap()),
        Some("limit") => serve_limit(&option("--dir").map(PathBuf::from).unwrap()),
        _ => measure(),
    }
}

// ---- the receivers

/// Says where it listens and lives until standard input closes.
fn announce(path: &str) {
    println!("{path}");
    std::io::stdout().flush().unwrap();
}

fn wait_for_end() {
    let _ = std::io::stdin().read(&mut [0]);
}

fn serve_ours(dir: &Path) {
    let secret = SecretString::from(SECRET);
    let settings = EngineSettings {
        data_dir: dir.to_owned(),
        listener: ListenerSettings {
            bind: ([127, 0, 0, 1], 0).into(),
            public_url: None,
            body_limit: 4 << 20,
            actions_token: None,
        },
        accounts: vec![AccountSettings {
            spec: AccountSpec {
                id: AccountId::new(seed::ACCOUNT),
                name: "Bench".into(),
                provider: "meta".into(),
                environment: "development".into(),
                number: seed::NUMBER.into(),
                business: seed::BUSINESS.into(),
            },
            // Nobody is there: the sync fails and waits.
            api_base: "http://127.0.0.1:9".into(),
            api_version: "v25.0".into(),
            access_token: secret.clone(),
            app_secret: secret.clone(),
            verify_token: secret,
            subscribe: false,
            read_receipts: false,
        }],
        undo: Duration::ZERO,
        keep_webhooks: Duration::from_hours(24),
        keep_webhooks_bytes: 1 << 30,
        keep_activity: Duration::ZERO,
        keep_files: Duration::from_hours(24),
        keep_files_bytes: 1 << 30,
        silence: Duration::from_mins(30),
        late: Duration::from_mins(5),
        template_age: Duration::from_hours(24),
        serve_listener: true,
        background: true,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let engine = Engine::start(settings.clone(), Clock::system()).await.unwrap();
        let listener = Listener::start(&engine, &settings.listener).await.unwrap();
        announce(&engine.listener_url(&AccountId::new(seed::ACCOUNT)).unwrap());
        tokio::task::spawn_blocking(wait_for_end).await.unwrap();
        listener.stop().await;
        engine.stop().await;
    });
}

struct Job {
    ids: Vec<String>,
    body: Bytes,
    done: oneshot::Sender<()>,
}

fn ids_of(body: &[u8]) -> Option<Vec<String>> {
    let v: serde_json::Value = serde_json::from_slice(body).ok()?;
    let mut out = Vec::new();
    for change in v["entry"].as_array()?.iter().filter_map(|e| e["changes"].as_array()).flatten() {
        for m in change["value"]["messages"].as_array().into_iter().flatten() {
            out.push(m["id"].as_str()?.to_owned());
        }
    }
    Some(out)
}

async fn take(
    request: Request<Incoming>,
    jobs: mpsc::Sender<Job>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let answer = |status| {
        let mut r = Response::new(Full::new(Bytes::new()));
        *r.status_mut() = status;
        Ok(r)
    };
    let signature =
        request.headers().get("x-hub-signature-256").and_then(|v| v.to_str().ok()).map(str::to_owned);
    let Ok(body) = Limited::new(request.into_body(), 4 << 20).collect().await else {
        return answer(StatusCode::PAYLOAD_TOO_LARGE);
    };
    let body = body.to_bytes();
    if !verify_signature(SECRET.as_bytes(), signature.as_deref(), &body) {
        return answer(StatusCode::UNAUTHORIZED);
    }
    let Some(ids) = ids_of(&body) else { return answer(StatusCode::BAD_REQUEST) };
    let (done, stored) = oneshot::channel();
    if jobs.send(Job { ids, body, done }).await.is_err() || stored.await.is_err() {
        return answer(StatusCode::SERVICE_UNAVAILABLE);
    }
    answer(StatusCode::OK)
}

fn serve_limit(dir: &Path) {
    let (tx, mut rx) = mpsc::channel::<Job>(4096);
    let conn = Connection::open(dir.join("limit.db")).unwrap();
    conn.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; \
         CREATE TABLE events(id TEXT PRIMARY KEY, body BLOB NOT NULL);",
    )
    .unwrap();
    std::thread::spawn(move || {
        let mut batch = Vec::new();
        while let Some(first) = rx.blocking_recv() {
            batch.push(first);
            while batch.len() < 256
                && let Ok(job) = rx.try_recv()
            {
                batch.push(job);
            }
            conn.execute_batch("BEGIN IMMEDIATE").unwrap();
            let mut add =
                conn.prepare_cached("INSERT INTO events VALUES(?1, ?2) ON CONFLICT DO NOTHING").unwrap();
            for job in &batch {
                for id in &job.ids {
                    add.execute(rusqlite::params![id, &job.body[..]]).unwrap();
                }
            }
            drop(add);
            conn.execute_batch("COMMIT").unwrap();
            for job in batch.drain(..) {
                let _ = job.done.send(());
            }
        }
    });
    // One worker is the best for so little work.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        announce(&format!("http://{}/webhook", listener.local_addr().unwrap()));
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let _ = socket.set_nodelay(true);
            let jobs = tx.clone();
            tokio::spawn(async move {
                let service = service_fn(move |r| take(r, jobs.clone()));
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(socket), service)
                    .await;
            });
        }
    });
    wait_for_end();
}

// ---- the sender

/// What is posted: head and body in one piece, and the message ids in it.
struct Post {
    bytes: Vec<u8>,
    ids: Vec<String>,
}

fn posts(run: u64, n: u64, messages: u64, url: &str) -> (SocketAddr, Vec<Post>) {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let words =
        ["order", "the", "please", "refund", "address", "café", "中文", "👍", "مرحبا", "invoice", "size"];
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let list = (0..n)
        .map(|i| {
            let mut ids = Vec::new();
            let (mut contacts, mut list) = (Vec::new(), Vec::new());
            for m in 0..messages {
                let r = (i * messages + m + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
                let id = format!("wamid.HBgM{run:08X}{i:08X}{m:02X}");
                let phone = format!("4915{:09}", r % PEOPLE);
                let user = format!("DE.{:018}", r % PEOPLE);
                let text: Vec<_> =
                    (0..(3 + r % 9)).map(|w| words[((r >> (w * 3)) % words.len() as u64) as usize]).collect();
                contacts
                    .push(serde_json::json!({"profile": {"name": "Maya"}, "wa_id": phone, "user_id": user}));
                list.push(serde_json::json!({"from": phone, "from_user_id": user, "id": id,
                    "timestamp": now.to_string(), "type": "text", "text": {"body": text.join(" ")}}));
                ids.push(id);
            }
            let body =
                serde_json::json!({"object": "whatsapp_business_account", "entry": [{"id": seed::BUSINESS,
                "changes": [{"field": "messages", "value": {"messaging_product": "whatsapp",
                    "metadata": {"display_phone_number": "15550001111", "phone_number_id": seed::NUMBER},
                    "contacts": contacts, "messages": list}}]}]})
                .to_string();
            let signature = sign(SECRET.as_bytes(), body.as_bytes());
            let bytes = format!(
                "POST /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
                 X-Hub-Signature-256: {signature}\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            Post { bytes: bytes.into_bytes(), ids }
        })
        .collect();
    (host.parse().unwrap(), list)
}

/// One request, one answer: its status.
fn call(socket: &mut TcpStream, request: &[u8], buffer: &mut Vec<u8>) -> std::io::Result<u16> {
    socket.write_all(request)?;
    buffer.clear();
    let mut piece = [0u8; 1024];
    loop {
        let n = socket.read(&mut piece)?;
        if n == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        buffer.extend_from_slice(&piece[..n]);
        if buffer.ends_with(b"\r\n\r\n") {
            break;
        }
    }
    let status = buffer.get(9..12).and_then(|s| std::str::from_utf8(s).ok()).and_then(|s| s.parse().ok());
    Ok(status.unwrap_or(0))
}

struct Sent {
    seconds: f64,
    /// Of accepted requests, in milliseconds, sorted.
    latencies: Vec<f64>,
    /// Indexes of accepted requests.
    accepted: Vec<usize>,
}

impl Sent {
    fn per_second(&self) -> f64 {
        self.accepted.len() as f64 / self.seconds
    }

    fn percentile(&self, p: f64) -> f64 {
        let i = (self.latencies.len().saturating_sub(1)) as f64 * p;
        self.latencies.get(i as usize).copied().unwrap_or(f64::NAN)
    }
}

fn send(addr: SocketAddr, posts: &[Post], connections: usize) -> Sent {
    let next = AtomicUsize::new(0);
    let barrier = Barrier::new(connections + 1);
    let (results, seconds) = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..connections)
            .map(|_| {
                scope.spawn(|| {
                    let mut socket = TcpStream::connect(addr).unwrap();
                    socket.set_nodelay(true).unwrap();
                    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
                    let (mut buffer, mut done) = (Vec::new(), Vec::new());
                    barrier.wait();
                    let start = Instant::now();
                    loop {
                        let i = next.fetch_add(1, Ordering::Relaxed);
                        let Some(post) = posts.get(i) else { break };
                        let sent = Instant::now();
                        match call(&mut socket, &post.bytes, &mut buffer) {
                            Ok(200) => done.push((i, sent.elapsed().as_secs_f64() * 1e3)),
                            Ok(status) => eprintln!("status {status}"),
                            Err(_) => break,
                        }
                    }
                    (done, start, Instant::now())
                })
            })
            .collect();
        barrier.wait();
        let results: Vec<_> = handles.into_iter().map(|h| h.join().unwrap()).collect();
        let first = results.iter().map(|r| r.1).min().unwrap();
        let last = results.iter().map(|r| r.2).max().unwrap();
        (results, (last - first).as_secs_f64())
    });
    let (mut latencies, mut accepted) = (Vec::new(), Vec::new());
    for (i, ms) in results.into_iter().flat_map(|r| r.0) {
        latencies.push(ms);
        accepted.push(i);
    }
    latencies.sort_by(f64::total_cmp);
    Sent { seconds, latencies, accepted }
}

// ---- the measuring

struct Receiver {
    child: Child,
    url: String,
}

impl Receiver {
    fn start(which: &str, dir: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--serve", which, "--dir"])
            .arg(dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Self { child, url: url.trim().to_owned() }
    }

    fn stop(mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
    }
}

fn fresh(name: &str) -> PathBuf {
    use std::os::unix::fs::DirBuilderExt;
    let dir = folder().join(name);
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::DirBuilder::new().mode(0o700).create(&dir).unwrap();
    dir
}

fn stored(dir: &Path) -> HashSet<String> {
    let conn = Connection::open(dir.join("switchboard.db")).unwrap();
    let mut ids = conn.prepare("SELECT provider_id FROM messages WHERE provider_id IS NOT NULL").unwrap();
    let ids = ids.query_map([], |r| r.get(0)).unwrap();
    ids.map(Result::unwrap).collect()
}

#[derive(Default)]
struct Figures {
    rate: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
    cpu: Vec<f64>,
    memory: f64,
    missing: usize,
}

fn one_run(which: &str, dir: &Path, run: u64, requests: u64, connections: usize, into: &mut Figures) {
    let receiver = Receiver::start(which, dir);
    let (addr, warm) = posts(run, 200, 1, &receiver.url);
    send(addr, &warm, connections);
    let (addr, list) = posts(run + 1, requests, 1, &receiver.url);
    let before = process_cpu(receiver.child.id());
    let sent = send(addr, &list, connections);
    let cpu = (process_cpu(receiver.child.id()) - before) / 1e3 / sent.accepted.len().max(1) as f64;
    into.memory = private_memory(receiver.child.id());
    receiver.stop();
    into.rate.push(sent.per_second());
    into.p50.push(sent.percentile(0.5));
    into.p99.push(sent.percentile(0.99));
    into.cpu.push(cpu);
    if which == "ours" {
        let ids = stored(dir);
        into.missing +=
            sent.accepted.iter().flat_map(|i| &list[*i].ids).filter(|id| !ids.contains(*id)).count();
    }
}

fn measure() {
    let requests = count("--requests", 10_000);
    let rounds = count("--rounds", 3);
    let stored_before = count("--stored", 0);
    let mut lines = Vec::new();
    let mut memory = f64::NAN;
    let mut missing = 0;
    for connections in [16usize, 1] {
        let requests = if connections == 1 { requests / 5 } else { requests };
        let (mut limit, mut ours) = (Figures::default(), Figures::default());
        for round in 0..rounds {
            let run = (connections as u64) << 16 | round << 8;
            let dir = fresh("ingest-limit");
            one_run("limit", &dir, run, requests, connections, &mut limit);
            let dir = fresh("ingest-ours");
            if stored_before > 0 {
                copy_big_store(&dir, stored_before);
            }
            one_run("ours", &dir, run, requests, connections, &mut ours);
        }
        let at = if connections == 1 { "1 connection" } else { "16 connections" };
        let one = connections == 1;
        let (m, no) = (median, Goal::None);
        let rate = if one { no } else { Goal::RatioAtLeast(0.3) };
        let cpu = if one { no } else { Goal::AtMost(120.0) };
        let p50 = if one { Goal::RatioAtMost(2.0) } else { no };
        lines.push(Line::new(format!("{at}: accepted"), m(&ours.rate), m(&limit.rate), "/s", rate));
        lines.push(Line::new(format!("{at}: p50"), m(&ours.p50), m(&limit.p50), "ms", p50));
        lines.push(Line::new(format!("{at}: p99"), m(&ours.p99), m(&limit.p99), "ms", no));
        lines.push(Line::new(format!("{at}: CPU a webhook"), m(&ours.cpu), m(&limit.cpu), "us", cpu));
        memory = if one { memory } else { ours.memory };
        missing += ours.missing;
    }
    lines.push(Line::new("private memory after the load", memory, f64::NAN, "MB", Goal::AtMost(25.0)));
    lines.push(Line::new("acknowledged, not stored", missing as f64, f64::NAN, "", Goal::AtMost(0.0)));
    table(&format!("webhooks, {requests} each, {stored_before} messages stored before"), &lines);
    killed(requests, rounds);
}

fn copy_big_store(dir: &Path, messages: u64) {
    let path = folder().join(format!("ingest-{messages}.db"));
    if !path.exists() {
        let partial = path.with_extension("partial");
        let _ = std::fs::remove_file(&partial);
        let options =
            SeedOptions { messages, threads: (messages / 20).max(1), seed: 1, newest: 1_760_000_000_000 };
        seed::seed(&partial, options, &mut |n| eprintln!("making the store: {n} of {messages}")).unwrap();
        std::fs::rename(&partial, &path).unwrap();
    }
    std::fs::copy(&path, dir.join("switchboard.db")).unwrap();
}

/// Ends the receiver the hard way in the middle of a load, again and again.
fn killed(requests: u64, rounds: u64) {
    let (mut acknowledged, mut lost, mut torn) = (0usize, 0usize, 0usize);
    for round in 0..rounds {
        let dir = fresh("ingest-killed");
        let mut receiver = Receiver::start("ours", &dir);
        // Ten messages in one payload: all of them or none.
        let (addr, list) = posts(1 << 20 | round, requests, 10, &receiver.url);
        let child = &mut receiver.child;
        let sent = std::thread::scope(|scope| {
            let sending = scope.spawn(|| send(addr, &list, 16));
            std::thread::sleep(Duration::from_millis(300 + 50 * round));
            child.kill().unwrap();
            child.wait().unwrap();
            sending.join().unwrap()
        });
        let ids = stored(&dir);
        acknowledged += sent.accepted.len();
        lost += sent.accepted.iter().flat_map(|i| &list[*i].ids).filter(|id| !ids.contains(*id)).count();
        torn += list
            .iter()
            .map(|p| p.ids.iter().filter(|id| ids.contains(*id)).count())
            .filter(|n| *n != 0 && *n != 10)
            .count();
    }
    let lines = [
        Line::new("payloads of ten acknowledged", acknowledged as f64, f64::NAN, "", Goal::None),
        Line::new("messages of those, not stored", lost as f64, f64::NAN, "", Goal::AtMost(0.0)),
        Line::new("payloads stored in part", torn as f64, f64::NAN, "", Goal::AtMost(0.0)),
    ];
    table(&format!("killed under load, {rounds} times"), &lines);
}
