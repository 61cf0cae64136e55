//! Event source mappings: records of a stream go to a function, in order, until each is done or given up.
//! See [Kinesis and Lambda](https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html).
//!
//! For stacks: [`start_mapping`] begins a [`MappingSpec`]'s mapping, or goes on with it where it was when the process ended,
//! and [`stop_mapping`] ends it. Its stream and its queue must be there before ([`sluice_kinesis::Kinesis::ensure_stream`],
//! [`sluice_sqs::Sqs::ensure_queue`]) and stay until it has ended; its function must be in the Lambda host.
//!
//! What is to be done is decided by [`sluice_streams::ShardProcessor`]; here it is done. A lane is a task of its own, of which there are
//! `ParallelizationFactor` for each shard. It waits for records without polling, and puts on disk that a batch is done
//! only after the function has said so: after a crash the batch comes again.

mod answer;
mod api;
mod error;
mod event;
mod lane;
mod note;
mod registry;
mod show;
mod spec;
#[cfg(test)]
mod tests;

pub(crate) use api::{get_event_source_mapping, list_event_source_mappings};
pub use error::MappingError;
pub use registry::{Mappings, Stop, start_mapping, stop_mapping};
pub(crate) use show::{Mapping, shown};
pub use sluice_streams::StartingPosition;
pub use spec::MappingSpec;
