//! `DescribeExecution`'s members that StartSyncExecution has as well, and whether an execution can be redriven.

use std::sync::Arc;

use serde::Serialize;
use sluice_clock::Timestamp;
use sluice_driver::ExecutionRecord;
use sluice_engine::{Outcome, Status};
use sluice_wire::epoch_seconds;

/// The members that DescribeExecution and StartSyncExecution share.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Execution {
    execution_arn: Arc<str>,
    state_machine_arn: Arc<str>,
    name: Arc<str>,
    status: &'static str,
    start_date: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_date: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_details: Option<DataDetails>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_header: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_details: Option<DataDetails>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
}

/// `CloudWatchEventsExecutionDataDetails`.
#[derive(Debug, Serialize)]
struct DataDetails {
    included: bool,
}

const INCLUDED: DataDetails = DataDetails { included: true };

impl Execution {
    /// The members; input and output only if they are wanted.
    pub(crate) fn of(record: &ExecutionRecord, included_data: bool) -> Self {
        let identity = &record.identity;
        let mut members = Self {
            execution_arn: Arc::clone(&identity.arn),
            state_machine_arn: Arc::clone(&identity.machine_arn),
            name: Arc::clone(&identity.name),
            status: record.status.as_str(),
            start_date: epoch_seconds(record.start_date),
            stop_date: record.stop_date.map(epoch_seconds),
            input: included_data.then(|| record.input.to_string()),
            input_details: included_data.then_some(INCLUDED),
            trace_header: record.trace_header.clone(),
            output: None,
            output_details: None,
            error: None,
            cause: None,
        };
        match &record.outcome {
            Some(Outcome::Succeeded { output }) if included_data => {
                members.output = Some(output.to_string());
                members.output_details = Some(INCLUDED);
            }
            Some(Outcome::Failed { error, cause } | Outcome::Aborted { error, cause }) => {
                members.error.clone_from(error);
                members.cause.clone_from(cause);
            }
            // AWS tells neither error nor cause of an execution that timed out.
            Some(Outcome::Succeeded { .. } | Outcome::TimedOut) | None => {}
        }
        members
    }
}

/// The days within which an execution can be redriven, in milliseconds.
const REDRIVABLE_PERIOD: i64 = 14 * 86_400_000;

/// The earliest end of an execution that can be redriven `now`.
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

/// True when it ended because its history had no room for more.
fn is_full(record: &ExecutionRecord) -> bool {
    matches!(&record.outcome, Some(Outcome::Failed { cause: Some(cause), .. })
        if cause.starts_with("The execution reached the maximum number of history events"))
}
