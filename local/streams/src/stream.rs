//! Streams: shards with records in the order of their arrival.
//! See [Kinesis Data Streams](https://docs.aws.amazon.com/streams/latest/dev/key-concepts.html).

mod manage;
mod put;
mod read;
#[cfg(test)]
mod tests;

pub(crate) use read::resolve;
