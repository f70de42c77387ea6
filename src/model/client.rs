//! Who is at the other end of a connection to the engine.

use serde::{Deserialize, Serialize};

/// Longest word that a client may tell about itself, in characters.
pub const TOLD_MAX: usize = 64;

/// A client of the engine. User and process are the kernel's and the system's word; terminal and source are what
/// the client says, and only for people to read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ClientInfo {
    /// The user behind it: from the kernel for a socket; `None` when the client is a part of the engine's own
    /// process that names no other user, which no client of a socket can be.
    pub uid: Option<u32>,
    /// The user's name.
    pub user: String,
    /// The user's groups, supplementary ones included, sorted.
    pub groups: Vec<String>,
    /// Its process, from the kernel.
    pub pid: Option<i32>,
    /// The terminal that it shows itself on (`pts/3`), as it says; empty when it has none.
    pub terminal: String,
    /// Where its login came from (an address), as it says; empty for a local one.
    pub source: String,
}

impl ClientInfo {
    /// A client in the engine's own process, for a user of this name.
    #[must_use]
    pub fn inside(user: impl Into<String>) -> Self {
        Self { user: user.into(), ..Self::default() }
    }

    /// The same with what the client tells about itself, made safe to show and to log.
    #[must_use]
    pub fn telling(self, terminal: &str, source: &str) -> Self {
        Self { terminal: told(terminal), source: told(source), ..self }
    }
}

/// A stranger's word about itself: plain characters only, and not many.
#[must_use]
pub fn told(word: &str) -> String {
    word.chars().filter(char::is_ascii_graphic).take(TOLD_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_tells_is_bounded_and_plain() {
        let c = ClientInfo::inside("ana").telling("pts/3\u{1b}[2J\n", &"1".repeat(5000));
        assert_eq!(c.terminal, "pts/3[2J");
        assert_eq!(c.source.len(), TOLD_MAX);
        assert_eq!(told("fe80::1%eth0 \u{202e}x"), "fe80::1%eth0x");
        assert_eq!(c.user, "ana");
    }
}
