//! `Resource`: the ARN of what a Task calls.

use super::apis::Service;
use super::fields::Fields;
use super::options::MachineType;
use super::report::Report;
use crate::definition::{IntegrationPattern, Resource};

/// The optimised integrations: service, actions (none: any), and whether `.sync` exists.
///
/// [Integrating services](https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html).
const OPTIMISED: &[(&str, &[&str])] = &[
    ("apigateway", &["invoke"]),
    (
        "athena",
        &[
            "startQueryExecution",
            "stopQueryExecution",
            "getQueryExecution",
            "getQueryResults",
        ],
    ),
    ("batch", &["submitJob"]),
    ("bedrock", &["invokeModel", "createModelCustomizationJob"]),
    ("bedrock-agentcore", &[]),
    (
        "codebuild",
        &[
            "startBuild",
            "stopBuild",
            "batchDeleteBuilds",
            "batchGetReports",
            "startBuildBatch",
            "stopBuildBatch",
            "retryBuildBatch",
            "deleteBuildBatch",
        ],
    ),
    ("databrew", &["startJobRun"]),
    ("dynamodb", &["getItem", "putItem", "updateItem", "deleteItem"]),
    ("ecs", &["runTask"]),
    ("eks", &[]),
    ("elasticmapreduce", &[]),
    ("emr-containers", &[]),
    ("emr-serverless", &[]),
    ("events", &["putEvents"]),
    ("glue", &["startJobRun"]),
    ("http", &["invoke"]),
    ("lambda", &["invoke"]),
    ("mediaconvert", &["createJob"]),
    ("sagemaker", &[]),
    ("sns", &["publish"]),
    ("sqs", &["sendMessage"]),
    ("states", &["startExecution"]),
];

/// Optimised integrations without `.sync`.
const WITHOUT_SYNC: [&str; 8] = [
    "apigateway",
    "bedrock-agentcore",
    "dynamodb",
    "events",
    "http",
    "lambda",
    "sns",
    "sqs",
];

/// Optimised integrations without `.waitForTaskToken`.
const WITHOUT_TOKEN: [&str; 12] = [
    "athena",
    "batch",
    "bedrock-agentcore",
    "codebuild",
    "databrew",
    "dynamodb",
    "elasticmapreduce",
    "emr-containers",
    "emr-serverless",
    "glue",
    "mediaconvert",
    "sagemaker",
];

pub(super) fn parse(fields: &Fields<'_>, report: &mut Report) -> Option<Resource> {
    let arn = fields.string("Resource", report)?;
    let location = fields.at("Resource");
    let recognised = recognise(arn).filter(|resource| !report.is_new() || exists(resource));
    let Some(resource) = recognised else {
        let message = if arn.starts_with("arn:") {
            format!(
                "The resource provided {arn} is not recognized. The value is not a valid resource ARN, or the resource is \
                 not available in this region."
            )
        } else {
            "Value is not a valid resource ARN".to_owned()
        };
        report.schema(&location, message);
        return None;
    };
    if report.machine_type == MachineType::Express {
        check_express(&resource, &location, report);
    }
    Some(resource)
}

/// Tells whether AWS has the integration. What is kept was once accepted without that.
fn exists(resource: &Resource) -> bool {
    let Resource::Service {
        service,
        action,
        pattern,
        ..
    } = resource
    else {
        return true;
    };
    if let Some(sdk) = service.strip_prefix("aws-sdk:") {
        return match Service::named(sdk) {
            Service::Unknown => false,
            Service::Retired => true,
            // actions are written in camel case
            known @ Service::Known(_) => {
                action.starts_with(|c: char| c.is_ascii_lowercase()) && known.request(action).is_some()
            }
        };
    }
    match pattern {
        IntegrationPattern::RequestResponse => true,
        IntegrationPattern::Sync => !WITHOUT_SYNC.contains(&service.as_str()),
        IntegrationPattern::Sync2 => service == "states",
        IntegrationPattern::WaitForTaskToken => !WITHOUT_TOKEN.contains(&service.as_str()),
    }
}

fn check_express(resource: &Resource, location: &str, report: &mut Report) {
    match resource {
        Resource::Function { .. } => {}
        Resource::Activity { .. } => report.schema(location, "Express state machine does not support Activity ARN"),
        Resource::Service { pattern, .. } => match pattern {
            IntegrationPattern::RequestResponse => {}
            IntegrationPattern::Sync | IntegrationPattern::Sync2 => {
                report.schema(
                    location,
                    "Express state machine does not support '.sync' service integration",
                );
            }
            // the blank at the end is AWS's
            IntegrationPattern::WaitForTaskToken => {
                report.schema(
                    location,
                    "Express state machine does not support '.waitForTaskToken' service integration ",
                );
            }
        },
    }
}

