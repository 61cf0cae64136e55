//! The pause before a task is replaced. Pure.

use std::time::Duration;

/// The pause after the first early end; each further one doubles it.
const FIRST: Duration = Duration::from_millis(500);

/// The longest pause.
const LONGEST: Duration = Duration::from_secs(60);

/// A task that ran this long counts as one that works.
const LONG_RUN: Duration = Duration::from_secs(60);

/// The ends so far.
#[derive(Debug, Default)]
pub(crate) struct Restarts {
    early: u32,
}

impl Restarts {
    /// The pause after a task that ran for `ran`.
    pub(crate) fn pause(&mut self, ran: Duration) -> Duration {
        if ran >= LONG_RUN {
            self.early = 0;
        }
        let doubled = 2_u32.checked_pow(self.early).and_then(|by| FIRST.checked_mul(by));
        self.early = self.early.saturating_add(1);
        doubled.map_or(LONGEST, |pause| pause.min(LONGEST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_while_tasks_end_early() {
        let mut restarts = Restarts::default();
        let rows = [
            (0, 500),
            (0, 1_000),
            (59_999, 2_000),
            (0, 4_000),
            (60_000, 500),
            (0, 1_000),
        ];
        for (row, (ran, expected)) in rows.into_iter().enumerate() {
            let pause = restarts.pause(Duration::from_millis(ran));
            assert_eq!(pause, Duration::from_millis(expected), "row {row}");
        }
        let last = (0..100).map(|_| restarts.pause(Duration::ZERO)).last();
        assert_eq!(last, Some(LONGEST));
    }
}
