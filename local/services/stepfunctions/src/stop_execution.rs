//! [StopExecution](https://docs.aws.amazon.com/step-functions/latest/apireference/API_StopExecution.html)

use serde::{Deserialize, Serialize};
use sluice_driver::StopExecution;
use sluice_wire::{Constraints, epoch_seconds};

use crate::lookup;
use crate::{StatesError, StepFunctions};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    execution_arn: Option<String>,
    error: Option<String>,
    cause: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    stop_date: f64,
}

/// Stopping an execution that has ended answers the time of its end, as on AWS.
pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Response, StatesError> {
    let mut constraints = Constraints::default();
    let execution_arn = constraints.text("executionArn", request.execution_arn, 1..=256);
    let error = constraints.optional_text("error", request.error, 0..=256);
    let cause = constraints.optional_text("cause", request.cause, 0..=32_768);
    constraints.finish()?;
    let execution = lookup::execution(states, &execution_arn).await?;
    if execution.identity.express {
        return Err(StatesError::StateMachineTypeNotSupported);
    }
    let stopped = states
        .driver
        .executions()
        .stop(StopExecution {
            arn: execution_arn.clone(),
            error,
            cause,
        })
        .await?;
    let stop_date = stopped.ok_or(StatesError::ExecutionDoesNotExist(execution_arn))?;
    Ok(Response {
        stop_date: epoch_seconds(stop_date),
    })
}
