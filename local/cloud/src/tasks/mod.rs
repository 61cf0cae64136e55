//! What the engine's tasks call: the services of this machine, as Step Functions' integrations call them.
//! See [integrations](https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html).

mod dynamodb;
mod failure;
mod lambda;
mod metadata;
mod parameters;
mod runner;
mod sns;
mod states;
#[cfg(test)]
mod tests;

use failure::TaskFailure;
pub use runner::Tasks;
pub(crate) use runner::call_once;
