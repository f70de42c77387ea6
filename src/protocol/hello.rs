//! The greeting.

use super::{PROTOCOL, Request};

impl Request {
    /// The greeting of this program. `terminal` and `source` say where it is shown and where its login came from;
    /// empty when nobody has to know, as on a line that was greeted before.
    #[must_use]
    pub fn hello(terminal: &str, source: &str) -> Self {
        Self::Hello {
            protocol: PROTOCOL,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            terminal: terminal.to_owned(),
            source: source.to_owned(),
        }
    }
}
