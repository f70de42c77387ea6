//! Search and reading over a big store: `cargo bench --bench search [-- --messages N]`.
//!
//! CPU time a query, the mean of many. The limit is the plainest statement that gives the same rows, on the same
//! file, in the same run. The store is made once and kept below `target/`.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::print_stderr)]

mod common;

use common::{Goal, Line, count, folder, table, thread_cpu};
use rusqlite::{Connection, OpenFlags, params};
use std::time::{Duration, Instant};
use switchboard::model::thread::ThreadFilter;
use switchboard::protocol::{Cursor, Place};
use switchboard::store::Reader;
use switchboard::store::seed::{SeedOptions, seed};

/// How long one figure is measured.
const SPAN: Duration = Duration::from_millis(400);

/// Mean CPU time of `f` in milliseconds.
fn cpu<T>(mut f: impl FnMut() -> T) -> f64 {
    std::hint::black_box(f());
    let (start, cpu) = (Instant::now(), thread_cpu());
    let mut n = 0;
    while start.elapsed() < SPAN {
        std::hint::black_box(f());
        n += 1;
    }
    (thread_cpu() - cpu) / f64::from(n) / 1e6
}

fn rows(c: &Connection, sql: &str, p: impl rusqlite::Params) -> usize {
    let mut st = c.prepare_cached(sql).unwrap();
    let columns = st.column_count();
    let mut found = st.query(p).unwrap();
    let mut n = 0;
    while let Some(r) = found.next().unwrap() {
        for i in 0..columns {
            std::hint::black_box(r.get_ref(i).unwrap());
        }
        n += 1;
    }
    n
}

