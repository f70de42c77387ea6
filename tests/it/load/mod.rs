//! The real program under more webhooks than it ever meets, with a screen attached.
//!
//! First everything at full speed, some of it twice, while somebody types: nothing is lost, memory stays small, keys
//! are answered, frames stay at their rate. Then long posts, all at the same time, more than there is room for: some
//! are told to come again, and in the end everything is there.
//!
//! A small run in the normal tests; the full one by the environment:
//!
//!     SWITCHBOARD_LOAD=100000 cargo test --release --test it load:: -- --nocapture
#![allow(clippy::print_stdout, reason = "the figures are what a long run is for")]

mod lines;

use crate::common::process::{ACCOUNTS, Dice, Home, Post, Served, memory_of, scale, until};
use crate::pty::Term;
use lines::{Counts, send_all, send_at_once};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use switchboard::emulator::{Emulator, EmulatorOptions};
use switchboard::model::ids::{AccountId, MessageId};

/// Lines that post at the same time, one webhook at a time on each.
const LINES: usize = 16;
/// People who write.
const PEOPLE: u64 = 500;
/// The screen: the size of a comfortable terminal.
const SIZE: (u16, u16) = (36, 120);
/// Between two frames that nobody's key asked for, as configured by default.
const FRAME: Duration = Duration::from_millis(33);
/// Frames from a key to the frame that shows it: one may be on its way already.
const FRAMES_A_KEY: usize = 4;
/// Memory of the engine's own in the first part: page caches (8 MB for the writer, 2 MB for each reader), and at most
/// one event for each line. A growth with the number of messages would pass it.
const MEMORY: u64 = 64 << 10;
/// In the second part: the room for long bodies (32 MiB), and what each becomes while it is read and applied.
const MEMORY_FLOOD: u64 = 320 << 10;
/// The screen's own.
const MEMORY_SCREEN: u64 = 48 << 10;
/// Bytes of a frame on average, at most: half a screen drawn anew.
const BYTES_A_FRAME: u64 = 120 * 36 * 2;

/// The highest value of something that is looked at again and again.
struct Highest {
    stop: Arc<AtomicBool>,
    value: Arc<AtomicU64>,
    thread: std::thread::JoinHandle<()>,
}

