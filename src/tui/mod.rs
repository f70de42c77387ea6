//! The screen: what is shown and which key does what.
//!
//! Knows `protocol`, `model` and `text`; never the store, a provider or the engine. One owner of state, one loop:
//! `update` is synchronous and does no I/O, it returns effects as data; `draw` reads state.
//!
//! | file | owns |
//! | --- | --- |
//! | `run` | the loop: signals, keys, frames of the engine, deadlines |
//! | `keyboard` | the thread that reads the terminal |
//! | `app` | the state and how it changes |
//! | `draw`, `transcript` | the state as cells |
//! | `canvas`, `backend`, `terminal` | cells as bytes, and the terminal's modes |
//! | `command`, `keymap` | the one table of commands; presets, the operator's own keys |
//! | `composer` | the text being written |
//! | `line` | the inbox as lines and a prompt |
//! | `notify`, `theme`, `mask`, `query` | what is heard, colours, what is hidden, what the terminal says of itself |
//! | `probe` | what the terminal sends, without the inbox |
//! | `links` | web addresses in messages, and how one is opened |
//! | `overlay`, `overlays` | pickers, forms and help that lie over the inbox |

mod app;
mod backend;
#[doc(hidden)]
pub mod bench;
mod canvas;
pub mod command;
mod composer;
mod draw;
mod editor;
mod emoji;
mod format;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod hyperlinks;
mod keyboard;
pub mod keymap;
mod line;
mod links;
mod marks;
mod mask;
mod notify;
mod outside;
pub mod overlay;
mod overlays;
pub mod permissions;
mod probe;
mod query;
mod reactions;
mod reading;
mod run;
mod terminal;
pub mod theme;
mod transcript;

pub use keyboard::drop_keys;
pub use line::run_lines;
pub use probe::probe;
pub use run::{Left, TuiOptions, run};
