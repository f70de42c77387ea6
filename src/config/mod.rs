//! What may be configured, where it comes from, and how a mistake is reported.
//!
//! Knows files, the environment and `model`; knows nothing of the engine or the screen.

pub mod settings;
