//! The resources that ARNs name.

use sluice_driver::{ExecutionRecord, MachineRecord};

use crate::{StatesError, StepFunctions, arn};

/// The state machine that an ARN names.
///
/// # Errors
/// `InvalidArn`, or `StateMachineDoesNotExist`, which is also the answer to a version or an alias.
pub(crate) async fn machine(states: &StepFunctions, machine_arn: &str) -> Result<MachineRecord, StatesError> {
    arn::state_machine(machine_arn)?;
    let found = states.driver.machines().get(machine_arn).await?;
    found.ok_or_else(|| StatesError::StateMachineDoesNotExist(machine_arn.to_owned()))
}

/// The execution that an ARN names.
///
/// # Errors
/// `InvalidArn` or `ExecutionDoesNotExist`.
pub(crate) async fn execution(states: &StepFunctions, execution_arn: &str) -> Result<ExecutionRecord, StatesError> {
    arn::execution(execution_arn)?;
    let found = states.driver.executions().get(execution_arn).await?;
    found.ok_or_else(|| StatesError::ExecutionDoesNotExist(execution_arn.to_owned()))
}

/// The state machine whose tags an ARN means. Versions and aliases have none.
///
/// # Errors
/// `InvalidArn` or `ResourceNotFound`.
pub(crate) async fn tagged_machine(states: &StepFunctions, resource_arn: &str) -> Result<MachineRecord, StatesError> {
    arn::taggable(resource_arn)?;
    let found = states.driver.machines().get(resource_arn).await?;
    found.ok_or_else(|| StatesError::ResourceNotFound(resource_arn.to_owned()))
}
