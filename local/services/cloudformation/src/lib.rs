//! CloudFormation's reads over the stacks of this machine, and their deletion.
//! See the [reference](https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Operations.html).

mod api;
mod delete_stack;
mod describe_stack_events;
mod describe_stack_resources;
mod describe_stacks;
mod error;
mod get_template;
mod list_stack_resources;
mod list_stacks;
mod record;
mod registry;
mod service;
#[cfg(test)]
mod tests;

pub use api::{API, call};
pub use error::CloudFormationError;
pub use record::{StackOutput, StackParameter, StackRecord, StackResource, StackStatus};
pub use registry::Stacks;
pub use service::CloudFormation;
