//! Step Functions' service integrations: tasks call the services of this machine.
//! See [optimised integrations](https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html) and
//! [SDK integrations](https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html).
//!
//! [`Runner`] is the driver's task runner, and makes the calls of states under test.

mod call_end;
mod dynamodb;
mod failure;
mod lambda;
mod metadata;
mod parameters;
mod runner;
mod sdk;
mod services;
mod sns;
mod step_functions;
#[cfg(test)]
mod tests;

pub use runner::Runner;
pub use services::Services;

use failure::{Client, TaskFailure};
