//! [RedriveExecution](https://docs.aws.amazon.com/step-functions/latest/apireference/API_RedriveExecution.html)

use serde::Deserialize;
use serde_json::{Value, json};
use sluice_driver::RedriveError;

use super::describe_execution::record;
use super::{StatesError, outcome};
use crate::endpoint::{Constraints, Services, epoch_seconds};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request {
    execution_arn: Option<String>,
    client_token: Option<String>,
}

pub(super) async fn call(services: &Services, request: Request) -> Result<Value, StatesError> {
    let mut constraints = Constraints::default();
    let execution_arn = constraints.text("executionArn", request.execution_arn, 1..=256);
    let client_token = constraints.optional_text("clientToken", request.client_token, 1..=64);
    constraints.finish()?;
    let execution = record(services, &execution_arn).await?;
    if execution.identity.express {
        let message = "Execution is of type EXPRESS and cannot be redriven";
        return Err(StatesError::ExecutionNotRedrivable(message.into()));
    }
    if execution.child.is_some() {
        let message = "Execution was started by a Map Run and cannot be redriven by itself: redrive its parent";
        let told = outcome::not_redrivable(&execution, services.config.now());
        return Err(StatesError::ExecutionNotRedrivable(
            told.unwrap_or_else(|| message.into()),
        ));
    }
    match services.driver.redrive_execution(&execution_arn, client_token).await {
        Ok(Some(redriven_at)) => Ok(json!({ "redriveDate": epoch_seconds(redriven_at) })),
        Ok(None) => Err(StatesError::ExecutionDoesNotExist(execution_arn)),
        Err(RedriveError::Driver(error)) => Err(error.into()),
        Err(RedriveError::NotRedrivable { reason }) => {
            let execution = record(services, &execution_arn).await?;
            let told = outcome::not_redrivable(&execution, services.config.now());
            Err(StatesError::ExecutionNotRedrivable(told.unwrap_or(reason)))
        }
    }
}
