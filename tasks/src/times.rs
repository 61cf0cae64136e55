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
        let fault = normal("submitted_at", "yesterday").unwrap_err();
        assert_eq!(fault.name, TaskError::InvalidEvent);
        assert!(fault.message.contains("submitted_at is \"yesterday\""), "{fault}");
    }
}
