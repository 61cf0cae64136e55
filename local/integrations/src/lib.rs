//! Step Functions' service integrations: tasks call the services of this machine.
//! See [optimised integrations](https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html) and
//! [SDK integrations](https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html).
//!
//! [`Runner`] is the driver's task runner, and makes the calls of states under test.

mod attribute_values;
mod call_end;
mod dynamodb;
mod endpoint;
mod events;
mod failure;
mod http;
mod http_tasks;
mod lambda;
mod metadata;
mod mocked_call;
mod mocks;
mod parameters;
mod runner;
mod sdk;
mod services;
mod sns;
mod sqs;
mod step_functions;
#[cfg(test)]
mod tests;

pub use endpoint::{Endpoint, Pending};
pub use http_tasks::HttpTasks;
pub use mocks::{Mocks, MocksError};
pub use runner::Runner;
pub use services::Services;

use failure::{Client, TaskFailure};
