//! `Task`.

use super::common::transition;
use super::fields::{Fields, MAX_SECONDS};
use super::report::Report;
use super::{request, resource, retry, template};
use crate::definition::{Dynamic, QueryLanguage, Resource, Task};

pub(super) fn parse(fields: &Fields<'_>, language: QueryLanguage, report: &mut Report) -> Option<Task> {
    fields.require(&["Resource"], report);
    let resource = resource::parse(fields, report);
    if let Some(resource) = &resource {
        request::check(fields, resource, language, report);
        if matches!(resource, Resource::Activity { .. }) && fields.has("Credentials") {
            report.refuse(fields.here(), "The field 'Credentials' is not supported for activities");
        }
    }
    let arguments = match language {
        QueryLanguage::JsonPath => template::template(fields, "Parameters", "", language, report),
        QueryLanguage::Jsonata => template::template(fields, "Arguments", "", language, report),
    };
    let result_selector = template::template(fields, "ResultSelector", "", language, report);
    let result_path = template::result_path(fields, report);
    let seconds = 1..=MAX_SECONDS;
    let timeout = template::dynamic_integer(fields, "TimeoutSeconds", "", seconds.clone(), language, report);
    let heartbeat = template::dynamic_integer(fields, "HeartbeatSeconds", "", seconds, language, report);
    if let (Some(Dynamic::Constant(timeout)), Some(Dynamic::Constant(heartbeat))) = (&timeout, &heartbeat)
        && heartbeat >= timeout
    {
        report.schema(
            &fields.at("HeartbeatSeconds"),
            "HeartbeatSeconds must be smaller than TimeoutSeconds",
        );
    }
    if let Some(credentials) = fields.object("Credentials", report)
        && !credentials.has("RoleArn")
        && !credentials.has("RoleArn.$")
    {
        report.schema(credentials.here(), "The field 'RoleArn' is required but was missing");
    }
    let credentials = template::template(fields, "Credentials", "", language, report);
    let retry = retry::retriers(fields, report);
    let catch = retry::catchers(fields, language, report);
    let transition = transition(fields, report);
    Some(Task {
        resource: resource?,
        arguments,
        result_selector,
        result_path,
        timeout,
        heartbeat,
        credentials,
        retry,
        catch,
        transition: transition?,
    })
}
