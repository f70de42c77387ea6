//! Switchboard: the operator inbox for WhatsApp Business in a terminal.
//!
//! Where a change goes:
//!
//! | you want to change | look in |
//! | --- | --- |
//! | what a message, thread, template or window *is* | [`model`] |
//! | what is kept on disk and how it is found again | [`store`] |
//! | how a provider's wire format is spoken | [`provider`] |
//! | when something is sent, marked, synced or settled | [`engine`] |
//! | how a webhook POST is checked and answered | [`webhook`] |
//! | what a client may ask of the engine | [`protocol`] |
//! | how a client reaches a running engine | [`daemon`] |
//! | what is on the screen and which key does what | [`tui`] |
//! | how text is measured, wrapped and made safe for a terminal | [`text`] |
//! | what a shell command prints | [`cli`] |
//! | how a conversation becomes a file | [`export`] |
//! | what a copied or exported conversation looks like | [`export`] |
//! | which users and groups this machine has | [`users`] |
//! | what a file may configure | [`config`] |
//! | how the stand-in provider behaves | [`emulator`] |
//!
//! Dependencies point down only: `model` knows nothing; `store`, `provider` and `protocol` know `model`;
//! `engine` knows those; `webhook` and `daemon` know `engine`; `tui` and `cli` know `protocol` and `model`
//! and never the store or a provider. A test reads the `use` lines and holds that rule.
#![forbid(unsafe_code)]

pub mod cli;
pub mod clock;
pub mod config;
pub mod daemon;
pub mod emulator;
pub mod engine;
pub mod export;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
pub mod model;
pub mod protocol;
pub mod provider;
pub mod store;
pub mod text;
pub mod tui;
pub mod users;
pub mod webhook;
