//! The occurrences of a schedule. Pure.
//!
//! It follows <https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html>.

use sluice_engine::Timestamp;
use sluice_template::ScheduleTiming;

/// A schedule's times, all in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Occurrences {
    pub(crate) timing: ScheduleTiming,
    /// The time before which there is none.
    pub(crate) start: Option<Timestamp>,
    /// The time after which there is none.
    pub(crate) end: Option<Timestamp>,
    /// The time at which the schedule was made.
    pub(crate) created: Timestamp,
}

impl Occurrences {
    /// The next occurrence after that of `last`, which may be long past: what was missed while nobody looked comes once. None when
    /// there is no other.
    pub(crate) fn next(&self, last: Option<Timestamp>) -> Option<Timestamp> {
        let next = match (self.timing, last) {
            (ScheduleTiming::At(at), None) => Some(at),
            (ScheduleTiming::At(_), Some(_)) => None,
            (ScheduleTiming::Rate(_), None) => Some(self.first()),
            (ScheduleTiming::Rate(every), Some(last)) => {
                let gone = last.saturating_sub(self.first()).div_euclid(every).saturating_add(1);
                every
                    .checked_mul(gone.max(0))
                    .and_then(|after| self.first().checked_add(after))
            }
        };
        next.filter(|next| self.end.is_none_or(|end| *next <= end))
    }

    /// The first occurrence of a rate: at its start, or at once.
    fn first(&self) -> Timestamp {
        self.start.unwrap_or(self.created).max(self.created)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    fn check(timing: ScheduleTiming, start: Option<i64>, end: Option<i64>, last: Option<i64>, expected: Option<i64>) {
        let occurrences = Occurrences {
            timing,
            start,
            end,
            created: 1_000,
        };
        assert_eq!(occurrences.next(last), expected, "{occurrences:?} after {last:?}");
    }

    #[test]
    fn a_single_time_comes_once() {
        check(ScheduleTiming::At(5_000), None, None, None, Some(5_000));
        check(ScheduleTiming::At(5_000), None, None, Some(5_000), None);
        check(ScheduleTiming::At(5_000), None, Some(4_999), None, None);
        check(ScheduleTiming::At(500), None, None, None, Some(500));
    }

    #[test]
    fn a_rate_begins_at_its_start_or_at_once() {
        let rate = ScheduleTiming::Rate(MINUTE);
        check(rate, None, None, None, Some(1_000));
        check(rate, Some(9_000), None, None, Some(9_000));
        check(rate, Some(10), None, None, Some(1_000));
        check(rate, Some(9_000), Some(8_999), None, None);
    }

    #[test]
    fn a_rate_keeps_its_beat_and_skips_what_was_missed() {
        let rate = ScheduleTiming::Rate(MINUTE);
        check(rate, Some(9_000), None, Some(9_000), Some(9_000 + MINUTE));
        check(rate, Some(9_000), None, Some(9_007), Some(9_000 + MINUTE));
        check(rate, Some(9_000), None, Some(9_000 + MINUTE), Some(9_000 + 2 * MINUTE));
        check(
            rate,
            Some(9_000),
            None,
            Some(9_000 + 10 * MINUTE + 1),
            Some(9_000 + 11 * MINUTE),
        );
        check(rate, Some(9_000), Some(9_000 + MINUTE), Some(9_000 + MINUTE), None);
        // taken over from a time before the start was moved
        check(rate, Some(9_000), None, Some(1), Some(9_000));
        check(rate, None, None, Some(i64::MAX), None);
    }
}
