//! How a command ends: exit codes and the three lines of a problem.

use crate::config::ConfigError;
use crate::model::outgoing::FieldProblem;
use crate::protocol::Problem;
use std::io;

/// The exit codes. They are stable; `switchboard --help` lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Something failed.
    Failed = 1,
    /// Wrong usage, configuration or field.
    Usage = 2,
    /// Not found.
    NotFound = 3,
    /// Refused by a rule or the provider.
    Refused = 4,
    /// The engine cannot be reached or started.
    Engine = 5,
    /// The doctor found a failure.
    Doctor = 6,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl Exit {
    /// The code for a kind of problem (see [`Problem::kind`]).
    #[must_use]
    pub fn of_kind(kind: &str) -> Self {
        match kind {
            "field" | "config" | "usage" | "invalid" => Self::Usage,
            "not_found" => Self::NotFound,
            "window_closed" | "refused" | "rejected" | "failed" | "provider" | "capability" | "forbidden"
            | "busy" | "account" | "conflict" | "configured" | "incomplete" => Self::Refused,
            "engine" | "engine_gone" | "locked" | "newer" | "protocol" => Self::Engine,
            _ => Self::Failed,
        }
    }
}

/// Why a command ended early.
#[derive(Clone, Debug)]
pub enum Failure {
    /// A problem to print.
    Problem(Exit, Box<Problem>),
    /// The reader of our output went away: end without a word.
    OutputClosed,
}

impl Failure {
    /// A problem with the exit code of its kind.
    #[must_use]
    pub fn new(problem: Problem) -> Self {
        Self::Problem(Exit::of_kind(&problem.kind), Box::new(problem))
    }

    /// The engine cannot be reached or started.
    #[must_use]
    pub fn engine(problem: Problem) -> Self {
        Self::Problem(Exit::Engine, Box::new(problem))
    }

    /// An answer that does not fit the question: client and engine do not understand each other.
    #[must_use]
    pub fn unexpected() -> Self {
        Self::new(
            Problem::new("protocol", "the engine gave an answer to another question")
                .next("restart the engine, so that both are the same version"),
        )
    }
}

impl From<Problem> for Failure {
    fn from(p: Problem) -> Self {
        Self::new(p)
    }
}

impl From<FieldProblem> for Failure {
    fn from(p: FieldProblem) -> Self {
        Self::new(p.into())
    }
}

impl From<ConfigError> for Failure {
    fn from(e: ConfigError) -> Self {
        Self::new(
            Problem::new("config", e.to_string()).next("`switchboard doctor` checks the whole configuration"),
        )
    }
}

impl From<io::Error> for Failure {
    fn from(e: io::Error) -> Self {
        if e.kind() == io::ErrorKind::BrokenPipe {
            return Self::OutputClosed;
        }
        Self::new(Problem::new("io", format!("writing the output failed: {e}")))
    }
}
