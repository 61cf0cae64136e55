//! Event source mappings: what to do next with the records of a shard, and where each mapping goes on after a crash.
//! See [Kinesis as an event source](https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html).

mod backoff;
#[cfg(test)]
mod checkpoint_tests;
mod checkpoints;
mod policy;
mod shard_processor;
#[cfg(test)]
mod shard_processor_properties;
#[cfg(test)]
mod shard_processor_tests;

pub use checkpoints::{MappingStart, ProcessorStart, ShardStart, StartingPosition};
pub use policy::Policy;
pub use shard_processor::{Discard, DiscardReason, FunctionResponse, InvokeResult, ShardProcessor, Step};
