//! Step Functions' API, one file per action.
//! See the [reference](https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html).
//!
//! [`StepFunctions::call`] answers the API. The executions themselves are the driver's: this crate checks requests and shows
//! what the driver knows. For tasks and schedules: [`StepFunctions::start_execution`] and [`StepFunctions::start_child`]. Tasks of
//! activities wait in [`ActivityTasks`] for their workers.

mod activity;
mod activity_tasks;
mod arn;
mod attributes;
mod backpressure;
mod create_activity;
mod create_state_machine;
mod create_state_machine_alias;
mod definition;
mod delete_activity;
mod delete_state_machine;
mod delete_state_machine_alias;
mod delete_state_machine_version;
mod describe_activity;
mod describe_execution;
mod describe_map_run;
mod describe_state_machine;
mod describe_state_machine_alias;
mod describe_state_machine_for_execution;
mod empty;
mod error;
mod execution;
mod get_activity_task;
mod get_execution_history;
mod included_data;
mod input;
mod json_error;
mod label;
mod list_activities;
mod list_executions;
mod list_map_runs;
mod list_state_machine_aliases;
mod list_state_machine_versions;
mod list_state_machines;
mod list_tags_for_resource;
mod lookup;
mod name;
mod paging;
mod publish;
mod publish_state_machine_version;
mod redrive_execution;
mod routing;
mod send_task_failure;
mod send_task_heartbeat;
mod send_task_success;
mod service;
mod start_execution;
mod start_sync_execution;
mod stop_execution;
mod tag_resource;
mod test_case;
mod test_cases;
mod test_state;
#[cfg(test)]
mod tests;
mod untag_resource;
mod update_map_run;
mod update_state_machine;
mod update_state_machine_alias;
mod validate_state_machine_definition;

use serde_json::value::RawValue;
use sluice_wire::ApiError;

pub use activity_tasks::ActivityTasks;
pub use backpressure::Backpressure;
pub use service::{StepFunctions, TaskCaller};
pub use start_execution::Request as StartExecutionRequest;
pub use test_cases::TestCases;

use error::StatesError;

/// The most bytes of a request: a definition of 1 MiB with every character escaped still fits.
pub const MAX_BODY: usize = 4 << 20;

sluice_wire::json_operations! {
    fn dispatch(&StepFunctions) -> StatesError;
    unknown: "is not available on the local Step Functions endpoint";
    "CreateActivity" => create_activity,
    "CreateStateMachine" => create_state_machine,
    "CreateStateMachineAlias" => create_state_machine_alias,
    "DeleteActivity" => delete_activity,
    "DeleteStateMachine" => delete_state_machine,
    "DeleteStateMachineAlias" => delete_state_machine_alias,
    "DeleteStateMachineVersion" => delete_state_machine_version,
    "DescribeActivity" => describe_activity,
    "DescribeExecution" => describe_execution,
    "DescribeMapRun" => describe_map_run,
    "DescribeStateMachine" => describe_state_machine,
    "DescribeStateMachineAlias" => describe_state_machine_alias,
    "DescribeStateMachineForExecution" => describe_state_machine_for_execution,
    "GetActivityTask" => get_activity_task,
    "GetExecutionHistory" => get_execution_history,
    "ListActivities" => list_activities,
    "ListExecutions" => list_executions,
    "ListMapRuns" => list_map_runs,
    "ListStateMachineAliases" => list_state_machine_aliases,
    "ListStateMachineVersions" => list_state_machine_versions,
    "ListStateMachines" => list_state_machines,
    "ListTagsForResource" => list_tags_for_resource,
    "PublishStateMachineVersion" => publish_state_machine_version,
    "RedriveExecution" => redrive_execution,
    "SendTaskFailure" => send_task_failure,
    "SendTaskHeartbeat" => send_task_heartbeat,
    "SendTaskSuccess" => send_task_success,
    "StartExecution" => start_execution,
    "StartSyncExecution" => start_sync_execution,
    "StopExecution" => stop_execution,
    "TagResource" => tag_resource,
    "TestState" => test_state,
    "UntagResource" => untag_resource,
    "UpdateMapRun" => update_map_run,
    "UpdateStateMachine" => update_state_machine,
    "UpdateStateMachineAlias" => update_state_machine_alias,
    "ValidateStateMachineDefinition" => validate_state_machine_definition,
}

impl StepFunctions {
    /// Answers one call: the request's members in, the response's out, both as JSON text.
    ///
    /// # Errors
    /// Step Functions' exceptions.
    pub async fn call(&self, operation: &str, body: &[u8]) -> Result<Box<RawValue>, ApiError> {
        self.admit(operation)?;
        Ok(dispatch(self, operation, body).await?)
    }
}