impl Highest {
    fn of(look: impl Fn() -> u64 + Send + 'static) -> Self {
        let (stop, value) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (over, most) = (stop.clone(), value.clone());
        let thread = std::thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                most.fetch_max(look(), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        Self { stop, value, thread }
    }

    fn end(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        self.value.load(Ordering::Relaxed)
    }
}

/// Frames and bytes that a terminal has got so far.
fn drawn(t: &Term) -> (usize, usize) {
    let s = t.screen.lock().unwrap();
    (s.1.windows(8).filter(|w| *w == b"\x1b[?2026h").count(), s.1.len())
}

#[test]
fn a_flood_of_webhooks_is_taken_whole_while_somebody_types() {
    let total = scale("SWITCHBOARD_LOAD", 3_000);
    println!("load test: {total} messages (SWITCHBOARD_LOAD)");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let emulator = runtime.block_on(async {
        let options = EmulatorOptions { speed: 0.0, play: false, ..EmulatorOptions::demo().unwrap() };
        Emulator::start(options).await.unwrap()
    });
    let home = Home::new(&emulator.base_url(), 1);
    let served = Served::start(&home);
    let url = until("the engine says where it listens", || served.urls())[ACCOUNTS[0]].clone();
    let mut dice = Dice::new(7);
    let counts = Counts::default();

    // Somebody opens the first thread and begins to write.
    let first = Post::texts("FIRST", 0, 1, 1, &mut dice, 0);
    send_all(&url, std::slice::from_ref(&first), 1, &counts);
    let home_of_terminal = Arc::new(crate::common::private_dir());
    let config = home.config().to_str().unwrap();
    let mut term = Term::program(&["--config", config], home_of_terminal, SIZE.0, SIZE.1);
    term.see("Customer 0");
    term.press("\r");
    term.see("r writes a reply");
    term.press("r");
    term.see("Enter send");

    let posts = prepare(total, &mut dice);
    let memory = Highest::of({
        let pid = served.pid();
        move || memory_of(pid)
    });
    let screen_memory = Highest::of({
        let pid = term.child.process_id().unwrap();
        move || memory_of(pid)
    });
    let before = drawn(&term);
    let begun = Instant::now();
    let over = AtomicBool::new(false);
    let typed = std::thread::scope(|scope| {
        let sending = scope.spawn(|| {
            send_all(&url, &posts, LINES, &counts);
            over.store(true, Ordering::Relaxed);
        });
        let typed = type_until(&mut term, &over);
        sending.join().unwrap();
        typed
    });
    let took = begun.elapsed();
    let after = drawn(&term);
    let (memory, screen_memory) = (memory.end(), screen_memory.end());
    let frames = (after.0 - before.0).max(1);
    let bytes = (after.1 - before.1) as u64;
    // A key may have a frame of its own; all others keep their distance.
    let most_frames = took.as_millis() / FRAME.as_millis() + typed.keys as u128 + 2;
    let lost = missing(&home, posts.iter().chain([&first]));
    println!(
        "first part: {} messages in {} posts, {} posted twice, {} refused with 503, {lost} lost\n\
         {:.0} messages a second, engine {} kB, screen {} kB\n\
         {frames} frames in {:.1} s, {:.1} a second without those of keys (at most {:.1}), {} bytes a frame\n\
         {} keys, shown after at most {} frames, {:.1} messages between two frames",
        counts.messages(),
        counts.taken(),
        counts.repeated(),
        counts.shed(),
        counts.messages() as f64 / took.as_secs_f64(),
        memory,
        screen_memory,
        took.as_secs_f64(),
        frames.saturating_sub(typed.keys) as f64 / took.as_secs_f64(),
        1000.0 / FRAME.as_millis() as f64,
        bytes / frames as u64,
        typed.keys,
        typed.most_frames,
        total as f64 / frames as f64,
    );
    assert_eq!(lost, 0);
    assert!(memory <= MEMORY, "the engine took {memory} kB");
    assert!(screen_memory <= MEMORY_SCREEN, "the screen took {screen_memory} kB");
    assert!(frames as u128 <= most_frames, "{frames} frames, at most {most_frames}");
    assert!(frames as u64 >= total / 2_000 && frames >= 5, "the screen stood still: {frames} frames");
    assert!(bytes / frames as u64 <= BYTES_A_FRAME, "{bytes} bytes in {frames} frames");
    assert!(
        // Now and then the machine runs neither the screen nor this test for a while.
        typed.keys >= 5 && typed.slow <= typed.keys.div_ceil(50),
        "{} keys, {} of them after more than {FRAMES_A_KEY} frames",
        typed.keys,
        typed.slow
    );

    flood(&home, &served, &url, total, &mut dice);

    // The screen still answers, and says what is true.
    term.press("\u{1b}");
    term.see("Esc back");
    term.press("\u{3}");
    assert_eq!(term.exit(), 0);
    let (code, out, err) = home.run(&["doctor", "--json"]);
    let checks: serde_json::Value =
        serde_json::from_str(&out).unwrap_or_else(|e| panic!("{code:?} {e} {err}"));
    let counters = checks.as_array().unwrap().iter().find(|c| c["name"] == "store.counters").unwrap();
    assert_eq!(counters["verdict"], "pass", "{counters}");
    assert_eq!(served.end(), Some(0));
    runtime.block_on(emulator.stop());
}

/// Posts with `total` messages: mostly one in each, some with several.
fn prepare(total: u64, dice: &mut Dice) -> Vec<Post> {
    let mut posts = Vec::new();
    let mut left = total;
    while left > 0 {
        let n = if dice.below(10) == 0 { 1 + dice.below(20) } else { 1 }.min(left);
        posts.push(Post::texts(&format!("L{}", posts.len()), 0, n, PEOPLE, dice, 0));
        left -= n;
    }
    posts
}

struct Typed {
    keys: usize,
    most_frames: usize,
    /// Keys that were shown after more than [`FRAMES_A_KEY`].
    slow: usize,
}

/// Types one character after the other, each when the last one is shown, until the load is over.
fn type_until(term: &mut Term, over: &AtomicBool) -> Typed {
    let mut typed = Typed { keys: 0, most_frames: 0, slow: 0 };
    let mut text = String::from("type");
    term.press(&text);
    term.see(&text);
    while !over.load(Ordering::Relaxed) {
        let next = char::from(b'a' + u8::try_from(typed.keys % 26).unwrap());
        // A line as long as the composer is wide would be broken: begin a new word from time to time.
        if text.len() >= 30 {
            term.press(&"\u{7f}".repeat(text.len()));
            term.wait("an empty composer", |s| !s.contains(&text));
            text.clear();
        }
        text.push(next);
        let before = drawn(term).0;
        term.press(&next.to_string());
        term.see(&text);
        let frames = drawn(term).0 - before;
        typed.most_frames = typed.most_frames.max(frames);
        typed.slow += usize::from(frames > FRAMES_A_KEY);
        typed.keys += 1;
    }
    typed
}

/// More long posts at the same time than there is room for.
fn flood(home: &Home, served: &Served, url: &str, total: u64, dice: &mut Dice) {
    // Twice and more what there is room for: few messages and many blanks, and in a large run dense ones as well.
    let (blank, dense) = if total >= 100_000 { (80, 120) } else { (56, 0) };
    let mut posts: Vec<Post> =
        (0..blank).map(|n| Post::texts(&format!("F{n}"), 0, 20, PEOPLE, dice, 0).padded(1 << 20)).collect();
    posts.extend((0..dense).map(|n| Post::texts(&format!("D{n}"), 0, 400, PEOPLE, dice, 600)));
    let one_more = Post::texts("M", 0, 20, PEOPLE, dice, 0).padded(1 << 20);
    let bytes: usize = posts.iter().map(|p| p.body.len()).sum();
    let counts = Counts::default();
    let memory = Highest::of({
        let pid = served.pid();
        move || memory_of(pid)
    });
    send_at_once(url, &posts, &one_more, &counts);
    let memory = memory.end();
    let lost = missing(home, posts.iter().chain([&one_more]));
    println!(
        "second part: {} posts with {} MB at the same time, {} messages, {} times told to come again, \
         {lost} lost, engine {memory} kB",
        posts.len(),
        bytes >> 20,
        counts.messages(),
        counts.shed(),
    );
    assert_eq!(lost, 0);
    // A short flood may be taken as fast as it comes; a long one never is.
    assert!(total < 100_000 || counts.shed() > 0, "there was room for everything: {bytes} bytes");
    assert!(memory <= MEMORY_FLOOD, "the engine took {memory} kB");
}

/// How many messages of these posts are not in the store exactly once.
fn missing<'a>(home: &Home, posts: impl Iterator<Item = &'a Post>) -> usize {
    let store = home.store();
    let mut st = store.prepare("SELECT uid FROM messages").unwrap();
    let stored: Vec<Vec<u8>> = st.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
    let different: HashSet<&[u8]> = stored.iter().map(Vec::as_slice).collect();
    assert_eq!(different.len(), stored.len(), "some are stored twice");
    let account = AccountId::new(ACCOUNTS[0]);
    posts
        .flat_map(|p| &p.ids)
        .filter(|id| !different.contains(&MessageId::of_provider(&account, id).0[..]))
        .count()
}
