use chrono::{DateTime, SecondsFormat, Utc};
use sluice_aws::Fault;
use sluice_workflows::TaskError;

/// Reads a time that Step Functions wrote.
pub(crate) fn parse(name: &str, text: &str) -> Result<DateTime<Utc>, Fault> {
    let time = DateTime::parse_from_rfc3339(text).map_err(|error| Fault {
        name: TaskError::InvalidEvent,
        message: format!("the event's {name} is {text:?}, not an ISO 8601 time: {error}"),
    })?;
    Ok(time.with_timezone(&Utc))
}

/// One format for all times in the tables: UTC, always with milliseconds, so that text order is time order.
pub(crate) fn normal(name: &str, text: &str) -> Result<String, Fault> {
    Ok(parse(name, text)?.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// A time for people: to the minute, in UTC.
pub(crate) fn minute(at_ms: i64) -> String {
    match DateTime::<Utc>::from_timestamp_millis(at_ms) {
        Some(at) => at.format("%-d %b %Y, %H:%M UTC").to_string(),
        None => "a time that no calendar has".to_owned(),
    }
}

/// A time as text in the tables: UTC, with milliseconds.
pub(crate) fn iso(at_ms: i64) -> String {
    DateTime::<Utc>::from_timestamp_millis(at_ms)
        .map_or_else(String::new, |at| at.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// A length of time for people, in the unit that says enough, rounded down.
pub(crate) fn duration(ms: i64) -> String {
    let minutes = ms / 60_000;
    match minutes {
        ..1 => "less than a minute".to_owned(),
        1 => "1 minute".to_owned(),
        2..120 => format!("{minutes} minutes"),
        120..2880 => format!("{} hours", minutes / 60),
        _ => format!("{} days", minutes / 1440),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_order_is_time_order() {
        for (text, expected) in [
            ("2026-11-22T10:00:00Z", "2026-11-22T10:00:00.000Z"),
            ("2026-11-22T10:00:00.1Z", "2026-11-22T10:00:00.100Z"),
            ("2026-11-22T11:00:00.123456+01:00", "2026-11-22T10:00:00.123Z"),
        ] {
            assert_eq!(normal("submitted_at", text).unwrap(), expected);
        }
        for (ms, expected) in [
            (-5, "less than a minute"),
            (59_999, "less than a minute"),
            (60_000, "1 minute"),
            (7_199_999, "119 minutes"),
            (7_200_000, "2 hours"),
            (172_799_999, "47 hours"),
            (172_800_000, "2 days"),
        ] {
            assert_eq!(duration(ms), expected, "{ms}");
        }
        let fault = normal("submitted_at", "yesterday").unwrap_err();
        assert_eq!(fault.name, TaskError::InvalidEvent);
        assert!(fault.message.contains("submitted_at is \"yesterday\""), "{fault}");
    }
}
