//! The time that a dashboard shows.

use sluice_engine::Timestamp;

const MINUTE: i64 = 60_000;

/// The ranges that a page offers: their names and minutes.
pub(crate) const RANGES: [(&str, i64); 7] = [
    ("15m", 15),
    ("1h", 60),
    ("3h", 180),
    ("12h", 720),
    ("1d", 1_440),
    ("3d", 4_320),
    ("7d", 10_080),
];

/// The periods that a range is cut into, in seconds.
const PERIODS: [u32; 7] = [60, 300, 900, 3_600, 10_800, 21_600, 86_400];
/// The most points of a series.
const MOST_POINTS: i64 = 400;

/// A span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
}

impl Range {
    /// So many minutes up to now.
    pub(crate) fn back(now: Timestamp, minutes: i64) -> Self {
        Self {
            start: now - minutes * MINUTE,
            end: now,
        }
    }

    /// The period for a series that asks for one: longer where there would be more points than can be seen.
    pub(crate) fn period(self, wanted: u32) -> u32 {
        let seconds = (self.end - self.start) / 1000;
        let fits = |period: &u32| *period >= wanted && seconds / i64::from(*period) <= MOST_POINTS;
        if wanted > 0 && seconds / i64::from(wanted) <= MOST_POINTS {
            return wanted;
        }
        PERIODS.iter().copied().find(fits).unwrap_or(86_400)
    }
}

/// The minutes of an ISO 8601 duration back from now, as a body's `start` has it: `-PT3H`, `-P7D`.
pub(crate) fn minutes_back(text: &str) -> Option<i64> {
    let mut rest = text.strip_prefix('-')?.strip_prefix('P')?;
    let (mut minutes, mut in_time) = (0_i64, false);
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('T') {
            in_time = true;
            rest = after;
            continue;
        }
        let digits = rest.find(|c: char| !c.is_ascii_digit()).filter(|at| *at > 0)?;
        let number: i64 = rest[..digits].parse().ok()?;
        let unit = rest[digits..].chars().next()?;
        let each = match (unit, in_time) {
            ('M', true) => 1,
            ('H', true) => 60,
            ('D', false) => 1_440,
            ('W', false) => 10_080,
            ('M', false) => 43_200,
            _ => return None,
        };
        minutes = minutes.checked_add(number.checked_mul(each)?)?;
        rest = &rest[digits + unit.len_utf8()..];
    }
    (minutes > 0).then_some(minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_so_many_minutes_back() {
        fn check(text: &str, expected: Option<i64>) {
            assert_eq!(minutes_back(text), expected, "{text}");
        }
        check("-PT3H", Some(180));
        check("-PT15M", Some(15));
        check("-P7D", Some(10_080));
        check("-P1DT12H", Some(2_160));
        check("-P1W", Some(10_080));
        check("PT3H", None);
        check("-PT", None);
        check("-P3H", None);
        check("-PT99999999999999999999H", None);
        check("2026-11-22T00:00:00Z", None);
    }

    #[test]
    fn a_period_leaves_what_can_be_seen() {
        fn check(minutes: i64, wanted: u32, expected: u32) {
            assert_eq!(
                Range::back(1_000_000_000_000, minutes).period(wanted),
                expected,
                "{minutes} {wanted}"
            );
        }
        check(15, 60, 60);
        check(180, 60, 60);
        check(180, 300, 300);
        check(720, 60, 300);
        check(1_440, 60, 300);
        check(10_080, 60, 3_600);
        check(10_080, 21_600, 21_600);
        check(60, 0, 60);
    }
}
