//! Where a command prints, and how wide, coloured and zoned that is.

use super::failure::{Exit, Failure};
use super::table::Table;
use crate::clock::Millis;
use crate::protocol::Problem;
use crate::text::{is_hostile, is_tag, sanitize};
use jiff::tz::TimeZone;
use serde::Serialize;
use std::io::{self, IsTerminal, Write};

/// Where a command prints.
pub struct Output {
    out: Box<dyn Write + Send>,
    err: Box<dyn Write + Send>,
    /// Print JSON instead of tables.
    pub json: bool,
    /// Cells of a line; `None` = do not cut.
    pub width: Option<usize>,
    /// Whether colour may be used.
    pub color: bool,
    zone: Option<TimeZone>,
}

impl Output {
    /// The standard streams: cut and coloured only when they are a terminal, and colour only without
    /// `NO_COLOR`.
    #[must_use]
    pub fn standard(no_color: bool) -> Self {
        let tty = io::stdout().is_terminal();
        let width = if tty { crossterm::terminal::size().ok().map(|(w, _)| usize::from(w)) } else { None };
        Self {
            out: Box::new(io::BufWriter::new(io::stdout())),
            err: Box::new(io::stderr()),
            json: false,
            width,
            color: tty && !no_color,
            zone: None,
        }
    }

    /// Any two writers: uncut, without colour, times in UTC.
    #[must_use]
    pub fn to(out: Box<dyn Write + Send>, err: Box<dyn Write + Send>) -> Self {
        Self { out, err, json: false, width: None, color: false, zone: Some(TimeZone::UTC) }
    }

    /// Uses a time zone by name; a zone that was set stays without one.
    pub fn timezone(&mut self, name: Option<&str>) {
        if let Some(zone) = name.and_then(|n| TimeZone::get(n).ok()) {
            self.zone = Some(zone);
        }
    }

    /// Standard output.
    pub fn out(&mut self) -> &mut dyn Write {
        &mut self.out
    }

    /// Prints a line and shows it at once.
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{text}")?;
        self.out.flush()
    }

    /// A remark for people, on standard error; nothing with `--json`.
    pub fn remark(&mut self, text: &str) {
        if !self.json {
            // A closed standard error must not fail a command that worked.
            let _ = writeln!(self.err, "{}", sanitize(text));
        }
    }

    /// Prints a value as one JSON document on one line.
    pub fn document<T: Serialize>(&mut self, value: &T) -> Result<(), Failure> {
        write_json(&mut self.out, value)?;
        self.line("")?;
        Ok(())
    }

    /// Prints a table, cut to the width.
    pub fn table(&mut self, table: &Table) -> Result<(), Failure> {
        table.write(&mut self.out, self.width, self.color)?;
        self.out.flush()?;
        Ok(())
    }

    /// The operator's time zone.
    pub fn zone(&mut self) -> TimeZone {
        self.zone.get_or_insert_with(TimeZone::system).clone()
    }

    /// A time as `2026-11-21 09:12` in the operator's zone.
    pub fn time(&mut self, at: Millis) -> String {
        let zone = self.zone.get_or_insert_with(TimeZone::system);
        match jiff::Timestamp::from_millisecond(at) {
            Ok(t) => t.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string(),
            Err(_) => at.to_string(),
        }
    }

    /// The same to the millisecond.
    pub fn precise(&mut self, at: Millis) -> String {
        let zone = self.zone.get_or_insert_with(TimeZone::system);
        match jiff::Timestamp::from_millisecond(at) {
            Ok(t) => t.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S.%3f").to_string(),
            Err(_) => at.to_string(),
        }
    }

    /// Prints why a command failed, and gives its exit code.
    pub fn failure(&mut self, failure: &Failure) -> Exit {
        match failure {
            Failure::OutputClosed => Exit::Done,
            Failure::Problem(exit, problem) => {
                // What was printed before comes first; nothing can be done when an output is closed.
                let _ = self.out.flush();
                let _ = if self.json {
                    #[derive(Serialize)]
                    struct Document<'a> {
                        error: &'a Problem,
                    }
                    write_json(&mut self.err, &Document { error: problem }).and_then(|()| writeln!(self.err))
                } else {
                    write_problem(&mut self.err, problem)
                };
                *exit
            }
        }
    }
}

/// JSON for a terminal as well as for a program: what no terminal may see is written as `\\uXXXX`, so nothing is lost.
struct Escaping;

impl serde_json::ser::Formatter for Escaping {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(|c| is_hostile(c) || is_tag(c)) {
            writer.write_all(&rest.as_bytes()[..at])?;
            let Some(c) = rest[at..].chars().next() else { break };
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = &rest[at + c.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }
}

fn write_json<T: Serialize>(out: &mut dyn Write, value: &T) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(out, Escaping);
    value.serialize(&mut serializer).map_err(io::Error::from)
}

/// Up to three lines: what happened, what it means, what to do next.
fn write_problem(out: &mut dyn Write, p: &Problem) -> io::Result<()> {
    writeln!(out, "error: {}", sanitize(&p.what))?;
    if !p.means.is_empty() {
        writeln!(out, "  this means: {}", sanitize(&p.means))?;
    }
    if !p.next.is_empty() {
        writeln!(out, "  do next: {}", sanitize(&p.next))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_every_character_and_shows_no_control() {
        let text = "a\u{1b}[31m\u{7f}\u{9b}\u{202e}\u{2028}\u{feff}\u{e0041}\"\\ é王👍\n";
        let mut out = Vec::new();
        write_json(&mut out, &[text]).unwrap();
        let written = String::from_utf8(out).unwrap();
        assert!(!written.chars().any(|c| is_hostile(c) || is_tag(c)), "{written:?}");
        assert!(
            written.contains("\\u202e") && written.contains("\\udb40\\udc41") && written.contains("é王👍")
        );
        assert_eq!(serde_json::from_str::<Vec<String>>(&written).unwrap(), [text]);
    }

    #[test]
    fn a_problem_has_up_to_three_safe_lines() {
        let mut text = Vec::new();
        let p = Problem::new("window_closed", "131047 \u{1b}[31mRe-engagement message")
            .means("more than 24 hours")
            .next("send a template");
        write_problem(&mut text, &p).unwrap();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "error: 131047 [31mRe-engagement message\n  this means: more than 24 hours\n  do next: send a template\n"
        );
    }
}
