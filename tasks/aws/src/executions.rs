use aws_sdk_sfn::Client;
use aws_sdk_sfn::operation::describe_execution::DescribeExecutionError;
use aws_sdk_sfn::operation::get_execution_history::GetExecutionHistoryError;
use aws_sdk_sfn::operation::start_execution::StartExecutionError;
use aws_sdk_sfn::types::{ExecutionStatus, HistoryEvent, HistoryEventType};
use aws_types::SdkConfig;
use thiserror::Error;

use crate::call::{CallError, boxed};
use crate::settings::SettingError;

/// The executions of one state machine, named by their submission.
#[derive(Debug, Clone)]
pub struct Executions {
    client: Client,
    state_machine_arn: String,
    execution_arn_prefix: String,
}

/// The reason why an execution was not started.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StartError {
    /// The name belongs to an execution that is closed, or has another input.
    #[error("an execution of this name exists already")]
    NameTaken,
    /// Step Functions takes no execution with this name or input, and would take others.
    #[error(transparent)]
    Unacceptable(CallError),
    /// The call failed.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// The end of an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// It succeeded, with this output.
    Succeeded(String),
    /// It failed, timed out or was aborted.
    Failed,
}

/// The progress of an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// It is over.
    Ended(Ending),
    /// It waits for the answer to a task token.
    Parked,
    /// It is at work.
    Running,
}

/// The newest event of an execution's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewestEvent {
    /// The time at which it happened, in milliseconds since 1970.
    pub at_ms: i64,
    /// The progress of the execution that it shows.
    pub progress: Progress,
}

/// The answer of DescribeExecution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The execution's input.
    pub input: String,
    /// Its end, if it has ended.
    pub ending: Option<Ending>,
}

impl Executions {
    /// The executions of the state machine with this ARN.
    ///
    /// # Errors
    /// [`SettingError::Unusable`] if `state_machine_arn` is no ARN of a state machine.
    pub fn new(config: &SdkConfig, state_machine_arn: String) -> Result<Self, SettingError> {
        let Some((head, name)) = state_machine_arn.split_once(":stateMachine:") else {
            return Err(SettingError::Unusable {
                name: "STATE_MACHINE_ARN",
                value: state_machine_arn,
                expected: "it must be arn:<partition>:states:<region>:<account>:stateMachine:<name>",
            });
        };
        let execution_arn_prefix = format!("{head}:execution:{name}:");
        Ok(Executions {
            client: Client::new(config),
            state_machine_arn,
            execution_arn_prefix,
        })
    }

    fn arn(&self, name: &str) -> String {
        format!("{}{name}", self.execution_arn_prefix)
    }

    /// Starts the execution `name` and answers its start in milliseconds since 1970
    /// (<https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html>).
    ///
    /// Starting one again that still runs with the same input is no error: the answer is the first one's.
    ///
    /// # Errors
    /// [`StartError`]; after [`crate::CallErrorKind::Unreachable`] it may have been started.
    pub async fn start(&self, name: &str, input: &str) -> Result<i64, StartError> {
        const ACTION: &str = "states:StartExecution";
        let request = self
            .client
            .start_execution()
            .state_machine_arn(&self.state_machine_arn)
            .name(name)
            .input(input);
        match boxed(request.send()).await {
            Ok(answer) => answer
                .start_date()
                .to_millis()
                .map_err(|error| CallError::unreadable(ACTION, format!("its startDate: {error}")).into()),
            Err(error) => Err(match error.as_service_error() {
                Some(StartExecutionError::ExecutionAlreadyExists(_)) => StartError::NameTaken,
                Some(StartExecutionError::InvalidExecutionInput(_) | StartExecutionError::InvalidName(_)) => {
                    StartError::Unacceptable(CallError::from_sdk(ACTION, &error))
                }
                Some(_) | None => CallError::from_sdk(ACTION, &error).into(),
            }),
        }
    }

