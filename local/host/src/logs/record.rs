//! The log of one invocation and how Lambda would write it. Pure.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat};
use uuid::Uuid;

use super::capture::Captured;

/// The most bytes of a log that an `Invoke` with `LogType: Tail` returns.
const TAIL_BYTES: usize = 4096;

/// The end of an invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvocationStatus {
    /// The function answered.
    Success,
    /// The function answered with an error.
    FunctionError,
    /// The platform ended it, with this error type (`Runtime.ExitError` and others).
    Failure(&'static str),
    /// It took longer than its timeout.
    Timeout,
}

impl InvocationStatus {
    /// A word for pages and JSON: `success`, `error`, `failure` or `timeout`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::FunctionError => "error",
            Self::Failure(_) => "failure",
            Self::Timeout => "timeout",
        }
    }
}

/// The log of one invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRecord {
    /// Rises with each record of a function; the `after` of a [`LogQuery`](crate::LogQuery).
    pub sequence: u64,
    /// The request; `None` for an instance that ended before it had one.
    pub request_id: Option<Uuid>,
    /// The log stream, one per instance.
    pub log_stream: Arc<str>,
    /// The version that ran.
    pub version: Arc<str>,
    /// The time of its delivery, in milliseconds since the epoch on the host's clock.
    pub started_at_ms: u64,
    /// From the delivery to the answer.
    pub duration: Duration,
    /// Start of the process, when it started for this invocation.
    pub init_duration: Option<Duration>,
    /// The duration that Lambda would bill, in milliseconds.
    pub billed_ms: u64,
    /// `MemorySize` in MB.
    pub memory_size_mb: u32,
    /// The most memory that the instance has had, in MB, where the system tells. At most a second old.
    pub max_memory_mb: Option<u32>,
    /// The end of the invocation.
    pub status: InvocationStatus,
    /// Lines written before the invocation, since the one before.
    pub before: Vec<String>,
    /// Lines written during the invocation.
    pub lines: Vec<String>,
    /// Lines of the platform: crashes and timeouts.
    pub platform: Vec<String>,
    /// Lines that were over the limit and not kept.
    pub dropped: usize,
}

impl LogRecord {
    pub(crate) fn take_lines(&mut self, captured: Captured) {
        self.before = captured.before;
        self.lines = captured.during;
        self.dropped = captured.dropped;
    }

    /// The lines as Lambda writes them, `START`, `END` and `REPORT` among them.
    pub fn render(&self) -> Vec<String> {
        let mut all = self.before.clone();
        if let Some(id) = self.request_id {
            all.push(format!("START RequestId: {id} Version: {}", self.version));
        }
        all.extend_from_slice(&self.lines);
        if self.dropped > 0 {
            all.push(format!("[{} more lines not kept]", self.dropped));
        }
        all.extend_from_slice(&self.platform);
        if let Some(id) = self.request_id {
            all.push(format!("END RequestId: {id}"));
            all.push(self.report(id));
        }
        all
    }

    fn report(&self, id: Uuid) -> String {
        let ms = |duration: Duration| duration.as_secs_f64() * 1e3;
        let mut line = format!(
            "REPORT RequestId: {id}\tDuration: {:.2} ms\tBilled Duration: {} ms\tMemory Size: {} MB",
            ms(self.duration),
            self.billed_ms,
            self.memory_size_mb
        );
        if let Some(memory) = self.max_memory_mb {
            line.push_str(&format!("\tMax Memory Used: {memory} MB"));
        }
        if let Some(init) = self.init_duration {
            line.push_str(&format!("\tInit Duration: {:.2} ms", ms(init)));
        }
        match &self.status {
            InvocationStatus::Success | InvocationStatus::FunctionError => {}
            InvocationStatus::Failure(error_type) => {
                line.push_str(&format!("\tStatus: error\tError Type: {error_type}"));
            }
            InvocationStatus::Timeout => line.push_str("\tStatus: timeout"),
        }
        line
    }

    /// The last 4 KB of the log in base64, cut at a character.
    pub(crate) fn tail(&self) -> String {
        let mut text = self.render().join("\n");
        text.push('\n');
        let mut start = text.len().saturating_sub(TAIL_BYTES);
        while !text.is_char_boundary(start) {
            start += 1;
        }
        STANDARD.encode(&text[start..])
    }

    /// About how much memory the record takes, in bytes.
    pub(crate) fn weight(&self) -> usize {
        let text = |lines: &[String]| lines.iter().map(|line| line.len() + size_of::<String>()).sum::<usize>();
        size_of::<Self>() + text(&self.before) + text(&self.lines) + text(&self.platform)
    }
}

/// An instant as RFC 3339 with milliseconds.
pub(crate) fn timestamp(ms: u64) -> String {
    i64::try_from(ms)
        .ok()
        .and_then(DateTime::from_timestamp_millis)
        .map_or_else(|| ms.to_string(), |at| at.to_rfc3339_opts(SecondsFormat::Millis, true))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn record(lines: &[&str]) -> LogRecord {
        LogRecord {
            sequence: 0,
            request_id: Some(Uuid::nil()),
            log_stream: "stream".into(),
            version: "$LATEST".into(),
            started_at_ms: 0,
            duration: Duration::from_micros(1_234),
            init_duration: None,
            billed_ms: 2,
            memory_size_mb: 128,
            max_memory_mb: None,
            status: InvocationStatus::Success,
            before: Vec::new(),
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
            platform: Vec::new(),
            dropped: 0,
        }
    }

    const ID: &str = "00000000-0000-0000-0000-000000000000";

    #[test]
    fn a_log_reads_as_lambdas() {
        let mut cold = record(&["hello"]);
        cold.before = vec!["starting".into()];
        cold.init_duration = Some(Duration::from_millis(5));
        cold.max_memory_mb = Some(7);
        assert_eq!(
            cold.render(),
            [
                "starting".to_owned(),
                format!("START RequestId: {ID} Version: $LATEST"),
                "hello".to_owned(),
                format!("END RequestId: {ID}"),
                format!(
                    "REPORT RequestId: {ID}\tDuration: 1.23 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\tMax Memory Used: 7 MB\tInit Duration: 5.00 ms"
                ),
            ]
        );
    }

    #[test]
    fn the_report_tells_how_it_ended() {
        for (status, ending) in [
            (InvocationStatus::Success, "128 MB"),
            (InvocationStatus::FunctionError, "128 MB"),
            (
                InvocationStatus::Failure("Runtime.ExitError"),
                "128 MB\tStatus: error\tError Type: Runtime.ExitError",
            ),
            (InvocationStatus::Timeout, "128 MB\tStatus: timeout"),
        ] {
            let record = LogRecord { status, ..record(&[]) };
            assert!(
                record.render().last().is_some_and(|line| line.ends_with(ending)),
                "{:?}",
                record.render()
            );
        }
    }

    #[test]
    fn the_tail_is_the_end_of_the_log() {
        let line = "é".repeat(3000);
        let tail = STANDARD.decode(record(&[&line]).tail()).expect("base64");
        let text = String::from_utf8(tail).expect("whole characters");
        assert!(text.len() <= TAIL_BYTES && text.len() > TAIL_BYTES - 4);
        assert!(text.starts_with('é') && text.ends_with("128 MB\n"));
    }

    #[test]
    fn instants_are_written_as_rfc_3339() {
        assert_eq!(timestamp(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(timestamp(1_673_437_534_837), "2023-01-11T11:45:34.837Z");
    }
}
