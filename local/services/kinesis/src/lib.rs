//! Kinesis Data Streams' API, one file per action, and the streams of stacks.
//! See the [reference](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Operations.html).
//!
//! For stacks: [`Kinesis::ensure_stream`] makes a [`StreamSpec`]'s stream or brings it up to date, [`Kinesis::delete_stream`]
//! deletes it with its records. An event source mapping of the stream must be stopped first.

mod api;
mod create_stream;
mod data;
mod decrease_stream_retention_period;
mod delete_stream;
mod describe_stream;
mod describe_stream_summary;
mod description;
mod ensure_stream;
mod error;
mod get_records;
mod get_shard_iterator;
mod increase_stream_retention_period;
mod iterator;
mod list_shards;
mod list_streams;
mod put_record;
mod put_records;
mod service;
mod shard;
mod stream_ref;
#[cfg(test)]
mod tests;

pub use ensure_stream::StreamSpec;
pub use error::KinesisError;
pub use service::Kinesis;
pub use shard::shard_id;
