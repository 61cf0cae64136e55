//! [RedriveExecution](https://docs.aws.amazon.com/step-functions/latest/apireference/API_RedriveExecution.html)

use serde::{Deserialize, Serialize};
use sluice_driver::{RedriveError, RedriveExecution};
use sluice_wire::{Constraints, epoch_seconds};

use crate::{StatesError, StepFunctions, execution, lookup};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    execution_arn: Option<String>,
    client_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    redrive_date: f64,
}

pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Response, StatesError> {
    let mut constraints = Constraints::default();
    let execution_arn = constraints.text("executionArn", request.execution_arn, 1..=256);
    let client_token = constraints.optional_text("clientToken", request.client_token, 1..=64);
    constraints.finish()?;
    let record = lookup::execution(states, &execution_arn).await?;
    if record.identity.express {
        let message = "Execution is of type EXPRESS and cannot be redriven";
        return Err(StatesError::ExecutionNotRedrivable(message.into()));
    }
    if record.child.is_some() {
        let message = "Execution was started by a Map Run and cannot be redriven by itself: redrive its parent";
        let told = execution::not_redrivable(&record, states.account.now());
        return Err(StatesError::ExecutionNotRedrivable(
            told.unwrap_or_else(|| message.into()),
        ));
    }
    match states
        .driver
        .executions()
        .redrive(RedriveExecution {
            arn: execution_arn.clone(),
            client_token,
        })
        .await
    {
        Ok(Some(redriven_at)) => Ok(Response {
            redrive_date: epoch_seconds(redriven_at),
        }),
        Ok(None) => Err(StatesError::ExecutionDoesNotExist(execution_arn)),
        Err(RedriveError::Driver(error)) => Err(error.into()),
        Err(RedriveError::NotRedrivable { reason }) => {
            let record = lookup::execution(states, &execution_arn).await?;
            let told = execution::not_redrivable(&record, states.account.now());
            Err(StatesError::ExecutionNotRedrivable(told.unwrap_or(reason)))
        }
    }
}
