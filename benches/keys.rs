//! How long a key waits for what it asks for: `cargo bench --bench keys [-- --messages N --threads N --opened N]`.
//!
//! The palette over all threads, search as one types over all messages, opening any thread, a key held down to the top
//! of a long one. State, engine, store, drawing and bytes in turn, at 200x50, without a terminal; the time is that
//! from the key to the last byte of the frame that shows the answer. `benches/frame.rs` floods the real program.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod pty;
#[path = "pty/stage.rs"]
mod stage;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use pty::{Goal, Line, count, folder, median, percentile, table};
use rusqlite::{Connection, OpenFlags};
use stage::Ours;
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::Instant;
use switchboard::model::ids::{MessageId, ThreadId};

const NONE: KeyModifiers = KeyModifiers::NONE;
/// One frame in milliseconds.
const FRAME: f64 = 16.0;

/// What people type into the palette: names, parts of numbers, commands, nonsense.
const PALETTE: [&str; 16] = [
    "marta",
    "joão",
    "amara b",
    "len",
    "om",
    "priya kab",
    "sofia",
    "ivan",
    "hugo ro",
    "zoe",
    "4711",
    "+55 11",
    "99",
    "unread",
    "open next",
    "xyzzy",
];
/// What people search for: common words, beginnings, two words, parts of words, numbers, nothing.
const SEARCH: [&str; 16] = [
    "order",
    "refund",
    "delivery tomorrow",
    "invoice",
    "the",
    "please help",
    "efun",
    "ddress",
    "waiting",
    "prita",
    "marta",
    "5511",
    "return colour",
    "\"good tomorrow\"",
    "xylophonist",
    "a",
];

fn plain(dir: &Path) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(dir.join("switchboard.db"), flags).unwrap()
}

/// Types each of `queries` into what `open` opens; the milliseconds of every key.
fn typed(ours: &mut Ours, (open, with): (KeyCode, KeyModifiers), queries: &[&str]) -> Vec<f64> {
    let mut all = Vec::new();
    let mut slow: Vec<(f64, &str)> = Vec::new();
    for query in queries {
        ours.press(open, with);
        for (at, c) in query.char_indices() {
            let ms = ours.whole(KeyCode::Char(c), NONE);
            all.push(ms);
            slow.push((ms, &query[..at + c.len_utf8()]));
        }
        ours.press(KeyCode::Esc, NONE);
    }
    slow.sort_by(|a, b| b.0.total_cmp(&a.0));
    let slow: Vec<String> = slow.iter().take(8).map(|(ms, text)| format!("{text:?} {ms:.1}")).collect();
    println!("slowest, in ms: {}", slow.join(", "));
    all
}

fn report(what: &str, ms: &[f64], lines: &mut Vec<Line>) {
    let n = ms.len();
    lines.push((format!("{what}: 99 % of {n}"), "ms", percentile(ms, 0.99), FRAME, Goal::Most(FRAME)));
    lines.push((format!("{what}: median"), "ms", median(ms), FRAME, Goal::None));
    let most = ms.iter().copied().fold(0.0, f64::max);
    lines.push((format!("{what}: slowest"), "ms", most, FRAME, Goal::None));
}

/// Opens threads from all over the list; counts those whose last page is not there in the next frame.
fn opened(ours: &mut Ours, dir: &Path, n: u64, lines: &mut Vec<Line>) {
    let db = plain(dir);
    let mut found = db
        .prepare("SELECT t.uid, t.last_text FROM threads t ORDER BY (t.id * 2654435761) % 1000003 LIMIT ?1")
        .unwrap();
    let rows =
        found.query_map([n as i64], |r| Ok((r.get::<_, Vec<u8>>(0)?, r.get::<_, String>(1)?))).unwrap();
    let (mut ms, mut without) = (Vec::new(), 0);
    for row in rows {
        let (uid, last) = row.unwrap();
        let start = Instant::now();
        let asked = ours.stage.open(ThreadId(uid.try_into().unwrap()));
        ours.answer(asked);
        ours.stage.draw();
        ms.push(start.elapsed().as_secs_f64() * 1e3);
        let word = last.split(' ').next().unwrap_or_default().to_owned();
        if !ours.stage.transcript().iter().any(|r| r.contains(&word)) {
            without += 1;
        }
    }
    report("open a thread", &ms, lines);
    lines.push((
        "open a thread: without its last message".into(),
        "",
        f64::from(without),
        0.0,
        Goal::Most(0.0),
    ));
}

