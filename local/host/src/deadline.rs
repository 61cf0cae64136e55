//! The time that a process has for its start or an invocation.
//!
//! Only time counts in which the host itself ran: when it was stopped, or the machine slept, the function's answer could
//! not be taken in. So whoever waits for the end looks often, and what lies between two looks that are much too far apart
//! is given on top.

use std::time::Duration;

use tokio::time::Instant;

/// The longest time between two looks.
const LOOK: Duration = Duration::from_millis(500);

/// The gap between two looks from which on nothing is taken to have run between them.
pub(crate) const MISSED: Duration = Duration::from_secs(2);

/// The time at which something is overdue, or none. Time in which this process did not run does not count.
#[derive(Debug)]
pub(crate) struct Deadline {
    at: Option<Instant>,
    looked: Instant,
    away: Duration,
}

impl Deadline {
    /// From `now` on there is this much time.
    pub(crate) fn after(now: Instant, time: Duration) -> Self {
        Self {
            at: Some(now + time),
            looked: now,
            away: Duration::ZERO,
        }
    }

    /// It was done.
    pub(crate) fn clear(&mut self) {
        self.at = None;
    }

    /// Looks at the time; answers for how long nothing ran since the beginning.
    pub(crate) fn away(&mut self, now: Instant) -> Duration {
        self.look(now);
        self.away
    }

    /// The time at which it comes if this process is not stopped meanwhile.
    pub(crate) fn at(&self) -> Option<Instant> {
        self.at
    }

    /// Looks at the time; answers when to look next, if ever.
    pub(crate) fn look(&mut self, now: Instant) -> Option<Instant> {
        let gap = now.saturating_duration_since(self.looked);
        self.looked = now;
        if gap > MISSED {
            self.away += gap;
            self.at = self.at.map(|at| at + gap);
        }
        self.at.map(|at| at.min(now + LOOK))
    }

    /// Looks at the time; answers whether it has come.
    pub(crate) fn has_come(&mut self, now: Instant) -> bool {
        self.look(now);
        self.at.is_some_and(|at| at <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asserts that 20 s are over after `expected` ms if the time is looked at after each of `looks`, and then as often as asked.
    fn check(looks: &[u64], expected: u64) {
        let began = Instant::now();
        let after = |millis: u64| began + Duration::from_millis(millis);
        let mut deadline = Deadline::after(began, Duration::from_secs(20));
        let mut now = began;
        for look in looks {
            now = after(*look);
            assert!(!deadline.has_come(now), "{looks:?}");
        }
        while !deadline.has_come(now) {
            now = deadline.look(now).expect("it is not over");
        }
        assert_eq!(now, after(expected), "{looks:?}");
        assert_eq!(
            deadline.away(now).as_millis(),
            u128::from(expected - 20_000),
            "{looks:?}"
        );
    }

    #[test]
    fn only_time_counts_in_which_the_host_ran() {
        check(&[], 20_000);
        check(&[500, 1_000, 1_700, 3_700], 20_000);
        check(&[5_000], 25_000);
        check(&[500, 60_500], 80_000);
        check(&[500, 60_500, 61_000, 86_461_000], 86_480_000);
        // nothing ran from the beginning until long after it should have been over
        check(&[86_400_000], 86_420_000);
    }

    #[test]
    fn what_was_done_is_never_overdue() {
        let now = Instant::now();
        let mut deadline = Deadline::after(now, Duration::from_secs(1));
        deadline.clear();
        assert_eq!(deadline.look(now), None);
        assert!(!deadline.has_come(now + Duration::from_secs(2)));
        assert_eq!(deadline.at(), None);
    }
}
