//! Lambda's own messages about an invocation: error payloads and log lines. Pure.
//!
//! The payloads follow Lambda's runtime interface emulator and
//! <https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html>.

use std::process::ExitStatus;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use uuid::Uuid;

use crate::invocation::MAX_RESPONSE_BYTES;

/// A failure that the platform, not the function, reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PlatformFailure {
    /// The process ended, in its init phase or during an invocation.
    Exited(String),
    /// The invocation took longer than the function's timeout.
    TimedOut(Duration),
    /// The process did not ask for work in time.
    InitTimedOut(Duration),
    /// The program could not be started.
    InvalidEntrypoint(String),
    /// The response was larger than Lambda takes.
    ResponseTooLarge,
}

#[derive(Serialize)]
struct ErrorPayload<'a> {
    #[serde(rename = "errorType")]
    error_type: &'a str,
    #[serde(rename = "errorMessage")]
    error_message: &'a str,
}

/// The JSON that Lambda's own errors have.
pub(crate) fn error_payload(error_type: &str, error_message: &str) -> Bytes {
    serde_json::to_vec(&ErrorPayload {
        error_type,
        error_message,
    })
    .map_or_else(|_| Bytes::from_static(b"{}"), Bytes::from)
}

impl PlatformFailure {
    pub(crate) fn error_type(&self) -> &'static str {
        match self {
            Self::Exited(_) => "Runtime.ExitError",
            Self::TimedOut(_) | Self::InitTimedOut(_) => "Sandbox.Timedout",
            Self::InvalidEntrypoint(_) => "Runtime.InvalidEntrypoint",
            Self::ResponseTooLarge => "Function.ResponseSizeTooLarge",
        }
    }

    fn message(&self, request_id: Uuid) -> String {
        match self {
            Self::Exited(how) => format!("RequestId: {request_id} Error: Runtime exited with error: {how}"),
            Self::TimedOut(after) | Self::InitTimedOut(after) => {
                format!(
                    "RequestId: {request_id} Error: Task timed out after {:.2} seconds",
                    after.as_secs_f64()
                )
            }
            Self::InvalidEntrypoint(why) => format!("RequestId: {request_id} Error: {why}"),
            Self::ResponseTooLarge => {
                format!("Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes).")
            }
        }
    }

    /// The payload that the caller gets.
    pub(crate) fn payload(&self, request_id: Uuid) -> Bytes {
        error_payload(self.error_type(), &self.message(request_id))
    }

    /// Returns the lines that Lambda writes into the log.
    pub(crate) fn log_lines(&self, request_id: Uuid, at: &str) -> Vec<String> {
        match self {
            Self::Exited(_) | Self::InvalidEntrypoint(_) => {
                vec![self.message(request_id), self.error_type().to_owned()]
            }
            Self::TimedOut(after) => {
                vec![format!(
                    "{at} {request_id} Task timed out after {:.2} seconds",
                    after.as_secs_f64()
                )]
            }
            Self::InitTimedOut(after) => vec![format!(
                "INIT_REPORT Init Duration: {:.2} ms\tPhase: init\tStatus: timeout",
                after.as_secs_f64() * 1e3
            )],
            Self::ResponseTooLarge => vec![self.message(request_id)],
        }
    }
}

/// Describes the end of a process as Lambda words it.
pub(crate) fn exit_text(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("signal: {}", signal_name(signal)),
        (None, None) => status.to_string(),
    }
}

/// The words that Lambda's supervisor (written in Go) has for signals.
fn signal_name(signal: i32) -> String {
    match signal {
        1 => "hangup".into(),
        2 => "interrupt".into(),
        3 => "quit".into(),
        4 => "illegal instruction".into(),
        5 => "trace/breakpoint trap".into(),
        6 => "aborted".into(),
        7 => "bus error".into(),
        8 => "floating point exception".into(),
        9 => "killed".into(),
        11 => "segmentation fault".into(),
        13 => "broken pipe".into(),
        15 => "terminated".into(),
        other => format!("signal {other}"),
    }
}

/// The billed milliseconds: init and run together, rounded up.
pub(crate) fn billed_ms(duration: Duration, init: Option<Duration>) -> u64 {
    let total = duration + init.unwrap_or_default();
    u64::try_from(total.as_nanos().div_ceil(1_000_000))
        .unwrap_or(u64::MAX)
        .max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(failure: &PlatformFailure, payload: &str) {
        assert_eq!(failure.payload(Uuid::nil()), payload.as_bytes(), "{failure:?}");
    }

    #[test]
    fn failures_are_worded_as_lambda_words_them() {
        check(
            &PlatformFailure::Exited("exit status 1".into()),
            r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: 00000000-0000-0000-0000-000000000000 Error: Runtime exited with error: exit status 1"}"#,
        );
        check(
            &PlatformFailure::Exited("signal: killed".into()),
            r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: 00000000-0000-0000-0000-000000000000 Error: Runtime exited with error: signal: killed"}"#,
        );
        check(
            &PlatformFailure::TimedOut(Duration::from_secs(3)),
            r#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: 00000000-0000-0000-0000-000000000000 Error: Task timed out after 3.00 seconds"}"#,
        );
        check(
            &PlatformFailure::InvalidEntrypoint("no such file".into()),
            r#"{"errorType":"Runtime.InvalidEntrypoint","errorMessage":"RequestId: 00000000-0000-0000-0000-000000000000 Error: no such file"}"#,
        );
        check(
            &PlatformFailure::ResponseTooLarge,
            r#"{"errorType":"Function.ResponseSizeTooLarge","errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes)."}"#,
        );
    }

    #[test]
    fn exits_are_told_by_status_or_signal() {
        use std::os::unix::process::ExitStatusExt;
        for (raw, expected) in [
            (0, "exit status 0"),
            (1 << 8, "exit status 1"),
            (9, "signal: killed"),
            (64, "signal: signal 64"),
        ] {
            assert_eq!(exit_text(ExitStatus::from_raw(raw)), expected);
        }
    }

    #[test]
    fn billing_rounds_init_and_run_up_together() {
        let micros = Duration::from_micros;
        for (duration, init, expected) in [
            (micros(0), None, 1),
            (micros(1), None, 1),
            (micros(1_000), None, 1),
            (micros(1_001), None, 2),
            (micros(600), Some(micros(500)), 2),
        ] {
            assert_eq!(billed_ms(duration, init), expected, "{duration:?} {init:?}");
        }
    }
}
