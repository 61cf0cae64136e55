//! `events:putEvents`. See [the integration](https://docs.aws.amazon.com/step-functions/latest/dg/connect-eventbridge.html).

use serde_json::{Map, Value, json};
use sluice_engine::Identity;

use crate::metadata::Metadata;
use crate::parameters::Parameters;
use crate::sdk::{self, OPTIMISED_EVENTS, Refusal};
use crate::{Services, TaskFailure};

/// Puts events, whose details may be any JSON, with the ARNs of the execution and its state machine among their resources. An
/// entry that is refused fails the task.
pub(crate) async fn put_events(services: &Services, caller: &Identity, arguments: &Value) -> Result<Value, Refusal> {
    let parameters = Parameters::of(arguments);
    let entries = match parameters.get("Entries") {
        Some(Value::Array(entries)) => entries,
        Some(_) => {
            return Err(parameters
                .unusable("The value for the field 'Entries' must be a list")
                .into());
        }
        None => {
            return Err(parameters
                .unusable("The field 'Entries' is required but was missing")
                .into());
        }
    };
    let entries: Vec<Value> = entries.iter().map(|entry| prepared(entry, caller)).collect();
    let request = json!({ "Entries": entries });
    let reply = sdk::call(services, &OPTIMISED_EVENTS, "putEvents", &request).await?;
    if reply.members["FailedEntryCount"] != 0 {
        return Err(TaskFailure::new("EventBridge.FailedEntry", reply.members.to_string()).into());
    }
    let metadata = Metadata::of_json(&reply, services.account.now(), "application/x-amz-json-1.1");
    let mut response = match reply.members {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    metadata.add_to(&mut response);
    Ok(Value::Object(response))
}

fn prepared(entry: &Value, caller: &Identity) -> Value {
    let Value::Object(members) = entry else {
        return entry.clone();
    };
    let mut members = members.clone();
    if let Some(detail) = members.get_mut("Detail").filter(|detail| detail.is_object()) {
        *detail = Value::String(detail.to_string());
    }
    let own = [&caller.arn, &caller.machine_arn].map(|arn| json!(&**arn));
    match members.entry("Resources").or_insert_with(|| json!([])) {
        Value::Array(resources) => resources.extend(own),
        other => drop(std::mem::replace(other, Value::Array(own.to_vec()))),
    }
    Value::Object(members)
}
