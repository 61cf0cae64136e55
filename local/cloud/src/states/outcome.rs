//! What an execution shows of itself.

use serde_json::{Map, Value, json};
use sluice_driver::ExecutionRecord;
use sluice_engine::{Outcome, Status, Timestamp};

use crate::endpoint::epoch_seconds;

/// The members that DescribeExecution and StartSyncExecution share.
pub(crate) fn members(record: &ExecutionRecord, included_data: bool) -> Map<String, Value> {
    let identity = &record.identity;
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
    put("executionArn", json!(identity.arn));
    put("stateMachineArn", json!(identity.machine_arn));
    put("name", json!(identity.name));
    put("status", json!(record.status.as_str()));
    put("startDate", json!(epoch_seconds(record.start_date)));
    if let Some(stop_date) = record.stop_date {
        put("stopDate", json!(epoch_seconds(stop_date)));
    }
    if included_data {
        put("input", Value::String(record.input.to_string()));
        put("inputDetails", json!({ "included": true }));
    }
    if let Some(trace_header) = &record.trace_header {
        put("traceHeader", json!(trace_header));
    }
    match &record.outcome {
        Some(Outcome::Succeeded { output }) => {
            if included_data {
                put("output", Value::String(output.to_string()));
                put("outputDetails", json!({ "included": true }));
            }
        }
        Some(Outcome::Failed { error, cause } | Outcome::Aborted { error, cause }) => {
            if let Some(error) = error {
                put("error", json!(error));
            }
            if let Some(cause) = cause {
                put("cause", json!(cause));
            }
        }
        // AWS tells neither error nor cause of an execution that timed out.
        Some(Outcome::TimedOut) | None => {}
    }
    members
}

/// The days within which an execution can be redriven, in milliseconds.
const REDRIVABLE_PERIOD: i64 = 14 * 86_400_000;

/// When an execution must have ended at the earliest to be redriven `now`.
pub(crate) fn oldest_redrivable(now: Timestamp) -> Timestamp {
    now.saturating_sub(REDRIVABLE_PERIOD)
}

/// `redriveStatusReason` of a Standard execution or a Map Run's child; none: it can be redriven, the child by its Map Run.
pub(crate) fn not_redrivable(record: &ExecutionRecord, now: Timestamp) -> Option<String> {
    match (record.status, &record.child) {
        (Status::PendingRedrive, Some(_)) => None,
        (Status::Running | Status::Succeeded | Status::PendingRedrive, _) => Some(format!(
            "Execution is {} and cannot be redriven",
            record.status.as_str()
        )),
        // another one starts in its place
        (Status::Failed | Status::TimedOut | Status::Aborted, Some(_)) if record.identity.express => None,
        (Status::Failed | Status::TimedOut | Status::Aborted, child) => {
            let ended = record.stop_date.unwrap_or(record.start_date);
            if ended < oldest_redrivable(now) {
                Some("Execution redrivable period exceeded".into())
            } else if is_full(record) || child.as_ref().is_some_and(|child| child.full) {
                Some("Execution history event limit exceeded".into())
            } else {
                None
            }
        }
    }
}

/// Whether it ended because its history had no room for more.
fn is_full(record: &ExecutionRecord) -> bool {
    matches!(&record.outcome, Some(Outcome::Failed { cause: Some(cause), .. })
        if cause.starts_with("The execution reached the maximum number of history events"))
}
