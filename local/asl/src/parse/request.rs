//! The parameters of an integration, against the request of the API that it calls.
//!
//! Refused is what was measured, or is documented: parameters that are missing altogether, required members that are missing,
//! members that the request does not have. Members of members are not looked at, and neither are names that end with `.$`,
//! which AWS was seen to take when the definition was created and to refuse when the state ran.

use serde_json::{Map, Value};

use super::apis::{Members, Service};
use super::fields::Fields;
use super::report::Report;
use crate::definition::{QueryLanguage, Resource};

/// Optimised integrations whose parameters are those of an API, and its name.
const SAME_AS_API: [(&str, &str); 14] = [
    ("athena", "athena"),
    ("batch", "batch"),
    ("codebuild", "codebuild"),
    ("databrew", "databrew"),
    ("dynamodb", "dynamodb"),
    ("ecs", "ecs"),
    ("events", "eventbridge"),
    ("glue", "glue"),
    ("lambda", "lambda"),
    ("mediaconvert", "mediaconvert"),
    ("sagemaker", "sagemaker"),
    ("sns", "sns"),
    ("sqs", "sqs"),
    ("states", "sfn"),
];

/// Complains about the parameters of the Task in `fields`.
pub(super) fn check(fields: &Fields<'_>, resource: &Resource, language: QueryLanguage, report: &mut Report) {
    let Resource::Service {
        arn, service, action, ..
    } = resource
    else {
        return;
    };
    let field = match language {
        QueryLanguage::JsonPath => "Parameters",
        QueryLanguage::Jsonata => "Arguments",
    };
    let Some(parameters) = fields.get(field) else {
        report.refuse(
            fields.here(),
            format!("{field} field is required for resource ARN: {arn}"),
        );
        return;
    };
    // what an expression gives is known when the state runs
    let Value::Object(parameters) = parameters else { return };
    let api = match service.strip_prefix("aws-sdk:") {
        Some(sdk) => sdk,
        None => match SAME_AS_API.iter().find(|(name, _)| name == service) {
            Some((_, api)) => api,
            None => return,
        },
    };
    let known = Service::named(api);
    if let Some(request) = known.request(action) {
        check_members(parameters, &request, language, &fields.at(field), report);
    }
}

fn check_members(
    parameters: &Map<String, Value>,
    request: &Members<'_>,
    language: QueryLanguage,
    location: &str,
    report: &mut Report,
) {
    let evaluated = |key: &str| language == QueryLanguage::JsonPath && key.ends_with(".$");
    let name = |key: &'_ str| match key.strip_suffix(".$") {
        Some(name) if language == QueryLanguage::JsonPath => name.to_owned(),
        _ => key.to_owned(),
    };
    for key in parameters.keys().filter(|key| !evaluated(key)) {
        // the SDK for Java writes some names with fewer capitals, never with a small letter first
        let is_member = key.starts_with(|c: char| c.is_ascii_uppercase())
            && request.names().any(|known| known.eq_ignore_ascii_case(key));
        if !is_member {
            report.refuse(
                location,
                format!("The field \"{key}\" is not supported by Step Functions"),
            );
        }
    }
    for required in request.required() {
        if !parameters.keys().any(|key| name(key).eq_ignore_ascii_case(required)) {
            report.refuse(location, format!("The field '{required}' is required but was missing"));
        }
    }
}