/// The parsed ARN, if it is one that a Task can name.
fn recognise(arn: &str) -> Option<Resource> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [scheme, partition, service, _region, _account, resource] = parts[..] else {
        return None;
    };
    if scheme != "arn" || partition.is_empty() {
        return None;
    }
    let owned = arn.to_owned();
    match service {
        "lambda" if resource.strip_prefix("function:").is_some_and(|name| !name.is_empty()) => {
            Some(Resource::Function { arn: owned })
        }
        "states" if resource.strip_prefix("activity:").is_some_and(|name| !name.is_empty()) => {
            Some(Resource::Activity { arn: owned })
        }
        // a region and an account say nothing: published definitions have them, and run
        "states" => integration(owned, resource),
        _ => None,
    }
}

/// `service:action[.pattern]`, or `aws-sdk:service:action[.waitForTaskToken]`.
fn integration(arn: String, resource: &str) -> Option<Resource> {
    const PATTERNS: [(&str, IntegrationPattern); 3] = [
        (".sync:2", IntegrationPattern::Sync2),
        (".sync", IntegrationPattern::Sync),
        (".waitForTaskToken", IntegrationPattern::WaitForTaskToken),
    ];
    let (call, pattern) = PATTERNS
        .iter()
        .find_map(|(suffix, pattern)| Some((resource.strip_suffix(suffix)?, *pattern)))
        .unwrap_or((resource, IntegrationPattern::RequestResponse));
    let (service, action) = call.rsplit_once(':')?;
    let is_name =
        |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if !is_name(action) {
        return None;
    }
    let known = match service.strip_prefix("aws-sdk:") {
        Some(sdk) => {
            is_name(sdk)
                && matches!(
                    pattern,
                    IntegrationPattern::RequestResponse | IntegrationPattern::WaitForTaskToken
                )
        }
        None => OPTIMISED
            .iter()
            .any(|(name, actions)| *name == service && (actions.is_empty() || actions.contains(&action))),
    };
    known.then(|| Resource::Service {
        arn,
        service: service.to_owned(),
        action: action.to_owned(),
        pattern,
    })
}

#[cfg(test)]
mod tests {
    use super::recognise;
    use crate::definition::IntegrationPattern::{RequestResponse, Sync, Sync2, WaitForTaskToken};
    use crate::definition::{IntegrationPattern, Resource};

    fn check(arn: &str, expected: Option<(&str, &str, IntegrationPattern)>) {
        let expected = expected.map(|(service, action, pattern)| Resource::Service {
            arn: arn.to_owned(),
            service: service.to_owned(),
            action: action.to_owned(),
            pattern,
        });
        assert_eq!(recognise(arn), expected, "{arn}");
    }

    #[test]
    fn integrations_have_service_action_and_pattern() {
        check(
            "arn:aws:states:::lambda:invoke",
            Some(("lambda", "invoke", RequestResponse)),
        );
        check(
            "arn:aws-cn:states:::lambda:invoke.waitForTaskToken",
            Some(("lambda", "invoke", WaitForTaskToken)),
        );
        check(
            "arn:aws:states:::states:startExecution.sync",
            Some(("states", "startExecution", Sync)),
        );
        check(
            "arn:aws:states:::states:startExecution.sync:2",
            Some(("states", "startExecution", Sync2)),
        );
        check(
            "arn:aws:states:::aws-sdk:dynamodb:query",
            Some(("aws-sdk:dynamodb", "query", RequestResponse)),
        );
        check(
            "arn:aws:states:us-east-1:123456789012:aws-sdk:s3:getObject",
            Some(("aws-sdk:s3", "getObject", RequestResponse)),
        );
        check(
            "arn:aws-us-gov:states:us-gov-west-1:123456789012:sns:publish",
            Some(("sns", "publish", RequestResponse)),
        );
        check("arn:aws:states:::dynamodb:query", None);
        check("arn:aws:states:::aws-sdk:dynamodb:query.sync", None);
        check("arn:aws:states:::nope:invoke", None);
        check("arn:aws:states:::lambda", None);
        check("lambda:invoke", None);
        check("", None);
    }

    #[test]
    fn functions_and_activities_are_named_by_their_own_arn() {
        let function = "arn:aws:lambda:eu-west-1:000000000000:function:f:live";
        assert_eq!(
            recognise(function),
            Some(Resource::Function {
                arn: function.to_owned()
            })
        );
        let activity = "arn:aws:states:eu-west-1:000000000000:activity:a";
        assert_eq!(
            recognise(activity),
            Some(Resource::Activity {
                arn: activity.to_owned()
            })
        );
        assert_eq!(recognise("arn:aws:s3:::bucket"), None);
    }
}
