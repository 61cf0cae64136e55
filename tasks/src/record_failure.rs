//! Records that an execution failed, timed out or was aborted: an EventBridge rule sends its status change.

use serde::Deserialize;
use sluice_aws::{
    Attempts, Fault, Service, SettingError, SubmissionRecord, Submissions, config, environment, required,
};
use sluice_workflows::{ExecutionInput, SubmissionStatus};

use crate::submission_table::{SubmissionTable, write};

/// A status change of an execution, as far as it matters here
/// (<https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html>).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StatusChange {
    /// The execution.
    pub detail: ExecutionDetail,
}

/// An execution that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionDetail {
    /// Its name: the submission's id.
    pub name: String,
    /// Its status, such as `FAILED`.
    pub status: String,
    /// Its start, in milliseconds since 1970.
    pub start_date: i64,
    /// Its end, in milliseconds since 1970.
    pub stop_date: i64,
    /// Its input; absent if it is too large for an event.
    #[serde(default)]
    pub input: Option<String>,
}

/// Records that the submission of `change` failed, unless the table knows something later: EventBridge may send an
/// event twice, and late, and the execution may have been redriven meanwhile.
///
/// # Errors
/// `SubmissionTableUnavailable` or `SubmissionTableRefused` from the table.
pub async fn record_failure(table: &impl SubmissionTable, change: &StatusChange) -> Result<(), Fault> {
    let execution = &change.detail;
    let input = execution.input.as_deref().unwrap_or_default();
    let input: Option<ExecutionInput> = serde_json::from_str(input).ok();
    let record = SubmissionRecord {
        id: execution.name.clone(),
        status: SubmissionStatus::Failed,
        submitted_at_ms: execution.start_date,
        updated_at_ms: execution.stop_date,
        round: 1,
        input_hash: input.and_then(|input| input.input_hash),
    };
    tracing::warn!(
        submission = execution.name,
        status = execution.status,
        "an execution did not come to its end"
    );
    write(table, &record).await
}

/// The table that the environment names.
fn table() -> Result<Submissions, SettingError> {
    let config = config(Service::DynamoDb, Attempts::BySdk, &environment)?;
    Ok(Submissions::new(
        &config,
        required(&environment, "SUBMISSIONS_TABLE_NAME")?,
    ))
}

/// Runs the function.
///
/// # Errors
/// If the Runtime API cannot be reached.
pub fn run() -> Result<(), lambda_runtime::Error> {
    sluice_aws::run(table, async |table, change: StatusChange, _| {
        record_failure(table, &change).await
    })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use serde_json::json;
    use sluice_aws::{CallError, CallErrorKind};
    use sluice_workflows::TaskError;

    use super::*;

    struct Table(RefCell<Vec<SubmissionRecord>>, Result<bool, CallErrorKind>);

    impl SubmissionTable for Table {
        async fn put(&self, record: &SubmissionRecord) -> Result<bool, CallError> {
            self.0.borrow_mut().push(record.clone());
            self.1.map_err(|kind| CallError {
                action: "dynamodb:PutItem",
                kind,
                message: "no".to_owned(),
            })
        }
    }

    fn change() -> StatusChange {
        serde_json::from_value(json!({
            "version": "0", "id": "315c1398-40ff-a850-213b-158f73e60175",
            "detail-type": "Step Functions Execution Status Change", "source": "aws.states",
            "account": "123456789012", "time": "2026-11-22T10:00:00Z", "region": "us-east-1",
            "resources": ["arn:aws:states:us-east-1:123456789012:execution:Ingest:s-1"],
            "detail": {"executionArn": "arn:aws:states:us-east-1:123456789012:execution:Ingest:s-1",
                "stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:Ingest", "name": "s-1",
                "status": "FAILED", "startDate": 1_795_341_600_000_i64, "stopDate": 1_795_341_605_000_i64,
                "input": "{\"pincode\":\"12\",\"input_hash\":\"h\"}", "output": null,
                "error": "AdminNotAsked", "cause": "c"}}))
        .unwrap()
    }

    #[tokio::test]
    async fn a_failure_is_recorded_with_the_time_of_its_end() {
        let table = Table(RefCell::default(), Ok(true));
        assert_eq!(record_failure(&table, &change()).await, Ok(()));
        let expected = SubmissionRecord {
            id: "s-1".to_owned(),
            status: SubmissionStatus::Failed,
            submitted_at_ms: 1_795_341_600_000,
            updated_at_ms: 1_795_341_605_000,
            round: 1,
            input_hash: Some("h".to_owned()),
        };
        assert_eq!(*table.0.borrow(), [expected]);
        let mut without_input = change();
        without_input.detail.input = None;
        assert_eq!(record_failure(&table, &without_input).await, Ok(()));
        assert_eq!(table.0.borrow()[1].input_hash, None);
    }

    #[tokio::test]
    async fn what_the_table_knows_later_stays_and_a_failure_has_its_name() {
        let table = Table(RefCell::default(), Ok(false));
        assert_eq!(record_failure(&table, &change()).await, Ok(()));
        for (kind, name) in [
            (CallErrorKind::Throttled, TaskError::SubmissionTableUnavailable),
            (CallErrorKind::Refused, TaskError::SubmissionTableRefused),
        ] {
            let fault = record_failure(&Table(RefCell::default(), Err(kind)), &change()).await;
            assert_eq!(fault.unwrap_err().name, name);
        }
    }
}