/// Holds a key from the end of the only thread to its beginning. Every frame right after the key, before any answer,
/// has to be full and to go on where the last one began: its lowest line is at most the next one above.
fn held(what: &str, dir: &Path, code: KeyCode, modifiers: KeyModifiers, lines: &mut Vec<Line>) {
    let db = plain(dir);
    let order: HashMap<MessageId, usize> = db
        .prepare("SELECT uid FROM messages ORDER BY at, id")
        .unwrap()
        .query_map([], |r| Ok(MessageId(r.get::<_, [u8; 16]>(0)?)))
        .unwrap()
        .enumerate()
        .map(|(i, id)| (id.unwrap(), i))
        .collect();
    let mut ours = Ours::new(dir);
    ours.press(KeyCode::Enter, NONE);
    let (mut empty, mut skipped, mut keys, mut still) = (0u32, 0u32, 0u32, 0u32);
    let mut ms = Vec::new();
    let mut before = ours.stage.transcript();
    let mut seen: HashSet<MessageId> = ours.stage.shown().iter().map(|(id, ..)| *id).collect();
    let mut top = ours.stage.shown()[0];
    while still < 200 && keys < 400_000 {
        let start = Instant::now();
        let asked = ours.stage.key(KeyEvent::new(code, modifiers));
        ours.stage.draw();
        ms.push(start.elapsed().as_secs_f64() * 1e3);
        let now = ours.stage.transcript();
        let shown = ours.stage.shown();
        keys += 1;
        if now.iter().all(|r| r.trim().is_empty()) {
            empty += 1;
        }
        // Lines are counted from the lower end of a message: a heading above it goes when an older one is read.
        let (lowest, below, _) = *shown.last().unwrap();
        let (first, _, reached) = top;
        // The lowest message is the one that was on top, or a later one, or the next one above it in full.
        let on = match order[&lowest].cmp(&order[&first]) {
            Ordering::Greater => true,
            Ordering::Equal => below <= reached,
            Ordering::Less => order[&lowest] + 1 == order[&first] && below == 0,
        };
        if !on {
            if skipped == 0 {
                eprintln!("{what}: skipped\n{before:#?}\n{now:#?}");
            }
            skipped += 1;
        }
        seen.extend(shown.iter().map(|(id, ..)| *id));
        still = if now == before { still + 1 } else { 0 };
        before = now;
        ours.answer(asked);
        ours.stage.draw();
        // Above what was the first message that was here stood its day and author: older ones take that room.
        let shown = ours.stage.shown();
        seen.extend(shown.iter().map(|(id, ..)| *id));
        top = shown[0];
    }
    // What stood still at the end was the beginning.
    ms.truncate(ms.len().saturating_sub(still as usize));
    let last = ours.stage.shown();
    seen.extend(last.iter().map(|(id, ..)| *id));
    let there = order[&last[0].0] == 0;
    let unseen = order.len() - seen.len();
    let n = ms.len();
    lines.push((format!("{what}: 99 % of {n} keys"), "ms", percentile(&ms, 0.99), FRAME, Goal::Most(FRAME)));
    lines.push((format!("{what}: empty panes"), "", f64::from(empty), 0.0, Goal::Most(0.0)));
    lines.push((format!("{what}: skipped"), "", f64::from(skipped), 0.0, Goal::Most(0.0)));
    lines.push((format!("{what}: messages never seen"), "", unseen as f64, 0.0, Goal::Most(0.0)));
    lines.push((format!("{what}: beginning not reached"), "", f64::from(!there), 0.0, Goal::Most(0.0)));
    ours.stop();
}

fn main() {
    let (messages, threads) = (count("--messages", 1_000_000), count("--threads", 50_000));
    let dir = folder(messages, threads);
    let mut lines = Vec::new();
    let mut ours = Ours::new(&dir);
    // Once to warm up: the second reader is opened by the first search.
    typed(&mut ours, (KeyCode::Char('k'), KeyModifiers::CONTROL), &PALETTE[..2]);
    let ms = typed(&mut ours, (KeyCode::Char('k'), KeyModifiers::CONTROL), &PALETTE);
    report(&format!("palette over {threads} threads"), &ms, &mut lines);
    typed(&mut ours, (KeyCode::Char('/'), NONE), &SEARCH[..2]);
    let ms = typed(&mut ours, (KeyCode::Char('/'), NONE), &SEARCH);
    report(&format!("search over {messages}"), &ms, &mut lines);
    opened(&mut ours, &dir, count("--opened", 1_000), &mut lines);
    ours.stop();
    let long = folder(count("--long", 100_000), 1);
    held("page up held", &long, KeyCode::PageUp, NONE, &mut lines);
    held("half a page up held", &long, KeyCode::Char('u'), KeyModifiers::CONTROL, &mut lines);
    table("from a key to the frame with its answer", &lines);
}
