//! Mocked results, checked against the API model of the service that they stand for.
//!
//! The models lie in `local/services/stepfunctions/models`. Results of services that have none there, of functions and of activities are
//! not checked. Members that a model does not know are allowed, as on AWS.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;
use sluice_asl::definition::{IntegrationPattern, Resource};

/// `fieldValidationMode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// All required members must be there, and all that are there must fit.
    Strict,
    /// All that are there must fit.
    Present,
    /// Nothing is checked.
    None,
}

/// A service's results.
#[derive(Debug, Deserialize)]
struct Model {
    operations: HashMap<String, String>,
    shapes: HashMap<String, Shape>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Shape {
    Structure {
        members: HashMap<String, String>,
        #[serde(default)]
        required: Vec<String>,
    },
    List {
        items: String,
        #[serde(flatten)]
        limits: Limits,
    },
    Map {
        values: String,
        #[serde(flatten)]
        limits: Limits,
    },
    Enumeration {
        #[serde(rename = "enum")]
        names: Vec<String>,
    },
    Scalar {
        scalar: String,
        #[serde(flatten)]
        limits: Limits,
    },
}

/// Of a number its value, of a text or a collection its length.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
struct Limits {
    min: Option<f64>,
    max: Option<f64>,
}

/// One check under way.
struct Check<'m> {
    model: &'m Model,
    mode: Mode,
    /// Members of the result itself that hold whatever the caller's own code answers.
    free: &'m [&'m str],
}

/// Checks the mocked result of a task.
///
/// # Errors
/// AWS's sentence about the first member that does not fit.
pub(super) fn check(resource: &Resource, mode: Mode, result: &Value) -> Result<(), String> {
    let Resource::Service {
        service,
        action,
        pattern,
        ..
    } = resource
    else {
        return Ok(());
    };
    if mode == Mode::None {
        return Ok(());
    }
    let action = match pattern {
        IntegrationPattern::RequestResponse => action.as_str(),
        IntegrationPattern::Sync | IntegrationPattern::Sync2 => match polled(service, action) {
            Some(action) => action,
            None => return Ok(()),
        },
        // what comes back is what somebody gives with the token
        IntegrationPattern::WaitForTaskToken => return Ok(()),
    };
    let Some(model) = model_of(service) else {
        return Ok(());
    };
    let Some(shape) = model.operations.get(action) else {
        return Ok(());
    };
    let free: &[&str] = match (service.as_str(), action) {
        // the optimised integration reads the payload
        ("lambda", "invoke") => &["Payload"],
        _ => &[],
    };
    if !result.is_object() {
        return Err("Mocked result must be a JSON object.".into());
    }
    let check = Check {
        model: &model,
        mode,
        free,
    };
    check
        .value("result", shape, result, true)
        .map_err(|why| format!("Mock result schema validation error: {why}"))
}

/// The action whose response a `.sync` task ends with.
fn polled(service: &str, action: &str) -> Option<&'static str> {
    Some(match (service, action) {
        ("states", "startExecution") => "describeExecution",
        ("athena", "startQueryExecution") => "getQueryExecution",
        ("batch", "submitJob") => "describeJobs",
        ("codebuild", "startBuild") => "batchGetBuilds",
        ("ecs", "runTask") => "describeTasks",
        ("glue", "startJobRun") => "getJobRun",
        _ => return None,
    })
}

impl Check<'_> {
    fn value(&self, name: &str, reference: &str, value: &Value, is_root: bool) -> Result<(), String> {
        if value.is_null() {
            // to the services, null is absent
            return Ok(());
        }
        let Some(shape) = reference.strip_prefix('#') else {
            return scalar(name, reference, Limits::default(), value);
        };
        match (self.model.shapes.get(shape), value) {
            (None, _) => Ok(()),
            (Some(Shape::Structure { members, required }), Value::Object(given)) => {
                self.structure(members, required, given, is_root)
            }
            (Some(Shape::Map { values, limits }), Value::Object(given)) => {
                length(name, given.len(), *limits)?;
                given
                    .iter()
                    .try_for_each(|(key, value)| self.value(key, values, value, false))
            }
            (Some(Shape::List { items, limits }), Value::Array(given)) => {
                length(name, given.len(), *limits)?;
                given.iter().try_for_each(|item| self.value(name, items, item, false))
            }
            (Some(Shape::Enumeration { names }), Value::String(given)) => {
                if names.contains(given) {
                    Ok(())
                } else {
                    Err(format!("Field '{name}' is not an expected value"))
                }
            }
            (Some(Shape::Scalar { scalar: kind, limits }), value) => scalar(name, kind, *limits, value),
            (Some(Shape::Structure { .. } | Shape::Map { .. }), _) => Err(format!("Field '{name}' must be an object")),
            (Some(Shape::List { .. }), _) => Err(format!("Field '{name}' must be an array")),
            (Some(Shape::Enumeration { .. }), _) => Err(format!("Field '{name}' must be a string")),
        }
    }

    fn structure(
        &self,
        members: &HashMap<String, String>,
        required: &[String],
        given: &serde_json::Map<String, Value>,
        is_root: bool,
    ) -> Result<(), String> {
        if self.mode == Mode::Strict
            && let Some(missing) = required
                .iter()
                .find(|name| given.get(name.as_str()).is_none_or(Value::is_null))
        {
            return Err(format!("Field '{missing}' is required"));
        }
        for (name, value) in given {
            if is_root && self.free.contains(&name.as_str()) {
                continue;
            }
            if let Some(member) = members.get(name) {
                self.value(name, member, value, false)?;
            }
        }
        Ok(())
    }
}

