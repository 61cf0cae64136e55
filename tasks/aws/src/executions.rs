use aws_sdk_sfn::Client;
use aws_sdk_sfn::operation::start_execution::StartExecutionError;
use aws_types::SdkConfig;
use thiserror::Error;

use crate::call::{CallError, boxed};
use crate::settings::SettingError;

/// The executions of one state machine, named by their submission.
#[derive(Debug, Clone)]
pub struct Executions {
    client: Client,
    state_machine_arn: String,
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

impl Executions {
    /// The executions of the state machine with this ARN.
    ///
    /// # Errors
    /// [`SettingError::Unusable`] if `state_machine_arn` is no ARN of a state machine.
    pub fn new(config: &SdkConfig, state_machine_arn: String) -> Result<Self, SettingError> {
        if !state_machine_arn.contains(":stateMachine:") {
            return Err(SettingError::Unusable {
                name: "STATE_MACHINE_ARN",
                value: state_machine_arn,
                expected: "it must be arn:<partition>:states:<region>:<account>:stateMachine:<name>",
            });
        }
        Ok(Executions {
            client: Client::new(config),
            state_machine_arn,
        })
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
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
}
