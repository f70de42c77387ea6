//! Accounts: which one is shown, and how they are connected, seen to and taken off.

mod admin;
mod draw;
mod forms;
mod link;
#[cfg(test)]
pub(crate) mod sample;
mod saving;
mod switcher;
#[cfg(test)]
mod tests;

pub(in crate::tui::overlay) use forms::id_of;

pub use admin::{AccountBox, Rights, Times};
pub(in crate::tui) use draw::light;
pub use switcher::AccountSwitcher;
