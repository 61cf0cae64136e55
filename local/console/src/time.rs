//! Times and durations for people, and the same times for programs.

use chrono::{DateTime, SecondsFormat, Utc};
use maud::{Markup, html};
use sluice_engine::Timestamp;

/// RFC 3339 in UTC with milliseconds; a time that no calendar holds as its number of milliseconds.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    match DateTime::<Utc>::from_timestamp_millis(at) {
        Some(time) => time.to_rfc3339_opts(SecondsFormat::Millis, true),
        None => format!("{at} ms"),
    }
}

/// A `<time>` element, UTC, to the millisecond for programs and to the second for people.
pub(crate) fn moment(at: Timestamp) -> Markup {
    match DateTime::<Utc>::from_timestamp_millis(at) {
        Some(time) => html! { time datetime=(rfc3339(at)) data-to="s" { (time.format("%Y-%m-%d %H:%M:%S")) } },
        None => html! { (at) " ms" },
    }
}

/// A span of milliseconds in the two largest units that it fills.
pub(crate) fn duration(milliseconds: i64) -> String {
    let sign = if milliseconds < 0 { "−" } else { "" };
    let ms = milliseconds.unsigned_abs();
    let seconds = ms / 1000;
    let text = match seconds {
        0 => format!("{ms} ms"),
        1..60 => format!("{seconds}.{:03} s", ms % 1000),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    };
    format!("{sign}{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_shows_its_two_largest_units() {
        fn check(milliseconds: i64, expected: &str) {
            assert_eq!(duration(milliseconds), expected, "{milliseconds} ms");
        }
        check(0, "0 ms");
        check(999, "999 ms");
        check(1_000, "1.000 s");
        check(59_999, "59.999 s");
        check(60_000, "1 min 0 s");
        check(3_599_999, "59 min 59 s");
        check(3_600_000, "1 h 0 min");
        check(86_400_000 * 7 + 3_600_000, "7 d 1 h");
        check(-1_500, "−1.500 s");
        check(i64::MIN, "−106751991167 d 7 h");
    }

    #[test]
    fn a_time_is_written_in_utc() {
        fn check(at: Timestamp, for_programs: &str, for_people: &str) {
            assert_eq!(rfc3339(at), for_programs);
            let shown = moment(at).into_string();
            assert!(shown.contains(for_people), "{for_people} in {shown}");
        }
        check(0, "1970-01-01T00:00:00.000Z", ">1970-01-01 00:00:00</time>");
        check(
            1_795_000_000_123,
            "2026-11-18T11:06:40.123Z",
            "datetime=\"2026-11-18T11:06:40.123Z\"",
        );
        check(i64::MAX, "9223372036854775807 ms", "9223372036854775807 ms");
    }
}
