//! Line mode in a terminal that can do nothing: a customer is answered, and no escape sequence is ever written.

use super::{DEADLINE, size};
use crate::common::private_dir;
use portable_pty::{CommandBuilder, native_pty_system};
use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

#[test]
fn a_customer_is_answered_in_a_dumb_terminal() {
    let data = private_dir();
    let pty = native_pty_system().openpty(size(24, 40)).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_switchboard"));
    command.env_clear();
    command.env("TERM", "dumb");
    command.env("HOME", data.path());
    command.env("TZ", "UTC");
    command.args(["--line", "demo", "--speed", "20", "--data"]);
    command.arg(data.path().join("demo"));
    let mut child = pty.slave.spawn_command(command).unwrap();
    drop(pty.slave);
    let seen = Arc::new(Mutex::new(Vec::<u8>::new()));
    let mut reader = pty.master.try_clone_reader().unwrap();
    let out = Arc::clone(&seen);
    std::thread::spawn(move || {
        let mut buf = [0u8; 4096];
        while let Ok(n) = reader.read(&mut buf) {
            if n == 0 {
                break;
            }
            out.lock().unwrap().extend_from_slice(&buf[..n]);
        }
    });
    let text = || String::from_utf8_lossy(&seen.lock().unwrap()).into_owned();
    let see = |words: &str| {
        let start = Instant::now();
        while !text().contains(words) {
            assert!(start.elapsed() < DEADLINE, "not said in time: {words}\n{}", text());
            std::thread::sleep(Duration::from_millis(10));
        }
    };
    let mut keys = pty.master.take_writer().unwrap();
    let mut type_line = |line: &str| {
        keys.write_all(format!("{line}\r").as_bytes()).unwrap();
        keys.flush().unwrap();
    };
    see("Switchboard in line mode");
    // What comes in is told without asking.
    see("Marta Souza: ");
    type_line("open Marta Souza");
    see("Marta Souza> ");
    type_line("reply Just a moment, please.");
    see("queued; a failure is told here");
    type_line("search moment");
    see("result");
    type_line("help");
    see("send a text; without one");
    type_line("quit");
    let start = Instant::now();
    let code = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status.exit_code();
        }
        assert!(start.elapsed() < DEADLINE, "did not end in time\n{}", text());
        std::thread::sleep(Duration::from_millis(10));
    };
    assert_eq!(code, 0, "{}", text());
    assert!(!seen.lock().unwrap().contains(&0x1b), "an escape sequence was written: {:?}", text());
}
