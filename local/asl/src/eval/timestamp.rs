//! RFC 3339 timestamps as Step Functions takes them.

use chrono::{DateTime, Utc};

/// `text` in milliseconds since 1970, or `None` when it is not a date and a time of day with an offset, joined by an
/// upper-case `T`, such as `2016-03-14T01:59:00Z` or `2016-03-14T01:59:00.5+02:00`.
///
/// ```
/// use sluice_asl::parse_timestamp;
///
/// assert_eq!(parse_timestamp("1970-01-01T00:00:01.5Z"), Some(1_500));
/// assert_eq!(parse_timestamp("1970-01-01"), None);
/// ```
pub fn parse_timestamp(text: &str) -> Option<i64> {
    instant(text).map(|time| time.timestamp_millis())
}

/// The same with all of its digits, for comparisons.
pub(crate) fn instant(text: &str) -> Option<DateTime<Utc>> {
    // chrono also takes a space or a lower-case letter between date and time
    if text.as_bytes().get(10) != Some(&b'T') || text.ends_with('z') {
        return None;
    }
    DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|time| time.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::parse_timestamp;

    #[test]
    fn timestamps_need_date_time_and_offset() {
        for (text, expected) in [
            ("1970-01-01T00:00:01Z", Some(1000)),
            ("1970-01-01T01:00:00.25+01:00", Some(250)),
            ("2024-03-01T12:30:00.000000Z", Some(1_709_296_200_000)),
            ("2024-03-01T12:30:00.000000", None),
            ("2016-12-05 21:29:29Z", None),
            ("2016-12-05T21:29:29", None),
            ("2016-12-05t21:29:29z", None),
            ("2016-13-05T21:29:29Z", None),
            ("2016-12-05T25:29:29Z", None),
            ("2016-12-05", None),
            ("", None),
            ("ééééé", None),
        ] {
            assert_eq!(parse_timestamp(text), expected, "{text}");
        }
    }
}
