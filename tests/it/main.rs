//! The integration tests: one binary, one module for each area.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::many_single_char_names,
    clippy::format_push_string,
    reason = "a test that cannot go on fails"
)]

mod accounts;
mod cli;
mod common;
mod config;
mod crash;
mod daemon;
mod disk;
mod doctor;
mod engine;
mod errors;
mod faults;
mod history;
mod history_engine;
mod hostile;
mod kapso;
mod load;
mod outbox;
mod pty;
mod recorder;
mod rules;
mod team;
mod templates;
mod together;
mod two_processes;
mod views;
mod webhook;
mod wizard;
