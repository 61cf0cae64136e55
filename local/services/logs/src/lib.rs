//! CloudWatch Logs' reads over the logs of the host's functions, one file per action.
//! See the [reference](https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Operations.html).
//!
//! A function's group is `/aws/lambda/NAME`, and each of its instances a stream. What is there is what the host keeps in
//! memory: the newest 2,000 invocations of a function, up to 1 MiB; what is older lies in the data directory's files.

mod api;
mod bounded_regex;
mod describe_log_groups;
mod describe_log_streams;
mod error;
mod events;
mod filter_log_events;
mod filter_pattern;
mod get_log_events;
mod json_pattern;
mod service;
#[cfg(test)]
mod tests;

pub use error::LogsError;
pub use service::Logs;
