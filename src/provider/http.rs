//! The one way to an HTTP client.

/// x
pub fn placeholder() {}
