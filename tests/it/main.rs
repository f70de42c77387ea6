//! The integration tests, one binary.
#![allow(missing_docs, reason = "tests")]

mod common;
mod engine;
mod webhook;
