//! The log: a file in the data folder, for us alone, opened when there is something to say.
//!
//! Tokens and phone numbers are masked on their way into the file, whoever logs them. An event is one line without
//! control characters: people read logs in a terminal, and nobody's text starts a line of its own.

use crate::text;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

/// The file is put aside at this size; one old file is kept.
const LOG_MAX: u64 = 8 << 20;

/// Starts logging to `switchboard.log` in a folder. `level` is `SWITCHBOARD_LOG`: `off`, `error`, `warn`,
/// `info` (default), `debug` or `trace`.
pub fn start(dir: &Path, level: Option<&str>) {
    let level = match level {
        None => LevelFilter::INFO,
        Some(word) => word.parse().unwrap_or(LevelFilter::INFO),
    };
    let sink = Sink(Arc::new(Mutex::new(LogFile { path: dir.join("switchboard.log"), file: None, size: 0 })));
    let subscriber =
        tracing_subscriber::fmt().with_max_level(level).with_ansi(false).with_writer(sink).finish();
    // Only the first of a process counts; tests start several.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

#[derive(Debug)]
struct LogFile {
    path: PathBuf,
    file: Option<File>,
    size: u64,
}

impl LogFile {
    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        if self.file.is_none() || self.size > LOG_MAX {
            if std::fs::metadata(&self.path).is_ok_and(|m| m.len() > LOG_MAX) {
                std::fs::rename(&self.path, self.path.with_extension("log.old"))?;
            }
            let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path)?;
            self.size = file.metadata()?.len();
            self.file = Some(file);
        }
        if let Some(file) = &mut self.file {
            file.write_all(line)?;
            self.size += line.len() as u64;
        }
        Ok(())
    }
}

/// The log as the subscriber wants it.
#[derive(Clone, Debug)]
struct Sink(Arc<Mutex<LogFile>>);

impl<'a> MakeWriter<'a> for Sink {
    type Writer = Sink;
    fn make_writer(&'a self) -> Sink {
        self.clone()
    }
}

impl Write for Sink {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let line = one_line(&mask(&String::from_utf8_lossy(buf)));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(line.as_bytes())?;
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An event as one safe line.
fn one_line(event: &str) -> String {
    format!("{}\n", text::sanitize(event.trim_end_matches('\n')))
}

/// Masks what looks like a phone number (7 to 15 digits in a row) or a token (33 characters or more without a
/// gap; our own ids have 32).
#[must_use]
pub fn mask(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let mut rest = line;
    while let Some(start) = rest.find(is_word) {
        out.push_str(&rest[..start]);
        let tail = &rest[start..];
        let end = tail.find(|c| !is_word(c)).unwrap_or(tail.len());
        let word = &tail[..end];
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        if word.len() > 32 && digits > 0 {
            out.push_str("[masked]");
        } else if digits >= 7 && word.bytes().all(|b| b.is_ascii_digit() || b == b'-') && !is_date(word) {
            out.push_str("[number]");
        } else {
            out.push_str(word);
        }
        rest = &tail[end..];
    }
    out.push_str(rest);
    out
}

fn is_date(word: &str) -> bool {
    word.len() == 10 && word.as_bytes()[4] == b'-' && word.as_bytes()[7] == b'-'
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn numbers_and_tokens_do_not_reach_the_file() {
        let line = "2026-11-21T09:12:00.123456Z INFO sent to +5511988881234 (1-555-010-2030) with \
                    EAAGm0PX4ZCpsBAKZCabcdefghijk1234567890 for 0f8fad5bd9cb469fa16570867728950e port 8080\n";
        let got = mask(line);
        for hidden in ["5511988881234", "010-2030", "EAAGm0"] {
            assert!(!got.contains(hidden), "{got}");
        }
        for kept in ["2026-11-21T09:12:00.123456Z", "0f8fad5bd9cb469fa16570867728950e", "8080", "sent to +"] {
            assert!(got.contains(kept), "{got}");
        }
        assert_eq!(mask("olá — 王"), "olá — 王");
    }

    #[test]
    fn an_event_is_one_line_without_controls() {
        let event = "WARN text=\u{1b}]0;x\u{7}\n2026-11-21 ERROR forged\u{9b}2J\u{202e}\n";
        assert_eq!(one_line(event), "WARN text=]0;x 2026-11-21 ERROR forged2J\n");
    }

    #[test]
    fn the_file_is_ours_alone_and_put_aside_when_large() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("switchboard.log");
        let mut log = LogFile { path: path.clone(), file: None, size: 0 };
        assert!(!path.exists());
        log.write(b"one\n").unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        File::options().write(true).open(&path).unwrap().set_len(LOG_MAX + 1).unwrap();
        log.size = LOG_MAX + 1;
        log.write(b"two\n").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two\n");
        assert!(path.with_extension("log.old").exists());
    }
}
