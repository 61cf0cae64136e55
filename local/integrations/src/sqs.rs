//! `sqs:sendMessage`. See [the integration](https://docs.aws.amazon.com/step-functions/latest/dg/connect-sqs.html).

use serde_json::{Map, Value};

use crate::Services;
use crate::metadata::Metadata;
use crate::parameters::Parameters;
use crate::sdk::{self, OPTIMISED_SQS, Refusal};

/// Sends a message, whose body may be any JSON.
pub(crate) async fn send_message(services: &Services, arguments: &Value) -> Result<Value, Refusal> {
    let parameters = Parameters::of(arguments);
    parameters.required("QueueUrl")?;
    let mut request = arguments.as_object().cloned().unwrap_or_default();
    if let Some(body) = parameters.text_or_json("MessageBody") {
        request.insert("MessageBody".into(), body.into());
    }
    // The documentation of the integration has this name for it, the API the other.
    if let Some(attributes) = request.remove("MessageAttribute") {
        request.entry("MessageAttributes").or_insert(attributes);
    }
    let reply = sdk::call(services, &OPTIMISED_SQS, "sendMessage", &Value::Object(request)).await?;
    let metadata = Metadata::of_json(&reply, services.account.now(), "application/x-amz-json-1.0");
    let mut members: Vec<(String, Value)> = match reply.members {
        Value::Object(members) => members.into_iter().collect(),
        _ => Vec::new(),
    };
    members.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut response: Map<String, Value> = members.into_iter().collect();
    metadata.add_to(&mut response);
    Ok(Value::Object(response))
}
