//! Meta's webhooks.

pub mod signature;
