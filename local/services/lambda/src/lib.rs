//! Lambda's API, as far as callers and deployment tools need it: Invoke and the reads.
//! See the [reference](https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html).
//!
//! [`Lambda::router`] answers the API, one file per action. For tasks, schedules and event source mappings:
//! [`Lambda::invoke`]. Functions run in the Lambda host of this machine, or behind another endpoint ([`RemoteLambda`]).

mod api;
mod error;
mod function_configuration;
mod function_name;
mod get_function;
mod get_function_configuration;
mod get_function_url_config;
mod invoke;
mod invoked;
mod list_function_url_configs;
mod list_functions;
pub mod paging;
mod remote;
mod service;
#[cfg(test)]
mod tests;
mod urls;

pub use error::LambdaError;
pub use function_name::FunctionName;
pub use invoke::client_context;
pub use invoked::Invoked;
pub use remote::{RemoteLambda, RemoteLambdaError};
pub use service::Lambda;
pub use urls::{FunctionUrl, FunctionUrls, UrlAuthType};
