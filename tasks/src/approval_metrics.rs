//! Reports how many approvals wait for an admin, and how long the one that expires first has waited.
//!
//! The figures leave as a line of the embedded metric format
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>):
//! CloudWatch reads it from the log, so the function needs no right to write metrics, and no call.

use std::io::Write as _;

use serde::Deserialize;
use serde_json::{Value, json};
use sluice_aws::{
    Approvals, Attempts, CallError, Fault, Service, SettingError, Waiting, config, environment, required,
};
use sluice_workflows::TaskError;

use crate::times::parse;

/// The table of approvals, as the metrics need it.
pub trait ApprovalTable {
    /// Those that are open and do not expire before `now_ms` (milliseconds since 1970).
    ///
    /// # Errors
    /// [`CallError`] if the table did not answer.
    fn waiting(&self, now_ms: i64) -> impl Future<Output = Result<Waiting, CallError>>;
}

impl ApprovalTable for Approvals {
    async fn waiting(&self, now_ms: i64) -> Result<Waiting, CallError> {
        Approvals::waiting(self, now_ms).await
    }
}

/// The event that the schedule sends.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct MetricsRequest {
    /// The time that the metrics are for: when the schedule meant to invoke it (ISO 8601).
    pub at: String,
}

/// Counts the approvals of `stack` and answers the line for the log.
///
/// # Errors
/// `InvalidEvent` for a time that is none, `ApprovalTableUnavailable` or `ApprovalTableRefused` from the table.
pub async fn measure(table: &impl ApprovalTable, stack: &str, request: &MetricsRequest) -> Result<Value, Fault> {
    let at_ms = parse("at", &request.at)?.timestamp_millis();
    let waiting = table.waiting(at_ms).await.map_err(|error| {
        Fault::from_call(
            &error,
            TaskError::ApprovalTableUnavailable,
            TaskError::ApprovalTableRefused,
        )
    })?;
    let age_ms = match &waiting.first {
        Some(submitted_at) => at_ms - parse("submitted_at", submitted_at)?.timestamp_millis(),
        None => 0,
    };
    Ok(json!({
        "_aws": {
            "Timestamp": at_ms,
            "CloudWatchMetrics": [{
                "Namespace": "Sluice",
                "Dimensions": [["Stack"]],
                "Metrics": [
                    { "Name": "PendingApprovals", "Unit": "Count" },
                    { "Name": "OldestPendingApprovalAge", "Unit": "Seconds" },
                ],
            }],
        },
        "Stack": stack,
        "PendingApprovals": waiting.count,
        // two clocks may differ a little
        "OldestPendingApprovalAge": age_ms.max(0) / 1000,
    }))
}

fn settings() -> Result<(Approvals, String), SettingError> {
    let config = config(Service::DynamoDb, Attempts::BySdk, &environment)?;
    let table = Approvals::new(&config, required(&environment, "APPROVALS_TABLE_NAME")?);
    Ok((table, required(&environment, "STACK_NAME")?))
}

/// Runs the function.
///
/// # Errors
/// If the Runtime API cannot be reached.
pub fn run() -> Result<(), lambda_runtime::Error> {
    sluice_aws::run(settings, async |(table, stack), request: MetricsRequest, _| {
        let line = measure(table, stack, &request).await?;
        // Whole and by itself: a metric is read from a line that is nothing but this object. Without a log there is nobody
        // to tell that there is none.
        let _ = writeln!(std::io::stdout(), "{line}");
        Ok(line)
    })
}

#[cfg(test)]
mod tests {
    use sluice_aws::CallErrorKind;

    use super::*;

    struct Table(Result<Waiting, CallErrorKind>);

    impl ApprovalTable for Table {
        async fn waiting(&self, now_ms: i64) -> Result<Waiting, CallError> {
            assert_eq!(now_ms, 1_795_341_600_000);
            self.0.clone().map_err(|kind| CallError {
                action: "dynamodb:Query",
                kind,
                message: "no".to_owned(),
            })
        }
    }

    async fn check(waiting: Result<Waiting, CallErrorKind>, at: &str, expected: Result<(u64, i64), TaskError>) {
        let request = MetricsRequest { at: at.to_owned() };
        let got = measure(&Table(waiting), "sluice", &request).await;
        let figures = got.map(|line| {
            assert_eq!(line["_aws"]["Timestamp"], 1_795_341_600_000_i64);
            let metrics = &line["_aws"]["CloudWatchMetrics"][0];
            for metric in metrics["Metrics"].as_array().unwrap() {
                assert!(line[metric["Name"].as_str().unwrap()].is_number(), "{line}");
            }
            assert_eq!(
                (&metrics["Dimensions"][0][0], &line["Stack"]),
                (&json!("Stack"), &json!("sluice"))
            );
            let number = |name: &str| line[name].as_i64().unwrap();
            (
                u64::try_from(number("PendingApprovals")).unwrap(),
                number("OldestPendingApprovalAge"),
            )
        });
        assert_eq!(got_name(figures), expected);
    }

    fn got_name<T>(result: Result<T, Fault>) -> Result<T, TaskError> {
        result.map_err(|fault| fault.name)
    }

    #[tokio::test]
    async fn what_waits_is_counted_and_the_first_ones_age_told() {
        const AT: &str = "2026-11-22T10:00:00Z";
        let waiting = |count, first: Option<&str>| {
            Ok(Waiting {
                count,
                first: first.map(str::to_owned),
            })
        };
        check(waiting(0, None), AT, Ok((0, 0))).await;
        check(waiting(3, Some("2026-11-22T09:58:29.500Z")), AT, Ok((3, 90))).await;
        check(waiting(1, Some("2026-11-22T10:00:05Z")), AT, Ok((1, 0))).await;
        check(waiting(1, Some("yesterday")), AT, Err(TaskError::InvalidEvent)).await;
        check(waiting(0, None), "now", Err(TaskError::InvalidEvent)).await;
        check(
            Err(CallErrorKind::Throttled),
            AT,
            Err(TaskError::ApprovalTableUnavailable),
        )
        .await;
        check(Err(CallErrorKind::Refused), AT, Err(TaskError::ApprovalTableRefused)).await;
    }
}