    /// The newest event of an execution's history, or `None` while there is none to be seen
    /// (<https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html>).
    ///
    /// # Errors
    /// [`CallError`] if Step Functions did not answer.
    pub async fn newest_event(&self, name: &str) -> Result<Option<NewestEvent>, CallError> {
        const ACTION: &str = "states:GetExecutionHistory";
        let request = self
            .client
            .get_execution_history()
            .execution_arn(self.arn(name))
            .reverse_order(true)
            .max_results(1)
            .include_execution_data(true);
        match boxed(request.send()).await {
            Ok(answer) => answer
                .events()
                .first()
                .map(|event| read_event(ACTION, event))
                .transpose(),
            Err(error) => match error.as_service_error() {
                Some(GetExecutionHistoryError::ExecutionDoesNotExist(_)) => Ok(None),
                Some(_) | None => Err(CallError::from_sdk(ACTION, &error)),
            },
        }
    }

    /// An execution's input and end, or `None` if there is no such execution
    /// (<https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html>).
    ///
    /// # Errors
    /// [`CallError`] if Step Functions did not answer.
    pub async fn describe(&self, name: &str) -> Result<Option<Description>, CallError> {
        const ACTION: &str = "states:DescribeExecution";
        match self
            .client
            .describe_execution()
            .execution_arn(self.arn(name))
            .send()
            .await
        {
            Ok(answer) => {
                let ending = match answer.status() {
                    ExecutionStatus::Running | ExecutionStatus::PendingRedrive => None,
                    ExecutionStatus::Succeeded => Some(Ending::Succeeded(answer.output().unwrap_or("null").to_owned())),
                    // Aborted, Failed, TimedOut, and any that AWS may add: nothing more comes of it by itself.
                    _ => Some(Ending::Failed),
                };
                Ok(Some(Description {
                    input: answer.input().unwrap_or("null").to_owned(),
                    ending,
                }))
            }
            Err(error) => match error.as_service_error() {
                Some(DescribeExecutionError::ExecutionDoesNotExist(_) | DescribeExecutionError::InvalidArn(_)) => {
                    Ok(None)
                }
                Some(_) | None => Err(CallError::from_sdk(ACTION, &error)),
            },
        }
    }
}

