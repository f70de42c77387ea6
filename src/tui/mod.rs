//! The screen: what is shown and which key does what.
//!
//! Knows `protocol`, `model` and `text`; never the store, a provider or the engine. One owner of state, one loop:
//! `update` is synchronous and does no I/O, it returns effects as data; `draw` reads state.

pub mod overlay;
pub mod theme;
