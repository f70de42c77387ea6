//! The only place that reads the wall clock.
//!
//! Everything that needs "now" takes a [`Clock`], so that windows, retries and waits are tested without
//! sleeping. Times are Unix milliseconds in UTC, see [`Millis`].

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// A point in time: milliseconds since the Unix epoch, UTC.
pub type Millis = i64;

/// Where "now" comes from. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Clock(Source);

#[derive(Clone, Debug, Default)]
enum Source {
    #[default]
    System,
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until [`Clock::advance`] or [`Clock::set`] moves it.
    #[must_use]
    pub fn manual(now: Millis) -> Self {
        Self(Source::Manual(Arc::new(AtomicI64::new(now))))
    }

    /// The current time.
    #[must_use]
    pub fn now(&self) -> Millis {
        match &self.0 {
            Source::System => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX)),
            Source::Manual(at) => at.load(Ordering::SeqCst),
        }
    }

    /// Moves a manual clock forward by `by` milliseconds; the system clock ignores it.
    pub fn advance(&self, by: Millis) {
        if let Source::Manual(at) = &self.0 {
            at.fetch_add(by, Ordering::SeqCst);
        }
    }

    /// Sets a manual clock; the system clock ignores it.
    pub fn set(&self, to: Millis) {
        if let Source::Manual(at) = &self.0 {
            at.store(to, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manual_clock_moves_only_when_told_and_is_shared_by_clones() {
        let a = Clock::manual(1_000);
        let b = a.clone();
        assert_eq!(b.now(), 1_000);
        a.advance(500);
        assert_eq!(b.now(), 1_500);
        b.set(7);
        assert_eq!(a.now(), 7);
    }

    #[test]
    fn system_clock_is_after_2020() {
        assert!(Clock::system().now() > 1_577_836_800_000);
    }
}
