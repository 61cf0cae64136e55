//! Step Functions' API, one file per action.
//! See the [reference](https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html).

mod activity;
#[cfg(test)]
mod activity_tests;
mod arn;
mod attributes;
mod create_activity;
mod create_state_machine;
mod definition;
mod delete_activity;
mod delete_state_machine;
mod describe_activity;
mod describe_execution;
mod describe_state_machine;
mod describe_state_machine_for_execution;
mod error;
mod get_activity_task;
mod get_execution_history;
mod input;
mod jackson;
mod list_activities;
mod list_executions;
mod list_state_machines;
mod list_tags_for_resource;
mod name;
mod outcome;
mod send_task_failure;
mod send_task_heartbeat;
mod send_task_success;
mod start_execution;
mod start_sync_execution;
mod stop_execution;
mod tag_resource;
#[cfg(test)]
mod tests;
mod untag_resource;
mod update_state_machine;
mod validate_state_machine_definition;

use serde_json::Value;

use crate::endpoint::{ApiError, Services};

pub(crate) use error::StatesError;
pub(crate) use start_execution::{StartExecutionRequest, checked as checked_start};

/// The operations, for the error about one that is not among them.
const KNOWN: &str = "CreateActivity, CreateStateMachine, DeleteActivity, DeleteStateMachine, DescribeActivity, \
    DescribeExecution, DescribeStateMachine, \
    DescribeStateMachineForExecution, GetActivityTask, GetExecutionHistory, ListActivities, ListExecutions, ListStateMachines, ListTagsForResource, \
    SendTaskFailure, SendTaskHeartbeat, SendTaskSuccess, StartExecution, StartSyncExecution, StopExecution, TagResource, \
    UntagResource, UpdateStateMachine and ValidateStateMachineDefinition";

/// Answers one call: the request's members in, the response's out.
pub(crate) async fn call(services: &Services, operation: &str, body: &[u8]) -> Result<Value, ApiError> {
    /// Reads the request's members, makes the call.
    macro_rules! action {
        ($module:ident) => {
            $module::call(services, crate::endpoint::json_request(body)?).await
        };
    }
    let answer = match operation {
        "CreateActivity" => action!(create_activity),
        "CreateStateMachine" => action!(create_state_machine),
        "DeleteActivity" => action!(delete_activity),
        "DeleteStateMachine" => action!(delete_state_machine),
        "DescribeActivity" => action!(describe_activity),
        "DescribeExecution" => action!(describe_execution),
        "DescribeStateMachine" => action!(describe_state_machine),
        "DescribeStateMachineForExecution" => action!(describe_state_machine_for_execution),
        "GetActivityTask" => action!(get_activity_task),
        "GetExecutionHistory" => action!(get_execution_history),
        "ListActivities" => action!(list_activities),
        "ListExecutions" => action!(list_executions),
        "ListStateMachines" => action!(list_state_machines),
        "ListTagsForResource" => action!(list_tags_for_resource),
        "SendTaskFailure" => action!(send_task_failure),
        "SendTaskHeartbeat" => action!(send_task_heartbeat),
        "SendTaskSuccess" => action!(send_task_success),
        "StartExecution" => action!(start_execution),
        "StartSyncExecution" => action!(start_sync_execution),
        "StopExecution" => action!(stop_execution),
        "TagResource" => action!(tag_resource),
        "UntagResource" => action!(untag_resource),
        "UpdateStateMachine" => action!(update_state_machine),
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
