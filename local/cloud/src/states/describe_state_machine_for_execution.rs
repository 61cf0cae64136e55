//! [DescribeStateMachineForExecution](https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachineForExecution.html)

use serde::Deserialize;
use serde_json::{Value, json};
use sluice_driver::{ExecutionRecord, MachineRecord};

use super::attributes::Attributes;
use super::describe_execution::record;
use super::describe_state_machine::included_data;
use super::{StatesError, arn, definition};
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
    let included = included_data(&mut constraints, request.included_data.as_deref());
    constraints.finish()?;
    let execution = record(services, &execution_arn).await?;
    let identity = &execution.identity;
    if identity.express {
        return Err(StatesError::StateMachineTypeNotSupported);
    }
    let text = services.driver.definition(execution.definition_id).await?;
    let text = text.ok_or_else(|| StatesError::ExecutionDoesNotExist(execution_arn.clone()))?;
    let text = match &execution.child {
        None => text,
        Some(child) => definition::processor(&text, &child.state)
            .ok_or_else(|| StatesError::ExecutionDoesNotExist(execution_arn.clone()))?,
    };
    let machine = machine(services, &execution).await?;
    let attributes = machine.as_ref().map(Attributes::of).unwrap_or_default();
    // A machine that is gone was last what it was when the execution started.
    let updated = machine.as_ref().map_or(execution.start_date, |machine| machine.updated);
    let mut answer = json!({
        "stateMachineArn": identity.machine_arn,
        "name": identity.machine_name,
        "roleArn": identity.role_arn,
        "updateDate": epoch_seconds(updated),
        "loggingConfiguration": attributes.logging.shown(),
        "tracingConfiguration": attributes.tracing.shown(),
        "encryptionConfiguration": attributes.shown_encryption(),
    });
    if let Some(child) = &execution.child {
        answer["mapRunArn"] = json!(child.map_run_arn);
        answer["label"] = json!(arn::label(&identity.machine_name));
    }
    definition::describe(&mut answer, text, included).await?;
    if !execution.revision_id.is_empty() {
        answer["revisionId"] = json!(execution.revision_id);
    }
    Ok(answer)
}

/// The version that the execution was started by, or else the state machine as it is now; none: it is gone.
async fn machine(services: &Services, execution: &ExecutionRecord) -> Result<Option<MachineRecord>, StatesError> {
    if let Some(version_arn) = &execution.version_arn {
        let (machine_arn, number) = arn::version(version_arn)?;
        if let Some(version) = services.driver.version(&machine_arn, number).await? {
            return Ok(Some(version.machine));
        }
    }
    // A Map Run's machine is a part of its parent's.
    let own = &*execution.identity.machine_arn;
    let machine_arn = own.split_once('/').map_or(own, |(machine_arn, _)| machine_arn);
    Ok(services.driver.machine(machine_arn).await?)
}
