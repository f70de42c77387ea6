//! The integration tests: one binary, one module for each area.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::format_push_string,
    reason = "tests"
)]

mod cli;
mod common;
mod config;
mod daemon;
mod engine;
mod rules;
mod webhook;
