//! Lines that post: one request, one answer, again and again; what is refused with 503 is posted again.

use crate::common::process::Post;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// A post that is not taken for this long is a failure.
const PATIENCE: Duration = Duration::from_secs(120);

/// What came of all posts.
#[derive(Default)]
pub struct Counts {
    taken: AtomicU64,
    messages: AtomicU64,
    repeated: AtomicU64,
    shed: AtomicU64,
}

impl Counts {
    pub fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }
    pub fn messages(&self) -> u64 {
        self.messages.load(Ordering::Relaxed)
    }
    pub fn repeated(&self) -> u64 {
        self.repeated.load(Ordering::Relaxed)
    }
    pub fn shed(&self) -> u64 {
        self.shed.load(Ordering::Relaxed)
    }
}

struct Line {
    addr: SocketAddr,
    path: String,
    socket: TcpStream,
}

impl Line {
    fn new(url: &str) -> Self {
        let rest = url.strip_prefix("http://").unwrap();
        let (host, path) = rest.split_once('/').unwrap();
        let addr = host.parse().unwrap();
        Self { addr, path: path.to_owned(), socket: Self::connect(addr) }
    }

    fn connect(addr: SocketAddr) -> TcpStream {
        let socket = TcpStream::connect(addr).unwrap();
        socket.set_nodelay(true).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket
    }

    fn head(&self, post: &Post) -> String {
        format!(
            "POST /{} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nX-Hub-Signature-256: {}\r\n\
             Content-Length: {}\r\n\r\n",
            self.path,
            self.addr,
            post.signature,
            post.body.len()
        )
    }

    /// The status of the answer; answers have no body.
    fn answer(&mut self) -> std::io::Result<u16> {
        let mut seen = Vec::new();
        let mut piece = [0; 1024];
        while !seen.ends_with(b"\r\n\r\n") {
            match self.socket.read(&mut piece)? {
                0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                n => seen.extend_from_slice(&piece[..n]),
            }
        }
        let status = seen.get(9..12).and_then(|s| std::str::from_utf8(s).ok()?.parse().ok());
        Ok(status.unwrap_or(0))
    }

    fn post(&mut self, post: &Post) -> u16 {
        let request = [self.head(post).into_bytes(), post.body.clone()].concat();
        self.socket.write_all(&request).and_then(|()| self.answer()).unwrap_or_else(|_| {
            // The other side closed the line: a new one, and the post again.
            self.socket = Self::connect(self.addr);
            0
        })
    }

    /// Posts until it is taken.
    fn insist(&mut self, post: &Post, counts: &Counts) {
        let start = Instant::now();
        loop {
            match self.post(post) {
                200 => break,
                503 => {
                    counts.shed.fetch_add(1, Ordering::Relaxed);
                    std::thread::sleep(Duration::from_millis(2));
                }
                // A broken line, or a body that took too long to come on a busy machine.
                0 | 408 => {}
                other => panic!("a good post was answered with {other}"),
            }
            assert!(start.elapsed() < PATIENCE, "a post is not taken");
        }
        counts.taken.fetch_add(1, Ordering::Relaxed);
        counts.messages.fetch_add(post.ids.len() as u64, Ordering::Relaxed);
    }
}

/// Posts everything at full speed on so many lines, every twentieth post twice.
pub fn send_all(url: &str, posts: &[Post], lines: usize, counts: &Counts) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..lines {
            scope.spawn(|| {
                let mut line = Line::new(url);
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    let Some(post) = posts.get(n) else { return };
                    line.insist(post, counts);
                    if n % 20 == 0 && line.post(post) == 200 {
                        counts.repeated.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
}

/// Posts everything on lines of their own; the last byte of each comes when all others have come.
pub fn send_at_once(url: &str, posts: &[Post], counts: &Counts) {
    let all = Barrier::new(posts.len());
    std::thread::scope(|scope| {
        for post in posts {
            let all = &all;
            std::thread::Builder::new()
                .stack_size(256 << 10)
                .spawn_scoped(scope, move || {
                    let mut line = Line::new(url);
                    let (last, body) = post.body.split_last().unwrap();
                    let begun = line
                        .socket
                        .write_all(line.head(post).as_bytes())
                        .and_then(|()| line.socket.write_all(body));
                    all.wait();
                    let ended =
                        begun.and_then(|()| line.socket.write_all(&[*last])).and_then(|()| line.answer());
                    match ended {
                        Ok(200) => {
                            counts.taken.fetch_add(1, Ordering::Relaxed);
                            counts.messages.fetch_add(post.ids.len() as u64, Ordering::Relaxed);
                            return;
                        }
                        Ok(503) => {
                            counts.shed.fetch_add(1, Ordering::Relaxed);
                        }
                        Ok(408) | Err(_) => line = Line::new(url),
                        Ok(other) => panic!("a good post was answered with {other}"),
                    }
                    line.insist(post, counts);
                })
                .unwrap();
        }
    });
}
