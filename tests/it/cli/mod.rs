//! The command line: its help, its exit codes, and what commands print around a scripted engine.

mod access;
mod accounts;
mod activity;
mod binary;
mod commands;
mod export;
mod files;
mod handling;
mod macros;
mod outbox;
mod profile;
mod scripted;
