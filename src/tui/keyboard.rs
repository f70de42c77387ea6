//! The thread that reads the terminal, and who gets what it reads. A process has one terminal, so there is one thread: a
//! screen may follow another one, and an editor may borrow the terminal meanwhile.

use crossterm::event::Event;
use rustix::process::{Signal, getpid, kill_process};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;

/// Events that are handed over at once.
const BATCH: usize = 256;
/// How long is looked for what waits already. Not zero: with the terminal of the process instead of its standard input,
/// `poll` gives up on no time at all before it has looked, also at what it has read. It does not sleep for so little.
const LOOK: Duration = Duration::from_micros(100);
/// Between two calls to the thread that it should come away.
const CALL: Duration = Duration::from_millis(20);
/// So often it is called.
const CALLS: usize = 50;

/// Who gets the keys now.
static LISTENER: Mutex<Option<mpsc::Sender<Vec<Event>>>> = Mutex::new(None);
/// Rung when [`LISTENER`] changes.
static LISTENING: Condvar = Condvar::new();
/// Keys are dropped: there is no screen, and the operator was told so.
static DEAF: AtomicBool = AtomicBool::new(false);
/// The thread is started once.
static READER: Once = Once::new();
/// Where the thread is, and where it should be.
static POST: Mutex<Post> = Mutex::new(Post { away: true, called: false });
/// Rung when [`POST`] changes.
static MOVED: Condvar = Condvar::new();

struct Post {
    /// It does not look at the terminal, and will not before it has asked here.
    away: bool,
    /// Somebody else has the terminal.
    called: bool,
}

fn post() -> MutexGuard<'static, Post> {
    POST.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads the terminal on a thread of its own, because a sequence that is cut short holds the reader up. All that
/// waits is handed over at once, so that fifty keys are one frame. Keys pressed between two screens wait for the
/// second one.
pub(super) fn listen() -> mpsc::Receiver<Vec<Event>> {
    let (tx, rx) = mpsc::channel(8);
    *LISTENER.lock().unwrap_or_else(PoisonError::into_inner) = Some(tx);
    LISTENING.notify_all();
    READER.call_once(|| {
        let reader = std::thread::Builder::new().name("keys".into()).spawn(|| {
            while let Ok(batch) = read() {
                hand_over(batch);
            }
            // Without a listener the screen hears that the terminal is gone.
            *LISTENER.lock().unwrap_or_else(PoisonError::into_inner) = None;
        });
        if reader.is_err() {
            *LISTENER.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    });
    rx
}

/// Waits until the terminal is ours, and reads from it.
fn read() -> std::io::Result<Vec<Event>> {
    let mut post = post();
    while post.called {
        post = MOVED.wait(post).unwrap_or_else(PoisonError::into_inner);
    }
    post.away = false;
    drop(post);
    let read = crossterm::event::read().map(|event| {
        let mut batch = vec![event];
        while batch.len() < BATCH && crossterm::event::poll(LOOK).unwrap_or(false) {
            match crossterm::event::read() {
                Ok(event) => batch.push(event),
                Err(_) => break,
            }
        }
        batch
    });
    self::post().away = true;
    MOVED.notify_all();
    read
}

/// Gives keys to the screen that listens, or to the next one.
fn hand_over(mut batch: Vec<Event>) {
    loop {
        let listener = {
            let mut slot = LISTENER.lock().unwrap_or_else(PoisonError::into_inner);
            loop {
                if DEAF.load(Ordering::Relaxed) {
                    return;
                }
                if let Some(tx) = slot.as_ref().filter(|tx| !tx.is_closed()) {
                    break tx.clone();
                }
                slot = LISTENING.wait(slot).unwrap_or_else(PoisonError::into_inner);
            }
        };
        match listener.blocking_send(batch) {
            Ok(()) => return,
            Err(unsent) => batch = unsent.0,
        }
    }
}

/// Drops the keys that are pressed from now on, or takes them again. For a wait between two screens: what is typed
/// into it was meant for something that is not there any more.
pub fn drop_keys(drop: bool) {
    if !drop {
        // What stands in the terminal's line, too. One that is no terminal has none.
        let _ = rustix::termios::tcflush(std::io::stdin(), rustix::termios::QueueSelector::IFlush);
    }
    DEAF.store(drop, Ordering::Relaxed);
    LISTENING.notify_all();
}

/// As long as it is there, the thread stays away from the terminal: every key is somebody else's.
pub(super) struct Away(());

/// Calls the thread away from the terminal, and waits until it is.
///
/// It stands in a wait of the kernel's that only the terminal ends, or a change of its size: so it is told of one.
/// Putting something silent in the terminal's place instead is no way: a wait that begins at the silent thing is not
/// ended by keys when the terminal is back in its place.
pub(super) fn call_away() -> Away {
    let mut post = post();
    post.called = true;
    for _ in 0..CALLS {
        if post.away {
            return Away(());
        }
        // Lost only while the thread has not begun yet.
        let _ = kill_process(getpid(), Signal::WINCH);
        post = MOVED.wait_timeout(post, CALL).unwrap_or_else(PoisonError::into_inner).0;
    }
    // A sequence that was cut short holds it up: it gets the next key, and comes away then.
    tracing::warn!("the reader of keys did not come away from the terminal");
    Away(())
}

impl Drop for Away {
    fn drop(&mut self) {
        post().called = false;
        MOVED.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portable_pty::{CommandBuilder, PtySize, native_pty_system};
    use std::io::{Read, Write};
    use std::time::Instant;

    /// Set where the test runs a second time, in a terminal of its own.
    const INSIDE: &str = "SWITCHBOARD_TEST_KEYS";
    const KEYS: usize = 50;

    /// In the terminal: waits until all keys wait, and says how many come at once.
    #[allow(clippy::print_stdout, reason = "the terminal is how it talks to the test outside")]
    fn inside() {
        crossterm::terminal::enable_raw_mode().unwrap();
        println!("ready");
        let end = Instant::now() + Duration::from_secs(20);
        while rustix::io::ioctl_fionread(std::io::stdin()).unwrap() < KEYS as u64 {
            assert!(Instant::now() < end, "the keys do not come");
            std::thread::yield_now();
        }
        let batch = listen().blocking_recv().unwrap();
        println!("came at once: {}.", batch.len());
    }

    #[test]
    fn fifty_keys_that_wait_are_one_batch() {
        if std::env::var_os(INSIDE).is_some() {
            return inside();
        }
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pty = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.args([
            "--exact",
            "tui::keyboard::tests::fifty_keys_that_wait_are_one_batch",
            "--nocapture",
            "--test-threads=1",
        ]);
        command.env(INSIDE, "1");
        let mut child = pty.slave.spawn_command(command).unwrap();
        drop(pty.slave);
        let mut out = pty.master.try_clone_reader().unwrap();
        let mut keys = pty.master.take_writer().unwrap();
        let mut seen = String::new();
        let mut buf = [0u8; 4096];
        let mut pressed = false;
        // It ends with the child, which has a deadline.
        while let Ok(n @ 1..) = out.read(&mut buf) {
            seen.push_str(&String::from_utf8_lossy(&buf[..n]));
            if !pressed && seen.contains("ready") {
                pressed = true;
                keys.write_all("j".repeat(KEYS).as_bytes()).unwrap();
                keys.flush().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(seen.contains(&format!("came at once: {KEYS}.")), "{seen}");
    }
}
