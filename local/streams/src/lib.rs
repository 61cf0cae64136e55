//! Durable streams, durable queues, and the checkpoints of event source mappings.
//!
//! All of it lies in one SQLite file. One thread writes: what waits for it at the same time shares one commit with
//! `synchronous=FULL`, and nobody is answered before that commit. Reads run beside it, on connections of their own, and see
//! what was committed. Nothing is opened, and no thread runs, before the first call.
//!
//! - [`Streams`] is the handle. Its calls on streams lie in `stream`, those on queues in `queue`, those on mappings in
//!   `mapping`.
//! - [`ShardProcessor`] is the pure part of an event source mapping: it says what to do next with the records of one shard (or of
//!   one share of its partition keys), and does nothing itself.
//! - [`Observer`] gets the observations of what went in and out, for metrics.
//!
//! Time and randomness are inputs, and no name of AWS's wire is known here: HTTP, ARNs and error names are the caller's.

mod error;
mod hash_key;
mod mapping;
mod observer;
mod queue;
mod records;
mod sequence;
mod store;
mod stream;
mod stream_cache;
mod throughput;

pub use error::StreamsError;
pub use hash_key::{HashKey, HashKeyRange};
pub use mapping::{
    Discard, DiscardReason, FunctionResponse, InvokeResult, MappingStart, Policy, ProcessorStart, ShardProcessor,
    ShardStart, StartingPosition, Step,
};
pub use observer::{Observation, Observer};
pub use queue::{
    Depth, Message, NewMessage, Queue, QueueSettings, Receipt, Received, Redrive, VisibilityChange, VisibilityError,
};
pub use records::{
    CreateStream, NewRecord, PutResult, ReadResult, Record, RecordShare, Shard, Stream, StreamPosition, Tip,
};
pub use sequence::SequenceNumber;
pub use store::{ChangeListener, OpenCheck, Streams};

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type Timestamp = i64;
