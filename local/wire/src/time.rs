//! Times as AWS writes them.

use chrono::{DateTime, SecondsFormat, Utc};
use sluice_clock::Timestamp;

/// The date of a time. One outside of what a calendar can show is shown as the epoch; the engine's clock cannot give one.
fn calendar(at: Timestamp) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at).unwrap_or_default()
}

/// `2026-11-22T13:27:00.123Z`, as mails and the console have it.
pub fn rfc_3339(at: Timestamp) -> String {
    calendar(at).to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// `2026-11-22T13:27:00.123Z`, as the query protocol writes its timestamps.
pub fn iso_8601(at: Timestamp) -> String {
    rfc_3339(at)
}

/// `Sun, 22 Nov 2026 13:27:00 GMT`, as HTTP headers have it.
pub fn http_date(at: Timestamp) -> String {
    calendar(at).format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Seconds with milliseconds as a JSON number, as awsJson1.0 writes its timestamps.
#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds since 1970 stay below 2^53 for 285,000 years"
)]
pub fn epoch_seconds(at: Timestamp) -> f64 {
    at as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_each_protocol_wants_them() {
        let at = 1_795_354_020_123;
        assert_eq!(rfc_3339(at), "2026-11-22T13:27:00.123Z");
        assert_eq!(http_date(at), "Sun, 22 Nov 2026 13:27:00 GMT");
        assert_eq!(serde_json::json!(epoch_seconds(at)).to_string(), "1795354020.123");
    }
}
