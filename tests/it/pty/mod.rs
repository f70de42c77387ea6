//! The real binary in a pseudo-terminal: it starts, a customer is answered, the terminal is left as it was found.

mod connecting;
mod line;
mod svg;
mod templates;
mod wizard;
mod writing;

use crate::common::private_dir;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_secs(30);
/// Colour of the ticks of a read message in the dark theme with 256 colours.
const READ: u8 = 81;

pub(crate) struct Term {
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    pub(crate) child: Box<dyn Child + Send + Sync>,
    /// What the terminal shows, and every byte that came.
    pub(crate) screen: Arc<Mutex<(vt100::Parser, Vec<u8>)>>,
    data: Arc<tempfile::TempDir>,
}

fn cells(n: u16) -> std::num::NonZeroU16 {
    std::num::NonZeroU16::new(n).unwrap()
}

fn size(rows: u16, cols: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

impl Term {
    /// Starts the demonstration, twenty times faster than life.
    fn demo(rows: u16, cols: u16) -> Self {
        Self::start(Arc::new(private_dir()), rows, cols)
    }

    fn start(data: Arc<tempfile::TempDir>, rows: u16, cols: u16) -> Self {
        Self::start_at("20", data, rows, cols)
    }

    fn start_at(speed: &str, data: Arc<tempfile::TempDir>, rows: u16, cols: u16) -> Self {
        let demo = data.path().join("demo");
        let args = ["demo", "--speed", speed, "--data", demo.to_str().unwrap()];
        Self::program(&args, data, rows, cols)
    }

    /// The program with these arguments; `data` is its home.
    pub(crate) fn program(args: &[&str], data: Arc<tempfile::TempDir>, rows: u16, cols: u16) -> Self {
        Self::other(env!("CARGO_BIN_EXE_switchboard"), args, data, rows, cols)
    }

    /// Another program, which starts ours.
    pub(crate) fn other(
        program: &str,
        args: &[&str],
        data: Arc<tempfile::TempDir>,
        rows: u16,
        cols: u16,
    ) -> Self {
        let pty = native_pty_system().openpty(size(rows, cols)).unwrap();
        let mut command = CommandBuilder::new(program);
        command.env_clear();
        command.env("TERM", "xterm-256color");
        command.env("HOME", data.path());
        command.env("TZ", "UTC");
        command.env("PATH", std::env::var("PATH").unwrap_or_default());
        command.args(args);
        let child = pty.slave.spawn_command(command).unwrap();
        drop(pty.slave);
        Self::over(pty.master, child, rows, cols, data)
    }

    /// A program that was started on a terminal.
    fn over(
        master: Box<dyn MasterPty + Send>,
        child: Box<dyn Child + Send + Sync>,
        rows: u16,
        cols: u16,
        data: Arc<tempfile::TempDir>,
    ) -> Self {
        let screen = Arc::new(Mutex::new((vt100::Parser::new(cells(rows), cells(cols), 0), Vec::new())));
        let mut reader = master.try_clone_reader().unwrap();
        let seen = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut buf = vec![0u8; 65536];
            while let Ok(n) = reader.read(&mut buf) {
                if n == 0 {
                    break;
                }
                let mut s = seen.lock().unwrap();
                s.0.process(&buf[..n]);
                s.1.extend_from_slice(&buf[..n]);
            }
        });
        let keys = master.take_writer().unwrap();
        Self { master, keys, child, screen, data }
    }

    pub(crate) fn text(&self) -> String {
        self.screen.lock().unwrap().0.screen().contents()
    }

    pub(crate) fn wait(&self, what: &str, found: impl Fn(&str) -> bool) -> String {
        let start = Instant::now();
        loop {
            let text = self.text();
            if found(&text) {
                return text;
            }
            if start.elapsed() > DEADLINE {
                let s = self.screen.lock().unwrap();
                let tail = String::from_utf8_lossy(&s.1[s.1.len().saturating_sub(6000)..]).into_owned();
                panic!("not on the screen in time: {what}\n{text}\n{tail:?}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn see(&self, text: &str) -> String {
        self.wait(text, |s| s.contains(text))
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    fn resize(&self, rows: u16, cols: u16) {
        // The terminal first, as in life: what is drawn for the old size is drawn over when the program hears of it.
        self.screen.lock().unwrap().0.screen_mut().set_size(cells(rows), cells(cols));
        self.master.resize(size(rows, cols)).unwrap();
    }

    pub(crate) fn exit(&mut self) -> u32 {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.exit_code();
            }
            assert!(start.elapsed() < DEADLINE, "did not end in time\n{}", self.text());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Whether the terminal is as it was before: main screen, cursor shown, no reporting of pastes or focus.
    fn assert_restored(&self) {
        let start = Instant::now();
        loop {
            let s = self.screen.lock().unwrap();
            let screen = s.0.screen();
            let restored = !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste();
            let tail = String::from_utf8_lossy(&s.1[s.1.len().saturating_sub(200)..]).into_owned();
            drop(s);
            if restored {
                assert!(tail.contains("\u{1b}[?1004l"), "focus reporting is left on: {tail:?}");
                return;
            }
            assert!(start.elapsed() < DEADLINE, "the terminal is not restored: {tail:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Term {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

/// Opens a customer's thread by search and waits for words of theirs.
fn open(t: &mut Term, name: &str, words: &str) {
    // The one whose messages come last.
    t.see("Marta Souza");
    t.see(name.split(' ').next().unwrap_or(name));
    t.press("/");
    t.see("Search");
    t.press(name);
    t.wait("a contact in the search", |s| s.contains("contacts ─") && s.matches(name).count() >= 2);
    t.press("\r");
    t.see(words);
}

fn open_marta(t: &mut Term) {
    open(t, "Marta Souza", "pedido 8812");
}

/// Waits until words of ours have two ticks in colour, which means read.
fn see_read(t: &Term, words: &str) {
    let start = Instant::now();
    loop {
        let read = {
            let s = t.screen.lock().unwrap();
            let screen = s.0.screen();
            let (rows, columns) = (screen.size().0.get(), screen.size().1.get());
            let line = |r: u16| -> String {
                (0..columns).filter_map(|c| screen.cell(r, c)).map(vt100::Cell::contents).collect()
            };
            let first = (0..rows).rev().find(|r| line(*r).contains(words));
            // The ticks stand at the end of the bubble.
            let ticks =
                first.and_then(|first| (first..rows.min(first + 8)).find(|r| line(*r).contains("✓✓")));
            ticks.is_some_and(|r| {
                (columns / 3..columns).any(|c| {
                    screen.cell(r, c).is_some_and(|cell| {
                        cell.contents() == "✓" && cell.fgcolor() == vt100::Color::Idx(READ)
                    })
                })
            })
        };
        if read {
            return;
        }
        assert!(start.elapsed() < DEADLINE, "not read: {words}\n{}", t.text());
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_customer_is_answered_until_the_ticks_are_blue() {
    let mut t = Term::demo(36, 120);
    open_marta(&mut t);
    t.press("r");
    t.see("Enter send");
    t.press("Sai hoje, Marta!");
    t.see("Sai hoje, Marta!");
    t.press("\r");
    see_read(&t, "Sai hoje, Marta!");
    // Her answer comes without a key.
    t.resize(24, 80);
    t.see("Marta Souza");
    // One key at a time: an escape and the key after it in one read mean something else.
    t.press("\u{1b}");
    t.see("r writes a reply");
    t.press("\u{1b}");
    t.see("Inbox");
    t.press("q");
    assert_eq!(t.exit(), 0);
    t.assert_restored();
}

#[test]
fn a_draft_survives_quitting_and_sigterm_restores_the_terminal() {
    let mut t = Term::demo(24, 80);
    open_marta(&mut t);
    t.press("r");
    t.see("Enter send");
    t.press("half a thought");
    t.see("half a thought");
    let pid = t.child.process_id().unwrap();
    let killed = std::process::Command::new("kill").args(["-TERM", &pid.to_string()]).status().unwrap();
    assert!(killed.success());
    t.exit();
    t.assert_restored();
    // It comes up as it was left, with the keys in the text.
    let t = Term::start(t.data.clone(), 24, 80);
    t.wait("the draft", |s| s.contains("half a thought") && s.contains("Enter send"));
}

#[test]
fn a_quick_reply_answers_with_its_values() {
    let mut t = Term::demo(36, 120);
    open_marta(&mut t);
    t.press("r");
    t.see("Enter send");
    t.press("/");
    t.see("Quick replies");
    t.press("order");
    t.see("1 of 6");
    t.press("\r");
    t.see("Fill in /order");
    t.press("8812\t");
    t.press("today");
    t.see("your order 8812 leaves our warehouse today");
    t.press("\r");
    t.wait("the text in the composer", |s| {
        !s.contains("Fill in") && s.contains("Hello Marta, your order 8812")
    });
    t.press("\r");
    see_read(&t, "Hello Marta, your order 8812");
}

#[test]
fn a_closed_window_takes_a_template_until_it_is_read() {
    let mut t = Term::demo(36, 120);
    open(&mut t, "Tom Harker", "there is a decision");
    t.see("window closed");
    // What would write a reply offers what may be sent.
    t.press("r");
    t.see("Template for Tom Harker");
    t.press("we have an answer");
    t.wait("only what was looked for", |s| {
        s.contains("conversation_follow_up") && !s.contains("order_ready")
    });
    t.press("\r");
    t.see("in the text");
    t.press("Tom");
    t.see("Hello Tom, we have an answer");
    t.press("\u{1b}[21~");
    t.see("y send it");
    t.press("y");
    see_read(&t, "Hello Tom, we have an answer");
    // He answers, and with that the window opens.
    t.wait("an open window", |s| s.contains("▸ Yes, please") && !s.contains("window closed"));
}

#[test]
fn a_failed_message_says_why_and_which_key_is_next() {
    let mut t = Term::demo(36, 120);
    open(&mut t, "Nadia Petrova", "8805");
    t.press("r");
    t.see("Enter send");
    t.press("See you tomorrow\r");
    t.see("131026");
    t.see("x y puts it aside");
    t.press("\u{1b}");
    t.see("Ctrl+R send again");
    t.press("xy");
    t.wait("put aside", |s| s.contains("→ put aside") && !s.contains("Ctrl+R"));
}

#[test]
fn two_terminals_on_one_engine_see_the_same() {
    let mut one = Term::demo(36, 120);
    open_marta(&mut one);
    let mut two = Term::start(one.data.clone(), 24, 80);
    open_marta(&mut two);
    one.press("r");
    one.see("Enter send");
    one.press("From the first terminal\r");
    two.see("From the first terminal");
    two.press("r");
    two.see("Enter send");
    two.press("And from the second\r");
    one.see("And from the second");
    // The one that attached leaves, the other goes on.
    two.press("\u{1b}");
    two.see("r writes a reply");
    two.press("\u{3}");
    assert_eq!(two.exit(), 0);
    two.assert_restored();
    one.press("Still here\r");
    see_read(&one, "Still here");
}

#[test]
fn ctrl_z_gives_the_terminal_back_and_fg_draws_again() {
    let mut t = Term::demo(24, 80);
    t.see("Marta Souza");
    t.press("\u{1a}");
    t.assert_restored();
    let pid = t.child.process_id().unwrap().to_string();
    // A session leader in a terminal of its own has nobody who could continue it, so it goes on by itself; one
    // that was stopped goes on when it is told to.
    let _ = std::process::Command::new("kill").args(["-CONT", &pid]).status().unwrap();
    t.wait("the inbox again", |s| s.contains("Marta Souza") && s.contains("Inbox"));
    t.press("q");
    assert_eq!(t.exit(), 0);
    t.assert_restored();
}

#[test]
fn a_terminal_too_small_says_so_and_recovers() {
    let mut t = Term::demo(24, 80);
    t.see("Marta Souza");
    t.resize(5, 20);
    t.wait("a sentence about the size", |s| s.to_lowercase().contains("small"));
    t.resize(24, 80);
    t.see("Marta Souza");
    t.press("q");
    assert_eq!(t.exit(), 0);
}

/// Makes the picture of the README from the real program:
/// `SWITCHBOARD_PICTURE=assets/screen.svg cargo test --test it pty::the_screen_can_be_pictured`.
#[test]
fn the_screen_can_be_pictured() {
    // For people who look at it the customers take their time.
    let path = std::env::var_os("SWITCHBOARD_PICTURE");
    let speed = if path.is_some() { "6" } else { "20" };
    let mut t = Term::start_at(speed, Arc::new(private_dir()), 34, 120);
    open_marta(&mut t);
    t.press("r");
    t.see("Enter send");
    t.press("Oi Marta! Sim, entregamos no sábado de manhã, entre 9h e 12h.\r");
    see_read(&t, "Oi Marta! Sim");
    t.wait("her answer, which quotes ours", |s| s.contains("muito obrigada") && s.contains("you: Oi Marta!"));
    t.press("Posso confirmar o endereço?\r");
    see_read(&t, "Posso confirmar");
    t.wait("her reaction", |s| s.contains("👍"));
    t.press("Ótimo, o motorista liga antes de");
    t.see("liga antes de");
    t.wait("the draft's mark in the list", |s| s.contains('✎'));
    let picture = svg::picture(t.screen.lock().unwrap().0.screen());
    assert!(picture.contains("Marta") && picture.contains("✓") && picture.ends_with("</svg>\n"));
    if let Some(path) = path {
        std::fs::write(path, picture).unwrap();
    }
}

#[test]
fn a_second_terminal_takes_over_when_the_first_quits() {
    let mut first = Term::demo(24, 80);
    first.see("Marta Souza");
    let mut second = Term::start(first.data.clone(), 24, 80);
    second.see("Marta Souza");
    first.press("q");
    assert_eq!(first.exit(), 0);
    // The engine is now in the second process: an answer still becomes blue ticks.
    let entered = |t: &Term| {
        let s = t.screen.lock().unwrap();
        String::from_utf8_lossy(&s.1).matches("\u{1b}[?1049h").count()
    };
    second.wait("the screen is entered again", |_| entered(&second) == 2);
    second.see("Marta Souza");
    open_marta(&mut second);
    second.press("r");
    second.see("Enter send");
    second.press("Ainda estou aqui.\r");
    second.wait("ticks", |s| s.contains("Ainda estou aqui.") && s.contains("✓✓"));
}
