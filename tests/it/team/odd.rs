//! Clients that are none: noise, halves, giants and crowds on the socket of a real engine. It goes on, its memory
//! stays bounded, and its log says so in few lines.

use super::house::{DEADLINE, House, Running};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use switchboard::protocol::codec::{MAX_HELLO, MAX_REQUEST, encode};
use switchboard::protocol::{ClientFrame, Request};

/// A few bytes that look like anything; the same in every run.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn bytes(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}

fn connect(socket: &PathBuf) -> UnixStream {
    let start = Instant::now();
    loop {
        match UnixStream::connect(socket) {
            Ok(line) => {
                line.set_read_timeout(Some(DEADLINE)).unwrap();
                line.set_write_timeout(Some(DEADLINE)).unwrap();
                return line;
            }
            // The backlog is full for a moment.
            Err(e) if e.kind() == ErrorKind::WouldBlock && start.elapsed() < DEADLINE => {
                std::thread::sleep(Duration::from_millis(1));
            }
            Err(e) => panic!("{e}"),
        }
    }
}

fn framed(body: &[u8]) -> Vec<u8> {
    let mut out = u32::try_from(body.len()).unwrap().to_be_bytes().to_vec();
    out.extend_from_slice(body);
    out
}

fn request(id: u64, request: Request) -> Vec<u8> {
    framed(&encode(&ClientFrame { id, request }).unwrap())
}

/// What the engine still says, until it closes the line.
fn rest(line: &mut UnixStream) -> String {
    let mut out = Vec::new();
    match line.read_to_end(&mut out) {
        Ok(_) => {}
        Err(e) if e.kind() == ErrorKind::ConnectionReset => {}
        Err(e) => panic!("the line is not closed: {e}"),
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Greets, and reads the answer.
fn greeted(socket: &PathBuf) -> UnixStream {
    let mut line = connect(socket);
    line.write_all(&request(1, Request::hello("pts/9", ""))).unwrap();
    assert!(answer(&mut line).contains("\"hello\""));
    line
}

fn answer(line: &mut UnixStream) -> String {
    let mut head = [0u8; 4];
    line.read_exact(&mut head).unwrap();
    let mut body = vec![0u8; u32::from_be_bytes(head) as usize];
    line.read_exact(&mut body).unwrap();
    String::from_utf8(body).unwrap()
}

/// Resident memory in bytes.
fn memory(engine: &Running) -> u64 {
    let text = fs::read_to_string(format!("/proc/{}/status", engine.0.id())).unwrap();
    let line = text.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() << 10
}

fn works(house: &House, engine: &mut Running) {
    assert!(engine.0.try_wait().unwrap().is_none(), "the engine has ended");
    let p = house.run(&["accounts"]);
    assert_eq!(p.code, 0, "{p:?}");
}

/// As many open files as we may have.
fn many_files() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(8192).min(8192);
    setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum: limit.maximum }).unwrap();
    most
}

#[test]
fn noise_halves_and_giants_cost_their_own_line_only() {
    let house = House::open("");
    let mut engine = house.serve();
    let socket = house.path("data/engine.sock");
    let mut noise = Noise(0x5eed_1234_dead_beef);
    works(&house, &mut engine);
    let before = memory(&engine);
    for round in 0..300usize {
        let mut line = connect(&socket);
        let n = noise.next() as usize % 400;
        let body = noise.bytes(n);
        // As it comes, in a frame, in a frame of JSON, and after a good greeting; half of them hang up at once.
        let bytes = match round % 5 {
            0 => body,
            1 => framed(&body),
            2 => framed(
                format!("{{\"id\":1,\"request\":{{\"request\":\"hello\",\"protocol\":{n}}}}}").as_bytes(),
            ),
            3 => {
                line = greeted(&socket);
                framed(&body)
            }
            _ => {
                line = greeted(&socket);
                framed(b"{\"id\":7,\"request\":{\"request\":\"threads\",\"account\":[[[[[[[[]]]]]]]]}}")
            }
        };
        // The engine may have closed the line in the middle of it.
        let _ = line.write_all(&bytes);
        if round % 2 == 0 {
            continue;
        }
        let _ = line.shutdown(std::net::Shutdown::Write);
        rest(&mut line);
    }
    // A frame that announces more than is allowed, before and after the greeting.
    for (mut line, most) in [(connect(&socket), MAX_HELLO), (greeted(&socket), MAX_REQUEST)] {
        for length in [u32::MAX, u32::try_from(most + 1).unwrap()] {
            let _ = line.write_all(&length.to_be_bytes());
        }
        rest(&mut line);
    }
    // Halves of large frames, all at once and held open.
    let mut held = Vec::new();
    for n in 0..200 {
        let mut line = if n % 2 == 0 { connect(&socket) } else { greeted(&socket) };
        let length = if n % 2 == 0 { MAX_HELLO } else { MAX_REQUEST };
        line.write_all(&u32::try_from(length).unwrap().to_be_bytes()).unwrap();
        line.write_all(&noise.bytes(1000)).unwrap();
        held.push(line);
    }
    works(&house, &mut engine);
    let grown = memory(&engine).saturating_sub(before) >> 20;
    assert!(grown < 64, "{grown} MB more");
    drop(held);
    let log = fs::read_to_string(house.path("data/switchboard.log")).unwrap();
    let odd = log.lines().filter(|l| l.contains("an odd client")).count();
    assert!((1..=10).contains(&odd), "{odd} lines: {log}");
    works(&house, &mut engine);
    engine.end();
}

