//! What the screen does outside of itself on the operator's word: run a command, write a file. Each on a thread of its own,
//! bounded in time and bytes; the screen never waits.
//!
//! Knows processes and files; nothing of messages. What a command writes is bytes of a stranger: it is made safe where it
//! is shown.

pub(crate) use crate::export::file::FileProblem;
use crate::export::file::PrivateFile;
use rustix::process::{Pid, Signal, kill_process_group};
use std::io::{Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Bytes of a command's output that are kept.
pub(crate) const OUTPUT_MAX: usize = 256 * 1024;
/// How long a command may run.
pub(crate) const TIME_MAX: Duration = Duration::from_secs(30);
/// Between two looks at a command that has closed its output and goes on.
const LOOK: Duration = Duration::from_millis(20);

/// What came of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Piped {
    /// What it wrote, to both of its outputs, as it came.
    pub output: String,
    /// Whether there was more.
    pub cut: bool,
    /// How it ended, in words; empty when it ended well.
    pub ended: String,
}

/// A step of writing a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FileStep {
    /// Begin one.
    Open {
        /// Where.
        path: PathBuf,
        /// Also in the place of one that is there.
        replace: bool,
    },
    /// More of it.
    More(Vec<u8>),
    /// It is whole.
    End,
    /// It will not be whole: nothing of it stays.
    Drop,
}

/// A step that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FileDone {
    /// It is open: more may come.
    Opened,
    /// It is on the disk.
    Written {
        /// Where.
        path: PathBuf,
        /// How large.
        bytes: u64,
    },
}

enum Heard {
    Bytes(Vec<u8>),
    Closed,
    Stop,
}

/// Stops a command that runs.
#[derive(Debug)]
pub(crate) struct Stop(mpsc::Sender<Heard>);

impl std::fmt::Debug for Heard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Heard")
    }
}

impl Stop {
    /// Ends it and everything that it started.
    pub fn stop(&self) {
        // One that has ended needs no stop.
        let _ = self.0.send(Heard::Stop);
    }
}

/// Runs a command with text on its standard input on a thread of its own; `done` hears what came of it.
pub(crate) fn pipe(command: String, input: String, done: impl FnOnce(Piped) + Send + 'static) -> Stop {
    let (tx, rx) = mpsc::channel();
    let heard = tx.clone();
    let started = std::thread::Builder::new().name("pipe".into()).spawn(move || {
        done(run(&command, input, &heard, &rx, TIME_MAX));
    });
    if let Err(error) = started {
        tracing::warn!(%error, "a command was not run");
    }
    Stop(tx)
}

fn run(
    command: &str,
    input: String,
    heard: &mpsc::Sender<Heard>,
    rx: &mpsc::Receiver<Heard>,
    time: Duration,
) -> Piped {
    // A group of its own, so that all of it can be ended. It is not the terminal's: what reads from it is stopped there.
    let child = Command::new("/bin/sh")
        .arg("-c")
        .arg(command)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(e) => return Piped { ended: e.to_string(), ..Piped::default() },
    };
    if let Some(mut stdin) = child.stdin.take() {
        // It may not want all of it, or none.
        let _ = std::thread::Builder::new().name("pipe in".into()).spawn(move || {
            let _ = stdin.write_all(input.as_bytes());
        });
    }
    let mut open = 0;
    if let Some(out) = child.stdout.take() {
        open += usize::from(listen(out, heard.clone()));
    }
    if let Some(out) = child.stderr.take() {
        open += usize::from(listen(out, heard.clone()));
    }
    let mut bytes: Vec<u8> = Vec::new();
    let (mut cut, mut ended) = (false, String::new());
    let until = Instant::now() + time;
    while open > 0 {
        match rx.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(Heard::Bytes(more)) => {
                let room = OUTPUT_MAX - bytes.len();
                cut |= more.len() > room;
                bytes.extend_from_slice(&more[..more.len().min(room)]);
                if cut {
                    ended = format!("stopped after {} kB", OUTPUT_MAX / 1024);
                    break;
                }
            }
            Ok(Heard::Closed) => open -= 1,
            Ok(Heard::Stop) => {
                ended = "stopped".into();
                break;
            }
            Err(_) => {
                ended = format!("stopped after {} s", time.as_secs());
                break;
            }
        }
    }
    let status = end(&mut child, ended.is_empty().then_some(until), rx);
    if ended.is_empty() {
        ended = status;
    }
    Piped { output: String::from_utf8_lossy(&bytes).into_owned(), cut, ended }
}

/// Hands over what a command writes; `false` when nobody can.
fn listen(mut from: impl Read + Send + 'static, heard: mpsc::Sender<Heard>) -> bool {
    let reader = std::thread::Builder::new().name("pipe out".into()).spawn(move || {
        let mut piece = [0; 8192];
        while let Ok(n) = from.read(&mut piece) {
            if n == 0 || heard.send(Heard::Bytes(piece[..n].to_vec())).is_err() {
                break;
            }
        }
        let _ = heard.send(Heard::Closed);
    });
    reader.is_ok()
}