fn scalar(name: &str, kind: &str, limits: Limits, value: &Value) -> Result<(), String> {
    match (kind, value) {
        ("s", Value::String(text)) => length(name, text.chars().count(), limits),
        ("s", _) => Err(format!("Field '{name}' must be a string")),
        ("n", Value::Number(number)) => {
            let number = number.as_f64().unwrap_or_default();
            if limits.min.is_some_and(|min| number < min) {
                Err(format!("Field '{name}' is less than the minimum value"))
            } else if limits.max.is_some_and(|max| number > max) {
                Err(format!("Field '{name}' exceeds the maximum value"))
            } else {
                Ok(())
            }
        }
        ("n", _) => Err(format!("Field '{name}' must be a number")),
        ("b", value) if !value.is_boolean() => Err(format!("Field '{name}' must be a boolean")),
        _ => Ok(()),
    }
}

fn length(name: &str, length: usize, limits: Limits) -> Result<(), String> {
    let length = length as f64;
    if limits.min.is_some_and(|min| length < min) {
        Err(format!("Field '{name}' is smaller than the minimum length"))
    } else if limits.max.is_some_and(|max| length > max) {
        Err(format!("Field '{name}' exceeds the maximum length"))
    } else {
        Ok(())
    }
}

/// The model of a service as `Resource` names it, optimised or behind `aws-sdk:`.
fn model_of(service: &str) -> Option<Model> {
    let text = text_of(service)?;
    match serde_json::from_str(text) {
        Ok(model) => Some(model),
        Err(error) => {
            tracing::error!(service, %error, "the service's model cannot be read; its mocked result is not checked");
            None
        }
    }
}