fn read_event(action: &'static str, event: &HistoryEvent) -> Result<NewestEvent, CallError> {
    let at_ms = event
        .timestamp()
        .to_millis()
        .map_err(|error| CallError::unreadable(action, format!("a timestamp: {error}")))?;
    let progress = match event.r#type() {
        HistoryEventType::ExecutionSucceeded => {
            let output = event
                .execution_succeeded_event_details()
                .and_then(|details| details.output());
            Progress::Ended(Ending::Succeeded(output.unwrap_or("null").to_owned()))
        }
        HistoryEventType::ExecutionFailed
        | HistoryEventType::ExecutionAborted
        | HistoryEventType::ExecutionTimedOut => Progress::Ended(Ending::Failed),
        HistoryEventType::TaskSubmitted => Progress::Parked,
        _ => Progress::Running,
    };
    Ok(NewestEvent { at_ms, progress })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::fake::Fake;

    const MACHINE: &str = "arn:aws:states:eu-central-1:123456789012:stateMachine:Ingest";

    fn executions(fake: &Fake) -> Executions {
        Executions::new(&fake.config(), MACHINE.to_owned()).unwrap()
    }

    #[test]
    fn the_arn_of_a_state_machine_is_needed() {
        let fake = Fake::new(vec![]);
        let error = Executions::new(&fake.config(), "Ingest".to_owned()).unwrap_err();
        assert!(error.to_string().contains("STATE_MACHINE_ARN is \"Ingest\""), "{error}");
    }

    #[tokio::test]
    async fn a_start_answers_its_time_and_tells_a_taken_name() {
        let fake = Fake::new(vec![(
            200,
            json!({"executionArn": "arn", "startDate": 1_795_341_600.5}),
        )]);
        assert_eq!(executions(&fake).start("s-1", "{}").await, Ok(1_795_341_600_500));
        let (action, body) = fake.only_request();
        assert_eq!(action, "AWSStepFunctions.StartExecution");
        assert_eq!(body, json!({"stateMachineArn": MACHINE, "name": "s-1", "input": "{}"}));

        let fake = Fake::new(vec![(400, json!({"__type": "ExecutionAlreadyExists", "message": "m"}))]);
        assert_eq!(executions(&fake).start("s-1", "{}").await, Err(StartError::NameTaken));
    }

    #[tokio::test]
    async fn what_is_wrong_with_one_execution_is_told_from_what_is_wrong_with_all() {
        for (name, is_its_own) in [
            ("InvalidExecutionInput", true),
            ("InvalidName", true),
            ("StateMachineDoesNotExist", false),
            ("AccessDeniedException", false),
            ("ThrottlingException", false),
        ] {
            let fake = Fake::new(vec![(400, json!({"__type": name, "message": "m"}))]);
            let error = executions(&fake).start("s-1", "{}").await.unwrap_err();
            assert_eq!(
                matches!(error, StartError::Unacceptable(_)),
                is_its_own,
                "{name}: {error:?}"
            );
            assert!(error.to_string().contains(name), "{error}");
        }
    }

    async fn check(kind: &str, details: Value, expected: Progress) {
        let mut event = json!({"timestamp": 1_795_341_600.5, "type": kind, "id": 7, "previousEventId": 6});
        event
            .as_object_mut()
            .unwrap()
            .extend(details.as_object().unwrap().clone());
        let fake = Fake::new(vec![(200, json!({"events": [event]}))]);
        let newest = executions(&fake).newest_event("s-1").await.unwrap();
        assert_eq!(
            newest,
            Some(NewestEvent {
                at_ms: 1_795_341_600_500,
                progress: expected
            })
        );
        let (_, body) = fake.only_request();
        assert_eq!(
            body["executionArn"],
            "arn:aws:states:eu-central-1:123456789012:execution:Ingest:s-1"
        );
        assert_eq!((&body["reverseOrder"], &body["maxResults"]), (&json!(true), &json!(1)));
    }

    #[tokio::test]
    async fn the_newest_event_says_how_far_an_execution_is() {
        let output = json!({"executionSucceededEventDetails": {"output": "{\"a\":1}"}});
        check(
            "ExecutionSucceeded",
            output,
            Progress::Ended(Ending::Succeeded("{\"a\":1}".to_owned())),
        )
        .await;
        for kind in ["ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut"] {
            check(kind, json!({}), Progress::Ended(Ending::Failed)).await;
        }
        check("TaskSubmitted", json!({}), Progress::Parked).await;
        check("TaskStateEntered", json!({}), Progress::Running).await;
        let fake = Fake::new(vec![(400, json!({"__type": "ExecutionDoesNotExist", "message": "m"}))]);
        assert_eq!(executions(&fake).newest_event("s-1").await, Ok(None));
    }

    #[tokio::test]
    async fn a_description_says_input_and_end() {
        let describe = |status: &str| {
            json!({"executionArn": "a", "stateMachineArn": MACHINE, "status": status, "startDate": 1.0,
                "input": "{}", "output": "\"out\""})
        };
        for (status, ending) in [
            ("RUNNING", None),
            ("SUCCEEDED", Some(Ending::Succeeded("\"out\"".to_owned()))),
            ("FAILED", Some(Ending::Failed)),
            ("TIMED_OUT", Some(Ending::Failed)),
            ("ABORTED", Some(Ending::Failed)),
        ] {
            let fake = Fake::new(vec![(200, describe(status))]);
            let got = executions(&fake).describe("s-1").await.unwrap();
            assert_eq!(
                got,
                Some(Description {
                    input: "{}".to_owned(),
                    ending
                })
            );
        }
        let fake = Fake::new(vec![(400, json!({"__type": "ExecutionDoesNotExist", "message": "m"}))]);
        assert_eq!(executions(&fake).describe("s-1").await, Ok(None));
    }
}