/// Waits for the end until a time, then makes it; says how it ended.
fn end(child: &mut Child, until: Option<Instant>, rx: &mpsc::Receiver<Heard>) -> String {
    while let Some(until) = until {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return String::new(),
            Ok(Some(status)) => return status.to_string(),
            Ok(None) if Instant::now() < until => match rx.recv_timeout(LOOK) {
                Ok(Heard::Stop) => break,
                // Nobody can say stop any more; the pause is the same.
                Err(mpsc::RecvTimeoutError::Disconnected) => std::thread::sleep(LOOK),
                _ => {}
            },
            _ => break,
        }
    }
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(pid, Signal::KILL);
    }
    let _ = child.wait();
    "stopped".into()
}

/// Takes steps of writing a file on a thread of its own; `told` hears when it is open, and how it ended.
pub(crate) fn file(
    path: PathBuf,
    replace: bool,
    told: impl Fn(Result<FileDone, FileProblem>) + Send + 'static,
) -> mpsc::Sender<FileStep> {
    let (tx, rx) = mpsc::channel();
    let started = std::thread::Builder::new().name("export".into()).spawn(move || {
        let mut writing = match PrivateFile::open(&path, replace) {
            Ok(w) => w,
            Err(e) => return told(Err(e)),
        };
        told(Ok(FileDone::Opened));
        while let Ok(step) = rx.recv() {
            match step {
                FileStep::More(piece) => {
                    if let Err(e) = writing.more(&piece) {
                        return told(Err(e));
                    }
                }
                FileStep::End => {
                    let bytes = writing.bytes();
                    return told(writing.end().map(|()| FileDone::Written { path, bytes }));
                }
                FileStep::Open { .. } | FileStep::Drop => return,
            }
        }
    });
    if let Err(error) = started {
        tracing::warn!(%error, "a file was not written");
    }
    tx
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    fn piped(command: &str, input: &str, time: Duration) -> Piped {
        let (tx, rx) = mpsc::channel();
        run(command, input.into(), &tx, &rx, time)
    }

    #[test]
    fn a_command_gets_the_text_and_its_output_comes_back() {
        let p = piped("tr a-z A-Z; echo oops >&2; exit 3", "[09:12] Marta: olá\n", TIME_MAX);
        assert!(p.output.contains("[09:12] MARTA: OL") && p.output.contains("oops"), "{p:?}");
        assert!(p.ended.contains('3'), "{p:?}");
        assert_eq!(piped("cat >/dev/null", "x", TIME_MAX), Piped::default());
        assert!(piped("/nowhere/at/all", "x", TIME_MAX).ended.contains("127"));
        // One that reads nothing does not hold anything up.
        assert_eq!(piped("true", &"x".repeat(1 << 20), TIME_MAX).ended, "");
    }

    #[test]
    fn bytes_and_time_are_bounded() {
        let p = piped("yes", "", TIME_MAX);
        assert_eq!((p.output.len(), p.cut), (OUTPUT_MAX, true));
        let begun = Instant::now();
        let p = piped("tail -f /dev/null & exec tail -f /dev/null", "", Duration::from_millis(300));
        assert_eq!(p.ended, "stopped after 0 s");
        let p2 = piped("exec >/dev/null 2>&1; exec tail -f /dev/null", "", Duration::from_millis(300));
        assert_eq!(p2.ended, "stopped", "{p2:?}");
        assert!(begun.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn a_command_is_stopped() {
        let (tx, rx) = mpsc::channel();
        let stop = pipe("echo begun; exec tail -f /dev/null".into(), String::new(), move |p| {
            tx.send(p).unwrap();
        });
        stop.stop();
        assert_eq!(rx.recv_timeout(Duration::from_secs(20)).unwrap().ended, "stopped");
    }

    fn written(path: &Path, replace: bool, steps: Vec<FileStep>) -> Vec<Result<FileDone, FileProblem>> {
        let (tx, rx) = mpsc::channel();
        let out = file(path.to_owned(), replace, move |r| tx.send(r).unwrap());
        for s in steps {
            let _ = out.send(s);
        }
        drop(out);
        rx.iter().collect()
    }

    #[test]
    fn a_file_is_whole_private_and_never_in_the_place_of_another() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.html");
        let steps = || vec![FileStep::More(b"one ".to_vec()), FileStep::More(b"two".to_vec()), FileStep::End];
        let done = |bytes| Ok(FileDone::Written { path: path.clone(), bytes });
        assert_eq!(written(&path, false, steps()), [Ok(FileDone::Opened), done(7)]);
        assert_eq!(std::fs::read(&path).unwrap(), b"one two");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(written(&path, false, steps()), [Err(FileProblem::Exists(path.clone()))]);
        assert_eq!(written(&path, true, vec![FileStep::More(b"x".to_vec()), FileStep::End])[1], done(1));
        assert_eq!(std::fs::read(&path).unwrap(), b"x");
        // One that is not whole leaves nothing behind, and what was there stays.
        for steps in
            [vec![FileStep::More(b"half".to_vec()), FileStep::Drop], vec![FileStep::More(b"half".to_vec())]]
        {
            assert_eq!(written(&path, true, steps), [Ok(FileDone::Opened)]);
        }
        assert_eq!(std::fs::read(&path).unwrap(), b"x");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        // A link is not followed.
        let link = dir.path().join("link");
        std::os::unix::fs::symlink("/nowhere", &link).unwrap();
        assert_eq!(written(&link, false, steps()), [Err(FileProblem::Exists(link.clone()))]);
        assert!(matches!(written(dir.path(), true, steps())[0], Err(FileProblem::Failed(_))));
        assert!(matches!(written(&dir.path().join("no/a"), false, steps())[0], Err(FileProblem::Failed(_))));
    }
}
