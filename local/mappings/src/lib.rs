//! Event source mappings: records of a stream go to a function, in order, until each is done or given up.
//! See [Kinesis and Lambda](https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html).
//!
//! For stacks: [`Mappings::start`] begins a [`MappingSpec`]'s mapping, or goes on with it where it was when the process ended,
//! and [`Mappings::stop`] ends it. Its stream and its queue must be there before and stay until it has ended; its function
//! must be in the Lambda host. [`Mappings::router`] answers the reads of Lambda's API.
//!
//! The decisions are those of [`sluice_streams::ShardProcessor`]; here they are carried out. A shard processor is a task of its
//! own, of which there are `ParallelizationFactor` for each shard. It waits for records without polling, and puts on disk
//! that a batch is done only after the function has said so: after a crash the batch comes again.

mod api;
mod batch_response;
mod configuration;
mod discard_record;
mod error;
mod event;
mod get_event_source_mapping;
mod list_event_source_mappings;
mod mapping;
mod policy;
mod service;
mod shard_task;
mod spec;
mod stop_mode;
#[cfg(test)]
mod tests;

pub use error::MappingError;
pub use service::Mappings;
pub use sluice_streams::StartingPosition;
pub use spec::MappingSpec;
pub use stop_mode::StopMode;
