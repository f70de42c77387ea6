//! The integration tests: one binary, one module for each area.
#![allow(missing_docs, reason = "tests")]

mod cli;
mod common;
mod config;
mod daemon;
mod engine;
mod pty;
mod rules;
mod webhook;
