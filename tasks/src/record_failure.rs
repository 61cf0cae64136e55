//! Records that an execution failed, timed out or was aborted, and takes its approval off the list: an EventBridge rule sends its
//! status change.

use serde::Deserialize;
use sluice_aws::{
    Approvals, Attempts, CallError, Fault, Service, SettingError, SubmissionRecord, Submissions, Withdrawal, config,
    environment, required,
};
use sluice_workflows::{ExecutionInput, MAXIMUM_ROUNDS, SubmissionStatus};

use crate::mailing::{approvals, table_fault};
use crate::submission_table::{SubmissionTable, write};

/// The table of approvals, as recording failures needs it.
pub trait ApprovalTable {
    /// Takes an approval off the list, if it is open and was not asked for again after `stopped_at_ms`.
    ///
    /// # Errors
    /// [`CallError`] if the table did not answer.
    fn withdraw(&self, id: &str, stopped_at_ms: i64) -> impl Future<Output = Result<Withdrawal, CallError>>;
}

impl ApprovalTable for Approvals {
    async fn withdraw(&self, id: &str, stopped_at_ms: i64) -> Result<Withdrawal, CallError> {
        Approvals::withdraw(self, id, stopped_at_ms).await
    }
}

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
/// event twice, and late, and the execution may have been redriven meanwhile. An approval that was open is withdrawn, since nobody
/// waits for its decision.
///
/// # Errors
/// `SubmissionTableUnavailable`, `SubmissionTableRefused`, `ApprovalTableUnavailable` or `ApprovalTableRefused` from the tables.
pub async fn record_failure(
    table: &impl SubmissionTable,
    approvals: &impl ApprovalTable,
    change: &StatusChange,
) -> Result<(), Fault> {
    let execution = &change.detail;
    sluice_aws::log_submission(&execution.name);
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
    tracing::warn!(status = execution.status, "an execution did not come to its end");
    write(table, &record).await?;
    withdraw(approvals, &execution.name, execution.stop_date).await
}

/// Withdraws what is open of a submission. The event does not say the round: they follow each other, so the first that is not there
/// ends the search.
async fn withdraw(approvals: &impl ApprovalTable, submission: &str, stopped_at_ms: i64) -> Result<(), Fault> {
    for round in 1..=MAXIMUM_ROUNDS {
        let id = format!("{submission}.{round}");
        let withdrawn = approvals.withdraw(&id, stopped_at_ms).await;
        match withdrawn.map_err(|error| table_fault(&error))? {
            Withdrawal::Now => tracing::warn!(approval = id, "nobody waits for it any more: taken off the list"),
            Withdrawal::NotOpen(_) => {}
            Withdrawal::Missing => break,
        }
    }
    Ok(())
}

/// The tables that the environment names.
fn tables() -> Result<(Submissions, Approvals), SettingError> {
    let config = config(Service::DynamoDb, Attempts::BySdk, &environment)?;
    let submissions = Submissions::new(&config, required(&environment, "SUBMISSIONS_TABLE_NAME")?);
    Ok((submissions, approvals()?))
}

/// Runs the function.
///
/// # Errors
/// If the Runtime API cannot be reached.
pub fn run() -> Result<(), lambda_runtime::Error> {
    sluice_aws::run(tables, async |(table, approvals), change: StatusChange, _| {
        record_failure(table, approvals, &change).await
    })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use serde_json::json;
    use sluice_aws::{ApprovalState, CallErrorKind};
    use sluice_workflows::TaskError;

    use super::*;
    use crate::testing::record as approval;

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

    /// The states of the rounds, and the times of withdrawals.
    struct Rounds(
        RefCell<Vec<ApprovalState>>,
        RefCell<Vec<(String, i64)>>,
        Option<CallErrorKind>,
    );

    impl Rounds {
        fn new(states: Vec<ApprovalState>) -> Self {
            Rounds(RefCell::new(states), RefCell::default(), None)
        }
    }

    impl ApprovalTable for Rounds {
        async fn withdraw(&self, id: &str, stopped_at_ms: i64) -> Result<Withdrawal, CallError> {
            if let Some(kind) = self.2 {
                return Err(CallError {
                    action: "dynamodb:TransactWriteItems",
                    kind,
                    message: "no".to_owned(),
                });
            }
            let round: usize = id.strip_prefix("s-1.").unwrap().parse().unwrap();
            let mut states = self.0.borrow_mut();
            let Some(state) = states.get_mut(round - 1) else {
                return Ok(Withdrawal::Missing);
            };
            if *state != ApprovalState::Open {
                return Ok(Withdrawal::NotOpen(Box::new(approval(id, state.clone()))));
            }
            *state = ApprovalState::Withdrawn;
            self.1.borrow_mut().push((id.to_owned(), stopped_at_ms));
            Ok(Withdrawal::Now)
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
        assert_eq!(record_failure(&table, &Rounds::new(vec![]), &change()).await, Ok(()));
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
        assert_eq!(
            record_failure(&table, &Rounds::new(vec![]), &without_input).await,
            Ok(())
        );
        assert_eq!(table.0.borrow()[1].input_hash, None);
    }

    #[tokio::test]
    async fn what_the_table_knows_later_stays_and_a_failure_has_its_name() {
        let table = Table(RefCell::default(), Ok(false));
        assert_eq!(record_failure(&table, &Rounds::new(vec![]), &change()).await, Ok(()));
        for (kind, name) in [
            (CallErrorKind::Throttled, TaskError::SubmissionTableUnavailable),
            (CallErrorKind::Refused, TaskError::SubmissionTableRefused),
        ] {
            let fault = record_failure(&Table(RefCell::default(), Err(kind)), &Rounds::new(vec![]), &change()).await;
            assert_eq!(fault.unwrap_err().name, name);
        }
    }

    #[tokio::test]
    async fn the_round_that_is_open_is_withdrawn_and_no_other() {
        let decision = json!({"decision": "approve", "decided_by": "a", "decided_at": "t"});
        let decided = || {
            let decision = serde_json::from_value(decision.clone()).unwrap();
            ApprovalState::Decided(Box::new(decision), sluice_aws::Delivery::Done)
        };
        for (states, expected) in [
            (vec![], vec![]),
            (vec![ApprovalState::Open], vec!["s-1.1"]),
            (vec![decided(), decided(), ApprovalState::Open], vec!["s-1.3"]),
            (vec![decided(), decided()], vec![]),
            (vec![ApprovalState::Withdrawn], vec![]),
        ] {
            let (table, rounds) = (Table(RefCell::default(), Ok(true)), Rounds::new(states));
            // an event may come twice
            for _ in 0..2 {
                assert_eq!(record_failure(&table, &rounds, &change()).await, Ok(()));
            }
            let withdrawn: Vec<_> = expected
                .into_iter()
                .map(|id| (id.to_owned(), 1_795_341_605_000))
                .collect();
            assert_eq!(*rounds.1.borrow(), withdrawn);
        }
        let table = Table(RefCell::default(), Ok(true));
        let rounds = Rounds(RefCell::default(), RefCell::default(), Some(CallErrorKind::Throttled));
        let fault = record_failure(&table, &rounds, &change()).await;
        assert_eq!(fault.unwrap_err().name, TaskError::ApprovalTableUnavailable);
    }
}
