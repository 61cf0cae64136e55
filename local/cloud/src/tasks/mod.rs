//! What the engine's tasks call: the services of this machine, as Step Functions' integrations call them.
//! See [optimised integrations](https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html) and
//! [SDK integrations](https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html).

mod activities;
mod crowding;
mod dynamodb;
mod failure;
#[cfg(test)]
mod integration_tests;
mod lambda;
mod metadata;
mod parameters;
mod runner;
mod sdk;
mod sns;
mod states;
#[cfg(test)]
mod tests;

pub use activities::Activities;
pub(crate) use activities::NoTask;
pub use crowding::Crowding;
use failure::{Client, TaskFailure};
pub use runner::Tasks;
pub(crate) use runner::call_once;
