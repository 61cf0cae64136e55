//! The API: the operations by name.

use sluice_wire::query::QueryApi;

use crate::{CloudFormation, CloudFormationError};
use crate::{
    delete_stack, describe_stack_events, describe_stack_resources, describe_stacks, get_template, list_stack_resources,
    list_stacks,
};

/// CloudFormation in the query protocol.
pub const API: QueryApi = QueryApi {
    name: "cloudformation",
    version: "2010-05-15",
    signing_name: "cloudformation",
    namespace: "http://cloudformation.amazonaws.com/doc/2010-05-15/",
};

sluice_wire::query_operations! {
    /// Answers one call.
    pub fn call(&CloudFormation, API) -> CloudFormationError;
    "DeleteStack" => delete_stack,
    "DescribeStackEvents" => describe_stack_events,
    "DescribeStackResources" => describe_stack_resources,
    "DescribeStacks" => describe_stacks,
    "GetTemplate" => get_template,
    "ListStackResources" => list_stack_resources,
    "ListStacks" => list_stacks,
}
