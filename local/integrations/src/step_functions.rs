//! `states:startExecution` with all its ways to wait. See
//! [the integration](https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html).

use serde_json::{Map, Value, json};
use sluice_asl::definition::{IntegrationPattern, Resource};
use sluice_driver::{ExecutionRecord, RunningTask, Started, TaskResult};
use sluice_engine::{Outcome, ScheduledTask, Timestamp};
use sluice_stepfunctions::StartExecutionRequest;
use sluice_wire::{epoch_seconds, http_date};

use crate::metadata::Metadata;
use crate::parameters::Parameters;
use crate::{Client, Services, TaskFailure};

/// Starts an execution for a call that belongs to none.
pub(crate) async fn start_alone(services: &Services, arguments: &Value) -> Result<Value, TaskFailure> {
    let request_id = services.account.uuid().to_string();
    let started = services.stepfunctions.start_execution(request(arguments)?).await;
    let started = started.map_err(|error| Client::STEP_FUNCTIONS.refused(&error, &request_id))?;
    Ok(response(&started, &request_id, services.account.now()))
}

/// Starts an execution. The driver answers the task with it, in the same commit.
///
/// # Errors
/// The failure of the task, if nothing was started.
pub(crate) async fn start_execution(services: &Services, task: &mut RunningTask) -> Result<(), TaskFailure> {
    let request_id = services.account.uuid().to_string();
    let request = request(&task.task.arguments)?;
    let pattern = match &task.task.resource {
        Resource::Service { pattern, .. } => *pattern,
        Resource::Function { .. } | Resource::Activity { .. } => IntegrationPattern::RequestResponse,
    };
    let (id, now) = (request_id.clone(), services.account.now());
    let answer = move |started: &Started| {
        let output = response(started, &id, now);
        match pattern {
            IntegrationPattern::RequestResponse => TaskResult::Succeeded(output),
            IntegrationPattern::WaitForTaskToken => TaskResult::Submitted(output),
            IntegrationPattern::Sync | IntegrationPattern::Sync2 => TaskResult::Job {
                output,
                execution: started.arn.clone(),
            },
        }
    };
    let started = services.stepfunctions.start_child(task, request, answer).await;
    started.map_err(|error| Client::STEP_FUNCTIONS.refused(&error, &request_id))
}

fn request(arguments: &Value) -> Result<StartExecutionRequest, TaskFailure> {
    let parameters = Parameters::of(arguments);
    Ok(StartExecutionRequest {
        state_machine_arn: Some(parameters.required("StateMachineArn")?.to_owned()),
        name: parameters.text("Name")?.map(str::to_owned),
        input: parameters.text_or_json("Input"),
        trace_header: parameters.text("TraceHeader")?.map(str::to_owned),
    })
}

fn response(started: &Started, request_id: &str, now: Timestamp) -> Value {
    let Started { arn, start_date, .. } = started;
    let wire = json!({ "executionArn": arn, "startDate": epoch_seconds(*start_date) });
    let mut response = Map::new();
    response.insert("ExecutionArn".into(), json!(arn));
    let headers = vec![
        ("x-amzn-RequestId", request_id.to_owned()),
        ("connection", "keep-alive".to_owned()),
        ("Content-Length", wire.to_string().len().to_string()),
        ("Date", http_date(now)),
        ("Content-Type", "application/x-amz-json-1.0".to_owned()),
    ];
    Metadata {
        status: 200,
        request_id: request_id.into(),
        headers,
    }
    .add_to(&mut response);
    // The SDK's dates are milliseconds.
    response.insert("StartDate".into(), json!(start_date));
    Value::Object(response)
}

/// The answer to a `.sync` task when the execution has ended that it has started.
pub(crate) fn job_ended(task: &ScheduledTask, job: &ExecutionRecord) -> TaskResult {
    let as_json = matches!(
        task.resource,
        Resource::Service {
            pattern: IntegrationPattern::Sync2,
            ..
        }
    );
    match &job.outcome {
        Some(Outcome::Succeeded { output }) => TaskResult::Succeeded(description(
            job,
            |value| {
                if as_json {
                    value.clone()
                } else {
                    json!(value.to_string())
                }
            },
            Some(output),
        )),
        _ => TaskResult::Failed {
            error: "States.TaskFailed".into(),
            cause: description(job, |value| json!(value.to_string()), None).to_string(),
        },
    }
}

/// DescribeExecution as the SDK shows it.
fn description(job: &ExecutionRecord, shown: impl Fn(&Value) -> Value, output: Option<&Value>) -> Value {
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
    if let Some(Outcome::Failed { error, cause } | Outcome::Aborted { error, cause }) = &job.outcome {
        if let Some(cause) = cause {
            put("Cause", json!(cause));
        }
        if let Some(error) = error {
            put("Error", json!(error));
        }
    }
    put("ExecutionArn", json!(job.identity.arn));
    put("Input", shown(&job.input));
    put("InputDetails", json!({ "Included": true }));
    put("Name", json!(job.identity.name));
    if let Some(output) = output {
        put("Output", shown(output));
        put("OutputDetails", json!({ "Included": true }));
    }
    put("StartDate", json!(job.start_date));
    put("StateMachineArn", json!(job.identity.machine_arn));
    put("Status", json!(job.status.as_str()));
    if let Some(stop_date) = job.stop_date {
        put("StopDate", json!(stop_date));
    }
    if let Some(trace_header) = &job.trace_header {
        put("TraceHeader", json!(trace_header));
    }
    Value::Object(members)
}
