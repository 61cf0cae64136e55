//! [DescribeStateMachineForExecution](https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachineForExecution.html)

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sluice_driver::{ExecutionRecord, MachineRecord};
use sluice_wire::{Constraints, epoch_seconds};

use crate::attributes::{Attributes, EncryptionConfiguration, LoggingConfiguration, TracingConfiguration};
use crate::definition::{self, DescribedDefinition};
use crate::included_data::included_data;
use crate::{StatesError, StepFunctions, arn, lookup};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Request {
    execution_arn: Option<String>,
    included_data: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    state_machine_arn: Arc<str>,
    name: Arc<str>,
    role_arn: Arc<str>,
    update_date: f64,
    logging_configuration: LoggingConfiguration,
    tracing_configuration: TracingConfiguration,
    encryption_configuration: EncryptionConfiguration,
    #[serde(skip_serializing_if = "Option::is_none")]
    map_run_arn: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(flatten)]
    definition: DescribedDefinition,
    #[serde(skip_serializing_if = "String::is_empty")]
    revision_id: String,
}

/// The definition and role that the execution started with, also when the machine was changed or deleted since.
pub(crate) async fn call(states: &StepFunctions, request: Request) -> Result<Response, StatesError> {
    let mut constraints = Constraints::default();
    let execution_arn = constraints.text("executionArn", request.execution_arn, 1..=256);
    let included = included_data(&mut constraints, request.included_data.as_deref());
    constraints.finish()?;
    let execution = lookup::execution(states, &execution_arn).await?;
    let identity = &execution.identity;
    if identity.express {
        return Err(StatesError::StateMachineTypeNotSupported);
    }
    let text = states.driver.machines().definition(execution.definition_id).await?;
    let text = text.ok_or_else(|| StatesError::ExecutionDoesNotExist(execution_arn.clone()))?;
    let text = match &execution.child {
        None => text,
        Some(child) => definition::processor(&text, &child.state)
            .ok_or_else(|| StatesError::ExecutionDoesNotExist(execution_arn.clone()))?,
    };
    let machine = machine(states, &execution).await?;
    let attributes = machine.as_ref().map(Attributes::of).unwrap_or_default();
    // A machine that is gone was last what it was when the execution started.
    let updated = machine.as_ref().map_or(execution.start_date, |machine| machine.updated);
    let label = execution
        .child
        .as_ref()
        .and_then(|_| arn::label(&identity.machine_name));
    Ok(Response {
        state_machine_arn: Arc::clone(&identity.machine_arn),
        name: Arc::clone(&identity.machine_name),
        role_arn: Arc::clone(&identity.role_arn),
        update_date: epoch_seconds(updated),
        logging_configuration: attributes.logging.effective(),
        tracing_configuration: attributes.tracing,
        encryption_configuration: EncryptionConfiguration::effective(attributes.encryption),
        map_run_arn: execution.child.as_ref().map(|child| Arc::clone(&child.map_run_arn)),
        label: label.map(str::to_owned),
        definition: DescribedDefinition::of(text, included).await?,
        revision_id: execution.revision_id,
    })
}

/// The version that the execution was started by, or else the state machine as it is now; none: it is gone.
async fn machine(states: &StepFunctions, execution: &ExecutionRecord) -> Result<Option<MachineRecord>, StatesError> {
    if let Some(version_arn) = &execution.version_arn {
        let (machine_arn, number) = arn::version(version_arn)?;
        if let Some(version) = states.driver.versions().get(&machine_arn, number).await? {
            return Ok(Some(version.machine));
        }
    }
    // A Map Run's machine is a part of its parent's.
    let own = &*execution.identity.machine_arn;
    let machine_arn = own.split_once('/').map_or(own, |(machine_arn, _)| machine_arn);
    Ok(states.driver.machines().get(machine_arn).await?)
}