fn text_of(service: &str) -> Option<&'static str> {
    macro_rules! model {
        ($name:literal) => {
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/models/", $name, ".json"))
        };
    }
    Some(match service.strip_prefix("aws-sdk:").unwrap_or(service) {
        "athena" => model!("athena"),
        "batch" => model!("batch"),
        "bedrock" | "bedrockruntime" => model!("bedrockruntime"),
        "cloudwatch" => model!("cloudwatch"),
        "cloudwatchlogs" => model!("cloudwatchlogs"),
        "codebuild" => model!("codebuild"),
        "dynamodb" => model!("dynamodb"),
        "ecs" => model!("ecs"),
        "elasticmapreduce" | "emr" => model!("emr"),
        "events" | "eventbridge" => model!("eventbridge"),
        "firehose" => model!("firehose"),
        "glue" => model!("glue"),
        "kinesis" => model!("kinesis"),
        "kms" => model!("kms"),
        "lambda" => model!("lambda"),
        "redshiftdata" => model!("redshiftdata"),
        "s3" => model!("s3"),
        "scheduler" => model!("scheduler"),
        "secretsmanager" => model!("secretsmanager"),
        "ses" => model!("ses"),
        "sesv2" => model!("sesv2"),
        "sfn" | "states" => model!("sfn"),
        "sns" => model!("sns"),
        "sqs" => model!("sqs"),
        "ssm" => model!("ssm"),
        "sts" => model!("sts"),
        "textract" => model!("textract"),
        "translate" => model!("translate"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SERVICES: [&str; 28] = [
        "athena",
        "batch",
        "bedrock",
        "cloudwatch",
        "cloudwatchlogs",
        "codebuild",
        "dynamodb",
        "ecs",
        "emr",
        "events",
        "firehose",
        "glue",
        "kinesis",
        "kms",
        "lambda",
        "redshiftdata",
        "s3",
        "scheduler",
        "secretsmanager",
        "ses",
        "sesv2",
        "states",
        "sns",
        "sqs",
        "ssm",
        "sts",
        "textract",
        "translate",
    ];

    #[test]
    fn every_model_can_be_read_and_holds_what_it_refers_to() {
        for service in SERVICES {
            let model: Model = serde_json::from_str(text_of(service).unwrap()).unwrap();
            let members = model.shapes.values().flat_map(|shape| match shape {
                Shape::Structure { members, required } => {
                    assert!(required.iter().all(|name| members.contains_key(name)), "{service}");
                    members.values().collect()
                }
                Shape::List { items: inner, .. } | Shape::Map { values: inner, .. } => vec![inner],
                Shape::Enumeration { .. } | Shape::Scalar { .. } => Vec::new(),
            });
            for reference in members.chain(model.operations.values()) {
                let known = match reference.strip_prefix('#') {
                    Some(name) => model.shapes.contains_key(name),
                    None => ["s", "n", "b", "a"].contains(&reference.as_str()),
                };
                assert!(known, "{service}: {reference}");
            }
        }
    }

    fn checked(resource: &str, mode: Mode, result: Value, expected: Result<(), &str>) {
        let (service, action) = resource.rsplit_once(':').unwrap();
        let (action, pattern) = match action.split_once('.') {
            None => (action, IntegrationPattern::RequestResponse),
            Some((action, "sync")) => (action, IntegrationPattern::Sync),
            Some((action, _)) => (action, IntegrationPattern::WaitForTaskToken),
        };
        let resource = Resource::Service {
            arn: format!("arn:aws:states:::{resource}"),
            service: service.into(),
            action: action.into(),
            pattern,
        };
        let expected = expected.map_err(|why| format!("Mock result schema validation error: {why}"));
        assert_eq!(check(&resource, mode, &result), expected, "{resource:?} {result}");
    }

    #[test]
    fn results_are_checked_against_the_services_models() {
        use Mode::{None, Present, Strict};
        for (resource, mode, result, expected) in [
            ("lambda:invoke", Strict, json!({ "Payload": [1], "New": 1 }), Ok(())),
            (
                "aws-sdk:lambda:invoke",
                Strict,
                json!({ "Payload": [1] }),
                Err("Field 'Payload' must be a string"),
            ),
            (
                "lambda:invoke",
                Strict,
                json!({ "StatusCode": "200" }),
                Err("Field 'StatusCode' must be a number"),
            ),
            (
                "states:startExecution",
                Strict,
                json!({ "StartDate": "now" }),
                Err("Field 'ExecutionArn' is required"),
            ),
            ("states:startExecution", Present, json!({ "StartDate": "now" }), Ok(())),
            (
                "states:startExecution",
                Present,
                json!({ "StartDate": true }),
                Err("Field 'StartDate' must be a string"),
            ),
            ("states:startExecution", None, json!({ "StartDate": true }), Ok(())),
            (
                "states:startExecution.sync",
                Present,
                json!({ "Status": "ASLEEP" }),
                Err("Field 'Status' is not an expected value"),
            ),
            (
                "sqs:sendMessage.waitForTaskToken",
                Strict,
                json!({ "MessageId": 1 }),
                Ok(()),
            ),
            ("apigateway:invoke", Strict, json!({ "approval": true }), Ok(())),
        ] {
            checked(resource, mode, result, expected);
        }
    }

    #[test]
    fn nested_members_are_checked_too() {
        use Mode::Strict;
        for (resource, mode, result, expected) in [
            (
                "events:putEvents",
                Strict,
                json!({ "Entries": [{ "EventId": "e" }, { "EventId": ["e"] }] }),
                Err("Field 'EventId' must be a string"),
            ),
            (
                "events:putEvents",
                Strict,
                json!({ "Entries": "e" }),
                Err("Field 'Entries' must be an array"),
            ),
            (
                "dynamodb:getItem",
                Strict,
                json!({ "Item": { "id": { "S": "a" }, "on": { "BOOL": "yes" } } }),
                Err("Field 'BOOL' must be a boolean"),
            ),
            (
                "dynamodb:getItem",
                Strict,
                json!({ "ConsumedCapacity": [] }),
                Err("Field 'ConsumedCapacity' must be an object"),
            ),
            (
                "aws-sdk:lambda:getFunction",
                Strict,
                json!({ "Configuration": { "MemorySize": 127 } }),
                Err("Field 'MemorySize' is less than the minimum value"),
            ),
            (
                "aws-sdk:kms:encrypt",
                Strict,
                json!({ "CiphertextBlob": "" }),
                Err("Field 'CiphertextBlob' is smaller than the minimum length"),
            ),
        ] {
            checked(resource, mode, result, expected);
        }
    }
}