fn main() {
    let messages = count("--messages", 1_000_000);
    let threads = count("--threads", (messages / 20).max(1));
    let path = folder().join(format!("search-{messages}-{threads}.db"));
    let done = path.with_extension("done");
    if !done.exists() {
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", path.display()));
        }
        let options = SeedOptions { messages, threads, seed: 1, newest: 1_795_000_000_000 };
        seed(&path, options, &mut |n| eprintln!("making the store: {n} of {messages}")).unwrap();
        std::fs::write(&done, "").unwrap();
    }
    // A store that an older version made is brought up to date.
    switchboard::store::Store::open(&path, switchboard::clock::Clock::system(), Box::new(|_| {})).unwrap();
    let reader = Reader::open(&path).unwrap();
    let plain = Connection::open_with_flags(
        &path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .unwrap();
    plain.execute_batch("PRAGMA mmap_size=268435456;").unwrap();

    let words = "SELECT m.id, m.at, m.thread_id, m.text FROM message_words f JOIN messages m ON m.id = f.rowid \
         WHERE message_words MATCH ?1 ORDER BY f.rowid DESC LIMIT 50";
    let parts = "SELECT m.id, m.at, m.thread_id, m.text FROM message_parts f JOIN messages m ON m.id = f.rowid \
         WHERE message_parts MATCH ?1 ORDER BY f.rowid DESC LIMIT 50";
    let rare = rare_word(&plain);
    let mut lines = Vec::new();
    let queries = [
        ("a common word (order)", "order ".to_owned(), words, "\"order\"".to_owned(), 1.0),
        ("a rare word", format!("{rare} "), words, format!("\"{rare}\""), 1.0),
        ("an absent word", "xylophonist ".into(), words, "\"xylophonist\"".into(), 1.0),
        ("a prefix of two letters (or)", "or".into(), words, "\"or\"*".into(), 1.0),
        ("a prefix of three letters (ref)", "ref".into(), words, "\"ref\"*".into(), 1.0),
        ("a prefix of five letters (refun)", "refun".into(), words, "\"refun\"*".into(), 1.0),
        ("two words (order refund)", "order refund ".into(), words, "\"order\" \"refund\"".into(), 1.0),
        ("a part of a word (efun)", "efun".into(), parts, "\"efun\"".into(), 5.0),
    ];
    for (what, query, sql, raw, goal) in &queries {
        let ours = cpu(|| reader.search(query, None, None, None, 50).unwrap());
        let limit = cpu(|| rows(&plain, sql, params![raw]));
        let hits = reader.search(query, None, None, None, 50).unwrap().hits.items.len();
        lines.push(Line::new(format!("{what}, {hits} hits"), ours, limit, "ms", Goal::AtMost(*goal)));
    }
    table(&format!("search, newest 50 of {messages} messages, CPU"), &lines);

    let page = "SELECT id, title, last_at, unread, last_text FROM threads WHERE account_id = 1 AND state = 0 \
         AND (assignee IS NULL) = 1 AND (last_at, id) < (?1, ?2) ORDER BY last_at DESC, id DESC LIMIT 50";
    let mut lines = Vec::new();
    for (what, part) in [("first", 0), ("middle", 2), ("deep", 1)] {
        let at = if part == 0 {
            Cursor { at: i64::MAX, row: i64::MAX }
        } else {
            let skip = if part == 2 { threads / 2 } else { threads.saturating_sub(60) };
            plain
                .query_row(
                    "SELECT last_at, id FROM threads ORDER BY last_at DESC, id DESC LIMIT 1 OFFSET ?1",
                    [skip as i64],
                    |r| Ok(Cursor { at: r.get(0)?, row: r.get(1)? }),
                )
                .unwrap()
        };
        let ours = cpu(|| reader.threads(None, ThreadFilter::All, Some(at), 50).unwrap());
        let limit = cpu(|| rows(&plain, page, params![at.at, at.row]));
        let n = reader.threads(None, ThreadFilter::All, Some(at), 50).unwrap().items.len();
        lines.push(Line::new(format!("{what} page, {n} rows"), ours, limit, "ms", Goal::RatioAtMost(5.0)));
    }
    let ours = cpu(|| reader.threads(None, ThreadFilter::Unread, None, 50).unwrap());
    let limit = cpu(|| {
        let sql = "SELECT id, title, last_at, unread, last_text FROM threads INDEXED BY threads_list WHERE account_id = 1 \
             AND state = 0 AND (assignee IS NULL) = 1 AND unread > 0 ORDER BY last_at DESC, id DESC LIMIT 50";
        rows(&plain, sql, [])
    });
    lines.push(Line::new("unread only", ours, limit, "ms", Goal::RatioAtMost(5.0)));
    table(&format!("thread list, 50 of {threads} threads, CPU"), &lines);

    let longest: i64 = plain
        .query_row(
            "SELECT thread_id FROM messages GROUP BY thread_id ORDER BY count(*) DESC LIMIT 1",
            [],
            |r| r.get(0),
        )
        .unwrap();
    let (uid, length): (Vec<u8>, i64) = plain
        .query_row(
            "SELECT uid, (SELECT count(*) FROM messages m WHERE m.thread_id = t.id) FROM threads t WHERE id = ?1",
            [longest],
            |r| Ok((r.get(0)?, r.get(1)?)),
        )
        .unwrap();
    let thread = switchboard::model::ids::ThreadId(uid.try_into().unwrap());
    let middle: Cursor = plain
        .query_row(
            "SELECT at, id FROM messages WHERE thread_id = ?1 ORDER BY at DESC, id DESC LIMIT 1 OFFSET ?2",
            [longest, length / 2],
            |r| Ok(Cursor { at: r.get(0)?, row: r.get(1)? }),
        )
        .unwrap();
    let page = "SELECT id, at, inbound, state, text FROM messages WHERE thread_id = ?1 AND (at, id) < (?2, ?3) \
         ORDER BY at DESC, id DESC LIMIT 50";
    let mut lines = Vec::new();
    for (what, place, at) in [
        ("newest", Place::Newest, Cursor { at: i64::MAX, row: i64::MAX }),
        ("in the middle", Place::Before(middle), middle),
    ] {
        let ours = cpu(|| reader.messages(thread, place, 50).unwrap());
        let limit = cpu(|| rows(&plain, page, params![longest, at.at, at.row]));
        lines.push(Line::new(what, ours, limit, "ms", Goal::None));
    }
    table(&format!("50 messages of a thread of {length}, CPU"), &lines);
}

/// A word that few messages have, out of an old message.
fn rare_word(c: &Connection) -> String {
    let mut texts =
        c.prepare("SELECT text FROM messages WHERE id % 1009 = 1 ORDER BY id LIMIT 2000").unwrap();
    let texts: Vec<String> = texts.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
    let mut candidates: Vec<&str> = texts
        .iter()
        .flat_map(|t| t.split(' '))
        .filter(|w| w.len() > 8 && w.chars().all(char::is_alphabetic))
        .collect();
    candidates.truncate(100);
    let mut best = (i64::MAX, String::from("rare"));
    for w in candidates {
        let n: i64 = c
            .query_row("SELECT count(*) FROM message_words WHERE message_words MATCH ?1", [w], |r| r.get(0))
            .unwrap();
        if n > 1 && n < best.0 {
            best = (n, w.to_owned());
        }
    }
    best.1
}
