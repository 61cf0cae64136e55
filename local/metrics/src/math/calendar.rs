//! The functions that take a time apart by the calendar, in UTC.

use chrono::{DateTime, Datelike, Timelike};

use super::Function;
use crate::Timestamp;

/// The value of `MINUTE`, `HOUR`, `DAY` (1 is Monday), `DATE`, `MONTH`, `YEAR` or `EPOCH` (seconds) at a time; `None` for
/// another function, or a time beyond the calendar.
pub(super) fn value(function: Function, at: Timestamp) -> Option<f64> {
    let time = DateTime::from_timestamp_millis(at)?;
    Some(match function {
        Function::Minute => time.minute().into(),
        Function::Hour => time.hour().into(),
        Function::Day => time.weekday().number_from_monday().into(),
        Function::Date => time.day().into(),
        Function::Month => time.month().into(),
        Function::Year => time.year().into(),
        #[expect(clippy::cast_precision_loss, reason = "seconds stay below 2^53")]
        Function::Epoch => time.timestamp() as f64,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_by_the_calendar() {
        // Sunday, 2026-11-22T13:27:00Z
        let at = 1_795_354_020_000;
        let rows = [
            (Function::Minute, 27.0),
            (Function::Hour, 13.0),
            (Function::Day, 7.0),
            (Function::Date, 22.0),
            (Function::Month, 11.0),
            (Function::Year, 2026.0),
            (Function::Epoch, 1_795_354_020.0),
        ];
        for (function, expected) in rows {
            assert_eq!(value(function, at), Some(expected), "{}", function.name());
        }
        assert_eq!(value(Function::Hour, i64::MAX), None);
    }
}
