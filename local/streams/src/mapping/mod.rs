//! Event source mappings: what to do next with the records of a shard, and where each mapping goes on after a crash.
//! See [Kinesis as an event source](https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html).

mod backoff;
#[cfg(test)]
mod checkpoint_tests;
mod checkpoints;
mod lane;
#[cfg(test)]
mod lane_properties;
#[cfg(test)]
mod lane_tests;
mod policy;

pub use checkpoints::{LaneStart, MappingStart, ShardStart, StartingPosition};
pub use lane::{Answer, Discard, DiscardReason, Lane, Response, Step};
pub use policy::Policy;
