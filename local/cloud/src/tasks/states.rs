//! `states:startExecution` with all its ways to wait. See
//! [the integration](https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html).

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use sluice_asl::definition::{IntegrationPattern, Resource};
use sluice_driver::{Answer, ExecutionRecord};
use sluice_engine::{AttemptId, Outcome, ScheduledTask, Timestamp};

use super::metadata::Metadata;
use super::parameters::Parameters;
use super::{Client, TaskFailure};
use crate::endpoint::{ApiError, Services, epoch_seconds, http_date};
use crate::states::{StartExecutionRequest, StatesError, start};

/// An execution that a task has started, with the response to the call.
pub(super) struct Child {
    pub(super) arn: String,
    pub(super) response: Value,
}

/// Starts an execution on behalf of an attempt of `parent`.
pub(super) async fn start_execution(
    services: &Services,
    parent: &str,
    attempt: AttemptId,
    arguments: &Value,
) -> Result<Child, TaskFailure> {
    let parameters = Parameters::of(arguments);
    let request_id = services.config.uuid().to_string();
    let given = parameters.text("Name")?;
    let request = StartExecutionRequest {
        state_machine_arn: Some(parameters.required("StateMachineArn")?.to_owned()),
        name: Some(given.map_or_else(|| own_name(parent, attempt), str::to_owned)),
        input: parameters.text_or_json("Input"),
        trace_header: parameters.text("TraceHeader")?.map(str::to_owned),
    };
    let refused = |error: StatesError| Client::STEP_FUNCTIONS.refused(&ApiError::from(error), &request_id);
    let (arn, started) = match start(services, request).await {
        Ok(started) => (started.arn, started.start_date),
        // The name is this attempt's alone: a process that died before it could say so has started it.
        Err(StatesError::ExecutionAlreadyExists(arn)) if given.is_none() => {
            let record = services
                .driver
                .execution(&arn)
                .await
                .map_err(|error| refused(error.into()))?;
            let started = record.map_or_else(|| services.config.now(), |record| record.start_date);
            (arn, started)
        }
        Err(error) => return Err(refused(error)),
    };
    Ok(Child {
        response: response(services, &arn, started, &request_id),
        arn,
    })
}

/// The name of an execution that was given none: the same each time when a call is sent again after a crash.
fn own_name(parent: &str, attempt: AttemptId) -> String {
    let mut hasher = Sha256::new();
    hasher.update(parent);
    hasher.update(attempt.0.to_be_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hasher.finalize()[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

fn response(services: &Services, arn: &str, started: Timestamp, request_id: &str) -> Value {
    let wire = json!({ "executionArn": arn, "startDate": epoch_seconds(started) });
    let mut response = Map::new();
    response.insert("ExecutionArn".into(), json!(arn));
    let headers = vec![
        ("x-amzn-RequestId", request_id.to_owned()),
        ("connection", "keep-alive".to_owned()),
        ("Content-Length", wire.to_string().len().to_string()),
        ("Date", http_date(services.config.now())),
        ("Content-Type", "application/x-amz-json-1.0".to_owned()),
    ];
    Metadata {
        status: 200,
        request_id,
        headers,
    }
    .add_to(&mut response);
    // The SDK's dates are milliseconds.
    response.insert("StartDate".into(), json!(started));
    Value::Object(response)
}

/// What a `.sync` task makes of the end of the execution that it has started.
pub(super) fn job_ended(task: &ScheduledTask, job: &ExecutionRecord) -> Answer {
    let as_json = matches!(
        task.resource,
        Resource::Service {
            pattern: IntegrationPattern::Sync2,
            ..
        }
    );
    match &job.outcome {
        Some(Outcome::Succeeded { output }) => Answer::Succeeded(description(
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
        _ => Answer::Failed {
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
