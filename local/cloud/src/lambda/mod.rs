//! Lambda's API, as far as callers and deployment tools need it: Invoke and the reads.
//! See the [reference](https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html).

mod error;
mod event_source_mappings;
mod function_name;
mod functions;
mod get_function;
mod get_function_url_config;
mod invoke;
mod list_functions;
mod remote;
#[cfg(test)]
mod tests;
mod urls;

pub(crate) use error::LambdaError;
pub(crate) use event_source_mappings::{get_event_source_mapping, list_event_source_mappings};
pub(crate) use function_name::FunctionName;
pub(crate) use get_function::{get_function, get_function_configuration};
pub(crate) use get_function_url_config::{get_function_url_config, list_function_url_configs};
pub(crate) use invoke::{Invoked, client_context, invoke, too_large};
pub(crate) use list_functions::list_functions;

pub use functions::{Functions, Lambda};
pub use remote::{RemoteLambda, RemoteLambdaError};
pub use urls::{FunctionUrl, FunctionUrls, UrlAuthType};

/// The most bytes of a body that Invoke reads: Lambda's limit, and one more to tell that it was passed.
pub(crate) const MAX_INVOKE_BODY: usize = sluice_host::MAX_REQUEST_BYTES + 1;
