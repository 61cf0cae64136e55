//! The writer's looks at the clock.

use std::time::Duration;

use sluice_engine::Timestamp;

/// The longest sleep while calls in flight can time out.
pub(super) const PULSE: Duration = Duration::from_millis(500);

/// The gap between two looks, in milliseconds, from which on nothing is taken to have run between them.
const MISSED: i64 = 2_000;

/// The time at which the writer has last looked at the clock, with all that it had to do done.
#[derive(Debug, Default)]
pub(super) struct Pulse(Option<Timestamp>);

impl Pulse {
    /// Remembers a look, if the next one is to follow soon.
    pub(super) fn looked(&mut self, now: Timestamp, again_soon: bool) {
        self.0 = again_soon.then_some(now);
    }

    /// Returns the time for which nothing ran, if it was too long.
    pub(super) fn missed(&self, now: Timestamp) -> Option<Timestamp> {
        let gap = now.saturating_sub(self.0?);
        (gap > MISSED).then_some(gap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_that_comes_much_too_late_was_missed() {
        let check = |last: Option<i64>, now, expected| {
            let mut pulse = Pulse::default();
            if let Some(last) = last {
                pulse.looked(last, true);
            }
            assert_eq!(pulse.missed(now), expected, "{last:?} to {now}");
        };
        check(None, 1_000_000, None);
        check(Some(1_000), 1_500, None);
        check(Some(1_000), 3_000, None);
        check(Some(1_000), 3_001, Some(2_001));
        check(Some(1_000), 86_401_000, Some(86_400_000));
        // the clock was set back
        check(Some(1_000), 0, None);
        let mut pulse = Pulse::default();
        pulse.looked(1_000, false);
        assert_eq!(pulse.missed(1_000_000), None, "nobody was to look");
    }
}
