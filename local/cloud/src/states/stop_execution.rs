//! [StopExecution](https://docs.aws.amazon.com/step-functions/latest/apireference/API_StopExecution.html)

use serde::Deserialize;
use serde_json::{Value, json};

use super::StatesError;
use super::describe_execution::record;
use crate::endpoint::{Constraints, Services, epoch_seconds};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request {
    execution_arn: Option<String>,
    error: Option<String>,
    cause: Option<String>,
}

/// Stopping what has ended answers when it ended, as on AWS.
pub(super) async fn call(services: &Services, request: Request) -> Result<Value, StatesError> {
    let mut constraints = Constraints::default();
    let execution_arn = constraints.text("executionArn", request.execution_arn, 1..=256);
    let error = constraints.optional_text("error", request.error, 0..=256);
    let cause = constraints.optional_text("cause", request.cause, 0..=32_768);
    constraints.finish()?;
    let execution = record(services, &execution_arn).await?;
    if execution.identity.express {
        return Err(StatesError::StateMachineTypeNotSupported);
    }
    let stopped = services.driver.stop_execution(&execution_arn, error, cause).await?;
    let stop_date = stopped.ok_or(StatesError::ExecutionDoesNotExist(execution_arn))?;
    Ok(json!({ "stopDate": epoch_seconds(stop_date) }))
}
