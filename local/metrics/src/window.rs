//! Periods: which points are answered together, and when they are dated.

use crate::{MINUTE, Point, RETENTION, Timestamp};

const HOUR: i64 = 60 * MINUTE;

/// The age from which CloudWatch keeps only points of an hour: 63 days.
const KEPT_BY_THE_HOUR: i64 = 63 * 24 * HOUR;

/// `StartTime` as CloudWatch rounds it down: to the minute, to five minutes when it is 15 days ago, to the hour after 63
/// days. See [GetMetricData](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html).
pub fn rounded_start(start: Timestamp, now: Timestamp) -> Timestamp {
    let age = now.saturating_sub(start);
    let step = if age <= RETENTION {
        MINUTE
    } else if age <= KEPT_BY_THE_HOUR {
        5 * MINUTE
    } else {
        HOUR
    };
    start - start.rem_euclid(step)
}

/// A span of time cut into periods.
///
/// Periods are counted from the start, and a period is dated by its beginning. The last may be cut short by the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first time that belongs to it.
    pub start: Timestamp,
    /// The first time after it.
    pub end: Timestamp,
    /// The length of a period in milliseconds, at least 1.
    pub period: i64,
}

impl Window {
    /// From the rounded start to the end, in periods of so many seconds.
    pub fn new(start: Timestamp, end: Timestamp, period_seconds: u32, now: Timestamp) -> Self {
        let start = rounded_start(start, now);
        Self {
            start,
            end: end.max(start),
            period: i64::from(period_seconds.max(1)) * 1_000,
        }
    }

    /// The periods of which everything is kept: what begins more than 15 days ago is left out, the others stay where they
    /// are.
    #[must_use]
    pub fn kept(self, now: Timestamp) -> Self {
        let missing = now.saturating_sub(RETENTION).saturating_sub(self.start).max(0);
        let periods = missing / self.period + i64::from(missing % self.period > 0);
        let start = self.start.saturating_add(periods.saturating_mul(self.period));
        Self {
            start: start.min(self.end),
            ..self
        }
    }

    /// Returns the number of periods.
    pub fn periods(&self) -> u64 {
        let span = self.end.saturating_sub(self.start).max(0);
        u64::try_from(span)
            .unwrap_or(0)
            .div_ceil(u64::try_from(self.period).unwrap_or(1))
    }

    /// The beginning of the period that a time lies in, if it lies in the window.
    pub fn slot(&self, at: Timestamp) -> Option<Timestamp> {
        (self.start..self.end)
            .contains(&at)
            .then(|| at - (at - self.start).rem_euclid(self.period))
    }

    /// The beginnings of all periods, the earliest first.
    pub fn slots(&self) -> impl Iterator<Item = Timestamp> + use<> {
        let Self { start, end, period } = *self;
        (0..)
            .map(move |n: i64| start + n * period)
            .take_while(move |at| *at < end)
    }
}

/// The points of a window's periods, the earliest first; periods without data are left out. `minutes` must come in the
/// order of time.
///
/// ```
/// use sluice_metrics::{MINUTE, Point, Statistic, Window, aggregate};
///
/// let window = Window::new(0, 10 * MINUTE, 300, 10 * MINUTE);
/// let minutes = [(0, Point::of(1.0, 1.0)), (MINUTE, Point::of(2.0, 1.0)), (7 * MINUTE, Point::of(4.0, 1.0))];
/// let periods = aggregate(minutes, &window);
/// let sums: Vec<_> = periods.iter().map(|(at, point)| (*at, Statistic::Sum.of(point))).collect();
/// assert_eq!(sums, [(0, Some(3.0)), (5 * MINUTE, Some(4.0))]);
/// ```
pub fn aggregate(minutes: impl IntoIterator<Item = (Timestamp, Point)>, window: &Window) -> Vec<(Timestamp, Point)> {
    let mut periods: Vec<(Timestamp, Point)> = Vec::new();
    for (at, point) in minutes {
        let Some(slot) = window.slot(at) else { continue };
        match periods.last_mut() {
            Some((last, merged)) if *last == slot => merged.merge(&point),
            _ => periods.push((slot, point)),
        }
    }
    periods
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * HOUR;
    const NOON: i64 = 1_795_348_800_000;

    #[test]
    fn a_start_is_rounded_by_its_age() {
        let at = NOON + 32 * MINUTE + 34_000;
        for (days, minute) in [(0, 32), (15, 32), (16, 30), (63, 30), (64, 0)] {
            assert_eq!(rounded_start(at, at + days * DAY), NOON + minute * MINUTE, "{days}");
        }
    }

    #[test]
    fn periods_are_counted_from_the_start_and_the_end_is_outside() {
        let window = Window::new(NOON + 2 * MINUTE + 5, NOON + 12 * MINUTE, 300, NOON + DAY);
        let slots: Vec<i64> = window.slots().collect();
        assert_eq!(slots, [NOON + 2 * MINUTE, NOON + 7 * MINUTE]);
        assert_eq!(window.periods(), 2);
        for (minute, slot) in [
            (1, None),
            (2, Some(2)),
            (6, Some(2)),
            (7, Some(7)),
            (11, Some(7)),
            (12, None),
        ] {
            assert_eq!(
                window.slot(NOON + minute * MINUTE),
                slot.map(|slot| NOON + slot * MINUTE),
                "{minute}"
            );
        }
        let nothing = Window::new(NOON, NOON - 1, 60, NOON);
        assert_eq!((nothing.periods(), nothing.slots().count()), (0, 0));
    }

    #[test]
    fn periods_that_are_not_kept_are_left_out_and_the_others_stay() {
        let window = Window::new(NOON, NOON + 20 * DAY, 6 * 3_600, NOON);
        assert_eq!(window.kept(NOON + 15 * DAY), window);
        for (hours, begins) in [(1, 6), (6, 6), (7, 12)] {
            let kept = window.kept(NOON + 15 * DAY + hours * HOUR);
            assert_eq!(kept.start, NOON + begins * HOUR, "{hours}");
        }
        let gone = window.kept(NOON + 100 * DAY);
        assert_eq!((gone.start, gone.periods()), (window.end, 0));
    }

    #[test]
    fn the_minutes_of_a_period_are_answered_together() {
        let minutes = [(0, 1.0), (1, 2.0), (4, 3.0), (5, 4.0), (11, 5.0)]
            .map(|(minute, value)| (NOON + minute * MINUTE, Point::of(value, 1.0)));
        let window = Window::new(NOON, NOON + 15 * MINUTE, 300, NOON + DAY);
        let periods: Vec<_> = aggregate(minutes, &window)
            .into_iter()
            .map(|(at, point)| ((at - NOON) / MINUTE, point.count, point.sum))
            .collect();
        assert_eq!(periods, [(0, 3.0, 6.0), (5, 1.0, 4.0), (10, 1.0, 5.0)]);
    }
}
