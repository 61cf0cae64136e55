//! CloudFormation's reads over the stacks of this machine, and their deletion.
//! See the [reference](https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Operations.html).

mod delete_stack;
mod describe_stack_events;
mod describe_stack_resources;
mod describe_stacks;
mod error;
mod get_template;
mod list_stack_resources;
mod list_stacks;
pub mod registry;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::endpoint::{ApiError, Form, Services, Xml, invalid_action, query_apis};

pub(crate) use delete_stack::delete;
use error::CloudFormationError;
pub use registry::{StackOutput, StackParameter, StackRecord, StackResource, StackStatus, Stacks};

const KNOWN: [&str; 7] = [
    "DeleteStack",
    "DescribeStackEvents",
    "DescribeStackResources",
    "DescribeStacks",
    "GetTemplate",
    "ListStackResources",
    "ListStacks",
];

/// Answers one call.
pub(crate) async fn call(services: &Services, action: &str, form: &Form) -> Result<Xml, ApiError> {
    let stacks = &services.stacks;
    let answer = match action {
        "DeleteStack" => return delete_stack::call(services, form).await,
        "DescribeStackEvents" => describe_stack_events::call(stacks, form),
        "DescribeStackResources" => describe_stack_resources::call(stacks, form),
        "DescribeStacks" => describe_stacks::call(stacks, form),
        "GetTemplate" => get_template::call(stacks, form),
        "ListStackResources" => list_stack_resources::call(stacks, form),
        "ListStacks" => list_stacks::call(stacks, form),
        _ => return Err(invalid_action(&query_apis::CLOUDFORMATION, action, &KNOWN)),
    };
    Ok(answer?)
}

/// The stack that `StackName` names, by name or id.
fn stack(stacks: &Stacks, form: &Form) -> Result<Arc<StackRecord>, CloudFormationError> {
    let name = form
        .filled("StackName")
        .ok_or(CloudFormationError::MissingParameter("StackName"))?;
    stacks
        .get(name)
        .ok_or_else(|| CloudFormationError::StackDoesNotExist(name.to_owned()))
}

/// Every list here fits one page, so no page gave out a token.
fn refuse_token(form: &Form) -> Result<(), CloudFormationError> {
    match form.filled("NextToken") {
        None => Ok(()),
        Some(_) => Err(CloudFormationError::InvalidToken),
    }
}
