//! How a client reaches an engine that runs in another process: data folder, lock, socket, frames.
//!
//! Knows `protocol` and the way an in-process connection is made (a closure); knows nothing of the store, a
//! provider or a screen. One engine holds the lock of a data folder and listens on its socket; everybody else
//! attaches.

pub mod attach;
pub mod lifecycle;
mod outbound;
mod places;
pub mod server;
pub mod socket;
pub mod system;

pub use attach::{AttachError, attach, attach_to};
pub use lifecycle::{DaemonError, DataDir, Lock};
pub use server::{Connect, Server};
pub use socket::Door;
