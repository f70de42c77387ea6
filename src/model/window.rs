//! The 24-hour customer service window.
//!
//! It opens with any message or call of the customer and lasts 24 hours from the last one, by the provider's
//! time stamp. The provider decides; we stop one minute early so that an answer does not cross the edge.

use crate::clock::Millis;
use serde::{Deserialize, Serialize};

/// Length of the window after the customer's last message: 24 hours.
pub const LENGTH: Millis = 24 * 3_600_000;
/// How long before the provider's edge we treat it as closed: one minute.
pub const MARGIN: Millis = 60_000;

/// Open until a time, or closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The moment it closes for us; `None` when it never opened or the provider said it is closed.
    pub until: Option<Millis>,
}

impl Window {
    /// Never opened.
    pub const CLOSED: Self = Self { until: None };

    /// The window after a customer's message at `at`.
    #[must_use]
    pub fn after(at: Millis) -> Self {
        Self { until: Some(at + LENGTH - MARGIN) }
    }

    /// Whether free text may be sent at `now`.
    #[must_use]
    pub fn is_open(self, now: Millis) -> bool {
        self.until.is_some_and(|u| now < u)
    }

    /// Milliseconds left; `None` when closed.
    #[must_use]
    pub fn left(self, now: Millis) -> Option<Millis> {
        self.until.filter(|u| now < *u).map(|u| u - now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closes_one_minute_before_the_provider_does() {
        let w = Window::after(0);
        assert!(w.is_open(LENGTH - MARGIN - 1));
        assert!(!w.is_open(LENGTH - MARGIN));
        assert_eq!(w.left(LENGTH - MARGIN - 5), Some(5));
        assert_eq!(w.left(LENGTH), None);
        assert!(!Window::CLOSED.is_open(0));
    }
}