#[test]
fn who_asks_and_never_reads_is_not_read_any_further() {
    let house = House::open("");
    let mut engine = house.serve();
    let socket = house.path("data/engine.sock");
    works(&house, &mut engine);
    let before = memory(&engine);
    let mut taken = 0;
    let mut held = Vec::new();
    for _ in 0..20 {
        let mut line = greeted(&socket);
        line.set_nonblocking(true).unwrap();
        let ask = request(2, Request::Doctor);
        let start = Instant::now();
        // Until nothing is taken for a while.
        let mut last = Instant::now();
        while last.elapsed() < Duration::from_millis(200) && start.elapsed() < DEADLINE {
            match line.write(&ask) {
                Ok(n) => {
                    taken += n;
                    last = Instant::now();
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => std::thread::yield_now(),
                Err(e) => panic!("{e}"),
            }
        }
        assert!(start.elapsed() < DEADLINE, "everything is taken for ever");
        held.push(line);
    }
    let grown = memory(&engine).saturating_sub(before) >> 20;
    assert!(grown < 64, "{grown} MB more after {taken} bytes of requests");
    works(&house, &mut engine);
    drop(held);
    engine.end();
}

#[test]
fn a_crowd_is_refused_with_a_sentence_and_leaves_room_for_the_next() {
    let most = many_files();
    let house = House::open("");
    let mut engine = house.serve();
    let socket = house.path("data/engine.sock");
    works(&house, &mut engine);
    let before = memory(&engine);
    // More than one user may have, and as many as our own limit of files allows.
    let crowd = usize::try_from(most).unwrap().saturating_sub(300).min(700);
    let mut held: Vec<UnixStream> = (0..crowd.min(250)).map(|_| greeted(&socket)).collect();
    let mut refused = 0;
    for _ in held.len()..crowd {
        let mut line = connect(&socket);
        let _ = line.write_all(&request(1, Request::hello("", "")));
        if answer(&mut line).contains("attached already") {
            refused += 1;
        } else {
            held.push(line);
        }
    }
    assert!(crowd < 700 || refused > 100, "{refused} of {crowd} were refused");
    let grown = memory(&engine).saturating_sub(before) >> 20;
    assert!(grown < 150, "{grown} MB for {} clients", held.len());
    drop(held);
    // They come and go by the thousand.
    for _ in 0..3000 {
        drop(connect(&socket));
    }
    let start = Instant::now();
    while house.run(&["accounts"]).code != 0 {
        assert!(start.elapsed() < DEADLINE, "no room is left");
    }
    works(&house, &mut engine);
    engine.end();
}

#[test]
fn who_says_nothing_is_let_go() {
    let house = House::open("");
    let mut engine = house.serve();
    let socket = house.path("data/engine.sock");
    works(&house, &mut engine);
    let mut silent = connect(&socket);
    let mut slow = connect(&socket);
    // One byte at a time is no greeting either.
    let hello = request(1, Request::hello("", ""));
    let start = Instant::now();
    for byte in hello.iter().take(20) {
        slow.write_all(&[*byte]).unwrap();
    }
    assert_eq!((rest(&mut silent), rest(&mut slow)), (String::new(), String::new()));
    assert!(start.elapsed() < DEADLINE);
    let log = fs::read_to_string(house.path("data/switchboard.log")).unwrap();
    assert!(log.contains("no greeting in time"), "{log}");
    works(&house, &mut engine);
    engine.end();
}
