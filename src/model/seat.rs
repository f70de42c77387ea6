//! Where an operator sits.

use super::client::ClientInfo;
use serde::{Deserialize, Serialize};

/// Where a request of an operator came from. User and process are the kernel's word; terminal and source are what the
/// client says of itself, bounded and made plain when it came in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Seat {
    /// The user's number; `None` for a part of the engine's own process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// The process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<i32>,
    /// The terminal (`pts/3`), as the client says.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub terminal: String,
    /// Where the login came from (an address), as the client says; empty for a local one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
}

impl Seat {
    /// Where a client sits.
    #[must_use]
    pub fn of(client: &ClientInfo) -> Self {
        Self {
            uid: client.uid,
            pid: client.pid,
            terminal: client.terminal.clone(),
            source: client.source.clone(),
        }
    }

    /// In one line: terminal, source, process, user. What is not known is left out.
    #[must_use]
    pub fn line(&self) -> String {
        let mut parts = Vec::new();
        if !self.terminal.is_empty() {
            parts.push(self.terminal.clone());
        }
        if !self.source.is_empty() {
            parts.push(format!("from {}", self.source));
        }
        if let Some(pid) = self.pid {
            parts.push(format!("process {pid}"));
        }
        if let Some(uid) = self.uid {
            parts.push(format!("uid {uid}"));
        }
        parts.join(" · ")
    }

    /// The same where there is little room: terminal and source.
    #[must_use]
    pub fn short(&self) -> String {
        [self.terminal.as_str(), self.source.as_str()]
            .into_iter()
            .filter(|p| !p.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_says_what_is_known() {
        let client = ClientInfo { uid: Some(1001), pid: Some(77), ..ClientInfo::inside("ana") };
        let seat = Seat::of(&client.telling("pts/3", "10.0.0.9"));
        assert_eq!(seat.line(), "pts/3 · from 10.0.0.9 · process 77 · uid 1001");
        assert_eq!(seat.short(), "pts/3 10.0.0.9");
        assert_eq!(Seat::default().line(), "");
        let json = serde_json::to_string(&seat).unwrap();
        assert_eq!(serde_json::from_str::<Seat>(&json).unwrap(), seat);
    }
}
