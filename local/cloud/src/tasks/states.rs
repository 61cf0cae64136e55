//! `states:startExecution`. See
//! [the integration](https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html).

use serde_json::{Map, Value, json};

use super::TaskFailure;
use super::metadata::Metadata;
use super::parameters::Parameters;
use crate::endpoint::{ApiError, Services, epoch_seconds, http_date};
use crate::states::{StartExecutionRequest, start};

pub(super) async fn start_execution(services: &Services, arguments: &Value) -> Result<Value, TaskFailure> {
    let parameters = Parameters::of(arguments);
    let request_id = services.config.uuid().to_string();
    let request = StartExecutionRequest {
        state_machine_arn: Some(parameters.required("StateMachineArn")?.to_owned()),
        name: parameters.text("Name")?.map(str::to_owned),
        input: parameters.text_or_json("Input"),
        trace_header: parameters.text("TraceHeader")?.map(str::to_owned),
    };
    let started = start(services, request).await.map_err(|error| {
        TaskFailure::service("StepFunctions", "AWSStepFunctions", &ApiError::from(error), &request_id)
    })?;
    let mut response = Map::new();
    response.insert("ExecutionArn".into(), json!(started.arn));
    let headers = vec![
        ("x-amzn-RequestId", request_id.clone()),
        ("Connection", "keep-alive".to_owned()),
        ("Date", http_date(services.config.now())),
        ("Content-Type", "application/x-amz-json-1.0".to_owned()),
    ];
    Metadata {
        status: 200,
        request_id: &request_id,
        headers,
    }
    .add_to(&mut response);
    response.insert("StartDate".into(), json!(epoch_seconds(started.start_date)));
    Ok(Value::Object(response))
}
