//! Step Functions' API, one file per action.
//! See the [reference](https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html).

mod activity;
#[cfg(test)]
mod activity_tests;
mod arn;
mod attributes;
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
mod error;
mod get_activity_task;
mod get_execution_history;
mod input;
mod jackson;
mod label;
mod list_activities;
mod list_executions;
mod list_map_runs;
mod list_state_machine_aliases;
mod list_state_machine_versions;
mod list_state_machines;
mod list_tags_for_resource;
mod name;
mod outcome;
mod paging;
mod publish;
mod publish_state_machine_version;
mod redrive_execution;
mod routing;
mod send_task_failure;
mod send_task_heartbeat;
mod send_task_success;
mod start_execution;
mod start_sync_execution;
mod stop_execution;
mod tag_resource;
mod test_state;
#[cfg(test)]
mod tests;
mod untag_resource;
mod update_map_run;
mod update_state_machine;
mod update_state_machine_alias;
mod validate_state_machine_definition;

use std::sync::Arc;

use serde_json::Value;

use crate::endpoint::{ApiError, Services};

pub(crate) use error::StatesError;
pub(crate) use start_execution::{StartExecutionRequest, checked as checked_start};

/// The operations, for the error about one that is not among them.
const KNOWN: &str = "CreateActivity, CreateStateMachine, CreateStateMachineAlias, DeleteActivity, DeleteStateMachine, \
    DeleteStateMachineAlias, DeleteStateMachineVersion, DescribeActivity, DescribeExecution, DescribeMapRun, \
    DescribeStateMachine, DescribeStateMachineAlias, DescribeStateMachineForExecution, GetActivityTask, \
    GetExecutionHistory, ListActivities, ListExecutions, ListMapRuns, ListStateMachineAliases, ListStateMachineVersions, \
    ListStateMachines, ListTagsForResource, PublishStateMachineVersion, RedriveExecution, \
    SendTaskFailure, SendTaskHeartbeat, SendTaskSuccess, StartExecution, StartSyncExecution, StopExecution, TagResource, \
    TestState, UntagResource, UpdateMapRun, UpdateStateMachine, UpdateStateMachineAlias and ValidateStateMachineDefinition";

/// Answers one call: the request's members in, the response's out.
pub(crate) async fn call(services: &Arc<Services>, operation: &str, body: &[u8]) -> Result<Value, ApiError> {
    /// Reads the request's members, makes the call.
    macro_rules! action {
        ($module:ident) => {
            $module::call(services, crate::endpoint::json_request(body)?).await
        };
    }
    let answer = match operation {
        "CreateActivity" => action!(create_activity),
        "CreateStateMachine" => action!(create_state_machine),
        "CreateStateMachineAlias" => action!(create_state_machine_alias),
        "DeleteStateMachine" => action!(delete_state_machine),
        "DeleteStateMachineAlias" => action!(delete_state_machine_alias),
        "DeleteStateMachineVersion" => action!(delete_state_machine_version),
        "DeleteActivity" => action!(delete_activity),
        "DescribeActivity" => action!(describe_activity),
        "DescribeExecution" => action!(describe_execution),
        "DescribeMapRun" => action!(describe_map_run),
        "DescribeStateMachine" => action!(describe_state_machine),
        "DescribeStateMachineAlias" => action!(describe_state_machine_alias),
        "DescribeStateMachineForExecution" => action!(describe_state_machine_for_execution),
        "GetActivityTask" => action!(get_activity_task),
        "GetExecutionHistory" => action!(get_execution_history),
        "ListActivities" => action!(list_activities),
        "ListExecutions" => action!(list_executions),
        "ListMapRuns" => action!(list_map_runs),
        "ListStateMachineAliases" => action!(list_state_machine_aliases),
        "ListStateMachineVersions" => action!(list_state_machine_versions),
        "ListStateMachines" => action!(list_state_machines),
        "ListTagsForResource" => action!(list_tags_for_resource),
        "PublishStateMachineVersion" => action!(publish_state_machine_version),
        "RedriveExecution" => action!(redrive_execution),
        "SendTaskFailure" => action!(send_task_failure),
        "SendTaskHeartbeat" => action!(send_task_heartbeat),
        "SendTaskSuccess" => action!(send_task_success),
        "StartExecution" => action!(start_execution),
        "StartSyncExecution" => action!(start_sync_execution),
        "StopExecution" => action!(stop_execution),
        "TagResource" => action!(tag_resource),
        "TestState" => action!(test_state),
        "UntagResource" => action!(untag_resource),
        "UpdateMapRun" => action!(update_map_run),
        "UpdateStateMachine" => action!(update_state_machine),
        "UpdateStateMachineAlias" => action!(update_state_machine_alias),
        "ValidateStateMachineDefinition" => action!(validate_state_machine_definition),
        _ => Err(unknown_operation(operation)),
    };
    Ok(answer?)
}

fn unknown_operation(operation: &str) -> StatesError {
    let operation = crate::endpoint::shortened(operation);
    StatesError::Api(ApiError::client(
        "UnknownOperationException",
        format!(
            "The operation {operation:?} is not available on the local Step Functions endpoint, which knows {KNOWN}."
        ),
    ))
}
