use aws_sdk_sfn::Client;
use aws_sdk_sfn::operation::send_task_success::SendTaskSuccessError;
use aws_types::SdkConfig;
use sluice_workflows::{Decision, TaskToken};
use thiserror::Error;

use crate::call::CallError;

/// The reason why a decision did not reach the workflow.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DeliverError {
    /// The task of this token is over (`TaskTimedOut`): it had an answer before, timed out, or its execution was
    /// stopped. Step Functions does not say which. Final.
    #[error("the workflow no longer waits for this decision (TaskTimedOut)")]
    TaskOver,
    /// No task ever had this token (`TaskDoesNotExist`, `InvalidToken`), or it is long forgotten. Final.
    #[error("the workflow does not know the task of this decision ({0})")]
    UnknownToken(&'static str),
    /// The call failed.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// Answers the tasks that wait for a decision.
#[derive(Debug, Clone)]
pub struct TaskTokens {
    client: Client,
}

impl TaskTokens {
    /// A client for Step Functions.
    pub fn new(config: &SdkConfig) -> Self {
        TaskTokens {
            client: Client::new(config),
        }
    }

    /// Hands `decision` to the state that waits for `token`
    /// (<https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html>).
    ///
    /// # Errors
    /// [`DeliverError::TaskOver`] for a token that is closed, [`DeliverError::UnknownToken`] for one that is unknown or
    /// malformed; else the call's failure.
    pub async fn deliver(&self, token: &TaskToken, decision: &Decision) -> Result<(), DeliverError> {
        const ACTION: &str = "states:SendTaskSuccess";
        let output =
            serde_json::to_string(decision).map_err(|error| CallError::unreadable(ACTION, error.to_string()))?;
        let Err(error) = self
            .client
            .send_task_success()
            .task_token(token.reveal())
            .output(output)
            .send()
            .await
        else {
            return Ok(());
        };
        Err(match error.as_service_error() {
            Some(SendTaskSuccessError::TaskTimedOut(_)) => DeliverError::TaskOver,
            Some(SendTaskSuccessError::TaskDoesNotExist(_)) => DeliverError::UnknownToken("TaskDoesNotExist"),
            Some(SendTaskSuccessError::InvalidToken(_)) => DeliverError::UnknownToken("InvalidToken"),
            Some(_) | None => CallError::from_sdk(ACTION, &error).into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sluice_workflows::DecisionKind;

    use super::*;
    use crate::fake::Fake;

    async fn check(status: u16, answer: serde_json::Value, expected: Result<(), &str>) {
        let fake = Fake::new(vec![(status, answer)]);
        let decision = Decision {
            decision: DecisionKind::Approve,
            decided_by: "Grace".to_owned(),
            decided_at: "2026-11-22T10:00:00.000Z".to_owned(),
            comment: None,
            reason: None,
            repaired: None,
        };
        let tokens = TaskTokens::new(&fake.config());
        let got = tokens.deliver(&TaskToken::new("T0KEN".to_owned()), &decision).await;
        match expected {
            Ok(()) => assert_eq!(got, Ok(())),
            Err(part) => assert!(format!("{got:?}").contains(part), "{got:?} lacks {part}"),
        }
        let (action, body) = fake.only_request();
        assert_eq!(action, "AWSStepFunctions.SendTaskSuccess");
        assert_eq!(body["taskToken"], "T0KEN");
        let output: serde_json::Value = serde_json::from_str(body["output"].as_str().unwrap()).unwrap();
        assert_eq!(
            output,
            json!({"decision": "approve", "decided_by": "Grace", "decided_at": "2026-11-22T10:00:00.000Z"})
        );
    }

    #[tokio::test]
    async fn a_token_nobody_waits_for_is_told_from_a_call_that_failed() {
        check(200, json!({}), Ok(())).await;
        check(400, json!({"__type": "TaskTimedOut", "message": "m"}), Err("TaskOver")).await;
        for name in ["TaskDoesNotExist", "InvalidToken"] {
            check(
                400,
                json!({"__type": name, "message": "m"}),
                Err(&format!("UnknownToken(\"{name}\")")),
            )
            .await;
        }
        check(
            400,
            json!({"__type": "ThrottlingException", "message": "m"}),
            Err("Throttled"),
        )
        .await;
        check(
            400,
            json!({"__type": "AccessDeniedException", "message": "m"}),
            Err("Refused"),
        )
        .await;
        check(
            500,
            json!({"__type": "InternalFailure", "message": "m"}),
            Err("Unreachable"),
        )
        .await;
    }
}
