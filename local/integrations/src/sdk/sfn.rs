//! `aws-sdk:sfn:`: Step Functions' own API, called without a detour over the wire.

use serde_json::{Map, Value};

use super::Refusal;
use super::names::{lower, operation, renamed, time, upper};
use crate::parameters::Parameters;
use crate::{Client, Services, TaskFailure};

/// The members whose values are texts, even where the text is JSON.
const TEXTS: [&str; 12] = [
    "ActivityArn",
    "Cause",
    "Definition",
    "Error",
    "ExecutionArn",
    "Input",
    "Name",
    "Output",
    "RoleArn",
    "StateMachineArn",
    "TaskToken",
    "WorkerName",
];

/// Calls an operation of Step Functions.
pub(crate) async fn sfn(services: &Services, action: &str, arguments: &Value) -> Result<Value, Refusal> {
    let parameters = Parameters::of(arguments);
    for name in TEXTS {
        parameters.text(name)?;
    }
    let request_id = services.account.uuid().to_string();
    let (operation, request) = (operation(action), renamed(arguments, lower).to_string());
    // A call may wait for a minute: it gets a place of its own.
    let call = Box::pin(services.stepfunctions.call(&operation, request.as_bytes()));
    match call.await {
        Ok(response) => serde_json::from_str(response.get())
            .map(|response| in_sdk_words(&response))
            .map_err(|error| TaskFailure::runtime(error.to_string()).into()),
        Err(error) => Err(Refusal::of(&Client::SDK_SFN, &error, &request_id)),
    }
}

/// A response with the SDK's names, and its times as texts.
fn in_sdk_words(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut out = Map::with_capacity(members.len());
            for (name, value) in members {
                let value = match (name.as_str(), value) {
                    (_, Value::Null) => continue,
                    // Its names are the states'.
                    ("variableReferences", value) => value.clone(),
                    (name, Value::Number(seconds)) if is_time(name) => time(seconds.as_f64().unwrap_or_default()),
                    (_, value) => in_sdk_words(value),
                };
                out.insert(upper(name), value);
            }
            Value::Object(out)
        }
        Value::Array(items) => Value::Array(items.iter().map(in_sdk_words).collect()),
        other => other.clone(),
    }
}

fn is_time(name: &str) -> bool {
    name.ends_with("Date") || name == "timestamp"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_and_times_are_the_sdks() {
        let wire = json!({ "executions": [{ "startDate": 1_795_354_020.5, "stopDate": 1_795_354_020, "status": "RUNNING" }],
            "nextToken": null, "variableReferences": { "state": ["a"] } });
        let expected = json!({ "Executions": [{ "StartDate": "2026-11-22T13:27:00.500Z",
            "StopDate": "2026-11-22T13:27:00Z", "Status": "RUNNING" }], "VariableReferences": { "state": ["a"] } });
        assert_eq!(in_sdk_words(&wire), expected);
        let arguments = json!({ "StateMachineArn": "a", "Tags": [{ "Key": "k" }], "Input": null });
        assert_eq!(
            renamed(&arguments, lower),
            json!({ "stateMachineArn": "a", "tags": [{ "key": "k" }] })
        );
    }
}
