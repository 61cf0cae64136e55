//! The host's records of invocations as log events.

use std::sync::Arc;

use chrono::DateTime;
use serde_json::Value;
use sluice_host::{Host, LogQuery, LogRecord};

/// A log event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// Milliseconds since 1970.
    pub(crate) timestamp: i64,
    pub(crate) stream: Arc<str>,
    pub(crate) message: String,
    /// 56 digits that sort as the events do.
    pub(crate) id: String,
}

/// The events of a function, the earliest first.
pub(crate) fn events(host: &Host, function: &str) -> Vec<Event> {
    let all = LogQuery {
        after: None,
        limit: usize::MAX,
    };
    let mut events: Vec<Event> = host
        .logs(function, all)
        .iter()
        .flat_map(|record| of_record(record))
        .collect();
    events.sort_by(|a, b| a.id.cmp(&b.id));
    events
}

/// The events of an invocation. A line says its own time where it is JSON with a `timestamp`; others have that of the
/// invocation's start, the platform's last lines that of its end.
fn of_record(record: &LogRecord) -> Vec<Event> {
    let start = i64::try_from(record.started_at_ms).unwrap_or(i64::MAX);
    let end = start.saturating_add(i64::try_from(record.duration.as_millis()).unwrap_or(0));
    let mut latest = start;
    let event = |(line, message): (usize, String)| {
        let is_last = message.starts_with("END RequestId: ") || message.starts_with("REPORT RequestId: ");
        // within an invocation the lines keep their order
        let own = if is_last { Some(end) } else { time_of(&message) };
        latest = latest.max(own.unwrap_or(latest));
        Event {
            timestamp: latest,
            stream: Arc::clone(&record.log_stream),
            id: format!("{latest:020}{:020}{line:016}", record.sequence),
            message,
        }
    };
    record.render().into_iter().enumerate().map(event).collect()
}

fn time_of(line: &str) -> Option<i64> {
    let line = line.trim_start();
    if !line.starts_with('{') {
        return None;
    }
    let value: Value = serde_json::from_str(line).ok()?;
    let time = DateTime::parse_from_rfc3339(value.get("timestamp")?.as_str()?).ok()?;
    Some(time.timestamp_millis())
}
