//! The terminal's modes: entered once, left in reverse order on every way out, a panic among them.

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

static ACTIVE: AtomicBool = AtomicBool::new(false);
static MODES: AtomicU8 = AtomicU8::new(0);
static HOOK: Once = Once::new();

const MOUSE: u8 = 1;
const KEYS: u8 = 2;
/// Lines below each other instead of the whole screen.
const LINES: u8 = 4;

/// A terminal in the modes of the inbox; dropping it gives the terminal back.
#[derive(Debug)]
pub(crate) struct Guard {
    out: File,
    mouse: bool,
}

/// Terminals that are known to understand extended keys; asking would cost a round trip at the start.
fn has_extended_keys(env: impl Fn(&str) -> Option<String>) -> bool {
    let term = env("TERM").unwrap_or_default();
    let program = env("TERM_PROGRAM").unwrap_or_default();
    env("TMUX").is_none()
        && (["xterm-kitty", "xterm-ghostty", "foot", "foot-extra", "alacritty"].contains(&&*term)
            || ["ghostty", "WezTerm"].contains(&&*program))
}

impl Guard {
    /// Raw mode, alternate screen, bracketed paste, focus reports, and mouse reports if wanted.
    pub fn enter(mouse: bool) -> io::Result<Self> {
        let out = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                // The runtime catches what panics in its tasks: the screen goes on, the report is for the log.
                let task = std::thread::current().name().is_some_and(|n| n.starts_with("tokio"));
                if task && ACTIVE.load(Ordering::SeqCst) {
                    tracing::error!("{info}");
                    return;
                }
                // First the screen, so that the report can be read.
                leave();
                before(info);
            }));
        });
        let mut guard = Self { out, mouse };
        guard.open()?;
        Ok(guard)
    }

    /// Raw mode and bracketed paste only: what is written stays below the prompt.
    pub fn lines() -> io::Result<Self> {
        let out = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        let mut guard = Self { out, mouse: false };
        enable_raw_mode()?;
        let keys = has_extended_keys(|n| std::env::var(n).ok());
        MODES.store(if keys { LINES | KEYS } else { LINES }, Ordering::SeqCst);
        ACTIVE.store(true, Ordering::SeqCst);
        guard.write(if keys { b"\x1b[?2004h\x1b[>1u" } else { b"\x1b[?2004h" })?;
        Ok(guard)
    }

    /// Takes the terminal again after it was given back, or after somebody else had it.
    pub fn reopen(&mut self) -> io::Result<()> {
        leave();
        self.open()
    }

    fn open(&mut self) -> io::Result<()> {
        let mouse = self.mouse;
        enable_raw_mode()?;
        let keys = has_extended_keys(|n| std::env::var(n).ok());
        MODES.store(if mouse { MOUSE } else { 0 } | if keys { KEYS } else { 0 }, Ordering::SeqCst);
        ACTIVE.store(true, Ordering::SeqCst);
        // Title on the terminal's stack, alternate screen, bracketed paste, focus reports; no automatic line breaks,
        // so that an emoji which this terminal draws wider than we count never spills into the next line.
        let mut modes = b"\x1b[22;0t\x1b[?1049h\x1b[?7l\x1b[?2004h\x1b[?1004h".to_vec();
        if mouse {
            modes.extend_from_slice(b"\x1b[?1000h\x1b[?1006h");
        }
        if keys {
            modes.extend_from_slice(b"\x1b[>1u");
        }
        self.write(&modes)
    }

    /// Writes bytes with one system call where the terminal takes them.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !ACTIVE.load(Ordering::SeqCst) {
            return Err(io::Error::other("the terminal was given back"));
        }
        self.out.write_all(bytes)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        leave();
    }
}

/// Gives the terminal back; does nothing the second time.
pub(crate) fn leave() {
    if !ACTIVE.swap(false, Ordering::SeqCst) {
        return;
    }
    let modes = MODES.load(Ordering::SeqCst);
    let mut bytes = Vec::with_capacity(96);
    // A frame may have been cut short.
    bytes.extend_from_slice(b"\x1b[?2026l\x1b[m");
    if modes & KEYS != 0 {
        bytes.extend_from_slice(b"\x1b[<u");
    }
    if modes & MOUSE != 0 {
        bytes.extend_from_slice(b"\x1b[?1006l\x1b[?1000l");
    }
    bytes.extend_from_slice(if modes & LINES != 0 {
        b"\x1b[?2004l"
    } else {
        b"\x1b[?1004l\x1b[?2004l\x1b[?7h\x1b[?1049l\x1b[?25h\x1b[23;0t"
    });
    // Nothing can be done about a terminal that is gone. Its usual modes first: who sees the screen go types for what
    // comes next.
    let _ = disable_raw_mode();
    let mut out = io::stdout();
    let _ = out.write_all(&bytes);
    let _ = out.flush();
}
