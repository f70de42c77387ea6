//! The integration tests: one binary, one module for each area.

mod cli;
mod config;
mod daemon;
mod rules;
