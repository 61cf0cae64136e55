//! [DescribeStateMachineForExecution](https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachineForExecution.html)

use serde::Deserialize;
use serde_json::{Value, json};

use super::StatesError;
use super::attributes::Attributes;
use super::describe_execution::record;
use super::describe_state_machine::included_data;
use crate::endpoint::{Constraints, Services, epoch_seconds};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request {
    execution_arn: Option<String>,
    included_data: Option<String>,
}

/// The definition and role that the execution started with, also when the machine was changed or deleted since.
pub(super) async fn call(services: &Services, request: Request) -> Result<Value, StatesError> {
    let mut constraints = Constraints::default();
    let execution_arn = constraints.text("executionArn", request.execution_arn, 1..=256);
    included_data(&mut constraints, request.included_data.as_deref());
    constraints.finish()?;
    let execution = record(services, &execution_arn).await?;
    let identity = &execution.identity;
    if identity.express {
        return Err(StatesError::StateMachineTypeNotSupported);
    }
    let definition = services.driver.definition(execution.definition_id).await?;
    let definition = definition.ok_or_else(|| StatesError::ExecutionDoesNotExist(execution_arn.clone()))?;
    let machine = services.driver.machine(&identity.machine_arn).await?;
    let attributes = machine.as_ref().map(Attributes::of).unwrap_or_default();
    // A machine that is gone was last what it was when the execution started.
    let updated = machine.as_ref().map_or(execution.start_date, |machine| machine.updated);
    let mut answer = json!({
        "stateMachineArn": identity.machine_arn,
        "name": identity.machine_name,
        "definition": definition,
        "roleArn": identity.role_arn,
        "updateDate": epoch_seconds(updated),
        "loggingConfiguration": attributes.logging.shown(),
        "tracingConfiguration": attributes.tracing.shown(),
    });
    if !execution.revision_id.is_empty() {
        answer["revisionId"] = json!(execution.revision_id);
    }
    Ok(answer)
}
