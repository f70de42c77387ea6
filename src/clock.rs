//! The only place that reads the wall clock.
//!
//! Everything that needs "now" takes a [`Clock`], so that windows, retries and waits are tested without
//! sleeping. Times are Unix milliseconds in UTC, see [`Millis`].

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::Notify;

/// A point in time: milliseconds since the Unix epoch, UTC.
pub type Millis = i64;

/// Where "now" comes from. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Clock(Source);

#[derive(Clone, Debug, Default)]
enum Source {
    #[default]
    System,
    Manual(Arc<Manual>),
}

#[derive(Debug)]
struct Manual {
    at: AtomicI64,
    moved: Notify,
}

/// Longest sleep in one go: a machine that was suspended, or whose clock was set, is noticed after this long.
const LOOK_AGAIN: Duration = Duration::from_secs(15);

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until [`Clock::advance`] or [`Clock::set`] moves it.
    #[must_use]
    pub fn manual(now: Millis) -> Self {
        Self(Source::Manual(Arc::new(Manual { at: AtomicI64::new(now), moved: Notify::new() })))
    }

    /// The current time.
    #[must_use]
    pub fn now(&self) -> Millis {
        match &self.0 {
            Source::System => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX)),
            Source::Manual(m) => m.at.load(Ordering::SeqCst),
        }
    }

    /// Moves a manual clock forward by `by` milliseconds; the system clock ignores it.
    pub fn advance(&self, by: Millis) {
        if let Source::Manual(m) = &self.0 {
            m.at.fetch_add(by, Ordering::SeqCst);
            m.moved.notify_waiters();
        }
    }

    /// Waits until it is `at`. A manual clock has to be moved there.
    pub async fn until(&self, at: Millis) {
        match &self.0 {
            Source::System => {
                while let Some(left) = u64::try_from(at - self.now()).ok().filter(|ms| *ms > 0) {
                    tokio::time::sleep(Duration::from_millis(left).min(LOOK_AGAIN)).await;
                }
            }
            Source::Manual(m) => loop {
                let moved = m.moved.notified();
                tokio::pin!(moved);
                // Listening first: a move between the look and the wait is not missed.
                moved.as_mut().enable();
                if self.now() >= at {
                    return;
                }
                moved.await;
            },
        }
    }

    /// Sets a manual clock; the system clock ignores it.
    pub fn set(&self, to: Millis) {
        if let Source::Manual(m) = &self.0 {
            m.at.store(to, Ordering::SeqCst);
            m.moved.notify_waiters();
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

    #[tokio::test]
    async fn waiting_ends_when_a_manual_clock_is_moved_there() {
        let clock = Clock::manual(0);
        let other = clock.clone();
        let waiter = tokio::spawn(async move { other.until(1_000).await });
        clock.advance(999);
        tokio::task::yield_now().await;
        assert!(!waiter.is_finished());
        clock.advance(1);
        waiter.await.unwrap();
        Clock::system().until(0).await;
    }

    #[test]
    fn system_clock_is_after_2020() {
        assert!(Clock::system().now() > 1_577_836_800_000);
    }
}
