//! Time as an input: the engine's clock, which may run ahead of the wall's.
//!
//! ```
//! use std::time::Duration;
//! use sluice_clock::{Clock, ManualClock};
//!
//! let clock = ManualClock::new(1_000);
//! clock.advance(Duration::from_secs(1));
//! assert_eq!(clock.now(), 2_000);
//! assert_eq!(clock.until(3_000), None, "it moves only when it is told to");
//! ```

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type Timestamp = i64;

/// The engine's clock.
///
/// It never goes back. It may jump ahead ([`Clock::advance`]); the driver of the engine keeps the sum of these jumps in the
/// journal and gives it back when the journal is opened again ([`Clock::restore`]).
pub trait Clock: Send + Sync + 'static {
    /// The time now, in milliseconds since 1970-01-01T00:00:00Z.
    fn now(&self) -> Timestamp;

    /// The real time to wait until the clock shows `at`; zero when that is past. `None`: this clock moves only when
    /// someone moves it, who then tells those who wait.
    fn until(&self, at: Timestamp) -> Option<Duration>;

    /// Moves the clock ahead.
    fn advance(&self, by: Duration);

    /// Takes over what earlier processes advanced the clock by. Called once, before anything asks for the time.
    fn restore(&self, advanced: Duration);
}

/// The wall's clock plus what it was advanced by.
#[derive(Debug, Default)]
pub struct SystemClock {
    advanced: AtomicI64,
    latest: AtomicI64,
}

impl SystemClock {
    /// A clock that shows the wall's time.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // A wall clock before 1970 counts as 1970.
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis);
        let now = wall.saturating_add(self.advanced.load(Ordering::Acquire));
        // The wall's clock can be set back; this one cannot.
        self.latest.fetch_max(now, Ordering::AcqRel).max(now)
    }

    fn until(&self, at: Timestamp) -> Option<Duration> {
        Some(Duration::from_millis(
            u64::try_from(at.saturating_sub(self.now())).unwrap_or(0),
        ))
    }

    fn advance(&self, by: Duration) {
        self.advanced.fetch_add(millis(by), Ordering::AcqRel);
    }

    fn restore(&self, advanced: Duration) {
        self.advanced.fetch_max(millis(advanced), Ordering::AcqRel);
    }
}

/// A clock that stands still until it is told to move. For tests.
#[derive(Debug)]
pub struct ManualClock {
    now: AtomicI64,
}

impl ManualClock {
    /// A clock that shows `now`.
    pub fn new(now: Timestamp) -> Self {
        Self {
            now: AtomicI64::new(now),
        }
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.now.load(Ordering::Acquire)
    }

    fn until(&self, at: Timestamp) -> Option<Duration> {
        (at <= self.now()).then_some(Duration::ZERO)
    }

    fn advance(&self, by: Duration) {
        self.now.fetch_add(millis(by), Ordering::AcqRel);
    }

    fn restore(&self, advanced: Duration) {
        self.advance(advanced);
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_runs_ahead_by_what_it_was_advanced() {
        let clock = SystemClock::new();
        let before = clock.now();
        clock.advance(Duration::from_secs(7 * 86_400));
        assert!(clock.now() >= before + 7 * 86_400_000);
        assert_eq!(clock.until(before), Some(Duration::ZERO));
        assert!(
            clock
                .until(before + 8 * 86_400_000)
                .is_some_and(|wait| wait <= Duration::from_secs(86_400))
        );
    }

    #[test]
    fn a_restored_offset_never_sets_the_clock_back() {
        let clock = SystemClock::new();
        clock.restore(Duration::from_secs(1_000));
        let ahead = clock.now();
        clock.restore(Duration::from_secs(10));
        assert!(clock.now() >= ahead);
    }

    #[test]
    fn a_manual_clock_never_asks_to_wait() {
        let clock = ManualClock::new(1_000);
        assert_eq!(clock.until(1_001), None);
        assert_eq!(clock.until(1_000), Some(Duration::ZERO));
        clock.advance(Duration::from_millis(5));
        assert_eq!(clock.now(), 1_005);
    }
}
