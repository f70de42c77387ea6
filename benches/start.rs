//! Start of the real program in a pseudo-terminal until threads and the newest conversation are on the screen:
//! `cargo bench --bench start [-- --messages N --threads N --rounds N]`.
//!
//! The limit is this binary itself as a bare program: it opens the same store, reads the first page of threads and
//! of messages, prints them and ends. Limit, small store and big store run in turns.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod pty;

use pty::{
    Goal, Provider, Pty, binary, config, count, folder, is_useful, median, percentile, private_mb, table,
};
use rusqlite::Connection;
use std::path::Path;
use std::time::Duration;

/// The least a program can do to show the first page.
fn bare(db: &str) {
    let conn = Connection::open(db).unwrap();
    conn.execute_batch("PRAGMA journal_mode=WAL; PRAGMA mmap_size=268435456;").unwrap();
    let mut out = String::new();
    let mut first = 0i64;
    {
        let mut threads = conn
            // Open threads of the account that nobody has: one index gives them in order.
            .prepare(
                "SELECT id, title, last_at, unread, last_text FROM threads INDEXED BY threads_list \
                 WHERE account_id = 1 AND state = 0 AND (assignee IS NULL) = 1 \
                 ORDER BY last_at DESC, id DESC LIMIT 50",
            )
            .unwrap();
        let mut rows = threads.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            if first == 0 {
                first = row.get(0).unwrap();
            }
            out.push_str(&row.get::<_, String>(1).unwrap());
            out.push_str("\r\n");
        }
    }
    let mut messages = conn
        .prepare("SELECT at, inbound, state, text FROM messages WHERE thread_id = ? ORDER BY at DESC, id DESC LIMIT 50")
        .unwrap();
    let mut rows = messages.query([first]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        out.push_str(&row.get::<_, String>(3).unwrap_or_default());
        out.push_str("\r\n");
    }
    out.push_str("READY\r\n");
    print!("{out}");
}

fn start(program: &Path, args: &[&str], what: &str, wanted: impl Fn(&str) -> bool) -> (f64, Pty) {
    let mut p = Pty::start(program, args);
    let at = p.until(what, wanted);
    ((at - p.started).as_secs_f64() * 1e3, p)
}

fn main() {
    if let Some(db) = pty::option("--bare") {
        return bare(&db);
    }
    let (messages, threads) = (count("--messages", 1_000_000), count("--threads", 50_000));
    let rounds = count("--rounds", 15);
    let (small, middle, big) = (folder(1_000, 50), folder(10_000, 500), folder(messages, threads));
    let provider = Provider::start();
    let itself = std::env::current_exe().unwrap();
    let db = big.join("switchboard.db");
    let bare_args = ["--bare", db.to_str().unwrap()];
    let configs = [&small, &middle, &big].map(|dir| config(dir, &provider.api_base));
    let (mut limit, mut ours, mut memory) = (Vec::new(), vec![Vec::new(); 3], vec![Vec::new(); 3]);
    // The first round warms the page cache and is not counted.
    for round in 0..=rounds {
        let (ms, p) = start(&itself, &bare_args, "the bare program", |t| t.contains("READY"));
        p.quit("");
        if round > 0 {
            limit.push(ms);
        }
        for (i, file) in configs.iter().enumerate() {
            let (ms, mut p) = start(&binary(), &["--config", file], "the inbox", is_useful);
            // Until the sync at the start is over, so that it is the same work that is remembered.
            p.settle(Duration::from_millis(600));
            if round > 0 {
                ours[i].push(ms);
                memory[i].push(private_mb(p.pid()));
            }
            p.quit("q");
        }
    }
    let name = |n: u64| format!("{n} messages");
    let line = |what: &str, i: usize, goal| {
        (
            format!("{what}, {}", name([1_000, 10_000, messages][i])),
            "ms",
            median(&ours[i]),
            median(&limit),
            goal,
        )
    };
    table(
        &format!("start to first useful frame, 200x50, {rounds} rounds in turns"),
        &[
            line("start", 2, Goal::Ratio(4.0)),
            line("start", 0, Goal::Ratio(4.0)),
            (
                format!("start, {} against 1000", name(messages)),
                "ms",
                median(&ours[2]),
                median(&ours[0]),
                Goal::Ratio(1.2),
            ),
            (
                "start, 95th percentile".into(),
                "ms",
                percentile(&ours[2], 0.95),
                percentile(&limit, 0.95),
                Goal::None,
            ),
        ],
    );
    table(
        "private memory after the start",
        &[
            (format!("memory, {}", name(messages)), "MB", median(&memory[2]), f64::NAN, Goal::Most(25.0)),
            (
                format!("memory, {} more than 10000", name(messages)),
                "MB",
                median(&memory[2]) - median(&memory[1]),
                f64::NAN,
                Goal::Most(3.0),
            ),
        ],
    );
}
